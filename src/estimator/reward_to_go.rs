//! Reward-to-go: an action is credited only with what came after it.

use super::{Estimator, Returns, reward_to_go};
use crate::batch::Batch;

/// `w_t = γ^t (G_t − b)` with a constant `b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RewardToGo {
    /// The discount `γ`.
    pub discount: f64,
    /// The constant baseline `b`; 0 for none.
    pub baseline: f64,
    /// Whether `γ^t` is there. Training code often leaves it out; the mean is then no longer `∇J`.
    pub discounted_steps: bool,
}

impl Estimator for RewardToGo {
    fn weights(&self, batch: &Batch, out: &mut [f64]) {
        for (i, row) in out.chunks_mut(batch.steps()).enumerate() {
            let rewards = batch.rewards(i);
            if self.discounted_steps {
                Returns::ToGo.weights(rewards, self.discount, self.baseline, row);
            } else {
                row.iter_mut().zip(reward_to_go(rewards, self.discount)).for_each(|(w, g)| *w = g - self.baseline);
            }
        }
    }
}
