//! Baselines made of the batch's own returns.

use super::{Estimator, Returns, total_return};
use crate::batch::Batch;
use crate::numeric;

/// The mean total return of the batch as baseline, the sample's own return included. It is biased: the own return
/// correlates with the own score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InBatchMean {
    /// The discount `γ`.
    pub discount: f64,
    /// Which return the baseline is subtracted from.
    pub returns: Returns,
}

/// The mean total return of the *other* trajectories as baseline (Kool, van Hoof and Welling 2019). It is unbiased.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeaveOneOut {
    /// The discount `γ`.
    pub discount: f64,
    /// Which return the baseline is subtracted from.
    pub returns: Returns,
}

impl Estimator for InBatchMean {
    fn weights(&self, batch: &Batch, out: &mut [f64]) {
        weights(batch, out, self.discount, self.returns, |total, _| total / batch.len() as f64);
    }
}

impl Estimator for LeaveOneOut {
    /// With a single trajectory there is no other: its weights are NaN, not silently zero.
    fn weights(&self, batch: &Batch, out: &mut [f64]) {
        weights(batch, out, self.discount, self.returns, |total, own| (total - own) / (batch.len() as f64 - 1.0));
    }
}

fn weights(batch: &Batch, out: &mut [f64], discount: f64, returns: Returns, baseline: impl Fn(f64, f64) -> f64) {
    let totals: Vec<f64> = (0..batch.len()).map(|i| total_return(batch.rewards(i), discount)).collect();
    let sum = numeric::sum(totals.iter().copied());
    for (i, row) in out.chunks_mut(batch.steps()).enumerate() {
        returns.weights(batch.rewards(i), discount, baseline(sum, totals[i]), row);
    }
}
