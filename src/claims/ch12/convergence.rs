//! What is optimised, how fast, and where only a stochastic policy will do.

use crate::claims::ch04::direction::{bandit_gradient, inverse_fisher};
use crate::claims::prelude::*;
use crate::environment::{TabularMdp, Transition};
use crate::numeric::Matrix;

/// The short corridor of Sutton & Barto (example 13.1) with reward `−1 + c` a step, all states looking alike: "right" with
/// probability `p`, one logit.
pub(super) fn corridor(c: f64, horizon: usize, p: f64) -> World {
    let to = |next: usize, terminated: bool| vec![Transition { probability: 1.0, next, reward: c - 1.0, terminated }];
    // Actions: left, right. The second state is reversed.
    let rows =
        vec![vec![to(0, false), to(1, false)], vec![to(2, false), to(0, false)], vec![to(1, false), to(2, true)]];
    let mdp = TabularMdp::new(horizon, 1.0, vec![1.0, 0.0, 0.0], rows).expect("a corridor");
    let policy = SoftmaxPolicy::features(1, 2, vec![0.0, 1.0], vec![numeric::ln(p / (1.0 - p))]).expect("one logit");
    World::new(mdp.with_observations(vec![0; 3]).expect("one observation"), policy)
}

/// `J(p) = (2p−4)/(p(1−p))`, over any scalar.
fn corridor_value<S: Scalar>(p: S) -> S {
    (S::from(2.0) * p - S::from(4.0)) / (p * (S::from(1.0) - p))
}

/// The values of the three states by a linear system, without a horizon; the first is J.
fn corridor_solved(p: f64) -> f64 {
    let q = 1.0 - p;
    // v1 = −1 + q v1 + p v2, v2 = −1 + q v3 + p v1, v3 = −1 + q v2.
    let system = Matrix::of(3, 3, vec![1.0 - q, -p, 0.0, -p, 1.0, -q, 0.0, -q, 1.0]);
    system.solve(&[-1.0; 3]).expect("every state reaches the end")[0]
}

/// The maximiser of the closed form, where its derivative is zero.
fn corridor_best() -> f64 {
    let slope = |p: f64| crate::autodiff::gradient(&[p], |x| corridor_value(x[0]))[0];
    numeric::root(0.2, 0.9, slope).expect("the slope changes its sign")
}

pub(in crate::claims) static STOCHASTIC: Claim = Claim {
    id: "ch12-strength-stochastic",
    origin: Origin::Guide,
    quote: "Strengths: stochastic policies",
    statement: "A stochastic memoryless policy can be strictly optimal: in the aliased corridor J(p) = (2p−4)/(p(1−p)), and a \
                deterministic policy never arrives.",
    because: "All states look alike and one of them is reversed: going always right or always left circles for ever (Sutton & \
              Barto, example 13.1).",
    lesson: "The policy gradient vanishes at p* = 2 − √2; a greedy policy of action values cannot represent it.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "p_star", what: "the maximiser of J", value: Value::Number(corridor_best) },
        Quantity { key: "j_star", what: "J there", value: Value::Number(|| corridor_value(corridor_best())) },
        Quantity { key: "j_at_095", what: "J at p=.95", value: Value::Number(|| corridor_value(0.95)) },
    ],
    trials: &[
        Trial {
            name: "the closed form, a linear system, and dynamic programming over a long horizon",
            role: Role::Confirms,
            setting: "short corridor, p = .2, .5, 2−√2; then the same with a horizon of 4000",
            subject: Subject::Exact(|| {
                let probabilities = [0.2, 0.5, 2.0 - 2.0_f64.sqrt()];
                [probabilities.map(corridor_solved), probabilities.map(|p| corridor(0.0, 4000, p).objective())].concat()
            }),
            expected: || [0.2, 0.5, 2.0 - 2.0_f64.sqrt()].map(corridor_value).repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the reversed state not reversed",
                subject: Subject::Exact(|| {
                    // v1 = −1 + q v1 + p v2, v2 = −1 + q v1 + p v3, v3 = −1 + q v2.
                    let plain = |p: f64| {
                        let q = 1.0 - p;
                        let system = Matrix::of(3, 3, vec![1.0 - q, -p, 0.0, -q, 1.0, -p, 0.0, -q, 1.0]);
                        system.solve(&[-1.0; 3]).expect("every state reaches the end")[0]
                    };
                    [0.2, 0.5, 2.0 - 2.0_f64.sqrt()].map(plain).repeat(2)
                }),
            }],
        },
        Trial {
            name: "the maximiser is 2 − √2, and the policy gradient vanishes there",
            role: Role::Confirms,
            setting: "the root of the closed form's slope; ∇J of the world with a horizon of 4000 at 2−√2",
            subject: Subject::Exact(|| vec![corridor_best(), corridor(0.0, 4000, 2.0 - 2.0_f64.sqrt()).gradient()[0]]),
            expected: || vec![2.0 - 2.0_f64.sqrt(), 0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one half",
                subject: Subject::Exact(|| vec![0.5, corridor(0.0, 4000, 0.5).gradient()[0]]),
            }],
        },
        Trial {
            name: "a deterministic policy never arrives",
            role: Role::Confirms,
            setting: "always right and always left (logits of ±800), horizons 100 and 1000: J by dynamic programming, −1 a step",
            subject: Subject::Exact(|| {
                let of = |logit: f64, steps: usize| corridor(0.0, steps, 0.5).with_parameters(vec![logit]).objective();
                vec![of(800.0, 100), of(800.0, 1000), of(-800.0, 100), of(-800.0, 1000)]
            }),
            expected: || [-100.0, -1000.0].repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "an even policy",
                subject: Subject::Exact(|| [100, 1000].map(|steps| corridor(0.0, steps, 0.5).objective()).repeat(2)),
            }],
        },
        Trial {
            name: "nearly deterministic policies are far worse",
            role: Role::Confirms,
            setting: "p = .95, .99 and .01 against p*: J more than three times as low",
            subject: Subject::Exact(|| [0.95, 0.99, 0.01].map(|p| -corridor_solved(p)).to_vec()),
            expected: || vec![-corridor_value(2.0 - 2.0_f64.sqrt()); 3],
            judge: Judge::Ratio { bound: Bound::Above(3.0), why: "\"far worse\", put as a number" },
            counterfeits: &[Counterfeit {
                story: "p = .5, .6 and .7",
                subject: Subject::Exact(|| [0.5, 0.6, 0.7].map(|p| -corridor_solved(p)).to_vec()),
            }],
        },
    ],
};

/// `U(θ) = E[Σ_t g_t G_t^γ]` of set-mdp-1296, without γ^t, over any scalar: occupancy forwards, values backwards, scores of
/// a softmax in closed form.
fn update_field<S: Scalar>(theta: &[S], gamma: f64) -> Vec<S> {
    let mdp = &mdp_1296().mdp;
    let (zero, policy) = (S::from(0.0), &mdp_1296().policy);
    let pi = |s: usize, a: usize| probability(policy, theta, 0, s, a);
    let ahead = |s: usize, a: usize, values: &[S]| {
        let row = mdp.transitions(s, a).iter();
        row.fold(zero, |sum, t| sum + S::from(t.probability) * (S::from(t.reward) + S::from(gamma) * values[t.next]))
    };
    let mut values = vec![vec![zero; 3]; 5];
    for t in (0..4).rev() {
        let next = values[t + 1].clone();
        values[t] = (0..3).map(|s| pi(s, 0) * ahead(s, 0, &next) + pi(s, 1) * ahead(s, 1, &next)).collect();
    }
    let mut field = vec![zero; 6];
    let mut occupancy: Vec<S> = mdp.initial().iter().map(|p| S::from(*p)).collect();
    for t in 0..4 {
        let mut after = vec![zero; 3];
        for s in 0..3 {
            let q = [0, 1].map(|a| ahead(s, a, &values[t + 1]));
            // Σ_a ∇π(a|s) Q(s, a): π(0) π(1) (Q(s,0) − Q(s,1)), and its negative.
            let slope = occupancy[s] * pi(s, 0) * pi(s, 1) * (q[0] - q[1]);
            field[2 * s] = field[2 * s] + slope;
            field[2 * s + 1] = field[2 * s + 1] - slope;
            for a in 0..2 {
                for next in mdp.transitions(s, a) {
                    after[next.next] = after[next.next] + occupancy[s] * pi(s, a) * S::from(next.probability);
                }
            }
        }
        occupancy = after;
    }
    field
}

/// set-mdp-1296 with another discount.
fn discounted(gamma: f64) -> World {
    let mdp = mdp_1296().mdp.clone().with_discount(gamma).expect("a discount");
    World::new(mdp, mdp_1296().policy.clone())
}

/// The code's update by the oracle.
fn code_update(gamma: f64) -> Vec<f64> {
    let form = Form::to_go(Baseline::None).without_discounted_steps();
    discounted(gamma).oracle().moments(&form).expect("a form of the catalogue").mean
}

/// `|Jac − Jacᵀ|/|Jac|` of the update field, its Jacobian along dual numbers.
fn asymmetry(gamma: f64) -> f64 {
    let theta = Dual::<16>::point(mdp_1296().policy.parameters());
    let rows: Vec<Vec<f64>> = update_field(&theta, gamma).iter().map(|x| x.tangents[..6].to_vec()).collect();
    let difference: Vec<f64> = (0..36).map(|k| rows[k / 6][k % 6] - rows[k % 6][k / 6]).collect();
    norm(&difference) / norm(&rows.concat())
}

const DISCOUNTS: [f64; 3] = [0.9, 0.99, 0.5];

/// The two-step example: one scalar θ=0, at each of two independent steps logits (+θ, −θ) of "first" and "second";
/// r_1 = 1 for "second", r_2 = 1.05 for "first"; γ=.9.
fn example() -> World {
    let certain: &[f64] = &[0.0, 1.0];
    let plain = mdp(2, &[1.0, 0.0], &[&[certain, certain], &[certain, certain]], &[&[0.0, 1.0], &[1.05, 0.0]]);
    let policy = SoftmaxPolicy::features(2, 2, vec![1.0, -1.0, 1.0, -1.0], vec![0.0]).expect("one parameter");
    World::new(plain.with_discount(0.9).expect("a discount"), policy)
}

/// E[g_1 G_1^γ + g_2 G_2^γ] of the example, by enumeration of what training code does.
fn example_update() -> f64 {
    example().batch_mean(1, code_form)[0]
}

fn code_form(world: &World, batch: &Batch) -> Vec<f64> {
    let code = crate::estimator::RewardToGo { discount: 0.9, baseline: 0.0, discounted_steps: false };
    code.gradient(&world.policy, batch)
}

fn right_form(world: &World, batch: &Batch) -> Vec<f64> {
    let right = crate::estimator::RewardToGo { discount: 0.9, baseline: 0.0, discounted_steps: true };
    right.gradient(&world.policy, batch)
}

pub(in crate::claims) static DIRECTLY: Claim = Claim {
    id: "ch12-directly-optimizes",
    origin: Origin::Guide,
    quote: "Directly optimizes RL objective",
    statement: "True of the undiscounted form. The code (discounted reward-to-go without γ^t) optimises neither J nor J_γ: its \
                update \
                field has an asymmetric Jacobian, so it is the gradient of no function.",
    because: "Without γ^t the states are weighted by the undiscounted occupancy and the values by γ (Nota & Thomas 2020).",
    lesson: "Small angles near γ=1, growing as γ falls; the sign itself can be wrong. Keep γ^t, or call γ what it is: a bias \
             that buys \
             variance.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "angle_to_grad_j_gamma_deg",
            what: "the angle of the code's update to ∇J_γ for γ=.9, .99, .5, in degrees",
            value: Value::List(|| DISCOUNTS.map(|g| angle(&code_update(g), &discounted(g).gradient())).to_vec()),
        },
        Quantity {
            key: "angle_to_grad_j_deg",
            what: "its angle to ∇J",
            value: Value::List(|| DISCOUNTS.map(|g| angle(&code_update(g), &mdp_1296().gradient())).to_vec()),
        },
        Quantity {
            key: "jacobian_asymmetry",
            what: "|Jac − Jacᵀ|/|Jac|, Frobenius norms",
            value: Value::List(|| DISCOUNTS.map(asymmetry).to_vec()),
        },
        Quantity {
            key: "example_code_update",
            what: "two-step example: E[g_1 G_1^γ + g_2 G_2^γ]",
            value: Value::Number(example_update),
        },
        Quantity {
            key: "example_true_derivative",
            what: "two-step example: dJ_γ/dθ",
            value: Value::Number(|| example().gradient()[0]),
        },
    ],
    trials: &[
        Trial {
            name: "undiscounted, the update is the gradient and its Jacobian is symmetric",
            role: Role::Confirms,
            setting: "set-mdp-1296, γ=1: the update field along occupancy and values; ∇J by dynamic programming",
            subject: Subject::Exact(|| {
                [update_field(mdp_1296().policy.parameters(), 1.0), vec![asymmetry(1.0)]].concat()
            }),
            expected: || [mdp_1296().gradient(), vec![0.0]].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "γ=.9 without γ^t",
                subject: Subject::Exact(|| {
                    [update_field(mdp_1296().policy.parameters(), 0.9), vec![asymmetry(0.9)]].concat()
                }),
            }],
        },
        Trial {
            name: "with γ^t the discounted form is the gradient of J_γ",
            role: Role::Confirms,
            setting: "set-mdp-1296, γ=.9, by enumeration of the estimator",
            subject: Subject::Exact(|| discounted(0.9).batch_mean(1, right_form)),
            expected: || discounted(0.9).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without γ^t",
                subject: Subject::Exact(|| discounted(0.9).batch_mean(1, code_form)),
            }],
        },
        Trial {
            name: "without it, the update by two routes is something else",
            role: Role::Limits,
            setting: "set-mdp-1296, γ = .9, .99, .5: the oracle's moments; occupancy and values",
            subject: Subject::Exact(|| DISCOUNTS.map(code_update).concat()),
            expected: || DISCOUNTS.map(|g| update_field(mdp_1296().policy.parameters(), g)).concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the gradient of J_γ",
                subject: Subject::Exact(|| DISCOUNTS.map(|g| discounted(g).gradient()).concat()),
            }],
        },
        Trial {
            name: "the angle to the gradient of J_γ grows as γ falls",
            role: Role::Limits,
            setting: "set-mdp-1296: γ = .9 and .5 against γ = .99 and .9, in degrees",
            subject: Subject::Exact(|| [0.9, 0.5].map(|g| angle(&code_update(g), &discounted(g).gradient())).to_vec()),
            expected: || [0.99, 0.9].map(|g| angle(&code_update(g), &discounted(g).gradient())).to_vec(),
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the policy-gradient theorem, with γ^t",
                subject: Subject::Exact(|| {
                    [0.9, 0.5].map(|g| angle(discounted(g).oracle().gradient(), &discounted(g).gradient())).to_vec()
                }),
            }],
        },
        Trial {
            name: "it is the gradient of no function",
            role: Role::Limits,
            setting: "set-mdp-1296: the Jacobian's asymmetry at γ = .9 and .5, against that at γ=1 and a thousandth more",
            subject: Subject::Exact(|| [0.9, 0.5].map(asymmetry).to_vec()),
            expected: || vec![asymmetry(1.0) + 1e-3; 2],
            judge: MORE,
            counterfeits: &[Counterfeit { story: "γ=1", subject: Subject::Exact(|| vec![asymmetry(1.0); 2]) }],
        },
        Trial {
            name: "its sign can be wrong",
            role: Role::Limits,
            setting: "two-step example, γ=.9: the code's update and dJ_γ/dθ; by hand ½(1.05 − 1) and ½(.9·1.05 − 1)",
            subject: Subject::Exact(|| vec![example_update(), example().gradient()[0]]),
            expected: || vec![0.5 * (1.05 - 1.0), 0.5 * (0.9 * 1.05 - 1.0)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with γ^t",
                subject: Subject::Exact(|| vec![example().batch_mean(1, right_form)[0], example().gradient()[0]]),
            }],
        },
        Trial {
            name: "the code's update, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, γ=.5 without γ^t",
            subject: Subject::Sampled(|| half_draws(false)),
            expected: || code_update(0.5),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "with γ^t", subject: Subject::Sampled(|| half_draws(true)) }],
        },
    ],
};

fn half_draws(discounted_steps: bool) -> Sample {
    let code = crate::estimator::RewardToGo { discount: 0.5, baseline: 0.0, discounted_steps };
    discounted(0.5).sample(1, move |world, batch| code.gradient(&world.policy, batch))
}

const THREE_ARMS: [f64; 3] = [1.0, 0.8, 0.0];

/// `t` times the gap of exact gradient ascent with α=.4, after each of the given numbers of updates.
fn gaps(at: &[usize]) -> Vec<f64> {
    let (mut theta, mut out) = ([0.0; 3], Vec::new());
    for t in 0..=at[at.len() - 1] {
        let pi = softmax(&theta);
        if at.contains(&t) {
            // 1 − J without a difference of numbers near 1.
            out.push(0.2 * pi[1] + pi[2]);
        }
        theta.iter_mut().zip(bandit_gradient(&pi, &THREE_ARMS)).for_each(|(x, g)| *x += 0.4 * g);
    }
    out
}

/// The gap of the natural gradient after `t` updates: `π ∝ exp(.4 t r)`.
fn natural_gap(t: usize) -> f64 {
    let pi = softmax(&THREE_ARMS.map(|r| 0.4 * t as f64 * r));
    0.2 * pi[1] + pi[2]
}

/// The same by steps of `F⁺ ∇J`.
fn natural_by_steps(t: usize) -> f64 {
    let mut theta = [0.0; 3];
    for _ in 0..t {
        let pi = softmax(&theta);
        let direction = inverse_fisher(&pi, &bandit_gradient(&pi, &THREE_ARMS));
        theta.iter_mut().zip(direction).for_each(|(x, d)| *x += 0.4 * d);
    }
    let pi = softmax(&theta);
    0.2 * pi[1] + pi[2]
}

const TIMES: [usize; 3] = [1000, 10_000, 100_000];

fn time_times_gap() -> Vec<f64> {
    gaps(&TIMES).iter().zip(TIMES).map(|(gap, t)| gap * t as f64).collect()
}

pub(in crate::claims) static SLOW: Claim = Claim {
    id: "ch12-slow-convergence",
    origin: Origin::Guide,
    quote: "Weaknesses: slow convergence, large batches needed",
    statement: "Exact softmax policy gradients have a gap of order 1/t; the natural gradient's falls exponentially, π_t ∝ exp(α \
                t r).",
    because: "Near a deterministic policy the gain of an update is proportional to the square of the gap (Mei et al. 2020); the \
              inverse Fisher matrix \
              cancels that factor.",
    lesson: "Slow even without noise: ten times the accuracy costs ten times the updates. Batches cure noise, not this.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "t_gap",
            what: "t·(1 − J) after t=1000, 10000, 100000 exact updates",
            value: Value::List(time_times_gap),
        },
        Quantity {
            key: "natural_gap",
            what: "the natural gradient's gap at t=50, 100",
            value: Value::List(|| [50, 100].map(natural_gap).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "the gap's order in t is −1",
            role: Role::Confirms,
            setting: "three arms r=(1,.8,0), α=.4, exact gradients: log₁₀ of the gap at t=10⁴ over that at 10⁵",
            subject: Subject::Exact(|| vec![decade(&gaps(&TIMES))]),
            expected: || vec![1.0],
            judge: Judge::Exact { tolerance: 0.01, why: "the next order, log t / t, at t = 10⁴" },
            counterfeits: &[
                Counterfeit {
                    story: "the order of 1/√t",
                    subject: Subject::Exact(|| {
                        vec![decade(&gaps(&TIMES).iter().map(|gap| gap.sqrt()).collect::<Vec<f64>>())]
                    }),
                },
                Counterfeit {
                    story: "the natural gradient, from t=10 to 100",
                    subject: Subject::Exact(|| vec![decade(&[0.0, natural_gap(10), natural_gap(100)])]),
                },
            ],
        },
        Trial {
            name: "the natural gradient's closed form is reached by steps of F⁺∇J",
            role: Role::Confirms,
            setting: "the same arms, t=50 and 100; the gap relative to the closed form",
            subject: Subject::Exact(|| [50, 100].map(|t| natural_by_steps(t) / natural_gap(t)).to_vec()),
            expected: || vec![1.0; 2],
            judge: Judge::Exact { tolerance: 1e-9, why: "rounding of a hundred steps, relative to a gap of 1e-4" },
            counterfeits: &[Counterfeit {
                story: "steps of ∇J",
                subject: Subject::Exact(|| {
                    let gaps = gaps(&[50, 100]);
                    vec![gaps[0] / natural_gap(50), gaps[1] / natural_gap(100)]
                }),
            }],
        },
        Trial {
            name: "which falls by the same factor in each fifty updates",
            role: Role::Confirms,
            setting: "the natural gap at t=100 over that at t=50, against exp(−.4 · 50 · .2)",
            subject: Subject::Exact(|| vec![natural_gap(100) / natural_gap(50)]),
            expected: || vec![numeric::exp(-0.4 * 50.0 * 0.2)],
            judge: Judge::Exact { tolerance: 0.002, why: "the second arm's share of the normalisation at t=50" },
            counterfeits: &[Counterfeit {
                story: "the vanilla gradient's gap",
                subject: Subject::Exact(|| {
                    let gaps = gaps(&[50, 100]);
                    vec![gaps[1] / gaps[0]]
                }),
            }],
        },
    ],
};

/// log₁₀ of the second gap over the third.
fn decade(gaps: &[f64]) -> f64 {
    numeric::ln(gaps[1] / gaps[2]) / std::f64::consts::LN_10
}
