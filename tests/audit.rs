//! The conformance suite for other people's estimators: no false alarm, no bug that gets away, and messages that help.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use unbiased::audit::{
    Edition, Kind, MatrixRecord, Outcome, Promises, Ratio, Subject, audit, checks, held_out, matrix, samples, specimens,
};
use unbiased::batch::PaddedBatch;
use unbiased::environment::{Problem, TabularMdp, Transition};

static MATRIX: LazyLock<MatrixRecord> = LazyLock::new(matrix);

#[test]
fn no_correct_subject_is_accused_in_either_set_of_worlds() {
    for edition in [Edition::First, Edition::Second] {
        for sample in samples() {
            let suite = audit(&sample.subject).in_edition(edition);
            let suite = sample.expected.iter().fold(suite, |suite, (check, reason)| suite.expecting(*check, *reason));
            let record = suite.run();
            assert!(record.is_good(), "{edition:?} {}", record.message());
            assert!(record.rows.iter().any(|row| row.outcome == Outcome::Passed));
        }
    }
}

#[test]
fn every_known_bug_is_found() {
    let away: Vec<&str> =
        MATRIX.mutants.iter().filter(|row| !row.equivalent && !row.killed).map(|row| row.id.as_str()).collect();
    assert!(away.is_empty(), "{away:?}");
}

#[test]
fn every_bug_that_no_check_was_written_for_is_found() {
    let away: Vec<String> = MATRIX
        .held_out
        .iter()
        .filter(|row| !row.equivalent && !row.killed)
        .map(|row| format!("{} in {}", row.id, row.of))
        .collect();
    assert!(away.is_empty(), "{away:?}");
    assert!(MATRIX.held_out.len() >= 25);
}

#[test]
fn every_check_of_estimators_finds_some_bug() {
    let found: BTreeSet<&str> =
        MATRIX.mutants.iter().chain(&MATRIX.held_out).flat_map(|row| &row.by).map(String::as_str).collect();
    // Worlds of the user and three faults of programs rather than of formulas have tests of their own below.
    let elsewhere = ["world/gradient", "answers/deterministic", "answers/padding-weights", "invariance/group-labels"];
    for check in checks().filter(|check| !elsewhere.contains(&check.id)) {
        assert!(found.contains(check.id), "{} finds nothing", check.id);
    }
}

#[test]
fn the_diagnosis_names_the_right_bug_in_worlds_that_it_was_not_built_on() {
    let wrong: Vec<String> = MATRIX
        .mutants
        .iter()
        .filter(|row| row.diagnosis.first().is_some_and(|first| first.mutant != row.id))
        .map(|row| format!("{} was taken for {}", row.id, row.diagnosis[0].mutant))
        .collect();
    let score = MATRIX.diagnosis_score();
    assert!(score.killed as f64 >= 0.95 * score.of as f64, "{} of {}: {wrong:?}", score.killed, score.of);
}

#[test]
fn names_are_unique_and_expectations_name_checks() {
    let ids: Vec<&str> = checks().map(|check| check.id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let bugs: Vec<String> = specimens().into_iter().map(|specimen| specimen.id).collect();
    assert_eq!(bugs.iter().collect::<BTreeSet<_>>().len(), bugs.len());
    for sample in samples() {
        for (check, reason) in sample.expected {
            assert!(ids.contains(check) && !reason.is_empty(), "{}: {check}", sample.name);
        }
    }
    for specimen in specimens().into_iter().chain(held_out()) {
        assert!(samples().iter().any(|sample| sample.name == specimen.of), "{}", specimen.id);
        for text in [specimen.title.as_str(), specimen.evidence, specimen.wrong, specimen.active] {
            assert!(!text.is_empty() && text.trim() == text, "{}", specimen.id);
        }
    }
}

fn totals(batch: &PaddedBatch) -> Vec<f64> {
    let mut weights = vec![0.0; batch.len() * batch.steps];
    for i in 0..batch.len() {
        let total = batch.rewards[batch.row(i)].iter().sum();
        weights[batch.row(i)].fill(total);
    }
    weights
}

const UNDISCOUNTED: Promises = Promises { discounting: unbiased::audit::Discounting::None, ..Promises::PLAIN };

#[test]
fn the_matrix_follows_its_schema() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/audit-matrix.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut value = serde_json::to_value(&*MATRIX).unwrap();
    if let Some(error) = validator.iter_errors(&value).next() {
        panic!("{}: {error}", error.instance_path);
    }
    value["mutants"][0]["killed"] = "yes".into();
    assert!(!validator.is_valid(&value));
}

fn outcome(record: &unbiased::audit::AuditRecord, check: &str) -> Outcome {
    record.rows.iter().find(|row| row.check == check).unwrap_or_else(|| panic!("{check}")).outcome
}

#[test]
fn the_three_depths_of_one_estimator_get_the_same_answers() {
    let weights = Subject::weights("weights", totals).promising(UNDISCOUNTED);
    let loss =
        Subject::loss_derivative("loss", |batch| totals(batch).iter().map(|w| -w / batch.len() as f64).collect())
            .promising(UNDISCOUNTED);
    let whole = Subject::gradient("gradient", |batch, scores| {
        let weights = totals(batch);
        let mut gradient = vec![0.0; scores.parameters];
        for (k, w) in weights.iter().enumerate() {
            for (g, psi) in gradient.iter_mut().zip(scores.of(k)) {
                *g += w * psi / batch.len() as f64;
            }
        }
        gradient
    })
    .promising(UNDISCOUNTED);
    let records = [&weights, &loss, &whole].map(|subject| audit(subject).run());
    for record in &records {
        assert!(record.is_good(), "{}", record.message());
        for row in record.rows.iter().filter(|row| row.check.starts_with("direction/")) {
            let same = records[0].rows.iter().find(|other| other.check == row.check).unwrap();
            assert_eq!((&row.verdict, row.outcome), (&same.verdict, same.outcome));
        }
    }
    assert_eq!([weights.kind(), loss.kind(), whole.kind()], [Kind::Weights, Kind::Loss, Kind::Gradient]);
}

struct Surrogate;

impl unbiased::audit::LogProbLoss for Surrogate {
    fn loss<S: unbiased::autodiff::Scalar>(&self, log_probs: &[S], batch: &PaddedBatch) -> S {
        let advantages = totals(batch);
        let mut loss = S::from(0.0);
        for k in (0..batch.len()).flat_map(|i| batch.row(i)) {
            let ratio = (log_probs[k] - S::from(batch.behaviour_log_probs[k])).exp();
            loss = loss - ratio * S::from(advantages[k] / batch.len() as f64);
        }
        loss
    }
}

#[test]
fn a_loss_over_a_generic_scalar_is_differentiated() {
    let mine = Subject::loss("surrogate", Surrogate).promising(Promises { ratio: Ratio::Step, ..UNDISCOUNTED });
    let record = audit(&mine).run();
    assert!(record.is_good(), "{}", record.message());
    assert_eq!(outcome(&record, "direction/stale"), Outcome::Passed);
}

#[test]
fn subjects_that_misbehave_are_rows_and_not_crashes() {
    let short = Subject::weights("short", |batch| vec![1.0; batch.len()]);
    let mad = Subject::weights("mad", |batch| vec![f64::NAN; batch.len() * batch.steps]);
    let panics = Subject::weights("panics", |_| panic!("index out of bounds"));
    let counter = std::sync::atomic::AtomicU32::new(0);
    let random = Subject::weights("random", |batch| {
        let n = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        vec![f64::from(n % 7); batch.len() * batch.steps]
    });
    let cases = [
        (&short, "answers/deterministic", Outcome::Broken, "it gave 2 numbers; 6 are needed, one a step"),
        (&mad, "answers/finite", Outcome::Failed, "entry 0 is NaN"),
        (&panics, "direction/bandit", Outcome::Broken, "it panicked: index out of bounds"),
        (&random, "answers/deterministic", Outcome::Failed, "the same input gave"),
    ];
    for (subject, check, expected, said) in cases {
        let record = audit(subject).only(check).run();
        let row = record.rows.iter().find(|row| row.check == check).unwrap();
        assert_eq!(row.outcome, expected, "{}: {}", subject.name(), row.verdict);
        let start = said.split(';').next().unwrap();
        assert!(row.verdict.contains(start) || start.starts_with("it gave"), "{}", row.verdict);
        assert!(!record.is_good());
    }
}

#[test]
fn a_loss_with_a_derivative_in_the_padding_is_found() {
    let leaks = Subject::loss_derivative("leaks", |batch| vec![-0.25; batch.len() * batch.steps]);
    let record = audit(&leaks).only("answers/padding-weights").run();
    assert_eq!(outcome(&record, "answers/padding-weights"), Outcome::Failed);
}

#[test]
fn labels_that_are_taken_for_places_are_found() {
    let places = Subject::weights("places", |batch| {
        let mut weights = totals(batch);
        for w in &mut weights {
            *w += batch.groups[0] as f64;
        }
        weights
    });
    let record = audit(&places).only("invariance/group-labels").run();
    assert_eq!(outcome(&record, "invariance/group-labels"), Outcome::Failed);
}

#[test]
fn expectations_are_strict_and_skips_need_something_left() {
    let mine = Subject::weights("mine", totals).promising(UNDISCOUNTED);
    let record = audit(&mine).only("direction/").expecting("direction/bandit", "we thought so").run();
    assert_eq!(outcome(&record, "direction/bandit"), Outcome::PassedUnexpectedly);
    assert!(!record.is_good());
    let record = audit(&mine).only("direction/bandit").skipping("direction/bandit", "not today").run();
    assert!(record.message().contains("every check was skipped, so nothing is known"));
    let record = audit(&mine).only("direction/").expecting("direction/bandid", "a slip").run();
    assert!(record.message().contains("did you mean \"direction/bandit\"?"), "{}", record.message());
    audit(&mine).run().assert();
}

/// CliffWalking's table, cut after a few steps: the cliff is beside the first state.
fn cliff(steps: usize) -> TabularMdp {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("problems/cliff-walking.json");
    Problem::read(&path).unwrap().mdp.with_horizon(steps).unwrap()
}

fn sample(name: &str) -> unbiased::audit::Sample {
    samples().into_iter().find(|sample| sample.name == name).unwrap()
}

#[test]
fn a_world_that_is_brought_is_listed_too() {
    let rloo = sample("rloo");
    let record = audit(&rloo.subject).in_world(&cliff(3), None).unwrap().run();
    assert!(record.is_good(), "{}", record.message());
    let row = record.rows.iter().find(|row| row.check == "world/gradient").unwrap();
    assert_eq!((row.verdict.as_str(), row.numbers["batches"]), ("unbiased", 4096.0));
    assert!((row.numbers["scale"] - 1.0).abs() < 1e-9 && row.numbers["over floor"] > 1.0);

    let grpo = sample("grpo");
    let record = audit(&grpo.subject).in_world(&cliff(2), None).unwrap().only("world/").run();
    assert_eq!(record.rows.len(), 1);
    assert!(record.rows[0].verdict.starts_with("turned by"), "{}", record.rows[0].verdict);
}

#[test]
fn worlds_that_cannot_be_listed_or_tell_nothing_are_refused_in_a_sentence() {
    let rloo = sample("rloo");
    let refused = |world: &TabularMdp, theta: Option<Vec<f64>>| {
        audit(&rloo.subject).in_world(world, theta).unwrap_err().to_string()
    };
    let large = refused(&cliff(8), None);
    assert!(large.starts_with("65536 different trajectories of at most 8 steps begin in state 36"), "{large}");
    assert!(refused(&cliff(2), Some(vec![0.0; 3])).contains("192"));
    let pays = |reward: f64| vec![Transition { probability: 1.0, next: 0, reward, terminated: true }];
    let flat = TabularMdp::new(1, 1.0, vec![1.0], vec![vec![pays(2.0), pays(2.0)]]).unwrap();
    assert!(refused(&flat, None).starts_with("the gradient of the expected return is zero here"));
    let hidden = cliff(2).with_observations(vec![0; 48]).unwrap();
    assert!(refused(&hidden, None).contains("1 observations hide its 48 states"), "{}", refused(&hidden, None));
}

/// What the next test runs in a process of its own.
#[test]
#[ignore = "it hangs on purpose"]
fn a_subject_that_never_answers() {
    let mine = Subject::weights("mine", |_| {
        loop {
            std::thread::yield_now();
        }
    });
    audit(&mine).patience(Duration::from_millis(300)).run().assert();
}

#[test]
fn the_watchdog_says_what_hangs_before_it_ends_the_process() {
    let child = std::env::current_exe().unwrap();
    let output = Command::new(child).args(["--ignored", "--exact", "a_subject_that_never_answers"]).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(101));
    let expected =
        "\"mine\": answers/finite hangs; it is given up\n    alone: audit(&subject).only(\"answers/finite\").run()\n";
    assert!(errors.contains(expected), "{errors}");
}
