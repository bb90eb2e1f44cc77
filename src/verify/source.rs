//! What can be drawn: observations of a mean, with what is known of them beforehand.

use thiserror::Error;

use crate::batch::Batch;
use crate::environment::TabularMdp;
use crate::exact::{Enumeration, Oracle, TooMany, Unanswerable};
use crate::numeric::Sum;
use crate::policy::Policy;
use crate::rng::{Stream, StreamKey};
use crate::rollout::{BLOCK, Sampler, Tabulated, TooManyBatches, UnsampleableWorld};
use crate::stats::Known;

/// Something that can be drawn.
pub type Sample = Box<dyn Source>;

/// Independent, identically distributed observations of a mean vector, in blocks that each own a stream.
pub trait Source: Send + Sync {
    /// What is known of each component of an observation.
    fn known(&self) -> Vec<Known>;

    /// The exact mean of an observation, where it is known.
    fn mean(&self) -> Option<Vec<f64>>;

    /// The observations of block `block` under `key`, row by row.
    fn block(&self, key: &StreamKey, block: usize) -> Vec<f64>;

    /// How many samples a block draws; an observation may be the mean of many.
    fn samples_a_block(&self) -> u64;

    /// Whether a sample is a whole training run.
    fn draws_runs(&self) -> bool {
        false
    }
}

/// Why something cannot be drawn.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SourceError {
    /// The policy does not fit the world.
    #[error(transparent)]
    Unanswerable(#[from] Unanswerable),
    /// Too many batches to enumerate.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Too many batches to tabulate.
    #[error(transparent)]
    TooManyBatches(#[from] TooManyBatches),
    /// A probability that no draw can have.
    #[error(transparent)]
    Unsampleable(#[from] UnsampleableWorld),
}

/// A subject on batches of a finite world. An observation is its mean over a block; its variance comes from enumerating
/// that very subject, so it is exact for a wrong subject too.
#[derive(Clone, Debug)]
pub struct Batches {
    table: Tabulated,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Batches {
    /// `subject` on batches of `size` trajectories of `policy` in `mdp`.
    ///
    /// # Errors
    /// [`SourceError`] if the policy does not fit, or the batches are too many to be enumerated.
    pub fn new<P: Policy>(
        mdp: &TabularMdp,
        policy: &P,
        size: usize,
        subject: impl Fn(&Batch) -> Vec<f64>,
    ) -> Result<Self, SourceError> {
        Self::of(&Oracle::of_mdp(mdp, policy)?, Sampler::new(mdp, policy)?, size, &subject)
    }

    /// Compiled once, not for each of hundreds of subjects.
    fn of(
        oracle: &Oracle,
        sampler: Sampler,
        size: usize,
        subject: &dyn Fn(&Batch) -> Vec<f64>,
    ) -> Result<Self, SourceError> {
        let exact = Enumeration::of(oracle)?.moments(size, subject)?;
        let table = Tabulated::new(sampler, size, exact.mean.len(), subject)?;
        let batches = table.batches_a_block() as f64;
        let variance = exact.variance().iter().map(|variance| variance / batches).collect();
        Ok(Self { table, mean: exact.mean, variance })
    }
}

impl Source for Batches {
    fn known(&self) -> Vec<Known> {
        self.variance.iter().map(|variance| Known::Variance(*variance)).collect()
    }

    fn mean(&self) -> Option<Vec<f64>> {
        Some(self.mean.clone())
    }

    fn block(&self, key: &StreamKey, block: usize) -> Vec<f64> {
        self.table.block_mean(key, block)
    }

    fn samples_a_block(&self) -> u64 {
        self.table.batches_a_block() as u64
    }
}

/// A subject on batches too many to enumerate, of which only a range is known. An observation is one batch.
pub struct Bounded<F> {
    sampler: Sampler,
    size: usize,
    ranges: Vec<Known>,
    subject: F,
}

impl<F: Fn(&Batch) -> Vec<f64> + Send + Sync> Bounded<F> {
    /// `subject` on batches of `size` trajectories of `policy` in `mdp`; component `k` lies between `low[k]` and
    /// `high[k]`, give or take a relative 1e-12 for rounding.
    ///
    /// # Errors
    /// [`SourceError`] if the policy does not fit.
    ///
    /// # Panics
    /// If the two ends differ in length or `size` is not between 1 and [`BLOCK`]; when drawing, if a value of `subject`
    /// has another length.
    pub fn new<P: Policy>(
        mdp: &TabularMdp,
        policy: &P,
        size: usize,
        (low, high): (&[f64], &[f64]),
        subject: F,
    ) -> Result<Self, SourceError> {
        assert_eq!(low.len(), high.len(), "a range has two ends");
        assert!((1..=BLOCK).contains(&size), "a batch has between 1 and {BLOCK} trajectories");
        let range = |(low, high): (&f64, &f64)| {
            let slack = 1e-12 * low.abs().max(high.abs());
            Known::Range { low: low - slack, high: high + slack }
        };
        let ranges = low.iter().zip(high).map(range).collect();
        Ok(Self { sampler: Sampler::new(mdp, policy)?, size, ranges, subject })
    }
}

impl<F: Fn(&Batch) -> Vec<f64> + Send + Sync> Source for Bounded<F> {
    fn known(&self) -> Vec<Known> {
        self.ranges.clone()
    }

    fn mean(&self) -> Option<Vec<f64>> {
        None
    }

    fn block(&self, key: &StreamKey, block: usize) -> Vec<f64> {
        let mut rows = Vec::new();
        self.sampler.block_batches(key, block, BLOCK / self.size, self.size, |batch| {
            let value = (self.subject)(batch);
            assert_eq!(value.len(), self.ranges.len(), "a value has one entry a range");
            rows.extend(value);
        });
        rows
    }

    fn samples_a_block(&self) -> u64 {
        (BLOCK / self.size) as u64
    }
}

/// Independent runs of something random, such as a training run, of which a range is known. An observation is one run.
pub struct Runs<F> {
    ranges: Vec<Known>,
    run: F,
}

/// The runs of a block: few, so that a clear answer wastes none.
const RUNS: usize = 16;

impl<F: Fn(&mut Stream) -> Vec<f64> + Send + Sync> Runs<F> {
    /// `run` gives one number between `low` and `high` for each entry.
    ///
    /// # Panics
    /// If a value of `run` has not `size` entries, when drawing.
    pub fn new(size: usize, low: f64, high: f64, run: F) -> Self {
        Self { ranges: vec![Known::Range { low, high }; size], run }
    }
}

impl<F: Fn(&mut Stream) -> Vec<f64> + Send + Sync> Source for Runs<F> {
    fn known(&self) -> Vec<Known> {
        self.ranges.clone()
    }

    fn mean(&self) -> Option<Vec<f64>> {
        None
    }

    fn block(&self, key: &StreamKey, block: usize) -> Vec<f64> {
        let mut stream = key.stream(block as u64);
        let mut rows = Vec::with_capacity(RUNS * self.ranges.len());
        for _ in 0..RUNS {
            let value = (self.run)(&mut stream);
            assert_eq!(value.len(), self.ranges.len(), "a value has one entry a range");
            rows.extend(value);
        }
        rows
    }

    fn samples_a_block(&self) -> u64 {
        RUNS as u64
    }

    fn draws_runs(&self) -> bool {
        true
    }
}

/// Draws from a stream, with exact mean and variance from elsewhere. An observation is the mean of a block of 4,096.
pub struct Draws<F> {
    mean: Vec<f64>,
    variance: Vec<f64>,
    draw: F,
}

impl<F: Fn(&mut Stream, &mut [f64]) + Send + Sync> Draws<F> {
    /// Draws by `draw`, which fills a vector; `mean` and `variance` are those of one draw.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn new(mean: Vec<f64>, variance: Vec<f64>, draw: F) -> Self {
        assert_eq!(mean.len(), variance.len(), "a variance for each mean");
        Self { mean, variance, draw }
    }
}

impl<F: Fn(&mut Stream, &mut [f64]) + Send + Sync> Source for Draws<F> {
    fn known(&self) -> Vec<Known> {
        self.variance.iter().map(|variance| Known::Variance(variance / BLOCK as f64)).collect()
    }

    fn mean(&self) -> Option<Vec<f64>> {
        Some(self.mean.clone())
    }

    fn block(&self, key: &StreamKey, block: usize) -> Vec<f64> {
        let mut stream = key.stream(block as u64);
        let (mut sums, mut draw) = (vec![Sum::new(); self.mean.len()], vec![0.0; self.mean.len()]);
        for _ in 0..BLOCK {
            (self.draw)(&mut stream, &mut draw);
            sums.iter_mut().zip(&draw).for_each(|(sum, x)| sum.add(*x));
        }
        sums.into_iter().map(|sum| sum.value() / BLOCK as f64).collect()
    }

    fn samples_a_block(&self) -> u64 {
        BLOCK as u64
    }
}
