//! The whole return less a baseline.

use super::critic::{recursion, trace, values};
use crate::claims::losses::{column, loss_gradient};
use crate::claims::prelude::*;

/// V3 with the average reward of the policy as the baseline.
fn less_average(world: &World, batch: &Batch) -> Vec<f64> {
    v3(world, batch, world.objective())
}

/// The mean of V3 with a constant baseline over every trajectory.
fn v3_mean(baseline: f64) -> Vec<f64> {
    mdp_1296().expect(|path| v3(mdp_1296(), &Batch::of(4, [path]), baseline))
}

/// Wrong: the baseline is taken from the own return as well as from the average.
fn less_half_own(world: &World, batch: &Batch) -> Vec<f64> {
    let average = world.objective();
    mean_over(batch, |path| {
        let b = 0.5 * (total(path) + average);
        world.weighted(path, |t| to_go(path, t) - b)
    })
}

pub(in crate::claims) static REINFORCE_UNBIASED: Claim = Claim {
    id: "ch12-pr-reinforce-unbiased",
    origin: Origin::Guide,
    quote: "A=G_t-b: unbiased, high variance (Full Monte Carlo return minus AVERAGE reward)",
    statement: "Unbiased for a b that is independent of the batch; the average of the batch itself shrinks the gradient by 1 − \
                1/N.",
    because: "E[g_t b] = 0 for a b without the own trajectory; the batch's average contains r(τ_i)/N, and E[Σ_t g_t r(τ)] = ∇J.",
    lesson: "With the policy's mean return the estimate is unbiased; with the mean of the batch, which the guide names, \
             multiply by \
             N/(N−1) or leave the own return out. The variance is 2.9 times that of temporal differences with exact values.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "max_abs_deviation",
        what: "the largest component of |E[Σ_t g_t (G_t − J)] − ∇J|",
        value: Value::Number(|| largest(&difference(&v3_mean(mdp_1296().objective()), &mdp_1296().gradient()))),
    }],
    trials: &[
        Trial {
            name: "unbiased with the policy's average return",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = J",
            subject: Subject::Exact(|| v3_mean(mdp_1296().objective())),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "half of b from the own return",
                subject: Subject::Exact(|| mdp_1296().expect(|path| less_half_own(mdp_1296(), &Batch::of(4, [path])))),
            }],
        },
        Trial {
            name: "the same, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = J",
            subject: Subject::Sampled(|| mdp_1296().sample(1, less_average)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "half of b from the own return",
                subject: Subject::Sampled(|| mdp_1296().sample(1, less_half_own)),
            }],
        },
        Trial {
            name: "high variance",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = J, against temporal differences with the exact values",
            subject: Subject::Exact(|| vec![mdp_1296().batch_trace(1, less_average)]),
            expected: || vec![recursion(mdp_1296(), &values(mdp_1296(), 1.0), 0.0).trace()],
            judge: Judge::Ratio { bound: Bound::Above(2.5), why: "well more than twice; it is 2.91 times as much" },
            counterfeits: &[Counterfeit {
                story: "less V_t(s) in place of the average",
                subject: Subject::Exact(|| vec![trace(mdp_1296(), &values(mdp_1296(), 1.0), 1.0)]),
            }],
        },
        Trial {
            name: "shrunk with the average of the batch",
            role: Role::Limits,
            setting: "set-mdp-16, N = 2, 3, all batches, reward-to-go less the batch's mean return: (1−1/N) ∇J",
            subject: Subject::Exact(|| [2, 3].map(|n| mdp_16().batch_mean(n, in_batch_to_go)).concat()),
            expected: || [1.0 / 2.0, 2.0 / 3.0].map(|factor| scale(factor, &mdp_16().gradient())).concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the average of the others",
                subject: Subject::Exact(|| [2, 3].map(|n| mdp_16().batch_mean(n, leave_one_out_to_go)).concat()),
            }],
        },
        Trial {
            name: "half of the gradient from pairs, drawn",
            role: Role::Limits,
            setting: "set-mdp-16, N = 2, the batch's mean return",
            subject: Subject::Sampled(|| mdp_16().sample(2, in_batch_to_go)),
            expected: || scale(0.5, &mdp_16().gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the return of the other",
                subject: Subject::Sampled(|| mdp_16().sample(2, leave_one_out_to_go)),
            }],
        },
    ],
};

/// Vectors of single trajectories, one after the other.
fn of_each_path(of: impl Fn(&Trajectory) -> Vec<f64>) -> Vec<f64> {
    mdp_1296().paths().iter().flat_map(|(_, path)| of(path)).collect()
}

/// The derivative of `Σ_t w_t log π(a_t|s_t)` with weights as data, on a reverse-mode tape.
fn likelihood_gradient(path: &Trajectory, weight: impl Fn(usize) -> f64) -> Vec<f64> {
    loss_gradient(mdp_1296(), &Batch::of(4, [path]), |_, log_probs| {
        (log_probs * column(log_probs, (0..4).map(&weight).collect())).sum()
    })
}

pub(in crate::claims) static MLE_WEIGHTS: Claim = Claim {
    id: "ch12-pr-wi-reward-to-go-baseline",
    origin: Origin::Guide,
    quote: "Policy gradients = MLE with w_i = reward-to-go - baseline",
    statement: "The gradient of the log-likelihood with weights G_t − b, held fixed, is V3(b), and E[V3(b)] = ∇J.",
    because: "∇ Σ_t w_t log π(a_t|s_t) = Σ_t w_t g_t; reward-to-go leaves out what an action cannot change, and E[g_t b] = 0.",
    lesson: "A weighted maximum-likelihood step, with weights that are data: of either sign, and no derivative passes through \
             them.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_deviation",
        what: "the largest component of |E[Σ_t g_t (G_t − 1.7)] − ∇J|",
        value: Value::Number(|| largest(&difference(&v3_mean(1.7), &mdp_1296().gradient()))),
    }],
    trials: &[
        Trial {
            name: "the mean is the gradient",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = 1.7",
            subject: Subject::Exact(|| v3_mean(1.7)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the step's own reward less the baseline",
                subject: Subject::Exact(|| {
                    mdp_1296().expect(|path| mdp_1296().weighted(path, |t| path.rewards[t] - 1.7))
                }),
            }],
        },
        Trial {
            name: "trajectory by trajectory a weighted likelihood",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = 1.7, every trajectory: the estimator against the tape's derivative",
            subject: Subject::Exact(|| of_each_path(|path| v3(mdp_1296(), &Batch::of(4, [path]), 1.7))),
            expected: || of_each_path(|path| likelihood_gradient(path, |t| to_go(path, t) - 1.7)),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "weights 1: cloning",
                    subject: Subject::Exact(|| of_each_path(|path| mdp_1296().sum_of_scores(path))),
                },
                Counterfeit {
                    story: "negative weights cut off at 0",
                    subject: Subject::Exact(|| {
                        of_each_path(|path| mdp_1296().weighted(path, |t| (to_go(path, t) - 1.7).max(0.0)))
                    }),
                },
            ],
        },
        Trial {
            name: "the mean, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = 1.7",
            subject: Subject::Sampled(|| mdp_1296().sample(1, |world, batch| v3(world, batch, 1.7))),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "negative weights cut off at 0",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_paths(|path| mdp_1296().weighted(path, |t| (to_go(path, t) - 1.7).max(0.0)))
                }),
            }],
        },
    ],
};
