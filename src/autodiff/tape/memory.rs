//! Memory that a record leaves to the next one of the same thread: in training the same sizes come back again and again,
//! and fresh pages of the operating system cost more than what is written to them.

use std::cell::RefCell;

use crate::numeric::Matrix;

/// Smaller matrices are left to the allocator.
const SMALLEST: usize = 1 << 12;

/// A thread keeps up to this many numbers: 128 MiB.
const MOST: usize = 1 << 24;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) };
}

/// An empty vector with room for `count` numbers.
pub(super) fn room(count: usize) -> Vec<f64> {
    let fits = |kept: &Vec<f64>| (count..=2 * count).contains(&kept.capacity());
    let take = |kept: &RefCell<Vec<Vec<f64>>>| {
        let mut kept = kept.borrow_mut();
        kept.iter().rposition(fits).map(|place| kept.swap_remove(place))
    };
    let used = if count < SMALLEST { None } else { KEPT.try_with(take).ok().flatten() };
    used.unwrap_or_else(|| Vec::with_capacity(count))
}

/// Keeps the memory of matrices that are no longer read.
pub(super) fn keep(matrices: impl Iterator<Item = Matrix>) {
    // A thread that ends keeps nothing.
    let _ = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        let mut count: usize = kept.iter().map(Vec::capacity).sum();
        for mut entries in matrices.map(Matrix::into_entries) {
            if entries.capacity() >= SMALLEST && count + entries.capacity() <= MOST {
                count += entries.capacity();
                entries.clear();
                kept.push(entries);
            }
        }
    });
}

/// A matrix of the given entries, row by row.
pub(super) fn matrix(rows: usize, columns: usize, entries: impl Iterator<Item = f64>) -> Matrix {
    let mut out = room(rows * columns);
    out.extend(entries);
    Matrix::of(rows, columns, out)
}

/// A copy of a matrix.
pub(super) fn copy(x: &Matrix) -> Matrix {
    let mut out = room(x.entries().len());
    out.extend_from_slice(x.entries());
    Matrix::of(x.rows(), x.columns(), out)
}

/// A matrix of zeros of the shape of another.
pub(super) fn zeros_like(x: &Matrix) -> Matrix {
    let mut out = room(x.entries().len());
    out.resize(x.entries().len(), 0.0);
    Matrix::of(x.rows(), x.columns(), out)
}
