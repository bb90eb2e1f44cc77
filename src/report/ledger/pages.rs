//! The ledger as a folder of pages: an index, a page a chapter, the errata, and the sentences that need a condition.

use std::fmt::Write;

use super::markdown::{GUIDE, chapters, head, page};
use super::{chapter_title, count, numbers, plural, tally};
use crate::report::prose::{capital, plain};
use crate::verify::{ClaimRecord, Finding, Ledger, Origin, Role, TrialRecord};

/// The pages of a ledger, each with the name of its file. They link to one another.
#[must_use]
pub fn pages(ledger: &Ledger) -> Vec<(String, String)> {
    let mut pages = vec![
        ("README.md".to_owned(), index(ledger)),
        ("errata.md".to_owned(), errata(ledger)),
        ("conditions.md".to_owned(), conditions(ledger)),
    ];
    pages.extend(chapters(ledger).into_iter().map(|chapter| (file(chapter), chapter_page(ledger, chapter))));
    pages
}

fn file(chapter: u32) -> String {
    format!("chapter-{chapter:02}.md")
}

fn link(claim: &ClaimRecord) -> String {
    format!("[{}]({}#{})", claim.id, file(claim.chapter), claim.id)
}

pub(in crate::report) fn of_chapter(ledger: &Ledger, chapter: u32) -> impl Iterator<Item = &ClaimRecord> {
    ledger.claims.iter().filter(move |claim| claim.chapter == chapter)
}

fn index(ledger: &Ledger) -> String {
    let mut out = head(ledger, "../../docs");
    let _ = writeln!(
        out,
        "- [Errata](errata.md): the sentences that fail, with what is right and the smallest example that shows it.\n\
         - [Conditions](conditions.md): the sentences that are right only under a condition, with the condition.\n"
    );
    let _ = writeln!(out, "| chapter | claims | hold | conditional | fail | outside |\n|---|---|---|---|---|---|");
    for chapter in chapters(ledger) {
        let of = |finding: Finding| of_chapter(ledger, chapter).filter(|claim| claim.finding == finding).count();
        let _ = writeln!(
            out,
            "| [{chapter}. {}]({}) | {} | {} | {} | {} | {} |",
            chapter_title(chapter),
            file(chapter),
            of_chapter(ledger, chapter).count(),
            of(Finding::Holds),
            of(Finding::Conditional),
            of(Finding::Fails),
            of(Finding::Outside)
        );
    }
    let outside: Vec<&ClaimRecord> = ledger.claims.iter().filter(|claim| claim.finding == Finding::Outside).collect();
    if !outside.is_empty() {
        let _ = writeln!(out, "\n## {OUTSIDE}\n\n{NEVER_COUNTED}\n");
        for claim in outside {
            let _ = writeln!(out, "- {}: “{}” {}", link(claim), plain(&claim.quote), plain(&claim.lesson));
        }
    }
    out
}

fn chapter_page(ledger: &Ledger, chapter: u32) -> String {
    let claims: Vec<ClaimRecord> = of_chapter(ledger, chapter).cloned().collect();
    let mut out = format!("# Chapter {chapter}: {}\n\n", chapter_title(chapter));
    let _ = writeln!(
        out,
        "{}: {}. [All chapters](README.md), [errata](errata.md).\n",
        plural(claims.len(), "claim"),
        tally(&claims)
    );
    let _ = writeln!(out, "| claim | finding | the sentence |\n|---|---|---|");
    for claim in &claims {
        let _ = writeln!(out, "| [{}](#{}) | {} | {} |", claim.id, claim.id, claim.finding.word(), plain(&claim.quote));
    }
    for claim in &claims {
        page(&mut out, claim);
    }
    out
}

/// The sentence of the guide that a claim speaks of: its own, or the last one before a claim of ours.
pub(in crate::report) fn of_the_guide<'a>(ledger: &'a Ledger, claim: &'a ClaimRecord) -> &'a str {
    let before = ledger.claims.iter().take_while(|other| other.id != claim.id);
    let guides = before.filter(|other| other.origin == Origin::Guide && other.chapter == claim.chapter);
    match claim.origin {
        Origin::Guide => &claim.quote,
        Origin::Ours => guides.last().map_or(&claim.quote, |other| &other.quote),
    }
}

/// What the guide says, or what a claim of ours stands beside.
fn sentence(out: &mut String, ledger: &Ledger, claim: &ClaimRecord) {
    let quote = plain(of_the_guide(ledger, claim));
    let _ = match claim.origin {
        Origin::Guide => writeln!(out, "The guide says:\n\n> {quote}\n"),
        Origin::Ours => writeln!(out, "A counter-example of ours, beside:\n\n> {quote}\n"),
    };
}

/// The first trial of a role: the example that a reader is shown.
pub(in crate::report) fn example(claim: &ClaimRecord, role: Role) -> Option<&TrialRecord> {
    claim.trials.iter().find(|trial| trial.role == role)
}

/// A trial in sentences.
fn shown(out: &mut String, trial: &TrialRecord) {
    let drawn = if trial.samples > 0 { format!(" ({} samples)", count(trial.samples)) } else { String::new() };
    let _ = writeln!(out, "**An example.** {}. *Where:* {}.\n", capital(&plain(&trial.name)), plain(&trial.setting));
    let _ = writeln!(
        out,
        "| measured{drawn} | to compare with | asked |\n|---|---|---|\n| {} | {} | {} |\n",
        numbers(&trial.measured, trial.standard_error.as_ref()),
        numbers(&trial.expected, None),
        trial.judge
    );
    if let Some(wrong) = trial.counterfeits.first() {
        let _ = writeln!(
            out,
            "What the same measurement gives for *{}*: {}.\n",
            plain(&wrong.story),
            numbers(&wrong.measured, None)
        );
    }
}

/// The heading over the sentences that no program can check.
pub(in crate::report) const OUTSIDE: &str = "Outside what a program can check";

/// What is said of them.
pub(in crate::report) const NEVER_COUNTED: &str = "Listed with the reason, never counted as checked.";

/// Where the numbers of the errata come from.
pub(in crate::report) const BY_TWO_ROUTES: &str =
    "Every number is computed by two independent routes, or drawn with both error rates stated";

/// How a reader sees that a measurement could have failed.
pub(in crate::report) const A_WRONG_ANSWER_BESIDE: &str =
    "beside each stands what the same measurement gives for a wrong answer.";

/// What the settings of the errata are.
pub(in crate::report) const SMALL_SETTINGS: &str = "The settings (set-mdp-16, set-four-arm, …) are small enough to be worked out by hand or in a few lines and are written out in";

/// How many sentences fail, and what stands with each.
pub(in crate::report) fn errata_lead(failing: &[&ClaimRecord]) -> String {
    let ours = failing.iter().filter(|claim| claim.origin == Origin::Ours).count();
    format!(
        "{} of the guide fail, and {} of ours to sentences around them are listed with them. For each: what the guide says, what is \
         right, why, and the smallest example that shows it, with its numbers.",
        plural(failing.len() - ours, "sentence"),
        plural(ours, "counter-example")
    )
}

fn errata(ledger: &Ledger) -> String {
    let failing: Vec<&ClaimRecord> = ledger.claims.iter().filter(|claim| claim.finding == Finding::Fails).collect();
    let mut out = format!("# Errata to *{GUIDE}*\n\n");
    let _ = writeln!(
        out,
        "{} {BY_TWO_ROUTES} ([method](../../docs/METHOD.md)); {A_WRONG_ANSWER_BESIDE} {SMALL_SETTINGS} \
         [settings](../../docs/SETTINGS.md); `unbiased explain NAME` repeats any of them with all trials.\n",
        errata_lead(&failing)
    );
    let _ = writeln!(out, "| | chapter | the sentence | what is right |\n|---|---|---|---|");
    for (i, claim) in failing.iter().enumerate() {
        let _ = writeln!(
            out,
            "| [{}](#{}) | {} | {} | {} |",
            i + 1,
            claim.id,
            claim.chapter,
            plain(of_the_guide(ledger, claim)),
            plain(&claim.statement)
        );
    }
    for (i, claim) in failing.iter().enumerate() {
        let _ = writeln!(
            out,
            "\n<a id=\"{}\"></a>\n\n## {}. Chapter {}, {}\n",
            claim.id,
            i + 1,
            claim.chapter,
            chapter_title(claim.chapter)
        );
        sentence(&mut out, ledger, claim);
        let _ = writeln!(
            out,
            "**What is right.** {} {}\n\n**Why.** {}\n",
            plain(&claim.statement),
            plain(&claim.lesson),
            plain(&claim.because)
        );
        if let Some(trial) = example(claim, Role::Contradicts) {
            shown(&mut out, trial);
        }
        let _ = writeln!(out, "All trials: {}, `unbiased explain {}`.", link(claim), claim.id);
    }
    out
}

/// How many sentences need a condition, and what stands with each.
pub(in crate::report) fn conditions_lead(count: usize) -> String {
    let how_many = match count {
        1 => "1 sentence is".to_owned(),
        n => format!("{n} sentences are"),
    };
    how_many
        + " right under a condition that the text around them does not state. For each: the sentence, the condition, and a \
           setting outside it."
}

fn conditions(ledger: &Ledger) -> String {
    let conditional = || ledger.claims.iter().filter(|claim| claim.finding == Finding::Conditional);
    let mut out = String::from("# Sentences that need a condition\n\n");
    let _ = writeln!(out, "{} [Errata](errata.md), [all chapters](README.md).", conditions_lead(conditional().count()));
    for chapter in chapters(ledger) {
        let claims: Vec<&ClaimRecord> = conditional().filter(|claim| claim.chapter == chapter).collect();
        if claims.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n## Chapter {chapter}: {}\n", chapter_title(chapter));
        let _ = writeln!(out, "| the sentence | the condition | outside it |\n|---|---|---|");
        for claim in claims {
            let outside = example(claim, Role::Limits).map_or(String::new(), |trial| plain(&trial.name));
            let _ =
                writeln!(out, "| {} ({}) | {} | {} |", plain(&claim.quote), link(claim), plain(&claim.lesson), outside);
        }
    }
    out
}
