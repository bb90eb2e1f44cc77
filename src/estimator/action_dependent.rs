//! A baseline that depends on the action.

use super::{GradientEstimator, reward_to_go, weighted_scores};
use crate::batch::Batch;
use crate::numeric::power;
use crate::policy::Policy;

/// `Σ_t γ^t [ψ_t (G_t − b_t(s_t, a_t)) + Σ_a ∇π(a|s_t) b_t(s_t, a)]`; without the second term it is biased
/// (Gu et al. 2017; Tucker et al. 2018).
#[derive(Clone, Debug, PartialEq)]
pub struct ActionDependentBaseline {
    /// The discount `γ`.
    pub discount: f64,
    /// The number of states, `S`.
    pub states: usize,
    /// `b_t(s, a)`, `[T·S·A]`.
    pub table: Vec<f64>,
    /// Whether the correction is added.
    pub corrected: bool,
}

impl GradientEstimator for ActionDependentBaseline {
    fn gradient(&self, policy: &dyn Policy, batch: &Batch) -> Vec<f64> {
        let actions = policy.actions();
        let row = |t: usize, state: u32| {
            let first = (t * self.states + state as usize) * actions;
            &self.table[first..first + actions]
        };
        let mut weights = vec![0.0; batch.len() * batch.steps()];
        for (i, weights) in weights.chunks_mut(batch.steps()).enumerate() {
            let returns = reward_to_go(batch.rewards(i), self.discount);
            for (t, (&state, g)) in batch.states(i).iter().zip(returns).enumerate() {
                weights[t] = power(self.discount, t) * (g - row(t, state)[batch.actions(i)[t] as usize]);
            }
        }
        let mut gradient = weighted_scores(policy, batch, &weights);
        if self.corrected {
            let mut probabilities = vec![0.0; actions];
            for i in 0..batch.len() {
                for (t, (&state, &observation)) in batch.states(i).iter().zip(batch.observations(i)).enumerate() {
                    policy.probabilities(t, observation as usize, &mut probabilities);
                    let share = power(self.discount, t) / batch.len() as f64;
                    for (a, b) in row(t, state).iter().enumerate() {
                        // ∇π = π ∇ log π
                        let weight = share * probabilities[a] * b;
                        policy.add_score(t, observation as usize, a, weight, &mut gradient);
                    }
                }
            }
        }
        gradient
    }
}
