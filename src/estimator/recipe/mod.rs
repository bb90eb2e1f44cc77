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
pub(crate) use credit::advantages_at;
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
    /// How sequences that were rejected are left out.
    pub rejection: fn(&Self, &PaddedBatch) -> Vec<f64>,
}

impl Recipe {
    /// The weights of a batch, `[N, T]`; 0 in the padding and for what was rejected.
    #[must_use]
    pub fn weights(&self, batch: &PaddedBatch) -> Vec<f64> {
        if batch.rejected.contains(&true) { (self.rejection)(self, batch) } else { self.stages(batch) }
    }

    /// The stages, one after the other, whatever was rejected.
    #[must_use]
    pub fn stages(&self, batch: &PaddedBatch) -> Vec<f64> {
        let credit = (self.credit)(batch);
        let slope = (self.slope)(batch, &(self.advantage)(batch, &credit));
        let penalty = (self.penalty)(batch);
        let both: Vec<f64> = slope.iter().zip(penalty).map(|(slope, penalty)| slope + penalty).collect();
        (self.aggregation)(batch, &both)
    }
}

/// The weights as if what was rejected had never been drawn.
#[must_use]
pub fn left_out(recipe: &Recipe, batch: &PaddedBatch) -> Vec<f64> {
    among_all(batch, &recipe.stages(&batch.without_rejected()))
}

/// The weights of the accepted sequences in the places that they have among all, where the mean is over all.
#[must_use]
pub fn among_all(batch: &PaddedBatch, accepted: &[f64]) -> Vec<f64> {
    let factor = batch.whole.sequences as f64 / batch.whole.accepted as f64;
    let mut weights = vec![0.0; batch.len() * batch.steps];
    for (i, row) in batch.accepted().zip(accepted.chunks(batch.steps)) {
        weights[i * batch.steps..(i + 1) * batch.steps].iter_mut().zip(row).for_each(|(w, x)| *w = factor * x);
    }
    weights
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
