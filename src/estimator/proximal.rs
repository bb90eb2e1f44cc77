//! Proximal policy optimisation: the clipped surrogate (Schulman et al. 2017, equation 7).

use super::{GradientEstimator, importance_ratios, reward_to_go, weighted_scores};
use crate::batch::Batch;
use crate::policy::Policy;

/// `min(r A, clip(r, 1−ε, 1+ε) A)`.
#[must_use]
pub fn clipped_surrogate(ratio: f64, advantage: f64, epsilon: f64) -> f64 {
    (ratio * advantage).min(ratio.clamp(1.0 - epsilon, 1.0 + epsilon) * advantage)
}

/// The derivative of [`clipped_surrogate`] in the ratio: zero where `A > 0` and `r > 1 + ε`, or `A < 0` and `r < 1 − ε`,
/// and `A` everywhere else, also outside the range on the other side. At a kink it is the slope inside.
#[must_use]
pub fn clipped_slope(ratio: f64, advantage: f64, epsilon: f64) -> f64 {
    let stopped = (advantage > 0.0 && ratio > 1.0 + epsilon) || (advantage < 0.0 && ratio < 1.0 - epsilon);
    if stopped { 0.0 } else { advantage }
}

/// The gradient of the surrogate with a penalty, `Σ_t ρ_t A_t − β KL(old ‖ new)` (Schulman et al. 2017, equation 8): weights
/// `ρ_t A_t + β`, because the divergence's gradient is `−E_old[∇ log π']`. Advantages are `G_t` less the batch's values,
/// where it has any. At the policy that acted the penalty has mean zero and only adds noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PenalisedSurrogate {
    /// The penalty's factor `β`, in units of the return a nat.
    pub beta: f64,
    /// The discount `γ`.
    pub discount: f64,
}

impl GradientEstimator for PenalisedSurrogate {
    fn gradient(&self, policy: &dyn Policy, batch: &Batch) -> Vec<f64> {
        surrogate_gradient(policy, batch, self.discount, |rho, advantage| rho * advantage + self.beta)
    }
}

/// The gradient of the clipped surrogate, summed over a trajectory's steps and averaged over trajectories: weights
/// `ρ_t A_t` where the clip lets through. Advantages are `G_t` less the batch's values, where it has any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClippedSurrogate {
    /// The clip range `ε`; infinite for the unclipped surrogate.
    pub epsilon: f64,
    /// The discount `γ`.
    pub discount: f64,
}

impl GradientEstimator for ClippedSurrogate {
    fn gradient(&self, policy: &dyn Policy, batch: &Batch) -> Vec<f64> {
        // The derivative of the ratio is the ratio times the score.
        surrogate_gradient(policy, batch, self.discount, |rho, advantage| {
            rho * clipped_slope(rho, advantage, self.epsilon)
        })
    }
}

/// Scores with weights that depend on the ratio and the advantage of each step.
fn surrogate_gradient(policy: &dyn Policy, batch: &Batch, discount: f64, weight: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut weights = vec![0.0; batch.len() * batch.steps()];
    for (i, row) in weights.chunks_mut(batch.steps()).enumerate() {
        let returns = reward_to_go(batch.rewards(i), discount);
        let ratios = importance_ratios(policy, batch, i);
        for (t, (g, rho)) in returns.iter().zip(ratios).enumerate() {
            row[t] = weight(rho, g - batch.values(i).map_or(0.0, |values| values[t]));
        }
    }
    weighted_scores(policy, batch, &weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_the_derivative_away_from_the_kinks() {
        for advantage in [-1.5, -1.0, 0.0, 0.7] {
            for ratio in [0.3, 0.79, 0.81, 1.0, 1.19, 1.21, 4.0] {
                let difference = |h: f64| clipped_surrogate(ratio + h, advantage, 0.2);
                let slope = (difference(1e-6) - difference(-1e-6)) / 2e-6;
                assert!((slope - clipped_slope(ratio, advantage, 0.2)).abs() < 1e-9, "{ratio} {advantage}");
            }
        }
    }
}
