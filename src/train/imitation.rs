//! Learning from an expert: behaviour cloning, and a diffusion policy.

use super::agent::{Agent, Memories};
use super::experience::Experience;
use super::learner::{Learner, Moment, gradients};
use super::settings::Plan;
use crate::autodiff::{Tape, Variable};
use crate::environment::control::{Known, Task, TwoGoals};
use crate::exact::{LinearQuadratic, Optimum, optimal_actions};
use crate::numeric::{Matrix, cos};
use crate::policy::deep::{Architecture, Memory};
use crate::rng::Stream;

/// What an expert saw and did.
#[derive(Clone, Debug)]
pub(super) struct Demonstrations {
    pub(super) observations: Matrix,
    pub(super) actions: Matrix,
}

/// Who shows how it is done.
enum Expert {
    /// The best action of each state at each time.
    Table(Vec<Vec<usize>>),
    /// The best gains.
    Linear(Optimum),
}

impl Demonstrations {
    /// So many of the task's expert: its best policy where that is known, the jumper of [`TwoGoals`] there; `None` for a task
    /// without one.
    pub(super) fn of(task: &dyn Task, count: usize, stream: &mut Stream) -> Option<Self> {
        let expert = match task.known() {
            Known::TwoSides { .. } => {
                let all = TwoGoals.demonstrations(count, stream);
                let width = (all.first()?.observation.len(), all.first()?.action.len());
                let observations = all.iter().flat_map(|d| d.observation.clone()).collect();
                let actions = all.iter().flat_map(|d| d.action.clone()).collect();
                return Some(Self {
                    observations: Matrix::of(count, width.0, observations),
                    actions: Matrix::of(count, width.1, actions),
                });
            }
            Known::Finite(mdp, _) => Expert::Table(optimal_actions(mdp)),
            Known::LinearGaussian(system) => Expert::Linear(LinearQuadratic::optimum(&system)),
            Known::Best { .. } | Known::Nothing => return None,
        };
        let (mut state, mut seen) = (vec![0.0; task.state_size()], vec![0.0; task.observation_size()]);
        let (mut observations, mut actions) = (Vec::new(), Vec::new());
        let mut taken = 0;
        while taken < count {
            task.start(&mut state, stream);
            for time in 0.. {
                task.observe(&state, &mut seen);
                let action = match &expert {
                    Expert::Table(best) => vec![best[time][state[0] as usize] as f64],
                    Expert::Linear(best) => best.gains[time].times(&state[..best.gains[time].columns()]),
                };
                observations.extend(&seen);
                actions.extend(&action);
                taken += 1;
                let step = task.step(&mut state, &action, stream);
                if step.terminated || taken == count || task.time_limit().is_some_and(|limit| time + 1 >= limit) {
                    break;
                }
            }
        }
        let width = actions.len() / count;
        Some(Self {
            observations: Matrix::of(count, task.observation_size(), observations),
            actions: Matrix::of(count, width, actions),
        })
    }

    /// `count` of them, drawn with replacement.
    fn some(&self, count: usize, stream: &mut Stream) -> Self {
        let rows: Vec<usize> = (0..count).map(|_| stream.below(self.actions.rows() as u32) as usize).collect();
        let of = |m: &Matrix| {
            let entries = rows.iter().flat_map(|i| m.row(*i).to_vec()).collect();
            Matrix::of(count, m.columns(), entries)
        };
        Self { observations: of(&self.observations), actions: of(&self.actions) }
    }
}

impl Learner {
    /// A step along the gradient of the mean log-likelihood of what the expert did (behaviour cloning; Pomerleau 1989).
    pub(super) fn imitate(&mut self, plan: &Plan, agent: &Agent, shown: &Demonstrations, moment: Moment) {
        let batch = shown.some(plan.settings.environments, &mut moment.shuffle.stream(0));
        let tape = Tape::new();
        let mut parameters = self.matrices(agent);
        let on_tape: Vec<Variable> = parameters.iter().map(|p| tape.parameter(p.clone())).collect();
        let out = agent.step(&on_tape, tape.constant(batch.observations), &mut Memories::default());
        let loss = -agent.head().log_probs(out.laws, &batch.actions).mean();
        self.step(plan, moment, &mut parameters, gradients(loss, &on_tape));
        self.set(&parameters);
    }

    /// A step towards a network that knows which noise was added to an action (Ho et al. 2020, algorithm 1).
    pub(super) fn denoise(&mut self, plan: &Plan, agent: &Agent, shown: &Demonstrations, moment: Moment) {
        let mut stream = moment.shuffle.stream(0);
        let n = plan.settings.environments;
        let Demonstrations { observations, actions } = shown.some(n, &mut stream);
        let schedule = Schedule::of(plan);
        let times: Vec<usize> = (0..n).map(|_| stream.below(schedule.kept.len() as u32) as usize).collect();
        let noise = Matrix::of(n, actions.columns(), (0..n * actions.columns()).map(|_| stream.normal()).collect());
        let noisy = Matrix::from_fn(n, actions.columns(), |i, j| {
            let kept = schedule.kept[times[i]];
            kept.sqrt() * actions[(i, j)] + (1.0 - kept).sqrt() * noise[(i, j)]
        });
        let tape = Tape::new();
        let mut parameters = self.matrices(agent);
        let on_tape: Vec<Variable> = parameters.iter().map(|p| tape.parameter(p.clone())).collect();
        let input = tape.constant(schedule.input(&observations, &noisy, &times));
        let guess = plan.settings.network.step(&on_tape, input, &mut Memory::new());
        let off = guess - tape.constant(noise);
        self.step(plan, moment, &mut parameters, gradients((off * off).mean(), &on_tape));
        self.set(&parameters);
    }
}

/// How much of an action is left after each step of noise, `ᾱ_t` (Nichol & Dhariwal 2021, equation 17).
pub(super) struct Schedule {
    kept: Vec<f64>,
}

impl Schedule {
    pub(super) fn of(plan: &Plan) -> Self {
        let steps = plan.noise_steps();
        let wave = |t: f64| {
            let x = cos((t / steps as f64 + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2);
            x * x
        };
        // No step keeps less than a thousandth of the one before.
        let mut kept = Vec::with_capacity(steps);
        let mut all = 1.0;
        for t in 0..steps {
            all *= (wave(t as f64 + 1.0) / wave(t as f64)).max(1e-3);
            kept.push(all);
        }
        Self { kept }
    }

    /// Observation, noisy action, and the share that is left of the action: what the network reads.
    fn input(&self, observations: &Matrix, noisy: &Matrix, times: &[usize]) -> Matrix {
        let (seen, own) = (observations.columns(), noisy.columns());
        Matrix::from_fn(times.len(), seen + own + 2, |i, j| {
            let kept = self.kept[times[i]];
            match j {
                _ if j < seen => observations[(i, j)],
                _ if j < seen + own => noisy[(i, j - seen)],
                _ if j == seen + own => kept.sqrt(),
                _ => (1.0 - kept).sqrt(),
            }
        })
    }

    /// Draws an action for each row of observations: noise, from which the network takes noise away step by step (Ho et al. 2020,
    /// algorithm 2).
    pub(super) fn draw(
        &self,
        network: &Architecture,
        parameters: &[Matrix],
        observations: &Matrix,
        width: usize,
        stream: &mut Stream,
    ) -> Matrix {
        let n = observations.rows();
        let mut noise = || Matrix::of(n, width, (0..n * width).map(|_| stream.normal()).collect());
        let mut action = noise();
        let tape = Tape::new();
        let fixed: Vec<Variable> = parameters.iter().map(|p| tape.constant(p.clone())).collect();
        for t in (0..self.kept.len()).rev() {
            let input = tape.constant(self.input(observations, &action, &vec![t; n]));
            let guess = network.step(&fixed, input, &mut Memory::new()).value();
            tape.rewind(fixed.len());
            let before = if t == 0 { 1.0 } else { self.kept[t - 1] };
            let (kept, alpha) = (self.kept[t], self.kept[t] / before);
            let (beta, fresh) = (1.0 - alpha, noise());
            // The variance of the step back given where it began.
            let spread = ((1.0 - before) / (1.0 - kept) * beta).sqrt();
            action = Matrix::from_fn(n, width, |i, j| {
                let mean = (action[(i, j)] - beta / (1.0 - kept).sqrt() * guess[(i, j)]) / alpha.sqrt();
                mean + spread * fresh[(i, j)]
            });
        }
        action
    }
}

/// Plays episodes of one step with actions that were drawn for them.
pub(super) fn jump(plan: &Plan, parameters: &[Matrix], stream: &mut Stream) -> Experience {
    let (n, task) = (plan.settings.evaluation_episodes, plan.task.as_ref());
    let mut states = vec![vec![0.0; task.state_size()]; n];
    let mut seen = Matrix::zeros(n, task.observation_size());
    for (i, state) in states.iter_mut().enumerate() {
        task.start(state, stream);
        task.observe(state, seen.row_mut(i));
    }
    let width = plan.head.action_size();
    let actions = Schedule::of(plan).draw(&plan.settings.network, parameters, &seen, width, stream);
    let rewards = states.iter_mut().enumerate().map(|(i, state)| task.step(state, actions.row(i), stream).reward);
    Experience::of_single_steps(plan, &seen, &actions, rewards.collect())
}
