//! Identities of advantages and returns that hold step by step, whatever the numbers are.

use super::fixture::{MIXED, SHAPES, after, episodes, fragment, piece, return_of, with_tool_steps};
use crate::audit::check::Finding;
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::subject::{AdvantageRule, Fragment};
use crate::numeric::power;

use crate::audit::functions::comparison::Comparison;

/// Additions and multiplications of a dozen numbers of size 1 are exact to far less than this.
pub(super) const ROUNDING: f64 = 1e-9;

type Outcome = Result<Finding, Fault>;

/// The blend that a rule has here: returns have 1, and V-trace is held to its identities at 1.
fn blended(examination: &Examination, mut fragment: Fragment) -> Fragment {
    if matches!(examination.promises().advantages, AdvantageRule::Returns | AdvantageRule::VTrace) {
        fragment.lambda = 1.0;
    }
    fragment
}

fn shapes(examination: &Examination) -> Vec<Fragment> {
    SHAPES.iter().map(|ends| blended(examination, fragment(examination.edition, ends))).collect()
}

pub(super) fn is_generalised(examination: &Examination) -> bool {
    matches!(examination.promises().advantages, AdvantageRule::Generalised | AdvantageRule::PassingOver)
}

/// At `λ = 1` the values between telescope.
pub(super) fn lambda_one(examination: &Examination) -> Outcome {
    if examination.promises().advantages == AdvantageRule::VTrace {
        return Ok(Finding::skipped("with ratios of 1 it is held to this by a check of its own"));
    }
    telescoping(examination)
}

/// Advantage and value are the discounted rewards of the rest of the episode, and what comes after it.
pub(super) fn telescoping(examination: &Examination) -> Outcome {
    let mut comparison = Comparison::new();
    for mut fragment in shapes(examination) {
        fragment.lambda = 1.0;
        if examination.promises().advantages == AdvantageRule::Returns {
            // Returns have no critic: neither a baseline nor anything after the end.
            fragment.values.fill(0.0);
            fragment.next_values.fill(0.0);
        }
        let found = examination.advantages(&fragment)?;
        for episode in episodes(&fragment) {
            for t in episode.clone() {
                let whole = return_of(&fragment, &episode, t, fragment.rewards.len());
                comparison.add(found[t] + fragment.values[t], whole, || at(&fragment, t));
            }
        }
    }
    Ok(comparison.finding(ROUNDING))
}

/// At `λ = 0` an advantage is a temporal difference.
pub(super) fn lambda_zero(examination: &Examination) -> Outcome {
    if !is_generalised(examination) {
        return Ok(Finding::skipped("the rule has no blend"));
    }
    let mut comparison = Comparison::new();
    for mut fragment in shapes(examination) {
        fragment.lambda = 0.0;
        let found = examination.advantages(&fragment)?;
        for t in 0..found.len() {
            let next = fragment.rewards[t] + fragment.discount * after(&fragment, t);
            comparison.add(found[t], next - fragment.values[t], || at(&fragment, t));
        }
    }
    Ok(comparison.finding(ROUNDING))
}

/// In between it is the exponential average of n-step advantages: `(1 − λ) Σ_n λ^{n−1} A^{(n)}`, the last with what is
/// left.
pub(super) fn blend(examination: &Examination) -> Outcome {
    if !is_generalised(examination) {
        return Ok(Finding::skipped("the rule has no blend"));
    }
    let mut comparison = Comparison::new();
    for fragment in shapes(examination) {
        let (found, lambda) = (examination.advantages(&fragment)?, fragment.lambda);
        for episode in episodes(&fragment) {
            for t in episode.clone() {
                let left = episode.end - t;
                let share = |n: usize| power(lambda, n - 1) * if n < left { 1.0 - lambda } else { 1.0 };
                let average: f64 = (1..=left).map(|n| share(n) * return_of(&fragment, &episode, t, n)).sum();
                comparison.add(found[t], average - fragment.values[t], || at(&fragment, t));
            }
        }
    }
    Ok(comparison.finding(ROUNDING))
}

/// Nothing after a step at which the world ended reaches back over it, the critic's opinion of it included.
pub(super) fn termination(examination: &Examination) -> Outcome {
    let plain = blended(examination, fragment(examination.edition, &MIXED));
    let end = plain.terminated.iter().position(|terminated| *terminated);
    let mut comparison = Comparison::new();
    comparison.needs(end.is_some_and(|end| end + 1 < plain.rewards.len()), "step after a termination");
    let end = end.unwrap_or_default();
    let mut other = plain.clone();
    other.next_values[end] = 1000.0;
    for t in end + 1..plain.rewards.len() {
        other.rewards[t] += 100.0;
        other.values[t] -= 10.0;
        other.next_values[t] += 50.0;
    }
    let (before, found) = (examination.advantages(&plain)?, examination.advantages(&other)?);
    comparison.add_all(&found[..=end], &before[..=end], |t| at(&plain, t));
    Ok(comparison.finding(ROUNDING))
}

/// Where the clock ended an episode the critic's value of the next state counts `γ`, and nothing after the step counts.
pub(super) fn truncation(examination: &Examination) -> Outcome {
    let plain = blended(examination, fragment(examination.edition, &MIXED));
    let end = plain.truncated.iter().position(|truncated| *truncated);
    let mut comparison = Comparison::new();
    comparison.needs(end.is_some_and(|end| end + 1 < plain.rewards.len()), "step after a truncation");
    let end = end.unwrap_or_default();
    let has_critic = examination.promises().advantages != AdvantageRule::Returns;
    let mut other = plain.clone();
    for t in end + 1..plain.rewards.len() {
        other.rewards[t] += 100.0;
        other.values[t] -= 10.0;
        other.next_values[t] += 50.0;
    }
    other.next_values[end] += 1.0;
    let (before, found) = (examination.advantages(&plain)?, examination.advantages(&other)?);
    let gain = if has_critic { plain.discount } else { 0.0 };
    let mut expected = before[..=end].to_vec();
    for (t, expected) in expected.iter_mut().enumerate().skip(3) {
        *expected += gain * power(plain.discount * plain.lambda, end - t);
    }
    comparison.add_all(&found[..=end], &expected, |t| at(&plain, t));
    Ok(comparison.finding(ROUNDING))
}

/// Several episodes in one fragment are the episodes one by one.
pub(super) fn two_episodes(examination: &Examination) -> Outcome {
    let mut comparison = Comparison::new();
    for fragment in shapes(examination) {
        let whole = examination.advantages(&fragment)?;
        let parts = episodes(&fragment);
        if parts.len() < 2 {
            continue;
        }
        for episode in parts {
            let alone = examination.advantages(&piece(&fragment, episode.clone()))?;
            comparison.add_all(&whole[episode.clone()], &alone, |k| at(&fragment, episode.start + k));
        }
    }
    Ok(comparison.finding(ROUNDING))
}

/// A fragment is its two halves, the second reaching into the first with `(γλ)^n`.
pub(super) fn splitting(examination: &Examination) -> Outcome {
    let mut plain = blended(examination, fragment(examination.edition, &MIXED));
    let has_critic = examination.promises().advantages != AdvantageRule::Returns;
    if !has_critic {
        plain.next_values.fill(0.0);
    }
    let whole = examination.advantages(&plain)?;
    let mut comparison = Comparison::new();
    // Step 4 is the second of an episode of three.
    let middle = 4;
    comparison.needs(episodes(&plain).iter().any(|e| e.start < middle && middle < e.end), "episode to split");
    let first = examination.advantages(&piece(&plain, 0..middle))?;
    let second = examination.advantages(&piece(&plain, middle..plain.rewards.len()))?;
    let mut expected = first;
    for (t, expected) in expected.iter_mut().enumerate().skip(3) {
        *expected += power(plain.discount * plain.lambda, middle - t) * second[0];
    }
    expected.extend(&second);
    comparison.add_all(&whole, &expected, |t| at(&plain, t));
    Ok(comparison.finding(ROUNDING))
}

/// A reward is credited to its own step with 1, to earlier ones of its episode with `(γλ)^n`, and to no other.
pub(super) fn credit(examination: &Examination) -> Outcome {
    let mut comparison = Comparison::new();
    for plain in shapes(examination) {
        let before = examination.advantages(&plain)?;
        for episode in episodes(&plain) {
            for k in episode.clone() {
                let mut other = plain.clone();
                other.rewards[k] += 1.0;
                let found = examination.advantages(&other)?;
                for t in 0..found.len() {
                    let is_earlier = episode.start <= t && t <= k;
                    let share = if is_earlier { power(plain.discount * plain.lambda, k - t) } else { 0.0 };
                    comparison
                        .add(found[t] - before[t], share, || format!("the reward of step {k} at {}", at(&plain, t)));
                }
            }
        }
    }
    Ok(comparison.finding(ROUNDING))
}

/// Advantages are linear in rewards and values together.
pub(super) fn linear(examination: &Examination) -> Outcome {
    let x = blended(examination, fragment(examination.edition, &MIXED));
    let mut y = x.clone();
    let mut sum = x.clone();
    for column in [&mut y.rewards, &mut y.values, &mut y.next_values] {
        column.reverse();
    }
    let mix = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| 2.0 * a + 3.0 * b).collect();
    sum.rewards = mix(&x.rewards, &y.rewards);
    sum.values = mix(&x.values, &y.values);
    sum.next_values = mix(&x.next_values, &y.next_values);
    let expected: Vec<f64> = mix(&examination.advantages(&x)?, &examination.advantages(&y)?);
    let mut comparison = Comparison::new();
    comparison.add_all(&examination.advantages(&sum)?, &expected, |t| at(&x, t));
    Ok(comparison.finding(ROUNDING))
}

/// The last step of a fragment is a step like any other: its advantage is its temporal difference, whatever `λ` is.
pub(super) fn last_step(examination: &Examination) -> Outcome {
    let mut comparison = Comparison::new();
    for mut fragment in shapes(examination) {
        if examination.promises().advantages == AdvantageRule::Returns {
            fragment.values.fill(0.0);
            fragment.next_values.fill(0.0);
        }
        let last = fragment.rewards.len() - 1;
        let next = fragment.rewards[last] + fragment.discount * after(&fragment, last);
        let found = examination.advantages(&fragment)?;
        comparison.add(found[last], next - fragment.values[last], || at(&fragment, last));
    }
    Ok(comparison.finding(ROUNDING))
}

/// Steps at which the policy did not act change nothing for the others, and have no advantage themselves.
pub(super) fn tool_steps(examination: &Examination) -> Outcome {
    if examination.promises().advantages != AdvantageRule::PassingOver {
        return Ok(Finding::skipped("it does not promise to pass over steps at which the policy did not act"));
    }
    let plain = fragment(examination.edition, &MIXED);
    let longer = with_tool_steps(&plain, examination.edition);
    let mut without = examination.advantages(&plain)?.into_iter();
    let found = examination.advantages(&longer)?;
    let mut comparison = Comparison::new();
    comparison.needs(longer.acted.contains(&false), "step at which the policy did not act");
    for (t, acted) in longer.acted.iter().enumerate() {
        let expected = if *acted { without.next().unwrap_or_default() } else { 0.0 };
        comparison.add(found[t], expected, || at(&longer, t));
    }
    Ok(comparison.finding(ROUNDING))
}

/// A step in words.
fn at(fragment: &Fragment, t: usize) -> String {
    let mark = |k: usize| match (fragment.terminated[k], fragment.truncated[k]) {
        (true, _) => "world",
        (_, true) => "clock",
        _ => "on",
    };
    let ends: Vec<&str> = (0..fragment.rewards.len()).map(mark).collect();
    format!("step {t} of [{}]", ends.join(", "))
}
