//! Moments of generalised advantage estimation with any critic, by a recursion of its own.
//!
//! With `δ = r + γ W_{t+1}(s') − W_t(s)` a trajectory obeys `A_t = δ + γλ A_{t+1}` and, for one parameter,
//! `X_t = ψ A_t + κ X_{t+1}`: an affine recursion in `(A, X)`.

use rayon::prelude::*;

use super::affine::{self, Step};
use super::form::{EstimatorMoments, UnsupportedForm};
use super::oracle::Oracle;

/// The estimator `Σ_t γ^t ψ_t A_t` with `A_t = Σ_l (γλ)^l δ_{t+l}` (Schulman et al. 2016).
#[derive(Clone, Debug, PartialEq)]
pub struct AdvantageForm {
    /// The blend `λ`: 0 for temporal differences, 1 for reward-to-go less the critic.
    pub lambda: f64,
    /// The critic's `W_t(s)`, `[T·S]`, time by time; it is 0 after the last step and after termination.
    pub critic: Vec<f64>,
    /// Whether `γ^t` multiplies the step-`t` term.
    pub discounted_steps: bool,
}

impl Oracle {
    /// Exact mean and variance of generalised advantage estimation.
    ///
    /// # Errors
    /// [`UnsupportedForm`] if the critic's table does not fit or an entry of it, or `λ`, is not finite.
    pub fn advantage_moments(&self, form: &AdvantageForm) -> Result<EstimatorMoments, UnsupportedForm> {
        let states = self.states();
        let (found, expected) = (form.critic.len(), self.horizon() * states);
        if found != expected {
            return Err(UnsupportedForm::TableSize { found, expected, shape: "T·S, time by time" });
        }
        if let Some(index) = form.critic.iter().position(|x| !x.is_finite()) {
            return Err(UnsupportedForm::NotFinite { index, value: form.critic[index].to_string() });
        }
        let (model, policy) = (self.model(), self.policy_table());
        let gamma = model.discount;
        let (decay, kappa) = (gamma * form.lambda, if form.discounted_steps { gamma } else { 1.0 });
        let error = |t: usize, s: usize, next: usize, terminated: bool, reward: f64| {
            let ahead = if terminated || t + 1 == self.horizon() { 0.0 } else { form.critic[(t + 1) * states + next] };
            reward + gamma * ahead - form.critic[t * states + s]
        };
        let laws: Vec<(f64, f64)> = (0..self.parameters() as u32)
            .into_par_iter()
            .map(|k| {
                let law = affine::propagate(model, policy, [0.0; 2], |t, s, o| {
                    let psi = policy.score(t, model.observation[s], o.action as usize, k);
                    let delta = error(t, s, o.next as usize, o.terminated, o.reward);
                    Step { matrix: [[decay, 0.0], [psi * decay, kappa]], constant: [delta, psi * delta] }
                });
                (law.mean, law.unscaled_variance())
            })
            .collect();
        let (mean, mut variance): (Vec<f64>, Vec<f64>) = laws.into_iter().unzip();
        // Rewards are noisy in bandits alone, whose only step they multiply.
        for (s, start) in model.initial.iter().enumerate() {
            let probabilities = policy.probabilities(0, model.observation[s]);
            for o in model.outcomes(s).iter().filter(|o| o.reward_variance > 0.0) {
                let p = start * probabilities[o.action as usize] * o.probability;
                for (k, variance) in variance.iter_mut().enumerate() {
                    let psi = policy.score(0, model.observation[s], o.action as usize, k as u32);
                    *variance += p * psi * psi * o.reward_variance;
                }
            }
        }
        let moments = EstimatorMoments { mean, variance, batch: 1 };
        if moments.mean.iter().chain(&moments.variance).any(|x| !x.is_finite()) {
            return Err(UnsupportedForm::Overflow { name: "generalised advantage".to_owned() });
        }
        Ok(moments)
    }
}
