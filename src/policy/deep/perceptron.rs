//! Layers one behind the other.

use super::{Shape, Unit, affine};
use crate::autodiff::Variable;

/// For each layer, its weights and its bias.
pub(super) fn shapes(inputs: usize, hidden: &[usize], outputs: usize, gain: f64) -> Vec<Shape> {
    // The usual gains: √2 keeps the variance of rectified units, and is customary for tanh in reinforcement learning.
    let mut shapes = Vec::new();
    let mut before = inputs;
    for width in hidden {
        shapes.extend([Shape::weights(before, *width, std::f64::consts::SQRT_2), Shape::row(*width, 0.0)]);
        before = *width;
    }
    shapes.extend([Shape::weights(before, outputs, gain), Shape::row(outputs, 0.0)]);
    shapes
}

pub(super) fn step<'t>(unit: Unit, parameters: &[Variable<'t>], input: Variable<'t>) -> Variable<'t> {
    let (layers, last) = parameters.split_at(parameters.len() - 2);
    let hidden = layers.chunks(2).fold(input, |x, layer| unit.of(affine(x, layer[0], layer[1])));
    affine(hidden, last[0], last[1])
}
