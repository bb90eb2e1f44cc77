//! The oracle: one world, one policy, every exact answer.

use std::fmt;
use std::sync::OnceLock;

use super::component::Components;
use super::covariance;
use super::floor::{self, Floor};
use super::form::{Baseline, EstimatorMoments, Form, Returns, UnsupportedForm};
use super::information;
use super::model::Model;
use super::policy_table::{PolicyTable, Unanswerable};
use super::recursion::{self, Request, ToGo, TrajectoryMoments};
use super::values::{self, Values};
use crate::environment::{Bandit, TabularMdp};
use crate::numeric::{self, Matrix};
use crate::policy::Policy;

/// Exact answers about one policy in one world.
///
/// ```
/// use unbiased::environment::{Bandit, RewardLaw};
/// use unbiased::exact::{Baseline, Form, Oracle};
/// use unbiased::policy::SoftmaxPolicy;
///
/// // Two arms that pay 1 and 0, chosen with probability 1/2 each.
/// let arms = [1.0, 0.0].map(|reward| RewardLaw::Deterministic { reward });
/// let bandit = Bandit::new(arms.to_vec())?;
/// let policy = SoftmaxPolicy::tabular(1, 2, vec![0.0, 0.0])?;
/// let oracle = Oracle::of_bandit(&bandit, &policy)?;
/// assert_eq!(oracle.objective(), 0.5);
/// assert_eq!(oracle.gradient(), [0.25, -0.25]);
/// let reinforce = oracle.moments(&Form::total(Baseline::None))?;
/// assert_eq!(reinforce.mean, [0.25, -0.25]);
/// assert_eq!(reinforce.trace(), 0.125);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Oracle {
    model: Model,
    policy: PolicyTable,
    values: Values,
    components: Components,
    gradient: OnceLock<(Vec<f64>, f64)>,
    total: OnceLock<TrajectoryMoments>,
    constant: OnceLock<TrajectoryMoments>,
    floor: OnceLock<(Vec<f64>, Floor)>,
    tick: Box<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Oracle")
            .field("states", &self.model.states())
            .field("parameters", &self.policy.parameters())
            .field("horizon", &self.model.horizon)
            .finish_non_exhaustive()
    }
}

/// How an estimator's mean stands to the true gradient, and its variance to the floor.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The multiple `c` of `∇J` closest to the mean, `⟨mean, ∇J⟩ / ‖∇J‖²`; `None` where `∇J` is zero.
    pub scale: Option<f64>,
    /// `‖mean − ∇J‖`.
    pub bias_norm: f64,
    /// What that makes the estimator.
    pub verdict: Verdict,
    /// `trace / c²` as a multiple of the floor's trace: no estimator beats the floor by shrinking. `None` where the
    /// floor is zero or the mean is turned or zero.
    pub ratio_to_floor: Option<f64>,
}

/// What an estimator's mean is, beside the true gradient; equalities hold to a billionth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The mean is `∇J`.
    Unbiased,
    /// The mean is `c ∇J` with `c > 0`, not 1.
    Rescaled,
    /// The mean is `c ∇J` with `c < 0`.
    Reversed,
    /// The mean is no multiple of `∇J`; the angle between them, in degrees, where `∇J` is not zero.
    Turned(Option<f64>),
    /// The mean is zero, though `∇J` is not; the variance is not zero.
    Driftless,
    /// The estimate is identically zero, though `∇J` is not.
    Dead,
}

impl Verdict {
    /// The verdict in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unbiased => "unbiased",
            Self::Rescaled => "rescaled",
            Self::Reversed => "reversed",
            Self::Turned(_) => "turned",
            Self::Driftless => "driftless",
            Self::Dead => "dead",
        }
    }
}

impl Oracle {
    /// The oracle of `policy` in a Markov decision process.
    ///
    /// # Errors
    /// [`Unanswerable`] if the policy has other observations, actions or steps, or the horizon is too long to keep a
    /// value for each time and state.
    pub fn of_mdp<P: Policy>(mdp: &TabularMdp, policy: &P) -> Result<Self, Unanswerable> {
        Self::new(Model::of_mdp(mdp), PolicyTable::of(policy))
    }

    /// The oracle of `policy` on a bandit: one observation, an action an arm.
    ///
    /// # Errors
    /// [`Unanswerable`] if the policy has more than one observation or another number of actions.
    pub fn of_bandit<P: Policy>(bandit: &Bandit, policy: &P) -> Result<Self, Unanswerable> {
        Self::new(Model::of_bandit(bandit), PolicyTable::of(policy))
    }

    /// The oracle of a table, whose derivatives may belong to another policy than its probabilities.
    pub(super) fn of_table(model: Model, policy: PolicyTable) -> Result<Self, Unanswerable> {
        Self::new(model, policy)
    }

    fn new(model: Model, policy: PolicyTable) -> Result<Self, Unanswerable> {
        policy.check(model.observations, model.actions, model.horizon)?;
        model.check_size()?;
        let values = Values::of(&model, &policy);
        let components = Components::of(&model, &policy);
        components.check_size()?;
        Ok(Self {
            model,
            policy,
            values,
            components,
            gradient: OnceLock::new(),
            total: OnceLock::new(),
            constant: OnceLock::new(),
            floor: OnceLock::new(),
            tick: Box::new(|| ()),
        })
    }

    /// The same oracle, calling `tick` after every step of a long computation: [`Oracle::steps_a_pass`] times a pass
    /// of the recursion, three times as often for the floor.
    #[must_use]
    pub fn with_progress(mut self, tick: impl Fn() + Send + Sync + 'static) -> Self {
        self.tick = Box::new(tick);
        self
    }

    /// How often a pass of the recursion reports progress.
    pub fn steps_a_pass(&self) -> usize {
        self.model.horizon * self.components.all.len()
    }

    /// The horizon, `T`.
    pub fn horizon(&self) -> usize {
        self.model.horizon
    }

    /// The number of states, `S`.
    pub fn states(&self) -> usize {
        self.model.states()
    }

    /// The number of parameters, `d`.
    pub fn parameters(&self) -> usize {
        self.policy.parameters()
    }

    /// `J`, the expected discounted return.
    pub fn objective(&self) -> f64 {
        self.values.objective()
    }

    /// `∇J`, by the policy-gradient theorem.
    pub fn gradient(&self) -> &[f64] {
        &self.gradient_with_mass().0
    }

    fn gradient_with_mass(&self) -> &(Vec<f64>, f64) {
        once(&self.gradient, || values::gradient(&self.model, &self.policy, &self.values))
    }

    /// `V_t(s)`, the expected discounted return from time `t` on, for `t ≤ T`.
    pub fn value(&self, t: usize, state: usize) -> f64 {
        self.values.value(t, state)
    }

    /// `Q_t(s, a)`.
    pub fn action_value(&self, t: usize, state: usize, action: usize) -> f64 {
        self.value(t, state) + self.values.advantages(&self.model, t, state)[action]
    }

    /// The occupancy `d_t(s) = P(s_t = s, not ended before t)`, `[T][S]`, row by row.
    pub fn occupancy(&self) -> Vec<f64> {
        values::occupancy(&self.model, &self.policy)
    }

    /// The Fisher information of a whole trajectory, `F = E[g gᵀ] = Σ_t E_{s~d_t}[Σ_a ∇π ∇πᵀ/π]` with `g` the sum of scores:
    /// cross-time terms vanish. `d × d`; singular wherever a direction of `θ` changes no probability.
    pub fn fisher(&self) -> Matrix {
        information::fisher(self)
    }

    /// The variance of the total return of a trajectory.
    pub fn return_variance(&self) -> f64 {
        self.total_moments().return_variance
    }

    /// The floor of the class *reward-to-go with a time-and-state baseline*, with the baseline that reaches it.
    pub fn floor(&self) -> &Floor {
        &self.floor_with_excess().1
    }

    fn floor_with_excess(&self) -> &(Vec<f64>, Floor) {
        once(&self.floor, || {
            let (excess, occupancy) =
                floor::excess(&self.model, &self.policy, &self.values, &self.components, &self.tick);
            let states = self.model.states();
            let baseline = (0..self.model.horizon)
                .map(|t| {
                    let entry = |s: usize| {
                        let i = t * states + s;
                        (occupancy[i] > 0.0).then(|| self.value(t, s) - excess[i])
                    };
                    (0..states).map(entry).collect()
                })
                .collect();
            let at = |t: usize, s: usize, _| excess[t * states + s];
            let moments = self.to_go_moments(self.model.discount, &at, false);
            let trace = numeric::sum(moments.to_go_variance);
            (excess, Floor { trace, baseline })
        })
    }

    /// Exact mean and variance of an estimator.
    ///
    /// # Errors
    /// [`UnsupportedForm`] for a combination outside the catalogue or a table that does not fit.
    pub fn moments(&self, form: &Form) -> Result<EstimatorMoments, UnsupportedForm> {
        self.check(form)?;
        if let Some(batch) = form.coupled_batch() {
            return Ok(self.coupled(form, batch));
        }
        let linear = |mean: &[f64], variance: Vec<f64>| EstimatorMoments { mean: mean.to_vec(), variance, batch: 1 };
        if form.returns == Returns::Total {
            // Z (R − b) = Z (R − J) + (J − b) Z.
            let m = self.total_moments();
            let shift = self.shift(form);
            let variance = shifted(&m.product_variance, &m.score_product, &m.score_variance, &shift);
            return Ok(linear(&m.product_mean, variance));
        }
        if form.is_shifted() {
            let m = self.constant_moments(form);
            let shift = self.shift(form);
            let variance = shifted(&m.to_go_variance, &m.score_to_go, &m.score_variance, &shift);
            return Ok(linear(&m.to_go_mean, variance));
        }
        let m =
            self.with_excess(form, |excess, corrected| self.to_go_moments(self.step_discount(form), excess, corrected));
        Ok(linear(&m.to_go_mean, m.to_go_variance))
    }

    /// The exact covariance matrix of an estimator (times the batch size, as in [`EstimatorMoments`]), for at most
    /// 64 parameters.
    ///
    /// It comes from a recursion of its own, over all parameters at once.
    ///
    /// # Errors
    /// [`UnsupportedForm`] as for [`Oracle::moments`], or if there are more than 64 parameters.
    pub fn covariance(&self, form: &Form) -> Result<Matrix, UnsupportedForm> {
        self.check(form)?;
        let (parameters, most) = (self.parameters(), covariance::MOST_PARAMETERS);
        if parameters > most {
            return Err(UnsupportedForm::TooManyParameters { parameters, most });
        }
        let total = form.returns == Returns::Total;
        let eta = if total { 1.0 } else { self.step_discount(form) };
        let joint = self.with_excess(form, |excess, corrected| {
            let to_go = ToGo { step_discount: self.step_discount(form), excess, corrected };
            covariance::joint(&self.model, &self.policy, &self.values, &to_go, eta)
        });
        let shift = if total || form.is_shifted() { self.shift(form) } else { Shift::Zero };
        Ok(joint.estimator(total, form.coupled_batch(), form.includes_own(), &|k| shift.at(k)))
    }

    /// Compares an estimator with the true gradient and the floor.
    pub fn compare(&self, moments: &EstimatorMoments) -> Comparison {
        let norm = |x: &[f64]| numeric::sum(x.iter().map(|v| v * v)).sqrt();
        let gradient = self.gradient();
        let less = |c: f64| moments.mean.iter().zip(gradient).map(|(m, g)| m - c * g).collect::<Vec<f64>>();
        let trace = moments.trace();
        // A mean sums derivatives of probabilities, of total size `mass`, times weights. What is small beside their
        // product is rounding: of the typical weight for an estimator, of the returns' deviation for ∇J.
        let mass = self.gradient_with_mass().1;
        let total = self.total_moments();
        let scores = numeric::sum(total.score_variance.iter().copied());
        let weight = if scores > 0.0 { (trace / scores).sqrt() } else { 0.0 };
        let length = norm(gradient);
        let length = if length <= 1e-13 * mass * total.return_variance.sqrt() { 0.0 } else { length };
        let scale = (length > 0.0).then(|| numeric::dot(&moments.mean, gradient) / (length * length));
        let bias_norm = norm(&less(1.0));
        let rounding = 1e-9 * length.max(norm(&moments.mean)) + 1e-12 * mass * weight;
        let noise = 1e-13 * (scores * total.return_variance).sqrt();
        let verdict = if bias_norm <= rounding {
            Verdict::Unbiased
        } else if norm(&moments.mean) <= rounding {
            if trace.sqrt() > noise { Verdict::Driftless } else { Verdict::Dead }
        } else {
            match scale {
                Some(c) if norm(&less(c)) <= rounding => {
                    if c > 0.0 {
                        Verdict::Rescaled
                    } else {
                        Verdict::Reversed
                    }
                }
                Some(c) => {
                    let cosine = (c * length / norm(&moments.mean)).clamp(-1.0, 1.0);
                    Verdict::Turned(Some(libm::acos(cosine).to_degrees()))
                }
                None => Verdict::Turned(None),
            }
        };
        let comparable = matches!(verdict, Verdict::Unbiased | Verdict::Rescaled | Verdict::Reversed);
        let floor = self.floor().trace;
        let some_floor = floor.sqrt() > noise;
        let ratio_to_floor = scale.filter(|c| comparable && some_floor && *c != 0.0).map(|c| trace / (c * c) / floor);
        Comparison { scale, bias_norm, verdict, ratio_to_floor }
    }

    /// `J − b` for a form with a constant baseline `b`. An optimum is found as a distance from `J`, so that a large `J`
    /// costs it no digit.
    fn shift(&self, form: &Form) -> Shift {
        let ratio = |numerator: f64, denominator: f64| if denominator > 0.0 { numerator / denominator } else { 0.0 };
        let optimum = |covariance: &[f64], variance: &[f64]| match form.baseline {
            Baseline::OptimalConstant => {
                let sum = |x: &[f64]| numeric::sum(x.iter().copied());
                Shift::Same(-ratio(sum(covariance), sum(variance)))
            }
            _ => Shift::Each(covariance.iter().zip(variance).map(|(c, v)| -ratio(*c, *v)).collect()),
        };
        let objective = self.objective();
        match &form.baseline {
            Baseline::None => Shift::Same(objective),
            Baseline::Constant(b) => Shift::Same(objective - b),
            Baseline::PerParameter(b) => Shift::Each(b.iter().map(|b| objective - b).collect()),
            Baseline::OptimalConstant | Baseline::OptimalPerParameter => match form.returns {
                Returns::Total => {
                    let m = self.total_moments();
                    optimum(&m.score_product, &m.score_variance)
                }
                Returns::ToGo => {
                    let m = self.constant_moments(form);
                    optimum(&m.score_to_go, &m.score_variance)
                }
            },
            // Batch baselines are centred on J.
            _ => Shift::Zero,
        }
    }

    /// The constants of an [`Baseline::OptimalConstant`] or [`Baseline::OptimalPerParameter`] baseline, one a
    /// parameter, so that a subject can be given them.
    ///
    /// # Errors
    /// [`UnsupportedForm`] as for [`Oracle::moments`].
    pub fn optimal_constants(&self, form: &Form) -> Result<Vec<f64>, UnsupportedForm> {
        self.check(form)?;
        if !matches!(form.baseline, Baseline::OptimalConstant | Baseline::OptimalPerParameter) {
            return Err(UnsupportedForm::NoConstants);
        }
        let shift = self.shift(form);
        Ok((0..self.parameters()).map(|k| self.objective() - shift.at(k)).collect())
    }

    fn step_discount(&self, form: &Form) -> f64 {
        if form.discounted_steps { self.model.discount } else { 1.0 }
    }

    fn total_moments(&self) -> &TrajectoryMoments {
        once(&self.total, || self.run(&Request { score_discount: 1.0, product: true, to_go: None }))
    }

    /// Joint moments with the constant baseline `J`.
    fn constant_moments(&self, form: &Form) -> TrajectoryMoments {
        let compute = |discount: f64| {
            let objective = self.objective();
            let excess = |t: usize, s: usize, _| self.value(t, s) - objective;
            let to_go = Some(ToGo { step_discount: discount, excess: &excess, corrected: false });
            self.run(&Request { score_discount: discount, product: true, to_go })
        };
        if form.discounted_steps { once(&self.constant, || compute(self.model.discount)).clone() } else { compute(1.0) }
    }

    fn to_go_moments(
        &self,
        step_discount: f64,
        excess: &(dyn Fn(usize, usize, usize) -> f64 + Sync),
        corrected: bool,
    ) -> TrajectoryMoments {
        let to_go = Some(ToGo { step_discount, excess, corrected });
        self.run(&Request { score_discount: self.model.discount, product: false, to_go })
    }

    fn run(&self, request: &Request) -> TrajectoryMoments {
        recursion::run(&self.model, &self.policy, &self.values, &self.components, request, &self.tick)
    }

    /// Calls `then` with `V_t(s) − b_t(s, a)` of the form's baseline and whether it is corrected.
    fn with_excess<R>(
        &self,
        form: &Form,
        then: impl FnOnce(&(dyn Fn(usize, usize, usize) -> f64 + Sync), bool) -> R,
    ) -> R {
        let (states, actions) = (self.states(), self.model.actions);
        match &form.baseline {
            Baseline::None => then(&|t, s, _| self.value(t, s), false),
            Baseline::Constant(b) => then(&|t, s, _| self.value(t, s) - b, false),
            Baseline::StateValue => then(&|_, _, _| 0.0, false),
            Baseline::TimeAndState(table) => then(&|t, s, _| self.value(t, s) - table[t * states + s], false),
            Baseline::Optimal => {
                let excess = &self.floor_with_excess().0;
                then(&|t, s, _| excess[t * states + s], false)
            }
            Baseline::ActionValue { corrected } => {
                let advantages: Vec<f64> = (0..self.horizon() * states)
                    .flat_map(|i| self.values.advantages(&self.model, i / states, i % states))
                    .collect();
                then(&|t, s, a| -advantages[(t * states + s) * actions + a], *corrected)
            }
            Baseline::ActionDependent { table, corrected } => {
                then(&|t, s, a| self.value(t, s) - table[(t * states + s) * actions + a], *corrected)
            }
            _ => then(&|t, s, _| self.value(t, s) - self.objective(), false),
        }
    }

    /// A baseline that couples a batch: a U-statistic in `(R, Z, Z R, X)`, by Hoeffding's decomposition (1948).
    ///
    /// With `R̃ = R − J` and `Y` the estimator with the constant baseline `J`, leaving one out gives
    /// `N Var = Var Y + (Var Z Var R + Cov(Z, R)²)/(N − 1)` a component, because `Z` and `R̃` have mean zero, so the
    /// pairs `Z_i R̃_j` are uncorrelated with everything of order one. Including the sample's own return replaces `Y`
    /// by `Y − Z R̃/N` and `1/(N − 1)` by `(N − 1)/N²`.
    fn coupled(&self, form: &Form, batch: usize) -> EstimatorMoments {
        let total = form.returns == Returns::Total;
        let m = if total { self.total_moments().clone() } else { self.constant_moments(form) };
        let n = batch as f64;
        let pairs = |k: usize| m.score_variance[k] * m.return_variance + m.product_mean[k] * m.product_mean[k];
        let (y_mean, y_variance, y_product) = if total {
            (&m.product_mean, &m.product_variance, &m.product_variance)
        } else {
            (&m.to_go_mean, &m.to_go_variance, &m.product_to_go)
        };
        let entry = |k: usize| {
            if form.includes_own() {
                let own = y_variance[k] - 2.0 * y_product[k] / n + m.product_variance[k] / (n * n);
                let variance = own + (n - 1.0) / (n * n) * pairs(k);
                (y_mean[k] - m.product_mean[k] / n, recursion::not_negative(variance))
            } else {
                (y_mean[k], y_variance[k] + pairs(k) / (n - 1.0))
            }
        };
        let (mean, variance) = (0..self.parameters()).map(entry).unzip();
        EstimatorMoments { mean, variance, batch }
    }

    pub(super) fn check(&self, form: &Form) -> Result<(), UnsupportedForm> {
        if form.returns == Returns::Total && !form.is_constant() {
            return Err(UnsupportedForm::StateBaselineForTotal);
        }
        if matches!(form.baseline, Baseline::Optimal) && !form.discounted_steps {
            return Err(UnsupportedForm::UndiscountedOptimum);
        }
        if form.returns == Returns::Total && !form.discounted_steps {
            return Err(UnsupportedForm::UndiscountedTotal);
        }
        let (d, cells) = (self.parameters(), self.horizon() * self.states());
        let (given, expected, shape): (&[f64], usize, &str) = match &form.baseline {
            Baseline::Constant(b) => (std::slice::from_ref(b), 1, "a number"),
            Baseline::PerParameter(b) => (b, d, "one a parameter"),
            Baseline::TimeAndState(b) => (b, cells, "one a time and state"),
            Baseline::ActionDependent { table, .. } => {
                (table, cells * self.model.actions, "one a time, state and action")
            }
            Baseline::InBatchMean { batch: 0 } => return Err(UnsupportedForm::SmallBatch { batch: 0, least: 1 }),
            Baseline::LeaveOneOut { batch: batch @ (0 | 1) } => {
                return Err(UnsupportedForm::SmallBatch { batch: *batch, least: 2 });
            }
            _ => return Ok(()),
        };
        if given.len() != expected {
            return Err(UnsupportedForm::TableSize { found: given.len(), expected, shape });
        }
        match given.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            Some((index, value)) => Err(UnsupportedForm::NotFinite { index, value: value.to_string() }),
            None => Ok(()),
        }
    }

    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    pub(super) fn policy_table(&self) -> &PolicyTable {
        &self.policy
    }
}

/// The value of `cell`, computed at the first call. Unlike `get_or_init` it computes outside the lock, because the
/// computation waits for a thread pool whose workers may be asking the same question.
fn once<T>(cell: &OnceLock<T>, compute: impl FnOnce() -> T) -> &T {
    if let Some(value) = cell.get() {
        return value;
    }
    let value = compute();
    cell.get_or_init(|| value)
}

/// A number for each parameter.
enum Shift {
    Zero,
    Same(f64),
    Each(Vec<f64>),
}

impl Shift {
    fn at(&self, k: usize) -> f64 {
        match self {
            Self::Zero => 0.0,
            Self::Same(value) => *value,
            Self::Each(values) => values[k],
        }
    }
}

/// `Var(Y + c Z)` of each component; where the two cancel, rounding must not leave a negative variance.
fn shifted(variance: &[f64], covariance: &[f64], score_variance: &[f64], shift: &Shift) -> Vec<f64> {
    (0..variance.len())
        .map(|k| {
            let c = shift.at(k);
            recursion::not_negative(variance[k] + 2.0 * c * covariance[k] + c * c * score_variance[k])
        })
        .collect()
}

impl Form {
    /// The batch that the baseline couples, if it does.
    pub(super) fn coupled_batch(&self) -> Option<usize> {
        match self.baseline {
            Baseline::InBatchMean { batch } | Baseline::LeaveOneOut { batch } => Some(batch),
            _ => None,
        }
    }

    pub(super) fn includes_own(&self) -> bool {
        matches!(self.baseline, Baseline::InBatchMean { .. })
    }

    /// Whether a reward-to-go form is computed with the baseline `J` and then shifted to its own constant.
    fn is_shifted(&self) -> bool {
        self.is_constant() && !matches!(self.baseline, Baseline::None | Baseline::Constant(_))
    }

    /// Whether the baseline is a constant given the rest of the batch.
    pub(super) fn is_constant(&self) -> bool {
        !matches!(
            self.baseline,
            Baseline::StateValue
                | Baseline::TimeAndState(_)
                | Baseline::Optimal
                | Baseline::ActionValue { .. }
                | Baseline::ActionDependent { .. }
        )
    }
}
