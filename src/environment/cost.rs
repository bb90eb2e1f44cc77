//! Costs of one real number, whose expectations under a normal law are differentiated.

use crate::numeric::{cos, exp, sin};

/// A cost `f(x)` of a number, with one parameter `k`: the three of Mohamed, Rosca, Figurnov and Mnih (2020,
/// "Monte Carlo gradient estimation in machine learning", §3).
///
/// ```
/// use unbiased::environment::ScalarCost;
/// let cost = ScalarCost::named("quadratic", 3.0).unwrap();
/// assert_eq!((cost.value(5.0), cost.derivative(5.0)), (4.0, 4.0));
/// assert_eq!(ScalarCost::named("cubic", 3.0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalarCost {
    /// `(x − k)²`.
    Quadratic {
        /// The centre `k`.
        centre: f64,
    },
    /// `exp(−k x²)`.
    Exponential {
        /// The rate `k`.
        rate: f64,
    },
    /// `cos(k x)`.
    Cosine {
        /// The frequency `k`, in radians a unit.
        frequency: f64,
    },
}

impl ScalarCost {
    /// The names that [`ScalarCost::named`] knows.
    pub const NAMES: [&'static str; 3] = ["quadratic", "exponential", "cosine"];

    /// The cost of this name with the parameter `k`; none for a name that is not one of [`ScalarCost::NAMES`].
    #[must_use]
    pub fn named(name: &str, k: f64) -> Option<Self> {
        match name {
            "quadratic" => Some(Self::Quadratic { centre: k }),
            "exponential" => Some(Self::Exponential { rate: k }),
            "cosine" => Some(Self::Cosine { frequency: k }),
            _ => None,
        }
    }

    /// The name by which [`ScalarCost::named`] finds it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quadratic { .. } => "quadratic",
            Self::Exponential { .. } => "exponential",
            Self::Cosine { .. } => "cosine",
        }
    }

    /// The parameter `k`.
    #[must_use]
    pub fn parameter(self) -> f64 {
        match self {
            Self::Quadratic { centre: k } | Self::Exponential { rate: k } | Self::Cosine { frequency: k } => k,
        }
    }

    /// `f(x)`.
    #[must_use]
    pub fn value(self, x: f64) -> f64 {
        match self {
            Self::Quadratic { centre } => (x - centre) * (x - centre),
            Self::Exponential { rate } => exp(-rate * x * x),
            Self::Cosine { frequency } => cos(frequency * x),
        }
    }

    /// `f'(x)`.
    #[must_use]
    pub fn derivative(self, x: f64) -> f64 {
        match self {
            Self::Quadratic { centre } => 2.0 * (x - centre),
            Self::Exponential { rate } => -2.0 * rate * x * exp(-rate * x * x),
            Self::Cosine { frequency } => -frequency * sin(frequency * x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::central_gradient;

    #[test]
    fn every_name_finds_its_cost() {
        for name in ScalarCost::NAMES {
            let cost = ScalarCost::named(name, -0.5).unwrap();
            assert_eq!((cost.name(), cost.parameter()), (name, -0.5));
        }
        assert_eq!(ScalarCost::named("Quadratic", 1.0), None);
    }

    #[test]
    fn derivatives_are_those_of_the_values() {
        for name in ScalarCost::NAMES {
            let cost = ScalarCost::named(name, 0.7).unwrap();
            for x in [-2.0, -0.3, 0.0, 1.1] {
                let difference = central_gradient(&[x], 1e-5, |x| cost.value(x[0]))[0];
                assert!((cost.derivative(x) - difference).abs() < 1e-9, "{name} at {x}");
            }
        }
    }
}
