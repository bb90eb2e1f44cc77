//! Second floor: the worlds. It must not know of estimators.
//!
//! [`TabularMdp`] is a finite Markov decision process with rewards on (state, action, next state), termination, any
//! horizon and discount, and observations that may hide the state; [`Bandit`] is one step with noisy rewards;
//! [`LinearGaussian`] is continuous control with quadratic costs; [`ScalarCost`] is a cost of one number;
//! [`control`] holds tasks to train on; [`Problem`] reads a tabular problem from the JSON that Gymnasium's toy-text tables export to.

mod bandit;
pub mod control;
mod cost;
mod history;
mod linear_gaussian;
mod mdp;
mod named;
mod parse;
mod problem;
pub mod workload;

pub use bandit::{Bandit, InvalidBandit, RewardLaw};
pub use cost::ScalarCost;
pub use history::{History, TooManyHistories};
pub use linear_gaussian::{InvalidLinearGaussian, LinearGaussian, LinearGaussianTables};
pub use mdp::{InvalidMdp, SUM_TOLERANCE, TabularMdp, Transition};
pub use named::{NamedProblem, PROBLEMS};
pub use problem::{Problem, ProblemError, read_file, read_table};
