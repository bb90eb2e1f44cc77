//! What the natural gradient does to the mean and to the noise of an estimate.

use super::natural::natural_of;
use super::steps::{gaussian_information, iterated, natural_1296};
use crate::claims::prelude::*;
use crate::estimator::{Fisher, NaturalGradient, TotalReturn, damped_solve, sampled_fisher};
use crate::numeric::Matrix;

/// `F⁺ ĝ` with the exact matrix.
fn preconditioned(world: &World, batch: &Batch) -> Vec<f64> {
    damped_solve(&world.oracle().fisher(), 0.0, &v2(world, batch))
}

pub(in crate::claims) static KEEPS_DIRECTION: Claim = Claim {
    id: "ch07-natural-keeps-expected-direction",
    origin: Origin::Guide,
    quote: "Natural gradient: changes the direction (not the expectation of direction)",
    statement: "E[F⁻¹ĝ] = F⁻¹∇J: another vector, in another direction, than ∇J.",
    because: "Expectation is linear, and ∇J is no eigenvector of F.",
    lesson: "On set-mdp-1296 the expected direction turns by 8° and its length grows by a factor of 1.6. It is still \
             an ascent direction, ∇Jᵀ F⁺ ∇J > 0; that is all.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "natural_gradient", what: "F⁺∇J", value: Value::List(natural_1296) },
        Quantity {
            key: "angle_deg",
            what: "its angle to ∇J, degrees",
            value: Value::Number(|| angle(&natural_1296(), &mdp_1296().gradient())),
        },
        Quantity {
            key: "norm_ratio",
            what: "‖F⁺∇J‖/‖∇J‖",
            value: Value::Number(|| norm(&natural_1296()) / norm(&mdp_1296().gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "the mean of F⁺ĝ is F⁺∇J",
            role: Role::Contradicts,
            setting: "set-mdp-1296, ĝ = V2: every trajectory enumerated, and F⁺∇J by conjugate gradients",
            subject: Subject::Exact(|| {
                let eigen = numeric::Eigen::of(&mdp_1296().oracle().fisher());
                mdp_1296().expect(|path| eigen.pseudo_solve(&v2(mdp_1296(), &Batch::of(4, [path]))))
            }),
            expected: || iterated(10).solution,
            judge: Judge::Exact { tolerance: 1e-9, why: "the residual is below 1e-10" },
            counterfeits: &[Counterfeit { story: "∇J itself", subject: Subject::Exact(|| mdp_1296().gradient()) }],
        },
        Trial {
            name: "it points elsewhere",
            role: Role::Contradicts,
            setting: "set-mdp-1296: unit vectors of F⁺∇J and ∇J",
            subject: Subject::Exact(|| scale(1.0 / norm(&natural_1296()), &natural_1296())),
            expected: || {
                let g = mdp_1296().gradient();
                scale(1.0 / norm(&g), &g)
            },
            judge: Judge::Different { at_least: 0.07, why: "four degrees" },
            counterfeits: &[Counterfeit {
                story: "with a damping so large that F is forgotten",
                subject: Subject::Exact(|| {
                    let x = damped_solve(&mdp_1296().oracle().fisher(), 1e6, &mdp_1296().gradient());
                    scale(1.0 / norm(&x), &x)
                }),
            }],
        },
        Trial {
            name: "but upwards",
            role: Role::Confirms,
            setting: "set-mdp-1296: ∇Jᵀ F⁺ ∇J",
            subject: Subject::Exact(|| vec![dot(&mdp_1296().gradient(), &natural_1296())]),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "descent",
                subject: Subject::Exact(|| vec![-dot(&mdp_1296().gradient(), &natural_1296())]),
            }],
        },
        Trial {
            name: "the mean of F⁺ĝ, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-1296, V2 with the exact Fisher matrix",
            subject: Subject::Sampled(|| {
                let subject = NaturalGradient {
                    gradient: crate::estimator::RewardToGo { discount: 1.0, baseline: 0.0, discounted_steps: true },
                    fisher: Fisher::Given(mdp_1296().oracle().fisher()),
                    damping: 0.0,
                };
                mdp_1296().sample(1, |world, batch| subject.gradient(&world.policy, batch))
            }),
            expected: natural_1296,
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without the matrix",
                subject: Subject::Sampled(|| mdp_1296().sample(1, v2)),
            }],
        },
    ],
};

/// Two independent switches, P(a1=1)=.5 and P(a2=1)=.99, one logit each; the reward is a1.
fn switches() -> World {
    let (stay, to): (&[f64], &[f64]) = (&[1.0, 0.0], &[0.0, 1.0]);
    let world = mdp(2, &[1.0, 0.0], &[&[to, to], &[stay, stay]], &[&[0.0, 1.0], &[0.0, 0.0]]);
    let features = vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    let policy = SoftmaxPolicy::features(2, 2, features, vec![0.0, numeric::ln(99.0)]);
    World::new(world, policy.expect("one logit a switch"))
}

/// trVar of an estimate and of F⁺ of it.
fn traces(world: &World, estimate: fn(&World, &Batch) -> Vec<f64>) -> [f64; 2] {
    let eigen = numeric::Eigen::of(&world.oracle().fisher());
    let steps = world.mdp.horizon();
    let of = |path: &Trajectory| estimate(world, &Batch::of(steps, [path]));
    [world.trace(of), world.trace(|path| eigen.pseudo_solve(&of(path)))]
}

/// trVar/‖mean‖² before and after F⁺.
fn relative_variances(world: &World, estimate: fn(&World, &Batch) -> Vec<f64>) -> Vec<f64> {
    let (g, n) = (world.gradient(), natural_of(world));
    let [before, after] = traces(world, estimate);
    vec![before / dot(&g, &g), after / dot(&n, &n)]
}

/// The same from the covariance matrix of the oracle: tr Σ and tr F⁺ΣF⁺.
fn covariance_traces(world: &World, form: &Form) -> Vec<f64> {
    let sigma = world.oracle().covariance(form).expect("few parameters");
    let eigen = numeric::Eigen::of(&world.oracle().fisher());
    let columns: Vec<Vec<f64>> = (0..sigma.rows()).map(|k| eigen.pseudo_solve(sigma.row(k))).collect();
    let rows = Matrix::from_fn(sigma.rows(), sigma.rows(), |i, j| columns[j][i]);
    let after = (0..sigma.rows()).map(|i| eigen.pseudo_solve(rows.row(i))[i]).sum();
    vec![sigma.trace(), after]
}

/// The variance of `(z/σ) r/information` over that of `(z/σ) r`, at d=1.5, σ=.1.
fn gaussian_factor(information: f64) -> f64 {
    let (d, sigma) = (1.5, 0.1);
    let variance = |factor: f64| {
        let estimate = |z: f64| -factor * z / sigma * (d + sigma * z) * (d + sigma * z);
        let mean = numeric::normal_expectation(16, estimate);
        numeric::normal_expectation(16, |z| numeric::power(estimate(z) - mean, 2))
    };
    variance(1.0 / information) / variance(1.0)
}

fn two_arm_factor() -> f64 {
    let [before, after] = traces(&two_arm(0.9, 1.0, 0.0), v1);
    after / before
}

pub(in crate::claims) static REDUCES_VARIANCE: Claim = Claim {
    id: "ch07-natural-reduces-variance",
    origin: Origin::Guide,
    quote: "Natural gradient ... reduces variance",
    statement: "Cov(F⁻¹ĝ) = F⁻¹ Cov(ĝ) F⁻¹: the total variance can rise or fall, and with one parameter the \
                signal-to-noise ratio does not change at all. Two arms: the variance is multiplied by 1/(p(1−p))²; the \
                mean of a Gaussian: by σ⁴.",
    because: "A linear map of an estimator maps its covariance; it adds no information.",
    lesson: "No reduction in general. On set-mdp-1296 the total variance is 2.6 times as large and the relative variance 1 % smaller; an \
             irrelevant action that is nearly deterministic makes the relative variance 48 times as large; near saturation the factor on \
             the variance of two arms grows without limit at an unchanged signal-to-noise ratio.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "relvar_two_parameter",
            what: "two switches: relative variance before and after",
            value: Value::List(|| relative_variances(&switches(), v1)),
        },
        Quantity {
            key: "factor_two_arm",
            what: "variance factor of the two-arm bandit at p=.9",
            value: Value::Number(two_arm_factor),
        },
        Quantity {
            key: "trvar_mdp",
            what: "set-mdp-1296: trVar of V2 and of F⁺V2",
            value: Value::List(|| traces(mdp_1296(), v2).to_vec()),
        },
        Quantity {
            key: "relvar_mdp",
            what: "set-mdp-1296: relative variance before and after",
            value: Value::List(|| relative_variances(mdp_1296(), v2)),
        },
        Quantity {
            key: "factor_gaussian",
            what: "variance factor of the Gaussian mean, σ=.1",
            value: Value::Number(|| gaussian_factor(gaussian_information(0.1))),
        },
    ],
    trials: &[
        Trial {
            name: "the total variance rises",
            role: Role::Contradicts,
            setting: "set-mdp-1296, V2: trVar of F⁺V2 against trVar of V2",
            subject: Subject::Exact(|| vec![traces(mdp_1296(), v2)[1]]),
            expected: || vec![traces(mdp_1296(), v2)[0]],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "F⁺V2 rescaled to the length of ∇J",
                subject: Subject::Exact(|| {
                    let ratio = norm(&natural_1296()) / norm(&mdp_1296().gradient());
                    vec![traces(mdp_1296(), v2)[1] / (ratio * ratio)]
                }),
            }],
        },
        Trial {
            name: "by enumeration and from the covariance matrix",
            role: Role::Contradicts,
            setting: "set-mdp-1296, V2: trVar before and after",
            subject: Subject::Exact(|| traces(mdp_1296(), v2).to_vec()),
            expected: || covariance_traces(mdp_1296(), &Form::to_go(Baseline::None)),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "before, twice",
                subject: Subject::Exact(|| vec![traces(mdp_1296(), v2)[0]; 2]),
            }],
        },
        Trial {
            name: "an irrelevant, nearly deterministic action makes the relative variance explode",
            role: Role::Contradicts,
            setting: "two independent switches, P=.5 and .99, reward a1: forty times the relative variance before",
            subject: Subject::Exact(|| vec![relative_variances(&switches(), v1)[1]]),
            expected: || vec![40.0 * relative_variances(&switches(), v1)[0]],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "before",
                subject: Subject::Exact(|| vec![relative_variances(&switches(), v1)[0]]),
            }],
        },
        Trial {
            name: "one parameter: variance by 1/(p(1−p))² and by σ⁴",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.9, and set-gaussian, σ=.1",
            subject: Subject::Exact(|| vec![two_arm_factor() / 100.0, gaussian_factor(gaussian_information(0.1))]),
            expected: || vec![1.0 / (0.09 * 0.09) / 100.0, 1e-4],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "divided by the root of the information",
                subject: Subject::Exact(|| {
                    vec![two_arm_factor().sqrt() / 100.0, gaussian_factor(gaussian_information(0.1).sqrt())]
                }),
            }],
        },
        Trial {
            name: "the squared error of F⁺V2, drawn",
            role: Role::Contradicts,
            setting: MDP_1296,
            subject: Subject::Sampled(|| {
                let mean = natural_1296();
                mdp_1296().sample(1, |world, batch| centred_square(&preconditioned(world, batch), &mean))
            }),
            expected: || vec![covariance_traces(mdp_1296(), &Form::to_go(Baseline::None))[1]],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "of V2",
                subject: Subject::Sampled(|| mdp_1296().sample_errors(1, v2)),
            }],
        },
        Trial {
            name: "relative to the mean it can fall",
            role: Role::Confirms,
            setting: "set-mdp-1296, V2: trVar/‖mean‖² after and before",
            subject: Subject::Exact(|| vec![relative_variances(mdp_1296(), v2)[1]]),
            expected: || vec![relative_variances(mdp_1296(), v2)[0]],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the two switches, in units of their own before",
                subject: Subject::Exact(|| {
                    let [before, after] = [0, 1].map(|i| relative_variances(&switches(), v1)[i]);
                    vec![after / before * relative_variances(mdp_1296(), v2)[0]]
                }),
            }],
        },
        Trial {
            name: "with one parameter it does not change at all",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.9: trVar/mean² after and before",
            subject: Subject::Exact(|| vec![relative_variances(&two_arm(0.9, 1.0, 0.0), v1)[1]]),
            expected: || vec![relative_variances(&two_arm(0.9, 1.0, 0.0), v1)[0]],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the variance alone",
                subject: Subject::Exact(|| vec![two_arm_factor() * relative_variances(&two_arm(0.9, 1.0, 0.0), v1)[0]]),
            }],
        },
    ],
};

/// `E f(n1, n0)` over the counts of both arms among `n` samples of the two-arm bandit at p=.8.
fn binomial(n: usize, f: impl Fn(f64, f64) -> f64) -> f64 {
    let p: f64 = 0.8;
    let mut probability = numeric::power(1.0 - p, n);
    let mut sum = numeric::Sum::new();
    for good in 0..=n {
        let (x, y) = (good as f64, (n - good) as f64);
        sum.add(probability * f(x, y));
        probability *= y / (x + 1.0) * p / (1.0 - p);
    }
    sum.value()
}

/// `ĝ/F̂` with rewards 1 and 0, from the counts.
fn step_of_counts(x: f64, y: f64) -> f64 {
    let p = 0.8;
    x * (1.0 - p) / (x * (1.0 - p) * (1.0 - p) + y * p * p)
}

/// `E[ĝ/F̂]` by the binomial law of the good arm's count.
fn binomial_step(n: usize) -> f64 {
    binomial(n, step_of_counts)
}

/// The inverse of the batch's own Fisher matrix, a number here.
fn inverse_matrix(world: &World, batch: &Batch) -> Vec<f64> {
    vec![1.0 / sampled_fisher(&world.policy, batch)[(0, 0)]]
}

/// The natural gradient as training code has it: the batch's own Fisher matrix.
fn same_batch(world: &World, batch: &Batch) -> Vec<f64> {
    let gradient = TotalReturn { discount: 1.0, baseline: 0.0 };
    NaturalGradient { gradient, fisher: Fisher::SameBatch, damping: 0.0 }.gradient(&world.policy, batch)
}

fn exact_matrix(world: &World, batch: &Batch) -> Vec<f64> {
    scale(1.0 / (0.8 * 0.2), &v1(world, batch))
}

pub(in crate::claims) static SAMPLED_FISHER: Claim = Claim {
    id: "ch07-natural-sampled-fisher-biased",
    origin: Origin::Ours,
    quote: "(without adding bias) natural gradient with a Fisher estimated from the same batch",
    statement: "E[F̂⁻¹ĝ] ≠ F⁻¹∇J when both come from one batch; the bias is of order 1/N.",
    because: "E[1/F̂] > 1/F already (Jensen), and ĝ is correlated with F̂ besides.",
    lesson: "The mean step is far too long: 4, 3.29 and 2.42 times the right one with N = 1, 2, 4, and 1.26 times with \
             N=16. A separate batch for the matrix removes the smaller part (2.06 in place of 2.42 at N=4); use many \
             samples, damping or a long running average.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "expected_step",
        what: "E[ĝ/F̂] for N=1, 2, 4, 16, 64, 256; the exact value is 1",
        value: Value::List(|| [1, 2, 4, 16, 64, 256].map(binomial_step).to_vec()),
    }],
    trials: &[
        Trial {
            name: "the mean step with the batch's own matrix",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.8, r1=1, r0=0, b=0, where the exact step is 1; N=1, 2, 4: all batches \
                      enumerated, and the binomial law",
            subject: Subject::Exact(|| [1, 2, 4].map(|n| two_arm(0.8, 1.0, 0.0).batch_mean(n, same_batch)[0]).to_vec()),
            expected: || [1, 2, 4].map(binomial_step).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the exact matrix",
                subject: Subject::Exact(|| {
                    [1, 2, 4].map(|n| two_arm(0.8, 1.0, 0.0).batch_mean(n, exact_matrix)[0]).to_vec()
                }),
            }],
        },
        Trial {
            name: "it is not the natural gradient",
            role: Role::Contradicts,
            setting: "the same, N=16",
            subject: Subject::Exact(|| vec![binomial_step(16)]),
            expected: || natural_of(&two_arm(0.8, 1.0, 0.0)),
            judge: Judge::Different { at_least: 0.02, why: "less than the bias, and far above rounding" },
            counterfeits: &[Counterfeit {
                story: "with the exact matrix",
                subject: Subject::Exact(|| two_arm(0.8, 1.0, 0.0).batch_mean(2, exact_matrix)),
            }],
        },
        Trial {
            name: "the bias is of order 1/N",
            role: Role::Contradicts,
            setting: "the same: the bias at N=4096 over that at 1024",
            subject: Subject::Exact(|| vec![(binomial_step_far(4096) - 1.0) / (binomial_step_far(1024) - 1.0)]),
            expected: || vec![0.25],
            judge: Judge::Exact { tolerance: 2e-3, why: "the next order is of the size 1/N" },
            counterfeits: &[Counterfeit {
                story: "N=4 over N=1",
                subject: Subject::Exact(|| vec![(binomial_step(4) - 1.0) / (binomial_step(1) - 1.0)]),
            }],
        },
        Trial {
            name: "the mean step of four samples, drawn",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.8, N=4",
            subject: Subject::Sampled(|| two_arm(0.8, 1.0, 0.0).sample(4, same_batch)),
            expected: || vec![binomial_step(4)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "with the exact matrix",
                subject: Subject::Sampled(|| two_arm(0.8, 1.0, 0.0).sample(4, exact_matrix)),
            }],
        },
        Trial {
            name: "with a second batch for the matrix it is still biased",
            role: Role::Contradicts,
            setting: "the same, N=1, 2, 4: the mean of 1/F̂ times the mean of ĝ, over all batches and by the binomial law",
            subject: Subject::Exact(|| {
                let world = two_arm(0.8, 1.0, 0.0);
                [1, 2, 4].map(|n| world.batch_mean(n, inverse_matrix)[0] * world.batch_mean(n, v1)[0]).to_vec()
            }),
            expected: || {
                let inverse = |x: f64, y: f64| (x + y) / (x * 0.2 * 0.2 + y * 0.8 * 0.8);
                [1, 2, 4].map(|n| binomial(n, inverse) * 0.8 * 0.2).to_vec()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the exact matrix",
                subject: Subject::Exact(|| {
                    [1, 2, 4].map(|n| two_arm(0.8, 1.0, 0.0).batch_mean(n, exact_matrix)[0]).to_vec()
                }),
            }],
        },
    ],
};

/// [`binomial_step`] for large N: the probabilities run outwards from the mode, where they do not underflow.
fn binomial_step_far(n: usize) -> f64 {
    let p: f64 = 0.8;
    let mode = (n as f64 * p) as usize;
    let value = |good: usize| step_of_counts(good as f64, (n - good) as f64);
    let up = |k: usize| (n - k) as f64 / (k as f64 + 1.0) * p / (1.0 - p);
    let (mut total, mut sum) = (numeric::Sum::new(), numeric::Sum::new());
    let mut weight = 1.0;
    for k in mode..=n {
        total.add(weight);
        sum.add(weight * value(k));
        weight *= up(k);
    }
    weight = 1.0;
    for k in (0..mode).rev() {
        weight /= up(k);
        total.add(weight);
        sum.add(weight * value(k));
    }
    sum.value() / total.value()
}

pub(in crate::claims) static COMMON_PRINCIPLE: Claim = Claim {
    id: "ch07-common-principle",
    origin: Origin::Guide,
    quote: "All three ... remove noise without changing the expected signal.",
    statement: "True of causality and of baselines that do not depend on the sample; false of the natural gradient, whose mean is \
                F⁻¹∇J.",
    because: "Causality and baselines subtract terms of mean zero; F⁻¹ is a linear map of the mean.",
    lesson: "Two of the three share a principle. The third changes the metric: it neither keeps the signal nor removes noise in \
             general.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "angle_natural_deg",
        what: "the angle between F⁺∇J and ∇J, degrees",
        value: Value::Number(|| angle(&natural_1296(), &mdp_1296().gradient())),
    }],
    trials: &[
        Trial {
            name: "causality and a baseline keep the mean",
            role: Role::Confirms,
            setting: "set-mdp-1296: V2 and V3(1.1), one after the other",
            subject: Subject::Exact(|| {
                let world = mdp_1296();
                [world.batch_mean(1, v2), world.batch_mean(1, |world, batch| v3(world, batch, 1.1))].concat()
            }),
            expected: || [mdp_1296().gradient(), mdp_1296().gradient()].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the batch's own mean as baseline, of two trajectories",
                subject: Subject::Exact(|| {
                    let form = Form::to_go(Baseline::InBatchMean { batch: 2 });
                    let mean = mdp_1296().oracle().moments(&form).expect("a form of the catalogue").mean;
                    [mdp_1296().gradient(), mean].concat()
                }),
            }],
        },
        Trial {
            name: "the natural gradient does not",
            role: Role::Contradicts,
            setting: "set-mdp-1296: the mean of F⁺V2, against ∇J",
            subject: Subject::Exact(natural_1296),
            expected: || mdp_1296().gradient(),
            judge: Judge::Different { at_least: 0.5, why: "half of their distance" },
            counterfeits: &[Counterfeit {
                story: "the mean of V2",
                subject: Subject::Exact(|| mdp_1296().batch_mean(1, v2)),
            }],
        },
        Trial {
            name: "the means with causality and a baseline, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, V3(1.1)",
            subject: Subject::Sampled(|| mdp_1296().sample(1, |world, batch| v3(world, batch, 1.1))),
            expected: || mdp_1296().gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "preconditioned with F⁺",
                subject: Subject::Sampled(|| mdp_1296().sample(1, preconditioned)),
            }],
        },
        Trial {
            name: "the mean of the natural gradient, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-1296, F⁺V2 with the exact matrix",
            subject: Subject::Sampled(|| mdp_1296().sample(1, preconditioned)),
            expected: natural_1296,
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit { story: "V2", subject: Subject::Sampled(|| mdp_1296().sample(1, v2)) }],
        },
    ],
};
