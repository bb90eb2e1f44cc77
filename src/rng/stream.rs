//! One stream: ChaCha8 under a key made of a root seed, a name and a part, with one ChaCha stream a block.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::numeric::{self, kernel};

/// What a stream is keyed by, less the block: `SHA-256("unbiased stream 1" ‖ root seed ‖ part ‖ name)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey([u8; 32]);

impl StreamKey {
    /// The key of part `part` of the purpose `name` under `root_seed`.
    #[must_use]
    pub fn of(root_seed: u64, name: &str, part: u64) -> Self {
        let digest = Sha256::new()
            .chain_update(b"unbiased stream 1")
            .chain_update(root_seed.to_le_bytes())
            .chain_update(part.to_le_bytes())
            .chain_update(name.as_bytes())
            .finalize();
        Self(digest.into())
    }

    /// The 256-bit ChaCha key.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The stream of block `block` under this key, at its start.
    #[must_use]
    pub fn stream(&self, block: u64) -> Stream {
        let mut words = ChaCha8Rng::from_seed(self.0);
        words.set_stream(block);
        words.set_word_pos(0); // set_stream keeps the position
        Stream { words, spare_normal: None }
    }
}

/// A source of random numbers that belongs to one block of work.
///
/// Two streams with the same root seed, name, part and block give the same numbers on every platform; streams that
/// differ in any of them are independent for every practical purpose.
///
/// ```
/// use unbiased::rng::Stream;
/// let mut a = Stream::of(7, "example", 0, 3);
/// let mut b = Stream::of(7, "example", 0, 3);
/// assert_eq!(a.uniform(), b.uniform());
/// assert_ne!(a.uniform(), Stream::of(7, "another", 0, 3).uniform());
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    words: ChaCha8Rng,
    spare_normal: Option<f64>,
}

impl Stream {
    /// The stream of block `block` of part `part` of the purpose `name` under `root_seed`.
    #[must_use]
    pub fn of(root_seed: u64, name: &str, part: u64, block: u64) -> Self {
        StreamKey::of(root_seed, name, part).stream(block)
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.words.next_u32()
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.words.next_u64()
    }

    /// A uniform double in `[0, 1)` with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A uniform integer in `0..n`, by multiplication; its bias is below `n·2⁻⁶⁴`.
    ///
    /// # Panics
    /// If `n` is zero.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "an empty range has no element");
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u32
    }

    /// A standard normal number, by Box and Muller's pair: one 64-bit word for the radius, one 32-bit word for the
    /// angle, two normals.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        let radius = self.next_u64();
        let (first, second) = kernel::normal_pair(radius, self.next_u32());
        self.spare_normal = Some(second);
        first
    }

    /// A standard exponential number (mean 1), by inversion.
    pub fn exponential(&mut self) -> f64 {
        -numeric::ln(1.0 - self.uniform())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_words() {
        let mut stream = Stream::of(1, "golden", 2, 3);
        let words: Vec<u32> = (0..4).map(|_| stream.next_u32()).collect();
        assert_eq!(words, GOLDEN_WORDS);
        assert_eq!(stream.uniform().to_bits(), GOLDEN_UNIFORM_BITS);
        assert_eq!(stream.normal().to_bits(), GOLDEN_NORMAL_BITS[0]);
        assert_eq!(stream.normal().to_bits(), GOLDEN_NORMAL_BITS[1]);
        assert_eq!(stream.exponential().to_bits(), GOLDEN_EXPONENTIAL_BITS);
    }

    // The words and the uniform were computed a second time from the definition of ChaCha8 and SHA-256 in Python.
    const GOLDEN_WORDS: [u32; 4] = [2_236_884_868, 1_444_031_435, 552_273_946, 2_756_686_377];
    const GOLDEN_UNIFORM_BITS: u64 = 4_604_608_554_464_347_579;
    const GOLDEN_NORMAL_BITS: [u64; 2] = [13_826_635_015_485_240_290, 13_816_389_533_410_064_211];
    const GOLDEN_EXPONENTIAL_BITS: u64 = 4_599_085_592_237_110_583;

    #[test]
    fn every_part_of_the_name_matters() {
        let first = |seed, name, part, block| Stream::of(seed, name, part, block).next_u64();
        let base = first(1, "a", 1, 1);
        for other in [first(2, "a", 1, 1), first(1, "b", 1, 1), first(1, "a", 2, 1), first(1, "a", 1, 2)] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn normals_and_exponentials_have_their_moments() {
        let mut stream = Stream::of(0, "moments of the scalar samplers", 0, 0);
        let n = 200_000;
        let mut sums = [0.0; 5];
        for _ in 0..n {
            let (z, e) = (stream.normal(), stream.exponential());
            for (sum, term) in sums.iter_mut().zip([z, z * z, z * z * z * z, e, e * e]) {
                *sum += term;
            }
        }
        // Each bound is six standard errors: the variances are 1, 2, 96, 1 and 20.
        for ((sum, mean), variance) in sums.iter().zip([0.0, 1.0, 3.0, 1.0, 2.0]).zip([1.0, 2.0, 96.0, 1.0, 20.0_f64]) {
            let error = (sum / f64::from(n) - mean).abs();
            assert!(error < 6.0 * (variance / f64::from(n)).sqrt(), "{error} from {mean}");
        }
    }
}
