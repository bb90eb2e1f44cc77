//! Averages and accumulation (section 3.2 of the catalogue).

use super::Bug;
use crate::audit::mutant::Observable::{Direction, Invariance, ScaleByConfiguration};
use crate::batch::PaddedBatch;
use crate::estimator::recipe::{column, constant_length, k2_loss, left_out, sequence_mean, sequence_sum, token_mean};

fn scaled(slopes: &[f64], factor: f64) -> Vec<f64> {
    slopes.iter().map(|slope| factor * slope).collect()
}

/// How many micro-batches like this one make the whole.
fn parts(batch: &PaddedBatch) -> f64 {
    batch.whole.sequences as f64 / batch.len() as f64
}

pub(super) static BUGS: [Bug; 12] = [
    Bug {
        id: "B1",
        title: "the global normaliser is not rescaled for accumulation",
        evidence: "huggingface/trl#6024",
        wrong: "loss.sum() / total_tokens * accumulation_steps # the trainer averages already",
        observable: ScaleByConfiguration,
        active: "micro-batches",
        equivalent: None,
        of: "dapo",
        edit: |recipe| recipe.aggregation = |batch, slopes| scaled(&token_mean(batch, slopes), parts(batch)),
    },
    Bug {
        id: "B2",
        title: "divided by the accumulation steps twice",
        evidence: "modelscope/ms-swift#10117, #10116",
        wrong: "loss / accumulation_steps # the trainer divides too",
        observable: ScaleByConfiguration,
        active: "micro-batches",
        equivalent: None,
        of: "rloo",
        edit: |recipe| recipe.aggregation = |batch, slopes| scaled(slopes, 1.0 / parts(batch)),
    },
    Bug {
        id: "B13",
        title: "no division by the accumulation steps",
        evidence: "verl-project/verl#3332; huggingface/trl#3716",
        wrong: "loss.backward() # for each micro-batch, without / accumulation_steps",
        observable: ScaleByConfiguration,
        active: "micro-batches",
        equivalent: None,
        of: "reinforce",
        edit: |recipe| recipe.aggregation = |batch, slopes| scaled(slopes, parts(batch)),
    },
    Bug {
        id: "B3",
        title: "a mean over the steps of the micro-batch, or weighted by its samples",
        evidence: "allenai/open-instruct#1137, #1161; verl-project/verl#906, #5625, #5641 (B5)",
        wrong: "masked_mean(loss, mask) # of the micro-batch",
        observable: Invariance,
        active: "micro-batches of ragged answers",
        equivalent: None,
        of: "dapo",
        edit: |recipe| {
            recipe.aggregation = |batch, slopes| scaled(slopes, batch.len() as f64 / batch.real_steps() as f64);
        },
    },
    Bug {
        id: "B4",
        title: "loss and penalty have different normalisers",
        evidence: "huggingface/trl#2995, #3021",
        wrong: "loss.mean() + beta * kl.sum() / micro_batch_tokens",
        observable: Invariance,
        active: "micro-batches of ragged answers with a penalty",
        equivalent: None,
        of: "penalty-k2",
        edit: |recipe| {
            recipe.penalty = |batch| scaled(&k2_loss(batch), batch.len() as f64 / batch.real_steps() as f64);
        },
    },
    Bug {
        id: "B6",
        title: "divided by the workers twice",
        evidence: "verl-project/verl#5798, #5366, #4510",
        wrong: "loss / world_size # gradients are averaged too",
        observable: ScaleByConfiguration,
        active: "several workers",
        equivalent: None,
        of: "grpo",
        edit: |recipe| recipe.aggregation = |batch, slopes| scaled(&sequence_mean(batch, slopes), 1.0 / parts(batch)),
    },
    Bug {
        id: "B7",
        title: "a sum over the batch",
        evidence: "verl-project/verl#3741",
        wrong: "loss.sum() / max_length # not / batch",
        observable: ScaleByConfiguration,
        active: "batches of different size",
        equivalent: None,
        of: "dr-grpo",
        edit: |recipe| {
            recipe.aggregation = |batch, slopes| scaled(&constant_length(batch, slopes), batch.len() as f64);
        },
    },
    Bug {
        id: "B8",
        title: "a mean over the steps of each answer",
        evidence: "huggingface/trl#3138, #3178, #3187; verl#2435",
        wrong: "(loss * mask).sum(1) / mask.sum(1)",
        observable: Direction,
        active: "answers of different length",
        equivalent: Some("intended by its papers: 1/L for each answer, which is the gradient of no objective"),
        of: "rloo",
        edit: |recipe| recipe.aggregation = sequence_mean,
    },
    Bug {
        id: "B9",
        title: "a mean over the steps of the group instead of the batch",
        evidence: "verl-project/verl#2776",
        wrong: "group_loss.sum() / group_tokens",
        observable: ScaleByConfiguration,
        active: "groups whose answers differ in length",
        equivalent: None,
        of: "dapo",
        edit: |recipe| {
            recipe.aggregation = |batch, slopes| {
                column(batch, |i, t| {
                    let steps: usize = batch.group_of(i).map(|j| batch.lengths[j]).sum();
                    slopes[i * batch.steps + t] * batch.group_of(i).count() as f64 / steps as f64
                })
            };
        },
    },
    Bug {
        id: "B10",
        title: "pads counted in the denominator",
        evidence: "rllm-org/rllm#508",
        wrong: "loss.sum() / loss.numel()",
        observable: Invariance,
        active: "padding",
        equivalent: None,
        of: "dapo",
        edit: |recipe| recipe.aggregation = constant_length,
    },
    Bug {
        id: "B11",
        title: "rejected steps counted in the denominator",
        evidence: "THUDM/slime#657",
        wrong: "(loss * accepted).sum() / mask.sum()",
        observable: ScaleByConfiguration,
        active: "a rejected answer",
        equivalent: None,
        of: "dapo",
        edit: |recipe| {
            recipe.rejection = |recipe, batch| {
                let rejected: usize = (0..batch.len()).filter(|i| batch.rejected[*i]).map(|i| batch.lengths[i]).sum();
                let mut counted = batch.clone();
                counted.whole.steps += rejected;
                left_out(recipe, &counted)
            };
        },
    },
    Bug {
        id: "B12",
        title: "divided by the number of answers instead of their steps",
        evidence: "PrimeIntellect-ai/prime-rl#2034",
        wrong: "loss.sum() / batch_size",
        observable: ScaleByConfiguration,
        active: "answers of several steps",
        equivalent: None,
        of: "dapo",
        edit: |recipe| recipe.aggregation = sequence_sum,
    },
];
