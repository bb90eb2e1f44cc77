//! First floor: statistics of samples. It must not know of reinforcement learning.

mod bootstrap;
mod e_process;
mod maximum;
mod moments;
mod proportion;

pub use bootstrap::{Estimate, bootstrap, median};
pub use e_process::{Decision, Known, MeanTest, Rates, SideTest, VectorTest};
pub use maximum::normal_maximum;
pub use moments::{Covariance, Moments};
pub use proportion::clopper_pearson;
