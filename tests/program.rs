//! `unbiased audit` on programs in other languages: right ones, wrong ones, and those that misbehave.
#![allow(missing_docs, clippy::unwrap_used)]

use assert_cmd::Command;

fn audit(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("unbiased").unwrap();
    command.env("NO_COLOR", "1").current_dir(env!("CARGO_MANIFEST_DIR")).arg("audit").args(arguments);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const RLOO: &str = "python3 examples/rloo.py";

#[test]
fn a_correct_program_passes_everything() {
    let (code, out, errors) = audit(&["--exec", RLOO, "--promise", "groups"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    assert!(out.contains("ok        direction/ragged") && !out.contains("FAILED"));
}

#[test]
fn a_program_that_reads_what_it_does_not_promise_is_told() {
    let (code, out, _) = audit(&["--exec", RLOO, "--check", "answers/promises"]);
    assert_eq!(code, 1);
    assert!(out.contains("it reads the groups (Promises::groups) without promising"), "{out}");
    assert!(out.contains("alone: unbiased audit --exec 'python3 examples/rloo.py' --check answers/promises"), "{out}");
}

#[test]
fn a_wrong_program_is_found_in_json_too() {
    let minus = "python3 examples/rloo.py | sed -u 's/\\([0-9]*\\.[0-9]*\\)/-\\1/g; s/--//g'";
    let (code, out, errors) =
        audit(&["--exec", minus, "--promise", "groups", "--check", "direction/", "--format", "json"]);
    assert_eq!((code, errors.as_str()), (1, ""), "{out}");
    let record: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(record["rows"][0]["outcome"], "failed");
    assert_eq!(record["diagnosis"]["likest"][0]["mutant"], "F1");
}

#[test]
fn every_question_and_answer_has_the_documented_form() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/audit.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let command = format!("tee {0} | {RLOO} | tee {0}.answers", log.display());
    audit(&["--exec", &command, "--promise", "groups", "--check", "direction/bandit"]);
    let mut lines = 0;
    for file in [log.clone(), folder.path().join("log.answers")] {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let value = serde_json::from_str(line).unwrap();
            assert!(validator.is_valid(&value), "{line}");
            lines += 1;
        }
    }
    assert!(lines > 100, "{lines}");
}

#[test]
fn programs_that_misbehave_get_a_sentence_and_are_not_waited_for() {
    for (command, said) in [
        ("exit 3", "before it answered"),
        ("echo 'no torch here' >&2; exit 1", "it said: no torch here"),
        ("no-such-program-anywhere", "not found"),
        ("echo hello; cat > /dev/null", "it spoke no JSON answer but `hello`"),
        ("echo '{\"weights\": [[1]], \"gradient\": [1]}'; cat > /dev/null", "exactly one of"),
        (
            "echo '{\"id\": 7, \"gradient\": [1]}'; cat > /dev/null",
            "it answered question 7 when it was asked question 1",
        ),
        ("sleep 30", "it hangs: no answer to question 1 in 1 s"),
        ("head -c 20000000 /dev/zero | tr '\\0' 'a'; cat > /dev/null", "bytes and was stopped"),
    ] {
        let (code, out, errors) = audit(&["--exec", command, "--patience", "1"]);
        assert_eq!((code, out.as_str()), (2, ""), "{command}");
        assert!(errors.starts_with("error: `") && errors.contains(said), "{command}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn a_program_that_dies_later_is_a_row() {
    let dies = "sed -u 40q | python3 examples/rloo.py";
    let (code, out, _) =
        audit(&["--exec", dies, "--promise", "groups", "--patience", "2", "--check", "direction/bandit"]);
    assert_eq!(code, 1);
    assert!(out.contains("BROKEN    direction/bandit"), "{out}");
}

#[test]
fn bad_arguments_get_one_sentence() {
    for (arguments, said) in [
        (vec!["--subject", "grop"], "there is no subject \"grop\""),
        (vec!["--exec", RLOO, "--promise", "ratios"], "\"ratios\" is no promise; they are groups"),
        (vec!["--subject", "grpo", "--check", "directions"], "no check's name contains \"directions\""),
        (vec!["--subject", "grpo", "--expecting", "direction/pair"], "write CHECK=REASON, with a reason"),
        (vec!["--subject", "grpo", "--expecting", "direction/pear=we know"], "there is no check \"direction/pear\""),
        (vec!["--matrix", "--format", "junit"], "--matrix has no JUnit"),
    ] {
        let (code, out, errors) = audit(&arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(errors.contains(said), "{arguments:?}: {errors}");
    }
}

#[test]
fn subjects_of_our_own_are_audited_by_name() {
    let (code, out, _) = audit(&["--subject", "grpo", "--subject", "rloo", "--format", "junit"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("<testsuite name=\"grpo\"") && out.contains("<testsuite name=\"rloo\""));
    let (code, out, _) = audit(&["--subject", "A7", "--format", "markdown"]);
    assert_eq!(code, 1);
    assert!(out.contains("**Diagnosis:** it matches A7"), "{out}");
}

const GAE: &str = "python3 examples/gae.py";

#[test]
fn functions_in_other_languages_are_audited_too() {
    let (code, out, errors) = audit(&["--exec", GAE, "--kind", "advantages"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    assert!(out.contains("ok        advantage/lambda-one") && !out.contains("FAILED"), "{out}");

    let doubled = "sed -u 's/\"lambda\":[0-9.]*/\"lambda\":1/' | python3 examples/gae.py";
    let (code, out, _) = audit(&["--exec", doubled, "--kind", "advantages"]);
    assert_eq!(code, 1);
    assert!(out.contains("FAILED    advantage/lambda-zero"), "{out}");
    assert!(out.contains("--kind advantages --check advantage/lambda-zero"), "{out}");
}

#[test]
fn questions_to_functions_have_the_documented_form() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/audit.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (kind, right) in [
        ("advantages", "[0]"),
        ("divergence", "[0, 0]"),
        ("entropy", "[0]"),
        ("entropy-bonus", "[0]"),
        ("entropy-estimate", "[0]"),
        ("gaussian-entropy", "[0]"),
        ("density", "[0]"),
        ("squashed-density", "[0]"),
        ("sampling", "[0]"),
        ("pass@k", "[0]"),
        ("fisher-product", "[0]"),
        ("solver", "[0]"),
        ("value-loss", "[0]"),
        ("draws", "[0]"),
    ] {
        let log = folder.path().join(kind);
        let answer = format!("while read line; do echo '{{\"answer\": {right}}}'; done");
        audit(&["--exec", &format!("tee {} | ({answer})", log.display()), "--kind", kind]);
        let asked = std::fs::read_to_string(log).unwrap();
        assert!(!asked.is_empty(), "{kind}");
        for line in asked.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{kind}: {line}");
            assert_eq!(value["kind"], kind);
        }
    }
}

#[test]
fn a_world_from_a_file_is_audited_in() {
    let world = ["--world", "problems/cliff-walking.json", "--horizon", "2"];
    let (code, out, errors) = audit(&[&["--subject", "rloo", "--check", "world/"], &world[..]].concat());
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    assert!(out.contains("ok        world/gradient"), "{out}");
    let (code, _, errors) = audit(&["--subject", "rloo", "--world", "problems/frozen-lake-4x4.json", "--horizon", "6"]);
    assert_eq!(code, 2);
    assert!(errors.contains("shorten the horizon"), "{errors}");
}
