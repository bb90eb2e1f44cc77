//! Forward-mode differentiation with several tangents (Wengert 1964).

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
    /// The natural logarithm, with the same bits on every platform.
    #[must_use]
    fn ln(self) -> Self;
    /// The hyperbolic tangent, with the same bits on every platform.
    #[must_use]
    fn tanh(self) -> Self;
}

impl Scalar for f64 {
    fn value(self) -> f64 {
        self
    }

    fn exp(self) -> Self {
        numeric::exp(self)
    }

    fn ln(self) -> Self {
        numeric::ln(self)
    }

    fn tanh(self) -> Self {
        numeric::tanh(self)
    }
}

/// `value + Σ_k tangent_k·ε_k` with `ε_i ε_j = 0`: a value and its derivatives along `K` directions at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual<const K: usize> {
    /// The value.
    pub value: f64,
    /// The derivatives of the value along the chosen directions.
    pub tangents: [f64; K],
}

impl<const K: usize> Dual<K> {
    /// The point `x`, each coordinate with a direction of its own: what is computed from them carries its gradient.
    ///
    /// # Panics
    /// If there are more coordinates than directions.
    #[must_use]
    pub fn point(x: &[f64]) -> Vec<Self> {
        assert!(x.len() <= K, "{} coordinates need as many directions, not {K}", x.len());
        let coordinate = |(k, value): (usize, &f64)| Self {
            value: *value,
            tangents: std::array::from_fn(|j| if j == k { 1.0 } else { 0.0 }),
        };
        x.iter().enumerate().map(coordinate).collect()
    }

    #[inline(always)] // into the widened loop of the caller, like all the arithmetic below
    fn map(self, value: f64, tangent: impl Fn(f64) -> f64) -> Self {
        Self { value, tangents: self.tangents.map(tangent) }
    }

    #[inline(always)]
    fn zip(self, other: Self, value: f64, tangent: impl Fn(f64, f64) -> f64) -> Self {
        Self { value, tangents: std::array::from_fn(|k| tangent(self.tangents[k], other.tangents[k])) }
    }
}

/// How many directions [`gradient`] follows at once.
const DIRECTIONS: usize = 16;

/// `∇f(x)` along dual numbers, sixteen directions at a time.
pub fn gradient(x: &[f64], f: impl Fn(&[Dual<DIRECTIONS>]) -> Dual<DIRECTIONS>) -> Vec<f64> {
    let mut out = Vec::with_capacity(x.len());
    for first in (0..x.len()).step_by(DIRECTIONS) {
        let coordinate = |(k, value): (usize, &f64)| Dual {
            value: *value,
            tangents: std::array::from_fn(|j| if first + j == k { 1.0 } else { 0.0 }),
        };
        let point: Vec<Dual<DIRECTIONS>> = x.iter().enumerate().map(coordinate).collect();
        out.extend_from_slice(&f(&point).tangents[..DIRECTIONS.min(x.len() - first)]);
    }
    out
}

impl<const K: usize> Scalar for Dual<K> {
    fn value(self) -> f64 {
        self.value
    }

    fn exp(self) -> Self {
        let value = numeric::exp(self.value);
        self.map(value, |tangent| value * tangent)
    }

    fn ln(self) -> Self {
        let slope = 1.0 / self.value;
        self.map(numeric::ln(self.value), |tangent| slope * tangent)
    }

    fn tanh(self) -> Self {
        let value = numeric::tanh(self.value);
        self.map(value, |tangent| (1.0 - value * value) * tangent)
    }
}

impl<const K: usize> From<f64> for Dual<K> {
    fn from(value: f64) -> Self {
        Self { value, tangents: [0.0; K] }
    }
}

impl<const K: usize> Add for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, self.value + other.value, |x, y| x + y)
    }
}

impl<const K: usize> Sub for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, self.value - other.value, |x, y| x - y)
    }
}

impl<const K: usize> Mul for Dual<K> {
    type Output = Self;
    #[allow(clippy::suspicious_arithmetic_impl)] // the product rule is a sum
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, self.value * other.value, |x, y| x * other.value + self.value * y)
    }
}

impl<const K: usize> Div for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let (value, reciprocal) = (self.value / other.value, 1.0 / other.value);
        self.zip(other, value, |x, y| (x - value * y) * reciprocal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f<S: Scalar>(x: S) -> S {
        ((x * x + S::from(1.0)).exp() / (S::from(3.0) - x)).ln() * x.tanh()
    }

    #[test]
    fn the_tangent_is_the_derivative() {
        let x = 0.4;
        let dual = f(Dual { value: x, tangents: [1.0, -2.0] });
        assert_eq!(dual.value, f(x));
        let numerical = numeric::central_gradient(&[x], 1e-2, |p| f(p[0]))[0];
        assert!((dual.tangents[0] - numerical).abs() < 1e-7 * numerical, "{dual:?} and {numerical}");
        assert_eq!(dual.tangents[1], -2.0 * dual.tangents[0]);
    }
}
