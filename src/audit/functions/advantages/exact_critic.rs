//! What advantages are on average, given the exact critic: listed over everything that can happen in a small process.

use std::collections::BTreeMap;

use super::fixture::{MIXED, fragment};
use super::identities::{ROUNDING, is_generalised, telescoping};
use crate::audit::check::Finding;
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::functions::comparison::Comparison;
use crate::audit::subject::{AdvantageRule, Discounting, Fragment};
use crate::audit::world::{Path, World};
use crate::numeric::{exp, power};
use crate::policy::Policy;

type Outcome = Result<Finding, Fault>;

/// Sums of weight, weight times return and weight times answer by time, state and action.
type Cells = BTreeMap<(usize, usize, usize), [f64; 3]>;

/// One path as a fragment, with the critic `value(t, s)`; a path that the world does not end is ended by the clock.
fn laid(world: &World, path: &Path, lambda: f64, value: impl Fn(usize, usize) -> f64) -> Fragment {
    let steps = path.states.len();
    let values: Vec<f64> = (0..steps).map(|t| value(t, path.states[t])).collect();
    let last = if path.terminated { 0.0 } else { value(steps, path.next) };
    let ratio = |t: usize| {
        let (s, a) = (path.states[t], path.actions[t]);
        exp(world.target.log_prob(t, s, a) - world.behaviour.log_prob(t, s, a))
    };
    let is_last = |t: usize| t + 1 == steps;
    Fragment {
        rewards: path.rewards.clone(),
        next_values: (0..steps).map(|t| if is_last(t) { last } else { values[t + 1] }).collect(),
        values,
        terminated: (0..steps).map(|t| is_last(t) && path.terminated).collect(),
        truncated: (0..steps).map(|t| is_last(t) && !path.terminated).collect(),
        acted: vec![true; steps],
        ratios: (0..steps).map(ratio).collect(),
        discount: world.discount,
        lambda,
    }
}

/// With the exact critic, `E[A_t | s, a] = Q_t(s, a) − V_t(s)` for every `λ`; returns have `E[G_t | s, a] = Q_t(s, a)`.
pub(super) fn exact_critic(examination: &Examination) -> Outcome {
    let has_critic = is_generalised(examination);
    if !has_critic && examination.promises().advantages != AdvantageRule::Returns {
        return Ok(Finding::skipped("its ratios have a check of their own"));
    }
    let mut comparison = Comparison::new();
    let (mut terminations, mut continued) = (0, 0);
    for id in ["discounted", "fragment"] {
        let situation = examination.situation(id);
        let world = &situation.world;
        if id == "fragment" && !has_critic {
            continue;
        }
        for lambda in [0.0, 0.6, 1.0] {
            let mut cells = Cells::new();
            let value = |t: usize, s: usize| world.value(0, t, s, Discounting::Full);
            for path in &world.prompts[0].paths {
                let fragment = laid(world, path, lambda, value);
                let found = examination.advantages(&fragment)?;
                let steps = found.len();
                terminations += usize::from(path.terminated);
                continued += usize::from(!path.terminated && fragment.next_values[steps - 1] != 0.0);
                for t in 0..steps {
                    let rewards = (t..steps).map(|k| power(world.discount, k - t) * path.rewards[k]);
                    let end = power(world.discount, steps - t) * fragment.next_values[steps - 1];
                    let cell = cells.entry((t, path.states[t], path.actions[t])).or_default();
                    cell[0] += path.probability;
                    cell[1] += path.probability * (rewards.sum::<f64>() + end);
                    cell[2] += path.probability * found[t];
                }
            }
            for ((t, s, a), [weight, ret, answer]) in cells {
                let baseline = if has_critic { value(t, s) } else { 0.0 };
                let case = || format!("in \"{id}\", λ = {lambda}: step {t}, state {s}, action {a}");
                comparison.add(answer / weight, ret / weight - baseline, case);
            }
        }
    }
    comparison.needs(terminations > 0, "termination");
    comparison.needs(!has_critic || continued > 0, "truncation with a value after it");
    Ok(comparison.finding(ROUNDING))
}

/// With the exact critic `V` of the policy `∝ min(μ, π)`, which V-trace evaluates (Espeholt et al. 2018, eq. 3), data
/// of another policy have `E[A_t | s, a] = min(1, ρ) (Q_t(s, a) − V_t(s))`, and so `E[A_t | s] = 0`, for every `λ`.
pub(super) fn stale_data(examination: &Examination) -> Outcome {
    if examination.promises().advantages != AdvantageRule::VTrace {
        return Ok(Finding::skipped("it uses no ratios"));
    }
    let situation = examination.situation("stale-steps");
    let world = &situation.world;
    let paths = &world.prompts[0].paths;
    let values = cut_values(world, paths);
    let value = |t: usize, s: usize| values.get(&(t, s)).copied().unwrap_or_default();
    let mut comparison = Comparison::new();
    let (mut above, mut below) = (0, 0);
    for lambda in [0.5, 1.0] {
        let mut cells = Cells::new();
        for path in paths {
            let fragment = laid(world, path, lambda, value);
            let found = examination.advantages(&fragment)?;
            for t in 0..found.len() {
                let ratio = fragment.ratios[t];
                above += usize::from(ratio > 1.05);
                below += usize::from(ratio < 0.95);
                let next = path.rewards[t] + world.discount * fragment.next_values[t] - fragment.values[t];
                let cell = cells.entry((t, path.states[t], path.actions[t])).or_default();
                cell[0] += path.probability;
                cell[1] += path.probability * ratio.min(1.0) * next;
                cell[2] += path.probability * found[t];
            }
        }
        for ((t, s, a), [weight, expected, answer]) in cells {
            let case = || format!("λ = {lambda}: step {t}, state {s}, action {a}");
            comparison.add(answer / weight, expected / weight, case);
        }
    }
    comparison.needs(above > 0 && below > 0, "ratio on either side of 1");
    Ok(comparison.finding(ROUNDING))
}

/// `V_t(s) = E_μ[min(1, ρ)(r + γ V_{t+1}) | s] / E_μ[min(1, ρ) | s]`, backwards over the paths.
fn cut_values(world: &World, paths: &[Path]) -> BTreeMap<(usize, usize), f64> {
    let mut values = BTreeMap::new();
    for t in (0..world.steps).rev() {
        let mut sums: BTreeMap<usize, [f64; 2]> = BTreeMap::new();
        for path in paths.iter().filter(|path| t < path.states.len()) {
            let (s, a) = (path.states[t], path.actions[t]);
            let ratio = exp(world.target.log_prob(t, s, a) - world.behaviour.log_prob(t, s, a)).min(1.0);
            let next = path.states.get(t + 1).copied().unwrap_or(path.next);
            let is_end = path.terminated && t + 1 == path.states.len();
            let later = if is_end { 0.0 } else { values.get(&(t + 1, next)).copied().unwrap_or_default() };
            let sum = sums.entry(s).or_default();
            sum[0] += path.probability * ratio * (path.rewards[t] + world.discount * later);
            sum[1] += path.probability * ratio;
        }
        values.extend(sums.into_iter().map(|(s, [value, weight])| ((t, s), value / weight)));
    }
    values
}

/// With ratios of 1 V-trace at `λ = 1` is the n-step return less the value (Espeholt et al. 2018, eq. 2).
pub(super) fn on_policy(examination: &Examination) -> Outcome {
    if examination.promises().advantages != AdvantageRule::VTrace {
        return Ok(Finding::skipped("it uses no ratios"));
    }
    telescoping(examination)
}

/// V-trace cuts ratios at 1: larger ones are as good as 1.
pub(super) fn cut_ratios(examination: &Examination) -> Outcome {
    if examination.promises().advantages != AdvantageRule::VTrace {
        return Ok(Finding::skipped("it uses no ratios"));
    }
    let mut fragment = Fragment { lambda: 1.0, ..fragment(examination.edition, &MIXED) };
    let expected = examination.advantages(&fragment)?;
    for (t, ratio) in fragment.ratios.iter_mut().enumerate() {
        *ratio = 1.5 + t as f64;
    }
    let found = examination.advantages(&fragment)?;
    let mut comparison = Comparison::new();
    comparison.add_all(&found, &expected, |t| format!("step {t}, ratio {}", fragment.ratios[t]));
    Ok(comparison.finding(ROUNDING))
}
