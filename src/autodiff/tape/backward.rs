//! The backward sweep: from a scalar to everything that it was computed from.

use super::{Node, Operation, Variable, memory};
use crate::numeric::{Matrix, kernel};

/// Derivatives of one scalar with respect to everything on its tape.
#[derive(Debug)]
pub struct Gradients {
    all: Vec<Option<Matrix>>,
    multiply_adds: u64,
}

impl Drop for Gradients {
    fn drop(&mut self) {
        memory::keep(self.all.drain(..).flatten());
    }
}

impl Gradients {
    /// `∂ scalar / ∂ variable`, in the variable's shape; zeros where the scalar was not computed from it, and for data.
    #[must_use]
    pub fn of(&self, variable: Variable) -> Matrix {
        let zeros = || variable.with(|value| Matrix::zeros(value.rows(), value.columns()));
        self.get(variable).cloned().unwrap_or_else(zeros)
    }

    /// `∂ scalar / ∂ variable` without a copy, or `None` where it is zero: where the scalar was not computed from it, and
    /// for data.
    #[must_use]
    pub fn get(&self, variable: Variable) -> Option<&Matrix> {
        self.all.get(variable.place)?.as_ref()
    }

    /// [`Gradients::of`] a variable that is not asked for again, without a copy.
    pub fn take(&mut self, variable: Variable) -> Matrix {
        let own = self.all.get_mut(variable.place).and_then(Option::take);
        own.unwrap_or_else(|| self.of(variable))
    }

    /// The multiply-adds of the matrix products of the backward sweep.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        self.multiply_adds
    }
}

impl Variable<'_> {
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
    /// The gradient of `place` so far, to add to, if anything depends on it.
    fn sum(&mut self, place: usize) -> Option<&mut Matrix> {
        let Node { value, tracked, .. } = &self.nodes[place];
        tracked.then(|| self.all[place].get_or_insert_with(|| memory::zeros_like(value)))
    }

    /// Adds terms, entry by entry, to the gradient of `place`, if anything depends on it.
    fn add(&mut self, place: usize, terms: impl Iterator<Item = f64>) {
        let Node { value, tracked, .. } = &self.nodes[place];
        if !tracked {
            return;
        }
        match &mut self.all[place] {
            Some(sum) => sum.entries_mut().iter_mut().zip(terms).for_each(|(sum, term)| *sum += term),
            none => *none = Some(memory::matrix(value.rows(), value.columns(), terms)),
        }
    }

    fn count(&mut self, place: usize, multiply_adds: usize) {
        if self.nodes[place].tracked {
            self.multiply_adds += multiply_adds as u64;
        }
    }

    /// From the gradient of a node to those of what it was computed from.
    fn through(&mut self, node: &Node, g: &Matrix) {
        let nodes = self.nodes;
        let value = |place: usize| nodes[place].value.entries().iter();
        let (each, results) = (g.entries().iter(), node.value.entries().iter());
        match &node.operation {
            Operation::Input => {}
            &Operation::Add(x, y) => {
                self.add(x, each.clone().copied());
                self.add(y, each.copied());
            }
            &Operation::Subtract(x, y) => {
                self.add(x, each.clone().copied());
                self.add(y, each.map(|g| -g));
            }
            &Operation::Multiply(x, y) => {
                self.add(x, each.clone().zip(value(y)).map(|(g, y)| g * y));
                self.add(y, each.zip(value(x)).map(|(g, x)| g * x));
            }
            &Operation::Divide(x, y) => {
                let over = each.zip(value(y)).map(|(g, y)| g / y);
                self.add(y, over.clone().zip(results).map(|(over, quotient)| -(over * quotient)));
                self.add(x, over);
            }
            &Operation::Minimum(x, y) => {
                let all = each.zip(value(x).zip(value(y)));
                self.add(x, all.clone().map(|(g, (x, y))| if x <= y { *g } else { 0.0 }));
                self.add(y, all.map(|(g, (x, y))| if x <= y { 0.0 } else { *g }));
            }
            &Operation::Scale(x, factor) => self.add(x, each.map(|g| factor * g)),
            &Operation::Exp(x) => self.add(x, each.zip(results).map(|(g, result)| g * result)),
            &Operation::Ln(x) => self.add(x, each.zip(value(x)).map(|(g, x)| g / x)),
            &Operation::Tanh(x) => self.add(x, each.zip(results).map(|(g, y)| g * (1.0 - y * y))),
            &Operation::Relu(x) => self.add(x, each.zip(value(x)).map(|(g, x)| if *x > 0.0 { *g } else { 0.0 })),
            &Operation::Clip(x, low, high) => {
                self.add(x, each.zip(value(x)).map(|(g, x)| if (low..=high).contains(x) { *g } else { 0.0 }));
            }
            &Operation::Product(x, y) => self.through_product(x, y, g),
            &Operation::Affine(x, weights, bias) => {
                self.through_product(x, weights, g);
                self.add_column_sums(bias, g);
            }
            &Operation::AddRow(x, row) => {
                self.add_column_sums(row, g);
                self.add(x, each.copied());
            }
            Operation::Sum(x) => self.add(*x, value(*x).map(|_| g[(0, 0)])),
            Operation::RowSums(x) => {
                let columns = nodes[*x].value.columns();
                self.add(*x, each.flat_map(|g| std::iter::repeat_n(*g, columns)));
            }
            _ => self.through_rows(node, g),
        }
    }

    /// `∂/∂X = G Yᵀ` and `∂/∂Y = Xᵀ G` of a product `X Y`.
    fn through_product(&mut self, x: usize, y: usize, g: &Matrix) {
        let nodes = self.nodes;
        let (left, right) = (&nodes[x].value, &nodes[y].value);
        let work = g.rows() * g.columns() * left.columns();
        self.count(x, work);
        self.count(y, work);
        if let Some(sum) = self.sum(x) {
            sum.add_product_transpose(g, right);
        }
        if let Some(sum) = self.sum(y) {
            sum.add_transpose_product(left, g);
        }
    }

    /// Adds each column's sum to the gradient of a row.
    fn add_column_sums(&mut self, row: usize, g: &Matrix) {
        if let Some(sum) = self.sum(row) {
            for i in 0..g.rows() {
                sum.entries_mut().iter_mut().zip(g.row(i)).for_each(|(sum, g)| *sum += g);
            }
        }
    }

    /// The operations that work on whole rows, or move entries.
    fn through_rows(&mut self, node: &Node, g: &Matrix) {
        match &node.operation {
            Operation::LogSoftmax(x) => {
                let Some(sum) = self.sum(*x) else { return };
                let mut terms = memory::copy(&node.value);
                kernel::exp_all(terms.entries_mut());
                for i in 0..g.rows() {
                    let total: f64 = g.row(i).iter().sum();
                    let entries = sum.row_mut(i).iter_mut().zip(g.row(i)).zip(terms.row(i));
                    entries.for_each(|((sum, g), probability)| *sum += g - probability * total);
                }
                memory::keep([terms].into_iter());
            }
            Operation::LayerNorm(x, reciprocals) => {
                let Some(sum) = self.sum(*x) else { return };
                for (i, reciprocal) in reciprocals.iter().enumerate() {
                    add_normalised(sum.row_mut(i), node.value.row(i), g.row(i), *reciprocal);
                }
            }
            Operation::Pick(x, places) => {
                let Some(sum) = self.sum(*x) else { return };
                for (place, g) in places.iter().zip(g.entries()) {
                    sum.entries_mut()[*place] += g;
                }
            }
            Operation::Concatenate(x, y) => {
                let split = self.nodes[*x].value.columns();
                let rows = || (0..g.rows()).map(|i| g.row(i).split_at(split));
                self.add(*x, rows().flat_map(|(left, _)| left.iter().copied()));
                self.add(*y, rows().flat_map(|(_, right)| right.iter().copied()));
            }
            _ => unreachable!("entry by entry, a sum or a product"),
        }
    }
}

/// Adds the derivatives of a normalised row `y = (x − mean) · reciprocal` along `g`: the Jacobian is symmetric, so that
/// this is its product with `g` from either side.
pub(super) fn add_normalised(out: &mut [f64], y: &[f64], g: &[f64], reciprocal: f64) {
    let n = g.len() as f64;
    let mean = g.iter().sum::<f64>() / n;
    let along = g.iter().zip(y).map(|(g, y)| g * y).sum::<f64>() / n;
    for ((out, g), y) in out.iter_mut().zip(g).zip(y) {
        *out += reciprocal * (g - mean - y * along);
    }
}
