//! Bandits: samples by the hundred million, through what each arm's rewards sum to.
//!
//! For a softmax over arms the estimates `score`, `r·score` and `(r − b)·score` of a sample depend on its arm and
//! reward alone, so counts, sums and sums of squares of the rewards of each arm give their sample moments exactly.

use rayon::prelude::*;

use super::alias::{self, Entry};
use super::{LANES, UnsampleableWorld};
use crate::batch::{Batch, Trajectory};
use crate::environment::{Bandit, RewardLaw, SUM_TOLERANCE};
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

/// A reward is its mean plus `normal·z + exponential·(e − 1) + success·(1{word < threshold} − p)`.
#[derive(Clone, Copy, Debug, Default)]
struct Arm {
    mean: f64,
    normal: f64,
    exponential: f64,
    success: f64,
    probability: f64,
    threshold: u64,
}

impl BanditSampler {
    /// A sampler of `bandit` whose arms are chosen with `probabilities`.
    ///
    /// # Errors
    /// [`UnsampleableWorld`] if a probability is too small for a 32-bit draw or their number is not that of the arms.
    pub fn new(bandit: &Bandit, probabilities: &[f64]) -> Result<Self, UnsampleableWorld> {
        let arms = bandit.arms();
        let sum: f64 = probabilities.iter().sum();
        let valid = probabilities.iter().all(|p| (0.0..=1.0).contains(p)) && (sum - 1.0).abs() <= SUM_TOLERANCE;
        if !valid {
            return Err(UnsampleableWorld::Distribution { sum });
        }
        if arms.len() != probabilities.len() || arms.len() > alias::MOST_OUTCOMES {
            return Err(UnsampleableWorld::Shape { observations: 1, actions: probabilities.len() });
        }
        let vanishing =
            |arm: usize| UnsampleableWorld::Vanishing { state: 0, action: arm, probability: probabilities[arm] };
        let entries = alias::table(probabilities, arms.len()).map_err(vanishing)?;
        let arm = |(k, law): (usize, &RewardLaw)| {
            let plain = Arm { mean: law.mean(), ..Arm::default() };
            Ok(match *law {
                RewardLaw::Deterministic { .. } => plain,
                RewardLaw::Gaussian { deviation, .. } => Arm { normal: deviation, ..plain },
                RewardLaw::Exponential { mean } => Arm { exponential: mean, ..plain },
                RewardLaw::Bernoulli { probability, high, low } => {
                    let threshold = (probability * 4_294_967_296.0).round() as u64;
                    let vanishes = (threshold == 0 && probability > 0.0) || (threshold >> 32 == 1 && probability < 1.0);
                    if vanishes {
                        return Err(UnsampleableWorld::Vanishing {
                            state: 0,
                            action: k,
                            probability: probability.min(1.0 - probability),
                        });
                    }
                    Arm { success: high - low, probability, threshold, ..plain }
                }
            })
        };
        let arms = arms.iter().enumerate().map(arm).collect::<Result<Vec<_>, _>>()?;
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

    /// The first `count` samples under `key` as a batch of one-step trajectories: the same samples as those of
    /// [`BanditSampler::moments`], so that any subject can be measured on any reward law.
    pub fn batch(&self, key: &StreamKey, count: usize) -> Batch {
        let rows = count.div_ceil(2 * LANES);
        let a_block = SAMPLES / (2 * LANES);
        let mut batch = Batch::new(1);
        for block in 0..rows.div_ceil(a_block) {
            self.each_row(key, block, a_block.min(rows - block * a_block), |arms, deviations| {
                for (&arm, deviation) in arms.iter().zip(deviations) {
                    if batch.len() < count {
                        let rewards = vec![self.arms[arm as usize].mean + deviation];
                        let (states, observations, actions) = (vec![0], vec![0], vec![arm]);
                        batch.push(&Trajectory { states, observations, actions, rewards, terminated: true }, 0);
                    }
                }
            });
        }
        batch
    }

    /// Calls `visit` with the arms and the deviations of the rewards from their means, 64 samples at a time.
    fn each_row(
        &self,
        key: &StreamKey,
        block: usize,
        rows: usize,
        mut visit: impl FnMut(&[u32; LANES], &[f64; LANES]),
    ) {
        let mut words = LaneWords::new(key, block as u64, self.level);
        let mut drawn = [[0; LANES]; 11];
        let needed = if self.exponential { 11 } else { 7 };
        let (mut arms, mut deviations) = ([[0; LANES]; 2], [[0.0; LANES]; 2]);
        for _ in 0..rows {
            for row in &mut drawn[..needed] {
                *row = *words.next_row();
            }
            self.level.run(
                #[inline(always)]
                || self.row(&drawn, &mut arms, &mut deviations),
            );
            visit(&arms[0], &deviations[0]);
            visit(&arms[1], &deviations[1]);
        }
    }

    /// Count, sum and sum of squares of the deviations of each arm's rewards, over `rows` rows of two samples a lane.
    fn block(&self, key: &StreamKey, block: usize, rows: usize) -> Vec<[f64; 4]> {
        let count = self.arms.len();
        let mut sums = vec![[0.0; 4]; COPIES * count];
        self.each_row(key, block, rows, |arms, deviations| {
            for (lane, (&arm, deviation)) in arms.iter().zip(deviations).enumerate() {
                let sum = &mut sums[(lane % COPIES) * count + arm as usize];
                let add = [1.0, *deviation, deviation * deviation, 0.0];
                for i in 0..4 {
                    sum[i] += add[i];
                }
            }
        });
        let (first, rest) = sums.split_at(count);
        let mut total = first.to_vec();
        for copy in rest.chunks(count) {
            for (total, sum) in total.iter_mut().zip(copy) {
                (0..4).for_each(|k| total[k] += sum[k]);
            }
        }
        total
    }

    /// Two samples a lane from seven or eleven rows of words: two arms, two coins, a normal pair, two exponentials.
    #[inline(always)]
    fn row(&self, words: &[[u32; LANES]; 11], arms: &mut [[u32; LANES]; 2], deviations: &mut [[f64; LANES]; 2]) {
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
                    exponentials[half][lane] = -kernel::ln_of_positive(u) - 1.0;
                }
            }
        }
        for half in 0..2 {
            for lane in 0..LANES {
                let k = alias::outcome(&self.entries, words[half][lane]);
                let arm = &self.arms[k as usize];
                let won = f64::from(u8::from(u64::from(words[2 + half][lane]) < arm.threshold));
                arms[half][lane] = k;
                deviations[half][lane] = arm.normal * normals[half][lane]
                    + arm.exponential * exponentials[half][lane]
                    + arm.success * (won - arm.probability);
            }
        }
    }

    /// Moments of `(α + β r) score` from the arms' sums.
    fn block_moments(&self, arms: &[[f64; 4]], alpha: f64, beta: f64) -> Moments {
        // Of the factor α + β r, by arm: its sum and its sum of squares, around its value at the mean reward.
        let factor: Vec<(f64, f64)> = arms
            .iter()
            .zip(&self.arms)
            .map(|([n, x, xx, _], arm)| {
                let middle = alpha + beta * arm.mean;
                (middle * n + beta * x, middle * middle * n + 2.0 * middle * beta * x + beta * beta * xx)
            })
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
