//! Correct rules for advantages.

use std::ops::Range;

use super::fixture::{after, ends, episodes};
use crate::audit::subject::Fragment;
use crate::estimator::{Span, generalised_advantages, reward_to_go};

/// `A_t = Σ_l (γλ)^l δ_{t+l}`, episode by episode (Schulman et al. 2016, eq. 16).
pub(super) fn generalised(fragment: &Fragment) -> Vec<f64> {
    let span = |steps: Range<usize>| Span { after: after(fragment, steps.end - 1), steps };
    let spans: Vec<Span> = episodes(fragment).into_iter().map(span).collect();
    generalised_advantages(&fragment.rewards, &fragment.values, &spans, fragment.discount, fragment.lambda)
}

/// The same over the steps at which the policy acted; each goes on with the next of them.
pub(super) fn passing_over(fragment: &Fragment) -> Vec<f64> {
    let mut out = vec![0.0; fragment.rewards.len()];
    let (mut advantage, mut next) = (0.0, None);
    for t in (0..out.len()).rev() {
        if ends(fragment, t) {
            (advantage, next) = (0.0, Some(after(fragment, t)));
        }
        if !fragment.acted[t] {
            continue;
        }
        let next_value = next.unwrap_or_else(|| after(fragment, t));
        let delta = fragment.rewards[t] + fragment.discount * next_value - fragment.values[t];
        advantage = delta + fragment.discount * fragment.lambda * advantage;
        (out[t], next) = (advantage, Some(fragment.values[t]));
    }
    out
}

/// `G_t = Σ_{k≥t} γ^{k−t} r_k` to the end of the episode (Sutton & Barto 2018, eq. 3.8).
pub(super) fn rewards_to_go(fragment: &Fragment) -> Vec<f64> {
    let of = |episode| reward_to_go(&fragment.rewards[episode], fragment.discount);
    episodes(fragment).into_iter().flat_map(of).collect()
}

/// `A_t = δ_t + c_t A_{t+1}` backwards, with `δ` and `c` of each step.
pub(super) fn recursion(fragment: &Fragment, delta: impl Fn(usize) -> f64, carry: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut out = vec![0.0; fragment.rewards.len()];
    let mut later = 0.0;
    for t in (0..out.len()).rev() {
        later = delta(t) + carry(t) * later;
        out[t] = later;
    }
    out
}

/// `r_t + γ V_{t+1} − V_t`.
pub(super) fn difference(fragment: &Fragment, t: usize) -> f64 {
    fragment.rewards[t] + fragment.discount * after(fragment, t) - fragment.values[t]
}

/// `γλ`, or nothing where an episode ends.
pub(super) fn carried(fragment: &Fragment, t: usize) -> f64 {
    if ends(fragment, t) { 0.0 } else { fragment.discount * fragment.lambda }
}

/// `v_t − V_t = ρ_t δ_t + γ c_t (v_{t+1} − V_{t+1})` with `ρ_t = min(1, π/μ)` and `c_t = λ min(1, π/μ)` (Espeholt et
/// al. 2018, eq. 1, remarks 1 and 2).
pub(super) fn v_trace(fragment: &Fragment) -> Vec<f64> {
    let ratio = |t: usize| fragment.ratios[t].min(1.0);
    recursion(fragment, |t| ratio(t) * difference(fragment, t), |t| ratio(t) * carried(fragment, t))
}

/// `min(1, ρ_t) (r_t + γ v_{t+1} − V_t)` (Espeholt et al. 2018, §4.2).
pub(super) fn v_trace_gradient(fragment: &Fragment) -> Vec<f64> {
    let excess = v_trace(fragment);
    let advantage = |t: usize| {
        let later = if ends(fragment, t) || t + 1 == excess.len() { 0.0 } else { excess[t + 1] };
        fragment.ratios[t].min(1.0) * (difference(fragment, t) + fragment.discount * later)
    };
    (0..excess.len()).map(advantage).collect()
}
