//! Entropies of a choice among actions: from logits, as a bonus with its slope, and estimated from a sample.

use super::comparison::{Comparison, settle};
use super::numbers::{probabilities, row};
use super::part::Part;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Observable, Reference};
use crate::audit::subject::{Kind, Subject};
use crate::numeric::{ln, sum};

/// Entropies of a choice.
pub(super) static PART: Part = Part {
    kinds: &[Kind::Entropy, Kind::EntropyBonus, Kind::EntropyEstimate],
    checks: CHECKS,
    references: REFERENCES,
    mutants: MUTANTS,
    held_out: HELD_OUT,
    fingerprint,
};

impl<'a> Subject<'a> {
    /// The entropy `−Σ_a π(a) log π(a)`, in nats, of the choice with these logits.
    pub fn entropy(name: impl Into<String>, entropy: impl Fn(&[f64]) -> f64 + Send + Sync + 'a) -> Self {
        Self::numbers(Kind::Entropy, name, move |logits| vec![entropy(logits)])
    }

    /// The entropy of the choice with these logits, and its derivative in each of them: what is *added* to an objective
    /// that is maximised, or subtracted from a loss.
    pub fn entropy_bonus(
        name: impl Into<String>,
        bonus: impl Fn(&[f64]) -> (f64, Vec<f64>) + Send + Sync + 'a,
    ) -> Self {
        Self::numbers(Kind::EntropyBonus, name, move |logits| {
            let (value, slopes) = bonus(logits);
            [vec![value], slopes].concat()
        })
    }

    /// An estimate of the entropy from the log-probability of one action that the policy drew.
    pub fn entropy_estimate(name: impl Into<String>, estimate: impl Fn(f64) -> f64 + Send + Sync + 'a) -> Self {
        Self::numbers(Kind::EntropyEstimate, name, move |x| x.iter().map(|log_p| estimate(*log_p)).collect())
    }
}

/// A few exponentials and logarithms are exact to far less than this.
const ROUNDING: f64 = 1e-9;

/// What is true of entropies.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "entropy/value",
        statement: "the entropy is the mean of −log π over the actions",
        because: "that is what it is; a difference is a sign, a missing probability, or another base of the logarithm",
        kinds: &[Kind::Entropy, Kind::EntropyBonus],
        run: |examination| settle(value(examination)),
    },
    Check {
        id: "entropy/bounds",
        statement: "it is zero for a certain choice and log n for n equal ones",
        because: "these are its bounds; a difference is a sign or a mean over actions in place of a sum",
        kinds: &[Kind::Entropy, Kind::EntropyBonus],
        run: |examination| settle(bounds(examination)),
    },
    Check {
        id: "entropy/slope",
        statement: "its derivative in the logit of action b is −π(b) (log π(b) + H)",
        because: "a step along it makes the policy less certain; a difference is a bonus that is minimised, or one \
                  that is constant",
        kinds: &[Kind::EntropyBonus],
        run: |examination| settle(slope(examination)),
    },
    Check {
        id: "entropy/estimate",
        statement: "the mean of the estimate over the policy's own actions is the entropy",
        because: "the entropy is E[−log π]; a difference is a sign",
        kinds: &[Kind::EntropyEstimate],
        run: |examination| settle(estimate(examination)),
    },
];

/// Logits of two to five actions.
fn choices(examination: &Examination) -> Vec<Vec<f64>> {
    (2..=5).map(|n| row(examination.edition, 400 + 10 * n, n).iter().map(|x| 1.5 * x).collect()).collect()
}

fn mean_surprise(p: &[f64]) -> f64 {
    sum(p.iter().map(|p| -p * ln(*p)))
}

/// How many numbers the subject gives for `logits`.
fn answers(examination: &Examination, logits: &[f64]) -> usize {
    match examination.subject.kind() {
        Kind::EntropyBonus => 1 + logits.len(),
        _ => 1,
    }
}

fn value(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for logits in choices(examination) {
        let found = examination.numbers(&logits, answers(examination, &logits))?;
        comparison.add(found[0], mean_surprise(&probabilities(&logits)), || format!("logits {logits:?}"));
    }
    Ok(comparison.finding(ROUNDING))
}

fn bounds(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for n in [2, 3, 8] {
        let equal = vec![0.7; n];
        let mut certain = vec![0.0; n];
        // The others have e^−40 each, times 40 in the entropy: 1e−16 in all.
        certain[1] = 40.0;
        for (logits, expected) in [(equal, ln(n as f64)), (certain, 0.0)] {
            let found = examination.numbers(&logits, answers(examination, &logits))?;
            comparison.add(found[0], expected, || format!("logits {logits:?}"));
        }
    }
    Ok(comparison.finding(ROUNDING))
}

fn slope(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for logits in choices(examination) {
        let found = examination.numbers(&logits, 1 + logits.len())?;
        let p = probabilities(&logits);
        let entropy = mean_surprise(&p);
        let expected: Vec<f64> = p.iter().map(|p| -p * (ln(*p) + entropy)).collect();
        comparison.needs(expected.iter().any(|slope| slope.abs() > 0.01), "slope");
        comparison.add_all(&found[1..], &expected, |b| format!("logit {b} of {logits:?}"));
    }
    Ok(comparison.finding(ROUNDING))
}

fn estimate(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for logits in choices(examination) {
        let p = probabilities(&logits);
        let mut mean = 0.0;
        for p in &p {
            mean += p * examination.numbers(&[ln(*p)], 1)?[0];
        }
        comparison.add(mean, mean_surprise(&p), || format!("logits {logits:?}"));
    }
    Ok(comparison.finding(ROUNDING))
}

fn exact_bonus(logits: &[f64]) -> (f64, Vec<f64>) {
    let mut logs = logits.to_vec();
    crate::numeric::log_softmax(&mut logs);
    let p = probabilities(logits);
    let entropy = -sum(p.iter().zip(&logs).map(|(p, log)| p * log));
    (entropy, p.iter().zip(&logs).map(|(p, log)| -p * (log + entropy)).collect())
}

/// Correct entropies.
pub(super) static REFERENCES: &[Reference] = &[
    Reference {
        name: "entropy",
        source: "Shannon 1948, §6",
        subject: || Subject::entropy("entropy", |logits| exact_bonus(logits).0),
        expected: &[],
    },
    Reference {
        name: "entropy bonus",
        source: "Williams & Peng 1991; Mnih et al. 2016, §4",
        subject: || Subject::entropy_bonus("entropy bonus", exact_bonus),
        expected: &[],
    },
    Reference {
        name: "entropy from a sample",
        source: "Haarnoja et al. 2018, §4",
        subject: || Subject::entropy_estimate("entropy from a sample", |log_p| -log_p),
        expected: &[],
    },
];

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "F2",
        title: "the estimate of the entropy from a log-probability has the wrong sign",
        evidence: "DLR-RM/stable-baselines3#127",
        wrong: "entropy = log_prob.mean()",
        observable: Observable::Entropy,
        active: "any choice that is not certain",
        equivalent: None,
        of: "entropy from a sample",
        subject: || Subject::entropy_estimate("a mutant of entropy from a sample", |log_p| log_p),
    },
    Mutant {
        id: "F3",
        title: "the entropy has the wrong sign",
        evidence: "google-deepmind/open_spiel#962",
        wrong: "entropy = (p * log_p).sum()",
        observable: Observable::Entropy,
        active: "any choice that is not certain",
        equivalent: None,
        of: "entropy",
        subject: || Subject::entropy("a mutant of entropy", |logits| -exact_bonus(logits).0),
    },
    Mutant {
        id: "F4",
        title: "the entropy is shown with one sign and differentiated with the other",
        evidence: "ray-project/ray#4369; nebuly-ai/optimate#250; MrSyee/pg-is-all-you-need#37",
        wrong: "loss = policy_loss + coefficient * entropy",
        observable: Observable::Entropy,
        active: "any choice whose actions are not equal",
        equivalent: None,
        of: "entropy bonus",
        subject: || {
            Subject::entropy_bonus("a mutant of entropy bonus", |logits| {
                let (value, slopes) = exact_bonus(logits);
                (value, slopes.iter().map(|slope| -slope).collect())
            })
        },
    },
];

/// Bugs on which the checks were not built.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "F3 of a bonus, over actions",
        title: "the entropy is a mean over actions, with the wrong sign",
        evidence: "google-deepmind/open_spiel#962",
        wrong: "entropy = (p * log_p).mean()",
        observable: Observable::Entropy,
        active: "any choice that is not certain",
        equivalent: None,
        of: "entropy bonus",
        subject: || {
            Subject::entropy_bonus("a mutant of entropy bonus", |logits| {
                let (value, slopes) = exact_bonus(logits);
                let share = -1.0 / logits.len() as f64;
                (share * value, slopes.iter().map(|slope| share * slope).collect())
            })
        },
    },
    Mutant {
        id: "no probability",
        title: "the logarithms are averaged without their probabilities",
        evidence: "DLR-RM/stable-baselines3#1857, as it was understood there",
        wrong: "entropy = -log_p.mean()",
        observable: Observable::Entropy,
        active: "any choice whose actions are not equal",
        equivalent: None,
        of: "entropy",
        subject: || {
            Subject::entropy("a mutant of entropy", |logits| {
                let p = probabilities(logits);
                -sum(p.iter().map(|p| ln(*p))) / p.len() as f64
            })
        },
    },
];

/// Entropies of a few choices, or estimates from a few log-probabilities.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let mut out = Vec::new();
    for logits in choices(examination) {
        if examination.subject.kind() == Kind::EntropyEstimate {
            out.extend(examination.numbers(&[ln(probabilities(&logits)[0])], 1)?);
        } else {
            out.extend(examination.numbers(&logits, answers(examination, &logits))?);
        }
    }
    Ok(out)
}
