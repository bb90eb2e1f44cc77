//! Comparisons as a folder of pages: an index, a page and a table a comparison, and the figures. They link to one another.

use std::fmt::Write;

use super::markdown::{image, one_line};
use super::{csv, figure, figure_file, markdown};
use crate::experiment::Comparison;
use crate::report::prose::{link, plain};

/// The files, each with its name: `README.md`, and for every record `NAME.md`, `NAME.csv` and `NAME-METRIC-PANEL.svg` with
/// panels from 1.
#[must_use]
pub fn pages(records: &[Comparison]) -> Vec<(String, String)> {
    let mut pages = vec![("README.md".to_owned(), index(records))];
    for record in records {
        pages.push((format!("{}.md", record.name), markdown(record, true)));
        pages.push((format!("{}.csv", record.name), csv([record])));
        for metric in &record.experiment.metrics {
            for panel in 0..record.experiment.panel.len() {
                if let Some(figure) = figure(record, panel, *metric) {
                    pages.push((figure_file(record, panel, *metric), figure));
                }
            }
        }
    }
    pages
}

fn index(records: &[Comparison]) -> String {
    let mut out = String::from("# Comparisons\n");
    for record in records {
        let experiment = &record.experiment;
        let _ = writeln!(out, "\n## [{}]({}.md)\n", plain(&one_line(&experiment.title)), link(&record.name));
        let _ = writeln!(out, "*{}*\n", plain(&one_line(&experiment.question)));
        let _ = writeln!(out, "{}", plain(&one_line(&experiment.finding)));
        let panels = 0..experiment.panel.len();
        let mut places = experiment.metrics.iter().flat_map(|metric| panels.clone().map(move |panel| (panel, *metric)));
        if let Some(image) = places.find_map(|(panel, metric)| image(record, panel, metric)) {
            let _ = writeln!(out, "\n{image}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_link_has_its_page_and_every_page_its_link() {
        let pages = pages(&[sample::record()]);
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), 3 + 4);
        let mut linked: Vec<&str> = vec!["README.md"];
        for (_, text) in pages.iter().filter(|(_, text)| text.starts_with("# ")) {
            linked.extend(text.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
        }
        for name in &names {
            assert!(linked.contains(name), "{name} is not linked: {linked:?}");
        }
        assert!(linked.iter().all(|link| names.contains(link)), "{linked:?} of {names:?}");
    }

    #[test]
    fn the_same_records_give_the_same_bytes() {
        let records = [sample::record()];
        assert_eq!(pages(&records), pages(&records));
    }
}
