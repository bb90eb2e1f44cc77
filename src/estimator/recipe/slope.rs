//! The derivative of the surrogate in each `log π`: the advantage times a ratio, where the clip lets through.

use super::column;
use crate::batch::PaddedBatch;
use crate::numeric::exp;

/// `π/μ` of each step, `[N, T]`; 0 in the padding.
#[must_use]
pub fn ratios(batch: &PaddedBatch) -> Vec<f64> {
    column(batch, |i, t| {
        let k = i * batch.steps + t;
        exp(batch.log_probs[k] - batch.behaviour_log_probs[k])
    })
}

/// `Σ_t log(π/μ)` of each sequence.
fn log_ratio(batch: &PaddedBatch, i: usize) -> f64 {
    batch.row(i).map(|k| batch.log_probs[k] - batch.behaviour_log_probs[k]).sum()
}

fn with_ratios(batch: &PaddedBatch, advantages: &[f64], slope: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    ratios(batch).iter().zip(advantages).map(|(ratio, advantage)| slope(*ratio, *advantage)).collect()
}

/// `A`: for fresh data.
#[must_use]
pub fn unweighted(_: &PaddedBatch, advantages: &[f64]) -> Vec<f64> {
    advantages.to_vec()
}

/// `ρ A`.
#[must_use]
pub fn single_ratio(batch: &PaddedBatch, advantages: &[f64]) -> Vec<f64> {
    with_ratios(batch, advantages, |ratio, advantage| ratio * advantage)
}

/// Whether moving on would gain and the ratio is out of range already.
fn stopped(batch: &PaddedBatch, ratio: f64, advantage: f64) -> bool {
    let settings = batch.settings;
    (advantage > 0.0 && ratio > 1.0 + settings.clip_above) || (advantage < 0.0 && ratio < 1.0 - settings.clip_below)
}

/// `ρ A` where the clip lets through (Schulman et al. 2017, equation 7); the two sides may differ (Yu et al. 2025, *DAPO*).
#[must_use]
pub fn clipped(batch: &PaddedBatch, advantages: &[f64]) -> Vec<f64> {
    with_ratios(
        batch,
        advantages,
        |ratio, advantage| {
            if stopped(batch, ratio, advantage) { 0.0 } else { ratio * advantage }
        },
    )
}

/// The same, and nothing where `A < 0` and the ratio is above `c` (Ye et al. 2020, equation 5).
#[must_use]
pub fn dual_clipped(batch: &PaddedBatch, advantages: &[f64]) -> Vec<f64> {
    with_ratios(batch, advantages, |ratio, advantage| {
        let beyond = advantage < 0.0 && ratio > batch.settings.largest_ratio;
        if beyond || stopped(batch, ratio, advantage) { 0.0 } else { ratio * advantage }
    })
}

/// `min(ρ, 1 + ε) A`, the ratio being a weight that is not differentiated (MiniMax 2025, *CISPO*; truncated importance
/// sampling, Ionides 2008).
#[must_use]
pub fn truncated_ratio(batch: &PaddedBatch, advantages: &[f64]) -> Vec<f64> {
    with_ratios(batch, advantages, |ratio, advantage| ratio.min(1.0 + batch.settings.clip_above) * advantage)
}

/// The product of all ratios of the sequence on every step (Kloek & van Dijk 1978).
#[must_use]
pub fn sequence_ratio(batch: &PaddedBatch, advantages: &[f64]) -> Vec<f64> {
    column(batch, |i, t| exp(log_ratio(batch, i)) * advantages[i * batch.steps + t])
}

/// `s A / L` with the geometric mean `s` of the ratios of a sequence of length `L`, where the clip lets through: each step moves
/// `s` by its share (Zheng et al. 2025, *GSPO*, equation 10).
#[must_use]
pub fn clipped_geometric_mean(batch: &PaddedBatch, advantages: &[f64]) -> Vec<f64> {
    column(batch, |i, t| {
        let (length, advantage) = (batch.lengths[i] as f64, advantages[i * batch.steps + t]);
        let mean = exp(log_ratio(batch, i) / length);
        if stopped(batch, mean, advantage) { 0.0 } else { mean * advantage / length }
    })
}
