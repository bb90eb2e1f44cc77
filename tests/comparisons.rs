//! `unbiased compare` and `unbiased report`: files in, records and pages out, through the command line.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use unbiased::experiment::{Comparison, ExperimentError, Metric, Sampled, Shard, Source};
use unbiased::report::change::Changes;
use unbiased::verify::DEFAULT_SEED;

const SMALL: &str = r#"
title = "Small"
question = "Which is better?"
finding = "The second."
analysis = "None to speak of."
metrics = ["variance", "bias", "error"]

[sweep]
parameter = "batch"
values = [2, 4, 8]
logarithmic = true

[sampled]
trajectories = 2048

[base]
problem = "mdp-16"
budget = 100

[[series]]
estimator = "in-batch-mean"

[[series]]
label = "others"
estimator = "leave-one-out"
"#;

fn program() -> Command {
    let mut command = Command::cargo_bin("unbiased").unwrap();
    command.env("NO_COLOR", "1");
    command
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs the program in the folder; its exit code, output and errors.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = program().current_dir(self.0.path()).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn good(&self, arguments: &[&str]) -> String {
        let (code, out, errors) = self.run(arguments);
        assert_eq!((code, errors.as_str()), (0, ""), "{arguments:?}");
        out
    }

    /// One sentence on the error stream and exit code 2.
    fn bad(&self, arguments: &[&str]) -> String {
        let (code, out, errors) = self.run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {errors}");
        let sentence = errors.strip_prefix("error: ").unwrap_or_else(|| panic!("{errors}"));
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        sentence.trim_end().to_owned()
    }
}

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

fn assert_valid(validator: &jsonschema::Validator, value: &serde_json::Value, name: &str) {
    assert!(validator.is_valid(value), "{name}: {:?}", validator.iter_errors(value).next());
}

fn run(text: &str) -> Comparison {
    let plan = Source::parse(text, Path::new("small.toml")).unwrap().plan().unwrap();
    plan.run::<ExperimentError>(plan.empty(DEFAULT_SEED), Shard::WHOLE, |_| Ok(())).unwrap()
}

#[test]
fn every_shipped_experiment_has_the_documented_form_and_can_be_measured() {
    let validator = schema(include_str!("../docs/experiment.schema.json"));
    let paths = shipped();
    assert!(paths.len() >= 9);
    for path in paths {
        let name = path.display().to_string();
        let table: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_valid(&validator, &serde_json::to_value(&table).unwrap(), &name);
        let plan = Source::read(&path).unwrap().plan().unwrap();
        assert!(plan.count(Shard::WHOLE) > 1, "{name}");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = schema(include_str!("../docs/experiment.schema.json"));
    for (from, to) in [
        ("title = \"Small\"", "titel = \"Small\""),
        ("\"variance\"", "\"varianz\""),
        ("parameter = \"batch\"", "parameter = \"batsch\""),
        ("values = [2, 4, 8]", "values = []"),
        ("budget = 100", "budget = -1"),
        ("problem = \"mdp-16\"", "weights = \"none\""),
    ] {
        let text = SMALL.replace(from, to);
        assert_ne!(text, SMALL);
        let table: toml::Table = toml::from_str(&text).unwrap();
        assert!(!validator.is_valid(&serde_json::to_value(&table).unwrap()), "{to}");
        let read = Source::parse(&text, Path::new("small.toml")).and_then(Source::plan);
        assert!(read.is_err(), "{to}");
    }
}

#[test]
fn a_record_has_the_documented_form_and_can_be_read_again() {
    let validator = schema(include_str!("../docs/comparison.schema.json"));
    let record = run(SMALL);
    let text = unbiased::report::json(&record).unwrap();
    assert_valid(&validator, &serde_json::from_str(&text).unwrap(), "the record");
    assert_eq!(Comparison::parse(&text, "it").unwrap(), record);
    assert!(record.results[0].points[0].parameters.is_none());
    let record = run(&SMALL.replace("metrics =", "parameters = true\nseed = 7\nmetrics ="));
    let text = unbiased::report::json(&record).unwrap();
    assert_valid(&validator, &serde_json::from_str(&text).unwrap(), "the record with parameters");
    for point in record.results.iter().flat_map(|setting| &setting.points) {
        let variance: f64 = point.parameters.as_ref().unwrap().variance.iter().sum();
        assert!((variance / point.metrics[&Metric::Variance].exact.unwrap() - 1.0).abs() < 1e-12);
    }
    // Four parameters, two moments each.
    let rows = unbiased::report::comparison::csv([&record]).lines().count();
    assert_eq!(rows, 1 + 6 * (3 + 8));
}

#[test]
fn the_numbers_are_those_of_the_oracle_and_of_theory() {
    let record = run(SMALL);
    for (n, setting) in [2.0, 4.0, 8.0].into_iter().zip(&record.results) {
        let [own, others] = &setting.points[..] else { panic!("two series") };
        let exact = |point: &unbiased::experiment::PointRecord, metric| point.metrics[&metric].exact.unwrap();
        // Reward-to-go less the mean total return, own one included, shrinks by 1 − 1/N in one direction; the others' does not.
        assert_eq!(exact(others, Metric::Bias), 0.0);
        assert!((exact(own, Metric::Bias) - 1.0 / n).abs() < 1e-9, "{n}");
        assert_eq!((own.verdict.as_deref(), others.verdict.as_deref()), (Some("rescaled"), Some("unbiased")));
        let error = exact(others, Metric::Error) / exact(others, Metric::Variance);
        let (biased, variance) = (exact(own, Metric::Error), exact(own, Metric::Variance));
        // error = bias² + variance/(100 |∇J|²), with the same |∇J|² for both.
        assert!((biased - (1.0 / (n * n) + error * variance)).abs() < 1e-12);
        for point in &setting.points {
            let agreement = point.agreement.unwrap();
            assert!(agreement.mean < 5.5 && agreement.metrics < 5.5, "{agreement:?}");
        }
    }
    assert!(record.overall().agrees());
}

#[test]
fn weights_that_are_told_apart_by_their_code_are_told_apart_by_their_numbers() {
    let text = SMALL
        .replace("2048", "65536")
        .replace(
            "parameter = \"batch\"\nvalues = [2, 4, 8]\nlogarithmic = true",
            "parameter = \"distance\"\nvalues = [8]",
        )
        .replace("estimator = \"in-batch-mean\"", "estimator = \"reward-to-go\"\nweights = \"ignored\"")
        .replace(
            "estimator = \"leave-one-out\"",
            "estimator = \"reward-to-go\"\nweights = \"self-normalised\"\nbatch = 8",
        );
    let record = run(&text);
    let sampled = |series: usize| record.results[0].points[series].metrics[&Metric::Variance].sampled.unwrap();
    let (ignored, normalised) = (sampled(0), sampled(1));
    assert!((ignored.value - normalised.value).abs() > 5.0 * (ignored.standard_error + normalised.standard_error));
    // γ^t left out is another estimator, also under weights.
    let text =
        text.replace("reward-to-go\"\nweights = \"ignored\"", "reward-to-go-no-gamma-t\"\nweights = \"per-timestep\"");
    let text = text.replace(
        "reward-to-go\"\nweights = \"self-normalised\"\nbatch = 8",
        "reward-to-go\"\nweights = \"per-timestep\"",
    );
    let record = run(&text.replace("budget = 100", "discount = 0.5"));
    let [without, with] = [0, 1].map(|series: usize| record.results[0].points[series].metrics[&Metric::Variance]);
    assert!((without.exact.unwrap() / with.exact.unwrap() - 1.0).abs() > 0.1);
    assert!(without.sampled.is_none() && with.sampled.is_some() && record.overall().agrees());
}

#[test]
fn a_clipped_surrogate_that_never_clips_is_the_one_with_single_ratios() {
    let text = |estimator: &str| {
        let with = |s: &str| {
            s.replace("parameter = \"batch\"\nvalues = [2, 4, 8]", "parameter = \"distance\"\nvalues = [0.5, 1, 2]")
        };
        with(SMALL)
            .replace("estimator = \"in-batch-mean\"", estimator)
            .replace("logarithmic = true", "")
            .replace(
                "label = \"others\"\nestimator = \"leave-one-out\"",
                "label = \"b\"\nestimator = \"value-baseline\"\nweights = \"per-timestep\"",
            )
            .replace("mdp-16", "mdp-1296")
    };
    let record = run(&text("estimator = \"clipped-surrogate\"\nclip = 100"));
    for setting in &record.results {
        for metric in [Metric::Variance, Metric::Bias, Metric::Error] {
            // Enumeration of the subject against the recursion.
            let [a, b] = [0, 1].map(|series: usize| setting.points[series].metrics[&metric].exact.unwrap());
            assert!((a - b).abs() < 1e-10 * a.abs().max(1e-3), "{metric:?} {a} {b}");
        }
    }
}

#[test]
fn shards_merge_to_the_bytes_of_a_single_run_for_any_threads() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.good(&["compare", "small.toml", "--output", "whole.json"]);
    folder.good(&["compare", "small.toml", "--output", "a.json", "--shard", "1/2", "--threads", "1"]);
    folder.good(&["compare", "small.toml", "--output", "b.json", "--shard", "2/2", "--threads", "3"]);
    let merged = folder.good(&["report", "b.json", "a.json", "--format", "json"]);
    assert_eq!(merged, folder.read("whole.json"));
    assert!(!folder.path("whole.json.partial").exists());
    // A part that stands twice does no harm.
    assert_eq!(folder.good(&["report", "a.json", "b.json", "a.json", "--format", "json"]), merged);
}

#[test]
fn a_run_that_was_killed_goes_on_to_the_same_bytes() {
    let folder = Folder::new();
    // Slow enough to be killed in the middle.
    let text =
        SMALL.replace("trajectories = 2048", "trajectories = 400000").replace("[2, 4, 8]", "[2, 3, 4, 5, 6, 7, 8]");
    folder.write("slow.toml", &text);
    let binary = assert_cmd::cargo::cargo_bin("unbiased");
    let mut child = std::process::Command::new(binary)
        .current_dir(folder.0.path())
        .args(["compare", "slow.toml", "--output", "killed.json", "--threads", "1"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !folder.path("killed.json.partial").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it was done before it could be killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    assert!(!folder.path("killed.json").exists(), "nothing is there before it is whole");
    let kept = Comparison::parse(&folder.read("killed.json.partial"), "kept").unwrap();
    assert!(!kept.results.is_empty() && kept.results.len() < 7, "{} were kept", kept.results.len());
    folder.good(&["compare", "slow.toml", "--output", "killed.json", "--resume"]);
    folder.good(&["compare", "slow.toml", "--output", "whole.json"]);
    assert_eq!(folder.read("killed.json"), folder.read("whole.json"));
    assert!(!folder.path("killed.json.partial").exists());
    folder.write("killed.json.partial", "kept");
    assert_eq!(
        folder.bad(&["compare", "slow.toml", "--output", "killed.json"]),
        "killed.json.partial holds what a run that was stopped had finished; add --resume to go on, or remove it to begin again"
    );
    std::fs::remove_file(folder.path("killed.json.partial")).unwrap();
    // What is complete is not computed again, and stays as it is.
    folder.good(&["compare", "slow.toml", "--output", "killed.json", "--resume"]);
    assert_eq!(folder.read("killed.json"), folder.read("whole.json"));
}

#[test]
#[allow(clippy::too_many_lines)] // a list
fn unusable_experiments_get_one_sentence() {
    let folder = Folder::new();
    let old = "what was there before";
    folder.write("out.json", old);
    for (from, to, sentence) in [
        ("problem =", "probelm =", "small.toml, line 17: there is no key \"probelm\" here; did you mean \"problem\"?"),
        ("[sampled]", "[samples]", "small.toml, line 13: there is no key \"samples\" here; did you mean \"sampled\"?"),
        ("question =", "qestion =", "small.toml, line 3: there is no key \"qestion\" here; did you mean \"question\"?"),
        (
            "\"variance\"",
            "\"varience\"",
            "small.toml, line 6: there is no value \"varience\" here; did you mean \"variance\"?",
        ),
        ("\"batch\"", "\"bach\"", "small.toml, line 9: \"bach\" cannot be swept; did you mean \"batch\"?"),
        ("[2, 4, 8]", "[]", "small.toml, line 10: the sweep has no values; give at least one"),
        (
            "[2, 4, 8]",
            "[4, 2]",
            "small.toml, line 10: the swept values are not ascending; sort them and keep each once",
        ),
        (
            "[2, 4, 8]",
            "[0, 2]",
            "small.toml, line 10: 0 has no logarithm; sweep positive values or drop \"logarithmic\"",
        ),
        (
            "[2, 4, 8]",
            "[2, 2.5]",
            "small.toml, line 20: panel 1, batch = 2.5, series \"in-batch-mean\": batch takes whole numbers",
        ),
        (
            "\"mdp-16\"",
            "\"mpd-16\"",
            "small.toml, line 20: panel 1, batch = 2, series \"in-batch-mean\": there is no problem \"mpd-16\"; did you mean \"mdp-16\"? \
             A file's name ends in .json",
        ),
        (
            "\"mdp-16\"",
            "\"missing.json\"",
            "small.toml, line 20: panel 1, batch = 2, series \"in-batch-mean\": missing.json: there is no such file; check the path",
        ),
        (
            "\"leave-one-out\"",
            "\"leave-one-ot\"",
            "small.toml, line 23: panel 1, batch = 2, series \"others\": there is no estimator \"leave-one-ot\"; did you mean \
             \"leave-one-out\"?",
        ),
        (
            "\"leave-one-out\"",
            "\"clipped-surogate\"",
            "small.toml, line 23: panel 1, batch = 2, series \"others\": there is no estimator \"clipped-surogate\"; did you mean \
             \"clipped-surrogate\"?",
        ),
        (
            "\"leave-one-out\"",
            "\"generalised-advantage\"",
            "small.toml, line 23: panel 1, batch = 2, series \"others\": generalised-advantage needs \"lambda\"; set it, 0.95 for instance",
        ),
        (
            "budget = 100",
            "budget = 0",
            "small.toml, line 20: panel 1, batch = 2, series \"in-batch-mean\": \"budget\" is 0; give a positive number",
        ),
        (
            "budget = 100",
            "budget = 3",
            "small.toml, line 20: panel 1, batch = 4, series \"in-batch-mean\": \"budget\" is 3, less than a batch of 4; give at \
             least one batch",
        ),
        (
            "budget = 100",
            "horizon = \"ten\"",
            "small.toml, line 18: \"horizon\" is \"ten\"; give a whole number from 0 on",
        ),
        ("budget = 100", "logits = 3", "small.toml, line 18: \"logits\" is 3; give rows of numbers, [[0.5, -0.5], …]"),
        (
            "estimator = \"leave-one-out\"",
            "estimator = 4",
            "small.toml, line 25: \"estimator\" is 4; give text in quotation marks",
        ),
        (
            "\"batch\"",
            "\"damping\"",
            "small.toml, line 20: panel 1, damping = 2, series \"in-batch-mean\": in-batch-mean needs \"batch\", the trajectories \
             that it couples",
        ),
        (
            "2048",
            "1024",
            "small.toml, line 20: panel 1, batch = 8, series \"in-batch-mean\": 1024 trajectories are too few for batches of 8: \
             standard errors take 128 parts of two batches; give at least 2048",
        ),
        (
            "[2, 4, 8]\nlogarithmic = true\n\n[sampled]\ntrajectories = 2048\n\n[base]\nproblem = \"mdp-16\"\nbudget = 100",
            "[2, 5000]\n\n[sampled]\ntrajectories = 9000000\n\n[base]\nproblem = \"mdp-16\"\nbudget = 5000",
            "small.toml, line 19: panel 1, batch = 5000, series \"in-batch-mean\": a batch of 5000 cannot be drawn; at most 4096 \
             trajectories, or leave out [sampled]",
        ),
        (
            "budget = 100",
            "sigma = 1",
            "small.toml, line 20: panel 1, batch = 2, series \"in-batch-mean\": \"sigma\" means nothing for a finite world; leave it out",
        ),
        (
            "label = \"others\"",
            "label = \"in-batch-mean\"",
            "small.toml, line 20: two series are called \"in-batch-mean\"; give each a label of its own",
        ),
        ("2048", "100", "small.toml, line 14: 100 cannot be sampled; give a number from 256 to 1000000000"),
        (
            "budget = 100",
            "weights = \"self-normalised\"",
            "small.toml, line 20: panel 1, batch = 2, series \"in-batch-mean\": these weights are not measured with such a baseline; take \
             reinforce or reward-to-go",
        ),
        (
            "\"Small\"",
            "\"Sm\\u0001all\"",
            "small.toml, line 2: \"Small\" has a control character in it; write plain text",
        ),
        (
            "[[series]]",
            "[[panel]]\nhorizon = 2\n\n[[panel]]\nhorizon = 3\n\n[[series]]",
            "small.toml, line 20: two panels are called \"\"; give each a label of its own",
        ),
        (
            "finding = \"The second.\"",
            "finding = \" \"",
            "small.toml, line 4: \"finding\" is empty; write what the report is to print",
        ),
        ("title = \"Small\"\n", "", "small.toml, line 1: the key \"title\" is missing; add it"),
    ] {
        let text = SMALL.replacen(from, to, 1);
        assert_ne!(text, SMALL, "{to}");
        folder.write("small.toml", &text);
        assert_eq!(folder.bad(&["compare", "small.toml", "--output", "out.json"]), sentence);
        assert_eq!(folder.read("out.json"), old, "{to}");
    }
    assert_eq!(folder.bad(&["compare", "nowhere.toml"]), "nowhere.toml: there is no such file; check the path");
    let not_toml = folder.write("small.toml", "title = ");
    assert!(
        folder.bad(&["compare", not_toml.file_name().unwrap().to_str().unwrap()]).starts_with("small.toml, line 1: ")
    );
}

#[test]
fn a_sweep_that_changes_nothing_is_refused() {
    let text = SMALL.replace("parameter = \"batch\"\nvalues = [2, 4, 8]", "parameter = \"lambda\"\nvalues = [0.5, 1]");
    let text = text.replace("budget = 100", "budget = 100\nbatch = 2");
    let refused = Source::parse(&text, Path::new("small.toml")).unwrap().plan().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "small.toml, line 9: nothing that is measured reads \"lambda\"; sweep a parameter that it reads"
    );
    let text = text.replace("estimator = \"leave-one-out\"", "estimator = \"generalised-advantage\"");
    Source::parse(&text, Path::new("small.toml")).unwrap().plan().unwrap();
}

#[test]
fn the_command_of_a_record_can_be_given_to_a_shell() {
    let command = |path: &str| Source::parse(SMALL, Path::new(path)).unwrap().plan().unwrap().empty(1).command;
    assert_eq!(command("mine/small.toml"), "unbiased compare mine/small.toml --seed 1");
    assert_eq!(command("/somewhere/of mine/it's.toml"), "unbiased compare 'it'\\''s.toml' --seed 1");
}

#[test]
fn shards_of_worlds_that_differ_in_any_series_do_not_merge() {
    let folder = Folder::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("problems/frozen-lake-4x4.json");
    let lake = std::fs::read_to_string(root).unwrap();
    let text = SMALL.replace("estimator = \"leave-one-out\"", "estimator = \"leave-one-out\"\nproblem = \"lake.json\"");
    folder.write("small.toml", &text.replace("[base]", "[base]\nhorizon = 3"));
    folder.write("lake.json", &lake);
    folder.good(&["compare", "small.toml", "--output", "a.json", "--shard", "1/2"]);
    folder.write("lake.json", &lake.replacen("\"discount\": 1.0", "\"discount\": 0.5", 1));
    assert_ne!(folder.read("lake.json"), lake);
    folder.good(&["compare", "small.toml", "--output", "b.json", "--shard", "2/2"]);
    assert_eq!(
        folder.bad(&["report", "a.json", "b.json"]),
        "a.json and b.json are not parts of one run: a problem differs; compute both with the same one"
    );
}

#[test]
fn unusable_records_get_one_sentence() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.write("other.toml", &SMALL.replace("2048", "4096"));
    folder.good(&["compare", "small.toml", "--output", "a.json", "--shard", "1/2"]);
    folder.good(&["compare", "small.toml", "--output", "b.json", "--shard", "2/2"]);
    folder.good(&["compare", "small.toml", "--output", "seed.json", "--shard", "2/2", "--seed", "7"]);
    folder.good(&["compare", "other.toml", "--output", "other.json"]);
    let whole = folder.good(&["report", "a.json", "b.json", "--format", "json"]);
    folder.write("whole.json", &whole);
    let kept = folder.write("kept.json", "as it was");
    let refused = |arguments: &[&str]| {
        let mut all = vec!["report"];
        all.extend_from_slice(arguments);
        all.extend(["--format", "csv", "--output", "kept.json"]);
        let sentence = folder.bad(&all);
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "as it was");
        sentence
    };
    assert_eq!(
        refused(&["a.json"]),
        "small is incomplete: 1 of 3 settings are missing, the first of them number 1; add the other shards, or finish the run \
         with --resume"
    );
    assert_eq!(
        refused(&["a.json", "seed.json"]),
        "a.json and seed.json are not parts of one run: the seed differs; compute both with the same one"
    );
    folder.write("renamed.json", &folder.read("other.json").replace("\"name\":\"other\"", "\"name\":\"small\""));
    assert_eq!(
        refused(&["a.json", "renamed.json"]),
        "a.json and renamed.json are not parts of one run: the experiment differs; compute both with the same one"
    );
    folder.write("cut.json", &whole[..whole.len() / 2]);
    assert_eq!(
        refused(&["cut.json"]),
        "cut.json, line 1: the record stops in the middle; compute it again, or finish the run with --resume"
    );
    folder.write("later.json", &whole.replace("\"form\":1", "\"form\":9"));
    assert_eq!(
        refused(&["later.json"]),
        "later.json is a record of form 9; this version reads form 1: run `unbiased compare small.toml` again"
    );
    folder.write("version.json", &folder.read("b.json").replace("\"version\":\"0.1.0\"", "\"version\":\"0.0.9\""));
    assert_eq!(
        refused(&["a.json", "version.json"]),
        "a.json and version.json are not parts of one run: the program's version differs; compute both with the same one"
    );
    let mut conflict: Comparison = Comparison::parse(&folder.read("a.json"), "a").unwrap();
    conflict.results[0].points[0].verdict = Some("dead".to_owned());
    folder.write("conflict.json", &unbiased::report::json(&conflict).unwrap());
    assert_eq!(
        refused(&["a.json", "conflict.json"]),
        "a.json and conflict.json hold different numbers for setting 0; compute one of them again"
    );
    for (from, to, what) in [
        ("\"name\":\"small\"", "\"name\":\"../small\"", "its name is no name of a file"),
        ("\"panel\":0", "\"panel\":9", "a setting is not where the experiment has it"),
        ("\"settings\":3", "\"settings\":1", "it does not have the experiment's settings"),
        ("Which is better?", "Which is worse?", "the experiment is not the one of its hash"),
        ("\"record\":\"comparison\"", "\"record\":\"cake\"", "it does not call itself a comparison"),
    ] {
        let text = whole.replacen(from, to, 1);
        assert_ne!(text, whole, "{from}");
        folder.write("forged.json", &text);
        let end = "the record was changed by hand, compute it again";
        assert_eq!(refused(&["forged.json"]), format!("forged.json, line 1: {what}; {end}"));
    }
    folder.write("empty.json", "{}");
    assert!(refused(&["empty.json"]).starts_with("empty.json, line 1: this is no comparison record: missing field"));
    assert_eq!(refused(&["nowhere.json"]), "nowhere.json: there is no such file; check the path");
    assert_eq!(
        folder.bad(&["compare", "other.toml", "--output", "a.json", "--resume"]),
        "a.json cannot be gone on with: the experiment's name differs; leave out --resume to begin again"
    );
    assert_eq!(
        folder.bad(&["compare", "small.toml", "--output", "a.json", "--resume", "--seed", "7"]),
        "a.json cannot be gone on with: the seed differs; leave out --resume to begin again"
    );
    assert_eq!(
        folder.bad(&["report", "other.json", "--against", "whole.json"]),
        "--against has \"small\", but no new record of it is given; add it"
    );
    for shard in ["0/2", "3/2", "1", "a/b", "1/0"] {
        let (code, _, errors) = folder.run(&["compare", "small.toml", "--shard", shard]);
        assert_eq!(code, 2);
        assert!(errors.contains("write the part and how many there are, such as 1/4"), "{errors}");
    }
}

#[test]
fn a_change_is_told_and_exits_with_one() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.good(&["compare", "small.toml", "--output", "old.json"]);
    let same = folder.good(&["report", "old.json", "--against", "old.json"]);
    assert_eq!(same, "small: nothing changed (30 numbers compared, relative tolerance 1e-9).\n");
    let mut record = Comparison::parse(&folder.read("old.json"), "old").unwrap();
    let variance = record.results[1].points[0].metrics.get_mut(&Metric::Variance).unwrap();
    let before = variance.exact.unwrap();
    variance.exact = Some(before * 1.01);
    record.results[2].points[1].verdict = Some("turned".to_owned());
    folder.write("new.json", &unbiased::report::json(&record).unwrap());
    let (code, text, _) = folder.run(&["report", "new.json", "--against", "old.json"]);
    assert_eq!(code, 1);
    let expected = [
        "small: 2 changes (30 numbers compared, relative tolerance 1e-9):".to_owned(),
        "  others, batch = 8: verdict: unbiased → turned".to_owned(),
        format!(
            "  in-batch-mean, batch = 4: variance: {} → {} (by 0.99 %)",
            unbiased::report::significant(before, 8),
            unbiased::report::significant(before * 1.01, 8)
        ),
    ];
    assert_eq!(text, expected.join("\n") + "\n");
    let (code, _, _) = folder.run(&["report", "new.json", "--against", "old.json", "--tolerance", "0.02"]);
    assert_eq!(code, 1, "a verdict has no tolerance");
    record.results[2].points[1].verdict = Some("unbiased".to_owned());
    folder.write("new.json", &unbiased::report::json(&record).unwrap());
    folder.good(&["report", "new.json", "--against", "old.json", "--tolerance", "0.02"]);
    let (code, junit, _) = folder.run(&["report", "new.json", "--against", "old.json", "--format", "junit"]);
    assert_eq!(code, 1);
    assert!(junit.contains("\"1 number changed\"") && junit.contains("failures=\"1\""), "{junit}");
    let (_, summary, _) = folder.run(&["report", "new.json", "--against", "old.json", "--format", "summary"]);
    assert!(summary.contains("## Changes") && summary.contains("by 0.99 %"), "{summary}");
}

#[test]
fn a_record_whose_sampled_numbers_contradict_the_exact_ones_exits_with_one() {
    let folder = Folder::new();
    let mut record = run(SMALL);
    folder.write("good.json", &unbiased::report::json(&record).unwrap());
    folder.good(&["report", "good.json"]);
    record.results[0].points[0].agreement.as_mut().unwrap().mean = 9.0;
    folder.write("bad.json", &unbiased::report::json(&record).unwrap());
    let (code, _, _) = folder.run(&["report", "bad.json"]);
    assert_eq!(code, 1);
    let (code, junit, _) = folder.run(&["report", "bad.json", "--format", "junit"]);
    assert_eq!(code, 1);
    assert!(junit.contains("sampling contradicts the exact route"), "{junit}");
}

const PANELS: &str = "[[panel]]\nlabel = \"short\"\nhorizon = 2\n\n[[panel]]\nlabel = \"long\"\nhorizon = 3\n\n";

#[test]
fn panels_are_compared_by_their_titles() {
    let folder = Folder::new();
    let with = |panels: &str| SMALL.replacen("[[series]]", &format!("{panels}[[series]]"), 1);
    folder.write("small.toml", &with(PANELS));
    folder.good(&["compare", "small.toml", "--output", "old.json"]);
    let (short, long) = PANELS.split_at(PANELS.len() / 2 + 1);
    folder.write("small.toml", &with(&format!("{}\n\n{}\n\n", long.trim(), short.trim())));
    folder.good(&["compare", "small.toml", "--output", "turned.json"]);
    let same = "small: nothing changed (60 numbers compared, relative tolerance 1e-9).\n";
    assert_eq!(folder.good(&["report", "turned.json", "--against", "old.json"]), same);
    let mut record = Comparison::parse(&folder.read("old.json"), "old").unwrap();
    for (setting, factor) in [(0, 1.01), (3, 1.02)] {
        let variance = record.results[setting].points[1].metrics.get_mut(&Metric::Variance).unwrap();
        variance.exact = variance.exact.map(|x| x * factor);
    }
    folder.write("new.json", &unbiased::report::json(&record).unwrap());
    let (code, text, _) = folder.run(&["report", "new.json", "--against", "old.json"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((code, lines.len()), (1, 3), "{text}");
    assert!(
        lines[1].starts_with("  long, others, batch = 2: variance: ") && lines[1].ends_with("(by 1.96 %)"),
        "{text}"
    );
    assert!(lines[2].starts_with("  short, others, batch = 2: variance: ") && lines[2].ends_with("(by 0.99 %)"));
}

#[test]
fn a_record_without_an_older_one_is_said_and_is_no_change() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.write("other.toml", SMALL);
    folder.good(&["compare", "small.toml", "--output", "small.json"]);
    folder.good(&["compare", "other.toml", "--output", "other.json"]);
    let told = folder.good(&["report", "other.json", "small.json", "--against", "small.json"]);
    assert_eq!(
        told,
        "small: nothing changed (30 numbers compared, relative tolerance 1e-9).\nother: new, nothing to compare with.\n"
    );
    let junit = ["report", "other.json", "small.json", "--against", "small.json", "--format", "junit"];
    let junit = folder.good(&junit);
    let case = junit.split("<testcase name=\"other\" classname=\"against\"").nth(1).unwrap();
    assert!(case.split("</testcase>").next().unwrap().contains("skipped message=\"new, nothing to compare with\""));
}

#[test]
fn a_number_is_the_same_up_to_rounding_beside_its_natural_scale() {
    let mut before = run(SMALL);
    let set = |record: &mut Comparison, metric: Metric, x: f64| {
        record.results[0].points[0].metrics.get_mut(&metric).unwrap().exact = Some(x);
    };
    set(&mut before, Metric::Bias, 0.0);
    let mut after = before.clone();
    set(&mut after, Metric::Bias, 1e-17);
    let changed = |after: &Comparison| Changes::of_comparisons(&before, after, 1e-9).changes;
    // In lengths of the gradient, 1e-17 is rounding.
    assert_eq!(changed(&after), []);
    set(&mut after, Metric::Bias, 1e-8);
    assert_eq!(changed(&after).len(), 1);
    set(&mut after, Metric::Bias, 0.0);
    // A variance has a unit, so that no size of it is known to be rounding.
    set(&mut after, Metric::Variance, 1e-17);
    assert_eq!(changed(&after).len(), 1);
}

#[test]
fn parameters_are_compared_beside_the_largest_and_counted() {
    let before = run(&SMALL.replace("metrics =", "parameters = true\nmetrics ="));
    let mut old = before.results[0].points[0].parameters.clone().unwrap();
    old.mean = vec![0.0, 3.0];
    let with = |mean: &[f64]| {
        let (mut before, mut after) = (before.clone(), before.clone());
        let new = unbiased::experiment::ParameterMoments { mean: mean.to_vec(), ..old.clone() };
        before.results[0].points[0].parameters = Some(old.clone());
        after.results[0].points[0].parameters = Some(new);
        Changes::of_comparisons(&before, &after, 1e-9).changes
    };
    assert_eq!(with(&[1e-16, 3.0]), []);
    assert_eq!(with(&[1e-8, 3.0]).len(), 1);
    let shorter = with(&[0.0]);
    assert_eq!(shorter.len(), 1);
    assert_eq!((shorter[0].before.as_str(), shorter[0].after.as_str()), ("2 numbers", "1 number"));
    assert_eq!(shorter[0].what, "in-batch-mean, batch = 2: mean of the parameters");
}

#[test]
fn a_ledger_and_comparisons_are_one_junit_document() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.good(&["compare", "small.toml", "--output", "small.json"]);
    folder.good(&["verify", "ch07-jacket", "--format", "json", "--output", "ledger.json"]);
    let junit = |arguments: &[&str]| {
        let mut all = vec!["report", "--format", "junit"];
        all.extend_from_slice(arguments);
        folder.good(&all)
    };
    let suites = |text: &str| text.matches("<testsuite ").count();
    let both = junit(&["ledger.json", "small.json"]);
    assert_eq!((both.matches("<testsuites ").count(), suites(&both)), (1, 2), "{both}");
    let against = junit(&["ledger.json", "small.json", "--against", "ledger.json", "small.json"]);
    assert_eq!(suites(&against), 3, "{against}");
    for text in [junit(&["ledger.json"]), both, against] {
        assert!(text.contains("<testcase name=\"ch07-jacket-signal\" classname=\"ch07\""), "{text}");
    }
}

#[test]
fn a_table_of_a_ledger_alone_is_refused() {
    let folder = Folder::new();
    folder.good(&["verify", "ch07-jacket", "--format", "json", "--output", "ledger.json"]);
    assert_eq!(
        folder.bad(&["report", "ledger.json", "--format", "csv"]),
        "--format csv holds comparisons; give at least one"
    );
}

#[test]
fn a_report_goes_to_a_device_but_not_to_a_directory() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.good(&["compare", "small.toml", "--output", "small.json"]);
    std::fs::create_dir(folder.path("there")).unwrap();
    let sentence = folder.bad(&["report", "small.json", "--format", "csv", "--output", "there"]);
    assert_eq!(sentence, "there is a directory; name a file in it");
    assert_eq!(std::fs::read_dir(folder.path("there")).unwrap().count(), 0);
    if cfg!(unix) {
        assert_eq!(folder.good(&["report", "small.json", "--format", "csv", "--output", "/dev/null"]), "");
        assert!(!Path::new("/dev/null").is_file());
    }
}

#[test]
fn an_estimator_that_is_constant_is_reported() {
    let folder = Folder::new();
    let text = SMALL
        .replace("parameter = \"batch\"\nvalues = [2, 4, 8]", "parameter = \"sigma\"\nvalues = [1, 2]")
        .replace("problem = \"mdp-16\"", "problem = \"gaussian\"\ncost = \"exponential\"\ncost-parameter = 0.0")
        .replace("in-batch-mean", "pathwise")
        .replace("leave-one-out", "score-function");
    folder.write("constant.toml", &text);
    folder.good(&["compare", "constant.toml", "--output", "constant.json"]);
    let mut record = Comparison::parse(&folder.read("constant.json"), "it").unwrap();
    let constant = record.results[0].points[0].metrics[&Metric::Variance];
    assert_eq!((constant.exact, constant.sampled), (Some(0.0), Some(Sampled { value: 0.0, standard_error: 0.0 })));
    for format in ["terminal", "markdown", "csv", "json", "junit", "summary"] {
        let text = folder.good(&["report", "constant.json", "--format", format]);
        assert!(!text.contains("NaN") && !text.contains("inf"), "{format}: {text}");
    }
    folder.good(&["report", "constant.json", "--pages", "pages", "--site", "site"]);
    let same = folder.good(&["report", "constant.json", "--against", "constant.json"]);
    assert!(same.contains("nothing changed"), "{same}");
    // Two constants that differ in their last bits, and have no standard error to say so.
    let mut set = |value: f64| {
        let measured = record.results[0].points[0].metrics.get_mut(&Metric::Variance).unwrap();
        measured.sampled = Some(Sampled { value, standard_error: 0.0 });
        record.clone()
    };
    let (before, after, other) = (set(3.0), set(3.0 + 2.0 * f64::EPSILON), set(3.1));
    assert_eq!(Changes::of_comparisons(&before, &after, 1e-9).changes, []);
    assert_eq!(Changes::of_comparisons(&before, &other, 1e-9).changes.len(), 1);
}

/// The names of a folder's files, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn pages_of_an_earlier_run_are_removed_and_nothing_else() {
    let folder = Folder::new();
    for name in ["small", "other"] {
        folder.write(&format!("{name}.toml"), SMALL);
        folder.good(&["compare", &format!("{name}.toml"), "--output", &format!("{name}.json")]);
    }
    // Pages, site and the ledger's pages in one folder, which also holds what is not ours.
    let report = |records: &[&str]| {
        let all = ["report", "--format", "summary", "--pages", "pages", "--site", "pages"];
        folder.good(&[&all[..], records].concat());
        names(&folder.path("pages"))
    };
    folder.good(&["verify", "ch07-jacket", "--pages", "pages"]);
    let alone = report(&["small.json"]);
    let both = report(&["small.json", "other.json"]);
    assert!(both.contains(&"other.md".to_owned()) && both.contains(&"other.html".to_owned()), "{both:?}");
    let listed = folder.read("pages/.unbiased-comparisons");
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines.is_sorted() && lines.contains(&"other.csv") && lines.contains(&"README.md"), "{lines:?}");
    let mine = ["pages/mine.md", "pages/note.txt", "pages/.hidden.md", "outside.md"];
    for name in mine {
        folder.write(name, "mine");
    }
    std::fs::create_dir(folder.path("pages/folder.md")).unwrap();
    let outside = folder.path("outside.md").display().to_string();
    let planted = format!("{listed}note.txt\n.hidden.md\n../outside.md\n{outside}\nfolder.md\n..\n\n");
    folder.write("pages/.unbiased-comparisons", &planted);
    let mut expected = alone;
    expected.extend(["mine.md", "note.txt", ".hidden.md", "folder.md"].map(str::to_owned));
    expected.sort();
    assert_eq!(report(&["small.json"]), expected);
    for name in mine {
        assert_eq!(folder.read(name), "mine", "{name}");
    }
    assert_eq!(report(&["small.json"]), expected);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_page_that_is_no_more_stays() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.good(&["compare", "small.toml", "--output", "small.json"]);
    folder.good(&["report", "small.json", "--pages", "pages"]);
    let listed = folder.read("pages/.unbiased-comparisons");
    folder.write("pages/.unbiased-comparisons", &format!("{listed}link.md\n"));
    folder.write("mine.md", "mine");
    std::os::unix::fs::symlink("../mine.md", folder.path("pages/link.md")).unwrap();
    folder.good(&["report", "small.json", "--pages", "pages"]);
    assert_eq!((folder.read("pages/link.md").as_str(), folder.read("mine.md").as_str()), ("mine", "mine"));
}

#[test]
fn a_name_with_a_space_is_linked_to() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let folder = Folder::new();
    folder.write("my experiment.toml", SMALL);
    folder.write(
        "other.toml",
        &SMALL.replace("None to speak of.", "See [mine](<my experiment.md>) and [it](my%20experiment.md)."),
    );
    for name in ["my experiment", "other"] {
        folder.good(&["compare", &format!("{name}.toml"), "--output", &format!("{name}.json")]);
    }
    folder.good(&["report", "my experiment.json", "other.json", "--pages", "pages", "--site", "site"]);
    let mut linked = 0;
    for page in ["README.md", "my experiment.md"] {
        for event in Parser::new_ext(&folder.read(&format!("pages/{page}")), Options::ENABLE_TABLES) {
            if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
                let name = dest_url.replace("%20", " ");
                assert!(folder.path("pages").join(&name).is_file(), "{page}: {dest_url}");
                linked += usize::from(name.starts_with("my experiment"));
            }
        }
    }
    // The page and its figure on the index; the table and three figures on the page.
    assert_eq!(linked, 2 + 4);
    let site = names(&folder.path("site"));
    assert!(site.contains(&"my-experiment.html".to_owned()), "{site:?}");
    assert!(folder.read("site/index.html").contains("href=\"my-experiment.html\""));
    assert_eq!(folder.read("site/other.html").matches("<a href=\"my-experiment.html\">").count(), 2);
}

const WORKFLOW: &str = include_str!("../examples/github-workflow.yml");

#[test]
fn the_workflow_asks_for_no_more_than_it_needs_and_goes_on_after_a_failure() {
    let steps: Vec<&str> = WORKFLOW.split("\n      - ").collect();
    let step = |name: &str| *steps.iter().find(|step| step.starts_with(&format!("name: {name}"))).unwrap();
    for name in ["the ledger", "comparisons", "the summary on", "the summary as", "JUnit"] {
        assert!(step(name).contains("${{ !cancelled()"), "{name}");
    }
    assert!(step("the summary as").contains("github.event.pull_request.head.repo.full_name == github.repository"));
    assert!(!WORKFLOW.contains("checks: write"));
}

#[cfg(unix)]
#[test]
fn the_script_of_the_workflow_fails_on_a_change_and_leaves_its_reports() {
    let step = WORKFLOW.split("- name: comparisons").nth(1).unwrap().split("run: |\n").nth(1).unwrap();
    let script: Vec<&str> = step.lines().take_while(|line| line.starts_with("          ")).collect();
    let folder = Folder::new();
    std::fs::create_dir(folder.path("experiments")).unwrap();
    std::fs::create_dir(folder.path("records")).unwrap();
    folder.write("experiments/small.toml", SMALL);
    folder.write("experiments/another one.toml", SMALL);
    let program = assert_cmd::cargo::cargo_bin("unbiased");
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let run = || {
        let mut command = Command::new("bash");
        let result = command.args(["-e", "-c", &script.join("\n")]).env("PATH", &path).current_dir(folder.0.path());
        result.output().unwrap().status.code()
    };
    let mut record = self::run(SMALL);
    folder.write("records/small.json", &unbiased::report::json(&record).unwrap());
    assert_eq!(run(), Some(0));
    assert!(folder.read("summary.md").contains("another one: new, nothing to compare with."));
    std::fs::remove_file(folder.path("summary.md")).unwrap();
    record.results[0].points[0].verdict = Some("turned".to_owned());
    folder.write("records/small.json", &unbiased::report::json(&record).unwrap());
    assert_eq!(run(), Some(1));
    assert!(folder.read("summary.md").contains("small: 1 change"));
    assert!(folder.read("comparisons.xml").contains("failures=\"1\""));
}
