//! Networks that read a history and give a logit an action, each written once over a generic scalar.

mod attention;
mod convolution;
mod lstm;
mod recurrent;
mod transformer;

pub use attention::Attention;
pub use convolution::Convolution;
pub use lstm::Lstm;
pub use recurrent::Recurrent;
pub use transformer::Transformer;

use std::borrow::Cow;

use thiserror::Error;

use super::{Policy, softmax_over};
use crate::autodiff::{Scalar, Tape, Traced};
use crate::numeric;

/// A function from parameters and a history `o_1, a_1, …, a_{t−1}, o_t` to logits.
pub trait Network: Sync {
    /// The number of parameters.
    fn parameters(&self) -> usize;

    /// The number of actions.
    fn actions(&self) -> usize;

    /// A logit for each action.
    fn logits<S: Scalar>(&self, theta: &[S], history: &[usize]) -> Vec<S>;
}

/// The softmax of a [`Network`]'s logits over listed histories, which are its observations.
///
/// Its probabilities are computed over any scalar; its scores by a reverse sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPolicy<N> {
    network: N,
    histories: Vec<Vec<usize>>,
    theta: Vec<f64>,
    all: Vec<usize>,
}

/// Why numbers do not make a policy of a network.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidNetwork {
    /// The parameters have the wrong number.
    #[error("θ has {found} entries; the network needs {expected}")]
    Parameters {
        /// The number given.
        found: usize,
        /// The number needed.
        expected: usize,
    },
    /// A parameter is infinite or not a number.
    #[error("θ[{index}] is not a finite number")]
    NotFinite {
        /// Its place.
        index: usize,
    },
    /// A history without an observation at its end.
    #[error("history {index} has {length} entries; observations and actions alternate, from an observation to one")]
    History {
        /// Its place.
        index: usize,
        /// Its length.
        length: usize,
    },
}

impl<N: Network> NetworkPolicy<N> {
    /// The policy of `network` with parameters `theta`; observation `i` is `histories[i]`.
    ///
    /// # Errors
    /// [`InvalidNetwork`] if the parameters do not fit or are not finite, or a history does not end with an observation.
    pub fn new(network: N, histories: Vec<Vec<usize>>, theta: Vec<f64>) -> Result<Self, InvalidNetwork> {
        let (found, expected) = (theta.len(), network.parameters());
        if found != expected {
            return Err(InvalidNetwork::Parameters { found, expected });
        }
        if let Some(index) = theta.iter().position(|x| !x.is_finite()) {
            return Err(InvalidNetwork::NotFinite { index });
        }
        if let Some(index) = histories.iter().position(|history| history.len().is_multiple_of(2)) {
            return Err(InvalidNetwork::History { index, length: histories[index].len() });
        }
        let all = (0..theta.len()).collect();
        Ok(Self { network, histories, theta, all })
    }
}

impl<N: Network> Policy for NetworkPolicy<N> {
    fn actions(&self) -> usize {
        self.network.actions()
    }

    fn observations(&self) -> usize {
        self.histories.len()
    }

    fn parameters(&self) -> &[f64] {
        &self.theta
    }

    fn time_indexed(&self) -> Option<usize> {
        None
    }

    fn support(&self, _t: usize, _observation: usize) -> Cow<'_, [usize]> {
        Cow::Borrowed(&self.all)
    }

    fn probabilities_over<S: Scalar>(&self, _t: usize, observation: usize, support: &[S], out: &mut [S]) {
        out.copy_from_slice(&self.network.logits(support, &self.histories[observation]));
        softmax_over(out, 1.0);
    }

    fn probabilities(&self, _t: usize, observation: usize, out: &mut [f64]) {
        out.copy_from_slice(&self.network.logits(&self.theta, &self.histories[observation]));
        numeric::softmax(out);
    }

    fn log_probs(&self, _t: usize, observation: usize, out: &mut [f64]) {
        out.copy_from_slice(&self.network.logits(&self.theta, &self.histories[observation]));
        numeric::log_softmax(out);
    }

    fn add_score(&self, t: usize, observation: usize, action: usize, weight: f64, out: &mut [f64]) {
        let tape = Tape::new();
        let theta = Traced::point(&tape, &self.theta);
        let logits = self.network.logits(&theta, &self.histories[observation]);
        // ∇ log π(a) = Σ_b (1{b=a} − π(b)) ∇ logit_b: one sweep from that combination.
        let mut probabilities = vec![0.0; self.actions()];
        self.probabilities(t, observation, &mut probabilities);
        let combination =
            logits.iter().zip(&probabilities).enumerate().fold(Traced::from(0.0), |sum, (b, (logit, p))| {
                sum + Traced::from(if b == action { 1.0 - p } else { -p }) * *logit
            });
        out.iter_mut().zip(combination.gradient(&theta)).for_each(|(out, slope)| *out += weight * slope);
    }
}

/// `σ(x) = 1/(1+e^{−x})`, from the hyperbolic tangent, which does not overflow.
fn sigmoid<S: Scalar>(x: S) -> S {
    let half = S::from(0.5);
    half + half * (half * x).tanh()
}

fn dot<S: Scalar>(x: &[S], y: &[S]) -> S {
    x.iter().zip(y).fold(S::from(0.0), |sum, (x, y)| sum + *x * *y)
}

/// `M x` of a matrix given row by row.
fn times<S: Scalar>(matrix: &[S], x: &[S]) -> Vec<S> {
    matrix.chunks(x.len()).map(|row| dot(row, x)).collect()
}

/// Column `j` of a matrix of `columns` columns given row by row: its product with a one-hot vector.
fn column<S: Scalar>(matrix: &[S], columns: usize, j: usize) -> Vec<S> {
    matrix.chunks(columns).map(|row| row[j]).collect()
}

fn plus<S: Scalar>(x: &[S], y: &[S]) -> Vec<S> {
    x.iter().zip(y).map(|(x, y)| *x + *y).collect()
}

/// Weights `∝ e^score`, then the weighted sum of `values`.
fn attend<S: Scalar>(scores: &[S], values: &[Vec<S>]) -> Vec<S> {
    let mut weights = scores.to_vec();
    softmax_over(&mut weights, 1.0);
    let entry = |k: usize| weights.iter().zip(values).fold(S::from(0.0), |sum, (w, value)| sum + *w * value[k]);
    (0..values[0].len()).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::gradient;
    use crate::numeric::{central_gradient, cos};

    fn assert_three_routes_agree<N: Network + Clone>(network: &N) {
        let theta: Vec<f64> = (1..=network.parameters()).map(|i| 0.7 * cos(1.7 * i as f64 + 0.3)).collect();
        let histories = vec![vec![1], vec![0, 1, 1], vec![1, 0, 0, 1, 1]];
        let policy = NetworkPolicy::new(network.clone(), histories, theta.clone()).expect("a policy");
        for (observation, action) in [(0, 0), (1, 1), (2, 0), (2, 1)] {
            let mut score = vec![0.0; theta.len()];
            policy.add_score(0, observation, action, 1.0, &mut score);
            let dual = gradient(&theta, |theta| {
                let mut out = vec![theta[0]; policy.actions()];
                policy.probabilities_over(0, observation, theta, &mut out);
                out[action].ln()
            });
            let at = |x: &[f64]| {
                let moved = NetworkPolicy { theta: x.to_vec(), ..policy.clone() };
                moved.log_prob(0, observation, action)
            };
            let numerical = central_gradient(&theta, 1e-3, at);
            for k in 0..theta.len() {
                assert!((score[k] - dual[k]).abs() < 1e-14, "{k}: {} and {}", score[k], dual[k]);
                assert!((score[k] - numerical[k]).abs() < 1e-8, "{k}: {} and {}", score[k], numerical[k]);
            }
            assert!(score.iter().any(|x| x.abs() > 1e-3), "a score that says something");
        }
    }

    #[test]
    fn the_score_of_every_network_is_that_of_dual_numbers_and_of_differences() {
        assert_three_routes_agree(&Convolution { pixels: 3, kernel: 2, channels: 2, actions: 2 });
        assert_three_routes_agree(&Recurrent { observations: 2, hidden: 2, actions: 2 });
        assert_three_routes_agree(&Lstm { observations: 2, hidden: 2, actions: 2 });
        assert_three_routes_agree(&Attention { observations: 2, width: 2, actions: 2 });
        assert_three_routes_agree(&Transformer { observations: 2, width: 3, actions: 2 });
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let network = Recurrent { observations: 2, hidden: 1, actions: 2 };
        let error = NetworkPolicy::new(network, vec![vec![0]], vec![0.0; 3]).expect_err("too few");
        assert_eq!(error.to_string(), "θ has 3 entries; the network needs 6");
        let error = NetworkPolicy::new(network, vec![vec![0, 1]], vec![0.0; 6]).expect_err("ends with an action");
        assert!(error.to_string().starts_with("history 0 has 2 entries"));
        let error = NetworkPolicy::new(network, vec![], vec![f64::NAN; 6]).expect_err("no number");
        assert_eq!(error.to_string(), "θ[0] is not a finite number");
    }
}
