//! Build it: what the code as a whole estimates.

use crate::autodiff::{Tape, Variable, gradient};
use crate::claims::losses::column;
use crate::claims::prelude::*;
use crate::estimator::{RewardToGo, reward_to_go};
use crate::numeric::Matrix;

/// `V_t(s)` at the four steps, and `d_t(s)`.
fn values_and_occupancy() -> (Vec<f64>, Vec<f64>) {
    let oracle = mdp_1296().oracle();
    ((0..12).map(|i| oracle.value(i / 3, i % 3)).collect(), oracle.occupancy())
}

/// `Σ_t d_t(s) V_t(s)`, and `Σ_t d_t(s)`.
fn visits() -> (Vec<f64>, Vec<f64>) {
    let (values, occupancy) = values_and_occupancy();
    let over_time = |f: &dyn Fn(usize) -> f64| (0..3).map(|s| (0..4).map(|t| f(3 * t + s)).sum()).collect();
    (over_time(&|i| occupancy[i] * values[i]), over_time(&|i| occupancy[i]))
}

/// `Σ_t d_t(s) V_t(s) / Σ_t d_t(s)`.
fn minimiser() -> Vec<f64> {
    let (sums, counts) = visits();
    sums.iter().zip(counts).map(|(sum, count)| sum / count).collect()
}

/// `Σ_t 1{s_t=s} G_t` of a trajectory.
fn returns_by_state(path: &Trajectory) -> Vec<f64> {
    let mut out = vec![0.0; 3];
    for t in 0..path.len() {
        out[path.states[t] as usize] += to_go(path, t);
    }
    out
}

/// The normal equations over all trajectories: `E[Σ_t 1{s_t=s} G_t] / E[Σ_t 1{s_t=s}]`.
fn normal_equations() -> Vec<f64> {
    let sums = mdp_1296().expect(|path| {
        let mut out = returns_by_state(path);
        out.extend((0..3).map(|s| path.states.iter().filter(|state| **state == s).count() as f64));
        out
    });
    (0..3).map(|s| sums[s] / sums[3 + s]).collect()
}

/// The expected derivative of `Σ_t (V(s_t) − G_t)²` at a table, by the tape.
fn value_loss_gradient(table: &[f64]) -> Vec<f64> {
    mdp_1296().expect(|path| {
        let tape = Tape::new();
        let values = tape.parameter(Matrix::of(3, 1, table.to_vec()));
        let visited = values.pick(path.len(), 1, path.states.iter().map(|s| *s as usize).collect());
        let gap = visited - column(values, reward_to_go(&path.rewards, 1.0));
        (gap * gap).sum().backward().of(values).entries().to_vec()
    })
}

pub(in crate::claims) static VALUE_LOSS: Claim = Claim {
    id: "ch12-bi-value-loss",
    origin: Origin::Guide,
    quote: "MSE regression of V on returns",
    statement: "The minimiser is E[G_t | s]; for a table without time, V_t(s) averaged over the steps with the weights d_t(s).",
    because: "A mean squared error is least at the conditional mean of what is regressed on.",
    lesson: "A critic without time learns an average of different values, which is a valid baseline and no value. With the step \
             as an input it \
             learns V_t(s).",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "v_minimiser",
        what: "the minimiser for s=0, 1, 2",
        value: Value::List(normal_equations),
    }],
    trials: &[
        Trial {
            name: "the normal equations over all trajectories, and occupancies and values",
            role: Role::Confirms,
            setting: "set-mdp-1296, a table V(s) without time",
            subject: Subject::Exact(normal_equations),
            expected: minimiser,
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "every step weighed alike",
                    subject: Subject::Exact(|| {
                        let (values, _) = values_and_occupancy();
                        (0..3).map(|s| (0..4).map(|t| values[3 * t + s]).sum::<f64>() / 4.0).collect()
                    }),
                },
                Counterfeit {
                    story: "the values of the first step",
                    subject: Subject::Exact(|| values_and_occupancy().0[..3].to_vec()),
                },
            ],
        },
        Trial {
            name: "the loss has no slope there",
            role: Role::Confirms,
            setting: "the same: the tape's derivative of Σ_t (V(s_t) − G_t)² over all trajectories, at occupancies' minimiser",
            subject: Subject::Exact(|| value_loss_gradient(&minimiser())),
            expected: || vec![0.0; 3],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "at the values of the first step",
                subject: Subject::Exact(|| value_loss_gradient(&values_and_occupancy().0[..3])),
            }],
        },
        Trial {
            name: "with a table a step it is V_t(s)",
            role: Role::Confirms,
            setting: "set-mdp-1296: E[G_t | s_t=s] over all trajectories, against dynamic programming",
            subject: Subject::Exact(|| {
                let sums = mdp_1296().expect(|path| {
                    let mut out = vec![0.0; 24];
                    for t in 0..4 {
                        let place = 3 * t + path.states[t] as usize;
                        out[place] = to_go(path, t);
                        out[12 + place] = 1.0;
                    }
                    out
                });
                (0..12).map(|i| sums[i] / sums[12 + i]).collect()
            }),
            expected: || values_and_occupancy().0,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the table without time, at every step",
                subject: Subject::Exact(|| normal_equations().repeat(4)),
            }],
        },
        Trial {
            name: "the right-hand side of the normal equations, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296: Σ_t 1{s_t=s} G_t, against Σ_t d_t(s) V_t(s)",
            subject: Subject::Sampled(|| mdp_1296().sample_paths(returns_by_state)),
            expected: || visits().0,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the total return at every step",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_paths(|path| {
                        let count = |s| path.states.iter().filter(|state| **state == s).count() as f64;
                        (0..3).map(|s| count(s) * total(path)).collect()
                    })
                }),
            }],
        },
    ],
};

/// set-mdp-1296 with a discount and a horizon.
fn discounted(discount: f64, horizon: usize) -> World {
    let world = mdp_1296();
    let mdp = world.mdp.clone().with_discount(discount).and_then(|mdp| mdp.with_horizon(horizon));
    World::new(mdp.expect("a discount and a horizon"), world.policy.clone())
}

/// `Σ_t g_t G_t^γ` of a trajectory, with the factor γ^{t−1} or without, as the code has it.
fn discounted_estimate(discount: f64, discounted_steps: bool, batch: &Batch) -> Vec<f64> {
    RewardToGo { discount, baseline: 0.0, discounted_steps }.gradient(&mdp_1296().policy, batch)
}

/// Its mean over all trajectories.
fn discounted_mean(discount: f64, discounted_steps: bool) -> Vec<f64> {
    mdp_1296().expect(|path| discounted_estimate(discount, discounted_steps, &Batch::of(4, [path])))
}

/// The mean without the factor by the oracle's recursion.
fn code_by_recursion(discount: f64, horizon: usize) -> Vec<f64> {
    let form = Form::to_go(Baseline::None).without_discounted_steps();
    discounted(discount, horizon).oracle().moments(&form).expect("a form of the catalogue").mean
}

/// `|E code − ∇J_γ| / |∇J_γ|`.
fn relative_difference(discount: f64, horizon: usize) -> f64 {
    let gradient = discounted(discount, horizon).gradient();
    distance(&code_by_recursion(discount, horizon), &gradient) / norm(&gradient)
}

const GAMMA: f64 = 0.99;

pub(in crate::claims) static GAMMA_DEFAULT: Claim = Claim {
    id: "ch12-bi-gamma-default",
    origin: Origin::Guide,
    quote: "gamma=.99 reward-to-go (no gamma^t weight)",
    statement: "Discounted reward-to-go without the factor γ^{t−1} is biased for ∇J_γ and for ∇J; with it, it is exactly ∇J_γ.",
    because: "∇J_γ = E Σ_t γ^{t−1} g_t G_t^γ: without the factor every step is weighed as if an episode began there (Thomas \
              2014; Nota & \
              Thomas 2020).",
    lesson: "Here it is off by 1.5 % from ∇J_γ and by less from ∇J; with 40 steps by a fifth of |∇J_γ|, with 200 by more than \
             all of it. It is \
             the usual choice, for its variance: γ is then a parameter of the estimator, not of the objective.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "expectation_code",
            what: "E of the code's form, by [s,a]",
            value: Value::List(|| discounted_mean(GAMMA, false)),
        },
        Quantity {
            key: "gradient_gamma",
            what: "∇J_γ, by [s,a]",
            value: Value::List(|| discounted(GAMMA, 4).gradient()),
        },
        Quantity {
            key: "difference_norm",
            what: "the length of the difference",
            value: Value::Number(|| distance(&discounted_mean(GAMMA, false), &discounted(GAMMA, 4).gradient())),
        },
        Quantity {
            key: "relative_difference",
            what: "that length over |∇J_γ|",
            value: Value::Number(|| relative_difference(GAMMA, 4)),
        },
    ],
    trials: &[
        Trial {
            name: "with the factor it is ∇J_γ",
            role: Role::Confirms,
            setting: "set-mdp-1296, γ=.99: over all trajectories, against the recursion along dual numbers",
            subject: Subject::Exact(|| discounted_mean(GAMMA, true)),
            expected: || discounted(GAMMA, 4).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without it, as the code has it",
                subject: Subject::Exact(|| discounted_mean(GAMMA, false)),
            }],
        },
        Trial {
            name: "with γ=1 there is nothing to leave out",
            role: Role::Confirms,
            setting: "set-mdp-1296, γ=1: the code's form over all trajectories, against ∇J",
            subject: Subject::Exact(|| discounted_mean(1.0, false)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "γ=.99", subject: Subject::Exact(|| discounted_mean(GAMMA, false)) }],
        },
        Trial {
            name: "without the factor, by enumeration and by recursion",
            role: Role::Limits,
            setting: "set-mdp-1296, γ=.99: the code's form over all trajectories, against conditional moments",
            subject: Subject::Exact(|| discounted_mean(GAMMA, false)),
            expected: || code_by_recursion(GAMMA, 4),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the factor",
                subject: Subject::Exact(|| discounted_mean(GAMMA, true)),
            }],
        },
        Trial {
            name: "it is not ∇J_γ",
            role: Role::Limits,
            setting: "the same: the distance of the code's expectation",
            subject: Subject::Exact(|| discounted_mean(GAMMA, false)),
            expected: || discounted(GAMMA, 4).gradient(),
            judge: Judge::Different { at_least: 0.02, why: "twice 1−γ, and far above rounding" },
            counterfeits: &[Counterfeit {
                story: "with the factor",
                subject: Subject::Exact(|| discounted_mean(GAMMA, true)),
            }],
        },
        Trial {
            name: "nor ∇J",
            role: Role::Limits,
            setting: "the same, against the gradient of the undiscounted return",
            subject: Subject::Exact(|| discounted_mean(GAMMA, false)),
            expected: || mdp_1296().gradient(),
            judge: Judge::Different { at_least: 0.002, why: "a fifth of 1−γ, and far above rounding" },
            counterfeits: &[Counterfeit { story: "γ=1", subject: Subject::Exact(|| discounted_mean(1.0, false)) }],
        },
        Trial {
            name: "and more so for longer horizons",
            role: Role::Limits,
            setting: "the same world with 8, 40 and 200 steps, γ=.99: the relative difference against that of 4, 8 and 40 \
                      steps, and at last \
                      against 1",
            subject: Subject::Exact(|| [8, 40, 200, 200].map(|steps| relative_difference(GAMMA, steps)).to_vec()),
            expected: || {
                let mut shorter = [4, 8, 40].map(|steps| relative_difference(GAMMA, steps)).to_vec();
                shorter.push(1.0);
                shorter
            },
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "four steps",
                subject: Subject::Exact(|| vec![relative_difference(GAMMA, 4); 4]),
            }],
        },
        Trial {
            name: "the code's form, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296 with γ=.5, where the factor matters; against conditional moments",
            subject: Subject::Sampled(|| mdp_1296().sample(1, |_, batch| discounted_estimate(0.5, false, batch))),
            expected: || code_by_recursion(0.5, 4),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "with the factor",
                subject: Subject::Sampled(|| mdp_1296().sample(1, |_, batch| discounted_estimate(0.5, true, batch))),
            }],
        },
    ],
};

const LOGITS: [f64; 3] = [2.0, 0.0, -1.0];

/// The entropy of a softmax, in nats.
fn entropy<S: Scalar>(theta: &[S]) -> S {
    let policy = tabular(1, 3, &[0.0; 3]);
    let term = |a: usize| {
        let p = probability(&policy, theta, 0, 0, a);
        p * p.ln()
    };
    (0..3).map(term).fold(S::from(0.0), |sum, x| sum - x)
}

/// `∂H/∂θ_k = −π_k (log π_k + H)`.
fn entropy_slope() -> Vec<f64> {
    let h = entropy(&LOGITS);
    softmax(&LOGITS).iter().map(|p| -p * (numeric::ln(*p) + h)).collect()
}

/// The derivative of a loss of the log-probabilities of the three arms, by the tape.
fn arm_loss_gradient(loss: impl for<'t> Fn(Variable<'t>) -> Variable<'t>) -> Vec<f64> {
    let tape = Tape::new();
    let theta = tape.parameter(Matrix::of(1, 3, LOGITS.to_vec()));
    loss(theta.log_softmax()).backward().of(theta).entries().to_vec()
}

/// `−α H` as the code subtracts it.
fn bonus(log_probs: Variable, alpha: f64) -> Variable {
    (log_probs.exp() * log_probs).sum().scale(alpha)
}

/// The entropy after a step of `rate` against the derivative of a policy loss that favours the first arm, with `α H`
/// subtracted, or added where α is negative.
fn entropy_after_loss(alpha: f64) -> f64 {
    let slope = arm_loss_gradient(|log_probs| -log_probs.gather(&[0]) + bonus(log_probs, alpha));
    entropy(&stepped(&slope, -0.1))
}

fn stepped(direction: &[f64], rate: f64) -> Vec<f64> {
    LOGITS.iter().zip(direction).map(|(x, d)| x + rate * d).collect()
}

/// The entropy after one step of .1 along its gradient.
fn after_step() -> f64 {
    entropy(&stepped(&entropy_slope(), 0.1))
}

/// Draws of `−log π(a) ∇log π(a)`, whose mean is ∇H; or of what differentiating the samples' `−log π(a)` gives.
fn entropy_draws(weighted: bool) -> Sample {
    let world = World::new(bandit(&[0.0; 3]), tabular(1, 3, &LOGITS));
    let logs: Vec<f64> = softmax(&LOGITS).iter().map(|p| numeric::ln(*p)).collect();
    world.sample(1, |world, batch| {
        let action = batch.actions(0)[0] as usize;
        world.weighted(&batch.trajectory(0), |_| if weighted { -logs[action] } else { -1.0 })
    })
}

pub(in crate::claims) static ENTROPY_SIGN: Claim = Claim {
    id: "ch12-bi-entropy-sign",
    origin: Origin::Guide,
    quote: "subtract alpha*entropy.mean() from the policy loss: encourages exploration by penalizing deterministic policies",
    statement: "Descent on loss − αH raises H: its part in the step is +α∇H, with ∂H/∂θ_k = −π_k(log π_k + H).",
    because: "A step against the derivative of −αH climbs H, to first order by α|∇H|² times the step size.",
    lesson: "The sign is right where the loss is minimised. The entropy must be that of the distribution: −log π of the sampled \
             actions has the \
             right value and a derivative of mean zero.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "entropy_before_after",
        what: "the entropy before and after, nats",
        value: Value::List(|| vec![entropy(&LOGITS), after_step()]),
    }],
    trials: &[
        Trial {
            name: "the bonus's part of the step by the tape and in closed form",
            role: Role::Confirms,
            setting: "three arms, logits (2, 0, −1), α=.01: minus the derivative of −αH over α, against −π(log π + H)",
            subject: Subject::Exact(|| scale(-100.0, &arm_loss_gradient(|log_probs| bonus(log_probs, 0.01)))),
            expected: entropy_slope,
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "added to the loss",
                    subject: Subject::Exact(|| scale(-100.0, &arm_loss_gradient(|log_probs| bonus(log_probs, -0.01)))),
                },
                Counterfeit {
                    story: "−log π of the sampled action in place of the entropy, on average",
                    subject: Subject::Exact(|| {
                        let mut sum = vec![0.0; 3];
                        for (a, p) in softmax(&LOGITS).iter().enumerate() {
                            let slope = arm_loss_gradient(|log_probs| log_probs.gather(&[a]).scale(0.01));
                            sum.iter_mut().zip(slope).for_each(|(sum, x)| *sum -= 100.0 * p * x);
                        }
                        sum
                    }),
                },
            ],
        },
        Trial {
            name: "a step along it raises the entropy",
            role: Role::Confirms,
            setting: "the same, one step of .1 by the tape's derivative: the entropy after it, against before",
            subject: Subject::Exact(|| {
                let slope = arm_loss_gradient(|log_probs| bonus(log_probs, 1.0));
                vec![entropy(&stepped(&slope, -0.1))]
            }),
            expected: || vec![entropy(&LOGITS)],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the entropy added to the loss",
                subject: Subject::Exact(|| {
                    let slope = arm_loss_gradient(|log_probs| bonus(log_probs, -1.0));
                    vec![entropy(&stepped(&slope, -0.1))]
                }),
            }],
        },
        Trial {
            name: "by the square of the slope, to first order",
            role: Role::Confirms,
            setting: "the same, a step of 10⁻⁶: the gain over the step, against |∇H|² along dual numbers",
            subject: Subject::Exact(|| vec![1e6 * (entropy(&stepped(&entropy_slope(), 1e-6)) - entropy(&LOGITS))]),
            expected: || {
                let slope = gradient(&LOGITS, entropy);
                vec![dot(&slope, &slope)]
            },
            judge: Judge::Exact { tolerance: 1e-6, why: "the second order is a part of the step" },
            counterfeits: &[Counterfeit {
                story: "a step the other way",
                subject: Subject::Exact(|| vec![1e6 * (entropy(&stepped(&entropy_slope(), -1e-6)) - entropy(&LOGITS))]),
            }],
        },
        Trial {
            name: "beside a policy loss too",
            role: Role::Confirms,
            setting: "the same with a loss −log π(a=0), step .1: the entropy after descent on loss − αH, α=.01, .1, 1, against \
                      the loss alone",
            subject: Subject::Exact(|| [0.01, 0.1, 1.0].map(entropy_after_loss).to_vec()),
            expected: || vec![entropy_after_loss(0.0); 3],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "added to the loss",
                subject: Subject::Exact(|| [-0.01, -0.1, -1.0].map(entropy_after_loss).to_vec()),
            }],
        },
        Trial {
            name: "the slope of the entropy from samples, drawn",
            role: Role::Confirms,
            setting: "the same: −log π(a) ∇log π(a) of drawn arms, against −π(log π + H)",
            subject: Subject::Sampled(|| entropy_draws(true)),
            expected: entropy_slope,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the derivative of −log π(a), whose mean is zero",
                subject: Subject::Sampled(|| entropy_draws(false)),
            }],
        },
    ],
};

const CUT: usize = 2;

/// The estimate from the steps before the cut, with `after(t)` in place of what the cut hides.
fn fragment(path: &Trajectory, after: impl Fn(usize) -> f64) -> Vec<f64> {
    mdp_1296().weighted(path, |t| {
        if t < CUT { path.rewards[t..CUT].iter().sum::<f64>() + after(path.states[CUT] as usize) } else { 0.0 }
    })
}

/// The cut treated as an end.
fn truncated(path: &Trajectory) -> Vec<f64> {
    fragment(path, |_| 0.0)
}

/// The steps after the cut, as the next fragment has them.
fn rest(path: &Trajectory) -> Vec<f64> {
    mdp_1296().weighted(path, |t| if t < CUT { 0.0 } else { to_go(path, t) })
}

/// `Σ_{t≤2} Σ_s d_t(s) Σ_a ∇π(a|s) Q_t(s, a)`: what the steps before the cut have to contribute.
fn share_before_cut() -> Vec<f64> {
    let (world, oracle) = (mdp_1296(), mdp_1296().oracle());
    let occupancy = oracle.occupancy();
    gradient(world.policy.parameters(), |theta| {
        let mut sum = Dual::from(0.0);
        for i in 0..3 * CUT {
            for a in 0..2 {
                let weight = occupancy[i] * oracle.action_value(i / 3, i % 3, a);
                sum = sum + probability(&world.policy, theta, i / 3, i % 3, a) * Dual::from(weight);
            }
        }
        sum
    })
}

/// The fragment with the exact value of the state at the cut.
fn bootstrapped(oracle: &Oracle, path: &Trajectory) -> Vec<f64> {
    fragment(path, |s| oracle.value(CUT, s))
}

/// ∇J of the world that ends at the cut.
fn shorter() -> Vec<f64> {
    discounted(1.0, CUT).gradient()
}

pub(in crate::claims) static SINGLE_TRAJECTORY: Claim = Claim {
    id: "ch12-bi-single-trajectory",
    origin: Origin::Guide,
    quote: "the function processes ONE trajectory [T,...]",
    statement: "One complete episode a call is an unbiased estimate with N=1. A cut treated as the end estimates the gradient \
                of the shorter \
                world; bootstrapping with the value at the cut repairs it.",
    because: "G_1 and G_2 lose what comes after the cut, which the actions before it influence; V at the cut is its \
              expectation, given the \
              state there.",
    lesson: "Complete episodes, or a bootstrap at each cut: then the steps of a fragment get the right expected return, and the \
             fragments add \
             up to ∇J. The cut treated as an end turns the gradient by six degrees and halves it; of the two, the turn is what a step \
             size cannot mend.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "angle_deg",
        what: "the angle of the truncated expectation to ∇J, degrees",
        value: Value::Number(|| angle(&mdp_1296().expect(truncated), &mdp_1296().gradient())),
    }],
    trials: &[
        Trial {
            name: "one complete episode, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, V2 with N=1",
            subject: Subject::Sampled(|| mdp_1296().sample(1, v2)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "cut after two of four steps",
                subject: Subject::Sampled(|| mdp_1296().sample_paths(truncated)),
            }],
        },
        Trial {
            name: "complete episodes over all trajectories",
            role: Role::Confirms,
            setting: "the same, against ∇J by recursion",
            subject: Subject::Exact(|| mdp_1296().batch_mean(1, v2)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "cut after two of four steps",
                subject: Subject::Exact(|| mdp_1296().expect(truncated)),
            }],
        },
        Trial {
            name: "a cut treated as an end gives the gradient of the shorter world",
            role: Role::Limits,
            setting: "set-mdp-1296 cut at T=2 of 4: over all trajectories, against ∇J of the same world with two steps",
            subject: Subject::Exact(|| mdp_1296().expect(truncated)),
            expected: shorter,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the rewards after the cut kept",
                subject: Subject::Exact(|| {
                    mdp_1296().expect(|path| mdp_1296().weighted(path, |t| if t < CUT { to_go(path, t) } else { 0.0 }))
                }),
            }],
        },
        Trial {
            name: "which is another direction",
            role: Role::Limits,
            setting: "the same: the angle to ∇J, against five degrees",
            subject: Subject::Exact(|| vec![angle(&mdp_1296().expect(truncated), &mdp_1296().gradient())]),
            expected: || vec![5.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "complete episodes",
                subject: Subject::Exact(|| vec![angle(&mdp_1296().batch_mean(1, v2), &mdp_1296().gradient())]),
            }],
        },
        Trial {
            name: "the truncated estimate, drawn",
            role: Role::Limits,
            setting: "the same, against ∇J of the world with two steps",
            subject: Subject::Sampled(|| mdp_1296().sample_paths(truncated)),
            expected: shorter,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "complete episodes",
                subject: Subject::Sampled(|| mdp_1296().sample(1, v2)),
            }],
        },
        Trial {
            name: "a bootstrap gives the steps before the cut what they have to contribute",
            role: Role::Confirms,
            setting: "the same with V_3 at the cut: over all trajectories, against Σ_{t≤2} Σ_s d_t Σ_a ∇π Q_t",
            subject: Subject::Exact(|| {
                let oracle = mdp_1296().oracle();
                mdp_1296().expect(|path| bootstrapped(&oracle, path))
            }),
            expected: share_before_cut,
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "the cut treated as an end",
                    subject: Subject::Exact(|| mdp_1296().expect(truncated)),
                },
                Counterfeit {
                    story: "the value of the first step at the cut",
                    subject: Subject::Exact(|| {
                        let oracle = mdp_1296().oracle();
                        mdp_1296().expect(|path| fragment(path, |s| oracle.value(0, s)))
                    }),
                },
            ],
        },
        Trial {
            name: "and with the next fragment it is ∇J",
            role: Role::Confirms,
            setting: "the same: both fragments of each trajectory added up",
            subject: Subject::Exact(|| {
                let oracle = mdp_1296().oracle();
                mdp_1296()
                    .expect(|path| bootstrapped(&oracle, path).iter().zip(rest(path)).map(|(x, y)| x + y).collect())
            }),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the cut treated as an end in the first",
                subject: Subject::Exact(|| {
                    mdp_1296().expect(|path| truncated(path).iter().zip(rest(path)).map(|(x, y)| x + y).collect())
                }),
            }],
        },
        Trial {
            name: "the two fragments, drawn",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Sampled(|| {
                let oracle = mdp_1296().oracle();
                mdp_1296().sample_paths(move |path| {
                    bootstrapped(&oracle, path).iter().zip(rest(path)).map(|(x, y)| x + y).collect()
                })
            }),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the cut treated as an end in the first",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_paths(|path| truncated(path).iter().zip(rest(path)).map(|(x, y)| x + y).collect())
                }),
            }],
        },
    ],
};
