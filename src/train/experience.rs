//! What copies of a world that run side by side went through.

use serde::{Deserialize, Serialize};

use super::agent::Actor;
use super::settings::Plan;
use crate::batch::{PaddedBatch, Settings as BatchSettings, Whole};
use crate::numeric::{self, Matrix};
use crate::policy::deep::Head;
use crate::rng::{Stream, StreamKey};

/// A batch of sequences: episodes, or the parts of them that fell into the batch.
#[derive(Clone, Debug)]
pub(super) struct Experience {
    /// Rewards, values and probabilities; groups are all one, so that group baselines are those of the batch.
    pub(super) batch: PaddedBatch,
    /// The number of the first step of each sequence among all real steps.
    pub(super) offsets: Vec<usize>,
    /// What was seen before each real step, `[steps, observation]`.
    pub(super) observations: Matrix,
    /// What was done, `[steps, action]`.
    pub(super) actions: Matrix,
    /// The laws that the actions were drawn from, `[steps, parameters]`.
    pub(super) laws: Matrix,
    /// The undiscounted returns of the episodes that ended, in order.
    pub(super) returns: Vec<f64>,
    /// The steps of the world that were taken.
    pub(super) steps: u64,
}

impl Experience {
    /// Episodes of one step each.
    pub(super) fn of_single_steps(plan: &Plan, observations: &Matrix, actions: &Matrix, rewards: Vec<f64>) -> Self {
        let single = |i: usize| Sequence {
            observations: observations.row(i).to_vec(),
            actions: actions.row(i).to_vec(),
            laws: vec![0.0; plan.head.parameters()],
            rewards: vec![rewards[i]],
            log_probs: vec![0.0],
            values: vec![0.0],
            terminated: true,
            last_value: 0.0,
        };
        let done: Vec<Sequence> = (0..rewards.len()).map(single).collect();
        let steps = rewards.len() as u64;
        assemble(plan, &done, rewards, steps)
    }
}

/// A sequence on its way.
#[derive(Clone, Debug, Default)]
struct Sequence {
    observations: Vec<f64>,
    actions: Vec<f64>,
    laws: Vec<f64>,
    rewards: Vec<f64>,
    log_probs: Vec<f64>,
    values: Vec<f64>,
    terminated: bool,
    last_value: f64,
}

/// Copies of the world, where they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Worlds {
    states: Vec<Vec<f64>>,
    /// The steps since the start of each episode.
    ages: Vec<usize>,
    /// The rewards since then.
    returns: Vec<f64>,
}

/// How actions are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Drawn from the policy.
    Drawn,
    /// The likeliest one.
    Mode,
}

/// Draws from a law, or takes its mode.
fn choose(head: Head, law: &[f64], choice: Choice, stream: &mut Stream, action: &mut [f64]) {
    match (choice, head) {
        (Choice::Mode, _) => head.mode(law, action),
        (Choice::Drawn, Head::Softmax(_)) => {
            let mut probabilities = law.to_vec();
            numeric::softmax(&mut probabilities);
            let (mut u, mut choice) = (stream.uniform(), 0);
            while choice + 1 < law.len() && u >= probabilities[choice] {
                u -= probabilities[choice];
                choice += 1;
            }
            action[0] = choice as f64;
        }
        (Choice::Drawn, Head::Gaussian(n)) => {
            for j in 0..n {
                action[j] = law[j] + numeric::exp(law[n + j]) * stream.normal();
            }
        }
    }
}

impl Worlds {
    fn start(&mut self, plan: &Plan, copy: usize, stream: &mut Stream) {
        plan.task.start(&mut self.states[copy], stream);
        self.ages[copy] = 0;
        self.returns[copy] = 0.0;
    }

    fn observe(&self, plan: &Plan) -> Matrix {
        let mut seen = Matrix::zeros(self.states.len(), plan.task.observation_size());
        for (copy, state) in self.states.iter().enumerate() {
            plan.task.observe(state, seen.row_mut(copy));
        }
        seen
    }

    /// Runs `copies` of the world for `rollout` steps each, or for a whole episode each if that is 0. Copy `i` draws from stream `i`
    /// of the key.
    pub(super) fn run(
        &mut self,
        plan: &Plan,
        actor: &mut Actor,
        key: StreamKey,
        (copies, rollout): (usize, usize),
        choice: Choice,
    ) -> Experience {
        let mut streams: Vec<Stream> = (0..copies as u64).map(|copy| key.stream(copy)).collect();
        let fresh = self.states.len() != copies;
        self.states.resize(copies, vec![0.0; plan.task.state_size()]);
        self.ages.resize(copies, 0);
        self.returns.resize(copies, 0.0);
        for (copy, stream) in streams.iter_mut().enumerate() {
            if fresh || rollout == 0 {
                self.start(plan, copy, stream);
            }
        }
        let mut open = vec![Sequence::default(); copies];
        let mut done: Vec<Sequence> = Vec::new();
        let mut returns = Vec::new();
        let mut running = vec![true; copies];
        let (mut steps, mut time) = (0, 0);
        let mut seen = self.observe(plan);
        let mut action = vec![0.0; plan.head.action_size()];
        let limit = plan.task.time_limit().unwrap_or(usize::MAX);
        while running.contains(&true) && (rollout == 0 || time < rollout) {
            time += 1;
            let (laws, values) = actor.look(seen.clone(), true);
            let mut cut = vec![false; copies];
            for copy in (0..copies).filter(|copy| running[*copy]) {
                let (law, stream) = (laws.row(copy), &mut streams[copy]);
                choose(plan.head, law, choice, stream, &mut action);
                let sequence = &mut open[copy];
                sequence.observations.extend(seen.row(copy));
                sequence.actions.extend(&action);
                sequence.laws.extend(law);
                sequence.log_probs.push(plan.head.log_prob(law, &action));
                sequence.values.push(values.get(copy).copied().unwrap_or(0.0));
                let step = plan.task.step(&mut self.states[copy], &action, stream);
                sequence.rewards.push(step.reward);
                steps += 1;
                self.ages[copy] += 1;
                self.returns[copy] += step.reward;
                sequence.terminated = step.terminated;
                cut[copy] = !step.terminated && (self.ages[copy] >= limit || time == rollout);
            }
            if cut.contains(&true) {
                // A critic says what the rest would have been worth.
                let (_, after) = actor.look(self.observe(plan), false);
                for copy in (0..copies).filter(|copy| cut[*copy]) {
                    open[copy].last_value = after.get(copy).copied().unwrap_or(0.0);
                }
            }
            for copy in 0..copies {
                if !running[copy] {
                    continue;
                }
                let over = open[copy].terminated || self.ages[copy] >= limit;
                if over {
                    returns.push(self.returns[copy]);
                    if rollout > 0 {
                        self.start(plan, copy, &mut streams[copy]);
                    }
                    running[copy] = rollout > 0;
                }
                if over || cut[copy] {
                    done.push(std::mem::take(&mut open[copy]));
                }
            }
            seen = self.observe(plan);
        }
        assemble(plan, &done, returns, steps)
    }
}

fn assemble(plan: &Plan, done: &[Sequence], returns: Vec<f64>, steps: u64) -> Experience {
    let settings = &plan.settings;
    let lengths: Vec<usize> = done.iter().map(|sequence| sequence.rewards.len()).collect();
    let width = lengths.iter().copied().max().unwrap_or(0);
    let all: usize = lengths.iter().sum();
    let padded = |of: fn(&Sequence) -> &[f64], scale: f64| -> Vec<f64> {
        let mut matrix = vec![0.0; done.len() * width];
        for (row, sequence) in matrix.chunks_mut(width.max(1)).zip(done) {
            row.iter_mut().zip(of(sequence)).for_each(|(x, y)| *x = scale * y);
        }
        matrix
    };
    let rows = |of: fn(&Sequence) -> &[f64], columns: usize| {
        Matrix::of(all, columns, done.iter().flat_map(of).copied().collect())
    };
    let log_probs = padded(|s| &s.log_probs, 1.0);
    let batch = PaddedBatch {
        steps: width,
        groups: vec![0; done.len()],
        terminated: done.iter().map(|sequence| sequence.terminated).collect(),
        rejected: vec![false; done.len()],
        rewards: padded(|s| &s.rewards, settings.reward_scale),
        behaviour_log_probs: log_probs.clone(),
        reference_log_probs: log_probs.clone(),
        log_probs,
        values: padded(|s| &s.values, 1.0),
        last_values: done.iter().map(|sequence| sequence.last_value).collect(),
        greedy_returns: vec![0.0; done.len()],
        settings: BatchSettings {
            discount: settings.discount,
            lambda: settings.lambda,
            clip_below: plan.clip(),
            clip_above: plan.clip(),
            largest_ratio: 1.0 + plan.clip(),
            penalty: settings.penalty,
        },
        whole: Whole { sequences: done.len(), accepted: done.len(), steps: all },
        lengths,
    };
    let offsets = batch.lengths.iter().scan(0, |next, length| {
        let own = *next;
        *next += length;
        Some(own)
    });
    Experience {
        offsets: offsets.collect(),
        observations: rows(|s| &s.observations, plan.task.observation_size()),
        actions: rows(|s| &s.actions, plan.head.action_size()),
        laws: rows(|s| &s.laws, plan.head.parameters()),
        returns,
        steps,
        batch,
    }
}
