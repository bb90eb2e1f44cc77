//! The forward sweep: from parameters, along a direction, to what is computed from them.

use super::backward::add_normalised;
use super::{Node, Operation, Variable, add_row, memory};
use crate::numeric::{Matrix, kernel};

impl<'t> Variable<'t> {
    /// The derivative of this variable's value, in its shape, when each of the listed parameters moves along its matrix
    /// and the others stay: `Σ_i (∂ value / ∂ parameter_i) direction_i`, in one sweep over the record.
    ///
    /// # Panics
    /// If a listed variable is no parameter of this tape, or its matrix has another shape.
    #[must_use]
    pub fn tangent(self, along: &[(Variable<'t>, Matrix)]) -> Matrix {
        let nodes = self.tape.nodes.borrow();
        let mut sweep = Tangents { nodes: &nodes, all: vec![None; nodes.len()] };
        for (parameter, direction) in along {
            assert!(std::ptr::eq(self.tape, parameter.tape), "directions are of parameters of the same tape");
            let Node { value, operation, tracked } = &nodes[parameter.place];
            assert!(*tracked && operation.operands().is_none(), "directions are of parameters");
            assert_eq!((value.rows(), value.columns()), (direction.rows(), direction.columns()), "the shapes agree");
            sweep.begin(parameter.place, direction);
        }
        let needed = needed(&nodes, self.place);
        for place in (0..=self.place).filter(|place| needed[*place]) {
            sweep.through(place);
        }
        let own = sweep.all.swap_remove(self.place);
        memory::keep(sweep.all.into_iter().flatten());
        own.unwrap_or_else(|| memory::zeros_like(&nodes[self.place].value))
    }
}

/// Which values the one at `place` was computed from, itself included.
fn needed(nodes: &[Node], place: usize) -> Vec<bool> {
    let mut needed = vec![false; place + 1];
    needed[place] = true;
    for place in (0..=place).rev() {
        if needed[place] {
            nodes[place].operation.operands().iter().flatten().for_each(|operand| needed[*operand] = true);
        }
    }
    needed
}

/// A forward sweep on its way: the derivatives so far, `None` where nothing moves.
struct Tangents<'a> {
    nodes: &'a [Node],
    all: Vec<Option<Matrix>>,
}

impl Tangents<'_> {
    fn begin(&mut self, place: usize, direction: &Matrix) {
        self.all[place] = Some(match self.all[place].take() {
            Some(sum) => sum.plus(1.0, direction),
            None => direction.clone(),
        });
    }

    /// From the derivatives of what a node was computed from to its own.
    fn through(&mut self, place: usize) {
        let node = &self.nodes[place];
        let Some(operands) = node.operation.operands() else { return };
        if operands.iter().all(|operand| self.all[*operand].is_none()) {
            return;
        }
        let mut out = memory::zeros_like(&node.value);
        match &node.operation {
            Operation::Input => unreachable!("computed from nothing"),
            Operation::Product(..) | Operation::Affine(..) | Operation::AddRow(..) => self.products(node, &mut out),
            Operation::LogSoftmax(_)
            | Operation::LayerNorm(..)
            | Operation::Pick(..)
            | Operation::Concatenate(..)
            | Operation::Sum(_)
            | Operation::RowSums(_) => self.rows(node, &mut out),
            Operation::Add(..)
            | Operation::Subtract(..)
            | Operation::Multiply(..)
            | Operation::Divide(..)
            | Operation::Minimum(..)
            | Operation::Scale(..)
            | Operation::Exp(_)
            | Operation::Ln(_)
            | Operation::Tanh(_)
            | Operation::Relu(_)
            | Operation::Clip(..) => self.entries(node, out.entries_mut()),
        }
        self.all[place] = Some(out);
    }

    /// Adds `term(out, result, moved)` where the operand at `place` moves.
    fn add(&self, place: usize, node: &Node, out: &mut [f64], term: impl Fn(f64, f64) -> f64) {
        if let Some(moved) = &self.all[place] {
            let all = out.iter_mut().zip(node.value.entries()).zip(moved.entries());
            all.for_each(|((out, result), moved)| *out += term(*result, *moved));
        }
    }

    /// Adds `term(x, moved)` with the entries of the value at `beside`, where the operand at `place` moves.
    fn add_beside(&self, place: usize, beside: usize, out: &mut [f64], term: impl Fn(f64, f64) -> f64) {
        self.add(place, &self.nodes[beside], out, term);
    }

    /// The operations that work entry by entry.
    fn entries(&self, node: &Node, out: &mut [f64]) {
        match node.operation {
            Operation::Add(x, y) => {
                self.add(x, node, out, |_, dx| dx);
                self.add(y, node, out, |_, dy| dy);
            }
            Operation::Subtract(x, y) => {
                self.add(x, node, out, |_, dx| dx);
                self.add(y, node, out, |_, dy| -dy);
            }
            Operation::Multiply(x, y) => {
                self.add_beside(x, y, out, |y, dx| y * dx);
                self.add_beside(y, x, out, |x, dy| x * dy);
            }
            Operation::Divide(x, y) => {
                self.add(x, node, out, |_, dx| dx);
                self.add(y, node, out, |quotient, dy| -quotient * dy);
                out.iter_mut().zip(self.nodes[y].value.entries()).for_each(|(out, y)| *out /= y);
            }
            Operation::Minimum(x, y) => self.minimum(x, y, out),
            Operation::Scale(x, factor) => self.add(x, node, out, |_, dx| factor * dx),
            Operation::Exp(x) => self.add(x, node, out, |result, dx| result * dx),
            Operation::Ln(x) => self.add_beside(x, x, out, |x, dx| dx / x),
            Operation::Tanh(x) => self.add(x, node, out, |result, dx| (1.0 - result * result) * dx),
            Operation::Relu(x) => self.add_beside(x, x, out, |x, dx| if x > 0.0 { dx } else { 0.0 }),
            Operation::Clip(x, low, high) => {
                self.add_beside(x, x, out, |x, dx| if (low..=high).contains(&x) { dx } else { 0.0 });
            }
            _ => unreachable!("not entry by entry"),
        }
    }

    fn minimum(&self, x: usize, y: usize, out: &mut [f64]) {
        let value = |place: usize| self.nodes[place].value.entries();
        for (k, out) in out.iter_mut().enumerate() {
            let smaller = if value(x)[k] <= value(y)[k] { x } else { y };
            *out = self.all[smaller].as_ref().map_or(0.0, |moved| moved.entries()[k]);
        }
    }

    /// Products, and the rows added to them.
    fn products(&self, node: &Node, out: &mut Matrix) {
        match node.operation {
            Operation::Product(x, y) => self.add_products(x, y, out),
            Operation::Affine(x, y, row) => {
                self.add_row(row, out);
                self.add_products(x, y, out);
            }
            Operation::AddRow(x, row) => {
                self.add(x, node, out.entries_mut(), |_, dx| dx);
                self.add_row(row, out);
            }
            _ => unreachable!("no product"),
        }
    }

    /// Adds `dX Y + X dY`.
    fn add_products(&self, x: usize, y: usize, out: &mut Matrix) {
        if let Some(moved) = &self.all[x] {
            out.add_fused_product(moved, &self.nodes[y].value);
        }
        if let Some(moved) = &self.all[y] {
            out.add_fused_product(&self.nodes[x].value, moved);
        }
    }

    fn add_row(&self, row: usize, out: &mut Matrix) {
        if let Some(moved) = &self.all[row] {
            add_row(out, moved);
        }
    }

    /// The operations that work on whole rows, or move entries.
    fn rows(&self, node: &Node, out: &mut Matrix) {
        let moved = |place: usize| self.all[place].as_ref();
        match &node.operation {
            Operation::LogSoftmax(x) => {
                let Some(dx) = moved(*x) else { return };
                let mut probabilities = node.value.clone();
                kernel::exp_all(probabilities.entries_mut());
                for i in 0..dx.rows() {
                    let mean: f64 = probabilities.row(i).iter().zip(dx.row(i)).map(|(p, dx)| p * dx).sum();
                    out.row_mut(i).iter_mut().zip(dx.row(i)).for_each(|(out, dx)| *out = dx - mean);
                }
            }
            Operation::LayerNorm(x, reciprocals) => {
                let Some(dx) = moved(*x) else { return };
                for (i, reciprocal) in reciprocals.iter().enumerate() {
                    add_normalised(out.row_mut(i), node.value.row(i), dx.row(i), *reciprocal);
                }
            }
            Operation::Pick(x, places) => {
                let Some(dx) = moved(*x) else { return };
                out.entries_mut().iter_mut().zip(places).for_each(|(out, place)| *out = dx.entries()[*place]);
            }
            Operation::Concatenate(x, y) => {
                let split = self.nodes[*x].value.columns();
                for i in 0..out.rows() {
                    let (left, right) = out.row_mut(i).split_at_mut(split);
                    moved(*x).inspect(|dx| left.copy_from_slice(dx.row(i)));
                    moved(*y).inspect(|dy| right.copy_from_slice(dy.row(i)));
                }
            }
            Operation::Sum(x) => out.entries_mut()[0] = moved(*x).map_or(0.0, |dx| dx.entries().iter().sum()),
            Operation::RowSums(x) => {
                let Some(dx) = moved(*x) else { return };
                (0..dx.rows()).for_each(|i| out.entries_mut()[i] = dx.row(i).iter().sum());
            }
            _ => unreachable!("not by rows"),
        }
    }
}
