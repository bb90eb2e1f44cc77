//! Dynamic programming: values, occupancy, the objective and its gradient.
//!
//! A large constant in the rewards must not cost digits. So rewards are centred, `r = c + r̃`, and values are kept as
//! `V_t(s) = Ṽ_t(s) + c (L_t − D_t(s))`: `Ṽ` is the value of the centred rewards, `L_t = Σ_{k<T−t} γ^k` the
//! discounted number of steps left, and `D_t(s) ≥ 0` the part of it that termination is expected to take. Where
//! nothing terminates `D` is exactly zero, and differences of values do not contain `c` at all.

use super::model::{Model, Outcome};
use super::policy_table::PolicyTable;
use crate::numeric;

/// Time-indexed values of a policy in a model.
#[derive(Clone, Debug)]
pub(super) struct Values {
    states: usize,
    discount: f64,
    /// `c`, the middle of the range of rewards.
    centre: f64,
    /// `Ṽ_t(s)`, `[T+1][S]`.
    centred: Vec<f64>,
    /// `D_t(s)`, `[T+1][S]`.
    lost: Vec<f64>,
    /// `L_t`, `[T+1]`.
    span: Vec<f64>,
    /// Means of `Ṽ_0` and `D_0` over the first state.
    centred_objective: f64,
    lost_objective: f64,
}

impl Values {
    pub(super) fn of(model: &Model, policy: &PolicyTable) -> Self {
        let (states, horizon, gamma) = (model.states(), model.horizon, model.discount);
        let centre = model.reward_centre();
        let mut span = vec![0.0; horizon + 1];
        for t in (0..horizon).rev() {
            span[t] = 1.0 + gamma * span[t + 1];
        }
        let mut centred = vec![0.0; (horizon + 1) * states];
        let mut lost = vec![0.0; (horizon + 1) * states];
        for t in (0..horizon).rev() {
            for s in 0..states {
                let probabilities = policy.probabilities(t, model.observation[s]);
                let (mut value, mut loss) = (0.0, 0.0);
                for o in model.outcomes(s) {
                    let p = probabilities[o.action as usize] * o.probability;
                    let next = (t + 1) * states + o.next as usize;
                    if o.terminated {
                        value += p * (o.reward - centre);
                        loss += p * (gamma * span[t + 1]);
                    } else {
                        value += p * ((o.reward - centre) + gamma * centred[next]);
                        loss += p * (gamma * lost[next]);
                    }
                }
                centred[t * states + s] = value;
                lost[t * states + s] = loss;
            }
        }
        let mean = |x: &[f64]| numeric::sum(model.initial.iter().zip(x).map(|(p, v)| p * v));
        let (centred_objective, lost_objective) = (mean(&centred[..states]), mean(&lost[..states]));
        Self { states, discount: gamma, centre, centred, lost, span, centred_objective, lost_objective }
    }

    /// `J`, the expected discounted return.
    pub(super) fn objective(&self) -> f64 {
        self.centred_objective + self.centre * (self.span[0] - self.lost_objective)
    }

    /// `V_t(s)`; zero at `t = T`.
    pub(super) fn value(&self, t: usize, s: usize) -> f64 {
        let i = t * self.states + s;
        self.centred[i] + self.centre * (self.span[t] - self.lost[i])
    }

    /// `V_0(s) − J`, without the rounding of two large numbers.
    pub(super) fn initial_excess(&self, s: usize) -> f64 {
        (self.centred[s] - self.centred_objective) + self.centre * (self.lost_objective - self.lost[s])
    }

    /// The temporal-difference error `δ = r + γ V_{t+1}(s') − V_t(s)` of an outcome, by its mean reward.
    pub(super) fn td_error(&self, t: usize, s: usize, o: &Outcome) -> f64 {
        let (now, next) = (t * self.states + s, (t + 1) * self.states + o.next as usize);
        let (value, loss) = if o.terminated { (0.0, self.span[t + 1]) } else { (self.centred[next], self.lost[next]) };
        ((o.reward - self.centre) + self.discount * value - self.centred[now])
            + self.centre * (self.lost[now] - self.discount * loss)
    }

    /// The advantages `A_t(s, a) = Q_t(s, a) − V_t(s)` of state `s`.
    pub(super) fn advantages(&self, model: &Model, t: usize, s: usize) -> Vec<f64> {
        let mut advantages = vec![0.0; model.actions];
        for o in model.outcomes(s) {
            advantages[o.action as usize] += o.probability * self.td_error(t, s, o);
        }
        advantages
    }
}

/// The occupancy `d_t(s) = P(s_t = s, not ended before t)`, `[T][S]`.
pub(super) fn occupancy(model: &Model, policy: &PolicyTable) -> Vec<f64> {
    let states = model.states();
    let mut occupancy = vec![0.0; model.horizon * states];
    occupancy[..states].copy_from_slice(&model.initial);
    for t in 1..model.horizon {
        let (before, now) = occupancy.split_at_mut(t * states);
        let before = &before[(t - 1) * states..];
        for s in (0..states).filter(|&s| before[s] > 0.0) {
            let probabilities = policy.probabilities(t - 1, model.observation[s]);
            for o in model.outcomes(s).iter().filter(|o| !o.terminated) {
                now[o.next as usize] += before[s] * (probabilities[o.action as usize] * o.probability);
            }
        }
    }
    occupancy
}

/// `∇J = Σ_t γ^t Σ_s d_t(s) Σ_a ∇π_t(a|s) A_t(s, a)` (Sutton et al. 2000, theorem 1, with time-indexed values), and its
/// mass `Σ_t γ^t Σ_s d_t(s) Σ_a ‖∇π_t(a|s)‖₁`, the size of what is weighted by advantages.
pub(super) fn gradient(model: &Model, policy: &PolicyTable, values: &Values) -> (Vec<f64>, f64) {
    weighted_gradient(model, policy, values, &occupancy(model, policy))
}

/// The same with an occupancy of its own; occupancy and values may belong to other policies than the derivatives.
pub(super) fn weighted_gradient(
    model: &Model,
    policy: &PolicyTable,
    values: &Values,
    occupancy: &[f64],
) -> (Vec<f64>, f64) {
    let states = model.states();
    let mut gradient = vec![numeric::Sum::new(); policy.parameters()];
    let mut mass = 0.0;
    for t in 0..model.horizon {
        let weight = numeric::power(model.discount, t);
        for s in (0..states).filter(|&s| occupancy[t * states + s] > 0.0) {
            let observation = model.observation[s];
            let visits = weight * occupancy[t * states + s];
            for (a, advantage) in values.advantages(model, t, s).iter().enumerate() {
                let support = policy.support(t, observation).iter();
                for (&k, derivative) in support.zip(policy.derivatives(t, observation, a)) {
                    gradient[k as usize].add(visits * advantage * derivative);
                    mass += visits * derivative.abs();
                }
            }
        }
    }
    (gradient.into_iter().map(numeric::Sum::value).collect(), mass)
}
