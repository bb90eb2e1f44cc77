//! A small network over observations.

use std::borrow::Cow;

use super::{Policy, softmax_over};
use crate::autodiff::Scalar;
use crate::numeric;

/// Softmax of `U h` with `h = tanh(W[:, o] + b)`: one hidden layer over a one-hot observation.
///
/// The parameters are `W` row by row (`[H][O]`), `b` (`[H]`) and `U` row by row (`[A][H]`).
#[derive(Clone, Debug, PartialEq)]
pub struct MlpPolicy {
    observations: usize,
    hidden: usize,
    actions: usize,
    theta: Vec<f64>,
    all: Vec<usize>,
}

impl MlpPolicy {
    /// A network with `hidden` units.
    ///
    /// # Panics
    /// If a size is zero or `theta` does not have `H·O + H + A·H` entries.
    #[must_use]
    pub fn new(observations: usize, hidden: usize, actions: usize, theta: Vec<f64>) -> Self {
        assert!(observations > 0 && hidden > 0 && actions > 0, "a network has inputs, units and outputs");
        let expected = hidden * (observations + 1 + actions);
        assert_eq!(theta.len(), expected, "a network of this size has {expected} parameters");
        let all = (0..theta.len()).collect();
        Self { observations, hidden, actions, theta, all }
    }

    fn bias(&self) -> usize {
        self.hidden * self.observations
    }

    fn output(&self) -> usize {
        self.bias() + self.hidden
    }

    fn forward<S: Scalar>(&self, observation: usize, theta: &[S], out: &mut [S]) -> Vec<S> {
        let unit = |j: usize| (theta[j * self.observations + observation] + theta[self.bias() + j]).tanh();
        let hidden: Vec<S> = (0..self.hidden).map(unit).collect();
        for (a, logit) in out.iter_mut().enumerate() {
            let row = &theta[self.output() + a * self.hidden..][..self.hidden];
            *logit = row.iter().zip(&hidden).fold(S::from(0.0), |sum, (u, h)| sum + *u * *h);
        }
        hidden
    }
}

impl Policy for MlpPolicy {
    fn actions(&self) -> usize {
        self.actions
    }

    fn observations(&self) -> usize {
        self.observations
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
        self.forward(observation, support, out);
        softmax_over(out, 1.0);
    }

    fn probabilities(&self, _t: usize, observation: usize, out: &mut [f64]) {
        self.forward(observation, &self.theta, out);
        numeric::softmax(out);
    }

    fn log_probs(&self, _t: usize, observation: usize, out: &mut [f64]) {
        self.forward(observation, &self.theta, out);
        numeric::log_softmax(out);
    }

    fn add_score(&self, t: usize, observation: usize, action: usize, weight: f64, out: &mut [f64]) {
        let mut errors = vec![0.0; self.actions];
        self.probabilities(t, observation, &mut errors);
        for p in &mut errors {
            *p *= -weight;
        }
        errors[action] += weight;
        let hidden = self.forward(observation, &self.theta, &mut vec![0.0; self.actions]);
        for (j, h) in hidden.iter().enumerate() {
            let mut back = 0.0;
            for (a, error) in errors.iter().enumerate() {
                let k = self.output() + a * self.hidden + j;
                out[k] += error * h;
                back += error * self.theta[k];
            }
            back *= 1.0 - h * h;
            out[j * self.observations + observation] += back;
            out[self.bias() + j] += back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::Dual;

    #[test]
    fn the_score_is_the_derivative_of_the_log_probability() {
        let theta: Vec<f64> = (1..=15).map(|i| 0.7 * numeric::cos(1.7 * f64::from(i) + 0.3)).collect();
        let policy = MlpPolicy::new(2, 3, 2, theta.clone());
        for (observation, action) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let mut out = vec![Dual::<15>::from(0.0); 2];
            policy.probabilities_over(0, observation, &Dual::point(&theta), &mut out);
            let log = out[action].ln();
            let mut score = vec![0.0; 15];
            policy.add_score(0, observation, action, 1.0, &mut score);
            for (s, d) in score.iter().zip(log.tangents) {
                assert!((s - d).abs() < 1e-14, "{s} and {d}");
            }
            assert!((policy.log_prob(0, observation, action) - log.value).abs() < 1e-14);
        }
    }
}
