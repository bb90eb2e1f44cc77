//! A training record as a page of Markdown.

use std::fmt::Write;

use super::{TrainingFigure, columns, rows};
use crate::experiment::training::TrainingRecord;

/// The page: what was asked, what a guide says of it, what was found, figures that stand beside it, a table, an essay, and how it
/// was made.
#[must_use]
pub fn markdown(record: &TrainingRecord, figures: &[TrainingFigure]) -> String {
    let experiment = &record.experiment;
    let mut out = format!("# {}\n\n{}\n", experiment.title, experiment.question);
    if let Some(sentence) = &experiment.sentence {
        let _ = writeln!(out, "\n> {}", sentence.trim());
    }
    let _ = writeln!(out, "\n**{}**", experiment.finding.trim());
    for figure in figures {
        let _ = writeln!(out, "\n![{}]({}{}.svg)", figure.caption, record.name, figure.suffix);
    }
    let columns = columns(record);
    let _ = writeln!(out, "\n| {} |", columns.join(" | "));
    let _ = writeln!(out, "|---|{}", "---:|".repeat(columns.len() - 1));
    for row in rows(record) {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    let _ = writeln!(out, "\n{}\n\n{}", super::legend(record), experiment.analysis.trim());
    let _ = writeln!(out, "\n---\n\nMade by `{}`, version {}.", record.command, record.version);
    out
}
