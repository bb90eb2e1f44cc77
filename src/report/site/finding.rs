//! Findings and verdicts as badges: a sign, a word and a colour.

use maud::{Markup, html};

use crate::report::ledger;
use crate::verify::{ClaimRecord, Finding, Verdict};

/// The finding in the words of a badge.
pub(super) fn words(finding: Finding) -> &'static str {
    match finding {
        Finding::Conditional => "needs a condition",
        other => other.word(),
    }
}

/// The finding as a badge.
pub(super) fn badge(finding: Finding) -> Markup {
    html! {
        span class={ "badge " (finding.word()) } {
            span.sign aria-hidden="true" { (ledger::mark(finding)) } " " (words(finding))
        }
    }
}

/// The answer to a trial, where the right one is `wanted`.
pub(super) fn answer(verdict: Verdict, wanted: Verdict) -> Markup {
    let sign = if verdict == wanted { "✓" } else { "!" };
    html! {
        span.answer.odd[verdict != wanted] { (sign) " " (ledger::verdict(verdict)) }
    }
}

/// How many of some claims have which finding, as a bar; the numbers stand beside it.
pub(super) fn bar(claims: &[&ClaimRecord]) -> Markup {
    let share = |finding: Finding| claims.iter().filter(|claim| claim.finding == finding).count();
    html! {
        span.bar aria-hidden="true" {
            @for finding in Finding::ALL {
                @let n = share(finding);
                @if n > 0 { span class=(finding.word()) style={ "flex-grow:" (n) } {} }
            }
        }
    }
}
