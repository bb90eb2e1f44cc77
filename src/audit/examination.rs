//! A subject on the table: its answers, its exact moments in each setting, and what it reads.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::fault::Fault;
use super::functions;
use super::situation::{Edition, Laid, REJECTED, SITUATIONS, Situation, named};
use super::subject::{Body, Fragment, Promises, Subject};
use crate::batch::PaddedBatch;
use crate::numeric;

/// Exact moments of an estimate from a whole batch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moments {
    /// The expectation.
    pub(super) mean: Vec<f64>,
    /// The total variance, times the number of sequences.
    pub(super) trace: f64,
    /// The largest length of an estimate.
    pub(super) largest: f64,
}

/// A subject that is being audited.
#[derive(Debug)]
pub struct Examination<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) edition: Edition,
    /// A world that the user brought.
    pub(super) theirs: Option<&'a Situation>,
    moments: Mutex<BTreeMap<&'static str, Result<Moments, Fault>>>,
}

impl<'a> Examination<'a> {
    pub(super) fn new(subject: &'a Subject<'a>, edition: Edition) -> Self {
        Self { subject, edition, theirs: None, moments: Mutex::default() }
    }

    pub(super) fn with_theirs(self, theirs: Option<&'a Situation>) -> Self {
        Self { theirs, ..self }
    }

    pub(super) fn promises(&self) -> &Promises {
        &self.subject.promises
    }

    pub(super) fn situation(&self, id: &str) -> &'static Situation {
        named(id).situation(self.edition)
    }

    /// The weights of scores, if the subject has such: those of a loss are `−N ∂L/∂log π`.
    pub(super) fn weights(&self, batch: &PaddedBatch) -> Option<Result<Vec<f64>, Fault>> {
        let (rule, factor) = match &self.subject.body {
            Body::Weights(rule) => (rule, 1.0),
            Body::Loss(rule) => (rule, -(batch.len() as f64)),
            _ => return None,
        };
        let answer = rule(batch).and_then(|mut weights| {
            let expected = batch.len() * batch.steps;
            if weights.len() != expected {
                let what = format!("one a step, [{}, {}]", batch.len(), batch.steps);
                return Err(Fault::Length { found: weights.len(), expected, what });
            }
            for w in &mut weights {
                *w *= factor;
            }
            let real = batch.mask();
            match (0..expected).find(|k| real[*k] && !weights[*k].is_finite()) {
                Some(index) => Err(Fault::NotFinite { index, value: weights[index].to_string() }),
                None => Ok(weights),
            }
        });
        Some(answer)
    }

    /// The estimate of `∇J` from a batch.
    pub(super) fn estimate(&self, laid: &Laid) -> Result<Vec<f64>, Fault> {
        let (batch, scores) = (&laid.batch, &laid.scores);
        let d = scores.parameters;
        if let Some(weights) = self.weights(batch) {
            let weights = weights?;
            let mut gradient = vec![0.0; d];
            let share = 1.0 / batch.len() as f64;
            for k in (0..batch.len()).flat_map(|i| batch.row(i)) {
                if weights[k] != 0.0 {
                    let w = weights[k] * share;
                    gradient.iter_mut().zip(scores.of(k)).for_each(|(g, psi)| *g += w * psi);
                }
            }
            return Ok(gradient);
        }
        let Body::Gradient(estimator) = &self.subject.body else {
            return Err(Fault::Program("it does not estimate a gradient".to_owned()));
        };
        let gradient = estimator(batch, scores)?;
        if gradient.len() != d {
            return Err(Fault::Length { found: gradient.len(), expected: d, what: "one a parameter".to_owned() });
        }
        match gradient.iter().position(|x| !x.is_finite()) {
            Some(index) => Err(Fault::NotFinite { index, value: gradient[index].to_string() }),
            None => Ok(gradient),
        }
    }

    /// Advantages of a fragment.
    pub(super) fn advantages(&self, fragment: &Fragment) -> Result<Vec<f64>, Fault> {
        let Body::Advantages(rule) = &self.subject.body else {
            return Err(Fault::Program("it does not give advantages".to_owned()));
        };
        checked(rule(fragment)?, fragment.rewards.len(), "one a step")
    }

    /// What a function of numbers answers; `expected` is how many it should give.
    pub(super) fn numbers(&self, x: &[f64], expected: usize) -> Result<Vec<f64>, Fault> {
        let Body::Numbers(_, function) = &self.subject.body else {
            return Err(Fault::Program("it is no function of numbers".to_owned()));
        };
        checked(function(x)?, expected, "as its kind has them")
    }

    /// The exact moments in a setting, computed once.
    pub(super) fn moments(&self, id: &'static str) -> Result<Moments, Fault> {
        if let Some(known) = self.moments.lock().expect("no thread panicked").get(id) {
            return known.clone();
        }
        let answer = self.moments_in(self.situation(id));
        self.moments.lock().expect("no thread panicked").insert(id, answer.clone());
        answer
    }

    /// The exact moments in any setting.
    pub(super) fn moments_in(&self, situation: &Situation) -> Result<Moments, Fault> {
        let d = situation.world.parameters();
        let mut sums = vec![numeric::Sum::new(); d];
        let mut square = numeric::Sum::new();
        let mut largest = 0.0_f64;
        situation.for_each_batch(self.promises(), |probability, laid| {
            let estimate = self.estimate(laid)?;
            let length = numeric::sum(estimate.iter().map(|x| x * x));
            sums.iter_mut().zip(&estimate).for_each(|(sum, x)| sum.add(probability * x));
            square.add(probability * length);
            largest = largest.max(length);
            Ok::<(), Fault>(())
        })?;
        let mean: Vec<f64> = sums.into_iter().map(numeric::Sum::value).collect();
        let bias = numeric::sum(mean.iter().map(|x| x * x));
        let trace = (square.value() - bias).max(0.0) * situation.len() as f64;
        Ok(Moments { mean, trace, largest: largest.sqrt() })
    }

    /// The smallest batch, in steps, of which `wrong` says something, in the settings `among`, from the smallest on.
    pub(super) fn smallest(
        &self,
        among: &[&'static str],
        mut wrong: impl FnMut(&Laid) -> Result<Option<String>, Fault>,
    ) -> Result<Option<(String, Laid)>, Fault> {
        for id in among {
            let mut found: Option<(String, Laid)> = None;
            self.situation(id).for_each_batch(self.promises(), |_, laid| {
                let smaller =
                    found.as_ref().is_none_or(|(_, other)| laid.batch.real_steps() < other.batch.real_steps());
                if smaller && let Some(what) = wrong(laid)? {
                    found = Some((format!("in \"{id}\": {what}"), laid.clone()));
                }
                Ok::<(), Fault>(())
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The expected gradients in all settings: what tells estimators apart. A setting that the subject has no answer in is left
    /// out, and that with a rejected answer where it promises nothing for it.
    pub(super) fn fingerprint(&self) -> BTreeMap<&'static str, Vec<f64>> {
        if let Some(answers) = functions::fingerprint(self) {
            return answers.map(|answers| BTreeMap::from([("answers", answers)])).unwrap_or_default();
        }
        let asked = SITUATIONS.iter().filter(|plan| plan.id != REJECTED || self.promises().rejections);
        let means = asked.filter_map(|plan| Some((plan.id, self.moments(plan.id).ok()?.mean)));
        let mut all: BTreeMap<&'static str, Vec<f64>> = means.collect();
        if let Ok(mean) = self.in_micro_batches("penalty-ragged") {
            all.insert("in micro-batches", mean);
        }
        all
    }

    /// The expected gradient where every batch is cut in the middle and the halves are averaged.
    fn in_micro_batches(&self, id: &str) -> Result<Vec<f64>, Fault> {
        let situation = self.situation(id);
        let mut mean = vec![0.0; situation.world.parameters()];
        situation.for_each_batch(self.promises(), |probability, laid| {
            for half in laid.halves() {
                let estimate = self.estimate(&half)?;
                mean.iter_mut().zip(estimate).for_each(|(mean, x)| *mean += 0.5 * probability * x);
            }
            Ok::<(), Fault>(())
        })?;
        Ok(mean)
    }
}

fn checked(answer: Vec<f64>, expected: usize, what: &str) -> Result<Vec<f64>, Fault> {
    if answer.len() != expected {
        return Err(Fault::Length { found: answer.len(), expected, what: what.to_owned() });
    }
    match answer.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Fault::NotFinite { index, value: answer[index].to_string() }),
        None => Ok(answer),
    }
}
