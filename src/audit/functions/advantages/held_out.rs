//! Bugs of advantages and returns on which the checks were not built.

use super::fixture::ends;
use super::mistakes::{
    GENERALISED, RETURNS, V_TRACE, after_time_limits, all_terminated, masked_by, of_generalised, of_v_trace, returns,
    score_after_the_end, shifted_rewards, v_trace_with, value_in_reward, without_last,
};
use super::rules::{carried, difference, generalised, passing_over, recursion, rewards_to_go};
use crate::audit::mutant::{Mutant, Observable};
use crate::audit::subject::{AdvantageRule, Fragment, Subject};

/// Bugs on which the checks were not built: two at once, or one in another place.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "G1+G5",
        title: "rewards and the mask of ends are both shifted",
        evidence: "openai/spinningup#50; hill-a/stable-baselines#385",
        wrong: "delta = r[t + 1] + gamma * v[t + 1] * (1 - dones[t - 1]) - v[t]",
        observable: Observable::Identity,
        active: "two episodes in a fragment",
        equivalent: None,
        of: GENERALISED,
        subject: || of_generalised(|f| masked_by(&shifted_rewards(f), |t| t > 0 && ends(f, t - 1))),
    },
    Mutant {
        id: "G6+G10",
        title: "time limits are ends of the world, but for a value counted twice after the last step",
        evidence: "anthonytorlucci/rlevo#342; simonsays1980/rl-triton#4",
        wrong: "not_done = 1 - (terminated | truncated); rewards[-1] += gamma * bootstrap",
        observable: Observable::Identity,
        active: "an episode that the clock ends",
        equivalent: None,
        of: GENERALISED,
        subject: || of_generalised(|f| generalised(&value_in_reward(&all_terminated(f)))),
    },
    Mutant {
        id: "G9 of returns",
        title: "returns drop the last step",
        evidence: "ray-project/ray#36013",
        wrong: "for t in reversed(range(T - 1)):",
        observable: Observable::Identity,
        active: "any fragment",
        equivalent: None,
        of: RETURNS,
        subject: || returns(|f| without_last(f, rewards_to_go)),
    },
    Mutant {
        id: "C7 past tools",
        title: "the score is put one step after the end, past tools",
        evidence: "huggingface/trl#3750; radixark/miles#1827",
        wrong: "rewards[sequence_length + 1] += score",
        observable: Observable::Identity,
        active: "an episode that the world ends",
        equivalent: None,
        of: "generalised advantages past tools",
        subject: || {
            let rule = |f: &Fragment| passing_over(&score_after_the_end(f));
            Subject::advantages_by("a mutant of generalised advantages past tools", AdvantageRule::PassingOver, rule)
        },
    },
    Mutant {
        id: "E19+G8",
        title: "no cap on the ratios, and the value of the state before after a time limit",
        evidence: "SlopDotCash/asi#487; Toni-SM/skrl#449",
        wrong: "c = rho[t]; rewards += gamma * values[t] * truncated[t]",
        observable: Observable::Identity,
        active: "ratios above 1, and an episode that the clock ends",
        equivalent: None,
        of: V_TRACE,
        subject: || {
            of_v_trace(|f| {
                let other = after_time_limits(f, |t| f.values[t]);
                v_trace_with(&other, |t| f.ratios[t], |t| f.ratios[t])
            })
        },
    },
    Mutant {
        id: "λ twice",
        title: "the blend is there twice",
        evidence: "a slip between GAE(λ) and a trace that has λ already",
        wrong: "advantage = delta + gamma * lam * lam * advantage",
        observable: Observable::Identity,
        active: "a blend between 0 and 1",
        equivalent: None,
        of: GENERALISED,
        subject: || of_generalised(|f| recursion(f, |t| difference(f, t), |t| f.lambda * carried(f, t))),
    },
];
