//! The gradients of every network that is trained, against those of burn.
//!
//! Each architecture, law and loss is written a second time over burn's tensors, from its formulas and in burn's own
//! terms: its convolution, its attention over all steps at once, its layer norm, its activations, its gradients. Both
//! sides compute in double precision from the same numbers; nothing else is shared.

use burn_autodiff::Autodiff;
use burn_flex::{Flex, FlexDevice};
use burn_tensor::activation::{log_softmax, relu, sigmoid, softmax, tanh};
use burn_tensor::module::{attention, conv2d, linear};
use burn_tensor::ops::{AttentionModuleOptions, ConvOptions, ModuleOps};
use burn_tensor::{DType, Int, Tensor, TensorData, TensorPrimitive};
use std::f64::consts::{E, TAU};
use unbiased::autodiff::{Tape, Variable};
use unbiased::numeric::{Matrix, sin};
use unbiased::policy::deep::{Architecture, Filters, Head, Memory, Shape, Unit, columns};

type Burn = Autodiff<Flex>;
type Value<const D: usize = 2> = Tensor<Burn, D>;

/// What two routes of double precision may differ by. Most differ by 1e-15; a ratio of densities, the exponential of a
/// difference of large numbers, by 1e-14 or more; single precision would by 1e-7.
const TOLERANCE: f64 = 1e-12;
const STEPS: usize = 3;
const BATCH: usize = 32;

/// Numbers in `[−size, size]` without a pattern: a wave that gets faster and faster.
fn numbers(rows: usize, columns: usize, key: usize, size: f64) -> Matrix {
    let place = |i: usize, j: usize| (i * columns + j + 1) as f64;
    Matrix::from_fn(rows, columns, |i, j| size * sin(0.37 * place(i, j) * place(i, j) + key as f64))
}

/// So many numbers for each copy of the world.
fn batch(columns: usize, key: usize) -> Matrix {
    numbers(BATCH, columns, key, 1.0)
}

/// Parameters of an architecture: weights that keep the size of what they read, and biases that are not zero.
fn parameters(architecture: &Architecture, inputs: usize, outputs: usize) -> Vec<Matrix> {
    let shapes = architecture.shapes(inputs, outputs, 1.0);
    let size = |rows: usize| if rows == 1 { 0.4 } else { 1.5 / (rows as f64).sqrt() };
    let filled = |(key, shape): (usize, &Shape)| numbers(shape.rows, shape.columns, key, size(shape.rows));
    shapes.iter().enumerate().map(filled).collect()
}

/// A scalar, and its gradient with respect to each parameter.
struct Answer {
    value: f64,
    gradients: Vec<Vec<f64>>,
}

impl Answer {
    /// How far another answer is from this one at most, relative to this scalar and to the largest entry of each of
    /// these gradients.
    fn distance(&self, other: &Self) -> f64 {
        let apart = |x: &[f64], y: &[f64]| {
            assert_eq!(x.len(), y.len());
            let scale = largest(x.iter().copied());
            largest(x.iter().zip(y).map(|(x, y)| (x - y) / scale))
        };
        assert_eq!(self.gradients.len(), other.gradients.len());
        let gradients = self.gradients.iter().zip(&other.gradients).map(|(x, y)| apart(x, y));
        largest(gradients.chain([apart(&[self.value], &[other.value])]))
    }
}

/// The largest magnitude; not a number if one of them is not.
fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(f64::abs).fold(0.0, |most, x| if x > most || x.is_nan() { x } else { most })
}

fn ours(at: &[Matrix], loss: impl for<'t> Fn(&'t Tape, &[Variable<'t>]) -> Variable<'t>) -> Answer {
    let tape = Tape::new();
    let parameters: Vec<Variable> = at.iter().map(|p| tape.parameter(p.clone())).collect();
    let loss = loss(&tape, &parameters);
    let gradients = loss.backward();
    let gradients = parameters.iter().map(|p| gradients.of(*p).into_entries()).collect();
    Answer { value: loss.scalar(), gradients }
}

fn theirs(at: &[Matrix], loss: impl Fn(&[Value]) -> Value<1>) -> Answer {
    let parameters: Vec<Value> = at.iter().map(|p| data(p).require_grad()).collect();
    let loss = loss(&parameters);
    let gradients = loss.backward();
    let gradient = |p: &Value| {
        let zeros = || p.clone().inner().zeros_like();
        p.grad(&gradients).unwrap_or_else(zeros).into_data().into_vec::<f64>().unwrap()
    };
    Answer { value: loss.to_data().as_slice::<f64>().unwrap()[0], gradients: parameters.iter().map(gradient).collect() }
}

fn data(matrix: &Matrix) -> Value {
    let shape = [matrix.rows(), matrix.columns()];
    Tensor::from_data(TensorData::new(matrix.entries().to_vec(), shape), (&FlexDevice, DType::F64))
}

fn agree(name: &str, ours: &Answer, theirs: &Answer) {
    let distance = ours.distance(theirs);
    println!("{name}: {distance:.1e}");
    assert!(distance < TOLERANCE, "{name}: {distance:e}");
}

/// That a mistake is noticed.
fn differ(mistake: &str, least: f64, ours: &Answer, wrong: &Answer) {
    let distance = ours.distance(wrong);
    println!("{mistake}: {distance:.1e}");
    assert!(distance > least, "{mistake}: {distance:e}");
}

// The architectures in burn's terms: the outputs of each step, from the inputs of all of them.

fn affine<const D: usize>(x: Value<D>, weights: &Value, bias: &Value) -> Value<D> {
    linear(x, weights.clone(), Some(bias.clone().flatten(0, 1)))
}

fn outputs(architecture: &Architecture, p: &[Value], inputs: &[Value]) -> Vec<Value> {
    match architecture {
        Architecture::Perceptron { unit, .. } => inputs.iter().map(|x| perceptron(*unit, p, x)).collect(),
        Architecture::Convolution(filters) => inputs.iter().map(|x| convolution(*filters, p, x)).collect(),
        Architecture::Recurrent { hidden } => recurrent(*hidden, p, inputs, |h| h),
        Architecture::Lstm { hidden } => lstm(*hidden, p, inputs),
        Architecture::Transformer { width, .. } => transformer(*width, p, inputs, true),
    }
}

fn perceptron(unit: Unit, p: &[Value], input: &Value) -> Value {
    let mut x = input.clone();
    for (layer, pair) in p.chunks(2).enumerate() {
        x = affine(x, &pair[0], &pair[1]);
        if 2 * layer + 2 < p.len() {
            x = match unit {
                Unit::Tanh => tanh(x),
                Unit::Relu => relu(x),
            };
        }
    }
    x
}

fn convolution(filters: Filters, p: &[Value], input: &Value) -> Value {
    let Filters { height, width, kernel, filters, .. } = filters;
    let images = input.clone().reshape([BATCH, 1, height, width]);
    let weights = p[0].clone().transpose().reshape([filters, 1, kernel, kernel]);
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    let seen = relu(conv2d(images, weights, Some(p[1].clone().flatten(0, 1)), options));
    let flat: Value = seen.permute([0, 2, 3, 1]).flatten(1, 3);
    affine(relu(affine(flat, &p[2], &p[3])), &p[4], &p[5])
}

fn recurrent(hidden: usize, p: &[Value], inputs: &[Value], kept: impl Fn(Value) -> Value) -> Vec<Value> {
    let mut h = data(&Matrix::zeros(BATCH, hidden));
    let step = |x: &Value| {
        h = tanh(affine(x.clone(), &p[0], &p[2]) + kept(h.clone()).matmul(p[1].clone()));
        affine(h.clone(), &p[3], &p[4])
    };
    inputs.iter().map(step).collect()
}

fn lstm(hidden: usize, p: &[Value], inputs: &[Value]) -> Vec<Value> {
    let (mut c, mut h) = (data(&Matrix::zeros(BATCH, hidden)), data(&Matrix::zeros(BATCH, hidden)));
    let bias = Tensor::cat(p[2..5].to_vec(), 1);
    let step = |x: &Value| {
        let gate = |index: usize| {
            let part = |of: &Value| of.clone().narrow(1, index * hidden, hidden);
            affine(x.clone(), &part(&p[0]), &part(&bias)) + h.clone().matmul(part(&p[1]))
        };
        let (read, keep, show) = (sigmoid(gate(0)), sigmoid(gate(1)), sigmoid(gate(2)));
        c = keep * c.clone() + read * tanh(gate(3));
        h = show * tanh(c.clone());
        affine(h.clone(), &p[5], &p[6])
    };
    inputs.iter().map(step).collect()
}

fn transformer(width: usize, p: &[Value], inputs: &[Value], causal: bool) -> Vec<Value> {
    let waves = Tensor::stack((0..STEPS).map(|t| wave(t, width)).collect(), 1);
    let x: Value<3> = affine(Tensor::stack(inputs.to_vec(), 1), &p[0], &p[1]) + waves;
    let seen = layer_norm(x.clone());
    let head = |weights: &Value| linear(seen.clone(), weights.clone(), None).unsqueeze_dim::<4>(1);
    let options = AttentionModuleOptions { is_causal: causal, ..Default::default() };
    let attended = attention(head(&p[2]), head(&p[3]), head(&p[4]), None, None, options);
    let x = x + linear(attended.squeeze_dim(1), p[5].clone(), None);
    let deeper = affine(relu(affine(layer_norm(x.clone()), &p[6], &p[7])), &p[8], &p[9]);
    let out = affine(layer_norm(x + deeper), &p[10], &p[11]);
    (0..STEPS).map(|t| out.clone().narrow(1, t, 1).squeeze_dim(1)).collect()
}

/// `sin(t / 10000^(2i/width))` and the cosine beside it.
fn wave(t: usize, width: usize) -> Value {
    let exponents = data(&Matrix::from_fn(1, width / 2, |_, i| 2.0 * i as f64 / width as f64));
    let angle = (exponents.ones_like() * 10_000.0).powf(exponents).recip() * t as f64;
    Tensor::stack::<3>(vec![angle.clone().sin(), angle.cos()], 2).flatten(1, 2)
}

fn layer_norm(x: Value<3>) -> Value<3> {
    let gain: Value<1> = Tensor::ones([x.dims()[2]], (&FlexDevice, DType::F64));
    let (x, gain) = (x.into_primitive().tensor(), gain.into_primitive().tensor());
    Tensor::from_primitive(TensorPrimitive::Float(Burn::layer_norm(x, gain, None, 1e-5)))
}

// Each architecture, three steps, contracted with fixed weights.

/// An architecture, and the numbers of its inputs and outputs.
type Case = (Architecture, usize, usize);
type Network<'a> = &'a dyn Fn(&[Value], &[Value]) -> Vec<Value>;

fn our_contraction((architecture, inputs, outputs): &Case) -> Answer {
    ours(&parameters(architecture, *inputs, *outputs), |tape, p| {
        let mut memory = Memory::new();
        let step = |t| {
            let out = architecture.step(p, tape.constant(batch(*inputs, 100 + t)), &mut memory);
            (out * tape.constant(batch(*outputs, 200 + t))).sum()
        };
        (0..STEPS).map(step).reduce(|sum, x| sum + x).unwrap()
    })
}

fn their_contraction((architecture, inputs, outputs): &Case, network: Network) -> Answer {
    theirs(&parameters(architecture, *inputs, *outputs), |p| {
        let inputs: Vec<Value> = (0..STEPS).map(|t| data(&batch(*inputs, 100 + t))).collect();
        let out = network(p, &inputs).into_iter().enumerate();
        out.map(|(t, out)| (out * data(&batch(*outputs, 200 + t))).sum()).reduce(|sum, x| sum + x).unwrap()
    })
}

const CATCH: Filters = Filters { height: 10, width: 5, kernel: 3, filters: 8, hidden: 32 };

fn architectures() -> Vec<Case> {
    vec![
        (Architecture::Perceptron { hidden: vec![], unit: Unit::Tanh }, 16, 4),
        (Architecture::Perceptron { hidden: vec![64, 64], unit: Unit::Tanh }, 17, 6),
        (Architecture::Perceptron { hidden: vec![64, 64], unit: Unit::Relu }, 17, 6),
        (Architecture::Convolution(CATCH), 50, 3),
        (Architecture::Recurrent { hidden: 32 }, 3, 4),
        (Architecture::Lstm { hidden: 16 }, 3, 4),
        (Architecture::Transformer { width: 16, hidden: 32 }, 3, 4),
    ]
}

#[test]
fn every_architecture_has_the_gradient_that_burn_finds() {
    for case in architectures() {
        let theirs = their_contraction(&case, &|p, x| outputs(&case.0, p, x));
        agree(&format!("{:?}", case.0), &our_contraction(&case), &theirs);
    }
}

/// The same parameters but for one.
fn instead(p: &[Value], place: usize, change: impl Fn(Value) -> Value) -> Vec<Value> {
    let mut p = p.to_vec();
    p[place] = change(p[place].clone());
    p
}

#[test]
fn a_wrong_gradient_is_far_above_the_tolerance() {
    let cases = architectures();
    let wrong = |mistake: &str, case: usize, network: Network| {
        differ(mistake, 0.01, &our_contraction(&cases[case]), &their_contraction(&cases[case], network));
    };
    let of = |case: usize, p: &[Value], x: &[Value]| outputs(&cases[case].0, p, x);
    wrong("a transposed weight", 1, &|p, x| of(1, &instead(p, 2, |w| w.transpose()), x));
    wrong("the other unit", 2, &|p, x| of(1, p, x));
    wrong("a filter upside down", 3, &|p, x| of(3, &instead(p, 0, |w| w.flip([0])), x));
    wrong("a detached memory", 4, &|p, x| recurrent(32, p, x, |h| h.detach()));
    wrong("a detached forget gate", 5, &|p, x| {
        let detached = |w: Value| {
            let part = |index: usize| w.clone().narrow(1, 16 * index, 16);
            Tensor::cat(vec![part(0), part(1).detach(), part(2), part(3)], 1)
        };
        of(5, &instead(p, 0, detached), x)
    });
    wrong("attention to what comes after", 6, &|p, x| transformer(16, p, x, false));
    let single = |w: Value| w.cast(DType::F32).cast(DType::F64);
    let single = their_contraction(&cases[1], &|p, x| of(1, &instead(p, 2, single), x));
    differ("a weight in single precision", 1e3 * TOLERANCE, &our_contraction(&cases[1]), &single);
}

// The laws.

fn log_probs(head: Head, rows: Value, actions: &Matrix) -> Value {
    match head {
        Head::Softmax(_) => {
            let choice: Vec<i64> = actions.entries().iter().map(|a| *a as i64).collect();
            let choice = TensorData::new(choice, [actions.rows(), 1]);
            log_softmax(rows, 1).gather(1, Tensor::<Burn, 2, Int>::from_data(choice, (&FlexDevice, DType::I64)))
        }
        Head::Gaussian(n) => {
            let (mean, deviation) = (rows.clone().narrow(1, 0, n), rows.narrow(1, n, n).exp());
            let standard = (data(actions) - mean) / deviation.clone();
            (-(standard.clone() * standard / 2.0) - (deviation * TAU.sqrt()).log()).sum_dim(1)
        }
    }
}

fn entropy(head: Head, rows: Value) -> Value {
    match head {
        Head::Softmax(_) => -(softmax(rows.clone(), 1) * log_softmax(rows, 1)).sum_dim(1),
        Head::Gaussian(n) => {
            let deviation = rows.narrow(1, n, n).exp();
            ((deviation.clone() * deviation * (TAU * E)).log() / 2.0).sum_dim(1)
        }
    }
}

fn divergence(head: Head, old: Value, new: Value) -> Value {
    match head {
        Head::Softmax(_) => (softmax(old.clone(), 1) * (log_softmax(old, 1) - log_softmax(new, 1))).sum_dim(1),
        Head::Gaussian(n) => {
            let halves = |rows: Value| (rows.clone().narrow(1, 0, n), rows.narrow(1, n, n).exp());
            let ((m, s), (mean, deviation)) = (halves(old), halves(new));
            let apart = m - mean;
            let squares = s.clone() * s.clone() + apart.clone() * apart;
            ((deviation.clone() / s).log() + squares / (deviation.clone() * deviation * 2.0) - 0.5).sum_dim(1)
        }
    }
}

fn laws() -> [(Head, Matrix); 2] {
    let choices = Matrix::from_fn(BATCH, 1, |i, _| (i % 6) as f64);
    [(Head::Softmax(6), choices), (Head::Gaussian(6), numbers(BATCH, 6, 303, 1.5))]
}

type Our<'a> = &'a dyn for<'t> Fn(Variable<'t>) -> Variable<'t>;
type Their<'a> = &'a dyn Fn(Value) -> Value;

/// Compares a column that a law gives for each row, contracted; and notices that nothing flows back to the last number.
fn compare(name: &str, head: Head, our: Our, their: Their) {
    let (name, at, last) = (format!("{name}, {head:?}"), [batch(head.parameters(), 301)], head.parameters() - 1);
    let contracted = |rows: Value| (their(rows) * data(&batch(1, 300))).sum();
    let ours = ours(&at, |tape, p| (our(p[0]) * tape.constant(batch(1, 300))).sum());
    agree(&name, &ours, &theirs(&at, |p| contracted(p[0].clone())));
    let detached = |p: &[Value]| {
        let part = |first: usize, count: usize| p[0].clone().narrow(1, first, count);
        contracted(Tensor::cat(vec![part(0, last), part(last, 1).detach()], 1))
    };
    differ(&format!("{name}, a column detached"), 0.01, &ours, &theirs(&at, detached));
}

#[test]
fn log_probabilities_entropies_and_divergences_have_the_gradients_that_burn_finds() {
    for (head, actions) in laws() {
        let old = batch(head.parameters(), 302);
        compare("log π", head, &|rows| head.log_probs(rows, &actions), &|rows| log_probs(head, rows, &actions));
        compare("entropy", head, &|rows| head.entropy(rows), &|rows| entropy(head, rows));
        compare("KL", head, &|rows| head.divergence(&old, rows), &|rows| divergence(head, data(&old), rows));
    }
}

// The loss of proximal policy optimisation: the clipped surrogate, the clipped value's error and a bonus for entropy.

const CLIP: f64 = 0.2;
const ENTROPY_BONUS: f64 = 0.01;

#[test]
fn the_clipped_loss_of_a_perceptron_has_the_gradient_that_burn_finds() {
    for (head, actions) in laws() {
        let (n, network) = (head.parameters(), Architecture::Perceptron { hidden: vec![64, 64], unit: Unit::Tanh });
        let (at, observations) = (parameters(&network, 17, n + 1), batch(17, 400));
        let (advantages, targets) = (numbers(BATCH, 1, 401, 2.0), numbers(BATCH, 1, 402, 2.0));

        // A policy and a critic that were a little different, so that some ratios and values are clipped and some not.
        let tape = Tape::new();
        let p: Vec<Variable> = at.iter().map(|p| tape.constant(p.clone())).collect();
        let out = network.step(&p, tape.constant(observations.clone()), &mut Memory::new());
        let older = |now: Variable, key| (now + tape.constant(numbers(BATCH, 1, key, 2.0 * CLIP))).value();
        let old_log_probs = older(head.log_probs(columns(out, 0, n), &actions), 403);
        let old_values = older(columns(out, n, 1), 404);

        let ours = ours(&at, |tape, p| {
            let fixed = |matrix: &Matrix| tape.constant(matrix.clone());
            let out = network.step(p, fixed(&observations), &mut Memory::new());
            let (rows, values) = (columns(out, 0, n), columns(out, n, 1));
            let ratio = (head.log_probs(rows, &actions) - fixed(&old_log_probs)).exp();
            let advantages = fixed(&advantages);
            let gain = (ratio * advantages).minimum(ratio.clip(1.0 - CLIP, 1.0 + CLIP) * advantages);
            let moved = fixed(&old_values) + (values - fixed(&old_values)).clip(-CLIP, CLIP);
            let error = |values| (values - fixed(&targets)) * (values - fixed(&targets));
            let error = -((-error(values)).minimum(-error(moved)));
            error.mean().scale(0.5) - gain.mean() - head.entropy(rows).mean().scale(ENTROPY_BONUS)
        });
        let loss = |p: &[Value], clip: f64, value_clip: f64| {
            let out = perceptron(Unit::Tanh, p, &data(&observations));
            let (rows, values) = (out.clone().narrow(1, 0, n), out.narrow(1, n, 1));
            let ratio = (log_probs(head, rows.clone(), &actions) - data(&old_log_probs)).exp();
            let advantages = data(&advantages);
            let gain = (ratio.clone() * advantages.clone()).min_pair(ratio.clamp(1.0 - clip, 1.0 + clip) * advantages);
            let moved = data(&old_values) + (values.clone() - data(&old_values)).clamp(-value_clip, value_clip);
            let error = |values: Value| (values - data(&targets)).powi_scalar(2);
            let error = error(values).max_pair(error(moved));
            error.mean() / 2.0 - gain.mean() - entropy(head, rows).mean() * ENTROPY_BONUS
        };
        agree(&format!("clipped loss, {head:?}"), &ours, &theirs(&at, |p| loss(p, CLIP, CLIP)));
        for (clip, value_clip) in [(0.1, CLIP), (0.3, CLIP), (CLIP, 0.1), (CLIP, 0.3)] {
            let mistake = format!("clipped loss, {head:?}, clips of {clip} and {value_clip}");
            differ(&mistake, 1e-3, &ours, &theirs(&at, |p| loss(p, clip, value_clip)));
        }
    }
}
