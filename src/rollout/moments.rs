//! Streaming moments of the three plain estimators under a tabular softmax, without a trajectory ever being stored.
//!
//! For a tabular softmax the estimate is linear in a histogram over cells `(o, a)`: with `c[o, a]` the sum of the
//! weights of the steps in a cell, `ĝ[o, a] = c[o, a] − π(a|o) Σ_a' c[o, a']`. A cell of the histogram holds the three
//! sums of `1`, `γ^t G_t` and `γ^t (G_t − b_t)` for a group of eight trajectories, which the projection on scores, once
//! a trajectory, works through as vectors.

use super::LANES;
use super::lanes::LaneBatch;
use super::sampler::Sampler;
use crate::numeric::power;
use crate::policy::{Policy, SoftmaxPolicy};
use crate::rng::StreamKey;
use crate::stats::Moments;

/// Trajectories that share accumulators.
const GROUP: usize = 8;

/// One number for each trajectory of a group.
type Lanes = [f64; GROUP];

/// A cell's sums of `1`, of `γ^t G_t` and of `γ^t (G_t − b_t)`, eight lanes each. One flat array, because the compiler
/// widens a loop of 24 and unrolls three loops of 8; aligned so that no vector straddles two cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Cell([f64; 3 * GROUP]);

impl Cell {
    const ZERO: Self = Self([0.0; 3 * GROUP]);
}

/// Sampled moments of three estimators, over the same trajectories.
#[derive(Clone, Debug, PartialEq)]
pub struct TabularMoments {
    /// Of `Σ_t ψ_t R`.
    pub total_return: Moments,
    /// Of `Σ_t γ^t ψ_t G_t`.
    pub reward_to_go: Moments,
    /// Of `Σ_t γ^t ψ_t (G_t − b_t(s_t))`.
    pub with_baseline: Moments,
}

impl Sampler {
    /// Sampled moments of total return, reward-to-go and reward-to-go with a baseline, over the first `count`
    /// trajectories under `key`, for the stationary tabular softmax at temperature 1 that the sampler was made with;
    /// `baseline` is a table `[T·S]`.
    ///
    /// # Panics
    /// If `policy` is of another kind or size, or `baseline` has the wrong length.
    pub fn tabular_moments(
        &self,
        key: &StreamKey,
        count: usize,
        policy: &SoftmaxPolicy,
        baseline: &[f64],
    ) -> TabularMoments {
        let cells = self.observations * self.actions;
        assert!(policy.is_plain_table(), "streaming moments are for a stationary tabular softmax at temperature 1");
        assert_eq!(
            (policy.observations(), policy.actions()),
            (self.observations, self.actions),
            "another world's policy"
        );
        assert_eq!(baseline.len(), self.horizon * self.states, "one baseline a time and state");
        let mut probabilities = vec![0.0; cells];
        for (observation, row) in probabilities.chunks_exact_mut(self.actions).enumerate() {
            policy.probabilities(0, observation, row);
        }
        // A zero for the end, whose state is one past the last.
        let padded: Vec<f64> = baseline.chunks(self.states).flat_map(|row| row.iter().copied().chain([0.0])).collect();
        let discounts: Vec<f64> = (0..self.horizon).map(|t| power(self.discount, t)).collect();
        let parts = Self::blocks(count, |block, count| {
            let mut sums = Sums::new(cells);
            self.lane_batches(key, block, count, |batch, live| {
                self.level.run(
                    #[inline(always)]
                    || {
                        // Multiplying by a discount of 1 changes no bit; leaving it out only saves time.
                        if self.discount == 1.0 {
                            self.accumulate::<false>(batch, live, &probabilities, &padded, &discounts, &mut sums);
                        } else {
                            self.accumulate::<true>(batch, live, &probabilities, &padded, &discounts, &mut sums);
                        }
                    },
                );
            });
            sums.moments(count)
        });
        let mut total = [0; 3].map(|_| Moments::new(cells));
        for part in &parts {
            total.iter_mut().zip(part).for_each(|(total, part)| total.merge(part));
        }
        let [total_return, reward_to_go, with_baseline] = total;
        TabularMoments { total_return, reward_to_go, with_baseline }
    }

    #[inline(always)]
    fn accumulate<const DISCOUNTED: bool>(
        &self,
        batch: &LaneBatch,
        live: usize,
        probabilities: &[f64],
        baseline: &[f64],
        discounts: &[f64],
        sums: &mut Sums,
    ) {
        for first in (0..live).step_by(GROUP) {
            let returns = self.fill::<DISCOUNTED>(batch, first, baseline, discounts, &mut sums.histogram);
            // Lanes past the count contribute zeros.
            for lane in live.saturating_sub(first)..GROUP {
                sums.histogram.iter_mut().for_each(|cell| (0..3).for_each(|k| cell.0[k * GROUP + lane] = 0.0));
            }
            project(self.actions, probabilities, &returns, sums);
        }
    }

    /// Fills the histogram of the lanes `first .. first + 8`, backwards in time, and returns their total returns.
    #[inline(always)]
    fn fill<const DISCOUNTED: bool>(
        &self,
        batch: &LaneBatch,
        first: usize,
        baseline: &[f64],
        discounts: &[f64],
        histogram: &mut [Cell],
    ) -> Lanes {
        histogram.fill(Cell::ZERO);
        let stride = self.states + 1;
        let mut returns = [0.0; GROUP];
        for (t, row) in batch.steps().iter().enumerate().rev() {
            let values = &baseline[t * stride..(t + 1) * stride];
            let weight = discounts[t];
            for lane in 0..GROUP {
                let outcome = &self.outcomes[row[first + lane] as usize];
                let mut go = returns[lane];
                go = outcome.reward + if DISCOUNTED { self.discount * go } else { go };
                returns[lane] = go;
                let mut ahead = go - values[outcome.state as usize];
                if DISCOUNTED {
                    (go, ahead) = (weight * go, weight * ahead);
                }
                let cell = &mut histogram[outcome.cell as usize].0;
                cell[lane] += 1.0;
                cell[GROUP + lane] += go;
                cell[2 * GROUP + lane] += ahead;
            }
        }
        returns
    }
}

/// Sums over the trajectories of a block, lane by lane of the groups.
struct Sums {
    /// By cell, one more for steps after the end.
    histogram: Vec<Cell>,
    /// By cell: sums of the estimates.
    first: Vec<Cell>,
    /// By cell: sums of their squares.
    second: Vec<Cell>,
}

impl Sums {
    fn new(cells: usize) -> Self {
        let blank = |cells: usize| vec![Cell::ZERO; cells];
        Self { histogram: blank(cells + 1), first: blank(cells), second: blank(cells) }
    }

    fn moments(&self, count: usize) -> [Moments; 3] {
        let n = count as f64;
        std::array::from_fn(|k| {
            let sum = |cell: &Cell| cell.0[k * GROUP..(k + 1) * GROUP].iter().sum::<f64>();
            let mean: Vec<f64> = self.first.iter().map(|cell| sum(cell) / n).collect();
            let squares = self.second.iter().zip(&self.first).zip(&mean);
            let squares = squares.map(|((square, first), mean)| (sum(square) - sum(first) * mean).max(0.0)).collect();
            Moments::from_parts(count as u64, mean, squares)
        })
    }
}

/// Projects a group's histograms on the scores and adds the estimates and their squares.
#[inline(always)]
fn project(actions: usize, probabilities: &[f64], returns: &Lanes, sums: &mut Sums) {
    let Sums { histogram, first, second } = sums;
    // The total return multiplies the sum of scores; the others have their returns inside.
    let mut factors = Cell([1.0; 3 * GROUP]);
    factors.0[..GROUP].copy_from_slice(returns);
    let cells = histogram.chunks_exact(actions).zip(probabilities.chunks_exact(actions));
    let totals = first.chunks_exact_mut(actions).zip(second.chunks_exact_mut(actions));
    for ((cells, probabilities), (first, second)) in cells.zip(totals) {
        let mut visits = Cell::ZERO;
        for cell in cells {
            add(&mut visits, cell);
        }
        for (((cell, &probability), first), second) in cells.iter().zip(probabilities).zip(first).zip(second) {
            estimate(cell, &visits, probability, &factors, first, second);
        }
    }
    const { assert!(LANES.is_multiple_of(GROUP)) };
}

#[inline(always)]
fn add(sum: &mut Cell, term: &Cell) {
    for k in 0..3 * GROUP {
        sum.0[k] += term.0[k];
    }
}

/// One component of a group's estimates, `(c − π Σ c) · factor`.
#[inline(always)]
fn estimate(cell: &Cell, visits: &Cell, probability: f64, factors: &Cell, first: &mut Cell, second: &mut Cell) {
    for k in 0..3 * GROUP {
        let estimate = (cell.0[k] - probability * visits.0[k]) * factors.0[k];
        first.0[k] += estimate;
        second.0[k] += estimate * estimate;
    }
}
