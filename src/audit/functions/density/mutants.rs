//! Known bugs of log-densities.

use super::{arctanh, normal, squashed, unsquashed};
use crate::audit::mutant::{Mutant, Observable};
use crate::audit::subject::Subject;
use crate::numeric::{exp, ln, tanh};

const GAUSSIAN: &str = "Gaussian";
const SQUASHED: &str = "squashed Gaussian";

fn plain(density: fn(&[f64], &[f64], &[f64]) -> f64) -> Subject<'static> {
    Subject::density("a mutant of a Gaussian", density)
}

fn in_a_box(density: fn(&[f64], &[f64], f64, &[f64]) -> f64) -> Subject<'static> {
    Subject::squashed_density("a mutant of a squashed Gaussian", density)
}

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "E18",
        title: "the action is clipped before it is stored, and its log-density is that of a Gaussian",
        evidence: "kuds/mesozoic-labs#408",
        wrong: "log_prob = normal.log_prob(action.clip(-1, 1))",
        observable: Observable::Score,
        active: "actions beyond the bounds",
        equivalent: None,
        of: GAUSSIAN,
        subject: || plain(|mean, spread, action| normal(mean, spread, &clipped(action))),
    },
    Mutant {
        id: "E18b",
        title: "a squashed action has the log-density of a Gaussian",
        evidence: "kuds/mesozoic-labs#408",
        wrong: "log_prob = normal.log_prob(squashed_action)",
        observable: Observable::ImportanceSampling,
        active: "squashed actions",
        equivalent: None,
        of: SQUASHED,
        subject: || in_a_box(|mean, spread, _, action| normal(mean, spread, action)),
    },
    Mutant {
        id: "F6",
        title: "log-densities are averaged over actions",
        evidence: "thu-ml/tianshou#40, #162; AI4Finance-Foundation/ElegantRL#273",
        wrong: "log_prob = normal.log_prob(action).mean(-1)",
        observable: Observable::ImportanceSampling,
        active: "several actions",
        equivalent: None,
        of: GAUSSIAN,
        subject: || plain(|mean, spread, action| normal(mean, spread, action) / mean.len() as f64),
    },
    Mutant {
        id: "F7",
        title: "the Jacobian of the limit is missing",
        evidence: "openai/spinningup#314",
        wrong: "log_prob -= log(1 - tanh(u) ** 2)  # of action = limit * tanh(u)",
        observable: Observable::Value,
        active: "a limit that is not 1",
        equivalent: Some("it is constant: only the entropy, and a temperature that is tuned to it, are off"),
        of: SQUASHED,
        subject: || {
            in_a_box(|mean, spread, limit, action| {
                squashed(mean, spread, limit, action) + action.len() as f64 * ln(limit)
            })
        },
    },
    Mutant {
        id: "F8",
        title: "atanh of an action that is clamped",
        evidence: "ray-project/ray#65036",
        wrong: "u = atanh(clamp(action, -1 + 1e-6, 1 - 1e-6))",
        observable: Observable::Value,
        active: "a policy at the edge of the box",
        equivalent: None,
        of: SQUASHED,
        subject: || in_a_box(clamped),
    },
    Mutant {
        id: "F8b",
        title: "the correction squashes the action once more",
        evidence: "boyu-ai/Hands-on-RL#44",
        wrong: "action = tanh(u); log_prob -= log(1 - tanh(action) ** 2)",
        observable: Observable::Value,
        active: "squashed actions",
        equivalent: None,
        of: SQUASHED,
        subject: || {
            in_a_box(|mean, spread, limit, action| {
                normal(mean, spread, &unsquashed(limit, action)) - twice_corrected(limit, action)
            })
        },
    },
];

/// Bugs on which the checks were not built: two at once, or one in another place.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "F6+F7",
        title: "squashed log-densities are averaged over actions, without the limit",
        evidence: "thu-ml/tianshou#40; openai/spinningup#314",
        wrong: "log_prob = (normal.log_prob(u) - log(1 - tanh(u) ** 2)).mean(-1)",
        observable: Observable::ImportanceSampling,
        active: "several actions",
        equivalent: None,
        of: SQUASHED,
        subject: || {
            in_a_box(|mean, spread, limit, action| {
                squashed(mean, spread, limit, action) / action.len() as f64 + ln(limit)
            })
        },
    },
    Mutant {
        id: "F8 by a small number",
        title: "a millionth is added in the logarithm",
        evidence: "haarnoja/sac, as copied since; openai/spinningup#101",
        wrong: "log_prob -= log(1 - tanh(u) ** 2 + 1e-6)",
        observable: Observable::Value,
        active: "a policy at the edge of the box",
        equivalent: Some("away from the edge it changes 1e−6"),
        of: SQUASHED,
        subject: || in_a_box(with_a_small_number),
    },
    Mutant {
        id: "F8 of the mean",
        title: "the mean is squashed, and the action again",
        evidence: "cpnota/autonomous-learning-library#154",
        wrong: "normal = Normal(tanh(mean), std); action = tanh(normal.sample())",
        observable: Observable::ImportanceSampling,
        active: "a mean that is not near zero",
        equivalent: None,
        of: SQUASHED,
        subject: || {
            in_a_box(|mean, spread, limit, action| {
                let mean: Vec<f64> = mean.iter().map(|x| tanh(*x)).collect();
                squashed(&mean, spread, limit, action)
            })
        },
    },
    Mutant {
        id: "E18+F6",
        title: "clipped actions, and a mean over them",
        evidence: "kuds/mesozoic-labs#408; thu-ml/tianshou#162",
        wrong: "log_prob = normal.log_prob(action.clip(-1, 1)).mean(-1)",
        observable: Observable::Score,
        active: "actions beyond the bounds",
        equivalent: None,
        of: GAUSSIAN,
        subject: || plain(|mean, spread, action| normal(mean, spread, &clipped(action)) / action.len() as f64),
    },
    Mutant {
        id: "F6 of the variance",
        title: "the variance stands where the deviation should",
        evidence: "a slip between scale and variance",
        wrong: "Normal(mean, exp(2 * log_std))",
        observable: Observable::ImportanceSampling,
        active: "any deviation but 1",
        equivalent: None,
        of: GAUSSIAN,
        subject: || {
            plain(|mean, spread, action| {
                let wrong: Vec<f64> = spread.iter().map(|s| 2.0 * s).collect();
                normal(mean, &wrong, action)
            })
        },
    },
];

fn with_a_small_number(mean: &[f64], spread: &[f64], limit: f64, action: &[f64]) -> f64 {
    let jacobian = action.iter().map(|a| ln(limit) + ln((1.0 - a / limit) * (1.0 + a / limit) + 1e-6));
    normal(mean, spread, &unsquashed(limit, action)) - jacobian.sum::<f64>()
}

fn clipped(action: &[f64]) -> Vec<f64> {
    action.iter().map(|a| a.clamp(-1.0, 1.0)).collect()
}

fn clamped(mean: &[f64], spread: &[f64], limit: f64, action: &[f64]) -> f64 {
    let u: Vec<f64> = action.iter().map(|a| arctanh((a / limit).clamp(-1.0 + 1e-6, 1.0 - 1e-6))).collect();
    let jacobian = u.iter().map(|u| {
        let cosh = 0.5 * (exp(*u) + exp(-u));
        ln(limit) - 2.0 * ln(cosh)
    });
    normal(mean, spread, &u) - jacobian.sum::<f64>()
}

fn twice_corrected(limit: f64, action: &[f64]) -> f64 {
    let of = |a: &f64| {
        let again = tanh(a / limit);
        ln(limit) + ln(1.0 - again * again)
    };
    action.iter().map(of).sum()
}
