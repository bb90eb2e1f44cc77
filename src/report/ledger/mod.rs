//! The record of `unbiased verify`, for people and for machines.

mod junit;
mod markdown;
mod pages;
mod terminal;

pub use junit::junit;
pub use markdown::markdown;
pub use pages::pages;
pub use terminal::{explain, list, terminal};

pub(super) use junit::suites;
pub(super) use markdown::{GUIDE, chapters, how_surely};
pub(super) use pages::{
    NEVER_COUNTED, NOTATION, NOTATION_AND_SETTINGS, OUTSIDE, asked, conditions_lead, example, of_chapter, opening,
    words,
};
pub(super) use terminal::{interval_text, role_text};

use super::prose::{count, plural};
use super::significant;
use crate::claims;
use crate::verify::{ClaimRecord, Finding, Numbers, Origin, QuantityRecord, TrialRecord, Verdict};

/// The titles of the guide's chapters, from the first.
const CHAPTERS: [&str; 12] = [
    "Foundations and notation",
    "The objective",
    "From imitation to policy gradients",
    "Deriving the policy gradient",
    "REINFORCE",
    "Causality",
    "Baselines and the natural gradient",
    "The surrogate objective",
    "Importance sampling",
    "KL constraints, TRPO, PPO",
    "Policy architectures",
    "Summary, laboratories, design challenge, actor-critic",
];

pub(super) fn chapter_title(chapter: u32) -> &'static str {
    CHAPTERS.get((chapter as usize).wrapping_sub(1)).copied().unwrap_or("")
}

/// What is smaller is rounding, beside numbers of the size of 1.
const NOTHING: f64 = 1e-12;

/// How many numbers of a list are shown.
pub(super) const SHOWN: usize = 6;

/// A number of an exact route, to six digits.
pub(super) fn exact(x: f64) -> String {
    if x.abs() < NOTHING { "0".to_owned() } else { significant(x, 6) }
}

/// A sampled mean with its standard error, both to the digits that the error leaves.
pub(super) fn sampled(x: f64, error: f64) -> String {
    if !(error > 0.0 && error.is_finite()) {
        return exact(x);
    }
    // Two digits of the error.
    let decimals = 1.0 - (crate::numeric::ln(error) / std::f64::consts::LN_10).floor();
    let decimals = if decimals.is_finite() { decimals.clamp(0.0, 12.0) as usize } else { 6 };
    format!("{x:.decimals$} ± {error:.decimals$}")
}

/// Numbers as people read them; a long list by its beginning.
pub(super) fn numbers(values: &Numbers, errors: Option<&Numbers>) -> String {
    let values = values.as_slice();
    let errors = errors.map(Numbers::as_slice);
    let text = |i: usize| match errors {
        Some(errors) => sampled(values[i], errors[i]),
        None => exact(values[i]),
    };
    if values.len() > 2 && (1..values.len()).all(|i| text(i) == text(0)) {
        return format!("{} ({} times)", text(0), values.len());
    }
    let shown: Vec<String> = (0..values.len().min(SHOWN)).map(text).collect();
    let rest = if values.len() > SHOWN { format!(", … ({} numbers)", values.len()) } else { String::new() };
    shown.join(", ") + &rest
}

/// A reported number, with its interval where it has one.
pub(super) fn quantity_text(claim: &ClaimRecord, quantity: &QuantityRecord) -> String {
    let value = numbers(&quantity.value, None);
    match claim.intervals.get(&quantity.key) {
        Some([low, high]) => format!("{value} (99 %: {} to {})", exact(*low), exact(*high)),
        None => value,
    }
}

/// What was drawn: samples, or whole training runs.
pub(super) fn drawn(trial: &TrialRecord, samples: u64) -> String {
    let what = if trial.runs { "runs" } else { "samples" };
    format!("{} {what}", count(samples))
}

pub(super) fn origin(claim: &ClaimRecord) -> &'static str {
    match claim.origin {
        Origin::Guide => "the guide",
        Origin::Ours => "our addition",
    }
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Violated => "violated",
        Verdict::Undecided => "undecided",
    }
}

/// How a claim of ours stands to a sentence of the guide, and the sentence.
pub(super) fn beside(claim: &ClaimRecord) -> Option<(&'static str, &'static str)> {
    claims::neighbour(&claim.id).map(|(how, guide)| (how, guide.quote))
}

/// What was said of a wrong version, which should be rejected.
pub(super) fn answer(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "not rejected",
        Verdict::Violated => "rejected",
        Verdict::Undecided => "undecided",
    }
}

/// Whether a trial came out as it should, and every counterfeit was caught.
fn as_it_should(trial: &TrialRecord) -> bool {
    trial.verdict == Verdict::Holds && trial.counterfeits.iter().all(|other| other.verdict == Verdict::Violated)
}

/// How many claims have which finding, those that occur.
pub(super) fn tally(claims: &[ClaimRecord]) -> String {
    let counted = Finding::ALL.map(|finding| (claims.iter().filter(|claim| claim.finding == finding).count(), finding));
    let parts = counted.iter().filter(|(n, _)| *n > 0).map(|(n, finding)| format!("{n} {}", tally_word(*finding, *n)));
    parts.collect::<Vec<String>>().join(", ")
}

/// The sign that stands before the word of a finding.
pub(super) fn mark(finding: Finding) -> &'static str {
    match finding {
        Finding::Holds => "✓",
        Finding::Conditional => "◐",
        Finding::Fails => "✗",
        Finding::Outside => "–",
        Finding::Undecided => "?",
        Finding::Mismatch => "!",
    }
}

pub(super) fn tally_word(finding: Finding, n: usize) -> &'static str {
    match finding {
        Finding::Holds if n != 1 => "hold",
        Finding::Fails if n != 1 => "fail",
        other => other.word(),
    }
}
