//! Log-densities of Gaussian policies over several actions, plain and squashed by `tanh`.

mod checks;
mod mutants;

use super::comparison::settle;
use super::part::Part;
use crate::audit::check::Check;
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::Reference;
use crate::audit::subject::{Kind, Subject};
use crate::numeric::{exp, ln};

/// Densities.
pub(super) static PART: Part = Part {
    kinds: &[Kind::Density, Kind::SquashedDensity],
    checks: CHECKS,
    references: REFERENCES,
    mutants: mutants::MUTANTS,
    held_out: mutants::HELD_OUT,
    fingerprint,
};

impl<'a> Subject<'a> {
    /// The log-density of independent normal actions: from means, log standard deviations and actions, one each an
    /// action, one number for all of them.
    pub fn density(
        name: impl Into<String>,
        density: impl Fn(&[f64], &[f64], &[f64]) -> f64 + Send + Sync + 'a,
    ) -> Self {
        Self::numbers(Kind::Density, name, move |x| {
            let (mean, spread, action) = thirds(x);
            vec![density(mean, spread, action)]
        })
    }

    /// The log-density of the actions `a = limit · tanh(u)` with independent normal `u`: from the means and log
    /// standard deviations of `u`, the limit, and the actions, which lie between `−limit` and `limit`; one number for
    /// all of them. It is a density in `a`, not in `tanh(u)` nor in `u`.
    pub fn squashed_density(
        name: impl Into<String>,
        density: impl Fn(&[f64], &[f64], f64, &[f64]) -> f64 + Send + Sync + 'a,
    ) -> Self {
        Self::numbers(Kind::SquashedDensity, name, move |x| {
            let Some((limit, rest)) = x.split_first() else { return Vec::new() };
            let (mean, spread, action) = thirds(rest);
            vec![density(mean, spread, *limit, action)]
        })
    }
}

fn thirds(x: &[f64]) -> (&[f64], &[f64], &[f64]) {
    let (mean, rest) = x.split_at(x.len() / 3);
    let (spread, action) = rest.split_at(x.len() / 3);
    (mean, spread, action)
}

const PLAIN: &[Kind] = &[Kind::Density];
const SQUASHED: &[Kind] = &[Kind::SquashedDensity];

/// What is true of log-densities.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "density/integrates-to-one",
        statement: "the density of one action and that of two integrate to 1",
        because: "something happens; a difference is a constant that is missing, a mean over actions, or a density \
                  that is asked at clipped actions",
        kinds: PLAIN,
        run: |examination| settle(checks::mass(examination)),
    },
    Check {
        id: "density/actions-add-up",
        statement: "the log-density of several actions is the sum of theirs",
        because: "they are independent; a difference is a mean over actions, or one action alone",
        kinds: PLAIN,
        run: |examination| settle(checks::actions_add_up(examination)),
    },
    Check {
        id: "density/ratio-has-mean-one",
        statement: "the ratio of the densities of two policies has mean 1 over the actions of the second",
        because: "importance sampling rests on it; a difference is a ratio of something that is no density of the \
                  actions stored",
        kinds: PLAIN,
        run: |examination| settle(checks::ratio(examination)),
    },
    Check {
        id: "density/score-has-mean-zero",
        statement: "the score has mean zero over the policy's own actions",
        because: "baselines rest on it; a difference is a log-density at other actions than were drawn",
        kinds: PLAIN,
        run: |examination| settle(checks::score(examination)),
    },
    Check {
        id: "density/squashed-integrates-to-one",
        statement: "the squashed density of one action and that of two integrate to 1 over the box",
        because: "something happens; a difference is a Jacobian that is missing or wrong: of tanh, of the limit, or of \
                  a tanh too many",
        kinds: SQUASHED,
        run: |examination| settle(checks::squashed_mass(examination)),
    },
    Check {
        id: "density/saturated",
        statement: "the squashed density integrates to 1 for a policy that keeps to the edge of the box",
        because: "1 − tanh² is small there; a difference here alone is an atanh of clamped actions, or a number added \
                  in the logarithm that is not small beside it",
        kinds: SQUASHED,
        run: |examination| settle(checks::saturated(examination)),
    },
    Check {
        id: "density/squashed-ratio-has-mean-one",
        statement: "the ratio of two squashed densities has mean 1 over the squashed actions of the second",
        because: "the Jacobian cancels in it; a difference is a mean or an action that is squashed once too often or \
                  too seldom",
        kinds: SQUASHED,
        run: |examination| settle(checks::ratio(examination)),
    },
];

/// `Σ_i log N(u_i; mean_i, exp(spread_i))`.
fn normal(mean: &[f64], spread: &[f64], u: &[f64]) -> f64 {
    let half = 0.5 * ln(2.0 * std::f64::consts::PI);
    let of = |i: usize| {
        let z = (u[i] - mean[i]) / exp(spread[i]);
        -0.5 * z * z - spread[i] - half
    };
    (0..mean.len()).map(of).sum()
}

/// The inverse of `tanh`.
fn arctanh(x: f64) -> f64 {
    0.5 * (ln(1.0 + x) - ln(1.0 - x))
}

fn unsquashed(limit: f64, action: &[f64]) -> Vec<f64> {
    action.iter().map(|a| arctanh(a / limit)).collect()
}

/// `log N(u) − Σ_i log(limit (1 − (a_i/limit)²))` (Haarnoja et al. 2018, appendix C, eq. 21).
fn squashed(mean: &[f64], spread: &[f64], limit: f64, action: &[f64]) -> f64 {
    let jacobian = action.iter().map(|a| ln(limit) + ln(1.0 - a / limit) + ln(1.0 + a / limit));
    normal(mean, spread, &unsquashed(limit, action)) - jacobian.sum::<f64>()
}

/// The same by `log(1 − tanh² u) = 2 (log 2 − u − log(1 + e^{−2u}))`.
fn squashed_stably(mean: &[f64], spread: &[f64], limit: f64, action: &[f64]) -> f64 {
    let u = unsquashed(limit, action);
    let jacobian = u.iter().map(|u| {
        let u = u.abs();
        ln(limit) + 2.0 * (std::f64::consts::LN_2 - u - ln(1.0 + exp(-2.0 * u)))
    });
    normal(mean, spread, &u) - jacobian.sum::<f64>()
}

/// Correct densities.
pub(super) static REFERENCES: &[Reference] = &[
    Reference {
        name: "Gaussian",
        source: "Williams 1992, §6",
        subject: || Subject::density("Gaussian", normal),
        expected: &[],
    },
    Reference {
        name: "squashed Gaussian",
        source: "Haarnoja et al. 2018, appendix C, eq. 21",
        subject: || Subject::squashed_density("squashed Gaussian", squashed),
        expected: &[],
    },
    Reference {
        name: "squashed Gaussian, stably",
        source: "Haarnoja et al. 2018, appendix C, as Achiam 2018, Spinning Up, writes it",
        subject: || Subject::squashed_density("squashed Gaussian, stably", squashed_stably),
        expected: &[],
    },
];

/// Log-densities at a few points, some near the edge.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let mut out = Vec::new();
    for actions in 1..=2 {
        for z in [-2.0, -0.7, 0.3, 1.9] {
            let law = checks::Law::ordinary(examination, actions);
            out.push(law.log_density(examination, &vec![z; actions], &law)?);
        }
    }
    if examination.subject.kind() == Kind::SquashedDensity {
        let law = checks::Law::at_the_edge(examination);
        for z in [-3.5, -1.0, 1.0, 3.5] {
            out.push(law.log_density(examination, &[z], &law)?);
        }
    }
    Ok(out)
}
