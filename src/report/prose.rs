//! Words and counts in sentences, what Markdown has to be kept from reading, and names of files in links.

use std::fmt::Write;

/// A count with its thousands apart.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of something.
pub(super) fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Text that Markdown may not read as anything else; what stands between backticks stays code.
pub(super) fn plain(text: &str) -> String {
    let code = text.matches('`').count().is_multiple_of(2);
    let mut out = String::with_capacity(text.len());
    for (i, part) in text.split('`').enumerate() {
        if i > 0 {
            out.push_str(if code { "`" } else { "\\`" });
        }
        if code && i % 2 == 1 { out.push_str(part) } else { escaped(&mut out, part) }
    }
    out
}

/// The same in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    plain(text).replace('|', "\\|")
}

/// A backslash only where Markdown would read more than the letter.
fn escaped(out: &mut String, text: &str) {
    let letters: Vec<char> = text.chars().collect();
    let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
    let tilde = letters.iter().filter(|c| **c == '~').count() > 1;
    for (i, c) in letters.iter().enumerate() {
        let (before, next) = (i.checked_sub(1).and_then(|i| letters.get(i)), letters.get(i + 1));
        let read = match c {
            '*' | '\\' => true,
            // Within a word it opens nothing.
            '_' => !word(before),
            // A tag, or a link.
            '<' => next.is_some_and(|c| c.is_ascii_alphabetic() || "/!?".contains(*c)),
            ']' => next == Some(&'(') || (next == Some(&':') && letters[0] == '['),
            '~' => tilde,
            '#' | '>' => i == 0,
            '-' | '+' => i == 0 && next == Some(&' '),
            _ => false,
        };
        if read {
            out.push('\\');
        }
        out.push(*c);
    }
}

/// The name of a file as Markdown and addresses take it in a link: percent-encoded where it has to be.
pub(super) fn link(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The name of a file that a link leads to; what is encoded wrongly stays as it is.
pub(super) fn linked(link: &str) -> String {
    let mut bytes = Vec::with_capacity(link.len());
    let mut rest = link.as_bytes();
    while let [first, others @ ..] = rest {
        let digit = |i: usize| others.get(i).and_then(|byte| char::from(*byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push((16 * high + low) as u8);
            rest = &others[2..];
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| link.to_owned())
}

/// The text with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_no_character_that_ends_it_and_leads_back_to_its_name() {
        assert_eq!(link("lambda-2.md"), "lambda-2.md");
        assert_eq!(link("my experiment (λ) 100%.md"), "my%20experiment%20%28%CE%BB%29%20100%25.md");
        for name in ["lambda.md", "my experiment (λ) 100%.md", "a%20b", "<a>#?&\"'"] {
            assert_eq!(linked(&link(name)), name);
        }
        for text in ["%", "%4", "100%.md", "%zz", "%ff"] {
            assert_eq!(linked(text), text);
        }
    }
}
