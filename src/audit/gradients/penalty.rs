//! KL penalties.

use super::KINDS;
use super::answers::verdict;
use super::judge::{Standing, Word};
use crate::audit::check::{Check, Evidence, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::situation::Laid;
use crate::audit::subject::Penalty;

pub(super) static CHECKS: [Check; 2] = [
    Check {
        id: "penalty/gradient",
        statement: "with equal rewards the expected gradient is that of the promised divergence, times −β",
        because: "k1 as a loss has none, k3 as a loss has that of the other divergence; a sign, or a missing weight",
        kinds: &KINDS,
        run: gradient,
    },
    Check {
        id: "penalty/zero-at-reference",
        statement: "at the reference policy the penalty does nothing",
        because: "a misaligned gather, a mask off by one, or a constant slope",
        kinds: &KINDS,
        run: zero,
    },
];

const UNPROMISED: &str = "it promises no penalty";

fn gradient(examination: &Examination) -> Finding {
    let Some(penalty) = examination.promises().penalty else { return Finding::skipped(UNPROMISED) };
    let situation = examination.situation("penalty");
    let moments = match examination.moments("penalty") {
        Ok(moments) => moments,
        Err(fault) => return fault.into(),
    };
    let toward = |reverse: bool| {
        let truth = situation.mean_over_sequences(|prompt| situation.world.divergence_gradient(prompt, reverse));
        let truth: Vec<f64> = truth.iter().map(|x| -situation.penalty() * x).collect();
        Standing::of(&moments, &truth)
    };
    let reverse = penalty == Penalty::Reverse;
    let (standing, other) = (toward(reverse), toward(!reverse));
    let mut evidence = standing.evidence();
    if standing.word != Word::Unbiased && other.word == Word::Unbiased {
        evidence.verdict += "; it is the gradient of the other divergence";
    }
    Finding::of(standing.word == Word::Unbiased, evidence)
}

fn zero(examination: &Examination) -> Finding {
    if examination.promises().penalty.is_none() {
        return Finding::skipped(UNPROMISED);
    }
    let wrong = |laid: &Laid| {
        let mut at = laid.clone();
        at.batch.reference_log_probs.clone_from(&at.batch.log_probs);
        let mut without = at.clone();
        without.batch.settings.penalty = 0.0;
        let (with, without) = (examination.estimate(&at)?, examination.estimate(&without)?);
        let off = with.iter().zip(&without).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
        Ok::<_, Fault>((off > 1e-12).then(|| format!("the penalty moves the estimate by {off:.3e}")))
    };
    match verdict(examination.smallest(&["penalty"], wrong), "nothing") {
        Finding::Passed(_) => Finding::Passed(Evidence::of("nothing, as it should")),
        other => other,
    }
}
