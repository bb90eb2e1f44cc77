//! Enumeration of every trajectory, and of every ordered batch of them.

use thiserror::Error;

use super::oracle::Oracle;
use crate::batch::{Batch, Trajectory};
use crate::numeric::{Matrix, Sum};

/// More trajectories or batches than can be enumerated.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[error("there are {count} {what}, more than the {limit} that are enumerated; take a smaller world or batch")]
pub struct TooMany {
    /// How many there are.
    pub count: f64,
    /// How many are enumerated at most.
    pub limit: usize,
    /// What they are.
    pub what: &'static str,
}

/// Every trajectory of positive probability, with its probability.
#[derive(Clone, Debug)]
pub struct Enumeration {
    horizon: usize,
    probabilities: Vec<f64>,
    trajectories: Vec<Trajectory>,
}

/// Exact mean and covariance of a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectMoments {
    /// The expectation.
    pub mean: Vec<f64>,
    /// The covariance matrix.
    pub covariance: Matrix,
}

impl SubjectMoments {
    /// The variance of each component.
    pub fn variance(&self) -> Vec<f64> {
        (0..self.mean.len()).map(|k| self.covariance[(k, k)]).collect()
    }
}

impl Enumeration {
    /// The largest number of trajectories or ordered batches that are enumerated.
    pub const LIMIT: usize = 1_000_000;

    /// The longest horizon whose trajectories are enumerated.
    pub const MOST_STEPS: usize = 1000;

    /// Every trajectory of the oracle's world under its policy.
    ///
    /// A noisy bandit has infinitely many; it is enumerated by its arms, with their mean rewards.
    ///
    /// # Errors
    /// [`TooMany`] if there are more than [`Enumeration::LIMIT`], or longer ones than [`Enumeration::MOST_STEPS`].
    pub fn of(oracle: &Oracle) -> Result<Self, TooMany> {
        let (model, policy) = (oracle.model(), oracle.policy_table());
        if model.horizon > Self::MOST_STEPS {
            return Err(TooMany { count: model.horizon as f64, limit: Self::MOST_STEPS, what: "steps a trajectory" });
        }
        // Count first: a backward pass over the same tree.
        let mut count = vec![1.0; model.states()];
        for t in (0..model.horizon).rev() {
            let possible = |s: usize, action: u32| policy.probabilities(t, model.observation[s])[action as usize] > 0.0;
            let ends = t + 1 == model.horizon;
            count = (0..model.states())
                .map(|s| {
                    let outcomes = model.outcomes(s).iter().filter(|o| possible(s, o.action));
                    outcomes.map(|o| if ends || o.terminated { 1.0 } else { count[o.next as usize] }).sum()
                })
                .collect();
        }
        let total: f64 = (0..model.states()).filter(|&s| model.initial[s] > 0.0).map(|s| count[s]).sum();
        if total > Self::LIMIT as f64 {
            return Err(TooMany { count: total, limit: Self::LIMIT, what: "trajectories" });
        }
        let mut result = Self { horizon: model.horizon, probabilities: Vec::new(), trajectories: Vec::new() };
        for s in (0..model.states()).filter(|&s| model.initial[s] > 0.0) {
            result.extend(oracle, s, model.initial[s], &mut Trajectory::default());
        }
        Ok(result)
    }

    fn extend(&mut self, oracle: &Oracle, s: usize, probability: f64, path: &mut Trajectory) {
        let (model, t) = (oracle.model(), path.len());
        let observation = model.observation[s];
        path.states.push(s as u32);
        path.observations.push(observation as u32);
        for o in model.outcomes(s) {
            let pi = oracle.policy_table().probabilities(t, observation)[o.action as usize];
            let reached = probability * (pi * o.probability);
            if pi == 0.0 {
                continue;
            }
            path.actions.push(o.action);
            path.rewards.push(o.reward);
            path.terminated = o.terminated;
            if o.terminated || t + 1 == model.horizon {
                self.probabilities.push(reached);
                self.trajectories.push(path.clone());
            } else {
                self.extend(oracle, o.next as usize, reached, path);
            }
            path.actions.pop();
            path.rewards.pop();
        }
        path.states.pop();
        path.observations.pop();
    }

    /// The number of trajectories.
    pub fn len(&self) -> usize {
        self.trajectories.len()
    }

    /// Whether there is no trajectory.
    pub fn is_empty(&self) -> bool {
        self.trajectories.is_empty()
    }

    /// Each trajectory with its probability.
    pub fn iter(&self) -> impl Iterator<Item = (f64, &Trajectory)> {
        self.probabilities.iter().copied().zip(&self.trajectories)
    }

    /// The exact moments of `subject` over every ordered batch of `n` independent trajectories.
    ///
    /// The subject sees each batch twice: once for the mean, once for the covariance around it.
    ///
    /// # Errors
    /// [`TooMany`] if there are more than [`Enumeration::LIMIT`] batches.
    ///
    /// # Panics
    /// If `n` is zero or the subject's vectors differ in length.
    pub fn moments(&self, n: usize, mut subject: impl FnMut(&Batch) -> Vec<f64>) -> Result<SubjectMoments, TooMany> {
        self.moments_of(n, &mut subject)
    }

    /// Compiled once, not for each of hundreds of subjects.
    fn moments_of(&self, n: usize, subject: &mut dyn FnMut(&Batch) -> Vec<f64>) -> Result<SubjectMoments, TooMany> {
        assert!(n > 0, "a batch has at least one trajectory");
        let count = crate::numeric::power(self.len() as f64, n);
        if count > Self::LIMIT as f64 {
            return Err(TooMany { count, limit: Self::LIMIT, what: "ordered batches" });
        }
        let mut mean: Vec<Sum> = Vec::new();
        self.for_each_batch(n, &mut |probability, batch| {
            let value = subject(batch);
            mean.resize(value.len(), Sum::new());
            mean.iter_mut().zip(value).for_each(|(sum, v)| sum.add(probability * v));
        });
        let mean: Vec<f64> = mean.into_iter().map(Sum::value).collect();
        let d = mean.len();
        let mut products = vec![Sum::new(); d * d];
        self.for_each_batch(n, &mut |probability, batch| {
            let value = subject(batch);
            assert_eq!(value.len(), d, "a subject's vectors have one length");
            for i in 0..d {
                for j in 0..=i {
                    products[i * d + j].add(probability * (value[i] - mean[i]) * (value[j] - mean[j]));
                }
            }
        });
        let mut covariance = Matrix::zeros(d, d);
        for i in 0..d {
            for j in 0..=i {
                covariance[(i, j)] = products[i * d + j].value();
                covariance[(j, i)] = covariance[(i, j)];
            }
        }
        Ok(SubjectMoments { mean, covariance })
    }

    fn for_each_batch(&self, n: usize, visit: &mut dyn FnMut(f64, &Batch)) {
        let mut members = vec![0; n];
        let mut batch = Batch::new(self.horizon);
        loop {
            batch.clear();
            for &i in &members {
                batch.push(&self.trajectories[i], 0);
            }
            visit(members.iter().map(|&i| self.probabilities[i]).product(), &batch);
            // The next batch, the last member turning fastest.
            let Some(turning) = members.iter().rposition(|&i| i + 1 < self.len()) else { return };
            members[turning] += 1;
            members[turning + 1..].fill(0);
        }
    }
}
