//! The expected gradient points where the promised one does.

use super::KINDS;
use super::judge::Standing;
use super::rejection;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::{Examination, Moments};
use crate::audit::situation::{REJECTED, Situation};
use crate::audit::subject::{Normalisation, Objective, Promises, Ratio};

macro_rules! direction {
    ($situation:literal, $where_:literal, $because:literal) => {
        Check {
            id: concat!("direction/", $situation),
            statement: concat!("the expected gradient points along the promised one ", $where_),
            because: $because,
            kinds: &KINDS,
            run: |examination| direction(examination, $situation),
        }
    };
}

pub(super) static CHECKS: [Check; 14] = [
    direction!(
        "bandit",
        "for four samples of one prompt",
        "the plainest case: a sign, a wrong baseline, a wrong weight"
    ),
    direction!(
        "pair",
        "for two samples of one prompt",
        "a baseline that holds the own sample with another weight than the rest"
    ),
    direction!(
        "singles",
        "when each group has one sample",
        "groups of one that get no gradient, or a division by zero"
    ),
    direction!(
        "prompts",
        "for two prompts of different difficulty",
        "baselines or deviations over the wrong axis weigh prompts differently"
    ),
    direction!("interleaved", "when the groups are interleaved", "groups found by their place instead of their label"),
    direction!("partial", "when groups differ in size", "a fixed stride through groups that are not all full"),
    direction!(
        "rejected",
        "when an answer was rejected",
        "a mean over a group that holds rejected answers shrinks prompts unequally"
    ),
    direction!(
        "ragged",
        "for answers of different length",
        "a mean over the steps of each answer, or padding that leaks"
    ),
    direction!(
        "steps",
        "for rewards on the way",
        "returns shifted, cut short or reversed; a last step that is dropped"
    ),
    direction!("discounted", "with a discount", "γ^t left out, or in the wrong place"),
    direction!(
        "fragment",
        "where the clock cuts a sequence",
        "no value after a time limit, or one after the world's end"
    ),
    direction!(
        "stale",
        "for data of another policy",
        "ratios that are missing, stale, squared or detached at the wrong place"
    ),
    direction!(
        "stale-ragged",
        "for answers of different length by another policy",
        "ratios averaged or masked wrongly"
    ),
    direction!("stale-steps", "for a process run by another policy", "ratios at the wrong time"),
];

/// Why a setting says nothing of a subject.
pub(super) fn unpromised(id: &str, promises: &Promises) -> Option<&'static str> {
    if id == REJECTED && !promises.rejections {
        return Some(rejection::UNPROMISED);
    }
    ((id.starts_with("stale") || id.starts_with("clipped")) && promises.ratio == Ratio::None)
        .then_some("it promises nothing for data of another policy")
}

/// How the mean stands to what is promised in a setting.
pub(super) fn standing(examination: &Examination, id: &'static str) -> Result<Standing, Finding> {
    let promises = examination.promises();
    if let Some(reason) = unpromised(id, promises) {
        return Err(Finding::skipped(reason));
    }
    let moments = examination.moments(id)?;
    Ok(Standing::of(&moments, &examination.situation(id).truth(promises)))
}

fn direction(examination: &Examination, id: &'static str) -> Finding {
    let standing = match standing(examination, id) {
        Ok(standing) => standing,
        Err(finding) => return finding,
    };
    let situation = examination.situation(id);
    let moments = match examination.moments(id) {
        Ok(moments) => moments,
        Err(fault) => return fault.into(),
    };
    // Old data, fragments and thinned batches have another floor.
    let over_floor = if id.starts_with("stale") || ["fragment", REJECTED].contains(&id) {
        None
    } else {
        over_floor(examination.promises(), situation, &standing, &moments)
    };
    let mut evidence = standing.evidence().with("variance", moments.trace);
    if let Some(ratio) = over_floor {
        evidence = evidence.with("over floor", ratio);
    }
    Finding::of(standing.is_parallel(), evidence.with("batches", situation.batches() as f64))
}

/// The variance at the scale of the gradient over the least that reward-to-go with a time-and-state baseline has on fresh
/// data, where the subject estimates the same.
pub(in crate::audit) fn over_floor(
    promises: &Promises,
    situation: &Situation,
    standing: &Standing,
    moments: &Moments,
) -> Option<f64> {
    let floor = situation.floor();
    let same = promises.objective == Objective::Return && promises.normalisation == Normalisation::None;
    let ratio = moments.trace / (standing.scale * standing.scale) / floor;
    // With two answers a baseline can remove all variance, and the floor is rounding.
    (same && standing.is_parallel() && ratio < 1e9).then_some(ratio)
}
