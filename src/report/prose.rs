//! Words and counts in sentences, and what Markdown has to be kept from reading.

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

/// The text with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
