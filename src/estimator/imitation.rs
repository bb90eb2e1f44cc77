//! Imitation: scores of what was done, with weights that do not subtract anything.

use super::{Estimator, total_return};
use crate::batch::Batch;
use crate::numeric::exp;

/// `w_t = 1`: the gradient of the summed log-likelihood of a trajectory, behaviour cloning (Pomerleau 1991).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BehaviourCloning;

impl Estimator for BehaviourCloning {
    fn weights(&self, _batch: &Batch, out: &mut [f64]) {
        out.fill(1.0);
    }
}

/// `w_t = exp(R/β)`: reward-weighted regression (Peters & Schaal 2007), whose maximiser imitates the better
/// trajectories; its gradient is not that of the expected return.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RewardWeightedRegression {
    /// The temperature `β > 0`, in units of the return.
    pub temperature: f64,
    /// The discount `γ`.
    pub discount: f64,
}

impl Estimator for RewardWeightedRegression {
    fn weights(&self, batch: &Batch, out: &mut [f64]) {
        for (i, row) in out.chunks_mut(batch.steps()).enumerate() {
            row.fill(exp(total_return(batch.rewards(i), self.discount) / self.temperature));
        }
    }
}
