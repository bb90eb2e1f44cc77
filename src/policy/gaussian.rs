//! Gaussian policies over several real actions.

use thiserror::Error;

use crate::autodiff::Scalar;
use crate::numeric::{ln, tanh};

/// How the spread of a [`GaussianPolicy`] depends on its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Independent actions: one parameter `log σ_i` an action.
    Diagonal,
    /// The lower triangular factor of the covariance, row by row, its diagonal as logarithms: `m(m+1)/2` parameters.
    Full,
}

/// `u ~ N(K s, L Lᵀ)`, and the action `a = u`, or `a = tanh(u)` if squashed.
///
/// The parameters are `K` row by row (`[m][n]`), then those of the spread. `L` is `diag(σ)` for [`Spread::Diagonal`].
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianPolicy {
    states: usize,
    actions: usize,
    spread: Spread,
    squashed: bool,
    theta: Vec<f64>,
}

/// Why numbers do not make a Gaussian policy.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InvalidGaussian {
    /// No state or no action.
    #[error("a Gaussian policy needs at least one state variable and one action")]
    Empty,
    /// The parameters have the wrong number.
    #[error("θ has {found} entries; {states} state variables and {actions} actions need {expected}")]
    Parameters {
        /// The number given.
        found: usize,
        /// The number needed.
        expected: usize,
        /// The state variables.
        states: usize,
        /// The actions.
        actions: usize,
    },
    /// A parameter is infinite or not a number.
    #[error("θ[{index}] is {value}; every parameter must be a finite number")]
    NotFinite {
        /// Its place.
        index: usize,
        /// The number.
        value: f64,
    },
    /// A standard deviation of zero: there is no density and no score.
    #[error(
        "the standard deviation of action {action} is {deviation:e}; it must be positive: a deterministic policy has no \
         score. Use the pathwise gradient, or a larger log σ"
    )]
    Deviation {
        /// The action.
        action: usize,
        /// The deviation.
        deviation: f64,
    },
}

impl GaussianPolicy {
    /// A policy with gain `K` (row by row) and independent actions of the given standard deviations.
    ///
    /// # Errors
    /// [`InvalidGaussian`] if a size does not fit, a number is not finite, or a deviation is not positive.
    pub fn diagonal(states: usize, gain: &[f64], deviations: &[f64]) -> Result<Self, InvalidGaussian> {
        if let Some((action, &deviation)) = deviations.iter().enumerate().find(|(_, x)| !(**x > 0.0 && x.is_finite())) {
            return Err(InvalidGaussian::Deviation { action, deviation });
        }
        let theta = gain.iter().copied().chain(deviations.iter().map(|x| ln(*x))).collect();
        Self::new(states, deviations.len(), Spread::Diagonal, theta)
    }

    /// A policy with the given parameters.
    ///
    /// # Errors
    /// [`InvalidGaussian`] if their number does not fit, one is not finite, or a deviation underflows to zero.
    pub fn new(states: usize, actions: usize, spread: Spread, theta: Vec<f64>) -> Result<Self, InvalidGaussian> {
        if states == 0 || actions == 0 {
            return Err(InvalidGaussian::Empty);
        }
        let policy = Self { states, actions, spread, squashed: false, theta };
        let (found, expected) = (policy.theta.len(), actions * states + policy.spread_parameters());
        if found != expected {
            return Err(InvalidGaussian::Parameters { found, expected, states, actions });
        }
        if let Some((index, &value)) = policy.theta.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            return Err(InvalidGaussian::NotFinite { index, value });
        }
        let factor = policy.factor();
        for action in 0..actions {
            let deviation = factor[action * actions + action];
            let usable = deviation > 1e-150 && deviation < 1e150;
            if !usable {
                return Err(InvalidGaussian::Deviation { action, deviation });
            }
        }
        Ok(policy)
    }

    /// The same policy with its actions squashed to `(−1, 1)` by `tanh` (Haarnoja et al. 2018, appendix C).
    #[must_use]
    pub fn squashed(mut self) -> Self {
        self.squashed = true;
        self
    }

    /// Whether actions are squashed.
    pub fn is_squashed(&self) -> bool {
        self.squashed
    }

    /// The number of state variables, `n`.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The number of actions, `m`.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// The kind of spread.
    pub fn spread(&self) -> Spread {
        self.spread
    }

    /// The parameters `θ`.
    pub fn parameters(&self) -> &[f64] {
        &self.theta
    }

    fn spread_parameters(&self) -> usize {
        match self.spread {
            Spread::Diagonal => self.actions,
            Spread::Full => self.actions * (self.actions + 1) / 2,
        }
    }

    /// The place in `θ` of the parameter of `L[i, j]`, `j ≤ i`, where it has one.
    pub fn factor_parameter(&self, i: usize, j: usize) -> Option<usize> {
        let first = self.actions * self.states;
        match self.spread {
            Spread::Diagonal => (i == j).then_some(first + i),
            Spread::Full => (j <= i).then_some(first + i * (i + 1) / 2 + j),
        }
    }

    /// `L`, row by row, `[m][m]`.
    pub fn factor(&self) -> Vec<f64> {
        self.factor_over(&self.theta)
    }

    fn factor_over<S: Scalar>(&self, theta: &[S]) -> Vec<S> {
        let m = self.actions;
        let entry = |i: usize, j: usize| match self.factor_parameter(i, j) {
            Some(k) if i == j => theta[k].exp(),
            Some(k) => theta[k],
            None => S::from(0.0),
        };
        (0..m * m).map(|k| entry(k / m, k % m)).collect()
    }

    /// `K s`.
    pub fn mean(&self, state: &[f64]) -> Vec<f64> {
        self.mean_over(&self.theta, state)
    }

    fn mean_over<S: Scalar>(&self, theta: &[S], state: &[f64]) -> Vec<S> {
        let row = |i: usize| {
            let gains = theta[i * self.states..(i + 1) * self.states].iter();
            gains.zip(state).fold(S::from(0.0), |sum, (k, s)| sum + *k * S::from(*s))
        };
        (0..self.actions).map(row).collect()
    }

    /// The action that standard normals `z` make: `K s + L z`, squashed if the policy is.
    pub fn act(&self, state: &[f64], z: &[f64]) -> Vec<f64> {
        let (m, factor) = (self.actions, self.factor());
        let raw = |(i, mean): (usize, f64)| mean + (0..=i).map(|j| factor[i * m + j] * z[j]).sum::<f64>();
        let raw = self.mean(state).into_iter().enumerate().map(raw);
        if self.squashed { raw.map(tanh).collect() } else { raw.collect() }
    }

    /// `artanh a` of a squashed action, or the action itself.
    fn unsquashed(&self, action: &[f64]) -> Vec<f64> {
        if self.squashed { action.iter().map(|a| 0.5 * ln((1.0 + a) / (1.0 - a))).collect() } else { action.to_vec() }
    }

    /// `L⁻¹ (u − K s)`: the standard normals behind an action.
    fn whitened_over<S: Scalar>(&self, theta: &[S], state: &[f64], action: &[f64]) -> Vec<S> {
        let (m, factor, mean) = (self.actions, self.factor_over(theta), self.mean_over(theta, state));
        let mut z: Vec<S> = Vec::with_capacity(m);
        for (i, u) in self.unsquashed(action).iter().enumerate() {
            let mut rest = S::from(*u) - mean[i];
            for (j, z) in z.iter().enumerate() {
                rest = rest - factor[i * m + j] * *z;
            }
            z.push(rest / factor[i * m + i]);
        }
        z
    }

    /// `log π_θ(a | s)` with parameters of any scalar. A squashed density is that of `a`: it contains
    /// `−Σ log(1 − a_i²)`.
    pub fn log_density<S: Scalar>(&self, theta: &[S], state: &[f64], action: &[f64]) -> S {
        let z = self.whitened_over(theta, state, action);
        let constant = 0.5 * self.actions as f64 * ln(2.0 * std::f64::consts::PI);
        let mut log = S::from(-constant);
        for (i, z) in z.iter().enumerate() {
            let deviation = self.factor_parameter(i, i).map_or(S::from(0.0), |k| theta[k]);
            log = log - deviation - S::from(0.5) * *z * *z;
        }
        if self.squashed {
            // log(1 − a²) = log(1 − a) + log(1 + a) keeps its digits near ±1.
            let squash: f64 = action.iter().map(|a| ln(1.0 - a) + ln(1.0 + a)).sum();
            log = log - S::from(squash);
        }
        log
    }

    /// `log π(a | s)`.
    pub fn log_prob(&self, state: &[f64], action: &[f64]) -> f64 {
        self.log_density(&self.theta, state, action)
    }

    /// `∇θ log π(a | s)`, in closed form: `L⁻ᵀ z sᵀ` for the gain, and the lower triangle of `L⁻ᵀ(z zᵀ − I)` for the
    /// factor, times `L_ii` on the diagonal, whose parameters are logarithms. Squashing changes nothing: its Jacobian does
    /// not depend on `θ`.
    pub fn score(&self, state: &[f64], action: &[f64]) -> Vec<f64> {
        let (m, n) = (self.actions, self.states);
        let (factor, z) = (self.factor(), self.whitened_over(&self.theta, state, action));
        let inverse = self.inverse_transposed();
        let mut score = vec![0.0; self.theta.len()];
        for i in 0..m {
            let pull: f64 = (0..m).map(|k| inverse[i * m + k] * z[k]).sum();
            for j in 0..n {
                score[i * n + j] = pull * state[j];
            }
            for j in 0..=i {
                if let Some(k) = self.factor_parameter(i, j) {
                    let slope = pull * z[j] - inverse[i * m + j];
                    score[k] = if i == j { slope * factor[i * m + i] } else { slope };
                }
            }
        }
        score
    }

    /// `L⁻ᵀ`, row by row: upper triangular.
    pub fn inverse_transposed(&self) -> Vec<f64> {
        let (m, factor) = (self.actions, self.factor());
        let mut out = vec![0.0; m * m];
        // Column c of L⁻¹ by forward substitution is row c of L⁻ᵀ.
        for c in 0..m {
            for i in c..m {
                let mut rest = if i == c { 1.0 } else { 0.0 };
                for j in c..i {
                    rest -= factor[i * m + j] * out[c * m + j];
                }
                out[c * m + i] = rest / factor[i * m + i];
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::Dual;
    use crate::numeric::{exp, normal_expectation, trapezoid};

    fn policies() -> Vec<GaussianPolicy> {
        let diagonal = GaussianPolicy::diagonal(2, &[0.3, -0.5, 0.2, 0.8], &[0.4, 1.3]).unwrap();
        let full = GaussianPolicy::new(2, 2, Spread::Full, vec![0.3, -0.5, 0.2, 0.8, -0.7, 0.6, 0.2]).unwrap();
        vec![diagonal.clone(), full.clone(), diagonal.squashed(), full.squashed()]
    }

    #[test]
    fn the_score_is_the_derivative_of_the_log_density() {
        let state = [0.7, -1.1];
        for policy in policies() {
            for z in [[0.3, -0.8], [-1.2, 0.1], [2.0, 1.0]] {
                let action = policy.act(&state, &z);
                let dual = policy.log_density(&Dual::<8>::point(policy.parameters()), &state, &action);
                for (score, slope) in policy.score(&state, &action).iter().zip(dual.tangents) {
                    assert!((score - slope).abs() < 1e-12, "{policy:?}: {score} and {slope}");
                }
                let back = policy.whitened_over(policy.parameters(), &state, &action);
                assert!(back.iter().zip(z).all(|(x, y)| (x - y).abs() < 1e-12));
            }
        }
    }

    #[test]
    fn scores_have_mean_zero_and_densities_are_normalised() {
        let state = [0.7, -1.1];
        for policy in policies() {
            for k in 0..policy.parameters().len() {
                let mean = normal_expectation(12, |x| {
                    normal_expectation(12, |y| policy.score(&state, &policy.act(&state, &[x, y]))[k])
                });
                assert!(mean.abs() < 1e-12, "component {k} of {policy:?}: {mean}");
            }
        }
        let squashed = GaussianPolicy::diagonal(1, &[0.5], &[0.6]).unwrap().squashed();
        // a = tanh(x) makes the integrand smooth and vanishing at both ends.
        let total = trapezoid(-12.0, 12.0, 2000, |x| {
            let a = tanh(x);
            if 1.0 - a * a > 0.0 { exp(squashed.log_prob(&[0.8], &[a])) * (1.0 - a * a) } else { 0.0 }
        });
        assert!((total - 1.0).abs() < 1e-12, "{total}");
    }

    #[test]
    fn numbers_that_make_no_policy_are_refused() {
        let zero = GaussianPolicy::diagonal(1, &[0.1], &[0.0]).unwrap_err();
        assert!(
            zero.to_string().starts_with("the standard deviation of action 0 is 0e0; it must be positive"),
            "{zero}"
        );
        let tiny = GaussianPolicy::new(1, 1, Spread::Diagonal, vec![0.1, -800.0]).unwrap_err();
        assert!(matches!(tiny, InvalidGaussian::Deviation { action: 0, .. }));
        let nan = GaussianPolicy::diagonal(1, &[f64::NAN], &[1.0]).unwrap_err();
        assert!(matches!(nan, InvalidGaussian::NotFinite { index: 0, .. }));
        let short = GaussianPolicy::new(2, 2, Spread::Full, vec![0.0; 5]).unwrap_err();
        assert_eq!(short.to_string(), "θ has 5 entries; 2 state variables and 2 actions need 7");
    }
}
