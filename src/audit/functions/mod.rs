//! Checks of functions: everything that is audited but is no estimator of the whole gradient. It must not know how
//! subjects are run or findings shown.
//!
//! Each kind of function has a module with what is true of it, correct ones, known bugs, and the questions that tell
//! subjects apart. What a function of numbers is given, in a row, and what it answers:
//!
//! | kind | given | answer |
//! |---|---|---|
//! | divergence | `log π [T]`, `log π_ref [T]`, `log μ [T]` | value, slopes `[T]` |
//! | entropy | logits `[A]` | entropy |
//! | entropy bonus | logits `[A]` | entropy, slopes `[A]` |
//! | entropy estimate | `log π` | estimate |
//! | Gaussian entropy | log deviations `[m]` | entropy |
//! | density | means `[m]`, log deviations `[m]`, actions `[m]` | log-density |
//! | squashed density | limit, means `[m]`, log deviations `[m]`, actions `[m]` | log-density |
//! | sampling | temperature, number kept, action, logits `[A]` | log-probability |
//! | pass@k | `n`, number right, `k` | estimate |
//! | Fisher product | number of states, visits `[S]`, logits `[S, A]`, vector `[S, A]` | product `[S, A]` |
//! | solver | size, matrix `[n, n]`, right-hand side `[n]` | solution `[n]` |
//! | value loss | value, old value, target, `ε` | loss, slope |
//! | draws | seed, worker, count | numbers `[count]` |

mod advantages;
mod comparison;
mod density;
mod divergence;
mod draws;
mod entropy;
mod fisher;
mod gaussian_entropy;
mod numbers;
mod part;
mod pass_at_k;
mod sampling;
mod solve;
mod value_loss;

use part::Part;

use super::check::Check;
use super::examination::Examination;
use super::fault::Fault;
use super::mutant::{Mutant, Reference};

/// The kinds, in the order of the catalogue of known bugs.
static PARTS: [&Part; 11] = [
    &advantages::PART,
    &divergence::PART,
    &density::PART,
    &sampling::PART,
    &entropy::PART,
    &gaussian_entropy::PART,
    &value_loss::PART,
    &fisher::PART,
    &solve::PART,
    &pass_at_k::PART,
    &draws::PART,
];

fn parts() -> impl Iterator<Item = &'static Part> {
    PARTS.into_iter()
}

/// What is true of functions.
pub(super) fn checks() -> impl Iterator<Item = &'static Check> {
    parts().flat_map(|part| part.checks)
}

/// Correct functions.
pub(super) fn references() -> impl Iterator<Item = &'static Reference> {
    parts().flat_map(|part| part.references)
}

/// Known bugs of functions.
pub(super) fn mutants() -> impl Iterator<Item = &'static Mutant> {
    parts().flat_map(|part| part.mutants)
}

/// Bugs on which the checks were not built.
pub(super) fn held_out() -> impl Iterator<Item = &'static Mutant> {
    parts().flat_map(|part| part.held_out)
}

/// The answers that tell subjects of one kind apart; nothing for kinds that are no functions.
pub(super) fn fingerprint(examination: &Examination) -> Option<Result<Vec<f64>, Fault>> {
    let kind = examination.subject.kind();
    parts().find(|part| part.kinds.contains(&kind)).map(|part| (part.fingerprint)(examination))
}

#[cfg(test)]
mod tests;
