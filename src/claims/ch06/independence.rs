//! Actions and past rewards.

use crate::claims::prelude::*;

/// `Cov(r_1, 1{a_2 = 0})`, given `keep` of the trajectory.
fn covariance(world: &World, keep: impl Fn(&Trajectory) -> bool) -> f64 {
    let given = |f: &dyn Fn(&Trajectory) -> f64| {
        let part = world.mean(|path| if keep(path) { f(path) } else { 0.0 });
        part / world.mean(|path| if keep(path) { 1.0 } else { 0.0 })
    };
    let first = |path: &Trajectory| f64::from(u8::from(path.actions[1] == 0));
    let joint = given(&|path| path.rewards[0] * first(path));
    joint - given(&|path| path.rewards[0]) * given(&first)
}

/// Moments of the first two rewards of set-mdp-1296 when the logits of one step, if there is such a step, are others.
fn early_rewards(changed: usize) -> Vec<f64> {
    let (old, new) = (mdp_1296().policy.clone(), shifted(3.0).policy);
    let theta = (0..4).flat_map(|t| if t == changed { new.parameters() } else { old.parameters() }).copied().collect();
    let policy = old.clone().time_indexed(4, theta).expect("six logits a step");
    World::new(mdp_1296().mdp.clone(), policy).expect(|path| {
        let [first, second] = [path.rewards[0], path.rewards[1]];
        vec![first, second, second * second, first * second]
    })
}

/// The covariance given each second state of set-mdp-1296.
fn covariance_given_state() -> Vec<f64> {
    (0..3).map(|s| covariance(mdp_1296(), |path| path.states[1] == s)).collect()
}

pub(in crate::claims) static CANNOT_AFFECT: Claim = Claim {
    id: "ch06-action-cannot-affect-past",
    origin: Origin::Guide,
    quote: "action at step 5 can't affect reward at step 3",
    statement: "True as a statement about causes; as numbers a_t and a past reward are correlated, and independent given \
                s_t.",
    because: "Both depend on the states in between; given s_t a Markov policy draws a_t from nothing else.",
    lesson: "What is not caused may still be correlated. Reward-to-go rests on neither: on scores whose mean is zero given \
             the past.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "cov_marginal",
            what: "Cov(r_1, 1{a_2=0})",
            value: Value::Number(|| covariance(mdp_1296(), |_| true)),
        },
        Quantity {
            key: "max_abs_cov_given_s2",
            what: "the largest |Cov(r_1, 1{a_2=0} | s_2=s)|",
            value: Value::Number(|| largest(&covariance_given_state())),
        },
    ],
    trials: &[
        Trial {
            name: "another policy at step 3 leaves the rewards of steps 1 and 2 as they were",
            role: Role::Confirms,
            setting: "set-mdp-1296 with other logits at step 3: the means of r_1, r_2, r_2² and r_1 r_2",
            subject: Subject::Exact(|| early_rewards(2)),
            expected: || early_rewards(9),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "another policy at step 2",
                subject: Subject::Exact(|| early_rewards(1)),
            }],
        },
        Trial {
            name: "given the state they are uncorrelated",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(covariance_given_state),
            expected: || vec![0.0; 3],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "given the first state instead",
                subject: Subject::Exact(|| {
                    (0..3).map(|s| covariance(mdp_1296(), |path| path.states[0] == s)).collect()
                }),
            }],
        },
        Trial {
            name: "without it they are correlated",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| vec![covariance(mdp_1296(), |_| true)]),
            expected: || vec![0.0],
            judge: Judge::Different { at_least: 0.01, why: "a hundredth of a reward's size" },
            counterfeits: &[Counterfeit {
                story: "given the state",
                subject: Subject::Exact(|| vec![covariance_given_state()[0]]),
            }],
        },
        Trial {
            name: "the correlation, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| {
                let mean = mdp_1296().mean(|path| path.rewards[0]);
                mdp_1296().sample_paths(move |path| {
                    vec![(path.rewards[0] - mean) * f64::from(u8::from(path.actions[1] == 0))]
                })
            }),
            expected: || vec![covariance(mdp_1296(), |_| true)],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.005),
                why: "half a per cent of a reward's size, a quarter of the covariance",
            },
            counterfeits: &[Counterfeit {
                story: "with the other action",
                subject: Subject::Sampled(|| {
                    let mean = mdp_1296().mean(|path| path.rewards[0]);
                    mdp_1296().sample_paths(move |path| {
                        vec![(path.rewards[0] - mean) * f64::from(u8::from(path.actions[1] == 1))]
                    })
                }),
            }],
        },
    ],
};

/// `E[g_t r_u]` of set-mdp-1296, steps counted from 0.
fn cross_term(t: usize, u: usize) -> Vec<f64> {
    let world = mdp_1296();
    world.expect(|path| world.weighted(path, |step| if step == t { path.rewards[u] } else { 0.0 }))
}

/// `E[g_t r_u]` for every `u < t`.
fn past_terms() -> Vec<f64> {
    (1..4).flat_map(|t| (0..t).flat_map(move |u| cross_term(t, u))).collect()
}

/// `Σ_t g_t Σ_{u<t} r_u`: everything that reward-to-go leaves out.
pub(in crate::claims) fn past_part(world: &World, path: &Trajectory) -> Vec<f64> {
    world.weighted(path, |t| path.rewards[..t].iter().sum())
}

pub(in crate::claims) static PAST_ZERO: Claim = Claim {
    id: "ch06-past-term-zero",
    origin: Origin::Guide,
    quote: "for t'<t, E[grad log pi(a_t|s_t) r(s_t',a_t')]=0",
    statement: "E[g_t r_{t'}] = 0 for t' < t, when rewards are causal; not for t' > t.",
    because: "Given the past, E[g_t] = 0 and r_{t'} is known.",
    lesson: "Past rewards add noise and no signal to the score of a later action.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "max_abs_past",
            what: "the largest component of |E[g_t r_t']| over t'<t",
            value: Value::Number(|| largest(&past_terms())),
        },
        Quantity {
            key: "max_abs_future",
            what: "in contrast, of |E[g_1 r_2]|",
            value: Value::Number(|| largest(&cross_term(0, 1))),
        },
    ],
    trials: &[
        Trial {
            name: "every past term",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(past_terms),
            expected: || vec![0.0; 36],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the term of the same step in place of the one before",
                subject: Subject::Exact(|| {
                    (1..4).flat_map(|t| (0..t).flat_map(move |u| cross_term(t, u + 1))).collect()
                }),
            }],
        },
        Trial {
            name: "a future term is not zero",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| cross_term(0, 1)),
            expected: || vec![0.0; 6],
            judge: Judge::Different { at_least: 0.01, why: "a hundredth of a reward's size" },
            counterfeits: &[Counterfeit { story: "the past term", subject: Subject::Exact(|| cross_term(1, 0)) }],
        },
        Trial {
            name: "all past terms together, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| mdp_1296().sample_paths(|path| past_part(mdp_1296(), path))),
            expected: || vec![0.0; 6],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.02),
                why: "2 % of a reward's size; the counterfeit's largest component is thirty times as much",
            },
            counterfeits: &[Counterfeit {
                story: "the reward of the step itself among the past",
                subject: Subject::Sampled(|| {
                    let world = mdp_1296();
                    world.sample_paths(|path| world.weighted(path, |t| path.rewards[..=t].iter().sum()))
                }),
            }],
        },
    ],
};

/// `g_3 (r_1 − mean of the episode's rewards)`.
fn hindsight(path: &Trajectory) -> Vec<f64> {
    let normalised = path.rewards[0] - total(path) / 4.0;
    mdp_1296().weighted(path, |t| if t == 2 { normalised } else { 0.0 })
}

pub(in crate::claims) static ACAUSAL: Claim = Claim {
    id: "ch06-acausal-reward",
    origin: Origin::Ours,
    quote: "(condition of the above)",
    statement: "If r_{t'} is computed with hindsight (normalised over the episode, relabelled), the past term is not zero.",
    because: "E[g_t r̃_{t'}] = −E[g_t G_t]/T: the normaliser holds the future.",
    lesson: "Rewards normalised over the episode break the argument for reward-to-go. Normalise with statistics of the \
             past or of other data.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "past_term",
        what: "E[g_3 r̃_1], by [s,a]",
        value: Value::List(|| mdp_1296().expect(hindsight)),
    }],
    trials: &[
        Trial {
            name: "with causal rewards the term is zero",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| cross_term(2, 0)),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "rewards less the mean of the episode's four",
                subject: Subject::Exact(|| mdp_1296().expect(hindsight)),
            }],
        },
        Trial {
            name: "with hindsight it is −E[g_3 G_3]/4",
            role: Role::Limits,
            setting: "set-mdp-1296, r̃_t = r_t less the mean of the episode's 4 rewards",
            subject: Subject::Exact(|| mdp_1296().expect(hindsight)),
            expected: || {
                let world = mdp_1296();
                let ahead = world.expect(|path| world.weighted(path, |t| if t == 2 { to_go(path, t) } else { 0.0 }));
                scale(-0.25, &ahead)
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "zero, as the guide's sentence says",
                subject: Subject::Exact(|| cross_term(2, 0)),
            }],
        },
        Trial {
            name: "with hindsight, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, r̃_t = r_t less the mean of the episode's 4 rewards",
            subject: Subject::Sampled(|| mdp_1296().sample_paths(hindsight)),
            expected: || mdp_1296().expect(hindsight),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "causal rewards",
                subject: Subject::Sampled(|| {
                    let world = mdp_1296();
                    world.sample_paths(|path| world.weighted(path, |t| if t == 2 { path.rewards[0] } else { 0.0 }))
                }),
            }],
        },
    ],
};

/// set-mdp-16 with a policy that remembers: the second step's states carry `a_1`. States 0 and 1 are those of step 1;
/// state `2 + 2 a_1 + s_2` is `s_2` after `a_1`. The policy of step 2 sees `a_1` alone; its logits of action 0 are
/// parameters 4 and 5.
fn remembering() -> World {
    let base = &mdp_16().mdp;
    let arrive = |s: usize, a: usize| -> Vec<f64> {
        let mut row = vec![0.0; 6];
        base.transitions(s, a).iter().for_each(|t| row[2 + 2 * a + t.next] = t.probability);
        row
    };
    let stay = |s: usize| -> Vec<f64> { (0..6).map(|next| f64::from(u8::from(next == s))).collect() };
    let rows: Vec<[Vec<f64>; 2]> = (0..6).map(|s| [0, 1].map(|a| if s < 2 { arrive(s, a) } else { stay(s) })).collect();
    let views: Vec<[&[f64]; 2]> = rows.iter().map(|[a, b]| [&a[..], &b[..]]).collect();
    let transitions: Vec<&[&[f64]]> = views.iter().map(|row| &row[..]).collect();
    let rewards: [&[f64]; 2] = [&[1.0, 0.0], &[2.0, -1.0]];
    let rewards: Vec<&[f64]> = (0..6).map(|s| rewards[s % 2]).collect();
    let world = mdp(2, &[0.6, 0.4, 0.0, 0.0, 0.0, 0.0], &transitions, &rewards);
    let world = world.with_observations(vec![0, 1, 2, 2, 3, 3]).expect("an observation a state");
    let mut features = vec![0.0; 4 * 2 * 6];
    for (cell, parameter) in [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (6, 5)] {
        features[cell * 6 + parameter] = 1.0;
    }
    let logit = |p: f64| numeric::ln(p / (1.0 - p));
    let theta = vec![0.3, -0.2, 0.1, 0.5, logit(0.8), logit(0.3)];
    World::new(world, SoftmaxPolicy::features(4, 2, features, theta).expect("features of every cell"))
}

/// `g_2 r_1`.
fn second_score_first_reward(world: &World, path: &Trajectory) -> Vec<f64> {
    world.weighted(path, |t| if t == 1 { path.rewards[0] } else { 0.0 })
}

fn in_state_0(path: &Trajectory) -> bool {
    path.states[1].is_multiple_of(2)
}

pub(in crate::claims) static PAST_INDEPENDENT: Claim = Claim {
    id: "ch06-past-independent-given-state",
    origin: Origin::Guide,
    quote: "Past reward is independent of current action given the state.",
    statement: "True of Markov policies. Of a policy with memory it is false given s_t alone, yet E[g_t r_{t'}] is still 0.",
    because: "Condition on the history, of which both the policy and the past reward are functions.",
    lesson: "The independence is not what makes reward-to-go unbiased; the zero-mean score given the history is. \
             Recurrent policies may use it.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "cov_given_s2_0",
            what: "Cov(r_1, 1{a_2=0} | s_2=0)",
            value: Value::Number(|| covariance(&remembering(), in_state_0)),
        },
        Quantity {
            key: "max_abs_past_term",
            what: "the largest component of |E[g_2 r_1]| for the two history logits",
            value: Value::Number(|| {
                let world = remembering();
                largest(&world.expect(|path| second_score_first_reward(&world, path))[4..])
            }),
        },
    ],
    trials: &[
        Trial {
            name: "a Markov policy: uncorrelated given the state",
            role: Role::Confirms,
            setting: MDP_16,
            subject: Subject::Exact(|| (0..2).map(|s| covariance(mdp_16(), |path| path.states[1] == s)).collect()),
            expected: || vec![0.0; 2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a policy that remembers its last action",
                subject: Subject::Exact(|| vec![covariance(&remembering(), in_state_0), 0.0]),
            }],
        },
        Trial {
            name: "a policy that remembers: correlated given the state",
            role: Role::Limits,
            setting: "set-mdp-16; P(a_2=0) = .8 after a_1=0 and .3 after a_1=1",
            subject: Subject::Exact(|| vec![covariance(&remembering(), in_state_0)]),
            expected: || vec![0.0],
            judge: Judge::Different { at_least: 0.05, why: "a twentieth of a reward's size" },
            counterfeits: &[Counterfeit {
                story: "the Markov policy",
                subject: Subject::Exact(|| vec![covariance(mdp_16(), |path| path.states[1] == 0)]),
            }],
        },
        Trial {
            name: "and yet the past term is zero",
            role: Role::Confirms,
            setting: "set-mdp-16; P(a_2=0) = .8 after a_1=0 and .3 after a_1=1",
            subject: Subject::Exact(|| {
                let world = remembering();
                world.expect(|path| second_score_first_reward(&world, path))
            }),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the reward of the second step",
                subject: Subject::Exact(|| {
                    let world = remembering();
                    world.expect(|path| world.weighted(path, |t| if t == 1 { path.rewards[1] } else { 0.0 }))
                }),
            }],
        },
        Trial {
            name: "and yet the past term is zero, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16; P(a_2=0) = .8 after a_1=0 and .3 after a_1=1",
            subject: Subject::Sampled(|| {
                remembering().sample(1, |world, batch| second_score_first_reward(world, &batch.trajectory(0)))
            }),
            expected: || vec![0.0; 6],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.01),
                why: "a hundredth of a reward's size; the counterfeit's largest component is eighteen times as much",
            },
            counterfeits: &[Counterfeit {
                story: "the reward of the second step",
                subject: Subject::Sampled(|| {
                    remembering().sample(1, |world, batch| {
                        let path = batch.trajectory(0);
                        world.weighted(&path, |t| if t == 1 { path.rewards[1] } else { 0.0 })
                    })
                }),
            }],
        },
    ],
};
