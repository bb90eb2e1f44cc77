//! A subject evaluated once for each batch that can occur, so that sampling it costs no more than drawing.

use thiserror::Error;

use super::LANES;
use super::lanes::LaneBatch;
use super::sampler::{BLOCK, Sampler};
use crate::batch::{Batch, Trajectory};
use crate::numeric::Sum;
use crate::rng::StreamKey;

/// More numbers than are tabulated.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a table of every batch would have more than {most} entries; take a smaller world or batch")]
pub struct TooManyBatches {
    /// The most entries.
    pub most: usize,
}

/// A world's sampler with a subject's value for each ordered batch that can be drawn.
///
/// The draws are those of [`Sampler::moments`], in the same order; only the evaluation is remembered, so a subject must
/// depend on nothing but its batch.
#[derive(Clone, Debug)]
pub struct Tabulated {
    sampler: Sampler,
    /// Codes of one trajectory: the first state, then the outcome of each step, as digits.
    codes: usize,
    size: usize,
    dimension: usize,
    /// `[codes^size][dimension]`.
    values: Vec<f64>,
}

impl Tabulated {
    /// The most entries of a table.
    pub const LIMIT: usize = 1 << 24;

    /// Evaluates `subject` on every batch of `size` trajectories of `sampler`.
    ///
    /// # Errors
    /// [`TooManyBatches`] if the table would be larger than [`Tabulated::LIMIT`].
    ///
    /// # Panics
    /// If `size` is not between 1 and [`BLOCK`], or a value of `subject` is not of length `dimension`.
    pub fn new(
        sampler: Sampler,
        size: usize,
        dimension: usize,
        mut subject: impl FnMut(&Batch) -> Vec<f64>,
    ) -> Result<Self, TooManyBatches> {
        Self::of(sampler, size, dimension, &mut subject)
    }

    /// Compiled once, not for each of hundreds of subjects.
    fn of(
        sampler: Sampler,
        size: usize,
        dimension: usize,
        subject: &mut dyn FnMut(&Batch) -> Vec<f64>,
    ) -> Result<Self, TooManyBatches> {
        assert!((1..=BLOCK).contains(&size), "a batch has between 1 and {BLOCK} trajectories");
        let steps = u32::try_from(sampler.horizon).unwrap_or(u32::MAX);
        let codes = sampler.width.checked_pow(steps).and_then(|paths| paths.checked_mul(sampler.states));
        let batches = codes.and_then(|codes| codes.checked_pow(u32::try_from(size).unwrap_or(u32::MAX)));
        let entries = batches.and_then(|batches| batches.checked_mul(dimension));
        let (Some(codes), Some(batches), Some(_)) = (codes, batches, entries.filter(|n| *n <= Self::LIMIT)) else {
            return Err(TooManyBatches { most: Self::LIMIT });
        };
        let trajectories: Vec<Option<Trajectory>> = (0..codes).map(|code| sampler.decode(code)).collect();
        let mut values = Vec::with_capacity(batches * dimension);
        let mut batch = Batch::new(sampler.horizon);
        for index in 0..batches {
            batch.clear();
            let mut rest = index;
            for _ in 0..size {
                if let Some(path) = &trajectories[rest % codes] {
                    batch.push(path, 0);
                }
                rest /= codes;
            }
            if batch.len() == size {
                let value = subject(&batch);
                assert_eq!(value.len(), dimension, "a subject's vectors have one length");
                values.extend(value);
            } else {
                // A batch that no draw reaches.
                values.resize(values.len() + dimension, f64::NAN);
            }
        }
        Ok(Self { sampler, codes, size, dimension, values })
    }

    /// How many batches a block holds.
    pub fn batches_a_block(&self) -> usize {
        BLOCK / self.size
    }

    /// The mean of the subject over the batches of block `block` under `key`.
    pub fn block_mean(&self, key: &StreamKey, block: usize) -> Vec<f64> {
        let mut sums = vec![Sum::new(); self.dimension];
        let (mut index, mut place, mut members) = (0, 1, 0);
        self.sampler.lane_batches(key, block, self.batches_a_block() * self.size, |lanes, live| {
            let codes = self.sampler.codes(lanes);
            for &code in &codes[..live] {
                index += place * code as usize;
                place *= self.codes;
                members += 1;
                if members == self.size {
                    let value = &self.values[index * self.dimension..][..self.dimension];
                    sums.iter_mut().zip(value).for_each(|(sum, x)| sum.add(*x));
                    (index, place, members) = (0, 1, 0);
                }
            }
        });
        let n = self.batches_a_block() as f64;
        sums.into_iter().map(|sum| sum.value() / n).collect()
    }
}

impl Sampler {
    /// The trajectory of a code, or nothing if it cannot occur.
    fn decode(&self, code: usize) -> Option<Trajectory> {
        let (mut path, end) = (Trajectory::default(), self.states * self.width);
        let mut digits = code;
        let mut table = digits % self.states * self.width;
        digits /= self.states;
        for _ in 0..self.horizon {
            let (local, outcome) = (digits % self.width, table + digits % self.width);
            digits /= self.width;
            if table == end {
                // After the end there is one outcome.
                if local != 0 {
                    return None;
                }
                continue;
            }
            if self.outcomes[outcome].state as usize == self.states {
                return None;
            }
            self.extend(&mut path, outcome);
            table = self.next[outcome] as usize;
        }
        Some(path)
    }

    /// The code of each lane's trajectory.
    fn codes(&self, lanes: &LaneBatch) -> [u32; LANES] {
        let (mut codes, mut place) = ([0; LANES], self.states as u32);
        let width = self.width as u32;
        for (t, row) in lanes.steps().iter().enumerate() {
            for (code, &outcome) in codes.iter_mut().zip(row) {
                if t == 0 {
                    *code = outcome / width;
                }
                *code += place * (outcome % width);
            }
            // Past the last step the place is not used, and may overflow.
            place = place.wrapping_mul(width);
        }
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{TabularMdp, Transition};
    use crate::policy::SoftmaxPolicy;

    /// Two states, one of which may end the episode.
    fn ending() -> Sampler {
        let row = |next: usize, ends: bool, reward: f64| {
            vec![
                Transition { probability: 0.5, next, reward, terminated: false },
                Transition { probability: 0.5, next: 1 - next, reward: -reward, terminated: ends },
            ]
        };
        let rows = vec![vec![row(0, false, 1.0), row(1, true, 2.0)], vec![row(1, true, 3.0), row(0, false, 4.0)]];
        let mdp = TabularMdp::new(3, 1.0, vec![0.25, 0.75], rows).unwrap();
        Sampler::new(&mdp, &SoftmaxPolicy::tabular(2, 2, vec![0.3, -0.2, 0.1, 0.5]).unwrap()).unwrap()
    }

    #[test]
    fn a_remembered_subject_gives_the_moments_of_an_evaluated_one() {
        for size in [1, 2, 3] {
            let subject = |batch: &Batch| {
                let sum: f64 = (0..batch.len()).map(|i| batch.rewards(i).iter().sum::<f64>()).sum();
                let first = batch.rewards(0);
                vec![sum, first[0] * first.len() as f64]
            };
            let (sampler, key) = (ending(), StreamKey::of(0, "tabulated", 0));
            let table = Tabulated::new(sampler.clone(), size, 2, subject).unwrap();
            let batches = table.batches_a_block();
            let direct = sampler.moments(&key, batches, size, 2, subject);
            for (fast, slow) in table.block_mean(&key, 0).iter().zip(direct.mean()) {
                assert!((fast - slow).abs() < 1e-12, "batches of {size}: {fast} and {slow}");
            }
        }
    }

    #[test]
    fn too_many_batches_are_refused() {
        let refused = Tabulated::new(ending(), 6, 1, |_| vec![0.0]).unwrap_err();
        assert_eq!(refused, TooManyBatches { most: Tabulated::LIMIT });
    }
}
