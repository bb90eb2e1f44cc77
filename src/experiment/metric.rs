//! What is measured of an estimator in a setting: one explicit list from which records, tables and axes come.

use serde::{Deserialize, Serialize};

/// A number that a comparison reports. `ĝ` is the estimate from one trajectory (of a coupled batch: the variance is that
/// of the batch's mean, times its size), `J` the objective of the policy whose gradient is wanted, `N` the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// `J`.
    Objective,
    /// `J* − J`, what a policy of the state could still gain.
    Shortfall,
    /// `‖∇J‖`.
    GradientLength,
    /// `‖E ĝ − ∇J‖ / ‖∇J‖`.
    Bias,
    /// The angle between `E ĝ` and `∇J`, in degrees.
    Angle,
    /// The variance of `ĝ`, summed over the parameters.
    Variance,
    /// The variance over `‖∇J‖²`: the trajectories for a signal-to-noise ratio of 1.
    Noise,
    /// `‖∇J‖ / √(variance/N)`.
    SignalToNoise,
    /// The variance over the floor of reward-to-go with a time-and-state baseline, at the scale of `∇J`.
    RatioToFloor,
    /// The mean squared error of `N` trajectories over `‖∇J‖²`: squared bias and variance over `N`.
    Error,
    /// `1 / E[W²]`, the effective sample size a trajectory under whole-trajectory weights.
    EffectiveSampleSize,
    /// `KL(μ ‖ π)` of the trajectories, in nats.
    Divergence,
}

impl Metric {
    /// All of them, in the order of the help text.
    pub const ALL: [Self; 12] = [
        Self::Objective,
        Self::Shortfall,
        Self::GradientLength,
        Self::Bias,
        Self::Angle,
        Self::Variance,
        Self::Noise,
        Self::SignalToNoise,
        Self::RatioToFloor,
        Self::Error,
        Self::EffectiveSampleSize,
        Self::Divergence,
    ];

    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Objective => "objective",
            Self::Shortfall => "shortfall",
            Self::GradientLength => "gradient-length",
            Self::Bias => "bias",
            Self::Angle => "angle",
            Self::Variance => "variance",
            Self::Noise => "noise",
            Self::SignalToNoise => "signal-to-noise",
            Self::RatioToFloor => "ratio-to-floor",
            Self::Error => "error",
            Self::EffectiveSampleSize => "effective-sample-size",
            Self::Divergence => "divergence",
        }
    }

    /// What an axis or a column that shows it is called, with its unit.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Objective => "objective J",
            Self::Shortfall => "shortfall J* − J",
            Self::GradientLength => "length of ∇J",
            Self::Bias => "bias, relative to ∇J",
            Self::Angle => "angle to ∇J, degrees",
            Self::Variance => "variance, all parameters",
            Self::Noise => "noise: variance / |∇J|²",
            Self::SignalToNoise => "signal-to-noise ratio",
            Self::RatioToFloor => "variance / floor",
            Self::Error => "squared error / |∇J|²",
            Self::EffectiveSampleSize => "effective sample size / N",
            Self::Divergence => "KL, nats",
        }
    }

    /// What it is, in one sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Objective => "the expected discounted return of the policy",
            Self::Shortfall => "what the best policy of the state earns more than this one",
            Self::GradientLength => "the length of the true gradient",
            Self::Bias => {
                "the distance of the estimator's mean from the true gradient, as a share of the gradient's length"
            }
            Self::Angle => "the angle between the estimator's mean and the true gradient",
            Self::Variance => {
                "the variance for one trajectory, summed over the parameters (of a batch: its mean's, times its size)"
            }
            Self::Noise => {
                "the variance over the squared length of the gradient: the trajectories for a signal-to-noise ratio of 1"
            }
            Self::SignalToNoise => {
                "the length of the gradient over the standard deviation of an estimate from the whole budget"
            }
            Self::RatioToFloor => {
                "the variance over the least that a time-and-state baseline can reach, a rescaled estimator at the scale of the gradient"
            }
            Self::Error => {
                "the mean squared error of an estimate from the whole budget, squared bias plus variance, over the squared length of the gradient"
            }
            Self::EffectiveSampleSize => {
                "how many fresh trajectories an old one is worth under whole-trajectory weights, 1/E[W²]"
            }
            Self::Divergence => "KL(old ‖ new) between the distributions of whole trajectories",
        }
    }

    /// Whether it spans orders of magnitude and is drawn on a logarithmic axis.
    #[must_use]
    pub fn logarithmic(self) -> bool {
        !matches!(self, Self::Objective | Self::Angle)
    }
}
