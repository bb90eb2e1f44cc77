//! The divergence as a penalty.

use crate::claims::prelude::*;
use crate::estimator::PenalisedSurrogate;

const ARMS: [f64; 4] = [3.0, 5.0, 8.0, 12.0];

const STAGES: [[f64; 4]; 3] = [[0.25; 4], [0.05, 0.1, 0.25, 0.6], [0.001, 0.004, 0.015, 0.98]];

/// `π e^{r/β}/Z`, the maximiser of `E_π'[r] − β KL(π'‖π)`.
fn tilted(pi: &[f64; 4], rewards: &[f64; 4], beta: f64) -> Vec<f64> {
    softmax(&pi.iter().zip(rewards).map(|(p, r)| numeric::ln(*p) + r / beta).collect::<Vec<f64>>())
}

/// The β at which the maximiser has KL(π'‖π) = .01.
fn beta_for(pi: &[f64; 4], rewards: &[f64; 4]) -> f64 {
    let excess = |log: f64| Divergence::of(pi, &tilted(pi, rewards, numeric::exp(log))).reverse - 0.01;
    numeric::exp(numeric::root(-3.0, 12.0, excess).expect("the divergence falls as β grows"))
}

/// The gradient in logits of `E_π'[r] − β KL(π'‖π)` at the maximiser, along dual numbers.
fn stationarity(pi: &[f64; 4], beta: f64) -> Vec<f64> {
    let at = tilted(pi, &ARMS, beta_for(pi, &ARMS));
    let logits = Dual::<4>::point(&at.iter().map(|p| numeric::ln(*p)).collect::<Vec<f64>>());
    let exps: Vec<Dual<4>> = logits.iter().map(|x| x.exp()).collect();
    let total = exps.iter().fold(Dual::from(0.0), |sum, e| sum + *e);
    let value = (0..4).fold(Dual::from(0.0), |sum, a| {
        let q = exps[a] / total;
        sum + q * Dual::from(ARMS[a]) - Dual::from(beta) * q * (q.ln() - Dual::from(numeric::ln(pi[a])))
    });
    value.tangents.to_vec()
}

pub(in crate::claims) static BETA: Claim = Claim {
    id: "ch10-beta-hard",
    origin: Origin::Guide,
    quote: "KL penalty: choosing beta is hard - too small instability, too large prevents learning. The right beta changes during \
            training.",
    statement: "On a bandit argmax E_π'[A] − β KL(π'‖π) = π e^{A/β}/Z. The β of a given divergence scales with the rewards and changes along \
                training.",
    because: "Lagrange's condition; e^{A/β} depends on the ratio of rewards to β alone.",
    lesson: "For KL=.01 the right β falls from 24 to 2.8 as the policy sharpens, and grows tenfold with the rewards: adapt it, or \
             normalise advantages.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "beta_by_stage",
            what: "β for π uniform, (.05, .1, .25, .6), (.001, .004, .015, .98)",
            value: Value::List(|| STAGES.iter().map(|pi| beta_for(pi, &ARMS)).collect()),
        },
        Quantity {
            key: "beta_rewards_x10",
            what: "β for rewards ×10, uniform",
            value: Value::Number(|| beta_for(&STAGES[0], &ARMS.map(|r| 10.0 * r))),
        },
    ],
    trials: &[
        Trial {
            name: "the tilted policy maximises the penalised objective",
            role: Role::Confirms,
            setting: "four arms (3, 5, 8, 12), three stages: the gradient in logits at π e^{r/β}/Z, along dual numbers",
            subject: Subject::Exact(|| STAGES.iter().flat_map(|pi| stationarity(pi, beta_for(pi, &ARMS))).collect()),
            expected: || vec![0.0; 12],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with another β in the objective",
                subject: Subject::Exact(|| {
                    STAGES.iter().flat_map(|pi| stationarity(pi, 2.0 * beta_for(pi, &ARMS))).collect()
                }),
            }],
        },
        Trial {
            name: "β changes along training",
            role: Role::Confirms,
            setting: "the same: β of the first stage against twice that of the last",
            subject: Subject::Exact(|| vec![beta_for(&STAGES[0], &ARMS)]),
            expected: || vec![2.0 * beta_for(&STAGES[2], &ARMS)],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the last stage itself",
                subject: Subject::Exact(|| vec![beta_for(&STAGES[2], &ARMS)]),
            }],
        },
        Trial {
            name: "β scales with the rewards",
            role: Role::Confirms,
            setting: "the same, rewards ×10",
            subject: Subject::Exact(|| vec![beta_for(&STAGES[0], &ARMS.map(|r| 10.0 * r))]),
            expected: || vec![10.0 * beta_for(&STAGES[0], &ARMS)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "10 added to the rewards",
                subject: Subject::Exact(|| vec![beta_for(&STAGES[0], &ARMS.map(|r| 10.0 + r))]),
            }],
        },
    ],
};

/// The gradient in θ' of KL between trajectories at set-mdp-shifted `e`, along dual numbers.
fn divergence_gradient(e: f64) -> Vec<f64> {
    let (old, new) = (mdp_1296(), shifted(e));
    old.expect(|path| scale(-1.0, &log_probability_gradient(&new.policy, path)))
}

const PENALTY_5: PenalisedSurrogate = PenalisedSurrogate { beta: 5.0, discount: 1.0 };

/// Draws of the penalised surrogate's gradient at set-mdp-shifted `e`, β=5.
fn penalised(e: f64) -> Sample {
    let new = shifted(e);
    mdp_1296().sample(1, |old, batch| PENALTY_5.gradient(&new.policy, &old.recorded(batch)))
}

pub(in crate::claims) static PENALTY: Claim = Claim {
    id: "ch10-penalty-first-order",
    origin: Origin::Guide,
    quote: "replace with penalty max J - beta D_KL: first order",
    statement: "The gradient of the divergence at θ'=θ is zero: the first step of each batch ignores β.",
    because: "The divergence has its minimum there.",
    lesson: "With one gradient step a batch a KL penalty to the policy that sampled does nothing in the mean, and adds noise where it is \
             estimated; it acts from the second step on.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_gradient",
        what: "the largest component of ∇KL at θ'=θ",
        value: Value::Number(|| largest(&divergence_gradient(0.0))),
    }],
    trials: &[
        Trial {
            name: "the divergence has no slope at the old policy",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| divergence_gradient(0.0)),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one step away",
                subject: Subject::Exact(|| divergence_gradient(1.0)),
            }],
        },
        Trial {
            name: "away from it, by dual numbers and by differences of the recursion",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=1: the slope along δ",
            subject: Subject::Exact(|| vec![dot(&divergence_gradient(1.0), &DELTA)]),
            expected: || {
                let at = |e: f64| mdp_1296().off_policy(&shifted(e)).divergence();
                let slope = |h: f64| (at(1.0 + h) - at(1.0 - h)) / (2.0 * h);
                vec![(4.0 * slope(1e-3) - slope(2e-3)) / 3.0]
            },
            judge: DIFFERENCES,
            counterfeits: &[Counterfeit {
                story: "at e=.9",
                subject: Subject::Exact(|| vec![dot(&divergence_gradient(0.9), &DELTA)]),
            }],
        },
        Trial {
            name: "the first penalised step is a plain one, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, β=5, on the policy's own data",
            subject: Subject::Sampled(|| penalised(0.0)),
            expected: || mdp_1296().gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the second step, at e=1",
                subject: Subject::Sampled(|| penalised(1.0)),
            }],
        },
        Trial {
            name: "the later ones are not",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=1, β=5: the estimator's mean against the surrogate's gradient less β times the divergence's",
            subject: Subject::Exact(|| {
                let (old, new) = (mdp_1296(), shifted(1.0));
                old.expect(|path| PENALTY_5.gradient(&new.policy, &old.recorded(&Batch::of(4, [path]))))
            }),
            expected: || {
                let surrogate = mdp_1296().off_policy(&shifted(1.0)).gradient_of(Whose::Behaviour, Whose::Behaviour);
                difference(&surrogate, &scale(5.0, &divergence_gradient(1.0)))
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without a penalty",
                subject: Subject::Exact(|| mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::PerTimestep)),
            }],
        },
    ],
};
