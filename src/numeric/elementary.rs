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
    fn softmax_survives_large_logits() {
        let mut logits = [1e308, 1e308, -1e308];
        softmax(&mut logits);
        assert_eq!(logits, [0.5, 0.5, 0.0]);
    }
}
