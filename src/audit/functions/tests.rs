//! The checks tried on correct functions and on known bugs.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::audit::check::Finding;
use crate::audit::situation::Edition;
use crate::audit::subject::Subject;

const EDITIONS: [Edition; 2] = [Edition::First, Edition::Second];

/// The findings of every check that applies to a subject.
fn findings(subject: &Subject, edition: Edition) -> Vec<(&'static str, Finding)> {
    let examination = Examination::new(subject, edition);
    let applicable = checks().filter(|check| check.kinds.contains(&subject.kind()));
    applicable.map(|check| (check.id, (check.run)(&examination))).collect()
}

/// The checks that find fault.
fn failures(subject: &Subject, edition: Edition) -> BTreeSet<&'static str> {
    let at_fault = |finding: &Finding| matches!(finding, Finding::Failed(_) | Finding::Broken(_));
    findings(subject, edition).into_iter().filter(|(_, finding)| at_fault(finding)).map(|(id, _)| id).collect()
}

fn reference(name: &str) -> &'static Reference {
    references().find(|reference| reference.name == name).expect("a reference of that name")
}

/// The checks that a mutant fails and the reference that it is a mutant of does not.
fn killers(mutant: &Mutant, edition: Edition) -> BTreeSet<&'static str> {
    let expected = reference(mutant.of).expected;
    let mut failed = failures(&(mutant.subject)(), edition);
    failed.retain(|id| !expected.iter().any(|(expected, _)| expected == id));
    failed
}

#[test]
fn references_fail_what_they_should_and_pass_the_rest() {
    for edition in EDITIONS {
        for reference in references() {
            let subject = (reference.subject)();
            assert_eq!(subject.name(), reference.name);
            let expected: BTreeSet<&str> = reference.expected.iter().map(|(id, _)| *id).collect();
            let found = findings(&subject, edition);
            assert_eq!(failures(&subject, edition), expected, "{}, {edition:?}: {found:#?}", reference.name);
            assert!(found.iter().any(|(_, finding)| matches!(finding, Finding::Passed(_))), "{}", reference.name);
        }
    }
}

#[test]
fn every_check_passes_on_some_reference_and_is_skipped_for_promises_alone() {
    for edition in EDITIONS {
        let mut passed = BTreeSet::new();
        for reference in references() {
            for (id, finding) in findings(&(reference.subject)(), edition) {
                match finding {
                    Finding::Passed(_) => drop(passed.insert(id)),
                    Finding::Skipped(reason) => {
                        assert!(!reason.starts_with("nothing was tested"), "{}, {id}: {reason}", reference.name);
                    }
                    Finding::Failed(_) | Finding::Broken(_) => {}
                }
            }
        }
        let all: BTreeSet<&str> = checks().map(|check| check.id).collect();
        assert_eq!(passed, all);
    }
}

#[test]
fn every_mutant_is_killed() {
    for edition in EDITIONS {
        for mutant in mutants().chain(held_out()) {
            let killed = killers(mutant, edition);
            assert!(!killed.is_empty(), "{} ({}) survives in {edition:?}", mutant.id, mutant.title);
        }
    }
}

#[test]
fn every_check_fails_for_some_mutant() {
    let failed: BTreeSet<&str> = mutants().flat_map(|mutant| killers(mutant, Edition::First)).collect();
    let all: BTreeSet<&str> = checks().map(|check| check.id).collect();
    assert_eq!(failed, all);
}

#[test]
fn names_are_unique_and_mutants_are_of_a_reference_of_their_kind_and_promises() {
    let unique = |names: Vec<&str>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    assert!(unique(checks().map(|check| check.id).collect()));
    assert!(unique(references().map(|reference| reference.name).collect()));
    assert!(unique(mutants().chain(held_out()).map(|mutant| mutant.id).collect()));
    assert!(held_out().count() >= 8);
    for mutant in mutants().chain(held_out()) {
        let (subject, of) = ((mutant.subject)(), (reference(mutant.of).subject)());
        assert_eq!((subject.kind(), subject.promises), (of.kind(), of.promises), "{}", mutant.id);
        for text in [mutant.title, mutant.evidence, mutant.wrong, mutant.active] {
            assert!(!text.is_empty(), "{}", mutant.id);
        }
    }
    for reference in references() {
        for (id, reason) in reference.expected {
            assert!(checks().any(|check| check.id == *id) && !reason.is_empty(), "{}: {id}", reference.name);
        }
    }
}

#[test]
fn every_check_belongs_to_the_kinds_of_its_part() {
    for part in parts() {
        for check in part.checks {
            assert!(check.kinds.iter().all(|kind| part.kinds.contains(kind)), "{}", check.id);
            assert!(check.id.contains('/') && !check.statement.is_empty() && !check.because.is_empty());
        }
        for reference in part.references {
            assert!(part.kinds.contains(&(reference.subject)().kind()), "{}", reference.name);
        }
    }
}

#[test]
fn fingerprints_tell_subjects_of_a_kind_apart() {
    for edition in EDITIONS {
        // A subject is compared with those that promise the same.
        let mut known: BTreeMap<String, Vec<(String, Vec<f64>)>> = BTreeMap::new();
        for mutant in mutants().chain(held_out()) {
            let mut subjects = vec![(mutant.id.to_owned(), (mutant.subject)())];
            subjects.push((mutant.of.to_owned(), (reference(mutant.of).subject)()));
            for (name, subject) in subjects {
                let print = fingerprint(&Examination::new(&subject, edition)).expect("a kind with fingerprints");
                let print = print.unwrap_or_else(|fault| panic!("{name}: {fault}"));
                let others = known.entry(format!("{subject:?}").replace(subject.name(), "")).or_default();
                for (other, theirs) in others.iter().filter(|(other, _)| *other != name) {
                    let pair = [name.as_str(), other.as_str()];
                    let same =
                        print.iter().zip(theirs).all(|(a, b)| (a - b).abs() < 1e-6) && print.len() == theirs.len();
                    assert!(!same || EQUAL.contains(&pair), "{pair:?} have one fingerprint in {edition:?}");
                }
                others.push((name, print));
            }
        }
    }
}

/// Subjects with one fingerprint, each pair in both orders: factorials are exact where they do not overflow, and where
/// they do there is no number to compare.
const EQUAL: [[&str; 2]; 2] = [["H2 by factorials", "pass@k"], ["pass@k", "H2 by factorials"]];
