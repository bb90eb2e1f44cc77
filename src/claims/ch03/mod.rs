//! Chapter 3: from imitation to policy gradients.

pub(super) mod bridge;
pub(super) mod clone;
