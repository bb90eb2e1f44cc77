//! TRPO's step: conjugate gradients, the quadratic model and the line search.

use crate::claims::ch07::steps::{after_natural_step, divergence_reached, iterated};
use crate::claims::prelude::*;
use crate::estimator::{Outcome, TrustRegion, sampled_fisher};

/// The divergence of two arms at p=.99 after the quadratic step for δ=.5, up or down.
fn two_arm_reached(sign: f64) -> f64 {
    let p: f64 = 0.99;
    let step = sign * (2.0 * 0.5 / (p * (1.0 - p))).sqrt();
    let old = two_arm(p, 1.0, 0.0);
    let new = old.with_parameters(vec![old.policy.parameters()[0] + step]);
    old.off_policy(&new).divergence()
}

/// `p log(p/q) + (1−p) log((1−p)/(1−q))` of the same, by logits.
fn two_arm_closed(sign: f64) -> f64 {
    let p: f64 = 0.99;
    let x = numeric::ln(p / (1.0 - p));
    let y = x + sign * (1.0 / (p * (1.0 - p))).sqrt();
    let log_one_plus_exp =
        |x: f64| if x > 0.0 { x + numeric::ln(1.0 + numeric::exp(-x)) } else { numeric::ln(1.0 + numeric::exp(x)) };
    log_one_plus_exp(y) - log_one_plus_exp(x) - p * (y - x)
}

/// The divergence that TRPO's step reaches on two arms at p=.99 whose other arm pays, δ=.5, with so many halvings allowed;
/// without an acceptable length the first candidate's.
fn searched_down(backtracks: usize) -> f64 {
    let world = two_arm(0.99, 0.0, 1.0);
    let fisher = world.oracle().fisher();
    let region = TrustRegion { radius: 0.5, damping: 0.0, iterations: 10, backtracks };
    let measure = |step: &[f64]| {
        let new = world.with_parameters(vec![world.policy.parameters()[0] + step[0]]);
        let gain = new.objective() - world.objective();
        Outcome { gain, divergence: world.off_policy(&new).divergence() }
    };
    let step = region.step(&world.gradient(), |v| fisher.times(v), measure);
    if step.accepted { step.outcome.divergence } else { two_arm_reached(-1.0) }
}

/// The world with the policy that TRPO makes of a batch of four trajectories of set-mdp-1296 by what the batch shows: its own
/// gradient, Fisher matrix and divergence, δ=.5.
fn sampled_step(world: &World, batch: &Batch) -> Vec<f64> {
    let fisher = sampled_fisher(&world.policy, batch);
    let region = TrustRegion { radius: 0.5, damping: 0.01, iterations: 10, backtracks: 10 };
    let moved = |step: &[f64]| world.stepped(1.0, step);
    let measure = |step: &[f64]| {
        let new = moved(step);
        let shown = mean_over(batch, |path| {
            let all = world.off_policy(&new).divergences();
            let ratios = world.ratios(&new, path);
            let kl = (0..4).map(|t| all[t * 3 + path.states[t] as usize].forward).sum();
            let gain = (0..4).map(|t| (ratios[t] - 1.0) * to_go(path, t)).sum();
            vec![kl, gain]
        });
        Outcome { gain: shown[1], divergence: shown[0] }
    };
    let step = region.step(&v2(world, batch), |v| fisher.times(v), measure);
    // The divergence over all states, and the one that the batch showed.
    vec![world.off_policy(&moved(&step.step)).divergence(), step.outcome.divergence]
}

/// Of a few batches, the largest divergence reached and the largest that was shown.
fn largest_of_batches() -> [f64; 2] {
    let world = mdp_1296();
    let paths: Vec<&Trajectory> = world.paths().iter().map(|(_, path)| path).collect();
    // Every 81st trajectory with the three after it: sixteen batches, whatever their probability.
    let batches = (0..16).map(|i| Batch::of(4, paths[81 * i..81 * i + 4].iter().copied()));
    batches.map(|batch| sampled_step(world, &batch)).fold([0.0, 0.0], |most, x| [most[0].max(x[0]), most[1].max(x[1])])
}

pub(in crate::claims) static TRPO_EXACT: Claim = Claim {
    id: "ch10-trpo-exact",
    origin: Origin::Guide,
    quote: "TRPO: Enforce the KL constraint exactly using second-order optimization (CG + line search)",
    statement: "The step uses the quadratic model, and the divergence reached is another; the line search guarantees KL ≤ δ on the sample \
                average: an inequality, after one step, no exact solution.",
    because: "½dᵀFd is the second order of KL(old‖new); the third has either sign.",
    lesson: "For two arms at p=.99 and δ=.5 the step up reaches .09, the step down 5.35: backtracking is needed, and \
             then the constraint is not tight.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "kl_mdp",
            what: "Σ_t E KL(old‖new) on set-mdp-1296, δ=.5",
            value: Value::Number(|| divergence_reached(0.5)),
        },
        Quantity { key: "kl_two_arm_up", what: "two arms, step up", value: Value::Number(|| two_arm_reached(1.0)) },
        Quantity {
            key: "kl_two_arm_down",
            what: "two arms, step down",
            value: Value::Number(|| two_arm_reached(-1.0)),
        },
    ],
    trials: &[
        Trial {
            name: "both steps were meant to reach .5: up it is .09, down it is 5.35",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.99, δ=.5: KL(old‖new) after the step up in θ and after the step down; by the \
                      occupancies and by log(1+eˣ)",
            subject: Subject::Exact(|| [1.0, -1.0].map(two_arm_reached).to_vec()),
            expected: || [1.0, -1.0].map(two_arm_closed).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "½dᵀFd = δ", subject: Subject::Exact(|| vec![0.5; 2]) }],
        },
        Trial {
            name: "up it undershoots, down it overshoots by far",
            role: Role::Contradicts,
            setting: "the same: δ over the divergence up, and the divergence down over δ, against 5",
            subject: Subject::Exact(|| vec![0.5 / two_arm_reached(1.0), two_arm_reached(-1.0) / 0.5]),
            expected: || vec![5.0; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "at p=.5, where the third order vanishes",
                subject: Subject::Exact(|| {
                    let step = 2.0;
                    let reached = Divergence::of(&[0.5, 0.5], &[sigmoid(step), 1.0 - sigmoid(step)]).forward;
                    vec![0.5 / reached, reached / 0.5]
                }),
            }],
        },
        Trial {
            name: "on a larger world it does not hit δ either",
            role: Role::Contradicts,
            setting: "set-mdp-1296, δ=.5; by enumeration of the weights",
            subject: Subject::Exact(|| {
                let new = after_natural_step(0.5);
                vec![mdp_1296().mean(|path| -numeric::ln(mdp_1296().weight(&new, path)))]
            }),
            expected: || vec![0.5],
            judge: Judge::Different { at_least: 0.01, why: "a third of the miss" },
            counterfeits: &[Counterfeit {
                story: "½dᵀFd",
                subject: Subject::Exact(|| {
                    let (old, new) = (mdp_1296(), after_natural_step(0.5));
                    let step = difference(new.policy.parameters(), old.policy.parameters());
                    vec![0.5 * dot(&old.oracle().fisher().times(&step), &step)]
                }),
            }],
        },
        Trial {
            name: "the line search keeps the inequality, and leaves slack",
            role: Role::Confirms,
            setting: "two arms at p=.99 whose other arm pays, δ=.5: the divergence after the search, and four times it",
            subject: Subject::Exact(|| vec![searched_down(10), 4.0 * searched_down(10)]),
            expected: || vec![0.5; 2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "without a search",
                subject: Subject::Exact(|| vec![searched_down(0), 4.0 * searched_down(0)]),
            }],
        },
        Trial {
            name: "but only for the states of the batch",
            role: Role::Contradicts,
            setting: "set-mdp-1296, sixteen batches of four, the batch's own gradient, matrix and divergence: the largest over all states",
            subject: Subject::Exact(|| vec![largest_of_batches()[0]]),
            expected: || vec![0.5],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "the divergence that the batches showed",
                subject: Subject::Exact(|| vec![largest_of_batches()[1]]),
            }],
        },
    ],
};

pub(in crate::claims) static CONJUGATE: Claim = Claim {
    id: "ch10-trpo-cg",
    origin: Origin::Guide,
    quote: "requires computing or approximating the Fisher information matrix",
    statement: "Conjugate gradients with products Fv solve Fx = g in at most rank(F) iterations, also for a singular F, because g lies in \
                its range.",
    because: "Krylov subspaces of a matrix of rank r have dimension at most r (Hestenes & Stiefel 1952); ∇J = E[score · return] is \
              orthogonal to the null space.",
    lesson: "No inverse is needed, and no matrix: Fv is the mean of the score times its component along v.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "iterations",
        what: "iterations until the residual is below 1e-10",
        value: Value::Number(|| iterated(100).iterations as f64),
    }],
    trials: &[
        Trial {
            name: "as many iterations as the rank",
            role: Role::Confirms,
            setting: "set-mdp-1296: 6 parameters, rank 3",
            subject: Subject::Exact(|| vec![iterated(100).iterations as f64]),
            expected: || vec![numeric::Eigen::of(&mdp_1296().oracle().fisher()).rank() as f64],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "stopped after two",
                subject: Subject::Exact(|| vec![iterated(2).iterations as f64]),
            }],
        },
        Trial {
            name: "and the solution is that of the pseudo-inverse",
            role: Role::Confirms,
            setting: "the same with products Fv = E[g (g·v)] over all trajectories and no matrix; by eigenvectors of the matrix",
            subject: Subject::Exact(|| {
                let world = mdp_1296();
                let product = |v: &[f64]| {
                    world.expect(|path| {
                        let g = world.sum_of_scores(path);
                        scale(dot(&g, v), &g)
                    })
                };
                numeric::conjugate_gradients(product, &world.gradient(), 1e-10, 100).solution
            }),
            expected: || numeric::Eigen::of(&mdp_1296().oracle().fisher()).pseudo_solve(&mdp_1296().gradient()),
            judge: Judge::Exact { tolerance: 1e-9, why: "the residual is below 1e-10" },
            counterfeits: &[Counterfeit {
                story: "stopped after two",
                subject: Subject::Exact(|| iterated(2).solution),
            }],
        },
        Trial {
            name: "∇J lies in the range of F",
            role: Role::Confirms,
            setting: "set-mdp-1296: FF⁺∇J",
            subject: Subject::Exact(|| {
                let fisher = mdp_1296().oracle().fisher();
                fisher.times(&numeric::Eigen::of(&fisher).pseudo_solve(&mdp_1296().gradient()))
            }),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a vector with a common shift",
                subject: Subject::Exact(|| {
                    let fisher = mdp_1296().oracle().fisher();
                    let shifted: Vec<f64> = mdp_1296().gradient().iter().map(|x| x + 0.1).collect();
                    let image = fisher.times(&numeric::Eigen::of(&fisher).pseudo_solve(&shifted));
                    image.iter().map(|x| x + 0.1).collect()
                }),
            }],
        },
    ],
};
