//! The Break-It laboratory, what of it is training: seeded runs, with intervals, and sides of bounds.

use rayon::prelude::*;

use super::breaking::REWARDS;
use crate::claims::prelude::*;
use crate::estimator::{ClippedSurrogate, LeaveOneOut, Returns, TotalReturn};
use crate::rng::Stream;
use crate::stats::{Estimate, bootstrap, clopper_pearson, median};
use crate::train::{Ascent, BanditAscent, BanditBaseline};
use crate::verify::Runs;

/// The seeds of a cell.
const SEEDS: usize = 300;
/// The confidence of the intervals of reported numbers.
const CONFIDENCE: f64 = 0.99;
/// The resamples of a bootstrap.
const REPLICATES: usize = 1000;

const RUNNING: BanditBaseline = BanditBaseline::RunningMean { rate: 0.1 };

/// Training on the laboratory's bandit.
fn lab(step: f64, batch: usize, baseline: BanditBaseline) -> BanditAscent {
    BanditAscent { rewards: REWARDS.to_vec(), step, batch, baseline }
}

/// The same with 100 added to the rewards.
fn raised(step: f64, batch: usize, baseline: BanditBaseline) -> BanditAscent {
    BanditAscent { rewards: REWARDS.map(|r| r + 100.0).to_vec(), ..lab(step, batch, baseline) }
}

/// The same with rewards of at most one.
fn unit(step: f64, batch: usize, baseline: BanditBaseline) -> BanditAscent {
    BanditAscent { rewards: REWARDS.map(|r| r / 12.0).to_vec(), ..lab(step, batch, baseline) }
}

/// One number a seed, each from a stream of its own.
fn of_seeds(seed: u64, name: &str, seeds: usize, run: impl Fn(&mut Stream) -> f64 + Sync) -> Vec<f64> {
    (0..seeds as u64).into_par_iter().map(|i| run(&mut Stream::of(seed, name, 0, i))).collect()
}

fn members(cell: &[f64], members: &[usize]) -> Vec<f64> {
    members.iter().map(|i| cell[*i]).collect()
}

/// The updates until J is .6 below the best arm; infinite past min(20000, 12/α + 40).
fn arrival(ascent: &BanditAscent, stream: &mut Stream) -> f64 {
    let best = ascent.rewards.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let most = (12.0 / ascent.step + 40.0).floor().min(20_000.0) as u64;
    ascent.updates_until(best - 0.6, most, stream)
}

/// Which two methods are compared.
#[derive(Clone, Copy)]
struct Comparison {
    name: &'static str,
    batch: usize,
    baseline: BanditBaseline,
    shifted: bool,
}

const ONE: Comparison = Comparison { name: "N=1, b=J", batch: 1, baseline: BanditBaseline::ExactMean, shifted: false };
const TEN: Comparison =
    Comparison { name: "N=10, leave-one-out", batch: 10, baseline: BanditBaseline::LeaveOneOut, shifted: false };
const TEN_SHIFTED: Comparison = Comparison { name: "N=10, leave-one-out, +100", shifted: true, ..TEN };

impl Comparison {
    /// Training without the baseline, and with it.
    fn pair(self, step: f64) -> [BanditAscent; 2] {
        let make = if self.shifted { raised } else { lab };
        [BanditBaseline::None, self.baseline].map(|baseline| make(step, self.batch, baseline))
    }

    /// The arrival times of all seeds at a step size: without the baseline, and with it.
    fn cells(self, seed: u64, step: f64) -> [Vec<f64>; 2] {
        let mut sides = ["without", "with"].iter();
        self.pair(step).map(|ascent| {
            let side = sides.next().expect("two sides");
            let name = format!("ch12-bl-no-baseline-10-100x/{}/{side}/{step}", self.name);
            of_seeds(seed, &name, SEEDS, |stream| arrival(&ascent, stream))
        })
    }

    /// The ratio of the medians at one step size.
    fn at_equal(self, seed: u64, step: f64) -> Estimate {
        let [without, with] = self.cells(seed, step);
        let mut stream = Stream::of(seed, "ch12-bl-no-baseline-10-100x/bootstrap", 0, 0);
        bootstrap(&[SEEDS; 2], REPLICATES, CONFIDENCE, &mut stream, |groups| {
            median(members(&without, &groups[0])) / median(members(&with, &groups[1]))
        })
    }

    /// The ratio of the medians with each method at the step size of its smallest median among those at which at least the
    /// given part of the runs arrives. An interval resamples the seeds of every step size and tunes anew.
    fn tuned(self, seed: u64, reliable: f64) -> Estimate {
        let steps = (0..17).map(|k| 0.0005 * f64::from(1 << k));
        let cells: Vec<[Vec<f64>; 2]> = steps.map(|step| self.cells(seed, step)).collect();
        let mut stream = Stream::of(seed, "ch12-bl-no-baseline-10-100x/bootstrap", 0, 1);
        let groups = vec![SEEDS; 2 * cells.len()];
        bootstrap(&groups, 2 * REPLICATES, CONFIDENCE, &mut stream, |groups| {
            let best = |side: usize| {
                let of = |(k, cell): (usize, &[Vec<f64>; 2])| {
                    let times = members(&cell[side], &groups[2 * k + side]);
                    let arrived = times.iter().filter(|t| t.is_finite()).count() as f64;
                    if arrived >= reliable * SEEDS as f64 { median(times) } else { f64::INFINITY }
                };
                cells.iter().enumerate().map(of).fold(f64::INFINITY, f64::min)
            };
            best(0) / best(1)
        })
    }
}

/// set-mdp-16 with rewards R+2 and a uniform policy.
fn easy_mdp() -> World {
    let world = mdp_16().with_rewards(|t| t.reward + 2.0);
    world.with_parameters(vec![0.0; 4])
}

/// `J` of the best deterministic policy of four.
fn best_of_mdp(world: &World) -> f64 {
    let of = |choice: usize| {
        let logit = |k: usize| if (choice >> (k / 2)) & 1 == k % 2 { 800.0 } else { 0.0 };
        world.with_parameters((0..4).map(logit).collect()).objective()
    };
    (0..4).map(of).fold(f64::NEG_INFINITY, f64::max)
}

/// The updates of training on it until J has 95 % of what there is to gain; total returns, N=10.
fn mdp_arrival(world: &World, target: f64, leave_one_out: bool, step: f64, stream: &mut Stream) -> f64 {
    let none = TotalReturn { discount: 1.0, baseline: 0.0 };
    let others = LeaveOneOut { discount: 1.0, returns: Returns::Total };
    let estimator: &dyn GradientEstimator = if leave_one_out { &others } else { &none };
    let ascent = Ascent { mdp: &world.mdp, estimator, step, batch: 10 };
    let done = |policy: &SoftmaxPolicy| world.objective_at(policy.parameters()) >= target;
    ascent.run(world.policy.clone(), 1500, stream, done).expect("four logits of moderate size can be drawn")
}

/// J of the uniform policy plus 95 % of what there is to gain.
fn mdp_target(world: &World) -> f64 {
    world.objective() + 0.95 * (best_of_mdp(world) - world.objective())
}

const MDP_SEEDS: usize = 100;

fn equal_alpha_mdp(seed: u64) -> Estimate {
    let world = easy_mdp();
    let target = mdp_target(&world);
    let cell = |name: &str, leave_one_out: bool| {
        of_seeds(seed, name, MDP_SEEDS, |stream| mdp_arrival(&world, target, leave_one_out, 0.03, stream))
    };
    let without = cell("ch12-bl-no-baseline-10-100x/mdp/without", false);
    let with = cell("ch12-bl-no-baseline-10-100x/mdp/with", true);
    let mut stream = Stream::of(seed, "ch12-bl-no-baseline-10-100x/bootstrap", 0, 2);
    bootstrap(&[MDP_SEEDS; 2], REPLICATES, CONFIDENCE, &mut stream, |groups| {
        median(members(&without, &groups[0])) / median(members(&with, &groups[1]))
    })
}

/// Pairs of runs: whether the first takes more than `times` as many updates as the second. A pair whose
/// second never arrives counts as not slower.
fn slower(times: f64, pairs: Vec<[BanditAscent; 2]>) -> Sample {
    let size = pairs.len();
    Box::new(Runs::new(size, 0.0, 1.0, move |stream| {
        let mut of = |pair: &[BanditAscent; 2]| {
            let [first, second] = [arrival(&pair[0], stream), arrival(&pair[1], stream)];
            f64::from(u8::from(second.is_finite() && first > times * second))
        };
        pairs.iter().map(&mut of).collect()
    }))
}

/// Runs at step sizes: whether the first kind arrives, and whether the second does not.
fn reliability(reliable: BanditAscent, unreliable: BanditAscent) -> Sample {
    Box::new(Runs::new(2, 0.0, 1.0, move |stream| {
        let arrives = |ascent: &BanditAscent, stream: &mut Stream| arrival(ascent, stream).is_finite();
        let (first, second) = (arrives(&reliable, stream), arrives(&unreliable, stream));
        vec![f64::from(u8::from(first)), f64::from(u8::from(!second))]
    }))
}

const SIDE: Judge =
    Judge::Ratio { bound: Bound::Above(1.0), why: "the side of a bound: no margin, an e-process against either side" };
const OTHER_SIDE: Judge =
    Judge::Ratio { bound: Bound::Below(1.0), why: "the side of a bound: no margin, an e-process against either side" };

pub(in crate::claims) static TEN_TO_HUNDRED: Claim = Claim {
    id: "ch12-bl-no-baseline-10-100x",
    origin: Origin::Guide,
    quote: "Training takes 10-100x longer to converge",
    statement: "\"Longer\" is the ratio of the median numbers of updates until J reaches a target; trials compare \
                pairs of runs. At equal α there is no slow-down; with α tuned for reliability the baseline permits a \
                larger step and wins, moderately here (about 8 to 12 times) and by orders of magnitude with a constant \
                added to the rewards.",
    because: "To first order in α the mean dynamics are the same (ch12-bl-no-baseline-expected-update); noise decides \
              how large a step still arrives.",
    lesson: "The baseline hardly speeds up the mean dynamics, it permits a larger stable α. How much that is worth \
             depends on the mean reward beside its spread: name it before quoting a factor.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "equal_alpha_n1",
            what: "ratio of the medians, b=0 over b=J, N=1, α=.032",
            value: Value::Runs(|seed| ONE.at_equal(seed, 0.032)),
        },
        Quantity {
            key: "equal_alpha_n10",
            what: "b=0 over leave-one-out, N=10, α=.032",
            value: Value::Runs(|seed| TEN.at_equal(seed, 0.032)),
        },
        Quantity {
            key: "equal_alpha_mdp",
            what: "b=0 over leave-one-out on set-mdp-16 with R+2, N=10, α=.03",
            value: Value::Runs(equal_alpha_mdp),
        },
        Quantity {
            key: "tuned_n1_99",
            what: "α tuned for 99 % of the runs to arrive, N=1",
            value: Value::Runs(|seed| ONE.tuned(seed, 0.99)),
        },
        Quantity {
            key: "tuned_n1_95",
            what: "α tuned for 95 %, N=1",
            value: Value::Runs(|seed| ONE.tuned(seed, 0.95)),
        },
        Quantity {
            key: "tuned_n10_99",
            what: "α tuned for 99 %, N=10",
            value: Value::Runs(|seed| TEN.tuned(seed, 0.99)),
        },
        Quantity {
            key: "tuned_n10_99_shift",
            what: "α tuned for 99 %, N=10, rewards +100",
            value: Value::Runs(|seed| TEN_SHIFTED.tuned(seed, 0.99)),
        },
    ],
    trials: &[
        Trial {
            name: "at equal α most runs without a baseline take no more than half as long again",
            role: Role::Limits,
            setting: "set-four-arm, rewards (3,5,8,12), target J ≥ 11.4, α=.032: pairs of runs, N=1 with b=J, the \
                      exact mean reward, and N=10 with leave-one-out; the probability that the run without a baseline \
                      takes more than 1.5 times the updates",
            subject: Subject::Sampled(|| slower(1.5, vec![ONE.pair(0.032), TEN.pair(0.032)])),
            expected: || vec![0.5; 2],
            judge: OTHER_SIDE,
            counterfeits: &[Counterfeit {
                story: "without at a quarter of the step",
                subject: Subject::Sampled(|| {
                    slower(
                        1.5,
                        vec![
                            [lab(0.008, 1, BanditBaseline::None), lab(0.032, 1, BanditBaseline::ExactMean)],
                            [lab(0.008, 10, BanditBaseline::None), lab(0.032, 10, BanditBaseline::LeaveOneOut)],
                        ],
                    )
                }),
            }],
        },
        Trial {
            name: "nor in a world of two steps",
            role: Role::Limits,
            setting: "set-mdp-16 with rewards R+2, uniform start, total returns, N=10, α=.03, target 95 % of the gain: pairs of \
                      runs",
            subject: Subject::Sampled(|| mdp_pairs(0.03)),
            expected: || vec![0.5],
            judge: OTHER_SIDE,
            counterfeits: &[Counterfeit {
                story: "without at a third of the step",
                subject: Subject::Sampled(|| mdp_pairs(0.01)),
            }],
        },
        Trial {
            name: "the baseline permits a step more than eight times as large",
            role: Role::Confirms,
            setting: "N=1: with b=J, the exact mean reward, at α=.256 more than 99 % of the runs arrive; without at \
                      α=.032 more than 1 % do not",
            subject: Subject::Sampled(|| {
                reliability(lab(0.256, 1, BanditBaseline::ExactMean), lab(0.032, 1, BanditBaseline::None))
            }),
            expected: || vec![0.99, 0.01],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "the two the other way round",
                subject: Subject::Sampled(|| {
                    reliability(lab(0.256, 1, BanditBaseline::None), lab(0.032, 1, BanditBaseline::ExactMean))
                }),
            }],
        },
        Trial {
            name: "with it training is several times as fast, each at a step that is safe for it",
            role: Role::Confirms,
            setting: "N=1: without at α=.016, with b=J at α=.256; the probability that the run without takes more than four \
                      times the \
                      updates",
            subject: Subject::Sampled(|| {
                slower(4.0, vec![[lab(0.016, 1, BanditBaseline::None), lab(0.256, 1, BanditBaseline::ExactMean)]])
            }),
            expected: || vec![0.5],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "both at the step that is safe without",
                subject: Subject::Sampled(|| {
                    slower(4.0, vec![[lab(0.016, 1, BanditBaseline::None), lab(0.016, 1, BanditBaseline::ExactMean)]])
                }),
            }],
        },
        Trial {
            name: "and by more than two orders of magnitude with a constant in the rewards",
            role: Role::Confirms,
            setting: "N=10, rewards (103,105,108,112): without at α=.002, leave-one-out at α=2.048; more than a hundred times the \
                      updates",
            subject: Subject::Sampled(|| {
                slower(
                    100.0,
                    vec![[raised(0.002, 10, BanditBaseline::None), raised(2.048, 10, BanditBaseline::LeaveOneOut)]],
                )
            }),
            expected: || vec![0.5],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "without the constant, at α=.128",
                subject: Subject::Sampled(|| {
                    slower(
                        100.0,
                        vec![[lab(0.128, 10, BanditBaseline::None), lab(2.048, 10, BanditBaseline::LeaveOneOut)]],
                    )
                }),
            }],
        },
    ],
};

/// Pairs of runs on the easy world, the first at a step size of its own: whether it takes more than 1.5 times the updates.
fn mdp_pairs(step: f64) -> Sample {
    let world = easy_mdp();
    let target = mdp_target(&world);
    Box::new(Runs::new(1, 0.0, 1.0, move |stream| {
        let first = mdp_arrival(&world, target, false, step, stream);
        let second = mdp_arrival(&world, target, true, 0.03, stream);
        vec![f64::from(u8::from(second.is_finite() && first > 1.5 * second))]
    }))
}

/// What became of a run.
struct Outcome {
    /// How often J crossed the given level.
    crossings: f64,
    /// Whether the best arm has more than .99 at the end.
    converged: bool,
    /// Whether another arm has.
    stuck: bool,
}

/// A thousand updates; the level is halfway between the mean reward and the best.
fn outcome(ascent: &BanditAscent, stream: &mut Stream) -> Outcome {
    let (mean, best) = (0.25 * ascent.rewards.iter().sum::<f64>(), ascent.rewards[3]);
    let level = 0.5 * (mean + best);
    let mut run = ascent.start();
    let (mut crossings, mut above) = (0.0, run.objective() > level);
    for _ in 0..1000 {
        run.update(stream);
        let now = run.objective() > level;
        crossings += f64::from(u8::from(now != above));
        above = now;
    }
    let pi = run.probabilities();
    Outcome { crossings, converged: pi[3] > 0.99, stuck: pi[..3].iter().any(|p| *p > 0.99) }
}

/// The proportion of runs of which something is true.
fn proportion(seed: u64, name: &str, ascent: &BanditAscent, of: fn(&Outcome) -> bool) -> Estimate {
    let name = format!("ch12-bl-alpha-0.5-oscillates/{name}");
    let truths = of_seeds(seed, &name, SEEDS, |stream| f64::from(u8::from(of(&outcome(ascent, stream)))));
    let successes = truths.iter().sum::<f64>();
    let (low, high) = clopper_pearson(successes as u64, SEEDS as u64, CONFIDENCE);
    Estimate { value: successes / SEEDS as f64, low, high }
}

/// The mean number of crossings.
fn crossings(seed: u64, name: &str, ascent: &BanditAscent) -> Estimate {
    let name = format!("ch12-bl-alpha-0.5-oscillates/{name}");
    let counts = of_seeds(seed, &name, SEEDS, |stream| outcome(ascent, stream).crossings);
    let mut stream = Stream::of(seed, "ch12-bl-alpha-0.5-oscillates/bootstrap", 0, 0);
    bootstrap(&[SEEDS], REPLICATES, CONFIDENCE, &mut stream, |groups| {
        members(&counts, &groups[0]).iter().sum::<f64>() / SEEDS as f64
    })
}

/// Runs of a thousand updates, and what is asked of each.
fn outcomes<const K: usize>(ascent: BanditAscent, asked: fn(&Outcome) -> [bool; K]) -> Sample {
    Box::new(Runs::new(K, 0.0, 1.0, move |stream| {
        asked(&outcome(&ascent, stream)).map(|truth| f64::from(u8::from(truth))).to_vec()
    }))
}

fn settled(outcome: &Outcome) -> [bool; 1] {
    [outcome.stuck || outcome.converged]
}

pub(in crate::claims) static OSCILLATES: Claim = Claim {
    id: "ch12-bl-alpha-0.5-oscillates",
    origin: Origin::Guide,
    quote: "Learning rate 0.5: the policy oscillates between extremes, never settling",
    statement: "Softmax policy gradients saturate: the typical failure at α=.5 is premature commitment to a wrong arm, \
                where the gradient vanishes, and not oscillation. \"Oscillates\" is measured as crossings of J=9.5 \
                (one is the climb), \"settled\" as an arm with more than .99 after 1000 updates. With larger N it \
                converges.",
    because: "Near a vertex of the simplex the score of the likely arm is nearly zero, so nothing pushes the policy away.",
    lesson: "A step that is too large for its rewards does not swing, it decides too early: 41 % of the runs (34 to 49 \
             %) end at a wrong arm, after .83 crossings on average. With rewards divided by 12 the policy does swing \
             before it settles. Oscillation and divergence are real for a Gaussian mean \
             (ch12-bl-alpha-0.5-linear-gaussian).",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "stuck_n1",
            what: "N=1, b=0: the fraction stuck at a wrong arm",
            value: Value::Runs(|seed| proportion(seed, "n1", &lab(0.5, 1, BanditBaseline::None), |o| o.stuck)),
        },
        Quantity {
            key: "stuck_n1_running",
            what: "N=1, running mean: the fraction stuck",
            value: Value::Runs(|seed| proportion(seed, "n1-running", &lab(0.5, 1, RUNNING), |o| o.stuck)),
        },
        Quantity {
            key: "stuck_n10",
            what: "N=10, b=0: the fraction stuck",
            value: Value::Runs(|seed| proportion(seed, "n10", &lab(0.5, 10, BanditBaseline::None), |o| o.stuck)),
        },
        Quantity {
            key: "crossings_n1",
            what: "N=1, b=0: the mean number of crossings",
            value: Value::Runs(|seed| crossings(seed, "n1", &lab(0.5, 1, BanditBaseline::None))),
        },
        Quantity {
            key: "crossings_n10",
            what: "N=10, b=0: the mean number of crossings",
            value: Value::Runs(|seed| crossings(seed, "n10", &lab(0.5, 10, BanditBaseline::None))),
        },
        Quantity {
            key: "crossings_n1_unit",
            what: "rewards/12, N=1, b=0: the mean number of crossings",
            value: Value::Runs(|seed| crossings(seed, "n1-unit", &unit(0.5, 1, BanditBaseline::None))),
        },
        Quantity {
            key: "converged_n100",
            what: "N=100, b=0: the fraction converged",
            value: Value::Runs(|seed| proportion(seed, "n100", &lab(0.5, 100, BanditBaseline::None), |o| o.converged)),
        },
    ],
    trials: &[
        Trial {
            name: "it settles",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3,5,8,12), N=1, b=0, α=.5, 1000 updates: more than 95 % of the runs end with an arm \
                      above .99",
            subject: Subject::Sampled(|| outcomes(lab(0.5, 1, BanditBaseline::None), settled)),
            expected: || vec![0.95],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "a step of .0005: not there yet",
                subject: Subject::Sampled(|| outcomes(lab(0.0005, 1, BanditBaseline::None), settled)),
            }],
        },
        Trial {
            name: "it hardly ever swings",
            role: Role::Contradicts,
            setting: "the same: fewer than one run in ten crosses J=9.5 three times or more",
            subject: Subject::Sampled(|| outcomes(lab(0.5, 1, BanditBaseline::None), |o| [o.crossings >= 3.0])),
            expected: || vec![0.1],
            judge: OTHER_SIDE,
            counterfeits: &[Counterfeit {
                story: "rewards of at most one",
                subject: Subject::Sampled(|| outcomes(unit(0.5, 1, BanditBaseline::None), |o| [o.crossings >= 3.0])),
            }],
        },
        Trial {
            name: "with rewards of at most one the same step does swing, and settles at the best arm",
            role: Role::Limits,
            setting: "rewards/12, N=1, b=0, α=.5: more than a third of the runs cross the half-way line three times or more; \
                      more than nine in \
                      ten end with the best arm above .99",
            subject: Subject::Sampled(|| {
                outcomes(unit(0.5, 1, BanditBaseline::None), |o| [o.crossings >= 3.0, o.converged])
            }),
            expected: || vec![1.0 / 3.0, 0.9],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "rewards as they were",
                subject: Subject::Sampled(|| {
                    outcomes(lab(0.5, 1, BanditBaseline::None), |o| [o.crossings >= 3.0, o.converged])
                }),
            }],
        },
        Trial {
            name: "it commits to a wrong arm in more than a third of the runs",
            role: Role::Contradicts,
            setting: "the same",
            subject: Subject::Sampled(|| outcomes(lab(0.5, 1, BanditBaseline::None), |o| [o.stuck])),
            expected: || vec![1.0 / 3.0],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "ten samples an update",
                subject: Subject::Sampled(|| outcomes(lab(0.5, 10, BanditBaseline::None), |o| [o.stuck])),
            }],
        },
        Trial {
            name: "with a hundred samples the same step converges",
            role: Role::Contradicts,
            setting: "N=100, b=0 and α=.5: more than 95 % of the runs",
            subject: Subject::Sampled(|| outcomes(lab(0.5, 100, BanditBaseline::None), |o| [o.converged])),
            expected: || vec![0.95],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "with one sample",
                subject: Subject::Sampled(|| outcomes(lab(0.5, 1, BanditBaseline::None), |o| [o.converged])),
            }],
        },
    ],
};

const SMALL: f64 = 0.01;

/// `E[J(θ')] − J` after one update with one sample from the uniform policy, arm by arm.
fn mean_gain(baseline: f64) -> f64 {
    let world = four_arm(REWARDS);
    let j = world.objective();
    world.mean(|path| {
        let step = v1_less(&world, &Batch::of(1, [path]), baseline);
        world.stepped(SMALL, &step).objective() - j
    })
}

/// The same by hand: the sampled arm's weight becomes `e^x` beside three of 1, with `x = α (r − b)`.
fn mean_gain_by_hand(baseline: f64) -> f64 {
    let after = |a: usize| {
        let weight = numeric::exp(SMALL * (REWARDS[a] - baseline));
        let sum: f64 = REWARDS.iter().sum();
        (sum - REWARDS[a] + weight * REWARDS[a]) / (3.0 + weight)
    };
    (0..4).map(after).sum::<f64>() / 4.0 - 7.0
}

/// `α |∇J|²`.
fn first_order() -> f64 {
    let gradient = four_arm(REWARDS).gradient();
    SMALL * dot(&gradient, &gradient)
}

fn median_final(seed: u64, name: &str, ascent: &BanditAscent, updates: u64) -> Estimate {
    let name = format!("ch12-bl-n1-random-walk/{name}");
    let finals = of_seeds(seed, &name, SEEDS, |stream| ascent.run(updates, stream).objective());
    let mut stream = Stream::of(seed, "ch12-bl-n1-random-walk/bootstrap", 0, 0);
    bootstrap(&[SEEDS], REPLICATES, CONFIDENCE, &mut stream, |groups| median(members(&finals, &groups[0])))
}

/// Whether J ends above 11.9 after 3000 samples.
fn ends_high(trainings: Vec<(BanditAscent, u64)>) -> Sample {
    let size = trainings.len();
    Box::new(Runs::new(size, 0.0, 1.0, move |stream| {
        let mut of = |(ascent, updates): &(BanditAscent, u64)| {
            f64::from(u8::from(ascent.run(*updates, stream).objective() > 11.9))
        };
        trainings.iter().map(&mut of).collect()
    }))
}

pub(in crate::claims) static RANDOM_WALK: Claim = Claim {
    id: "ch12-bl-n1-random-walk",
    origin: Origin::Guide,
    quote: "Progress is a random walk rather than ascent",
    statement: "False: the drift α∇J is the same for every N; a single-sample update gains on average for small α, to first order \
                α|∇J|², and N=1 converges with a small step. \"Random walk\" is taken as no drift.",
    because: "E[ĝ] = ∇J for every N; noise enters the gain at the second order in α.",
    lesson: "From 3000 samples, 3000 updates of one sample (α=.01) end at a median J of 11.975, and 30 updates of a \
             hundred (α=1) at 11.976. It looks like a random walk only where α is so large that the second-order term, \
             α² times the noise, outweighs α|∇J|².",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "mean_dj_b7",
            what: "E[dJ] of one update, N=1, α=.01, b=7",
            value: Value::Number(|| mean_gain(7.0)),
        },
        Quantity { key: "first_order", what: "α|∇J|²", value: Value::Number(first_order) },
        Quantity { key: "mean_dj_b0", what: "E[dJ] of one update, b=0", value: Value::Number(|| mean_gain(0.0)) },
        Quantity {
            key: "median_j_n1_running",
            what: "median final J, N=1, α=.01, 3000 updates, running mean",
            value: Value::Runs(|seed| median_final(seed, "n1-running", &lab(SMALL, 1, RUNNING), 3000)),
        },
        Quantity {
            key: "median_j_n1",
            what: "median final J, N=1, α=.01, 3000 updates, b=0",
            value: Value::Runs(|seed| median_final(seed, "n1", &lab(SMALL, 1, BanditBaseline::None), 3000)),
        },
        Quantity {
            key: "median_j_n100",
            what: "median final J, N=100, α=1, 30 updates, leave-one-out",
            value: Value::Runs(|seed| median_final(seed, "n100", &lab(1.0, 100, BanditBaseline::LeaveOneOut), 30)),
        },
    ],
    trials: &[
        Trial {
            name: "the mean gain of a single-sample update, by enumeration and by hand",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3,5,8,12), uniform, α=.01: E[dJ] with b=7, then with b=0",
            subject: Subject::Exact(|| vec![mean_gain(7.0), mean_gain(0.0)]),
            expected: || vec![mean_gain_by_hand(7.0), mean_gain_by_hand(0.0)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "no drift: the sign of each reward tossed",
                subject: Subject::Exact(|| {
                    [7.0, 0.0].map(|b| 0.5 * (mean_gain_by_hand(b) + mean_gain_of_opposite(b))).to_vec()
                }),
            }],
        },
        Trial {
            name: "it is first-order in α, to a tenth",
            role: Role::Contradicts,
            setting: "the same: E[dJ] for b=7 and b=0 beside α|∇J|² = .02875",
            subject: Subject::Exact(|| vec![mean_gain(7.0), mean_gain(0.0)]),
            expected: || vec![first_order(); 2],
            judge: Judge::Exact { tolerance: 0.0029, why: "a tenth of it: the second order in α, at α=.01" },
            counterfeits: &[Counterfeit {
                story: "no drift: the sign of each reward tossed",
                subject: Subject::Exact(|| {
                    [7.0, 0.0].map(|b| 0.5 * (mean_gain_by_hand(b) + mean_gain_of_opposite(b))).to_vec()
                }),
            }],
        },
        Trial {
            name: "the drift does not depend on N",
            role: Role::Contradicts,
            setting: "set-four-arm, b=0, all batches of 1, 2, 3; ∇J by dynamic programming",
            subject: Subject::Exact(|| (1..=3).flat_map(|n| four_arm(REWARDS).batch_mean(n, v1)).collect()),
            expected: || four_arm(REWARDS).gradient().repeat(3),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the batch's own mean as baseline: with N=1 no drift indeed",
                subject: Subject::Exact(|| {
                    (1..=3).flat_map(|n| four_arm(REWARDS).batch_mean(n, in_batch_total)).collect()
                }),
            }],
        },
        Trial {
            name: "three thousand single samples end near the maximum",
            role: Role::Contradicts,
            setting: "N=1, α=.01, 3000 updates, b=0 and a running mean: more than nine runs in ten end above J=11.9",
            subject: Subject::Sampled(|| {
                ends_high(vec![(lab(SMALL, 1, BanditBaseline::None), 3000), (lab(SMALL, 1, RUNNING), 3000)])
            }),
            expected: || vec![0.9; 2],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "a step of one half",
                subject: Subject::Sampled(|| {
                    ends_high(vec![(lab(0.5, 1, BanditBaseline::None), 3000), (lab(0.5, 1, RUNNING), 3000)])
                }),
            }],
        },
    ],
};

/// The gain after an update with the opposite sign.
fn mean_gain_of_opposite(baseline: f64) -> f64 {
    let after = |a: usize| {
        let weight = numeric::exp(-SMALL * (REWARDS[a] - baseline));
        let sum: f64 = REWARDS.iter().sum();
        (sum - REWARDS[a] + weight * REWARDS[a]) / (3.0 + weight)
    };
    (0..4).map(after).sum::<f64>() / 4.0 - 7.0
}

/// The mean of PPO's clipped gradient, in its first step on a batch, on the laboratory's bandit.
fn first_clipped_step(world: &World, batch: &Batch) -> Vec<f64> {
    ClippedSurrogate { epsilon: 0.2, discount: 1.0 }.gradient(&world.policy, &world.recorded(batch))
}

pub(in crate::claims) static NAME: Claim = Claim {
    id: "ch12-bl-sample-efficiency-name",
    origin: Origin::Guide,
    quote: "This is the 'sample efficiency' problem that trust regions and clipping (PPO) solve",
    statement: "The sentence conflates step-size stability with sample efficiency. Sample efficiency is how much is learned \
                from a sample \
                (reuse); what the laboratory shows is that a step is too large. Clipping and trust regions are meant to limit the change of \
                the policy for each batch.",
    because: "With the same samples a smaller step arrives; and the first PPO step on a batch, at ratio one, is not clipped at \
              all.",
    lesson: "Call it stability. To cure it lower α, average more samples, or bound the step; to use samples better, reuse them \
             with \
             weights.",
    recorded: Finding::Fails,
    quantities: &[],
    trials: &[
        Trial {
            name: "the same number of samples is enough at a small step and not at a large one",
            role: Role::Contradicts,
            setting: "set-four-arm, rewards (3,5,8,12), N=1, b=0, 3000 samples: with α=.01 more than nine runs in ten end above \
                      11.9, \
                      with α=.5 more than three in ten do not",
            subject: Subject::Sampled(|| enough(SMALL, 0.5)),
            expected: || vec![0.9, 0.3],
            judge: SIDE,
            counterfeits: &[Counterfeit {
                story: "the two steps exchanged",
                subject: Subject::Sampled(|| enough(0.5, SMALL)),
            }],
        },
        Trial {
            name: "PPO's first step on a batch is along the plain gradient",
            role: Role::Contradicts,
            setting: "set-four-arm, ε=.2, all pairs of samples at θ'=θ; ∇J by dynamic programming",
            subject: Subject::Exact(|| four_arm(REWARDS).batch_mean(2, first_clipped_step)),
            expected: || four_arm(REWARDS).gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "clipped to a fifth",
                subject: Subject::Exact(|| scale(0.2, &four_arm(REWARDS).batch_mean(2, first_clipped_step))),
            }],
        },
    ],
};

/// Whether a run at the first step ends high, and whether one at the second does not.
fn enough(first: f64, second: f64) -> Sample {
    let [first, second] = [first, second].map(|step| lab(step, 1, BanditBaseline::None));
    Box::new(Runs::new(2, 0.0, 1.0, move |stream| {
        let high = |ascent: &BanditAscent, stream: &mut Stream| ascent.run(3000, stream).objective() > 11.9;
        let (small, large) = (high(&first, stream), high(&second, stream));
        vec![f64::from(u8::from(small)), f64::from(u8::from(!large))]
    }))
}
