//! Chapter 4: deriving the policy gradient.

pub(super) mod conditions;
pub(super) mod direction;
pub(super) mod elsewhere;
pub(super) mod likelihood;
pub(super) mod noise;
pub(super) mod theorem;
