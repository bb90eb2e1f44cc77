//! Baselines that depend on the state or the history.

use crate::claims::prelude::*;

/// `b_t(s) = sin(3(t−1) + 5s)`.
fn wave(path: &Trajectory, t: usize) -> f64 {
    numeric::sin(3.0 * t as f64 + 5.0 * f64::from(path.states[t]))
}

/// `b = (Σ_{t'<t} r_{t'})²`.
fn history(path: &Trajectory, t: usize) -> f64 {
    numeric::power(path.rewards[..t].iter().sum::<f64>(), 2)
}

/// `E[Σ_t g_t b]`.
fn mean_term(b: fn(&Trajectory, usize) -> f64) -> Vec<f64> {
    mdp_1296().expect(|path| mdp_1296().weighted(path, |t| b(path, t)))
}

pub(in crate::claims) static STATE_UNBIASED: Claim = Claim {
    id: "ch07-state-baseline-unbiased",
    origin: Origin::Guide,
    quote: "for ANY function b(s) ... E[grad log pi(a_t|s_t) b(s_t)]=0",
    statement: "E[g_t b_t(s_t)] = 0, for a baseline that depends on time and state too, and for any function of the history \
                that does not depend on a_t.",
    because: "Given the history, b is a number and the score has mean zero.",
    lesson: "The state value is only one of very many.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_mean",
        what: "the largest component of |E[Σ_t g_t b]| for both baselines",
        value: Value::Number(|| largest(&mean_term(wave)).max(largest(&mean_term(history)))),
    }],
    trials: &[
        Trial {
            name: "a function of time and state, and one of the history",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = sin(3(t−1)+5s), and the squared sum of past rewards",
            subject: Subject::Exact(|| [mean_term(wave), mean_term(history)].concat()),
            expected: || vec![0.0; 12],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the present reward among the past",
                subject: Subject::Exact(|| {
                    let present = |path: &Trajectory, t: usize| history(path, t) + path.rewards[t];
                    [mean_term(wave), mean_term(present)].concat()
                }),
            }],
        },
        Trial {
            name: "a function of time and state, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, b = sin(3(t−1)+5s)",
            subject: Subject::Sampled(|| {
                mdp_1296().sample_paths(|path| mdp_1296().weighted(path, |t| to_go(path, t) - wave(path, t)))
            }),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a baseline that depends on the action",
                subject: Subject::Sampled(|| {
                    mdp_1296().sample_paths(|path| {
                        mdp_1296().weighted(path, |t| to_go(path, t) - 4.0 * wave(path, t) * f64::from(path.actions[t]))
                    })
                }),
            }],
        },
    ],
};

/// Which action scores higher at each time and state: 1 for action 1, −1 for action 0.
fn order(score: impl Fn(&Oracle, usize, usize, usize) -> f64) -> Vec<f64> {
    let oracle = mdp_1296().oracle();
    let mut order = Vec::new();
    for t in 0..4 {
        for s in 0..3 {
            order.push((score(&oracle, t, s, 1) - score(&oracle, t, s, 0)).signum());
        }
    }
    order
}

pub(in crate::claims) static ORDERING: Claim = Claim {
    id: "ch07-ordering-preserved",
    origin: Origin::Guide,
    quote: "A state-dependent baseline shifts all actions by the same constant, preserving relative ordering",
    statement: "The order of Q(s,·) − b(s) is that of Q(s,·), in each state.",
    because: "One number is subtracted from all of them.",
    lesson: "Within a state. Between states the order of the weights does change, and should.",
    recorded: Finding::Holds,
    quantities: &[],
    trials: &[Trial {
        name: "at every time and state",
        role: Role::Confirms,
        setting: "set-mdp-1296, b = V_t(s)",
        subject: Subject::Exact(|| order(|oracle, t, s, a| oracle.action_value(t, s, a) - oracle.value(t, s))),
        expected: || order(Oracle::action_value),
        judge: ROUNDING,
        counterfeits: &[Counterfeit {
            story: "a baseline that depends on the action: the reward",
            subject: Subject::Exact(|| {
                order(|oracle, t, s, a| oracle.action_value(t, s, a) - mdp_1296().mdp.transitions(s, a)[0].reward)
            }),
        }],
    }],
};
