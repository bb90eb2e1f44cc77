//! `unbiased exact`: a problem from a file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use unbiased::environment::{Problem, TabularMdp, read_table};
use unbiased::exact::{self, Baseline, Form, Oracle, ProblemSize};
use unbiased::policy::SoftmaxPolicy;
use unbiased::report;

use super::output::{Target, Threads, Unusable, progress_bar};

/// What `unbiased exact` is told.
#[derive(Args)]
#[command(after_long_help = catalogue_help())]
pub(crate) struct ExactArguments {
    /// The problem: JSON with the transition table P that Gymnasium's toy-text environments expose
    #[arg(value_name = "PROBLEM.json")]
    problem: PathBuf,
    /// The logits, [[…], …] with a row a state (or observation) and a column an action; zeros if absent
    #[arg(long, value_name = "FILE")]
    theta: Option<PathBuf>,
    /// A baseline table [[…], …] with a row a time and a column a state, reported as "given-baseline"
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Estimators by name, separated by commas; --help lists them
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_values_t = exact::DEFAULT.map(String::from))]
    estimators: Vec<String>,
    /// Another horizon than the file's
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    horizon: Option<usize>,
    /// Another discount than the file's
    #[arg(long, value_name = "GAMMA", allow_negative_numbers = true)]
    discount: Option<f64>,
    /// For people or for machines
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A table on the terminal
    Terminal,
    /// JSON in full precision
    Json,
}

fn catalogue_help() -> String {
    let mut text = String::from("Estimators (ψ: score, R: total return, G: reward-to-go):\n");
    for entry in &exact::CATALOGUE {
        for line in ["\n  ", &entry.usage(), "\n      ", entry.formula, "\n      ", entry.remark, "\n"] {
            text.push_str(line);
        }
    }
    text + "\nExit codes: 0 done, 2 unusable input."
}

/// Computes and delivers.
pub(crate) fn exact(arguments: &ExactArguments) -> Result<(), Unusable> {
    arguments.threads.set()?;
    let same = |path: &Path| std::fs::canonicalize(path).ok() == std::fs::canonicalize(&arguments.problem).ok();
    if arguments.target.file().is_some_and(|path| path.exists() && same(path)) {
        return Err(Unusable(format!("{} is the problem itself; name another output", arguments.problem.display())));
    }
    let Problem { description, mut mdp } = Problem::read(&arguments.problem)?;
    if let Some(horizon) = arguments.horizon {
        mdp = mdp.with_horizon(horizon)?;
    }
    if let Some(discount) = arguments.discount {
        mdp = mdp.with_discount(discount)?;
    }
    let theta = match &arguments.theta {
        Some(path) => theta(path, &mdp)?,
        None => vec![0.0; mdp.observations() * mdp.actions()],
    };
    let policy = SoftmaxPolicy::tabular(mdp.observations(), mdp.actions(), theta)?;
    let mut forms = Vec::new();
    for name in arguments.estimators.iter().map(|name| name.trim()) {
        if forms.iter().any(|(other, _)| other == name) {
            return Err(Unusable(format!("the estimator \"{name}\" stands twice; keep one")));
        }
        forms.push((name.to_owned(), Form::named(name)?));
    }
    let oracle = Oracle::of_mdp(&mdp, &policy)?;
    if let Some(path) = &arguments.baseline {
        let table = baseline(path, &mdp, &oracle)?;
        forms.push((exact::GIVEN.to_owned(), Form::to_go(Baseline::TimeAndState(table))));
    }
    // A pass an estimator, and three for the floor.
    let steps = oracle.steps_a_pass() * (forms.len() + 3);
    let bar = progress_bar(steps as u64);
    let shown = bar.clone();
    let oracle = oracle.with_progress(move || shown.inc(1));
    let size = ProblemSize {
        description,
        states: mdp.states(),
        observations: mdp.observations(),
        actions: mdp.actions(),
        horizon: mdp.horizon(),
        discount: mdp.discount(),
    };
    let record = oracle.record(size, &forms);
    bar.finish_and_clear();
    let record = record?;
    let text = match arguments.format {
        Format::Json => report::json(&record)?,
        Format::Terminal => report::terminal(&record, arguments.target.colour()),
    };
    arguments.target.deliver(&text)
}

/// Logits from a file.
pub(super) fn theta(path: &Path, mdp: &TabularMdp) -> Result<Vec<f64>, Unusable> {
    let rows = if mdp.observations() == mdp.states() { "a row a state" } else { "a row an observation" };
    let shape = (mdp.observations(), rows, mdp.actions(), "a column an action");
    let flat = table(path, "θ", shape)?;
    let missing = flat.iter().position(Option::is_none);
    match missing {
        Some(i) => {
            let (row, column) = (i / mdp.actions(), i % mdp.actions());
            Err(Unusable(format!("{}: θ[{row}][{column}] is null; every logit must be a number", path.display())))
        }
        None => Ok(flat.into_iter().flatten().collect()),
    }
}

/// A baseline may be null where its state cannot be reached, as the floor's is.
fn baseline(path: &Path, mdp: &TabularMdp, oracle: &Oracle) -> Result<Vec<f64>, Unusable> {
    let states = mdp.states();
    let flat = table(path, "the baseline", (mdp.horizon(), "a row a time", states, "a column a state"))?;
    let occupancy = oracle.occupancy();
    let needed = flat.iter().zip(&occupancy).position(|(entry, visited)| entry.is_none() && *visited > 0.0);
    match needed {
        Some(i) => Err(Unusable(format!(
            "{}: the baseline of time {} and state {} is null, but the state is reached then; give it a number",
            path.display(),
            i / states,
            i % states
        ))),
        None => Ok(flat.into_iter().map(|entry| entry.unwrap_or(0.0)).collect()),
    }
}

fn table(
    path: &Path,
    what: &str,
    (rows, row_meaning, columns, column_meaning): (usize, &str, usize, &str),
) -> Result<Vec<Option<f64>>, Unusable> {
    let table = read_table(path)?;
    let shape = format!("{what} has shape [{rows}, {columns}], {row_meaning} and {column_meaning}");
    if table.len() != rows {
        return Err(Unusable(format!("{}: the number of rows is {}, but {shape}", path.display(), table.len())));
    }
    if let Some((row, entries)) = table.iter().enumerate().find(|(_, entries)| entries.len() != columns) {
        return Err(Unusable(format!("{}: row {row} has length {}, but {shape}", path.display(), entries.len())));
    }
    Ok(table.into_iter().flatten().collect())
}
