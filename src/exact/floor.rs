//! The least variance that a time-and-state baseline can reach, in closed form.

use super::component::{Component, Components};
use super::model::Model;
use super::policy_table::PolicyTable;
use super::values::{Values, occupancy};

/// The floor of the class *reward-to-go with a time-and-state baseline*: no choice of `b_t(s)` gives
/// `Σ_t γ^t ψ_t (G_t − b_t(s_t))` a smaller total variance.
///
/// All-action, history-dependent and corrected action-dependent forms are outside the class and can go lower.
#[derive(Clone, Debug, PartialEq)]
pub struct Floor {
    /// The trace of the covariance at the optimal baseline, for one trajectory.
    pub trace: f64,
    /// The optimal baseline `b*_t(s)`, `[T][S]`; `None` where the state cannot be reached at that time. Where the
    /// policy has no score (one action, or a policy without freedom) every baseline is optimal and `V_t(s)` is given.
    pub baseline: Vec<Vec<Option<f64>>>,
}

/// `V_t(s) − b*_t(s)`, `[T][S]`, zero where the state cannot be reached.
///
/// The trace is quadratic in `b` with a diagonal Hessian, because later scores have mean zero given the past; so
///
/// `b*_t(s) = { Σ_a π‖ψ‖² Q_t + γ Σ_a π ψ·Σ_{s'} P ∇V_{t+1}(s') + (Σ_a ∇π Q_t)·∇log d_t(s) } / Σ_a π‖ψ‖²`
///
/// and with `A = Q − V` in place of `Q` the same expression is `b* − V`. One backward and one forward pass a
/// component. `tick` is called once a step.
pub(super) fn excess(
    model: &Model,
    policy: &PolicyTable,
    values: &Values,
    components: &Components,
    tick: &(dyn Fn() + Sync),
) -> (Vec<f64>, Vec<f64>) {
    let occupancy = occupancy(model, policy);
    let mut excess = vec![0.0; model.horizon * model.states()];
    for component in &components.all {
        let pass = Pass { model, policy, values, components, component, occupancy: &occupancy };
        pass.backward(&mut excess, tick);
        pass.forward(&mut excess, tick);
    }
    (excess, occupancy)
}

struct Pass<'a> {
    model: &'a Model,
    policy: &'a PolicyTable,
    values: &'a Values,
    components: &'a Components,
    component: &'a Component,
    occupancy: &'a [f64],
}

impl Pass<'_> {
    fn width(&self) -> usize {
        self.component.parameters.len()
    }

    fn place_of(&self, parameter: u32) -> usize {
        self.components.parameter_place[parameter as usize]
    }

    /// `Σ_a π‖ψ‖²` at `(t, s)`.
    fn information(&self, t: usize, s: usize) -> f64 {
        let observation = self.model.observation[s];
        let probabilities = self.policy.probabilities(t, observation).iter().enumerate();
        probabilities
            .filter(|(_, p)| **p > 0.0)
            .map(|(a, p)| self.policy.derivatives(t, observation, a).iter().map(|x| x * x).sum::<f64>() / p)
            .sum()
    }

    /// Subtracts the terms of the present and of the future from `V − b*`.
    fn backward(&self, excess: &mut [f64], tick: &(dyn Fn() + Sync)) {
        let (states, width) = (self.component.states.len(), self.width());
        let gamma = self.model.discount;
        let (mut now, mut next) = (vec![0.0; states * width], vec![0.0; states * width]);
        for t in (0..self.model.horizon).rev() {
            std::mem::swap(&mut now, &mut next);
            now.fill(0.0);
            for (place, &s) in self.component.states.iter().enumerate() {
                let observation = self.model.observation[s];
                let probabilities = self.policy.probabilities(t, observation);
                let support = self.policy.support(t, observation);
                let advantages = self.values.advantages(self.model, t, s);
                let row = &mut now[place * width..(place + 1) * width];
                let mut wish = 0.0;
                for (a, advantage) in advantages.iter().enumerate().filter(|(a, _)| probabilities[*a] > 0.0) {
                    let derivatives = self.policy.derivatives(t, observation, a);
                    wish += derivatives.iter().map(|x| x * x).sum::<f64>() / probabilities[a] * advantage;
                    for (&k, derivative) in support.iter().zip(derivatives) {
                        row[self.place_of(k)] += derivative * advantage;
                    }
                }
                if t + 1 < self.model.horizon {
                    for o in self.model.outcomes(s).iter().filter(|o| !o.terminated) {
                        let a = o.action as usize;
                        let after = self.components.state_place[o.next as usize];
                        let after = &next[after * width..(after + 1) * width];
                        let derivatives = self.policy.derivatives(t, observation, a);
                        let slope: f64 =
                            support.iter().zip(derivatives).map(|(&k, x)| x * after[self.place_of(k)]).sum();
                        wish += gamma * o.probability * slope;
                        let weight = gamma * probabilities[a] * o.probability;
                        row.iter_mut().zip(after).for_each(|(x, y)| *x += weight * y);
                    }
                }
                let i = t * self.model.states() + s;
                let information = self.information(t, s);
                if self.occupancy[i] > 0.0 && information > 0.0 {
                    excess[i] -= wish / information;
                }
            }
            tick();
        }
    }

    /// Subtracts the term of the past, `(Σ_a ∇π A)·∇log d / Σ_a π‖ψ‖²`.
    fn forward(&self, excess: &mut [f64], tick: &(dyn Fn() + Sync)) {
        let (states, width) = (self.component.states.len(), self.width());
        let all = self.model.states();
        let (mut now, mut next) = (vec![0.0; states * width], vec![0.0; states * width]);
        for t in 0..self.model.horizon {
            next.fill(0.0);
            for (place, &s) in self.component.states.iter().enumerate() {
                let i = t * all + s;
                if self.occupancy[i] <= 0.0 {
                    continue;
                }
                let observation = self.model.observation[s];
                let probabilities = self.policy.probabilities(t, observation);
                let support = self.policy.support(t, observation);
                let row = &now[place * width..(place + 1) * width];
                let information = self.information(t, s);
                // Below this the quotient ∇d/d has no digits left, and the state no weight.
                if information > 0.0 && self.occupancy[i] > 1e-290 {
                    let mut slope = 0.0;
                    for (a, advantage) in self.values.advantages(self.model, t, s).iter().enumerate() {
                        let derivatives = self.policy.derivatives(t, observation, a);
                        let along = support.iter().zip(derivatives).map(|(&k, x)| x * row[self.place_of(k)]);
                        slope += advantage * along.sum::<f64>();
                    }
                    excess[i] -= slope / self.occupancy[i] / information;
                }
                for o in self.model.outcomes(s).iter().filter(|o| !o.terminated) {
                    let a = o.action as usize;
                    let after = self.components.state_place[o.next as usize];
                    let after = &mut next[after * width..(after + 1) * width];
                    let weight = probabilities[a] * o.probability;
                    after.iter_mut().zip(row).for_each(|(x, y)| *x += weight * y);
                    let flow = self.occupancy[i] * o.probability;
                    for (&k, derivative) in support.iter().zip(self.policy.derivatives(t, observation, a)) {
                        after[self.place_of(k)] += flow * derivative;
                    }
                }
            }
            std::mem::swap(&mut now, &mut next);
            tick();
        }
    }
}
