//! Natural steps: how far they go, in nats and in the parameters.

use super::natural::natural_of;
use crate::claims::prelude::*;
use crate::estimator::{Outcome, TrustRegion, damped_solve, scaled_to_radius};

/// The divergence of the two-arm bandit's policy after a step in its logit.
fn two_arm_divergence(p: f64, step: f64) -> f64 {
    let q = sigmoid(numeric::ln(p / (1.0 - p)) + step);
    Divergence::of(&[p, 1.0 - p], &[q, 1.0 - q]).forward
}

/// `√(2ε/p(1−p))`.
fn normalised_step(p: f64, eps: f64) -> f64 {
    (2.0 * eps / (p * (1.0 - p))).sqrt()
}

pub(in crate::claims) static EQUAL_STEPS: Claim = Claim {
    id: "ch07-equal-sized-steps",
    origin: Origin::Guide,
    quote: "F^-1 undoes this warping, giving equal-sized steps in distribution space",
    statement: "The step αF⁻¹g has a divergence of about ½α² gᵀF⁻¹g, which varies over policies; equal steps need the factor \
                √(2ε/gᵀF⁻¹g), and are equal to leading order only.",
    because: "½ dᵀFd at d = αF⁻¹g is ½α² gᵀF⁻¹g, here ½α² p(1−p).",
    lesson: "Without normalisation the step is 26 times smaller, in nats, near a deterministic policy.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "kl_plain",
            what: "KL(old‖new) of the step .1 at p=.5, .99",
            value: Value::List(|| [0.5, 0.99].map(|p| two_arm_divergence(p, 0.1)).to_vec()),
        },
        Quantity {
            key: "kl_normalised",
            what: "KL(old‖new) of the normalised step, ε=.005, at p=.5, .99",
            value: Value::List(|| [0.5, 0.99].map(|p| two_arm_divergence(p, normalised_step(p, 0.005))).to_vec()),
        },
        Quantity {
            key: "plain_ratio",
            what: "the first of kl_plain over the second",
            value: Value::Number(|| two_arm_divergence(0.5, 0.1) / two_arm_divergence(0.99, 0.1)),
        },
    ],
    trials: &[
        Trial {
            name: "the natural gradient of the two-arm bandit is 1 at every p",
            role: Role::Confirms,
            setting: "set-two-arm, rewards 1 and 0, p=.5, .9, .99",
            subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| natural_of(&two_arm(p, 1.0, 0.0))[0]).to_vec()),
            expected: || vec![1.0; 3],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the vanilla gradient",
                subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| two_arm(p, 1.0, 0.0).gradient()[0]).to_vec()),
            }],
        },
        Trial {
            name: "equal steps have unequal divergences",
            role: Role::Limits,
            setting: "the step .1: its divergence at p=.5 over that at p=.99",
            subject: Subject::Exact(|| vec![two_arm_divergence(0.5, 0.1) / two_arm_divergence(0.99, 0.1)]),
            expected: || vec![20.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "normalised steps, ε=.005",
                subject: Subject::Exact(|| {
                    let [even, sure] = [0.5, 0.99].map(|p| two_arm_divergence(p, normalised_step(p, 0.005)));
                    vec![even / sure]
                }),
            }],
        },
        Trial {
            name: "the normalised step is equal to leading order",
            role: Role::Confirms,
            setting: "ε=10⁻⁸ at p=.5, .9, .99: KL/ε",
            subject: Subject::Exact(|| {
                [0.5, 0.9, 0.99].map(|p| two_arm_divergence(p, normalised_step(p, 1e-8)) / 1e-8).to_vec()
            }),
            expected: || vec![1.0; 3],
            judge: Judge::Exact { tolerance: 1e-3, why: "the third order is of the size √ε" },
            counterfeits: &[Counterfeit {
                story: "the plain step",
                subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| two_arm_divergence(p, 1e-4) / 1e-8).to_vec()),
            }],
        },
        Trial {
            name: "and not beyond",
            role: Role::Limits,
            setting: "ε=.005 at p=.99: the divergence reached, against .9 ε",
            subject: Subject::Exact(|| vec![two_arm_divergence(0.99, normalised_step(0.99, 0.005))]),
            expected: || vec![0.9 * 0.005],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "at p=.5",
                subject: Subject::Exact(|| vec![two_arm_divergence(0.5, normalised_step(0.5, 0.005))]),
            }],
        },
    ],
};

/// `F⁺∇J` of set-mdp-1296.
pub(in crate::claims) fn natural_1296() -> Vec<f64> {
    natural_of(mdp_1296())
}

/// `∇J` damped: `(F + .1 I)⁻¹∇J`.
fn damped_1296() -> Vec<f64> {
    damped_solve(&mdp_1296().oracle().fisher(), 0.1, &mdp_1296().gradient())
}

/// The world after the step `√(2δ/nᵀFn) n` along a direction.
pub(in crate::claims) fn after_natural_step(radius: f64) -> World {
    let world = mdp_1296();
    let step = scaled_to_radius(&world.oracle().fisher(), &natural_1296(), radius);
    world.stepped(1.0, &step)
}

/// The divergence that the quadratic step reaches.
pub(in crate::claims) fn divergence_reached(radius: f64) -> f64 {
    mdp_1296().off_policy(&after_natural_step(radius)).divergence()
}

/// Conjugate gradients on `F x = ∇J` of set-mdp-1296, stopped after `most` iterations.
pub(in crate::claims) fn iterated(most: usize) -> numeric::ConjugateGradients {
    let fisher = mdp_1296().oracle().fisher();
    numeric::conjugate_gradients(|v| fisher.times(v), &mdp_1296().gradient(), 1e-10, most)
}

/// The divergence that the quadratic step reaches over its radius, by enumeration of the weights' logarithms.
fn enumerated_part(radius: f64) -> f64 {
    let (old, new) = (mdp_1296(), after_natural_step(radius));
    old.mean(|path| -numeric::ln(old.weight(&new, path))) / radius
}

/// TRPO's own step on set-mdp-1296, without a line search, at a small radius.
fn trust_region_step(damping: f64) -> Vec<f64> {
    let world = mdp_1296();
    let fisher = world.oracle().fisher();
    let region = TrustRegion { radius: 1e-4, damping, iterations: 10, backtracks: 0 };
    let measure = |step: &[f64]| {
        let new = world.stepped(1.0, step);
        Outcome { gain: new.objective() - world.objective(), divergence: world.off_policy(&new).divergence() }
    };
    region.step(&world.gradient(), |v| fisher.times(v), measure).step
}

pub(in crate::claims) static TRPO: Claim = Claim {
    id: "ch07-trpo-equals-natural",
    origin: Origin::Guide,
    quote: "TRPO ... is equivalent to natural gradient descent with adaptive step size",
    statement: "The direction F⁻¹g and the step √(2δ/gᵀF⁻¹g) are those of TRPO for undamped, converged conjugate gradients; \
                damping and truncation turn the direction, and the quadratic step does not hit δ exactly.",
    because: "TRPO solves (F+λI)x=g by a few iterations with a sample Fisher matrix, then backtracks on the measured \
              divergence and surrogate (Schulman et al. 2015, appendix C).",
    lesson: "Equivalent in exact arithmetic without damping. One iteration is the vanilla gradient; damping .1 turns the \
             direction by 1.2°; at δ=.5 the step reaches a divergence of .47.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "angle_vanilla_deg",
            what: "the angle between ∇J (one iteration) and F⁺∇J, degrees",
            value: Value::Number(|| angle(&mdp_1296().gradient(), &natural_1296())),
        },
        Quantity {
            key: "angle_damped_deg",
            what: "the angle between the damped direction and F⁺∇J, degrees",
            value: Value::Number(|| angle(&damped_1296(), &natural_1296())),
        },
        Quantity {
            key: "kl_reached",
            what: "Σ_t E KL(old‖new) for δ=.001, .01, .1, .5",
            value: Value::List(|| [0.001, 0.01, 0.1, 0.5].map(divergence_reached).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "converged conjugate gradients give F⁺∇J",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| iterated(10).solution),
            expected: natural_1296,
            judge: Judge::Exact { tolerance: 1e-9, why: "the residual is below 1e-10" },
            counterfeits: &[Counterfeit { story: "two iterations", subject: Subject::Exact(|| iterated(2).solution) }],
        },
        Trial {
            name: "one iteration is the vanilla direction",
            role: Role::Limits,
            setting: "set-mdp-1296: the unit vector after one iteration",
            subject: Subject::Exact(|| {
                let x = iterated(1).solution;
                scale(1.0 / norm(&x), &x)
            }),
            expected: || {
                let g = mdp_1296().gradient();
                scale(1.0 / norm(&g), &g)
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "converged",
                subject: Subject::Exact(|| {
                    let x = iterated(10).solution;
                    scale(1.0 / norm(&x), &x)
                }),
            }],
        },
        Trial {
            name: "damping turns the direction",
            role: Role::Limits,
            setting: "set-mdp-1296, λ=.1: the angle to F⁺∇J in degrees",
            subject: Subject::Exact(|| vec![angle(&damped_1296(), &natural_1296())]),
            expected: || vec![1.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "no damping",
                subject: Subject::Exact(|| vec![angle(&iterated(10).solution, &natural_1296())]),
            }],
        },
        Trial {
            name: "a small step reaches its radius",
            role: Role::Confirms,
            setting: "set-mdp-1296, δ=10⁻⁶: the divergence over δ; by the recursion over occupancies",
            subject: Subject::Exact(|| vec![divergence_reached(1e-6) / 1e-6]),
            expected: || vec![1.0],
            judge: Judge::Exact { tolerance: 1e-3, why: "the third order is of the size √δ" },
            counterfeits: &[Counterfeit {
                story: "δ=.5",
                subject: Subject::Exact(|| vec![divergence_reached(0.5) / 0.5]),
            }],
        },
        Trial {
            name: "a large one does not",
            role: Role::Limits,
            setting: "set-mdp-1296, δ=.5: the divergence over δ, by enumeration of the weights' logarithms",
            subject: Subject::Exact(|| vec![enumerated_part(0.5)]),
            expected: || vec![0.98],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "δ=10⁻⁶", subject: Subject::Exact(|| vec![enumerated_part(1e-6)])
            }],
        },
        Trial {
            name: "undamped, TRPO's step is the scaled natural gradient",
            role: Role::Confirms,
            setting: "set-mdp-1296, δ=10⁻⁴, ten iterations, the first candidate of the line search accepted (ch10-trpo-exact has the search)",
            subject: Subject::Exact(|| trust_region_step(0.0)),
            expected: || scaled_to_radius(&mdp_1296().oracle().fisher(), &natural_1296(), 1e-4),
            judge: Judge::Exact { tolerance: 1e-10, why: "the residual of conjugate gradients is below 1e-10" },
            counterfeits: &[Counterfeit {
                story: "with damping .1",
                subject: Subject::Exact(|| trust_region_step(0.1)),
            }],
        },
    ],
};

/// `F` of a Gaussian's mean: the mean squared score `z/σ`, by quadrature.
pub(super) fn gaussian_information(sigma: f64) -> f64 {
    numeric::normal_expectation(8, |z| z / sigma * (z / sigma))
}

/// `∂J/∂μ` for the reward −k(a−c)² at distance d, as the mean of the score times the reward.
fn quadratic_gradient(k: f64, d: f64, sigma: f64) -> f64 {
    numeric::normal_expectation(16, |z| -k * z / sigma * (d + sigma * z) * (d + sigma * z))
}

/// What a step of .5 multiplies d=1 by, with k=3 and the gradient divided by `information`.
fn divided_factor(sigma: f64, information: f64) -> f64 {
    1.0 + 0.5 * quadratic_gradient(3.0, 1.0, sigma) / information
}

fn step_factor(sigma: f64, natural: bool) -> f64 {
    divided_factor(sigma, if natural { gaussian_information(sigma) } else { 1.0 })
}

pub(in crate::claims) static OSCILLATION: Claim = Claim {
    id: "ch07-avoids-oscillation",
    origin: Origin::Guide,
    quote: "avoiding oscillation in high-curvature directions",
    statement: "For the mean of a Gaussian and the reward −k(a−c)² the vanilla step multiplies the distance by 1−2kα, the \
                natural step by 1−2kασ²: F measures the policy's curvature 1/σ², not the reward's k.",
    because: "∂J/∂μ = −2kd, and F = 1/σ².",
    lesson: "With σ=.3 the natural step is smooth where the vanilla step diverges; with σ=2 it is the natural step that \
             explodes. It helps only where σ matches the curvature of J.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "vanilla_factor",
            what: "the factor of a vanilla step, any σ",
            value: Value::Number(|| step_factor(0.3, false)),
        },
        Quantity {
            key: "natural_factor_sigma_03",
            what: "of a natural step, σ=.3",
            value: Value::Number(|| step_factor(0.3, true)),
        },
        Quantity {
            key: "natural_factor_sigma_2",
            what: "of a natural step, σ=2",
            value: Value::Number(|| step_factor(2.0, true)),
        },
    ],
    trials: &[
        Trial {
            name: "the factors by quadrature and in closed form",
            role: Role::Confirms,
            setting: "set-gaussian with k=3, α=.5: vanilla, natural at σ=.3 and σ=2",
            subject: Subject::Exact(|| vec![step_factor(0.3, false), step_factor(0.3, true), step_factor(2.0, true)]),
            expected: || vec![1.0 - 3.0, 1.0 - 3.0 * 0.09, 1.0 - 3.0 * 4.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the information 1/σ in place of 1/σ²",
                subject: Subject::Exact(|| {
                    let root = |sigma: f64| divided_factor(sigma, gaussian_information(sigma).sqrt());
                    vec![step_factor(0.3, false), root(0.3), root(2.0)]
                }),
            }],
        },
        Trial {
            name: "a narrow Gaussian: the natural step shrinks the distance, the vanilla one does not",
            role: Role::Confirms,
            setting: "the same, σ=.3: the absolute factors",
            subject: Subject::Exact(|| vec![step_factor(0.3, true).abs(), 1.0]),
            expected: || vec![1.0, step_factor(0.3, false).abs()],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the vanilla step for the natural",
                subject: Subject::Exact(|| vec![step_factor(0.3, false).abs(), 1.0]),
            }],
        },
        Trial {
            name: "a wide Gaussian: the natural step is worse than the vanilla one",
            role: Role::Limits,
            setting: "the same, σ=2: the absolute factor, against the vanilla step's",
            subject: Subject::Exact(|| vec![step_factor(2.0, true).abs()]),
            expected: || vec![step_factor(2.0, false).abs()],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "σ=.3",
                subject: Subject::Exact(|| vec![step_factor(0.3, true).abs()]),
            }],
        },
    ],
};
