//! Critics of set-mdp-1296, right and wrong: what they do to the mean and to the variance.

use crate::autodiff::gradient;
use crate::claims::prelude::*;
use crate::estimator::GeneralisedAdvantage;
use crate::exact::{AdvantageForm, EstimatorMoments};

/// W-bad, time by time.
pub(super) const BAD: [f64; 12] = [5.0, 2.0, 0.0, -3.0, -2.0, -6.0, -6.0, -6.0, -4.0, 4.0, 2.0, 5.0];

/// `factor · V_t(s)`, time by time.
pub(super) fn values(world: &World, factor: f64) -> Vec<f64> {
    let (oracle, states) = (world.oracle(), world.mdp.states());
    (0..world.mdp.horizon() * states).map(|i| factor * oracle.value(i / states, i % states)).collect()
}

/// Wrong: the values of the first step at every step.
pub(super) fn stationary_values(world: &World) -> Vec<f64> {
    values(world, 1.0)[..world.mdp.states()].repeat(world.mdp.horizon())
}

/// The critic's values of the states that a trajectory visits.
pub(super) fn visited(world: &World, critic: &[f64], path: &Trajectory) -> Vec<f64> {
    path.states.iter().enumerate().map(|(t, s)| critic[t * world.mdp.states() + *s as usize]).collect()
}

/// Generalised advantages as they stand in training code, with `γ^t`.
pub(super) fn subject(world: &World, critic: &[f64], lambda: f64) -> GeneralisedAdvantage {
    let (discount, states) = (world.mdp.discount(), world.mdp.states());
    GeneralisedAdvantage { discount, lambda, states, critic: critic.to_vec(), discounted_steps: true }
}

/// The mean of that subject over every trajectory.
pub(super) fn mean(world: &World, critic: &[f64], lambda: f64) -> Vec<f64> {
    let subject = subject(world, critic, lambda);
    world.expect(|path| subject.gradient(&world.policy, &Batch::of(path.len(), [path])))
}

/// Its bias.
pub(super) fn bias(world: &World, critic: &[f64], lambda: f64) -> Vec<f64> {
    difference(&mean(world, critic, lambda), &world.gradient())
}

/// Its total variance over every trajectory.
pub(super) fn trace(world: &World, critic: &[f64], lambda: f64) -> f64 {
    let subject = subject(world, critic, lambda);
    world.trace(|path| subject.gradient(&world.policy, &Batch::of(path.len(), [path])))
}

/// Mean and variance by the recursion.
pub(super) fn recursion(world: &World, critic: &[f64], lambda: f64) -> EstimatorMoments {
    let form = AdvantageForm { lambda, critic: critic.to_vec(), discounted_steps: true };
    world.oracle().advantage_moments(&form).expect("a critic of finite values for each time and state")
}

/// Draws of the subject.
pub(super) fn draws(world: &World, critic: &[f64], lambda: f64) -> Sample {
    let subject = subject(world, critic, lambda);
    world.sample(1, |world, batch| subject.gradient(&world.policy, batch))
}

/// Draws of its squared error around its own mean, whose mean is the total variance.
pub(super) fn draws_of_variance(world: &World, critic: &[f64], lambda: f64) -> Sample {
    let (subject, centre) = (subject(world, critic, lambda), recursion(world, critic, lambda).mean);
    world.sample(1, |world, batch| centred_square(&subject.gradient(&world.policy, batch), &centre))
}

/// `Σ_t Σ_s d_t(s) Σ_a ∇π(a|s) weight(t, s, a)`, the occupancies held fixed: derivatives of probabilities along dual
/// numbers; no score is asked, and no trajectory is seen.
pub(super) fn frozen_gradient(world: &World, weight: impl Fn(usize, usize, usize) -> f64) -> Vec<f64> {
    let (states, actions) = (world.mdp.states(), world.mdp.actions());
    let occupancy = world.oracle().occupancy();
    let cell = |i: usize| {
        let (t, s, a) = (i / actions / states, i / actions % states, i % actions);
        (t, s, a, occupancy[t * states + s] * weight(t, s, a))
    };
    let cells: Vec<_> = (0..occupancy.len() * actions).map(cell).collect();
    gradient(world.policy.parameters(), |theta| {
        cells.iter().fold(Dual::from(0.0), |sum, &(t, s, a, weight)| {
            sum + probability(&world.policy, theta, t, world.mdp.observation(s), a) * Dual::from(weight)
        })
    })
}

/// `E[x(s_{t+k}) | s_t = s, a_t = a]` under the policy, for `k ≥ 1`.
pub(super) fn later(world: &World, x: &[f64], k: usize, (t, s, a): (usize, usize, usize)) -> f64 {
    let next = |x: &[f64], s: usize, a: usize| -> f64 {
        world.mdp.transitions(s, a).iter().map(|outcome| outcome.probability * x[outcome.next]).sum()
    };
    let mut x = x.to_vec();
    for step in (t + 1..t + k).rev() {
        let chosen = |s: usize, a: usize| {
            probability(&world.policy, world.policy.parameters(), step, world.mdp.observation(s), a) * next(&x, s, a)
        };
        x = (0..x.len()).map(|s| (0..world.mdp.actions()).map(|a| chosen(s, a)).sum()).collect();
    }
    next(&x, s, a)
}

/// `E[Σ_t g_t e_{t+k}(s_{t+k})]` from occupancies and transitions; the error is 0 after the last step.
pub(super) fn error_term(world: &World, error: &[f64], k: usize) -> Vec<f64> {
    let (horizon, states) = (world.mdp.horizon(), world.mdp.states());
    frozen_gradient(world, |t, s, a| {
        if t + k < horizon { later(world, &error[(t + k) * states..][..states], k, (t, s, a)) } else { 0.0 }
    })
}

/// `e = W − V`.
pub(super) fn error(world: &World, critic: &[f64]) -> Vec<f64> {
    difference(critic, &values(world, 1.0))
}

/// The five variances by enumeration of subjects: V2, V3(b=J), reward-to-go less `critic`, temporal differences from
/// `critic`, temporal differences from W-bad.
fn ladder(critic: &[f64]) -> Vec<f64> {
    let world = mdp_1296();
    let (plain, average) =
        (world.batch_trace(1, v2), world.batch_trace(1, |world, batch| v3(world, batch, world.objective())));
    vec![plain, average, trace(world, critic, 1.0), trace(world, critic, 0.0), trace(world, &BAD, 0.0)]
}

/// The same with the exact critic, by recursions.
fn ladder_by_recursion() -> Vec<f64> {
    let world = mdp_1296();
    let to_go = |baseline| world.recursion_trace(&Form::to_go(baseline));
    let differences = |critic: &[f64]| recursion(world, critic, 0.0).trace();
    vec![
        to_go(Baseline::None),
        to_go(Baseline::Constant(world.objective())),
        to_go(Baseline::StateValue),
        differences(&values(world, 1.0)),
        differences(&BAD),
    ]
}

pub(in crate::claims) static ACTOR_CRITIC_VARIANCE: Claim = Claim {
    id: "ch12-actor-critic-variance",
    origin: Origin::Guide,
    quote: "Actor-critic ... dramatically reduces variance",
    statement: "An exact critic lowers the variance step by step from G − b to the TD error; a wrong one may increase it.",
    because: "A critic replaces what is random after the next state by its mean, and what is known at the present state is \
              subtracted. A wrong critic adds its own errors, multiplied by the scores.",
    lesson: "From 12.1 without a baseline to 2.5 with temporal differences of the exact values; with the badly wrong critic 78. A \
             critic has to be good before it helps: watch its explained variance.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "trvar",
        what: "trVar of V2, V3(b=J), Σ_t g_t (G_t − V_t), TD with exact V, TD with W-bad",
        value: Value::List(ladder_by_recursion),
    }],
    trials: &[
        Trial {
            name: "three steps down with the exact critic",
            role: Role::Confirms,
            setting: "set-mdp-1296: b=J, reward-to-go less V_t(s), TD with V_t(s), each against the one before",
            subject: Subject::Exact(|| ladder(&values(mdp_1296(), 1.0))[1..4].to_vec()),
            expected: || ladder_by_recursion()[..3].to_vec(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the badly wrong critic",
                subject: Subject::Exact(|| ladder(&BAD)[1..4].to_vec()),
            }],
        },
        Trial {
            name: "temporal differences of the exact values have a quarter of the variance",
            role: Role::Confirms,
            setting: "set-mdp-1296, against reward-to-go without a baseline",
            subject: Subject::Exact(|| vec![trace(mdp_1296(), &values(mdp_1296(), 1.0), 0.0)]),
            expected: || vec![ladder_by_recursion()[0]],
            judge: Judge::Ratio { bound: Bound::Below(0.25), why: "a dramatic reduction; it is to .21" },
            counterfeits: &[Counterfeit {
                story: "the exact values as a baseline alone",
                subject: Subject::Exact(|| vec![trace(mdp_1296(), &values(mdp_1296(), 1.0), 1.0)]),
            }],
        },
        Trial {
            name: "all five, trajectories against recursions",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| ladder(&values(mdp_1296(), 1.0))),
            expected: ladder_by_recursion,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the values of the first step at every step",
                subject: Subject::Exact(|| ladder(&stationary_values(mdp_1296()))),
            }],
        },
        Trial {
            name: "a badly wrong critic is worse than none",
            role: Role::Limits,
            setting: "set-mdp-1296: TD with W-bad against reward-to-go without a baseline",
            subject: Subject::Exact(|| vec![trace(mdp_1296(), &BAD, 0.0)]),
            expected: || vec![ladder_by_recursion()[0]],
            judge: Judge::Ratio { bound: Bound::Above(6.0), why: "far more; it is 6.48 times as much" },
            counterfeits: &[Counterfeit {
                story: "the exact values with the sign reversed, which is wrong but not as bad",
                subject: Subject::Exact(|| vec![trace(mdp_1296(), &values(mdp_1296(), -1.0), 0.0)]),
            }],
        },
        Trial {
            name: "the variance of temporal differences of the exact values, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &values(mdp_1296(), 1.0), 0.0)),
            expected: || vec![ladder_by_recursion()[3]],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the exact values as a baseline alone",
                subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &values(mdp_1296(), 1.0), 1.0)),
            }],
        },
        Trial {
            name: "the variance with the badly wrong critic, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, TD with W-bad",
            subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &BAD, 0.0)),
            expected: || vec![ladder_by_recursion()[4]],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the same critic as a baseline alone",
                subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &BAD, 1.0)),
            }],
        },
    ],
};

/// The multiples of the exact values: V, 0, V/2, 2V.
const MULTIPLES: [f64; 4] = [1.0, 0.0, 0.5, 2.0];

/// The exact values with an error that depends on time alone, which no action can change.
fn shifted_by_time() -> Vec<f64> {
    let shift = [3.0, -2.0, 5.0, 1.0];
    values(mdp_1296(), 1.0).iter().enumerate().map(|(i, v)| v + shift[i / 3]).collect()
}

/// The exact values with an error that depends on the state alone.
fn shifted_by_state() -> Vec<f64> {
    let shift = [0.5, -0.5, 1.0];
    values(mdp_1296(), 1.0).iter().enumerate().map(|(i, v)| v + shift[i % 3]).collect()
}

/// `∇J` and the bias of temporal differences by occupancies.
fn predicted(critic: &[f64]) -> Vec<f64> {
    let (gradient, term) = (mdp_1296().gradient(), error_term(mdp_1296(), &error(mdp_1296(), critic), 1));
    gradient.iter().zip(term).map(|(g, b)| g + b).collect()
}

pub(in crate::claims) static TD_BIASED: Claim = Claim {
    id: "ch12-pr-td-biased",
    origin: Origin::Guide,
    quote: "A=r+gamma V(s')-V(s): biased (V is approximate), low variance",
    statement: "The bias is exactly Σ_t E[g_t e_{t+1}(s_{t+1})] with the critic's error e = W − V; unbiased if and only if that \
                is 0.",
    because: "With V the estimate is unbiased. The error at s_t meets a score of mean zero; the error at s_{t+1} depends on a_t.",
    lesson: "No bias with the exact critic, nor with an error that no action can change; with 2V it is as large as with no \
             critic at \
             all. The variance is low for good critics: with 2V it is above that of reward-to-go less V.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "bias_norm",
            what: "‖bias‖ for W = V, 0, V/2, 2V",
            value: Value::List(|| {
                let world = mdp_1296();
                MULTIPLES.map(|factor| norm(&bias(world, &values(world, factor), 0.0))).to_vec()
            }),
        },
        Quantity {
            key: "trvar",
            what: "trVar for W = V, 0, V/2, 2V",
            value: Value::List(|| {
                let world = mdp_1296();
                MULTIPLES.map(|factor| recursion(world, &values(world, factor), 0.0).trace()).to_vec()
            }),
        },
    ],
    trials: &[
        Trial {
            name: "the bias is that of the error at the next state",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = V, 0, V/2, 2V, W-bad: trajectories against occupancies and transitions",
            subject: Subject::Exact(|| biases(|critic| bias(mdp_1296(), critic, 0.0))),
            expected: || biases(|critic| error_term(mdp_1296(), &error(mdp_1296(), critic), 1)),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "the error at the present state, which no action changes",
                    subject: Subject::Exact(|| {
                        biases(|critic| {
                            let (world, error) = (mdp_1296(), error(mdp_1296(), critic));
                            world.expect(|path| {
                                let present = visited(world, &error, path);
                                world.weighted(path, |t| present[t])
                            })
                        })
                    }),
                },
                Counterfeit {
                    story: "the error two steps ahead",
                    subject: Subject::Exact(|| biases(|critic| error_term(mdp_1296(), &error(mdp_1296(), critic), 2))),
                },
            ],
        },
        Trial {
            name: "half of the values: biased",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = V/2, against ∇J",
            subject: Subject::Exact(|| mean(mdp_1296(), &values(mdp_1296(), 0.5), 0.0)),
            expected: || mdp_1296().gradient(),
            judge: Judge::Different { at_least: 0.06, why: "half of the bias" },
            counterfeits: &[Counterfeit {
                story: "the exact values",
                subject: Subject::Exact(|| mean(mdp_1296(), &values(mdp_1296(), 1.0), 0.0)),
            }],
        },
        Trial {
            name: "twice the values: as biased as with no critic, the other way",
            role: Role::Confirms,
            setting: "set-mdp-1296, the mean with W = 2V against 2∇J less the mean with W = 0",
            subject: Subject::Exact(|| mean(mdp_1296(), &values(mdp_1296(), 2.0), 0.0)),
            expected: || difference(&scale(2.0, &mdp_1296().gradient()), &recursion(mdp_1296(), &[0.0; 12], 0.0).mean),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one and a half times the values",
                subject: Subject::Exact(|| mean(mdp_1296(), &values(mdp_1296(), 1.5), 0.0)),
            }],
        },
        Trial {
            name: "unbiased with the exact critic, and with a wrong one whose error depends on time alone",
            role: Role::Limits,
            setting: "set-mdp-1296, W = V and W = V + (3, −2, 5, 1) by time",
            subject: Subject::Exact(|| {
                let world = mdp_1296();
                [mean(world, &values(world, 1.0), 0.0), mean(world, &shifted_by_time(), 0.0)].concat()
            }),
            expected: || mdp_1296().gradient().repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "an error that depends on the state",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    [mean(world, &values(world, 1.0), 0.0), mean(world, &shifted_by_state(), 0.0)].concat()
                }),
            }],
        },
        Trial {
            name: "low variance with V, no critic and V/2",
            role: Role::Confirms,
            setting: "set-mdp-1296, against reward-to-go less V_t(s)",
            subject: Subject::Exact(|| {
                [1.0, 0.0, 0.5].map(|factor| trace(mdp_1296(), &values(mdp_1296(), factor), 0.0)).to_vec()
            }),
            expected: || vec![mdp_1296().recursion_trace(&Form::to_go(Baseline::StateValue)); 3],
            judge: Judge::Ratio { bound: Bound::Below(0.5), why: "less than half" },
            counterfeits: &[Counterfeit {
                story: "the values with the sign reversed",
                subject: Subject::Exact(|| {
                    [1.0, 0.0, -1.0].map(|factor| trace(mdp_1296(), &values(mdp_1296(), factor), 0.0)).to_vec()
                }),
            }],
        },
        Trial {
            name: "with twice the values not even that",
            role: Role::Limits,
            setting: "set-mdp-1296, W = 2V against reward-to-go less V_t(s)",
            subject: Subject::Exact(|| vec![trace(mdp_1296(), &values(mdp_1296(), 2.0), 0.0)]),
            expected: || vec![mdp_1296().recursion_trace(&Form::to_go(Baseline::StateValue))],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "half of the values",
                subject: Subject::Exact(|| vec![trace(mdp_1296(), &values(mdp_1296(), 0.5), 0.0)]),
            }],
        },
        Trial {
            name: "the biased mean, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = V/2, against ∇J and the bias by occupancies",
            subject: Subject::Sampled(|| draws(mdp_1296(), &values(mdp_1296(), 0.5), 0.0)),
            expected: || predicted(&values(mdp_1296(), 0.5)),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the exact values",
                subject: Subject::Sampled(|| draws(mdp_1296(), &values(mdp_1296(), 1.0), 0.0)),
            }],
        },
        Trial {
            name: "∇J with the exact critic, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, W = V",
            subject: Subject::Sampled(|| draws(mdp_1296(), &values(mdp_1296(), 1.0), 0.0)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "half of the values",
                subject: Subject::Sampled(|| draws(mdp_1296(), &values(mdp_1296(), 0.5), 0.0)),
            }],
        },
    ],
};

/// Vectors for the critics V, 0, V/2, 2V and W-bad, one after the other.
fn biases(of: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let multiples = MULTIPLES.iter().flat_map(|factor| of(&values(mdp_1296(), *factor)));
    multiples.chain(of(&BAD)).collect()
}
