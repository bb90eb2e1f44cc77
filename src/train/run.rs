//! A training run from its first batch to its last.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::agent::{Actor, Agent};
use super::evaluation::{Evaluation, evaluate, of_episodes};
use super::experience::{Choice, Worlds};
use super::imitation::{Demonstrations, jump};
use super::learner::{Learner, Lesson, Moment};
use super::settings::{Plan, Update};
use crate::autodiff::Tape;
use crate::rng::{Stream, StreamKey};

/// How many of the last episodes a point of a learning curve averages.
const WINDOW: usize = 100;
/// About how many points a learning curve has.
const POINTS: u64 = 50;

/// A point of a learning curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The steps of the world taken so far.
    pub steps: u64,
    /// The mean undiscounted return of the last 100 episodes that ended, or of all if there are fewer.
    pub mean_return: f64,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The seed.
    pub seed: u64,
    /// The steps of the world taken.
    pub steps: u64,
    /// The learning curve.
    pub curve: Vec<Point>,
    /// The number of the first step at which the mean of the last 100 episodes was at or above the threshold, if one was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub solved: Option<u64>,
    /// How well the final policy does; nothing if the run broke down.
    pub evaluation: Option<Evaluation>,
}

/// All that a run has to remember to go on to the same bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    seed: u64,
    iteration: u64,
    steps: u64,
    learner: Learner,
    worlds: Worlds,
    recent: Vec<f64>,
    curve: Vec<Point>,
    solved: Option<u64>,
    broken: bool,
}

/// A checkpoint that is not of this run.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the checkpoint is of another run: it has {found} parameters, and {expected} are trained here; begin again")]
pub struct ForeignCheckpoint {
    found: usize,
    expected: usize,
}

/// A run on its way.
#[derive(Debug)]
pub struct Run<'a> {
    plan: &'a Plan,
    agent: Agent<'a>,
    threshold: Option<f64>,
    /// What an imitator has to go by.
    shown: Option<Demonstrations>,
    at: Checkpoint,
}

impl<'a> Run<'a> {
    /// A run before its first batch. It is solved once the mean of the last 100 episodes reaches `threshold`, and goes on.
    #[must_use]
    pub fn start(plan: &'a Plan, seed: u64, threshold: Option<f64>) -> Self {
        let agent = Agent::new(plan);
        let learner = Learner::new(&agent, plan, &mut Stream::of(seed, "first parameters", 0, 0));
        let at = Checkpoint {
            seed,
            iteration: 0,
            steps: 0,
            learner,
            worlds: Worlds::default(),
            recent: Vec::new(),
            curve: Vec::new(),
            solved: None,
            broken: false,
        };
        Self { plan, agent, threshold, shown: shown(plan, at.seed), at }
    }

    /// A run that goes on.
    ///
    /// # Errors
    /// [`ForeignCheckpoint`] if the parameters are not those of this plan.
    pub fn resume(plan: &'a Plan, at: Checkpoint, threshold: Option<f64>) -> Result<Self, ForeignCheckpoint> {
        let agent = Agent::new(plan);
        let (found, expected) = (at.learner.parameters.iter().map(Vec::len).sum(), agent.count());
        if found != expected || at.learner.parameters.len() != agent.parameters_in_all() {
            return Err(ForeignCheckpoint { found, expected });
        }
        Ok(Self { plan, agent, threshold, shown: shown(plan, at.seed), at })
    }

    /// What it has to remember.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.at
    }

    /// The steps of the world taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.at.steps
    }

    /// Whether it has taken its steps, or broken down.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.at.steps >= self.plan.settings.steps || self.at.broken
    }

    /// The mean return of the last 100 episodes, if any ended.
    #[must_use]
    pub fn recent_return(&self) -> Option<f64> {
        let recent = &self.at.recent;
        (!recent.is_empty()).then(|| recent.iter().sum::<f64>() / recent.len() as f64)
    }

    /// One batch, and what is learned from it.
    pub fn advance(&mut self) {
        let settings = &self.plan.settings;
        let left = 1.0 - self.at.steps as f64 / settings.steps as f64;
        let shuffle = StreamKey::of(self.at.seed, "order of minibatches", self.at.iteration);
        let moment = Moment { left, shuffle };
        let (returns, steps) = match (settings.update, &self.shown) {
            (Update::Cloning, Some(shown)) => {
                self.at.learner.imitate(self.plan, &self.agent, shown, moment);
                (vec![], settings.environments as u64)
            }
            (Update::Diffusion { .. }, Some(shown)) => {
                self.at.learner.denoise(self.plan, &self.agent, shown, moment);
                (vec![], settings.environments as u64)
            }
            _ => self.reinforce(moment),
        };
        self.at.broken = self.at.learner.parameters.iter().flatten().any(|x| !x.is_finite());
        self.note(&returns, steps);
    }

    /// Plays a batch and learns from its rewards.
    fn reinforce(&mut self, moment: Moment) -> (Vec<f64>, u64) {
        let settings = &self.plan.settings;
        let tape = Tape::new();
        let mut actor = Actor::new(&self.agent, &tape, &self.at.learner.matrices(&self.agent));
        let size = (settings.environments, settings.rollout);
        let key = StreamKey::of(self.at.seed, "rollout", self.at.iteration);
        let experience = self.at.worlds.run(self.plan, &mut actor, key, size, Choice::Drawn);
        let lesson = Lesson::new(self.plan, &experience);
        let learner = &mut self.at.learner;
        match settings.update {
            Update::Natural { .. } | Update::TrustRegion { .. } => {
                learner.follow_geometry(self.plan, &self.agent, &lesson, moment);
            }
            _ => learner.follow_gradient(self.plan, &self.agent, &lesson, moment),
        }
        learner.train_critic(self.plan, &self.agent, &lesson, moment);
        (experience.returns.clone(), experience.steps)
    }

    /// Writes down what a batch showed.
    fn note(&mut self, returns: &[f64], steps: u64) {
        let before = self.at.steps;
        self.at.iteration += 1;
        self.at.steps += steps;
        self.at.recent.extend(returns);
        let surplus = self.at.recent.len().saturating_sub(WINDOW);
        self.at.recent.drain(..surplus);
        let every = self.plan.settings.steps.div_ceil(POINTS);
        let due = before / every != self.at.steps / every || self.is_over();
        if let Some(mean_return) = self.recent_return() {
            let full = self.at.recent.len() == WINDOW;
            if full && self.at.solved.is_none() && self.threshold.is_some_and(|least| mean_return >= least) {
                self.at.solved = Some(self.at.steps);
            }
            if due && mean_return.is_finite() {
                self.at.curve.push(Point { steps: self.at.steps, mean_return });
            }
        }
    }

    /// How well the policy does now; nothing if the run broke down.
    #[must_use]
    pub fn evaluate(&self) -> Option<Evaluation> {
        let Checkpoint { seed, broken, learner, .. } = &self.at;
        let parameters = learner.matrices(&self.agent);
        if *broken {
            None
        } else if self.plan.noise_steps() > 0 {
            let played = jump(self.plan, &parameters, &mut Stream::of(*seed, "evaluation", 0, 0));
            let drawn = of_episodes(self.plan.task.as_ref(), &played);
            Some(Evaluation { drawn, mode: drawn })
        } else {
            Some(evaluate(self.plan, &self.agent, &parameters, *seed))
        }
    }

    /// What became of it.
    #[must_use]
    pub fn result(&self) -> Trained {
        let Checkpoint { seed, steps, curve, solved, .. } = self.at.clone();
        Trained { seed, steps, curve, solved, evaluation: self.evaluate() }
    }
}

/// What an imitator has to go by.
fn shown(plan: &Plan, seed: u64) -> Option<Demonstrations> {
    let count = plan.settings.demonstrations;
    let imitates = matches!(plan.settings.update, Update::Cloning | Update::Diffusion { .. });
    imitates.then(|| Demonstrations::of(plan.task.as_ref(), count, &mut Stream::of(seed, "demonstrations", 0, 0)))?
}
