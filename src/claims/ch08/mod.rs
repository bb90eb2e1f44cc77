//! Chapter 8: The surrogate objective.

pub(super) mod densities;
pub(super) mod detach;
pub(super) mod lengths;
pub(super) mod limits;
pub(super) mod surrogate;
pub(super) mod sweep;
