//! Stochastic gradient ascent with any estimator in any finite world.

use thiserror::Error;

use crate::environment::TabularMdp;
use crate::estimator::GradientEstimator;
use crate::policy::{InvalidPolicy, Policy, SoftmaxPolicy};
use crate::rng::{Stream, StreamKey};
use crate::rollout::{Sampler, UnsampleableWorld};

/// `θ ← θ + α ĝ` with `ĝ` from a fresh batch of `N` trajectories each time.
pub struct Ascent<'a> {
    /// The world.
    pub mdp: &'a TabularMdp,
    /// The estimator of the gradient.
    pub estimator: &'a dyn GradientEstimator,
    /// The step size `α`.
    pub step: f64,
    /// The trajectories of an update, `N`.
    pub batch: usize,
}

/// Why a run cannot go on.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum AscentError {
    /// A probability that no draw can have, or a policy for another world.
    #[error(transparent)]
    Unsampleable(#[from] UnsampleableWorld),
    /// Parameters that are no policy.
    #[error(transparent)]
    Diverged(#[from] InvalidPolicy),
}

impl Ascent<'_> {
    /// Updates `policy` until `done`, which is asked before each update, or `most` times; returns how many it took,
    /// infinite if it was never done.
    ///
    /// # Errors
    /// [`AscentError`] once a probability is too small to be drawn or a parameter is no number, or if the policy does not
    /// fit.
    pub fn run(
        &self,
        mut policy: SoftmaxPolicy,
        most: u64,
        stream: &mut Stream,
        mut done: impl FnMut(&SoftmaxPolicy) -> bool,
    ) -> Result<f64, AscentError> {
        let seed = stream.next_u64();
        for update in 0..=most {
            if done(&policy) {
                return Ok(update as f64);
            }
            if update < most {
                let key = StreamKey::of(seed, "ascent", update);
                let batch = Sampler::new(self.mdp, &policy)?.batch(&key, self.batch);
                let gradient = self.estimator.gradient(&policy, &batch);
                let theta = policy.parameters().iter().zip(gradient).map(|(x, g)| x + self.step * g).collect();
                policy = policy.with_parameters(theta)?;
            }
        }
        Ok(f64::INFINITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Transition;
    use crate::estimator::{LeaveOneOut, Returns};

    fn bandit() -> TabularMdp {
        let pays = |reward: f64| vec![Transition { probability: 1.0, next: 0, reward, terminated: false }];
        TabularMdp::new(1, 1.0, vec![1.0], vec![vec![pays(0.0), pays(1.0)]]).expect("two arms")
    }

    #[test]
    fn it_climbs_to_its_target_and_repeats_itself() {
        let (mdp, estimator) = (bandit(), LeaveOneOut { discount: 1.0, returns: Returns::Total });
        let ascent = Ascent { mdp: &mdp, estimator: &estimator, step: 0.5, batch: 8 };
        let policy = SoftmaxPolicy::tabular(1, 2, vec![0.0; 2]).expect("two logits");
        let best = |policy: &SoftmaxPolicy| policy.log_prob(0, 0, 1) > crate::numeric::ln(0.9);
        let run = |most: u64| ascent.run(policy.clone(), most, &mut Stream::of(0, "climb", 0, 0), best);
        let taken = run(1000).expect("it can be drawn");
        assert!((5.0..100.0).contains(&taken), "{taken}");
        assert_eq!(run(1000), Ok(taken));
        assert_eq!(run(2), Ok(f64::INFINITY));
        assert_eq!(run(1000).expect("drawn"), taken, "the same stream gives the same run");
    }

    #[test]
    fn what_diverges_says_so() {
        let (mdp, estimator) = (bandit(), LeaveOneOut { discount: 1.0, returns: Returns::Total });
        let ascent = Ascent { mdp: &mdp, estimator: &estimator, step: f64::INFINITY, batch: 8 };
        let policy = SoftmaxPolicy::tabular(1, 2, vec![0.0; 2]).expect("two logits");
        let error = ascent.run(policy, 10, &mut Stream::of(0, "diverge", 0, 0), |_| false).expect_err("infinite steps");
        assert!(matches!(error, AscentError::Diverged(_)), "{error}");
    }
}
