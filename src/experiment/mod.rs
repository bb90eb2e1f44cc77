//! Sixth floor: comparisons of estimators, from a file to a record. It must not know how records are shown.
//!
//! An [`Experiment`] states a question, settings and metrics as data; a [`Source`] is one with the place of its file, a
//! [`Plan`] one whose every setting has been checked. A run gives a [`Comparison`], whole or in shards that merge to the
//! same bytes.

mod file;
mod gaussian;
mod measure;
mod metric;
mod record;
mod run;
mod setting;
mod tabular;
pub mod training;

pub use file::{Experiment, ExperimentError, Sampling, Source, Sweep};
pub use metric::Metric;
pub use record::{
    Agreement, Comparison, FORM, KIND, Measurement, ParameterMoments, PointRecord, ProblemRecord, RecordError, Sampled,
    SettingRecord,
};
pub use run::{Overall, Plan, Shard};
pub use setting::{Coordinates, Derivative, Direction, PARAMETERS, Parameter, Setting, Weights};

/// The estimators of finite worlds beside those of [`crate::exact::CATALOGUE`]: name, formula and remark.
pub const OTHER_ESTIMATORS: [(&str, &str, &str); 3] = tabular::OTHERS;

/// The estimators of the Gaussian problem: name, formula and remark.
pub const GAUSSIAN_ESTIMATORS: [(&str, &str, &str); 6] = gaussian::ESTIMATORS;

/// The name of the Gaussian problem: `E f(x)` with `x ~ N(μ, σ²)`.
pub const GAUSSIAN: &str = gaussian::NAME;
