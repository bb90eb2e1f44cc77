//! Rules that turn a gradient into a step.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::numeric::simd::Level;
use crate::numeric::{Matrix, power};

/// A rule for steps downhill; rates are those at the start of a run that lets them fall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Optimiser {
    /// `θ ← θ − α g`.
    Sgd {
        /// The step size `α`.
        rate: f64,
    },
    /// Adam (Kingma & Ba 2015, algorithm 1), with `β₁` = 0.9 and `β₂` = 0.999.
    Adam {
        /// The step size `α`.
        rate: f64,
        /// What is added to the root of the second moment.
        #[serde(default = "customary")]
        epsilon: f64,
    },
}

/// Kingma & Ba's `ε`.
fn customary() -> f64 {
    1e-8
}

/// How fast Adam's first moment forgets.
const FIRST: f64 = 0.9;
/// How fast its second moment forgets.
const SECOND: f64 = 0.999;

/// What an optimiser remembers of the gradients before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    steps: usize,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Optimiser {
    /// The step size `α`.
    #[must_use]
    pub fn rate(&self) -> f64 {
        match self {
            Self::Sgd { rate } | Self::Adam { rate, .. } => *rate,
        }
    }

    /// Moves `parameters` against `gradients`, with `share` of the rate.
    pub fn step(&self, share: f64, moments: &mut Moments, parameters: &mut [Matrix], gradients: &[Matrix]) {
        let pairs = parameters.iter_mut().map(Matrix::entries_mut).zip(gradients.iter().map(Matrix::entries));
        moments.steps += 1;
        match *self {
            Self::Sgd { rate } => {
                for (numbers, slopes) in pairs {
                    numbers.iter_mut().zip(slopes).for_each(|(x, g)| *x -= share * rate * g);
                }
            }
            Self::Adam { rate, epsilon } => {
                let count = gradients.iter().map(|g| g.entries().len()).sum();
                moments.first.resize(count, 0.0);
                moments.second.resize(count, 0.0);
                let correct = |decay: f64| 1.0 - power(decay, moments.steps);
                let adam = Adam { rate: share * rate, epsilon, first: correct(FIRST), second: correct(SECOND) };
                let (mut first, mut second) = (&mut moments.first[..], &mut moments.second[..]);
                for (numbers, slopes) in pairs {
                    let (own_first, own_second);
                    (own_first, first) = first.split_at_mut(slopes.len());
                    (own_second, second) = second.split_at_mut(slopes.len());
                    adam.step(numbers, slopes, own_first, own_second);
                }
            }
        }
    }
}

/// A step of Adam: the step size, and what the moments are divided by because they began at zero.
#[derive(Clone, Copy)]
struct Adam {
    rate: f64,
    epsilon: f64,
    first: f64,
    second: f64,
}

/// Threads share out parameters in blocks of this many.
const BLOCK: usize = 1 << 14;

impl Adam {
    fn step(self, numbers: &mut [f64], slopes: &[f64], first: &mut [f64], second: &mut [f64]) {
        if numbers.len() < 2 * BLOCK {
            self.block(numbers, slopes, first, second);
            return;
        }
        let moments = first.par_chunks_mut(BLOCK).zip(second.par_chunks_mut(BLOCK));
        let all = numbers.par_chunks_mut(BLOCK).zip(slopes.par_chunks(BLOCK)).zip(moments);
        all.for_each(|((numbers, slopes), (first, second))| self.block(numbers, slopes, first, second));
    }

    fn block(self, numbers: &mut [f64], slopes: &[f64], first: &mut [f64], second: &mut [f64]) {
        Level::best().run(
            #[inline(always)]
            || {
                for ((x, g), (m, v)) in numbers.iter_mut().zip(slopes).zip(first.iter_mut().zip(second)) {
                    *m = FIRST * *m + (1.0 - FIRST) * g;
                    *v = SECOND * *v + (1.0 - SECOND) * g * g;
                    *x -= self.rate * (*m / self.first) / ((*v / self.second).sqrt() + self.epsilon);
                }
            },
        );
    }
}

/// Shrinks gradients whose Euclidean norm, all together, is above `most`; returns the norm before.
pub(super) fn limit_norm(gradients: &mut [Matrix], most: f64) -> f64 {
    let squares: f64 = gradients.iter().flat_map(Matrix::entries).map(|g| g * g).sum();
    let norm = squares.sqrt();
    if norm > most {
        let factor = most / norm;
        gradients.iter_mut().flat_map(Matrix::entries_mut).for_each(|g| *g *= factor);
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    // Two steps by hand, with the formulas of Kingma & Ba's algorithm 1.
    #[test]
    fn adam_takes_the_steps_of_its_paper() {
        let adam = Optimiser::Adam { rate: 0.1, epsilon: 1e-8 };
        let (mut moments, mut x) = (Moments::default(), [Matrix::of(1, 1, vec![1.0])]);
        adam.step(1.0, &mut moments, &mut x, &[Matrix::of(1, 1, vec![4.0])]);
        assert!((x[0][(0, 0)] - 0.9).abs() < 1e-9, "the first step has the length of the rate");
        adam.step(1.0, &mut moments, &mut x, &[Matrix::of(1, 1, vec![-2.0])]);
        let (m, v): (f64, f64) =
            ((0.9 * 0.4 - 0.1 * 2.0) / 0.19, (0.999 * 0.016 + 0.001 * 4.0) / (1.0 - 0.999 * 0.999));
        assert!((x[0][(0, 0)] - (0.9 - 0.1 * m / v.sqrt())).abs() < 1e-9);
    }

    #[test]
    fn descent_goes_against_the_gradient_by_the_share_of_its_rate() {
        let mut x = [Matrix::of(1, 2, vec![1.0, 2.0])];
        Optimiser::Sgd { rate: 0.5 }.step(0.5, &mut Moments::default(), &mut x, &[Matrix::of(1, 2, vec![4.0, -4.0])]);
        assert_eq!(x[0].entries(), [0.0, 3.0]);
    }

    #[test]
    fn a_long_gradient_is_shortened_and_a_short_one_left_alone() {
        let mut gradients = [Matrix::of(1, 1, vec![3.0]), Matrix::of(1, 1, vec![4.0])];
        assert_eq!(limit_norm(&mut gradients, 10.0), 5.0);
        assert_eq!(gradients[1].entries(), [4.0]);
        limit_norm(&mut gradients, 1.0);
        assert!((gradients[0][(0, 0)] - 0.6).abs() < 1e-15 && (gradients[1][(0, 0)] - 0.8).abs() < 1e-15);
    }
}
