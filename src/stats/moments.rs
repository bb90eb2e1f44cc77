//! Means and variances that merge: partial results of fixed blocks, combined in block order, give the same bits for
//! any number of threads.

use crate::numeric::Matrix;

/// Count, mean and centred second moment of each component of a vector sample.
///
/// Samples are added one at a time (Welford 1962) or as whole blocks ([`Moments::merge`], Chan, Golub and LeVeque
/// 1979): the variance never comes from a difference of large squares.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    count: u64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    /// Moments of no sample at all, for vectors of length `dimension`.
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        Self { count: 0, mean: vec![0.0; dimension], squares: vec![0.0; dimension] }
    }

    /// Moments with given parts: `squares[k] = Σ_i (x_ik − mean_k)²`.
    ///
    /// # Panics
    /// If the two vectors differ in length.
    #[must_use]
    pub fn from_parts(count: u64, mean: Vec<f64>, squares: Vec<f64>) -> Self {
        assert_eq!(mean.len(), squares.len(), "a mean and a sum of squares for each component");
        Self { count, mean, squares }
    }

    /// Adds one sample.
    ///
    /// # Panics
    /// If `sample` has another length.
    pub fn push(&mut self, sample: &[f64]) {
        assert_eq!(sample.len(), self.mean.len(), "a sample has one entry a component");
        self.count += 1;
        let n = self.count as f64;
        for ((mean, squares), x) in self.mean.iter_mut().zip(&mut self.squares).zip(sample) {
            let before = x - *mean;
            *mean += before / n;
            *squares += before * (x - *mean);
        }
    }

    /// Adds the samples of `later`, as if they had come after the ones already here.
    ///
    /// # Panics
    /// If `later` has another dimension.
    pub fn merge(&mut self, later: &Self) {
        assert_eq!(self.mean.len(), later.mean.len(), "only moments of one dimension merge");
        if later.count == 0 {
            return;
        }
        let (n, m) = (self.count as f64, later.count as f64);
        let share = m / (n + m);
        for k in 0..self.mean.len() {
            let gap = later.mean[k] - self.mean[k];
            self.mean[k] += gap * share;
            self.squares[k] += later.squares[k] + gap * gap * n * share;
        }
        self.count += later.count;
    }

    /// The number of samples.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean of each component; zeros before the first sample.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The unbiased variance `Σ (x − mean)² / (n − 1)` of each component; NaN below two samples.
    #[must_use]
    pub fn variance(&self) -> Vec<f64> {
        let divisor = if self.count < 2 { f64::NAN } else { (self.count - 1) as f64 };
        self.squares.iter().map(|s| s / divisor).collect()
    }

    /// The standard error of each component's mean; NaN below two samples.
    #[must_use]
    pub fn standard_error(&self) -> Vec<f64> {
        self.variance().iter().map(|v| (v / self.count as f64).sqrt()).collect()
    }
}

/// Count, mean and full centred second-moment matrix of a vector sample, for small dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariance {
    count: u64,
    mean: Vec<f64>,
    products: Matrix,
}

impl Covariance {
    /// Moments of no sample at all, for vectors of length `dimension`.
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        Self { count: 0, mean: vec![0.0; dimension], products: Matrix::zeros(dimension, dimension) }
    }

    /// Adds one sample.
    ///
    /// # Panics
    /// If `sample` has another length.
    pub fn push(&mut self, sample: &[f64]) {
        assert_eq!(sample.len(), self.mean.len(), "a sample has one entry a component");
        self.count += 1;
        let share = 1.0 / self.count as f64;
        let before: Vec<f64> = sample.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        for (mean, gap) in self.mean.iter_mut().zip(&before) {
            *mean += gap * share;
        }
        for i in 0..before.len() {
            for (entry, gap) in self.products.row_mut(i).iter_mut().zip(&before) {
                *entry += (1.0 - share) * (before[i] * gap);
            }
        }
    }

    /// Adds the samples of `later`, as if they had come after the ones already here.
    ///
    /// # Panics
    /// If `later` has another dimension.
    pub fn merge(&mut self, later: &Self) {
        assert_eq!(self.mean.len(), later.mean.len(), "only moments of one dimension merge");
        if later.count == 0 {
            return;
        }
        let (n, m) = (self.count as f64, later.count as f64);
        let share = m / (n + m);
        let gap: Vec<f64> = later.mean.iter().zip(&self.mean).map(|(b, a)| b - a).collect();
        for i in 0..gap.len() {
            self.mean[i] += gap[i] * share;
            for j in 0..gap.len() {
                self.products[(i, j)] += later.products[(i, j)] + gap[i] * gap[j] * n * share;
            }
        }
        self.count += later.count;
    }

    /// The number of samples.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean of each component.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The unbiased covariance matrix; NaN below two samples.
    #[must_use]
    pub fn covariance(&self) -> Matrix {
        let divisor = if self.count < 2 { f64::NAN } else { (self.count - 1) as f64 };
        let mut result = self.products.clone();
        for i in 0..result.rows() {
            for entry in result.row_mut(i) {
                *entry /= divisor;
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<[f64; 2]> {
        (0..50).map(|i| [1e6 + f64::from((i * 7) % 11), f64::from((i * i) % 13) - 4.0]).collect()
    }

    #[test]
    fn merging_two_halves_equals_one_pass() {
        let mut whole = Moments::new(2);
        let (mut left, mut right) = (Moments::new(2), Moments::new(2));
        for (i, sample) in samples().iter().enumerate() {
            whole.push(sample);
            if i < 17 { left.push(sample) } else { right.push(sample) }
        }
        left.merge(&right);
        assert_eq!(left.count(), whole.count());
        for k in 0..2 {
            assert!((left.mean()[k] / whole.mean()[k] - 1.0).abs() < 1e-14);
            // The means near 1e6 are rounded to 1e-10, and the variances are near 10.
            assert!((left.variance()[k] / whole.variance()[k] - 1.0).abs() < 1e-10);
        }
    }

    #[test]
    fn the_covariance_has_the_componentwise_variance_on_its_diagonal() {
        let (mut full, mut diagonal, mut left, mut right) =
            (Covariance::new(2), Moments::new(2), Covariance::new(2), Covariance::new(2));
        for (i, sample) in samples().iter().enumerate() {
            full.push(sample);
            diagonal.push(sample);
            if i % 50 < 20 { left.push(sample) } else { right.push(sample) }
        }
        left.merge(&right);
        let (direct, merged) = (full.covariance(), left.covariance());
        for k in 0..2 {
            assert!((direct[(k, k)] / diagonal.variance()[k] - 1.0).abs() < 1e-10);
        }
        assert!((direct[(0, 1)] - merged[(0, 1)]).abs() < 1e-9);
        assert_eq!(direct[(0, 1)], direct[(1, 0)]);
    }

    #[test]
    fn one_sample_has_no_variance() {
        let mut moments = Moments::new(1);
        moments.push(&[3.0]);
        assert!(moments.variance()[0].is_nan());
    }
}
