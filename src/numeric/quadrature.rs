//! Integrals against smooth densities.

use super::{Sum, cos, exp};

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

/// Nodes, ascending, and weights for `∫ f ≈ Σ_i weight_i f(node_i)` from −1 to 1: exact for polynomials up to degree
/// `2n − 1` (Gauss and Legendre).
///
/// # Panics
/// If `n` is zero or more than 64, where the iteration that finds the nodes is not tested.
#[must_use]
pub fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    assert!((1..=64).contains(&n), "between 1 and 64 nodes");
    // (k+1) P_{k+1} = (2k+1) x P_k − k P_{k−1}, and (1 − x²) P_n' = n (P_{n−1} − x P_n).
    let value_and_slope = |x: f64| {
        let (mut below, mut here) = (0.0, 1.0);
        for k in 0..n {
            let k = k as f64;
            (below, here) = (here, ((2.0 * k + 1.0) * x * here - k * below) / (k + 1.0));
        }
        (here, n as f64 * (below - x * here) / (1.0 - x * x))
    };
    let mut rule = vec![(0.0, 0.0); n];
    for i in 0..n.div_ceil(2) {
        let middle = 2 * i + 1 == n;
        // Within 1/n² of the i-th largest zero; Newton's steps converge from there.
        let mut x = cos(std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5));
        for _ in 0..8 {
            let (value, slope) = value_and_slope(x);
            x -= value / slope;
        }
        let x = if middle { 0.0 } else { x };
        let slope = value_and_slope(x).1;
        let weight = 2.0 / ((1.0 - x * x) * slope * slope);
        rule[i] = (-x, weight);
        rule[n - 1 - i] = (x, weight);
    }
    rule
}

/// `∫ f` from `a` to `b`: a `rule` for −1 to 1 on each of `panels` pieces of one length.
///
/// # Panics
/// If there is no panel.
pub fn composite(rule: &[(f64, f64)], a: f64, b: f64, panels: usize, mut f: impl FnMut(f64) -> f64) -> f64 {
    assert!(panels > 0, "an integral needs at least one panel");
    let half = 0.5 * (b - a) / panels as f64;
    let mut sum = Sum::new();
    for i in 0..panels {
        let middle = a + half * (2 * i + 1) as f64;
        for &(x, weight) in rule {
            sum.add(weight * f(middle + half * x));
        }
    }
    half * sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly_by_nodes_in_order() {
        for n in [1, 2, 3, 8, 16, 33, 64] {
            let rule = gauss_legendre(n);
            assert!(rule.windows(2).all(|pair| pair[0].0 < pair[1].0), "{n} nodes ascend");
            assert!(rule[0].0 > -1.0 && rule[n - 1].0 < 1.0, "{n} nodes lie inside");
            for k in 0..2 * n {
                let exact = if k % 2 == 0 { 2.0 / (k as f64 + 1.0) } else { 0.0 };
                let got = composite(&rule, -1.0, 1.0, 1, |x| crate::numeric::power(x, k));
                assert!((got - exact).abs() < 1e-14, "{n} nodes, power {k}: {got}");
            }
            // One degree more is not exact; the error is known: 2^{2n+1} (n!)⁴ / ((2n+1) ((2n)!)²).
            if n <= 8 {
                let factorial = |m: usize| (1..=m).map(|i| i as f64).product::<f64>();
                let (top, bottom) =
                    (crate::numeric::power(factorial(n), 4), crate::numeric::power(factorial(2 * n), 2));
                let error = crate::numeric::power(2.0, 2 * n + 1) * top / ((2.0 * n as f64 + 1.0) * bottom);
                let got = composite(&rule, -1.0, 1.0, 1, |x| crate::numeric::power(x, 2 * n));
                assert!((2.0 / (2.0 * n as f64 + 1.0) - got - error).abs() < 1e-14, "{n} nodes, power {}", 2 * n);
            }
        }
    }

    #[test]
    fn panels_follow_a_density_and_a_wave() {
        let rule = gauss_legendre(16);
        assert!((composite(&rule, -9.0, 15.0, 24, |x| normal_density(x, 3.0, 0.9)) - 1.0).abs() < 1e-14);
        let wave = composite(&rule, 0.0, 10.0, 40, |x| cos(7.0 * x));
        assert!((wave - crate::numeric::sin(70.0) / 7.0).abs() < 1e-14);
    }

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
