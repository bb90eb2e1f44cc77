//! First floor: derivatives. It must not know of reinforcement learning.
//!
//! A policy's probabilities are written once over a generic [`Scalar`]; with [`Dual`] the same lines give their
//! derivatives, with [`Jet`] second derivatives. The oracle differentiates *probabilities* this way and never calls a policy's score.

mod dual;
mod jet;

pub use dual::{Dual, Scalar};
pub use jet::{Jet, hessian};
