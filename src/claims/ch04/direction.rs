//! Where a score points, and what a reward makes of it.

use crate::claims::prelude::*;

/// `F⁺ x` for the Fisher matrix of a softmax, `F = diag(π) − ππᵀ`, and x with sum zero: solved on the differences to the
/// last logit, then centred.
pub(in crate::claims) fn inverse_fisher(pi: &[f64], x: &[f64]) -> Vec<f64> {
    let n = pi.len() - 1;
    let mut fisher = numeric::Matrix::zeros(n, n);
    for i in 0..n {
        for j in 0..n {
            fisher[(i, j)] = if i == j { pi[i] } else { 0.0 } - pi[i] * pi[j];
        }
    }
    let mut solution = fisher.solve(&x[..n]).expect("a softmax has a Fisher matrix of full rank but one");
    solution.push(0.0);
    let mean = solution.iter().sum::<f64>() / pi.len() as f64;
    solution.iter().map(|y| y - mean).collect()
}

const THREE_LOGITS: [f64; 3] = [0.2, -0.3, 0.8];

/// `e_0 − π` of the three-arm softmax.
fn score_of_first() -> Vec<f64> {
    let pi = softmax(&THREE_LOGITS);
    vec![1.0 - pi[0], -pi[1], -pi[2]]
}

/// The derivative of `π(action)` along the logits, by dual numbers.
fn probability_gradient(policy: &SoftmaxPolicy, observation: usize, action: usize) -> Vec<f64> {
    let theta = Dual::<16>::point(policy.parameters());
    probability(policy, &theta, 0, observation, action).tangents[..policy.parameters().len()].to_vec()
}

fn unit(x: &[f64]) -> Vec<f64> {
    scale(1.0 / norm(x), x)
}

pub(in crate::claims) static SCORE_DIRECTION: Claim = Claim {
    id: "ch04-score-direction",
    origin: Origin::Guide,
    quote: "The direction in parameter space that most increases the probability of action a in state s.",
    statement: "∇ log π is parallel to ∇π, so it is steepest in the Euclidean norm of the parameters; in the KL norm the \
                steepest direction is F⁻¹∇ log π.",
    because: "∇ log π = ∇π/π; steepest ascent in a norm xᵀFx is F⁻¹∇ (Amari 1998).",
    lesson: "\"Most\" depends on how steps are measured: with logits as parameters the two directions are 16° apart here.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "angle_deg",
        what: "the angle between the score and F⁺ score, degrees",
        value: Value::Number(|| angle(&score_of_first(), &inverse_fisher(&softmax(&THREE_LOGITS), &score_of_first()))),
    }],
    trials: &[
        Trial {
            name: "the score is parallel to the gradient of the probability",
            role: Role::Confirms,
            setting: "set-mdp-1296, state 0, both actions",
            subject: Subject::Exact(|| {
                let world = mdp_1296();
                let path = |action: u32| Trajectory {
                    states: vec![0],
                    observations: vec![0],
                    actions: vec![action],
                    rewards: vec![0.0],
                    terminated: false,
                };
                let directions = (0..2).flat_map(|a| unit(&world.weighted(&path(a), |_| 1.0)));
                directions.collect()
            }),
            expected: || (0..2).flat_map(|a| unit(&probability_gradient(&mdp_1296().policy, 0, a))).collect(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the logit of the action alone",
                subject: Subject::Exact(|| vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
            }],
        },
        Trial {
            name: "another metric, another direction",
            role: Role::Limits,
            setting: "3-arm softmax of (.2, −.3, .8), arm 0: unit vectors of F⁺ score and of the score",
            subject: Subject::Exact(|| unit(&inverse_fisher(&softmax(&THREE_LOGITS), &score_of_first()))),
            expected: || unit(&score_of_first()),
            judge: Judge::Different { at_least: 0.17, why: "unit vectors ten degrees apart" },
            counterfeits: &[Counterfeit {
                story: "the metric of a uniform policy, in which they agree",
                subject: Subject::Exact(|| unit(&inverse_fisher(&[1.0 / 3.0; 3], &score_of_first()))),
            }],
        },
    ],
};

/// `dπ/dt = (diag(π) − ππᵀ) θ'` for a direction of the logits.
pub(in crate::claims) fn policy_change(pi: &[f64], direction: &[f64]) -> Vec<f64> {
    let mean = dot(pi, direction);
    pi.iter().zip(direction).map(|(p, x)| p * (x - mean)).collect()
}

/// `π_a (r_a − r̄)`: the expected gradient of a softmax bandit.
pub(in crate::claims) fn bandit_gradient(pi: &[f64], rewards: &[f64]) -> Vec<f64> {
    policy_change(pi, rewards)
}

/// What one sample of the worst arm does to its probability, less a baseline.
fn change_by_worst(baseline: f64) -> f64 {
    let world = four_arm(EXAMPLE);
    let path = &world.paths()[0].1;
    policy_change(&[0.25; 4], &v1_less(&world, &Batch::of(1, [path]), baseline))[0]
}

pub(in crate::claims) static INCREASE_GOOD: Claim = Claim {
    id: "ch04-increase-good-decrease-bad",
    origin: Origin::Guide,
    quote: "Multiply by reward -> increase probability of good actions, decrease bad ones.",
    statement: "In expectation, relative to the average reward; a single sample goes by the sign of its weight alone.",
    because: "The expected direction is π_a(r_a − r̄): the mean is subtracted by the score, not by the sample.",
    lesson: "One sample of the worst arm, with its positive reward, raises its probability. A per-sample statement needs \
             a baseline.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "dpi_dt",
        what: "dπ_a/dt under the expected update",
        value: Value::List(|| policy_change(&[0.25; 4], &four_arm(EXAMPLE).batch_mean(1, v1))),
    }],
    trials: &[
        Trial {
            name: "the expected update is π(r − r̄)",
            role: Role::Confirms,
            setting: FOUR_ARM,
            subject: Subject::Exact(|| four_arm(EXAMPLE).batch_mean(1, v1)),
            expected: || bandit_gradient(&[0.25; 4], &EXAMPLE),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "π r, as if scores had no mean to subtract",
                subject: Subject::Exact(|| scale(0.25, &EXAMPLE)),
            }],
        },
        Trial {
            name: "arms above the mean rise, arms below fall",
            role: Role::Confirms,
            setting: FOUR_ARM,
            subject: Subject::Exact(|| {
                policy_change(&[0.25; 4], &four_arm(EXAMPLE).gradient()).iter().map(|x| x.signum()).collect()
            }),
            expected: || vec![-1.0, -1.0, 1.0, 1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the sign of the reward",
                subject: Subject::Exact(|| EXAMPLE.iter().map(|r| r.signum()).collect()),
            }],
        },
        Trial {
            name: "the expected update, drawn",
            role: Role::Confirms,
            setting: FOUR_ARM,
            subject: Subject::Sampled(|| four_arm(EXAMPLE).sample(1, v1)),
            expected: || bandit_gradient(&[0.25; 4], &EXAMPLE),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "gradient descent",
                subject: Subject::Sampled(|| four_arm(EXAMPLE).sample(1, reversed)),
            }],
        },
        Trial {
            name: "a sample of the worst arm raises it",
            role: Role::Limits,
            setting: FOUR_ARM,
            subject: Subject::Exact(|| vec![change_by_worst(0.0)]),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "with the mean reward as baseline",
                subject: Subject::Exact(|| vec![change_by_worst(6.75)]),
            }],
        },
    ],
};
