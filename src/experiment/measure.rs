//! From moments to metrics, by the exact route and by sampling. Which problem the moments belong to does not matter here.

use std::collections::BTreeMap;

use super::Metric;
use super::record::{Agreement, Measurement, ParameterMoments, PointRecord, Sampled};
use crate::numeric;
use crate::rng::StreamKey;

/// The independent parts that a sample is divided into: standard errors are those of their means.
pub(super) const PARTS: usize = 128;

/// What is true of an estimator.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    /// The gradient that is wanted.
    pub(super) gradient: Vec<f64>,
    /// The estimator's mean and variance, where they are computed exactly.
    pub(super) moments: Option<ExactMoments>,
}

#[derive(Clone, Debug)]
pub(super) struct ExactMoments {
    pub(super) mean: Vec<f64>,
    /// Of one trajectory; of a coupled batch its mean's, times its size. Infinite where it overflows.
    pub(super) variance: Vec<f64>,
    pub(super) verdict: Option<String>,
    pub(super) ratio_to_floor: Option<f64>,
}

/// Means and variances of the independent parts of a sample.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// The mean estimate of each part.
    pub(super) means: Vec<Vec<f64>>,
    /// The variances of each part, of one trajectory.
    pub(super) variances: Vec<Vec<f64>>,
    /// The trajectories of a part.
    pub(super) trajectories: usize,
}

impl Parts {
    /// The parts of a sample under the name `stream`: `draw` gives mean and variance of `trajectories` under a key.
    pub(super) fn of(
        seed: u64,
        stream: &str,
        trajectories: usize,
        draw: impl Fn(&StreamKey) -> (Vec<f64>, Vec<f64>),
    ) -> Self {
        let (means, variances) = (0..PARTS).map(|part| draw(&StreamKey::of(seed, stream, part as u64))).unzip();
        Self { means, variances, trajectories }
    }
}

/// Metrics that do not depend on an estimator, exact and sampled.
pub(super) type Given = BTreeMap<Metric, Measurement>;

fn squared_length(x: &[f64]) -> f64 {
    numeric::sum(x.iter().map(|x| x * x))
}

fn squared_distance(x: &[f64], y: &[f64]) -> f64 {
    numeric::sum(x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)))
}

/// The point of an estimator: the asked metrics.
pub(super) fn point(
    truth: &Truth,
    parts: Option<&Parts>,
    budget: f64,
    asked: &[Metric],
    mut given: Given,
) -> PointRecord {
    let mut verdict = None;
    if let Some(exact) = &truth.moments {
        // Numbers that no double can hold say nothing of the mean either.
        if exact.mean.iter().chain(&exact.variance).all(|x| x.is_finite()) {
            verdict.clone_from(&exact.verdict);
        }
        for (metric, value) in exact_metrics(&truth.gradient, exact, budget) {
            given.entry(metric).or_default().exact = Some(value);
        }
    }
    if let Some(parts) = parts {
        for (metric, sampled) in sampled_metrics(&truth.gradient, parts, budget) {
            given.entry(metric).or_default().sampled = Some(sampled);
        }
    }
    let length = squared_length(&truth.gradient).sqrt();
    given.entry(Metric::GradientLength).or_default().exact = Some(length);
    let agreement = parts.zip(truth.moments.as_ref()).and_then(|(parts, exact)| agreement(parts, exact, &given));
    let finite = |exact: &&ExactMoments| exact.mean.iter().chain(&exact.variance).all(|x| x.is_finite());
    // Adding zero turns −0 into 0.
    let list = |numbers: &[f64]| numbers.iter().map(|x| x + 0.0).collect();
    let parameters = truth.moments.as_ref().filter(finite);
    let parameters =
        parameters.map(|exact| ParameterMoments { mean: list(&exact.mean), variance: list(&exact.variance) });
    PointRecord { parameters, ..finish(verdict, asked, given, agreement) }
}

/// The point of a policy, of which nothing is estimated.
pub(super) fn policy_point(asked: &[Metric], given: Given) -> PointRecord {
    let agreement = metric_deviation(&given, 0, 0.0);
    finish(None, asked, given, agreement)
}

fn finish(verdict: Option<String>, asked: &[Metric], given: Given, agreement: Option<Agreement>) -> PointRecord {
    let finite = |x: f64| x.is_finite();
    let metrics = given
        .into_iter()
        .filter(|(metric, _)| asked.contains(metric))
        .map(|(metric, m)| {
            let sampled = m.sampled.filter(|s| finite(s.value) && finite(s.standard_error));
            // Adding zero turns −0 into 0.
            (metric, Measurement { exact: m.exact.filter(|x| finite(*x)).map(|x| x + 0.0), sampled })
        })
        .filter(|(_, m)| m.best().is_some())
        .collect();
    PointRecord { verdict, metrics, parameters: None, agreement }
}

fn exact_metrics(gradient: &[f64], exact: &ExactMoments, budget: f64) -> Vec<(Metric, f64)> {
    let trace = numeric::sum(exact.variance.iter().copied());
    let square = squared_length(gradient);
    let mut metrics = vec![(Metric::Variance, trace)];
    if let Some(ratio) = exact.ratio_to_floor {
        metrics.push((Metric::RatioToFloor, ratio));
    }
    if square > 0.0 {
        // What the oracle calls unbiased is off by rounding alone, which a reward offset may make large beside the gradient.
        let unbiased = exact.verdict.as_deref() == Some("unbiased");
        let mean: &[f64] = if unbiased { gradient } else { &exact.mean };
        let bias = squared_distance(mean, gradient);
        metrics.extend([
            (Metric::Bias, rounded_bias((bias / square).sqrt())),
            (Metric::Noise, trace / square),
            (Metric::SignalToNoise, (square * budget / trace).sqrt()),
            (Metric::Error, (bias + trace / budget) / square),
        ]);
        let length = squared_length(mean);
        if length > 0.0 {
            let cosine = numeric::dot(mean, gradient) / (length * square).sqrt();
            let angle = libm::acos(cosine.clamp(-1.0, 1.0)).to_degrees();
            // The arc cosine cannot tell an angle below a millionth of a degree from none.
            metrics.push((Metric::Angle, if angle < 1e-5 { 0.0 } else { angle }));
        }
    }
    metrics
}

/// A relative bias below a billionth is rounding.
fn rounded_bias(bias: f64) -> f64 {
    if bias < 1e-9 { 0.0 } else { bias }
}

fn sampled_metrics(gradient: &[f64], parts: &Parts, budget: f64) -> Vec<(Metric, Sampled)> {
    let traces: Vec<f64> = parts.variances.iter().map(|variance| variance.iter().sum()).collect();
    let square = squared_length(gradient);
    let mut metrics = vec![(Metric::Variance, mean_of(&traces))];
    if square > 0.0 {
        let noise: Vec<f64> = traces.iter().map(|trace| trace / square).collect();
        let error: Vec<f64> = traces
            .iter()
            .zip(&parts.means)
            // What a part's mean is off by is its bias and its own noise.
            .map(|(trace, mean)| {
                let bias = squared_distance(mean, gradient) - trace / parts.trajectories as f64;
                (bias + trace / budget) / square
            })
            .collect();
        metrics.extend([(Metric::Noise, mean_of(&noise)), (Metric::Error, mean_of(&error))]);
    }
    metrics
}

/// The mean of independent numbers and its standard error.
pub(super) fn mean_of(numbers: &[f64]) -> Sampled {
    let n = numbers.len() as f64;
    let value = numeric::sum(numbers.iter().copied()) / n;
    let square = numeric::sum(numbers.iter().map(|x| (x - value) * (x - value)));
    Sampled { value, standard_error: (square / (n - 1.0) / n).sqrt() }
}

fn agreement(parts: &Parts, exact: &ExactMoments, given: &Given) -> Option<Agreement> {
    let all = (parts.means.len() * parts.trajectories) as f64;
    let share = 1.0 / parts.means.len() as f64;
    let scale = exact.variance.iter().copied().fold(0.0, f64::max);
    let mut largest: f64 = 0.0;
    for (k, (mean, variance)) in exact.mean.iter().zip(&exact.variance).enumerate() {
        let sampled = share * numeric::sum(parts.means.iter().map(|part| part[k]));
        // A component that does not vary may differ by rounding, which is small beside the others' noise and its own size.
        let error = (variance / all).sqrt().max(1e-9 * (scale / all).sqrt()).max(1e-12 * mean.abs());
        let error = error.max(f64::MIN_POSITIVE);
        largest = largest.max(in_errors(sampled - mean, error));
    }
    metric_deviation(given, exact.mean.len(), largest)
}

/// A distance in standard errors; one that is no number contradicts whatever it is compared with.
fn in_errors(distance: f64, error: f64) -> f64 {
    let errors = (distance / error).abs();
    if errors <= FAR { errors } else { FAR }
}

/// Further off than anything that was ever measured.
const FAR: f64 = 1e9;

/// Compares the sampled metrics with the exact ones.
fn metric_deviation(given: &Given, components: usize, mean: f64) -> Option<Agreement> {
    // Parts that are all alike say nothing of how far they may be off: a rare event was never seen.
    let resolved = |exact: f64, s: Sampled| s.standard_error > 0.0 || (s.value - exact).abs() <= 1e-9 * exact.abs();
    let both = |m: &Measurement| {
        m.exact.zip(m.sampled).filter(|(exact, sampled)| exact.is_finite() && resolved(*exact, *sampled))
    };
    // Noise is the variance in other units.
    let pairs: Vec<(Metric, f64, Sampled)> = given
        .iter()
        .filter(|(metric, _)| **metric != Metric::Noise)
        .filter_map(|(metric, m)| both(m).map(|(exact, sampled)| (*metric, exact, sampled)))
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let (mut metrics, mut resolution): (f64, f64) = (0.0, 0.0);
    for (metric, exact, sampled) in &pairs {
        let distance = (sampled.value - exact).abs();
        if distance > 1e-9 * exact.abs() {
            metrics = metrics.max(in_errors(distance, sampled.standard_error));
        }
        // What is left of a squared error or a shortfall may be far smaller than what its sample varies by.
        if *metric == Metric::Variance && *exact != 0.0 {
            resolution = resolution.max(sampled.standard_error / exact.abs());
        }
    }
    Some(Agreement { comparisons: components + pairs.len(), mean, metrics, resolution })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Parts of normal estimates of two components, of mean (1, −2) and deviations (1, 3).
    fn parts(trajectories: usize) -> Parts {
        let mut stream = Stream::of(20_261_124, "experiment/measure/tests", 0, 0);
        let (mut means, mut variances) = (Vec::new(), Vec::new());
        for _ in 0..PARTS {
            let mut moments = crate::stats::Moments::new(2);
            for _ in 0..trajectories {
                moments.push(&[1.0 + stream.normal(), -2.0 + 3.0 * stream.normal()]);
            }
            means.push(moments.mean().to_vec());
            variances.push(moments.variance());
        }
        Parts { means, variances, trajectories }
    }

    fn exact(mean: [f64; 2], variance: [f64; 2]) -> Truth {
        let moments =
            ExactMoments { mean: mean.to_vec(), variance: variance.to_vec(), verdict: None, ratio_to_floor: None };
        Truth { gradient: vec![1.0, 0.0], moments: Some(moments) }
    }

    fn agreement_with(mean: [f64; 2], variance: [f64; 2]) -> Agreement {
        let asked = [Metric::Variance, Metric::Error];
        point(&exact(mean, variance), Some(&parts(100)), 10.0, &asked, Given::new()).agreement.expect("both routes")
    }

    #[test]
    fn the_two_routes_agree_where_they_should_and_a_planted_error_is_seen() {
        let right = agreement_with([1.0, -2.0], [1.0, 9.0]);
        assert!(right.mean < 4.0 && right.metrics < 4.0, "{right:?}");
        assert_eq!(right.comparisons, 4);
        // A tenth of a deviation, of 12,800 estimates: eleven standard errors.
        assert!(agreement_with([1.1, -2.0], [1.0, 9.0]).mean > 8.0);
        assert!(agreement_with([1.0, -2.0], [1.0, 10.0]).metrics > 6.0);
    }

    #[test]
    fn the_error_is_squared_bias_and_variance_over_the_budget() {
        let asked = [Metric::Error, Metric::Bias, Metric::Angle, Metric::Noise];
        let point = point(&exact([1.0, -2.0], [1.0, 9.0]), Some(&parts(50)), 10.0, &asked, Given::new());
        let [error, bias, angle, noise] = asked.map(|metric| point.metrics[&metric].exact.expect("exact"));
        assert_eq!((bias, noise), (2.0, 10.0));
        assert!((error - 5.0).abs() < 1e-12);
        assert!((angle - 63.434_948_822_922_01).abs() < 1e-9);
        let sampled = point.metrics[&Metric::Error].sampled.expect("sampled");
        assert!(
            (sampled.value - 5.0).abs() < 5.0 * sampled.standard_error && sampled.standard_error < 0.2,
            "{sampled:?}"
        );
    }

    #[test]
    fn what_is_not_finite_is_absent() {
        let truth = exact([1.0, 0.0], [f64::INFINITY, 1.0]);
        let point = point(&truth, None, 1.0, &Metric::ALL, Given::new());
        assert!(!point.metrics.contains_key(&Metric::Variance));
        assert_eq!(point.metrics[&Metric::Bias].exact, Some(0.0));
    }
}
