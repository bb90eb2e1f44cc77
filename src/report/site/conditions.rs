//! The sentences that are right under a condition only.

use maud::{Markup, html};

use super::page::Page;
use super::table::{heads, table};
use super::{Site, anchor, file, of_claim};
use crate::report::ledger::{GUIDE, beside, chapter_title, chapters, conditions_lead, example, words};
use crate::report::prose::capital;
use crate::verify::{ClaimRecord, Finding, Ledger, Role};

pub(super) fn conditions(site: &Site, ledger: &Ledger) -> (String, String) {
    let all = || ledger.claims.iter().filter(|claim| claim.finding == Finding::Conditional);
    let lead = conditions_lead(all().count());
    let main = html! {
        header.lead {
            h1 { "Sentences that need a condition" }
            p { (lead) " " a href=(file::ERRATA) { "Errata" } ", " a href=(file::LEDGER) { "all chapters" } "." }
        }
        @for chapter in chapters(ledger) {
            @let claims = all().filter(|claim| claim.chapter == chapter).collect::<Vec<_>>();
            @if !claims.is_empty() {
                section id=(anchor(chapter)) aria-labelledby={ (anchor(chapter)) "-title" } {
                    h2 id={ (anchor(chapter)) "-title" } { "Chapter " (chapter) ": " (chapter_title(chapter)) }
                    (rows(chapter, &claims))
                }
            }
        }
    };
    let description = format!("Sentences of {GUIDE} that are right only under a condition, with the condition.");
    Page { file: file::CONDITIONS, title: "Conditions", description: &description, style: "", main }.write(site)
}

fn rows(chapter: u32, claims: &[&ClaimRecord]) -> Markup {
    let rows = html! {
        (heads(&["The sentence", "The condition", "Outside it"]))
        tbody { @for claim in claims {
            tr {
                th.prose scope="row" {
                    (claim.quote)
                    @if let Some((how, guide)) = beside(claim) { ": " em { "ours, " (how) } " “" (words(guide).0) "”" }
                    span.small { a href=(of_claim(claim)) { (claim.id) } }
                }
                td.prose { (claim.lesson) }
                td.prose { (example(claim, Role::Limits).map_or(String::new(), |trial| capital(&trial.name))) }
            }
        } }
    };
    table(&format!("Conditions of chapter {chapter}"), "overview", &rows)
}
