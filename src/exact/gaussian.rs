//! The truth about `E f(x)`, `x ~ N(μ, σ²)`: closed forms of the derivatives, and moments of their estimators.
//!
//! Expectation and derivatives are closed forms. The mean and the variance of an estimator are integrals over its own
//! law, by a Gauss and Legendre rule on panels that are short beside the deviation and beside the cost: the mean
//! is not told the derivative, and the variance is the integral of a square, which does not cancel however flat the cost is.

use thiserror::Error;

use crate::environment::ScalarCost;
use crate::numeric::{Sum, composite, cos, exp, gauss_legendre, sin, sum};

/// `√(2π)`.
const ROOT_TWO_PI: f64 = 2.506_628_274_631_000_7;

/// Where the normal density has underflowed, in deviations.
const END: f64 = 39.0;

/// Nodes of a panel.
const NODES: usize = 16;

/// Changes of the cost within a deviation that the panels can follow.
const FINEST: f64 = 256.0;

/// Why there is no answer.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum GaussianGradientError {
    /// The deviation is not positive and finite.
    #[error("the deviation σ of the normal law is {0}; give a positive finite number")]
    Deviation(f64),
    /// A parameter is not a finite number.
    #[error("{what} is {value}; give a finite number")]
    NotFinite {
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// An exponential cost of negative rate.
    #[error(
        "the rate of the exponential cost is {0}: the cost grows so fast that moments may be infinite; give a rate of 0 or more"
    )]
    Growing(f64),
    /// A cost that changes many times within a deviation.
    #[error(
        "the cost changes {0:.0} times within a deviation of the normal law, and {FINEST} are integrated; take a smaller σ or k"
    )]
    TooFine(f64),
    /// A moment is larger than any double.
    #[error("a variance of the estimators overflows; take a mean, a deviation, a baseline and a cost nearer to 1")]
    Overflow,
}

/// Exact mean and variance of one estimate of `[d/dμ, d/dσ]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientMoments {
    /// The means: the derivatives, if the estimator is unbiased.
    pub mean: [f64; 2],
    /// The variances of a single estimate.
    pub variance: [f64; 2],
}

/// Exact answers about `E f(x)`, `x ~ N(μ, σ²)`, and about the estimators of its derivatives in `μ` and `σ` that Mohamed,
/// Rosca, Figurnov and Mnih (2020, §3) compare. Pairs are `[d/dμ, d/dσ]`, and variances those of one estimate.
///
/// Variances are right to about twelve digits as long as `σ` is no smaller than a few thousandths of `|μ|`, and of
/// `|μ − k|` for the quadratic; below, differences of `f` at neighbouring points lose digits to rounding, in the estimators
/// as well as here.
///
/// ```
/// use unbiased::environment::ScalarCost;
/// use unbiased::exact::GaussianGradient;
/// let exact = GaussianGradient::of(ScalarCost::Quadratic { centre: 1.0 }, 3.0, 0.5).unwrap();
/// assert_eq!(exact.expectation(), 4.25);
/// assert_eq!(exact.gradient(), [4.0, 1.0]);
/// // The pathwise estimate of d/dμ is 2(x − k).
/// assert!((exact.pathwise().variance[0] - 1.0).abs() < 1e-12);
/// let refused = GaussianGradient::of(ScalarCost::Quadratic { centre: 1.0 }, 3.0, 0.0);
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "the deviation σ of the normal law is 0; give a positive finite number"
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianGradient {
    cost: ScalarCost,
    mean: f64,
    deviation: f64,
    expectation: f64,
    gradient: [f64; 2],
    /// The rule from −1 to 1 on each panel.
    rule: Vec<(f64, f64)>,
    /// Half the length of a panel, in deviations.
    half: f64,
    /// Panel by panel, outwards.
    nodes: Vec<Node>,
}

/// A pair of points `μ ± σr`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    radius: f64,
    /// The node's weight times `φ(r)`.
    mass: f64,
    /// `f` at `μ + σr` and at `μ − σr`.
    values: [f64; 2],
    /// `f'` there.
    slopes: [f64; 2],
}

/// The signs of a pair.
const SIGNS: [f64; 2] = [1.0, -1.0];

/// The mean and the variance of a law given as probabilities and values.
fn law(terms: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, f64) {
    let mean = sum(terms.clone().map(|(p, x)| p * x));
    (mean, sum(terms.map(|(p, x)| p * (x - mean) * (x - mean))))
}

fn moments((first, second): (f64, f64), (third, fourth): (f64, f64)) -> GradientMoments {
    GradientMoments { mean: [first, third], variance: [second, fourth] }
}

/// The scores `∂ log N/∂θ_k` at `z = (x − μ)/σ`, times `σ`.
fn scaled_scores(z: f64) -> [f64; 2] {
    [z, z * z - 1.0]
}

/// `E f` and its derivatives in `μ` and `σ`.
fn closed_forms(cost: ScalarCost, mean: f64, deviation: f64) -> (f64, [f64; 2]) {
    match cost {
        ScalarCost::Quadratic { centre } => {
            let gap = mean - centre;
            (gap * gap + deviation * deviation, [2.0 * gap, 2.0 * deviation])
        }
        // With s = 1 + 2kσ²: E f = s^{−½} exp(−kμ²/s).
        ScalarCost::Exponential { rate } => {
            let spread = 1.0 + 2.0 * rate * deviation * deviation;
            let expectation = exp(-rate * mean * mean / spread) / spread.sqrt();
            let by_mean = -2.0 * rate * mean / spread;
            let by_deviation = 2.0 * rate * deviation / spread * (2.0 * rate * mean * mean / spread - 1.0);
            (expectation, [by_mean * expectation, by_deviation * expectation])
        }
        // E cos(kx) = exp(−k²σ²/2) cos(kμ).
        ScalarCost::Cosine { frequency } => {
            let phase = frequency * deviation;
            let damping = exp(-0.5 * phase * phase);
            let expectation = damping * cos(frequency * mean);
            (expectation, [-frequency * damping * sin(frequency * mean), -frequency * phase * expectation])
        }
    }
}

impl GaussianGradient {
    /// The answers for `cost` under the normal law of this mean `μ` and deviation `σ`.
    ///
    /// # Errors
    /// [`GaussianGradientError`] if `σ` is not positive and finite, `μ` or the cost's parameter is not finite, an
    /// exponential cost has a negative rate, the cost changes more than 256 times within a deviation (`|k|σ` of a cosine,
    /// `σ√(2k)` of an exponential), or a variance overflows.
    pub fn of(cost: ScalarCost, mean: f64, deviation: f64) -> Result<Self, GaussianGradientError> {
        if !(deviation > 0.0 && deviation.is_finite()) {
            return Err(GaussianGradientError::Deviation(deviation));
        }
        for (what, value) in [("the mean μ of the normal law", mean), ("the cost's parameter k", cost.parameter())] {
            if !value.is_finite() {
                return Err(GaussianGradientError::NotFinite { what, value });
            }
        }
        let changes = match cost {
            ScalarCost::Quadratic { .. } => 0.0,
            ScalarCost::Exponential { rate } if rate < 0.0 => return Err(GaussianGradientError::Growing(rate)),
            ScalarCost::Exponential { rate } => deviation * (2.0 * rate).sqrt(),
            ScalarCost::Cosine { frequency } => deviation * frequency.abs(),
        };
        if changes > FINEST {
            return Err(GaussianGradientError::TooFine(changes));
        }
        let panels = (END * changes.max(2.0)).ceil() as usize;
        let (rule, half) = (gauss_legendre(NODES), 0.5 * END / panels as f64);
        let nodes = (0..panels).flat_map(|panel| {
            let middle = half * (2 * panel + 1) as f64;
            rule.iter().map(move |&(x, weight)| {
                let radius = middle + half * x;
                let points = SIGNS.map(|sign| mean + deviation * (sign * radius));
                Node {
                    radius,
                    mass: half * weight * exp(-0.5 * radius * radius) / ROOT_TWO_PI,
                    values: points.map(|x| cost.value(x)),
                    slopes: points.map(|x| cost.derivative(x)),
                }
            })
        });
        let nodes: Vec<Node> = nodes.collect();
        let (expectation, gradient) = closed_forms(cost, mean, deviation);
        let exact = Self { cost, mean, deviation, expectation, gradient, rule, half, nodes };
        exact.is_bounded([0.0; 2]).then_some(exact).ok_or(GaussianGradientError::Overflow)
    }

    /// Whether no variance overflows: a bound of all of them is finite.
    fn is_bounded(&self, baseline: [f64; 2]) -> bool {
        let rest = baseline[0] * baseline[0] + baseline[1] * baseline[1];
        let bound = sum(self.nodes.iter().map(|node| {
            let ([f, g], [a, b], r) = (node.values, node.slopes, 1.0 + node.radius * node.radius);
            node.mass * r * r * ((f * f + g * g + rest) / self.deviation / self.deviation + a * a + b * b)
        }));
        (8.0 * bound).is_finite() && self.gradient.iter().all(|x| x.is_finite()) && self.expectation.is_finite()
    }

    /// `E f(x)`, in closed form.
    #[must_use]
    pub fn expectation(&self) -> f64 {
        self.expectation
    }

    /// `[d/dμ, d/dσ] E f(x)`, in closed form.
    #[must_use]
    pub fn gradient(&self) -> [f64; 2] {
        self.gradient
    }

    /// The law of `g(z)` for a standard normal `z`, where `g` sees `z`, `f(μ + σz)` and `f'(μ + σz)`.
    fn under_the_normal<'a>(
        &'a self,
        g: impl Fn(f64, f64, f64) -> f64 + Copy + 'a,
    ) -> impl Iterator<Item = (f64, f64)> + Clone + 'a {
        self.nodes.iter().flat_map(move |node| {
            [0, 1].map(|i| (node.mass, g(SIGNS[i] * node.radius, node.values[i], node.slopes[i])))
        })
    }

    /// Moments of the score-function estimates `(f(x) − b_k) ∂ log N(x)/∂θ_k`, with a constant `baseline` for each
    /// parameter; `[0, 0]` is none.
    ///
    /// # Errors
    /// [`GaussianGradientError`] if a baseline is not finite, or so large that a variance overflows.
    pub fn score_function(&self, baseline: [f64; 2]) -> Result<GradientMoments, GaussianGradientError> {
        if let Some(&value) = baseline.iter().find(|b| !b.is_finite()) {
            return Err(GaussianGradientError::NotFinite { what: "the baseline b", value });
        }
        if !self.is_bounded(baseline) {
            return Err(GaussianGradientError::Overflow);
        }
        let [first, second] = [0, 1].map(|k| {
            law(self
                .under_the_normal(move |z, value, _| (value - baseline[k]) * (scaled_scores(z)[k] / self.deviation)))
        });
        Ok(moments(first, second))
    }

    /// The constant baselines of least variance, `b_k = E[f(x) s_k²]/E[s_k²]` with the scores `s_k`, one a parameter:
    /// `E[s²] = 1/σ²` for `μ` and `2/σ²` for `σ`.
    #[must_use]
    pub fn optimal_baseline(&self) -> [f64; 2] {
        // Around E f, which the baseline differs from by little where the cost is flat.
        let centre = self.expectation;
        [(0, 1.0), (1, 2.0)].map(|(k, squares)| {
            let terms = self.under_the_normal(move |z, value, _| {
                let score = scaled_scores(z)[k];
                (value - centre) * score * score
            });
            centre + sum(terms.map(|(p, x)| p * x)) / squares
        })
    }

    /// Moments of the pathwise estimates `f'(x)` and `f'(x) ε`, `x = μ + σε`.
    #[must_use]
    pub fn pathwise(&self) -> GradientMoments {
        moments(law(self.under_the_normal(|_, _, slope| slope)), law(self.under_the_normal(|z, _, slope| slope * z)))
    }

    /// Moments of the measure-valued estimates `(f(μ + σR) − f(μ − σR'))/(σ√(2π))` and `(f(μ + σM) − f(μ + σZ))/σ` with
    /// four independent draws: Rayleigh's twice, the double-sided Maxwell's, and a normal.
    #[must_use]
    pub fn measure_valued_independent(&self) -> GradientMoments {
        let rayleigh =
            |i: usize| law(self.nodes.iter().map(move |node| (node.mass * node.radius * ROOT_TWO_PI, node.values[i])));
        let maxwell = self.nodes.iter().flat_map(|node| {
            let mass = node.mass * node.radius * node.radius;
            node.values.map(|value| (mass, value))
        });
        let normal = self.under_the_normal(|_, value, _| value);
        let difference = |(first, variance): (f64, f64), (second, other): (f64, f64), scale: f64| {
            ((first - second) / scale, (variance + other) / scale / scale)
        };
        moments(
            difference(rayleigh(0), rayleigh(1), self.deviation * ROOT_TWO_PI),
            difference(law(maxwell), law(normal), self.deviation),
        )
    }

    /// Moments of the measure-valued estimates with coupled draws: `R' = R`, and `Z = M·U` with a uniform `U` of the unit
    /// interval.
    #[must_use]
    pub fn measure_valued_coupled(&self) -> GradientMoments {
        let scale = self.deviation * ROOT_TWO_PI;
        let by_mean = self.nodes.iter().map(move |node| {
            let [above, below] = node.values;
            (node.mass * node.radius * ROOT_TWO_PI, (above - below) / scale)
        });
        moments(law(by_mean), self.maxwell_less_its_part())
    }

    /// The mean and variance of `(f(μ + σM) − f(μ + σMU))/σ`.
    ///
    /// With `g = f − E f` along either side, `E h(M, MU) = Σ_± ∫_0^∞ m φ(m) ∫_0^m h(±m, ±t) dt dm`: the inner integrals of
    /// `h = ((g(m) − c) − g(t))²` are made of those of `g` and `g²`, which are carried along from panel to panel.
    fn maxwell_less_its_part(&self) -> (f64, f64) {
        let centre = self.expectation;
        // For each node and side: m φ(m) times its weight, m, g(m), ∫ g and ∫ g² from 0 to m.
        let mut carried: Vec<[f64; 5]> = Vec::with_capacity(2 * self.nodes.len());
        for (i, sign) in SIGNS.into_iter().enumerate() {
            let g = |t: f64| self.cost.value(self.mean + self.deviation * (sign * t)) - centre;
            let mut before = [Sum::new(); 2];
            for (panel, nodes) in self.nodes.chunks(NODES).enumerate() {
                let start = 2.0 * self.half * panel as f64;
                let [whole, squared] = before.map(Sum::value);
                for (node, (_, weight)) in nodes.iter().zip(&self.rule) {
                    let part = |h: &dyn Fn(f64) -> f64| composite(&self.rule, start, node.radius, 1, h);
                    let value = node.values[i] - centre;
                    carried.push([
                        node.mass * node.radius,
                        node.radius,
                        value,
                        whole + part(&g),
                        squared + part(&|t| g(t) * g(t)),
                    ]);
                    before[0].add(self.half * weight * value);
                    before[1].add(self.half * weight * value * value);
                }
            }
        }
        let mean = sum(carried.iter().map(|[mass, m, value, inner, _]| mass * (value * m - inner)));
        let variance = sum(carried.iter().map(|[mass, m, value, inner, squares]| {
            let gap = value - mean;
            mass * (gap * gap * m - 2.0 * gap * inner + squares)
        }));
        (mean / self.deviation, variance.max(0.0) / self.deviation / self.deviation)
    }
}
