//! The sentences that fail, with what is right and the smallest example that shows it.

use maud::{Markup, html};

use super::page::Page;
use super::table::{heads, list, table};
use super::{Site, file, of_claim};
use crate::report::ledger::{
    A_WRONG_ANSWER_BESIDE, BY_TWO_ROUTES, GUIDE, SMALL_SETTINGS, chapter_title, errata_lead, example, of_the_guide,
};
use crate::report::prose::{capital, count};
use crate::verify::{ClaimRecord, Finding, Ledger, Origin, Role, TrialRecord};

pub(super) fn errata(site: &Site, ledger: &Ledger) -> (String, String) {
    let failing: Vec<&ClaimRecord> = ledger.claims.iter().filter(|claim| claim.finding == Finding::Fails).collect();
    let lead = errata_lead(&failing);
    let main = html! {
        header.lead {
            h1 { "Errata to " cite { (GUIDE) } }
            p {
                (lead) " " (BY_TWO_ROUTES) "; " (A_WRONG_ANSWER_BESIDE) " " (SMALL_SETTINGS) " " code { "docs/SETTINGS.md" } "; "
                code { "unbiased explain NAME" } " repeats any of them with all trials."
            }
        }
        @if !failing.is_empty() { (overview(ledger, &failing)) }
        @for (i, claim) in failing.iter().enumerate() { (erratum(ledger, i + 1, claim)) }
    };
    let description = format!("What is wrong in {GUIDE}, what is right, and why: {} sentences.", failing.len());
    Page { file: file::ERRATA, title: "Errata", description: &description, style: "", main }.write(site)
}

fn overview(ledger: &Ledger, failing: &[&ClaimRecord]) -> Markup {
    let rows = html! {
        (heads(&["Number", "Chapter", "The sentence", "What is right"]))
        tbody { @for (i, claim) in failing.iter().enumerate() {
            tr {
                th.n scope="row" { a href={ "#" (claim.id) } { (i + 1) } }
                td.n { (claim.chapter) }
                td.prose { (of_the_guide(ledger, claim)) }
                td.prose { (claim.statement) }
            }
        } }
    };
    table("All of them", "overview", &rows)
}

fn erratum(ledger: &Ledger, number: usize, claim: &ClaimRecord) -> Markup {
    let says = match claim.origin {
        Origin::Guide => "The guide says:",
        Origin::Ours => "A counter-example of ours, beside:",
    };
    html! {
        article.whole id=(claim.id) aria-labelledby={ (claim.id) "-title" } {
            h2 id={ (claim.id) "-title" } { (number) ". Chapter " (claim.chapter) ", " (chapter_title(claim.chapter)) }
            p.small { (says) }
            blockquote { (of_the_guide(ledger, claim)) }
            dl.facts {
                dt { "What is right" } dd { (claim.statement) " " (claim.lesson) }
                dt { "Why" } dd { (claim.because) }
            }
            @if let Some(trial) = example(claim, Role::Contradicts) { (shown(number, trial)) }
            p.small { "All trials: " a href=(of_claim(claim)) { (claim.id) } ", " code { "unbiased explain " (claim.id) } "." }
        }
    }
}

fn shown(number: usize, trial: &TrialRecord) -> Markup {
    let drawn = if trial.samples > 0 { format!(" ({} samples)", count(trial.samples)) } else { String::new() };
    let rows = html! {
        (heads(&[&format!("Measured{drawn}"), "To compare with", "Asked", "For a wrong answer"]))
        tbody { tr {
            td { (list(&trial.measured, trial.standard_error.as_ref())) }
            td { (list(&trial.expected, None)) }
            td { (trial.judge) }
            td { @match trial.counterfeits.first() {
                Some(wrong) => { (wrong.story) ": " (list(&wrong.measured, None)) }
                None => { "–" }
            } }
        } }
    };
    html! {
        p { strong { "An example." } " " (capital(&trial.name)) ". " em { "Where:" } " " (trial.setting) "." }
        (table(&format!("The example of erratum {number} in numbers"), "", &rows))
    }
}
