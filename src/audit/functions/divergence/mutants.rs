//! Known bugs of divergences.

use super::estimators::{Answer, each, k1, k2, k3, k3_times_ratio, k3_with_slope_of_k2};
use crate::audit::mutant::{Mutant, Observable};
use crate::audit::subject::{Penalty, Promises, Ratio, Subject};
use crate::numeric::exp;

const K2: &str = "k2 as a loss";
const STRAIGHT: &str = "k3 with the slope of k2";
const WEIGHTED: &str = "k3 times the ratio";

fn weighted(estimator: fn(&[f64], &[f64], &[f64]) -> Answer) -> Subject<'static> {
    let promises = Promises { penalty: Some(Penalty::Reverse), ratio: Ratio::Step, ..Promises::default() };
    Subject::sequence_divergence("a mutant of k3 times the ratio", estimator).promising(promises)
}

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "C11",
        title: "the reference's log-probabilities are those of the tokens after",
        evidence: "opendilab/LightRFT#53",
        wrong: "ref_log_probs = ref_log_probs.roll(-1)",
        observable: Observable::Divergence,
        active: "sequences of several steps",
        equivalent: None,
        of: STRAIGHT,
        subject: || Subject::sequence_divergence("a mutant of k3 with the slope of k2", misaligned),
    },
    Mutant {
        id: "D1",
        title: "k1 is differentiated as a loss",
        evidence: "OpenRLHF/OpenRLHF#1309, #1101; NVIDIA-NeMo/RL#2506; allenai/open-instruct#534; \
                   verl-project/verl#2953",
        wrong: "loss += beta * (log_p - log_q)",
        observable: Observable::Dead,
        active: "a reference that differs from the policy",
        equivalent: None,
        of: K2,
        subject: || Subject::divergence("a mutant of k2 as a loss", k1),
    },
    Mutant {
        id: "D1b",
        title: "k3 is differentiated as a loss: the gradient is that of the forward divergence",
        evidence: "OpenRLHF/OpenRLHF#1309, #1101; NVIDIA-NeMo/RL#2506; allenai/open-instruct#534; \
                   verl-project/verl#2953",
        wrong: "loss += beta * (exp(log_q - log_p) - 1 - (log_q - log_p))",
        observable: Observable::Direction,
        active: "a reference that differs from the policy",
        equivalent: None,
        of: K2,
        subject: || Subject::divergence("a mutant of k2 as a loss", k3),
    },
    Mutant {
        id: "D2",
        title: "a divergence on old data has no ratio",
        evidence: "THUDM/slime#1004, #1039",
        wrong: "kl = k3(log_p, log_q)  # of samples of log_mu",
        observable: Observable::Divergence,
        active: "data of another policy",
        equivalent: None,
        of: WEIGHTED,
        subject: || weighted(|p, q, _| each(p, q, k3_with_slope_of_k2)),
    },
    Mutant {
        id: "D3",
        title: "the ratio of the whole sequence stands before the divergence of each step",
        evidence: "huggingface/trl#6503, #6594, #6586",
        wrong: "per_token_kl * exp((log_p - log_mu).mean(-1, keepdim=True))",
        observable: Observable::Divergence,
        active: "sequences of several steps",
        equivalent: None,
        of: WEIGHTED,
        subject: || weighted(sequence_ratio),
    },
    Mutant {
        id: "D4",
        title: "the divergence is maximised",
        evidence: "qiancheng0/ToolRL#52, Unakar/Logic-RL#58",
        wrong: "loss = policy_loss - beta * kl",
        observable: Observable::Divergence,
        active: "a reference that differs from the policy",
        equivalent: None,
        of: STRAIGHT,
        subject: || {
            Subject::divergence("a mutant of k3 with the slope of k2", |p, q| negative(k3_with_slope_of_k2(p, q)))
        },
    },
    Mutant {
        id: "D5",
        title: "policy and reference are swapped",
        evidence: "nebuly-ai/optimate#298",
        wrong: "exp(log_p - log_q) - 1 - (log_p - log_q)",
        observable: Observable::Divergence,
        active: "a reference far from the policy; near it the two agree to second order",
        equivalent: None,
        of: "k3 in the reward",
        subject: || Subject::divergence_in_reward("a mutant of k3 in the reward", |p, q| k3(q, p).0),
    },
    Mutant {
        id: "D6",
        title: "a square of the log-ratio stands for the divergence, without its half",
        evidence: "marin-community/marin#1708",
        wrong: "kl = (log_p - log_q) ** 2",
        observable: Observable::Scale,
        active: "a reference that differs from the policy",
        equivalent: None,
        of: K2,
        subject: || Subject::divergence("a mutant of k2 as a loss", |p, q| (2.0 * k2(p, q).0, 2.0 * k2(p, q).1)),
    },
];

/// Bugs on which the checks were not built: two at once, or one in another place.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "D4+D5",
        title: "policy and reference are swapped, and the divergence is maximised",
        evidence: "nebuly-ai/optimate#298; qiancheng0/ToolRL#52",
        wrong: "loss = policy_loss - beta * k3(log_q, log_p)",
        observable: Observable::Divergence,
        active: "a reference that differs from the policy",
        equivalent: None,
        of: STRAIGHT,
        subject: || {
            Subject::divergence("a mutant of k3 with the slope of k2", |p, q| {
                let (value, slope) = k3(q, p);
                (-value, slope)
            })
        },
    },
    Mutant {
        id: "D4 in the reward",
        title: "k1 in the reward has the wrong sign",
        evidence: "Unakar/Logic-RL#58",
        wrong: "reward = score + beta * (log_p - log_q)",
        observable: Observable::Divergence,
        active: "a reference that differs from the policy",
        equivalent: None,
        of: "k1 in the reward",
        subject: || Subject::divergence_in_reward("a mutant of k1 in the reward", |p, q| k1(q, p).0),
    },
    Mutant {
        id: "D3 detached",
        title: "the ratio beside k3 is a constant",
        evidence: "huggingface/trl#6503",
        wrong: "ratio.detach() * k3",
        observable: Observable::Direction,
        active: "a reference that differs from the policy",
        equivalent: None,
        of: WEIGHTED,
        subject: || weighted(detached_ratio),
    },
    Mutant {
        id: "C11+D2",
        title: "no ratio, and the reference's log-probabilities are those of the tokens after",
        evidence: "opendilab/LightRFT#53; THUDM/slime#1004",
        wrong: "kl = k3(log_p, log_q.roll(-1))",
        observable: Observable::Divergence,
        active: "data of another policy",
        equivalent: None,
        of: WEIGHTED,
        subject: || weighted(misaligned),
    },
];

fn negative((value, slope): (f64, f64)) -> (f64, f64) {
    (-value, -slope)
}

fn misaligned(log_p: &[f64], log_q: &[f64], _: &[f64]) -> Answer {
    let mut shifted = log_q.to_vec();
    if !shifted.is_empty() {
        shifted.rotate_left(1);
    }
    each(log_p, &shifted, k3_with_slope_of_k2)
}

/// `w Σ_t k3_t` with the differentiable `w = exp(mean(log π − log μ))`.
fn sequence_ratio(log_p: &[f64], log_q: &[f64], log_mu: &[f64]) -> Answer {
    let steps = log_p.len() as f64;
    let ratio = exp(log_p.iter().zip(log_mu).map(|(p, mu)| p - mu).sum::<f64>() / steps);
    let (value, slopes) = each(log_p, log_q, k3);
    (ratio * value, slopes.iter().map(|slope| ratio * (slope + value / steps)).collect())
}

fn detached_ratio(log_p: &[f64], log_q: &[f64], log_mu: &[f64]) -> Answer {
    let (value, _) = k3_times_ratio(log_p, log_q, log_mu);
    let slope = |t: usize| exp(log_p[t] - log_mu[t]) * k3(log_p[t], log_q[t]).1;
    (value, (0..log_p.len()).map(slope).collect())
}
