//! Small dense linear algebra with ordered loops, and fused products for training: their bits do not depend on the
//! processor either.

use thiserror::Error;

use super::matrix_product::{Factor, add_product};
use super::simd::Level;

/// A dense matrix, stored row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    entries: Vec<f64>,
}

/// A linear system without a unique solution.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the matrix is singular: column {column} depends on the columns before it")]
pub struct SingularMatrix {
    /// The first column without a usable pivot.
    pub column: usize,
}

impl Matrix {
    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, entries: vec![0.0; rows * columns] }
    }

    /// The identity.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        Self::diagonal(&vec![1.0; size])
    }

    /// A matrix with the given diagonal and zeros elsewhere.
    #[must_use]
    pub fn diagonal(entries: &[f64]) -> Self {
        let mut matrix = Self::zeros(entries.len(), entries.len());
        for (i, x) in entries.iter().enumerate() {
            matrix[(i, i)] = *x;
        }
        matrix
    }

    /// The matrix whose entry `(i, j)` is `entry(i, j)`.
    #[must_use]
    pub fn from_fn(rows: usize, columns: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let entry = &entry;
        let entries = (0..rows).flat_map(|i| (0..columns).map(move |j| entry(i, j))).collect();
        Self { rows, columns, entries }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `i`.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f64] {
        &self.entries[i * self.columns..(i + 1) * self.columns]
    }

    /// Row `i`, to write to.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.entries[i * self.columns..(i + 1) * self.columns]
    }

    /// All entries, row by row.
    #[must_use]
    pub fn entries(&self) -> &[f64] {
        &self.entries
    }

    /// All entries, row by row, to write to.
    pub fn entries_mut(&mut self) -> &mut [f64] {
        &mut self.entries
    }

    /// All entries, row by row, and their memory.
    #[must_use]
    pub fn into_entries(self) -> Vec<f64> {
        self.entries
    }

    /// A matrix of the given entries, row by row.
    ///
    /// # Panics
    /// If their number is not `rows·columns`.
    #[must_use]
    pub fn of(rows: usize, columns: usize, entries: Vec<f64>) -> Self {
        assert_eq!(entries.len(), rows * columns, "a matrix of {rows} rows and {columns} columns");
        Self { rows, columns, entries }
    }

    /// `A x`.
    ///
    /// # Panics
    /// If `x` does not have one entry a column.
    #[must_use]
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        assert_eq!(self.columns, x.len(), "a vector has one entry a column");
        (0..self.rows).map(|i| self.row(i).iter().zip(x).map(|(a, x)| a * x).sum()).collect()
    }

    /// `Aᵀ x`.
    ///
    /// # Panics
    /// If `x` does not have one entry a row.
    #[must_use]
    pub fn transpose_times(&self, x: &[f64]) -> Vec<f64> {
        assert_eq!(self.rows, x.len(), "a vector has one entry a row");
        let mut out = vec![0.0; self.columns];
        for (i, x) in x.iter().enumerate() {
            out.iter_mut().zip(self.row(i)).for_each(|(y, a)| *y += a * x);
        }
        out
    }

    /// `A B`.
    ///
    /// # Panics
    /// If `B` does not have one row for each column of `A`.
    #[must_use]
    pub fn product(&self, other: &Self) -> Self {
        assert_eq!(self.columns, other.rows, "the inner sizes agree");
        let mut out = Self::zeros(self.rows, other.columns);
        for i in 0..self.rows {
            for k in 0..self.columns {
                let factor = self[(i, k)];
                out.row_mut(i).iter_mut().zip(other.row(k)).for_each(|(x, y)| *x += factor * y);
            }
        }
        out
    }

    /// `A B`, each entry one chain of fused multiply-adds over the inner index, in increasing order: the bits depend neither
    /// on the processor nor on the number of threads, but are not those of [`Self::product`], which rounds products.
    ///
    /// # Panics
    /// If `B` does not have one row for each column of `A`.
    #[must_use]
    pub fn fused_product(&self, other: &Self) -> Self {
        let mut out = Self::zeros(self.rows, other.columns);
        out.add_fused_product(self, other);
        out
    }

    /// `Aᵀ B`, in chains as [`Self::fused_product`].
    ///
    /// # Panics
    /// If `A` and `B` have different numbers of rows.
    #[must_use]
    pub fn transpose_product(&self, other: &Self) -> Self {
        let mut out = Self::zeros(self.columns, other.columns);
        out.add_transpose_product(self, other);
        out
    }

    /// `A Bᵀ`, in chains as [`Self::fused_product`].
    ///
    /// # Panics
    /// If `A` and `B` have different numbers of columns.
    #[must_use]
    pub fn product_transpose(&self, other: &Self) -> Self {
        let mut out = Self::zeros(self.rows, other.rows);
        out.add_product_transpose(self, other);
        out
    }

    /// Adds `A B`: each chain goes on from the entry that is there.
    ///
    /// # Panics
    /// If the sizes do not fit.
    pub fn add_fused_product(&mut self, left: &Self, right: &Self) {
        self.add_factors(left.factor(false), right.factor(false), (left.rows, right.columns));
    }

    /// Adds `Aᵀ B`: each chain goes on from the entry that is there.
    ///
    /// # Panics
    /// If the sizes do not fit.
    pub fn add_transpose_product(&mut self, left: &Self, right: &Self) {
        self.add_factors(left.factor(true), right.factor(false), (left.columns, right.columns));
    }

    /// Adds `A Bᵀ`: each chain goes on from the entry that is there.
    ///
    /// # Panics
    /// If the sizes do not fit.
    pub fn add_product_transpose(&mut self, left: &Self, right: &Self) {
        self.add_factors(left.factor(false), right.factor(true), (left.rows, right.rows));
    }

    fn add_factors(&mut self, left: Factor, right: Factor, shape: (usize, usize)) {
        assert_eq!((self.rows, self.columns), shape, "the result has the outer sizes");
        add_product(Level::best(), left, right, &mut self.entries);
    }

    fn factor(&self, transposed: bool) -> Factor<'_> {
        Factor { entries: &self.entries, rows: self.rows, columns: self.columns, transposed }
    }

    /// `Aᵀ`.
    #[must_use]
    pub fn transpose(&self) -> Self {
        Self::from_fn(self.columns, self.rows, |i, j| self[(j, i)])
    }

    /// `A + c B`.
    ///
    /// # Panics
    /// If the sizes differ.
    #[must_use]
    pub fn plus(&self, factor: f64, other: &Self) -> Self {
        assert_eq!((self.rows, self.columns), (other.rows, other.columns), "the sizes agree");
        let entries = self.entries.iter().zip(&other.entries).map(|(x, y)| x + factor * y).collect();
        Self { entries, ..*self }
    }

    /// Whether every entry is a finite number.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.entries.iter().all(|x| x.is_finite())
    }

    /// The lower triangular `L` with `A = L Lᵀ` of a symmetric positive semi-definite matrix (Cholesky), with zero columns
    /// where it is singular; `None` where it has a negative direction, beyond rounding, or is not symmetric.
    #[must_use]
    pub fn cholesky(&self) -> Option<Self> {
        let n = self.rows;
        let size = self.entries.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let symmetric = (0..n).all(|i| (0..i).all(|j| (self[(i, j)] - self[(j, i)]).abs() <= 1e-12 * size));
        if n != self.columns || !symmetric || !self.is_finite() {
            return None;
        }
        let mut factor = Self::zeros(n, n);
        for j in 0..n {
            let rest = self[(j, j)] - factor.row(j)[..j].iter().map(|x| x * x).sum::<f64>();
            if rest < -1e-12 * size {
                return None;
            }
            let pivot = rest.max(0.0).sqrt();
            let used = pivot > 1e-7 * size.sqrt();
            for i in j..n {
                let inner: f64 = factor.row(i)[..j].iter().zip(&factor.row(j)[..j]).map(|(x, y)| x * y).sum();
                let rest = self[(i, j)] - inner;
                if used {
                    factor[(i, j)] = if i == j { pivot } else { rest / pivot };
                } else if rest.abs() > 1e-9 * size {
                    return None;
                }
            }
        }
        Some(factor)
    }

    /// The sum of the diagonal entries.
    #[must_use]
    pub fn trace(&self) -> f64 {
        (0..self.rows.min(self.columns)).map(|i| self[(i, i)]).sum()
    }

    /// Solves `A x = b` by Gaussian elimination with partial pivoting.
    ///
    /// # Errors
    /// [`SingularMatrix`] where a pivot is below 1e-13 of the largest entry.
    ///
    /// # Panics
    /// If the matrix is not square or `b` has another length.
    pub fn solve(&self, b: &[f64]) -> Result<Vec<f64>, SingularMatrix> {
        assert_eq!(self.rows, self.columns, "only a square system has a unique solution");
        assert_eq!(self.rows, b.len(), "the right-hand side has one entry a row");
        let n = self.rows;
        let (mut a, mut x) = (self.clone(), b.to_vec());
        let smallest = 1e-13 * self.entries.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        for column in 0..n {
            let pivot =
                (column..n).max_by(|&i, &j| a[(i, column)].abs().total_cmp(&a[(j, column)].abs())).unwrap_or(column);
            let usable = a[(pivot, column)].abs() > smallest; // false for NaN
            if !usable {
                return Err(SingularMatrix { column });
            }
            for k in 0..n {
                a.entries.swap(column * n + k, pivot * n + k);
            }
            x.swap(column, pivot);
            for i in column + 1..n {
                let factor = a[(i, column)] / a[(column, column)];
                for k in column..n {
                    a[(i, k)] -= factor * a[(column, k)];
                }
                x[i] -= factor * x[column];
            }
        }
        for i in (0..n).rev() {
            for k in i + 1..n {
                x[i] -= a[(i, k)] * x[k];
            }
            x[i] /= a[(i, i)];
        }
        Ok(x)
    }
}

impl std::ops::Index<(usize, usize)> for Matrix {
    type Output = f64;

    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.entries[i * self.columns + j]
    }
}

impl std::ops::IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        &mut self.entries[i * self.columns + j]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elimination_solves_a_system_that_needs_pivoting() {
        let mut a = Matrix::zeros(3, 3);
        a.row_mut(0).copy_from_slice(&[0.0, 2.0, 1.0]);
        a.row_mut(1).copy_from_slice(&[1.0, -1.0, 0.0]);
        a.row_mut(2).copy_from_slice(&[3.0, 0.0, 4.0]);
        let x = a.solve(&[7.0, -1.0, 15.0]).unwrap();
        for (got, expected) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((got - expected).abs() < 1e-14, "{x:?}");
        }
    }

    #[test]
    fn a_positive_semi_definite_matrix_has_a_factor_and_an_indefinite_one_has_none() {
        let half = Matrix::from_fn(3, 3, |i, j| if j <= i && j < 2 { (i + 2 * j) as f64 + 1.0 } else { 0.0 });
        let square = half.product(&half.transpose());
        let factor = square.cholesky().unwrap();
        assert!(factor.plus(-1.0, &half).entries.iter().all(|x| x.abs() < 1e-12), "{factor:?}");
        assert_eq!(square.plus(-1.0, &Matrix::identity(3)).cholesky(), None);
        assert_eq!(Matrix::from_fn(2, 2, |i, j| (i + 2 * j) as f64).cholesky(), None);
        assert_eq!(square.times(&[1.0, 0.0, 0.0]), square.transpose().row(0));
    }

    #[test]
    fn a_singular_system_is_refused() {
        let mut a = Matrix::zeros(2, 2);
        a.row_mut(0).copy_from_slice(&[1.0, 2.0]);
        a.row_mut(1).copy_from_slice(&[2.0, 4.0]);
        assert_eq!(a.solve(&[1.0, 2.0]), Err(SingularMatrix { column: 1 }));
    }
}
