//! Tasks to train on, against recordings of other implementations and against the oracle.
#![allow(missing_docs, clippy::unwrap_used)]

use serde::Deserialize;
use unbiased::environment::control::{
    CartPole, LinearQuadraticTask, Locomotion, Pendulum, Task, double_integrator, task,
};
use unbiased::environment::{LinearGaussian, NamedProblem, workload};
use unbiased::exact::{LinearQuadratic, Oracle};
use unbiased::numeric::Matrix;
use unbiased::policy::{GaussianPolicy, SoftmaxPolicy};
use unbiased::rng::Stream;
use unbiased::stats::Moments;

/// An episode of tools/record_gymnasium.py: the states are those of `env.unwrapped.state`, in doubles.
#[derive(Deserialize)]
struct Episode {
    states: Vec<Vec<f64>>,
    actions: Vec<f64>,
    rewards: Vec<f64>,
    terminated: bool,
}

#[derive(Deserialize)]
struct Recording {
    note: String,
    episodes: Vec<Episode>,
}

fn recording(text: &str) -> Vec<Episode> {
    let recording: Recording = serde_json::from_str(text).unwrap();
    assert!(recording.note.contains("Gymnasium"), "{}", recording.note);
    recording.episodes
}

/// How far two numbers lie apart, relative to the larger of 1 and their size.
fn distance(x: f64, y: f64) -> f64 {
    (x - y).abs() / y.abs().max(1.0)
}

/// Steps from each recorded state, and whole episodes from the first, against what was recorded: the largest distances of
/// single steps and of the first `long` steps of episodes, and the share of states with the same bits after a single step.
fn compare(task: &dyn Task, episodes: &[Episode], long: usize) -> (f64, f64, f64) {
    let mut stream = Stream::of(0, "unused", 0, 0);
    let (mut single, mut whole, mut same, mut all) = (0.0_f64, 0.0_f64, 0, 0);
    for (e, episode) in episodes.iter().enumerate() {
        let mut running = episode.states[0].clone();
        for (t, action) in episode.actions.iter().enumerate() {
            let mut state = episode.states[t].clone();
            let step = task.step(&mut state, &[*action], &mut stream);
            let expected = &episode.states[t + 1];
            single = single.max(distance(step.reward, episode.rewards[t]));
            let last = t + 1 == episode.actions.len();
            assert_eq!(step.terminated, last && episode.terminated, "episode {e}, step {t}");
            single = state.iter().zip(expected).fold(single, |worst, (x, y)| worst.max(distance(*x, *y)));
            same += usize::from(state == *expected);
            all += 1;
            task.step(&mut running, &[*action], &mut stream);
            if t < long {
                whole = running.iter().zip(expected).fold(whole, |worst, (x, y)| worst.max(distance(*x, *y)));
            }
        }
    }
    (single, whole, same as f64 / all as f64)
}

#[test]
fn cart_pole_moves_as_gymnasiums() {
    let episodes = recording(include_str!("data/cart-pole.json"));
    assert!(episodes.iter().any(|episode| episode.actions.len() == 500));
    let (single, whole, same) = compare(&CartPole, &episodes, 60);
    assert!(single < 1e-14 && whole < 1e-12 && same > 0.9, "{single:e} {whole:e} {same}");
}

#[test]
fn the_pendulum_moves_as_gymnasiums() {
    let episodes = recording(include_str!("data/pendulum.json"));
    let (single, whole, same) = compare(&Pendulum, &episodes, 40);
    assert!(single < 1e-14 && whole < 1e-12 && same > 0.9, "{single:e} {whole:e} {same}");
}

/// The mean return of `episodes` and its standard error, under the actions `act(time, state, stream)`.
fn mean_return(
    task: &dyn Task,
    episodes: u64,
    steps: usize,
    act: impl Fn(usize, &[f64], &mut Stream) -> Vec<f64>,
) -> (f64, f64) {
    let mut returns = Moments::new(1);
    let mut state = vec![0.0; task.state_size()];
    for episode in 0..episodes {
        let mut stream = Stream::of(0, "returns of tasks", 0, episode);
        task.start(&mut state, &mut stream);
        let mut total = 0.0;
        for t in 0..steps {
            let action = act(t, &state, &mut stream);
            let step = task.step(&mut state, &action, &mut stream);
            total += step.reward;
            if step.terminated {
                break;
            }
        }
        returns.push(&[total]);
    }
    (returns.mean()[0], returns.standard_error()[0])
}

/// A gain of the oracle, applied to the first numbers of a state.
fn feedback(gain: &Matrix, state: &[f64]) -> Vec<f64> {
    gain.times(&state[..gain.columns()])
}

/// The exact expected return of `a ~ N(0, deviation²)`.
fn return_without_a_view(system: &LinearGaussian, deviation: f64) -> f64 {
    let (n, m) = (system.states(), system.actions());
    let policy = GaussianPolicy::diagonal(n, &vec![0.0; n * m], &vec![deviation; m]).unwrap();
    LinearQuadratic::new(system, &policy).unwrap().objective()
}

#[test]
fn locomotion_returns_what_the_oracle_says() {
    let body = Locomotion::new();
    let system = body.as_linear_gaussian();
    let (steps, optimum) = (system.horizon(), LinearQuadratic::optimum(&system));
    assert_eq!(Some(steps), body.time_limit());
    let (idle, noisy) = (return_without_a_view(&system, 1e-9), return_without_a_view(&system, 1.0));
    // The documentation's numbers, which a second implementation of Riccati's recursion in numpy gave too.
    for (value, documented) in [(optimum.objective, -28.095_223_1), (idle, -2_263.889_399), (noisy, -2_959.110_336)] {
        assert!((value / documented - 1.0).abs() < 1e-8, "{value} {documented}");
    }
    let best = mean_return(&body, 100, steps, |t, state, _| feedback(&optimum.gains[t], state));
    let still = mean_return(&body, 100, steps, |_, _, _| vec![0.0; 20]);
    // Returns under random torques spread by a fifth of their mean.
    let random = mean_return(&body, 3000, steps, |_, _, stream| (0..20).map(|_| stream.normal()).collect());
    for ((mean, error), exact) in [(best, optimum.objective), (still, idle), (random, noisy)] {
        assert!((mean - exact).abs() < 5.0 * error && error < 0.01 * exact.abs(), "{mean} ± {error}, exact {exact}");
    }
}

#[test]
fn linear_quadratic_tasks_return_what_the_oracle_says() {
    for system in [double_integrator(), workload::linear_gaussian()] {
        let (steps, optimum) = (system.horizon(), LinearQuadratic::optimum(&system));
        let task = LinearQuadraticTask::new("system", system);
        // More steps than the horizon: the world ends the episode.
        let (mean, error) = mean_return(&task, 2000, steps + 10, |t, state, _| feedback(&optimum.gains[t], state));
        assert!((mean - optimum.objective).abs() < 5.0 * error, "{mean} ± {error}, exact {}", optimum.objective);
    }
}

#[test]
fn finite_tasks_return_what_the_oracle_says() {
    for (name, episodes) in
        [("four-arms", 1000), ("mdp-16", 4000), ("mdp-1296", 4000), ("workload", 2000), ("frozen-lake-4x4", 4000)]
    {
        let problem = NamedProblem::find(name).unwrap();
        let mdp = problem.mdp();
        let policy =
            SoftmaxPolicy::tabular(mdp.observations(), mdp.actions(), vec![0.0; mdp.observations() * mdp.actions()]);
        let exact = Oracle::of_mdp(&mdp, &policy.unwrap()).unwrap().objective();
        let (task, actions) = (task(name).unwrap(), mdp.actions() as u32);
        let steps = mdp.horizon() + 10;
        let (mean, error) =
            mean_return(task.as_ref(), episodes, steps, |_, _, stream| vec![f64::from(stream.below(actions))]);
        assert!((mean - exact).abs() < 5.0 * error, "{name}: {mean} ± {error}, exact {exact}");
    }
}
