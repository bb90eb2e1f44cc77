//! Chapter 5: REINFORCE.

pub(super) mod ascent;
pub(super) mod humanoid;
pub(in crate::claims) mod stale;
