//! Wrong rules for advantages and returns, and data laid out wrongly for right ones.

use super::fixture::{after, episodes, piece};
use super::rules::{carried, difference, recursion, v_trace};
use crate::audit::subject::{AdvantageRule, Fragment, Subject};

/// The references by name.
pub(super) const GENERALISED: &str = "generalised advantages";
pub(super) const RETURNS: &str = "rewards to go";
pub(super) const V_TRACE: &str = "V-trace";
pub(super) const POLICY_GRADIENT: &str = "V-trace for the policy gradient";

/// A mutant of rewards to go.
pub(super) fn returns(rule: fn(&Fragment) -> Vec<f64>) -> Subject<'static> {
    Subject::advantages_by("a mutant of rewards to go", AdvantageRule::Returns, rule)
}

/// A mutant of V-trace, in either form.
pub(super) fn of_v_trace(rule: fn(&Fragment) -> Vec<f64>) -> Subject<'static> {
    Subject::advantages_by("a mutant of V-trace", AdvantageRule::VTrace, rule)
}

/// A mutant of generalised advantages.
pub(super) fn of_generalised(rule: fn(&Fragment) -> Vec<f64>) -> Subject<'static> {
    Subject::advantages("a mutant of generalised advantages", rule)
}

/// Less the mean, over the deviation with one degree of freedom less.
pub(super) fn standardised(x: &[f64]) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (x.len() as f64 - 1.0);
    x.iter().map(|x| (x - mean) / variance.sqrt()).collect()
}

/// The last reward of an episode that the world ended stands at the step after.
pub(super) fn score_after_the_end(fragment: &Fragment) -> Fragment {
    let mut out = fragment.clone();
    for t in (0..out.rewards.len()).filter(|t| fragment.terminated[*t]) {
        let score = std::mem::take(&mut out.rewards[t]);
        if let Some(next) = out.rewards.get_mut(t + 1) {
            *next += score;
        }
    }
    out
}

/// Each step has the reward of the next.
pub(super) fn shifted_rewards(fragment: &Fragment) -> Fragment {
    let mut out = fragment.clone();
    out.rewards.remove(0);
    out.rewards.push(0.0);
    out
}

/// Time backwards: what was before comes after.
pub(super) fn backwards(fragment: &Fragment) -> Fragment {
    let mut out = fragment.clone();
    out.rewards.reverse();
    for ends in [&mut out.terminated, &mut out.truncated] {
        ends.reverse();
        // The end of an episode is now before its first step.
        ends.rotate_left(1);
    }
    out
}

/// Returns from the back, in a list that is reversed with every entry.
pub(super) fn reversed_inside(fragment: &Fragment) -> Vec<f64> {
    let mut out = Vec::new();
    for episode in episodes(fragment) {
        let (mut list, mut sum) = (Vec::new(), 0.0);
        for t in episode.rev() {
            sum = fragment.rewards[t] + fragment.discount * sum;
            list.push(sum);
            list.reverse();
        }
        out.extend(list);
    }
    out
}

/// The usual recursion with one mask for both, and the next step's value wherever the mask lets it through.
pub(super) fn masked_by(fragment: &Fragment, is_over: impl Fn(usize) -> bool) -> Vec<f64> {
    let live = |t: usize| if is_over(t) { 0.0 } else { fragment.discount };
    let next = |t: usize| fragment.values.get(t + 1).copied().unwrap_or(fragment.next_values[t]);
    let delta = |t: usize| fragment.rewards[t] + live(t) * next(t) - fragment.values[t];
    recursion(fragment, delta, |t| live(t) * fragment.lambda)
}

/// Time limits as ends of the world.
pub(super) fn all_terminated(fragment: &Fragment) -> Fragment {
    let mut out = fragment.clone();
    for t in 0..out.rewards.len() {
        out.terminated[t] |= std::mem::take(&mut out.truncated[t]);
    }
    out
}

/// What is carried if only ends of the world cut the trace.
pub(super) fn terminated_alone(fragment: &Fragment, t: usize) -> f64 {
    if fragment.terminated[t] { 0.0 } else { fragment.discount * fragment.lambda }
}

/// Another value of the state after a time limit.
pub(super) fn after_time_limits(fragment: &Fragment, value: impl Fn(usize) -> f64) -> Fragment {
    let mut out = fragment.clone();
    for t in (0..out.rewards.len()).filter(|t| fragment.truncated[*t]) {
        out.next_values[t] = value(t);
    }
    out
}

/// The value after the last step as part of its reward.
pub(super) fn value_in_reward(fragment: &Fragment) -> Fragment {
    let mut out = fragment.clone();
    if let Some(last) = fragment.rewards.len().checked_sub(1) {
        out.rewards[last] += fragment.discount * after(fragment, last);
    }
    out
}

/// The ratio, at most 1.
pub(super) fn cut(fragment: &Fragment, t: usize) -> f64 {
    fragment.ratios[t].min(1.0)
}

/// V-trace with other ratios before the difference and the trace.
pub(super) fn v_trace_with(fragment: &Fragment, rho: impl Fn(usize) -> f64, c: impl Fn(usize) -> f64) -> Vec<f64> {
    recursion(fragment, |t| rho(t) * difference(fragment, t), |t| c(t) * carried(fragment, t))
}

/// The policy-gradient form with the next step's target, whether or not it is of another episode.
pub(super) fn target_of_the_next_episode(fragment: &Fragment) -> Vec<f64> {
    let excess = v_trace(fragment);
    let target = |t: usize| fragment.values[t] + excess[t];
    let next =
        |t: usize| if t + 1 < excess.len() && !fragment.terminated[t] { target(t + 1) } else { after(fragment, t) };
    let advantage = |t: usize| fragment.rewards[t] + fragment.discount * next(t) - fragment.values[t];
    (0..excess.len()).map(|t| cut(fragment, t) * advantage(t)).collect()
}

/// A rule without the last step.
pub(super) fn without_last(fragment: &Fragment, rule: impl Fn(&Fragment) -> Vec<f64>) -> Vec<f64> {
    let last = fragment.rewards.len() - 1;
    let mut out = rule(&piece(fragment, 0..last));
    out.push(0.0);
    out
}
