//! Intervals for a probability.

use crate::numeric::{exp, ln};

/// The two-sided interval of Clopper and Pearson (1934) for a probability, after `successes` in `trials`: it misses the
/// probability with a chance of at most `1 − confidence`.
///
/// # Panics
/// If there are no trials, or more successes than trials.
#[must_use]
pub fn clopper_pearson(successes: u64, trials: u64, confidence: f64) -> (f64, f64) {
    assert!(trials > 0 && successes <= trials, "successes are among the trials");
    let tail = 0.5 * (1.0 - confidence);
    // P(X ≤ k) falls in p. P(X ≥ k) is the chance of at most n − k failures, whose probability is 1 − p.
    let at_least = |p: f64| at_most(trials - successes, trials, libm::log1p(-p), ln(p));
    let low = if successes == 0 { 0.0 } else { bisect(|p| at_least(p) < tail) };
    let below = |p: f64| at_most(successes, trials, ln(p), libm::log1p(-p));
    let high = if successes == trials { 1.0 } else { bisect(|p| below(p) > tail) };
    (low, high)
}

/// The point of [0, 1] up to which `left` is true.
fn bisect(left: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..1100 {
        let middle = 0.5 * (low + high);
        if middle == low || middle == high {
            break;
        }
        if left(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// `P(X ≤ k)` for a binomial of `n` trials, from the logarithms of the probabilities of success and failure.
fn at_most(k: u64, n: u64, ln_success: f64, ln_failure: f64) -> f64 {
    let total = n as f64;
    let mut term = total * ln_failure;
    let mut sum = exp(term);
    for i in 1..=k {
        term += ln((total - i as f64 + 1.0) / i as f64) + ln_success - ln_failure;
        sum += exp(term);
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_leave_the_tails() {
        // From the closed forms 1 − (α/2)^(1/n) for no success, and its mirror.
        let (low, high) = clopper_pearson(0, 10, 0.95);
        assert_eq!(low, 0.0);
        assert!((high - (1.0 - exp(ln(0.025) / 10.0))).abs() < 1e-12);
        let (low, high) = clopper_pearson(10, 10, 0.95);
        assert!((low - exp(ln(0.025) / 10.0)).abs() < 1e-12 && high == 1.0);
        // 3 of 20 at 95 %, from the tables of Clopper and Pearson: 3.2 % to 37.9 %.
        let (low, high) = clopper_pearson(3, 20, 0.95);
        assert!((low - 0.032).abs() < 5e-4 && (high - 0.379).abs() < 5e-4, "{low} {high}");
        // One of many at an extreme confidence: P(X ≥ 1) = 1 − (1 − p)^n is the tail.
        let (low, _) = clopper_pearson(1, 100_000, 1.0 - 1e-9);
        assert!((low / (5e-10 / 1e5) - 1.0).abs() < 1e-6, "{low}");
        // Mirrors.
        let ((a, b), (c, d)) = (clopper_pearson(7, 50, 0.999), clopper_pearson(43, 50, 0.999));
        assert!((a + d - 1.0).abs() < 1e-12 && (b + c - 1.0).abs() < 1e-12);
    }
}
