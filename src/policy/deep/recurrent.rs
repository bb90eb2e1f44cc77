//! A recurrent network.

use super::{Memory, Shape, affine};
use crate::autodiff::Variable;

/// `W`, `U`, `b`, and the last layer.
pub(super) fn shapes(inputs: usize, hidden: usize, outputs: usize, gain: f64) -> Vec<Shape> {
    vec![
        Shape::weights(inputs, hidden, 1.0),
        Shape::weights(hidden, hidden, 1.0),
        Shape::row(hidden, 0.0),
        Shape::weights(hidden, outputs, gain),
        Shape::row(outputs, 0.0),
    ]
}

pub(super) fn step<'t>(p: &[Variable<'t>], input: Variable<'t>, memory: &mut Memory<'t>) -> Variable<'t> {
    let read = affine(input, p[0], p[2]);
    let hidden = memory.pop().map_or(read, |before| read + before.product(p[1])).tanh();
    memory.push(hidden);
    affine(hidden, p[3], p[4])
}
