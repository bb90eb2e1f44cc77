//! The estimators of this crate, audited.

use unbiased::audit::{Promises, Subject, audit};
use unbiased::batch::PaddedBatch;

fn returns(batch: &PaddedBatch) -> Vec<f64> {
    let discounted = |row: &[f64]| row.iter().rev().fold(0.0, |after, r| r + batch.settings.discount * after);
    (0..batch.len()).map(|i| discounted(&batch.rewards[batch.row(i)])).collect()
}

/// The advantage of a sequence as the weight of each of its steps.
fn spread(batch: &PaddedBatch, advantages: &[f64]) -> Vec<f64> {
    let mut weights = vec![0.0; batch.len() * batch.steps];
    for (i, advantage) in advantages.iter().enumerate() {
        weights[batch.row(i)].fill(*advantage);
    }
    weights
}

#[test]
fn leave_one_out_is_unbiased() {
    let mine = Subject::weights("leave_one_out", |batch| {
        spread(batch, &downstream::leave_one_out(&returns(batch), &batch.groups))
    });
    audit(&mine.promising(Promises { groups: true, ..Promises::default() })).run().assert();
}

#[test]
fn a_baseline_over_all_prompts_is_found_and_the_message_reads_well() {
    let mine = Subject::weights("less_the_mean", |batch| {
        spread(batch, &downstream::less_the_mean(&returns(batch)))
    });
    let record = audit(&mine).run();
    assert!(!record.is_good());
    assert_eq!(record.message(), include_str!("message.txt"));
}
