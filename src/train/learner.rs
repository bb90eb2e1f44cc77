//! Steps along the gradient of a surrogate, over the estimators that the oracle judges.

use serde::{Deserialize, Serialize};

use super::agent::{Agent, Memories};
use super::experience::Experience;
use super::optimiser::{Moments, Optimiser, limit_norm};
use super::settings::{Plan, Portion};
use crate::autodiff::{Tape, Variable};
use crate::batch::{PaddedBatch, Whole};
use crate::estimator::recipe::advantages_at;
use crate::numeric::{Matrix, exp};
use crate::rng::{Stream, StreamKey};

/// Adam's `ε` for a critic that is trained alone.
const CRITIC_EPSILON: f64 = 1e-5;

/// What is learned, and what is remembered to go on learning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Learner {
    /// Those of the policy, then those of a separate critic.
    pub(super) parameters: Vec<Vec<f64>>,
    pub(super) moments: Moments,
    pub(super) critic_moments: Moments,
    /// The weight of the penalty on the divergence, `β`.
    pub(super) penalty: f64,
}

/// How far a run is, and where its random numbers come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The share of the steps that are still to come, from 1 to 0.
    pub(super) left: f64,
    /// What the order of minibatches is drawn from.
    pub(super) shuffle: StreamKey,
}

/// A batch with what each step is worth.
pub(super) struct Lesson<'a> {
    pub(super) experience: &'a Experience,
    /// `[N, T]`, 0 in the padding.
    pub(super) advantages: Vec<f64>,
    /// What the critic should have said, `[N, T]`.
    pub(super) targets: Vec<f64>,
}

impl<'a> Lesson<'a> {
    pub(super) fn new(plan: &Plan, experience: &'a Experience) -> Self {
        let batch = &experience.batch;
        let credit = (plan.recipe.credit)(batch);
        let advantages = (plan.recipe.advantage)(batch, &credit);
        // The return that advantages of the same λ are a part of; without advantages, the whole rest.
        let critic = if plan.settings.credit == "advantages" { credit } else { advantages_at(batch, 1.0) };
        let targets = critic.iter().zip(&batch.values).map(|(advantage, value)| advantage + value).collect();
        Self { experience, advantages, targets }
    }

    /// The parts that a batch falls into.
    fn portions(&self, plan: &Plan, stream: &mut Stream) -> Vec<Part> {
        let count = match plan.settings.portion {
            Portion::Steps => self.experience.observations.rows(),
            Portion::Sequences => self.experience.batch.len(),
        };
        let parts = plan.settings.minibatches.min(count).max(1);
        let mut order: Vec<usize> = (0..count).collect();
        if parts > 1 {
            for i in (1..count).rev() {
                order.swap(i, stream.below(i as u32 + 1) as usize);
            }
        }
        (0..parts)
            .map(|k| self.part(plan, plan.settings.portion, &order[k * count / parts..(k + 1) * count / parts]))
            .collect()
    }

    /// The whole batch as one part.
    pub(super) fn whole(&self, plan: &Plan) -> Part {
        let count = self.experience.batch.len();
        self.part(plan, Portion::Sequences, &(0..count).collect::<Vec<usize>>())
    }

    fn part(&self, plan: &Plan, portion: Portion, members: &[usize]) -> Part {
        let Experience { batch, offsets, .. } = self.experience;
        let pick = |list: &[f64], at: &[usize]| at.iter().map(|k| list[*k]).collect::<Vec<f64>>();
        match portion {
            Portion::Sequences => {
                let width = batch.steps;
                let at: Vec<usize> = members.iter().flat_map(|i| i * width..(i + 1) * width).collect();
                let place = |i: &usize| {
                    let (own, length) = (offsets[*i], batch.lengths[*i]);
                    (0..width).map(move |t| (t < length).then_some(own + t))
                };
                Part::new(
                    plan,
                    batch.select(members),
                    members.iter().flat_map(place).collect(),
                    pick(&self.advantages, &at),
                    pick(&self.targets, &at),
                )
            }
            Portion::Steps => {
                let row = |place: usize| offsets.partition_point(|first| *first <= place) - 1;
                let at: Vec<usize> = members
                    .iter()
                    .map(|place| {
                        let i = row(*place);
                        i * batch.steps + place - offsets[i]
                    })
                    .collect();
                let n = members.len();
                let single = PaddedBatch {
                    steps: 1,
                    lengths: vec![1; n],
                    groups: vec![0; n],
                    terminated: vec![true; n],
                    rejected: vec![false; n],
                    rewards: pick(&batch.rewards, &at),
                    log_probs: pick(&batch.log_probs, &at),
                    behaviour_log_probs: pick(&batch.behaviour_log_probs, &at),
                    reference_log_probs: pick(&batch.reference_log_probs, &at),
                    values: pick(&batch.values, &at),
                    last_values: vec![0.0; n],
                    greedy_returns: vec![0.0; n],
                    settings: batch.settings,
                    whole: Whole { sequences: n, accepted: n, steps: n },
                };
                let places = members.iter().map(|place| Some(*place)).collect();
                Part::new(plan, single, places, pick(&self.advantages, &at), pick(&self.targets, &at))
            }
        }
    }
}

/// A part of a batch.
pub(super) struct Part {
    batch: PaddedBatch,
    /// For each entry of a matrix of the batch, its number among the real steps.
    places: Vec<Option<usize>>,
    advantages: Vec<f64>,
    targets: Vec<f64>,
    /// Entries that are read together: all real ones, or those of a time for networks that remember.
    blocks: Vec<Vec<usize>>,
}

impl Part {
    fn new(
        plan: &Plan,
        mut batch: PaddedBatch,
        places: Vec<Option<usize>>,
        advantages: Vec<f64>,
        targets: Vec<f64>,
    ) -> Self {
        batch.whole = batch.size();
        let longest = batch.lengths.iter().copied().max().unwrap_or(0);
        let blocks = if plan.settings.network.remembers() {
            (0..longest).map(|t| (0..batch.len()).map(|i| i * batch.steps + t).collect()).collect()
        } else {
            vec![(0..places.len()).filter(|k| places[*k].is_some()).collect()]
        };
        Self { batch, places, advantages, targets, blocks }
    }

    /// The rows of `matrix` for the entries of a block; zeros in the padding.
    fn rows(&self, matrix: &Matrix, block: &[usize]) -> Matrix {
        let mut rows = Vec::with_capacity(block.len() * matrix.columns());
        for k in block {
            match self.places[*k] {
                Some(place) => rows.extend_from_slice(matrix.row(place)),
                None => rows.resize(rows.len() + matrix.columns(), 0.0),
            }
        }
        Matrix::of(block.len(), matrix.columns(), rows)
    }

    /// A column of the entries of a block, times a number; 0 in the padding.
    fn column<'t>(&self, tape: &'t Tape, entries: &[f64], factor: f64, block: &[usize]) -> Variable<'t> {
        let real = |k: usize| if self.places[k].is_some() { factor * entries[k] } else { 0.0 };
        tape.constant(Matrix::of(block.len(), 1, block.iter().map(|k| real(*k)).collect()))
    }

    /// What the networks give for each block.
    pub(super) fn read<'t>(
        &self,
        agent: &Agent,
        experience: &Experience,
        tape: &'t Tape,
        parameters: &[Variable<'t>],
    ) -> Vec<Reading<'t>> {
        let mut memories = Memories::default();
        let read = |block: &Vec<usize>| {
            let input = tape.constant(self.rows(&experience.observations, block));
            let out = agent.step(parameters, input, &mut memories);
            let log_probs = agent.head().log_probs(out.laws, &self.rows(&experience.actions, block));
            Reading { laws: out.laws, values: out.values, log_probs }
        };
        self.blocks.iter().map(read).collect()
    }

    /// The weights of the estimator at the policy that was read, `[N, T]`.
    fn weights(&self, plan: &Plan, readings: &[Reading]) -> Vec<f64> {
        let mut batch = self.batch.clone();
        for (block, reading) in self.blocks.iter().zip(readings) {
            for (k, log_prob) in block.iter().zip(reading.log_probs.value().entries()) {
                batch.log_probs[*k] = *log_prob;
            }
        }
        let slopes = (plan.recipe.slope)(&batch, &self.advantages);
        (plan.recipe.aggregation)(&batch, &slopes)
    }

    /// The surrogate whose gradient is the estimate: `(1/N) Σ w log π`, with `w` as data.
    pub(super) fn surrogate<'t>(&self, plan: &Plan, tape: &'t Tape, readings: &[Reading<'t>]) -> Variable<'t> {
        let (weights, share) = (self.weights(plan, readings), 1.0 / self.batch.len() as f64);
        let terms = self.blocks.iter().zip(readings).map(|(block, reading)| {
            let mut term = (self.column(tape, &weights, share, block) * reading.log_probs).sum();
            if let Some(values) = reading.values.filter(|_| plan.settings.attached_values) {
                // What the product rule gives for advantages G − V in which V is not detached.
                let ones = vec![1.0; self.places.len()];
                let share = 1.0 / self.batch.real_steps() as f64;
                term = term - (self.column(tape, &ones, share, block) * values * reading.log_probs.detach()).sum();
            }
            term
        });
        total(terms)
    }

    /// `E[(ρ − 1) A]`: what the surrogate has gained since the data were drawn (Schulman et al. 2015, equation 14).
    pub(super) fn gain(&self, plan: &Plan, readings: &[Reading]) -> f64 {
        let mut ratios = vec![0.0; self.places.len()];
        for (block, reading) in self.blocks.iter().zip(readings) {
            for (k, log_prob) in block.iter().zip(reading.log_probs.value().entries()) {
                let gained = exp(log_prob - self.batch.behaviour_log_probs[*k]) - 1.0;
                ratios[*k] = if self.places[*k].is_some() { gained * self.advantages[*k] } else { 0.0 };
            }
        }
        let all = (plan.recipe.aggregation)(&self.batch, &ratios);
        all.iter().sum::<f64>() / self.batch.len() as f64
    }

    /// The mean over real steps of a column that each reading gives.
    pub(super) fn mean<'t>(
        &self,
        tape: &'t Tape,
        readings: &[Reading<'t>],
        column: impl Fn(&[usize], &Reading<'t>) -> Variable<'t>,
    ) -> Variable<'t> {
        let (ones, share) = (vec![1.0; self.places.len()], 1.0 / self.batch.real_steps() as f64);
        total(
            self.blocks
                .iter()
                .zip(readings)
                .map(|(block, reading)| (self.column(tape, &ones, share, block) * column(block, reading)).sum()),
        )
    }

    /// The mean of KL(old ‖ new).
    pub(super) fn divergence<'t>(
        &self,
        agent: &Agent,
        experience: &Experience,
        tape: &'t Tape,
        readings: &[Reading<'t>],
    ) -> Variable<'t> {
        self.mean(tape, readings, |block, reading| {
            agent.head().divergence(&self.rows(&experience.laws, block), reading.laws)
        })
    }

    /// Half the mean squared error of the critic; with a clip, the larger of that and of the value moved no farther than `ε`.
    fn value_loss<'t>(&self, plan: &Plan, tape: &'t Tape, readings: &[Reading<'t>]) -> Option<Variable<'t>> {
        readings.iter().all(|reading| reading.values.is_some()).then(|| {
            let error = |block: &[usize], reading: &Reading<'t>| {
                let values = reading.values.unwrap_or(reading.laws);
                let target = self.column(tape, &self.targets, 1.0, block);
                let square = |values: Variable<'t>| (values - target) * (values - target);
                if plan.settings.clip_value {
                    let old = self.column(tape, &self.batch.values, 1.0, block);
                    let moved = old + (values - old).clip(-plan.clip(), plan.clip());
                    -((-square(values)).minimum(-square(moved)))
                } else {
                    square(values)
                }
            };
            self.mean(tape, readings, error).scale(0.5)
        })
    }
}

/// What the networks gave for a block.
pub(super) struct Reading<'t> {
    pub(super) laws: Variable<'t>,
    pub(super) values: Option<Variable<'t>>,
    pub(super) log_probs: Variable<'t>,
}

/// The derivatives of a scalar with respect to each of some parameters.
pub(super) fn gradients(scalar: Variable, parameters: &[Variable]) -> Vec<Matrix> {
    let mut all = scalar.backward();
    parameters.iter().map(|p| all.take(*p)).collect()
}

fn total<'t>(terms: impl Iterator<Item = Variable<'t>>) -> Variable<'t> {
    terms.reduce(|sum, term| sum + term).expect("a batch has a step")
}

impl Learner {
    pub(super) fn new(agent: &Agent, plan: &Plan, stream: &mut Stream) -> Self {
        let parameters = agent.parameters(stream).into_iter().map(|p| p.entries().to_vec()).collect();
        let (moments, critic_moments) = (Moments::default(), Moments::default());
        Self { parameters, moments, critic_moments, penalty: plan.settings.penalty }
    }

    /// The parameters as matrices.
    pub(super) fn matrices(&self, agent: &Agent) -> Vec<Matrix> {
        agent.shaped(&self.parameters)
    }

    pub(super) fn set(&mut self, matrices: &[Matrix]) {
        self.parameters = matrices.iter().map(|p| p.entries().to_vec()).collect();
    }

    /// Goes through a batch `epochs` times, in minibatches: one step of the optimiser each.
    pub(super) fn follow_gradient(&mut self, plan: &Plan, agent: &Agent, lesson: &Lesson, moment: Moment) {
        let mut parameters = self.matrices(agent);
        for epoch in 0..plan.settings.epochs {
            for part in lesson.portions(plan, &mut moment.shuffle.stream(epoch as u64)) {
                let gradients = self.gradient(plan, agent, &parameters, lesson.experience, &part, moment);
                self.step(plan, moment, &mut parameters, gradients);
            }
        }
        self.set(&parameters);
        self.steer_penalty(plan, agent, lesson);
    }

    /// A step of the optimiser with `parameters`, which are not yet those of the learner.
    pub(super) fn step(&mut self, plan: &Plan, moment: Moment, parameters: &mut [Matrix], mut gradients: Vec<Matrix>) {
        let settings = &plan.settings;
        limit_norm(&mut gradients, settings.gradient_norm.unwrap_or(f64::INFINITY));
        let share = if settings.anneal { moment.left } else { 1.0 };
        settings.optimiser.step(share, &mut self.moments, parameters, &gradients);
    }

    /// The gradient of the loss: the surrogate, the entropy and the penalty, and the critic's error.
    fn gradient(
        &self,
        plan: &Plan,
        agent: &Agent,
        parameters: &[Matrix],
        experience: &Experience,
        part: &Part,
        moment: Moment,
    ) -> Vec<Matrix> {
        let settings = &plan.settings;
        let tape = Tape::new();
        let on_tape: Vec<Variable> = parameters.iter().map(|p| tape.parameter(p.clone())).collect();
        let readings = part.read(agent, experience, &tape, &on_tape);
        let mut objective = part.surrogate(plan, &tape, &readings);
        let entropy = settings.entropy * if settings.entropy_anneal { moment.left } else { 1.0 };
        if entropy > 0.0 {
            let bonus = part.mean(&tape, &readings, |_, reading| agent.head().entropy(reading.laws));
            objective = objective + bonus.scale(entropy);
        }
        if self.penalty > 0.0 {
            objective = objective - part.divergence(agent, experience, &tape, &readings).scale(self.penalty);
        }
        let mut loss = -objective;
        if settings.critic_epochs == 0
            && let Some(error) = part.value_loss(plan, &tape, &readings)
        {
            loss = loss + error.scale(settings.value_weight);
        }
        gradients(loss, &on_tape)
    }

    /// Halves or doubles `β` when the divergence of a batch is off its target by more than half (Schulman et al. 2017, §4).
    fn steer_penalty(&mut self, plan: &Plan, agent: &Agent, lesson: &Lesson) {
        let target = plan.settings.penalty_target;
        if target > 0.0 {
            let (tape, part) = (Tape::new(), lesson.whole(plan));
            let fixed: Vec<Variable> = self.matrices(agent).into_iter().map(|p| tape.constant(p)).collect();
            let readings = part.read(agent, lesson.experience, &tape, &fixed);
            let divergence = part.divergence(agent, lesson.experience, &tape, &readings).scalar();
            if divergence < target / 1.5 {
                self.penalty *= 0.5;
            } else if divergence > target * 1.5 {
                self.penalty *= 2.0;
            }
        }
    }

    /// Trains a critic alone, `critic_epochs` times through a batch.
    pub(super) fn train_critic(&mut self, plan: &Plan, agent: &Agent, lesson: &Lesson, moment: Moment) {
        let settings = &plan.settings;
        let adam = Optimiser::Adam { rate: settings.critic_rate, epsilon: CRITIC_EPSILON };
        let mut parameters = self.matrices(agent);
        for epoch in 0..settings.critic_epochs {
            let block = (settings.epochs + epoch) as u64;
            for part in lesson.portions(plan, &mut moment.shuffle.stream(block)) {
                let tape = Tape::new();
                let on_tape: Vec<Variable> = parameters.iter().map(|p| tape.parameter(p.clone())).collect();
                let readings = part.read(agent, lesson.experience, &tape, &on_tape);
                let Some(error) = part.value_loss(plan, &tape, &readings) else { return };
                let of_critic = gradients(error, &on_tape[agent.actor..]);
                adam.step(1.0, &mut self.critic_moments, &mut parameters[agent.actor..], &of_critic);
            }
        }
        self.set(&parameters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, SoftmaxPolicy};
    use crate::train::Settings;
    use crate::train::agent::Actor;
    use crate::train::experience::{Choice, Worlds};

    fn played(plan: &Plan, agent: &Agent, parameters: &[Matrix]) -> Experience {
        let tape = Tape::new();
        let mut actor = Actor::new(agent, &tape, parameters);
        Worlds::default().run(plan, &mut actor, StreamKey::of(0, "lesson", 0), (6, 0), Choice::Drawn)
    }

    fn linear(change: impl Fn(&mut Settings)) -> Plan {
        let mut settings: Settings =
            toml::from_str("task = \"frozen-lake-4x4\"\nnetwork = { kind = \"perceptron\", hidden = [] }").unwrap();
        settings.output_gain = 1.0;
        change(&mut settings);
        settings.plan().unwrap()
    }

    /// The loop follows the estimators that the oracle judges: the tape's gradient is the weights of the recipe times scores of
    /// another implementation.
    #[test]
    fn the_gradient_of_the_surrogate_is_that_of_the_recipe() {
        for (credit, slope, clip) in
            [("total", "unweighted", None), ("to-go", "clipped", Some(0.1)), ("to-go", "sequence-ratio", None)]
        {
            let plan = linear(|settings| {
                (settings.credit, settings.slope, settings.clip) = (credit.into(), slope.into(), clip);
                settings.aggregation = "sequence-sum".into();
                settings.advantage = "leave-one-out".into();
            });
            let agent = Agent::new(&plan);
            let old = agent.parameters(&mut Stream::of(1, "old", 0, 0));
            let mut experience = played(&plan, &agent, &old);
            // Old data, so that ratios and the clip matter, and rewards everywhere.
            let new: Vec<Matrix> = old.iter().map(|p| p.plus(0.3, p)).collect();
            experience.batch.rewards.iter_mut().enumerate().for_each(|(k, r)| *r += (k % 5) as f64);
            let lesson = Lesson::new(&plan, &experience);
            let tape = Tape::new();
            let on_tape: Vec<Variable> = new.iter().map(|p| tape.parameter(p.clone())).collect();
            let part = lesson.whole(&plan);
            let readings = part.read(&agent, &experience, &tape, &on_tape);
            let gradients = part.surrogate(&plan, &tape, &readings).backward();
            let tape_gradient = gradients.of(on_tape[0]);

            let logits = Matrix::from_fn(16, 4, |s, a| new[0][(s, a)] + new[1][(0, a)]);
            let policy = SoftmaxPolicy::tabular(16, 4, logits.entries().to_vec()).unwrap();
            let mut batch = experience.batch.clone();
            let seen = |place: usize| experience.observations.row(place).iter().position(|x| *x == 1.0).unwrap();
            let done = |place: usize| experience.actions.row(place)[0] as usize;
            let all = |i: usize| batch.lengths[i];
            let steps: Vec<(usize, usize)> =
                (0..experience.batch.len()).flat_map(|i| (0..all(i)).map(move |t| (i, t))).collect();
            for (i, t) in &steps {
                let place = experience.offsets[*i] + t;
                batch.log_probs[i * batch.steps + t] = policy.log_prob(0, seen(place), done(place));
            }
            let weights = plan.recipe.weights(&batch);
            let mut expected = vec![0.0; 64];
            for (i, t) in &steps {
                let place = experience.offsets[*i] + t;
                let weight = weights[i * batch.steps + t] / batch.len() as f64;
                policy.add_score(0, seen(place), done(place), weight, &mut expected);
            }
            assert!(expected.iter().any(|x| x.abs() > 1e-3));
            for (x, y) in tape_gradient.entries().iter().zip(&expected) {
                assert!((x - y).abs() < 1e-12 * (1.0 + y.abs()), "{credit} {slope}: {x} and {y}");
            }
        }
    }

    #[test]
    fn minibatches_of_steps_hold_every_step_once() {
        let plan = linear(|settings| (settings.minibatches, settings.portion) = (3, Portion::Steps));
        let agent = Agent::new(&plan);
        let experience = played(&plan, &agent, &agent.parameters(&mut Stream::of(1, "old", 0, 0)));
        let lesson = Lesson::new(&plan, &experience);
        let parts = lesson.portions(&plan, &mut Stream::of(0, "parts", 0, 0));
        let mut places: Vec<usize> = parts.iter().flat_map(|part| part.places.iter().flatten().copied()).collect();
        assert_eq!(parts.len(), 3);
        places.sort_unstable();
        assert_eq!(places, (0..experience.observations.rows()).collect::<Vec<usize>>());
    }
}
