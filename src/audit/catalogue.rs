//! Everything that the audit knows, in one place: checks, reference subjects and known bugs.

use super::check::Check;
use super::functions;
use super::gradients;
use super::gradients::bug::Bug;
use super::gradients::reference::ALGORITHMS;
use super::mutant::{Mutant, Observable, Reference};
use super::subject::Subject;

/// Every check.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    gradients::checks().chain(functions::checks())
}

/// A correct subject, ready to audit.
#[derive(Debug)]
pub struct Sample {
    /// Its name.
    pub name: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The subject.
    pub subject: Subject<'static>,
    /// The checks that it fails as it should.
    pub expected: &'static [(&'static str, &'static str)],
}

/// A subject with a known bug, ready to audit.
#[derive(Debug)]
pub struct Specimen {
    /// Its name in the catalogue.
    pub id: String,
    /// What is wrong.
    pub title: String,
    /// Where it was seen.
    pub evidence: &'static str,
    /// The line that is wrong.
    pub wrong: &'static str,
    /// How it shows.
    pub observable: Observable,
    /// The setting in which it acts.
    pub active: &'static str,
    /// Why it is no bug of the mean, if so.
    pub equivalent: Option<&'static str>,
    /// The correct subject that it is a mutant of.
    pub of: &'static str,
    /// The subject.
    pub subject: Subject<'static>,
    /// The checks that the correct subject fails as it should.
    pub expected: &'static [(&'static str, &'static str)],
}

/// The correct subjects.
#[must_use]
pub fn samples() -> Vec<Sample> {
    let of = |algorithm: &gradients::reference::Algorithm| Sample {
        name: algorithm.name,
        source: algorithm.source,
        subject: algorithm.subject(algorithm.name, algorithm.recipe),
        expected: algorithm.expected,
    };
    let function = |reference: &'static Reference| Sample {
        name: reference.name,
        source: reference.source,
        subject: (reference.subject)(),
        expected: reference.expected,
    };
    ALGORITHMS.iter().map(of).chain(functions::references().map(function)).collect()
}

/// The known bugs.
#[must_use]
pub fn specimens() -> Vec<Specimen> {
    gradients::bug::bugs().map(Bug::specimen).chain(functions::mutants().map(of_function)).collect()
}

/// Bugs that no check was written for: known ones in other algorithms, and two at once.
#[must_use]
pub fn held_out() -> Vec<Specimen> {
    gradients::bug::held_out().into_iter().chain(functions::held_out().map(of_function)).collect()
}

/// A known bug of a function; one name may stand for an estimator and for a function of the catalogue's row.
fn of_function(mutant: &'static Mutant) -> Specimen {
    let subject = (mutant.subject)();
    let of = functions::references().find(|reference| reference.name == mutant.of);
    Specimen {
        id: format!("{}/{}", subject.kind().name(), mutant.id),
        title: mutant.title.to_owned(),
        evidence: mutant.evidence,
        wrong: mutant.wrong,
        observable: mutant.observable,
        active: mutant.active,
        equivalent: mutant.equivalent,
        of: mutant.of,
        subject,
        expected: of.map_or(&[], |reference| reference.expected),
    }
}
