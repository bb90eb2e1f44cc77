//! The ledger as one page, claim by claim.

use std::fmt::Write;

use super::{answer, beside, chapter_title, drawn, numbers, origin, plural, quantity_text, tally, verdict};
use crate::report::prose::{cell, plain};
use crate::verify::{ClaimRecord, Ledger, Route};

/// The ledger in Markdown, on one page.
#[must_use]
pub fn markdown(ledger: &Ledger) -> String {
    let mut out = head(ledger, "../docs");
    for chapter in chapters(ledger) {
        let _ = writeln!(out, "\n## Chapter {chapter}: {}", chapter_title(chapter));
        for claim in ledger.claims.iter().filter(|claim| claim.chapter == chapter) {
            page(&mut out, claim);
        }
    }
    out
}

/// The title of the guide whose sentences are checked.
pub(in crate::report) const GUIDE: &str = "The Complete Guide to Policy Gradients";

/// What was checked, and how surely.
pub(super) fn head(ledger: &Ledger, docs: &str) -> String {
    let mut out = String::from("# The ledger\n\n");
    let _ = writeln!(out, "{} of *{GUIDE}*: {}.\n", plural(ledger.claims.len(), "claim"), tally(&ledger.claims));
    let _ = writeln!(
        out,
        "{} [Method]({docs}/METHOD.md), [limits]({docs}/LIMITS.md), [settings]({docs}/SETTINGS.md). Numbers are rounded here; \
         `unbiased verify --format json` gives all digits.\n",
        how_surely(ledger)
    );
    out
}

/// The routes to the numbers, and the error rates.
pub(in crate::report) fn how_surely(ledger: &Ledger) -> String {
    let budget = &ledger.budget;
    format!(
        "Exact numbers come from enumeration, recursion, closed forms or quadrature, by two routes. Sampled ones are decided \
         by e-processes: over the draw of the root seed ({}), the probability that any right answer of the whole ledger is \
         called violated is at most {:e}, and that any answer which is off by its margin or more passes is at most {:e}, \
         divided over {} sampled subjects. Every trial comes with counterfeits, wrong subjects that were judged violated.",
        ledger.seed, budget.false_alarm, budget.false_holds, budget.shares
    )
}

pub(in crate::report) fn chapters(ledger: &Ledger) -> Vec<u32> {
    let mut chapters: Vec<u32> = ledger.claims.iter().map(|claim| claim.chapter).collect();
    chapters.dedup();
    chapters
}

pub(super) fn page(out: &mut String, claim: &ClaimRecord) {
    let _ = writeln!(
        out,
        "\n<a id=\"{}\"></a>\n\n### {} · {} · {}",
        claim.id,
        claim.id,
        claim.finding.word(),
        origin(claim)
    );
    if claim.finding != claim.recorded {
        let _ = writeln!(out, "\n**Recorded as {}.**", claim.recorded.word());
    }
    let _ = writeln!(out, "\n> {}\n", plain(&claim.quote));
    if let Some((how, guide)) = beside(claim) {
        let _ = writeln!(out, "Our addition, {how}: “{}”\n", plain(guide));
    }
    let _ = writeln!(out, "{}\n", plain(&claim.statement));
    let _ = writeln!(out, "*Why:* {}\n\n*Found:* {}", plain(&claim.because), plain(&claim.lesson));
    if !claim.quantities.is_empty() {
        let _ = writeln!(out, "\n| number | value | what it is |\n|---|---|---|");
        for quantity in &claim.quantities {
            let _ =
                writeln!(out, "| `{}` | {} | {} |", quantity.key, quantity_text(claim, quantity), cell(&quantity.what));
        }
    }
    if claim.trials.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n| trial | measured | expected | asked | verdict | wrong versions |\n|---|---|---|---|---|---|"
    );
    for trial in &claim.trials {
        let role = trial.role.word();
        let how = match trial.route {
            Route::Sampled => drawn(trial, trial.samples),
            other => other.word().to_owned(),
        };
        let caught: Vec<String> = trial
            .counterfeits
            .iter()
            .map(|other| format!("{} ({})", cell(&other.story), answer(other.verdict)))
            .collect();
        let _ = writeln!(
            out,
            "| {}; *{}* | {} | {} | {} | {}, {role}; {how} | {} |",
            cell(&trial.name),
            cell(&trial.setting),
            numbers(&trial.measured, trial.standard_error.as_ref()),
            numbers(&trial.expected, None),
            trial.judge,
            verdict(trial.verdict),
            caught.join("; ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_stands_only_where_markdown_would_read_more() {
        for same in ["E_π[r log π'] -> π", "P[0,0]=(0,1), p<.5, ~2 per batch", "-E[x]", "`a_i * b` of |g|²"] {
            assert_eq!(plain(same), same);
        }
        for (text, written) in [
            ("b*, g'_t", "b\\*, g'\\_t"),
            ("f[x](y) <b>", "f[x\\](y) \\<b>"),
            ("> - # a `b", "\\> - # a \\`b"),
            ("~a~", "\\~a\\~"),
        ] {
            assert_eq!(plain(text), written);
        }
        assert_eq!(cell("|g| of `|h|`"), "\\|g\\| of `\\|h\\|`");
    }
}
