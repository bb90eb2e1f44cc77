//! Advantages from a critic: temporal differences, n steps, and their exponential blend.

use std::ops::Range;

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
    generalised_advantages(rewards, values, &[Span { steps: 0..rewards.len(), after }], discount, lambda)
}

/// Steps of one trajectory among those of many.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its steps.
    pub steps: Range<usize>,
    /// The critic's value of the state after the last of them: 0 where the world ended.
    pub after: f64,
}

/// So many trajectories are gone through side by side: each step waits for the one after it, but not for other trajectories.
const SIDE: usize = 8;

/// [`generalised_advantage`] of each of many trajectories, with the same bits; 0 at the steps of none of them.
///
/// # Panics
/// If there is not one value a step, or a span is outside.
#[must_use]
pub fn generalised_advantages(rewards: &[f64], values: &[f64], spans: &[Span], discount: f64, lambda: f64) -> Vec<f64> {
    assert_eq!(rewards.len(), values.len(), "one value a step");
    let (decay, mut advantages) = (discount * lambda, vec![0.0; rewards.len()]);
    for group in spans.chunks(SIDE) {
        // A negative zero is what changes no sum.
        let (mut next, mut advantage) = ([0.0; SIDE], [-0.0; SIDE]);
        next.iter_mut().zip(group).for_each(|(next, span)| *next = span.after);
        let mut step = |i: usize, t: usize| {
            let difference = rewards[t] + discount * next[i] - values[t];
            advantage[i] = difference + decay * advantage[i];
            (next[i], advantages[t]) = (values[t], advantage[i]);
        };
        let mut together = 0;
        if let Ok(group) = <&[Span; SIDE]>::try_from(group) {
            together = group.iter().map(|span| span.steps.len()).min().unwrap_or(0);
            for back in 1..=together {
                for i in 0..SIDE {
                    step(i, group[i].steps.end - back);
                }
            }
        }
        for (i, span) in group.iter().enumerate() {
            (span.steps.start..span.steps.end - together).rev().for_each(|t| step(i, t));
        }
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
    fn trajectories_side_by_side_are_those_one_by_one() {
        let wave = |step: f64| (0..200).map(|t| crate::numeric::sin(step * f64::from(t))).collect::<Vec<f64>>();
        let (rewards, values) = (wave(0.7), wave(1.9));
        let lengths = [7, 1, 0, 12, 30, 5, 9, 21, 3, 3, 3, 3, 3, 4, 3, 3, 40, 0, 2];
        let mut start = 2; // what comes before belongs to none
        let next = |length: &usize| {
            start += length;
            Span { steps: start - length..start, after: start as f64 }
        };
        let spans: Vec<Span> = lengths.iter().map(next).collect();
        let mut expected = vec![0.0; 200];
        for Span { steps, after } in &spans {
            let mut advantages = temporal_differences(&rewards[steps.clone()], &values[steps.clone()], *after, 0.9);
            for t in (1..advantages.len()).rev() {
                advantages[t - 1] += 0.9 * 0.8 * advantages[t];
            }
            expected[steps.clone()].copy_from_slice(&advantages);
        }
        assert_eq!(generalised_advantages(&rewards, &values, &spans, 0.9, 0.8), expected);
    }

    #[test]
    fn no_steps_have_no_advantages() {
        assert!(generalised_advantage(&[], &[], 0.0, 0.9, 0.9).is_empty());
    }
}
