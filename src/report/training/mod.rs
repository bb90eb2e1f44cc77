//! The record of `unbiased train`: curves, tables and pages. It must not know how anything was computed.

mod figure;
mod markdown;
mod pages;
mod terminal;

pub use figure::figure;
pub use markdown::markdown;
pub use pages::{SystemRow, pages, systems};
pub use terminal::terminal;

use super::number::shortest;
use super::significant;
use crate::experiment::training::{Interval, SeriesRun, TrainingRecord, Verdict};

/// The titles of a table with a row a series.
fn columns(record: &TrainingRecord) -> Vec<&'static str> {
    let any = |of: fn(&SeriesRun) -> bool| record.series.iter().any(of);
    let mut columns = vec!["series", "score", "interval"];
    if any(|series| series.yardstick.most.is_some()) {
        columns.push("best");
    }
    if any(|series| series.least.is_some()) {
        columns.extend(["goal", "at goal", "verdict"]);
    }
    if any(|series| series.summary.improvement.is_some()) {
        columns.push("beats the first");
    }
    columns
}

/// A row a series, with a cell for each of [`columns`].
fn rows(record: &TrainingRecord) -> Vec<Vec<String>> {
    let columns = columns(record);
    let cell = |series: &SeriesRun, column: &&str| match *column {
        "series" => series.title.clone(),
        "score" => number(series.summary.score.value),
        "interval" => interval(series.summary.score),
        "best" => number(series.yardstick.most),
        "goal" => number(series.least),
        "at goal" => series.summary.reached.map_or_else(String::new, |n| format!("{n} of {}", series.runs.len())),
        "verdict" => series.summary.verdict.map_or("", word).to_owned(),
        _ => series.summary.improvement.map_or_else(|| "–".to_owned(), |p| number(p.value)),
    };
    record.series.iter().map(|series| columns.iter().map(|column| cell(series, column)).collect()).collect()
}

/// A number in a table.
fn number(x: Option<f64>) -> String {
    x.map_or_else(|| "–".to_owned(), |x| significant(x, 4))
}

fn interval(interval: Interval) -> String {
    match (interval.low, interval.high) {
        (Some(low), Some(high)) => format!("{} … {}", significant(low, 4), significant(high, 4)),
        _ => "–".to_owned(),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Reached => "reached",
        Verdict::Missed => "missed",
        Verdict::Undecided => "undecided",
    }
}

/// What the numbers of the table are.
fn legend(record: &TrainingRecord) -> String {
    let seeds = record.experiment.seeds;
    let judged = record.series.first().map_or("", |series| series.judged.meaning());
    let best = if record.series.iter().any(|series| series.yardstick.most.is_some()) {
        " Best: the largest expected return there is, or a bound on it."
    } else {
        ""
    };
    format!(
        "Score: interquartile mean over {} seeds of the {judged}, with its interval at 95 % from a bootstrap over runs (Agarwal et al. 2021).{best}",
        shortest(seeds as f64)
    )
}
