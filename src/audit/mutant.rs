//! Known bugs: each a subject that differs from a correct one by exactly that bug.

use super::subject::Subject;

/// How a bug shows itself (the catalogue's observables).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observable {
    /// The expected gradient has another direction.
    Direction,
    /// It has another length, the same in every configuration.
    Scale,
    /// Its length depends on the group, the lengths, the batch, the accumulation or the workers.
    ScaleByConfiguration,
    /// The score has no mean of zero.
    Score,
    /// Only the variance differs.
    Variance,
    /// An identity of returns or advantages is broken.
    Identity,
    /// Ratios are not 1 at the policy that acted, or have no mean of 1.
    ImportanceSampling,
    /// A property of the divergence is broken.
    Divergence,
    /// What must change nothing changes something.
    Invariance,
    /// There is no gradient.
    Dead,
    /// There is no number.
    NotFinite,
    /// The entropy is another.
    Entropy,
    /// Samples that should be independent are not.
    Dependence,
    /// The matrix is not the Fisher matrix.
    Fisher,
    /// A value that is known exactly is another.
    Value,
}

/// A known bug.
#[derive(Clone, Copy)]
pub struct Mutant {
    /// Its name in the catalogue, such as `A3`; one that stands for several ways to make the mistake has `A3b`.
    pub id: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Where it was seen, as the catalogue cites it.
    pub evidence: &'static str,
    /// The line that is wrong.
    pub wrong: &'static str,
    /// How it shows.
    pub observable: Observable,
    /// The setting in which it acts.
    pub active: &'static str,
    /// Why it is no bug of the mean, and what it changes instead, where that is so.
    pub equivalent: Option<&'static str>,
    /// The reference subject that it is a mutant of.
    pub of: &'static str,
    /// The subject.
    pub subject: fn() -> Subject<'static>,
}

impl std::fmt::Debug for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Mutant").field("id", &self.id).field("title", &self.title).finish_non_exhaustive()
    }
}

/// A correct estimator of our own, by which the checks are tried: all of them pass, but for what it expects to fail.
#[derive(Clone, Copy)]
pub struct Reference {
    /// Its name.
    pub name: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The subject, with its promises.
    pub subject: fn() -> Subject<'static>,
    /// The checks that it fails as it should, each with the reason.
    pub expected: &'static [(&'static str, &'static str)],
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Reference").field("name", &self.name).finish_non_exhaustive()
    }
}
