//! Moments of vectors that obey a backward affine recursion `y_t = A y_{t+1} + c` along the steps of a world.
//!
//! Means and covariances given the state follow from those of the next step by the laws of total expectation and
//! covariance. Products of importance ratios let covariances grow without bound while means stay: so each state has a
//! power of two of its own, and a horizon of thousands neither overflows nor loses what is small elsewhere.

use super::model::{Model, Outcome};
use super::policy_table::PolicyTable;

/// What a step does to the vector of the next.
pub(super) struct Step<const M: usize> {
    /// `A`.
    pub(super) matrix: [[f64; M]; M],
    /// `c`.
    pub(super) constant: [f64; M],
}

/// Mean and variance of the last entry of the vector over the first state.
pub(super) struct Law {
    pub(super) mean: f64,
    /// The variance divided by `2^exponent`.
    pub(super) variance: f64,
    pub(super) exponent: i32,
}

impl Law {
    /// The variance itself, infinite where it is beyond a double.
    pub(super) fn unscaled_variance(&self) -> f64 {
        libm::ldexp(self.variance, self.exponent)
    }
}

/// A state's covariance is scaled down once an entry is above this.
const LARGE: f64 = 1e200;
const SHIFT: i32 = 600;

/// Mean and scaled covariance of the vector given a state.
#[derive(Clone, Copy)]
struct Given<const M: usize> {
    mean: [f64; M],
    covariance: [[f64; M]; M],
    exponent: i32,
}

/// Runs the recursion over a world whose actions are drawn by `behaviour`. `end` is the vector after the last step.
pub(super) fn propagate<const M: usize>(
    model: &Model,
    behaviour: &PolicyTable,
    end: [f64; M],
    step: impl Fn(usize, usize, &Outcome) -> Step<M>,
) -> Law {
    let last = Given { mean: end, covariance: [[0.0; M]; M], exponent: 0 };
    let mut next = vec![last; model.states()];
    let mut parts: Vec<(f64, Given<M>)> = Vec::new();
    for t in (0..model.horizon).rev() {
        let layer: Vec<_> = (0..model.states())
            .map(|s| {
                let probabilities = behaviour.probabilities(t, model.observation[s]);
                parts.clear();
                for o in model.outcomes(s) {
                    let p = probabilities[o.action as usize] * o.probability;
                    if p > 0.0 {
                        let after = if o.terminated { &last } else { &next[o.next as usize] };
                        parts.push((p, image(&step(t, s, o), after)));
                    }
                }
                mixture(&parts)
            })
            .collect();
        next = layer;
    }
    // Only the last entry is asked for: mixed alone, it is not lost beside the others.
    let alone = |given: &Given<M>| {
        let (mean, variance) = (given.mean[M - 1], given.covariance[M - 1][M - 1]);
        let exponent = if variance == 0.0 { 0 } else { given.exponent };
        Given { mean: [mean], covariance: [[variance]], exponent }
    };
    let started = model.initial.iter().zip(&next).filter(|(p, _)| **p > 0.0);
    let parts: Vec<(f64, Given<1>)> = started.map(|(p, given)| (*p, alone(given))).collect();
    let Given { mean: [mean], covariance: [[variance]], exponent } = mixture(&parts);
    Law { mean, variance, exponent }
}

/// The law of `A y + c`.
#[inline]
fn image<const M: usize>(step: &Step<M>, after: &Given<M>) -> Given<M> {
    let Step { matrix: a, constant } = step;
    let mut image = Given { mean: *constant, covariance: [[0.0; M]; M], exponent: after.exponent };
    for i in 0..M {
        let mut row = [0.0; M];
        for k in 0..M {
            image.mean[i] += a[i][k] * after.mean[k];
            for j in 0..M {
                row[j] += a[i][k] * after.covariance[k][j];
            }
        }
        for j in 0..M {
            for k in 0..M {
                image.covariance[i][j] += row[k] * a[j][k];
            }
        }
    }
    image
}

/// The law of a mixture: covariances average, and the spread of the means adds to them.
#[inline]
fn mixture<const M: usize>(parts: &[(f64, Given<M>)]) -> Given<M> {
    let exponent = parts.iter().map(|(_, part)| part.exponent).max().unwrap_or(0);
    let mut whole = Given { mean: [0.0; M], covariance: [[0.0; M]; M], exponent };
    for (p, part) in parts {
        for i in 0..M {
            whole.mean[i] += p * part.mean[i];
        }
    }
    let unit = libm::ldexp(1.0, -exponent);
    for (p, part) in parts {
        let scale = if part.exponent == exponent { *p } else { p * libm::ldexp(1.0, part.exponent - exponent) };
        for i in 0..M {
            for j in 0..M {
                let spread = (part.mean[i] - whole.mean[i]) * (part.mean[j] - whole.mean[j]);
                whole.covariance[i][j] += scale * part.covariance[i][j] + p * (unit * spread);
            }
        }
    }
    if whole.covariance.iter().flatten().any(|x| x.abs() > LARGE) {
        let down = libm::ldexp(1.0, -SHIFT);
        for x in whole.covariance.iter_mut().flatten() {
            *x *= down;
        }
        whole.exponent += SHIFT;
    }
    whole
}
