//! The same worlds under networks of different kinds.

use crate::claims::prelude::*;
use crate::environment::{TabularMdp, Transition};
use crate::policy::{Attention, Convolution, Lstm, Network, NetworkPolicy, Recurrent, Transformer};

/// set-mdp-16 at a horizon, with its histories as observations, under a network with parameters `.7 cos(1.7 i + .3)`.
fn on_16<N: Network + Clone>(network: &N, steps: usize) -> World<NetworkPolicy<N>> {
    with_memory(&mdp_16().mdp.clone().with_horizon(steps).expect("a horizon"), network, 0.7)
}

/// A world with its histories as observations, under a network with parameters `size · cos(1.7 i + .3)`.
fn with_memory<N: Network + Clone>(mdp: &TabularMdp, network: &N, size: f64) -> World<NetworkPolicy<N>> {
    let (unrolled, histories) = mdp.with_histories().expect("few histories");
    let theta = (1..=network.parameters()).map(|i| size * numeric::cos(1.7 * i as f64 + 0.3)).collect();
    World::new(unrolled, NetworkPolicy::new(network.clone(), histories, theta).expect("a policy"))
}

/// set-net-rnn.
const RECURRENT: Recurrent = Recurrent { observations: 2, hidden: 2, actions: 2 };
/// set-net-attention.
const ATTENTION: Attention = Attention { observations: 2, width: 2, actions: 2 };
const LSTM: Lstm = Lstm { observations: 2, hidden: 1, actions: 2 };
const TRANSFORMER: Transformer = Transformer { observations: 2, width: 3, actions: 2 };
const CONVOLUTION: Convolution = Convolution { pixels: 2, kernel: 1, channels: 2, actions: 2 };

fn rnn() -> World<NetworkPolicy<Recurrent>> {
    on_16(&RECURRENT, 2)
}

fn attention() -> World<NetworkPolicy<Attention>> {
    on_16(&ATTENTION, 2)
}

/// What is asked of a world whatever its policy.
trait Asked {
    fn answer<P: Policy>(&self, world: &World<P>) -> Vec<f64>;
}

/// The means of V1 and V2 over all trajectories, with scores by reverse sweeps.
struct Estimates;

impl Asked for Estimates {
    fn answer<P: Policy>(&self, world: &World<P>) -> Vec<f64> {
        [world.batch_mean(1, v1), world.batch_mean(1, v2)].concat()
    }
}

/// The derivative of dynamic programming along dual numbers, once for each estimator.
struct Derivative;

impl Asked for Derivative {
    fn answer<P: Policy>(&self, world: &World<P>) -> Vec<f64> {
        world.gradient().repeat(2)
    }
}

/// Wrong: each step's own reward alone.
struct Myopic;

impl Asked for Myopic {
    fn answer<P: Policy>(&self, world: &World<P>) -> Vec<f64> {
        world.batch_mean(1, myopic).repeat(2)
    }
}

/// The mean of the sum of scores.
struct MeanScore;

impl Asked for MeanScore {
    fn answer<P: Policy>(&self, world: &World<P>) -> Vec<f64> {
        world.expect(|path| world.sum_of_scores(path))
    }
}

/// Wrong: the score of the first action, whatever was done.
struct FirstAction;

impl Asked for FirstAction {
    fn answer<P: Policy>(&self, world: &World<P>) -> Vec<f64> {
        // The score of action 0, whichever action was taken.
        world.expect(|path| {
            let mut out = vec![0.0; world.policy.parameters().len()];
            for (t, o) in path.observations.iter().enumerate() {
                world.policy.add_score(t, *o as usize, 0, 1.0, &mut out);
            }
            out
        })
    }
}

/// The three networks of the settings on set-mdp-16.
fn of_three(asked: &impl Asked) -> Vec<f64> {
    [asked.answer(mlp_16()), asked.answer(&rnn()), asked.answer(&attention())].concat()
}

/// Three more on set-mdp-16 with three steps, where a memory has something to remember.
fn of_others(asked: &impl Asked) -> Vec<f64> {
    [asked.answer(&on_16(&CONVOLUTION, 3)), asked.answer(&on_16(&LSTM, 3)), asked.answer(&on_16(&TRANSFORMER, 3))]
        .concat()
}

pub(in crate::claims) static AGNOSTIC: Claim = Claim {
    id: "ch11-architecture-agnostic",
    origin: Origin::Guide,
    quote: "pi can be any differentiable function that outputs a distribution; the derivation only requires grad log pi",
    statement: "The policy-gradient theorem holds for MLP, recurrent (history-dependent) and attention policies, and for \
                convolutional ones, LSTMs and Transformers.",
    because: "The proof asks for probabilities that are differentiable in θ; a history is a state.",
    lesson: "Any architecture will do, if its score is right. Each is written once over a generic scalar here: the scores come \
             from a reverse sweep, the derivative of J from dual numbers.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "j",
            what: "J for mlp, rnn, attention on set-mdp-16",
            value: Value::List(|| vec![mlp_16().objective(), rnn().objective(), attention().objective()]),
        },
        Quantity {
            key: "gradient_norm",
            what: "|∇J| for mlp, rnn, attention",
            value: Value::List(|| {
                vec![norm(&mlp_16().gradient()), norm(&rnn().gradient()), norm(&attention().gradient())]
            }),
        },
    ],
    trials: &[
        Trial {
            name: "V1 and V2 of an MLP, a recurrent network and attention",
            role: Role::Confirms,
            setting: "set-mdp-16 with set-net-mlp, set-net-rnn, set-net-attention; scores by reverse sweeps, ∇J by dynamic \
                      programming along dual numbers",
            subject: Subject::Exact(|| of_three(&Estimates)),
            expected: || of_three(&Derivative),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each step's own reward alone",
                subject: Subject::Exact(|| of_three(&Myopic)),
            }],
        },
        Trial {
            name: "and of a convolutional network, an LSTM and a Transformer",
            role: Role::Confirms,
            setting: "set-mdp-16 lengthened to three steps (64 trajectories); 12, 22 and 63 parameters",
            subject: Subject::Exact(|| of_others(&Estimates)),
            expected: || of_others(&Derivative),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each step's own reward alone",
                subject: Subject::Exact(|| of_others(&Myopic)),
            }],
        },
        Trial {
            name: "their scores have mean zero",
            role: Role::Confirms,
            setting: "all six networks",
            subject: Subject::Exact(|| [of_three(&MeanScore), of_others(&MeanScore)].concat()),
            expected: || {
                vec![0.0; 15 + 14 + 12 + CONVOLUTION.parameters() + LSTM.parameters() + TRANSFORMER.parameters()]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the score of action 0, whichever action was taken",
                subject: Subject::Exact(|| [of_three(&FirstAction), of_others(&FirstAction)].concat()),
            }],
        },
        Trial {
            name: "V2 of the recurrent network, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16 with set-net-rnn, N=1",
            subject: Subject::Sampled(|| rnn().sample(1, v2)),
            expected: || rnn().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "each step's own reward alone",
                subject: Subject::Sampled(|| rnn().sample(1, myopic)),
            }],
        },
        Trial {
            name: "V2 of attention, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16 with set-net-attention, N=1",
            subject: Subject::Sampled(|| attention().sample(1, v2)),
            expected: || attention().gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a mean over steps where the sum belongs",
                subject: Subject::Sampled(|| attention().sample(1, averaged_over_steps)),
            }],
        },
        Trial {
            name: "V2 of the convolutional network, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16 lengthened to three steps, N=1",
            subject: Subject::Sampled(|| on_16(&CONVOLUTION, 3).sample(1, v2)),
            expected: || on_16(&CONVOLUTION, 3).gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a mean over steps where the sum belongs",
                subject: Subject::Sampled(|| on_16(&CONVOLUTION, 3).sample(1, averaged_over_steps)),
            }],
        },
        Trial {
            name: "V2 of the LSTM, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16 lengthened to three steps, N=1",
            subject: Subject::Sampled(|| on_16(&LSTM, 3).sample(1, v2)),
            expected: || on_16(&LSTM, 3).gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a mean over steps where the sum belongs",
                subject: Subject::Sampled(|| on_16(&LSTM, 3).sample(1, averaged_over_steps)),
            }],
        },
        Trial {
            name: "V2 of the Transformer, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16 lengthened to three steps, N=1",
            subject: Subject::Sampled(|| on_16(&TRANSFORMER, 3).sample(1, v2)),
            expected: || on_16(&TRANSFORMER, 3).gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a mean over steps where the sum belongs",
                subject: Subject::Sampled(|| on_16(&TRANSFORMER, 3).sample(1, averaged_over_steps)),
            }],
        },
    ],
};

/// `trVar(V1)/|∇J|²` by enumeration.
fn relative_variance<P: Policy>(world: &World<P>) -> f64 {
    let gradient = world.gradient();
    world.batch_trace(1, v1) / dot(&gradient, &gradient)
}

/// The same by the conditional-moment recursion.
fn recursive_variance<P: Policy>(world: &World<P>) -> f64 {
    let gradient = world.oracle().gradient().to_vec();
    world.recursion_trace(&Form::total(Baseline::None)) / dot(&gradient, &gradient)
}

pub(in crate::claims) static INDEPENDENT: Claim = Claim {
    id: "ch11-math-architecture-independent",
    origin: Origin::Guide,
    quote: "The math doesn't care which architecture you use",
    statement: "Unbiasedness is free of the architecture; the variance is not.",
    because: "The mean is ∇J of whatever parameters there are; scores and their lengths are the network's.",
    lesson: "At these parameters the same estimator needs over a third more trajectories under one network than under another: the \
             variance does care which policy, in which coordinates, it meets.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "relvar_mlp",
            what: "trVar(V1)/|∇J|² under set-net-mlp",
            value: Value::Number(|| relative_variance(mlp_16())),
        },
        Quantity {
            key: "relvar_rnn",
            what: "trVar(V1)/|∇J|² under set-net-rnn",
            value: Value::Number(|| relative_variance(&rnn())),
        },
    ],
    trials: &[
        Trial {
            name: "unbiased under every network",
            role: Role::Confirms,
            setting: "set-mdp-16 with set-net-mlp, set-net-rnn, set-net-attention",
            subject: Subject::Exact(|| of_three(&Estimates)),
            expected: || of_three(&Derivative),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each step's own reward alone",
                subject: Subject::Exact(|| of_three(&Myopic)),
            }],
        },
        Trial {
            name: "relative variances, by enumeration and by recursion",
            role: Role::Limits,
            setting: "set-mdp-16 with set-net-mlp, set-net-rnn, set-net-attention",
            subject: Subject::Exact(|| {
                vec![relative_variance(mlp_16()), relative_variance(&rnn()), relative_variance(&attention())]
            }),
            expected: || {
                vec![recursive_variance(mlp_16()), recursive_variance(&rnn()), recursive_variance(&attention())]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the same for all",
                subject: Subject::Exact(|| vec![relative_variance(mlp_16()); 3]),
            }],
        },
        Trial {
            name: "the recurrent network's is larger by more than a third",
            role: Role::Limits,
            setting: "set-mdp-16 with set-net-rnn and set-net-mlp",
            subject: Subject::Exact(|| vec![relative_variance(&rnn())]),
            expected: || vec![relative_variance(mlp_16())],
            judge: Judge::Ratio { bound: Bound::Above(4.0 / 3.0), why: "\"not free of it\", put as a number" },
            counterfeits: &[Counterfeit {
                story: "the MLP's own",
                subject: Subject::Exact(|| vec![relative_variance(mlp_16())]),
            }],
        },
        Trial {
            name: "the recurrent network's variance, drawn",
            role: Role::Limits,
            setting: "set-mdp-16 with set-net-rnn, N=1: squared errors of V1",
            subject: Subject::Sampled(|| rnn().sample_errors(1, v1)),
            expected: || vec![rnn().recursion_trace(&Form::total(Baseline::None))],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "reward-to-go",
                subject: Subject::Sampled(|| rnn().sample_errors(1, v2)),
            }],
        },
    ],
};

/// Two steps: a cue 0 or 1 is seen at the first, the same blank after either at the second; reward 1 for the action that
/// the cue names.
fn cue() -> TabularMdp {
    let goes = |next: usize| vec![Transition { probability: 1.0, next, reward: 0.0, terminated: false }];
    let pays = |reward: f64| vec![Transition { probability: 1.0, next: 2, reward, terminated: true }];
    let rows =
        vec![vec![goes(2), goes(2)], vec![goes(3), goes(3)], vec![pays(1.0), pays(0.0)], vec![pays(0.0), pays(1.0)]];
    let mdp = TabularMdp::new(2, 1.0, vec![0.5, 0.5, 0.0, 0.0], rows).expect("a world");
    mdp.with_observations(vec![0, 1, 2, 2]).expect("one observation a state")
}

/// The largest `J` over deterministic policies of a world's observations.
fn best_deterministic(mdp: &TabularMdp) -> f64 {
    let observations = mdp.observations();
    let value = |choice: usize| {
        // One logit so large that the other action has no probability left.
        let logits = (0..2 * observations).map(|k| if (choice >> (k / 2)) & 1 == k % 2 { 800.0 } else { 0.0 });
        World::new(mdp.clone(), tabular(observations, 2, &logits.collect::<Vec<f64>>())).objective()
    };
    (0..1 << observations).map(value).fold(f64::NEG_INFINITY, f64::max)
}

/// `J` after steps of exact gradient ascent on the cue task, with histories as observations.
fn learned<N: Network + Clone>(network: &N) -> f64 {
    let mut world = with_memory(&cue(), network, 0.7);
    for _ in 0..300 {
        let theta: Vec<f64> = world.policy.parameters().to_vec();
        let moved = theta.iter().zip(world.gradient()).map(|(x, g)| x + 2.0 * g).collect();
        let (mdp, histories) = cue().with_histories().expect("few histories");
        world = World::new(mdp, NetworkPolicy::new(network.clone(), histories, moved).expect("a policy"));
    }
    world.objective()
}

/// `J` of the memoryless policy that plays action 1 with the given probability at the blank: the hand's formula.
fn memoryless(p: f64) -> f64 {
    0.5 * (1.0 - p) + 0.5 * p
}

pub(in crate::claims) static MEMORY: Claim = Claim {
    id: "ch11-rnn-partial-observability",
    origin: Origin::Guide,
    quote: "RNN/LSTM: partial observability; belief state",
    statement: "A memory strictly beats every memoryless policy on a task with a cue.",
    because: "At the second step both cues look the same; only what was seen before tells them apart.",
    lesson: "Where observations hide the state, a policy of the last observation has a ceiling that no training lifts; recurrent \
             networks, LSTMs and attention go through it.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "memoryless_max",
            what: "the largest J without memory",
            value: Value::Number(|| best_deterministic(&cue())),
        },
        Quantity {
            key: "memory_max",
            what: "the largest J with memory",
            value: Value::Number(|| best_deterministic(&cue().with_histories().expect("few histories").0)),
        },
    ],
    trials: &[
        Trial {
            name: "every memoryless policy has one half",
            role: Role::Confirms,
            setting: "cue task: all deterministic policies of three observations by dynamic programming; the hand's J, the same \
                      for every probability at the blank",
            subject: Subject::Exact(|| {
                let soft = World::new(cue(), tabular(3, 2, &[0.3, 0.1, -0.2, 0.4, 0.0, 0.9]));
                vec![best_deterministic(&cue()), soft.objective()]
            }),
            expected: || vec![memoryless(1.0), memoryless(sigmoid(0.9))],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the state as the observation",
                subject: Subject::Exact(|| {
                    let seen = cue().with_observations(vec![0, 1, 2, 3]).expect("one observation a state");
                    vec![best_deterministic(&seen); 2]
                }),
            }],
        },
        Trial {
            name: "with histories as observations the best has one",
            role: Role::Confirms,
            setting: "cue task, all 64 deterministic policies of six histories; one reward for certain is the hand's bound",
            subject: Subject::Exact(|| vec![best_deterministic(&cue().with_histories().expect("few histories").0)]),
            expected: || vec![1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without memory",
                subject: Subject::Exact(|| vec![best_deterministic(&cue())]),
            }],
        },
        Trial {
            name: "networks with a memory learn it by gradient ascent",
            role: Role::Confirms,
            setting: "cue task, 300 steps of exact gradient ascent, α=2: J of a recurrent network, an LSTM and attention over .95",
            subject: Subject::Exact(|| {
                vec![
                    learned(&Recurrent { observations: 3, hidden: 2, actions: 2 }),
                    learned(&Lstm { observations: 3, hidden: 1, actions: 2 }),
                    learned(&Attention { observations: 3, width: 2, actions: 2 }),
                ]
            }),
            expected: || vec![0.95; 3],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a convolutional network of the last observation",
                subject: Subject::Exact(|| {
                    vec![learned(&Convolution { pixels: 3, kernel: 2, channels: 2, actions: 2 }); 3]
                }),
            }],
        },
    ],
};
