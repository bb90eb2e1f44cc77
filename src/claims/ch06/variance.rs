//! What causality does to the variance.

use std::sync::LazyLock;

use crate::claims::ch06::independence::past_part;
use crate::claims::prelude::*;

pub(in crate::claims) static STILL_UNBIASED: Claim = Claim {
    id: "ch06-still-unbiased",
    origin: Origin::Guide,
    quote: "Reduces variance, still unbiased.",
    statement: "E[V2] = E[V1] = ∇J.",
    because: "What is left out has mean zero.",
    lesson: "Reward-to-go never costs a bias, whatever it does to the variance.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "mean_v2_mdp_16",
            what: "E[V2] of set-mdp-16, by [s,a]",
            value: Value::List(|| mdp_16().batch_mean(1, v2)),
        },
        Quantity {
            key: "mean_v2_mdp_1296",
            what: "E[V2] of set-mdp-1296, by [s,a]",
            value: Value::List(|| mdp_1296().batch_mean(1, v2)),
        },
    ],
    trials: &[
        Trial {
            name: "16 trajectories",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Exact(|| mdp_16().batch_mean(1, v2)),
            expected: || mdp_16().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the return after the step, without its own reward",
                subject: Subject::Exact(|| {
                    let world = mdp_16();
                    world.expect(|path| world.weighted(path, |t| to_go(path, t) - path.rewards[t]))
                }),
            }],
        },
        Trial {
            name: "1296 trajectories",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| mdp_1296().batch_mean(1, v2)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Exact(|| mdp_1296().batch_mean(1, myopic)),
            }],
        },
        Trial {
            name: "drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample(1, v2)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Sampled(|| mdp_1296().sample(1, myopic)),
            }],
        },
    ],
};

/// trVar of V1 and of V2, by the conditional-moment recursion.
pub(in crate::claims) fn traces(world: &World) -> [f64; 2] {
    [Form::total(Baseline::None), Form::to_go(Baseline::None)].map(|form| world.recursion_trace(&form))
}

/// How many worlds have the larger variance with reward-to-go.
fn increases(worlds: &[World]) -> f64 {
    worlds.iter().map(traces).filter(|[total, to_go]| *to_go > *total * (1.0 + 1e-9)).count() as f64
}

fn random_signed() -> &'static [World] {
    static WORLDS: LazyLock<Vec<World>> =
        LazyLock::new(|| random_worlds("ch06-reduces-variance/worlds", 4000, false, crate::rng::Stream::normal));
    &WORLDS
}

fn random_nonnegative() -> &'static [World] {
    static WORLDS: LazyLock<Vec<World>> =
        LazyLock::new(|| random_worlds("ch06-sufficient-condition/worlds", 200, true, crate::rng::Stream::uniform));
    &WORLDS
}

/// `E|Z|²` and `2 E[V2·Z]` of set-mdp-1296, with `Z = V1 − V2`.
fn parts() -> [f64; 2] {
    let world = mdp_1296();
    let square = world.mean(|path| {
        let past = past_part(world, path);
        dot(&past, &past)
    });
    let cross = world.mean(|path| 2.0 * dot(&past_part(world, path), &world.weighted(path, |t| to_go(path, t))));
    [square, cross]
}

/// `|V1 − ∇J|²` and `|V2 − ∇J|²`.
fn squared_errors(path: &Trajectory, gradient: &[f64]) -> Vec<f64> {
    let world = mdp_1296();
    let sum = total(path);
    let first = centred_square(&world.weighted(path, |_| sum), gradient);
    [first, centred_square(&world.weighted(path, |t| to_go(path, t)), gradient)].concat()
}

pub(in crate::claims) static REDUCES: Claim = Claim {
    id: "ch06-reduces-variance",
    origin: Origin::Guide,
    quote: "Causality: Reduces variance ... Removing these terms removes noise",
    statement: "With Z = V1 − V2, trVar(V1) − trVar(V2) = E|Z|² + 2E[V2·Z]; it is usually positive, not always.",
    because: "Var(X+Z) = Var X + Var Z + 2Cov: noise that is left out may have cancelled other noise.",
    lesson: "Typical, not universal: a rare random world has the larger variance with reward-to-go, and the constructed \
             counter-examples below always do.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "trvar_v1", what: "trVar(V1)", value: Value::Number(|| mdp_1296().batch_trace(1, v1)) },
        Quantity { key: "trvar_v2", what: "trVar(V2)", value: Value::Number(|| mdp_1296().batch_trace(1, v2)) },
        Quantity { key: "e_z_squared", what: "E|Z|²", value: Value::Number(|| parts()[0]) },
        Quantity { key: "cross_term", what: "2 E[V2·Z]", value: Value::Number(|| parts()[1]) },
        Quantity {
            key: "increases_of_400",
            what: "the first 400 random worlds with trVar(V2) > trVar(V1)",
            value: Value::Number(|| increases(&random_signed()[..400])),
        },
        Quantity {
            key: "increases_of_4000",
            what: "of all 4000 random worlds",
            value: Value::Number(|| increases(random_signed())),
        },
    ],
    trials: &[
        Trial {
            name: "it does here",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![mdp_1296().batch_trace(1, v2)]),
            expected: || vec![traces(mdp_1296())[0]],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the wrong way round: the past added to the total, in place of left out",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    let wrong = |path: &Trajectory| world.weighted(path, |t| 2.0 * total(path) - to_go(path, t));
                    vec![world.trace(wrong)]
                }),
            }],
        },
        Trial {
            name: "by as much as the identity says",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![mdp_1296().batch_trace(1, v1) - mdp_1296().batch_trace(1, v2)]),
            expected: || vec![parts()[0] + parts()[1]],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the cross term forgotten",
                subject: Subject::Exact(|| vec![parts()[0]]),
            }],
        },
        Trial {
            name: "both variances, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| {
                let gradient = mdp_1296().gradient();
                mdp_1296().sample_paths(move |path| squared_errors(path, &gradient))
            }),
            expected: || traces(mdp_1296()).to_vec(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the two exchanged",
                subject: Subject::Sampled(|| {
                    let gradient = mdp_1296().gradient();
                    mdp_1296().sample_paths(move |path| {
                        let mut errors = squared_errors(path, &gradient);
                        errors.reverse();
                        errors
                    })
                }),
            }],
        },
        Trial {
            name: "a rare random world increases",
            role: Role::Limits,
            setting: "4000 random worlds of 2 states, 2 actions and 3 steps, rewards and logits standard normal",
            subject: Subject::Exact(|| vec![increases(random_signed())]),
            expected: || vec![0.0],
            judge: Judge::Different { at_least: 1.0, why: "one world is enough" },
            counterfeits: &[Counterfeit {
                story: "worlds of the sufficient condition",
                subject: Subject::Exact(|| vec![increases(random_nonnegative())]),
            }],
        },
        Trial {
            name: "and rare it is: less than one in a hundred",
            role: Role::Confirms,
            setting: "the same 4000 worlds",
            subject: Subject::Exact(|| vec![increases(random_signed())]),
            expected: || vec![40.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the worlds that decrease, counted instead",
                subject: Subject::Exact(|| vec![4000.0 - increases(random_signed())]),
            }],
        },
    ],
};

/// Three states, two steps, return always 0: the second reward takes back the first.
pub(in crate::claims) fn taken_back() -> World {
    let to = |s: usize| -> [f64; 3] { std::array::from_fn(|next| f64::from(u8::from(next == s))) };
    let (zero, one, two) = (to(0), to(1), to(2));
    let world =
        mdp(2, &zero, &[&[&one, &two], &[&one, &one], &[&two, &two]], &[&[-1.0, 1.0], &[1.0, 1.0], &[-1.0, -1.0]]);
    World::new(world, tabular(3, 2, &[0.0; 6]))
}

/// The same with reward 1 at every step: the return is always 2.
fn two_ones() -> World {
    taken_back().with_rewards(|_| 1.0)
}

pub(in crate::claims) static CONSTANT_RETURN: Claim = Claim {
    id: "ch06-counterexample-constant-return",
    origin: Origin::Ours,
    quote: "(same) counter-example",
    statement: "Causality can increase the variance: if the return is 0 in every episode but the rewards are not, V1 \
                is identically 0 and V2 is not.",
    because: "V1 multiplies every score by the return, which is 0; V2 by a part of it, which is not.",
    lesson: "The guide's +10/−10 rewards, if every episode has them, are such a case. A constant return other than 0 \
             is not enough: with reward 1 at each of two steps the variance falls from 4 to 2.5.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "trvar_v1", what: "trVar(V1)", value: Value::Number(|| taken_back().batch_trace(1, v1)) },
        Quantity { key: "trvar_v2", what: "trVar(V2)", value: Value::Number(|| taken_back().batch_trace(1, v2)) },
    ],
    trials: &[
        Trial {
            name: "the variance rises from zero",
            role: Role::Contradicts,
            setting: "2 steps: a_1 leads to state 1+a_1 and pays ±1, the second step takes it back; uniform policy; \
                      trVar of V2 against V1",
            subject: Subject::Exact(|| vec![taken_back().batch_trace(1, v2)]),
            expected: || vec![traces(&taken_back())[0]],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "trVar of V1, the total return",
                subject: Subject::Exact(|| vec![taken_back().batch_trace(1, v1)]),
            }],
        },
        Trial {
            name: "both variances, drawn",
            role: Role::Contradicts,
            setting: "the same",
            subject: Subject::Sampled(|| {
                taken_back().sample(1, |world, batch| {
                    let path = batch.trajectory(0);
                    let zero = [0.0; 6];
                    let to_go = centred_square(&world.weighted(&path, |t| to_go(&path, t)), &zero);
                    [centred_square(&world.weighted(&path, |_| total(&path)), &zero), to_go].concat()
                })
            }),
            expected: || traces(&taken_back()).to_vec(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the second reward not taken back",
                subject: Subject::Sampled(|| {
                    taken_back().sample(1, |world, batch| {
                        let mut path = batch.trajectory(0);
                        path.rewards[1] = 0.0;
                        let zero = [0.0; 6];
                        let to_go = centred_square(&world.weighted(&path, |t| to_go(&path, t)), &zero);
                        [centred_square(&world.weighted(&path, |_| total(&path)), &zero), to_go].concat()
                    })
                }),
            }],
        },
        Trial {
            name: "a constant return other than zero is not enough",
            role: Role::Confirms,
            setting: "the same world with reward 1 at each step: trVar of V1 and of V2 by enumeration; \
                      |V1|² = 4·(½+½), |V2|² = 4·½ + ½",
            subject: Subject::Exact(|| vec![two_ones().batch_trace(1, v1), two_ones().batch_trace(1, v2)]),
            expected: || vec![4.0, 2.5],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the second step takes back the first",
                subject: Subject::Exact(|| vec![taken_back().batch_trace(1, v1), taken_back().batch_trace(1, v2)]),
            }],
        },
    ],
};

/// One parameter for two independent choices: scores ±L and ±1, rewards 1 for the first action, then for the second.
fn shared_parameter(length: f64) -> World {
    let on: &[f64] = &[0.0, 1.0];
    let world = mdp(2, &[1.0, 0.0], &[&[on, on], &[on, on]], &[&[1.0, 0.0], &[0.0, 1.0]]);
    let policy = SoftmaxPolicy::features(2, 2, vec![length, -length, 1.0, -1.0], vec![0.0]);
    World::new(world, policy.expect("one feature a cell"))
}

/// The same with a parameter for each choice.
fn disjoint(length: f64) -> World {
    let features = vec![length, 0.0, -length, 0.0, 0.0, 1.0, 0.0, -1.0];
    let policy = SoftmaxPolicy::features(2, 2, features, vec![0.0; 2]).expect("two features a cell");
    World::new(shared_parameter(length).mdp, policy)
}

/// trVar(V1) − trVar(V2).
fn trace_drop(world: &World) -> f64 {
    world.batch_trace(1, v1) - world.batch_trace(1, v2)
}

pub(in crate::claims) static NONNEGATIVE: Claim = Claim {
    id: "ch06-counterexample-nonnegative",
    origin: Origin::Ours,
    quote: "(same) non-negative rewards are not enough when parameters are shared",
    statement: "Scores ±L at step 1 and ±1 at step 2 of one parameter, rewards that are not negative: Var(V1) − Var(V2) = \
                1 − L/2, negative for L > 2.",
    because: "The term that is left out is correlated with the score of the other step, which has the same parameter.",
    lesson: "Non-negative rewards guarantee a reduction when the steps have disjoint parameters, not when they share \
             them.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "var_v1", what: "Var(V1)", value: Value::Number(|| shared_parameter(4.0).batch_trace(1, v1)) },
        Quantity { key: "var_v2", what: "Var(V2)", value: Value::Number(|| shared_parameter(4.0).batch_trace(1, v2)) },
        Quantity {
            key: "gradient",
            what: "E[V1] = E[V2]",
            value: Value::Number(|| shared_parameter(4.0).batch_mean(1, v2)[0]),
        },
    ],
    trials: &[
        Trial {
            name: "the variance rises although no reward is negative",
            role: Role::Contradicts,
            setting: "one parameter θ, logits (4θ, −4θ) at step 1 and (θ, −θ) at step 2, θ=0; step 1 pays 1 if the \
                      first action is taken, step 2 pays 1 if the second action is taken: Var(V2) against Var(V1), L=4",
            subject: Subject::Exact(|| vec![shared_parameter(4.0).batch_trace(1, v2)]),
            expected: || vec![traces(&shared_parameter(4.0))[0]],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "Var(V2) with L=1, where Var(V1) is 2",
                subject: Subject::Exact(|| vec![shared_parameter(1.0).batch_trace(1, v2)]),
            }],
        },
        Trial {
            name: "by 1 − L/2",
            role: Role::Contradicts,
            setting: "the same with L = 1, 2, 4 and 7",
            subject: Subject::Exact(|| {
                [1.0, 2.0, 4.0, 7.0].map(|length| trace_drop(&shared_parameter(length))).to_vec()
            }),
            expected: || [1.0, 2.0, 4.0, 7.0].map(|length| 1.0 - length / 2.0).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a parameter for each step",
                subject: Subject::Exact(|| [1.0, 2.0, 4.0, 7.0].map(|length| trace_drop(&disjoint(length))).to_vec()),
            }],
        },
        Trial {
            name: "both variances, drawn",
            role: Role::Contradicts,
            setting: "the same with L = 4",
            subject: Subject::Sampled(|| {
                let gradient = shared_parameter(4.0).gradient();
                shared_parameter(4.0).sample(1, move |world, batch| {
                    let first = centred_square(&v1(world, batch), &gradient);
                    [first, centred_square(&v2(world, batch), &gradient)].concat()
                })
            }),
            expected: || traces(&shared_parameter(4.0)).to_vec(),
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.01),
                why: "1 % of the larger variance: a fifth of the difference between the two",
            },
            counterfeits: &[Counterfeit {
                story: "the two exchanged",
                subject: Subject::Sampled(|| {
                    let gradient = shared_parameter(4.0).gradient();
                    shared_parameter(4.0).sample(1, move |world, batch| {
                        let first = centred_square(&v2(world, batch), &gradient);
                        [first, centred_square(&v1(world, batch), &gradient)].concat()
                    })
                }),
            }],
        },
    ],
};

/// `Σ_t E[|g_t|² (P_t² + 2 P_t F_t)]` with `P` the past rewards and `F` the rewards to come.
fn sufficient_sum(world: &World, cross: f64) -> f64 {
    world.mean(|path| {
        let scores = world.scores(path);
        let term = |t: usize| {
            let past: f64 = path.rewards[..t].iter().sum();
            dot(&scores[t], &scores[t]) * (past * past + cross * past * to_go(path, t))
        };
        (0..path.len()).map(term).sum()
    })
}

/// The largest error of the identity over the 200 worlds.
fn identity_error(cross: f64) -> f64 {
    let error = |world: &World| {
        let [total, to_go] = traces(world);
        (total - to_go - sufficient_sum(world, cross)).abs()
    };
    random_nonnegative().iter().map(error).fold(0.0, f64::max)
}

/// Draws of `sign · (|V1 − ∇J|² − |V2 − ∇J|²)` in the first of the worlds.
fn pair_difference(sign: f64) -> Sample {
    let world = &random_nonnegative()[0];
    let gradient = world.gradient();
    world.sample(1, move |world, batch| {
        let square = |estimate: Vec<f64>| centred_square(&estimate, &gradient)[0];
        vec![sign * (square(v1(world, batch)) - square(v2(world, batch)))]
    })
}

pub(in crate::claims) static SUFFICIENT: Claim = Claim {
    id: "ch06-sufficient-condition",
    origin: Origin::Ours,
    quote: "(when it does hold)",
    statement: "If the parameters of different steps are disjoint and E[past_t | s_t] Q_t ≥ 0 (rewards that are not \
                negative), then trVar(V1) − trVar(V2) = Σ_t E[|g_t|²(P_t² + 2P_tF_t)] ≥ 0.",
    because: "With disjoint blocks the terms of different steps do not meet in the trace.",
    lesson: "A time-indexed policy and rewards of one sign make reward-to-go safe.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "increases_of_200",
            what: "the worlds with trVar(V2) > trVar(V1)",
            value: Value::Number(|| increases(random_nonnegative())),
        },
        Quantity {
            key: "max_identity_error",
            what: "the largest error of the identity",
            value: Value::Number(|| identity_error(2.0)),
        },
    ],
    trials: &[
        Trial {
            name: "no world increases",
            role: Role::Confirms,
            setting: "200 random worlds of 2 states, 2 actions and 3 steps, rewards uniform, a policy a step",
            subject: Subject::Exact(|| vec![increases(random_nonnegative())]),
            expected: || vec![0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "4000 worlds with rewards of either sign and shared parameters",
                subject: Subject::Exact(|| vec![increases(random_signed())]),
            }],
        },
        Trial {
            name: "the difference of the first world, drawn in pairs",
            role: Role::Confirms,
            setting: "the first of the 200 worlds",
            subject: Subject::Sampled(|| pair_difference(1.0)),
            expected: || {
                let [total, to_go] = traces(&random_nonnegative()[0]);
                vec![total - to_go]
            },
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the wrong way round",
                subject: Subject::Sampled(|| pair_difference(-1.0)),
            }],
        },
        Trial {
            name: "the difference is the sum",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| vec![identity_error(2.0)]),
            expected: || vec![0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the cross term once",
                subject: Subject::Exact(|| vec![identity_error(1.0)]),
            }],
        },
    ],
};
