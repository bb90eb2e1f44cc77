//! Two studies of importance weights, exact and sampled: what the horizon does to them, and what single ratios leave out.
//! `make reports` writes the page `reports/OFF_POLICY.md`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;

use unbiased::environment::{TabularMdp, workload};
use unbiased::exact::{Baseline, Form, OffPolicy, WeightedReturn, Weighting, Whose};
use unbiased::numeric::{dot, exp, ln};
use unbiased::policy::SoftmaxPolicy;
use unbiased::rng::StreamKey;
use unbiased::rollout::{Sampler, WeightedSums};
use unbiased::verify::DEFAULT_SEED;

/// Trajectories of the sampled half.
const SAMPLES: usize = 1_000_000;
const HORIZONS: [usize; 12] = [1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 500, 1000];

/// The tabular workload with its behaviour policy, and the target `θ + e·0.3 cos(1.3 s + 0.9 a)`.
fn pair(horizon: usize, e: f64) -> (TabularMdp, SoftmaxPolicy, SoftmaxPolicy) {
    let (old, shifted) = (workload::tabular_logits(10, 4), workload::target_logits(10, 4));
    let new = old.iter().zip(&shifted).map(|(old, shifted)| old + e * (shifted - old)).collect();
    let policy = |theta: Vec<f64>| SoftmaxPolicy::tabular(10, 4, theta).unwrap();
    (workload::tabular(10, 4, horizon), policy(old), policy(new))
}

fn oracle(horizon: usize, e: f64) -> OffPolicy {
    let (mdp, old, new) = pair(horizon, e);
    OffPolicy::new(&mdp, &old, &new).unwrap()
}

/// The relative standard error of the mean square of `n` weights, `√((E W⁴/(E W²)² − 1)/n)`, from exact moments.
fn relative_error(exact: &WeightedReturn, n: f64) -> f64 {
    let log = exact.log_fourth - 2.0 * exact.log_square;
    if log > 600.0 { f64::INFINITY } else { ((exp(log) - 1.0) / n).sqrt() }
}

fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e5).contains(&x.abs()) { format!("{x:.4}") } else { format!("{x:.2e}") }
}

/// `e^log`, also where it overflows.
fn exponential(log: f64) -> String {
    if log.abs() < 600.0 { number(exp(log)) } else { format!("10^{:.1}", log / std::f64::consts::LN_10) }
}

fn blow_up(exact: &[WeightedReturn], sampled: &WeightedSums) -> String {
    let mut page = String::from(
        "| T | E W², exact | growth a step of ln E W² | ESS/N | relative standard error of a sampled E W² | sampled E W² over exact | \
         interval of that at 99 % | sampled E[W R] over exact |\n|---|---|---|---|---|---|---|---|\n",
    );
    let n = SAMPLES as f64;
    for t in HORIZONS {
        let (here, sums) = (exact[t - 1], sampled.sums[t - 1]);
        let growth = if t == 1 { here.log_square } else { here.log_square - exact[t - 2].log_square };
        let error = relative_error(&here, n);
        let ratio = exp(ln(sums[1] / n) - here.log_square);
        // Chebyshev: ten standard errors hold 99 % whatever the law.
        let interval = if error < 0.1 {
            format!("{:.4} – {:.4}", 1.0 - 10.0 * error, 1.0 + 10.0 * error)
        } else {
            "says nothing".to_owned()
        };
        let _ = writeln!(
            page,
            "| {t} | {} | {growth:.6} | {} | {} | {} | {interval} | {:.4} |",
            exponential(here.log_square),
            exponential(-here.log_square),
            if error > 1e6 { "above 10^6".to_owned() } else { number(error) },
            number(ratio),
            sums[2] / n / here.mean,
        );
    }
    page
}

/// The last horizon at which the relative standard error of the sampled mean square is at most a tenth.
fn trusted(exact: &[WeightedReturn], n: f64) -> usize {
    exact.iter().take_while(|here| relative_error(here, n) <= 0.1).count()
}

fn gradients() -> String {
    let mut page = String::from(
        "| T | trajectory | per decision | per decision, optimal baseline | per time step | per time step, optimal baseline | \
         bias of the last two, relative |\n|---|---|---|---|---|---|---|\n",
    );
    for t in [5, 10, 20, 50, 100, 200, 500, 1000] {
        let off = oracle(t, 1.0);
        let log = |weighting: Weighting, baseline: Baseline| {
            exponential(off.moments(weighting, &Form::to_go(baseline)).unwrap().log_trace())
        };
        let gradient = off.target().gradient();
        let biased = off.gradient_of(Whose::Behaviour, Whose::Behaviour);
        let bias: Vec<f64> = biased.iter().zip(gradient).map(|(x, y)| x - y).collect();
        let _ = writeln!(
            page,
            "| {t} | {} | {} | {} | {} | {} | {:.4} |",
            log(Weighting::Trajectory, Baseline::None),
            log(Weighting::PerDecision, Baseline::None),
            log(Weighting::PerDecision, Baseline::Optimal),
            log(Weighting::PerTimestep, Baseline::None),
            log(Weighting::PerTimestep, Baseline::Optimal),
            (dot(&bias, &bias) / dot(gradient, gradient)).sqrt(),
        );
    }
    page
}

/// Lengths of the bias of single ratios and of its parts, over `‖∇J(θ')‖`: total, state, return, cross.
fn parts(off: &OffPolicy) -> [f64; 4] {
    let f = |d: Whose, q: Whose| off.gradient_of(d, q);
    let (old, new) = (Whose::Behaviour, Whose::Target);
    let [oo, on, no, nn] = [f(old, old), f(old, new), f(new, old), f(new, new)];
    let length = |part: &dyn Fn(usize) -> f64| {
        let part: Vec<f64> = (0..nn.len()).map(part).collect();
        (dot(&part, &part) / dot(&nn, &nn)).sqrt()
    };
    [
        length(&|k| oo[k] - nn[k]),
        length(&|k| on[k] - nn[k]),
        length(&|k| no[k] - nn[k]),
        length(&|k| oo[k] - no[k] - on[k] + nn[k]),
    ]
}

fn approximations() -> String {
    let mut page = String::from(
        "| e | KL(old‖new) of trajectories | total bias | state part | return part | cross part | order of total, state, return, cross |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let path = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
    for (i, e) in path.into_iter().enumerate() {
        let off = oracle(20, e);
        let here = parts(&off);
        let orders = if i == 0 {
            String::new()
        } else {
            let before = parts(&oracle(20, path[i - 1]));
            let order = |k: usize| format!("{:.3}", ln(here[k] / before[k]) / ln(e / path[i - 1]));
            (0..4).map(order).collect::<Vec<_>>().join(", ")
        };
        let [total, state, returns, cross] = here.map(number);
        let _ = writeln!(
            page,
            "| {e} | {} | {total} | {state} | {returns} | {cross} | {orders} |",
            number(off.divergence())
        );
    }
    page
}

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "reports/OFF_POLICY.md".to_owned());
    let (mdp, old, new) = pair(1000, 1.0);
    let exact = OffPolicy::new(&mdp, &old, &new).unwrap().weighted_returns();
    let sampler = Sampler::new(&mdp, &old).unwrap();
    let key = StreamKey::of(DEFAULT_SEED, "horizon study", 0);
    let sampled = sampler.weighted_sums(&key, SAMPLES, &old, &new);
    let mut page = String::from(
        "# Importance weights: the horizon, and what single ratios leave out\n\nThe world is the tabular workload (10 states, 4 actions, no \
         discount), the behaviour policy its softmax θ, the target θ' = θ + e·0.3 cos(1.3 s + 0.9 a), e = 1 unless stated. Exact numbers \
         come from the forward and backward recursions of `OffPolicy`, sampled ones from a million trajectories under a fixed seed. \
         `make reports` writes this page.\n\n## The curse of horizon\n\nW is the product of the ratios of T steps. Its second moment \
         grows exponentially; so does the fourth, which rules how well the second can be estimated. The interval is Chebyshev's with the \
         exact variance: it holds whatever the law.\n\n",
    );
    page += &blow_up(&exact, &sampled);
    let rate = exact[999].log_square - exact[998].log_square;
    let _ = writeln!(
        page,
        "\nThe growth a step settles at {rate:.9}: the trajectories of the tilted chain π²/μ forget where they began. It is what log(1+χ²) \
         is for independent steps. Past the horizons below, the relative standard error of a sampled E W² exceeds a tenth, and a \
         sampled variance cannot be trusted: it is almost surely too small, because the samples that make it have not occurred.\n\n\
         | trajectories | last horizon that can be trusted |\n|---|---|"
    );
    for power in [3, 4, 5, 6, 9] {
        let _ = writeln!(page, "| 10^{power} | {} |", trusted(&exact, unbiased::numeric::power(10.0, power)));
    }
    page += "\n## What it does to the gradient\n\nTotal variance of one trajectory's estimate of ∇J(θ'), exact. Trajectory and per-decision \
             weights are unbiased; single ratios are not.\n\n";
    page += &gradients();
    page += "\n## The two hidden approximations of single ratios\n\nΣ_t ρ_t ψ'_t G_t has the mean f(d_old, Q_old), with f(d, Q) = Σ_t Σ_s d_t(s) \
             Σ_a ∇π'(a|s) Q_t(s, a), where ∇J(θ') = f(d_new, Q_new). State part: f(d_old, Q_new) − f(d_new, Q_new). Return part: f(d_new, \
             Q_old) − f(d_new, Q_new), what is left once the ratio of state probabilities is put in. Cross part: the rest. Lengths over \
             ‖∇J(θ')‖, T = 20; the order is the slope of the logarithm of the length between a row and the one before.\n\n";
    page += &approximations();
    std::fs::write(&path, page.trim_end().to_owned() + "\n").unwrap();
    println!("wrote {path}");
}
