//! A comparison as a table for other programs: one row a number, in full precision.

use std::fmt::Write;

use super::panel_names;
use crate::experiment::Comparison;
use crate::report::number::shortest;

/// The records as one table of comma-separated values with a header (quoted as in RFC 4180, one line a row); what is absent
/// is empty. Nothing, of no record.
#[must_use]
pub fn csv<'a>(records: impl IntoIterator<Item = &'a Comparison>) -> String {
    let mut out = String::new();
    for record in records {
        if out.is_empty() {
            out.push_str("experiment,panel,x,series,metric,exact,sampled,standard_error,verdict\n");
        }
        rows(&mut out, record);
    }
    out
}

fn rows(out: &mut String, record: &Comparison) {
    let (panels, series) = (panel_names(record), record.experiment.series_titles());
    for setting in &record.results {
        for (point, title) in setting.points.iter().zip(&series) {
            for (metric, number) in &point.metrics {
                let fields = [
                    quoted(&record.name),
                    quoted(panels.get(setting.panel).map_or("", String::as_str)),
                    shortest(setting.x),
                    quoted(title),
                    metric.name().to_owned(),
                    optional(number.exact),
                    optional(number.sampled.map(|sampled| sampled.value)),
                    optional(number.sampled.map(|sampled| sampled.standard_error)),
                    quoted(point.verdict.as_deref().unwrap_or("")),
                ];
                out.push_str(&fields.join(","));
                out.push('\n');
            }
            for (moment, numbers) in
                point.parameters.iter().flat_map(|p| [("mean", &p.mean), ("variance", &p.variance)])
            {
                for (k, number) in numbers.iter().enumerate() {
                    let panel = quoted(panels.get(setting.panel).map_or("", String::as_str));
                    let (x, number) = (shortest(setting.x), shortest(*number));
                    let (name, title) = (quoted(&record.name), quoted(title));
                    let verdict = quoted(point.verdict.as_deref().unwrap_or(""));
                    let _ = writeln!(out, "{name},{panel},{x},{title},parameter {k}: {moment},{number},,,{verdict}");
                }
            }
        }
    }
}

fn optional(x: Option<f64>) -> String {
    x.map_or_else(String::new, shortest)
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// The fields of a row.
    fn split(row: &str) -> Vec<String> {
        let (mut fields, mut inside) = (vec![String::new()], false);
        let mut characters = row.chars().peekable();
        while let Some(c) = characters.next() {
            let last = fields.last_mut().unwrap();
            match c {
                // A doubled quote within quotes is a quote.
                '"' if inside && characters.next_if_eq(&'"').is_some() => last.push('"'),
                '"' => inside = !inside,
                ',' if !inside => fields.push(String::new()),
                c => last.push(c),
            }
        }
        fields
    }

    #[test]
    fn every_number_comes_back_to_the_bit() {
        let record = sample::record();
        let text = csv([&record]);
        let mut rows = text.lines().skip(1).map(split);
        let titles = record.experiment.series_titles();
        for setting in &record.results {
            for (point, title) in setting.points.iter().zip(&titles) {
                for (metric, number) in &point.metrics {
                    let row = rows.next().unwrap();
                    assert_eq!(row.len(), 9, "{row:?}");
                    let read = |text: &String| text.parse::<f64>().ok();
                    assert_eq!((&row[0], &row[3], row[4].as_str()), (&record.name, title, metric.name()));
                    assert_eq!(read(&row[2]), Some(setting.x));
                    assert_eq!(read(&row[5]), number.exact);
                    assert_eq!(read(&row[6]), number.sampled.map(|sampled| sampled.value));
                    assert_eq!(read(&row[7]), number.sampled.map(|sampled| sampled.standard_error));
                    assert_eq!(Some(&row[8]).filter(|text| !text.is_empty()), point.verdict.as_ref());
                }
            }
        }
        assert_eq!(rows.next(), None);
    }

    #[test]
    fn numbers_are_short_and_texts_quoted_where_they_must_be() {
        assert_eq!(
            [optional(Some(0.1)), optional(Some(3.0)), optional(Some(1e-20)), optional(None)],
            ["0.1", "3", "1e-20", ""]
        );
        assert_eq!([quoted("a | b"), quoted("a, \"b\"")], ["a | b", "\"a, \"\"b\"\"\""]);
    }
}
