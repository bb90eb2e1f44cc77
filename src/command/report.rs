//! `unbiased report`: records into pages, and what changed since older ones.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::de::DeserializeOwned;
use unbiased::audit::{MATRIX, MatrixRecord};
use unbiased::claims::LEDGER;
use unbiased::experiment::Comparison;
use unbiased::experiment::training::{TRAINING, TrainingRecord};
use unbiased::report::change::Changes;
use unbiased::report::{self, Contents, Figures};
use unbiased::verify::Ledger;

use super::output::{Target, Unusable, write_pages};

/// What `unbiased report` is told.
#[derive(Args)]
#[command(
    after_long_help = "Records: what `unbiased compare --output`, `unbiased verify --format json --output`, `unbiased train --output` and \
    `unbiased audit --matrix --format json --output` wrote. Parts of one experiment are put together first.\n\nExit codes: 0 done and nothing changed, 1 something changed beyond the \
    tolerance, sampling contradicts the exact route, or a finding or verdict is not as recorded, 2 unusable input.",
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
    /// Write the pages of comparisons, or of training runs, with their figures and tables to a folder
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
    trainings: Vec<TrainingRecord>,
    audit: Option<MatrixRecord>,
}

/// Reads, compares, and delivers.
pub(crate) fn report(arguments: &ReportArguments) -> Result<ExitCode, Unusable> {
    if !(arguments.tolerance >= 0.0 && arguments.tolerance.is_finite()) {
        return Err(Unusable(format!("--tolerance is {}; give a number from 0 on", arguments.tolerance)));
    }
    let records = read(&arguments.records)?;
    let changes = changes(&records, arguments)?;
    let text = text(&records, &changes, arguments)?;
    let Records { ledger, comparisons, trainings, audit } = &records;
    if let Some(folder) = &arguments.pages {
        match (comparisons.is_empty(), trainings.is_empty()) {
            (false, false) => {
                let mend =
                    "write the pages of comparisons and of training runs to folders of their own, one after the other";
                return Err(Unusable(format!("--pages: {mend}")));
            }
            (true, false) => write_pages(folder, "training", &report::training::pages(trainings))?,
            (_, true) => write_pages(folder, "comparisons", &report::comparison::pages(comparisons))?,
        }
    }
    if let Some(folder) = &arguments.site {
        let contents = Contents { ledger: ledger.as_ref(), comparisons, trainings, audit: audit.as_ref() };
        let figures = Figures { comparison: &report::comparison::figure, training: &report::training::figures };
        write_pages(folder, "site", &report::site(contents, figures))?;
    }
    arguments.target.deliver(&text)?;
    Ok(ExitCode::from(u8::from(changes.iter().any(|changed| !changed.changes.is_empty()) || records.is_amiss())))
}

impl Records {
    /// Whether something is not as recorded, or contradicts itself.
    fn is_amiss(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| !ledger.as_recorded())
            || self.comparisons.iter().any(|record| !record.overall().agrees())
            || !self.trainings.iter().all(TrainingRecord::as_recorded)
            || self.audit.as_ref().is_some_and(|record| !record.is_good())
    }

    /// A text a record, in the order of their kinds.
    fn each(
        &self,
        ledger: &dyn Fn(&Ledger) -> String,
        comparison: &dyn Fn(&Comparison) -> String,
        training: &dyn Fn(&TrainingRecord) -> String,
        audit: &dyn Fn(&MatrixRecord) -> String,
    ) -> String {
        let ledgers = self.ledger.iter().map(ledger);
        let audits = self.audit.iter().map(audit);
        let runs = self.comparisons.iter().map(comparison).chain(self.trainings.iter().map(training));
        ledgers.chain(audits).chain(runs).collect::<Vec<String>>().join("\n")
    }
}

/// What is printed.
fn text(records: &Records, changes: &[Changes], arguments: &ReportArguments) -> Result<String, Unusable> {
    let Records { ledger, comparisons, trainings, audit } = records;
    Ok(match arguments.format {
        Format::Terminal if !changes.is_empty() => changes.iter().map(Changes::text).collect(),
        Format::Terminal => {
            let colour = arguments.target.colour();
            records.each(
                &|record| report::ledger::terminal(record, colour),
                &|record| report::comparison::terminal(record, colour),
                &|record| report::training::terminal(record, colour),
                &|record| report::audit::matrix_terminal(record, colour),
            )
        }
        Format::Markdown => records.each(
            &report::ledger::markdown,
            &|record| report::comparison::markdown(record, false),
            &|record| report::training::markdown(record, &[]),
            &report::audit::matrix_markdown,
        ),
        Format::Csv if comparisons.is_empty() => {
            return Err(Unusable("--format csv holds comparisons; give at least one".into()));
        }
        Format::Csv => report::comparison::csv(comparisons),
        Format::Json => match (ledger, audit, &comparisons[..], &trainings[..]) {
            (None, None, [record], []) => report::json(record)?,
            (None, None, [], [_, ..]) => report::json(&report::training::systems(trainings))?,
            _ => {
                let mend = "give the parts of a single experiment, or training records alone, whose systems it lists";
                return Err(Unusable(format!("--format json writes one kind of thing; {mend}")));
            }
        },
        Format::Junit => report::integration::junit(ledger.as_ref(), comparisons, trainings, changes)?,
        Format::Summary => {
            report::integration::summary(ledger.as_ref(), audit.as_ref(), comparisons, trainings, changes)
        }
    })
}

/// A record of one kind, which says so in its first key.
fn parsed<R: DeserializeOwned>(text: &str, name: &str, kind: &str, made_by: &str) -> Result<R, Unusable> {
    serde_json::from_str(text).map_err(|error| {
        let line = error.line().max(1);
        Unusable(format!("{name}, line {line}: this is no whole {kind}; give what `{made_by}` wrote"))
    })
}

fn read(paths: &[PathBuf]) -> Result<Records, Unusable> {
    let (mut ledger, mut audit, mut trainings) = (None, None, Vec::<TrainingRecord>::new());
    let mut parts: Vec<(String, Vec<(String, Comparison)>)> = Vec::new();
    for path in paths {
        let (name, text) = (path.display().to_string(), read_text(path)?);
        let head: String = text.chars().filter(|c| !c.is_whitespace()).take(60).collect();
        let is = |kind: &str| head.starts_with(&format!("{{\"record\":\"{kind}\""));
        if is(TRAINING) {
            let record: TrainingRecord = parsed(&text, &name, "training record", "unbiased train --output")?;
            if trainings.iter().any(|other| other.name == record.name) {
                return Err(Unusable(format!("{name} is a second record of \"{}\"; give one", record.name)));
            }
            trainings.push(record);
            continue;
        }
        if is(MATRIX) {
            if audit.is_some() {
                return Err(Unusable(format!("{name} is a second matrix of the audit; give one")));
            }
            audit = Some(parsed(&text, &name, "matrix", "unbiased audit --matrix --format json --output")?);
            continue;
        }
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
    let comparisons = parts.into_iter().map(whole).collect::<Result<_, _>>()?;
    Ok(Records { ledger, comparisons, trainings, audit })
}

fn parse_ledger(text: &str, name: &str) -> Result<Ledger, Unusable> {
    let mut ledger: Ledger = parsed(text, name, "ledger", "unbiased verify --format json --output")?;
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
    let missing = |name: &str| Unusable(format!("--against has \"{name}\", but no new record of it is given; add it"));
    for before in &old.comparisons {
        let after = records.comparisons.iter().find(|record| record.name == before.name);
        let after = after.ok_or_else(|| missing(&before.name))?;
        all.push(Changes::of_comparisons(before, after, arguments.tolerance));
    }
    for before in &old.trainings {
        let after = records.trainings.iter().find(|record| record.name == before.name);
        let after = after.ok_or_else(|| missing(&before.name))?;
        all.push(Changes::of_trainings(before, after, arguments.tolerance));
    }
    let known = |name: &str| {
        let comparisons = old.comparisons.iter().map(|before| &before.name);
        comparisons.chain(old.trainings.iter().map(|before| &before.name)).any(|before| before == name)
    };
    let new = records.comparisons.iter().map(|record| &record.name);
    let new = new.chain(records.trainings.iter().map(|record| &record.name)).filter(|name| !known(name));
    all.extend(new.map(|name| Changes::of_new(name)));
    Ok(all)
}
