//! The estimators k1, k2, k3 (Schulman 2020), with their derivatives in `log π`.

use crate::numeric::exp;

/// A value and its derivative in each `log π`.
pub(super) type Answer = (f64, Vec<f64>);

/// `k1 = log π − log π_ref`.
pub(super) fn k1(log_p: f64, log_q: f64) -> (f64, f64) {
    (log_p - log_q, 1.0)
}

/// `k2 = (log π − log π_ref)² / 2`.
pub(super) fn k2(log_p: f64, log_q: f64) -> (f64, f64) {
    let d = log_p - log_q;
    (0.5 * d * d, d)
}

/// `k3 = π_ref/π − 1 − log(π_ref/π)`.
pub(super) fn k3(log_p: f64, log_q: f64) -> (f64, f64) {
    let d = log_q - log_p;
    (exp(d) - 1.0 - d, 1.0 - exp(d))
}

/// The value of k3, and as its slope that of k2.
pub(super) fn k3_with_slope_of_k2(log_p: f64, log_q: f64) -> (f64, f64) {
    (k3(log_p, log_q).0, k2(log_p, log_q).1)
}

/// `Σ_t (π/μ)_t k3_t` with each ratio differentiated: `d/d log π (w k3) = w k3 + w k3'`.
pub(super) fn k3_times_ratio(log_p: &[f64], log_q: &[f64], log_mu: &[f64]) -> Answer {
    let term = |t: usize| {
        let (value, slope) = k3(log_p[t], log_q[t]);
        let ratio = exp(log_p[t] - log_mu[t]);
        (ratio * value, ratio * (value + slope))
    };
    gather((0..log_p.len()).map(term))
}

/// The sum over steps of an estimator of one action.
pub(super) fn each(log_p: &[f64], log_q: &[f64], estimator: impl Fn(f64, f64) -> (f64, f64)) -> Answer {
    gather(log_p.iter().zip(log_q).map(|(p, q)| estimator(*p, *q)))
}

fn gather(terms: impl Iterator<Item = (f64, f64)>) -> Answer {
    let (values, slopes): (Vec<f64>, Vec<f64>) = terms.unzip();
    (values.iter().sum(), slopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_the_derivatives_of_values() {
        let h = 1e-6;
        for estimator in [k1, k2, k3] {
            let at = |p: f64| estimator(p, -1.3).0;
            assert!(((at(-0.4 + h) - at(-0.4 - h)) / (2.0 * h) - estimator(-0.4, -1.3).1).abs() < 1e-8);
        }
        let at = |p: f64| k3_times_ratio(&[-1.0, p], &[-0.5, -1.3], &[-0.2, -0.6]).0;
        let slope = k3_times_ratio(&[-1.0, -0.4], &[-0.5, -1.3], &[-0.2, -0.6]).1[1];
        assert!(((at(-0.4 + h) - at(-0.4 - h)) / (2.0 * h) - slope).abs() < 1e-8);
    }
}
