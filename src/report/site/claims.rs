//! The ledger on one page: every claim with its finding, to be filtered by chapter and finding, and searched.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use super::finding::{badge, words};
use super::page::Page;
use super::{Site, anchor, file, of_claim};
use crate::report::ledger::{GUIDE, chapter_title, chapters, mark, of_chapter, tally};
use crate::report::prose::plural;
use crate::verify::{ClaimRecord, Finding, Ledger, Origin};

/// Adds the text search, which needs a script; the filters do not.
const SEARCH: &str = include_str!("search.js");

pub(super) fn claims(site: &Site, ledger: &Ledger) -> (String, String) {
    let main = html! {
        header.lead {
            h1 { "The ledger" }
            p { (plural(ledger.claims.len(), "claim")) " of " cite { (GUIDE) } ": " (tally(&ledger.claims)) "." }
        }
        (filters(ledger))
        div.ledger {
            @for chapter in chapters(ledger) {
                section.chapter id=(anchor(chapter)) data-chapter=(chapter) aria-labelledby={ (anchor(chapter)) "-title" } {
                    h2 id={ (anchor(chapter)) "-title" } {
                        a href=(file::chapter(chapter)) { "Chapter " (chapter) ": " (chapter_title(chapter)) }
                    }
                    @for claim in of_chapter(ledger, chapter) { (entry(claim)) }
                }
            }
            p.shown role="status" { "Claims shown" }
        }
        script { (PreEscaped(SEARCH)) }
    };
    let description = format!("Every claim of {GUIDE} with what was found: {}.", tally(&ledger.claims));
    let style = rules(ledger);
    Page { file: file::LEDGER, title: "The ledger", description: &description, style: &style, main }.write(site)
}

/// The findings that occur.
fn findings(ledger: &Ledger) -> Vec<Finding> {
    let occurs = |finding: &Finding| ledger.claims.iter().any(|claim| claim.finding == *finding);
    Finding::ALL.into_iter().filter(occurs).collect()
}

fn filters(ledger: &Ledger) -> Markup {
    let choice = |group: &str, id: &str, text: Markup| {
        html! {
            span.choice {
                input type="radio" name=(group) id=(id) checked[id.ends_with("-all")];
                label for=(id) { (text) }
            }
        }
    };
    html! {
        form.filters autocomplete="off" aria-label="Filter the claims" {
            fieldset {
                legend { "Finding" }
                (choice("finding", "finding-all", html! { "all" }))
                @for finding in findings(ledger) {
                    @let text = html! { span.sign aria-hidden="true" { (mark(finding)) } " " (words(finding)) };
                    (choice("finding", &format!("finding-{}", finding.word()), text))
                }
            }
            fieldset {
                legend { "Chapter" }
                (choice("chapter", "chapter-all", html! { "all" }))
                @for chapter in chapters(ledger) {
                    (choice("chapter", &format!("chapter-{chapter}"), html! { (chapter) }))
                }
            }
        }
    }
}

/// The rules that hide what a chosen filter leaves out.
fn rules(ledger: &Ledger) -> String {
    let mut rules = String::new();
    for finding in findings(ledger) {
        let word = finding.word();
        let _ = write!(
            rules,
            "body:has(#finding-{word}:checked) .claim:not(.is-{word}),\
             body:has(#finding-{word}:checked) .chapter:not(:has(.is-{word})){{display:none}}"
        );
    }
    for chapter in chapters(ledger) {
        let _ = write!(
            rules,
            "body:has(#chapter-{chapter}:checked) .chapter:not([data-chapter=\"{chapter}\"]){{display:none}}"
        );
    }
    rules
}

fn entry(claim: &ClaimRecord) -> Markup {
    html! {
        article class={ "claim is-" (claim.finding.word()) } id=(claim.id) {
            div.mark { (badge(claim.finding)) }
            div {
                h3 { a href=(of_claim(claim)) { (claim.id) } @if claim.origin == Origin::Ours { " " span.ours { "ours" } } }
                blockquote { (claim.quote) }
                p { (claim.statement) }
                @if claim.finding == Finding::Outside { p.small { (claim.because) } }
                @if claim.finding != claim.recorded { p.recorded { "Recorded as " (claim.recorded.word()) "." } }
            }
        }
    }
}
