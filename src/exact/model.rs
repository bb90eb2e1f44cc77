//! A world as the oracle sees it: outcomes with the mean and variance of their rewards.

use super::policy_table::Unanswerable;
use crate::environment::{Bandit, TabularMdp};

/// What can follow an action in a state, given that action.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) action: u32,
    pub(super) next: u32,
    pub(super) terminated: bool,
    /// P(outcome | state, action).
    pub(super) probability: f64,
    /// The mean reward of this outcome.
    pub(super) reward: f64,
    /// The variance of its reward around that mean: 0 but for bandits with noisy arms.
    pub(super) reward_variance: f64,
}

/// States with their outcomes, the clock and the first state's distribution.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) horizon: usize,
    pub(super) discount: f64,
    pub(super) actions: usize,
    pub(super) initial: Vec<f64>,
    pub(super) observation: Vec<usize>,
    pub(super) observations: usize,
    first: Vec<usize>,
    outcomes: Vec<Outcome>,
}

impl Model {
    pub(super) fn of_mdp(mdp: &TabularMdp) -> Self {
        let mut first = vec![0];
        let mut outcomes = Vec::with_capacity(mdp.transition_count());
        for state in 0..mdp.states() {
            for action in 0..mdp.actions() {
                outcomes.extend(mdp.transitions(state, action).iter().map(|t| Outcome {
                    action: action as u32,
                    next: t.next as u32,
                    terminated: t.terminated,
                    probability: t.probability,
                    reward: t.reward,
                    reward_variance: 0.0,
                }));
            }
            first.push(outcomes.len());
        }
        Self {
            horizon: mdp.horizon(),
            discount: mdp.discount(),
            actions: mdp.actions(),
            initial: mdp.initial().to_vec(),
            observation: (0..mdp.states()).map(|s| mdp.observation(s)).collect(),
            observations: mdp.observations(),
            first,
            outcomes,
        }
    }

    pub(super) fn of_bandit(bandit: &Bandit) -> Self {
        let outcomes: Vec<Outcome> = bandit
            .arms()
            .iter()
            .enumerate()
            .map(|(arm, law)| Outcome {
                action: arm as u32,
                next: 0,
                terminated: true,
                probability: 1.0,
                reward: law.mean(),
                reward_variance: law.variance(),
            })
            .collect();
        Self {
            horizon: 1,
            discount: 1.0,
            actions: outcomes.len(),
            initial: vec![1.0],
            observation: vec![0],
            observations: 1,
            first: vec![0, outcomes.len()],
            outcomes,
        }
    }

    /// Refuses worlds with more than twenty million pairs of time and state: a value for each is a third of a gigabyte.
    pub(super) fn check_size(&self) -> Result<(), Unanswerable> {
        let (horizon, states, most) = (self.horizon, self.states(), 20_000_000);
        if horizon.saturating_mul(states) > most {
            return Err(Unanswerable::TooLarge { horizon, states, most });
        }
        Ok(())
    }

    pub(super) fn states(&self) -> usize {
        self.initial.len()
    }

    pub(super) fn outcomes(&self, state: usize) -> &[Outcome] {
        &self.outcomes[self.first[state]..self.first[state + 1]]
    }

    /// The middle of the range of mean rewards.
    pub(super) fn reward_centre(&self) -> f64 {
        let rewards = self.outcomes.iter().map(|o| o.reward);
        let (low, high) = rewards.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), r| (l.min(r), h.max(r)));
        low / 2.0 + high / 2.0
    }

    pub(super) fn all_outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}
