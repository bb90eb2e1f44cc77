//! What the outputs of a network mean: a law of actions.

use super::columns;
use crate::autodiff::Variable;
use crate::numeric::{self, Matrix};

/// `½ ln 2π`.
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// A law of actions whose parameters are a row of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// So many choices; the row has a logit each, and an action is the index of a choice.
    Softmax(usize),
    /// So many independent normal numbers; the row has the means, then the logarithms of the deviations.
    Gaussian(usize),
}

impl Head {
    /// The numbers of a row.
    #[must_use]
    pub fn parameters(self) -> usize {
        match self {
            Self::Softmax(actions) => actions,
            Self::Gaussian(dimensions) => 2 * dimensions,
        }
    }

    /// The numbers of an action.
    #[must_use]
    pub fn action_size(self) -> usize {
        match self {
            Self::Softmax(_) => 1,
            Self::Gaussian(dimensions) => dimensions,
        }
    }

    /// `log π(action)`, `[N, 1]`, of the laws `rows`, `[N, parameters]`, and the actions, `[N, action size]`.
    #[must_use]
    pub fn log_probs<'t>(self, rows: Variable<'t>, actions: &Matrix) -> Variable<'t> {
        match self {
            Self::Softmax(_) => {
                let choice: Vec<usize> = actions.entries().iter().map(|a| *a as usize).collect();
                rows.log_softmax().gather(&choice)
            }
            Self::Gaussian(n) => {
                let (mean, log_deviation) = (columns(rows, 0, n), columns(rows, n, n));
                let standard = (rows.tape().constant(actions.clone()) - mean) * (-log_deviation).exp();
                let sum = (standard * standard).scale(-0.5) - log_deviation;
                shifted(sum.row_sums(), -HALF_LN_TWO_PI * n as f64)
            }
        }
    }

    /// The entropy of each law, `[N, 1]`, in nats.
    #[must_use]
    pub fn entropy(self, rows: Variable<'_>) -> Variable<'_> {
        match self {
            Self::Softmax(_) => {
                let log_probs = rows.log_softmax();
                -(log_probs.exp() * log_probs).row_sums()
            }
            Self::Gaussian(n) => shifted(columns(rows, n, n).row_sums(), (HALF_LN_TWO_PI + 0.5) * n as f64),
        }
    }

    /// `KL(old ‖ new)` of each pair of laws, `[N, 1]`, in nats; the old ones are data.
    #[must_use]
    pub fn divergence<'t>(self, old: &Matrix, new: Variable<'t>) -> Variable<'t> {
        let old = new.tape().constant(old.clone());
        match self {
            Self::Softmax(_) => {
                let old = old.log_softmax();
                (old.exp() * (old - new.log_softmax())).row_sums()
            }
            Self::Gaussian(n) => {
                let (m, s) = (columns(old, 0, n), columns(old, n, n));
                let (mean, log_deviation) = (columns(new, 0, n), columns(new, n, n));
                let apart = (m - mean) * (-log_deviation).exp();
                let ratio = (s - log_deviation).exp();
                let terms = (apart * apart + ratio * ratio).scale(0.5) + log_deviation - s;
                shifted(terms.row_sums(), -0.5 * n as f64)
            }
        }
    }

    /// `M u` of each row, where `M` is the Fisher information of its law in the row's own numbers: `diag(p) − p pᵀ` for
    /// logits, `1/σ²` for a mean and 2 for the logarithm of a deviation.
    #[must_use]
    pub fn fisher_product(self, rows: &Matrix, directions: &Matrix) -> Matrix {
        let mut out = directions.clone();
        for i in 0..rows.rows() {
            let mut law = rows.row(i).to_vec();
            match self {
                Self::Softmax(_) => {
                    numeric::softmax(&mut law);
                    let mean = numeric::dot(&law, directions.row(i));
                    out.row_mut(i).iter_mut().zip(&law).for_each(|(u, p)| *u = p * (*u - mean));
                }
                Self::Gaussian(n) => {
                    let (means, log_deviations) = out.row_mut(i).split_at_mut(n);
                    means.iter_mut().zip(&law[n..]).for_each(|(u, s)| *u *= numeric::exp(-2.0 * s));
                    for u in log_deviations {
                        *u *= 2.0;
                    }
                }
            }
        }
        out
    }

    /// `log π(action)` of one law.
    #[must_use]
    pub fn log_prob(self, row: &[f64], action: &[f64]) -> f64 {
        match self {
            Self::Softmax(_) => {
                let mut law = row.to_vec();
                numeric::log_softmax(&mut law);
                law[action[0] as usize]
            }
            Self::Gaussian(n) => {
                let term = |j: usize| {
                    let standard = (action[j] - row[j]) * numeric::exp(-row[n + j]);
                    -0.5 * standard * standard - row[n + j] - HALF_LN_TWO_PI
                };
                (0..n).map(term).sum()
            }
        }
    }

    /// Writes the most likely action of a law.
    pub fn mode(self, row: &[f64], action: &mut [f64]) {
        match self {
            Self::Softmax(_) => {
                let best = (0..row.len()).fold(0, |best, a| if row[a] > row[best] { a } else { best });
                action[0] = best as f64;
            }
            Self::Gaussian(n) => action.copy_from_slice(&row[..n]),
        }
    }
}

/// A constant added to a column.
fn shifted(column: Variable<'_>, by: f64) -> Variable<'_> {
    column.add_row(column.tape().constant(Matrix::diagonal(&[by])))
}
