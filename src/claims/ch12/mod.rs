//! Chapter 12: Summary, laboratories, design challenge, actor-critic.

pub(super) mod advantage;
pub(super) mod adversarial;
pub(super) mod blend;
pub(super) mod breaking;
pub(super) mod build;
pub(super) mod code;
pub(super) mod control;
pub(super) mod convergence;
pub(super) mod critic;
pub(super) mod design;
pub(super) mod monte_carlo;
pub(super) mod runs;
pub(super) mod summary;
