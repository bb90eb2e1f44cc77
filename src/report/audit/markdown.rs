//! Audits as pages of Markdown.

use std::fmt::Write;

use super::algorithms::{algorithms, standing};
use super::{mark, scores, tally};
use crate::audit::{AuditRecord, MatrixRecord, MutantRow, Outcome, SITUATIONS, SubjectRow};
use crate::report::prose::{capital, cell, plain};

/// One subject, check by check.
#[must_use]
pub fn subject_markdown(record: &AuditRecord) -> String {
    let mut out = format!("# Audit of {}\n\n{}.\n", plain(&record.subject), capital(&tally(record)));
    if let Some(diagnosis) = &record.diagnosis {
        let _ = writeln!(out, "\n**Diagnosis:** {}.", plain(&diagnosis.sentence()));
    }
    out.push_str("\n| check | outcome | found | remark |\n|---|---|---|---|\n");
    for row in &record.rows {
        let remark = match row.outcome {
            Outcome::Passed => String::new(),
            _ => row.reason.clone().unwrap_or_default(),
        };
        let worst = row.worst.as_ref().map_or_else(String::new, |worst| format!("; for example {worst}"));
        let found = format!("{}{worst}", row.verdict);
        let _ = writeln!(out, "| `{}` | {} | {} | {} |", row.check, mark(row.outcome), cell(&found), cell(&remark));
    }
    out
}

/// The suite's own page: reference subjects in every setting, and which check finds which bug.
#[must_use]
pub fn matrix_markdown(record: &MatrixRecord) -> String {
    let mut out = String::from("# The audit\n\n");
    let _ = writeln!(out, "{}\n", plain(&scores(record)));
    out.push_str(
        "Every number here is exact: all that can happen in a setting is listed, with its probability. \
         Made by `unbiased audit --matrix`.\n",
    );
    out + &matrix_body(record)
}

/// The page below its lead.
pub(in crate::report) fn matrix_body(record: &MatrixRecord) -> String {
    let mut out = String::new();
    settings(&mut out);
    subjects(&mut out, &record.subjects);
    algorithms(&mut out, record);
    out.push_str("\n## Known bugs\n\nBy their names in the catalogue; *found by* lists the checks that tell the bug from the correct subject.\n\n");
    mutants(&mut out, &record.mutants, true);
    out.push_str("\n## Bugs that no check was written for\n\nKnown bugs in other algorithms, and two at once.\n\n");
    mutants(&mut out, &record.held_out, false);
    out.push_str("\n## Checks\n\n| check | what should be true |\n|---|---|\n");
    for check in &record.checks {
        let _ = writeln!(out, "| `{}` | {} |", check.id, cell(&check.statement));
    }
    out
}

fn settings(out: &mut String) {
    out.push_str("\n## Settings\n\n| setting | what is there |\n|---|---|\n");
    for plan in &SITUATIONS {
        let _ = writeln!(out, "| {} | {} |", plan.id, cell(plan.description));
    }
}

/// Which settings tell most, in the order of the columns.
const COLUMNS: [&str; 9] =
    ["pair", "bandit", "prompts", "partial", "ragged", "steps", "discounted", "stale", "stale-ragged"];

fn subjects(out: &mut String, subjects: &[SubjectRow]) {
    out.push_str(
        "\n## Correct subjects\n\nThe expected gradient beside what the subject promises: **1** is unbiased, another number is a \
         factor of it, an angle says how far it is turned. In brackets, where the direction is right, the variance at the \
         scale of the gradient over the least that reward-to-go with a time-and-state baseline can have.\n\n| subject |",
    );
    for column in COLUMNS {
        let _ = write!(out, " {column} |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(COLUMNS.len()));
    out.push('\n');
    for subject in subjects.iter().filter(|subject| !subject.settings.is_empty()) {
        let _ = write!(out, "| {} |", cell(&subject.name));
        for column in COLUMNS {
            let _ = write!(out, " {} |", standing(subject.settings.get(column)));
        }
        out.push('\n');
    }
    out.push_str("\nFunctions, such as advantages and divergences, are listed below alone.\n\n| subject | source | what it fails, as it should |\n|---|---|---|\n");
    for subject in subjects {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (check, reason) in &subject.expected {
            match reasons.iter_mut().find(|(other, _)| other == reason) {
                Some((_, checks)) => checks.push(check),
                None => reasons.push((reason, vec![check])),
            }
        }
        let told = reasons.iter().map(|(reason, checks)| {
            let names = checks.iter().map(|check| format!("`{check}`")).collect::<Vec<String>>().join(", ");
            format!("{names}: {}", cell(reason))
        });
        let told = told.collect::<Vec<String>>().join("; ");
        let _ = writeln!(out, "| {} | {} | {told} |", cell(&subject.name), cell(&subject.source));
    }
}

fn mutants(out: &mut String, rows: &[MutantRow], with_evidence: bool) {
    out.push_str("| bug | in | what is wrong |");
    out.push_str(if with_evidence {
        " seen in | found by |\n|---|---|---|---|---|\n"
    } else {
        " found by |\n|---|---|---|---|\n"
    });
    for row in rows {
        let by = match &row.reason {
            Some(reason) if row.by.is_empty() => format!("*no bug of the mean:* {}", cell(reason)),
            Some(reason) => format!("{} (*{}*)", names(&row.by), cell(reason)),
            None => names(&row.by),
        };
        let wrong = format!("{}: `{}`", cell(&row.title), row.wrong.replace('|', "\\|"));
        let evidence = if with_evidence { format!(" {} |", cell(&row.evidence)) } else { String::new() };
        let wrong = if with_evidence { wrong } else { cell(&row.title) };
        let _ = writeln!(out, "| {} | {} | {wrong} |{evidence} {by} |", row.id, cell(&row.of));
    }
}

/// The first names, and how many more there are.
fn names(checks: &[String]) -> String {
    let shown = checks.iter().take(4).map(|check| format!("`{check}`")).collect::<Vec<String>>().join(", ");
    match checks.len() {
        0 => "**nothing**".to_owned(),
        n if n > 4 => format!("{shown} and {} more", n - 4),
        _ => shown,
    }
}
