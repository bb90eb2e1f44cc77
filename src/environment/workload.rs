//! Formula-defined problems on which speeds are compared with other implementations: any language can reproduce
//! them. Indices start at 0; every softmax is over the last index.

use super::{Bandit, LinearGaussian, LinearGaussianTables, RewardLaw, TabularMdp, Transition};
use crate::numeric::{Matrix, cos, sin, softmax};

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

/// The logits of the target policy of the importance-weight workload: those of [`tabular_logits`] plus
/// `0.3 cos(1.3 s + 0.9 a)`.
#[must_use]
pub fn target_logits(states: usize, actions: usize) -> Vec<f64> {
    let shift = |i: usize| 0.3 * cos(1.3 * (i / actions) as f64 + 0.9 * (i % actions) as f64);
    tabular_logits(states, actions).iter().enumerate().map(|(i, x)| x + shift(i)).collect()
}

/// The linear-Gaussian workload: `n = 8`, `m = 4`, `T = 50`, `A_ij = 0.9 δ_ij + 0.05 sin(1 + i + 2j)`,
/// `B_ij = 0.3 cos(1 + 2i + 3j)`, `s_0 ~ N(0, I)`, `r = −(sᵀs + 0.1 aᵀa)`, `s' = A s + B a + 0.1 w`; the policy has the gain
/// [`linear_gaussian_gain`] and `σ = 0.5`.
///
/// # Panics
/// Never: the tables are a system.
#[must_use]
pub fn linear_gaussian() -> LinearGaussian {
    let (n, m) = (8, 4);
    let wave = |x: f64| 0.05 * sin(x);
    let tables = LinearGaussianTables {
        horizon: 50,
        discount: 1.0,
        dynamics: Matrix::from_fn(n, n, |i, j| {
            (if i == j { 0.9 } else { 0.0 }) + wave(1.0 + i as f64 + 2.0 * j as f64)
        }),
        input: Matrix::from_fn(n, m, |i, j| 0.3 * cos(1.0 + 2.0 * i as f64 + 3.0 * j as f64)),
        noise: Matrix::diagonal(&[0.01; 8]),
        cost: Matrix::diagonal(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1]),
        start_mean: vec![0.0; n],
        start_covariance: Matrix::identity(n),
    };
    LinearGaussian::new(tables).expect("the tables are a system")
}

/// The gain `K_ij = −0.1 sin(1 + i + j)` of the linear-Gaussian workload, row by row.
#[must_use]
pub fn linear_gaussian_gain() -> Vec<f64> {
    (0..32).map(|k| -0.1 * sin(1.0 + (k / 8) as f64 + (k % 8) as f64)).collect()
}
