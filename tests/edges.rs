//! The oracle at the edges: confident policies, worlds without a gradient or a floor, noisy bandits, verdicts.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use rayon::prelude::*;
use support::{batch_forms, single_forms};
use unbiased::environment::{Bandit, RewardLaw, TabularMdp, Transition, workload};
use unbiased::exact::{Baseline, CATALOGUE, EstimatorMoments, Form, Oracle, Verdict};
use unbiased::policy::SoftmaxPolicy;

fn two_states(reward: impl Fn(usize, usize) -> f64) -> TabularMdp {
    let row = |s: usize, a: usize| {
        let outcome = |probability, next| Transition { probability, next, reward: reward(s, a), terminated: false };
        vec![outcome(0.3, 0), outcome(0.7, 1)]
    };
    let rows = (0..2).map(|s| (0..2).map(|a| row(s, a)).collect()).collect();
    TabularMdp::new(5, 0.9, vec![0.5, 0.5], rows).unwrap()
}

#[test]
fn a_confident_policy_leaves_unbiased_estimators_unbiased() {
    let mdp = two_states(|s, a| [[1.0, -0.5], [0.25, 2.0]][s][a]);
    for logit in [5.0, 20.0, 30.0, 40.0, 100.0] {
        let policy = SoftmaxPolicy::tabular(2, 2, vec![logit, 0.0, logit, 0.0]).unwrap();
        let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
        for baseline in [Baseline::None, Baseline::StateValue, Baseline::Optimal, Baseline::OptimalConstant] {
            let moments = oracle.moments(&Form::to_go(baseline.clone())).unwrap();
            let comparison = oracle.compare(&moments);
            assert_eq!(comparison.verdict, Verdict::Unbiased, "logit {logit}, {baseline:?}: {comparison:?}");
            assert!(comparison.scale.is_some(), "the gradient at logit {logit} is small, not zero");
        }
        // And the broken ones broken.
        if logit <= 40.0 {
            let verdict = |form: Form| oracle.compare(&oracle.moments(&form).unwrap()).verdict;
            let q = Form::to_go(Baseline::ActionValue { corrected: false });
            assert_eq!(verdict(q), Verdict::Driftless, "logit {logit}");
            let half = Form::total(Baseline::InBatchMean { batch: 2 });
            assert_eq!(verdict(half), Verdict::Rescaled, "logit {logit}");
        }
        // Σ_a ∂π = 0, and ∂π_1/∂θ_0 = −π_0 π_1 to full relative precision.
        let gradient = oracle.gradient();
        assert!((gradient[0] + gradient[1]).abs() <= 1e-15 * gradient[0].abs());
    }
}

#[test]
fn rounding_noise_is_neither_a_floor_nor_a_gradient() {
    // A deterministic bandit: the value of the only other arm removes all variance.
    let bandit = Bandit::new([1.7, 0.2].map(|reward| RewardLaw::Deterministic { reward }).to_vec()).unwrap();
    let policy = SoftmaxPolicy::tabular(1, 2, vec![0.3, 0.0]).unwrap();
    let oracle = Oracle::of_bandit(&bandit, &policy).unwrap();
    let comparison = oracle.compare(&oracle.moments(&Form::total(Baseline::None)).unwrap());
    assert_eq!((comparison.verdict, comparison.ratio_to_floor), (Verdict::Unbiased, None));
    // Actions that do not matter: the gradient is zero, and the zero mean of every estimator is unbiased.
    let policy = SoftmaxPolicy::tabular(2, 2, vec![0.3, 0.1, -0.2, 0.7]).unwrap();
    let oracle = Oracle::of_mdp(&two_states(|s, _| s as f64 + 0.7), &policy).unwrap();
    let comparison = oracle.compare(&oracle.moments(&Form::to_go(Baseline::None)).unwrap());
    assert_eq!((comparison.verdict, comparison.scale, comparison.ratio_to_floor), (Verdict::Unbiased, None, None));
}

#[test]
fn the_floor_survives_states_that_are_hardly_ever_reached() {
    // Under this policy the second state's probability at time t is near 1e-4^t: it underflows before the horizon.
    let outcome = |probability, next, reward, terminated| Transition { probability, next, reward, terminated };
    let rows = vec![
        vec![vec![outcome(1.0, 0, 1.0, true)], vec![outcome(0.5, 0, 0.0, false), outcome(0.5, 1, -1.0, false)]],
        vec![vec![outcome(1.0, 1, 1.0, true)], vec![outcome(1.0, 0, 0.0, false)]],
    ];
    let mdp = TabularMdp::new(100, 1.0, vec![1.0, 0.0], rows).unwrap();
    let policy = SoftmaxPolicy::tabular(2, 2, vec![8.0, 0.0, 8.0, 0.0]).unwrap();
    let long = Oracle::of_mdp(&mdp, &policy).unwrap();
    let short = Oracle::of_mdp(&mdp.clone().with_horizon(40).unwrap(), &policy).unwrap();
    assert!((long.floor().trace / short.floor().trace - 1.0).abs() < 1e-9, "{:?}", long.floor().trace);
    assert!(long.floor().baseline.iter().flatten().flatten().all(|b| b.is_finite()));
}

#[test]
fn a_bernoulli_bandit_is_its_table() {
    let arms = [(0.3, 4.0, -1.0), (0.8, 1.0, 0.5), (1.0, 2.0, 0.0)]
        .map(|(probability, high, low)| RewardLaw::Bernoulli { probability, high, low });
    let bandit = Bandit::new(arms.to_vec()).unwrap();
    let table = bandit.to_mdp().unwrap();
    let policy = SoftmaxPolicy::tabular(1, 3, vec![0.2, -0.4, 0.1]).unwrap();
    let noisy = Oracle::of_bandit(&bandit, &policy).unwrap();
    let listed = Oracle::of_mdp(&table, &policy).unwrap();
    for form in single_forms(&listed, &table).into_iter().chain(batch_forms(3)) {
        let (a, b) = (noisy.moments(&form).unwrap(), listed.moments(&form).unwrap());
        let (c, d) = (noisy.covariance(&form).unwrap(), listed.covariance(&form).unwrap());
        for k in 0..3 {
            assert!((a.mean[k] - b.mean[k]).abs() < 1e-13, "{form:?}");
            assert!((a.variance[k] - b.variance[k]).abs() < 1e-12, "{form:?}: {} and {}", a.variance[k], b.variance[k]);
            for l in 0..3 {
                assert!((c[(k, l)] - d[(k, l)]).abs() < 1e-12, "{form:?}");
            }
        }
    }
}

#[test]
fn a_mean_has_the_verdict_that_it_deserves() {
    let policy = SoftmaxPolicy::tabular(2, 2, vec![0.3, -0.2, 0.1, 0.5]).unwrap();
    let oracle = Oracle::of_mdp(&workload::tabular(2, 2, 3), &policy).unwrap();
    let gradient = oracle.gradient().to_vec();
    let verdict = |mean: Vec<f64>, variance: f64| {
        oracle.compare(&EstimatorMoments { mean, variance: vec![variance; 4], batch: 1 }).verdict
    };
    let times = |c: f64| gradient.iter().map(|g| c * g).collect::<Vec<f64>>();
    assert_eq!(verdict(times(1.0), 1.0), Verdict::Unbiased);
    assert_eq!(verdict(times(1.0 + 1e-7), 1.0), Verdict::Rescaled);
    assert_eq!(verdict(times(0.5), 1.0), Verdict::Rescaled);
    assert_eq!(verdict(times(-2.0), 1.0), Verdict::Reversed);
    assert_eq!(verdict(times(0.0), 1.0), Verdict::Driftless);
    assert_eq!(verdict(times(0.0), 0.0), Verdict::Dead);
    let mut turned = times(1.0);
    turned.swap(0, 1);
    assert!(matches!(verdict(turned, 1.0), Verdict::Turned(Some(angle)) if angle > 1.0));
}

#[test]
fn one_oracle_answers_many_threads() {
    let mdp = workload::tabular(30, 4, 12);
    let policy = SoftmaxPolicy::tabular(30, 4, workload::tabular_logits(30, 4)).unwrap();
    let names: Vec<String> =
        CATALOGUE.iter().map(|entry| entry.usage().replace(":B", ":0.5").replace(":N", ":4")).collect();
    let forms: Vec<Form> = names.iter().map(|name| Form::named(name).unwrap()).collect();
    let serial = Oracle::of_mdp(&mdp, &policy).unwrap();
    let shared = Oracle::of_mdp(&mdp, &policy).unwrap();
    let parallel: Vec<EstimatorMoments> = forms.par_iter().map(|form| shared.moments(form).unwrap()).collect();
    for (form, moments) in forms.iter().zip(parallel) {
        assert_eq!(moments, serial.moments(form).unwrap(), "{form:?}");
    }
}
