//! Penalties, signs, shapes and returns (sections 3.4, 3.6 and 3.7 of the catalogue).

use super::Bug;
use crate::audit::mutant::Observable::{Dead, Direction, Divergence, Identity, Invariance, Variance};
use crate::estimator::recipe::{by_row, column, k1_loss, k2_loss, k3_loss, mean_of, ratios, to_go, total};
use crate::estimator::reward_to_go;
use crate::numeric::power;

pub(super) static BUGS: [Bug; 12] = [
    Bug {
        id: "D1",
        title: "k1 as a term of the loss",
        evidence: "OpenRLHF/OpenRLHF#1309, #1101; NVIDIA-NeMo/RL#2506; allenai/open-instruct#534; verl-project/verl#2953",
        wrong: "loss += beta * (log_probs - ref_log_probs).mean()",
        observable: Divergence,
        active: "a penalty",
        equivalent: None,
        of: "penalty-k2",
        edit: |recipe| recipe.penalty = k1_loss,
    },
    Bug {
        id: "D1b",
        title: "k3 as a term of the loss, taken for the reverse divergence",
        evidence: "OpenRLHF/OpenRLHF#1309, #1101; NVIDIA-NeMo/RL#2506; allenai/open-instruct#534; verl-project/verl#2953",
        wrong: "loss += beta * (exp(-x) - 1 + x).mean()",
        observable: Divergence,
        active: "a penalty",
        equivalent: None,
        of: "penalty-k2",
        edit: |recipe| recipe.penalty = k3_loss,
    },
    Bug {
        id: "D4",
        title: "the divergence is maximised",
        evidence: "qiancheng0/ToolRL#52, Unakar/Logic-RL#58 (verl commit a65c9157)",
        wrong: "loss = policy_loss - beta * kl",
        observable: Divergence,
        active: "a penalty",
        equivalent: None,
        of: "penalty-k2",
        edit: |recipe| {
            recipe.penalty = |batch| k2_loss(batch).iter().map(|slope| -slope).collect();
        },
    },
    Bug {
        id: "D6",
        title: "a distance of log-probabilities that is no divergence",
        evidence: "marin-community/marin#1708",
        wrong: "loss += beta * (log_probs - ref_log_probs).abs().mean()",
        observable: Divergence,
        active: "a penalty",
        equivalent: None,
        of: "penalty-k2",
        edit: |recipe| {
            recipe.penalty = |batch| {
                column(batch, |i, t| {
                    let k = i * batch.steps + t;
                    let x = batch.log_probs[k] - batch.reference_log_probs[k];
                    if x == 0.0 { 0.0 } else { -batch.settings.penalty * x.signum() }
                })
            };
        },
    },
    Bug {
        id: "F1",
        title: "a missing minus",
        evidence: "natolambert/rlhf-book#125",
        wrong: "loss = (advantages * log_probs).mean()",
        observable: Direction,
        active: "any batch",
        equivalent: None,
        of: "rloo",
        edit: |recipe| {
            recipe.slope = |_, advantages| advantages.iter().map(|advantage| -advantage).collect();
        },
    },
    Bug {
        id: "F9",
        title: "ratios of shape (1, N) against advantages of shape (N)",
        evidence: "JuliaReinforcementLearning/ReinforcementLearningZoo.jl#169",
        wrong: "mean(ratio' .* advantages)",
        observable: Invariance,
        active: "old data",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                let ratios = ratios(batch);
                let real: Vec<f64> = (0..batch.len()).flat_map(|i| batch.row(i)).map(|k| ratios[k]).collect();
                let mean = mean_of(&real);
                advantages.iter().map(|advantage| mean * advantage).collect()
            };
        },
    },
    Bug {
        id: "F10",
        title: "returns of shape (N) less values of shape (N, 1)",
        evidence: "vwxyzjn/cleanrl#379; google-deepmind/acme#277",
        wrong: "advantages = returns - values # N x N, then a mean",
        observable: Invariance,
        active: "two samples",
        equivalent: None,
        of: "value-baseline",
        edit: |recipe| {
            recipe.credit = |batch| {
                let returns = to_go(batch);
                column(batch, |i, t| {
                    // The mean over j of G[j, t] − V[i, t].
                    let there: Vec<f64> = (0..batch.len())
                        .filter(|j| t < batch.lengths[*j])
                        .map(|j| returns[j * batch.steps + t])
                        .collect();
                    power(batch.settings.discount, t) * (mean_of(&there) - batch.values[i * batch.steps + t])
                })
            };
        },
    },
    Bug {
        id: "F11",
        title: "a result that is never assigned",
        evidence: "CoursIA#3326",
        wrong: "advantages - baseline # instead of advantages -= baseline, on zeros",
        observable: Dead,
        active: "any batch",
        equivalent: None,
        of: "rloo",
        edit: |recipe| recipe.advantage = |_, credit| vec![0.0; credit.len()],
    },
    Bug {
        id: "G2",
        title: "the whole return at every step",
        evidence: "udacity/deep-reinforcement-learning#42; huggingface/deep-rl-class#70",
        wrong: "for t in steps: loss -= log_prob[t] * G[0]",
        observable: Variance,
        active: "several steps",
        equivalent: Some(
            "unbiased: rewards of the past have mean zero against later scores; only the variance is larger",
        ),
        of: "reward-to-go",
        edit: |recipe| recipe.credit = total,
    },
    Bug {
        id: "G3",
        title: "rewards of the past instead of those to come",
        evidence: "hunkim/ReinforcementZeroToAll#1; TF2; mohmdelsayed/streaming-drl#3; google-research/recsim_ng#3",
        wrong: "returns = cumsum(rewards)",
        observable: Identity,
        active: "rewards on the way",
        equivalent: None,
        of: "reward-to-go",
        edit: |recipe| {
            recipe.credit = |batch| {
                by_row(batch, |i| {
                    let mut rewards = batch.rewards[batch.row(i)].to_vec();
                    rewards.reverse();
                    let mut past = reward_to_go(&rewards, batch.settings.discount);
                    past.reverse();
                    past
                })
            };
        },
    },
    Bug {
        id: "G4",
        title: "γ^t left out before the step",
        evidence: "facebookresearch/Pearl#46; dennybritz/reinforcement-learning#185; npfl122#117",
        wrong: "loss -= log_prob[t] * G[t]",
        observable: Direction,
        active: "a discount and several steps",
        equivalent: Some(
            "a convention of training code: promise Discounting::ReturnsAlone, the gradient of no objective (Nota & Thomas 2020)",
        ),
        of: "reward-to-go",
        edit: |recipe| recipe.credit = to_go,
    },
    Bug {
        id: "G9",
        title: "the last step is dropped",
        evidence: "ray-project/ray#36013",
        wrong: "for t in range(len(rewards) - 1)",
        observable: Direction,
        active: "any sequence",
        equivalent: None,
        of: "reward-to-go",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                column(batch, |i, t| if t + 1 == batch.lengths[i] { 0.0 } else { advantages[i * batch.steps + t] })
            };
        },
    },
];
