//! What training runs showed, as data for reports and machines.

use serde::{Deserialize, Serialize};

use super::{Judged, TrainingExperiment};
use crate::stats::Estimate;
use crate::train::{Settings, Trained, Yardstick};

/// The kind of record, as its first key says.
pub const TRAINING: &str = "training";

/// The version of the records' form.
pub(super) const FORM: u32 = 1;

/// The result of a training experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// Always [`TRAINING`].
    pub record: String,
    /// The version of the form, 1.
    pub form: u32,
    /// The version of the program that made it.
    pub version: String,
    /// The command that makes it.
    pub command: String,
    /// The experiment's name: its file's, without the extension.
    pub name: String,
    /// The experiment as it stood in its file.
    pub experiment: TrainingExperiment,
    /// What became of each series, in the experiment's order.
    pub series: Vec<SeriesRun>,
}

impl TrainingRecord {
    /// Whether every series reached its goal or not as its file says that it did.
    #[must_use]
    pub fn as_recorded(&self) -> bool {
        self.series.iter().all(SeriesRun::as_recorded)
    }
}

/// What became of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesRun {
    /// What it is called.
    pub title: String,
    /// The system of a guide that it is a row of, if it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub system: Option<String>,
    /// All settings of its runs.
    pub settings: Settings,
    /// What its scores are measured by.
    pub yardstick: Yardstick,
    /// What is judged.
    pub judged: Judged,
    /// The least score that is enough.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub least: Option<f64>,
    /// Whether that was reached when the experiment was written.
    #[serde(default)]
    pub recorded: Verdict,
    /// What the runs show together.
    pub summary: Summary,
    /// The runs, seed by seed.
    pub runs: Vec<Trained>,
}

impl SeriesRun {
    /// Whether the verdict is the one that the experiment's file says; true where no goal is set.
    #[must_use]
    pub fn as_recorded(&self) -> bool {
        self.summary.verdict.is_none_or(|verdict| verdict == self.recorded)
    }
}

/// A number with its interval at 95 %, from a bootstrap over runs; an end or value that is not finite is absent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The number.
    pub value: Option<f64>,
    /// The lower end.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

impl From<Estimate> for Interval {
    fn from(estimate: Estimate) -> Self {
        let finite = |x: f64| x.is_finite().then_some(x);
        Self { value: finite(estimate.value), low: finite(estimate.low), high: finite(estimate.high) }
    }
}

/// Whether a goal was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval of the interquartile mean is at the goal or above.
    #[default]
    Reached,
    /// The whole interval is below.
    Missed,
    /// The goal is inside the interval.
    Undecided,
}

/// What the runs of a series show together (Agarwal et al. 2021).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The interquartile mean of the scores.
    pub score: Interval,
    /// How many runs broke down.
    pub broken: usize,
    /// How many runs reached the goal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reached: Option<usize>,
    /// Whether the series did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<Verdict>,
    /// The median number of steps until the mean of 100 episodes reached the goal; absent numbers are infinite.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub steps_to_goal: Option<Interval>,
    /// The probability that a run of this series has a higher score than one of the first series; absent for that one and on another
    /// task.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub improvement: Option<Interval>,
    /// The learning curve: interquartile means of the mean return of the last 100 episodes.
    pub curve: Vec<Band>,
    /// The performance profile: at scores from the lowest to the highest of the experiment, the share of runs above.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub profile: Vec<Share>,
}

/// A point of a performance profile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The score.
    pub score: f64,
    /// The share of runs whose score is above it.
    pub share: Interval,
}

/// A point of a learning curve of several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The steps of the world taken.
    pub steps: u64,
    /// The interquartile mean over runs.
    pub mean_return: Interval,
}
