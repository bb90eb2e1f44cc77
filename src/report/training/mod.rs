//! The record of `unbiased train`: curves, tables and pages. It must not know how anything was computed.

mod figure;
mod markdown;
mod pages;
mod terminal;

pub use figure::{TrainingFigure, figures};
pub use markdown::markdown;
pub(super) use pages::{PARTS, SYSTEM_COLUMNS};
pub use pages::{SystemRow, pages, systems};
pub use terminal::terminal;

use super::number::shortest;
use super::prose::count;
use super::significant;
use crate::experiment::training::{Interval, SeriesRun, TrainingRecord, Verdict};

/// The titles of a table with a row a series.
pub(super) fn columns(record: &TrainingRecord) -> Vec<&'static str> {
    let any = |of: fn(&SeriesRun) -> bool| record.series.iter().any(of);
    let mut columns = vec!["series", "score", "interval"];
    if any(|series| series.yardstick.most.is_some()) {
        columns.push("best");
    }
    if any(|series| series.least.is_some()) {
        columns.extend(["goal", "at goal"]);
        if any(|series| series.summary.steps_to_goal.is_some_and(|steps| steps.value.is_some())) {
            columns.push("steps to goal");
        }
        columns.push("verdict");
    }
    if any(|series| series.summary.improvement.is_some()) {
        columns.push("beats the first");
    }
    columns
}

/// A row a series, with a cell for each of [`columns`].
pub(super) fn rows(record: &TrainingRecord) -> Vec<Vec<String>> {
    let columns = columns(record);
    let cell = |series: &SeriesRun, column: &&str| match *column {
        "series" => series.title.clone(),
        "score" => number(series.summary.score.value),
        "interval" => interval(series.summary.score, series.runs.len()),
        "best" => number(series.yardstick.most),
        "goal" => number(series.least),
        "at goal" => series.summary.reached.map_or_else(String::new, |n| format!("{n} of {}", series.runs.len())),
        "steps to goal" => steps(series.summary.steps_to_goal),
        "verdict" => verdict(series),
        _ => series.summary.improvement.map_or_else(|| "–".to_owned(), |p| number(p.value)),
    };
    record.series.iter().map(|series| columns.iter().map(|column| cell(series, column)).collect()).collect()
}

/// A number in a table.
fn number(x: Option<f64>) -> String {
    x.map_or_else(|| "–".to_owned(), |x| significant(x, 4))
}

/// An interval over so many runs; a single one has none.
pub(super) fn interval(interval: Interval, runs: usize) -> String {
    match (interval.low, interval.high) {
        (Some(low), Some(high)) if runs > 1 => format!("{} … {}", significant(low, 4), significant(high, 4)),
        _ => "–".to_owned(),
    }
}

/// A median number of steps to the goal; a dash where half of the runs never came there.
fn steps(interval: Option<Interval>) -> String {
    interval.and_then(|interval| interval.value).map_or_else(|| "–".to_owned(), |x| count(x.round() as u64))
}

/// Whether the goal was reached, and what was recorded if that is something else.
pub(super) fn verdict(series: &SeriesRun) -> String {
    match series.summary.verdict {
        None => "–".to_owned(),
        Some(verdict) if series.as_recorded() => word(verdict).to_owned(),
        Some(verdict) => format!("{}, recorded as {}", word(verdict), word(series.recorded)),
    }
}

pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Reached => "reached",
        Verdict::Missed => "missed",
        Verdict::Undecided => "undecided",
    }
}

/// What the numbers of the table are.
pub(super) fn legend(record: &TrainingRecord) -> String {
    let seeds = record.experiment.seeds;
    let judged = record.series.first().map_or("", |series| series.judged.meaning());
    let best = if record.series.iter().any(|series| series.yardstick.most.is_some()) {
        " Best: the largest expected return there is, or a bound on it."
    } else {
        ""
    };
    let steps = if columns(record).contains(&"steps to goal") {
        " Steps to goal: the median over runs of the steps until the mean of 100 episodes was at the goal."
    } else {
        ""
    };
    let score = if seeds == 1 {
        format!("the {judged}, of one seed")
    } else {
        let seeds = shortest(seeds as f64);
        format!(
            "interquartile mean over {seeds} seeds of the {judged}, with its interval at 95 % from a bootstrap over runs (Agarwal et al. 2021)"
        )
    };
    format!("Score: {score}.{best}{steps}")
}
