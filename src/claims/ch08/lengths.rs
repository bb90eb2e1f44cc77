//! Where a mean meets trajectories of different length, or actions of several dimensions.

use super::surrogate::averaged;
use crate::autodiff::Tape;
use crate::claims::losses::{column, loss_gradient};
use crate::claims::prelude::*;
use crate::environment::{TabularMdp, Transition};
use crate::numeric::Matrix;

/// The corridor: at step 1 stop (return 1) or go, at step 2 stop (return 3) or go (return 4 at step 3, where nothing is
/// decided). Two logits a state, of stopping and of going.
fn corridor() -> World {
    let ends = |reward: f64| vec![Transition { probability: 1.0, next: 0, reward, terminated: true }];
    let goes = |next: usize| vec![Transition { probability: 1.0, next, reward: 0.0, terminated: false }];
    let rows = vec![vec![ends(1.0), goes(1)], vec![ends(3.0), goes(2)], vec![ends(4.0), ends(4.0)]];
    let mdp = TabularMdp::new(3, 1.0, vec![1.0, 0.0, 0.0], rows).expect("a corridor");
    World::new(mdp, tabular(3, 2, &[0.0; 6]))
}

/// The components of the two logits of stopping at steps 1 and 2.
fn stopping(gradient: &[f64]) -> Vec<f64> {
    vec![gradient[0], gradient[2]]
}

/// The mean over all valid steps of the batch, with total returns as weights, on the tape.
fn over_steps(world: &World, batch: &Batch) -> Vec<f64> {
    let weights: Vec<f64> =
        (0..batch.len()).flat_map(|i| vec![batch.rewards(i).iter().sum::<f64>(); batch.length(i)]).collect();
    let weighted = loss_gradient(world, batch, |_, log_probs| (log_probs * column(log_probs, weights.clone())).mean());
    stopping(&weighted)
}

/// The sum over steps, divided by the trajectories.
fn over_trajectories(world: &World, batch: &Batch) -> Vec<f64> {
    stopping(&v1(world, batch))
}

/// `E[(Σ_t g_t) r / T]` by hand: p=1/2 each, score +1/2 for stopping and −1/2 for going.
fn mean_form_by_hand() -> Vec<f64> {
    let (stop, go_stop, go_go) = (0.5, 0.25, 0.25);
    vec![
        stop * 0.5 * 1.0 / 1.0 - go_stop * 0.5 * 3.0 / 2.0 - go_go * 0.5 * 4.0 / 3.0,
        go_stop * 0.5 * 3.0 / 2.0 - go_go * 0.5 * 4.0 / 3.0,
    ]
}

fn unit(x: &[f64]) -> Vec<f64> {
    scale(1.0 / norm(x), x)
}

pub(in crate::claims) static RAGGED: Claim = Claim {
    id: "ch08-mean-variable-length",
    origin: Origin::Ours,
    quote: "(same) with variable episode length",
    statement: "The mean over all valid steps of the batch divides the sum by Σ_i T_i, which is random: with N=1 each \
                trajectory is weighted by 1/T_i, and the direction changes.",
    because: "The length depends on the actions, so 1/T_i is no constant: E[(Σ g) r / T] is exactly ∇E[r/T], the \
              gradient of another objective.",
    lesson: "Length normalisation biases the direction wherever the length depends on the actions; a component can even change \
             its sign. In larger batches the bias falls like 1/N. Sum over steps, divide by the number of trajectories (or by a \
             constant length).",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "gradient",
            what: "∇J with respect to the logits of stopping at steps 1 and 2",
            value: Value::List(|| stopping(&corridor().gradient())),
        },
        Quantity {
            key: "mean_form_expectation",
            what: "E of the mean form, N=1, the same components",
            value: Value::List(|| corridor().batch_mean(1, over_steps)),
        },
        Quantity {
            key: "angle_deg",
            what: "the angle between them, in degrees",
            value: Value::Number(|| angle(&corridor().batch_mean(1, over_steps), &stopping(&corridor().gradient()))),
        },
    ],
    trials: &[
        Trial {
            name: "the mean form's expectation, by enumeration and by hand",
            role: Role::Contradicts,
            setting: "stop at step 1 (return 1), at step 2 (return 3), or go on to step 3 (return 4); each stop has \
                      its own logit, p=½; N=1, total returns. The mean form gives (−.104, +.021); ∇J is (−.625, −.125)",
            subject: Subject::Exact(|| corridor().batch_mean(1, over_steps)),
            expected: mean_form_by_hand,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "∇J over the mean length, as if lengths were independent of actions",
                subject: Subject::Exact(|| scale(1.0 / 1.75, &stopping(&corridor().gradient()))),
            }],
        },
        Trial {
            name: "its direction is not the gradient's",
            role: Role::Contradicts,
            setting: "the same, unit vectors",
            subject: Subject::Exact(|| unit(&corridor().batch_mean(1, over_steps))),
            expected: || unit(&stopping(&corridor().gradient())),
            judge: Judge::Different { at_least: 0.3, why: "more than 17 degrees" },
            counterfeits: &[Counterfeit {
                story: "the sum over steps",
                subject: Subject::Exact(|| unit(&corridor().batch_mean(1, over_trajectories))),
            }],
        },
        Trial {
            name: "with larger batches the angle falls",
            role: Role::Limits,
            setting: "the same, all ordered batches of 2 and 4; the angle in degrees against that of N=1 and N=2",
            subject: Subject::Exact(|| vec![turned(2), turned(4)]),
            expected: || vec![turned(1), turned(2)],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "each trajectory divided by its own length: the angle never falls",
                subject: Subject::Exact(|| {
                    let own = |n: usize| {
                        let mean = corridor().batch_mean(n, |world, batch| {
                            mean_over(batch, |path| over_steps(world, &Batch::of(3, [path])))
                        });
                        angle(&mean, &stopping(&corridor().gradient()))
                    };
                    vec![own(2), own(4)]
                }),
            }],
        },
        Trial {
            name: "the sum over steps, divided by trajectories, is the gradient",
            role: Role::Confirms,
            setting: "the same; ∇J by dynamic programming with termination",
            subject: Subject::Exact(|| corridor().batch_mean(2, over_trajectories)),
            expected: || stopping(&corridor().gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean over the steps of the batch, times the longest length",
                subject: Subject::Exact(|| scale(3.0, &corridor().batch_mean(2, over_steps))),
            }],
        },
        Trial {
            name: "the mean form, drawn",
            role: Role::Contradicts,
            setting: "the same, N=1",
            subject: Subject::Sampled(|| corridor().sample(1, over_steps)),
            expected: mean_form_by_hand,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the sum over steps",
                subject: Subject::Sampled(|| corridor().sample(1, over_trajectories)),
            }],
        },
    ],
};

/// The angle between the mean form's expectation over batches of `n` and the gradient, in degrees.
fn turned(n: usize) -> f64 {
    angle(&corridor().batch_mean(n, over_steps), &stopping(&corridor().gradient()))
}

/// Per-dimension log-densities of a diagonal Gaussian, `[N·T][A]`, and weights `[N·T]`.
fn densities(steps: usize, dimensions: usize) -> (Matrix, Matrix) {
    let action = |i: usize, j: usize| numeric::cos(1.0 + i as f64 * 0.7 + j as f64 * 0.3);
    let log = |i: usize, j: usize| numeric::ln(numeric::normal_density(action(i, j), 0.1, 0.8));
    (Matrix::from_fn(steps, dimensions, log), Matrix::from_fn(steps, 1, |i, _| 0.5 + numeric::sin(i as f64)))
}

/// The mean over `[N,T]` of the summed log-probabilities times weights, over the mean over `[N,T,A]` of the unsummed.
fn shape_ratio(dimensions: usize) -> f64 {
    let (logs, weights) = densities(6, dimensions);
    let tape = Tape::new();
    let (logs, weights) = (tape.constant(logs), tape.constant(weights));
    let spread = weights.pick(6, dimensions, (0..6 * dimensions).map(|k| k / dimensions).collect());
    (logs.row_sums() * weights).mean().scalar() / (logs * spread).mean().scalar()
}

pub(in crate::claims) static SHAPE: Claim = Claim {
    id: "ch08-log-prob-shape",
    origin: Origin::Guide,
    quote: "logps = policy(s).log_prob(a)  # [N, T]",
    statement: "For a diagonal Gaussian over A dimensions log_prob is [N, T, A]: without .sum(-1) the mean also divides by A \
                (and weights [N, T] do not broadcast).",
    because: "A library's normal distribution is one-dimensional; the joint log-density is the sum over dimensions.",
    lesson: "True of discrete actions. Gaussian heads need .sum(-1), which the guide's Build-It code has.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "ratio",
        what: "mean of (sum over A) × w over the mean of the unsummed product, A=20",
        value: Value::Number(|| shape_ratio(20)),
    }],
    trials: &[
        Trial {
            name: "discrete actions have one log-probability a step",
            role: Role::Confirms,
            setting: "set-mdp-16, .mean() of N=2, T=2: as many terms as steps, so ∇J/T",
            subject: Subject::Exact(|| mdp_16().batch_mean(2, averaged)),
            expected: || scale(0.5, &mdp_16().gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one for each action",
                subject: Subject::Exact(|| scale(0.5, &mdp_16().batch_mean(2, averaged))),
            }],
        },
        Trial {
            name: "the unsummed mean is smaller by the number of dimensions",
            role: Role::Limits,
            setting: "six steps of diagonal Gaussians with A = 1, 3, 20 dimensions and fixed weights",
            subject: Subject::Exact(|| [1, 3, 20].map(shape_ratio).to_vec()),
            expected: || vec![1.0, 3.0, 20.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "no difference", subject: Subject::Exact(|| vec![1.0; 3]) }],
        },
        Trial {
            name: "summed over dimensions it is the joint density",
            role: Role::Limits,
            setting: "two dimensions, N(.1, .8²) each: the product integrates to 1 over the plane, one factor does not",
            subject: Subject::Exact(|| {
                vec![numeric::trapezoid(-7.0, 7.0, 280, |x| numeric::trapezoid(-7.0, 7.0, 280, |y| joint(&[x, y])))]
            }),
            expected: || vec![1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean over dimensions",
                subject: Subject::Exact(|| {
                    vec![numeric::trapezoid(-7.0, 7.0, 280, |x| {
                        numeric::trapezoid(-7.0, 7.0, 280, |y| joint(&[x, y]).sqrt())
                    })]
                }),
            }],
        },
    ],
};

fn joint(action: &[f64]) -> f64 {
    let logs = Matrix::from_fn(1, action.len(), |_, j| numeric::ln(numeric::normal_density(action[j], 0.1, 0.8)));
    let tape = Tape::new();
    numeric::exp(tape.constant(logs).row_sums().scalar())
}
