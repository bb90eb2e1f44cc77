//! Fisher information: what it is, and for which families.

use crate::autodiff::{Jet, hessian};
use crate::claims::prelude::*;
use crate::policy::Family;

const LOGITS: [f64; 3] = [0.2, -0.3, 0.8];

fn three_arms() -> World {
    World::new(bandit(&[1.0, 3.0, 2.0]), tabular(1, 3, &LOGITS))
}

/// `diag(π) − ππᵀ`, row by row.
fn fisher_formula(pi: &[f64]) -> Vec<f64> {
    let n = pi.len();
    (0..n * n).map(|i| if i / n == i % n { pi[i / n] } else { 0.0 } - pi[i / n] * pi[i % n]).collect()
}

/// The Hessian in θ' at θ of KL(π_θ ‖ π_θ') or, reversed, of KL(π_θ' ‖ π_θ), by second derivatives of the divergence.
fn divergence_hessian(reversed: bool) -> Vec<f64> {
    let policy = three_arms().policy;
    let old = softmax(&LOGITS);
    hessian(&LOGITS, |theta| {
        (0..3).fold(Jet::from(0.0), |sum, a| {
            let (p, q) = (Jet::from(old[a]), probability(&policy, theta, 0, 0, a));
            sum + if reversed { q * (q.ln() - p.ln()) } else { p * (p.ln() - q.ln()) }
        })
    })
}

/// `g gᵀ`, row by row.
fn outer(g: &[f64]) -> Vec<f64> {
    g.iter().flat_map(|x| g.iter().map(move |y| x * y)).collect()
}

fn score_products() -> Vec<f64> {
    let world = three_arms();
    world.expect(|path| outer(&world.sum_of_scores(path)))
}

pub(in crate::claims) static KL_HESSIAN: Claim = Claim {
    id: "ch07-fisher-is-kl-hessian",
    origin: Origin::Guide,
    quote: "F=E[grad log pi grad log pi^T] is the Hessian of KL(pi_theta||pi_theta') at theta'=theta",
    statement: "The Hessian of KL(π_θ ‖ π_θ') in θ' at θ'=θ is F = E[∇log π ∇log πᵀ], for regular families, and so is that of \
                KL(π_θ' ‖ π_θ).",
    because: "The Hessian of −E log π_θ' is −E[∇² log π], which is E[∇log π ∇log πᵀ] because ∫∇²π = 0 (Kullback 1959, §2.6).",
    lesson: "Exact in both directions of the divergence: they differ from the third order on.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "fisher",
        what: "F of the 3-arm softmax at (.2, −.3, .8), row by row",
        value: Value::List(score_products),
    }],
    trials: &[
        Trial {
            name: "the mean of the score's products is the Hessian of KL(old ‖ new)",
            role: Role::Confirms,
            setting: "3-arm softmax, logits (.2, −.3, .8)",
            subject: Subject::Exact(score_products),
            expected: || divergence_hessian(false),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the score without its mean, e_a e_aᵀ: diag(π)",
                subject: Subject::Exact(|| {
                    let pi = softmax(&LOGITS);
                    (0..9).map(|i| if i / 3 == i % 3 { pi[i / 3] } else { 0.0 }).collect()
                }),
            }],
        },
        Trial {
            name: "and of KL(new ‖ old)",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| divergence_hessian(true)),
            expected: || fisher_formula(&softmax(&LOGITS)),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "twice the divergence, as for Jeffreys' sum",
                subject: Subject::Exact(|| scale(2.0, &divergence_hessian(true))),
            }],
        },
        Trial {
            name: "the oracle's recursion, on many states and steps",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| trajectory_fisher(mdp_1296())),
            expected: || {
                let world = mdp_1296();
                world.expect(|path| outer(&world.sum_of_scores(path)))
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the first step's alone",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    world.expect(|path| outer(&world.scores(path)[0]))
                }),
            }],
        },
        Trial {
            name: "the mean of the score's products, drawn",
            role: Role::Confirms,
            setting: "3-arm softmax, logits (.2, −.3, .8); the expected value is the Hessian of the divergence",
            subject: Subject::Sampled(|| {
                let world = three_arms();
                world.sample_paths(|path| outer(&world.sum_of_scores(path)))
            }),
            expected: || divergence_hessian(false),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "products with the other arms' scores",
                subject: Subject::Sampled(|| {
                    let world = three_arms();
                    world.sample_paths(|path| {
                        let mut other = path.clone();
                        other.actions[0] = (path.actions[0] + 1) % 3;
                        let (g, h) = (world.sum_of_scores(path), world.sum_of_scores(&other));
                        g.iter().flat_map(|x| h.iter().map(move |y| x * y)).collect()
                    })
                }),
            }],
        },
    ],
};

/// The trajectory's Fisher matrix, row by row.
pub(in crate::claims) fn trajectory_fisher(world: &World) -> Vec<f64> {
    let fisher = world.oracle().fisher();
    (0..fisher.rows()).flat_map(|i| fisher.row(i).to_vec()).collect()
}

/// `KL(p_θ ‖ p_{θ+eδ})` between trajectories, by enumeration: no occupancy is used.
fn enumerated_divergence(e: f64) -> f64 {
    let (old, new) = (mdp_1296(), shifted(e));
    old.mean(|path| -numeric::ln(old.weight(&new, path)))
}

fn quadratic_form() -> f64 {
    dot(&mdp_1296().oracle().fisher().times(&DELTA), &DELTA)
}

fn quadratic_error(e: f64) -> f64 {
    enumerated_divergence(e) - 0.5 * e * e * quadratic_form()
}

const HALVED: [f64; 3] = [0.2, 0.1, 0.05];

pub(in crate::claims) static SECOND_ORDER: Claim = Claim {
    id: "ch07-kl-second-order",
    origin: Origin::Guide,
    quote: "D_KL ~ 1/2 d^T F d; D and its first derivative vanish at theta'=theta",
    statement: "KL(θ‖θ+d) = ½ dᵀFd plus an error of third order; value and first derivative vanish at d=0.",
    because: "Taylor's theorem at the minimum d=0, where the Hessian is F.",
    lesson: "A trust region in KL is an ellipsoid in F, near θ. The error falls by eight when the step is halved.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "kl",
            what: "KL(θ‖θ+eδ) of trajectories, e=.2, .1, .05",
            value: Value::List(|| HALVED.map(enumerated_divergence).to_vec()),
        },
        Quantity {
            key: "error",
            what: "KL less the quadratic term, e=.2, .1, .05",
            value: Value::List(|| HALVED.map(quadratic_error).to_vec()),
        },
        Quantity { key: "quadratic_form", what: "δᵀFδ", value: Value::Number(quadratic_form) },
        Quantity {
            key: "error_order",
            what: "log2 of the ratio of the errors at e=.2 and .1",
            value: Value::Number(|| numeric::ln(quadratic_error(0.2) / quadratic_error(0.1)) / std::f64::consts::LN_2),
        },
    ],
    trials: &[
        Trial {
            name: "the divergence by enumeration and from occupancies",
            role: Role::Confirms,
            setting: "set-mdp-1296 along δ, e=.2, .1, .05",
            subject: Subject::Exact(|| HALVED.map(enumerated_divergence).to_vec()),
            expected: || HALVED.map(|e| mdp_1296().off_policy(&shifted(e)).divergence()).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the other direction",
                subject: Subject::Exact(|| {
                    HALVED.map(|e| mdp_1296().off_policy(&shifted(e)).reverse_divergence()).to_vec()
                }),
            }],
        },
        Trial {
            name: "the second derivative along δ is δᵀFδ",
            role: Role::Confirms,
            setting: "set-mdp-1296: value, slope and curvature of the divergence at d=0",
            subject: Subject::Exact(|| {
                let (old, theta) = (mdp_1296(), mdp_1296().policy.parameters());
                let along = Jet::along(theta, &DELTA);
                let here = |path: &Trajectory| numeric::ln(policy_factor(&old.policy, theta, path));
                let jet = |path: &Trajectory| {
                    let log = policy_factor(&old.policy, &along, path).ln();
                    vec![here(path) - log.value, -log.slope, -log.curvature]
                };
                old.expect(jet)
            }),
            expected: || vec![0.0, 0.0, quadratic_form()],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the Euclidean length of δ",
                subject: Subject::Exact(|| vec![0.0, 0.0, dot(&DELTA, &DELTA)]),
            }],
        },
        Trial {
            name: "the error is of third order",
            role: Role::Confirms,
            setting: "the same: log2 of the ratio of the errors at e=.02 and .01",
            subject: Subject::Exact(|| {
                vec![numeric::ln(quadratic_error(0.02) / quadratic_error(0.01)) / std::f64::consts::LN_2]
            }),
            expected: || vec![3.0],
            judge: Judge::Exact { tolerance: 0.01, why: "the fourth order adds a part of e" },
            counterfeits: &[Counterfeit {
                story: "with half of the quadratic term left out",
                subject: Subject::Exact(|| {
                    let error = |e: f64| enumerated_divergence(e) - 0.25 * e * e * quadratic_form();
                    vec![numeric::ln(error(0.02) / error(0.01)) / std::f64::consts::LN_2]
                }),
            }],
        },
        Trial {
            name: "minus the logarithm of the weight, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, e=1",
            subject: Subject::Sampled(|| {
                let (old, new) = (mdp_1296(), shifted(1.0));
                old.sample_paths(|path| vec![-numeric::ln(old.weight(&new, path))])
            }),
            expected: || vec![mdp_1296().off_policy(&shifted(1.0)).divergence()],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a step of .8",
                subject: Subject::Sampled(|| {
                    let (old, new) = (mdp_1296(), shifted(0.8));
                    old.sample_paths(|path| vec![-numeric::ln(old.weight(&new, path))])
                }),
            }],
        },
    ],
};

/// `Σ_t E[g_t g_tᵀ]`, by enumeration.
fn sum_of_step_products() -> Vec<f64> {
    let world = mdp_1296();
    world.expect(|path| {
        let scores = world.scores(path);
        let mut sum = vec![0.0; 36];
        for g in &scores {
            sum.iter_mut().zip(outer(g)).for_each(|(sum, x)| *sum += x);
        }
        sum
    })
}

pub(in crate::claims) static TRAJECTORY_FISHER: Claim = Claim {
    id: "ch07-trajectory-fisher",
    origin: Origin::Guide,
    quote: "F = E[grad log pi grad log pi^T]",
    statement: "The Fisher matrix of a trajectory is Σ_t E_{s~d_t} F(s): cross-time terms vanish.",
    because: "For t < u, E[g_t g_uᵀ] = E[g_t E[g_u | past]ᵀ] = 0.",
    lesson: "So it can be estimated step by step: products of different steps add noise and no signal.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "trace",
            what: "the trace of F",
            value: Value::Number(|| mdp_1296().oracle().fisher().trace()),
        },
        Quantity {
            key: "rank",
            what: "its rank, of 6 parameters",
            value: Value::Number(|| numeric::Eigen::of(&mdp_1296().oracle().fisher()).rank() as f64),
        },
    ],
    trials: &[
        Trial {
            name: "the product of sums is the sum of products",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| {
                let world = mdp_1296();
                world.expect(|path| outer(&world.sum_of_scores(path)))
            }),
            expected: sum_of_step_products,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with trajectories of another policy, where scores have a mean",
                subject: Subject::Exact(|| {
                    let other = shifted(1.0);
                    mdp_1296().expect(|path| outer(&other.sum_of_scores(path)))
                }),
            }],
        },
        Trial {
            name: "and both are the oracle's sum over occupancies",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(sum_of_step_products),
            expected: || trajectory_fisher(mdp_1296()),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "four times the first step's",
                subject: Subject::Exact(|| {
                    let world = mdp_1296();
                    world.expect(|path| scale(4.0, &outer(&world.scores(path)[0])))
                }),
            }],
        },
        Trial {
            name: "the trace by products of sums, drawn",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Sampled(|| {
                let world = mdp_1296();
                world.sample_paths(|path| centred_square(&world.sum_of_scores(path), &[0.0; 6]))
            }),
            expected: || vec![mdp_1296().oracle().fisher().trace()],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the last step forgotten",
                subject: Subject::Sampled(|| {
                    let world = mdp_1296();
                    world.sample_paths(|path| {
                        centred_square(&world.weighted(path, |t| if t < 3 { 1.0 } else { 0.0 }), &[0.0; 6])
                    })
                }),
            }],
        },
    ],
};

/// Value, score and second derivative of the log-density.
fn jet(family: Family, theta: f64, x: f64) -> Jet {
    family.log_density(Jet::variable(theta), x)
}

/// `E[score²]`.
fn information(family: Family, theta: f64) -> f64 {
    family.expectation(theta, |x| numeric::power(jet(family, theta, x).slope, 2))
}

/// `−E[second derivative of log p]`, where it exists.
fn curvature(family: Family, theta: f64) -> f64 {
    -family.expectation(theta, |x| jet(family, theta, x).curvature)
}

/// The second derivative of `KL(p_θ ‖ p_θ')` at `θ' = θ`, by differences of the divergence, extrapolated once.
fn divergence_curvature(family: Family, theta: f64) -> f64 {
    let divergence =
        |h: f64| family.expectation(theta, |x| family.log_density(theta, x) - family.log_density(theta + h, x));
    let second = |h: f64| (divergence(h) + divergence(-h)) / (h * h);
    (4.0 * second(2e-3) - second(4e-3)) / 3.0
}

const REGULAR: [(Family, f64); 3] = [(Family::Mixture, 0.3), (Family::StudentT3, 0.4), (Family::Cauchy, -0.2)];

fn over_regular(of: fn(Family, f64) -> f64) -> Vec<f64> {
    REGULAR.iter().map(|(family, theta)| of(*family, *theta)).collect()
}

/// Draws of the squared score of the Cauchy location family, times `factor`.
fn cauchy_draws(factor: f64) -> Sample {
    let square = move |x: f64| factor * numeric::power(jet(Family::Cauchy, 0.0, x).slope, 2);
    let mean = Family::Cauchy.expectation(0.0, square);
    let variance = Family::Cauchy.expectation(0.0, |x| numeric::power(square(x) - mean, 2));
    Box::new(Draws::new(vec![mean], vec![variance], move |stream, out| {
        // The ratio of two independent normals is Cauchy.
        let (x, y) = (stream.normal(), stream.normal());
        out[0] = square(x / y);
    }))
}

pub(in crate::claims) static EXPONENTIAL_FAMILY: Claim = Claim {
    id: "ch07-only-exponential-family",
    origin: Origin::Guide,
    quote: "-E[hess log p]=E[score score^T], which holds for any exponential family",
    statement: "True, but narrower than need be: it holds for every regular family (twice differentiable, derivative \
                and integral exchangeable). It fails where the support depends on θ or log p has a kink.",
    because: "∇²p/p = ∇² log p + score scoreᵀ, and the mean of ∇²p/p is ∫∇²p = ∇²∫p = 0 where the exchange is allowed.",
    lesson: "Mixtures, Student-t and Cauchy are not exponential families and satisfy it exactly, so mixture and \
             heavy-tailed policies may use it. For the Laplace location E[score²] is still the curvature of the \
             divergence, but −E[hess] misses the kink. For uniform[0, θ] the score −1/θ has a mean that is not zero, \
             and the identity fails outright: at θ=2, E[score²] = .25 and −E[hess] = −.25.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "fisher_mixture",
            what: "E[score²] of the mixture's weight at .3",
            value: Value::Number(|| information(Family::Mixture, 0.3)),
        },
        Quantity {
            key: "fisher_student_t3",
            what: "E[score²] of Student-t location, 3 degrees of freedom",
            value: Value::Number(|| information(Family::StudentT3, 0.4)),
        },
        Quantity {
            key: "fisher_cauchy",
            what: "E[score²] of Cauchy location",
            value: Value::Number(|| information(Family::Cauchy, -0.2)),
        },
        Quantity {
            key: "laplace_pair",
            what: "Laplace location: E[score²] and −E[hess]",
            value: Value::List(|| vec![information(Family::Laplace, 0.1), curvature(Family::Laplace, 0.1)]),
        },
        Quantity {
            key: "uniform_triple",
            what: "uniform[0, 2]: E[score], E[score²] and −E[hess]",
            value: Value::List(|| {
                let uniform = Family::Uniform;
                let score = uniform.expectation(2.0, |x| jet(uniform, 2.0, x).slope);
                vec![score, information(uniform, 2.0), curvature(uniform, 2.0)]
            }),
        },
    ],
    trials: &[
        Trial {
            name: "it holds for three families that are not exponential",
            role: Role::Contradicts,
            setting: "the mixture w·N(−1, 1) + (1−w)·N(2, .5²) at w=.3, its parameter being the weight w; Student-t \
                      with 3 degrees of freedom and Cauchy, their parameter the location: E[score²] against −E[hess]",
            subject: Subject::Exact(|| over_regular(information)),
            expected: || over_regular(curvature),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the variance of an exponential family's mean, 1/variance",
                subject: Subject::Exact(|| vec![information(Family::Mixture, 0.3), 1.0 / 3.0, 0.0]),
            }],
        },
        Trial {
            name: "and both are the curvature of the divergence",
            role: Role::Contradicts,
            setting: "the same, the divergence by quadrature and differences",
            subject: Subject::Exact(|| over_regular(information)),
            expected: || over_regular(divergence_curvature),
            judge: Judge::Exact { tolerance: 1e-6, why: "rounding over the square of the step of the differences" },
            counterfeits: &[Counterfeit {
                story: "a parameter a tenth off",
                subject: Subject::Exact(|| {
                    REGULAR
                        .map(|(family, theta)| {
                            if family == Family::Mixture {
                                information(family, theta + 0.1)
                            } else {
                                1.1 * information(family, theta)
                            }
                        })
                        .to_vec()
                }),
            }],
        },
        Trial {
            name: "in closed form: (ν+1)/(ν+3) for Student-t",
            role: Role::Contradicts,
            setting: "ν=3 and, for Cauchy, ν=1",
            subject: Subject::Exact(|| vec![information(Family::StudentT3, 0.4), information(Family::Cauchy, -0.2)]),
            expected: || vec![4.0 / 6.0, 2.0 / 4.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "the normal's 1", subject: Subject::Exact(|| vec![1.0, 1.0]) }],
        },
        Trial {
            name: "Laplace: the kink carries all of it",
            role: Role::Limits,
            setting: "location .1: E[score²] against −E[hess], which is zero almost everywhere",
            subject: Subject::Exact(|| vec![information(Family::Laplace, 0.1)]),
            expected: || vec![curvature(Family::Laplace, 0.1)],
            judge: Judge::Different { at_least: 0.5, why: "half of the information" },
            counterfeits: &[Counterfeit {
                story: "−E[hess] again",
                subject: Subject::Exact(|| vec![curvature(Family::Laplace, 0.1)]),
            }],
        },
        Trial {
            name: "uniform: the score has a mean, and the signs differ",
            role: Role::Limits,
            setting: "[0, 2]: E[score], E[score²], −E[hess] against −1/θ, 1/θ², −1/θ²",
            subject: Subject::Exact(|| {
                let uniform = Family::Uniform;
                let score = uniform.expectation(2.0, |x| jet(uniform, 2.0, x).slope);
                vec![score, information(uniform, 2.0), curvature(uniform, 2.0)]
            }),
            expected: || vec![-0.5, 0.25, -0.25],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a regular family: mean zero, and equal",
                subject: Subject::Exact(|| vec![0.0, 0.25, 0.25]),
            }],
        },
        Trial {
            name: "the squared score of a Cauchy location, drawn",
            role: Role::Contradicts,
            setting: "ratios of normals; the expected value is −E[hess]",
            subject: Subject::Sampled(|| cauchy_draws(1.0)),
            expected: || vec![curvature(Family::Cauchy, 0.0)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a tenth too large",
                subject: Subject::Sampled(|| cauchy_draws(1.1)),
            }],
        },
        Trial {
            name: "it holds for an exponential family too",
            role: Role::Confirms,
            setting: "3-arm softmax, logits (.2, −.3, .8): −E[∇² log π] along second derivatives, against E[score scoreᵀ]",
            subject: Subject::Exact(|| {
                let (policy, pi) = (three_arms().policy, softmax(&LOGITS));
                scale(
                    -1.0,
                    &hessian(&LOGITS, |theta| {
                        (0..3).fold(Jet::from(0.0), |sum, a| {
                            sum + Jet::from(pi[a]) * probability(&policy, theta, 0, 0, a).ln()
                        })
                    }),
                )
            }),
            expected: score_products,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "of the probabilities in place of their logarithms",
                subject: Subject::Exact(|| {
                    let policy = three_arms().policy;
                    hessian(&LOGITS, |theta| probability(&policy, theta, 0, 0, 0))
                }),
            }],
        },
        Trial {
            name: "Laplace: E[score²] is the curvature of the divergence all the same",
            role: Role::Limits,
            setting: "KL = |δ| + e^{−|δ|} − 1: its second difference at 10⁻⁴, and its value at ½ by quadrature",
            subject: Subject::Exact(|| {
                let gap = |x: f64| Family::Laplace.log_density(0.1, x) - Family::Laplace.log_density(0.6, x);
                vec![information(Family::Laplace, 0.1), Family::Laplace.expectation(0.1, gap)]
            }),
            expected: || {
                let divergence = |h: f64| h + numeric::exp(-h) - 1.0;
                vec![2.0 * divergence(1e-4) / 1e-8, divergence(0.5)]
            },
            judge: Judge::Exact {
                tolerance: 1e-4,
                why: "the third order of the difference; the kink in the quadrature",
            },
            counterfeits: &[Counterfeit {
                story: "−E[hess] for the curvature",
                subject: Subject::Exact(|| vec![curvature(Family::Laplace, 0.1), 0.5 + numeric::exp(-0.5) - 1.0]),
            }],
        },
    ],
};
