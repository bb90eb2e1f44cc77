//! Bandits: samples by the hundred million, through what each arm's rewards sum to.
//!
//! For a softmax over arms the estimates `score`, `r·score` and `(r − b)·score` of a sample depend on its arm and
//! reward alone, so counts, sums and sums of squares of the rewards of each arm give their sample moments exactly.

use rayon::prelude::*;

use super::alias::{self, Entry};
use super::{LANES, UnsampleableWorld};
use crate::environment::{Bandit, RewardLaw};
use crate::numeric::kernel;
use crate::numeric::simd::Level;
use crate::rng::{LaneWords, StreamKey};
use crate::stats::Moments;

/// Samples a block: large enough that starting a stream costs nothing.
const SAMPLES: usize = 1 << 16;

/// Copies of each arm's sums, so that one addition need not wait for the last.
const COPIES: usize = 8;

/// Sampled moments of three estimators for one bandit.
#[derive(Clone, Debug, PartialEq)]
pub struct BanditMoments {
    /// Of the score, whose mean is zero.
    pub score: Moments,
    /// Of `r · score`.
    pub reward: Moments,
    /// Of `(r − b) · score`.
    pub with_baseline: Moments,
}

/// Draws arms and rewards under a softmax.
#[derive(Clone, Debug)]
pub struct BanditSampler {
    probabilities: Vec<f64>,
    arms: Vec<Arm>,
    entries: Vec<Entry>,
    exponential: bool,
    level: Level,
}

/// A reward is `offset + normal·z + exponential·e + (success if the word is below threshold)`.
#[derive(Clone, Copy, Debug, Default)]
struct Arm {
    offset: f64,
    normal: f64,
    exponential: f64,
    success: f64,
    threshold: u64,
}

impl BanditSampler {
    /// A sampler of `bandit` whose arms are chosen with `probabilities`.
    ///
    /// # Errors
    /// [`UnsampleableWorld`] if a probability is too small for a 32-bit draw or their number is not that of the arms.
    pub fn new(bandit: &Bandit, probabilities: &[f64]) -> Result<Self, UnsampleableWorld> {
        let arms = bandit.arms();
        if arms.len() != probabilities.len() || arms.len() > alias::MOST_OUTCOMES {
            return Err(UnsampleableWorld::Shape { observations: 1, actions: probabilities.len() });
        }
        let vanishing =
            |arm: usize| UnsampleableWorld::Vanishing { state: 0, action: arm, probability: probabilities[arm] };
        let entries = alias::table(probabilities, arms.len()).map_err(vanishing)?;
        let arms: Vec<Arm> = arms
            .iter()
            .map(|law| match *law {
                RewardLaw::Deterministic { reward } => Arm { offset: reward, ..Arm::default() },
                RewardLaw::Gaussian { mean, deviation } => Arm { offset: mean, normal: deviation, ..Arm::default() },
                RewardLaw::Exponential { mean } => Arm { exponential: mean, ..Arm::default() },
                RewardLaw::Bernoulli { probability, high, low } => Arm {
                    offset: low,
                    success: high - low,
                    threshold: (probability * 4_294_967_296.0).round() as u64,
                    ..Arm::default()
                },
            })
            .collect();
        let exponential = arms.iter().any(|arm| arm.exponential != 0.0);
        Ok(Self { probabilities: probabilities.to_vec(), arms, entries, exponential, level: Level::best() })
    }

    /// The same sampler at another dispatch level: the bits are the same, the speed is not.
    #[must_use]
    pub fn at_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sampled moments over the first `count` samples under `key`, rounded up to whole rows of two times 64.
    pub fn moments(&self, key: &StreamKey, count: usize, baseline: f64) -> BanditMoments {
        let rows = count.div_ceil(2 * LANES);
        let a_block = SAMPLES / (2 * LANES);
        let parts: Vec<Vec<[f64; 4]>> = (0..rows.div_ceil(a_block))
            .into_par_iter()
            .map(|block| self.block(key, block, a_block.min(rows - block * a_block)))
            .collect();
        let dimension = self.arms.len();
        let mut total = [0; 3].map(|_| Moments::new(dimension));
        for part in &parts {
            // score, r score and (r − b) score are (α + β r) score with these α and β.
            for (moments, (alpha, beta)) in total.iter_mut().zip([(1.0, 0.0), (0.0, 1.0), (-baseline, 1.0)]) {
                moments.merge(&self.block_moments(part, alpha, beta));
            }
        }
        let [score, reward, with_baseline] = total;
        BanditMoments { score, reward, with_baseline }
    }

    /// Count, sum and sum of squares of the rewards of each arm, over `rows` rows of two samples a lane.
    fn block(&self, key: &StreamKey, block: usize, rows: usize) -> Vec<[f64; 4]> {
        let mut words = LaneWords::new(key, block as u64, self.level);
        let mut sums = vec![[0.0; 4]; COPIES * self.arms.len()];
        let mut drawn = [[0; LANES]; 11];
        let needed = if self.exponential { 11 } else { 7 };
        for _ in 0..rows {
            drawn[..needed].iter_mut().for_each(|row| *row = *words.next_row());
            self.level.run(
                #[inline(always)]
                || self.row(&drawn, &mut sums),
            );
        }
        let (first, rest) = sums.split_at(self.arms.len());
        let mut total = first.to_vec();
        for copy in rest.chunks(self.arms.len()) {
            for (total, sum) in total.iter_mut().zip(copy) {
                (0..4).for_each(|k| total[k] += sum[k]);
            }
        }
        total
    }

    /// Two samples a lane from seven or eleven rows of words: two arms, two coins, a normal pair, two exponentials.
    #[inline(always)]
    fn row(&self, words: &[[u32; LANES]; 11], sums: &mut [[f64; 4]]) {
        let wide =
            |high: &[u32; LANES], low: &[u32; LANES], lane: usize| (u64::from(high[lane]) << 32) | u64::from(low[lane]);
        let mut normals = [[0.0; LANES]; 2];
        for lane in 0..LANES {
            let (x, y) = kernel::normal_pair(wide(&words[4], &words[5], lane), words[6][lane]);
            normals[0][lane] = x;
            normals[1][lane] = y;
        }
        let mut exponentials = [[0.0; LANES]; 2];
        if self.exponential {
            for half in 0..2 {
                for lane in 0..LANES {
                    let u = 1.0 - kernel::unit_from_bits(wide(&words[7 + 2 * half], &words[8 + 2 * half], lane));
                    exponentials[half][lane] = -kernel::ln_of_positive(u);
                }
            }
        }
        let count = self.arms.len();
        for half in 0..2 {
            for lane in 0..LANES {
                let k = alias::outcome(&self.entries, words[half][lane]) as usize;
                let arm = &self.arms[k];
                let won = if u64::from(words[2 + half][lane]) < arm.threshold { arm.success } else { 0.0 };
                let reward =
                    arm.offset + arm.normal * normals[half][lane] + arm.exponential * exponentials[half][lane] + won;
                let sum = &mut sums[(lane % COPIES) * count + k];
                let add = [1.0, reward, reward * reward, 0.0];
                for i in 0..4 {
                    sum[i] += add[i];
                }
            }
        }
    }

    /// Moments of `(α + β r) score` from the arms' sums.
    fn block_moments(&self, arms: &[[f64; 4]], alpha: f64, beta: f64) -> Moments {
        // Of the factor α + β r, by arm: its sum and its sum of squares.
        let factor: Vec<(f64, f64)> = arms
            .iter()
            .map(|[n, r, rr, _]| (alpha * n + beta * r, alpha * alpha * n + 2.0 * alpha * beta * r + beta * beta * rr))
            .collect();
        let n: f64 = arms.iter().map(|arm| arm[0]).sum();
        let (sum, square) = factor.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        let component = |j: usize| {
            // The score's component is 1 − π on arm j and −π elsewhere.
            let pi = self.probabilities[j];
            let (own, own_square) = factor[j];
            let total = own - pi * sum;
            let squares = (1.0 - pi) * (1.0 - pi) * own_square + pi * pi * (square - own_square);
            (total / n, (squares - total * total / n).max(0.0))
        };
        let (mean, squares) = (0..arms.len()).map(component).unzip();
        Moments::from_parts(n as u64, mean, squares)
    }
}
