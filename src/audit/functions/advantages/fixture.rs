//! Fragments of experience in which episodes end in the world, by the clock, and not at all.

use std::ops::Range;

use crate::audit::functions::numbers::{number, row};
use crate::audit::situation::Edition;
use crate::audit::subject::Fragment;
use crate::numeric::power;

/// How a step goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With the next step.
    None,
    /// The world ended.
    World,
    /// The clock ended the episode.
    Clock,
}

/// Three episodes: one that the world ends, one that the clock ends, one that the fragment breaks off.
pub(super) const MIXED: [End; 8] =
    [End::None, End::None, End::World, End::None, End::None, End::Clock, End::None, End::None];

/// The ends of fragments that identities are tried on.
pub(super) const SHAPES: [&[End]; 5] = [
    &MIXED,
    &[End::None, End::None, End::None],
    &[End::None, End::Clock, End::World, End::None, End::World],
    &[End::Clock],
    &[End::World],
];

/// A fragment on the policy's own data, with discount 0.9 and blend 0.8.
pub(super) fn fragment(edition: Edition, ends: &[End]) -> Fragment {
    let steps = ends.len();
    let values = row(edition, 40, steps);
    let next = |t: usize| match ends[t] {
        End::None if t + 1 < steps => values[t + 1],
        _ => 2.0 * number(edition, 80 + t),
    };
    Fragment {
        rewards: row(edition, 0, steps).iter().map(|r| 2.0 * r).collect(),
        next_values: (0..steps).map(next).collect(),
        values,
        terminated: ends.iter().map(|end| *end == End::World).collect(),
        truncated: ends.iter().map(|end| *end == End::Clock).collect(),
        acted: vec![true; steps],
        ratios: vec![1.0; steps],
        discount: 0.9,
        lambda: 0.8,
    }
}

/// Whether an episode ends at step `t`.
pub(super) fn ends(fragment: &Fragment, t: usize) -> bool {
    fragment.terminated[t] || fragment.truncated[t]
}

/// The episodes, in order; the last one may be broken off.
pub(super) fn episodes(fragment: &Fragment) -> Vec<Range<usize>> {
    let mut begin = 0;
    let mut out = Vec::new();
    for t in 0..fragment.rewards.len() {
        if ends(fragment, t) || t + 1 == fragment.rewards.len() {
            out.push(begin..t + 1);
            begin = t + 1;
        }
    }
    out
}

/// A piece of a fragment.
pub(super) fn piece(fragment: &Fragment, range: Range<usize>) -> Fragment {
    Fragment {
        rewards: fragment.rewards[range.clone()].to_vec(),
        values: fragment.values[range.clone()].to_vec(),
        next_values: fragment.next_values[range.clone()].to_vec(),
        terminated: fragment.terminated[range.clone()].to_vec(),
        truncated: fragment.truncated[range.clone()].to_vec(),
        acted: fragment.acted[range.clone()].to_vec(),
        ratios: fragment.ratios[range].to_vec(),
        ..*fragment
    }
}

/// What step `t` goes on with: nothing if the world ended there.
pub(super) fn after(fragment: &Fragment, t: usize) -> f64 {
    if fragment.terminated[t] { 0.0 } else { fragment.next_values[t] }
}

/// `r_t + … + γ^{n−1} r_{t+n−1} + γ^n W`, with fewer rewards where the episode ends before; `W` is the critic's value
/// of what comes after.
pub(super) fn return_of(fragment: &Fragment, episode: &Range<usize>, t: usize, n: usize) -> f64 {
    let last = (t + n).min(episode.end) - 1;
    let rewards: f64 = (t..=last).map(|k| power(fragment.discount, k - t) * fragment.rewards[k]).sum();
    rewards + power(fragment.discount, last + 1 - t) * after(fragment, last)
}

/// Two steps that a tool wrote, put in before step 4: they have no reward, and values that mean nothing.
pub(super) fn with_tool_steps(plain: &Fragment, edition: Edition) -> Fragment {
    let mut out = plain.clone();
    for k in 0..2 {
        out.rewards.insert(4, 0.0);
        out.values.insert(4, 5.0 * number(edition, 120 + k));
        out.next_values.insert(4, 5.0 * number(edition, 130 + k));
        out.terminated.insert(4, false);
        out.truncated.insert(4, false);
        out.acted.insert(4, false);
        out.ratios.insert(4, 1.0);
    }
    // The critic's value after a step is that of the next token, whoever wrote it.
    for t in 3..6 {
        out.next_values[t] = out.values[t + 1];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixed_fragment_has_every_way_to_end() {
        let mixed = fragment(Edition::First, &MIXED);
        assert_eq!(episodes(&mixed), [0..3, 3..6, 6..8]);
        assert!(!ends(&mixed, 7));
        assert_eq!(with_tool_steps(&mixed, Edition::First).acted.iter().filter(|acted| !**acted).count(), 2);
        assert_eq!(episodes(&with_tool_steps(&mixed, Edition::First)), [0..3, 3..8, 8..10]);
        // r + γ r' + γ² V, by hand.
        let f = Fragment { rewards: vec![1.0, 2.0], next_values: vec![9.0, 4.0], ..piece(&mixed, 6..8) };
        assert!((return_of(&f, &(0..2), 0, 5) - (1.0 + 0.9 * 2.0 + 0.81 * 4.0)).abs() < 1e-15);
        assert!((return_of(&f, &(0..2), 0, 1) - (1.0 + 0.9 * 9.0)).abs() < 1e-15);
    }
}
