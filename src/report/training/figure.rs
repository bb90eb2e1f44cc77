//! Learning curves as SVG.

use crate::experiment::Sampled;
use crate::experiment::training::{SeriesRun, TrainingRecord};
use crate::report::comparison::{Curve, Point, curves_over};

/// About how many points of a curve have a marker and a bar.
const MARKED: usize = 12;

/// The learning curves of all series: interquartile means over runs, with bars as wide as their intervals at 95 %; `None` if
/// nothing was played.
#[must_use]
pub fn figure(record: &TrainingRecord) -> Option<String> {
    let curve = |(number, series): (usize, &SeriesRun)| {
        let bands = &series.summary.curve;
        let every = bands.len().div_ceil(MARKED).max(1);
        // The last point is always there.
        let chosen = bands.iter().rev().step_by(every).rev();
        let points: Vec<Point> = chosen
            .filter_map(|band| {
                let (value, low, high) = (band.mean_return.value?, band.mean_return.low?, band.mean_return.high?);
                let sampled = vec![Sampled { value, standard_error: 0.25 * (high - low) }];
                Some(Point { x: band.steps as f64, exact: Some(value), sampled })
            })
            .collect();
        Curve { series: Some(number), title: series.title.clone(), points }
    };
    let curves: Vec<Curve> =
        record.series.iter().enumerate().map(curve).filter(|curve| !curve.points.is_empty()).collect();
    let axes = ("steps of the world", "mean return of 100 episodes");
    curves_over(&record.experiment.title, axes, curves)
}
