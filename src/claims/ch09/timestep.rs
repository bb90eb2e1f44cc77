//! One ratio a time step: less variance, and two hidden approximations.

use crate::claims::ch05::stale::slope;
use crate::claims::prelude::*;

/// E of the guide's form, `E_θ[Σ_t ρ_t g'_t G_t]`, by enumeration.
fn guide_form(e: f64) -> Vec<f64> {
    mdp_1296().weighted_mean(&shifted(e), &ImportanceWeights::PerTimestep)
}

/// `f(d, Q)`: occupancy and values of either policy.
fn parts(e: f64, occupancy: Whose, values: Whose) -> Vec<f64> {
    mdp_1296().off_policy(&shifted(e)).gradient_of(occupancy, values)
}

/// The bias of the guide's form.
fn total_bias(e: f64) -> Vec<f64> {
    difference(&guide_form(e), &shifted(e).gradient())
}

/// What the state distribution alone does: `f(d_old, Q_new) − f(d_new, Q_new)`.
fn state_part(e: f64) -> Vec<f64> {
    difference(&parts(e, Whose::Behaviour, Whose::Target), &parts(e, Whose::Target, Whose::Target))
}

/// What the old policy's returns alone do: `f(d_new, Q_old) − f(d_new, Q_new)`.
fn return_part(e: f64) -> Vec<f64> {
    difference(&parts(e, Whose::Target, Whose::Behaviour), &parts(e, Whose::Target, Whose::Target))
}

/// `f(d_old, Q_old) − f(d_new, Q_old) − f(d_old, Q_new) + f(d_new, Q_new)`.
fn cross_part(e: f64) -> Vec<f64> {
    let both = difference(&parts(e, Whose::Behaviour, Whose::Behaviour), &parts(e, Whose::Target, Whose::Behaviour));
    difference(&both, &state_part(e))
}

/// `d'_t(s)/d_t(s)` of set-mdp-shifted, `[T][S]`.
fn state_ratios(e: f64) -> Vec<f64> {
    let (old, new) = (mdp_1296().oracle().occupancy(), shifted(e).oracle().occupancy());
    new.iter().zip(old).map(|(new, old)| new / old).collect()
}

/// trVar of a weighted estimator by enumeration of the subject.
fn trace(old: &World, new: &World, weights: &ImportanceWeights) -> f64 {
    old.trace(|path| old.weighted_estimate(new, weights, &Batch::of(path.len(), [path])))
}

/// The same by the oracle's recursion.
fn recursive_trace(old: &World, new: &World, weighting: Weighting) -> f64 {
    old.off_policy(new).moments(weighting, &Form::to_go(Baseline::None)).expect("a weighted form").trace()
}

/// set-mdp-1296 and its shift at another horizon.
fn at_horizon(steps: usize) -> [World; 2] {
    let long =
        |world: &World| World::new(world.mdp.clone().with_horizon(steps).expect("a horizon"), world.policy.clone());
    [long(mdp_1296()), long(&shifted(1.0))]
}

/// Two independent binary actions with a logit each; action 0 of the second pays 10; the new policy takes it with
/// probability `p`, the old with ½.
fn independent_steps(p: f64) -> World {
    let (first, second): (&[f64], &[f64]) = (&[1.0, 0.0], &[0.0, 1.0]);
    let world = mdp(2, first, &[&[second, second], &[second, second]], &[&[0.0, 0.0], &[10.0, 0.0]]);
    let features = vec![1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let policy = SoftmaxPolicy::features(2, 2, features, vec![0.0, numeric::ln(p / (1.0 - p))]);
    World::new(world, policy.expect("a logit a step"))
}

const DRIFTS: [f64; 3] = [1.0, 2.0, 3.0];
const LENGTHS: [usize; 4] = [2, 3, 4, 5];

fn traces_by_drift(weighting: Weighting) -> Vec<f64> {
    DRIFTS.map(|e| recursive_trace(mdp_1296(), &shifted(e), weighting)).to_vec()
}

fn traces_by_horizon(weighting: Weighting) -> Vec<f64> {
    LENGTHS
        .map(|steps| {
            let [old, new] = at_horizon(steps);
            recursive_trace(&old, &new, weighting)
        })
        .to_vec()
}

fn counter_trace(weights: &ImportanceWeights) -> f64 {
    trace(&independent_steps(0.5), &independent_steps(0.1), weights)
}

pub(in crate::claims) static LESS_VARIANCE: Claim = Claim {
    id: "ch09-per-timestep-less-variance",
    origin: Origin::Guide,
    quote: "Fix: one IS weight per timestep (a single ratio)",
    statement: "The total variance is lower than that of trajectory weights where the product of ratios is the larger source of \
                noise; not universally.",
    because: "The product multiplies every term; where it shrinks exactly where returns are large, it lowers the variance.",
    lesson: "Lower at every drift and horizon of set-mdp, and there bought with bias. In the counter-example both forms have the \
             mean ∇J(θ') and the single ratio has ten times the variance.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "trvar_trajectory",
            what: "trVar of trajectory weights, e=1, 2, 3",
            value: Value::List(|| traces_by_drift(Weighting::Trajectory)),
        },
        Quantity {
            key: "trvar_per_timestep",
            what: "trVar of per-timestep weights, e=1, 2, 3",
            value: Value::List(|| traces_by_drift(Weighting::PerTimestep)),
        },
        Quantity {
            key: "trvar_trajectory_by_horizon",
            what: "trajectory weights, T=2, 3, 4, 5",
            value: Value::List(|| traces_by_horizon(Weighting::Trajectory)),
        },
        Quantity {
            key: "trvar_per_timestep_by_horizon",
            what: "per-timestep weights, T=2, 3, 4, 5",
            value: Value::List(|| traces_by_horizon(Weighting::PerTimestep)),
        },
        Quantity {
            key: "trvar_trajectory_counter",
            what: "counter-example: trajectory weights",
            value: Value::Number(|| counter_trace(&ImportanceWeights::Trajectory)),
        },
        Quantity {
            key: "trvar_per_timestep_counter",
            what: "counter-example: per-timestep weights",
            value: Value::Number(|| counter_trace(&ImportanceWeights::PerTimestep)),
        },
    ],
    trials: &[
        Trial {
            name: "per-timestep weights have less variance",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=1, 2, 3 at T=4, then T=2, 3, 4, 5 at e=1",
            subject: Subject::Exact(|| {
                [traces_by_drift(Weighting::PerTimestep), traces_by_horizon(Weighting::PerTimestep)].concat()
            }),
            expected: || [traces_by_drift(Weighting::Trajectory), traces_by_horizon(Weighting::Trajectory)].concat(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "in the ratio of the counter-example",
                subject: Subject::Exact(|| {
                    let ratio =
                        counter_trace(&ImportanceWeights::PerTimestep) / counter_trace(&ImportanceWeights::Trajectory);
                    let traces = [traces_by_drift(Weighting::Trajectory), traces_by_horizon(Weighting::Trajectory)];
                    scale(ratio, &traces.concat())
                }),
            }],
        },
        Trial {
            name: "the variances by recursion and by enumeration of the subjects",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=2: trajectory and per-timestep weights",
            subject: Subject::Exact(|| {
                [ImportanceWeights::Trajectory, ImportanceWeights::PerTimestep]
                    .map(|weights| trace(mdp_1296(), &shifted(2.0), &weights))
                    .to_vec()
            }),
            expected: || {
                [Weighting::Trajectory, Weighting::PerTimestep]
                    .map(|weighting| recursive_trace(mdp_1296(), &shifted(2.0), weighting))
                    .to_vec()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "e=1",
                subject: Subject::Exact(|| {
                    [ImportanceWeights::Trajectory, ImportanceWeights::PerTimestep]
                        .map(|weights| trace(mdp_1296(), &shifted(1.0), &weights))
                        .to_vec()
                }),
            }],
        },
        Trial {
            name: "a counter-example with more",
            role: Role::Limits,
            setting: "two independent actions; the second pays 10 for what the new policy does with probability .1",
            subject: Subject::Exact(|| vec![counter_trace(&ImportanceWeights::PerTimestep)]),
            expected: || vec![counter_trace(&ImportanceWeights::Trajectory)],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the new policy prefers it instead: .9",
                subject: Subject::Exact(|| {
                    let (old, new) = (independent_steps(0.5), independent_steps(0.9));
                    let [single, product] = [ImportanceWeights::PerTimestep, ImportanceWeights::Trajectory]
                        .map(|weights| trace(&old, &new, &weights));
                    vec![single / product * counter_trace(&ImportanceWeights::Trajectory)]
                }),
            }],
        },
        Trial {
            name: "in which both forms have the mean ∇J(θ')",
            role: Role::Limits,
            setting: "the same: per-timestep, then trajectory weights",
            subject: Subject::Exact(|| {
                let (old, new) = (independent_steps(0.5), independent_steps(0.1));
                [ImportanceWeights::PerTimestep, ImportanceWeights::Trajectory]
                    .map(|weights| old.weighted_mean(&new, &weights))
                    .concat()
            }),
            expected: || [independent_steps(0.1).gradient(), independent_steps(0.1).gradient()].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "no weights",
                subject: Subject::Exact(|| {
                    let (old, new) = (independent_steps(0.5), independent_steps(0.1));
                    old.weighted_mean(&new, &ImportanceWeights::Ignored).repeat(2)
                }),
            }],
        },
        Trial {
            name: "the squared error of per-timestep weights, drawn",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=1, around the form's own mean",
            subject: Subject::Sampled(|| {
                mdp_1296().sample_weighted_errors(&shifted(1.0), &ImportanceWeights::PerTimestep)
            }),
            expected: || vec![recursive_trace(mdp_1296(), &shifted(1.0), Weighting::PerTimestep)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "of trajectory weights",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_weighted_errors(&shifted(1.0), &ImportanceWeights::Trajectory)
                }),
            }],
        },
        Trial {
            name: "the squared error of trajectory weights, drawn",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Sampled(|| {
                mdp_1296().sample_weighted_errors(&shifted(1.0), &ImportanceWeights::Trajectory)
            }),
            expected: || vec![recursive_trace(mdp_1296(), &shifted(1.0), Weighting::Trajectory)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "of per-decision weights",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_weighted_errors(&shifted(1.0), &ImportanceWeights::PerDecision)
                }),
            }],
        },
    ],
};

pub(in crate::claims) static FORMULA_BIASED: Claim = Claim {
    id: "ch09-per-timestep-formula-biased",
    origin: Origin::Guide,
    quote: "full off-policy gradient with per-timestep IS ('common final form')",
    statement: "Its mean is Σ_t E_{s~d^π_t} Σ_a ∇π' Q^π_t, where ∇J(θ') = Σ_t E_{s~d^π'_t} Σ_a ∇π' Q^π'_t.",
    because: "The single ratio corrects the action at t alone: states before and actions after are the old policy's.",
    lesson: "Biased in length and direction away from θ'=θ. It is the gradient of the surrogate that TRPO and PPO maximise, and \
             in general equals ∇J at θ'=θ only.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "expectation", what: "E of the guide's form", value: Value::List(|| guide_form(1.0)) },
        Quantity { key: "bias_norm", what: "‖E − ∇J(θ')‖", value: Value::Number(|| norm(&total_bias(1.0))) },
        Quantity {
            key: "relative_bias",
            what: "that over ‖∇J(θ')‖",
            value: Value::Number(|| norm(&total_bias(1.0)) / norm(&shifted(1.0).gradient())),
        },
        Quantity {
            key: "angle_deg",
            what: "the angle between E and ∇J(θ'), degrees",
            value: Value::Number(|| angle(&guide_form(1.0), &shifted(1.0).gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "at θ'=θ it is ∇J",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=0",
            subject: Subject::Exact(|| guide_form(0.0)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "e=.1", subject: Subject::Exact(|| guide_form(0.1)) }],
        },
        Trial {
            name: "away from it, it is not ∇J(θ')",
            role: Role::Limits,
            setting: SHIFTED,
            subject: Subject::Exact(|| guide_form(1.0)),
            expected: || shifted(1.0).gradient(),
            judge: Judge::Different { at_least: 0.1, why: "less than half of the bias" },
            counterfeits: &[Counterfeit {
                story: "per-decision weights",
                subject: Subject::Exact(|| mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::PerDecision)),
            }],
        },
        Trial {
            name: "its mean from the old occupancy and the old values",
            role: Role::Limits,
            setting: "set-mdp-shifted: enumeration of the subject against dynamic programming",
            subject: Subject::Exact(|| guide_form(1.0)),
            expected: || parts(1.0, Whose::Behaviour, Whose::Behaviour),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the new values",
                subject: Subject::Exact(|| parts(1.0, Whose::Behaviour, Whose::Target)),
            }],
        },
        Trial {
            name: "its mean, drawn",
            role: Role::Limits,
            setting: SHIFTED,
            subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::PerTimestep)),
            expected: || parts(1.0, Whose::Behaviour, Whose::Behaviour),
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.04),
                why: "a quarter of what trajectory weights change",
            },
            counterfeits: &[Counterfeit {
                story: "trajectory weights",
                subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::Trajectory)),
            }],
        },
    ],
};

pub(in crate::claims) static HIDDEN: Claim = Claim {
    id: "ch09-hidden-approximation-state",
    origin: Origin::Guide,
    quote: "The full per-timestep IS weight should include a marginal state ratio pi'(s_t)/pi(s_t) ... approximated as 1",
    statement: "With the exact ratio of state probabilities the mean is Σ_t E_{d^π'} Σ_a ∇π' Q^π: still biased, because the \
                reward-to-go was generated by the old policy.",
    because: "The bias is f(d_old, Q_old) − f(d_new, Q_new) = state part + return part + cross part; the ratio removes what \
              contains d_old.",
    lesson: "The \"full weight\" is incomplete: a bias of comparable size is left. Both the ratio of state probabilities and the \
             ratios of future actions are needed.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "total_bias",
            what: "‖f(d_old, Q_old) − f(d_new, Q_new)‖",
            value: Value::Number(|| norm(&total_bias(1.0))),
        },
        Quantity {
            key: "state_part",
            what: "‖f(d_old, Q_new) − f(d_new, Q_new)‖",
            value: Value::Number(|| norm(&state_part(1.0))),
        },
        Quantity {
            key: "return_part",
            what: "‖f(d_new, Q_old) − f(d_new, Q_new)‖, the bias left after the exact state ratio",
            value: Value::Number(|| norm(&return_part(1.0))),
        },
        Quantity {
            key: "cross_part",
            what: "‖f(d_old, Q_old) − f(d_new, Q_old) − f(d_old, Q_new) + f(d_new, Q_new)‖",
            value: Value::Number(|| norm(&cross_part(1.0))),
        },
    ],
    trials: &[
        Trial {
            name: "with the exact state ratio the form is still biased",
            role: Role::Contradicts,
            setting: "set-mdp-shifted: the subject with weights d'_t/d_t · ρ_t, every trajectory enumerated",
            subject: Subject::Exact(|| {
                mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::StateAndAction(state_ratios(1.0)))
            }),
            expected: || shifted(1.0).gradient(),
            judge: Judge::Different { at_least: 0.04, why: "less than half of what is left" },
            counterfeits: &[Counterfeit {
                story: "with the ratios of future actions too",
                subject: Subject::Exact(|| {
                    mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::StateRatio(state_ratios(1.0)))
                }),
            }],
        },
        Trial {
            name: "what is left is the return part",
            role: Role::Contradicts,
            setting: "the same, against occupancies and values",
            subject: Subject::Exact(|| {
                let weights = ImportanceWeights::StateAndAction(state_ratios(1.0));
                difference(&mdp_1296().weighted_mean(&shifted(1.0), &weights), &shifted(1.0).gradient())
            }),
            expected: || return_part(1.0),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "the state part", subject: Subject::Exact(|| state_part(1.0)) }],
        },
        Trial {
            name: "three parts make up the bias",
            role: Role::Contradicts,
            setting: "set-mdp-shifted at e=.25, .5, 1, 2: state + return + cross against the enumerated bias",
            subject: Subject::Exact(|| {
                [0.25, 0.5, 1.0, 2.0]
                    .map(|e| {
                        let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x + y).collect::<Vec<f64>>();
                        sum(&sum(&state_part(e), &return_part(e)), &cross_part(e))
                    })
                    .concat()
            }),
            expected: || [0.25, 0.5, 1.0, 2.0].map(total_bias).concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the cross part",
                subject: Subject::Exact(|| {
                    [0.25, 0.5, 1.0, 2.0]
                        .map(|e| state_part(e).iter().zip(return_part(e)).map(|(x, y)| x + y).collect::<Vec<f64>>())
                        .concat()
                }),
            }],
        },
        Trial {
            name: "the mean with the exact state ratio, drawn",
            role: Role::Contradicts,
            setting: SHIFTED,
            subject: Subject::Sampled(|| {
                mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::StateAndAction(state_ratios(1.0)))
            }),
            expected: || parts(1.0, Whose::Target, Whose::Behaviour),
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.017),
                why: "a quarter of what the ratios of future actions change",
            },
            counterfeits: &[Counterfeit {
                story: "with the ratios of future actions too",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::StateRatio(state_ratios(1.0)))
                }),
            }],
        },
    ],
};

/// Draws of the squared errors of two unbiased forms, side by side.
fn squared_errors(forms: &[ImportanceWeights; 2]) -> Sample {
    let (new, gradient) = (shifted(1.0), shifted(1.0).gradient());
    mdp_1296().sample(1, |old, batch| {
        forms.iter().flat_map(|form| centred_square(&old.weighted_estimate(&new, form, batch), &gradient)).collect()
    })
}

pub(in crate::claims) static PER_DECISION: Claim = Claim {
    id: "ch09-per-decision-is",
    origin: Origin::Ours,
    quote: "(exact alternative) per-decision IS",
    statement: "Σ_t g'_t Σ_{u≥t} (Π_{k≤u} ρ_k) r_u has the mean ∇J(θ'); so has d'_t/d_t(s_t) g'_t Σ_{u≥t} (Π_{t≤k≤u} ρ_k) r_u.",
    because: "Ratios after u average to one given the past; those before t, given s_t, average to d'_t/d_t (Precup, Sutton & Singh \
              2000; Liu et al. 2018).",
    lesson: "Unbiased with 16 % less variance than trajectory weights here, and 28 % less where the ratio of state probabilities \
             is known.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "trvar_per_decision",
            what: "trVar, per-decision",
            value: Value::Number(|| recursive_trace(mdp_1296(), &shifted(1.0), Weighting::PerDecision)),
        },
        Quantity {
            key: "trvar_state_ratio",
            what: "trVar, state-ratio form",
            value: Value::Number(|| {
                trace(mdp_1296(), &shifted(1.0), &ImportanceWeights::StateRatio(state_ratios(1.0)))
            }),
        },
        Quantity {
            key: "trvar_trajectory",
            what: "trVar, trajectory weights",
            value: Value::Number(|| recursive_trace(mdp_1296(), &shifted(1.0), Weighting::Trajectory)),
        },
        Quantity {
            key: "trvar_per_timestep",
            what: "trVar of the biased per-timestep form",
            value: Value::Number(|| recursive_trace(mdp_1296(), &shifted(1.0), Weighting::PerTimestep)),
        },
    ],
    trials: &[
        Trial {
            name: "both forms have the mean ∇J(θ')",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| {
                [ImportanceWeights::PerDecision, ImportanceWeights::StateRatio(state_ratios(1.0))]
                    .map(|weights| mdp_1296().weighted_mean(&shifted(1.0), &weights))
                    .concat()
            }),
            expected: || shifted(1.0).gradient().repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "per-timestep weights",
                subject: Subject::Exact(|| guide_form(1.0).repeat(2)),
            }],
        },
        Trial {
            name: "mean and variance of the per-decision form, by recursion and by enumeration",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| {
                let mut all = mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::PerDecision);
                all.push(trace(mdp_1296(), &shifted(1.0), &ImportanceWeights::PerDecision));
                all
            }),
            expected: || {
                let off = mdp_1296().off_policy(&shifted(1.0));
                let form = Form::to_go(Baseline::None);
                let moments = off.moments(Weighting::PerDecision, &form).expect("a weighted form");
                [moments.mean.clone(), vec![moments.trace()]].concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the state-ratio form, whose mean is the same",
                subject: Subject::Exact(|| {
                    let weights = ImportanceWeights::StateRatio(state_ratios(1.0));
                    let mut all = mdp_1296().weighted_mean(&shifted(1.0), &weights);
                    all.push(trace(mdp_1296(), &shifted(1.0), &weights));
                    all
                }),
            }],
        },
        Trial {
            name: "with less variance than trajectory weights",
            role: Role::Confirms,
            setting: "set-mdp-shifted: per-decision, then state-ratio",
            subject: Subject::Exact(|| {
                [ImportanceWeights::PerDecision, ImportanceWeights::StateRatio(state_ratios(1.0))]
                    .map(|weights| trace(mdp_1296(), &shifted(1.0), &weights))
                    .to_vec()
            }),
            expected: || vec![recursive_trace(mdp_1296(), &shifted(1.0), Weighting::Trajectory); 2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "trajectory weights on one step more",
                subject: Subject::Exact(|| {
                    let [old, new] = at_horizon(5);
                    vec![trace(&old, &new, &ImportanceWeights::Trajectory); 2]
                }),
            }],
        },
        Trial {
            name: "the per-decision mean, drawn",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::PerDecision)),
            expected: || shifted(1.0).gradient(),
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.04),
                why: "a quarter of what per-timestep weights change",
            },
            counterfeits: &[Counterfeit {
                story: "per-timestep weights",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::PerTimestep)
                }),
            }],
        },
        Trial {
            name: "the squared errors of both forms, drawn",
            role: Role::Confirms,
            setting: "set-mdp-shifted: per-decision by the recursion, then state-ratio",
            subject: Subject::Sampled(|| {
                squared_errors(&[ImportanceWeights::PerDecision, ImportanceWeights::StateRatio(state_ratios(1.0))])
            }),
            expected: || {
                let ratio = ImportanceWeights::StateRatio(state_ratios(1.0));
                vec![
                    recursive_trace(mdp_1296(), &shifted(1.0), Weighting::PerDecision),
                    trace(mdp_1296(), &shifted(1.0), &ratio),
                ]
            },
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "trajectory weights",
                subject: Subject::Sampled(|| {
                    squared_errors(&[ImportanceWeights::Trajectory, ImportanceWeights::Trajectory])
                }),
            }],
        },
    ],
};

const SMALL: [f64; 3] = [0.1, 0.01, 0.001];

pub(in crate::claims) static BIAS_ORDER: Claim = Claim {
    id: "ch09-bias-order",
    origin: Origin::Guide,
    quote: "When is this approximation valid? Only when pi' and pi are similar enough",
    statement: "The length of the bias is of first order in θ'−θ, and so are its state part and its return part; the cross part is \
                of second order.",
    because: "d and Q are smooth in θ, and each part is a difference of one of them.",
    lesson: "Halve the step and the bias halves: there is no threshold below which it vanishes.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "total_bias",
            what: "length of the bias, e=.1, .01, .001",
            value: Value::List(|| SMALL.map(|e| norm(&total_bias(e))).to_vec()),
        },
        Quantity {
            key: "slopes",
            what: "log10 of the ratios at e=.01 and .001: total, state, return",
            value: Value::List(|| slopes(0.01)[..3].to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "first order for each part, second for the cross part",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=.01 and .001: slopes of total, state, return and cross part",
            subject: Subject::Exact(|| slopes(0.01)),
            expected: || vec![1.0, 1.0, 1.0, 2.0],
            judge: Judge::Exact { tolerance: 0.005, why: "the next order adds a part of e" },
            counterfeits: &[Counterfeit { story: "between e=1 and .1", subject: Subject::Exact(|| slopes(1.0)) }],
        },
        Trial {
            name: "the bias at e=.1 by enumeration and from occupancies and values",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=.1",
            subject: Subject::Exact(|| total_bias(0.1)),
            expected: || {
                difference(&parts(0.1, Whose::Behaviour, Whose::Behaviour), &parts(0.1, Whose::Target, Whose::Target))
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "e=.11", subject: Subject::Exact(|| total_bias(0.11)) }],
        },
        Trial {
            name: "the bias at e=2, drawn",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=2: the estimate less ∇J(θ')",
            subject: Subject::Sampled(|| {
                let (new, gradient) = (shifted(2.0), shifted(2.0).gradient());
                mdp_1296().sample(1, |old, batch| {
                    difference(&old.weighted_estimate(&new, &ImportanceWeights::PerTimestep, batch), &gradient)
                })
            }),
            expected: || {
                difference(&parts(2.0, Whose::Behaviour, Whose::Behaviour), &parts(2.0, Whose::Target, Whose::Target))
            },
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "e=1",
                subject: Subject::Sampled(|| {
                    let (new, gradient) = (shifted(1.0), shifted(1.0).gradient());
                    mdp_1296().sample(1, |old, batch| {
                        difference(&old.weighted_estimate(&new, &ImportanceWeights::PerTimestep, batch), &gradient)
                    })
                }),
            }],
        },
    ],
};

/// Slopes of the total bias, its state, return and cross part between `e` and a tenth of it.
fn slopes(e: f64) -> Vec<f64> {
    [total_bias, state_part, return_part, cross_part].map(|part| slope(norm(&part(e)), norm(&part(0.1 * e)))).to_vec()
}

/// set-mdp-1296 with transitions that do not depend on the action, at `θ + e δ`.
fn contextual(e: f64) -> World {
    let rows: [&[f64]; 3] = [&[0.35, 0.35, 0.3], &[0.25, 0.5, 0.25], &[0.275, 0.2, 0.525]];
    let transitions: [&[&[f64]]; 3] = [&[rows[0], rows[0]], &[rows[1], rows[1]], &[rows[2], rows[2]]];
    let rewards: [&[f64]; 3] = [&[1.0, -0.5], &[0.25, 2.0], &[-1.0, 1.5]];
    World::new(mdp(4, &[0.5, 0.3, 0.2], &transitions, &rewards), shifted(e).policy)
}

fn contextual_mean() -> Vec<f64> {
    contextual(0.0).weighted_mean(&contextual(10.0), &ImportanceWeights::PerTimestep)
}

pub(in crate::claims) static ONLY_SIMILAR: Claim = Claim {
    id: "ch09-valid-only-when-similar",
    origin: Origin::Guide,
    quote: "Only when pi_theta' and pi_theta are similar enough",
    statement: "Sufficient, not necessary: where actions do not influence the next state the form is exact for any π', and so it is \
                for a single step.",
    because: "Then d_t does not change, and Q^π − Q^π' depends on the state alone: a baseline.",
    lesson: "\"Only\" is false. The right condition is a small change of d_t, and of Q up to functions of the state.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "gradient_new",
            what: "∇J(θ'), and the mean of the form, at e=10",
            value: Value::List(|| contextual(10.0).gradient()),
        },
        Quantity {
            key: "max_abs_bias",
            what: "the largest component of the bias",
            value: Value::Number(|| largest(&difference(&contextual_mean(), &contextual(10.0).gradient()))),
        },
    ],
    trials: &[
        Trial {
            name: "exact at a great distance where actions do not move the state",
            role: Role::Contradicts,
            setting: "set-mdp-1296 with P[s, 0] = P[s, 1] their mean, θ'=θ+10 δ",
            subject: Subject::Exact(contextual_mean),
            expected: || contextual(10.0).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "set-mdp-1296 itself", subject: Subject::Exact(|| guide_form(10.0)) }],
        },
        Trial {
            name: "at a distance at which trajectory weights leave a sixth of the samples effective",
            role: Role::Contradicts,
            setting: "the same: Var Π ρ_t",
            subject: Subject::Exact(|| {
                let returns = contextual(0.0).off_policy(&contextual(10.0)).weighted_returns();
                vec![numeric::exp(returns[3].log_square) - 1.0]
            }),
            expected: || vec![5.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "e=1",
                subject: Subject::Exact(|| {
                    let returns = contextual(0.0).off_policy(&contextual(1.0)).weighted_returns();
                    vec![numeric::exp(returns[3].log_square) - 1.0]
                }),
            }],
        },
        Trial {
            name: "the mean of the form, drawn",
            role: Role::Contradicts,
            setting: "the same, e=2",
            subject: Subject::Sampled(|| {
                contextual(0.0).sample_weighted(&contextual(2.0), &ImportanceWeights::PerTimestep)
            }),
            expected: || contextual(2.0).gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "set-mdp-1296 itself",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_weighted(&shifted(2.0), &ImportanceWeights::PerTimestep)
                }),
            }],
        },
    ],
};

const ARMS: [f64; 4] = [3.0, 5.0, 8.0, 12.0];

fn new_arms() -> World {
    four_arm(ARMS).with_parameters(vec![1.0, -1.0, 0.5, 0.0])
}

pub(in crate::claims) static BANDIT_EXACT: Claim = Claim {
    id: "ch09-bandit-exact",
    origin: Origin::Ours,
    quote: "(T=1) per-timestep IS",
    statement: "For one-step problems the per-timestep form has the mean ∇J(θ').",
    because: "One step has no earlier states and no later actions: the single ratio is the trajectory's.",
    lesson: "Contextual bandits, and language models judged once a sequence with one ratio a sequence, need no approximation.",
    recorded: Finding::Holds,
    quantities: &[Quantity { key: "gradient_new", what: "∇J(θ')", value: Value::List(|| new_arms().gradient()) }],
    trials: &[
        Trial {
            name: "the mean is ∇J(θ')",
            role: Role::Confirms,
            setting: "four arms (3, 5, 8, 12), old policy uniform, new softmax(1, −1, .5, 0)",
            subject: Subject::Exact(|| four_arm(ARMS).weighted_mean(&new_arms(), &ImportanceWeights::PerTimestep)),
            expected: || new_arms().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "no ratio",
                subject: Subject::Exact(|| four_arm(ARMS).weighted_mean(&new_arms(), &ImportanceWeights::Ignored)),
            }],
        },
        Trial {
            name: "the mean, drawn",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Sampled(|| four_arm(ARMS).sample_weighted(&new_arms(), &ImportanceWeights::PerTimestep)),
            expected: || new_arms().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "no ratio",
                subject: Subject::Sampled(|| four_arm(ARMS).sample_weighted(&new_arms(), &ImportanceWeights::Ignored)),
            }],
        },
    ],
};

/// `E_θ[Σ_t ρ_t g'_t b_t]` for a baseline on time and state.
fn weighted_baseline(baseline: fn(usize, u32) -> f64, ratios: bool) -> Vec<f64> {
    let (old, new) = (mdp_1296(), shifted(1.0));
    old.expect(|path| {
        let rho = old.ratios(&new, path);
        new.weighted(path, |t| if ratios { rho[t] } else { 1.0 } * baseline(t, path.states[t]))
    })
}

fn any_baseline(t: usize, s: u32) -> f64 {
    1.5 - 0.7 * t as f64 + f64::from(s * s)
}

pub(in crate::claims) static BASELINE: Claim = Claim {
    id: "ch09-baseline-with-is",
    origin: Origin::Guide,
    quote: "... * (sum r - b)",
    statement: "With the per-timestep ratio a baseline is exactly neutral: E_π[ρ_t ∇log π' b(s_t)] = 0.",
    because: "Σ_a π ρ ∇ log π' = Σ_a ∇π' = 0 in every state.",
    lesson: "What stale data break (ch05-stale-baseline-not-neutral), the ratio mends: the optimal baseline of the per-timestep form \
             is found as on-policy.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_mean",
        what: "the largest component of |E_θ Σ_t ρ_t g'_t|",
        value: Value::Number(|| largest(&weighted_baseline(|_, _| 1.0, true))),
    }],
    trials: &[
        Trial {
            name: "a constant and a baseline on time and state are neutral",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| {
                [weighted_baseline(|_, _| 1.0, true), weighted_baseline(any_baseline, true)].concat()
            }),
            expected: || vec![0.0; 12],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the ratio",
                subject: Subject::Exact(|| {
                    [weighted_baseline(|_, _| 1.0, false), weighted_baseline(any_baseline, false)].concat()
                }),
            }],
        },
        Trial {
            name: "the mean of the form with the value as baseline is that without",
            role: Role::Confirms,
            setting: "set-mdp-shifted, by the oracle's recursion with V_t(s) of the old policy",
            subject: Subject::Exact(|| {
                let off = mdp_1296().off_policy(&shifted(1.0));
                off.moments(Weighting::PerTimestep, &Form::to_go(Baseline::StateValue)).expect("a weighted form").mean
            }),
            expected: || guide_form(1.0),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "trajectory weights",
                subject: Subject::Exact(|| mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::Trajectory)),
            }],
        },
        Trial {
            name: "ρ_t g'_t with a constant, drawn",
            role: Role::Confirms,
            setting: "set-mdp-shifted; the margin is a twentieth of what old data without ratios give",
            subject: Subject::Sampled(|| scored(true)),
            expected: || vec![0.0; 6],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.01),
                why: "a twentieth of the largest component without ratios",
            },
            counterfeits: &[Counterfeit { story: "without the ratio", subject: Subject::Sampled(|| scored(false)) }],
        },
    ],
};

/// Draws of `Σ_t ρ_t g'_t`, or without the ratio.
fn scored(ratios: bool) -> Sample {
    let (old, new) = (mdp_1296(), shifted(1.0));
    old.sample_paths(|path| {
        let rho = old.ratios(&new, path);
        new.weighted(path, |t| if ratios { rho[t] } else { 1.0 })
    })
}
