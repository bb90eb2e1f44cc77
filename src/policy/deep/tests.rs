//! Every architecture and every law against independent routes.

use super::*;
use crate::autodiff::Tape;
use crate::numeric::{central_gradient, cos, exp, sin};

const INPUTS: usize = 6;
const OUTPUTS: usize = 3;

fn architectures() -> Vec<Architecture> {
    vec![
        Architecture::Perceptron { hidden: vec![], unit: Unit::Tanh },
        Architecture::Perceptron { hidden: vec![4, 3], unit: Unit::Tanh },
        Architecture::Perceptron { hidden: vec![4], unit: Unit::Relu },
        Architecture::Convolution(Filters { height: 2, width: 3, kernel: 2, filters: 2, hidden: 3 }),
        Architecture::Recurrent { hidden: 3 },
        Architecture::Lstm { hidden: 2 },
        Architecture::Transformer { width: 4, hidden: 3 },
    ]
}

fn numbers(shapes: &[Shape]) -> Vec<f64> {
    let count: usize = shapes.iter().map(|shape| shape.rows * shape.columns).sum();
    (1..=count).map(|i| 0.5 * cos(1.7 * i as f64 + 0.3)).collect()
}

/// Numbers in the shapes of parameters.
fn shaped(shapes: &[Shape], mut numbers: &[f64]) -> Vec<Matrix> {
    let cut = |shape: &Shape| {
        let (own, others) = numbers.split_at(shape.rows * shape.columns);
        numbers = others;
        Matrix::of(shape.rows, shape.columns, own.to_vec())
    };
    shapes.iter().map(cut).collect()
}

fn input(t: usize) -> Matrix {
    Matrix::from_fn(2, INPUTS, |i, j| sin((3 * t + 7 * i + 2 * j) as f64))
}

/// A number from the outputs of three steps, with its gradient by a reverse sweep, and its derivative along `direction` by a
/// forward one.
fn contraction(
    architecture: &Architecture,
    shapes: &[Shape],
    theta: &[f64],
    direction: &[f64],
) -> (f64, Vec<f64>, f64) {
    let tape = Tape::new();
    let parameters: Vec<Variable> = shaped(shapes, theta).into_iter().map(|p| tape.parameter(p)).collect();
    let mut memory = Memory::new();
    let steps = (0..3).map(|t| {
        let out = architecture.step(&parameters, tape.constant(input(t)), &mut memory);
        let weights = Matrix::from_fn(2, OUTPUTS, |i, j| cos((t + 2 * i + 5 * j) as f64));
        (out * tape.constant(weights)).sum()
    });
    let total = steps.reduce(|sum, x| sum + x).unwrap();
    let gradients = total.backward();
    let flat = parameters.iter().flat_map(|p| gradients.of(*p).entries().to_vec()).collect();
    let along: Vec<(Variable, Matrix)> = parameters.iter().copied().zip(shaped(shapes, direction)).collect();
    (total.scalar(), flat, total.tangent(&along)[(0, 0)])
}

#[test]
fn the_gradient_of_every_architecture_is_that_of_a_forward_sweep_and_of_central_differences() {
    for architecture in architectures() {
        let shapes = architecture.shapes(INPUTS, OUTPUTS, 1.0);
        let theta = numbers(&shapes);
        let direction: Vec<f64> = (0..theta.len()).map(|i| sin(i as f64)).collect();
        let (_, tape, along) = contraction(&architecture, &shapes, &theta, &direction);
        let contracted = crate::numeric::dot(&tape, &direction);
        assert!((along - contracted).abs() < 1e-12, "{architecture:?}: {along} forward, {contracted} backward");
        let value = |theta: &[f64]| contraction(&architecture, &shapes, theta, &direction).0;
        let numerical = central_gradient(&theta, 1e-4, value);
        for (k, (tape, numerical)) in tape.iter().zip(numerical).enumerate() {
            assert!((tape - numerical).abs() < 1e-7, "{architecture:?}, {k}: {tape} and {numerical}");
        }
        assert!(tape.iter().filter(|x| **x == 0.0).count() < tape.len() / 2, "{architecture:?}");
    }
}

#[test]
fn what_remembers_depends_on_what_it_saw_before() {
    for architecture in architectures() {
        let shapes = architecture.shapes(INPUTS, OUTPUTS, 1.0);
        let theta = numbers(&shapes);
        let tape = Tape::new();
        let parameters: Vec<Variable> = shaped(&shapes, &theta).into_iter().map(|p| tape.parameter(p)).collect();
        let last = |first: usize| {
            let mut memory = Memory::new();
            architecture.step(&parameters, tape.constant(input(first)), &mut memory);
            architecture.step(&parameters, tape.constant(input(9)), &mut memory).value()
        };
        assert_eq!(last(0) != last(1), architecture.remembers(), "{architecture:?}");
    }
}

fn laws() -> [(Head, Vec<f64>, Vec<f64>); 2] {
    [
        (Head::Softmax(3), vec![0.3, -0.8, 1.1], vec![-0.2, 0.4, 0.6]),
        (Head::Gaussian(2), vec![0.3, -0.8, 0.2, -0.5], vec![-0.1, -0.4, 0.4, -0.3]),
    ]
}

fn on_tape(row: &[f64], f: impl for<'t> Fn(Variable<'t>) -> Variable<'t>) -> (f64, Vec<f64>) {
    let tape = Tape::new();
    let row = tape.parameter(Matrix::of(1, row.len(), row.to_vec()));
    let out = f(row).sum();
    (out.scalar(), out.backward().of(row).entries().to_vec())
}

#[test]
fn log_probabilities_on_the_tape_are_those_of_numbers_and_sum_to_1() {
    let softmax = (Head::Softmax(3), vec![0.3, -0.8, 1.1]);
    let total: f64 = (0..3).map(|a| exp(softmax.0.log_prob(&softmax.1, &[f64::from(a)]))).sum();
    assert!((total - 1.0).abs() < 1e-14);
    let gaussian = (Head::Gaussian(1), vec![0.3, -0.5]);
    let density = |x: f64| exp(gaussian.0.log_prob(&gaussian.1, &[x]));
    let total = crate::numeric::trapezoid(-8.0, 8.0, 4000, density);
    assert!((total - 1.0).abs() < 1e-10, "{total}");
    for (head, row, _) in laws() {
        let action = vec![1.0; head.action_size()];
        let (value, gradient) = on_tape(&row, |row| head.log_probs(row, &Matrix::of(1, action.len(), action.clone())));
        assert!((value - head.log_prob(&row, &action)).abs() < 1e-14);
        let numerical = central_gradient(&row, 1e-4, |row| head.log_prob(row, &action));
        assert!(gradient.iter().zip(numerical).all(|(x, y)| (x - y).abs() < 1e-9));
    }
}

#[test]
fn entropy_is_the_mean_surprise_and_divergence_the_mean_log_ratio() {
    let (head, p, q) = (Head::Softmax(3), [0.3, -0.8, 1.1], [-0.2, 0.4, 0.6]);
    let each = |f: &dyn Fn(f64) -> f64| (0..3).map(|a| f(f64::from(a))).sum::<f64>();
    let surprise = each(&|a| -exp(head.log_prob(&p, &[a])) * head.log_prob(&p, &[a]));
    assert!((on_tape(&p, |row| head.entropy(row)).0 - surprise).abs() < 1e-14);
    let ratio = each(&|a| exp(head.log_prob(&p, &[a])) * (head.log_prob(&p, &[a]) - head.log_prob(&q, &[a])));
    let old = Matrix::of(1, 3, p.to_vec());
    assert!((on_tape(&q, |row| head.divergence(&old, row)).0 - ratio).abs() < 1e-14);

    let (head, p, q) = (Head::Gaussian(1), [0.3, -0.5], [-0.2, 0.4]);
    let mean =
        |f: &dyn Fn(f64) -> f64| crate::numeric::trapezoid(-8.0, 8.0, 4000, |x| exp(head.log_prob(&p, &[x])) * f(x));
    let surprise = mean(&|x| -head.log_prob(&p, &[x]));
    assert!((on_tape(&p, |row| head.entropy(row)).0 - surprise).abs() < 1e-10);
    let ratio = mean(&|x| head.log_prob(&p, &[x]) - head.log_prob(&q, &[x]));
    let old = Matrix::of(1, 2, p.to_vec());
    assert!((on_tape(&q, |row| head.divergence(&old, row)).0 - ratio).abs() < 1e-10);
}

#[test]
fn the_fisher_information_is_the_curvature_of_the_divergence() {
    for (head, p, q) in laws() {
        let old = Matrix::of(1, p.len(), p.clone());
        let direction: Vec<f64> = q.iter().map(|x| x + 0.3).collect();
        let product = head.fisher_product(&old, &Matrix::of(1, p.len(), direction.clone()));
        let slope = |step: f64| {
            let at: Vec<f64> = p.iter().zip(&direction).map(|(p, u)| p + step * u).collect();
            on_tape(&at, |row| head.divergence(&old, row)).1
        };
        for (k, (up, down)) in slope(1e-4).iter().zip(slope(-1e-4)).enumerate() {
            let curvature = (up - down) / 2e-4;
            assert!((curvature - product[(0, k)]).abs() < 1e-7, "{head:?}: {curvature} and {}", product[(0, k)]);
        }
    }
}

#[test]
fn the_mode_is_the_likeliest_action() {
    let mut action = [f64::NAN];
    Head::Softmax(3).mode(&[0.3, 1.2, 1.1], &mut action);
    assert_eq!(action, [1.0]);
    Head::Gaussian(1).mode(&[0.3, 1.2], &mut action);
    assert_eq!(action, [0.3]);
}

#[test]
fn an_image_that_does_not_fit_is_refused() {
    let filters = Filters { height: 2, width: 3, kernel: 2, filters: 2, hidden: 3 };
    let error = Architecture::Convolution(filters).fits(7).unwrap_err();
    assert_eq!(error, "an image of 2 × 3 pixels is not what the task shows, 7 numbers");
    let error = Architecture::Convolution(Filters { kernel: 3, ..filters }).fits(6).unwrap_err();
    assert_eq!(error, "a filter of 3 × 3 does not slide over 2 × 3 pixels");
    assert!(Architecture::Lstm { hidden: 0 }.fits(6).is_err());
}
