//! Measures the error rates of the verdict engine against the declared ones and writes a page: `make stress`.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write;

use rayon::prelude::*;
use unbiased::claims::LEDGER;
use unbiased::numeric;
use unbiased::rng::{Stream, StreamKey};
use unbiased::stats::{Decision, Known, Rates, SideTest, VectorTest, clopper_pearson};
use unbiased::verify::{self, Budget, Judge, Margin, Route, Subject, Verdict, judge_sampled};

const SEEDS: u64 = 10_000;
/// Of the whole ledger.
const WHOLE: u64 = 20;
const LEVELS: [f64; 2] = [0.1, 0.01];
/// A bias of one margin is the hardest that the engine promises anything about.
const BIASES: [f64; 4] = [0.0, 1.0, 2.0, 4.0];
/// Of the intervals.
const CONFIDENCE: f64 = 0.999;

/// How often a test said what, and how many samples it took on average.
#[derive(Clone, Copy, Default)]
struct Tally {
    holds: u64,
    violated: u64,
    undecided: u64,
    samples: u64,
}

impl Tally {
    fn of(outcomes: &[(Verdict, u64)]) -> Self {
        let mut tally = Self::default();
        for (verdict, samples) in outcomes {
            match verdict {
                Verdict::Holds => tally.holds += 1,
                Verdict::Violated => tally.violated += 1,
                Verdict::Undecided => tally.undecided += 1,
            }
            tally.samples += samples;
        }
        tally
    }

    fn runs(self) -> u64 {
        self.holds + self.violated + self.undecided
    }

    /// A line of the table: wrong answers and their interval beside the declared rate. At a bias of 0 the wrong answer
    /// is *violated*, at a margin or more it is *holds*.
    fn line(self, what: &str, level: f64, bias: f64, ideal: f64, broken: &mut u32) -> String {
        let wrong = if bias == 0.0 { self.violated } else { self.holds };
        let (low, high) = clopper_pearson(wrong, self.runs(), CONFIDENCE);
        let kept = low <= level;
        *broken += u32::from(!kept);
        let samples = self.samples as f64 / self.runs() as f64;
        let ratio = if ideal > 0.0 { format!("{:.2}", samples / ideal) } else { String::new() };
        format!(
            "| {what} | {level} | {bias} | {} | {} | {} | {low:.4} – {high:.4} | {} | {samples:.0} | {ratio} |\n",
            self.holds,
            self.violated,
            self.undecided,
            if kept { "kept" } else { "**broken**" }
        )
    }
}

const HEADER: &str = "| data | declared rate | bias in margins | holds | violated | undecided | wrong answers, 99.9 % interval | declared rate is \
                      | samples | of 2σ²ln(1/α)/δ² |\n|---|---|---|---|---|---|---|---|---|---|\n";

/// Data with mean 0, and what is known of it.
struct Law {
    name: &'static str,
    known: Known,
    variance: f64,
    draw: fn(&mut Stream) -> f64,
}

fn coin(stream: &mut Stream) -> f64 {
    if stream.uniform() < 0.1 { 0.9 } else { -0.1 }
}

/// Symmetric with tails `P(|x| > t) = t^{-2.5}`: variance 5, no third moment.
fn heavy(stream: &mut Stream) -> f64 {
    let size = numeric::exp(-numeric::ln(1.0 - stream.uniform()) / 2.5);
    if stream.uniform() < 0.5 { -size } else { size }
}

const LAWS: [Law; 5] = [
    Law { name: "normal", known: Known::Variance(1.0), variance: 1.0, draw: Stream::normal },
    Law {
        name: "skewed: exponential",
        known: Known::Variance(1.0),
        variance: 1.0,
        draw: |stream| stream.exponential() - 1.0,
    },
    Law { name: "heavy-tailed: Pareto 2.5, both sides", known: Known::Variance(5.0), variance: 5.0, draw: heavy },
    Law { name: "a rare success, variance known", known: Known::Variance(0.09), variance: 0.09, draw: coin },
    Law {
        name: "a rare success, range known",
        known: Known::Range { low: -0.1, high: 0.9 },
        variance: 0.09,
        draw: coin,
    },
];

/// The margin is a quarter of the standard deviation, so that a decision takes a hundred observations.
fn one_run(law: &Law, level: f64, bias: f64, seed: u64) -> (Verdict, u64) {
    let margin = 0.25 * law.variance.sqrt();
    let rates = Rates { false_alarm: level, false_holds: level };
    // The expected value is off by the bias; the sign alternates.
    let sign = if seed.is_multiple_of(2) { 1.0 } else { -1.0 };
    let mut test = VectorTest::new(&[sign * bias * margin], margin, &[law.known], rates);
    let mut stream = StreamKey::of(seed, law.name, 0).stream(0);
    for n in 1..100_000 {
        match test.observe(&[(law.draw)(&mut stream)]) {
            Some(Decision::Holds) => return (Verdict::Holds, n),
            Some(Decision::Violated) => return (Verdict::Violated, n),
            None => {}
        }
    }
    (Verdict::Undecided, 100_000)
}

/// Where the mean lies beside a bound, in quarters of a standard deviation.
const SIDES: [f64; 4] = [-1.0, 0.0, 1.0, 2.0];

/// Asks whether the mean lies above a bound that lies `place` quarters of a deviation below it. On the bound and beyond,
/// *holds* is wrong; else *violated* is.
fn one_side(law: &Law, level: f64, place: f64, seed: u64) -> (Verdict, u64) {
    let rates = Rates { false_alarm: level, false_holds: level };
    let bound = -0.25 * law.variance.sqrt() * place;
    let mut test = SideTest::new(&[bound], true, &[law.known], rates);
    let mut stream = StreamKey::of(seed, law.name, 2).stream(0);
    for n in 1..5_000 {
        match test.observe(&[(law.draw)(&mut stream)]) {
            Some(Decision::Holds) => return (Verdict::Holds, n),
            Some(Decision::Violated) => return (Verdict::Violated, n),
            None => {}
        }
    }
    (Verdict::Undecided, 5_000)
}

/// The table of the sides of a bound.
fn sides(broken: &mut u32) -> String {
    let mut page = String::from(
        "| data | declared rate | mean above the bound, in σ/4 | holds | violated | undecided | wrong answers, 99.9 % interval | \
         declared rate is | observations |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for law in &LAWS {
        for level in LEVELS {
            for place in SIDES {
                let outcomes: Vec<(Verdict, u64)> =
                    (0..SEEDS).into_par_iter().map(|seed| one_side(law, level, place, seed)).collect();
                let tally = Tally::of(&outcomes);
                let wrong = if place > 0.0 { tally.violated } else { tally.holds };
                let (low, high) = clopper_pearson(wrong, tally.runs(), CONFIDENCE);
                *broken += u32::from(low > level);
                let _ = writeln!(
                    page,
                    "| {} | {level} | {place} | {} | {} | {} | {low:.4} – {high:.4} | {} | {:.0} |",
                    law.name,
                    tally.holds,
                    tally.violated,
                    tally.undecided,
                    if low <= level { "kept" } else { "**broken**" },
                    tally.samples as f64 / tally.runs() as f64
                );
            }
        }
    }
    page
}

/// Trials of the ledger that are cheap: one number, several, batches, a squared error.
const TRIALS: [(&str, &str); 4] = [
    ("ch02-objective", "the mean return, drawn"),
    ("ch04-zero-mean-score", "drawn"),
    ("ch07-inbatch-mean-trajectory", "half of the gradient from pairs, drawn"),
    ("ch07-jacket-signal", "the variance with the average, drawn"),
];

fn trial_lines(claim: &str, name: &str, seeds: u64, broken: &mut u32) -> String {
    let claim = LEDGER.iter().find(|other| other.id == claim).unwrap();
    let trial = claim.trials.iter().find(|other| other.name == name).unwrap();
    let (Subject::Sampled(sample), Judge::Equivalent { margin, why }) = (trial.subject, trial.judge) else {
        panic!("{name} is not drawn");
    };
    let (source, expected) = (sample(), (trial.expected)());
    let margin = margin.absolute(&expected);
    let judge = Judge::Equivalent { margin: Margin::Absolute(margin), why };
    let mut lines = String::new();
    for level in LEVELS {
        for bias in [0.0, 2.0, 4.0] {
            let mut shifted = expected.clone();
            shifted[0] += bias * margin;
            let outcomes: Vec<(Verdict, u64)> = (0..seeds)
                .into_par_iter()
                .map(|seed| {
                    let key = StreamKey::of(seed, claim.id, 1);
                    let rates = Rates { false_alarm: level, false_holds: level };
                    let measured = judge_sampled(&*source, &shifted, &judge, &key, rates).unwrap();
                    (measured.verdict, measured.samples)
                })
                .collect();
            lines += &Tally::of(&outcomes).line(&format!("`{}`", claim.id), level, bias, 0.0, broken);
        }
    }
    lines
}

/// What a scalar trial's samples are compared with.
struct Ideal {
    /// `2σ²ln(1/α)/δ²` at the rate that the trial has.
    samples: f64,
    /// Whether the margin exceeds the standard deviation of a block's mean.
    coarse: bool,
}

/// The ideal of each sampled trial of one component whose variance is known and that asks for a margin.
fn ideals() -> BTreeMap<(&'static str, &'static str), Ideal> {
    let rate = 1e-6 / Budget::of(LEDGER).shares as f64;
    let mut all = BTreeMap::new();
    for claim in LEDGER {
        for trial in claim.trials {
            let (Subject::Sampled(sample), Judge::Equivalent { margin, .. }) = (trial.subject, trial.judge) else {
                continue;
            };
            let (source, expected) = (sample(), (trial.expected)());
            if let [Known::Variance(variance)] = source.known()[..] {
                let (margin, block) = (margin.absolute(&expected), source.samples_a_block());
                // The variance is that of a block's mean.
                let samples = -2.0 * variance * block as f64 * numeric::ln(rate) / (margin * margin);
                all.insert((claim.id, trial.name), Ideal { samples, coarse: margin * margin > variance });
            }
        }
    }
    all
}

/// The mean samples of each of those trials beside its ideal; within a factor of two, or why not.
fn beside_wald(used: &BTreeMap<(String, String), u64>, seeds: u64) -> String {
    let mut page = String::from("| claim | trial | 2σ²ln(1/α)/δ² | samples | ratio | |\n|---|---|---|---|---|---|\n");
    let (mut within, mut total) = (0, 0);
    for ((claim, name), ideal) in ideals() {
        let samples = used[&(claim.to_owned(), name.to_owned())] as f64 / seeds as f64;
        let ratio = samples / ideal.samples;
        total += 1;
        within += u32::from(ratio <= 2.0);
        let why = if ratio <= 2.0 {
            String::new()
        } else if ideal.coarse {
            "coarse".to_owned()
        } else {
            "over two".to_owned()
        };
        let _ = writeln!(page, "| `{claim}` | {name} | {:.0} | {samples:.0} | {ratio:.2} | {why} |", ideal.samples);
    }
    let _ = writeln!(
        page,
        "\n{within} of {total} within a factor of two. *Coarse*: the margin exceeds the standard deviation σ of a block's mean, so that \
         few blocks decide; whole ones are drawn, and a bet, which is capped at 1/σ, stays below the best, δ/σ²."
    );
    page
}

/// The whole ledger under so many seeds, at its own rates; with the samples of each trial, summed over seeds.
fn whole_ledger(seeds: u64) -> (String, BTreeMap<(String, String), u64>) {
    let (mut right, mut wrong, mut undecided) = (0, 0, 0);
    let mut used = BTreeMap::new();
    for seed in 0..seeds {
        let ledger = verify::run(LEDGER, seed, Budget::of(LEDGER), || ());
        for (claim, trial) in
            ledger.claims.iter().flat_map(|claim| claim.trials.iter().map(move |trial| (claim, trial)))
        {
            if trial.route != Route::Sampled {
                continue;
            }
            *used.entry((claim.id.clone(), trial.name.clone())).or_insert(0) += trial.samples;
            let answers = std::iter::once((trial.verdict, Verdict::Holds))
                .chain(trial.counterfeits.iter().map(|other| (other.verdict, Verdict::Violated)));
            for (answer, truth) in answers {
                match answer {
                    Verdict::Undecided => undecided += 1,
                    _ if answer == truth => right += 1,
                    _ => wrong += 1,
                }
            }
        }
    }
    let (_, high) = clopper_pearson(wrong, right + wrong + undecided, CONFIDENCE);
    let text = format!(
        "{seeds} seeds, {} answers about sampled subjects: {right} right, {wrong} wrong, {undecided} undecided. That bounds \
         the rate of wrong answers by {high:.1e} an answer (99.9 % confidence, Clopper and Pearson). It is a bound and no \
         measurement of the declared 1e-6 a run, which rests on Ville's inequality.\n",
        right + wrong + undecided
    );
    (text, used)
}

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "reports/CALIBRATION.md".to_owned());
    let mut broken = 0;
    let mut page = String::from(
        "# Calibration\n\nDeclared against measured error rates of the verdict engine: `make stress` writes this page. \
         The wrong answer is *violated* where the expected value is right (a bias of 0), and *holds* where it is off by \
         the margin δ or more. A declared rate counts as *kept* unless the whole 99.9 % interval of the measured one lies \
         above it. Between 0 and δ nothing is promised.\n\n",
    );
    let _ = writeln!(page, "## The engine on data of known laws\n\n{SEEDS} seeds a line, δ = σ/4.\n");
    page += HEADER;
    for law in &LAWS {
        for level in LEVELS {
            for bias in BIASES {
                let outcomes: Vec<(Verdict, u64)> =
                    (0..SEEDS).into_par_iter().map(|seed| one_run(law, level, bias, seed)).collect();
                let ideal = if bias == 0.0 { -2.0 * 16.0 * numeric::ln(level) } else { 0.0 };
                page += &Tally::of(&outcomes).line(law.name, level, bias, ideal, &mut broken);
            }
        }
    }
    let _ = writeln!(
        page,
        "\n## Trials of the ledger\n\n{SEEDS} seeds a line; the expected value of the first component is moved by the bias.\n"
    );
    page += HEADER;
    for (claim, name) in TRIALS {
        page += &trial_lines(claim, name, SEEDS, &mut broken);
    }
    let _ = writeln!(
        page,
        "\n## The side of a bound\n\n{SEEDS} seeds a line, at most 5,000 observations. On the bound (0) and beyond it (−1) *holds* is \
         wrong, above it (1, 2) *violated*.\n"
    );
    page += &sides(&mut broken);
    let (answers, used) = whole_ledger(WHOLE);
    let _ = writeln!(page, "\n## The whole ledger at its own rates\n\n{answers}");
    let _ = writeln!(
        page,
        "## Samples beside Wald's bound\n\nEvery sampled trial of one number whose variance is known: the mean number of samples over \
         those {WHOLE} seeds, at the trial's own rate α, beside 2σ²ln(1/α)/δ², what the best test of a known alternative takes (Wald \
         1947). A look is a block of up to 4,096 samples.\n"
    );
    page += &beside_wald(&used, WHOLE);
    std::fs::write(&path, page.trim_end().to_owned() + "\n").unwrap();
    if broken > 0 {
        println!("{broken} declared rates are broken; see {path}");
        std::process::exit(1);
    }
}
