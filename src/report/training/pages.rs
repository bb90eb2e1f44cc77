//! Training records as a folder of pages, and the row that every system of the guide has.

use std::fmt::Write;

use serde::Serialize;

use super::{figures, interval, markdown, number, word};
use crate::experiment::training::{Interval, SeriesRun, TrainingRecord, Verdict};
use crate::report::prose::{count, link, plain};

/// A system that a guide names, with the task it was tried on and what it reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SystemRow {
    /// The system.
    pub system: String,
    /// The experiment.
    pub experiment: String,
    /// The series in it.
    pub series: String,
    /// The task.
    pub task: String,
    /// What is judged, in words.
    pub judged: String,
    /// The interquartile mean over runs, with its interval.
    pub score: Interval,
    /// The best there is, if it is known.
    pub best: Option<f64>,
    /// The least score that is enough, if one is asked for.
    pub goal: Option<f64>,
    /// The seeds.
    pub seeds: usize,
    /// How many of them reached the goal.
    pub reached: Option<usize>,
    /// The steps of a run.
    pub steps: u64,
    /// Whether the goal was reached.
    pub verdict: Option<Verdict>,
}

/// The titles of a table of systems, and whether numbers stand below them.
pub(in crate::report) const SYSTEM_COLUMNS: [(&str, bool); 9] = [
    ("system", false),
    ("task", false),
    ("score", true),
    ("interval", true),
    ("best possible", true),
    ("goal", true),
    ("runs at goal", true),
    ("verdict", false),
    ("steps", true),
];

impl SystemRow {
    /// The cells below [`SYSTEM_COLUMNS`], all but the first.
    pub(in crate::report) fn cells(&self) -> [String; 8] {
        [
            self.task.clone(),
            number(self.score.value),
            interval(self.score, self.seeds),
            number(self.best),
            number(self.goal),
            self.reached.map_or_else(|| "–".to_owned(), |reached| format!("{reached} of {}", self.seeds)),
            self.verdict.map_or("–", word).to_owned(),
            count(self.steps),
        ]
    }
}

/// The parts of a list of experiments: anchor, title, and whether it holds those that take a sentence of a guide apart.
pub(in crate::report) const PARTS: [(&str, &str, bool); 2] =
    [("experiments", "Experiments", false), ("laboratory", "The Break-It laboratory", true)];

/// The systems that the series of the records are rows of, in the records' order.
#[must_use]
pub fn systems<'a>(records: impl IntoIterator<Item = &'a TrainingRecord>) -> Vec<SystemRow> {
    let row = |record: &TrainingRecord, series: &SeriesRun| {
        series.system.as_ref().map(|system| SystemRow {
            system: system.clone(),
            experiment: record.name.clone(),
            series: series.title.clone(),
            task: series.settings.task.clone(),
            judged: series.judged.meaning().to_owned(),
            score: series.summary.score,
            best: series.yardstick.most,
            goal: series.least,
            seeds: series.runs.len(),
            reached: series.summary.reached,
            steps: series.settings.steps,
            verdict: series.summary.verdict,
        })
    };
    let of = |record: &'a TrainingRecord| record.series.iter().filter_map(move |series| row(record, series));
    records.into_iter().flat_map(of).collect()
}

/// The files, each with its name: `README.md`, and `NAME.md` with its figures for every record.
#[must_use]
pub fn pages(records: &[TrainingRecord]) -> Vec<(String, String)> {
    let mut pages = vec![("README.md".to_owned(), index(records))];
    for record in records {
        let figures = figures(record);
        pages.push((format!("{}.md", record.name), markdown(record, &figures)));
        pages.extend(figures.into_iter().map(|figure| (format!("{}{}.svg", record.name, figure.suffix), figure.svg)));
    }
    pages
}

fn index(records: &[TrainingRecord]) -> String {
    let mut out = String::from("# Training runs\n\nThe systems that the guide names, learning.\n\n");
    let _ = writeln!(out, "| {} |", SYSTEM_COLUMNS.map(|(title, _)| title).join(" | "));
    let _ = writeln!(out, "|{}|", SYSTEM_COLUMNS.map(|(_, number)| if number { "---:" } else { "---" }).join("|"));
    for row in systems(records) {
        let (system, page, cells) = (plain(&row.system), link(&row.experiment), row.cells().join(" | "));
        let _ = writeln!(out, "| [{system}]({page}.md) | {cells} |");
    }
    for (_, title, sentenced) in PARTS {
        let of_it = records.iter().filter(|record| record.experiment.sentence.is_some() == sentenced);
        for (number, record) in of_it.enumerate() {
            if number == 0 {
                let _ = writeln!(out, "\n## {title}");
            }
            let experiment = &record.experiment;
            let _ = writeln!(out, "\n### [{}]({}.md)\n", plain(experiment.title.trim()), link(&record.name));
            let _ = writeln!(out, "*{}*\n", plain(experiment.question.trim()));
            if let Some(sentence) = &experiment.sentence {
                let _ = writeln!(out, "> {}\n", plain(sentence.trim()));
            }
            let _ = writeln!(out, "{}", plain(experiment.finding.trim()));
        }
    }
    out
}
