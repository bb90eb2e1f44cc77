//! Roots of functions of one variable.

/// A root of `f` between `low` and `high`, by bisection to the last place: `f` must have opposite signs at the ends.
/// `None` where it does not, or where a value is not a number.
pub fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let (at_low, at_high) = (f(low), f(high));
    if at_low == 0.0 {
        return Some(low);
    }
    let opposite = at_low * at_high <= 0.0; // false for NaN
    if !opposite {
        return None;
    }
    for _ in 0..200 {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            break;
        }
        if (f(middle) > 0.0) == (at_low > 0.0) { low = middle } else { high = middle }
    }
    Some(low + 0.5 * (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bisection_finds_a_root_and_says_when_there_is_none() {
        let found = root(0.0, 2.0, |x| x * x - 2.0).expect("there is one");
        assert!((found - 2.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(root(0.0, 1.0, |x| x * x + 1.0), None);
        assert_eq!(root(0.0, 1.0, |_| f64::NAN), None);
    }
}
