//! The natural gradient `F⁻¹ ĝ` (Amari 1998; Kakade 2001).

use super::GradientEstimator;
use crate::batch::Batch;
use crate::numeric::{Eigen, Matrix, dot};
use crate::policy::Policy;

/// The Fisher information of a batch, `(1/N) Σ_i Σ_t ψ_t ψ_tᵀ`: its mean is the trajectory's, because scores of different
/// steps are uncorrelated.
pub fn sampled_fisher(policy: &dyn Policy, batch: &Batch) -> Matrix {
    let d = policy.parameters().len();
    let mut fisher = Matrix::zeros(d, d);
    let mut score = vec![0.0; d];
    for i in 0..batch.len() {
        for (t, (&o, &a)) in batch.observations(i).iter().zip(batch.actions(i)).enumerate() {
            score.fill(0.0);
            policy.add_score(t, o as usize, a as usize, 1.0, &mut score);
            for (j, x) in score.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                let weight = x / batch.len() as f64;
                fisher.row_mut(j).iter_mut().zip(&score).for_each(|(f, y)| *f += weight * y);
            }
        }
    }
    fisher
}

/// The Fisher matrix that a natural gradient is preconditioned with.
#[derive(Clone, Debug, PartialEq)]
pub enum Fisher {
    /// A matrix known beforehand: the estimate keeps its mean up to `F⁺`.
    Given(Matrix),
    /// That of the batch itself: biased by order `1/N`, because the inverse of a mean is not the mean of the inverse, and
    /// because it is correlated with the gradient.
    SameBatch,
}

/// `(F + λI)⁺ ĝ` of another estimator.
#[derive(Clone, Debug, PartialEq)]
pub struct NaturalGradient<E> {
    /// The estimator of the gradient.
    pub gradient: E,
    /// The matrix.
    pub fisher: Fisher,
    /// The damping `λ`; 0 for the pseudo-inverse.
    pub damping: f64,
}

impl<E: GradientEstimator> GradientEstimator for NaturalGradient<E> {
    fn gradient(&self, policy: &dyn Policy, batch: &Batch) -> Vec<f64> {
        let gradient = self.gradient.gradient(policy, batch);
        match &self.fisher {
            Fisher::Given(matrix) => damped_solve(matrix, self.damping, &gradient),
            Fisher::SameBatch => damped_solve(&sampled_fisher(policy, batch), self.damping, &gradient),
        }
    }
}

/// `(F + λI)⁺ g`: with `λ = 0` the pseudo-inverse, so that a singular matrix has a defined answer.
#[must_use]
pub fn damped_solve(fisher: &Matrix, damping: f64, gradient: &[f64]) -> Vec<f64> {
    Eigen::of(&fisher.plus(damping, &Matrix::identity(fisher.rows()))).pseudo_solve(gradient)
}

/// `√(2δ / nᵀFn) n`: the step along `n` whose quadratic model of the divergence is `δ` (Peters & Schaal 2008; Schulman et
/// al. 2015, appendix C). Zero where `n` has no curvature.
#[must_use]
pub fn scaled_to_radius(fisher: &Matrix, direction: &[f64], radius: f64) -> Vec<f64> {
    let curvature = dot(&fisher.times(direction), direction);
    let factor = if curvature > 0.0 { (2.0 * radius / curvature).sqrt() } else { 0.0 };
    direction.iter().map(|x| factor * x).collect()
}
