//! Importance weights: data from another policy.

use super::{GradientEstimator, Returns, weighted_scores};
use crate::batch::Batch;
use crate::numeric::{exp, ln, power};
use crate::policy::Policy;

/// How the ratios `ρ_t = π(a_t|s_t)/μ(a_t|s_t)` enter the weights, with `W_t = Π_{k≤t} ρ_k`.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportanceWeights {
    /// Not at all: old data as if they were new.
    Ignored,
    /// `W_T` on every step.
    Trajectory,
    /// `W_T / ((1/N) Σ_j W_T^j)` on every step: weights with mean one over the batch, biased by order `1/N`.
    SelfNormalised,
    /// `W_u` on the reward of step `u` (Precup, Sutton & Singh 2000).
    PerDecision,
    /// `ρ_t` on the score of step `t`.
    PerTimestep,
    /// `d^π_t(s_t)/d^μ_t(s_t)` on the score and `Π_{t≤k≤u} ρ_k` on the reward of step `u`. The ratios of state
    /// probabilities are data, `[T][S]`, `T` being the batch's steps.
    StateRatio(Vec<f64>),
    /// `d^π_t(s_t)/d^μ_t(s_t) ρ_t` on the score and the return as it stands: what is left once the state ratio is put into
    /// per-timestep weights.
    StateAndAction(Vec<f64>),
}

/// A likelihood-ratio estimator of the gradient of the policy it is given, from data whose log-probabilities under the
/// policy that acted are in the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportanceWeighted {
    /// The rule for the weights.
    pub weights: ImportanceWeights,
    /// Whole returns or what came afterwards; the per-decision and state-ratio rules know the latter alone.
    pub returns: Returns,
    /// The discount `γ`.
    pub discount: f64,
    /// The constant baseline `b`; 0 for none.
    pub baseline: f64,
    /// Single ratios are cut to at most this, which biases and bounds (as in Retrace, Munos et al. 2016, and V-trace,
    /// Espeholt et al. 2018); infinite for none.
    pub largest_ratio: f64,
}

impl ImportanceWeighted {
    /// Reward-to-go without discount, baseline or truncation.
    #[must_use]
    pub fn to_go(weights: ImportanceWeights) -> Self {
        Self { weights, returns: Returns::ToGo, discount: 1.0, baseline: 0.0, largest_ratio: f64::INFINITY }
    }
}

/// `ρ_t` along trajectory `i`.
///
/// # Panics
/// If the batch does not hold the log-probabilities of the policy that acted.
pub fn importance_ratios(policy: &dyn Policy, batch: &Batch, i: usize) -> Vec<f64> {
    let behaviour = batch.behaviour_log_probs(i);
    let behaviour = behaviour.expect("importance ratios need the batch's behaviour log-probabilities");
    let steps = batch.observations(i).iter().zip(batch.actions(i)).zip(behaviour).enumerate();
    steps.map(|(t, ((o, a), old))| exp(policy.log_prob(t, *o as usize, *a as usize) - old)).collect()
}

impl GradientEstimator for ImportanceWeighted {
    fn gradient(&self, policy: &dyn Policy, batch: &Batch) -> Vec<f64> {
        let mut weights = vec![0.0; batch.len() * batch.steps()];
        let mut logs = Vec::with_capacity(batch.len());
        for (i, row) in weights.chunks_mut(batch.steps()).enumerate() {
            let mut ratios = importance_ratios(policy, batch, i);
            for rho in &mut ratios {
                *rho = rho.min(self.largest_ratio);
            }
            logs.push(ratios.iter().map(|rho| ln(*rho)).sum::<f64>());
            self.trajectory(&ratios, batch, i, row);
        }
        if self.weights == ImportanceWeights::SelfNormalised {
            // By their logarithms less the largest: products that underflow still have proportions.
            let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = logs.iter().map(|log| exp(log - largest)).sum();
            for (row, log) in weights.chunks_mut(batch.steps()).zip(&logs) {
                let weight = exp(log - largest) * batch.len() as f64 / total;
                for w in row {
                    *w *= weight;
                }
            }
        }
        weighted_scores(policy, batch, &weights)
    }
}

impl ImportanceWeighted {
    /// The weights of trajectory `i`; self-normalised ones are multiplied by the trajectory's own afterwards.
    fn trajectory(&self, ratios: &[f64], batch: &Batch, i: usize, row: &mut [f64]) {
        let (rewards, gamma) = (batch.rewards(i), self.discount);
        let state_ratio =
            |table: &[f64], t: usize| table[t * (table.len() / batch.steps()) + batch.states(i)[t] as usize];
        match &self.weights {
            ImportanceWeights::PerDecision | ImportanceWeights::StateRatio(_) => {
                // Σ_{u≥t} γ^{u−t} Π_{t≤k≤u} ρ_k r_u − ρ_t b, then the part of the weight that came before.
                let (mut after, mut before) = (0.0, 1.0);
                for t in (0..rewards.len()).rev() {
                    after = ratios[t] * (rewards[t] + gamma * after);
                    row[t] = power(gamma, t) * (after - ratios[t] * self.baseline);
                }
                for t in 0..rewards.len() {
                    row[t] *= match &self.weights {
                        ImportanceWeights::StateRatio(table) => state_ratio(table, t),
                        _ => before,
                    };
                    before *= ratios[t];
                }
            }
            weights => {
                self.returns.weights(rewards, gamma, self.baseline, row);
                let product: f64 = ratios.iter().product();
                for t in 0..rewards.len() {
                    row[t] *= match weights {
                        ImportanceWeights::Trajectory => product,
                        ImportanceWeights::PerTimestep => ratios[t],
                        ImportanceWeights::StateAndAction(table) => state_ratio(table, t) * ratios[t],
                        _ => 1.0,
                    };
                }
            }
        }
    }
}

/// `Σ_i W_i f_i / Σ_i W_i`, or with `normalised` false `(1/N) Σ_i W_i f_i`: the target's mean of a function of whole
/// trajectories, from their weights and values.
///
/// # Panics
/// If there is no value, or not one weight for each.
#[must_use]
pub fn weighted_mean(weights: &[f64], values: &[f64], normalised: bool) -> f64 {
    assert!(!values.is_empty() && weights.len() == values.len(), "one weight a value, and at least one");
    let sum: f64 = weights.iter().zip(values).map(|(w, f)| w * f).sum();
    sum / if normalised { weights.iter().sum() } else { values.len() as f64 }
}

/// The effective sample size `(Σ w)² / Σ w²` of a batch of weights (Kish 1965): between 1 and their number.
#[must_use]
pub fn effective_sample_size(weights: &[f64]) -> f64 {
    let (sum, square) = weights.iter().fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
    sum * sum / square
}
