//! The runner: measures, judges, derives.

use std::collections::BTreeMap;

use rayon::prelude::*;
use thiserror::Error;

use super::claim::{Claim, Finding, Role, Route, Subject, Trial, Value};
use super::judge::{Bound, Judge, Verdict};
use super::record::{BudgetRecord, ClaimRecord, CounterfeitRecord, Ledger, Numbers, QuantityRecord, TrialRecord};
use super::source::Source;
use crate::numeric::{self, Sum};
use crate::rng::StreamKey;
use crate::stats::{Decision, Estimate, Known, Rates, SideTest, VectorTest};

/// The root seed of a run that names none: the date of the first commit. It was fixed before the first run.
pub const DEFAULT_SEED: u64 = 20_261_124;

/// A subject that is not decided after so many samples is undecided.
pub const MOST_SAMPLES: u64 = 1 << 26;

/// The most blocks that are drawn side by side before they are looked at, one after the other. It changes no result,
/// only how many draws are thrown away.
const WAVE: usize = 8;

/// The error rates of a run and the tests that share them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// The rates of the whole run.
    pub rates: Rates,
    /// The sampled subjects of the whole ledger, counterfeits included: a filter changes no share, so no result.
    pub shares: usize,
}

impl Budget {
    /// One in a million for each kind of wrong answer, over all `claims`.
    pub fn of(claims: &[&Claim]) -> Self {
        let shares = claims.iter().map(|claim| claim.sampled_subjects()).sum();
        Self { rates: Rates { false_alarm: 1e-6, false_holds: 1e-6 }, shares }
    }
}

/// What was measured, and what was said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The numbers; of a sampled subject, the mean so far.
    pub numbers: Vec<f64>,
    /// The standard error of each sampled mean, where the variance is known.
    pub standard_error: Option<Vec<f64>>,
    /// The nominal 99 % interval of each sampled mean, as if the number of samples had been fixed beforehand: normal where
    /// the variance is known, Hoeffding's where a range is.
    pub interval: Option<Vec<[f64; 2]>>,
    /// The answer.
    pub verdict: Verdict,
    /// How many samples it took.
    pub samples: u64,
    /// Whether a sample is a whole training run.
    pub runs: bool,
}

/// A sampled subject whose judge cannot judge it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "what is drawn is judged as equivalent, to a margin, or as on one side of a bound; compute it, or ask one of these"
)]
pub struct Unsampleable;

/// Runs `claims` with streams of `seed`; `tick` is called after each claim.
pub fn run(claims: &[&Claim], seed: u64, budget: Budget, tick: impl Fn() + Sync) -> Ledger {
    let rates = budget.rates.divided(budget.shares);
    let claims = claims
        .par_iter()
        .map(|claim| {
            let record = run_claim(claim, seed, rates);
            tick();
            record
        })
        .collect();
    let Rates { false_alarm, false_holds } = budget.rates;
    let budget = BudgetRecord { false_alarm, false_holds, shares: budget.shares, most_samples: MOST_SAMPLES };
    Ledger { seed, budget, claims }
}

fn run_claim(claim: &Claim, seed: u64, rates: Rates) -> ClaimRecord {
    let trials: Vec<TrialRecord> =
        claim.trials.par_iter().map(|trial| run_trial(claim.id, trial, seed, rates)).collect();
    // Computed numbers are arithmetic where nothing but arithmetic was tried.
    let arithmetic = trials.iter().all(|trial| trial.route == Route::Arithmetic);
    let route = if arithmetic { Route::Arithmetic } else { Route::Exact };
    let (mut routes, mut intervals) = (BTreeMap::new(), BTreeMap::new());
    let quantities = claim
        .quantities
        .iter()
        .map(|quantity| {
            let key = quantity.key.to_owned();
            let (value, route) = match quantity.value {
                Value::Number(value) => (Numbers::Number(value()), route),
                Value::List(value) => (Numbers::List(value()), route),
                Value::Runs(value) => {
                    let Estimate { value, low, high } = value(seed);
                    intervals.insert(key.clone(), [low, high]);
                    (Numbers::Number(value), Route::Sampled)
                }
            };
            routes.insert(key.clone(), route);
            QuantityRecord { key, what: quantity.what.to_owned(), value }
        })
        .collect();
    ClaimRecord {
        id: claim.id.to_owned(),
        chapter: claim.chapter(),
        origin: claim.origin,
        quote: claim.quote.to_owned(),
        statement: claim.statement.to_owned(),
        because: claim.because.to_owned(),
        lesson: claim.lesson.to_owned(),
        finding: finding(&trials),
        recorded: claim.recorded,
        quantities,
        routes,
        intervals,
        trials,
    }
}

/// The finding that trials amount to.
///
/// A violated trial, or a counterfeit that passed, is a *mismatch*, whatever else is open: both stand for good. Else an
/// undecided trial or counterfeit leaves the claim *undecided*; else the roles decide: one that contradicts makes it *fail*, one that limits makes
/// it *conditional*. Without a trial the claim is *outside*.
#[must_use]
pub fn finding(trials: &[TrialRecord]) -> Finding {
    let counterfeits = || trials.iter().flat_map(|trial| &trial.counterfeits);
    let any = |verdict: Verdict| trials.iter().any(|trial| trial.verdict == verdict);
    let caught = |verdict: Verdict| counterfeits().any(|counterfeit| counterfeit.verdict == verdict);
    let role = |role: Role| trials.iter().any(|trial| trial.role == role);
    if trials.is_empty() {
        Finding::Outside
    } else if any(Verdict::Violated) || caught(Verdict::Holds) {
        Finding::Mismatch
    } else if any(Verdict::Undecided) || caught(Verdict::Undecided) {
        Finding::Undecided
    } else if role(Role::Contradicts) {
        Finding::Fails
    } else if role(Role::Limits) {
        Finding::Conditional
    } else {
        Finding::Holds
    }
}

fn run_trial(claim: &str, trial: &Trial, seed: u64, rates: Rates) -> TrialRecord {
    let expected = (trial.expected)();
    let name = format!("{claim}/{}", trial.name);
    let measured = measure(&trial.subject, &expected, &trial.judge, &StreamKey::of(seed, &name, 0), rates);
    let counterfeits = trial
        .counterfeits
        .iter()
        .map(|counterfeit| {
            let key = StreamKey::of(seed, &format!("{name}/{}", counterfeit.story), 0);
            let measured = measure(&counterfeit.subject, &expected, &trial.judge, &key, rates);
            CounterfeitRecord {
                story: counterfeit.story.to_owned(),
                measured: measured.numbers.into(),
                verdict: measured.verdict,
                samples: measured.samples,
            }
        })
        .collect();
    TrialRecord {
        name: trial.name.to_owned(),
        role: trial.role,
        setting: trial.setting.to_owned(),
        route: trial.subject.route(),
        judge: trial.judge.sentence(),
        why: trial.judge.why().to_owned(),
        distance: trial.judge.distance(&measured.numbers, &expected),
        runs: measured.runs,
        measured: measured.numbers.into(),
        standard_error: measured.standard_error.map(Numbers::from),
        interval: measured.interval,
        expected: expected.into(),
        verdict: measured.verdict,
        samples: measured.samples,
        counterfeits,
    }
}

fn measure(subject: &Subject, expected: &[f64], judge: &Judge, key: &StreamKey, rates: Rates) -> Measured {
    match subject {
        Subject::Exact(numbers) | Subject::Arithmetic(numbers) => {
            let numbers = numbers();
            let verdict = judge.computed(&numbers, expected);
            Measured { numbers, standard_error: None, interval: None, verdict, samples: 0, runs: false }
        }
        Subject::Sampled(sample) => judge_sampled(&*sample(), expected, judge, key, rates)
            .expect("a test over the ledger finds sampled trials without a margin"),
    }
}

/// Draws from `source` until its mean is decided.
///
/// # Errors
/// [`Unsampleable`] unless the judge is [`Judge::Equivalent`] or [`Judge::Ratio`].
///
/// # Panics
/// If `expected` has another length than an observation, or the margin is not positive.
pub fn judge_sampled(
    source: &dyn Source,
    expected: &[f64],
    judge: &Judge,
    key: &StreamKey,
    rates: Rates,
) -> Result<Measured, Unsampleable> {
    let known = source.known();
    let bounds = |multiple: f64| expected.iter().map(|x| multiple * x).collect::<Vec<f64>>();
    let mut test: SequentialTest = match judge {
        Judge::Equivalent { margin, .. } if known.iter().all(finite) => {
            let mut test = VectorTest::new(expected, margin.absolute(expected), &known, rates);
            Box::new(move |x| test.observe(x))
        }
        Judge::Ratio { bound, .. } if known.iter().all(finite) => {
            let (above, bounds) = match *bound {
                Bound::Above(multiple) => (true, bounds(multiple)),
                Bound::Below(multiple) => (false, bounds(multiple)),
            };
            let mut test = SideTest::new(&bounds, above, &known, rates);
            Box::new(move |x| test.observe(x))
        }
        Judge::Equivalent { .. } | Judge::Ratio { .. } => return Ok(without_variance(source, key, expected.len())),
        Judge::Exact { .. } | Judge::Different { .. } => return Err(Unsampleable),
    };
    let mut sums = vec![Sum::new(); expected.len()];
    let (mut samples, mut observations, mut decision) = (0, 0_u64, None);
    let blocks = usize::try_from(MOST_SAMPLES / source.samples_a_block()).unwrap_or(usize::MAX);
    let (mut first, mut size) = (0, 1);
    'waves: while first < blocks {
        let last = blocks.min(first + size);
        let wave: Vec<Vec<f64>> = (first..last).into_par_iter().map(|block| source.block(key, block)).collect();
        (first, size) = (last, WAVE.min(2 * size));
        for rows in wave {
            let count = (rows.len() / expected.len()) as u64;
            for (row, i) in rows.chunks_exact(expected.len()).zip(1..) {
                sums.iter_mut().zip(row).for_each(|(sum, x)| sum.add(*x));
                observations += 1;
                decision = test(row);
                if decision.is_some() {
                    samples += source.samples_a_block() * i / count;
                    break 'waves;
                }
            }
            samples += source.samples_a_block();
        }
    }
    let n = observations as f64;
    let error = |known: &Known| match known {
        Known::Variance(variance) => Some((variance / n).sqrt()),
        Known::Range { .. } => None,
    };
    let numbers: Vec<f64> = sums.into_iter().map(|sum| sum.value() / n).collect();
    let interval = numbers.iter().zip(&known).map(|(mean, known)| nominal(*mean, known, n)).collect();
    Ok(Measured {
        numbers,
        standard_error: known.iter().map(error).collect(),
        interval: Some(interval),
        verdict: match decision {
            Some(Decision::Holds) => Verdict::Holds,
            Some(Decision::Violated) => Verdict::Violated,
            None => Verdict::Undecided,
        },
        samples,
        runs: source.draws_runs(),
    })
}

/// The nominal 99 % interval of a mean of `n` observations.
fn nominal(mean: f64, known: &Known, n: f64) -> [f64; 2] {
    /// The normal's 99.5 % point.
    const POINT: f64 = 2.575_829_303_548_901;
    match known {
        Known::Variance(variance) => {
            let half = POINT * (variance / n).sqrt();
            [mean - half, mean + half]
        }
        Known::Range { low, high } => {
            let half = (high - low) * (numeric::ln(2.0 / 0.01) / (2.0 * n)).sqrt();
            [(mean - half).max(*low), (mean + half).min(*high)]
        }
    }
}

/// What looks at every observation and answers once it can.
type SequentialTest = Box<dyn FnMut(&[f64]) -> Option<Decision>>;

fn finite(known: &Known) -> bool {
    match known {
        Known::Variance(variance) => variance.is_finite(),
        Known::Range { .. } => true,
    }
}

/// A subject whose variance is not finite: *violated* if it gives numbers that are not finite, else there is no sampled
/// verdict.
fn without_variance(source: &dyn Source, key: &StreamKey, dimension: usize) -> Measured {
    let rows = source.block(key, 0);
    let verdict = if rows.iter().all(|x| x.is_finite()) { Verdict::Undecided } else { Verdict::Violated };
    let n = (rows.len() / dimension) as f64;
    let mean = |k: usize| rows.iter().skip(k).step_by(dimension).sum::<f64>() / n;
    let numbers = (0..dimension).map(mean).collect();
    let (samples, runs) = (source.samples_a_block(), source.draws_runs());
    Measured { numbers, standard_error: None, interval: None, verdict, samples, runs }
}
