//! The knob `λ`: bias, variance, and the mean squared error between them.

use std::sync::LazyLock;

use super::critic::{
    BAD, bias, draws, draws_of_variance, error, error_term, mean, recursion, stationary_values, subject, trace, values,
    visited,
};
use crate::claims::prelude::*;
use crate::estimator::GeneralisedAdvantage;

const ZERO: [f64; 12] = [0.0; 12];

/// The exact values.
fn exact() -> Vec<f64> {
    values(mdp_1296(), 1.0)
}

const FOUR: [f64; 4] = [0.0, 0.5, 0.95, 1.0];

/// Total variances at four `λ`, by the recursion and over trajectories.
fn traces_by_recursion(critic: &[f64]) -> Vec<f64> {
    FOUR.map(|lambda| recursion(mdp_1296(), critic, lambda).trace()).to_vec()
}

fn traces(critic: &[f64]) -> Vec<f64> {
    FOUR.map(|lambda| trace(mdp_1296(), critic, lambda)).to_vec()
}

fn means(world: &World, critic: &[f64]) -> Vec<f64> {
    FOUR.map(|lambda| mean(world, critic, lambda)).concat()
}

/// set-mdp-1296 with `γ = .9`.
fn discounted() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| {
        let mdp = mdp_1296().mdp.clone().with_discount(0.9).expect("a discount between 0 and 1");
        World::new(mdp, mdp_1296().policy.clone())
    });
    &WORLD
}

/// The means of generalised advantages without `γ^t`.
fn means_without_steps(world: &World, critic: &[f64]) -> Vec<f64> {
    FOUR.map(|lambda| {
        let subject = GeneralisedAdvantage { discounted_steps: false, ..subject(world, critic, lambda) };
        world.expect(|path| subject.gradient(&world.policy, &Batch::of(4, [path])))
    })
    .concat()
}

/// Means at four `λ` in ten random worlds, with multiples of each one's exact values.
fn random_means(factor: f64) -> Vec<f64> {
    let worlds = random_worlds("exact critics", 10, true, crate::rng::Stream::normal);
    worlds.iter().flat_map(|world| means(world, &values(world, factor))).collect()
}

pub(in crate::claims) static EXACT_UNBIASED: Claim = Claim {
    id: "ch12-pr-exact-v-unbiased",
    origin: Origin::Ours,
    quote: "(GAE with a perfect critic)",
    statement: "With W = V^π, time-indexed and with the same γ, GAE gives ∇J for every λ; its variance increases with λ in \
                set-mdp-1296.",
    because: "E[δ_{t+l} | s_t, a_t] = 0 for l ≥ 1, and E[δ_t | s_t, a_t] is the advantage: every λ adds noise of mean zero.",
    lesson: "With a perfect critic choose λ = 0: the variance is 2.5, against 5.7 at λ = 1. Perfect means time-indexed in a finite \
             horizon, and at γ<1 unbiased for ∇J_γ with γ^t only.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "max_abs_bias",
            what: "the largest component of the bias over λ=0,.5,.95,1",
            value: Value::Number(|| {
                largest(&difference(&means(mdp_1296(), &exact()), &mdp_1296().gradient().repeat(4)))
            }),
        },
        Quantity {
            key: "trvar", what: "trVar for λ=0,.5,.95,1", value: Value::List(|| traces_by_recursion(&exact()))
        },
    ],
    trials: &[
        Trial {
            name: "unbiased at every λ",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = V_t(s), λ = 0, .5, .95, 1",
            subject: Subject::Exact(|| means(mdp_1296(), &exact())),
            expected: || mdp_1296().gradient().repeat(4),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the values of the first step at every step",
                subject: Subject::Exact(|| means(mdp_1296(), &stationary_values(mdp_1296()))),
            }],
        },
        Trial {
            name: "in random worlds too",
            role: Role::Confirms,
            setting: "ten random worlds of 2 states, 2 actions, 3 steps, W = V_t(s), λ = 0, .5, .95, 1",
            subject: Subject::Exact(|| random_means(1.0)),
            expected: || {
                let worlds = random_worlds("exact critics", 10, true, crate::rng::Stream::normal);
                worlds.iter().flat_map(|world| world.gradient().repeat(4)).collect()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "half of the values", subject: Subject::Exact(|| random_means(0.5)) }],
        },
        Trial {
            name: "with a discount and γ^t",
            role: Role::Confirms,
            setting: "set-mdp-1296 with γ = .9, W its discounted values, against ∇J_γ",
            subject: Subject::Exact(|| means(discounted(), &values(discounted(), 1.0))),
            expected: || discounted().gradient().repeat(4),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "without γ^t",
                    subject: Subject::Exact(|| means_without_steps(discounted(), &values(discounted(), 1.0))),
                },
                Counterfeit {
                    story: "the undiscounted values",
                    subject: Subject::Exact(|| means(discounted(), &exact())),
                },
            ],
        },
        Trial {
            name: "the variance rises with λ",
            role: Role::Confirms,
            setting: "set-mdp-1296, λ = .5, .95, 1 against 0, .5, .95",
            subject: Subject::Exact(|| traces(&exact())[1..].to_vec()),
            expected: || traces_by_recursion(&exact())[..3].to_vec(),
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "no blend: λ=0 three times over",
                subject: Subject::Exact(|| vec![traces(&exact())[0]; 3]),
            }],
        },
        Trial {
            name: "the variances, trajectories against the recursion",
            role: Role::Confirms,
            setting: "set-mdp-1296, λ = 0, .5, .95, 1",
            subject: Subject::Exact(|| traces(&exact())),
            expected: || traces_by_recursion(&exact()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the values of the first step at every step",
                subject: Subject::Exact(|| traces(&stationary_values(mdp_1296()))),
            }],
        },
        Trial {
            name: "the mean at λ=.5, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| draws(mdp_1296(), &exact(), 0.5)),
            expected: || mdp_1296().gradient(),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "no critic",
                subject: Subject::Sampled(|| draws(mdp_1296(), &ZERO, 0.5)),
            }],
        },
        Trial {
            name: "the variance at λ=.5, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &exact(), 0.5)),
            expected: || vec![traces_by_recursion(&exact())[1]],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "λ=0",
                subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &exact(), 0.0)),
            }],
        },
    ],
};

const SIX: [f64; 6] = [0.0, 0.25, 0.5, 0.75, 0.95, 1.0];

/// The chain: s0 leads to s1 or s2 by the action, these to s3 and s4 whatever it is; reward 1 in s3 at the last step.
fn chain() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| {
        let to = |next: usize| -> Vec<f64> { (0..5).map(|s| f64::from(u8::from(s == next))).collect() };
        let rows = [1, 2, 3, 3, 4, 4, 3, 3, 4, 4].map(to);
        let pairs: Vec<[&[f64]; 2]> = rows.chunks(2).map(|pair| [&pair[0][..], &pair[1][..]]).collect();
        let transitions: Vec<&[&[f64]]> = pairs.iter().map(|pair| &pair[..]).collect();
        let rewards: [&[f64]; 5] = [&[0.0; 2], &[0.0; 2], &[0.0; 2], &[1.0; 2], &[0.0; 2]];
        World::new(mdp(3, &[1.0, 0.0, 0.0, 0.0, 0.0], &transitions, &rewards), tabular(5, 2, &[0.0; 10]))
    });
    &WORLD
}

/// The critic of the chain: right about s0, s1 and s2 at their times, and 2 for s3, whose value is 1.
const CHAIN_CRITIC: [f64; 15] = [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0];

/// The bias of component θ[s0, a=0] at six `λ`, over trajectories and by the recursion.
fn chain_biases(critic: &[f64]) -> Vec<f64> {
    SIX.map(|lambda| bias(chain(), critic, lambda)[0]).to_vec()
}

fn chain_biases_by_recursion() -> Vec<f64> {
    let gradient = chain().oracle().gradient()[0];
    SIX.map(|lambda| recursion(chain(), &CHAIN_CRITIC, lambda).mean[0] - gradient).to_vec()
}

/// `‖bias‖` in set-mdp-1296 without a critic, at six `λ`, over trajectories and by the recursion.
fn bias_norms() -> Vec<f64> {
    SIX.map(|lambda| norm(&bias(mdp_1296(), &ZERO, lambda))).to_vec()
}

fn bias_norms_by_recursion() -> Vec<f64> {
    SIX.map(|lambda| distance(&recursion(mdp_1296(), &ZERO, lambda).mean, &mdp_1296().gradient())).to_vec()
}

/// `(1−λ) Σ_k λ^{k−1} e_k` with `e_k = E[Σ_t g_t e_{t+k}(s_{t+k})]` by occupancies and transitions.
fn formula(world: &World, critic: &[f64], lambda: f64) -> Vec<f64> {
    let error = error(world, critic);
    let mut sum = vec![0.0; world.policy.parameters().len()];
    for k in 1..world.mdp.horizon() {
        let weight = (1.0 - lambda) * numeric::power(lambda, k - 1);
        for (sum, term) in sum.iter_mut().zip(error_term(world, &error, k)) {
            *sum += weight * term;
        }
    }
    sum
}

pub(in crate::claims) static KNOB_BIAS: Claim = Claim {
    id: "ch12-pr-lambda-knob-bias",
    origin: Origin::Guide,
    quote: "lambda is the knob that moves you along this axis (bias decreases with lambda)",
    statement: "bias(λ) = (1−λ) Σ_k λ^{k−1} e_k with e_k the part of the critic's errors k steps ahead. It falls for a zero \
                critic in \
                set-mdp-1296; with e_1 = 0 and e_2 ≠ 0 it is e_2 λ(1−λ), zero at both ends.",
    because: "GAE blends k-step advantages with weights (1−λ) λ^{k−1}, and the bias is linear.",
    lesson: "Typical, not a law. Where the critic is right one step ahead and wrong two steps ahead, TD is unbiased, and the \
             bias is \
             largest in the middle. Only λ = 1 is safe from every critic.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "bias_norm_mdp",
            what: "set-mdp-1296, critic 0: ‖bias‖ for λ=0,.25,.5,.75,.95,1",
            value: Value::List(bias_norms),
        },
        Quantity {
            key: "bias_chain",
            what: "chain: the bias of θ[s0, a=0] for the same λ",
            value: Value::List(|| chain_biases(&CHAIN_CRITIC)),
        },
    ],
    trials: &[
        Trial {
            name: "without a critic the bias falls with λ",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = 0: ‖bias‖ at λ = .25, .5, .75, .95, 1 against 0, .25, .5, .75, .95",
            subject: Subject::Exact(|| bias_norms()[1..].to_vec()),
            expected: || bias_norms_by_recursion()[..5].to_vec(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "1−λ in place of λ",
                subject: Subject::Exact(|| {
                    SIX[1..].iter().map(|lambda| norm(&bias(mdp_1296(), &ZERO, 1.0 - lambda))).collect()
                }),
            }],
        },
        Trial {
            name: "the formula",
            role: Role::Confirms,
            setting: "set-mdp-1296 with W = 0 and W-bad, and the chain: six λ, trajectories against occupancies",
            subject: Subject::Exact(|| {
                let of = |world: &World, critic: &[f64]| SIX.map(|lambda| bias(world, critic, lambda)).concat();
                [of(mdp_1296(), &ZERO), of(mdp_1296(), &BAD), of(chain(), &CHAIN_CRITIC)].concat()
            }),
            expected: || {
                let of = |world: &World, critic: &[f64]| SIX.map(|lambda| formula(world, critic, lambda)).concat();
                [of(mdp_1296(), &ZERO), of(mdp_1296(), &BAD), of(chain(), &CHAIN_CRITIC)].concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the bias at λ=0 times 1−λ",
                subject: Subject::Exact(|| {
                    let of = |world: &World, critic: &[f64]| {
                        SIX.map(|lambda| scale(1.0 - lambda, &bias(world, critic, 0.0))).concat()
                    };
                    [of(mdp_1296(), &ZERO), of(mdp_1296(), &BAD), of(chain(), &CHAIN_CRITIC)].concat()
                }),
            }],
        },
        Trial {
            name: "zero at both ends",
            role: Role::Limits,
            setting: "the chain: the bias of θ[s0, a=0] against λ(1−λ)/4",
            subject: Subject::Exact(|| chain_biases(&CHAIN_CRITIC)),
            expected: || SIX.map(|lambda| 0.25 * lambda * (1.0 - lambda)).to_vec(),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "no critic: (λ−1)(1+λ)/4, which falls",
                    subject: Subject::Exact(|| chain_biases(&[0.0; 15])),
                },
                Counterfeit {
                    story: "wrong one step ahead: W_2(s1) = 2 in place of W_3(s3)",
                    subject: Subject::Exact(|| {
                        let mut critic = CHAIN_CRITIC;
                        (critic[6], critic[13]) = (2.0, 1.0);
                        chain_biases(&critic)
                    }),
                },
            ],
        },
        Trial {
            name: "largest in the middle",
            role: Role::Limits,
            setting: "the chain: the bias at λ=.5 against that at the other five",
            subject: Subject::Exact(|| vec![chain_biases(&CHAIN_CRITIC)[2]; 5]),
            expected: || {
                let biases = chain_biases_by_recursion();
                [&biases[..2], &biases[3..]].concat()
            },
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "λ=.25",
                subject: Subject::Exact(|| vec![chain_biases(&CHAIN_CRITIC)[1]; 5]),
            }],
        },
        Trial {
            name: "biased in the middle, drawn",
            role: Role::Limits,
            setting: "the chain, λ=.5: 1/4 + 1/16 for θ[s0, a=0]",
            subject: Subject::Sampled(|| draws_of_first(0.5)),
            expected: || vec![0.3125],
            judge: TWO_PERCENT,
            counterfeits: &[
                Counterfeit { story: "λ=0", subject: Subject::Sampled(|| draws_of_first(0.0)) },
                Counterfeit { story: "λ=1", subject: Subject::Sampled(|| draws_of_first(1.0)) },
            ],
        },
        Trial {
            name: "the bias without a critic at λ=.5, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = 0, against ∇J and the formula",
            subject: Subject::Sampled(|| draws(mdp_1296(), &ZERO, 0.5)),
            expected: || {
                mdp_1296().gradient().iter().zip(formula(mdp_1296(), &ZERO, 0.5)).map(|(g, b)| g + b).collect()
            },
            judge: TWO_PERCENT,
            counterfeits: &[
                Counterfeit { story: "λ=0", subject: Subject::Sampled(|| draws(mdp_1296(), &ZERO, 0.0)) },
                Counterfeit { story: "λ=1", subject: Subject::Sampled(|| draws(mdp_1296(), &ZERO, 1.0)) },
            ],
        },
    ],
};

/// Draws of component θ[s0, a=0] in the chain.
fn draws_of_first(lambda: f64) -> Sample {
    let subject = subject(chain(), &CHAIN_CRITIC, lambda);
    chain().sample(1, |world, batch| vec![subject.gradient(&world.policy, batch)[0]])
}

pub(in crate::claims) static LAMBDA_VARIANCE: Claim = Claim {
    id: "ch12-pr-lambda-variance",
    origin: Origin::Ours,
    quote: "(same) variance increases with lambda",
    statement: "True for the exact critic, for 0 and for V/2 in set-mdp-1296; false for a badly wrong critic.",
    because: "A larger λ adds the noise of later rewards and takes away the critic's errors at intermediate states. Which is \
              larger depends on the critic.",
    lesson: "A rule for critics that are not too bad. With the badly wrong one λ=0 is the worst: its errors enter twice with \
             opposite \
             signs in every temporal difference, and telescope away as λ grows.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "trvar_zero_critic",
            what: "critic 0: trVar for λ=0,.5,.95,1",
            value: Value::List(|| traces_by_recursion(&ZERO)),
        },
        Quantity {
            key: "trvar_bad_critic",
            what: "W-bad: trVar for λ=0,.5,.95,1",
            value: Value::List(|| traces_by_recursion(&BAD)),
        },
    ],
    trials: &[
        Trial {
            name: "it rises with no critic, with V/2 and with V",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = 0, V/2, V: λ = .5, .95, 1 against 0, .5, .95",
            subject: Subject::Exact(|| {
                [0.0, 0.5, 1.0].map(|factor| traces(&values(mdp_1296(), factor))[1..].to_vec()).concat()
            }),
            expected: || {
                let by_recursion = |factor| traces_by_recursion(&values(mdp_1296(), factor))[..3].to_vec();
                [0.0, 0.5, 1.0].map(by_recursion).concat()
            },
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "no blend: λ=0 three times over",
                subject: Subject::Exact(|| {
                    [0.0, 0.5, 1.0].map(|factor| vec![traces(&values(mdp_1296(), factor))[0]; 3]).concat()
                }),
            }],
        },
        Trial {
            name: "with the badly wrong critic λ=0 is the worst",
            role: Role::Limits,
            setting: "set-mdp-1296, W-bad: λ = .5, .95, 1 against 0",
            subject: Subject::Exact(|| traces(&BAD)[1..].to_vec()),
            expected: || vec![traces_by_recursion(&BAD)[0]; 3],
            judge: Judge::Ratio { bound: Bound::Below(0.8), why: "less by a quarter, or nearly" },
            counterfeits: &[Counterfeit {
                story: "λ=.05, .1, .15",
                subject: Subject::Exact(|| [0.05, 0.1, 0.15].map(|lambda| trace(mdp_1296(), &BAD, lambda)).to_vec()),
            }],
        },
        Trial {
            name: "all eight, trajectories against the recursion",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = 0 and W-bad",
            subject: Subject::Exact(|| [traces(&ZERO), traces(&BAD)].concat()),
            expected: || [traces_by_recursion(&ZERO), traces_by_recursion(&BAD)].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "W-bad with the sign reversed",
                subject: Subject::Exact(|| [traces(&ZERO), traces(&BAD.map(|w| -w))].concat()),
            }],
        },
        Trial {
            name: "without a critic at λ=.5, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = 0",
            subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &ZERO, 0.5)),
            expected: || vec![traces_by_recursion(&ZERO)[1]],
            judge: TWO_PERCENT,
            counterfeits: &[
                Counterfeit { story: "λ=0", subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &ZERO, 0.0)) },
                Counterfeit { story: "λ=1", subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &ZERO, 1.0)) },
            ],
        },
        Trial {
            name: "with the badly wrong critic at λ=.95, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, W-bad",
            subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &BAD, 0.95)),
            expected: || vec![traces_by_recursion(&BAD)[2]],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "λ=0",
                subject: Subject::Sampled(|| draws_of_variance(mdp_1296(), &BAD, 0.0)),
            }],
        },
    ],
};

/// `‖bias‖²` and total variance on the grid `λ = 0, .01, …, 1`.
type Grid = Vec<(f64, f64)>;

/// By the recursion.
fn grid_by_recursion(critic: &[f64]) -> Grid {
    let gradient = mdp_1296().gradient();
    let at = |i: usize| {
        let moments = recursion(mdp_1296(), critic, i as f64 / 100.0);
        let bias = difference(&moments.mean, &gradient);
        (dot(&bias, &bias), moments.trace())
    };
    (0..=100).map(at).collect()
}

/// Over trajectories: the estimate is the polynomial `Σ_l λ^l Y_l` with `Y_l = Σ_t g_t δ_{t+l}`, so that the means of the
/// `Y_l` and of their products suffice.
fn grid_by_polynomial(critic: &[f64]) -> Grid {
    let world = mdp_1296();
    let parts = |path: &Trajectory| -> Vec<Vec<f64>> {
        let mut w = visited(world, critic, path);
        w.push(0.0);
        let delta = |t: usize| if t < 4 { path.rewards[t] + w[t + 1] - w[t] } else { 0.0 };
        (0..4).map(|l| world.weighted(path, |t| delta(t + l))).collect()
    };
    let means: Vec<Vec<f64>> = (0..4).map(|l| world.expect(|path| parts(path)[l].clone())).collect();
    let products = world.expect(|path| {
        let parts = parts(path);
        parts.iter().flat_map(|x| parts.iter().map(|y| dot(x, y)).collect::<Vec<f64>>()).collect()
    });
    let gradient = world.gradient();
    let at = |i: usize| {
        let powers: [f64; 4] = std::array::from_fn(|l| numeric::power(i as f64 / 100.0, l));
        let mean: Vec<f64> = (0..6).map(|k| (0..4).map(|l| powers[l] * means[l][k]).sum()).collect();
        let square: f64 = (0..16).map(|j| powers[j / 4] * powers[j % 4] * products[j]).sum();
        let bias = difference(&mean, &gradient);
        (dot(&bias, &bias), square - dot(&mean, &mean))
    };
    (0..=100).map(at).collect()
}

/// `‖bias‖² + trVar/N` at `λ = i/100`.
fn error_at(grid: &Grid, i: usize, n: f64) -> f64 {
    grid[i].0 + grid[i].1 / n
}

/// The place of the least error.
fn best(grid: &Grid, n: f64) -> usize {
    (0..=100).fold(0, |best, i| if error_at(grid, i, n) < error_at(grid, best, n) { i } else { best })
}

const SIZES: [f64; 5] = [1.0, 10.0, 100.0, 1000.0, 10_000.0];

/// The best `λ` for five batch sizes.
fn best_lambdas(grid: &Grid) -> Vec<f64> {
    SIZES.map(|n| best(grid, n) as f64 / 100.0).to_vec()
}

/// The best `λ` without a critic and with V/2.
fn both_best(grid: fn(&[f64]) -> Grid) -> Vec<f64> {
    [best_lambdas(&grid(&ZERO)), best_lambdas(&grid(&values(mdp_1296(), 0.5)))].concat()
}

/// The error at `λ` over the least, without a critic at the first size and with V/2 at the second.
fn excess(lambda: usize, sizes: [f64; 2]) -> Vec<f64> {
    let grids = [grid_by_polynomial(&ZERO), grid_by_polynomial(&values(mdp_1296(), 0.5))];
    let of = |(grid, n): (&Grid, f64)| error_at(grid, lambda, n) / error_at(grid, best(grid, n), n);
    grids.iter().zip(sizes).map(of).collect()
}

pub(in crate::claims) static LAMBDA_95: Claim = Claim {
    id: "ch12-pr-lambda-0.95",
    origin: Origin::Guide,
    quote: "lambda=.95 = the sweet spot used in PPO",
    statement: "The λ of least mean squared error minimises ‖bias‖² + trVar/N: it depends on the critic's error and on N.",
    because: "The variance is divided by the batch, the bias is not.",
    lesson: "A convention. Without a critic .95 is best at 2500 trajectories, with V/2 at 6000. With few trajectories λ=0 has a \
             third \
             of its error or less, with more the optimum goes to 1; from N=100 on it is lower for the better of the two critics.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "best_lambda_zero_critic",
            what: "critic 0: the best λ for N=1,10,100,1000,10000",
            value: Value::List(|| best_lambdas(&grid_by_recursion(&ZERO))),
        },
        Quantity {
            key: "best_lambda_half_critic",
            what: "critic V/2: the best λ for the same N",
            value: Value::List(|| best_lambdas(&grid_by_recursion(&values(mdp_1296(), 0.5)))),
        },
    ],
    trials: &[
        Trial {
            name: "the best at some batch sizes",
            role: Role::Confirms,
            setting: "set-mdp-1296: no critic with N=2500, V/2 with N=6000",
            subject: Subject::Exact(|| {
                let half = grid_by_recursion(&values(mdp_1296(), 0.5));
                vec![best(&grid_by_recursion(&ZERO), 2500.0) as f64 / 100.0, best(&half, 6000.0) as f64 / 100.0]
            }),
            expected: || vec![0.95; 2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "N=100 for both",
                subject: Subject::Exact(|| {
                    let half = grid_by_recursion(&values(mdp_1296(), 0.5));
                    vec![best(&grid_by_recursion(&ZERO), 100.0) as f64 / 100.0, best(&half, 100.0) as f64 / 100.0]
                }),
            }],
        },
        Trial {
            name: "near the best at large ones",
            role: Role::Confirms,
            setting: "set-mdp-1296: the error at .95 over the least, no critic with N=1000, V/2 with N=10000",
            subject: Subject::Exact(|| excess(95, [1000.0, 10_000.0])),
            expected: || vec![1.0; 2],
            judge: Judge::Ratio { bound: Bound::Below(1.05), why: "5 % more than the least, or less" },
            counterfeits: &[Counterfeit { story: "λ=.5", subject: Subject::Exact(|| excess(50, [1000.0, 10_000.0])) }],
        },
        Trial {
            name: "far from it at small ones",
            role: Role::Limits,
            setting: "the same with N=1, 10, 100",
            subject: Subject::Exact(|| [1.0, 10.0, 100.0].map(|n| excess(95, [n, n])).concat()),
            expected: || vec![1.0; 6],
            judge: Judge::Ratio { bound: Bound::Above(1.5), why: "half as much again, or more" },
            counterfeits: &[Counterfeit {
                story: "λ=.3",
                subject: Subject::Exact(|| [1.0, 10.0, 100.0].map(|n| excess(30, [n, n])).concat()),
            }],
        },
        Trial {
            name: "the optimum moves with N and with the critic",
            role: Role::Limits,
            setting: "set-mdp-1296, W = 0 and V/2, N = 1, 10, 100, 1000, 10000, λ = 0, .01, …, 1: the recursion against a \
                      polynomial of moments over trajectories",
            subject: Subject::Exact(|| both_best(grid_by_recursion)),
            expected: || both_best(grid_by_polynomial),
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit { story: ".95 for all", subject: Subject::Exact(|| vec![0.95; 10]) },
                Counterfeit {
                    story: "the bias not squared",
                    subject: Subject::Exact(|| {
                        let rooted = |critic: &[f64]| {
                            grid_by_recursion(critic).iter().map(|(bias, trace)| (bias.sqrt(), *trace)).collect()
                        };
                        [best_lambdas(&rooted(&ZERO)), best_lambdas(&rooted(&values(mdp_1296(), 0.5)))].concat()
                    }),
                },
            ],
        },
        Trial {
            name: "the errors on the grid",
            role: Role::Confirms,
            setting: "set-mdp-1296, W = 0: ‖bias‖² and trVar at 101 λ, both ways",
            subject: Subject::Exact(|| grid_by_recursion(&ZERO).iter().flat_map(|(b, v)| [*b, *v]).collect()),
            expected: || grid_by_polynomial(&ZERO).iter().flat_map(|(b, v)| [*b, *v]).collect(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "V/2",
                subject: Subject::Exact(|| {
                    grid_by_recursion(&values(mdp_1296(), 0.5)).iter().flat_map(|(b, v)| [*b, *v]).collect()
                }),
            }],
        },
        Trial {
            name: "the squared error of one trajectory at λ=0, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, W = 0, N=1: a quarter of that at λ=.95",
            subject: Subject::Sampled(|| squared_errors(&ZERO, 0.0)),
            expected: || vec![error_at(&grid_by_polynomial(&ZERO), 0, 1.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "λ=.95", subject: Subject::Sampled(|| squared_errors(&ZERO, 0.95)) }],
        },
        Trial {
            name: "the squared error of one trajectory at λ=.95, drawn",
            role: Role::Limits,
            setting: "the same, λ=.95",
            subject: Subject::Sampled(|| squared_errors(&ZERO, 0.95)),
            expected: || vec![error_at(&grid_by_polynomial(&ZERO), 95, 1.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "λ=1", subject: Subject::Sampled(|| squared_errors(&ZERO, 1.0)) }],
        },
    ],
};

/// Draws of `‖ĝ − ∇J‖²`, whose mean is `‖bias‖² + trVar`.
fn squared_errors(critic: &[f64], lambda: f64) -> Sample {
    let subject = subject(mdp_1296(), critic, lambda);
    mdp_1296().sample_errors(1, |world, batch| subject.gradient(&world.policy, batch))
}

/// The exact values with the sign reversed.
fn reversed_values() -> Vec<f64> {
    values(mdp_1296(), -1.0)
}

/// `‖bias‖²` and trVar of temporal differences, by the recursion.
fn differences(critic: &[f64]) -> (f64, f64) {
    let moments = recursion(mdp_1296(), critic, 0.0);
    let bias = difference(&moments.mean, &mdp_1296().gradient());
    (dot(&bias, &bias), moments.trace())
}

/// N*, by the recursion.
fn crossing(critic: &[f64]) -> f64 {
    let (bias, variance) = differences(critic);
    (mdp_1296().recursion_trace(&Form::to_go(Baseline::None)) - variance) / bias
}

/// The sign of `‖bias‖² + trVar/N` of temporal differences less trVar/N of reward-to-go, over trajectories: 1 where
/// REINFORCE is better.
fn reinforce_better(critic: &[f64], n: f64) -> f64 {
    let bias = bias(mdp_1296(), critic, 0.0);
    let differences = dot(&bias, &bias) + trace(mdp_1296(), critic, 0.0) / n;
    (differences - mdp_1296().batch_trace(1, v2) / n).signum()
}

pub(in crate::claims) static PREFER_REINFORCE: Claim = Claim {
    id: "ch12-pr-prefer-reinforce-when-v-wrong",
    origin: Origin::Guide,
    quote: "When would you prefer REINFORCE? (when V is badly wrong)",
    statement: "By mean squared error REINFORCE (b=0) beats TD(0) for N > N* = (Var_MC − Var_TD)/‖bias‖², and for every N if \
                Var_TD > Var_MC.",
    because: "REINFORCE has the error Var_MC/N, TD the error ‖bias‖² + Var_TD/N; more data removes variance, never bias.",
    lesson: "With the critic −V from 20 trajectories on; with W-bad, whose TD errors have 6.5 times the variance, always. Any \
             biased critic loses in the end.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "n_star_minus_v",
            what: "N* for the critic −V",
            value: Value::Number(|| crossing(&reversed_values())),
        },
        Quantity {
            key: "trvar_td_minus_v",
            what: "trVar of TD with −V",
            value: Value::Number(|| differences(&reversed_values()).1),
        },
        Quantity {
            key: "n_star_bad",
            what: "N* for W-bad; negative: REINFORCE is better for every N",
            value: Value::Number(|| crossing(&BAD)),
        },
        Quantity { key: "trvar_td_bad", what: "trVar of TD with W-bad", value: Value::Number(|| differences(&BAD).1) },
    ],
    trials: &[
        Trial {
            name: "the errors cross at N*",
            role: Role::Confirms,
            setting: "set-mdp-1296, critic −V: who is better at the whole numbers below and above N*, and at 1 and 1000",
            subject: Subject::Exact(|| around(crossing(&reversed_values()))),
            expected: || vec![-1.0, 1.0, -1.0, 1.0],
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "N* with the bias not squared",
                    subject: Subject::Exact(|| {
                        let (bias, _) = differences(&reversed_values());
                        around(crossing(&reversed_values()) * bias.sqrt())
                    }),
                },
                Counterfeit {
                    story: "N* from the variance of REINFORCE alone",
                    subject: Subject::Exact(|| {
                        let (bias, variance) = differences(&reversed_values());
                        around(crossing(&reversed_values()) + variance / bias)
                    }),
                },
            ],
        },
        Trial {
            name: "N*, from occupancies and from trajectories",
            role: Role::Confirms,
            setting: "set-mdp-1296, critics −V and W-bad: the bias by occupancies, the variances by recursions",
            subject: Subject::Exact(|| [reversed_values(), BAD.to_vec()].map(|critic| star(&critic, 1)).to_vec()),
            expected: || {
                let enumerated = |critic: Vec<f64>| {
                    let bias = bias(mdp_1296(), &critic, 0.0);
                    (mdp_1296().batch_trace(1, v2) - trace(mdp_1296(), &critic, 0.0)) / dot(&bias, &bias)
                };
                [reversed_values(), BAD.to_vec()].map(enumerated).to_vec()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the critic's error two steps ahead",
                subject: Subject::Exact(|| [reversed_values(), BAD.to_vec()].map(|critic| star(&critic, 2)).to_vec()),
            }],
        },
        Trial {
            name: "with the badly wrong critic at every N",
            role: Role::Confirms,
            setting: "set-mdp-1296, W-bad: trVar of TD against reward-to-go",
            subject: Subject::Exact(|| vec![trace(mdp_1296(), &BAD, 0.0)]),
            expected: || vec![mdp_1296().recursion_trace(&Form::to_go(Baseline::None))],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the critic −V, which has less variance",
                subject: Subject::Exact(|| vec![trace(mdp_1296(), &reversed_values(), 0.0)]),
            }],
        },
        Trial {
            name: "the squared error of TD with −V, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, N=1: ‖bias‖² + trVar",
            subject: Subject::Sampled(|| squared_errors(&reversed_values(), 0.0)),
            expected: || {
                let bias = error_term(mdp_1296(), &error(mdp_1296(), &reversed_values()), 1);
                vec![dot(&bias, &bias) + differences(&reversed_values()).1]
            },
            judge: TWO_PERCENT,
            counterfeits: &[
                Counterfeit { story: "with V", subject: Subject::Sampled(|| squared_errors(&exact(), 0.0)) },
                Counterfeit { story: "REINFORCE", subject: Subject::Sampled(|| mdp_1296().sample_errors(1, v2)) },
            ],
        },
        Trial {
            name: "and with the badly wrong critic, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, W-bad, N=1",
            subject: Subject::Sampled(|| squared_errors(&BAD, 0.0)),
            expected: || {
                let bias = error_term(mdp_1296(), &error(mdp_1296(), &BAD), 1);
                vec![dot(&bias, &bias) + differences(&BAD).1]
            },
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "λ=1, a baseline alone",
                subject: Subject::Sampled(|| squared_errors(&BAD, 1.0)),
            }],
        },
    ],
};

/// Who is better with the critic −V at the whole numbers below and above `n`, and at 1 and 1000.
fn around(n: f64) -> Vec<f64> {
    [n.floor(), n.floor() + 1.0, 1.0, 1000.0].map(|n| reinforce_better(&reversed_values(), n)).to_vec()
}

/// N* with the bias from the critic's error `k` steps ahead, by occupancies.
fn star(critic: &[f64], k: usize) -> f64 {
    let bias = error_term(mdp_1296(), &error(mdp_1296(), critic), k);
    let variance = recursion(mdp_1296(), critic, 0.0).trace();
    (mdp_1296().recursion_trace(&Form::to_go(Baseline::None)) - variance) / dot(&bias, &bias)
}
