//! Losses as training code writes them, on a reverse-mode tape: log-probabilities of a table's steps, and what is built
//! of them.

use super::world::World;
use crate::autodiff::{Tape, Variable};
use crate::batch::Batch;
use crate::numeric::Matrix;
use crate::policy::Policy;

/// `log π(a_t|s_t)` of every step of a batch, trajectory by trajectory without padding, as a column; `theta` holds the
/// logits, `[O][A]`.
pub(super) fn log_probs<'t>(theta: Variable<'t>, batch: &Batch) -> Variable<'t> {
    let columns = theta.value().columns();
    let steps = |of: fn(&Batch, usize) -> &[u32]| -> Vec<usize> {
        (0..batch.len()).flat_map(|i| of(batch, i).iter().map(|x| *x as usize)).collect()
    };
    let (observations, actions) = (steps(Batch::observations), steps(Batch::actions));
    let places = observations.iter().flat_map(|o| o * columns..(o + 1) * columns).collect();
    theta.pick(observations.len(), columns, places).log_softmax().gather(&actions)
}

/// The derivative, with respect to a table's logits, of a scalar built of them and of the log-probabilities of a batch.
pub(super) fn loss_gradient(
    world: &World,
    batch: &Batch,
    loss: impl for<'t> Fn(Variable<'t>, Variable<'t>) -> Variable<'t>,
) -> Vec<f64> {
    let theta = world.policy.parameters();
    let (observations, actions) = (world.policy.observations(), world.policy.actions());
    assert_eq!(theta.len(), observations * actions, "a plain table");
    let tape = Tape::new();
    let theta = tape.parameter(Matrix::of(observations, actions, theta.to_vec()));
    let gradients = loss(theta, log_probs(theta, batch)).backward();
    gradients.of(theta).entries().to_vec()
}

/// A column of data beside a variable.
pub(super) fn column(beside: Variable<'_>, entries: Vec<f64>) -> Variable<'_> {
    beside.tape().constant(Matrix::of(entries.len(), 1, entries))
}
