//! Fourth floor: the subjects, estimators of `∇J` as they are written in training code. It must not know the truth.
//!
//! A likelihood-ratio estimator is a weighting of scores, `ĝ = (1/N) Σ_i Σ_t w[i,t] ∇θ log π(a[i,t] | s[i,t])`; an
//! [`Estimator`] is the rule for `w`. What is not of that kind is a [`GradientEstimator`], a whole vector. State
//! values and optimal baselines reach a subject as data, in its fields. [`recipe`] has the
//! algorithms for language models on padded batches. [`gaussian`] has the gradients of an expectation
//! under a normal law, as functions of their noise.

mod action_dependent;
mod advantage;
mod batch_mean;
pub mod gaussian;
mod imitation;
mod importance;
mod natural;
mod per_parameter;
mod proximal;
pub mod recipe;
mod returns;
mod reward_to_go;
mod state_baseline;
mod total_return;
mod trust_region;

pub use action_dependent::ActionDependentBaseline;
pub use advantage::{
    GeneralisedAdvantage, Span, generalised_advantage, generalised_advantages, n_step_advantage, temporal_differences,
};
pub use batch_mean::{InBatchMean, LeaveOneOut};
pub use imitation::{BehaviourCloning, RewardWeightedRegression};
pub use importance::{ImportanceWeighted, ImportanceWeights, effective_sample_size, importance_ratios, weighted_mean};
pub use natural::{Fisher, NaturalGradient, damped_solve, sampled_fisher, scaled_to_radius};
pub use per_parameter::PerParameterBaseline;
pub use proximal::{ClippedSurrogate, PenalisedSurrogate, clipped_slope, clipped_surrogate};
pub use returns::{Returns, reward_to_go, total_return};
pub use reward_to_go::RewardToGo;
pub use state_baseline::StateBaseline;
pub use total_return::TotalReturn;
pub use trust_region::{Outcome, TrustRegion, TrustRegionStep};

use crate::batch::Batch;
use crate::policy::Policy;

/// A rule for the weights of scores.
pub trait Estimator: Sync {
    /// Writes the weight of each step, `[N, T]` row by row. What is written past a trajectory's length is not read.
    fn weights(&self, batch: &Batch, out: &mut [f64]);
}

/// An estimator that gives a whole vector.
pub trait GradientEstimator: Sync {
    /// The estimate of `∇J` from `batch`, one entry a parameter of `policy`.
    fn gradient(&self, policy: &dyn Policy, batch: &Batch) -> Vec<f64>;
}

impl<E: Estimator> GradientEstimator for E {
    fn gradient(&self, policy: &dyn Policy, batch: &Batch) -> Vec<f64> {
        let mut weights = vec![0.0; batch.len() * batch.steps()];
        self.weights(batch, &mut weights);
        weighted_scores(policy, batch, &weights)
    }
}

/// `(1/N) Σ_i Σ_t w[i,t] ∇θ log π(a[i,t] | o[i,t])`.
///
/// # Panics
/// If there are not `N·T` weights.
pub fn weighted_scores(policy: &dyn Policy, batch: &Batch, weights: &[f64]) -> Vec<f64> {
    assert_eq!(weights.len(), batch.len() * batch.steps(), "one weight a step");
    let mut gradient = vec![0.0; policy.parameters().len()];
    let share = 1.0 / batch.len() as f64;
    for i in 0..batch.len() {
        let row = &weights[i * batch.steps()..];
        for (t, (&observation, &action)) in batch.observations(i).iter().zip(batch.actions(i)).enumerate() {
            policy.add_score(t, observation as usize, action as usize, row[t] * share, &mut gradient);
        }
    }
    gradient
}
