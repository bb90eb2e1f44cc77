//! REINFORCE with the whole trajectory's return.

use super::{Estimator, Returns};
use crate::batch::Batch;

/// `w_t = R − b` with the total discounted return `R` and a constant `b` (Williams 1992).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TotalReturn {
    /// The discount `γ`.
    pub discount: f64,
    /// The constant baseline `b`; 0 for none.
    pub baseline: f64,
}

impl Estimator for TotalReturn {
    fn weights(&self, batch: &Batch, out: &mut [f64]) {
        for (i, row) in out.chunks_mut(batch.steps()).enumerate() {
            Returns::Total.weights(batch.rewards(i), self.discount, self.baseline, row);
        }
    }
}
