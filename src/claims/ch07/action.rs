//! Baselines that depend on the action, and where probability goes.

use crate::claims::ch04::direction::policy_change;
use crate::claims::prelude::*;
use crate::estimator::{ActionDependentBaseline, GradientEstimator};

/// `Q_t(s,a)` of set-mdp-1296 as a table.
fn action_values() -> Vec<f64> {
    let oracle = mdp_1296().oracle();
    (0..24).map(|i| oracle.action_value(i / 6, i / 2 % 3, i % 2)).collect()
}

/// `sin(s + 2a)` as a table.
fn waves() -> Vec<f64> {
    (0..24).map(|i| numeric::sin((i / 2 % 3) as f64 + 2.0 * (i % 2) as f64)).collect()
}

/// Reward-to-go less a table of baselines, with or without the correction.
fn estimator(table: Vec<f64>, corrected: bool) -> ActionDependentBaseline {
    ActionDependentBaseline { discount: 1.0, states: 3, table, corrected }
}

fn mean(table: Vec<f64>, corrected: bool) -> Vec<f64> {
    let (world, estimator) = (mdp_1296(), estimator(table, corrected));
    world.expect(|path| estimator.gradient(&world.policy, &Batch::of(4, [path])))
}

fn draws(table: Vec<f64>, corrected: bool) -> Sample {
    let estimator = estimator(table, corrected);
    mdp_1296().sample(1, move |world, batch| estimator.gradient(&world.policy, batch))
}

/// `E Σ_t Σ_a ∇π(a|s_t) b_t(s_t,a)`, with derivatives of probabilities by dual numbers.
fn correction(table: &[f64]) -> Vec<f64> {
    let world = mdp_1296();
    let theta = Dual::<16>::point(world.policy.parameters());
    world.expect(|path| {
        let mut sum = vec![0.0; 6];
        for (t, state) in path.states.iter().enumerate() {
            for a in 0..2 {
                let slope = probability(&world.policy, &theta, t, *state as usize, a).tangents;
                let b = table[t * 6 + *state as usize * 2 + a];
                sum.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += slope * b);
            }
        }
        sum
    })
}

/// `E[Σ_t g_t Q_t(s_t,a_t)]`.
fn subtracted() -> Vec<f64> {
    let (world, table) = (mdp_1296(), action_values());
    world.expect(|path| world.weighted(path, |t| table[t * 6 + path.states[t] as usize * 2 + path.actions[t] as usize]))
}

pub(in crate::claims) static Q_BIASED: Claim = Claim {
    id: "ch07-Q-baseline-biased",
    origin: Origin::Guide,
    quote: "b(s,a)=Q^pi(s,a) would NOT be an unbiased baseline",
    statement: "What is subtracted is the whole gradient: E[g(G − Q)] = 0; the bias is −∇J.",
    because: "E[G_t | s_t, a_t] = Q_t.",
    lesson: "A perfect critic of actions, used as a baseline without its correction, stops learning.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "max_abs_mean",
            what: "the largest component of |E[Σ_t g_t (G_t − Q_t)]|",
            value: Value::Number(|| largest(&mean(action_values(), false))),
        },
        Quantity {
            key: "bias", what: "−E[Σ_t g_t Q_t], by [s,a]", value: Value::List(|| scale(-1.0, &subtracted()))
        },
    ],
    trials: &[
        Trial {
            name: "nothing is left",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = Q_t(s,a)",
            subject: Subject::Exact(|| mean(action_values(), false)),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the correction",
                subject: Subject::Exact(|| mean(action_values(), true)),
            }],
        },
        Trial {
            name: "the bias is −∇J",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = Q_t(s,a)",
            subject: Subject::Exact(|| scale(-1.0, &subtracted())),
            expected: || scale(-1.0, &mdp_1296().gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "zero, as for a baseline of the state",
                subject: Subject::Exact(|| vec![0.0; 6]),
            }],
        },
        Trial {
            name: "nothing is left, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = Q_t(s,a)",
            subject: Subject::Sampled(|| draws(action_values(), false)),
            expected: || vec![0.0; 6],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.01),
                why: "2 % of the largest component of ∇J, or less",
            },
            counterfeits: &[Counterfeit {
                story: "with the correction",
                subject: Subject::Sampled(|| draws(action_values(), true)),
            }],
        },
    ],
};

/// Draws of the squared error of the corrected estimator.
fn errors(table: Vec<f64>) -> Sample {
    let estimator = estimator(table, true);
    mdp_1296().sample_errors(1, move |world, batch| estimator.gradient(&world.policy, batch))
}

fn trace(table: Vec<f64>) -> f64 {
    let (world, estimator) = (mdp_1296(), estimator(table, true));
    world.trace(|path| estimator.gradient(&world.policy, &Batch::of(4, [path])))
}

/// The variances with corrected Q, with V and without a baseline, by the recursion.
fn recursion_traces() -> [f64; 3] {
    [Baseline::ActionValue { corrected: true }, Baseline::StateValue, Baseline::None]
        .map(|baseline| mdp_1296().recursion_trace(&Form::to_go(baseline)))
}

fn value_trace() -> f64 {
    let (world, oracle) = (mdp_1296(), mdp_1296().oracle());
    world.trace(|path| world.weighted(path, |t| to_go(path, t) - oracle.value(t, path.states[t] as usize)))
}

pub(in crate::claims) static ACTION_FAIL: Claim = Claim {
    id: "ch07-action-baselines-fail",
    origin: Origin::Guide,
    quote: "action-dependent baselines bias / fail",
    statement: "The bias is −E_s Σ_a ∇π b(s,a), and adding E_s[Σ_a ∇π(a|s) b(s,a)] removes it exactly.",
    because: "A control variate of known mean (Gu et al. 2017; Tucker et al. 2018).",
    lesson: "They fail only without the correction. With it, b = Q beats b = V, which beats none.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "trvar_corrected_q",
            what: "trVar of the corrected estimator with b=Q",
            value: Value::Number(|| trace(action_values())),
        },
        Quantity {
            key: "trvar_v_baseline", what: "trVar of Σ_t g_t (G_t − V_t)", value: Value::Number(value_trace)
        },
        Quantity { key: "trvar_v2", what: "trVar(V2)", value: Value::Number(|| mdp_1296().batch_trace(1, v2)) },
    ],
    trials: &[
        Trial {
            name: "without the correction the bias is −E Σ_t Σ_a ∇π b",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = sin(s+2a)",
            subject: Subject::Exact(|| difference(&mean(waves(), false), &mdp_1296().gradient())),
            expected: || scale(-1.0, &correction(&waves())),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the correction",
                subject: Subject::Exact(|| difference(&mean(waves(), true), &mdp_1296().gradient())),
            }],
        },
        Trial {
            name: "with it they are not",
            role: Role::Limits,
            setting: "set-mdp-1296, b = Q_t(s,a) and b = sin(s+2a)",
            subject: Subject::Exact(|| [mean(action_values(), true), mean(waves(), true)].concat()),
            expected: || mdp_1296().gradient().repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the correction",
                subject: Subject::Exact(|| [mean(action_values(), false), mean(waves(), false)].concat()),
            }],
        },
        Trial {
            name: "corrected Q beats V, which beats none",
            role: Role::Limits,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![trace(action_values()), value_trace()]),
            expected: || recursion_traces()[1..].to_vec(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "Q with its sign turned",
                subject: Subject::Exact(|| vec![trace(scale(-1.0, &action_values())), value_trace()]),
            }],
        },
        Trial {
            name: "the three variances by the recursion",
            role: Role::Limits,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![trace(action_values()), value_trace(), mdp_1296().batch_trace(1, v2)]),
            expected: || recursion_traces().to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "b = sin(s+2a) for Q",
                subject: Subject::Exact(|| vec![trace(waves()), value_trace(), mdp_1296().batch_trace(1, v2)]),
            }],
        },
        Trial {
            name: "the variance with corrected Q, drawn",
            role: Role::Limits,
            setting: MDP_1296,
            subject: Subject::Sampled(|| errors(action_values())),
            expected: || vec![recursion_traces()[0]],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit { story: "b = 0 for Q", subject: Subject::Sampled(|| errors(vec![0.0; 24])) }],
        },
        Trial {
            name: "the corrected estimator, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, b = sin(s+2a)",
            subject: Subject::Sampled(|| draws(waves(), true)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without the correction",
                subject: Subject::Sampled(|| draws(waves(), false)),
            }],
        },
    ],
};

/// Two independent choices as one of four actions `2 a_1 + a_2`, each with a logit of its own; P(a_1=1)=.3,
/// P(a_2=1)=.6.
fn factorised() -> World {
    let logit = |p: f64| numeric::ln(p / (1.0 - p));
    let features = vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    let policy = SoftmaxPolicy::features(1, 4, features, vec![logit(0.3), logit(0.6)]).expect("two logits");
    World::new(bandit(&[0.0, 0.0, 1.0, 4.0]), policy)
}

/// The component of a_1's logit, with the baseline `factor (3 a_2 + 1)`, or one that depends on a_1.
fn first_logit(path: &Trajectory, factor: f64, own: bool) -> Vec<f64> {
    let choice = if own { path.actions[0] / 2 } else { path.actions[0] % 2 };
    let baseline = factor * (3.0 * f64::from(choice) + 1.0);
    factorised().weighted(path, |_| total(path) - baseline)[..1].to_vec()
}

pub(in crate::claims) static FACTORISED: Claim = Claim {
    id: "ch07-action-baseline-factorised",
    origin: Origin::Ours,
    quote: "(exception) action-dependent baselines",
    statement: "For a policy π(a1|s)π(a2|s), a baseline b(s,a2) for the score of a1 is exactly unbiased.",
    because: "Given a2 the score of a1 still has mean zero (Wu et al. 2018).",
    lesson: "Dependence on the other dimensions of an action is harmless, which matters for diagonal Gaussians of many \
             joints.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "gradient",
        what: "dE[r]/d(logit of a1), with or without b",
        value: Value::Number(|| factorised().expect(|path| first_logit(path, 1.0, false))[0]),
    }],
    trials: &[
        Trial {
            name: "a baseline of the other choice",
            role: Role::Confirms,
            setting: "two Bernoulli choices, .3 and .6; r = 3 a1 a2 + a1, b = 3 a2 + 1",
            subject: Subject::Exact(|| factorised().expect(|path| first_logit(path, 1.0, false))),
            expected: || factorised().gradient()[..1].to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a baseline of the own choice",
                subject: Subject::Exact(|| factorised().expect(|path| first_logit(path, 1.0, true))),
            }],
        },
        Trial {
            name: "a baseline of the own choice is biased",
            role: Role::Limits,
            setting: "the same with b = 3 a1 + 1",
            subject: Subject::Exact(|| factorised().expect(|path| first_logit(path, 1.0, true))),
            expected: || factorised().gradient()[..1].to_vec(),
            judge: Judge::Different { at_least: 0.1, why: "3 p(1−p) = .63 is missing" },
            counterfeits: &[Counterfeit {
                story: "a baseline of the other choice",
                subject: Subject::Exact(|| factorised().expect(|path| first_logit(path, 1.0, false))),
            }],
        },
        Trial {
            name: "a baseline of the other choice, drawn",
            role: Role::Confirms,
            setting: "two Bernoulli choices, .3 and .6; r = 3 a1 a2 + a1, b = 3 a2 + 1",
            subject: Subject::Sampled(|| factorised().sample_paths(|path| first_logit(path, 1.0, false))),
            expected: || factorised().gradient()[..1].to_vec(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a baseline of the own choice",
                subject: Subject::Sampled(|| factorised().sample_paths(|path| first_logit(path, 1.0, true))),
            }],
        },
    ],
};

const LOGITS: [f64; 3] = [0.2, -0.3, 0.8];

/// `π` and `b_a = sin θ_a` with their derivatives.
fn policy_and_baseline() -> ([Dual<3>; 3], [Dual<3>; 3]) {
    let theta = Dual::<3>::point(&LOGITS);
    let mut pi = [Dual::from(0.0); 3];
    tabular(1, 3, &LOGITS).probabilities_over(0, 0, &theta, &mut pi);
    let sine = |a: usize| Dual {
        value: numeric::sin(LOGITS[a]),
        tangents: std::array::from_fn(|k| if k == a { numeric::cos(LOGITS[a]) } else { 0.0 }),
    };
    (pi, [0, 1, 2].map(sine))
}

/// `Σ_a (∂π_a/∂θ_k) b_a`, from the closed form of a softmax.
fn product_left() -> Vec<f64> {
    policy_change(&softmax(&LOGITS), &LOGITS.map(numeric::sin))
}

/// `∂/∂θ_k Σ_a π_a b_a − second · Σ_a π_a ∂b_a/∂θ_k`.
fn product_right(second: f64) -> Vec<f64> {
    let (pi, b) = policy_and_baseline();
    let whole = pi.iter().zip(b).fold(Dual::from(0.0), |sum: Dual<3>, (p, b)| sum + *p * b);
    (0..3).map(|k| whole.tangents[k] - second * (0..3).map(|a| pi[a].value * b[a].tangents[k]).sum::<f64>()).collect()
}

pub(in crate::claims) static PRODUCT_RULE: Claim = Claim {
    id: "ch07-product-rule-identity",
    origin: Origin::Guide,
    quote: "sum_a grad pi b(s,a) = grad(sum pi b) - sum pi grad b",
    statement: "Σ_a (∇π_a) b_a = ∇(Σ_a π_a b_a) − Σ_a π_a ∇b_a, for b that depends on θ.",
    because: "The product rule.",
    lesson: "A baseline that depends on the action leaves a term that only its own gradient could cancel.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "lhs", what: "Σ_a (∂π_a/∂θ_k) b_a for k=0,1,2", value: Value::List(product_left)
    }],
    trials: &[Trial {
        name: "closed form against dual numbers",
        role: Role::Confirms,
        setting: "softmax of (.2, −.3, .8), b_a = sin θ_a",
        subject: Subject::Exact(product_left),
        expected: || product_right(1.0),
        judge: ROUNDING,
        counterfeits: &[Counterfeit { story: "∇b forgotten", subject: Subject::Exact(|| product_right(0.0)) }],
    }],
};

/// dπ along the score of arm 0.
fn pushed(pi: [f64; 3]) -> Vec<f64> {
    policy_change(&pi, &[1.0 - pi[0], -pi[1], -pi[2]])
}

const CONFIDENT: [f64; 3] = [0.01, 0.01, 0.98];

pub(in crate::claims) static MASS: Claim = Claim {
    id: "ch07-mass-conserved",
    origin: Origin::Guide,
    quote: "Pushing one action up necessarily pushes others down",
    statement: "The sum of the others falls by the same amount; not every other action falls.",
    because: "Σ_a dπ_a = 0; an arm rises if its logit moves up by more than the π-weighted mean of all.",
    lesson: "Here another arm rises together with the one that was pushed. Only the total of the others must fall.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "dpi",
        what: "dπ along the score of arm 0",
        value: Value::List(|| pushed(CONFIDENT)),
    }],
    trials: &[
        Trial {
            name: "the total of the others falls by as much",
            role: Role::Confirms,
            setting: "3-arm softmax, π=(.01, .01, .98), direction ∇ log π_0",
            subject: Subject::Exact(|| vec![pushed(CONFIDENT)[1..].iter().sum()]),
            expected: || {
                let logits = CONFIDENT.map(numeric::ln);
                let theta = Dual::<3>::point(&logits);
                let mut pi = [Dual::<3>::from(0.0); 3];
                tabular(1, 3, &logits).probabilities_over(0, 0, &theta, &mut pi);
                vec![-dot(&pi[0].tangents, &[0.99, -0.01, -0.98])]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the largest of the others alone",
                subject: Subject::Exact(|| vec![pushed(CONFIDENT)[2]]),
            }],
        },
        Trial {
            name: "another arm rises too",
            role: Role::Limits,
            setting: "the same, arm 1",
            subject: Subject::Exact(|| vec![pushed(CONFIDENT)[1]]),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "from a uniform policy, where it falls",
                subject: Subject::Exact(|| vec![pushed([1.0 / 3.0; 3])[1]]),
            }],
        },
    ],
};
