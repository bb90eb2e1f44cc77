//! Formula-defined problems on which speeds are compared with other implementations: any language can reproduce
//! them. Indices start at 0; every softmax is over the last index.

use super::{Bandit, RewardLaw, TabularMdp, Transition};
use crate::numeric::{cos, sin, softmax};

/// A tabular workload: `P[s,a,s'] = softmax_{s'}(2 sin(1.3 s + 2.1 a + 0.7 (s'+1)(a+1)))`, `r[s,a] = cos(0.9 s + 1.7 a)`,
/// `μ0 = softmax_s(0.3 cos(1.9 s))`, `γ = 1`, with the logits [`tabular_logits`].
///
/// # Panics
/// If a size is zero.
#[must_use]
pub fn tabular(states: usize, actions: usize, horizon: usize) -> TabularMdp {
    let row = |s: usize, a: usize| {
        let (s, a) = (s as f64, a as f64);
        let mut row: Vec<f64> =
            (0..states).map(|next| 2.0 * sin(1.3 * s + 2.1 * a + 0.7 * (next as f64 + 1.0) * (a + 1.0))).collect();
        softmax(&mut row);
        let reward = cos(0.9 * s + 1.7 * a);
        row.into_iter()
            .enumerate()
            .map(|(next, probability)| Transition { probability, next, reward, terminated: false })
            .collect()
    };
    let transitions = (0..states).map(|s| (0..actions).map(|a| row(s, a)).collect()).collect();
    let mut initial: Vec<f64> = (0..states).map(|s| 0.3 * cos(1.9 * s as f64)).collect();
    softmax(&mut initial);
    TabularMdp::new(horizon, 1.0, initial, transitions).expect("a softmax is a distribution")
}

/// The logits `θ[s,a] = 0.5 sin(0.8 s + 1.1 a)` of the tabular workload, row by row.
#[must_use]
pub fn tabular_logits(states: usize, actions: usize) -> Vec<f64> {
    (0..states * actions).map(|i| 0.5 * sin(0.8 * (i / actions) as f64 + 1.1 * (i % actions) as f64)).collect()
}

/// The bandit workload: ten Gaussian arms `N(cos(0.7 k), 1)`, with the logits [`bandit_logits`].
///
/// # Panics
/// Never: unit Gaussians are laws.
#[must_use]
pub fn bandit() -> Bandit {
    let arms = (0..10).map(|k| RewardLaw::Gaussian { mean: cos(0.7 * f64::from(k)), deviation: 1.0 }).collect();
    Bandit::new(arms).expect("unit Gaussians are laws")
}

/// The logits `θ_k = 0.5 sin(1.1 k)` of the bandit workload.
#[must_use]
pub fn bandit_logits() -> Vec<f64> {
    (0..10).map(|k| 0.5 * sin(1.1 * f64::from(k))).collect()
}
