//! Estimators of pass@k: the probability that one of `k` answers is right.

use super::comparison::{Comparison, settle};
use super::part::Part;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Observable, Reference};
use crate::audit::situation::Edition;
use crate::audit::subject::{Kind, Subject};
use crate::numeric::{power, sum};

const KIND: &[Kind] = &[Kind::PassAtK];

/// Estimators of pass@k.
pub(super) static PART: Part =
    Part { kinds: KIND, checks: CHECKS, references: REFERENCES, mutants: MUTANTS, held_out: HELD_OUT, fingerprint };

impl<'a> Subject<'a> {
    /// The estimate of pass@k for one problem, from `n` independent answers of which `correct` are right, `1 ≤ k ≤ n`;
    /// it is called with `n`, `correct` and `k` in this order.
    pub fn pass_at_k(
        name: impl Into<String>,
        estimate: impl Fn(usize, usize, usize) -> f64 + Send + Sync + 'a,
    ) -> Self {
        Self::numbers(Kind::PassAtK, name, move |x| {
            // Counts below 2^53 survive as f64.
            let count = |i: usize| x.get(i).map_or(0, |x| *x as usize);
            vec![estimate(count(0), count(1), count(2))]
        })
    }
}

/// Sums of a dozen probabilities are exact to far less than this.
const ROUNDING: f64 = 1e-9;

/// What is true of estimators of pass@k.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "pass-at-k/unbiased",
        statement: "its mean is 1 − (1 − p)^k when each answer is right with probability p",
        because: "Chen et al. 2021, appendix A; a difference is answers drawn with replacement, which can miss the \
                  right one",
        kinds: KIND,
        run: |examination| settle(unbiased(examination)),
    },
    Check {
        id: "pass-at-k/subsets",
        statement: "it is the share of subsets of k answers with a right one among them",
        because: "no other estimator is unbiased for every p; a difference at few wrong answers is a guard that is off \
                  by one",
        kinds: KIND,
        run: |examination| settle(subsets(examination)),
    },
    Check {
        id: "pass-at-k/ends",
        statement: "it is c/n for k = 1, 0 if no answer is right, 1 if k = n and one is, up to a thousand answers",
        because: "these cases need no formula; a difference is a quotient of binomial coefficients that overflows, or \
                  counts of problems in place of answers",
        kinds: KIND,
        run: |examination| settle(ends(examination)),
    },
];

fn estimate(examination: &Examination, n: usize, correct: usize, k: usize) -> Result<f64, Fault> {
    Ok(examination.numbers(&[n as f64, correct as f64, k as f64], 1)?[0])
}

fn answers(edition: Edition) -> usize {
    match edition {
        Edition::First => 8,
        Edition::Second => 9,
    }
}

fn binomial(n: usize, k: usize) -> f64 {
    (0..k).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64)
}

fn unbiased(examination: &Examination) -> Result<Finding, Fault> {
    let n = answers(examination.edition);
    let mut comparison = Comparison::new();
    for k in [1, 2, 5, n] {
        let found: Vec<f64> = (0..=n).map(|c| estimate(examination, n, c, k)).collect::<Result<_, _>>()?;
        for p in [0.05, 0.3, 0.8] {
            let weight = |c: usize| binomial(n, c) * power(p, c) * power(1.0 - p, n - c);
            let mean = sum(found.iter().enumerate().map(|(c, found)| weight(c) * found));
            comparison.add(mean, 1.0 - power(1.0 - p, k), || format!("n = {n}, k = {k}, p = {p}"));
        }
    }
    Ok(comparison.finding(ROUNDING))
}

fn subsets(examination: &Examination) -> Result<Finding, Fault> {
    let n = answers(examination.edition);
    let mut comparison = Comparison::new();
    for k in 1..=n {
        let drawn: Vec<usize> = (0..1_usize << n).filter(|subset| subset.count_ones() as usize == k).collect();
        for c in 0..=n {
            // The first c answers are the right ones.
            let right = (1 << c) - 1;
            let hits = drawn.iter().filter(|subset| *subset & right != 0).count();
            let found = estimate(examination, n, c, k)?;
            comparison.add(found, hits as f64 / drawn.len() as f64, || format!("n = {n}, {c} right, k = {k}"));
        }
    }
    Ok(comparison.finding(ROUNDING))
}

fn ends(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    let cases =
        [(1000, 137, 1, 0.137), (1000, 0, 100, 0.0), (1000, 1, 1000, 1.0), (1000, 950, 100, 1.0), (4, 1, 4, 1.0)];
    // Of 1000 answers one is right: it is among 500 with probability ½, and C(1000, 500) is beyond 1e299.
    for (n, c, k, expected) in cases.into_iter().chain([(1000, 1, 500, 0.5)]) {
        let found = estimate(examination, n, c, k)?;
        comparison.add(found, expected, || format!("n = {n}, {c} right, k = {k}"));
    }
    Ok(comparison.finding(ROUNDING))
}

/// `1 − Π_{i=n−c+1}^{n} (1 − k/i)` (Chen et al. 2021, figure 3).
fn chen(n: usize, correct: usize, k: usize) -> f64 {
    if n - correct < k {
        return 1.0;
    }
    1.0 - (n - correct + 1..=n).map(|i| 1.0 - k as f64 / i as f64).product::<f64>()
}

const EXACT: &str = "pass@k";

fn mutant(estimate: fn(usize, usize, usize) -> f64) -> Subject<'static> {
    Subject::pass_at_k("a mutant of pass@k", estimate)
}

/// Correct estimators.
pub(super) static REFERENCES: &[Reference] = &[Reference {
    name: EXACT,
    source: "Chen et al. 2021, figure 3",
    subject: || Subject::pass_at_k(EXACT, chen),
    expected: &[],
}];

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "H2",
        title: "the k answers are drawn with replacement",
        evidence: "verl-project/verl#7240",
        wrong: "best_at_k = np.random.choice(scores, k, replace=True).max()",
        observable: Observable::Value,
        active: "k above 1",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|n, c, k| 1.0 - power(1.0 - c as f64 / n as f64, k)),
    },
    Mutant {
        id: "H2b",
        title: "one right answer among all n counts, whatever k is",
        evidence: "paiml/aprender#2118; openai/human-eval#35",
        wrong: "passed = any(results)",
        observable: Observable::Value,
        active: "k below n",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|_, c, _| f64::from(u8::from(c > 0))),
    },
    Mutant {
        id: "H2c",
        title: "the guard for few wrong answers is off by one",
        evidence: "openai/human-eval#35",
        wrong: "if n - c <= k: return 1.0",
        observable: Observable::Value,
        active: "as many wrong answers as k",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|n, c, k| if n - c <= k { 1.0 } else { chen(n, c, k) }),
    },
];

/// Bugs on which the checks were not built.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "H2 by factorials",
        title: "the binomial coefficients overflow",
        evidence: "openai/human-eval#35",
        wrong: "1 - factorial(n - c) * factorial(n - k) / (factorial(n) * factorial(n - c - k))",
        observable: Observable::NotFinite,
        active: "hundreds of answers",
        equivalent: None,
        of: EXACT,
        subject: || {
            mutant(|n, c, k| {
                let factorial = |m: usize| (1..=m).fold(1.0, |product, i| product * i as f64);
                if n - c < k {
                    return 1.0;
                }
                1.0 - factorial(n - c) * factorial(n - k) / (factorial(n) * factorial(n - c - k))
            })
        },
    },
    Mutant {
        id: "H2+H2c",
        title: "draws with replacement, and 1 from c = k on",
        evidence: "verl-project/verl#7240; openai/human-eval#35",
        wrong: "if c >= k: return 1.0",
        observable: Observable::Value,
        active: "k above 1",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|n, c, k| if c >= k { 1.0 } else { 1.0 - power(1.0 - c as f64 / n as f64, k) }),
    },
];

/// Estimates for a grid of counts.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let n = answers(examination.edition);
    let grid = (1..=n).step_by(2).flat_map(|k| (0..=n).map(move |c| (c, k)));
    grid.map(|(c, k)| estimate(examination, n, c, k)).collect()
}
