//! Running an experiment: setting by setting, in any order, into one record.

use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::file::{ExperimentError, Source, hexadecimal};
use super::gaussian::{self, GaussianCase};
use super::record::{Comparison, FORM, KIND, PointRecord, ProblemRecord, SettingRecord};
use super::setting::Setting;
use super::tabular::{self, TabularCase, Worlds};
use crate::stats::normal_maximum;
use crate::verify::DEFAULT_SEED;

/// An experiment whose every setting has been checked.
#[derive(Clone, Debug)]
pub struct Plan {
    source: Source,
    problems: Vec<ProblemRecord>,
    /// Setting by setting, series by series.
    cases: Vec<Vec<Case>>,
}

/// One series in one setting.
#[derive(Clone, Debug, PartialEq)]
enum Case {
    Tabular(Box<TabularCase>),
    Gaussian(GaussianCase),
}

impl Case {
    fn new(setting: &Setting, worlds: &mut Worlds, sampled: Option<usize>) -> Result<Self, String> {
        let problem = setting.problem.as_deref().ok_or("no \"problem\" is named; add one to [base]")?;
        let gaussian = problem == gaussian::NAME;
        if let Some(key) = setting.useless_key(gaussian) {
            let kind = if gaussian { "the Gaussian problem" } else { "a finite world" };
            return Err(format!("\"{key}\" means nothing for {kind}; leave it out"));
        }
        if gaussian {
            GaussianCase::new(setting).map(Self::Gaussian)
        } else {
            let case = TabularCase::new(setting, worlds.get(problem)?, sampled)?;
            Ok(Self::Tabular(Box::new(case)))
        }
    }
}

impl Source {
    /// Checks every setting of the experiment.
    ///
    /// # Errors
    /// [`ExperimentError::Setting`] for the first that cannot be measured.
    pub fn plan(self) -> Result<Plan, ExperimentError> {
        let mut worlds = Worlds::beside(&self.path);
        let experiment = &self.experiment;
        let sampled = experiment.sampled.map(|sampling| sampling.trajectories);
        let mut cases = Vec::with_capacity(experiment.settings());
        let mut problems: Vec<ProblemRecord> = Vec::new();
        for index in 0..experiment.settings() {
            let (panel, x) = experiment.place(index);
            let mut row = Vec::with_capacity(experiment.series.len());
            for series in 0..experiment.series.len() {
                let setting = experiment.setting(panel, x, series);
                let name = setting.as_ref().ok().and_then(|setting| setting.problem.clone());
                let case = setting.and_then(|setting| Case::new(&setting, &mut worlds, sampled));
                row.push(case.map_err(|reason| self.refusal(panel, x, series, reason))?);
                if let Some(name) = name.filter(|name| problems.iter().all(|problem| problem.name != *name)) {
                    let hash = match worlds.get(&name) {
                        Ok(world) => tabular::hash(&world.mdp),
                        Err(_) => hexadecimal(&Sha256::digest(name.as_bytes())),
                    };
                    problems.push(ProblemRecord { name, hash });
                }
            }
            cases.push(row);
        }
        let values = experiment.sweep.values.len();
        if values > 1 && cases.chunks(values).all(|panel| panel.iter().all(|row| *row == panel[0])) {
            let name = &experiment.sweep.parameter;
            return Err(self
                .useless_sweep(format!("nothing that is measured reads \"{name}\"; sweep a parameter that it reads")));
        }
        Ok(Plan { source: self, problems, cases })
    }
}

/// Which settings a shard computes: those whose number leaves `index − 1` over `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `count`.
    pub index: usize,
    /// The number of shards.
    pub count: usize,
}

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    fn holds(self, setting: usize) -> bool {
        setting % self.count == self.index - 1
    }
}

impl Plan {
    /// The experiment.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The settings of a shard.
    #[must_use]
    pub fn count(&self, shard: Shard) -> usize {
        (0..self.cases.len()).filter(|index| shard.holds(*index)).count()
    }

    /// The seed that the experiment states, or that of the project.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.source.experiment.seed.unwrap_or(DEFAULT_SEED)
    }

    /// The record of a run with `seed` before anything was computed.
    #[must_use]
    pub fn empty(&self, seed: u64) -> Comparison {
        let Source { experiment, name, path, .. } = &self.source;
        let seeded = if seed == self.seed() { String::new() } else { format!(" --seed {seed}") };
        Comparison {
            record: KIND.to_owned(),
            form: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: format!("unbiased compare {}{seeded}", spelled(path)),
            name: name.clone(),
            seed,
            experiment: experiment.clone(),
            experiment_hash: experiment.hash(),
            problems: self.problems.clone(),
            settings: experiment.settings(),
            results: Vec::new(),
        }
    }

    /// Why a record cannot be gone on with, if it cannot.
    #[must_use]
    pub fn refuses(&self, record: &Comparison) -> Option<&'static str> {
        self.empty(record.seed).difference(record)
    }

    /// Computes what `record` lacks of a shard; `keep` is called with the record after every setting, and may stop the run.
    ///
    /// # Errors
    /// [`ExperimentError::Setting`] for a setting that turned out not to be measurable, or what `keep` returned.
    ///
    /// # Panics
    /// If another thread panicked while it computed.
    pub fn run<E: Send + From<ExperimentError>>(
        &self,
        record: Comparison,
        shard: Shard,
        keep: impl Fn(&Comparison) -> Result<(), E> + Sync,
    ) -> Result<Comparison, E> {
        let there = |index: &usize| record.results.iter().any(|setting| setting.index == *index);
        let todo: Vec<usize> = (0..self.cases.len()).filter(|i| shard.holds(*i) && !there(i)).collect();
        let seed = record.seed;
        let shared = Mutex::new(record);
        todo.into_par_iter().try_for_each(|index| {
            let setting = self.measure(index, seed)?;
            let mut record = shared.lock().expect("no thread panicked");
            let place = record.results.partition_point(|other| other.index < index);
            record.results.insert(place, setting);
            keep(&record)
        })?;
        Ok(shared.into_inner().expect("no thread panicked"))
    }

    fn measure(&self, index: usize, seed: u64) -> Result<SettingRecord, ExperimentError> {
        let experiment = &self.source.experiment;
        let (panel, x) = experiment.place(index);
        let trajectories = experiment.sampled.map(|sampling| sampling.trajectories);
        let titles = experiment.series_titles();
        let mut points = Vec::with_capacity(titles.len());
        for (series, (case, title)) in self.cases[index].iter().zip(&titles).enumerate() {
            let stream = format!("compare/{}/{panel}/{x}/{title}", self.source.name);
            let asked = &experiment.metrics;
            let point: Result<PointRecord, String> = match case {
                Case::Tabular(case) => case.measure(asked, trajectories, seed, &stream),
                Case::Gaussian(case) => case.measure(asked, trajectories, seed, &stream),
            };
            let point = point
                .map(|point| PointRecord { parameters: point.parameters.filter(|_| experiment.parameters), ..point });
            points.push(point.map_err(|reason| self.source.refusal(panel, x, series, reason))?);
        }
        Ok(SettingRecord { index, panel, x, points })
    }
}

/// A path as a shell takes it. An absolute one says where somebody's files are: its last part must do.
pub(super) fn spelled(path: &Path) -> String {
    let path = if path.is_absolute() { path.file_name().map_or(path, Path::new) } else { path };
    let text = path.to_string_lossy().replace('\\', "/");
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '-' | '_');
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// How a whole record's sampled numbers stand to its exact ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overall {
    /// The points at which both routes exist.
    pub points: usize,
    /// The numbers compared.
    pub comparisons: usize,
    /// The largest distance of a mean's component, in standard errors.
    pub mean: f64,
    /// The largest distance of a metric, in standard errors.
    pub metrics: f64,
    /// The largest relative standard error of a sampled variance.
    pub resolution: f64,
}

/// The probability that sampling is said to contradict the exact route although both are right, if errors are normal.
const FALSE_ALARM: f64 = 1e-6;

impl Overall {
    /// The larger of the two distances, in standard errors.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.mean.max(self.metrics)
    }

    /// The distance that as many standard normal errors exceed with probability one in a million.
    #[must_use]
    pub fn limit(&self) -> f64 {
        normal_maximum(self.comparisons, 1.0 - FALSE_ALARM)
    }

    /// Whether no number lies further from its exact value than that.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.worst() <= self.limit()
    }
}

impl Comparison {
    /// The agreement of sampling with the exact route over all points.
    #[must_use]
    pub fn overall(&self) -> Overall {
        self.overall_of(None)
    }

    /// The same over the points of one panel, or of all.
    #[must_use]
    pub fn overall_of(&self, panel: Option<usize>) -> Overall {
        let settings = self.results.iter().filter(|setting| panel.is_none_or(|panel| setting.panel == panel));
        let points = settings.flat_map(|setting| &setting.points).filter_map(|point| point.agreement);
        points.fold(Overall::default(), |all, point| Overall {
            points: all.points + 1,
            comparisons: all.comparisons + point.comparisons,
            mean: all.mean.max(point.mean),
            metrics: all.metrics.max(point.metrics),
            resolution: all.resolution.max(point.resolution),
        })
    }
}
