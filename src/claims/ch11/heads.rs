//! What a policy's distribution must be, and what single families can be.

use crate::claims::ch04::conditions::{uniform_draws, uniform_mean, uniform_score};
use crate::claims::prelude::*;
use crate::policy::GaussianPolicy;

/// The variance of `g G` for a Gaussian at distance 1 from the best action.
fn variance_at(sigma: f64) -> f64 {
    one_step_gaussian(1.0, sigma).reward_to_go(0.0).variance[0]
}

/// The same by quadrature: `g = z/σ`, reward `−(1 + σz)²`.
fn variance_by_quadrature(sigma: f64) -> f64 {
    let estimate = |z: f64| z / sigma * -(1.0 + sigma * z) * (1.0 + sigma * z);
    let mean = numeric::normal_expectation(24, estimate);
    numeric::normal_expectation(24, |z| (estimate(z) - mean) * (estimate(z) - mean))
}

pub(in crate::claims) static ONE_REQUIREMENT: Claim = Claim {
    id: "ch11-only-one-requirement",
    origin: Origin::Guide,
    quote: "The entire derivation only requires one thing: that you can compute grad log pi",
    statement: "It also needs a support that does not depend on θ, positive probabilities (a deterministic policy has no score), \
                integrable returns, and rewards free of θ.",
    because: "Exchanging derivative and integral has a boundary term where the support moves (ch04-leibniz).",
    lesson: "U[0,θ] has a computable ∇ log π, and its policy gradient has the wrong sign. One requirement is not enough: check \
             that the mean score is zero.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "true_derivative",
            what: "dJ/dθ of J=E[a], a uniform on [0,θ], θ=2",
            value: Value::Number(|| {
                let mean = |theta: f64| uniform_mean(theta, |a| a);
                numeric::central_gradient(&[2.0], 0.5, |x| mean(x[0]))[0]
            }),
        },
        Quantity {
            key: "score_gradient",
            what: "E[a d/dθ log p]",
            value: Value::Number(|| uniform_mean(2.0, |a| a * uniform_score(2.0))),
        },
    ],
    trials: &[
        Trial {
            name: "a Gaussian meets all requirements",
            role: Role::Confirms,
            setting: "set-gaussian, d=1, σ=.5: E[g r] by quadrature, and dJ/dμ of the closed form −(d²+σ²)",
            subject: Subject::Exact(|| {
                vec![numeric::normal_expectation(24, |z| z / 0.5 * -(1.0 + 0.5 * z) * (1.0 + 0.5 * z))]
            }),
            expected: || vec![one_step_gaussian(1.0, 0.5).gradient()[0]],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the score divided by σ once more",
                subject: Subject::Exact(|| {
                    vec![numeric::normal_expectation(24, |z| z / 0.25 * -(1.0 + 0.5 * z) * (1.0 + 0.5 * z))]
                }),
            }],
        },
        Trial {
            name: "a uniform range that θ ends: the sign is wrong",
            role: Role::Limits,
            setting: "a uniform on [0,θ], θ=2: E[a d/dθ log p] over dJ/dθ = 1/2",
            subject: Subject::Exact(|| vec![uniform_mean(2.0, |a| a * uniform_score(2.0)) / 0.5]),
            expected: || vec![0.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a regular family: a normal around θ",
                subject: Subject::Exact(|| vec![numeric::normal_expectation(8, |z| (2.0 + z) * z)]),
            }],
        },
        Trial {
            name: "the same, drawn",
            role: Role::Limits,
            setting: "a uniform on [0,2]: E[a d/dθ log p] = −1/2",
            subject: Subject::Sampled(|| uniform_draws(1.0)),
            expected: || vec![-0.5],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the derivative, 1/2",
                subject: Subject::Sampled(|| uniform_draws(-1.0)),
            }],
        },
        Trial {
            name: "towards a deterministic policy the variance grows without bound",
            role: Role::Limits,
            setting: "set-gaussian, d=1, σ=.1 and .01: trVar of g r over that at σ=1, more than 1/(30 σ²); recursion of \
                      linear-Gaussian moments",
            subject: Subject::Exact(|| [0.1, 0.01].map(|sigma| variance_at(sigma) * 30.0 * sigma * sigma).to_vec()),
            expected: || vec![variance_at(1.0); 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "bounded",
                subject: Subject::Exact(|| [0.1, 0.01].map(|sigma| variance_at(1.0) * 30.0 * sigma * sigma).to_vec()),
            }],
        },
        Trial {
            name: "those variances, by moments and by quadrature",
            role: Role::Limits,
            setting: "set-gaussian, d=1, σ=1, .1, .01; times σ²",
            subject: Subject::Exact(|| [1.0, 0.1, 0.01].map(|sigma| variance_at(sigma) * sigma * sigma).to_vec()),
            expected: || [1.0, 0.1, 0.01].map(|sigma| variance_by_quadrature(sigma) * sigma * sigma).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the best constant subtracted",
                subject: Subject::Exact(|| {
                    let at = |sigma: f64| {
                        let baseline = -(1.0 + 3.0 * sigma * sigma);
                        one_step_gaussian(1.0, sigma).reward_to_go(baseline).variance[0] * sigma * sigma
                    };
                    [1.0, 0.1, 0.01].map(at).to_vec()
                }),
            }],
        },
    ],
};

const MU: f64 = 0.3;
const SPREAD: f64 = 0.5;
const BEFORE_SQUASHING: f64 = 0.9;

fn squashed() -> GaussianPolicy {
    GaussianPolicy::diagonal(1, &[MU], &[SPREAD]).expect("a mean and a deviation").squashed()
}

/// `d/dμ log p(a)` for `a = tanh(u)`, by differences of the density with its log-determinant.
fn difference_score(u: f64) -> f64 {
    let at = |mu: f64| {
        let policy = GaussianPolicy::diagonal(1, &[mu], &[SPREAD]).expect("a mean and a deviation");
        policy.squashed().log_prob(&[1.0], &[numeric::tanh(u)])
    };
    numeric::central_gradient(&[MU], 1e-3, |x| at(x[0]))[0]
}

/// `∫ f(a) p(a) da` over the squashed actions.
fn over_actions(f: impl Fn(f64) -> f64) -> f64 {
    // The density vanishes at the ends faster than any power: the trapezoid rule converges quickly.
    numeric::trapezoid(-1.0, 1.0, 4000, |a| {
        if a.abs() < 1.0 { f(a) * numeric::exp(squashed().log_prob(&[1.0], &[a])) } else { 0.0 }
    })
}

pub(in crate::claims) static TANH: Claim = Claim {
    id: "ch11-tanh-squash",
    origin: Origin::Ours,
    quote: "(continuous heads) squashed Gaussians",
    statement: "For a fixed action the log-determinant of the squashing does not depend on θ: the score is that of the Gaussian \
                before \
                the squashing.",
    because: "log p(a) = log N(artanh a; μ, σ²) − log(1 − a²), and a is data (Haarnoja et al. 2018, appendix C).",
    lesson: "A policy gradient may leave the log-determinant out; an entropy bonus, a KL between different squashings, or a \
             pathwise gradient may not. The density needs it to be one.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "score",
        what: "d log p/dμ at μ=.3, σ=.5, u=.9",
        value: Value::Number(|| squashed().score(&[1.0], &[numeric::tanh(BEFORE_SQUASHING)])[0]),
    }],
    trials: &[
        Trial {
            name: "the score with the log-determinant is that without",
            role: Role::Confirms,
            setting: "a = tanh(u), u~N(.3, .5²), u=.9 and −1.4: differences of the density with it; (u−μ)/σ² without",
            subject: Subject::Exact(|| [0.9, -1.4].map(difference_score).to_vec()),
            expected: || [0.9, -1.4].map(|u| (u - MU) / (SPREAD * SPREAD)).to_vec(),
            judge: DIFFERENCES,
            counterfeits: &[Counterfeit {
                story: "the squashed action in place of u",
                subject: Subject::Exact(|| [0.9, -1.4].map(|u| (numeric::tanh(u) - MU) / (SPREAD * SPREAD)).to_vec()),
            }],
        },
        Trial {
            name: "the policy's closed-form score",
            role: Role::Confirms,
            setting: "the same at μ and log σ; the density differentiated along dual numbers",
            subject: Subject::Exact(|| squashed().score(&[1.0], &[numeric::tanh(BEFORE_SQUASHING)])),
            expected: || {
                let action = [numeric::tanh(BEFORE_SQUASHING)];
                crate::autodiff::gradient(squashed().parameters(), |theta| {
                    squashed().log_density(theta, &[1.0], &action)
                })
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the unsquashed policy's at the squashed action",
                subject: Subject::Exact(|| {
                    let plain = GaussianPolicy::diagonal(1, &[MU], &[SPREAD]).expect("a mean and a deviation");
                    plain.score(&[1.0], &[numeric::tanh(BEFORE_SQUASHING)])
                }),
            }],
        },
        Trial {
            name: "the density integrates to one and its score to zero",
            role: Role::Confirms,
            setting: "integrals over (−1, 1) by the trapezoid rule: of p, and of p d log p/dμ",
            subject: Subject::Exact(|| {
                vec![over_actions(|_| 1.0), over_actions(|a| squashed().score(&[1.0], &[a])[0])]
            }),
            expected: || vec![1.0, 0.0],
            judge: Judge::Exact { tolerance: 1e-9, why: "the rule's error at 4,000 nodes" },
            counterfeits: &[Counterfeit {
                story: "the density without the log-determinant",
                subject: Subject::Exact(|| vec![over_actions(|a| 1.0 - a * a), 0.0]),
            }],
        },
    ],
};

const MODES: f64 = 1.0;
const NARROW: f64 = 0.1;
const NEAR: f64 = 0.2;

/// `P(||a| − 1| < .2)` under a normal.
fn near_a_mode(mean: f64, deviation: f64) -> f64 {
    let below = |x: f64| numeric::normal_distribution((x - mean) / deviation);
    let around = |mode: f64| below(mode + NEAR) - below(mode - NEAR);
    around(MODES) + around(-MODES)
}

/// The mixture's integral of `f`, by the trapezoid rule.
fn over_mixture(f: impl Fn(f64) -> f64) -> f64 {
    let density =
        |a: f64| 0.5 * numeric::normal_density(a, -MODES, NARROW) + 0.5 * numeric::normal_density(a, MODES, NARROW);
    numeric::trapezoid(-2.5, 2.5, 2000, |a| f(a) * density(a))
}

/// The maximum-likelihood Gaussian's mean and variance: those of the mixture.
fn fitted() -> [f64; 2] {
    let mean = over_mixture(|a| a);
    [mean, over_mixture(|a| (a - mean) * (a - mean))]
}

/// The derivatives of the mixture's mean `log N(a; m, σ²)` in `m` and `log σ`, along dual numbers.
fn likelihood_slopes(mean: f64, log_deviation: f64) -> Vec<f64> {
    let (first, second) = (over_mixture(|a| a), over_mixture(|a| a * a));
    crate::autodiff::gradient(&[mean, log_deviation], |x| {
        let number = Dual::<16>::from;
        // E (a−m)², from the mixture's first two moments.
        let square = number(second) - number(2.0 * first) * x[0] + x[0] * x[0];
        number(0.0) - x[1] - number(0.5) * square / (number(2.0) * x[1]).exp()
    })
}

pub(in crate::claims) static UNIMODAL: Claim = Claim {
    id: "ch11-gaussian-unimodal",
    origin: Origin::Guide,
    quote: "Diffusion for multimodal action distributions (multiple valid ways to grasp)",
    statement: "The maximum-likelihood Gaussian of a mixture of two modes has the mixture's mean and variance, and puts little \
                mass \
                near either mode.",
    because: "The log-likelihood of a Gaussian depends on the first two moments alone.",
    lesson: "The average of two valid grasps is no grasp. A head that can be multimodal (mixture, discretised, diffusion) is \
             needed.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "p_mixture",
            what: "P(||a|−1| < .2) under the mixture",
            value: Value::Number(|| 0.5 * near_a_mode(MODES, NARROW) + 0.5 * near_a_mode(-MODES, NARROW)),
        },
        Quantity {
            key: "p_gaussian",
            what: "the same under the maximum-likelihood Gaussian",
            value: Value::Number(|| near_a_mode(0.0, (MODES * MODES + NARROW * NARROW).sqrt())),
        },
    ],
    trials: &[
        Trial {
            name: "the fitted mean and variance are where the likelihood is stationary",
            role: Role::Confirms,
            setting: "mixture ½N(−1,.1²)+½N(1,.1²): its moments by quadrature; the derivative of E[log N] in mean and log σ there",
            subject: Subject::Exact(|| {
                let [mean, variance] = fitted();
                likelihood_slopes(mean, 0.5 * numeric::ln(variance))
            }),
            expected: || vec![0.0; 2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one mode alone",
                subject: Subject::Exact(|| likelihood_slopes(MODES, numeric::ln(NARROW))),
            }],
        },
        Trial {
            name: "the mass near the modes, in closed form and by integration",
            role: Role::Confirms,
            setting: "P(||a|−1| < .2) under the mixture and under its fit",
            subject: Subject::Exact(|| {
                let [mean, variance] = fitted();
                vec![
                    0.5 * near_a_mode(MODES, NARROW) + 0.5 * near_a_mode(-MODES, NARROW),
                    near_a_mode(mean, variance.sqrt()),
                ]
            }),
            expected: || {
                // Simpson's rule on the two intervals.
                let integral = |density: &dyn Fn(f64) -> f64| {
                    let n = 400;
                    let h = 2.0 * NEAR / f64::from(n);
                    let weight = |i: i32| {
                        if i == 0 || i == n {
                            1.0
                        } else if i % 2 == 1 {
                            4.0
                        } else {
                            2.0
                        }
                    };
                    let around = |mode: f64| -> f64 {
                        let at = |i: i32| weight(i) * density(mode - NEAR + h * f64::from(i));
                        (0..=n).map(at).sum::<f64>() * h / 3.0
                    };
                    around(MODES) + around(-MODES)
                };
                let normal = |mean: f64, deviation: f64| move |a: f64| numeric::normal_density(a, mean, deviation);
                let mixture = |a: f64| 0.5 * normal(-MODES, NARROW)(a) + 0.5 * normal(MODES, NARROW)(a);
                vec![integral(&mixture), integral(&normal(0.0, (MODES * MODES + NARROW * NARROW).sqrt()))]
            },
            judge: Judge::Exact { tolerance: 1e-9, why: "Simpson's rule at 400 intervals" },
            counterfeits: &[Counterfeit {
                story: "the fit as good as the mixture",
                subject: Subject::Exact(|| vec![near_a_mode(MODES, NARROW); 2]),
            }],
        },
        Trial {
            name: "the fit has less than a quarter of the mixture's mass there",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| vec![near_a_mode(0.0, (MODES * MODES + NARROW * NARROW).sqrt())]),
            expected: || vec![near_a_mode(MODES, NARROW)],
            judge: Judge::Ratio { bound: Bound::Below(0.25), why: "\"little mass\", put as a number" },
            counterfeits: &[Counterfeit {
                story: "a Gaussian at one mode",
                subject: Subject::Exact(|| vec![0.5 * near_a_mode(MODES, NARROW)]),
            }],
        },
        Trial {
            name: "the mass under the fit, drawn",
            role: Role::Confirms,
            setting: "normals of the fitted mean and variance",
            subject: Subject::Sampled(|| mass_draws((MODES * MODES + NARROW * NARROW).sqrt())),
            expected: || vec![near_a_mode(0.0, (MODES * MODES + NARROW * NARROW).sqrt())],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "half the standard deviation",
                subject: Subject::Sampled(|| mass_draws(0.5 * (MODES * MODES + NARROW * NARROW).sqrt())),
            }],
        },
    ],
};

fn mass_draws(deviation: f64) -> Sample {
    let p = near_a_mode(0.0, deviation);
    Box::new(Draws::new(vec![p], vec![p * (1.0 - p)], move |stream, out| {
        let a = deviation * stream.normal();
        out[0] = f64::from(u8::from((a.abs() - MODES).abs() < NEAR));
    }))
}

pub(in crate::claims) static SIZES: Claim = Claim {
    id: "ch11-mlp-sizes",
    origin: Origin::Guide,
    quote: "2-3 hidden layers, 256 or 512 units is the most common setup in MuJoCo",
    statement: "A survey statement; several reference PPO and TRPO configurations for MuJoCo use two layers of 64 tanh units.",
    because: "How common a setup is, is a fact about publications and not about gradients.",
    lesson: "Outside: a survey statement about common configurations; a program could only count parameters.",
    recorded: Finding::Outside,
    quantities: &[],
    trials: &[],
};
