//! What one kind of function has: checks, references, known bugs, and a fingerprint.

use crate::audit::check::Check;
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Reference};
use crate::audit::subject::Kind;

/// Everything about subjects of a few kinds.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// The kinds.
    pub(super) kinds: &'static [Kind],
    /// What is true of correct ones.
    pub(super) checks: &'static [Check],
    /// Correct ones.
    pub(super) references: &'static [Reference],
    /// Known bugs.
    pub(super) mutants: &'static [Mutant],
    /// Bugs on which the checks were not built.
    pub(super) held_out: &'static [Mutant],
    /// Answers to fixed questions, which tell subjects of one kind apart.
    pub(super) fingerprint: fn(&Examination) -> Result<Vec<f64>, Fault>,
}
