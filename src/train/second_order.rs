//! Steps in the policy's own geometry: the natural gradient, and the trust region.
//!
//! Products with the Fisher matrix `F = (1/n) Σ Jᵀ M J` are exact: a tangent sweep gives `J v`, the law's own Fisher information `M`,
//! and a reverse sweep `Jᵀ`.

use super::agent::Agent;
use super::learner::{Learner, Lesson, Moment, Part, Reading, gradients};
use super::settings::{Plan, Update};
use crate::autodiff::{Tape, Variable};
use crate::estimator::{Outcome, TrustRegion};
use crate::numeric::{Matrix, conjugate_gradients, dot};

/// Iterations of conjugate gradients, as TRPO's authors have them.
const ITERATIONS: usize = 10;
/// How often a step may be halved.
const BACKTRACKS: usize = 10;

/// The surrogate and its geometry at the policy that acted.
struct Landscape<'a, 't> {
    plan: &'a Plan,
    agent: &'a Agent<'a>,
    lesson: &'a Lesson<'a>,
    part: Part,
    tape: &'t Tape,
    parameters: Vec<Variable<'t>>,
    readings: Vec<Reading<'t>>,
}

impl<'a, 't> Landscape<'a, 't> {
    fn new(plan: &'a Plan, agent: &'a Agent<'a>, lesson: &'a Lesson, learner: &Learner, tape: &'t Tape) -> Self {
        let part = lesson.whole(plan);
        let parameters: Vec<Variable> = learner.matrices(agent).into_iter().map(|p| tape.parameter(p)).collect();
        let readings = part.read(agent, lesson.experience, tape, &parameters);
        Self { plan, agent, lesson, part, tape, parameters, readings }
    }

    fn flat(&self, scalar: Variable<'t>) -> Vec<f64> {
        gradients(scalar, &self.parameters[..self.agent.actor]).into_iter().flat_map(Matrix::into_entries).collect()
    }

    fn gradient(&self) -> Vec<f64> {
        self.flat(self.part.surrogate(self.plan, self.tape, &self.readings))
    }

    /// `F v`.
    fn fisher_product(&self, v: &[f64]) -> Vec<f64> {
        let mut rest = v;
        let along: Vec<(Variable, Matrix)> = self.parameters[..self.agent.actor]
            .iter()
            .map(|p| {
                let (rows, columns) = p.shape();
                let (own, others) = rest.split_at(rows * columns);
                rest = others;
                (*p, Matrix::of(rows, columns, own.to_vec()))
            })
            .collect();
        let before = self.tape.len();
        let pulled = self.part.mean(self.tape, &self.readings, |_, reading| {
            let moved = reading.laws.tangent(&along);
            let weighed = self.agent.head().fisher_product(&reading.laws.value(), &moved);
            (self.tape.constant(weighed) * reading.laws).row_sums()
        });
        let product = self.flat(pulled);
        self.tape.rewind(before);
        product
    }

    /// What a step does to the surrogate and to the divergence.
    fn measure(&self, learner: &Learner, step: &[f64]) -> Outcome {
        let tape = Tape::new();
        let moved = moved(self.agent, learner, step);
        let fixed: Vec<Variable> = moved.into_iter().map(|p| tape.constant(p)).collect();
        let readings = self.part.read(self.agent, self.lesson.experience, &tape, &fixed);
        let divergence = self.part.divergence(self.agent, self.lesson.experience, &tape, &readings).scalar();
        Outcome { gain: self.part.gain(self.plan, &readings), divergence }
    }
}

/// The parameters after a step of the policy's.
fn moved(agent: &Agent, learner: &Learner, step: &[f64]) -> Vec<Matrix> {
    let mut parameters = learner.matrices(agent);
    let numbers = parameters[..agent.actor].iter_mut().flat_map(|p| p.entries_mut().iter_mut());
    numbers.zip(step).for_each(|(x, step)| *x += step);
    parameters
}

impl Learner {
    /// One step of [`Update::Natural`] or [`Update::TrustRegion`].
    pub(super) fn follow_geometry(&mut self, plan: &Plan, agent: &Agent, lesson: &Lesson, moment: Moment) {
        // The length of a step falls with the root of its divergence.
        let share = if plan.settings.anneal { moment.left * moment.left } else { 1.0 };
        let tape = Tape::new();
        let landscape = Landscape::new(plan, agent, lesson, self, &tape);
        let gradient = landscape.gradient();
        let product = |v: &[f64]| landscape.fisher_product(v);
        let step = match plan.settings.update {
            Update::TrustRegion { radius, damping } => {
                let radius = share * radius;
                let region = TrustRegion { radius, damping, iterations: ITERATIONS, backtracks: BACKTRACKS };
                region.step(&gradient, product, |step| landscape.measure(self, step)).step
            }
            Update::Natural { radius, damping } => {
                let damped = |v: &[f64]| product(v).iter().zip(v).map(|(image, v)| image + damping * v).collect();
                let direction = conjugate_gradients(damped, &gradient, 1e-10, ITERATIONS).solution;
                let curvature = dot(&damped(&direction), &direction);
                let length = if curvature > 0.0 { (2.0 * share * radius / curvature).sqrt() } else { 0.0 };
                direction.iter().map(|x| length * x).collect()
            }
            Update::Gradient | Update::Cloning | Update::Diffusion { .. } => return,
        };
        let after = moved(agent, self, &step);
        self.set(&after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, StreamKey};
    use crate::train::Settings;
    use crate::train::agent::Actor;
    use crate::train::experience::{Choice, Worlds};

    #[test]
    fn the_fisher_product_is_the_curvature_of_the_divergence() {
        for task in ["cart-pole", "double-integrator"] {
            let text =
                format!("task = \"{task}\"\nnetwork = {{ kind = \"perceptron\", hidden = [3] }}\noutput-gain = 1.0");
            let plan = toml::from_str::<Settings>(&text).unwrap().plan().unwrap();
            let agent = Agent::new(&plan);
            let learner = Learner::new(&agent, &plan, &mut Stream::of(0, "first", 0, 0));
            let experience = {
                let tape = Tape::new();
                let mut actor = Actor::new(&agent, &tape, &learner.matrices(&agent));
                let key = StreamKey::of(0, "fisher", 0);
                Worlds::default().run(&plan, &mut actor, key, (3, 10), Choice::Drawn)
            };
            let lesson = Lesson::new(&plan, &experience);
            let tape = Tape::new();
            let landscape = Landscape::new(&plan, &agent, &lesson, &learner, &tape);
            let v: Vec<f64> = (0..agent.count()).map(|i| crate::numeric::sin(1.0 + i as f64)).collect();
            let product = landscape.fisher_product(&v);
            let slope = |step: f64| {
                let mut other = learner.clone();
                let by: Vec<f64> = v.iter().map(|v| step * v).collect();
                let there = moved(&agent, &learner, &by);
                other.set(&there);
                let tape = Tape::new();
                let at = Landscape::new(&plan, &agent, &lesson, &other, &tape);
                at.flat(at.part.divergence(&agent, &experience, &tape, &at.readings))
            };
            let (up, down) = (slope(1e-4), slope(-1e-4));
            for k in 0..v.len() {
                let curvature = (up[k] - down[k]) / 2e-4;
                assert!((curvature - product[k]).abs() < 1e-6, "{task}, {k}: {curvature} and {}", product[k]);
            }
        }
    }
}
