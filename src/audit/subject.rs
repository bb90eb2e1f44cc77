//! What is audited: somebody's code, in one of a few shapes, and what it promises.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use crate::autodiff::{Scalar, gradient};
use crate::batch::PaddedBatch;

use super::fault::Fault;

/// Scores `∇θ log π(a_t | s_t)` of a batch, `[N, T, d]`; zero in the padding.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The number of parameters, `d`.
    pub parameters: usize,
    /// The entries, step by step.
    pub entries: Vec<f64>,
}

impl Scores {
    /// The score of step `index` of the flattened `[N, T]`.
    #[must_use]
    pub fn of(&self, index: usize) -> &[f64] {
        &self.entries[index * self.parameters..(index + 1) * self.parameters]
    }
}

/// A loss over log-probabilities, written once over a generic scalar so that it can be differentiated.
pub trait LogProbLoss: Send + Sync {
    /// The loss that training *minimises*, from `log π(a_t | s_t)`, `[N, T]`. What must not be differentiated stands in `batch`
    /// as plain numbers, `batch.log_probs` too: it is what a detached tensor holds.
    fn loss<S: Scalar>(&self, log_probs: &[S], batch: &PaddedBatch) -> S;
}

/// What goes into an estimator of advantages: one trajectory.
#[derive(Clone, Debug, PartialEq)]
pub struct Fragment {
    /// The rewards, `[T]`.
    pub rewards: Vec<f64>,
    /// The critic's values of the states visited, `[T]`.
    pub values: Vec<f64>,
    /// The critic's value of the state after each step, `[T]`; of a terminated step it must not be used.
    pub next_values: Vec<f64>,
    /// Whether the world ended at each step, `[T]`: the next step begins another episode.
    pub terminated: Vec<bool>,
    /// Whether the clock ended the episode at each step, `[T]`: the next step begins another episode.
    pub truncated: Vec<bool>,
    /// Whether the policy acted at each step, `[T]`; it did not where a tool wrote the token.
    pub acted: Vec<bool>,
    /// `π/μ` of each step, `[T]`.
    pub ratios: Vec<f64>,
    /// The discount `γ`.
    pub discount: f64,
    /// The blend `λ`.
    pub lambda: f64,
}

type Answer = Result<Vec<f64>, Fault>;
type OfBatch<'a> = dyn Fn(&PaddedBatch) -> Answer + Send + Sync + 'a;
type OfScores<'a> = dyn Fn(&PaddedBatch, &Scores) -> Answer + Send + Sync + 'a;
type OfFragment<'a> = dyn Fn(&Fragment) -> Answer + Send + Sync + 'a;
type OfNumbers<'a> = dyn Fn(&[f64]) -> Answer + Send + Sync + 'a;

/// Which shape a subject has, and so which checks apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A rule for the weights of scores.
    Weights,
    /// The derivative of a loss in the log-probabilities.
    Loss,
    /// A whole gradient.
    Gradient,
    /// Advantages or returns of a trajectory.
    Advantages,
    /// An estimator of the Kullback-Leibler divergence.
    Divergence,
    /// An entropy of a choice, from its logits.
    Entropy,
    /// An entropy and its slope in the logits.
    EntropyBonus,
    /// An estimate of an entropy from the log-probability of a sample.
    EntropyEstimate,
    /// The entropy of a Gaussian policy, from its log standard deviations.
    GaussianEntropy,
    /// The logarithm of a Gaussian policy's density.
    Density,
    /// The logarithm of the density of a Gaussian policy squashed by `tanh`.
    SquashedDensity,
    /// The log-probability with which a sampler draws, at a temperature and from the likeliest.
    Sampling,
    /// An estimator of pass@k.
    PassAtK,
    /// A product with the Fisher matrix.
    Fisher,
    /// A solver of linear equations from products with their matrix.
    Solve,
    /// The clipped loss of a value function.
    ValueLoss,
    /// Random numbers of several workers.
    Draws,
}

impl Kind {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Loss => "loss",
            Self::Gradient => "gradient",
            Self::Advantages => "advantages",
            Self::Divergence => "divergence",
            Self::Entropy => "entropy",
            Self::EntropyBonus => "entropy bonus",
            Self::EntropyEstimate => "entropy estimate",
            Self::GaussianEntropy => "Gaussian entropy",
            Self::Density => "density",
            Self::SquashedDensity => "squashed density",
            Self::Sampling => "sampling",
            Self::PassAtK => "pass@k",
            Self::Fisher => "Fisher product",
            Self::Solve => "solver",
            Self::ValueLoss => "value loss",
            Self::Draws => "draws",
        }
    }

    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Weights,
        Self::Loss,
        Self::Gradient,
        Self::Advantages,
        Self::Divergence,
        Self::Entropy,
        Self::EntropyBonus,
        Self::EntropyEstimate,
        Self::GaussianEntropy,
        Self::Density,
        Self::SquashedDensity,
        Self::Sampling,
        Self::PassAtK,
        Self::Fisher,
        Self::Solve,
        Self::ValueLoss,
        Self::Draws,
    ];

    /// Its name as one word: `gaussian-entropy`.
    #[must_use]
    pub fn word(self) -> String {
        self.name().to_lowercase().replace(' ', "-")
    }

    /// Whether it estimates `∇J` from a batch.
    #[must_use]
    pub fn estimates_the_gradient(self) -> bool {
        matches!(self, Self::Weights | Self::Loss | Self::Gradient)
    }
}

/// The code itself.
pub(super) enum Body<'a> {
    Weights(Box<OfBatch<'a>>),
    Loss(Box<OfBatch<'a>>),
    Gradient(Box<OfScores<'a>>),
    Advantages(Box<OfFragment<'a>>),
    Numbers(Kind, Box<OfNumbers<'a>>),
}

/// Which ratios a subject uses on data of another policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ratio {
    /// None: it is made for fresh data.
    #[default]
    None,
    /// A ratio a step, differentiated (proximal policy optimisation), or as a weight: the same gradient.
    Step,
    /// The product over the sequence.
    Sequence,
    /// The geometric mean over the sequence.
    GeometricMean,
}

/// What happens to a ratio out of range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clip {
    /// Nothing.
    #[default]
    None,
    /// The gradient stops where moving on would gain: `A > 0` above, `A < 0` below (Schulman et al. 2017).
    Pessimistic,
    /// The same, and for `A < 0` it also stops above the largest ratio (Ye et al. 2020).
    Dual,
    /// The ratio, as a weight, is cut from above at `1 + ε` (MiniMax 2025).
    Truncated,
}

/// Which discounts stand in the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discounting {
    /// `γ^t` before the step and in the return: the gradient of the discounted objective.
    #[default]
    Full,
    /// In the return alone, as most training code has it: `Σ_t Σ_s d_t(s) Σ_a ∇π Q_t(s, a)`, the gradient of no objective.
    ReturnsAlone,
    /// None: the undiscounted objective whatever `γ` is.
    None,
}

/// What rewards are divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// The standard deviation in the group.
    Group,
    /// The standard deviation in the batch.
    Batch,
}

/// How steps and sequences are averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// The sum over steps, the mean over sequences.
    #[default]
    SequenceSum,
    /// The mean over steps, then over sequences.
    SequenceMean,
    /// The mean over all steps of the batch.
    TokenMean,
    /// The sum over steps over a constant length, the mean over sequences.
    ConstantLength,
}

/// Whose divergence a penalty is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Penalty {
    /// `KL(π ‖ π_ref)`, the one that reinforcement learning from human feedback regularises with.
    Reverse,
    /// `KL(π_ref ‖ π)`.
    Forward,
}

/// What is maximised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// The expected return.
    #[default]
    Return,
    /// The expected return of the better of two independent answers to a prompt (pass@2, where returns are 0 and 1).
    BetterOfTwo,
}

/// Which rule advantages follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdvantageRule {
    /// Generalised advantages (Schulman et al. 2016), whatever the ratios are.
    #[default]
    Generalised,
    /// The same, passing over steps at which the policy did not act: these have advantage 0 and count for nothing.
    PassingOver,
    /// Discounted rewards to go, without a critic: what comes after a time limit is left out.
    Returns,
    /// V-trace targets less values, with ratios cut at 1 (Espeholt et al. 2018).
    VTrace,
}

/// What a subject promises. What it does not promise it is not held to.
#[allow(clippy::struct_excessive_bools)] // each a promise of its own
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promises {
    /// What it maximises.
    pub objective: Objective,
    /// Whether it compares the samples of a group.
    pub groups: bool,
    /// Whether it reads the critic's values.
    pub critic: bool,
    /// Whether it goes on with the critic's value where the clock ended a sequence.
    pub bootstraps: bool,
    /// Its ratios.
    pub ratio: Ratio,
    /// Its clip.
    pub clip: Clip,
    /// Its discounts.
    pub discounting: Discounting,
    /// What it divides by.
    pub normalisation: Normalisation,
    /// Its averages.
    pub aggregation: Aggregation,
    /// Its penalty.
    pub penalty: Option<Penalty>,
    /// Its rule for advantages.
    pub advantages: AdvantageRule,
    /// Whether it leaves out what was rejected, as if it had never been drawn.
    pub rejections: bool,
}

impl Promises {
    /// The gradient of the expected discounted return on fresh data, and nothing else.
    pub const PLAIN: Self = Self {
        objective: Objective::Return,
        groups: false,
        critic: false,
        bootstraps: false,
        ratio: Ratio::None,
        clip: Clip::None,
        discounting: Discounting::Full,
        normalisation: Normalisation::None,
        aggregation: Aggregation::SequenceSum,
        penalty: None,
        advantages: AdvantageRule::Generalised,
        rejections: false,
    };
}

/// The words of a list such as `groups,ratio=step,clip=pessimistic,penalty=reverse`.
const WORDS: &str = "groups, critic, bootstraps, ratio=step|sequence|geometric-mean, clip=pessimistic|dual|truncated, \
                     discount=returns-alone|none, normalises=group|batch, average=sequence|tokens|constant-length, \
                     penalty=reverse|forward, objective=better-of-two, advantages=passing-over|returns|v-trace, \
                     rejections";

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || Self::ALL.iter().map(|kind| kind.word());
        Self::ALL.into_iter().find(|kind| kind.word() == text).ok_or_else(|| {
            format!("there is no kind \"{text}\"; there are {}", words().collect::<Vec<String>>().join(", "))
        })
    }
}

impl FromStr for Promises {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut promises = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "groups" => promises.groups = true,
                "critic" => promises.critic = true,
                "bootstraps" => promises.bootstraps = true,
                "rejections" => promises.rejections = true,
                "ratio=step" => promises.ratio = Ratio::Step,
                "ratio=sequence" => promises.ratio = Ratio::Sequence,
                "ratio=geometric-mean" => promises.ratio = Ratio::GeometricMean,
                "clip=pessimistic" => promises.clip = Clip::Pessimistic,
                "clip=dual" => promises.clip = Clip::Dual,
                "clip=truncated" => promises.clip = Clip::Truncated,
                "discount=returns-alone" => promises.discounting = Discounting::ReturnsAlone,
                "discount=none" => promises.discounting = Discounting::None,
                "normalises=group" => promises.normalisation = Normalisation::Group,
                "normalises=batch" => promises.normalisation = Normalisation::Batch,
                "average=sequence" => promises.aggregation = Aggregation::SequenceMean,
                "average=tokens" => promises.aggregation = Aggregation::TokenMean,
                "average=constant-length" => promises.aggregation = Aggregation::ConstantLength,
                "penalty=reverse" => promises.penalty = Some(Penalty::Reverse),
                "penalty=forward" => promises.penalty = Some(Penalty::Forward),
                "objective=better-of-two" => promises.objective = Objective::BetterOfTwo,
                "advantages=passing-over" => promises.advantages = AdvantageRule::PassingOver,
                "advantages=returns" => promises.advantages = AdvantageRule::Returns,
                "advantages=v-trace" => promises.advantages = AdvantageRule::VTrace,
                _ => return Err(format!("\"{word}\" is no promise; they are {WORDS}")),
            }
        }
        Ok(promises)
    }
}

/// Something to audit.
pub struct Subject<'a> {
    name: String,
    pub(super) promises: Promises,
    pub(super) body: Body<'a>,
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Subject")
            .field("name", &self.name)
            .field("kind", &self.kind())
            .field("promises", &self.promises)
            .finish_non_exhaustive()
    }
}

/// Runs somebody's code; a panic is an answer too.
fn guarded(run: impl FnOnce() -> Vec<f64>) -> Answer {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Fault::Panicked(text.unwrap_or_else(|| "without a message".to_owned()))
    })
}

impl<'a> Subject<'a> {
    fn new(name: impl Into<String>, body: Body<'a>) -> Self {
        Self { name: name.into(), promises: Promises::default(), body }
    }

    /// A rule for weights: `[N, T]` numbers `w` such that `(1/N) Σ_i Σ_t w[i,t] ∇ log π(a[i,t] | s[i,t])` estimates `∇J`.
    pub fn weights(name: impl Into<String>, rule: impl Fn(&PaddedBatch) -> Vec<f64> + Send + Sync + 'a) -> Self {
        Self::fallible_weights(name, move |batch| guarded(|| rule(batch)))
    }

    /// The derivative of the loss that training minimises in each `log π(a[i,t] | s[i,t])`, `[N, T]`, as autograd gives it.
    pub fn loss_derivative(
        name: impl Into<String>,
        derivative: impl Fn(&PaddedBatch) -> Vec<f64> + Send + Sync + 'a,
    ) -> Self {
        Self::fallible_loss_derivative(name, move |batch| guarded(|| derivative(batch)))
    }

    /// The loss that training minimises, over a generic scalar.
    pub fn loss(name: impl Into<String>, loss: impl LogProbLoss + 'a) -> Self {
        Self::loss_derivative(name, move |batch| gradient(&batch.log_probs, |log_probs| loss.loss(log_probs, batch)))
    }

    /// A whole gradient, `[d]`, from a batch and its scores.
    pub fn gradient(
        name: impl Into<String>,
        estimator: impl Fn(&PaddedBatch, &Scores) -> Vec<f64> + Send + Sync + 'a,
    ) -> Self {
        Self::fallible_gradient(name, move |batch, scores| guarded(|| estimator(batch, scores)))
    }

    /// Advantages or returns, `[T]`, of a fragment of experience.
    pub fn advantages(name: impl Into<String>, rule: impl Fn(&Fragment) -> Vec<f64> + Send + Sync + 'a) -> Self {
        Self::fallible_advantages(name, move |fragment| guarded(|| rule(fragment)))
    }

    /// A function of a few numbers; `kind` says which, and the checks of that kind what they are.
    pub(super) fn numbers(
        kind: Kind,
        name: impl Into<String>,
        function: impl Fn(&[f64]) -> Vec<f64> + Send + Sync + 'a,
    ) -> Self {
        Self::fallible_function(kind, name, move |x| guarded(|| function(x)))
    }

    /// A rule for weights that may fail, such as a program that is asked.
    pub fn fallible_weights(
        name: impl Into<String>,
        rule: impl Fn(&PaddedBatch) -> Result<Vec<f64>, Fault> + Send + Sync + 'a,
    ) -> Self {
        Self::new(name, Body::Weights(Box::new(rule)))
    }

    /// Advantages by something that may fail.
    pub fn fallible_advantages(
        name: impl Into<String>,
        rule: impl Fn(&Fragment) -> Result<Vec<f64>, Fault> + Send + Sync + 'a,
    ) -> Self {
        Self::new(name, Body::Advantages(Box::new(rule)))
    }

    /// A function of numbers that may fail; what it is given and answers depends on its kind.
    pub(super) fn fallible_function(
        kind: Kind,
        name: impl Into<String>,
        function: impl Fn(&[f64]) -> Result<Vec<f64>, Fault> + Send + Sync + 'a,
    ) -> Self {
        Self::new(name, Body::Numbers(kind, Box::new(function)))
    }

    /// The derivative of a loss by something that may fail.
    pub fn fallible_loss_derivative(
        name: impl Into<String>,
        derivative: impl Fn(&PaddedBatch) -> Result<Vec<f64>, Fault> + Send + Sync + 'a,
    ) -> Self {
        Self::new(name, Body::Loss(Box::new(derivative)))
    }

    /// A whole gradient by something that may fail.
    pub fn fallible_gradient(
        name: impl Into<String>,
        estimator: impl Fn(&PaddedBatch, &Scores) -> Result<Vec<f64>, Fault> + Send + Sync + 'a,
    ) -> Self {
        Self::new(name, Body::Gradient(Box::new(estimator)))
    }

    /// The same subject with these promises.
    #[must_use]
    pub fn promising(mut self, promises: Promises) -> Self {
        self.promises = promises;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its shape.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::Weights(_) => Kind::Weights,
            Body::Loss(_) => Kind::Loss,
            Body::Gradient(_) => Kind::Gradient,
            Body::Advantages(_) => Kind::Advantages,
            Body::Numbers(kind, _) => *kind,
        }
    }
}
