//! Random numbers of several workers.

use std::collections::BTreeMap;

use super::comparison::{Comparison, settle};
use super::part::Part;
use crate::audit::check::{Check, Evidence, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Observable, Reference};
use crate::audit::situation::Edition;
use crate::audit::subject::{Kind, Subject};
use crate::rng::Stream;

const KIND: &[Kind] = &[Kind::Draws];

/// Random numbers.
pub(super) static PART: Part =
    Part { kinds: KIND, checks: CHECKS, references: REFERENCES, mutants: MUTANTS, held_out: HELD_OUT, fingerprint };

impl<'a> Subject<'a> {
    /// The first `count` uniform random numbers in `[0, 1)` that worker `worker` draws in a run with seed `seed`; it is
    /// called with `seed`, `worker` and `count` in this order.
    pub fn draws(name: impl Into<String>, draws: impl Fn(u64, usize, usize) -> Vec<f64> + Send + Sync + 'a) -> Self {
        Self::numbers(Kind::Draws, name, move |x| {
            let [seed, worker, count] = x else { return Vec::new() };
            draws(*seed as u64, *worker as usize, *count as usize)
        })
    }
}

const WORKERS: usize = 8;
const COUNT: usize = 16;
/// Runs by which the variance is measured; its estimate has a relative deviation of `√(2/399)`, 0.071.
const RUNS: usize = 400;
/// More than six deviations: correct numbers are this far off with a probability below 1e−8.
const VARIANCE: f64 = 0.45;

/// What is true of random numbers of several workers.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "draws/repeatable",
        statement: "the same seed and worker give the same numbers",
        because: "a run can be repeated; a difference is a seed from the clock, or a generator that all workers share",
        kinds: KIND,
        run: |examination| settle(repeatable(examination)),
    },
    Check {
        id: "draws/workers-differ",
        statement: "no number of one worker is that of another",
        because: "one pair that agrees in all its bits may be chance; more are a seed that is shared, or set anew, or \
                  streams that overlap",
        kinds: KIND,
        run: |examination| settle(distinct(examination, 1)),
    },
    Check {
        id: "draws/runs-differ",
        statement: "no run with another seed has the numbers of any worker of this one",
        because: "two runs are two experiments; a difference is a seed that is ignored, or to which the worker's \
                  number is added",
        kinds: KIND,
        run: |examination| settle(distinct(examination, 3)),
    },
    Check {
        id: "draws/variance-of-the-mean",
        statement: "the mean over workers has the variance of one number over the number of workers",
        because: "that is what averaging is for; a larger one is a dependence between workers, whatever its form",
        kinds: KIND,
        run: |examination| settle(variance_of_the_mean(examination)),
    },
];

fn first_seed(edition: Edition) -> usize {
    match edition {
        Edition::First => 1,
        Edition::Second => 1001,
    }
}

fn ask(examination: &Examination, seed: usize, worker: usize, count: usize) -> Result<Vec<f64>, Fault> {
    examination.numbers(&[seed as f64, worker as f64, count as f64], count)
}

fn repeatable(examination: &Examination) -> Result<Finding, Fault> {
    let seed = first_seed(examination.edition);
    let mut comparison = Comparison::new();
    for worker in 0..WORKERS {
        let first = ask(examination, seed, worker, COUNT)?;
        comparison
            .add_all(&ask(examination, seed, worker, COUNT)?, &first, |k| format!("number {k} of worker {worker}"));
    }
    Ok(comparison.finding(0.0))
}

/// Every number of every worker of `runs` runs is another, but for the chance that two of them agree in 24 bits.
fn distinct(examination: &Examination, runs: usize) -> Result<Finding, Fault> {
    let seed = first_seed(examination.edition);
    let mut seen: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    let (mut equal, mut worst) = (0, None);
    for run in seed..seed + runs {
        for worker in 0..WORKERS {
            for number in ask(examination, run, worker, COUNT)? {
                if let Some((other_run, other)) = seen.insert(number.to_bits(), (run, worker)) {
                    let is_between_runs = other_run != run;
                    if runs == 1 || is_between_runs {
                        equal += 1;
                        worst.get_or_insert(format!(
                            "worker {worker} of seed {run} and worker {other} of seed {other_run}"
                        ));
                    }
                }
            }
        }
    }
    // Of 384 numbers of 24 bits, two pairs agree with a probability below 1e−5.
    let passed = equal <= 1;
    let verdict = if passed { "all different".to_owned() } else { format!("{equal} numbers are there twice") };
    let evidence = Evidence::of(verdict).with("equal numbers", f64::from(equal)).with("numbers", seen.len() as f64);
    Ok(Finding::of(passed, if passed { evidence } else { evidence.at(worst.unwrap_or_default()) }))
}

fn variance_of_the_mean(examination: &Examination) -> Result<Finding, Fault> {
    let seed = first_seed(examination.edition);
    let mut squares = 0.0;
    let mut mean_of_means = 0.0;
    for run in seed..seed + RUNS {
        let mut mean = 0.0;
        for worker in 0..WORKERS {
            mean += ask(examination, run, worker, 1)?[0] / WORKERS as f64;
        }
        mean_of_means += (mean - 0.5) / RUNS as f64;
        squares += (mean - 0.5) * (mean - 0.5) / RUNS as f64;
    }
    let expected = 1.0 / (12.0 * WORKERS as f64);
    let ratio = (squares - mean_of_means * mean_of_means) / expected;
    let mut comparison = Comparison::new();
    comparison.add(ratio, 1.0, || format!("{WORKERS} workers, {RUNS} runs"));
    Ok(comparison.finding(VARIANCE))
}

/// A stream keyed by seed and worker.
fn keyed(seed: u64, worker: u64, skip: usize, count: usize) -> Vec<f64> {
    let mut stream = Stream::of(seed, "draws of a worker", worker, 0);
    (0..skip + count).map(|_| stream.uniform()).skip(skip).collect()
}

const EXACT: &str = "a stream for each worker";

fn mutant(draws: fn(u64, usize, usize) -> Vec<f64>) -> Subject<'static> {
    Subject::draws("a mutant of a stream for each worker", draws)
}

/// Correct numbers.
pub(super) static REFERENCES: &[Reference] = &[Reference {
    name: EXACT,
    source: "Salmon et al. 2011: a counter-based generator keyed by seed and worker",
    subject: || Subject::draws(EXACT, |seed, worker, count| keyed(seed, worker as u64, 0, count)),
    expected: &[],
}];

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "H1",
        title: "all workers have the same seed",
        evidence: "hill-a/stable-baselines#675; ray-project/ray#46986; chainer/chainerrl#455",
        wrong: "env.seed(seed)  # in every worker",
        observable: Observable::Dependence,
        active: "several workers",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|seed, _, count| keyed(seed, 0, 0, count)),
    },
    Mutant {
        id: "H1b",
        title: "the worker's number is added to the seed, so that runs share workers",
        evidence: "vwxyzjn/cleanrl#238; nottombrown/rl-teacher#21",
        wrong: "env.seed(seed + rank)",
        observable: Observable::Dependence,
        active: "several runs with seeds next to each other",
        equivalent: Some("within a run the workers are independent: only runs with seeds next to each other are not"),
        of: EXACT,
        subject: || mutant(|seed, worker, count| keyed(seed + worker as u64, 0, 0, count)),
    },
    Mutant {
        id: "H1c",
        title: "the seed is ignored",
        evidence: "pytorch/rl#4208",
        wrong: "rng = default_rng(rank)",
        observable: Observable::Dependence,
        active: "several runs",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|_, worker, count| keyed(0, worker as u64, 0, count)),
    },
    Mutant {
        id: "H1d",
        title: "the numbers come from one generator that goes on",
        evidence: "pytorch/rl#4208",
        wrong: "np.random.random(n)  # the global generator, seeded once",
        observable: Observable::Dependence,
        active: "a run that is repeated",
        equivalent: None,
        of: EXACT,
        subject: || {
            let drawn = std::sync::atomic::AtomicUsize::new(0);
            Subject::draws("a mutant of a stream for each worker", move |_, _, count| {
                let before = drawn.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
                keyed(0, 0, before, count)
            })
        },
    },
];

/// Bugs on which the checks were not built.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "H1 shifted",
        title: "workers draw from one stream, each a number later",
        evidence: "hill-a/stable-baselines#675",
        wrong: "rng.jumped(rank)  # by one number",
        observable: Observable::Dependence,
        active: "several workers",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|seed, worker, count| keyed(seed, 0, worker, count)),
    },
    Mutant {
        id: "H1 rounded",
        title: "workers share their numbers but for a millionth",
        evidence: "ray-project/ray#46986",
        wrong: "rng.random() + 1e-6 * rank",
        observable: Observable::Dependence,
        active: "several workers",
        equivalent: None,
        of: EXACT,
        subject: || {
            mutant(|seed, worker, count| keyed(seed, 0, 0, count).iter().map(|x| x + 1e-6 * worker as f64).collect())
        },
    },
];

/// The first numbers of a few workers of two runs.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let seed = first_seed(examination.edition);
    let mut out = Vec::new();
    for run in [seed, seed + 1] {
        for worker in 0..3 {
            out.extend(ask(examination, run, worker, 2)?);
        }
    }
    Ok(out)
}
