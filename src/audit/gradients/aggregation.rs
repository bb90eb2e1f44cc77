//! Averages over steps, read off the weights: an identity that does not ask what the advantages are.

use super::KINDS;
use super::answers::verdict;
use super::judge::shown;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::situation::Laid;
use crate::audit::subject::Aggregation;
use crate::batch::{PaddedBatch, Whole};

pub(super) static CHECKS: [Check; 1] = [Check {
    id: "aggregation/table",
    statement: "a step of a long answer has the weight of an answer of one step, divided by the promised length",
    because: "a mean over the wrong scope: the answer, the group, the batch, the pads",
    kinds: &KINDS,
    run: table,
}];

/// Every answer paid by its place in the batch at its last step.
fn paid_by_place(batch: &PaddedBatch) -> PaddedBatch {
    let mut paid = batch.clone();
    for i in 0..paid.len() {
        let row = paid.row(i);
        paid.rewards[row.clone()].fill(0.0);
        paid.rewards[row.end - 1] = 1.0 + (i % 2) as f64;
    }
    paid
}

/// The same answers as if each had one step alone.
fn one_step(batch: &PaddedBatch) -> PaddedBatch {
    let n = batch.len();
    let column = |entry: &dyn Fn(usize) -> f64| (0..n).map(entry).collect::<Vec<f64>>();
    PaddedBatch {
        steps: 1,
        lengths: vec![1; n],
        rewards: column(&|i| batch.rewards[batch.row(i).end - 1]),
        log_probs: column(&|i| batch.log_probs[batch.row(i).start]),
        behaviour_log_probs: column(&|i| batch.behaviour_log_probs[batch.row(i).start]),
        reference_log_probs: column(&|i| batch.reference_log_probs[batch.row(i).start]),
        values: column(&|i| batch.values[batch.row(i).start]),
        whole: Whole { sequences: n, accepted: n, steps: n },
        ..batch.clone()
    }
}

fn table(examination: &Examination) -> Finding {
    let promises = *examination.promises();
    if promises.critic {
        return Finding::skipped("a critic's values differ from step to step, so weights cannot be compared");
    }
    let mut seen = false;
    let wrong = |laid: &Laid| {
        let long = paid_by_place(&laid.batch);
        let short = one_step(&long);
        let (Some(a), Some(b)) = (examination.weights(&long), examination.weights(&short)) else { return Ok(None) };
        seen = true;
        let (a, b) = (a?, b?);
        for i in 0..long.len() {
            let divisor = match promises.aggregation {
                Aggregation::SequenceSum => 1.0,
                Aggregation::SequenceMean => long.lengths[i] as f64,
                Aggregation::TokenMean => long.real_steps() as f64 / long.len() as f64,
                Aggregation::ConstantLength => long.steps as f64,
            };
            for k in long.row(i) {
                let (is, should) = (a[k], b[i] / divisor);
                if (is - should).abs() > 1e-9 * should.abs().max(1e-3) {
                    let length = long.lengths[i];
                    return Ok(Some(format!(
                        "a step of an answer of length {length} weighs {}, {} should be",
                        shown(is),
                        shown(should)
                    )));
                }
            }
        }
        Ok(None)
    };
    let found = verdict(examination.smallest(&["ragged"], wrong), "as promised");
    if seen { found } else { Finding::skipped("a whole gradient has no weights to read off") }
}
