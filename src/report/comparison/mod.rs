//! The record of `unbiased compare`: figures, tables and pages. It must not know how anything was computed.

mod agreement;
mod axis;
mod canvas;
mod csv;
mod curve;
mod legend;
mod markdown;
mod pages;
mod plot;
mod terminal;

#[cfg(test)]
mod sample;

pub use csv::csv;
pub use markdown::markdown;
pub use pages::pages;
pub use plot::figure;
pub use terminal::terminal;

pub(super) use agreement::sentences as agreement_sentences;
pub(super) use curve::{Curve, Point};
pub(super) use plot::curves_over;

use super::number::shortest;
use super::significant;
use crate::experiment::{Comparison, Measurement, Metric, PointRecord, SettingRecord};

/// The digits of a number in a table, and of its standard error.
const DIGITS: usize = 4;
const DIGITS_OF_ERROR: usize = 2;

/// What each panel is called: its title, with its number from 1 where there is no title or another panel has the same.
fn panel_names(record: &Comparison) -> Vec<String> {
    let experiment = &record.experiment;
    let titles: Vec<String> = (0..experiment.panel.len()).map(|panel| experiment.panel_title(panel)).collect();
    let name = |(panel, title): (usize, &String)| match titles.iter().filter(|other| *other == title).count() {
        _ if title.is_empty() => format!("panel {}", panel + 1),
        1 => title.clone(),
        _ => format!("{title} (panel {})", panel + 1),
    };
    titles.iter().enumerate().map(name).collect()
}

/// The number of a series in a setting, if the record has it.
fn number(setting: &SettingRecord, series: usize, metric: Metric) -> Option<&Measurement> {
    setting.points.get(series).and_then(|point| point.metrics.get(&metric))
}

/// A number in a table: exact, or sampled with its standard error where nothing else is known.
fn cell(number: Option<&Measurement>) -> String {
    match number {
        Some(Measurement { exact: Some(exact), .. }) => significant(*exact, DIGITS),
        Some(Measurement { sampled: Some(sampled), .. }) => {
            format!("{} ± {}", significant(sampled.value, DIGITS), significant(sampled.standard_error, DIGITS_OF_ERROR))
        }
        _ => "–".to_owned(),
    }
}

/// The file of a figure, panels from 0.
fn figure_file(record: &Comparison, panel: usize, metric: Metric) -> String {
    format!("{}-{}-{}.svg", record.name, metric.name(), panel + 1)
}

/// The verdicts of a panel, one sentence part for each group of series that share them; empty if nothing is estimated.
fn verdicts(record: &Comparison, panel: usize) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (series, title) in record.experiment.series_titles().into_iter().enumerate() {
        let point = |setting: &'_ SettingRecord| -> Option<(f64, String)> {
            let verdict = setting.points.get(series).and_then(|point: &PointRecord| point.verdict.clone())?;
            Some((setting.x, verdict))
        };
        let found: Vec<(f64, String)> = record.panel(panel).filter_map(point).collect();
        let Some(text) = one_verdict(&found) else { continue };
        match groups.iter_mut().find(|(other, _)| *other == text) {
            Some((_, titles)) => titles.push(title),
            None => groups.push((text, vec![title])),
        }
    }
    groups
}

/// The verdict along a sweep: the most frequent one, and where it is another.
fn one_verdict(found: &[(f64, String)]) -> Option<String> {
    let times = |verdict: &str| found.iter().filter(|(_, other)| other == verdict).count();
    // The first of the most frequent.
    let (_, most) = found.iter().rev().max_by_key(|(_, verdict)| times(verdict))?;
    let mut others: Vec<&str> = Vec::new();
    for (_, verdict) in found.iter().filter(|(_, verdict)| verdict != most) {
        if !others.contains(&verdict.as_str()) {
            others.push(verdict);
        }
    }
    let mut text = most.clone();
    for other in others {
        let places: Vec<String> =
            found.iter().filter(|(_, verdict)| verdict == other).map(|(x, _)| shortest(*x)).collect();
        text = format!("{text}, {other} at {}", places.join(", "));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_that_changes_says_where() {
        let at = |x: f64, verdict: &str| (x, verdict.to_owned());
        assert_eq!(one_verdict(&[]), None);
        assert_eq!(one_verdict(&[at(1.0, "unbiased"), at(2.0, "unbiased")]).unwrap(), "unbiased");
        let mixed = [at(0.0, "unbiased"), at(0.5, "turned"), at(1.0, "turned"), at(2.0, "reversed")];
        assert_eq!(one_verdict(&mixed).unwrap(), "turned, unbiased at 0, reversed at 2");
    }

    #[test]
    fn panels_without_titles_of_their_own_are_numbered() {
        let mut record = sample::record();
        assert_eq!(panel_names(&record), ["one | two", "second"]);
        for panel in &mut record.experiment.panel {
            panel.insert("label".to_owned(), "same".into());
        }
        assert_eq!(panel_names(&record), ["same (panel 1)", "same (panel 2)"]);
        record.experiment.panel = vec![toml::Table::new()];
        assert_eq!(panel_names(&record), ["panel 1"]);
    }

    #[test]
    fn cells_say_what_is_known() {
        let both = sample::record().results[0].points[0].metrics[&Metric::Noise];
        assert_eq!(cell(Some(&both)), "2.346");
        assert_eq!(cell(Some(&Measurement { exact: None, ..both })), "2.4 ± 0.12");
        assert_eq!(cell(Some(&Measurement { exact: Some(0.0), sampled: None })), "0");
        assert_eq!((cell(Some(&Measurement::default())), cell(None)), ("–".to_owned(), "–".to_owned()));
    }
}
