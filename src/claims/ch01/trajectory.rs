//! States, trajectories, and which of their probabilities know θ.

use crate::claims::prelude::*;

/// `P(o_3 = 0 | o_2 = 1, a_2 = 0, o_1)` of the aliased world.
fn observation_after(first: u32) -> f64 {
    let world = aliased();
    let seen = |path: &Trajectory| path.observations[..2] == [first, 1] && path.actions[1] == 0;
    let joint = world.mean(|path| f64::from(u8::from(seen(path) && path.observations[2] == 0)));
    joint / world.mean(|path| f64::from(u8::from(seen(path))))
}

/// `P(s_3 = 0 | s_2 = 1, a_2 = 0, s_1)` of the same world, for each first state.
fn state_after() -> Vec<f64> {
    let world = aliased();
    let given = |first: u32| {
        let seen = |path: &Trajectory| path.states[..2] == [first, 1] && path.actions[1] == 0;
        let joint = world.mean(|path| f64::from(u8::from(seen(path) && path.states[2] == 0)));
        joint / world.mean(|path| f64::from(u8::from(seen(path))))
    };
    (0..3).map(given).collect()
}

pub(in crate::claims) static MARKOV_STATE: Claim = Claim {
    id: "ch01-markov-state",
    origin: Origin::Guide,
    quote: "The state is everything the environment needs to determine what happens next (Markov property).",
    statement: "P(s_{t+1} | h_t, a_t) = P(s_{t+1} | s_t, a_t); the policy-gradient theorem does not need it of what \
                the policy sees: with a policy on observations the trajectory form stays unbiased.",
    because: "The trajectory form differentiates the policy's own factors only; whether they condition on a state or on \
              an observation is nowhere used.",
    lesson: "Observations that hide the state are no Markov process, and both forms of the gradient stay unbiased.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "p_o3_0_given_o1_0",
            what: "P(o_3=0 | o_2=1, a_2=0, o_1=0)",
            value: Value::Number(|| observation_after(0)),
        },
        Quantity {
            key: "p_o3_0_given_o1_1",
            what: "P(o_3=0 | o_2=1, a_2=0, o_1=1)",
            value: Value::Number(|| observation_after(1)),
        },
        Quantity {
            key: "aliased_gradient",
            what: "∇J of the policy on observations, by [o,a]",
            value: Value::List(|| aliased().batch_mean(1, v1)),
        },
    ],
    trials: &[
        Trial {
            name: "the next state depends on the last state alone",
            role: Role::Confirms,
            setting: ALIASED,
            subject: Subject::Exact(state_after),
            expected: || vec![aliased().transition(1, 0, 0); 3],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "observations 1, of states 1 and 2 together, taken for a state",
                subject: Subject::Exact(|| vec![observation_after(0), observation_after(1), observation_after(1)]),
            }],
        },
        Trial {
            name: "the next observation depends on more than the last",
            role: Role::Confirms,
            setting: ALIASED,
            subject: Subject::Exact(|| vec![observation_after(0)]),
            expected: || vec![observation_after(1)],
            judge: Judge::Different { at_least: 0.005, why: "half a per cent of probability is far above rounding" },
            counterfeits: &[Counterfeit {
                story: "the same first observation",
                subject: Subject::Exact(|| vec![observation_after(1)]),
            }],
        },
        Trial {
            name: "reward-to-go with a policy on observations",
            role: Role::Confirms,
            setting: ALIASED,
            subject: Subject::Exact(|| aliased().batch_mean(1, v2)),
            expected: || aliased().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Exact(|| aliased().batch_mean(1, myopic)),
            }],
        },
        Trial {
            name: "the theorem with a policy on observations",
            role: Role::Confirms,
            setting: ALIASED,
            subject: Subject::Exact(|| aliased().batch_mean(1, v1)),
            expected: || aliased().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Exact(|| aliased().batch_mean(1, myopic)),
            }],
        },
        Trial {
            name: "the theorem with a policy on observations, drawn",
            role: Role::Confirms,
            setting: ALIASED,
            subject: Subject::Sampled(|| aliased().sample(1, v1)),
            expected: || aliased().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a mean over steps where the sum belongs",
                subject: Subject::Sampled(|| aliased().sample(1, averaged_over_steps)),
            }],
        },
    ],
};

/// `Σ_τ p(τ)` with transitions up to step `T − 1`, times a factor.
fn total_probability(factor: fn(&World, &Trajectory) -> f64) -> f64 {
    let world = mdp_1296();
    let pi = |path: &Trajectory| -> f64 {
        (0..path.len())
            .map(|t| {
                let mut row = [0.0; 2];
                world.policy.probabilities(t, path.observations[t] as usize, &mut row);
                row[path.actions[t] as usize]
            })
            .product()
    };
    numeric::sum(world.paths().iter().map(|(_, path)| world.environment_factor(path) * pi(path) * factor(world, path)))
}

fn to_state_0(world: &World, path: &Trajectory) -> f64 {
    world.transition(path.states[3], path.actions[3], 0)
}

pub(in crate::claims) static TRAJECTORY_PROB: Claim = Claim {
    id: "ch01-trajectory-prob",
    origin: Origin::Guide,
    quote: "p(tau)=p(s1) prod_{t=1..T} pi(a_t|s_t) p(s_{t+1}|s_t,a_t) with tau=(s1,a1,...,sT,aT)",
    statement: "Σ_τ p(τ) = 1, if the transitions run to T−1, or if s_{T+1} is part of τ.",
    because: "The literal product has one factor more than τ has states; it sums to one only over s_{T+1} too.",
    lesson: "An index off by one, harmless for every gradient: the extra factor is free of θ and sums to one. It is a \
             distribution over (s1,…,aT) with transitions to T−1.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "sum_to_t_minus_1",
            what: "Σ_τ p(s1) Π_{t≤4} π Π_{t≤3} P",
            value: Value::Number(|| total_probability(|_, _| 1.0)),
        },
        Quantity {
            key: "sum_literal_s5_fixed",
            what: "the same sum with the extra factor P(s_5=0|s_4,a_4)",
            value: Value::Number(|| total_probability(to_state_0)),
        },
    ],
    trials: &[
        Trial {
            name: "transitions to T−1",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![total_probability(|_, _| 1.0)]),
            expected: || vec![1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the policy's last factor left out",
                subject: Subject::Exact(|| {
                    vec![total_probability(|world, path| {
                        let mut row = [0.0; 2];
                        world.policy.probabilities(3, path.observations[3] as usize, &mut row);
                        1.0 / row[path.actions[3] as usize]
                    })]
                }),
            }],
        },
        Trial {
            name: "the literal product, with s_5 in the trajectory",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| {
                let into = |next: u32| {
                    let world = mdp_1296();
                    world.mean(|path| world.transition(path.states[3], path.actions[3], next))
                };
                vec![into(0) + into(1) + into(2)]
            }),
            expected: || vec![1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "state 2 forgotten",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    vec![world.mean(|path| {
                        let step = |next| world.transition(path.states[3], path.actions[3], next);
                        step(0) + step(1)
                    })]
                }),
            }],
        },
        Trial {
            name: "the literal product over (s1,…,a4) alone is not 1",
            role: Role::Limits,
            setting: "set-mdp-1296, s_5 fixed to state 0",
            subject: Subject::Exact(|| vec![total_probability(to_state_0)]),
            expected: || vec![1.0],
            judge: Judge::Different { at_least: 0.1, why: "a probability that is a tenth short is no distribution" },
            counterfeits: &[Counterfeit {
                story: "transitions to T−1",
                subject: Subject::Exact(|| vec![total_probability(|_, _| 1.0)]),
            }],
        },
    ],
};

/// The sum of scores of every trajectory, one after the other, the last step's with a factor.
fn all_scores(last: f64) -> Vec<f64> {
    let world = mdp_1296();
    let sum = |(_, path): &(f64, Trajectory)| world.weighted(path, |t| if t == 3 { last } else { 1.0 });
    world.paths().iter().flat_map(sum).collect()
}

/// The largest difference between `∇ log p(τ)` and a sum of scores.
fn score_error() -> f64 {
    let world = mdp_1296();
    let errors = world.paths().iter().map(|(_, path)| {
        largest(&difference(&log_probability_gradient(&world.policy, path), &world.sum_of_scores(path)))
    });
    errors.fold(0.0, f64::max)
}

/// `d/dθ sigmoid(θ)` at 0, by dual numbers.
fn reset_derivative() -> f64 {
    sigmoid(Dual { value: 0.0, tangents: [1.0] }).tangents[0]
}

pub(in crate::claims) static ONLY_POLICY: Claim = Claim {
    id: "ch01-only-policy-depends-on-theta",
    origin: Origin::Guide,
    quote: "Only the pi_theta terms depend on theta. ... When we take grad, environment terms vanish.",
    statement: "∇ log p(τ) = Σ_t ∇ log π(a_t|s_t), if p(s1), P and r are free of θ.",
    because: "The logarithm turns the product into a sum, and the environment's terms have no derivative.",
    lesson: "If the environment depends on θ (self-play, a learned curriculum, θ in the reset distribution) the dropped \
             term is real: in the counter-case the gradient is 1/4 and the policy gradient misses all of it.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "max_abs_error",
            what: "the largest difference between d log p(τ)/dθ and Σ_t g_t",
            value: Value::Number(score_error),
        },
        Quantity {
            key: "counter_true_derivative",
            what: "dJ/dθ at 0 in the counter-case",
            value: Value::Number(reset_derivative),
        },
        Quantity {
            key: "counter_policy_gradient",
            what: "the policy-gradient estimator's mean there: a policy without parameters has no score",
            value: Value::Number(|| counter_case(0.0).batch_mean(1, v1)[0]),
        },
    ],
    trials: &[
        Trial {
            name: "d log p(τ)/dθ of every trajectory, environment included, is its sum of scores",
            role: Role::Confirms,
            setting: "set-mdp-1296: differences of log p(τ) at θ ± h",
            subject: Subject::Exact(|| all_scores(1.0)),
            expected: || mdp_1296().log_probability_slopes(numeric::ln),
            judge: DIFFERENCES,
            counterfeits: &[Counterfeit {
                story: "the last step's score forgotten",
                subject: Subject::Exact(|| all_scores(0.0)),
            }],
        },
        Trial {
            name: "a reset distribution that depends on θ",
            role: Role::Limits,
            setting: "one step; p(s1=1) = sigmoid(θ) at θ=0, reward s1, a policy that θ does not move",
            subject: Subject::Exact(|| numeric::central_gradient(&[0.0], 1e-2, |x| counter_case(x[0]).objective())),
            expected: || counter_case(0.0).batch_mean(1, v1),
            judge: Judge::Different { at_least: 0.2, why: "the missing gradient is 1/4" },
            counterfeits: &[Counterfeit {
                story: "p(s1=1) = 1/2, whatever θ",
                subject: Subject::Exact(|| {
                    numeric::central_gradient(&[0.0], 1e-2, |x| counter_case(0.0 * x[0]).objective())
                }),
            }],
        },
        Trial {
            name: "with the missing term E[∇ log p(s1) r] it is the gradient",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| {
                let world = counter_case(0.0);
                // d log p(s1)/dθ of the reset distribution: 1 − p for state 1, −p for state 0.
                vec![world.mean(|path| (f64::from(path.states[0]) - 0.5) * total(path)) + world.batch_mean(1, v1)[0]]
            }),
            expected: || vec![reset_derivative()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without it",
                subject: Subject::Exact(|| counter_case(0.0).batch_mean(1, v1)),
            }],
        },
    ],
};

/// The counter-case: a state drawn with `p(s1=1) = sigmoid(θ)` pays its number; one action, whose probability θ does not
/// move.
fn counter_case(theta: f64) -> World {
    let (stay, one): (&[f64], f64) = (&[0.5, 0.5], sigmoid(theta));
    let world = mdp(1, &[1.0 - one, one], &[&[stay], &[stay]], &[&[0.0], &[1.0]]);
    World::new(world, SoftmaxPolicy::shared(2, 1, vec![0, 0], vec![theta]).expect("one logit, of the only action"))
}
