//! What a comparison found, as data for reports and machines: complete, or the part of one shard.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Experiment, Metric};

/// The kind of record, as its first key says.
pub const KIND: &str = "comparison";

/// The version of the records' form; it changes when an old reader would misread a new record.
pub const FORM: u32 = 1;

/// The result of a comparison, or of a part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Always [`KIND`].
    pub record: String,
    /// Always [`FORM`].
    pub form: u32,
    /// The version of the program that made it.
    pub version: String,
    /// The command that makes it.
    pub command: String,
    /// The experiment's name: its file's, without the extension.
    pub name: String,
    /// The root seed of every stream.
    pub seed: u64,
    /// The experiment as it stood in its file.
    pub experiment: Experiment,
    /// SHA-256 of the experiment, in hexadecimal.
    pub experiment_hash: String,
    /// Every problem that is measured on, in the order of its first use.
    pub problems: Vec<ProblemRecord>,
    /// The number of settings, panels times swept values; a complete record has them all.
    pub settings: usize,
    /// What was found, setting by setting in the experiment's order.
    pub results: Vec<SettingRecord>,
}

/// A problem that something was measured on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProblemRecord {
    /// Its name, or its file as the experiment names it.
    pub name: String,
    /// SHA-256 of its tables, in hexadecimal; of its name where it is a formula.
    pub hash: String,
}

/// One swept value in one panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingRecord {
    /// Its place in the experiment's order, from 0.
    pub index: usize,
    /// The panel, from 0.
    pub panel: usize,
    /// The swept value.
    pub x: f64,
    /// One entry a series, in the experiment's order.
    pub points: Vec<PointRecord>,
}

/// One series in one setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointRecord {
    /// What the estimator is, in a word; absent where nothing is estimated or the mean is not known exactly.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<String>,
    /// The numbers; one that is not defined, or that no double can hold, is absent.
    pub metrics: BTreeMap<Metric, Measurement>,
    /// The exact mean and variance of every parameter, where the experiment asks for them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parameters: Option<ParameterMoments>,
    /// How the sampled numbers stand to the exact ones; absent where one of the two is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agreement: Option<Agreement>,
}

/// Exact moments, parameter by parameter, of one trajectory (of a coupled batch: the variance is its mean's, times its
/// size).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterMoments {
    /// The expectation.
    pub mean: Vec<f64>,
    /// The variance.
    pub variance: Vec<f64>,
}

/// One number, by one route or by two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// The exact value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exact: Option<f64>,
    /// The value from samples.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sampled: Option<Sampled>,
}

impl Measurement {
    /// The exact value where there is one, else the sampled one.
    #[must_use]
    pub fn best(&self) -> Option<f64> {
        self.exact.or(self.sampled.map(|sampled| sampled.value))
    }
}

/// A value from samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampled {
    /// The estimate.
    pub value: f64,
    /// Its standard error, from independent parts.
    pub standard_error: f64,
}

/// Sampling against the exact route, in standard errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The numbers compared: the components of the mean, and the sampled metrics.
    pub comparisons: usize,
    /// The largest distance of a component of the sampled mean from the exact one, in exact standard errors.
    pub mean: f64,
    /// The largest distance of a sampled metric from its exact value, in its own standard errors.
    pub metrics: f64,
    /// The relative standard error of the sampled variance: what a comparison of this size can see.
    pub resolution: f64,
}

/// Why records cannot be put together, or a text is no record.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum RecordError {
    /// The text is not JSON, or stops in the middle.
    #[error("{name}, line {line}: {reason}")]
    Unreadable {
        /// The file.
        name: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and the mend.
        reason: String,
    },
    /// A record of another form.
    #[error("{name} is a record of form {found}; this version reads form {FORM}: run `{command}` again")]
    Form {
        /// The file.
        name: String,
        /// The form found.
        found: u64,
        /// The command that makes it.
        command: String,
    },
    /// Parts of different experiments, seeds or versions.
    #[error("{first} and {second} are not parts of one run: {what} differs; compute both with the same one")]
    Different {
        /// One file.
        first: String,
        /// The other.
        second: String,
        /// What differs.
        what: &'static str,
    },
    /// Two parts hold the same setting with different numbers.
    #[error("{first} and {second} hold different numbers for setting {index}; compute one of them again")]
    Conflict {
        /// One file.
        first: String,
        /// The other.
        second: String,
        /// The setting, from 0.
        index: usize,
    },
    /// Settings that no part holds.
    #[error(
        "{name} is incomplete: {missing} of {settings} settings are missing, the first of them number {first}; add the other shards, or finish the run with --resume"
    )]
    Missing {
        /// The experiment.
        name: String,
        /// How many.
        missing: usize,
        /// Of how many.
        settings: usize,
        /// The first, from 0.
        first: usize,
    },
}

impl Comparison {
    /// Reads a record; `name` only names it in errors.
    ///
    /// # Errors
    /// [`RecordError`] if the text is no comparison of this form.
    pub fn parse(text: &str, name: &str) -> Result<Self, RecordError> {
        let unreadable = |error: &serde_json::Error| {
            let reason = if error.is_eof() {
                "the record stops in the middle; compute it again, or finish the run with --resume".to_owned()
            } else {
                let full = error.to_string();
                let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
                format!("this is no comparison record: {message}; give what `unbiased compare --output` wrote")
            };
            RecordError::Unreadable { name: name.to_owned(), line: error.line().max(1), reason }
        };
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        let found = value.get("form").and_then(serde_json::Value::as_u64);
        if let Some(found) = found.filter(|found| *found != u64::from(FORM) && value["record"] == KIND) {
            let command = value["command"].as_str().unwrap_or("unbiased compare").to_owned();
            return Err(RecordError::Form { name: name.to_owned(), found, command });
        }
        let record: Self = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        match record.fault() {
            None => Ok(record),
            Some(what) => Err(RecordError::Unreadable {
                name: name.to_owned(),
                line: 1,
                reason: format!("{what}; the record was changed by hand, compute it again"),
            }),
        }
    }

    /// What no run would have written.
    fn fault(&self) -> Option<&'static str> {
        let experiment = &self.experiment;
        let plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\');
        if self.record != KIND {
            return Some("it does not call itself a comparison");
        }
        if self.name.is_empty() || self.name.starts_with('.') || !self.name.chars().all(plain) {
            return Some("its name is no name of a file");
        }
        if experiment.hash() != self.experiment_hash {
            return Some("the experiment is not the one of its hash");
        }
        if self.settings != experiment.settings() {
            return Some("it does not have the experiment's settings");
        }
        let in_order = self.results.windows(2).all(|pair| pair[0].index < pair[1].index);
        let placed = self.results.iter().all(|setting| {
            setting.index < self.settings
                && experiment.place(setting.index) == (setting.panel, setting.x)
                && setting.points.len() == experiment.series.len()
        });
        (!in_order || !placed).then_some("a setting is not where the experiment has it")
    }

    /// Puts parts of one run together, each with the name of its file; the bytes are those of a single run.
    ///
    /// # Errors
    /// [`RecordError`] if they are parts of different runs, or hold different numbers for one setting.
    ///
    /// # Panics
    /// If there is no part.
    pub fn merge(parts: Vec<(String, Self)>) -> Result<Self, RecordError> {
        let mut parts = parts.into_iter();
        let (first_name, mut whole) = parts.next().expect("a part");
        let mut results: BTreeMap<usize, (String, SettingRecord)> =
            whole.results.drain(..).map(|setting| (setting.index, (first_name.clone(), setting))).collect();
        for (name, part) in parts {
            if let Some(what) = whole.difference(&part) {
                return Err(RecordError::Different { first: first_name, second: name, what });
            }
            for setting in part.results {
                match results.get(&setting.index) {
                    Some((other, there)) if *there != setting => {
                        let (first, index) = (other.clone(), setting.index);
                        return Err(RecordError::Conflict { first, second: name, index });
                    }
                    Some(_) => {}
                    None => {
                        results.insert(setting.index, (name.clone(), setting));
                    }
                }
            }
        }
        whole.results = results.into_values().map(|(_, setting)| setting).collect();
        Ok(whole)
    }

    /// What keeps two records from being parts of one run.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            (self.version != other.version, "the program's version"),
            (self.name != other.name, "the experiment's name"),
            (self.experiment_hash != other.experiment_hash, "the experiment"),
            (self.problems != other.problems, "a problem"),
            (self.seed != other.seed, "the seed"),
        ];
        differs.into_iter().find(|(differs, _)| *differs).map(|(_, what)| what)
    }

    /// The record itself if every setting is there.
    ///
    /// # Errors
    /// [`RecordError::Missing`] otherwise.
    pub fn complete(self) -> Result<Self, RecordError> {
        let there = |index: usize| self.results.iter().any(|setting| setting.index == index);
        match (0..self.settings).find(|index| !there(*index)) {
            None => Ok(self),
            Some(first) => Err(RecordError::Missing {
                name: self.name,
                missing: self.settings - self.results.len(),
                settings: self.settings,
                first,
            }),
        }
    }

    /// The settings of panel `panel`, in order of their swept values in the experiment.
    pub fn panel(&self, panel: usize) -> impl Iterator<Item = &SettingRecord> {
        self.results.iter().filter(move |setting| setting.panel == panel)
    }
}
