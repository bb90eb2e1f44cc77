//! What J is, and how it is estimated.

use crate::claims::prelude::*;
use crate::verify::Bounded;

fn enumerated(world: &World) -> f64 {
    world.mean(total)
}

pub(in crate::claims) static OBJECTIVE: Claim = Claim {
    id: "ch02-objective",
    origin: Origin::Guide,
    quote: "J(theta)=E_tau[sum_t r(s_t,a_t)]=sum_tau p(tau) r(tau)",
    statement: "The sum over all trajectories is the value of dynamic programming.",
    because: "Expectation is linear, and the Markov property lets the sum be taken step by step (Bellman 1957).",
    lesson: "One number, two routes.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "j_mdp_16", what: "J of set-mdp-16", value: Value::Number(|| enumerated(mdp_16())) },
        Quantity { key: "j_mdp_1296", what: "J of set-mdp-1296", value: Value::Number(|| enumerated(mdp_1296())) },
    ],
    trials: &[
        Trial {
            name: "enumeration is dynamic programming",
            role: Role::Confirms,
            setting: "set-mdp-16 and set-mdp-1296",
            subject: Subject::Exact(|| vec![enumerated(mdp_16()), enumerated(mdp_1296())]),
            expected: || vec![mdp_16().objective(), mdp_1296().objective()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "every trajectory equally likely",
                subject: Subject::Exact(|| {
                    let even = |world: &World| {
                        let paths = world.paths();
                        numeric::sum(paths.iter().map(|(_, path)| total(path))) / paths.len() as f64
                    };
                    vec![even(mdp_16()), even(mdp_1296())]
                }),
            }],
        },
        Trial {
            name: "the mean return, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| vec![total(path)])),
            expected: || vec![mdp_1296().objective()],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the last reward forgotten",
                subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| vec![path.rewards[..3].iter().sum()])),
            }],
        },
    ],
};

/// `J` of set-linear-gaussian at gain `k`, by propagating second moments.
pub(in crate::claims) fn linear_gaussian_objective<S: Scalar>(k: S) -> S {
    let number = S::from;
    // x_1 = 1, a_1 = k + .4 z_1; x_2 = .9 + .5 a_1 + .3 w; a_2 = k x_2 + .4 z_2.
    let first_action = k * k + number(0.16);
    let mean = number(0.9) + number(0.5) * k;
    let second_state = mean * mean + number(0.04) + number(0.09);
    let second_action = k * k * second_state + number(0.16);
    number(0.0) - (number(1.0) + second_state + number(0.1) * (first_action + second_action))
}

/// `E f(z_1, w, z_2)` of set-linear-gaussian, by 24-point quadrature in each variable.
pub(in crate::claims) fn linear_gaussian_mean(f: impl Fn(f64, f64, f64) -> f64) -> f64 {
    let nodes = numeric::gauss_hermite(24);
    let mut sum = numeric::Sum::new();
    for (z1, p1) in &nodes {
        for (w, p2) in &nodes {
            for (z2, p3) in &nodes {
                sum.add(p1 * p2 * p3 * f(*z1, *w, *z2));
            }
        }
    }
    sum.value()
}

/// One episode of set-linear-gaussian at `k = −.7`: scores and rewards of both steps.
pub(in crate::claims) fn linear_gaussian_episode(z1: f64, w: f64, z2: f64) -> ([f64; 2], [f64; 2]) {
    let k = -0.7;
    let reward = |x: f64, a: f64| -(x * x + 0.1 * a * a);
    let first = k + 0.4 * z1;
    let second_state = 0.9 + 0.5 * first + 0.3 * w;
    let second = k * second_state + 0.4 * z2;
    ([z1 / 0.4, z2 * second_state / 0.4], [reward(1.0, first), reward(second_state, second)])
}

pub(in crate::claims) static CANNOT_COMPUTE: Claim = Claim {
    id: "ch02-cannot-compute-exactly",
    origin: Origin::Guide,
    quote: "Can't compute this exactly - estimate with samples",
    statement: "True of unknown or intractably large dynamics; false of known small worlds and linear-Gaussian systems.",
    because: "A backward recursion costs of the order of T S² A operations, not one per trajectory.",
    lesson: "Where the dynamics are known and small, J and ∇J are computed exactly: that is what makes an oracle.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "j_exact",
        what: "J of set-mdp-1296",
        value: Value::Number(|| mdp_1296().objective()),
    }],
    trials: &[
        Trial {
            name: "two exact routes to J of a known world",
            role: Role::Limits,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![mdp_1296().objective()]),
            expected: || vec![enumerated(mdp_1296())],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one step too few",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    let shorter = world.mdp.clone().with_horizon(3).expect("a shorter horizon");
                    vec![World::new(shorter, world.policy.clone()).objective()]
                }),
            }],
        },
        Trial {
            name: "two exact routes to J of a linear-Gaussian system",
            role: Role::Limits,
            setting: "set-linear-gaussian",
            subject: Subject::Exact(|| vec![linear_gaussian_objective(-0.7)]),
            expected: || {
                vec![linear_gaussian_mean(|z1, w, z2| linear_gaussian_episode(z1, w, z2).1.iter().sum::<f64>())]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the system without its noise",
                subject: Subject::Exact(|| vec![linear_gaussian_episode(0.0, 0.0, 0.0).1.iter().sum::<f64>()]),
            }],
        },
        Trial {
            name: "6⁴⁰ trajectories are not listed, but drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296 with 40 steps; the mean return drawn, against the recursion",
            subject: Subject::Sampled(|| long_returns(40)),
            expected: || vec![long().objective()],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the last ten rewards forgotten",
                subject: Subject::Sampled(|| long_returns(30)),
            }],
        },
    ],
};

/// set-mdp-1296 with 40 steps.
fn long() -> World {
    let world = mdp_1296();
    World::new(world.mdp.clone().with_horizon(40).expect("a longer horizon"), world.policy.clone())
}

/// Draws of the sum of the first rewards, which lies between −40 and 80.
fn long_returns(steps: usize) -> Sample {
    let world = long();
    let source = Bounded::new(&world.mdp, &world.policy, 1, (&[-40.0], &[80.0]), move |batch: &Batch| {
        vec![batch.rewards(0)[..steps].iter().sum()]
    });
    Box::new(source.expect("the world can be drawn"))
}

fn return_std(world: &World) -> f64 {
    world.trace(|path| vec![total(path)]).sqrt()
}

/// set-mdp-1296 with every reward 1: the return is always 4.
fn constant_rewards() -> World {
    with_rewards_1296(&[&[1.0; 2]; 3])
}

pub(in crate::claims) static WILD_OUTCOMES: Claim = Claim {
    id: "ch02-wild-outcomes",
    origin: Origin::Guide,
    quote: "Same policy -> wildly different outcomes across runs.",
    statement: "The standard deviation of r(τ) is positive, unless policy and environment give a constant return.",
    because: "A return that takes two values of positive probability has a positive variance.",
    lesson: "It needs a stochastic policy or dynamics, and a return that varies over what they reach.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "return_std",
            what: "the standard deviation of r(τ)",
            value: Value::Number(|| return_std(mdp_1296())),
        },
        Quantity {
            key: "return_min",
            what: "the smallest return",
            value: Value::Number(|| mdp_1296().paths().iter().map(|(_, path)| total(path)).fold(f64::MAX, f64::min)),
        },
        Quantity {
            key: "return_max",
            what: "the largest return",
            value: Value::Number(|| mdp_1296().paths().iter().map(|(_, path)| total(path)).fold(f64::MIN, f64::max)),
        },
    ],
    trials: &[
        Trial {
            name: "the spread of the return, by enumeration and by recursion",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![return_std(mdp_1296())]),
            expected: || vec![mdp_1296().oracle().return_variance().sqrt()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the variances of the steps added, as if they were independent",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    vec![(0..4).map(|t| world.trace(|path| vec![path.rewards[t]])).sum::<f64>().sqrt()]
                }),
            }],
        },
        Trial {
            name: "it is not small",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![return_std(mdp_1296())]),
            expected: || vec![mdp_1296().objective()],
            judge: Judge::Ratio { bound: Bound::Above(0.5), why: "a spread of half the mean is wild" },
            counterfeits: &[Counterfeit {
                story: "the mean of a hundred runs",
                subject: Subject::Exact(|| vec![return_std(mdp_1296()) / 10.0]),
            }],
        },
        Trial {
            name: "the spread, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| {
                let mean = mdp_1296().objective();
                mdp_1296().sample_paths(move |path| centred_square(&[total(path)], &[mean]))
            }),
            expected: || vec![mdp_1296().oracle().return_variance()],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "around zero, not around the mean",
                subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| vec![total(path) * total(path)])),
            }],
        },
        Trial {
            name: "a constant return does not vary",
            role: Role::Limits,
            setting: "set-mdp-1296 with every reward 1",
            subject: Subject::Exact(|| vec![return_std(&constant_rewards())]),
            expected: || vec![0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the rewards of set-mdp-1296",
                subject: Subject::Exact(|| vec![return_std(mdp_1296())]),
            }],
        },
    ],
};

/// Arm A pays 10 with probability .1 and else nothing, arm B always 2: the reward depends on the outcome.
fn lottery() -> World {
    let table = |outcomes: &[(f64, f64)]| {
        let outcome = |&(probability, reward): &(f64, f64)| crate::environment::Transition {
            probability,
            next: 0,
            reward,
            terminated: false,
        };
        outcomes.iter().map(outcome).collect()
    };
    let rows = vec![vec![table(&[(0.1, 10.0), (0.9, 0.0)]), table(&[(1.0, 2.0)])]];
    let mdp = crate::environment::TabularMdp::new(1, 1.0, vec![1.0], rows).expect("a lottery is a world");
    World::new(mdp, tabular(1, 2, &[0.0; 2]))
}

/// `π_a (q_a − J)`.
fn lottery_gradient(values: [f64; 2]) -> Vec<f64> {
    let mean = 0.5 * (values[0] + values[1]);
    values.iter().map(|q| 0.5 * (q - mean)).collect()
}

pub(in crate::claims) static AVERAGE_NOT_LUCK: Claim = Claim {
    id: "ch02-average-not-luck",
    origin: Origin::Guide,
    quote: "We want a policy that works on average, not one that got lucky once.",
    statement: "The policy gradient follows the mean reward of an arm, not its best one: it is neutral to risk.",
    because: "J is an expectation, so ∇J knows rewards through their means alone.",
    lesson: "The arm with the largest reward ever seen can be the one that loses probability.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "expected_gradient",
        what: "the expected gradient for the logits (A, B)",
        value: Value::List(|| lottery_gradient([1.0, 2.0])),
    }],
    trials: &[
        Trial {
            name: "the gradient favours the better mean",
            role: Role::Confirms,
            setting: "arm A pays 10 with probability .1, arm B always 2; uniform softmax",
            subject: Subject::Exact(|| lottery().batch_mean(1, v1)),
            expected: || lottery_gradient([1.0, 2.0]),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the gradient of the best reward ever seen",
                subject: Subject::Exact(|| lottery_gradient([10.0, 2.0])),
            }],
        },
        Trial {
            name: "the gradient favours the better mean, drawn",
            role: Role::Confirms,
            setting: "arm A pays 10 with probability .1, arm B always 2; uniform softmax",
            subject: Subject::Sampled(|| lottery().sample(1, v1)),
            expected: || lottery_gradient([1.0, 2.0]),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "gradient descent",
                subject: Subject::Sampled(|| lottery().sample(1, reversed)),
            }],
        },
    ],
};

fn batch_mean_return(_: &World, batch: &Batch) -> Vec<f64> {
    mean_over(batch, |path| vec![total(path)])
}

/// Expectation and variance of the mean return of two trajectories, over all 256 pairs.
fn pair() -> (f64, f64) {
    let moments = mdp_16().batches(2, batch_mean_return);
    (moments.mean[0], moments.covariance.trace())
}

pub(in crate::claims) static SAMPLE_ESTIMATE: Claim = Claim {
    id: "ch02-sample-estimate-J",
    origin: Origin::Guide,
    quote: "estimate with samples (actual rollouts)",
    statement: "E[(1/N) Σ r(τ_i)] = J and its variance is Var(r)/N.",
    because: "Independent, identically distributed samples.",
    lesson: "Four times the rollouts halve the error.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "batch_mean_expectation",
            what: "E of the mean return of two trajectories",
            value: Value::Number(|| pair().0),
        },
        Quantity {
            key: "batch_mean_variance_n2",
            what: "the variance of the mean return of two",
            value: Value::Number(|| pair().1),
        },
        Quantity {
            key: "return_variance",
            what: "Var r(τ)",
            value: Value::Number(|| mdp_16().trace(|path| vec![total(path)])),
        },
    ],
    trials: &[
        Trial {
            name: "mean and variance over all 256 pairs",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Exact(|| vec![pair().0, pair().1]),
            expected: || {
                let oracle = mdp_16().oracle();
                vec![oracle.objective(), oracle.return_variance() / 2.0]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the variance of one trajectory",
                subject: Subject::Exact(|| vec![pair().0, mdp_16().oracle().return_variance()]),
            }],
        },
        Trial {
            name: "mean and squared error of pairs, drawn",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Sampled(|| {
                let mean = mdp_16().objective();
                mdp_16().sample(2, move |world, batch| {
                    let estimate = batch_mean_return(world, batch)[0];
                    vec![estimate, (estimate - mean) * (estimate - mean)]
                })
            }),
            expected: || {
                let oracle = mdp_16().oracle();
                vec![oracle.objective(), oracle.return_variance() / 2.0]
            },
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the same trajectory twice",
                subject: Subject::Sampled(|| {
                    let mean = mdp_16().objective();
                    mdp_16().sample(2, move |_, batch| {
                        let estimate = total(&batch.trajectory(0));
                        vec![estimate, (estimate - mean) * (estimate - mean)]
                    })
                }),
            }],
        },
    ],
};
