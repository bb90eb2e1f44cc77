//! Statistics of seeded runs on several tasks, with intervals (Agarwal, Schwarzer, Castro, Courville & Bellemare 2021, "Deep
//! reinforcement learning at the edge of the statistical precipice").
//!
//! Scores are `scores[task][run]`, and a higher score is better. Intervals are percentiles of a stratified bootstrap: the runs of
//! each task are drawn again with replacement among themselves, so that every resample has as many runs of each task. With a
//! single run of each task the intervals are points: they say nothing.

use super::bootstrap::{Estimate, bootstrap, median};
use crate::numeric::sum;
use crate::rng::Stream;

/// How an interval is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampling {
    /// How many times the runs are drawn again.
    pub replicates: usize,
    /// The confidence of the interval, between 0 and 1.
    pub confidence: f64,
}

impl Default for Resampling {
    /// 2000 replicates, 95 %.
    fn default() -> Self {
        Self { replicates: 2000, confidence: 0.95 }
    }
}

impl Resampling {
    /// A statistic of the scores with its interval.
    ///
    /// # Panics
    /// If there is no task, or a task without a run.
    pub fn estimate(
        self,
        scores: &[Vec<f64>],
        stream: &mut Stream,
        statistic: impl Fn(&[Vec<f64>]) -> f64,
    ) -> Estimate {
        let groups = sizes(scores);
        let of = |members: &[Vec<usize>]| {
            let drawn = |(runs, members): (&Vec<f64>, &Vec<usize>)| members.iter().map(|i| runs[*i]).collect();
            statistic(&scores.iter().zip(members).map(drawn).collect::<Vec<Vec<f64>>>())
        };
        bootstrap(&groups, self.replicates, self.confidence, stream, of)
    }
}

/// The number of runs of each task, each at least 1.
fn sizes(scores: &[Vec<f64>]) -> Vec<usize> {
    assert!(!scores.is_empty() && scores.iter().all(|runs| !runs.is_empty()), "at least one task, with a run each");
    scores.iter().map(Vec::len).collect()
}

fn mean(numbers: &[f64]) -> f64 {
    sum(numbers.iter().copied()) / numbers.len() as f64
}

/// The mean over tasks of a statistic of each one's runs.
fn mean_over_tasks(scores: &[Vec<f64>], statistic: impl Fn(&[f64]) -> f64) -> f64 {
    mean(&scores.iter().map(|runs| statistic(runs)).collect::<Vec<f64>>())
}

/// The interquartile mean: the mean of the runs of all tasks together without the lowest and the highest quarter, `⌊n/4⌋`
/// each.
///
/// # Panics
/// If there is no run.
///
/// ```
/// use unbiased::stats::interquartile_mean;
/// assert_eq!(interquartile_mean(&[vec![0.0, 1.0], vec![2.0, 100.0]]), 1.5);
/// ```
#[must_use]
pub fn interquartile_mean(scores: &[Vec<f64>]) -> f64 {
    let mut all: Vec<f64> = scores.iter().flatten().copied().collect();
    assert!(!all.is_empty(), "at least one run");
    all.sort_unstable_by(f64::total_cmp);
    let cut = all.len() / 4;
    mean(&all[cut..all.len() - cut])
}

/// The optimality gap: by how much the runs fall short of `target` on average, where what is above it counts as the target. 0 is
/// best.
///
/// # Panics
/// If there is no task, or a task without a run.
#[must_use]
pub fn optimality_gap(scores: &[Vec<f64>], target: f64) -> f64 {
    sizes(scores);
    mean_over_tasks(scores, |runs| mean(&runs.iter().map(|x| target - x.min(target)).collect::<Vec<f64>>()))
}

/// The share of runs whose score is above `threshold`, on average over tasks.
///
/// # Panics
/// If there is no task, or a task without a run.
#[must_use]
pub fn share_above(scores: &[Vec<f64>], threshold: f64) -> f64 {
    sizes(scores);
    mean_over_tasks(scores, |runs| runs.iter().filter(|x| **x > threshold).count() as f64 / runs.len() as f64)
}

/// The performance profile: [`share_above`] at each threshold, with intervals. All thresholds see the same resamples, so that the
/// ends of the intervals fall with the threshold as the share does.
///
/// # Panics
/// If there is no task, or a task without a run.
pub fn performance_profile(
    scores: &[Vec<f64>],
    thresholds: &[f64],
    resampling: Resampling,
    stream: &mut Stream,
) -> Vec<Estimate> {
    let start = stream.clone();
    let at = |threshold: &f64| {
        *stream = start.clone();
        resampling.estimate(scores, stream, |scores| share_above(scores, *threshold))
    };
    thresholds.iter().map(at).collect()
}

/// The probability of improvement, `P(X > Y) + P(X = Y)/2` for a run `X` of ours and a run `Y` of theirs on one task, on average over
/// tasks: Mann and Whitney's statistic over the number of pairs.
///
/// # Panics
/// If there is no task, a task without a run, or another number of tasks.
#[must_use]
pub fn probability_of_improvement(ours: &[Vec<f64>], theirs: &[Vec<f64>]) -> f64 {
    assert_eq!(ours.len(), theirs.len(), "the same tasks for both");
    sizes(theirs);
    sizes(ours);
    let of_task = |(x, y): (&Vec<f64>, &Vec<f64>)| {
        let wins =
            |a: f64| y.iter().map(|b| if a > *b { 1.0 } else { 0.5 * f64::from(u8::from(a == *b)) }).sum::<f64>();
        x.iter().map(|a| wins(*a)).sum::<f64>() / (x.len() * y.len()) as f64
    };
    mean(&ours.iter().zip(theirs).map(of_task).collect::<Vec<f64>>())
}

/// [`probability_of_improvement`] with its interval: the runs of both are drawn again, task by task.
///
/// # Panics
/// If there is no task, a task without a run, or another number of tasks.
pub fn improvement(ours: &[Vec<f64>], theirs: &[Vec<f64>], resampling: Resampling, stream: &mut Stream) -> Estimate {
    let tasks = ours.len();
    let both: Vec<Vec<f64>> = ours.iter().chain(theirs).cloned().collect();
    resampling.estimate(&both, stream, |both| probability_of_improvement(&both[..tasks], &both[tasks..]))
}

/// The first step at which a learning curve, of pairs of step and score in order of steps, is at or above `threshold`; infinite if it
/// never is.
#[must_use]
pub fn first_step_at(curve: &[(f64, f64)], threshold: f64) -> f64 {
    curve.iter().find(|(_, score)| *score >= threshold).map_or(f64::INFINITY, |(step, _)| *step)
}

/// Sample efficiency: the median over runs of the first step at which each learning curve is at or above `threshold`, with its
/// interval; infinite where half of the runs never are.
///
/// # Panics
/// If there is no curve.
pub fn sample_efficiency(
    curves: &[Vec<(f64, f64)>],
    threshold: f64,
    resampling: Resampling,
    stream: &mut Stream,
) -> Estimate {
    let steps: Vec<f64> = curves.iter().map(|curve| first_step_at(curve, threshold)).collect();
    resampling.estimate(&[steps], stream, |steps| median(steps[0].clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three tasks, five runs.
    fn ours() -> Vec<Vec<f64>> {
        vec![vec![0.1, 0.4, 0.35, 0.8, 0.6], vec![0.9, 0.9, 0.2, 0.5, 1.3], vec![2.0, 1.1, 0.7, 0.7, 0.1]]
    }

    /// Three tasks, four runs, with ties.
    fn theirs() -> Vec<Vec<f64>> {
        vec![vec![0.3, 0.4, 0.2, 0.7], vec![0.9, 0.1, 0.2, 0.6], vec![1.0, 0.5, 0.7, 0.6]]
    }

    fn resampling() -> Resampling {
        Resampling { replicates: 20_000, confidence: 0.95 }
    }

    fn near(x: f64, y: f64) -> bool {
        (x - y).abs() < 1e-14
    }

    // The numbers of this test are those of rliable 1.2.0 (with scipy 1.17.1) for the same scores.
    #[test]
    fn statistics_are_those_of_rliable() {
        assert!(
            near(interquartile_mean(&ours()), 0.65) && near(interquartile_mean(&theirs()), 0.516_666_666_666_666_6)
        );
        assert!(near(optimality_gap(&ours(), 1.0), 0.383_333_333_333_333_3));
        assert!(near(optimality_gap(&ours(), 0.5), 0.09));
        assert!(near(probability_of_improvement(&ours(), &theirs()), 0.65));
        assert!(near(probability_of_improvement(&theirs(), &ours()), 0.35));
        for (threshold, share) in [(0.0, 15.0), (0.1, 13.0), (0.35, 11.0), (0.7, 6.0), (1.0, 3.0), (2.0, 0.0)] {
            assert!(near(share_above(&ours(), threshold), share / 15.0), "{threshold}");
        }
    }

    // The ends are rliable's with 20,000 to 50,000 replicates; the statistics take few values, and the tolerance is a step or the
    // error of the quantile.
    #[test]
    fn intervals_are_those_of_rliable() {
        let mut stream = Stream::of(0, "rliable", 0, 0);
        let close = |estimate: Estimate, low: f64, high: f64| {
            assert!((estimate.low - low).abs() < 0.012 && (estimate.high - high).abs() < 0.012, "{estimate:?}");
            assert!(estimate.low <= estimate.value && estimate.value <= estimate.high);
        };
        close(resampling().estimate(&ours(), &mut stream, interquartile_mean), 0.4278, 0.8667);
        close(resampling().estimate(&ours(), &mut stream, |scores| optimality_gap(scores, 1.0)), 0.2433, 0.5367);
        close(improvement(&ours(), &theirs(), resampling(), &mut stream), 0.4333, 0.85);
    }

    // Counts above a threshold are sums of binomials: P(S ≤ 7) = 0.023 and P(S ≤ 8) = 0.072 for the first, and so on. rliable has
    // the same ends.
    #[test]
    fn the_ends_of_profiles_are_quantiles_of_sums_of_binomials() {
        let mut stream = Stream::of(0, "binomials", 0, 0);
        let ninety = Resampling { replicates: 20_000, confidence: 0.9 };
        let profile = performance_profile(&ours(), &[0.35, 0.7, 1.0], ninety, &mut stream);
        for (estimate, (low, high)) in profile.into_iter().zip([(8.0, 14.0), (3.0, 9.0), (1.0, 5.0)]) {
            assert!(near(15.0 * estimate.low, low) && near(15.0 * estimate.high, high), "{estimate:?}");
        }
        let above = |stream: &mut Stream| performance_profile(&ours(), &[0.35], resampling(), stream)[0].low;
        let eighths = (0..10).filter(|_| near(15.0 * above(&mut stream), 8.0)).count();
        // A resampled share of 0.023 passes 0.025 by 2.3 standard errors, with a probability of 0.01.
        assert!(eighths >= 8, "{eighths} of 10");
    }

    #[test]
    fn profiles_fall_with_the_threshold_at_both_ends() {
        let mut stream = Stream::of(0, "profiles", 0, 0);
        let thresholds: Vec<f64> = (0..25).map(|i| 0.1 * f64::from(i)).collect();
        let profile =
            performance_profile(&ours(), &thresholds, Resampling { replicates: 300, confidence: 0.9 }, &mut stream);
        for pair in profile.windows(2) {
            assert!(pair[0].low >= pair[1].low && pair[0].value >= pair[1].value && pair[0].high >= pair[1].high);
        }
    }

    #[test]
    fn ties_count_half_and_equal_algorithms_do_not_improve() {
        assert_eq!(probability_of_improvement(&[vec![1.0, 1.0]], &[vec![1.0, 1.0, 1.0]]), 0.5);
        assert_eq!(probability_of_improvement(&[vec![1.0, 2.0]], &[vec![1.0, 0.0]]), 0.875);
        assert_eq!(probability_of_improvement(&ours(), &ours()), 0.5);
        assert_eq!(probability_of_improvement(&[vec![2.0], vec![0.0]], &[vec![1.0; 3], vec![1.0; 2]]), 0.5);
    }

    #[test]
    fn single_runs_have_points_for_intervals() {
        let mut stream = Stream::of(0, "single", 0, 0);
        let scores = [vec![0.2], vec![0.4], vec![0.9], vec![1.5]];
        let estimate = Resampling::default().estimate(&scores, &mut stream, interquartile_mean);
        // Four runs: the lowest and the highest are cut.
        assert_eq!(estimate, Estimate { value: 0.65, low: 0.65, high: 0.65 });
        assert_eq!(interquartile_mean(&[vec![3.0]]), 3.0);
        assert_eq!(interquartile_mean(&[vec![3.0, 5.0, 100.0]]), 36.0);
    }

    #[test]
    fn tasks_weigh_alike_however_many_runs_they_have() {
        let scores = [vec![0.0; 9], vec![1.0]];
        assert_eq!((share_above(&scores, 0.5), optimality_gap(&scores, 1.0)), (0.5, 0.5));
    }

    #[test]
    fn efficiency_is_the_first_step_that_is_good_enough_and_infinite_without_one() {
        let curve = |scores: &[f64]| scores.iter().enumerate().map(|(i, x)| (100.0 * i as f64, *x)).collect();
        let curves: [Vec<(f64, f64)>; 3] = [curve(&[0.0, 0.5, 0.4, 0.9]), curve(&[0.0, 0.1, 0.2]), curve(&[0.6])];
        assert_eq!([0, 1, 2].map(|i| first_step_at(&curves[i], 0.5)), [100.0, f64::INFINITY, 0.0]);
        let mut stream = Stream::of(0, "efficiency", 0, 0);
        let estimate = sample_efficiency(&curves, 0.5, Resampling::default(), &mut stream);
        assert_eq!(estimate, Estimate { value: 100.0, low: 0.0, high: f64::INFINITY });
        assert_eq!(sample_efficiency(&curves, 2.0, Resampling::default(), &mut stream).value, f64::INFINITY);
    }
}
