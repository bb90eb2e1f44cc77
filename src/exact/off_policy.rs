//! The oracle of off-policy estimation: data from a behaviour policy `μ`, the gradient of a target policy `π`.
//!
//! With the ratios `ρ_t = π(a_t|s_t)/μ(a_t|s_t)` and `W_t = Π_{k≤t} ρ_k`, the scores `ψ` being those of `π`:
//!
//! | weights | estimator | mean |
//! |---|---|---|
//! | trajectory | `W_T Σ_t γ^t ψ_t (G_t − b_t)` | `∇J(π)` |
//! | per decision | `Σ_t γ^t ψ_t (Σ_{u≥t} γ^{u−t} W_u r_u − W_t b_t)` | `∇J(π)` |
//! | per time step | `Σ_t γ^t ρ_t ψ_t (G_t − b_t)` | `Σ_t γ^t Σ_s d^μ_t Σ_a ∇π Q^μ_t`, biased |
//! | ignored | `Σ_t γ^t ψ_t (G_t − b_t)` | the gradient of nothing |
//!
//! All but the third obey affine recursions whose matrices carry the ratios, or 1 in their place. The third is an on-policy estimator in
//! disguise: `ρψ = ∇π/μ` has mean zero under `μ`, like a score, so the whole oracle applies to it with the probabilities
//! of one policy and the derivatives of the other.

use rayon::prelude::*;
use thiserror::Error;

use super::affine::{self, Step};
use super::form::{Baseline, Form, Returns, UnsupportedForm};
use super::information::{Divergence, divergences};
use super::model::{Model, Outcome};
use super::oracle::Oracle;
use super::per_decision;
use super::policy_table::{PolicyTable, Unanswerable};
use super::values;
use super::weighted_return::{self, WeightedReturn};
use crate::environment::TabularMdp;
use crate::numeric;
use crate::policy::Policy;

/// How importance ratios enter an estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighting {
    /// The product over the whole trajectory on every term (Kloek & van Dijk 1978).
    Trajectory,
    /// On each reward the product up to it (Precup, Sutton & Singh 2000).
    PerDecision,
    /// On each score its own ratio alone.
    PerTimestep,
    /// None: the data are taken for the target's own.
    Ignored,
}

/// Why there is no answer about a pair of policies.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum OffPolicyError {
    /// A policy does not fit the world.
    #[error(transparent)]
    Unanswerable(#[from] Unanswerable),
    /// The behaviour policy never does what the target does.
    #[error(
        "at time {time}, state {state}, action {action} the target policy has probability {probability:e} and the \
         behaviour policy none: no weight can correct for what is never tried; give the behaviour policy support there"
    )]
    Support {
        /// The time, from 0.
        time: usize,
        /// The state.
        state: usize,
        /// The action.
        action: usize,
        /// The target's probability.
        probability: f64,
    },
    /// The policies have different parameters.
    #[error("the target policy has {target} parameters and the behaviour policy {behaviour}")]
    Parameters {
        /// Those of the target.
        target: usize,
        /// Those of the behaviour policy.
        behaviour: usize,
    },
}

/// Exact mean and variance of a weighted estimator, of one trajectory. Variances that no double can hold are kept by
/// their logarithm.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedMoments {
    /// The expectation, one entry a parameter.
    pub mean: Vec<f64>,
    /// The variances, each divided by two to a power of its own.
    scaled: Vec<(f64, i32)>,
}

impl WeightedMoments {
    /// The variance of each component, infinite where it overflows.
    #[must_use]
    pub fn variance(&self) -> Vec<f64> {
        self.scaled.iter().map(|(x, exponent)| libm::ldexp(*x, *exponent)).collect()
    }

    /// The total variance, infinite where it overflows.
    #[must_use]
    pub fn trace(&self) -> f64 {
        let (sum, exponent) = self.scaled_trace();
        libm::ldexp(sum, exponent)
    }

    /// The natural logarithm of the total variance.
    #[must_use]
    pub fn log_trace(&self) -> f64 {
        let (sum, exponent) = self.scaled_trace();
        numeric::ln(sum) + f64::from(exponent) * std::f64::consts::LN_2
    }

    /// The total variance over two to the largest of the powers.
    fn scaled_trace(&self) -> (f64, i32) {
        let most = self.scaled.iter().map(|(_, exponent)| *exponent).max().unwrap_or(0);
        (numeric::sum(self.scaled.iter().map(|(x, exponent)| libm::ldexp(*x, exponent - most))), most)
    }
}

/// Which policy a quantity belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The policy that acted, `μ`.
    Behaviour,
    /// The policy whose gradient is wanted, `π`.
    Target,
}

/// Exact answers about a target policy and the data of a behaviour policy.
#[derive(Debug)]
pub struct OffPolicy {
    behaviour: Oracle,
    target: Oracle,
    mixed: Oracle,
}

impl OffPolicy {
    /// The oracle of data from `behaviour` for the gradient of `target` in `mdp`.
    ///
    /// # Errors
    /// [`OffPolicyError`] if a policy does not fit the world or the behaviour policy lacks support where the target has
    /// some, in a state that it can reach.
    pub fn new<B: Policy, P: Policy>(mdp: &TabularMdp, behaviour: &B, target: &P) -> Result<Self, OffPolicyError> {
        let (old, new) = (Oracle::of_mdp(mdp, behaviour)?, Oracle::of_mdp(mdp, target)?);
        let table = PolicyTable::mixed(old.policy_table(), new.policy_table());
        let mixed = Oracle::of_table(Model::of_mdp(mdp), table)?;
        let off = Self { behaviour: old, target: new, mixed };
        off.check_support()?;
        Ok(off)
    }

    fn check_support(&self) -> Result<(), OffPolicyError> {
        let (model, occupancy) = (self.model(), self.behaviour.occupancy());
        for time in 0..model.horizon {
            for state in (0..model.states()).filter(|s| occupancy[time * model.states() + s] > 0.0) {
                let o = model.observation[state];
                let old = self.behaviour.policy_table().probabilities(time, o);
                for (action, &probability) in self.target.policy_table().probabilities(time, o).iter().enumerate() {
                    if probability > 0.0 && old[action] <= 0.0 {
                        return Err(OffPolicyError::Support { time, state, action, probability });
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn model(&self) -> &Model {
        self.target.model()
    }

    /// The oracle of the policy that acted.
    pub fn behaviour(&self) -> &Oracle {
        &self.behaviour
    }

    /// The oracle of the policy whose gradient is wanted.
    pub fn target(&self) -> &Oracle {
        &self.target
    }

    /// The oracle of the estimators with per-timestep weights: its scores are `ρ_t ψ_t`, its trajectories those of the
    /// behaviour policy, its gradient `Σ_t γ^t Σ_s d^μ_t(s) Σ_a ∇π(a|s) Q^μ_t(s, a)` what they estimate, and its floor the
    /// least variance that a time-and-state baseline gives them.
    pub fn per_timestep(&self) -> &Oracle {
        &self.mixed
    }

    /// `Σ_t γ^t Σ_s d_t(s) Σ_a ∇π(a|s) Q_t(s, a)` with the occupancy and the values of either policy. Both of the target
    /// give `∇J(π)`; both of the behaviour policy what per-timestep weights estimate; the occupancy of the target with
    /// the values of the behaviour policy what they estimate once the ratio `d^π_t/d^μ_t` is put in.
    pub fn gradient_of(&self, occupancy: Whose, values: Whose) -> Vec<f64> {
        let oracle = |whose: Whose| match whose {
            Whose::Behaviour => &self.behaviour,
            Whose::Target => &self.target,
        };
        let occupancy = oracle(occupancy).occupancy();
        values::weighted_gradient(self.model(), self.target.policy_table(), oracle(values).values(), &occupancy).0
    }

    /// Divergences of the target from the behaviour policy at each time and state, `[T][S]`: `forward` is `KL(μ ‖ π)`.
    pub fn divergences(&self) -> Vec<Divergence> {
        divergences(&self.behaviour, self.target.policy_table())
    }

    /// `KL(μ ‖ π)` between the trajectory distributions, in nats: `Σ_t Σ_s d^μ_t(s) KL(μ_t(·|s) ‖ π_t(·|s))`.
    pub fn divergence(&self) -> f64 {
        let occupancy = self.behaviour.occupancy();
        numeric::sum(self.divergences().iter().zip(&occupancy).filter(|(_, d)| **d > 0.0).map(|(x, d)| d * x.forward))
    }

    /// `KL(π ‖ μ)` between the trajectory distributions, in nats.
    pub fn reverse_divergence(&self) -> f64 {
        let occupancy = self.target.occupancy();
        numeric::sum(self.divergences().iter().zip(&occupancy).filter(|(_, d)| **d > 0.0).map(|(x, d)| d * x.reverse))
    }

    /// What trajectory weights do at each horizon `T = 1, 2, …` up to the world's: one forward pass for all of them.
    pub fn weighted_returns(&self) -> Vec<WeightedReturn> {
        weighted_return::by_horizon(self)
    }

    pub(super) fn ratio(&self, t: usize, s: usize, o: &Outcome) -> f64 {
        let (observation, a) = (self.model().observation[s], o.action as usize);
        self.target.policy_table().probabilities(t, observation)[a]
            / self.behaviour.policy_table().probabilities(t, observation)[a]
    }

    /// `∂ log π_t(a|s)/∂θ_k`.
    pub(super) fn score(&self, t: usize, s: usize, action: usize, parameter: u32) -> f64 {
        self.target.policy_table().score(t, self.model().observation[s], action, parameter)
    }

    /// Exact mean and variance of a weighted estimator. For trajectory, per-decision and ignored weights a baseline is none,
    /// a constant, a table, the target's values, or (per decision) the optimum; per-timestep weights take the whole catalogue,
    /// state values being the behaviour policy's.
    ///
    /// # Errors
    /// [`UnsupportedForm`] for other combinations, or a table that does not fit.
    pub fn moments(&self, weighting: Weighting, form: &Form) -> Result<WeightedMoments, UnsupportedForm> {
        if weighting == Weighting::PerTimestep {
            let moments = self.mixed.moments(form)?;
            let scaled = moments.variance.into_iter().map(|variance| (variance, 0)).collect();
            return Ok(WeightedMoments { mean: moments.mean, scaled });
        }
        self.target.check(form)?;
        let baseline = self.baseline(weighting, form)?;
        let kappa = if form.discounted_steps { self.model().discount } else { 1.0 };
        let ratio = |t: usize, s: usize, o: &Outcome| self.ratio(t, s, o);
        let one = |_: usize, _: usize, _: &Outcome| 1.0;
        let laws: Vec<(f64, f64, i32)> = (0..self.target.parameters() as u32)
            .into_par_iter()
            .map(|k| match (weighting, form.returns) {
                (Weighting::PerDecision, _) => self.per_decision(ratio, k, kappa, &baseline),
                (Weighting::Ignored, Returns::ToGo) => self.per_decision(one, k, kappa, &baseline),
                (Weighting::Ignored, Returns::Total) => self.trajectory_total(one, k, baseline[0]),
                (_, Returns::Total) => self.trajectory_total(ratio, k, baseline[0]),
                _ => self.trajectory_to_go(k, kappa, &baseline),
            })
            .collect();
        let scaled = laws.iter().map(|(_, variance, exponent)| (*variance, *exponent)).collect();
        Ok(WeightedMoments { mean: laws.iter().map(|law| law.0).collect(), scaled })
    }

    /// The baseline as a table `[T][S]`.
    fn baseline(&self, weighting: Weighting, form: &Form) -> Result<Vec<f64>, UnsupportedForm> {
        let (horizon, states) = (self.model().horizon, self.model().states());
        if weighting == Weighting::PerDecision && form.returns == Returns::Total {
            return Err(UnsupportedForm::PerDecisionTotal);
        }
        match &form.baseline {
            Baseline::None => Ok(vec![0.0; horizon * states]),
            Baseline::Constant(b) => Ok(vec![*b; horizon * states]),
            Baseline::TimeAndState(table) => Ok(table.clone()),
            Baseline::StateValue => {
                Ok((0..horizon * states).map(|i| self.target.value(i / states, i % states)).collect())
            }
            Baseline::Optimal if weighting == Weighting::PerDecision => Ok(self.per_decision_baseline()),
            _ => Err(UnsupportedForm::Weighted),
        }
    }

    /// `(G, g)` with every row but the constant multiplied by the ratio: `G = ρ (r + γ G')`,
    /// `g = ρ (ψ (r + γ G' − b) + κ g')`.
    fn per_decision(
        &self,
        ratio: impl Fn(usize, usize, &Outcome) -> f64,
        k: u32,
        kappa: f64,
        baseline: &[f64],
    ) -> (f64, f64, i32) {
        let (gamma, states) = (self.model().discount, self.model().states());
        let law = affine::propagate(self.model(), self.behaviour.policy_table(), [0.0; 2], |t, s, o| {
            let (rho, psi) = (ratio(t, s, o), self.score(t, s, o.action as usize, k));
            Step {
                matrix: [[rho * gamma, 0.0], [rho * psi * gamma, rho * kappa]],
                constant: [rho * o.reward, rho * psi * (o.reward - baseline[t * states + s])],
            }
        });
        (law.mean, law.variance, law.exponent)
    }

    /// `(W, W G, W g)`: the recursion of reward-to-go, all of it multiplied by the ratio.
    fn trajectory_to_go(&self, k: u32, kappa: f64, baseline: &[f64]) -> (f64, f64, i32) {
        let (gamma, states) = (self.model().discount, self.model().states());
        let law = affine::propagate(self.model(), self.behaviour.policy_table(), [1.0, 0.0, 0.0], |t, s, o| {
            let (rho, psi) = (self.ratio(t, s, o), self.score(t, s, o.action as usize, k));
            let r = o.reward;
            Step {
                matrix: [
                    [rho, 0.0, 0.0],
                    [rho * r, rho * gamma, 0.0],
                    [rho * psi * (r - baseline[t * states + s]), rho * psi * gamma, rho * kappa],
                ],
                constant: [0.0; 3],
            }
        });
        (law.mean, law.variance, law.exponent)
    }

    /// `(W, W G, W S, W S (G − b))` with `S = ψ + S'`: the total return.
    fn trajectory_total(
        &self,
        ratio: impl Fn(usize, usize, &Outcome) -> f64,
        k: u32,
        baseline: f64,
    ) -> (f64, f64, i32) {
        let gamma = self.model().discount;
        let law = affine::propagate(self.model(), self.behaviour.policy_table(), [1.0, 0.0, 0.0, 0.0], |t, s, o| {
            let (rho, psi) = (ratio(t, s, o), self.score(t, s, o.action as usize, k));
            // The constant is subtracted from the first reward.
            let r = if t == 0 { o.reward - baseline } else { o.reward };
            Step {
                matrix: [
                    [rho, 0.0, 0.0, 0.0],
                    [rho * r, rho * gamma, 0.0, 0.0],
                    [rho * psi, 0.0, rho, 0.0],
                    [rho * psi * r, rho * psi * gamma, rho * r, rho * gamma],
                ],
                constant: [0.0; 4],
            }
        });
        (law.mean, law.variance, law.exponent)
    }

    /// The baseline `b*_t(s)` with the least total variance of the per-decision estimator, `[T][S]`, zero where the state
    /// cannot be reached.
    ///
    /// The trace is quadratic in `b` with a diagonal Hessian, because `E[ρ_t ψ_t | past] = 0` makes terms of different
    /// times uncorrelated. With `Z_t(s) = E_μ[W²_{t−1}; s_t = s]`, `Y_t(s) = E_μ[W²_{t−1} Σ_{u<t} ψ_u; s_t = s]` and all
    /// sums over actions under `π²/μ`,
    ///
    /// `b* = { Σ‖ψ‖² Q + γ Σ ψ·Σ P ∇V_{t+1} + (Y/Z)·Σ ψ Q } / Σ‖ψ‖²`.
    pub fn per_decision_baseline(&self) -> Vec<f64> {
        per_decision::optimal_baseline(self)
    }
}
