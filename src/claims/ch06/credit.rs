//! Who gets the credit: the guide's episode of +10 and −10.

use crate::claims::prelude::*;
use crate::estimator::reward_to_go;

/// The episode: r_1 = 10, r_50 = −10, all others 0.
fn episode() -> Vec<f64> {
    let mut rewards = vec![0.0; 50];
    rewards[0] = 10.0;
    rewards[49] = -10.0;
    rewards
}

pub(in crate::claims) static PLUS_MINUS: Claim = Claim {
    id: "ch06-plus10-minus10",
    origin: Origin::Guide,
    quote: "+10 at step 1, -10 at step 50: without causality total=0, gradient zero. With causality: step 1 sees its own \
            future reward, properly crediting the good action.",
    statement: "Reward-to-go at step 1 is the sum of all rewards: the very weight it had without causality. Steps 2 to 50 \
                get the last reward alone.",
    because: "G_1 = Σ_{t≥1} r_t = r(τ).",
    lesson: "The worked example is wrong: step 1 still gets no credit, and every later action is blamed. Discounting \
             gives step 1 a part of it: 3.9 of 10 with γ=.99.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "g_1", what: "G_1", value: Value::Number(|| reward_to_go(&episode(), 1.0)[0]) },
        Quantity {
            key: "g_2_to_50",
            what: "the common value of G_2 to G_50",
            value: Value::Number(|| reward_to_go(&episode(), 1.0)[1]),
        },
        Quantity {
            key: "g_1_discounted",
            what: "G_1 with γ=.99",
            value: Value::Number(|| reward_to_go(&episode(), 0.99)[0]),
        },
    ],
    trials: &[
        Trial {
            name: "the weight of step 1 is the total, with and without causality",
            role: Role::Contradicts,
            setting: "50 steps, r_1 = 10, r_50 = −10: G_1, and the sum of all rewards; G_2 … G_50 = −10",
            subject: Subject::Arithmetic(|| vec![reward_to_go(&episode(), 1.0)[0]]),
            expected: || vec![episode().iter().sum()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the guide's credit: 10",
                subject: Subject::Arithmetic(|| vec![10.0]),
            }],
        },
        Trial {
            name: "every later step is blamed",
            role: Role::Contradicts,
            setting: "50 steps, r_1 = 10, r_50 = −10: G_2 … G_50",
            subject: Subject::Arithmetic(|| reward_to_go(&episode(), 1.0)[1..].to_vec()),
            expected: || vec![-10.0; 49],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the last step alone",
                subject: Subject::Arithmetic(|| (2..=50).map(|t| if t == 50 { -10.0 } else { 0.0 }).collect()),
            }],
        },
        Trial {
            name: "discounting gives step 1 a part of its credit",
            role: Role::Contradicts,
            setting: "the same with γ=.99",
            subject: Subject::Arithmetic(|| vec![reward_to_go(&episode(), 0.99)[0]]),
            expected: || vec![10.0 - 10.0 * numeric::power(0.99, 49)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without a discount",
                subject: Subject::Arithmetic(|| vec![reward_to_go(&episode(), 1.0)[0]]),
            }],
        },
    ],
};

/// Two actions in one state; the policy's scores are ±1/2. The episode's rewards are put into it.
fn estimate(rewards: &[f64]) -> Vec<f64> {
    let world = World::new(bandit(&[0.0, 0.0]), tabular(1, 2, &[0.0; 2]));
    let steps = rewards.len();
    let path = Trajectory {
        states: vec![0; steps],
        observations: vec![0; steps],
        actions: (0..steps as u32).map(|t| u32::from(t % 3 == 0)).collect(),
        rewards: rewards.to_vec(),
        terminated: false,
    };
    v1(&world, &Batch::of(steps, [&path]))
}

pub(in crate::claims) static TOTAL_ZERO: Claim = Claim {
    id: "ch06-total-zero-gives-zero-gradient",
    origin: Origin::Guide,
    quote: "Without causality: total = 0, so gradient for all actions is zero",
    statement: "The estimate V1 of an episode whose return is 0 is 0 (without a baseline).",
    because: "The return multiplies every score.",
    lesson: "A zero that is luck of cancellation, not information.",
    recorded: Finding::Holds,
    quantities: &[],
    trials: &[Trial {
        name: "the +10/−10 episode",
        role: Role::Confirms,
        setting: "50 steps of two actions in one state, uniform policy, r_1 = 10, r_50 = −10",
        subject: Subject::Exact(|| estimate(&episode())),
        expected: || vec![0.0; 2],
        judge: ROUNDING,
        counterfeits: &[Counterfeit {
            story: "a return of 1e-6",
            subject: Subject::Exact(|| {
                let mut rewards = episode();
                rewards[20] = 1e-6;
                estimate(&rewards)
            }),
        }],
    }],
};

/// `Σ_t Σ_s d_t(s) Σ_a ∇π(a|s) Q_t(s,a)`, with derivatives of probabilities by dual numbers.
fn dynamic_programming_form() -> Vec<f64> {
    let world = mdp_1296();
    let (oracle, theta) = (world.oracle(), Dual::<16>::point(world.policy.parameters()));
    let occupancy = oracle.occupancy();
    let mut sums = vec![numeric::Sum::new(); 6];
    for t in 0..4 {
        for s in 0..3 {
            for a in 0..2 {
                let slope = probability(&world.policy, &theta, t, s, a).tangents;
                let weight = occupancy[t * 3 + s] * oracle.action_value(t, s, a);
                sums.iter_mut().zip(slope).for_each(|(sum, slope)| sum.add(weight * slope));
            }
        }
    }
    sums.into_iter().map(numeric::Sum::value).collect()
}

pub(in crate::claims) static FUTURE_ONLY: Claim = Claim {
    id: "ch06-future-only-formula",
    origin: Origin::Guide,
    quote: "Replace total reward with future-only sum_{t'>=t}",
    statement: "The policy gradient is Σ_t E_{s~d_t} Σ_a ∇π Q_t.",
    because: "E[G_t | s_t, a_t] = Q_t(s_t, a_t) (Sutton et al. 2000, theorem 1).",
    lesson: "Reward-to-go is the sampled form of the theorem with Q.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "dp_form_gradient",
        what: "the dynamic-programming form, by [s,a]",
        value: Value::List(dynamic_programming_form),
    }],
    trials: &[
        Trial {
            name: "the form with Q is the mean of reward-to-go",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(dynamic_programming_form),
            expected: || mdp_1296().batch_mean(1, v2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Exact(|| mdp_1296().batch_mean(1, myopic)),
            }],
        },
        Trial {
            name: "reward-to-go, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample(1, v2)),
            expected: dynamic_programming_form,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the return after the step, without its own reward",
                subject: Subject::Sampled(|| {
                    let world = mdp_1296();
                    world.sample_paths(|path| world.weighted(path, |t| to_go(path, t) - path.rewards[t]))
                }),
            }],
        },
    ],
};

/// The steps whose reward-to-go is −10.
fn blamed(rewards: &[f64]) -> f64 {
    reward_to_go(rewards, 1.0).iter().filter(|g| **g == -10.0).count() as f64
}

pub(in crate::claims) static LATE_BLAME: Claim = Claim {
    id: "ch06-undiscounted-late-blame",
    origin: Origin::Ours,
    quote: "(consequence of the example) reward-to-go blames intermediate actions",
    statement: "In the +10/−10 episode steps 2 to 49 get the weight of the last reward although they caused neither.",
    because: "Reward-to-go knows what came after, not what was caused.",
    lesson: "One episode cannot tell whose fault it was; a baseline V(s_t) or many episodes can.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "steps_blamed",
        what: "the steps with G_t = −10, step 50 included",
        value: Value::Number(|| blamed(&episode())),
    }],
    trials: &[Trial {
        name: "49 steps of 50",
        role: Role::Confirms,
        setting: "50 steps, r_1 = 10, r_50 = −10",
        subject: Subject::Arithmetic(|| vec![blamed(&episode())]),
        expected: || vec![49.0],
        judge: ROUNDING,
        counterfeits: &[Counterfeit {
            story: "the −10 at step 49 instead",
            subject: Subject::Arithmetic(|| {
                let mut rewards = episode();
                rewards.swap(48, 49);
                vec![blamed(&rewards)]
            }),
        }],
    }],
};
