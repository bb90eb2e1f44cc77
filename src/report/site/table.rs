//! Tables that scroll on their own where the page is narrow, and numbers in them.

use maud::{Markup, html};

use crate::report::ledger::{exact, numbers, sampled};
use crate::verify::Numbers;

/// How many numbers of a list are written out at most.
const LISTED: usize = 20;

/// A table in a frame of its own, with its caption.
pub(super) fn table(caption: &str, class: &str, rows: &Markup) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table class=(class) {
                caption { span { (caption) } }
                (rows)
            }
        }
    }
}

/// The heads of columns.
pub(super) fn heads(titles: &[&str]) -> Markup {
    html! { thead { tr { @for title in titles { th scope="col" { (title) } } } } }
}

/// Numbers, of a long list its beginning, and more of it on demand.
pub(super) fn list(values: &Numbers, errors: Option<&Numbers>) -> Markup {
    let short = numbers(values, errors);
    if !short.contains('…') {
        return html! { (unbroken(&short)) };
    }
    let slice = values.as_slice();
    let one = |i: usize| match errors {
        Some(errors) => sampled(slice[i], errors.as_slice()[i]),
        None => exact(slice[i]),
    };
    let listed: Vec<String> = (0..slice.len().min(LISTED)).map(one).collect();
    let rest = slice.len() - listed.len();
    html! {
        details {
            summary { (unbroken(&short)) }
            (unbroken(&listed.join(", ")))
            @if rest > 0 { ", and " (rest) " more" }
        }
    }
}

/// Numbers with what belongs to them on one line.
pub(super) fn unbroken(text: &str) -> String {
    text.replace(" ± ", "\u{a0}±\u{a0}").replace(" to ", "\u{a0}to\u{a0}")
}
