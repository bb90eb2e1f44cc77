//! The surrogate and its scalings, by the tape, by dual numbers and by closed-form scores.

use crate::claims::losses::{column, loss_gradient};
use crate::claims::prelude::*;

/// The weights `G_t − b` of every step of a batch.
pub(in crate::claims) fn to_go_weights(batch: &Batch, baseline: f64) -> Vec<f64> {
    let of = |i: usize| {
        let path = batch.trajectory(i);
        (0..path.len()).map(|t| to_go(&path, t) - baseline).collect::<Vec<f64>>()
    };
    (0..batch.len()).flat_map(of).collect()
}

fn alone(path: &Trajectory) -> Batch {
    Batch::of(path.len(), [path])
}

/// The tape's derivative of `Σ_i Σ_t log π · w` with frozen weights `G_t − b`.
fn summed(world: &World, batch: &Batch, baseline: f64) -> Vec<f64> {
    loss_gradient(world, batch, |_, log_probs| (log_probs * column(log_probs, to_go_weights(batch, baseline))).sum())
}

/// The same divided by the number of trajectories: the formula's `(1/N) Σ_i Σ_t`.
pub(in crate::claims) fn formula(world: &World, batch: &Batch, baseline: f64) -> Vec<f64> {
    scale(1.0 / batch.len() as f64, &summed(world, batch, baseline))
}

/// The tape's derivative of `.mean()` over all steps of the batch.
pub(in crate::claims) fn averaged(world: &World, batch: &Batch) -> Vec<f64> {
    loss_gradient(world, batch, |_, log_probs| (log_probs * column(log_probs, to_go_weights(batch, 0.0))).mean())
}

/// The naive loop: a tape and a backward pass for each step, `total += g * w`; with the number of passes.
fn naive_loop(world: &World, batch: &Batch) -> (Vec<f64>, usize) {
    let weights = to_go_weights(batch, 0.0);
    let (mut total, mut passes) = (vec![0.0; world.policy.parameters().len()], 0);
    for i in 0..batch.len() {
        let path = batch.trajectory(i);
        for t in 0..path.len() {
            let step = Trajectory {
                states: vec![path.states[t]],
                observations: vec![path.observations[t]],
                actions: vec![path.actions[t]],
                rewards: vec![path.rewards[t]],
                terminated: false,
            };
            let gradient = loss_gradient(world, &alone(&step), |_, log_probs| log_probs.sum());
            total.iter_mut().zip(gradient).for_each(|(total, g)| *total += g * weights[passes]);
            passes += 1;
        }
    }
    (total, passes)
}

/// A batch of set-mdp-16's first trajectories.
fn first(n: usize) -> Batch {
    Batch::of(2, mdp_16().paths()[..n].iter().map(|(_, path)| path))
}

/// Pairs of neighbouring trajectories.
fn pairs() -> impl Iterator<Item = Batch> {
    mdp_16().paths().windows(2).map(|pair| Batch::of(2, pair.iter().map(|(_, path)| path)))
}

pub(in crate::claims) static NAIVE_COUNT: Claim = Claim {
    id: "ch08-naive-count",
    origin: Origin::Guide,
    quote: "N=100 trajectories and T=200 steps: 20,000 backward passes",
    statement: "One backward pass for each trajectory and step: N·T of them.",
    because: "Each log π(a_t|s_t) is a scalar of its own, and a backward pass starts from one scalar.",
    lesson: "The count is right; what one pass over the sum saves is another question (ch08-backward-is-one-sweep).",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "backward_passes",
        what: "N·T for N=100, T=200",
        value: Value::Number(|| 100.0 * 200.0),
    }],
    trials: &[
        Trial {
            name: "the guide's number",
            role: Role::Confirms,
            setting: "N=100, T=200: the steps of a hundred rows of two hundred, counted",
            subject: Subject::Arithmetic(|| vec![(0..100).flat_map(|_| 0..200).count() as f64]),
            expected: || vec![20_000.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one pass a trajectory",
                subject: Subject::Arithmetic(|| vec![100.0]),
            }],
        },
        Trial {
            name: "the loop's passes and its sum: closed-form scores for each step",
            role: Role::Confirms,
            setting: "set-mdp-16, the first six trajectories; a tape a step",
            subject: Subject::Exact(|| {
                let (total, passes) = naive_loop(mdp_16(), &first(6));
                [vec![passes as f64], total].concat()
            }),
            expected: || [vec![12.0], scale(6.0, &v2(mdp_16(), &first(6)))].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a pass a trajectory, with its total return",
                subject: Subject::Exact(|| [vec![6.0], scale(6.0, &v1(mdp_16(), &first(6)))].concat()),
            }],
        },
    ],
};

pub(in crate::claims) static THREE_SCALINGS: Claim = Claim {
    id: "ch08-naive-code-missing-1-over-N",
    origin: Origin::Guide,
    quote: "direct translation of the math to code: total += g*w[i,t]",
    statement: "The formula has 1/N, the loop never divides by N, and `.mean()` divides by N·T: three scalings of one \
                estimate in one chapter.",
    because: "E[loop] = N ∇J, E[formula] = ∇J, E[mean] = ∇J/T.",
    lesson: "The direction is the same while T is fixed, the effective learning rate is not: it grows with N in the \
             loop and falls with T under the mean. Divide by N; a further constant such as T only rescales the \
             learning rate.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "loop_over_formula",
            what: "the loop's result over the formula's, N=2",
            value: Value::Number(|| {
                let (total, batch) = (naive_loop(mdp_16(), &first(2)).0, first(2));
                total[0] / v2(mdp_16(), &batch)[0]
            }),
        },
        Quantity {
            key: "mean_over_formula",
            what: "the result of .mean() over [N,T] over the formula's, N=2, T=2",
            value: Value::Number(|| averaged(mdp_16(), &first(2))[0] / v2(mdp_16(), &first(2))[0]),
        },
    ],
    trials: &[
        Trial {
            name: "batch by batch, in every component",
            role: Role::Contradicts,
            setting: "set-mdp-16, the 15 pairs of neighbouring trajectories: the loop and the mean, against 2 and 1/2 times the \
                      formula by \
                      closed-form scores",
            subject: Subject::Exact(|| {
                pairs()
                    .flat_map(|batch| [naive_loop(mdp_16(), &batch).0, averaged(mdp_16(), &batch)].concat())
                    .collect()
            }),
            expected: || {
                let formula = |batch: Batch| v2(mdp_16(), &batch);
                pairs().map(formula).flat_map(|g| [scale(2.0, &g), scale(0.5, &g)].concat()).collect()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the formula for both",
                subject: Subject::Exact(|| {
                    pairs().flat_map(|batch| formula(mdp_16(), &batch, 0.0).repeat(2)).collect()
                }),
            }],
        },
        Trial {
            name: "the loop's mean is N times the gradient",
            role: Role::Contradicts,
            setting: "set-mdp-16, all 256 pairs of trajectories; ∇J by dynamic programming",
            subject: Subject::Exact(|| mdp_16().batch_mean(2, |world, batch| naive_loop(world, batch).0)),
            expected: || scale(2.0, &mdp_16().gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the formula, with its 1/N",
                subject: Subject::Exact(|| mdp_16().batch_mean(2, |world, batch| formula(world, batch, 0.0))),
            }],
        },
        Trial {
            name: "the mean over [N,T] is the gradient over T",
            role: Role::Contradicts,
            setting: "set-mdp-16, all 256 pairs of trajectories; T=2",
            subject: Subject::Exact(|| mdp_16().batch_mean(2, averaged)),
            expected: || scale(0.5, &mdp_16().gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the loop",
                subject: Subject::Exact(|| mdp_16().batch_mean(2, |world, batch| naive_loop(world, batch).0)),
            }],
        },
        Trial {
            name: "twice the gradient from pairs, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-16, N=2, the tape's sum without 1/N",
            subject: Subject::Sampled(|| mdp_16().sample(2, |world, batch| summed(world, batch, 0.0))),
            expected: || scale(2.0, &mdp_16().gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the formula, with its 1/N",
                subject: Subject::Sampled(|| mdp_16().sample(2, |world, batch| formula(world, batch, 0.0))),
            }],
        },
    ],
};

/// Every trajectory of set-mdp-16, its derivative beside the others'.
fn each(gradient: impl Fn(&Trajectory) -> Vec<f64>) -> Vec<f64> {
    mdp_16().paths().iter().flat_map(|(_, path)| gradient(path)).collect()
}

/// The derivative of `Σ_t log π · w` along dual numbers, given weights that may depend on the parameters.
fn dual_surrogate(path: &Trajectory, weight: impl Fn(&[Dual<16>], usize) -> Dual<16>) -> Vec<f64> {
    let policy = &mdp_16().policy;
    crate::autodiff::gradient(policy.parameters(), |theta| {
        let term = |t: usize| {
            let p = probability(policy, theta, t, path.observations[t] as usize, path.actions[t] as usize);
            p.ln() * weight(theta, t)
        };
        (0..path.len()).fold(Dual::from(0.0), |sum, t| sum + term(t))
    })
}

pub(in crate::claims) static GRADIENT: Claim = Claim {
    id: "ch08-surrogate-gradient",
    origin: Origin::Guide,
    quote: "build a surrogate objective whose autodiff gradient = our policy gradient (J~ = 1/N sum sum log pi * w)",
    statement: "∇J~(θ) is the policy-gradient estimate, sample by sample, so its mean is ∇J.",
    because: "The derivative of log π · w with w frozen is w ∇ log π.",
    lesson: "One scalar, one backward pass, the right estimate: by three routes to the derivative (closed-form scores, dual \
             numbers, a reverse-mode tape).",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_error",
        what: "the largest difference between the tape's derivative and Σ_t w_t g_t, over trajectories and components",
        value: Value::Number(|| {
            let closed = each(|path| mdp_16().weighted(path, |t| to_go(path, t) - 1.3));
            largest(&difference(&each(|path| summed(mdp_16(), &alone(path), 1.3)), &closed))
        }),
    }],
    trials: &[
        Trial {
            name: "the tape and the closed-form scores, trajectory by trajectory",
            role: Role::Confirms,
            setting: "set-mdp-16, all 16 trajectories, w = G_t − 1.3 frozen",
            subject: Subject::Exact(|| each(|path| summed(mdp_16(), &alone(path), 1.3))),
            expected: || each(|path| mdp_16().weighted(path, |t| to_go(path, t) - 1.3)),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean over steps",
                subject: Subject::Exact(|| each(|path| scale(0.5, &summed(mdp_16(), &alone(path), 1.3)))),
            }],
        },
        Trial {
            name: "the tape and dual numbers, trajectory by trajectory",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| each(|path| summed(mdp_16(), &alone(path), 1.3))),
            expected: || each(|path| dual_surrogate(path, |_, t| Dual::from(to_go(path, t) - 1.3))),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the probability in place of its logarithm",
                subject: Subject::Exact(|| {
                    each(|path| {
                        let batch = alone(path);
                        loss_gradient(mdp_16(), &batch, |_, log_probs| {
                            (log_probs.exp() * column(log_probs, to_go_weights(&batch, 1.3))).sum()
                        })
                    })
                }),
            }],
        },
        Trial {
            name: "its mean is the gradient",
            role: Role::Confirms,
            setting: "set-mdp-1296, all trajectories on the tape; ∇J by dynamic programming",
            subject: Subject::Exact(|| mdp_1296().expect(|path| summed(mdp_1296(), &alone(path), 1.3))),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "only the step's own reward",
                subject: Subject::Exact(|| mdp_1296().expect(|path| mdp_1296().weighted(path, |t| path.rewards[t]))),
            }],
        },
        Trial {
            name: "its mean, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16, N=2, on the tape",
            subject: Subject::Sampled(|| mdp_16().sample(2, |world, batch| formula(world, batch, 1.3))),
            expected: || mdp_16().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the mean over [N,T]",
                subject: Subject::Sampled(|| mdp_16().sample(2, averaged)),
            }],
        },
    ],
};

pub(in crate::claims) static MEAN: Claim = Claim {
    id: "ch08-mean-over-NT",
    origin: Origin::Guide,
    quote: "surrogate = (logps * w).mean() [N,T]",
    statement: "The gradient of .mean() is the policy gradient divided by T, not the policy gradient.",
    because: ".mean() divides by N·T, the estimator by N.",
    lesson: "Equal up to 1/T: harmless, as a rescaled learning rate, only while T is fixed. Where lengths vary the direction \
             changes (ch08-mean-variable-length).",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "factor",
        what: "E[gradient of .mean()] over ∇J: the projection on ∇J",
        value: Value::Number(|| {
            let gradient = mdp_1296().gradient();
            dot(&mean_form(), &gradient) / dot(&gradient, &gradient)
        }),
    }],
    trials: &[
        Trial {
            name: "times T it is the gradient, while T is fixed",
            role: Role::Confirms,
            setting: "set-mdp-1296, all trajectories on the tape, T=4",
            subject: Subject::Exact(|| scale(4.0, &mean_form())),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "without the factor", subject: Subject::Exact(mean_form) }],
        },
        Trial {
            name: "the step that a learning rate buys shrinks with the horizon",
            role: Role::Limits,
            setting: "set-mdp-16 at horizons 1, 2, 3: E[gradient of .mean()] projected on ∇J",
            subject: Subject::Exact(|| factors(averaged)),
            expected: || vec![1.0, 1.0 / 2.0, 1.0 / 3.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the sum over steps, divided by N alone",
                subject: Subject::Exact(|| factors(|world, batch| formula(world, batch, 0.0))),
            }],
        },
        Trial {
            name: "a quarter of the gradient, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, one trajectory",
            subject: Subject::Sampled(|| mdp_1296().sample(1, averaged)),
            expected: || scale(0.25, &mdp_1296().gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the sum over steps",
                subject: Subject::Sampled(|| mdp_1296().sample(1, v2)),
            }],
        },
    ],
};

fn mean_form() -> Vec<f64> {
    mdp_1296().expect(|path| averaged(mdp_1296(), &alone(path)))
}

/// `E[ĝ]` projected on `∇J` at horizons 1, 2 and 3.
fn factors(subject: fn(&World, &Batch) -> Vec<f64>) -> Vec<f64> {
    let factor = |steps: usize| {
        let world = World::new(mdp_16().mdp.clone().with_horizon(steps).expect("a horizon"), mdp_16().policy.clone());
        let (mean, gradient) = (world.batch_mean(1, subject), world.gradient());
        dot(&mean, &gradient) / dot(&gradient, &gradient)
    };
    (1..=3).map(factor).collect()
}

/// `w_t = G_t − 1.3 + θ[s, a]`: a weight that depends on the parameters.
fn live_weight(theta: &[Dual<16>], path: &Trajectory, t: usize) -> Dual<16> {
    let place = 2 * path.observations[t] as usize + path.actions[t] as usize;
    Dual::from(to_go(path, t) - 1.3) + theta[place]
}

pub(in crate::claims) static LINEARITY: Claim = Claim {
    id: "ch08-linearity",
    origin: Origin::Guide,
    quote: "grad(sum)=sum(grad); grad log pi * w = grad(log pi * w) for w independent of theta",
    statement: "The gradient of a sum is the sum of the gradients, and w slides inside it where it does not depend on θ.",
    because: "Differentiation is linear.",
    lesson: "Both steps are right, and the condition on w is needed: a weight that depends on θ adds log π ∇w.",
    recorded: Finding::Holds,
    quantities: &[],
    trials: &[
        Trial {
            name: "one sweep over the weighted sum, and a sweep a step weighted afterwards",
            role: Role::Confirms,
            setting: "set-mdp-16, all 16 trajectories, w = G_t, on the tape",
            subject: Subject::Exact(|| each(|path| summed(mdp_16(), &alone(path), 0.0))),
            expected: || each(|path| naive_loop(mdp_16(), &alone(path)).0),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the weights summed apart from the scores",
                subject: Subject::Exact(|| {
                    each(|path| scale(to_go(path, 0) + to_go(path, 1), &mdp_16().sum_of_scores(path)))
                }),
            }],
        },
        Trial {
            name: "a weight that depends on θ slides in once it is frozen at its value",
            role: Role::Confirms,
            setting: "set-mdp-16, w = G_t − 1.3 + θ[s,a], along dual numbers and by closed-form scores",
            subject: Subject::Exact(|| {
                each(|path| dual_surrogate(path, |theta, t| Dual::from(live_weight(theta, path, t).value)))
            }),
            expected: || {
                let value = |path: &Trajectory, t: usize| {
                    let theta: Vec<Dual<16>> = Dual::point(mdp_16().policy.parameters());
                    live_weight(&theta, path, t).value
                };
                each(|path| mdp_16().weighted(path, |t| value(path, t)))
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "not frozen: log π ∇w is added",
                subject: Subject::Exact(|| each(|path| dual_surrogate(path, |theta, t| live_weight(theta, path, t)))),
            }],
        },
    ],
};

pub(in crate::claims) static WEIGHTS: Claim = Claim {
    id: "ch08-weights-bc-pg",
    origin: Origin::Guide,
    quote: "Behavioral cloning = all weights 1. Policy gradient = weights reward-to-go - baseline.",
    statement: "With weights 1 the mean over the policy's own data is 0; with weights G_t − b it is ∇J.",
    because: "E[∇ log π] = 0; the policy-gradient theorem with a constant baseline.",
    lesson: "Cloning one's own data leads nowhere: it is the weights that make the direction.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_deviation",
        what: "the largest component of |E[Σ_t g_t (G_t − 1.7)] − ∇J|",
        value: Value::Number(|| {
            let mean = mdp_1296().expect(|path| mdp_1296().weighted(path, |t| to_go(path, t) - 1.7));
            largest(&difference(&mean, &mdp_1296().gradient()))
        }),
    }],
    trials: &[
        Trial {
            name: "weights 1 on one's own data have mean 0, on the tape",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| {
                mdp_1296().expect(|path| loss_gradient(mdp_1296(), &alone(path), |_, log_probs| log_probs.sum()))
            }),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "another policy's data: cloning moves towards it",
                subject: Subject::Exact(|| {
                    shifted(1.0).expect(|path| loss_gradient(mdp_1296(), &alone(path), |_, log_probs| log_probs.sum()))
                }),
            }],
        },
        Trial {
            name: "weights G_t − 1.7 have the gradient as their mean",
            role: Role::Confirms,
            setting: "set-mdp-1296, closed-form scores; ∇J by dynamic programming",
            subject: Subject::Exact(|| mdp_1296().expect(|path| mdp_1296().weighted(path, |t| to_go(path, t) - 1.7))),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "weights 1",
                subject: Subject::Exact(|| mdp_1296().expect(|path| mdp_1296().sum_of_scores(path))),
            }],
        },
        Trial {
            name: "weights G_t − 1.7, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample(1, |world, batch| v3(world, batch, 1.7))),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "weights 1",
                subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| mdp_1296().sum_of_scores(path))),
            }],
        },
    ],
};
