//! Ratios, clips and detaching (section 3.5 of the catalogue).

use super::Bug;
use crate::audit::mutant::Observable::{Direction, ImportanceSampling, Scale, ScaleByConfiguration};
use crate::batch::PaddedBatch;
use crate::estimator::recipe::{clipped, column, mean_of, ratios, sequence_ratio, truncated_ratio, unweighted};
use crate::numeric::exp;

/// Slopes from the ratio and the advantage of each step.
fn slopes(batch: &PaddedBatch, advantages: &[f64], slope: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    ratios(batch).iter().zip(advantages).map(|(ratio, advantage)| slope(*ratio, *advantage)).collect()
}

fn range(batch: &PaddedBatch) -> (f64, f64) {
    (1.0 - batch.settings.clip_below, 1.0 + batch.settings.clip_above)
}

pub(super) static BUGS: [Bug; 18] = [
    Bug {
        id: "E1",
        title: "the old log-probabilities are the new ones, detached",
        evidence: "meta-pytorch/torchforge#571",
        wrong: "ratio = exp(log_probs - log_probs.detach())",
        observable: Direction,
        active: "old data",
        equivalent: None,
        of: "ppo",
        edit: |recipe| recipe.slope = unweighted,
    },
    Bug {
        id: "E3",
        title: "truncated weights from the current policy instead of the old one",
        evidence: "THUDM/slime#179",
        wrong: "weight = min(exp(log_probs - current_log_probs), c)",
        observable: ImportanceSampling,
        active: "old data",
        equivalent: None,
        of: "truncated-importance-sampling",
        edit: |recipe| recipe.slope = unweighted,
    },
    Bug {
        id: "E4",
        title: "importance weights that are not detached",
        evidence: "verl-project/verl#4105",
        wrong: "loss = -(weight * advantages * log_probs) # weight has a gradient",
        observable: Direction,
        active: "any batch",
        equivalent: None,
        of: "truncated-importance-sampling",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                let plain = truncated_ratio(batch, advantages);
                column(batch, |i, t| {
                    let k = i * batch.steps + t;
                    plain[k] * (1.0 + batch.log_probs[k])
                })
            };
        },
    },
    Bug {
        id: "E5",
        title: "the cut ratio is differentiated instead of the log-probability",
        evidence: "allenai/open-instruct#1264 -> #1269",
        wrong: "loss = -min(ratio, 1 + eps) * advantages",
        observable: Direction,
        active: "ratios beyond the cut",
        equivalent: None,
        of: "cispo",
        edit: |recipe| {
            recipe.slope =
                |batch, advantages| slopes(batch, advantages, |r, a| if r > range(batch).1 { 0.0 } else { r * a });
        },
    },
    Bug {
        id: "E7",
        title: "every token moves the sequence's ratio as if it were alone",
        evidence: "huggingface/trl#3823, hiyouga/EasyR1#596",
        wrong: "ratio = exp(mean_log_ratio).expand(length) # summed, not averaged",
        observable: ScaleByConfiguration,
        active: "answers of several steps",
        equivalent: None,
        of: "gspo",
        edit: |recipe| {
            recipe.aggregation =
                |batch, slopes| column(batch, |i, t| slopes[i * batch.steps + t] * batch.lengths[i] as f64);
        },
    },
    Bug {
        id: "E8",
        title: "the product of the ratios instead of their geometric mean",
        evidence: "NVIDIA-NeMo/RL#2269",
        wrong: "exp(log_ratio.sum(-1))",
        observable: ImportanceSampling,
        active: "old data of several steps",
        equivalent: None,
        of: "gspo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                let whole = sequence_ratio(batch, advantages);
                column(batch, |i, t| whole[i * batch.steps + t] / batch.lengths[i] as f64)
            };
        },
    },
    Bug {
        id: "E9",
        title: "the ratio multiplied twice",
        evidence: "PufferAI/PufferLib#306",
        wrong: "ratio * (ratio * advantages)",
        observable: Direction,
        active: "old data",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                let once = slopes(batch, advantages, |r, a| r * a);
                clipped(batch, &once)
            };
        },
    },
    Bug {
        id: "E10",
        title: "the ratios of another sample",
        evidence: "ray-project/ray#7107",
        wrong: "ratio = pi(other_action) / mu(other_action)",
        observable: ImportanceSampling,
        active: "old data",
        equivalent: None,
        of: "importance-sampling",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                column(batch, |i, t| {
                    let other = (i + 1) % batch.len();
                    let log: f64 = batch.row(other).map(|k| batch.log_probs[k] - batch.behaviour_log_probs[k]).sum();
                    exp(log) * advantages[i * batch.steps + t]
                })
            };
        },
    },
    Bug {
        id: "E11",
        title: "the minimum taken before multiplying by the advantage",
        evidence: "takuseno/ppo#3",
        wrong: "min(ratio, clip(ratio)) * advantages",
        observable: Direction,
        active: "advantages below zero and ratios out of range",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope =
                |batch, advantages| slopes(batch, advantages, |r, a| if r > range(batch).1 { 0.0 } else { r * a });
        },
    },
    Bug {
        id: "E12",
        title: "the maximum in place of the minimum",
        evidence: "yandexdataschool/Practical_RL#248",
        wrong: "max(ratio * advantages, clip(ratio) * advantages)",
        observable: Direction,
        active: "ratios out of range",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                slopes(batch, advantages, |r, a| {
                    let (low, high) = range(batch);
                    if (a > 0.0 && r < low) || (a < 0.0 && r > high) { 0.0 } else { r * a }
                })
            };
        },
    },
    Bug {
        id: "E13",
        title: "the clip without the minimum",
        evidence: "pytorch/rl#786, #2021",
        wrong: "clip(ratio, 1 - eps, 1 + eps) * advantages",
        observable: Direction,
        active: "ratios out of range",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                slopes(batch, advantages, |r, a| {
                    let (low, high) = range(batch);
                    if r < low || r > high { 0.0 } else { r * a }
                })
            };
        },
    },
    Bug {
        id: "A17",
        title: "the advantage normalised between the two surrogates",
        evidence: "pytorch/rl#1033",
        wrong: "gain1 = ratio * A; A = normalise(A); gain2 = clip(ratio) * A",
        observable: Direction,
        active: "ratios out of range",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                let real: Vec<f64> = (0..batch.len()).flat_map(|i| batch.row(i)).map(|k| advantages[k]).collect();
                let mean = mean_of(&real);
                slopes(batch, advantages, |r, a| {
                    let (low, high) = range(batch);
                    let (first, second) = (r * a, r.clamp(low, high) * (a - mean));
                    if first <= second {
                        first
                    } else if r < low || r > high {
                        0.0
                    } else {
                        r * (a - mean)
                    }
                })
            };
        },
    },
    Bug {
        id: "E14",
        title: "the dual clip applied to advantages above zero",
        evidence: "thu-ml/tianshou#433",
        wrong: "max(clipped, c * advantages) # for every sign",
        observable: Direction,
        active: "advantages above zero and ratios above the bound",
        equivalent: None,
        of: "ppo-dual-clip",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                let plain = clipped(batch, advantages);
                let ratios = ratios(batch);
                let bound = batch.settings.largest_ratio;
                // max(min(r A, clip(r) A), c A) is the constant c A for every A > 0 and r < c.
                let stop =
                    |k: usize| (advantages[k] > 0.0 && ratios[k] < bound) || (advantages[k] < 0.0 && ratios[k] > bound);
                column(batch, |i, t| {
                    let k = i * batch.steps + t;
                    if stop(k) { 0.0 } else { plain[k] }
                })
            };
        },
    },
    Bug {
        id: "E15",
        title: "the bound of the dual clip is ignored",
        evidence: "opendilab/PPOxFamily#95, RLinf/RLinf#316",
        wrong: "policy_loss(..., clip_ratio_c=None)",
        observable: Direction,
        active: "advantages below zero and ratios above the bound",
        equivalent: None,
        of: "ppo-dual-clip",
        edit: |recipe| recipe.slope = clipped,
    },
    Bug {
        id: "E17",
        title: "ratios that are not 1 at the first update",
        evidence: "CarperAI/trlx#107, huggingface/trl#454",
        wrong: "old_log_probs recomputed with dropout on",
        observable: ImportanceSampling,
        active: "data of the very policy",
        equivalent: None,
        of: "ppo",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                column(batch, |i, t| {
                    let k = i * batch.steps + t;
                    exp(batch.log_probs[k] - 0.9 * batch.behaviour_log_probs[k]) * advantages[k]
                })
            };
        },
    },
    Bug {
        id: "E20",
        title: "a penalty in the reward that is not detached",
        evidence: "keras-team/keras-io#194; astariul/encode-attend-navigate-pytorch#2, #3; coreylynch/async-rl#8; muupan/async-rl#12; \
                   google-deepmind/open_spiel#827, #828; Farama-Foundation/Gymnasium#1494",
        wrong: "loss = -(advantages * log_probs).sum() # advantages has a gradient",
        observable: Direction,
        active: "a penalty",
        equivalent: None,
        of: "penalty-in-reward",
        edit: |recipe| {
            recipe.penalty = |batch| {
                column(batch, |i, _| {
                    let sum: f64 = batch.row(i).map(|k| batch.log_probs[k]).sum();
                    -batch.settings.penalty * sum
                })
            };
        },
    },
    Bug {
        id: "E21",
        title: "the value is updated before the advantage is computed",
        evidence: "dennybritz/reinforcement-learning#134",
        wrong: "critic.fit(states, returns); advantages = returns - critic(states)",
        observable: Scale,
        active: "any batch",
        equivalent: None,
        of: "value-baseline",
        edit: |recipe| {
            // The critic has gone half the way to the own return.
            recipe.advantage = |_, credit| credit.iter().map(|advantage| 0.5 * advantage).collect();
        },
    },
    Bug {
        id: "E22",
        title: "a control variate that knows the action, without its correction",
        evidence: "RELAX: a signal that leaks gradient (the catalogue names no project)",
        wrong: "advantages = returns - q(state, action)",
        observable: Direction,
        active: "any batch",
        equivalent: None,
        of: "value-baseline",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                column(batch, |i, t| {
                    let k = i * batch.steps + t;
                    advantages[k] - 0.5 * exp(batch.log_probs[k])
                })
            };
        },
    },
];
