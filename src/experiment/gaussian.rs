//! Settings of one Gaussian variable: derivatives of `E f(x)`, `x ~ N(μ, σ²)` (Mohamed et al. 2020).

use std::collections::BTreeMap;

use super::Metric;
use super::file::nearest;
use super::measure::{self, ExactMoments, Given, PARTS, Parts, Truth};
use super::record::{Measurement, PointRecord};
use super::setting::{Derivative, Setting};
use crate::environment::ScalarCost;
use crate::estimator::gaussian::{measure_valued, pathwise, score_function};
use crate::exact::{GaussianGradient, GradientMoments};
use crate::rng::Stream;
use crate::rollout::{coupled_noise, gaussian_moments, independent_noise};

/// The problem's name.
pub(super) const NAME: &str = "gaussian";

/// The estimators: name, formula of the derivative in `μ` with `x = μ + σε`, remark.
pub(super) const ESTIMATORS: [(&str, &str, &str); 6] = [
    ("score-function", "f(x) ε/σ", "REINFORCE"),
    ("score-function-mean-baseline", "(f(x) − E f) ε/σ", "with the mean cost as baseline"),
    ("score-function-optimal-baseline", "(f(x) − b*) ε/σ", "with the constant of least variance for each parameter"),
    ("pathwise", "f'(x)", "reparametrised"),
    ("measure-valued", "(f(μ + σw) − f(μ − σw)) / (σ√2π)", "with the same draws in both parts, w of Rayleigh's law"),
    ("measure-valued-independent", "(f(μ + σw) − f(μ − σw')) / (σ√2π)", "with independent draws"),
];

/// An estimator by name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Score([f64; 2]),
    Pathwise,
    Coupled,
    Independent,
}

/// A setting that has been checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GaussianCase {
    cost: ScalarCost,
    mean: f64,
    sigma: f64,
    /// 0 for the derivative in `μ`, 1 for that in `σ`.
    component: usize,
    method: Method,
    budget: f64,
    truth: GaussianGradient,
    /// The root mean square of the score-function estimator.
    size: f64,
}

impl GaussianCase {
    /// Checks a setting of the Gaussian problem.
    pub(super) fn new(setting: &Setting) -> Result<Self, String> {
        let name =
            setting.cost.as_deref().ok_or("the Gaussian problem needs a \"cost\"; set it, quadratic for instance")?;
        let k = setting.cost_parameter.ok_or("the Gaussian problem needs \"cost-parameter\", the k of its cost")?;
        let cost = ScalarCost::named(name, k).ok_or_else(|| {
            let near = nearest(name, ScalarCost::NAMES.into_iter()).unwrap_or_default();
            format!("there is no cost \"{name}\"; did you mean \"{near}\"?")
        })?;
        let (mean, sigma) = (setting.mean.unwrap_or(0.0), setting.sigma.unwrap_or(1.0));
        let truth = GaussianGradient::of(cost, mean, sigma).map_err(|error| error.to_string())?;
        let budget = setting.budget.unwrap_or(1.0);
        if !(budget > 0.0 && budget.is_finite()) {
            return Err(format!("\"budget\" is {budget}; give a positive number"));
        }
        let estimator = setting.estimator.as_deref().ok_or("no \"estimator\" is named; add one to the series")?;
        let method = match estimator {
            "score-function" => Method::Score([0.0; 2]),
            "score-function-mean-baseline" => Method::Score([truth.expectation(); 2]),
            "score-function-optimal-baseline" => Method::Score(truth.optimal_baseline()),
            "pathwise" => Method::Pathwise,
            "measure-valued" => Method::Coupled,
            "measure-valued-independent" => Method::Independent,
            _ => {
                let near = nearest(estimator, ESTIMATORS.iter().map(|entry| entry.0)).unwrap_or_default();
                return Err(format!("the Gaussian problem has no estimator \"{estimator}\"; did you mean \"{near}\"?"));
            }
        };
        let component = usize::from(setting.derivative.unwrap_or_default() == Derivative::Deviation);
        let plain = truth.score_function([0.0; 2]).map_err(|error| error.to_string())?;
        let size = (plain.mean[component] * plain.mean[component] + plain.variance[component]).sqrt();
        Ok(Self { cost, mean, sigma, component, method, budget, truth, size })
    }

    /// Measures the asked metrics, with `draws` sampled beside the exact route under the name `stream`.
    pub(super) fn measure(
        &self,
        asked: &[Metric],
        draws: Option<usize>,
        seed: u64,
        stream: &str,
    ) -> Result<PointRecord, String> {
        let objective = Measurement { exact: Some(self.truth.expectation()), sampled: None };
        let given: Given = BTreeMap::from([(Metric::Objective, objective)]);
        let GradientMoments { mean, variance } = match self.method {
            Method::Score(baseline) => self.truth.score_function(baseline).map_err(|error| error.to_string())?,
            Method::Pathwise => self.truth.pathwise(),
            Method::Coupled => self.truth.measure_valued_coupled(),
            Method::Independent => self.truth.measure_valued_independent(),
        };
        let k = self.component;
        let (mean, variance) = (self.without_rounding(mean[k]), self.without_rounding(variance[k].sqrt()));
        let variance = variance * variance;
        let gradient = self.without_rounding(self.truth.gradient()[k]);
        let unbiased = (mean - gradient).abs() <= 1e-9 * gradient.abs().max(variance.sqrt());
        let moments = ExactMoments {
            mean: vec![mean],
            variance: vec![variance],
            verdict: unbiased.then(|| "unbiased".to_owned()),
            ratio_to_floor: None,
        };
        let truth = Truth { gradient: vec![gradient], moments: Some(moments) };
        let parts = draws.map(|draws| self.sample(draws, seed, stream));
        Ok(measure::point(&truth, parts.as_ref(), self.budget, asked, given))
    }

    /// A mean or a deviation that is nothing beside the typical size of the score-function estimator is rounding: what two
    /// equal costs differ by.
    fn without_rounding(&self, x: f64) -> f64 {
        if x.abs() <= 1e-13 * self.size { 0.0 } else { x }
    }

    fn sample(&self, draws: usize, seed: u64, stream: &str) -> Parts {
        let (cost, mean, sigma) = (self.cost, self.mean, self.sigma);
        let subject = |stream: &mut Stream| match self.method {
            Method::Score(baseline) => score_function(cost, mean, sigma, baseline, stream.normal()),
            Method::Pathwise => pathwise(cost, mean, sigma, stream.normal()),
            Method::Coupled => measure_valued(cost, mean, sigma, &coupled_noise(stream)),
            Method::Independent => measure_valued(cost, mean, sigma, &independent_noise(stream)),
        };
        let size = draws / PARTS;
        Parts::of(seed, stream, size, |key| {
            let moments = gaussian_moments(key, size, subject);
            let deviation = self.without_rounding(moments.variance()[self.component].sqrt());
            (vec![self.without_rounding(moments.mean()[self.component])], vec![deviation * deviation])
        })
    }
}
