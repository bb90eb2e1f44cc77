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
    let mut tilted = [1, 2, 4].map(|power| Forward::new(off.model(), power));
    (0..off.model().horizon)
        .map(|t| {
            let [plain, square, fourth] = tilted.each_mut().map(|forward| forward.step(off, t));
            WeightedReturn {
                log_square: square.log,
                log_fourth: fourth.log,
                // The weights have mean one.
                mean: plain.mean,
                log_square_return: square.log + numeric::ln(square.mean * square.mean + square.variance),
            }
        })
        .collect()
}

/// Trajectories under the law `p W^q`, which is no probability: the logarithm of its mass, and mean and variance of the
/// return under it. Nothing overflows, nothing small is lost beside something large, and no raw second moment cancels.
#[derive(Clone, Copy, Debug)]
struct Tilted {
    log: f64,
    mean: f64,
    variance: f64,
}

impl Tilted {
    const NOTHING: Self = Self { log: f64::NEG_INFINITY, mean: 0.0, variance: 0.0 };

    /// Both together.
    fn with(self, other: Self) -> Self {
        let (large, small) = if self.log >= other.log { (self, other) } else { (other, self) };
        if small.log == f64::NEG_INFINITY {
            return large;
        }
        let part = numeric::exp(small.log - large.log);
        let (own, share) = (1.0 / (1.0 + part), part / (1.0 + part));
        let gap = small.mean - large.mean;
        Self {
            log: large.log + numeric::ln(1.0 + part),
            mean: large.mean + share * gap,
            variance: own * large.variance + share * small.variance + own * share * gap * gap,
        }
    }
}

/// The tilted law at each state, running forward.
struct Forward {
    power: f64,
    alive: Vec<Tilted>,
    ended: Tilted,
}

impl Forward {
    fn new(model: &Model, power: i32) -> Self {
        let start = |p: &f64| Tilted { log: numeric::ln(*p), ..Tilted::NOTHING };
        let alive = model.initial.iter().map(start).collect();
        Self { power: f64::from(power), alive, ended: Tilted::NOTHING }
    }

    /// Takes step `t` and returns the law over all states.
    fn step(&mut self, off: &OffPolicy, t: usize) -> Tilted {
        let model = off.model();
        let discount = numeric::power(model.discount, t);
        let mut next = vec![Tilted::NOTHING; self.alive.len()];
        for (s, here) in self.alive.iter().enumerate().filter(|(_, here)| here.log > f64::NEG_INFINITY) {
            let probabilities = off.behaviour().policy_table().probabilities(t, model.observation[s]);
            for o in model.outcomes(s) {
                let p = probabilities[o.action as usize] * o.probability;
                let ratio = off.ratio(t, s, o);
                if p <= 0.0 || ratio <= 0.0 {
                    continue;
                }
                let log = here.log + numeric::ln(p) + self.power * numeric::ln(ratio);
                let after = Tilted { log, mean: here.mean + discount * o.reward, variance: here.variance };
                let target = if o.terminated { &mut self.ended } else { &mut next[o.next as usize] };
                *target = target.with(after);
            }
        }
        self.alive = next;
        self.alive.iter().fold(self.ended, |sum, here| sum.with(*here))
    }
}
