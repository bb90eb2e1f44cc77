//! Build it: returns, advantages and losses, and what flows back through them.

use crate::autodiff::{Tape, Variable};
use crate::claims::losses::{column, loss_gradient};
use crate::claims::prelude::*;
use crate::environment::{TabularMdp, Transition};
use crate::estimator::{Estimator, StateBaseline, reward_to_go};
use crate::numeric::Matrix;
use crate::policy::{GaussianPolicy, Spread};

const REWARDS: [f64; 5] = [1.0, 1.0, 1.0, 1.0, 10.0];
const RETURNS_TO_GO: [f64; 5] = [14.0, 13.0, 12.0, 11.0, 10.0];
const LOG_PROBS: [f64; 5] = [-1.0, -2.0, -0.5, -3.0, -0.2];
const VALUE: f64 = 12.0;
const LENGTH: f64 = 5.0;

/// The weights that training code gives the five steps, with a table of values.
fn weights(discount: f64, value: f64) -> Vec<f64> {
    let path = Trajectory {
        states: vec![0; 5],
        observations: vec![0; 5],
        actions: vec![0; 5],
        rewards: REWARDS.to_vec(),
        terminated: true,
    };
    let subject = StateBaseline { discount, states: 1, table: vec![value; 5], discounted_steps: false };
    let mut out = vec![0.0; 5];
    subject.weights(&Batch::of(5, [&path]), &mut out);
    out
}

/// `(1 − γ^{5−t})/(1−γ) + 10 γ^{5−t}` for t=1..5.
fn geometric(gamma: f64) -> Vec<f64> {
    (0..5)
        .map(|t| {
            let tail = numeric::power(gamma, 4 - t);
            (1.0 - tail) / (1.0 - gamma) + 10.0 * tail
        })
        .collect()
}

/// Draws of the returns of the four steps of set-mdp-1296, γ=.99, by their sums backward; or forward.
fn drawn_returns(backward: bool) -> Sample {
    mdp_1296().sample_paths(move |path| {
        if backward {
            reward_to_go(&path.rewards, 0.99)
        } else {
            let reversed: Vec<f64> = path.rewards.iter().rev().copied().collect();
            reward_to_go(&reversed, 0.99).into_iter().rev().collect()
        }
    })
}

/// `E G_t` of set-mdp-1296 with γ=.99: `Σ_s d_t(s) V_t(s)`.
fn expected_returns() -> Vec<f64> {
    let oracle = discounted().oracle();
    let occupancy = mdp_1296().oracle().occupancy();
    (0..4).map(|t| (0..3).map(|s| occupancy[3 * t + s] * oracle.value(t, s)).sum()).collect()
}

/// set-mdp-1296 with γ=.99.
fn discounted() -> World {
    let world = mdp_1296();
    World::new(world.mdp.clone().with_discount(0.99).expect("a discount"), world.policy.clone())
}

pub(in crate::claims) static RETURNS: Claim = Claim {
    id: "ch12-bi-returns",
    origin: Origin::Guide,
    quote: "rewards=[1,1,1,1,10], gamma=1: returns=[14,13,12,11,10]",
    statement: "Returns are the discounted sums of the rewards from each step on, by one sweep backward: G_t = r_t + γ G_{t+1}.",
    because: "Σ_{t'≥t} γ^{t'−t} r_{t'} obeys that recursion.",
    lesson: "Right, with γ=1 and .99. The expected return of a step is the value of its state, averaged over the states of that \
             step.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "returns_gamma_1", what: "the returns, γ=1", value: Value::List(|| weights(1.0, 0.0)) },
        Quantity { key: "returns_gamma_099", what: "the returns, γ=.99", value: Value::List(|| weights(0.99, 0.0)) },
    ],
    trials: &[
        Trial {
            name: "the guide's numbers",
            role: Role::Confirms,
            setting: "rewards (1, 1, 1, 1, 10), γ=1",
            subject: Subject::Exact(|| weights(1.0, 0.0)),
            expected: || RETURNS_TO_GO.to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "sums from the beginning",
                subject: Subject::Exact(|| {
                    let mut reversed = REWARDS;
                    reversed.reverse();
                    let mut sums = reward_to_go(&reversed, 1.0);
                    sums.reverse();
                    sums
                }),
            }],
        },
        Trial {
            name: "with a discount, by the sweep and by geometric sums",
            role: Role::Confirms,
            setting: "the same, γ=.99",
            subject: Subject::Exact(|| weights(0.99, 0.0)),
            expected: || geometric(0.99),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "discounted from the first step, γ^{t'−1} r",
                    subject: Subject::Exact(|| {
                        let paid: Vec<f64> =
                            REWARDS.iter().enumerate().map(|(t, r)| numeric::power(0.99, t) * r).collect();
                        reward_to_go(&paid, 1.0)
                    }),
                },
                Counterfeit { story: "without a discount", subject: Subject::Exact(|| weights(1.0, 0.0)) },
            ],
        },
        Trial {
            name: "the mean return of each step, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, γ=.99: against Σ_s d_t(s) V_t(s) by dynamic programming",
            subject: Subject::Sampled(|| drawn_returns(true)),
            expected: expected_returns,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "sums from the beginning",
                subject: Subject::Sampled(|| drawn_returns(false)),
            }],
        },
    ],
};

/// Mean squared error of the constant `value` on the tape.
fn value_loss_on_tape(value: f64) -> f64 {
    let tape = Tape::new();
    let values = tape.parameter(Matrix::of(5, 1, vec![value; 5]));
    let gap = values - column(values, RETURNS_TO_GO.to_vec());
    (gap * gap).mean().scalar()
}

pub(in crate::claims) static ADVANTAGES: Claim = Claim {
    id: "ch12-bi-advantages",
    origin: Origin::Guide,
    quote: "V=12: advantages=[2,1,0,-1,-2]",
    statement: "Advantages are returns less V; the value loss is the mean square of the difference, 2.",
    because: "12 is the mean of the returns, so the loss is their variance, (5²−1)/12.",
    lesson: "Right, and 12 is the constant with the least loss: what is left is the spread of the returns over time, which a \
             critic that knows \
             the step would remove.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "advantages", what: "G−V", value: Value::List(|| weights(1.0, VALUE)) },
        Quantity {
            key: "value_loss", what: "the mean of (V−G)²", value: Value::Number(|| value_loss_on_tape(VALUE))
        },
    ],
    trials: &[
        Trial {
            name: "the guide's numbers, by the estimator",
            role: Role::Confirms,
            setting: "returns (14, 13, 12, 11, 10), V=12",
            subject: Subject::Exact(|| weights(1.0, VALUE)),
            expected: || vec![2.0, 1.0, 0.0, -1.0, -2.0],
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit { story: "V−G", subject: Subject::Exact(|| scale(-1.0, &weights(1.0, VALUE))) },
                Counterfeit {
                    story: "divided by their deviation",
                    subject: Subject::Exact(|| {
                        let a = weights(1.0, VALUE);
                        scale(LENGTH.sqrt() / norm(&a), &a)
                    }),
                },
            ],
        },
        Trial {
            name: "the value loss on the tape is the variance of five consecutive numbers",
            role: Role::Confirms,
            setting: "the same: against (5²−1)/12",
            subject: Subject::Exact(|| vec![value_loss_on_tape(VALUE)]),
            expected: || vec![(25.0 - 1.0) / 12.0],
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "the sum of squares",
                    subject: Subject::Exact(|| vec![LENGTH * value_loss_on_tape(VALUE)]),
                },
                Counterfeit { story: "half of it", subject: Subject::Exact(|| vec![0.5 * value_loss_on_tape(VALUE)]) },
            ],
        },
        Trial {
            name: "and no other constant has less",
            role: Role::Confirms,
            setting: "the same: the loss at V=11.9 and 12.1, on the tape, against (5²−1)/12",
            subject: Subject::Exact(|| [11.9, 12.1].map(value_loss_on_tape).to_vec()),
            expected: || vec![(25.0 - 1.0) / 12.0; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "12 itself",
                subject: Subject::Exact(|| vec![value_loss_on_tape(VALUE); 2]),
            }],
        },
    ],
};

/// The policy loss of the setting on the tape, as a mean and as a sum over the steps.
fn losses_on_tape() -> [f64; 2] {
    let tape = Tape::new();
    let log_probs = tape.parameter(Matrix::of(5, 1, LOG_PROBS.to_vec()));
    let terms = log_probs * column(log_probs, vec![2.0, 1.0, 0.0, -1.0, -2.0]);
    [-terms.mean().scalar(), -terms.sum().scalar()]
}

/// The derivative of `−mean_t log π_t w_t`, or of the sum, for one trajectory.
fn policy_loss_gradient(world: &World, path: &Trajectory, weights: &[f64], mean: bool) -> Vec<f64> {
    loss_gradient(world, &Batch::of(path.len(), [path]), |_, log_probs| {
        let terms = log_probs * column(log_probs, weights.to_vec());
        if mean { -terms.mean() } else { -terms.sum() }
    })
}

/// `G_t − V_t(s_t)` of set-mdp-1296 with the policy's own values.
fn advantages_of(oracle: &Oracle, path: &Trajectory) -> Vec<f64> {
    (0..path.len()).map(|t| to_go(path, t) - oracle.value(t, path.states[t] as usize)).collect()
}

/// Draws of the policy loss's derivative on set-mdp-1296.
fn policy_loss_draws(mean: bool) -> Sample {
    let oracle = mdp_1296().oracle();
    mdp_1296().sample_paths(move |path| policy_loss_gradient(mdp_1296(), path, &advantages_of(&oracle, path), mean))
}

/// Episodes of one step or of three: action 0 of state 0 pays 1 and ends, action 1 leads to state 1 for good, where action
/// 0 pays 2 and action 1 pays −1.
fn uneven() -> World {
    let step = |next, reward, terminated| vec![Transition { probability: 1.0, next, reward, terminated }];
    let table = vec![vec![step(0, 1.0, true), step(1, 0.0, false)], vec![step(1, 2.0, false), step(1, -1.0, false)]];
    let mdp = TabularMdp::new(3, 1.0, vec![1.0, 0.0], table).expect("a world");
    World::new(mdp, tabular(2, 2, &[0.3, -0.2, 0.1, 0.5]))
}

/// The expected derivative of the policy loss of [`uneven`], on the tape, weights being returns.
fn uneven_loss_gradient(mean: bool) -> Vec<f64> {
    let world = uneven();
    world.expect(|path| policy_loss_gradient(&world, path, &reward_to_go(&path.rewards, 1.0), mean))
}

pub(in crate::claims) static MEAN_LOSS: Claim = Claim {
    id: "ch12-bi-policy-loss-mean",
    origin: Origin::Guide,
    quote: "policy_loss=-(log_probs*[2,1,0,-1,-2]).mean(); text asks for J~=sum log pi (G-V)",
    statement: "The code's loss is −J̃/T and its gradient −∇J/T in expectation: with episodes of one length a rescaling. With \
                episodes of \
                different length the mean weighs each by 1/T, and the direction changes.",
    because: "A mean over T steps is the sum over T; E[Σ_t g_t (G_t−V)] is ∇J, E[(1/T) Σ_t g_t (G_t−V)] is not a multiple of it \
              where T \
              depends on the actions.",
    lesson: "Here .12 in place of .6: a step size five times smaller. Where the length varies, sum over the steps, or divide by \
             a fixed \
             length.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "mean_loss", what: "−mean", value: Value::Number(|| losses_on_tape()[0]) },
        Quantity { key: "sum_loss", what: "−sum", value: Value::Number(|| losses_on_tape()[1]) },
    ],
    trials: &[
        Trial {
            name: "the two losses on the tape and by hand",
            role: Role::Confirms,
            setting: "log-probabilities (−1, −2, −.5, −3, −.2), advantages (2, 1, 0, −1, −2)",
            subject: Subject::Exact(|| losses_on_tape().to_vec()),
            expected: || {
                let sum = -(-2.0 - 2.0 + 0.0 + 3.0 + 0.4);
                vec![sum / 5.0, sum]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the sum for both",
                subject: Subject::Exact(|| vec![losses_on_tape()[1]; 2]),
            }],
        },
        Trial {
            name: "with one length the gradient is −∇J/T",
            role: Role::Confirms,
            setting: "set-mdp-1296, T=4, the policy's own values: the tape's derivative over all trajectories, against ∇J by \
                      recursion",
            subject: Subject::Exact(|| {
                let (world, oracle) = (mdp_1296(), mdp_1296().oracle());
                world.expect(|path| policy_loss_gradient(world, path, &advantages_of(&oracle, path), true))
            }),
            expected: || scale(-0.25, &mdp_1296().gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the sum",
                subject: Subject::Exact(|| {
                    let (world, oracle) = (mdp_1296(), mdp_1296().oracle());
                    world.expect(|path| policy_loss_gradient(world, path, &advantages_of(&oracle, path), false))
                }),
            }],
        },
        Trial {
            name: "the gradient of the mean, drawn",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Sampled(|| policy_loss_draws(true)),
            expected: || scale(-0.25, &mdp_1296().gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "of the sum",
                subject: Subject::Sampled(|| policy_loss_draws(false)),
            }],
        },
        Trial {
            name: "with different lengths the sum is −∇J, and the mean weighs episodes by 1/T",
            role: Role::Limits,
            setting: "episodes of one step or three, by the first action: the tape's derivatives, against ∇J by recursion and \
                      against \
                      scores weighted with G_t/T",
            subject: Subject::Exact(|| [uneven_loss_gradient(false), uneven_loss_gradient(true)].concat()),
            expected: || {
                let world = uneven();
                let weighed = |path: &Trajectory| {
                    world.weighted(path, |t| -to_go(path, t) / if path.actions[0] == 0 { 1.0 } else { 3.0 })
                };
                [scale(-1.0, &world.gradient()), world.expect(weighed)].concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "divided by the mean length",
                subject: Subject::Exact(|| {
                    let sum = uneven_loss_gradient(false);
                    let length = uneven().mean(|path| path.len() as f64);
                    [sum.clone(), scale(1.0 / length, &sum)].concat()
                }),
            }],
        },
        Trial {
            name: "its direction is another",
            role: Role::Limits,
            setting: "the same: the angle between the mean's gradient and the sum's, against ten degrees",
            subject: Subject::Exact(|| vec![angle(&uneven_loss_gradient(true), &uneven_loss_gradient(false))]),
            expected: || vec![10.0],
            judge: Judge::Ratio { bound: Bound::Above(1.0), why: "ten degrees are far above rounding" },
            counterfeits: &[Counterfeit {
                story: "with one length",
                subject: Subject::Exact(|| {
                    let (world, oracle) = (mdp_1296(), mdp_1296().oracle());
                    let of = |mean: bool| {
                        world.expect(|path| policy_loss_gradient(world, path, &advantages_of(&oracle, path), mean))
                    };
                    vec![angle(&of(true), &of(false))]
                }),
            }],
        },
    ],
};

const MEANS: [f64; 2] = [0.0, 0.4];
const DEVIATIONS: [f64; 2] = [0.7, 1.1];
const ACTION: [f64; 2] = [0.3, -1.2];

fn two_dimensions() -> GaussianPolicy {
    GaussianPolicy::diagonal(1, &MEANS, &DEVIATIONS).expect("means and deviations")
}

/// The one-dimensional log densities.
fn each_dimension() -> [f64; 2] {
    [0, 1].map(|i| numeric::ln(numeric::normal_density(ACTION[i], MEANS[i], DEVIATIONS[i])))
}

/// The integral of `e^{factor · log π}` over both actions.
fn mass(factor: f64) -> f64 {
    let policy = two_dimensions();
    numeric::trapezoid(-9.0, 9.0, 160, |x| {
        numeric::trapezoid(-13.0, 13.0, 160, |y| numeric::exp(factor * policy.log_prob(&[1.0], &[x, y])))
    })
}

/// `Σ_i log(σ_i √(2πe))`.
fn gaussian_entropy() -> f64 {
    let constant = 0.5 * (1.0 + numeric::ln(2.0 * std::f64::consts::PI));
    DEVIATIONS.iter().map(|sigma| constant + numeric::ln(*sigma)).sum()
}

/// Draws of `−factor · log π(a)`, whose variance is that of `½χ²` with two degrees of freedom, 1, times the factor's square.
fn surprise(factor: f64) -> Sample {
    let policy = two_dimensions();
    Box::new(Draws::new(vec![factor * gaussian_entropy()], vec![factor * factor], move |stream, out| {
        let action = policy.act(&[1.0], &[stream.normal(), stream.normal()]);
        out[0] = -factor * policy.log_prob(&[1.0], &action);
    }))
}

pub(in crate::claims) static LOG_PROB_SUM: Claim = Claim {
    id: "ch12-bi-log-prob-sum-dims",
    origin: Origin::Guide,
    quote: "log_prob(actions).sum(-1), sum over action dims",
    statement: "The sum of the one-dimensional log densities is the joint log density of a diagonal Gaussian.",
    because: "A density of independent components is the product of theirs.",
    lesson: "Right for a diagonal covariance, where the library returns one number a dimension. A mean over dimensions is the \
             log of no \
             density, and shrinks every score by the number of dimensions.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "log_prob",
        what: "the joint log density",
        value: Value::Number(|| two_dimensions().log_prob(&[1.0], &ACTION)),
    }],
    trials: &[
        Trial {
            name: "the sum of log densities and the joint one",
            role: Role::Confirms,
            setting: "a=(.3, −1.2), mean (0, .4), deviations (.7, 1.1): densities written out, against the policy",
            subject: Subject::Exact(|| vec![each_dimension().iter().sum()]),
            expected: || vec![two_dimensions().log_prob(&[1.0], &ACTION)],
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "the mean over dimensions",
                    subject: Subject::Exact(|| vec![0.5 * each_dimension().iter().sum::<f64>()]),
                },
                Counterfeit { story: "the first dimension", subject: Subject::Exact(|| vec![each_dimension()[0]]) },
                Counterfeit {
                    story: "correlated actions",
                    subject: Subject::Exact(|| {
                        let theta = vec![MEANS[0], MEANS[1], numeric::ln(0.7), 0.3, numeric::ln(1.1)];
                        let full = GaussianPolicy::new(1, 2, Spread::Full, theta).expect("means and a factor");
                        vec![full.log_prob(&[1.0], &ACTION)]
                    }),
                },
            ],
        },
        Trial {
            name: "it is the log of a density",
            role: Role::Confirms,
            setting: "the same: its exponential integrated over both actions",
            subject: Subject::Exact(|| vec![mass(1.0)]),
            expected: || vec![1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean over dimensions",
                subject: Subject::Exact(|| vec![mass(0.5)]),
            }],
        },
        Trial {
            name: "its mean is the entropy, drawn",
            role: Role::Confirms,
            setting: "the same: −log π(a) of drawn actions, against Σ log(σ √(2πe))",
            subject: Subject::Sampled(|| surprise(1.0)),
            expected: || vec![gaussian_entropy()],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the mean over dimensions",
                subject: Subject::Sampled(|| surprise(0.5)),
            }],
        },
    ],
};

/// The derivatives of `−mean(log π (G − V))` with respect to the log-probabilities and to V, with `advantages` built of
/// returns and values.
fn policy_loss_slopes(
    log_probs: &[f64],
    returns: &[f64],
    advantages: impl for<'t> Fn(Variable<'t>, Variable<'t>) -> Variable<'t>,
) -> [Vec<f64>; 2] {
    let tape = Tape::new();
    let rows = log_probs.len();
    let log_probs = tape.parameter(Matrix::of(rows, 1, log_probs.to_vec()));
    let values = tape.parameter(Matrix::of(rows, 1, vec![VALUE; rows]));
    let loss = -(log_probs * advantages(column(values, returns.to_vec()), values)).mean();
    let gradients = loss.backward();
    [log_probs, values].map(|variable| gradients.of(variable).entries().to_vec())
}

fn live<'t>(returns: Variable<'t>, values: Variable<'t>) -> Variable<'t> {
    returns - values
}

fn values_detached<'t>(returns: Variable<'t>, values: Variable<'t>) -> Variable<'t> {
    returns - values.detach()
}

fn all_detached<'t>(returns: Variable<'t>, values: Variable<'t>) -> Variable<'t> {
    (returns - values).detach()
}

/// `log π(a_t|s_t)` of a trajectory, from the probabilities.
fn logs(world: &World, path: &Trajectory) -> Vec<f64> {
    let theta = world.policy.parameters();
    (0..path.len())
        .map(|t| {
            numeric::ln(probability(&world.policy, theta, t, path.observations[t] as usize, path.actions[t] as usize))
        })
        .collect()
}

/// `d policy_loss/dV_t` of a trajectory of set-mdp-1296.
fn value_slopes(path: &Trajectory, detached: bool) -> Vec<f64> {
    let (logs, returns) = (logs(mdp_1296(), path), reward_to_go(&path.rewards, 1.0));
    let [_, slopes] = if detached {
        policy_loss_slopes(&logs, &returns, values_detached)
    } else {
        policy_loss_slopes(&logs, &returns, live)
    };
    slopes
}

/// `−E H(π(·|s_t))/T`.
fn minus_entropies() -> Vec<f64> {
    let (world, occupancy) = (mdp_1296(), mdp_1296().oracle().occupancy());
    let negative = |s: usize| -> f64 {
        let of = |a: usize| probability(&world.policy, world.policy.parameters(), 0, s, a);
        [of(0), of(1)].iter().map(|p| p * numeric::ln(*p)).sum()
    };
    (0..4).map(|t| (0..3).map(|s| occupancy[3 * t + s] * negative(s)).sum::<f64>() / 4.0).collect()
}

/// The derivative with respect to the logits where the critic `V(s) = Σ_a θ[s,a]` shares them.
fn shared_critic_gradient(path: &Trajectory, detached: bool) -> Vec<f64> {
    let places: Vec<usize> = path.observations.iter().flat_map(|o| [2 * *o as usize, 2 * *o as usize + 1]).collect();
    loss_gradient(mdp_1296(), &Batch::of(path.len(), [path]), |theta, log_probs| {
        let values = theta.pick(path.len(), 2, places.clone()).row_sums();
        let returns = column(theta, reward_to_go(&path.rewards, 1.0));
        -(log_probs * if detached { values_detached(returns, values) } else { live(returns, values) }).mean()
    })
}

/// What a separate critic with the same values leaves: scores weighted with −(G_t − V(s_t))/T.
fn separate_critic_gradient(path: &Trajectory) -> Vec<f64> {
    let theta = mdp_1296().policy.parameters();
    let value = |o: u32| theta[2 * o as usize] + theta[2 * o as usize + 1];
    mdp_1296().weighted(path, |t| -(to_go(path, t) - value(path.observations[t])) / 4.0)
}

pub(in crate::claims) static WITHOUT_DETACH: Claim = Claim {
    id: "ch12-bi-without-detach",
    origin: Origin::Guide,
    quote: "Without .detach() the gradient would flow through V into the value network via the policy loss, corrupting the \
            value update",
    statement: "d policy_loss/dV_t = +log π_t/T; the policy's own derivative is unaffected where the networks are separate.",
    because: "V stands in −log π (G − V)/T with factor +log π/T.",
    lesson: "The leak has a sign: log π of a discrete action is negative, so descent pushes every value up, by the policy's \
             entropy on average, \
             whatever the returns are. With a shared network it also corrupts the policy's gradient.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "dloss_dv",
        what: "d policy_loss/dV_t, t=1..5",
        value: Value::List(|| policy_loss_slopes(&LOG_PROBS, &RETURNS_TO_GO, live)[1].clone()),
    }],
    trials: &[
        Trial {
            name: "the tape's derivative by the values is log π/T",
            role: Role::Confirms,
            setting: "log-probabilities (−1, −2, −.5, −3, −.2), G=(14, 13, 12, 11, 10), V=12",
            subject: Subject::Exact(|| policy_loss_slopes(&LOG_PROBS, &RETURNS_TO_GO, live)[1].clone()),
            expected: || LOG_PROBS.map(|log| log / LENGTH).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the values detached",
                subject: Subject::Exact(|| policy_loss_slopes(&LOG_PROBS, &RETURNS_TO_GO, values_detached)[1].clone()),
            }],
        },
        Trial {
            name: "on average it is minus the entropy over T",
            role: Role::Confirms,
            setting: "set-mdp-1296: the tape's derivative at t=1..4 over all trajectories, against occupancies and entropies",
            subject: Subject::Exact(|| mdp_1296().expect(|path| value_slopes(path, false))),
            expected: minus_entropies,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "zero, because log-probabilities have scores of mean zero",
                subject: Subject::Exact(|| mdp_1296().expect(|path| value_slopes(path, true))),
            }],
        },
        Trial {
            name: "the same, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296",
            subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| value_slopes(path, false))),
            expected: minus_entropies,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "with the values detached",
                subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| value_slopes(path, true))),
            }],
        },
        Trial {
            name: "separate networks leave the policy's derivative alone",
            role: Role::Confirms,
            setting: "the setting: the derivative by the log-probabilities with a live V, against −(G−V)/T",
            subject: Subject::Exact(|| policy_loss_slopes(&LOG_PROBS, &RETURNS_TO_GO, live)[0].clone()),
            expected: || RETURNS_TO_GO.map(|g| -(g - VALUE) / LENGTH).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without a baseline",
                subject: Subject::Exact(|| {
                    policy_loss_slopes(&LOG_PROBS, &RETURNS_TO_GO, |returns, _| returns)[0].clone()
                }),
            }],
        },
        Trial {
            name: "a shared one must be detached",
            role: Role::Confirms,
            setting: "set-mdp-1296 with a critic V(s) = Σ_a θ[s,a]: the expected derivative with V detached, against weighted \
                      scores",
            subject: Subject::Exact(|| mdp_1296().expect(|path| shared_critic_gradient(path, true))),
            expected: || mdp_1296().expect(separate_critic_gradient),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a live V",
                subject: Subject::Exact(|| mdp_1296().expect(|path| shared_critic_gradient(path, false))),
            }],
        },
    ],
};

/// The derivative of the mean squared error with respect to V, on the tape, with V live or detached.
fn value_loss_slopes(detached: bool) -> Vec<f64> {
    let tape = Tape::new();
    let values = tape.parameter(Matrix::of(5, 1, vec![VALUE; 5]));
    let prediction = if detached { values.detach() } else { values };
    let gap = prediction - column(values, RETURNS_TO_GO.to_vec());
    (gap * gap).mean().backward().of(values).entries().to_vec()
}

/// The derivatives by log-probabilities and values of both detached forms, one after the other.
fn both_forms() -> Vec<f64> {
    let code = policy_loss_slopes(&LOG_PROBS, &RETURNS_TO_GO, values_detached);
    let text = policy_loss_slopes(&LOG_PROBS, &RETURNS_TO_GO, all_detached);
    [code.concat(), text.concat()].concat()
}

/// The expected derivative by the logits of set-mdp-1296 with a critic of the same logits, in the text's form.
fn text_form_gradient(path: &Trajectory) -> Vec<f64> {
    let places: Vec<usize> = path.observations.iter().flat_map(|o| [2 * *o as usize, 2 * *o as usize + 1]).collect();
    loss_gradient(mdp_1296(), &Batch::of(path.len(), [path]), |theta, log_probs| {
        let values = theta.pick(path.len(), 2, places.clone()).row_sums();
        let returns = column(theta, reward_to_go(&path.rewards, 1.0));
        -(log_probs * all_detached(returns, values)).mean()
    })
}

pub(in crate::claims) static DETACH_FORMS: Claim = Claim {
    id: "ch12-bi-detach-forms-equal",
    origin: Origin::Guide,
    quote: "Use advantages.detach() for the policy loss, but NOT for the value loss",
    statement: "returns − values.detach() and (returns − values).detach() give the same policy gradient, and nothing to V; the \
                value loss \
                needs live values, with derivative 2(V−G)/T.",
    because: "Returns are data: nothing flows through them in either form.",
    lesson: "Both forms are right while returns are data. A value loss of detached values trains nothing, without an error \
             message.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "dvalue_loss_dv",
        what: "d value_loss/dV_t, t=1..5",
        value: Value::List(|| value_loss_slopes(false)),
    }],
    trials: &[
        Trial {
            name: "both forms give −A/T to the log-probabilities and nothing to V",
            role: Role::Confirms,
            setting: "G=(14, 13, 12, 11, 10), V=12, T=5: the tape's derivatives of both forms",
            subject: Subject::Exact(both_forms),
            expected: || {
                let form = [RETURNS_TO_GO.map(|g| -(g - VALUE) / LENGTH), [0.0; 5]].concat();
                form.repeat(2)
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "not detached",
                subject: Subject::Exact(|| policy_loss_slopes(&LOG_PROBS, &RETURNS_TO_GO, live).concat().repeat(2)),
            }],
        },
        Trial {
            name: "the value loss of live values has slope 2(V−G)/T",
            role: Role::Confirms,
            setting: "the same: by the tape, against dual numbers",
            subject: Subject::Exact(|| value_loss_slopes(false)),
            expected: || {
                crate::autodiff::gradient(&[VALUE; 5], |values| {
                    let square = |(v, g): (&Dual<16>, f64)| {
                        let gap = *v - Dual::from(g);
                        gap * gap
                    };
                    let sum = values.iter().zip(RETURNS_TO_GO).map(square).fold(Dual::from(0.0), |sum, x| sum + x);
                    sum / Dual::from(LENGTH)
                })
            },
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit { story: "detached too", subject: Subject::Exact(|| value_loss_slopes(true)) },
                Counterfeit {
                    story: "of half the squared error",
                    subject: Subject::Exact(|| scale(0.5, &value_loss_slopes(false))),
                },
            ],
        },
        Trial {
            name: "the two forms over all trajectories",
            role: Role::Confirms,
            setting: "set-mdp-1296 with a critic that shares the logits, V(s) = Σ_a θ[s,a]: the text's form by the tape, then \
                      the code's, \
                      against scores weighted with −(G−V)/T",
            subject: Subject::Exact(|| {
                let text = mdp_1296().expect(text_form_gradient);
                [text, mdp_1296().expect(|path| shared_critic_gradient(path, true))].concat()
            }),
            expected: || mdp_1296().expect(separate_critic_gradient).repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "not detached",
                subject: Subject::Exact(|| mdp_1296().expect(|path| shared_critic_gradient(path, false)).repeat(2)),
            }],
        },
        Trial {
            name: "their expectation is −∇J/T, drawn",
            role: Role::Confirms,
            setting: "the same: V is a function of the state, so it does not shift the mean; against ∇J by recursion",
            subject: Subject::Sampled(|| mdp_1296().sample_paths(text_form_gradient)),
            expected: || scale(-0.25, &mdp_1296().gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "not detached",
                subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| shared_critic_gradient(path, false))),
            }],
        },
    ],
};
