//! PPO's clip: what it stops, and what it does not.

use crate::claims::prelude::*;
use crate::estimator::{ClippedSurrogate, clipped_slope, clipped_surrogate};

pub(in crate::claims) const EPSILON: f64 = 0.2;
const RATIOS: [f64; 3] = [0.5, 1.0, 1.5];

/// The slopes at r=.5, 1, 1.5 for A=+1, then for A=−1.
fn slopes(slope: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    [1.0, -1.0].iter().flat_map(|a| RATIOS.map(|r| slope(r, *a))).collect()
}

/// The mean of the clipped surrogate's gradient over the old policy's trajectories, advantages being returns.
pub(in crate::claims) fn clipped_mean(old: &World, new: &World, epsilon: f64) -> Vec<f64> {
    let subject = ClippedSurrogate { epsilon, discount: 1.0 };
    old.expect(|path| subject.gradient(&new.policy, &old.recorded(&Batch::of(path.len(), [path]))))
}

/// The same by differentiating `Σ_t min(ρ_t G_t, clip(ρ_t) G_t)` along dual numbers.
fn surrogate_derivative(old: &World, new: &World, epsilon: f64) -> Vec<f64> {
    let theta = Dual::<16>::point(new.policy.parameters());
    old.expect(|path| {
        let term = |t: usize| {
            let (o, a) = (path.observations[t] as usize, path.actions[t] as usize);
            let acted = probability(&old.policy, old.policy.parameters(), t, o, a);
            let advantage = Dual::from(to_go(path, t));
            let ratio = probability(&new.policy, &theta, t, o, a) / Dual::from(acted);
            let bound = ratio.value.clamp(1.0 - epsilon, 1.0 + epsilon);
            let clipped = if bound == ratio.value { ratio } else { Dual::from(bound) };
            let (plain, cut) = (ratio * advantage, clipped * advantage);
            if cut.value < plain.value { cut } else { plain }
        };
        (0..path.len()).map(term).fold(Dual::from(0.0), |sum, x| sum + x).tangents[..theta.len()].to_vec()
    })
}

/// Draws of the clipped surrogate's gradient on set-mdp-shifted at e=2.
fn clipped_draws(epsilon: f64) -> Sample {
    let (old, new) = (mdp_1296(), shifted(2.0));
    let subject = ClippedSurrogate { epsilon, discount: 1.0 };
    old.sample(1, |old, batch| subject.gradient(&new.policy, &old.recorded(batch)))
}

pub(in crate::claims) static GRADIENT_ZERO: Claim = Claim {
    id: "ch10-ppo-gradient-zero",
    origin: Origin::Guide,
    quote: "Clip: if the ratio tries to go beyond [1-eps,1+eps], the gradient becomes zero",
    statement: "One-sided: zero only for A>0, r>1+ε and A<0, r<1−ε. For A>0, r<1−ε and for A<0, r>1+ε the gradient is the full A∇r.",
    because: "min(rA, clip(r)A) is rA wherever rA is the smaller.",
    lesson: "Two of the four cases outside the range keep their gradient: they pull the ratio back. An implementation \
             that zeroes all four cannot pull back a ratio that moved the wrong way.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "slopes",
        what: "the slope in r: A=+1 at r=.5, 1, 1.5, then A=−1",
        value: Value::List(|| slopes(|r, a| clipped_slope(r, a, EPSILON))),
    }],
    trials: &[
        Trial {
            name: "the slopes by the table and by differences",
            role: Role::Contradicts,
            setting: "ε=.2: the slope in r at r=.5, 1 and 1.5, for A=+1 and then for A=−1",
            subject: Subject::Exact(|| slopes(|r, a| clipped_slope(r, a, EPSILON))),
            expected: || {
                slopes(|r, a| {
                    (clipped_surrogate(r + 1e-3, a, EPSILON) - clipped_surrogate(r - 1e-3, a, EPSILON)) / 2e-3
                })
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "zero outside the range on both sides",
                subject: Subject::Exact(|| slopes(|r, a| if (r - 1.0).abs() > EPSILON { 0.0 } else { a })),
            }],
        },
        Trial {
            name: "two of the four cases outside keep the full gradient",
            role: Role::Contradicts,
            setting: "the same: A=+1 at r=.5, and A=−1 at r=1.5",
            subject: Subject::Exact(|| vec![clipped_slope(0.5, 1.0, EPSILON), clipped_slope(1.5, -1.0, EPSILON)]),
            expected: || vec![1.0, -1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "the guide's zero", subject: Subject::Exact(|| vec![0.0, 0.0]) }],
        },
        Trial {
            name: "the estimator's mean is the derivative of the surrogate",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=2, ε=.2: returns of both signs, ratios on both sides",
            subject: Subject::Exact(|| clipped_mean(mdp_1296(), &shifted(2.0), EPSILON)),
            expected: || surrogate_derivative(mdp_1296(), &shifted(2.0), EPSILON),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the clip",
                subject: Subject::Exact(|| clipped_mean(mdp_1296(), &shifted(2.0), f64::INFINITY)),
            }],
        },
        Trial {
            name: "the clipped gradient, drawn",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Sampled(|| clipped_draws(EPSILON)),
            expected: || surrogate_derivative(mdp_1296(), &shifted(2.0), EPSILON),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without the clip",
                subject: Subject::Sampled(|| clipped_draws(f64::INFINITY)),
            }],
        },
        Trial {
            name: "zero on the other two",
            role: Role::Confirms,
            setting: "the same: A=+1 at r=1.5, and A=−1 at r=.5, by differences",
            subject: Subject::Exact(|| {
                let slope = |r: f64, a: f64| {
                    (clipped_surrogate(r + 1e-3, a, EPSILON) - clipped_surrogate(r - 1e-3, a, EPSILON)) / 2e-3
                };
                vec![slope(1.5, 1.0), slope(0.5, -1.0)]
            }),
            expected: || vec![0.0; 2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without a clip",
                subject: Subject::Exact(|| {
                    let slope = |r: f64, a: f64| {
                        (clipped_surrogate(r + 1e-3, a, 9.0) - clipped_surrogate(r - 1e-3, a, 9.0)) / 2e-3
                    };
                    vec![slope(1.5, 1.0), slope(0.5, -1.0)]
                }),
            }],
        },
    ],
};

/// Exact ascent on the clipped surrogate with the data of `old`, by the estimator's mean over all trajectories.
pub(in crate::claims) fn ascended(old: &World, step: f64, count: usize) -> World {
    let mut now = old.clone();
    for _ in 0..count {
        let direction = clipped_mean(old, &now, EPSILON);
        now = now.stepped(step, &direction);
    }
    now
}

/// One arm of two pays 1; old p=½.
pub(in crate::claims) fn one_state() -> World {
    two_arm(0.5, 1.0, 0.0)
}

/// p/.5 after `count` steps of 4 on `min(p/.5, 1.2)`, by hand.
pub(in crate::claims) fn ratio_of_one_state(count: usize) -> f64 {
    let mut theta = 0.0;
    for _ in 0..count {
        let p: f64 = sigmoid(theta);
        theta += 4.0 * if p / 0.5 > 1.2 { 0.0 } else { p * (1.0 - p) / 0.5 };
    }
    sigmoid(theta) / 0.5
}

/// Two contexts that share a logit: p_a=½ and p_b=.9 under the old policy; action 1 pays 1 in both.
fn two_contexts() -> World {
    let (first, second): (&[f64], &[f64]) = (&[1.0, 0.0], &[0.0, 1.0]);
    let rewards: [&[f64]; 2] = [&[0.0, 1.0], &[0.0, 1.0]];
    let world = mdp(1, &[0.5, 0.5], &[&[first, first], &[second, second]], &rewards);
    // The second parameter is the fixed difference of the logits, log 9.
    let features = vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0];
    let policy = SoftmaxPolicy::features(2, 2, features, vec![0.0, numeric::ln(9.0)]);
    World::new(world, policy.expect("a shared logit and an offset"))
}

/// p_a/.5 after `count` steps of 1 on `.5 min(p_a/.5, 1.2) + .9 min(p_b/.9, 1.2)`, by hand.
pub(in crate::claims) fn shared_ratio(count: usize) -> f64 {
    let mut theta = 0.0;
    for _ in 0..count {
        let (a, b): (f64, f64) = (sigmoid(theta), sigmoid(numeric::ln(9.0) + theta));
        let first = if a / 0.5 > 1.2 { 0.0 } else { a * (1.0 - a) };
        // Its ratio is at most 1/.9, so the clip never acts.
        theta += first + b * (1.0 - b);
    }
    sigmoid(theta) / 0.5
}

/// The same by the estimator's mean; only the shared logit moves. The mean over two contexts is half of their sum.
pub(in crate::claims) fn shared_ratio_by_estimator(count: usize) -> f64 {
    let old = two_contexts();
    let mut now = old.clone();
    for _ in 0..count {
        let direction = clipped_mean(&old, &now, EPSILON)[0];
        let theta = now.policy.parameters();
        now = now.with_parameters(vec![theta[0] + 2.0 * direction, theta[1]]);
    }
    probability(&now.policy, now.policy.parameters(), 0, 0, 1) / 0.5
}

pub(in crate::claims) static CAPS_RATIO: Claim = Claim {
    id: "ch10-ppo-clip-caps-ratio",
    origin: Origin::Guide,
    quote: "The clip caps the ratio at 1+-eps; optimizer can't keep pushing the policy further",
    statement: "It caps the objective, not the ratio: after one large step the ratio is outside the range, the \
                gradient is zero, and nothing brings it back; with shared parameters a state whose ratio cannot reach \
                1+ε pushes all the others on.",
    because: "The clipped term is constant beyond the clipped side (here A>0, r>1+ε), and the sum's other terms still \
              move θ.",
    lesson: "One step takes the ratio to 1.76 and leaves it there. With shared parameters the clipped state drifts to \
             its limit of 2 (old probabilities .5 and .9, one shared logit; the second ratio cannot exceed 1.11; 1.996 \
             after 4000 steps of 1). Measure the ratios, or stop on the divergence.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "ratio_a",
            what: "one state: r after the first step of 4, and after every later one",
            value: Value::Number(|| ratio_of_one_state(5)),
        },
        Quantity {
            key: "ratio_b",
            what: "shared parameter: p_a/.5 after 4000 steps of 1",
            value: Value::Number(|| shared_ratio(4000)),
        },
    ],
    trials: &[
        Trial {
            name: "one step overshoots and stays",
            role: Role::Contradicts,
            setting: "one state, p=½, A=+1, ascent with step 4: the ratio after 1 and after 5 steps, by the estimator and by hand",
            subject: Subject::Exact(|| {
                let ratio = |count: usize| {
                    // Half of the data take the other arm, whose advantage is zero.
                    let world = ascended(&one_state(), 8.0, count);
                    probability(&world.policy, world.policy.parameters(), 0, 0, 1) / 0.5
                };
                vec![ratio(1), ratio(5)]
            }),
            expected: || vec![ratio_of_one_state(1), ratio_of_one_state(1)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "a cap at 1.2", subject: Subject::Exact(|| vec![1.2, 1.2]) }],
        },
        Trial {
            name: "beyond the range by far",
            role: Role::Contradicts,
            setting: "the same, after five steps, against 1.2",
            subject: Subject::Exact(|| vec![ratio_of_one_state(5)]),
            expected: || vec![1.2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the start",
                subject: Subject::Exact(|| vec![ratio_of_one_state(0)]),
            }],
        },
        Trial {
            name: "a shared parameter keeps pushing",
            role: Role::Contradicts,
            setting: "two states with one logit, p=.5 and .9: p_a/.5 after 4000 steps, against 1.9",
            subject: Subject::Exact(|| vec![shared_ratio(4000)]),
            expected: || vec![1.9],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "after ten steps",
                subject: Subject::Exact(|| vec![shared_ratio(10)]),
            }],
        },
        Trial {
            name: "the shared ratio by the estimator and by hand",
            role: Role::Contradicts,
            setting: "the same, 300 steps",
            subject: Subject::Exact(|| vec![shared_ratio_by_estimator(300)]),
            expected: || vec![shared_ratio(300)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "200 steps",
                subject: Subject::Exact(|| vec![shared_ratio_by_estimator(200)]),
            }],
        },
    ],
};

/// Two arms with old probabilities (.9, .1) and advantages (.1, −.9), one logit of the first arm.
fn lopsided() -> World {
    let policy = SoftmaxPolicy::features(1, 2, vec![1.0, 0.0], vec![numeric::ln(9.0)]);
    World::new(bandit(&[0.1, -0.9]), policy.expect("one logit"))
}

/// KL(old‖new) after `count` steps of 5 on the clipped surrogate, by hand.
pub(in crate::claims) fn divergence_after(count: usize) -> f64 {
    let mut theta = numeric::ln(9.0);
    for _ in 0..count {
        let p: f64 = sigmoid(theta);
        let (first, second) = (p / 0.9, sigmoid(-theta) / 0.1);
        let slope = if first > 1.2 { 0.0 } else { 0.1 } + if second < 0.8 { 0.0 } else { 0.9 };
        theta += 5.0 * slope * p * sigmoid(-theta);
    }
    // In logits, so that no digit is lost where the new policy is nearly deterministic.
    let log_one_plus = |x: f64| numeric::ln(1.0 + numeric::exp(-x)) + x;
    let old = numeric::ln(9.0);
    log_one_plus(theta) - log_one_plus(old) - 0.9 * (theta - old)
}

pub(in crate::claims) fn divergence_by_estimator(count: usize) -> f64 {
    lopsided().off_policy(&ascended(&lopsided(), 5.0, count)).divergence()
}

pub(in crate::claims) static IMPLICIT_REGION: Claim = Claim {
    id: "ch10-ppo-implicit-trust-region",
    origin: Origin::Guide,
    quote: "This creates an implicit trust region",
    statement: "The clip does not bound the divergence: an arm whose ratio cannot reach 1+ε is pushed for ever, and KL(old‖new) grows without \
                bound.",
    because: "With old probability .9 the ratio of the first arm is at most 1.11: the clip never acts on it, and the logit grows like the \
              logarithm of the number of steps.",
    lesson: "Slowly, but without end: the region is kept by few epochs and small steps, not by the clip.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "kl_after",
        what: "KL(old‖new) after 11, 1001 and 20000 steps",
        value: Value::List(|| [11, 1001, 20_000].map(divergence_after).to_vec()),
    }],
    trials: &[
        Trial {
            name: "the divergence keeps growing",
            role: Role::Contradicts,
            setting: "two arms, old probabilities (.9, .1), advantages (.1, −.9), ε=.2, step 5: KL = .020, .300 and \
                      .596 after 11, 1001 and 20,000 steps. Listed are the last two and the last, against the one \
                      before and .5",
            subject: Subject::Exact(|| {
                vec![divergence_after(1001), divergence_after(20_000), divergence_after(20_000)]
            }),
            expected: || vec![divergence_after(11), divergence_after(1001), 0.5],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "stopped after eleven steps",
                subject: Subject::Exact(|| vec![divergence_after(11); 3]),
            }],
        },
        Trial {
            name: "by the estimator and by hand",
            role: Role::Contradicts,
            setting: "the same, 11 and 200 steps",
            subject: Subject::Exact(|| [11, 200].map(divergence_by_estimator).to_vec()),
            expected: || [11, 200].map(divergence_after).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "ten steps",
                subject: Subject::Exact(|| vec![divergence_by_estimator(10), divergence_by_estimator(100)]),
            }],
        },
        Trial {
            name: "like a tenth of the logarithm of the number of steps",
            role: Role::Contradicts,
            setting: "the same: the growth from 100,000 to 1,000,000 steps, against .1 ln 10",
            subject: Subject::Exact(|| vec![divergence_after(1_000_000) - divergence_after(100_000)]),
            expected: || vec![0.1 * std::f64::consts::LN_10],
            judge: Judge::Exact { tolerance: 1e-3, why: "the next order is like the logarithm over the steps" },
            counterfeits: &[Counterfeit {
                story: "from 11 to 110 steps",
                subject: Subject::Exact(|| vec![divergence_after(110) - divergence_after(11)]),
            }],
        },
    ],
};

/// The ratios `.01, .02, … 3`, each with A=+1 and −1.
fn grid() -> impl Iterator<Item = (f64, f64)> {
    (1..=300).flat_map(|i| [1.0, -1.0].map(|a| (f64::from(i) / 100.0, a)))
}

pub(in crate::claims) static CONSERVATIVE: Claim = Claim {
    id: "ch10-ppo-min-conservative",
    origin: Origin::Guide,
    quote: "the min selects the more conservative estimate",
    statement: "min(rA, clip(r)A) ≤ rA everywhere, with equality at r=1.",
    because: "A minimum is at most each of its arguments.",
    lesson: "A lower bound of the unclipped surrogate, pointwise; of J it is none.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "violations",
        what: "grid points with min(rA, clip(r)A) > rA",
        value: Value::Number(|| grid().filter(|(r, a)| clipped_surrogate(*r, *a, EPSILON) > r * a).count() as f64),
    }],
    trials: &[
        Trial {
            name: "the largest excess over rA is zero",
            role: Role::Confirms,
            setting: "ε=.2, r=.01..3, A=±1",
            subject: Subject::Exact(|| {
                vec![grid().map(|(r, a)| clipped_surrogate(r, a, EPSILON) - r * a).fold(f64::NEG_INFINITY, f64::max)]
            }),
            expected: || vec![0.0],
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "the clipped term alone, without the minimum",
                    subject: Subject::Exact(|| {
                        let excess = |(r, a): (f64, f64)| r.clamp(0.8, 1.2) * a - r * a;
                        vec![grid().map(excess).fold(f64::NEG_INFINITY, f64::max)]
                    }),
                },
                Counterfeit {
                    story: "a maximum",
                    subject: Subject::Exact(|| {
                        let excess = |(r, a): (f64, f64)| (r.clamp(0.8, 1.2) * a).max(r * a) - r * a;
                        vec![grid().map(excess).fold(f64::NEG_INFINITY, f64::max)]
                    }),
                },
            ],
        },
        Trial {
            name: "equal at r=1, strictly less where the clip acts",
            role: Role::Confirms,
            setting: "the same: the value at r=1, A=±1, then at r=1.5, A=+1 and r=.5, A=−1",
            subject: Subject::Exact(|| {
                [(1.0, 1.0), (1.0, -1.0), (1.5, 1.0), (0.5, -1.0)]
                    .map(|(r, a)| clipped_surrogate(r, a, EPSILON))
                    .to_vec()
            }),
            expected: || vec![1.0, -1.0, 1.2, -0.8],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without a clip",
                subject: Subject::Exact(|| vec![1.0, -1.0, 1.5, -0.5]),
            }],
        },
    ],
};

pub(in crate::claims) static FIVE_YEARS: Claim = Claim {
    id: "ch10-five-years",
    origin: Origin::Guide,
    quote: "TRPO (2015) ... PPO (2017) ... PPO is the result of 5 years of iterative simplification",
    statement: "By the guide's own dates, 2015 and 2017, it is two years.",
    because: "2017 − 2015 = 2.",
    lesson: "Inconsistent with itself; from REINFORCE (1992) it would be twenty-five.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "years",
        what: "years from TRPO to PPO by the guide's dates",
        value: Value::Number(|| 2017.0 - 2015.0),
    }],
    trials: &[Trial {
        name: "the difference of the dates",
        role: Role::Contradicts,
        setting: "the guide's dates",
        subject: Subject::Arithmetic(|| vec![2017.0 - 2015.0]),
        expected: || vec![2.0],
        judge: ROUNDING,
        counterfeits: &[Counterfeit { story: "the guide's 5", subject: Subject::Arithmetic(|| vec![5.0]) }],
    }],
};

pub(in crate::claims) static ALL_FROM_RATIO: Claim = Claim {
    id: "ch10-all-from-ratio",
    origin: Origin::Guide,
    quote: "it all flows from one idea: keep the IS ratio close to 1",
    statement: "At ratio one every surrogate has the gradient ∇J; a clip limits the incentive to leave, not the ratio.",
    because: "∇ρ = ∇log π at ρ=1; a constant has no gradient, in either direction.",
    lesson: "A good slogan for the first step of a batch. What keeps the ratio there afterwards is the number of steps.",
    recorded: Finding::Conditional,
    quantities: &[],
    trials: &[
        Trial {
            name: "at ratio one the clipped surrogate's gradient is ∇J",
            role: Role::Confirms,
            setting: "set-mdp-1296, θ'=θ, ε=.2",
            subject: Subject::Exact(|| clipped_mean(mdp_1296(), mdp_1296(), EPSILON)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "at e=1",
                subject: Subject::Exact(|| clipped_mean(mdp_1296(), &shifted(1.0), EPSILON)),
            }],
        },
        Trial {
            name: "the clip does not keep it close to one",
            role: Role::Limits,
            setting: "two states with one logit (ch10-ppo-clip-caps-ratio): the ratio after 4000 steps, against 1.2",
            subject: Subject::Exact(|| vec![shared_ratio(4000)]),
            expected: || vec![1.2],
            judge: MORE,
            counterfeits: &[Counterfeit { story: "one step", subject: Subject::Exact(|| vec![shared_ratio(1)]) }],
        },
    ],
};

pub(in crate::claims) static USES: Claim = Claim {
    id: "ch10-ppo-uses",
    origin: Origin::Guide,
    quote: "trains ChatGPT, Unitree, Dota 2, ~50 lines core",
    statement: "Facts about products, robots and the length of other people's code.",
    because: "No program here can measure them.",
    lesson: "Outside what can be checked here; listed so that nothing of the chapter is passed over.",
    recorded: Finding::Outside,
    quantities: &[],
    trials: &[],
};
