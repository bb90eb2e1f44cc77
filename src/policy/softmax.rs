//! Softmax policies whose logits are linear in the parameters: tables, shared entries and features.

use std::borrow::Cow;

use thiserror::Error;

use super::{Policy, softmax_over};
use crate::autodiff::Scalar;
use crate::numeric;

/// How the logits of an observation depend on the parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Logits {
    /// `logit[o, a] = θ[index[o·A + a]]`. The identity is the tabular policy; entries of equal index share a
    /// parameter.
    Entries(Vec<usize>),
    /// `logit[o, a] = Σ_k features[(o·A + a)·d + k] θ_k`.
    Features(Vec<f64>),
}

/// `π_t(a | o) = softmax_a(logit_t[o, a] / temperature)` with logits linear in `θ` (Sutton & Barto 2018, §13.1).
#[derive(Clone, Debug, PartialEq)]
pub struct SoftmaxPolicy {
    actions: usize,
    observations: usize,
    steps: Option<usize>,
    temperature: f64,
    logits: Logits,
    parameters_a_step: usize,
    theta: Vec<f64>,
    supports: Vec<Support>,
}

/// The parameters of a step that an observation depends on.
#[derive(Clone, Debug, PartialEq)]
struct Support {
    /// Their indices, ascending.
    parameters: Vec<usize>,
    /// For [`Logits::Entries`], the place of each action's parameter among them.
    places: Vec<usize>,
}

/// Why numbers do not make a softmax policy.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InvalidPolicy {
    /// No observation, no action, or parameters for no step.
    #[error("a policy needs at least one observation, one action and one step")]
    Empty,
    /// The parameters have the wrong number.
    #[error("θ has {found} entries, but {observations} observations and {actions} actions need {expected}")]
    Parameters {
        /// The number given.
        found: usize,
        /// The number needed.
        expected: usize,
        /// The number of observations.
        observations: usize,
        /// The number of actions.
        actions: usize,
    },
    /// A parameter is infinite or not a number.
    #[error("θ[{index}] is {value}; every parameter must be a finite number")]
    NotFinite {
        /// Its place in the flat vector.
        index: usize,
        /// The offending number.
        value: f64,
    },
    /// The temperature is not a positive number.
    #[error("the temperature is {0}; it must be a positive finite number")]
    Temperature(f64),
    /// The list of shared entries does not fit.
    #[error("the list of shared parameters has {found} entries; it needs one an observation and action, {expected}")]
    Entries {
        /// Its length.
        found: usize,
        /// The length needed.
        expected: usize,
    },
    /// The features do not fit.
    #[error("there are {found} features; {expected} are needed: one an observation, action and parameter, all finite")]
    Features {
        /// How many finite ones were given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
}

impl SoftmaxPolicy {
    /// The tabular softmax: one logit an observation and action, `theta[o·A + a]`.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if the number of parameters is not `observations · actions` or one is not finite.
    pub fn tabular(observations: usize, actions: usize, theta: Vec<f64>) -> Result<Self, InvalidPolicy> {
        Self::shared(observations, actions, (0..observations * actions).collect(), theta)
    }

    /// A table whose entries share parameters: `logit[o, a] = theta[entry[o·A + a]]`.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if a length does not fit or a parameter is not finite.
    pub fn shared(
        observations: usize,
        actions: usize,
        entry: Vec<usize>,
        theta: Vec<f64>,
    ) -> Result<Self, InvalidPolicy> {
        if entry.len() != observations * actions {
            return Err(InvalidPolicy::Entries { found: entry.len(), expected: observations * actions });
        }
        let count = entry.iter().max().map_or(0, |largest| largest + 1);
        Self::with_logits(observations, actions, Logits::Entries(entry), count, theta)
    }

    /// Softmax over features: `logit[o, a] = Σ_k features[(o·A + a)·d + k] theta_k` with `d = theta.len()`.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if the features do not fit or a number is not finite.
    pub fn features(
        observations: usize,
        actions: usize,
        features: Vec<f64>,
        theta: Vec<f64>,
    ) -> Result<Self, InvalidPolicy> {
        let (d, expected) = (theta.len(), observations * actions * theta.len());
        let finite = features.iter().filter(|x| x.is_finite()).count();
        if features.len() != expected || finite != expected {
            return Err(InvalidPolicy::Features { found: finite, expected });
        }
        Self::with_logits(observations, actions, Logits::Features(features), d, theta)
    }

    fn with_logits(
        observations: usize,
        actions: usize,
        logits: Logits,
        parameters_a_step: usize,
        theta: Vec<f64>,
    ) -> Result<Self, InvalidPolicy> {
        if observations == 0 || actions == 0 {
            return Err(InvalidPolicy::Empty);
        }
        let supports = (0..observations)
            .map(|o| match &logits {
                Logits::Entries(entry) => {
                    let row = &entry[o * actions..(o + 1) * actions];
                    let mut parameters = row.to_vec();
                    parameters.sort_unstable();
                    parameters.dedup();
                    let places = row.iter().map(|k| parameters.partition_point(|other| other < k)).collect();
                    Support { parameters, places }
                }
                Logits::Features(_) => Support { parameters: (0..parameters_a_step).collect(), places: Vec::new() },
            })
            .collect();
        let policy =
            Self { actions, observations, steps: None, temperature: 1.0, logits, parameters_a_step, theta, supports };
        policy.check_parameters()?;
        Ok(policy)
    }

    fn check_parameters(&self) -> Result<(), InvalidPolicy> {
        let expected = self.parameters_a_step * self.steps.unwrap_or(1);
        if self.theta.len() != expected {
            let (observations, actions, found) = (self.observations, self.actions, self.theta.len());
            return Err(InvalidPolicy::Parameters { found, expected, observations, actions });
        }
        match self.theta.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            Some((index, &value)) => Err(InvalidPolicy::NotFinite { index, value }),
            None => Ok(()),
        }
    }

    /// The same policy at temperature `temperature`: logits are divided by it.
    ///
    /// # Errors
    /// [`InvalidPolicy::Temperature`] unless it is positive and finite.
    pub fn with_temperature(mut self, temperature: f64) -> Result<Self, InvalidPolicy> {
        if !(temperature > 0.0 && temperature.is_finite()) {
            return Err(InvalidPolicy::Temperature(temperature));
        }
        self.temperature = temperature;
        Ok(self)
    }

    /// The same policy with parameters of their own for each of `steps` steps, those of step `t` at
    /// `theta[t·d .. (t+1)·d]`.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if `theta` does not have `steps` times as many entries as before.
    pub fn time_indexed(mut self, steps: usize, theta: Vec<f64>) -> Result<Self, InvalidPolicy> {
        if steps == 0 {
            return Err(InvalidPolicy::Empty);
        }
        self.steps = Some(steps);
        self.with_parameters(theta)
    }

    /// The same policy with other parameters.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if their number differs or one is not finite.
    pub fn with_parameters(mut self, theta: Vec<f64>) -> Result<Self, InvalidPolicy> {
        self.theta = theta;
        self.check_parameters()?;
        Ok(self)
    }

    /// Whether this is a table of its own logit for each observation and action, the same at every step, at
    /// temperature 1.
    pub fn is_plain_table(&self) -> bool {
        let identity = |entry: &[usize]| entry.iter().enumerate().all(|(i, k)| i == *k);
        self.steps.is_none()
            && self.temperature == 1.0
            && matches!(&self.logits, Logits::Entries(entry) if identity(entry))
    }

    fn offset(&self, t: usize) -> usize {
        if self.steps.is_some() { t * self.parameters_a_step } else { 0 }
    }

    /// Writes `logit_t[observation, a] / temperature` for each action.
    fn write_logits(&self, t: usize, observation: usize, out: &mut [f64]) {
        let offset = self.offset(t);
        for (action, logit) in out.iter_mut().enumerate() {
            *logit = match &self.logits {
                Logits::Entries(entry) => self.theta[offset + entry[observation * self.actions + action]],
                Logits::Features(features) => {
                    let theta = &self.theta[offset..offset + self.parameters_a_step];
                    self.feature_row(features, observation, action).iter().zip(theta).map(|(x, theta)| x * theta).sum()
                }
            } / self.temperature;
        }
    }

    fn feature_row<'a>(&self, features: &'a [f64], observation: usize, action: usize) -> &'a [f64] {
        let d = self.parameters_a_step;
        let first = (observation * self.actions + action) * d;
        &features[first..first + d]
    }
}

impl Policy for SoftmaxPolicy {
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
        self.steps
    }

    fn support(&self, t: usize, observation: usize) -> Cow<'_, [usize]> {
        let parameters = &self.supports[observation].parameters;
        match self.offset(t) {
            0 => Cow::Borrowed(parameters),
            offset => parameters.iter().map(|k| offset + k).collect(),
        }
    }

    #[inline(always)] // into the widened loop of the oracle
    fn probabilities_over<S: Scalar>(&self, _t: usize, observation: usize, support: &[S], out: &mut [S]) {
        match &self.logits {
            Logits::Entries(_) => {
                for (logit, &place) in out.iter_mut().zip(&self.supports[observation].places) {
                    *logit = support[place];
                }
            }
            Logits::Features(features) => {
                for (action, logit) in out.iter_mut().enumerate() {
                    *logit = self
                        .feature_row(features, observation, action)
                        .iter()
                        .zip(support)
                        .fold(S::from(0.0), |sum, (feature, theta)| sum + S::from(*feature) * *theta);
                }
            }
        }
        softmax_over(out, self.temperature);
    }

    fn probabilities(&self, t: usize, observation: usize, out: &mut [f64]) {
        self.write_logits(t, observation, out);
        numeric::softmax(out);
    }

    fn log_probs(&self, t: usize, observation: usize, out: &mut [f64]) {
        self.write_logits(t, observation, out);
        numeric::log_softmax(out);
    }

    fn add_score(&self, t: usize, observation: usize, action: usize, weight: f64, out: &mut [f64]) {
        let mut probabilities = vec![0.0; self.actions];
        self.probabilities(t, observation, &mut probabilities);
        let offset = self.offset(t);
        for (other, probability) in probabilities.iter().enumerate() {
            let slope = weight * (f64::from(u8::from(other == action)) - probability) / self.temperature;
            match &self.logits {
                Logits::Entries(entry) => out[offset + entry[observation * self.actions + other]] += slope,
                Logits::Features(features) => {
                    for (k, feature) in self.feature_row(features, observation, other).iter().enumerate() {
                        out[offset + k] += slope * feature;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies() -> Vec<SoftmaxPolicy> {
        let theta: Vec<f64> = (0..6).map(|i| numeric::cos(1.3 * f64::from(i))).collect();
        let tabular = SoftmaxPolicy::tabular(2, 3, theta.clone()).unwrap();
        let features = (0..18).map(|i| numeric::sin(0.7 * f64::from(i))).collect();
        vec![
            tabular.clone().with_temperature(0.6).unwrap(),
            tabular.time_indexed(2, theta.iter().chain(&theta).map(|x| 2.0 * x).collect()).unwrap(),
            SoftmaxPolicy::shared(2, 3, vec![0, 1, 0, 2, 1, 1], theta[..3].to_vec()).unwrap(),
            SoftmaxPolicy::features(2, 3, features, theta[..3].to_vec()).unwrap().with_temperature(2.0).unwrap(),
        ]
    }

    #[test]
    fn the_score_is_the_derivative_of_the_log_probability() {
        for policy in policies() {
            for (t, o, a) in [(0, 0, 0), (1, 0, 2), (1, 1, 1), (0, 1, 2)] {
                let mut score = vec![0.0; policy.parameters().len()];
                policy.add_score(t, o, a, 1.0, &mut score);
                let numerical = numeric::central_gradient(policy.parameters(), 1e-2, |theta| {
                    policy.clone().with_parameters(theta.to_vec()).unwrap().log_prob(t, o, a)
                });
                for (exact, approximate) in score.iter().zip(&numerical) {
                    assert!((exact - approximate).abs() < 1e-8, "{policy:?} at {t} {o} {a}");
                }
            }
        }
    }

    #[test]
    fn log_probabilities_are_finite_where_probabilities_underflow() {
        let policy = SoftmaxPolicy::tabular(1, 2, vec![0.0, 900.0]).unwrap();
        assert_eq!(policy.log_prob(0, 0, 0), -900.0);
        assert_eq!(policy.log_prob(0, 0, 1), 0.0);
        for policy in policies() {
            let mut probabilities = [0.0; 3];
            policy.probabilities(1, 1, &mut probabilities);
            for (a, p) in probabilities.iter().enumerate() {
                assert!((policy.log_prob(1, 1, a) - numeric::ln(*p)).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn generic_and_plain_probabilities_agree() {
        for policy in policies() {
            let support: Vec<f64> = policy.support(1, 1).iter().map(|&k| policy.parameters()[k]).collect();
            let (mut generic, mut plain) = ([0.0; 3], [0.0; 3]);
            policy.probabilities_over(1, 1, &support, &mut generic);
            policy.probabilities(1, 1, &mut plain);
            for (a, b) in generic.iter().zip(plain) {
                assert!((a - b).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn numbers_that_make_no_policy_are_refused() {
        assert!(matches!(SoftmaxPolicy::tabular(2, 2, vec![0.0; 3]), Err(InvalidPolicy::Parameters { .. })));
        let nan = SoftmaxPolicy::tabular(1, 2, vec![0.0, f64::NAN]);
        assert!(matches!(nan, Err(InvalidPolicy::NotFinite { index: 1, .. })));
        let frozen = SoftmaxPolicy::tabular(1, 1, vec![0.0]).unwrap().with_temperature(0.0);
        assert_eq!(frozen, Err(InvalidPolicy::Temperature(0.0)));
    }
}
