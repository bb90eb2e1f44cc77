//! The sentences that fail, with what is right and the smallest example that shows it.

use maud::{Markup, html};

use super::essay::essay;
use super::page::Page;
use super::table::{heads, list, table};
use super::{Site, file, of_claim};
use crate::report::ledger::{GUIDE, NOTATION, NOTATION_AND_SETTINGS, asked, beside, drawn, example, opening, words};
use crate::report::prose::capital;
use crate::verify::{ClaimRecord, Finding, Ledger, Origin, Role, TrialRecord};

pub(super) fn errata(site: &Site, ledger: &Ledger) -> (String, String) {
    let failing: Vec<&ClaimRecord> = ledger.claims.iter().filter(|claim| claim.finding == Finding::Fails).collect();
    let main = html! {
        header.lead {
            h1 { "Errata to " cite { (GUIDE) } }
            (essay(site, &opening(ledger)))
        }
        section.essay aria-labelledby="notation" {
            h2 id="notation" { (NOTATION_AND_SETTINGS) }
            (essay(site, NOTATION))
        }
        @if !failing.is_empty() { (overview(&failing)) }
        @for (i, claim) in failing.iter().enumerate() { (erratum(i + 1, claim)) }
    };
    let description = format!("What is wrong in {GUIDE}, what is right, and why: {} sentences.", failing.len());
    Page { file: file::ERRATA, title: "Errata", description: &description, style: "", main }.write(site)
}

fn overview(failing: &[&ClaimRecord]) -> Markup {
    let rows = html! {
        (heads(&["Number", "Chapter", "The sentence", "What is right"]))
        tbody { @for (i, claim) in failing.iter().enumerate() {
            tr {
                th.n scope="row" { a href={ "#" (claim.id) } { (i + 1) } }
                td.n { (claim.chapter) }
                td.prose { @match (claim.origin, beside(claim)) {
                    (Origin::Ours, Some((how, guide))) => { em { "ours, " (how) ": " } (words(guide).0) }
                    _ => { (words(&claim.quote).0) }
                } }
                td.prose { (claim.statement) }
            }
        } }
    };
    table("All of them", "overview", &rows)
}

fn erratum(number: usize, claim: &ClaimRecord) -> Markup {
    let (says, quote) = match (claim.origin, beside(claim)) {
        (Origin::Guide, _) => match words(&claim.quote) {
            (quote, "") => ("The guide says:".to_owned(), quote),
            (quote, note) => (format!("The guide says ({note}):"), quote),
        },
        (Origin::Ours, Some((how, guide))) => (format!("Our addition, {how}:"), words(guide).0),
        (Origin::Ours, None) => ("Our addition:".to_owned(), words(&claim.quote).0),
    };
    html! {
        article.whole id=(claim.id) aria-labelledby={ (claim.id) "-title" } {
            h2 id={ (claim.id) "-title" } { (number) ". Chapter " (claim.chapter) ": " code { (claim.id) } }
            p.small { (says) }
            blockquote { (quote) }
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
    let drawn = if trial.samples > 0 { format!(" ({})", drawn(trial, trial.samples)) } else { String::new() };
    let rows = html! {
        (heads(&[&format!("Measured{drawn}"), "To compare with", "Asked", "For comparison"]))
        tbody { tr {
            td { (list(&trial.measured, trial.standard_error.as_ref())) }
            td { (list(&trial.expected, None)) }
            td { (asked(trial)) }
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
