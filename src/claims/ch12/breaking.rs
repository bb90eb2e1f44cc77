//! The Break-It laboratory, what of it is exact: updates, signal and noise, step sizes.

use super::summary::{trajectories_by_recursion, trajectories_for_signal};
use crate::claims::ch04::noise::{trace_by_size, trace_over_size};
use crate::claims::ch07::optimal::two_arm_variance;
use crate::claims::prelude::*;

/// The rewards of the laboratory.
pub(super) const REWARDS: [f64; 4] = [3.0, 5.0, 8.0, 12.0];

/// `r − b` times the score of the sampled arm.
fn update(world: &World, batch: &Batch, baseline: f64) -> Vec<f64> {
    v1_less(world, batch, baseline)
}

fn without_baseline(world: &World, batch: &Batch) -> Vec<f64> {
    update(world, batch, 0.0)
}

fn with_seven(world: &World, batch: &Batch) -> Vec<f64> {
    update(world, batch, 7.0)
}

/// `π_a (r_a − r̄)`, the gradient of a bandit's mean reward, by hand.
fn by_hand(pi: &[f64], rewards: &[f64]) -> Vec<f64> {
    let mean = dot(pi, rewards);
    pi.iter().zip(rewards).map(|(p, r)| p * (r - mean)).collect()
}

pub(in crate::claims) static EXPECTED_UPDATE: Claim = Claim {
    id: "ch12-bl-no-baseline-expected-update",
    origin: Origin::Guide,
    quote: "The policy changes slowly because every action gets pushed up",
    statement: "A false mechanism: from the same parameters the expected update is the same for every constant b, and \
                only the variance differs.",
    because: "E[g b] = 0 for every constant b.",
    lesson: "A baseline changes the speed only at second order in α, through the noise. What it changes is the noise, \
             and with it the step size that one can afford.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "expected_update",
        what: "E[g r], the same for b=0 and b=7",
        value: Value::List(|| four_arm(REWARDS).batch_mean(1, without_baseline)),
    }],
    trials: &[
        Trial {
            name: "the expected update without and with a baseline",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3,5,8,12), uniform: the four components for b=0, then the same four for \
                      b=7; by enumeration, and π(r − r̄) by hand",
            subject: Subject::Exact(|| {
                [without_baseline, with_seven].map(|subject| four_arm(REWARDS).batch_mean(1, subject)).concat()
            }),
            expected: || by_hand(&[0.25; 4], &REWARDS).repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "every action pushed up by its own reward",
                subject: Subject::Exact(|| REWARDS.map(|r| 0.25 * r).repeat(2)),
            }],
        },
        Trial {
            name: "the variance is what differs",
            role: Role::Contradicts,
            setting: "the same: trVar at b=0 over that at b=7 is more than seven",
            subject: Subject::Exact(|| vec![four_arm(REWARDS).batch_trace(1, without_baseline)]),
            expected: || vec![four_arm(REWARDS).batch_trace(1, with_seven)],
            judge: Judge::Ratio { bound: Bound::Above(7.0), why: "\"only the variance differs\", put as a number" },
            counterfeits: &[Counterfeit {
                story: "b=5",
                subject: Subject::Exact(|| {
                    vec![four_arm(REWARDS).batch_trace(1, |world, batch| update(world, batch, 5.0))]
                }),
            }],
        },
        Trial {
            name: "the update without a baseline, drawn",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3,5,8,12), b=0",
            subject: Subject::Sampled(|| four_arm(REWARDS).sample(1, without_baseline)),
            expected: || by_hand(&[0.25; 4], &REWARDS),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the indicator alone, without − π",
                subject: Subject::Sampled(|| {
                    four_arm(REWARDS).sample_paths(|path| {
                        let mut out = vec![0.0; 4];
                        out[path.actions[0] as usize] = path.rewards[0];
                        out
                    })
                }),
            }],
        },
    ],
};

/// The update after arm `a` was sampled.
fn after_arm(a: u32, baseline: f64) -> Vec<f64> {
    let world = four_arm(REWARDS);
    let path = world.paths().iter().find(|(_, path)| path.actions[0] == a).expect("every arm can be sampled");
    update(&world, &Batch::of(1, [&path.1]), baseline)
}

pub(in crate::claims) static ALL_POSITIVE: Claim = Claim {
    id: "ch12-bl-all-actions-positive-reinforcement",
    origin: Origin::Guide,
    quote: "Without a baseline, all actions receive positive reinforcement; every action gets pushed up",
    statement: "In a sample the sampled action goes up and all others go down; in the mean those below the average go down.",
    because: "The score e_a − π sums to zero: probabilities cannot all rise.",
    lesson: "With positive rewards whatever was tried goes up, even the worst arm, at the cost of the others. \"Every action\" \
             is true \
             one sample after another: each update raises one of them, and lowers the others.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "update_worst_arm",
        what: "the update after the worst arm was sampled, b=0",
        value: Value::List(|| after_arm(0, 0.0)),
    }],
    trials: &[
        Trial {
            name: "whichever arm is sampled goes up",
            role: Role::Confirms,
            setting: "set-four-arm, rewards (3,5,8,12), uniform, b=0: the sampled arm's own entry, for each arm",
            subject: Subject::Exact(|| (0..4).map(|a| after_arm(a, 0.0)[a as usize]).collect()),
            expected: || vec![0.0; 4],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "with b=7 the two worst go down",
                subject: Subject::Exact(|| (0..4).map(|a| after_arm(a, 7.0)[a as usize]).collect()),
            }],
        },
        Trial {
            name: "and the others down: r (e_a − π)",
            role: Role::Limits,
            setting: "the same, the worst arm sampled; by hand 3(1−¼), −¾, −¾, −¾",
            subject: Subject::Exact(|| after_arm(0, 0.0)),
            expected: || vec![2.25, -0.75, -0.75, -0.75],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "every action up",
                subject: Subject::Exact(|| vec![2.25, 0.75, 0.75, 0.75]),
            }],
        },
        Trial {
            name: "in the mean the arms below the average go down",
            role: Role::Limits,
            setting: "the same: minus the entries of the two worst arms are above zero",
            subject: Subject::Exact(|| {
                four_arm(REWARDS).batch_mean(1, without_baseline)[..2].iter().map(|x| -x).collect()
            }),
            expected: || vec![0.0; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the two best",
                subject: Subject::Exact(|| {
                    four_arm(REWARDS).batch_mean(1, without_baseline)[2..].iter().map(|x| -x).collect()
                }),
            }],
        },
    ],
};

const POLICIES: [[f64; 4]; 3] = [[0.25; 4], [0.05, 0.1, 0.25, 0.6], [0.01, 0.02, 0.07, 0.9]];

/// The laboratory's bandit at given probabilities, with a constant added to the rewards.
fn at(pi: &[f64; 4], shift: f64) -> World {
    let logits: Vec<f64> = pi.iter().map(|p| numeric::ln(*p)).collect();
    World::new(bandit(&REWARDS.map(|r| r + shift)), tabular(1, 4, &logits))
}

/// `b* = E[|g|² r]/E|g|²`.
fn best_constant(world: &World) -> f64 {
    let square = |path: &Trajectory| dot(&world.sum_of_scores(path), &world.sum_of_scores(path));
    world.mean(|path| square(path) * total(path)) / world.mean(square)
}

/// `trVar/|∇J|²` with b = 0, J, b*, by enumeration.
fn relative_variances(pi: &[f64; 4]) -> Vec<f64> {
    let world = at(pi, 0.0);
    let gradient = world.gradient();
    let of = |b: f64| world.trace(|path| world.weighted(path, |_| total(path) - b)) / dot(&gradient, &gradient);
    vec![of(0.0), of(world.objective()), of(best_constant(&world))]
}

/// The same by the oracle's closed forms, with its own optimal constant.
fn relative_by_oracle(pi: &[f64; 4]) -> Vec<f64> {
    let world = at(pi, 0.0);
    let gradient = world.oracle().gradient().to_vec();
    let forms = [Baseline::None, Baseline::Constant(world.objective()), Baseline::OptimalConstant];
    forms.map(|b| world.recursion_trace(&Form::total(b)) / dot(&gradient, &gradient)).to_vec()
}

/// trVar(0)/trVar(mean) for the three policies.
fn variance_ratios(shift: f64) -> Vec<f64> {
    POLICIES
        .map(|pi| {
            let world = at(&pi, shift);
            let of = |b: f64| world.trace(|path| world.weighted(path, |_| total(path) - b));
            of(0.0) / of(world.objective())
        })
        .to_vec()
}

fn ratios_by_oracle(shift: f64) -> Vec<f64> {
    POLICIES
        .map(|pi| {
            let world = at(&pi, shift);
            let of = |b: Baseline| world.recursion_trace(&Form::total(b));
            of(Baseline::None) / of(Baseline::Constant(world.objective()))
        })
        .to_vec()
}

pub(in crate::claims) static SIGNAL_COLLAPSES: Claim = Claim {
    id: "ch12-bl-snr-collapses",
    origin: Origin::Guide,
    quote: "Signal-to-noise ratio collapses; estimates dominated by the reward scale rather than differences",
    statement: "trVar(0)/trVar(b=mean) depends on the mean reward relative to its spread, and changes along training.",
    because: "trVar(b) = trVar(b*) + E|g|² (b−b*)²: without a baseline the noise grows with the square of the mean.",
    lesson: "A moderate factor for these rewards, smaller late in training, enormous with a constant added. \"Collapses\" needs \
             a mean \
             that is large beside the spread.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "relvar_uniform",
            what: "uniform policy: trVar/|∇J|² for b=0, J, b*",
            value: Value::List(|| relative_variances(&POLICIES[0])),
        },
        Quantity {
            key: "relvar_late",
            what: "(.01,.02,.07,.9): the same",
            value: Value::List(|| relative_variances(&POLICIES[2])),
        },
        Quantity {
            key: "variance_ratio",
            what: "trVar(0)/trVar(mean) for the three policies",
            value: Value::List(|| variance_ratios(0.0)),
        },
        Quantity {
            key: "variance_ratio_shifted",
            what: "the same with 100 added to the rewards",
            value: Value::List(|| variance_ratios(100.0)),
        },
    ],
    trials: &[
        Trial {
            name: "with a constant of 100 the baseline saves a factor of more than a hundred",
            role: Role::Confirms,
            setting: "rewards (103,105,108,112); pi uniform, (.05,.1,.25,.6), (.01,.02,.07,.9)",
            subject: Subject::Exact(|| variance_ratios(100.0)),
            expected: || vec![100.0; 3],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "without the constant",
                subject: Subject::Exact(|| variance_ratios(0.0)),
            }],
        },
        Trial {
            name: "without it a factor of less than ten, falling along training",
            role: Role::Limits,
            setting: "rewards (3,5,8,12): the three ratios, and the second and third against the first and second",
            subject: Subject::Exact(|| {
                let ratios = variance_ratios(0.0);
                [&ratios[..], &ratios[1..]].concat()
            }),
            expected: || {
                let ratios = variance_ratios(0.0);
                [&[10.0; 3][..], &ratios[..2]].concat()
            },
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "with 100 added",
                subject: Subject::Exact(|| {
                    let ratios = variance_ratios(100.0);
                    [&ratios[..], &ratios[1..]].concat()
                }),
            }],
        },
        Trial {
            name: "the ratios, by enumeration and by the oracle's closed forms",
            role: Role::Limits,
            setting: "both sets of rewards, three policies; relative to their size",
            subject: Subject::Exact(|| {
                let oracle = [ratios_by_oracle(0.0), ratios_by_oracle(100.0)].concat();
                [variance_ratios(0.0), variance_ratios(100.0)].concat().iter().zip(oracle).map(|(x, y)| x / y).collect()
            }),
            expected: || vec![1.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "b=7 for the mean, whatever the policy",
                subject: Subject::Exact(|| {
                    let fixed = POLICIES.map(|pi| {
                        let world = at(&pi, 0.0);
                        let of = |b: f64| world.recursion_trace(&Form::total(Baseline::Constant(b)));
                        of(0.0) / of(7.0)
                    });
                    let oracle = ratios_by_oracle(0.0);
                    let parts: Vec<f64> = fixed.iter().zip(oracle).map(|(x, y)| x / y).collect();
                    [parts, vec![1.0; 3]].concat()
                }),
            }],
        },
        Trial {
            name: "the relative variances, by both routes",
            role: Role::Limits,
            setting: "rewards (3,5,8,12): uniform and late, b = 0, J, b*",
            subject: Subject::Exact(|| [relative_variances(&POLICIES[0]), relative_variances(&POLICIES[2])].concat()),
            expected: || [relative_by_oracle(&POLICIES[0]), relative_by_oracle(&POLICIES[2])].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "late policies like the uniform one",
                subject: Subject::Exact(|| relative_variances(&POLICIES[0]).repeat(2)),
            }],
        },
    ],
};

/// `E d'²` after a step on the Gaussian mean with N samples and the baseline b* = −(d²+3σ²), by quadrature.
fn mean_square(d: f64, sigma: f64, alpha: f64, n: f64) -> f64 {
    let best = -(d * d + 3.0 * sigma * sigma);
    let estimate = |z: f64| z / sigma * (-(d + sigma * z) * (d + sigma * z) - best);
    let mean = numeric::normal_expectation(24, estimate);
    let variance = numeric::normal_expectation(24, |z| (estimate(z) - mean) * (estimate(z) - mean));
    (d + alpha * mean) * (d + alpha * mean) + alpha * alpha * variance / n
}

/// `(1−2α)² + 8α²/N`.
fn factor(alpha: f64, n: f64) -> f64 {
    (1.0 - 2.0 * alpha) * (1.0 - 2.0 * alpha) + 8.0 * alpha * alpha / n
}

const COUNTS: [f64; 4] = [1.0, 2.0, 8.0, 100.0];

/// The distances after one to six steps along the oracle's gradient, from d=1.3.
fn exact_steps(alpha: f64) -> Vec<f64> {
    let mut d = 1.3;
    let step = |_| {
        d += alpha * one_step_gaussian(d, 0.5).gradient()[0];
        d
    };
    (0..6).map(step).collect()
}

/// Draws of `d'²` with one sample, from d=1.3, σ=.5; the baseline b*, or none.
fn squared_distances(alpha: f64, with_baseline: bool) -> Sample {
    let (d, sigma) = (1.3, 0.5);
    let best = if with_baseline { -(d * d + 3.0 * sigma * sigma) } else { 0.0 };
    let square = move |z: f64| {
        let step = alpha * z / sigma * (-(d + sigma * z) * (d + sigma * z) - best);
        (d + step) * (d + step)
    };
    let mean = numeric::normal_expectation(24, square);
    let variance = numeric::normal_expectation(24, |z| (square(z) - mean) * (square(z) - mean));
    Box::new(Draws::new(vec![mean], vec![variance], move |stream, out| out[0] = square(stream.normal())))
}

pub(in crate::claims) static HALF_ON_GAUSSIAN: Claim = Claim {
    id: "ch12-bl-alpha-0.5-linear-gaussian",
    origin: Origin::Ours,
    quote: "(same) where oscillation/divergence is real",
    statement: "For a Gaussian mean with reward −k d²: with exact gradients d' = (1−2kα) d; with N samples and the optimal \
                baseline \
                (k=1) E d'² = [(1−2α)² + 8α²/N] d² + 6α²σ²/N, stable if and only if α < 1/(1+2/N).",
    because: "Moments of the normal up to the sixth; the estimate's variance grows with d², so noise feeds on distance.",
    lesson: "The same α diverges with one sample, is marginal with two and contracts with more: \"too high\" is relative to \
             curvature \
             and to N.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "mean_square_factor",
            what: "(1−2α)² + 8α²/N at α=.5 for N=1, 2, 8, 100",
            value: Value::List(|| COUNTS.map(|n| factor(0.5, n)).to_vec()),
        },
        Quantity {
            key: "critical_alpha",
            what: "the largest stable α for N=1, 8, 100",
            value: Value::List(|| [1.0, 8.0, 100.0].map(|n| 1.0 / (1.0 + 2.0 / n)).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "the mean square after a step, by quadrature and in closed form",
            role: Role::Confirms,
            setting: "d=1.3, σ=.5, b*=−(d²+3σ²), α=.5, N = 1, 2, 8, 100",
            subject: Subject::Exact(|| COUNTS.map(|n| mean_square(1.3, 0.5, 0.5, n)).to_vec()),
            expected: || COUNTS.map(|n| factor(0.5, n) * 1.69 + 6.0 * 0.25 * 0.25 / n).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "exact gradients: (1−2α)² d² alone",
                subject: Subject::Exact(|| COUNTS.map(|_| factor(0.5, f64::INFINITY) * 1.69).to_vec()),
            }],
        },
        Trial {
            name: "exact steps past 1/2 alternate, and past 1 they diverge",
            role: Role::Confirms,
            setting: "set-gaussian, d=1.3: six steps of α = .75 and 1.25 along the oracle's gradient; (1−2α)ⁿ d by hand",
            subject: Subject::Exact(|| [exact_steps(0.75), exact_steps(1.25)].concat()),
            expected: || {
                let powers = |alpha: f64| (1..=6).map(move |n| 1.3 * numeric::power(1.0 - 2.0 * alpha, n));
                powers(0.75).chain(powers(1.25)).collect()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "α = .25: no alternation",
                subject: Subject::Exact(|| exact_steps(0.25).repeat(2)),
            }],
        },
        Trial {
            name: "with one sample α=.5 doubles the squared distance",
            role: Role::Confirms,
            setting: "the factor of d² by quadrature, far out (d=1000, σ=1), N=1",
            subject: Subject::Exact(|| vec![mean_square(1000.0, 1.0, 0.5, 1.0) / 1e6]),
            expected: || vec![1.0],
            judge: Judge::Ratio { bound: Bound::Above(1.9), why: "it diverges" },
            counterfeits: &[Counterfeit {
                story: "with eight samples",
                subject: Subject::Exact(|| vec![mean_square(1000.0, 1.0, 0.5, 8.0) / 1e6]),
            }],
        },
        Trial {
            name: "with eight it contracts",
            role: Role::Limits,
            setting: "the same, N=8 and 100",
            subject: Subject::Exact(|| [8.0, 100.0].map(|n| mean_square(1000.0, 1.0, 0.5, n) / 1e6).to_vec()),
            expected: || vec![1.0; 2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "with one",
                subject: Subject::Exact(|| vec![mean_square(1000.0, 1.0, 0.5, 1.0) / 1e6; 2]),
            }],
        },
        Trial {
            name: "the critical step sizes",
            role: Role::Limits,
            setting: "N = 1, 8, 100: where the quadrature's factor of d² (from d=1000 and 2000, σ=1) is one",
            subject: Subject::Exact(|| [1.0, 8.0, 100.0].map(critical).to_vec()),
            expected: || [1.0, 8.0, 100.0].map(|n| 1.0 / (1.0 + 2.0 / n)).to_vec(),
            judge: Judge::Exact { tolerance: 1e-9, why: "a root of a quadrature of numbers of the size of 1e6" },
            counterfeits: &[Counterfeit {
                story: "one, as with exact gradients",
                subject: Subject::Exact(|| vec![1.0; 3]),
            }],
        },
        Trial {
            name: "one step with one sample, drawn",
            role: Role::Confirms,
            setting: "d=1.3, σ=.5, α=.5, N=1: the mean of d'²",
            subject: Subject::Sampled(|| squared_distances(0.5, true)),
            expected: || vec![factor(0.5, 1.0) * 1.69 + 6.0 * 0.25 * 0.25],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without the baseline",
                subject: Subject::Sampled(|| squared_distances(0.5, false)),
            }],
        },
    ],
};

/// The step size at which the factor of d², from the difference of two distances, is one.
fn critical(n: f64) -> f64 {
    let slope = |alpha: f64| (mean_square(2000.0, 1.0, alpha, n) - mean_square(1000.0, 1.0, alpha, n)) / 3e6 - 1.0;
    numeric::root(0.01, 3.0, slope).expect("small steps contract, large ones do not")
}

pub(in crate::claims) static ONE_IS_NOISY: Claim = Claim {
    id: "ch12-bl-n1-unbiased-noisy",
    origin: Origin::Guide,
    quote: "With N=1 the estimate is unbiased but wildly noisy",
    statement: "The estimate of one trajectory is unbiased and has N times the variance of the mean of N.",
    because: "Independent trajectories; the mean does not depend on N.",
    lesson: "\"Wildly\" is a number: the noise is about three times the signal here with V1 and over twice with V2.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "relvar_v1",
            what: "trVar(V1)/|∇J|², set-mdp-1296",
            value: Value::Number(|| trajectories_for_signal()[0]),
        },
        Quantity {
            key: "relvar_v2", what: "trVar(V2)/|∇J|²", value: Value::Number(|| trajectories_for_signal()[1])
        },
    ],
    trials: &[
        Trial {
            name: "one trajectory is unbiased",
            role: Role::Confirms,
            setting: "set-mdp-1296, N=1: V1 and V2 by enumeration; ∇J by dynamic programming",
            subject: Subject::Exact(|| [v1, v2].map(|subject| mdp_1296().batch_mean(1, subject)).concat()),
            expected: || mdp_1296().gradient().repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the batch's mean as its baseline",
                subject: Subject::Exact(|| {
                    [in_batch_total, in_batch_to_go].map(|subject| mdp_1296().batch_mean(1, subject)).concat()
                }),
            }],
        },
        Trial {
            name: "its variance relative to the squared gradient, by both routes",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(trajectories_for_signal),
            expected: trajectories_by_recursion,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "that of pairs",
                subject: Subject::Exact(|| scale(0.5, &trajectories_for_signal())),
            }],
        },
        Trial {
            name: "N trajectories have a N-th of it",
            role: Role::Confirms,
            setting: "set-mdp-16, N = 1, 2, 3: all ordered batches; the recursion's divided by N",
            subject: Subject::Exact(trace_by_size),
            expected: trace_over_size,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the root of N in place of N",
                subject: Subject::Exact(|| {
                    let one = trace_over_size()[0];
                    (1..=3).map(|n| one / f64::from(n).sqrt()).collect()
                }),
            }],
        },
        Trial {
            name: "one trajectory's noise, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296: squared errors of V1",
            subject: Subject::Sampled(|| mdp_1296().sample_errors(1, v1)),
            expected: || vec![mdp_1296().recursion_trace(&Form::total(Baseline::None))],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "V2", subject: Subject::Sampled(|| mdp_1296().sample_errors(1, v2)) }],
        },
    ],
};

/// Whether an estimate points against the gradient.
fn against(estimate: &[f64], gradient: &[f64]) -> f64 {
    f64::from(u8::from(dot(estimate, gradient) < 0.0))
}

/// `P(ĝ·∇J < 0)` of V1, V2 and V3(b=J) on set-mdp-1296, by the estimators.
fn wrong_in_mdp() -> Vec<f64> {
    let (gradient, average) = (mdp_1296().gradient(), mdp_1296().objective());
    mdp_1296().expect(|path| {
        let batch = Batch::of(path.len(), [path]);
        let estimates = [v1(mdp_1296(), &batch), v2(mdp_1296(), &batch), v3(mdp_1296(), &batch, average)];
        estimates.iter().map(|estimate| against(estimate, &gradient)).collect()
    })
}

/// The same with scores along dual numbers and returns summed by hand.
fn wrong_by_hand() -> Vec<f64> {
    let world = mdp_1296();
    let (gradient, average) = (world.oracle().gradient().to_vec(), world.oracle().objective());
    world.expect(|path| {
        let score = |t: usize| {
            let (o, a) = (path.observations[t] as usize, path.actions[t] as usize);
            crate::autodiff::gradient(world.policy.parameters(), |theta| {
                probability(&world.policy, theta, t, o, a).ln()
            })
        };
        let along: Vec<f64> = (0..4).map(|t| dot(&score(t), &gradient)).collect();
        let weighted = |weight: &dyn Fn(usize) -> f64| {
            let sum: f64 = (0..4).map(|t| weight(t) * along[t]).sum();
            f64::from(u8::from(sum < 0.0))
        };
        vec![weighted(&|_| total(path)), weighted(&|t| to_go(path, t)), weighted(&|t| to_go(path, t) - average)]
    })
}

/// `P(ĝ·∇J < 0)` on the four arms by the estimator.
fn wrong_on_arms(baseline: f64) -> f64 {
    let world = four_arm(REWARDS);
    let gradient = world.gradient();
    world.mean(|path| against(&update(&world, &Batch::of(1, [path]), baseline), &gradient))
}

pub(in crate::claims) static WRONG_DIRECTION: Claim = Claim {
    id: "ch12-bl-n1-wrong-direction",
    origin: Origin::Guide,
    quote: "Some updates push the policy in completely wrong directions just by chance",
    statement: "P(ĝ·∇J < 0) is positive for a single sample, and depends on the estimator.",
    because: "The estimate is right in the mean; a sample's sign is that of (r − b) times how its score lies to the gradient.",
    lesson: "Single-trajectory updates often point away from the gradient, less often with reward-to-go and a baseline; on the \
             four \
             arms the mean as baseline removes them all.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "p_wrong_mdp",
            what: "P(ĝ·∇J < 0) of V1, V2, V3(b=J), set-mdp-1296",
            value: Value::List(wrong_in_mdp),
        },
        Quantity { key: "p_wrong_arms_b0", what: "four arms, b=0", value: Value::Number(|| wrong_on_arms(0.0)) },
        Quantity { key: "p_wrong_arms_b7", what: "four arms, b=7", value: Value::Number(|| wrong_on_arms(7.0)) },
    ],
    trials: &[
        Trial {
            name: "the probabilities in a world, by the estimators and by dual numbers",
            role: Role::Confirms,
            setting: "set-mdp-1296: V1, V2, V3(b=J), all trajectories",
            subject: Subject::Exact(wrong_in_mdp),
            expected: wrong_by_hand,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "how often they point along it",
                subject: Subject::Exact(|| wrong_in_mdp().iter().map(|p| 1.0 - p).collect()),
            }],
        },
        Trial {
            name: "on the arms: half of them without a baseline, none with the mean",
            role: Role::Confirms,
            setting: "set-four-arm, rewards (3,5,8,12): the sign is that of (r−b)(r−7), by hand ½ and 0",
            subject: Subject::Exact(|| vec![wrong_on_arms(0.0), wrong_on_arms(7.0)]),
            expected: || vec![0.5, 0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "b=10, between the two best",
                subject: Subject::Exact(|| vec![wrong_on_arms(0.0), wrong_on_arms(10.0)]),
            }],
        },
        Trial {
            name: "more than a tenth of V1's and V2's updates, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296: the probability that a single trajectory points against ∇J",
            subject: Subject::Sampled(|| {
                let gradient = mdp_1296().gradient();
                mdp_1296().sample(1, move |world, batch| {
                    vec![against(&v1(world, batch), &gradient), against(&v2(world, batch), &gradient)]
                })
            }),
            expected: || vec![0.1; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the four arms with the mean as baseline",
                subject: Subject::Sampled(|| {
                    let gradient = four_arm(REWARDS).gradient();
                    four_arm(REWARDS)
                        .sample(1, move |world, batch| vec![against(&with_seven(world, batch), &gradient); 2])
                }),
            }],
        },
    ],
};

pub(in crate::claims) static PARALLEL: Claim = Claim {
    id: "ch12-bl-n100-or-parallel",
    origin: Origin::Guide,
    quote: "use N=100+ trajectories, or equivalently parallelize (vectorized envs)",
    statement: "N independent environments are N trajectories: the same law of the estimate; its noise falls with 1/√N.",
    because: "The estimate is a mean over trajectories, whoever collects them (ch04-more-N-less-noise).",
    lesson: "Equivalent, as long as the environments are independent and their episodes complete.",
    recorded: Finding::Holds,
    quantities: &[],
    trials: &[
        Trial {
            name: "the variance is that of one trajectory over N",
            role: Role::Confirms,
            setting: "set-mdp-16, N = 1, 2, 3: all ordered batches; the recursion's divided by N",
            subject: Subject::Exact(trace_by_size),
            expected: trace_over_size,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "environments in lockstep on the same random numbers: no less noise",
                subject: Subject::Exact(|| vec![trace_over_size()[0]; 3]),
            }],
        },
        Trial {
            name: "three environments' noise, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16, N=3: squared errors of V1's mean",
            subject: Subject::Sampled(|| mdp_16().sample_errors(3, v1)),
            expected: || vec![trace_over_size()[2]],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "two environments",
                subject: Subject::Sampled(|| mdp_16().sample_errors(2, v1)),
            }],
        },
    ],
};

const CONVERGING: [f64; 4] = [0.5, 0.7, 0.9, 0.99];

/// Var(b=mean)/Var(b=0) of a two-arm bandit with rewards 1 and 0, by enumeration.
fn average_over_none(p: f64) -> f64 {
    two_arm_variance(p, p) / two_arm_variance(p, 0.0)
}

pub(in crate::claims) static LATE: Claim = Claim {
    id: "ch12-bl-baseline-late-training",
    origin: Origin::Ours,
    quote: "(Remove baseline) effect along training",
    statement: "The average baseline becomes harmful beside b=0 once the policy is nearly deterministic at an arm with a large \
                reward: \
                Var(b=mean)/Var(b=0) = ((2p−1)/(1−p))².",
    because: "b* = (1−p) r1 + p r0 moves to the worse arm's reward while the mean moves to the better one's.",
    lesson: "Helpful while the policy is undecided, harmful once the good arm dominates; the crossover is at p = 2/3 here.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "ratio",
        what: "Var(b=mean)/Var(b=0) for p=.5, .7, .9, .99",
        value: Value::List(|| CONVERGING.map(average_over_none).to_vec()),
    }],
    trials: &[
        Trial {
            name: "the ratio, by enumeration and in closed form",
            role: Role::Confirms,
            setting: "set-two-arm, r1=1, r0=0, p = .5, .7, .9, .99; relative to 1 plus the closed form",
            subject: Subject::Exact(|| {
                CONVERGING.map(|p| (1.0 + average_over_none(p)) / (1.0 + crossover(p))).to_vec()
            }),
            expected: || vec![1.0; 4],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the better arm's share: (2p−1)/p",
                subject: Subject::Exact(|| {
                    let wrong = |p: f64| numeric::power((2.0 * p - 1.0) / p, 2);
                    CONVERGING.map(|p| (1.0 + wrong(p)) / (1.0 + crossover(p))).to_vec()
                }),
            }],
        },
        Trial {
            name: "while the policy is undecided the average helps",
            role: Role::Confirms,
            setting: "p = .5, .6, .65",
            subject: Subject::Exact(|| [0.5, 0.6, 0.65].map(average_over_none).to_vec()),
            expected: || vec![1.0; 3],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "p = .7",
                subject: Subject::Exact(|| vec![average_over_none(0.7); 3]),
            }],
        },
        Trial {
            name: "past p = 2/3 it harms",
            role: Role::Limits,
            setting: "p = .7, .9, .99; and the crossover, where the enumerated ratio is one",
            subject: Subject::Exact(|| [0.7, 0.9, 0.99].map(average_over_none).to_vec()),
            expected: || vec![1.0; 3],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the best constant",
                subject: Subject::Exact(|| {
                    let best = |p: f64| two_arm_variance(p, 1.0 - p) / two_arm_variance(p, 0.0);
                    [0.7, 0.9, 0.99].map(best).to_vec()
                }),
            }],
        },
        Trial {
            name: "the crossover",
            role: Role::Limits,
            setting: "the root of the enumerated ratio less one, between .5 and .9",
            subject: Subject::Exact(|| {
                vec![numeric::root(0.5, 0.9, |p| average_over_none(p) - 1.0).expect("it crosses")]
            }),
            expected: || vec![2.0 / 3.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "three quarters", subject: Subject::Exact(|| vec![0.75]) }],
        },
    ],
};

/// `((2p−1)/(1−p))²`.
fn crossover(p: f64) -> f64 {
    numeric::power((2.0 * p - 1.0) / (1.0 - p), 2)
}
