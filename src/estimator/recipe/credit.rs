//! What each step is paid.

use super::{by_row, column, totals};
use crate::batch::PaddedBatch;
use crate::estimator::{Span, generalised_advantages, reward_to_go, total_return};
use crate::numeric::power;

/// The discounted return of the whole sequence at every step (Williams 1992).
#[must_use]
pub fn total(batch: &PaddedBatch) -> Vec<f64> {
    column(batch, |i, _| total_return(&batch.rewards[batch.row(i)], batch.settings.discount))
}

/// `γ^t G_t`.
#[must_use]
pub fn discounted_to_go(batch: &PaddedBatch) -> Vec<f64> {
    let discount = batch.settings.discount;
    by_row(batch, |i| {
        let returns = reward_to_go(&batch.rewards[batch.row(i)], discount);
        returns.iter().enumerate().map(|(t, g)| power(discount, t) * g).collect()
    })
}

/// `G_t`, without `γ^t` before it, as most training code has it.
#[must_use]
pub fn to_go(batch: &PaddedBatch) -> Vec<f64> {
    by_row(batch, |i| reward_to_go(&batch.rewards[batch.row(i)], batch.settings.discount))
}

/// `γ^t (G_t − V_t)`.
#[must_use]
pub fn to_go_less_value(batch: &PaddedBatch) -> Vec<f64> {
    let discount = batch.settings.discount;
    by_row(batch, |i| {
        let row = batch.row(i);
        let returns = reward_to_go(&batch.rewards[row.clone()], discount);
        let values = &batch.values[row];
        returns.iter().zip(values).enumerate().map(|(t, (g, v))| power(discount, t) * (g - v)).collect()
    })
}

/// Generalised advantages of the batch's critic, which goes on after the last step unless the world ended (Schulman et al.
/// 2016, equation 16).
#[must_use]
pub fn advantages(batch: &PaddedBatch) -> Vec<f64> {
    advantages_at(batch, batch.settings.lambda)
}

/// [`advantages`] with another `λ`.
pub(crate) fn advantages_at(batch: &PaddedBatch, lambda: f64) -> Vec<f64> {
    let after = |i: usize| if batch.terminated[i] { 0.0 } else { batch.last_values[i] };
    let spans: Vec<Span> = (0..batch.len()).map(|i| Span { steps: batch.row(i), after: after(i) }).collect();
    generalised_advantages(&batch.rewards, &batch.values, &spans, batch.settings.discount, lambda)
}

/// The undiscounted return of the sequence, less `β Σ_t log(π/π_ref)`: the penalty as a part of the reward, which is not
/// differentiated (Ouyang et al. 2022, equation 2).
#[must_use]
pub fn penalised_total(batch: &PaddedBatch) -> Vec<f64> {
    let totals = totals(batch);
    column(batch, |i, _| {
        let ratio = batch.row(i).map(|k| batch.log_probs[k] - batch.reference_log_probs[k]);
        totals[i] - batch.settings.penalty * ratio.sum::<f64>()
    })
}
