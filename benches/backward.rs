//! One backward sweep over a batch against a sweep for each of its terms: the same arithmetic, fewer calls.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use unbiased::autodiff::Tape;
use unbiased::numeric::{self, Matrix};

/// A network 4-64-64-2 with tanh units.
const LAYERS: [usize; 4] = [4, 64, 64, 2];

fn weights() -> Vec<Matrix> {
    let entry = |layer: usize, i: usize, j: usize| 0.2 * numeric::cos(1.7 * (i * LAYERS[layer + 1] + j) as f64);
    (0..3).map(|layer| Matrix::from_fn(LAYERS[layer], LAYERS[layer + 1], |i, j| entry(layer, i, j))).collect()
}

/// The gradient of `Σ_i log π(a_i|s_i)` over samples `first..first+n`, by one sweep.
fn sweep(weights: &[Matrix], first: usize, n: usize) -> f64 {
    let tape = Tape::new();
    let weights: Vec<_> = weights.iter().map(|w| tape.parameter(w.clone())).collect();
    let states = tape.constant(Matrix::from_fn(n, 4, |i, j| numeric::sin((7 * (first + i) + j) as f64)));
    let hidden = states.product(weights[0]).tanh().product(weights[1]).tanh();
    let actions: Vec<usize> = (first..first + n).map(|i| i % 2).collect();
    let gradients = hidden.product(weights[2]).log_softmax().gather(&actions).sum().backward();
    gradients.of(weights[0]).entries()[0]
}

/// The matrix products of forward and backward alone, as the limit.
fn products(n: usize) -> f64 {
    let mut total = 0.0;
    for layer in 0..3 {
        let (rows, columns) = (LAYERS[layer], LAYERS[layer + 1]);
        let (x, w) = (Matrix::from_fn(n, rows, |_, _| 0.5), Matrix::from_fn(rows, columns, |_, _| 0.25));
        let y = x.product(&w);
        total += x.transpose().product(&y)[(0, 0)];
        if layer > 0 {
            total += y.product(&w.transpose())[(0, 0)];
        }
    }
    total
}

fn backward(c: &mut Criterion) {
    let weights = weights();
    let mut group = c.benchmark_group("backward sweeps through a network 4-64-64-2");
    for n in [64, 1024] {
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(BenchmarkId::new("one sweep over the batch", n), &n, |b, &n| {
            b.iter(|| sweep(&weights, 0, n));
        });
        group.bench_with_input(BenchmarkId::new("a sweep a sample", n), &n, |b, &n| {
            b.iter(|| (0..n).map(|i| sweep(&weights, i, 1)).sum::<f64>());
        });
        group.bench_with_input(BenchmarkId::new("the matrix products alone", n), &n, |b, &n| b.iter(|| products(n)));
    }
    group.finish();
}

criterion_group!(benches, backward);
criterion_main!(benches);
