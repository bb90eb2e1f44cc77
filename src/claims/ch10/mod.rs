//! Chapter 10: KL constraints, TRPO, PPO.

pub(super) mod clip;
pub(super) mod divergence;
pub(super) mod penalty;
pub(super) mod region;
pub(super) mod trpo;
