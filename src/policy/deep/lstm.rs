//! A long short-term memory.

use super::{Memory, Shape, affine, columns, sigmoid};
use crate::autodiff::Variable;

/// The input's weights, those of `h` and the bias, for the gates `i`, `f`, `o` and the candidate side by side; and the last
/// layer. The forget gate's bias begins at 1 (Gers et al. 2000; Jozefowicz et al. 2015).
pub(super) fn shapes(inputs: usize, hidden: usize, outputs: usize, gain: f64) -> Vec<Shape> {
    vec![
        Shape::weights(inputs, 4 * hidden, 1.0),
        Shape::weights(hidden, 4 * hidden, 1.0),
        Shape::row(hidden, 0.0),
        Shape::row(hidden, 1.0),
        Shape::row(2 * hidden, 0.0),
        Shape::weights(hidden, outputs, gain),
        Shape::row(outputs, 0.0),
    ]
}

pub(super) fn step<'t>(p: &[Variable<'t>], input: Variable<'t>, memory: &mut Memory<'t>) -> Variable<'t> {
    let bias = p[2].concatenate(p[3]).concatenate(p[4]);
    let read = affine(input, p[0], bias);
    let before = (memory.pop(), memory.pop());
    let all = before.0.map_or(read, |h| read + h.product(p[1]));
    let (_, width) = p[2].shape();
    let gates = sigmoid(columns(all, 0, 3 * width));
    let candidate = columns(all, 3 * width, width).tanh();
    let written = columns(gates, 0, width) * candidate;
    let cell = before.1.map_or(written, |cell| columns(gates, width, width) * cell + written);
    let h = columns(gates, 2 * width, width) * cell.tanh();
    memory.extend([cell, h]);
    affine(h, p[5], p[6])
}
