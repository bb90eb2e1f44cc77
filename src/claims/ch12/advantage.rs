//! Advantages from rewards and a critic: what they are step by step.

use super::critic::{draws, error, error_term, frozen_gradient, later, recursion, trace, values, visited};
use crate::claims::prelude::*;
use crate::estimator::{generalised_advantage, n_step_advantage};

/// `W_t(s) = sin(3(t−1) + s)`, a critic that knows nothing.
fn sine() -> Vec<f64> {
    (0..12).map(|i| numeric::sin(f64::from(3 * (i / 3) + i % 3))).collect()
}

/// Advantages of every trajectory of set-mdp-1296, one after the other, from its rewards and the sine critic's values.
fn of_each_path(of: impl Fn(&[f64], &[f64]) -> Vec<f64>) -> Vec<f64> {
    let critic = sine();
    let advantages = |path: &Trajectory| of(&path.rewards, &visited(mdp_1296(), &critic, path));
    mdp_1296().paths().iter().flat_map(|(_, path)| advantages(path)).collect()
}

const DISCOUNTS: [f64; 2] = [1.0, 0.9];

/// The subject's advantages undiscounted and at `γ = .9`.
fn generalised(lambda: f64) -> Vec<f64> {
    DISCOUNTS.map(|discount| of_each_path(|r, w| generalised_advantage(r, w, 0.0, discount, lambda))).concat()
}

/// `r_t + … + γ^{k−1} r_{t+k−1} + γ^k W_{t+k} − W_t`, with `W = 0` at the end.
fn after_steps(rewards: &[f64], values: &[f64], discount: f64, t: usize, k: usize) -> f64 {
    let mut sum = -values[t];
    for (l, reward) in rewards[t..].iter().take(k).enumerate() {
        sum += numeric::power(discount, l) * reward;
    }
    sum + values.get(t + k).map_or(0.0, |value| numeric::power(discount, k) * value)
}

/// The return less the critic, undiscounted and at `γ = .9`.
fn returns_less_critic() -> Vec<f64> {
    DISCOUNTS.map(|discount| of_each_path(|r, w| (0..4).map(|t| after_steps(r, w, discount, t, 4)).collect())).concat()
}

/// `r_t + γ W_{t+1}(s_{t+1}) − W_t(s_t)`, undiscounted and at `γ = .9`.
fn one_step() -> Vec<f64> {
    DISCOUNTS
        .map(|discount| {
            of_each_path(|r, w| {
                let next = [w[1], w[2], w[3], 0.0];
                (0..4).map(|t| r[t] + discount * next[t] - w[t]).collect()
            })
        })
        .concat()
}

/// The largest difference of two lists without a discount: their first half.
fn undiscounted_difference(x: &[f64], y: &[f64]) -> f64 {
    largest(&difference(&x[..x.len() / 2], &y[..y.len() / 2]))
}

/// The advantages at `λ = 1` of the first two steps of every trajectory, where the clock cuts; `after` is the critic's
/// value of the state there.
fn fragment(path: &Trajectory, critic: &[f64], bootstrapped: bool) -> Vec<f64> {
    let values = visited(mdp_1296(), critic, path);
    let after = if bootstrapped { values[2] } else { 0.0 };
    generalised_advantage(&path.rewards[..2], &values[..2], after, 1.0, 1.0)
}

/// What two steps say of the gradient.
fn fragment_estimate(path: &Trajectory, critic: &[f64], bootstrapped: bool) -> Vec<f64> {
    let advantages = fragment(path, critic, bootstrapped);
    mdp_1296().weighted(path, |t| advantages.get(t).copied().unwrap_or(0.0))
}

/// The first two steps' part of `∇J`, and what the critic's error at the cut adds: by occupancies and action values.
fn fragment_mean(critic: &[f64]) -> Vec<f64> {
    let (world, error) = (mdp_1296(), error(mdp_1296(), critic));
    let oracle = world.oracle();
    frozen_gradient(world, |t, s, a| {
        if t < 2 { oracle.action_value(t, s, a) + later(world, &error[6..9], 2 - t, (t, s, a)) } else { 0.0 }
    })
}

pub(in crate::claims) static LAMBDA_ONE: Claim = Claim {
    id: "ch12-pr-lambda1-reinforce",
    origin: Origin::Guide,
    quote: "lambda=1 = REINFORCE",
    statement: "GAE(1) = Σ_l γ^l δ_{t+l} = G_t − W(s_t), trajectory by trajectory, where W is 0 at the end and episodes are \
                complete: \
                REINFORCE with the critic as a baseline.",
    because: "The critic's values between telescope (Schulman et al. 2016, eq. 18).",
    lesson: "Exact at episode ends, and not REINFORCE without a baseline. A fragment cut by the clock gives its own return plus \
             W at \
             the cut less W at the start: bootstrapped, with the bias of the critic there. To count the cut as an end is \
             another bug.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "max_abs_difference",
        what: "the largest |A^GAE(1) − (G_t − W_t(s_t))| over trajectories and steps",
        value: Value::Number(|| undiscounted_difference(&generalised(1.0), &returns_less_critic())),
    }],
    trials: &[
        Trial {
            name: "return less critic in every complete episode",
            role: Role::Confirms,
            setting: "set-mdp-1296, W_t(s) = sin(3(t−1)+s), every trajectory and step, γ=1 and .9",
            subject: Subject::Exact(|| generalised(1.0)),
            expected: returns_less_critic,
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit { story: "λ=.95", subject: Subject::Exact(|| generalised(0.95)) },
                Counterfeit {
                    story: "the last value as the value after the end",
                    subject: Subject::Exact(|| {
                        DISCOUNTS.map(|d| of_each_path(|r, w| generalised_advantage(r, w, w[3], d, 1.0))).concat()
                    }),
                },
            ],
        },
        Trial {
            name: "not the return alone",
            role: Role::Limits,
            setting: "set-mdp-1296, the sine critic: trVar of GAE(1) against reward-to-go without a baseline",
            subject: Subject::Exact(|| vec![trace(mdp_1296(), &sine(), 1.0)]),
            expected: || vec![mdp_1296().recursion_trace(&Form::to_go(Baseline::None))],
            judge: Judge::Different { at_least: 0.2, why: "half of the difference" },
            counterfeits: &[Counterfeit {
                story: "a critic that is 0 everywhere",
                subject: Subject::Exact(|| vec![trace(mdp_1296(), &[0.0; 12], 1.0)]),
            }],
        },
        Trial {
            name: "but the return with the critic as a baseline, in variance too",
            role: Role::Limits,
            setting: "set-mdp-1296, the sine critic: GAE(1) over trajectories, reward-to-go less a table by its recursion",
            subject: Subject::Exact(|| vec![trace(mdp_1296(), &sine(), 1.0)]),
            expected: || vec![mdp_1296().recursion_trace(&Form::to_go(Baseline::TimeAndState(sine())))],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "reward-to-go without a baseline",
                subject: Subject::Exact(|| vec![mdp_1296().batch_trace(1, v2)]),
            }],
        },
        Trial {
            name: "a fragment cut by the clock is bootstrapped",
            role: Role::Limits,
            setting: "the same, cut after two of four steps: the fragment's return plus W at the cut less W",
            subject: Subject::Exact(|| {
                mdp_1296().paths().iter().flat_map(|(_, path)| fragment(path, &sine(), true)).collect()
            }),
            expected: || of_each_path(|r, w| vec![r[0] + r[1] + w[2] - w[0], r[1] + w[2] - w[1]]),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "the cut counted as an end",
                    subject: Subject::Exact(|| {
                        mdp_1296().paths().iter().flat_map(|(_, path)| fragment(path, &sine(), false)).collect()
                    }),
                },
                Counterfeit {
                    story: "the whole return, as REINFORCE has it",
                    subject: Subject::Exact(|| {
                        of_each_path(|r, w| (0..2).map(|t| after_steps(r, w, 1.0, t, 4)).collect())
                    }),
                },
            ],
        },
        Trial {
            name: "unbiased on fragments with the exact critic, biased by the error at the cut with another",
            role: Role::Limits,
            setting: "the same: the mean over trajectories against occupancies and action values; critics V and sine",
            subject: Subject::Exact(|| fragment_means(true)),
            expected: || [fragment_mean(&values(mdp_1296(), 1.0)), fragment_mean(&sine())].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the cut counted as an end",
                subject: Subject::Exact(|| fragment_means(false)),
            }],
        },
        Trial {
            name: "complete episodes with the sine critic, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, λ=1: unbiased whatever the critic",
            subject: Subject::Sampled(|| draws(mdp_1296(), &sine(), 1.0)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "λ=0",
                subject: Subject::Sampled(|| draws(mdp_1296(), &sine(), 0.0)),
            }],
        },
        Trial {
            name: "fragments with the exact critic, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, cut after two steps: the first two steps' part of ∇J",
            subject: Subject::Sampled(|| {
                let critic = values(mdp_1296(), 1.0);
                mdp_1296().sample_paths(|path| fragment_estimate(path, &critic, true))
            }),
            expected: || fragment_mean(&values(mdp_1296(), 1.0)),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the cut counted as an end",
                subject: Subject::Sampled(|| {
                    let critic = values(mdp_1296(), 1.0);
                    mdp_1296().sample_paths(|path| fragment_estimate(path, &critic, false))
                }),
            }],
        },
    ],
};

/// Means of what fragments say, with the exact critic and with the sine critic.
fn fragment_means(bootstrapped: bool) -> Vec<f64> {
    let mean = |critic: &[f64]| mdp_1296().expect(|path| fragment_estimate(path, critic, bootstrapped));
    [mean(&values(mdp_1296(), 1.0)), mean(&sine())].concat()
}

/// `∇J` and the bias of temporal differences of the sine critic, by occupancies.
fn mean_of_one_step() -> Vec<f64> {
    let bias = error_term(mdp_1296(), &error(mdp_1296(), &sine()), 1);
    mdp_1296().gradient().iter().zip(bias).map(|(g, b)| g + b).collect()
}

pub(in crate::claims) static LAMBDA_ZERO: Claim = Claim {
    id: "ch12-pr-lambda0-td",
    origin: Origin::Guide,
    quote: "lambda=0 = one-step TD",
    statement: "A^GAE(0) = δ_t, trajectory by trajectory.",
    because: "Of Σ_l (γλ)^l δ_{t+l} only l = 0 is left.",
    lesson: "One reward, then the critic: with the critic's whole bias.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_difference",
        what: "the largest |A^GAE(0) − δ_t| over trajectories and steps",
        value: Value::Number(|| undiscounted_difference(&generalised(0.0), &one_step())),
    }],
    trials: &[
        Trial {
            name: "the temporal difference at every step",
            role: Role::Confirms,
            setting: "set-mdp-1296, the sine critic, every trajectory and step, γ=1 and .9",
            subject: Subject::Exact(|| generalised(0.0)),
            expected: one_step,
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit { story: "λ=.05", subject: Subject::Exact(|| generalised(0.05)) },
                Counterfeit {
                    story: "the last value as the value after the end",
                    subject: Subject::Exact(|| {
                        DISCOUNTS.map(|d| of_each_path(|r, w| generalised_advantage(r, w, w[3], d, 0.0))).concat()
                    }),
                },
            ],
        },
        Trial {
            name: "mean and variance of the estimator",
            role: Role::Confirms,
            setting: "set-mdp-1296, the sine critic: Σ_t g_t δ_t over trajectories, against the recursion at λ=0",
            subject: Subject::Exact(|| {
                let (world, critic) = (mdp_1296(), sine());
                moments_of_weights(&|path: &Trajectory| {
                    let w = visited(world, &critic, path);
                    (0..4).map(|t| after_steps(&path.rewards, &w, 1.0, t, 1)).collect()
                })
            }),
            expected: || {
                let moments = recursion(mdp_1296(), &sine(), 0.0);
                [moments.mean.clone(), vec![moments.trace()]].concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "two rewards before bootstrapping",
                subject: Subject::Exact(|| {
                    let (world, critic) = (mdp_1296(), sine());
                    moments_of_weights(&|path: &Trajectory| {
                        let w = visited(world, &critic, path);
                        (0..4).map(|t| after_steps(&path.rewards, &w, 1.0, t, 2)).collect()
                    })
                }),
            }],
        },
        Trial {
            name: "its mean, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, the sine critic, λ=0, against ∇J and the critic's bias by occupancies",
            subject: Subject::Sampled(|| draws(mdp_1296(), &sine(), 0.0)),
            expected: mean_of_one_step,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "λ=1",
                subject: Subject::Sampled(|| draws(mdp_1296(), &sine(), 1.0)),
            }],
        },
    ],
};

/// Mean and total variance of `Σ_t g_t A_t`, over every trajectory.
fn moments_of_weights(advantages: &dyn Fn(&Trajectory) -> Vec<f64>) -> Vec<f64> {
    let estimate = |path: &Trajectory| {
        let advantages = advantages(path);
        mdp_1296().weighted(path, |t| advantages[t])
    };
    [mdp_1296().expect(estimate), vec![mdp_1296().trace(estimate)]].concat()
}

/// `(1−λ) Σ_{k<K} λ^{k−1} A^(k) + λ^{K−1} A^(K)` with `K` steps left, undiscounted and at `γ = .9`; or with the weight
/// `(1−λ) λ^{K−1}` on the last.
fn blended(lambda: f64, rest: bool) -> Vec<f64> {
    DISCOUNTS
        .map(|discount| {
            of_each_path(|r, w| {
                let weight = |k: usize, left: usize| {
                    let share = if rest && k == left { 1.0 } else { 1.0 - lambda };
                    share * numeric::power(lambda, k - 1)
                };
                let at = |t: usize| (1..=4 - t).map(|k| weight(k, 4 - t) * after_steps(r, w, discount, t, k)).sum();
                (0..4).map(at).collect()
            })
        })
        .concat()
}

/// The estimate from `n` real rewards.
fn n_step(critic: &[f64], n: usize, path: &Trajectory) -> Vec<f64> {
    let advantages = n_step_advantage(&path.rewards, &visited(mdp_1296(), critic, path), 0.0, 1.0, n);
    mdp_1296().weighted(path, |t| advantages[t])
}

/// Its mean over every trajectory.
fn n_step_mean(critic: &[f64], n: usize) -> Vec<f64> {
    mdp_1296().expect(|path| n_step(critic, n, path))
}

/// `(1−λ) (m_1 + λ m_2 + λ² m_3) + λ³ m_4` of the means from `n` real rewards with the sine critic.
fn blend_of_means(lambda: f64) -> Vec<f64> {
    let rest = 1.0 - lambda;
    let weights = [rest, rest * lambda, rest * lambda * lambda, numeric::power(lambda, 3)];
    let means: Vec<Vec<f64>> = (1..=4).map(|n| n_step_mean(&sine(), n)).collect();
    (0..6).map(|k| weights.iter().zip(&means).map(|(weight, mean)| weight * mean[k]).sum()).collect()
}

pub(in crate::claims) static BLEND: Claim = Claim {
    id: "ch12-pr-gae-blend",
    origin: Origin::Guide,
    quote: "GAE: exponentially-weighted blend of k-step advantages",
    statement: "A_t = (1−λ) Σ_{k<K} λ^{k−1} A^(k) + λ^{K−1} A^(K) with K = T−t+1 steps left: the last one carries the rest of \
                the weight.",
    because: "A^(k) = Σ_{l<k} γ^l δ_{t+l}; the weights of the A^(k) that contain δ_{t+l} sum to λ^l (Schulman et al. 2016, eq. \
              16).",
    lesson: "In a finite horizon the weights (1−λ) λ^{k−1} alone sum to less than 1: give the rest to the whole return.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_difference",
        what: "the largest difference of both sides over trajectories and steps, λ=.7",
        value: Value::Number(|| undiscounted_difference(&generalised(0.7), &blended(0.7, true))),
    }],
    trials: &[
        Trial {
            name: "the identity at every step",
            role: Role::Confirms,
            setting: "set-mdp-1296, the sine critic, every trajectory and step, γ=1 and .9, λ=.7 and .95",
            subject: Subject::Exact(|| [generalised(0.7), generalised(0.95)].concat()),
            expected: || [blended(0.7, true), blended(0.95, true)].concat(),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "the weights of an infinite horizon, cut off",
                    subject: Subject::Exact(|| [blended(0.7, false), blended(0.95, false)].concat()),
                },
                Counterfeit {
                    story: "λ=.8 and .9",
                    subject: Subject::Exact(|| [generalised(0.8), generalised(0.9)].concat()),
                },
            ],
        },
        Trial {
            name: "the mean is the blend of the means from one to four rewards",
            role: Role::Confirms,
            setting: "set-mdp-1296, the sine critic, λ=.7: the recursion against estimators of n steps over trajectories",
            subject: Subject::Exact(|| recursion(mdp_1296(), &sine(), 0.7).mean),
            expected: || blend_of_means(0.7),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean from two rewards",
                subject: Subject::Exact(|| n_step_mean(&sine(), 2)),
            }],
        },
        Trial {
            name: "the blended mean, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, the sine critic, λ=.5",
            subject: Subject::Sampled(|| draws(mdp_1296(), &sine(), 0.5)),
            expected: || blend_of_means(0.5),
            judge: TWO_PERCENT,
            counterfeits: &[
                Counterfeit { story: "λ=1", subject: Subject::Sampled(|| draws(mdp_1296(), &sine(), 1.0)) },
                Counterfeit { story: "λ=0", subject: Subject::Sampled(|| draws(mdp_1296(), &sine(), 0.0)) },
            ],
        },
    ],
};

/// The bias from `k` real rewards by occupancies and transitions.
fn step_bias(critic: &[f64], k: usize) -> Vec<f64> {
    error_term(mdp_1296(), &error(mdp_1296(), critic), k)
}

/// The norms of the biases without a critic from 1 to 4 real rewards.
fn bias_norms() -> Vec<f64> {
    (1..=4).map(|k| distance(&n_step_mean(&[0.0; 12], k), &mdp_1296().gradient())).collect()
}

pub(in crate::claims) static STEPS_AXIS: Claim = Claim {
    id: "ch12-pr-steps-axis",
    origin: Origin::Guide,
    quote: "single axis: how many steps of real reward before bootstrapping",
    statement: "With k real rewards the bias is E[Σ_t g_t e_{t+k}(s_{t+k})], the critic's error where it is asked.",
    because: "The values between telescope; what is left of the critic is W at s_{t+k}, and W at s_t, which meets a score of \
              mean zero.",
    lesson: "Without a critic the bias falls from .25 with one reward to .05, .006 and nothing with two, three and all four.",
    recorded: Finding::Holds,
    quantities: &[Quantity { key: "bias_norm", what: "‖bias‖ for k=1,2,3,4", value: Value::List(bias_norms) }],
    trials: &[
        Trial {
            name: "the bias is that of the error k steps ahead",
            role: Role::Confirms,
            setting: "set-mdp-1296, k=1..4, no critic and the sine critic: trajectories against occupancies and transitions",
            subject: Subject::Exact(|| {
                let bias = |critic: &[f64], k| difference(&n_step_mean(critic, k), &mdp_1296().gradient());
                (1..=4).flat_map(|k| [bias(&[0.0; 12], k), bias(&sine(), k)].concat()).collect()
            }),
            expected: || (1..=4).flat_map(|k| [step_bias(&[0.0; 12], k), step_bias(&sine(), k)].concat()).collect(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the error one step too early",
                subject: Subject::Exact(|| {
                    let early = |critic: &[f64], k: usize| if k == 1 { vec![0.0; 6] } else { step_bias(critic, k - 1) };
                    (1..=4).flat_map(|k| [early(&[0.0; 12], k), early(&sine(), k)].concat()).collect()
                }),
            }],
        },
        Trial {
            name: "without a critic it falls with every real reward",
            role: Role::Confirms,
            setting: "set-mdp-1296: ‖bias‖ for k=2,3,4 against k=1,2,3",
            subject: Subject::Exact(|| bias_norms()[1..].to_vec()),
            expected: || (1..=3).map(|k| norm(&step_bias(&[0.0; 12], k))).collect(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "one real reward, three times over",
                subject: Subject::Exact(|| vec![bias_norms()[0]; 3]),
            }],
        },
        Trial {
            name: "all four real rewards and the return are one",
            role: Role::Confirms,
            setting: "set-mdp-1296, the sine critic: the mean with k=4 against ∇J",
            subject: Subject::Exact(|| n_step_mean(&sine(), 4)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "k=3", subject: Subject::Exact(|| n_step_mean(&sine(), 3)) }],
        },
        Trial {
            name: "the ends of the axis are λ=0 and λ=1",
            role: Role::Confirms,
            setting: "set-mdp-1296, the sine critic: one real reward, and four, against the blend's means",
            subject: Subject::Exact(|| [n_step_mean(&sine(), 1), n_step_mean(&sine(), 4)].concat()),
            expected: || [0.0, 1.0].map(mean_by_recursion).concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "two real rewards, and four",
                subject: Subject::Exact(|| [n_step_mean(&sine(), 2), n_step_mean(&sine(), 4)].concat()),
            }],
        },
        Trial {
            name: "one real reward, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, no critic: Σ_t g_t r_t against ∇J and the error's part by occupancies",
            subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| n_step(&[0.0; 12], 1, path))),
            expected: || mdp_1296().gradient().iter().zip(step_bias(&[0.0; 12], 1)).map(|(g, b)| g + b).collect(),
            judge: TWO_PERCENT,
            counterfeits: &[
                Counterfeit {
                    story: "two real rewards",
                    subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| n_step(&[0.0; 12], 2, path))),
                },
                Counterfeit {
                    story: "all four",
                    subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| n_step(&[0.0; 12], 4, path))),
                },
            ],
        },
    ],
};

/// The mean with the sine critic by the recursion.
fn mean_by_recursion(lambda: f64) -> Vec<f64> {
    recursion(mdp_1296(), &sine(), lambda).mean
}
