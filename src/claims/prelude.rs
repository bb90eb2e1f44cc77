//! What every claim needs: the types of the verify room, the worlds of the settings, judges and wrong subjects that
//! recur.

pub(super) use super::measure::{
    angle, centred_square, difference, distance, dot, largest, log_probability_gradient, norm, policy_factor,
    probability, scale, sigmoid, softmax,
};
pub(super) use super::settings::*;
pub(super) use super::subjects::*;
pub(super) use super::world::World;
pub(super) use crate::autodiff::{Dual, Scalar};
pub(super) use crate::batch::{Batch, Trajectory};
pub(super) use crate::estimator::{GradientEstimator, ImportanceWeights};
pub(super) use crate::exact::{Baseline, Divergence, Form, OffPolicy, Oracle, Weighting, Whose};
pub(super) use crate::numeric;
pub(super) use crate::policy::{Policy, SoftmaxPolicy};
pub(super) use crate::verify::{
    Bound, Claim, Counterfeit, Draws, Finding, Judge, Margin, Origin, Quantity, Role, Sample, Subject, Trial, Value,
};

/// Two exact routes to one number.
pub(super) const ROUNDING: Judge =
    Judge::Exact { tolerance: 1e-11, why: "two exact routes differ by rounding alone, about 1e-14 here" };

/// A sampled mean against its exact value.
pub(super) const TWO_PERCENT: Judge =
    Judge::Equivalent { margin: Margin::Relative(0.02), why: "a quarter of the effect of every counterfeit, or less" };

/// A sampled mean that is dear, and whose counterfeits are coarse.
pub(super) const FIVE_PERCENT: Judge = Judge::Equivalent {
    margin: Margin::Relative(0.05),
    why: "the noise is large beside the mean, and every counterfeit is off by four times as much or more",
};

/// Derivatives by differences of enumerated probabilities.
pub(super) const DIFFERENCES: Judge =
    Judge::Exact { tolerance: 1e-7, why: "rounding over the step of the differences" };

/// More than expected.
pub(super) const MORE: Judge = Judge::Ratio { bound: Bound::Above(1.0), why: "the sentence says more, not how much" };

/// Less than expected.
pub(super) const LESS: Judge = Judge::Ratio { bound: Bound::Below(1.0), why: "the sentence says less, not how much" };
