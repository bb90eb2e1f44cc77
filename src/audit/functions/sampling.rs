//! Log-probabilities with which a sampler draws an action, at a temperature and from the likeliest few.

use super::comparison::{Comparison, settle};
use super::numbers::row;
use super::part::Part;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Observable, Reference};
use crate::audit::subject::{Kind, Subject};
use crate::numeric::{exp, log_softmax, sum};

const KIND: &[Kind] = &[Kind::Sampling];

/// Samplers.
pub(super) static PART: Part =
    Part { kinds: KIND, checks: CHECKS, references: REFERENCES, mutants: MUTANTS, held_out: HELD_OUT, fingerprint };

impl<'a> Subject<'a> {
    /// The log-probability that training uses for an action that was drawn at a temperature from the `kept` likeliest:
    /// from logits, temperature, `kept`, and the action, which is among those kept. All are kept if `kept` is their
    /// number. It is the law of the sampler: `logits / temperature`, without the others.
    pub fn sampling(
        name: impl Into<String>,
        log_prob: impl Fn(&[f64], f64, usize, usize) -> f64 + Send + Sync + 'a,
    ) -> Self {
        Self::numbers(Kind::Sampling, name, move |x| {
            let [temperature, kept, action, logits @ ..] = x else { return Vec::new() };
            vec![log_prob(logits, *temperature, *kept as usize, *action as usize)]
        })
    }
}

/// A few exponentials are exact to far less than this.
const ROUNDING: f64 = 1e-9;

/// What is true of the log-probabilities of a sampler.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "sampling/sums-to-one",
        statement: "the probabilities of the actions that can be drawn add up to 1",
        because: "one of them is drawn; a difference is probabilities that include actions which the sampler leaves \
                  out",
        kinds: KIND,
        run: |examination| settle(sums_to_one(examination)),
    },
    Check {
        id: "sampling/odds",
        statement: "the log-odds of two actions are the difference of their logits over the temperature",
        because: "that is the sampler's law; a difference is the temperature of training, which is 1, in place of the \
                  sampler's",
        kinds: KIND,
        run: |examination| settle(odds(examination)),
    },
    Check {
        id: "sampling/ratio-has-mean-one",
        statement: "the ratio of the log-probabilities of two policies has mean 1 over the draws of the second",
        because: "importance sampling rests on it; a difference is a ratio of laws that nothing was drawn from",
        kinds: KIND,
        run: |examination| settle(ratio(examination)),
    },
];

/// A sampler: logits, temperature, and how many are kept.
#[derive(Clone, Debug)]
struct Sampler {
    logits: Vec<f64>,
    temperature: f64,
    kept: usize,
}

impl Sampler {
    fn log_prob(&self, examination: &Examination, action: usize) -> Result<f64, Fault> {
        let inputs = [&[self.temperature, self.kept as f64, action as f64], self.logits.as_slice()].concat();
        Ok(examination.numbers(&inputs, 1)?[0])
    }

    /// The actions that are kept, likeliest first.
    fn drawn(&self) -> Vec<usize> {
        likeliest(&self.logits, self.kept)
    }
}

fn samplers(examination: &Examination) -> Vec<Sampler> {
    let logits: Vec<f64> = row(examination.edition, 700, 5).iter().map(|x| 1.5 * x).collect();
    let pairs = [(1.0, 5), (0.6, 5), (1.7, 5), (1.0, 3), (0.6, 2)];
    pairs.into_iter().map(|(temperature, kept)| Sampler { logits: logits.clone(), temperature, kept }).collect()
}

fn sums_to_one(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for sampler in samplers(examination) {
        let logs = sampler.drawn().into_iter().map(|action| sampler.log_prob(examination, action));
        let total = sum(logs.collect::<Result<Vec<f64>, Fault>>()?.into_iter().map(exp));
        comparison.add(total, 1.0, || format!("{sampler:?}"));
    }
    Ok(comparison.finding(ROUNDING))
}

fn odds(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for sampler in samplers(examination) {
        let first = sampler.drawn()[0];
        let other = sampler.log_prob(examination, first)?;
        for action in sampler.drawn() {
            let expected = (sampler.logits[action] - sampler.logits[first]) / sampler.temperature;
            let found = sampler.log_prob(examination, action)? - other;
            comparison.add(found, expected, || format!("actions {action} and {first} of {sampler:?}"));
        }
    }
    Ok(comparison.finding(ROUNDING))
}

fn ratio(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for sampler in samplers(examination) {
        let mut other = sampler.clone();
        let drawn = sampler.drawn();
        // A step that changes no order, so that the same actions are kept.
        other.logits[drawn[0]] += 0.4;
        let mut mean = 0.0;
        let total = sum(drawn.iter().map(|a| exp(sampler.logits[*a] / sampler.temperature)));
        for action in drawn {
            let probability = exp(sampler.logits[action] / sampler.temperature) / total;
            let log_ratio = other.log_prob(examination, action)? - sampler.log_prob(examination, action)?;
            mean += probability * exp(log_ratio);
        }
        comparison.add(mean, 1.0, || format!("{sampler:?}"));
    }
    Ok(comparison.finding(ROUNDING))
}

fn likeliest(logits: &[f64], kept: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
    order.truncate(kept);
    order
}

/// `log π(a) = l_a / T − log Σ_{b kept} exp(l_b / T)`.
fn exact(logits: &[f64], temperature: f64, kept: usize, action: usize) -> f64 {
    let kept = likeliest(logits, kept);
    let mut logs: Vec<f64> = kept.iter().map(|a| logits[*a] / temperature).collect();
    log_softmax(&mut logs);
    kept.iter().position(|a| *a == action).map_or(f64::NEG_INFINITY, |place| logs[place])
}

const EXACT: &str = "sampler";

fn mutant(log_prob: fn(&[f64], f64, usize, usize) -> f64) -> Subject<'static> {
    Subject::sampling("a mutant of a sampler", log_prob)
}

/// Correct samplers.
pub(super) static REFERENCES: &[Reference] = &[Reference {
    name: EXACT,
    source: "Ackley, Hinton & Sejnowski 1985; Fan et al. 2018, for the likeliest few",
    subject: || Subject::sampling(EXACT, exact),
    expected: &[],
}];

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "E2",
        title: "log-probabilities at temperature 1 of actions drawn at another",
        evidence: "huggingface/trl#4159, #3029; marin-community/marin#1741",
        wrong: "log_probs = log_softmax(logits)",
        observable: Observable::ImportanceSampling,
        active: "a temperature that is not 1",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|logits, _, kept, action| exact(logits, 1.0, kept, action)),
    },
    Mutant {
        id: "E2b",
        title: "log-probabilities among all of actions drawn from the likeliest",
        evidence: "huggingface/trl#6944",
        wrong: "log_probs = log_softmax(logits / temperature)  # of top_k samples",
        observable: Observable::ImportanceSampling,
        active: "fewer kept than there are",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|logits, temperature, _, action| exact(logits, temperature, logits.len(), action)),
    },
];

/// Bugs on which the checks were not built.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "E2+E2b",
        title: "neither temperature nor selection is in the log-probabilities",
        evidence: "huggingface/trl#4159, #6944",
        wrong: "log_probs = log_softmax(logits)",
        observable: Observable::ImportanceSampling,
        active: "a temperature that is not 1, fewer kept than there are",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|logits, _, _, action| exact(logits, 1.0, logits.len(), action)),
    },
    Mutant {
        id: "E2 afterwards",
        title: "log-probabilities are divided by the temperature, not logits",
        evidence: "huggingface/trl#3029",
        wrong: "log_probs = log_softmax(logits) / temperature",
        observable: Observable::ImportanceSampling,
        active: "a temperature that is not 1",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|logits, temperature, kept, action| exact(logits, 1.0, kept, action) / temperature),
    },
];

/// Log-probabilities of every sampler's draws.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let mut out = Vec::new();
    for sampler in samplers(examination) {
        for action in sampler.drawn() {
            out.push(sampler.log_prob(examination, action)?);
        }
    }
    Ok(out)
}
