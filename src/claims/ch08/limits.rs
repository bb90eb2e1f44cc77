//! Where the surrogate speaks of `J`, and where it does not.

use super::surrogate::formula;
use crate::autodiff::{Tape, Traced};
use crate::claims::ch02::objective::{linear_gaussian_episode, linear_gaussian_mean, linear_gaussian_objective};
use crate::claims::ch05::stale::{stale_expectation, stale_recursion};
use crate::claims::losses::{column, loss_gradient};
use crate::claims::prelude::*;
use crate::estimator::ClippedSurrogate;

/// `J~(θ) = E_θ[Σ_t log π (G_t − b)]` with fresh data, by enumeration.
fn surrogate_value(world: &World, baseline: f64) -> f64 {
    world.mean(|path| {
        let log = |t: usize| world.policy.log_prob(t, path.observations[t] as usize, path.actions[t] as usize);
        (0..path.len()).map(|t| log(t) * (to_go(path, t) - baseline)).sum()
    })
}

/// The same by occupancy and action values.
fn surrogate_recursion(world: &World, baseline: f64) -> f64 {
    let oracle = world.oracle();
    let term = |(i, d): (usize, &f64)| {
        let (t, s) = (i / 3, i % 3);
        let of = |a: usize| {
            let p = probability(&world.policy, world.policy.parameters(), t, s, a);
            p * numeric::ln(p) * (oracle.action_value(t, s, a) - baseline)
        };
        d * (of(0) + of(1))
    };
    oracle.occupancy().iter().enumerate().map(term).sum()
}

/// set-mdp-1296 after a step of .3 ∇J.
fn after() -> World {
    mdp_1296().stepped(0.3, &mdp_1296().gradient())
}

fn before_and_after(of: impl Fn(&World) -> f64) -> Vec<f64> {
    vec![of(mdp_1296()), of(&after())]
}

pub(in crate::claims) static VALUE_MEANINGLESS: Claim = Claim {
    id: "ch08-surrogate-value-meaningless",
    origin: Origin::Guide,
    quote: "you build a different scalar J~ whose value is meaningless",
    statement: "The value of J~ is not J and not monotone in J: it can fall while J rises, and a constant baseline, which leaves \
                the gradient's mean alone, turns the fall into a rise.",
    because: "E[Σ log π (G − b)] mixes returns with entropies: b adds b times the policy's entropy along the trajectory.",
    lesson: "Do not watch the policy loss to see whether training works. Watch J.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "j_before_after",
            what: "J before and after θ + .3 ∇J",
            value: Value::List(|| before_and_after(World::objective)),
        },
        Quantity {
            key: "surrogate_b0",
            what: "J~ with b=0, before and after",
            value: Value::List(|| before_and_after(|world| surrogate_value(world, 0.0))),
        },
        Quantity {
            key: "surrogate_b_minus_5",
            what: "J~ with b=−5, before and after",
            value: Value::List(|| before_and_after(|world| surrogate_value(world, -5.0))),
        },
    ],
    trials: &[
        Trial {
            name: "J rises and J~ falls",
            role: Role::Confirms,
            setting: "set-mdp-1296, a step of .3 ∇J: the change of J, and minus the change of J~ with b=0, are positive",
            subject: Subject::Exact(|| {
                let (j, surrogate) =
                    (before_and_after(World::objective), before_and_after(|world| surrogate_value(world, 0.0)));
                vec![j[1] - j[0], surrogate[0] - surrogate[1]]
            }),
            expected: || vec![0.0; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "with b=−5 the surrogate rises too",
                subject: Subject::Exact(|| {
                    let surrogate = before_and_after(|world| surrogate_value(world, -5.0));
                    let j = before_and_after(World::objective);
                    vec![j[1] - j[0], surrogate[0] - surrogate[1]]
                }),
            }],
        },
        Trial {
            name: "J~ by enumeration, and by occupancy and action values",
            role: Role::Confirms,
            setting: "set-mdp-1296 before and after the step, b=0 and b=−5",
            subject: Subject::Exact(|| {
                [0.0, -5.0].iter().flat_map(|b| before_and_after(|world| surrogate_value(world, *b))).collect()
            }),
            expected: || {
                [0.0, -5.0].iter().flat_map(|b| before_and_after(|world| surrogate_recursion(world, *b))).collect()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "J itself",
                subject: Subject::Exact(|| before_and_after(World::objective).repeat(2)),
            }],
        },
        Trial {
            name: "its value before the step, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, b=0, one trajectory",
            subject: Subject::Sampled(|| surrogate_draws(0.0)),
            expected: || vec![surrogate_recursion(mdp_1296(), 0.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "b=−5", subject: Subject::Sampled(|| surrogate_draws(-5.0)) }],
        },
    ],
};

fn surrogate_draws(baseline: f64) -> Sample {
    mdp_1296().sample_paths(move |path| {
        let policy = &mdp_1296().policy;
        let log = |t: usize| policy.log_prob(t, path.observations[t] as usize, path.actions[t] as usize);
        vec![(0..path.len()).map(|t| log(t) * (to_go(path, t) - baseline)).sum()]
    })
}

/// The derivative at `x` of the surrogate with data of θ, on the tape.
fn surrogate_at(x: &World) -> Vec<f64> {
    mdp_1296().expect(|path| formula(x, &Batch::of(path.len(), [path]), 0.0))
}

pub(in crate::claims) static ONLY_AT_THETA: Claim = Claim {
    id: "ch08-surrogate-valid-only-at-current-theta",
    origin: Origin::Guide,
    quote: "whose gradient happens to equal grad J",
    statement: "Only at the parameters that sampled the data: after a step the same surrogate has the stale gradient of chapter 5.",
    because: "The data keep the weights p_θ(τ), while ∇J(x) averages under p_x.",
    lesson: "One backward pass a batch; for a second step sample again, or weight by importance ratios (chapter 9).",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "angle_shifted_deg",
        what: "the angle between its gradient and ∇J at θ+δ, in degrees",
        value: Value::Number(|| angle(&stale_expectation(&shifted(1.0)), &shifted(1.0).gradient())),
    }],
    trials: &[
        Trial {
            name: "at the sampling parameters it is the gradient",
            role: Role::Confirms,
            setting: "set-mdp-1296, all trajectories on the tape; ∇J by dynamic programming",
            subject: Subject::Exact(|| surrogate_at(mdp_1296())),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "data of θ, derivative at θ+δ",
                subject: Subject::Exact(|| surrogate_at(&shifted(1.0))),
            }],
        },
        Trial {
            name: "after a step it is the stale direction of chapter 5",
            role: Role::Limits,
            setting: "set-mdp-shifted, the tape at θ+δ; occupancy and values of θ with scores of θ+δ",
            subject: Subject::Exact(|| surrogate_at(&shifted(1.0))),
            expected: || stale_recursion(&shifted(1.0), Oracle::action_value),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the gradient there",
                subject: Subject::Exact(|| shifted(1.0).gradient()),
            }],
        },
        Trial {
            name: "which is turned from the gradient there by more than thirty degrees",
            role: Role::Limits,
            setting: "set-mdp-shifted, the angle in degrees",
            subject: Subject::Exact(|| vec![angle(&surrogate_at(&shifted(1.0)), &shifted(1.0).gradient())]),
            expected: || vec![30.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a tenth of the step",
                subject: Subject::Exact(|| vec![angle(&surrogate_at(&shifted(0.1)), &shifted(0.1).gradient())]),
            }],
        },
    ],
};

/// `d r(τ)/dk` with the noise held fixed, by differentiating the rollout.
fn pathwise(z1: f64, w: f64, z2: f64) -> f64 {
    crate::autodiff::gradient(&[-0.7], |x| {
        let (k, number) = (x[0], Dual::<16>::from);
        let reward = |x: Dual<16>, a: Dual<16>| number(0.0) - (x * x + number(0.1) * a * a);
        let first = k + number(0.4 * z1);
        let second_state = number(0.9) + number(0.5) * first + number(0.3 * w);
        let second = k * second_state + number(0.4 * z2);
        reward(number(1.0), first) + reward(second_state, second)
    })[0]
}

fn score_form(z1: f64, w: f64, z2: f64) -> f64 {
    let (scores, rewards) = linear_gaussian_episode(z1, w, z2);
    scores[0] * (rewards[0] + rewards[1]) + scores[1] * rewards[1]
}

fn variance(f: fn(f64, f64, f64) -> f64) -> f64 {
    let mean = linear_gaussian_mean(f);
    linear_gaussian_mean(|z1, w, z2| (f(z1, w, z2) - mean) * (f(z1, w, z2) - mean))
}

fn draws(f: fn(f64, f64, f64) -> f64) -> Sample {
    let (mean, variance) = (linear_gaussian_mean(f), variance(f));
    Box::new(Draws::new(vec![mean], vec![variance], move |stream, out| {
        out[0] = f(stream.normal(), stream.normal(), stream.normal());
    }))
}

/// `dJ/dk` of the closed-form objective, along a dual number.
fn gain_derivative() -> Vec<f64> {
    crate::autodiff::gradient(&[-0.7], |k| linear_gaussian_objective(k[0]))
}

/// Difference quotients of the return of set-two-arm's sampled action with the random number held fixed, averaged over a
/// grid of random numbers: the action is a comparison, and none of the numbers lies within the difference of its edge.
fn discrete_pathwise() -> f64 {
    let (nodes, h) = (1000, 1e-6);
    let reward = |theta: f64, u: f64| if u < sigmoid(theta) { 3.0 } else { 1.0 };
    let quotient = |u: f64| (reward(0.4 + h, u) - reward(0.4 - h, u)) / (2.0 * h);
    (0..nodes).map(|i| quotient((f64::from(i) + 0.5) / f64::from(nodes))).sum::<f64>() / f64::from(nodes)
}

pub(in crate::claims) static NOT_DIFFERENTIABLE: Claim = Claim {
    id: "ch08-J-not-differentiable",
    origin: Origin::Guide,
    quote: "You can't build J as a scalar that autodiff can differentiate - sampling trajectories isn't differentiable",
    statement: "True for unknown or discrete dynamics; false in general: the exact J of a table, and reparameterised Gaussian \
                rollouts \
                in known differentiable dynamics, are differentiable.",
    because: "A sampled discrete action is a step function of θ, whose derivative is zero almost everywhere; a + σz is smooth in \
              θ for a fixed z (the pathwise gradient: Mohamed et al. 2020, §5).",
    lesson: "Where the dynamics are known and smooth, differentiate the rollout: the mean is right and the variance far smaller \
             than the score form's.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "pathwise_mean",
            what: "the mean of d r(τ)/dk, set-linear-gaussian",
            value: Value::Number(|| linear_gaussian_mean(pathwise)),
        },
        Quantity { key: "pathwise_variance", what: "its variance", value: Value::Number(|| variance(pathwise)) },
    ],
    trials: &[
        Trial {
            name: "through a sampled discrete action nothing flows",
            role: Role::Confirms,
            setting: "set-two-arm, rewards 3 and 1, θ=.4: difference quotients of the return with the uniform number held \
                      fixed, averaged \
                      over 1,000 of them; ∇J is .48",
            subject: Subject::Exact(|| vec![discrete_pathwise()]),
            expected: || vec![0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean action in place of the sampled one: p·3 + (1−p)·1",
                subject: Subject::Exact(|| {
                    numeric::central_gradient(&[0.4], 1e-3, |x| {
                        let p = sigmoid(x[0]);
                        p * 3.0 + (1.0 - p)
                    })
                }),
            }],
        },
        Trial {
            name: "the exact J of a table is differentiable: a sweep through dynamic programming",
            role: Role::Limits,
            setting: "set-mdp-1296, the backward recursion of values on the tape; E[V2] by enumeration of scores",
            subject: Subject::Exact(|| {
                let tape = Tape::new();
                let theta = Traced::point(&tape, mdp_1296().policy.parameters());
                mdp_1296().objective_at(&theta).gradient(&theta)
            }),
            expected: || mdp_1296().batch_mean(1, v2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the other sign",
                subject: Subject::Exact(|| mdp_1296().batch_mean(1, reversed)),
            }],
        },
        Trial {
            name: "the pathwise gradient has the right mean",
            role: Role::Limits,
            setting: "set-linear-gaussian: d r/dk with z1, w, z2 fixed, by quadrature; dJ/dk of the closed form",
            subject: Subject::Exact(|| vec![linear_gaussian_mean(pathwise)]),
            expected: gain_derivative,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the second state taken as data",
                subject: Subject::Exact(|| vec![linear_gaussian_mean(state_as_data)]),
            }],
        },
        Trial {
            name: "and a fiftieth of the score form's variance, or less",
            role: Role::Limits,
            setting: "set-linear-gaussian, by quadrature",
            subject: Subject::Exact(|| vec![variance(pathwise)]),
            expected: || vec![variance(score_form)],
            judge: Judge::Ratio { bound: Bound::Below(0.02), why: "\"far less\", put as a number" },
            counterfeits: &[Counterfeit {
                story: "the score form with the total return on both scores",
                subject: Subject::Exact(|| {
                    vec![variance(|z1, w, z2| {
                        let (scores, rewards) = linear_gaussian_episode(z1, w, z2);
                        (scores[0] + scores[1]) * (rewards[0] + rewards[1])
                    })]
                }),
            }],
        },
        Trial {
            name: "the pathwise gradient, drawn",
            role: Role::Limits,
            setting: "set-linear-gaussian",
            subject: Subject::Sampled(|| draws(pathwise)),
            expected: gain_derivative,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the second state taken as data",
                subject: Subject::Sampled(|| draws(state_as_data)),
            }],
        },
    ],
};

/// Wrong: nothing flows through the state that the first action leads to.
fn state_as_data(z1: f64, w: f64, z2: f64) -> f64 {
    let k = -0.7;
    let first = k + 0.4 * z1;
    let second_state = 0.9 + 0.5 * first + 0.3 * w;
    let second = k * second_state + 0.4 * z2;
    -0.2 * first - 0.2 * second * second_state
}

/// `J` after a minimiser's step of .1 on `sign` times the surrogate.
fn after_minimiser(sign: f64) -> f64 {
    let loss = |path: &Trajectory| {
        let batch = Batch::of(path.len(), [path]);
        let weights = super::surrogate::to_go_weights(&batch, 0.0);
        loss_gradient(mdp_1296(), &batch, |_, log_probs| {
            (log_probs * column(log_probs, weights.clone())).sum().scale(sign)
        })
    };
    mdp_1296().stepped(-0.1, &mdp_1296().expect(loss)).objective()
}

pub(in crate::claims) static ASCENT_SIGN: Claim = Claim {
    id: "ch08-ascent-sign",
    origin: Origin::Guide,
    quote: "surrogate.backward() # one backward pass",
    statement: "An optimiser that minimises would descend J: it needs the loss −surrogate, as the guide's Build-It code has it.",
    because: "Optimisers of deep-learning libraries step against the gradient of what they are given.",
    lesson: "Followed by a standard minimiser the displayed snippet unlearns. The loss is minus the surrogate.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "j_after", what: "J(θ − .1 ∇J)", value: Value::Number(|| after_minimiser(1.0))
    }],
    trials: &[
        Trial {
            name: "minus the surrogate, minimised, is a step of ascent",
            role: Role::Confirms,
            setting: "set-mdp-1296, the mean of the tape's derivatives, one step of .1; J at θ + .1 ∇J by dynamic programming",
            subject: Subject::Exact(|| vec![after_minimiser(-1.0)]),
            expected: || vec![mdp_1296().stepped(0.1, &mdp_1296().gradient()).objective()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "plus the surrogate",
                subject: Subject::Exact(|| vec![after_minimiser(1.0)]),
            }],
        },
        Trial {
            name: "plus the surrogate, minimised, lowers J",
            role: Role::Limits,
            setting: "the same",
            subject: Subject::Exact(|| vec![after_minimiser(1.0)]),
            expected: || vec![mdp_1296().objective()],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "minus the surrogate",
                subject: Subject::Exact(|| vec![after_minimiser(-1.0)]),
            }],
        },
    ],
};

/// The tape's derivative of `Σ_t min(ρ A, clip(ρ) A)` at the parameters `at`, data of set-mdp-1296, A = G_t − 1.7.
fn clipped(at: &World, batch: &Batch, epsilon: f64) -> Vec<f64> {
    let weights = super::surrogate::to_go_weights(batch, 1.7);
    let acted: Vec<f64> = (0..batch.len())
        .flat_map(|i| {
            let steps = batch.observations(i).iter().zip(batch.actions(i)).enumerate();
            steps.map(|(t, (o, a))| mdp_1296().policy.log_prob(t, *o as usize, *a as usize)).collect::<Vec<f64>>()
        })
        .collect();
    loss_gradient(at, batch, |_, log_probs| {
        let ratio = (log_probs - column(log_probs, acted.clone())).exp();
        let advantage = column(log_probs, weights.clone());
        let bounded = ratio.clip(1.0 - epsilon, 1.0 + epsilon) * advantage;
        (ratio * advantage).minimum(bounded).sum().scale(1.0 / batch.len() as f64)
    })
}

fn at_theta(world: &World, batch: &Batch) -> Vec<f64> {
    clipped(world, batch, 0.2)
}

pub(in crate::claims) static FAKE_LOSS: Claim = Claim {
    id: "ch08-fake-loss-ppo",
    origin: Origin::Guide,
    quote: "building a 'fake loss' appears from REINFORCE to PPO's clipped objective",
    statement: "At θ'=θ the gradient of PPO's surrogate is the policy gradient.",
    because: "There ρ=1 lies inside the clip, and ∇ρ = ∇ log π (Schulman et al. 2017).",
    lesson: "The first of PPO's steps on a batch is a plain policy-gradient step; the clip acts from the second on.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_deviation",
        what: "the largest component of the difference of its mean from ∇J",
        value: Value::Number(|| largest(&difference(&mdp_1296().batch_mean(1, at_theta), &mdp_1296().gradient()))),
    }],
    trials: &[
        Trial {
            name: "its mean at θ'=θ is the gradient",
            role: Role::Confirms,
            setting: "set-mdp-1296, A = G_t − 1.7, ε=.2, all trajectories on the tape",
            subject: Subject::Exact(|| mdp_1296().batch_mean(1, at_theta)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the same data at θ+δ",
                subject: Subject::Exact(|| {
                    mdp_1296().expect(|path| clipped(&shifted(1.0), &Batch::of(path.len(), [path]), 0.2))
                }),
            }],
        },
        Trial {
            name: "away from θ the tape and the closed form of the clipped estimator agree",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=2, where the clip acts, A = G_t − 1.7",
            subject: Subject::Exact(|| {
                mdp_1296().expect(|path| clipped(&shifted(2.0), &Batch::of(path.len(), [path]), 0.2))
            }),
            expected: || {
                let subject = ClippedSurrogate { epsilon: 0.2, discount: 1.0 };
                mdp_1296().expect(|path| {
                    let batch = mdp_1296().recorded(&Batch::of(path.len(), [path])).with_values(vec![1.7; path.len()]);
                    subject.gradient(&shifted(2.0).policy, &batch)
                })
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the clip",
                subject: Subject::Exact(|| {
                    mdp_1296().expect(|path| clipped(&shifted(2.0), &Batch::of(path.len(), [path]), 1e6))
                }),
            }],
        },
        Trial {
            name: "its mean at θ'=θ, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, one trajectory on the tape",
            subject: Subject::Sampled(|| mdp_1296().sample(1, at_theta)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the mean over steps",
                subject: Subject::Sampled(|| mdp_1296().sample(1, |world, batch| scale(0.25, &at_theta(world, batch)))),
            }],
        },
    ],
};
