//! One-parameter families of densities, regular and not: where the information equality holds, and where it fails.

use crate::autodiff::Scalar;
use crate::numeric::{Sum, cos, exp, ln, normal_density, sin, trapezoid};

/// A family of densities on the line with one parameter `θ`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Family {
    /// `θ N(−1, 1) + (1−θ) N(2, ½²)`: the parameter is the weight of a mixture. No exponential family, but regular.
    Mixture,
    /// Student's t with three degrees of freedom, located at `θ`. No exponential family, but regular.
    StudentT3,
    /// Cauchy's density located at `θ`: without a mean, but regular.
    Cauchy,
    /// `½ e^{−|x−θ|}`: its logarithm has a kink.
    Laplace,
    /// Uniform on `[0, θ]`: the support moves with the parameter.
    Uniform,
}

impl Family {
    /// `log p_θ(x)` at an `x` of the support.
    pub fn log_density<S: Scalar>(self, theta: S, x: f64) -> S {
        let number = S::from;
        let distance = number(x) - theta;
        match self {
            Self::Mixture => {
                let (low, high) = (normal_density(x, -1.0, 1.0), normal_density(x, 2.0, 0.5));
                (theta * number(low) + (number(1.0) - theta) * number(high)).ln()
            }
            // Γ(2)/(√(3π) Γ(3/2)) = 2/(π√3).
            Self::StudentT3 => {
                let tail = (number(1.0) + distance * distance / number(3.0)).ln();
                number(ln(2.0 / (std::f64::consts::PI * 3.0_f64.sqrt()))) - number(2.0) * tail
            }
            Self::Cauchy => number(-ln(std::f64::consts::PI)) - (number(1.0) + distance * distance).ln(),
            Self::Laplace => {
                let sign = if distance.value() < 0.0 { -1.0 } else { 1.0 };
                number(-std::f64::consts::LN_2) - number(sign) * distance
            }
            Self::Uniform => number(0.0) - theta.ln(),
        }
    }

    /// `E f(x)` under `p_θ`, by a rule that suits the family: substitutions that make the integrand smooth and periodic for
    /// the heavy tails, and pieces on either side of a kink.
    pub fn expectation(self, theta: f64, f: impl Fn(f64) -> f64) -> f64 {
        const HALF: f64 = std::f64::consts::FRAC_PI_2;
        const POINTS: usize = 4000;
        let tangent = |angle: f64| sin(angle) / cos(angle);
        // Midpoints of a grid, which never touch the ends.
        let midpoints = |low: f64, high: f64, g: &dyn Fn(f64) -> f64| {
            let h = (high - low) / POINTS as f64;
            let mut sum = Sum::new();
            for i in 0..POINTS {
                sum.add(g(low + h * (i as f64 + 0.5)));
            }
            h * sum.value()
        };
        match self {
            Self::Mixture => trapezoid(-14.0, 14.0, POINTS, |x| exp(self.log_density(theta, x)) * f(x)),
            // x = θ + √3 tan φ has the density (2/π) cos²φ.
            Self::StudentT3 => midpoints(-HALF, HALF, &|angle| {
                let weight = cos(angle) * cos(angle) / HALF;
                weight * f(theta + 3.0_f64.sqrt() * tangent(angle))
            }),
            Self::Cauchy => midpoints(-HALF, HALF, &|angle| f(theta + tangent(angle)) / (2.0 * HALF)),
            Self::Laplace => {
                let half = |sign: f64| midpoints(0.0, 1.0, &|u| f(theta - sign * ln(u)));
                0.5 * (half(1.0) + half(-1.0))
            }
            Self::Uniform => midpoints(0.0, theta, &|x| f(x) / theta),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_are_normalised_and_the_rules_agree_with_a_plain_sum() {
        for (family, theta, low, high) in [
            (Family::Mixture, 0.3, -14.0, 14.0),
            (Family::StudentT3, 0.4, -2000.0, 2000.0),
            (Family::Cauchy, -0.2, -20_000.0, 20_000.0),
            (Family::Laplace, 0.1, -40.0, 40.0),
            (Family::Uniform, 2.0, 0.0, 2.0),
        ] {
            assert!((family.expectation(theta, |_| 1.0) - 1.0).abs() < 1e-12, "{family:?}");
            let bounded = |x: f64| 1.0 / (1.0 + x * x);
            let plain = trapezoid(low, high, 2_000_000, |x| exp(family.log_density(theta, x)) * bounded(x));
            assert!((family.expectation(theta, bounded) - plain).abs() < 1e-6, "{family:?}");
        }
    }
}
