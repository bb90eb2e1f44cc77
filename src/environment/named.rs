//! Problems that have a name: one explicit list from which experiments, help and documentation come.

use std::path::Path;

use super::{InvalidMdp, Problem, TabularMdp, Transition, workload};

/// A finite problem known by name, with the logits of the policy that belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct NamedProblem {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub description: &'static str,
    world: fn() -> TabularMdp,
    logits: fn() -> Option<Vec<f64>>,
}

/// The problems, in the order of the help text.
pub static PROBLEMS: [NamedProblem; 9] = [
    NamedProblem {
        name: "four-arms",
        description: "a bandit with the rewards 2, 5, 8 and 12, and the uniform policy",
        world: || bandit(&[2.0, 5.0, 8.0, 12.0]),
        logits: || None,
    },
    NamedProblem {
        name: "centred-arms",
        description: "a bandit with the rewards −5, −1, 1 and 5, and the uniform policy",
        world: || bandit(&[-5.0, -1.0, 1.0, 5.0]),
        logits: || None,
    },
    NamedProblem {
        name: "mdp-16",
        description: "2 states, 2 actions, 2 steps: 16 trajectories",
        world: mdp_16,
        logits: || Some(vec![0.3, -0.2, 0.1, 0.5]),
    },
    NamedProblem {
        name: "mdp-1296",
        description: "3 states, 2 actions, 4 steps: 1296 trajectories",
        world: mdp_1296,
        logits: || Some(vec![0.2, -0.3, -0.1, 0.4, 0.5, 0.0]),
    },
    NamedProblem {
        name: "workload",
        description: "10 states, 4 actions, 20 steps, defined by formulas; every state leads to every other",
        world: || workload::tabular(10, 4, 20),
        logits: || Some(workload::tabular_logits(10, 4)),
    },
    NamedProblem {
        name: "frozen-lake-4x4",
        description: "FrozenLake-v1 of Gymnasium, 4 × 4, slippery, 100 steps",
        world: || shipped(include_str!("../../problems/frozen-lake-4x4.json")),
        logits: || None,
    },
    NamedProblem {
        name: "frozen-lake-8x8",
        description: "FrozenLake-v1 of Gymnasium, 8 × 8, slippery, 100 steps",
        world: || shipped(include_str!("../../problems/frozen-lake-8x8.json")),
        logits: || None,
    },
    NamedProblem {
        name: "cliff-walking",
        description: "CliffWalking-v1 of Gymnasium, 100 steps",
        world: || shipped(include_str!("../../problems/cliff-walking.json")),
        logits: || None,
    },
    NamedProblem {
        name: "taxi",
        description: "Taxi-v3 of Gymnasium, 100 steps",
        world: || shipped(include_str!("../../problems/taxi.json")),
        logits: || None,
    },
];

impl NamedProblem {
    /// The problem of that name, if there is one.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        PROBLEMS.iter().find(|problem| problem.name == name)
    }

    /// The world.
    ///
    /// # Panics
    /// Never: the tables are tested.
    #[must_use]
    pub fn mdp(&self) -> TabularMdp {
        (self.world)()
    }

    /// The logits of its tabular softmax policy, `[O·A]`; zeros where none belong to it.
    #[must_use]
    pub fn logits(&self) -> Vec<f64> {
        let zeros = || {
            let mdp = self.mdp();
            vec![0.0; mdp.observations() * mdp.actions()]
        };
        (self.logits)().unwrap_or_else(zeros)
    }
}

/// One choice among outcomes with deterministic rewards.
fn bandit(rewards: &[f64]) -> TabularMdp {
    let certain: &[f64] = &[1.0];
    of_rows(1, &[1.0], &[&vec![certain; rewards.len()]], &[rewards])
}

fn mdp_16() -> TabularMdp {
    let rows: [&[&[f64]]; 2] = [&[&[0.7, 0.3], &[0.2, 0.8]], &[&[0.5, 0.5], &[0.9, 0.1]]];
    of_rows(2, &[0.6, 0.4], &rows, &[&[1.0, 0.0], &[2.0, -1.0]])
}

fn mdp_1296() -> TabularMdp {
    let rows: [&[&[f64]]; 3] = [
        &[&[0.6, 0.3, 0.1], &[0.1, 0.4, 0.5]],
        &[&[0.3, 0.3, 0.4], &[0.2, 0.7, 0.1]],
        &[&[0.5, 0.25, 0.25], &[0.05, 0.15, 0.8]],
    ];
    of_rows(4, &[0.5, 0.3, 0.2], &rows, &[&[1.0, -0.5], &[0.25, 2.0], &[-1.0, 1.5]])
}

fn of_rows(horizon: usize, initial: &[f64], transitions: &[&[&[f64]]], rewards: &[&[f64]]) -> TabularMdp {
    TabularMdp::of_rows(horizon, initial, transitions, rewards).expect("the tables of a named problem are a world")
}

fn shipped(text: &str) -> TabularMdp {
    Problem::parse(text, Path::new("a shipped problem")).expect("shipped problems are tested").mdp
}

impl TabularMdp {
    /// An undiscounted process without termination from plain tables: `transitions[s][a][s']` and `rewards[s][a]`.
    ///
    /// # Errors
    /// [`InvalidMdp`] names the first entry that is not what it must be.
    pub fn of_rows(
        horizon: usize,
        initial: &[f64],
        transitions: &[&[&[f64]]],
        rewards: &[&[f64]],
    ) -> Result<Self, InvalidMdp> {
        let row = |s: usize, a: usize| {
            let probabilities = transitions[s][a].iter().enumerate();
            let outcome =
                |(next, &probability)| Transition { probability, next, reward: rewards[s][a], terminated: false };
            probabilities.filter(|(_, p)| **p > 0.0).map(outcome).collect()
        };
        let table = (0..transitions.len()).map(|s| (0..transitions[s].len()).map(|a| row(s, a)).collect()).collect();
        Self::new(horizon, 1.0, initial.to_vec(), table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_problem_is_a_world_with_a_policy() {
        for (i, problem) in PROBLEMS.iter().enumerate() {
            assert!(PROBLEMS[..i].iter().all(|other| other.name != problem.name), "{} stands twice", problem.name);
            let mdp = problem.mdp();
            assert_eq!(problem.logits().len(), mdp.observations() * mdp.actions(), "{}", problem.name);
            assert!(!problem.description.ends_with('.'));
            assert_eq!(NamedProblem::find(problem.name).map(|found| found.name), Some(problem.name));
        }
        assert!(NamedProblem::find("mdp-17").is_none());
    }
}
