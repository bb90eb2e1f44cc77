//! Reverse-mode differentiation of matrix expressions (Linnainmaa 1970; Griewank & Walther 2008, ch. 3).
//!
//! A [`Tape`] records each operation with its value; [`Variable::backward`] walks the record once, from a scalar to
//! everything that it was computed from, and [`Variable::tangent`] from parameters to what is computed from them. Loops
//! are ordered, and each entry of a matrix product is one chain of fused multiply-adds, so that the same expression
//! gives the same bits everywhere. Multiply-adds of matrix products are counted forward and backward.

mod backward;
mod memory;
mod tangent;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::numeric::{self, Matrix, kernel};

pub use backward::Gradients;

/// A record of operations. Variables of different tapes do not mix.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: RefCell<Vec<Node>>,
    multiply_adds: Cell<u64>,
}

#[derive(Debug)]
struct Node {
    value: Matrix,
    operation: Operation,
    /// Whether it was computed from a parameter.
    tracked: bool,
}

/// What a value was computed by, from the nodes at these places.
#[derive(Debug)]
enum Operation {
    /// A parameter or a constant.
    Input,
    Add(usize, usize),
    Subtract(usize, usize),
    Multiply(usize, usize),
    Divide(usize, usize),
    /// The smaller of two, entry by entry; the first where they are equal.
    Minimum(usize, usize),
    /// `c x`.
    Scale(usize, f64),
    Exp(usize),
    Ln(usize),
    Tanh(usize),
    /// The larger of a value and 0.
    Relu(usize),
    /// A value kept between two bounds.
    Clip(usize, f64, f64),
    /// A matrix product.
    Product(usize, usize),
    /// A matrix product, and a row added to each row.
    Affine(usize, usize, usize),
    /// A row added to each row.
    AddRow(usize, usize),
    /// `x − log Σ exp x` of each row.
    LogSoftmax(usize),
    /// Each row less its mean, over its deviation; with the reciprocals of the deviations.
    LayerNorm(usize, Vec<f64>),
    /// Entries of another value at given places, row by row.
    Pick(usize, Vec<usize>),
    /// Columns of two values side by side.
    Concatenate(usize, usize),
    Sum(usize),
    RowSums(usize),
}

impl Operation {
    /// Where the value was computed from; fewer than three places are repeated.
    fn operands(&self) -> Option<[usize; 3]> {
        match self {
            Self::Input => None,
            Self::Add(x, y)
            | Self::Subtract(x, y)
            | Self::Multiply(x, y)
            | Self::Divide(x, y)
            | Self::Minimum(x, y)
            | Self::Product(x, y)
            | Self::AddRow(x, y)
            | Self::Concatenate(x, y) => Some([*x, *y, *y]),
            Self::Affine(x, y, z) => Some([*x, *y, *z]),
            Self::Scale(x, _)
            | Self::Exp(x)
            | Self::Ln(x)
            | Self::Tanh(x)
            | Self::Relu(x)
            | Self::Clip(x, ..)
            | Self::LogSoftmax(x)
            | Self::LayerNorm(x, _)
            | Self::Pick(x, _)
            | Self::Sum(x)
            | Self::RowSums(x) => Some([*x; 3]),
        }
    }
}

/// A value on a [`Tape`]: a matrix, with the way it was computed.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'t> {
    tape: &'t Tape,
    place: usize,
}

impl Drop for Tape {
    fn drop(&mut self) {
        memory::keep(self.nodes.get_mut().drain(..).map(|node| node.value));
    }
}

impl Tape {
    /// An empty tape.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A value to differentiate with respect to.
    pub fn parameter(&self, value: Matrix) -> Variable<'_> {
        self.push(value, Operation::Input, true)
    }

    /// A value that is data.
    pub fn constant(&self, value: Matrix) -> Variable<'_> {
        self.push(value, Operation::Input, false)
    }

    /// Forgets what was recorded after the first `length` values, such as [`Tape::len`] told before; variables made since are
    /// not to be used again.
    pub fn rewind(&self, length: usize) {
        self.nodes.borrow_mut().truncate(length);
    }

    /// How many values are on the record.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    /// Whether nothing is on the record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The multiply-adds of the matrix products recorded so far.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        self.multiply_adds.get()
    }

    /// How many numbers the values on the record have; what single operations keep beside them is in proportion.
    #[must_use]
    pub fn numbers_kept(&self) -> usize {
        self.nodes.borrow().iter().map(|node| node.value.entries().len()).sum()
    }

    fn push(&self, value: Matrix, operation: Operation, tracked: bool) -> Variable<'_> {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { value, operation, tracked });
        Variable { tape: self, place: nodes.len() - 1 }
    }
}

fn zip(x: &Matrix, y: &Matrix, f: impl Fn(f64, f64) -> f64) -> Matrix {
    assert_eq!((x.rows(), x.columns()), (y.rows(), y.columns()), "entry by entry, the shapes agree");
    memory::matrix(x.rows(), x.columns(), x.entries().iter().zip(y.entries()).map(|(x, y)| f(*x, *y)))
}

fn map(x: &Matrix, f: impl Fn(f64) -> f64) -> Matrix {
    memory::matrix(x.rows(), x.columns(), x.entries().iter().map(|x| f(*x)))
}

/// A copy of `x` after `change`.
fn changed(x: &Matrix, change: impl FnOnce(&mut [f64])) -> Matrix {
    let mut out = memory::copy(x);
    change(out.entries_mut());
    out
}

/// Adds one row to each row of `out`.
fn add_row(out: &mut Matrix, row: &Matrix) {
    assert_eq!((row.rows(), row.columns()), (1, out.columns()), "one row of as many columns is added");
    for i in 0..out.rows() {
        out.row_mut(i).iter_mut().zip(row.entries()).for_each(|(out, x)| *out += x);
    }
}

impl<'t> Variable<'t> {
    /// Its tape.
    #[must_use]
    pub fn tape(self) -> &'t Tape {
        self.tape
    }

    /// Its value.
    #[must_use]
    pub fn value(self) -> Matrix {
        self.tape.nodes.borrow()[self.place].value.clone()
    }

    /// What `f` makes of its value, which is not copied.
    fn with<R>(self, f: impl FnOnce(&Matrix) -> R) -> R {
        f(&self.tape.nodes.borrow()[self.place].value)
    }

    /// Its rows and columns.
    #[must_use]
    pub fn shape(self) -> (usize, usize) {
        let nodes = self.tape.nodes.borrow();
        let value = &nodes[self.place].value;
        (value.rows(), value.columns())
    }

    /// The value of a scalar.
    ///
    /// # Panics
    /// If it is not 1×1.
    #[must_use]
    pub fn scalar(self) -> f64 {
        self.with(|value| {
            assert_eq!((value.rows(), value.columns()), (1, 1), "a scalar has one entry");
            value.entries()[0]
        })
    }

    /// The same value as data: nothing flows back through it.
    #[must_use]
    pub fn detach(self) -> Self {
        self.tape.constant(self.value())
    }

    fn unary(self, f: impl FnOnce(&Matrix) -> (Matrix, Operation)) -> Self {
        let ((value, operation), tracked) = {
            let nodes = self.tape.nodes.borrow();
            (f(&nodes[self.place].value), nodes[self.place].tracked)
        };
        self.tape.push(value, operation, tracked)
    }

    fn binary(self, other: Self, operation: Operation, f: impl FnOnce(&Matrix, &Matrix) -> Matrix) -> Self {
        assert!(std::ptr::eq(self.tape, other.tape), "variables of one tape are combined");
        let (value, tracked) = {
            let nodes = self.tape.nodes.borrow();
            let (x, y) = (&nodes[self.place], &nodes[other.place]);
            (f(&x.value, &y.value), x.tracked || y.tracked)
        };
        self.tape.push(value, operation, tracked)
    }

    /// `e^x`, entry by entry.
    #[must_use]
    pub fn exp(self) -> Self {
        self.unary(|x| (changed(x, kernel::exp_all), Operation::Exp(self.place)))
    }

    /// The natural logarithm, entry by entry.
    #[must_use]
    pub fn ln(self) -> Self {
        self.unary(|x| (map(x, numeric::ln), Operation::Ln(self.place)))
    }

    /// The hyperbolic tangent, entry by entry.
    #[must_use]
    pub fn tanh(self) -> Self {
        self.unary(|x| (changed(x, kernel::tanh_all), Operation::Tanh(self.place)))
    }

    /// `max(x, 0)`, entry by entry; its slope at 0 is 0.
    #[must_use]
    pub fn relu(self) -> Self {
        self.unary(|x| (map(x, |x| x.max(0.0)), Operation::Relu(self.place)))
    }

    /// `min(max(x, low), high)`, entry by entry; nothing flows back from outside.
    #[must_use]
    pub fn clip(self, low: f64, high: f64) -> Self {
        self.unary(|x| (map(x, |x| x.clamp(low, high)), Operation::Clip(self.place, low, high)))
    }

    /// `c x`.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        self.unary(|x| (map(x, |x| factor * x), Operation::Scale(self.place, factor)))
    }

    /// The smaller of two values, entry by entry.
    #[must_use]
    pub fn minimum(self, other: Self) -> Self {
        self.binary(other, Operation::Minimum(self.place, other.place), |x, y| zip(x, y, f64::min))
    }

    /// The matrix product.
    ///
    /// # Panics
    /// If the inner sizes differ.
    #[must_use]
    pub fn product(self, other: Self) -> Self {
        let count = &self.tape.multiply_adds;
        self.binary(other, Operation::Product(self.place, other.place), |x, y| {
            count.set(count.get() + (x.rows() * x.columns() * y.columns()) as u64);
            let mut out = memory::matrix(x.rows(), y.columns(), std::iter::repeat_n(0.0, x.rows() * y.columns()));
            out.add_fused_product(x, y);
            out
        })
    }

    /// `x W + b`: a matrix product, and a row added to each row, without a value between them. Each entry's chain of
    /// fused multiply-adds begins at the row's.
    ///
    /// # Panics
    /// If the inner sizes differ, or `bias` is not one row of as many columns as `weights`.
    #[must_use]
    pub fn affine(self, weights: Self, bias: Self) -> Self {
        for other in [weights, bias] {
            assert!(std::ptr::eq(self.tape, other.tape), "variables of one tape are combined");
        }
        let places = [self.place, weights.place, bias.place];
        let (value, tracked) = {
            let nodes = self.tape.nodes.borrow();
            let [x, weights, bias] = places.map(|place| &nodes[place].value);
            let count = (x.rows() * x.columns() * weights.columns()) as u64;
            self.tape.multiply_adds.set(self.tape.multiply_adds.get() + count);
            assert_eq!((bias.rows(), bias.columns()), (1, weights.columns()), "one row of as many columns is added");
            let mut out = memory::room(x.rows() * weights.columns());
            (0..x.rows()).for_each(|_| out.extend_from_slice(bias.entries()));
            let mut out = Matrix::of(x.rows(), weights.columns(), out);
            out.add_fused_product(x, weights);
            (out, places.iter().any(|place| nodes[*place].tracked))
        };
        self.tape.push(value, Operation::Affine(places[0], places[1], places[2]), tracked)
    }

    /// A row, such as a layer's bias, added to each row.
    ///
    /// # Panics
    /// If `row` is not one row of as many columns.
    #[must_use]
    pub fn add_row(self, row: Self) -> Self {
        self.binary(row, Operation::AddRow(self.place, row.place), |x, row| {
            let mut out = memory::copy(x);
            add_row(&mut out, row);
            out
        })
    }

    /// `log softmax` of each row.
    #[must_use]
    pub fn log_softmax(self) -> Self {
        self.unary(|x| {
            let mut out = memory::copy(x);
            for i in 0..x.rows() {
                let largest = x.row(i).iter().copied().fold(f64::NEG_INFINITY, f64::max);
                out.row_mut(i).iter_mut().for_each(|x| *x -= largest);
            }
            let exponentials = changed(&out, kernel::exp_all);
            for i in 0..x.rows() {
                let rest = numeric::ln(exponentials.row(i).iter().sum());
                out.row_mut(i).iter_mut().for_each(|x| *x -= rest);
            }
            (out, Operation::LogSoftmax(self.place))
        })
    }

    /// Each row less its mean, divided by `√(variance + epsilon)` (Ba et al. 2016, without gain and bias).
    ///
    /// # Panics
    /// Unless `epsilon` is positive: a constant row has no deviation.
    #[must_use]
    pub fn layer_norm(self, epsilon: f64) -> Self {
        assert!(epsilon > 0.0, "a constant row has no deviation of its own");
        self.unary(|x| {
            let (mut out, n) = (memory::copy(x), x.columns() as f64);
            let rows = 0..x.rows();
            let reciprocals: Vec<f64> = rows
                .map(|i| {
                    let row = out.row_mut(i);
                    let mean = row.iter().sum::<f64>() / n;
                    for x in row.iter_mut() {
                        *x -= mean;
                    }
                    let reciprocal = 1.0 / (row.iter().map(|x| x * x).sum::<f64>() / n + epsilon).sqrt();
                    for x in row.iter_mut() {
                        *x *= reciprocal;
                    }
                    reciprocal
                })
                .collect();
            (out, Operation::LayerNorm(self.place, reciprocals))
        })
    }

    /// A matrix of the given shape whose entry `k`, row by row, is entry `places[k]` of this one: rows, columns, windows of
    /// an image, a transpose or a new shape.
    ///
    /// # Panics
    /// If the shape does not hold as many entries as there are places, or a place is outside.
    #[must_use]
    pub fn pick(self, rows: usize, columns: usize, places: Vec<usize>) -> Self {
        assert_eq!(rows * columns, places.len(), "one place an entry");
        self.unary(|x| {
            let value = memory::matrix(rows, columns, places.iter().map(|place| x.entries()[*place]));
            (value, Operation::Pick(self.place, places))
        })
    }

    /// One entry of each row, as a column: `x[i, choice[i]]`.
    ///
    /// # Panics
    /// If there is not one choice a row.
    #[must_use]
    pub fn gather(self, choice: &[usize]) -> Self {
        let columns = self.with(Matrix::columns);
        assert!(choice.iter().all(|j| *j < columns), "a choice is a column");
        self.pick(choice.len(), 1, choice.iter().enumerate().map(|(i, j)| i * columns + j).collect())
    }

    /// The transpose.
    #[must_use]
    pub fn transpose(self) -> Self {
        let (rows, columns) = self.with(|value| (value.rows(), value.columns()));
        self.pick(columns, rows, (0..rows * columns).map(|k| (k % rows) * columns + k / rows).collect())
    }

    /// The columns of two values side by side.
    ///
    /// # Panics
    /// If the numbers of rows differ.
    #[must_use]
    pub fn concatenate(self, other: Self) -> Self {
        self.binary(other, Operation::Concatenate(self.place, other.place), |x, y| {
            assert_eq!(x.rows(), y.rows(), "values side by side have as many rows");
            let entries = (0..x.rows()).flat_map(|i| x.row(i).iter().chain(y.row(i)).copied());
            memory::matrix(x.rows(), x.columns() + y.columns(), entries)
        })
    }

    /// The sum of all entries.
    #[must_use]
    pub fn sum(self) -> Self {
        self.unary(|x| (Matrix::diagonal(&[x.entries().iter().sum()]), Operation::Sum(self.place)))
    }

    /// The mean of all entries.
    #[must_use]
    pub fn mean(self) -> Self {
        let n = self.with(|value| value.entries().len()) as f64;
        self.sum().scale(1.0 / n)
    }

    /// The sum of each row, as a column.
    #[must_use]
    pub fn row_sums(self) -> Self {
        self.unary(|x| {
            let value = Matrix::from_fn(x.rows(), 1, |i, _| x.row(i).iter().sum());
            (value, Operation::RowSums(self.place))
        })
    }
}

impl Add for Variable<'_> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.binary(other, Operation::Add(self.place, other.place), |x, y| zip(x, y, |x, y| x + y))
    }
}

impl Sub for Variable<'_> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.binary(other, Operation::Subtract(self.place, other.place), |x, y| zip(x, y, |x, y| x - y))
    }
}

impl Mul for Variable<'_> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.binary(other, Operation::Multiply(self.place, other.place), |x, y| zip(x, y, |x, y| x * y))
    }
}

impl Div for Variable<'_> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self.binary(other, Operation::Divide(self.place, other.place), |x, y| zip(x, y, |x, y| x / y))
    }
}

impl Neg for Variable<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.scale(-1.0)
    }
}
