//! Second floor: the worlds. It must not know of estimators.
//!
//! [`TabularMdp`] is a finite Markov decision process with rewards on (state, action, next state), termination, any
//! horizon and discount, and observations that may hide the state; [`Bandit`] is one step with noisy rewards;
//! [`Problem`] reads a tabular problem from the JSON that Gymnasium's toy-text tables export to.

mod bandit;
mod mdp;
mod parse;
mod problem;
pub mod workload;

pub use bandit::{Bandit, InvalidBandit, RewardLaw};
pub use mdp::{InvalidMdp, SUM_TOLERANCE, TabularMdp, Transition};
pub use problem::{Problem, ProblemError, read_table};
