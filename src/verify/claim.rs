//! Claims as data: a sentence, the trials that would refute it, and the numbers it reports.

use serde::{Deserialize, Serialize};

use super::judge::Judge;
use super::source::Sample;
use crate::stats::Estimate;

/// A checkable sentence about policy gradients.
#[derive(Clone, Debug)]
pub struct Claim {
    /// `chNN-name`; the chapter is read from it.
    pub id: &'static str,
    /// Whose sentence it is.
    pub origin: Origin,
    /// The sentence as it stands in the guide.
    pub quote: &'static str,
    /// What it says, precisely.
    pub statement: &'static str,
    /// Why it is so, with its source.
    pub because: &'static str,
    /// What was found: the condition, or what is right; and what follows for practice.
    pub lesson: &'static str,
    /// The finding of last time.
    pub recorded: Finding,
    /// The numbers that it reports.
    pub quantities: &'static [Quantity],
    /// What is measured.
    pub trials: &'static [Trial],
}

impl Claim {
    /// The chapter, from the name.
    ///
    /// # Panics
    /// If the name does not begin with `chNN-`; a test over the ledger excludes it.
    pub fn chapter(&self) -> u32 {
        let digits = self.id.get(2..4).filter(|_| self.id.starts_with("ch"));
        digits.and_then(|digits| digits.parse().ok()).expect("a claim's name begins with ch and two digits")
    }

    /// How many sampled subjects it has, counterfeits included: its shares of the budget.
    pub fn sampled_subjects(&self) -> usize {
        let subjects = self.trials.iter().flat_map(Trial::subjects);
        subjects.filter(|subject| subject.route() == Route::Sampled).count()
    }
}

/// Whose sentence a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A sentence of the guide.
    Guide,
    /// A consequence, counter-example or repair that belongs beside it.
    Ours,
}

/// One sentence that should come out true in one setting.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What is tried, in a few words; unique in its claim, and part of the key of its random stream.
    pub name: &'static str,
    /// What its coming true says about the claim.
    pub role: Role,
    /// Where it is measured.
    pub setting: &'static str,
    /// What is measured.
    pub subject: Subject,
    /// What it is compared with, by another route.
    pub expected: fn() -> Vec<f64>,
    /// How it is compared.
    pub judge: Judge,
    /// Wrong subjects, which must be judged *violated*.
    pub counterfeits: &'static [Counterfeit],
}

impl Trial {
    fn subjects(&self) -> impl Iterator<Item = &Subject> {
        std::iter::once(&self.subject).chain(self.counterfeits.iter().map(|counterfeit| &counterfeit.subject))
    }
}

/// What a trial that holds says about its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The claim is right here.
    Confirms,
    /// It needs a condition, which is absent here.
    Limits,
    /// It is wrong.
    Contradicts,
}

impl Role {
    /// The role in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirms => "confirms",
            Self::Limits => "limits",
            Self::Contradicts => "contradicts",
        }
    }
}

/// A wrong subject, to show that the trial can fail.
#[derive(Clone, Debug)]
pub struct Counterfeit {
    /// What is wrong with it.
    pub story: &'static str,
    /// The wrong subject.
    pub subject: Subject,
}

/// What is measured, and how.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// By enumeration, recursion, closed form or quadrature.
    Exact(fn() -> Vec<f64>),
    /// By a few operations on the guide's own numbers.
    Arithmetic(fn() -> Vec<f64>),
    /// By drawing.
    Sampled(fn() -> Sample),
}

impl Subject {
    /// How it is measured.
    pub fn route(&self) -> Route {
        match self {
            Self::Exact(_) => Route::Exact,
            Self::Arithmetic(_) => Route::Arithmetic,
            Self::Sampled(_) => Route::Sampled,
        }
    }
}

/// The way to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// Computed without sampling.
    Exact,
    /// Drawn, and decided with stated error rates.
    Sampled,
    /// Worked out from the guide's own numbers.
    Arithmetic,
}

impl Route {
    /// The route in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Sampled => "sampled",
            Self::Arithmetic => "arithmetic",
        }
    }
}

/// A number that a claim reports.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// Its name in the record.
    pub key: &'static str,
    /// What it is.
    pub what: &'static str,
    /// How it is computed.
    pub value: Value,
}

/// One number or several.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// One number.
    Number(fn() -> f64),
    /// A list, in the order that `what` says.
    List(fn() -> Vec<f64>),
    /// A number from seeded runs, given the root seed, with its 99 % interval.
    Runs(fn(u64) -> Estimate),
}

/// What a run found out about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// Every trial confirms it.
    Holds,
    /// It needs a condition.
    Conditional,
    /// It is wrong.
    Fails,
    /// No program can check it.
    Outside,
    /// A trial could not be decided.
    Undecided,
    /// A trial, or a counterfeit, came out other than the ledger says.
    Mismatch,
}

impl Finding {
    /// Every finding, from the best to the worst.
    pub const ALL: [Self; 6] =
        [Self::Holds, Self::Conditional, Self::Fails, Self::Outside, Self::Undecided, Self::Mismatch];

    /// The finding in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Conditional => "conditional",
            Self::Fails => "fails",
            Self::Outside => "outside",
            Self::Undecided => "undecided",
            Self::Mismatch => "mismatch",
        }
    }
}
