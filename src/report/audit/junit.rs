//! An audit as JUnit XML, a test case a check.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::audit::{AuditRecord, Outcome, Row};

/// Audits in JUnit's XML: a suite a subject, a case a check.
///
/// # Errors
/// Never for records whose texts are characters that XML allows.
pub fn junit(records: &[AuditRecord]) -> Result<String, SerializeError> {
    let mut report = Report::new("unbiased audit");
    for record in records {
        let mut suite = TestSuite::new(record.subject.as_str());
        suite.add_test_cases(record.rows.iter().map(|row| case(record, row)));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(record: &AuditRecord, row: &Row) -> TestCase {
    let reason = row.reason.clone().unwrap_or_default();
    let status = match row.outcome {
        Outcome::Passed | Outcome::FailedAsExpected => TestCaseStatus::success(),
        Outcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.as_str());
            status
        }
        _ => {
            let kind = if row.outcome == Outcome::Broken { NonSuccessKind::Error } else { NonSuccessKind::Failure };
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(format!("{}: {}", row.outcome.words(), row.verdict));
            let worst = row.worst.clone().unwrap_or_default();
            let lines = [row.statement.clone(), worst, reason.clone(), row.reproduce.clone()];
            status.set_description(lines.join("\n"));
            status
        }
    };
    let mut case = TestCase::new(row.check.as_str(), status);
    case.set_classname(record.subject.as_str());
    case.set_system_out(format!("{} {reason}", row.verdict).trim().to_owned());
    case
}
