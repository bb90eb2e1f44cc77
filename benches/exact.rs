//! W6 of the workloads, and how the recursion grows with horizon, states and actions.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use unbiased::environment::workload;
use unbiased::exact::{Evaluator, Oracle};
use unbiased::policy::SoftmaxPolicy;

fn gradient(c: &mut Criterion) {
    let mdp = workload::tabular(100, 10, 100);
    let policy = SoftmaxPolicy::tabular(100, 10, workload::tabular_logits(100, 10)).unwrap();
    let mut group = c.benchmark_group("W6 exact gradient");
    group.bench_function("J and ∇J, everything from the tables", |b| {
        b.iter(|| {
            let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
            (oracle.objective(), oracle.gradient()[0])
        });
    });
    let evaluator = Evaluator::new(&mdp);
    group.bench_function("J and ∇J, world prepared", |b| b.iter(|| evaluator.evaluate(&policy).unwrap()));
    group.finish();
}

criterion_group!(benches, gradient);
criterion_main!(benches);
