//! Moments of vectors that obey a backward affine recursion `y_t = A y_{t+1} + c` along the steps of a world.
//!
//! Means and covariances given the state follow from those of the next step by the laws of total expectation and
//! covariance. Products of importance ratios let covariances grow without bound while means stay: so a layer of
//! covariances shares a power of two, and a horizon of thousands neither overflows nor loses a digit.

use super::model::{Model, Outcome};
use super::policy_table::PolicyTable;

/// What a step does to the vector of the next.
pub(super) struct Step<const M: usize> {
    /// `A`.
    pub(super) matrix: [[f64; M]; M],
    /// `c`.
    pub(super) constant: [f64; M],
}

/// Mean and covariance of the vector over the first state.
pub(super) struct Law<const M: usize> {
    pub(super) mean: [f64; M],
    /// The covariance divided by `2^exponent`.
    pub(super) covariance: [[f64; M]; M],
    pub(super) exponent: i32,
}

/// A layer is scaled down once an entry is above this.
const LARGE: f64 = 1e200;
const SHIFT: i32 = 600;

/// Runs the recursion over a world whose actions are drawn by `behaviour`. `end` is the vector after the last step.
pub(super) fn propagate<const M: usize>(
    model: &Model,
    behaviour: &PolicyTable,
    end: [f64; M],
    step: impl Fn(usize, usize, &Outcome) -> Step<M>,
) -> Law<M> {
    let states = model.states();
    let none = [[0.0; M]; M];
    let mut next: Vec<([f64; M], [[f64; M]; M])> = vec![(end, none); states];
    let mut exponent = 0;
    let mut parts: Vec<(f64, [f64; M])> = Vec::new();
    for t in (0..model.horizon).rev() {
        let unit = libm::ldexp(1.0, -exponent);
        let mut largest = 0.0_f64;
        let layer: Vec<_> = (0..states)
            .map(|s| {
                let probabilities = behaviour.probabilities(t, model.observation[s]);
                parts.clear();
                let mut law = ([0.0; M], none);
                for o in model.outcomes(s) {
                    let p = probabilities[o.action as usize] * o.probability;
                    if p <= 0.0 {
                        continue;
                    }
                    let Step { matrix, constant } = step(t, s, o);
                    let ended = o.terminated;
                    let after = if ended { &end } else { &next[o.next as usize].0 };
                    let mut mean = constant;
                    for i in 0..M {
                        for j in 0..M {
                            mean[i] += matrix[i][j] * after[j];
                        }
                        law.0[i] += p * mean[i];
                    }
                    parts.push((p, mean));
                    if !ended {
                        add_image(&mut law.1, p, &matrix, &next[o.next as usize].1);
                    }
                }
                add_spread(&mut law, &parts, unit);
                law.1.iter().flatten().for_each(|x| largest = largest.max(x.abs()));
                law
            })
            .collect();
        next = layer;
        if largest > LARGE {
            let down = libm::ldexp(1.0, -SHIFT);
            next.iter_mut().flat_map(|(_, covariance)| covariance.iter_mut().flatten()).for_each(|x| *x *= down);
            exponent += SHIFT;
        }
    }
    let mut law = ([0.0; M], none);
    parts.clear();
    for (s, &p) in model.initial.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        let (mean, covariance) = &next[s];
        for i in 0..M {
            law.0[i] += p * mean[i];
            for j in 0..M {
                law.1[i][j] += p * covariance[i][j];
            }
        }
        parts.push((p, *mean));
    }
    add_spread(&mut law, &parts, libm::ldexp(1.0, -exponent));
    Law { mean: law.0, covariance: law.1, exponent }
}

/// Adds `p A C Aᵀ`.
#[inline]
fn add_image<const M: usize>(sum: &mut [[f64; M]; M], p: f64, a: &[[f64; M]; M], c: &[[f64; M]; M]) {
    for i in 0..M {
        let mut row = [0.0; M];
        for k in 0..M {
            for j in 0..M {
                row[j] += a[i][k] * c[k][j];
            }
        }
        for j in 0..M {
            for k in 0..M {
                sum[i][j] += p * (row[k] * a[j][k]);
            }
        }
    }
}

/// Adds the covariance of the conditional means, in units of the layer.
#[inline]
fn add_spread<const M: usize>(law: &mut ([f64; M], [[f64; M]; M]), parts: &[(f64, [f64; M])], unit: f64) {
    for (p, mean) in parts {
        for i in 0..M {
            for j in 0..M {
                law.1[i][j] += p * (mean[i] - law.0[i]) * (mean[j] - law.0[j]) * unit;
            }
        }
    }
}
