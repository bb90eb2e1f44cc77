//! Policy gradients as weighted maximum likelihood: how far the likeness goes.

use crate::claims::ch04::direction::policy_change;
use crate::claims::prelude::*;

/// `∇f` at `θ + e δ` of the frozen objective `f(x) = E_θ[Σ_t G_t log π_x(a_t|s_t)]`.
fn frozen_gradient(e: f64) -> Vec<f64> {
    let new = shifted(e);
    mdp_1296().expect(|path| new.weighted(path, |t| to_go(path, t)))
}

/// The same by differentiating the weighted log-likelihood.
fn frozen_derivative(e: f64) -> Vec<f64> {
    let new = shifted(e);
    let theta = Dual::<16>::point(new.policy.parameters());
    mdp_1296().expect(|path| {
        let term = |t: usize| {
            let (o, a) = (path.observations[t] as usize, path.actions[t] as usize);
            probability(&new.policy, &theta, t, o, a).ln() * Dual::from(to_go(path, t))
        };
        (0..4).map(term).fold(Dual::from(0.0), |sum: Dual<16>, x| sum + x).tangents[..6].to_vec()
    })
}

pub(in crate::claims) static WEIGHTED_MLE: Claim = Claim {
    id: "ch04-weighted-mle",
    origin: Origin::Guide,
    quote: "The gradient formula is identical except for the weighting.",
    statement: "At the current θ, with data from π_θ and weights held constant, the policy gradient is that of Σ w log π; \
                it is not the gradient of a fixed objective.",
    because: "Data and weights both change with θ; the frozen objective holds them.",
    lesson: "One step along the weighted likelihood is a policy-gradient step. Optimising it further is another problem: \
             at θ+δ the two directions are 34° apart.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "frozen_gradient_shifted", what: "∇f at θ+δ", value: Value::List(|| frozen_gradient(1.0)) },
        Quantity { key: "gradient_shifted", what: "∇J at θ+δ", value: Value::List(|| shifted(1.0).gradient()) },
        Quantity {
            key: "angle_deg",
            what: "the angle between the two, degrees",
            value: Value::Number(|| angle(&frozen_gradient(1.0), &shifted(1.0).gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "at θ the weighted likelihood has the gradient ∇J",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| frozen_derivative(0.0)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "every weight 1",
                subject: Subject::Exact(|| mdp_1296().expect(|path| mdp_1296().sum_of_scores(path))),
            }],
        },
        Trial {
            name: "at θ+δ it has another",
            role: Role::Limits,
            setting: "set-mdp-shifted",
            subject: Subject::Exact(|| frozen_derivative(1.0)),
            expected: || shifted(1.0).gradient(),
            judge: Judge::Different { at_least: 0.3, why: "a fifth of |∇J| and more" },
            counterfeits: &[Counterfeit {
                story: "data and weights of the new policy",
                subject: Subject::Exact(|| shifted(1.0).batch_mean(1, v2)),
            }],
        },
        Trial {
            name: "at θ+δ, drawn",
            role: Role::Limits,
            setting: "set-mdp-shifted, data from θ",
            subject: Subject::Sampled(|| {
                let new = shifted(1.0);
                mdp_1296().sample_paths(move |path| new.weighted(path, |t| to_go(path, t)))
            }),
            expected: || frozen_derivative(1.0),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "data of the new policy",
                subject: Subject::Sampled(|| shifted(1.0).sample(1, v2)),
            }],
        },
    ],
};

pub(in crate::claims) static BC_WEIGHT_ONE: Claim = Claim {
    id: "ch04-bc-weight-one",
    origin: Origin::Guide,
    quote: "BC = MLE with w_i=1 for all examples",
    statement: "Weights 1 give the behaviour-cloning gradient; on the policy's own data its mean is 0.",
    because: "E[Σ g_t] = 0: a policy is its own maximum-likelihood fit.",
    lesson: "Cloning oneself teaches nothing; the weights carry all the signal.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_mean",
        what: "the largest component of |E[Σ_t g_t]|",
        value: Value::Number(|| largest(&mdp_1296().expect(|path| mdp_1296().sum_of_scores(path)))),
    }],
    trials: &[
        Trial {
            name: "the gradient of the log-likelihood is the sum of scores",
            role: Role::Confirms,
            setting: "set-mdp-1296, data from the uniform policy",
            subject: Subject::Exact(|| uniform_1296().expect(|path| mdp_1296().sum_of_scores(path))),
            expected: || uniform_1296().expect(|path| log_probability_gradient(&mdp_1296().policy, path)),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "weighted by the return",
                subject: Subject::Exact(|| uniform_1296().expect(|path| mdp_1296().weighted(path, |_| total(path)))),
            }],
        },
        Trial {
            name: "on its own data it is zero",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| mdp_1296().expect(|path| mdp_1296().sum_of_scores(path))),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "data from the uniform policy",
                subject: Subject::Exact(|| uniform_1296().expect(|path| mdp_1296().sum_of_scores(path))),
            }],
        },
        Trial {
            name: "on its own data, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| mdp_1296().sum_of_scores(path))),
            expected: || vec![0.0; 6],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.01),
                why: "scores are of the size of 1; the counterfeit's mean is 0.1 and more",
            },
            counterfeits: &[Counterfeit {
                story: "data from the uniform policy",
                subject: Subject::Sampled(|| uniform_1296().sample_paths(|path| mdp_1296().sum_of_scores(path))),
            }],
        },
    ],
};

/// set-mdp-1296 under the uniform policy.
fn uniform_1296() -> World {
    World::new(mdp_1296().mdp.clone(), tabular(3, 2, &[0.0; 6]))
}

const BREAK_IT: [f64; 4] = [3.0, 5.0, 8.0, 12.0];

/// One step of reward-weighted regression: `π' ∝ π r`.
fn regression_step(pi: &[f64], rewards: &[f64]) -> Vec<f64> {
    let weighted: Vec<f64> = pi.iter().zip(rewards).map(|(p, r)| p * r).collect();
    let sum: f64 = weighted.iter().sum();
    scale(1.0 / sum, &weighted)
}

/// J before and after regression steps 1 to 5.
fn regression_values() -> Vec<f64> {
    let mut pi = vec![0.25; 4];
    let mut values = vec![dot(&pi, &BREAK_IT)];
    for _ in 0..5 {
        pi = regression_step(&pi, &BREAK_IT);
        values.push(dot(&pi, &BREAK_IT));
    }
    values
}

/// The policy after one exact gradient step of size alpha.
fn gradient_step(alpha: f64, rewards: [f64; 4]) -> Vec<f64> {
    softmax(&scale(alpha, &four_arm(rewards).gradient()))
}

pub(in crate::claims) static REWARD_WEIGHTED: Claim = Claim {
    id: "ch04-reward-weighted-regression",
    origin: Origin::Guide,
    quote: "This is why REINFORCE is sometimes called 'reward-weighted regression'",
    statement: "Wrong name: reward-weighted regression is the maximisation argmax_π' E_π[r log π'] with r ≥ 0, so \
                π' ∝ π r. REINFORCE is one gradient step of that objective.",
    because: "Dayan & Hinton 1997; Peters & Schaal 2007: an EM step has no step size and needs rewards that are not \
              negative.",
    lesson: "Only the first-order direction at θ agrees. Regression improves J at every step, and changes with a shift \
             of the rewards; REINFORCE depends on its step size, and does not change when the rewards are shifted.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "rwr_policy",
            what: "the policy after one regression step",
            value: Value::List(|| regression_step(&[0.25; 4], &BREAK_IT)),
        },
        Quantity {
            key: "rwr_j_sequence",
            what: "J before and after regression steps 1 to 5",
            value: Value::List(regression_values),
        },
        Quantity {
            key: "j_after_gradient_step",
            what: "J after one exact gradient step, α=.1",
            value: Value::Number(|| dot(&gradient_step(0.1, BREAK_IT), &BREAK_IT)),
        },
    ],
    trials: &[
        Trial {
            name: "the two steps lead to different policies",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3, 5, 8, 12), uniform: π after one step of REINFORCE with α=.1, against π \
                      r normalised",
            subject: Subject::Exact(|| gradient_step(0.1, BREAK_IT)),
            expected: || regression_step(&[0.25; 4], &BREAK_IT),
            judge: Judge::Different { at_least: 0.1, why: "policies a tenth apart act differently" },
            counterfeits: &[Counterfeit {
                story: "the maximum of E_π[r log π'] found by 2,000 gradient steps on it",
                subject: Subject::Exact(|| {
                    let mut logits = vec![0.0; 4];
                    let target = regression_step(&[0.25; 4], &BREAK_IT);
                    for _ in 0..2000 {
                        let pi = softmax(&logits);
                        logits.iter_mut().zip(target.iter().zip(pi)).for_each(|(x, (t, p))| *x += t - p);
                    }
                    softmax(&logits)
                }),
            }],
        },
        Trial {
            name: "regression changes when all rewards are shifted",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3, 5, 8, 12) and the same plus 10",
            subject: Subject::Exact(|| regression_step(&[0.25; 4], &BREAK_IT.map(|r| r + 10.0))),
            expected: || regression_step(&[0.25; 4], &BREAK_IT),
            judge: Judge::Different { at_least: 0.05, why: "a shift by 10 more than halves the preference" },
            counterfeits: &[Counterfeit {
                story: "rewards doubled, which regression does not see",
                subject: Subject::Exact(|| regression_step(&[0.25; 4], &BREAK_IT.map(|r| 2.0 * r))),
            }],
        },
        Trial {
            name: "REINFORCE does not",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3, 5, 8, 12) and the same plus 10, α=.1",
            subject: Subject::Exact(|| gradient_step(0.1, BREAK_IT.map(|r| r + 10.0))),
            expected: || gradient_step(0.1, BREAK_IT),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "regression",
                subject: Subject::Exact(|| regression_step(&[0.25; 4], &BREAK_IT)),
            }],
        },
        Trial {
            name: "regression improves J at every step",
            role: Role::Confirms,
            setting: "set-four-arm, rewards (3, 5, 8, 12)",
            subject: Subject::Exact(|| regression_values()[1..].to_vec()),
            expected: || regression_values()[..5].to_vec(),
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "gradient steps with α=−.1",
                subject: Subject::Exact(|| vec![dot(&gradient_step(-0.1, BREAK_IT), &BREAK_IT); 5]),
            }],
        },
        Trial {
            name: "with a negative weight there is no regression: E_π[(r−b) log π'] has no maximum",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3, 5, 8, 12) less 7; logits (−k, 0, 0, 0) with k = 10, 100, 1000",
            subject: Subject::Exact(|| [10.0, 100.0, 1000.0].map(|k| weighted_likelihood(7.0, k)).to_vec()),
            expected: || [0.0, 10.0, 100.0].map(|k| weighted_likelihood(7.0, k)).to_vec(),
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "rewards that are not negative",
                subject: Subject::Exact(|| [10.0, 100.0, 1000.0].map(|k| weighted_likelihood(0.0, k)).to_vec()),
            }],
        },
        Trial {
            name: "at θ the gradient of E_π[r log π'], drawn",
            role: Role::Confirms,
            setting: "set-four-arm, rewards (3, 5, 8, 12)",
            subject: Subject::Sampled(|| {
                four_arm(BREAK_IT).sample(1, |world, batch| {
                    let path = batch.trajectory(0);
                    scale(total(&path), &log_probability_gradient(&world.policy, &path))
                })
            }),
            expected: || four_arm(BREAK_IT).gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "every arm weighted alike",
                subject: Subject::Sampled(|| {
                    four_arm(BREAK_IT)
                        .sample(1, |world, batch| log_probability_gradient(&world.policy, &batch.trajectory(0)))
                }),
            }],
        },
        Trial {
            name: "at θ the gradient of E_π[r log π'] is ∇J",
            role: Role::Confirms,
            setting: "set-four-arm, rewards (3, 5, 8, 12)",
            subject: Subject::Exact(|| {
                let world = four_arm(BREAK_IT);
                world.expect(|path| scale(total(path), &log_probability_gradient(&world.policy, path)))
            }),
            expected: || four_arm(BREAK_IT).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "every arm weighted alike",
                subject: Subject::Exact(|| {
                    let world = four_arm(BREAK_IT);
                    world.expect(|path| log_probability_gradient(&world.policy, path))
                }),
            }],
        },
    ],
};

/// `E_π[(r − b) log π']` for the uniform π and logits `(−k, 0, 0, 0)` of π'.
fn weighted_likelihood(b: f64, k: f64) -> f64 {
    // log π' = logit − log(3 + e^{−k}).
    let normaliser = numeric::ln(3.0 + numeric::exp(-k));
    0.25 * BREAK_IT.iter().enumerate().map(|(a, r)| (r - b) * (if a == 0 { -k } else { 0.0 } - normaliser)).sum::<f64>()
}

/// `.5 log p − .5 log(1−p)` with `p = sigmoid(θ)`, without cancellation at large θ.
fn negative_weight_objective(theta: f64) -> f64 {
    let log_sigmoid = |x: f64| -numeric::ln(1.0 + numeric::exp(-x.abs())) + x.min(0.0);
    0.5 * log_sigmoid(theta) - 0.5 * log_sigmoid(-theta)
}

/// The same objective with weights that are not negative: `.5 log p + .5 log(1−p)`.
fn positive_weight_objective(theta: f64) -> f64 {
    0.5 * numeric::ln(sigmoid(theta)) + 0.5 * numeric::ln(sigmoid(-theta))
}

pub(in crate::claims) static NEGATIVE_WEIGHTS: Claim = Claim {
    id: "ch04-negative-weights",
    origin: Origin::Guide,
    quote: "Policy gradients = MLE with w_i = reward-to-go - baseline",
    statement: "With a negative weight the weighted log-likelihood has no maximum: it grows without bound; only its \
                gradient at θ has a meaning.",
    because: "w log p → ∞ as p → 0 when w < 0.",
    lesson: "Never optimise such a surrogate to convergence: as soon as advantages change sign it rewards certainty \
             itself.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "objective_values",
        what: "the objective at θ = 0, 5, 20, 30",
        value: Value::List(|| [0.0, 5.0, 20.0, 30.0].map(negative_weight_objective).to_vec()),
    }],
    trials: &[
        Trial {
            name: "its gradient at θ is the policy gradient's sample",
            role: Role::Confirms,
            setting: "two arms at θ=0; batch (1, 0) with weights (+.5, −.5)",
            subject: Subject::Exact(|| numeric::central_gradient(&[0.0], 1e-2, |x| negative_weight_objective(x[0]))),
            expected: || vec![0.5 * (1.0 - 0.5) - 0.5 * (0.0 - 0.5)],
            judge: Judge::Exact { tolerance: 1e-8, why: "the truncation error of central differences" },
            counterfeits: &[Counterfeit {
                story: "weights +.5 for both",
                subject: Subject::Exact(|| {
                    numeric::central_gradient(&[0.0], 1e-2, |x| positive_weight_objective(x[0]))
                }),
            }],
        },
        Trial {
            name: "with weights that are not negative there is a maximum, −ln 2 at θ=0",
            role: Role::Confirms,
            setting: "two arms; weights (+.5, +.5); θ = −5, −.1, .1, 5",
            subject: Subject::Exact(|| [-5.0, -0.1, 0.1, 5.0].map(positive_weight_objective).to_vec()),
            expected: || vec![-std::f64::consts::LN_2; 4],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "weights (+.5, −.5)",
                subject: Subject::Exact(|| [-5.0, -0.1, 0.1, 5.0].map(negative_weight_objective).to_vec()),
            }],
        },
        Trial {
            name: "it grows without bound: half of θ",
            role: Role::Limits,
            setting: "two arms; weights (+.5, −.5); θ = 5, 20, 30, 300",
            subject: Subject::Exact(|| [5.0, 20.0, 30.0, 300.0].map(negative_weight_objective).to_vec()),
            expected: || vec![2.5, 10.0, 15.0, 150.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "weights +.5 for both: bounded by −ln 2",
                subject: Subject::Exact(|| [5.0, 20.0, 30.0, 300.0].map(positive_weight_objective).to_vec()),
            }],
        },
    ],
};

/// `Σ_k w_k (e_k − π)` with a uniform policy on three arms.
fn weighted_gradient(weights: [f64; 3]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w - sum / 3.0).collect()
}

/// The gradient of the log-likelihood of a data set that holds arm k `copies[k]` times, by dual numbers.
fn copies_gradient(copies: [usize; 3]) -> Vec<f64> {
    let policy = tabular(1, 3, &[0.0; 3]);
    let theta = Dual::<16>::point(&[0.0; 3]);
    let data = (0..3).flat_map(|k| std::iter::repeat_n(k, copies[k]));
    let terms = data.map(|k| probability(&policy, &theta, 0, 0, k).ln());
    terms.fold(Dual::from(0.0), |sum: Dual<16>, x| sum + x).tangents[..3].to_vec()
}

pub(in crate::claims) static UPWEIGHT: Claim = Claim {
    id: "ch04-upweight-copies-remove",
    origin: Origin::Guide,
    quote: "Good actions get up-weighted (like having more copies), bad actions get down-weighted (like removing them).",
    statement: "A whole weight k is k copies, and removing is weight 0; a negative weight is neither: it pushes the \
                action below what removal gives.",
    because: "The gradient is linear in the weights.",
    lesson: "With a baseline, bad actions are not left out but repelled.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "gradient_negative_weight",
            what: "the gradient for w = (2, 1, −1)",
            value: Value::List(|| weighted_gradient([2.0, 1.0, -1.0])),
        },
        Quantity {
            key: "gradient_copies",
            what: "the gradient for two copies, one copy, removal",
            value: Value::List(|| copies_gradient([2, 1, 0])),
        },
    ],
    trials: &[
        Trial {
            name: "whole weights are copies",
            role: Role::Confirms,
            setting: "3 arms, uniform; w = (2, 1, 0) against two copies, one copy, none",
            subject: Subject::Exact(|| weighted_gradient([2.0, 1.0, 0.0])),
            expected: || copies_gradient([2, 1, 0]),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "three copies of the first",
                subject: Subject::Exact(|| copies_gradient([3, 1, 0])),
            }],
        },
        Trial {
            name: "a negative weight is less than removal",
            role: Role::Limits,
            setting: "3 arms, uniform; dπ of the third arm, w = (2, 1, −1) against removal",
            subject: Subject::Exact(|| vec![policy_change(&[1.0 / 3.0; 3], &weighted_gradient([2.0, 1.0, -1.0]))[2]]),
            expected: || vec![policy_change(&[1.0 / 3.0; 3], &copies_gradient([2, 1, 0]))[2]],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a small positive weight",
                subject: Subject::Exact(|| {
                    vec![policy_change(&[1.0 / 3.0; 3], &weighted_gradient([2.0, 1.0, 0.1]))[2]]
                }),
            }],
        },
    ],
};

/// J along exact gradient ascent from set-mdp-1296's policy, with its step sizes: after 0, 1 and 200 steps.
fn ascent(alpha: f64) -> [f64; 3] {
    let world = mdp_1296();
    let evaluator = crate::exact::Evaluator::new(&world.mdp);
    let mut policy = world.policy.clone();
    let mut values = Vec::new();
    for _ in 0..=200 {
        let evaluation = evaluator.evaluate(&policy).expect("the policy fits the world");
        values.push(evaluation.objective);
        let theta = policy.parameters().iter().zip(&evaluation.gradient).map(|(x, g)| x + alpha * g).collect();
        policy = policy.with_parameters(theta).expect("as many parameters");
    }
    [values[0], values[1], values[200]]
}

pub(in crate::claims) static CAN_OUTPERFORM: Claim = Claim {
    id: "ch04-pg-can-outperform",
    origin: Origin::Guide,
    quote: "why can [REINFORCE] outperform the demonstrator while behavioral cloning can't? (weights come from the \
            environment)",
    statement: "From the expert's own policy, one exact policy-gradient step has a larger J than the expert.",
    because: "J(θ + αg) = J + α|g|² + O(α²), and g ≠ 0 unless the expert is a stationary point.",
    lesson: "Rewards say what demonstrations cannot: that there is something better.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "j_expert", what: "J at the start", value: Value::Number(|| ascent(0.1)[0]) },
        Quantity { key: "j_after_1", what: "J after 1 step", value: Value::Number(|| ascent(0.1)[1]) },
        Quantity { key: "j_after_200", what: "J after 200 steps", value: Value::Number(|| ascent(0.1)[2]) },
    ],
    trials: &[Trial {
        name: "after 1 and after 200 steps",
        role: Role::Confirms,
        setting: "set-mdp-1296, its policy as the expert; α=.1",
        subject: Subject::Exact(|| ascent(0.1)[1..].to_vec()),
        expected: || vec![mdp_1296().objective(); 2],
        judge: Judge::Ratio { bound: Bound::Above(1.01), why: "far above rounding; the step gains several per cent" },
        counterfeits: &[
            Counterfeit {
                story: "behaviour cloning on the expert's own data: no step",
                subject: Subject::Exact(|| ascent(0.0)[1..].to_vec()),
            },
            Counterfeit { story: "descent", subject: Subject::Exact(|| ascent(-0.1)[1..].to_vec()) },
        ],
    }],
};
