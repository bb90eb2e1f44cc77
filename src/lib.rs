//! `unbiased` is a correctness oracle for policy-gradient code.
#![allow(clippy::inline_always)]

pub mod autodiff;
pub mod environment;
pub mod numeric;
pub mod policy;
pub mod rng;
pub mod stats;
