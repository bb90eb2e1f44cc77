//! Chapter 9: importance sampling.

pub(super) mod bias;
pub(super) mod horizon;
pub(super) mod reuse;
pub(super) mod timestep;
pub(super) mod weights;
