//! The ledger on a terminal of 80 columns.

use comfy_table::{Cell, Color};

use super::{
    NOTHING, SHOWN, answer, as_it_should, beside, chapter_title, drawn, mark, numbers, quantity_text, tally, verdict,
};
use crate::report::page::{Page, WIDTH};
use crate::report::prose::{count, plural};
use crate::report::significant;
use crate::verify::{ClaimRecord, Finding, Ledger, Origin, Role, Route, TrialRecord, Verdict};

/// The ledger, a line a claim, and what is right where a claim is not; with `colour`, findings are coloured.
#[must_use]
pub fn terminal(ledger: &Ledger, colour: bool) -> String {
    let mut out = Page::new(colour);
    let mut chapter = 0;
    for claim in &ledger.claims {
        if claim.chapter != chapter {
            if chapter > 0 {
                out.line("");
            }
            chapter = claim.chapter;
            out.bold(&format!("Chapter {chapter}. {}", chapter_title(chapter)));
        }
        finding_line(&mut out, claim.finding, &claim.id);
        if claim.finding == Finding::Fails && claim.origin == Origin::Guide {
            out.wrapped(&format!("“{}”", claim.quote), 14, 14);
        }
        if claim.finding != Finding::Holds {
            out.wrapped(&claim.lesson, 14, 14);
        }
        if claim.finding != claim.recorded {
            out.wrapped(&format!("recorded as {}; now:", claim.recorded.word()), 14, 14);
            for trial in claim.trials.iter().filter(|trial| !as_it_should(trial)) {
                wrong(&mut out, trial);
            }
        }
    }
    out.line("");
    out.wrapped(&summary(ledger), 0, 0);
    out.text
}

/// What was measured, how surely, and whether it is as recorded.
fn summary(ledger: &Ledger) -> String {
    let differing = ledger.claims.iter().filter(|claim| claim.finding != claim.recorded).count();
    let recorded = match differing {
        0 => "all as recorded".to_owned(),
        n => format!("{n} other than recorded"),
    };
    let trials = || ledger.claims.iter().flat_map(|claim| &claim.trials);
    let drawn = trials().filter(|trial| trial.samples > 0).count();
    let samples: u64 =
        trials().map(|trial| trial.samples + trial.counterfeits.iter().map(|other| other.samples).sum::<u64>()).sum();
    let all = || trials().flat_map(|trial| &trial.counterfeits);
    let counterfeits = all().count();
    let missed = all().filter(|other| other.verdict != Verdict::Violated).count();
    let budget = &ledger.budget;
    format!(
        "{}: {}; {recorded}. {}, {drawn} of them drawn ({} samples, seed {}), and {}. Error rates of the whole ledger, over \
         the draw of the seed: a right answer called violated, at most {:e}; one that is off by its margin passed, at most \
         {:e}.",
        plural(ledger.claims.len(), "claim"),
        tally(&ledger.claims),
        plural(trials().count(), "trial"),
        count(samples),
        ledger.seed,
        caught(counterfeits, missed),
        budget.false_alarm,
        budget.false_holds
    )
}

fn caught(counterfeits: usize, missed: usize) -> String {
    match missed {
        0 => format!("{} caught", plural(counterfeits, "counterfeit")),
        n => format!("{n} of {} not caught", plural(counterfeits, "counterfeit")),
    }
}

fn wrong(out: &mut Page, trial: &TrialRecord) {
    out.wrapped(
        &format!(
            "{}: {} ({}); measured {}, expected {}",
            trial.name,
            verdict(trial.verdict),
            trial.judge,
            numbers(&trial.measured, trial.standard_error.as_ref()),
            numbers(&trial.expected, None)
        ),
        14,
        16,
    );
    for other in trial.counterfeits.iter().filter(|other| other.verdict != Verdict::Violated) {
        out.wrapped(&format!("not caught: {} ({})", other.story, verdict(other.verdict)), 16, 18);
    }
}

/// One claim as a page: the sentence, what it says precisely, why, what follows, the numbers, and each trial with what it
/// measured, how surely, and the wrong subjects that it caught.
#[must_use]
pub fn explain(claim: &ClaimRecord, colour: bool) -> String {
    let mut out = Page::new(colour);
    out.bold(&claim.id);
    let whose = match claim.origin {
        Origin::Guide => "a sentence of the guide",
        Origin::Ours => "our addition",
    };
    out.line(&format!("chapter {}, {}; {whose}", claim.chapter, chapter_title(claim.chapter)));
    out.line("");
    finding_line(&mut out, claim.finding, &format!("(recorded: {})", claim.recorded.word()));
    for (title, text) in [
        ("The sentence", &sentence(claim)),
        ("Precisely", &claim.statement),
        ("Why", &claim.because),
        ("What follows", &claim.lesson),
    ] {
        out.line("");
        out.bold(title);
        out.wrapped(text, 2, 2);
    }
    if !claim.quantities.is_empty() {
        out.line("");
        out.bold("Numbers");
        for quantity in &claim.quantities {
            out.wrapped(&format!("{} = {}", quantity.key, quantity_text(claim, quantity)), 2, 6);
            out.wrapped(&quantity.what, 6, 6);
        }
    }
    for (i, trial) in claim.trials.iter().enumerate() {
        out.line("");
        let heading = format!("Trial {} of {}: {}", i + 1, claim.trials.len(), trial.name);
        for line in textwrap::wrap(&heading, WIDTH) {
            out.bold(&line);
        }
        out.wrapped(&format!("{}; {}", role_text(trial.role), route_text(trial.route)), 2, 2);
        out.wrapped(&format!("where     {}", trial.setting), 2, 12);
        out.wrapped(&format!("measured  {}", numbers(&trial.measured, trial.standard_error.as_ref())), 2, 12);
        if let Some(interval) = interval_text(trial) {
            out.wrapped(&format!("interval  {interval}"), 2, 12);
        }
        out.wrapped(&format!("expected  {}", numbers(&trial.expected, None)), 2, 12);
        if let Some(difference) = largest_difference(trial) {
            let text = if difference < NOTHING { "below 1e-12".to_owned() } else { significant(difference, 2) };
            out.wrapped(&format!("largest difference {text}"), 12, 12);
        }
        let distance = trial.distance.map_or(String::new(), |x| format!(" (it is {})", significant(x, 3)));
        out.wrapped(&format!("asked     {}{distance}: {}", trial.judge, trial.why), 2, 12);
        let after = |samples: u64| {
            if samples > 0 { format!(", after {}", drawn(trial, samples)) } else { String::new() }
        };
        out.wrapped(&format!("verdict   {}{}", verdict(trial.verdict), after(trial.samples)), 2, 12);
        for other in &trial.counterfeits {
            let measured = numbers(&other.measured, None);
            let samples = after(other.samples);
            out.wrapped(&format!("wrong     {}: {measured}: {}{samples}", other.story, answer(other.verdict)), 2, 12);
        }
    }
    if claim.trials.is_empty() {
        out.line("");
        out.wrapped("There is no trial: no program can check this sentence.", 0, 0);
    }
    out.text
}

/// The sentence that a claim tries; one of ours with the guide's sentence that it stands beside.
fn sentence(claim: &ClaimRecord) -> String {
    match beside(claim) {
        Some((how, guide)) => format!("{}; our addition, {how}: “{guide}”", claim.quote),
        None => claim.quote.clone(),
    }
}

/// The largest difference between two lists that are too long to be shown.
fn largest_difference(trial: &TrialRecord) -> Option<f64> {
    let (measured, expected) = (trial.measured.as_slice(), trial.expected.as_slice());
    let differences = measured.iter().zip(expected).map(|(x, y)| (x - y).abs());
    (measured.len() > SHOWN && trial.samples == 0).then(|| differences.fold(0.0, f64::max))
}

pub(in crate::report) fn role_text(role: Role) -> &'static str {
    match role {
        Role::Confirms => "confirms the sentence",
        Role::Limits => "shows where it needs its condition",
        Role::Contradicts => "contradicts the sentence",
    }
}

fn route_text(route: Route) -> &'static str {
    match route {
        Route::Exact => "computed",
        Route::Sampled => "drawn",
        Route::Arithmetic => "worked out from the guide's own numbers",
    }
}

/// The nominal 99 % interval of each sampled mean, as if the number of samples had been fixed.
pub(in crate::report) fn interval_text(trial: &TrialRecord) -> Option<String> {
    let intervals = trial.interval.as_ref()?;
    let ends = |[low, high]: &[f64; 2]| format!("{} to {}", significant(*low, 5), significant(*high, 5));
    let shown: Vec<String> = intervals.iter().take(4).map(ends).collect();
    let rest = if intervals.len() > 4 { ", …" } else { "" };
    Some(format!("99 %, nominal: {}{rest}", shown.join(", ")))
}

/// The claims with their recorded findings, a line each.
#[must_use]
pub fn list(claims: &[(&str, Finding, &str)], colour: bool) -> String {
    let mut out = Page::new(colour);
    for (id, recorded, quote) in claims {
        finding_line(&mut out, *recorded, id);
        out.wrapped(quote, 14, 14);
    }
    out.text
}

/// The finding in its colour, then text.
fn finding_line(out: &mut Page, finding: Finding, text: &str) {
    let colour = match finding {
        Finding::Holds => Color::Green,
        Finding::Conditional => Color::Yellow,
        Finding::Fails => Color::Red,
        Finding::Outside => Color::Grey,
        Finding::Undecided | Finding::Mismatch => Color::Magenta,
    };
    let word = format!("{} {:<11}", mark(finding), finding.word());
    let styled = out.styled(Cell::new(&word).fg(colour), &word);
    out.line(&format!("{styled} {text}"));
}
