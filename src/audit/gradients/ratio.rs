//! Ratios and clips, read off the weights: identities that do not ask what the advantages are.

use super::KINDS;
use super::judge::shown;
use crate::audit::check::{Check, Evidence, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::situation::{RANGE, Situation};
use crate::audit::subject::{Clip, Promises, Ratio};
use crate::batch::PaddedBatch;
use crate::numeric::exp;

pub(super) static CHECKS: [Check; 2] = [
    Check {
        id: "ratio/table",
        statement: "a weight is the promised ratio times what it would be at a ratio of 1",
        because: "ratios that are missing, squared, of the wrong step, over the wrong length, or differentiated twice",
        kinds: &KINDS,
        run: table,
    },
    Check {
        id: "clip/table",
        statement: "the clip stops what it promises to stop, above and below, and lets everything else through",
        because: "min and max exchanged, the minimum taken before multiplying by the advantage, a clip on the wrong sign",
        kinds: &KINDS,
        run: clip,
    },
];

/// The promised ratio of each step.
fn ratios(batch: &PaddedBatch, ratio: Ratio) -> Vec<f64> {
    let mut out = vec![1.0; batch.len() * batch.steps];
    for i in 0..batch.len() {
        let row = batch.row(i);
        let logs: Vec<f64> = row.clone().map(|k| batch.log_probs[k] - batch.behaviour_log_probs[k]).collect();
        let sum: f64 = logs.iter().sum();
        for (k, log) in row.zip(&logs) {
            out[k] = match ratio {
                Ratio::None => 1.0,
                Ratio::Step => exp(*log),
                Ratio::Sequence => exp(sum),
                Ratio::GeometricMean => exp(sum / logs.len() as f64),
            };
        }
    }
    out
}

/// The same batch as if the policy itself had acted.
fn fresh(batch: &PaddedBatch) -> PaddedBatch {
    PaddedBatch { behaviour_log_probs: batch.log_probs.clone(), ..batch.clone() }
}

fn applies(examination: &Examination) -> Option<Finding> {
    if examination.promises().ratio == Ratio::None {
        return Some(Finding::skipped("it promises no ratios"));
    }
    let batch = PaddedBatch::clone(&first(examination.situation("stale"), examination.promises()));
    examination.weights(&batch).is_none().then(|| Finding::skipped("a whole gradient has no weights to read off"))
}

fn first(situation: &Situation, promises: &Promises) -> PaddedBatch {
    let mut found = None;
    let _ = situation.for_each_batch(promises, |_, laid| {
        found = Some(laid.batch.clone());
        Err(())
    });
    found.expect("a setting has batches")
}

/// Calls `look` with every real step of the stale settings: its ratio, its weight at a ratio of 1, its weight, and that under
/// other hyperparameters.
fn each_step(
    examination: &Examination,
    clipped: &Situation,
    free: &Situation,
    mut look: impl FnMut(f64, f64, f64, f64),
) -> Result<(), Fault> {
    let promises = examination.promises();
    let weights =
        |batch: &PaddedBatch| examination.weights(batch).unwrap_or_else(|| Ok(vec![0.0; batch.rewards.len()]));
    let mut narrow = Vec::new();
    clipped.for_each_batch(promises, |_, laid| {
        narrow.push(weights(&laid.batch)?);
        Ok::<(), Fault>(())
    })?;
    let mut narrow = narrow.into_iter();
    free.for_each_batch(promises, |_, laid| {
        let batch = &laid.batch;
        let (wide, plain) = (weights(batch)?, weights(&fresh(batch))?);
        let narrow = narrow.next().unwrap_or_default();
        let ratios = ratios(batch, promises.ratio);
        for k in (0..batch.len()).flat_map(|i| batch.row(i)) {
            look(ratios[k], plain[k], wide[k], narrow[k]);
        }
        Ok::<(), Fault>(())
    })
}

fn table(examination: &Examination) -> Finding {
    if let Some(finding) = applies(examination) {
        return finding;
    }
    let (mut steps, mut worst, mut case) = (0, 0.0_f64, None);
    for id in ["stale", "stale-ragged"] {
        let situation = examination.situation(id);
        let looked = each_step(examination, situation, situation, |ratio, plain, wide, _| {
            if plain != 0.0 && (ratio - 1.0).abs() > 0.01 {
                steps += 1;
                let off = (wide / plain / ratio - 1.0).abs();
                if off > worst {
                    worst = off;
                    let is = shown(wide / plain);
                    case = Some(format!("in \"{id}\" the ratio is {} and the weight grows by {is}", shown(ratio)));
                }
            }
        });
        if let Err(fault) = looked {
            return fault.into();
        }
    }
    if steps == 0 {
        return Finding::Failed(Evidence::of("no weight but zero was found at a ratio other than 1"));
    }
    let evidence = Evidence::of(format!("{steps} weights, at most {} % off the ratio", shown(100.0 * worst)));
    let evidence = evidence.with("weights", f64::from(steps)).with("off", worst);
    let passed = worst <= 1e-9;
    Finding::of(passed, if passed { evidence } else { evidence.at(case.unwrap_or_default()) })
}

fn clip(examination: &Examination) -> Finding {
    let promised = examination.promises().clip;
    if promised == Clip::None {
        return Finding::skipped("it promises no clip");
    }
    if let Some(finding) = applies(examination) {
        return finding;
    }
    let [below, above, largest] = RANGE;
    // Stopped above, stopped below, let through above, let through below, stopped by the dual clip.
    let mut active = [0_u32; 5];
    let mut wrong = None;
    for id in ["stale", "stale-ragged"] {
        let free = examination.situation(id);
        let clipped = examination.situation(if id == "stale" { "clipped" } else { "clipped-ragged" });
        let looked = each_step(examination, clipped, free, |ratio, _, wide, narrow| {
            let (high, low) = (ratio > 1.0 + above, ratio < 1.0 - below);
            let expected = match promised {
                Clip::Truncated => wide * (1.0 + above).min(ratio) / ratio,
                _ if (wide > 0.0 && high) || (wide < 0.0 && low) => 0.0,
                Clip::Dual if wide < 0.0 && ratio > largest => 0.0,
                _ => wide,
            };
            let case = [
                wide > 0.0 && high,
                wide < 0.0 && low,
                wide < 0.0 && high,
                wide > 0.0 && low,
                wide < 0.0 && ratio > largest,
            ];
            active.iter_mut().zip(case).filter(|(_, is)| *is).for_each(|(count, _)| *count += 1);
            if (narrow - expected).abs() > 1e-9 * wide.abs() && wrong.is_none() {
                let sign = if wide > 0.0 { "above" } else { "below" };
                let (is, should) = (shown(narrow / wide), shown(expected / wide));
                wrong = Some(format!(
                    "in \"{id}\", ratio {}, advantage {sign} zero: {is} of the weight is left, {should} should be",
                    shown(ratio)
                ));
            }
        });
        if let Err(fault) = looked {
            return fault.into();
        }
    }
    let idle = active.iter().take(if promised == Clip::Dual { 5 } else { 4 }).any(|count| *count == 0);
    let counts = format!("stopped above {} times, below {}", active[0], active[1]);
    match wrong {
        Some(case) => Finding::Failed(Evidence::of("the clip is not the promised one").at(case)),
        None if idle => Finding::Failed(Evidence::of(format!("a case of the clip never occurred: {counts}"))),
        None => Finding::Passed(Evidence::of(counts)),
    }
}
