//! Gradients of expectations under a normal law: closed forms, integrals of another kind, and sampling.
#![allow(missing_docs, clippy::unwrap_used)]

use std::f64::consts::PI;

use unbiased::batch::MeasureValuedNoise;
use unbiased::environment::ScalarCost;
use unbiased::estimator::gaussian::{measure_valued, pathwise, score_function};
use unbiased::exact::{GaussianGradient, GaussianGradientError, GradientMoments};
use unbiased::numeric::{
    central_gradient, composite, cos, exp, gauss_legendre, ln, normal_density, normal_distribution, power, sin, sum,
};
use unbiased::rng::{Stream, StreamKey};
use unbiased::rollout::{BLOCK, coupled_noise, gaussian_moments, independent_noise, maxwell, rayleigh};
use unbiased::stats::Moments;

const COSTS: [ScalarCost; 3] = [
    ScalarCost::Quadratic { centre: 0.5 },
    ScalarCost::Exponential { rate: 0.8 },
    ScalarCost::Cosine { frequency: 1.3 },
];

/// Means and deviations.
const POINTS: [(f64, f64); 2] = [(0.7, 0.6), (-1.2, 1.5)];

/// What is sampled, and what lies farther out: far means, small deviations, sharp and flat costs.
fn settings() -> Vec<(ScalarCost, f64, f64)> {
    let mut all: Vec<_> =
        COSTS.iter().flat_map(|&cost| POINTS.map(|(mean, deviation)| (cost, mean, deviation))).collect();
    all.extend([
        (ScalarCost::Quadratic { centre: -3.0 }, 4.0, 0.05),
        (ScalarCost::Quadratic { centre: 2.0 }, 2.0, 3.0),
        (ScalarCost::Exponential { rate: 0.0 }, 0.3, 0.7),
        (ScalarCost::Exponential { rate: 1e-3 }, 0.3, 0.7),
        (ScalarCost::Exponential { rate: 500.0 }, 0.3, 2.0),
        (ScalarCost::Exponential { rate: 0.5 }, 9.0, 1.0),
        (ScalarCost::Cosine { frequency: -1e-2 }, 0.4, 1.1),
        (ScalarCost::Cosine { frequency: 25.0 }, 0.4, 1.1),
    ]);
    all
}

/// All that the oracle says, by name.
fn estimators(exact: &GaussianGradient) -> [(&'static str, GradientMoments); 5] {
    [
        ("score function", exact.score_function([0.4, -0.3]).unwrap()),
        ("score function, optimal constants", exact.score_function(exact.optimal_baseline()).unwrap()),
        ("pathwise", exact.pathwise()),
        ("measure-valued, coupled", exact.measure_valued_coupled()),
        ("measure-valued, independent", exact.measure_valued_independent()),
    ]
}

fn assert_close(what: &str, got: [f64; 2], expected: [f64; 2], tolerance: f64) {
    for (k, (x, y)) in got.iter().zip(expected).enumerate() {
        assert!((x - y).abs() <= tolerance * y.abs().max(1.0), "{what}, {k}: {x} and {y}");
    }
}

/// Relative, however small; a variance of 0 may be the square of a rounding error.
fn assert_ratio(what: &str, got: [f64; 2], expected: [f64; 2], tolerance: f64) {
    for (k, (x, y)) in got.iter().zip(expected).enumerate() {
        assert!((x - y).abs() <= tolerance * y.abs() + 1e-29, "{what}, {k}: {x} and {y}");
    }
}

#[test]
fn the_means_of_all_five_estimators_are_the_derivatives() {
    for (cost, mean, deviation) in settings() {
        let exact = GaussianGradient::of(cost, mean, deviation).unwrap();
        for (name, moments) in estimators(&exact) {
            assert_close(&format!("{cost:?} at {mean}, {deviation}: {name}"), moments.mean, exact.gradient(), 1e-11);
        }
    }
}

#[test]
fn derivatives_are_those_of_the_expectation() {
    for (cost, mean, deviation) in settings() {
        let exact = GaussianGradient::of(cost, mean, deviation).unwrap();
        let expectation = |x: &[f64]| GaussianGradient::of(cost, x[0], x[1]).unwrap().expectation();
        let difference = central_gradient(&[mean, deviation], 1e-3, expectation);
        assert_close(&format!("{cost:?}"), exact.gradient(), [difference[0], difference[1]], 1e-9);
    }
}

#[test]
fn variances_of_the_quadratic_are_polynomials() {
    // From E z² = 1, E z⁴ = 3, E z⁶ = 15, E z⁸ = 105; E R = √(π/2), E R² = 2, E R³ = 3√(π/2), E R⁴ = 8; E M² = 3,
    // E M⁴ = 15; and f = d² + 2dσz + σ²z² with d = μ − k.
    for (centre, mean, s) in [(0.5, 0.7, 0.6), (0.5, -1.2, 1.5), (2.0, 2.0, 3.0), (-3.0, 4.0, 0.05)] {
        let exact = GaussianGradient::of(ScalarCost::Quadratic { centre }, mean, s).unwrap();
        let (d, b) = (mean - centre, [0.4, -0.3]);
        let (d2, s2) = (d * d, s * s);
        let (d4, s4) = (d2 * d2, s2 * s2);
        // E f²z² = d⁴ + 18d²σ² + 15σ⁴, E fz² = d² + 3σ²; E f²(z²−1)² = 2d⁴ + 60d²σ² + 78σ⁴, E f(z²−1)² = 2d² + 10σ².
        let score = |b: [f64; 2]| {
            [
                (d4 + 18.0 * d2 * s2 + 15.0 * s4 - 2.0 * b[0] * (d2 + 3.0 * s2) + b[0] * b[0]) / s2 - 4.0 * d2,
                (2.0 * d4 + 60.0 * d2 * s2 + 78.0 * s4 - 2.0 * b[1] * (2.0 * d2 + 10.0 * s2) + 2.0 * b[1] * b[1]) / s2
                    - 4.0 * s2,
            ]
        };
        let best = exact.optimal_baseline();
        assert_close("optimal constants", best, [d2 + 3.0 * s2, d2 + 5.0 * s2], 1e-13);
        let variance = |b| exact.score_function(b).unwrap().variance;
        // The polynomials cancel where d is many deviations.
        assert_ratio("score function", variance(b), score(b), 1e-11);
        let none = [d4 / s2 + 14.0 * d2 + 15.0 * s2, 2.0 * d4 / s2 + 60.0 * d2 + 74.0 * s2];
        assert_ratio("score function without a baseline", variance([0.0; 2]), none, 1e-12);
        let least = [8.0 * d2 + 6.0 * s2, 40.0 * d2 + 24.0 * s2];
        assert_ratio("score function with the best", variance(best), least, 1e-12);
        assert_ratio("pathwise", exact.pathwise().variance, [4.0 * s2, 4.0 * d2 + 8.0 * s2], 1e-12);
        let coupled = [4.0 * d2 * (4.0 - PI) / PI, 4.0 * d2 + 4.0 * s2];
        assert_ratio("coupled", exact.measure_valued_coupled().variance, coupled, 1e-12);
        let independent = [(2.0 * d2 * (4.0 - PI) + 4.0 * s2) / PI, 16.0 * d2 + 8.0 * s2];
        assert_ratio("independent", exact.measure_valued_independent().variance, independent, 1e-12);
    }
}

#[test]
fn one_rayleigh_draw_for_both_sides_doubles_the_variance_of_a_slope() {
    // The difference of an odd function is twice one side: coupling loses by a factor of two where the cost is a line,
    // and wins everything where it is even.
    let far = GaussianGradient::of(ScalarCost::Quadratic { centre: 1e4 }, 0.0, 1.0).unwrap();
    let ratio = far.measure_valued_coupled().variance[0] / far.measure_valued_independent().variance[0];
    assert!((ratio - 2.0).abs() < 1e-7, "{ratio}");
    let even = GaussianGradient::of(ScalarCost::Quadratic { centre: 0.0 }, 0.0, 1.0).unwrap();
    assert_eq!(even.measure_valued_coupled().variance[0], 0.0);
    assert!((even.measure_valued_independent().variance[0] - 4.0 / PI).abs() < 1e-12);
}

/// `E z^j` for `j < 5` under the normal law of mean `re + i·im` and variance `square`: `M_{j+1} = m M_j + j s² M_{j−1}`.
fn normal_moments(re: f64, im: f64, square: f64) -> [(f64, f64); 5] {
    let mut all = [(1.0, 0.0); 5];
    for j in 0..4 {
        let (x, y) = all[j];
        let (before_x, before_y) = if j == 0 { (0.0, 0.0) } else { all[j - 1] };
        let step = j as f64 * square;
        all[j + 1] = (re * x - im * y + step * before_x, re * y + im * x + step * before_y);
    }
    all
}

/// `E z^j exp(−q (μ + σz)²)`, `j < 5`: a normal law times a square's exponential is a normal law.
fn tilted(q: f64, mean: f64, deviation: f64) -> [f64; 5] {
    let square = 1.0 / (1.0 + 2.0 * q * deviation * deviation);
    let mass = square.sqrt() * exp(-q * mean * mean * square);
    normal_moments(-2.0 * q * deviation * mean * square, 0.0, square).map(|(x, _)| mass * x)
}

/// `E z^j cos(q (μ + σz))`, `j < 5`: the real part at a mean of `iqσ`.
fn turned(q: f64, mean: f64, deviation: f64) -> [f64; 5] {
    let turn = q * deviation;
    let (c, s) = (cos(q * mean), sin(q * mean));
    normal_moments(0.0, turn, 1.0).map(|(x, y)| exp(-0.5 * turn * turn) * (c * x - s * y))
}

/// `E z^j f^p` for `p` of 0, 1, 2, and `E z^j f'²`, all `j < 5` (the last: `j < 3`); for the costs that are no polynomial.
fn weighted_moments(cost: ScalarCost, mean: f64, deviation: f64) -> ([[f64; 5]; 3], [f64; 3]) {
    let plain = normal_moments(0.0, 0.0, 1.0).map(|(x, _)| x);
    match cost {
        ScalarCost::Quadratic { .. } => unreachable!("has formulas of its own"),
        ScalarCost::Exponential { rate } => {
            let square = tilted(2.0 * rate, mean, deviation);
            // f'² = 4k²x²f², x² = μ² + 2μσz + σ²z².
            let slopes = [0, 1, 2].map(|j| {
                let polynomial = mean * mean * square[j]
                    + 2.0 * mean * deviation * square[j + 1]
                    + deviation * deviation * square[j + 2];
                4.0 * rate * rate * polynomial
            });
            ([plain, tilted(rate, mean, deviation), square], slopes)
        }
        ScalarCost::Cosine { frequency } => {
            // cos² = (1 + cos 2kx)/2 and sin² = (1 − cos 2kx)/2.
            let double = turned(2.0 * frequency, mean, deviation);
            let square = std::array::from_fn(|j| 0.5 * (plain[j] + double[j]));
            let slopes = [0, 1, 2].map(|j| 0.5 * frequency * frequency * (plain[j] - double[j]));
            ([plain, turned(frequency, mean, deviation), square], slopes)
        }
    }
}

#[test]
fn variances_of_the_exponential_and_the_cosine_are_those_of_tilted_normal_laws() {
    for (cost, mean, deviation) in settings() {
        if cost.name() == "quadratic" {
            continue;
        }
        let what = |name: &str| format!("{cost:?} at {mean}, {deviation}: {name}");
        let exact = GaussianGradient::of(cost, mean, deviation).unwrap();
        let (f, slopes) = weighted_moments(cost, mean, deviation);
        let gradient = exact.gradient();
        assert!((exact.expectation() - f[1][0]).abs() < 1e-14);
        // s_μ² = z² and s_σ² = z⁴ − 2z² + 1, over σ².
        let by_scores = |p: usize| [f[p][2], f[p][4] - 2.0 * f[p][2] + f[p][0]];
        let [plain, once, twice] = [0, 1, 2].map(by_scores);
        let best = [once[0] / plain[0], once[1] / plain[1]];
        assert_close(&what("optimal constants"), exact.optimal_baseline(), best, 1e-12);
        for b in [[0.0; 2], [0.4, -0.3], best] {
            let variance: [f64; 2] = std::array::from_fn(|k| {
                (twice[k] - 2.0 * b[k] * once[k] + b[k] * b[k] * plain[k]) / (deviation * deviation)
                    - gradient[k] * gradient[k]
            });
            assert_close(&what("score function"), exact.score_function(b).unwrap().variance, variance, 1e-12);
        }
        let variance = [slopes[0] - gradient[0] * gradient[0], slopes[2] - gradient[1] * gradient[1]];
        assert_close(&what("pathwise"), exact.pathwise().variance, variance, 1e-12);
        // E f(M)^p = E z² f^p.
        let variance = f[2][2] - f[1][2] * f[1][2] + f[2][0] - f[1][0] * f[1][0];
        let got = exact.measure_valued_independent().variance[1];
        assert_close(&what("independent"), [got; 2], [variance / (deviation * deviation); 2], 1e-12);
    }
}

#[test]
fn the_coupled_variance_of_the_cosine_has_a_closed_form() {
    // With a = kσ, θ = kμ: E cos²(θ + aZ) = (1 + e^{−2a²} cos 2θ)/2, E cos²(θ + aM) = (1 + (1 − 4a²) e^{−2a²} cos 2θ)/2,
    // and by parts E cos(θ + aM) cos(θ + aMU) = ∫ mφ(m) cos(θ + am) (sin(θ + am) − sin θ)/a dm
    // = e^{−2a²} cos 2θ + e^{−a²/2} sin² θ.
    for (cost, mean, deviation) in settings() {
        let ScalarCost::Cosine { frequency } = cost else { continue };
        let exact = GaussianGradient::of(cost, mean, deviation).unwrap();
        let (a, theta) = (frequency * deviation, frequency * mean);
        let (once, twice) = (exp(-0.5 * a * a), exp(-2.0 * a * a) * cos(2.0 * theta));
        let squares = 0.5 * (1.0 + twice) + 0.5 * (1.0 + (1.0 - 4.0 * a * a) * twice);
        let cross = twice + once * power(sin(theta), 2);
        let gradient = exact.gradient()[1];
        let variance = (squares - 2.0 * cross) / (deviation * deviation) - gradient * gradient;
        let got = exact.measure_valued_coupled().variance[1];
        assert!((got - variance).abs() < 1e-13, "{cost:?} at {mean}, {deviation}: {got} and {variance}");
    }
}

/// A law as a list of probabilities and values.
type Law = Vec<(f64, f64)>;

/// `density` times the weights of a rule of its own on `panels` pieces, over `values`.
fn integrated(low: f64, high: f64, panels: usize, density: impl Fn(f64) -> f64, value: impl Fn(f64) -> f64) -> Law {
    let mut law = Law::new();
    composite(&gauss_legendre(20), low, high, panels, |x| {
        law.push((density(x), value(x)));
        0.0
    });
    // The weights, in the order of the calls above.
    let half = 0.5 * (high - low) / panels as f64;
    let rule = gauss_legendre(20);
    law.iter_mut().enumerate().for_each(|(i, (p, _))| *p *= half * rule[i % 20].1);
    law
}

fn phi(z: f64) -> f64 {
    normal_density(z, 0.0, 1.0)
}

fn under_normal(value: impl Fn(f64) -> f64) -> Law {
    integrated(-13.0, 13.0, 40, phi, value)
}

fn under_rayleigh(value: impl Fn(f64) -> f64) -> Law {
    integrated(0.0, 13.0, 20, |r| r * exp(-0.5 * r * r), value)
}

fn under_maxwell(value: impl Fn(f64) -> f64) -> Law {
    integrated(-13.0, 13.0, 40, |m| m * m * phi(m), value)
}

/// The law of `value(M, M·U)`, as a plain double integral.
fn under_coupled(value: impl Fn(f64, f64) -> f64) -> Law {
    let outer = under_maxwell(|m| m);
    outer.iter().flat_map(|&(p, m)| integrated(0.0, 1.0, 4, |_| p, |u| value(m, m * u))).collect()
}

/// Mean, variance and fourth central moment.
fn central_moments(law: &Law) -> [f64; 3] {
    let mean = sum(law.iter().map(|(p, x)| p * x));
    let [second, fourth] = [2, 4].map(|j| sum(law.iter().map(|(p, x)| p * power(x - mean, j))));
    [mean, second, fourth]
}

/// Those of `(X − Y)/scale` for independent `X` and `Y`.
fn difference([a, b, c]: [f64; 3], [x, y, z]: [f64; 3], scale: f64) -> [f64; 3] {
    [(a - x) / scale, (b + y) / power(scale, 2), (c + 6.0 * b * y + z) / power(scale, 4)]
}

/// Mean, variance and fourth central moment of both components of the five estimates, in the order of [`estimators`], from
/// laws of their own.
fn by_integrals(exact: &GaussianGradient, cost: ScalarCost, mean: f64, deviation: f64) -> [[[f64; 3]; 2]; 5] {
    let f = |z: f64| cost.value(mean + deviation * z);
    let scale = deviation * (2.0 * PI).sqrt();
    let score = |b: [f64; 2]| {
        [0, 1].map(|k| central_moments(&under_normal(|z| score_function(cost, mean, deviation, b, z)[k])))
    };
    [
        score([0.4, -0.3]),
        score(exact.optimal_baseline()),
        [0, 1].map(|k| central_moments(&under_normal(|z| pathwise(cost, mean, deviation, z)[k]))),
        [
            central_moments(&under_rayleigh(|r| (f(r) - f(-r)) / scale)),
            central_moments(&under_coupled(|m, z| (f(m) - f(z)) / deviation)),
        ],
        [
            difference(central_moments(&under_rayleigh(f)), central_moments(&under_rayleigh(|r| f(-r))), scale),
            difference(central_moments(&under_maxwell(f)), central_moments(&under_normal(f)), deviation),
        ],
    ]
}

#[test]
fn moments_are_those_of_plain_integrals_of_the_subjects() {
    for cost in COSTS {
        for (mean, deviation) in POINTS {
            let exact = GaussianGradient::of(cost, mean, deviation).unwrap();
            let integrals = by_integrals(&exact, cost, mean, deviation);
            for ((name, moments), expected) in estimators(&exact).into_iter().zip(integrals) {
                let what = format!("{cost:?} at {mean}, {deviation}: {name}");
                assert_close(&what, moments.mean, expected.map(|x| x[0]), 1e-12);
                assert_ratio(&what, moments.variance, expected.map(|x| x[1]), 1e-11);
            }
        }
    }
}

#[test]
fn no_constant_baseline_does_better_than_the_optimal_one() {
    for (cost, mean, deviation) in settings() {
        let exact = GaussianGradient::of(cost, mean, deviation).unwrap();
        let best = exact.optimal_baseline();
        let least = exact.score_function(best).unwrap().variance;
        for step in [-0.1, 0.1] {
            let other = exact.score_function(best.map(|b| b + step)).unwrap().variance;
            // A parabola: step² E[s²] more.
            let more = [1.0, 2.0].map(|squares| squares * step * step / (deviation * deviation));
            assert_close(&format!("{cost:?}"), other, [least[0] + more[0], least[1] + more[1]], 1e-11);
        }
    }
}

#[test]
fn a_flat_cost_keeps_its_digits() {
    // exp(−kx²) is 1 − kx² to first order in k: the variances are k² times the quadratic's, and E f² does not matter.
    let (mean, deviation, k) = (0.7, 0.6, 1e-6);
    let flat = GaussianGradient::of(ScalarCost::Exponential { rate: k }, mean, deviation).unwrap();
    let square = GaussianGradient::of(ScalarCost::Quadratic { centre: 0.0 }, mean, deviation).unwrap();
    let best = |exact: &GaussianGradient| exact.score_function(exact.optimal_baseline()).unwrap().variance;
    assert_ratio("optimal constants", best(&flat).map(|v| v / (k * k)), best(&square), 1e-5);
    for ((name, flat), (_, square)) in estimators(&flat).into_iter().zip(estimators(&square)).skip(2) {
        assert_ratio(name, flat.variance.map(|v| v / (k * k)), square.variance, 1e-5);
    }
}

#[test]
fn laws_that_have_no_answer_are_refused_with_a_reason() {
    let quadratic = ScalarCost::Quadratic { centre: 1.0 };
    let refuse = |cost, mean, deviation| GaussianGradient::of(cost, mean, deviation).unwrap_err().to_string();
    for (deviation, shown) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        assert_eq!(
            refuse(quadratic, 0.0, deviation),
            format!("the deviation σ of the normal law is {shown}; give a positive finite number")
        );
    }
    assert_eq!(refuse(quadratic, f64::NAN, 1.0), "the mean μ of the normal law is NaN; give a finite number");
    for name in ScalarCost::NAMES {
        let cost = ScalarCost::named(name, f64::NEG_INFINITY).unwrap();
        assert_eq!(refuse(cost, 0.0, 1.0), "the cost's parameter k is -inf; give a finite number");
    }
    assert_eq!(
        refuse(ScalarCost::Exponential { rate: -0.5 }, 0.0, 1.0),
        "the rate of the exponential cost is -0.5: the cost grows so fast that moments may be infinite; give a rate of 0 or more"
    );
    assert_eq!(
        refuse(ScalarCost::Cosine { frequency: -300.0 }, 0.0, 1.0),
        "the cost changes 300 times within a deviation of the normal law, and 256 are integrated; take a smaller σ or k"
    );
    let overflow =
        "a variance of the estimators overflows; take a mean, a deviation, a baseline and a cost nearer to 1";
    for (cost, mean, deviation) in [
        (quadratic, 1e160, 1.0),
        (quadratic, 0.0, 1e160),
        (quadratic, 0.0, 1e-200),
        (ScalarCost::Cosine { frequency: 1e200 }, 0.0, 1e-200),
    ] {
        assert_eq!(refuse(cost, mean, deviation), overflow, "{cost:?} at {mean}, {deviation}");
    }
    let exact = GaussianGradient::of(quadratic, 0.0, 1.0).unwrap();
    assert_eq!(
        exact.score_function([0.0, f64::NAN]).unwrap_err().to_string(),
        "the baseline b is NaN; give a finite number"
    );
    assert_eq!(exact.score_function([1e200, 0.0]), Err(GaussianGradientError::Overflow));
}

#[test]
fn a_maxwell_draw_times_a_uniform_one_is_standard_normal() {
    let coupled = under_coupled(|_, z| z);
    for (j, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
        let moment = sum(coupled.iter().map(|(p, z)| p * power(*z, j)));
        assert!((moment - expected).abs() < 1e-12 * expected.max(1.0), "power {j}: {moment}");
    }
    // E M^j E U^j = (j + 1)!!/(j + 1) = (j − 1)!!.
    for (j, double_factorial) in [(2, 3.0), (4, 15.0), (6, 105.0)] {
        let moment = sum(under_maxwell(|m| power(m, j)).iter().map(|(p, x)| p * x));
        assert!((moment / double_factorial - 1.0).abs() < 1e-13);
    }
    // The whole law, by its characteristic function.
    for t in [0.3, 1.0, 2.5] {
        let wave = sum(coupled.iter().map(|(p, z)| p * cos(t * z)));
        assert!((wave - exp(-0.5 * t * t)).abs() < 1e-13, "at {t}: {wave}");
    }
}

/// Groups of a statistic, and the draws of each.
///
/// Every group is a sum of independent draws with known mean and variance: by Chebyshev it strays three standard errors
/// with probability at most 1/9, without a normal approximation, and the median of 41 groups does with at most
/// `P(Bin(41, 1/9) ≥ 21) < 3e-10`. The tests below compare fewer than 200 medians: a wrong alarm has a probability below
/// 6e-8. The seed was not chosen.
const GROUPS: u64 = 41;
const GROUP: usize = 4 * BLOCK;
const STRAY: f64 = 3.0;

fn groups(name: &str, subject: impl Fn(&mut Stream) -> [f64; 2] + Sync) -> Vec<Moments> {
    (0..GROUPS).map(|part| gaussian_moments(&StreamKey::of(0, name, part), GROUP, &subject)).collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Which of the median mean and variance of either component is off, if one is.
fn stray(groups: &[Moments], mean: [f64; 2], variance: [f64; 2], fourth: [f64; 2]) -> Option<String> {
    let n = GROUP as f64;
    for k in 0..2 {
        let (got, allowed) = (median(groups.iter().map(|m| m.mean()[k])), STRAY * (variance[k] / n).sqrt());
        if (got - mean[k]).abs() > allowed {
            return Some(format!("mean {k}: {got} and {}, allowed {allowed}", mean[k]));
        }
        // Var s² = (μ₄ − σ⁴ (n − 3)/(n − 1))/n.
        let spread = (fourth[k] - variance[k] * variance[k] * (n - 3.0) / (n - 1.0)) / n;
        let (got, allowed) = (median(groups.iter().map(|m| m.variance()[k])), STRAY * spread.sqrt());
        if (got - variance[k]).abs() > allowed {
            return Some(format!("variance {k}: {got} and {}, allowed {allowed}", variance[k]));
        }
    }
    None
}

/// An estimate of `[d/dμ, d/dσ]` from the numbers of a stream.
type Subject = Box<dyn Fn(&mut Stream) -> [f64; 2] + Sync>;

/// The subjects, in the order of [`estimators`].
fn subjects(cost: ScalarCost, mean: f64, deviation: f64, best: [f64; 2]) -> [Subject; 5] {
    [
        Box::new(move |s| score_function(cost, mean, deviation, [0.4, -0.3], s.normal())),
        Box::new(move |s| score_function(cost, mean, deviation, best, s.normal())),
        Box::new(move |s| pathwise(cost, mean, deviation, s.normal())),
        Box::new(move |s| measure_valued(cost, mean, deviation, &coupled_noise(s))),
        Box::new(move |s| measure_valued(cost, mean, deviation, &independent_noise(s))),
    ]
}

#[test]
fn sampled_means_and_variances_are_the_exact_ones() {
    for cost in COSTS {
        for (mean, deviation) in POINTS {
            let exact = GaussianGradient::of(cost, mean, deviation).unwrap();
            let integrals = by_integrals(&exact, cost, mean, deviation);
            let subjects = subjects(cost, mean, deviation, exact.optimal_baseline());
            for (((name, moments), integrals), subject) in estimators(&exact).iter().zip(integrals).zip(subjects) {
                let what = format!("{cost:?} at {mean}, {deviation}: {name}");
                let sampled = groups(&what, subject);
                let stray = stray(&sampled, moments.mean, moments.variance, integrals.map(|x| x[2]));
                assert_eq!(stray, None, "{what}");
            }
        }
    }
}

#[test]
fn wrong_subjects_are_caught() {
    let (cost, (mean, deviation)) = (COSTS[0], POINTS[0]);
    let exact = GaussianGradient::of(cost, mean, deviation).unwrap();
    let integrals = by_integrals(&exact, cost, mean, deviation);
    let estimators = estimators(&exact);
    let of = |estimator: usize, name: &str, wrong: &(dyn Fn(&mut Stream) -> [f64; 2] + Sync)| {
        let (_, moments) = estimators[estimator];
        let fourth = integrals[estimator].map(|x| x[2]);
        assert!(stray(&groups(name, wrong), moments.mean, moments.variance, fourth).is_some(), "{name} passed");
    };
    of(0, "the baseline forgotten", &|s| score_function(cost, mean, deviation, [0.0; 2], s.normal()));
    of(0, "the score of the variance in place of the deviation's", &|s| {
        let [by_mean, by_deviation] = score_function(cost, mean, deviation, [0.4, -0.3], s.normal());
        [by_mean, by_deviation / (2.0 * deviation)]
    });
    of(2, "a path that forgets the noise", &|s| [pathwise(cost, mean, deviation, s.normal())[0]; 2]);
    of(3, "independent draws for coupled ones", &|s| measure_valued(cost, mean, deviation, &independent_noise(s)));
    of(4, "coupled draws for independent ones", &|s| measure_valued(cost, mean, deviation, &coupled_noise(s)));
    of(3, "a normal in place of Maxwell's draw", &|s| {
        let noise = MeasureValuedNoise::coupled(rayleigh(s), s.normal(), s.uniform());
        measure_valued(cost, mean, deviation, &noise)
    });
    of(3, "a one-sided Maxwell draw", &|s| {
        let noise = MeasureValuedNoise::coupled(rayleigh(s), maxwell(s).abs(), s.uniform());
        measure_valued(cost, mean, deviation, &noise)
    });
    of(4, "Weibull's scale of 1 in place of √2", &|s| {
        let noise = independent_noise(s);
        let rayleigh = noise.rayleigh.map(|r| r / 2.0_f64.sqrt());
        measure_valued(cost, mean, deviation, &MeasureValuedNoise { rayleigh, ..noise })
    });
}

#[test]
fn the_noise_has_its_law() {
    // The mean and the variance of X^j, that is E X^k to k = 8.
    let judge = |name: &str, power_j: usize, law: &Law, draw: &(dyn Fn(&mut Stream) -> f64 + Sync)| {
        // With the indicator of a value above 1, which moments do not see.
        let of = |x: f64| [power(x, power_j), if x > 1.0 { 1.0 } else { 0.0 }];
        let [mean, variance, fourth] = central_moments(&law.iter().map(|(p, x)| (*p, of(*x)[0])).collect());
        let tail = match name {
            "Rayleigh" => exp(-0.5),
            // P(M > 1) = φ(1) + P(z > 1), by parts.
            "Maxwell" => phi(1.0) + normal_distribution(-1.0),
            _ => normal_distribution(-1.0),
        };
        let (spread, kurtosis) = (tail * (1.0 - tail), tail * (1.0 - tail) * (1.0 - 3.0 * tail * (1.0 - tail)));
        let sampled = groups(&format!("{name}, power {power_j}"), |s| of(draw(s)));
        let stray = stray(&sampled, [mean, tail], [variance, spread], [fourth, kurtosis]);
        assert_eq!(stray, None, "{name}, power {power_j}");
    };
    let (rayleigh_law, maxwell_law, normal_law) = (under_rayleigh(|x| x), under_maxwell(|x| x), under_normal(|x| x));
    for j in 1..=4 {
        judge("Rayleigh", j, &rayleigh_law, &rayleigh);
        judge("Maxwell", j, &maxwell_law, &maxwell);
        judge("coupled normal", j, &normal_law, &|s| coupled_noise(s).normal);
    }
    judge("Rayleigh", 2, &rayleigh_law, &|s| independent_noise(s).rayleigh[1]);
    judge("independent normal", 2, &normal_law, &|s| independent_noise(s).normal);
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let key = StreamKey::of(0, "Gaussian gradients", 1);
    let (cost, (mean, deviation)) = (COSTS[2], POINTS[1]);
    let coupled = || gaussian_moments(&key, 9_001, |s| measure_valued(cost, mean, deviation, &coupled_noise(s)));
    let independent =
        || gaussian_moments(&key, 9_001, |s| measure_valued(cost, mean, deviation, &independent_noise(s)));
    let plain = (coupled(), independent());
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| (coupled(), independent())), plain, "{threads} threads");
    }
    assert_eq!((plain.0.count(), gaussian_moments(&key, 0, |_| [0.0; 2]).count()), (9_001, 0));
    // Golden bits, so that a change of the stream is noticed.
    assert_eq!([&plain.0, &plain.1].map(|moments| moments.mean()[1].to_bits()), GOLDEN);
    // The first block by hand.
    let mut stream = key.stream(0);
    let first = gaussian_moments(&key, 1, |s| [rayleigh(s), maxwell(s)]);
    let radius = (-2.0 * ln(1.0 - stream.uniform())).sqrt();
    assert_eq!(first.mean()[0], radius);
}

const GOLDEN: [u64; 2] = [13_799_327_019_407_425_349, 13_788_887_237_824_401_820];
