//! Trajectories of a finite world under a policy.

use rayon::prelude::*;
use thiserror::Error;

use super::LANES;
use super::alias::{self, Entry};
use super::lanes::LaneBatch;
use crate::batch::{Batch, Trajectory};
use crate::environment::TabularMdp;
use crate::numeric::simd::Level;
use crate::policy::Policy;
use crate::rng::{LaneWords, StreamKey};
use crate::stats::Moments;

/// How many trajectories make a block of work. Part of every sampled result: never change it lightly.
pub const BLOCK: usize = 4096;

/// Why a world cannot be sampled under a policy.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum UnsampleableWorld {
    /// An outcome is too rare for a 32-bit draw.
    #[error(
        "state {state}, action {action}: an outcome of probability {probability:.3e} would round to zero in a draw of \
         32 bits; make the policy less certain or drop the outcome"
    )]
    Vanishing {
        /// The state, or the first state's number if `action` is absent.
        state: usize,
        /// The action.
        action: usize,
        /// The probability of action and outcome together.
        probability: f64,
    },
    /// An initial probability is too small for a 32-bit draw.
    #[error("the initial probability {probability:.3e} of state {state} would round to zero in a draw of 32 bits")]
    VanishingStart {
        /// The state.
        state: usize,
        /// Its probability.
        probability: f64,
    },
    /// A state with more than 65,536 outcomes over all actions.
    #[error("a state has {outcomes} outcomes over all actions, more than the {most} that one draw decides")]
    TooManyOutcomes {
        /// The largest number found.
        outcomes: usize,
        /// The most that fit.
        most: usize,
    },
    /// Parameters for each step of another horizon.
    #[error("the policy has parameters for {steps} steps, the world's horizon is {horizon}")]
    Steps {
        /// Steps of the policy.
        steps: usize,
        /// The horizon.
        horizon: usize,
    },
    /// Numbers that are not a distribution.
    #[error("the probabilities of the arms sum to {sum}, not 1, or one is not a number between 0 and 1; mend them")]
    Distribution {
        /// Their sum.
        sum: f64,
    },
    /// The policy does not fit the world.
    #[error("the policy has {observations} observations and {actions} actions, unlike the world")]
    Shape {
        /// Observations of the policy.
        observations: usize,
        /// Actions of the policy.
        actions: usize,
    },
}

/// What one outcome of a state means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) reward: f64,
    /// `observation · A + action`; one past the last cell for steps after the end.
    pub(super) cell: u32,
    pub(super) state: u32,
}

/// Draws trajectories: action and next state jointly, one draw a step.
#[derive(Clone, Debug)]
pub struct Sampler {
    pub(super) horizon: usize,
    pub(super) discount: f64,
    pub(super) states: usize,
    pub(super) actions: usize,
    pub(super) observations: usize,
    /// Buckets a state.
    pub(super) width: usize,
    /// `[copies][S + 1][width]`: the alias tables of each state, and of the end, which leads to itself.
    pub(super) entries: Vec<Entry>,
    copies: usize,
    start: Vec<Entry>,
    /// By `state · width + local outcome`: the first entry of the next state's table.
    pub(super) next: Vec<u32>,
    pub(super) outcomes: Vec<Outcome>,
    terminated: Vec<bool>,
    /// Whether any outcome terminates.
    pub(super) terminates: bool,
    pub(super) level: Level,
}

impl Sampler {
    /// A sampler of `policy` in `mdp`.
    ///
    /// # Errors
    /// [`UnsampleableWorld`] if a probability is too small for a 32-bit draw, or the policy does not fit.
    pub fn new(mdp: &TabularMdp, policy: &dyn Policy) -> Result<Self, UnsampleableWorld> {
        let (states, actions) = (mdp.states(), mdp.actions());
        if (policy.observations(), policy.actions()) != (mdp.observations(), actions) {
            return Err(UnsampleableWorld::Shape { observations: policy.observations(), actions: policy.actions() });
        }
        if let Some(steps) = policy.time_indexed().filter(|steps| *steps != mdp.horizon()) {
            return Err(UnsampleableWorld::Steps { steps, horizon: mdp.horizon() });
        }
        let rows = |s: usize| (0..actions).flat_map(move |a| mdp.transitions(s, a).iter().map(move |t| (a, t)));
        let width = (0..states).map(|s| rows(s).count()).max().unwrap_or(1);
        if width > alias::MOST_OUTCOMES {
            return Err(UnsampleableWorld::TooManyOutcomes { outcomes: width, most: alias::MOST_OUTCOMES });
        }
        let copies = policy.time_indexed().unwrap_or(1);
        let end = states * width;
        let ended = Outcome { reward: 0.0, cell: (mdp.observations() * actions) as u32, state: states as u32 };
        let mut sampler = Self {
            horizon: mdp.horizon(),
            discount: mdp.discount(),
            states,
            actions,
            observations: mdp.observations(),
            width,
            entries: Vec::with_capacity(copies * (states + 1) * width),
            copies,
            start: Vec::new(),
            next: vec![end as u32; end + width],
            outcomes: vec![ended; end + width],
            terminated: vec![true; end + width],
            terminates: false,
            level: Level::best(),
        };
        for s in 0..states {
            for (local, (action, t)) in rows(s).enumerate() {
                let i = s * width + local;
                let cell = (mdp.observation(s) * actions + action) as u32;
                sampler.outcomes[i] = Outcome { reward: t.reward, cell, state: s as u32 };
                sampler.terminated[i] = t.terminated;
                sampler.terminates |= t.terminated;
                sampler.next[i] = if t.terminated { end } else { t.next * width } as u32;
            }
        }
        let mut pi = vec![0.0; actions];
        for t in 0..copies {
            for s in 0..states {
                policy.probabilities(t, mdp.observation(s), &mut pi);
                let joint: Vec<f64> = rows(s).map(|(a, t)| pi[a] * t.probability).collect();
                let entries = alias::table(&joint, width).map_err(|i| UnsampleableWorld::Vanishing {
                    state: s,
                    action: rows(s).nth(i).map_or(0, |(a, _)| a),
                    probability: joint[i],
                })?;
                sampler.entries.extend(entries);
            }
            sampler.entries.extend(alias::table(&[1.0], width).unwrap_or_default());
        }
        sampler.start = alias::table(mdp.initial(), states)
            .map_err(|state| UnsampleableWorld::VanishingStart { state, probability: mdp.initial()[state] })?;
        Ok(sampler)
    }

    /// The same sampler at another dispatch level: the bits are the same, the speed is not.
    #[must_use]
    pub fn at_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The alias tables of step `t`.
    pub(super) fn entries_at(&self, t: usize) -> &[Entry] {
        let size = (self.states + 1) * self.width;
        let copy = if self.copies == 1 { 0 } else { t };
        &self.entries[copy * size..(copy + 1) * size]
    }

    pub(super) fn start(&self) -> &[Entry] {
        &self.start
    }

    /// Calls `visit` with each lane batch of block `block`, for `count ≤ BLOCK` trajectories: the batch and how many
    /// of its lanes count.
    pub(super) fn lane_batches(
        &self,
        key: &StreamKey,
        block: usize,
        count: usize,
        mut visit: impl FnMut(&LaneBatch, usize),
    ) {
        let mut words = LaneWords::new(key, block as u64, self.level);
        let mut batch = LaneBatch::new(self.horizon);
        for first in (0..count).step_by(LANES) {
            batch.simulate(self, &mut words);
            visit(&batch, LANES.min(count - first));
        }
    }

    /// Runs `work` on each block of `total` trajectories, in parallel, and returns the results in block order.
    pub(super) fn blocks<R: Send>(total: usize, work: impl Fn(usize, usize) -> R + Sync) -> Vec<R> {
        (0..total.div_ceil(BLOCK)).into_par_iter().map(|block| work(block, BLOCK.min(total - block * BLOCK))).collect()
    }

    /// The first `count` trajectories under `key`, in order.
    pub fn trajectories(&self, key: &StreamKey, count: usize) -> Vec<Trajectory> {
        let blocks = Self::blocks(count, |block, count| {
            let mut trajectories = Vec::with_capacity(count);
            self.lane_batches(key, block, count, |batch, lanes| {
                trajectories.extend((0..lanes).map(|lane| self.trajectory(batch, lane)));
            });
            trajectories
        });
        blocks.into_iter().flatten().collect()
    }

    /// The first `count` trajectories under `key` as one batch.
    pub fn batch(&self, key: &StreamKey, count: usize) -> Batch {
        Batch::of(self.horizon, &self.trajectories(key, count))
    }

    /// Sampled moments of any subject, over the first `batches` batches of `size` trajectories under `key`.
    ///
    /// Batches do not cross blocks: each block holds `⌊BLOCK / size⌋` of them.
    ///
    /// # Panics
    /// If `size` is zero or more than [`BLOCK`], or the subject's vectors are not of length `dimension`.
    pub fn moments(
        &self,
        key: &StreamKey,
        batches: usize,
        size: usize,
        dimension: usize,
        subject: impl Fn(&Batch) -> Vec<f64> + Sync,
    ) -> Moments {
        assert!((1..=BLOCK).contains(&size), "a batch has between 1 and {BLOCK} trajectories");
        let a_block = BLOCK / size;
        let parts: Vec<Moments> = (0..batches.div_ceil(a_block))
            .into_par_iter()
            .map(|block| {
                let count = a_block.min(batches - block * a_block);
                let mut moments = Moments::new(dimension);
                self.block_batches(key, block, count, size, |batch| moments.push(&subject(batch)));
                moments
            })
            .collect();
        let mut total = Moments::new(dimension);
        for part in &parts {
            total.merge(part);
        }
        total
    }

    /// Calls `visit` with the first `count` batches of `size` trajectories of block `block` under `key`.
    ///
    /// # Panics
    /// If they are more than a block holds.
    pub fn block_batches(
        &self,
        key: &StreamKey,
        block: usize,
        count: usize,
        size: usize,
        mut visit: impl FnMut(&Batch),
    ) {
        assert!(count * size <= BLOCK, "a block has {BLOCK} trajectories");
        let mut pending: Vec<Trajectory> = Vec::with_capacity(size);
        self.lane_batches(key, block, count * size, |lanes, live| {
            for lane in 0..live {
                pending.push(self.trajectory(lanes, lane));
                if pending.len() == size {
                    visit(&Batch::of(self.horizon, &pending));
                    pending.clear();
                }
            }
        });
    }

    fn trajectory(&self, batch: &LaneBatch, lane: usize) -> Trajectory {
        let mut path = Trajectory::default();
        for row in batch.steps() {
            self.extend(&mut path, row[lane] as usize);
            if path.terminated {
                break;
            }
        }
        path
    }

    /// Adds what outcome `i` means to a trajectory.
    pub(super) fn extend(&self, path: &mut Trajectory, i: usize) {
        let Outcome { reward, cell, state } = self.outcomes[i];
        path.states.push(state);
        path.observations.push(cell / self.actions as u32);
        path.actions.push(cell % self.actions as u32);
        path.rewards.push(reward);
        path.terminated = self.terminated[i];
    }
}
