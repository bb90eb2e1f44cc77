#![doc = include_str!("../README.md")]
#![allow(clippy::inline_always)] // what a dispatched loop calls has to be compiled with it

pub mod audit;
pub mod autodiff;
pub mod batch;
pub mod claims;
pub mod environment;
pub mod estimator;
pub mod exact;
pub mod experiment;
pub mod numeric;
pub mod policy;
pub mod report;
pub mod rng;
pub mod rollout;
pub mod stats;
pub mod train;
pub mod verify;

#[doc = include_str!("../docs/METHOD.md")]
pub mod method {}

#[doc = include_str!("../docs/NOTATION.md")]
pub mod notation {}

#[doc = include_str!("../docs/SETTINGS.md")]
pub mod settings {}

#[doc = include_str!("../docs/EXPERIMENTS.md")]
pub mod experiments {}

#[doc = include_str!("../docs/AUDIT.md")]
pub mod auditing {}

#[doc = include_str!("../docs/TRAINING.md")]
pub mod training {}

#[doc = include_str!("../docs/FINDINGS.md")]
pub mod findings {}

#[doc = include_str!("../docs/LIMITS.md")]
pub mod limits {}
