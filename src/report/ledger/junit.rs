//! The ledger as JUnit XML, a test case a claim.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{as_it_should, chapter_title, numbers, verdict};
use crate::verify::{ClaimRecord, Finding, Ledger};

/// The ledger in JUnit's XML: a suite a chapter, a case a claim, which fails if its finding is not the recorded one and is
/// skipped if it lies outside what a program can check.
///
/// # Errors
/// Never for a ledger whose texts are characters that XML allows.
pub fn junit(ledger: &Ledger) -> Result<String, SerializeError> {
    let mut report = Report::new("unbiased verify");
    report.add_test_suites(suites(ledger));
    report.to_string()
}

/// A suite a chapter.
pub(in crate::report) fn suites(ledger: &Ledger) -> impl Iterator<Item = TestSuite> {
    ledger.claims.chunk_by(|a, b| a.chapter == b.chapter).map(|chapter| {
        let title = format!("chapter {}: {}", chapter[0].chapter, chapter_title(chapter[0].chapter));
        let mut suite = TestSuite::new(title);
        suite.add_test_cases(chapter.iter().map(case));
        suite
    })
}

fn case(claim: &ClaimRecord) -> TestCase {
    let status = if claim.finding == Finding::Outside && claim.recorded == Finding::Outside {
        // Nothing was checked, and nothing is counted as checked.
        let mut status = TestCaseStatus::skipped();
        status.set_message(claim.because.as_str());
        status
    } else if claim.finding == claim.recorded && claim.finding != Finding::Undecided {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(format!("{}, recorded as {}", claim.finding.word(), claim.recorded.word()));
        let wrong = claim.trials.iter().filter(|trial| !as_it_should(trial)).map(|trial| {
            format!(
                "{}: {}; measured {}, expected {}",
                trial.name,
                verdict(trial.verdict),
                numbers(&trial.measured, trial.standard_error.as_ref()),
                numbers(&trial.expected, None)
            )
        });
        status.set_description(wrong.collect::<Vec<String>>().join("\n"));
        status
    };
    let mut case = TestCase::new(claim.id.as_str(), status);
    case.set_classname(format!("ch{:02}", claim.chapter));
    case.set_system_out(format!("{}: {}\n{}", claim.finding.word(), claim.statement, claim.lesson));
    case
}
