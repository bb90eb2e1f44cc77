//! Linear-Gaussian systems: trajectories in lanes, their reward-to-go estimates, and their moments.
//!
//! Each lane is a trajectory. A batch draws its normals row by row, stores states and the actions' normals, runs the
//! returns backwards, and accumulates the estimates; nothing is allocated a step. Zero entries of the tables are left out.

use rayon::prelude::*;
use thiserror::Error;

use super::{BLOCK, LANES};
use crate::environment::LinearGaussian;
use crate::numeric::simd::Level;
use crate::numeric::{Matrix, kernel, power};
use crate::policy::GaussianPolicy;
use crate::rng::{LaneWords, StreamKey};
use crate::stats::Moments;

/// One number for each lane.
type Lanes = [f64; LANES];

/// Lanes that are worked through in registers, and whose data lie side by side.
const CHUNK: usize = 8;

/// One number for each lane of a chunk.
type Chunk = [f64; CHUNK];

/// Pulls that share the loads of a state.
const TOGETHER: usize = 4;

/// Draws trajectories of a Gaussian policy in a linear-Gaussian system.
#[derive(Clone, Debug)]
pub struct LinearGaussianSampler {
    states: usize,
    actions: usize,
    parameters: usize,
    discount: f64,
    horizon: usize,
    start_mean: Vec<f64>,
    /// On the noise.
    start: Rows,
    /// `(K, L)` on the state and the action's normals.
    act: Rows,
    /// `(A, B)` and the factor of the noise, on the state, the action and the noise.
    step: Rows,
    /// On the state and the action.
    cost: Rows,
    /// `L⁻ᵀ`, which makes the score of the mean from the normals.
    pull: Vec<f64>,
    /// The parameters of the spread: place, row, column, what is subtracted, and the factor.
    spread: Vec<(usize, usize, usize, f64, f64)>,
    level: Level,
}

/// The system and the policy do not fit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the policy has {states} state variables and {actions} actions, unlike the system, or squashes its actions")]
pub struct UnsampleableSystem {
    /// State variables of the policy.
    pub states: usize,
    /// Actions of the policy.
    pub actions: usize,
}

/// The entries of a matrix that are not zero, row by row, with their columns' places in the working set.
#[derive(Clone, Debug, Default)]
struct Rows {
    first: Vec<usize>,
    entries: Vec<(usize, f64)>,
}

impl Rows {
    /// Blocks side by side, each with the place of its first column.
    fn of(blocks: &[(&Matrix, usize)]) -> Self {
        let mut rows = Self { first: vec![0], entries: Vec::new() };
        for i in 0..blocks[0].0.rows() {
            for (matrix, place) in blocks {
                let entries = matrix.row(i).iter().enumerate().filter(|(_, x)| **x != 0.0);
                rows.entries.extend(entries.map(|(j, x)| (place + j, *x)));
            }
            rows.first.push(rows.entries.len());
        }
        rows
    }

    /// Row `i` times `x`.
    #[inline(always)]
    fn times(&self, i: usize, x: &[Lanes], start: f64, out: &mut Lanes) {
        // Two chunks side by side: enough additions that do not wait for one another.
        const WIDE: usize = 2 * CHUNK;
        let entries = &self.entries[self.first[i]..self.first[i + 1]];
        for first in (0..LANES).step_by(WIDE) {
            let mut sum = [start; WIDE];
            for &(j, a) in entries {
                let x = &x[j][first..first + WIDE];
                for lane in 0..WIDE {
                    sum[lane] += a * x[lane];
                }
            }
            out[first..first + WIDE].copy_from_slice(&sum);
        }
    }
}

/// The working set of a batch of lanes.
struct Scratch {
    /// A step: the state, the action, the noise, and the action's normals.
    step: Vec<Lanes>,
    next: Vec<Lanes>,
    /// By chunk and time: states `[n]`, the action's normals `[m]`, and the reward.
    states: Vec<Chunk>,
    normals: Vec<Chunk>,
    rewards: Vec<Chunk>,
    /// Of a chunk, by time: the weighted pulls `[m]`, and the weight.
    pulls: Vec<Chunk>,
    weights: Vec<Chunk>,
    /// By parameter, sums over lanes of the estimates and of their squares.
    first: Vec<Chunk>,
    second: Vec<Chunk>,
    words: [[u32; LANES]; 3],
}

impl LinearGaussianSampler {
    /// A sampler of `policy` in `system`.
    ///
    /// # Errors
    /// [`UnsampleableSystem`] if the policy does not fit or squashes its actions.
    pub fn new(system: &LinearGaussian, policy: &GaussianPolicy) -> Result<Self, UnsampleableSystem> {
        let (n, m) = (system.states(), system.actions());
        if (policy.states(), policy.actions()) != (n, m) || policy.is_squashed() {
            return Err(UnsampleableSystem { states: policy.states(), actions: policy.actions() });
        }
        let (factor, pull) = (policy.factor(), policy.inverse_transposed());
        let root = |matrix: &Matrix| matrix.cholesky().unwrap_or_else(|| Matrix::zeros(n, n)); // checked by the system
        let mut spread = Vec::new();
        for i in 0..m {
            for j in 0..=i {
                if let Some(k) = policy.factor_parameter(i, j) {
                    let scale = if i == j { factor[i * m + i] } else { 1.0 };
                    spread.push((k, i, j, pull[i * m + j], scale));
                }
            }
        }
        let (gain, factor) = (
            Matrix::from_fn(m, n, |i, j| policy.parameters()[i * n + j]),
            Matrix::from_fn(m, m, |i, j| factor[i * m + j]),
        );
        let noise = n + m;
        Ok(Self {
            states: n,
            actions: m,
            parameters: policy.parameters().len(),
            discount: system.discount(),
            horizon: system.horizon(),
            start_mean: system.start_mean().to_vec(),
            start: Rows::of(&[(&root(system.start_covariance()), noise)]),
            act: Rows::of(&[(&gain, 0), (&factor, noise + n)]),
            step: Rows::of(&[(system.dynamics(), 0), (system.input(), n), (&root(system.noise()), noise)]),
            cost: Rows::of(&[(system.cost(), 0)]),
            pull,
            spread,
            level: Level::best(),
        })
    }

    /// The same sampler at another dispatch level: the bits are the same, the speed is not.
    #[must_use]
    pub fn at_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sampled moments of `Σ_t γ^t ψ_t (G_t − b)`, one component a parameter of the policy, over the first `count`
    /// trajectories under `key`.
    pub fn moments(&self, key: &StreamKey, count: usize, baseline: f64) -> Moments {
        let blocks = (0..count.div_ceil(BLOCK)).into_par_iter();
        let parts: Vec<Moments> =
            blocks.map(|block| self.block(key, block, BLOCK.min(count - block * BLOCK), baseline)).collect();
        let mut total = Moments::new(self.parameters);
        for part in &parts {
            total.merge(part);
        }
        total
    }

    fn block(&self, key: &StreamKey, block: usize, count: usize, baseline: f64) -> Moments {
        let (n, m, steps) = (self.states, self.actions, self.horizon);
        let (chunks, blank) = (LANES / CHUNK, [0.0; CHUNK]);
        let mut words = LaneWords::new(key, block as u64, self.level);
        let mut scratch = Scratch {
            // Normals come in pairs: one more for an odd number.
            step: vec![[0.0; LANES]; 2 * (n + m) + 2],
            next: vec![[0.0; LANES]; n],
            states: vec![blank; chunks * steps * n],
            normals: vec![blank; chunks * steps * m],
            rewards: vec![blank; chunks * steps],
            pulls: vec![blank; steps * m],
            weights: vec![blank; steps],
            first: vec![blank; self.parameters],
            second: vec![blank; self.parameters],
            words: [[0; LANES]; 3],
        };
        for first in (0..count).step_by(LANES) {
            self.simulate(&mut words, &mut scratch);
            let live = LANES.min(count - first);
            self.level.run(
                #[inline(always)]
                || {
                    for chunk in 0..live.div_ceil(CHUNK) {
                        self.weigh(chunk, baseline, &mut scratch);
                        self.accumulate(chunk, (live - chunk * CHUNK).min(CHUNK), &mut scratch);
                    }
                },
            );
        }
        let total = |lanes: &Chunk| lanes.iter().sum::<f64>();
        let mean: Vec<f64> = scratch.first.iter().map(|x| total(x) / count as f64).collect();
        let squares = scratch.second.iter().zip(&scratch.first).zip(&mean);
        let squares = squares.map(|((second, first), mean)| (total(second) - total(first) * mean).max(0.0)).collect();
        Moments::from_parts(count as u64, mean, squares)
    }

    /// Draws a batch of lanes, forwards in time.
    fn simulate(&self, words: &mut LaneWords, scratch: &mut Scratch) {
        let (n, m) = (self.states, self.actions);
        self.draw(words, n + m, n, scratch);
        for i in 0..n {
            let mut state = [0.0; LANES];
            self.start.times(i, &scratch.step, self.start_mean[i], &mut state);
            scratch.step[i] = state;
        }
        for t in 0..self.horizon {
            // The noise first: of an odd number it draws one too many, which the action's normals then overwrite.
            let last = t + 1 == self.horizon;
            if !last {
                self.draw(words, n + m, n, scratch);
            }
            self.draw(words, 2 * n + m, m, scratch);
            self.level.run(
                #[inline(always)]
                || self.advance(t, last, scratch),
            );
        }
    }

    /// Fills `count` rows of the step with normals, from `place` on: three rows of words for every two.
    fn draw(&self, words: &mut LaneWords, place: usize, count: usize, scratch: &mut Scratch) {
        for first in (place..place + count).step_by(2) {
            for row in &mut scratch.words {
                *row = *words.next_row();
            }
            let (out, words) = (&mut scratch.step[first..first + 2], &scratch.words);
            self.level.run(
                #[inline(always)]
                || normals(words, out),
            );
        }
    }

    /// One step of every lane: the action, the reward, and the next state.
    #[inline(always)]
    fn advance(&self, t: usize, last: bool, scratch: &mut Scratch) {
        let (n, m, steps) = (self.states, self.actions, self.horizon);
        for i in 0..m {
            let mut action = [0.0; LANES];
            self.act.times(i, &scratch.step, 0.0, &mut action);
            scratch.step[n + i] = action;
        }
        let mut reward = [0.0; LANES];
        for i in 0..n + m {
            let mut image = [0.0; LANES];
            self.cost.times(i, &scratch.step, 0.0, &mut image);
            for lane in 0..LANES {
                reward[lane] -= image[lane] * scratch.step[i][lane];
            }
        }
        store(&scratch.step[..n], &mut scratch.states, t, steps);
        store(&scratch.step[2 * n + m..2 * (n + m)], &mut scratch.normals, t, steps);
        store(std::slice::from_ref(&reward), &mut scratch.rewards, t, steps);
        if !last {
            for (i, next) in scratch.next.iter_mut().enumerate() {
                self.step.times(i, &scratch.step, 0.0, next);
            }
            scratch.step[..n].copy_from_slice(&scratch.next);
        }
    }

    /// The weights `γ^t (G_t − b)` of a chunk and the pulls `L⁻ᵀ ε_t` times them, backwards in time.
    #[inline(always)]
    fn weigh(&self, chunk: usize, baseline: f64, scratch: &mut Scratch) {
        let (m, steps) = (self.actions, self.horizon);
        let mut returns = [0.0; CHUNK];
        for t in (0..steps).rev() {
            let discount = power(self.discount, t);
            let reward = &scratch.rewards[chunk * steps + t];
            let weights = &mut scratch.weights[t];
            for lane in 0..CHUNK {
                returns[lane] = reward[lane] + self.discount * returns[lane];
                weights[lane] = discount * (returns[lane] - baseline);
            }
            let normals = &scratch.normals[(chunk * steps + t) * m..][..m];
            for i in 0..m {
                let mut pull = [0.0; CHUNK];
                for k in i..m {
                    for lane in 0..CHUNK {
                        pull[lane] += self.pull[i * m + k] * normals[k][lane];
                    }
                }
                for lane in 0..CHUNK {
                    pull[lane] *= weights[lane];
                }
                scratch.pulls[t * m + i] = pull;
            }
        }
    }

    /// Adds the estimates of the first `live` lanes of a chunk and their squares.
    #[inline(always)]
    fn accumulate(&self, chunk: usize, live: usize, scratch: &mut Scratch) {
        let (n, m, steps) = (self.states, self.actions, self.horizon);
        let Scratch { states, normals, pulls, weights, first, second, .. } = scratch;
        let states = &states[chunk * steps * n..][..steps * n];
        let normals = &normals[chunk * steps * m..][..steps * m];
        for i in (0..m).step_by(TOGETHER) {
            for j in 0..n {
                if m - i >= TOGETHER {
                    let sums = products::<TOGETHER>(&pulls[i..], m, &states[j..], n, steps);
                    for (k, sum) in sums.into_iter().enumerate() {
                        add(sum, live, (i + k) * n + j, first, second);
                    }
                } else {
                    for k in i..m {
                        let [sum] = products::<1>(&pulls[k..], m, &states[j..], n, steps);
                        add(sum, live, k * n + j, first, second);
                    }
                }
            }
        }
        for &(k, i, j, less, scale) in &self.spread {
            let mut sum = [0.0; CHUNK];
            for t in 0..steps {
                let (pull, normal, weight) = (&pulls[t * m + i], &normals[t * m + j], &weights[t]);
                for lane in 0..CHUNK {
                    sum[lane] += scale * (pull[lane] * normal[lane] - less * weight[lane]);
                }
            }
            add(sum, live, k, first, second);
        }
    }
}

/// `Σ_t x_t y_t` for `K` rows that lie side by side in `x`, in chunks of lanes.
#[inline(always)]
fn products<const K: usize>(x: &[Chunk], width: usize, y: &[Chunk], height: usize, steps: usize) -> [Chunk; K] {
    let mut sums = [[0.0; CHUNK]; K];
    for t in 0..steps {
        let y = &y[t * height];
        let x = &x[t * width..][..K];
        for k in 0..K {
            for lane in 0..CHUNK {
                sums[k][lane] += x[k][lane] * y[lane];
            }
        }
    }
    sums
}

/// Adds an estimate to the sums of parameter `k`; lanes past the count contribute zeros.
#[inline(always)]
fn add(mut estimate: Chunk, live: usize, k: usize, first: &mut [Chunk], second: &mut [Chunk]) {
    estimate[live..].fill(0.0);
    for lane in 0..CHUNK {
        first[k][lane] += estimate[lane];
        second[k][lane] += estimate[lane] * estimate[lane];
    }
}

/// Writes rows of all lanes to their chunks at time `t`.
#[inline(always)]
fn store(rows: &[Lanes], out: &mut [Chunk], t: usize, steps: usize) {
    for (j, row) in rows.iter().enumerate() {
        for (chunk, lanes) in row.chunks_exact(CHUNK).enumerate() {
            out[(chunk * steps + t) * rows.len() + j].copy_from_slice(lanes);
        }
    }
}

/// Two rows of normals from three rows of words.
#[inline(always)]
fn normals(words: &[[u32; LANES]; 3], out: &mut [Lanes]) {
    let [first, second] = out else { return };
    for lane in 0..LANES {
        let wide = (u64::from(words[0][lane]) << 32) | u64::from(words[1][lane]);
        (first[lane], second[lane]) = kernel::normal_pair(wide, words[2][lane]);
    }
}
