//! Importance weights: what they correct, and what they need.

use crate::claims::ch05::stale::{stale_bias, stale_expectation, stale_recursion};
use crate::claims::prelude::*;
use crate::estimator::{effective_sample_size, weighted_mean};

pub(in crate::claims) static REUSE_BIASED: Claim = Claim {
    id: "ch09-reuse-biased",
    origin: Origin::Guide,
    quote: "Using it (old data) directly gives a biased gradient",
    statement: "Old data with the new score and no ratio have a mean other than ∇J(θ').",
    because: "They average over p_θ where ∇J(θ') averages over p_θ' (see ch05-old-data-invalid).",
    lesson: "The bias is .56 of the gradient's length on set-mdp-shifted: not a detail.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "bias", what: "E_θ[Σ g'_t G_t] − ∇J(θ')", value: Value::List(|| stale_bias(1.0)) },
        Quantity {
            key: "relative_bias",
            what: "its length over ‖∇J(θ')‖",
            value: Value::Number(|| norm(&stale_bias(1.0)) / norm(&shifted(1.0).gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "the mean is not ∇J(θ')",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| stale_expectation(&shifted(1.0))),
            expected: || shifted(1.0).gradient(),
            judge: Judge::Different { at_least: 0.3, why: "less than half of the bias" },
            counterfeits: &[Counterfeit {
                story: "new data",
                subject: Subject::Exact(|| shifted(1.0).batch_mean(1, v2)),
            }],
        },
        Trial {
            name: "the bias by enumeration and by recursion",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| stale_bias(1.0)),
            expected: || {
                let mean = stale_recursion(&shifted(1.0), Oracle::action_value);
                difference(&mean, mdp_1296().off_policy(&shifted(1.0)).target().gradient())
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "half the step", subject: Subject::Exact(|| stale_bias(0.5)) }],
        },
        Trial {
            name: "the bias, drawn",
            role: Role::Confirms,
            setting: "set-mdp-shifted: the estimate less ∇J(θ')",
            subject: Subject::Sampled(|| {
                let (new, gradient) = (shifted(1.0), shifted(1.0).gradient());
                mdp_1296().sample(1, |old, batch| {
                    difference(&old.weighted_estimate(&new, &ImportanceWeights::Ignored, batch), &gradient)
                })
            }),
            expected: || {
                let mean = stale_recursion(&shifted(1.0), Oracle::action_value);
                difference(&mean, &shifted(1.0).gradient())
            },
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "with trajectory weights",
                subject: Subject::Sampled(|| {
                    let (new, gradient) = (shifted(1.0), shifted(1.0).gradient());
                    mdp_1296().sample(1, |old, batch| {
                        difference(&old.weighted_estimate(&new, &ImportanceWeights::Trajectory, batch), &gradient)
                    })
                }),
            }],
        },
    ],
};

const P: [f64; 3] = [0.2, 0.3, 0.5];
const Q: [f64; 3] = [0.5, 0.25, 0.25];
const MISSING: [f64; 3] = [0.5, 0.5, 0.0];
const F: [f64; 3] = [1.0, -2.0, 4.0];

/// `E_q[(p/q) f]` over the support of q, as a sampler would see it.
fn reweighted(q: &[f64; 3]) -> f64 {
    numeric::sum((0..3).filter(|i| q[*i] > 0.0).map(|i| q[i] * (P[i] / q[i] * F[i])))
}

/// Draws of `(p/q) f` from q.
fn reweighted_draws(q: [f64; 3]) -> Sample {
    let value = move |i: usize| P[i] / q[i] * F[i];
    let mean = reweighted(&q);
    let second: f64 = (0..3).filter(|i| q[*i] > 0.0).map(|i| q[i] * value(i) * value(i)).sum();
    Box::new(Draws::new(vec![mean], vec![second - mean * mean], move |stream, out| {
        let u = stream.uniform();
        out[0] = value(if u < q[0] {
            0
        } else if u < q[0] + q[1] {
            1
        } else {
            2
        });
    }))
}

pub(in crate::claims) static IDENTITY: Claim = Claim {
    id: "ch09-is-identity",
    origin: Origin::Guide,
    quote: "E_p f = E_q[(p/q) f]",
    statement: "It needs q > 0 wherever p f ≠ 0.",
    because: "Σ q (p/q) f is Σ p f over the support of q alone.",
    lesson: "A behaviour policy that never tries an action gives no weight that could correct for it: the estimate is wrong, \
             with no sign of it in the data. `OffPolicy` refuses such a pair.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "e_p_f", what: "E_p f", value: Value::Number(|| dot(&P, &F)) },
        Quantity {
            key: "estimate_missing_support",
            what: "E_q[(p/q) f] over the support of q=(.5, .5, 0)",
            value: Value::Number(|| reweighted(&MISSING)),
        },
    ],
    trials: &[
        Trial {
            name: "with support everywhere",
            role: Role::Confirms,
            setting: "p=(.2, .3, .5), q=(.5, .25, .25), f=(1, −2, 4)",
            subject: Subject::Exact(|| vec![reweighted(&Q)]),
            expected: || vec![dot(&P, &F)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the ratio upside down",
                subject: Subject::Exact(|| vec![(0..3).map(|i| Q[i] * (Q[i] / P[i] * F[i])).sum()]),
            }],
        },
        Trial {
            name: "with a point of p that q misses",
            role: Role::Limits,
            setting: "the same with q=(.5, .5, 0): what is lost is .5·4",
            subject: Subject::Exact(|| vec![reweighted(&MISSING)]),
            expected: || vec![dot(&P, &F) - 0.5 * 4.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "E_p f", subject: Subject::Exact(|| vec![dot(&P, &F)]) }],
        },
        Trial {
            name: "the reweighted mean, drawn",
            role: Role::Confirms,
            setting: "samples of q=(.5, .25, .25)",
            subject: Subject::Sampled(|| reweighted_draws(Q)),
            expected: || vec![dot(&P, &F)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "samples of a q that misses a point",
                subject: Subject::Sampled(|| reweighted_draws(MISSING)),
            }],
        },
        Trial {
            name: "the oracle refuses a behaviour policy without support",
            role: Role::Limits,
            setting: "two arms; the behaviour policy's logits are 800 apart, so that one probability is zero",
            subject: Subject::Exact(|| {
                let world = |gap: f64| World::new(bandit(&[1.0, 0.0]), tabular(1, 2, &[0.0, gap]));
                let pair = |old: &World, new: &World| OffPolicy::new(&old.mdp, &old.policy, &new.policy).is_ok();
                vec![
                    f64::from(u8::from(pair(&world(800.0), &world(0.0)))),
                    f64::from(u8::from(pair(&world(0.0), &world(800.0)))),
                ]
            }),
            expected: || vec![0.0, 1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "logits 8 apart",
                subject: Subject::Exact(|| {
                    let world = |gap: f64| World::new(bandit(&[1.0, 0.0]), tabular(1, 2, &[0.0, gap]));
                    let pair = |old: &World, new: &World| OffPolicy::new(&old.mdp, &old.policy, &new.policy).is_ok();
                    vec![
                        f64::from(u8::from(pair(&world(8.0), &world(0.0)))),
                        f64::from(u8::from(pair(&world(0.0), &world(8.0)))),
                    ]
                }),
            }],
        },
    ],
};

/// `p_θ'(τ)/p_θ(τ)` of every trajectory, from the probabilities that the two enumerations give.
fn density_ratios() -> Vec<f64> {
    let new = shifted(1.0);
    let later = new.paths().iter().map(|(p, _)| p);
    mdp_1296().paths().iter().zip(later).map(|((old, _), new)| new / old).collect()
}

/// `Π_t ρ_t` of every trajectory.
fn products() -> Vec<f64> {
    let new = shifted(1.0);
    mdp_1296().paths().iter().map(|(_, path)| mdp_1296().weight(&new, path)).collect()
}

pub(in crate::claims) static DYNAMICS_CANCEL: Claim = Claim {
    id: "ch09-dynamics-cancel",
    origin: Origin::Guide,
    quote: "p_theta'(tau)/p_theta(tau)=prod pi'/pi: dynamics cancel",
    statement: "p_θ'(τ)/p_θ(τ) = Π_t ρ_t for every trajectory.",
    because: "Initial and transition probabilities stand in both and are the same.",
    lesson: "Importance weights need no model of the world.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_error",
        what: "the largest difference over all trajectories",
        value: Value::Number(|| largest(&difference(&density_ratios(), &products()))),
    }],
    trials: &[Trial {
        name: "the ratio of trajectory probabilities is the product of ratios",
        role: Role::Confirms,
        setting: "set-mdp-shifted, all 1296 trajectories",
        subject: Subject::Exact(products),
        expected: density_ratios,
        judge: ROUNDING,
        counterfeits: &[
            Counterfeit {
                story: "the last ratio alone",
                subject: Subject::Exact(|| {
                    let new = shifted(1.0);
                    mdp_1296().paths().iter().map(|(_, path)| mdp_1296().ratios(&new, path)[3]).collect()
                }),
            },
            Counterfeit {
                story: "ratios upside down",
                subject: Subject::Exact(|| products().iter().map(|w| 1.0 / w).collect()),
            },
        ],
    }],
};

pub(in crate::claims) static TRAJECTORY_UNBIASED: Claim = Claim {
    id: "ch09-trajectory-is-unbiased",
    origin: Origin::Ours,
    quote: "(trajectory IS) corrects the mismatch",
    statement: "E_θ[w(τ) Σ g'_t r(τ)] = ∇J(θ') with w = Π_t ρ_t.",
    because: "E_θ[w f] = E_θ'[f] for every function of the trajectory.",
    lesson: "Exact, at the price of the weight's variance.",
    recorded: Finding::Holds,
    quantities: &[Quantity { key: "gradient_new", what: "∇J(θ')", value: Value::List(|| shifted(1.0).gradient()) }],
    trials: &[
        Trial {
            name: "the weighted mean is ∇J(θ')",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| {
                let new = shifted(1.0);
                mdp_1296().expect(|path| scale(mdp_1296().weight(&new, path), &new.weighted(path, |_| total(path))))
            }),
            expected: || shifted(1.0).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the old score",
                subject: Subject::Exact(|| {
                    let new = shifted(1.0);
                    mdp_1296().expect(|path| {
                        scale(mdp_1296().weight(&new, path), &mdp_1296().weighted(path, |_| total(path)))
                    })
                }),
            }],
        },
        Trial {
            name: "by the recursion that carries the weights",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| {
                let off = mdp_1296().off_policy(&shifted(1.0));
                off.moments(Weighting::Trajectory, &Form::total(Baseline::None)).expect("a weighted form").mean
            }),
            expected: || shifted(1.0).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "per-timestep weights",
                subject: Subject::Exact(|| {
                    let off = mdp_1296().off_policy(&shifted(1.0));
                    off.moments(Weighting::PerTimestep, &Form::total(Baseline::None)).expect("a weighted form").mean
                }),
            }],
        },
        Trial {
            name: "the weighted mean, drawn",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::Trajectory)),
            expected: || shifted(1.0).gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without weights",
                subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::Ignored)),
            }],
        },
    ],
};

/// `Var_θ Π_t ρ_t` along the ray `θ + e δ`, by enumeration.
pub(in crate::claims) fn weight_variance(e: f64) -> f64 {
    let new = shifted(e);
    mdp_1296().trace(|path| vec![mdp_1296().weight(&new, path)])
}

/// The same by the forward recursion.
pub(in crate::claims) fn recursive_weight_variance(e: f64) -> f64 {
    let returns = mdp_1296().off_policy(&shifted(e)).weighted_returns();
    numeric::exp(returns[3].log_square) - 1.0
}

/// The partial products `Π_{t≤k} ρ_t`, then the single ratios.
fn weights_of(new: &World, path: &Trajectory) -> Vec<f64> {
    let ratios = mdp_1296().ratios(new, path);
    let partial = (1..=4).map(|k| ratios[..k].iter().product());
    partial.chain(ratios.iter().copied()).collect()
}

pub(in crate::claims) static MEAN_ONE: Claim = Claim {
    id: "ch09-weight-mean-one",
    origin: Origin::Guide,
    quote: "importance weight p/q",
    statement: "E_θ[w] = 1 for whole trajectories, partial products and single ratios.",
    because: "Σ q (p/q) = Σ p = 1; for products, condition on the past.",
    lesson: "A cheap check of any implementation: weights must average to one.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "mean_weight",
            what: "E_θ Π_t ρ_t",
            value: Value::Number(|| {
                let new = shifted(1.0);
                mdp_1296().mean(|path| mdp_1296().weight(&new, path))
            }),
        },
        Quantity { key: "var_weight", what: "Var Π_t ρ_t", value: Value::Number(|| weight_variance(1.0)) },
    ],
    trials: &[
        Trial {
            name: "partial products and single ratios have mean one",
            role: Role::Confirms,
            setting: "set-mdp-shifted, k=1..4",
            subject: Subject::Exact(|| {
                let new = shifted(1.0);
                mdp_1296().expect(|path| weights_of(&new, path))
            }),
            expected: || vec![1.0; 8],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "under the new policy",
                subject: Subject::Exact(|| {
                    let new = shifted(1.0);
                    new.expect(|path| weights_of(&new, path))
                }),
            }],
        },
        Trial {
            name: "the variance by enumeration and by recursion",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| vec![weight_variance(1.0)]),
            expected: || vec![recursive_weight_variance(1.0)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "of the single ratios, added up",
                subject: Subject::Exact(|| {
                    let new = shifted(1.0);
                    vec![mdp_1296().trace(|path| mdp_1296().ratios(&new, path))]
                }),
            }],
        },
        Trial {
            name: "the weights' means, drawn",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Sampled(|| {
                let new = shifted(1.0);
                mdp_1296().sample_paths(|path| weights_of(&new, path))
            }),
            expected: || vec![1.0; 8],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "under the new policy",
                subject: Subject::Sampled(|| {
                    let new = shifted(1.0);
                    new.sample_paths(|path| weights_of(&new, path))
                }),
            }],
        },
    ],
};

/// Random pairs of distributions on four points: the signs of `log w` and of `log p − log q`.
fn signs(upside_down: bool) -> [Vec<f64>; 2] {
    let mut stream = crate::rng::StreamKey::of(crate::verify::DEFAULT_SEED, "ch09-up-down-weight", 0).stream(0);
    let mut distribution = || {
        let e: Vec<f64> = (0..4).map(|_| stream.exponential()).collect();
        let sum: f64 = e.iter().sum();
        e.iter().map(|x| x / sum).collect::<Vec<f64>>()
    };
    let pairs: Vec<_> = (0..250).map(|_| (distribution(), distribution())).collect();
    let each = |sign: &dyn Fn(f64, f64) -> f64| {
        pairs.iter().flat_map(|(p, q)| p.iter().zip(q).map(|(p, q)| sign(*p, *q)).collect::<Vec<_>>()).collect()
    };
    let weight = |p: f64, q: f64| if upside_down { q / p } else { p / q };
    [each(&|p, q| (weight(p, q) - 1.0).signum()), each(&|p, q| (p - q).signum())]
}

pub(in crate::claims) static UP_DOWN: Claim = Claim {
    id: "ch09-up-down-weight",
    origin: Origin::Guide,
    quote: "samples more likely under p than q get up-weighted",
    statement: "w = p/q > 1 exactly where p > q.",
    because: "By definition.",
    lesson: "Nothing to be wrong about, except the ratio upside down.",
    recorded: Finding::Holds,
    quantities: &[],
    trials: &[Trial {
        name: "the weight is above one exactly where p is above q",
        role: Role::Confirms,
        setting: "250 random pairs of distributions on four points",
        subject: Subject::Exact(|| signs(false)[0].clone()),
        expected: || signs(false)[1].clone(),
        judge: ROUNDING,
        counterfeits: &[Counterfeit { story: "q/p", subject: Subject::Exact(|| signs(true)[0].clone()) }],
    }],
};

pub(in crate::claims) static SAMPLE_SIZE: Claim = Claim {
    id: "ch09-effective-sample-size",
    origin: Origin::Ours,
    quote: "(variance is astronomical) measurable form",
    statement: "The effective sample size of N trajectories is N/(1+Var w).",
    because: "(Σw)²/Σw² → N (E w)²/E[w²] (Kong 1992; Kish 1965).",
    lesson: "A measurable form of \"the variance is large\": of a hundred trajectories on set-mdp-shifted, 79 count.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "ess_fraction",
        what: "ESS/N",
        value: Value::Number(|| 1.0 / (1.0 + weight_variance(1.0))),
    }],
    trials: &[
        Trial {
            name: "the fraction by enumeration and by recursion",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| vec![1.0 / (1.0 + weight_variance(1.0))]),
            expected: || vec![1.0 / (1.0 + recursive_weight_variance(1.0))],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "twice the step",
                subject: Subject::Exact(|| vec![1.0 / (1.0 + weight_variance(2.0))]),
            }],
        },
        Trial {
            name: "Kish's formula on weights in their exact proportions",
            role: Role::Confirms,
            setting: "set-mdp-16 at θ and θ+.5[[1, −1], [−1, 1]]: each trajectory's weight as often as it occurs in 10⁶",
            subject: Subject::Exact(|| {
                let weights: Vec<f64> = mdp_16()
                    .paths()
                    .iter()
                    .flat_map(|(p, path)| vec![mdp_16().weight(&turned(), path); (p * 1e6).round() as usize])
                    .collect();
                vec![effective_sample_size(&weights) / weights.len() as f64]
            }),
            expected: || vec![1.0 / (1.0 + mdp_16().trace(|path| vec![mdp_16().weight(&turned(), path)]))],
            judge: Judge::Exact { tolerance: 1e-5, why: "the proportions are rounded to a millionth" },
            counterfeits: &[Counterfeit {
                story: "every trajectory once",
                subject: Subject::Exact(|| {
                    let weights: Vec<f64> =
                        mdp_16().paths().iter().map(|(_, path)| mdp_16().weight(&turned(), path)).collect();
                    vec![effective_sample_size(&weights) / weights.len() as f64]
                }),
            }],
        },
        Trial {
            name: "the mean squared weight, drawn",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Sampled(|| {
                let new = shifted(1.0);
                mdp_1296().sample_paths(|path| vec![numeric::power(mdp_1296().weight(&new, path), 2)])
            }),
            expected: || vec![1.0 + recursive_weight_variance(1.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the weight, not squared",
                subject: Subject::Sampled(|| {
                    let new = shifted(1.0);
                    mdp_1296().sample_paths(|path| vec![mdp_1296().weight(&new, path)])
                }),
            }],
        },
    ],
};

/// set-mdp-16 at `θ + .5 [[1, −1], [−1, 1]]`.
fn turned() -> World {
    let theta = mdp_16().policy.parameters().iter().zip([0.5, -0.5, -0.5, 0.5]);
    mdp_16().with_parameters(theta.map(|(x, d)| x + d).collect())
}

/// The weighted mean return of a batch of set-mdp-16, as an estimate of `J(θ')`.
fn estimate_of_objective(batch: &Batch, normalised: bool) -> Vec<f64> {
    let target = turned();
    let paths: Vec<Trajectory> = (0..batch.len()).map(|i| batch.trajectory(i)).collect();
    let weights: Vec<f64> = paths.iter().map(|path| mdp_16().weight(&target, path)).collect();
    let returns: Vec<f64> = paths.iter().map(total).collect();
    vec![weighted_mean(&weights, &returns, normalised)]
}

fn self_normalised(_: &World, batch: &Batch) -> Vec<f64> {
    estimate_of_objective(batch, true)
}

fn ordinary(_: &World, batch: &Batch) -> Vec<f64> {
    estimate_of_objective(batch, false)
}

pub(in crate::claims) static SELF_NORMALISED: Claim = Claim {
    id: "ch09-self-normalised",
    origin: Origin::Ours,
    quote: "(usual remedy, not in the guide) weighted IS",
    statement: "Σ w_i f_i / Σ w_i is biased at order 1/N and bounded by the range of f.",
    because: "A ratio of correlated means; it is a weighted mean of the values.",
    lesson: "Biased, less with N; for N=1 the weight cancels and the estimate is of J(θ): no correction at all.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "expectation_by_n",
            what: "E for N=1, 2, 3",
            value: Value::List(|| [1, 2, 3].map(|n| mdp_16().batch_mean(n, self_normalised)[0]).to_vec()),
        },
        Quantity { key: "j_new", what: "J(θ')", value: Value::Number(|| turned().objective()) },
    ],
    trials: &[
        Trial {
            name: "of one trajectory it estimates J(θ)",
            role: Role::Limits,
            setting: "set-mdp-16, θ'=θ+.5[[1, −1], [−1, 1]], N=1",
            subject: Subject::Exact(|| mdp_16().batch_mean(1, self_normalised)),
            expected: || vec![mdp_16().objective()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "ordinary weights",
                subject: Subject::Exact(|| mdp_16().batch_mean(1, ordinary)),
            }],
        },
        Trial {
            name: "the bias shrinks with N",
            role: Role::Confirms,
            setting: "the same: |bias| at N=2 and 3 against that at 1 and 2",
            subject: Subject::Exact(|| self_normalised_bias(&[2, 3])),
            expected: || self_normalised_bias(&[1, 2]),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "in the other order",
                subject: Subject::Exact(|| self_normalised_bias(&[2, 1])),
            }],
        },
        Trial {
            name: "ordinary weights are unbiased at every N",
            role: Role::Confirms,
            setting: "the same, N=1, 2, 3",
            subject: Subject::Exact(|| [1, 2, 3].map(|n| mdp_16().batch_mean(n, ordinary)[0]).to_vec()),
            expected: || vec![turned().objective(); 3],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "self-normalised",
                subject: Subject::Exact(|| [1, 2, 3].map(|n| mdp_16().batch_mean(n, self_normalised)[0]).to_vec()),
            }],
        },
        Trial {
            name: "the estimate of three trajectories, drawn",
            role: Role::Limits,
            setting: "the same, N=3: the expected value by an integral over the law of one trajectory",
            subject: Subject::Sampled(|| mdp_16().sample(3, self_normalised)),
            expected: || vec![by_integral(3)],
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.006),
                why: "a quarter of what ordinary weights change",
            },
            counterfeits: &[
                Counterfeit { story: "ordinary weights", subject: Subject::Sampled(|| mdp_16().sample(3, ordinary)) },
                Counterfeit {
                    story: "no weights",
                    subject: Subject::Sampled(|| {
                        mdp_16().sample(3, |_, batch| mean_over(batch, |path| vec![total(path)]))
                    }),
                },
            ],
        },
        Trial {
            name: "by batches and by an integral over the law of one trajectory",
            role: Role::Confirms,
            setting: "the same, N=1, 2, 3",
            subject: Subject::Exact(|| [1, 2, 3].map(|n| mdp_16().batch_mean(n, self_normalised)[0]).to_vec()),
            expected: || [1, 2, 3].map(by_integral).to_vec(),
            judge: Judge::Exact { tolerance: 1e-9, why: "the error of the quadrature" },
            counterfeits: &[Counterfeit {
                story: "ordinary weights",
                subject: Subject::Exact(|| [1, 2, 3].map(|n| mdp_16().batch_mean(n, ordinary)[0]).to_vec()),
            }],
        },
        Trial {
            name: "the bias is of order 1/N",
            role: Role::Confirms,
            setting: "the same: N times the bias at N=256, against J' E w² − E w²f",
            subject: Subject::Exact(|| vec![256.0 * (by_integral(256) - turned().objective())]),
            expected: || {
                let (target, j) = (turned(), turned().objective());
                vec![mdp_16().mean(|path| {
                    let w = mdp_16().weight(&target, path);
                    w * w * (j - total(path))
                })]
            },
            judge: Judge::Exact { tolerance: 1e-3, why: "the next order is a part of 1/N" },
            counterfeits: &[Counterfeit {
                story: "at N=2",
                subject: Subject::Exact(|| vec![2.0 * (by_integral(2) - turned().objective())]),
            }],
        },
    ],
};

/// `E Σ w f / Σ w = ∫ N E[w f e^{−uw}] E[e^{−uw}]^{N−1} du`, over u from 0 to ∞: no batch is enumerated.
fn by_integral(n: usize) -> f64 {
    let target = turned();
    let law: Vec<(f64, f64, f64)> =
        mdp_16().paths().iter().map(|(p, path)| (*p, mdp_16().weight(&target, path), total(path))).collect();
    let integrand = |u: f64| {
        let (mut plain, mut weighted) = (0.0, 0.0);
        for (p, w, f) in &law {
            let decay = p * numeric::exp(-u * w);
            plain += decay;
            weighted += decay * w * f;
        }
        n as f64 * weighted * numeric::power(plain, n - 1)
    };
    // u = e^x, so that both ends vanish.
    numeric::trapezoid(-40.0, 8.0, 6000, |x| numeric::exp(x) * integrand(numeric::exp(x)))
}

/// `|E − J(θ')|` at each N.
fn self_normalised_bias(sizes: &[usize]) -> Vec<f64> {
    let j = turned().objective();
    sizes.iter().map(|n| (mdp_16().batch_mean(*n, self_normalised)[0] - j).abs()).collect()
}
