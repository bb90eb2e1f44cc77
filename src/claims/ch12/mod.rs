//! Chapter 12: Summary, laboratories, design challenge, actor-critic.

pub(super) mod breaking;
pub(super) mod convergence;
pub(super) mod runs;
pub(super) mod summary;
