//! A chapter: its claims whole, with every trial and every number.

use maud::{Markup, html};

use super::finding::{answer, badge};
use super::page::Page;
use super::table::{heads, list, table, unbroken};
use super::{Site, anchor, file};
use crate::report::ledger::{
    GUIDE, chapter_title, chapters, exact, interval_text, numbers, of_chapter, origin, role_text, tally,
};
use crate::report::prose::{capital, count, plural};
use crate::verify::{ClaimRecord, CounterfeitRecord, Ledger, QuantityRecord, TrialRecord, Verdict};

pub(super) fn chapter(site: &Site, ledger: &Ledger, chapter: u32) -> (String, String) {
    let claims: Vec<ClaimRecord> = of_chapter(ledger, chapter).cloned().collect();
    let title = format!("Chapter {chapter}: {}", chapter_title(chapter));
    let main = html! {
        (pager(ledger, chapter))
        header.lead {
            h1 { (title) }
            p { (plural(claims.len(), "claim")) " of " cite { (GUIDE) } ": " (tally(&claims)) ". "
                a href={ (file::LEDGER) "#" (anchor(chapter)) } { "In the ledger" } "." }
        }
        details.contents {
            summary { "The claims of this chapter" }
            ul { @for claim in &claims {
                li { (badge(claim.finding)) " " a href={ "#" (claim.id) } { (claim.id) } }
            } }
        }
        @for claim in &claims { (whole(claim)) }
        (pager(ledger, chapter))
    };
    let description = format!("{title}. {} of {GUIDE}: {}.", plural(claims.len(), "claim"), tally(&claims));
    Page { file: &file::chapter(chapter), title: &title, description: &description, style: "", main }.write(site)
}

fn pager(ledger: &Ledger, here: u32) -> Markup {
    html! {
        nav.pager aria-label="Chapters" {
            span { "Chapter" }
            ul { @for chapter in chapters(ledger) {
                li { a href=(file::chapter(chapter)) title=(chapter_title(chapter))
                    aria-current=[(chapter == here).then_some("page")] { (chapter) } }
            } }
        }
    }
}

fn whole(claim: &ClaimRecord) -> Markup {
    let facts = [("Precisely", &claim.statement), ("Why", &claim.because), ("What follows", &claim.lesson)];
    html! {
        article.whole id=(claim.id) aria-labelledby={ (claim.id) "-title" } {
            h2 id={ (claim.id) "-title" } { a href={ "#" (claim.id) } { (claim.id) } }
            p.found { (badge(claim.finding)) " " span.small { "a sentence of " (origin(claim)) } }
            @if claim.finding != claim.recorded { p.recorded { "Recorded as " (claim.recorded.word()) "." } }
            blockquote { (claim.quote) }
            dl.facts { @for (name, text) in facts { @if !text.is_empty() { dt { (name) } dd { (text) } } } }
            @if claim.trials.is_empty() {
                p.small { "There is no trial: no program can check this sentence." }
            } @else { (trials(claim)) }
            @if !claim.quantities.is_empty() { (quantities(claim)) }
        }
    }
}

fn trials(claim: &ClaimRecord) -> Markup {
    let rows = html! {
        (heads(&["Trial", "Where", "Measured", "Expected", "Asked", "Verdict", "Samples", "Counterfeits caught"]))
        tbody { @for trial in &claim.trials { (one(trial)) } }
    };
    table(&format!("Trials of {}", claim.id), "trials", &rows)
}

fn one(trial: &TrialRecord) -> Markup {
    html! {
        tr {
            th scope="row" { (capital(&trial.name)) span.small { (role_text(trial.role)) } }
            td { (trial.setting) }
            td {
                (list(&trial.measured, trial.standard_error.as_ref()))
                @if let Some(interval) = interval_text(trial) { span.small { (unbroken(&interval)) } }
                span.small { (trial.route.word()) }
            }
            td { (list(&trial.expected, None)) }
            td { (trial.judge) span.small { (trial.why) } }
            td { (answer(trial.verdict, Verdict::Holds)) }
            td.n { (samples(trial.samples)) }
            td { ul.plain { @for other in &trial.counterfeits { (caught(other)) } } }
        }
    }
}

fn caught(other: &CounterfeitRecord) -> Markup {
    html! {
        li {
            (answer(other.verdict, Verdict::Violated)) ": " (other.story)
            @if other.samples > 0 { "; after " (count(other.samples)) " samples" }
            div.small { (unbroken(&numbers(&other.measured, None))) }
        }
    }
}

fn samples(n: u64) -> String {
    if n == 0 { "none".to_owned() } else { count(n) }
}

fn quantities(claim: &ClaimRecord) -> Markup {
    // What the numbers are is not part of a record's JSON.
    let told = claim.quantities.iter().any(|quantity| !quantity.what.is_empty());
    let rows = html! {
        thead { tr {
            th scope="col" { "Number" }
            th scope="col" { "Value" }
            th scope="col" { "Route" }
            th scope="col" { "99 % interval" }
            @if told { th scope="col" { "What it is" } }
        } }
        tbody { @for quantity in &claim.quantities { (quantity_row(claim, quantity, told)) } }
    };
    table(&format!("Numbers of {}", claim.id), "quantities", &rows)
}

fn quantity_row(claim: &ClaimRecord, quantity: &QuantityRecord, told: bool) -> Markup {
    html! {
        tr {
            th scope="row" { code { (quantity.key) } }
            td { (list(&quantity.value, None)) }
            td { (claim.routes.get(&quantity.key).map_or("", |route| route.word())) }
            td { @match claim.intervals.get(&quantity.key) {
                Some([low, high]) => { (exact(*low)) " to " (exact(*high)) }
                None => { "–" }
            } }
            @if told { td { (quantity.what) } }
        }
    }
}
