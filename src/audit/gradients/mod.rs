//! Estimators of the gradient: checks, reference subjects and mutants.

mod aggregation;
mod answers;
pub(super) mod bug;
pub(super) mod direction;
mod invariance;
pub(super) mod judge;
mod penalty;
mod ratio;
pub(super) mod reference;
mod rejection;
mod scale;
pub(super) mod theirs;

use super::check::Check;
use super::subject::Kind;

const KINDS: [Kind; 3] = [Kind::Weights, Kind::Loss, Kind::Gradient];

/// The checks of estimators of the gradient, in the order in which they are told.
pub(super) fn checks() -> impl Iterator<Item = &'static Check> {
    answers::CHECKS
        .iter()
        .chain(&direction::CHECKS)
        .chain(&scale::CHECKS)
        .chain(&aggregation::CHECKS)
        .chain(&invariance::CHECKS)
        .chain(&rejection::CHECKS)
        .chain(&ratio::CHECKS)
        .chain(&penalty::CHECKS)
        .chain(&theirs::CHECKS)
}
