//! Data of a policy that is no longer there.

use crate::claims::prelude::*;
use crate::estimator::ImportanceWeighted;

/// `Σ_t g'_t f_t` on old data with the new policy's scores and no ratio.
fn uncorrected(new: &World, path: &Trajectory, weight: impl Fn(usize) -> f64) -> Vec<f64> {
    new.weighted(path, weight)
}

/// `E_θ[Σ_t g'_t G_t]`, by enumeration.
pub(in crate::claims) fn stale_expectation(new: &World) -> Vec<f64> {
    mdp_1296().weighted_mean(new, &ImportanceWeights::Ignored)
}

/// `Σ_t Σ_s d_t(s) Σ_a π(a|s) f_t(s, a) ∇ log π'(a|s)` with occupancy and values of the old policy, the logarithm
/// differentiated along dual numbers.
pub(in crate::claims) fn stale_recursion(new: &World, f: impl Fn(&Oracle, usize, usize, usize) -> f64) -> Vec<f64> {
    let old = mdp_1296();
    let (oracle, theta) = (old.oracle(), Dual::<16>::point(new.policy.parameters()));
    let occupancy = oracle.occupancy();
    let mut sums = vec![numeric::Sum::new(); theta.len()];
    for (i, d) in occupancy.iter().enumerate() {
        let (t, s) = (i / 3, i % 3);
        for a in 0..2 {
            let pi = probability(&old.policy, old.policy.parameters(), t, s, a);
            let score = probability(&new.policy, &theta, t, s, a).ln().tangents;
            let weight = d * pi * f(&oracle, t, s, a);
            sums.iter_mut().zip(score).for_each(|(sum, x)| sum.add(weight * x));
        }
    }
    sums.into_iter().map(numeric::Sum::value).collect()
}

/// The bias of old data with the new score.
pub(in crate::claims) fn stale_bias(e: f64) -> Vec<f64> {
    difference(&stale_expectation(&shifted(e)), &shifted(e).gradient())
}

const STEPS: [f64; 3] = [1.0, 0.1, 0.01];

/// `log10` of the ratio of two norms a factor of ten apart.
pub(in crate::claims) fn slope(wide: f64, close: f64) -> f64 {
    numeric::ln(wide / close) / std::f64::consts::LN_10
}

/// Old policy and new of a bandit.
const OLD: [f64; 4] = [0.1, 0.2, 0.3, 0.4];
const NEW: [f64; 4] = [0.4, 0.3, 0.2, 0.1];

pub(in crate::claims) static OLD_DATA: Claim = Claim {
    id: "ch05-old-data-invalid",
    origin: Origin::Guide,
    quote: "After updating theta, old data is invalid -> recollect. This is on-policy.",
    statement: "E_θ[Σ g'_t G_t] − ∇J(θ') is of first order in θ'−θ, and zero with trajectory or per-decision weights: \
                \"invalid\" only without correction.",
    because: "Data of θ weigh trajectories by p_θ; the identity E_θ[w f] = E_θ'[f] restores p_θ' (chapter 9).",
    lesson: "\"Invalid\" means biased, to first order in the step; exactly repairable by trajectory or per-decision weights.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "bias_norm_new_score",
            what: "norm of the bias of old data with the new score, e=1, .1, .01",
            value: Value::List(|| STEPS.map(|e| norm(&stale_bias(e))).to_vec()),
        },
        Quantity {
            key: "bias_norm_stale",
            what: "norm of ∇J(θ) − ∇J(θ'), e=1, .1, .01",
            value: Value::List(|| STEPS.map(|e| distance(&mdp_1296().gradient(), &shifted(e).gradient())).to_vec()),
        },
        Quantity {
            key: "bias_total_return_form",
            what: "bias of E_θ[(Σ g'_t) r(τ)] at e=1",
            value: Value::List(|| {
                let new = shifted(1.0);
                let mean = mdp_1296().expect(|path| uncorrected(&new, path, |_| total(path)));
                difference(&mean, &new.gradient())
            }),
        },
        Quantity {
            key: "slope",
            what: "log10 of the ratio of the first norms at e=.1 and .01",
            value: Value::Number(|| slope(norm(&stale_bias(0.1)), norm(&stale_bias(0.01)))),
        },
    ],
    trials: &[
        Trial {
            name: "old data with the new score is biased",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| stale_expectation(&shifted(1.0))),
            expected: || shifted(1.0).gradient(),
            judge: Judge::Different { at_least: 0.3, why: "less than half of the bias" },
            counterfeits: &[Counterfeit {
                story: "with trajectory weights",
                subject: Subject::Exact(|| mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::Trajectory)),
            }],
        },
        Trial {
            name: "what it estimates, by enumeration and from occupancy and values",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Exact(|| stale_expectation(&shifted(1.0))),
            expected: || stale_recursion(&shifted(1.0), Oracle::action_value),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "new data",
                subject: Subject::Exact(|| shifted(1.0).batch_mean(1, v2)),
            }],
        },
        Trial {
            name: "the bias is of first order",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=.1 and .01: log10 of the ratio of the norms, of old data and of the stale gradient",
            subject: Subject::Exact(|| {
                let stale = |e: f64| distance(&mdp_1296().gradient(), &shifted(e).gradient());
                vec![slope(norm(&stale_bias(0.1)), norm(&stale_bias(0.01))), slope(stale(0.1), stale(0.01))]
            }),
            expected: || vec![1.0; 2],
            judge: Judge::Exact { tolerance: 0.02, why: "the second order adds a part of e" },
            counterfeits: &[Counterfeit {
                story: "of the divergence, which is of second order",
                subject: Subject::Exact(|| {
                    let divergence = |e: f64| mdp_1296().off_policy(&shifted(e)).divergence();
                    vec![slope(divergence(0.1), divergence(0.01)); 2]
                }),
            }],
        },
        Trial {
            name: "the bias on a bandit in closed form",
            role: Role::Confirms,
            setting: "four arms that pay 2, 5, 8, 12: π=(.1, .2, .3, .4), π'=(.4, .3, .2, .1)",
            subject: Subject::Exact(|| {
                let world = |pi: [f64; 4]| World::new(bandit(&EXAMPLE), tabular(1, 4, &pi.map(numeric::ln)));
                let mean = world(OLD).expect(|path| world(NEW).weighted(path, |_| total(path)));
                difference(&mean, &world(NEW).gradient())
            }),
            expected: || {
                let gap = dot(&OLD, &EXAMPLE) - dot(&NEW, &EXAMPLE);
                (0..4).map(|k| (OLD[k] - NEW[k]) * EXAMPLE[k] - NEW[k] * gap).collect()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the first term alone",
                subject: Subject::Exact(|| (0..4).map(|k| (OLD[k] - NEW[k]) * EXAMPLE[k]).collect()),
            }],
        },
        Trial {
            name: "with trajectory or per-decision weights old data are valid",
            role: Role::Limits,
            setting: SHIFTED,
            subject: Subject::Exact(|| {
                [ImportanceWeights::Trajectory, ImportanceWeights::PerDecision]
                    .map(|weights| mdp_1296().weighted_mean(&shifted(1.0), &weights))
                    .concat()
            }),
            expected: || shifted(1.0).gradient().repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with per-timestep weights",
                subject: Subject::Exact(|| {
                    mdp_1296().weighted_mean(&shifted(1.0), &ImportanceWeights::PerTimestep).repeat(2)
                }),
            }],
        },
        Trial {
            name: "the biased mean, drawn",
            role: Role::Confirms,
            setting: SHIFTED,
            subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::Ignored)),
            expected: || stale_recursion(&shifted(1.0), Oracle::action_value),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "with trajectory weights",
                subject: Subject::Sampled(|| mdp_1296().sample_weighted(&shifted(1.0), &ImportanceWeights::Trajectory)),
            }],
        },
    ],
};

fn mean_new_score() -> Vec<f64> {
    let new = shifted(1.0);
    mdp_1296().expect(|path| uncorrected(&new, path, |_| 1.0))
}

/// What subtracting `b = J(θ)` does to the mean of an estimator on old data.
fn change_by_baseline(weights: &ImportanceWeights) -> Vec<f64> {
    let (old, new) = (mdp_1296(), shifted(1.0));
    let mean = |baseline: f64| {
        let subject = ImportanceWeighted { baseline, ..ImportanceWeighted::to_go(weights.clone()) };
        old.expect(|path| subject.gradient(&new.policy, &old.recorded(&Batch::of(4, [path]))))
    };
    difference(&mean(old.objective()), &mean(0.0))
}

pub(in crate::claims) static STALE_BASELINE: Claim = Claim {
    id: "ch05-stale-baseline-not-neutral",
    origin: Origin::Ours,
    quote: "(consequence) baseline proof with old data",
    statement: "Off-policy and without ratios E_θ[∇ log π'] ≠ 0, so subtracting b changes the expected update by \
                −b E_θ[Σ g'_t].",
    because: "Σ_a π(a|s) ∇ log π'(a|s) is π(·|s) − π'(·|s) for a table, zero where they agree; with the ratio it is \
              Σ_a ∇π'(a|s) = 0.",
    lesson: "The proof that baselines are free needs the score of the policy that acted. With stale data and no ratio a \
             baseline moves the mean; the per-timestep ratio restores its neutrality exactly.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "mean_new_score", what: "E_θ[Σ g'_t]", value: Value::List(mean_new_score) },
        Quantity {
            key: "update_change_norm",
            what: "‖b E_θ[Σ g'_t]‖ with b=J(θ)",
            value: Value::Number(|| mdp_1296().objective() * norm(&mean_new_score())),
        },
    ],
    trials: &[
        Trial {
            name: "the mean of the new score under old data is not zero",
            role: Role::Contradicts,
            setting: "set-mdp-shifted, e=1: E_θ[Σ_t g'_t], data of θ and scores of θ'",
            subject: Subject::Exact(mean_new_score),
            expected: || vec![0.0; 6],
            judge: Judge::Different { at_least: 0.2, why: "half of its length" },
            counterfeits: &[Counterfeit {
                story: "with the per-timestep ratio",
                subject: Subject::Exact(|| {
                    let (old, new) = (mdp_1296(), shifted(1.0));
                    old.expect(|path| {
                        let ratios = old.ratios(&new, path);
                        new.weighted(path, |t| ratios[t])
                    })
                }),
            }],
        },
        Trial {
            name: "by enumeration and from the occupancy",
            role: Role::Contradicts,
            setting: SHIFTED,
            subject: Subject::Exact(mean_new_score),
            expected: || stale_recursion(&shifted(1.0), |_, _, _, _| 1.0),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "data of the new policy",
                subject: Subject::Exact(|| {
                    let new = shifted(1.0);
                    new.expect(|path| new.sum_of_scores(path))
                }),
            }],
        },
        Trial {
            name: "the new score under old data, drawn",
            role: Role::Contradicts,
            setting: SHIFTED,
            subject: Subject::Sampled(|| {
                let new = shifted(1.0);
                mdp_1296().sample_paths(|path| new.sum_of_scores(path))
            }),
            expected: || stale_recursion(&shifted(1.0), |_, _, _, _| 1.0),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the old score",
                subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| mdp_1296().sum_of_scores(path))),
            }],
        },
        Trial {
            name: "a baseline moves the mean by −b times it",
            role: Role::Contradicts,
            setting: "set-mdp-shifted: the estimator with b=J(θ) less the estimator without a baseline, no ratio",
            subject: Subject::Exact(|| change_by_baseline(&ImportanceWeights::Ignored)),
            expected: || scale(-mdp_1296().objective(), &stale_recursion(&shifted(1.0), |_, _, _, _| 1.0)),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the per-timestep ratio",
                subject: Subject::Exact(|| change_by_baseline(&ImportanceWeights::PerTimestep)),
            }],
        },
    ],
};
