//! From imitation to reward: the same scores, other weights.

use crate::claims::ch04::direction::{inverse_fisher, policy_change};
use crate::claims::prelude::*;
use crate::estimator::BehaviourCloning;

/// set-mdp-16 under the uniform policy, whose trajectories are the demonstrations.
fn demonstrations() -> World {
    mdp_16().with_parameters(vec![0.0; 4])
}

/// `Σ_t ∇ log π(a_t|s_t)` of the clone at θ, as training code has it.
fn cloning(_: &World, batch: &Batch) -> Vec<f64> {
    BehaviourCloning.gradient(&mdp_16().policy, batch)
}

/// The gradient of `E_D[Σ_t log π]`, by differentiating the logarithms along dual numbers.
fn log_likelihood_gradient() -> Vec<f64> {
    let data = demonstrations();
    let policy = &mdp_16().policy;
    let theta = Dual::<16>::point(policy.parameters());
    let log = |path: &Trajectory| policy_factor(policy, &theta, path).ln();
    data.expect(|path| log(path).tangents[..theta.len()].to_vec())
}

/// The gradient of the stated loss, `−E log π` over pairs (s, a): each pair weighted by how often it occurs among all pairs
/// of the demonstrations, by their occupancy, and the logarithm differentiated along dual numbers.
fn loss_gradient() -> Vec<f64> {
    let (data, policy) = (demonstrations(), &mdp_16().policy);
    let (occupancy, theta) = (data.oracle().occupancy(), Dual::<16>::point(policy.parameters()));
    let pairs: f64 = occupancy.iter().sum();
    let mut sums = vec![numeric::Sum::new(); theta.len()];
    for (i, d) in occupancy.iter().enumerate() {
        for a in 0..2 {
            let acted = probability(&data.policy, data.policy.parameters(), i / 2, i % 2, a);
            let log = probability(policy, &theta, i / 2, i % 2, a).ln();
            sums.iter_mut().zip(log.tangents).for_each(|(sum, x)| sum.add(-d / pairs * acted * x));
        }
    }
    sums.into_iter().map(numeric::Sum::value).collect()
}

pub(in crate::claims) static GRADIENT_FORM: Claim = Claim {
    id: "ch03-bc-gradient-form",
    origin: Origin::Guide,
    quote: "min -E[log pi]; grad J_BC ~ (1/N) sum_i(sum_t grad log pi)",
    statement: "The displayed expression is the gradient of the summed log-likelihood of a trajectory. The stated loss, a \
                mean over pairs (s, a), has −1/T times that gradient.",
    because: "d/dθ is linear; a mean over NT pairs has the factor 1/(NT), and a loss the factor −1.",
    lesson: "Sign and scale slip. The direction is right for ascent on the log-likelihood; a learning rate tuned for one \
             convention is off by T in the other.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "loss_gradient_over_displayed",
        what: "the loss's gradient over the displayed expression, each component",
        value: Value::List(|| {
            let displayed = demonstrations().batch_mean(1, cloning);
            loss_gradient().iter().zip(&displayed).map(|(loss, shown)| loss / shown).collect()
        }),
    }],
    trials: &[
        Trial {
            name: "the displayed expression is the gradient of the summed log-likelihood",
            role: Role::Confirms,
            setting: "set-mdp-16: demonstrations of the uniform policy, the clone at θ",
            subject: Subject::Exact(|| demonstrations().batch_mean(1, cloning)),
            expected: || log_likelihood_gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "demonstrations of the clone itself",
                subject: Subject::Exact(|| mdp_16().batch_mean(1, cloning)),
            }],
        },
        Trial {
            name: "the displayed expression, drawn",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Sampled(|| demonstrations().sample(1, cloning)),
            expected: || log_likelihood_gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a mean over steps",
                subject: Subject::Sampled(|| {
                    demonstrations().sample(1, |world, batch| scale(0.5, &cloning(world, batch)))
                }),
            }],
        },
        Trial {
            name: "the stated loss has −1/T of it",
            role: Role::Limits,
            setting: "the same, T=2: pairs in the proportions of their occupancy",
            subject: Subject::Exact(loss_gradient),
            expected: || scale(-0.5, &demonstrations().batch_mean(1, cloning)),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the guide's sign and scale",
                subject: Subject::Exact(|| demonstrations().batch_mean(1, cloning)),
            }],
        },
    ],
};

/// The demonstrations with the rewards turned over.
fn negated() -> World {
    demonstrations().with_rewards(|t| -t.reward)
}

pub(in crate::claims) static NO_IMPROVEMENT: Claim = Claim {
    id: "ch03-no-improvement-from-practice",
    origin: Origin::Guide,
    quote: "No improvement from practice.",
    statement: "The gradient of behaviour cloning does not depend on the rewards.",
    because: "No reward stands in it.",
    lesson: "Turn every reward over: J changes sign, the clone's update does not change at all.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "bc_gradient",
            what: "the gradient of behaviour cloning, the same under R and −R",
            value: Value::List(|| negated().batch_mean(1, cloning)),
        },
        Quantity {
            key: "j_under_minus_r",
            what: "J(θ) with rewards −R",
            value: Value::Number(|| mdp_16().with_rewards(|t| -t.reward).objective()),
        },
    ],
    trials: &[
        Trial {
            name: "turning the rewards over changes nothing",
            role: Role::Confirms,
            setting: "set-mdp-16 with rewards −R; the expected value is the derivative of the log-likelihood",
            subject: Subject::Exact(|| negated().batch_mean(1, cloning)),
            expected: || log_likelihood_gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "scores weighted by the return",
                subject: Subject::Exact(|| negated().batch_mean(1, |_, batch| v1(mdp_16(), batch))),
            }],
        },
        Trial {
            name: "but it turns J over",
            role: Role::Confirms,
            setting: "set-mdp-16 under R and −R",
            subject: Subject::Exact(|| vec![mdp_16().with_rewards(|t| -t.reward).objective()]),
            expected: || vec![-mdp_16().mean(total)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the same rewards",
                subject: Subject::Exact(|| vec![mdp_16().objective()]),
            }],
        },
        Trial {
            name: "the gradient under −R, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16 with rewards −R",
            subject: Subject::Sampled(|| negated().sample(1, cloning)),
            expected: || log_likelihood_gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "scores weighted by the return",
                subject: Subject::Sampled(|| negated().sample(1, |_, batch| v1(mdp_16(), batch))),
            }],
        },
    ],
};

/// Scores with weight one, on the policy's own trajectories.
fn weight_one(world: &World, batch: &Batch) -> Vec<f64> {
    BehaviourCloning.gradient(&world.policy, batch)
}

pub(in crate::claims) static BRIDGE: Claim = Claim {
    id: "ch03-bridge",
    origin: Origin::Guide,
    quote: "keep the same gradient structure, but weight each action by its reward",
    statement: "The policy gradient is the gradient of behaviour cloning on the policy's own trajectories times r(τ); with \
                all weights one its mean is zero.",
    because: "E[∇ log p] = 0, and ∇E r = E[r ∇ log p] (Williams 1992).",
    lesson: "Cloning oneself is noise without drift: all of the direction comes from the rewards.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "max_abs_weight_one",
            what: "the largest component of |E Σ_t g_t|",
            value: Value::Number(|| largest(&mdp_1296().batch_mean(1, weight_one))),
        },
        Quantity { key: "gradient", what: "E[Σ_t g_t r(τ)]", value: Value::List(|| mdp_1296().batch_mean(1, v1)) },
    ],
    trials: &[
        Trial {
            name: "weights of one have mean zero",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| mdp_1296().batch_mean(1, weight_one)),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "trajectories of another policy",
                subject: Subject::Exact(|| mdp_1296().expect(|path| shifted(1.0).sum_of_scores(path))),
            }],
        },
        Trial {
            name: "weighted by the return they have the mean ∇J",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| mdp_1296().batch_mean(1, v1)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "weighted by the first reward",
                subject: Subject::Exact(|| {
                    mdp_1296().batch_mean(1, |world, batch| {
                        mean_over(batch, |path| world.weighted(path, |_| path.rewards[0]))
                    })
                }),
            }],
        },
        Trial {
            name: "the weighted mean, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample(1, v1)),
            expected: || mdp_1296().gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "weights of one",
                subject: Subject::Sampled(|| mdp_1296().sample(1, weight_one)),
            }],
        },
        Trial {
            name: "weights of one, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample(1, weight_one)),
            expected: || vec![0.0; 6],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.02),
                why: "a fortieth of the largest component of what the returns add",
            },
            counterfeits: &[Counterfeit {
                story: "weighted by the return",
                subject: Subject::Sampled(|| mdp_1296().sample(1, v1)),
            }],
        },
    ],
};

const PI: [f64; 3] = [0.05, 0.75, 0.2];
const REWARDS: [f64; 3] = [1.0, 0.9, 0.0];

/// The bandit of the best arm that loses probability.
fn three_arms() -> World {
    World::new(bandit(&REWARDS), tabular(1, 3, &PI.map(numeric::ln)))
}

/// `(π(θ + h x) − π(θ − h x))/2h` along a direction, extrapolated once.
fn change_along(direction: &[f64]) -> Vec<f64> {
    let at = |h: f64| {
        let moved: Vec<f64> = PI.iter().zip(direction).map(|(p, x)| numeric::ln(*p) + h * x).collect();
        softmax(&moved)
    };
    let slope = |h: f64| scale(0.5 / h, &difference(&at(h), &at(-h)));
    slope(1e-3).iter().zip(slope(2e-3)).map(|(close, wide)| (4.0 * close - wide) / 3.0).collect()
}

pub(in crate::claims) static HIGH_UP: Claim = Claim {
    id: "ch03-high-up-low-down",
    origin: Origin::Guide,
    quote: "High-reward trajectory -> increase action likelihood. Low/negative reward -> decrease.",
    statement: "A single sample goes by the sign of its weight. In expectation an arm is compared with the average, and \
                under softmax gradient ascent even the best arm can lose probability; under the natural gradient the sign \
                is always that of r_a − r̄.",
    because: "dπ_a = π_a(θ'_a − Σ_b π_b θ'_b) with θ'_a = π_a(r_a − r̄): a likely arm with a small advantage moves its logit \
              more than a rare one with a large advantage.",
    lesson: "\"High up, low down\" is true in expectation of the natural gradient (the replicator equation), not of logits, and not \
             of single samples.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "mean_reward", what: "r̄", value: Value::Number(|| three_arms().objective()) },
        Quantity {
            key: "dpi_vanilla",
            what: "dπ/dt under softmax gradient ascent",
            value: Value::List(|| policy_change(&PI, &three_arms().gradient())),
        },
        Quantity {
            key: "dpi_natural",
            what: "dπ/dt under the natural gradient",
            value: Value::List(|| policy_change(&PI, &inverse_fisher(&PI, &three_arms().gradient()))),
        },
    ],
    trials: &[
        Trial {
            name: "under the natural gradient an arm moves by π(r − r̄)",
            role: Role::Confirms,
            setting: "3 arms, π=(.05, .75, .2), r=(1, .9, 0)",
            subject: Subject::Exact(|| change_along(&inverse_fisher(&PI, &three_arms().gradient()))),
            expected: || PI.iter().zip(REWARDS).map(|(p, r)| p * (r - 0.725)).collect(),
            judge: DIFFERENCES,
            counterfeits: &[Counterfeit {
                story: "the vanilla gradient",
                subject: Subject::Exact(|| policy_change(&PI, &three_arms().gradient())),
            }],
        },
        Trial {
            name: "the expected vanilla step, by formula and by moving the logits",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| policy_change(&PI, &three_arms().batch_mean(1, v1))),
            expected: || change_along(&three_arms().gradient()),
            judge: DIFFERENCES,
            counterfeits: &[Counterfeit {
                story: "the natural gradient",
                subject: Subject::Exact(|| policy_change(&PI, &inverse_fisher(&PI, &three_arms().gradient()))),
            }],
        },
        Trial {
            name: "the best arm loses probability under the vanilla gradient",
            role: Role::Limits,
            setting: "the same: arm 0 is the best",
            subject: Subject::Exact(|| vec![policy_change(&PI, &three_arms().gradient())[0]]),
            expected: || vec![0.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the natural gradient",
                subject: Subject::Exact(|| vec![policy_change(&PI, &inverse_fisher(&PI, &three_arms().gradient()))[0]]),
            }],
        },
        Trial {
            name: "a sample of a poor arm with a positive reward raises it",
            role: Role::Limits,
            setting: "the same with .5 added to every reward: arm 2 pays .5, the mean 1.225",
            subject: Subject::Exact(|| {
                let world = three_arms().with_rewards(|t| t.reward + 0.5);
                let path = &world.paths()[2].1;
                vec![policy_change(&PI, &v1(&world, &Batch::of(1, [path])))[2]]
            }),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "with the mean reward as baseline",
                subject: Subject::Exact(|| {
                    let world = three_arms().with_rewards(|t| t.reward + 0.5);
                    let path = &world.paths()[2].1;
                    vec![policy_change(&PI, &v1_less(&world, &Batch::of(1, [path]), 1.225))[2]]
                }),
            }],
        },
        Trial {
            name: "the expected vanilla step, drawn",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Sampled(|| three_arms().sample(1, |world, batch| policy_change(&PI, &v1(world, batch)))),
            expected: || policy_change(&PI, &three_arms().gradient()),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the natural gradient",
                subject: Subject::Sampled(|| {
                    three_arms().sample(1, |world, batch| policy_change(&PI, &inverse_fisher(&PI, &v1(world, batch))))
                }),
            }],
        },
    ],
};
