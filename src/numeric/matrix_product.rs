//! Products `A B`, `Aᵀ B`, `A Bᵀ` of dense matrices, in tiles that fit the registers and blocks that fit the caches.
//!
//! Each entry of the result is one chain of fused multiply-adds over the inner index, in increasing order, whatever
//! the tiles, the blocks and the threads are: the bits are those of [`f64::mul_add`] on every instruction set, and only
//! processors without the instruction are slow. The blocks are those of Goto & van de Geijn (2008), §4.

use std::cell::Cell;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::product::{Aligned, with_vectors, zeros};
use super::simd::Level;

/// The inner index is cut into blocks of this many: a block of the right factor stays in the second cache.
const DEPTH: usize = 256;

/// The most rows of the result that a thread takes at a time.
const ROWS: usize = 64;

/// The largest number of rows of a tile.
const TILE: usize = 8;

/// The largest number of vectors beside one another in a tile.
const VECTORS: usize = 3;

/// With fewer multiply-adds than this, a second thread costs more than it brings.
const ALONE: usize = 1 << 20;

/// A right factor of up to this many entries is read in place, where its rows are whole vectors.
const IN_PLACE: usize = 1 << 12;

/// A matrix or its transpose, as a factor.
#[derive(Clone, Copy)]
pub(crate) struct Factor<'a> {
    /// `[rows][columns]`, row by row, as it is stored.
    pub(crate) entries: &'a [f64],
    /// As stored.
    pub(crate) rows: usize,
    /// As stored.
    pub(crate) columns: usize,
    /// Whether the factor is the transpose of what is stored.
    pub(crate) transposed: bool,
}

impl Factor<'_> {
    /// The numbers of rows and columns of the factor.
    fn shape(&self) -> (usize, usize) {
        if self.transposed { (self.columns, self.rows) } else { (self.rows, self.columns) }
    }
}

thread_local! {
    /// Room for the right factor of a product and for a tile's rows of the left one, kept from product to product.
    static ROOM: [Cell<Option<Aligned>>; 2] = const { [Cell::new(None), Cell::new(None)] };
}

/// Calls `work` with room for `count` numbers, of any value.
fn with_room<R>(which: usize, count: usize, work: impl FnOnce(&mut [f64]) -> R) -> R {
    // Taken while in use, because a thread that waits may begin another product.
    let kept = ROOM.with(|room| room[which].take()).filter(|room| room.len() >= count);
    let mut room = kept.unwrap_or_else(|| zeros(count));
    let result = work(&mut room[..count]);
    ROOM.with(|kept| kept[which].set(Some(room)));
    result
}

/// `out += left · right`, where `out` is `[rows][columns]`.
///
/// # Panics
/// If the shapes do not fit.
pub(crate) fn add_product(level: Level, left: Factor, right: Factor, out: &mut [f64]) {
    let ((rows, depth), (right_rows, columns)) = (left.shape(), right.shape());
    assert_eq!(depth, right_rows, "the inner sizes agree");
    assert_eq!(out.len(), rows * columns, "the result has the outer sizes");
    if out.is_empty() {
        return;
    }
    let lanes = with_vectors(level, Lanes);
    for start in (0..depth).step_by(DEPTH) {
        let inner = Inner { start, depth: DEPTH.min(depth - start) };
        if in_place(right, rows, lanes) {
            let right = &right.entries[start * columns..][..inner.depth * columns];
            multiply(level, left, inner, Right { entries: right, packed: false, columns }, out);
        } else {
            let padded = columns.next_multiple_of(lanes);
            with_room(0, padded * inner.depth, |room| {
                pack_right(right, inner, lanes, room);
                multiply(level, left, inner, Right { entries: room, packed: true, columns }, out);
            });
        }
    }
}

/// Whether a right factor is read where it is: it is in order, its rows are whole vectors, and to copy it would not pay.
fn in_place(right: Factor, rows: usize, lanes: usize) -> bool {
    !right.transposed && right.columns.is_multiple_of(lanes) && (right.entries.len() <= IN_PLACE || rows <= 4 * TILE)
}

/// A block of the inner index.
#[derive(Clone, Copy)]
struct Inner {
    start: usize,
    depth: usize,
}

/// A block of the right factor.
#[derive(Clone, Copy)]
struct Right<'a> {
    /// `[depth][columns]`; where it is packed, panels of as many columns as a tile has, each `[depth][columns of the
    /// panel]`, the last filled up with zeros to whole vectors.
    entries: &'a [f64],
    packed: bool,
    /// Those of the result.
    columns: usize,
}

/// The vectors of the next tile, with `left` to go: the tiles of a row are as even as can be.
#[inline(always)]
fn vectors(left: usize) -> usize {
    left.div_ceil(left.div_ceil(VECTORS))
}

/// Copies a block of the right factor into panels.
fn pack_right(right: Factor, inner: Inner, lanes: usize, panels: &mut [f64]) {
    let (columns, mut first) = (right.shape().1, 0);
    while first < columns {
        let wide = vectors((columns - first).div_ceil(lanes)) * lanes;
        let used = wide.min(columns - first);
        let panel = &mut panels[first * inner.depth..][..wide * inner.depth];
        if right.transposed {
            pack_transposed(&right.entries[first * right.columns..], right.columns, inner, used, panel);
        } else {
            let rows = right.entries[inner.start * columns..].chunks_exact(columns);
            for (to, from) in panel.chunks_exact_mut(wide).zip(rows) {
                to[..used].copy_from_slice(&from[first..first + used]);
                to[used..].fill(0.0);
            }
        }
        first += wide;
    }
}

/// Copies `used` rows of `length` entries into the columns of a panel, and zeros after them; several rows at a time, so
/// that what is written lies side by side.
fn pack_transposed(rows: &[f64], length: usize, inner: Inner, used: usize, panel: &mut [f64]) {
    let wide = panel.len() / inner.depth;
    let row = |j: usize| &rows[j * length + inner.start..][..inner.depth];
    let mut j = 0;
    while j + 4 <= used {
        let (a, b, c, d) = (row(j), row(j + 1), row(j + 2), row(j + 3));
        for (k, to) in panel.chunks_exact_mut(wide).enumerate() {
            to[j..j + 4].copy_from_slice(&[a[k], b[k], c[k], d[k]]);
        }
        j += 4;
    }
    for j in j..wide {
        for (k, to) in panel.chunks_exact_mut(wide).enumerate() {
            to[j] = if j < used { row(j)[k] } else { 0.0 };
        }
    }
}

/// Adds a block's products, in bands of rows that threads share out.
fn multiply(level: Level, left: Factor, inner: Inner, right: Right, out: &mut [f64]) {
    let (columns, rows) = (right.columns, left.shape().0);
    let threads = rayon::current_num_threads();
    let band_rows = rows.div_ceil(4 * threads).next_multiple_of(TILE).min(ROWS);
    let band = |(number, out): (usize, &mut [f64])| {
        let room = if left.transposed { TILE * inner.depth } else { 0 };
        with_room(1, room, |room| {
            with_vectors(level, Band { left, inner, right, first: number * band_rows, out, room });
        });
    };
    if threads == 1 || rows <= TILE || rows * inner.depth * columns < ALONE {
        band((0, out));
    } else {
        out.par_chunks_mut(band_rows * columns).enumerate().for_each(band);
    }
}

/// How many numbers a vector has.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F64_LANES
    }
}

/// A band of rows of a product.
struct Band<'a> {
    left: Factor<'a>,
    inner: Inner,
    right: Right<'a>,
    /// The first of the rows.
    first: usize,
    /// `[rows][columns]`.
    out: &'a mut [f64],
    /// Room for a tile's columns of a transposed left factor.
    room: &'a mut [f64],
}

/// Calls `function::<S, rows, vectors>` with constants.
macro_rules! tile {
    ($rows:expr, $vectors:expr, $function:ident, $arguments:tt) => {
        match ($rows, $vectors) {
            (8, 1) => tile!(! $function, 8, 1, $arguments),
            (8, 2) => tile!(! $function, 8, 2, $arguments),
            (8, _) => tile!(! $function, 8, 3, $arguments),
            (4, 1) => tile!(! $function, 4, 1, $arguments),
            (4, 2) => tile!(! $function, 4, 2, $arguments),
            (4, _) => tile!(! $function, 4, 3, $arguments),
            (_, 1) => tile!(! $function, 1, 1, $arguments),
            (_, 2) => tile!(! $function, 1, 2, $arguments),
            (_, _) => tile!(! $function, 1, 3, $arguments),
        }
    };
    (! $function:ident, $rows:literal, $vectors:literal, ($($argument:expr),*)) => {
        $function::<S, $rows, $vectors>($($argument),*)
    };
}

/// The rows of the next tile, with `left` to go; some may be past the end.
#[inline(always)]
fn tile_rows<S: Simd>(left: usize) -> usize {
    match left {
        1 => 1,
        2..=4 => 4,
        _ => {
            if S::F64_LANES == 8 {
                TILE
            } else {
                4
            }
        }
    }
}

impl WithSimd for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, inner, right, first, out, room } = self;
        let columns = right.columns;
        let (rows, mut row) = (out.len() / columns, 0);
        while row < rows {
            let tile = tile_rows::<S>(rows - row);
            let used = tile.min(rows - row);
            if left.transposed {
                pack_left(left, inner, first + row, tile, used, room);
            }
            let out = &mut out[row * columns..][..used * columns];
            let mut column = 0;
            while column < columns {
                let wide = vectors((columns - column).div_ceil(S::F64_LANES));
                let (panel, stride) = if right.packed {
                    let stride = wide * S::F64_LANES;
                    (&right.entries[column * inner.depth..][..stride * inner.depth], stride)
                } else {
                    (right.entries, columns)
                };
                let panel = Panel { entries: panel, stride, first: if right.packed { 0 } else { column } };
                let target = Target { entries: &mut *out, columns, first: column };
                if left.transposed {
                    tile!(tile, wide, packed, (simd, room, inner, panel, target));
                } else {
                    tile!(tile, wide, direct, (simd, left, inner, first + row, panel, target));
                }
                column += wide * S::F64_LANES;
            }
            row += tile;
        }
    }
}

/// Copies a tile's columns of a transposed left factor side by side, `[depth][tile]`.
#[inline(always)]
fn pack_left(left: Factor, inner: Inner, first: usize, tile: usize, used: usize, room: &mut [f64]) {
    let rows = left.entries[inner.start * left.columns..].chunks_exact(left.columns);
    for (to, from) in room.chunks_exact_mut(tile).zip(rows.take(inner.depth)) {
        if used == TILE {
            to.copy_from_slice(&from[first..first + TILE]); // a length that the compiler knows
            continue;
        }
        to[..used].copy_from_slice(&from[first..first + used]);
        to[used..].fill(0.0);
    }
}

/// Columns of a right factor, from the first on, in rows `stride` apart.
#[derive(Clone, Copy)]
struct Panel<'a> {
    entries: &'a [f64],
    stride: usize,
    first: usize,
}

/// Rows of the result, of which a tile is from column `first` on.
struct Target<'a> {
    entries: &'a mut [f64],
    columns: usize,
    first: usize,
}

/// A tile whose left factor is packed.
#[inline(always)]
fn packed<S: Simd, const ROWS: usize, const WIDE: usize>(
    simd: S,
    room: &[f64],
    inner: Inner,
    panel: Panel,
    target: Target,
) {
    let factors = &room.as_chunks::<ROWS>().0[..inner.depth];
    tile::<S, ROWS, WIDE>(simd, inner.depth, |k| factors[k], panel, target);
}

/// A tile whose left factor is read in place; rows past the end are the last row again.
#[inline(always)]
fn direct<S: Simd, const ROWS: usize, const WIDE: usize>(
    simd: S,
    left: Factor,
    inner: Inner,
    first: usize,
    panel: Panel,
    target: Target,
) {
    let row = |i: usize| &left.entries[(first + i).min(left.rows - 1) * left.columns + inner.start..][..inner.depth];
    let rows: [&[f64]; ROWS] = std::array::from_fn(row);
    tile::<S, ROWS, WIDE>(simd, inner.depth, |k| std::array::from_fn(|i| rows[i][k]), panel, target);
}

/// Adds `Σ_k factors(k)[i] panel[k][j]` to the tile of the target.
#[inline(always)]
fn tile<S: Simd, const ROWS: usize, const WIDE: usize>(
    simd: S,
    depth: usize,
    factors: impl Fn(usize) -> [f64; ROWS],
    panel: Panel,
    target: Target,
) {
    let Target { entries, columns, first } = target;
    let wide = WIDE * S::F64_LANES;
    let used = wide.min(columns - first);
    let mut edge = [0.0; VECTORS * TILE];
    let mut stage = [[simd.splat_f64s(0.0); WIDE]; ROWS];
    for (sums, row) in stage.iter_mut().zip(entries.chunks_exact(columns)) {
        let row = &row[first..][..used];
        if used == wide {
            sums.copy_from_slice(S::as_simd_f64s(row).0);
        } else {
            edge[..used].copy_from_slice(row);
            sums.copy_from_slice(S::as_simd_f64s(&edge[..wide]).0);
        }
    }
    // A copy that nothing but this loop touches: the compiler keeps it in registers.
    let mut sums = stage;
    for (k, right) in (0..depth).zip(panel.entries.chunks_exact(panel.stride)) {
        let right = S::as_simd_f64s(&right[panel.first..panel.first + wide]).0;
        let right: &[S::f64s; WIDE] = right.try_into().expect("whole vectors");
        let factors = factors(k);
        for i in 0..ROWS {
            let factor = simd.splat_f64s(factors[i]);
            for j in 0..WIDE {
                sums[i][j] = simd.mul_add_f64s(factor, right[j], sums[i][j]);
            }
        }
    }
    let stage = sums;
    for (sums, row) in stage.iter().zip(entries.chunks_exact_mut(columns)) {
        let row = &mut row[first..][..used];
        if used == wide {
            S::as_mut_simd_f64s(row).0.copy_from_slice(sums);
        } else {
            S::as_mut_simd_f64s(&mut edge[..wide]).0.copy_from_slice(sums);
            row.copy_from_slice(&edge[..used]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, step: f64) -> Vec<f64> {
        (0..n).map(|i| crate::numeric::sin(step * i as f64 + 0.1)).collect()
    }

    /// Each entry's chain, one at a time.
    fn plain(left: Factor, right: Factor, out: &mut [f64]) {
        let ((_, depth), (_, columns)) = (left.shape(), right.shape());
        let at =
            |x: Factor, i: usize, j: usize| x.entries[if x.transposed { j * x.columns + i } else { i * x.columns + j }];
        for (place, out) in out.iter_mut().enumerate() {
            let (i, j) = (place / columns, place % columns);
            *out = (0..depth).fold(*out, |sum, k| at(left, i, k).mul_add(at(right, k, j), sum));
        }
    }

    #[test]
    fn every_shape_level_and_number_of_threads_has_the_bits_of_one_chain_an_entry() {
        let shapes =
            [(1, 1, 1), (4, 64, 2), (7, 3, 5), (9, 300, 33), (65, 17, 24), (130, 257, 100), (3, 0, 2), (33, 70, 136)];
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let pools = [pool(1), pool(3)];
        for ((rows, depth, columns), by) in shapes.into_iter().flat_map(|s| (0..4).map(move |by| (s, by))) {
            let (a, b) = (wave(rows * depth, 0.7), wave(depth * columns, 1.3));
            let factor = |entries, rows, columns, transposed| {
                let (rows, columns) = if transposed { (columns, rows) } else { (rows, columns) };
                Factor { entries, rows, columns, transposed }
            };
            let (left, right) = (factor(&a, rows, depth, by & 1 == 1), factor(&b, depth, columns, by & 2 == 2));
            let mut expected = wave(rows * columns, 0.2);
            plain(left, right, &mut expected);
            for &level in Level::available() {
                for pool in &pools {
                    let mut out = wave(rows * columns, 0.2);
                    pool.install(|| add_product(level, left, right, &mut out));
                    assert!(out == expected, "{rows}×{depth}×{columns}, {by}, {level:?}");
                }
            }
        }
    }
}
