//! Training runs: a page with all systems, and one for each experiment.

use maud::{Markup, html};

use super::comparison::drawn;
use super::essay::essay;
use super::page::Page;
use super::table::table;
use super::{Site, file};
use crate::experiment::training::{TrainingRecord, Verdict};
use crate::report::prose::{capital, count, plural};
use crate::report::training::{PARTS, SYSTEM_COLUMNS, SystemRow, TrainingFigure, columns, legend, rows, systems};

/// The page of all systems that a guide names, with a card for each experiment.
pub(super) fn overview(site: &Site) -> (String, String) {
    let main = html! {
        header.lead {
            h1 { "Training runs" }
            p.question { "Do the algorithms of the guide learn, and what dies when a part is taken out?" }
        }
        (all_systems(site))
        @for (id, title, sentenced) in PARTS {
            @let of_it = || site.trainings.iter().filter(move |(_, record)| record.experiment.sentence.is_some() == sentenced);
            @if of_it().next().is_some() {
                section id=(id) aria-labelledby={ (id) "-title" } {
                    h2 id={ (id) "-title" } { (title) }
                    @if sentenced { p { "One part is taken out at a time, beside what the guide says of it." } }
                    div.cards { @for (page, record) in of_it() { (card(site, page, record)) } }
                }
            }
        }
    };
    let description =
        "Every algorithm and network of the guide, trained with several seeds, beside what can be reached.";
    Page { file: file::TRAINING, title: "Training runs", description, style: "", main }.write(site)
}

fn all_systems(site: &Site) -> Markup {
    let row = |page: &str, row: &SystemRow| {
        html! { tr {
            th scope="row" { a href=(page) { (row.system) } }
            @for ((_, number), cell) in SYSTEM_COLUMNS[1..].iter().zip(row.cells()) { td class=[number.then_some("n")] { (cell) } }
        } }
    };
    let body = html! {
        thead { tr { @for (title, number) in SYSTEM_COLUMNS { th class=[number.then_some("n")] scope="col" { (capital(title)) } } } }
        tbody {
            @for (page, record) in &site.trainings {
                @for system in &systems([*record]) { (row(page, system)) }
            }
        }
    };
    html! {
        section aria-labelledby="systems-title" {
            h2 id="systems-title" { "Systems" }
            (table("Each system of the guide on a task: interquartile means over seeds, with intervals at 95 %", "grid", &body))
        }
    }
}

/// A short section for the first page.
pub(super) fn section(site: &Site) -> Markup {
    let verdicts = || {
        let series = site.trainings.iter().flat_map(|(_, record)| &record.series);
        series.filter_map(|series| series.summary.verdict)
    };
    let reached = verdicts().filter(|verdict| *verdict == Verdict::Reached).count();
    html! {
        section id="training" aria-labelledby="training-title" {
            h2 id="training-title" { "Training runs" }
            p {
                (plural(site.trainings.len(), "experiment")) " in which the same estimators learn, whole and with parts taken out. Of " (verdicts().count())
                " series that were given a goal, " (reached) " reach it. " a href=(file::TRAINING) { "All systems and learning curves" } "."
            }
        }
    }
}

fn figure(figure: &TrainingFigure) -> Markup {
    html! { figure { (drawn(&figure.svg, figure.caption)) figcaption { (figure.caption) } } }
}

/// What a guide says of it, if it does.
fn quoted(record: &TrainingRecord) -> Markup {
    html! { @if let Some(sentence) = &record.experiment.sentence { blockquote { p { "“" (sentence.trim()) "”" } } } }
}

fn card(site: &Site, page: &str, record: &TrainingRecord) -> Markup {
    html! {
        article.card {
            h3 { a href=(page) { (record.experiment.title) } }
            p.question { (record.experiment.question) }
            (quoted(record))
            p { (record.experiment.finding) }
            @if let Some(first) = (site.figures.training)(record).first() { (figure(first)) }
        }
    }
}

/// The page of one experiment.
pub(super) fn experiment(site: &Site, page: &str, record: &TrainingRecord) -> (String, String) {
    let experiment = &record.experiment;
    let figures = (site.figures.training)(record);
    let main = html! {
        nav.trail aria-label="Trail" { a href=(file::TRAINING) { "All training runs" } }
        header.lead {
            h1 { (experiment.title) }
            p.question { (experiment.question) }
        }
        (quoted(record))
        section.finding aria-labelledby="finding" { h2 id="finding" { "Finding" } p { (experiment.finding) } }
        @if !figures.is_empty() {
            section aria-labelledby="figures" {
                h2 id="figures" { "Figures" }
                div.figures { @for one in &figures { (figure(one)) } }
            }
        }
        section aria-labelledby="numbers" {
            h2 id="numbers" { "Numbers" }
            (numbers(record))
            p.small { (legend(record)) }
        }
        section.essay aria-labelledby="analysis" { h2 id="analysis" { "Analysis" } (essay(site, &experiment.analysis)) }
        (made(record))
    };
    let description = format!("{} {}", experiment.question.trim(), experiment.finding.trim());
    Page { file: page, title: &experiment.title, description: &description, style: "", main }.write(site)
}

fn numbers(record: &TrainingRecord) -> Markup {
    let titles = columns(record);
    let body = html! {
        thead { tr { @for (i, title) in titles.iter().enumerate() {
            th class=[(i > 0).then_some("n")] scope="col" { (title) }
        } } }
        tbody { @for row in rows(record) { tr { @for (i, cell) in row.iter().enumerate() {
            @if i == 0 { th scope="row" { (cell) } } @else { td.n { (cell) } }
        } } } }
    };
    table("What each series reached", "grid", &body)
}

fn made(record: &TrainingRecord) -> Markup {
    let runs: usize = record.series.iter().map(|series| series.runs.len()).sum();
    let steps: u64 = record.series.iter().flat_map(|series| &series.runs).map(|run| run.steps).sum();
    html! {
        section aria-labelledby="made" {
            h2 id="made" { "How it was made" }
            dl.facts {
                dt { "Command" } dd { code { (record.command) } }
                dt { "Version" } dd { (record.version) }
                dt { "Seeds" } dd { (record.experiment.seeds) ", from " (record.experiment.seed) }
                dt { "Runs" } dd { (count(runs as u64)) ", of " (count(steps)) " steps together" }
            }
        }
    }
}
