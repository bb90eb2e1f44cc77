//! Products of the Fisher matrix of a softmax policy with a vector.

use super::comparison::{Comparison, settle};
use super::numbers::{probabilities, row};
use super::part::Part;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Observable, Reference};
use crate::audit::subject::{Kind, Subject};
use crate::autodiff::{Jet, Scalar, hessian};
use crate::numeric::dot;

const KIND: &[Kind] = &[Kind::Fisher];

/// Products with the Fisher matrix.
pub(super) static PART: Part =
    Part { kinds: KIND, checks: CHECKS, references: REFERENCES, mutants: MUTANTS, held_out: HELD_OUT, fingerprint };

impl<'a> Subject<'a> {
    /// The product `F v` of the Fisher matrix in the logits of a tabular softmax policy, without damping: from the
    /// share of visits of each state, `[S]`, which add up to 1, the logits, `[S, A]` row by row, and the vector, `[S,
    /// A]`, the product, `[S, A]`. `F = Σ_s d(s) Σ_a π(a|s) ∇log π(a|s) ∇log π(a|s)ᵀ`.
    pub fn fisher_product(
        name: impl Into<String>,
        product: impl Fn(&[f64], &[f64], &[f64]) -> Vec<f64> + Send + Sync + 'a,
    ) -> Self {
        Self::numbers(Kind::Fisher, name, move |x| {
            let Some((states, rest)) = x.split_first() else { return Vec::new() };
            let (visits, rest) = rest.split_at(*states as usize);
            let (logits, vector) = rest.split_at(rest.len() / 2);
            product(visits, logits, vector)
        })
    }
}

/// A dozen products of numbers of size 1 are exact to far less than this.
const ROUNDING: f64 = 1e-9;

/// What is true of the Fisher matrix.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "fisher/covariance-of-the-score",
        statement: "the product is the mean of the score times its inner product with the vector",
        because: "that is the Fisher matrix (Amari 1998); a difference is a sum over states in place of a mean, or \
                  scores that are averaged before they are squared",
        kinds: KIND,
        run: |examination| settle(covariance(examination)),
    },
    Check {
        id: "fisher/hessian-of-the-divergence",
        statement: "the product is that of the second derivatives of KL(π ‖ π') in π' where the two agree",
        because: "trust regions measure steps by it (Schulman et al. 2015, §5); a difference is a graph that is cut, \
                  or a divergence between other policies",
        kinds: KIND,
        run: |examination| settle(of_the_divergence(examination)),
    },
    Check {
        id: "fisher/symmetric",
        statement: "u · F v = v · F u",
        because: "conjugate gradients need it; a difference is a matrix that is no second derivative",
        kinds: KIND,
        run: |examination| settle(symmetric(examination)),
    },
    Check {
        id: "fisher/positive",
        statement: "v · F v is not negative",
        because: "it is the mean of a square; a negative one is the second derivative of the log-probability, without \
                  its minus",
        kinds: KIND,
        run: |examination| settle(positive(examination)),
    },
    Check {
        id: "fisher/common-shift",
        statement: "a vector that is the same for all actions of a state has the product zero",
        because: "it changes no probability; a difference is scores without their mean taken off",
        kinds: KIND,
        run: |examination| settle(common_shift(examination)),
    },
];

const STATES: usize = 2;
const ACTIONS: usize = 3;

/// Visits, logits, and vectors to multiply with.
struct Policy {
    visits: Vec<f64>,
    logits: Vec<f64>,
    vectors: Vec<Vec<f64>>,
}

impl Policy {
    fn new(examination: &Examination) -> Self {
        let numbers = |start: usize| row(examination.edition, start, STATES * ACTIONS);
        Self {
            visits: probabilities(&row(examination.edition, 800, STATES)),
            logits: numbers(810),
            vectors: vec![numbers(820), numbers(830), numbers(840)],
        }
    }

    fn product(&self, examination: &Examination, vector: &[f64]) -> Result<Vec<f64>, Fault> {
        let inputs = [&[STATES as f64], self.visits.as_slice(), &self.logits, vector].concat();
        examination.numbers(&inputs, STATES * ACTIONS)
    }
}

fn covariance(examination: &Examination) -> Result<Finding, Fault> {
    let policy = Policy::new(examination);
    let mut comparison = Comparison::new();
    for vector in &policy.vectors {
        let mut expected = vec![0.0; STATES * ACTIONS];
        for s in 0..STATES {
            let cells = s * ACTIONS..(s + 1) * ACTIONS;
            let p = probabilities(&policy.logits[cells.clone()]);
            for a in 0..ACTIONS {
                let score: Vec<f64> = (0..ACTIONS).map(|b| f64::from(u8::from(a == b)) - p[b]).collect();
                let along = dot(&score, &vector[cells.clone()]);
                for b in 0..ACTIONS {
                    expected[s * ACTIONS + b] += policy.visits[s] * p[a] * score[b] * along;
                }
            }
        }
        comparison.add_all(&policy.product(examination, vector)?, &expected, entry);
    }
    Ok(comparison.finding(ROUNDING))
}

/// `Σ_s d(s) KL(π_s ‖ softmax(x_s))`, over jets.
fn divergence(policy: &Policy, x: &[Jet]) -> Jet {
    let mut total = Jet::from(0.0);
    for s in 0..STATES {
        let cells = s * ACTIONS..(s + 1) * ACTIONS;
        let p = probabilities(&policy.logits[cells.clone()]);
        let sum = x[cells.clone()].iter().fold(Jet::from(0.0), |sum, x| sum + x.exp());
        for (p, x) in p.iter().zip(&x[cells]) {
            total = total + Jet::from(policy.visits[s] * p) * (sum.ln() - *x);
        }
    }
    total
}

fn of_the_divergence(examination: &Examination) -> Result<Finding, Fault> {
    let policy = Policy::new(examination);
    let matrix = hessian(&policy.logits, |x| divergence(&policy, x));
    let mut comparison = Comparison::new();
    for vector in &policy.vectors {
        let expected: Vec<f64> = matrix.chunks(STATES * ACTIONS).map(|row| dot(row, vector)).collect();
        comparison.add_all(&policy.product(examination, vector)?, &expected, entry);
    }
    Ok(comparison.finding(ROUNDING))
}

fn symmetric(examination: &Examination) -> Result<Finding, Fault> {
    let policy = Policy::new(examination);
    let mut comparison = Comparison::new();
    for (i, u) in policy.vectors.iter().enumerate() {
        for (j, v) in policy.vectors.iter().enumerate().skip(i + 1) {
            let (fu, fv) = (policy.product(examination, u)?, policy.product(examination, v)?);
            comparison.add(dot(u, &fv), dot(v, &fu), || format!("vectors {i} and {j}"));
        }
    }
    Ok(comparison.finding(ROUNDING))
}

fn positive(examination: &Examination) -> Result<Finding, Fault> {
    let policy = Policy::new(examination);
    let mut comparison = Comparison::new();
    for (i, v) in policy.vectors.iter().enumerate() {
        let curvature = dot(v, &policy.product(examination, v)?);
        comparison.needs(curvature.abs() > 1e-6, "curvature");
        comparison.add(curvature.min(0.0), 0.0, || format!("v · F v of vector {i}"));
    }
    Ok(comparison.finding(ROUNDING))
}

fn common_shift(examination: &Examination) -> Result<Finding, Fault> {
    let policy = Policy::new(examination);
    let shift: Vec<f64> = (0..STATES * ACTIONS).map(|k| 1.0 + (k / ACTIONS) as f64).collect();
    let mut comparison = Comparison::new();
    comparison.add_all(&policy.product(examination, &shift)?, &[0.0; STATES * ACTIONS], entry);
    Ok(comparison.finding(ROUNDING))
}

fn entry(k: usize) -> String {
    format!("state {}, action {}", k / ACTIONS, k % ACTIONS)
}

/// A product made state by state: from the share of visits, the probabilities, and the vector there.
fn state_by_state(
    visits: &[f64],
    logits: &[f64],
    vector: &[f64],
    product: impl Fn(f64, &[f64], &[f64]) -> Vec<f64>,
) -> Vec<f64> {
    let actions = logits.len() / visits.len();
    let rows = logits.chunks(actions).zip(vector.chunks(actions));
    visits.iter().zip(rows).flat_map(|(d, (logits, v))| product(*d, &probabilities(logits), v)).collect()
}

/// `d π_b (v_b − Σ_a π_a v_a)`.
fn exact(visits: &[f64], logits: &[f64], vector: &[f64]) -> Vec<f64> {
    state_by_state(visits, logits, vector, |d, p, v| {
        let mean = dot(p, v);
        p.iter().zip(v).map(|(p, v)| d * p * (v - mean)).collect()
    })
}

const EXACT: &str = "Fisher product";

type Product = fn(&[f64], &[f64], &[f64]) -> Vec<f64>;

fn mutant(product: Product) -> Subject<'static> {
    Subject::fisher_product("a mutant of a Fisher product", product)
}

/// Correct products.
pub(super) static REFERENCES: &[Reference] = &[Reference {
    name: EXACT,
    source: "Kakade 2001; Schulman et al. 2015, appendix C",
    subject: || Subject::fisher_product(EXACT, exact),
    expected: &[],
}];

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "G12",
        title: "the second derivative of the log-probability has no minus",
        evidence: "MushroomRL/mushroom-rl#79",
        wrong: "hvp = grad((grad(log_prob.mean()) * v).sum())",
        observable: Observable::Fisher,
        active: "any policy",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|visits, logits, v| exact(visits, logits, v).iter().map(|x| -x).collect()),
    },
    Mutant {
        id: "G12b",
        title: "the squares of the probabilities' slopes lack the mean",
        evidence: "rllab#24",
        wrong: "fvp = probs * v",
        observable: Observable::Fisher,
        active: "any policy",
        equivalent: None,
        of: EXACT,
        subject: || {
            mutant(|visits, logits, vector| {
                state_by_state(visits, logits, vector, |d, p, v| p.iter().zip(v).map(|(p, v)| d * p * v).collect())
            })
        },
    },
    Mutant {
        id: "G12c",
        title: "the mean is taken over actions, not over the policy",
        evidence: "rllab#24",
        wrong: "fvp = probs * (v - v.mean())",
        observable: Observable::Fisher,
        active: "a policy whose actions are not equal",
        equivalent: None,
        of: EXACT,
        subject: || {
            mutant(|visits, logits, vector| {
                state_by_state(visits, logits, vector, |d, p, v| {
                    let mean = v.iter().sum::<f64>() / v.len() as f64;
                    p.iter().zip(v).map(|(p, v)| d * p * (v - mean)).collect()
                })
            })
        },
    },
];

/// Bugs on which the checks were not built.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "G12 summed",
        title: "states are summed, whatever their visits",
        evidence: "rllab#24",
        wrong: "kl.sum()",
        observable: Observable::Fisher,
        active: "several states",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|visits, logits, v| exact(&vec![1.0; visits.len()], logits, v)),
    },
    Mutant {
        id: "G12+G12b",
        title: "no mean, and the wrong sign",
        evidence: "MushroomRL/mushroom-rl#79; rllab#24",
        wrong: "fvp = -probs * v",
        observable: Observable::Fisher,
        active: "any policy",
        equivalent: None,
        of: EXACT,
        subject: || {
            mutant(|visits, logits, vector| {
                state_by_state(visits, logits, vector, |d, p, v| p.iter().zip(v).map(|(p, v)| -d * p * v).collect())
            })
        },
    },
];

/// Products with a few vectors.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let policy = Policy::new(examination);
    let products: Result<Vec<_>, _> = policy.vectors.iter().map(|v| policy.product(examination, v)).collect();
    Ok(products?.concat())
}
