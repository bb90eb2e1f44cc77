//! The same estimator plugged into the audit at three depths, and one with a bug: `cargo run --example audit`.
#![allow(clippy::print_stdout)]

use unbiased::audit::{LogProbLoss, Promises, Scores, Subject, audit};
use unbiased::autodiff::Scalar;
use unbiased::batch::PaddedBatch;

/// The discounted return of sequence `i`.
fn discounted_return(batch: &PaddedBatch, i: usize) -> f64 {
    batch.rewards[batch.row(i)].iter().rev().fold(0.0, |after, reward| reward + batch.settings.discount * after)
}

/// Less the mean of the other samples of the prompt.
fn advantage(batch: &PaddedBatch, i: usize) -> f64 {
    let others: Vec<f64> = batch.group_of(i).filter(|j| *j != i).map(|other| discounted_return(batch, other)).collect();
    let baseline = if others.is_empty() { 0.0 } else { others.iter().sum::<f64>() / others.len() as f64 };
    discounted_return(batch, i) - baseline
}

/// A weight for each step, 0 in the padding.
fn weights(batch: &PaddedBatch) -> Vec<f64> {
    let mut weights = vec![0.0; batch.len() * batch.steps];
    for i in 0..batch.len() {
        weights[batch.row(i)].fill(advantage(batch, i));
    }
    weights
}

/// The loss that an optimiser minimises; we differentiate it.
struct Loss;

impl LogProbLoss for Loss {
    fn loss<S: Scalar>(&self, log_probs: &[S], batch: &PaddedBatch) -> S {
        let mut loss = S::from(0.0);
        for i in 0..batch.len() {
            for k in batch.row(i) {
                loss = loss - log_probs[k] * S::from(advantage(batch, i) / batch.len() as f64);
            }
        }
        loss
    }
}

/// The whole estimate, from the scores of the policy.
fn gradient(batch: &PaddedBatch, scores: &Scores) -> Vec<f64> {
    let mut gradient = vec![0.0; scores.parameters];
    for (k, weight) in weights(batch).iter().enumerate() {
        gradient.iter_mut().zip(scores.of(k)).for_each(|(g, psi)| *g += weight * psi / batch.len() as f64);
    }
    gradient
}

fn main() {
    let promises = Promises { groups: true, ..Promises::default() };
    for subject in [
        Subject::weights("as weights", weights),
        Subject::loss("as a loss", Loss),
        Subject::gradient("as a whole gradient", gradient),
    ] {
        let subject = subject.promising(promises);
        audit(&subject).run().assert();
        println!("{}: all is well", subject.name());
    }

    // A mean over the steps of each answer: long answers count less.
    let wrong = Subject::weights("with a mean over steps", |batch| {
        let mut weights = weights(batch);
        for i in 0..batch.len() {
            weights[batch.row(i)].iter_mut().for_each(|w| *w /= batch.lengths[i] as f64);
        }
        weights
    });
    println!("\n{}", audit(&wrong.promising(promises)).run().message());
}
