//! A baseline that depends on time and state.

use super::{Estimator, reward_to_go};
use crate::batch::Batch;
use crate::numeric::power;

/// `w_t = γ^t (G_t − b_t(s_t))` with a table `b`: the state value, the optimal baseline, or any other. Training code
/// often leaves `γ^t` out.
#[derive(Clone, Debug, PartialEq)]
pub struct StateBaseline {
    /// The discount `γ`.
    pub discount: f64,
    /// The number of states, `S`.
    pub states: usize,
    /// `b_t(s)`, `[T·S]`, time by time.
    pub table: Vec<f64>,
    /// Whether `γ^t` is there.
    pub discounted_steps: bool,
}

impl Estimator for StateBaseline {
    fn weights(&self, batch: &Batch, out: &mut [f64]) {
        for (i, row) in out.chunks_mut(batch.steps()).enumerate() {
            let returns = reward_to_go(batch.rewards(i), self.discount);
            for (t, (&state, g)) in batch.states(i).iter().zip(returns).enumerate() {
                let weight = if self.discounted_steps { power(self.discount, t) } else { 1.0 };
                row[t] = weight * (g - self.table[t * self.states + state as usize]);
            }
        }
    }
}
