//! Audits on a terminal of 80 columns.

use comfy_table::{Cell, Color};

use super::{mark, scores, tally};
use crate::audit::{AuditRecord, MatrixRecord, MutantRow, Outcome};
use crate::report::page::Page;

fn colour_of(outcome: Outcome) -> Color {
    match outcome {
        Outcome::Passed => Color::Green,
        Outcome::FailedAsExpected | Outcome::Skipped => Color::Yellow,
        _ => Color::Red,
    }
}

/// One subject, check by check; with `colour`, outcomes are coloured.
#[must_use]
pub fn subject_terminal(record: &AuditRecord, colour: bool) -> String {
    let mut out = Page::new(colour);
    out.bold(&format!("{} ({})", record.subject, record.kind));
    for row in &record.rows {
        let word = format!("{:<8}", mark(row.outcome));
        let word = out.styled(Cell::new(&word).fg(colour_of(row.outcome)), &word);
        out.line(&format!("  {word}  {}", row.check));
        let told = match row.outcome {
            Outcome::Skipped => row.reason.clone().unwrap_or_default(),
            Outcome::FailedAsExpected => {
                format!("{}; expected: {}", row.verdict, row.reason.clone().unwrap_or_default())
            }
            _ => row.verdict.clone(),
        };
        if row.outcome != Outcome::Passed {
            out.wrapped(&told, 12, 12);
        }
        if row.outcome.is_good() {
            continue;
        }
        out.wrapped(&format!("should be true: {}", row.statement), 12, 12);
        if let Some(worst) = &row.worst {
            out.wrapped(&format!("for example {worst}"), 12, 12);
        }
        if let Some(reason) = &row.reason {
            out.wrapped(reason, 12, 12);
        }
        out.line(&format!("            alone: {}", row.reproduce));
    }
    out.line("");
    if let Some(diagnosis) = &record.diagnosis {
        out.wrapped(&format!("Diagnosis: {}.", diagnosis.sentence()), 0, 0);
        out.line("");
    }
    out.wrapped(&format!("{}.", tally(record)), 0, 0);
    out.text
}

/// The matrix: a line a bug with the checks that find it.
#[must_use]
pub fn matrix_terminal(record: &MatrixRecord, colour: bool) -> String {
    let mut out = Page::new(colour);
    out.bold("Known bugs");
    record.mutants.iter().for_each(|row| line(&mut out, row));
    out.line("");
    out.bold("Bugs that no check was written for");
    record.held_out.iter().for_each(|row| line(&mut out, row));
    out.line("");
    out.bold("Correct subjects");
    for subject in &record.subjects {
        let word = format!("{:<8}", if subject.clean { "ok" } else { "ACCUSED" });
        let word = out.styled(Cell::new(&word).fg(if subject.clean { Color::Green } else { Color::Red }), &word);
        out.line(&format!("  {word}  {}", subject.name));
    }
    out.line("");
    out.wrapped(&scores(record), 0, 0);
    out.text
}

fn line(out: &mut Page, row: &MutantRow) {
    let (word, colour) = match (row.killed, row.equivalent) {
        (true, _) => ("found", Color::Green),
        (false, true) => ("same", Color::Yellow),
        (false, false) => ("AWAY", Color::Red),
    };
    let word = format!("{word:<6}");
    let word = out.styled(Cell::new(&word).fg(colour), &word);
    out.line(&format!("  {word}  {} in {}: {}", row.id, row.of, row.title));
    let by = match (row.by.as_slice(), &row.reason) {
        ([], Some(reason)) => reason.clone(),
        ([], None) => "by nothing".to_owned(),
        ([first], _) => format!("by {first}"),
        ([first, rest @ ..], _) => format!("by {first} and {} more", rest.len()),
    };
    out.wrapped(&by, 10, 10);
}
