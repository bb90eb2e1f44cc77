//! Numbers as people read them.

/// The shortest text that is read as the same number.
pub(super) fn shortest(x: f64) -> String {
    let text = format!("{x:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// `x` with `digits` significant digits: plain where that is short, scientific otherwise.
///
/// ```
/// use unbiased::report::significant;
/// assert_eq!(significant(1234.5678, 4), "1235");
/// assert_eq!(significant(0.000123456, 4), "1.235e-4");
/// assert_eq!(significant(-0.0, 4), "0");
/// ```
#[must_use]
pub fn significant(x: f64, digits: usize) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !x.is_finite() {
        return x.to_string();
    }
    let scientific = format!("{:.*e}", digits.max(1) - 1, x);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let digits = i32::try_from(digits).unwrap_or(i32::MAX - 2);
    if (-3..digits + 2).contains(&exponent) {
        let decimals = (digits - 1 - exponent).max(0) as usize;
        let plain = format!("{x:.decimals$}");
        if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.').to_owned() } else { plain }
    } else {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let mantissa =
            if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
        format!("{mantissa}e{exponent}")
    }
}
