//! Chapter 1: foundations and notation.

pub(super) mod policies;
pub(super) mod trajectory;
