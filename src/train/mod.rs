//! Fifth floor: training runs. It must not know of claims.
//!
//! A run owns a stream, so that it is the same whatever runs beside it.

mod ascent;
mod bandit;

pub use ascent::{Ascent, AscentError};
pub use bandit::{BanditAscent, BanditBaseline, BanditRun};
