//! Trust-region policy optimisation's step (Schulman et al. 2015, §6 and appendix C).

use crate::numeric::{ConjugateGradients, conjugate_gradients, dot};

/// How a step is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrustRegion {
    /// The largest divergence `δ`, in nats.
    pub radius: f64,
    /// `λ`, added to the diagonal of the Fisher matrix.
    pub damping: f64,
    /// The most iterations of conjugate gradients.
    pub iterations: usize,
    /// The most steps of the line search, each with half the length of the one before.
    pub backtracks: usize,
}

/// What a candidate step would do, measured on the data: the surrogate's gain and the divergence reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The surrogate objective after the step less before it.
    pub gain: f64,
    /// The divergence of the new policy from the old, in nats.
    pub divergence: f64,
}

/// A step, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct TrustRegionStep {
    /// The change of the parameters; zero where no length was acceptable.
    pub step: Vec<f64>,
    /// What it does.
    pub outcome: Outcome,
    /// How often the step was halved.
    pub halvings: usize,
    /// Whether a length was accepted.
    pub accepted: bool,
    /// What conjugate gradients reached.
    pub solver: ConjugateGradients,
}

impl TrustRegion {
    /// The step from `gradient`: conjugate gradients with products `F v`, scaled to the radius by the quadratic model,
    /// then halved until the measured divergence is within the radius and the surrogate gains.
    ///
    /// The radius is an upper bound on what `measure` sees, never an equality: the quadratic model only chooses where the
    /// search begins.
    pub fn step(
        &self,
        gradient: &[f64],
        fisher_product: impl Fn(&[f64]) -> Vec<f64>,
        measure: impl Fn(&[f64]) -> Outcome,
    ) -> TrustRegionStep {
        let damped = |v: &[f64]| -> Vec<f64> {
            fisher_product(v).iter().zip(v).map(|(image, v)| image + self.damping * v).collect()
        };
        let solver = conjugate_gradients(damped, gradient, 1e-10, self.iterations);
        let curvature = dot(&solver.solution, &damped(&solver.solution));
        let mut length = if curvature > 0.0 { (2.0 * self.radius / curvature).sqrt() } else { 0.0 };
        for halvings in 0..=self.backtracks {
            let step: Vec<f64> = solver.solution.iter().map(|x| length * x).collect();
            let outcome = measure(&step);
            if outcome.gain > 0.0 && outcome.divergence <= self.radius {
                return TrustRegionStep { step, outcome, halvings, accepted: true, solver };
            }
            length *= 0.5;
        }
        let outcome = Outcome { gain: 0.0, divergence: 0.0 };
        let step = vec![0.0; gradient.len()];
        TrustRegionStep { step, outcome, halvings: self.backtracks, accepted: false, solver }
    }
}
