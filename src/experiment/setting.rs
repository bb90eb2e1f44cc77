//! One setting of an experiment: which problem, which policy, which estimator, and their numbers.

use serde::Deserialize;
use toml::Table;

/// A parameter that can be swept.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its key.
    pub name: &'static str,
    /// The title of its axis.
    pub title: &'static str,
    /// Whether it takes whole numbers alone.
    pub whole: bool,
}

const fn whole(name: &'static str, title: &'static str) -> Parameter {
    Parameter { name, title, whole: true }
}

const fn real(name: &'static str, title: &'static str) -> Parameter {
    Parameter { name, title, whole: false }
}

/// The parameters, in the order of the help text.
pub static PARAMETERS: [Parameter; 16] = [
    whole("horizon", "horizon T, steps"),
    real("discount", "discount γ"),
    real("reward-offset", "constant added to every reward"),
    whole("updates", "updates of the policy"),
    real("distance", "distance of the new policy"),
    whole("batch", "batch size N, trajectories"),
    real("budget", "budget N, trajectories"),
    real("lambda", "λ of generalised advantage estimation"),
    real("critic-share", "share of V that the critic has learned"),
    real("critic-error", "error of the critic, in units of reward"),
    real("clip", "clip range ε"),
    real("damping", "damping of the Fisher matrix"),
    real("temperature", "temperature of the policy"),
    real("cost-parameter", "parameter k of the cost"),
    real("mean", "mean μ"),
    real("sigma", "standard deviation σ"),
];

/// Everything that a setting may say; what a problem has no use for must not be said.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Setting {
    /// The title of the panel or series that says it.
    pub label: Option<String>,
    /// A problem by name, or a problem file (relative to the experiment).
    pub problem: Option<String>,
    /// The horizon in place of the problem's.
    pub horizon: Option<usize>,
    /// The discount in place of the problem's.
    pub discount: Option<f64>,
    /// A constant added to every reward.
    pub reward_offset: Option<f64>,
    /// The logits `[[…], …]`, a row a state; those of the named problem, or zeros, if absent.
    pub logits: Option<Vec<Vec<f64>>>,
    /// The temperature that logits are divided by.
    pub temperature: Option<f64>,
    /// Updates along the exact gradient before anything is measured: a training path of policies.
    pub updates: Option<usize>,
    /// The step size of those updates.
    pub step_size: Option<f64>,
    /// What those updates follow.
    pub direction: Option<Direction>,
    /// The coordinates in which they are taken.
    pub coordinates: Option<Coordinates>,
    /// The damping of the Fisher matrix of natural updates; 0 for the pseudo-inverse.
    pub damping: Option<f64>,
    /// The new policy is `θ + distance · 0.3 cos(1.3 s + 0.9 a)`; the old one collects the data if there are weights.
    pub distance: Option<f64>,
    /// The importance weights of data from the old policy; data are fresh if absent.
    pub weights: Option<Weights>,
    /// The estimator by name; none where only policies are measured.
    pub estimator: Option<String>,
    /// The batch size of estimators that couple trajectories.
    pub batch: Option<usize>,
    /// The trajectories that are spent on one estimate.
    pub budget: Option<f64>,
    /// `λ` of generalised advantage estimation.
    pub lambda: Option<f64>,
    /// The share in the critic `share · V_t(s) + error · cos(1 + 2s)`; 1 if absent.
    pub critic_share: Option<f64>,
    /// The error in it; 0 if absent.
    pub critic_error: Option<f64>,
    /// The clip range `ε` of the proximal surrogate.
    pub clip: Option<f64>,
    /// The cost of a Gaussian problem: quadratic, exponential or cosine.
    pub cost: Option<String>,
    /// The cost's parameter `k`.
    pub cost_parameter: Option<f64>,
    /// The Gaussian's mean.
    pub mean: Option<f64>,
    /// The Gaussian's standard deviation.
    pub sigma: Option<f64>,
    /// The parameter that a Gaussian problem is differentiated in.
    pub derivative: Option<Derivative>,
}

/// What a training path follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// `∇J`.
    #[default]
    Vanilla,
    /// `F⁺ ∇J` with the trajectory's Fisher matrix.
    Natural,
}

/// The coordinates in which steps of a training path are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coordinates {
    /// The logits themselves.
    #[default]
    Logits,
    /// Logits in units of their own: every other one is three times its coordinate.
    Stretched,
}

/// What is done about data being another policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// Nothing.
    Ignored,
    /// The product of all ratios on everything.
    Trajectory,
    /// The same, divided by its mean over the batch.
    SelfNormalised,
    /// On each reward the product up to it.
    PerDecision,
    /// On each score its own ratio.
    PerTimestep,
}

/// The parameter that a Gaussian expectation is differentiated in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Derivative {
    /// The mean `μ`.
    #[default]
    Mean,
    /// The standard deviation `σ`.
    Deviation,
}

impl Setting {
    /// The setting that a table states.
    pub(super) fn of(table: &Table) -> Result<Self, toml::de::Error> {
        table.clone().try_into()
    }

    /// The first key that cannot be read, and the reader's message or what would be right.
    pub(super) fn fault(table: &Table) -> Option<(String, String)> {
        table.iter().find_map(|(key, value)| {
            let error = Self::of(&Table::from_iter([(key.clone(), value.clone())])).err()?;
            let message = error.message();
            if message.starts_with("unknown") {
                return Some((key.clone(), message.to_owned()));
            }
            let wanted = match PARAMETERS.iter().find(|parameter| parameter.name == key) {
                Some(parameter) if parameter.whole => "a whole number from 0 on",
                Some(_) => "a number",
                None if key == "step-size" => "a number",
                None if key == "logits" => "rows of numbers, [[0.5, -0.5], …]",
                None => "text in quotation marks",
            };
            Some((key.clone(), format!("\"{key}\" is {}; give {wanted}", serde_json::json!(value))))
        })
    }

    /// What a series is called: its label, or its estimator.
    pub(super) fn title(&self) -> String {
        self.label.clone().or_else(|| self.estimator.clone()).unwrap_or_else(|| "policy".to_owned())
    }

    /// The keys that are set, of those that only one kind of problem has a use for.
    fn keys(&self) -> [(&'static str, bool, bool); 22] {
        // (key, whether it is set, whether it belongs to Gaussian problems)
        [
            ("horizon", self.horizon.is_some(), false),
            ("discount", self.discount.is_some(), false),
            ("reward-offset", self.reward_offset.is_some(), false),
            ("logits", self.logits.is_some(), false),
            ("temperature", self.temperature.is_some(), false),
            ("updates", self.updates.is_some(), false),
            ("step-size", self.step_size.is_some(), false),
            ("direction", self.direction.is_some(), false),
            ("coordinates", self.coordinates.is_some(), false),
            ("damping", self.damping.is_some(), false),
            ("distance", self.distance.is_some(), false),
            ("weights", self.weights.is_some(), false),
            ("batch", self.batch.is_some(), false),
            ("lambda", self.lambda.is_some(), false),
            ("critic-share", self.critic_share.is_some(), false),
            ("critic-error", self.critic_error.is_some(), false),
            ("clip", self.clip.is_some(), false),
            ("cost", self.cost.is_some(), true),
            ("cost-parameter", self.cost_parameter.is_some(), true),
            ("mean", self.mean.is_some(), true),
            ("sigma", self.sigma.is_some(), true),
            ("derivative", self.derivative.is_some(), true),
        ]
    }

    /// A key that the problem has no use for.
    pub(super) fn useless_key(&self, gaussian: bool) -> Option<&'static str> {
        self.keys().into_iter().find(|(_, set, theirs)| *set && *theirs != gaussian).map(|(key, _, _)| key)
    }
}
