//! Networks over rows of numbers, many rows at a time, on a tape.
//!
//! Every architecture is a step with a memory: it reads a row for each copy of the world and what it remembers, and gives a row
//! of outputs and a new memory. Acting is a step, training a loop over steps, and an architecture without memory takes all
//! steps at once. The same lines serve both.

mod convolution;
mod head;
mod lstm;
mod perceptron;
mod recurrent;
mod transformer;

use serde::{Deserialize, Serialize};

use crate::autodiff::Variable;
use crate::numeric::Matrix;

pub use convolution::Filters;
pub use head::Head;

/// How the numbers of a parameter begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beginning {
    /// A random matrix with orthogonal rows or columns, times a gain (Saxe et al. 2014).
    Orthogonal(f64),
    /// The same number everywhere.
    Constant(f64),
}

/// A parameter: a matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// How its numbers begin.
    pub beginning: Beginning,
}

impl Shape {
    fn weights(rows: usize, columns: usize, gain: f64) -> Self {
        Self { rows, columns, beginning: Beginning::Orthogonal(gain) }
    }

    fn row(columns: usize, value: f64) -> Self {
        Self { rows: 1, columns, beginning: Beginning::Constant(value) }
    }
}

/// What the units of a hidden layer compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// The hyperbolic tangent.
    #[default]
    Tanh,
    /// `max(x, 0)`.
    Relu,
}

impl Unit {
    fn of(self, x: Variable<'_>) -> Variable<'_> {
        match self {
            Self::Tanh => x.tanh(),
            Self::Relu => x.relu(),
        }
    }
}

/// A kind of network, without the numbers of its inputs and outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Architecture {
    /// Layers one behind the other (Rumelhart, Hinton & Williams 1986); without hidden layers, a linear function.
    Perceptron {
        /// The width of each hidden layer.
        hidden: Vec<usize>,
        /// What a hidden unit computes.
        #[serde(default)]
        unit: Unit,
    },
    /// Filters that slide over an image, then a hidden layer (LeCun et al. 1989).
    Convolution(Filters),
    /// `h' = tanh(x W + h U + b)` (Elman 1990).
    Recurrent {
        /// The numbers remembered.
        hidden: usize,
    },
    /// A long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000).
    Lstm {
        /// The cells.
        hidden: usize,
    },
    /// A block of attention over all that was seen, and a hidden layer (Vaswani et al. 2017; norms before, Xiong et al. 2020).
    Transformer {
        /// The width of an embedding.
        width: usize,
        /// The width of the hidden layer.
        hidden: usize,
    },
}

/// What a network remembers, a row for each copy of the world.
pub type Memory<'t> = Vec<Variable<'t>>;

impl Architecture {
    /// Its parameters for rows of `inputs` numbers and of `outputs`, whose last layer begins with `gain`.
    #[must_use]
    pub fn shapes(&self, inputs: usize, outputs: usize, gain: f64) -> Vec<Shape> {
        match self {
            Self::Perceptron { hidden, .. } => perceptron::shapes(inputs, hidden, outputs, gain),
            Self::Convolution(filters) => filters.shapes(outputs, gain),
            Self::Recurrent { hidden } => recurrent::shapes(inputs, *hidden, outputs, gain),
            Self::Lstm { hidden } => lstm::shapes(inputs, *hidden, outputs, gain),
            Self::Transformer { width, hidden } => transformer::shapes(inputs, *width, *hidden, outputs, gain),
        }
    }

    /// Whether it remembers anything.
    #[must_use]
    pub fn remembers(&self) -> bool {
        matches!(self, Self::Recurrent { .. } | Self::Lstm { .. } | Self::Transformer { .. })
    }

    /// Why it does not fit rows of `inputs` numbers, if it does not: one sentence with the mend.
    ///
    /// # Errors
    /// That sentence.
    pub fn fits(&self, inputs: usize) -> Result<(), String> {
        let empty = "a layer has at least 1 unit; give every width as a positive number".to_owned();
        match self {
            Self::Perceptron { hidden, .. } if hidden.contains(&0) => Err(empty),
            Self::Recurrent { hidden: 0 } | Self::Lstm { hidden: 0 } => Err(empty),
            Self::Transformer { width, hidden } if *width == 0 || *hidden == 0 => Err(empty),
            Self::Convolution(filters) => filters.fits(inputs),
            _ => Ok(()),
        }
    }

    /// Reads `input`, `[N, inputs]`, and gives the outputs, `[N, outputs]`; `memory` is that of the step before, empty at
    /// first, and becomes that of this one.
    pub fn step<'t>(&self, parameters: &[Variable<'t>], input: Variable<'t>, memory: &mut Memory<'t>) -> Variable<'t> {
        match self {
            Self::Perceptron { unit, .. } => perceptron::step(*unit, parameters, input),
            Self::Convolution(filters) => filters.step(parameters, input),
            Self::Recurrent { .. } => recurrent::step(parameters, input, memory),
            Self::Lstm { .. } => lstm::step(parameters, input, memory),
            Self::Transformer { .. } => transformer::step(parameters, input, memory),
        }
    }
}

/// `x W + b`.
fn affine<'t>(x: Variable<'t>, weights: Variable<'t>, bias: Variable<'t>) -> Variable<'t> {
    x.affine(weights, bias)
}

/// `1/(1 + e^{−x})`, from the hyperbolic tangent, which does not overflow.
fn sigmoid(x: Variable<'_>) -> Variable<'_> {
    let (_, columns) = x.shape();
    let half = x.tape().constant(Matrix::from_fn(1, columns, |_, _| 0.5));
    x.scale(0.5).tanh().scale(0.5).add_row(half)
}

/// Columns `first .. first + count` of a value.
///
/// # Panics
/// If it does not have them.
#[must_use]
pub fn columns(x: Variable<'_>, first: usize, count: usize) -> Variable<'_> {
    let (rows, all) = x.shape();
    x.pick(rows, count, (0..rows * count).map(|k| k / count * all + first + k % count).collect())
}

#[cfg(test)]
mod tests;
