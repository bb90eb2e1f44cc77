//! The algorithms while one thing changes, and what they follow.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::audit::{Followed, FollowedObjective, Follows, MatrixRecord, Series, Standing};
use crate::report::prose::{capital, cell};
use crate::report::significant;

/// A mean beside the truth in a cell: **1** is unbiased, another number is a factor, an angle says how far it is turned.
pub(super) fn standing(standing: Option<&Standing>) -> String {
    let Some(standing) = standing else { return "–".to_owned() };
    let number = |name: &str| standing.numbers.get(name).copied();
    let floor = number("over floor").map_or_else(String::new, |x| format!(" ({})", significant(x, 3)));
    match (number("scale"), number("angle")) {
        (Some(_), Some(angle)) if angle != 0.0 => format!("{}°", significant(angle, 3)),
        (Some(scale), _) if (scale - 1.0).abs() < 1e-9 => format!("**1**{floor}"),
        (Some(scale), _) => format!("{}{floor}", significant(scale, 3)),
        _ => "dead".to_owned(),
    }
}

pub(super) fn algorithms(out: &mut String, record: &MatrixRecord) {
    out.push_str(
        "\n## As one thing changes\n\nThe expected gradient of every algorithm beside ∇J, of the expected return, whatever the \
         algorithm promises. **1** is unbiased, another number a factor of ∇J, an angle says how far from ∇J it points. In \
         brackets the variance at the scale of ∇J over the floor, as above, where the direction is right. Algorithms that \
         agree in every column share a row.\n",
    );
    for series in &record.series {
        table(out, series);
    }
    followed(out, &record.followed);
}

fn table(out: &mut String, series: &Series) {
    let _ = writeln!(out, "\n### {}\n\n{}.\n", capital(&series.id), capital(&cell(&series.description)));
    out.push_str("| algorithm |");
    for point in &series.points {
        let _ = write!(out, " {} |", cell(&point.label));
    }
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(series.points.len()));
    let names: std::collections::BTreeSet<&String> = series.points.iter().flat_map(|p| p.subjects.keys()).collect();
    let rows = names.into_iter().map(|name| {
        let cells = series.points.iter().map(|point| standing(point.subjects.get(name)));
        (name.as_str(), cells.collect::<Vec<String>>().join(" | "))
    });
    for (cells, names) in together(rows) {
        let _ = writeln!(out, "| {} | {cells} |", names.join(", "));
    }
}

/// Names with the same row, in the order of the first of each.
fn together<'a>(rows: impl Iterator<Item = (&'a str, String)>) -> Vec<(String, Vec<&'a str>)> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut out: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, cells) in rows {
        let place = *places.entry(cells.clone()).or_insert(out.len());
        match out.get_mut(place) {
            Some((_, names)) => names.push(name),
            None => out.push((cells, vec![name])),
        }
    }
    out
}

fn followed(out: &mut String, rows: &[Followed]) {
    out.push_str(
        "\n### What they follow\n\nThe expected gradient on fresh data as a field over the parameters: a gradient of \
         something has a symmetric derivative. In brackets the antisymmetric part over the symmetric one, \
         ‖D − Dᵀ‖ / ‖D + Dᵀ‖. What follows no objective can lead in circles, and no quantity is sure to rise along it.\n\n\
         | algorithm | answers of one step, groups of three | answers of one to three steps, groups of two |\n|---|---|---|\n",
    );
    let rows =
        rows.iter().map(|row| (row.subject.as_str(), format!("{} | {}", follows(row.one_step), follows(row.ragged))));
    for (cells, names) in together(rows) {
        let _ = writeln!(out, "| {} | {cells} |", names.join(", "));
    }
}

fn follows(objective: FollowedObjective) -> String {
    match objective.is {
        Follows::ExpectedReturn => "the expected return".to_owned(),
        Follows::AnotherObjective => "another objective".to_owned(),
        Follows::NoObjective => format!("**no objective** ({})", significant(objective.asymmetry, 2)),
    }
}
