//! What a run is told: a flat list of keys, checked whole before anything is computed.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Optimiser;
use crate::environment::control::{Actions, Known, Task, task};
use crate::estimator::recipe::{ADVANTAGES, AGGREGATIONS, CREDITS, Named, Recipe, SLOPES, left_out, none};
use crate::policy::deep::{Architecture, Head, Unit};

/// How the policy moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Update {
    /// Along the gradient of the surrogate, by the optimiser.
    Gradient,
    /// Along the natural gradient `(F + λ I)⁻¹ g`, so far that the quadratic model of the divergence is `radius` (Kakade 2001;
    /// Peters & Schaal 2008).
    Natural {
        /// The divergence of a step in nats, by its quadratic model.
        radius: f64,
        /// `λ`.
        damping: f64,
    },
    /// The same with a line search on the divergence and the surrogate (Schulman et al. 2015).
    TrustRegion {
        /// The largest divergence of a step, in nats.
        radius: f64,
        /// `λ`.
        damping: f64,
    },
    /// Along the gradient of the log-likelihood of what an expert did (Pomerleau 1989): no reward is looked at.
    Cloning,
    /// A model of the expert's actions that removes noise step by step (Ho et al. 2020; Chi et al. 2023).
    Diffusion {
        /// The steps of noise.
        #[serde(rename = "noise-steps")]
        noise_steps: usize,
    },
}

/// The critic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CriticKind {
    /// There is none; its values are 0.
    None,
    /// A network of its own, of the policy's kind.
    Separate,
    /// One more output of the policy's network.
    Shared,
}

/// What a minibatch is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Portion {
    /// Single steps, each a sequence of its own to the stages behind the advantages.
    Steps,
    /// Whole sequences.
    Sequences,
}

/// Everything that determines a run but its seed.
#[allow(clippy::struct_excessive_bools)] // one key each, as in the file
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The task's name.
    pub task: String,
    /// The steps of the world that are taken in all; the last batch is finished.
    pub steps: u64,
    /// The copies of the world that run side by side.
    pub environments: usize,
    /// The steps of each copy in a batch; 0 for one whole episode each.
    pub rollout: usize,
    /// The policy's network.
    pub network: Architecture,
    /// The critic.
    pub critic: CriticKind,
    /// The network of a separate critic, if it is another than the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critic_network: Option<Architecture>,
    /// The gain of the policy's last layer at the start.
    pub output_gain: f64,
    /// The deviation of a normal policy at the start.
    pub deviation: f64,
    /// Whether that stays: a policy that learns its deviation spends its steps on shrinking it.
    pub fixed_deviation: bool,
    /// What rewards are multiplied with before anything is learned from them.
    pub reward_scale: f64,
    /// The discount `γ`.
    pub discount: f64,
    /// The blend `λ` of generalised advantages.
    pub lambda: f64,
    /// What each step is paid.
    pub credit: String,
    /// What is subtracted from it, and what the rest is divided by.
    pub advantage: String,
    /// The derivative of the surrogate in each `log π`.
    pub slope: String,
    /// How steps and sequences are averaged.
    pub aggregation: String,
    /// How the policy moves.
    pub update: Update,
    /// The rule for steps along a gradient.
    pub optimiser: Optimiser,
    /// Whether its rate falls to 0 over the run; of a step in the policy's own geometry, its length.
    pub anneal: bool,
    /// How often a batch is gone through.
    pub epochs: usize,
    /// The parts of a batch.
    pub minibatches: usize,
    /// What they are made of.
    pub portion: Portion,
    /// How far from 1 a ratio may move, `ε`; without bound if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Whether the critic's values may move no farther than `ε` either.
    pub clip_value: bool,
    /// The weight of half the squared error of a critic that is trained with the policy.
    pub value_weight: f64,
    /// The weight of the entropy bonus, in units of reward a nat.
    pub entropy: f64,
    /// Whether that falls to 0 over the run.
    pub entropy_anneal: bool,
    /// The weight `β` of the penalty on KL(old ‖ new), in units of reward a nat.
    pub penalty: f64,
    /// The divergence that `β` is steered to, halved or doubled after each batch (Schulman et al. 2017, §4); 0 keeps it.
    pub penalty_target: f64,
    /// The largest norm of a gradient; without bound if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// How often the critic alone goes through a batch after the policy; 0 trains it with the policy.
    pub critic_epochs: usize,
    /// The step size of Adam for a critic that is trained alone.
    pub critic_rate: f64,
    /// Whether the policy's loss is wrongly differentiated through the critic's values, which have to be detached.
    pub attached_values: bool,
    /// The demonstrations of an expert that are imitated.
    pub demonstrations: usize,
    /// The episodes that are played at the end with the policy as it is, and again with its likeliest actions.
    pub evaluation_episodes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            task: "cart-pole".to_owned(),
            steps: 100_000,
            environments: 8,
            rollout: 0,
            network: Architecture::Perceptron { hidden: vec![64, 64], unit: Unit::Tanh },
            critic: CriticKind::None,
            critic_network: None,
            output_gain: 0.01,
            deviation: 1.0,
            fixed_deviation: false,
            reward_scale: 1.0,
            discount: 1.0,
            lambda: 1.0,
            credit: "to-go".to_owned(),
            advantage: "as-it-is".to_owned(),
            slope: "unweighted".to_owned(),
            aggregation: "token-mean".to_owned(),
            update: Update::Gradient,
            optimiser: Optimiser::Adam { rate: 3e-3, epsilon: 1e-5 },
            anneal: false,
            epochs: 1,
            minibatches: 1,
            portion: Portion::Sequences,
            clip: None,
            clip_value: false,
            value_weight: 0.5,
            entropy: 0.0,
            entropy_anneal: false,
            penalty: 0.0,
            penalty_target: 0.0,
            gradient_norm: None,
            critic_epochs: 0,
            critic_rate: 1e-3,
            attached_values: false,
            demonstrations: 0,
            evaluation_episodes: 100,
        }
    }
}

/// Why settings make no run: one sentence that says what, where and the mend.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{key}: {reason}")]
pub struct UnusableSettings {
    /// The key.
    pub key: &'static str,
    /// What is wrong and how to mend it.
    pub reason: String,
}

/// Settings that have been checked, with what their names stand for.
#[derive(Debug)]
pub struct Plan {
    /// The settings.
    pub settings: Settings,
    /// The task.
    pub task: Box<dyn Task>,
    /// The law of actions.
    pub head: Head,
    /// The estimator.
    pub recipe: Recipe,
}

impl Plan {
    /// The network of a separate critic.
    pub(super) fn critic(&self) -> &Architecture {
        self.settings.critic_network.as_ref().unwrap_or(&self.settings.network)
    }

    /// How far from 1 a ratio may move.
    pub(super) fn clip(&self) -> f64 {
        self.settings.clip.unwrap_or(f64::INFINITY)
    }

    /// The steps of noise of a diffusion policy; 0 for any other.
    pub(super) fn noise_steps(&self) -> usize {
        match self.settings.update {
            Update::Diffusion { noise_steps } => noise_steps,
            _ => 0,
        }
    }
}

fn unusable(key: &'static str, reason: impl Into<String>) -> UnusableSettings {
    UnusableSettings { key, reason: reason.into() }
}

fn find<S: Copy>(key: &'static str, list: &[Named<S>], name: &str) -> Result<S, UnusableSettings> {
    list.iter().find(|stage| stage.name == name).map(|stage| stage.stage).ok_or_else(|| {
        let names: Vec<&str> = list.iter().map(|stage| stage.name).collect();
        unusable(key, format!("there is no \"{name}\"; there are {}", names.join(", ")))
    })
}

impl Settings {
    /// Checks everything.
    ///
    /// # Errors
    /// [`UnusableSettings`] for the first key that makes no sense.
    ///
    /// ```
    /// use unbiased::train::Settings;
    /// let error = Settings { slope: "cliped".into(), ..Settings::default() }.plan().unwrap_err();
    /// assert!(error.to_string().starts_with("slope: there is no \"cliped\"; there are unweighted, single-ratio"));
    /// ```
    pub fn plan(self) -> Result<Plan, UnusableSettings> {
        let task = task(&self.task).map_err(|error| unusable("task", error.to_string()))?;
        let head = match task.actions() {
            Actions::Choices(count) => Head::Softmax(count),
            Actions::Reals(count) => Head::Gaussian(count),
        };
        let recipe = Recipe {
            credit: find("credit", &CREDITS, &self.credit)?,
            advantage: find("advantage", &ADVANTAGES, &self.advantage)?,
            slope: find("slope", &SLOPES, &self.slope)?,
            penalty: none,
            aggregation: find("aggregation", &AGGREGATIONS, &self.aggregation)?,
            rejection: left_out,
        };
        self.check_numbers()?;
        self.check_together(task.as_ref())?;
        Ok(Plan { settings: self, task, head, recipe })
    }

    fn check_numbers(&self) -> Result<(), UnusableSettings> {
        let counts = [
            ("environments", self.environments),
            ("epochs", self.epochs),
            ("minibatches", self.minibatches),
            ("evaluation-episodes", self.evaluation_episodes),
        ];
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(unusable(key, "0 is too few; give a positive whole number"));
        }
        if self.steps == 0 {
            return Err(unusable("steps", "0 is too few; give a positive whole number"));
        }
        let positive = [
            ("deviation", self.deviation),
            ("output-gain", self.output_gain),
            ("clip", self.clip.unwrap_or(1.0)),
            ("gradient-norm", self.gradient_norm.unwrap_or(1.0)),
            ("critic-rate", self.critic_rate),
            ("optimiser", self.optimiser.rate()),
        ];
        if let Some((key, x)) = positive.into_iter().find(|(_, x)| x.is_nan() || *x <= 0.0) {
            return Err(unusable(key, format!("{x} is no size; give a positive number")));
        }
        let weights = [
            ("value-weight", self.value_weight),
            ("entropy", self.entropy),
            ("penalty", self.penalty),
            ("penalty-target", self.penalty_target),
        ];
        if let Some((key, x)) = weights.into_iter().find(|(_, x)| !x.is_finite() || *x < 0.0) {
            return Err(unusable(key, format!("{x} is no weight; give 0 or a positive number")));
        }
        let clips = ["clipped", "dual-clipped", "truncated-ratio"].contains(&self.slope.as_str());
        if clips && self.clip.is_none() {
            return Err(unusable(
                "clip",
                format!("the slope \"{}\" needs a range; give a positive number", self.slope),
            ));
        }
        if !self.reward_scale.is_finite() || self.reward_scale == 0.0 {
            return Err(unusable("reward-scale", "give a number other than 0"));
        }
        for (key, x) in [("discount", self.discount), ("lambda", self.lambda)] {
            if !(0.0..=1.0).contains(&x) {
                return Err(unusable(key, format!("{x} is not from 0 to 1")));
            }
        }
        Ok(())
    }

    fn check_together(&self, task: &dyn Task) -> Result<(), UnusableSettings> {
        self.network.fits(task.observation_size()).map_err(|reason| unusable("network", reason))?;
        if let Some(network) = &self.critic_network {
            network.fits(task.observation_size()).map_err(|reason| unusable("critic-network", reason))?;
            if self.critic != CriticKind::Separate {
                return Err(unusable("critic-network", "there is no separate critic; set critic = \"separate\""));
            }
            if network.remembers() != self.network.remembers() {
                return Err(unusable("critic-network", "either policy and critic remember, or neither"));
            }
        }
        let needs_critic = ["advantages", "to-go-less-value"].contains(&self.credit.as_str());
        if needs_critic && self.critic == CriticKind::None {
            return Err(unusable(
                "critic",
                format!("the credit \"{}\" needs one; give separate or shared", self.credit),
            ));
        }
        if self.clip_value && (self.critic == CriticKind::None || self.clip.is_none()) {
            return Err(unusable("clip-value", "there is no critic, or no clip; give both or leave it out"));
        }
        if self.attached_values && self.critic == CriticKind::None {
            return Err(unusable("attached-values", "there is no critic whose values could be attached"));
        }
        if self.network.remembers() && (self.rollout > 0 || self.portion == Portion::Steps) {
            let reason =
                "a network with a memory learns from whole episodes; set rollout = 0 and portion = \"sequences\"";
            return Err(unusable("network", reason));
        }
        let whole = ["sequence-ratio"].contains(&self.slope.as_str());
        if whole && self.portion == Portion::Steps {
            return Err(unusable("portion", format!("the slope \"{}\" needs whole sequences", self.slope)));
        }
        let second_order = matches!(self.update, Update::Natural { .. } | Update::TrustRegion { .. });
        if second_order && self.critic == CriticKind::Shared {
            return Err(unusable(
                "critic",
                "a step in the policy's own geometry leaves no room for shared layers; give separate",
            ));
        }
        if second_order && self.critic == CriticKind::Separate && self.critic_epochs == 0 {
            return Err(unusable(
                "critic-epochs",
                "the critic is not trained with the policy here; give a positive number",
            ));
        }
        match self.update {
            Update::Natural { radius, damping } | Update::TrustRegion { radius, damping }
                if !(radius > 0.0 && radius.is_finite() && damping >= 0.0 && damping.is_finite()) =>
            {
                return Err(unusable("update", "give a positive radius and a damping of at least 0"));
            }
            Update::Cloning | Update::Diffusion { .. } if self.demonstrations == 0 => {
                return Err(unusable("demonstrations", "there is nothing to imitate; give a positive number"));
            }
            Update::Cloning | Update::Diffusion { .. } if !has_expert(task) => {
                return Err(unusable("task", "nobody is known who plays this well enough to be imitated"));
            }
            Update::Diffusion { .. } if !matches!(task.known(), Known::TwoSides { .. }) => {
                return Err(unusable("task", "a diffusion policy is trained on \"two-goals\" alone"));
            }
            Update::Cloning | Update::Diffusion { .. } if self.critic != CriticKind::None => {
                return Err(unusable("critic", "an imitator looks at no reward; give none"));
            }
            Update::Cloning | Update::Diffusion { .. } if self.network.remembers() => {
                return Err(unusable("network", "single steps are imitated; give a network without a memory"));
            }
            Update::Diffusion { noise_steps } if noise_steps < 2 => {
                return Err(unusable("update", "give at least 2 noise-steps"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether somebody can be imitated.
fn has_expert(task: &dyn Task) -> bool {
    !matches!(task.known(), Known::Nothing | Known::Best { .. })
}
