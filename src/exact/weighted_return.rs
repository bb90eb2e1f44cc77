//! Moments of importance-weighted returns at every horizon, in one forward pass.

use super::model::Model;
use super::off_policy::OffPolicy;
use crate::numeric;

/// What importance sampling makes of the first `T` steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedReturn {
    /// `ln E[W²]`: the effective sample size of `N` trajectories is `N` times its negative exponential, and
    /// `Var W = E[W²] − 1`.
    pub log_square: f64,
    /// `ln E[W⁴]`, which rules how well `E[W²]` itself is estimated from samples.
    pub log_fourth: f64,
    /// `E[W R]`, the target's objective at this horizon.
    pub mean: f64,
    /// `ln E[(W R)²]`.
    pub log_square_return: f64,
}

/// The moments at each horizon up to the world's.
pub(super) fn by_horizon(off: &OffPolicy) -> Vec<WeightedReturn> {
    let mut square = Forward::<3>::new(off.model());
    let mut fourth = Forward::<1>::new(off.model());
    let mut plain = Forward::<2>::new(off.model());
    (0..off.model().horizon)
        .map(|t| {
            let discount = numeric::power(off.model().discount, t);
            let [w2, _, wr2] = square.step(off, t, discount, 2);
            let [w4] = fourth.step(off, t, discount, 4);
            let [_, wr] = plain.step(off, t, discount, 1);
            let log = |x: f64, scale: f64| numeric::ln(x) + scale;
            WeightedReturn {
                log_square: log(w2, square.log_scale),
                log_fourth: log(w4, fourth.log_scale),
                mean: wr * numeric::exp(plain.log_scale),
                log_square_return: log(wr2, square.log_scale),
            }
        })
        .collect()
}

/// `E[W^q R^j; s_t = s]` for `j < J`, running forward, scaled by `e^{log_scale}`.
struct Forward<const J: usize> {
    alive: Vec<[f64; J]>,
    ended: [f64; J],
    log_scale: f64,
}

impl<const J: usize> Forward<J> {
    fn new(model: &Model) -> Self {
        let start = |p: &f64| std::array::from_fn(|j| if j == 0 { *p } else { 0.0 });
        Self { alive: model.initial.iter().map(start).collect(), ended: [0.0; J], log_scale: 0.0 }
    }

    /// Takes step `t` and returns the moments over all states, in units of `e^{log_scale}`.
    fn step(&mut self, off: &OffPolicy, t: usize, discount: f64, power: usize) -> [f64; J] {
        let model = off.model();
        let mut next = vec![[0.0; J]; self.alive.len()];
        for (s, moments) in self.alive.iter().enumerate().filter(|(_, moments)| moments[0] != 0.0) {
            let probabilities = off.behaviour().policy_table().probabilities(t, model.observation[s]);
            for o in model.outcomes(s) {
                let p = probabilities[o.action as usize] * o.probability;
                if p <= 0.0 {
                    continue;
                }
                let weight = p * numeric::power(off.ratio(t, s, o), power);
                let after = add_reward(moments, discount * o.reward);
                let target = if o.terminated { &mut self.ended } else { &mut next[o.next as usize] };
                target.iter_mut().zip(after).for_each(|(x, y)| *x += weight * y);
            }
        }
        self.alive = next;
        let mut total = self.ended;
        for moments in &self.alive {
            total.iter_mut().zip(moments).for_each(|(x, y)| *x += y);
        }
        let size = total[0];
        if size > 0.0 {
            self.alive.iter_mut().flatten().chain(&mut self.ended).for_each(|x| *x /= size);
            for x in &mut total {
                *x /= size;
            }
            self.log_scale += numeric::ln(size);
        }
        total
    }
}

/// The moments of `R + r` from those of `R`.
fn add_reward<const J: usize>(moments: &[f64; J], r: f64) -> [f64; J] {
    std::array::from_fn(|j| match j {
        0 => moments[0],
        1 => moments[1] + r * moments[0],
        _ => moments[2] + 2.0 * r * moments[1] + r * r * moments[0],
    })
}
