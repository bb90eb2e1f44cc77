//! Tasks that have a name: one explicit list from which experiments, help and documentation come.

use thiserror::Error;

use super::{
    CartPole, Catch, Diagonals, Finite, LinearQuadraticTask, Locomotion, Pendulum, TMaze, Task, TwoGoals, View,
    double_integrator,
};
use crate::environment::{NamedProblem, PROBLEMS, workload};

/// A task known by name.
#[derive(Clone, Copy, Debug)]
pub struct NamedTask {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub description: &'static str,
    make: fn() -> Box<dyn Task>,
}

/// What the names of T-mazes begin with; the length of the corridor follows.
const T_MAZE: &str = "t-maze-";
/// What follows the name of a finite problem whose time is seen too.
const TIMED: &str = "-timed";

/// The tasks, in the order of the help text. To them come `t-maze-N` for each length `N`, the finite problems of [`PROBLEMS`],
/// and these with `-timed` behind their names, where the time is seen too.
pub static TASKS: [NamedTask; 8] = [
    NamedTask {
        name: "cart-pole",
        description: "CartPole-v1 of Gymnasium: balance a pole by pushing left or right, 500 steps",
        make: || Box::new(CartPole),
    },
    NamedTask {
        name: "pendulum",
        description: "Pendulum-v1 of Gymnasium: swing a pendulum up by a torque, 200 steps",
        make: || Box::new(Pendulum),
    },
    NamedTask {
        name: "catch",
        description: "Catch of bsuite: a ball falls over a board of 10 × 5 pixels, 9 steps",
        make: || Box::new(Catch),
    },
    NamedTask {
        name: "diagonals",
        description: "catch a falling backslash and let a slash go, on a board of 10 × 10 pixels, 8 steps",
        make: || Box::new(Diagonals),
    },
    NamedTask {
        name: "double-integrator",
        description: "a mass that a force brings to rest at the origin, 2 state variables, 50 steps",
        make: || Box::new(LinearQuadraticTask::new("double-integrator", double_integrator())),
    },
    NamedTask {
        name: "linear-quadratic",
        description: "8 state variables, 4 actions, 50 steps, defined by formulas",
        make: || Box::new(LinearQuadraticTask::new("linear-quadratic", workload::linear_gaussian())),
    },
    NamedTask {
        name: "locomotion",
        description: "run at 1.5 m/s with 20 joints, seen through 1000 sensors, 1000 steps",
        make: || Box::new(Locomotion::new()),
    },
    NamedTask {
        name: "two-goals",
        description: "jump to one of two goals, as an expert does that tosses a coin, 1 step",
        make: || Box::new(TwoGoals),
    },
];

/// A name without a task.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UnknownTask {
    /// No such name.
    #[error("there is no task \"{name}\"; did you mean \"{nearest}\"?")]
    Name {
        /// The name given.
        name: String,
        /// The nearest name that there is.
        nearest: String,
    },
    /// A T-maze without a usable length.
    #[error("\"{0}\" is no length of a corridor; write t-maze-N with a whole number N from 1 to {most}", most = u32::MAX)]
    Length(String),
}

/// The names that [`task`] knows, in the order of the help text, with one T-maze among them.
#[must_use]
pub fn task_names() -> Vec<String> {
    let own = TASKS.iter().map(|task| task.name.to_owned());
    let finite = PROBLEMS.iter().map(|problem| problem.name.to_owned());
    let timed = PROBLEMS.iter().map(|problem| format!("{}{TIMED}", problem.name));
    own.chain([format!("{T_MAZE}10")]).chain(finite).chain(timed).collect()
}

/// The task of that name.
///
/// # Errors
/// [`UnknownTask`] with the nearest name, or with how the name is written.
///
/// ```
/// use unbiased::environment::control::task;
/// assert_eq!(task("t-maze-10")?.time_limit(), Some(110));
/// assert_eq!(task("frozen-lake-4x4")?.observation_size(), 16);
/// let error = task("cartpole").unwrap_err();
/// assert_eq!(error.to_string(), "there is no task \"cartpole\"; did you mean \"cart-pole\"?");
/// # Ok::<(), unbiased::environment::control::UnknownTask>(())
/// ```
pub fn task(name: &str) -> Result<Box<dyn Task>, UnknownTask> {
    if let Some(found) = TASKS.iter().find(|task| task.name == name) {
        return Ok((found.make)());
    }
    if let Some(length) = name.strip_prefix(T_MAZE) {
        let maze = length.parse::<u32>().ok().and_then(|length| TMaze::new(length as usize).ok());
        return maze.map(|maze| Box::new(maze) as Box<dyn Task>).ok_or_else(|| UnknownTask::Length(length.to_owned()));
    }
    let (problem, view) = match name.strip_suffix(TIMED) {
        Some(problem) => (problem, View::TimeAndObservation),
        None => (name, View::Observation),
    };
    match NamedProblem::find(problem) {
        Some(problem) => Ok(Box::new(Finite::new(name, problem.mdp(), view))),
        None => Err(UnknownTask::Name { name: name.to_owned(), nearest: nearest(name) }),
    }
}

/// The name with the fewest edits to `name`.
fn nearest(name: &str) -> String {
    task_names().into_iter().min_by_key(|other| strsim::damerau_levenshtein(other, name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::control::Actions;
    use crate::rng::Stream;

    #[test]
    fn every_name_finds_a_task_of_that_name() {
        let names = task_names();
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{name} stands twice");
            assert_eq!(task(name).unwrap().name(), *name);
        }
        assert!(TASKS.iter().all(|task| !task.description.ends_with('.')));
    }

    #[test]
    fn every_task_plays_an_episode_within_its_sizes() {
        for name in task_names() {
            let task = task(&name).unwrap();
            let mut stream = Stream::of(0, &name, 0, 0);
            let (mut state, mut seen) = (vec![f64::NAN; task.state_size()], vec![f64::NAN; task.observation_size()]);
            task.start(&mut state, &mut stream);
            let limit = task.time_limit().unwrap_or(1000);
            let mut ended = false;
            for _ in 0..limit {
                task.observe(&state, &mut seen);
                assert!(state.iter().chain(&seen).all(|x| x.is_finite()), "{name}");
                let action: Vec<f64> = match task.actions() {
                    Actions::Choices(count) => vec![f64::from(stream.below(count as u32))],
                    Actions::Reals(count) => (0..count).map(|_| stream.normal()).collect(),
                };
                let step = task.step(&mut state, &action, &mut stream);
                assert!(step.reward.is_finite(), "{name}");
                ended = step.terminated;
                if ended {
                    break;
                }
            }
            assert!(ended || task.time_limit().is_some(), "{name} has no end");
        }
    }

    #[test]
    fn names_without_a_task_are_answered_with_the_nearest() {
        let text = |name: &str| task(name).unwrap_err().to_string();
        assert_eq!(text("pendulm"), "there is no task \"pendulm\"; did you mean \"pendulum\"?");
        assert_eq!(text("mdp-17-timed"), "there is no task \"mdp-17-timed\"; did you mean \"mdp-16-timed\"?");
        let length = "is no length of a corridor; write t-maze-N with a whole number N from 1 to 4294967295";
        assert_eq!(text("t-maze-0"), format!("\"0\" {length}"));
        assert_eq!(text("t-maze-long"), format!("\"long\" {length}"));
    }
}
