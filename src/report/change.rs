//! What changed between an old record and a new one: the regression check.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::number::shortest;
use super::prose::plural;
use super::significant;
use super::training::word;
use crate::experiment::training::{Interval, SeriesRun, TrainingRecord};
use crate::experiment::{Comparison, Measurement, Metric, PointRecord, Sampled};
use crate::verify::{ClaimRecord, Ledger};

/// Standard errors that two sampled numbers may lie apart.
const APART: f64 = 6.0;

/// How many changes are told one by one.
const SHOWN: usize = 20;

/// What is said of a record without an older one.
pub(super) const NEW: &str = "new, nothing to compare with";

/// Something that is no longer what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which number, in words.
    pub what: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
    /// The change relative to the larger of the two; infinite where it is no change of a number.
    pub size: f64,
}

/// Everything that changed beyond a tolerance.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// What was compared, such as the experiment's name.
    pub name: String,
    /// The numbers compared.
    pub compared: usize,
    /// Whether there was no older record to compare with.
    pub new: bool,
    /// The change up to which an exact number counts as the same, relative to it or to its natural scale.
    pub tolerance: f64,
    /// The changes, the largest first.
    pub changes: Vec<Change>,
}

/// The size beside which a metric is rounding: 1 where it is measured in lengths of the gradient, 0 where nothing is known.
fn scale(metric: Metric) -> f64 {
    match metric {
        Metric::Bias | Metric::Noise | Metric::Error => 1.0,
        _ => 0.0,
    }
}

/// The largest entry of two vectors.
fn largest(before: &[f64], after: &[f64]) -> f64 {
    before.iter().chain(after).fold(0.0, |largest: f64, x| largest.max(x.abs()))
}

/// Two exact numbers: the relative change, if the difference exceeds the tolerance, relative to them and to their scale.
fn beyond(before: f64, after: f64, tolerance: f64, scale: f64) -> Option<f64> {
    let (distance, size) = ((after - before).abs(), before.abs().max(after.abs()));
    (distance > tolerance * size.max(scale)).then(|| distance / size)
}

/// Two sampled numbers, if they lie further apart than their errors and the tolerance explain.
fn apart(before: Sampled, after: Sampled, tolerance: f64, scale: f64) -> Option<f64> {
    let distance = (after.value - before.value).abs();
    let error = (before.standard_error * before.standard_error + after.standard_error * after.standard_error).sqrt();
    beyond(before.value, after.value, tolerance, scale).filter(|_| distance > APART * error)
}

impl Changes {
    fn new(name: &str, tolerance: f64) -> Self {
        Self { name: name.to_owned(), compared: 0, new: false, tolerance, changes: Vec::new() }
    }

    /// A record without an older one: nothing changed.
    #[must_use]
    pub fn of_new(name: &str) -> Self {
        Self { new: true, ..Self::new(name, 0.0) }
    }

    fn note(&mut self, what: String, before: String, after: String, size: f64) {
        self.changes.push(Change { what, before, after, size });
    }

    fn texts(&mut self, what: impl FnOnce() -> String, before: &str, after: &str) {
        if before != after {
            self.note(what(), before.to_owned(), after.to_owned(), f64::INFINITY);
        }
    }

    fn number(&mut self, what: impl FnOnce() -> String, before: f64, after: f64, scale: f64) {
        self.compared += 1;
        if let Some(size) = beyond(before, after, self.tolerance, scale) {
            self.note(what(), significant(before, 8), significant(after, 8), size);
        }
    }

    fn measurement(&mut self, what: impl Fn() -> String, before: &Measurement, after: &Measurement, scale: f64) {
        match (before.exact, after.exact) {
            (Some(before), Some(after)) => self.number(&what, before, after, scale),
            (None, None) => {}
            (before, _) => {
                let [was, is] = if before.is_some() { ["exact", "sampled"] } else { ["sampled", "exact"] };
                self.note(what(), was.to_owned(), is.to_owned(), f64::INFINITY);
            }
        }
        match (before.sampled, after.sampled) {
            (Some(before), Some(after)) => {
                self.compared += 1;
                if let Some(size) = apart(before, after, self.tolerance, scale) {
                    let text =
                        |s: Sampled| format!("{} ± {}", significant(s.value, 6), significant(s.standard_error, 2));
                    self.note(format!("{}, sampled", what()), text(before), text(after), size);
                }
            }
            (Some(_), None) => {
                self.note(format!("{}, sampled", what()), "there".to_owned(), "gone".to_owned(), f64::INFINITY);
            }
            (None, _) => {}
        }
    }

    /// One moment, parameter by parameter.
    fn moments(&mut self, what: &str, before: &[f64], after: &[f64]) {
        let length = |list: &[f64]| plural(list.len(), "number");
        if before.len() != after.len() {
            return self.texts(|| format!("{what} of the parameters"), &length(before), &length(after));
        }
        let scale = largest(before, after);
        for (k, (before, after)) in before.iter().zip(after).enumerate() {
            self.number(|| format!("{what} of parameter {k}"), *before, *after, scale);
        }
    }

    fn sorted(mut self) -> Self {
        self.changes.sort_by(|a, b| b.size.total_cmp(&a.size));
        self
    }

    /// What changed between two comparisons of one experiment, by the titles of panels and series, so that one that was
    /// added or reordered does not shift the others.
    #[must_use]
    pub fn of_comparisons(before: &Comparison, after: &Comparison, tolerance: f64) -> Self {
        let mut changes = Self::new(&after.name, tolerance);
        let (old, new) = (by_title(before), by_title(after));
        for (place, point) in &old {
            let Some(now) = new.get(place) else {
                changes.note(place.clone(), "there".to_owned(), "gone".to_owned(), f64::INFINITY);
                continue;
            };
            let verdict = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
            changes.texts(|| format!("{place}: verdict"), &verdict(&point.verdict), &verdict(&now.verdict));
            for (metric, measurement) in &point.metrics {
                let what = || format!("{place}: {}", metric.name());
                match now.metrics.get(metric) {
                    Some(other) => changes.measurement(what, measurement, other, scale(*metric)),
                    None => changes.note(what(), "there".to_owned(), "gone".to_owned(), f64::INFINITY),
                }
            }
            if point.parameters.is_some() && now.parameters.is_none() {
                let what = format!("{place}: moments of the parameters");
                changes.note(what, "there".to_owned(), "gone".to_owned(), f64::INFINITY);
            }
            if let (Some(old), Some(new)) = (&point.parameters, &now.parameters) {
                for (moment, old, new) in [("mean", &old.mean, &new.mean), ("variance", &old.variance, &new.variance)] {
                    changes.moments(&format!("{place}: {moment}"), old, new);
                }
            }
            for metric in now.metrics.keys().filter(|metric| !point.metrics.contains_key(metric)) {
                let what = format!("{place}: {}", metric.name());
                changes.note(what, "absent".to_owned(), "there".to_owned(), f64::INFINITY);
            }
        }
        for place in new.keys().filter(|place| !old.contains_key(*place)) {
            changes.note(place.clone(), "absent".to_owned(), "there".to_owned(), f64::INFINITY);
        }
        changes.sorted()
    }

    /// What changed between two ledgers: findings, and reported numbers. One from seeded runs may move within the intervals
    /// of both.
    #[must_use]
    pub fn of_ledgers(before: &Ledger, after: &Ledger, tolerance: f64) -> Self {
        let mut changes = Self::new("ledger", tolerance);
        let old: BTreeMap<&str, &ClaimRecord> = before.claims.iter().map(|claim| (claim.id.as_str(), claim)).collect();
        for claim in &after.claims {
            match old.get(claim.id.as_str()) {
                Some(was) => changes.claim(was, claim),
                None => changes.note(claim.id.clone(), "absent".to_owned(), "there".to_owned(), f64::INFINITY),
            }
        }
        for claim in before.claims.iter().filter(|claim| after.claims.iter().all(|now| now.id != claim.id)) {
            changes.note(claim.id.clone(), "there".to_owned(), "gone".to_owned(), f64::INFINITY);
        }
        changes.sorted()
    }

    /// What changed between two records of training runs: what each series reached, by its title. Runs are random, so a number has
    /// changed when the intervals of both have nothing in common; a verdict when it is another.
    #[must_use]
    pub fn of_trainings(before: &TrainingRecord, after: &TrainingRecord, tolerance: f64) -> Self {
        let mut changes = Self::new(&after.name, tolerance);
        for was in &before.series {
            let Some(now) = after.series.iter().find(|series| series.title == was.title) else {
                changes.note(was.title.clone(), "there".to_owned(), "gone".to_owned(), f64::INFINITY);
                continue;
            };
            let verdict = |series: &SeriesRun| series.summary.verdict.map_or("none", word);
            changes.texts(|| format!("{}: verdict", was.title), verdict(was), verdict(now));
            changes.intervals(|| format!("{}: score", was.title), was.summary.score, now.summary.score);
        }
        for now in after.series.iter().filter(|now| before.series.iter().all(|was| was.title != now.title)) {
            changes.note(now.title.clone(), "absent".to_owned(), "there".to_owned(), f64::INFINITY);
        }
        changes.sorted()
    }

    /// Two numbers with intervals, one of which may be absent.
    fn intervals(&mut self, what: impl FnOnce() -> String, before: Interval, after: Interval) {
        self.compared += 1;
        let text = |interval: Interval| match (interval.value, interval.low, interval.high) {
            (Some(x), Some(low), Some(high)) => {
                format!("{} ({} to {})", significant(x, 6), significant(low, 4), significant(high, 4))
            }
            _ => "broken".to_owned(),
        };
        let size = match (before.value, after.value) {
            (Some(was), Some(now)) => beyond(was, now, self.tolerance, 0.0),
            (was, now) => (was.is_some() != now.is_some()).then_some(f64::INFINITY),
        };
        let apart = |a: Option<f64>, b: Option<f64>| a.zip(b).is_none_or(|(high, low)| high < low);
        let disjoint = apart(before.high, after.low) || apart(after.high, before.low);
        if let Some(size) = size.filter(|_| disjoint) {
            self.note(what(), text(before), text(after), size);
        }
    }

    fn claim(&mut self, before: &ClaimRecord, after: &ClaimRecord) {
        self.compared += 1;
        self.texts(|| format!("{}: finding", after.id), before.finding.word(), after.finding.word());
        for quantity in &after.quantities {
            let what = |i: usize, n: usize| {
                let entry = if n == 1 { String::new() } else { format!("[{i}]") };
                format!("{}: {}{entry}", after.id, quantity.key)
            };
            let Some(was) = before.quantities.iter().find(|other| other.key == quantity.key) else {
                self.note(what(0, 1), "absent".to_owned(), "there".to_owned(), f64::INFINITY);
                continue;
            };
            let (was, now) = (was.value.as_slice(), quantity.value.as_slice());
            if was.len() != now.len() {
                self.texts(|| what(0, 1), &plural(was.len(), "number"), &plural(now.len(), "number"));
                continue;
            }
            let interval = |claim: &ClaimRecord| claim.intervals.get(&quantity.key).copied();
            if let (Some(old), Some(new)) = (interval(before), interval(after)) {
                self.compared += 1;
                if old[0] > new[1] || new[0] > old[1] {
                    let text = |[low, high]: [f64; 2]| format!("{} to {}", significant(low, 4), significant(high, 4));
                    self.note(what(0, 1), text(old), text(new), f64::INFINITY);
                }
                continue;
            }
            for (i, (before, after)) in was.iter().zip(now).enumerate() {
                self.number(|| what(i, now.len()), *before, *after, 0.0);
            }
        }
    }

    /// The changes in words, line by line: for terminals and for continuous integration.
    #[must_use]
    pub fn text(&self) -> String {
        if self.new {
            return format!("{}: {NEW}.\n", self.name);
        }
        let numbers = plural(self.compared, "number");
        let within = format!("{numbers} compared, relative tolerance {:e}", self.tolerance);
        if self.changes.is_empty() {
            return format!("{}: nothing changed ({within}).\n", self.name);
        }
        let mut out = format!("{}: {} ({within}):\n", self.name, plural(self.changes.len(), "change"));
        for change in self.changes.iter().take(SHOWN) {
            let size = if change.size.is_finite() {
                format!(" (by {} %)", significant(100.0 * change.size, 3))
            } else {
                String::new()
            };
            let _ = writeln!(out, "  {}: {} → {}{size}", change.what, change.before, change.after);
        }
        if self.changes.len() > SHOWN {
            let _ = writeln!(out, "  and {} more", self.changes.len() - SHOWN);
        }
        out
    }
}

/// The points by panel, series and swept value, in words.
fn by_title(record: &Comparison) -> BTreeMap<String, &PointRecord> {
    let experiment = &record.experiment;
    let titles = experiment.series_titles();
    let mut points = BTreeMap::new();
    for setting in &record.results {
        let panel = experiment.panel_title(setting.panel);
        for (title, point) in titles.iter().zip(&setting.points) {
            let panel = if panel.is_empty() { String::new() } else { format!("{panel}, ") };
            let x = shortest(setting.x);
            points.insert(format!("{panel}{title}, {} = {x}", experiment.sweep.parameter), point);
        }
    }
    points
}
