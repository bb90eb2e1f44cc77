//! ChaCha8 for 64 lanes at a time: 64 consecutive blocks of one stream, laid out word by word.
//!
//! Row `w` of a refill holds word `w` of 64 consecutive ChaCha blocks: one 32-bit draw for each of 64 trajectories.
//! The words are those of `rand_chacha` (a test compares them), permuted: lane `l` reads the blocks `64 k + l`,
//! `k = 0, 1, …`. Bernstein (2008), "ChaCha, a variant of Salsa20".

use super::StreamKey;
use crate::numeric::simd::Level;

/// How many trajectories are simulated side by side. Part of every sampled result: never change it lightly.
pub const LANES: usize = 64;

/// Words in a ChaCha block, and rows in a refill.
pub const WORDS: usize = 16;

/// A source of rows of [`LANES`] random words, one row a draw.
#[derive(Clone, Debug)]
pub struct LaneWords {
    key: [u32; 8],
    block: u64,
    counter: u64,
    row: usize,
    level: Level,
    rows: Box<[[u32; LANES]; WORDS]>,
}

impl LaneWords {
    /// The rows of block `block` of work under `key`, from its start; `level` only decides the speed.
    #[must_use]
    pub fn new(key: &StreamKey, block: u64, level: Level) -> Self {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(key.bytes().as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        Self { key: words, block, counter: 0, row: WORDS, level, rows: Box::new([[0; LANES]; WORDS]) }
    }

    /// The next word of each lane.
    #[inline]
    pub fn next_row(&mut self) -> &[u32; LANES] {
        if self.row == WORDS {
            let Self { key, block, counter, level, rows, .. } = self;
            level.run(
                #[inline(always)]
                || refill(rows, key, *block, *counter),
            );
            self.counter += LANES as u64;
            self.row = 0;
        }
        self.row += 1;
        &self.rows[self.row - 1]
    }
}

/// Fills `rows` with the words of the ChaCha8 blocks `counter .. counter + 64` of stream `block`.
#[inline(always)]
fn refill(rows: &mut [[u32; LANES]; WORDS], key: &[u32; 8], block: u64, counter: u64) {
    for lane in 0..LANES {
        let position = counter + lane as u64;
        let start = [
            0x6170_7865,
            0x3320_646e,
            0x7962_2d32,
            0x6b20_6574,
            key[0],
            key[1],
            key[2],
            key[3],
            key[4],
            key[5],
            key[6],
            key[7],
            position as u32,
            (position >> 32) as u32,
            block as u32,
            (block >> 32) as u32,
        ];
        let mut x = start;
        macro_rules! quarter_round {
            ($a:literal, $b:literal, $c:literal, $d:literal) => {
                x[$a] = x[$a].wrapping_add(x[$b]);
                x[$d] = (x[$d] ^ x[$a]).rotate_left(16);
                x[$c] = x[$c].wrapping_add(x[$d]);
                x[$b] = (x[$b] ^ x[$c]).rotate_left(12);
                x[$a] = x[$a].wrapping_add(x[$b]);
                x[$d] = (x[$d] ^ x[$a]).rotate_left(8);
                x[$c] = x[$c].wrapping_add(x[$d]);
                x[$b] = (x[$b] ^ x[$c]).rotate_left(7);
            };
        }
        macro_rules! double_round {
            () => {
                quarter_round!(0, 4, 8, 12);
                quarter_round!(1, 5, 9, 13);
                quarter_round!(2, 6, 10, 14);
                quarter_round!(3, 7, 11, 15);
                quarter_round!(0, 5, 10, 15);
                quarter_round!(1, 6, 11, 12);
                quarter_round!(2, 7, 8, 13);
                quarter_round!(3, 4, 9, 14);
            };
        }
        double_round!();
        double_round!();
        double_round!();
        double_round!();
        for word in 0..WORDS {
            rows[word][lane] = x[word].wrapping_add(start[word]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_rand_chacha_permuted_at_every_level() {
        let key = StreamKey::of(5, "word-major", 0);
        let mut reference = key.stream(9);
        // Lane l reads block 64 k + l: collect two refills of the reference, block by block.
        let blocks: Vec<Vec<u32>> =
            (0..2 * LANES).map(|_| (0..WORDS).map(|_| reference.next_u32()).collect()).collect();
        for &level in Level::available() {
            let mut lanes = LaneWords::new(&key, 9, level);
            for draw in 0..2 * WORDS {
                let row = *lanes.next_row();
                for lane in 0..LANES {
                    let expected = blocks[(draw / WORDS) * LANES + lane][draw % WORDS];
                    assert_eq!(row[lane], expected, "{level:?}, draw {draw}, lane {lane}");
                }
            }
        }
    }
}
