//! The checks of densities: integrals by the trapezoidal rule over the normal numbers behind the actions.

use crate::audit::check::Finding;
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::functions::comparison::Comparison;
use crate::audit::functions::numbers::number;
use crate::audit::situation::Edition;
use crate::audit::subject::Kind;
use crate::numeric::{Sum, exp, normal_density, tanh};

/// Steps of ¾ of a deviation integrate `exp(−z²/2)` to 1e−15, and beyond 8.25 deviations there is less than that.
const STEP: f64 = 0.75;
const HALF: i32 = 11;
const QUADRATURE: f64 = 1e-9;
/// The customary 1e−6 inside the logarithm of `1 − tanh²` changes the integral by 4e−6 away from the edge: it is
/// forgiven there.
const CUSTOMARY: f64 = 1e-5;
/// Differences over 1e−4 of log-densities of size 10 are exact to 1e−7.
const DIFFERENCE: f64 = 1e-6;
const NUDGE: f64 = 1e-4;

type Outcome = Result<Finding, Fault>;

/// Means and log standard deviations, and the limit of squashed actions.
#[derive(Clone, Debug)]
pub(super) struct Law {
    mean: Vec<f64>,
    spread: Vec<f64>,
    limit: f64,
}

impl Law {
    /// A law in the middle of the box; in a box of ±2, or ±3 in the second edition.
    pub(super) fn ordinary(examination: &Examination, actions: usize) -> Self {
        let edition = examination.edition;
        Self {
            mean: (0..actions).map(|i| 0.5 * number(edition, 600 + i)).collect(),
            spread: (0..actions).map(|i| -0.8 + 0.2 * number(edition, 610 + i)).collect(),
            limit: if edition == Edition::First { 2.0 } else { 3.0 },
        }
    }

    /// A law of one action of which `tanh` keeps all but 1e−5.
    pub(super) fn at_the_edge(examination: &Examination) -> Self {
        let (mean, deviation) = if examination.edition == Edition::First { (6.0, -0.7) } else { (-6.2, -0.6) };
        Self { mean: vec![mean], spread: vec![deviation], ..Self::ordinary(examination, 1) }
    }

    fn normals(&self, z: &[f64]) -> Vec<f64> {
        (0..z.len()).map(|i| self.mean[i] + exp(self.spread[i]) * z[i]).collect()
    }

    /// `da/dz` of all actions.
    fn jacobian(&self, kind: Kind, z: &[f64]) -> f64 {
        let of = |(i, u): (usize, &f64)| {
            let slope = match kind {
                Kind::SquashedDensity => {
                    let cosh = 0.5 * (exp(*u) + exp(-u));
                    self.limit / (cosh * cosh)
                }
                _ => 1.0,
            };
            exp(self.spread[i]) * slope
        };
        self.normals(z).iter().enumerate().map(of).product()
    }

    /// What the subject says of the action that this law makes of `z`, if the law were `other`.
    pub(super) fn log_density(&self, examination: &Examination, z: &[f64], other: &Self) -> Result<f64, Fault> {
        let (mut inputs, mut action) = (Vec::new(), self.normals(z));
        if examination.subject.kind() == Kind::SquashedDensity {
            inputs.push(self.limit);
            for u in &mut action {
                *u = self.limit * tanh(*u);
            }
        }
        inputs.extend(other.mean.iter().chain(&other.spread).chain(&action));
        Ok(examination.numbers(&inputs, 1)?[0])
    }
}

/// `∫ f(z) dz` over one or two normal numbers.
fn integral(actions: usize, mut f: impl FnMut(&[f64]) -> Result<f64, Fault>) -> Result<f64, Fault> {
    let mut sum = Sum::new();
    let other = if actions == 2 { -HALF..=HALF } else { 0..=0 };
    for i in -HALF..=HALF {
        for j in other.clone() {
            let z = [STEP * f64::from(i), STEP * f64::from(j)];
            sum.add(f(&z[..actions])?);
        }
    }
    Ok(sum.value() * if actions == 2 { STEP * STEP } else { STEP })
}

/// The density of standard normal numbers.
fn weight(z: &[f64]) -> f64 {
    z.iter().map(|z| normal_density(*z, 0.0, 1.0)).product()
}

fn mass_of(examination: &Examination, law: &Law) -> Result<f64, Fault> {
    let kind = examination.subject.kind();
    integral(law.mean.len(), |z| Ok(exp(law.log_density(examination, z, law)?) * law.jacobian(kind, z)))
}

fn masses(examination: &Examination, tolerance: f64) -> Outcome {
    let mut comparison = Comparison::new();
    for actions in 1..=2 {
        let law = Law::ordinary(examination, actions);
        comparison.add(mass_of(examination, &law)?, 1.0, || format!("actions: {actions}; {law:?}"));
    }
    Ok(comparison.finding(tolerance))
}

/// The plain density has mass 1.
pub(super) fn mass(examination: &Examination) -> Outcome {
    masses(examination, QUADRATURE)
}

/// The squashed density has mass 1.
pub(super) fn squashed_mass(examination: &Examination) -> Outcome {
    masses(examination, CUSTOMARY)
}

/// So it has at the edge.
pub(super) fn saturated(examination: &Examination) -> Outcome {
    let law = Law::at_the_edge(examination);
    let mut comparison = Comparison::new();
    let kept = tanh(law.mean[0]).abs();
    comparison.needs(kept > 1.0 - 1e-4 && kept < 1.0, "action near the edge");
    comparison.add(mass_of(examination, &law)?, 1.0, || format!("{law:?}"));
    Ok(comparison.finding(CUSTOMARY))
}

/// Log-densities of actions add.
pub(super) fn actions_add_up(examination: &Examination) -> Outcome {
    let law = Law::ordinary(examination, 3);
    let mut comparison = Comparison::new();
    for z in [[0.4, -1.3, 0.9], [-2.1, 0.2, 1.6]] {
        let mut total = 0.0;
        for (i, z) in z.iter().enumerate() {
            let alone = Law { mean: vec![law.mean[i]], spread: vec![law.spread[i]], ..law };
            total += alone.log_density(examination, &[*z], &alone)?;
        }
        comparison.add(law.log_density(examination, &z, &law)?, total, || format!("z = {z:?}; {law:?}"));
    }
    Ok(comparison.finding(QUADRATURE))
}

/// `E_μ[π/μ] = 1`, where `π` has other means and narrower deviations.
pub(super) fn ratio(examination: &Examination) -> Outcome {
    let mut comparison = Comparison::new();
    for actions in 1..=2 {
        let law = Law::ordinary(examination, actions);
        let mut other = law.clone();
        for i in 0..actions {
            other.mean[i] += 0.4 * exp(law.spread[i]);
            other.spread[i] -= 0.1;
        }
        let mean = integral(actions, |z| {
            let log_ratio = law.log_density(examination, z, &other)? - law.log_density(examination, z, &law)?;
            Ok(weight(z) * exp(log_ratio))
        })?;
        comparison.add(mean, 1.0, || format!("{other:?} over {law:?}"));
    }
    Ok(comparison.finding(QUADRATURE))
}

/// `E[∂ log p] = 0` in every mean and log standard deviation.
pub(super) fn score(examination: &Examination) -> Outcome {
    let mut comparison = Comparison::new();
    for actions in 1..=2 {
        let law = Law::ordinary(examination, actions);
        for k in 0..2 * actions {
            let nudged = |by: f64| {
                let mut other = law.clone();
                let part = if k < actions { &mut other.mean } else { &mut other.spread };
                part[k % actions] += by;
                other
            };
            let (up, down) = (nudged(NUDGE), nudged(-NUDGE));
            let mean = integral(actions, |z| {
                let rise = law.log_density(examination, z, &up)? - law.log_density(examination, z, &down)?;
                Ok(weight(z) * rise / (2.0 * NUDGE))
            })?;
            comparison.add(mean, 0.0, || format!("parameter {k} of {law:?}"));
        }
    }
    Ok(comparison.finding(DIFFERENCE))
}
