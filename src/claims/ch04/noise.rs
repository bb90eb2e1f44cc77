//! The estimate from samples: unbiased, and how noisy.

use crate::claims::prelude::*;

pub(in crate::claims) static MC_UNBIASED: Claim = Claim {
    id: "ch04-mc-unbiased",
    origin: Origin::Guide,
    quote: "Unbiased but noisy.",
    statement: "The mean over all batches of N is ∇J; one trajectory's noise is larger than its signal.",
    because: "Expectation is linear.",
    lesson: "In set-mdp-1296 the signal of one trajectory is three tenths of its noise.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "batch_expectation",
            what: "set-mdp-16: E of the estimate from N=3",
            value: Value::List(|| mdp_16().batch_mean(3, v1)),
        },
        Quantity {
            key: "snr_single",
            what: "set-mdp-1296: |∇J| / √trVar(V1), one trajectory",
            value: Value::Number(|| norm(&mdp_1296().gradient()) / mdp_1296().batch_trace(1, v1).sqrt()),
        },
    ],
    trials: &[
        Trial {
            name: "over all batches of three",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Exact(|| mdp_16().batch_mean(3, v1)),
            expected: || mdp_16().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a sum over the batch where the mean belongs",
                subject: Subject::Exact(|| scale(3.0, &mdp_16().batch_mean(3, v1))),
            }],
        },
        Trial {
            name: "batches of three, drawn",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Sampled(|| mdp_16().sample(3, v1)),
            expected: || mdp_16().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "divided by N − 1",
                subject: Subject::Sampled(|| mdp_16().sample(3, |world, batch| scale(1.5, &v1(world, batch)))),
            }],
        },
        Trial {
            name: "the noise is larger than the signal",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![mdp_1296().batch_trace(1, v1)]),
            expected: || vec![dot(&mdp_1296().gradient(), &mdp_1296().gradient())],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the mean of a thousand trajectories",
                subject: Subject::Exact(|| vec![mdp_1296().batch_trace(1, v1) / 1000.0]),
            }],
        },
    ],
};

/// trVar of the mean over N = 1, 2, 3.
pub(in crate::claims) fn trace_by_size() -> Vec<f64> {
    (1..=3).map(|n| mdp_16().batch_trace(n, v1)).collect()
}

/// The same from one trajectory's, by the conditional-moment recursion.
pub(in crate::claims) fn trace_over_size() -> Vec<f64> {
    let one = mdp_16().recursion_trace(&Form::total(Baseline::None));
    (1..=3).map(|n| one / f64::from(n)).collect()
}

pub(in crate::claims) static MORE_N: Claim = Claim {
    id: "ch04-more-N-less-noise",
    origin: Origin::Guide,
    quote: "More trajectories N -> less noise.",
    statement: "tr Var(ĝ_N) = tr Var(ĝ_1)/N.",
    because: "The trajectories of a batch are independent and identically distributed.",
    lesson: "The error falls like 1/√N: four times the data for half the noise.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "trvar_by_n", what: "set-mdp-16: trVar for N=1,2,3", value: Value::List(trace_by_size) },
        Quantity {
            key: "trvar_mdp_1296",
            what: "set-mdp-1296: trVar(V1)",
            value: Value::Number(|| mdp_1296().batch_trace(1, v1)),
        },
    ],
    trials: &[
        Trial {
            name: "over all batches of one, two and three",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Exact(trace_by_size),
            expected: trace_over_size,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the same trajectory N times",
                subject: Subject::Exact(|| vec![trace_over_size()[0]; 3]),
            }],
        },
        Trial {
            name: "the squared error of batches of three, drawn",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Sampled(|| mdp_16().sample_errors(3, v1)),
            expected: || vec![trace_over_size()[2]],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "batches of two",
                subject: Subject::Sampled(|| mdp_16().sample_errors(2, v1)),
            }],
        },
    ],
};
