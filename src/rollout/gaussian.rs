//! Draws for the gradients of a normal law, and the moments of what a subject makes of them.

use rayon::prelude::*;

use super::BLOCK;
use crate::batch::MeasureValuedNoise;
use crate::rng::{Stream, StreamKey};
use crate::stats::Moments;

/// Rayleigh's variable, density `r e^{−r²/2}` for `r ≥ 0`: `√(−2 ln u)` by inversion, one uniform.
pub fn rayleigh(stream: &mut Stream) -> f64 {
    (2.0 * stream.exponential()).sqrt()
}

/// The double-sided Maxwell variable, density `m² φ(m)`: the norm of three normals, then the top bit of a word as the
/// sign.
pub fn maxwell(stream: &mut Stream) -> f64 {
    let [x, y, z] = std::array::from_fn(|_| stream.normal());
    let norm = (x * x + y * y + z * z).sqrt();
    if stream.next_u32() >> 31 == 1 { -norm } else { norm }
}

/// Noise whose four draws are independent, in the order of the fields.
pub fn independent_noise(stream: &mut Stream) -> MeasureValuedNoise {
    let rayleigh = [rayleigh(stream), rayleigh(stream)];
    MeasureValuedNoise { rayleigh, maxwell: maxwell(stream), normal: stream.normal() }
}

/// Noise whose parts are coupled ([`MeasureValuedNoise::coupled`]): Rayleigh's draw, Maxwell's, and the uniform.
pub fn coupled_noise(stream: &mut Stream) -> MeasureValuedNoise {
    let (rayleigh, maxwell) = (rayleigh(stream), maxwell(stream));
    MeasureValuedNoise::coupled(rayleigh, maxwell, stream.uniform())
}

/// Sampled moments of a `subject`'s estimates of `[d/dμ, d/dσ]`, of `count` of them under `key`.
///
/// Work is cut into blocks of [`BLOCK`] estimates with a stream each, whose moments merge in block order: the bits do not
/// depend on the number of threads. The subject draws what it needs from the stream and must not keep draws for later.
pub fn gaussian_moments(key: &StreamKey, count: usize, subject: impl Fn(&mut Stream) -> [f64; 2] + Sync) -> Moments {
    let parts: Vec<Moments> = (0..count.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let (mut stream, mut part) = (key.stream(block as u64), Moments::new(2));
            for _ in 0..BLOCK.min(count - block * BLOCK) {
                part.push(&subject(&mut stream));
            }
            part
        })
        .collect();
    let mut total = Moments::new(2);
    for part in &parts {
        total.merge(part);
    }
    total
}
