//! What the derivation takes for granted: rewards free of θ, and derivatives that may enter the integral.

use crate::claims::ch02::objective::{linear_gaussian_episode, linear_gaussian_mean};
use crate::claims::prelude::*;

/// The first reward: `r − 0.5 θ[0,0] 1{s_t = 0}` at every step.
fn taxed<S: Scalar>(theta: &[S], path: &Trajectory) -> S {
    let visits = path.states.iter().filter(|s| **s == 0).count() as f64;
    S::from(total(path)) - S::from(0.5 * visits) * theta[0]
}

/// The second reward: `r − α log π(a_t|s_t)` at every step, `α = .3`.
fn soft<S: Scalar>(theta: &[S], path: &Trajectory) -> S {
    S::from(total(path)) - S::from(0.3) * policy_factor(&mdp_1296().policy, theta, path).ln()
}

/// `E[(Σ_t g_t) r(τ)]` for a reward that depends on θ, which the estimator takes as a number.
fn score_form(reward: fn(&[f64], &Trajectory) -> f64) -> Vec<f64> {
    let world = mdp_1296();
    world.expect(|path| {
        let r = reward(world.policy.parameters(), path);
        world.weighted(path, |_| r)
    })
}

/// `E[∇r(τ)]`.
fn missing(reward: fn(&[Dual<16>], &Trajectory) -> Dual<16>) -> Vec<f64> {
    let world = mdp_1296();
    let theta = Dual::point(world.policy.parameters());
    world.expect(|path| reward(&theta, path).tangents[..6].to_vec())
}

pub(in crate::claims) static REWARD_NO_THETA: Claim = Claim {
    id: "ch04-step2-reward-no-theta",
    origin: Origin::Guide,
    quote: "r(tau) doesn't depend on theta -> gradient only hits p(tau).",
    statement: "If r depends on θ, ∇J has the extra term E[∇r]; it vanishes for the entropy reward r − α log π, not in \
                general.",
    because: "The product rule; and E[∇ log π] = 0 is the score identity.",
    lesson: "A reward that depends on θ (a penalty on the policy, a learned reward model that shares weights) needs its \
             own gradient. The soft reward is the exception: detaching it costs nothing in expectation.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "missing_term_00",
            what: "E[∂r(τ)/∂θ[0,0]] for the first reward",
            value: Value::Number(|| missing(taxed)[0]),
        },
        Quantity {
            key: "entropy_reward_gradient",
            what: "∇ E[Σ_t (r_t − α log π)]",
            value: Value::List(|| score_form(soft)),
        },
    ],
    trials: &[
        Trial {
            name: "the soft reward needs no extra term",
            role: Role::Confirms,
            setting: "set-mdp-1296, reward r − .3 log π(a|s)",
            subject: Subject::Exact(|| score_form(soft)),
            expected: || mdp_1296().derivative(soft),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the entropy left out of the reward",
                subject: Subject::Exact(|| score_form(|_, path| total(path))),
            }],
        },
        Trial {
            name: "a reward that depends on θ otherwise is missed",
            role: Role::Limits,
            setting: "set-mdp-1296, reward r − .5 θ[0,0] 1{s=0}",
            subject: Subject::Exact(|| score_form(taxed)),
            expected: || mdp_1296().derivative(taxed),
            judge: Judge::Different { at_least: 0.5, why: "half of the expected visits to state 0 is missing" },
            counterfeits: &[Counterfeit {
                story: "with E[∇r] added back",
                subject: Subject::Exact(|| score_form(taxed).iter().zip(missing(taxed)).map(|(x, y)| x + y).collect()),
            }],
        },
        Trial {
            name: "with E[∇r] added back it is the gradient",
            role: Role::Confirms,
            setting: "set-mdp-1296, reward r − .5 θ[0,0] 1{s=0}",
            subject: Subject::Exact(|| score_form(taxed).iter().zip(missing(taxed)).map(|(x, y)| x + y).collect()),
            expected: || mdp_1296().derivative(taxed),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "without it", subject: Subject::Exact(|| score_form(taxed)) }],
        },
        Trial {
            name: "the soft reward, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, reward r − .3 log π(a|s)",
            subject: Subject::Sampled(|| {
                let world = mdp_1296();
                world.sample_paths(|path| {
                    let r = soft(world.policy.parameters(), path);
                    world.weighted(path, |_| r)
                })
            }),
            expected: || mdp_1296().derivative(soft),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the entropy with the wrong sign",
                subject: Subject::Sampled(|| {
                    let world = mdp_1296();
                    world.sample_paths(|path| {
                        let r = 2.0 * total(path) - soft(world.policy.parameters(), path);
                        world.weighted(path, |_| r)
                    })
                }),
            }],
        },
    ],
};

/// `E[f(x)]` for x uniform on [0, θ], by the midpoint rule, exact for the straight lines that are asked here.
pub(in crate::claims) fn uniform_mean(theta: f64, f: impl Fn(f64) -> f64) -> f64 {
    let n = 64;
    numeric::sum((0..n).map(|i| f(theta * (f64::from(i) + 0.5) / f64::from(n)))) / f64::from(n)
}

/// `d/dθ log(1/θ)`, the score of the uniform density inside its support.
pub(in crate::claims) fn uniform_score(theta: f64) -> f64 {
    (Dual::from(1.0) / Dual { value: theta, tangents: [1.0] }).ln().tangents[0]
}

pub(in crate::claims) static LEIBNIZ: Claim = Claim {
    id: "ch04-leibniz",
    origin: Origin::Guide,
    quote: "grad of integral = integral of grad (used in steps 2 and in the zero-mean proof)",
    statement: "Derivative and integral may be exchanged if the support does not depend on θ and the derivative is \
                dominated; otherwise E[∇ log p] need not be 0 and the score gradient can be wrong.",
    because: "Leibniz's rule has a boundary term where the support moves with θ.",
    lesson: "For U[0,θ] the mean score is −1/θ, and the score gradient of E[x] has the wrong sign. Softmax and Gaussian \
             policies are safe; a range of actions whose bounds depend on θ is not.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "mean_score",
            what: "E[d/dθ log p] of U[0,2]",
            value: Value::Number(|| uniform_mean(2.0, |_| uniform_score(2.0))),
        },
        Quantity {
            key: "true_derivative",
            what: "d/dθ E[x]",
            value: Value::Number(|| (Dual { value: 2.0, tangents: [1.0] } * Dual::from(0.5)).tangents[0]),
        },
        Quantity {
            key: "score_estimate",
            what: "E[x d/dθ log p]",
            value: Value::Number(|| uniform_mean(2.0, |x| x * uniform_score(2.0))),
        },
    ],
    trials: &[
        Trial {
            name: "a regular family: the mean score of a softmax",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| mdp_1296().expect(|path| mdp_1296().sum_of_scores(path))),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the indicator alone, without − π",
                subject: Subject::Exact(|| {
                    mdp_1296().expect(|path| {
                        let mut out = vec![0.0; 6];
                        for t in 0..4 {
                            out[(2 * path.states[t] + path.actions[t]) as usize] += 1.0;
                        }
                        out
                    })
                }),
            }],
        },
        Trial {
            name: "a support that moves with θ: the estimate over the derivative",
            role: Role::Limits,
            setting: "x uniform on [0, θ], θ=2: E[x d/dθ log p] over d/dθ E[x]",
            subject: Subject::Exact(|| vec![uniform_mean(2.0, |x| x * uniform_score(2.0)) / 0.5]),
            expected: || vec![1.0],
            judge: Judge::Different { at_least: 1.0, why: "off by the whole derivative and more: the sign is wrong" },
            counterfeits: &[Counterfeit {
                story: "a regular family: x normal around θ",
                subject: Subject::Exact(|| vec![numeric::normal_expectation(8, |z| (2.0 + z) * z)]),
            }],
        },
        Trial {
            name: "its mean score is −1/θ",
            role: Role::Limits,
            setting: "x uniform on [0, θ], θ = 1, 2, 5",
            subject: Subject::Exact(|| {
                [1.0, 2.0, 5.0].map(|theta| uniform_mean(theta, |_| uniform_score(theta))).to_vec()
            }),
            expected: || vec![-1.0, -0.5, -0.2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "zero, as of a regular family",
                subject: Subject::Exact(|| vec![numeric::normal_expectation(8, |z| z); 3]),
            }],
        },
        Trial {
            name: "a support that moves with θ, drawn",
            role: Role::Limits,
            setting: "x uniform on [0, 2]: E[x d/dθ log p] = −1/2, not 1/2",
            subject: Subject::Sampled(|| uniform_draws(1.0)),
            expected: || vec![-0.5],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the derivative that the guide's rule promises",
                subject: Subject::Sampled(|| uniform_draws(-1.0)),
            }],
        },
        Trial {
            name: "a Gaussian: the score of a linear-Gaussian episode",
            role: Role::Confirms,
            setting: "set-linear-gaussian",
            subject: Subject::Exact(|| {
                vec![linear_gaussian_mean(|z1, w, z2| {
                    let (scores, _) = linear_gaussian_episode(z1, w, z2);
                    scores[0] + scores[1]
                })]
            }),
            expected: || vec![0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a score without its centre",
                subject: Subject::Exact(|| vec![linear_gaussian_mean(|z1, _, _| (z1 - 0.7 / 0.4) / 0.4)]),
            }],
        },
    ],
};

/// Draws of `sign · x d/dθ log p` with x uniform on [0, 2].
pub(in crate::claims) fn uniform_draws(sign: f64) -> Sample {
    // x/2 is uniform on [0, 1], so −x/2 has mean −1/2 and variance 1/12.
    Box::new(Draws::new(vec![-0.5 * sign], vec![1.0 / 12.0], move |stream, out| {
        out[0] = sign * 2.0 * stream.uniform() * uniform_score(2.0);
    }))
}
