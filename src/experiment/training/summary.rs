//! What the runs of a series show together.

use super::file::Series;
use super::record::{Band, Share, Summary, Verdict};
use crate::rng::Stream;
use crate::stats::{Resampling, improvement, interquartile_mean, median, performance_profile};
use crate::train::{Point, Trained};

/// The points of a learning curve of several runs.
const POINTS: u64 = 50;

/// What is resampled where there are 50 intervals to make.
const FEWER: usize = 500;

/// The points of a performance profile.
const SCORES: usize = 40;

/// Scores at regular distances from just below the lowest to the highest of all runs; none where there is one score alone.
pub(super) fn thresholds<'a>(all: impl Iterator<Item = (&'a Series, &'a [Trained])>) -> Vec<f64> {
    let scores = all.flat_map(|(series, runs)| runs.iter().map(|run| series.judged.score(run)));
    let (low, high) = scores
        .filter(|score| score.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), score| (score.min(low), score.max(high)));
    if low >= high {
        return Vec::new();
    }
    (0..=SCORES).map(|k| low + (high - low) * (k as f64 - 0.5) / (SCORES as f64 - 0.5)).collect()
}

/// Summarises a series beside the first one, with its profile at `thresholds`.
pub(super) fn summarise(
    series: &Series,
    runs: &[Trained],
    first: Option<(&Series, &[Trained])>,
    thresholds: &[f64],
) -> Summary {
    let stream = |name: &str| Stream::of(0, name, 0, 0);
    let scores: Vec<f64> = runs.iter().map(|run| series.judged.score(run)).collect();
    let resampling = Resampling::default();
    let score = resampling.estimate(std::slice::from_ref(&scores), &mut stream("scores"), interquartile_mean);
    let verdict = series.least.map(|least| match score {
        _ if score.low >= least => Verdict::Reached,
        _ if score.high < least => Verdict::Missed,
        _ => Verdict::Undecided,
    });
    let steps_to_goal = series.least.map(|_| {
        let steps: Vec<f64> = runs.iter().map(|run| run.solved.map_or(f64::INFINITY, |steps| steps as f64)).collect();
        resampling.estimate(&[steps], &mut stream("steps"), |steps| median(steps[0].clone())).into()
    });
    let fewer = Resampling { replicates: FEWER, ..Resampling::default() };
    let shares = performance_profile(std::slice::from_ref(&scores), thresholds, fewer, &mut stream("profile"));
    let compared = first.filter(|(other, _)| other.plan.settings.task == series.plan.settings.task);
    Summary {
        score: score.into(),
        broken: runs.iter().filter(|run| run.evaluation.is_none()).count(),
        reached: series.least.map(|least| scores.iter().filter(|score| **score >= least).count()),
        verdict,
        steps_to_goal,
        improvement: compared.map(|(other, others)| {
            let theirs = others.iter().map(|run| other.judged.score(run)).collect();
            improvement(&[scores], &[theirs], resampling, &mut stream("improvement")).into()
        }),
        curve: curve(series.plan.settings.steps, runs),
        profile: thresholds
            .iter()
            .zip(shares)
            .map(|(score, share)| Share { score: *score, share: share.into() })
            .collect(),
    }
}

/// The interquartile mean over runs at regular numbers of steps, from where every run has a point on.
fn curve(steps: u64, runs: &[Trained]) -> Vec<Band> {
    let first = runs.iter().map(|run| run.curve.first().map_or(u64::MAX, |point| point.steps)).max();
    let resampling = Resampling { replicates: FEWER, ..Resampling::default() };
    let mut stream = Stream::of(0, "curves", 0, 0);
    let at = |k: u64| (k * steps).div_ceil(POINTS);
    let grid = (1..=POINTS).map(at).filter(|steps| first.is_some_and(|first| *steps >= first));
    grid.map(|steps| {
        let values = runs.iter().map(|run| latest(&run.curve, steps)).collect();
        let mean_return = resampling.estimate(&[values], &mut stream, interquartile_mean).into();
        Band { steps, mean_return }
    })
    .collect()
}

/// The value of a curve at a number of steps: that of its last point until then.
fn latest(curve: &[Point], steps: u64) -> f64 {
    let until = curve.partition_point(|point| point.steps <= steps);
    curve[until.max(1) - 1].mean_return
}
