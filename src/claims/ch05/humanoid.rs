//! The guide's five trajectories, and the time that a robot would need.

use crate::claims::prelude::*;

/// A batch with each of the five outcomes once.
fn each_once(world: &World) -> Batch {
    Batch::of(1, world.paths().iter().map(|(_, path)| path))
}

/// The features of the shared-parameter example: outcome k has the logit θ x_k.
const FEATURES: [f64; 5] = [0.0, 1.0, 0.0, -0.5, 3.0];

fn shared() -> World {
    with_features(&FEATURES)
}

fn with_features(features: &[f64; 5]) -> World {
    let policy = SoftmaxPolicy::features(1, 5, features.to_vec(), vec![0.0]);
    World::new(bandit(&HUMANOID), policy.expect("one parameter"))
}

fn tabular_gradient() -> Vec<f64> {
    v1(&humanoid(), &each_once(&humanoid()))
}

fn shared_gradient() -> f64 {
    v1(&shared(), &each_once(&shared()))[0]
}

/// The derivative of `log p(τ2)` along the batch's gradient, for one shared parameter.
fn shared_change_of_best(features: &[f64; 5]) -> f64 {
    let world = with_features(features);
    dot(&v1(&world, &each_once(&world)), &world.sum_of_scores(&world.paths()[1].1))
}

/// The same for five logits with probabilities `p`.
fn change_of_best(p: &[f64; 5]) -> f64 {
    let world = World::new(bandit(&HUMANOID), tabular(1, 5, &p.map(numeric::ln)));
    dot(&v1(&world, &each_once(&world)), &world.sum_of_scores(&world.paths()[1].1))
}

pub(in crate::claims) static BATCH: Claim = Claim {
    id: "ch05-humanoid-batch",
    origin: Origin::Guide,
    quote: "Gradient: increases likelihood of tau2 (best), decreases tau5 (worst).",
    statement: "For five logits and each outcome once, ĝ_k = (r_k − p_k Σ_j r_j)/5. With shared parameters the likelihood of \
                τ2 can move either way.",
    because: "The score of outcome k is e_k − p; with a shared parameter it is x_k − x̄.",
    lesson: "True of a table at the uniform start. There τ3 (reward 0) rises too, because the batch's mean is negative; from another \
             start, or with shared features, the best trajectory can become less likely.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "tabular_gradient", what: "ĝ for five logits", value: Value::List(tabular_gradient) },
        Quantity {
            key: "policy_after_step",
            what: "softmax(.1 ĝ)",
            value: Value::List(|| softmax(&scale(0.1, &tabular_gradient()))),
        },
        Quantity {
            key: "shared_gradient",
            what: "the gradient for one shared parameter",
            value: Value::Number(shared_gradient),
        },
        Quantity {
            key: "shared_dlogp_tau2",
            what: "the derivative of log p(τ2) along it",
            value: Value::Number(|| shared_change_of_best(&FEATURES)),
        },
    ],
    trials: &[
        Trial {
            name: "the batch gradient of a table",
            role: Role::Confirms,
            setting: "set-humanoid, each outcome once",
            subject: Subject::Exact(tabular_gradient),
            expected: || HUMANOID.map(|r| (r - 0.2 * HUMANOID.iter().sum::<f64>()) / 5.0).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "r_k/5, without the policy's own part",
                subject: Subject::Exact(|| HUMANOID.map(|r| r / 5.0).to_vec()),
            }],
        },
        Trial {
            name: "τ2 rises and τ5 falls",
            role: Role::Confirms,
            setting: "the same: signs of the change of τ2 and τ5 after a step of .1",
            subject: Subject::Exact(|| {
                let after = softmax(&scale(0.1, &tabular_gradient()));
                vec![(after[1] - 0.2).signum(), (after[4] - 0.2).signum()]
            }),
            expected: || vec![1.0, -1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "descent",
                subject: Subject::Exact(|| {
                    let after = softmax(&scale(-0.1, &tabular_gradient()));
                    vec![(after[1] - 0.2).signum(), (after[4] - 0.2).signum()]
                }),
            }],
        },
        Trial {
            name: "an outcome of reward zero rises too",
            role: Role::Limits,
            setting: "the same: τ3 after a step of .1",
            subject: Subject::Exact(|| vec![softmax(&scale(0.1, &tabular_gradient()))[2]]),
            expected: || vec![0.2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a worst return of −1, so that the mean is zero",
                subject: Subject::Exact(|| {
                    let balanced = World::new(bandit(&[-2.0, 2.0, 0.0, 1.0, -1.0]), tabular(1, 5, &[0.0; 5]));
                    vec![softmax(&scale(0.1, &v1(&balanced, &each_once(&balanced))))[2]]
                }),
            }],
        },
        Trial {
            name: "with a shared parameter the best trajectory becomes less likely",
            role: Role::Limits,
            setting: "one parameter, logits θx with x=(0, 1, 0, −.5, 3)",
            subject: Subject::Exact(|| vec![shared_change_of_best(&FEATURES)]),
            expected: || vec![0.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "five logits",
                subject: Subject::Exact(|| vec![change_of_best(&[0.2; 5])]),
            }],
        },
        Trial {
            name: "the shared gradient in closed form",
            role: Role::Limits,
            setting: "the same: (1/5) Σ r_k (x_k − x̄)",
            subject: Subject::Exact(|| vec![shared_gradient()]),
            expected: || {
                let mean = FEATURES.iter().sum::<f64>() / 5.0;
                vec![HUMANOID.iter().zip(FEATURES).map(|(r, x)| r * (x - mean)).sum::<f64>() / 5.0]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "(1/5) Σ r_k x_k",
                subject: Subject::Exact(|| vec![dot(&HUMANOID, &FEATURES) / 5.0]),
            }],
        },
        Trial {
            name: "and in a table away from the uniform start too",
            role: Role::Limits,
            setting: "p=(.01, .02, .01, .95, .01), the same batch: the derivative of log p(τ2)",
            subject: Subject::Exact(|| vec![change_of_best(&[0.01, 0.02, 0.01, 0.95, 0.01])]),
            expected: || vec![0.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the uniform start",
                subject: Subject::Exact(|| vec![change_of_best(&[0.2; 5])]),
            }],
        },
        Trial {
            name: "with another shared feature it becomes likelier",
            role: Role::Confirms,
            setting: "one parameter, logits θx with x=(0, 1, 0, 0, 0)",
            subject: Subject::Exact(|| vec![shared_change_of_best(&[0.0, 1.0, 0.0, 0.0, 0.0])]),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "x=(0, 1, 0, −.5, 3)",
                subject: Subject::Exact(|| vec![shared_change_of_best(&FEATURES)]),
            }],
        },
    ],
};

/// Exact ascent with step .5 for 2000 steps, `gradient` giving ∇J at a world.
fn ascended(mut world: World, gradient: fn(&World) -> Vec<f64>) -> World {
    for _ in 0..2000 {
        let g = gradient(&world);
        world = world.stepped(0.5, &g);
    }
    world
}

fn probabilities(world: &World) -> Vec<f64> {
    (0..5).map(|a| probability(&world.policy, world.policy.parameters(), 0, 0, a)).collect()
}

/// `p(τ4) − p(τ2)`.
fn fourth_over_second(world: &World) -> f64 {
    let p = probabilities(world);
    p[3] - p[1]
}

/// `p_k (r_k − r̄)`.
fn replicator(world: &World) -> Vec<f64> {
    let p = probabilities(world);
    let mean = dot(&p, &HUMANOID);
    p.iter().zip(HUMANOID).map(|(p, r)| p * (r - mean)).collect()
}

pub(in crate::claims) static FALLS_FORWARD: Claim = Claim {
    id: "ch05-humanoid-falls-forward",
    origin: Origin::Guide,
    quote: "The policy learns to fall forward - the best it saw.",
    statement: "Exact ascent over five outcomes with a logit each converges to τ2 and never exceeds the best outcome; a class \
                that cannot single out τ2 ends elsewhere.",
    because: "From a uniform start the flow increases log p_2 − log p_k for every k; J is a mean of outcomes.",
    lesson: "Condition: the policy class can tell the outcomes apart. \"One step, then falls\" (+1) is suppressed although it \
             may be the road to walking: a local optimum.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "p_tau2_final",
            what: "p(τ2) after 2000 steps of .5",
            value: Value::Number(|| probabilities(&ascended(humanoid(), World::gradient))[1]),
        },
        Quantity {
            key: "j_final",
            what: "J then",
            value: Value::Number(|| ascended(humanoid(), World::gradient).objective()),
        },
    ],
    trials: &[
        Trial {
            name: "ascent ends at τ2",
            role: Role::Confirms,
            setting: "set-humanoid, five logits, 2000 exact steps of .5",
            subject: Subject::Exact(|| probabilities(&ascended(humanoid(), World::gradient))),
            expected: || vec![0.0, 1.0, 0.0, 0.0, 0.0],
            judge: Judge::Exact { tolerance: 1e-3, why: "the approach is like 1/steps" },
            counterfeits: &[Counterfeit {
                story: "descent",
                subject: Subject::Exact(|| {
                    probabilities(&ascended(humanoid(), |world| scale(-1.0, &world.gradient())))
                }),
            }],
        },
        Trial {
            name: "with the gradient of the recursion and in closed form",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| probabilities(&ascended(humanoid(), World::gradient))),
            expected: || probabilities(&ascended(humanoid(), replicator)),
            judge: Judge::Exact { tolerance: 1e-9, why: "rounding over 2000 steps" },
            counterfeits: &[Counterfeit {
                story: "without the mean",
                subject: Subject::Exact(|| {
                    probabilities(&ascended(humanoid(), |world| {
                        probabilities(world).iter().zip(HUMANOID).map(|(p, r)| p * r).collect()
                    }))
                }),
            }],
        },
        Trial {
            name: "J stays below the best outcome",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| vec![ascended(humanoid(), World::gradient).objective()]),
            expected: || vec![2.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the sum of the positive returns",
                subject: Subject::Exact(|| vec![HUMANOID.iter().filter(|r| **r > 0.0).sum()]),
            }],
        },
        Trial {
            name: "a class with one parameter ends at τ4 instead",
            role: Role::Limits,
            setting: "logits θx with x=(0, 1, 0, −.5, 3), 2000 exact steps of .5: p(τ4) − p(τ2)",
            subject: Subject::Exact(|| vec![fourth_over_second(&ascended(shared(), World::gradient))]),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "five logits",
                subject: Subject::Exact(|| vec![fourth_over_second(&ascended(humanoid(), World::gradient))]),
            }],
        },
    ],
};

/// Minutes of the guide's robot: five a trajectory, a hundred a step, ten thousand steps.
const MINUTES: f64 = 5.0 * 100.0 * 10_000.0;
const MINUTES_A_YEAR: f64 = 60.0 * 24.0 * 365.25;

pub(in crate::claims) static ROBOT_TIME: Claim = Claim {
    id: "ch05-robot-time",
    origin: Origin::Guide,
    quote: "5 min/trajectory x 100 per step x 10k steps = 6.6 years",
    statement: "5·100·10,000 minutes are 9.5 years.",
    because: "A year has 365.25·1440 = 525,960 minutes.",
    lesson: "The product is not 6.6 years: that figure needs three and a half minutes a trajectory. The argument, that it is \
             too long, only gets stronger.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "years", what: "years of 365.25 days", value: Value::Number(|| MINUTES / MINUTES_A_YEAR) },
        Quantity { key: "days", what: "days", value: Value::Number(|| MINUTES / 1440.0) },
        Quantity {
            key: "minutes_for_stated_years",
            what: "minutes a trajectory for 6.6 years",
            value: Value::Number(|| 6.6 * MINUTES_A_YEAR / 1e6),
        },
    ],
    trials: &[Trial {
        name: "the product",
        role: Role::Contradicts,
        setting: "the guide's numbers, in days and then in years",
        subject: Subject::Arithmetic(|| vec![MINUTES / MINUTES_A_YEAR]),
        expected: || vec![5.0 / 60.0 / 24.0 * 1e6 / 365.25],
        judge: Judge::Exact { tolerance: 1e-9, why: "arithmetic" },
        counterfeits: &[Counterfeit { story: "the guide's 6.6 years", subject: Subject::Arithmetic(|| vec![6.6]) }],
    }],
};

pub(in crate::claims) static OFF_POLICY_FIXES: Claim = Claim {
    id: "ch05-off-policy-fixes-this",
    origin: Origin::Guide,
    quote: "Off-policy methods fix this.",
    statement: "K gradient steps a batch divide the data by at most K: with K=10 the 9.5 years become .95.",
    because: "The same number of gradient steps needs a K-th of the batches; the steps are worth less than fresh ones, because \
              they are biased or noisier (chapter 9).",
    lesson: "Reduces, does not remove: the better part of a year of robot time is left, at best.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "years_k10",
        what: "years with ten gradient steps a batch",
        value: Value::Number(|| MINUTES / MINUTES_A_YEAR / 10.0),
    }],
    trials: &[
        Trial {
            name: "less time than without reuse",
            role: Role::Confirms,
            setting: "the guide's numbers with K=10",
            subject: Subject::Arithmetic(|| vec![MINUTES / MINUTES_A_YEAR / 10.0]),
            expected: || vec![MINUTES / MINUTES_A_YEAR],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "K=1",
                subject: Subject::Arithmetic(|| vec![MINUTES / MINUTES_A_YEAR]),
            }],
        },
        Trial {
            name: "but most of a year is left",
            role: Role::Limits,
            setting: "the same; half a year for comparison",
            subject: Subject::Arithmetic(|| vec![MINUTES / MINUTES_A_YEAR / 10.0]),
            expected: || vec![0.5],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "K=100",
                subject: Subject::Arithmetic(|| vec![MINUTES / MINUTES_A_YEAR / 100.0]),
            }],
        },
    ],
};

/// ‖∇J‖ / √trVar of the mean of `n` trajectories.
fn signal_to_noise(n: f64) -> f64 {
    norm(&humanoid().gradient()) / (humanoid().recursion_trace(&Form::total(Baseline::None)) / n).sqrt()
}

/// Whether a batch's gradient points more than 45° away from ∇J.
fn astray(world: &World, batch: &Batch) -> Vec<f64> {
    let (estimate, gradient) = (v1(world, batch), world.gradient());
    let cosine = dot(&estimate, &gradient) / (norm(&estimate) * norm(&gradient));
    // A batch without a gradient points nowhere.
    let straight = cosine >= std::f64::consts::FRAC_1_SQRT_2;
    vec![f64::from(u8::from(!straight))]
}

pub(in crate::claims) static VERY_NOISY: Claim = Claim {
    id: "ch05-very-noisy",
    origin: Origin::Guide,
    quote: "Over many iterations: stumbling -> stepping -> walking. Very noisy.",
    statement: "The signal-to-noise ratio of one gradient from five trajectories is 1.25; of one trajectory .56.",
    because: "trVar of a mean of N is that of one divided by N.",
    lesson: "With five trajectories the noise is four fifths of the signal, on a choice among five: \"very noisy\" is fair, and here \
             are the numbers.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "gradient_norm", what: "‖∇J‖", value: Value::Number(|| norm(&humanoid().gradient())) },
        Quantity {
            key: "trvar_n5",
            what: "trVar of the mean of five trajectories",
            value: Value::Number(|| humanoid().batch_trace(5, v1)),
        },
        Quantity { key: "snr_n5", what: "‖∇J‖/√trVar at N=5", value: Value::Number(|| signal_to_noise(5.0)) },
    ],
    trials: &[
        Trial {
            name: "the variance of five, over all batches and by recursion",
            role: Role::Confirms,
            setting: HUMANOID_SETTING,
            subject: Subject::Exact(|| vec![humanoid().batch_trace(5, v1)]),
            expected: || vec![humanoid().recursion_trace(&Form::total(Baseline::None)) / 5.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "of one trajectory",
                subject: Subject::Exact(|| vec![humanoid().batch_trace(1, v1)]),
            }],
        },
        Trial {
            name: "the noise of one trajectory exceeds the signal",
            role: Role::Confirms,
            setting: "set-humanoid: ‖∇J‖/√trVar",
            subject: Subject::Exact(|| vec![signal_to_noise(1.0)]),
            expected: || vec![1.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "of a hundred trajectories",
                subject: Subject::Exact(|| vec![signal_to_noise(100.0)]),
            }],
        },
        Trial {
            name: "the squared error of five, drawn",
            role: Role::Confirms,
            setting: "set-humanoid, batches of five",
            subject: Subject::Sampled(|| humanoid().sample_errors(5, v1)),
            expected: || vec![humanoid().recursion_trace(&Form::total(Baseline::None)) / 5.0],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "batches of four",
                subject: Subject::Sampled(|| humanoid().sample_errors(4, v1)),
            }],
        },
        Trial {
            name: "of five it is still more than half of it",
            role: Role::Confirms,
            setting: "set-humanoid: ‖∇J‖/√trVar of five, the variance over all batches",
            subject: Subject::Exact(|| vec![norm(&humanoid().gradient()) / humanoid().batch_trace(5, v1).sqrt()]),
            expected: || vec![2.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "of a hundred trajectories",
                subject: Subject::Exact(|| vec![signal_to_noise(100.0)]),
            }],
        },
        Trial {
            name: "a fifth of all batches point more than 45° away, drawn",
            role: Role::Confirms,
            setting: "set-humanoid, batches of five; the expected share over all 3125 of them",
            subject: Subject::Sampled(|| humanoid().sample(5, astray)),
            expected: || humanoid().batch_mean(5, astray),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "batches of four",
                subject: Subject::Sampled(|| humanoid().sample(4, astray)),
            }],
        },
    ],
};
