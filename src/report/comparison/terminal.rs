//! A comparison on a terminal of 80 columns.

use comfy_table::{Attribute, Cell, Color};

use super::{agreement, cell, number, panel_names, verdicts};
use crate::experiment::{Comparison, Metric, SettingRecord};
use crate::report::number::shortest;
use crate::report::page::{Page, WIDTH, plain};
use crate::report::table::{finish, right, table};

/// A title in the head of a column is broken to lines of at least this width.
const NARROW: usize = 9;

/// What was asked and found, a table a panel of the first metric, and how surely; with `colour`, heads are bold and verdicts
/// have their colours.
#[must_use]
pub fn terminal(record: &Comparison, colour: bool) -> String {
    let experiment = &record.experiment;
    let mut out = Page::new(colour);
    out.lead(&experiment.title, &experiment.question, &experiment.finding);
    if let Some(metric) = experiment.metrics.first() {
        for (panel, name) in panel_names(record).iter().enumerate() {
            out.line("");
            for line in textwrap::wrap(&format!("{}: {}", plain(name), metric.title()), WIDTH) {
                out.bold(&line);
            }
            for table in tables(record, panel, *metric, colour) {
                out.line("");
                // Lines of a table are as wide as they are.
                table.lines().for_each(|line| out.line(line));
            }
            panel_verdicts(&mut out, record, panel, colour);
        }
    }
    out.line("");
    out.wrapped(&agreement::sentences(record), 0, 0);
    others(&mut out, record);
    out.text
}

/// What else there is, and how to see it.
fn others(out: &mut Page, record: &Comparison) {
    out.line("");
    let names: Vec<&str> = record.experiment.metrics.iter().skip(1).map(|metric| metric.name()).collect();
    if !names.is_empty() {
        out.wrapped(&format!("Also measured: {}.", names.join(", ")), 0, 2);
    }
    out.line("Pages with every number and figures:");
    out.wrapped(&format!("{} --output {}.json", record.command, record.name), 2, 4);
    out.wrapped(&format!("unbiased report {}.json --pages FOLDER", record.name), 2, 4);
}

fn panel_verdicts(out: &mut Page, record: &Comparison, panel: usize, colour: bool) {
    for (i, (verdict, titles)) in verdicts(record, panel).iter().enumerate() {
        if i == 0 {
            out.line("");
        }
        let titles: Vec<String> = titles.iter().map(|title| plain(title)).collect();
        let text = format!("{verdict}: {}", titles.join("; "));
        for line in textwrap::wrap(&text, textwrap::Options::new(WIDTH).subsequent_indent("  ")) {
            let word = match verdict.as_str() {
                "unbiased" => Color::Green,
                "rescaled" => Color::Yellow,
                _ => Color::Red,
            };
            let styled = if colour { out.styled(Cell::new(&line).fg(word), &line) } else { line.into_owned() };
            out.line(&styled);
        }
    }
}

/// The numbers of a panel: a row a swept value, a column a series, in as many tables as 80 columns ask for.
fn tables(record: &Comparison, panel: usize, metric: Metric, colour: bool) -> Vec<String> {
    let settings: Vec<&SettingRecord> = record.panel(panel).collect();
    let titles = record.experiment.series_titles();
    let columns: Vec<(String, Vec<String>)> = titles
        .iter()
        .enumerate()
        .map(|(series, title)| {
            let cells: Vec<String> = settings.iter().map(|setting| cell(number(setting, series, metric))).collect();
            (head(&plain(title), &cells), cells)
        })
        .collect();
    let rows: Vec<String> = settings.iter().map(|setting| shortest(setting.x)).collect();
    let axis = head(record.experiment.axis(), &rows);
    let room = WIDTH.saturating_sub(width(&axis).max(widest(&rows)));
    let mut groups: Vec<Vec<&(String, Vec<String>)>> = vec![Vec::new()];
    let mut used = 0;
    for column in &columns {
        // Two spaces stand between columns.
        let wide = 2 + width(&column.0).max(widest(&column.1));
        if used + wide > room && used > 0 {
            groups.push(Vec::new());
            used = 0;
        }
        used += wide;
        if let Some(group) = groups.last_mut() {
            group.push(column);
        }
    }
    groups.iter().map(|group| one_table(&axis, &rows, group, colour)).collect()
}

fn one_table(axis: &str, rows: &[String], columns: &[&(String, Vec<String>)], colour: bool) -> String {
    let mut table = table(colour);
    let bold = |text: &str| right(text).add_attribute(Attribute::Bold);
    let mut header = vec![bold(axis)];
    header.extend(columns.iter().map(|(head, _)| bold(head)));
    table.set_header(header);
    for (i, row) in rows.iter().enumerate() {
        let mut cells = vec![right(row)];
        cells.extend(columns.iter().map(|(_, column)| right(&column[i])));
        table.add_row(cells);
    }
    finish(table)
}

/// A title in lines about as wide as the column below it; a word that is longer stays whole.
fn head(title: &str, cells: &[String]) -> String {
    let options = textwrap::Options::new(widest(cells).max(NARROW))
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(title, options).join("\n")
}

fn widest(cells: &[String]) -> usize {
    cells.iter().map(|cell| width(cell)).max().unwrap_or(0)
}

/// The columns that the widest line of a text takes.
fn width(text: &str) -> usize {
    text.lines().map(textwrap::core::display_width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_terminal_and_every_number_is_there() {
        let mut record = sample::record();
        // So many series that one table does not hold them.
        for setting in &mut record.results {
            let more: Vec<_> = setting.points.iter().cycle().take(12).cloned().collect();
            setting.points = more;
        }
        record.experiment.series = (0..12)
            .map(|i| {
                toml::Table::from_iter([("label".to_owned(), format!("series of a long name, number {i}").into())])
            })
            .collect();
        let text = terminal(&record, false);
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        for setting in &record.results {
            for series in 0..12 {
                assert!(text.contains(&cell(number(setting, series, Metric::Noise))), "{text}");
            }
        }
    }

    #[test]
    fn colours_come_only_if_asked() {
        let record = sample::record();
        assert!(!terminal(&record, false).contains('\u{1b}'));
        assert!(terminal(&record, true).contains('\u{1b}'));
    }

    #[test]
    fn a_record_without_samples_or_results_is_shown() {
        let mut record = sample::exact_record();
        assert!(terminal(&record, false).contains("Nothing was sampled"));
        record.results.clear();
        assert!(terminal(&record, false).contains("What is seen?"));
    }

    #[test]
    fn a_text_cannot_move_the_cursor() {
        let mut record = sample::record();
        record.experiment.finding = "a\u{1b}[2Jb\nc".to_owned();
        assert!(terminal(&record, false).contains("a [2Jb c\n"));
    }
}
