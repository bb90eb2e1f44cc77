//! The log-derivative trick and the theorem.

use crate::claims::ch02::objective::{linear_gaussian_episode, linear_gaussian_mean, linear_gaussian_objective};
use crate::claims::prelude::*;

/// The largest difference over τ between `∇p(τ)` by differentiation and `p(τ) Σ_t weight_t g_t`.
fn trick_error(weight: fn(usize) -> f64) -> f64 {
    let world = mdp_1296();
    let theta = Dual::<16>::point(world.policy.parameters());
    let errors = world.paths().iter().map(|(p, path)| {
        let direct = policy_factor(&world.policy, &theta, path) * Dual::from(world.environment_factor(path));
        largest(&difference(&direct.tangents[..6], &scale(*p, &world.weighted(path, weight))))
    });
    errors.fold(0.0, f64::max)
}

pub(in crate::claims) static LOG_DERIVATIVE: Claim = Claim {
    id: "ch04-log-derivative-trick",
    origin: Origin::Guide,
    quote: "grad f = f grad log f",
    statement: "∇p(τ) = p(τ) ∇ log p(τ), wherever p(τ) > 0.",
    because: "The chain rule on log.",
    lesson: "The identity behind every score-function estimator.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_error",
        what: "the largest difference over τ and components",
        value: Value::Number(|| trick_error(|_| 1.0)),
    }],
    trials: &[Trial {
        name: "of every trajectory",
        role: Role::Confirms,
        setting: MDP_1296,
        subject: Subject::Exact(|| vec![trick_error(|_| 1.0)]),
        expected: || vec![0.0],
        judge: Judge::Exact { tolerance: 1e-14, why: "probabilities of single trajectories are near 1e-3" },
        counterfeits: &[Counterfeit {
            story: "a mean over the steps in place of the sum",
            subject: Subject::Exact(|| vec![trick_error(|_| 0.25)]),
        }],
    }],
};

pub(in crate::claims) static THEOREM: Claim = Claim {
    id: "ch04-policy-gradient-theorem",
    origin: Origin::Guide,
    quote: "grad J = E[(sum_t grad log pi) r(tau)]",
    statement: "E[V1] is the derivative of the value that dynamic programming computes.",
    because: "∇ Σ_τ p r = Σ_τ p (∇ log p) r (Williams 1992, theorem 1; Sutton et al. 2000).",
    lesson: "The sentence on which everything else stands.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "gradient_mdp_16",
            what: "∇J of set-mdp-16, by [s,a]",
            value: Value::List(|| mdp_16().batch_mean(1, v1)),
        },
        Quantity {
            key: "gradient_mdp_1296",
            what: "∇J of set-mdp-1296, by [s,a]",
            value: Value::List(|| mdp_1296().batch_mean(1, v1)),
        },
    ],
    trials: &[
        Trial {
            name: "16 trajectories",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Exact(|| mdp_16().batch_mean(1, v1)),
            expected: || mdp_16().gradient(),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "each score weighted by its own reward alone",
                    subject: Subject::Exact(|| mdp_16().batch_mean(1, myopic)),
                },
                Counterfeit { story: "gradient descent", subject: Subject::Exact(|| mdp_16().batch_mean(1, reversed)) },
            ],
        },
        Trial {
            name: "1296 trajectories",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| mdp_1296().batch_mean(1, v1)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a mean over steps where the sum belongs",
                subject: Subject::Exact(|| mdp_1296().batch_mean(1, averaged_over_steps)),
            }],
        },
        Trial {
            name: "central differences of J",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| mdp_1296().batch_mean(1, v1)),
            expected: || {
                let world = mdp_1296();
                numeric::central_gradient(world.policy.parameters(), 1e-2, |theta| {
                    let policy = world.policy.clone().with_parameters(theta.to_vec()).expect("as many parameters");
                    World::new(world.mdp.clone(), policy).objective()
                })
            },
            judge: Judge::Exact { tolerance: 1e-8, why: "the truncation error of central differences" },
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Exact(|| mdp_1296().batch_mean(1, myopic)),
            }],
        },
        Trial {
            name: "drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample(1, v1)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Sampled(|| mdp_1296().sample(1, myopic)),
            }],
        },
    ],
};

/// Which estimate of `dJ/dk`: `(g_1 + g_2) r(τ)` or `g_1 G_1 + g_2 G_2`.
fn linear_gaussian_estimate(to_go: bool, z1: f64, w: f64, z2: f64) -> f64 {
    let (scores, rewards) = linear_gaussian_episode(z1, w, z2);
    let second = if to_go { rewards[1] } else { rewards[0] + rewards[1] };
    scores[0] * (rewards[0] + rewards[1]) + scores[1] * second
}

/// Mean and variance of the estimate.
pub(in crate::claims) fn linear_gaussian_moments(to_go: bool) -> (f64, f64) {
    let mean = linear_gaussian_mean(|z1, w, z2| linear_gaussian_estimate(to_go, z1, w, z2));
    let square = |x: f64| x * x;
    (mean, linear_gaussian_mean(|z1, w, z2| square(linear_gaussian_estimate(to_go, z1, w, z2) - mean)))
}

/// `dJ/dk` from the closed form.
pub(in crate::claims) fn linear_gaussian_slope() -> f64 {
    linear_gaussian_objective(Dual { value: -0.7, tangents: [1.0] }).tangents[0]
}

pub(in crate::claims) fn linear_gaussian_draws(factor: f64) -> Sample {
    let (mean, variance) = linear_gaussian_moments(true);
    Box::new(Draws::new(vec![factor * mean], vec![factor * factor * variance], move |stream, out| {
        let (z1, w, z2) = (stream.normal(), stream.normal(), stream.normal());
        out[0] = factor * linear_gaussian_estimate(true, z1, w, z2);
    }))
}

/// Draws of the squared error, whose mean is the variance.
fn linear_gaussian_errors(to_go: bool) -> Sample {
    let (mean, variance) = linear_gaussian_moments(to_go);
    let error = move |z1: f64, w: f64, z2: f64| numeric::power(linear_gaussian_estimate(to_go, z1, w, z2) - mean, 2);
    let spread = linear_gaussian_mean(|z1, w, z2| numeric::power(error(z1, w, z2) - variance, 2));
    Box::new(Draws::new(vec![variance], vec![spread], move |stream, out| {
        let (z1, w, z2) = (stream.normal(), stream.normal(), stream.normal());
        out[0] = error(z1, w, z2);
    }))
}

pub(in crate::claims) static LINEAR_GAUSSIAN: Claim = Claim {
    id: "ch04-theorem-linear-gaussian",
    origin: Origin::Guide,
    quote: "same, continuous actions",
    statement: "The score-function gradient is dJ/dk of a linear-Gaussian system.",
    because: "The same proof with integrals for sums; the Gaussian family is regular.",
    lesson: "Continuous actions change nothing in the mean; reward-to-go has the smaller variance here.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "j", what: "J(k)", value: Value::Number(|| linear_gaussian_objective(-0.7)) },
        Quantity { key: "dj_dk", what: "dJ/dk", value: Value::Number(linear_gaussian_slope) },
        Quantity {
            key: "var_total_return",
            what: "the variance of (g_1+g_2) r(τ)",
            value: Value::Number(|| linear_gaussian_moments(false).1),
        },
        Quantity {
            key: "var_reward_to_go",
            what: "the variance of g_1 G_1 + g_2 G_2",
            value: Value::Number(|| linear_gaussian_moments(true).1),
        },
    ],
    trials: &[
        Trial {
            name: "both estimators, by quadrature",
            role: Role::Confirms,
            setting: "set-linear-gaussian, 24 nodes a variable",
            subject: Subject::Exact(|| vec![linear_gaussian_moments(false).0, linear_gaussian_moments(true).0]),
            expected: || vec![linear_gaussian_slope(); 2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the first step's score forgotten",
                subject: Subject::Exact(|| {
                    let second = |z1: f64, w: f64, z2: f64| {
                        let (scores, rewards) = linear_gaussian_episode(z1, w, z2);
                        scores[1] * (rewards[0] + rewards[1])
                    };
                    vec![linear_gaussian_mean(second); 2]
                }),
            }],
        },
        Trial {
            name: "reward-to-go has the smaller variance",
            role: Role::Confirms,
            setting: "set-linear-gaussian, 24 nodes a variable",
            subject: Subject::Exact(|| vec![linear_gaussian_moments(true).1]),
            expected: || vec![linear_gaussian_moments(false).1],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the total return twice over",
                subject: Subject::Exact(|| {
                    let mean = linear_gaussian_mean(|z1, w, z2| 2.0 * linear_gaussian_estimate(false, z1, w, z2));
                    let gap = |z1: f64, w: f64, z2: f64| 2.0 * linear_gaussian_estimate(false, z1, w, z2) - mean;
                    vec![linear_gaussian_mean(|z1, w, z2| gap(z1, w, z2) * gap(z1, w, z2))]
                }),
            }],
        },
        Trial {
            name: "the variance of reward-to-go, drawn",
            role: Role::Confirms,
            setting: "set-linear-gaussian",
            subject: Subject::Sampled(|| linear_gaussian_errors(true)),
            expected: || vec![linear_gaussian_moments(true).1],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the total return",
                subject: Subject::Sampled(|| linear_gaussian_errors(false)),
            }],
        },
        Trial {
            name: "reward-to-go, drawn",
            role: Role::Confirms,
            setting: "set-linear-gaussian",
            subject: Subject::Sampled(|| linear_gaussian_draws(1.0)),
            expected: || vec![linear_gaussian_slope()],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a mean over steps where the sum belongs",
                subject: Subject::Sampled(|| linear_gaussian_draws(0.5)),
            }],
        },
        Trial {
            name: "mean and variance by quadrature and by pairings",
            role: Role::Confirms,
            setting: "set-linear-gaussian: reward-to-go; costs propagated backward, and Isserlis' sum over pairings",
            subject: Subject::Exact(|| {
                let (mean, variance) = linear_gaussian_moments(true);
                vec![linear_gaussian_objective(-0.7), mean, variance]
            }),
            expected: || {
                let exact = linear_gaussian();
                vec![exact.objective(), exact.gradient()[0], exact.reward_to_go(0.0).variance[0]]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the total return's variance",
                subject: Subject::Exact(|| {
                    vec![linear_gaussian_objective(-0.7), linear_gaussian_slope(), linear_gaussian_moments(false).1]
                }),
            }],
        },
    ],
};

pub(in crate::claims) static NETWORK: Claim = Claim {
    id: "ch04-theorem-network",
    origin: Origin::Guide,
    quote: "same, neural network policy",
    statement: "The theorem for a policy that is a network, in all its parameters.",
    because: "The proof asks for differentiable probabilities and nothing else of the policy.",
    lesson: "Scores by back-propagation and derivatives of J by forward duals agree in all 15 parameters.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "j", what: "J", value: Value::Number(|| mlp_16().objective()) },
        Quantity {
            key: "gradient_norm",
            what: "|∇J| over the 15 parameters",
            value: Value::Number(|| norm(&mlp_16().gradient())),
        },
        Quantity {
            key: "gradient_first_four",
            what: "components 1 to 4 of ∇J",
            value: Value::List(|| mlp_16().gradient()[..4].to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "all 15 parameters of a network",
            role: Role::Confirms,
            setting: "set-mdp-16 with set-net-mlp",
            subject: Subject::Exact(|| mlp_16().batch_mean(1, v1)),
            expected: || mlp_16().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the hidden layer detached",
                subject: Subject::Exact(|| {
                    let mut gradient = mlp_16().batch_mean(1, v1);
                    gradient[..9].fill(0.0);
                    gradient
                }),
            }],
        },
        Trial {
            name: "all 15 parameters of a network, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16 with set-net-mlp",
            subject: Subject::Sampled(|| mlp_16().sample(1, v1)),
            expected: || mlp_16().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a mean over steps where the sum belongs",
                subject: Subject::Sampled(|| mlp_16().sample(1, averaged_over_steps)),
            }],
        },
    ],
};

pub(in crate::claims) static DYNAMICS: Claim = Claim {
    id: "ch04-dynamics-never-needed",
    origin: Origin::Guide,
    quote: "We never need the dynamics!",
    statement: "The estimator uses scores and rewards alone; how likely a trajectory is comes from sampling it.",
    because: "The transition factors have no gradient, and their values are the sampling weights.",
    lesson: "One trajectory has one V1 under any dynamics; its mean is the gradient under each.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "gradient_uniform_dynamics",
        what: "∇J with every row of P uniform",
        value: Value::List(|| mdp_16_uniform().batch_mean(1, v1)),
    }],
    trials: &[
        Trial {
            name: "d log p(τ)/dθ of a trajectory is the same under both dynamics",
            role: Role::Confirms,
            setting: "set-mdp-16, and with every row of P (.5, .5): differences of log p(τ) at θ ± h",
            subject: Subject::Exact(|| mdp_16().log_probability_slopes(numeric::ln)),
            expected: || mdp_16_uniform().log_probability_slopes(numeric::ln),
            judge: DIFFERENCES,
            counterfeits: &[Counterfeit {
                story: "dp(τ)/dθ, without the logarithm",
                subject: Subject::Exact(|| mdp_16().log_probability_slopes(|p| p)),
            }],
        },
        Trial {
            name: "its mean is the gradient of the other world",
            role: Role::Confirms,
            setting: "set-mdp-16 with every row of P (.5, .5)",
            subject: Subject::Exact(|| mdp_16_uniform().batch_mean(1, v1)),
            expected: || mdp_16_uniform().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "trajectories of set-mdp-16",
                subject: Subject::Exact(|| mdp_16().batch_mean(1, v1)),
            }],
        },
        Trial {
            name: "the same, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16 with every row of P (.5, .5)",
            subject: Subject::Sampled(|| mdp_16_uniform().sample(1, v1)),
            expected: || mdp_16_uniform().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "trajectories of set-mdp-16",
                subject: Subject::Sampled(|| mdp_16().sample(1, v1)),
            }],
        },
    ],
};

/// `E[g_t]` for every t, and `E[g_t | s_t = s]` for every t and s, one after the other.
fn mean_scores(world: &World, wrong: f64) -> Vec<f64> {
    let steps = world.mdp.horizon();
    (0..steps)
        .flat_map(|t| {
            let states = (0..world.mdp.states() as u32).map(Some);
            std::iter::once(None).chain(states).flat_map(move |state| {
                let counts = |path: &Trajectory| state.is_none_or(|s| path.states[t] == s);
                let reached = world.mean(|path| if counts(path) { 1.0 } else { 0.0 });
                let sum = world.expect(|path| {
                    let mut score = world.weighted(path, |step| if step == t && counts(path) { 1.0 } else { 0.0 });
                    score[0] += wrong;
                    score
                });
                scale(1.0 / reached, &sum)
            })
        })
        .collect()
}

pub(in crate::claims) static ZERO_MEAN: Claim = Claim {
    id: "ch04-zero-mean-score",
    origin: Origin::Guide,
    quote: "E[grad log p]=0",
    statement: "E[g_t] = 0 at every step, and given every state.",
    because: "Σ_a ∇π(a|s) = ∇ Σ_a π(a|s) = ∇1.",
    lesson: "Whatever does not depend on the action may be added to the weight of its score.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_mean",
        what: "the largest component of |E[g_t]| over t",
        value: Value::Number(|| largest(&mean_scores(mdp_16(), 0.0)).max(largest(&mean_scores(mdp_1296(), 0.0)))),
    }],
    trials: &[
        Trial {
            name: "at every step and in every state",
            role: Role::Confirms,
            setting: "set-mdp-16 and set-mdp-1296",
            subject: Subject::Exact(|| [mean_scores(mdp_16(), 0.0), mean_scores(mdp_1296(), 0.0)].concat()),
            expected: || vec![0.0; 4 * 2 * 3 + 6 * 4 * 4],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a score that is 1e-9 too large in one component",
                subject: Subject::Exact(|| [mean_scores(mdp_16(), 1e-9), mean_scores(mdp_1296(), 1e-9)].concat()),
            }],
        },
        Trial {
            name: "drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| mdp_1296().sum_of_scores(path))),
            expected: || vec![0.0; 6],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.01),
                why: "scores are of the size of 1; the counterfeit's mean is 0.1 and more",
            },
            counterfeits: &[Counterfeit {
                story: "scores of another temperature than the policy's",
                subject: Subject::Sampled(|| {
                    let hot = tabular(3, 2, &[0.4, -0.6, -0.2, 0.8, 1.0, 0.0]);
                    let hot = World::new(mdp_1296().mdp.clone(), hot);
                    mdp_1296().sample_paths(move |path| hot.sum_of_scores(path))
                }),
            }],
        },
    ],
};

/// `Σ_τ env(τ) ∇(Π_t π) r(τ)` by the product rule over the policy's first factors; the environment enters by value
/// alone.
fn product_rule_gradient(factors_differentiated: usize) -> Vec<f64> {
    let world = mdp_1296();
    let theta = Dual::<16>::point(world.policy.parameters());
    let mut sums = vec![numeric::Sum::new(); 6];
    for (_, path) in world.paths() {
        let factor =
            |t: usize| probability(&world.policy, &theta, t, path.observations[t] as usize, path.actions[t] as usize);
        let factors: Vec<Dual<16>> = (0..4).map(factor).collect();
        for t in 0..factors_differentiated {
            let others: f64 = (0..4).filter(|u| *u != t).map(|u| factors[u].value).product();
            let weight = world.environment_factor(path) * others * total(path);
            sums.iter_mut().zip(factors[t].tangents).for_each(|(sum, slope)| sum.add(weight * slope));
        }
    }
    sums.into_iter().map(numeric::Sum::value).collect()
}

pub(in crate::claims) static WHY_TRICK: Claim = Claim {
    id: "ch04-why-trick-is-necessary",
    origin: Origin::Guide,
    quote: "Why the trick is necessary: computing grad p requires differentiating through the unknown dynamics",
    statement: "False reason: the dynamics carry no θ, and ∇p(τ) needs their values, not their derivatives. Nor is the \
                trick necessary: finite differences of rollouts need no logarithm.",
    because: "∇p(τ) = [p(s1) Π P] ∇ Π π; what is wrong with Σ_τ ∇p(τ) r(τ) is that it is no expectation.",
    lesson: "What the trick buys is an expectation under p, so that it can be sampled, and in which the values of the \
             unknown dynamics cancel.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "product_rule_gradient",
        what: "Σ_τ env(τ) ∇(Π π) r(τ)",
        value: Value::List(|| product_rule_gradient(4)),
    }],
    trials: &[
        Trial {
            name: "∇J without a derivative of the dynamics, and without a logarithm",
            role: Role::Contradicts,
            setting: MDP_1296,
            subject: Subject::Exact(|| product_rule_gradient(4)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one policy factor differentiated, the others forgotten",
                subject: Subject::Exact(|| product_rule_gradient(1)),
            }],
        },
        Trial {
            name: "∇J from finite differences of J alone",
            role: Role::Contradicts,
            setting: MDP_1296,
            subject: Subject::Exact(|| {
                let world = mdp_1296();
                numeric::central_gradient(world.policy.parameters(), 1e-2, |theta| {
                    let policy = world.policy.clone().with_parameters(theta.to_vec()).expect("as many parameters");
                    World::new(world.mdp.clone(), policy).mean(total)
                })
            }),
            expected: || mdp_1296().gradient(),
            judge: Judge::Exact { tolerance: 1e-8, why: "the truncation error of central differences" },
            counterfeits: &[Counterfeit {
                story: "differences of the first reward alone",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    numeric::central_gradient(world.policy.parameters(), 1e-2, |theta| {
                        let policy = world.policy.clone().with_parameters(theta.to_vec()).expect("as many parameters");
                        World::new(world.mdp.clone(), policy).mean(|path| path.rewards[0])
                    })
                }),
            }],
        },
        Trial {
            name: "finite differences of rollouts, drawn",
            role: Role::Contradicts,
            setting: "set-two-arm with rewards 1 and 0, p=.5: pairs of rollouts at θ ± .1, a tenth of a per cent from ∇J",
            subject: Subject::Sampled(|| difference_draws(0.1, 0.2)),
            expected: || vec![difference_slope(0.1)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "divided by the step to one side",
                subject: Subject::Sampled(|| difference_draws(0.1, 0.1)),
            }],
        },
    ],
};

/// `(J(θ+h) − J(θ−h)) / 2h` at θ = 0 of the bandit that pays for arm 1.
fn difference_slope(h: f64) -> f64 {
    (sigmoid(h) - sigmoid(-h)) / (2.0 * h)
}

/// Rollouts at `θ ± h` with common random numbers: their difference over `divisor`.
fn difference_draws(h: f64, divisor: f64) -> Sample {
    let mass = sigmoid(h) - sigmoid(-h);
    let unit = 1.0 / divisor;
    Box::new(Draws::new(vec![unit * mass], vec![unit * unit * mass * (1.0 - mass)], move |stream, out| {
        let u = stream.uniform();
        let reward = |theta: f64| if u < sigmoid(theta) { 1.0 } else { 0.0 };
        out[0] = unit * (reward(h) - reward(-h));
    }))
}
