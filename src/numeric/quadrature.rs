//! Integrals against smooth densities.

use super::{Sum, exp};

/// Nodes and weights for expectations under the standard normal, `E f(z) ≈ Σ_i weight_i f(node_i)`: exact for
/// polynomials up to degree `2n − 1` (Gauss and Hermite; probabilists' polynomials).
///
/// # Panics
/// If `n` is zero or more than 64, where the iteration that finds the nodes is not tested.
#[must_use]
pub fn gauss_hermite(n: usize) -> Vec<(f64, f64)> {
    assert!((1..=64).contains(&n), "between 1 and 64 nodes");
    // Orthonormal polynomials: √(k+1) h_{k+1} = x h_k − √k h_{k−1}; the sum Σ_k h_k² is 1/weight at a node.
    let values = |x: f64| {
        let (mut below, mut here, mut squares) = (0.0, 1.0, 0.0);
        for k in 0..n {
            squares += here * here;
            (below, here) = (here, (x * here - (k as f64).sqrt() * below) / (k as f64 + 1.0).sqrt());
        }
        (here, (n as f64).sqrt() * below, squares)
    };
    // The nodes interlace with a fine grid on which the polynomial changes sign.
    let edge = 2.0 * (n as f64).sqrt() + 1.0;
    let cells = 4000;
    let at = |i: usize| edge * (2.0 * i as f64 / f64::from(cells) - 1.0) + 1e-9;
    let mut nodes = Vec::with_capacity(n);
    for i in 0..cells as usize {
        let (mut low, mut high) = (at(i), at(i + 1));
        if (values(low).0 > 0.0) == (values(high).0 > 0.0) {
            continue;
        }
        let rising = values(high).0 > 0.0;
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if (values(middle).0 > 0.0) == rising { high = middle } else { low = middle }
        }
        let mut x = 0.5 * (low + high);
        let (value, slope, _) = values(x);
        x -= value / slope;
        nodes.push((x, 1.0 / values(x).2));
    }
    assert_eq!(nodes.len(), n, "every node is found");
    nodes
}

/// The expectation of `f(z)` for a standard normal `z`, by `n` nodes.
pub fn normal_expectation(n: usize, mut f: impl FnMut(f64) -> f64) -> f64 {
    let mut sum = Sum::new();
    for (x, weight) in gauss_hermite(n) {
        sum.add(weight * f(x));
    }
    sum.value()
}

/// The density of the normal distribution.
#[must_use]
pub fn normal_density(x: f64, mean: f64, deviation: f64) -> f64 {
    let z = (x - mean) / deviation;
    exp(-0.5 * z * z) / (deviation * (2.0 * std::f64::consts::PI).sqrt())
}

/// `∫ f` from `a` to `b` by the trapezoidal rule in `n` steps, which converges faster than any power for smooth `f`
/// that vanish at both ends.
pub fn trapezoid(a: f64, b: f64, n: usize, mut f: impl FnMut(f64) -> f64) -> f64 {
    let h = (b - a) / n as f64;
    let mut sum = Sum::new();
    for i in 0..=n {
        let weight = if i == 0 || i == n { 0.5 } else { 1.0 };
        sum.add(weight * f(a + h * i as f64));
    }
    h * sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_normal_are_exact() {
        for n in [1, 2, 7, 24, 40] {
            let mut double_factorial = 1.0;
            for k in 0..n.min(12) {
                let moment = normal_expectation(n, |x| crate::numeric::power(x, 2 * k));
                assert!((moment / double_factorial - 1.0).abs() < 1e-12, "{n} nodes, power {}: {moment}", 2 * k);
                assert!(
                    normal_expectation(n, |x| crate::numeric::power(x, 2 * k + 1)).abs() < 1e-12 * double_factorial
                );
                double_factorial *= 2.0 * k as f64 + 1.0;
            }
        }
    }

    #[test]
    fn densities_integrate_to_one() {
        assert!((trapezoid(-20.0, 20.0, 400, |x| normal_density(x, 0.3, 0.7)) - 1.0).abs() < 1e-13);
    }
}
