//! Every operation against dual numbers, differences and the other sweep.

use super::*;
use crate::autodiff::{Dual, Scalar, Traced, gradient};

type D = Dual<16>;

fn each(x: &[D], f: impl Fn(D) -> D) -> Vec<D> {
    x.iter().map(|x| f(*x)).collect()
}

fn both(x: &[D], y: &[D], f: impl Fn(D, D) -> D) -> Vec<D> {
    x.iter().zip(y).map(|(x, y)| f(*x, *y)).collect()
}

fn total(x: &[D]) -> D {
    x.iter().fold(D::from(0.0), |sum, x| sum + *x)
}

fn rows(x: &[D], f: impl Fn(&[D]) -> Vec<D>) -> Vec<D> {
    x.chunks(3).flat_map(f).collect()
}

fn normalised(row: &[D]) -> Vec<D> {
    let mean = total(row) / D::from(3.0);
    let centred = each(row, |x| x - mean);
    let variance = total(&each(&centred, |x| x * x)) / D::from(3.0) + D::from(1e-5);
    each(&centred, |x| x / (variance.ln() * D::from(0.5)).exp())
}

/// An operation on `x`, `[2][3]`, and `y`, `[2][3]`, over the tape and over single numbers.
macro_rules! cases {
    ($($name:literal: |$x:ident, $y:ident| $matrix:expr, $entries:expr;)*) => {
        $( check($name, |$x: Variable, $y: Variable| $matrix, |$x: &[D], $y: &[D]| $entries); )*
    };
}

/// Compares a contraction's derivatives on the tape with dual numbers and central differences.
fn check(
    name: &str,
    matrix: impl for<'t> Fn(Variable<'t>, Variable<'t>) -> Variable<'t>,
    entries: impl Fn(&[D], &[D]) -> Vec<D>,
) {
    let at: [f64; 12] = std::array::from_fn(|i| 0.3 + 0.21 * (i % 7) as f64 + 0.05 * i as f64);
    let unit = |k: usize| -> [f64; 12] { std::array::from_fn(|i| f64::from(u8::from(i == k))) };
    let weight = |k: usize| 0.4 - 0.3 * k as f64 + 0.11 * (k * k) as f64;
    let on_tape = |at: [f64; 12]| -> (f64, Vec<f64>, Vec<f64>, f64) {
        let tape = Tape::new();
        let x = tape.parameter(Matrix::of(2, 3, at[..6].to_vec()));
        let y = tape.parameter(Matrix::of(2, 3, at[6..].to_vec()));
        let out = matrix(x, y);
        let value = out.value();
        let weights = Matrix::from_fn(value.rows(), value.columns(), |i, j| weight(i * value.columns() + j));
        let loss = (out * tape.constant(weights.clone())).sum();
        let gradients = loss.backward();
        let gradients = [gradients.of(x).entries(), gradients.of(y).entries()].concat();
        let tangent = |direction: &[f64]| {
            let along = [&direction[..6], &direction[6..]].map(|half| Matrix::of(2, 3, half.to_vec()));
            let [along_x, along_y] = along;
            let moved = out.tangent(&[(x, along_x), (y, along_y)]);
            moved.entries().iter().zip(weights.entries()).map(|(moved, weight)| moved * weight).sum::<f64>()
        };
        (loss.scalar(), gradients, (0..12).map(|k| tangent(&unit(k))).collect(), tangent(&at.map(|x| x * x - 1.0)))
    };
    let (value, tape, tangents, along) = on_tape(at);
    let single = |at: &[D]| {
        let out = entries(&at[..6], &at[6..]);
        total(&out.iter().enumerate().map(|(k, x)| *x * D::from(weight(k))).collect::<Vec<D>>())
    };
    let point: Vec<D> = at.iter().map(|x| D::from(*x)).collect();
    assert!((single(&point).value - value).abs() < 1e-12, "{name}: the values differ");
    let dual = gradient(&at, single);
    let numerical = numeric::central_gradient(&at, 1e-3, |at| on_tape(at.try_into().unwrap()).0);
    let contraction: f64 = tape.iter().zip(at).map(|(gradient, x)| gradient * (x * x - 1.0)).sum();
    assert!((along - contraction).abs() < 1e-11, "{name}: along a direction {along}, by the gradient {contraction}");
    for k in 0..12 {
        assert!((tape[k] - dual[k]).abs() < 1e-12, "{name}, entry {k}: tape {} and dual {}", tape[k], dual[k]);
        assert!((tangents[k] - dual[k]).abs() < 1e-12, "{name}, {k}: tangent {} and dual {}", tangents[k], dual[k]);
        assert!((tape[k] - numerical[k]).abs() < 1e-8, "{name}, {k}: {} and {}", tape[k], numerical[k]);
    }
}

#[test]
fn every_operation_has_the_derivative_of_dual_numbers_and_of_differences() {
    cases! {
        "add": |x, y| x + y, both(x, y, |x, y| x + y);
        "subtract": |x, y| x - y, both(x, y, |x, y| x - y);
        "multiply": |x, y| x * y, both(x, y, |x, y| x * y);
        "divide": |x, y| x / y, both(x, y, |x, y| x / y);
        "negate": |x, y| -x * y, both(x, y, |x, y| (D::from(0.0) - x) * y);
        "minimum": |x, y| x.minimum(y), both(x, y, |x, y| if x.value <= y.value { x } else { y });
        "scale": |x, y| x.scale(1.7) * y, both(x, y, |x, y| x * y * D::from(1.7));
        "exp": |x, y| x.exp() * y, both(x, y, |x, y| x.exp() * y);
        "ln": |x, y| x.ln() * y, both(x, y, |x, y| x.ln() * y);
        "tanh": |x, y| (x * y).tanh(), both(x, y, |x, y| (x * y).tanh());
        "relu": |x, y| (x - y).relu(), both(x, y, |x, y| if x.value > y.value { x - y } else { D::from(0.0) });
        "clip": |x, y| (x * y).clip(0.7, 1.2), both(x, y, |x, y| {
            let z = x * y;
            if z.value < 0.7 { D::from(0.7) } else if z.value > 1.2 { D::from(1.2) } else { z }
        });
        "product": |x, y| x.product(y.transpose()), x.chunks(3)
            .flat_map(|r| y.chunks(3).map(|c| total(&both(r, c, |x, y| x * y))).collect::<Vec<D>>()).collect();
        "add a row": |x, y| x.add_row(y.pick(1, 3, vec![3, 4, 5])), rows(x, |r| both(r, &y[3..], |x, y| x + y));
        "affine": |x, y| x.affine(y.transpose(), y.pick(1, 2, vec![3, 5])),
            x.chunks(3).flat_map(|r| y.chunks(3).zip([y[3], y[5]])
                .map(|(c, bias)| total(&both(r, c, |x, y| x * y)) + bias).collect::<Vec<D>>()).collect();
        "log softmax": |x, y| (x * y).log_softmax(), rows(&both(x, y, |x, y| x * y), |r| {
            let log = total(&each(r, Scalar::exp)).ln();
            each(r, |x| x - log)
        });
        "layer norm": |x, y| (x * y).layer_norm(1e-5), rows(&both(x, y, |x, y| x * y), normalised);
        "pick, twice the same": |x, y| (x * y).pick(1, 3, vec![5, 0, 5]), {
            let z = both(x, y, |x, y| x * y);
            vec![z[5], z[0], z[5]]
        };
        "gather": |x, y| (x / y).gather(&[2, 1]), vec![x[2] / y[2], x[4] / y[4]];
        "transpose": |x, y| (x * y).transpose(), {
            let z = both(x, y, |x, y| x * y);
            vec![z[0], z[3], z[1], z[4], z[2], z[5]]
        };
        "concatenate": |x, y| x.concatenate(y), [&x[..3], &y[..3], &x[3..], &y[3..]].concat();
        "sum": |x, y| (x * y).sum(), vec![total(&both(x, y, |x, y| x * y))];
        "mean": |x, y| (x * y).mean(), vec![total(&both(x, y, |x, y| x * y)) / D::from(6.0)];
        "row sums": |x, y| (x * y).row_sums(), rows(&both(x, y, |x, y| x * y), |r| vec![total(r)]);
    }
}

#[test]
fn nothing_flows_through_what_is_detached() {
    let tape = Tape::new();
    let x = tape.parameter(Matrix::of(1, 2, vec![3.0, -2.0]));
    let loss = (x.detach() * x).sum();
    assert_eq!(loss.backward().of(x).entries(), [3.0, -2.0]);
    assert_eq!((x * x).sum().backward().of(x).entries(), [6.0, -4.0]);
    assert_eq!(x.detach().sum().backward().of(x).entries(), [0.0, 0.0], "no path, no derivative");
}

#[test]
fn only_the_products_that_parameters_need_are_counted() {
    let tape = Tape::new();
    let data = tape.constant(Matrix::zeros(5, 4));
    let (w, u) = (tape.parameter(Matrix::zeros(4, 3)), tape.parameter(Matrix::zeros(3, 2)));
    let loss = data.product(w).tanh().product(u).sum();
    assert_eq!(tape.multiply_adds(), 5 * (4 * 3 + 3 * 2));
    // Both weights, and the hidden layer; not the data.
    assert_eq!(loss.backward().multiply_adds(), 5 * (4 * 3 + 3 * 2 + 3 * 2));
}

#[test]
fn numbers_on_a_tape_agree_with_dual_numbers() {
    fn f<S: Scalar>(x: &[S]) -> S {
        let two = S::from(2.0);
        ((x[0] * x[1] - two).tanh() / (x[2].exp() + two)).exp() + (two / x[2]).ln() + (two + two) * x[0]
    }
    let at = [0.4, -0.7, 1.3];
    let tape = Tape::new();
    let point = Traced::point(&tape, &at);
    let value = f(&point);
    assert_eq!(value.value(), f(&at));
    for (tape, dual) in value.gradient(&point).iter().zip(gradient(&at, f)) {
        assert!((tape - dual).abs() < 1e-15, "{tape} and {dual}");
    }
    assert_eq!(Traced::from(2.0).gradient(&point), [0.0; 3]);
}

#[test]
fn a_parameter_moves_only_what_is_computed_from_it() {
    let tape = Tape::new();
    let row = |x: f64, y: f64| Matrix::of(1, 2, vec![x, y]);
    let (x, y) = (tape.parameter(row(3.0, -2.0)), tape.parameter(row(0.5, 4.0)));
    let out = x.detach() * y + x;
    assert_eq!(out.tangent(&[(x, row(1.0, 2.0))]), row(1.0, 2.0));
    assert_eq!(out.tangent(&[(y, row(1.0, 2.0))]), row(3.0, -4.0));
    assert_eq!(out.tangent(&[(y, row(1.0, 0.0)), (y, row(0.0, 2.0))]), row(3.0, -4.0), "twice listed, the sum");
    assert_eq!(x.tangent(&[(x, row(5.0, 6.0))]), row(5.0, 6.0));
    assert_eq!(x.tangent(&[(y, row(5.0, 6.0))]), row(0.0, 0.0));
    assert_eq!(out.tangent(&[]), row(0.0, 0.0));
}

#[test]
#[should_panic(expected = "directions are of parameters")]
fn data_do_not_move() {
    let tape = Tape::new();
    let data = tape.constant(Matrix::zeros(1, 1));
    let _ = data.tangent(&[(data, Matrix::zeros(1, 1))]);
}

#[test]
#[should_panic(expected = "the shapes agree")]
fn a_direction_has_the_shape_of_its_parameter() {
    let tape = Tape::new();
    let x = tape.parameter(Matrix::zeros(1, 2));
    let _ = x.tangent(&[(x, Matrix::zeros(2, 1))]);
}

#[test]
fn a_network_has_the_same_bits_for_any_number_of_threads() {
    let wave =
        |rows, columns, step: f64| Matrix::from_fn(rows, columns, |i, j| numeric::sin(step * (7 * i + j) as f64));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let tape = Tape::new();
            let [w, u] =
                [(17, 65, 0.3), (65, 33, 0.9)].map(|(rows, columns, step)| tape.parameter(wave(rows, columns, step)));
            let bias = tape.parameter(wave(1, 65, 0.1));
            let out = tape.constant(wave(1000, 17, 1.7)).affine(w, bias).tanh().product(u).log_softmax();
            let gradients = (out * out).mean().backward();
            [w, u, bias].map(|x| gradients.of(x))
        })
    };
    assert_eq!(run(1), run(3));
}
