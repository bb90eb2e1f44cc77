//! What flows back through a weight that is not frozen.

use super::surrogate::to_go_weights;
use crate::autodiff::{Tape, Variable};
use crate::claims::losses::{column, log_probs, loss_gradient};
use crate::claims::prelude::*;
use crate::numeric::Matrix;

/// `Σ_t log π (G_t − V_θ(s_t))` with `V_θ(s) = θ[s,0]`, a value read from the policy's own parameters.
fn shared_value(world: &World, batch: &Batch, detached: bool) -> Vec<f64> {
    loss_gradient(world, batch, |theta, log_probs| {
        let places: Vec<usize> =
            (0..batch.len()).flat_map(|i| batch.observations(i).iter().map(|o| 2 * *o as usize)).collect();
        let value = theta.pick(places.len(), 1, places);
        let value = if detached { value.detach() } else { value };
        let advantage = column(log_probs, to_go_weights(batch, 0.0)) - value;
        (log_probs * advantage).sum().scale(1.0 / batch.len() as f64)
    })
}

fn leaking(world: &World, batch: &Batch) -> Vec<f64> {
    shared_value(world, batch, false)
}

fn frozen(world: &World, batch: &Batch) -> Vec<f64> {
    shared_value(world, batch, true)
}

/// `−E[Σ_t log π ∇V_θ]` in closed form: `Σ_t d_t(s)` times the entropy of `π(·|s)`, at the component `[s,0]`.
fn extra_term() -> Vec<f64> {
    let world = mdp_1296();
    let occupancy = world.oracle().occupancy();
    let entropy = |s: usize| {
        let p = |a: usize| probability(&world.policy, world.policy.parameters(), 0, s, a);
        (0..2).map(|a| -p(a) * numeric::ln(p(a))).sum::<f64>()
    };
    let visits = |s: usize| occupancy.iter().skip(s).step_by(3).sum::<f64>();
    (0..3).flat_map(|s| [visits(s) * entropy(s), 0.0]).collect()
}

fn leaking_mean() -> Vec<f64> {
    mdp_1296().batch_mean(1, leaking)
}

pub(in crate::claims) static DETACH: Claim = Claim {
    id: "ch08-detach",
    origin: Origin::Guide,
    quote: "If w depended on theta, you'd get extra terms and the rearrangement would be invalid",
    statement: "∇(log π · w) = w ∇ log π + log π ∇w. For w = G − V_θ with shared parameters the extra term is \
                −E[Σ_t log π ∇V_θ], the entropies of the visited states where V_θ(s) = θ[s,0].",
    because: "The product rule.",
    lesson: "Detach the weight. Where V has parameters of its own the policy is safe and the critic is not; where they are \
             shared the policy gradient itself is turned.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "extra_term",
            what: "−E[Σ_t log π(a_t|s_t) ∇V_θ(s_t)], row-major",
            value: Value::List(extra_term),
        },
        Quantity {
            key: "angle_deg",
            what: "the angle between the undetached gradient and ∇J, in degrees",
            value: Value::Number(|| angle(&leaking_mean(), &mdp_1296().gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "the undetached mean is the gradient and the extra term",
            role: Role::Confirms,
            setting: "set-mdp-1296, V_θ(s) = θ[s,0], all trajectories on the tape; ∇J by dynamic programming, the extra term \
                      by occupancy and entropies",
            subject: Subject::Exact(leaking_mean),
            expected: || {
                let (gradient, extra) = (mdp_1296().gradient(), extra_term());
                gradient.iter().zip(extra).map(|(g, x)| g + x).collect()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "detached: no extra term",
                subject: Subject::Exact(|| mdp_1296().batch_mean(1, frozen)),
            }],
        },
        Trial {
            name: "detached it is the gradient",
            role: Role::Confirms,
            setting: "the same, V detached on the tape",
            subject: Subject::Exact(|| mdp_1296().batch_mean(1, frozen)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "undetached", subject: Subject::Exact(leaking_mean) }],
        },
        Trial {
            name: "the undetached mean, drawn",
            role: Role::Confirms,
            setting: "the same, one trajectory",
            subject: Subject::Sampled(|| mdp_1296().sample(1, leaking)),
            expected: || {
                let (gradient, extra) = (mdp_1296().gradient(), extra_term());
                gradient.iter().zip(extra).map(|(g, x)| g + x).collect()
            },
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "detached",
                subject: Subject::Sampled(|| mdp_1296().sample(1, frozen)),
            }],
        },
    ],
};

const ADVANTAGES: [f64; 2] = [1.0, -0.5];

/// Old and new probabilities in state 0 of set-mdp-shifted.
fn state_0() -> [Vec<f64>; 2] {
    let (old, new) = (mdp_1296(), shifted(1.0));
    [softmax(&old.policy.parameters()[..2]), softmax(&new.policy.parameters()[..2])]
}

/// The tape's derivative, at the new logits of state 0, of `E_old` of a loss of `log π'` and the live ratio `ρ`.
fn one_step(loss: impl for<'t> Fn(Variable<'t>, Variable<'t>) -> Variable<'t>) -> Vec<f64> {
    let old = &state_0()[0];
    let tape = Tape::new();
    let theta = tape.parameter(Matrix::of(1, 2, shifted(1.0).policy.parameters()[..2].to_vec()));
    let path = |action: u32| Trajectory {
        states: vec![0],
        observations: vec![0],
        actions: vec![action],
        rewards: vec![0.0],
        terminated: false,
    };
    let logs = log_probs(theta, &Batch::of(1, [&path(0), &path(1)]));
    let ratio = (logs - column(logs, old.iter().map(|p| numeric::ln(*p)).collect())).exp();
    let weights = column(logs, old.iter().zip(ADVANTAGES).map(|(p, a)| p * a).collect());
    let gradient = (weights * loss(logs, ratio)).sum().backward().of(theta);
    gradient.entries().to_vec()
}

/// `Σ_a μ(a) w(a) (e_a − π')` with the new policy's scores.
fn scored(weight: impl Fn(usize) -> f64) -> Vec<f64> {
    let [old, new] = state_0();
    let score = |a: usize, b: usize| f64::from(u8::from(a == b)) - new[b];
    (0..2).map(|b| (0..2).map(|a| old[a] * weight(a) * score(a, b)).sum()).collect()
}

fn log_live_ratio() -> Vec<f64> {
    one_step(|logs, ratio| logs * ratio)
}

fn live_ratio() -> Vec<f64> {
    one_step(|_, ratio| ratio)
}

pub(in crate::claims) static RATIO: Claim = Claim {
    id: "ch08-detach-is-ratio",
    origin: Origin::Ours,
    quote: "(same) theta-dependent IS weight not detached",
    statement: "log π' · ρ · A with a live ratio has gradient ρ A (1 + log π') ∇ log π', which is wrong; ρ A without the logarithm \
                has gradient ρ A ∇ log π', which is right.",
    because: "∇ρ = ρ ∇ log π'. In the first form both factors are differentiated.",
    lesson: "Either the logarithm with a detached ratio, or the live ratio without a logarithm: never both.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "gradient_log_live_ratio",
            what: "∂/∂θ[0,0], ∂/∂θ[0,1] of E[ρ A log π'], ρ live",
            value: Value::List(log_live_ratio),
        },
        Quantity {
            key: "gradient_ratio", what: "∂/∂θ[0,0], ∂/∂θ[0,1] of E[ρ A]", value: Value::List(live_ratio)
        },
    ],
    trials: &[
        Trial {
            name: "the logarithm with a live ratio, on the tape and in closed form",
            role: Role::Confirms,
            setting: "state 0 of set-mdp-shifted as a bandit, A = (1, −.5), mean under the old policy, derivative at the new",
            subject: Subject::Exact(log_live_ratio),
            expected: || {
                let [old, new] = state_0();
                scored(|a| new[a] / old[a] * ADVANTAGES[a] * (1.0 + numeric::ln(new[a])))
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the ratio detached",
                subject: Subject::Exact(|| one_step(|logs, ratio| logs * ratio.detach())),
            }],
        },
        Trial {
            name: "the ratio alone has the gradient of E_new[A]",
            role: Role::Confirms,
            setting: "the same; E_new[A] differentiated along dual numbers",
            subject: Subject::Exact(live_ratio),
            expected: expected_advantage_gradient,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the logarithm with a live ratio",
                subject: Subject::Exact(log_live_ratio),
            }],
        },
        Trial {
            name: "so has the logarithm with a detached ratio",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| one_step(|logs, ratio| logs * ratio.detach())),
            expected: expected_advantage_gradient,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the logarithm without a ratio",
                subject: Subject::Exact(|| one_step(|logs, _| logs)),
            }],
        },
        Trial {
            name: "the logarithm with a live ratio, drawn",
            role: Role::Confirms,
            setting: "the same bandit, actions of the old policy",
            subject: Subject::Sampled(|| ratio_draws(true)),
            expected: log_live_ratio,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the ratio detached",
                subject: Subject::Sampled(|| ratio_draws(false)),
            }],
        },
    ],
};

fn expected_advantage_gradient() -> Vec<f64> {
    let theta = &shifted(1.0).policy.parameters()[..2].to_vec();
    crate::autodiff::gradient(theta, |theta| {
        let p = sigmoid(theta[0] - theta[1]);
        p * Dual::from(ADVANTAGES[0]) + (Dual::from(1.0) - p) * Dual::from(ADVANTAGES[1])
    })
}

/// Draws of `ρ A (1 + log π') ∇ log π'`, or without the term of the live ratio.
fn ratio_draws(live: bool) -> Sample {
    let [old, new] = state_0();
    let world = World::new(bandit(&[0.0, 0.0]), tabular(1, 2, &mdp_1296().policy.parameters()[..2]));
    world.sample_paths(move |path| {
        let a = path.actions[0] as usize;
        let factor = if live { 1.0 + numeric::ln(new[a]) } else { 1.0 };
        let weight = new[a] / old[a] * ADVANTAGES[a] * factor;
        (0..2).map(|b| weight * (f64::from(u8::from(a == b)) - new[b])).collect()
    })
}
