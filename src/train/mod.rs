//! Fifth floor: training runs. It must not know of claims.
//!
//! A run owns a stream, so that it is the same whatever runs beside it.

mod agent;
mod ascent;
mod bandit;
mod evaluation;
mod experience;
mod imitation;
mod learner;
mod optimiser;
mod run;
mod second_order;
mod settings;

pub use ascent::{Ascent, AscentError};
pub use bandit::{BanditAscent, BanditBaseline, BanditRun};
pub use evaluation::{Evaluation, Route, Score, Yardstick};
pub use optimiser::{Moments, Optimiser};
pub use run::{Checkpoint, ForeignCheckpoint, Point, Run, Trained};
pub use settings::{CriticKind, Plan, Portion, Settings, UnusableSettings, Update};
