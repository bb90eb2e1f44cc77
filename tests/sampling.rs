//! The sampler against the oracle, and its bits.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{batch_forms, single_forms, subject};
use unbiased::environment::{Bandit, RewardLaw, TabularMdp, Transition, workload};
use unbiased::estimator::GradientEstimator;
use unbiased::exact::{Baseline, Form, Oracle};
use unbiased::numeric::simd::Level;
use unbiased::policy::{Policy, SoftmaxPolicy};
use unbiased::rng::StreamKey;
use unbiased::rollout::{BanditSampler, Sampler};
use unbiased::stats::Moments;

/// A sampled mean may stray six standard errors, and a sampled variance six of its own, for which the fourth moment
/// is bounded by `kurtosis` times the squared variance. A test compares fewer than a thousand numbers: by the normal
/// approximation a wrong alarm has a probability below 2e-6.
fn assert_moments(what: &str, sampled: &Moments, mean: &[f64], variance: &[f64], kurtosis: f64) {
    let n = sampled.count() as f64;
    for (k, (got, variance_got)) in sampled.mean().iter().zip(sampled.variance()).enumerate() {
        let allowed = 6.0 * (variance[k] / n).sqrt() + 1e-12;
        assert!(
            (got - mean[k]).abs() < allowed,
            "{what}, mean {k}: sampled {got}, exact {}, allowed {allowed}",
            mean[k]
        );
        let allowed = 6.0 * variance[k] * (kurtosis / n).sqrt() + 1e-12;
        assert!(
            (variance_got - variance[k]).abs() < allowed,
            "{what}, variance {k}: {variance_got} and {}",
            variance[k]
        );
    }
}

fn probabilities(policy: &SoftmaxPolicy) -> Vec<f64> {
    let mut all = vec![0.0; policy.observations() * policy.actions()];
    all.chunks_mut(policy.actions()).enumerate().for_each(|(o, row)| policy.probabilities(0, o, row));
    all
}

fn baseline(oracle: &Oracle) -> Vec<f64> {
    let states = oracle.states();
    (0..oracle.horizon() * states).map(|i| oracle.value(i / states, i % states)).collect()
}

fn first_workload() -> (TabularMdp, SoftmaxPolicy) {
    let policy = SoftmaxPolicy::tabular(10, 4, workload::tabular_logits(10, 4)).unwrap();
    (workload::tabular(10, 4, 20), policy)
}

/// A small world with termination, aliasing and a discount.
fn ending_world() -> (TabularMdp, SoftmaxPolicy) {
    let row = |p: f64, next: usize, reward: f64| {
        vec![
            Transition { probability: p, next, reward, terminated: false },
            Transition { probability: 0.9 - p, next: 2 - next, reward: -reward, terminated: false },
            Transition { probability: 0.1, next, reward: 2.0, terminated: true },
        ]
    };
    let rows = (0..3).map(|s| (0..2).map(|a| row(0.2 + 0.1 * (s + a) as f64, (s + a) % 3, s as f64 - 0.5)).collect());
    let mdp = TabularMdp::new(6, 0.9, vec![0.5, 0.3, 0.2], rows.collect()).unwrap();
    let policy = SoftmaxPolicy::tabular(2, 2, vec![0.4, -0.1, 0.2, 0.9]).unwrap();
    (mdp.with_observations(vec![0, 1, 1]).unwrap(), policy)
}

#[test]
fn streaming_moments_agree_with_the_oracle() {
    for (name, (mdp, policy)) in [("tabular workload", first_workload()), ("ending world", ending_world())] {
        let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
        let sampler = Sampler::new(&mdp, &policy).unwrap();
        let key = StreamKey::of(0, "streaming moments", 0);
        let sampled = sampler.tabular_moments(&key, 400_000, &policy, &baseline(&oracle));
        for (moments, form) in [
            (&sampled.total_return, Form::total(Baseline::None)),
            (&sampled.reward_to_go, Form::to_go(Baseline::None)),
            (&sampled.with_baseline, Form::to_go(Baseline::StateValue)),
        ] {
            let exact = oracle.moments(&form).unwrap();
            assert_moments(&format!("{name}, {form:?}"), moments, &exact.mean, &exact.variance, 12.0);
        }
    }
}

#[test]
fn every_subject_sampled_through_batches_agrees_with_the_oracle() {
    let (mdp, policy) = ending_world();
    let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
    let sampler = Sampler::new(&mdp, &policy).unwrap();
    let single = single_forms(&oracle, &mdp).into_iter().map(|form| (1, form));
    for (part, (n, form)) in single.chain(batch_forms(5).into_iter().map(|form| (5, form))).enumerate() {
        let estimator = subject(&form, &oracle, &mdp);
        let key = StreamKey::of(0, "subjects through batches", part as u64);
        let sampled = sampler.moments(&key, 40_000, n, 4, |batch| estimator.gradient(&policy, batch));
        let exact = oracle.moments(&form).unwrap();
        let variance: Vec<f64> = exact.variance.iter().map(|v| v / n as f64).collect();
        assert_moments(&format!("{form:?}"), &sampled, &exact.mean, &variance, 60.0);
    }
}

#[test]
fn streaming_moments_are_those_of_the_stored_trajectories() {
    let (mdp, policy) = ending_world();
    let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
    let sampler = Sampler::new(&mdp, &policy).unwrap();
    let key = StreamKey::of(3, "one engine, two sinks", 0);
    // 4,999 ends in the middle of a block and of a group of lanes.
    let streamed = sampler.tabular_moments(&key, 4_999, &policy, &baseline(&oracle));
    let trajectories = sampler.trajectories(&key, 4_999);
    for (moments, form) in [
        (&streamed.total_return, Form::total(Baseline::None)),
        (&streamed.reward_to_go, Form::to_go(Baseline::None)),
        (&streamed.with_baseline, Form::to_go(Baseline::StateValue)),
    ] {
        let estimator = subject(&form, &oracle, &mdp);
        let mut direct = Moments::new(4);
        for path in &trajectories {
            direct.push(&estimator.gradient(&policy, &unbiased::batch::Batch::of(mdp.horizon(), [path])));
        }
        for k in 0..4 {
            assert!((direct.mean()[k] - moments.mean()[k]).abs() < 1e-12, "{form:?}");
            assert!((direct.variance()[k] / moments.variance()[k] - 1.0).abs() < 1e-11, "{form:?}");
        }
    }
}

#[test]
fn sampled_moments_have_the_same_bits_for_any_threads_and_instruction_set() {
    let (mdp, policy) = first_workload();
    let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
    let values = baseline(&oracle);
    let key = StreamKey::of(0, "bits", 0);
    let run = |threads: usize, level: Level| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let sampler = Sampler::new(&mdp, &policy).unwrap().at_level(level);
        pool.install(|| sampler.tabular_moments(&key, 30_000, &policy, &values))
    };
    let reference = run(1, Level::Plain);
    for threads in [1, 2, 5] {
        for &level in Level::available() {
            assert_eq!(run(threads, level), reference, "{threads} threads, {level:?}");
        }
    }
    let bits: Vec<u64> = [&reference.total_return, &reference.reward_to_go, &reference.with_baseline]
        .iter()
        .flat_map(|m| [m.mean()[7].to_bits(), m.variance()[7].to_bits()])
        .collect();
    assert_eq!(bits, GOLDEN_TABULAR);
}

const GOLDEN_TABULAR: [u64; 6] = [
    4_598_554_453_544_105_029,
    4_615_120_459_057_530_320,
    4_598_803_508_093_302_342,
    4_609_350_401_685_698_914,
    4_598_866_178_046_125_843,
    4_608_720_744_581_951_296,
];

#[test]
fn bandit_moments_agree_with_the_oracle_and_keep_their_bits() {
    let mixed = Bandit::new(vec![
        RewardLaw::Deterministic { reward: 1.5 },
        RewardLaw::Bernoulli { probability: 0.3, high: 2.0, low: -1.0 },
        RewardLaw::Gaussian { mean: 0.5, deviation: 2.0 },
        RewardLaw::Exponential { mean: 0.7 },
    ])
    .unwrap();
    let settings = [
        (workload::bandit(), workload::bandit_logits(), 4_594_683_299_930_082_803),
        (mixed, vec![0.2, -0.4, 0.1, 0.6], 4_598_695_371_195_112_416),
    ];
    for (bandit, theta, golden) in settings {
        let policy = SoftmaxPolicy::tabular(1, theta.len(), theta).unwrap();
        let oracle = Oracle::of_bandit(&bandit, &policy).unwrap();
        let key = StreamKey::of(0, "bandit", bandit.arms().len() as u64);
        let run = |threads: usize, level: Level| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let sampler = BanditSampler::new(&bandit, &probabilities(&policy)).unwrap().at_level(level);
            pool.install(|| sampler.moments(&key, 2_000_000, oracle.objective()))
        };
        let sampled = run(2, Level::best());
        assert_eq!(sampled.with_baseline.variance()[1].to_bits(), golden);
        for threads in [1, 5] {
            for &level in Level::available() {
                assert_eq!(run(threads, level), sampled, "{threads} threads, {level:?}");
            }
        }
        let plain = oracle.moments(&Form::total(Baseline::None)).unwrap();
        assert_moments("reward", &sampled.reward, &plain.mean, &plain.variance, 60.0);
        let centred = oracle.moments(&Form::total(Baseline::Constant(oracle.objective()))).unwrap();
        assert_moments("with baseline", &sampled.with_baseline, &centred.mean, &centred.variance, 60.0);
        let pi = probabilities(&policy);
        let score_variance: Vec<f64> = pi.iter().map(|p| p * (1.0 - p)).collect();
        assert_moments("score", &sampled.score, &vec![0.0; pi.len()], &score_variance, 20.0);
    }
}

#[test]
fn the_first_trajectories_are_golden() {
    let (mdp, policy) = ending_world();
    let sampler = Sampler::new(&mdp, &policy).unwrap();
    let paths = sampler.trajectories(&StreamKey::of(0, "golden trajectories", 0), 70);
    let lines: Vec<String> = [0, 1, 63, 64, 69]
        .iter()
        .map(|&i| {
            let path = &paths[i];
            let step = |t: usize| format!("{}/{}/{}", path.states[t], path.actions[t], path.rewards[t]);
            let steps: Vec<String> = (0..path.len()).map(step).collect();
            format!("{i}: {}{}", steps.join(" "), if path.terminated { " end" } else { "" })
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn moments_of_a_subject_have_the_same_bits_for_any_threads() {
    let (mdp, policy) = ending_world();
    let sampler = Sampler::new(&mdp, &policy).unwrap();
    let subject = unbiased::estimator::LeaveOneOut { discount: 0.9, returns: unbiased::estimator::Returns::ToGo };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let key = StreamKey::of(0, "threads", 0);
        pool.install(|| sampler.moments(&key, 5_000, 3, 4, |batch| subject.gradient(&policy, batch)))
    };
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(5), one);
}

#[test]
fn batches_of_a_bandit_with_any_rewards_agree_with_the_oracle() {
    let bandit = Bandit::new(vec![
        RewardLaw::Exponential { mean: 2.0 },
        RewardLaw::Gaussian { mean: 0.5, deviation: 1.0 },
        RewardLaw::Bernoulli { probability: 0.3, high: 2.0, low: -1.0 },
    ])
    .unwrap();
    let policy = SoftmaxPolicy::tabular(1, 3, vec![0.3, -0.2, 0.1]).unwrap();
    let oracle = Oracle::of_bandit(&bandit, &policy).unwrap();
    let sampler = BanditSampler::new(&bandit, &probabilities(&policy)).unwrap();
    let samples = sampler.batch(&StreamKey::of(0, "bandit batches", 0), 200_000);
    for form in batch_forms(4) {
        // On one step the total return and reward-to-go are the same subject.
        let estimator = subject(&form, &oracle, &workload::tabular(1, 3, 1));
        let mut sampled = Moments::new(3);
        for first in (0..samples.len()).step_by(4) {
            let paths: Vec<_> = (first..first + 4).map(|i| samples.trajectory(i)).collect();
            sampled.push(&estimator.gradient(&policy, &unbiased::batch::Batch::of(1, &paths)));
        }
        let exact = oracle.moments(&form).unwrap();
        let variance: Vec<f64> = exact.variance.iter().map(|v| v / 4.0).collect();
        assert_moments(&format!("{form:?}"), &sampled, &exact.mean, &variance, 60.0);
    }
}

#[test]
fn numbers_that_are_no_distribution_are_refused() {
    let bandit = workload::bandit();
    for broken in [vec![0.1; 9], vec![0.2; 10], vec![f64::NAN; 10], vec![-0.1; 10]] {
        assert!(BanditSampler::new(&bandit, &broken).is_err(), "{broken:?}");
    }
    let (mdp, policy) = ending_world();
    let stepwise = policy.time_indexed(2, vec![0.0; 8]).unwrap();
    assert!(Sampler::new(&mdp, &stepwise).is_err(), "parameters for two of six steps");
    assert!(Oracle::of_mdp(&mdp, &stepwise).is_err(), "parameters for two of six steps");
}
