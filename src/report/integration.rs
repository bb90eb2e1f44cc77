//! What continuous integration shows: JUnit for its test view, and a summary in Markdown for its page of a run.

use std::fmt::Write;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::audit::scores;
use super::change::{Changes, NEW};
use super::prose::plural;
use super::significant;
use super::training::{interval, word};
use crate::audit::MatrixRecord;
use crate::experiment::Comparison;
use crate::experiment::training::{TrainingRecord, Verdict};
use crate::verify::{Finding, Ledger};

fn failure(message: String, description: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message);
    status.set_description(description);
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}

/// Everything that was given in one document of JUnit's XML: the ledger's suites, a suite a comparison with a case a panel,
/// which fails where sampling contradicts the exact route, a suite a training experiment with a case a series, which fails
/// where the verdict is not as recorded, and a suite of what changed since older records.
///
/// # Errors
/// Never for records whose texts are characters that XML allows.
pub fn junit(
    ledger: Option<&Ledger>,
    comparisons: &[Comparison],
    trainings: &[TrainingRecord],
    changes: &[Changes],
) -> Result<String, SerializeError> {
    let mut report = Report::new("unbiased report");
    report.add_test_suites(ledger.into_iter().flat_map(super::ledger::suites));
    for record in comparisons {
        let mut suite = TestSuite::new(record.experiment.title.as_str());
        for panel in 0..record.experiment.panel.len() {
            let overall = record.overall_of(Some(panel));
            let title = record.experiment.panel_title(panel);
            let name = if title.is_empty() { "exact against sampled".to_owned() } else { title };
            let status = if overall.points == 0 {
                skipped("no point was both computed and sampled")
            } else if overall.agrees() {
                TestCaseStatus::success()
            } else {
                let text = format!(
                    "a mean lies {} and a metric {} standard errors off, of {} comparisons",
                    significant(overall.mean, 3),
                    significant(overall.metrics, 3),
                    overall.comparisons
                );
                failure("sampling contradicts the exact route".to_owned(), text)
            };
            let mut case = TestCase::new(name, status);
            case.set_classname(record.name.as_str());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    for record in trainings {
        let mut suite = TestSuite::new(record.experiment.title.as_str());
        for series in &record.series {
            let status = match series.summary.verdict {
                None => skipped("no goal was set"),
                Some(_) if series.as_recorded() => TestCaseStatus::success(),
                Some(verdict) => {
                    let goal = series.least.map_or_else(String::new, |least| format!(", the goal is {least}"));
                    let score = series.summary.score;
                    failure(
                        format!("the goal was {}, recorded as {}", word(verdict), word(series.recorded)),
                        format!("the score is {}{goal}", interval(score, series.runs.len())),
                    )
                }
            };
            let mut case = TestCase::new(series.title.as_str(), status);
            case.set_classname(record.name.as_str());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    if !changes.is_empty() {
        let mut suite = TestSuite::new("unchanged since the older record");
        for changed in changes {
            let status = if changed.new {
                skipped(NEW)
            } else if changed.changes.is_empty() {
                TestCaseStatus::success()
            } else {
                failure(format!("{} changed", plural(changed.changes.len(), "number")), changed.text())
            };
            let mut case = TestCase::new(changed.name.as_str(), status);
            case.set_classname("against");
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}

/// A short page in Markdown: the ledger's counts and what is not as recorded, the audit's scores, each comparison with its finding
/// and whether sampling agrees, each training experiment with its finding and how many goals were reached, and what changed.
#[must_use]
pub fn summary(
    ledger: Option<&Ledger>,
    audit: Option<&MatrixRecord>,
    comparisons: &[Comparison],
    trainings: &[TrainingRecord],
    changes: &[Changes],
) -> String {
    let mut page = String::new();
    if let Some(ledger) = ledger {
        let count = |finding: Finding| ledger.claims.iter().filter(|claim| claim.finding == finding).count();
        page += "## Ledger\n\n| finding | claims |\n|---|---|\n";
        for finding in Finding::ALL.into_iter().filter(|finding| count(*finding) > 0) {
            let _ = writeln!(page, "| {} | {} |", finding.word(), count(finding));
        }
        page += "\n";
        let differing: Vec<_> = ledger.claims.iter().filter(|claim| claim.finding != claim.recorded).collect();
        if differing.is_empty() {
            page += "Every finding is as recorded.\n\n";
        }
        for claim in differing {
            let (id, now, was) = (&claim.id, claim.finding.word(), claim.recorded.word());
            let _ = writeln!(page, "- **`{id}`** {now}, recorded as {was}: {}", claim.statement);
        }
    }
    if let Some(record) = audit {
        let _ = writeln!(page, "## Audit\n\n{}\n", scores(record));
    }
    let cell = |text: &str| text.trim().replace('|', "\\|").replace('\n', " ");
    if !comparisons.is_empty() {
        page += "## Comparisons\n\n| comparison | finding | exact against sampled |\n|---|---|---|\n";
        for record in comparisons {
            let overall = record.overall();
            let agreement = match (overall.points, overall.agrees()) {
                (0, _) => "not sampled".to_owned(),
                (points, true) => format!("agree at {points} points"),
                (_, false) => format!("**disagree** by {} standard errors", significant(overall.worst(), 3)),
            };
            let (title, finding) = (cell(&record.experiment.title), cell(&record.experiment.finding));
            let _ = writeln!(page, "| {title} | {finding} | {agreement} |");
        }
        page += "\n";
    }
    if !trainings.is_empty() {
        page += "## Training runs\n\n| experiment | finding | goals reached |\n|---|---|---|\n";
        for record in trainings {
            let verdicts: Vec<Verdict> = record.series.iter().filter_map(|series| series.summary.verdict).collect();
            let reached = verdicts.iter().filter(|verdict| **verdict == Verdict::Reached).count();
            let reached =
                if verdicts.is_empty() { "–".to_owned() } else { format!("{reached} of {}", verdicts.len()) };
            let (title, finding) = (cell(&record.experiment.title), cell(&record.experiment.finding));
            let _ = writeln!(page, "| {title} | {finding} | {reached} |");
        }
        page += "\n";
    }
    if !changes.is_empty() {
        page += "## Changes\n\n```text\n";
        page.extend(changes.iter().map(Changes::text));
        page += "```\n";
    }
    page
}
