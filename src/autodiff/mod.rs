//! First floor: derivatives. It must not know of reinforcement learning.
//!
//! A policy's probabilities are written once over a generic [`Scalar`]; with [`Dual`] the same lines give their
//! derivatives, with [`Jet`] second derivatives, with [`Traced`] the record of a reverse sweep. The oracle differentiates
//! *probabilities* along dual numbers and never calls a policy's score.
//!
//! Losses over whole batches are written over the matrices of a [`Tape`].

mod dual;
mod jet;
mod tape;
mod traced;

pub use dual::{Dual, Scalar, gradient};
pub use jet::{Jet, hessian};
pub use tape::{Gradients, Tape, Variable};
pub use traced::Traced;
