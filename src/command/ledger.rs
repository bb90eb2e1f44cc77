//! `unbiased verify`, `list` and `explain`: the ledger.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use unbiased::claims::LEDGER;
use unbiased::report;
use unbiased::verify::{self, Budget, Claim, DEFAULT_SEED, Finding, Ledger};

use super::output::{Target, Threads, Unusable, colour, print, progress_bar, write_pages};

/// What `unbiased verify` is told.
#[derive(Args)]
#[command(after_long_help = "Exit codes: 0 every finding as recorded, 1 a finding differs, 2 unusable input, \
    3 a finding is undecided.")]
pub(crate) struct VerifyArguments {
    /// Only claims whose name contains this, such as ch07 or baseline
    filter: Option<String>,
    /// For people, machines, pages or continuous integration
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// The root seed of every random stream
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED, allow_negative_numbers = true)]
    seed: u64,
    #[command(flatten)]
    target: Target,
    /// Write pages to a folder: an index, a page a chapter, the errata, and the conditions
    #[arg(long, value_name = "FOLDER")]
    pages: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A line a claim on the terminal
    Terminal,
    /// JSON in full precision
    Json,
    /// One page, claim by claim
    Markdown,
    /// JUnit XML, a test case a claim
    Junit,
}

/// What `unbiased list` is told.
#[derive(Args)]
pub(crate) struct ListArguments {
    /// Only claims whose name contains this, such as ch07 or baseline
    filter: Option<String>,
}

/// What `unbiased explain` is told.
#[derive(Args)]
pub(crate) struct ExplainArguments {
    /// The claim's name
    claim: String,
    /// The root seed of every random stream
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED, allow_negative_numbers = true)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
}

/// Checks claims and says whether every finding is as recorded.
pub(crate) fn verify(arguments: &VerifyArguments) -> Result<ExitCode, Unusable> {
    arguments.threads.set()?;
    let claims = chosen(arguments.filter.as_deref())?;
    let ledger = run(&claims, arguments.seed);
    let text = match arguments.format {
        Format::Terminal => report::ledger::terminal(&ledger, arguments.target.colour()),
        Format::Json => report::json(&ledger)?,
        Format::Markdown => report::ledger::markdown(&ledger),
        Format::Junit => report::ledger::junit(&ledger)?,
    };
    if let Some(folder) = &arguments.pages {
        write_pages(folder, "ledger", &report::ledger::pages(&ledger))?;
    }
    arguments.target.deliver(&text)?;
    Ok(exit_code(&ledger))
}

/// Lists claims with what was found last time.
pub(crate) fn list(arguments: &ListArguments) -> Result<ExitCode, Unusable> {
    let claims = chosen(arguments.filter.as_deref())?;
    let lines: Vec<(&str, Finding, &str)> =
        claims.iter().map(|claim| (claim.id, claim.recorded, claim.quote)).collect();
    print(&report::ledger::list(&lines, colour()))?;
    Ok(ExitCode::SUCCESS)
}

/// Checks one claim and tells all about it.
pub(crate) fn explain(arguments: &ExplainArguments) -> Result<ExitCode, Unusable> {
    arguments.threads.set()?;
    let named = |claim: &&&Claim| claim.id == arguments.claim;
    let Some(claim) = LEDGER.iter().find(named) else {
        return Err(unknown("is called", &arguments.claim));
    };
    let ledger = run(&[claim], arguments.seed);
    print(&report::ledger::explain(&ledger.claims[0], colour()))?;
    Ok(exit_code(&ledger))
}

fn run(claims: &[&Claim], seed: u64) -> Ledger {
    let bar = progress_bar(claims.len() as u64);
    // The budget is that of the whole ledger, so that a filter changes no result.
    let ledger = verify::run(claims, seed, Budget::of(LEDGER), || bar.inc(1));
    bar.finish_and_clear();
    ledger
}

fn exit_code(ledger: &Ledger) -> ExitCode {
    let differs = |finding: Finding, recorded: Finding| finding != recorded && finding != Finding::Undecided;
    if ledger.claims.iter().any(|claim| differs(claim.finding, claim.recorded)) {
        ExitCode::from(1)
    } else if ledger.undecided() {
        ExitCode::from(3)
    } else {
        ExitCode::SUCCESS
    }
}

fn chosen(filter: Option<&str>) -> Result<Vec<&'static Claim>, Unusable> {
    let claims: Vec<&Claim> =
        LEDGER.iter().copied().filter(|claim| filter.is_none_or(|text| claim.id.contains(text))).collect();
    match filter {
        Some(text) if claims.is_empty() => Err(unknown("has a name that contains", text)),
        _ => Ok(claims),
    }
}

/// No claim of that name, and the nearest that there is.
fn unknown(asked: &str, text: &str) -> Unusable {
    let likeness = |id: &str| strsim::jaro_winkler(id, text).max(strsim::jaro_winkler(&id[5..], text));
    let near = LEDGER.iter().map(|claim| claim.id).filter(|id| likeness(id) > 0.75);
    let nearest = near.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = nearest.map_or(String::new(), |id| format!("the nearest is \"{id}\", and "));
    Unusable(format!("no claim {asked} \"{text}\"; {hint}`unbiased list` names all"))
}
