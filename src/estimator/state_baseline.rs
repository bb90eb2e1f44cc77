//! A baseline that depends on time and state.

use super::{Estimator, reward_to_go};
use crate::batch::Batch;
use crate::numeric::power;

/// `w_t = γ^t (G_t − b_t(s_t))` with a table `b`: the state value, the optimal baseline, or any other.
#[derive(Clone, Debug, PartialEq)]
pub struct StateBaseline {
    /// The discount `γ`.
    pub discount: f64,
    /// The number of states, `S`.
    pub states: usize,
    /// `b_t(s)`, `[T·S]`, time by time.
    pub table: Vec<f64>,
}

impl Estimator for StateBaseline {
    fn weights(&self, batch: &Batch, out: &mut [f64]) {
        for (i, row) in out.chunks_mut(batch.steps()).enumerate() {
            let returns = reward_to_go(batch.rewards(i), self.discount);
            for (t, (&state, g)) in batch.states(i).iter().zip(returns).enumerate() {
                row[t] = power(self.discount, t) * (g - self.table[t * self.states + state as usize]);
            }
        }
    }
}
