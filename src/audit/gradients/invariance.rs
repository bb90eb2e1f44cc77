//! What must change nothing.

use super::KINDS;
use super::answers::verdict;
use super::judge::shown;
use crate::audit::check::{Check, Evidence, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::situation::Laid;
use crate::audit::subject::{Aggregation, Normalisation, Objective};
use crate::numeric;

pub(super) static CHECKS: [Check; 10] = [
    Check {
        id: "invariance/padding",
        statement: "what stands in the padding does not matter",
        because: "a mask that is missing, of the wrong length, or applied after a mean, a baseline or a return",
        kinds: &KINDS,
        run: padding,
    },
    Check {
        id: "invariance/wider-padding",
        statement: "longer rows do not matter",
        because: "pads counted in a denominator",
        kinds: &KINDS,
        run: wider_padding,
    },
    Check {
        id: "invariance/permutation",
        statement: "the order of the sequences does not matter",
        because: "a sample with a special place, or arrays whose shapes were broadcast against one another",
        kinds: &KINDS,
        run: |examination| permutation(examination, &["pair", "prompts", "ragged"], |order| order.reverse()),
    },
    Check {
        id: "invariance/interleaving",
        statement: "groups may be interleaved",
        because: "groups found by reshaping instead of by their label",
        kinds: &KINDS,
        run: |examination| permutation(examination, &["prompts", "ragged"], |order| order.swap(1, 2)),
    },
    Check {
        id: "invariance/group-labels",
        statement: "the labels of the groups do not matter",
        because: "labels used as places",
        kinds: &KINDS,
        run: labels,
    },
    Check {
        id: "invariance/micro-batches",
        statement: "micro-batches of whole groups add up to the batch",
        because: "a mean over the micro-batch where one over the batch belongs, or accumulation divided by twice",
        kinds: &KINDS,
        run: micro_batches,
    },
    Check {
        id: "invariance/duplication",
        statement: "a batch that holds every group twice gives the same estimate",
        because: "a sum over the batch where a mean belongs, or a divisor squared",
        kinds: &KINDS,
        run: duplication,
    },
    Check {
        id: "invariance/other-groups",
        statement: "the rewards of one prompt do not move the policy at another",
        because: "a baseline or a deviation over the batch instead of the group",
        kinds: &KINDS,
        run: other_groups,
    },
    Check {
        id: "invariance/reward-shift",
        statement: "a constant added to all rewards does not change the expected gradient",
        because: "weights whose mean is not zero where the rewards are all alike: a score without mean zero, or a baseline that knows the action",
        kinds: &KINDS,
        run: reward_shift,
    },
    Check {
        id: "invariance/equal-rewards",
        statement: "rewards that are all alike give no expected gradient",
        because: "a bias that does not come from the rewards at all",
        kinds: &KINDS,
        run: equal_rewards,
    },
];

/// Two estimates are the same up to the rounding of another order of sums.
pub(super) fn differ(a: &[f64], b: &[f64]) -> Option<f64> {
    let size = a.iter().chain(b).fold(0.0_f64, |most, x| most.max(x.abs()));
    let off = a.iter().zip(b).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    (off > 1e-10 * size.max(1e-3)).then_some(off / size)
}

fn said(off: Option<f64>) -> Option<String> {
    off.map(|off| format!("the estimate changes by {} %", shown(100.0 * off)))
}

/// The estimate of every batch against that of a changed batch.
fn unchanged(
    examination: &Examination,
    situations: &[&'static str],
    other: impl Fn(&Laid) -> Result<Option<Vec<f64>>, Fault>,
) -> Finding {
    let mut situations = situations.to_vec();
    if examination.promises().penalty.is_some() {
        situations.push("penalty-ragged");
    }
    let wrong = |laid: &Laid| match other(laid)? {
        None => Ok(None),
        Some(changed) => Ok(said(differ(&examination.estimate(laid)?, &changed))),
    };
    verdict(examination.smallest(&situations, wrong), "nothing changes")
}

fn padding(examination: &Examination) -> Finding {
    unchanged(examination, &["ragged", "steps"], |laid| {
        let real = laid.batch.mask();
        if real.iter().all(|real| *real) {
            return Ok(None);
        }
        let mut other = laid.clone();
        for (column, (_, matrix)) in other.batch.matrices_mut().into_iter().enumerate() {
            let pads = matrix.iter_mut().zip(&real).enumerate().filter(|(_, (_, real))| !**real);
            pads.for_each(|(k, (x, _))| *x = 3.0 - 7.0 * ((k + 2 * column) % 5) as f64);
        }
        examination.estimate(&other).map(Some)
    })
}

/// The same batch with rows of one more step.
fn wider(laid: &Laid) -> Laid {
    let mut other = laid.clone();
    let (steps, d) = (laid.batch.steps, laid.scores.parameters);
    let widen = |matrix: &[f64], width: usize, pad: f64| -> Vec<f64> {
        matrix
            .chunks(steps * width)
            .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(pad, width)))
            .collect()
    };
    for (_, matrix) in other.batch.matrices_mut() {
        *matrix = widen(matrix, 1, 2.5);
    }
    other.scores.entries = widen(&laid.scores.entries, d, 0.0);
    other.batch.steps += 1;
    other
}

fn wider_padding(examination: &Examination) -> Finding {
    if examination.promises().aggregation == Aggregation::ConstantLength {
        return Finding::skipped("it promises to divide by the longest length, which is that of a row");
    }
    unchanged(examination, &["pair", "ragged", "steps"], |laid| examination.estimate(&wider(laid)).map(Some))
}

fn permutation(examination: &Examination, situations: &[&'static str], reorder: impl Fn(&mut Vec<usize>)) -> Finding {
    unchanged(examination, situations, |laid| {
        let mut order: Vec<usize> = (0..laid.batch.len()).collect();
        reorder(&mut order);
        examination.estimate(&laid.select(&order)).map(Some)
    })
}

fn labels(examination: &Examination) -> Finding {
    unchanged(examination, &["prompts", "partial"], |laid| {
        let mut other = laid.clone();
        other.batch.groups.iter_mut().for_each(|group| *group = 11 - 4 * *group);
        examination.estimate(&other).map(Some)
    })
}

fn micro_batches(examination: &Examination) -> Finding {
    if examination.promises().normalisation == Normalisation::Batch {
        return Finding::skipped("it promises to normalise over the batch, which micro-batches cut");
    }
    unchanged(examination, &["prompts", "ragged"], |laid| {
        let mut sum = vec![0.0; laid.scores.parameters];
        for half in laid.halves() {
            let estimate = examination.estimate(&half)?;
            sum.iter_mut().zip(estimate).for_each(|(sum, x)| *sum += 0.5 * x);
        }
        Ok(Some(sum))
    })
}

fn duplication(examination: &Examination) -> Finding {
    if examination.promises().normalisation == Normalisation::Batch {
        return Finding::skipped("it promises to normalise over the batch, whose sample deviation knows its size");
    }
    unchanged(examination, &["pair", "prompts", "ragged"], |laid| {
        let n = laid.batch.len();
        let mut twice = laid.select(&(0..2 * n).map(|i| i % n).collect::<Vec<usize>>());
        twice.batch.groups.iter_mut().skip(n).for_each(|group| *group += 100);
        twice.batch.whole = twice.batch.size();
        examination.estimate(&twice).map(Some)
    })
}

fn other_groups(examination: &Examination) -> Finding {
    if examination.promises().normalisation == Normalisation::Batch {
        return Finding::skipped("it promises to normalise over the batch");
    }
    // The parameters at the first prompt come first.
    let own = examination.situation("prompts").world.parameters() / 2;
    let wrong = |laid: &Laid| {
        let mut other = laid.clone();
        for i in (0..laid.batch.len()).filter(|i| laid.batch.groups[*i] != laid.batch.groups[0]) {
            other.batch.rewards[i * laid.batch.steps] += 1.5 + i as f64;
        }
        let (before, after) = (examination.estimate(laid)?, examination.estimate(&other)?);
        Ok(said(differ(&before[..own], &after[..own])))
    };
    verdict(examination.smallest(&["prompts"], wrong), "nothing changes")
}

fn reward_shift(examination: &Examination) -> Finding {
    if examination.promises().objective != Objective::Return {
        return Finding::skipped("it promises another objective");
    }
    let situation = examination.situation("prompts");
    let both = examination
        .moments("prompts")
        .and_then(|plain| Ok((plain, examination.moments_in(&situation.with_reward(1.0, 5.0))?)));
    let (plain, shifted) = match both {
        Ok(both) => both,
        Err(fault) => return fault.into(),
    };
    let variance = if plain.trace > 0.0 { shifted.trace / plain.trace } else { 1.0 };
    let off = differ(&plain.mean, &shifted.mean);
    let evidence =
        Evidence::of(said(off).unwrap_or_else(|| format!("the variance changes by a factor {}", shown(variance))));
    Finding::of(off.is_none(), evidence.with("variance ratio", variance))
}

fn equal_rewards(examination: &Examination) -> Finding {
    let situation = examination.situation("prompts").with_reward(0.0, 1.0);
    match examination.moments_in(&situation) {
        Ok(moments) => {
            let length = numeric::sum(moments.mean.iter().map(|x| x * x)).sqrt();
            let evidence =
                Evidence::of(format!("an expected gradient of length {}", shown(length))).with("length", length);
            Finding::of(length <= 1e-10 * moments.largest.max(1e-3), evidence)
        }
        Err(fault) => fault.into(),
    }
}
