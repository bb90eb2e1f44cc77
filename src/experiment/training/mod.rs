//! Training runs of several seeds, from a file to a record.
//!
//! A [`TrainingExperiment`] states a question and the settings of its series; a [`TrainingPlan`] is one that has been checked whole. A
//! run of it gives a [`TrainingRecord`]; what had been finished when a run was stopped, and where the rest stood, is
//! [`Kept`].

mod file;
mod record;
mod run;
mod summary;

pub use file::{Goal, Judged, TrainingExperiment, TrainingPlan};
pub use record::{Band, Interval, SeriesRun, Share, Summary, TRAINING, TrainingRecord, Verdict};
pub use run::{Kept, Unfinished};
