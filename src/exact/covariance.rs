//! Full covariance matrices, for few parameters, by a recursion that shares no propagation with the per-parameter one.
//!
//! The trajectory's variables `x = (G, Z, H, X)`, with `Z`, `H` and `X` vectors over the parameters, obey
//! `x = B + M x'` with the same rows as in [`super::recursion`]; here `M` is kept as a sparse matrix and
//! `Cov[x | s] = E[M C' Mᵀ + …] + Cov(E[x | outcome])` is formed whole.

use super::model::{Model, Outcome};
use super::policy_table::PolicyTable;
use super::recursion::ToGo;
use super::values::Values;
use crate::numeric::Matrix;

/// The largest number of parameters with full covariances.
pub(super) const MOST_PARAMETERS: usize = 64;

/// Joint moments of the whole trajectory: `x = (R − J, Z, Z (R − J), X)`.
pub(super) struct Joint {
    parameters: usize,
    mean: Vec<f64>,
    covariance: Matrix,
}

impl Joint {
    /// The covariance of an estimator: `Y + c Z`, or the batch form around it, times the batch size.
    pub(super) fn estimator(
        &self,
        total: bool,
        batch: Option<usize>,
        includes_own: bool,
        shift: &dyn Fn(usize) -> f64,
    ) -> Matrix {
        let d = self.parameters;
        let (score, product, to_go) = (1, 1 + d, 1 + 2 * d);
        let base = if total { product } else { to_go };
        let c = |i: usize, j: usize| self.covariance[(i, j)];
        let mut result = Matrix::zeros(d, d);
        for k in 0..d {
            for l in 0..d {
                let (x, y, z, w) = (base + k, base + l, score + k, score + l);
                let plain = c(x, y) + shift(l) * c(x, w) + shift(k) * c(z, y) + shift(k) * shift(l) * c(z, w);
                let pairs = c(z, w) * c(0, 0) + self.mean[product + k] * self.mean[product + l];
                result[(k, l)] = match batch {
                    None => plain,
                    Some(n) if includes_own => {
                        let n = n as f64;
                        let (h, i) = (product + k, product + l);
                        c(x, y) - (c(x, i) + c(h, y)) / n + c(h, i) / (n * n) + (n - 1.0) / (n * n) * pairs
                    }
                    Some(n) => c(x, y) + pairs / (n as f64 - 1.0),
                };
            }
        }
        result
    }
}

/// Moments of one state.
struct State {
    mean: Vec<f64>,
    covariance: Matrix,
}

pub(super) fn joint(model: &Model, policy: &PolicyTable, values: &Values, to_go: &ToGo, eta: f64) -> Joint {
    let d = policy.parameters();
    let size = 1 + 3 * d;
    let blank = || State { mean: vec![0.0; size], covariance: Matrix::zeros(size, size) };
    let ended = blank();
    let mut next: Vec<State> = (0..model.states()).map(|_| blank()).collect();
    for t in (0..model.horizon).rev() {
        next = (0..model.states())
            .map(|s| {
                let steps: Vec<(f64, Step, &State)> = model
                    .outcomes(s)
                    .iter()
                    .filter_map(|o| {
                        let pi = policy.probabilities(t, model.observation[s])[o.action as usize];
                        let stops = o.terminated || t + 1 == model.horizon;
                        let after = if stops { &ended } else { &next[o.next as usize] };
                        let step = || Step::of(model, policy, values, to_go, eta, t, s, o);
                        (pi > 0.0).then(|| (pi * o.probability, step(), after))
                    })
                    .collect();
                mix(size, steps.iter().map(|(p, step, after)| (*p, step.apply(after, d, eta))))
            })
            .collect();
    }
    let started = (0..model.states()).filter(|&s| model.initial[s] > 0.0).map(|s| {
        // R − J = G + e and Z (R − J) = H + e Z, with e = V_0(s) − J.
        let excess = values.initial_excess(s);
        let mut rows: Vec<Vec<(usize, f64)>> = (0..size).map(|i| vec![(i, 1.0)]).collect();
        (0..d).for_each(|k| rows[1 + d + k].push((1 + k, excess)));
        let mut offset = vec![0.0; size];
        offset[0] = excess;
        let start = Step { rows, offset, noise: vec![0.0; size], noise_variance: 0.0 };
        (model.initial[s], start.apply(&next[s], d, eta))
    });
    let State { mean, covariance } = mix(size, started.collect::<Vec<_>>().into_iter());
    Joint { parameters: d, mean, covariance }
}

/// One outcome: `x = offset + rows x' + ε noise`, with the reward's noise `ε`.
struct Step {
    rows: Vec<Vec<(usize, f64)>>,
    offset: Vec<f64>,
    noise: Vec<f64>,
    noise_variance: f64,
}

impl Step {
    #[allow(clippy::too_many_arguments)] // the whole setting of one outcome
    fn of(
        model: &Model,
        policy: &PolicyTable,
        values: &Values,
        to_go: &ToGo,
        eta: f64,
        t: usize,
        s: usize,
        o: &Outcome,
    ) -> Self {
        let d = policy.parameters();
        let (gamma, kappa, delta) = (model.discount, to_go.step_discount, values.td_error(t, s, o));
        let (observation, action) = (model.observation[s], o.action as usize);
        let probabilities = policy.probabilities(t, observation);
        let support = policy.support(t, observation);
        let (mut score, mut correction) = (vec![0.0; d], vec![0.0; d]);
        for a in 0..probabilities.len() {
            for (&k, derivative) in support.iter().zip(policy.derivatives(t, observation, a)) {
                if a == action {
                    score[k as usize] = derivative / probabilities[a];
                }
                if to_go.corrected {
                    correction[k as usize] -= derivative * (to_go.excess)(t, s, a);
                }
            }
        }
        let excess = (to_go.excess)(t, s, action);
        let size = 1 + 3 * d;
        let (mut rows, mut offset, mut noise) = (vec![Vec::new(); size], vec![0.0; size], vec![0.0; size]);
        rows[0].push((0, gamma));
        (offset[0], noise[0]) = (delta, 1.0);
        for (k, &psi) in score.iter().enumerate() {
            let (z, h, x) = (1 + k, 1 + d + k, 1 + 2 * d + k);
            rows[z].push((z, eta));
            offset[z] = psi;
            rows[h].extend([(0, gamma * psi), (z, eta * delta), (h, eta * gamma)]);
            (offset[h], noise[h]) = (psi * delta, psi);
            rows[x].extend([(0, gamma * psi), (x, kappa)]);
            (offset[x], noise[x]) = (psi * (delta + excess) + correction[k], psi);
        }
        Self { rows, offset, noise, noise_variance: o.reward_variance }
    }

    /// The moments of `x` given those of `x'`.
    fn apply(&self, after: &State, d: usize, eta: f64) -> State {
        let size = self.offset.len();
        let along = |row: &[(usize, f64)], of: &dyn Fn(usize) -> f64| row.iter().map(|(i, f)| f * of(*i)).sum::<f64>();
        let mean = (0..size).map(|i| self.offset[i] + along(&self.rows[i], &|j| after.mean[j])).collect();
        let mut covariance = Matrix::zeros(size, size);
        for i in 0..size {
            for j in 0..size {
                let moved = along(&self.rows[i], &|m| along(&self.rows[j], &|n| after.covariance[(m, n)]));
                covariance[(i, j)] = moved + self.noise_variance * self.noise[i] * self.noise[j];
            }
        }
        // H holds ε Z, whose later part η ε Z' is not a multiple of a constant row.
        for k in 0..d {
            for l in 0..d {
                covariance[(1 + d + k, 1 + d + l)] +=
                    self.noise_variance * eta * eta * after.covariance[(1 + k, 1 + l)];
            }
        }
        State { mean, covariance }
    }
}

/// The law of total covariance.
fn mix(size: usize, parts: impl Iterator<Item = (f64, State)>) -> State {
    let parts: Vec<(f64, State)> = parts.collect();
    let mut mean = vec![0.0; size];
    for (p, part) in &parts {
        mean.iter_mut().zip(&part.mean).for_each(|(m, x)| *m += p * x);
    }
    let mut covariance = Matrix::zeros(size, size);
    for (p, part) in &parts {
        for i in 0..size {
            for j in 0..size {
                let between = (part.mean[i] - mean[i]) * (part.mean[j] - mean[j]);
                covariance[(i, j)] += p * (part.covariance[(i, j)] + between);
            }
        }
    }
    State { mean, covariance }
}
