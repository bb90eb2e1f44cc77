//! Trust regions: what is close to one inside them, and what is not.

use crate::claims::ch05::stale::slope;
use crate::claims::prelude::*;

/// `E_θ[Σ_t ρ_t (G_t − b)]` along dual numbers at θ' = θ, by enumeration.
fn surrogate_gradient(baseline: f64, ratio: bool) -> Vec<f64> {
    let world = mdp_1296();
    let theta = Dual::<16>::point(world.policy.parameters());
    world.expect(|path| {
        let term = |t: usize| {
            let (o, a) = (path.observations[t] as usize, path.actions[t] as usize);
            let new = probability(&world.policy, &theta, t, o, a);
            let old = if ratio { new.value } else { 1.0 };
            new / Dual::from(old) * Dual::from(to_go(path, t) - baseline)
        };
        (0..path.len()).map(term).fold(Dual::from(0.0), |sum, x| sum + x).tangents[..6].to_vec()
    })
}

/// Draws of `Σ_t ρ_t (G_t − b)` at set-mdp-shifted.
fn surrogate_draws(ratios: bool) -> Sample {
    let (old, new) = (mdp_1296(), shifted(1.0));
    old.sample_paths(|path| {
        let rho = old.ratios(&new, path);
        vec![(0..path.len()).map(|t| if ratios { rho[t] } else { 1.0 } * (to_go(path, t) - 1.1)).sum()]
    })
}

/// `Σ_t Σ_s d_t(s) Σ_a π'(a|s) Q_t(s, a)` with occupancy and values of the old policy.
fn expected_surrogate(e: f64) -> f64 {
    let (oracle, new) = (mdp_1296().oracle(), shifted(e));
    let occupancy = oracle.occupancy();
    let mut sum = numeric::Sum::new();
    for (i, d) in occupancy.iter().enumerate() {
        for a in 0..2 {
            let pi = probability(&new.policy, new.policy.parameters(), i / 3, i % 3, a);
            sum.add(d * pi * oracle.action_value(i / 3, i % 3, a));
        }
    }
    sum.value()
}

pub(in crate::claims) static CONSTRAINED: Claim = Claim {
    id: "ch10-constrained-objective",
    origin: Origin::Guide,
    quote: "maximise E_pi_theta[sum (pi'/pi)(sum r - b)] s.t. E_s KL(pi'||pi)<=eps",
    statement: "The gradient of the surrogate at θ'=θ is ∇J; the baseline shifts its value by a constant, E[ρ b] = b.",
    because: "∇ρ = ∇log π' at θ'=θ, and E[ρ_t | s_t] = 1.",
    lesson: "The first step of every batch is a policy-gradient step. What the surrogate says further away is chapter 9's bias.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "max_abs_deviation",
        what: "the largest component of the difference to ∇J",
        value: Value::Number(|| largest(&difference(&surrogate_gradient(1.1, true), &mdp_1296().gradient()))),
    }],
    trials: &[
        Trial {
            name: "the surrogate's gradient is ∇J",
            role: Role::Confirms,
            setting: "set-mdp-1296, b=1.1: the ratios differentiated along dual numbers over all trajectories",
            subject: Subject::Exact(|| surrogate_gradient(1.1, true)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "probabilities in place of ratios",
                subject: Subject::Exact(|| surrogate_gradient(1.1, false)),
            }],
        },
        Trial {
            name: "the surrogate's value away from θ, drawn",
            role: Role::Confirms,
            setting: "set-mdp-shifted, b=1.1: against occupancies and values, less 4b",
            subject: Subject::Sampled(|| surrogate_draws(true)),
            expected: || vec![expected_surrogate(1.0) - 4.0 * 1.1],
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.04),
                why: "a quarter of what leaving the ratios out changes",
            },
            counterfeits: &[Counterfeit {
                story: "without ratios",
                subject: Subject::Sampled(|| surrogate_draws(false)),
            }],
        },
    ],
};

const RARE_OLD: [f64; 2] = [1e-6, 1.0 - 1e-6];

const RARE_NEW: [f64; 2] = [1e-3, 1.0 - 1e-3];

fn rare() -> Divergence {
    Divergence::of(&RARE_OLD, &RARE_NEW)
}

/// Draws of `|ρ−1|` under the old policy, for unit Gaussians shifted by `d`.
fn deviations(d: f64) -> Sample {
    let mean = 2.0 * (2.0 * numeric::normal_distribution(0.5 * d) - 1.0);
    let variance = numeric::exp(d * d) - 1.0 - mean * mean;
    Box::new(Draws::new(vec![mean], vec![variance], move |stream, out| {
        out[0] = (gaussian_ratio(d, stream.normal()) - 1.0).abs();
    }))
}

pub(in crate::claims) static CLOSE_TO_ONE: Claim = Claim {
    id: "ch10-weights-close-to-1",
    origin: Origin::Guide,
    quote: "Within this region (D_KL<=eps) the IS weights stay close to 1",
    statement: "In the mean: E_old|ρ−1| = 2 TV ≤ √(2 KL). Pointwise false: ρ is unbounded for rare actions, χ² is not bounded by KL, \
                Gaussian ratios are unbounded at every ε, and an average over states lets a rare state change at will.",
    because: "KL weighs log ρ by probabilities; Pinsker's inequality bounds the first moment of |ρ−1| only.",
    lesson: "With KL(new‖old)=.0059 a ratio of 1000 is possible, and χ² = 1.0, 170 times the KL. Truncate the weights \
             if they must be bounded; neither a KL budget nor PPO's clip bounds them.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "kl_new_old", what: "KL(new‖old)", value: Value::Number(|| rare().reverse) },
        Quantity {
            key: "mean_abs_deviation",
            what: "E_old|ρ−1|",
            value: Value::Number(|| {
                RARE_OLD.iter().zip(RARE_NEW).map(|(old, new)| old * (new / old - 1.0).abs()).sum()
            }),
        },
        Quantity {
            key: "pinsker_bound",
            what: "√(2 KL(new‖old))",
            value: Value::Number(|| (2.0 * rare().reverse).sqrt()),
        },
        Quantity { key: "chi2", what: "E_old[ρ²] − 1", value: Value::Number(|| rare().chi_square) },
        Quantity { key: "kl_old_new", what: "KL(old‖new)", value: Value::Number(|| rare().forward) },
        Quantity {
            key: "rare_state_average_kl",
            what: "state-averaged KL(new‖old) of the rare-state example",
            value: Value::Number(|| 0.01 * Divergence::of(&[0.5, 0.5], &[0.99, 0.01]).reverse),
        },
    ],
    trials: &[
        Trial {
            name: "a tiny divergence allows a ratio of a thousand",
            role: Role::Contradicts,
            setting: "old (10⁻⁶, 1−10⁻⁶), new (10⁻³, 1−10⁻³): the ratio is 1000, KL(new‖old)=.0059, \
                      KL(old‖new)=.00099, χ²=1.0. Listed are the ratio over 999 and .01 over each KL",
            subject: Subject::Exact(|| {
                vec![RARE_NEW[0] / RARE_OLD[0] / 999.0, 0.01 / rare().reverse, 0.01 / rare().forward]
            }),
            expected: || vec![1.0; 3],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a coin that moves from .5 to .55",
                subject: Subject::Exact(|| {
                    let coin = Divergence::of(&[0.5, 0.5], &[0.55, 0.45]);
                    vec![1.1 / 999.0, 0.01 / coin.reverse, 0.01 / coin.forward]
                }),
            }],
        },
        Trial {
            name: "χ² is a hundred times the divergence",
            role: Role::Contradicts,
            setting: "the same; by the sum of squares over the old probabilities",
            subject: Subject::Exact(|| vec![RARE_OLD.iter().zip(RARE_NEW).map(|(p, q)| q * q / p).sum::<f64>() - 1.0]),
            expected: || vec![100.0 * rare().reverse],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a coin that moves from .5 to .55",
                subject: Subject::Exact(|| {
                    let coin = Divergence::of(&[0.5, 0.5], &[0.55, 0.45]);
                    vec![coin.chi_square / coin.reverse * rare().reverse]
                }),
            }],
        },
        Trial {
            name: "a rare state may change completely within the average",
            role: Role::Contradicts,
            setting: "a state of probability .01 goes from (.5, .5) to (.99, .01) or (1, 0), all others stay: the averaged KL(new‖old); old‖new would be .016 and ∞",
            subject: Subject::Exact(|| {
                [[0.99, 0.01], [1.0, 0.0]].map(|new| 0.01 * Divergence::of(&[0.5, 0.5], &new).reverse).to_vec()
            }),
            expected: || vec![0.01; 2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the state's own divergence",
                subject: Subject::Exact(|| {
                    [[0.99, 0.01], [1.0, 0.0]].map(|new| Divergence::of(&[0.5, 0.5], &new).reverse).to_vec()
                }),
            }],
        },
        Trial {
            name: "only the mean of |ρ−1| is controlled",
            role: Role::Confirms,
            setting: "E_old|ρ−1| against √(2 KL) both ways: the rare action, a coin, and the averaged state",
            subject: Subject::Exact(|| {
                let pairs = [Divergence::of(&[0.5, 0.5], &[0.55, 0.45]), Divergence::of(&[0.5, 0.5], &[0.99, 0.01])];
                [rare(), pairs[0], pairs[1]].iter().flat_map(|d| [2.0 * d.total_variation; 2]).collect()
            }),
            expected: || {
                let pairs = [Divergence::of(&[0.5, 0.5], &[0.55, 0.45]), Divergence::of(&[0.5, 0.5], &[0.99, 0.01])];
                [rare(), pairs[0], pairs[1]]
                    .iter()
                    .flat_map(|d| [(2.0 * d.reverse).sqrt(), (2.0 * d.forward).sqrt()])
                    .collect()
            },
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the root of χ²",
                subject: Subject::Exact(|| {
                    let pairs =
                        [Divergence::of(&[0.5, 0.5], &[0.55, 0.45]), Divergence::of(&[0.5, 0.5], &[0.99, 0.01])];
                    [rare(), pairs[0], pairs[1]].iter().flat_map(|d| [d.chi_square.sqrt(); 2]).collect()
                }),
            }],
        },
        Trial {
            name: "the mean of |ρ−1|, drawn",
            role: Role::Confirms,
            setting: "old N(0, 1), new N(√.02, 1): against 2 TV = 2(2Φ(d/2) − 1)",
            subject: Subject::Sampled(|| deviations(gaussian_shift())),
            expected: || vec![2.0 * (2.0 * numeric::normal_distribution(0.5 * gaussian_shift()) - 1.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "twice the divergence",
                subject: Subject::Sampled(|| deviations(0.2)),
            }],
        },
    ],
};

/// The shift of a unit Gaussian with divergence .01: `d²/2 = .01`.
fn gaussian_shift() -> f64 {
    0.02_f64.sqrt()
}

/// `log ρ = d z − d²/2` under the old policy.
fn gaussian_ratio(d: f64, z: f64) -> f64 {
    numeric::exp(d * z - 0.5 * d * d)
}

/// `(E ρ²)^T − 1` with the one-step moment by quadrature.
fn gaussian_weight_variance(steps: usize) -> f64 {
    let square = numeric::normal_expectation(24, |z| numeric::power(gaussian_ratio(gaussian_shift(), z), 2));
    numeric::power(square, steps) - 1.0
}

/// Draws of the squared weight of `steps` Gaussian steps.
fn gaussian_squares(steps: usize) -> Sample {
    let d = gaussian_shift();
    let moment = |power: f64| numeric::exp(0.5 * power * (power - 1.0) * d * d * steps as f64);
    let (second, fourth) = (moment(2.0), moment(4.0));
    Box::new(Draws::new(vec![second], vec![fourth - second * second], move |stream, out| {
        let w: f64 = (0..steps).map(|_| gaussian_ratio(d, stream.normal())).product();
        out[0] = w * w;
    }))
}

pub(in crate::claims) static TRAJECTORY_WEIGHTS: Claim = Claim {
    id: "ch10-trajectory-weights-in-region",
    origin: Origin::Ours,
    quote: "(same) for products over T steps",
    statement: "Divergences add up over time: ε a step gives up to Tε for the trajectory; for a shifted Gaussian mean \
                Var w = e^{2εT} − 1.",
    because: "E ρ² = e^{d²}, where d = √(2ε) is the shift in standard deviations, and independent steps multiply.",
    lesson: "Inside a region of .01 a step, a hundred steps leave 14 % of the trajectories effective. Only single ratios are close to \
             one, in the mean.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "var_w",
            what: "Var w at ε=.01, T=100",
            value: Value::Number(|| numeric::exp(2.0 * 0.01 * 100.0) - 1.0),
        },
        Quantity {
            key: "ess_fraction",
            what: "1/(1+Var w)",
            value: Value::Number(|| numeric::exp(-2.0 * 0.01 * 100.0)),
        },
    ],
    trials: &[
        Trial {
            name: "the variance of a hundred steps, by quadrature and in closed form",
            role: Role::Contradicts,
            setting: "unit Gaussian, mean shifted by √.02 at each of 100 independent steps",
            subject: Subject::Exact(|| vec![gaussian_weight_variance(100)]),
            expected: || vec![numeric::exp(2.0) - 1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the variance of one step",
                subject: Subject::Exact(|| vec![gaussian_weight_variance(1)]),
            }],
        },
        Trial {
            name: "the weights are not close to one",
            role: Role::Contradicts,
            setting: "the same: the effective part of the samples",
            subject: Subject::Exact(|| vec![1.0 / (1.0 + gaussian_weight_variance(100))]),
            expected: || vec![0.2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "of one step",
                subject: Subject::Exact(|| vec![1.0 / (1.0 + gaussian_weight_variance(1))]),
            }],
        },
        Trial {
            name: "the squared weight of ten steps, drawn",
            role: Role::Contradicts,
            setting: "ten Gaussian steps; the squared weight of a hundred has too heavy a tail to be drawn",
            subject: Subject::Sampled(|| gaussian_squares(10)),
            expected: || vec![1.0 + gaussian_weight_variance(10)],
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.02),
                why: "a quarter of what five steps fewer change, or less",
            },
            counterfeits: &[Counterfeit { story: "five steps", subject: Subject::Sampled(|| gaussian_squares(5)) }],
        },
        Trial {
            name: "divergences add up over time",
            role: Role::Confirms,
            setting: "set-mdp-shifted: KL(old‖new) of whole trajectories, enumerated, against four times the largest of a state",
            subject: Subject::Exact(|| {
                let (old, new) = (mdp_1296(), shifted(1.0));
                vec![old.mean(|path| -numeric::ln(old.weight(&new, path)))]
            }),
            expected: || vec![4.0 * largest_divergences(1.0)[1]],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "at e=1.3",
                subject: Subject::Exact(|| vec![mdp_1296().off_policy(&shifted(1.3)).divergence()]),
            }],
        },
    ],
};

/// `‖d'_t − d_t‖₁` for t=1..4.
fn occupancy_distance(e: f64) -> Vec<f64> {
    let (old, new) = (mdp_1296().oracle().occupancy(), shifted(e).oracle().occupancy());
    old.chunks(3).zip(new.chunks(3)).map(|(d, q)| d.iter().zip(q).map(|(d, q)| (d - q).abs()).sum()).collect()
}

/// The largest total variation and divergence over states.
fn largest_divergences(e: f64) -> [f64; 2] {
    let all = mdp_1296().off_policy(&shifted(e)).divergences();
    [all.iter().map(|d| d.total_variation).fold(0.0, f64::max), all.iter().map(|d| d.forward).fold(0.0, f64::max)]
}

fn bound_by_variation(e: f64, steps: usize) -> Vec<f64> {
    (0..steps).map(|t| 2.0 * t as f64 * largest_divergences(e)[0]).collect()
}

fn bound_by_divergence(e: f64, steps: usize) -> Vec<f64> {
    (0..steps).map(|t| t as f64 * (2.0 * largest_divergences(e)[1]).sqrt()).collect()
}

/// The oracle of a walker that falls, for good, with probability p a step, over 300 steps.
fn falling(p: f64) -> Oracle {
    let (up, down): (&[f64], &[f64]) = (&[1.0, 0.0], &[0.0, 1.0]);
    let world = mdp(300, up, &[&[up, down], &[down, down]], &[&[1.0, 1.0], &[0.0, 0.0]]);
    World::new(world, tabular(2, 2, &[numeric::ln(1.0 - p), numeric::ln(p), 0.0, 0.0])).oracle()
}

pub(in crate::claims) static STATE_APPROXIMATION: Claim = Claim {
    id: "ch10-state-approximation-holds",
    origin: Origin::Guide,
    quote: "the state distribution approximation holds",
    statement: "‖d'_t − d_t‖₁ ≤ 2(t−1) max_s TV ≤ (t−1)√(2 max KL): the error may grow linearly with t.",
    because: "Each step adds at most what the policies differ by in a state (Kakade & Langford 2002; Schulman et al. 2015, lemma 3).",
    lesson: "Within the bounds here. They say nothing once they exceed 2: at sixteen steps where the largest divergence of a state is .01.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "l1_by_t", what: "‖d'_t − d_t‖₁, t=1..4", value: Value::List(|| occupancy_distance(1.0))
        },
        Quantity {
            key: "bound_tv", what: "2(t−1) max TV, t=1..4", value: Value::List(|| bound_by_variation(1.0, 4))
        },
        Quantity {
            key: "bound_kl",
            what: "(t−1)√(2 max KL), t=1..4",
            value: Value::List(|| bound_by_divergence(1.0, 4)),
        },
    ],
    trials: &[
        Trial {
            name: "the distance is within the bounds",
            role: Role::Confirms,
            setting: "set-mdp-shifted, t=2, 3, 4: against total variation, then total variation against KL",
            subject: Subject::Exact(|| [&occupancy_distance(1.0)[1..], &bound_by_variation(1.0, 4)[1..]].concat()),
            expected: || [&bound_by_variation(1.0, 4)[1..], &bound_by_divergence(1.0, 4)[1..]].concat(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a step ten times as long",
                subject: Subject::Exact(|| {
                    [&occupancy_distance(10.0)[1..], &bound_by_variation(10.0, 4)[1..]].concat()
                }),
            }],
        },
        Trial {
            name: "the occupancy by enumeration",
            role: Role::Confirms,
            setting: "set-mdp-shifted: P(s_t = s) of the old policy's trajectories weighted by Π ρ, against the new occupancy",
            subject: Subject::Exact(|| {
                let (old, new) = (mdp_1296(), shifted(1.0));
                old.expect(|path| {
                    let w = old.weight(&new, path);
                    (0..12).map(|i| if path.states[i / 3] as usize == i % 3 { w } else { 0.0 }).collect()
                })
            }),
            expected: || shifted(1.0).oracle().occupancy(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without weights",
                subject: Subject::Exact(|| {
                    mdp_1296().expect(|path| {
                        (0..12).map(|i| f64::from(u8::from(path.states[i / 3] as usize == i % 3))).collect()
                    })
                }),
            }],
        },
        Trial {
            name: "the bound becomes vacuous",
            role: Role::Limits,
            setting: "set-mdp-shifted with e=.2, whose largest KL is below .01: the bound at t=50, against the largest distance, 2",
            subject: Subject::Exact(|| {
                vec![bound_by_divergence(0.2, 50)[49], 0.01 / largest_divergences(0.2)[1] * 2.0]
            }),
            expected: || vec![2.0; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "at t=4",
                subject: Subject::Exact(|| {
                    vec![bound_by_divergence(0.2, 4)[3], 0.01 / largest_divergences(0.2)[1] * 2.0]
                }),
            }],
        },
        Trial {
            name: "and over many steps the approximation fails",
            role: Role::Limits,
            setting: "a chain that falls with probability .001, then .008, a step (KL(new‖old)=.0097): ‖d'_t − d_t‖₁ at t=300, and .01/KL",
            subject: Subject::Exact(|| {
                let (old, new) = (falling(0.001), falling(0.008));
                let apart =
                    old.occupancy().iter().zip(new.occupancy()).map(|(d, q)| (d - q).abs()).collect::<Vec<f64>>();
                let kl = Divergence::of(&[0.999, 0.001], &[0.992, 0.008]).reverse;
                vec![apart[2 * 299] + apart[2 * 299 + 1], 0.01 / kl]
            }),
            expected: || vec![1.0; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "at t=30",
                subject: Subject::Exact(|| {
                    let (old, new) = (falling(0.001), falling(0.008));
                    let apart =
                        old.occupancy().iter().zip(new.occupancy()).map(|(d, q)| (d - q).abs()).collect::<Vec<f64>>();
                    let kl = Divergence::of(&[0.999, 0.001], &[0.992, 0.008]).reverse;
                    vec![apart[2 * 29] + apart[2 * 29 + 1], 0.01 / kl]
                }),
            }],
        },
    ],
};

/// The bias of the per-timestep form over √KL(new‖old).
fn bias_over_root(e: f64) -> f64 {
    let off = mdp_1296().off_policy(&shifted(e));
    let form = off.gradient_of(Whose::Behaviour, Whose::Behaviour);
    distance(&form, off.target().gradient()) / off.reverse_divergence().sqrt()
}

/// The same, every part of it by enumeration.
fn enumerated_bias_over_root(e: f64) -> f64 {
    let (old, new) = (mdp_1296(), shifted(e));
    let form = old.weighted_mean(&new, &ImportanceWeights::PerTimestep);
    let divergence = new.mean(|path| numeric::ln(old.weight(&new, path)));
    distance(&form, &new.gradient()) / divergence.sqrt()
}

/// Draws of the per-timestep estimate less ∇J(θ').
fn bias_draws(e: f64) -> Sample {
    let (new, gradient) = (shifted(e), shifted(e).gradient());
    mdp_1296().sample(1, |old, batch| {
        difference(&old.weighted_estimate(&new, &ImportanceWeights::PerTimestep, batch), &gradient)
    })
}

pub(in crate::claims) static RELIABLE: Claim = Claim {
    id: "ch10-gradient-reliable",
    origin: Origin::Guide,
    quote: "and the gradient is reliable",
    statement: "The bias of the off-policy gradient is of order √ε: a quarter of the divergence halves the bias.",
    because: "The bias is of first order in θ'−θ, the divergence of second.",
    lesson: "Reliability degrades like √ε, with no boundary: \"outside all bets are off\" is rhetoric.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "bias_over_sqrt_kl",
        what: "‖bias‖/√KL(new‖old) for e=.4, .2, .1, .05",
        value: Value::List(|| [0.4, 0.2, 0.1, 0.05].map(bias_over_root).to_vec()),
    }],
    trials: &[
        Trial {
            name: "at a divergence of .01 the bias is a few parts in a hundred of the gradient",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=.26 (KL about .01): the relative bias",
            subject: Subject::Exact(|| {
                let off = mdp_1296().off_policy(&shifted(0.26));
                vec![bias_over_root(0.26) * off.reverse_divergence().sqrt() / norm(off.target().gradient())]
            }),
            expected: || vec![0.05],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "e=2",
                subject: Subject::Exact(|| {
                    let off = mdp_1296().off_policy(&shifted(2.0));
                    vec![bias_over_root(2.0) * off.reverse_divergence().sqrt() / norm(off.target().gradient())]
                }),
            }],
        },
        Trial {
            name: "the bias over the root of the divergence tends to a constant",
            role: Role::Limits,
            setting: "set-mdp-shifted: the ratio at e=.001 over that at .002",
            subject: Subject::Exact(|| vec![bias_over_root(0.001) / bias_over_root(0.002)]),
            expected: || vec![1.0],
            judge: Judge::Exact { tolerance: 2e-3, why: "the next order is a part of e" },
            counterfeits: &[Counterfeit {
                story: "over the divergence itself",
                subject: Subject::Exact(|| {
                    let root = |e: f64| mdp_1296().off_policy(&shifted(e)).reverse_divergence().sqrt();
                    vec![bias_over_root(0.001) / root(0.001) / (bias_over_root(0.002) / root(0.002))]
                }),
            }],
        },
        Trial {
            name: "the ratio by recursion and by enumeration",
            role: Role::Limits,
            setting: "set-mdp-shifted, e=.4 and .2",
            subject: Subject::Exact(|| [0.4, 0.2].map(bias_over_root).to_vec()),
            expected: || [0.4, 0.2].map(enumerated_bias_over_root).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with KL(old‖new)",
                subject: Subject::Exact(|| {
                    [0.4, 0.2]
                        .map(|e| {
                            let off = mdp_1296().off_policy(&shifted(e));
                            bias_over_root(e) * (off.reverse_divergence() / off.divergence()).sqrt()
                        })
                        .to_vec()
                }),
            }],
        },
        Trial {
            name: "the bias at e=1, drawn",
            role: Role::Limits,
            setting: "set-mdp-shifted: the per-timestep estimate less ∇J(θ'), against occupancies and values",
            subject: Subject::Sampled(|| bias_draws(1.0)),
            expected: || {
                let off = mdp_1296().off_policy(&shifted(1.0));
                difference(&off.gradient_of(Whose::Behaviour, Whose::Behaviour), off.target().gradient())
            },
            judge: Judge::Equivalent {
                margin: Margin::Relative(0.07),
                why: "a quarter of what twice the step changes",
            },
            counterfeits: &[Counterfeit { story: "e=2", subject: Subject::Sampled(|| bias_draws(2.0)) }],
        },
    ],
};

/// `J(π') − L(π')` with `L = J + Σ_t Σ_s d_t(s) Σ_a π'(a|s) A_t(s, a)`.
fn improvement_gap(e: f64) -> f64 {
    // Σ π' A = Σ π' Q − V, and Σ_t E V_t is the surrogate at e=0.
    shifted(e).objective() - (mdp_1296().objective() + expected_surrogate(e) - expected_surrogate(0.0))
}

/// The same by enumeration: `E_θ[Σ_t ρ_t (G_t − V_t(s_t))]`.
fn enumerated_gap(e: f64) -> f64 {
    let (old, new, oracle) = (mdp_1296(), shifted(e), mdp_1296().oracle());
    let surrogate = old.mean(|path| {
        let rho = old.ratios(&new, path);
        (0..path.len()).map(|t| rho[t] * (to_go(path, t) - oracle.value(t, path.states[t] as usize))).sum()
    });
    new.mean(total) - (old.mean(total) + surrogate)
}

fn largest_advantage() -> f64 {
    let oracle = mdp_1296().oracle();
    let advantages = (0..24).map(|i| oracle.action_value(i / 6, i / 2 % 3, i % 2) - oracle.value(i / 6, i / 2 % 3));
    advantages.fold(0.0, |m: f64, a| m.max(a.abs()))
}

/// `T(T−1) max|A| max KL`.
fn improvement_bound(e: f64) -> f64 {
    4.0 * 3.0 * largest_advantage() * largest_divergences(e)[1]
}

const E: [f64; 4] = [0.8, 0.4, 0.2, 0.1];

pub(in crate::claims) static IMPROVEMENT: Claim = Claim {
    id: "ch10-improvement-guarantee",
    origin: Origin::Guide,
    quote: "KL constraint ... principled way to stop before the gradient becomes unreliable",
    statement: "|J(π') − L(π')| is of second order in the step, first in the divergence; the worst-case bound \
                T(T−1) max|A| max KL holds and is loose.",
    because: "J(π') − L(π') = Σ_t Σ_s (d'_t − d_t) Σ_a (π'−π) A, each factor of first order (Kakade & Langford 2002; Schulman et al. 2015, \
              theorem 1, here with a finite horizon).",
    lesson: "The surrogate is right to first order. The guarantee that one could prove allows steps a small part of those that are safe.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "gap",
            what: "J(π') − L(π') for e=.8, .4, .2, .1",
            value: Value::List(|| E.map(improvement_gap).to_vec()),
        },
        Quantity {
            key: "max_kl",
            what: "max_s KL(old‖new) for e=.8, .4, .2, .1",
            value: Value::List(|| E.map(|e| largest_divergences(e)[1]).to_vec()),
        },
        Quantity {
            key: "slope",
            what: "log2 of the ratio of the gaps at e=.2 and .1",
            value: Value::Number(|| numeric::ln(improvement_gap(0.2) / improvement_gap(0.1)) / std::f64::consts::LN_2),
        },
        Quantity {
            key: "max_abs_advantage",
            what: "the largest |A_t(s, a)| of the old policy",
            value: Value::Number(largest_advantage),
        },
    ],
    trials: &[
        Trial {
            name: "the gap is of second order",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=.01 and .001: log10 of the ratio of the gaps",
            subject: Subject::Exact(|| vec![slope(improvement_gap(0.01), improvement_gap(0.001))]),
            expected: || vec![2.0],
            judge: Judge::Exact { tolerance: 0.01, why: "the third order adds a part of e" },
            counterfeits: &[Counterfeit {
                story: "the gain itself",
                subject: Subject::Exact(|| {
                    let gain = |e: f64| shifted(e).objective() - mdp_1296().objective();
                    vec![slope(gain(0.01), gain(0.001))]
                }),
            }],
        },
        Trial {
            name: "the gap by recursion and by enumeration",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=.8, .4, .2, .1",
            subject: Subject::Exact(|| E.map(improvement_gap).to_vec()),
            expected: || E.map(enumerated_gap).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the gain itself",
                subject: Subject::Exact(|| E.map(|e| shifted(e).objective() - mdp_1296().objective()).to_vec()),
            }],
        },
        Trial {
            name: "within the bound",
            role: Role::Confirms,
            setting: "the same: |gap| against T(T−1) max|A| max KL",
            subject: Subject::Exact(|| E.map(|e| improvement_gap(e).abs()).to_vec()),
            expected: || E.map(improvement_bound).to_vec(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a bound without the advantage and the horizon: the gap in units of the divergence, times this one",
                subject: Subject::Exact(|| {
                    E.map(|e| improvement_gap(e).abs() / largest_divergences(e)[1] * improvement_bound(e)).to_vec()
                }),
            }],
        },
        Trial {
            name: "which is loose: a tenth of it would do",
            role: Role::Limits,
            setting: "the same: ten times |gap| against the bound",
            subject: Subject::Exact(|| E.map(|e| 10.0 * improvement_gap(e).abs()).to_vec()),
            expected: || E.map(improvement_bound).to_vec(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "an eightieth of it",
                subject: Subject::Exact(|| E.map(|e| 80.0 * improvement_gap(e).abs()).to_vec()),
            }],
        },
    ],
};

/// `P_old(|ρ−1| > .2)` for the shifted unit Gaussian.
fn outside_clip(d: f64) -> f64 {
    let at = |ratio: f64| (numeric::ln(ratio) + 0.5 * d * d) / d;
    numeric::normal_distribution(-at(1.2)) + numeric::normal_distribution(at(0.8))
}

/// Draws of whether a ratio is outside PPO's clip range, and of ρ².
fn gaussian_draws(d: f64) -> Sample {
    let (p, second, fourth) = (outside_clip(d), numeric::exp(d * d), numeric::exp(6.0 * d * d));
    let variance = vec![p * (1.0 - p), fourth - second * second];
    Box::new(Draws::new(vec![p, second], variance, move |stream, out| {
        let rho = gaussian_ratio(d, stream.normal());
        out[0] = f64::from(u8::from((rho - 1.0).abs() > 0.2));
        out[1] = rho * rho;
    }))
}

pub(in crate::claims) static LOOSE: Claim = Claim {
    id: "ch10-trust-region-loose",
    origin: Origin::Guide,
    quote: "Inside the trust region ... everything is fixed",
    statement: "For Gaussian policies ρ is unbounded at every ε: at KL=.01 15 % of the samples lie outside PPO's clip range, and the \
                standard deviation of ρ is .14.",
    because: "log ρ = dz − d²/2 is normal with standard deviation d = √(2ε).",
    lesson: "\"Everything is fixed\" means: single ratios are near one for most samples. A clip range of .2 and a divergence of .01 are not \
             the same region.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "p_outside",
            what: "P_old(|ρ−1| > .2)",
            value: Value::Number(|| outside_clip(gaussian_shift())),
        },
        Quantity { key: "chi2", what: "E_old[ρ²] − 1", value: Value::Number(|| numeric::exp(0.02) - 1.0) },
        Quantity {
            key: "std_rho",
            what: "the standard deviation of ρ",
            value: Value::Number(|| (numeric::exp(0.02) - 1.0).sqrt()),
        },
    ],
    trials: &[
        Trial {
            name: "most ratios are near one",
            role: Role::Confirms,
            setting: "old N(0, 1), new N(√.02, 1): P(|ρ−1| ≤ .2)",
            subject: Subject::Exact(|| vec![1.0 - outside_clip(gaussian_shift())]),
            expected: || vec![0.8],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "KL=.1",
                subject: Subject::Exact(|| vec![1.0 - outside_clip(0.2_f64.sqrt())]),
            }],
        },
        Trial {
            name: "but not few are outside the clip range",
            role: Role::Limits,
            setting: "the same: P(|ρ−1| > .2)",
            subject: Subject::Exact(|| vec![outside_clip(gaussian_shift())]),
            expected: || vec![0.1],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "KL=.001",
                subject: Subject::Exact(|| vec![outside_clip(0.002_f64.sqrt())]),
            }],
        },
        Trial {
            name: "the second moment by quadrature and in closed form",
            role: Role::Limits,
            setting: "the same: E ρ²",
            subject: Subject::Exact(|| {
                vec![numeric::normal_expectation(24, |z| numeric::power(gaussian_ratio(gaussian_shift(), z), 2))]
            }),
            expected: || vec![numeric::exp(0.02)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "e^{2d²}", subject: Subject::Exact(|| vec![numeric::exp(0.04)]) }],
        },
        Trial {
            name: "the share outside and the second moment, drawn",
            role: Role::Limits,
            setting: "the same",
            subject: Subject::Sampled(|| gaussian_draws(gaussian_shift())),
            expected: || vec![outside_clip(gaussian_shift()), 1.0 + gaussian_weight_variance(1)],
            judge: Judge::Equivalent {
                margin: Margin::Absolute(0.005),
                why: "a quarter of what twice the divergence changes, or less",
            },
            counterfeits: &[Counterfeit { story: "KL=.02", subject: Subject::Sampled(|| gaussian_draws(0.2)) }],
        },
    ],
};
