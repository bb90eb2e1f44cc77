//! Second derivatives along a direction (Griewank & Walther 2008, §13.2).

use std::ops::{Add, Div, Mul, Sub};

use super::Scalar;
use crate::numeric;

/// `value + slope·ε + curvature·ε²/2` with `ε³ = 0`: a value and its first two derivatives along one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jet {
    /// The value.
    pub value: f64,
    /// The first derivative.
    pub slope: f64,
    /// The second derivative.
    pub curvature: f64,
}

impl Jet {
    /// `x + ε`: what is computed from it carries its derivatives.
    #[must_use]
    pub fn variable(x: f64) -> Self {
        Self { value: x, slope: 1.0, curvature: 0.0 }
    }

    /// The point `x + ε direction`.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn along(x: &[f64], direction: &[f64]) -> Vec<Self> {
        assert_eq!(x.len(), direction.len(), "a direction has one entry a coordinate");
        x.iter().zip(direction).map(|(x, d)| Self { value: *x, slope: *d, curvature: 0.0 }).collect()
    }

    /// `f` of it, given the value and the first two derivatives of `f` there.
    fn chain(self, value: f64, first: f64, second: f64) -> Self {
        let curvature = second * self.slope * self.slope + first * self.curvature;
        Self { value, slope: first * self.slope, curvature }
    }
}

/// The Hessian of `f` at `x`, row by row, from second derivatives along `e_i` and `e_i + e_j`.
pub fn hessian(x: &[f64], f: impl Fn(&[Jet]) -> Jet) -> Vec<f64> {
    let n = x.len();
    let along = |i: usize, j: usize| {
        let mut direction = vec![0.0; n];
        direction[i] = 1.0;
        direction[j] = 1.0;
        f(&Jet::along(x, &direction)).curvature
    };
    let own: Vec<f64> = (0..n).map(|i| along(i, i)).collect();
    let entry =
        |k: usize| if k / n == k % n { own[k / n] } else { 0.5 * (along(k / n, k % n) - own[k / n] - own[k % n]) };
    (0..n * n).map(entry).collect()
}

impl Scalar for Jet {
    fn value(self) -> f64 {
        self.value
    }

    fn exp(self) -> Self {
        let value = numeric::exp(self.value);
        self.chain(value, value, value)
    }

    fn ln(self) -> Self {
        let first = 1.0 / self.value;
        self.chain(numeric::ln(self.value), first, -first * first)
    }

    fn tanh(self) -> Self {
        let value = numeric::tanh(self.value);
        let first = 1.0 - value * value;
        self.chain(value, first, -2.0 * value * first)
    }
}

impl From<f64> for Jet {
    fn from(value: f64) -> Self {
        Self { value, slope: 0.0, curvature: 0.0 }
    }
}

impl Add for Jet {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            slope: self.slope + other.slope,
            curvature: self.curvature + other.curvature,
        }
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            value: self.value - other.value,
            slope: self.slope - other.slope,
            curvature: self.curvature - other.curvature,
        }
    }
}

impl Mul for Jet {
    type Output = Self;
    #[allow(clippy::suspicious_arithmetic_impl)] // Leibniz's rule is a sum
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            slope: self.slope * other.value + self.value * other.slope,
            curvature: self.curvature * other.value + 2.0 * self.slope * other.slope + self.value * other.curvature,
        }
    }
}

impl Div for Jet {
    type Output = Self;
    #[allow(clippy::suspicious_arithmetic_impl)] // Leibniz's rule, solved for the quotient
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        let slope = (self.slope - value * other.slope) / other.value;
        let curvature = (self.curvature - 2.0 * slope * other.slope - value * other.curvature) / other.value;
        Self { value, slope, curvature }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::Dual;

    fn f<S: Scalar>(x: S, y: S) -> S {
        ((x * x + y).exp() / (S::from(3.0) - x * y)).ln() * (x - y).tanh() + x / y
    }

    #[test]
    fn the_hessian_is_the_derivative_of_the_gradient() {
        let at = [0.4, -0.7];
        let gradient = |x: &[f64]| {
            let point = Dual::<2>::point(x);
            f(point[0], point[1]).tangents
        };
        let exact = hessian(&at, |x| f(x[0], x[1]));
        for i in 0..2 {
            let numerical = numeric::central_gradient(&at, 1e-2, |x| gradient(x)[i]);
            for j in 0..2 {
                assert!((exact[2 * i + j] - numerical[j]).abs() < 1e-7, "{exact:?} and {numerical:?}");
            }
        }
        let slope = f(Jet::variable(0.4), Jet::from(-0.7));
        assert!((slope.slope - gradient(&at)[0]).abs() < 1e-14 && slope.value == f(0.4, -0.7));
    }
}
