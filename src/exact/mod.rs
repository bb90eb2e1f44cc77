//! Fourth floor: the oracle. It must not know of random numbers, of the sampler, nor of the estimators it judges.
//!
//! [`Oracle`] holds a world and a policy and answers, exactly: the objective, its gradient, the mean and variance of
//! every estimator in its own catalogue ([`Form`]), their full covariance in few parameters, and the floor of the
//! class *reward-to-go with a time-and-state baseline*. [`Enumeration`] lists every trajectory or ordered batch and
//! gives the moments of any closure, so that a subject can be measured without being imported.
//!
//! [`OffPolicy`] does the same for data from another policy: importance weights of every kind, and divergences.
//!
//! [`LinearQuadratic`] has the closed forms of a Gaussian policy in a linear-Gaussian system.
//!
//! [`GaussianGradient`] has the gradient of an expectation under a normal law, and its estimators' moments.
//!
//! The oracle differentiates *probabilities* and never calls a policy's score.

mod advantage;
mod affine;
mod catalogue;
mod component;
mod covariance;
mod enumerate;
mod evaluator;
mod floor;
mod form;
mod gaussian;
mod information;
mod isserlis;
mod linear_quadratic;
mod model;
mod off_policy;
mod optimal;
mod oracle;
mod per_decision;
mod policy_table;
mod record;
mod recursion;
mod values;
mod weighted_return;

pub use advantage::AdvantageForm;
pub use catalogue::{Argument, CATALOGUE, DEFAULT, Entry, GIVEN, UnknownEstimator};
pub use enumerate::{Enumeration, SubjectMoments, TooMany};
pub use evaluator::{Evaluation, Evaluator};
pub use floor::Floor;
pub use form::{Baseline, EstimatorMoments, Form, Returns, UnsupportedForm};
pub use gaussian::{GaussianGradient, GaussianGradientError, GradientMoments};
pub use information::Divergence;
pub use linear_quadratic::{LinearQuadratic, LinearQuadraticError, Optimum};
pub use off_policy::{OffPolicy, OffPolicyError, WeightedMoments, Weighting, Whose};
pub use optimal::{optimal_actions, optimal_objective};
pub use oracle::{Comparison, Oracle, Verdict};
pub use policy_table::Unanswerable;
pub use record::{EstimatorRecord, ExactRecord, FloorRecord, ProblemSize};
pub use weighted_return::WeightedReturn;
