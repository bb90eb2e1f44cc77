//! The oracle's routes against one another, on random worlds.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::{Setting, batch_forms, config, settings, single_forms, subject};
use unbiased::batch::Batch;
use unbiased::estimator::{GeneralisedAdvantage, GradientEstimator};
use unbiased::exact::{AdvantageForm, Baseline, Enumeration, Form, Oracle};
use unbiased::numeric::{Matrix, central_gradient, power, sum};
use unbiased::policy::Policy;

/// The tolerance of the conditional-moment recursion, relative to the larger of the variance and the scale of the
/// centred weights.
const TOLERANCE: f64 = 1e-11;

/// The largest deviation of a subject's estimate from its mean, over all trajectories or batches: the scale.
fn scale(enumeration: &Enumeration, n: usize, mean: &[f64], mut f: impl FnMut(&Batch) -> Vec<f64>) -> f64 {
    let mut largest = 0.0_f64;
    enumeration
        .moments(n, |batch| {
            let value = f(batch);
            value.iter().zip(mean).for_each(|(v, m)| largest = largest.max((v - m).abs()));
            vec![0.0]
        })
        .unwrap();
    largest
}

fn assert_close(what: &str, got: &[f64], expected: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.len(), expected.len());
    for (k, (a, b)) in got.iter().zip(expected).enumerate() {
        prop_assert!(
            (a - b).abs() <= tolerance,
            "{what}, component {k}: {a} and {b} differ by {:.2e}, allowed {tolerance:.2e}",
            a - b
        );
    }
    Ok(())
}

/// Compares the oracle's moments and covariance of `forms` with the enumeration of their subjects, whose weights are
/// rounded by up to `rounding`.
fn check_forms(setting: &Setting, n: usize, forms: &[Form], most: usize, rounding: f64) -> Result<(), TestCaseError> {
    let oracle = setting.oracle();
    let enumeration = Enumeration::of(&oracle).unwrap();
    prop_assume!(enumeration.len().pow(u32::try_from(n).unwrap()) <= most);
    let total: f64 = sum(enumeration.iter().map(|(p, _)| p));
    prop_assert!((total - 1.0).abs() < 1e-12, "probabilities sum to {total}");
    for form in forms {
        let estimator = subject(form, &oracle, &setting.mdp);
        let gradient = |batch: &Batch| estimator.gradient(&setting.policy, batch);
        let expected = enumeration.moments(n, gradient).unwrap();
        let spread = scale(&enumeration, n, &expected.mean, gradient);
        let moments = oracle.moments(form).unwrap();
        let variance: Vec<f64> = expected.variance().iter().map(|v| v * n as f64).collect();
        // The centred weights of a form with rounding subjects are at the scale of the return.
        let centred = if rounding > 0.0 { oracle.return_variance() } else { 0.0 };
        let largest = variance.iter().copied().fold(centred, f64::max).max(spread * spread).max(1e-3);
        assert_close(
            &format!("mean of {form:?}"),
            &moments.mean,
            &expected.mean,
            TOLERANCE * spread.max(1.0) + rounding,
        )?;
        assert_close(
            &format!("variance of {form:?}"),
            &moments.variance,
            &variance,
            TOLERANCE * largest + rounding * (spread + rounding),
        )?;
        let covariance = oracle.covariance(form).unwrap();
        for k in 0..variance.len() {
            let row: Vec<f64> = expected.covariance.row(k).iter().map(|c| c * n as f64).collect();
            assert_close(
                &format!("covariance row {k} of {form:?}"),
                covariance.row(k),
                &row,
                TOLERANCE * largest + rounding * (spread + rounding),
            )?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(400))]

    /// Generalised advantages with any critic: the recursion against the enumeration of the subject, with termination, a
    /// discount, and `γ^t` or not; with the policy's own values and λ = 1, against the other recursion.
    #[test]
    fn the_advantage_recursion_equals_enumeration(
        setting in settings(0.0, true),
        critic in prop::collection::vec(-3.0_f64..3.0, 12),
        lambda in prop_oneof![Just(0.0), Just(1.0), 0.0..1.0],
        discounted_steps in any::<bool>(),
    ) {
        let (oracle, mdp) = (setting.oracle(), &setting.mdp);
        let (states, size) = (mdp.states(), mdp.horizon() * mdp.states());
        let enumeration = Enumeration::of(&oracle).unwrap();
        let critic = critic[..size].to_vec();
        let form = AdvantageForm { lambda, critic: critic.clone(), discounted_steps };
        let moments = oracle.advantage_moments(&form).unwrap();
        let subject = GeneralisedAdvantage { discount: mdp.discount(), lambda, states, critic, discounted_steps };
        let expected = enumeration.moments(1, |batch| subject.gradient(&setting.policy, batch)).unwrap();
        let spread = expected.variance().iter().copied().fold(1.0, f64::max);
        assert_close("mean", &moments.mean, &expected.mean, TOLERANCE * spread)?;
        assert_close("variance", &moments.variance, &expected.variance(), TOLERANCE * spread)?;

        let values: Vec<f64> = (0..size).map(|i| oracle.value(i / states, i % states)).collect();
        let own = AdvantageForm { lambda: 1.0, critic: values, discounted_steps: true };
        let (own, value) = (
            oracle.advantage_moments(&own).unwrap(),
            oracle.moments(&Form::to_go(Baseline::StateValue)).unwrap(),
        );
        assert_close("mean with V", &own.mean, &value.mean, TOLERANCE)?;
        assert_close("variance with V", &own.variance, &value.variance, TOLERANCE * spread)?;
    }
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn recursion_equals_enumeration(setting in settings(0.0, true)) {
        let oracle = setting.oracle();
        check_forms(&setting, 1, &single_forms(&oracle, &setting.mdp), 2000, 0.0)?;
    }

    #[test]
    fn recursion_equals_enumeration_under_a_reward_offset(setting in settings(1e6, true)) {
        let forms = [Baseline::None, Baseline::Constant(1.5)].map(|b| [Form::total(b.clone()), Form::to_go(b)]).concat();
        check_forms(&setting, 1, &forms, 2000, 0.0)?;
        // Subjects with a baseline near G round their weights to a few units in the last place of 4e6.
        let centred = [
            Baseline::StateValue,
            Baseline::Optimal,
            Baseline::ActionValue { corrected: true },
            Baseline::OptimalConstant,
        ];
        check_forms(&setting, 1, &centred.map(Form::to_go), 2000, 1e-8)?;
        check_forms(&setting, 2, &batch_forms(2), 2000, 1e-8)?;
    }

    #[test]
    fn a_reward_offset_costs_no_digit_where_the_baseline_removes_it(setting in settings(0.0, false), big in prop_oneof![Just(1e3), Just(-1e6), Just(1e6)]) {
        let oracle = setting.oracle();
        let shifted = Oracle::of_mdp(&shift_rewards(&setting, big), &setting.policy).unwrap();
        for form in [
            Form::to_go(Baseline::StateValue),
            Form::to_go(Baseline::Optimal),
            Form::to_go(Baseline::ActionValue { corrected: true }),
            Form::total(Baseline::OptimalConstant),
            Form::total(Baseline::LeaveOneOut { batch: 3 }),
        ] {
            let (plain, moved) = (oracle.moments(&form).unwrap(), shifted.moments(&form).unwrap());
            // Rewards are multiples of 1/8 of at most 2: centred weights are of order 1 and more.
            let rounding = TOLERANCE;
            assert_close(&format!("{form:?}"), &moved.variance, &plain.variance, rounding * (1.0 + plain.trace()))?;
            assert_close(&format!("{form:?}"), &moved.mean, &plain.mean, rounding * (1.0 + plain.trace().sqrt()))?;
        }
        let floors = (oracle.floor().trace, shifted.floor().trace);
        prop_assert!((floors.0 - floors.1).abs() <= TOLERANCE * (1.0 + floors.0), "{floors:?}");
    }

    #[test]
    fn gradient_equals_central_differences(setting in settings(0.0, true)) {
        let oracle = setting.oracle();
        let numerical = central_gradient(setting.policy.parameters(), 1e-2, |theta| {
            let policy = setting.policy.clone().with_parameters(theta.to_vec()).unwrap();
            Oracle::of_mdp(&setting.mdp, &policy).unwrap().objective()
        });
        assert_close("gradient", oracle.gradient(), &numerical, 2e-6)?;
        let reinforce = oracle.moments(&Form::total(Baseline::None)).unwrap();
        assert_close("the recursion's mean", &reinforce.mean, oracle.gradient(), 1e-12 * (1.0 + oracle.objective().abs()))?;
    }

    #[test]
    fn objective_and_values_equal_enumeration(setting in settings(0.0, true)) {
        let oracle = setting.oracle();
        let enumeration = Enumeration::of(&oracle).unwrap();
        let gamma = setting.mdp.discount();
        let returns = |rewards: &[f64]| rewards.iter().rev().fold(0.0, |after, r| r + gamma * after);
        let objective = sum(enumeration.iter().map(|(p, path)| p * returns(&path.rewards)));
        prop_assert!((oracle.objective() - objective).abs() < 1e-12);
        let square = sum(enumeration.iter().map(|(p, path)| p * power(returns(&path.rewards) - objective, 2)));
        prop_assert!((oracle.return_variance() - square).abs() < 1e-11 * (1.0 + square));
        let occupancy = oracle.occupancy();
        let states = setting.mdp.states();
        for (i, expected) in occupancy.iter().enumerate() {
            let (t, s) = (i / states, i % states);
            let visits = enumeration.iter().filter(|(_, path)| path.len() > t && path.states[t] as usize == s);
            let (mut mass, mut value) = (0.0, 0.0);
            for (p, path) in visits {
                mass += p;
                value += p * returns(&path.rewards[t..]);
            }
            prop_assert!((mass - expected).abs() < 1e-13);
            prop_assert!((value - mass * oracle.value(t, s)).abs() < 1e-12);
            prop_assert_eq!(oracle.floor().baseline[t][s].is_some(), *expected > 0.0);
        }
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn u_statistics_equal_enumeration_of_ordered_batches(setting in settings(0.0, true), n in 2_usize..=4) {
        check_forms(&setting, n, &batch_forms(n), 10_000, 0.0)?;
    }

    #[test]
    fn the_floor_equals_least_squares_over_all_time_and_state_baselines(setting in settings(0.0, true)) {
        let oracle = setting.oracle();
        let enumeration = Enumeration::of(&oracle).unwrap();
        prop_assume!(enumeration.len() <= 500);
        let (least, baseline) = least_squares_floor(&setting, &oracle, &enumeration);
        let floor = oracle.floor();
        prop_assert!((floor.trace - least).abs() <= 1e-9 * (1.0 + least), "{} and {least}", floor.trace);
        prop_assert!(floor.trace <= oracle.moments(&Form::to_go(Baseline::StateValue)).unwrap().trace() * (1.0 + 1e-12) + 1e-14);
        let states = setting.mdp.states();
        for (i, cell) in baseline.iter().enumerate() {
            if let Some(cell) = cell {
                let own = floor.baseline[i / states][i % states].unwrap();
                prop_assert!((own - cell).abs() < 1e-6 * (1.0 + cell.abs()), "cell {i}: {own} and {cell}");
            }
        }
    }
}

fn shift_rewards(setting: &Setting, by: f64) -> unbiased::environment::TabularMdp {
    let mdp = &setting.mdp;
    let rows = (0..mdp.states())
        .map(|s| {
            let shifted = |a| {
                mdp.transitions(s, a).iter().map(|t| unbiased::environment::Transition { reward: t.reward + by, ..*t })
            };
            (0..mdp.actions()).map(|a| shifted(a).collect()).collect()
        })
        .collect();
    let moved =
        unbiased::environment::TabularMdp::new(mdp.horizon(), mdp.discount(), mdp.initial().to_vec(), rows).unwrap();
    moved.with_observations((0..mdp.states()).map(|s| mdp.observation(s)).collect()).unwrap()
}

/// Minimises `E‖X − Σ_c b_c Y_c‖²` over the cells `c = (t, s)` by the normal equations of the enumerated estimator,
/// where `Y_c = γ^t ψ_t 1{s_t = s}`. Cells without a score are left out.
fn least_squares_floor(setting: &Setting, oracle: &Oracle, enumeration: &Enumeration) -> (f64, Vec<Option<f64>>) {
    let (states, horizon) = (setting.mdp.states(), setting.mdp.horizon());
    let gamma = setting.mdp.discount();
    let d = oracle.parameters();
    let cells = horizon * states;
    let mut normal = Matrix::zeros(cells, cells);
    let mut right = vec![0.0; cells];
    let mut square = 0.0;
    for (p, path) in enumeration.iter() {
        let mut scores = vec![vec![0.0; d]; path.len()];
        let mut x = vec![0.0; d];
        let mut go = 0.0;
        for t in (0..path.len()).rev() {
            go = path.rewards[t] + gamma * go;
            let weight = power(gamma, t);
            setting.policy.add_score(
                t,
                path.observations[t] as usize,
                path.actions[t] as usize,
                weight,
                &mut scores[t],
            );
            x.iter_mut().zip(&scores[t]).for_each(|(x, psi)| *x += psi * go);
        }
        square += p * x.iter().zip(oracle.gradient()).map(|(x, g)| (x - g) * (x - g)).sum::<f64>();
        for t in 0..path.len() {
            let i = t * states + path.states[t] as usize;
            right[i] += p * scores[t].iter().zip(&x).map(|(a, b)| a * b).sum::<f64>();
            for u in 0..path.len() {
                let j = u * states + path.states[u] as usize;
                normal[(i, j)] += p * scores[t].iter().zip(&scores[u]).map(|(a, b)| a * b).sum::<f64>();
            }
        }
    }
    let active: Vec<usize> = (0..cells).filter(|&i| normal[(i, i)] > 1e-10).collect();
    let mut reduced = Matrix::zeros(active.len(), active.len());
    for (i, &a) in active.iter().enumerate() {
        for (j, &b) in active.iter().enumerate() {
            reduced[(i, j)] = normal[(a, b)];
        }
    }
    let wish: Vec<f64> = active.iter().map(|&i| right[i]).collect();
    let b = reduced.solve(&wish).unwrap();
    let least = square - b.iter().zip(&wish).map(|(b, r)| b * r).sum::<f64>();
    let mut table = vec![None; cells];
    active.iter().zip(b).for_each(|(&i, b)| table[i] = Some(b));
    (least, table)
}

#[test]
fn sparse_rows_equal_dense_ones() {
    // One-hot features are the tabular policy, but every parameter supports every state: the dense route.
    let mdp = unbiased::environment::workload::tabular(6, 3, 8);
    let theta = unbiased::environment::workload::tabular_logits(6, 3);
    let one_hot = (0..18 * 18).map(|i| if i / 18 == i % 18 { 1.0 } else { 0.0 }).collect();
    let tabular = unbiased::policy::SoftmaxPolicy::tabular(6, 3, theta.clone()).unwrap();
    let dense = unbiased::policy::SoftmaxPolicy::features(6, 3, one_hot, theta).unwrap();
    let (sparse, dense) = (Oracle::of_mdp(&mdp, &tabular).unwrap(), Oracle::of_mdp(&mdp, &dense).unwrap());
    for form in single_forms(&sparse, &mdp).into_iter().chain(batch_forms(5)) {
        let (a, b) = (sparse.moments(&form).unwrap(), dense.moments(&form).unwrap());
        for k in 0..18 {
            assert!((a.mean[k] - b.mean[k]).abs() < 1e-12, "{form:?}");
            assert!((a.variance[k] - b.variance[k]).abs() < 1e-12 * a.trace().max(1.0), "{form:?}");
        }
    }
    assert!((sparse.floor().trace / dense.floor().trace - 1.0).abs() < 1e-12);
}
