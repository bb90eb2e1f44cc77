//! The settings of the audit: which world, which prompts in which groups, which policies, and what each is there to bring out.

use std::sync::{Arc, LazyLock};

use crate::batch::{PaddedBatch, Settings, Whole};
use crate::environment::{TabularMdp, Transition};
use crate::numeric::cos;
use crate::policy::{Policy, SoftmaxPolicy};

use super::subject::{Promises, Scores};
use super::world::{Path, World};

/// Which of two sets of numbers a world has: checks and diagnosis are built on the first and tried on the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// The worlds of the audit.
    First,
    /// Worlds with other rewards, policies and probabilities.
    Second,
}

/// Beyond what any ratio reaches, where nothing is to be clipped.
const NO_CLIP: f64 = 1e9;

/// A setting in words, and how it is made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Its name.
    pub id: &'static str,
    /// What is there.
    pub description: &'static str,
    made: fn(Edition) -> &'static Situation,
}

impl Plan {
    /// The setting, made once.
    pub(super) fn situation(&self, edition: Edition) -> &'static Situation {
        (self.made)(edition)
    }
}

/// A setting that is ready to use.
#[derive(Clone, Debug)]
pub struct Situation {
    pub(super) world: Arc<World>,
    /// Prompt and group of each sequence.
    members: Vec<(usize, usize)>,
    settings: Settings,
    /// A factor and a constant for the reward of a sequence's last step.
    reward: (f64, f64),
    /// Which sequence was rejected, whatever it turned out to be.
    rejected: Option<usize>,
}

/// One batch with everything that a subject may ask for.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    pub(super) batch: PaddedBatch,
    pub(super) scores: Scores,
}

impl Laid {
    /// The sequences `order`, in that order.
    pub(super) fn select(&self, order: &[usize]) -> Self {
        let width = self.batch.steps * self.scores.parameters;
        let entries = order.iter().flat_map(|i| &self.scores.entries[i * width..(i + 1) * width]).copied().collect();
        Self { batch: self.batch.select(order), scores: Scores { entries, ..self.scores } }
    }

    /// The first and the second half of a batch.
    pub(super) fn halves(&self) -> [Self; 2] {
        let n = self.batch.len();
        [(0..n / 2).collect::<Vec<usize>>(), (n / 2..n).collect()].map(|order| self.select(&order))
    }
}

/// What stands in the padding: finite numbers that would be noticed.
fn garbage(seed: usize, column: usize, i: usize, t: usize) -> f64 {
    40.0 * cos(1.0 + (7 * seed + 3 * column + 5 * i + t) as f64)
}

impl Situation {
    /// The number of sequences, `N`.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// The same setting with the last reward of each sequence scaled and shifted.
    pub(super) fn with_reward(&self, scale: f64, shift: f64) -> Self {
        Self { reward: (scale, shift), ..self.clone() }
    }

    /// The same setting with other hyperparameters.
    pub(super) fn with_settings(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut other = self.clone();
        change(&mut other.settings);
        other
    }

    /// The prompts of the sequences that were not rejected.
    fn accepted_prompts(&self) -> impl Iterator<Item = usize> + '_ {
        let accepted = self.prompts().enumerate().filter(|(i, _)| self.rejected != Some(*i));
        accepted.map(|(_, prompt)| prompt)
    }

    /// The prompts of the sequences.
    pub(super) fn prompts(&self) -> impl Iterator<Item = usize> + '_ {
        self.members.iter().map(|member| member.0)
    }

    /// The KL penalty's factor, `β`.
    pub(super) fn penalty(&self) -> f64 {
        self.settings.penalty
    }

    /// What a subject with these promises estimates here.
    pub(super) fn truth(&self, promises: &Promises) -> Vec<f64> {
        self.mean_over_sequences(|prompt| self.world.truth(prompt, promises))
    }

    /// The mean of a vector over the prompts of the sequences that were not rejected.
    pub(super) fn mean_over_sequences(&self, of: impl Fn(usize) -> Vec<f64>) -> Vec<f64> {
        let mut mean = vec![0.0; self.world.parameters()];
        let share = 1.0 / self.accepted_prompts().count() as f64;
        for prompt in self.accepted_prompts() {
            mean.iter_mut().zip(of(prompt)).for_each(|(mean, x)| *mean += share * x);
        }
        mean
    }

    /// The least variance, of one sequence, that reward-to-go with a time-and-state baseline has here.
    pub(super) fn floor(&self) -> f64 {
        self.prompts().map(|prompt| self.world.floor(prompt)).sum::<f64>() / self.len() as f64
    }

    /// Calls `visit` with every ordered batch and its probability.
    pub(super) fn for_each_batch<E>(
        &self,
        promises: &Promises,
        mut visit: impl FnMut(f64, &Laid) -> Result<(), E>,
    ) -> Result<(), E> {
        let rows: Vec<Vec<Row>> =
            self.world.prompts.iter().enumerate().map(|(p, prompt)| self.rows(p, &prompt.paths, promises)).collect();
        let mut chosen = vec![0; self.len()];
        loop {
            let probability = self.prompts().zip(&chosen).map(|(p, k)| self.world.prompts[p].paths[*k].probability);
            let picked: Vec<&Row> = self.prompts().zip(&chosen).map(|(prompt, k)| &rows[prompt][*k]).collect();
            visit(probability.product(), &self.lay(&picked, 0))?;
            let last = |i: &usize| chosen[*i] + 1 < rows[self.members[*i].0].len();
            let Some(turning) = (0..self.len()).rev().find(last) else { return Ok(()) };
            chosen[turning] += 1;
            chosen[turning + 1..].fill(0);
        }
    }

    /// The number of batches.
    pub(super) fn batches(&self) -> usize {
        self.prompts().map(|prompt| self.world.prompts[prompt].paths.len()).product()
    }

    fn rows(&self, prompt: usize, paths: &[Path], promises: &Promises) -> Vec<Row> {
        let world = &self.world;
        let row = |path: &Path| {
            let log_probs = |policy: &SoftmaxPolicy| -> Vec<f64> {
                let steps = path.states.iter().zip(&path.actions).enumerate();
                steps.map(|(t, (s, a))| policy.log_prob(t, *s, *a)).collect()
            };
            let mut scores = vec![0.0; path.states.len() * world.parameters()];
            for (t, out) in scores.chunks_mut(world.parameters()).enumerate() {
                world.target.add_score(t, path.states[t], path.actions[t], 1.0, out);
            }
            let value = |t: usize, s: usize| world.value(prompt, t, s, promises.discounting);
            let length = path.states.len();
            let mut rewards = path.rewards.clone();
            rewards[length - 1] = self.reward.0 * rewards[length - 1] + self.reward.1;
            Row {
                columns: [
                    rewards,
                    log_probs(&world.target),
                    log_probs(&world.behaviour),
                    log_probs(&world.reference),
                    path.states.iter().enumerate().map(|(t, s)| value(t, *s)).collect(),
                ],
                scores,
                terminated: path.terminated,
                last_value: if path.terminated { 0.0 } else { value(length, path.next) },
            }
        };
        paths.iter().map(row).collect()
    }

    fn lay(&self, rows: &[&Row], seed: usize) -> Laid {
        let (steps, d) = (self.world.steps, self.world.parameters());
        let lengths: Vec<usize> = rows.iter().map(|row| row.columns[0].len()).collect();
        let matrix = |column: usize| -> Vec<f64> {
            let entry = |i: usize, t: usize| rows[i].columns[column].get(t).copied();
            let all = (0..rows.len()).flat_map(|i| (0..steps).map(move |t| (i, t)));
            all.map(|(i, t)| entry(i, t).unwrap_or_else(|| garbage(seed, column, i, t))).collect()
        };
        let mut entries = vec![0.0; rows.len() * steps * d];
        for (i, row) in rows.iter().enumerate() {
            entries[i * steps * d..][..row.scores.len()].copy_from_slice(&row.scores);
        }
        let mut batch = PaddedBatch {
            steps,
            groups: self.members.iter().map(|member| member.1).collect(),
            terminated: rows.iter().map(|row| row.terminated).collect(),
            rejected: (0..rows.len()).map(|i| self.rejected == Some(i)).collect(),
            rewards: matrix(0),
            log_probs: matrix(1),
            behaviour_log_probs: matrix(2),
            reference_log_probs: matrix(3),
            values: matrix(4),
            last_values: rows.iter().map(|row| row.last_value).collect(),
            greedy_returns: self.prompts().map(|prompt| self.world.greedy_return(prompt)).collect(),
            settings: self.settings,
            whole: Whole::default(),
            lengths,
        };
        batch.whole = batch.size();
        Laid { batch, scores: Scores { parameters: d, entries } }
    }
}

/// A path as a row of a batch.
struct Row {
    /// Rewards, the log-probabilities of target, behaviour and reference, and values.
    columns: [Vec<f64>; 5],
    scores: Vec<f64>,
    terminated: bool,
    last_value: f64,
}

macro_rules! plan {
    ($id:literal, $description:literal, $build:path) => {
        Plan {
            id: $id,
            description: $description,
            made: |edition| {
                static FIRST: LazyLock<Situation> = LazyLock::new(|| $build(Edition::First));
                static SECOND: LazyLock<Situation> = LazyLock::new(|| $build(Edition::Second));
                match edition {
                    Edition::First => &FIRST,
                    Edition::Second => &SECOND,
                }
            },
        }
    };
}

/// The setting that code without a notion of rejected answers has no answer in.
pub(super) const REJECTED: &str = "rejected";

/// Every setting.
pub static SITUATIONS: [Plan; 19] = [
    plan!("bandit", "one prompt, three answers of one step, four samples in one group", bandit),
    plan!("pair", "one prompt, three answers of one step, two samples in one group", pair),
    plan!("singles", "two prompts of different difficulty, one sample each", singles),
    plan!("prompts", "two prompts of different difficulty, groups of two, one after the other", prompts),
    plan!("interleaved", "two prompts of different difficulty, groups of two, interleaved", interleaved),
    plan!("partial", "two prompts of different difficulty, groups of three and of two, interleaved", partial),
    plan!("rejected", "the same, and one of the three was thrown away", rejected),
    plan!("ragged", "two prompts, answers of one to three steps, groups of two, garbage in the padding", ragged),
    plan!("steps", "a process of up to three steps with rewards on the way, ended by the world or the clock", steps),
    plan!("alone", "a single sequence of that process", alone),
    plan!("discounted", "the process with discount 0.9", discounted),
    plan!("fragment", "two steps of a process of four, to be continued with the critic's value", fragment),
    plan!("stale", "two prompts, groups of two, data of another policy", stale),
    plan!("stale-ragged", "two prompts, answers of one to three steps, data of another policy", stale_ragged),
    plan!("stale-steps", "a process of up to three steps, data of another policy", stale_steps),
    plan!("clipped", "two prompts, groups of two, data of another policy, a clip on either side", clipped),
    plan!("clipped-ragged", "answers of one to three steps by another policy, a clip on either side", clipped_ragged),
    plan!("penalty", "two prompts, all rewards alike, a KL penalty towards a reference policy", penalty),
    plan!("penalty-ragged", "two prompts, answers of one to three steps, a KL penalty", penalty_ragged),
];

/// The setting of that name.
pub(super) fn named(id: &str) -> &'static Plan {
    SITUATIONS.iter().find(|plan| plan.id == id).expect("a setting of that name")
}

/// A number for each edition.
fn either<T>(edition: Edition, first: T, second: T) -> T {
    match edition {
        Edition::First => first,
        Edition::Second => second,
    }
}

fn policy(states: usize, actions: usize, logit: impl Fn(usize, usize) -> f64) -> SoftmaxPolicy {
    let theta = (0..states * actions).map(|k| logit(k / actions, k % actions)).collect();
    SoftmaxPolicy::tabular(states, actions, theta).expect("finite logits")
}

/// Logits without a pattern that a mistake could share.
fn wave(edition: Edition, size: f64, phase: f64) -> impl Fn(usize, usize) -> f64 {
    let shift = either(edition, 0.0, 2.3);
    move |s, a| size * cos(phase + shift + 1.7 * s as f64 + 2.9 * a as f64)
}

/// The target's logits where nobody gives others, `[S, A]`.
pub(super) fn default_logits(states: usize, actions: usize) -> Vec<f64> {
    policy(states, actions, wave(Edition::First, 0.6, 0.4)).parameters().to_vec()
}

/// Target, behaviour and reference, for data that are `staleness` steps old.
pub(super) fn policies(edition: Edition, states: usize, actions: usize, staleness: f64) -> [SoftmaxPolicy; 3] {
    let target = || policy(states, actions, wave(edition, 0.6, 0.4));
    let far = wave(edition, 0.9, 2.0);
    let behaviour = {
        let near = wave(edition, 0.6, 0.4);
        policy(states, actions, |s, a| near(s, a) + staleness * far(s, a))
    };
    [target(), behaviour, policy(states, actions, wave(edition, 0.7, 1.1))]
}

fn settings(discount: f64) -> Settings {
    Settings { discount, lambda: 0.9, clip_below: NO_CLIP, clip_above: NO_CLIP, largest_ratio: NO_CLIP, penalty: 0.0 }
}

pub(super) fn assemble(world: World, members: &[(usize, usize)]) -> Situation {
    let settings = settings(world.discount);
    Situation { world: Arc::new(world), members: members.to_vec(), settings, reward: (1.0, 0.0), rejected: None }
}

pub(super) fn end(reward: f64) -> Vec<Transition> {
    vec![Transition { probability: 1.0, next: 0, reward, terminated: true }]
}

/// Prompts with three answers each: an easy one, whose answers all pay well, and a hard one.
pub(super) fn arms(edition: Edition, prompts: usize, staleness: f64) -> World {
    World::new(&three_answers(edition), &[0, 1][..prompts], 1, policies(edition, 2, 3, staleness))
}

/// The process behind [`arms`].
pub(super) fn three_answers(edition: Edition) -> TabularMdp {
    let easy = either(edition, [2.0, 1.25, 1.5], [1.0, 1.75, 0.5]);
    let hard = either(edition, [-1.0, 0.0, 0.75], [0.25, -2.0, -0.5]);
    let rows = [easy, hard].map(|rewards| rewards.map(end).to_vec());
    TabularMdp::new(1, 1.0, vec![1.0, 0.0], rows.to_vec()).expect("a valid process")
}

fn bandit(edition: Edition) -> Situation {
    assemble(arms(edition, 1, 0.0), &[(0, 0); 4])
}

fn pair(edition: Edition) -> Situation {
    assemble(arms(edition, 1, 0.0), &[(0, 0); 2])
}

fn singles(edition: Edition) -> Situation {
    assemble(arms(edition, 2, 0.0), &[(0, 0), (1, 1)])
}

fn prompts(edition: Edition) -> Situation {
    assemble(arms(edition, 2, 0.0), &[(0, 0), (0, 0), (1, 1), (1, 1)])
}

fn interleaved(edition: Edition) -> Situation {
    assemble(arms(edition, 2, 0.0), &[(0, 0), (1, 1), (0, 0), (1, 1)])
}

fn partial(edition: Edition) -> Situation {
    assemble(arms(edition, 2, 0.0), &[(0, 0), (1, 1), (0, 0), (1, 1), (0, 0)])
}

fn rejected(edition: Edition) -> Situation {
    Situation { rejected: Some(2), ..partial(edition) }
}

fn stale(edition: Edition) -> Situation {
    assemble(arms(edition, 2, 1.0), &[(0, 0), (0, 0), (1, 1), (1, 1)])
}

fn penalty(edition: Edition) -> Situation {
    let mut situation = prompts(edition).with_reward(0.0, 1.0);
    situation.settings.penalty = either(edition, 0.7, 0.4);
    situation
}

/// Answers of one to three tokens to two prompts: *end* or *go on*, and a reward for the whole answer.
fn answers(edition: Edition, staleness: f64) -> World {
    // State 2·(length so far) + prompt.
    let reward = |prompt: usize, length: usize| {
        either(
            edition,
            [[1.5, 0.5, 2.0, 1.0], [0.0, -1.0, 0.5, -0.25]],
            [[0.5, 1.0, 0.25, 2.0], [-1.5, 0.0, -0.5, 0.75]],
        )[prompt][length]
    };
    let state = |s: usize| {
        let (prompt, written) = (s % 2, s / 2);
        let onwards = |terminated: bool| Transition {
            probability: 1.0,
            next: if written < 2 { s + 2 } else { s },
            reward: if written == 2 { reward(prompt, 3) } else { 0.0 },
            terminated,
        };
        vec![end(reward(prompt, written)), vec![onwards(false)]]
    };
    let mdp = TabularMdp::new(3, 1.0, vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0], (0..6).map(state).collect());
    World::new(&mdp.expect("a valid process"), &[0, 1], 3, policies(edition, 6, 2, staleness))
}

fn ragged(edition: Edition) -> Situation {
    assemble(answers(edition, 0.0), &[(0, 0), (0, 0), (1, 1), (1, 1)])
}

/// The clips that are tried: below, above, and the largest ratio.
pub(super) const RANGE: [f64; 3] = [0.2, 0.3, 1.6];

pub(super) fn with_clip(situation: &Situation) -> Situation {
    situation.with_settings(|settings| {
        [settings.clip_below, settings.clip_above, settings.largest_ratio] = RANGE;
    })
}

fn clipped(edition: Edition) -> Situation {
    with_clip(&stale(edition))
}

fn clipped_ragged(edition: Edition) -> Situation {
    with_clip(&stale_ragged(edition))
}

fn stale_ragged(edition: Edition) -> Situation {
    assemble(answers(edition, 1.0), &[(0, 0), (0, 0), (1, 1), (1, 1)])
}

fn penalty_ragged(edition: Edition) -> Situation {
    let mut situation = ragged(edition);
    situation.settings.penalty = either(edition, 0.7, 0.4);
    situation
}

/// Three states, two actions, chance in the moves, rewards on the way, and two doors out.
fn process(edition: Edition, horizon: usize, cut: usize, discount: f64, staleness: f64) -> World {
    let to = |probability: f64, next: usize, reward: f64, terminated: bool| Transition {
        probability,
        next,
        reward,
        terminated,
    };
    let p = either(edition, 0.6, 0.3);
    let r =
        either(edition, [1.0, -0.5, 0.25, 0.5, 2.0, -1.0, 0.25, -0.75], [-0.5, 1.5, 0.75, -1.0, 0.5, 1.25, 2.0, 0.25]);
    let rows = vec![
        vec![vec![to(1.0, 1, r[0], false)], vec![to(p, 1, r[1], false), to(1.0 - p, 2, r[2], false)]],
        vec![vec![to(1.0, 0, r[3], false)], vec![to(0.5, 0, r[4], true), to(0.5, 2, r[5], false)]],
        vec![vec![to(1.0, 1, r[6], false)], vec![to(1.0, 0, r[7], true)]],
    ];
    let mdp = TabularMdp::new(horizon, discount, vec![1.0, 0.0, 0.0], rows).expect("a valid process");
    World::new(&mdp, &[0], cut, policies(edition, 3, 2, staleness))
}

fn steps(edition: Edition) -> Situation {
    assemble(process(edition, 3, 3, 1.0, 0.0), &[(0, 0); 2])
}

fn alone(edition: Edition) -> Situation {
    assemble(process(edition, 3, 3, 1.0, 0.0), &[(0, 0)])
}

fn discounted(edition: Edition) -> Situation {
    assemble(process(edition, 3, 3, 0.9, 0.0), &[(0, 0); 2])
}

fn fragment(edition: Edition) -> Situation {
    assemble(process(edition, 4, 2, 1.0, 0.0), &[(0, 0); 2])
}

fn stale_steps(edition: Edition) -> Situation {
    assemble(process(edition, 3, 3, 1.0, 1.0), &[(0, 0); 2])
}
