//! `unbiased` is a correctness oracle for policy-gradient code.
#![allow(clippy::inline_always)]

pub mod autodiff;
pub mod batch;
pub mod environment;
pub mod estimator;
pub mod exact;
pub mod numeric;
pub mod policy;
pub mod report;
pub mod rng;
pub mod rollout;
pub mod stats;
