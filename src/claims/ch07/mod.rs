//! Chapter 7: baselines. (The natural gradient is not here yet.)

pub(super) mod action;
pub(super) mod batch;
pub(super) mod constant;
pub(super) mod levers;
pub(super) mod optimal;
pub(super) mod state;
