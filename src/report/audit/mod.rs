//! What an audit found: one subject, or the whole matrix.

mod algorithms;
mod junit;
mod markdown;
mod terminal;

pub use junit::junit;
pub(super) use markdown::matrix_body;
pub use markdown::{matrix_markdown, subject_markdown};
pub use terminal::{matrix_terminal, subject_terminal};

use crate::audit::{AuditRecord, MatrixRecord, Outcome, Score};

/// A word of one width for the beginning of a line.
fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Failed => "FAILED",
        Outcome::FailedAsExpected => "expected",
        Outcome::PassedUnexpectedly => "PASSED",
        Outcome::Skipped => "skipped",
        Outcome::Broken => "BROKEN",
    }
}

/// How many checks became what.
fn tally(record: &AuditRecord) -> String {
    let all = [
        Outcome::Passed,
        Outcome::FailedAsExpected,
        Outcome::Skipped,
        Outcome::Failed,
        Outcome::PassedUnexpectedly,
        Outcome::Broken,
    ];
    let count = |outcome: Outcome| record.rows.iter().filter(|row| row.outcome == outcome).count();
    let some = all.into_iter().filter(|outcome| count(*outcome) > 0);
    some.map(|outcome| format!("{} {}", count(outcome), outcome.words())).collect::<Vec<String>>().join(", ")
}

fn of(score: Score) -> String {
    format!("{} of {}", score.killed, score.of)
}

/// The matrix in sentences.
pub(super) fn scores(record: &MatrixRecord) -> String {
    let equivalents = record.mutants.iter().filter(|row| row.equivalent).count();
    let clean = record.subjects.iter().filter(|subject| subject.clean).count();
    format!(
        "Of the known bugs {} are found ({equivalents} more leave the mean right or are meant). Of bugs that no check was \
         written for, {} are found. The diagnosis names {} first, in worlds that the suite was not built on. {clean} of {} \
         correct subjects pass everything that they should.",
        of(record.score()),
        of(record.held_out_score()),
        of(record.diagnosis_score()),
        record.subjects.len()
    )
}
