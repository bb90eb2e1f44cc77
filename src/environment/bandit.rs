//! Bandits: one step, several arms, rewards with a law of their own.

use thiserror::Error;

use super::{InvalidMdp, TabularMdp, Transition};
use crate::rng::Stream;

/// The law of an arm's reward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RewardLaw {
    /// Always `reward`.
    Deterministic {
        /// The reward.
        reward: f64,
    },
    /// `high` with `probability`, otherwise `low`.
    Bernoulli {
        /// The probability of `high`, in `[0, 1]`.
        probability: f64,
        /// The reward of success.
        high: f64,
        /// The reward of failure.
        low: f64,
    },
    /// Normal with `mean` and `deviation` (standard deviation, not variance).
    Gaussian {
        /// The mean.
        mean: f64,
        /// The standard deviation, at least 0.
        deviation: f64,
    },
    /// Exponential with `mean`: skewed, with variance `mean²`.
    Exponential {
        /// The mean, at least 0.
        mean: f64,
    },
}

/// Why a list of arms is not a bandit.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InvalidBandit {
    /// There is no arm.
    #[error("a bandit needs at least one arm")]
    NoArms,
    /// A parameter of an arm's law is out of its range or not a number.
    #[error("arm {arm}: {law:?} has a parameter out of range; {mend}")]
    Law {
        /// The arm.
        arm: usize,
        /// Its law.
        law: RewardLaw,
        /// What the parameter must be.
        mend: &'static str,
    },
    /// The law is continuous and has no finite table.
    #[error("arm {arm} pays continuous rewards; only deterministic and Bernoulli arms have a table of transitions")]
    Continuous {
        /// The arm.
        arm: usize,
    },
}

impl RewardLaw {
    /// The expected reward.
    pub fn mean(self) -> f64 {
        match self {
            Self::Deterministic { reward } => reward,
            Self::Bernoulli { probability, high, low } => low + probability * (high - low),
            Self::Gaussian { mean, .. } | Self::Exponential { mean } => mean,
        }
    }

    /// The variance of the reward.
    pub fn variance(self) -> f64 {
        match self {
            Self::Deterministic { .. } => 0.0,
            Self::Bernoulli { probability, high, low } => {
                probability * (1.0 - probability) * (high - low) * (high - low)
            }
            Self::Gaussian { deviation, .. } => deviation * deviation,
            Self::Exponential { mean } => mean * mean,
        }
    }

    /// One reward.
    pub fn sample(self, stream: &mut Stream) -> f64 {
        match self {
            Self::Deterministic { reward } => reward,
            Self::Bernoulli { probability, high, low } => {
                if stream.uniform() < probability {
                    high
                } else {
                    low
                }
            }
            Self::Gaussian { mean, deviation } => mean + deviation * stream.normal(),
            Self::Exponential { mean } => mean * stream.exponential(),
        }
    }

    fn mend(self) -> Option<&'static str> {
        match self {
            Self::Deterministic { reward } if !reward.is_finite() => Some("the reward must be finite"),
            Self::Bernoulli { probability, .. } if !(0.0..=1.0).contains(&probability) => {
                Some("the probability must lie between 0 and 1")
            }
            Self::Bernoulli { high, low, .. } if !(high.is_finite() && low.is_finite()) => {
                Some("both rewards must be finite")
            }
            Self::Gaussian { mean, deviation } if !(mean.is_finite() && deviation.is_finite() && deviation >= 0.0) => {
                Some("the mean must be finite and the deviation finite and not negative")
            }
            Self::Exponential { mean } if !(mean.is_finite() && mean >= 0.0) => {
                Some("the mean must be finite and not negative")
            }
            _ => None,
        }
    }
}

/// A bandit: one state, one step, `K` arms.
#[derive(Clone, Debug, PartialEq)]
pub struct Bandit {
    arms: Vec<RewardLaw>,
}

impl Bandit {
    /// A bandit with these arms.
    ///
    /// # Errors
    /// [`InvalidBandit`] if there is no arm or a law's parameter is out of range.
    pub fn new(arms: Vec<RewardLaw>) -> Result<Self, InvalidBandit> {
        if arms.is_empty() {
            return Err(InvalidBandit::NoArms);
        }
        for (arm, law) in arms.iter().enumerate() {
            if let Some(mend) = law.mend() {
                return Err(InvalidBandit::Law { arm, law: *law, mend });
            }
        }
        Ok(Self { arms })
    }

    /// The arms' laws.
    pub fn arms(&self) -> &[RewardLaw] {
        &self.arms
    }

    /// The bandit as a one-state, one-step process, so that it can be enumerated.
    ///
    /// # Errors
    /// [`InvalidBandit::Continuous`] if an arm's rewards are not finitely many.
    ///
    /// # Panics
    /// Never: valid laws make a valid table.
    pub fn to_mdp(&self) -> Result<TabularMdp, InvalidBandit> {
        let outcome = |probability, reward| Transition { probability, next: 0, reward, terminated: true };
        let rows = self
            .arms
            .iter()
            .enumerate()
            .map(|(arm, law)| match *law {
                RewardLaw::Deterministic { reward } => Ok(vec![outcome(1.0, reward)]),
                RewardLaw::Bernoulli { probability, high, low } => {
                    Ok(vec![outcome(probability, high), outcome(1.0 - probability, low)])
                }
                RewardLaw::Gaussian { .. } | RewardLaw::Exponential { .. } => Err(InvalidBandit::Continuous { arm }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let table: Result<_, InvalidMdp> = TabularMdp::new(1, 1.0, vec![1.0], vec![rows]);
        Ok(table.expect("valid laws make a valid table"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampled_rewards_have_the_stated_mean_and_variance() {
        let laws = [
            RewardLaw::Deterministic { reward: 2.5 },
            RewardLaw::Bernoulli { probability: 0.3, high: 4.0, low: -1.0 },
            RewardLaw::Gaussian { mean: -1.0, deviation: 2.0 },
            RewardLaw::Exponential { mean: 3.0 },
        ];
        for (arm, law) in laws.into_iter().enumerate() {
            let mut stream = Stream::of(0, "reward laws", arm as u64, 0);
            let mut moments = crate::stats::Moments::new(1);
            for _ in 0..100_000 {
                moments.push(&[law.sample(&mut stream)]);
            }
            let (mean, variance) = (moments.mean()[0], moments.variance()[0]);
            // Six standard errors; the fourth moment of the exponential is 9 times the squared variance.
            assert!((mean - law.mean()).abs() <= 6.0 * (law.variance() / 1e5).sqrt(), "{law:?}: {mean}");
            assert!(
                (variance - law.variance()).abs() <= 6.0 * law.variance() * (9.0_f64 / 1e5).sqrt(),
                "{law:?}: {variance}"
            );
        }
    }

    #[test]
    fn a_law_out_of_range_is_refused() {
        let broken = Bandit::new(vec![RewardLaw::Gaussian { mean: 0.0, deviation: -1.0 }]);
        assert!(matches!(broken, Err(InvalidBandit::Law { arm: 0, .. })));
        let nan = Bandit::new(vec![RewardLaw::Exponential { mean: f64::NAN }]);
        assert!(matches!(nan, Err(InvalidBandit::Law { arm: 0, .. })));
        let continuous = Bandit::new(vec![RewardLaw::Exponential { mean: 1.0 }]).unwrap();
        assert_eq!(continuous.to_mdp(), Err(InvalidBandit::Continuous { arm: 0 }));
    }
}
