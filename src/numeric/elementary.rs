//! Elementary functions through `libm`: the same bits in every build.

/// The exponential of `x`, with the same bits on every platform.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// The natural logarithm of `x`, with the same bits on every platform.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// The hyperbolic tangent of `x`, with the same bits on every platform.
#[must_use]
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// The angle in radians whose cosine is `x`, with the same bits on every platform.
#[must_use]
pub fn arccos(x: f64) -> f64 {
    libm::acos(x)
}

/// The sine of `x` radians, with the same bits on every platform.
#[must_use]
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// The cosine of `x` radians, with the same bits on every platform.
#[must_use]
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// `base` to the power `exponent` by repeated squaring; `power(x, 0) = 1` for every `x`.
///
/// `f64::powi` leaves its rounding unspecified; this order of multiplications is fixed.
#[must_use]
pub fn power(base: f64, exponent: usize) -> f64 {
    let (mut result, mut square, mut rest) = (1.0, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

/// Replaces `logits` by their softmax, `exp(x_i) / Σ_j exp(x_j)`, shifted by the largest so that nothing overflows.
///
/// An empty slice stays empty.
pub fn softmax(logits: &mut [f64]) {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for x in logits.iter_mut() {
        *x = exp(*x - largest);
        total += *x;
    }
    for x in logits.iter_mut() {
        *x /= total;
    }
}

/// `x_k − log Σ_j exp x_j` for each entry, shifted by the largest: finite wherever the logits are, though a probability
/// underflows.
pub fn log_softmax(logits: &mut [f64]) {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|x| exp(*x - largest)).sum();
    let rest = ln(total);
    for x in logits.iter_mut() {
        *x = (*x - largest) - rest;
    }
}

/// `P(z ≤ x)` for a standard normal `z`, accurate in both tails.
#[must_use]
pub fn normal_distribution(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_multiplies_exactly_where_the_result_is_exact() {
        assert_eq!(power(3.0, 0), 1.0);
        assert_eq!(power(3.0, 13), 1_594_323.0);
        assert_eq!(power(0.0, 0), 1.0);
        assert_eq!(power(-2.0, 5), -32.0);
    }

    #[test]
    fn log_probabilities_survive_where_probabilities_underflow() {
        let mut logits = [0.0, 1000.0, 999.0];
        log_softmax(&mut logits);
        let rest = ln(1.0 + exp(-1.0));
        assert_eq!(logits, [-1000.0 - rest, -rest, -1.0 - rest]);
    }

    #[test]
    fn the_normal_distribution_has_its_tails() {
        assert_eq!(normal_distribution(0.0), 0.5);
        // Abramowitz & Stegun (1964), table 26.2: Q(10) = 7.61985302416e-24.
        assert!((normal_distribution(-10.0) / 7.619_853_024_16e-24 - 1.0).abs() < 1e-11);
        assert!((normal_distribution(1.959_963_984_540_054) - 0.975).abs() < 1e-15);
    }

    #[test]
    fn softmax_survives_large_logits() {
        let mut logits = [1e308, 1e308, -1e308];
        softmax(&mut logits);
        assert_eq!(logits, [0.5, 0.5, 0.0]);
    }
}
