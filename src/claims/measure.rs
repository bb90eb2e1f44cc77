//! Arithmetic on short vectors, and derivatives of probabilities.

use crate::autodiff::{Scalar, gradient};
use crate::batch::Trajectory;
use crate::numeric;
use crate::policy::Policy;

pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    numeric::sum(x.iter().zip(y).map(|(x, y)| x * y))
}

pub(super) fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

/// `x − y`.
pub(super) fn difference(x: &[f64], y: &[f64]) -> Vec<f64> {
    assert_eq!(x.len(), y.len(), "vectors of one length are compared");
    x.iter().zip(y).map(|(x, y)| x - y).collect()
}

pub(super) fn distance(x: &[f64], y: &[f64]) -> f64 {
    norm(&difference(x, y))
}

/// The largest component, in absolute value.
pub(super) fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m, x| if x.abs() > m || x.is_nan() { x.abs() } else { m })
}

pub(super) fn scale(factor: f64, x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| factor * x).collect()
}

/// The angle between two vectors, in degrees.
pub(super) fn angle(x: &[f64], y: &[f64]) -> f64 {
    numeric::arccos((dot(x, y) / (norm(x) * norm(y))).clamp(-1.0, 1.0)).to_degrees()
}

pub(super) fn softmax(logits: &[f64]) -> Vec<f64> {
    let mut out = logits.to_vec();
    numeric::softmax(&mut out);
    out
}

pub(super) fn sigmoid<S: Scalar>(x: S) -> S {
    S::from(1.0) / (S::from(1.0) + (S::from(0.0) - x).exp())
}

/// `π_t(action | observation)` with parameters of any scalar.
pub(super) fn probability<P: Policy, S: Scalar>(
    policy: &P,
    theta: &[S],
    t: usize,
    observation: usize,
    action: usize,
) -> S {
    let support: Vec<S> = policy.support(t, observation).iter().map(|&k| theta[k]).collect();
    let mut out = vec![S::from(0.0); policy.actions()];
    policy.probabilities_over(t, observation, &support, &mut out);
    out[action]
}

/// `Π_t π(a_t | s_t)` with parameters of any scalar.
pub(super) fn policy_factor<P: Policy, S: Scalar>(policy: &P, theta: &[S], path: &Trajectory) -> S {
    (0..path.len())
        .map(|t| probability(policy, theta, t, path.observations[t] as usize, path.actions[t] as usize))
        .fold(S::from(1.0), |product, p| product * p)
}

/// `∇ log p(τ)` by differentiating the product of probabilities; no score is asked.
pub(super) fn log_probability_gradient<P: Policy>(policy: &P, path: &Trajectory) -> Vec<f64> {
    gradient(policy.parameters(), |theta| policy_factor(policy, theta, path).ln())
}

/// `‖x − centre‖²`, whose mean is the total variance if the centre is the mean.
pub(super) fn centred_square(x: &[f64], centre: &[f64]) -> Vec<f64> {
    let gap = difference(x, centre);
    vec![dot(&gap, &gap)]
}
