//! Chapter 2: the objective.

pub(super) mod objective;
pub(super) mod optimum;
