//! Forward-mode differentiation with one tangent (Wengert 1964).

use std::ops::{Add, Div, Mul, Sub};

use crate::numeric;

/// A number that a policy can compute with: a double, or a double with its derivative.
pub trait Scalar:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + From<f64>
{
    /// The number itself, without its derivative.
    fn value(self) -> f64;
    /// The exponential, with the same bits on every platform.
    #[must_use]
    fn exp(self) -> Self;
}

impl Scalar for f64 {
    fn value(self) -> f64 {
        self
    }

    fn exp(self) -> Self {
        numeric::exp(self)
    }
}

/// `value + tangent·ε` with `ε² = 0`: a value and its derivative along one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual {
    /// The value.
    pub value: f64,
    /// The derivative of the value along the chosen direction.
    pub tangent: f64,
}

impl Scalar for Dual {
    fn value(self) -> f64 {
        self.value
    }

    fn exp(self) -> Self {
        let value = numeric::exp(self.value);
        Self { value, tangent: value * self.tangent }
    }
}

impl From<f64> for Dual {
    fn from(value: f64) -> Self {
        Self { value, tangent: 0.0 }
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, tangent: self.tangent + other.tangent }
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, tangent: self.tangent - other.tangent }
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self { value: self.value * other.value, tangent: self.tangent * other.value + self.value * other.tangent }
    }
}

impl Div for Dual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, tangent: (self.tangent - value * other.tangent) / other.value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f<S: Scalar>(x: S) -> S {
        (x * x + S::from(1.0)).exp() / (S::from(3.0) - x)
    }

    #[test]
    fn the_tangent_is_the_derivative() {
        let x = 0.4;
        let dual = f(Dual { value: x, tangent: 1.0 });
        assert_eq!(dual.value, f(x));
        let numerical = numeric::central_gradient(&[x], 1e-2, |p| f(p[0]))[0];
        assert!((dual.tangent - numerical).abs() < 1e-7 * dual.tangent, "{} and {numerical}", dual.tangent);
    }
}
