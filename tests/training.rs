//! Training runs as users start them: every experiment at toy size, the same bits however it is run, and help where a file is wrong.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;

use unbiased::experiment::training::{Interval, Kept, SeriesRun, TrainingPlan, TrainingRecord};
use unbiased::report::change::Changes;
use unbiased::train::{Checkpoint, CriticKind, ForeignCheckpoint, Portion, Route, Run, Settings, Trained, Update};

fn finish(mut run: Run) -> Trained {
    while !run.is_over() {
        run.advance();
    }
    run.result()
}

fn small() -> Settings {
    Settings {
        task: "cart-pole".into(),
        steps: 1500,
        environments: 4,
        rollout: 32,
        critic: CriticKind::Separate,
        credit: "advantages".into(),
        advantage: "batch-standardised".into(),
        slope: "clipped".into(),
        clip: Some(0.2),
        clip_value: true,
        portion: Portion::Steps,
        epochs: 2,
        minibatches: 4,
        entropy: 0.01,
        evaluation_episodes: 4,
        ..Settings::default()
    }
}

#[test]
fn a_run_has_the_same_bits_for_any_number_of_threads_and_when_it_is_stopped() {
    let plan = small().plan().unwrap();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| finish(Run::start(&plan, 3, None)))
    };
    let whole = with(1);
    assert_eq!(whole, with(3));
    let mut run = Run::start(&plan, 3, None);
    for _ in 0..5 {
        run.advance();
        let text = serde_json::to_string(run.checkpoint()).unwrap();
        let at: Checkpoint = serde_json::from_str(&text).unwrap();
        run = Run::resume(&plan, at, None).unwrap();
    }
    assert_eq!(finish(run), whole);
    assert_ne!(finish(Run::start(&plan, 4, None)).curve, whole.curve, "another seed is another run");
}

#[test]
fn a_checkpoint_of_other_networks_is_refused() {
    let (plan, other) = (small().plan().unwrap(), Settings { task: "catch".into(), ..small() }.plan().unwrap());
    let run = Run::start(&plan, 0, None);
    let error = Run::resume(&other, run.checkpoint().clone(), None).unwrap_err();
    assert!(error.to_string().starts_with("the checkpoint is of another run"), "{error}");
}

#[test]
fn every_experiment_of_the_project_runs_at_toy_size() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("training");
    let entries = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries(&folder).chain(entries(&folder.join("long"))).filter(|p| p.is_file()).collect();
    files.sort();
    let mut systems = Vec::new();
    for file in files {
        let plan = TrainingPlan::read(&file).unwrap_or_else(|error| panic!("{error}"));
        for series in &plan.series {
            systems.extend(series.system.clone());
            let large = series.plan.task.observation_size() > 100;
            let toy = Settings {
                steps: if large { 32 } else { 300 },
                environments: 2,
                rollout: series.plan.settings.rollout.min(16),
                minibatches: 2,
                evaluation_episodes: 2,
                ..series.plan.settings.clone()
            };
            let toy = toy.plan().unwrap();
            let trained = finish(Run::start(&toy, 1, series.least));
            assert!(trained.evaluation.is_some(), "{}: {} broke down", file.display(), series.title);
        }
    }
    let named = [
        "REINFORCE (V1)",
        "reward-to-go (V2)",
        "baselines (V3)",
        "importance sampling and KL (V4)",
        "behaviour cloning",
        "natural gradient",
        "TRPO",
        "KL penalty",
        "PPO",
        "actor-critic",
        "GAE",
        "entropy bonus",
        "MLP",
        "CNN",
        "RNN",
        "LSTM",
        "Transformer",
        "diffusion policy",
        "design challenge",
    ];
    for system in named {
        assert!(systems.iter().any(|other| other == system), "no series is a row of {system}");
    }
}

const FILE: &str = "title = 'A'\nquestion = 'B?'\nfinding = 'C.'\nanalysis = 'D.'\nseeds = 2\n[base]\ntask = 'double-integrator'
steps = 3000\nenvironments = 4\nevaluation-episodes = 8\n[[series]]\nlabel = 'one'\n[[series]]\nlabel = 'two'\nentropy = 0.1\n";

fn plan(text: &str) -> TrainingPlan {
    TrainingPlan::parse(text, Path::new("a.toml")).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_experiment_that_is_stopped_anywhere_goes_on_to_the_same_record() {
    #[derive(Debug)]
    enum Stop {
        Now(Box<Kept>),
    }
    impl From<ForeignCheckpoint> for Stop {
        fn from(error: ForeignCheckpoint) -> Self {
            panic!("{error}")
        }
    }
    let plan = plan(FILE);
    let whole = plan.run(plan.nothing(), |_| {}, |_| Ok::<(), Stop>(())).unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let stop = |kept: &Kept| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if n == 30 { Err(Stop::Now(Box::new(kept.clone()))) } else { Ok(()) }
    };
    let Err(Stop::Now(kept)) = plan.run(plan.nothing(), |_| {}, stop) else { panic!("it was to stop") };
    assert!(!kept.unfinished.is_empty());
    let text = serde_json::to_string(&kept).unwrap();
    let again = plan.run(serde_json::from_str(&text).unwrap(), |_| {}, |_| Ok::<(), Stop>(())).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&whole).unwrap());
    let read: TrainingRecord = serde_json::from_str(&serde_json::to_string(&whole).unwrap()).unwrap();
    assert_eq!(read, whole);
}

fn record(plan: &TrainingPlan, start: Kept) -> TrainingRecord {
    plan.run(start, |_| {}, |_| Ok::<(), ForeignCheckpoint>(())).unwrap()
}

#[test]
fn a_record_gives_its_runs_to_an_experiment_that_changed_elsewhere() {
    let before = record(&plan(FILE), Kept::default());
    // Another series, another order, one more seed, another finding.
    let [head, one, two] = FILE.split("[[series]]\n").collect::<Vec<&str>>().try_into().unwrap();
    let head = head.replace("seeds = 2", "seeds = 3").replace("finding = 'C.'", "finding = 'E.'");
    let changed = plan(&format!(
        "{head}[[series]]\nlabel = 'three'\nentropy = 0.2\n[[series]]\n{two}[[series]]\n{}",
        one.replace("'one'", "'again'")
    ));
    let kept = changed.reuse(&before);
    let names: Vec<&str> = kept.finished.keys().map(String::as_str).collect();
    assert_eq!(names, ["1/0", "1/1", "2/0", "2/1"], "runs of equal settings and seeds");
    let after = record(&changed, kept);
    assert_eq!(after, record(&changed, changed.nothing()), "what is kept is what would be run");
    assert_eq!(after.experiment.finding, "E.");
    // Nothing is kept of a series with another goal: when it was reached is part of a run.
    let goal = FILE.replace("[base]", "goal = { at-least = -20.0 }\n[base]");
    assert!(plan(&goal).reuse(&before).finished.is_empty());
}

#[test]
fn records_follow_their_schema() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/training.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let with_goal = FILE.replace("[base]", "sentence = 'E.'\ngoal = { within = 0.1 }\n[base]");
    let in_a_table = FILE
        .replace("double-integrator", "frozen-lake-4x4")
        .replace("[base]", "[base]\nnetwork = { kind = 'perceptron', hidden = [] }");
    for text in [FILE, &with_goal, &in_a_table] {
        let value = serde_json::to_value(record(&plan(text), Kept::default())).unwrap();
        if let Some(error) = validator.iter_errors(&value).next() {
            panic!("{}: {error}", error.instance_path);
        }
        let mut other = value.clone();
        other["series"][0]["summary"]["verdict"] = "perhaps".into();
        assert!(!validator.is_valid(&other));
    }
}

#[test]
fn a_series_says_what_is_expected_of_it() {
    let text = FILE.replace("[base]", "goal = { at-least = 0.0 }\n[base]");
    let missed = record(&plan(&text), Kept::default());
    assert!(!missed.as_recorded(), "no return is positive here, and nothing else was recorded");
    let text = text.replace("label = 'one'", "label = 'one'\nrecorded = 'missed'");
    let one = record(&plan(&text), Kept::default());
    assert_eq!(one.series.iter().map(SeriesRun::as_recorded).collect::<Vec<bool>>(), [true, false]);
    let text = text.replace("label = 'two'", "label = 'two'\nrecorded = 'missed'");
    assert!(record(&plan(&text), Kept::default()).as_recorded());
    let wrong = TrainingPlan::parse(&text.replace("'missed'", "'lost'"), Path::new("a.toml")).unwrap_err().to_string();
    assert!(wrong.contains("lost") && wrong.contains("missed"), "{wrong}");
}

#[test]
fn profiles_fall_from_all_runs_to_none() {
    let record = record(&plan(FILE), Kept::default());
    for series in &record.series {
        let shares: Vec<f64> = series.summary.profile.iter().map(|point| point.share.value.unwrap()).collect();
        assert_eq!((shares.first(), shares.last()), (Some(&1.0), Some(&0.0)), "{}", series.title);
        assert!(shares.windows(2).all(|pair| pair[1] <= pair[0]), "{shares:?}");
    }
    let scores = |k: usize| record.series[k].summary.profile.iter().map(|point| point.score).collect::<Vec<f64>>();
    assert_eq!(scores(0), scores(1), "profiles of one experiment are at the same scores");
}

#[test]
fn a_record_has_changed_where_intervals_have_nothing_in_common() {
    let before = record(&plan(FILE), Kept::default());
    let changes = |after: &TrainingRecord| Changes::of_trainings(&before, after, 1e-9).text();
    assert!(changes(&before).contains("nothing changed (2 numbers compared"), "{}", changes(&before));
    let mut after = before.clone();
    let shift = |x: &mut Option<f64>, by: f64| *x = x.map(|x| x + by);
    let width = before.series[0].summary.score.high.unwrap() - before.series[0].summary.score.low.unwrap();
    assert!(width > 0.0);
    shift(&mut after.series[0].summary.score.value, 0.5 * width);
    shift(&mut after.series[0].summary.score.low, 0.5 * width);
    shift(&mut after.series[0].summary.score.high, 0.5 * width);
    assert!(changes(&after).contains("nothing changed"), "{}", changes(&after));
    shift(&mut after.series[0].summary.score.low, 2.0 * width);
    shift(&mut after.series[0].summary.score.high, 2.0 * width);
    assert!(changes(&after).contains("one: score: "), "{}", changes(&after));
    after.series[1].title = "three".to_owned();
    let said = changes(&after);
    assert!(said.contains("two: there → gone") && said.contains("three: absent → there"), "{said}");
    after.series[0].summary.score = Interval { value: None, low: None, high: None };
    assert!(changes(&after).contains("→ broken"), "{}", changes(&after));
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_one_sentence() {
    let error = |text: &str| TrainingPlan::parse(text, Path::new("a.toml")).unwrap_err().to_string();
    let changed = |from: &str, to: &str| error(&FILE.replace(from, to));
    assert_eq!(
        changed("entropy = 0.1", "entropi = 0.1"),
        "a.toml, line 13: series \"two\": there is no key \"entropi\" here; did you mean \"entropy\"?"
    );
    assert_eq!(
        changed("steps = 3000", "stepps = 3000"),
        "a.toml, line 8: there is no key \"stepps\" here; did you mean \"steps\"?"
    );
    assert_eq!(
        changed("entropy = 0.1", "slope = 'clipped'"),
        "a.toml, line 13: series \"two\": clip: the slope \"clipped\" needs a range; give a positive number"
    );
    assert_eq!(
        changed("entropy = 0.1", "credit = 'advantages'"),
        "a.toml, line 13: series \"two\": critic: the credit \"advantages\" needs one; give separate or shared"
    );
    assert_eq!(
        changed("label = 'two'", "label = 'one'"),
        "a.toml, line 13: two series are called \"one\"; give each its own label"
    );
    assert_eq!(
        changed("seeds = 2", "seeds = 0"),
        "a.toml, line 1: 0 seeds cannot be run; give a number from 1 to 1000"
    );
    assert_eq!(
        changed("entropy = 0.1", "goal = 'beyond-without'"),
        "a.toml, line 13: series \"two\": the task has no known number without; set goal = { at-least = … }"
    );
    assert!(
        changed("entropy = 0.1", "network = { kind = 'lstm', hidden = 4 }\nrollout = 8")
            .contains("learns from whole episodes")
    );
}

#[test]
fn the_table_of_a_policy_is_evaluated_exactly_and_agrees_with_episodes() {
    let exact = Settings { task: "frozen-lake-4x4".into(), rollout: 0, steps: 2000, ..Settings::default() };
    let plan = exact.plan().unwrap();
    let mut run = Run::start(&plan, 0, None);
    while !run.is_over() {
        run.advance();
    }
    let score = run.evaluate().unwrap().drawn;
    assert_eq!((score.route, score.error), (Route::Exact, 0.0));
    // A fresh policy plays nearly at random: of its last hundred episodes the share that succeed has the exact mean.
    let mean = run.recent_return().unwrap();
    assert!(
        (mean - score.value).abs() < 6.0 * (score.value * (1.0 - score.value) / 100.0).sqrt() + 0.02,
        "{mean} {score:?}"
    );
}

#[test]
fn the_regret_of_a_linear_task_is_what_its_episodes_fall_short_by() {
    let plan =
        Settings { task: "double-integrator".into(), steps: 200, evaluation_episodes: 20_000, ..Settings::default() };
    let plan = plan.plan().unwrap();
    let run = Run::start(&plan, 0, None);
    let score = run.evaluate().unwrap().drawn;
    assert_eq!(score.route, Route::Regret);
    // The same policy, played in batches: its mean return is the same number.
    let wide = Settings {
        environments: 4000,
        steps: 200_000,
        optimiser: unbiased::train::Optimiser::Sgd { rate: 1e-300 },
        ..plan.settings.clone()
    };
    let wide = wide.plan().unwrap();
    let mut played = Run::start(&wide, 0, None);
    played.advance();
    let mean = played.recent_return().unwrap();
    assert!((mean - score.value).abs() < 0.1 * score.value.abs(), "{mean} and {score:?}");
}

#[test]
fn an_expert_is_imitated() {
    let settings = Settings {
        task: "frozen-lake-4x4".into(),
        steps: 64 * 300,
        environments: 64,
        network: toml::from_str::<Settings>("network = { kind = 'perceptron', hidden = [] }").unwrap().network,
        update: Update::Cloning,
        demonstrations: 3000,
        optimiser: unbiased::train::Optimiser::Adam { rate: 0.05, epsilon: 1e-8 },
        ..Settings::default()
    };
    let plan = settings.plan().unwrap();
    let trained = finish(Run::start(&plan, 0, None));
    let best = unbiased::train::Yardstick::of(plan.task.as_ref()).most.unwrap();
    let mode = trained.evaluation.unwrap().mode.value;
    assert!(mode > 0.9 * best && mode <= best, "{mode} of {best}");
}
