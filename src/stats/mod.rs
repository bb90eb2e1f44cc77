//! First floor: statistics of samples. It must not know of reinforcement learning.

mod bootstrap;
mod e_process;
mod maximum;
mod moments;
mod proportion;
mod runs;

pub use bootstrap::{Estimate, bootstrap, median};
pub use e_process::{Decision, Known, MeanTest, Rates, SideTest, VectorTest};
pub use maximum::normal_maximum;
pub use moments::{Covariance, Moments};
pub use proportion::clopper_pearson;
pub use runs::{
    Resampling, first_step_at, improvement, interquartile_mean, optimality_gap, performance_profile,
    probability_of_improvement, sample_efficiency, share_above,
};
