//! The expected gradient in a world that the user brings.

use super::KINDS;
use super::direction::over_floor;
use super::judge::Standing;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;

/// Run only where a world was brought.
pub(in crate::audit) const GRADIENT: &str = "world/gradient";

pub(super) static CHECKS: [Check; 1] = [Check {
    id: GRADIENT,
    statement: "in the world that was brought the expected gradient points along the promised one",
    because: "something that this world has and the suite's own worlds have not",
    kinds: &KINDS,
    run: gradient,
}];

fn gradient(examination: &Examination) -> Finding {
    let Some(situation) = examination.theirs else { return Finding::skipped("no world was brought") };
    let moments = match examination.moments_in(situation) {
        Ok(moments) => moments,
        Err(fault) => return fault.into(),
    };
    let standing = Standing::of(&moments, &situation.truth(examination.promises()));
    let mut evidence = standing.evidence().with("variance", moments.trace).with("batches", situation.batches() as f64);
    if let Some(ratio) = over_floor(examination.promises(), situation, &standing, &moments) {
        evidence = evidence.with("over floor", ratio);
    }
    Finding::of(standing.is_parallel(), evidence)
}
