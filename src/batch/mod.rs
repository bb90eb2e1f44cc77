//! Third floor: data. It must not know how trajectories were sampled, nor the truth about them.
//!
//! A [`Batch`] is a struct of arrays `[N, T]`, row by row; trajectories may be shorter than `T`, and what stands past
//! a trajectory's length is padding that no estimator may read. A [`PaddedBatch`] is the same as training
//! code holds it, padding included. A [`MeasureValuedNoise`] is what one estimate of a normal
//! law's gradient draws.

mod noise;
mod padded;

pub use noise::MeasureValuedNoise;
pub use padded::{PaddedBatch, Settings, Whole};

use crate::policy::Policy;

/// One trajectory: what happened, step by step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trajectory {
    /// The states s_t (the oracle's data; a subject sees observations).
    pub states: Vec<u32>,
    /// The observations o_t.
    pub observations: Vec<u32>,
    /// The actions a_t.
    pub actions: Vec<u32>,
    /// The rewards r_t.
    pub rewards: Vec<f64>,
    /// Whether the world ended (value 0 afterwards); otherwise the clock did.
    pub terminated: bool,
}

impl Trajectory {
    /// The number of steps.
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }
}

/// `N` trajectories of at most `T` steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    steps: usize,
    lengths: Vec<usize>,
    terminated: Vec<bool>,
    states: Vec<u32>,
    observations: Vec<u32>,
    actions: Vec<u32>,
    rewards: Vec<f64>,
    groups: Vec<u32>,
    behaviour_log_probs: Option<Vec<f64>>,
    values: Option<Vec<f64>>,
}

impl Batch {
    /// An empty batch for trajectories of at most `steps` steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { steps, ..Self::default() }
    }

    /// A batch of the given trajectories, all in group 0.
    ///
    /// # Panics
    /// If one is longer than `steps`.
    pub fn of<'a>(steps: usize, trajectories: impl IntoIterator<Item = &'a Trajectory>) -> Self {
        let mut batch = Self::new(steps);
        trajectories.into_iter().for_each(|trajectory| batch.push(trajectory, 0));
        batch
    }

    /// Removes every trajectory and keeps the memory.
    pub fn clear(&mut self) {
        self.lengths.clear();
        self.terminated.clear();
        self.states.clear();
        self.observations.clear();
        self.actions.clear();
        self.rewards.clear();
        self.groups.clear();
        self.behaviour_log_probs = None;
        self.values = None;
    }

    /// Adds a trajectory that belongs to `group` (a prompt, where there are prompts).
    ///
    /// # Panics
    /// If it is longer than the batch's steps, if its columns differ in length, or once per-step extras were set.
    pub fn push(&mut self, trajectory: &Trajectory, group: u32) {
        let length = trajectory.len();
        assert!(length <= self.steps, "a trajectory of {length} steps does not fit a batch of {}", self.steps);
        assert!(
            [trajectory.states.len(), trajectory.observations.len(), trajectory.actions.len()] == [length; 3],
            "a trajectory has one state, observation, action and reward a step"
        );
        assert!(
            self.behaviour_log_probs.is_none() && self.values.is_none(),
            "add trajectories before their log-probabilities and values"
        );
        self.lengths.push(length);
        self.terminated.push(trajectory.terminated);
        self.groups.push(group);
        let end = self.lengths.len() * self.steps;
        for (column, entries) in [
            (&mut self.states, &trajectory.states),
            (&mut self.observations, &trajectory.observations),
            (&mut self.actions, &trajectory.actions),
        ] {
            column.extend_from_slice(entries);
            column.resize(end, 0);
        }
        self.rewards.extend_from_slice(&trajectory.rewards);
        self.rewards.resize(end, 0.0);
    }

    /// The same batch with `log μ(a_t | s_t)` of the policy that acted, `[N, T]`.
    ///
    /// # Panics
    /// If the length is not `N·T`.
    #[must_use]
    pub fn with_behaviour_log_probs(mut self, log_probs: Vec<f64>) -> Self {
        assert_eq!(log_probs.len(), self.rewards.len(), "one log-probability a step");
        self.behaviour_log_probs = Some(log_probs);
        self
    }

    /// The same batch with the log-probabilities of the policy that acted.
    #[must_use]
    pub fn acted_by(self, behaviour: &dyn Policy) -> Self {
        let log_prob =
            |i: usize, t: usize| behaviour.log_prob(t, self.observations(i)[t] as usize, self.actions(i)[t] as usize);
        let log_probs = self.column(log_prob);
        self.with_behaviour_log_probs(log_probs)
    }

    /// A number for each step, `[N, T]`, and 0 in the padding.
    pub fn column(&self, entry: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        let mut column = vec![0.0; self.len() * self.steps];
        for i in 0..self.len() {
            for t in 0..self.length(i) {
                column[i * self.steps + t] = entry(i, t);
            }
        }
        column
    }

    /// The same batch with a critic's values of the states visited, `[N, T]`.
    ///
    /// # Panics
    /// If the length is not `N·T`.
    #[must_use]
    pub fn with_values(mut self, values: Vec<f64>) -> Self {
        assert_eq!(values.len(), self.rewards.len(), "one value a step");
        self.values = Some(values);
        self
    }

    /// The number of trajectories, `N`.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is no trajectory.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The largest number of steps, `T`: the length of a row.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The number of steps of trajectory `i`.
    pub fn length(&self, i: usize) -> usize {
        self.lengths[i]
    }

    /// Whether the world, and not the clock, ended trajectory `i`.
    pub fn terminated(&self, i: usize) -> bool {
        self.terminated[i]
    }

    /// The group (prompt) of trajectory `i`.
    pub fn group(&self, i: usize) -> u32 {
        self.groups[i]
    }

    /// The states of trajectory `i`, without padding.
    pub fn states(&self, i: usize) -> &[u32] {
        &self.states[self.row(i)]
    }

    /// The observations of trajectory `i`, without padding.
    pub fn observations(&self, i: usize) -> &[u32] {
        &self.observations[self.row(i)]
    }

    /// The actions of trajectory `i`, without padding.
    pub fn actions(&self, i: usize) -> &[u32] {
        &self.actions[self.row(i)]
    }

    /// The rewards of trajectory `i`, without padding.
    pub fn rewards(&self, i: usize) -> &[f64] {
        &self.rewards[self.row(i)]
    }

    /// The behaviour policy's log-probabilities of trajectory `i`, where they were recorded.
    pub fn behaviour_log_probs(&self, i: usize) -> Option<&[f64]> {
        self.behaviour_log_probs.as_ref().map(|column| &column[self.row(i)])
    }

    /// The critic's values along trajectory `i`, where there are any.
    pub fn values(&self, i: usize) -> Option<&[f64]> {
        self.values.as_ref().map(|column| &column[self.row(i)])
    }

    /// A copy of trajectory `i`, without padding.
    pub fn trajectory(&self, i: usize) -> Trajectory {
        Trajectory {
            states: self.states(i).to_vec(),
            observations: self.observations(i).to_vec(),
            actions: self.actions(i).to_vec(),
            rewards: self.rewards(i).to_vec(),
            terminated: self.terminated(i),
        }
    }

    fn row(&self, i: usize) -> std::ops::Range<usize> {
        i * self.steps..i * self.steps + self.lengths[i]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ragged_batch_shows_no_padding() {
        let step = |n: usize| Trajectory {
            states: vec![1; n],
            observations: vec![2; n],
            actions: vec![3; n],
            rewards: vec![0.5; n],
            terminated: n == 1,
        };
        let batch = Batch::of(3, [&step(1), &step(3)]);
        assert_eq!((batch.len(), batch.steps(), batch.length(0), batch.length(1)), (2, 3, 1, 3));
        assert_eq!(batch.rewards(0), [0.5]);
        assert_eq!(batch.actions(1), [3; 3]);
        assert!(batch.terminated(0) && !batch.terminated(1));
        assert_eq!(batch.trajectory(1), step(3));
        let batch = batch.with_values((0..6).map(f64::from).collect());
        assert_eq!(batch.values(0), Some(&[0.0][..]));
        assert_eq!(batch.values(1), Some(&[3.0, 4.0, 5.0][..]));
    }
}
