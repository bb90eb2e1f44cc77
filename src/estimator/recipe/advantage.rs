//! What is subtracted from the credit, and what the rest is divided by. Group baselines compare whole sequences by the credit of
//! their first step.

use super::{column, totals};
use crate::batch::PaddedBatch;

/// What training code adds to a standard deviation before it divides by it.
const EPSILON: f64 = 1e-4;

/// Nothing.
#[must_use]
pub fn as_it_is(_: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    credit.to_vec()
}

/// The mean of some numbers.
#[must_use]
pub fn mean_of(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// Their standard deviation with the divisor `n − 1`; 0 for one.
#[must_use]
pub fn standard_deviation(numbers: &[f64]) -> f64 {
    let mean = mean_of(numbers);
    let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
    if numbers.len() < 2 { 0.0 } else { (squares / (numbers.len() - 1) as f64).sqrt() }
}

fn first(batch: &PaddedBatch, credit: &[f64], i: usize) -> f64 {
    credit[i * batch.steps]
}

fn group(batch: &PaddedBatch, credit: &[f64], i: usize) -> Vec<f64> {
    batch.group_of(i).map(|j| first(batch, credit, j)).collect()
}

/// Each step's credit less a number of its sequence, over another.
fn shifted(batch: &PaddedBatch, credit: &[f64], of: impl Fn(usize) -> (f64, f64)) -> Vec<f64> {
    let both: Vec<(f64, f64)> = (0..batch.len()).map(of).collect();
    column(batch, |i, t| (credit[i * batch.steps + t] - both[i].0) / both[i].1)
}

/// Less the mean of the others in the group; nothing where there is no other (Kool et al. 2019; Ahmadian et al. 2024).
#[must_use]
pub fn leave_one_out(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    shifted(batch, credit, |i| {
        let others: Vec<f64> = batch.group_of(i).filter(|j| *j != i).map(|j| first(batch, credit, j)).collect();
        (if others.is_empty() { 0.0 } else { mean_of(&others) }, 1.0)
    })
}

/// Less the mean of the group, the own sample included (Liu et al. 2025, *Dr. GRPO*): the gradient times `(G−1)/G`.
#[must_use]
pub fn group_centred(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    shifted(batch, credit, |i| (mean_of(&group(batch, credit, i)), 1.0))
}

/// The same over the standard deviation of the group (Shao et al. 2024, *GRPO*).
#[must_use]
pub fn standardised(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    shifted(batch, credit, |i| {
        let group = group(batch, credit, i);
        (mean_of(&group), standard_deviation(&group) + EPSILON)
    })
}

/// Less the mean of all steps of the batch, over their standard deviation (Hu et al. 2025, *REINFORCE++*).
#[must_use]
pub fn batch_standardised(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    let all: Vec<f64> = (0..batch.len()).flat_map(|i| batch.row(i)).map(|k| credit[k]).collect();
    let (mean, deviation) = (mean_of(&all), standard_deviation(&all) + EPSILON);
    shifted(batch, credit, |_| (mean, deviation))
}

/// Less the mean of the group, then over the standard deviation of the batch (Hu et al. 2025, with a baseline).
#[must_use]
pub fn group_then_batch(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    batch_standardised(batch, &group_centred(batch, credit))
}

/// Less the return of the greedy answer (Li et al. 2023, *ReMax*).
#[must_use]
pub fn greedy(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    shifted(batch, credit, |i| (batch.greedy_returns[i], 1.0))
}

/// Less the mean of the group with the lengths as weights (Hao et al. 2025, *OPO*).
#[must_use]
pub fn length_weighted(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    shifted(batch, credit, |i| {
        let lengths = |j: usize| batch.lengths[j] as f64;
        let sum: f64 = batch.group_of(i).map(|j| lengths(j) * first(batch, credit, j)).sum();
        (sum / batch.group_of(i).map(lengths).sum::<f64>(), 1.0)
    })
}

/// Less the mean of the group, times the share `α = N / N_signal` by which groups that all agree would shrink the batch
/// (Chu et al. 2025, *GPG*).
#[must_use]
pub fn scaled_by_signal(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    let centred = group_centred(batch, credit);
    let agrees = |i: usize| batch.group_of(i).all(|j| first(batch, &centred, j) == 0.0);
    let signal = (0..batch.len()).filter(|i| !agrees(*i)).count();
    let alpha = if signal == 0 { 1.0 } else { batch.len() as f64 / signal as f64 };
    centred.into_iter().map(|a| alpha * a).collect()
}

/// The advantage of the better of two answers: by how much the own one improves on each other of the group, twice the mean
/// (Walder & Karkhanis 2025, with `k = 2`); the other alone is the baseline.
#[must_use]
pub fn best_of_two(batch: &PaddedBatch, _: &[f64]) -> Vec<f64> {
    let totals = totals(batch);
    let weight = |i: usize| {
        let gains: Vec<f64> = batch.group_of(i).filter(|j| *j != i).map(|j| (totals[i] - totals[j]).max(0.0)).collect();
        if gains.is_empty() { 0.0 } else { 2.0 * mean_of(&gains) }
    };
    let weights: Vec<f64> = (0..batch.len()).map(weight).collect();
    column(batch, |i, _| weights[i])
}
