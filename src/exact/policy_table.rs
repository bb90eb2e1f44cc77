//! A policy as the oracle sees it: probabilities and their derivatives, by forward duals.

use thiserror::Error;

use crate::autodiff::Dual;
use crate::numeric::simd::Level;
use crate::policy::Policy;

/// Why the oracle has no answer: the policy does not fit the world, or the world is too large.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unanswerable {
    /// Another number of observations or actions.
    #[error(
        "the policy covers {observations} observations and {actions} actions, \
         the world has {world_observations} and {world_actions}"
    )]
    Shape {
        /// Observations of the policy.
        observations: usize,
        /// Actions of the policy.
        actions: usize,
        /// Observations of the world.
        world_observations: usize,
        /// Actions of the world.
        world_actions: usize,
    },
    /// Time-indexed parameters where all steps must share them.
    #[error("the policy has parameters of its own for each of {steps} steps; this evaluation needs one for all")]
    TimeIndexed {
        /// Steps of the policy.
        steps: usize,
    },
    /// More values than fit into memory with comfort.
    #[error(
        "a horizon of {horizon} with {states} states makes {} values, more than the {most} that are kept; \
         shorten the horizon",
        u128::from(*horizon as u64) * u128::from(*states as u64)
    )]
    TooLarge {
        /// The horizon.
        horizon: usize,
        /// The number of states.
        states: usize,
        /// The most values that are kept.
        most: usize,
    },
    /// More moments than fit into memory with comfort.
    #[error(
        "{states} states that can meet, with {parameters} parameters, need {gibibytes} GiB for their moments, \
         more than the 4 that are used; take a smaller world or share parameters"
    )]
    TooWide {
        /// The states of the largest part of the world.
        states: usize,
        /// Its parameters.
        parameters: usize,
        /// The memory that the recursion would take.
        gibibytes: usize,
    },
    /// Time-indexed parameters for another horizon.
    #[error("the policy has parameters for {steps} steps, the world's horizon is {horizon}")]
    Steps {
        /// Steps of the policy.
        steps: usize,
        /// The horizon.
        horizon: usize,
    },
}

/// Probabilities `π_t(a|o)` and the derivatives `∂π_t(a|o)/∂θ_k` of the parameters that matter there.
///
/// The derivatives come from the probabilities by forward-mode differentiation; the policy's own score is never
/// asked, so that a wrong score cannot cancel on both sides of a comparison.
#[derive(Clone, Debug)]
pub(super) struct PolicyTable {
    actions: usize,
    observations: usize,
    copies: usize,
    time_indexed: bool,
    parameters: usize,
    probabilities: Vec<f64>,
    first: Vec<usize>,
    support: Vec<u32>,
    derivatives: Vec<f64>,
}

/// Numbers with `K` tangents: the probabilities, and the parameters of one slot; and a sum of derivatives.
struct Buffers<const K: usize> {
    out: Vec<Dual<K>>,
    local: Vec<Dual<K>>,
    others: Vec<f64>,
}

impl<const K: usize> Buffers<K> {
    fn new(actions: usize) -> Self {
        Self { out: vec![Dual::from(0.0); actions], local: Vec::new(), others: Vec::new() }
    }
}

impl PolicyTable {
    pub(super) fn of<P: Policy>(policy: &P) -> Self {
        let (actions, observations) = (policy.actions(), policy.observations());
        let copies = policy.time_indexed().unwrap_or(1);
        let theta = policy.parameters();
        let mut table = Self {
            actions,
            observations,
            copies,
            time_indexed: policy.time_indexed().is_some(),
            parameters: theta.len(),
            probabilities: vec![0.0; copies * observations * actions],
            first: vec![0],
            support: Vec::new(),
            derivatives: Vec::new(),
        };
        let (mut few, mut many) = (Buffers::<8>::new(actions), Buffers::<16>::new(actions));
        let level = Level::best();
        for slot in 0..copies * observations {
            let (t, observation) = (slot / observations, slot % observations);
            let support = policy.support(t, observation);
            // As few evaluations as possible, and no more tangents than needed.
            level.run(
                #[inline(always)]
                || {
                    if support.len() <= 8 {
                        table.differentiate(policy, t, observation, &support, &mut few);
                    } else {
                        table.differentiate(policy, t, observation, &support, &mut many);
                    }
                },
            );
            table.support.extend(support.iter().map(|&k| k as u32));
            table.first.push(table.support.len());
        }
        table
    }

    /// The probabilities of `behaviour` with the derivatives of `target`: a table whose "score" is `∇π/μ = ρψ`.
    pub(super) fn mixed(behaviour: &Self, target: &Self) -> Self {
        let copies = behaviour.copies.max(target.copies);
        let mut table = Self {
            copies,
            time_indexed: behaviour.time_indexed || target.time_indexed,
            probabilities: Vec::with_capacity(copies * target.observations * target.actions),
            first: vec![0],
            support: Vec::new(),
            derivatives: Vec::new(),
            ..*target
        };
        for t in 0..copies {
            for observation in 0..target.observations {
                table.probabilities.extend(behaviour.probabilities(t, observation));
                table.support.extend(target.support(t, observation));
                table.first.push(table.support.len());
                for action in 0..target.actions {
                    table.derivatives.extend(target.derivatives(t, observation, action));
                }
            }
        }
        table
    }

    /// Appends the derivatives at one slot, `K` parameters at a time, and sets its probabilities.
    #[inline(always)]
    fn differentiate<const K: usize, P: Policy>(
        &mut self,
        policy: &P,
        t: usize,
        observation: usize,
        support: &[usize],
        Buffers { out, local, others }: &mut Buffers<K>,
    ) {
        let (actions, width) = (self.actions, support.len());
        local.clear();
        local.extend(support.iter().map(|&k| Dual::from(policy.parameters()[k])));
        let start = self.derivatives.len();
        self.derivatives.resize(start + actions * width, 0.0);
        let probabilities = self.slot(t, observation) * actions;
        // At least once, for the probabilities of a policy without parameters here.
        for first in (0..width.max(1)).step_by(K) {
            let directions = first..width.min(first + K);
            directions.clone().for_each(|j| local[j].tangents[j - first] = 1.0);
            policy.probabilities_over(t, observation, local, out);
            directions.clone().for_each(|j| local[j].tangents[j - first] = 0.0);
            for (action, dual) in out.iter().enumerate() {
                self.probabilities[probabilities + action] = dual.value;
                let row = start + action * width;
                directions.clone().for_each(|j| self.derivatives[row + j] = dual.tangents[j - first]);
            }
        }
        // Derivatives sum to zero over the actions. For the likeliest action they are a difference of nearly equal
        // numbers when the policy is confident, so they are taken from the others.
        let own = &self.probabilities[probabilities..probabilities + actions];
        let likeliest = (0..actions).max_by(|&a, &b| own[a].total_cmp(&own[b])).unwrap_or(0);
        others.clear();
        others.resize(width, 0.0);
        for (action, row) in self.derivatives[start..].chunks_exact(width.max(1)).enumerate() {
            if action != likeliest {
                others.iter_mut().zip(row).for_each(|(sum, x)| *sum -= x);
            }
        }
        self.derivatives[start + likeliest * width..][..width].copy_from_slice(others);
    }

    pub(super) fn check(&self, observations: usize, actions: usize, horizon: usize) -> Result<(), Unanswerable> {
        if (self.observations, self.actions) != (observations, actions) {
            return Err(Unanswerable::Shape {
                observations: self.observations,
                actions: self.actions,
                world_observations: observations,
                world_actions: actions,
            });
        }
        if self.time_indexed && self.copies != horizon {
            return Err(Unanswerable::Steps { steps: self.copies, horizon });
        }
        Ok(())
    }

    /// `∂ log π_t(a|o)/∂θ_k`, from the probability and its derivative; 0 where the action has no probability.
    pub(super) fn score(&self, t: usize, observation: usize, action: usize, parameter: u32) -> f64 {
        let Ok(place) = self.support(t, observation).binary_search(&parameter) else { return 0.0 };
        let p = self.probabilities(t, observation)[action];
        if p > 0.0 { self.derivatives(t, observation, action)[place] / p } else { 0.0 }
    }

    /// The number of parameters, `d`.
    pub(super) fn parameters(&self) -> usize {
        self.parameters
    }

    /// The number of different steps: 1 for a stationary policy, else the horizon.
    pub(super) fn copies(&self) -> usize {
        self.copies
    }

    fn slot(&self, t: usize, observation: usize) -> usize {
        if self.copies == 1 { observation } else { t * self.observations + observation }
    }

    /// `π_t(· | observation)`.
    pub(super) fn probabilities(&self, t: usize, observation: usize) -> &[f64] {
        let slot = self.slot(t, observation);
        &self.probabilities[slot * self.actions..(slot + 1) * self.actions]
    }

    /// The parameters that matter at `(t, observation)`, ascending.
    pub(super) fn support(&self, t: usize, observation: usize) -> &[u32] {
        let slot = self.slot(t, observation);
        &self.support[self.first[slot]..self.first[slot + 1]]
    }

    /// `∂π_t(action | observation)/∂θ_k` for the parameters of [`PolicyTable::support`], in its order.
    pub(super) fn derivatives(&self, t: usize, observation: usize, action: usize) -> &[f64] {
        let slot = self.slot(t, observation);
        let (first, width) = (self.first[slot] * self.actions, self.first[slot + 1] - self.first[slot]);
        &self.derivatives[first + action * width..first + (action + 1) * width]
    }
}
