//! The off-policy algorithm: several gradient steps on one batch.

use crate::claims::prelude::*;

/// `steps` exact steps on the data of `world`: `x ← x + α Σ_t Σ_s d_t(s) Σ_a ∇π_x(a|s) Q_t(s, a)`.
pub(in crate::claims) fn reused(world: &World, alpha: f64, steps: usize) -> World {
    let direction = |now: &World| world.off_policy(now).gradient_of(Whose::Behaviour, Whose::Behaviour);
    climbed(world, alpha, steps, direction)
}

/// `steps` exact on-policy steps.
pub(in crate::claims) fn fresh(world: &World, alpha: f64, steps: usize) -> World {
    climbed(world, alpha, steps, World::gradient)
}

/// The same with every trajectory's weighted estimate in its exact proportion.
pub(in crate::claims) fn reused_by_enumeration(world: &World, alpha: f64, steps: usize) -> World {
    climbed(world, alpha, steps, |now| world.weighted_mean(now, &ImportanceWeights::PerTimestep))
}

fn climbed(world: &World, alpha: f64, steps: usize, direction: impl Fn(&World) -> Vec<f64>) -> World {
    let mut now = world.clone();
    for _ in 0..steps {
        let step = direction(&now);
        now = now.stepped(alpha, &step);
    }
    now
}

/// (J after so many steps − J)/(J after one step − J).
pub(in crate::claims) fn progress(after: fn(&World, f64, usize) -> World, alpha: f64, steps: usize) -> f64 {
    let world = mdp_1296();
    let j = world.objective();
    (after(world, alpha, steps).objective() - j) / (after(world, alpha, 1).objective() - j)
}

/// The progress of ten steps.
fn gain(after: fn(&World, f64, usize) -> World, alpha: f64) -> f64 {
    progress(after, alpha, 10)
}

pub(in crate::claims) const RATES: [f64; 3] = [0.01, 0.1, 1.0];

pub(in crate::claims) static TEN_TIMES: Claim = Claim {
    id: "ch09-k-steps-10x",
    origin: Origin::Guide,
    quote: "With K=10 you get 10x more optimization per unit of environment interaction",
    statement: "Ten times the gradient steps; the progress in J approaches ten times for small steps only, and ten fresh on-policy steps go \
                as far within half a per cent.",
    because: "J is smooth and bounded: gains add up only while the gradient stays what it was.",
    lesson: "At α=1 ten steps make 1.7 times the progress of one, with reused data and with fresh data alike. On this world the \
             shortfall is the saturation of J, not the bias of old data.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "gain_off_policy",
            what: "ten off-policy steps over one, α=.01, .1, 1",
            value: Value::List(|| RATES.map(|alpha| gain(reused, alpha)).to_vec()),
        },
        Quantity {
            key: "gain_on_policy",
            what: "ten on-policy steps over one, α=.01, .1, 1",
            value: Value::List(|| RATES.map(|alpha| gain(fresh, alpha)).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "nearly ten times for a small step",
            role: Role::Confirms,
            setting: "set-mdp-1296, exact expectations, K=10, α=.001",
            subject: Subject::Exact(|| vec![gain(reused, 0.001)]),
            expected: || vec![10.0],
            judge: Judge::Exact { tolerance: 0.01, why: "what is missing is a part of α, .0016 of ten" },
            counterfeits: &[Counterfeit { story: "α=1", subject: Subject::Exact(|| vec![gain(reused, 1.0)]) }],
        },
        Trial {
            name: "far below for a large one",
            role: Role::Limits,
            setting: "the same, α=1: less than twice",
            subject: Subject::Exact(|| vec![gain(reused, 1.0)]),
            expected: || vec![2.0],
            judge: LESS,
            counterfeits: &[Counterfeit { story: "α=.1", subject: Subject::Exact(|| vec![gain(reused, 0.1)]) }],
        },
        Trial {
            name: "with fresh data just as far",
            role: Role::Limits,
            setting: "the same, α=.01, .1, 1: ten on-policy steps over one",
            subject: Subject::Exact(|| RATES.map(|alpha| gain(fresh, alpha)).to_vec()),
            expected: || RATES.map(|alpha| gain(reused, alpha)).to_vec(),
            judge: Judge::Exact { tolerance: 5e-3, why: "half a per cent of the largest" },
            counterfeits: &[Counterfeit { story: "ten times", subject: Subject::Exact(|| vec![10.0; 3]) }],
        },
        Trial {
            name: "the steps from occupancies and from every trajectory's estimate",
            role: Role::Confirms,
            setting: "the same, α=.1, three steps",
            subject: Subject::Exact(|| reused(mdp_1296(), 0.1, 3).policy.parameters().to_vec()),
            expected: || reused_by_enumeration(mdp_1296(), 0.1, 3).policy.parameters().to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "on-policy steps",
                subject: Subject::Exact(|| fresh(mdp_1296(), 0.1, 3).policy.parameters().to_vec()),
            }],
        },
    ],
};

/// The time-indexed policy that is greedy for `Q_t` of the data policy.
fn greedy() -> World {
    let (world, oracle) = (mdp_1296(), mdp_1296().oracle());
    let logit = |i: usize| {
        let (t, s, a) = (i / 6, i / 2 % 3, i % 2);
        let other = oracle.action_value(t, s, 1 - a);
        if oracle.action_value(t, s, a) > other { 0.0 } else { -1e4 }
    };
    let policy = tabular(3, 2, &[0.0; 6]).time_indexed(4, (0..24).map(logit).collect());
    World::new(world.mdp.clone(), policy.expect("a table a step"))
}

/// `J(p) = 2p − 4p²` of the two steps that share a parameter.
fn shared_objective(p: f64) -> f64 {
    2.0 * p - 4.0 * p * p
}

const ARMS: [f64; 4] = [3.0, 5.0, 8.0, 12.0];

/// J of the distribution that maximises `Σ_i ρ_i (r_i − b)` over the batch: the arm with the largest count × (r − b),
/// arms without a sample counting zero, ties shared.
fn overfitted(batch: &Batch, baseline: f64) -> Vec<f64> {
    let mut score = [0.0; 4];
    for i in 0..batch.len() {
        score[batch.actions(i)[0] as usize] += batch.rewards(i)[0] - baseline;
    }
    let best = score.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let winners: Vec<f64> = (0..4).filter(|k| score[*k] == best).map(|k| ARMS[k]).collect();
    vec![winners.iter().sum::<f64>() / winners.len() as f64]
}

fn overfitted_0(_: &World, batch: &Batch) -> Vec<f64> {
    overfitted(batch, 0.0)
}

fn overfitted_7(_: &World, batch: &Batch) -> Vec<f64> {
    overfitted(batch, 7.0)
}

pub(in crate::claims) static GARBAGE: Claim = Claim {
    id: "ch09-too-many-steps-garbage",
    origin: Origin::Guide,
    quote: "After too many steps, you're optimizing garbage. Too many and you destabilize training.",
    statement: "Conditional. With an infinite batch and a time-indexed table, full optimisation is a greedy policy-iteration step and \
                cannot lower J; with shared parameters it can collapse; with a finite batch it overfits.",
    because: "The policy-improvement theorem needs a table that can be greedy in every state (Howard 1960); a shared parameter cannot, \
              and a finite batch shows few arms.",
    lesson: "Too many steps end above the start for a time-indexed table and exact expectations, ruinously below it for shared \
             parameters, and short of the optimum on a finite batch, more so without a baseline.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "j_greedy",
            what: "J after full optimisation of a time-indexed table",
            value: Value::Number(|| greedy().objective()),
        },
        Quantity {
            key: "j_shared_start",
            what: "J(.1) of the shared parameter",
            value: Value::Number(|| shared_steps(0.1).objective()),
        },
        Quantity {
            key: "j_shared_end",
            what: "J after full optimisation of its surrogate, p=1",
            value: Value::Number(|| shared_objective(1.0)),
        },
        Quantity {
            key: "mean_j_batch_b0",
            what: "E J after full optimisation on four samples, b=0",
            value: Value::Number(|| four_arm(ARMS).batch_mean(4, overfitted_0)[0]),
        },
        Quantity {
            key: "mean_j_batch_b7",
            what: "the same with b=7",
            value: Value::Number(|| four_arm(ARMS).batch_mean(4, overfitted_7)[0]),
        },
    ],
    trials: &[
        Trial {
            name: "a table and exact expectations: garbage in no sense",
            role: Role::Limits,
            setting: "set-mdp-1296: J of the time-indexed policy that is greedy for the data policy's Q_t",
            subject: Subject::Exact(|| vec![greedy().objective()]),
            expected: || vec![mdp_1296().objective()],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the worst action everywhere",
                subject: Subject::Exact(|| {
                    let lazy = greedy();
                    let flipped = lazy.policy.parameters().chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
                    vec![lazy.with_parameters(flipped).objective()]
                }),
            }],
        },
        Trial {
            name: "a shared parameter collapses",
            role: Role::Confirms,
            setting: "two steps with one parameter, data from p=.1: J after 2000 steps of the surrogate",
            subject: Subject::Exact(|| vec![reused(&shared_steps(0.1), 1.0, 2000).objective()]),
            expected: || vec![shared_steps(0.1).objective()],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "five steps",
                subject: Subject::Exact(|| vec![reused(&shared_steps(0.1), 1.0, 5).objective()]),
            }],
        },
        Trial {
            name: "its objective and its surrogate's slope in closed form",
            role: Role::Confirms,
            setting: "J(p)=2p−4p² at p=.1 and .6; the surrogate's derivative at p'=.3 with data from .1: (2−8·.1) p'(1−p')",
            subject: Subject::Exact(|| {
                let off = shared_steps(0.1).off_policy(&shared_steps(0.3));
                let slope = off.gradient_of(Whose::Behaviour, Whose::Behaviour)[0];
                vec![shared_steps(0.1).objective(), shared_steps(0.6).mean(total), slope]
            }),
            expected: || vec![shared_objective(0.1), shared_objective(0.6), (2.0 - 0.8) * 0.3 * 0.7],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the slope of J itself",
                subject: Subject::Exact(|| {
                    vec![shared_objective(0.1), shared_objective(0.6), shared_steps(0.3).gradient()[0]]
                }),
            }],
        },
        Trial {
            name: "and its gradient steps tend there",
            role: Role::Limits,
            setting: "the same: J after 3000 steps of 5 on the surrogate",
            subject: Subject::Exact(|| vec![reused(&time_indexed(), 5.0, 3000).objective()]),
            expected: || vec![greedy().objective()],
            judge: Judge::Exact { tolerance: 2e-3, why: "the approach is like 1/steps" },
            counterfeits: &[Counterfeit {
                story: "ten steps",
                subject: Subject::Exact(|| vec![reused(&time_indexed(), 5.0, 10).objective()]),
            }],
        },
        Trial {
            name: "a finite batch: better on average",
            role: Role::Limits,
            setting: "four arms (3, 5, 8, 12), four samples of the uniform policy, all 256 batches: b=0 and 7, against J=7",
            subject: Subject::Exact(|| {
                vec![four_arm(ARMS).batch_mean(4, overfitted_0)[0], four_arm(ARMS).batch_mean(4, overfitted_7)[0]]
            }),
            expected: || vec![four_arm(ARMS).objective(); 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "one sample, which is overfitted whatever it is",
                subject: Subject::Exact(|| four_arm(ARMS).batch_mean(1, overfitted_0).repeat(2)),
            }],
        },
        Trial {
            name: "and short of the optimum",
            role: Role::Confirms,
            setting: "the same, against the best arm",
            subject: Subject::Exact(|| {
                vec![four_arm(ARMS).batch_mean(4, overfitted_0)[0], four_arm(ARMS).batch_mean(4, overfitted_7)[0]]
            }),
            expected: || vec![11.0; 2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a batch that shows each arm once",
                subject: Subject::Exact(|| {
                    let world = four_arm(ARMS);
                    let each = Batch::of(1, world.paths().iter().map(|(_, path)| path));
                    [overfitted(&each, 0.0), overfitted(&each, 7.0)].concat()
                }),
            }],
        },
        Trial {
            name: "the baseline helps",
            role: Role::Confirms,
            setting: "the same: b=7 against b=0",
            subject: Subject::Exact(|| vec![four_arm(ARMS).batch_mean(4, overfitted_7)[0]]),
            expected: || vec![four_arm(ARMS).batch_mean(4, overfitted_0)[0]],
            judge: Judge::Ratio { bound: Bound::Above(1.1), why: "it reaches 1.118 times as much" },
            counterfeits: &[Counterfeit {
                story: "b=3, the worst arm's reward",
                subject: Subject::Exact(|| four_arm(ARMS).batch_mean(4, |_, batch| overfitted(batch, 3.0))),
            }],
        },
        Trial {
            name: "J after full optimisation on a batch, drawn",
            role: Role::Confirms,
            setting: "the same, b=0; the expected value from the law of the counts",
            subject: Subject::Sampled(|| four_arm(ARMS).sample(4, overfitted_0)),
            expected: || vec![mean_by_counts(0.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "b=7",
                subject: Subject::Sampled(|| four_arm(ARMS).sample(4, overfitted_7)),
            }],
        },
    ],
};

/// The mean of [`overfitted`] over the multinomial law of the counts of four samples.
fn mean_by_counts(baseline: f64) -> f64 {
    let factorial = |n: usize| (1..=n).product::<usize>() as f64;
    let mut sum = numeric::Sum::new();
    for i in 0..5_usize.pow(3) {
        let [a, b, c] = [i / 25, i / 5 % 5, i % 5];
        if a + b + c > 4 {
            continue;
        }
        let counts = [a, b, c, 4 - a - b - c];
        let probability = 24.0 / counts.iter().map(|n| factorial(*n)).product::<f64>() / 256.0;
        let score = counts.iter().zip(ARMS).map(|(n, r)| *n as f64 * (r - baseline));
        let score: Vec<f64> = score.collect();
        let best = score.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let winners: Vec<f64> = score.iter().zip(ARMS).filter(|(s, _)| **s == best).map(|(_, r)| r).collect();
        sum.add(probability * winners.iter().sum::<f64>() / winners.len() as f64);
    }
    sum.value()
}

/// J after `steps` surrogate steps from p=.1, in closed form.
fn after_steps(steps: usize) -> f64 {
    let mut theta = numeric::ln(0.1 / 0.9);
    for _ in 0..steps {
        let p: f64 = sigmoid(theta);
        theta += (2.0 - 8.0 * 0.1) * p * (1.0 - p);
    }
    shared_objective(sigmoid(theta))
}

fn best_count() -> usize {
    (1..=60).max_by(|a, b| after_steps(*a).total_cmp(&after_steps(*b))).unwrap_or(1)
}

/// A first choice between 1 for certain and a second choice between 10 and −12, uniform policy, a table of its own for each.
fn detour() -> World {
    let (certain, second): (&[f64], &[f64]) = (&[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]);
    let rows: [&[&[f64]]; 3] = [&[certain, second], &[certain, certain], &[second, second]];
    World::new(mdp(2, &[1.0, 0.0, 0.0], &rows, &[&[0.0, 0.0], &[1.0, 1.0], &[10.0, -12.0]]), tabular(3, 2, &[0.0; 6]))
}

pub(in crate::claims) static DILEMMA: Claim = Claim {
    id: "ch09-core-dilemma",
    origin: Origin::Guide,
    quote: "Too few steps wastes data, too many destabilises",
    statement: "With shared parameters there is an interior best number of gradient steps a batch. For a time-indexed table and exact \
                expectations the end is never below the start: on set-mdp-1296 more steps are better, elsewhere J can rise and fall \
                again on the way.",
    because: "The surrogate is linear in p' while J is not: its maximum lies at the end, J's in between. A greedy improvement bounds J \
              by the start, not along the path.",
    lesson: "Seven steps are best here, sixty end below the start.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "best_k", what: "K with the largest J", value: Value::Number(|| best_count() as f64) },
        Quantity { key: "j_at_best_k", what: "J there", value: Value::Number(|| after_steps(best_count())) },
        Quantity { key: "j_at_k60", what: "J after 60 steps", value: Value::Number(|| after_steps(60)) },
    ],
    trials: &[
        Trial {
            name: "the best number of steps is neither the first nor the last",
            role: Role::Confirms,
            setting: "two steps with one parameter, data from p=.1: J at K=7 against every other K to 60, by the oracle",
            subject: Subject::Exact(|| vec![reused(&shared_steps(0.1), 1.0, 7).objective(); 59]),
            expected: || {
                let others = (1..=60).filter(|steps| *steps != 7);
                others.map(|steps| reused(&shared_steps(0.1), 1.0, steps).objective()).collect()
            },
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "K=8",
                subject: Subject::Exact(|| vec![reused(&shared_steps(0.1), 1.0, 8).objective(); 59]),
            }],
        },
        Trial {
            name: "J after each number of steps, by the oracle and in closed form",
            role: Role::Confirms,
            setting: "the same, K=1, 7, 60",
            subject: Subject::Exact(|| {
                [1, 7, 60].map(|steps| reused(&shared_steps(0.1), 1.0, steps).objective()).to_vec()
            }),
            expected: || [1, 7, 60].map(after_steps).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "fresh data after each step",
                subject: Subject::Exact(|| {
                    [1, 7, 60].map(|steps| fresh(&shared_steps(0.1), 1.0, steps).objective()).to_vec()
                }),
            }],
        },
        Trial {
            name: "many steps end below the start",
            role: Role::Confirms,
            setting: "the same, K=60",
            subject: Subject::Exact(|| vec![after_steps(60)]),
            expected: || vec![shared_objective(0.1)],
            judge: LESS,
            counterfeits: &[Counterfeit { story: "K=7", subject: Subject::Exact(|| vec![after_steps(7)]) }],
        },
        Trial {
            name: "for this table more steps are better",
            role: Role::Limits,
            setting: "set-mdp-1296 with a time-indexed table, α=1: J after 40 steps against 20 and 1",
            subject: Subject::Exact(|| vec![reused(&time_indexed(), 1.0, 40).objective(); 2]),
            expected: || [20, 1].map(|steps| reused(&time_indexed(), 1.0, steps).objective()).to_vec(),
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a single step",
                subject: Subject::Exact(|| vec![reused(&time_indexed(), 1.0, 1).objective(); 2]),
            }],
        },
        Trial {
            name: "but not of every table",
            role: Role::Confirms,
            setting: "first a leads to 1, b to a choice of 10 or −12; uniform data, α=.1: J after 12 steps against 400, and 400 against 0",
            subject: Subject::Exact(|| [12, 400].map(|steps| reused(&detour(), 0.1, steps).objective()).to_vec()),
            expected: || vec![2.0 * reused(&detour(), 0.1, 400).objective(), detour().objective()],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "one step",
                subject: Subject::Exact(|| [1, 400].map(|steps| reused(&detour(), 0.1, steps).objective()).to_vec()),
            }],
        },
    ],
};

/// set-mdp-1296 with a table of its own for each step, each that of θ.
fn time_indexed() -> World {
    let (world, theta) = (mdp_1296(), mdp_1296().policy.parameters().repeat(4));
    World::new(world.mdp.clone(), world.policy.clone().time_indexed(4, theta).expect("a table a step"))
}
