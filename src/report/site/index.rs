//! The first page: what this is, what was found, and where it stands.

use maud::{Markup, html};

use super::comparison::first_figure;
use super::finding::{badge, bar};
use super::page::Page;
use super::table::{heads, table};
use super::{Site, audit, file, of_claim, training};
use crate::experiment::Comparison;
use crate::report::ledger::{
    GUIDE, NEVER_COUNTED, OUTSIDE, chapter_title, chapters, how_surely, mark, of_chapter, tally, tally_word,
};
use crate::report::prose::plural;
use crate::verify::{Finding, Ledger};

const DESCRIPTION: &str = "A correctness oracle for policy-gradient code: exact objectives, gradients, and means and \
                           variances of estimators on small worlds.";

pub(super) fn index(site: &Site) -> (String, String) {
    let main = html! {
        header.lead {
            h1 { "unbiased" }
            p.slogan { "A correctness oracle for policy-gradient code." }
            p {
                "Policy-gradient bugs are silent: the shapes fit, training runs, and it is just worse. On bandits, finite Markov "
                "decision processes and linear-Gaussian systems the right answer can be computed: the objective, its gradient, "
                "and the mean and variance of an estimator, " em { "exactly" } ". So an estimator is compared with the truth "
                "and not with another implementation of the same formula."
            }
        }
        @if let Some(ledger) = site.ledger { (found(ledger)) }
        @if let Some(record) = site.audit { (audit::section(record)) }
        @if !site.trainings.is_empty() { (training::section(site)) }
        @if !site.comparisons.is_empty() {
            section id="comparisons" aria-labelledby="comparisons-title" {
                h2 id="comparisons-title" { "Comparisons" }
                p {
                    (plural(site.comparisons.len(), "experiment")) ": one question each, answered with exact numbers and, where "
                    "they can be drawn, with samples beside them."
                }
                div.cards { @for (page, record) in &site.comparisons { (card(site, page, record)) } }
            }
        }
    };
    Page { file: file::INDEX, title: "unbiased", description: DESCRIPTION, style: "", main }.write(site)
}

fn found(ledger: &Ledger) -> Markup {
    let count = |finding: Finding| ledger.claims.iter().filter(|claim| claim.finding == finding).count();
    let link = |finding: Finding| match finding {
        Finding::Fails => file::ERRATA,
        Finding::Conditional => file::CONDITIONS,
        _ => file::LEDGER,
    };
    let says = |finding: Finding, n: usize| match finding {
        Finding::Conditional if n == 1 => "needs a condition",
        Finding::Conditional => "need a condition",
        other => tally_word(other, n),
    };
    html! {
        section aria-labelledby="ledger-title" {
            h2 id="ledger-title" { "The ledger" }
            p {
                (plural(ledger.claims.len(), "claim")) " of " cite { (GUIDE) } ", each tried on worlds small enough to be computed: "
                (tally(&ledger.claims)) "."
            }
            ul.tiles {
                @for finding in Finding::ALL {
                    @let n = count(finding);
                    @if n > 0 {
                        li { a class={ "tile " (finding.word()) } href=(link(finding)) {
                            span.number { (n) } " " span.says { span.sign aria-hidden="true" { (mark(finding)) } " " (says(finding, n)) }
                        } }
                    }
                }
            }
            ul {
                li { a href=(file::LEDGER) { "The ledger" } ": every claim with its finding, by chapter." }
                li { a href=(file::ERRATA) { "Errata" } ": the sentences that fail, with what is right and the smallest example that shows it." }
                li { a href=(file::CONDITIONS) { "Conditions" } ": the sentences that are right only under a condition, with the condition." }
            }
            (by_chapter(ledger))
            p.small { (how_surely(ledger)) }
            (outside(ledger))
        }
    }
}

fn outside(ledger: &Ledger) -> Markup {
    let claims = || ledger.claims.iter().filter(|claim| claim.finding == Finding::Outside);
    html! {
        @if claims().next().is_some() {
            h3 { (OUTSIDE) }
            p { (NEVER_COUNTED) }
            ul { @for claim in claims() {
                li { a href=(of_claim(claim)) { (claim.id) } ": “" (claim.quote) "” " (claim.lesson) }
            } }
        }
    }
}

fn by_chapter(ledger: &Ledger) -> Markup {
    let shown: Vec<Finding> = Finding::ALL
        .into_iter()
        .filter(|finding| ledger.claims.iter().any(|claim| claim.finding == *finding))
        .collect();
    let rows = html! {
        thead { tr {
            th scope="col" { "Chapter" }
            th.n scope="col" { "Claims" }
            @for finding in &shown { th.n scope="col" { (badge(*finding)) } }
            th.wide scope="col" { "Shares" }
        } }
        tbody { @for chapter in chapters(ledger) {
            @let of = of_chapter(ledger, chapter).collect::<Vec<_>>();
            tr {
                th scope="row" { a href=(file::chapter(chapter)) { (chapter) ". " (chapter_title(chapter)) } }
                td.n { (of.len()) }
                @for finding in &shown { td.n { (of.iter().filter(|claim| claim.finding == *finding).count()) } }
                td.wide { (bar(&of)) }
            }
        } }
    };
    table("The claims of each chapter, by finding", "chapters", &rows)
}

fn card(site: &Site, page: &str, record: &Comparison) -> Markup {
    let experiment = &record.experiment;
    html! {
        article.card {
            h3 { a href=(page) { (experiment.title) } }
            p.question { (experiment.question) }
            p { (experiment.finding) }
            @if let Some(figure) = first_figure(site, record) { (figure) }
        }
    }
}

/// A table of the settings' problems and similar short lists.
pub(super) fn short_table(caption: &str, titles: &[&str], rows: &[Vec<Markup>]) -> Markup {
    let body = html! {
        (heads(titles))
        tbody { @for row in rows { tr { @for (i, cell) in row.iter().enumerate() {
            @if i == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
        } } } }
    };
    table(caption, "", &body)
}
