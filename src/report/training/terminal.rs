//! A training record on a terminal of 80 columns.

use comfy_table::{Attribute, Cell};

use super::{columns, rows};
use crate::experiment::training::TrainingRecord;
use crate::report::page::{Page, plain};
use crate::report::table::{finish, right, table};

/// The columns that the name of a series may take.
const SERIES: usize = 22;

/// What was asked and found, and a row a series.
#[must_use]
pub fn terminal(record: &TrainingRecord, colour: bool) -> String {
    let experiment = &record.experiment;
    let mut out = Page::new(colour);
    out.lead(&experiment.title, &experiment.question, &experiment.finding);
    out.line("");
    let mut table = table(colour);
    let head = |text: &str| if colour { Cell::new(text).add_attribute(Attribute::Bold) } else { Cell::new(text) };
    // Some columns less than on a page: they have no room.
    let columns = columns(record);
    let shown: Vec<usize> =
        (0..columns.len()).filter(|i| !["goal", "steps to goal", "beats the first"].contains(&columns[*i])).collect();
    table.set_header(shown.iter().map(|i| head(columns[*i])));
    for row in rows(record) {
        let cells = shown.iter().map(|i| match i {
            0 => Cell::new(textwrap::fill(&plain(&row[0]), SERIES)),
            _ => right(&row[*i]),
        });
        table.add_row(cells);
    }
    finish(table).lines().for_each(|line| out.line(line));
    out.line("");
    out.wrapped(&super::legend(record), 0, 0);
    out.text
}
