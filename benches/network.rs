//! Training on the tape, beside its limits: a network's loss and gradient beside its matrix products alone, products
//! beside the processor's multiply-adds, the hyperbolic tangent beside libm's, advantages of many environments.
#![allow(missing_docs, clippy::unwrap_used, clippy::inline_always)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pulp::{Simd, WithSimd};
use rayon::{ThreadPool, ThreadPoolBuilder};
use unbiased::autodiff::{Tape, Variable};
use unbiased::estimator::{Span, generalised_advantages};
use unbiased::numeric::{self, Matrix, kernel};
use unbiased::train::{CriticKind, Optimiser, Portion, Run, Settings};

/// W7 of the workloads: a Gaussian policy with tanh units.
const LAYERS: [usize; 4] = [17, 256, 256, 6];
const BATCH: usize = 2048;

fn wave(rows: usize, columns: usize, size: f64, step: f64) -> Matrix {
    Matrix::from_fn(rows, columns, |i, j| size * numeric::sin(step * (i * columns + j) as f64 + 0.3))
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

struct Problem {
    weights: Vec<Matrix>,
    biases: Vec<Matrix>,
    log_deviations: Matrix,
    states: Matrix,
    actions: Matrix,
    old_log_probs: Matrix,
    advantages: Matrix,
}

impl Problem {
    fn new() -> Self {
        let layers = || LAYERS.windows(2);
        let mut problem = Self {
            weights: layers().map(|l| wave(l[0], l[1], 1.0 / (l[0] as f64).sqrt(), 1.7)).collect(),
            biases: layers().map(|l| wave(1, l[1], 0.1, 0.7)).collect(),
            log_deviations: wave(1, LAYERS[3], 0.2, 1.1),
            states: wave(BATCH, LAYERS[0], 1.0, 0.37),
            actions: wave(BATCH, LAYERS[3], 1.0, 0.91),
            old_log_probs: Matrix::zeros(BATCH, 1),
            advantages: wave(BATCH, 1, 1.0, 2.3),
        };
        let tape = Tape::new();
        let old = problem.log_probs(&tape).1.value();
        problem.old_log_probs = old.plus(1.0, &wave(BATCH, 1, 0.3, 1.9));
        problem
    }

    /// The parameters, and `log π(a|s)` of each row.
    fn log_probs<'t>(&self, tape: &'t Tape) -> (Vec<Variable<'t>>, Variable<'t>) {
        let parameters = |all: &[Matrix]| all.iter().map(|x| tape.parameter(x.clone())).collect::<Vec<_>>();
        let (weights, biases) = (parameters(&self.weights), parameters(&self.biases));
        let log_deviations = tape.parameter(self.log_deviations.clone());
        let states = tape.constant(self.states.clone());
        let hidden = states.affine(weights[0], biases[0]).tanh().affine(weights[1], biases[1]).tanh();
        let means = hidden.affine(weights[2], biases[2]);
        let ones = tape.constant(Matrix::from_fn(BATCH, 1, |_, _| 1.0));
        let scores = (tape.constant(self.actions.clone()) - means) * ones.product((-log_deviations).exp());
        let spread = ones.product(log_deviations.row_sums());
        let log_probs = (scores * scores).row_sums().scale(-0.5) - spread;
        ([weights, biases, vec![log_deviations]].concat(), log_probs)
    }

    /// The clipped loss of proximal policy optimisation, and a number of its gradient.
    fn loss_and_gradient(&self) -> f64 {
        let tape = Tape::new();
        let (parameters, log_probs) = self.log_probs(&tape);
        let ratios = (log_probs - tape.constant(self.old_log_probs.clone())).exp();
        let advantages = tape.constant(self.advantages.clone());
        let clipped = ratios.clip(0.8, 1.2) * advantages;
        let gradients = (ratios * advantages).minimum(clipped).mean().scale(-1.0).backward();
        parameters.iter().map(|x| gradients.get(*x).map_or(0.0, |x| x.entries()[0])).sum()
    }
}

/// What a product's forward and backward are made of.
struct Layer {
    x: Matrix,
    w: Matrix,
    g: Matrix,
}

fn layers() -> Vec<Layer> {
    let of = |l: &[usize]| Layer {
        x: wave(BATCH, l[0], 1.0, 0.3),
        w: wave(l[0], l[1], 1.0, 0.7),
        g: wave(BATCH, l[1], 1.0, 0.9),
    };
    LAYERS.windows(2).map(of).collect()
}

fn products_alone(layers: &[Layer]) {
    for (number, Layer { x, w, g }) in layers.iter().enumerate() {
        black_box((x.fused_product(w), x.transpose_product(g)));
        if number > 0 {
            black_box(g.product_transpose(w));
        }
    }
}

fn ordered_products_alone(layers: &[Layer]) {
    for (number, Layer { x, w, g }) in layers.iter().enumerate() {
        black_box((x.product(w), x.transpose().product(g)));
        if number > 0 {
            black_box(g.product(&w.transpose()));
        }
    }
}

fn network(c: &mut Criterion) {
    let (problem, layers) = (Problem::new(), layers());
    let mut group = c.benchmark_group("W7, a Gaussian policy 17-256-256-6, batch 2048");
    group.throughput(Throughput::Elements(BATCH as u64));
    for threads in [1, 2] {
        let pool = pool(threads);
        group.bench_function(BenchmarkId::new("loss and gradient, threads", threads), |b| {
            pool.install(|| b.iter(|| problem.loss_and_gradient()));
        });
        group.bench_function(BenchmarkId::new("the matrix products alone, threads", threads), |b| {
            pool.install(|| b.iter(|| products_alone(&layers)));
        });
    }
    group.bench_function("the ordered products alone", |b| b.iter(|| ordered_products_alone(&layers)));
    group.finish();
}

/// Fused multiply-adds in registers alone.
struct MultiplyAdds;

const CHAINS: usize = 24;
const LENGTH: usize = 4096;

impl WithSimd for MultiplyAdds {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let factor = simd.splat_f64s(black_box(0.999));
        let mut sums = [factor; CHAINS];
        for _ in 0..LENGTH {
            for sum in &mut sums {
                *sum = simd.mul_add_f64s(*sum, factor, factor);
            }
        }
        black_box(sums);
    }
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F64_LANES
    }
}

fn products(c: &mut Criterion) {
    let mut group = c.benchmark_group("multiply-adds of products, one thread");
    let arch = pulp::Arch::new();
    group.throughput(Throughput::Elements((CHAINS * LENGTH * arch.dispatch(Lanes)) as u64));
    group.bench_function("registers alone", |b| b.iter(|| arch.dispatch(MultiplyAdds)));
    let pool = pool(1);
    for (rows, depth, columns) in [(2048, 256, 256), (128, 64, 64), (128, 4, 64), (4, 64, 2), (64, 1000, 256)] {
        let (a, b) = (wave(rows, depth, 1.0, 0.3), wave(depth, columns, 1.0, 0.7));
        let (a_transposed, b_transposed) = (a.transpose(), b.transpose());
        let size = format!("{rows}×{depth}×{columns}");
        group.throughput(Throughput::Elements((rows * depth * columns) as u64));
        let mut bench = |name: &str, product: &(dyn Fn() -> Matrix + Sync)| {
            group.bench_function(BenchmarkId::new(name, &size), |b| pool.install(|| b.iter(product)));
        };
        bench("A B", &|| a.fused_product(&b));
        bench("Aᵀ B", &|| a_transposed.transpose_product(&b));
        bench("A Bᵀ", &|| a.product_transpose(&b_transposed));
        bench("A B, ordered", &|| a.product(&b));
    }
    group.finish();
}

fn elementary(c: &mut Criterion) {
    let points = wave(1, 1 << 14, 3.0, 0.01).entries().to_vec();
    let mut group = c.benchmark_group("elementary functions, one thread");
    group.throughput(Throughput::Elements(points.len() as u64));
    let mut numbers = points.clone();
    let mut bench = |name: &str, function: &dyn Fn(&mut [f64])| {
        group.bench_function(name, |b| {
            b.iter(|| {
                numbers.copy_from_slice(&points);
                function(black_box(&mut numbers));
            });
        });
    };
    bench("tanh", &kernel::tanh_all);
    bench("tanh of libm", &|x| x.iter_mut().for_each(|x| *x = numeric::tanh(*x)));
    bench("exp", &kernel::exp_all);
    bench("exp of libm", &|x| x.iter_mut().for_each(|x| *x = numeric::exp(*x)));
    bench("a copy alone", &|_| ());
    group.finish();
}

/// W8: advantages, environment by environment, episode by episode.
fn advantages(c: &mut Criterion) {
    const STEPS: usize = 2048;
    const ENVIRONMENTS: usize = 64;
    let reward = |n: usize, t: usize| numeric::sin(0.01 * t as f64 + 0.3 * n as f64);
    let value = |n: usize, t: usize| numeric::cos(0.02 * t as f64 + 0.1 * n as f64);
    let rewards = Matrix::from_fn(ENVIRONMENTS, STEPS, reward);
    let values = Matrix::from_fn(ENVIRONMENTS, STEPS, value);
    let done = |n: usize, t: usize| (7 * t + 13 * n).is_multiple_of(97);
    let done: Vec<bool> = (0..ENVIRONMENTS * STEPS).map(|k| done(k / STEPS, k % STEPS)).collect();
    let last_values: Vec<f64> = (0..ENVIRONMENTS).map(|n| value(n, STEPS)).collect();
    let spans = || {
        let mut spans = Vec::new();
        for (n, done) in done.chunks(STEPS).enumerate() {
            let mut start = 0;
            for end in (1..=STEPS).filter(|end| done[end - 1] || *end == STEPS) {
                let after = if done[end - 1] { 0.0 } else { last_values[n] };
                spans.push(Span { steps: n * STEPS + start..n * STEPS + end, after });
                start = end;
            }
        }
        spans
    };
    let mut group = c.benchmark_group("W8, generalised advantages of 64 environments, 2048 steps each");
    group.throughput(Throughput::Elements((STEPS * ENVIRONMENTS) as u64));
    let (rewards, values) = (rewards.entries(), values.entries());
    group.bench_function("one thread", |b| {
        b.iter(|| generalised_advantages(rewards, values, &spans(), 0.99, 0.95));
    });
    group.bench_function("the memory alone", |b| {
        b.iter(|| rewards.iter().zip(values).map(|(r, v)| r + v).collect::<Vec<f64>>());
    });
    group.finish();
}

/// W5: an iteration of proximal policy optimisation on CartPole-v1, 512 steps, beside the products of its networks alone.
fn proximal(c: &mut Criterion) {
    let [environments, rollout, epochs, minibatches] = [4, 128, 4, 4];
    let settings = Settings {
        task: "cart-pole".into(),
        steps: u64::MAX,
        environments,
        rollout,
        discount: 0.99,
        lambda: 0.95,
        critic: CriticKind::Separate,
        credit: "advantages".into(),
        advantage: "batch-standardised".into(),
        slope: "clipped".into(),
        clip: Some(0.2),
        clip_value: true,
        portion: Portion::Steps,
        optimiser: Optimiser::Adam { rate: 2.5e-4, epsilon: 1e-5 },
        epochs,
        minibatches,
        entropy: 0.01,
        gradient_norm: Some(0.5),
        ..Settings::default()
    };
    let plan = settings.plan().unwrap();
    let mut run = Run::start(&plan, 0, None);
    let of = |rows: usize, outputs: usize| {
        let sizes = [4, 64, 64, outputs];
        let layer = |l: &[usize]| Layer {
            x: wave(rows, l[0], 1.0, 0.3),
            w: wave(l[0], l[1], 1.0, 0.7),
            g: wave(rows, l[1], 1.0, 0.9),
        };
        sizes.windows(2).map(layer).collect::<Vec<Layer>>()
    };
    let acting = [of(environments, 2), of(environments, 1)];
    let learning = [2, 1].map(|outputs| of(environments * rollout / minibatches, outputs));
    let mut group = c.benchmark_group("W5, proximal policy optimisation on CartPole-v1, one thread");
    group.throughput(Throughput::Elements((environments * rollout) as u64));
    let pool = pool(1);
    group.bench_function("an iteration", |b| pool.install(|| b.iter(|| run.advance())));
    group.bench_function("the matrix products alone", |b| {
        pool.install(|| {
            b.iter(|| {
                for _ in 0..rollout {
                    acting.iter().flatten().for_each(|layer| drop(black_box(layer.x.fused_product(&layer.w))));
                }
                for _ in 0..epochs * minibatches {
                    for layers in &learning {
                        products_alone(layers);
                    }
                }
            });
        });
    });
    group.finish();
}

criterion_group!(benches, proximal, network, products, elementary, advantages);
criterion_main!(benches);
