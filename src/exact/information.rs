//! Fisher information and divergences of whole trajectories.

use super::oracle::Oracle;
use super::policy_table::PolicyTable;
use crate::numeric::{self, Matrix};

/// How far two distributions over the same actions lie apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Divergence {
    /// `KL(p ‖ q) = Σ p log(p/q)` in nats.
    pub forward: f64,
    /// `KL(q ‖ p)` in nats.
    pub reverse: f64,
    /// Half the sum of the absolute differences, the total variation.
    pub total_variation: f64,
    /// `χ²(q ‖ p) = Σ q²/p − 1`: the variance of the ratio `q/p` under `p`.
    pub chi_square: f64,
}

impl Divergence {
    /// Of `q` from `p`, infinite where one is positive and the other, as its logarithm's denominator, is zero.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn of(p: &[f64], q: &[f64]) -> Self {
        assert_eq!(p.len(), q.len(), "distributions over the same outcomes");
        let sum = |f: &dyn Fn(f64, f64) -> f64| {
            let terms = || p.iter().zip(q).map(|(p, q)| f(*p, *q));
            // A compensated sum makes no sense of infinities.
            if terms().any(|x| x == f64::INFINITY) { f64::INFINITY } else { numeric::sum(terms()) }
        };
        // p log(p/q) − p + q is never negative, and adds up to the same number.
        let relative = |p: f64, q: f64| {
            let x = (q - p) / p;
            if p <= 0.0 {
                q
            } else if x.abs() < 1e-3 {
                // x − log(1+x) by its series, whose next term is below 1e-18 of the first.
                p * (x * x * (0.5 - x * (1.0 / 3.0 - x * (0.25 - x * (0.2 - x * (1.0 / 6.0 - x / 7.0))))))
            } else if q > 0.0 {
                p * (numeric::ln(p) - numeric::ln(q)) + (q - p)
            } else {
                f64::INFINITY
            }
        };
        let square = |p: f64, q: f64| {
            let gap = q - p;
            if gap == 0.0 { 0.0 } else { gap * gap / p }
        };
        Self {
            forward: sum(&relative),
            reverse: sum(&|p, q| relative(q, p)),
            total_variation: 0.5 * sum(&|p, q| (p - q).abs()),
            chi_square: sum(&square),
        }
    }
}

/// `Σ_t Σ_s d_t(s) Σ_a ∇π ∇πᵀ / π`, given the occupancy `d`, the probabilities by which actions are drawn, and the
/// derivatives of a policy.
pub(super) fn fisher(oracle: &Oracle) -> Matrix {
    let (model, policy) = (oracle.model(), oracle.policy_table());
    let (d, states) = (policy.parameters(), model.states());
    let occupancy = oracle.occupancy();
    let mut fisher = Matrix::zeros(d, d);
    for t in 0..model.horizon {
        for s in (0..states).filter(|s| occupancy[t * states + s] > 0.0) {
            let observation = model.observation[s];
            let support = policy.support(t, observation);
            for (a, p) in policy.probabilities(t, observation).iter().enumerate().filter(|(_, p)| **p > 0.0) {
                let derivatives = policy.derivatives(t, observation, a);
                let weight = occupancy[t * states + s] / p;
                for (&i, x) in support.iter().zip(derivatives) {
                    for (&j, y) in support.iter().zip(derivatives) {
                        fisher[(i as usize, j as usize)] += weight * (x * y);
                    }
                }
            }
        }
    }
    fisher
}

/// Divergences of the policies at each time and state, `[T][S]`.
pub(super) fn divergences(oracle: &Oracle, other: &PolicyTable) -> Vec<Divergence> {
    let model = oracle.model();
    let at = |t: usize, s: usize| {
        let o = model.observation[s];
        Divergence::of(oracle.policy_table().probabilities(t, o), other.probabilities(t, o))
    };
    (0..model.horizon).flat_map(|t| (0..model.states()).map(move |s| (t, s))).map(|(t, s)| at(t, s)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergences_of_two_coins() {
        let coins = Divergence::of(&[0.9, 0.1], &[0.5, 0.5]);
        let expected = 0.9 * numeric::ln(1.8) + 0.1 * numeric::ln(0.2);
        assert!((coins.forward - expected).abs() < 1e-15);
        assert!((coins.total_variation - 0.4).abs() < 1e-15);
        assert!((coins.chi_square - (0.25 / 0.9 + 0.25 / 0.1 - 1.0)).abs() < 1e-15);
        assert_eq!(Divergence::of(&[0.3, 0.7], &[0.3, 0.7]), Divergence::default());
        let missing = Divergence::of(&[0.5, 0.5], &[1.0, 0.0]);
        assert_eq!(missing.forward, f64::INFINITY);
        assert!((missing.reverse - numeric::ln(2.0)).abs() < 1e-15 && missing.chi_square == 1.0);
        assert_eq!(Divergence::of(&[1.0, 0.0], &[0.5, 0.5]).chi_square, f64::INFINITY);
        // Where the two nearly agree no digit is lost, and where one all but vanishes nothing overflows.
        for e in [1e-9, 1e-6, 1e-4, 9e-4] {
            let near = Divergence::of(&[0.3, 0.7], &[0.3 + e, 0.7 - e]).forward;
            let cubic = e * e * e / 3.0 * (1.0 / 0.49 - 1.0 / 0.09);
            let expected = e * e / (2.0 * 0.21) + cubic;
            assert!((near / expected - 1.0).abs() < 20.0 * e * e + 1e-6, "{e}: {near} and {expected}");
        }
        let rare = Divergence::of(&[0.5, 0.5], &[1e-310, 1.0]).forward;
        assert!((rare - (0.5 * (numeric::ln(0.5) - numeric::ln(1e-310)) + 0.5 * numeric::ln(0.5))).abs() < 1e-12);
    }
}
