//! How well a policy does that is not trained any more: exactly where that can be known, and with as little noise as possible
//! otherwise.

use serde::{Deserialize, Serialize};

use super::agent::{Actor, Agent};
use super::experience::{Choice, Experience, Worlds};
use super::settings::Plan;
use crate::autodiff::Tape;
use crate::environment::TabularMdp;
use crate::environment::control::{Known, Task, View};
use crate::exact::{LinearQuadratic, Oracle, optimal_objective};
use crate::numeric::{Matrix, dot, power};
use crate::policy::SoftmaxPolicy;
use crate::policy::deep::Head;
use crate::rng::StreamKey;

/// A logit that leaves an action no probability.
const NEVER: f64 = -1e4;

/// How a score was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// Computed from the process and the policy's table.
    Exact,
    /// The optimum less the mean of what each action gave away, over episodes.
    Regret,
    /// The mean over episodes.
    Episodes,
}

/// The expected return of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The expected return, or an estimate; of a task with two sides, twice the share of the one that is reached less often.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// How it was found.
    pub route: Route,
}

/// A policy as it is, and with its likeliest actions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The policy as it is.
    pub drawn: Score,
    /// With the likeliest action at every step.
    pub mode: Score,
}

/// What a score is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Yardstick {
    /// The best there is: an expected return, or a bound on it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub most: Option<f64>,
    /// The best without what the task asks for, such as memory.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub without: Option<f64>,
}

impl Yardstick {
    /// That of a task. A learner's discount has nothing to do with it: the objective is the task's own.
    #[must_use]
    pub fn of(task: &dyn Task) -> Self {
        let (most, without) = match task.known() {
            Known::Nothing => (None, None),
            Known::Best { most, without } => (Some(most), without),
            Known::Finite(mdp, _) => (Some(optimal_objective(mdp)), None),
            Known::LinearGaussian(system) => (Some(LinearQuadratic::optimum(&system).objective), None),
            Known::TwoSides { most, without } => (Some(most), Some(without)),
        };
        Self { most, without }
    }
}

/// A policy as it is and with its likeliest actions. What has to be played starts from streams of its own.
pub(super) fn evaluate(plan: &Plan, agent: &Agent, parameters: &[Matrix], seed: u64) -> Evaluation {
    let score = |name: &str, choice: Choice| {
        let tape = Tape::new();
        let mut actor = Actor::new(agent, &tape, parameters);
        if let Known::Finite(mdp, view) = plan.task.known()
            && !plan.settings.network.remembers()
        {
            return of_table(mdp, view, &mut actor, choice);
        }
        let size = (plan.settings.evaluation_episodes, 0);
        let key = StreamKey::of(seed, name, 0);
        of_episodes(plan.task.as_ref(), &Worlds::default().run(plan, &mut actor, key, size, choice))
    };
    let drawn = score("evaluation", Choice::Drawn);
    Evaluation { drawn, mode: score("evaluation of the mode", Choice::Mode) }
}

/// `J` of the table of a policy that has no memory.
fn of_table(mdp: &TabularMdp, view: View, actor: &mut Actor, choice: Choice) -> Score {
    let times = if view == View::TimeAndObservation { mdp.horizon() } else { 1 };
    let (mut laws, _) = actor.look(Matrix::identity(times * mdp.observations()), false);
    if choice == Choice::Mode {
        for i in 0..laws.rows() {
            let mut best = [0.0];
            Head::Softmax(mdp.actions()).mode(laws.row(i), &mut best);
            laws.row_mut(i).fill(NEVER);
            laws.row_mut(i)[best[0] as usize] = 0.0;
        }
    }
    let first = laws.entries()[..mdp.observations() * mdp.actions()].to_vec();
    let table = SoftmaxPolicy::tabular(mdp.observations(), mdp.actions(), first);
    let table = table.and_then(|table| match view {
        View::Observation => Ok(table),
        View::TimeAndObservation => table.time_indexed(times, laws.entries().to_vec()),
    });
    let oracle = table.ok().and_then(|table| Oracle::of_mdp(mdp, &table).ok());
    let value = oracle.map_or(f64::NAN, |oracle| oracle.objective());
    Score { value, error: 0.0, route: Route::Exact }
}

/// From episodes that were played.
pub(super) fn of_episodes(task: &dyn Task, experience: &Experience) -> Score {
    match task.known() {
        Known::LinearGaussian(system) => {
            let best = LinearQuadratic::optimum(&system);
            let regrets: Vec<f64> = (0..experience.batch.len())
                .map(|i| {
                    let steps = (0..experience.batch.lengths[i]).map(|t| {
                        let place = experience.offsets[i] + t;
                        let state = &experience.observations.row(place)[..system.states()];
                        let wanted = best.gains[t].times(state);
                        let off: Vec<f64> =
                            experience.actions.row(place).iter().zip(wanted).map(|(a, best)| a - best).collect();
                        power(system.discount(), t) * dot(&best.curvatures[t].times(&off), &off)
                    });
                    steps.sum()
                })
                .collect();
            let (mean, error) = mean_and_error(&regrets);
            Score { value: best.objective - mean, error, route: Route::Regret }
        }
        Known::TwoSides { .. } => {
            let hits = |side: f64| {
                let hit = |i: &usize| experience.batch.rewards[*i] > 0.0 && experience.actions.row(*i)[0] * side > 0.0;
                (0..experience.batch.len()).filter(hit).count() as f64
            };
            let n = experience.batch.len() as f64;
            let least = hits(-1.0).min(hits(1.0)) / n;
            Score { value: 2.0 * least, error: 2.0 * (least * (1.0 - least) / n).sqrt(), route: Route::Episodes }
        }
        _ => {
            let (value, error) = mean_and_error(&experience.returns);
            Score { value, error, route: Route::Episodes }
        }
    }
}

fn mean_and_error(numbers: &[f64]) -> (f64, f64) {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, if numbers.len() < 2 { 0.0 } else { (squares / (n - 1.0) / n).sqrt() })
}
