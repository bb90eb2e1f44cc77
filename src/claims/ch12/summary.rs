//! The summary and its cheat sheet.

use super::convergence::corridor;
use crate::claims::ch04::theorem::{linear_gaussian_draws, linear_gaussian_moments, linear_gaussian_slope};
use crate::claims::ch06::variance::{taken_back, traces};
use crate::claims::ch07::optimal::two_arm_variance;
use crate::claims::ch07::steps::natural_1296;
use crate::claims::ch09::timestep::guide_form;
use crate::claims::ch10::clip::{divergence_after, divergence_by_estimator};
use crate::claims::prelude::*;
use crate::exact::AdvantageForm;

fn v3_average(world: &World, batch: &Batch) -> Vec<f64> {
    v3(world, batch, world.objective())
}

fn v3_two(world: &World, batch: &Batch) -> Vec<f64> {
    v3(world, batch, 2.0)
}

/// trVar of V1, V2 and V3 with b=J, by enumeration.
fn three_traces() -> Vec<f64> {
    [v1, v2, v3_average].map(|subject| mdp_1296().batch_trace(1, subject)).to_vec()
}

pub(in crate::claims) static EQUAL: Claim = Claim {
    id: "ch12-v1-v2-v3-equal",
    origin: Origin::Guide,
    quote: "V1, V2, V3 are all equal to grad J",
    statement: "E[V1] = E[V2] = E[V3(b)] = ∇J; only the variances differ.",
    because: "Past rewards and constants meet scores of mean zero.",
    lesson: "Equal in the mean; the noise is another matter: on set-mdp-1296 V3 needs under a third of V1's trajectories.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "trvar",
        what: "set-mdp-1296: trVar of V1, V2, V3(b=J)",
        value: Value::List(three_traces),
    }],
    trials: &[
        Trial {
            name: "all three means",
            role: Role::Confirms,
            setting: "set-mdp-16 and set-mdp-1296, V3 with b=2, by enumeration; ∇J by dynamic programming",
            subject: Subject::Exact(|| {
                let means = |world: &World| [v1, v2, v3_two].map(|subject| world.batch_mean(1, subject)).concat();
                [means(mdp_16()), means(mdp_1296())].concat()
            }),
            expected: || [mdp_16().gradient().repeat(3), mdp_1296().gradient().repeat(3)].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Exact(|| {
                    let mean = |world: &World| world.batch_mean(1, myopic).repeat(3);
                    [mean(mdp_16()), mean(mdp_1296())].concat()
                }),
            }],
        },
        Trial {
            name: "their variances, by enumeration and by recursion",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(three_traces),
            expected: || {
                let average = Baseline::Constant(mdp_1296().objective());
                [Form::total(Baseline::None), Form::to_go(Baseline::None), Form::to_go(average)]
                    .map(|form| mdp_1296().recursion_trace(&form))
                    .to_vec()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "V3 with b=2",
                subject: Subject::Exact(|| [v1, v2, v3_two].map(|subject| mdp_1296().batch_trace(1, subject)).to_vec()),
            }],
        },
        Trial {
            name: "V3, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, b=J",
            subject: Subject::Sampled(|| {
                let average = mdp_1296().objective();
                mdp_1296().sample(1, move |world, batch| v3(world, batch, average))
            }),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Sampled(|| mdp_1296().sample(1, myopic)),
            }],
        },
    ],
};

pub(in crate::claims) static OFF_POLICY: Claim = Claim {
    id: "ch12-v4",
    origin: Origin::Guide,
    quote: "V4 off-policy + IS + KL approximates grad_theta' J",
    statement: "The per-timestep form is biased except at θ'=θ, for T=1, or where transitions do not depend on actions.",
    because: "One ratio a step leaves the state distribution and the return those of the old policy (chapter 9).",
    lesson: "\"Approximates\" is the word: off by 16 % of the gradient here.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "relative_bias",
        what: "|E − ∇J(θ')|/|∇J(θ')| of the per-timestep form",
        value: Value::Number(|| distance(&guide_form(1.0), &shifted(1.0).gradient()) / norm(&shifted(1.0).gradient())),
    }],
    trials: &[
        Trial {
            name: "exact at θ'=θ, and for one step",
            role: Role::Confirms,
            setting: "set-mdp-1296 with its own data; set-mdp-shifted cut to T=1",
            subject: Subject::Exact(|| {
                let [old, new] = one_step();
                [guide_form(0.0), old.weighted_mean(&new, &ImportanceWeights::PerTimestep)].concat()
            }),
            expected: || [mdp_1296().gradient(), one_step()[1].gradient()].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the same data without ratios",
                subject: Subject::Exact(|| {
                    let [old, new] = one_step();
                    [guide_form(0.0), old.weighted_mean(&new, &ImportanceWeights::Ignored)].concat()
                }),
            }],
        },
        Trial {
            name: "and where transitions do not depend on actions",
            role: Role::Confirms,
            setting: "set-mdp-16 with every row of P uniform, new parameters θ + (.5,−.5,−1,1); ∇J(θ') by dynamic programming",
            subject: Subject::Exact(|| {
                mdp_16_uniform().weighted_mean(&moved_16(mdp_16_uniform()), &ImportanceWeights::PerTimestep)
            }),
            expected: || moved_16(mdp_16_uniform()).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "no ratios",
                subject: Subject::Exact(|| {
                    mdp_16_uniform().weighted_mean(&moved_16(mdp_16_uniform()), &ImportanceWeights::Ignored)
                }),
            }],
        },
        Trial {
            name: "biased by more than a tenth of the gradient elsewhere",
            role: Role::Limits,
            setting: "set-mdp-shifted: |E − ∇J(θ')|/|∇J(θ')|",
            subject: Subject::Exact(|| {
                vec![distance(&guide_form(1.0), &shifted(1.0).gradient()) / norm(&shifted(1.0).gradient())]
            }),
            expected: || vec![0.1],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "per-decision weights",
                subject: Subject::Exact(|| {
                    let mean = mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::PerDecision);
                    vec![distance(&mean, &shifted(1.0).gradient()) / norm(&shifted(1.0).gradient())]
                }),
            }],
        },
        Trial {
            name: "its mean, by enumeration and by old occupancy and old values",
            role: Role::Limits,
            setting: "set-mdp-shifted",
            subject: Subject::Exact(|| guide_form(1.0)),
            expected: || mdp_1296().off_policy(&shifted(1.0)).gradient_of(Whose::Behaviour, Whose::Behaviour),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the gradient at θ'",
                subject: Subject::Exact(|| shifted(1.0).gradient()),
            }],
        },
        Trial {
            name: "its mean, drawn",
            role: Role::Limits,
            setting: "set-mdp-shifted",
            subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::PerTimestep)),
            expected: || mdp_1296().off_policy(&shifted(1.0)).gradient_of(Whose::Behaviour, Whose::Behaviour),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "no ratios",
                subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::Ignored)),
            }],
        },
    ],
};

/// set-mdp-16's worlds at other parameters.
fn moved_16(world: &World) -> World {
    world.stepped(1.0, &[0.5, -0.5, -1.0, 1.0])
}

/// set-mdp-shifted cut to one step: old and new.
fn one_step() -> [World; 2] {
    [mdp_1296().clone(), shifted(1.0)]
        .map(|world| World::new(world.mdp.clone().with_horizon(1).expect("a horizon"), world.policy.clone()))
}

pub(in crate::claims) static LESS_VARIANCE: Claim = Claim {
    id: "ch12-step5-step6-less-variance",
    origin: Origin::Guide,
    quote: "cheat sheet 5/6: less variance",
    statement: "Conditional: reward-to-go and the average baseline usually lower the variance, and there are worlds where each \
                raises it \
                (ch06-reduces-variance, ch07-average-increases-variance).",
    because: "What is left out may have cancelled other noise; the average may be farther from the best constant than 0 is.",
    lesson: "Typical, not guaranteed. Where it matters, measure both.",
    recorded: Finding::Conditional,
    quantities: &[],
    trials: &[
        Trial {
            name: "both steps lower the variance here",
            role: Role::Confirms,
            setting: "set-mdp-1296: V2 below V1, V3(b=J) below V2, by recursion",
            subject: Subject::Exact(|| {
                let average = Form::to_go(Baseline::Constant(mdp_1296().objective()));
                vec![traces(mdp_1296())[1], mdp_1296().recursion_trace(&average)]
            }),
            expected: || traces(mdp_1296()).to_vec(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "V3 with the baseline −J",
                subject: Subject::Exact(|| {
                    let wrong = Form::to_go(Baseline::Constant(-mdp_1296().objective()));
                    vec![traces(mdp_1296())[1], mdp_1296().recursion_trace(&wrong)]
                }),
            }],
        },
        Trial {
            name: "reward-to-go raises it where a later reward takes the first one back",
            role: Role::Limits,
            setting: "the world of ch06-counterexample-constant-return: trVar(V2), by enumeration; that of V1",
            subject: Subject::Exact(|| vec![taken_back().batch_trace(1, v2)]),
            expected: || vec![taken_back().batch_trace(1, v1)],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "V1 itself",
                subject: Subject::Exact(|| vec![taken_back().batch_trace(1, v1)]),
            }],
        },
        Trial {
            name: "the average raises it for a nearly converged policy",
            role: Role::Limits,
            setting: "set-two-arm, p=.9, r1=1, r0=0: b=J against b=0",
            subject: Subject::Exact(|| vec![two_arm_variance(0.9, 0.9)]),
            expected: || vec![two_arm_variance(0.9, 0.0)],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the best constant",
                subject: Subject::Exact(|| vec![two_arm_variance(0.9, 0.1)]),
            }],
        },
    ],
};

pub(in crate::claims) static BOTH_KINDS: Claim = Claim {
    id: "ch12-strength-discrete-continuous",
    origin: Origin::Guide,
    quote: "Strengths: continuous + discrete actions",
    statement: "The theorem holds for a tabular softmax and for a Gaussian policy.",
    because: "Sums and integrals over actions are exchanged with the derivative in the same way.",
    lesson: "One estimator for both; only the log-probability changes.",
    recorded: Finding::Holds,
    quantities: &[],
    trials: &[
        Trial {
            name: "a tabular softmax and a Gaussian gain",
            role: Role::Confirms,
            setting: "set-mdp-1296 by enumeration; set-linear-gaussian by quadrature; derivatives of J by dynamic programming and \
                      by propagation of moments",
            subject: Subject::Exact(|| [mdp_1296().batch_mean(1, v2), vec![linear_gaussian_moments(true).0]].concat()),
            expected: || [mdp_1296().gradient(), vec![linear_gaussian_slope()]].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Exact(|| {
                    [mdp_1296().batch_mean(1, myopic), vec![linear_gaussian_moments(true).0]].concat()
                }),
            }],
        },
        Trial {
            name: "the Gaussian, drawn",
            role: Role::Confirms,
            setting: "set-linear-gaussian",
            subject: Subject::Sampled(|| linear_gaussian_draws(1.0)),
            expected: || vec![linear_gaussian_slope()],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the other sign",
                subject: Subject::Sampled(|| linear_gaussian_draws(-1.0)),
            }],
        },
    ],
};

/// Rewards multiplied by 5, and with 3 added at each step.
fn scaled_rewards() -> World {
    mdp_1296().with_rewards(|t| 5.0 * t.reward)
}

fn shifted_rewards() -> World {
    mdp_1296().with_rewards(|t| t.reward + 3.0)
}

/// The projection of another world's gradient on set-mdp-1296's.
fn gradient_ratio(world: &World) -> f64 {
    let gradient = mdp_1296().gradient();
    dot(&world.gradient(), &gradient) / dot(&gradient, &gradient)
}

pub(in crate::claims) static REWARD_SCALE: Claim = Claim {
    id: "ch12-reward-scale-sensitive",
    origin: Origin::Guide,
    quote: "Weaknesses: reward scale/density sensitive",
    statement: "The gradient scales linearly with the rewards (as with a larger learning rate). A constant added at every step \
                leaves it unchanged only for episodes of fixed length; for variable \
                length it changes the objective.",
    because: "J is linear in the rewards; a constant c a step adds c E[T] to J, which depends on θ where the length does.",
    lesson: "Rescaling rewards is rescaling α. Adding a constant is harmless for a fixed horizon, and a different task \
             otherwise: with a bonus of 1 a step the corridor's agent no longer minds at all.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "gradient_ratio_x5",
            what: "the gradient with rewards ×5 over ∇J",
            value: Value::Number(|| gradient_ratio(&scaled_rewards())),
        },
        Quantity {
            key: "gradient_ratio_shift",
            what: "the gradient with rewards +3 a step over ∇J",
            value: Value::Number(|| gradient_ratio(&shifted_rewards())),
        },
    ],
    trials: &[
        Trial {
            name: "linear in a factor, blind to a constant at fixed length",
            role: Role::Confirms,
            setting: "set-mdp-1296 with rewards ×5 and +3: E[V2] by enumeration; ∇J by dynamic programming",
            subject: Subject::Exact(|| {
                [scaled_rewards().batch_mean(1, v2), shifted_rewards().batch_mean(1, v2)].concat()
            }),
            expected: || [scale(5.0, &mdp_1296().gradient()), mdp_1296().gradient()].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the factor and the constant exchanged",
                subject: Subject::Exact(|| {
                    [mdp_1296().batch_mean(1, v2), scale(5.0, &shifted_rewards().batch_mean(1, v2))].concat()
                }),
            }],
        },
        Trial {
            name: "with variable length a constant changes the objective: J_c = (1−c) J",
            role: Role::Confirms,
            setting: "the corridor of ch12-strength-stochastic, horizon 2000, p=.5: rewards −1+c, c = .5 and 1; values and \
                      gradients by dynamic programming",
            subject: Subject::Exact(|| {
                let of = |c: f64| {
                    let world = corridor(c, 2000, 0.5);
                    [vec![world.objective()], world.gradient()].concat()
                };
                [of(0.5), of(1.0)].concat()
            }),
            expected: || {
                let plain = corridor(0.0, 2000, 0.5);
                let of = |c: f64| [vec![(1.0 - c) * plain.objective()], scale(1.0 - c, &plain.gradient())].concat();
                [of(0.5), of(1.0)].concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the gradient left alone, as at fixed length",
                subject: Subject::Exact(|| {
                    let plain = corridor(0.0, 2000, 0.5);
                    [vec![plain.objective()], plain.gradient()].concat().repeat(2)
                }),
            }],
        },
        Trial {
            name: "rewards ×5, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, V2",
            subject: Subject::Sampled(|| scaled_rewards().sample(1, v2)),
            expected: || scale(5.0, &mdp_1296().gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "rewards as they were",
                subject: Subject::Sampled(|| mdp_1296().sample(1, v2)),
            }],
        },
    ],
};

/// trVar over the squared gradient of one trajectory's V1 and V2: also the number of trajectories at which noise equals
/// signal.
pub(super) fn trajectories_for_signal() -> Vec<f64> {
    let gradient = mdp_1296().gradient();
    [v1, v2].map(|subject| mdp_1296().batch_trace(1, subject) / dot(&gradient, &gradient)).to_vec()
}

/// The same by recursion.
pub(super) fn trajectories_by_recursion() -> Vec<f64> {
    let gradient = mdp_1296().oracle().gradient().to_vec();
    traces(mdp_1296()).map(|trace| trace / dot(&gradient, &gradient)).to_vec()
}

pub(in crate::claims) static HIGH_VARIANCE: Claim = Claim {
    id: "ch12-high-variance",
    origin: Origin::Guide,
    quote: "Weaknesses: high variance gradient; sample-inefficient",
    statement: "One trajectory's signal-to-noise ratio is |∇J|/√trVar; noise equals signal at N = trVar/|∇J|² trajectories.",
    because: "The variance of a mean of N independent trajectories is a N-th of one's.",
    lesson: "Even on three states and four steps a single trajectory is mostly noise: it takes ten with V1, and five with V2, \
             until the noise is as small as the gradient.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "n_for_snr1_v1",
            what: "trVar(V1)/|∇J|²: the N at which noise equals signal",
            value: Value::Number(|| trajectories_for_signal()[0]),
        },
        Quantity {
            key: "n_for_snr1_v2",
            what: "the same for V2",
            value: Value::Number(|| trajectories_for_signal()[1]),
        },
    ],
    trials: &[
        Trial {
            name: "the number of trajectories, by enumeration and by recursion",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(trajectories_for_signal),
            expected: trajectories_by_recursion,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "its square root",
                subject: Subject::Exact(|| trajectories_for_signal().iter().map(|n| n.sqrt()).collect()),
            }],
        },
        Trial {
            name: "more than five trajectories for either",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(trajectories_for_signal),
            expected: || vec![5.0; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "all actions in place of the sampled one, with exact values: no noise from actions",
                subject: Subject::Exact(|| {
                    let gradient = mdp_1296().gradient();
                    let oracle = mdp_1296().oracle();
                    let trace = mdp_1296().trace(|path| all_actions(&oracle, path));
                    vec![trace / dot(&gradient, &gradient); 2]
                }),
            }],
        },
        Trial {
            name: "V2's variance, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296: squared errors of V2",
            subject: Subject::Sampled(|| mdp_1296().sample_errors(1, v2)),
            expected: || vec![traces(mdp_1296())[1]],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "V1", subject: Subject::Sampled(|| mdp_1296().sample_errors(1, v1)) }],
        },
    ],
};

/// `Σ_t Σ_a ∇π(a|s_t) Q_t(s_t, a)`: the states are sampled, the actions are not.
fn all_actions(oracle: &Oracle, path: &Trajectory) -> Vec<f64> {
    let (world, mut out) = (mdp_1296(), vec![0.0; 6]);
    for t in 0..path.len() {
        let s = path.states[t] as usize;
        for a in 0..2 {
            let p = probability(&world.policy, world.policy.parameters(), t, s, a);
            world.policy.add_score(t, s, a, p * oracle.action_value(t, s, a), &mut out);
        }
    }
    out
}

/// trVar of the new policy's reward-to-go on its own data.
fn on_policy_trace() -> f64 {
    shifted(1.0).batch_trace(1, v2)
}

/// trVar of the same with the old policy's data and trajectory weights.
fn weighted_trace() -> f64 {
    let new = shifted(1.0);
    mdp_1296().trace(|path| {
        mdp_1296().weighted_estimate(&new, &ImportanceWeights::Trajectory, &Batch::of(path.len(), [path]))
    })
}

pub(in crate::claims) static ONE_SENTENCE: Claim = Claim {
    id: "ch12-one-sentence",
    origin: Origin::Guide,
    quote: "Everything else is variance reduction.",
    statement: "Importance sampling, KL terms and clipping, the natural gradient and bootstrapping are devices for data reuse, \
                stability, geometry and bias; importance sampling and the natural gradient can increase the variance.",
    because: "Weights spread what they multiply; preconditioning by F⁻¹ stretches the directions with the least information; \
              bootstrapping changes the mean.",
    lesson: "Causality and baselines are variance reduction. The rest buys something else, and often pays in variance.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "trvar_on_policy",
            what: "trVar of Σ_t g'_t G_t under θ'",
            value: Value::Number(on_policy_trace),
        },
        Quantity {
            key: "trvar_trajectory_is",
            what: "trVar of Π_t ρ_t · Σ_t g'_t G_t under θ",
            value: Value::Number(weighted_trace),
        },
    ],
    trials: &[
        Trial {
            name: "importance sampling raises the variance",
            role: Role::Contradicts,
            setting: "set-mdp-shifted: old data with trajectory weights against the new policy's own data",
            subject: Subject::Exact(|| vec![weighted_trace()]),
            expected: || vec![on_policy_trace()],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the new policy's own data",
                subject: Subject::Exact(|| vec![on_policy_trace()]),
            }],
        },
        Trial {
            name: "both variances, by enumeration and by recursion",
            role: Role::Contradicts,
            setting: "set-mdp-shifted",
            subject: Subject::Exact(|| vec![on_policy_trace(), weighted_trace()]),
            expected: || {
                let weighted = mdp_1296().off_policy(&shifted(1.0));
                let moments = weighted.moments(Weighting::Trajectory, &Form::to_go(Baseline::None));
                vec![traces(&shifted(1.0))[1], moments.expect("a weighted form").trace()]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "per-decision weights",
                subject: Subject::Exact(|| {
                    let weighted = mdp_1296().off_policy(&shifted(1.0));
                    let moments = weighted.moments(Weighting::PerDecision, &Form::to_go(Baseline::None));
                    vec![on_policy_trace(), moments.expect("a weighted form").trace()]
                }),
            }],
        },
        Trial {
            name: "the natural gradient is another direction",
            role: Role::Contradicts,
            setting: "set-mdp-1296: the angle of F⁺∇J to ∇J, in degrees",
            subject: Subject::Exact(|| vec![angle(&natural_1296(), &mdp_1296().gradient())]),
            expected: || vec![1.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "reward-to-go with a baseline: variance reduction indeed",
                subject: Subject::Exact(|| vec![angle(&mdp_1296().batch_mean(1, v3_two), &mdp_1296().gradient())]),
            }],
        },
        Trial {
            name: "and can raise the variance",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.9, r1=1, r0=0: the variance of g r/F with F = p(1−p), against that of g r",
            subject: Subject::Exact(|| {
                let world = two_arm(0.9, 1.0, 0.0);
                let fisher = world.mean(|path| dot(&world.sum_of_scores(path), &world.sum_of_scores(path)));
                vec![world.trace(|path| scale(1.0 / fisher, &world.weighted(path, |_| total(path))))]
            }),
            expected: || vec![two_arm_variance(0.9, 0.0)],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the vanilla gradient with the best constant",
                subject: Subject::Exact(|| vec![two_arm_variance(0.9, 0.1)]),
            }],
        },
        Trial {
            name: "bootstrapping from a critic that is not exact moves the mean",
            role: Role::Contradicts,
            setting: "set-mdp-1296: temporal differences with the critic 0, by recursion; the distance to ∇J",
            subject: Subject::Exact(|| {
                let form = AdvantageForm { lambda: 0.0, critic: vec![0.0; 12], discounted_steps: true };
                mdp_1296().oracle().advantage_moments(&form).expect("a table of the right size").mean
            }),
            expected: || mdp_1296().gradient(),
            judge: Judge::Different { at_least: 0.1, why: "a tenth, where ∇J has length 1.5" },
            counterfeits: &[Counterfeit {
                story: "λ=1: nothing is bootstrapped",
                subject: Subject::Exact(|| {
                    let form = AdvantageForm { lambda: 1.0, critic: vec![0.0; 12], discounted_steps: true };
                    mdp_1296().oracle().advantage_moments(&form).expect("a table of the right size").mean
                }),
            }],
        },
        Trial {
            name: "the weighted estimate's variance, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-shifted: squared errors of the trajectory-weighted estimate",
            subject: Subject::Sampled(|| {
                mdp_1296().sample_weighted_errors(&shifted(1.0), &ImportanceWeights::Trajectory)
            }),
            expected: || vec![weighted_trace()],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the new policy's own data",
                subject: Subject::Sampled(|| shifted(1.0).sample_errors(1, v2)),
            }],
        },
    ],
};

pub(in crate::claims) static KL_AND_PPO: Claim = Claim {
    id: "ch12-kl-constraints-ppo",
    origin: Origin::Guide,
    quote: "Combined with KL constraints -> PPO",
    statement: "The sentence contradicts chapter 10 (\"PPO: Skip KL entirely\"): clipped PPO has no KL constraint, and its \
                divergence \
                grows without one.",
    because: "An action whose ratio cannot reach 1+ε is never clipped, and pushed for ever (ch10-ppo-implicit-trust-region).",
    lesson: "TRPO has the constraint, PPO-penalty the penalty; PPO-clip has neither. Watch the divergence and stop early.",
    recorded: Finding::Fails,
    quantities: &[],
    trials: &[
        Trial {
            name: "steps of clipped PPO on one batch pass ten times the usual radius",
            role: Role::Contradicts,
            setting: "two arms, old probabilities (.9, .1), advantages (.1, −.9), ε=.2, steps of 5: KL(old‖new) in nats after 200 \
                      steps, by the estimator; 0.1 is ten times TRPO's usual radius",
            subject: Subject::Exact(|| vec![divergence_by_estimator(200)]),
            expected: || vec![0.1],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "after one step",
                subject: Subject::Exact(|| vec![divergence_by_estimator(1)]),
            }],
        },
        Trial {
            name: "that divergence, by the estimator and by hand",
            role: Role::Contradicts,
            setting: "the same after 1, 10 and 200 steps",
            subject: Subject::Exact(|| [1, 10, 200].map(divergence_by_estimator).to_vec()),
            expected: || [1, 10, 200].map(divergence_after).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "held where the first step left it",
                subject: Subject::Exact(|| vec![divergence_by_estimator(1); 3]),
            }],
        },
    ],
};

pub(in crate::claims) static DEFAULTS: Claim = Claim {
    id: "ch12-default-hyperparameters",
    origin: Origin::Guide,
    quote: "PPO works with default hyperparameters on most problems / Weakness: hyperparameter-sensitive",
    statement: "Two survey statements, in tension with each other.",
    because: "\"Most problems\" is no set that a program could draw from.",
    lesson: "Outside: no program here can measure \"most problems\".",
    recorded: Finding::Outside,
    quantities: &[],
    trials: &[],
};
