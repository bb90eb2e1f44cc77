//! What single ratios leave out: the state distribution, and the return of the old policy.

use super::timestep::{guide_form, state_ratios};
use crate::claims::ch05::stale::slope;
use crate::claims::prelude::*;

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
    because: "With f(d, Q) = Σ_t Σ_s d_t(s) Σ_a ∇π'(a|s) Q_t(s,a) the bias is f(d_old, Q_old) − f(d_new, Q_new) = \
              state part + return part + cross part; the ratio removes what contains d_old.",
    lesson: "The \"full weight\" is incomplete: about half of the bias is left (.099 of .206, in length). Both the \
             ratio of state probabilities and the ratios of future actions are needed.",
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
            setting: "set-mdp-shifted: the per-timestep estimator with weights d'_t/d_t · ρ_t, every trajectory \
                      enumerated; against ∇J(θ')",
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
    lesson: "\"Only\" is false. The right condition is a small change of d_t, and of Q up to functions of the state. \
             In set-mdp-1296 itself, where actions do move the state, the form gives .0098, −.0029, −.0094 (action 0 \
             of each state) and ∇J(θ') is .0151, −.0039, −.0032.",
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
            name: "exact with θ' far from θ, where actions do not move the state",
            role: Role::Contradicts,
            setting: "set-mdp-1296 with P[s, 0] = P[s, 1] their mean, θ'=θ+10 δ: the mean of the form, and ∇J(θ')",
            subject: Subject::Exact(contextual_mean),
            expected: || contextual(10.0).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean in set-mdp-1296 itself, where actions do move the state",
                subject: Subject::Exact(|| guide_form(10.0)),
            }],
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
