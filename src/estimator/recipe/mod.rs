//! Estimators on padded batches, as training code for language models writes them: five stages, each a function of its own,
//! so that algorithms are short lists of stages.
//!
//! credit (what a step is paid) → advantage (less what) → slope (times which ratio, clipped how) → penalty → aggregation
//! (averaged how). What comes out are weights `w` such that `(1/N) Σ_i Σ_t w[i,t] ∇log π(a[i,t] | s[i,t])` is the estimate.

mod advantage;
mod aggregation;
mod credit;
mod named;
mod penalty;
mod slope;

pub use advantage::{
    as_it_is, batch_standardised, best_of_two, greedy, group_centred, group_then_batch, leave_one_out, length_weighted,
    mean_of, scaled_by_signal, standard_deviation, standardised,
};
pub use aggregation::{constant_length, sequence_mean, sequence_sum, token_mean};
pub use credit::{advantages, discounted_to_go, penalised_total, to_go, to_go_less_value, total};
pub use named::{ADVANTAGES, AGGREGATIONS, CREDITS, Named, SLOPES};
pub use penalty::{k1_loss, k2_loss, k3_loss, none};
pub use slope::{
    clipped, clipped_geometric_mean, dual_clipped, ratios, sequence_ratio, single_ratio, truncated_ratio, unweighted,
};

use crate::batch::PaddedBatch;

/// A number for each step, `[N, T]`, from a batch.
pub type Column = fn(&PaddedBatch) -> Vec<f64>;

/// The same from a batch and the column of the stage before.
pub type Stage = fn(&PaddedBatch, &[f64]) -> Vec<f64>;

/// An estimator as a list of stages.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// What each step is paid.
    pub credit: Column,
    /// What is subtracted, and what it is divided by.
    pub advantage: Stage,
    /// The derivative of the surrogate in each `log π`.
    pub slope: Stage,
    /// The same of a penalty, which is added.
    pub penalty: Column,
    /// How steps and sequences are averaged.
    pub aggregation: Stage,
}

impl Recipe {
    /// The weights of a batch, `[N, T]`; 0 in the padding.
    #[must_use]
    pub fn weights(&self, batch: &PaddedBatch) -> Vec<f64> {
        let credit = (self.credit)(batch);
        let slope = (self.slope)(batch, &(self.advantage)(batch, &credit));
        let penalty = (self.penalty)(batch);
        let both: Vec<f64> = slope.iter().zip(penalty).map(|(slope, penalty)| slope + penalty).collect();
        (self.aggregation)(batch, &both)
    }
}

/// A number for each real step, and 0 in the padding.
pub fn column(batch: &PaddedBatch, entry: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let mut column = vec![0.0; batch.len() * batch.steps];
    for i in 0..batch.len() {
        for (t, k) in batch.row(i).enumerate() {
            column[k] = entry(i, t);
        }
    }
    column
}

/// Rows computed one by one, and 0 in the padding.
pub fn by_row(batch: &PaddedBatch, row: impl Fn(usize) -> Vec<f64>) -> Vec<f64> {
    let mut column = vec![0.0; batch.len() * batch.steps];
    for i in 0..batch.len() {
        column[batch.row(i)].copy_from_slice(&row(i));
    }
    column
}

/// The sum of the rewards of each sequence, `[N]`.
#[must_use]
pub fn totals(batch: &PaddedBatch) -> Vec<f64> {
    (0..batch.len()).map(|i| batch.rewards[batch.row(i)].iter().sum()).collect()
}
