//! Numbers on a tape, for what is written once over a generic scalar.

use std::ops::{Add, Div, Mul, Sub};

use super::{Scalar, Tape, Variable};
use crate::numeric::{self, Matrix};

/// A number on a [`Tape`], or a constant that needs none.
#[derive(Clone, Copy, Debug)]
pub enum Traced<'t> {
    /// Data.
    Constant(f64),
    /// Computed from a parameter.
    OnTape(Variable<'t>),
}

impl<'t> Traced<'t> {
    /// The point `x` as parameters of `tape`, one each.
    pub fn point(tape: &'t Tape, x: &[f64]) -> Vec<Self> {
        x.iter().map(|x| Self::OnTape(tape.parameter(Matrix::diagonal(&[*x])))).collect()
    }

    /// The derivatives of this number with respect to those of `point`.
    ///
    /// # Panics
    /// If a number of `point` is of another tape.
    #[must_use]
    pub fn gradient(self, point: &[Self]) -> Vec<f64> {
        let gradients = match self {
            Self::Constant(_) => return vec![0.0; point.len()],
            Self::OnTape(variable) => variable.backward(),
        };
        let same = |x: &Self| match (self, x) {
            (Self::OnTape(scalar), Self::OnTape(x)) => std::ptr::eq(scalar.tape(), x.tape()),
            _ => true,
        };
        assert!(point.iter().all(same), "a scalar has derivatives on its own tape");
        let of = |x: &Self| match x {
            Self::Constant(_) => 0.0,
            Self::OnTape(variable) => gradients.of(*variable)[(0, 0)],
        };
        point.iter().map(of).collect()
    }

    fn unary(self, number: impl FnOnce(f64) -> f64, on_tape: impl FnOnce(Variable<'t>) -> Variable<'t>) -> Self {
        match self {
            Self::Constant(x) => Self::Constant(number(x)),
            Self::OnTape(x) => Self::OnTape(on_tape(x)),
        }
    }

    fn binary(
        self,
        other: Self,
        number: impl FnOnce(f64, f64) -> f64,
        on_tape: impl FnOnce(Variable<'t>, Variable<'t>) -> Variable<'t>,
    ) -> Self {
        let lift = |beside: Variable<'t>, x: f64| beside.tape().constant(Matrix::diagonal(&[x]));
        match (self, other) {
            (Self::Constant(x), Self::Constant(y)) => Self::Constant(number(x, y)),
            (Self::Constant(x), Self::OnTape(y)) => Self::OnTape(on_tape(lift(y, x), y)),
            (Self::OnTape(x), Self::Constant(y)) => Self::OnTape(on_tape(x, lift(x, y))),
            (Self::OnTape(x), Self::OnTape(y)) => Self::OnTape(on_tape(x, y)),
        }
    }
}

impl Scalar for Traced<'_> {
    fn value(self) -> f64 {
        match self {
            Self::Constant(x) => x,
            Self::OnTape(x) => x.scalar(),
        }
    }

    fn exp(self) -> Self {
        self.unary(numeric::exp, Variable::exp)
    }

    fn ln(self) -> Self {
        self.unary(numeric::ln, Variable::ln)
    }

    fn tanh(self) -> Self {
        self.unary(numeric::tanh, Variable::tanh)
    }
}

impl From<f64> for Traced<'_> {
    fn from(x: f64) -> Self {
        Self::Constant(x)
    }
}

impl Add for Traced<'_> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.binary(other, |x, y| x + y, |x, y| x + y)
    }
}

impl Sub for Traced<'_> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.binary(other, |x, y| x - y, |x, y| x - y)
    }
}

impl Mul for Traced<'_> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.binary(other, |x, y| x * y, |x, y| x * y)
    }
}

impl Div for Traced<'_> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self.binary(other, |x, y| x / y, |x, y| x / y)
    }
}
