//! Where else the pattern appears.

use crate::claims::prelude::*;

const LATENT: [f64; 3] = [0.1, -0.4, 0.7];
const LOG_JOINT: [f64; 3] = [-1.0, -2.0, -0.5];

/// `E_q[∇ log q (log p − log q)]`.
fn elbo_score_gradient(with_entropy: bool) -> Vec<f64> {
    let q = softmax(&LATENT);
    let mut out = vec![0.0; 3];
    for z in 0..3 {
        let weight = LOG_JOINT[z] - if with_entropy { numeric::ln(q[z]) } else { 0.0 };
        for k in 0..3 {
            out[k] += q[z] * (f64::from(u8::from(k == z)) - q[k]) * weight;
        }
    }
    out
}

/// The derivative of `Σ_z q (log p − log q)`.
fn elbo_derivative() -> Vec<f64> {
    let policy = tabular(1, 3, &LATENT);
    let mut q = vec![Dual::<3>::from(0.0); 3];
    policy.probabilities_over(0, 0, &Dual::point(&LATENT), &mut q);
    let terms = q.iter().zip(LOG_JOINT).map(|(q, joint)| *q * (Dual::from(joint) - q.ln()));
    terms.fold(Dual::from(0.0), |sum: Dual<3>, term| sum + term).tangents.to_vec()
}

/// Draws of `∇ log q (log p − log q)`, or without the entropy.
fn elbo_draws(with_entropy: bool) -> Sample {
    let q = softmax(&LATENT);
    let weight: Vec<f64> = (0..3).map(|z| LOG_JOINT[z] - if with_entropy { numeric::ln(q[z]) } else { 0.0 }).collect();
    let mean = elbo_score_gradient(with_entropy);
    let world = World::new(bandit(&weight), tabular(1, 3, &LATENT));
    let sample = world.sample(1, v1);
    debug_assert!(distance(&mean, &sample.mean().unwrap_or_default()) < 1e-12);
    sample
}

pub(in crate::claims) static ELBO: Claim = Claim {
    id: "ch04-appears-elbo",
    origin: Origin::Guide,
    quote: "This pattern appears everywhere: variational inference (ELBO gradient)",
    statement: "∇_φ E_q[log p(x,z) − log q] = E_q[∇ log q (log p − log q)].",
    because: "The score identity removes E[∇ log q] (Ranganath et al. 2014).",
    lesson: "The ELBO is a bandit whose reward is log p − log q.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "elbo_gradient",
        what: "the gradient along the 3 logits",
        value: Value::List(|| elbo_score_gradient(true)),
    }],
    trials: &[
        Trial {
            name: "the score form is the derivative",
            role: Role::Confirms,
            setting: "q = softmax(.1, −.4, .7), log p(x,z) = (−1, −2, −.5)",
            subject: Subject::Exact(|| elbo_score_gradient(true)),
            expected: elbo_derivative,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the entropy forgotten",
                subject: Subject::Exact(|| elbo_score_gradient(false)),
            }],
        },
        Trial {
            name: "the score form, drawn",
            role: Role::Confirms,
            setting: "q = softmax(.1, −.4, .7), log p(x,z) = (−1, −2, −.5)",
            subject: Subject::Sampled(|| elbo_draws(true)),
            expected: elbo_derivative,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the entropy forgotten",
                subject: Subject::Sampled(|| elbo_draws(false)),
            }],
        },
    ],
};

const MU: f64 = 0.5;
const SPREAD: f64 = 0.3;

fn target(x: f64) -> f64 {
    x * x * x * x - 2.0 * x
}

/// `E[f(μ + s z) z]/s`.
fn evolution_gradient() -> f64 {
    numeric::normal_expectation(24, |z| target(MU + SPREAD * z) * z / SPREAD)
}

/// `d/dμ E f(μ + s z)`, with `E (μ+sz)⁴ = μ⁴ + 6μ²s² + 3s⁴`.
fn smoothed_derivative() -> f64 {
    4.0 * MU * MU * MU + 12.0 * MU * SPREAD * SPREAD - 2.0
}

fn evolution_draws(divisor: f64) -> Sample {
    let estimate = move |z: f64| target(MU + SPREAD * z) * z / divisor;
    let mean = numeric::normal_expectation(24, estimate);
    let variance = numeric::normal_expectation(24, |z| (estimate(z) - mean) * (estimate(z) - mean));
    Box::new(Draws::new(vec![mean], vec![variance], move |stream, out| out[0] = estimate(stream.normal())))
}

pub(in crate::claims) static BLACKBOX: Claim = Claim {
    id: "ch04-appears-blackbox",
    origin: Origin::Guide,
    quote: "... black-box optimization",
    statement: "Evolution strategies: ∇_μ E[f(μ + s z)] = E[f z]/s.",
    because: "z/s is the score of the mean of a Gaussian (Wierstra et al. 2014; Salimans et al. 2017).",
    lesson: "It is the gradient of the smoothed function, not of f: here −0.96 against f'(.5) = −1.5.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "smoothed_gradient",
        what: "d/dμ E f(μ + s z)",
        value: Value::Number(evolution_gradient),
    }],
    trials: &[
        Trial {
            name: "the score form is the derivative of the smoothed function",
            role: Role::Confirms,
            setting: "f(x) = x⁴ − 2x, μ=.5, s=.3",
            subject: Subject::Exact(|| vec![evolution_gradient()]),
            expected: || vec![smoothed_derivative()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the derivative of f itself",
                subject: Subject::Exact(|| vec![4.0 * MU * MU * MU - 2.0]),
            }],
        },
        Trial {
            name: "the score form, drawn",
            role: Role::Confirms,
            setting: "f(x) = x⁴ − 2x, μ=.5, s=.3",
            subject: Subject::Sampled(|| evolution_draws(SPREAD)),
            expected: || vec![smoothed_derivative()],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "not divided by s",
                subject: Subject::Sampled(|| evolution_draws(1.0)),
            }],
        },
    ],
};

const NOISE: f64 = 0.6;

/// The density of x0 + s·noise, x0 = ±1, at any scalar.
fn noisy_density<S: Scalar>(x: S) -> S {
    let bell = |centre: f64| {
        let z = (x - S::from(centre)) / S::from(NOISE);
        (S::from(-0.5) * z * z).exp()
    };
    bell(1.0) + bell(-1.0)
}

/// `d/dx log p_s(x)`.
fn data_score(x: f64) -> f64 {
    noisy_density(Dual { value: x, tangents: [1.0] }).ln().tangents[0]
}

/// `E[(x0 − x)/s² | x]`, from the posterior of x0.
fn denoised(x: f64) -> f64 {
    let posterior = 1.0 / (1.0 + numeric::exp(-2.0 * x / (NOISE * NOISE)));
    (2.0 * posterior - 1.0 - x) / (NOISE * NOISE)
}

pub(in crate::claims) static DIFFUSION: Claim = Claim {
    id: "ch04-appears-diffusion",
    origin: Origin::Guide,
    quote: "... score-based diffusion models",
    statement: "There the score is ∇_x log p(x), of the data, not ∇_θ; the identity ∇p = p ∇ log p does enter denoising: \
                ∇_x log p_s(x) = E[(x0 − x)/s² | x].",
    because: "Differentiate the mixture p_s(x) = E N(x; x0, s²) (Vincent 2011).",
    lesson: "The same calculus, another variable: used as the score of a parameter it has the wrong sign. No score-function \
             gradient estimator is used to train such models.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "score_at_x",
        what: "d/dx log p_s(x) at x=.4",
        value: Value::Number(|| data_score(0.4)),
    }],
    trials: &[
        Trial {
            name: "denoising gives the score of the data",
            role: Role::Confirms,
            setting: "x0 = ±1, x = x0 + .6 noise, x = −1.2, .4 and 2",
            subject: Subject::Exact(|| [-1.2, 0.4, 2.0].map(denoised).to_vec()),
            expected: || [-1.2, 0.4, 2.0].map(data_score).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the noise not squared",
                subject: Subject::Exact(|| [-1.2, 0.4, 2.0].map(|x| NOISE * denoised(x)).to_vec()),
            }],
        },
        Trial {
            name: "taken for the score of a location parameter it has the wrong sign",
            role: Role::Limits,
            setting: "the same: E[x ∇_x log p_s(x)], against d/dm E[x+m] = 1",
            subject: Subject::Exact(|| vec![noisy_mean(|x| x * data_score(x))]),
            expected: || vec![1.0],
            judge: Judge::Different { at_least: 1.0, why: "off by the whole derivative and more: the sign is wrong" },
            counterfeits: &[Counterfeit {
                story: "the score of the location, −∇_x log p_s(x)",
                subject: Subject::Exact(|| vec![noisy_mean(|x| -x * data_score(x))]),
            }],
        },
        Trial {
            name: "taken for the score of a location parameter, drawn",
            role: Role::Limits,
            setting: "the same: E[x ∇_x log p_s(x)] = −1",
            subject: Subject::Sampled(|| data_score_draws(1.0)),
            expected: || vec![-1.0],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the score of the location, −∇_x log p_s(x)",
                subject: Subject::Sampled(|| data_score_draws(-1.0)),
            }],
        },
    ],
};

/// `E f(x)` under the noisy data.
fn noisy_mean(f: impl Fn(f64) -> f64) -> f64 {
    let around =
        |centre: f64| numeric::trapezoid(-9.0, 9.0, 2000, |x| f(x) * numeric::normal_density(x, centre, NOISE));
    0.5 * (around(1.0) + around(-1.0))
}

/// Draws of `sign · x ∇_x log p_s(x)`.
fn data_score_draws(sign: f64) -> Sample {
    let mean = noisy_mean(|x| sign * x * data_score(x));
    let variance = noisy_mean(|x| numeric::power(sign * x * data_score(x) - mean, 2));
    Box::new(Draws::new(vec![mean], vec![variance], move |stream, out| {
        let centre = if stream.uniform() < 0.5 { 1.0 } else { -1.0 };
        let x = centre + NOISE * stream.normal();
        out[0] = sign * x * data_score(x);
    }))
}
