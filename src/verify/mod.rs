//! Fifth floor: verdicts. A [`Claim`] is a sentence with [`Trial`]s; [`run`] measures, judges and derives findings. It
//! must not know which claims there are, nor how a record is shown.

mod claim;
mod judge;
mod record;
mod runner;
mod source;

pub use claim::{Claim, Counterfeit, Finding, Origin, Quantity, Role, Route, Subject, Trial, Value};
pub use judge::{Bound, Judge, Margin, Verdict};
pub use record::{BudgetRecord, ClaimRecord, CounterfeitRecord, Ledger, Numbers, QuantityRecord, TrialRecord};
pub use runner::{Budget, DEFAULT_SEED, MOST_SAMPLES, Measured, Unsampleable, finding, judge_sampled, run};
pub use source::{Batches, Bounded, Draws, Runs, Sample, Source, SourceError};
