//! Reverse-mode differentiation of matrix expressions (Linnainmaa 1970; Griewank & Walther 2008, ch. 3).
//!
//! A [`Tape`] records each operation with its value; [`Variable::backward`] walks the record once, from a scalar to
//! everything that it was computed from. Loops are ordered, so that the same expression gives the same bits everywhere.
//! Multiply-adds of matrix products are counted both ways.

use std::cell::{Cell, RefCell};
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::numeric::{self, Matrix};

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
    /// A function entry by entry, with its derivative there.
    Map(usize, Matrix),
    /// A matrix product.
    Product(usize, usize),
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

/// A value on a [`Tape`]: a matrix, with the way it was computed.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'t> {
    tape: &'t Tape,
    place: usize,
}

/// Derivatives of one scalar with respect to everything on its tape.
#[derive(Debug)]
pub struct Gradients {
    all: Vec<Option<Matrix>>,
    multiply_adds: u64,
}

impl Gradients {
    /// `∂ scalar / ∂ variable`, in the variable's shape; zeros where the scalar was not computed from it, and for data.
    #[must_use]
    pub fn of(&self, variable: Variable) -> Matrix {
        let zeros = || {
            let value = variable.value();
            Matrix::zeros(value.rows(), value.columns())
        };
        self.all.get(variable.place).cloned().flatten().unwrap_or_else(zeros)
    }

    /// The multiply-adds of the matrix products of the backward sweep.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        self.multiply_adds
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
    let mut out = x.clone();
    out.entries_mut().iter_mut().zip(y.entries()).for_each(|(x, y)| *x = f(*x, *y));
    out
}

fn map(x: &Matrix, f: impl Fn(f64) -> f64) -> Matrix {
    let mut out = x.clone();
    out.entries_mut().iter_mut().for_each(|x| *x = f(*x));
    out
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

    /// The value of a scalar.
    ///
    /// # Panics
    /// If it is not 1×1.
    #[must_use]
    pub fn scalar(self) -> f64 {
        let nodes = self.tape.nodes.borrow();
        let value = &nodes[self.place].value;
        assert_eq!((value.rows(), value.columns()), (1, 1), "a scalar has one entry");
        value.entries()[0]
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

    fn map(self, f: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> Self {
        self.unary(|x| (map(x, f), Operation::Map(self.place, map(x, slope))))
    }

    /// `e^x`, entry by entry.
    #[must_use]
    pub fn exp(self) -> Self {
        self.map(numeric::exp, numeric::exp)
    }

    /// The natural logarithm, entry by entry.
    #[must_use]
    pub fn ln(self) -> Self {
        self.map(numeric::ln, |x| 1.0 / x)
    }

    /// The hyperbolic tangent, entry by entry.
    #[must_use]
    pub fn tanh(self) -> Self {
        let slope = |x| {
            let value = numeric::tanh(x);
            1.0 - value * value
        };
        self.map(numeric::tanh, slope)
    }

    /// `max(x, 0)`, entry by entry; its slope at 0 is 0.
    #[must_use]
    pub fn relu(self) -> Self {
        self.map(|x| x.max(0.0), |x| if x > 0.0 { 1.0 } else { 0.0 })
    }

    /// `min(max(x, low), high)`, entry by entry; nothing flows back from outside.
    #[must_use]
    pub fn clip(self, low: f64, high: f64) -> Self {
        self.map(|x| x.clamp(low, high), |x| if (low..=high).contains(&x) { 1.0 } else { 0.0 })
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
            x.product(y)
        })
    }

    /// A row, such as a layer's bias, added to each row.
    ///
    /// # Panics
    /// If `row` is not one row of as many columns.
    #[must_use]
    pub fn add_row(self, row: Self) -> Self {
        self.binary(row, Operation::AddRow(self.place, row.place), |x, row| {
            assert_eq!((row.rows(), row.columns()), (1, x.columns()), "one row of as many columns is added");
            Matrix::from_fn(x.rows(), x.columns(), |i, j| x[(i, j)] + row[(0, j)])
        })
    }

    /// `log softmax` of each row.
    #[must_use]
    pub fn log_softmax(self) -> Self {
        self.unary(|x| {
            let mut out = x.clone();
            (0..x.rows()).for_each(|i| numeric::log_softmax(out.row_mut(i)));
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
            let (mut out, n) = (x.clone(), x.columns() as f64);
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
            let value = Matrix::from_fn(rows, columns, |i, j| x.entries()[places[i * columns + j]]);
            (value, Operation::Pick(self.place, places))
        })
    }

    /// One entry of each row, as a column: `x[i, choice[i]]`.
    ///
    /// # Panics
    /// If there is not one choice a row.
    #[must_use]
    pub fn gather(self, choice: &[usize]) -> Self {
        let columns = self.value().columns();
        assert!(choice.iter().all(|j| *j < columns), "a choice is a column");
        self.pick(choice.len(), 1, choice.iter().enumerate().map(|(i, j)| i * columns + j).collect())
    }

    /// The transpose.
    #[must_use]
    pub fn transpose(self) -> Self {
        let value = self.value();
        let (rows, columns) = (value.rows(), value.columns());
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
            let entry = |i, j| if j < x.columns() { x[(i, j)] } else { y[(i, j - x.columns())] };
            Matrix::from_fn(x.rows(), x.columns() + y.columns(), entry)
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
        let n = self.value().entries().len() as f64;
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

    /// The derivatives of this scalar with respect to every parameter of its tape, in one sweep.
    ///
    /// # Panics
    /// If it is not 1×1.
    #[must_use]
    pub fn backward(self) -> Gradients {
        let _ = self.scalar();
        let nodes = self.tape.nodes.borrow();
        let mut sweep = Sweep { nodes: &nodes, all: vec![None; self.place + 1], multiply_adds: 0 };
        sweep.all[self.place] = Some(Matrix::diagonal(&[1.0]));
        for place in (0..=self.place).rev() {
            if nodes[place].tracked
                && let Some(gradient) = sweep.all[place].take()
            {
                sweep.through(&nodes[place], &gradient);
                sweep.all[place] = Some(gradient);
            }
        }
        Gradients { all: sweep.all, multiply_adds: sweep.multiply_adds }
    }
}

/// A backward sweep on its way.
struct Sweep<'a> {
    nodes: &'a [Node],
    all: Vec<Option<Matrix>>,
    multiply_adds: u64,
}

impl Sweep<'_> {
    /// Adds to the gradient of `place`, if anything depends on it.
    fn add(&mut self, place: usize, gradient: impl FnOnce(&Matrix) -> Matrix) {
        let node = &self.nodes[place];
        if !node.tracked {
            return;
        }
        let gradient = gradient(&node.value);
        self.all[place] = Some(match self.all[place].take() {
            Some(sum) => sum.plus(1.0, &gradient),
            None => gradient,
        });
    }

    fn count(&mut self, place: usize, multiply_adds: usize) {
        if self.nodes[place].tracked {
            self.multiply_adds += multiply_adds as u64;
        }
    }

    /// From the gradient of a node to those of what it was computed from.
    fn through(&mut self, node: &Node, g: &Matrix) {
        let nodes = self.nodes;
        let value = |place: usize| &nodes[place].value;
        match &node.operation {
            Operation::Input => {}
            &Operation::Add(x, y) => {
                self.add(x, |_| g.clone());
                self.add(y, |_| g.clone());
            }
            &Operation::Subtract(x, y) => {
                self.add(x, |_| g.clone());
                self.add(y, |_| map(g, |g| -g));
            }
            &Operation::Multiply(x, y) => {
                self.add(x, |_| zip(g, value(y), |g, y| g * y));
                self.add(y, |_| zip(g, value(x), |g, x| g * x));
            }
            &Operation::Divide(x, y) => {
                let over = zip(g, value(y), |g, y| g / y);
                self.add(y, |_| map(&zip(&over, &node.value, |over, quotient| over * quotient), |x| -x));
                self.add(x, |_| over);
            }
            &Operation::Minimum(x, y) => {
                let first = zip(value(x), value(y), |x, y| if x <= y { 1.0 } else { 0.0 });
                self.add(x, |_| zip(g, &first, |g, first| g * first));
                self.add(y, |_| zip(g, &first, |g, first| g * (1.0 - first)));
            }
            Operation::Scale(x, factor) => self.add(*x, |_| map(g, |g| factor * g)),
            Operation::Map(x, slope) => self.add(*x, |_| zip(g, slope, |g, slope| g * slope)),
            &Operation::Product(x, y) => {
                let work = g.rows() * g.columns() * value(x).columns();
                self.count(x, work);
                self.count(y, work);
                self.add(x, |_| g.product(&value(y).transpose()));
                self.add(y, |_| value(x).transpose().product(g));
            }
            &Operation::AddRow(x, row) => {
                self.add(row, |_| Matrix::from_fn(1, g.columns(), |_, j| (0..g.rows()).map(|i| g[(i, j)]).sum()));
                self.add(x, |_| g.clone());
            }
            &Operation::LogSoftmax(x) => self.add(x, |_| {
                let total: Vec<f64> = (0..g.rows()).map(|i| g.row(i).iter().sum()).collect();
                let entry = |i, j| g[(i, j)] - numeric::exp(node.value[(i, j)]) * total[i];
                Matrix::from_fn(g.rows(), g.columns(), entry)
            }),
            Operation::LayerNorm(x, reciprocals) => self.add(*x, |_| {
                let n = g.columns() as f64;
                let mean = |i: usize| g.row(i).iter().sum::<f64>() / n;
                let along = |i: usize| g.row(i).iter().zip(node.value.row(i)).map(|(g, y)| g * y).sum::<f64>() / n;
                let (means, alongs): (Vec<f64>, Vec<f64>) = (0..g.rows()).map(|i| (mean(i), along(i))).unzip();
                let entry = |i, j| reciprocals[i] * (g[(i, j)] - means[i] - node.value[(i, j)] * alongs[i]);
                Matrix::from_fn(g.rows(), g.columns(), entry)
            }),
            Operation::Pick(x, places) => self.add(*x, |value| {
                let mut out = Matrix::zeros(value.rows(), value.columns());
                for (place, g) in places.iter().zip(g.entries()) {
                    out.entries_mut()[*place] += g;
                }
                out
            }),
            &Operation::Concatenate(x, y) => {
                let split = value(x).columns();
                self.add(x, |value| Matrix::from_fn(value.rows(), value.columns(), |i, j| g[(i, j)]));
                self.add(y, |value| Matrix::from_fn(value.rows(), value.columns(), |i, j| g[(i, split + j)]));
            }
            &Operation::Sum(x) => self.add(x, |value| map(value, |_| g[(0, 0)])),
            &Operation::RowSums(x) => {
                self.add(x, |value| Matrix::from_fn(value.rows(), value.columns(), |i, _| g[(i, 0)]));
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::{Dual, Scalar, Traced, gradient};

    type D = Dual<16>;

    fn each(x: &[D], f: impl Fn(D) -> D) -> Vec<D> {
        x.iter().map(|x| f(*x)).collect()
    }

    fn both(x: &[D], y: &[D], f: impl Fn(D, D) -> D) -> Vec<D> {
        x.iter().zip(y).map(|(x, y)| f(*x, *y)).collect()
    }

    fn total(x: &[D]) -> D {
        x.iter().fold(D::from(0.0), |sum, x| sum + *x)
    }

    fn rows(x: &[D], f: impl Fn(&[D]) -> Vec<D>) -> Vec<D> {
        x.chunks(3).flat_map(f).collect()
    }

    fn normalised(row: &[D]) -> Vec<D> {
        let mean = total(row) / D::from(3.0);
        let centred = each(row, |x| x - mean);
        let variance = total(&each(&centred, |x| x * x)) / D::from(3.0) + D::from(1e-5);
        each(&centred, |x| x / (variance.ln() * D::from(0.5)).exp())
    }

    /// An operation on `x`, `[2][3]`, and `y`, `[2][3]`, over the tape and over single numbers.
    macro_rules! cases {
        ($($name:literal: |$x:ident, $y:ident| $matrix:expr, $entries:expr;)*) => {
            $( check($name, |$x: Variable, $y: Variable| $matrix, |$x: &[D], $y: &[D]| $entries); )*
        };
    }

    /// Compares a contraction's derivatives on the tape with dual numbers and central differences.
    fn check(
        name: &str,
        matrix: impl for<'t> Fn(Variable<'t>, Variable<'t>) -> Variable<'t>,
        entries: impl Fn(&[D], &[D]) -> Vec<D>,
    ) {
        let at: Vec<f64> = (0..12).map(|i| 0.3 + 0.21 * f64::from(i % 7) + 0.05 * f64::from(i)).collect();
        let weight = |k: usize| 0.4 - 0.3 * k as f64 + 0.11 * (k * k) as f64;
        let on_tape = |at: &[f64]| {
            let tape = Tape::new();
            let x = tape.parameter(Matrix::of(2, 3, at[..6].to_vec()));
            let y = tape.parameter(Matrix::of(2, 3, at[6..].to_vec()));
            let out = matrix(x, y);
            let value = out.value();
            let weights = Matrix::from_fn(value.rows(), value.columns(), |i, j| weight(i * value.columns() + j));
            let loss = (out * tape.constant(weights)).sum();
            let gradients = loss.backward();
            (loss.scalar(), [gradients.of(x).entries(), gradients.of(y).entries()].concat())
        };
        let (value, tape) = on_tape(&at);
        let single = |at: &[D]| {
            let out = entries(&at[..6], &at[6..]);
            total(&out.iter().enumerate().map(|(k, x)| *x * D::from(weight(k))).collect::<Vec<D>>())
        };
        let point: Vec<D> = at.iter().map(|x| D::from(*x)).collect();
        assert!((single(&point).value - value).abs() < 1e-12, "{name}: the values differ");
        let dual = gradient(&at, single);
        let numerical = numeric::central_gradient(&at, 1e-3, |at| on_tape(at).0);
        for k in 0..12 {
            assert!((tape[k] - dual[k]).abs() < 1e-12, "{name}, entry {k}: tape {} and dual {}", tape[k], dual[k]);
            assert!((tape[k] - numerical[k]).abs() < 1e-8, "{name}, {k}: {} and {}", tape[k], numerical[k]);
        }
    }

    #[test]
    fn every_operation_has_the_derivative_of_dual_numbers_and_of_differences() {
        cases! {
            "add": |x, y| x + y, both(x, y, |x, y| x + y);
            "subtract": |x, y| x - y, both(x, y, |x, y| x - y);
            "multiply": |x, y| x * y, both(x, y, |x, y| x * y);
            "divide": |x, y| x / y, both(x, y, |x, y| x / y);
            "negate": |x, y| -x * y, both(x, y, |x, y| (D::from(0.0) - x) * y);
            "minimum": |x, y| x.minimum(y), both(x, y, |x, y| if x.value <= y.value { x } else { y });
            "scale": |x, y| x.scale(1.7) * y, both(x, y, |x, y| x * y * D::from(1.7));
            "exp": |x, y| x.exp() * y, both(x, y, |x, y| x.exp() * y);
            "ln": |x, y| x.ln() * y, both(x, y, |x, y| x.ln() * y);
            "tanh": |x, y| (x * y).tanh(), both(x, y, |x, y| (x * y).tanh());
            "relu": |x, y| (x - y).relu(), both(x, y, |x, y| if x.value > y.value { x - y } else { D::from(0.0) });
            "clip": |x, y| (x * y).clip(0.7, 1.2), both(x, y, |x, y| {
                let z = x * y;
                if z.value < 0.7 { D::from(0.7) } else if z.value > 1.2 { D::from(1.2) } else { z }
            });
            "product": |x, y| x.product(y.transpose()), x.chunks(3)
                .flat_map(|r| y.chunks(3).map(|c| total(&both(r, c, |x, y| x * y))).collect::<Vec<D>>()).collect();
            "add a row": |x, y| x.add_row(y.pick(1, 3, vec![3, 4, 5])), rows(x, |r| both(r, &y[3..], |x, y| x + y));
            "log softmax": |x, y| (x * y).log_softmax(), rows(&both(x, y, |x, y| x * y), |r| {
                let log = total(&each(r, Scalar::exp)).ln();
                each(r, |x| x - log)
            });
            "layer norm": |x, y| (x * y).layer_norm(1e-5), rows(&both(x, y, |x, y| x * y), normalised);
            "pick, twice the same": |x, y| (x * y).pick(1, 3, vec![5, 0, 5]), {
                let z = both(x, y, |x, y| x * y);
                vec![z[5], z[0], z[5]]
            };
            "gather": |x, y| (x / y).gather(&[2, 1]), vec![x[2] / y[2], x[4] / y[4]];
            "transpose": |x, y| (x * y).transpose(), {
                let z = both(x, y, |x, y| x * y);
                vec![z[0], z[3], z[1], z[4], z[2], z[5]]
            };
            "concatenate": |x, y| x.concatenate(y), [&x[..3], &y[..3], &x[3..], &y[3..]].concat();
            "sum": |x, y| (x * y).sum(), vec![total(&both(x, y, |x, y| x * y))];
            "mean": |x, y| (x * y).mean(), vec![total(&both(x, y, |x, y| x * y)) / D::from(6.0)];
            "row sums": |x, y| (x * y).row_sums(), rows(&both(x, y, |x, y| x * y), |r| vec![total(r)]);
        }
    }

    #[test]
    fn nothing_flows_through_what_is_detached() {
        let tape = Tape::new();
        let x = tape.parameter(Matrix::of(1, 2, vec![3.0, -2.0]));
        let loss = (x.detach() * x).sum();
        assert_eq!(loss.backward().of(x).entries(), [3.0, -2.0]);
        assert_eq!((x * x).sum().backward().of(x).entries(), [6.0, -4.0]);
        assert_eq!(x.detach().sum().backward().of(x).entries(), [0.0, 0.0], "no path, no derivative");
    }

    #[test]
    fn only_the_products_that_parameters_need_are_counted() {
        let tape = Tape::new();
        let data = tape.constant(Matrix::zeros(5, 4));
        let (w, u) = (tape.parameter(Matrix::zeros(4, 3)), tape.parameter(Matrix::zeros(3, 2)));
        let loss = data.product(w).tanh().product(u).sum();
        assert_eq!(tape.multiply_adds(), 5 * (4 * 3 + 3 * 2));
        // Both weights, and the hidden layer; not the data.
        assert_eq!(loss.backward().multiply_adds(), 5 * (4 * 3 + 3 * 2 + 3 * 2));
    }

    #[test]
    fn numbers_on_a_tape_agree_with_dual_numbers() {
        fn f<S: Scalar>(x: &[S]) -> S {
            let two = S::from(2.0);
            ((x[0] * x[1] - two).tanh() / (x[2].exp() + two)).exp() + (two / x[2]).ln() + (two + two) * x[0]
        }
        let at = [0.4, -0.7, 1.3];
        let tape = Tape::new();
        let point = Traced::point(&tape, &at);
        let value = f(&point);
        assert_eq!(value.value(), f(&at));
        for (tape, dual) in value.gradient(&point).iter().zip(gradient(&at, f)) {
            assert!((tape - dual).abs() < 1e-15, "{tape} and {dual}");
        }
        assert_eq!(Traced::from(2.0).gradient(&point), [0.0; 3]);
    }
}
