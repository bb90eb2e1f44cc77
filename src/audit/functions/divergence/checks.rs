//! The checks of a divergence: truth comes from listing the sequences of two choices among three.

use crate::audit::check::Finding;
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::functions::comparison::Comparison;
use crate::audit::functions::numbers::{probabilities, row, sequences};
use crate::audit::subject::{Penalty, Ratio};
use crate::numeric::{ln, sum};

const CHOICES: usize = 3;
const STEPS: usize = 2;
/// Nine products of numbers of size 1 are exact to far less than this.
const ROUNDING: f64 = 1e-9;

/// Actions, their probability, and the subject's answer.
type Answered = (Vec<usize>, f64, Vec<f64>);
type Outcome = Result<Finding, Fault>;

/// Three policies, each with its probabilities at two steps that do not know of each other.
struct Choices {
    policy: [Vec<f64>; STEPS],
    reference: [Vec<f64>; STEPS],
    behaviour: [Vec<f64>; STEPS],
}

impl Choices {
    fn new(examination: &Examination, is_stale: bool) -> Self {
        let at = |t: usize, tilt: [f64; CHOICES]| {
            let logits = row(examination.edition, 200 + 10 * t, CHOICES);
            // Tilts of the second step are those of the first, one action on.
            let tilted = logits.iter().enumerate().map(|(a, x)| x + tilt[(a + t) % CHOICES]);
            probabilities(&tilted.collect::<Vec<f64>>())
        };
        let all = |tilt: [f64; CHOICES]| [at(0, tilt), at(1, tilt)];
        let behaviour = if is_stale { [-0.5, 0.7, 0.1] } else { [0.0; CHOICES] };
        Self { policy: all([0.0; CHOICES]), reference: all([0.9, -0.3, -0.8]), behaviour: all(behaviour) }
    }

    /// `KL(π_t ‖ π_ref,t)` of each step.
    fn divergences(&self) -> [f64; STEPS] {
        let of = |t: usize| sum(self.policy[t].iter().zip(&self.reference[t]).map(|(p, q)| p * ln(p / q)));
        [of(0), of(1)]
    }

    /// Every sequence with its probability under the policy that acted, and the subject's answer to it.
    fn answers(&self, examination: &Examination) -> Result<Vec<Answered>, Fault> {
        let answer = |actions: Vec<usize>| {
            let picked = |policy: &[Vec<f64>; STEPS]| -> Vec<f64> {
                actions.iter().enumerate().map(|(t, a)| policy[t][*a]).collect()
            };
            let logs = |policy: &[Vec<f64>; STEPS]| picked(policy).into_iter().map(ln).collect::<Vec<f64>>();
            let inputs = [logs(&self.policy), logs(&self.reference), logs(&self.behaviour)].concat();
            let probability = picked(&self.behaviour).iter().product();
            let found = examination.numbers(&inputs, 1 + STEPS)?;
            Ok((actions, probability, found))
        };
        sequences(CHOICES, STEPS).into_iter().map(answer).collect()
    }

    fn prove_active(&self, comparison: &mut Comparison, is_stale: bool) {
        comparison.needs(self.divergences().iter().all(|kl| *kl > 0.05), "difference between policy and reference");
        let far = self.policy.iter().zip(&self.behaviour).any(|(p, mu)| (p[0] / mu[0] - 1.0).abs() > 0.1);
        comparison.needs(!is_stale || far, "ratio far from 1");
    }
}

fn unpromised(examination: &Examination, is_stale: bool) -> Option<Finding> {
    let is_fresh_alone = examination.promises().ratio == Ratio::None;
    (is_stale && is_fresh_alone).then(|| Finding::skipped("it is made for fresh data"))
}

/// The mean value is the divergence.
pub(super) fn value(examination: &Examination, is_stale: bool) -> Outcome {
    if let Some(finding) = unpromised(examination, is_stale) {
        return Ok(finding);
    }
    if examination.promises().penalty == Some(Penalty::Forward) {
        return Ok(Finding::skipped("a loss for the forward divergence may have the value of either"));
    }
    let choices = Choices::new(examination, is_stale);
    let mean = sum(choices.answers(examination)?.iter().map(|(_, probability, found)| probability * found[0]));
    let mut comparison = Comparison::new();
    choices.prove_active(&mut comparison, is_stale);
    comparison.add(mean, choices.divergences().iter().sum(), || "the mean over all sequences".to_owned());
    Ok(comparison.finding(ROUNDING))
}

/// At `π = π_ref` every sample has the value zero.
pub(super) fn zero_at_equal(examination: &Examination) -> Outcome {
    let mut choices = Choices::new(examination, examination.promises().ratio != Ratio::None);
    choices.reference = choices.policy.clone();
    let mut comparison = Comparison::new();
    for (actions, _, found) in choices.answers(examination)? {
        comparison.add(found[0], 0.0, || format!("actions {actions:?}"));
    }
    Ok(comparison.finding(ROUNDING))
}

/// The mean of derivative times score is the gradient in the logits of each step.
pub(super) fn gradient(examination: &Examination, is_stale: bool) -> Outcome {
    if let Some(finding) = unpromised(examination, is_stale) {
        return Ok(finding);
    }
    let Some(penalty) = examination.promises().penalty else {
        return Ok(Finding::skipped("it goes into the reward: it is not differentiated"));
    };
    let choices = Choices::new(examination, is_stale);
    let answers = choices.answers(examination)?;
    let mut comparison = Comparison::new();
    choices.prove_active(&mut comparison, is_stale);
    for (t, divergence) in choices.divergences().into_iter().enumerate() {
        let (p, q) = (&choices.policy[t], &choices.reference[t]);
        for b in 0..CHOICES {
            // ∂ log π(a) / ∂ logit b = 1{a = b} − π(b).
            let score = |a: usize| f64::from(u8::from(a == b)) - p[b];
            let mean = sum(answers.iter().map(|(actions, w, found)| w * found[1 + t] * score(actions[t])));
            let truth = match penalty {
                Penalty::Reverse => p[b] * (ln(p[b] / q[b]) - divergence),
                Penalty::Forward => p[b] - q[b],
            };
            comparison.add(mean, truth, || format!("the logit of action {b} at step {t}"));
        }
    }
    Ok(comparison.finding(ROUNDING))
}

/// A sequence of two is its steps alone, value and slopes.
pub(super) fn steps_add_up(examination: &Examination) -> Outcome {
    if matches!(examination.promises().ratio, Ratio::Sequence | Ratio::GeometricMean) {
        return Ok(Finding::skipped("the ratio of the sequence ties its steps together"));
    }
    let choices = Choices::new(examination, examination.promises().ratio != Ratio::None);
    let mut comparison = Comparison::new();
    for (actions, _, found) in choices.answers(examination)? {
        let mut total = 0.0;
        for (t, a) in actions.iter().enumerate() {
            let log = |policy: &[Vec<f64>; STEPS]| ln(policy[t][*a]);
            let inputs = [log(&choices.policy), log(&choices.reference), log(&choices.behaviour)];
            let alone = examination.numbers(&inputs, 2)?;
            total += alone[0];
            comparison.add(found[1 + t], alone[1], || format!("the slope of step {t} of actions {actions:?}"));
        }
        comparison.add(found[0], total, || format!("actions {actions:?}"));
    }
    Ok(comparison.finding(ROUNDING))
}
