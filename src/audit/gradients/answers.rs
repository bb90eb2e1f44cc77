//! There is an answer at all: finite, the same each time, and made of what it promises to read.

use super::KINDS;
use super::direction::unpromised;
use crate::audit::check::{Check, Evidence, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::situation::{Laid, SITUATIONS};
use crate::audit::subject::{Kind, Normalisation, Ratio};

pub(super) static CHECKS: [Check; 6] = [
    Check {
        id: "answers/finite",
        statement: "every batch of every setting gets finite numbers, groups of one and groups of equal rewards too",
        because: "a deviation of one sample, or a division by zero",
        kinds: &KINDS,
        run: finite,
    },
    Check {
        id: "answers/deterministic",
        statement: "the same batch gets the same answer",
        because: "an estimator whose randomness does not come from its data cannot be reproduced",
        kinds: &KINDS,
        run: deterministic,
    },
    Check {
        id: "answers/padding-not-a-number",
        statement: "padding that is no number does not reach the answer",
        because: "zero times NaN is NaN: a mask has to select, not to multiply",
        kinds: &KINDS,
        run: not_a_number,
    },
    Check {
        id: "answers/padding-weights",
        statement: "the derivative of the loss in padded log-probabilities is zero",
        because: "a network gives log-probabilities in the padding too, and would be trained on them",
        kinds: &[Kind::Loss],
        run: padding_weights,
    },
    Check {
        id: "answers/alone",
        statement: "a single sequence of several steps gets a gradient",
        because: "normalised over an axis of length one: each step less its own mean is zero",
        kinds: &KINDS,
        run: alone,
    },
    Check {
        id: "answers/promises",
        statement: "what it promises to read changes its answer, and what it does not promise does not",
        because: "a term that was switched off by a detach, a default or a typing error; or a promise that was forgotten",
        kinds: &KINDS,
        run: promises,
    },
];

fn finite(examination: &Examination) -> Finding {
    let mut batches = 0;
    for plan in &SITUATIONS {
        if unpromised(plan.id, examination.promises()).is_some() {
            continue;
        }
        if let Err(fault) = examination.moments(plan.id) {
            return match fault {
                Fault::NotFinite { .. } => {
                    Finding::Failed(Evidence::of(fault.to_string()).at(format!("in \"{}\"", plan.id)))
                }
                fault => Finding::Broken(fault),
            };
        }
        batches += examination.situation(plan.id).batches();
    }
    Finding::Passed(Evidence::of("finite").with("batches", batches as f64))
}

fn deterministic(examination: &Examination) -> Finding {
    let twice = |laid: &Laid| {
        let (first, second) = (examination.estimate(laid)?, examination.estimate(laid)?);
        match (0..first.len()).find(|k| first[*k].to_bits() != second[*k].to_bits()) {
            Some(index) => Err(Fault::NotDeterministic { index, first: first[index], second: second[index] }),
            None => Ok(None),
        }
    };
    match examination.smallest(&["pair", "ragged"], twice) {
        Ok(_) => Finding::Passed(Evidence::of("the same")),
        Err(Fault::NotDeterministic { index, first, second }) => {
            Finding::Failed(Evidence::of(Fault::NotDeterministic { index, first, second }.to_string()))
        }
        Err(fault) => fault.into(),
    }
}

fn not_a_number(examination: &Examination) -> Finding {
    let wrong = |laid: &Laid| {
        let real = laid.batch.mask();
        if real.iter().all(|real| *real) {
            return Ok(None);
        }
        let mut other = laid.clone();
        for (_, matrix) in other.batch.matrices_mut() {
            matrix.iter_mut().zip(&real).filter(|(_, real)| !**real).for_each(|(x, _)| *x = f64::NAN);
        }
        match examination.estimate(&other) {
            Ok(_) => Ok(None),
            Err(Fault::NotFinite { index, value }) => Ok(Some(format!("entry {index} is {value}"))),
            Err(fault) => Err(fault),
        }
    };
    verdict(examination.smallest(&["ragged"], wrong), "padding is not read")
}

fn alone(examination: &Examination) -> Finding {
    if examination.promises().groups {
        return Finding::skipped("it compares the samples of a group, and one sample has nothing to compare with");
    }
    match examination.moments("alone") {
        Ok(moments) => {
            let evidence = Evidence::of(if moments.largest > 0.0 { "a gradient" } else { "none, whatever happens" });
            Finding::of(moments.largest > 0.0, evidence.with("largest", moments.largest))
        }
        Err(fault) => fault.into(),
    }
}

fn padding_weights(examination: &Examination) -> Finding {
    let wrong = |laid: &Laid| {
        let Some(weights) = examination.weights(&laid.batch) else { return Ok(None) };
        let (weights, real) = (weights?, laid.batch.mask());
        let found = (0..real.len()).find(|k| !real[*k] && weights[*k] != 0.0);
        Ok(found.map(|k| format!("entry {k} is padding and has a derivative of {:.3e}", weights[k])))
    };
    verdict(examination.smallest(&["ragged"], wrong), "zero")
}

/// A search for a batch with a fault in it, as a finding.
pub(super) fn verdict(found: Result<Option<(String, Laid)>, Fault>, otherwise: &str) -> Finding {
    match found {
        Ok(None) => Finding::Passed(Evidence::of(otherwise)),
        Ok(Some((what, laid))) => Finding::Failed(Evidence::of(what).at(describe(&laid))),
        Err(fault) => fault.into(),
    }
}

/// A batch in a line.
fn describe(laid: &Laid) -> String {
    let batch = &laid.batch;
    let row = |i: usize| {
        let rewards: Vec<String> = batch.rewards[batch.row(i)].iter().map(f64::to_string).collect();
        format!("group {} rewards [{}]", batch.groups[i], rewards.join(", "))
    };
    (0..batch.len()).map(row).collect::<Vec<String>>().join("; ")
}

/// Whether a change of the data changes the estimate of some batch.
pub(super) fn reads(
    examination: &Examination,
    situations: &[&'static str],
    change: impl Fn(&mut Laid),
) -> Result<bool, Fault> {
    let differs = |laid: &Laid| {
        let mut other = laid.clone();
        change(&mut other);
        let (before, after) = (examination.estimate(laid)?, examination.estimate(&other)?);
        Ok((before != after).then(String::new))
    };
    Ok(examination.smallest(situations, differs)?.is_some())
}

/// Whether a change elsewhere moves the policy at the first prompt.
fn own_prompt_moves(examination: &Examination, change: impl Fn(&mut Laid)) -> Result<bool, Fault> {
    let own = examination.situation("prompts").world.parameters() / 2;
    let moves = |laid: &Laid| {
        let mut other = laid.clone();
        change(&mut other);
        let (before, after) = (examination.estimate(laid)?, examination.estimate(&other)?);
        // Means of other numbers may differ in their last digits.
        let off = before[..own].iter().zip(&after).any(|(a, b)| (a - b).abs() > 1e-9);
        Ok(off.then(String::new))
    };
    Ok(examination.smallest(&["prompts"], moves)?.is_some())
}

fn promises(examination: &Examination) -> Finding {
    let promised = *examination.promises();
    let shift = |column: usize| {
        move |laid: &mut Laid| {
            let real = laid.batch.mask();
            let matrix = &mut laid.batch.matrices_mut()[column];
            matrix.1.iter_mut().zip(&real).enumerate().filter(|(_, (_, real))| **real).for_each(|(k, (x, _))| {
                *x += 0.25 + 0.125 * (k % 3) as f64;
            });
        }
    };
    let stale = ["stale", "stale-ragged"];
    let fresh = ["prompts", "steps"];
    let merge = |laid: &mut Laid| laid.batch.groups = (0..laid.batch.len()).collect();
    let elsewhere = |laid: &mut Laid| {
        for i in (0..laid.batch.len()).filter(|i| laid.batch.groups[*i] != laid.batch.groups[0]) {
            laid.batch.rewards[i * laid.batch.steps] += 1.5 + i as f64;
        }
    };
    let fragment = |laid: &mut Laid| laid.batch.last_values.iter_mut().for_each(|v| *v += 1.0);
    let reject = |laid: &mut Laid| {
        laid.batch.rejected[0] = true;
        laid.batch.whole = laid.batch.size();
    };
    let ratio = if promised.ratio == Ratio::None { &fresh } else { &stale };
    let all: [(&str, bool, Result<bool, Fault>); 6] = [
        (
            "the behaviour policy's log-probabilities (Promises::ratio)",
            promised.ratio != Ratio::None,
            reads(examination, ratio, shift(2)),
        ),
        (
            "the reference policy's log-probabilities (Promises::penalty)",
            promised.penalty.is_some(),
            reads(examination, &["penalty"], shift(3)),
        ),
        ("the critic's values (Promises::critic)", promised.critic, reads(examination, &["steps"], shift(4))),
        (
            "the value after the last step (Promises::bootstraps)",
            promised.bootstraps,
            reads(examination, &["fragment"], fragment),
        ),
        ("the groups (Promises::groups)", promised.groups, reads(examination, &["prompts", "partial"], merge)),
        ("what was rejected (Promises::rejections)", promised.rejections, reads(examination, &["prompts"], reject)),
    ];
    let mut read = Vec::new();
    if promised.normalisation == Normalisation::Batch {
        match own_prompt_moves(examination, elsewhere) {
            Err(fault) => return fault.into(),
            Ok(true) => {}
            Ok(false) => {
                let text = "it promises to normalise over the batch, and the rewards of other prompts change nothing";
                return Finding::Failed(Evidence::of(text));
            }
        }
    }
    for (what, promised, answer) in all {
        match answer {
            Err(fault) => return fault.into(),
            Ok(true) if !promised => {
                return Finding::Failed(Evidence::of(format!("it reads {what} without promising to")));
            }
            Ok(false) if promised => {
                return Finding::Failed(Evidence::of(format!("it promises to read {what}, and they change nothing")));
            }
            Ok(true) => read.push(what),
            Ok(false) => {}
        }
    }
    Finding::Passed(Evidence::of(if read.is_empty() {
        "rewards alone".to_owned()
    } else {
        format!("{} kept", read.len())
    }))
}
