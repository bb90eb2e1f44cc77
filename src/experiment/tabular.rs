//! Settings on finite worlds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::Metric;
use super::file::{hexadecimal, nearest};
use super::measure::{self, ExactMoments, Given, PARTS, Parts, Truth};
use super::record::{Measurement, PointRecord};
use super::setting::{Coordinates, Direction, Setting, Weights};
use crate::batch::Batch;
use crate::environment::{NamedProblem, PROBLEMS, Problem, TabularMdp};
use crate::estimator::Returns as SubjectReturns;
use crate::estimator::{
    ActionDependentBaseline, ClippedSurrogate, GeneralisedAdvantage, GradientEstimator, ImportanceWeighted,
    ImportanceWeights, InBatchMean, LeaveOneOut, PerParameterBaseline, RewardToGo, StateBaseline, TotalReturn,
    damped_solve, total_return,
};
use crate::exact::{
    AdvantageForm, Baseline, CATALOGUE, Enumeration, EstimatorMoments, Evaluator, Form, OffPolicy, Oracle, Returns,
    Weighting, optimal_objective,
};
use crate::numeric::{cos, exp};
use crate::policy::{Policy, SoftmaxPolicy};
use crate::rollout::{BLOCK, Sampler};

/// Trajectories up to which a subject without a form of its own is enumerated.
const MOST_ENUMERATED: usize = 100_000;

/// Updates of a training path beyond which no one waits.
const MOST_UPDATES: usize = 1_000_000;

/// The estimators beside those of the exact catalogue: name, formula, remark.
pub(super) const OTHERS: [(&str, &str, &str); 3] = [
    (
        "generalised-advantage",
        "Σ γ^t ψ_t A_t",
        "λ = `lambda`, with the critic `critic-share` · V_t(s) + `critic-error` · cos(1 + 2s)",
    ),
    (
        "clipped-surrogate",
        "Σ ρ_t ψ_t A_t where the clip lets through",
        "data of the old policy, A_t = G_t − V_t, ε = `clip`",
    ),
    ("floor", "Σ γ^t ψ_t (G_t − b*_t(s_t))", "the least variance of reward-to-go with a time-and-state baseline"),
];

/// An estimator by name.
#[derive(Clone, Debug, PartialEq)]
enum Method {
    Form(Form),
    Advantage { lambda: f64, critic: Critic },
    Clipped { epsilon: f64 },
}

/// A critic that is off in two ways: `share · V_t(s) + error · cos(1 + 2s)`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Critic {
    share: f64,
    error: f64,
}

impl Critic {
    const EXACT: Self = Self { share: 1.0, error: 0.0 };

    /// Its table, `[T·S]`.
    fn table(self, oracle: &Oracle) -> Vec<f64> {
        let states = oracle.states();
        let entry = |t: usize, s: usize| self.share * oracle.value(t, s) + self.error * cos(1.0 + 2.0 * s as f64);
        (0..oracle.horizon() * states).map(|i| entry(i / states, i % states)).collect()
    }
}

/// A setting that has been checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TabularCase {
    mdp: TabularMdp,
    logits: Vec<f64>,
    temperature: f64,
    path: TrainingPath,
    distance: f64,
    weights: Option<Weights>,
    method: Option<Method>,
    /// The trajectories that one estimate couples; 1 for most.
    batch: usize,
    budget: f64,
}

/// Updates along the exact gradient before anything is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
struct TrainingPath {
    updates: usize,
    step: f64,
    direction: Direction,
    coordinates: Coordinates,
    damping: f64,
}

/// A world as its name or file has it, before the changes of a setting.
#[derive(Debug)]
pub(super) struct World {
    pub(super) mdp: TabularMdp,
    logits: Option<Vec<f64>>,
}

/// The worlds of an experiment, each read once.
#[derive(Debug)]
pub(super) struct Worlds {
    folder: PathBuf,
    read: BTreeMap<String, World>,
}

impl Worlds {
    /// For an experiment at `path`, beside which problem files are looked up.
    pub(super) fn beside(path: &Path) -> Self {
        Self { folder: path.parent().map(Path::to_path_buf).unwrap_or_default(), read: BTreeMap::new() }
    }

    /// The world of that name.
    pub(super) fn get(&mut self, name: &str) -> Result<&World, String> {
        if !self.read.contains_key(name) {
            self.read.insert(name.to_owned(), world(name, &self.folder)?);
        }
        Ok(&self.read[name])
    }
}

fn world(name: &str, folder: &Path) -> Result<World, String> {
    if let Some(named) = NamedProblem::find(name) {
        return Ok(World { mdp: named.mdp(), logits: Some(named.logits()) });
    }
    let is_file = Path::new(name).extension().is_some_and(|extension| extension == "json");
    if !is_file {
        let near = nearest(name, PROBLEMS.iter().map(|problem| problem.name).chain([super::gaussian::NAME]));
        let near = near.unwrap_or_default();
        return Err(format!("there is no problem \"{name}\"; did you mean \"{near}\"? A file's name ends in .json"));
    }
    let problem = Problem::read(&folder.join(name)).map_err(|error| error.to_string())?;
    Ok(World { mdp: problem.mdp, logits: None })
}

/// SHA-256 of a world's tables, in hexadecimal.
pub(super) fn hash(mdp: &TabularMdp) -> String {
    let mut digest = Sha256::new();
    let mut number = |x: f64| digest.update(x.to_bits().to_le_bytes());
    for size in [mdp.states(), mdp.actions(), mdp.horizon()] {
        number(size as f64);
    }
    number(mdp.discount());
    mdp.initial().iter().for_each(|p| number(*p));
    for s in 0..mdp.states() {
        number(mdp.observation(s) as f64);
        for a in 0..mdp.actions() {
            for t in mdp.transitions(s, a) {
                for x in [t.probability, t.next as f64, t.reward, f64::from(u8::from(t.terminated))] {
                    number(x);
                }
            }
        }
    }
    hexadecimal(&digest.finalize())
}

impl TabularCase {
    /// Checks a setting of `world`.
    pub(super) fn new(setting: &Setting, world: &World, sampled: Option<usize>) -> Result<Self, String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let mut mdp = world.mdp.clone();
        if let Some(horizon) = setting.horizon {
            mdp = mdp.with_horizon(horizon).map_err(|error| text(&error))?;
        }
        if let Some(discount) = setting.discount {
            mdp = mdp.with_discount(discount).map_err(|error| text(&error))?;
        }
        if let Some(offset) = setting.reward_offset {
            mdp = mdp.with_rewards(|_, _, t| t.reward + offset).map_err(|error| text(&error))?;
        }
        let size = mdp.observations() * mdp.actions();
        let logits = match &setting.logits {
            Some(rows) if rows.len() != mdp.observations() || rows.iter().any(|row| row.len() != mdp.actions()) => {
                return Err(format!(
                    "\"logits\" has another shape than [{}, {}], a row an observation and a column an action",
                    mdp.observations(),
                    mdp.actions()
                ));
            }
            Some(rows) => rows.concat(),
            None => world.logits.clone().unwrap_or_else(|| vec![0.0; size]),
        };
        let updates = setting.updates.unwrap_or(0);
        let direction = setting.direction.unwrap_or_default();
        // What is not read is not kept, so that a sweep of it is seen to change nothing.
        let damping = not_negative("damping", setting.damping.unwrap_or(0.0))?;
        let path = TrainingPath {
            updates,
            step: positive("step-size", setting.step_size.unwrap_or(1.0))?,
            direction,
            coordinates: setting.coordinates.unwrap_or_default(),
            damping: if updates > 0 && direction == Direction::Natural { damping } else { 0.0 },
        };
        let method = setting.estimator.as_deref().map(|name| method(name, setting)).transpose()?;
        let coupled = match &method {
            Some(Method::Form(Form {
                baseline: Baseline::InBatchMean { batch } | Baseline::LeaveOneOut { batch },
                ..
            })) => Some(*batch),
            _ => setting.batch.filter(|_| setting.weights == Some(Weights::SelfNormalised)),
        };
        let batch = coupled.unwrap_or(1);
        let case = Self {
            mdp,
            logits,
            temperature: positive("temperature", setting.temperature.unwrap_or(1.0))?,
            path,
            distance: finite("distance", setting.distance.unwrap_or(0.0))?,
            weights: setting.weights,
            method,
            batch,
            budget: positive("budget", setting.budget.unwrap_or(batch as f64))?,
        };
        case.policy(case.logits.clone())?;
        case.check()?;
        case.check_size(sampled)?;
        Ok(case)
    }

    /// Batches larger than what is spent or drawn.
    fn check_size(&self, sampled: Option<usize>) -> Result<(), String> {
        let (batch, budget) = (self.batch, self.budget);
        if budget < batch as f64 {
            return Err(format!("\"budget\" is {budget}, less than a batch of {batch}; give at least one batch"));
        }
        match sampled {
            Some(_) if batch > BLOCK => {
                Err(format!("a batch of {batch} cannot be drawn; at most {BLOCK} trajectories, or leave out [sampled]"))
            }
            Some(trajectories) if trajectories < 2 * PARTS * batch => Err(format!(
                "{trajectories} trajectories are too few for batches of {batch}: standard errors take {PARTS} parts of two \
                 batches; give at least {}",
                2 * PARTS * batch
            )),
            _ => Ok(()),
        }
    }

    /// Combinations that mean nothing.
    fn check(&self) -> Result<(), String> {
        let clipped = matches!(self.method, Some(Method::Clipped { .. }));
        if clipped && self.weights.is_some() {
            return Err("the clipped surrogate has its own ratios; leave out \"weights\"".to_owned());
        }
        if self.path.updates > MOST_UPDATES {
            return Err(format!("\"updates\" is {}; at most {MOST_UPDATES} are taken", self.path.updates));
        }
        if self.weights == Some(Weights::SelfNormalised) && self.batch < 2 {
            return Err(
                "self-normalised weights need \"batch\", the trajectories over which their mean is taken".to_owned()
            );
        }
        let Some(Method::Form(form)) = &self.method else {
            let advantage = matches!(self.method, Some(Method::Advantage { .. }));
            if self.weights.is_some() && advantage {
                return Err("generalised advantages are measured on fresh data; leave out \"weights\"".to_owned());
            }
            return Ok(());
        };
        // The smallest problem that says whether the form is supported at all.
        let world = TabularMdp::of_rows(1, &[1.0], &[&[&[1.0], &[1.0]]], &[&[1.0, 0.0]]).map_err(|e| e.to_string())?;
        let policy = SoftmaxPolicy::tabular(1, 2, vec![0.0; 2]).map_err(|error| error.to_string())?;
        match self.weighting() {
            None if self.weights.is_some() => {
                let constant = matches!(form.baseline, Baseline::None | Baseline::Constant(_));
                if constant && self.has_subject(form) {
                    return Ok(());
                }
                let which = if constant { "γ^t left out" } else { "such a baseline" };
                return Err(format!("these weights are not measured with {which}; take reinforce or reward-to-go"));
            }
            None => Oracle::of_mdp(&world, &policy).map_err(|e| e.to_string())?.moments(form).map(|_| ()),
            Some(weighting) => {
                let off = OffPolicy::new(&world, &policy, &policy).map_err(|error| error.to_string())?;
                off.moments(weighting, form).map(|_| ())
            }
        }
        .map_err(|error| error.to_string())
    }

    /// Whether there is training code for a form under weights: it knows `γ^t`, and no other way.
    fn has_subject(&self, form: &Form) -> bool {
        form.discounted_steps || self.mdp.discount() == 1.0
    }

    fn weighting(&self) -> Option<Weighting> {
        match self.weights? {
            Weights::Trajectory => Some(Weighting::Trajectory),
            Weights::PerDecision => Some(Weighting::PerDecision),
            Weights::PerTimestep => Some(Weighting::PerTimestep),
            Weights::Ignored => Some(Weighting::Ignored),
            Weights::SelfNormalised => None,
        }
    }

    fn policy(&self, logits: Vec<f64>) -> Result<SoftmaxPolicy, String> {
        SoftmaxPolicy::tabular(self.mdp.observations(), self.mdp.actions(), logits)
            .and_then(|policy| policy.with_temperature(self.temperature))
            .map_err(|error| error.to_string())
    }

    /// The policy at the end of the training path.
    fn trained(&self) -> Result<SoftmaxPolicy, String> {
        let mut policy = self.policy(self.logits.clone())?;
        if self.path.updates == 0 {
            return Ok(policy);
        }
        let evaluator = Evaluator::new(&self.mdp);
        // A coordinate φ_k = θ_k / scale_k: its gradient is scale_k ∂J/∂θ_k, and a step in φ is scale_k times that in θ.
        let scale = |k: usize| match self.path.coordinates {
            Coordinates::Logits => 1.0,
            Coordinates::Stretched => [1.0, 3.0][k % 2],
        };
        for _ in 0..self.path.updates {
            let gradient = evaluator.evaluate(&policy).map_err(|error| error.to_string())?.gradient;
            let mut gradient: Vec<f64> = gradient.iter().enumerate().map(|(k, g)| scale(k) * g).collect();
            if self.path.direction == Direction::Natural {
                let mut fisher = Oracle::of_mdp(&self.mdp, &policy).map_err(|error| error.to_string())?.fisher();
                for i in 0..gradient.len() {
                    fisher.row_mut(i).iter_mut().enumerate().for_each(|(j, f)| *f *= scale(i) * scale(j));
                }
                gradient = damped_solve(&fisher, self.path.damping, &gradient);
            }
            let moved = policy.parameters().iter().zip(&gradient).enumerate();
            let theta = moved.map(|(k, (theta, g))| theta + self.path.step * scale(k) * g).collect();
            policy = policy.with_parameters(theta).map_err(|error| format!("the training path diverged: {error}"))?;
        }
        Ok(policy)
    }

    /// The policy whose gradient is wanted.
    fn target(&self, old: &SoftmaxPolicy) -> Result<SoftmaxPolicy, String> {
        let actions = self.mdp.actions();
        let shift = |k: usize| 0.3 * cos(1.3 * (k / actions) as f64 + 0.9 * (k % actions) as f64);
        let moved = old.parameters().iter().enumerate().map(|(k, theta)| theta + self.distance * shift(k));
        old.clone().with_parameters(moved.collect()).map_err(|error| error.to_string())
    }

    /// Measures the asked metrics, with `trajectories` sampled beside the exact route under the name `stream`.
    pub(super) fn measure(
        &self,
        asked: &[Metric],
        trajectories: Option<usize>,
        seed: u64,
        stream: &str,
    ) -> Result<PointRecord, String> {
        let old = self.trained()?;
        let new = self.target(&old)?;
        let oracle = Oracle::of_mdp(&self.mdp, &new).map_err(|error| error.to_string())?;
        let scene = Scene { case: self, old, new, pair: OnceLock::new(), seed, stream };
        let given = scene.given(&oracle, asked, trajectories)?;
        let Some(method) = &self.method else {
            return Ok(measure::policy_point(asked, given));
        };
        let subject = scene.subject(method, &oracle)?;
        let moments = scene.exact(method, &oracle, subject.as_ref())?;
        let truth = Truth { gradient: oracle.gradient().to_vec(), moments };
        let parts = match (trajectories, &subject) {
            (Some(trajectories), Some(subject)) => Some(scene.sample(subject, trajectories, oracle.parameters())?),
            _ => None,
        };
        if truth.moments.is_none() && parts.is_none() {
            return Err("this is not computed exactly, and nothing is sampled; add [sampled]".to_owned());
        }
        Ok(measure::point(&truth, parts.as_ref(), self.budget, asked, given))
    }
}

fn finite(key: &str, x: f64) -> Result<f64, String> {
    if x.is_finite() { Ok(x) } else { Err(format!("\"{key}\" is {x}; give a finite number")) }
}

fn positive(key: &str, x: f64) -> Result<f64, String> {
    if x > 0.0 && x.is_finite() { Ok(x) } else { Err(format!("\"{key}\" is {x}; give a positive number")) }
}

fn not_negative(key: &str, x: f64) -> Result<f64, String> {
    if x >= 0.0 && x.is_finite() { Ok(x) } else { Err(format!("\"{key}\" is {x}; give a number from 0 on")) }
}

fn method(name: &str, setting: &Setting) -> Result<Method, String> {
    match name {
        "generalised-advantage" => {
            let lambda = setting.lambda.ok_or("generalised-advantage needs \"lambda\"; set it, 0.95 for instance")?;
            if !(0.0..=1.0).contains(&lambda) {
                return Err(format!("\"lambda\" is {lambda}; give a number from 0 to 1"));
            }
            let share = finite("critic-share", setting.critic_share.unwrap_or(1.0))?;
            let error = finite("critic-error", setting.critic_error.unwrap_or(0.0))?;
            Ok(Method::Advantage { lambda, critic: Critic { share, error } })
        }
        "clipped-surrogate" => {
            let epsilon = setting.clip.ok_or("clipped-surrogate needs \"clip\"; set it, 0.2 for instance")?;
            Ok(Method::Clipped { epsilon: positive("clip", epsilon)? })
        }
        "floor" => Ok(Method::Form(Form::to_go(Baseline::Optimal))),
        _ => {
            let coupled = CATALOGUE.iter().find(|entry| entry.name == name && entry.usage().ends_with(":N"));
            let name = match (coupled, setting.batch) {
                (Some(_), Some(batch)) => format!("{name}:{batch}"),
                (Some(_), None) => return Err(format!("{name} needs \"batch\", the trajectories that it couples")),
                (None, _) => name.to_owned(),
            };
            Form::named(&name).map(Method::Form).map_err(|error| {
                let near = nearest(&name, OTHERS.iter().map(|other| other.0)).unwrap_or_default();
                if strsim::jaro_winkler(near, &name) > 0.85 {
                    format!("there is no estimator \"{name}\"; did you mean \"{near}\"?")
                } else {
                    error.to_string()
                }
            })
        }
    }
}

/// A subject, how many trajectories one estimate of it takes, and whose data it is given.
struct Subject {
    estimator: Box<dyn GradientEstimator>,
    batch: usize,
    /// Whether its data are the old policy's, with their log-probabilities.
    off_policy: bool,
    /// Values of the states visited, `[T·S]`, if it wants them in the batch.
    values: Option<Vec<f64>>,
}

/// A case with its policies.
struct Scene<'a> {
    case: &'a TabularCase,
    old: SoftmaxPolicy,
    new: SoftmaxPolicy,
    /// The oracle of both, once it is asked for.
    pair: OnceLock<OffPolicy>,
    seed: u64,
    stream: &'a str,
}

impl Scene<'_> {
    fn off_policy(&self) -> Result<&OffPolicy, String> {
        if let Some(pair) = self.pair.get() {
            return Ok(pair);
        }
        let pair = OffPolicy::new(&self.case.mdp, &self.old, &self.new).map_err(|error| error.to_string())?;
        Ok(self.pair.get_or_init(|| pair))
    }

    /// The metrics that belong to the policies alone.
    fn given(&self, oracle: &Oracle, asked: &[Metric], trajectories: Option<usize>) -> Result<Given, String> {
        let mut given = BTreeMap::new();
        let mut exact = |metric: Metric, value: f64| {
            given.insert(metric, Measurement { exact: Some(value), sampled: None });
        };
        if asked.contains(&Metric::Objective) || asked.contains(&Metric::Shortfall) {
            let (objective, best) = (oracle.objective(), optimal_objective(&self.case.mdp));
            exact(Metric::Objective, objective);
            exact(Metric::Shortfall, best - objective);
            if let Some(trajectories) = trajectories.filter(|_| self.case.method.is_none()) {
                let parts = self.parts(&self.new, trajectories, 1, 1, |batch| {
                    vec![total_return(batch.rewards(0), self.case.mdp.discount())]
                })?;
                let returns: Vec<f64> = parts.means.iter().map(|mean| mean[0]).collect();
                let short: Vec<f64> = returns.iter().map(|mean| best - mean).collect();
                for (metric, numbers) in [(Metric::Objective, &returns), (Metric::Shortfall, &short)] {
                    given.entry(metric).or_default().sampled = Some(measure::mean_of(numbers));
                }
            }
        }
        // They speak of old data, and the second of weights of whole trajectories.
        let clipped = matches!(self.case.method, Some(Method::Clipped { .. }));
        let whole = matches!(self.case.weights, Some(Weights::Trajectory | Weights::SelfNormalised));
        if asked.contains(&Metric::Divergence) && (clipped || self.case.weights.is_some()) {
            given.entry(Metric::Divergence).or_default().exact = Some(self.off_policy()?.divergence());
        }
        if asked.contains(&Metric::EffectiveSampleSize) && whole {
            let by_horizon = self.off_policy()?.weighted_returns();
            given.entry(Metric::EffectiveSampleSize).or_default().exact =
                by_horizon.last().map(|last| exp(-last.log_square));
        }
        Ok(given)
    }

    fn exact(
        &self,
        method: &Method,
        oracle: &Oracle,
        subject: Option<&Subject>,
    ) -> Result<Option<ExactMoments>, String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let moments = match (method, self.case.weights, self.case.weighting()) {
            (Method::Form(form), None, _) => oracle.moments(form).map_err(|error| text(&error))?,
            (Method::Advantage { lambda, critic }, None, _) => {
                let critic = critic.table(oracle);
                let form = AdvantageForm { lambda: *lambda, critic, discounted_steps: true };
                oracle.advantage_moments(&form).map_err(|error| text(&error))?
            }
            (Method::Form(form), _, Some(weighting)) => {
                let moments = self.off_policy()?.moments(weighting, form).map_err(|error| text(&error))?;
                EstimatorMoments { mean: moments.mean.clone(), variance: moments.variance(), batch: 1 }
            }
            _ => match subject.map(|subject| self.enumerate(subject)).transpose()?.flatten() {
                Some(moments) => moments,
                None => return Ok(None),
            },
        };
        let comparison = oracle.compare(&moments);
        // A floor under weights is another one.
        let fresh = self.case.weights.is_none() && !matches!(method, Method::Clipped { .. });
        Ok(Some(ExactMoments {
            verdict: Some(comparison.verdict.word().to_owned()),
            ratio_to_floor: comparison.ratio_to_floor.filter(|_| fresh),
            mean: moments.mean,
            variance: moments.variance,
        }))
    }

    /// Exact moments of a subject over all trajectories, where they are few and it takes one at a time.
    fn enumerate(&self, subject: &Subject) -> Result<Option<EstimatorMoments>, String> {
        let outcomes = (0..self.case.mdp.states())
            .map(|s| (0..self.case.mdp.actions()).map(|a| self.case.mdp.transitions(s, a).len()).sum::<usize>())
            .max()
            .unwrap_or(1);
        let bound = (0..self.case.mdp.horizon())
            .try_fold(self.case.mdp.states(), |paths, _| paths.checked_mul(outcomes).filter(|n| *n <= MOST_ENUMERATED));
        if bound.is_none() || subject.batch != 1 {
            return Ok(None);
        }
        let oracle = Oracle::of_mdp(&self.case.mdp, self.actor(subject)).map_err(|error| error.to_string())?;
        let paths = Enumeration::of(&oracle).map_err(|error| error.to_string())?;
        let moments = paths
            .moments(1, |batch| subject.estimator.gradient(&self.new, &self.prepared(subject, batch.clone())))
            .map_err(|error| error.to_string())?;
        let variance = moments.variance();
        Ok(Some(EstimatorMoments { mean: moments.mean, variance, batch: 1 }))
    }

    /// The policy whose data a subject is given.
    fn actor(&self, subject: &Subject) -> &SoftmaxPolicy {
        if subject.off_policy { &self.old } else { &self.new }
    }

    /// The batch with what the subject wants in it.
    fn prepared(&self, subject: &Subject, batch: Batch) -> Batch {
        let batch = if subject.off_policy { batch.acted_by(&self.old) } else { batch };
        let Some(table) = &subject.values else { return batch };
        let states = self.case.mdp.states();
        let values = batch.column(|i, t| table[t * states + batch.states(i)[t] as usize]);
        batch.with_values(values)
    }

    /// The estimator as it stands in training code, given what it needs to know as data; none where there is no such code.
    fn subject(&self, method: &Method, oracle: &Oracle) -> Result<Option<Subject>, String> {
        let (discount, states) = (self.case.mdp.discount(), self.case.mdp.states());
        let on_policy = |estimator: Box<dyn GradientEstimator>, batch: usize| Subject {
            estimator,
            batch,
            off_policy: false,
            values: None,
        };
        let form = match method {
            Method::Advantage { lambda, critic } => {
                let critic = critic.table(oracle);
                let subject =
                    GeneralisedAdvantage { discount, lambda: *lambda, states, critic, discounted_steps: true };
                return Ok(Some(on_policy(Box::new(subject), 1)));
            }
            Method::Clipped { epsilon } => return self.surrogate(*epsilon).map(Some),
            Method::Form(form) => form,
        };
        if let Some(weights) = self.case.weights {
            return self.weighted(form, weights);
        }
        Ok(fresh(form, oracle, &self.case.mdp).map(|(estimator, batch)| on_policy(estimator, batch)))
    }

    fn surrogate(&self, epsilon: f64) -> Result<Subject, String> {
        let behaviour = Oracle::of_mdp(&self.case.mdp, &self.old).map_err(|error| error.to_string())?;
        let (discount, values) = (self.case.mdp.discount(), Some(Critic::EXACT.table(&behaviour)));
        Ok(Subject { estimator: Box::new(ClippedSurrogate { epsilon, discount }), batch: 1, off_policy: true, values })
    }

    fn weighted(&self, form: &Form, weights: Weights) -> Result<Option<Subject>, String> {
        if !self.case.has_subject(form) {
            return Ok(None);
        }
        let baseline = match form.baseline {
            Baseline::None => 0.0,
            Baseline::Constant(b) => b,
            // One ratio on G − V is the surrogate without a clip, where it has no γ^t either.
            Baseline::StateValue if weights == Weights::PerTimestep && self.case.mdp.discount() == 1.0 => {
                return self.surrogate(f64::INFINITY).map(Some);
            }
            _ => return Ok(None),
        };
        let rule = match weights {
            Weights::Ignored => ImportanceWeights::Ignored,
            Weights::Trajectory => ImportanceWeights::Trajectory,
            Weights::SelfNormalised => ImportanceWeights::SelfNormalised,
            Weights::PerDecision => ImportanceWeights::PerDecision,
            Weights::PerTimestep => ImportanceWeights::PerTimestep,
        };
        let returns = if form.returns == Returns::Total { SubjectReturns::Total } else { SubjectReturns::ToGo };
        let estimator = ImportanceWeighted {
            weights: rule,
            returns,
            discount: self.case.mdp.discount(),
            baseline,
            largest_ratio: f64::INFINITY,
        };
        let batch = if weights == Weights::SelfNormalised { self.case.batch } else { 1 };
        Ok(Some(Subject { estimator: Box::new(estimator), batch, off_policy: true, values: None }))
    }

    fn sample(&self, subject: &Subject, trajectories: usize, dimension: usize) -> Result<Parts, String> {
        self.parts(self.actor(subject), trajectories, subject.batch, dimension, |batch| {
            subject.estimator.gradient(&self.new, &self.prepared(subject, batch.clone()))
        })
    }

    /// Means and variances over independent parts of a sample.
    fn parts(
        &self,
        actor: &SoftmaxPolicy,
        trajectories: usize,
        batch: usize,
        dimension: usize,
        subject: impl Fn(&Batch) -> Vec<f64> + Sync,
    ) -> Result<Parts, String> {
        let sampler = Sampler::new(&self.case.mdp, actor).map_err(|error| error.to_string())?;
        let batches = trajectories / PARTS / batch;
        Ok(Parts::of(self.seed, self.stream, batches * batch, |key| {
            let moments = sampler.moments(key, batches, batch, dimension, &subject);
            (moments.mean().to_vec(), moments.variance().iter().map(|v| v * batch as f64).collect())
        }))
    }
}

/// The subject that an exact form stands for, on fresh data, and the trajectories that it couples.
fn fresh(form: &Form, oracle: &Oracle, mdp: &TabularMdp) -> Option<(Box<dyn GradientEstimator>, usize)> {
    let (states, discount, steps) = (oracle.states(), mdp.discount(), form.discounted_steps);
    let returns = if form.returns == Returns::Total { SubjectReturns::Total } else { SubjectReturns::ToGo };
    let constant = |b: f64| -> Box<dyn GradientEstimator> {
        match returns {
            SubjectReturns::Total => Box::new(TotalReturn { discount, baseline: b }),
            SubjectReturns::ToGo => Box::new(RewardToGo { discount, baseline: b, discounted_steps: steps }),
        }
    };
    let table = |entry: &dyn Fn(usize, usize) -> f64| -> Box<dyn GradientEstimator> {
        let table = (0..oracle.horizon() * states).map(|i| entry(i / states, i % states)).collect();
        Box::new(StateBaseline { discount, states, table, discounted_steps: steps })
    };
    let one = |estimator: Box<dyn GradientEstimator>| Some((estimator, 1));
    match &form.baseline {
        Baseline::None => one(constant(0.0)),
        Baseline::Constant(b) => one(constant(*b)),
        Baseline::OptimalConstant => one(constant(*oracle.optimal_constants(form).ok()?.first()?)),
        Baseline::OptimalPerParameter if steps => {
            let constants = oracle.optimal_constants(form).ok()?;
            one(Box::new(PerParameterBaseline { discount, returns, constants }))
        }
        Baseline::InBatchMean { batch } if steps => Some((Box::new(InBatchMean { discount, returns }), *batch)),
        Baseline::LeaveOneOut { batch } if steps => Some((Box::new(LeaveOneOut { discount, returns }), *batch)),
        Baseline::StateValue => one(table(&|t, s| oracle.value(t, s))),
        Baseline::Optimal => {
            let floor = oracle.floor();
            one(table(&|t, s| floor.baseline[t][s].unwrap_or(0.0)))
        }
        Baseline::ActionValue { corrected } if steps => {
            let actions = mdp.actions();
            let entry = |i: usize| oracle.action_value(i / actions / states, i / actions % states, i % actions);
            let table = (0..oracle.horizon() * states * actions).map(entry).collect();
            one(Box::new(ActionDependentBaseline { discount, states, table, corrected: *corrected }))
        }
        _ => None,
    }
}
