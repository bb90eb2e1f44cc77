//! Baselines made of the batch's own returns.

use crate::claims::ch06::independence::past_part;
use crate::claims::prelude::*;
use crate::verify::Bounded;

/// The common ratio E/∇J for batches of 1, 2 and 3: the projection on ∇J.
fn factors(subject: fn(&World, &Batch) -> Vec<f64>) -> Vec<f64> {
    let gradient = mdp_16().gradient();
    (1..=3).map(|n| dot(&mdp_16().batch_mean(n, subject), &gradient) / dot(&gradient, &gradient)).collect()
}

/// The means for batches of 1, 2 and 3, one after the other.
fn means(subject: fn(&World, &Batch) -> Vec<f64>) -> Vec<f64> {
    (1..=3).flat_map(|n| mdp_16().batch_mean(n, subject)).collect()
}

/// `(1 − 1/N) ∇J` for batches of 1, 2 and 3.
fn shrunk() -> Vec<f64> {
    [0.0, 0.5, 2.0 / 3.0].iter().flat_map(|factor| scale(*factor, &mdp_16().gradient())).collect()
}

/// The variances of the batch mean for N = 1, 2, 3, by the recursion and Hoeffding's decomposition.
fn recursion_traces(form: fn(Baseline) -> Form) -> Vec<f64> {
    let oracle = mdp_16().oracle();
    let trace = |n: usize| {
        let form = form(Baseline::InBatchMean { batch: n });
        oracle.moments(&form).expect("a form of the catalogue").trace() / n as f64
    };
    (1..=3).map(trace).collect()
}

pub(in crate::claims) static IN_BATCH_TOTAL: Claim = Claim {
    id: "ch07-inbatch-mean-trajectory",
    origin: Origin::Guide,
    quote: "b=(1/N) sum r(tau_i) with 'Proof: unbiased'",
    statement: "The mean of the batch contains the sample's own return: E[estimate] = (1−1/N) ∇J; with N=1 the \
                estimate is identically 0.",
    because: "E[g_i r_i]/N = ∇J/N is subtracted; the other samples contribute nothing.",
    lesson: "The gradient shrinks by 1 − 1/N, in its direction. Multiply by N/(N−1), which is leave-one-out. With N=1 \
             learning stops.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "factor_by_n",
        what: "the common ratio E/∇J for N=1,2,3",
        value: Value::List(|| factors(in_batch_total)),
    }],
    trials: &[
        Trial {
            name: "shrunk by 1 − 1/N over all batches",
            role: Role::Contradicts,
            setting: "set-mdp-16: the four components of E[estimate] for N = 1, 2, 3, and (1−1/N) ∇J",
            subject: Subject::Exact(|| means(in_batch_total)),
            expected: shrunk,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "unbiased, as the guide says: leave-one-out for N = 2, 3",
                subject: Subject::Exact(|| {
                    let other = |n| mdp_16().batch_mean(n, leave_one_out);
                    [vec![0.0; 4], other(2), other(3)].concat()
                }),
            }],
        },
        Trial {
            name: "with one trajectory it is dead: no mean, no variance",
            role: Role::Contradicts,
            setting: "set-mdp-16, N = 1",
            subject: Subject::Exact(|| vec![mdp_16().batch_trace(1, in_batch_total)]),
            expected: || vec![recursion_traces(Form::total)[0]],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean total return from reward-to-go",
                subject: Subject::Exact(|| vec![mdp_16().batch_trace(1, in_batch_to_go)]),
            }],
        },
        Trial {
            name: "half of the gradient from pairs, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-16, N = 2",
            subject: Subject::Sampled(|| mdp_16().sample(2, in_batch_total)),
            expected: || scale(0.5, &mdp_16().gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "leave-one-out",
                subject: Subject::Sampled(|| mdp_16().sample(2, leave_one_out)),
            }],
        },
    ],
};

pub(in crate::claims) static IN_BATCH_TO_GO: Claim = Claim {
    id: "ch07-inbatch-mean-reward-to-go",
    origin: Origin::Guide,
    quote: "Best version so far: reward-to-go with b=in-batch mean total return",
    statement: "E[estimate] = (1−1/N) ∇J here too; with N=1 its mean is 0 and its variance is not: it is the noise \
                −Σ_t g_t past_t.",
    because: "The own-sample term E[Σ_t g_t r(τ)] is ∇J.",
    lesson: "For N = 1, 2, 3 the factor is 0, ½, ⅔ and trVar is .595, .520, .366. With N=1 a random walk without \
             drift: the parameters move and learn nothing.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "factor_by_n",
            what: "the common ratio E/∇J for N=1,2,3",
            value: Value::List(|| factors(in_batch_to_go)),
        },
        Quantity {
            key: "trvar_by_n",
            what: "trVar of the batch estimate for N=1,2,3",
            value: Value::List(|| (1..=3).map(|n| mdp_16().batch_trace(n, in_batch_to_go)).collect()),
        },
    ],
    trials: &[
        Trial {
            name: "the variances, by Hoeffding's decomposition; not zero with one trajectory",
            role: Role::Contradicts,
            setting: "set-mdp-16, N = 1, 2, 3: trVar of the estimate of a batch",
            subject: Subject::Exact(|| (1..=3).map(|n| mdp_16().batch_trace(n, in_batch_to_go)).collect()),
            expected: || recursion_traces(Form::to_go),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the total return in place of reward-to-go: dead with one trajectory",
                subject: Subject::Exact(|| (1..=3).map(|n| mdp_16().batch_trace(n, in_batch_total)).collect()),
            }],
        },
        Trial {
            name: "shrunk by 1 − 1/N over all batches",
            role: Role::Contradicts,
            setting: "set-mdp-16, N = 1, 2, 3",
            subject: Subject::Exact(|| means(in_batch_to_go)),
            expected: shrunk,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "unbiased, as the guide says: leave-one-out for N = 2, 3",
                subject: Subject::Exact(|| {
                    let other = |n| mdp_16().batch_mean(n, leave_one_out_to_go);
                    [vec![0.0; 4], other(2), other(3)].concat()
                }),
            }],
        },
        Trial {
            name: "two thirds of the gradient from triples, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-16, N = 3",
            subject: Subject::Sampled(|| mdp_16().sample(3, in_batch_to_go)),
            expected: || scale(2.0 / 3.0, &mdp_16().gradient()),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "leave-one-out",
                subject: Subject::Sampled(|| mdp_16().sample(3, leave_one_out_to_go)),
            }],
        },
        Trial {
            name: "with one trajectory the estimate is −Σ_t g_t past_t",
            role: Role::Contradicts,
            setting: "set-mdp-16, N = 1, each of the 16 trajectories",
            subject: Subject::Exact(|| {
                let world = mdp_16();
                world.paths().iter().flat_map(|(_, path)| in_batch_to_go(world, &Batch::of(2, [path]))).collect()
            }),
            expected: || {
                mdp_16().paths().iter().flat_map(|(_, path)| scale(-1.0, &past_part(mdp_16(), path))).collect()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "zero, as with the total return",
                subject: Subject::Exact(|| vec![0.0; 64]),
            }],
        },
        Trial {
            name: "no drift from one trajectory, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-16, N = 1",
            subject: Subject::Sampled(|| mdp_16().sample(1, in_batch_to_go)),
            expected: || vec![0.0; 4],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.01),
                why: "2 % of the largest component of ∇J, or less",
            },
            counterfeits: &[Counterfeit {
                story: "without a baseline",
                subject: Subject::Sampled(|| mdp_16().sample(1, v2)),
            }],
        },
    ],
};

/// Reward-to-go less the mean of all N·T rewards-to-go of the batch.
fn all_to_go(world: &World, batch: &Batch) -> Vec<f64> {
    let steps = batch.steps();
    let sum: f64 = (0..batch.len())
        .map(|i| {
            let rewards = batch.rewards(i);
            (0..steps).map(|t| rewards[t..].iter().sum::<f64>()).sum::<f64>()
        })
        .sum();
    v3(world, batch, sum / (batch.len() * steps) as f64)
}

/// `∇J − ∇E[Σ_t t r_t]/(NT)`, with `t` from 1, by differentiating probabilities.
fn all_to_go_formula(world: &World, n: usize) -> Vec<f64> {
    let steps = world.mdp.horizon();
    let weighted =
        world.derivative(|_, path| Dual::from((0..steps).map(|t| (t + 1) as f64 * path.rewards[t]).sum::<f64>()));
    difference(&world.gradient(), &scale(1.0 / (n * steps) as f64, &weighted))
}

/// Draws on set-mdp-1296 with batches of four, of which only a range is known: rewards-to-go lie between −4 and 8, so
/// weights within ±12, and four scores of at most 1 each.
fn ranged(subject: fn(&World, &Batch) -> Vec<f64>) -> Sample {
    let world = mdp_1296();
    let most = 4.0 * 12.0;
    let source = Bounded::new(&world.mdp, &world.policy, 4, (&[-most; 6], &[most; 6]), move |batch: &Batch| {
        subject(world, batch)
    });
    Box::new(source.expect("the world can be drawn"))
}

pub(in crate::claims) static IN_BATCH_ALL: Claim = Claim {
    id: "ch07-inbatch-mean-of-all-rtg",
    origin: Origin::Ours,
    quote: "(implementation variant) b = mean of all N*T rewards-to-go in the batch",
    statement: "If b is instead the mean of all N·T rewards-to-go of the batch, E[estimate] = ∇J − ∇E[Σ_t t r_t]/(NT).",
    because: "The own trajectory's part of b is Σ_t t r_t/(NT), and E[Σ g_t · Σ_t t r_t] is the gradient of its mean.",
    lesson: "In set-mdp-16 with N=2 that is .61 and .63 times ∇J in states 0 and 1: mostly a shrinkage, but no pure \
             rescaling, for the direction turns by .63°. It is the gradient of an objective which also dislikes late \
             rewards.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "expectation_mdp_16_n2",
            what: "E for set-mdp-16, N=2, by [s,a]",
            value: Value::List(|| mdp_16().batch_mean(2, all_to_go)),
        },
        Quantity {
            key: "angle_mdp_16_n2_deg",
            what: "its angle to ∇J, degrees",
            value: Value::Number(|| angle(&mdp_16().batch_mean(2, all_to_go), &mdp_16().gradient())),
        },
        Quantity {
            key: "angle_mdp_1296_n4_deg",
            what: "the angle for set-mdp-1296, N=4, degrees",
            value: Value::Number(|| angle(&all_to_go_formula(mdp_1296(), 4), &mdp_1296().gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "the formula over all pairs",
            role: Role::Contradicts,
            setting: "set-mdp-16, N = 2: E[estimate] over all pairs of trajectories, and the formula",
            subject: Subject::Exact(|| mdp_16().batch_mean(2, all_to_go)),
            expected: || all_to_go_formula(mdp_16(), 2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a baseline that leaves ∇J as it is",
                subject: Subject::Exact(|| mdp_16().batch_mean(2, leave_one_out_to_go)),
            }],
        },
        Trial {
            name: "it is not parallel to ∇J",
            role: Role::Contradicts,
            setting: "the angles in degrees: set-mdp-16 with N = 2, set-mdp-1296 with N = 4",
            subject: Subject::Exact(|| {
                let pairs = angle(&mdp_16().batch_mean(2, all_to_go), &mdp_16().gradient());
                vec![pairs, angle(&all_to_go_formula(mdp_1296(), 4), &mdp_1296().gradient())]
            }),
            expected: || vec![0.5; 2],
            judge: Judge::Ratio { bound: Bound::Above(1.0), why: "half a degree is far above rounding" },
            counterfeits: &[Counterfeit {
                story: "the mean total return, which is parallel",
                subject: Subject::Exact(|| {
                    vec![angle(&mdp_16().batch_mean(2, in_batch_to_go), &mdp_16().gradient()); 2]
                }),
            }],
        },
        Trial {
            name: "batches of four, drawn, knowing a range alone",
            role: Role::Contradicts,
            setting: "set-mdp-1296, N = 4: too many batches to enumerate a variance",
            subject: Subject::Sampled(|| ranged(all_to_go)),
            expected: || all_to_go_formula(mdp_1296(), 4),
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.03),
                why: "a quarter of the counterfeit's distance in its largest component, or less",
            },
            counterfeits: &[Counterfeit {
                story: "leave-one-out",
                subject: Subject::Sampled(|| ranged(leave_one_out_to_go)),
            }],
        },
    ],
};

/// The largest difference, over all batches, between leave-one-out and N/(N−1) times the in-batch mean.
fn pathwise_difference(rescaled: bool) -> f64 {
    let world = mdp_16();
    let paths = world.paths();
    let mut worst = 0.0_f64;
    for n in [2, 3] {
        let factor = if rescaled { n as f64 / (n as f64 - 1.0) } else { 1.0 };
        for code in 0..paths.len().pow(n) {
            let members = (0..n).map(|i| &paths[code / paths.len().pow(i) % paths.len()].1);
            let batch = Batch::of(2, members);
            let other = scale(factor, &in_batch_total(world, &batch));
            worst = worst.max(largest(&difference(&leave_one_out(world, &batch), &other)));
        }
    }
    worst
}

/// Means of leave-one-out for N = 2 and 3.
fn leave_one_out_means() -> Vec<f64> {
    [mdp_16().batch_mean(2, leave_one_out), mdp_16().batch_mean(3, leave_one_out)].concat()
}

pub(in crate::claims) static LEAVE_ONE_OUT: Claim = Claim {
    id: "ch07-leave-one-out",
    origin: Origin::Ours,
    quote: "(repair) leave-one-out baseline",
    statement: "E = ∇J, and Σ_i g_i(r_i − mean)·N/(N−1) = Σ_i g_i(r_i − mean of the others), batch by batch.",
    because: "r_i − mean of the others = N/(N−1) (r_i − mean) (Kool et al. 2019).",
    lesson: "The repair costs no bias. Against the in-batch mean it costs variance, (N/(N−1))² times as much: four times \
             with two trajectories, hardly any with many.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "max_abs_deviation",
            what: "the largest component of |E − ∇J| over N=2,3",
            value: Value::Number(|| largest(&difference(&leave_one_out_means(), &mdp_16().gradient().repeat(2)))),
        },
        Quantity {
            key: "max_pathwise_difference",
            what: "the largest difference from N/(N−1) times the in-batch mean over all batches",
            value: Value::Number(|| pathwise_difference(true)),
        },
    ],
    trials: &[
        Trial {
            name: "unbiased over all batches",
            role: Role::Confirms,
            setting: "set-mdp-16, N = 2, 3",
            subject: Subject::Exact(leave_one_out_means),
            expected: || mdp_16().gradient().repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the own return in the mean",
                subject: Subject::Exact(|| {
                    [mdp_16().batch_mean(2, in_batch_total), mdp_16().batch_mean(3, in_batch_total)].concat()
                }),
            }],
        },
        Trial {
            name: "batch by batch the rescaled in-batch mean",
            role: Role::Confirms,
            setting: "set-mdp-16, N = 2, 3: all 256 and 4096 batches",
            subject: Subject::Exact(|| vec![pathwise_difference(true)]),
            expected: || vec![0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "not rescaled",
                subject: Subject::Exact(|| vec![pathwise_difference(false)]),
            }],
        },
        Trial {
            name: "its variance is (N/(N−1))² times that of the in-batch mean",
            role: Role::Confirms,
            setting: "set-mdp-16, N = 2, 3",
            subject: Subject::Exact(|| [2, 3].map(|n| mdp_16().batch_trace(n, leave_one_out)).to_vec()),
            expected: || vec![4.0 * recursion_traces(Form::total)[1], 2.25 * recursion_traces(Form::total)[2]],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the in-batch mean's own",
                subject: Subject::Exact(|| [2, 3].map(|n| mdp_16().batch_trace(n, in_batch_total)).to_vec()),
            }],
        },
        Trial {
            name: "pairs, drawn",
            role: Role::Confirms,
            setting: "set-mdp-16, N = 2",
            subject: Subject::Sampled(|| mdp_16().sample(2, leave_one_out)),
            expected: || mdp_16().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the own return in the mean",
                subject: Subject::Sampled(|| mdp_16().sample(2, in_batch_total)),
            }],
        },
    ],
};

/// Reward-to-go less `V_t(s)`, the mean of `G_t` over the batch's own trajectories that are in s at t.
fn fitted_in_batch(world: &World, batch: &Batch) -> Vec<f64> {
    let paths: Vec<Trajectory> = (0..batch.len()).map(|i| batch.trajectory(i)).collect();
    mean_over(batch, |path| {
        world.weighted(path, |t| {
            let there: Vec<f64> =
                paths.iter().filter(|other| other.states[t] == path.states[t]).map(|other| to_go(other, t)).collect();
            to_go(path, t) - there.iter().sum::<f64>() / there.len() as f64
        })
    })
}

/// The second trajectory's estimate, less `V_t(s)` from the first: its return where it was in the same state, else 0.
fn fitted_on_other(world: &World, batch: &Batch) -> Vec<f64> {
    let (other, path) = (batch.trajectory(0), batch.trajectory(1));
    world.weighted(&path, |t| to_go(&path, t) - if other.states[t] == path.states[t] { to_go(&other, t) } else { 0.0 })
}

/// The mean for pairs from the probabilities of meeting: where the other trajectory is in the same state at t, half of
/// the advantage is left; where it is not, nothing.
fn fitted_formula() -> Vec<f64> {
    let world = mdp_16();
    let occupancy = world.oracle().occupancy();
    world.expect(|path| world.weighted(path, |t| 0.5 * occupancy[t * 2 + path.states[t] as usize] * to_go(path, t)))
}

pub(in crate::claims) static FITTED: Claim = Claim {
    id: "ch07-state-baseline-fitted-in-batch",
    origin: Origin::Ours,
    quote: "(condition) V fitted on the same batch",
    statement: "A sample mean for each time and state, fitted on the same batch, is biased towards 0; a perfect fit leaves \
                no gradient.",
    because: "The own return is in the fit: with two trajectories half of the advantage is left where they meet, nothing \
              where they do not.",
    lesson: "Shrunk and turned. Fit V on earlier data, as code does that computes values before it updates them.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "expectation",
            what: "E for N=2, by [s,a]",
            value: Value::List(|| mdp_16().batch_mean(2, fitted_in_batch)),
        },
        Quantity {
            key: "norm_ratio",
            what: "|E|/|∇J|",
            value: Value::Number(|| norm(&mdp_16().batch_mean(2, fitted_in_batch)) / norm(&mdp_16().gradient())),
        },
        Quantity {
            key: "angle_deg",
            what: "its angle to ∇J, degrees",
            value: Value::Number(|| angle(&mdp_16().batch_mean(2, fitted_in_batch), &mdp_16().gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "fitted on other data it is unbiased",
            role: Role::Confirms,
            setting: "set-mdp-16, V_t(s) fitted on the first of two trajectories, used on the second",
            subject: Subject::Exact(|| mdp_16().batch_mean(2, fitted_on_other)),
            expected: || mdp_16().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "fitted on the same pair",
                subject: Subject::Exact(|| mdp_16().batch_mean(2, fitted_in_batch)),
            }],
        },
        Trial {
            name: "a perfect fit leaves no gradient",
            role: Role::Limits,
            setting: "set-mdp-16, N = 1: the fit is the return itself",
            subject: Subject::Exact(|| mdp_16().batch_mean(1, fitted_in_batch)),
            expected: || vec![0.0; 4],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without a baseline",
                subject: Subject::Exact(|| mdp_16().batch_mean(1, v2)),
            }],
        },
        Trial {
            name: "fitted on the same pair: half of the advantage, where they meet",
            role: Role::Limits,
            setting: "set-mdp-16, N = 2, all 256 pairs",
            subject: Subject::Exact(|| mdp_16().batch_mean(2, fitted_in_batch)),
            expected: fitted_formula,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "half of the gradient",
                subject: Subject::Exact(|| mdp_16().batch_mean(2, in_batch_to_go)),
            }],
        },
        Trial {
            name: "fitted on the same pair, drawn",
            role: Role::Limits,
            setting: "set-mdp-16, N = 2",
            subject: Subject::Sampled(|| mdp_16().sample(2, fitted_in_batch)),
            expected: fitted_formula,
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "half of the gradient",
                subject: Subject::Sampled(|| mdp_16().sample(2, in_batch_to_go)),
            }],
        },
    ],
};
