//! Subjects that recur: estimators as they stand in training code, and wrong ones.

use super::world::World;
use crate::batch::Batch;
use crate::estimator::{GradientEstimator, InBatchMean, LeaveOneOut, Returns, RewardToGo, TotalReturn};
use crate::policy::Policy;

/// V1: the total return on every score.
pub(super) fn v1<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    TotalReturn { discount: 1.0, baseline: 0.0 }.gradient(&world.policy, batch)
}

/// V2: reward-to-go.
pub(super) fn v2<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    RewardToGo { discount: 1.0, baseline: 0.0, discounted_steps: true }.gradient(&world.policy, batch)
}

/// V1 with a baseline.
pub(super) fn v1_less<P: Policy>(world: &World<P>, batch: &Batch, baseline: f64) -> Vec<f64> {
    TotalReturn { discount: 1.0, baseline }.gradient(&world.policy, batch)
}

/// V3: reward-to-go with a constant baseline.
pub(super) fn v3<P: Policy>(world: &World<P>, batch: &Batch, baseline: f64) -> Vec<f64> {
    RewardToGo { discount: 1.0, baseline, discounted_steps: true }.gradient(&world.policy, batch)
}

/// The total return less the batch's mean.
pub(super) fn in_batch_total<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    InBatchMean { discount: 1.0, returns: Returns::Total }.gradient(&world.policy, batch)
}

/// Reward-to-go less the batch's mean total return.
pub(super) fn in_batch_to_go<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    InBatchMean { discount: 1.0, returns: Returns::ToGo }.gradient(&world.policy, batch)
}

/// The total return less the mean of the others.
pub(super) fn leave_one_out<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    LeaveOneOut { discount: 1.0, returns: Returns::Total }.gradient(&world.policy, batch)
}

/// Reward-to-go less the mean total return of the others.
pub(super) fn leave_one_out_to_go<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    LeaveOneOut { discount: 1.0, returns: Returns::ToGo }.gradient(&world.policy, batch)
}

/// Wrong: each score weighted by its own reward alone.
pub(super) fn myopic<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    mean_over(batch, |path| world.weighted(path, |t| path.rewards[t]))
}

/// Wrong: a mean over steps where the sum belongs.
pub(super) fn averaged_over_steps<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    v1(world, batch).iter().map(|x| x / batch.steps() as f64).collect()
}

/// Wrong: gradient descent.
pub(super) fn reversed<P: Policy>(world: &World<P>, batch: &Batch) -> Vec<f64> {
    v1(world, batch).iter().map(|x| -x).collect()
}

/// The mean of a function of a trajectory over a batch.
pub(super) fn mean_over(batch: &Batch, f: impl Fn(&crate::batch::Trajectory) -> Vec<f64>) -> Vec<f64> {
    let mut sums: Vec<f64> = Vec::new();
    for i in 0..batch.len() {
        let value = f(&batch.trajectory(i));
        sums.resize(value.len(), 0.0);
        sums.iter_mut().zip(value).for_each(|(sum, x)| *sum += x);
    }
    sums.iter().map(|sum| sum / batch.len() as f64).collect()
}
