//! First floor: statistics of samples. It must not know of reinforcement learning.

mod moments;

pub use moments::{Covariance, Moments};
