//! The jacket, dense rewards, large batches.

use crate::claims::ch04::noise::{trace_by_size, trace_over_size};
use crate::claims::ch07::constant::logit_a_state;
use crate::claims::prelude::*;

const JACKET: [f64; 4] = [0.0, 0.0, 0.0, 1.0];

fn jacket() -> (f64, Vec<f64>) {
    let mean = JACKET.iter().sum::<f64>() / 4.0;
    (mean, JACKET.iter().map(|r| r - mean).collect())
}

pub(in crate::claims) static JACKET_ARITHMETIC: Claim = Claim {
    id: "ch07-jacket-arithmetic",
    origin: Origin::Guide,
    quote: "rewards 0,0,0,1: b=0.25, tau4 +0.75, others -0.25",
    statement: "b is the mean of the returns, the weights are r_i − b.",
    because: "Arithmetic.",
    lesson: "The sum is right.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "baseline", what: "the mean return", value: Value::Number(|| jacket().0) },
        Quantity { key: "weights", what: "r_i − b", value: Value::List(|| jacket().1) },
    ],
    trials: &[Trial {
        name: "the guide's numbers",
        role: Role::Confirms,
        setting: "returns (0, 0, 0, 1)",
        subject: Subject::Arithmetic(|| [vec![jacket().0], jacket().1].concat()),
        expected: || vec![0.25, -0.25, -0.25, -0.25, 0.75],
        judge: ROUNDING,
        counterfeits: &[Counterfeit {
            story: "returns (0, 0, 1, 1)",
            subject: Subject::Arithmetic(|| vec![0.5, -0.5, -0.5, 0.5, 0.5]),
        }],
    }],
};

fn jacket_variance(b: f64) -> f64 {
    let world = two_arm(0.25, 1.0, 0.0);
    world.trace(|path| world.weighted(path, |_| total(path) - b))
}

pub(in crate::claims) static JACKET_SIGNAL: Claim = Claim {
    id: "ch07-jacket-signal",
    origin: Origin::Guide,
    quote: "Clear signal - but still noisy",
    statement: "With success probability 1/4, Var(b) = p(1−p)(b−b*)² with b* = 1−p: the average .25 lowers the variance, b* \
                = .75 removes it.",
    because: "With two outcomes the estimate is constant at b*.",
    lesson: "The average helps where successes are rare; the failure-weighted b* is better still.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "var_by_b",
            what: "the variance at b = 0, .25, .75",
            value: Value::List(|| [0.0, 0.25, 0.75].map(jacket_variance).to_vec()),
        },
        Quantity {
            key: "ratio",
            what: "Var(0)/Var(.25)",
            value: Value::Number(|| jacket_variance(0.0) / jacket_variance(0.25)),
        },
    ],
    trials: &[
        Trial {
            name: "the variances at three baselines",
            role: Role::Confirms,
            setting: "set-two-arm, p=.25, r1=1, r0=0",
            subject: Subject::Exact(|| [0.0, 0.25, 0.75].map(jacket_variance).to_vec()),
            expected: || [0.0, 0.25, 0.75].map(|b: f64| 0.1875 * (b - 0.75) * (b - 0.75)).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "centred at the average",
                subject: Subject::Exact(|| [0.0, 0.25, 0.75].map(|b: f64| 0.1875 * (b - 0.25) * (b - 0.25)).to_vec()),
            }],
        },
        Trial {
            name: "the variance with the average, drawn",
            role: Role::Confirms,
            setting: "set-two-arm, p=.25, r1=1, r0=0",
            subject: Subject::Sampled(|| jacket_errors(0.25)),
            expected: || vec![0.1875 * 0.25],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without a baseline",
                subject: Subject::Sampled(|| jacket_errors(0.0)),
            }],
        },
    ],
};

/// Draws of the squared error at p = .25.
fn jacket_errors(b: f64) -> Sample {
    let world = two_arm(0.25, 1.0, 0.0);
    world.sample_errors(1, move |world, batch| v1_less(world, batch, b))
}

/// Six binary choices, one logit a step, a reward of 1 for each 1; and, with `shaping`, a bonus of ± that much for the
/// second choice at step 3, taken back at step 6. States 0 and 1 are steps 1 and 2; later ones carry the second choice.
fn choices(shaping: f64) -> World {
    let after = |s: usize, a: usize| match s {
        0 => 1,
        1 => 2 + a,
        _ => (s + 2).min(8 + s % 2),
    };
    let one = |next: usize| -> Vec<f64> { (0..10).map(|s| f64::from(u8::from(s == next))).collect() };
    let rows: Vec<[Vec<f64>; 2]> = (0..10).map(|s| [0, 1].map(|a| one(after(s, a)))).collect();
    let pairs: Vec<[&[f64]; 2]> = rows.iter().map(|[a, b]| [&a[..], &b[..]]).collect();
    let transitions: Vec<&[&[f64]]> = pairs.iter().map(|pair| &pair[..]).collect();
    let bonus = |s: usize| match s {
        2 | 9 => -shaping,
        3 | 8 => shaping,
        _ => 0.0,
    };
    let rewards: Vec<[f64; 2]> = (0..10).map(|s| [bonus(s), 1.0 + bonus(s)]).collect();
    let rewards: Vec<&[f64]> = rewards.iter().map(|pair| &pair[..]).collect();
    let mut initial = [0.0; 10];
    initial[0] = 1.0;
    let world = mdp(6, &initial, &transitions, &rewards);
    let world = world.with_observations(vec![0, 1, 2, 2, 3, 3, 4, 4, 5, 5]).expect("an observation a state");
    World::new(world, logit_a_state(6))
}

/// trVar of reward-to-go: by enumeration, or by the recursion.
fn to_go_trace(shaping: f64) -> f64 {
    choices(shaping).batch_trace(1, v2)
}

fn recursion_trace(shaping: f64, form: fn(Baseline) -> Form) -> f64 {
    choices(shaping).recursion_trace(&form(Baseline::None))
}

/// The same rewards delivered at the end: every step is weighted by the whole return.
fn sparse_trace() -> f64 {
    let world = choices(0.0);
    world.trace(|path| {
        let delivered = [0.0, 0.0, 0.0, 0.0, 0.0, total(path)];
        world.weighted(path, |t| delivered[t..].iter().sum())
    })
}

pub(in crate::claims) static DENSE: Claim = Claim {
    id: "ch07-dense-rewards",
    origin: Origin::Guide,
    quote: "Dense rewards and large batches are the main practical levers.",
    statement: "With the same total return, V1 does not see how it is delivered, and V2 has less variance with dense \
                rewards in an independent chain; dense shaping that sums to zero adds variance.",
    because: "Reward-to-go leaves out what was delivered earlier; what is delivered late and taken back stays in.",
    lesson: "Dense delivery helps reward-to-go here by a factor of 2.3; shaping with the same total return makes it worse \
             than sparse delivery.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "trvar_dense", what: "trVar(V2), dense", value: Value::Number(|| to_go_trace(0.0)) },
        Quantity { key: "trvar_sparse", what: "trVar(V2), sparse", value: Value::Number(sparse_trace) },
        Quantity { key: "trvar_shaped", what: "trVar(V2), shaped", value: Value::Number(|| to_go_trace(5.0)) },
    ],
    trials: &[
        Trial {
            name: "dense is less than sparse",
            role: Role::Confirms,
            setting: "6 binary choices, one logit a step, p=1/2; r_t = x_t, or r_6 = Σ x_t",
            subject: Subject::Exact(|| vec![to_go_trace(0.0)]),
            expected: || vec![sparse_trace()],
            judge: Judge::Ratio { bound: Bound::Below(0.9), why: "a difference worth having" },
            counterfeits: &[Counterfeit {
                story: "the total return, which does not see it",
                subject: Subject::Exact(|| vec![choices(0.0).batch_trace(1, v1)]),
            }],
        },
        Trial {
            name: "dense shaping that sums to zero is more than sparse",
            role: Role::Limits,
            setting: "the same, with ±5 for the second choice at step 3, taken back at step 6",
            subject: Subject::Exact(|| vec![to_go_trace(5.0)]),
            expected: || vec![sparse_trace()],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "without the shaping",
                subject: Subject::Exact(|| vec![to_go_trace(0.0)]),
            }],
        },
        Trial {
            name: "all three by the recursion; sparse as the total return",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| vec![to_go_trace(0.0), sparse_trace(), to_go_trace(5.0)]),
            expected: || {
                vec![
                    recursion_trace(0.0, Form::to_go),
                    recursion_trace(0.0, Form::total),
                    recursion_trace(5.0, Form::to_go),
                ]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the shaping not taken back",
                subject: Subject::Exact(|| {
                    let world = choices(0.0);
                    let bonus = |path: &Trajectory| 5.0 * (2.0 * f64::from(path.actions[1]) - 1.0);
                    let shaped = world.trace(|path| {
                        world.weighted(path, |t| to_go(path, t) + if t <= 2 { bonus(path) } else { 0.0 })
                    });
                    vec![to_go_trace(0.0), sparse_trace(), shaped]
                }),
            }],
        },
        Trial {
            name: "the shaped variance, drawn",
            role: Role::Limits,
            setting: "the same",
            subject: Subject::Sampled(|| choice_errors(5.0)),
            expected: || vec![recursion_trace(5.0, Form::to_go)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without the shaping",
                subject: Subject::Sampled(|| choice_errors(0.0)),
            }],
        },
    ],
};

/// Draws of the squared error of reward-to-go.
fn choice_errors(shaping: f64) -> Sample {
    choices(shaping).sample_errors(1, v2)
}

pub(in crate::claims) static LARGE_BATCHES: Claim = Claim {
    id: "ch07-large-batches",
    origin: Origin::Guide,
    quote: "large batches",
    statement: "trVar of the mean over N trajectories is trVar(N=1)/N.",
    because: "The trajectories are independent and identically distributed.",
    lesson: "A sure lever, and a dear one: noise falls like 1/√N.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "trvar_ratio_n3",
        what: "trVar at N=1 over trVar at N=3",
        value: Value::Number(|| trace_by_size()[0] / trace_by_size()[2]),
    }],
    trials: &[
        Trial {
            name: "a third of the variance from three",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Exact(|| vec![trace_by_size()[0] / trace_by_size()[2]]),
            expected: || vec![trace_over_size()[0] / trace_over_size()[2]],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "√3", subject: Subject::Exact(|| vec![3.0_f64.sqrt()]) }],
        },
        Trial {
            name: "the squared error of triples, drawn",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Sampled(|| mdp_16().sample_errors(3, v1)),
            expected: || vec![trace_over_size()[0] / 3.0],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the first trajectory three times",
                subject: Subject::Sampled(|| {
                    let gradient = mdp_16().gradient();
                    mdp_16().sample(3, move |world, batch| {
                        centred_square(&v1(world, &Batch::of(2, [&batch.trajectory(0)])), &gradient)
                    })
                }),
            }],
        },
    ],
};

/// The trajectories of set-mdp-1296 with so many steps.
fn trajectories(steps: usize) -> f64 {
    let world = mdp_1296();
    let mdp = world.mdp.clone().with_horizon(steps).expect("a horizon");
    World::new(mdp, world.policy.clone()).paths().len() as f64
}

pub(in crate::claims) static EXPONENTIAL: Claim = Claim {
    id: "ch07-exponential-space",
    origin: Origin::Guide,
    quote: "We estimate a gradient over an exponentially large trajectory space with a handful of samples.",
    statement: "There are |S|^T |A|^T trajectories; their number does not by itself set the variance.",
    because: "Each step multiplies by |S||A|; the variance is that of the weights and scores.",
    lesson: "A large space is no reason for a large variance: with a constant return and a baseline there is none.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "trajectory_count",
        what: "the trajectories of positive probability",
        value: Value::Number(|| mdp_1296().paths().len() as f64),
    }],
    trials: &[
        Trial {
            name: "the count grows like (|S||A|)^T",
            role: Role::Confirms,
            setting: "set-mdp-1296 with 1, 2, 3 and 4 steps",
            subject: Subject::Exact(|| (1..=4).map(trajectories).collect()),
            expected: || (1..=4).map(|steps| numeric::power(3.0 * 2.0, steps)).collect(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the states alone",
                subject: Subject::Exact(|| (1..=4).map(|steps| numeric::power(3.0, steps)).collect()),
            }],
        },
        Trial {
            name: "as many trajectories, no variance",
            role: Role::Confirms,
            setting: "set-mdp-1296 with every reward 1; total return less its mean",
            subject: Subject::Exact(|| {
                let world = with_rewards_1296(&[&[1.0; 2]; 3]);
                vec![world.paths().len() as f64, world.trace(|path| v1_less(&world, &Batch::of(4, [path]), 4.0))]
            }),
            expected: || vec![1296.0, 0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the rewards of set-mdp-1296",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    vec![world.paths().len() as f64, world.trace(|path| v1_less(world, &Batch::of(4, [path]), 4.0))]
                }),
            }],
        },
    ],
};
