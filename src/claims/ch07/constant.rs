//! A constant baseline: what it is for, and what it leaves unchanged.

use crate::claims::ch04::direction::policy_change;
use crate::claims::prelude::*;

/// Each arm once, as a batch.
fn each_once(world: &World) -> Batch {
    let paths: Vec<Trajectory> = world.paths().iter().map(|(_, path)| path.clone()).collect();
    Batch::of(1, &paths)
}

/// The batch gradient with each arm once, less a baseline.
fn batch_gradient(baseline: f64) -> Vec<f64> {
    let world = four_arm(EXAMPLE);
    v1_less(&world, &each_once(&world), baseline)
}

/// The derivative of the four probabilities along a direction of the logits, by dual numbers.
fn softmax_change(direction: &[f64]) -> Vec<f64> {
    let mut pi = vec![Dual::<4>::from(0.0); 4];
    tabular(1, 4, &[0.0; 4]).probabilities_over(0, 0, &Dual::point(&[0.0; 4]), &mut pi);
    pi.iter().map(|p| dot(&p.tangents, direction)).collect()
}

/// What one sample of each arm does to its own probability.
fn own_change(rewards: [f64; 4]) -> Vec<f64> {
    let world = four_arm(rewards);
    let own = |(arm, (_, path)): (usize, &(f64, Trajectory))| {
        policy_change(&[0.25; 4], &v1(&world, &Batch::of(1, [path])))[arm]
    };
    world.paths().iter().enumerate().map(own).collect()
}

pub(in crate::claims) static ALL_POSITIVE: Claim = Claim {
    id: "ch07-all-positive-every-trajectory",
    origin: Origin::Guide,
    quote: "All rewards positive: the gradient increases probability of every trajectory",
    statement: "Impossible: Σ_τ dp(τ) = 0. True only of each sampled trajectory's own term.",
    because: "Probabilities sum to 1, so their changes sum to 0.",
    lesson: "The two worst trajectories lose probability although their rewards are positive. In a large space the \
             sampled trajectories rise at the expense of those that were not sampled.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "batch_gradient",
            what: "the batch gradient, each once",
            value: Value::List(|| batch_gradient(0.0)),
        },
        Quantity {
            key: "dp_dalpha",
            what: "the derivative of the four probabilities along it",
            value: Value::List(|| policy_change(&[0.25; 4], &batch_gradient(0.0))),
        },
    ],
    trials: &[
        Trial {
            name: "with all rewards positive two of four trajectories fall",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (2, 5, 8, 12), uniform, each trajectory once: the changes dp/dα = −.297, \
                      −.109, +.078, +.328, here by their signs",
            subject: Subject::Exact(|| {
                policy_change(&[0.25; 4], &batch_gradient(0.0)).iter().map(|x| x.signum()).collect()
            }),
            expected: || vec![-1.0, -1.0, 1.0, 1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "every trajectory rises, as the guide says",
                subject: Subject::Arithmetic(|| vec![1.0; 4]),
            }],
        },
        Trial {
            name: "by the closed forms (r_k − p_k Σr)/4 and π_k(g_k − π·g), which sums to zero",
            role: Role::Contradicts,
            setting: "the same; the changes by differentiating the softmax along the batch gradient",
            subject: Subject::Exact(|| {
                let gradient = batch_gradient(0.0);
                let change = softmax_change(&gradient);
                let sum = change.iter().sum();
                [gradient, change, vec![sum]].concat()
            }),
            expected: || {
                let gradient: Vec<f64> = EXAMPLE.iter().map(|r| (r - 6.75) / 4.0).collect();
                let change = policy_change(&[0.25; 4], &gradient);
                [gradient, change, vec![0.0]].concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each arm raised by its reward, none lowered",
                subject: Subject::Exact(|| {
                    let raised = scale(0.25, &EXAMPLE);
                    [raised.clone(), scale(0.25, &raised), vec![6.75 / 4.0]].concat()
                }),
            }],
        },
        Trial {
            name: "each sampled trajectory's own term raises it",
            role: Role::Confirms,
            setting: "the same, one sample at a time",
            subject: Subject::Exact(|| own_change(EXAMPLE)),
            expected: || vec![0.0; 4],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "with the mean reward subtracted",
                subject: Subject::Exact(|| own_change(EXAMPLE.map(|r| r - 6.75))),
            }],
        },
        Trial {
            name: "the expected change of the four probabilities, drawn",
            role: Role::Contradicts,
            setting: FOUR_ARM,
            subject: Subject::Sampled(|| {
                four_arm(EXAMPLE).sample(1, |world, batch| policy_change(&[0.25; 4], &v1(world, batch)))
            }),
            expected: || policy_change(&[0.25; 4], &four_arm(EXAMPLE).gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "each arm raised by its reward, none lowered",
                subject: Subject::Sampled(|| {
                    four_arm(EXAMPLE).sample(1, |_, batch| {
                        let mut raised = vec![0.0; 4];
                        raised[batch.actions(0)[0] as usize] = 0.1875 * batch.rewards(0)[0];
                        raised
                    })
                }),
            }],
        },
    ],
};

/// trVar of one sample with a constant baseline, by enumeration.
fn four_arm_trace(baseline: f64) -> f64 {
    let world = four_arm(EXAMPLE);
    world.trace(|path| world.weighted(path, |_| path.rewards[0] - baseline))
}

/// Draws of the squared error with a constant baseline.
fn four_arm_errors(baseline: f64) -> Sample {
    four_arm(EXAMPLE).sample_errors(1, move |world, batch| v1_less(world, batch, baseline))
}

/// The same by the recursion.
fn four_arm_moments(baseline: f64) -> f64 {
    let form = Form::total(Baseline::Constant(baseline));
    four_arm(EXAMPLE).recursion_trace(&form)
}

pub(in crate::claims) static WASTE: Claim = Claim {
    id: "ch07-waste-signal",
    origin: Origin::Guide,
    quote: "We waste signal pushing everything up.",
    statement: "Without a baseline the cost is variance, not bias: trVar(b=0) against trVar(b = mean reward).",
    because: "The offset of the rewards multiplies the scores, whose mean is 0 and whose variance is not.",
    lesson: "Here six times the variance, for the same mean.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "trvar_b0", what: "trVar at b=0", value: Value::Number(|| four_arm_trace(0.0)) },
        Quantity {
            key: "trvar_b_mean",
            what: "trVar at b = mean reward",
            value: Value::Number(|| four_arm_trace(6.75)),
        },
        Quantity {
            key: "ratio",
            what: "the first over the second",
            value: Value::Number(|| four_arm_trace(0.0) / four_arm_trace(6.75)),
        },
    ],
    trials: &[
        Trial {
            name: "the cost is variance",
            role: Role::Confirms,
            setting: FOUR_ARM,
            subject: Subject::Exact(|| vec![four_arm_trace(0.0)]),
            expected: || vec![four_arm_moments(6.75)],
            judge: Judge::Ratio { bound: Bound::Above(2.0), why: "a waste of half the samples and more" },
            counterfeits: &[Counterfeit {
                story: "b = 5, near the mean",
                subject: Subject::Exact(|| vec![four_arm_trace(5.0)]),
            }],
        },
        Trial {
            name: "it is not bias",
            role: Role::Confirms,
            setting: FOUR_ARM,
            subject: Subject::Exact(|| {
                let world = four_arm(EXAMPLE);
                [0.0, 6.75]
                    .iter()
                    .flat_map(|b| world.expect(|path| world.weighted(path, |_| total(path) - b)))
                    .collect()
            }),
            expected: || [four_arm(EXAMPLE).gradient(), four_arm(EXAMPLE).gradient()].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "half of the rewards subtracted",
                subject: Subject::Exact(|| {
                    [four_arm(EXAMPLE).gradient(), scale(0.5, &four_arm(EXAMPLE).gradient())].concat()
                }),
            }],
        },
        Trial {
            name: "the variance at b=0, drawn",
            role: Role::Confirms,
            setting: FOUR_ARM,
            subject: Subject::Sampled(|| four_arm_errors(0.0)),
            expected: || vec![four_arm_moments(0.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "b = 2", subject: Subject::Sampled(|| four_arm_errors(2.0)) }],
        },
        Trial {
            name: "the variance at the mean reward, drawn",
            role: Role::Confirms,
            setting: FOUR_ARM,
            subject: Subject::Sampled(|| four_arm_errors(6.75)),
            expected: || vec![four_arm_moments(6.75)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "b = 5", subject: Subject::Sampled(|| four_arm_errors(5.0)) }],
        },
    ],
};

/// Means of V1 and V3 with b = −3, 0 and 17, one after the other.
fn means_with_constants() -> Vec<f64> {
    let world = mdp_1296();
    [-3.0, 0.0, 17.0]
        .iter()
        .flat_map(|b| {
            let whole = world.expect(|path| v1_less(world, &Batch::of(4, [path]), *b));
            [whole, world.expect(|path| v3(world, &Batch::of(4, [path]), *b))].concat()
        })
        .collect()
}

pub(in crate::claims) static BASELINE_UNBIASED: Claim = Claim {
    id: "ch07-baseline-unbiased",
    origin: Origin::Guide,
    quote: "Subtract constant b ... unbiased (proof)",
    statement: "E[score · b] = 0 for b that does not depend on the sampled trajectory.",
    because: "E[Σ_t ∇ log π] = 0, so b multiplies zero (Williams 1992, §5).",
    lesson: "Exact for any b that is not computed from the same samples. The mean of the batch is, and the estimate \
             shrinks by 1 − 1/N.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "max_abs_deviation",
        what: "the largest component of |E − ∇J| over b = −3, 0, 17 and both forms",
        value: Value::Number(|| largest(&difference(&means_with_constants(), &mdp_1296().gradient().repeat(6)))),
    }],
    trials: &[
        Trial {
            name: "three constants, both forms",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = −3, 0, 17",
            subject: Subject::Exact(means_with_constants),
            expected: || mdp_1296().gradient().repeat(6),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the return after the step, without its own reward",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    world.expect(|path| world.weighted(path, |t| to_go(path, t) - path.rewards[t])).repeat(6)
                }),
            }],
        },
        Trial {
            name: "b = 17, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample(1, |world, batch| v3(world, batch, 17.0))),
            expected: || mdp_1296().gradient(),
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.1),
                why: "17 is a noisy baseline, and the counterfeit is off by far more",
            },
            counterfeits: &[Counterfeit {
                story: "b times the indicator of the action, in place of b times the score",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample(1, |world, batch| {
                        let mut estimate = v3(world, batch, 0.0);
                        let path = batch.trajectory(0);
                        for t in 0..4 {
                            estimate[(2 * path.states[t] + path.actions[t]) as usize] -= 17.0;
                        }
                        estimate
                    })
                }),
            }],
        },
        Trial {
            name: "b from the same samples is not such a constant",
            role: Role::Limits,
            setting: "set-mdp-16, N=2, b the batch's mean return",
            subject: Subject::Exact(|| mdp_16().batch_mean(2, in_batch_total)),
            expected: || mdp_16().gradient(),
            judge: Judge::Different { at_least: 0.2, why: "a good part of |∇J|" },
            counterfeits: &[Counterfeit {
                story: "the mean of the others",
                subject: Subject::Exact(|| mdp_16().batch_mean(2, leave_one_out)),
            }],
        },
    ],
};

const PAIRS: [(f64, f64); 6] = [(3.0, 1.0), (1.0, 3.0), (-1.0, -2.0), (-5.0, -2.0), (0.5, -0.5), (2.0, 2.0)];

pub(in crate::claims) static SIGN_CLEAR: Claim = Claim {
    id: "ch07-sign-clear",
    origin: Origin::Guide,
    quote: "Reward > b -> positive weight. Reward < b -> negative. Clear signal.",
    statement: "The weight r − b has the sign of r − b: a definition.",
    because: "It is the weight.",
    lesson: "A sign is clear; how good the estimate is depends on b.",
    recorded: Finding::Holds,
    quantities: &[],
    trials: &[Trial {
        name: "the sign of the weight in the estimator",
        role: Role::Confirms,
        setting: "one arm of two, uniform; (r, b) = (3,1), (1,3), (−1,−2), (−5,−2), (.5,−.5), (2,2)",
        subject: Subject::Exact(|| {
            PAIRS
                .map(|(r, b)| {
                    let world = World::new(bandit(&[r, 0.0]), tabular(1, 2, &[0.0; 2]));
                    let path = world.paths()[0].1.clone();
                    // The chosen arm's component is r − b times 1/2.
                    let component = v1_less(&world, &Batch::of(1, [&path]), b)[0];
                    if component == 0.0 { 0.0 } else { component.signum() }
                })
                .to_vec()
        }),
        expected: || vec![1.0, -1.0, 1.0, -1.0, 1.0, 0.0],
        judge: ROUNDING,
        counterfeits: &[Counterfeit {
            story: "the sign of the reward",
            subject: Subject::Arithmetic(|| PAIRS.map(|(r, _)| r.signum()).to_vec()),
        }],
    }],
};

/// Five steps of one state each, rewards by step, one logit a step at p = 1/2.
fn fixed_rewards(rewards: [f64; 5]) -> World {
    let rows: Vec<Vec<f64>> =
        (0..5).map(|s: usize| (0..5).map(|next| f64::from(u8::from(next == (s + 1).min(4)))).collect()).collect();
    let pairs: Vec<[&[f64]; 2]> = rows.iter().map(|row| [&row[..], &row[..]]).collect();
    let transitions: Vec<&[&[f64]]> = pairs.iter().map(|pair| &pair[..]).collect();
    let both: Vec<[f64; 2]> = rewards.iter().map(|r| [*r, *r]).collect();
    let rewards: Vec<&[f64]> = both.iter().map(|pair| &pair[..]).collect();
    let world = mdp(5, &[1.0, 0.0, 0.0, 0.0, 0.0], &transitions, &rewards);
    World::new(world, logit_a_state(5))
}

/// One logit, of action 1, for each of so many observations; all 0.
pub(in crate::claims) fn logit_a_state(states: usize) -> SoftmaxPolicy {
    let mut features = vec![0.0; states * 2 * states];
    (0..states).for_each(|s| features[(2 * s + 1) * states + s] = 1.0);
    SoftmaxPolicy::features(states, 2, features, vec![0.0; states]).expect("one feature a state")
}

/// `E[G_t]`.
fn mean_to_go(world: &World) -> Vec<f64> {
    let steps = world.mdp.horizon();
    (0..steps).map(|t| world.mean(|path| to_go(path, t))).collect()
}

/// trVar for b = 0, b = J and b_t = E[G_t]; of the last step's term alone if `last`.
fn traces(world: &World, last: bool) -> Vec<f64> {
    let steps = world.mdp.horizon();
    let (constant, by_step) = (world.objective(), mean_to_go(world));
    [vec![0.0; steps], vec![constant; steps], by_step]
        .iter()
        .map(|b| {
            world
                .trace(|path| world.weighted(path, |t| if last && t + 1 < steps { 0.0 } else { to_go(path, t) - b[t] }))
        })
        .collect()
}

/// The same for the whole sum, by the recursion.
fn recursion_traces(world: &World) -> Vec<f64> {
    let states = world.mdp.states();
    let table = mean_to_go(world).iter().flat_map(|b| vec![*b; states]).collect();
    [Baseline::None, Baseline::Constant(world.objective()), Baseline::TimeAndState(table)]
        .map(|baseline| world.recursion_trace(&Form::to_go(baseline)))
        .to_vec()
}

const FRONT: [f64; 5] = [5.0, 0.0, 0.0, 0.0, 0.0];
const UNIFORM: [f64; 5] = [1.0; 5];

pub(in crate::claims) static LATE_STEPS: Claim = Claim {
    id: "ch07-v3-constant-b-late-steps",
    origin: Origin::Guide,
    quote: "V3 = reward-to-go - b with ONE constant b",
    statement: "The mean total return is far from E[G_t] for late t; as a constant it can increase the variance of the \
                late steps and of the sum.",
    because: "The best constant for step t is near E[G_t], which falls as t grows.",
    lesson: "Unbiased always. With front-loaded rewards one constant multiplies the variance; with uniform ones it lowers \
             the total while the last step gets much worse. Use b_t or V(s_t).",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "trvar_front",
            what: "r=(5,0,0,0,0): trVar for b=0, b=5, b_t=E[G_t]",
            value: Value::List(|| traces(&fixed_rewards(FRONT), false)),
        },
        Quantity {
            key: "trvar_uniform",
            what: "r=(1,1,1,1,1): trVar for b=0, b=5, b_t",
            value: Value::List(|| traces(&fixed_rewards(UNIFORM), false)),
        },
        Quantity {
            key: "last_step_uniform",
            what: "r=(1,1,1,1,1): the variance of the last term for b=0, b=5",
            value: Value::List(|| traces(&fixed_rewards(UNIFORM), true)[..2].to_vec()),
        },
        Quantity {
            key: "trvar_mdp",
            what: "set-mdp-1296: trVar for b=0, b=J, b_t",
            value: Value::List(|| traces(mdp_1296(), false)),
        },
        Quantity {
            key: "last_step_mdp",
            what: "set-mdp-1296: trVar of the last term for b=0, b=J, b_4=E[G_4]",
            value: Value::List(|| traces(mdp_1296(), true)),
        },
    ],
    trials: &[
        Trial {
            name: "in the ledger's world it lowers the variance",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![traces(mdp_1296(), false)[1]]),
            expected: || vec![recursion_traces(mdp_1296())[0]],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "twice the mean return",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    vec![world.trace(|path| v3(world, &Batch::of(4, [path]), 2.0 * world.objective()))]
                }),
            }],
        },
        Trial {
            name: "with front-loaded rewards it multiplies the variance",
            role: Role::Limits,
            setting: "5 steps of 2 actions, p=1/2, r=(5,0,0,0,0) whatever the actions",
            subject: Subject::Exact(|| vec![traces(&fixed_rewards(FRONT), false)[1]]),
            expected: || vec![recursion_traces(&fixed_rewards(FRONT))[0]],
            judge: Judge::Ratio {
                bound: Bound::Above(3.0),
                why: "four of five steps get a noise that they did not have",
            },
            counterfeits: &[Counterfeit {
                story: "b_t = E[G_t]",
                subject: Subject::Exact(|| vec![traces(&fixed_rewards(FRONT), false)[2]]),
            }],
        },
        Trial {
            name: "with uniform rewards the last step gets worse",
            role: Role::Limits,
            setting: "the same with r=(1,1,1,1,1), the last term alone",
            subject: Subject::Exact(|| vec![traces(&fixed_rewards(UNIFORM), true)[1]]),
            expected: || vec![traces(&fixed_rewards(UNIFORM), true)[0]],
            judge: Judge::Ratio { bound: Bound::Above(10.0), why: "its weight is 1 − 5 in place of 1" },
            counterfeits: &[Counterfeit {
                story: "b_5 = E[G_5]",
                subject: Subject::Exact(|| vec![traces(&fixed_rewards(UNIFORM), true)[2]]),
            }],
        },
        Trial {
            name: "in the ledger's world too the last step gets worse",
            role: Role::Limits,
            setting: "set-mdp-1296, the last term alone, b=J against b=0",
            subject: Subject::Exact(|| vec![traces(mdp_1296(), true)[1]]),
            expected: || vec![traces(mdp_1296(), true)[0]],
            judge: Judge::Ratio { bound: Bound::Above(2.0), why: "its weight is far from its mean" },
            counterfeits: &[Counterfeit {
                story: "b_4 = E[G_4]",
                subject: Subject::Exact(|| vec![traces(mdp_1296(), true)[2]]),
            }],
        },
        Trial {
            name: "all nine variances by the recursion",
            role: Role::Confirms,
            setting: "both reward sequences and set-mdp-1296; b=0, b=J, b_t",
            subject: Subject::Exact(|| {
                [&fixed_rewards(FRONT), &fixed_rewards(UNIFORM), mdp_1296()].map(|w| traces(w, false)).concat()
            }),
            expected: || [&fixed_rewards(FRONT), &fixed_rewards(UNIFORM), mdp_1296()].map(recursion_traces).concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the baselines",
                subject: Subject::Exact(|| {
                    let plain = |w: &World| vec![recursion_traces(w)[0]; 3];
                    [&fixed_rewards(FRONT), &fixed_rewards(UNIFORM), mdp_1296()].map(plain).concat()
                }),
            }],
        },
        Trial {
            name: "the variance with b = J, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| {
                let (gradient, b) = (mdp_1296().gradient(), mdp_1296().objective());
                mdp_1296().sample(1, move |world, batch| centred_square(&v3(world, batch, b), &gradient))
            }),
            expected: || vec![recursion_traces(mdp_1296())[1]],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without a baseline",
                subject: Subject::Sampled(|| mdp_1296().sample_errors(1, v2)),
            }],
        },
    ],
};
