//! Masks, padding and alignment (section 3.3 of the catalogue).

use super::Bug;
use crate::audit::mutant::Observable::{Direction, ImportanceSampling, Invariance, NotFinite};
use crate::batch::PaddedBatch;
use crate::estimator::recipe::{column, mean_of, standard_deviation};
use crate::estimator::{reward_to_go, total_return};
use crate::numeric::{exp, power};

/// The whole row of sequence `i`, padding included.
fn whole(batch: &PaddedBatch, i: usize) -> std::ops::Range<usize> {
    i * batch.steps..(i + 1) * batch.steps
}

/// The ratio of each step with the log-probabilities of the policy that acted taken `ahead` steps later.
fn misaligned(batch: &PaddedBatch, advantages: &[f64], ratio: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    column(batch, |i, t| ratio(i, t) * advantages[i * batch.steps + t])
}

pub(super) static BUGS: [Bug; 9] = [
    Bug {
        id: "C1",
        title: "rewards in the padding are summed",
        evidence: "huggingface/trl#7024, #7044",
        wrong: "mask = torch.ones_like(rewards)",
        observable: Invariance,
        active: "garbage in the padding",
        equivalent: None,
        of: "rloo",
        edit: |recipe| {
            recipe.credit =
                |batch| column(batch, |i, _| total_return(&batch.rewards[whole(batch, i)], batch.settings.discount));
        },
    },
    Bug {
        id: "C3",
        title: "the penalty sums over the padding",
        evidence: "THUDM/slime#1372, radixark/miles#1383",
        wrong: "kl.sum(-1) # not (kl * mask).sum(-1)",
        observable: Invariance,
        active: "garbage in the padding and a penalty",
        equivalent: None,
        of: "penalty-in-reward",
        edit: |recipe| {
            recipe.credit = |batch| {
                column(batch, |i, _| {
                    let total: f64 = batch.rewards[batch.row(i)].iter().sum();
                    let ratio = whole(batch, i).map(|k| batch.log_probs[k] - batch.reference_log_probs[k]);
                    total - batch.settings.penalty * ratio.sum::<f64>()
                })
            };
        },
    },
    Bug {
        id: "C4",
        title: "mean and deviation of the batch over the padding",
        evidence: "verl-project/verl#1527",
        wrong: "(returns - returns.mean()) / returns.std()",
        observable: Invariance,
        active: "padding",
        equivalent: None,
        of: "reinforce++",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                let (mean, deviation) = (mean_of(credit), standard_deviation(credit) + 1e-4);
                column(batch, |i, t| (credit[i * batch.steps + t] - mean) / deviation)
            };
        },
    },
    Bug {
        id: "C5",
        title: "rewards used instead of returns",
        evidence: "natolambert/rlhf-book#216",
        wrong: "loss = -(log_probs * rewards)",
        observable: Direction,
        active: "rewards on the way",
        equivalent: None,
        of: "reward-to-go",
        edit: |recipe| {
            recipe.credit =
                |batch| column(batch, |i, t| power(batch.settings.discount, t) * batch.rewards[i * batch.steps + t]);
        },
    },
    Bug {
        id: "C5b",
        title: "returns that begin in the padding",
        evidence: "natolambert/rlhf-book#216",
        wrong: "for t in reversed(range(max_length)): running = rewards[t] + gamma * running",
        observable: Invariance,
        active: "garbage in the padding",
        equivalent: None,
        of: "reward-to-go",
        edit: |recipe| {
            recipe.credit = |batch| {
                let discount = batch.settings.discount;
                let rows = (0..batch.len()).flat_map(|i| reward_to_go(&batch.rewards[whole(batch, i)], discount));
                let returns: Vec<f64> = rows.collect();
                column(batch, |i, t| power(discount, t) * returns[i * batch.steps + t])
            };
        },
    },
    Bug {
        id: "C6",
        title: "a mask that multiplies NaN",
        evidence: "OpenRLHF/OpenRLHF#1240",
        wrong: "(rewards * mask).sum()",
        observable: NotFinite,
        active: "NaN in the padding",
        equivalent: None,
        of: "rloo",
        edit: |recipe| {
            recipe.credit = |batch| {
                let real = batch.mask();
                column(batch, |i, _| whole(batch, i).map(|k| batch.rewards[k] * f64::from(u8::from(real[k]))).sum())
            };
        },
    },
    Bug {
        id: "C8",
        title: "the geometric mean over the padding",
        evidence: "MakazhanAlpamys/Soup#723",
        wrong: "log_ratio.mean(-1).exp()",
        observable: Invariance,
        active: "garbage in the padding",
        equivalent: None,
        of: "gspo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                column(batch, |i, t| {
                    let logs = whole(batch, i).map(|k| batch.log_probs[k] - batch.behaviour_log_probs[k]);
                    let mean = exp((logs.sum::<f64>() / batch.steps as f64).min(50.0));
                    mean * advantages[i * batch.steps + t] / batch.lengths[i] as f64
                })
            };
        },
    },
    Bug {
        id: "C9",
        title: "the mask of the log-ratio is off by one",
        evidence: "CarperAI/trlx#509, OpenRLHF#217",
        wrong: "log_ratio * mask[:, 1:]",
        observable: ImportanceSampling,
        active: "old data, the first step",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                misaligned(batch, advantages, |i, t| {
                    let k = i * batch.steps + t;
                    if t == 0 { 1.0 } else { exp(batch.log_probs[k] - batch.behaviour_log_probs[k]) }
                })
            };
        },
    },
    Bug {
        id: "C10",
        title: "old log-probabilities shifted by one",
        evidence: "lvwerra/trl#44 (now huggingface/trl), lucidrains/PaLM-rlhf-pytorch#31, AI-Hypercomputer/maxtext#2103",
        wrong: "exp(log_probs[:, :-1] - old_log_probs[:, 1:])",
        observable: ImportanceSampling,
        active: "answers of several steps",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                misaligned(batch, advantages, |i, t| {
                    let old = i * batch.steps + (t + 1) % batch.lengths[i];
                    exp(batch.log_probs[i * batch.steps + t] - batch.behaviour_log_probs[old])
                })
            };
        },
    },
];
