//! The design challenge: what a budget of steps buys.

use crate::claims::ch09::reuse::{RATES, fresh, progress, reused, reused_by_enumeration};
use crate::claims::ch10::clip::{
    EPSILON, ascended, divergence_after, divergence_by_estimator, one_state, ratio_of_one_state, shared_ratio,
    shared_ratio_by_estimator,
};
use crate::claims::prelude::*;
use crate::rng::StreamKey;
use crate::rollout::Sampler;
use crate::verify::DEFAULT_SEED;

const ENVIRONMENTS: usize = 64;
const STEPS_A_BATCH: usize = 32;
const EPISODE: usize = 1000;
const BUDGET_STEPS: usize = 10_000_000;
const BATCH: usize = ENVIRONMENTS * STEPS_A_BATCH;
const EPOCHS: usize = 4;

/// What the counters of an environment saw in one batch.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Ends of episodes.
    ends: usize,
    /// Episodes that began and ended in it.
    complete: usize,
    /// Steps whose episode ends in it, so that their whole return is there.
    with_return: usize,
}

/// One environment that begins at `age` steps into an episode and is reset at each end, over consecutive batches.
fn counted(age: usize, steps: usize, batches: usize) -> Vec<Seen> {
    let mut age = age;
    let batch = |_| {
        let (mut seen, mut begun, mut pending) = (Seen::default(), age == 0, 0);
        for _ in 0..steps {
            age += 1;
            pending += 1;
            if age == EPISODE {
                seen.ends += 1;
                seen.complete += usize::from(begun);
                seen.with_return += pending;
                (age, begun, pending) = (0, true, 0);
            }
        }
        seen
    };
    (0..batches).map(batch).collect()
}

/// All environments, added up batch by batch.
fn together(age: impl Fn(usize) -> usize, steps: usize, batches: usize) -> Vec<Seen> {
    let mut sums = vec![Seen::default(); batches];
    for i in 0..ENVIRONMENTS {
        for (sum, seen) in sums.iter_mut().zip(counted(age(i), steps, batches)) {
            sum.ends += seen.ends;
            sum.complete += seen.complete;
            sum.with_return += seen.with_return;
        }
    }
    sums
}

/// The setting: synchronised, 125 batches of 32 steps.
fn synchronised() -> Vec<Seen> {
    together(|_| 0, STEPS_A_BATCH, 125)
}

/// Episode starts spread evenly over an episode.
fn staggered() -> Vec<Seen> {
    together(|i| i * EPISODE / ENVIRONMENTS, STEPS_A_BATCH, 125)
}

fn ends_a_batch(batches: &[Seen]) -> f64 {
    batches.iter().map(|seen| seen.ends).sum::<usize>() as f64 / batches.len() as f64
}

fn batches_with_an_end(batches: &[Seen]) -> f64 {
    batches.iter().filter(|seen| seen.ends > 0).count() as f64
}

fn most_complete(batches: &[Seen]) -> f64 {
    batches.iter().map(|seen| seen.complete).max().unwrap_or(0) as f64
}

/// The part of all steps whose return is complete in their batch.
fn part_with_return(batches: &[Seen]) -> f64 {
    batches.iter().map(|seen| seen.with_return).sum::<usize>() as f64 / (batches.len() * BATCH) as f64
}

/// The steps of a drawn batch of set-mdp-1296, each episode of the given length.
fn drawn_steps(environments: usize, length: usize) -> f64 {
    let mdp = mdp_1296().mdp.clone().with_horizon(length).expect("a positive length");
    let sampler = Sampler::new(&mdp, &mdp_1296().policy).expect("the world can be drawn");
    let batch = sampler.batch(&StreamKey::of(DEFAULT_SEED, "rollout", 0), environments);
    (0..batch.len()).map(|i| batch.length(i)).sum::<usize>() as f64
}

pub(in crate::claims) static STEPS: Claim = Claim {
    id: "ch12-dc-2048",
    origin: Origin::Guide,
    quote: "2048 steps per update (64 envs x 32 steps)",
    statement: "64 environments of 32 steps each give 64·32 = 2048 steps.",
    because: "Each environment gives one step a tick; one that ends is reset and goes on.",
    lesson: "Right. It counts steps, not episodes and not independent samples.",
    recorded: Finding::Holds,
    quantities: &[Quantity { key: "steps", what: "64·32", value: Value::Number(|| BATCH as f64) }],
    trials: &[
        Trial {
            name: "the guide's product",
            role: Role::Confirms,
            setting: "64 environments, 32 steps",
            subject: Subject::Arithmetic(|| vec![64.0 * 32.0]),
            expected: || vec![2048.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "a sum", subject: Subject::Arithmetic(|| vec![64.0 + 32.0]) }],
        },
        Trial {
            name: "the steps of a drawn batch, counted",
            role: Role::Confirms,
            setting: "set-mdp-1296 with 32 steps, 64 environments",
            subject: Subject::Exact(|| vec![drawn_steps(ENVIRONMENTS, STEPS_A_BATCH)]),
            expected: || vec![BATCH as f64],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one environment",
                subject: Subject::Exact(|| vec![drawn_steps(1, STEPS_A_BATCH)]),
            }],
        },
    ],
};

/// Draws of one batch: the ends in it, and whether it has none. Each environment begins anywhere in its episode, or all
/// of them at the same place.
fn random_phases(alike: bool) -> Sample {
    let (n, p) = (ENVIRONMENTS as f64, STEPS_A_BATCH as f64 / EPISODE as f64);
    let none = if alike { 1.0 - p } else { numeric::power(1.0 - p, ENVIRONMENTS) };
    let variance = if alike { n * n } else { n } * p * (1.0 - p);
    Box::new(Draws::new(vec![n * p, none], vec![variance, none * (1.0 - none)], move |stream, out| {
        let mut place = 0;
        let ends = (0..ENVIRONMENTS).filter(|i| {
            if *i == 0 || !alike {
                place = stream.below(EPISODE as u32) as usize;
            }
            counted(place, STEPS_A_BATCH, 1)[0].ends > 0
        });
        let ends = ends.count();
        out.copy_from_slice(&[ends as f64, f64::from(u8::from(ends == 0))]);
    }))
}

pub(in crate::claims) static FULL_EPISODES: Claim = Claim {
    id: "ch12-dc-two-full-episodes",
    origin: Origin::Guide,
    quote: "64 envs x 32 steps gives ~2 full episodes per batch",
    statement: "2048/1000 is two episodes' worth of steps. Each environment gives 32 consecutive steps of an episode \
                of 1000: no batch contains a complete episode. How the ends of episodes fall into batches depends on \
                whether the environments are synchronised.",
    because: "A complete episode needs 1000 consecutive steps of one environment, and a batch has 32.",
    lesson: "No full episode: a Monte-Carlo return is available for 2 % of the steps (1.65 % if the starts are spread \
             evenly), those just before an end. For all others the batch is cut, and generalised advantage estimates \
             must bootstrap at each cut, every 32 steps.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "ends_per_batch",
            what: "the mean number of ends of episodes in a batch",
            value: Value::Number(|| ends_a_batch(&synchronised())),
        },
        Quantity {
            key: "batches_with_an_end",
            what: "the batches of 125 with any end",
            value: Value::Number(|| batches_with_an_end(&synchronised())),
        },
        Quantity {
            key: "complete_episodes_in_a_batch",
            what: "the largest number of complete episodes in a batch",
            value: Value::Number(|| most_complete(&synchronised())),
        },
    ],
    trials: &[
        Trial {
            name: "complete episodes in a batch, by counters and from the ends of the batches",
            role: Role::Contradicts,
            setting: "64 synchronised environments, episodes of 1000 steps: the most complete episodes in a batch of \
                      32, of 1500 and of 2000 steps an environment",
            subject: Subject::Exact(|| {
                [(STEPS_A_BATCH, 125), (1500, 4), (2000, 4)]
                    .map(|(steps, batches)| most_complete(&together(|_| 0, steps, batches)))
                    .to_vec()
            }),
            expected: || {
                // Episodes k with start 1000k at or after the batch's and end 1000(k+1) at or before its end.
                let inside = |from: usize, to: usize| (to / EPISODE).saturating_sub(from.div_ceil(EPISODE));
                let most = |steps: usize, batches: usize| {
                    (0..batches).map(|i| inside(i * steps, (i + 1) * steps)).max().unwrap_or(0)
                };
                [(STEPS_A_BATCH, 125), (1500, 4), (2000, 4)]
                    .map(|(steps, batches)| (ENVIRONMENTS * most(steps, batches)) as f64)
                    .to_vec()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the guide's division: steps of the batch over steps of an episode",
                subject: Subject::Exact(|| {
                    [STEPS_A_BATCH, 1500, 2000].map(|steps| (ENVIRONMENTS * steps / EPISODE) as f64).to_vec()
                }),
            }],
        },
        Trial {
            name: "four batches have an end, and each has 64",
            role: Role::Contradicts,
            setting: "64 synchronised environments, 125 batches of 32 steps: the batches with an end, the ends in the fullest, \
                      the mean",
            subject: Subject::Exact(|| {
                let batches = synchronised();
                let most = batches.iter().map(|seen| seen.ends).max().unwrap_or(0) as f64;
                vec![batches_with_an_end(&batches), most, ends_a_batch(&batches)]
            }),
            expected: || {
                let each = (STEPS_A_BATCH * 125 / EPISODE) as f64;
                vec![each, ENVIRONMENTS as f64, each * ENVIRONMENTS as f64 / 125.0]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "two ends in every batch",
                subject: Subject::Exact(|| vec![125.0, 2.0, 2.0]),
            }],
        },
        Trial {
            name: "with starts spread evenly every batch has an end, and still none a complete episode",
            role: Role::Contradicts,
            setting: "64 environments that begin i·1000/64 steps into an episode: the batches with an end, the mean, the most \
                      complete",
            subject: Subject::Exact(|| {
                let batches = staggered();
                vec![batches_with_an_end(&batches), ends_a_batch(&batches), most_complete(&batches)]
            }),
            expected: || vec![125.0, BATCH as f64 / EPISODE as f64, 0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "synchronised environments",
                subject: Subject::Exact(|| {
                    let batches = synchronised();
                    vec![batches_with_an_end(&batches), ends_a_batch(&batches), most_complete(&batches)]
                }),
            }],
        },
        Trial {
            name: "a return is complete for one step in fifty",
            role: Role::Contradicts,
            setting: "64 synchronised environments, 125 batches of 32 steps: the part of the steps whose episode ends in their \
                      batch, by \
                      counters, and 8, 16, 24 and 32 of 4000",
            subject: Subject::Exact(|| vec![part_with_return(&synchronised())]),
            expected: || vec![(8.0 + 16.0 + 24.0 + 32.0) / 4000.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "batches of a whole episode, all of whose returns are complete",
                subject: Subject::Exact(|| {
                    let batches = together(|_| 0, EPISODE, 4);
                    let steps = batches.len() * EPISODE * ENVIRONMENTS;
                    vec![batches.iter().map(|seen| seen.with_return).sum::<usize>() as f64 / steps as f64]
                }),
            }],
        },
        Trial {
            name: "the ends in a batch, and batches without one, drawn",
            role: Role::Contradicts,
            setting: "64 environments, each anywhere in its episode: n=64, p=.032 of the binomial distribution; 12 % of the \
                      batches have \
                      no end",
            subject: Subject::Sampled(|| random_phases(false)),
            expected: || {
                let p = STEPS_A_BATCH as f64 / EPISODE as f64;
                vec![ENVIRONMENTS as f64 * p, numeric::power(1.0 - p, ENVIRONMENTS)]
            },
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "all at the same place: the same mean, and nearly no batch with an end",
                subject: Subject::Sampled(|| random_phases(true)),
            }],
        },
    ],
};

/// The gradient steps of a training loop that spends `budget` steps, `batch` at a time, with `epochs` passes in
/// minibatches of `minibatch`.
fn updates(budget: usize, batch: usize, epochs: usize, minibatch: usize) -> usize {
    let (mut spent, mut count) = (0, 0);
    while spent + batch <= budget {
        spent += batch;
        for _ in 0..epochs {
            let mut left = batch;
            while left > 0 {
                left -= left.min(minibatch);
                count += 1;
            }
        }
    }
    count
}

pub(in crate::claims) static GRADIENT_STEPS: Claim = Claim {
    id: "ch12-dc-19500",
    origin: Origin::Guide,
    quote: "10M/2048 x 4 = ~19,500 gradient steps",
    statement: "10M/2048·4 = 19,531.25, and 19,528 with whole batches, if each of the four epochs is one step on the full batch.",
    because: "A step a pass; minibatches divide a pass into as many steps as there are minibatches.",
    lesson: "The rounding is right. Implementations take minibatches: with 64 samples in each there are 32 times as many steps, \
             624,896, \
             and step sizes do not carry over.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "value",
            what: "10M/2048·4",
            value: Value::Number(|| BUDGET_STEPS as f64 / BATCH as f64 * EPOCHS as f64),
        },
        Quantity {
            key: "whole_batches",
            what: "⌊10M/2048⌋·4",
            value: Value::Number(|| (BUDGET_STEPS / BATCH * EPOCHS) as f64),
        },
    ],
    trials: &[
        Trial {
            name: "the steps of a loop, counted, and by division",
            role: Role::Confirms,
            setting: "10M steps, 2048 a batch, four full-batch epochs",
            subject: Subject::Exact(|| vec![updates(BUDGET_STEPS, BATCH, EPOCHS, BATCH) as f64]),
            expected: || vec![4.0 * (10e6_f64 / 2048.0).floor()],
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "one epoch",
                    subject: Subject::Exact(|| vec![updates(BUDGET_STEPS, BATCH, 1, BATCH) as f64]),
                },
                Counterfeit {
                    story: "a last batch that the budget does not reach",
                    subject: Subject::Exact(|| vec![updates(BUDGET_STEPS + BATCH, BATCH, EPOCHS, BATCH) as f64]),
                },
            ],
        },
        Trial {
            name: "the guide's round number",
            role: Role::Confirms,
            setting: "the same: with and without the part of a batch, against 19,500",
            subject: Subject::Arithmetic(|| vec![1e7 / 2048.0 * 4.0, 4.0 * (1e7_f64 / 2048.0).floor()]),
            expected: || vec![19_500.0; 2],
            judge: Judge::Exact { tolerance: 50.0 / 19_500.0, why: "rounded to the nearest hundred" },
            counterfeits: &[Counterfeit {
                story: "five epochs",
                subject: Subject::Arithmetic(|| vec![1e7 / 2048.0 * 5.0, 5.0 * (1e7_f64 / 2048.0).floor()]),
            }],
        },
        Trial {
            name: "minibatches make 32 times as many",
            role: Role::Limits,
            setting: "the same with minibatches of 64: the steps of the loop, counted, against ⌊10M/2048⌋·4·2048/64",
            subject: Subject::Exact(|| vec![updates(BUDGET_STEPS, BATCH, EPOCHS, 64) as f64]),
            expected: || vec![(BUDGET_STEPS / BATCH * EPOCHS) as f64 * 2048.0 / 64.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one full-batch step an epoch",
                subject: Subject::Exact(|| vec![updates(BUDGET_STEPS, BATCH, EPOCHS, BATCH) as f64]),
            }],
        },
    ],
};

pub(in crate::claims) static FOUR_TIMES: Claim = Claim {
    id: "ch12-dc-4x-gradient-steps",
    origin: Origin::Guide,
    quote: "With K=4 epochs you get 4x the gradient steps per environment interaction",
    statement: "K epochs on each batch are K gradient steps for one batch of interaction: a count, which says nothing of the \
                progress a \
                step.",
    because: "The loop takes K steps before it draws again.",
    lesson: "Four times the steps; less than four times the progress even with exact gradients (ch09-k-steps-10x): at α=1 less \
             than \
             twice.",
    recorded: Finding::Holds,
    quantities: &[],
    trials: &[
        Trial {
            name: "K gradient steps for each batch of interaction",
            role: Role::Confirms,
            setting: "10M steps, 2048 a batch, K=1, 2, 4, 10 full-batch epochs: the steps of the loop, counted, against K \
                      ⌊10M/2048⌋",
            subject: Subject::Exact(|| {
                [1, 2, EPOCHS, 10].map(|epochs| updates(BUDGET_STEPS, BATCH, epochs, BATCH) as f64).to_vec()
            }),
            expected: || [1.0, 2.0, 4.0, 10.0].map(|epochs| epochs * (1e7_f64 / 2048.0).floor()).to_vec(),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "one step a batch, whatever K",
                    subject: Subject::Exact(|| vec![updates(BUDGET_STEPS, BATCH, 1, BATCH) as f64; 4]),
                },
                Counterfeit {
                    story: "an epoch divided into K minibatches",
                    subject: Subject::Exact(|| {
                        [1, 2, EPOCHS, 10].map(|k| updates(BUDGET_STEPS, BATCH, k, BATCH.div_ceil(k)) as f64).to_vec()
                    }),
                },
            ],
        },
        Trial {
            name: "not four times the progress",
            role: Role::Confirms,
            setting: "set-mdp-1296, exact expectations, α=.1, 1: (J after four steps on one batch − J) over that after one step",
            subject: Subject::Exact(|| vec![progress(reused, 0.1, EPOCHS), progress(reused, 1.0, EPOCHS)]),
            expected: || vec![4.0, 2.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "eight steps at a tenth of the rate",
                subject: Subject::Exact(|| vec![progress(reused, 0.01, 8), progress(reused, 0.1, 8)]),
            }],
        },
    ],
};

/// The interaction of a loop that makes so many updates, one on each fresh batch.
fn interaction(updates: usize, batch: usize) -> f64 {
    (0..updates).map(|_| batch).sum::<usize>() as f64
}

/// The world after three steps of 1 with the data of set-mdp-1296.
fn after_three() -> World {
    reused(mdp_1296(), 1.0, 3)
}

pub(in crate::claims) static FORTY_MILLION: Claim = Claim {
    id: "ch12-dc-reinforce-40M",
    origin: Origin::Guide,
    quote: "Vanilla REINFORCE would need 40M steps for equivalent performance",
    statement: "4·10M equates the number of gradient steps alone. Equal performance does not follow: the progress of K steps on \
                one batch \
                is K times that of one only as α→0, with the same estimator and batch; and REINFORCE needs complete episodes.",
    because: "One step a batch makes as many updates as four epochs with four times the batches. Monte-Carlo returns need 1000 \
              steps of \
              each environment a batch, not 32.",
    lesson: "With complete episodes as many updates cost 1.25 billion steps, with 32-step batches 40 million; at α=1 four \
             reused steps make \
             1.6 times the progress of one, so fewer fresh ones would do. The guide's number is a count.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "steps_complete_episodes",
            what: "10M/2048·4 updates with 64·1000 steps each",
            value: Value::Number(|| {
                BUDGET_STEPS as f64 / BATCH as f64 * EPOCHS as f64 * (ENVIRONMENTS * EPISODE) as f64
            }),
        },
        Quantity {
            key: "progress_ratio",
            what: "(J after 4 off-policy steps on one batch − J)/(J after 1 step − J), α=.01, .1, 1",
            value: Value::List(|| RATES.map(|alpha| progress(reused, alpha, EPOCHS)).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "as many updates on fresh batches of 2048 need forty million steps",
            role: Role::Confirms,
            setting: "the updates of four epochs with 10M steps, counted, one fresh batch each; forty million, but for the last \
                      part of a batch",
            subject: Subject::Exact(|| vec![interaction(updates(BUDGET_STEPS, BATCH, EPOCHS, BATCH), BATCH)]),
            expected: || vec![40e6],
            judge: Judge::Exact { tolerance: 4.0 * 2048.0 / 40e6, why: "four updates, those of a batch begun" },
            counterfeits: &[Counterfeit {
                story: "one update a batch in both",
                subject: Subject::Exact(|| vec![interaction(updates(BUDGET_STEPS, BATCH, 1, BATCH), BATCH)]),
            }],
        },
        Trial {
            name: "with complete episodes it is thirty times as much",
            role: Role::Limits,
            setting: "the same updates with 64·1000 steps each, against thirty times 40M",
            subject: Subject::Exact(|| {
                vec![interaction(updates(BUDGET_STEPS, BATCH, EPOCHS, BATCH), ENVIRONMENTS * EPISODE)]
            }),
            expected: || vec![30.0 * 40e6],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "fragments of 32 steps",
                subject: Subject::Exact(|| vec![interaction(updates(BUDGET_STEPS, BATCH, EPOCHS, BATCH), BATCH)]),
            }],
        },
        Trial {
            name: "nearly four times the progress for a small step",
            role: Role::Confirms,
            setting: "set-mdp-1296, exact expectations, K=4, α=.001",
            subject: Subject::Exact(|| vec![progress(reused, 0.001, EPOCHS)]),
            expected: || vec![4.0],
            judge: Judge::Exact { tolerance: 1e-3, why: "what is missing is a part of α" },
            counterfeits: &[Counterfeit {
                story: "α=.1",
                subject: Subject::Exact(|| vec![progress(reused, 0.1, EPOCHS)]),
            }],
        },
        Trial {
            name: "far from it for a large one, reused and fresh alike",
            role: Role::Limits,
            setting: "the same, α=1: less than twice",
            subject: Subject::Exact(|| vec![progress(reused, 1.0, EPOCHS), progress(fresh, 1.0, EPOCHS)]),
            expected: || vec![2.0; 2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "α=.1",
                subject: Subject::Exact(|| vec![progress(reused, 0.1, EPOCHS), progress(fresh, 0.1, EPOCHS)]),
            }],
        },
        Trial {
            name: "the progress by occupancies and from every trajectory's weighted estimate",
            role: Role::Limits,
            setting: "the same, α=.01, .1, 1",
            subject: Subject::Exact(|| RATES.map(|alpha| progress(reused, alpha, EPOCHS)).to_vec()),
            expected: || RATES.map(|alpha| progress(reused_by_enumeration, alpha, EPOCHS)).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "four on-policy steps",
                subject: Subject::Exact(|| RATES.map(|alpha| progress(fresh, alpha, EPOCHS)).to_vec()),
            }],
        },
        Trial {
            name: "the direction of the fourth step on old data, drawn",
            role: Role::Limits,
            setting: "the same, α=1: after three steps, by weighted samples of the old policy, against occupancies",
            subject: Subject::Sampled(|| mdp_1296().sample_weighted(&after_three(), &ImportanceWeights::PerTimestep)),
            expected: || mdp_1296().off_policy(&after_three()).gradient_of(Whose::Behaviour, Whose::Behaviour),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without weights",
                subject: Subject::Sampled(|| {
                    let now = after_three();
                    mdp_1296().sample_paths(move |path| now.weighted(path, |t| to_go(path, t)))
                }),
            }],
        },
    ],
};

/// The largest `|ρ − 1|` of set-mdp-1296 after four clipped steps.
fn largest_change(now: &World) -> f64 {
    let old = mdp_1296();
    let ratio = |i: usize| {
        let of = |world: &World| probability(&world.policy, world.policy.parameters(), 0, i / 2, i % 2);
        (of(now) / of(old) - 1.0).abs()
    };
    (0..6).map(ratio).fold(0.0, f64::max)
}

pub(in crate::claims) static CLIPPING: Claim = Claim {
    id: "ch12-dc-clipping-stabilises",
    origin: Origin::Guide,
    quote: "The clipping ensures the 4 passes don't destabilize",
    statement: "The clip bounds neither the ratio nor the divergence (ch10-ppo-clip-caps-ratio, \
                ch10-ppo-implicit-trust-region). Four small \
                steps stay within the range, and then the clip has not acted.",
    because: "Beyond the range the clipped term is constant: it neither stops a large step nor undoes it, and other terms move \
              shared \
              parameters on.",
    lesson: "A heuristic. Four passes are kept in the range by small steps; with large ones the first step leaves it, and with \
             shared \
             parameters four passes do. Measure the divergence and stop on it.",
    recorded: Finding::Conditional,
    quantities: &[],
    trials: &[
        Trial {
            name: "four small passes stay within the range",
            role: Role::Confirms,
            setting: "set-mdp-1296, ε=.2, four exact clipped steps of .01: the largest |ρ−1| against ε",
            subject: Subject::Exact(|| vec![largest_change(&ascended(mdp_1296(), 0.01, EPOCHS))]),
            expected: || vec![EPSILON],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "steps of .1",
                subject: Subject::Exact(|| vec![largest_change(&ascended(mdp_1296(), 0.1, EPOCHS))]),
            }],
        },
        Trial {
            name: "where the clip has done nothing",
            role: Role::Confirms,
            setting: "the same: the parameters after four clipped steps, by trajectories, against four unclipped ones, by \
                      occupancies",
            subject: Subject::Exact(|| ascended(mdp_1296(), 0.01, EPOCHS).policy.parameters().to_vec()),
            expected: || reused(mdp_1296(), 0.01, EPOCHS).policy.parameters().to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "steps of .1, on which the clip acts",
                subject: Subject::Exact(|| ascended(mdp_1296(), 0.1, EPOCHS).policy.parameters().to_vec()),
            }],
        },
        Trial {
            name: "four passes with ten times the step leave the range",
            role: Role::Limits,
            setting: "set-mdp-1296, ε=.2, exact clipped steps of .1: the largest |ρ−1| after four passes, against 1.5 ε",
            subject: Subject::Exact(|| vec![largest_change(&ascended(mdp_1296(), 0.1, EPOCHS))]),
            expected: || vec![1.5 * EPSILON],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "one pass",
                subject: Subject::Exact(|| vec![largest_change(&ascended(mdp_1296(), 0.1, 1))]),
            }],
        },
        Trial {
            name: "one large step overshoots, and three passes do not bring it back",
            role: Role::Limits,
            setting: "one state, p=½, A=+1, ascent with step 4: the ratio after one and after four passes, by the estimator and \
                      by hand",
            subject: Subject::Exact(|| {
                let ratio = |count: usize| {
                    // Half of the data take the other arm, whose advantage is zero.
                    let world = ascended(&one_state(), 8.0, count);
                    probability(&world.policy, world.policy.parameters(), 0, 0, 1) / 0.5
                };
                vec![ratio(1), ratio(EPOCHS)]
            }),
            expected: || vec![ratio_of_one_state(1); 2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "a cap at 1.2", subject: Subject::Exact(|| vec![1.2; 2]) }],
        },
        Trial {
            name: "with a shared parameter four passes leave the range",
            role: Role::Limits,
            setting: "two states with one logit, p=.5 and .9, steps of 1: p_a/.5 after four passes, by the estimator, against 1.2",
            subject: Subject::Exact(|| vec![shared_ratio_by_estimator(EPOCHS)]),
            expected: || vec![1.2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "one pass",
                subject: Subject::Exact(|| vec![shared_ratio_by_estimator(1)]),
            }],
        },
        Trial {
            name: "and a thousand times as many nearly double it",
            role: Role::Limits,
            setting: "the same after 4000 passes, against 1.9",
            subject: Subject::Exact(|| vec![shared_ratio(4000)]),
            expected: || vec![1.9],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "four passes",
                subject: Subject::Exact(|| vec![shared_ratio(EPOCHS)]),
            }],
        },
        Trial {
            name: "the divergence of four passes, and of more, by the estimator and by hand",
            role: Role::Limits,
            setting: "two arms (.9, .1), A=(.1, −.9), step 5: KL(old‖new) after 4, 40 and 200 passes",
            subject: Subject::Exact(|| [EPOCHS, 40, 200].map(divergence_by_estimator).to_vec()),
            expected: || [EPOCHS, 40, 200].map(divergence_after).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "stopped after four",
                subject: Subject::Exact(|| vec![divergence_by_estimator(EPOCHS); 3]),
            }],
        },
    ],
};

pub(in crate::claims) static BUDGET: Claim = Claim {
    id: "ch12-dc-fixed-budget",
    origin: Origin::Guide,
    quote: "10M steps, 1000-step episodes",
    statement: "10M steps are 10,000 episodes of 1000 steps, and 4882 whole batches of 2048.",
    because: "10M/1000 and ⌊10M/2048⌋.",
    lesson: "1664 steps are left over, less than a batch: a loop that asks before it draws takes 4882 batches, one that asks \
             afterwards \
             4883.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "episodes", what: "10M/1000", value: Value::Number(|| BUDGET_STEPS as f64 / EPISODE as f64) },
        Quantity {
            key: "whole_batches", what: "⌊10M/2048⌋", value: Value::Number(|| (BUDGET_STEPS / BATCH) as f64)
        },
    ],
    trials: &[
        Trial {
            name: "episodes and whole batches, counted",
            role: Role::Confirms,
            setting: "10M steps, episodes of 1000, batches of 2048: by spending them, against the divisions",
            subject: Subject::Exact(|| {
                [EPISODE, BATCH].map(|size| updates(BUDGET_STEPS, size, 1, size) as f64).to_vec()
            }),
            expected: || vec![1e7 / 1e3, (1e7_f64 / 2048.0).floor()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the last batch begun counted too",
                subject: Subject::Exact(|| {
                    [EPISODE, BATCH].map(|size| updates(BUDGET_STEPS + size - 1, size, 1, size) as f64).to_vec()
                }),
            }],
        },
        Trial {
            name: "what is left over is less than a batch",
            role: Role::Confirms,
            setting: "10M less what whole batches spend, counted, against 1664",
            subject: Subject::Exact(|| {
                vec![BUDGET_STEPS as f64 - interaction(updates(BUDGET_STEPS, BATCH, 1, BATCH), BATCH)]
            }),
            expected: || vec![1664.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "nothing", subject: Subject::Exact(|| vec![0.0]) }],
        },
    ],
};
