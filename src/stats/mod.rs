//! First floor: statistics of samples. It must not know of reinforcement learning.

mod e_process;
mod moments;
mod proportion;

pub use e_process::{Decision, Known, MeanTest, Rates, VectorTest};
pub use moments::{Covariance, Moments};
pub use proportion::clopper_pearson;
