//! Known bugs of estimators, as edits of a recipe: one stage is exchanged for a wrong one.

mod aggregation;
mod baselines;
mod masks;
mod others;
mod ratios;

use super::reference::{ALGORITHMS, Algorithm};
use crate::audit::catalogue::Specimen;
use crate::audit::mutant::Observable;
use crate::estimator::recipe::Recipe;

/// A known bug of an estimator.
#[derive(Clone, Copy, Debug)]
pub(in crate::audit) struct Bug {
    pub(in crate::audit) id: &'static str,
    pub(in crate::audit) title: &'static str,
    pub(in crate::audit) evidence: &'static str,
    /// The line that is wrong.
    pub(in crate::audit) wrong: &'static str,
    pub(in crate::audit) observable: Observable,
    /// The setting in which it acts.
    pub(in crate::audit) active: &'static str,
    /// Why the mean is right or meant, and what differs, if so.
    pub(in crate::audit) equivalent: Option<&'static str>,
    /// The algorithm that has it.
    pub(in crate::audit) of: &'static str,
    pub(in crate::audit) edit: fn(&mut Recipe),
}

impl Bug {
    /// The algorithm in which it was seen.
    fn home(&self) -> &'static Algorithm {
        ALGORITHMS.iter().find(|algorithm| algorithm.name == self.of).expect("a bug belongs to an algorithm")
    }

    /// The bug in its algorithm.
    pub(in crate::audit) fn specimen(&self) -> Specimen {
        Self::in_algorithm(&[self], self.home())
    }

    /// Some bugs in an algorithm.
    fn in_algorithm(bugs: &[&Self], algorithm: &'static Algorithm) -> Specimen {
        let mut recipe = algorithm.recipe;
        for bug in bugs {
            (bug.edit)(&mut recipe);
        }
        let id = bugs.iter().map(|bug| bug.id).collect::<Vec<&str>>().join("+");
        let title = bugs.iter().map(|bug| bug.title).collect::<Vec<&str>>().join("; ");
        let first = bugs[0];
        Specimen {
            subject: algorithm.subject(format!("{id} in {}", algorithm.name), recipe),
            id,
            title,
            evidence: first.evidence,
            wrong: first.wrong,
            observable: first.observable,
            active: first.active,
            equivalent: if bugs.iter().all(|bug| bug.equivalent.is_some()) { first.equivalent } else { None },
            of: algorithm.name,
            expected: algorithm.expected,
        }
    }
}

/// The known bugs.
pub(in crate::audit) fn bugs() -> impl Iterator<Item = &'static Bug> {
    baselines::BUGS.iter().chain(&aggregation::BUGS).chain(&masks::BUGS).chain(&ratios::BUGS).chain(&others::BUGS)
}

/// Bugs that no check was written for: known ones moved to other algorithms, and two at once.
pub(in crate::audit) fn held_out() -> Vec<Specimen> {
    let bug = |id: &str| bugs().find(|bug| bug.id == id).expect("a bug of that name");
    let home = |name: &str| ALGORITHMS.iter().find(|algorithm| algorithm.name == name).expect("an algorithm");
    let moved = [
        ("A3", "truncated-importance-sampling"),
        ("A5", "penalty-k2"),
        ("A8", "gspo"),
        ("A10", "dapo"),
        ("A15", "rloo"),
        ("A18", "gspo"),
        ("A20", "rloo"),
        ("B2", "gspo"),
        ("B7", "ppo"),
        ("B11", "cispo"),
        ("C1", "grpo"),
        ("C6", "remax"),
        ("E1", "dr-grpo"),
        ("E9", "grpo"),
        ("E11", "dapo"),
        ("E12", "grpo"),
        ("E13", "dr-grpo"),
        ("E17", "truncated-importance-sampling"),
        ("F1", "ppo"),
        ("F11", "penalty-k3"),
        ("D4", "penalty-in-reward"),
        ("E22", "actor-critic"),
    ];
    let both = [
        ("A3", "B7", "rloo"),
        ("A3", "E9", "dr-grpo"),
        ("A15", "F1", "grpo"),
        ("A8", "B8", "rloo"),
        ("A5", "F1", "rloo"),
        ("B3", "E11", "dapo"),
        ("C1", "A1", "rloo"),
        ("E12", "E9", "ppo"),
        ("B10", "E5", "cispo"),
        ("D4", "A5", "penalty-k2"),
        ("G4", "F1", "reward-to-go"),
    ];
    let moved = moved.iter().map(|(id, name)| Bug::in_algorithm(&[bug(id)], home(name)));
    let both = both.iter().map(|(a, b, name)| Bug::in_algorithm(&[bug(a), bug(b)], home(name)));
    moved.chain(both).collect()
}
