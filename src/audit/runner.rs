//! Runs the suite on a subject.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::catalogue;
use super::check::{Check, Evidence, Finding};
use super::diagnosis::{Diagnosis, diagnose};
use super::examination::Examination;
use super::gradients::theirs::GRADIENT;
use super::situation::{Edition, Situation};
use super::subject::Subject;
use super::theirs::UnusableWorld;
use crate::environment::TabularMdp;

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is true.
    Passed,
    /// It is not.
    Failed,
    /// It is not, and that was expected, with a reason.
    FailedAsExpected,
    /// It is true, though a failure was expected: the expectation is out of date.
    PassedUnexpectedly,
    /// It says nothing of this subject, or was left out, with a reason.
    Skipped,
    /// There was no answer to judge.
    Broken,
}

impl Outcome {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::FailedAsExpected => "failed as expected",
            Self::PassedUnexpectedly => "passed unexpectedly",
            Self::Skipped => "skipped",
            Self::Broken => "broken",
        }
    }

    /// Whether there is nothing to complain of.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Passed | Self::FailedAsExpected | Self::Skipped)
    }
}

/// One check of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The check's name.
    pub check: String,
    /// What should be true.
    pub statement: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What the subject is, in a few words.
    pub verdict: String,
    /// The numbers behind it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub numbers: BTreeMap<String, f64>,
    /// The smallest or worst case.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub worst: Option<String>,
    /// Why it was skipped or expected to fail; of a failure, what it usually means.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// How to run this check alone.
    pub reproduce: String,
}

/// Everything that was found about a subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRecord {
    /// Always `audit`.
    pub record: String,
    /// The subject's name.
    pub subject: String,
    /// Its kind.
    pub kind: String,
    /// Check by check.
    pub rows: Vec<Row>,
    /// Which known bugs it looks like, if something failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub diagnosis: Option<Diagnosis>,
}

impl AuditRecord {
    /// Whether nothing is wrong, and something was looked at.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.complaint().is_none()
    }

    fn complaint(&self) -> Option<String> {
        let bad = self.rows.iter().filter(|row| !row.outcome.is_good()).count();
        match bad {
            0 if self.rows.iter().all(|row| row.outcome == Outcome::Skipped) => {
                Some("every check was skipped, so nothing is known".to_owned())
            }
            0 => None,
            1 => Some("1 check is not as it should be".to_owned()),
            n => Some(format!("{n} checks are not as they should be")),
        }
    }

    /// Panics with everything that is wrong, if something is.
    ///
    /// # Panics
    /// If a check failed, broke, or passed though a failure was expected, or if all were skipped.
    pub fn assert(&self) {
        assert!(self.is_good(), "{}", self.message());
    }

    /// What is wrong, for people.
    #[must_use]
    pub fn message(&self) -> String {
        let mut text = match self.complaint() {
            None => format!("\"{}\": all is well\n", self.subject),
            Some(complaint) => format!("\"{}\": {complaint}\n", self.subject),
        };
        for row in self.rows.iter().filter(|row| !row.outcome.is_good()) {
            let _ = write!(text, "\n  {} {}: {}\n", row.check, row.outcome.words(), row.verdict);
            let _ = writeln!(text, "    should be true: {}", row.statement);
            if let Some(worst) = &row.worst {
                let _ = writeln!(text, "    for example {worst}");
            }
            if let Some(reason) = &row.reason {
                let _ = writeln!(text, "    {reason}");
            }
            let _ = writeln!(text, "    alone: {}", row.reproduce);
        }
        if let Some(diagnosis) = &self.diagnosis {
            let _ = write!(text, "\n  {}\n", diagnosis.sentence());
        }
        text
    }
}

/// How long a check may take before the watchdog gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A suite that is about to run.
#[derive(Debug)]
pub struct Audit<'a> {
    subject: &'a Subject<'a>,
    expected: Vec<(String, String)>,
    skipped: Vec<(String, String)>,
    only: Option<String>,
    patience: Duration,
    edition: Edition,
    again: Option<String>,
    theirs: Option<Situation>,
}

/// Points the conformance suite at a subject.
///
/// ```
/// use unbiased::audit::{Subject, audit};
/// // REINFORCE with the mean of the batch as baseline, the own sample included.
/// let mine = Subject::weights("mine", |batch| {
///     let totals: Vec<f64> = (0..batch.len()).map(|i| batch.rewards[batch.row(i)].iter().sum()).collect();
///     let mean = totals.iter().sum::<f64>() / totals.len() as f64;
///     let mut weights = vec![0.0; batch.len() * batch.steps];
///     for i in 0..batch.len() {
///         weights[batch.row(i)].fill(totals[i] - mean);
///     }
///     weights
/// });
/// let record = audit(&mine).only("scale/group-mean").run();
/// assert!(record.message().contains("the mean holds the own sample"));
/// ```
#[must_use]
pub fn audit<'a>(subject: &'a Subject<'a>) -> Audit<'a> {
    Audit {
        subject,
        expected: Vec::new(),
        skipped: Vec::new(),
        only: None,
        patience: PATIENCE,
        edition: Edition::First,
        again: None,
        theirs: None,
    }
}

impl Audit<'_> {
    /// Expects a check to fail, for a reason; if it passes, that is a failure.
    #[must_use]
    pub fn expecting(mut self, check: impl Into<String>, reason: impl Into<String>) -> Self {
        self.expected.push((check.into(), reason.into()));
        self
    }

    /// Leaves a check out, for a reason.
    #[must_use]
    pub fn skipping(mut self, check: impl Into<String>, reason: impl Into<String>) -> Self {
        self.skipped.push((check.into(), reason.into()));
        self
    }

    /// Runs only the checks whose names contain `part`.
    #[must_use]
    pub fn only(mut self, part: impl Into<String>) -> Self {
        self.only = Some(part.into());
        self
    }

    /// How long a check may take before the process is given up; a minute if nothing is said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Another set of worlds.
    #[must_use]
    pub fn in_edition(mut self, edition: Edition) -> Self {
        self.edition = edition;
        self
    }

    /// In a world of yours too: the check `world/gradient` lists every batch of one or two sequences from each of the likeliest
    /// first states, under the softmax policy with logits `theta`, `[S, A]`, or a fixed one of ours.
    ///
    /// Promise what the subject promises before: a subject that compares the members of a group needs two.
    ///
    /// # Errors
    /// [`UnusableWorld`] if more than a million batches are possible, observations hide the state, the logits do not fit, or
    /// the gradient is zero there.
    pub fn in_world(mut self, mdp: &TabularMdp, theta: Option<Vec<f64>>) -> Result<Self, UnusableWorld> {
        self.theirs = Some(Situation::in_theirs(mdp, theta, &self.subject.promises)?);
        Ok(self)
    }

    /// How the same subject is audited again, for the rows' last line; the check's name is appended.
    #[must_use]
    pub fn reproduced_by(mut self, command: impl Into<String>) -> Self {
        self.again = Some(command.into());
        self
    }

    /// Runs the checks and names what is wrong.
    #[must_use]
    pub fn run(self) -> AuditRecord {
        let mut record = self.check();
        if !record.is_good() {
            record.diagnosis = Some(diagnose(self.subject, self.edition, &record));
        }
        record
    }

    /// Runs the checks.
    pub(super) fn check(&self) -> AuditRecord {
        let checks: Vec<&'static Check> =
            catalogue::checks().filter(|check| check.kinds.contains(&self.subject.kind())).collect();
        let checks: Vec<&'static Check> =
            checks.into_iter().filter(|check| check.id != GRADIENT || self.theirs.is_some()).collect();
        let mut rows: Vec<Row> = self.unknown(&checks).collect();
        let examination = Examination::new(self.subject, self.edition).with_theirs(self.theirs.as_ref());
        let watchdog = Watchdog::new(self.patience);
        for check in checks.into_iter().filter(|check| self.only.as_ref().is_none_or(|part| check.id.contains(part))) {
            let reproduce = self.reproduce(check.id);
            watchdog.look_at(self.subject.name(), check.id, &reproduce);
            let skip = self.skipped.iter().find(|(id, _)| id == check.id);
            let finding = match skip {
                Some((_, reason)) => Finding::Skipped(reason.clone()),
                None => (check.run)(&examination),
            };
            rows.push(self.row(check, finding, reproduce));
        }
        drop(watchdog);
        AuditRecord {
            record: "audit".to_owned(),
            subject: self.subject.name().to_owned(),
            kind: self.subject.kind().name().to_owned(),
            rows,
            diagnosis: None,
        }
    }

    fn reproduce(&self, id: &str) -> String {
        match &self.again {
            Some(command) => format!("{command} --check {id}"),
            None => format!("audit(&subject).only(\"{id}\").run()"),
        }
    }

    /// A row for each name that is no check's.
    fn unknown<'c>(&'c self, checks: &'c [&'static Check]) -> impl Iterator<Item = Row> + 'c {
        let named = self.expected.iter().chain(&self.skipped).map(|(id, _)| id);
        let only = self.only.iter().filter(|part| checks.iter().all(|check| !check.id.contains(part.as_str())));
        let unknown = named.filter(|id| checks.iter().all(|check| check.id != **id)).chain(only);
        unknown.map(|id| {
            let likeness = |check: &&&Check| (1e9 * strsim::jaro_winkler(check.id, id)) as u64;
            let near = checks.iter().max_by_key(likeness).map_or("", |check| check.id);
            Row {
                check: id.clone(),
                statement: "every name is that of a check".to_owned(),
                outcome: Outcome::Broken,
                verdict: format!("there is no check \"{id}\" of this kind; did you mean \"{near}\"?"),
                numbers: BTreeMap::new(),
                worst: None,
                reason: None,
                reproduce: self.reproduce(near),
            }
        })
    }

    fn row(&self, check: &Check, finding: Finding, reproduce: String) -> Row {
        let expected = self.expected.iter().find(|(id, _)| id == check.id).map(|(_, reason)| reason.clone());
        let (outcome, evidence, reason) = match (finding, expected) {
            (Finding::Passed(evidence), None) => (Outcome::Passed, evidence, None),
            (Finding::Passed(evidence), Some(reason)) => {
                (Outcome::PassedUnexpectedly, evidence, Some(format!("a failure was expected: {reason}")))
            }
            (Finding::Failed(evidence), None) => (Outcome::Failed, evidence, Some(format!("often: {}", check.because))),
            (Finding::Failed(evidence), Some(reason)) => (Outcome::FailedAsExpected, evidence, Some(reason)),
            (Finding::Skipped(reason), None) => (Outcome::Skipped, Evidence::of("skipped"), Some(reason)),
            (Finding::Skipped(reason), Some(_)) => {
                let why = format!("a failure was expected, and the check says nothing: {reason}");
                (Outcome::PassedUnexpectedly, Evidence::of("skipped"), Some(why))
            }
            (Finding::Broken(fault), _) => (Outcome::Broken, Evidence::of(fault.to_string()), None),
        };
        Row {
            check: check.id.to_owned(),
            statement: check.statement.to_owned(),
            outcome,
            verdict: evidence.verdict,
            numbers: evidence.numbers.into_iter().map(|(name, number)| (name.to_owned(), number)).collect(),
            worst: evidence.worst,
            reason,
            reproduce,
        }
    }
}

/// Says what hangs before it ends the process: code in this process cannot be stopped otherwise.
struct Watchdog {
    looking_at: Sender<String>,
}

impl Watchdog {
    fn new(patience: Duration) -> Self {
        let (looking_at, news) = channel();
        std::thread::spawn(move || Self::watch(&news, patience));
        Self { looking_at }
    }

    fn look_at(&self, subject: &str, check: &str, reproduce: &str) {
        let line = format!("\"{subject}\": {check} hangs; it is given up\n    alone: {reproduce}");
        // Without a watchdog the check still runs.
        let _ = self.looking_at.send(line);
    }

    fn watch(news: &Receiver<String>, patience: Duration) {
        let Ok(mut line) = news.recv() else { return };
        loop {
            match news.recv_timeout(patience) {
                Ok(next) => line = next,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    // A test's harness would keep what `eprintln` writes, and lose it here.
                    let _ = writeln!(std::io::stderr(), "{line}");
                    std::process::exit(101);
                }
            }
        }
    }
}
