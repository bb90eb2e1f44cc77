//! The best policy, and whether it is reached.

use crate::claims::prelude::*;

/// J of set-mdp-1296 under the policy that takes `actions[s]`, by value iteration over the tables.
fn deterministic(actions: [usize; 3]) -> f64 {
    let mdp = &mdp_1296().mdp;
    let mut values = [0.0; 3];
    for _ in 0..4 {
        values = std::array::from_fn(|s| action_value(s, actions[s], &values));
    }
    dot(mdp.initial(), &values)
}

/// `Σ P (r + V(s'))` of set-mdp-1296.
fn action_value(s: usize, a: usize, values: &[f64; 3]) -> f64 {
    mdp_1296().mdp.transitions(s, a).iter().map(|t| t.probability * (t.reward + values[t.next])).sum()
}

/// The best of the eight deterministic stationary policies: its J and its actions.
fn best_stationary() -> (f64, [usize; 3]) {
    let all = (0..8).map(|code| [code / 4, code / 2 % 2, code % 2]);
    let scored = all.map(|actions| (deterministic(actions), actions));
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).expect("eight policies")
}

/// J of the best time-indexed policy, by backward induction.
fn time_indexed_optimum() -> f64 {
    let mut values = [0.0; 3];
    for _ in 0..4 {
        values = std::array::from_fn(|s| action_value(s, 0, &values).max(action_value(s, 1, &values)));
    }
    dot(mdp_1296().mdp.initial(), &values)
}

/// J of the deterministic policy whose action at time t and state s is bit `3t + s` of the code.
fn by_code(code: usize) -> f64 {
    let mut values = [0.0; 3];
    for t in (0..4).rev() {
        values = std::array::from_fn(|s| action_value(s, code >> (3 * t + s) & 1, &values));
    }
    dot(mdp_1296().mdp.initial(), &values)
}

/// J of the softmax that gives the best policy's actions a logit lead of `gap`.
fn near_best(gap: f64) -> f64 {
    let actions = best_stationary().1;
    let theta: Vec<f64> = (0..6).map(|i| if actions[i / 2] == i % 2 { gap } else { 0.0 }).collect();
    World::new(mdp_1296().mdp.clone(), tabular(3, 2, &theta)).objective()
}

/// Exact gradient ascent on `J(p) = 2p² + (1−p)²`, `p = sigmoid(θ)`, with step .5: p after 3000 steps.
fn ascend(start: f64) -> f64 {
    let mut theta = numeric::ln(start / (1.0 - start));
    for _ in 0..3000 {
        let p: f64 = sigmoid(theta);
        theta += 0.5 * (4.0 * p - 2.0 * (1.0 - p)) * p * (1.0 - p);
    }
    sigmoid(theta)
}

fn shared_objective(p: f64) -> f64 {
    2.0 * p * p + (1.0 - p) * (1.0 - p)
}

pub(in crate::claims) static MAX_THETA: Claim = Claim {
    id: "ch02-max-theta",
    origin: Origin::Guide,
    quote: "max_theta - search over all parameter vectors for the best",
    statement: "For softmax policies the maximum is usually not attained, only approached as logits grow; and where \
                parameters are shared, gradient ascent may stop at a local maximum.",
    because: "A softmax never reaches 0 or 1. With shared parameters J need not be unimodal along the path of ascent.",
    lesson: "Read max as supremum, and do not expect ascent to find it: from p=.2 it goes to p=0 and J=1, with J=2 at \
             p=1.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "best_stationary_j",
            what: "the largest J over the 8 deterministic stationary policies",
            value: Value::Number(|| best_stationary().0),
        },
        Quantity {
            key: "best_stationary_actions",
            what: "its actions in states 0, 1, 2",
            value: Value::List(|| best_stationary().1.iter().map(|a| *a as f64).collect()),
        },
        Quantity {
            key: "time_indexed_optimum",
            what: "J of the best time-indexed policy",
            value: Value::Number(time_indexed_optimum),
        },
        Quantity { key: "shared_final_p", what: "p after 3000 steps", value: Value::Number(|| ascend(0.2)) },
        Quantity {
            key: "shared_final_j",
            what: "J(p) after 3000 steps",
            value: Value::Number(|| shared_objective(ascend(0.2))),
        },
    ],
    trials: &[
        Trial {
            name: "the best deterministic policy is the limit of growing logits",
            role: Role::Confirms,
            setting: "set-mdp-1296, a lead of 60 in the logits",
            subject: Subject::Exact(|| vec![near_best(60.0)]),
            expected: || vec![best_stationary().0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the uniform policy",
                subject: Subject::Exact(|| vec![near_best(0.0)]),
            }],
        },
        Trial {
            name: "backward induction finds the best of all policies that know the time",
            role: Role::Confirms,
            setting: "set-mdp-1296, all 4096 deterministic policies with actions by time and state",
            subject: Subject::Exact(|| vec![time_indexed_optimum()]),
            expected: || vec![(0..4096).map(by_code).fold(f64::MIN, f64::max)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the worst of them",
                subject: Subject::Exact(|| vec![(0..4096).map(by_code).fold(f64::MAX, f64::min)]),
            }],
        },
        Trial {
            name: "at finite logits it is not attained",
            role: Role::Limits,
            setting: "set-mdp-1296, leads of 1, 5 and 10",
            subject: Subject::Exact(|| vec![near_best(1.0), near_best(5.0), near_best(10.0)]),
            expected: || vec![best_stationary().0; 3],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the deterministic policy itself",
                subject: Subject::Exact(|| vec![best_stationary().0; 3]),
            }],
        },
        Trial {
            name: "ascent with a shared parameter stops at a local maximum",
            role: Role::Limits,
            setting: "J(p) = 2p² + (1−p)², p = sigmoid(θ), from p=.2",
            subject: Subject::Exact(|| vec![shared_objective(ascend(0.2))]),
            expected: || vec![shared_objective(0.0)],
            judge: Judge::Exact { tolerance: 1e-2, why: "what 3000 steps leave; the other maximum is 1 away" },
            counterfeits: &[Counterfeit {
                story: "the same ascent from p=.6",
                subject: Subject::Exact(|| vec![shared_objective(ascend(0.6))]),
            }],
        },
    ],
};
