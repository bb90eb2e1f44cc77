//! The record of `unbiased exact`, for people and for machines.

use comfy_table::{Cell, Color};

use super::prose::plural;
use super::significant;
use super::table::{finish, right, table};
use crate::exact::{EstimatorRecord, ExactRecord, Verdict};

/// More rows or columns than these and the gradient is shown by its largest components.
const MOST_ROWS: usize = 16;
const MOST_COLUMNS: usize = 6;
const LARGEST: usize = 8;

/// The record as text for a terminal of 80 columns; with `colour`, verdicts are coloured.
#[must_use]
pub fn terminal(record: &ExactRecord, colour: bool) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    let problem = &record.problem;
    if let Some(description) = problem.description.as_ref().filter(|text| !text.is_empty()) {
        // What a file says may not move the cursor.
        line(&description.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>());
    }
    let seen = if problem.observations == problem.states {
        String::new()
    } else {
        format!(" seen as {}", plural(problem.observations, "observation"))
    };
    let (states, actions) = (plural(problem.states, "state"), plural(problem.actions, "action"));
    line(&format!("{states}{seen}, {actions}"));
    line(&format!("horizon {}, discount {}", problem.horizon, significant(problem.discount, 12)));
    line(&format!("tabular softmax, {}", plural(problem.observations * problem.actions, "parameter")));
    line("");
    let norm = square(&record.gradient).sqrt();
    line(&format!("objective J   {}", significant(record.objective, 10)));
    line(&format!("length of ∇J  {}", significant(norm, 10)));
    line("");
    line(&gradient(record, colour));
    line("");
    line(&estimators(record, norm, colour));
    line("");
    line("variance: summed over the parameters, for one trajectory");
    line("noise: variance / |mean|², the trajectories for a signal-to-noise ratio of 1");
    line("floor: the least variance of reward-to-go with a time-and-state baseline;");
    line("       a rescaled estimator is compared at the scale of ∇J");
    let outside = ["per-parameter", "q-baseline-corrected"];
    if record.estimators.iter().any(|(name, _)| outside.iter().any(|other| name.contains(other))) {
        line("       constants per parameter and corrected baselines are not in its class");
    }
    if record.estimators.iter().any(|(_, estimator)| estimator.batch > 1) {
        line("batch of N: the variance of the batch's mean, times N");
    }
    out
}

fn square(rows: &[Vec<f64>]) -> f64 {
    crate::numeric::sum(rows.iter().flatten().map(|x| x * x))
}

fn gradient(record: &ExactRecord, colour: bool) -> String {
    let problem = &record.problem;
    let row_name = if problem.observations == problem.states { "state" } else { "observation" };
    let mut table = table(colour);
    if problem.observations <= MOST_ROWS && problem.actions <= MOST_COLUMNS {
        let mut header = vec![Cell::new(format!("∇J  {row_name}"))];
        header.extend((0..problem.actions).map(|a| right(format!("action {a}"))));
        table.set_header(header);
        for (o, row) in record.gradient.iter().enumerate() {
            let mut cells = vec![right(o.to_string())];
            cells.extend(row.iter().map(|x| right(significant(*x, 5))));
            table.add_row(cells);
        }
        return finish(table);
    }
    let mut components: Vec<(usize, usize, f64)> = Vec::new();
    for (o, row) in record.gradient.iter().enumerate() {
        components.extend(row.iter().enumerate().map(|(a, x)| (o, a, *x)));
    }
    components.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    table.set_header(vec![right(row_name), right("action"), right(format!("∇J, its {LARGEST} largest entries"))]);
    for (o, a, x) in components.into_iter().take(LARGEST) {
        table.add_row(vec![right(o.to_string()), right(a.to_string()), right(significant(x, 6))]);
    }
    finish(table)
}

fn estimators(record: &ExactRecord, norm_of_gradient: f64, colour: bool) -> String {
    let mut table = table(colour);
    table.set_header(vec![
        Cell::new("estimator"),
        Cell::new("verdict"),
        right("variance"),
        right("noise"),
        right("× floor"),
    ]);
    for (name, estimator) in &record.estimators {
        let moves = !matches!(estimator.verdict, Verdict::Driftless | Verdict::Dead);
        let noise = if moves { estimator.trace / square(&estimator.mean) } else { f64::NAN };
        table.add_row(vec![
            Cell::new(name),
            verdict(estimator, norm_of_gradient),
            right(significant(estimator.trace, 5)),
            right(if noise.is_finite() { significant(noise, 4) } else { "–".to_owned() }),
            right(estimator.ratio_to_floor.map_or_else(|| "–".to_owned(), |ratio| significant(ratio, 5))),
        ]);
    }
    let noise = record.floor.trace / square(&record.gradient);
    table.add_row(vec![
        Cell::new("floor"),
        Cell::new(""),
        right(significant(record.floor.trace, 5)),
        right(if noise.is_finite() { significant(noise, 4) } else { "–".to_owned() }),
        right(if record.floor.trace > 0.0 { "1" } else { "–" }),
    ]);
    finish(table)
}

fn verdict(estimator: &EstimatorRecord, norm_of_gradient: f64) -> Cell {
    let scale = || significant(estimator.scale.unwrap_or(f64::NAN), 4);
    let (text, colour) = match estimator.verdict {
        Verdict::Unbiased => ("unbiased".to_owned(), Color::Green),
        Verdict::Rescaled => (format!("rescaled × {}", scale()), Color::Yellow),
        Verdict::Reversed => (format!("reversed × {}", scale()), Color::Red),
        Verdict::Turned(Some(angle)) => {
            let bias = significant(100.0 * estimator.bias_norm / norm_of_gradient, 2);
            (format!("turned {}°, off {bias} %", significant(angle, 2)), Color::Red)
        }
        Verdict::Turned(None) => (format!("biased by {}", significant(estimator.bias_norm, 3)), Color::Red),
        Verdict::Driftless => ("driftless (mean 0)".to_owned(), Color::Red),
        Verdict::Dead => ("dead (always 0)".to_owned(), Color::Red),
    };
    Cell::new(text).fg(colour)
}
