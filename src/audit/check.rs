//! What a check is, and what it finds.

use std::collections::BTreeMap;

use super::examination::Examination;
use super::fault::Fault;
use super::subject::Kind;

/// One thing that is true of a correct subject.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, `family/what`.
    pub id: &'static str,
    /// What should be true, as a sentence.
    pub statement: &'static str,
    /// What a failure means and which mistakes cause it.
    pub because: &'static str,
    /// The kinds of subjects that it applies to.
    pub kinds: &'static [Kind],
    /// Looks at the subject.
    pub run: fn(&Examination) -> Finding,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// It is true, and what it tests was active in the data.
    Passed(Evidence),
    /// It is not.
    Failed(Evidence),
    /// It does not apply, for this reason.
    Skipped(String),
    /// There was no answer to judge.
    Broken(Fault),
}

/// Numbers and words behind a finding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// What the subject is, in a few words, such as *unbiased* or *turned by 7.4°*.
    pub verdict: String,
    /// The numbers, each with its name.
    pub numbers: BTreeMap<&'static str, f64>,
    /// The worst or smallest case, if there is a single one.
    pub worst: Option<String>,
}

impl Evidence {
    /// Words alone.
    pub fn of(verdict: impl Into<String>) -> Self {
        Self { verdict: verdict.into(), ..Self::default() }
    }

    /// With a number.
    #[must_use]
    pub fn with(mut self, name: &'static str, number: f64) -> Self {
        self.numbers.insert(name, number);
        self
    }

    /// With the worst case.
    #[must_use]
    pub fn at(mut self, worst: impl Into<String>) -> Self {
        self.worst = Some(worst.into());
        self
    }
}

impl Finding {
    /// Passed or failed.
    pub(super) fn of(passed: bool, evidence: Evidence) -> Self {
        if passed { Self::Passed(evidence) } else { Self::Failed(evidence) }
    }

    /// Skipped, for a reason.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped(reason.into())
    }
}

impl From<Fault> for Finding {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}
