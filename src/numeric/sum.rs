//! Compensated sums: the rounding error of a long sum does not grow with its length.

/// A running sum with Neumaier's compensation; its error is a few units in the last place of `Σ|x_i|`, independent
/// of the number of terms (Neumaier 1974, "improved Kahan–Babuška").
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    /// The empty sum.
    #[must_use]
    pub const fn new() -> Self {
        Self { total: 0.0, lost: 0.0 }
    }

    /// Adds one term.
    #[inline]
    pub fn add(&mut self, term: f64) {
        let next = self.total + term;
        self.lost +=
            if self.total.abs() >= term.abs() { (self.total - next) + term } else { (term - next) + self.total };
        self.total = next;
    }

    /// The sum of the terms added so far.
    #[must_use]
    pub fn value(self) -> f64 {
        self.total + self.lost
    }
}

/// The compensated sum of `terms`, in order.
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = Sum::new();
    terms.into_iter().for_each(|x| total.add(x));
    total.value()
}

/// The inner product of two slices of one length, in eight interleaved partial sums.
///
/// The order of additions is fixed by this function and not by the instruction set: it vectorises, and its bits are
/// the same with and without AVX.
///
/// # Panics
/// If the lengths differ.
#[must_use]
#[inline(always)] // to be widened with the loop that calls it
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "an inner product needs two vectors of one length");
    let mut partial = [0.0; 8];
    let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let mut rest = 0.0;
    for (a, b) in xs.remainder().iter().zip(ys.remainder()) {
        rest += a * b;
    }
    for (a, b) in xs.zip(ys) {
        for lane in 0..8 {
            partial[lane] += a[lane] * b[lane];
        }
    }
    let [a, b, c, d, e, f, g, h] = partial;
    (((a + e) + (b + f)) + ((c + g) + (d + h))) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compensated_sum_keeps_what_a_plain_one_loses() {
        let terms = [1.0, 1e100, 1.0, -1e100];
        assert_eq!(terms.iter().sum::<f64>(), 0.0);
        assert_eq!(sum(terms), 2.0);
    }

    #[test]
    fn the_inner_product_covers_every_length() {
        for length in 0..40 {
            let x: Vec<f64> = (0..length).map(f64::from).collect();
            let expected: f64 = x.iter().map(|v| v * v).sum();
            assert_eq!(dot(&x, &x), expected, "length {length}");
        }
    }
}
