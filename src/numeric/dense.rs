//! Small dense linear algebra with ordered loops: no blocked products, no kernel chosen by the processor.

use thiserror::Error;

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
    fn a_singular_system_is_refused() {
        let mut a = Matrix::zeros(2, 2);
        a.row_mut(0).copy_from_slice(&[1.0, 2.0]);
        a.row_mut(1).copy_from_slice(&[2.0, 4.0]);
        assert_eq!(a.solve(&[1.0, 2.0]), Err(SingularMatrix { column: 1 }));
    }
}
