//! A baseline for each parameter: no longer one weight a step.

use super::{GradientEstimator, Returns, weighted_scores};
use crate::batch::Batch;
use crate::policy::Policy;

/// `ĝ_k = (1/N) Σ_i Σ_t ψ_k (return − b_k)`, a constant for each component (Peters & Schaal 2008, §3.2).
#[derive(Clone, Debug, PartialEq)]
pub struct PerParameterBaseline {
    /// The discount `γ`.
    pub discount: f64,
    /// Which return the baseline is subtracted from.
    pub returns: Returns,
    /// `b_k`, one a parameter.
    pub constants: Vec<f64>,
}

impl GradientEstimator for PerParameterBaseline {
    fn gradient(&self, policy: &dyn Policy, batch: &Batch) -> Vec<f64> {
        // The estimate is affine in the baseline: with 0, and with 1 less the one with 0.
        let with = |baseline: f64| {
            let mut weights = vec![0.0; batch.len() * batch.steps()];
            for (i, row) in weights.chunks_mut(batch.steps()).enumerate() {
                self.returns.weights(batch.rewards(i), self.discount, baseline, row);
            }
            weighted_scores(policy, batch, &weights)
        };
        let (none, one) = (with(0.0), with(1.0));
        none.iter().zip(one).zip(&self.constants).map(|((none, one), b)| none + b * (one - none)).collect()
    }
}
