//! The best constant baseline, and what the average does instead.

use crate::claims::prelude::*;

/// `E|g|²`, `E[|g|² r]` of set-mdp-1296, with g the sum of scores.
fn squared_scores() -> [f64; 2] {
    let world = mdp_1296();
    let square = |path: &Trajectory| {
        let g = world.sum_of_scores(path);
        dot(&g, &g)
    };
    [world.mean(square), world.mean(|path| square(path) * total(path))]
}

/// `b* = E[|g|² r] / E|g|²`.
fn best_constant() -> f64 {
    let [square, weighted] = squared_scores();
    weighted / square
}

/// `b*_k = E[g_k² r] / E[g_k²]`.
fn best_per_parameter() -> Vec<f64> {
    let world = mdp_1296();
    let squares = |path: &Trajectory| world.sum_of_scores(path).iter().map(|g| g * g).collect::<Vec<f64>>();
    let weighted = world.expect(|path| scale(total(path), &squares(path)));
    weighted.iter().zip(world.expect(squares)).map(|(x, y)| x / y).collect()
}

/// trVar of the total-return form with a baseline for each parameter, by enumeration.
fn trace_with(baseline: &[f64]) -> f64 {
    let world = mdp_1296();
    world.trace(|path| {
        let g = world.sum_of_scores(path);
        g.iter().zip(baseline).map(|(g, b)| g * (total(path) - b)).collect()
    })
}

/// trVar with b=0, b=J, b=b*, and component k with b*_k.
fn four_traces() -> Vec<f64> {
    let constant = |b: f64| trace_with(&[b; 6]);
    vec![constant(0.0), constant(mdp_1296().objective()), constant(best_constant()), trace_with(&best_per_parameter())]
}

/// The same by the conditional-moment recursion.
fn recursion_traces() -> Vec<f64> {
    let oracle = mdp_1296().oracle();
    let trace = |baseline: Baseline| oracle.moments(&Form::total(baseline)).expect("in the catalogue").trace();
    [Baseline::None, Baseline::Constant(oracle.objective()), Baseline::OptimalConstant, Baseline::OptimalPerParameter]
        .map(trace)
        .to_vec()
}

const TWO_ARMS: [(f64, f64, f64); 4] = [(0.9, 1.0, 0.0), (0.5, 3.0, -1.0), (0.2, 2.0, 5.0), (0.75, -4.0, 1.0)];

/// b* of the two-arm bandit, by enumeration.
fn two_arm_best((p, r1, r0): (f64, f64, f64)) -> f64 {
    let world = two_arm(p, r1, r0);
    let square = |path: &Trajectory| dot(&world.sum_of_scores(path), &world.sum_of_scores(path));
    world.mean(|path| square(path) * total(path)) / world.mean(square)
}

/// The reward of set-gaussian at `a − c = d + σz`.
fn gaussian_reward(d: f64, sigma: f64, z: f64) -> f64 {
    -(d + sigma * z) * (d + sigma * z)
}

const GAUSSIANS: [(f64, f64); 3] = [(1.5, 0.4), (0.0, 1.0), (-2.0, 0.7)];

fn gaussian_best((d, sigma): (f64, f64)) -> f64 {
    numeric::normal_expectation(16, |z| z * z * gaussian_reward(d, sigma, z))
}

pub(in crate::claims) static AVERAGE_BEST: Claim = Claim {
    id: "ch07-average-is-best-baseline",
    origin: Origin::Guide,
    quote: "Best simple baseline: average reward b=(1/N) sum r(tau_i)",
    statement: "The constant with the least variance is b* = E[|g|² r]/E|g|², by parameter b*_k = E[g_k² r]/E[g_k²]; the \
                average is optimal if and only if Cov(|g|², r) = 0.",
    because: "trVar is a parabola in b (Weaver & Tao 2001; Greensmith et al. 2004; Peters & Schaal 2008).",
    lesson: "The optimum weights returns by the squared score. In the two-arm bandit it is the mean with the \
             probabilities exchanged; for the Gaussian it lies below the mean reward.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "b_star", what: "b* = E[|g|² r]/E|g|²", value: Value::Number(best_constant) },
        Quantity { key: "b_star_per_parameter", what: "b*_k, by [s,a]", value: Value::List(best_per_parameter) },
        Quantity {
            key: "trvar",
            what: "trVar with b=0, b=J, b=b*, and component k with b*_k",
            value: Value::List(four_traces),
        },
    ],
    trials: &[
        Trial {
            name: "the average has more variance than b*",
            role: Role::Contradicts,
            setting: "set-mdp-1296: trVar of V1 − b g with b=J, against b=b*",
            subject: Subject::Exact(|| vec![four_traces()[1]]),
            expected: || vec![recursion_traces()[2]],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a constant for each parameter",
                subject: Subject::Exact(|| vec![four_traces()[3]]),
            }],
        },
        Trial {
            name: "b* and b*_k, by enumeration and by the oracle",
            role: Role::Contradicts,
            setting: MDP_1296,
            subject: Subject::Exact(|| [vec![best_constant()], best_per_parameter()].concat()),
            expected: || {
                let oracle = mdp_1296().oracle();
                let best = |baseline| oracle.optimal_constants(&Form::total(baseline)).expect("in the catalogue");
                [vec![best(Baseline::OptimalConstant)[0]], best(Baseline::OptimalPerParameter)].concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the average",
                subject: Subject::Exact(|| vec![mdp_1296().objective(); 7]),
            }],
        },
        Trial {
            name: "all four variances by the recursion",
            role: Role::Contradicts,
            setting: MDP_1296,
            subject: Subject::Exact(four_traces),
            expected: recursion_traces,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the average in place of b*",
                subject: Subject::Exact(|| {
                    let traces = four_traces();
                    vec![traces[0], traces[1], traces[1], traces[3]]
                }),
            }],
        },
        Trial {
            name: "two arms: the mean with the probabilities exchanged",
            role: Role::Contradicts,
            setting: "set-two-arm; (p, r1, r0) = (.9,1,0), (.5,3,−1), (.2,2,5), (.75,−4,1)",
            subject: Subject::Exact(|| TWO_ARMS.map(two_arm_best).to_vec()),
            expected: || TWO_ARMS.map(|(p, r1, r0)| (1.0 - p) * r1 + p * r0).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the average reward",
                subject: Subject::Exact(|| TWO_ARMS.map(|(p, r1, r0)| two_arm(p, r1, r0).objective()).to_vec()),
            }],
        },
        Trial {
            name: "a Gaussian: below the mean reward",
            role: Role::Contradicts,
            setting: "set-gaussian; (d, σ) = (1.5,.4), (0,1), (−2,.7)",
            subject: Subject::Exact(|| GAUSSIANS.map(gaussian_best).to_vec()),
            expected: || GAUSSIANS.map(|(d, sigma)| -(d * d + 3.0 * sigma * sigma)).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean reward",
                subject: Subject::Exact(|| {
                    let mean = |(d, sigma)| numeric::normal_expectation(16, |z| gaussian_reward(d, sigma, z));
                    GAUSSIANS.map(mean).to_vec()
                }),
            }],
        },
        Trial {
            name: "the variance that b* saves against b=J, drawn in pairs",
            role: Role::Contradicts,
            setting: MDP_1296,
            subject: Subject::Sampled(|| saving(best_constant())),
            expected: || vec![recursion_traces()[1] - recursion_traces()[2]],
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.2),
                why: "a fifth of a small difference, which is above zero all the same",
            },
            counterfeits: &[Counterfeit {
                story: "nothing is saved, as the guide says",
                subject: Subject::Sampled(|| saving(mdp_1296().objective())),
            }],
        },
    ],
};

/// Draws of `|g (r − J) − ∇J|² − |g (r − b) − ∇J|²`, both of the same trajectory.
fn saving(b: f64) -> Sample {
    let (gradient, average) = (mdp_1296().gradient(), mdp_1296().objective());
    mdp_1296().sample(1, move |world, batch| {
        let square = |b: f64| centred_square(&v1_less(world, batch, b), &gradient)[0];
        vec![square(average) - square(b)]
    })
}

/// Draws of `|g (r − b) − ∇J|²`.
fn squared_error(b: f64) -> Sample {
    mdp_1296().sample_errors(1, move |world, batch| v1_less(world, batch, b))
}

/// The variance of `g (r − b)` in a two-arm bandit, by enumeration.
pub(in crate::claims) fn two_arm_variance(p: f64, b: f64) -> f64 {
    let world = two_arm(p, 1.0, 0.0);
    world.trace(|path| world.weighted(path, |_| total(path) - b))
}

pub(in crate::claims) static AVERAGE_INCREASES: Claim = Claim {
    id: "ch07-average-increases-variance",
    origin: Origin::Guide,
    quote: "Baselines: less variance (cheat sheet 6) - counter-example with the average reward",
    statement: "Var(b) = p(1−p)(b−b*)² with b* = (1−p)r1 + p r0: the average can be farther from b* than 0 is.",
    because: "With two arms the estimate takes two values, equal at b*.",
    lesson: "For a good, nearly converged policy the average multiplies the variance by ((2p−1)/(1−p))², here 64. b helps \
             if and only if it lies between 0 and 2b*.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "var_b0", what: "the variance at b=0", value: Value::Number(|| two_arm_variance(0.9, 0.0)) },
        Quantity { key: "var_b_mean", what: "at b = E r", value: Value::Number(|| two_arm_variance(0.9, 0.9)) },
        Quantity { key: "var_b_star", what: "at b = b*", value: Value::Number(|| two_arm_variance(0.9, 0.1)) },
        Quantity {
            key: "ratio",
            what: "Var(b=E r)/Var(b=0)",
            value: Value::Number(|| two_arm_variance(0.9, 0.9) / two_arm_variance(0.9, 0.0)),
        },
    ],
    trials: &[
        Trial {
            name: "the average multiplies the variance by ((2p−1)/(1−p))²",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.9, r1=1, r0=0",
            subject: Subject::Exact(|| vec![two_arm_variance(0.9, 0.9) / two_arm_variance(0.9, 0.0)]),
            expected: || vec![numeric::power((2.0 * 0.9 - 1.0) / (1.0 - 0.9), 2)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "b* in place of the average",
                subject: Subject::Exact(|| vec![two_arm_variance(0.9, 0.1) / two_arm_variance(0.9, 0.0)]),
            }],
        },
        Trial {
            name: "the parabola p(1−p)(b−b*)²",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.9, r1=1, r0=0; b = 0, .1, .5, .9",
            subject: Subject::Exact(|| [0.0, 0.1, 0.5, 0.9].map(|b| two_arm_variance(0.9, b)).to_vec()),
            expected: || [0.0, 0.1, 0.5, 0.9].map(|b: f64| 0.09 * (b - 0.1) * (b - 0.1)).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "centred at the average",
                subject: Subject::Exact(|| [0.0, 0.1, 0.5, 0.9].map(|b: f64| 0.09 * (b - 0.9) * (b - 0.9)).to_vec()),
            }],
        },
        Trial {
            name: "the variance with the average, drawn",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.9, r1=1, r0=0",
            subject: Subject::Sampled(|| two_arm_errors(0.9)),
            expected: || vec![0.09 * 0.8 * 0.8],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without a baseline",
                subject: Subject::Sampled(|| two_arm_errors(0.0)),
            }],
        },
    ],
};

/// Draws of the squared error of `g (r − b)` at p = .9.
fn two_arm_errors(b: f64) -> Sample {
    let world = two_arm(0.9, 1.0, 0.0);
    world.sample_errors(1, move |world, batch| v1_less(world, batch, b))
}

const CONSTANTS: [f64; 5] = [-1.0, 1.0, 2.0, 5.0, 9.0];

/// `trVar(0) − 2b E[|g|² r] + b² E|g|²`.
fn parabola(b: f64) -> f64 {
    let [square, weighted] = squared_scores();
    recursion_traces()[0] - 2.0 * b * weighted + b * b * square
}

pub(in crate::claims) static PARABOLA: Claim = Claim {
    id: "ch07-variance-parabola",
    origin: Origin::Guide,
    quote: "Reduces variance by centering rewards",
    statement: "trVar(b) = trVar(0) − 2b E[|g|² r] + b² E|g|²: a reduction if and only if b lies between 0 and 2b*.",
    because: "The estimate is linear in b, its mean does not depend on it.",
    lesson: "Outside that interval any constant baseline increases the variance.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "e_score_sq", what: "E|g|²", value: Value::Number(|| squared_scores()[0]) },
        Quantity { key: "e_score_sq_return", what: "E[|g|² r]", value: Value::Number(|| squared_scores()[1]) },
        Quantity {
            key: "two_b_star",
            what: "2b*, the upper end of the useful interval",
            value: Value::Number(|| 2.0 * best_constant()),
        },
    ],
    trials: &[
        Trial {
            name: "the parabola at five constants",
            role: Role::Confirms,
            setting: "set-mdp-1296, total return; b = −1, 1, 2, 5, 9",
            subject: Subject::Exact(|| CONSTANTS.map(|b| trace_with(&[b; 6])).to_vec()),
            expected: || CONSTANTS.map(parabola).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the square",
                subject: Subject::Exact(|| CONSTANTS.map(|b| parabola(b) - b * b * squared_scores()[0]).to_vec()),
            }],
        },
        Trial {
            name: "inside (0, 2b*) it helps",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = 1, 2, 5",
            subject: Subject::Exact(|| [1.0, 2.0, 5.0].map(|b| trace_with(&[b; 6])).to_vec()),
            expected: || vec![recursion_traces()[0]; 3],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "their negatives",
                subject: Subject::Exact(|| [-1.0, -2.0, -5.0].map(|b| trace_with(&[b; 6])).to_vec()),
            }],
        },
        Trial {
            name: "outside it hurts",
            role: Role::Limits,
            setting: "set-mdp-1296, b = −1, 9 and 1 % beyond 2b*",
            subject: Subject::Exact(|| [-1.0, 9.0, 2.02 * best_constant()].map(|b| trace_with(&[b; 6])).to_vec()),
            expected: || vec![recursion_traces()[0]; 3],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "1 % short of 2b*",
                subject: Subject::Exact(|| [-1.0, 9.0, 1.98 * best_constant()].map(|b| trace_with(&[b; 6])).to_vec()),
            }],
        },
        Trial {
            name: "the variance with b=2, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| squared_error(2.0)),
            expected: || vec![parabola(2.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "b=1", subject: Subject::Sampled(|| squared_error(1.0)) }],
        },
        Trial {
            name: "the variance with b=9, drawn",
            role: Role::Limits,
            setting: MDP_1296,
            subject: Subject::Sampled(|| squared_error(9.0)),
            expected: || vec![parabola(9.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "b=8", subject: Subject::Sampled(|| squared_error(8.0)) }],
        },
    ],
};

const OFFSET: f64 = 1.5;
const SIGMA: f64 = 0.4;

/// `(z/σ)(r − b)` at d=1.5, σ=.4.
fn gaussian_estimate(b: f64, z: f64) -> f64 {
    z / SIGMA * (gaussian_reward(OFFSET, SIGMA, z) - b)
}

/// Its variance, by quadrature.
fn gaussian_variance(b: f64) -> f64 {
    let mean = numeric::normal_expectation(16, |z| gaussian_estimate(b, z));
    numeric::normal_expectation(16, |z| numeric::power(gaussian_estimate(b, z) - mean, 2))
}

/// b=0, b=mean, b=b*.
fn gaussian_constants() -> [f64; 3] {
    let square = SIGMA * SIGMA;
    [0.0, -(OFFSET * OFFSET + square), -(OFFSET * OFFSET + 3.0 * square)]
}

/// The variance of the pathwise gradient `−2(d + σz)`.
fn pathwise_variance() -> f64 {
    let mean = numeric::normal_expectation(8, |z| -2.0 * (OFFSET + SIGMA * z));
    numeric::normal_expectation(8, |z| numeric::power(-2.0 * (OFFSET + SIGMA * z) - mean, 2))
}

fn gaussian_draws(b: f64) -> Sample {
    // The squared error, so that its mean is the variance.
    let mean = numeric::normal_expectation(16, |z| gaussian_estimate(b, z));
    let error = move |z: f64| numeric::power(gaussian_estimate(b, z) - mean, 2);
    let variance = gaussian_variance(b);
    let spread = numeric::normal_expectation(24, |z| numeric::power(error(z) - variance, 2));
    Box::new(Draws::new(vec![variance], vec![spread], move |stream, out| out[0] = error(stream.normal())))
}

pub(in crate::claims) static OPTIMAL_GAUSSIAN: Claim = Claim {
    id: "ch07-baseline-optimal-gaussian",
    origin: Origin::Ours,
    quote: "(closed form for continuous actions)",
    statement: "Var(b) = Var* + (b−b*)²/σ² with b* = −(d²+3σ²) and Var* = 6σ²+8d²; at b=0 d⁴/σ²+14d²+15σ², at the mean \
                10σ²+8d²; of the pathwise gradient 4σ².",
    because: "Moments of the normal distribution up to the sixth (Isserlis 1918).",
    lesson: "The best baseline does not catch the pathwise gradient where the reward can be differentiated.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "var_b0",
            what: "the variance at b=0",
            value: Value::Number(|| gaussian_variance(gaussian_constants()[0])),
        },
        Quantity {
            key: "var_b_mean",
            what: "at b = E r",
            value: Value::Number(|| gaussian_variance(gaussian_constants()[1])),
        },
        Quantity {
            key: "var_b_star",
            what: "at b = b*",
            value: Value::Number(|| gaussian_variance(gaussian_constants()[2])),
        },
        Quantity {
            key: "var_pathwise",
            what: "of the pathwise gradient −2(a−c)",
            value: Value::Number(pathwise_variance),
        },
    ],
    trials: &[
        Trial {
            name: "the formulas by quadrature",
            role: Role::Confirms,
            setting: "set-gaussian, d=1.5, σ=.4",
            subject: Subject::Exact(|| {
                let [zero, mean, best] = gaussian_constants().map(gaussian_variance);
                vec![zero, mean, best, pathwise_variance()]
            }),
            expected: || {
                let (d2, s2) = (OFFSET * OFFSET, SIGMA * SIGMA);
                vec![d2 * d2 / s2 + 14.0 * d2 + 15.0 * s2, 10.0 * s2 + 8.0 * d2, 6.0 * s2 + 8.0 * d2, 4.0 * s2]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "b=0 three times",
                subject: Subject::Exact(|| {
                    let zero = gaussian_variance(0.0);
                    vec![zero, zero, zero, pathwise_variance()]
                }),
            }],
        },
        Trial {
            name: "the variance at b*, drawn",
            role: Role::Confirms,
            setting: "set-gaussian, d=1.5, σ=.4",
            subject: Subject::Sampled(|| gaussian_draws(gaussian_constants()[2])),
            expected: || vec![6.0 * SIGMA * SIGMA + 8.0 * OFFSET * OFFSET],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "at b=0", subject: Subject::Sampled(|| gaussian_draws(0.0)) }],
        },
        Trial {
            name: "the variances by quadrature and by pairings",
            role: Role::Confirms,
            setting: "set-gaussian, d=1.5, σ=.4: b=0, the mean and b*; Isserlis' sum over pairings",
            subject: Subject::Exact(|| gaussian_constants().map(gaussian_variance).to_vec()),
            expected: || {
                let exact = one_step_gaussian(OFFSET, SIGMA);
                gaussian_constants().map(|b| exact.reward_to_go(b).variance[0]).to_vec()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the score of log σ",
                subject: Subject::Exact(|| {
                    let exact = one_step_gaussian(OFFSET, SIGMA);
                    gaussian_constants().map(|b| exact.reward_to_go(b).variance[1]).to_vec()
                }),
            }],
        },
    ],
};
