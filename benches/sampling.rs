//! W1 to W4 of the workloads: sampling, beside the limit it works against and the exact route to the same answer.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use unbiased::environment::workload;
use unbiased::estimator::{GradientEstimator, RewardToGo};
use unbiased::exact::{Baseline, Form, LinearQuadratic, OffPolicy, Oracle};
use unbiased::numeric::simd::Level;
use unbiased::policy::{GaussianPolicy, Policy, SoftmaxPolicy};
use unbiased::rng::{LANES, LaneWords, StreamKey};
use unbiased::rollout::{BanditSampler, LinearGaussianSampler, Sampler};

const THREADS: usize = 2;

fn probabilities(policy: &SoftmaxPolicy) -> Vec<f64> {
    let mut all = vec![0.0; policy.observations() * policy.actions()];
    all.chunks_mut(policy.actions()).enumerate().for_each(|(o, row)| policy.probabilities(0, o, row));
    all
}

/// The random words alone, on as many threads: the limit of every sampler.
fn words_alone(key: &StreamKey, rows: usize) -> u32 {
    use rayon::prelude::*;
    let share = rows / THREADS;
    (0..THREADS as u64)
        .into_par_iter()
        .map(|block| {
            let mut words = LaneWords::new(key, block, Level::best());
            let mut folded = [0_u32; LANES];
            for _ in 0..share {
                folded.iter_mut().zip(words.next_row()).for_each(|(fold, word)| *fold ^= word);
            }
            folded.iter().fold(0, |fold, word| fold ^ word)
        })
        .reduce(|| 0, |a, b| a ^ b)
}

fn tabular(c: &mut Criterion) {
    const STORED: usize = 20_000;
    const TRAJECTORIES: usize = 1_000_000;
    let mdp = workload::tabular(10, 4, 20);
    let policy = SoftmaxPolicy::tabular(10, 4, workload::tabular_logits(10, 4)).unwrap();
    let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
    let baseline: Vec<f64> = (0..200).map(|i| oracle.value(i / 10, i % 10)).collect();
    let key = StreamKey::of(0, "benchmark", 0);
    let mut group = c.benchmark_group("W1 tabular, steps");
    group
        .throughput(Throughput::Elements(20 * TRAJECTORIES as u64))
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for &level in Level::available() {
        let sampler = Sampler::new(&mdp, &policy).unwrap().at_level(level);
        group.bench_function(format!("moments, {level:?}"), |b| {
            b.iter(|| sampler.tabular_moments(&key, TRAJECTORIES, &policy, &baseline));
        });
    }
    group.bench_function("limit: random words alone", |b| b.iter(|| words_alone(&key, 21 * TRAJECTORIES / LANES)));
    group.finish();
    // The way training code does it: trajectories stored in a batch, one subject's weights, scores added one by one.
    let sampler = Sampler::new(&mdp, &policy).unwrap();
    let subject = RewardToGo { discount: 1.0, baseline: 0.0, discounted_steps: true };
    let mut group = c.benchmark_group("W1 tabular, steps, one estimator through stored batches");
    group.throughput(Throughput::Elements(20 * STORED as u64)).sample_size(10);
    group.bench_function("alternative", |b| {
        b.iter(|| sampler.moments(&key, STORED, 1, 40, |batch| subject.gradient(&policy, batch)));
    });
    group.finish();
    let mut group = c.benchmark_group("W1 tabular, the exact answer");
    group.bench_function("mean and variance of three estimators", |b| {
        b.iter(|| {
            let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
            for form in [Form::total(Baseline::None), Form::to_go(Baseline::None), Form::to_go(Baseline::StateValue)] {
                black_box(oracle.moments(&form).unwrap());
            }
        });
    });
    group.finish();
}

fn bandit(c: &mut Criterion) {
    const SAMPLES: usize = 1 << 24;
    let bandit = workload::bandit();
    let policy = SoftmaxPolicy::tabular(1, 10, workload::bandit_logits()).unwrap();
    let oracle = Oracle::of_bandit(&bandit, &policy).unwrap();
    let key = StreamKey::of(0, "benchmark", 1);
    let mut group = c.benchmark_group("W2 bandit, samples");
    group.throughput(Throughput::Elements(SAMPLES as u64)).sample_size(10).measurement_time(Duration::from_secs(3));
    for &level in Level::available() {
        let sampler = BanditSampler::new(&bandit, &probabilities(&policy)).unwrap().at_level(level);
        group.bench_function(format!("moments, {level:?}"), |b| {
            b.iter(|| sampler.moments(&key, SAMPLES, oracle.objective()));
        });
    }
    group.bench_function("limit: random words alone", |b| b.iter(|| words_alone(&key, SAMPLES * 7 / 2 / LANES)));
    group.finish();
}

fn linear_gaussian(c: &mut Criterion) {
    const TRAJECTORIES: usize = 100_000;
    let system = workload::linear_gaussian();
    let policy = GaussianPolicy::diagonal(8, &workload::linear_gaussian_gain(), &[0.5; 4]).unwrap();
    let key = StreamKey::of(0, "benchmark", 2);
    let mut group = c.benchmark_group("W3 linear-Gaussian, steps");
    group
        .throughput(Throughput::Elements(50 * TRAJECTORIES as u64))
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for &level in Level::available() {
        let sampler = LinearGaussianSampler::new(&system, &policy).unwrap().at_level(level);
        group.bench_function(format!("moments, {level:?}"), |b| b.iter(|| sampler.moments(&key, TRAJECTORIES, 0.0)));
    }
    group.bench_function("limit: random words alone", |b| {
        b.iter(|| words_alone(&key, (50 * 18 + 12) * TRAJECTORIES / LANES));
    });
    group.finish();
    let mut group = c.benchmark_group("W3 linear-Gaussian, the exact answer");
    group.sample_size(10);
    group.bench_function("mean and variance of reward-to-go", |b| {
        b.iter(|| LinearQuadratic::new(&system, &policy).unwrap().reward_to_go(0.0));
    });
    group.bench_function("objective and gradient", |b| {
        b.iter(|| LinearQuadratic::new(&system, &policy).unwrap().gradient());
    });
    group.finish();
}

fn weights(c: &mut Criterion) {
    const TRAJECTORIES: usize = 1_000_000;
    let mdp = workload::tabular(10, 4, 100);
    let policy = |theta| SoftmaxPolicy::tabular(10, 4, theta).unwrap();
    let (behaviour, target) = (policy(workload::tabular_logits(10, 4)), policy(workload::target_logits(10, 4)));
    let key = StreamKey::of(0, "benchmark", 3);
    let mut group = c.benchmark_group("W4 importance weights, steps");
    group
        .throughput(Throughput::Elements(100 * TRAJECTORIES as u64))
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for &level in Level::available() {
        let sampler = Sampler::new(&mdp, &behaviour).unwrap().at_level(level);
        group.bench_function(format!("moments, {level:?}"), |b| {
            b.iter(|| sampler.weighted_sums(&key, TRAJECTORIES, &behaviour, &target));
        });
    }
    group.bench_function("limit: random words alone", |b| b.iter(|| words_alone(&key, 101 * TRAJECTORIES / LANES)));
    group.finish();
    let mut group = c.benchmark_group("W4 importance weights, the exact answer");
    group.bench_function("weights and weighted returns at 100 horizons", |b| {
        b.iter(|| OffPolicy::new(&mdp, &behaviour, &target).unwrap().weighted_returns());
    });
    group.finish();
}

criterion_group!(benches, tabular, bandit, linear_gaussian, weights);
criterion_main!(benches);
