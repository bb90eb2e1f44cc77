//! Sixth floor: the ledger. A folder a chapter, a file a topic, a `static` a claim. It must not know how a claim is
//! reported.
//!
//! To add a claim: write its `static` in the file of its topic, and add a line to [`LEDGER`]. Tests over the ledger see
//! that it is there, in order, well named, with a counterfeit for each trial and every margin small enough.

mod ch01;
mod ch02;
mod measure;
mod prelude;
mod settings;
mod subjects;
mod world;

use crate::verify::Claim;

/// Every claim, in the guide's order.
pub static LEDGER: &[&Claim] = &[
    &ch01::trajectory::MARKOV_STATE,
    &ch01::trajectory::TRAJECTORY_PROB,
    &ch01::trajectory::ONLY_POLICY,
    &ch01::policies::POLICY_HEADS,
    &ch01::policies::TABLE_PPO,
    &ch02::objective::OBJECTIVE,
    &ch02::objective::CANNOT_COMPUTE,
    &ch02::objective::WILD_OUTCOMES,
    &ch02::objective::AVERAGE_NOT_LUCK,
    &ch02::objective::SAMPLE_ESTIMATE,
    &ch02::optimum::MAX_THETA,
];
