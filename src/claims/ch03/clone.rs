//! Can a clone beat what it imitates?

use crate::claims::prelude::*;

/// A tabular policy with given probabilities of action 0, one a state.
fn with_first_action(probabilities: &[f64]) -> SoftmaxPolicy {
    let logits: Vec<f64> = probabilities.iter().flat_map(|p| [numeric::ln(*p), numeric::ln(1.0 - p)]).collect();
    tabular(probabilities.len(), 2, &logits)
}

/// Two equally likely contexts in which the good action, the first, pays 1 and 10.
fn contexts(policy: SoftmaxPolicy) -> World {
    let (stay, leave): (&[f64], &[f64]) = (&[1.0, 0.0], &[0.0, 1.0]);
    World::new(mdp(1, &[0.5, 0.5], &[&[stay, stay], &[leave, leave]], &[&[1.0, 0.0], &[10.0, 0.0]]), policy)
}

/// The demonstrator: good with probability .9 and .2.
fn expert() -> World {
    contexts(with_first_action(&[0.9, 0.2]))
}

/// The maximum-likelihood clone with one logit for both contexts: the root of the expected score.
fn clone_of_expert() -> World {
    let shared = |theta: f64| {
        contexts(SoftmaxPolicy::features(2, 2, vec![1.0, 0.0, 1.0, 0.0], vec![theta]).expect("one parameter"))
    };
    let score = |theta: f64| expert().expect(|path| shared(theta).sum_of_scores(path))[0];
    shared(numeric::root(-5.0, 5.0, score).expect("the likelihood has a maximum"))
}

/// `C(5, k) .7^k .3^{5−k}`.
fn binomial_of_five(k: usize) -> f64 {
    let choose = [1.0, 5.0, 10.0, 10.0, 5.0, 1.0];
    choose[k] * numeric::power(0.7, k) * numeric::power(0.3, 5 - k)
}

/// The mean over what five demonstrations can show of a function of the clone's J.
fn over_five(f: impl Fn(f64) -> f64) -> f64 {
    numeric::sum((0..=5).map(|k| binomial_of_five(k) * f(k as f64 / 5.0)))
}

/// `(J, 1{J > .7})` of a clone of `count` demonstrations, drawn.
fn clones_of_demonstrations(count: usize) -> Sample {
    let beats = |j: f64| f64::from(u8::from(j > 0.7));
    let mean = |f: &dyn Fn(f64) -> f64| if count == 5 { over_five(f) } else { 0.7 * f(1.0) + 0.3 * f(0.0) };
    let (j, beaten) = (mean(&|j| j), mean(&beats));
    let variance = vec![mean(&|x| (x - j) * (x - j)), beaten * (1.0 - beaten)];
    Box::new(Draws::new(vec![j, beaten], variance, move |stream, out| {
        let good = (0..count).filter(|_| stream.uniform() < 0.7).count();
        out[0] = good as f64 / count as f64;
        out[1] = beats(out[0]);
    }))
}

pub(in crate::claims) static NEVER_OUTPERFORMS: Claim = Claim {
    id: "ch03-bc-never-outperforms",
    origin: Origin::Guide,
    quote: "Limitation: can never outperform the demonstrator.",
    statement: "J(clone) ≤ J(demonstrator) is false for a class that averages over contexts, for an argmax clone of a noisy \
                demonstrator, and for clones of finitely many demonstrations.",
    because: "Maximum likelihood matches what the class can tell apart; it averages over the rest, and that average may pay \
              more. A class that can represent the data's P(a|s, t) reproduces the average J exactly, with infinite data.",
    lesson: "\"Never\" is wrong. \"Has no mechanism to improve\" is right, and so is \"equals the data's average\" for a class \
             that can represent them.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "expert_j_a",
            what: "J of the expert with two contexts",
            value: Value::Number(|| expert().objective()),
        },
        Quantity {
            key: "clone_j_a",
            what: "J of its clone with one parameter",
            value: Value::Number(|| clone_of_expert().objective()),
        },
        Quantity {
            key: "clone_j_b",
            what: "J of the argmax clone of a Bernoulli(.7) expert",
            value: Value::Number(|| argmax_clone().objective()),
        },
        Quantity {
            key: "p_clone_beats_expert_c",
            what: "P(J(clone) > J(expert)) with five demonstrations",
            value: Value::Number(|| over_five(|j| f64::from(u8::from(j > 0.7)))),
        },
        Quantity {
            key: "mean_clone_j_c",
            what: "E J(clone) with five demonstrations",
            value: Value::Number(|| over_five(|j| j)),
        },
    ],
    trials: &[
        Trial {
            name: "one parameter for two contexts beats the expert",
            role: Role::Contradicts,
            setting: "two equally likely contexts; the good action pays 1 in one and 10 in the other, the other action \
                      0; the expert is good with probability .9 and .2. A clone with one parameter is good with \
                      probability .55 in both: J = 3.025 against the expert's 1.45",
            subject: Subject::Exact(|| vec![clone_of_expert().objective()]),
            expected: || vec![expert().objective()],
            judge: Judge::Ratio { bound: Bound::Above(2.0), why: "it reaches 2.09 times as much" },
            counterfeits: &[Counterfeit {
                story: "a clone with a parameter for each context",
                subject: Subject::Exact(|| vec![time_free_clone(&[expert()]).objective()]),
            }],
        },
        Trial {
            name: "the clone's J, by maximum likelihood and in closed form",
            role: Role::Contradicts,
            setting: "the same: the root of the expected score, and the mean probability (.9+.2)/2",
            subject: Subject::Exact(|| vec![clone_of_expert().objective()]),
            expected: || vec![0.55 * 0.5 * (1.0 + 10.0)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a parameter for each context",
                subject: Subject::Exact(|| vec![time_free_clone(&[expert()]).objective()]),
            }],
        },
        Trial {
            name: "the argmax of a noisy expert beats it",
            role: Role::Contradicts,
            setting: "two arms that pay 1 and 0, chosen with .7 and .3",
            subject: Subject::Exact(|| vec![argmax_clone().objective()]),
            expected: || vec![noisy_expert().objective()],
            judge: Judge::Ratio { bound: Bound::Above(1.2), why: "it reaches 1.43 times as much" },
            counterfeits: &[Counterfeit {
                story: "a clone that samples",
                subject: Subject::Exact(|| vec![time_free_clone(&[noisy_expert()]).objective()]),
            }],
        },
        Trial {
            name: "clones of five demonstrations, drawn",
            role: Role::Contradicts,
            setting: "a Bernoulli(.7) expert: the mean J of the clone, and how often it beats the expert",
            subject: Subject::Sampled(|| clones_of_demonstrations(5)),
            expected: || vec![0.7, binomial_of_five(4) + binomial_of_five(5)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "clones of a single demonstration",
                subject: Subject::Sampled(|| clones_of_demonstrations(1)),
            }],
        },
    ],
};

fn noisy_expert() -> World {
    World::new(bandit(&[1.0, 0.0]), with_first_action(&[0.7]))
}

/// The policy that plays the expert's more frequent arm.
fn argmax_clone() -> World {
    let frequencies = mixture(&[noisy_expert()]);
    let most = frequencies.iter().copied().fold(0.0, f64::max);
    // Logits so far apart that the other arms' probability is zero.
    let logits: Vec<f64> = frequencies.iter().map(|p| if *p == most { 0.0 } else { -1e4 }).collect();
    World::new(bandit(&[1.0, 0.0]), tabular(1, 2, &logits))
}

/// The demonstrators of set-mdp-16: softmax(θ) and softmax(−3θ).
fn demonstrators() -> [World; 2] {
    let theta = mdp_16().policy.parameters();
    [1.0, -3.0].map(|c| mdp_16().with_parameters(scale(c, theta)))
}

/// The mixture of the demonstrators' `P(s_t = s, a_t = a)`, `[T][S][A]`.
fn mixture(worlds: &[World]) -> Vec<f64> {
    let mdp = &worlds[0].mdp;
    let (states, actions) = (mdp.states(), mdp.actions());
    let mut out = vec![0.0; mdp.horizon() * states * actions];
    for world in worlds {
        let occupancy = world.oracle().occupancy();
        for (i, x) in out.iter_mut().enumerate() {
            let (t, s, a) = (i / (states * actions), i / actions % states, i % actions);
            let pi = probability(&world.policy, world.policy.parameters(), t, s, a);
            *x += occupancy[t * states + s] * pi / worlds.len() as f64;
        }
    }
    out
}

/// Logits `log P(a | cell)` of a table of joint probabilities; what never happens is uniform.
fn logits(joint: &[f64], actions: usize) -> Vec<f64> {
    let row = |row: &[f64]| -> Vec<f64> {
        let total: f64 = row.iter().sum();
        row.iter().map(|p| if total > 0.0 { numeric::ln(p / total) } else { 0.0 }).collect()
    };
    joint.chunks(actions).flat_map(row).collect()
}

/// The clone with a table for each step.
fn time_indexed_clone(worlds: &[World]) -> World {
    let mdp = &worlds[0].mdp;
    let blank = tabular(mdp.states(), mdp.actions(), &vec![0.0; mdp.states() * mdp.actions()]);
    let clone = blank.time_indexed(mdp.horizon(), logits(&mixture(worlds), mdp.actions()));
    World::new(mdp.clone(), clone.expect("a table a step"))
}

/// The clone with one table for all steps.
fn time_free_clone(worlds: &[World]) -> World {
    let mdp = &worlds[0].mdp;
    let cells = mdp.states() * mdp.actions();
    let mut joint = vec![0.0; cells];
    for (i, p) in mixture(worlds).iter().enumerate() {
        joint[i % cells] += p;
    }
    World::new(mdp.clone(), tabular(mdp.states(), mdp.actions(), &logits(&joint, mdp.actions())))
}

/// The mean of the demonstrators' J.
fn average(worlds: &[World]) -> f64 {
    worlds.iter().map(World::objective).sum::<f64>() / worlds.len() as f64
}

pub(in crate::claims) static MATCHES_AVERAGE: Claim = Claim {
    id: "ch03-bc-matches-data-average",
    origin: Origin::Ours,
    quote: "(true core of the limitation) BC reproduces, does not improve",
    statement: "A time-indexed tabular clone of infinitely many demonstrations by a mixture of policies has the mixture's \
                occupancy, hence its average J, which is at most the best demonstrator's.",
    because: "By induction over t: the same d_t(s) and the same P(a|s) at t make the same d_{t+1}.",
    lesson: "With a class that can tell times and states apart, cloning returns the average of its data.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "j_demo_a", what: "J(A)", value: Value::Number(|| demonstrators()[0].objective()) },
        Quantity { key: "j_demo_b", what: "J(B)", value: Value::Number(|| demonstrators()[1].objective()) },
        Quantity {
            key: "j_clone",
            what: "J(clone)",
            value: Value::Number(|| time_indexed_clone(&demonstrators()).objective()),
        },
    ],
    trials: &[
        Trial {
            name: "the clone's J is the average",
            role: Role::Confirms,
            setting: "set-mdp-16, half of the data from softmax(θ), half from softmax(−3θ)",
            subject: Subject::Exact(|| vec![time_indexed_clone(&demonstrators()).objective()]),
            expected: || vec![average(&demonstrators())],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one table for both steps",
                subject: Subject::Exact(|| vec![time_free_clone(&demonstrators()).objective()]),
            }],
        },
        Trial {
            name: "the clone's occupancy is the mixture's",
            role: Role::Confirms,
            setting: "the same: P(s_t=s, a_t=a) at both steps",
            subject: Subject::Exact(|| mixture(&[time_indexed_clone(&demonstrators())])),
            expected: || mixture(&demonstrators()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one table for both steps",
                subject: Subject::Exact(|| mixture(&[time_free_clone(&demonstrators())])),
            }],
        },
        Trial {
            name: "the clone does not reach the better demonstrator",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| vec![time_indexed_clone(&demonstrators()).objective()]),
            expected: || vec![demonstrators()[1].objective()],
            judge: Judge::Ratio { bound: Bound::Below(0.9), why: "it reaches .81 of it" },
            counterfeits: &[Counterfeit {
                story: "a clone of the better one alone",
                subject: Subject::Exact(|| vec![time_indexed_clone(&demonstrators()[1..]).objective()]),
            }],
        },
        Trial {
            name: "the clone's mean return, drawn",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Sampled(|| time_indexed_clone(&demonstrators()).sample_paths(|path| vec![total(path)])),
            expected: || vec![average(&demonstrators())],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a clone of A alone",
                subject: Subject::Sampled(|| {
                    time_indexed_clone(&demonstrators()[..1]).sample_paths(|path| vec![total(path)])
                }),
            }],
        },
    ],
};

/// The world in which a time-free clone beats both demonstrators, with them.
fn two_demonstrators() -> [World; 2] {
    let rows: [&[&[f64]]; 2] = [&[&[0.0, 1.0], &[1.0, 0.0]], &[&[1.0, 0.0], &[0.7, 0.3]]];
    let world = mdp(4, &[1.0, 0.0], &rows, &[&[3.0, 0.0], &[-1.0, 0.0]]);
    [[0.935, 0.963], [0.627, 0.382]].map(|p| World::new(world.clone(), with_first_action(&p)))
}

/// `P(r(τ) > J)` of set-mdp-16.
fn above_mean() -> f64 {
    let j = mdp_16().objective();
    mdp_16().mean(|path| f64::from(u8::from(total(path) > j)))
}

/// Draws of whether the best of `n` episodes is above J.
fn best_of(n: usize) -> Sample {
    let j = mdp_16().objective();
    mdp_16().sample(n, |_, batch| {
        let above = (0..batch.len()).any(|i| batch.rewards(i).iter().sum::<f64>() > j);
        vec![f64::from(u8::from(above))]
    })
}

pub(in crate::claims) static TIME_FREE: Claim = Claim {
    id: "ch03-bc-time-free-mixture",
    origin: Origin::Ours,
    quote: "(can never outperform the demonstrator - best-of sense)",
    statement: "The exact time-free tabular clone of a half-and-half mixture of two stationary demonstrators can beat both; \
                and single episodes beat the demonstrator's mean with positive probability.",
    because: "Over a finite horizon P(a|s) pooled over time is no demonstrator's policy: early and late visits of a state \
              are mixed by how often each demonstrator makes them.",
    lesson: "\"Can never outperform\" fails in both senses: the pooled clone beats both demonstrators here, and the best of \
             a few episodes usually beats the mean.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "j_demo_a", what: "J(A)", value: Value::Number(|| two_demonstrators()[0].objective()) },
        Quantity { key: "j_demo_b", what: "J(B)", value: Value::Number(|| two_demonstrators()[1].objective()) },
        Quantity {
            key: "j_clone",
            what: "J(clone)",
            value: Value::Number(|| time_free_clone(&two_demonstrators()).objective()),
        },
        Quantity {
            key: "clone_pi_action_0",
            what: "the clone's probability of action 0 in states 0 and 1",
            value: Value::List(|| {
                let policy = time_free_clone(&two_demonstrators()).policy;
                (0..2).map(|s| probability(&policy, policy.parameters(), 0, s, 0)).collect()
            }),
        },
        Quantity {
            key: "p_episode_above_mean",
            what: "set-mdp-16: P(r(τ) > J) for one episode",
            value: Value::Number(above_mean),
        },
        Quantity {
            key: "p_best_of_5_above_mean",
            what: "set-mdp-16: P(the best of five episodes > J)",
            value: Value::Number(|| 1.0 - numeric::power(1.0 - above_mean(), 5)),
        },
    ],
    trials: &[
        Trial {
            name: "the pooled clone beats both demonstrators",
            role: Role::Contradicts,
            setting: "2 states, 4 steps from state 0; P[0,0]=(0,1), P[0,1]=P[1,0]=(1,0), P[1,1]=(.7,.3), R=[[3,0],[−1,0]]; \
                      demonstrators π(0|s)=(.935,.963) and (.627,.382)",
            subject: Subject::Exact(|| vec![time_free_clone(&two_demonstrators()).objective(); 2]),
            expected: || two_demonstrators().iter().map(World::objective).collect(),
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a clone with a table for each step",
                subject: Subject::Exact(|| vec![time_indexed_clone(&two_demonstrators()).objective(); 2]),
            }],
        },
        Trial {
            name: "the pooled clone's J by enumeration and by recursion",
            role: Role::Contradicts,
            setting: "the same",
            subject: Subject::Exact(|| vec![time_free_clone(&two_demonstrators()).mean(total)]),
            expected: || vec![time_free_clone(&two_demonstrators()).objective()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a table for each step",
                subject: Subject::Exact(|| vec![time_indexed_clone(&two_demonstrators()).mean(total)]),
            }],
        },
        Trial {
            name: "the best of three episodes above the mean, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-16: all batches of three, and the complement of three independent failures",
            subject: Subject::Sampled(|| best_of(3)),
            expected: || vec![1.0 - numeric::power(1.0 - above_mean(), 3)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "the best of one", subject: Subject::Sampled(|| best_of(1)) }],
        },
        Trial {
            name: "a clone's mean return above both, drawn",
            role: Role::Contradicts,
            setting: "2 states, 2 actions, 4 steps",
            subject: Subject::Sampled(|| time_free_clone(&two_demonstrators()).sample_paths(|path| vec![total(path)])),
            expected: || vec![time_free_clone(&two_demonstrators()).objective()],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.026),
                why: "a quarter of what separates the clone from the better demonstrator",
            },
            counterfeits: &[Counterfeit {
                story: "the better demonstrator",
                subject: Subject::Sampled(|| two_demonstrators()[1].sample_paths(|path| vec![total(path)])),
            }],
        },
    ],
};
