//! Chapter 7: baselines and the natural gradient.

pub(super) mod action;
pub(super) mod batch;
pub(super) mod constant;
pub(in crate::claims) mod information;
pub(super) mod levers;
pub(in crate::claims) mod natural;
pub(super) mod optimal;
pub(super) mod signal;
pub(super) mod state;
pub(in crate::claims) mod steps;
