//! Products of dense matrices whose rows are padded to whole vectors, for matrices that are read over and over.
//!
//! Each sum is a chain of fused multiply-adds in one fixed order, in eight interleaved chains where it runs along a
//! row. A fused multiply-add is correctly rounded wherever it is computed, so the bits are those of
//! [`f64::mul_add`] on every instruction set; only processors without the instruction are slow.

use aligned_vec::{AVec, ConstAlign, avec};
use pulp::{Scalar, Simd, WithSimd};

use super::simd::Level;

/// Rows are padded to a multiple of this many entries.
pub(crate) const PADDING: usize = 8;

/// Numbers that begin where a cache line does, so that no vector of a padded row straddles two lines.
pub(crate) type Aligned = AVec<f64, ConstAlign<64>>;

/// So many zeros.
pub(crate) fn zeros(count: usize) -> Aligned {
    avec![[64]| 0.0; count]
}

/// Runs `operation` with the vectors of `level`.
pub(crate) fn with_vectors<O: WithSimd>(level: Level, operation: O) -> O::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if level == Level::V4
            && let Some(simd) = pulp::x86::V4::try_new()
        {
            return Simd::vectorize(simd, Run { simd, operation });
        }
        if level >= Level::V3
            && let Some(simd) = pulp::x86::V3::try_new()
        {
            return Simd::vectorize(simd, Run { simd, operation });
        }
    }
    let _ = level;
    operation.with_simd(Scalar)
}

struct Run<S, O> {
    simd: S,
    operation: O,
}

impl<S: Simd, O: WithSimd> pulp::NullaryFnOnce for Run<S, O> {
    type Output = O::Output;

    #[inline(always)]
    fn call(self) -> O::Output {
        self.operation.with_simd(self.simd)
    }
}

/// How many registers of sums the next block of columns takes, with `rest` columns left: whole paddings, as many as
/// there are registers for, and the blocks of a row as even as can be, because a narrow block waits for its own
/// additions.
#[inline(always)]
fn registers<S: Simd>(rest: usize) -> usize {
    let most = match S::F64_LANES {
        8 => 13,
        4 => 4,
        _ => 1,
    };
    let left = rest / PADDING;
    left.div_ceil(left.div_ceil(most)) * (PADDING / S::F64_LANES)
}

/// Calls `function::<S, registers>`, with `registers` from 1 to 13 as a constant.
macro_rules! sized {
    ($registers:expr, $function:ident, $simd:ty, $arguments:tt) => {
        sized!(@ $registers, $function, $simd, $arguments, 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (@ $registers:expr, $function:ident, $simd:ty, $arguments:tt, $($number:literal)*) => {
        match $registers {
            $($number => sized!(! $function, $simd, $number, $arguments),)*
            _ => sized!(! $function, $simd, 13, $arguments),
        }
    };
    (! $function:ident, $simd:ty, $number:literal, ($($argument:expr),*)) => {
        $function::<$simd, $number>($($argument),*)
    };
}

/// `after += before · matrix` and `now += matrix · next`, reading the matrix once.
pub(crate) struct BothProducts<'a> {
    /// `[rows][width]`.
    pub(crate) matrix: &'a [f64],
    /// `[rows]`.
    pub(crate) before: &'a [f64],
    /// `[width]`.
    pub(crate) after: &'a mut [f64],
    /// `[width]`.
    pub(crate) next: &'a [f64],
    /// `[rows]`.
    pub(crate) now: &'a mut [f64],
    /// Room for `8 rows` numbers.
    pub(crate) chains: &'a mut [f64],
}

impl BothProducts<'_> {
    pub(crate) fn run(self, level: Level) {
        with_vectors(level, self);
    }
}

impl WithSimd for BothProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, before, after, next, now, chains } = self;
        chains.fill(0.0);
        let width = after.len();
        let mut column = 0;
        while column < width {
            let registers = registers::<S>(width - column);
            column += sized!(registers, both, S, (simd, matrix, before, after, next, chains, column));
        }
        for (now, chains) in now.iter_mut().zip(chains.as_chunks::<PADDING>().0) {
            *now += sum_of_chains(*chains);
        }
    }
}

/// Columns `column .. column + REGISTERS · lanes`; returns how many there were.
#[inline(always)]
fn both<S: Simd, const REGISTERS: usize>(
    simd: S,
    matrix: &[f64],
    before: &[f64],
    after: &mut [f64],
    next: &[f64],
    chains: &mut [f64],
    column: usize,
) -> usize {
    let (width, columns) = (after.len(), REGISTERS * S::F64_LANES);
    let range = column..column + columns;
    let next: &[S::f64s; REGISTERS] = S::as_simd_f64s(&next[range.clone()]).0.try_into().expect("a block");
    let mut sums = [simd.splat_f64s(0.0); REGISTERS];
    let registers_a_chain = PADDING / S::F64_LANES;
    for ((row, &x), chains) in matrix.chunks_exact(width).zip(before).zip(chains.chunks_exact_mut(PADDING)) {
        let row: &[S::f64s; REGISTERS] = S::as_simd_f64s(&row[range.clone()]).0.try_into().expect("a block");
        let chains = S::as_mut_simd_f64s(chains).0;
        let x = simd.splat_f64s(x);
        let mut dots = [simd.splat_f64s(0.0); PADDING];
        dots[..registers_a_chain].copy_from_slice(&chains[..registers_a_chain]);
        for i in 0..REGISTERS {
            sums[i] = simd.mul_add_f64s(x, row[i], sums[i]);
            let chain = i % registers_a_chain;
            dots[chain] = simd.mul_add_f64s(row[i], next[i], dots[chain]);
        }
        chains[..registers_a_chain].copy_from_slice(&dots[..registers_a_chain]);
    }
    let after = S::as_mut_simd_f64s(&mut after[range]).0;
    for (after, sum) in after.iter_mut().zip(sums) {
        *after = simd.add_f64s(*after, sum);
    }
    columns
}

/// `out += x · matrix`.
pub(crate) struct RowProduct<'a> {
    /// `[rows]`.
    pub(crate) x: &'a [f64],
    /// `[rows][width]`.
    pub(crate) matrix: &'a [f64],
    /// `[width]`.
    pub(crate) out: &'a mut [f64],
}

impl RowProduct<'_> {
    pub(crate) fn run(self, level: Level) {
        with_vectors(level, self);
    }
}

impl WithSimd for RowProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, matrix, out } = self;
        let width = out.len();
        let mut column = 0;
        while column < width {
            let registers = registers::<S>(width - column);
            column += sized!(registers, row, S, (simd, x, matrix, out, column));
        }
    }
}

#[inline(always)]
fn row<S: Simd, const REGISTERS: usize>(simd: S, x: &[f64], matrix: &[f64], out: &mut [f64], column: usize) -> usize {
    let (width, columns) = (out.len(), REGISTERS * S::F64_LANES);
    let range = column..column + columns;
    let mut sums = [simd.splat_f64s(0.0); REGISTERS];
    for (row, &x) in matrix.chunks_exact(width).zip(x) {
        let row: &[S::f64s; REGISTERS] = S::as_simd_f64s(&row[range.clone()]).0.try_into().expect("a block");
        let x = simd.splat_f64s(x);
        for i in 0..REGISTERS {
            sums[i] = simd.mul_add_f64s(x, row[i], sums[i]);
        }
    }
    let out = S::as_mut_simd_f64s(&mut out[range]).0;
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = simd.add_f64s(*out, sum);
    }
    columns
}

/// `out = matrix · x`.
pub(crate) struct RowDots<'a> {
    /// `[rows][width]`.
    pub(crate) matrix: &'a [f64],
    /// `[width]`.
    pub(crate) x: &'a [f64],
    /// `[rows]`.
    pub(crate) out: &'a mut [f64],
}

impl RowDots<'_> {
    pub(crate) fn run(self, level: Level) {
        with_vectors(level, self);
    }
}

impl WithSimd for RowDots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, x, out } = self;
        let registers = PADDING / S::F64_LANES;
        let x_vectors = S::as_simd_f64s(x).0.chunks_exact(registers);
        for (row, out) in matrix.chunks_exact(x.len()).zip(out) {
            let mut sums = [simd.splat_f64s(0.0); PADDING];
            for (row, x) in S::as_simd_f64s(row).0.chunks_exact(registers).zip(x_vectors.clone()) {
                for i in 0..registers {
                    sums[i] = simd.mul_add_f64s(row[i], x[i], sums[i]);
                }
            }
            let mut chains = [0.0; PADDING];
            S::as_mut_simd_f64s(&mut chains).0.copy_from_slice(&sums[..registers]);
            *out = sum_of_chains(chains);
        }
    }
}

/// The sum of eight chains, in halves.
#[inline(always)]
fn sum_of_chains([a, b, c, d, e, f, g, h]: [f64; PADDING]) -> f64 {
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

/// Four rows of `leftᵀ · right`: `products[i] = Σ_t left[t][first + i] right[t]`.
pub(crate) struct FourRows<'a> {
    /// `[times][width]`; columns past the last count as zeros.
    pub(crate) left: &'a [f64],
    /// `[times][width]`.
    pub(crate) right: &'a [f64],
    /// The first of the four columns of `left`.
    pub(crate) first: usize,
    /// `[4][width]`.
    pub(crate) products: &'a mut [f64],
}

impl FourRows<'_> {
    pub(crate) fn run(self, level: Level) {
        with_vectors(level, self);
    }
}

impl WithSimd for FourRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, right, first, products } = self;
        let width = products.len() / 4;
        let mut column = 0;
        while column < width {
            // Four rows of sums share the registers.
            let registers = registers::<S>(width - column).min(if S::F64_LANES == 1 { PADDING } else { 4 });
            column += sized!(registers, four, S, (simd, left, right, first, products, column));
        }
    }
}

#[inline(always)]
fn four<S: Simd, const REGISTERS: usize>(
    simd: S,
    left: &[f64],
    right: &[f64],
    first: usize,
    products: &mut [f64],
    column: usize,
) -> usize {
    let (width, columns) = (products.len() / 4, REGISTERS * S::F64_LANES);
    let range = column..column + columns;
    let mut sums = [[simd.splat_f64s(0.0); REGISTERS]; 4];
    for (left, right) in left.chunks_exact(width).zip(right.chunks_exact(width)) {
        let right: &[S::f64s; REGISTERS] = S::as_simd_f64s(&right[range.clone()]).0.try_into().expect("a block");
        for (i, sums) in sums.iter_mut().enumerate() {
            let factor = simd.splat_f64s(left.get(first + i).copied().unwrap_or(0.0));
            for k in 0..REGISTERS {
                sums[k] = simd.mul_add_f64s(factor, right[k], sums[k]);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        let out = S::as_mut_simd_f64s(&mut products[i * width + column..][..columns]).0;
        out.copy_from_slice(sums);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, step: f64) -> Vec<f64> {
        (0..n).map(|i| crate::numeric::sin(step * i as f64)).collect()
    }

    #[test]
    fn every_width_and_level_gives_the_plain_product() {
        for width in [8, 16, 32, 40, 96, 104, 136] {
            let rows = width - 3;
            let (matrix, x, next) = (wave(rows * width, 0.7), wave(rows, 0.3), wave(width, 1.1));
            let mut bits: Vec<Vec<f64>> = Vec::new();
            for &level in Level::available() {
                let (mut after, mut now, mut out) = (vec![1.0; width], vec![2.0; rows], vec![3.0; width]);
                let mut chains = vec![0.0; PADDING * rows];
                BothProducts {
                    matrix: &matrix,
                    before: &x,
                    after: &mut after,
                    next: &next,
                    now: &mut now,
                    chains: &mut chains,
                }
                .run(level);
                RowProduct { x: &x, matrix: &matrix, out: &mut out }.run(level);
                let mut dots = vec![f64::NAN; rows];
                RowDots { matrix: &matrix, x: &next, out: &mut dots }.run(level);
                let mut four = vec![0.0; 4 * width];
                FourRows { left: &matrix, right: &matrix, first: width - 2, products: &mut four }.run(level);
                for j in 0..width {
                    let column: f64 = (0..rows).map(|i| x[i] * matrix[i * width + j]).sum();
                    assert!((after[j] - 1.0 - column).abs() < 1e-12, "{level:?}, width {width}");
                    assert!((out[j] - 3.0 - column).abs() < 1e-12, "{level:?}, width {width}");
                    let square: f64 = (0..rows).map(|t| matrix[t * width + width - 1] * matrix[t * width + j]).sum();
                    assert!((four[width + j] - square).abs() < 1e-12, "{level:?}, width {width}");
                    assert_eq!(four[2 * width + j], 0.0, "columns past the last are zeros");
                }
                for i in 0..rows {
                    let row: f64 = (0..width).map(|j| matrix[i * width + j] * next[j]).sum();
                    assert!((now[i] - 2.0 - row).abs() < 1e-12, "{level:?}, width {width}");
                    assert!((dots[i] - row).abs() < 1e-12, "{level:?}, width {width}");
                }
                bits.push([after, now, out, dots, four].concat());
            }
            assert!(bits.iter().all(|other| *other == bits[0]), "width {width}");
        }
    }
}
