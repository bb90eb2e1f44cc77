//! Stochastic gradient ascent on a bandit's softmax logits, without a batch in memory: for runs by the million.

use crate::numeric;
use crate::rng::Stream;

/// What is subtracted from a reward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BanditBaseline {
    /// Nothing.
    None,
    /// The policy's exact mean reward `J(θ)`.
    ExactMean,
    /// A running mean that starts at 0: `b ← b + rate (r − b)` after each use, one sample an update.
    RunningMean {
        /// The rate.
        rate: f64,
    },
    /// The mean reward of the others of the batch (`N ≥ 2`).
    LeaveOneOut,
}

/// `θ ← θ + α (1/N) Σ_i (r_i − b_i)(e_{a_i} − π)`: REINFORCE on a bandit with deterministic rewards and one logit an arm,
/// from `θ = 0` (Williams 1992; Sutton & Barto, §2.8).
#[derive(Clone, Debug, PartialEq)]
pub struct BanditAscent {
    /// The reward of each arm.
    pub rewards: Vec<f64>,
    /// The step size `α`.
    pub step: f64,
    /// The samples of an update, `N`.
    pub batch: usize,
    /// The baseline.
    pub baseline: BanditBaseline,
}

/// A run on its way.
#[derive(Clone, Debug)]
pub struct BanditRun<'a> {
    ascent: &'a BanditAscent,
    theta: Vec<f64>,
    probabilities: Vec<f64>,
    running: f64,
    counts: Vec<u32>,
}

impl BanditAscent {
    /// A run before its first update.
    ///
    /// # Panics
    /// If there is no arm or no sample, leave-one-out has nobody left, or a running mean is asked for more than one sample.
    #[must_use]
    pub fn start(&self) -> BanditRun<'_> {
        let arms = self.rewards.len();
        let least = if self.baseline == BanditBaseline::LeaveOneOut { 2 } else { 1 };
        assert!(
            arms > 0 && self.batch >= least,
            "a bandit has arms, and a batch as many samples as its baseline needs"
        );
        let running = matches!(self.baseline, BanditBaseline::RunningMean { .. });
        assert!(!running || self.batch == 1, "a running mean takes one sample an update");
        BanditRun {
            ascent: self,
            theta: vec![0.0; arms],
            probabilities: vec![1.0 / arms as f64; arms],
            running: 0.0,
            counts: vec![0; arms],
        }
    }

    /// The number of updates done before `J` first reaches `target`; infinite if it is not there after `most`.
    #[must_use]
    pub fn updates_until(&self, target: f64, most: u64, stream: &mut Stream) -> f64 {
        let mut run = self.start();
        for done in 0..=most {
            if run.objective() >= target {
                return done as f64;
            }
            if done < most {
                run.update(stream);
            }
        }
        f64::INFINITY
    }

    /// The run after `updates` updates.
    #[must_use]
    pub fn run(&self, updates: u64, stream: &mut Stream) -> BanditRun<'_> {
        let mut run = self.start();
        for _ in 0..updates {
            run.update(stream);
        }
        run
    }
}

impl BanditRun<'_> {
    /// `π`.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The logits `θ`.
    #[must_use]
    pub fn parameters(&self) -> &[f64] {
        &self.theta
    }

    /// `J(θ) = Σ_a π_a r_a`.
    #[must_use]
    pub fn objective(&self) -> f64 {
        self.probabilities.iter().zip(&self.ascent.rewards).map(|(p, r)| p * r).sum()
    }

    /// Draws a batch and takes a step.
    pub fn update(&mut self, stream: &mut Stream) {
        self.counts.fill(0);
        let mut weighted = 0.0;
        for _ in 0..self.ascent.batch {
            let arm = self.draw(stream);
            self.counts[arm] += 1;
            weighted += self.ascent.rewards[arm];
        }
        self.step(weighted);
    }

    fn draw(&self, stream: &mut Stream) -> usize {
        let (mut u, last) = (stream.uniform(), self.probabilities.len() - 1);
        for (arm, p) in self.probabilities[..last].iter().enumerate() {
            if u < *p {
                return arm;
            }
            u -= p;
        }
        last
    }

    /// A step from the counts of each arm, whose rewards sum to `total`.
    fn step(&mut self, total: f64) {
        let n = self.ascent.batch as f64;
        let mean = match self.ascent.baseline {
            BanditBaseline::None => 0.0,
            BanditBaseline::ExactMean => self.objective(),
            BanditBaseline::RunningMean { .. } => self.running,
            BanditBaseline::LeaveOneOut => total / n,
        };
        // r_i less the mean of the others is N/(N−1) times r_i less the mean of all.
        let stretch = if self.ascent.baseline == BanditBaseline::LeaveOneOut { n / (n - 1.0) } else { 1.0 };
        let rate = self.ascent.step * stretch / n;
        let share = rate * (total - n * mean);
        for (arm, theta) in self.theta.iter_mut().enumerate() {
            let own = f64::from(self.counts[arm]) * (self.ascent.rewards[arm] - mean);
            *theta += rate * own - share * self.probabilities[arm];
        }
        if let BanditBaseline::RunningMean { rate } = self.ascent.baseline {
            self.running += rate * (total - self.running);
        }
        self.probabilities.copy_from_slice(&self.theta);
        numeric::softmax(&mut self.probabilities);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Batch, Trajectory};
    use crate::estimator::{GradientEstimator, LeaveOneOut, Returns, RewardToGo};
    use crate::policy::SoftmaxPolicy;

    const REWARDS: [f64; 4] = [3.0, 5.0, 8.0, 12.0];

    /// The loop takes the steps of the estimators that the oracle judges.
    #[test]
    fn a_step_is_the_estimators() {
        let running = BanditBaseline::RunningMean { rate: 0.1 };
        for (baseline, arms) in [
            (BanditBaseline::None, &[3_usize, 0, 3, 2, 1][..]),
            (BanditBaseline::ExactMean, &[3, 0, 3, 2, 1]),
            (BanditBaseline::LeaveOneOut, &[3, 0, 3, 2, 1]),
            (running, &[2]),
        ] {
            let ascent = BanditAscent { rewards: REWARDS.to_vec(), step: 0.3, batch: arms.len(), baseline };
            let mut run = ascent.start();
            run.theta = vec![0.2, -0.4, 0.1, 0.5];
            run.probabilities.copy_from_slice(&run.theta);
            numeric::softmax(&mut run.probabilities);
            run.running = 6.0;
            let policy = SoftmaxPolicy::tabular(1, 4, run.theta.clone()).expect("four logits");
            let path = |arm: &usize| Trajectory {
                states: vec![0],
                observations: vec![0],
                actions: vec![*arm as u32],
                rewards: vec![REWARDS[*arm]],
                terminated: false,
            };
            let batch = Batch::of(1, &arms.iter().map(path).collect::<Vec<Trajectory>>());
            let constant =
                |b: f64| RewardToGo { discount: 1.0, baseline: b, discounted_steps: true }.gradient(&policy, &batch);
            let gradient = match baseline {
                BanditBaseline::None => constant(0.0),
                BanditBaseline::ExactMean => constant(run.objective()),
                BanditBaseline::RunningMean { .. } => constant(6.0),
                BanditBaseline::LeaveOneOut => {
                    LeaveOneOut { discount: 1.0, returns: Returns::Total }.gradient(&policy, &batch)
                }
            };
            let before = run.theta.clone();
            for arm in arms {
                run.counts[*arm] += 1;
            }
            run.step(arms.iter().map(|arm| REWARDS[*arm]).sum());
            for ((after, before), g) in run.theta.iter().zip(before).zip(gradient) {
                assert!((after - before - 0.3 * g).abs() < 1e-13, "{baseline:?}: {after} from {before}, {g}");
            }
            if baseline == running {
                assert!((run.running - (6.0 + 0.1 * (REWARDS[2] - 6.0))).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn draws_follow_the_policy() {
        let ascent = BanditAscent { rewards: REWARDS.to_vec(), step: 0.0, batch: 1, baseline: BanditBaseline::None };
        let mut run = ascent.start();
        run.probabilities = vec![0.1, 0.2, 0.3, 0.4];
        let mut stream = Stream::of(0, "draws", 0, 0);
        let mut counts = [0.0; 4];
        for _ in 0..100_000 {
            counts[run.draw(&mut stream)] += 1e-5;
        }
        for (count, p) in counts.iter().zip(&run.probabilities) {
            assert!((count - p).abs() < 0.008, "five standard errors: {count} and {p}");
        }
    }

    #[test]
    fn arrival_counts_updates_and_gives_up() {
        let ascent =
            BanditAscent { rewards: REWARDS.to_vec(), step: 0.03, batch: 4, baseline: BanditBaseline::LeaveOneOut };
        let mut stream = Stream::of(0, "arrival", 0, 0);
        assert_eq!(ascent.updates_until(7.0, 10, &mut stream), 0.0, "it is there before the first");
        let arrived = ascent.updates_until(11.4, 2000, &mut stream);
        assert!((20.0..1000.0).contains(&arrived), "{arrived}");
        assert_eq!(ascent.updates_until(11.4, 3, &mut stream), f64::INFINITY);
    }
}
