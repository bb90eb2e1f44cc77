//! Learning curves and performance profiles as SVG.

use crate::experiment::training::{Interval, SeriesRun, TrainingRecord};
use crate::report::comparison::{Curve, Point, curves_over};

/// About how many points of a curve have a marker and a bar.
const MARKED: usize = 12;

/// With fewer runs of a series than this a profile has too few stairs to be looked at.
const FEWEST: usize = 5;

/// A figure of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingFigure {
    /// What the name of its file has after that of the record: nothing, or `-profile`.
    pub suffix: &'static str,
    /// What it shows, in sentences.
    pub caption: &'static str,
    /// The figure.
    pub svg: String,
}

/// The figures of a record, the learning curves first; none if nothing was played.
#[must_use]
pub fn figures(record: &TrainingRecord) -> Vec<TrainingFigure> {
    let learning = learning_curves(record).map(|svg| TrainingFigure {
        suffix: "",
        caption: "Learning curves: the interquartile mean over runs of the mean return of the last 100 episodes, with \
                  intervals at 95 %.",
        svg,
    });
    let profile = profiles(record).map(|svg| TrainingFigure {
        suffix: "-profile",
        caption: "Performance profiles: the share of runs whose score is above each number, with intervals at 95 %.",
        svg,
    });
    learning.into_iter().chain(profile).collect()
}

fn learning_curves(record: &TrainingRecord) -> Option<String> {
    let axes = ("steps of the world", "mean return of 100 episodes");
    let points = |series: &SeriesRun| -> Vec<(f64, Interval)> {
        series.summary.curve.iter().map(|band| (band.steps as f64, band.mean_return)).collect()
    };
    drawn(record, axes, points)
}

fn profiles(record: &TrainingRecord) -> Option<String> {
    if record.series.iter().any(|series| series.runs.len() < FEWEST) {
        return None;
    }
    let points = |series: &SeriesRun| -> Vec<(f64, Interval)> {
        series.summary.profile.iter().map(|point| (point.score, point.share)).collect()
    };
    drawn(record, ("score", "share of runs above"), points)
}

/// A curve a series with bars as wide as the intervals.
fn drawn(
    record: &TrainingRecord,
    axes: (&str, &str),
    of: impl Fn(&SeriesRun) -> Vec<(f64, Interval)>,
) -> Option<String> {
    let curve = |(number, series): (usize, &SeriesRun)| {
        let all = of(series);
        let every = all.len().div_ceil(MARKED).max(1);
        let last = all.len().saturating_sub(1);
        let points: Vec<Point> = all
            .iter()
            .enumerate()
            .filter_map(|(k, (x, interval))| {
                let (value, low, high) = (interval.value?, interval.low?, interval.high?);
                // Some points have a bar, the last one always.
                let interval = (last - k).is_multiple_of(every).then_some([low, high]);
                Some(Point { x: *x, exact: Some(value), sampled: Vec::new(), interval })
            })
            .collect();
        Curve { series: Some(number), title: series.title.clone(), points }
    };
    let curves: Vec<Curve> =
        record.series.iter().enumerate().map(curve).filter(|curve| !curve.points.is_empty()).collect();
    curves_over(&record.experiment.title, axes, curves)
}
