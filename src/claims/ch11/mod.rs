//! Chapter 11: Policy architectures.

pub(super) mod chain;
pub(super) mod heads;
pub(super) mod networks;
