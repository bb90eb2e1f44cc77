//! Estimators of the Kullback-Leibler divergence `KL(π ‖ π_ref)` from samples: their value, and what they do as a loss.

mod checks;
mod estimators;
mod mutants;

use super::comparison::settle;
use super::numbers::number;
use super::part::Part;
use crate::audit::check::Check;
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::Reference;
use crate::audit::subject::{Kind, Penalty, Promises, Ratio, Subject};
use estimators::each;

/// Divergences.
pub(super) static PART: Part = Part {
    kinds: DIVERGENCE,
    checks: CHECKS,
    references: REFERENCES,
    mutants: mutants::MUTANTS,
    held_out: mutants::HELD_OUT,
    fingerprint,
};

const DIVERGENCE: &[Kind] = &[Kind::Divergence];

impl<'a> Subject<'a> {
    /// A divergence as a loss, one action at a time: from `log π(a)` and `log π_ref(a)` of an action drawn from `π`, an
    /// estimate of `KL(π ‖ π_ref)` and its derivative in `log π(a)` as autograd gives it. It promises the gradient of
    /// `KL(π ‖ π_ref)`.
    pub fn divergence(name: impl Into<String>, estimator: impl Fn(f64, f64) -> (f64, f64) + Send + Sync + 'a) -> Self {
        Self::sequence_divergence(name, move |log_p, log_q, _| each(log_p, log_q, &estimator))
    }

    /// A divergence that goes into the reward: its value alone, from `log π(a)` and `log π_ref(a)` of an action drawn
    /// from `π`.
    pub fn divergence_in_reward(
        name: impl Into<String>,
        estimator: impl Fn(f64, f64) -> f64 + Send + Sync + 'a,
    ) -> Self {
        Self::divergence(name, move |log_p, log_q| (estimator(log_p, log_q), 0.0)).promising(Promises::default())
    }

    /// The divergence of a whole sequence as a loss: from `log π`, `log π_ref` and `log μ` of its actions, `[T]` each,
    /// drawn from `μ`, the sum over its steps, and the derivative of that sum in each `log π`, `[T]`. What is detached
    /// counts as a constant.
    ///
    /// It promises the gradient of `KL(π ‖ π_ref)`, on fresh data, where `μ = π`. With [`Promises::ratio`] it also
    /// promises value and gradient on data of another policy; with [`Promises::penalty`] of [`Penalty::Forward`] the
    /// gradient of `KL(π_ref ‖ π)`, and with none no gradient.
    pub fn sequence_divergence(
        name: impl Into<String>,
        estimator: impl Fn(&[f64], &[f64], &[f64]) -> (f64, Vec<f64>) + Send + Sync + 'a,
    ) -> Self {
        let function = move |x: &[f64]| {
            let steps = x.len() / 3;
            let (log_p, rest) = x.split_at(steps);
            let (log_q, log_mu) = rest.split_at(steps);
            let (value, slopes) = estimator(log_p, log_q, log_mu);
            [vec![value], slopes].concat()
        };
        let promises = Promises { penalty: Some(Penalty::Reverse), ..Promises::default() };
        Self::numbers(Kind::Divergence, name, function).promising(promises)
    }
}

/// What is true of estimators of a divergence.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "divergence/value",
        statement: "the mean over the policy's own actions is KL(π ‖ π_ref)",
        because: "an estimator of the divergence is unbiased (k1 and k3 are, k2 is not: Schulman 2020); a difference \
                  is a direction, a sign, or a factor",
        kinds: DIVERGENCE,
        run: |examination| settle(checks::value(examination, false)),
    },
    Check {
        id: "divergence/stale-value",
        statement: "the mean over actions of another policy is KL(π ‖ π_ref)",
        because: "each term carries its ratio π/μ; a difference is a ratio that is missing or of something else",
        kinds: DIVERGENCE,
        run: |examination| settle(checks::value(examination, true)),
    },
    Check {
        id: "divergence/zero-at-equal",
        statement: "where π and π_ref are equal it is zero, on every sample",
        because: "then log π − log π_ref is zero; a difference is log-probabilities of different tokens",
        kinds: DIVERGENCE,
        run: |examination| settle(checks::zero_at_equal(examination)),
    },
    Check {
        id: "divergence/gradient",
        statement: "as a loss its mean gradient is that of the divergence that it promises",
        because: "E[d value/d log π · ∇ log π] is the gradient of k2 and of no other of the plain estimators: k1 has \
                  mean zero, k3 has that of KL(π_ref ‖ π)",
        kinds: DIVERGENCE,
        run: |examination| settle(checks::gradient(examination, false)),
    },
    Check {
        id: "divergence/stale-gradient",
        statement: "on actions of another policy its mean gradient is that of the divergence that it promises",
        because: "each term carries its ratio π/μ, as a constant beside k2 or differentiated beside k3 \
                  (DeepSeek-V3.2); a difference is a ratio that is missing, of a whole sequence, or differentiated \
                  where it should not be",
        kinds: DIVERGENCE,
        run: |examination| settle(checks::gradient(examination, true)),
    },
    Check {
        id: "divergence/steps-add-up",
        statement: "the divergence of a sequence is the sum of those of its steps",
        because: "log-probabilities add; a difference is a mean over steps, or a token beside the wrong one",
        kinds: DIVERGENCE,
        run: |examination| settle(checks::steps_add_up(examination)),
    },
];

const SCHULMAN: &str = "Schulman 2020, Approximating KL divergence";

/// Correct estimators.
pub(super) static REFERENCES: &[Reference] = &[
    Reference {
        name: "k1 in the reward",
        source: SCHULMAN,
        subject: || Subject::divergence_in_reward("k1 in the reward", |p, q| estimators::k1(p, q).0),
        expected: &[],
    },
    Reference {
        name: "k3 in the reward",
        source: SCHULMAN,
        subject: || Subject::divergence_in_reward("k3 in the reward", |p, q| estimators::k3(p, q).0),
        expected: &[],
    },
    Reference {
        name: "k2 as a loss",
        source: SCHULMAN,
        subject: || Subject::divergence("k2 as a loss", estimators::k2),
        expected: &[("divergence/value", "k2 is half a squared log-ratio: its gradient is right and its value biased")],
    },
    Reference {
        name: "k3 with the slope of k2",
        source: "OpenRLHF/OpenRLHF#1309: the value for the log, the slope of k2 for the gradient",
        subject: || Subject::divergence("k3 with the slope of k2", estimators::k3_with_slope_of_k2),
        expected: &[],
    },
    Reference {
        name: "k3 times the ratio",
        source: "DeepSeek-AI 2025, DeepSeek-V3.2, unbiased KL estimate",
        subject: || {
            Subject::sequence_divergence("k3 times the ratio", estimators::k3_times_ratio).promising(Promises {
                penalty: Some(Penalty::Reverse),
                ratio: Ratio::Step,
                ..Promises::default()
            })
        },
        expected: &[],
    },
    Reference {
        name: "k3 as a loss for the forward divergence",
        source: "Schulman 2020, and the gradient of KL(π_ref ‖ π), which k3 has",
        subject: || {
            Subject::divergence("k3 as a loss for the forward divergence", estimators::k3)
                .promising(Promises { penalty: Some(Penalty::Forward), ..Promises::default() })
        },
        expected: &[],
    },
];

/// Answers to a few pairs and triples of log-probabilities, of one step and of three.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let log_prob = |k: usize| -1.2 + 0.7 * number(examination.edition, 300 + k);
    let mut out = Vec::new();
    for steps in [1, 1, 3] {
        let inputs: Vec<f64> = (0..3 * steps).map(|k| log_prob(out.len() + k)).collect();
        out.extend(examination.numbers(&inputs, 1 + steps)?);
    }
    Ok(out)
}
