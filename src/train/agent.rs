//! A policy and a critic as networks on a tape.

use super::settings::{CriticKind, Plan};
use crate::autodiff::{Tape, Variable};
use crate::numeric::Matrix;
use crate::policy::deep::{Beginning, Head, Memory, Shape, columns};
use crate::rng::Stream;

/// What the networks give for some rows of observations.
pub(super) struct Output<'t> {
    /// The laws of actions, `[N, parameters]`.
    pub(super) laws: Variable<'t>,
    /// The critic's values, `[N, 1]`.
    pub(super) values: Option<Variable<'t>>,
}

/// What policy and critic remember.
#[derive(Debug, Default)]
pub(super) struct Memories<'t> {
    actor: Memory<'t>,
    critic: Memory<'t>,
}

/// The shape of policy and critic: the parameters are those of the policy, the logarithms of a normal policy's deviations, and
/// those of a separate critic.
#[derive(Debug)]
pub(super) struct Agent<'a> {
    plan: &'a Plan,
    shapes: Vec<Shape>,
    /// The parameters of the policy's network.
    network: usize,
    /// The parameters of the policy.
    pub(super) actor: usize,
}

impl<'a> Agent<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let settings = &plan.settings;
        let inputs = plan.task.observation_size();
        if plan.noise_steps() > 0 {
            // The denoiser reads the noisy action and two numbers of the schedule too, and gives the noise.
            let action = plan.head.action_size();
            let shapes = settings.network.shapes(inputs + action + 2, action, settings.output_gain);
            let actor = shapes.len();
            return Self { plan, shapes, network: actor, actor };
        }
        let own = match plan.head {
            Head::Softmax(n) | Head::Gaussian(n) => n,
        };
        let outputs = own + usize::from(settings.critic == CriticKind::Shared);
        let mut shapes = settings.network.shapes(inputs, outputs, settings.output_gain);
        let network = shapes.len();
        if let Head::Gaussian(n) = plan.head {
            let beginning = Beginning::Constant(crate::numeric::ln(settings.deviation));
            shapes.push(Shape { rows: 1, columns: n, beginning });
        }
        let actor = shapes.len();
        if settings.critic == CriticKind::Separate {
            shapes.extend(plan.critic().shapes(inputs, 1, 1.0));
        }
        Self { plan, shapes, network, actor }
    }

    /// Parameters to begin with.
    pub(super) fn parameters(&self, stream: &mut Stream) -> Vec<Matrix> {
        self.shapes.iter().map(|shape| beginning(shape, stream)).collect()
    }

    /// How many numbers are learned.
    pub(super) fn count(&self) -> usize {
        self.shapes.iter().map(|shape| shape.rows * shape.columns).sum()
    }

    /// How many matrices they are.
    pub(super) fn parameters_in_all(&self) -> usize {
        self.shapes.len()
    }

    /// The law of actions.
    pub(super) fn head(&self) -> Head {
        self.plan.head
    }

    /// Numbers in the shapes of the parameters.
    pub(super) fn shaped(&self, numbers: &[Vec<f64>]) -> Vec<Matrix> {
        let shapes = self.shapes.iter().zip(numbers);
        shapes.map(|(shape, numbers)| Matrix::of(shape.rows, shape.columns, numbers.clone())).collect()
    }

    /// Reads a row of observations for each copy.
    pub(super) fn step<'t>(
        &self,
        parameters: &[Variable<'t>],
        input: Variable<'t>,
        memories: &mut Memories<'t>,
    ) -> Output<'t> {
        let network = &self.plan.settings.network;
        let out = network.step(&parameters[..self.network], input, &mut memories.actor);
        let (rows, width) = out.shape();
        let (own, shared) = match self.plan.settings.critic {
            CriticKind::Shared => (columns(out, 0, width - 1), Some(columns(out, width - 1, 1))),
            _ => (out, None),
        };
        let laws = match self.plan.head {
            Head::Softmax(_) => own,
            Head::Gaussian(n) => {
                let zeros = own.tape().constant(Matrix::zeros(rows, n));
                let own_deviation = parameters[self.network];
                let fixed = self.plan.settings.fixed_deviation;
                own.concatenate(zeros.add_row(if fixed { own_deviation.detach() } else { own_deviation }))
            }
        };
        let separate = (self.plan.settings.critic == CriticKind::Separate)
            .then(|| self.plan.critic().step(&parameters[self.actor..], input, &mut memories.critic));
        Output { laws, values: shared.or(separate) }
    }
}

/// A parameter to begin with: orthogonal ones by Gram and Schmidt on normal numbers.
fn beginning(shape: &Shape, stream: &mut Stream) -> Matrix {
    let gain = match shape.beginning {
        Beginning::Constant(x) => return Matrix::from_fn(shape.rows, shape.columns, |_, _| x),
        Beginning::Orthogonal(gain) => gain,
    };
    let (long, short) = (shape.rows.max(shape.columns), shape.rows.min(shape.columns));
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(short);
    while rows.len() < short {
        let mut row: Vec<f64> = (0..long).map(|_| stream.normal()).collect();
        // Twice is enough (Giraud, Langou & Rozložník 2005).
        for _ in 0..2 {
            for other in &rows {
                let along = crate::numeric::dot(&row, other);
                row.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
            }
        }
        let norm = crate::numeric::dot(&row, &row).sqrt();
        if norm > 1e-6 {
            rows.push(row.into_iter().map(|x| x / norm).collect());
        }
    }
    let entry = |i: usize, j: usize| if shape.rows <= shape.columns { rows[i][j] } else { rows[j][i] };
    Matrix::from_fn(shape.rows, shape.columns, |i, j| gain * entry(i, j))
}

/// Policy and critic ready to act: their parameters stay on a tape from step to step.
pub(super) struct Actor<'a, 't> {
    agent: &'a Agent<'a>,
    tape: &'t Tape,
    parameters: Vec<Variable<'t>>,
    /// The length of the tape with nothing else on it.
    length: usize,
    /// What is remembered, as data.
    memories: [Vec<Matrix>; 2],
}

impl<'a, 't> Actor<'a, 't> {
    /// On a tape that nothing else is put on while it acts.
    pub(super) fn new(agent: &'a Agent<'a>, tape: &'t Tape, parameters: &[Matrix]) -> Self {
        let parameters = parameters.iter().map(|p| tape.constant(p.clone())).collect();
        Self { agent, tape, parameters, length: tape.len(), memories: [vec![], vec![]] }
    }

    /// The laws and the values (`[N]`, empty without a critic) at some observations. What was read is remembered if `keep`.
    pub(super) fn look(&mut self, observations: Matrix, keep: bool) -> (Matrix, Vec<f64>) {
        let data = |list: &[Matrix]| list.iter().map(|m| self.tape.constant(m.clone())).collect();
        let mut memories = Memories { actor: data(&self.memories[0]), critic: data(&self.memories[1]) };
        let out = self.agent.step(&self.parameters, self.tape.constant(observations), &mut memories);
        if keep {
            let values = |list: &[Variable]| list.iter().map(|v| v.value()).collect();
            self.memories = [values(&memories.actor), values(&memories.critic)];
        }
        let values = out.values.map_or_else(Vec::new, |values| values.value().entries().to_vec());
        let laws = out.laws.value();
        self.tape.rewind(self.length);
        (laws, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orthogonal_parameters_are() {
        let mut stream = Stream::of(0, "orthogonal", 0, 0);
        for (rows, columns) in [(5, 3), (3, 5), (4, 4)] {
            let shape = Shape { rows, columns, beginning: Beginning::Orthogonal(2.0) };
            let m = beginning(&shape, &mut stream);
            let square = if rows < columns { m.product(&m.transpose()) } else { m.transpose().product(&m) };
            for i in 0..square.rows() {
                for j in 0..square.rows() {
                    let expected = if i == j { 4.0 } else { 0.0 };
                    assert!((square[(i, j)] - expected).abs() < 1e-14);
                }
            }
        }
    }
}
