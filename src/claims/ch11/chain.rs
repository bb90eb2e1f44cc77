//! Policies that act through a chain of hidden draws: a small denoising chain, discrete and Gaussian.

use crate::autodiff::{Tape, Traced};
use crate::claims::prelude::*;

/// p(z=1)=σ(θ0), p(a|z=0)=softmax(θ1..θ3), p(a|z=1)=softmax(θ4..θ6).
const THETA: [f64; 7] = [0.4, 0.3, -0.2, 0.5, -0.6, 0.9, 0.1];
const REWARDS: [f64; 3] = [1.0, 3.0, 0.0];

/// `p(z, a)`, over any scalar.
fn joint<S: Scalar>(theta: &[S], z: usize, a: usize) -> S {
    let one = sigmoid(theta[0]);
    let latent = if z == 1 { one } else { S::from(1.0) - one };
    let logits = &theta[1 + 3 * z..4 + 3 * z];
    let total = logits.iter().fold(S::from(0.0), |sum, x| sum + x.exp());
    latent * logits[a].exp() / total
}

/// `p(a) = Σ_z p(z, a)`.
fn marginal<S: Scalar>(theta: &[S], a: usize) -> S {
    joint(theta, 0, a) + joint(theta, 1, a)
}

/// Every draw with its probability.
fn draws() -> impl Iterator<Item = (f64, usize, usize)> {
    (0..6).map(|k| (joint(&THETA, k / 3, k % 3), k / 3, k % 3))
}

/// The derivative of a function of θ by a reverse sweep.
fn swept(f: impl for<'t> Fn(&[Traced<'t>]) -> Traced<'t>) -> Vec<f64> {
    let tape = Tape::new();
    let theta = Traced::point(&tape, &THETA);
    f(&theta).gradient(&theta)
}

/// The score of the whole chain.
fn joint_score(z: usize, a: usize) -> Vec<f64> {
    swept(|theta| joint(theta, z, a).ln())
}

/// The score of the action alone, which needs the sum over what was hidden.
fn marginal_score(_: usize, a: usize) -> Vec<f64> {
    swept(|theta| marginal(theta, a).ln())
}

/// The gradient of `Σ_z ½ log p(z, a)`: the evidence lower bound with a uniform q, up to a constant.
fn elbo_gradient(_: usize, a: usize) -> Vec<f64> {
    swept(|theta| Traced::from(0.5) * (joint(theta, 0, a).ln() + joint(theta, 1, a).ln()))
}

type Gradient = fn(usize, usize) -> Vec<f64>;

/// `E[gradient · r]`.
fn mean(gradient: Gradient) -> Vec<f64> {
    let mut sums = vec![0.0; 7];
    for (p, z, a) in draws() {
        sums.iter_mut().zip(gradient(z, a)).for_each(|(sum, g)| *sum += p * REWARDS[a] * g);
    }
    sums
}

fn variance(gradient: Gradient) -> Vec<f64> {
    let mean = mean(gradient);
    let mut sums = vec![0.0; 7];
    for (p, z, a) in draws() {
        for ((sum, g), m) in sums.iter_mut().zip(gradient(z, a)).zip(&mean) {
            *sum += p * (REWARDS[a] * g - m) * (REWARDS[a] * g - m);
        }
    }
    sums
}

fn trace(gradient: Gradient) -> f64 {
    variance(gradient).iter().sum()
}

/// `∇ Σ_a p(a) r(a)` along dual numbers.
fn gradient() -> Vec<f64> {
    crate::autodiff::gradient(&THETA, |theta| {
        (0..3).fold(Dual::from(0.0), |sum, a| sum + marginal(theta, a) * Dual::from(REWARDS[a]))
    })
}

fn drawn(gradient: Gradient) -> Sample {
    let table: Vec<(f64, Vec<f64>)> = draws().map(|(p, z, a)| (p, scale(REWARDS[a], &gradient(z, a)))).collect();
    Box::new(Draws::new(mean(gradient), variance(gradient), move |stream, out| {
        let mut u = stream.uniform();
        let last = table.len() - 1;
        let place = table[..last].iter().position(|(p, _)| {
            u -= p;
            u < 0.0
        });
        out.copy_from_slice(&table[place.unwrap_or(last)].1);
    }))
}

/// A two-step Gaussian chain: x₂~N(0,1), x₁ = a₁x₂ + b₁ + .5 z₁, action x₀ = a₂x₁ + b₂ + .4 z₂; reward −(x₀ − 1)².
const CHAIN: [f64; 4] = [0.8, 0.3, -0.6, 0.2];

/// The chain's score and the action, from its three normals.
fn gaussian_joint(x2: f64, z1: f64, z2: f64) -> (Vec<f64>, f64) {
    let [a1, b1, a2, b2] = CHAIN;
    let x1 = a1 * x2 + b1 + 0.5 * z1;
    let x0 = a2 * x1 + b2 + 0.4 * z2;
    (vec![z1 / 0.5 * x2, z1 / 0.5, z2 / 0.4 * x1, z2 / 0.4], x0)
}

/// `log N(x₀; m, v)` of the action alone, which is Gaussian too, over any scalar.
fn gaussian_marginal<S: Scalar>(theta: &[S], x0: f64) -> S {
    let [a1, b1, a2, b2] = [theta[0], theta[1], theta[2], theta[3]];
    let mean = a2 * b1 + b2;
    let variance = a2 * a2 * (a1 * a1 + S::from(0.25)) + S::from(0.16);
    let gap = S::from(x0) - mean;
    S::from(0.0) - S::from(0.5) * (variance.ln() + gap * gap / variance)
}

fn reward(x0: f64) -> f64 {
    -(x0 - 1.0) * (x0 - 1.0)
}

/// `E f` over the chain's three normals, by a product rule that is exact for these polynomials.
fn over_normals(f: impl Fn(f64, f64, f64) -> Vec<f64>) -> Vec<f64> {
    let nodes = numeric::gauss_hermite(12);
    let mut sums = vec![0.0; 4];
    for (x, p) in &nodes {
        for (y, q) in &nodes {
            for (z, r) in &nodes {
                sums.iter_mut().zip(f(*x, *y, *z)).for_each(|(sum, value)| *sum += p * q * r * value);
            }
        }
    }
    sums
}

fn joint_estimate(x2: f64, z1: f64, z2: f64) -> Vec<f64> {
    let (score, x0) = gaussian_joint(x2, z1, z2);
    scale(reward(x0), &score)
}

fn marginal_estimate(x2: f64, z1: f64, z2: f64) -> Vec<f64> {
    let x0 = gaussian_joint(x2, z1, z2).1;
    scale(reward(x0), &crate::autodiff::gradient(&CHAIN, |theta| gaussian_marginal(theta, x0)))
}

fn chain_trace(estimate: fn(f64, f64, f64) -> Vec<f64>) -> f64 {
    let mean = over_normals(estimate);
    over_normals(|x, y, z| estimate(x, y, z).iter().zip(&mean).map(|(e, m)| (e - m) * (e - m)).collect()).iter().sum()
}

/// `J = −((m − 1)² + v)` of the Gaussian action, along dual numbers.
fn chain_gradient() -> Vec<f64> {
    crate::autodiff::gradient(&CHAIN, |theta| {
        let [a1, b1, a2, b2] = [theta[0], theta[1], theta[2], theta[3]];
        let number = Dual::<16>::from;
        let gap = a2 * b1 + b2 - number(1.0);
        number(0.0) - gap * gap - a2 * a2 * (a1 * a1 + number(0.25)) - number(0.16)
    })
}

pub(in crate::claims) static DIFFUSION: Claim = Claim {
    id: "ch11-diffusion-same-formula",
    origin: Origin::Guide,
    quote: "Diffusion policy: models pi(a|s) as a denoising process; same grad log pi formula applies, autodiff handles the rest",
    statement: "The marginal log π(a|s) of a latent chain has no closed form in general; the score of the joint chain is \
                exactly unbiased \
                with at least the marginal score's variance; in place of log π its lower bound (ELBO) is biased.",
    because: "E[joint score | a] is the marginal score, so the joint one adds variance and no bias; the ELBO's gradient differs \
              from \
              the score by that of a divergence which varies with θ.",
    lesson: "\"Same formula\" holds once the denoising steps are treated as a decision process (Black et al. 2024). A lower bound \
             as a stand-in for log π turns the gradient; here by 53 degrees, with q uniform.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "gradient", what: "∇J, seven numbers", value: Value::List(gradient) },
        Quantity {
            key: "trvar_joint",
            what: "trVar with the joint score",
            value: Value::Number(|| trace(joint_score)),
        },
        Quantity {
            key: "trvar_marginal",
            what: "trVar with the marginal score",
            value: Value::Number(|| trace(marginal_score)),
        },
        Quantity {
            key: "elbo_expectation",
            what: "E[∇ELBO r], seven numbers",
            value: Value::List(|| mean(elbo_gradient)),
        },
        Quantity {
            key: "elbo_angle_deg",
            what: "its angle to ∇J, in degrees",
            value: Value::Number(|| angle(&mean(elbo_gradient), &gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "the joint chain's score is unbiased",
            role: Role::Confirms,
            setting: "latent z∈{0,1}, action a∈{0,1,2}, r=(1,3,0): reverse sweeps and enumeration; ∇J along dual numbers",
            subject: Subject::Exact(|| mean(joint_score)),
            expected: gradient,
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit { story: "the ELBO's gradient", subject: Subject::Exact(|| mean(elbo_gradient)) },
                Counterfeit {
                    story: "the last denoising step's score alone",
                    subject: Subject::Exact(|| {
                        mean(|z, a| {
                            let mut score = joint_score(z, a);
                            score[0] = 0.0;
                            score
                        })
                    }),
                },
            ],
        },
        Trial {
            name: "so it is for a chain of Gaussian steps",
            role: Role::Confirms,
            setting: "x₂~N(0,1), x₁ = .8x₂+.3+.5z₁, a = −.6x₁+.2+.4z₂, reward −(a−1)²: quadrature; ∇J of the closed form",
            subject: Subject::Exact(|| over_normals(joint_estimate)),
            expected: chain_gradient,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the last step's score alone",
                subject: Subject::Exact(|| {
                    over_normals(|x, y, z| {
                        let estimate = joint_estimate(x, y, z);
                        vec![0.0, 0.0, estimate[2], estimate[3]]
                    })
                }),
            }],
        },
        Trial {
            name: "given the action its mean is the marginal score",
            role: Role::Confirms,
            setting: "the discrete chain, each of the three actions",
            subject: Subject::Exact(|| {
                let given = |a: usize| {
                    let mut sum = vec![0.0; 7];
                    for z in 0..2 {
                        let weight = joint(&THETA, z, a) / marginal(&THETA, a);
                        sum.iter_mut().zip(joint_score(z, a)).for_each(|(sum, g)| *sum += weight * g);
                    }
                    sum
                };
                (0..3).flat_map(given).collect()
            }),
            expected: || (0..3).flat_map(|a| marginal_score(0, a)).collect(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the latent drawn from its prior",
                subject: Subject::Exact(|| {
                    let given = |a: usize| {
                        let one = sigmoid(THETA[0]);
                        let (first, second) = (joint_score(0, a), joint_score(1, a));
                        first.iter().zip(second).map(|(x, y)| (1.0 - one) * x + one * y).collect::<Vec<f64>>()
                    };
                    (0..3).flat_map(given).collect()
                }),
            }],
        },
        Trial {
            name: "the price is variance, in both chains",
            role: Role::Limits,
            setting: "trVar of the joint form against the marginal form: discrete chain, Gaussian chain",
            subject: Subject::Exact(|| vec![trace(joint_score), chain_trace(joint_estimate)]),
            expected: || vec![trace(marginal_score), chain_trace(marginal_estimate)],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the marginal score itself",
                subject: Subject::Exact(|| vec![trace(marginal_score), chain_trace(marginal_estimate)]),
            }],
        },
        Trial {
            name: "the ELBO in place of log π is turned by more than fifty degrees",
            role: Role::Limits,
            setting: "the discrete chain, q uniform; the angle to ∇J in degrees",
            subject: Subject::Exact(|| vec![angle(&mean(elbo_gradient), &gradient())]),
            expected: || vec![50.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the joint score",
                subject: Subject::Exact(|| vec![angle(&mean(joint_score), &gradient())]),
            }],
        },
        Trial {
            name: "its mean, by reverse sweeps and by softmax scores",
            role: Role::Limits,
            setting: "the discrete chain: E[r ½(ψ(z=0,a) + ψ(z=1,a))] with scores in closed form",
            subject: Subject::Exact(|| mean(elbo_gradient)),
            expected: || {
                let one = sigmoid(THETA[0]);
                let heads = [softmax(&THETA[1..4]), softmax(&THETA[4..7])];
                let mut sums = vec![0.0; 7];
                for a in 0..3 {
                    let weight = REWARDS[a] * ((1.0 - one) * heads[0][a] + one * heads[1][a]);
                    sums[0] += weight * 0.5 * (1.0 - 2.0 * one);
                    for (z, head) in heads.iter().enumerate() {
                        for (b, p) in head.iter().enumerate() {
                            sums[1 + 3 * z + b] += weight * 0.5 * (f64::from(u8::from(a == b)) - p);
                        }
                    }
                }
                sums
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "the gradient", subject: Subject::Exact(gradient) }],
        },
        Trial {
            name: "the joint chain's score, drawn",
            role: Role::Confirms,
            setting: "the discrete chain",
            subject: Subject::Sampled(|| drawn(joint_score)),
            expected: gradient,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the ELBO's gradient",
                subject: Subject::Sampled(|| drawn(elbo_gradient)),
            }],
        },
    ],
};
