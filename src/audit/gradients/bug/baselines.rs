//! Baselines, groups and normalisation (section 3.1 of the catalogue).

use super::Bug;
use crate::audit::mutant::Observable::{Dead, Direction, Invariance, NotFinite, ScaleByConfiguration, Variance};
use crate::batch::PaddedBatch;
use crate::estimator::recipe::{
    among_all, column, group_centred, leave_one_out, mean_of, standard_deviation, standardised, total,
};

/// The credit of each sequence's first step.
fn firsts(batch: &PaddedBatch, credit: &[f64]) -> Vec<f64> {
    (0..batch.len()).map(|i| credit[i * batch.steps]).collect()
}

/// The credit less a baseline made of the credits of all sequences.
fn less(batch: &PaddedBatch, credit: &[f64], baseline: impl Fn(usize, &[f64]) -> f64) -> Vec<f64> {
    let firsts = firsts(batch, credit);
    let baselines: Vec<f64> = (0..batch.len()).map(|i| baseline(i, &firsts)).collect();
    column(batch, |i, t| credit[i * batch.steps + t] - baselines[i])
}

/// The mean of the others among those whose places lie in the same stretch of `stride`.
fn by_stride(batch: &PaddedBatch, credit: &[f64], stride: usize) -> Vec<f64> {
    less(batch, credit, |i, totals| {
        let others: Vec<f64> =
            (0..batch.len()).filter(|j| *j != i && j / stride == i / stride).map(|j| totals[j]).collect();
        if others.is_empty() { 0.0 } else { mean_of(&others) }
    })
}

fn number_of_groups(batch: &PaddedBatch) -> usize {
    let mut labels = batch.groups.clone();
    labels.sort_unstable();
    labels.dedup();
    labels.len()
}

pub(super) static BUGS: [Bug; 21] = [
    Bug {
        id: "A1",
        title: "groups of one get no advantage",
        evidence: "verl-project/verl#7793, #7794, #7581",
        wrong: "if group_size == 1 { advantage = 0.0 }",
        observable: Dead,
        active: "groups of one",
        equivalent: None,
        of: "rloo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                let advantages = leave_one_out(batch, credit);
                column(batch, |i, t| if batch.group_of(i).count() == 1 { 0.0 } else { advantages[i * batch.steps + t] })
            };
        },
    },
    Bug {
        id: "A2",
        title: "an ε that drowns the deviation of quiet groups",
        evidence: "verl-project/verl#6348",
        wrong: "(reward - mean) / (variance + 1.0).sqrt()",
        observable: ScaleByConfiguration,
        active: "groups with little deviation",
        equivalent: None,
        of: "grpo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                let centred = group_centred(batch, credit);
                column(batch, |i, t| {
                    let group: Vec<f64> = batch.group_of(i).map(|j| centred[j * batch.steps]).collect();
                    let deviation = standard_deviation(&group);
                    centred[i * batch.steps + t] / (deviation * deviation + 1.0).sqrt()
                })
            };
        },
    },
    Bug {
        id: "A3",
        title: "the group's mean holds the own sample",
        evidence: "thinking-machines-lab/tinker-cookbook#135",
        wrong: "reward - group.mean()",
        observable: ScaleByConfiguration,
        active: "groups of different size",
        equivalent: None,
        of: "rloo",
        edit: |recipe| recipe.advantage = group_centred,
    },
    Bug {
        id: "A4",
        title: "the batch's mean as baseline, the own sample included",
        evidence: "jsboige/CoursIA#15256",
        wrong: "reward - rewards.mean()",
        observable: ScaleByConfiguration,
        active: "batches of different size",
        equivalent: None,
        of: "rloo",
        edit: |recipe| recipe.advantage = |batch, credit| less(batch, credit, |_, totals| mean_of(totals)),
    },
    Bug {
        id: "A5",
        title: "the first sample of the group as baseline for all",
        evidence: "ServiceNow/PipelineRL#54",
        wrong: "reward - group[0]",
        observable: Direction,
        active: "two samples of a prompt",
        equivalent: None,
        of: "rloo",
        edit: |recipe| {
            recipe.advantage =
                |batch, credit| less(batch, credit, |i, totals| totals[batch.group_of(i).next().unwrap_or(i)]);
        },
    },
    Bug {
        id: "A6",
        title: "a baseline from other rewards than those that are weighed",
        evidence: "PrimeIntellect-ai/prime-rl#2040",
        wrong: "corrected_reward - mean(raw_rewards_of_the_others)",
        observable: Variance,
        active: "rewards that were corrected",
        equivalent: Some(
            "the baseline does not know the own sample, so the mean is right; the variance is not the least",
        ),
        of: "rloo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                let half = leave_one_out(batch, credit);
                half.iter().zip(credit).map(|(a, c)| 0.5 * (a + c)).collect()
            };
        },
    },
    Bug {
        id: "A7",
        title: "normalised over the batch instead of the group",
        evidence: "XU-YIJIE/grpo-flat#2",
        wrong: "(rewards - rewards.mean(axis=0)) / rewards.std(axis=0)",
        observable: Direction,
        active: "two prompts of different difficulty",
        equivalent: None,
        of: "grpo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                let totals = firsts(batch, credit);
                let (mean, deviation) = (mean_of(&totals), standard_deviation(&totals) + 1e-4);
                column(batch, |i, _| (totals[i] - mean) / deviation)
            };
        },
    },
    Bug {
        id: "A8",
        title: "groups found by reshaping, though they are interleaved",
        evidence: "StarsfieldAI/R1-V#67",
        wrong: "rewards.view(groups, -1)",
        observable: Invariance,
        active: "interleaved groups",
        equivalent: None,
        of: "rloo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| by_stride(batch, credit, (batch.len() / number_of_groups(batch)).max(1));
        },
    },
    Bug {
        id: "A9",
        title: "members counted twice",
        evidence: "radixark/miles#1325",
        wrong: "mean(group + group) without the own sample once",
        observable: ScaleByConfiguration,
        active: "groups of different size",
        equivalent: None,
        of: "rloo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                less(batch, credit, |i, totals| {
                    let twice: f64 = batch.group_of(i).map(|j| 2.0 * totals[j]).sum();
                    (twice - totals[i]) / (2 * batch.group_of(i).count() - 1) as f64
                })
            };
        },
    },
    Bug {
        id: "A10",
        title: "partial groups found by the stride of full ones",
        evidence: "areal-project/AReaL#1419",
        wrong: "group = index / group_size",
        observable: Invariance,
        active: "groups that differ in size",
        equivalent: None,
        of: "rloo",
        edit: |recipe| recipe.advantage = |batch, credit| by_stride(batch, credit, batch.group_of(0).count()),
    },
    Bug {
        id: "A11",
        title: "the group's deviation where the batch's was asked for",
        evidence: "huggingface/trl#3991",
        wrong: "centred / group.std()",
        observable: ScaleByConfiguration,
        active: "two prompts",
        equivalent: None,
        of: "reinforce++-baseline",
        edit: |recipe| recipe.advantage = standardised,
    },
    Bug {
        id: "A12",
        title: "the option not to scale is ignored",
        evidence: "axolotl-ai-cloud/axolotl#3731",
        wrong: "if scale_rewards: # always true of a string",
        observable: ScaleByConfiguration,
        active: "rewards of another scale",
        equivalent: None,
        of: "group-mean",
        edit: |recipe| recipe.advantage = standardised,
    },
    Bug {
        id: "A12b",
        title: "REINFORCE++ normalised by group",
        evidence: "axolotl-ai-cloud/axolotl#3731",
        wrong: "(rewards - group.mean()) / group.std()",
        observable: ScaleByConfiguration,
        active: "two prompts",
        equivalent: None,
        of: "reinforce++",
        edit: |recipe| recipe.advantage = standardised,
    },
    Bug {
        id: "A13",
        title: "the deviation of a group over G instead of G−1",
        evidence: "JIA-Lab-research/Seg-Zero#104, langfengQ/verl-agent#236",
        wrong: "std(rewards, unbiased=False)",
        observable: ScaleByConfiguration,
        active: "small groups",
        equivalent: Some("√(G/(G−1)) in all weights of a group: a convention"),
        of: "grpo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                let sample = standardised(batch, credit);
                column(batch, |i, t| {
                    let g = batch.group_of(i).count() as f64;
                    sample[i * batch.steps + t] * if g > 1.0 { (g / (g - 1.0)).sqrt() } else { 1.0 }
                })
            };
        },
    },
    Bug {
        id: "A14",
        title: "answers that are not the best keep their weight",
        evidence: "hiyouga/EasyR1#585",
        wrong: "advantage = reward - other # without .max(0)",
        observable: Direction,
        active: "two samples of a prompt",
        equivalent: None,
        of: "best-of-two",
        edit: |recipe| {
            recipe.advantage = |batch, _| {
                let credit = total(batch);
                leave_one_out(batch, &credit).iter().map(|a| 2.0 * a).collect()
            };
        },
    },
    Bug {
        id: "A15",
        title: "rejected answers are in the group's mean",
        evidence: "verl-project/verl#6452, #6362",
        wrong: "advantages = (rewards - group.mean()) * accepted # the mean was over all",
        observable: Direction,
        active: "a rejected answer",
        equivalent: None,
        of: "dr-grpo",
        edit: |recipe| {
            recipe.rejection = |recipe, batch| {
                let weights = recipe.stages(batch);
                let width = batch.steps;
                let accepted: Vec<f64> =
                    batch.accepted().flat_map(|i| weights[i * width..(i + 1) * width].to_vec()).collect();
                among_all(batch, &accepted)
            };
        },
    },
    Bug {
        id: "A16",
        title: "normalised over the sequences at each step, though there is one",
        evidence: "tensorflow/agents#651",
        wrong: "(returns - returns.mean(axis=0)) / returns.std(axis=0)",
        observable: Dead,
        active: "a single sequence",
        equivalent: None,
        of: "whitened-returns",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                let at = |t: usize| -> Vec<f64> {
                    let there = (0..batch.len()).filter(|i| t < batch.lengths[*i]);
                    there.map(|i| credit[i * batch.steps + t]).collect()
                };
                let steps: Vec<(f64, f64)> =
                    (0..batch.steps).map(at).map(|all| (mean_of(&all), standard_deviation(&all) + 1e-4)).collect();
                column(batch, |i, t| (credit[i * batch.steps + t] - steps[t].0) / steps[t].1)
            };
        },
    },
    Bug {
        id: "A18",
        title: "the deviation of one sample",
        evidence: "DLR-RM/stable-baselines3#325, #265, #1028; thu-ml/tianshou#1298; huggingface/trl#5773",
        wrong: "rewards.std() # of one number",
        observable: NotFinite,
        active: "groups of one",
        equivalent: None,
        of: "grpo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                let centred = group_centred(batch, credit);
                column(batch, |i, t| {
                    let group: Vec<f64> = batch.group_of(i).map(|j| centred[j * batch.steps]).collect();
                    let squares: f64 = group.iter().map(|x| x * x).sum();
                    centred[i * batch.steps + t] / ((squares / (group.len() as f64 - 1.0)).sqrt() + 1e-4)
                })
            };
        },
    },
    Bug {
        id: "A19",
        title: "divided by the deviation without being centred",
        evidence: "keon/policy-gradient#5",
        wrong: "rewards / rewards.std()",
        observable: Variance,
        active: "rewards far from zero",
        equivalent: None,
        of: "grpo",
        edit: |recipe| {
            recipe.advantage = |batch, credit| {
                column(batch, |i, t| {
                    let group: Vec<f64> = batch.group_of(i).map(|j| credit[j * batch.steps]).collect();
                    credit[i * batch.steps + t] / (standard_deviation(&group) + 1e-4)
                })
            };
        },
    },
    Bug {
        id: "A20",
        title: "the advantage averaged over the batch before it weighs",
        evidence: "Deep-RL-Hands-On PR#9 (PacktPublishing)",
        wrong: "advantages.mean() * log_probs.mean()",
        observable: Direction,
        active: "any batch",
        equivalent: None,
        of: "value-baseline",
        edit: |recipe| {
            recipe.slope = |batch, advantages| {
                let real: Vec<f64> = (0..batch.len()).flat_map(|i| batch.row(i)).map(|k| advantages[k]).collect();
                let mean = mean_of(&real);
                column(batch, |_, _| mean)
            };
        },
    },
    Bug {
        id: "A21",
        title: "α overridden",
        evidence: "verl-project/verl#6478",
        wrong: "alpha = 1.0",
        observable: ScaleByConfiguration,
        active: "groups whose rewards are all alike",
        equivalent: None,
        of: "gpg",
        edit: |recipe| recipe.advantage = group_centred,
    },
];
