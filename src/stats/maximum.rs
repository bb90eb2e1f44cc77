//! The largest of many errors.

use crate::numeric::{ln, root};

/// The value that the largest absolute value of `count` independent standard normal variables stays below with probability
/// `probability`; by Šidák (1967) dependent ones stay below it at least as often. 0 for none.
///
/// # Panics
/// Unless the probability lies strictly between 0 and 1.
///
/// ```
/// use unbiased::stats::normal_maximum;
/// assert!((normal_maximum(1, 0.95) - 1.96).abs() < 1e-4);
/// assert!((normal_maximum(1000, 0.5) - 3.39).abs() < 0.01);
/// ```
#[must_use]
pub fn normal_maximum(count: usize, probability: f64) -> f64 {
    assert!(probability > 0.0 && probability < 1.0, "a probability strictly between 0 and 1");
    if count == 0 {
        return 0.0;
    }
    // (1 − P(|z| > x))^count = probability, by logarithms: the tail may be smaller than a double's distance from 1.
    let tail = |x: f64| libm::erfc(x * std::f64::consts::FRAC_1_SQRT_2);
    let excess = |x: f64| count as f64 * libm::log1p(-tail(x)) - ln(probability);
    root(1e-9, 38.0, excess).unwrap_or(38.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_grows_with_the_count_and_bounds_the_sum_of_tails() {
        let at = |count: usize| normal_maximum(count, 1.0 - 1e-6);
        assert!(at(1) < at(10) && at(10) < at(10_000));
        // Bonferroni's bound is a little larger, by almost nothing where probabilities are small.
        let tail = libm::erfc(at(500) * std::f64::consts::FRAC_1_SQRT_2);
        assert!((500.0 * tail / 1e-6 - 1.0).abs() < 1e-3);
        assert_eq!(normal_maximum(0, 0.5), 0.0);
        assert!((normal_maximum(1, 0.5) - 0.674_489_750_196_081_7).abs() < 1e-12);
    }
}
