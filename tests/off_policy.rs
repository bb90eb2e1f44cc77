//! Importance weights, natural gradients and trust regions: the oracle's routes against enumeration of the subjects, and
//! the invariances that each must have.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::{Setting, config, settings};
use unbiased::batch::Batch;
use unbiased::environment::{TabularMdp, Transition, workload};
use unbiased::estimator::{
    self, Fisher, GradientEstimator, ImportanceWeighted, ImportanceWeights, NaturalGradient, Outcome, TrustRegion,
};
use unbiased::exact::{Baseline, Divergence, Enumeration, Form, OffPolicy, OffPolicyError, Oracle, Weighting, Whose};
use unbiased::numeric::{self, Eigen, Matrix};
use unbiased::policy::{Policy, SoftmaxPolicy};

/// The target policy: the behaviour policy's parameters and a deterministic shift of size `e`.
fn moved(policy: &SoftmaxPolicy, e: f64) -> SoftmaxPolicy {
    let theta = policy.parameters().iter().enumerate().map(|(k, x)| x + e * numeric::cos(1.0 + 1.7 * k as f64));
    policy.clone().with_parameters(theta.collect()).unwrap()
}

/// The batch with the behaviour policy's log-probabilities.
fn with_behaviour(policy: &SoftmaxPolicy, batch: &Batch) -> Batch {
    batch.clone().acted_by(policy)
}

fn weightings() -> Vec<(Weighting, Form, ImportanceWeighted)> {
    use estimator::Returns::{ToGo, Total};
    let subject = |weights, returns, baseline| ImportanceWeighted {
        weights,
        returns,
        discount: f64::NAN,
        baseline,
        largest_ratio: f64::INFINITY,
    };
    let mut all = Vec::new();
    for b in [0.0, 1.3] {
        let constant = || if b == 0.0 { Baseline::None } else { Baseline::Constant(b) };
        all.extend([
            (Weighting::Trajectory, Form::total(constant()), subject(ImportanceWeights::Trajectory, Total, b)),
            (Weighting::Trajectory, Form::to_go(constant()), subject(ImportanceWeights::Trajectory, ToGo, b)),
            (Weighting::PerDecision, Form::to_go(constant()), subject(ImportanceWeights::PerDecision, ToGo, b)),
            (Weighting::PerTimestep, Form::to_go(constant()), subject(ImportanceWeights::PerTimestep, ToGo, b)),
            (Weighting::PerTimestep, Form::total(constant()), subject(ImportanceWeights::PerTimestep, Total, b)),
            (Weighting::Ignored, Form::to_go(constant()), subject(ImportanceWeights::Ignored, ToGo, b)),
            (Weighting::Ignored, Form::total(constant()), subject(ImportanceWeights::Ignored, Total, b)),
        ]);
    }
    all
}

fn close(what: &str, got: &[f64], expected: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.len(), expected.len());
    for (k, (a, b)) in got.iter().zip(expected).enumerate() {
        prop_assert!((a - b).abs() <= tolerance, "{what}, {k}: {a} and {b}, allowed {tolerance:e}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn weighted_recursions_equal_enumeration(setting in settings(0.0, true), e in -1.5..1.5_f64) {
        let Setting { mdp, policy, .. } = &setting;
        let target = moved(policy, e);
        let off = OffPolicy::new(mdp, policy, &target).unwrap();
        let enumeration = Enumeration::of(off.behaviour()).unwrap();
        prop_assume!(enumeration.len() <= 2000);
        for (weighting, form, subject) in weightings() {
            let subject = ImportanceWeighted { discount: mdp.discount(), ..subject };
            let expected =
                enumeration.moments(1, |batch| subject.gradient(&target, &with_behaviour(policy, batch))).unwrap();
            let moments = off.moments(weighting, &form).unwrap();
            let variance = expected.variance();
            let largest = variance.iter().copied().fold(1.0, f64::max);
            close(&format!("mean of {weighting:?} {form:?}"), &moments.mean, &expected.mean, 1e-11 * largest)?;
            close(&format!("variance of {weighting:?} {form:?}"), &moments.variance(), &variance, 1e-11 * largest)?;
            if matches!(weighting, Weighting::Trajectory | Weighting::PerDecision) {
                close("unbiased", &moments.mean, off.target().gradient(), 1e-11 * largest)?;
            } else if weighting == Weighting::PerTimestep && form.returns == unbiased::exact::Returns::ToGo {
                let guide = off.gradient_of(Whose::Behaviour, Whose::Behaviour);
                close("per-timestep", &moments.mean, &guide, 1e-11 * largest)?;
            }
        }
        // Weights have mean one, and their moments are those of the enumeration.
        let ratios = |batch: &Batch| estimator::importance_ratios(&target, &with_behaviour(policy, batch), 0);
        let weight = |batch: &Batch| ratios(batch).iter().product::<f64>();
        let ret = |batch: &Batch| estimator::total_return(batch.rewards(0), mdp.discount());
        let last = *off.weighted_returns().last().unwrap();
        let sums = enumeration
            .moments(1, |batch| {
                let (w, r) = (weight(batch), ret(batch));
                vec![w, w * w, w * w * w * w, w * r, w * w * r * r]
            })
            .unwrap()
            .mean;
        prop_assert!((sums[0] - 1.0).abs() < 1e-12 * sums[1]);
        let logs = [numeric::exp(last.log_square), numeric::exp(last.log_fourth), last.mean];
        for (got, expected) in logs.iter().zip(&sums[1..]) {
            prop_assert!((got - expected).abs() <= 1e-11 * expected.abs().max(1.0), "{logs:?} and {sums:?}");
        }
        prop_assert!((numeric::exp(last.log_square_return) - sums[4]).abs() <= 1e-11 * sums[4].max(1.0));
        prop_assert!((last.mean - off.target().objective()).abs() < 1e-11 * sums[1].max(1.0));
        // Divergences of whole trajectories.
        let logs = |batch: &Batch| ratios(batch).iter().map(|rho| numeric::ln(*rho)).sum::<f64>();
        let kl = enumeration.moments(1, |batch| vec![-logs(batch), weight(batch) * logs(batch)]).unwrap().mean;
        prop_assert!((off.divergence() - kl[0]).abs() < 1e-11 * sums[1]);
        prop_assert!((off.reverse_divergence() - kl[1]).abs() < 1e-11 * sums[1]);
        prop_assert!(off.divergence() >= 0.0 && off.reverse_divergence() >= 0.0);
    }

    #[test]
    fn the_floors_of_weighted_estimators_are_floors(setting in settings(0.0, true), e in -0.8..0.8_f64) {
        let Setting { mdp, policy, .. } = &setting;
        let off = OffPolicy::new(mdp, policy, &moved(policy, e)).unwrap();
        let cells = mdp.horizon() * mdp.states();
        let trace = |weighting: Weighting, baseline: Baseline| off.moments(weighting, &Form::to_go(baseline)).unwrap().trace();
        for weighting in [Weighting::PerDecision, Weighting::PerTimestep] {
            let floor = trace(weighting, Baseline::Optimal);
            for baseline in [Baseline::None, Baseline::Constant(0.7), Baseline::StateValue] {
                let other = trace(weighting, baseline);
                prop_assert!(floor <= other * (1.0 + 1e-10) + 1e-12, "{weighting:?}: {floor} and {other}");
            }
        }
        // The trace is a quadratic function of one baseline entry with its least value at the optimum.
        let optimum = off.per_decision_baseline();
        let occupancy = off.behaviour().occupancy();
        for cell in (0..cells).filter(|i| occupancy[*i] > 1e-3).step_by(2) {
            let at = |h: f64| {
                let mut table = optimum.clone();
                table[cell] += h;
                trace(Weighting::PerDecision, Baseline::TimeAndState(table))
            };
            let (down, middle, up) = (at(-1.0), at(0.0), at(1.0));
            let size = up.abs().max(1.0);
            prop_assert!((up - down).abs() < 1e-9 * size && middle <= up + 1e-10 * size, "{down} {middle} {up}");
        }
    }

    #[test]
    fn the_same_policy_off_and_on(setting in settings(0.0, true)) {
        let Setting { mdp, policy, .. } = &setting;
        let off = OffPolicy::new(mdp, policy, policy).unwrap();
        let on = setting.oracle();
        for form in [Form::total(Baseline::Constant(0.4)), Form::to_go(Baseline::StateValue)] {
            let expected = on.moments(&form).unwrap();
            for weighting in [Weighting::Trajectory, Weighting::PerDecision, Weighting::PerTimestep] {
                let Ok(moments) = off.moments(weighting, &form) else { continue };
                let size = expected.trace().max(1.0);
                close("mean", &moments.mean, &expected.mean, 1e-11 * size)?;
                close("variance", &moments.variance(), &expected.variance, 1e-11 * size)?;
            }
        }
        prop_assert_eq!(off.divergence(), 0.0);
        let last = off.weighted_returns();
        prop_assert!(last.iter().all(|x| x.log_square.abs() < 1e-12));
    }

    #[test]
    fn the_fisher_matrix_is_the_covariance_of_the_score_and_the_hessian_of_the_divergence(
        setting in settings(0.0, true)
    ) {
        let Setting { mdp, policy, .. } = &setting;
        let oracle = setting.oracle();
        let fisher = oracle.fisher();
        let enumeration = Enumeration::of(&oracle).unwrap();
        prop_assume!(enumeration.len() <= 2000);
        let score = |batch: &Batch| estimator::weighted_scores(policy, batch, &vec![1.0; batch.steps()]);
        let covariance = enumeration.moments(1, score).unwrap().covariance;
        let sampled = enumeration
            .moments(1, |batch| {
                let matrix = estimator::sampled_fisher(policy, batch);
                (0..matrix.rows()).flat_map(|i| matrix.row(i).to_vec()).collect()
            })
            .unwrap()
            .mean;
        for i in 0..fisher.rows() {
            close("covariance of the score", fisher.row(i), covariance.row(i), 1e-11)?;
            close("mean of the sampled matrix", fisher.row(i), &sampled[i * fisher.rows()..][..fisher.rows()], 1e-11)?;
        }
        // KL(θ ‖ θ + εv) = ε² vᵀFv/2 + c ε³ + O(ε⁴), both ways: error(2ε) − 8 error(ε) is of fourth order, which a
        // range of logits R bounds by a part of R²ε⁴ times the quadratic term.
        let d = policy.parameters().len();
        let direction: Vec<f64> = (0..d).map(|k| numeric::cos(1.0 + 1.7 * k as f64)).collect();
        let quadratic = 0.5 * numeric::dot(&fisher.times(&direction), &direction);
        for reverse in [false, true] {
            let error = |e: f64| {
                let off = OffPolicy::new(mdp, policy, &moved(policy, e)).unwrap();
                let kl = if reverse { off.reverse_divergence() } else { off.divergence() };
                kl - e * e * quadratic
            };
            let (wide, close) = (error(0.02), error(0.01));
            prop_assert!(wide.abs() < 20.0 * 0.02 * 0.02 * 0.02 * (1.0 + quadratic * 10.0), "{wide}");
            prop_assert!((wide - 8.0 * close).abs() <= 2e-6 * quadratic + 1e-13, "{wide} and {close}, {quadratic}");
        }
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_constant_in_the_rewards_is_nothing_under_an_optimal_or_value_baseline(
        setting in settings(0.0, false),
        e in -0.8..0.8_f64,
        offset in -50.0..50.0_f64,
    ) {
        let Setting { mdp, policy, .. } = &setting;
        let other = with_offset(mdp, offset);
        let target = moved(policy, e);
        let (off, shifted) = (OffPolicy::new(mdp, policy, &target).unwrap(), OffPolicy::new(&other, policy, &target).unwrap());
        let form = Form::to_go(Baseline::StateValue);
        let (one, two) = (off.per_timestep().moments(&form).unwrap(), shifted.per_timestep().moments(&form).unwrap());
        let size = one.trace().max(1.0) * (1.0 + offset.abs());
        close("mean", &two.mean, &one.mean, 1e-11 * size)?;
        close("variance", &two.variance, &one.variance, 1e-11 * size)?;
        // Per decision, the weight of later rewards stays noisy whatever the baseline: only the mean is the same.
        let (one, two) = (off.moments(Weighting::PerDecision, &form).unwrap(), shifted.moments(Weighting::PerDecision, &form).unwrap());
        let size = two.trace().max(1.0);
        close("mean", &two.mean, &one.mean, 1e-11 * size)?;
    }

    #[test]
    fn order_does_not_matter_and_doubling_a_batch_changes_no_mean(
        setting in settings(0.0, true),
        e in -0.8..0.8_f64,
    ) {
        let Setting { mdp, policy, .. } = &setting;
        let target = moved(policy, e);
        let oracle = setting.oracle();
        let enumeration = Enumeration::of(&oracle).unwrap();
        prop_assume!(enumeration.len() >= 2);
        let paths: Vec<_> = enumeration.iter().map(|(_, path)| path.clone()).step_by(3).take(5).collect();
        let batch = |paths: &[unbiased::batch::Trajectory]| with_behaviour(policy, &Batch::of(mdp.horizon(), paths));
        let reversed: Vec<_> = paths.iter().rev().cloned().collect();
        let doubled: Vec<_> = paths.iter().chain(&paths).cloned().collect();
        for weights in [
            ImportanceWeights::Ignored,
            ImportanceWeights::Trajectory,
            ImportanceWeights::SelfNormalised,
            ImportanceWeights::PerDecision,
            ImportanceWeights::PerTimestep,
        ] {
            let subject = ImportanceWeighted { discount: mdp.discount(), ..ImportanceWeighted::to_go(weights) };
            let estimate = subject.gradient(&target, &batch(&paths));
            let size = estimate.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
            close("reversed", &subject.gradient(&target, &batch(&reversed)), &estimate, 1e-12 * size)?;
            close("doubled", &subject.gradient(&target, &batch(&doubled)), &estimate, 1e-12 * size)?;
        }
    }

    #[test]
    fn the_natural_direction_does_not_depend_on_the_parameters(
        logits in prop::collection::vec(-1.5..1.5_f64, 3),
        rewards in prop::collection::vec(-2.0..2.0_f64, 3),
        map in prop::collection::vec(-1.0..1.0_f64, 9),
    ) {
        // Features B in place of the identity: the same policy at θ = B⁻¹ logits.
        let b = Matrix::from_fn(3, 3, |i, j| map[3 * i + j] + if i == j { 2.5 } else { 0.0 });
        let theta = b.solve(&logits).unwrap();
        let plain = SoftmaxPolicy::tabular(1, 3, logits).unwrap();
        let features = (0..9).map(|i| b[(i / 3, i % 3)]).collect();
        let other = SoftmaxPolicy::features(1, 3, features, theta).unwrap();
        let rows = vec![rewards.iter().map(|r| vec![Transition { probability: 1.0, next: 0, reward: *r, terminated: true }]).collect()];
        let bandit = TabularMdp::new(1, 1.0, vec![1.0], rows).unwrap();
        let change = |policy: &SoftmaxPolicy| {
            let oracle = Oracle::of_mdp(&bandit, policy).unwrap();
            let step = Eigen::of(&oracle.fisher()).pseudo_solve(oracle.gradient());
            // dπ = π (score · step)
            let mut pi = vec![0.0; 3];
            policy.probabilities(0, 0, &mut pi);
            (0..3)
                .map(|a| {
                    let mut score = vec![0.0; 3];
                    policy.add_score(0, 0, a, 1.0, &mut score);
                    pi[a] * numeric::dot(&score, &step)
                })
                .collect::<Vec<f64>>()
        };
        close("policy change", &change(&other), &change(&plain), 1e-9)?;
    }

    #[test]
    fn divergences_are_not_negative_and_taylor_agrees(
        p in prop::collection::vec(0.01..1.0_f64, 4),
        q in prop::collection::vec(0.01..1.0_f64, 4),
    ) {
        let normalise = |x: &[f64]| { let sum: f64 = x.iter().sum(); x.iter().map(|x| x / sum).collect::<Vec<f64>>() };
        let (p, q) = (normalise(&p), normalise(&q));
        let d = Divergence::of(&p, &q);
        prop_assert!(d.forward >= 0.0 && d.reverse >= 0.0 && d.chi_square >= 0.0);
        prop_assert!(2.0 * d.total_variation * d.total_variation <= d.forward.min(d.reverse) + 1e-15, "Pinsker");
        prop_assert!(d.reverse <= numeric::ln(1.0 + d.chi_square) + 1e-14, "KL is below the logarithm of 1 + χ²");
        let along = |e: f64| p.iter().zip(&q).map(|(p, q)| p + e * (q - p)).collect::<Vec<f64>>();
        // With x = (q−p)/p ≥ −1: KL(p ‖ p + ex p) = Σ p (e²x²/2 − e³x³/3 + …), the rest at most .27 e⁴ Σ p x⁴ for e ≤ .01
        // (Lagrange).
        let moment = |k: usize| p.iter().zip(&q).map(|(p, q)| p * numeric::power((q - p) / p, k)).sum::<f64>();
        for e in [0.01, 0.005] {
            let cubic = e * e * moment(2) / 2.0 - e * e * e * moment(3) / 3.0;
            let gap = (Divergence::of(&p, &along(e)).forward - cubic).abs();
            prop_assert!(gap <= 0.27 * numeric::power(e, 4) * moment(4) + 1e-15, "{e}: {gap}");
        }
    }
}

fn with_offset(mdp: &TabularMdp, offset: f64) -> TabularMdp {
    let row = |s: usize, a: usize| {
        let moved = |t: &Transition| Transition { reward: t.reward + offset, ..*t };
        mdp.transitions(s, a).iter().map(moved).collect()
    };
    let table = (0..mdp.states()).map(|s| (0..mdp.actions()).map(|a| row(s, a)).collect()).collect();
    let moved = TabularMdp::new(mdp.horizon(), mdp.discount(), mdp.initial().to_vec(), table).unwrap();
    moved.with_observations((0..mdp.states()).map(|s| mdp.observation(s)).collect()).unwrap()
}

/// W1 with the target of W4.
fn workload_pair(horizon: usize, e: f64) -> (TabularMdp, SoftmaxPolicy, SoftmaxPolicy) {
    let policy = SoftmaxPolicy::tabular(10, 4, workload::tabular_logits(10, 4)).unwrap();
    let theta = policy
        .parameters()
        .iter()
        .enumerate()
        .map(|(i, x)| x + e * numeric::cos(1.3 * (i / 4) as f64 + 0.9 * (i % 4) as f64));
    let target = policy.clone().with_parameters(theta.collect()).unwrap();
    (workload::tabular(10, 4, horizon), policy, target)
}

#[test]
fn a_thousand_steps_neither_overflow_nor_lose_the_mean() {
    let (mdp, policy, target) = workload_pair(1000, 3.0);
    let off = OffPolicy::new(&mdp, &policy, &target).unwrap();
    let returns = off.weighted_returns();
    // ln E[W²] grows linearly once the state distribution has settled, far beyond what a double holds.
    assert!(returns[999].log_square > 800.0 && returns[999].log_square.is_finite(), "{:?}", returns[999]);
    let rate = |a: usize, b: usize| (returns[b].log_square - returns[a].log_square) / (b - a) as f64;
    assert!((rate(500, 600) / rate(900, 999) - 1.0).abs() < 1e-10);
    assert!((returns[999].mean / off.target().objective() - 1.0).abs() < 1e-10);
    for weighting in [Weighting::Trajectory, Weighting::PerDecision] {
        let moments = off.moments(weighting, &Form::to_go(Baseline::None)).unwrap();
        let growth = moments.log_trace();
        assert!((growth / returns[999].log_square - 1.0).abs() < 0.05, "{weighting:?}: {growth}");
        assert_eq!(moments.trace(), f64::INFINITY);
        for (mean, exact) in moments.mean.iter().zip(off.target().gradient()) {
            assert!((mean - exact).abs() < 1e-9, "{mean} and {exact}");
        }
    }
    let moments = off.moments(Weighting::PerTimestep, &Form::to_go(Baseline::StateValue)).unwrap();
    assert!(moments.trace().is_finite());
}

#[test]
fn scaling_changes_no_digit() {
    // Where the variance still fits a double, the scaled recursion and the forward pass agree on E[W²].
    let (mdp, policy, target) = workload_pair(200, 3.0);
    let off = OffPolicy::new(&mdp, &policy, &target).unwrap();
    let log_square = off.weighted_returns()[199].log_square;
    assert!(log_square > 100.0);
    let moments = off.moments(Weighting::Trajectory, &Form::to_go(Baseline::None)).unwrap();
    assert!((moments.log_trace() - numeric::ln(moments.trace())).abs() < 1e-10);
}

#[test]
fn behaviour_without_support_is_refused() {
    let row = |reward: f64| vec![Transition { probability: 1.0, next: 0, reward, terminated: true }];
    let bandit = TabularMdp::new(1, 1.0, vec![1.0], vec![vec![row(1.0), row(0.0)]]).unwrap();
    // Logits so far apart that the probability underflows to zero.
    let certain = SoftmaxPolicy::tabular(1, 2, vec![0.0, 800.0]).unwrap();
    let even = SoftmaxPolicy::tabular(1, 2, vec![0.0; 2]).unwrap();
    let error = OffPolicy::new(&bandit, &certain, &even).unwrap_err();
    assert_eq!(error, OffPolicyError::Support { time: 0, state: 0, action: 0, probability: 0.5 });
    assert_eq!(
        error.to_string(),
        "at time 0, state 0, action 0 the target policy has probability 5e-1 and the behaviour policy none: no weight \
         can correct for what is never tried; give the behaviour policy support there"
    );
    assert!(OffPolicy::new(&bandit, &even, &certain).is_ok(), "the other way round nothing is missing");
}

#[test]
fn unsupported_combinations_say_so() {
    let (mdp, policy, target) = workload_pair(3, 0.3);
    let off = OffPolicy::new(&mdp, &policy, &target).unwrap();
    let message = |weighting, form: Form| off.moments(weighting, &form).unwrap_err().to_string();
    assert!(message(Weighting::PerDecision, Form::total(Baseline::None)).contains("use reward-to-go"));
    assert!(message(Weighting::Trajectory, Form::to_go(Baseline::Optimal)).contains("the optimal table exists for"));
    assert!(
        message(Weighting::PerDecision, Form::to_go(Baseline::LeaveOneOut { batch: 4 })).contains("a baseline is none")
    );
    let table = Form::to_go(Baseline::TimeAndState(vec![0.0; 4]));
    assert!(message(Weighting::PerDecision, table).contains("30 are needed"));
}

#[test]
fn a_singular_fisher_matrix_has_a_pseudo_inverse_and_a_damped_one_an_inverse() {
    let (mdp, policy, _) = workload_pair(5, 0.3);
    let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
    let fisher = oracle.fisher();
    // One direction a state changes nothing: the common shift of its logits.
    assert_eq!(Eigen::of(&fisher).rank(), 30);
    let natural = |damping: f64| estimator::damped_solve(&fisher, damping, oracle.gradient());
    let image = fisher.times(&natural(0.0));
    for (x, g) in image.iter().zip(oracle.gradient()) {
        assert!((x - g).abs() < 1e-12, "F F⁺ ∇J = ∇J, because ∇J lies in the range of F");
    }
    assert!(natural(0.0).iter().all(|x| x.is_finite()));
    let tiny: Vec<f64> = natural(1e-9);
    assert!(tiny.iter().zip(natural(0.0)).all(|(x, y)| (x - y).abs() < 1e-4));
    let subject = NaturalGradient {
        gradient: estimator::RewardToGo { discount: 1.0, baseline: 0.0, discounted_steps: true },
        fisher: Fisher::SameBatch,
        damping: 0.0,
    };
    let key = unbiased::rng::StreamKey::of(0, "natural", 0);
    let batch = unbiased::rollout::Sampler::new(&mdp, &policy).unwrap().batch(&key, 3);
    assert!(subject.gradient(&policy, &batch).iter().all(|x| x.is_finite()), "three trajectories leave F̂ singular");
}

#[test]
fn the_trust_region_step_keeps_the_measured_divergence_and_gains() {
    let (mdp, policy, _) = workload_pair(10, 0.3);
    let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
    let fisher = oracle.fisher();
    let measure = |step: &[f64]| {
        let theta = policy.parameters().iter().zip(step).map(|(x, d)| x + d).collect();
        let new = policy.clone().with_parameters(theta).unwrap();
        let off = OffPolicy::new(&mdp, &policy, &new).unwrap();
        Outcome { gain: off.target().objective() - oracle.objective(), divergence: off.divergence() }
    };
    for radius in [1e-4, 0.01, 0.5, 20.0] {
        let region = TrustRegion { radius, damping: 0.0, iterations: 60, backtracks: 20 };
        let step = region.step(oracle.gradient(), |v| fisher.times(v), measure);
        assert!(step.accepted && step.solver.converged, "{step:?}");
        assert!(step.outcome.divergence <= radius && step.outcome.gain > 0.0, "{step:?}");
        // The quadratic model is only where the search begins; near zero it is nearly exact.
        if radius < 1e-3 {
            let ratio = step.outcome.divergence / radius;
            assert!(step.halvings <= 1 && ratio > 0.2, "{step:?}");
        }
    }
    let nowhere = TrustRegion { radius: 0.01, damping: 0.0, iterations: 60, backtracks: 3 };
    let refused = nowhere.step(oracle.gradient(), |v| fisher.times(v), |_| Outcome { gain: -1.0, divergence: 0.0 });
    assert!(!refused.accepted && refused.step.iter().all(|x| *x == 0.0) && refused.halvings == 3);
    let flat = nowhere.step(oracle.gradient(), |v| vec![0.0; v.len()], measure);
    assert!(!flat.accepted && flat.step.iter().all(|x| *x == 0.0), "no curvature, no step: {flat:?}");
}

#[test]
fn sampled_weights_agree_with_the_exact_ones() {
    const N: usize = 400_000;
    let (mdp, policy, target) = workload_pair(12, 0.3);
    let exact = OffPolicy::new(&mdp, &policy, &target).unwrap().weighted_returns();
    let key = unbiased::rng::StreamKey::of(0, "weights", 0);
    let sampler = unbiased::rollout::Sampler::new(&mdp, &policy).unwrap();
    let sampled = sampler.weighted_sums(&key, N, &policy, &target);
    assert_eq!((sampled.count, sampled.sums.len()), (N, 12));
    for (sums, exact) in sampled.sums.iter().zip(&exact) {
        let [w, w2, wr, wr2] = sums.map(|x| x / N as f64);
        let (square, fourth) = (numeric::exp(exact.log_square), numeric::exp(exact.log_fourth));
        let errors = [
            (w - 1.0) / ((square - 1.0) / N as f64).sqrt(),
            (w2 - square) / ((fourth - square * square) / N as f64).sqrt(),
            (wr - exact.mean) / (numeric::exp(exact.log_square_return) / N as f64).sqrt(),
        ];
        assert!(errors.iter().all(|e| e.abs() < 6.0), "{errors:?} standard errors");
        assert!((wr2 / numeric::exp(exact.log_square_return) - 1.0).abs() < 0.05);
    }
    for &level in numeric::simd::Level::available() {
        let other = sampler.clone().at_level(level).weighted_sums(&key, 5_000, &policy, &target);
        assert_eq!(other, sampler.weighted_sums(&key, 5_000, &policy, &target), "{level:?}");
    }
}

#[test]
fn weights_stay_when_a_trajectory_has_ended() {
    // One state; action 0 ends the world.
    let row = |terminated| vec![Transition { probability: 1.0, next: 0, reward: 1.0, terminated }];
    let mdp = TabularMdp::new(5, 0.5, vec![1.0], vec![vec![row(true), row(false)]]).unwrap();
    let policy = |theta: [f64; 2]| SoftmaxPolicy::tabular(1, 2, theta.to_vec()).unwrap();
    let (old, new) = (policy([0.0, 0.0]), policy([0.4, -0.3]));
    let exact = OffPolicy::new(&mdp, &old, &new).unwrap().weighted_returns();
    let key = unbiased::rng::StreamKey::of(0, "ended weights", 0);
    let sampled = unbiased::rollout::Sampler::new(&mdp, &old).unwrap().weighted_sums(&key, 200_000, &old, &new);
    for (sums, exact) in sampled.sums.iter().zip(&exact) {
        let [w, w2, wr, _] = sums.map(|x| x / 200_000.0);
        assert!((w - 1.0).abs() < 0.01 && (wr - exact.mean).abs() < 0.01, "{sums:?} {exact:?}");
        assert!((w2 / numeric::exp(exact.log_square) - 1.0).abs() < 0.01, "{sums:?} {exact:?}");
    }
}

#[test]
fn truncated_ratios_are_bounded_and_biased() {
    let (mdp, policy, target) = workload_pair(3, 3.0);
    let off = OffPolicy::new(&mdp, &policy, &target).unwrap();
    let sampler = unbiased::rollout::Sampler::new(&mdp, &policy).unwrap();
    let key = unbiased::rng::StreamKey::of(0, "truncated", 0);
    let subject = |largest_ratio: f64| ImportanceWeighted {
        largest_ratio,
        ..ImportanceWeighted::to_go(ImportanceWeights::PerTimestep)
    };
    let moments = |largest: f64| {
        sampler
            .moments(&key, 200_000, 1, 40, |batch| subject(largest).gradient(&target, &with_behaviour(&policy, batch)))
    };
    let (plain, cut) = (moments(f64::INFINITY), moments(1.0));
    let exact = off.gradient_of(Whose::Behaviour, Whose::Behaviour);
    let distance = |x: &[f64]| x.iter().zip(&exact).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt();
    assert!(distance(plain.mean()) < 0.1 * distance(cut.mean()), "cutting ratios at one is a large bias here");
    assert!(cut.variance().iter().sum::<f64>() < plain.variance().iter().sum::<f64>(), "and less variance");
}

#[test]
fn reward_weighted_regression_ascends_its_own_objective() {
    // Its mean is the gradient in θ of E_μ[e^{R/β} Σ log π_θ], the data fixed.
    let (mdp, policy, _) = workload_pair(1, 0.3);
    let enumeration = Enumeration::of(&Oracle::of_mdp(&mdp, &policy).unwrap()).unwrap();
    let subject = estimator::RewardWeightedRegression { temperature: 0.7, discount: 1.0 };
    let mean = enumeration.moments(1, |batch| subject.gradient(&policy, batch)).unwrap().mean;
    let numerical = numeric::central_gradient(policy.parameters(), 1e-2, |theta| {
        let other = policy.clone().with_parameters(theta.to_vec()).unwrap();
        let value = |batch: &Batch| {
            let (o, a) = (batch.observations(0)[0] as usize, batch.actions(0)[0] as usize);
            vec![numeric::exp(batch.rewards(0)[0] / 0.7) * other.log_prob(0, o, a)]
        };
        enumeration.moments(1, value).unwrap().mean[0]
    });
    for (x, y) in mean.iter().zip(&numerical) {
        assert!((x - y).abs() < 1e-7, "{x} and {y}");
    }
    let oracle = Oracle::of_mdp(&mdp, &policy).unwrap();
    let cosine = numeric::dot(&mean, oracle.gradient())
        / (numeric::dot(&mean, &mean) * numeric::dot(oracle.gradient(), oracle.gradient())).sqrt();
    assert!(cosine < 0.99, "it is another direction than ∇J: cosine {cosine}");
}

/// Two states that never meet: the policies agree in state 0, and differ by χ² = 3 in state 1.
fn disconnected(horizon: usize, initial: [f64; 2]) -> OffPolicy {
    let row = |s: usize, reward: f64| vec![Transition { probability: 1.0, next: s, reward, terminated: false }];
    let table = (0..2).map(|s| vec![row(s, 1.0), row(s, 0.0)]).collect();
    let mdp = TabularMdp::new(horizon, 0.5, initial.to_vec(), table).unwrap();
    let logit = |p: f64| numeric::ln(p / (1.0 - p));
    let policy = |p: f64| SoftmaxPolicy::tabular(2, 2, vec![0.0, 0.0, logit(p), 0.0]).unwrap();
    OffPolicy::new(&mdp, &policy(0.2), &policy(0.892_820_323)).unwrap()
}

#[test]
fn what_is_small_in_one_state_is_not_lost_beside_what_is_large_in_another() {
    let none = Form::to_go(Baseline::None);
    for weighting in [Weighting::Trajectory, Weighting::PerDecision] {
        let trace = |horizon| disconnected(horizon, [1.0, 0.0]).moments(weighting, &none).unwrap().trace();
        assert!(
            (trace(2000) / trace(60) - 1.0).abs() < 1e-9,
            "{weighting:?}: with a discount of ½ nothing changes after 60"
        );
        let both = |horizon| disconnected(horizon, [0.5, 0.5]).moments(weighting, &none).unwrap();
        let (short, long) = (both(60).variance(), both(2000).variance());
        assert!((long[0] / short[0] - 1.0).abs() < 1e-9 && long[0] > 0.0, "{weighting:?}: {short:?} {long:?}");
        assert!(both(2000).log_trace() > both(60).log_trace());
    }
    let off = disconnected(2000, [0.5, 0.5]);
    let baseline = off.per_decision_baseline();
    // In state 0 nothing is weighted and both actions have the same score: the optimum is the value, ½ + ½·½ + … = 1.
    assert!((baseline[2000] - 1.0).abs() < 1e-9, "{:?}", &baseline[2000..2004]);
}

#[test]
fn returns_that_cancel_have_a_second_moment_of_zero() {
    let row = |next: usize, reward: f64| vec![Transition { probability: 1.0, next, reward, terminated: false }];
    let table =
        [(1, 1.1), (2, 2.2), (0, -3.3)].map(|(next, reward)| vec![row(next, reward), row(next, reward)]).to_vec();
    let mdp = TabularMdp::new(3, 1.0, vec![1.0, 0.0, 0.0], table).unwrap();
    let policy = |theta: f64| SoftmaxPolicy::tabular(3, 2, [theta, 0.0].repeat(3)).unwrap();
    let returns = OffPolicy::new(&mdp, &policy(0.0), &policy(0.7)).unwrap().weighted_returns();
    assert!(returns[2].log_square_return < -60.0, "{:?}", returns[2]);
    assert!(!returns[2].log_square_return.is_nan());
}

#[test]
fn self_normalised_weights_survive_products_that_underflow() {
    let (mdp, policy, target) = workload_pair(1000, 10.0);
    let sampler = unbiased::rollout::Sampler::new(&mdp, &policy).unwrap();
    let batch = with_behaviour(&policy, &sampler.batch(&unbiased::rng::StreamKey::of(0, "underflow", 0), 3));
    let products = (0..3).map(|i| estimator::importance_ratios(&target, &batch, i).iter().product::<f64>());
    assert!(products.into_iter().all(|w| w == 0.0), "the weights themselves are zero in double precision");
    let estimate = ImportanceWeighted::to_go(ImportanceWeights::SelfNormalised).gradient(&target, &batch);
    assert!(estimate.iter().all(|x| x.is_finite()) && estimate.iter().any(|x| *x != 0.0), "{estimate:?}");
}
