//! From a plan to a record: all runs side by side, each on its own streams.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::file::TrainingPlan;
use super::record::{FORM, SeriesRun, TRAINING, TrainingRecord};
use super::summary::{summarise, thresholds};
use crate::experiment::run::spelled;
use crate::train::{Checkpoint, ForeignCheckpoint, Run, Trained};

/// How often a run leaves a checkpoint: this many times.
const CHECKPOINTS: u64 = 20;

/// What had been finished when a run was stopped, and where the rest stood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// SHA-256 of the experiment, in hexadecimal.
    pub experiment: String,
    /// Finished runs, by `series/run`, both from 0.
    pub finished: BTreeMap<String, Trained>,
    /// Runs that were on their way.
    pub unfinished: BTreeMap<String, Unfinished>,
}

/// Does `work` on each of `units`, begun in order, on as many threads as there are to compute with; after a failure nothing is
/// begun, and the first one is returned.
fn in_order<T: Sync, E: Send>(units: &[T], work: impl Fn(&T) -> Result<(), E> + Sync) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..rayon::current_num_threads().min(units.len()) {
            scope.spawn(|| {
                while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = work(unit) {
                        next.store(units.len(), Ordering::Relaxed);
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// A run that was on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unfinished(Box<Checkpoint>);

impl TrainingPlan {
    /// How many steps of the world all runs take together, about.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.series.iter().map(|series| series.plan.settings.steps * self.experiment.seeds).sum()
    }

    /// Nothing finished yet.
    #[must_use]
    pub fn nothing(&self) -> Kept {
        Kept { experiment: self.hash(), ..Kept::default() }
    }

    /// The finished runs of an earlier record that this plan asks for again: those of series with the same settings, task and
    /// goal, from the same seeds. What else the experiment says may differ: its prose, its other series, how many seeds it has.
    #[must_use]
    pub fn reuse(&self, record: &TrainingRecord) -> Kept {
        let mut kept = self.nothing();
        for (number, series) in self.series.iter().enumerate() {
            let same = |other: &&SeriesRun| other.settings == series.plan.settings && other.least == series.least;
            let Some(earlier) = record.series.iter().find(same) else { continue };
            for k in 0..self.experiment.seeds {
                if let Some(run) = earlier.runs.iter().find(|run| run.seed == self.experiment.seed + k) {
                    kept.finished.insert(format!("{number}/{k}"), run.clone());
                }
            }
        }
        kept
    }

    /// SHA-256 of the experiment, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        crate::experiment::file::hash_of(&self.experiment)
    }

    /// Runs everything that `start` has not. `taken` is told of steps as they are taken, and `keep` is given what is finished, and
    /// where the rest stands, whenever a run has come a part farther.
    ///
    /// # Errors
    /// What `keep` returned, or that a checkpoint in `start` is of another run.
    pub fn run<E: From<ForeignCheckpoint> + Send>(
        &self,
        start: Kept,
        taken: impl Fn(u64) + Sync,
        keep: impl Fn(&Kept) -> Result<(), E> + Sync,
    ) -> Result<TrainingRecord, E> {
        let kept = Mutex::new(start);
        let store = |change: &dyn Fn(&mut Kept)| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut kept);
            keep(&kept)
        };
        let seeds = self.experiment.seeds;
        let units: Vec<(usize, u64)> = (0..self.series.len()).flat_map(|s| (0..seeds).map(move |k| (s, k))).collect();
        // Threads of their own: a run that waits for a large product must not begin another one meanwhile.
        in_order(&units, |(number, k)| -> Result<(), E> {
            let (key, series) = (format!("{number}/{k}"), &self.series[*number]);
            let before = {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(trained) = kept.finished.get(&key) {
                    taken(trained.steps);
                    return Ok(());
                }
                kept.unfinished.get(&key).cloned()
            };
            let mut run = match before {
                Some(Unfinished(at)) => Run::resume(&series.plan, *at, series.least)?,
                None => Run::start(&series.plan, self.experiment.seed + k, series.least),
            };
            taken(run.steps());
            let part = series.plan.settings.steps.div_ceil(CHECKPOINTS);
            while !run.is_over() {
                let earlier = run.steps();
                run.advance();
                taken(run.steps() - earlier);
                if !run.is_over() && run.steps() / part != earlier / part {
                    let at = Unfinished(Box::new(run.checkpoint().clone()));
                    store(&|kept| {
                        kept.unfinished.insert(key.clone(), at.clone());
                    })?;
                }
            }
            let trained = run.result();
            store(&|kept| {
                kept.unfinished.remove(&key);
                kept.finished.insert(key.clone(), trained.clone());
            })
        })?;
        let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(self.record(&kept.finished))
    }

    fn record(&self, finished: &BTreeMap<String, Trained>) -> TrainingRecord {
        let of = |number: usize| -> Vec<Trained> {
            (0..self.experiment.seeds).filter_map(|k| finished.get(&format!("{number}/{k}")).cloned()).collect()
        };
        let all: Vec<Vec<Trained>> = (0..self.series.len()).map(of).collect();
        let scores = thresholds(self.series.iter().zip(all.iter().map(Vec::as_slice)));
        let series = self.series.iter().zip(&all).enumerate().map(|(number, (series, runs))| {
            let first = (number > 0).then(|| (&self.series[0], all[0].as_slice()));
            SeriesRun {
                title: series.title.clone(),
                system: series.system.clone(),
                settings: series.plan.settings.clone(),
                yardstick: series.yardstick,
                judged: series.judged,
                least: series.least,
                recorded: series.recorded,
                summary: summarise(series, runs, first, &scores),
                runs: runs.clone(),
            }
        });
        TrainingRecord {
            record: TRAINING.to_owned(),
            form: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: format!("unbiased train {}", spelled(&self.path)),
            name: self.name.clone(),
            experiment: self.experiment.clone(),
            series: series.collect(),
        }
    }
}
