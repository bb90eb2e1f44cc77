//! One ratio a time step, and a product up to each reward: variance and means.

use crate::claims::prelude::*;

/// E of the guide's form, `E_θ[Σ_t ρ_t g'_t G_t]`, by enumeration.
pub(in crate::claims) fn guide_form(e: f64) -> Vec<f64> {
    mdp_1296().weighted_mean(&shifted(e), &ImportanceWeights::PerTimestep)
}

/// `d'_t(s)/d_t(s)` of set-mdp-shifted, `[T][S]`.
pub(super) fn state_ratios(e: f64) -> Vec<f64> {
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
