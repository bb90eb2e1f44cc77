//! A block of a transformer that sees what came before.

use super::{Memory, Shape, affine};
use crate::autodiff::Variable;
use crate::numeric::{self, Matrix};

/// What is added to a variance before its root is divided by.
const EPSILON: f64 = 1e-5;

/// Embedding and its bias; query, key, value and output of the attention; the two layers behind it with their biases; and the last
/// layer.
pub(super) fn shapes(inputs: usize, width: usize, hidden: usize, outputs: usize, gain: f64) -> Vec<Shape> {
    let square = Shape::weights(width, width, 1.0);
    vec![
        Shape::weights(inputs, width, std::f64::consts::SQRT_2),
        Shape::row(width, 0.0),
        square,
        square,
        square,
        square,
        Shape::weights(width, hidden, std::f64::consts::SQRT_2),
        Shape::row(hidden, 0.0),
        Shape::weights(hidden, width, 1.0),
        Shape::row(width, 0.0),
        Shape::weights(width, outputs, gain),
        Shape::row(outputs, 0.0),
    ]
}

/// The memory is a key and a value for each step.
pub(super) fn step<'t>(p: &[Variable<'t>], input: Variable<'t>, memory: &mut Memory<'t>) -> Variable<'t> {
    let (_, width) = p[1].shape();
    let tape = input.tape();
    let place = tape.constant(place(memory.len() / 2, width));
    let embedded = affine(input, p[0], p[1]).add_row(place);
    let seen = embedded.layer_norm(EPSILON);
    memory.extend([seen.product(p[3]), seen.product(p[4])]);
    let query = seen.product(p[2]).scale(1.0 / (width as f64).sqrt());
    let (keys, values): (Vec<_>, Vec<_>) = memory.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
    let scores = keys.iter().map(|key| (query * *key).row_sums());
    let scores = scores.reduce(Variable::concatenate).unwrap_or(query);
    let weights = scores.log_softmax().exp();
    let ones = tape.constant(Matrix::from_fn(1, width, |_, _| 1.0));
    let weighed = values.iter().enumerate().map(|(j, value)| super::columns(weights, j, 1).product(ones) * *value);
    let attended = weighed.reduce(|sum, value| sum + value).unwrap_or(query).product(p[5]);
    let between = embedded + attended;
    let deeper = affine(affine(between.layer_norm(EPSILON), p[6], p[7]).relu(), p[8], p[9]);
    affine((between + deeper).layer_norm(EPSILON), p[10], p[11])
}

/// Where a step stands, as waves of different lengths (Vaswani et al. 2017, §3.5).
fn place(step: usize, width: usize) -> Matrix {
    let wave = |j: usize| {
        let rate = numeric::exp(-numeric::ln(10_000.0) * (j / 2 * 2) as f64 / width as f64);
        if j.is_multiple_of(2) { numeric::sin(step as f64 * rate) } else { numeric::cos(step as f64 * rate) }
    };
    Matrix::from_fn(1, width, |_, j| wave(j))
}
