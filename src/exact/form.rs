//! The oracle's own catalogue of estimators. It shares no code with the subjects of the same name.

use thiserror::Error;

/// Which return multiplies a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// The whole trajectory's `R = Σ_t γ^t r_t`: `Σ_t ψ_t (R − b)` (Williams 1992).
    Total,
    /// What came afterwards, `G_t = Σ_{t'≥t} γ^{t'−t} r_{t'}`: `Σ_t γ^t ψ_t (G_t − b_t)`.
    ToGo,
}

/// What is subtracted from the return.
#[derive(Clone, Debug, PartialEq)]
pub enum Baseline {
    /// Nothing.
    None,
    /// One constant.
    Constant(f64),
    /// A constant for each parameter.
    PerParameter(Vec<f64>),
    /// The constant with the least total variance, `Σ_k Cov(Z_k, X_k) / Σ_k Var Z_k` (for the total return
    /// `E[‖Z‖² R] / E[‖Z‖²]`).
    OptimalConstant,
    /// The constants with the least variance of each component (Peters & Schaal 2008, §3.2).
    OptimalPerParameter,
    /// The mean return of the batch, the sample's own included: biased by `−Cov(Z, R)/N`.
    InBatchMean {
        /// The number of trajectories, `N`.
        batch: usize,
    },
    /// The mean return of the other trajectories of the batch (Kool et al. 2019).
    LeaveOneOut {
        /// The number of trajectories, `N ≥ 2`.
        batch: usize,
    },
    /// The policy's own `V_t(s)`.
    StateValue,
    /// A table `b_t(s)`, `[T·S]`, time by time.
    TimeAndState(Vec<f64>),
    /// The table that reaches the floor.
    Optimal,
    /// `Q_t(s, a)`, which depends on the action; with the correction `γ^t Σ_a ∇π(a|s) Q_t(s, a)` it is unbiased.
    ActionValue {
        /// Whether the correction is added.
        corrected: bool,
    },
    /// A table `b_t(s, a)`, `[T·S·A]`, with or without its correction (Gu et al. 2017; Tucker et al. 2018).
    ActionDependent {
        /// The table.
        table: Vec<f64>,
        /// Whether the correction is added.
        corrected: bool,
    },
}

/// An estimator of the gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The return.
    pub returns: Returns,
    /// The baseline.
    pub baseline: Baseline,
    /// Whether `γ^t` multiplies the step-`t` term of a reward-to-go form. Leaving it out is common, and estimates
    /// the gradient of no objective (Nota & Thomas 2020).
    pub discounted_steps: bool,
}

impl Form {
    /// The total return with `baseline`.
    #[must_use]
    pub fn total(baseline: Baseline) -> Self {
        Self { returns: Returns::Total, baseline, discounted_steps: true }
    }

    /// Reward-to-go with `baseline`.
    #[must_use]
    pub fn to_go(baseline: Baseline) -> Self {
        Self { returns: Returns::ToGo, baseline, discounted_steps: true }
    }

    /// The same form without `γ^t`.
    #[must_use]
    pub fn without_discounted_steps(self) -> Self {
        Self { discounted_steps: false, ..self }
    }
}

/// A combination that is not in the catalogue, or a table that does not fit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UnsupportedForm {
    /// The total return with a baseline that depends on the state.
    #[error("the total return takes no baseline that depends on time or state; use reward-to-go")]
    StateBaselineForTotal,
    /// Leaving out `γ^t` where there is none.
    #[error("the total return has no factor γ^t to leave out; use reward-to-go")]
    UndiscountedTotal,
    /// The optimum of another form.
    #[error("the optimal baseline is that of the form with γ^t; without γ^t it would not be optimal")]
    UndiscountedOptimum,
    /// A form whose baseline is not an optimal constant.
    #[error("only the optimal constants are computed; other baselines are given or depend on the state")]
    NoConstants,
    /// A number that overflowed.
    #[error("the numbers of \"{name}\" overflow: rewards, logits or a baseline are too large; rescale them")]
    Overflow {
        /// The estimator.
        name: String,
    },
    /// A table of the wrong size.
    #[error("the baseline has {found} entries; {expected} are needed ({shape})")]
    TableSize {
        /// The entries given.
        found: usize,
        /// The entries needed.
        expected: usize,
        /// What they are.
        shape: &'static str,
    },
    /// A batch too small for its baseline.
    #[error("a batch of {batch} is too small for this baseline; it needs at least {least} trajectories")]
    SmallBatch {
        /// The batch given.
        batch: usize,
        /// The least batch.
        least: usize,
    },
    /// A baseline with an entry that is not finite.
    #[error("entry {index} of the baseline is {value}; every entry must be a finite number")]
    NotFinite {
        /// Its place.
        index: usize,
        /// The entry, as text.
        value: String,
    },
    /// Per-decision weights on the total return.
    #[error("per-decision weights belong to single rewards; use reward-to-go")]
    PerDecisionTotal,
    /// A baseline that is not computed under importance weights.
    #[error(
        "under these importance weights a baseline is none, a constant, a table or the target's state values; \
         the optimal table exists for per-decision and per-timestep weights"
    )]
    Weighted,
    /// Full covariances of more parameters than fit.
    #[error("a full covariance of {parameters} parameters is too large; it is computed for at most {most}")]
    TooManyParameters {
        /// The number of parameters.
        parameters: usize,
        /// The largest number.
        most: usize,
    },
}

/// Exact mean and variance of an estimator.
///
/// Moments are those of one trajectory. For a baseline that couples a batch of `N` trajectories they are those of the
/// batch's mean estimate, the variance multiplied by `N`, so that all variances compare at equal numbers of
/// trajectories.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimatorMoments {
    /// The expectation, one entry a parameter.
    pub mean: Vec<f64>,
    /// The variance of each component, times the batch size.
    pub variance: Vec<f64>,
    /// The number of trajectories that the estimator couples; 1 for most.
    pub batch: usize,
}

impl EstimatorMoments {
    /// The total variance: the trace of the covariance.
    pub fn trace(&self) -> f64 {
        crate::numeric::sum(self.variance.iter().copied())
    }
}
