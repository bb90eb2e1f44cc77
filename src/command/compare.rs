//! `unbiased compare`: an experiment from a file into a record.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::{Args, ValueEnum};
use unbiased::environment::PROBLEMS;
use unbiased::experiment::{
    Comparison, GAUSSIAN, GAUSSIAN_ESTIMATORS, Metric, OTHER_ESTIMATORS, PARAMETERS, Plan, Shard, Source,
};
use unbiased::report;

use super::output::{
    Target, Threads, Unusable, aside, check_aside, check_target, colour, print, progress_bar, read_kept, replace_kept,
    write_whole,
};

/// What `unbiased compare` is told.
#[derive(Args)]
#[command(
    after_long_help = help(),
    mut_arg("output", |arg| arg.help("Write the record to a file, which appears only when it is complete")),
)]
pub(crate) struct CompareArguments {
    /// The experiment
    #[arg(value_name = "EXPERIMENT.toml")]
    experiment: PathBuf,
    /// The root seed of every random stream, in place of the experiment's
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Compute the i-th of n parts; `unbiased report` puts them together
    #[arg(long, value_name = "I/N", value_parser = shard, default_value = "1/1", hide_default_value = true)]
    shard: Shard,
    #[command(flatten)]
    target: Target,
    /// Go on with what a run that was stopped had finished, kept beside the output
    #[arg(long, requires = "output")]
    resume: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Tables on the terminal
    Terminal,
    /// The record, in full precision
    Json,
    /// A page of Markdown
    Markdown,
    /// One row a number
    Csv,
}

fn shard(text: &str) -> Result<Shard, String> {
    let wrong = || format!("write the part and how many there are, such as 1/4, not \"{text}\"");
    let (index, count) = text.split_once('/').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
    let (index, count) = (number(index)?, number(count)?);
    if (1..=count).contains(&index) { Ok(Shard { index, count }) } else { Err(wrong()) }
}

fn help() -> String {
    let mut text = String::from("Metrics:\n");
    for metric in Metric::ALL {
        entry(&mut text, metric.name(), &[metric.meaning()]);
    }
    text += "\nParameters that can be swept:\n\n";
    for parameter in &PARAMETERS {
        let _ = writeln!(text, "  {:<16} {}", parameter.name, parameter.title);
    }
    text += "\nEstimators: those of `unbiased exact --help`, with the batch size as `batch`, and\n";
    for (name, formula, remark) in OTHER_ESTIMATORS {
        entry(&mut text, name, &[formula, remark]);
    }
    let _ = writeln!(text, "\nof the problem \"{GAUSSIAN}\", E f(x) with x ~ N(μ, σ²):");
    for (name, formula, remark) in GAUSSIAN_ESTIMATORS {
        entry(&mut text, name, &[formula, remark]);
    }
    text += "\nProblems by name:\n\n";
    for problem in &PROBLEMS {
        let _ = writeln!(text, "  {:<16} {}", problem.name, problem.description);
    }
    text + "\nThe file's form: docs/EXPERIMENTS.md. Exit codes: 0 done, 2 unusable input."
}

/// A name and what is said of it, line by line.
fn entry(text: &mut String, name: &str, lines: &[&str]) {
    let _ = writeln!(text, "\n  {name}");
    for line in lines {
        let _ = writeln!(text, "      {line}");
    }
}

/// Computes, keeps what is finished beside the output, and delivers.
pub(crate) fn compare(arguments: &CompareArguments) -> Result<ExitCode, Unusable> {
    arguments.threads.set()?;
    let plan = Source::read(&arguments.experiment)?.plan()?;
    if let Some(output) = arguments.target.file() {
        check_target(output)?;
        check_aside(output, arguments.resume, "finished")?;
    }
    let seed = arguments.seed.unwrap_or(plan.seed());
    let start = match arguments.target.file() {
        Some(output) if arguments.resume => kept(&plan, output, seed)?,
        _ => plan.empty(seed),
    };
    let bar = progress_bar(plan.count(arguments.shard) as u64);
    bar.inc(start.results.len() as u64);
    let due = AtomicUsize::new(0);
    let keep = |record: &Comparison| -> Result<(), Unusable> {
        bar.inc(1);
        let finished = record.results.len();
        match arguments.target.file() {
            // A device or a pipe is written to once, at the end.
            Some(output) if (!output.exists() || output.is_file()) && finished >= due.load(Ordering::Relaxed) => {
                // The file is written whole: so seldom that it takes linear time, so often that little is lost.
                due.store(finished + 1 + finished / 16, Ordering::Relaxed);
                write_whole(&aside(output), &report::json(record)?)
            }
            _ => Ok(()),
        }
    };
    let record = plan.run(start, arguments.shard, keep);
    bar.finish_and_clear();
    let record = record?;
    if let Some(output) = arguments.target.file() {
        replace_kept(output, &report::json(&record)?)?;
    }
    let text = match arguments.format {
        Format::Terminal => report::comparison::terminal(&record, colour()),
        Format::Json => report::json(&record)?,
        Format::Markdown => report::comparison::markdown(&record, false),
        Format::Csv => report::comparison::csv([&record]),
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What an earlier run of the same experiment had finished, or nothing.
fn kept(plan: &Plan, output: &Path, seed: u64) -> Result<Comparison, Unusable> {
    let found = [aside(output), output.to_path_buf()].into_iter().find(|path| path.is_file());
    let Some(path) = found else { return Ok(plan.empty(seed)) };
    let text = read_kept(&path)?;
    let record = Comparison::parse(&text, &path.display().to_string())?;
    let differs = if record.seed == seed { plan.refuses(&record) } else { Some("the seed") };
    match differs {
        Some(what) => Err(Unusable(format!(
            "{} cannot be gone on with: {what} differs; leave out --resume to begin again",
            path.display()
        ))),
        None => Ok(record),
    }
}
