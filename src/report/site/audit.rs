//! The audit's matrix: the algorithms beside what they promise, and which check finds which bug.

use maud::{Markup, html};

use super::essay::essay;
use super::page::Page;
use super::{Site, file};
use crate::audit::MatrixRecord;
use crate::report::audit::{matrix_body, scores};
use crate::report::prose::plural;

/// A short section for the first page.
pub(super) fn section(record: &MatrixRecord) -> Markup {
    html! {
        section id="audit" aria-labelledby="audit-title" {
            h2 id="audit-title" { "The audit" }
            p {
                (plural(record.checks.len(), "check")) " for anybody's estimator, tried on "
                (plural(record.mutants.len(), "known bug")) " and " (plural(record.subjects.len(), "correct subject")) ". "
                (scores(record)) " " a href=(file::AUDIT) { "Algorithms, bugs and checks" } "."
            }
        }
    }
}

pub(super) fn audit(site: &Site, record: &MatrixRecord) -> (String, String) {
    let main = html! {
        header.lead {
            h1 { "The audit" }
            p.question { "Which algorithms follow the gradient that they promise, and which check finds which bug?" }
        }
        section.finding aria-labelledby="finding" { h2 id="finding" { "Finding" } p { (scores(record)) } }
        section.essay aria-labelledby="numbers" {
            h2 id="numbers" { "Numbers" }
            p {
                "Every number here is exact: all that can happen in a setting is listed, with its probability. Made by "
                code { "unbiased audit --matrix" } "."
            }
            (essay(site, &matrix_body(record)))
        }
    };
    let description =
        "Estimators for language models and control beside the gradient that they promise, and known bugs.";
    Page { file: file::AUDIT, title: "The audit", description, style: "", main }.write(site)
}
