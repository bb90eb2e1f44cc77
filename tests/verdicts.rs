//! Properties of the sequential tests that hold for any data.
#![allow(missing_docs)]

use proptest::prelude::*;
use unbiased::stats::{Decision, Known, Rates, VectorTest, clopper_pearson};

const RATES: Rates = Rates { false_alarm: 1e-3, false_holds: 1e-3 };

/// The answer and when it came, for observations repeated in a cycle.
fn decide(expected: f64, margin: f64, known: Known, data: &[f64]) -> Option<(Decision, usize)> {
    let mut test = VectorTest::new(&[expected], margin, &[known], RATES);
    (0..5_000).find_map(|n| test.observe(&[data[n % data.len()]]).map(|decision| (decision, n)))
}

fn data() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((-64_i32..=64).prop_map(|x| f64::from(x) / 32.0), 1..20)
}

fn knowledge() -> impl Strategy<Value = Known> {
    prop_oneof![Just(Known::Variance(1.0)), Just(Known::Variance(4.0)), Just(Known::Range { low: -2.0, high: 2.0 })]
}

fn scaled(known: Known, shift: f64, factor: f64) -> Known {
    match known {
        Known::Variance(variance) => Known::Variance(variance * factor * factor),
        Known::Range { low, high } => Known::Range { low: shift + factor * low, high: shift + factor * high },
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        rng_seed: proptest::test_runner::RngSeed::Fixed(3),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Units do not matter: powers of two and dyadic shifts are exact, so the answer comes at the same observation.
    #[test]
    fn units_change_no_answer(data in data(), known in knowledge(), power in 0_i32..6, shift in -4_i32..4) {
        let (factor, shift) = (f64::from(1_i32 << power) / 8.0, f64::from(shift));
        let moved: Vec<f64> = data.iter().map(|x| shift + factor * x).collect();
        let plain = decide(0.25, 0.25, known, &data);
        let other = decide(shift + factor * 0.25, factor * 0.25, scaled(known, shift, factor), &moved);
        prop_assert_eq!(plain, other);
    }

    /// A mirror changes no answer either.
    #[test]
    fn a_mirror_changes_no_answer(data in data(), known in knowledge()) {
        let mirrored: Vec<f64> = data.iter().map(|x| -x).collect();
        let mirror = match known {
            Known::Range { low, high } => Known::Range { low: -high, high: -low },
            variance @ Known::Variance(_) => variance,
        };
        let answer = |found: Option<(Decision, usize)>| found.map(|(decision, _)| decision);
        let (plain, other) = (decide(0.25, 0.25, known, &data), decide(-0.25, 0.25, mirror, &mirrored));
        prop_assert_eq!(answer(plain), answer(other));
    }

    /// Stricter rates never answer earlier.
    #[test]
    fn stricter_rates_take_longer(data in data(), known in knowledge()) {
        let when = |rate: f64| {
            let rates = Rates { false_alarm: rate, false_holds: rate };
            let mut test = VectorTest::new(&[0.25], 0.25, &[known], rates);
            (0..5_000).find(|n| test.observe(&[data[n % data.len()]]).is_some()).unwrap_or(5_000)
        };
        prop_assert!(when(1e-2) <= when(1e-6));
    }

    /// An interval for a probability holds the observed share, and a surer one is wider.
    #[test]
    fn intervals_hold_the_share(successes in 0_u64..60, failures in 0_u64..60) {
        prop_assume!(successes + failures > 0);
        let trials = successes + failures;
        let share = successes as f64 / trials as f64;
        let ((low, high), (lower, higher)) =
            (clopper_pearson(successes, trials, 0.9), clopper_pearson(successes, trials, 0.999));
        prop_assert!(lower <= low && low <= share && share <= high && high <= higher);
    }
}
