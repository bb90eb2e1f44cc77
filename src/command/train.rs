//! `unbiased train`: training runs from a file into a record.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use unbiased::environment::control::{TASKS, task_names};
use unbiased::estimator::recipe::{ADVANTAGES, AGGREGATIONS, CREDITS, SLOPES};
use unbiased::experiment::training::{Kept, TrainingPlan, TrainingRecord};
use unbiased::report;

use super::output::{
    Target, Threads, Unusable, aside, check_aside, check_target, colour, print, progress_of, read_kept, replace_kept,
    write_whole,
};

/// What `unbiased train` is told.
#[derive(Args)]
#[command(
    after_long_help = help(),
    mut_arg("output", |arg| arg.help("Write the record to a file, which appears only when it is complete")),
)]
pub(crate) struct TrainArguments {
    /// The experiment
    #[arg(value_name = "EXPERIMENT.toml")]
    experiment: PathBuf,
    /// Fewer or more seeds than the experiment's
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    #[command(flatten)]
    target: Target,
    /// Go on where a run that was stopped was, from what it kept beside the output; from a whole output, keep the runs of series
    /// whose settings have not changed since
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
    /// A table on the terminal
    Terminal,
    /// The record, in full precision
    Json,
    /// A page of Markdown
    Markdown,
}

fn help() -> String {
    use std::fmt::Write;
    let mut text = String::from("Tasks:\n\n");
    for task in &TASKS {
        let _ = writeln!(text, "  {:<20} {}", task.name, task.description);
    }
    let _ = writeln!(text, "\n  and {}", task_names()[TASKS.len()..].join(", "));
    let mut list = |title: &str, stages: &mut dyn Iterator<Item = (&str, &str)>| {
        let _ = writeln!(text, "\n{title}:\n");
        stages.for_each(|(name, meaning)| {
            let _ = writeln!(text, "  {name:<20} {meaning}");
        });
    };
    list("Credit", &mut CREDITS.iter().map(|stage| (stage.name, stage.meaning)));
    list("Advantage", &mut ADVANTAGES.iter().map(|stage| (stage.name, stage.meaning)));
    list("Slope", &mut SLOPES.iter().map(|stage| (stage.name, stage.meaning)));
    list("Aggregation", &mut AGGREGATIONS.iter().map(|stage| (stage.name, stage.meaning)));
    text + "\nThe file's form: docs/TRAINING.md. Exit codes: 0 every series reached its goal or not as its file says, 1 one did not, 2 unusable input."
}

/// Runs, keeps checkpoints beside the output, and delivers.
pub(crate) fn train(arguments: &TrainArguments) -> Result<ExitCode, Unusable> {
    arguments.threads.set()?;
    let mut plan = TrainingPlan::read(&arguments.experiment)?;
    if let Some(seeds) = arguments.seeds {
        if !(1..=1000).contains(&seeds) {
            return Err(Unusable(format!("--seeds is {seeds}; give a number from 1 to 1000")));
        }
        plan.experiment.seeds = seeds;
    }
    if let Some(output) = arguments.target.file() {
        check_target(output)?;
        check_aside(output, arguments.resume, "reached")?;
    }
    let start = match arguments.target.file() {
        Some(output) if arguments.resume => kept(&plan, output)?,
        _ => plan.nothing(),
    };
    let bar = progress_of(plan.steps(), "steps");
    let keep = |kept: &Kept| match arguments.target.file() {
        Some(output) if !output.exists() || output.is_file() => write_whole(&aside(output), &report::json(kept)?),
        _ => Ok(()),
    };
    let record = plan.run(start, |steps| bar.inc(steps), keep);
    bar.finish_and_clear();
    let record = record?;
    if let Some(output) = arguments.target.file() {
        replace_kept(output, &report::json(&record)?)?;
    }
    let text = match arguments.format {
        Format::Terminal => report::training::terminal(&record, colour()),
        Format::Json => report::json(&record)?,
        Format::Markdown => report::training::markdown(&record, &[]),
    };
    print(&text)?;
    Ok(ExitCode::from(u8::from(!record.as_recorded())))
}

/// The runs of a whole record that the experiment, which may have been changed since, asks for again; nothing if there is none.
fn finished(plan: &TrainingPlan, output: &Path) -> Result<Kept, Unusable> {
    if !output.is_file() {
        return Ok(plan.nothing());
    }
    let record: TrainingRecord = serde_json::from_str(&read_kept(output)?).map_err(|error| {
        let line = error.line().max(1);
        Unusable(format!("{}, line {line}: this is no whole training record; remove it", output.display()))
    })?;
    Ok(plan.reuse(&record))
}

/// What an earlier run of the same experiment had reached, or nothing.
fn kept(plan: &TrainingPlan, output: &Path) -> Result<Kept, Unusable> {
    let path = aside(output);
    if !path.is_file() {
        return finished(plan, output);
    }
    let text = read_kept(&path)?;
    let kept: Kept = serde_json::from_str(&text).map_err(|error| {
        Unusable(format!("{}, line {}: this is no whole checkpoint; remove it", path.display(), error.line().max(1)))
    })?;
    if kept.experiment != plan.hash() {
        return Err(Unusable(format!(
            "{} is of another experiment, or of other seeds; leave out --resume and remove it to begin again",
            path.display()
        )));
    }
    Ok(kept)
}
