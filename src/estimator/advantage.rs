//! Advantages from a critic: temporal differences, n steps, and their exponential blend.

use super::Estimator;
use crate::batch::Batch;
use crate::numeric::power;

/// `δ_t = r_t + γ W(s_{t+1}) − W(s_t)` for each step; `values` are the critic's of the states visited, `after` its value of
/// the state after the last step: 0 where the world ended, the critic's where the clock did.
///
/// # Panics
/// If there is not one value a step.
#[must_use]
pub fn temporal_differences(rewards: &[f64], values: &[f64], after: f64, discount: f64) -> Vec<f64> {
    assert_eq!(rewards.len(), values.len(), "one value a step");
    let next = |t: usize| if t + 1 < values.len() { values[t + 1] } else { after };
    (0..rewards.len()).map(|t| rewards[t] + discount * next(t) - values[t]).collect()
}

/// `A_t = Σ_l (γλ)^l δ_{t+l}` (Schulman et al. 2016, eq. 16).
///
/// # Panics
/// If there is not one value a step.
#[must_use]
pub fn generalised_advantage(rewards: &[f64], values: &[f64], after: f64, discount: f64, lambda: f64) -> Vec<f64> {
    let mut advantages = temporal_differences(rewards, values, after, discount);
    for t in (0..advantages.len().saturating_sub(1)).rev() {
        advantages[t] += discount * lambda * advantages[t + 1];
    }
    advantages
}

/// `A_t = r_t + … + γ^{n−1} r_{t+n−1} + γ^n W(s_{t+n}) − W(s_t)`, with fewer rewards and `after` where the trajectory ends
/// before (Sutton & Barto, §7.1).
///
/// # Panics
/// If there is not one value a step, or `n` is 0.
#[must_use]
pub fn n_step_advantage(rewards: &[f64], values: &[f64], after: f64, discount: f64, n: usize) -> Vec<f64> {
    assert!(n > 0, "at least one real reward");
    let differences = temporal_differences(rewards, values, after, discount);
    // The values between telescope.
    let sum = |t: usize| differences[t..].iter().take(n).rev().fold(0.0, |sum, delta| delta + discount * sum);
    (0..rewards.len()).map(sum).collect()
}

/// `w_t = γ^t A_t` with generalised advantages from a critic's table. `λ = 0` are temporal differences, `λ = 1` is
/// reward-to-go less the critic.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneralisedAdvantage {
    /// The discount `γ`.
    pub discount: f64,
    /// The blend `λ`.
    pub lambda: f64,
    /// The number of states, `S`.
    pub states: usize,
    /// The critic's `W_t(s)`, `[T·S]`, time by time; it is 0 after the last step.
    pub critic: Vec<f64>,
    /// Whether `γ^t` is there. Training code leaves it out.
    pub discounted_steps: bool,
}

impl Estimator for GeneralisedAdvantage {
    fn weights(&self, batch: &Batch, out: &mut [f64]) {
        for (i, row) in out.chunks_mut(batch.steps()).enumerate() {
            let value = |(t, state): (usize, &u32)| self.critic[t * self.states + *state as usize];
            let values: Vec<f64> = batch.states(i).iter().enumerate().map(value).collect();
            let advantages = generalised_advantage(batch.rewards(i), &values, 0.0, self.discount, self.lambda);
            for (t, (weight, advantage)) in row.iter_mut().zip(advantages).enumerate() {
                *weight = if self.discounted_steps { power(self.discount, t) * advantage } else { advantage };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REWARDS: [f64; 3] = [1.0, -2.0, 4.0];
    const VALUES: [f64; 3] = [0.5, 3.0, -1.0];

    #[test]
    fn the_blend_ends_in_one_step_and_in_the_whole_return() {
        let td = temporal_differences(&REWARDS, &VALUES, 10.0, 0.5);
        assert_eq!(td, [1.0 + 1.5 - 0.5, -2.0 - 0.5 - 3.0, 4.0 + 5.0 + 1.0]);
        assert_eq!(generalised_advantage(&REWARDS, &VALUES, 10.0, 0.5, 0.0), td);
        assert_eq!(n_step_advantage(&REWARDS, &VALUES, 10.0, 0.5, 1), td);
        // 1 − 2/2 + 4/4 + 10/8 − .5, and so on: bootstrapped where the clock cut.
        let whole = [1.75, -2.0 + 2.0 + 2.5 - 3.0, 10.0];
        assert_eq!(generalised_advantage(&REWARDS, &VALUES, 10.0, 0.5, 1.0), whole);
        assert_eq!(n_step_advantage(&REWARDS, &VALUES, 10.0, 0.5, 3), whole);
        assert_eq!(n_step_advantage(&REWARDS, &VALUES, 10.0, 0.5, 2)[0], 1.0 - 1.0 - 0.25 - 0.5);
    }

    #[test]
    fn no_steps_have_no_advantages() {
        assert!(generalised_advantage(&[], &[], 0.0, 0.9, 0.9).is_empty());
    }
}
