//! Sixth floor: the oracle for other people's code. It must not know how results are shown.
//!
//! [`audit`] points the conformance suite at a [`Subject`]: somebody's rule for weights, loss, gradient, advantages,
//! divergence or the like. Truth comes from listing everything that can happen in small worlds; a check also proves that what it
//! tests was active in its data. [`specimens`] are the known bugs, by which the suite is tried and a failure is named.

mod catalogue;
mod check;
mod diagnosis;
mod examination;
mod fault;
mod functions;
mod gradients;
mod matrix;
mod mutant;
mod program;
mod question;
mod runner;
mod situation;
mod subject;
mod sweep;
mod theirs;
mod world;

pub use catalogue::{Sample, Specimen, checks, held_out, samples, specimens};
pub use check::{Check, Evidence, Finding};
pub use diagnosis::{Diagnosis, Likeness};
pub use examination::Examination;
pub use fault::Fault;
pub use matrix::{CheckRow, MATRIX, MatrixRecord, MutantRow, Score, Standing, SubjectRow, matrix};
pub use mutant::{Mutant, Observable, Reference};
pub use program::Program;
pub use runner::{Audit, AuditRecord, Outcome, Row, audit};
pub use situation::{Edition, Plan, SITUATIONS, Situation};
pub use subject::{
    AdvantageRule, Aggregation, Clip, Discounting, Fragment, Kind, LogProbLoss, Normalisation, Objective, Penalty,
    Promises, Ratio, Scores, Subject,
};
pub use sweep::{Followed, Follows, Objective as FollowedObjective, Point, Series};
pub use theirs::UnusableWorld;
