//! Large returns without a baseline, and small advantages with one.

use crate::claims::prelude::*;
use crate::environment::{TabularMdp, Transition};

/// One choice between two actions, action 1 with probability `p`, and one of the returns with equal probabilities
/// whatever was chosen.
fn lottery(p: f64, returns: &[f64]) -> World {
    let outcome = |reward: &f64| {
        let probability = 1.0 / returns.len() as f64;
        Transition { probability, next: 0, reward: *reward, terminated: false }
    };
    let row: Vec<Transition> = returns.iter().map(outcome).collect();
    let mdp = TabularMdp::new(1, 1.0, vec![1.0], vec![vec![row.clone(), row]]).expect("a row of probabilities");
    World::new(mdp, two_arm(p, 0.0, 0.0).policy)
}

/// 95 and 105; the integers between them.
fn two_points() -> Vec<f64> {
    vec![95.0, 105.0]
}

fn integers() -> Vec<f64> {
    (95..=105).map(f64::from).collect()
}

/// The variance of one sample's estimate with a constant baseline.
fn variance(world: &World, b: f64) -> f64 {
    world.batches(1, if b == 0.0 { v1 } else { less_100 }).covariance.trace()
}

/// The total return less 100.
fn less_100(world: &World, batch: &Batch) -> Vec<f64> {
    v1_less(world, batch, 100.0)
}

/// Var(b=0)/Var(b=100) of the estimate, by enumeration.
fn variance_ratio(returns: &[f64]) -> f64 {
    let world = lottery(0.3, returns);
    variance(&world, 0.0) / variance(&world, 100.0)
}

/// `∫ f` over [95, 105] by Simpson's rule, which is exact for cubics.
fn simpson(f: impl Fn(f64) -> f64) -> f64 {
    let panel = |i: i32| {
        let (a, b) = (95.0 + f64::from(i), 96.0 + f64::from(i));
        (f(a) + 4.0 * f(0.5 * (a + b)) + f(b)) / 6.0
    };
    numeric::sum((0..10).map(panel))
}

/// E[r²]/E[(r − b)²] of the uniform distribution on [95, 105], by quadrature.
fn uniform_ratio(b: f64) -> f64 {
    simpson(|r| r * r) / simpson(|r| (r - b) * (r - b))
}

/// Draws of `(ψ (r − b))²/(E[ψ²] Var r)` for returns uniform on [95, 105], with the score `ψ` of a choice that has
/// nothing to do with them: the mean is the estimate's variance in units of that with the mean as its baseline.
fn squares(b: f64) -> Sample {
    let p = 0.3;
    let moment = |of: fn(f64) -> f64| p * of(1.0 - p) + (1.0 - p) * of(-p);
    let (score_2, score_4) = (moment(|x| x * x), moment(|x| numeric::power(x, 4)));
    // E(r−b)² and E(r−b)⁴ with r − 100 uniform on [−5, 5]: moments 25/3 and 125.
    let (d, second, fourth) = (100.0 - b, 25.0 / 3.0, 125.0);
    let (square, quartic) = (second + d * d, fourth + 6.0 * d * d * second + numeric::power(d, 4));
    let unit = 1.0 / (score_2 * second);
    let (mean, mean_square) = (unit * score_2 * square, unit * unit * score_4 * quartic);
    Box::new(Draws::new(vec![mean], vec![mean_square - mean * mean], move |stream, out| {
        let score = if stream.uniform() < p { 1.0 - p } else { -p };
        let estimate = score * (95.0 + 10.0 * stream.uniform() - b);
        out[0] = unit * estimate * estimate;
    }))
}

/// Wrong: the baseline is subtracted where action 1 was taken, and nowhere else.
fn one_sided(world: &World, batch: &Batch) -> Vec<f64> {
    mean_over(batch, |path| world.weighted(path, |_| total(path) - 100.0 * f64::from(path.actions[0])))
}

pub(in crate::claims) static SAME_GRADIENT: Claim = Claim {
    id: "ch12-adv-b0-same-expected-gradient",
    origin: Origin::Guide,
    quote: "use b=0 to get larger gradient magnitudes (returns 95..105)",
    statement: "The expected gradient does not change; the size of one sample's estimate grows by |r|/|r−b|, and all of the \
                increase is \
                noise: variances in the ratio E[r²]/Var(r).",
    because: "E[g b] = 0. Where returns are independent of the score, Var = E[g²] E[(r−b)²].",
    lesson: "400 to 1200 times the variance for the same mean: as many times the samples for the same accuracy.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "ratio_two_point",
            what: "Var(b=0)/Var(b=mean), returns 95 or 105",
            value: Value::Number(|| variance_ratio(&two_points())),
        },
        Quantity {
            key: "ratio_integers",
            what: "the same, the integers 95..105",
            value: Value::Number(|| variance_ratio(&integers())),
        },
        Quantity {
            key: "ratio_uniform",
            what: "the same, uniform on [95, 105]",
            value: Value::Number(|| uniform_ratio(100.0)),
        },
    ],
    trials: &[
        Trial {
            name: "the ratio is E[r²]/Var(r)",
            role: Role::Confirms,
            setting: "returns independent of the action, P(a=1)=.3: 95 or 105, and the integers between; estimates enumerated \
                      against 1 + 100²/25 and 1 + 100²·12/(11²−1)",
            subject: Subject::Exact(|| vec![variance_ratio(&two_points()), variance_ratio(&integers())]),
            expected: || vec![1.0 + 10_000.0 / 25.0, 1.0 + 10_000.0 * 12.0 / 120.0],
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "b=0 on both sides",
                    subject: Subject::Exact(|| {
                        let same = |returns: &[f64]| {
                            let world = lottery(0.3, returns);
                            variance(&world, 0.0) / variance(&world, 0.0)
                        };
                        vec![same(&two_points()), same(&integers())]
                    }),
                },
                Counterfeit {
                    story: "the ratio of the mean sizes, squared",
                    subject: Subject::Exact(|| {
                        let sizes = |returns: &[f64]| {
                            let world = lottery(0.3, returns);
                            let size = |b: f64| world.mean(|path| norm(&world.weighted(path, |_| total(path) - b)));
                            numeric::power(size(0.0) / size(100.0), 2)
                        };
                        vec![sizes(&two_points()), sizes(&integers())]
                    }),
                },
            ],
        },
        Trial {
            name: "for uniform returns",
            role: Role::Confirms,
            setting: "returns uniform on [95, 105]: quadrature against 1 + 12·100²/10²",
            subject: Subject::Exact(|| vec![uniform_ratio(100.0)]),
            expected: || vec![1.0 + 12.0 * 10_000.0 / 100.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "b=98 for the mean",
                subject: Subject::Exact(|| vec![uniform_ratio(98.0)]),
            }],
        },
        Trial {
            name: "the expected gradient is the same",
            role: Role::Confirms,
            setting: "set-two-arm, r1=105, r0=95, p=.5, b=0 and 100: estimates enumerated against dual numbers",
            subject: Subject::Exact(|| {
                let world = two_arm(0.5, 105.0, 95.0);
                [world.batch_mean(1, v1), world.batch_mean(1, less_100)].concat()
            }),
            expected: || two_arm(0.5, 105.0, 95.0).gradient().repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the baseline subtracted for one action alone",
                subject: Subject::Exact(|| {
                    let world = two_arm(0.5, 105.0, 95.0);
                    [world.batch_mean(1, v1), world.batch_mean(1, one_sided)].concat()
                }),
            }],
        },
        Trial {
            name: "one sample's estimate grows by |r|/|r−b|",
            role: Role::Confirms,
            setting: "the same: ‖ĝ(b=0)‖/‖ĝ(b=100)‖ for each action",
            subject: Subject::Exact(|| size_ratios(0.0)),
            expected: || vec![95.0 / 5.0, 105.0 / 5.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "b=90", subject: Subject::Exact(|| size_ratios(90.0)) }],
        },
        Trial {
            name: "the expected gradient without a baseline, drawn",
            role: Role::Confirms,
            setting: "set-two-arm, r1=105, r0=95, p=.5, b=0",
            subject: Subject::Sampled(|| two_arm(0.5, 105.0, 95.0).sample(1, v1)),
            expected: || two_arm(0.5, 105.0, 95.0).gradient(),
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.1),
                why: "the noise is twenty times the mean, and the counterfeit is off by ten times the mean",
            },
            counterfeits: &[Counterfeit {
                story: "the baseline subtracted for one action alone",
                subject: Subject::Sampled(|| two_arm(0.5, 105.0, 95.0).sample(1, one_sided)),
            }],
        },
        Trial {
            name: "the ratio for uniform returns, drawn",
            role: Role::Confirms,
            setting: "squared estimates without a baseline, in units of the variance with the mean; returns uniform on [95, 105]",
            subject: Subject::Sampled(|| squares(0.0)),
            expected: || vec![uniform_ratio(100.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "with half of the mean as a baseline",
                subject: Subject::Sampled(|| squares(50.0)),
            }],
        },
        Trial {
            name: "the variance with the mean as the baseline, drawn",
            role: Role::Confirms,
            setting: "the same with b=100",
            subject: Subject::Sampled(|| squares(100.0)),
            expected: || vec![1.0],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "b=98", subject: Subject::Sampled(|| squares(98.0)) }],
        },
    ],
};

/// The sizes of the estimates of action 0 and of action 1 with baseline `b` over those with 100.
fn size_ratios(b: f64) -> Vec<f64> {
    let world = two_arm(0.5, 105.0, 95.0);
    let size = |path: &Trajectory, b: f64| norm(&v1_less(&world, &Batch::of(1, [path]), b));
    world.paths().iter().map(|(_, path)| size(path, b) / size(path, 100.0)).collect()
}

/// Mean and variance of one sample's estimate in set-two-arm with r1=105 and r0=95, by enumeration.
fn moments(p: f64, b: f64) -> (f64, f64) {
    let world = two_arm(p, 105.0, 95.0);
    let estimate = |path: &Trajectory| v1_less(&world, &Batch::of(1, [path]), b);
    (world.expect(estimate)[0], world.trace(estimate))
}

/// `p(1−p)(b−b*)²` with `b* = (1−p) r1 + p r0`.
fn closed_variance(p: f64, b: f64) -> f64 {
    let best = 105.0 * (1.0 - p) + 95.0 * p;
    p * (1.0 - p) * (b - best) * (b - best)
}

/// The pairs `(p, b)` of the closed form's trial.
const PAIRS: [(f64, f64); 6] = [(0.5, 0.0), (0.5, 100.0), (0.9, 0.0), (0.9, 96.0), (0.9, 100.0), (0.9, 104.0)];

pub(in crate::claims) static TWO_ARM_EXACT: Claim = Claim {
    id: "ch12-adv-two-arm-exact",
    origin: Origin::Ours,
    quote: "(same) with an action-dependent return",
    statement: "Var(b) = p(1−p)(b−b*)² with b* = (1−p) r1 + p r0; the gradient p(1−p)(r1−r0) does not depend on b.",
    because: "The two values of the estimate, (1−p)(r1−b) and −p(r0−b), differ by b* − b.",
    lesson: "At p=.5 the baseline 100 leaves no noise at all; without one the noise is 50 for a gradient of 2.5. At other p the \
             best \
             baseline is not the mean return: it weighs each return by the other's probability.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "gradient", what: "the expected gradient", value: Value::Number(|| moments(0.5, 0.0).0) },
        Quantity { key: "var_b0", what: "the variance at b=0", value: Value::Number(|| moments(0.5, 0.0).1) },
        Quantity { key: "var_b100", what: "the variance at b=100", value: Value::Number(|| moments(0.5, 100.0).1) },
    ],
    trials: &[
        Trial {
            name: "the variances by the closed form",
            role: Role::Confirms,
            setting: "set-two-arm, r1=105, r0=95; p=.5 with b=0, 100, and p=.9 with b=0, 96, 100, 104; estimates enumerated",
            subject: Subject::Exact(|| PAIRS.map(|(p, b)| moments(p, b).1).to_vec()),
            expected: || PAIRS.map(|(p, b)| closed_variance(p, b)).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "centred at the mean return",
                subject: Subject::Exact(|| {
                    PAIRS.map(|(p, b)| p * (1.0 - p) * numeric::power(b - 95.0 - 10.0 * p, 2)).to_vec()
                }),
            }],
        },
        Trial {
            name: "the gradient does not depend on b",
            role: Role::Confirms,
            setting: "the same, against p(1−p)(r1−r0)",
            subject: Subject::Exact(|| PAIRS.map(|(p, b)| moments(p, b).0).to_vec()),
            expected: || PAIRS.map(|(p, _)| 10.0 * p * (1.0 - p)).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the baseline subtracted for action 1 alone",
                subject: Subject::Exact(|| {
                    let mean = |(p, b): (f64, f64)| {
                        let world = two_arm(p, 105.0, 95.0);
                        world.expect(|path| world.weighted(path, |_| total(path) - b * f64::from(path.actions[0])))[0]
                    };
                    PAIRS.map(mean).to_vec()
                }),
            }],
        },
        Trial {
            name: "the variance without a baseline, drawn",
            role: Role::Confirms,
            setting: "set-two-arm, r1=105, r0=95, p=.9, b=0",
            subject: Subject::Sampled(|| two_arm(0.9, 105.0, 95.0).sample_errors(1, v1)),
            expected: || vec![closed_variance(0.9, 0.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "b=20",
                subject: Subject::Sampled(|| {
                    two_arm(0.9, 105.0, 95.0).sample_errors(1, |world, batch| v1_less(world, batch, 20.0))
                }),
            }],
        },
        Trial {
            name: "the gradient with b=100, drawn",
            role: Role::Confirms,
            setting: "set-two-arm, r1=105, r0=95, p=.9, b=100",
            subject: Subject::Sampled(|| two_arm(0.9, 105.0, 95.0).sample(1, less_100)),
            expected: || vec![10.0 * 0.9 * 0.1],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the baseline subtracted for action 1 alone",
                subject: Subject::Sampled(|| two_arm(0.9, 105.0, 95.0).sample(1, one_sided)),
            }],
        },
    ],
};

/// `J = 95 + 10 p`.
fn average(p: f64) -> f64 {
    95.0 + 10.0 * p
}

/// |gradient|/√Var of one sample, by enumeration and in closed form.
fn signal(p: f64, b: f64) -> f64 {
    let (mean, variance) = moments(p, b);
    mean.abs() / variance.sqrt()
}

fn closed_signal(p: f64, b: f64) -> f64 {
    10.0 * p * (1.0 - p) / closed_variance(p, b).sqrt()
}

/// The mean size of one sample's estimate.
fn mean_size(p: f64, b: f64) -> f64 {
    let world = two_arm(p, 105.0, 95.0);
    world.mean(|path| norm(&v1_less(&world, &Batch::of(1, [path]), b)))
}

/// `(1/N) Σ_i g_i (r_i − mean)/deviation` over the batch; nothing where all returns are the same.
fn normalised(world: &World, batch: &Batch) -> Vec<f64> {
    let returns: Vec<f64> = (0..batch.len()).map(|i| batch.rewards(i)[0]).collect();
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    let variance = returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / returns.len() as f64;
    let unit = if variance > 0.0 { 1.0 / variance.sqrt() } else { 0.0 };
    mean_over(batch, |path| world.weighted(path, |_| unit * (total(path) - mean)))
}

/// Its mean for batches of three, over the number `k` of actions 1: advantages √((3−k)/k) and −√(k/(3−k)).
fn normalised_mean(p: f64) -> f64 {
    let of = |k: f64, ways: f64| {
        let probability = ways * numeric::power(p, k as usize) * numeric::power(1.0 - p, 3 - k as usize);
        let (high, low) = (((3.0 - k) / k).sqrt(), -(k / (3.0 - k)).sqrt());
        probability * (k * (1.0 - p) * high + (3.0 - k) * -p * low) / 3.0
    };
    of(1.0, 3.0) + of(2.0, 3.0)
}

pub(in crate::claims) static GRADIENTS_TINY: Claim = Claim {
    id: "ch12-adv-gradients-tiny",
    origin: Origin::Guide,
    quote: "The gradient estimates are tiny (advantages +-5 on a scale of 100)",
    statement: "The estimates are small with a baseline, but their size is not information: what counts is ‖∇J‖ relative to the \
                noise. \
                Normalised steps are scale-free, and near the optimum the true gradient is small.",
    because: "SNR = |p(1−p)(r1−r0)|/√(p(1−p)(b−b*)²): the offset of the returns is noise alone.",
    lesson: "Without the baseline the estimates are twenty times as large and the signal-to-noise ratio falls about tenfold. If \
             steps \
             are too small, raise α or normalise the advantages; do not drop the baseline.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "gradient",
            what: "dJ/dθ for p=.5,.9,.99",
            value: Value::List(|| [0.5, 0.9, 0.99].map(|p| moments(p, 0.0).0).to_vec()),
        },
        Quantity {
            key: "snr_mean",
            what: "signal-to-noise with b=J for p=.9,.99",
            value: Value::List(|| [0.9, 0.99].map(|p| signal(p, average(p))).to_vec()),
        },
        Quantity {
            key: "snr_b0",
            what: "signal-to-noise with b=0 for p=.5,.9,.99",
            value: Value::List(|| [0.5, 0.9, 0.99].map(|p| signal(p, 0.0)).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "estimates with the mean return are small beside those without",
            role: Role::Confirms,
            setting: "set-two-arm, r1=105, r0=95, p=.5, .9, .99: mean size with b=J, against 200 p(1−p), that at b=0",
            subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| mean_size(p, average(p))).to_vec()),
            expected: || [0.5, 0.9, 0.99].map(|p: f64| p * (1.0 - p) * (105.0 + 95.0)).to_vec(),
            judge: Judge::Ratio { bound: Bound::Below(0.06), why: "it is a twentieth" },
            counterfeits: &[Counterfeit {
                story: "b=80",
                subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| mean_size(p, 80.0)).to_vec()),
            }],
        },
        Trial {
            name: "but say more",
            role: Role::Limits,
            setting: "set-two-arm, r1=105, r0=95, p=.9, .99: signal-to-noise with b=J against b=0",
            subject: Subject::Exact(|| [0.9, 0.99].map(|p| signal(p, average(p))).to_vec()),
            expected: || [0.9, 0.99].map(|p| closed_signal(p, 0.0)).to_vec(),
            judge: Judge::Ratio { bound: Bound::Above(9.0), why: "about ten times as much" },
            counterfeits: &[Counterfeit {
                story: "b=50, half of the offset",
                subject: Subject::Exact(|| [0.9, 0.99].map(|p| signal(p, 50.0)).to_vec()),
            }],
        },
        Trial {
            name: "the five ratios in closed form",
            role: Role::Limits,
            setting: "the same: estimates enumerated against p(1−p)·10/√(p(1−p)(b−b*)²)",
            subject: Subject::Exact(|| signals(signal)),
            expected: || signals(closed_signal),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the size of the estimate in place of the noise",
                subject: Subject::Exact(|| signals(|p, b| moments(p, b).0 / mean_size(p, b))),
            }],
        },
        Trial {
            name: "near the optimum the true gradient is small",
            role: Role::Limits,
            setting: "set-two-arm, r1=105, r0=95, p=.5, .9, .99: dual numbers against 10 p(1−p)",
            subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| two_arm(p, 105.0, 95.0).gradient()[0]).to_vec()),
            expected: || [0.5, 0.9, 0.99].map(|p| 10.0 * p * (1.0 - p)).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the natural gradient, which does not vanish",
                subject: Subject::Exact(|| {
                    let natural = |p: f64| {
                        let world = two_arm(p, 105.0, 95.0);
                        world.gradient()[0] / world.oracle().fisher()[(0, 0)]
                    };
                    [0.5, 0.9, 0.99].map(natural).to_vec()
                }),
            }],
        },
        Trial {
            name: "normalised advantages do not see the scale",
            role: Role::Limits,
            setting: "two arms, p=.9, N=3, all batches; returns 95 and 105, 1900 and 2100: against the law of the count",
            subject: Subject::Exact(|| {
                [(105.0, 95.0), (2100.0, 1900.0)]
                    .map(|(r1, r0)| two_arm(0.9, r1, r0).batch_mean(3, normalised)[0])
                    .to_vec()
            }),
            expected: || vec![normalised_mean(0.9); 2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean subtracted alone",
                subject: Subject::Exact(|| {
                    [(105.0, 95.0), (2100.0, 1900.0)]
                        .map(|(r1, r0)| two_arm(0.9, r1, r0).batch_mean(3, in_batch_total)[0])
                        .to_vec()
                }),
            }],
        },
        Trial {
            name: "normalised advantages, drawn",
            role: Role::Limits,
            setting: "the same, returns 95 and 105",
            subject: Subject::Sampled(|| two_arm(0.9, 105.0, 95.0).sample(3, normalised)),
            expected: || vec![normalised_mean(0.9)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the mean subtracted alone",
                subject: Subject::Sampled(|| two_arm(0.9, 105.0, 95.0).sample(3, in_batch_total)),
            }],
        },
        Trial {
            name: "the noise with the mean return, drawn",
            role: Role::Limits,
            setting: "set-two-arm, r1=105, r0=95, p=.9, b=J=104",
            subject: Subject::Sampled(|| {
                two_arm(0.9, 105.0, 95.0).sample_errors(1, |world, batch| v1_less(world, batch, average(0.9)))
            }),
            expected: || vec![closed_variance(0.9, average(0.9))],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without a baseline",
                subject: Subject::Sampled(|| two_arm(0.9, 105.0, 95.0).sample_errors(1, v1)),
            }],
        },
    ],
};

/// Signal-to-noise with b=J for p=.9, .99 and with b=0 for p=.5, .9, .99.
fn signals(of: fn(f64, f64) -> f64) -> Vec<f64> {
    [[0.9, 0.99].map(|p| of(p, average(p))).to_vec(), [0.5, 0.9, 0.99].map(|p| of(p, 0.0)).to_vec()].concat()
}

/// The mean of a subject on 20 samples of four arms, by the multinomial law of the counts: a subject that does not see the
/// order of its samples is asked once for each of the 1771 counts.
fn mean_by_counts(subject: fn(&World, &Batch) -> Vec<f64>) -> Vec<f64> {
    let world = four_arm(EXAMPLE);
    let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
    let mut sums = vec![numeric::Sum::new(); 4];
    for code in 0..21_usize.pow(3) {
        let [a, b, c] = [code / 441, code / 21 % 21, code % 21];
        if a + b + c > 20 {
            continue;
        }
        let counts = [a, b, c, 20 - a - b - c];
        let ways = factorial(20) / counts.iter().map(|n| factorial(*n)).product::<f64>();
        let arms = counts.iter().zip(world.paths()).flat_map(|(n, (_, path))| std::iter::repeat_n(path, *n));
        let estimate = subject(&world, &Batch::of(1, arms));
        for (sum, x) in sums.iter_mut().zip(estimate) {
            sum.add(ways * numeric::power(0.25, 20) * x);
        }
    }
    sums.into_iter().map(numeric::Sum::value).collect()
}

/// The oracle's mean with a baseline of the batch.
fn oracle_mean(world: &World, baseline: Baseline) -> Vec<f64> {
    world.oracle().moments(&Form::total(baseline)).expect("a form of the catalogue").mean
}

/// The part along `∇J` of the oracle's mean: E/∇J where it is parallel.
fn factor(n: usize) -> f64 {
    let gradient = mdp_16().gradient();
    dot(&oracle_mean(mdp_16(), Baseline::InBatchMean { batch: n }), &gradient) / dot(&gradient, &gradient)
}

/// Draws of `ĝ·∇J/‖∇J‖²` on batches of 20 from set-mdp-16, with the mean and the variance of the form by its recursions.
fn projected(baseline: Baseline, subject: fn(&World, &Batch) -> Vec<f64>) -> Sample {
    let world = mdp_16();
    let gradient = world.gradient();
    let direction = scale(1.0 / dot(&gradient, &gradient), &gradient);
    let form = Form::total(baseline);
    let oracle = world.oracle();
    let mean = dot(&oracle.moments(&form).expect("a form of the catalogue").mean, &direction);
    let covariance = oracle.covariance(&form).expect("few parameters");
    let pairs = (0..4).flat_map(|i| (0..4).map(move |j| (i, j)));
    let variance = numeric::sum(pairs.map(|(i, j)| direction[i] * covariance[(i, j)] * direction[j])) / 20.0;
    Box::new(Draws::new(vec![mean], vec![variance], move |stream, out| {
        let mut draw = || {
            let mut rest = stream.uniform();
            let chosen = world.paths().iter().find(|(p, _)| {
                rest -= p;
                rest < 0.0
            });
            &chosen.unwrap_or(&world.paths()[15]).1
        };
        let batch = Batch::of(2, std::array::from_fn::<_, 20, _>(|_| draw()));
        out[0] = dot(&subject(world, &batch), &direction);
    }))
}

pub(in crate::claims) static IN_BATCH_MEAN: Claim = Claim {
    id: "ch12-adv-in-batch-mean",
    origin: Origin::Guide,
    quote: "using baseline b=mean(returns)",
    statement: "The mean of the batch, own return included, shrinks the gradient by 1 − 1/N: negligible for large N.",
    because: "b contains r(τ_i)/N, and E[g r(τ)]/N = ∇J/N is subtracted.",
    lesson: "At N=20 it is 19/20 of the gradient, in its direction; at N=1000 nobody will notice. With N=2 half is lost. \
             Leave the own return out, or multiply by N/(N−1).",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "factor_n20",
        what: "E of the in-batch-mean estimate over ∇J at N=20",
        value: Value::Number(|| factor(20)),
    }],
    trials: &[
        Trial {
            name: "negligible in a large batch",
            role: Role::Confirms,
            setting: "set-mdp-16, N=1000: the form's mean against ∇J",
            subject: Subject::Exact(|| oracle_mean(mdp_16(), Baseline::InBatchMean { batch: 1000 })),
            expected: || mdp_16().gradient(),
            judge: Judge::Exact { tolerance: 1e-3, why: "a thousandth" },
            counterfeits: &[Counterfeit {
                story: "N=20",
                subject: Subject::Exact(|| oracle_mean(mdp_16(), Baseline::InBatchMean { batch: 20 })),
            }],
        },
        Trial {
            name: "19/20 of the gradient from 20 samples of four arms",
            role: Role::Limits,
            setting: "set-four-arm, rewards (2, 5, 8, 12), N=20: the subject on all 1771 counts, with their law",
            subject: Subject::Exact(|| mean_by_counts(in_batch_total)),
            expected: || scale(19.0 / 20.0, &four_arm(EXAMPLE).gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "leave-one-out",
                subject: Subject::Exact(|| mean_by_counts(leave_one_out)),
            }],
        },
        Trial {
            name: "19/20 from 20 trajectories",
            role: Role::Limits,
            setting: "set-mdp-16, N=20: the form's mean by its recursion against (1−1/20) ∇J by dual numbers",
            subject: Subject::Exact(|| oracle_mean(mdp_16(), Baseline::InBatchMean { batch: 20 })),
            expected: || scale(19.0 / 20.0, &mdp_16().gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "leave-one-out",
                subject: Subject::Exact(|| oracle_mean(mdp_16(), Baseline::LeaveOneOut { batch: 20 })),
            }],
        },
        Trial {
            name: "half of it from pairs",
            role: Role::Limits,
            setting: "set-mdp-16, N=2, all 256 batches",
            subject: Subject::Exact(|| mdp_16().batch_mean(2, in_batch_total)),
            expected: || scale(0.5, &mdp_16().gradient()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "leave-one-out",
                subject: Subject::Exact(|| mdp_16().batch_mean(2, leave_one_out)),
            }],
        },
        Trial {
            name: "the factor from 20 trajectories, drawn",
            role: Role::Limits,
            setting: "set-mdp-16, N=20: the subject's estimate along ∇J, in units of ∇J",
            subject: Subject::Sampled(|| projected(Baseline::InBatchMean { batch: 20 }, in_batch_total)),
            expected: || vec![0.95],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.0125),
                why: "a quarter of the twentieth that is lost",
            },
            counterfeits: &[Counterfeit {
                story: "leave-one-out",
                subject: Subject::Sampled(|| projected(Baseline::LeaveOneOut { batch: 20 }, leave_one_out)),
            }],
        },
    ],
};
