//! Tasks to train on: states are rows of numbers, so that many copies are a matrix and a checkpoint is a list of numbers.
//!
//! [`task`] finds one by its name. A task has a clock ([`Task::time_limit`]) where the world does not end by itself; where the
//! objective is that of a fixed horizon ([`Finite`], [`LinearQuadraticTask`]), the last step ends the world.

mod cart_pole;
mod catch;
mod diagonals;
mod finite;
mod linear_quadratic;
mod locomotion;
mod named;
mod pendulum;
mod t_maze;
mod two_goals;

use std::fmt::Debug;

use crate::environment::{LinearGaussian, TabularMdp};
use crate::rng::Stream;

pub use cart_pole::CartPole;
pub use catch::Catch;
pub use diagonals::Diagonals;
pub use finite::{Finite, View};
pub use linear_quadratic::{LinearQuadraticTask, double_integrator};
pub use locomotion::Locomotion;
pub use named::{NamedTask, TASKS, UnknownTask, task, task_names};
pub use pendulum::Pendulum;
pub use t_maze::{NoCorridor, TMaze};
pub use two_goals::{Demonstration, GaussianSuccess, TwoGoals};

/// What an agent may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actions {
    /// One of so many choices, given as its index: one number.
    Choices(usize),
    /// So many real numbers.
    Reals(usize),
}

/// What a step gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The reward.
    pub reward: f64,
    /// Whether the world ended, so that nothing follows. The clock is the runner's business ([`Task::time_limit`]).
    pub terminated: bool,
}

/// What is known of a task without playing it.
#[derive(Clone, Debug)]
pub enum Known<'a> {
    /// Nothing.
    Nothing,
    /// The largest expected return that there is, or a bound on it, and the largest that is possible without what the task
    /// asks for, if that is known.
    Best {
        /// The largest expected return.
        most: f64,
        /// The largest without memory, or without looking.
        without: Option<f64>,
    },
    /// All of it: a finite process, and what is seen of it.
    Finite(&'a TabularMdp, View),
    /// All of it: a linear system with quadratic costs, whose state is what an observation begins with.
    LinearGaussian(Box<LinearGaussian>),
    /// Two goals, one for negative actions and one for positive ones; an agent is to reach both.
    TwoSides {
        /// Twice the probability of the side that the expert reaches less often.
        most: f64,
        /// The largest such number of a policy with a single mode.
        without: f64,
    },
}

/// A world that is only ever sampled. A state is a row of [`Task::state_size`] numbers.
pub trait Task: Debug + Sync {
    /// Its name, as experiments give it.
    fn name(&self) -> String;

    /// The numbers of a state.
    fn state_size(&self) -> usize;

    /// The numbers of an observation.
    fn observation_size(&self) -> usize;

    /// What an agent may do.
    fn actions(&self) -> Actions;

    /// The steps after which an episode is cut off without ending; `None` if only the world ends it.
    fn time_limit(&self) -> Option<usize>;

    /// What is known of it without playing.
    fn known(&self) -> Known<'_> {
        Known::Nothing
    }

    /// Writes a first state.
    fn start(&self, state: &mut [f64], stream: &mut Stream);

    /// Writes what is seen of a state.
    fn observe(&self, state: &[f64], observation: &mut [f64]);

    /// Moves a state on by an action: an index for [`Actions::Choices`], a row of numbers for [`Actions::Reals`].
    fn step(&self, state: &mut [f64], action: &[f64], stream: &mut Stream) -> Step;
}

/// The value of a state of a task with three actions and no chance, after backing up by `combine` over the actions' returns.
#[cfg(test)]
fn value(task: &dyn Task, state: &[f64], combine: fn([f64; 3]) -> f64) -> f64 {
    let mut stream = Stream::of(0, "unused", 0, 0);
    combine([0.0, 1.0, 2.0].map(|action| {
        let mut next = state.to_vec();
        let step = task.step(&mut next, &[action], &mut stream);
        step.reward + if step.terminated { 0.0 } else { value(task, &next, combine) }
    }))
}
