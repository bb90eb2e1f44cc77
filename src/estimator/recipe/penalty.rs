//! The derivative of a KL penalty in each `log π`, of the three estimators of Schulman (2020, *Approximating KL divergence*) as
//! terms of the loss. With `x = log(π/π_ref)`: `k1 = x`, `k2 = x²/2`, `k3 = e^{−x} − 1 + x`.

use super::column;
use crate::batch::PaddedBatch;
use crate::numeric::exp;

fn of_log_ratio(batch: &PaddedBatch, slope: impl Fn(f64) -> f64) -> Vec<f64> {
    column(batch, |i, t| {
        let k = i * batch.steps + t;
        -batch.settings.penalty * slope(batch.log_probs[k] - batch.reference_log_probs[k])
    })
}

/// No penalty.
#[must_use]
pub fn none(batch: &PaddedBatch) -> Vec<f64> {
    vec![0.0; batch.len() * batch.steps]
}

/// `k1`: its slope is 1, and the expected gradient nothing at all.
#[must_use]
pub fn k1_loss(batch: &PaddedBatch) -> Vec<f64> {
    of_log_ratio(batch, |_| 1.0)
}

/// `k2`: the gradient of `KL(π ‖ π_ref)`, on fresh data.
#[must_use]
pub fn k2_loss(batch: &PaddedBatch) -> Vec<f64> {
    of_log_ratio(batch, |x| x)
}

/// `k3`: the gradient of `KL(π_ref ‖ π)`, on fresh data.
#[must_use]
pub fn k3_loss(batch: &PaddedBatch) -> Vec<f64> {
    of_log_ratio(batch, |x| 1.0 - exp(-x))
}
