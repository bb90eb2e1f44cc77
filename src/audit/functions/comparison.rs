//! Comparing what a subject gives with what is true. It must not know what the numbers mean.

use crate::audit::check::{Evidence, Finding};
use crate::audit::fault::Fault;

/// The worst of many comparisons.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    cases: usize,
    missing: Option<&'static str>,
    worst: Option<Worst>,
}

#[derive(Clone, Debug)]
struct Worst {
    difference: f64,
    found: f64,
    expected: f64,
    case: String,
}

impl Comparison {
    /// Nothing compared yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The data must have `what`, or nothing was tested.
    pub(super) fn needs(&mut self, is_there: bool, what: &'static str) {
        if !is_there {
            self.missing.get_or_insert(what);
        }
    }

    /// One more case; the difference is relative to what is expected where that is larger than 1.
    pub(super) fn add(&mut self, found: f64, expected: f64, case: impl FnOnce() -> String) {
        self.cases += 1;
        let difference = (found - expected).abs() / expected.abs().max(1.0);
        if self.worst.as_ref().is_none_or(|worst| difference.total_cmp(&worst.difference).is_gt()) {
            self.worst = Some(Worst { difference, found, expected, case: case() });
        }
    }

    /// One more case of numbers in a row.
    pub(super) fn add_all(&mut self, found: &[f64], expected: &[f64], case: impl Fn(usize) -> String) {
        for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
            self.add(*found, *expected, || case(k));
        }
    }

    /// Passed if every case is within `tolerance`; skipped if there was nothing to compare.
    pub(super) fn finding(self, tolerance: f64) -> Finding {
        if let Some(what) = self.missing {
            return Finding::skipped(format!("nothing was tested: the data have no {what}"));
        }
        let Some(Worst { difference, found, expected, case }) = self.worst else {
            return Finding::skipped("nothing was tested: there was no case");
        };
        let passed = difference <= tolerance;
        let verdict =
            if passed { "as it should be".to_owned() } else { format!("{found:.6} instead of {expected:.6}") };
        let evidence = Evidence::of(verdict)
            .with("largest difference", difference)
            .with("cases", self.cases as f64)
            .with("tolerance", tolerance);
        Finding::of(passed, if passed { evidence } else { evidence.at(case) })
    }
}

/// A finding, or the fault that prevented it.
pub(super) fn settle(outcome: Result<Finding, Fault>) -> Finding {
    outcome.unwrap_or_else(Finding::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_case_is_named_and_nothing_compared_is_no_pass() {
        let mut comparison = Comparison::new();
        comparison.add_all(&[1.0, 2.5], &[1.0, 2.0], |k| format!("entry {k}"));
        let Finding::Failed(evidence) = comparison.finding(1e-9) else { panic!("it differs") };
        assert_eq!(evidence.worst.as_deref(), Some("entry 1"));
        assert_eq!(evidence.numbers["largest difference"], 0.25);
        assert!(matches!(Comparison::new().finding(1.0), Finding::Skipped(_)));
        let mut vacuous = Comparison::new();
        vacuous.add(0.0, 0.0, String::new);
        vacuous.needs(false, "termination");
        assert!(matches!(vacuous.finding(1.0), Finding::Skipped(_)));
    }

    #[test]
    fn what_is_no_number_is_not_within_any_tolerance() {
        let mut comparison = Comparison::new();
        comparison.add(f64::NAN, 0.0, String::new);
        assert!(matches!(comparison.finding(1.0), Finding::Failed(_)));
    }
}
