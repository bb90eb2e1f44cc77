//! Chapter 6: causality.

pub(super) mod credit;
pub(super) mod independence;
pub(super) mod variance;
