//! Fourth floor: the sampler, environment × policy × stream → trajectories or streaming moments. It must not know the
//! truth about what it samples.
//!
//! Work is cut into blocks of [`BLOCK`] trajectories; each owns a stream and simulates [`LANES`] trajectories side by
//! side, one 32-bit word a lane and step. Partial results merge in block order, so that the same key gives the same
//! bits for any number of threads. Lane count, block size and draw order are part of every sampled result.

mod alias;
mod bandit;
mod gaussian;
mod lanes;
mod linear_gaussian;
mod moments;
mod sampler;
mod tabulated;
mod weighted;

pub use crate::rng::LANES;
pub use bandit::{BanditMoments, BanditSampler};
pub use gaussian::{coupled_noise, gaussian_moments, independent_noise, maxwell, rayleigh};
pub use linear_gaussian::{LinearGaussianSampler, UnsampleableSystem};
pub use moments::TabularMoments;
pub use sampler::{BLOCK, Sampler, UnsampleableWorld};
pub use tabulated::{Tabulated, TooManyBatches};
pub use weighted::WeightedSums;
