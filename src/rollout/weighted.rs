//! Importance weights of the first `T` steps, for every `T` at once, without a trajectory ever being stored.

use super::LANES;
use super::lanes::LaneBatch;
use super::sampler::Sampler;
use crate::numeric::power;
use crate::policy::Policy;
use crate::rng::StreamKey;

/// Lanes that share accumulators.
const GROUP: usize = 8;

/// Sums over sampled trajectories of the weight `W_T = Π_{t<T} ρ_t` and the weighted return `W_T R_T` of their first `T`
/// steps.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedSums {
    /// The number of trajectories.
    pub count: usize,
    /// For `T = 1, 2, …`: the sums of `W`, `W²`, `W R` and `(W R)²`.
    pub sums: Vec<[f64; 4]>,
}

/// The ratio and the reward of an outcome.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
struct Step {
    ratio: f64,
    reward: f64,
}

impl Sampler {
    /// Sums of the weights of `target`, and of its weighted returns, over the first `count` trajectories under `key`;
    /// `behaviour` is the policy that the sampler was made with.
    ///
    /// # Panics
    /// If a policy has parameters for each step or another size.
    pub fn weighted_sums(
        &self,
        key: &StreamKey,
        count: usize,
        behaviour: &dyn Policy,
        target: &dyn Policy,
    ) -> WeightedSums {
        let steps = self.weighted_steps(behaviour, target);
        let discounts: Vec<f64> = (0..self.horizon).map(|t| power(self.discount, t)).collect();
        let parts = Self::blocks(count, |block, count| {
            let mut sums = vec![[[0.0; GROUP]; 4]; self.horizon];
            self.lane_batches(key, block, count, |batch, live| {
                self.level.run(
                    #[inline(always)]
                    || accumulate(batch, live, &steps, &discounts, &mut sums),
                );
            });
            let lanes = |sums: &[[f64; GROUP]; 4]| sums.map(|lanes| lanes.iter().sum::<f64>());
            sums.iter().map(lanes).collect::<Vec<[f64; 4]>>()
        });
        let mut sums = vec![[0.0; 4]; self.horizon];
        for part in &parts {
            for (sum, part) in sums.iter_mut().zip(part) {
                (0..4).for_each(|k| sum[k] += part[k]);
            }
        }
        WeightedSums { count, sums }
    }

    /// The ratio and the reward of each outcome; after the end the ratio stays.
    fn weighted_steps(&self, behaviour: &dyn Policy, target: &dyn Policy) -> Vec<Step> {
        let mut ratios = vec![1.0; self.observations * self.actions + 1];
        for policy in [behaviour, target] {
            assert!(policy.time_indexed().is_none(), "streaming weights are for stationary policies");
            assert_eq!((policy.observations(), policy.actions()), (self.observations, self.actions), "another world's");
        }
        let (mut old, mut new) = (vec![0.0; self.actions], vec![0.0; self.actions]);
        for (observation, row) in ratios.chunks_exact_mut(self.actions).enumerate() {
            if observation < self.observations {
                behaviour.probabilities(0, observation, &mut old);
                target.probabilities(0, observation, &mut new);
                row.iter_mut().zip(new.iter().zip(&old)).for_each(|(ratio, (new, old))| *ratio = new / old);
            }
        }
        self.outcomes.iter().map(|o| Step { ratio: ratios[o.cell as usize], reward: o.reward }).collect()
    }
}

/// Adds a batch of lanes: its weights and returns go through every horizon side by side.
#[inline(always)]
fn accumulate(batch: &LaneBatch, live: usize, steps: &[Step], discounts: &[f64], sums: &mut [[[f64; GROUP]; 4]]) {
    let (mut weights, mut returns) = ([1.0; LANES], [0.0; LANES]);
    // Lanes past the count contribute zeros.
    weights[live..].fill(0.0);
    for (t, sums) in sums.iter_mut().enumerate() {
        let mut own = [[0.0; GROUP]; 4];
        match batch.steps().get(t) {
            Some(row) => {
                for first in (0..LANES).step_by(GROUP) {
                    advance(&row[first..], steps, discounts[t], &mut weights[first..], &mut returns[first..], &mut own);
                }
            }
            None => {
                for first in (0..LANES).step_by(GROUP) {
                    add(&weights[first..], &returns[first..], &mut own);
                }
            }
        }
        for k in 0..4 {
            for lane in 0..GROUP {
                sums[k][lane] += own[k][lane];
            }
        }
    }
}

#[inline(always)]
fn advance(
    row: &[u32],
    steps: &[Step],
    discount: f64,
    weights: &mut [f64],
    returns: &mut [f64],
    own: &mut [[f64; GROUP]; 4],
) {
    let (row, weights, returns) = (&row[..GROUP], &mut weights[..GROUP], &mut returns[..GROUP]);
    let (mut ratios, mut rewards) = ([0.0; GROUP], [0.0; GROUP]);
    for lane in 0..GROUP {
        let step = steps[row[lane] as usize];
        ratios[lane] = step.ratio;
        rewards[lane] = step.reward;
    }
    for lane in 0..GROUP {
        weights[lane] *= ratios[lane];
        returns[lane] += discount * rewards[lane];
    }
    add(weights, returns, own);
}

#[inline(always)]
fn add(weights: &[f64], returns: &[f64], own: &mut [[f64; GROUP]; 4]) {
    let (weights, returns) = (&weights[..GROUP], &returns[..GROUP]);
    for lane in 0..GROUP {
        let w = weights[lane];
        let x = w * returns[lane];
        own[0][lane] += w;
        own[1][lane] += w * w;
        own[2][lane] += x;
        own[3][lane] += x * x;
    }
}
