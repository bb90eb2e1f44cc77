//! Judges: how a measurement is compared with what is expected.

use serde::{Deserialize, Serialize};

/// What a judge says. *Undecided* is an answer of sampling alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The sentence came out true; of a sampled one, every answer that is off by the margin has been rejected.
    Holds,
    /// It came out false; of a sampled one, the expected answer has been rejected.
    Violated,
    /// Neither, within the largest number of samples.
    Undecided,
}

/// How a measurement is compared with what is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judge {
    /// Every component is the expected one but for rounding.
    Exact {
        /// The largest difference, as a multiple of the larger of 1 and the largest expected component.
        tolerance: f64,
        /// Why that much.
        why: &'static str,
    },
    /// The mean of what is drawn is the expected one, to a margin, with stated error rates.
    Equivalent {
        /// The least difference that matters.
        margin: Margin,
        /// Why that much.
        why: &'static str,
    },
    /// The vector is at least so far from the expected one, in length.
    Different {
        /// The least distance.
        at_least: f64,
        /// Why that much.
        why: &'static str,
    },
    /// Every component is on one side of a multiple of the expected one.
    Ratio {
        /// The side and the multiple.
        bound: Bound,
        /// Why that much.
        why: &'static str,
    },
}

/// A least difference that matters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// As a part of the largest expected component.
    Relative(f64),
    /// In the units of the components.
    Absolute(f64),
}

impl Margin {
    /// In the units of the components.
    #[must_use]
    pub fn absolute(self, expected: &[f64]) -> f64 {
        match self {
            Self::Relative(part) => part * largest(expected),
            Self::Absolute(margin) => margin,
        }
    }
}

/// A side of a multiple of what is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// More than the multiple.
    Above(f64),
    /// Less than the multiple.
    Below(f64),
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0_f64, |m, x| m.max(x.abs()))
}

/// The length of the difference.
fn distance(x: &[f64], y: &[f64]) -> f64 {
    crate::numeric::sum(x.iter().zip(y).map(|(x, y)| (x - y) * (x - y))).sqrt()
}

impl Judge {
    /// The verdict on numbers that were computed. A number that is none, or a missing one, is a violation.
    ///
    /// [`Judge::Equivalent`] is for what is drawn; computed numbers it judges by their distance alone.
    #[must_use]
    pub fn computed(&self, measured: &[f64], expected: &[f64]) -> Verdict {
        let pairs = || measured.iter().zip(expected);
        let within = |most: f64| pairs().all(|(m, e)| (m - e).abs() <= most);
        let numbers = measured.iter().chain(expected).all(|x| x.is_finite());
        let true_here = numbers
            && measured.len() == expected.len()
            && !measured.is_empty()
            && match self {
                Self::Exact { tolerance, .. } => within(tolerance * largest(expected).max(1.0)),
                Self::Equivalent { margin, .. } => within(margin.absolute(expected)),
                Self::Different { at_least, .. } => distance(measured, expected) >= *at_least,
                Self::Ratio { bound: Bound::Above(multiple), .. } => pairs().all(|(m, e)| *m > multiple * e),
                Self::Ratio { bound: Bound::Below(multiple), .. } => pairs().all(|(m, e)| *m < multiple * e),
            };
        if true_here { Verdict::Holds } else { Verdict::Violated }
    }

    /// The length of the difference, where that is what it asks for.
    #[must_use]
    pub fn distance(&self, measured: &[f64], expected: &[f64]) -> Option<f64> {
        matches!(self, Self::Different { .. }).then(|| distance(measured, expected))
    }

    /// Why its number is what it is.
    #[must_use]
    pub fn why(&self) -> &'static str {
        match self {
            Self::Exact { why, .. }
            | Self::Equivalent { why, .. }
            | Self::Different { why, .. }
            | Self::Ratio { why, .. } => why,
        }
    }

    /// What it asks, in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Exact { tolerance, .. } => format!("the same to {tolerance:e}"),
            Self::Equivalent { margin: Margin::Relative(part), .. } => {
                format!("within {} % of the largest component", (part * 1e4).round() / 100.0)
            }
            Self::Equivalent { margin: Margin::Absolute(margin), .. } => format!("within {margin}"),
            Self::Different { at_least, .. } => format!("at a distance of at least {at_least}"),
            Self::Ratio { bound: Bound::Above(multiple), .. } => side("more than", *multiple),
            Self::Ratio { bound: Bound::Below(multiple), .. } => side("less than", *multiple),
        }
    }
}

fn side(words: &str, multiple: f64) -> String {
    if multiple == 1.0 { format!("{words} expected") } else { format!("{words} {multiple} times expected") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_say_what_they_mean() {
        let exact = Judge::Exact { tolerance: 1e-9, why: "" };
        assert_eq!(exact.computed(&[1.0, 2.0], &[1.0, 2.0 + 1e-9]), Verdict::Holds);
        assert_eq!(exact.computed(&[1.0, 2.0], &[1.0, 2.1]), Verdict::Violated);
        let different = Judge::Different { at_least: 1.0, why: "" };
        assert_eq!(different.computed(&[3.0, 4.0], &[0.0, 0.0]), Verdict::Holds);
        assert_eq!(different.computed(&[0.3, 0.4], &[0.0, 0.0]), Verdict::Violated);
        let above = Judge::Ratio { bound: Bound::Above(2.0), why: "" };
        assert_eq!(above.computed(&[2.1], &[1.0]), Verdict::Holds);
        assert_eq!(above.computed(&[2.0], &[1.0]), Verdict::Violated);
    }

    #[test]
    fn what_is_no_number_never_holds() {
        for judge in [
            Judge::Exact { tolerance: 1.0, why: "" },
            Judge::Different { at_least: 0.0, why: "" },
            Judge::Ratio { bound: Bound::Above(0.0), why: "" },
            Judge::Ratio { bound: Bound::Below(1.0), why: "" },
        ] {
            for never in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert_eq!(judge.computed(&[never], &[1.0]), Verdict::Violated, "{judge:?}");
                assert_eq!(judge.computed(&[1.0, 1.0], &[never, 1.0]), Verdict::Violated, "{judge:?}");
            }
            assert_eq!(judge.computed(&[], &[]), Verdict::Violated, "{judge:?}");
            assert_eq!(judge.computed(&[1.0], &[]), Verdict::Violated, "{judge:?}");
        }
    }
}
