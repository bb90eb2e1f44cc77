//! A comparison: the question, what was found, the figures, the essay, the numbers, and how they were made.

use maud::{Markup, PreEscaped, html};

use super::essay::essay;
use super::index::short_table;
use super::page::Page;
use super::table::table;
use super::{Site, file};
use crate::experiment::{Comparison, Measurement, Metric, PointRecord, SettingRecord};
use crate::report::comparison::agreement_sentences;
use crate::report::ledger::sampled;
use crate::report::number::shortest;
use crate::report::prose::{capital, count, plural};
use crate::report::significant;

pub(super) fn comparison(site: &Site, page: &str, record: &Comparison) -> (String, String) {
    let experiment = &record.experiment;
    let main = html! {
        nav.trail aria-label="Trail" { a href={ (file::INDEX) "#comparisons" } { "All comparisons" } }
        header.lead {
            h1 { (experiment.title) }
            p.question { (experiment.question) }
        }
        section.finding aria-labelledby="finding" { h2 id="finding" { "Finding" } p { (experiment.finding) } }
        (figures(site, record))
        section.essay aria-labelledby="analysis" { h2 id="analysis" { "Analysis" } (essay(site, &experiment.analysis)) }
        section aria-labelledby="numbers" {
            h2 id="numbers" { "Numbers" }
            @if record.results.len() < record.settings {
                p.recorded { "This record is a part: " (record.results.len()) " of " (plural(record.settings, "setting")) "." }
            }
            @for metric in &experiment.metrics { (numbers(record, *metric)) }
            (verdicts(record))
        }
        (agreement(record))
        (made(record))
    };
    let description = format!("{} {}", experiment.question.trim(), experiment.finding.trim());
    Page { file: page, title: &experiment.title, description: &description, style: "", main }.write(site)
}

/// The first figure of a comparison, for its card.
pub(super) fn first_figure(site: &Site, record: &Comparison) -> Option<Markup> {
    let metric = *record.experiment.metrics.first()?;
    let svg = (0..record.experiment.panel.len())
        .find_map(|panel| Some((panel, (site.figures.comparison)(record, panel, metric)?)));
    let (panel, svg) = svg?;
    let text = subject(record, panel, metric);
    Some(html! { figure { (drawn(&svg, &text)) figcaption { (text) "." } } })
}

/// What a figure shows: the panel, if it has a name, and the metric.
fn subject(record: &Comparison, panel: usize, metric: Metric) -> String {
    let name = panel_name(record, panel);
    let title = capital(metric.title());
    if name.is_empty() { title } else { format!("{name}: {title}") }
}

fn panel_name(record: &Comparison, panel: usize) -> String {
    capital(&record.experiment.panel_title(panel))
}

/// A figure, with what it shows.
pub(super) fn drawn(svg: &str, label: &str) -> Markup {
    html! { div.plot role="img" aria-label=(label) { (PreEscaped(svg)) } }
}

fn figures(site: &Site, record: &Comparison) -> Markup {
    let experiment = &record.experiment;
    let mut all = Vec::new();
    for metric in &experiment.metrics {
        for panel in 0..experiment.panel.len() {
            all.extend((site.figures.comparison)(record, panel, *metric).map(|svg| (panel, *metric, svg)));
        }
    }
    html! {
        @if !all.is_empty() {
            section aria-labelledby="figures" {
                h2 id="figures" { "Figures" }
                div.figures { @for (panel, metric, svg) in &all { (figure(record, *panel, *metric, svg)) } }
            }
        }
    }
}

fn figure(record: &Comparison, panel: usize, metric: Metric, svg: &str) -> Markup {
    let title = subject(record, panel, metric);
    html! {
        figure {
            (drawn(svg, &title))
            figcaption { strong { (title) "." } " " (capital(metric.meaning())) ", against the " (record.experiment.axis()) ". "
                (marks(record, panel, metric)) }
        }
    }
}

/// What the lines and the markers of a figure are.
fn marks(record: &Comparison, panel: usize, metric: Metric) -> String {
    let numbers = || {
        let points = record.panel(panel).flat_map(|setting| &setting.points);
        points.filter_map(move |point| point.metrics.get(&metric))
    };
    let titles = record.experiment.series_titles();
    let whose = match &titles[..] {
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
        [] => String::new(),
    };
    let exact = numbers().any(|number| number.exact.is_some());
    let drawn = numbers().any(|number| number.sampled.is_some());
    let how = match (exact, drawn) {
        (true, true) => "Lines: exact values. Markers with bars: samples, give or take two standard errors.",
        (true, false) => "Lines: exact values; nothing was sampled.",
        (false, true) => "Markers with bars: samples, give or take two standard errors; no exact value is known.",
        (false, false) => "No value is defined here.",
    };
    format!("{how} Series: {whose}.")
}

/// A metric's numbers, panel by panel.
fn numbers(record: &Comparison, metric: Metric) -> Markup {
    let cell = |point: &PointRecord| point.metrics.get(&metric).map_or_else(|| html! { "–" }, measured);
    let any = |what: fn(&Measurement) -> bool| {
        let points = record.results.iter().flat_map(|setting| &setting.points);
        points.filter_map(|point| point.metrics.get(&metric)).any(what)
    };
    let mut how = Vec::new();
    if any(|number| number.exact.is_some()) && any(|number| number.sampled.is_some()) {
        how.push("Exact value, and below it the sampled one with its standard error.");
    }
    if !any(|number| number.exact.is_some()) && any(|number| number.sampled.is_some()) {
        how.push("Sampled values with their standard errors.");
    }
    if undefined(record, metric) {
        how.push("A dash: not defined, or more than a double can hold.");
    }
    let caption = format!("{}: {}. {}", capital(metric.title()), metric.meaning(), how.join(" "));
    grid(record, caption.trim(), cell)
}

fn undefined(record: &Comparison, metric: Metric) -> bool {
    record.results.iter().flat_map(|setting| &setting.points).any(|point| !point.metrics.contains_key(&metric))
}

fn measured(number: &Measurement) -> Markup {
    html! {
        @if let Some(x) = number.exact { (significant(x, 6)) }
        @if let Some(drawn) = number.sampled {
            @let text = sampled(drawn.value, drawn.standard_error);
            @if number.exact.is_some() { span.small { (text) } } @else { (text) }
        }
        @if number.best().is_none() { "–" }
    }
}

/// What each estimator turned out to be.
fn verdicts(record: &Comparison) -> Markup {
    let points = || record.results.iter().flat_map(|setting| &setting.points);
    if points().all(|point| point.verdict.is_none()) {
        return html! {};
    }
    let cell = |point: &PointRecord| html! { (point.verdict.as_deref().unwrap_or("–")) };
    grid(record, "What each estimator is, by its exact mean.", cell)
}

/// A row a swept value, a column a series, a group of rows a panel.
fn grid(record: &Comparison, caption: &str, cell: impl Fn(&PointRecord) -> Markup) -> Markup {
    let titles = record.experiment.series_titles();
    let row = |setting: &SettingRecord| {
        html! {
            tr {
                th.n scope="row" { (shortest(setting.x)) }
                @for point in &setting.points { td.n { (cell(point)) } }
            }
        }
    };
    let rows = html! {
        thead { tr {
            th scope="col" { (capital(record.experiment.axis())) }
            @for title in &titles { th.n scope="col" { (title) } }
        } }
        @for panel in 0..record.experiment.panel.len() {
            @let name = panel_name(record, panel);
            tbody {
                @if !name.is_empty() {
                    tr.panel { th scope="rowgroup" colspan=(titles.len() + 1) { span { (name) } } }
                }
                @for setting in record.panel(panel) { (row(setting)) }
            }
        }
    };
    table(caption, "grid", &rows)
}

fn agreement(record: &Comparison) -> Markup {
    html! {
        section aria-labelledby="agreement" {
            h2 id="agreement" { "Exact against sampled" }
            p { (agreement_sentences(record)) }
        }
    }
}

fn made(record: &Comparison) -> Markup {
    let mut problems: Vec<Vec<Markup>> = Vec::new();
    let mut seen = Vec::new();
    for problem in &record.problems {
        if !seen.contains(&problem) {
            seen.push(problem);
            problems.push(vec![html! { (problem.name) }, html! { code.hash { (problem.hash) } }]);
        }
    }
    html! {
        section aria-labelledby="made" {
            h2 id="made" { "How it was made" }
            dl.facts {
                dt { "Command" } dd { code { (record.command) } }
                dt { "Version" } dd { (record.version) }
                dt { "Seed" } dd { (record.seed) }
                @if let Some(drawn) = record.experiment.sampled {
                    dt { "Samples" } dd { (count(drawn.trajectories as u64)) " in each setting and series" }
                }
                dt { "Experiment" } dd { "SHA-256 " code.hash { (record.experiment_hash) } }
            }
            (short_table("The problems and the SHA-256 of their tables", &["Problem", "SHA-256"], &problems))
        }
    }
}
