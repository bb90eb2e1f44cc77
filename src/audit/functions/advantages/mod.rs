//! Advantages and returns of a fragment of experience.

mod exact_critic;
mod fixture;
mod held_out;
mod identities;
mod mistakes;
mod mutants;
mod rules;

use super::comparison::settle;
use super::part::Part;
use crate::audit::check::Check;
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::Reference;
use crate::audit::subject::{AdvantageRule, Fragment, Kind, Promises, Subject};
use crate::numeric::power;

/// Advantages.
pub(super) static PART: Part = Part {
    kinds: &[Kind::Advantages],
    checks: CHECKS,
    references: REFERENCES,
    mutants: mutants::MUTANTS,
    held_out: held_out::HELD_OUT,
    fingerprint,
};

impl<'a> Subject<'a> {
    /// Advantages or returns, `[T]`, by one of the known rules; the last step of a fragment that neither the world nor
    /// the clock ended is cut like one that the clock ended.
    ///
    /// [`AdvantageRule::VTrace`] gives `v_t − V_t` with `v` of Espeholt et al. 2018, eq. 1, with both caps at 1, or
    /// `min(1, ρ_t) (r_t + γ v_{t+1} − V_t)`: at `λ = 1` these are the same.
    pub fn advantages_by(
        name: impl Into<String>,
        rule: AdvantageRule,
        advantages: impl Fn(&Fragment) -> Vec<f64> + Send + Sync + 'a,
    ) -> Self {
        Self::advantages(name, advantages).promising(Promises { advantages: rule, ..Promises::default() })
    }
}

const ADVANTAGES: &[Kind] = &[Kind::Advantages];

/// What is true of advantages.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "advantage/lambda-one",
        statement: "at λ = 1 the advantage and the value add up to the discounted rewards of the rest of the episode",
        because: "the values between telescope (Schulman et al. 2016, eq. 18); a difference is a reward of another \
                  step, a value that is missing at the end or counted twice, or a sum in the wrong order",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::lambda_one(examination)),
    },
    Check {
        id: "advantage/lambda-zero",
        statement: "at λ = 0 the advantage is the temporal difference r + γ V' − V",
        because: "Schulman et al. 2016, eq. 17; a difference is a reward or a next value of another step, or a mask of \
                  another",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::lambda_zero(examination)),
    },
    Check {
        id: "advantage/blend",
        statement: "the advantage is the exponential average of the n-step advantages",
        because: "that is how it is defined (Schulman et al. 2016, eq. 16); a difference here alone is a λ or γ that \
                  is missing or there twice",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::blend(examination)),
    },
    Check {
        id: "advantage/termination",
        statement: "where the world ended nothing afterwards counts, not even the critic's value of the next state",
        because: "a terminal state is worth nothing; a difference is a mask of another step, or an end that is taken \
                  for a time limit",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::termination(examination)),
    },
    Check {
        id: "advantage/truncation",
        statement: "where the clock ended an episode the critic's value of the state reached counts γ, and nothing \
                    afterwards",
        because: "the episode would have gone on (Pardo et al. 2018); a difference is a time limit taken for an end of \
                  the world, the value of the next episode's first state, or a trace that runs into the next episode",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::truncation(examination)),
    },
    Check {
        id: "advantage/two-episodes",
        statement: "several episodes in one fragment have the advantages of the episodes one by one",
        because: "episodes know nothing of each other; a difference is a mask that is off by one step, or that one \
                  recursion lacks",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::two_episodes(examination)),
    },
    Check {
        id: "advantage/splitting",
        statement: "a fragment has the advantages of its two halves, the second reaching back with (γλ)^n",
        because: "a sum can be split anywhere; a difference is a step that is treated otherwise for being last",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::splitting(examination)),
    },
    Check {
        id: "advantage/credit",
        statement: "a reward is credited to its step with 1, to earlier ones of its episode with (γλ)^n, to no other",
        because: "an action is credited with what comes after it; a difference is rewards that are shifted, reversed, \
                  not summed, or summed over the past",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::credit(examination)),
    },
    Check {
        id: "advantage/linear",
        statement: "advantages are linear in rewards and values",
        because: "they are sums; a difference is a normalisation or a clip inside, which belongs to the loss",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::linear(examination)),
    },
    Check {
        id: "advantage/last-step",
        statement: "the last step of a fragment has its temporal difference as its advantage",
        because: "it is a step like any other; a difference is a step that is dropped for want of a next one",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::last_step(examination)),
    },
    Check {
        id: "advantage/tool-steps",
        statement: "steps at which the policy did not act have no advantage and change nothing for the others",
        because: "a token that a tool wrote is no decision; a difference is a recursion that runs over it, with its \
                  value and a factor γλ",
        kinds: ADVANTAGES,
        run: |examination| settle(identities::tool_steps(examination)),
    },
    Check {
        id: "advantage/exact-critic",
        statement: "with the exact critic the mean advantage is Q − V given state and action, for every λ",
        because: "temporal differences of the exact critic have mean zero after the first (Schulman et al. 2016, eq. \
                  11)",
        kinds: ADVANTAGES,
        run: |examination| settle(exact_critic::exact_critic(examination)),
    },
    Check {
        id: "advantage/stale-data",
        statement: "on data of another policy, with the exact critic of the policy ∝ min(μ, π), V-trace has mean zero \
                    in each state",
        because: "that is the policy it evaluates (Espeholt et al. 2018, theorem 1); a difference is a ratio that is \
                  applied twice, at the wrong time, or not at all",
        kinds: ADVANTAGES,
        run: |examination| settle(exact_critic::stale_data(examination)),
    },
    Check {
        id: "advantage/on-policy-ratios",
        statement: "with ratios of 1 V-trace is the n-step return less the value",
        because: "Espeholt et al. 2018, eq. 2; a difference is in the return, not in the ratios",
        kinds: ADVANTAGES,
        run: |examination| settle(exact_critic::on_policy(examination)),
    },
    Check {
        id: "advantage/cut-ratios",
        statement: "V-trace takes ratios above 1 for 1",
        because: "both caps are 1 (Espeholt et al. 2018, eq. 1); a difference is a cap that is missing or at another \
                  place",
        kinds: ADVANTAGES,
        run: |examination| settle(exact_critic::cut_ratios(examination)),
    },
];

/// Correct rules.
pub(super) static REFERENCES: &[Reference] = &[
    Reference {
        name: "generalised advantages",
        source: "Schulman et al. 2016, eq. 16",
        subject: || Subject::advantages("generalised advantages", rules::generalised),
        expected: &[],
    },
    Reference {
        name: "generalised advantages past tools",
        source: "Schulman et al. 2016, eq. 16, over the steps at which the policy acted",
        subject: || {
            Subject::advantages_by("generalised advantages past tools", AdvantageRule::PassingOver, rules::passing_over)
        },
        expected: &[],
    },
    Reference {
        name: "rewards to go",
        source: "Williams 1992; Sutton & Barto 2018, eq. 3.8",
        subject: || Subject::advantages_by("rewards to go", AdvantageRule::Returns, rules::rewards_to_go),
        expected: &[],
    },
    Reference {
        name: "V-trace",
        source: "Espeholt et al. 2018, eq. 1",
        subject: || Subject::advantages_by("V-trace", AdvantageRule::VTrace, rules::v_trace),
        expected: &[],
    },
    Reference {
        name: "V-trace for the policy gradient",
        source: "Espeholt et al. 2018, §4.2: the ratio times r + γ v' − V",
        subject: || {
            Subject::advantages_by("V-trace for the policy gradient", AdvantageRule::VTrace, rules::v_trace_gradient)
        },
        expected: &[],
    },
];

/// Answers to a mixed fragment, one with steps of tools, and one with ratios.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let mixed = fixture::fragment(examination.edition, &fixture::MIXED);
    let tools = fixture::with_tool_steps(&mixed, examination.edition);
    let mut stale = mixed.clone();
    for (t, ratio) in stale.ratios.iter_mut().enumerate() {
        *ratio = power(1.2, t) * 0.5;
    }
    let mut out = Vec::new();
    for fragment in [mixed, tools, stale] {
        out.extend(examination.advantages(&fragment)?);
    }
    Ok(out)
}
