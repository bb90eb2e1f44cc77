//! A comparison as a page of Markdown: what was asked and found, its figures, the essay, every number, and how surely.

use std::fmt::Write;

use super::{agreement, cell, figure, figure_file, number, panel_names, verdicts};
use crate::experiment::{Comparison, Metric, SettingRecord};
use crate::report::number::shortest;
use crate::report::prose::{capital, cell as text_cell, link, plain};

/// The page of a record; with `figures`, it shows `NAME-METRIC-PANEL.svg` (panels from 1), which have to stand beside it.
#[must_use]
pub fn markdown(record: &Comparison, figures: bool) -> String {
    let experiment = &record.experiment;
    let mut out = format!("# {}\n\n", plain(one_line(&experiment.title).trim()));
    let _ = writeln!(out, "*{}*\n", plain(&one_line(&experiment.question)));
    let _ = writeln!(out, "**{}**", plain(&one_line(&experiment.finding)));
    if figures {
        let _ = writeln!(out, "\n## Figures");
        for metric in &experiment.metrics {
            shown(&mut out, record, *metric);
        }
        let _ = writeln!(out, "\n{}", caption(record));
    }
    let _ = writeln!(out, "\n## Analysis\n\n{}", experiment.analysis.trim());
    numbers(&mut out, record);
    let _ = writeln!(out, "\n## Exact against sampled\n");
    let _ = writeln!(out, "{}", agreement::sentences(record));
    footer(&mut out, record);
    out
}

/// Text that stands in one line of Markdown.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

/// The figure of a panel and metric as an image, if there is one.
pub(super) fn image(record: &Comparison, panel: usize, metric: Metric) -> Option<String> {
    figure(record, panel, metric)?;
    let name = &panel_names(record)[panel];
    let text = plain(&format!("{name}: {} against {}", metric.title(), record.experiment.axis()));
    Some(format!("![{text}]({})", link(&figure_file(record, panel, metric))))
}

/// The figures of a metric, or why there is none.
fn shown(out: &mut String, record: &Comparison, metric: Metric) {
    let _ = writeln!(out, "\n**{}**: {}.\n", plain(metric.title()), metric.meaning());
    for (panel, name) in panel_names(record).iter().enumerate() {
        let _ = match image(record, panel, metric) {
            Some(image) => writeln!(out, "{image}"),
            None => writeln!(out, "{}: no figure, as no number is above 0.", plain(name)),
        };
    }
}

/// How figures are to be read.
fn caption(record: &Comparison) -> String {
    let mut text = String::from("Filled markers on lines are exact.");
    let sampled = |setting: &SettingRecord| {
        setting.points.iter().any(|point| point.metrics.values().any(|number| number.sampled.is_some()))
    };
    if record.results.iter().any(sampled) {
        text.push_str(
            " Hollow ones are sampled, with bars of two standard errors either way; a dotted line joins what is only sampled. On \
             a logarithmic axis, a bar that reaches 0 runs to the edge, and beside an exact value a sampled one is left out where \
             its two standard errors are more than that value.",
        );
    }
    if record.experiment.metrics.iter().any(|metric| metric.logarithmic()) {
        text.push_str(" Zeros have no place on a logarithmic axis: the legend names them.");
    }
    let (name, target) = (plain(&record.name), link(&record.name));
    let _ = write!(text, " Every number is in [{name}.csv]({target}.csv).");
    text
}

/// A table a metric and panel, and the verdicts.
fn numbers(out: &mut String, record: &Comparison) {
    let experiment = &record.experiment;
    let _ = writeln!(out, "\n## Numbers");
    for (panel, name) in panel_names(record).iter().enumerate() {
        let _ = writeln!(out, "\n### {}", plain(name));
        let verdicts = verdicts(record, panel);
        if !verdicts.is_empty() {
            let sentence = |(verdict, titles): &(String, Vec<String>)| {
                let titles: Vec<String> = titles.iter().map(|title| text_cell(title)).collect();
                format!("{}: **{verdict}**", titles.join("; "))
            };
            let _ = writeln!(out, "\n- {}", verdicts.iter().map(sentence).collect::<Vec<String>>().join("\n- "));
        }
        for metric in &experiment.metrics {
            let _ = writeln!(
                out,
                "\n**{}**\n\n{}",
                capital(&plain(metric.title())),
                table(record, panel, *metric).trim_end()
            );
        }
    }
}

fn table(record: &Comparison, panel: usize, metric: Metric) -> String {
    let titles = record.experiment.series_titles();
    let header: Vec<String> = titles.iter().map(|title| text_cell(title)).collect();
    let mut out = format!("| {} | {} |\n", text_cell(record.experiment.axis()), header.join(" | "));
    let _ = writeln!(out, "|---:|{}", "---:|".repeat(titles.len()));
    for setting in record.panel(panel) {
        let cells: Vec<String> = (0..titles.len()).map(|series| cell(number(setting, series, metric))).collect();
        let _ = writeln!(out, "| {} | {} |", shortest(setting.x), cells.join(" | "));
    }
    out
}

fn footer(out: &mut String, record: &Comparison) {
    let _ = writeln!(
        out,
        "\n---\n\nMade by `{}`, version {}, with seed {}. SHA-256 of the experiment: `{}`.",
        record.command, record.version, record.seed, record.experiment_hash
    );
    let mut seen: Vec<&str> = Vec::new();
    for problem in &record.problems {
        if !seen.contains(&problem.hash.as_str()) {
            seen.push(&problem.hash);
            let _ = writeln!(out, "Of the problem {}: `{}`.", plain(&problem.name), problem.hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_number_stands_in_a_table() {
        for record in [sample::record(), sample::exact_record()] {
            let page = markdown(&record, false);
            for setting in &record.results {
                let row = |metric: Metric| {
                    let cells: Vec<String> = (0..3).map(|series| cell(number(setting, series, metric))).collect();
                    format!("| {} | {} |\n", shortest(setting.x), cells.join(" | "))
                };
                assert!(page.contains(&row(Metric::Noise)) && page.contains(&row(Metric::Bias)), "{page}");
            }
            assert_eq!(page.matches("|---:|---:|---:|---:|").count(), 4);
        }
    }

    #[test]
    fn a_bar_in_a_title_does_not_end_its_cell() {
        let page = markdown(&sample::record(), false);
        assert!(page.contains("| horizon T, steps | plain | with, \"comma\" | a \\| b |"), "{page}");
        assert!(page.contains("### one | two"), "{page}");
    }

    #[test]
    fn verdicts_hashes_and_the_command_are_there() {
        let page = markdown(&sample::record(), false);
        for part in [
            "- plain: **unbiased**\n- with, \"comma\": **turned**\n",
            "`unbiased compare experiments/small.toml`",
            "`02`",
            "seed 7",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    #[test]
    fn figures_are_shown_if_asked_and_if_there_are_any() {
        let mut record = sample::record();
        assert!(!markdown(&record, false).contains(".svg"));
        let page = markdown(&record, true);
        assert!(page.contains("](small-noise-1.svg)") && page.contains("](small-bias-2.svg)"), "{page}");
        for point in record.results.iter_mut().flat_map(|setting| &mut setting.points) {
            if let Some(bias) = point.metrics.get_mut(&Metric::Bias) {
                bias.exact = Some(0.0);
            }
        }
        let page = markdown(&record, true);
        assert!(!page.contains("small-bias") && page.contains("second: no figure"), "{page}");
    }

    #[test]
    fn a_record_without_samples_says_so() {
        let page = markdown(&sample::exact_record(), true);
        assert!(page.contains("Nothing was sampled") && !page.contains("Hollow"), "{page}");
    }
}
