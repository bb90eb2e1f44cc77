//! How steps and sequences are averaged. Micro-batches know the size of the whole.

use super::column;
use crate::batch::PaddedBatch;

/// The sum over steps, the mean over sequences.
#[must_use]
pub fn sequence_sum(_: &PaddedBatch, slopes: &[f64]) -> Vec<f64> {
    slopes.to_vec()
}

/// The mean over the steps of a sequence, then over sequences.
#[must_use]
pub fn sequence_mean(batch: &PaddedBatch, slopes: &[f64]) -> Vec<f64> {
    column(batch, |i, t| slopes[i * batch.steps + t] / batch.lengths[i] as f64)
}

/// The mean over all steps of the whole batch (Yu et al. 2025, *DAPO*).
#[must_use]
pub fn token_mean(batch: &PaddedBatch, slopes: &[f64]) -> Vec<f64> {
    let factor = batch.whole.sequences as f64 / batch.whole.steps as f64;
    slopes.iter().map(|slope| factor * slope).collect()
}

/// The sum over steps over the longest length there can be, the mean over sequences (Liu et al. 2025, *Dr. GRPO*).
#[must_use]
pub fn constant_length(batch: &PaddedBatch, slopes: &[f64]) -> Vec<f64> {
    slopes.iter().map(|slope| slope / batch.steps as f64).collect()
}
