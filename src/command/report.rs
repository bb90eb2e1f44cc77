//! `unbiased report`: records into pages, and what changed since older ones.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use unbiased::claims::LEDGER;
use unbiased::experiment::training::{TRAINING, TrainingRecord};
use unbiased::experiment::{Comparison, Metric};
use unbiased::report;
use unbiased::report::change::Changes;
use unbiased::verify::Ledger;

use super::output::{Target, Unusable, write_pages};

/// What `unbiased report` is told.
#[derive(Args)]
#[command(
    after_long_help = "Records: what `unbiased compare --output`, `unbiased verify --format json --output` and `unbiased train --output` wrote. \
    Parts of one experiment are put together first.\n\nExit codes: 0 done and nothing changed, 1 something changed beyond the \
    tolerance or sampling contradicts the exact route, 2 unusable input.",
    mut_arg("output", |arg| arg.help("Write what would be printed to a file, which appears only when it is complete")),
)]
pub(crate) struct ReportArguments {
    /// The records, whole or in parts
    #[arg(value_name = "RECORD.json", required = true)]
    records: Vec<PathBuf>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    #[command(flatten)]
    target: Target,
    /// Older records to compare with, each with the new one of its name
    #[arg(long, value_name = "OLD.json", num_args = 1..)]
    against: Vec<PathBuf>,
    /// The change, relative to a number or to its natural scale, up to which it counts as unchanged
    #[arg(long, value_name = "X", default_value_t = 1e-9, requires = "against", allow_negative_numbers = true)]
    tolerance: f64,
    /// Write the comparisons' pages with their figures and tables to a folder
    #[arg(long, value_name = "FOLDER")]
    pages: Option<PathBuf>,
    /// Write a site to a folder: self-contained pages of HTML
    #[arg(long, value_name = "FOLDER")]
    site: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables on the terminal
    Terminal,
    /// Pages of Markdown, one after the other
    Markdown,
    /// One row a number of the comparisons
    Csv,
    /// The record, put together; of one experiment alone
    Json,
    /// JUnit XML: claims, agreement of the routes, and changes
    Junit,
    /// A summary in Markdown for the page of a run in continuous integration
    Summary,
}

/// Everything that was given.
struct Records {
    ledger: Option<Ledger>,
    comparisons: Vec<Comparison>,
}

/// Reads, compares, and delivers.
pub(crate) fn report(arguments: &ReportArguments) -> Result<ExitCode, Unusable> {
    if !(arguments.tolerance >= 0.0 && arguments.tolerance.is_finite()) {
        return Err(Unusable(format!("--tolerance is {}; give a number from 0 on", arguments.tolerance)));
    }
    if let Some(trainings) = trainings(&arguments.records)? {
        return report_training(&trainings, arguments);
    }
    let records = read(&arguments.records)?;
    let changes = changes(&records, arguments)?;
    let Records { ledger, comparisons } = &records;
    let text = match arguments.format {
        Format::Terminal => terminal(&records, &changes, arguments.target.colour()),
        Format::Markdown => {
            let ledger = ledger.iter().map(report::ledger::markdown);
            let pages = comparisons.iter().map(|record| report::comparison::markdown(record, false));
            ledger.chain(pages).collect::<Vec<String>>().join("\n")
        }
        Format::Csv if comparisons.is_empty() => {
            return Err(Unusable("--format csv holds comparisons; give at least one".into()));
        }
        Format::Csv => report::comparison::csv(comparisons),
        Format::Json => match (ledger, &comparisons[..]) {
            (None, [record]) => report::json(record)?,
            _ => {
                return Err(Unusable(
                    "--format json writes one comparison; give the parts of a single experiment".into(),
                ));
            }
        },
        Format::Junit => report::integration::junit(ledger.as_ref(), comparisons, &changes)?,
        Format::Summary => report::integration::summary(ledger.as_ref(), comparisons, &changes),
    };
    if let Some(folder) = &arguments.pages {
        write_pages(folder, "comparisons", &report::comparison::pages(comparisons))?;
    }
    if let Some(folder) = &arguments.site {
        let figure =
            |record: &Comparison, panel: usize, metric: Metric| report::comparison::figure(record, panel, metric);
        write_pages(folder, "site", &report::site(ledger.as_ref(), comparisons, &figure))?;
    }
    arguments.target.deliver(&text)?;
    let differs = changes.iter().any(|changed| !changed.changes.is_empty());
    let differs = differs || ledger.as_ref().is_some_and(|ledger| !ledger.as_recorded());
    let contradicted = comparisons.iter().any(|record| !record.overall().agrees());
    Ok(ExitCode::from(u8::from(differs || contradicted)))
}

/// The records of training runs, if the first is one.
fn trainings(paths: &[PathBuf]) -> Result<Option<Vec<TrainingRecord>>, Unusable> {
    let mut trainings = Vec::new();
    for path in paths {
        let (name, text) = (path.display().to_string(), read_text(path)?);
        let head: String = text.chars().filter(|c| !c.is_whitespace()).take(40).collect();
        if head.starts_with(&format!("{{\"record\":\"{TRAINING}\"")) {
            trainings.push(serde_json::from_str(&text).map_err(|error| {
                let mend = "give what `unbiased train --output` wrote";
                Unusable(format!("{name}, line {}: this is no whole training record; {mend}", error.line().max(1)))
            })?);
        } else if trainings.is_empty() {
            return Ok(None);
        } else {
            return Err(Unusable(format!("{name} is no training record; report training runs by themselves")));
        }
    }
    Ok(Some(trainings))
}

fn report_training(records: &[TrainingRecord], arguments: &ReportArguments) -> Result<ExitCode, Unusable> {
    if arguments.site.is_some() || !arguments.against.is_empty() {
        return Err(Unusable("training runs have pages alone; leave out --site and --against".into()));
    }
    let joined = |of: &dyn Fn(&TrainingRecord) -> String| records.iter().map(of).collect::<Vec<String>>().join("\n");
    let text = match arguments.format {
        Format::Terminal => joined(&|record| report::training::terminal(record, arguments.target.colour())),
        Format::Markdown => joined(&|record| report::training::markdown(record, false)),
        Format::Json => report::json(&report::training::systems(records))?,
        Format::Csv | Format::Junit | Format::Summary => {
            return Err(Unusable("training runs are printed as terminal, markdown or json; give one of these".into()));
        }
    };
    if let Some(folder) = &arguments.pages {
        write_pages(folder, "training", &report::training::pages(records))?;
    }
    arguments.target.deliver(&text)?;
    Ok(ExitCode::from(u8::from(records.iter().any(TrainingRecord::missed))))
}

fn terminal(records: &Records, changes: &[Changes], colour: bool) -> String {
    let told: String = changes.iter().map(Changes::text).collect();
    if !told.is_empty() {
        return told;
    }
    let ledger = records.ledger.iter().map(|ledger| report::ledger::terminal(ledger, colour));
    let comparisons = records.comparisons.iter().map(|record| report::comparison::terminal(record, colour));
    ledger.chain(comparisons).collect::<Vec<String>>().join("\n")
}

fn read(paths: &[PathBuf]) -> Result<Records, Unusable> {
    let mut ledger = None;
    let mut parts: Vec<(String, Vec<(String, Comparison)>)> = Vec::new();
    for path in paths {
        let (name, text) = (path.display().to_string(), read_text(path)?);
        // A ledger is known by its claims; everything else is read as a comparison, whose errors say what is missing.
        if text.contains("\"claims\"") && !text.contains("\"experiment_hash\"") {
            if ledger.is_some() {
                return Err(Unusable(format!("{name} is a second ledger; give one")));
            }
            ledger = Some(parse_ledger(&text, &name)?);
            continue;
        }
        let part = Comparison::parse(&text, &name)?;
        match parts.iter_mut().find(|(experiment, _)| *experiment == part.name) {
            Some((_, all)) => all.push((name, part)),
            None => parts.push((part.name.clone(), vec![(name, part)])),
        }
    }
    let whole = |(_, parts)| Ok::<Comparison, Unusable>(Comparison::merge(parts)?.complete()?);
    Ok(Records { ledger, comparisons: parts.into_iter().map(whole).collect::<Result<_, _>>()? })
}

fn parse_ledger(text: &str, name: &str) -> Result<Ledger, Unusable> {
    let mut ledger: Ledger = serde_json::from_str(text).map_err(|error| {
        let mend = "give what `unbiased verify --format json --output` wrote";
        Unusable(format!("{name}, line {}: this is no whole ledger; {mend}", error.line().max(1)))
    })?;
    // What a number is, in words, is not in the record.
    for claim in &mut ledger.claims {
        let known = LEDGER.iter().find(|known| known.id == claim.id);
        for quantity in &mut claim.quantities {
            let same = known.and_then(|known| known.quantities.iter().find(|other| other.key == quantity.key));
            quantity.what = same.map_or(String::new(), |same| same.what.to_owned());
        }
    }
    Ok(ledger)
}

fn read_text(path: &Path) -> Result<String, Unusable> {
    if path.is_dir() {
        return Err(Unusable(format!("{} is a directory; name the records in it", path.display())));
    }
    std::fs::read_to_string(path).map_err(|error| {
        let mend = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission to read it is denied; change its mode".to_owned(),
            std::io::ErrorKind::InvalidData => "it is not UTF-8 text; records are JSON".to_owned(),
            kind => format!("{kind}; check the disk"),
        };
        Unusable(format!("{}: {mend}", path.display()))
    })
}

/// What changed since the older records, each of which must have a new one of its name; and which new ones have no older.
fn changes(records: &Records, arguments: &ReportArguments) -> Result<Vec<Changes>, Unusable> {
    if arguments.against.is_empty() {
        return Ok(Vec::new());
    }
    let old = read(&arguments.against)?;
    let mut all = Vec::new();
    match (&old.ledger, &records.ledger) {
        (Some(before), Some(after)) => all.push(Changes::of_ledgers(before, after, arguments.tolerance)),
        (Some(_), None) => return Err(Unusable("--against has a ledger, but no new one is given; add it".into())),
        (None, Some(_)) => all.push(Changes::of_new("ledger")),
        (None, None) => {}
    }
    for before in &old.comparisons {
        let Some(after) = records.comparisons.iter().find(|record| record.name == before.name) else {
            let name = &before.name;
            return Err(Unusable(format!("--against has \"{name}\", but no new record of it is given; add it")));
        };
        all.push(Changes::of_comparisons(before, after, arguments.tolerance));
    }
    let known = |name: &str| old.comparisons.iter().any(|before| before.name == name);
    all.extend(records.comparisons.iter().filter(|record| !known(&record.name)).map(|new| Changes::of_new(&new.name)));
    Ok(all)
}
