//! What a figure shows of a record, before it has a scale: a curve a series. It must not know how curves are drawn.

use crate::experiment::{Comparison, Measurement, Metric, Sampled};
use crate::report::number::shortest;

/// Numbers closer than this share of their size are one number.
const SAME: f64 = 1e-9;

/// One series of one metric in one panel.
#[derive(Clone, Debug)]
pub(in crate::report) struct Curve {
    /// The place of its series; `None` if it stands for all of them.
    pub(in crate::report) series: Option<usize>,
    /// What the legend calls it.
    pub(in crate::report) title: String,
    pub(in crate::report) points: Vec<Point>,
}

/// One number of a curve, by one route or by two.
#[derive(Clone, Debug)]
pub(in crate::report) struct Point {
    pub(in crate::report) x: f64,
    pub(in crate::report) exact: Option<f64>,
    /// One value, or none; one a series where the curve stands for several.
    pub(in crate::report) sampled: Vec<Sampled>,
    /// Where the number may lie. If any point of a figure has this, those alone have markers.
    pub(in crate::report) interval: Option<[f64; 2]>,
}

impl Point {
    /// The exact value where there is one, else the sampled one.
    pub(super) fn best(&self) -> Option<f64> {
        self.exact.or(self.sampled.first().map(|sampled| sampled.value))
    }
}

/// The curves of a panel and a metric, in the order of their series, without those that have no number.
pub(super) fn curves(record: &Comparison, panel: usize, metric: Metric) -> Vec<Curve> {
    let logarithmic = metric.logarithmic();
    let curve = |(series, title): (usize, String)| {
        let points: Vec<Point> = record
            .panel(panel)
            .filter_map(|setting| {
                let Measurement { exact, sampled } = *setting.points.get(series)?.metrics.get(&metric)?;
                Some(Point { x: setting.x, exact, sampled: sampled.into_iter().collect(), interval: None })
            })
            .collect();
        let title = if logarithmic { with_zeros(title, &points) } else { title };
        Curve { series: Some(series), title, points }
    };
    let titles = record.experiment.series_titles();
    let series = titles.len();
    let curves = titles.into_iter().enumerate().map(curve).filter(|curve| !curve.points.is_empty());
    all_alike(curves.collect(), series)
}

/// The title, with where the curve is 0: a logarithmic axis does not show it.
fn with_zeros(title: String, points: &[Point]) -> String {
    let zeros: Vec<f64> = points.iter().filter(|point| point.best() == Some(0.0)).map(|point| point.x).collect();
    match zeros.len() {
        0 => title,
        n if n == points.len() => format!("{title} (0)"),
        n if n <= 2 => {
            let places: Vec<String> = zeros.iter().map(|x| shortest(*x)).collect();
            format!("{title} (0 at {})", places.join(" and "))
        }
        n => format!("{title} (0 at {n} of {})", points.len()),
    }
}

/// One black curve in place of several that are the same number for number: the metric has nothing to do with the series.
fn all_alike(curves: Vec<Curve>, series: usize) -> Vec<Curve> {
    let same = |a: &Point, b: &Point| match (a.exact, b.exact) {
        (Some(p), Some(q)) => a.x == b.x && (p - q).abs() <= SAME * p.abs().max(q.abs()),
        _ => false,
    };
    let Some((first, others)) = curves.split_first().filter(|(_, others)| !others.is_empty()) else { return curves };
    let alike = others.iter().all(|other| {
        other.points.len() == first.points.len() && first.points.iter().zip(&other.points).all(|(a, b)| same(a, b))
    });
    if !alike {
        return curves;
    }
    let title = match curves.len() {
        n if n == series => format!("all {n} series alike"),
        n => format!("{n} of {series} series, alike"),
    };
    let title = with_zeros(title, &first.points);
    let sampled = |i: usize| curves.iter().flat_map(|curve| curve.points[i].sampled.clone()).collect();
    let points = first.points.iter().enumerate();
    let points = points.map(|(i, point)| Point { sampled: sampled(i), ..point.clone() }).collect();
    vec![Curve { series: None, title, points }]
}
