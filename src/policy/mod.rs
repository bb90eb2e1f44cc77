//! Second floor: policies. It must not know of estimators.
//!
//! A [`Policy`] chooses among finitely many actions, a [`GaussianPolicy`] real ones; a [`Family`] is a law on the line. [`deep`] has the
//! networks that are trained on rows of numbers.
//!
//! A [`Policy`] gives probabilities, log-probabilities and scores. Its probabilities are written once over a generic
//! [`Scalar`]; the scores are closed forms of their own, so that the two check one another.

pub mod deep;
mod family;
mod gaussian;
mod mlp;
mod network;
mod softmax;

pub use family::Family;
pub use gaussian::{GaussianPolicy, InvalidGaussian, Spread};
pub use mlp::MlpPolicy;
pub use network::{Attention, Convolution, InvalidNetwork, Lstm, Network, NetworkPolicy, Recurrent, Transformer};
pub use softmax::{InvalidPolicy, Logits, SoftmaxPolicy};

use std::borrow::Cow;

use crate::autodiff::Scalar;

/// A distribution over finitely many actions for each time and observation, with parameters `θ`.
///
/// Times `t` count from 0. Everything but [`Policy::probabilities_over`] works through `&dyn Policy`.
pub trait Policy: Sync {
    /// The number of actions, `A`.
    fn actions(&self) -> usize;

    /// The number of observations, `O`.
    fn observations(&self) -> usize;

    /// The parameters `θ`, a flat vector.
    fn parameters(&self) -> &[f64];

    /// The number of steps with parameters of their own, or `None` where all steps share them.
    fn time_indexed(&self) -> Option<usize>;

    /// The indices of the parameters that the probabilities at `(t, observation)` depend on, ascending.
    fn support(&self, t: usize, observation: usize) -> Cow<'_, [usize]>;

    /// Writes `π_t(a | observation)` for each action, given the values of the supporting parameters in the order of
    /// [`Policy::support`].
    fn probabilities_over<S: Scalar>(&self, t: usize, observation: usize, support: &[S], out: &mut [S])
    where
        Self: Sized;

    /// Writes `π_t(a | observation)` for each action.
    fn probabilities(&self, t: usize, observation: usize, out: &mut [f64]);

    /// Writes `log π_t(a | observation)` for each action, finite even where the probability underflows.
    fn log_probs(&self, t: usize, observation: usize, out: &mut [f64]);

    /// `log π_t(action | observation)`.
    fn log_prob(&self, t: usize, observation: usize, action: usize) -> f64 {
        let mut log_probs = vec![0.0; self.actions()];
        self.log_probs(t, observation, &mut log_probs);
        log_probs[action]
    }

    /// Adds `weight · ∇θ log π_t(action | observation)` to `out`, a vector of the length of `θ`.
    fn add_score(&self, t: usize, observation: usize, action: usize, weight: f64, out: &mut [f64]);
}

/// Replaces logits of any scalar by their softmax at a temperature, shifted by the largest.
#[inline(always)] // into the widened loop of the oracle
fn softmax_over<S: Scalar>(logits: &mut [S], temperature: f64) {
    let largest = logits.iter().map(|logit| logit.value()).fold(f64::NEG_INFINITY, f64::max);
    let mut total = S::from(0.0);
    for logit in logits.iter_mut() {
        *logit = ((*logit - S::from(largest)) / S::from(temperature)).exp();
        total = total + *logit;
    }
    for logit in logits {
        *logit = *logit / total;
    }
}
