//! The suite tried on itself: every known bug against every check, and every reference subject in every setting.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::catalogue::{Sample, Specimen, checks, held_out, samples, specimens};
use super::diagnosis::{self, Likeness};
use super::runner::{AuditRecord, Outcome, audit};
use super::situation::Edition;
use super::sweep::{Followed, Series, followed, sweeps};

/// A check, for the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRow {
    /// Its name.
    pub id: String,
    /// What should be true.
    pub statement: String,
}

/// A known bug, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MutantRow {
    /// Its name in the catalogue; several, where several bugs were put together.
    pub id: String,
    /// What is wrong.
    pub title: String,
    /// Where it was seen.
    pub evidence: String,
    /// The line that is wrong.
    pub wrong: String,
    /// The setting in which it acts.
    pub active: String,
    /// The algorithm that has it.
    pub of: String,
    /// Whether the mean is right, or meant by those who write it so.
    pub equivalent: bool,
    /// Why, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Whether a check tells it from the correct algorithm.
    pub killed: bool,
    /// The checks that do.
    pub by: Vec<String>,
    /// The known bugs that it looks like, in worlds that the suite was not built on, the likest first.
    pub diagnosis: Vec<Likeness>,
}

/// A reference subject, and what it is in each setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectRow {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// The checks that it fails as it should, each with the reason.
    pub expected: BTreeMap<String, String>,
    /// Whether everything else passed.
    pub clean: bool,
    /// The expected gradient beside the promised one, setting by setting.
    pub settings: BTreeMap<String, Standing>,
}

/// How a mean stands to what is promised, and the variance beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// In a few words.
    pub verdict: String,
    /// Scale, angle, bias, variance, and the variance over the floor, where they are defined.
    pub numbers: BTreeMap<String, f64>,
}

/// The kind of record, as its first key says.
pub const MATRIX: &str = "audit-matrix";

/// The suite's own record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixRecord {
    /// Always [`MATRIX`].
    pub record: String,
    /// The checks.
    pub checks: Vec<CheckRow>,
    /// The known bugs.
    pub mutants: Vec<MutantRow>,
    /// Bugs that no check was written for: moved to other algorithms, or two at once.
    pub held_out: Vec<MutantRow>,
    /// The reference subjects.
    pub subjects: Vec<SubjectRow>,
    /// The algorithms while one thing changes.
    pub series: Vec<Series>,
    /// What each algorithm follows.
    pub followed: Vec<Followed>,
}

/// Bugs that are told from the correct subject, of those that could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// How many were found.
    pub killed: usize,
    /// Of how many that are no equivalents.
    pub of: usize,
}

impl Score {
    fn of(rows: &[MutantRow]) -> Self {
        let real = || rows.iter().filter(|row| !row.equivalent);
        Self { killed: real().filter(|row| row.killed).count(), of: real().count() }
    }
}

impl MatrixRecord {
    /// The known bugs that are found.
    #[must_use]
    pub fn score(&self) -> Score {
        Score::of(&self.mutants)
    }

    /// The bugs found that no check was written for.
    #[must_use]
    pub fn held_out_score(&self) -> Score {
        Score::of(&self.held_out)
    }

    /// The known bugs that the diagnosis names first, of all that it is asked about.
    #[must_use]
    pub fn diagnosis_score(&self) -> Score {
        let asked = || self.mutants.iter().filter(|row| !row.diagnosis.is_empty());
        let right = |row: &&MutantRow| row.diagnosis.first().is_some_and(|first| first.mutant == row.id);
        Score { killed: asked().filter(right).count(), of: asked().count() }
    }

    /// Whether the suite does what it promises: every bug is found, and no correct subject is accused.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let all = |score: Score| score.killed == score.of;
        all(self.score()) && all(self.held_out_score()) && self.subjects.iter().all(|subject| subject.clean)
    }
}

/// Runs everything.
#[must_use]
pub fn matrix() -> MatrixRecord {
    // What all share is made before the work is divided.
    diagnosis::prepare(Edition::Second);
    let mutants = |specimens: Vec<Specimen>| specimens.into_par_iter().map(mutant).collect();
    MatrixRecord {
        record: MATRIX.to_owned(),
        checks: checks().map(|c| CheckRow { id: c.id.to_owned(), statement: c.statement.to_owned() }).collect(),
        mutants: mutants(specimens()),
        held_out: mutants(held_out()),
        subjects: samples().par_iter().map(subject).collect(),
        series: sweeps(),
        followed: followed(),
    }
}

fn expecting(sample: &Sample) -> AuditRecord {
    let expected = sample.expected.iter();
    expected.fold(audit(&sample.subject), |audit, (check, reason)| audit.expecting(*check, *reason)).check()
}

fn mutant(specimen: Specimen) -> MutantRow {
    let expected = specimen.expected.iter();
    let suite = expected.fold(audit(&specimen.subject), |audit, (check, reason)| audit.expecting(*check, *reason));
    let record = suite.check();
    let by = record.rows.iter().filter(|row| !row.outcome.is_good()).map(|row| row.check.clone());
    let by: Vec<String> = by.collect();
    let elsewhere = audit(&specimen.subject).in_edition(Edition::Second).check();
    let likest = diagnosis::diagnose(&specimen.subject, Edition::Second, &elsewhere).likest;
    MutantRow {
        id: specimen.id,
        title: specimen.title,
        evidence: specimen.evidence.to_owned(),
        wrong: specimen.wrong.to_owned(),
        active: specimen.active.to_owned(),
        of: specimen.of.to_owned(),
        equivalent: specimen.equivalent.is_some(),
        reason: specimen.equivalent.map(str::to_owned),
        killed: !by.is_empty(),
        by,
        diagnosis: likest,
    }
}

fn subject(sample: &Sample) -> SubjectRow {
    let record = expecting(sample);
    let settings = record.rows.iter().filter_map(|row| {
        let setting = row.check.strip_prefix("direction/")?;
        let judged = !matches!(row.outcome, Outcome::Skipped | Outcome::Broken);
        judged.then(|| (setting.to_owned(), Standing { verdict: row.verdict.clone(), numbers: row.numbers.clone() }))
    });
    SubjectRow {
        name: sample.name.to_owned(),
        source: sample.source.to_owned(),
        expected: sample.expected.iter().map(|(check, reason)| ((*check).to_owned(), (*reason).to_owned())).collect(),
        clean: record.is_good(),
        settings: settings.collect(),
    }
}
