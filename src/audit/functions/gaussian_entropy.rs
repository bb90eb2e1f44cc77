//! The entropy of a Gaussian policy over several actions, from its log standard deviations.

use super::comparison::{Comparison, settle};
use super::numbers::row;
use super::part::Part;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Observable, Reference};
use crate::audit::subject::{Kind, Subject};
use crate::numeric::{exp, ln, normal_density, trapezoid};

const KIND: &[Kind] = &[Kind::GaussianEntropy];

/// Entropies of Gaussian policies.
pub(super) static PART: Part =
    Part { kinds: KIND, checks: CHECKS, references: REFERENCES, mutants: MUTANTS, held_out: HELD_OUT, fingerprint };

impl<'a> Subject<'a> {
    /// The differential entropy, in nats, of independent normal actions with these log standard deviations, one an
    /// action.
    pub fn gaussian_entropy(name: impl Into<String>, entropy: impl Fn(&[f64]) -> f64 + Send + Sync + 'a) -> Self {
        Self::numbers(Kind::GaussianEntropy, name, move |log_deviations| vec![entropy(log_deviations)])
    }
}

/// The trapezoidal rule over ±10 deviations is exact to 1e−13 for the density and its logarithm.
const QUADRATURE: f64 = 1e-9;

/// What is true of entropies of Gaussian policies.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "gaussian-entropy/value",
        statement: "the entropy is −∫ p log p",
        because: "log σ + ½ log 2πe an action, summed; a difference of ½ is a 2π without its e, one of 0.92 or 1.42 a \
                  constant that is missing",
        kinds: KIND,
        run: |examination| settle(value(examination)),
    },
    Check {
        id: "gaussian-entropy/actions-add-up",
        statement: "the entropy of several actions is the sum of theirs",
        because: "they are independent; a difference is a mean over actions, or one action alone",
        kinds: KIND,
        run: |examination| settle(additive(examination)),
    },
    Check {
        id: "gaussian-entropy/scale",
        statement: "a deviation that is twice as large adds log 2",
        because: "units of an action shift the entropy by their logarithm; a difference is a mean over actions, or a \
                  variance in place of a deviation",
        kinds: KIND,
        run: |examination| settle(scale(examination)),
    },
];

/// Log standard deviations of one to three actions.
fn spreads(examination: &Examination) -> Vec<Vec<f64>> {
    (1..=3).map(|n| row(examination.edition, 500 + 10 * n, n)).collect()
}

fn entropy(examination: &Examination, spread: &[f64]) -> Result<f64, Fault> {
    Ok(examination.numbers(spread, 1)?[0])
}

fn value(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for spread in spreads(examination) {
        // The density of independent actions is a product: the integrals of one action add up.
        let of = |log_deviation: &f64| {
            let deviation = exp(*log_deviation);
            trapezoid(-10.0 * deviation, 10.0 * deviation, 80, |x| {
                let density = normal_density(x, 0.0, deviation);
                -density * ln(density)
            })
        };
        let expected = spread.iter().map(of).sum();
        comparison.add(entropy(examination, &spread)?, expected, || format!("log deviations {spread:?}"));
    }
    Ok(comparison.finding(QUADRATURE))
}

fn additive(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for spread in spreads(examination).into_iter().filter(|spread| spread.len() > 1) {
        let mut total = 0.0;
        for log_deviation in &spread {
            total += entropy(examination, &[*log_deviation])?;
        }
        comparison.add(entropy(examination, &spread)?, total, || format!("log deviations {spread:?}"));
    }
    Ok(comparison.finding(QUADRATURE))
}

fn scale(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for spread in spreads(examination) {
        for action in 0..spread.len() {
            let mut wider = spread.clone();
            wider[action] += ln(2.0);
            let gain = entropy(examination, &wider)? - entropy(examination, &spread)?;
            comparison.add(gain, ln(2.0), || format!("action {action} of log deviations {spread:?}"));
        }
    }
    Ok(comparison.finding(QUADRATURE))
}

/// `½ log 2πe`.
fn constant() -> f64 {
    0.5 * ln(2.0 * std::f64::consts::PI) + 0.5
}

const EXACT: &str = "entropy of a Gaussian policy";

fn mutant(entropy: fn(&[f64]) -> f64) -> Subject<'static> {
    Subject::gaussian_entropy("a mutant of the entropy of a Gaussian policy", entropy)
}

/// Correct entropies.
pub(super) static REFERENCES: &[Reference] = &[Reference {
    name: EXACT,
    source: "Cover & Thomas 2006, theorem 8.4.1",
    subject: || Subject::gaussian_entropy(EXACT, |spread| spread.iter().map(|s| s + constant()).sum()),
    expected: &[],
}];

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "F5",
        title: "the constant lacks its e",
        evidence: "ray-project/ray#2920, #6475",
        wrong: "entropy = (log_std + 0.5 * log(2 * pi)).sum(-1)",
        observable: Observable::Entropy,
        active: "any policy",
        equivalent: Some(
            "its slope is right: only what is shown, or compared with a target entropy, is off by ½ an action",
        ),
        of: EXACT,
        subject: || mutant(|spread| spread.iter().map(|s| s + constant() - 0.5).sum()),
    },
    Mutant {
        id: "F5b",
        title: "the actions are averaged",
        evidence: "Unity-Technologies/ml-agents#3684, #4319",
        wrong: "entropy = (log_std + 0.5 * log(2 * pi * e)).mean(-1)",
        observable: Observable::Entropy,
        active: "several actions",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|spread| spread.iter().map(|s| s + constant()).sum::<f64>() / spread.len() as f64),
    },
    Mutant {
        id: "F5c",
        title: "there is one constant for all actions",
        evidence: "ray-project/ray#2920, #6475",
        wrong: "entropy = log_std.sum(-1) + 0.5 * log(2 * pi * e)",
        observable: Observable::Entropy,
        active: "several actions",
        equivalent: Some("its slope is right: only what is shown, or compared with a target entropy, is off"),
        of: EXACT,
        subject: || mutant(|spread| spread.iter().sum::<f64>() + constant()),
    },
];

/// Bugs on which the checks were not built.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "F5 averaged",
        title: "the constant lacks its e, and the actions are averaged",
        evidence: "ray-project/ray#2920; Unity-Technologies/ml-agents#3684",
        wrong: "entropy = (log_std + 0.5 * log(2 * pi)).mean(-1)",
        observable: Observable::Entropy,
        active: "several actions",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|spread| spread.iter().map(|s| s + constant() - 0.5).sum::<f64>() / spread.len() as f64),
    },
    Mutant {
        id: "F5 of the variance",
        title: "the logarithm is that of the variance",
        evidence: "ray-project/ray#6475",
        wrong: "entropy = (2 * log_std + 0.5 * log(2 * pi * e)).sum(-1)",
        observable: Observable::Entropy,
        active: "any deviation but 1",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|spread| spread.iter().map(|s| 2.0 * s + constant()).sum()),
    },
];

/// Entropies of one, two and three actions.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    spreads(examination).iter().map(|spread| entropy(examination, spread)).collect()
}
