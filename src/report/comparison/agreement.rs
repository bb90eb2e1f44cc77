//! How the sampled numbers of a comparison stand to the exact ones, in words. It must not know how either was found.

use crate::experiment::Comparison;
use crate::report::prose::{count, plural};
use crate::report::significant;
use crate::stats::normal_maximum;

/// The largest distance that chance alone leaves among so many comparisons: its median, and what it stays under in 999 of
/// 1000 cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Expected {
    pub(super) median: f64,
    pub(super) bound: f64,
}

impl Expected {
    pub(super) fn among(comparisons: usize) -> Self {
        let quantile = |probability| normal_maximum(comparisons, probability);
        Self { median: quantile(0.5), bound: quantile(0.999) }
    }
}

/// The agreement of both routes in sentences.
pub(in crate::report) fn sentences(record: &Comparison) -> String {
    let overall = record.overall();
    if overall.points == 0 {
        return "Nothing was sampled beside an exact route.".to_owned();
    }
    let Expected { median, bound } = Expected::among(overall.comparisons);
    let mut resolutions: Vec<f64> = record
        .results
        .iter()
        .flat_map(|s| &s.points)
        .filter_map(|p| p.agreement)
        .map(|a| a.resolution)
        .filter(|r| *r > 0.0)
        .collect();
    resolutions.sort_by(f64::total_cmp);
    let middle = resolutions.get(resolutions.len() / 2).copied().unwrap_or(f64::NAN);
    let percent = |share: f64| format!("{} %", significant(100.0 * share, 2));
    let trajectories = record
        .experiment
        .sampled
        .map_or_else(String::new, |sampling| format!(", {} trajectories each", count(sampling.trajectories as u64)));
    let compared = match overall.comparisons {
        1 => "1 number was".to_owned(),
        n => format!("{} numbers were", count(n as u64)),
    };
    let means = if overall.mean > 0.0 {
        format!(
            "{} standard errors for a component of a mean and {}",
            significant(overall.mean, 3),
            significant(overall.metrics, 3)
        )
    } else {
        format!("{} standard errors", significant(overall.metrics, 3))
    };
    let mut text = format!(
        "At {}{trajectories}, {compared} compared. The largest distance from the exact value is {means} for a metric. Among so \
         many independent standard normal numbers the largest distance is {} in the median and stays under {} in 999 of 1000 \
         cases; {}. Normal numbers are the yardstick, although a metric's standard error comes from 128 parts, which makes the \
         tails slightly heavier.",
        plural(overall.points, "point"),
        significant(median, 3),
        significant(bound, 3),
        judged(overall.mean, overall.metrics, bound),
    );
    if overall.resolution > 0.0 {
        let (median, most) = (percent(middle), percent(overall.resolution));
        text.push_str(" The standard error of a sampled variance is ");
        text.push_str(&median);
        text.push_str(" of it in the median and ");
        text.push_str(&most);
        text.push_str(" at most, which is what such a comparison can see.");
    }
    text
}

fn judged(mean: f64, metrics: f64, bound: f64) -> &'static str {
    match (mean <= bound, metrics <= bound) {
        (true, true) => "no distance here is larger",
        (false, true) => "the means go beyond it",
        (true, false) => "the metrics go beyond it, as they do where samples have heavy tails",
        (false, false) => "both go beyond it",
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_sentences_have_the_numbers_and_are_absent_without_samples() {
        let text = sentences(&sample::record());
        for part in
            ["At 12 points, 64 trajectories each, 60 numbers were", "is 2 standard errors", "0.44 for", "20 % at most,"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains("no distance here is larger"));
        assert!(text.contains("Normal numbers are the yardstick") && text.contains("from 128 parts"), "{text}");
        assert_eq!(sentences(&sample::exact_record()), "Nothing was sampled beside an exact route.");
    }

    #[test]
    fn a_distance_that_chance_does_not_explain_is_said() {
        let mut record = sample::record();
        record.results[0].points[0].agreement.as_mut().unwrap().mean = 9.0;
        assert!(sentences(&record).contains("the means go beyond it"));
    }
}
