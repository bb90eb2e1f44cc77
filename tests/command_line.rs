//! The program as a user runs it: what it prints, what it refuses and how.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use insta::assert_snapshot;

fn program() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("unbiased"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR");
    command
}

/// Runs `exact` with `arguments`, expects success and returns the output.
fn output(arguments: &[&str]) -> String {
    let result = program().arg("exact").args(arguments).assert().success();
    assert!(result.get_output().stderr.is_empty(), "nothing belongs on the error stream without a terminal");
    String::from_utf8(result.get_output().stdout.clone()).unwrap()
}

/// Runs `exact` with `arguments`, expects exit code 2 and nothing on the output, and returns the one sentence.
fn refusal(arguments: &[&str], folder: &Path) -> String {
    let result = program().arg("exact").args(arguments).assert().code(2);
    assert!(result.get_output().stdout.is_empty());
    let error = String::from_utf8(result.get_output().stderr.clone()).unwrap();
    assert_eq!(error.lines().count(), 1, "one sentence: {error}");
    error.trim_end().replace(&format!("{}/", folder.display()), "")
}

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&output(&[arguments, &["--format", "json"]].concat())).unwrap()
}

const LAKE: &str = "problems/frozen-lake-4x4.json";

#[test]
fn the_terminal_report_fits_eighty_columns() {
    let all = "reinforce,reinforce-constant:0.5,reinforce-optimal-constant,reinforce-per-parameter,\
               reinforce-in-batch-mean:8,reinforce-leave-one-out:8,reward-to-go,reward-to-go-no-gamma-t,\
               constant-baseline:0.5,optimal-constant,per-parameter-baseline,in-batch-mean:8,leave-one-out:8,\
               value-baseline,value-baseline-no-gamma-t,optimal-baseline,q-baseline,q-baseline-corrected";
    let reports = [
        ("small", output(&[LAKE])),
        ("large", output(&["problems/frozen-lake-8x8.json"])),
        ("every estimator", output(&["problems/cliff-walking.json", "--discount", "0.9", "--estimators", all])),
    ];
    for (name, report) in reports {
        for line in report.lines() {
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        }
        assert!(!report.contains('\u{1b}'), "colours belong on terminals only");
        assert_snapshot!(name, report);
    }
}

#[test]
fn the_json_of_a_small_problem_is_golden() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "problem.json", &GOOD.replace("\"horizon\": 2", "\"horizon\": 3"));
    assert_snapshot!(output(&[&path, "--format", "json"]));
}

#[test]
fn the_json_has_the_documented_form() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/exact.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for problem in [LAKE, "problems/cliff-walking.json"] {
        let result = json(&[problem, "--estimators", "reinforce,leave-one-out:4,q-baseline"]);
        assert!(validator.is_valid(&result), "{:?}", validator.iter_errors(&result).next());
    }
    // A world without reward: no gradient to be a multiple of, and no floor to compare with.
    let folder = tempfile::tempdir().unwrap();
    let still = GOOD.replace("1.0, false", "0.0, false").replace("2.5, true", "0.0, true");
    let result = json(&[&write(&folder, "still.json", &still)]);
    assert!(validator.is_valid(&result), "{:?}", validator.iter_errors(&result).next());
    assert!(result["estimators"]["reinforce"]["scale"].is_null());
    assert!(result["estimators"]["reinforce"]["ratio_to_floor"].is_null());
    assert_eq!(result["floor"]["trace"], 0.0);
}

#[test]
fn shipped_problems_follow_the_schema_and_run() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/problem.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems = Path::new(env!("CARGO_MANIFEST_DIR")).join("problems");
    let mut seen = 0;
    for entry in std::fs::read_dir(problems).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let problem: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            assert!(validator.is_valid(&problem), "{}", path.display());
            unbiased::environment::Problem::read(&path).unwrap();
            seen += 1;
        }
    }
    assert_eq!(seen, 4);
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/problem.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let good: serde_json::Value = serde_json::from_str(GOOD).unwrap();
    assert!(validator.is_valid(&good));
    // A whole number may be written as a float.
    let float = GOOD.replace("\"horizon\": 2", "\"horizon\": 2.0");
    assert!(validator.is_valid(&serde_json::from_str(&float).unwrap()));
    assert!(unbiased::environment::Problem::parse(&float, Path::new("x")).is_ok());
    let folder = tempfile::tempdir().unwrap();
    let marked = write(&folder, "marked.json", &format!("\u{feff}{GOOD}"));
    assert!(unbiased::environment::Problem::read(Path::new(&marked)).is_ok(), "a byte-order mark is skipped");
    for (from, to) in [
        ("\"horizon\": 2", "\"horizon\": 0"),
        ("\"discount\": 0.5", "\"discount\": 2"),
        ("\"tabular\"", "\"bandit\""),
        ("0.25, 1", "-0.25, 1"),
        ("2.5, true", "2.5"),
        ("\"horizon\"", "\"Horizon\""),
        ("\"1\": {", "\"one\": {"),
    ] {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from} is not in the file");
        assert!(!validator.is_valid(&serde_json::from_str(&text).unwrap()), "{to} passes the schema");
        assert!(unbiased::environment::Problem::parse(&text, Path::new("x")).is_err(), "{to} passes the reader");
    }
}

#[test]
fn a_baseline_from_a_file_is_one_more_estimator() {
    let folder = tempfile::tempdir().unwrap();
    let problem = json(&[LAKE]);
    // The floor's own baseline, nulls and all, reaches the floor.
    let path = write(&folder, "baseline.json", &problem["floor"]["baseline"].to_string());
    let given = json(&[LAKE, "--baseline", &path]);
    let trace = given["estimators"]["given-baseline"]["trace"].as_f64().unwrap();
    let floor = given["floor"]["trace"].as_f64().unwrap();
    assert!((trace / floor - 1.0).abs() < 1e-12, "{trace} and {floor}");
}

#[test]
fn logits_from_a_file_move_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    // Always the first action in state 0: p = 1/(1 + e^-40), so J is that action's reward, nearly.
    let path = write(&folder, "theta.json", "[[40, 0], [0, 0]]");
    let problem = write(&folder, "problem.json", &GOOD.replace("\"horizon\": 2", "\"horizon\": 1"));
    let objective = json(&[&problem, "--theta", &path])["objective"].as_f64().unwrap();
    assert!((objective - 1.0).abs() < 1e-15, "{objective}");
}

#[test]
fn the_numbers_do_not_depend_on_the_threads() {
    let run = |threads: &str| output(&["problems/frozen-lake-8x8.json", "--format", "json", "--threads", threads]);
    let one = run("1");
    assert_eq!(one, run("2"));
    assert_eq!(one, run("5"));
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.txt");
    assert_eq!(output(&[LAKE, "--output", path.to_str().unwrap()]), "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), output(&[LAKE]));
    // A run that fails leaves the old file and nothing beside it.
    program().args(["exact", LAKE, "--estimators", "nonsense", "--output"]).arg(&path).assert().code(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), output(&[LAKE]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
#[cfg(unix)]
fn links_devices_and_modes_are_respected() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("report.txt"), folder.path().join("link.txt"));
    std::fs::write(&file, "old").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    output(&[LAKE, "--output", link.to_str().unwrap()]);
    assert!(std::fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("FrozenLake"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    output(&[LAKE, "--output", "/dev/null"]);
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn help_texts() {
    for (name, arguments) in [("help", vec!["--help"]), ("help of exact", vec!["exact", "--help"])] {
        let result = program().args(arguments).assert().success();
        assert_snapshot!(name, String::from_utf8(result.get_output().stdout.clone()).unwrap());
    }
}

const GOOD: &str = r#"{
  "kind": "tabular",
  "horizon": 2,
  "discount": 0.5,
  "initial": [1.0, 0.0],
  "P": {
    "0": {
      "0": [[0.75, 0, 1.0, false], [0.25, 1, 1.0, false]],
      "1": [[1.0, 1, -1.0, false]]
    },
    "1": {
      "0": [[1.0, 1, 2.5, true]],
      "1": [[0.5, 0, 0, false], [0.5, 1, 0, false]]
    }
  }
}
"#;

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A change of the good file that makes it unusable, by name.
const BAD_PROBLEMS: [(&str, &str, &str); 24] = [
    ("a row sums to 1.1", "[0.75, 0, 1.0, false]", "[0.85, 0, 1.0, false]"),
    ("a negative probability", "[0.75, 0, 1.0, false], [0.25", "[-0.25, 0, 1.0, false], [1.25"),
    ("a probability is NaN", "[0.75, 0", "[NaN, 0"),
    ("a reward is infinite", "-1.0, false", "-Infinity, false"),
    ("a number is too large", "-1.0, false", "-1e999, false"),
    ("a next state is out of range", "[1.0, 1, 2.5", "[1.0, 7, 2.5"),
    ("a next state is negative", "[1.0, 1, 2.5", "[1.0, -1, 2.5"),
    ("an action is missing", "\"1\": [[0.5, 0, 0, false], [0.5, 1, 0, false]]", "\"2\": [[1.0, 0, 0, false]]"),
    ("a state has fewer actions", ",\n      \"1\": [[0.5, 0, 0, false], [0.5, 1, 0, false]]", ""),
    ("a state is missing", "\"1\": {", "\"2\": {"),
    ("a state is not a number", "\"1\": {", "\"one\": {"),
    ("a state stands twice", "\"1\": {", "\"0\": {"),
    ("an action has no outcomes", "[[1.0, 1, 2.5, true]]", "[]"),
    ("an outcome is short", "2.5, true", "2.5"),
    ("an outcome is long", "2.5, true", "2.5, true, 0"),
    ("a flag is not a flag", "2.5, true", "2.5, 1"),
    ("horizon 0", "\"horizon\": 2", "\"horizon\": 0"),
    ("half a step", "\"horizon\": 2", "\"horizon\": 2.5"),
    ("a discount of 2", "\"discount\": 0.5", "\"discount\": 2"),
    ("an unknown key", "\"discount\"", "\"Discount\""),
    ("an unknown kind", "\"tabular\"", "\"bandit\""),
    ("a short initial distribution", "[1.0, 0.0]", "[1.0]"),
    ("an initial distribution that sums to 0.5", "[1.0, 0.0]", "[0.5, 0.0]"),
    ("malformed JSON", "\"discount\": 0.5,", "\"discount\": 0.5"),
];

#[test]
fn bad_problems_are_refused_with_what_where_and_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    for (name, from, to) in BAD_PROBLEMS {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{name}: {from} is not in the file");
        let path = write(&folder, "problem.json", &text);
        lines.push(format!("{name}\n    {}", refusal(&[&path], folder.path())));
    }
    let start = GOOD.find("\"P\"").unwrap();
    for (name, text) in [
        ("an empty table", format!("{}\"P\": {{}}\n}}\n", &GOOD[..start]).replace("[1.0, 0.0]", "[]")),
        ("no table", format!("{}\"description\": \"no table\"\n}}\n", &GOOD[..start])),
        ("an empty file", String::new()),
        ("a list", "[1, 2]".to_owned()),
        ("a file that ends early", GOOD[..200].to_owned()),
        ("more after the end", format!("{GOOD}{{}}")),
    ] {
        let path = write(&folder, "problem.json", &text);
        lines.push(format!("{name}\n    {}", refusal(&[&path], folder.path())));
    }
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn bad_arguments_are_refused_with_what_where_and_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| write(&folder, name, text);
    let problem = file("problem.json", GOOD);
    let here = folder.path().to_str().unwrap();
    let missing = format!("{here}/missing.json");
    std::fs::write(folder.path().join("binary.json"), [0xff, 0xfe, 0x00]).unwrap();
    let binary = format!("{here}/binary.json");
    let nowhere = format!("{here}/no/such/folder/report.txt");
    let huge = file("huge.json", &GOOD.replace("2.5, true", "1e200, true"));
    let hole = file("hole.json", "[[null, 0], [0, 0]]");
    let (short, ragged) = (file("short.json", "[[0, 0]]"), file("ragged.json", "[[0, 0], [0]]"));
    let (nulls, words) = (file("nulls.json", "[[0, null], [0, 0]]"), file("words.json", "[[0, \"x\"], [0, 0]]"));
    let cases: Vec<(&str, Vec<&str>)> = vec![
        ("a file that is not there", vec![&missing]),
        ("a directory in place of a file", vec![here]),
        ("a file that is not text", vec![&binary]),
        ("logits with a row too few", vec![&problem, "--theta", &short]),
        ("logits with a ragged row", vec![&problem, "--theta", &ragged]),
        ("logits with a null", vec![&problem, "--theta", &nulls]),
        ("logits with a word", vec![&problem, "--theta", &words]),
        ("logits that are not there", vec![&problem, "--theta", &missing]),
        ("a baseline with a row too few", vec![&problem, "--baseline", &short]),
        ("a baseline with a ragged row", vec![&problem, "--baseline", &ragged]),
        ("a baseline with a null that matters", vec![&problem, "--baseline", &hole]),
        ("an unknown estimator", vec![&problem, "--estimators", "reinforce,reward-to-goo"]),
        ("an estimator without its batch", vec![&problem, "--estimators", "leave-one-out"]),
        ("a batch too small", vec![&problem, "--estimators", "leave-one-out:1"]),
        ("another horizon of 0", vec![&problem, "--horizon", "0"]),
        ("a horizon that fits no memory", vec![&problem, "--horizon", "1000000000000000000"]),
        ("another discount of -1", vec![&problem, "--discount", "-1"]),
        ("a folder that is not there", vec![&problem, "--output", &nowhere]),
        ("a folder in place of the output", vec![&problem, "--output", here]),
        ("an estimator twice", vec![&problem, "--estimators", "reinforce, reinforce"]),
        ("an argument too many", vec![&problem, "--estimators", "reinforce:3"]),
        ("rewards that overflow", vec![&huge]),
        ("a constant that overflows", vec![&problem, "--estimators", "constant-baseline:1e308"]),
        ("an output onto the problem", vec![&problem, "--output", &problem]),
        ("no threads", vec![&problem, "--threads", "0"]),
        ("too many threads", vec![&problem, "--threads", "1000000"]),
    ];
    let lines: Vec<String> = cases
        .iter()
        .map(|(name, arguments)| format!("{name}\n    {}", refusal(arguments, folder.path()).replace(here, "FOLDER")))
        .collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_not() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("unbiased"))
            .args(["exact", LAKE])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(child.status.code(), Some(2));
        assert!(String::from_utf8(child.stderr).unwrap().contains("standard output cannot be written"));
    }
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("unbiased"))
        .args(["exact", LAKE, "--format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let result = child.wait_with_output().unwrap();
    assert!(result.status.success() && result.stderr.is_empty());
}

/// Runs the program, expects success and returns the output.
fn ledger(arguments: &[&str]) -> String {
    let result = program().args(arguments).assert().success();
    assert!(result.get_output().stderr.is_empty(), "nothing belongs on the error stream without a terminal");
    String::from_utf8(result.get_output().stdout.clone()).unwrap()
}

/// The whole ledger as JSON, computed once for the tests that read it.
fn whole_ledger() -> &'static str {
    static WHOLE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    WHOLE.get_or_init(|| ledger(&["verify", "--format", "json"]))
}

#[test]
fn the_ledger_has_the_documented_form() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/verify.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let text = whole_ledger();
    let result: serde_json::Value = serde_json::from_str(text).unwrap();
    assert!(validator.is_valid(&result), "{:?}", validator.iter_errors(&result).next());
    // And what was written can be read again, to the last bit.
    let record: unbiased::verify::Ledger = serde_json::from_str(text).unwrap();
    assert!(record.as_recorded() && !record.undecided());
    assert_eq!(serde_json::to_string(&record).unwrap() + "\n", text);
}

#[test]
fn the_ledger_has_the_same_bytes_for_any_threads() {
    // The other formats are functions of the same record.
    assert_eq!(ledger(&["verify", "--format", "json", "--threads", "5"]), whole_ledger());
    let run = |threads: &str| ledger(&["verify", "ch07", "--format", "json", "--threads", threads]);
    assert_eq!(run("1"), run("2"));
}

#[test]
fn the_ledger_is_read_on_eighty_columns() {
    for (name, arguments) in [
        ("verify a chapter", &["verify", "ch06"][..]),
        ("explain", &["explain", "ch07-inbatch-mean-reward-to-go"]),
        ("list", &["list"]),
    ] {
        let text = ledger(arguments);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        }
        assert!(!text.contains('\u{1b}'), "colours belong on terminals only");
        assert_snapshot!(name, text);
    }
}

#[test]
fn pages_are_written_whole_and_link_to_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("deep/pages");
    ledger(&["verify", "ch08", "--pages", pages.to_str().unwrap()]);
    let read = |name: &str| std::fs::read_to_string(pages.join(name)).unwrap();
    let chapter = read("chapter-08.md");
    for name in ["README.md", "errata.md", "conditions.md"] {
        let text = read(name);
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            match link.split_once('#') {
                Some(("", anchor)) => assert!(text.contains(&format!("id=\"{anchor}\"")), "{name}: {link}"),
                Some((file, anchor)) => {
                    assert_eq!(file, "chapter-08.md");
                    assert!(chapter.contains(&format!("id=\"{anchor}\"")), "{name}: {link}");
                }
                None if link.starts_with("../../docs/") => {
                    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
                    assert!(docs.join(link.trim_start_matches("../../docs/")).exists(), "{name}: {link}");
                }
                None => assert!(pages.join(link).exists(), "{name}: {link}"),
            }
        }
    }
    assert!(read("errata.md").contains("sentence"));
    // A file where the folder should be.
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    program().args(["verify", "ch01", "--pages", file.to_str().unwrap()]).assert().code(2);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn the_json_of_a_claim_is_golden() {
    assert_snapshot!(ledger(&["verify", "ch07-leave-one-out", "--format", "json"]));
}

#[test]
fn the_junit_of_a_claim_is_golden() {
    assert_snapshot!(ledger(&["verify", "ch07-jacket", "--format", "junit"]));
}

#[test]
fn bad_questions_to_the_ledger_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/ledger.json");
    let missing = missing.to_str().unwrap();
    let mut refusals = Vec::new();
    for arguments in [
        &["verify", "ch99"][..],
        &["verify", "--threads", "0"],
        &["verify", "ch01", "--output", missing],
        &["list", "natrual"],
        &["explain", "inbatch-mean"],
        &["explain", "ch07-leave-one-in"],
        &["explain", "zzz"],
    ] {
        let result = program().args(arguments).assert().code(2);
        assert!(result.get_output().stdout.is_empty());
        let error = String::from_utf8(result.get_output().stderr.clone()).unwrap();
        assert_eq!(error.lines().count(), 1, "one sentence: {error}");
        refusals.push(error.trim_end().replace(&format!("{}/", folder.path().display()), ""));
    }
    assert_snapshot!(refusals.join("\n"));
    program().args(["verify", "--seed", "-1"]).assert().code(2);
    program().args(["verify", "--format", "yaml"]).assert().code(2);
}
