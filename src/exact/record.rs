//! What `exact` found out about a problem, as data for reports and machines.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::form::{Form, UnsupportedForm};
use super::oracle::{Oracle, Verdict};

/// Everything that `unbiased exact` reports, in full precision.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ExactRecord {
    /// The size of the problem.
    pub problem: ProblemSize,
    /// `J`.
    pub objective: f64,
    /// `∇J`, `[O][A]`.
    pub gradient: Vec<Vec<f64>>,
    /// The estimators, in the order asked for.
    #[serde(serialize_with = "as_map")]
    pub estimators: Vec<(String, EstimatorRecord)>,
    /// The floor of the class *reward-to-go with a time-and-state baseline*.
    pub floor: FloorRecord,
}

/// The size of a problem.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ProblemSize {
    /// The problem's description of itself.
    pub description: Option<String>,
    /// `S`.
    pub states: usize,
    /// `O`.
    pub observations: usize,
    /// `A`.
    pub actions: usize,
    /// `T`.
    pub horizon: usize,
    /// `γ`.
    pub discount: f64,
}

/// One estimator's moments and how they stand to the truth.
#[derive(Clone, Debug, serde::Serialize)]
pub struct EstimatorRecord {
    /// The expectation, `[O][A]`.
    pub mean: Vec<Vec<f64>>,
    /// The variance of each component for one trajectory, `[O][A]` (of a coupled batch: times its size).
    pub variance: Vec<Vec<f64>>,
    /// The sum of the variances.
    pub trace: f64,
    /// The multiple of `∇J` closest to the mean; null where `∇J` is zero.
    pub scale: Option<f64>,
    /// `‖mean − ∇J‖`.
    pub bias_norm: f64,
    /// `trace / scale² / floor`; null where the floor is 0 or the mean is turned or zero.
    pub ratio_to_floor: Option<f64>,
    /// The trajectories that one estimate couples.
    pub batch: usize,
    /// The verdict in a word or two.
    pub verdict: Verdict,
}

/// The floor and the baseline that reaches it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FloorRecord {
    /// The least trace.
    pub trace: f64,
    /// `b*_t(s)`, `[T][S]`; null where the state cannot be reached at that time.
    pub baseline: Vec<Vec<Option<f64>>>,
}

fn as_map<S: Serializer>(entries: &[(String, EstimatorRecord)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(entries.len()))?;
    for (name, record) in entries {
        map.serialize_entry(name, record)?;
    }
    map.end()
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Oracle {
    /// Measures the named forms; parameters are laid out as one row an observation.
    ///
    /// # Errors
    /// [`UnsupportedForm`] for the first form that is outside the catalogue or does not fit.
    pub fn record(&self, problem: ProblemSize, forms: &[(String, Form)]) -> Result<ExactRecord, UnsupportedForm> {
        let rows = |flat: &[f64]| {
            // Adding zero turns −0 into 0.
            let row = |row: &[f64]| row.iter().map(|x| x + 0.0).collect::<Vec<f64>>();
            flat.chunks(problem.actions).map(row).collect::<Vec<_>>()
        };
        let mut estimators = Vec::with_capacity(forms.len());
        for (name, form) in forms {
            let moments = self.moments(form)?;
            if !moments.mean.iter().chain(&moments.variance).chain([&moments.trace()]).all(|x| x.is_finite()) {
                return Err(UnsupportedForm::Overflow { name: name.clone() });
            }
            let comparison = self.compare(&moments);
            let record = EstimatorRecord {
                mean: rows(&moments.mean),
                variance: rows(&moments.variance),
                trace: moments.trace(),
                scale: comparison.scale,
                bias_norm: comparison.bias_norm,
                ratio_to_floor: comparison.ratio_to_floor,
                batch: moments.batch,
                verdict: comparison.verdict,
            };
            estimators.push((name.clone(), record));
        }
        let gradient = rows(self.gradient());
        let floor = self.floor();
        let finite = floor.baseline.iter().flatten().flatten().all(|b| b.is_finite());
        let finite = finite && self.gradient().iter().all(|g| g.is_finite());
        if !(finite && floor.trace.is_finite() && self.objective().is_finite()) {
            return Err(UnsupportedForm::Overflow { name: "∇J and the floor".to_owned() });
        }
        let floor = FloorRecord { trace: floor.trace, baseline: floor.baseline.clone() };
        Ok(ExactRecord { problem, objective: self.objective(), gradient, estimators, floor })
    }
}
