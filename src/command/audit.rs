//! `unbiased audit`: the conformance suite on a program, on a subject of our own, or on itself.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use unbiased::audit::{
    self, Audit, AuditRecord, Kind, Program, Promises, Subject, audit, held_out, matrix, samples, specimens,
};
use unbiased::environment::Problem;
use unbiased::report;

use super::exact::theta;
use super::output::{Target, Threads, Unusable};

/// What `unbiased audit` is told.
#[derive(Args)]
#[command(after_long_help = "Programs read a batch a line as JSON and answer with a line of JSON: docs/AUDIT.md. \
    What they promise is a list such as groups,ratio=step,clip=pessimistic.\n\nExit codes: 0 everything as it should be, \
    1 a check is not, 2 unusable input.")]
#[command(group(clap::ArgGroup::new("what").required(true).args(["exec", "subject", "matrix"])))]
pub(crate) struct AuditArguments {
    /// A program to audit, as a shell runs it
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
    /// A reference subject, or a known bug, by name; several if given several times
    #[arg(long, value_name = "NAME")]
    subject: Vec<String>,
    /// Every known bug against every check, and every reference subject in every setting
    #[arg(long)]
    matrix: bool,
    /// What the program is: an estimator of the gradient, or a function such as advantages, divergence or entropy
    #[arg(long, value_name = "KIND", requires = "exec", default_value = "gradient", value_parser = Kind::from_str)]
    kind: Kind,
    /// What the program promises beyond the plain gradient of the expected return
    #[arg(long, value_name = "LIST", requires = "exec", default_value = "", hide_default_value = true)]
    promise: String,
    /// A check that should fail, and why; several if given several times
    #[arg(long, value_name = "CHECK=REASON")]
    expecting: Vec<String>,
    /// Only the checks whose names contain this
    #[arg(long, value_name = "PART")]
    check: Option<String>,
    /// A small world of yours to audit in too: a problem file, as `unbiased exact` reads it
    #[arg(long, value_name = "PROBLEM.json", conflicts_with = "matrix")]
    world: Option<PathBuf>,
    /// The logits in that world, [[…], …] with a row a state and a column an action
    #[arg(long, value_name = "FILE", requires = "world")]
    theta: Option<PathBuf>,
    /// Another horizon than the world's file has
    #[arg(long, value_name = "T", requires = "world")]
    horizon: Option<usize>,
    /// How many seconds the program may take to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: u64,
    /// For people, machines, pages or continuous integration
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Lines on the terminal
    Terminal,
    /// JSON in full precision
    Json,
    /// A page of Markdown
    Markdown,
    /// JUnit XML, a test case a check
    Junit,
}

/// Audits and delivers.
pub(crate) fn run(arguments: &AuditArguments) -> Result<ExitCode, Unusable> {
    arguments.threads.set()?;
    if arguments.matrix {
        return the_matrix(arguments);
    }
    let records = match &arguments.exec {
        Some(command) => vec![program(command, arguments)?],
        None => arguments.subject.iter().map(|name| ours(name, arguments)).collect::<Result<_, _>>()?,
    };
    let each = |of: &dyn Fn(&AuditRecord) -> String| records.iter().map(of).collect::<Vec<String>>().join("\n");
    let text = match arguments.format {
        Format::Terminal => each(&|record| report::audit::subject_terminal(record, arguments.target.colour())),
        Format::Markdown => each(&report::audit::subject_markdown),
        Format::Junit => report::audit::junit(&records)?,
        Format::Json => match &records[..] {
            [record] => report::json(record)?,
            records => report::json(&records)?,
        },
    };
    arguments.target.deliver(&text)?;
    Ok(ExitCode::from(u8::from(!records.iter().all(AuditRecord::is_good))))
}

fn the_matrix(arguments: &AuditArguments) -> Result<ExitCode, Unusable> {
    let record = matrix();
    let text = match arguments.format {
        Format::Terminal => report::audit::matrix_terminal(&record, arguments.target.colour()),
        Format::Json => report::json(&record)?,
        Format::Markdown => report::audit::matrix_markdown(&record),
        Format::Junit => return Err(Unusable("--matrix has no JUnit; take json or markdown".into())),
    };
    arguments.target.deliver(&text)?;
    Ok(ExitCode::from(u8::from(!record.is_good())))
}

fn program(command: &str, arguments: &AuditArguments) -> Result<AuditRecord, Unusable> {
    let promises: Promises = arguments.promise.parse().map_err(|reason| Unusable(format!("--promise: {reason}")))?;
    let program = Program::function(command, arguments.kind, Duration::from_secs(arguments.patience))
        .map_err(|fault| Unusable(format!("`{command}`: {fault}")))?;
    let subject = program.subject().promising(promises);
    let promised =
        if arguments.promise.is_empty() { String::new() } else { format!(" --promise {}", arguments.promise) };
    let of_kind = if arguments.kind.estimates_the_gradient() {
        String::new()
    } else {
        format!(" --kind {}", arguments.kind.word())
    };
    let again = format!("unbiased audit --exec '{command}'{of_kind}{promised}{}", place(arguments));
    // JSON has no word for what is no number.
    let suite = audit(&subject);
    let suite = if of_kind.is_empty() {
        suite.skipping("answers/padding-not-a-number", "JSON has no word for NaN")
    } else {
        suite
    };
    // A program has its own patience; the watchdog is for code in this process.
    let suite = suite.patience(Duration::from_hours(24));
    Ok(with(suite, arguments, &[])?.reproduced_by(again).run())
}

fn ours(name: &str, arguments: &AuditArguments) -> Result<AuditRecord, Unusable> {
    let again = format!("unbiased audit --subject {name}{}", place(arguments));
    let run = |subject: &Subject, expected: &[(&str, &str)]| {
        Ok(with(audit(subject), arguments, expected)?.reproduced_by(again.clone()).run())
    };
    if let Some(sample) = samples().iter().find(|sample| sample.name == name) {
        return run(&sample.subject, sample.expected);
    }
    if let Some(specimen) = specimens().iter().chain(&held_out()).find(|specimen| specimen.id == name) {
        return run(&specimen.subject, specimen.expected);
    }
    let names: Vec<&str> = samples().iter().map(|sample| sample.name).collect();
    Err(Unusable(format!("there is no subject \"{name}\"; there are {}, and the bugs of --matrix", names.join(", "))))
}

fn with<'a>(
    mut suite: Audit<'a>,
    arguments: &AuditArguments,
    expected: &[(&str, &str)],
) -> Result<Audit<'a>, Unusable> {
    for (check, reason) in expected {
        suite = suite.expecting(*check, *reason);
    }
    for text in &arguments.expecting {
        let Some((check, reason)) = text.split_once('=').filter(|(_, reason)| !reason.trim().is_empty()) else {
            return Err(Unusable(format!("--expecting {text}: write CHECK=REASON, with a reason")));
        };
        if let Some(unknown) = audit::checks().all(|known| known.id != check).then_some(check) {
            return Err(Unusable(format!(
                "--expecting: there is no check \"{unknown}\"; they are in reports/AUDIT.md"
            )));
        }
        suite = suite.expecting(check, reason);
    }
    if let Some(part) = &arguments.check {
        if audit::checks().all(|known| !known.id.contains(part.as_str())) {
            return Err(Unusable(format!(
                "--check: no check's name contains \"{part}\"; they are in reports/AUDIT.md"
            )));
        }
        suite = suite.only(part.as_str());
    }
    match &arguments.world {
        Some(path) => in_world(suite, path, arguments),
        None => Ok(suite),
    }
}

fn in_world<'a>(suite: Audit<'a>, path: &Path, arguments: &AuditArguments) -> Result<Audit<'a>, Unusable> {
    let mut mdp = Problem::read(path)?.mdp;
    if let Some(horizon) = arguments.horizon {
        mdp = mdp.with_horizon(horizon)?;
    }
    let logits = arguments.theta.as_ref().map(|file| theta(file, &mdp)).transpose()?;
    suite.in_world(&mdp, logits).map_err(|reason| Unusable(format!("{}: {reason}", path.display())))
}

/// The options that name the world, for a command that does the same again.
fn place(arguments: &AuditArguments) -> String {
    let file = |option: &str, path: &Option<PathBuf>| {
        path.as_ref().map_or_else(String::new, |path| format!(" --{option} '{}'", path.display()))
    };
    let horizon = arguments.horizon.map_or_else(String::new, |horizon| format!(" --horizon {horizon}"));
    file("world", &arguments.world) + &file("theta", &arguments.theta) + &horizon
}
