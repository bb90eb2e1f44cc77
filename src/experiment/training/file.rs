//! Experiment files of training runs.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Table;

use super::record::Verdict;
use crate::experiment::ExperimentError;
use crate::experiment::file::{Header, invalid_toml, plain, quoted, read_text};
use crate::train::{Plan, Settings, Trained, Yardstick};

/// An experiment as its file states it.
///
/// The settings of a series are the table `base`, overridden by the keys of its `[[series]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingExperiment {
    /// The title of its page.
    pub title: String,
    /// What it asks.
    pub question: String,
    /// What a guide says of it, word for word, if it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sentence: Option<String>,
    /// What it found, in a sentence or two.
    pub finding: String,
    /// An essay in Markdown: why, how it was measured, what follows.
    pub analysis: String,
    /// How many seeds each series is run with.
    pub seeds: u64,
    /// The root seed; run `i` has the seed `seed + i`.
    #[serde(default)]
    pub seed: u64,
    /// What is judged.
    #[serde(default)]
    pub judged: Judged,
    /// When a run has done what was asked of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub goal: Option<Goal>,
    /// What all series share.
    #[serde(default)]
    pub base: Table,
    /// The series.
    pub series: Vec<Table>,
}

/// What of a run is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// The expected return of the final policy as it is.
    #[default]
    Drawn,
    /// That of its likeliest actions.
    Mode,
    /// The mean return of the last 100 episodes of training.
    Last,
    /// The largest mean return of 100 episodes in a row at any point of the learning curve.
    Best,
}

/// When a run has done what was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The score is at least this.
    AtLeast(f64),
    /// The score falls short of the best there is by at most this share of its size.
    Within(f64),
    /// The score is above what is possible without what the task asks for.
    BeyondWithout,
}

impl Goal {
    /// The least score that is enough.
    ///
    /// # Errors
    /// One sentence, if the task has no such yardstick.
    pub fn least(self, yardstick: Yardstick) -> Result<f64, String> {
        let missing = |what: &str| format!("the task has no {what}; set goal = {{ at-least = … }}");
        match self {
            Self::AtLeast(least) => Ok(least),
            Self::Within(share) => {
                yardstick.most.map(|most| most - share * most.abs()).ok_or_else(|| missing("known optimum"))
            }
            Self::BeyondWithout => yardstick.without.ok_or_else(|| missing("known number without")),
        }
    }
}

impl Judged {
    /// The score of a run; minus infinity if it broke down.
    #[must_use]
    pub fn score(self, run: &Trained) -> f64 {
        let last = run.curve.last().map(|point| point.mean_return);
        let score = match self {
            Self::Drawn => run.evaluation.map(|evaluation| evaluation.drawn.value),
            Self::Mode => run.evaluation.map(|evaluation| evaluation.mode.value),
            Self::Last => run.evaluation.and(last),
            Self::Best => run.curve.iter().map(|point| point.mean_return).reduce(f64::max),
        };
        score.unwrap_or(f64::NEG_INFINITY)
    }

    /// In words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Drawn => "expected return of the final policy",
            Self::Mode => "expected return of the final policy's likeliest actions",
            Self::Last => "mean return of the last 100 episodes of training",
            Self::Best => "best mean return of 100 episodes",
        }
    }
}

/// A series, checked.
#[derive(Debug)]
pub struct Series {
    /// What it is called.
    pub title: String,
    /// The system of a guide that it is a row of, if it is.
    pub system: Option<String>,
    /// What its runs are told.
    pub plan: Plan,
    /// What its scores are measured by.
    pub yardstick: Yardstick,
    /// What is judged.
    pub judged: Judged,
    /// The least score that is enough.
    pub least: Option<f64>,
    /// Whether that was reached when the file was written.
    pub recorded: Verdict,
}

/// An experiment whose every series has been checked.
#[derive(Debug)]
pub struct TrainingPlan {
    /// As its file states it.
    pub experiment: TrainingExperiment,
    /// Its name: its file's, without the extension.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Its series.
    pub series: Vec<Series>,
}

/// The keys of a series that are none of its runs' settings.
#[derive(Deserialize)]
struct Labels {
    label: String,
    system: Option<String>,
    judged: Option<Judged>,
    goal: Option<Goal>,
    #[serde(default)]
    recorded: Verdict,
}

/// The keys of [`Labels`].
const LABELS: [&str; 5] = ["label", "system", "judged", "goal", "recorded"];

impl TrainingPlan {
    /// Reads and checks the experiment at `path`.
    ///
    /// # Errors
    /// [`ExperimentError`] if the file cannot be read or is not an experiment.
    pub fn read(path: &Path) -> Result<Self, ExperimentError> {
        Self::parse(&read_text(path)?, path)
    }

    /// Parses and checks the text of an experiment at `path`.
    ///
    /// # Errors
    /// [`ExperimentError::Invalid`] if it is not an experiment.
    ///
    /// ```
    /// use std::path::Path;
    /// use unbiased::experiment::training::TrainingPlan;
    /// let text = "title = 'A'\nquestion = 'B?'\nfinding = 'C.'\nanalysis = 'D.'\nseeds = 2\n[[series]]\nlabel = 'E'\ntask = 'cart'";
    /// let error = TrainingPlan::parse(text, Path::new("a.toml")).unwrap_err();
    /// assert!(error.to_string().starts_with("a.toml, line 6: series \"E\": task: there is no task \"cart\""));
    /// ```
    pub fn parse(text: &str, path: &Path) -> Result<Self, ExperimentError> {
        let invalid = |line: usize, reason: String| ExperimentError::Invalid { path: path.into(), line, reason };
        let experiment: TrainingExperiment = toml::from_str(text).map_err(|error| invalid_toml(text, path, &error))?;
        let texts = [&experiment.title, &experiment.question, &experiment.finding, &experiment.analysis];
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(invalid(
                1,
                "a title, question, finding or analysis is empty; write what is to be printed".into(),
            ));
        }
        if experiment.seeds == 0 || experiment.seeds > 1000 {
            return Err(invalid(1, format!("{} seeds cannot be run; give a number from 1 to 1000", experiment.seeds)));
        }
        if experiment.series.is_empty() {
            return Err(invalid(1, "there is no [[series]]; add at least one".into()));
        }
        if let Err(error) = experiment.base.clone().try_into::<Settings>() {
            let header = Header { text: "[base]", number: 0 };
            let line =
                quoted(error.message()).first().map_or_else(|| header.line(text), |key| header.line_of(text, key));
            return Err(invalid(line, plain(error.message())));
        }
        let mut series: Vec<Series> = Vec::new();
        for number in 0..experiment.series.len() {
            let line = Header { text: "[[series]]", number }.line(text);
            let one = experiment.series(number).map_err(|reason| invalid(line, reason))?;
            if series.iter().any(|other| other.title == one.title) {
                return Err(invalid(line, format!("two series are called \"{}\"; give each its own label", one.title)));
            }
            series.push(one);
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { experiment, name, path: path.into(), series })
    }
}

impl TrainingExperiment {
    fn series(&self, number: usize) -> Result<Series, String> {
        let own = &self.series[number];
        let labels = own.iter().filter(|(key, _)| LABELS.contains(&key.as_str()));
        let labels: Table = labels.map(|(key, value)| (key.clone(), value.clone())).collect();
        let Labels { label, system, judged, goal, recorded } =
            labels.try_into().map_err(|error: toml::de::Error| plain(error.message()))?;
        let within = |reason: String| format!("series \"{label}\": {reason}");
        let mut table = self.base.clone();
        let settings = own.iter().filter(|(key, _)| !LABELS.contains(&key.as_str()));
        table.extend(settings.map(|(key, value)| (key.clone(), value.clone())));
        let settings: Settings = table.try_into().map_err(|error: toml::de::Error| within(plain(error.message())))?;
        let plan = settings.plan().map_err(|error| within(error.to_string()))?;
        let yardstick = Yardstick::of(plan.task.as_ref());
        let least = goal.or(self.goal).map(|goal| goal.least(yardstick)).transpose().map_err(within)?;
        Ok(Series { title: label, system, plan, yardstick, judged: judged.unwrap_or(self.judged), least, recorded })
    }
}
