//! The optimal baseline of the per-decision estimator, by one backward and one forward pass.

use super::off_policy::OffPolicy;
use crate::numeric::{exp, ln};

/// What the past of a state makes of it: the logarithm of `Z = E_μ[W²; s_t = s]`, and `Y/Z` with
/// `Y = E_μ[W² Σ_{u<t} ψ_u; s_t = s]`. Each state has its own, so that none is lost beside another.
#[derive(Clone, Debug)]
struct Past {
    log: f64,
    scores: Vec<f64>,
}

impl Past {
    /// Adds the past of another state, with a weight and a further score.
    fn add(&mut self, log: f64, past: &Self, support: &[u32], score: &[f64]) {
        let larger = self.log.max(log);
        let (own, share) = (exp(self.log - larger), exp(log - larger));
        let total = own + share;
        self.log = larger + ln(total);
        let (own, share) = (own / total, share / total);
        self.scores.iter_mut().zip(&past.scores).for_each(|(y, x)| *y = own * *y + share * x);
        for (&k, psi) in support.iter().zip(score) {
            self.scores[k as usize] += share * psi;
        }
    }
}

/// See [`OffPolicy::per_decision_baseline`].
pub(super) fn optimal_baseline(off: &OffPolicy) -> Vec<f64> {
    let (model, table) = (off.model(), off.target().policy_table());
    let (states, d, gamma) = (model.states(), off.target().parameters(), model.discount);
    let gradients = value_gradients(off);
    let mut optimum = vec![0.0; model.horizon * states];
    let mut now: Vec<Past> = model.initial.iter().map(|p| Past { log: ln(*p), scores: vec![0.0; d] }).collect();
    for t in 0..model.horizon {
        let mut next = vec![Past { log: f64::NEG_INFINITY, scores: vec![0.0; d] }; states];
        for s in (0..states).filter(|s| now[*s].log > f64::NEG_INFINITY) {
            let observation = model.observation[s];
            let support = table.support(t, observation);
            let past = &now[s];
            let (mut wish, mut information) = (0.0, 0.0);
            let advantages = off.target().values().advantages(model, t, s);
            let tilted = |a: usize| {
                let p = table.probabilities(t, observation)[a];
                if p > 0.0 { p * p / off.behaviour().policy_table().probabilities(t, observation)[a] } else { 0.0 }
            };
            for a in (0..model.actions).filter(|a| tilted(*a) > 0.0) {
                let psi: Vec<f64> = support.iter().map(|&k| off.score(t, s, a, k)).collect();
                let value = off.target().value(t, s) + advantages[a];
                let length: f64 = psi.iter().map(|x| x * x).sum();
                information += tilted(a) * length;
                wish += tilted(a) * length * value;
                let along = support.iter().zip(&psi).map(|(&k, x)| x * past.scores[k as usize]).sum::<f64>();
                wish += tilted(a) * value * along;
            }
            for o in model.outcomes(s).iter().filter(|o| !o.terminated && t + 1 < model.horizon) {
                let a = o.action as usize;
                let weight = tilted(a) * o.probability;
                if weight <= 0.0 {
                    continue;
                }
                let ahead = &gradients[((t + 1) * states + o.next as usize) * d..][..d];
                let psi: Vec<f64> = support.iter().map(|&k| off.score(t, s, a, k)).collect();
                wish += gamma * weight * support.iter().zip(&psi).map(|(&k, x)| x * ahead[k as usize]).sum::<f64>();
                next[o.next as usize].add(past.log + ln(weight), past, support, &psi);
            }
            if information > 0.0 {
                optimum[t * states + s] = wish / information;
            }
        }
        now = next;
    }
    optimum
}

/// `∇V_t(s)` of the target, `[T][S][d]`.
fn value_gradients(off: &OffPolicy) -> Vec<f64> {
    let (model, table, d) = (off.model(), off.target().policy_table(), off.target().parameters());
    let states = model.states();
    let mut out = vec![0.0; model.horizon * states * d];
    for t in (0..model.horizon).rev() {
        for s in 0..states {
            let observation = model.observation[s];
            let mut row = vec![0.0; d];
            for (a, advantage) in off.target().values().advantages(model, t, s).iter().enumerate() {
                for (&k, x) in table.support(t, observation).iter().zip(table.derivatives(t, observation, a)) {
                    row[k as usize] += x * advantage;
                }
            }
            for o in model.outcomes(s).iter().filter(|o| !o.terminated && t + 1 < model.horizon) {
                let p = table.probabilities(t, observation)[o.action as usize] * o.probability;
                let after = &out[((t + 1) * states + o.next as usize) * d..][..d];
                row.iter_mut().zip(after).for_each(|(x, y)| *x += model.discount * p * y);
            }
            out[(t * states + s) * d..][..d].copy_from_slice(&row);
        }
    }
    out
}
