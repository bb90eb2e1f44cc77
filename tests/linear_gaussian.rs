//! Continuous control: closed forms against quadrature, differences, the ledger's formulas and sampling.
#![allow(missing_docs, clippy::unwrap_used)]

use unbiased::environment::{LinearGaussian, LinearGaussianTables, workload};
use unbiased::exact::{LinearQuadratic, LinearQuadraticError};
use unbiased::numeric::simd::Level;
use unbiased::numeric::{Matrix, central_gradient, cos, gauss_hermite, power, sin};
use unbiased::policy::{GaussianPolicy, Spread};
use unbiased::rng::StreamKey;
use unbiased::rollout::LinearGaussianSampler;
use unbiased::stats::Moments;

/// set-linear-gaussian of the ledger: one state that starts at 1, two steps.
fn ledger_setting() -> (LinearGaussian, GaussianPolicy) {
    let tables = LinearGaussianTables {
        horizon: 2,
        discount: 1.0,
        dynamics: Matrix::diagonal(&[0.9]),
        input: Matrix::diagonal(&[0.5]),
        noise: Matrix::diagonal(&[0.09]),
        cost: Matrix::diagonal(&[1.0, 0.1]),
        start_mean: vec![1.0],
        start_covariance: Matrix::zeros(1, 1),
    };
    (LinearGaussian::new(tables).unwrap(), GaussianPolicy::diagonal(1, &[-0.7], &[0.4]).unwrap())
}

/// Two state variables, two actions, full matrices everywhere, a random start that is not centred, a discount.
fn full_setting() -> (LinearGaussian, GaussianPolicy) {
    let wave =
        |n: usize, m: usize, phase: f64| Matrix::from_fn(n, m, |i, j| sin(phase + 1.3 * i as f64 + 2.1 * j as f64));
    let square = |n: usize, phase: f64| {
        let half = wave(n, n, phase);
        half.product(&half.transpose())
    };
    let tables = LinearGaussianTables {
        horizon: 2,
        discount: 0.8,
        dynamics: wave(2, 2, 0.4),
        input: wave(2, 2, 1.7),
        noise: square(2, 0.9).plus(0.2, &Matrix::identity(2)),
        cost: square(4, 0.2).plus(0.3, &Matrix::identity(4)),
        start_mean: vec![0.6, -0.3],
        start_covariance: square(2, 2.2).plus(0.3, &Matrix::identity(2)),
    };
    let theta = vec![0.3, -0.4, 0.2, 0.5, -0.6, 0.35, -0.2];
    (LinearGaussian::new(tables).unwrap(), GaussianPolicy::new(2, 2, Spread::Full, theta).unwrap())
}

/// One trajectory from its standard normals: the return, and `Σ_t γ^t ψ_t (G_t − b)`.
fn episode(system: &LinearGaussian, policy: &GaussianPolicy, normals: &[f64], baseline: f64) -> (f64, Vec<f64>) {
    let (n, m) = (system.states(), system.actions());
    let (start, noise) = (system.start_covariance().cholesky().unwrap(), system.noise().cholesky().unwrap());
    let mut state: Vec<f64> =
        start.times(&normals[..n]).iter().zip(system.start_mean()).map(|(x, mean)| x + mean).collect();
    let (mut scores, mut rewards) = (Vec::new(), Vec::new());
    for t in 0..system.horizon() {
        let own = &normals[n + t * (n + m)..];
        let action = policy.act(&state, &own[..m]);
        scores.push(policy.score(&state, &action));
        rewards.push(system.reward(&state, &action));
        state = if t + 1 < system.horizon() {
            system.next_state(&state, &action, &noise.times(&own[m..m + n]))
        } else {
            state
        };
    }
    let mut estimate = vec![0.0; policy.parameters().len()];
    let (mut total, mut after) = (0.0, 0.0);
    for t in (0..system.horizon()).rev() {
        after = rewards[t] + system.discount() * after;
        total += power(system.discount(), t) * rewards[t];
        let weight = power(system.discount(), t) * (after - baseline);
        estimate.iter_mut().zip(&scores[t]).for_each(|(x, score)| *x += weight * score);
    }
    (total, estimate)
}

/// Mean of the return, mean and variance of the estimate, by a product rule that is exact for these polynomials.
fn by_quadrature(system: &LinearGaussian, policy: &GaussianPolicy, baseline: f64) -> (f64, Vec<f64>, Vec<f64>) {
    // The noise of the last step does nothing.
    let dimensions = system.horizon() * (system.states() + system.actions());
    let nodes = gauss_hermite(5);
    let d = policy.parameters().len();
    let (mut objective, mut mean, mut square) = (0.0, vec![0.0; d], vec![0.0; d]);
    let mut normals = vec![0.0; dimensions + system.states()];
    for i in 0..5_usize.pow(u32::try_from(dimensions).unwrap()) {
        let (mut rest, mut weight) = (i, 1.0);
        for x in &mut normals[..dimensions] {
            let (node, own) = nodes[rest % 5];
            (*x, weight, rest) = (node, weight * own, rest / 5);
        }
        let (total, estimate) = episode(system, policy, &normals, baseline);
        objective += weight * total;
        for k in 0..d {
            mean[k] += weight * estimate[k];
            square[k] += weight * estimate[k] * estimate[k];
        }
    }
    let variance = square.iter().zip(&mean).map(|(s, m)| s - m * m).collect();
    (objective, mean, variance)
}

fn assert_close(what: &str, got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (k, (x, y)) in got.iter().zip(expected).enumerate() {
        assert!((x - y).abs() <= tolerance * y.abs().max(1.0), "{what}, {k}: {x} and {y}");
    }
}

#[test]
fn closed_forms_are_those_of_quadrature() {
    for (system, policy) in [ledger_setting(), full_setting()] {
        let exact = LinearQuadratic::new(&system, &policy).unwrap();
        for baseline in [0.0, -1.4] {
            let (objective, mean, variance) = by_quadrature(&system, &policy, baseline);
            assert!((exact.objective() - objective).abs() < 1e-12 * objective.abs());
            let moments = exact.reward_to_go(baseline);
            assert_close("mean", &moments.mean, &mean, 1e-11);
            assert_close("variance", &moments.variance, &variance, 1e-10);
            assert_close("gradient", exact.gradient().as_slice(), &mean, 1e-11);
        }
    }
}

#[test]
fn the_gradient_is_the_derivative_of_the_objective() {
    let (mut system, policy) = full_setting();
    for horizon in [1, 2, 7] {
        system = LinearGaussian::new(LinearGaussianTables { horizon, ..tables_of(&system) }).unwrap();
        let exact = LinearQuadratic::new(&system, &policy).unwrap();
        let numerical = central_gradient(policy.parameters(), 1e-2, |theta| {
            let moved = GaussianPolicy::new(2, 2, Spread::Full, theta.to_vec()).unwrap();
            LinearQuadratic::new(&system, &moved).unwrap().objective()
        });
        let scale = numerical.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        assert_close("gradient", &exact.gradient(), &numerical, 1e-7 * scale);
        assert_close("mean of reward-to-go", &exact.reward_to_go(0.3).mean, &exact.gradient(), 1e-10 * scale);
        // The value of the backward pass, over the first state's moments.
        let centre = exact.value(system.start_mean());
        let spread: f64 = {
            let root = system.start_covariance().cholesky().unwrap();
            (0..2)
                .map(|j| {
                    let shift: Vec<f64> = (0..2).map(|i| system.start_mean()[i] + root[(i, j)]).collect();
                    let back: Vec<f64> = (0..2).map(|i| system.start_mean()[i] - root[(i, j)]).collect();
                    0.5 * (exact.value(&shift) + exact.value(&back)) - centre
                })
                .sum()
        };
        assert!((centre + spread - exact.objective()).abs() < 1e-12 * exact.objective().abs());
    }
}

fn tables_of(system: &LinearGaussian) -> LinearGaussianTables {
    LinearGaussianTables {
        horizon: system.horizon(),
        discount: system.discount(),
        dynamics: system.dynamics().clone(),
        input: system.input().clone(),
        noise: system.noise().clone(),
        cost: system.cost().clone(),
        start_mean: system.start_mean().to_vec(),
        start_covariance: system.start_covariance().clone(),
    }
}

#[test]
fn the_one_step_gaussian_has_the_formulas_of_the_ledger() {
    let (c, mu, sigma) = (0.5, 2.0, 0.4);
    let (d, square) = (mu - c, sigma * sigma);
    let system = LinearGaussian::one_step(c).unwrap();
    let policy = GaussianPolicy::diagonal(1, &[mu], &[sigma]).unwrap();
    let exact = LinearQuadratic::new(&system, &policy).unwrap();
    assert!((exact.objective() + d * d + square).abs() < 1e-14);
    assert_close("gradient", &exact.gradient(), &[-2.0 * d, -2.0 * square], 1e-14);
    let variance = |b: f64| exact.reward_to_go(b).variance[0];
    let at_best = 6.0 * square + 8.0 * d * d;
    assert_close(
        "variances",
        &[variance(0.0), variance(exact.objective()), variance(-(d * d + 3.0 * square))],
        &[d * d * d * d / square + 14.0 * d * d + 15.0 * square, 10.0 * square + 8.0 * d * d, at_best],
        1e-12,
    );
}

#[test]
fn the_optimum_is_the_best_of_all_linear_controls() {
    let (system, _) = full_setting();
    let optimum = LinearQuadratic::optimum(&system);
    // The expected return of time-indexed gains without noise in the action, by the mean and covariance of the state.
    let reached = |gains: &[Matrix]| {
        let mut moment = Matrix::from_fn(2, 2, |i, j| {
            system.start_covariance()[(i, j)] + system.start_mean()[i] * system.start_mean()[j]
        });
        let mut total = 0.0;
        for (t, gain) in gains.iter().enumerate() {
            let joint = |i: usize, j: usize| -> f64 {
                let row = |i: usize, k: usize| if i < 2 { f64::from(u8::from(i == k)) } else { gain[(i - 2, k)] };
                (0..4).map(|kl| row(i, kl / 2) * moment[(kl / 2, kl % 2)] * row(j, kl % 2)).sum()
            };
            let cost: f64 = (0..16).map(|k| system.cost()[(k / 4, k % 4)] * joint(k / 4, k % 4)).sum();
            total -= power(system.discount(), t) * cost;
            let closed = system.dynamics().plus(1.0, &system.input().product(gain));
            moment = closed.product(&moment.product(&closed.transpose())).plus(1.0, system.noise());
        }
        total
    };
    let best = reached(&optimum.gains);
    assert!((best - optimum.objective).abs() < 1e-12 * best.abs(), "{best} and {}", optimum.objective);
    for k in 0..8 {
        for h in [-1e-3, 1e-3] {
            let mut gains = optimum.gains.clone();
            gains[k / 4][(k / 2 % 2, k % 2)] += h;
            assert!(reached(&gains) <= best + 1e-12, "a neighbour is better");
        }
    }
    // A stationary, noisy policy does not beat it.
    let (system, policy) = ledger_setting();
    let exact = LinearQuadratic::new(&system, &policy).unwrap();
    assert!(exact.objective() < LinearQuadratic::optimum(&system).objective);
}

#[test]
fn what_has_no_closed_form_says_why() {
    let (system, policy) = ledger_setting();
    let squashed = LinearQuadratic::new(&system, &policy.clone().squashed()).unwrap_err();
    assert_eq!(squashed, LinearQuadraticError::Squashed);
    let wide = GaussianPolicy::diagonal(2, &[0.1, 0.2], &[1.0]).unwrap();
    let shape = LinearQuadratic::new(&system, &wide).unwrap_err();
    assert!(shape.to_string().contains("2 state variables and 1 actions, the system 1 and 1"), "{shape}");
    let unstable = LinearGaussianTables { horizon: 2000, dynamics: Matrix::diagonal(&[3.0]), ..tables_of(&system) };
    let error = LinearQuadratic::new(&LinearGaussian::new(unstable).unwrap(), &policy).unwrap_err();
    assert!(matches!(error, LinearQuadraticError::Overflow { .. }), "{error}");
    assert!(error.to_string().contains("the closed loop A + BK is unstable"), "{error}");
    // A cost without curvature in the action: every action is optimal, and the one of least length is taken.
    let free = LinearGaussianTables { horizon: 1, cost: Matrix::diagonal(&[1.0, 0.0]), ..tables_of(&system) };
    let optimum = LinearQuadratic::optimum(&LinearGaussian::new(free).unwrap());
    assert_eq!((optimum.gains[0][(0, 0)], optimum.objective), (0.0, -1.0));
}

#[test]
fn the_workload_has_the_mean_that_it_should() {
    let (system, policy) = (
        workload::linear_gaussian(),
        GaussianPolicy::diagonal(8, &workload::linear_gaussian_gain(), &[0.5; 4]).unwrap(),
    );
    assert!((workload::linear_gaussian_gain()[1] + 0.1 * sin(2.0)).abs() < 1e-15);
    assert!((system.input()[(1, 2)] - 0.3 * cos(1.0 + 2.0 + 6.0)).abs() < 1e-15);
    let exact = LinearQuadratic::new(&system, &policy).unwrap();
    let moments = exact.reward_to_go(0.0);
    let scale = exact.gradient().iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for (mean, gradient) in moments.mean.iter().zip(exact.gradient()) {
        assert!((mean - gradient).abs() < 1e-10 * scale, "{mean} and {gradient}");
    }
    assert!(moments.variance.iter().all(|v| v.is_finite() && *v > 0.0));
}

/// Sampled means within six standard errors of the exact ones, and sampled variances within a part of them.
fn assert_sampled(moments: &Moments, exact: &unbiased::exact::EstimatorMoments, part: f64) {
    let n = moments.count() as f64;
    for k in 0..exact.mean.len() {
        let error = (moments.mean()[k] - exact.mean[k]) / (exact.variance[k] / n).sqrt();
        assert!(error.abs() < 6.0, "component {k}: {error} standard errors");
        let ratio = moments.variance()[k] / exact.variance[k];
        assert!((ratio - 1.0).abs() < part, "component {k}: {ratio} times the exact variance");
    }
}

#[test]
fn sampling_agrees_with_the_closed_forms() {
    let key = StreamKey::of(0, "linear-Gaussian", 0);
    for (system, policy) in [ledger_setting(), full_setting()] {
        let exact = LinearQuadratic::new(&system, &policy).unwrap();
        let sampler = LinearGaussianSampler::new(&system, &policy).unwrap();
        for baseline in [0.0, -1.4] {
            assert_sampled(&sampler.moments(&key, 400_000, baseline), &exact.reward_to_go(baseline), 0.15);
        }
    }
    let policy = GaussianPolicy::diagonal(8, &workload::linear_gaussian_gain(), &[0.5; 4]).unwrap();
    let system = workload::linear_gaussian();
    let sampler = LinearGaussianSampler::new(&system, &policy).unwrap();
    let exact = LinearQuadratic::new(&system, &policy).unwrap().reward_to_go(0.0);
    assert_sampled(&sampler.moments(&key, 100_000, 0.0), &exact, 0.15);
}

#[test]
fn the_bits_do_not_depend_on_the_instruction_set_or_the_threads() {
    let key = StreamKey::of(0, "linear-Gaussian", 1);
    let (system, policy) = full_setting();
    let moments =
        |level| LinearGaussianSampler::new(&system, &policy).unwrap().at_level(level).moments(&key, 9_000, 0.5);
    let plain = moments(Level::Plain);
    for &level in Level::available() {
        assert_eq!(moments(level), plain, "{level:?}");
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| moments(Level::best())), plain, "{threads} threads");
    }
    // Golden bits, so that a change of the stream is noticed.
    assert_eq!(plain.mean()[0].to_bits(), GOLDEN);
}

const GOLDEN: u64 = 4_612_408_512_192_969_984;
