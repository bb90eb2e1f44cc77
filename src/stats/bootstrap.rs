//! Intervals for statistics of runs.

use crate::rng::Stream;

/// A number from seeded runs, with an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The percentile bootstrap (Efron & Tibshirani 1993, §13.3): `statistic` of the sample, with the interval of the given
/// confidence between quantiles of its value on resamples. `statistic` gets, for each of `groups`, the indices of the
/// sample's members: first all in order, then drawn with replacement.
///
/// # Panics
/// If there are no replicates, or the confidence is not between 0 and 1.
pub fn bootstrap(
    groups: &[usize],
    replicates: usize,
    confidence: f64,
    stream: &mut Stream,
    statistic: impl Fn(&[Vec<usize>]) -> f64,
) -> Estimate {
    assert!(replicates > 0 && confidence > 0.0 && confidence < 1.0, "replicates, and a confidence between 0 and 1");
    let whole: Vec<Vec<usize>> = groups.iter().map(|n| (0..*n).collect()).collect();
    let mut resampled = whole.clone();
    let mut values: Vec<f64> = (0..replicates)
        .map(|_| {
            for members in &mut resampled {
                let n = members.len();
                for member in members {
                    *member = ((stream.uniform() * n as f64) as usize).min(n - 1);
                }
            }
            statistic(&resampled)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let quantile = |q: f64| values[((q * replicates as f64) as usize).min(replicates - 1)];
    let tail = 0.5 * (1.0 - confidence);
    // As many values lie above the interval as below it.
    let high = values[replicates - 1 - ((tail * replicates as f64) as usize).min(replicates - 1)];
    Estimate { value: statistic(&whole), low: quantile(tail), high }
}

/// The median of numbers that may be infinite; of an even number of them, the mean of the two in the middle.
///
/// # Panics
/// If there are none.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    let half = numbers.len() / 2;
    let even = numbers.len().is_multiple_of(2);
    let (below, middle, _) = numbers.select_nth_unstable_by(half, f64::total_cmp);
    let middle = *middle;
    if even { 0.5 * (below.iter().copied().fold(f64::NEG_INFINITY, f64::max) + middle) } else { middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_stand_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(vec![1.0, f64::INFINITY, 2.0]), 2.0);
        assert_eq!(median(vec![f64::INFINITY; 2]), f64::INFINITY);
    }

    #[test]
    fn the_interval_of_a_mean_is_that_of_normal_theory_and_misses_as_often_as_it_says() {
        let mut stream = Stream::of(0, "bootstrap", 0, 0);
        let mut missed = 0;
        for _ in 0..200 {
            let sample: Vec<f64> = (0..100).map(|_| stream.normal()).collect();
            let mean = |groups: &[Vec<usize>]| groups[0].iter().map(|i| sample[*i]).sum::<f64>() / 100.0;
            let estimate = bootstrap(&[100], 400, 0.95, &mut stream, mean);
            assert!((0.2..0.6).contains(&(estimate.high - estimate.low)), "{estimate:?}");
            missed += usize::from(!(estimate.low..=estimate.high).contains(&0.0));
        }
        // 10 on average; 24 or more has a probability of 5e-5.
        assert!((1..24).contains(&missed), "{missed} of 200");
    }
}
