//! Time and memory of the exact route: on the shipped problems, how both grow with horizon, states and actions, and
//! beside enumeration and sampling at equal accuracy. A table, not a statistic: the median of three runs, each in a
//! process of its own so that its peak memory is its own.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use comfy_table::{Table, presets};
use unbiased::environment::{Problem, TabularMdp, workload};
use unbiased::estimator::{GradientEstimator, RewardToGo};
use unbiased::exact::{Baseline, Enumeration, Form, Oracle};
use unbiased::policy::SoftmaxPolicy;
use unbiased::rng::StreamKey;
use unbiased::rollout::Sampler;

/// What `unbiased exact` computes by default: three estimators and the floor.
fn answer(mdp: &TabularMdp) -> Oracle {
    let (o, a) = (mdp.observations(), mdp.actions());
    let policy = SoftmaxPolicy::tabular(o, a, vec![0.0; o * a]).unwrap();
    let oracle = Oracle::of_mdp(mdp, &policy).unwrap();
    for form in [Form::total(Baseline::None), Form::to_go(Baseline::None), Form::to_go(Baseline::StateValue)] {
        oracle.moments(&form).unwrap();
    }
    oracle.floor();
    oracle
}

fn world(name: &str) -> TabularMdp {
    let numbers: Vec<usize> = name.split(' ').filter_map(|part| part.parse().ok()).collect();
    if let [states, actions, horizon] = numbers[..] {
        return workload::tabular(states, actions, horizon);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("problems").join(format!("{name}.json"));
    Problem::read(&path).unwrap().mdp
}

/// The peak resident memory of this process in MiB, where the system tells it.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1024.0)
}

/// Seconds and MiB of one world, measured in a child process.
fn measured(name: &str) -> (f64, f64) {
    let run = || {
        let output = Command::new(std::env::current_exe().unwrap()).args(["--world", name]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let numbers: Vec<f64> = text.split_whitespace().map(|x| x.parse().unwrap()).collect();
        (numbers[0], numbers[1])
    };
    let mut runs = [run(), run(), run()];
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    runs[1]
}

fn growth() {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["world", "states", "actions", "horizon", "parameters", "seconds", "peak MiB"]);
    let mut names: Vec<String> =
        ["frozen-lake-4x4", "frozen-lake-8x8", "cliff-walking", "taxi"].map(String::from).to_vec();
    let (s, a, t) = (40, 4, 50);
    for (states, actions, horizon) in
        [(s, a, t), (s, a, 2 * t), (s, a, 4 * t), (2 * s, a, t), (4 * s, a, t), (s, 2 * a, t), (s, 4 * a, t)]
    {
        names.push(format!("dense {states} {actions} {horizon}"));
    }
    for name in names {
        let mdp = world(&name);
        let (seconds, memory) = measured(&name);
        table.add_row([
            name.split(' ').next().unwrap().to_owned(),
            mdp.states().to_string(),
            mdp.actions().to_string(),
            mdp.horizon().to_string(),
            (mdp.observations() * mdp.actions()).to_string(),
            format!("{seconds:.4}"),
            format!("{memory:.1}"),
        ]);
    }
    println!("Three estimators and the floor, exactly:\n{table}\n");
}

/// Seconds that `work` takes, the best of several runs.
fn seconds<R>(runs: usize, mut work: impl FnMut() -> R) -> f64 {
    let once = |_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed().as_secs_f64()
    };
    (0..runs).map(once).fold(f64::INFINITY, f64::min)
}

fn routes() {
    const TRAJECTORIES: usize = 1_000_000;
    let mdp = workload::tabular(3, 2, 5);
    let policy = SoftmaxPolicy::tabular(3, 2, workload::tabular_logits(3, 2)).unwrap();
    let form = Form::to_go(Baseline::None);
    let recursion = seconds(20, || Oracle::of_mdp(&mdp, &policy).unwrap().moments(&form).unwrap());
    let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
    let exact = oracle.moments(&form).unwrap();
    let subject = RewardToGo { discount: 1.0, baseline: 0.0, discounted_steps: true };
    let enumerate = || {
        let enumeration = Enumeration::of(&oracle).unwrap();
        (enumeration.len(), enumeration.moments(1, |batch| subject.gradient(&policy, batch)).unwrap())
    };
    let enumeration = seconds(5, enumerate);
    let sampler = Sampler::new(&mdp, &policy).unwrap();
    let baseline = vec![0.0; 15];
    let mut part = 0;
    let mut squares = 0.0;
    let sampling = seconds(10, || {
        part += 1;
        let sampled = sampler.tabular_moments(&StreamKey::of(0, "routes", part), TRAJECTORIES, &policy, &baseline);
        let errors = sampled.reward_to_go.variance().into_iter().zip(&exact.variance);
        squares += errors.map(|(a, b)| (a / b - 1.0) * (a / b - 1.0)).sum::<f64>() / 6.0;
    });
    let error = (squares / part as f64).sqrt();
    println!("Three routes to the variance of reward-to-go (3 states, 2 actions, 5 steps):");
    println!("  recursion    {:10.1} µs, to rounding", 1e6 * recursion);
    println!("  enumeration  {:10.1} µs, to rounding, over {} trajectories", 1e6 * enumeration, enumerate().0);
    println!(
        "  sampling     {:10.1} µs for {TRAJECTORIES} trajectories and a relative error of {error:.1e}",
        1e6 * sampling
    );
    for digits in [3, 6, 11] {
        let wanted = unbiased::numeric::power(0.1, digits);
        let needed = sampling * (error / wanted) * (error / wanted);
        println!(
            "  sampling to a relative error of 1e-{digits}: {needed:.1e} s, {:.0e} times the recursion",
            needed / recursion
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--world") {
        let mdp = world(&arguments[at + 1]);
        let start = Instant::now();
        let oracle = answer(&mdp);
        println!("{} {}", start.elapsed().as_secs_f64(), peak_memory());
        assert!(oracle.objective().is_finite());
        return;
    }
    growth();
    routes();
}
