//! The natural gradient: what is invariant, what a step does, and what it does to noise.

use crate::claims::ch04::direction::inverse_fisher;
use crate::claims::prelude::*;
use crate::estimator::{
    Fisher, NaturalGradient, Outcome, TotalReturn, TrustRegion, damped_solve, sampled_fisher, scaled_to_radius,
};
use crate::numeric::Matrix;

const REWARDS: [f64; 3] = [1.0, 3.0, 2.0];

/// A policy on three arms with two parameters: logits `(u, v, 0)` as a function of them.
#[derive(Clone, Copy)]
struct Chart {
    logits: fn([Dual<2>; 2]) -> [Dual<2>; 2],
    point: [f64; 2],
}

/// `(u, v)` themselves, at the point of the second chart.
fn plain() -> Chart {
    Chart { logits: |x| x, point: [0.6 * 0.6 * 0.6 + 0.6, -0.4 + 0.6 * 0.6] }
}

/// `u = x³ + x`, `v = y + x²` at `x=.6`, `y=−.4`.
fn bent() -> Chart {
    Chart { logits: |[x, y]| [x * x * x + x, y + x * x], point: [0.6, -0.4] }
}

/// `u = (x−y)/√2`, `v = (x+y)/√2`: a rotation, under which lengths and angles of parameters stay.
fn rotated() -> Chart {
    const ROOT: f64 = std::f64::consts::FRAC_1_SQRT_2;
    let [u, v] = plain().point;
    Chart {
        logits: |[x, y]| [Dual::from(ROOT) * (x - y), Dual::from(ROOT) * (x + y)],
        point: [ROOT * (u + v), ROOT * (v - u)],
    }
}

impl Chart {
    /// π with its derivatives.
    fn policy(&self, at: [f64; 2]) -> Vec<Dual<2>> {
        let point = Dual::point(&at);
        let [u, v] = (self.logits)([point[0], point[1]]);
        let exps = [u.exp(), v.exp(), Dual::from(1.0)];
        let total = exps[0] + exps[1] + exps[2];
        exps.map(|e| e / total).to_vec()
    }

    fn probabilities(&self, at: [f64; 2]) -> Vec<f64> {
        self.policy(at).iter().map(|p| p.value).collect()
    }

    fn gradient(&self) -> Vec<f64> {
        let policy = self.policy(self.point);
        (0..2).map(|k| policy.iter().zip(REWARDS).map(|(p, r)| p.tangents[k] * r).sum()).collect()
    }

    fn fisher(&self) -> Matrix {
        let policy = self.policy(self.point);
        Matrix::from_fn(2, 2, |i, j| policy.iter().map(|p| p.tangents[i] * p.tangents[j] / p.value).sum())
    }

    fn natural(&self, damping: f64) -> Vec<f64> {
        damped_solve(&self.fisher(), damping, &self.gradient())
    }

    /// The change of π along a direction of the parameters.
    fn change(&self, direction: &[f64]) -> Vec<f64> {
        self.policy(self.point).iter().map(|p| dot(&p.tangents, direction)).collect()
    }

    /// π after a natural step.
    fn after(&self, alpha: f64) -> Vec<f64> {
        let step = self.natural(0.0);
        self.probabilities([self.point[0] + alpha * step[0], self.point[1] + alpha * step[1]])
    }
}

/// `π_a (r_a − r̄)`: the replicator equation.
fn replicator() -> Vec<f64> {
    let pi = plain().probabilities(plain().point);
    let mean = dot(&pi, &REWARDS);
    pi.iter().zip(REWARDS).map(|(p, r)| p * (r - mean)).collect()
}

pub(in crate::claims) static NOT_INVARIANT: Claim = Claim {
    id: "ch07-vanilla-not-invariant",
    origin: Origin::Guide,
    quote: "The vanilla gradient is not parameterization-invariant: reparameterise theta->phi(theta), the direction changes",
    statement: "The change of the policy along the vanilla gradient, J_π J_πᵀ∇, depends on the parameters; that along F⁻¹∇J does \
                not.",
    because: "Under θ(φ) the gradient is multiplied by the Jacobian transposed, a direction by its inverse (Amari 1998).",
    lesson: "The same policy, the same rewards, two sets of parameters: the updates point 25° apart.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "dpi_vanilla_uv",
            what: "the vanilla direction of π in (u, v)",
            value: Value::List(|| plain().change(&plain().gradient())),
        },
        Quantity {
            key: "dpi_vanilla_xy",
            what: "the vanilla direction of π in (x, y)",
            value: Value::List(|| bent().change(&bent().gradient())),
        },
        Quantity {
            key: "angle_deg",
            what: "the angle between them, degrees",
            value: Value::Number(|| angle(&plain().change(&plain().gradient()), &bent().change(&bent().gradient()))),
        },
        Quantity {
            key: "dpi_natural",
            what: "the natural direction of π, the same in both",
            value: Value::List(|| bent().change(&bent().natural(0.0))),
        },
    ],
    trials: &[
        Trial {
            name: "the vanilla directions differ",
            role: Role::Confirms,
            setting: "3 arms, logits (u, v, 0), r=(1, 3, 2); u=x³+x, v=y+x² at x=.6, y=−.4",
            subject: Subject::Exact(|| bent().change(&bent().gradient())),
            expected: || plain().change(&plain().gradient()),
            judge: Judge::Different { at_least: 0.05, why: "half of their distance" },
            counterfeits: &[Counterfeit {
                story: "in rotated parameters, where they agree",
                subject: Subject::Exact(|| rotated().change(&rotated().gradient())),
            }],
        },
        Trial {
            name: "the natural directions agree",
            role: Role::Confirms,
            setting: "the same",
            subject: Subject::Exact(|| bent().change(&bent().natural(0.0))),
            expected: || plain().change(&plain().natural(0.0)),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the vanilla direction",
                subject: Subject::Exact(|| bent().change(&bent().gradient())),
            }],
        },
        Trial {
            name: "the vanilla direction by moving the parameters",
            role: Role::Confirms,
            setting: "the same: central differences of π along the gradient in (x, y)",
            subject: Subject::Exact(|| bent().change(&bent().gradient())),
            expected: || {
                let (chart, g) = (bent(), bent().gradient());
                let at = |h: f64| chart.probabilities([chart.point[0] + h * g[0], chart.point[1] + h * g[1]]);
                let slope = |h: f64| scale(0.5 / h, &difference(&at(h), &at(-h)));
                slope(1e-3).iter().zip(slope(2e-3)).map(|(close, wide)| (4.0 * close - wide) / 3.0).collect()
            },
            judge: DIFFERENCES,
            counterfeits: &[Counterfeit {
                story: "the gradient in (u, v)",
                subject: Subject::Exact(|| bent().change(&plain().gradient())),
            }],
        },
    ],
};

fn finite_step_difference(alpha: f64) -> f64 {
    distance(&plain().after(alpha), &bent().after(alpha))
}

fn damped_angle() -> f64 {
    angle(&plain().change(&plain().natural(0.1)), &bent().change(&bent().natural(0.1)))
}

/// The redundant softmax on three logits, with the same policy.
fn redundant() -> World {
    let [u, v] = plain().point;
    World::new(bandit(&REWARDS), tabular(1, 3, &[u, v, 0.0]))
}

/// `F⁺∇J` of a world, by the oracle's Fisher matrix.
fn natural_of(world: &World) -> Vec<f64> {
    damped_solve(&world.oracle().fisher(), 0.0, &world.gradient())
}

/// The change of π along a direction of a world's logits.
fn change_of(world: &World, direction: &[f64]) -> Vec<f64> {
    let theta = Dual::<16>::point(world.policy.parameters());
    (0..world.mdp.actions())
        .map(|a| dot(&probability(&world.policy, &theta, 0, 0, a).tangents[..direction.len()], direction))
        .collect()
}

pub(in crate::claims) static INVARIANT: Claim = Claim {
    id: "ch07-natural-invariant",
    origin: Origin::Guide,
    quote: "The natural gradient F^-1 grad J is invariant",
    statement: "Exact for the infinitesimal direction, also with F⁺ for a singular F; finite steps differ by O(α²), and damping \
                F+λI destroys the invariance.",
    because: "F transforms like a metric; λI does not. A straight line in one chart is curved in another.",
    lesson: "The direction is π_a(r_a − r̄), the replicator equation, in any parameters. Damping, which most implementations \
             add, turns it: by 6° here with λ=.1.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "finite_step_difference",
            what: "norm of the difference of the policies after a step of .1 and .01",
            value: Value::List(|| [0.1, 0.01].map(finite_step_difference).to_vec()),
        },
        Quantity {
            key: "damped_angle_deg",
            what: "the angle between the directions with damping .1, degrees",
            value: Value::Number(damped_angle),
        },
    ],
    trials: &[
        Trial {
            name: "the direction is that of the replicator equation",
            role: Role::Confirms,
            setting: "3 arms in (x, y)",
            subject: Subject::Exact(|| bent().change(&bent().natural(0.0))),
            expected: replicator,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with damping .1",
                subject: Subject::Exact(|| bent().change(&bent().natural(0.1))),
            }],
        },
        Trial {
            name: "also for three redundant logits, with the pseudo-inverse",
            role: Role::Confirms,
            setting: "3 arms, one logit each: F is singular",
            subject: Subject::Exact(|| change_of(&redundant(), &natural_of(&redundant()))),
            expected: replicator,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the vanilla gradient",
                subject: Subject::Exact(|| change_of(&redundant(), &redundant().gradient())),
            }],
        },
        Trial {
            name: "finite steps differ",
            role: Role::Limits,
            setting: "the policies after a step of .1 in (u, v) and in (x, y)",
            subject: Subject::Exact(|| bent().after(0.1)),
            expected: || plain().after(0.1),
            judge: Judge::Different { at_least: 5e-4, why: "half of their distance" },
            counterfeits: &[Counterfeit {
                story: "in rotated parameters, where they agree",
                subject: Subject::Exact(|| rotated().after(0.1)),
            }],
        },
        Trial {
            name: "by the square of the step",
            role: Role::Limits,
            setting: "the same: log10 of the ratio of the differences at .01 and .001",
            subject: Subject::Exact(|| {
                let ratio = finite_step_difference(0.01) / finite_step_difference(0.001);
                vec![numeric::ln(ratio) / std::f64::consts::LN_10]
            }),
            expected: || vec![2.0],
            judge: Judge::Exact { tolerance: 0.01, why: "the third order adds a part of the step" },
            counterfeits: &[Counterfeit {
                story: "vanilla steps, which differ at first order",
                subject: Subject::Exact(|| {
                    let after = |chart: Chart, alpha: f64| {
                        let g = chart.gradient();
                        chart.probabilities([chart.point[0] + alpha * g[0], chart.point[1] + alpha * g[1]])
                    };
                    let gap = |alpha: f64| distance(&after(plain(), alpha), &after(bent(), alpha));
                    vec![numeric::ln(gap(0.01) / gap(0.001)) / std::f64::consts::LN_10]
                }),
            }],
        },
        Trial {
            name: "damping destroys the invariance",
            role: Role::Limits,
            setting: "F+.1 I in both charts: the angle between the directions of π, in degrees",
            subject: Subject::Exact(|| vec![damped_angle()]),
            expected: || vec![3.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "no damping",
                subject: Subject::Exact(|| {
                    vec![angle(&plain().change(&plain().natural(0.0)), &bent().change(&bent().natural(0.0)))]
                }),
            }],
        },
        Trial {
            name: "F⁺∇J by eigenvectors and by elimination",
            role: Role::Confirms,
            setting: "3-arm softmax (.2, −.3, .8): the redundant logits' natural gradient",
            subject: Subject::Exact(|| {
                let world = World::new(bandit(&REWARDS), tabular(1, 3, &[0.2, -0.3, 0.8]));
                natural_of(&world)
            }),
            expected: || {
                let world = World::new(bandit(&REWARDS), tabular(1, 3, &[0.2, -0.3, 0.8]));
                inverse_fisher(&softmax(&[0.2, -0.3, 0.8]), &world.gradient())
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the gradient",
                subject: Subject::Exact(|| World::new(bandit(&REWARDS), tabular(1, 3, &[0.2, -0.3, 0.8])).gradient()),
            }],
        },
    ],
};

/// `(u, v) = (.2, −.3)` of the steepest-ascent problem.
fn start() -> Chart {
    Chart { logits: |x| x, point: [0.2, -0.3] }
}

/// The policy with the largest mean reward within a divergence: `q_a ∝ p_a/(m − r_a)`, as Lagrange's condition has it, with
/// `m` above every reward found from the divergence; as a step in `(u, v)`.
fn exact_optimum(eps: f64) -> Vec<f64> {
    let p = start().probabilities(start().point);
    let tilted = |m: f64| {
        let weights: Vec<f64> = p.iter().zip(REWARDS).map(|(p, r)| p / (m - r)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|w| w / sum).collect::<Vec<f64>>()
    };
    let excess = |log: f64| Divergence::of(&p, &tilted(3.0 + numeric::exp(log))).forward - eps;
    let m = 3.0 + numeric::exp(numeric::root(-12.0, 12.0, excess).expect("the divergence grows as m falls"));
    let q = tilted(m);
    vec![numeric::ln(q[0] / q[2]) - start().point[0], numeric::ln(q[1] / q[2]) - start().point[1]]
}

/// The same by trying directions: the best point of the boundary, by golden-section search over the angle.
fn searched_optimum(eps: f64) -> Vec<f64> {
    let (chart, p) = (start(), start().probabilities(start().point));
    let at = |step: &[f64]| chart.probabilities([chart.point[0] + step[0], chart.point[1] + step[1]]);
    let boundary = |phi: f64| {
        let direction = [numeric::cos(phi), numeric::sin(phi)];
        let excess = |r: f64| Divergence::of(&p, &at(&scale(r, &direction))).forward - eps;
        scale(numeric::root(0.0, 20.0, excess).expect("the divergence grows along a ray"), &direction)
    };
    let value = |phi: f64| dot(&at(&boundary(phi)), &REWARDS);
    // Coarse, then fine: the value has one maximum on the circle.
    let best =
        (0..64).map(|i| f64::from(i) * std::f64::consts::TAU / 64.0).max_by(|a, b| value(*a).total_cmp(&value(*b)));
    let (mut low, mut high) = best.map_or((0.0, 0.0), |phi| (phi - 0.1, phi + 0.1));
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    for _ in 0..60 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if value(a) > value(b) { high = b } else { low = a }
    }
    boundary(0.5 * (low + high))
}

fn steepest_angle(eps: f64) -> f64 {
    angle(&exact_optimum(eps), &start().natural(0.0))
}

pub(in crate::claims) static STEEPEST: Claim = Claim {
    id: "ch07-steepest-ascent",
    origin: Origin::Guide,
    quote: "max grad J^T d s.t. 1/2 d^T F d<=eps => d prop. F^-1 grad J",
    statement: "d = √(2ε/gᵀF⁻¹g) F⁻¹g solves the quadratic model; the optimum under the exact divergence converges to it in \
                direction as ε → 0.",
    because: "Lagrange's condition g = λFd for the model; for the exact problem the terms of higher order vanish with ε.",
    lesson: "At ε=.1 the best step within the divergence is 15° from F⁻¹g: the natural gradient solves the model, not the \
             problem.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "angles_deg",
        what: "the angle between the exact optimum and F⁻¹g for ε=.1, .01, .001, degrees",
        value: Value::List(|| [0.1, 0.01, 0.001].map(steepest_angle).to_vec()),
    }],
    trials: &[
        Trial {
            name: "among steps of equal dᵀFd the natural one gains most in the model",
            role: Role::Confirms,
            setting: "3 arms, (u, v)=(.2, −.3), r=(1, 3, 2): the best of 3600 directions on the ellipse ½dᵀFd=.01",
            subject: Subject::Exact(|| {
                let (fisher, g) = (start().fisher(), start().gradient());
                vec![dot(&scaled_to_radius(&fisher, &start().natural(0.0), 0.01), &g)]
            }),
            expected: || {
                let (fisher, g) = (start().fisher(), start().gradient());
                let gain = |i: i32| {
                    let phi = f64::from(i) * std::f64::consts::TAU / 3600.0;
                    dot(&scaled_to_radius(&fisher, &[numeric::cos(phi), numeric::sin(phi)], 0.01), &g)
                };
                vec![(0..3600).map(gain).fold(0.0, f64::max)]
            },
            judge: Judge::Exact { tolerance: 1e-6, why: "the grid of directions is a tenth of a degree fine" },
            counterfeits: &[Counterfeit {
                story: "the vanilla direction",
                subject: Subject::Exact(|| {
                    let (fisher, g) = (start().fisher(), start().gradient());
                    vec![dot(&scaled_to_radius(&fisher, &g, 0.01), &g)]
                }),
            }],
        },
        Trial {
            name: "the exact optimum by Lagrange's condition and by search",
            role: Role::Limits,
            setting: "the same, KL ≤ .1",
            subject: Subject::Exact(|| exact_optimum(0.1)),
            expected: || searched_optimum(0.1),
            judge: Judge::Exact { tolerance: 1e-6, why: "a maximum is found to the root of the rounding" },
            counterfeits: &[Counterfeit {
                story: "the natural step",
                subject: Subject::Exact(|| scaled_to_radius(&start().fisher(), &start().natural(0.0), 0.1)),
            }],
        },
        Trial {
            name: "it is turned away from the natural direction",
            role: Role::Limits,
            setting: "the same, KL ≤ .1: the angle, in degrees",
            subject: Subject::Exact(|| vec![steepest_angle(0.1)]),
            expected: || vec![10.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "KL ≤ .001",
                subject: Subject::Exact(|| vec![steepest_angle(0.001)]),
            }],
        },
        Trial {
            name: "and the angle vanishes with the divergence",
            role: Role::Confirms,
            setting: "the same: the angle at ε=10⁻⁶ over that at 10⁻⁴, which is √ε's ratio",
            subject: Subject::Exact(|| vec![steepest_angle(1e-6) / steepest_angle(1e-4)]),
            expected: || vec![0.1],
            judge: Judge::Exact { tolerance: 2e-3, why: "the next order is of the size √ε" },
            counterfeits: &[Counterfeit {
                story: "to the vanilla gradient, from which it stays away",
                subject: Subject::Exact(|| {
                    let to = |eps: f64| angle(&exact_optimum(eps), &start().gradient());
                    vec![to(1e-6) / to(1e-4)]
                }),
            }],
        },
    ],
};

/// The divergence of the two-arm bandit's policy after a step in its logit.
fn two_arm_divergence(p: f64, step: f64) -> f64 {
    let q = sigmoid(numeric::ln(p / (1.0 - p)) + step);
    Divergence::of(&[p, 1.0 - p], &[q, 1.0 - q]).forward
}

/// `√(2ε/p(1−p))`.
fn normalised_step(p: f64, eps: f64) -> f64 {
    (2.0 * eps / (p * (1.0 - p))).sqrt()
}

pub(in crate::claims) static EQUAL_STEPS: Claim = Claim {
    id: "ch07-equal-sized-steps",
    origin: Origin::Guide,
    quote: "F^-1 undoes this warping, giving equal-sized steps in distribution space",
    statement: "The step αF⁻¹g has a divergence of about ½α² gᵀF⁻¹g, which varies over policies; equal steps need the factor \
                √(2ε/gᵀF⁻¹g), and are equal to leading order only.",
    because: "½ dᵀFd at d = αF⁻¹g is ½α² gᵀF⁻¹g, here ½α² p(1−p).",
    lesson: "Without normalisation the step is 26 times smaller, in nats, near a deterministic policy.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "kl_plain",
            what: "KL(old‖new) of the step .1 at p=.5, .99",
            value: Value::List(|| [0.5, 0.99].map(|p| two_arm_divergence(p, 0.1)).to_vec()),
        },
        Quantity {
            key: "kl_normalised",
            what: "KL(old‖new) of the normalised step, ε=.005, at p=.5, .99",
            value: Value::List(|| [0.5, 0.99].map(|p| two_arm_divergence(p, normalised_step(p, 0.005))).to_vec()),
        },
        Quantity {
            key: "plain_ratio",
            what: "the first of kl_plain over the second",
            value: Value::Number(|| two_arm_divergence(0.5, 0.1) / two_arm_divergence(0.99, 0.1)),
        },
    ],
    trials: &[
        Trial {
            name: "the natural gradient of the two-arm bandit is 1 at every p",
            role: Role::Confirms,
            setting: "set-two-arm, rewards 1 and 0, p=.5, .9, .99",
            subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| natural_of(&two_arm(p, 1.0, 0.0))[0]).to_vec()),
            expected: || vec![1.0; 3],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the vanilla gradient",
                subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| two_arm(p, 1.0, 0.0).gradient()[0]).to_vec()),
            }],
        },
        Trial {
            name: "equal steps have unequal divergences",
            role: Role::Limits,
            setting: "the step .1: its divergence at p=.5 over that at p=.99",
            subject: Subject::Exact(|| vec![two_arm_divergence(0.5, 0.1) / two_arm_divergence(0.99, 0.1)]),
            expected: || vec![20.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "normalised steps, ε=.005",
                subject: Subject::Exact(|| {
                    let [even, sure] = [0.5, 0.99].map(|p| two_arm_divergence(p, normalised_step(p, 0.005)));
                    vec![even / sure]
                }),
            }],
        },
        Trial {
            name: "the normalised step is equal to leading order",
            role: Role::Confirms,
            setting: "ε=10⁻⁸ at p=.5, .9, .99: KL/ε",
            subject: Subject::Exact(|| {
                [0.5, 0.9, 0.99].map(|p| two_arm_divergence(p, normalised_step(p, 1e-8)) / 1e-8).to_vec()
            }),
            expected: || vec![1.0; 3],
            judge: Judge::Exact { tolerance: 1e-3, why: "the third order is of the size √ε" },
            counterfeits: &[Counterfeit {
                story: "the plain step",
                subject: Subject::Exact(|| [0.5, 0.9, 0.99].map(|p| two_arm_divergence(p, 1e-4) / 1e-8).to_vec()),
            }],
        },
        Trial {
            name: "and not beyond",
            role: Role::Limits,
            setting: "ε=.005 at p=.99: the divergence reached, against .9 ε",
            subject: Subject::Exact(|| vec![two_arm_divergence(0.99, normalised_step(0.99, 0.005))]),
            expected: || vec![0.9 * 0.005],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "at p=.5",
                subject: Subject::Exact(|| vec![two_arm_divergence(0.5, normalised_step(0.5, 0.005))]),
            }],
        },
    ],
};

/// `F⁺∇J` of set-mdp-1296.
pub(in crate::claims) fn natural_1296() -> Vec<f64> {
    natural_of(mdp_1296())
}

/// `∇J` damped: `(F + .1 I)⁻¹∇J`.
fn damped_1296() -> Vec<f64> {
    damped_solve(&mdp_1296().oracle().fisher(), 0.1, &mdp_1296().gradient())
}

/// The world after the step `√(2δ/nᵀFn) n` along a direction.
pub(in crate::claims) fn after_natural_step(radius: f64) -> World {
    let world = mdp_1296();
    let step = scaled_to_radius(&world.oracle().fisher(), &natural_1296(), radius);
    world.with_parameters(world.policy.parameters().iter().zip(step).map(|(x, d)| x + d).collect())
}

/// The divergence that the quadratic step reaches.
pub(in crate::claims) fn divergence_reached(radius: f64) -> f64 {
    mdp_1296().off_policy(&after_natural_step(radius)).divergence()
}

/// Conjugate gradients on `F x = ∇J` of set-mdp-1296, stopped after `most` iterations.
pub(in crate::claims) fn iterated(most: usize) -> numeric::ConjugateGradients {
    let fisher = mdp_1296().oracle().fisher();
    numeric::conjugate_gradients(|v| fisher.times(v), &mdp_1296().gradient(), 1e-10, most)
}

/// The divergence that the quadratic step reaches over its radius, by enumeration of the weights' logarithms.
fn enumerated_part(radius: f64) -> f64 {
    let (old, new) = (mdp_1296(), after_natural_step(radius));
    old.mean(|path| -numeric::ln(old.weight(&new, path))) / radius
}

/// TRPO's own step on set-mdp-1296, without a line search, at a small radius.
fn trust_region_step(damping: f64) -> Vec<f64> {
    let world = mdp_1296();
    let fisher = world.oracle().fisher();
    let region = TrustRegion { radius: 1e-4, damping, iterations: 10, backtracks: 0 };
    let measure = |step: &[f64]| {
        let theta = world.policy.parameters().iter().zip(step).map(|(x, d)| x + d).collect();
        let new = world.with_parameters(theta);
        Outcome { gain: new.objective() - world.objective(), divergence: world.off_policy(&new).divergence() }
    };
    region.step(&world.gradient(), |v| fisher.times(v), measure).step
}

pub(in crate::claims) static TRPO: Claim = Claim {
    id: "ch07-trpo-equals-natural",
    origin: Origin::Guide,
    quote: "TRPO ... is equivalent to natural gradient descent with adaptive step size",
    statement: "The direction F⁻¹g and the step √(2δ/gᵀF⁻¹g) are those of TRPO for undamped, converged conjugate gradients; \
                damping and truncation turn the direction, and the quadratic step does not hit δ exactly.",
    because: "TRPO solves (F+λI)x=g by a few iterations with a sample Fisher matrix, then backtracks on the measured \
              divergence and surrogate (Schulman et al. 2015, appendix C).",
    lesson: "Equivalent in exact arithmetic without damping. One iteration is the vanilla gradient; damping .1 turns the \
             direction by 1.2°; at δ=.5 the step reaches a divergence of .47.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "angle_vanilla_deg",
            what: "the angle between ∇J (one iteration) and F⁺∇J, degrees",
            value: Value::Number(|| angle(&mdp_1296().gradient(), &natural_1296())),
        },
        Quantity {
            key: "angle_damped_deg",
            what: "the angle between the damped direction and F⁺∇J, degrees",
            value: Value::Number(|| angle(&damped_1296(), &natural_1296())),
        },
        Quantity {
            key: "kl_reached",
            what: "Σ_t E KL(old‖new) for δ=.001, .01, .1, .5",
            value: Value::List(|| [0.001, 0.01, 0.1, 0.5].map(divergence_reached).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "converged conjugate gradients give F⁺∇J",
            role: Role::Confirms,
            setting: MDP_1296,
            subject: Subject::Exact(|| iterated(10).solution),
            expected: natural_1296,
            judge: Judge::Exact { tolerance: 1e-9, why: "the residual is below 1e-10" },
            counterfeits: &[Counterfeit { story: "two iterations", subject: Subject::Exact(|| iterated(2).solution) }],
        },
        Trial {
            name: "one iteration is the vanilla direction",
            role: Role::Limits,
            setting: "set-mdp-1296: the unit vector after one iteration",
            subject: Subject::Exact(|| {
                let x = iterated(1).solution;
                scale(1.0 / norm(&x), &x)
            }),
            expected: || {
                let g = mdp_1296().gradient();
                scale(1.0 / norm(&g), &g)
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "converged",
                subject: Subject::Exact(|| {
                    let x = iterated(10).solution;
                    scale(1.0 / norm(&x), &x)
                }),
            }],
        },
        Trial {
            name: "damping turns the direction",
            role: Role::Limits,
            setting: "set-mdp-1296, λ=.1: the angle to F⁺∇J in degrees",
            subject: Subject::Exact(|| vec![angle(&damped_1296(), &natural_1296())]),
            expected: || vec![1.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "no damping",
                subject: Subject::Exact(|| vec![angle(&iterated(10).solution, &natural_1296())]),
            }],
        },
        Trial {
            name: "a small step reaches its radius",
            role: Role::Confirms,
            setting: "set-mdp-1296, δ=10⁻⁶: the divergence over δ; by the recursion over occupancies",
            subject: Subject::Exact(|| vec![divergence_reached(1e-6) / 1e-6]),
            expected: || vec![1.0],
            judge: Judge::Exact { tolerance: 1e-3, why: "the third order is of the size √δ" },
            counterfeits: &[Counterfeit {
                story: "δ=.5",
                subject: Subject::Exact(|| vec![divergence_reached(0.5) / 0.5]),
            }],
        },
        Trial {
            name: "a large one does not",
            role: Role::Limits,
            setting: "set-mdp-1296, δ=.5: the divergence over δ, by enumeration of the weights' logarithms",
            subject: Subject::Exact(|| vec![enumerated_part(0.5)]),
            expected: || vec![0.98],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "δ=10⁻⁶", subject: Subject::Exact(|| vec![enumerated_part(1e-6)])
            }],
        },
        Trial {
            name: "undamped, TRPO's step is the scaled natural gradient",
            role: Role::Confirms,
            setting: "set-mdp-1296, δ=10⁻⁴, ten iterations, the first candidate of the line search accepted (ch10-trpo-exact has the search)",
            subject: Subject::Exact(|| trust_region_step(0.0)),
            expected: || scaled_to_radius(&mdp_1296().oracle().fisher(), &natural_1296(), 1e-4),
            judge: Judge::Exact { tolerance: 1e-10, why: "the residual of conjugate gradients is below 1e-10" },
            counterfeits: &[Counterfeit {
                story: "with damping .1",
                subject: Subject::Exact(|| trust_region_step(0.1)),
            }],
        },
    ],
};

/// `F⁺ ĝ` with the exact matrix.
fn preconditioned(world: &World, batch: &Batch) -> Vec<f64> {
    damped_solve(&world.oracle().fisher(), 0.0, &v2(world, batch))
}

pub(in crate::claims) static KEEPS_DIRECTION: Claim = Claim {
    id: "ch07-natural-keeps-expected-direction",
    origin: Origin::Guide,
    quote: "Natural gradient: changes the direction (not the expectation of direction)",
    statement: "E[F⁻¹ĝ] = F⁻¹∇J: another vector, in another direction, than ∇J.",
    because: "Expectation is linear, and ∇J is no eigenvector of F.",
    lesson: "The expected direction turns and its length changes: by 8° and a factor of 1.6 here. It is still an ascent \
             direction, gᵀF⁺g > 0; that is all.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "natural_gradient", what: "F⁺∇J", value: Value::List(natural_1296) },
        Quantity {
            key: "angle_deg",
            what: "its angle to ∇J, degrees",
            value: Value::Number(|| angle(&natural_1296(), &mdp_1296().gradient())),
        },
        Quantity {
            key: "norm_ratio",
            what: "‖F⁺∇J‖/‖∇J‖",
            value: Value::Number(|| norm(&natural_1296()) / norm(&mdp_1296().gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "the mean of F⁺ĝ is F⁺∇J",
            role: Role::Contradicts,
            setting: "set-mdp-1296, V2; every trajectory enumerated, and the solution by conjugate gradients",
            subject: Subject::Exact(|| {
                let eigen = numeric::Eigen::of(&mdp_1296().oracle().fisher());
                mdp_1296().expect(|path| eigen.pseudo_solve(&v2(mdp_1296(), &Batch::of(4, [path]))))
            }),
            expected: || iterated(10).solution,
            judge: Judge::Exact { tolerance: 1e-9, why: "the residual is below 1e-10" },
            counterfeits: &[Counterfeit { story: "∇J", subject: Subject::Exact(|| mdp_1296().gradient()) }],
        },
        Trial {
            name: "it points elsewhere",
            role: Role::Contradicts,
            setting: "set-mdp-1296: unit vectors of F⁺∇J and ∇J",
            subject: Subject::Exact(|| scale(1.0 / norm(&natural_1296()), &natural_1296())),
            expected: || {
                let g = mdp_1296().gradient();
                scale(1.0 / norm(&g), &g)
            },
            judge: Judge::Different { at_least: 0.07, why: "four degrees" },
            counterfeits: &[Counterfeit {
                story: "with a damping so large that F is forgotten",
                subject: Subject::Exact(|| {
                    let x = damped_solve(&mdp_1296().oracle().fisher(), 1e6, &mdp_1296().gradient());
                    scale(1.0 / norm(&x), &x)
                }),
            }],
        },
        Trial {
            name: "but upwards",
            role: Role::Confirms,
            setting: "set-mdp-1296: gᵀF⁺g",
            subject: Subject::Exact(|| vec![dot(&mdp_1296().gradient(), &natural_1296())]),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "descent",
                subject: Subject::Exact(|| vec![-dot(&mdp_1296().gradient(), &natural_1296())]),
            }],
        },
        Trial {
            name: "the mean of F⁺ĝ, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-1296, V2 with the exact Fisher matrix",
            subject: Subject::Sampled(|| {
                let subject = NaturalGradient {
                    gradient: crate::estimator::RewardToGo { discount: 1.0, baseline: 0.0, discounted_steps: true },
                    fisher: Fisher::Given(mdp_1296().oracle().fisher()),
                    damping: 0.0,
                };
                mdp_1296().sample(1, |world, batch| subject.gradient(&world.policy, batch))
            }),
            expected: natural_1296,
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "without the matrix",
                subject: Subject::Sampled(|| mdp_1296().sample(1, v2)),
            }],
        },
    ],
};

/// Two independent switches, P(a1=1)=.5 and P(a2=1)=.99, one logit each; the reward is a1.
fn switches() -> World {
    let (stay, to): (&[f64], &[f64]) = (&[1.0, 0.0], &[0.0, 1.0]);
    let world = mdp(2, &[1.0, 0.0], &[&[to, to], &[stay, stay]], &[&[0.0, 1.0], &[0.0, 0.0]]);
    let features = vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    let policy = SoftmaxPolicy::features(2, 2, features, vec![0.0, numeric::ln(99.0)]);
    World::new(world, policy.expect("one logit a switch"))
}

/// trVar of an estimate and of F⁺ of it.
fn traces(world: &World, estimate: fn(&World, &Batch) -> Vec<f64>) -> [f64; 2] {
    let eigen = numeric::Eigen::of(&world.oracle().fisher());
    let steps = world.mdp.horizon();
    let of = |path: &Trajectory| estimate(world, &Batch::of(steps, [path]));
    [world.trace(of), world.trace(|path| eigen.pseudo_solve(&of(path)))]
}

/// trVar/‖mean‖² before and after F⁺.
fn relative_variances(world: &World, estimate: fn(&World, &Batch) -> Vec<f64>) -> Vec<f64> {
    let (g, n) = (world.gradient(), natural_of(world));
    let [before, after] = traces(world, estimate);
    vec![before / dot(&g, &g), after / dot(&n, &n)]
}

/// The same from the covariance matrix of the oracle: tr Σ and tr F⁺ΣF⁺.
fn covariance_traces(world: &World, form: &Form) -> Vec<f64> {
    let sigma = world.oracle().covariance(form).expect("few parameters");
    let eigen = numeric::Eigen::of(&world.oracle().fisher());
    let columns: Vec<Vec<f64>> = (0..sigma.rows()).map(|k| eigen.pseudo_solve(sigma.row(k))).collect();
    let rows = Matrix::from_fn(sigma.rows(), sigma.rows(), |i, j| columns[j][i]);
    let after = (0..sigma.rows()).map(|i| eigen.pseudo_solve(rows.row(i))[i]).sum();
    vec![sigma.trace(), after]
}

/// `F` of a Gaussian's mean: the mean squared score `z/σ`, by quadrature.
fn gaussian_information(sigma: f64) -> f64 {
    numeric::normal_expectation(8, |z| z / sigma * (z / sigma))
}

/// The variance of `(z/σ) r/information` over that of `(z/σ) r`, at d=1.5, σ=.1.
fn gaussian_factor(information: f64) -> f64 {
    let (d, sigma) = (1.5, 0.1);
    let variance = |factor: f64| {
        let estimate = |z: f64| -factor * z / sigma * (d + sigma * z) * (d + sigma * z);
        let mean = numeric::normal_expectation(16, estimate);
        numeric::normal_expectation(16, |z| numeric::power(estimate(z) - mean, 2))
    };
    variance(1.0 / information) / variance(1.0)
}

fn two_arm_factor() -> f64 {
    let [before, after] = traces(&two_arm(0.9, 1.0, 0.0), v1);
    after / before
}

pub(in crate::claims) static REDUCES_VARIANCE: Claim = Claim {
    id: "ch07-natural-reduces-variance",
    origin: Origin::Guide,
    quote: "Natural gradient ... reduces variance",
    statement: "Cov(F⁻¹ĝ) = F⁻¹ΣF⁻¹: the total variance can rise or fall, and with one parameter the signal-to-noise ratio does \
                not change at all. Two arms: the variance is multiplied by 1/(p(1−p))²; the mean of a Gaussian: by σ⁴.",
    because: "A linear map of an estimator maps its covariance; it adds no information.",
    lesson: "No reduction in general. On set-mdp-1296 the total variance is 2.6 times as large and the relative variance 1 % smaller; an \
             irrelevant action that is nearly deterministic makes the relative variance 48 times as large; near saturation the factor on \
             the variance of two arms grows without limit at an unchanged signal-to-noise ratio.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity {
            key: "relvar_two_parameter",
            what: "two switches: relative variance before and after",
            value: Value::List(|| relative_variances(&switches(), v1)),
        },
        Quantity {
            key: "factor_two_arm",
            what: "variance factor of the two-arm bandit at p=.9",
            value: Value::Number(two_arm_factor),
        },
        Quantity {
            key: "trvar_mdp",
            what: "set-mdp-1296: trVar of V2 and of F⁺V2",
            value: Value::List(|| traces(mdp_1296(), v2).to_vec()),
        },
        Quantity {
            key: "relvar_mdp",
            what: "set-mdp-1296: relative variance before and after",
            value: Value::List(|| relative_variances(mdp_1296(), v2)),
        },
        Quantity {
            key: "factor_gaussian",
            what: "variance factor of the Gaussian mean, σ=.1",
            value: Value::Number(|| gaussian_factor(gaussian_information(0.1))),
        },
    ],
    trials: &[
        Trial {
            name: "the total variance rises",
            role: Role::Contradicts,
            setting: "set-mdp-1296, V2: trVar of F⁺V2 against trVar of V2",
            subject: Subject::Exact(|| vec![traces(mdp_1296(), v2)[1]]),
            expected: || vec![traces(mdp_1296(), v2)[0]],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "rescaled to the length of ∇J",
                subject: Subject::Exact(|| {
                    let ratio = norm(&natural_1296()) / norm(&mdp_1296().gradient());
                    vec![traces(mdp_1296(), v2)[1] / (ratio * ratio)]
                }),
            }],
        },
        Trial {
            name: "by enumeration and from the covariance matrix",
            role: Role::Contradicts,
            setting: "set-mdp-1296, V2: trVar before and after",
            subject: Subject::Exact(|| traces(mdp_1296(), v2).to_vec()),
            expected: || covariance_traces(mdp_1296(), &Form::to_go(Baseline::None)),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "before, twice",
                subject: Subject::Exact(|| vec![traces(mdp_1296(), v2)[0]; 2]),
            }],
        },
        Trial {
            name: "an irrelevant, nearly deterministic action makes the relative variance explode",
            role: Role::Contradicts,
            setting: "two independent switches, P=.5 and .99, reward a1: forty times the relative variance before",
            subject: Subject::Exact(|| vec![relative_variances(&switches(), v1)[1]]),
            expected: || vec![40.0 * relative_variances(&switches(), v1)[0]],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "before",
                subject: Subject::Exact(|| vec![relative_variances(&switches(), v1)[0]]),
            }],
        },
        Trial {
            name: "one parameter: variance by 1/(p(1−p))² and by σ⁴",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.9, and set-gaussian, σ=.1",
            subject: Subject::Exact(|| vec![two_arm_factor() / 100.0, gaussian_factor(gaussian_information(0.1))]),
            expected: || vec![1.0 / (0.09 * 0.09) / 100.0, 1e-4],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "divided by the root of the information",
                subject: Subject::Exact(|| {
                    vec![two_arm_factor().sqrt() / 100.0, gaussian_factor(gaussian_information(0.1).sqrt())]
                }),
            }],
        },
        Trial {
            name: "the squared error of F⁺V2, drawn",
            role: Role::Contradicts,
            setting: MDP_1296,
            subject: Subject::Sampled(|| {
                let mean = natural_1296();
                mdp_1296().sample(1, |world, batch| centred_square(&preconditioned(world, batch), &mean))
            }),
            expected: || vec![covariance_traces(mdp_1296(), &Form::to_go(Baseline::None))[1]],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "of V2",
                subject: Subject::Sampled(|| mdp_1296().sample_errors(1, v2)),
            }],
        },
        Trial {
            name: "relative to the mean it can fall",
            role: Role::Confirms,
            setting: "set-mdp-1296, V2: trVar/‖mean‖² after and before",
            subject: Subject::Exact(|| vec![relative_variances(mdp_1296(), v2)[1]]),
            expected: || vec![relative_variances(mdp_1296(), v2)[0]],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the two switches, in units of their own before",
                subject: Subject::Exact(|| {
                    let [before, after] = [0, 1].map(|i| relative_variances(&switches(), v1)[i]);
                    vec![after / before * relative_variances(mdp_1296(), v2)[0]]
                }),
            }],
        },
        Trial {
            name: "with one parameter it does not change at all",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.9: trVar/mean² after and before",
            subject: Subject::Exact(|| vec![relative_variances(&two_arm(0.9, 1.0, 0.0), v1)[1]]),
            expected: || vec![relative_variances(&two_arm(0.9, 1.0, 0.0), v1)[0]],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the variance alone",
                subject: Subject::Exact(|| vec![two_arm_factor() * relative_variances(&two_arm(0.9, 1.0, 0.0), v1)[0]]),
            }],
        },
    ],
};

/// `E f(n1, n0)` over the counts of both arms among `n` samples of the two-arm bandit at p=.8.
fn binomial(n: usize, f: impl Fn(f64, f64) -> f64) -> f64 {
    let p: f64 = 0.8;
    let mut probability = numeric::power(1.0 - p, n);
    let mut sum = numeric::Sum::new();
    for good in 0..=n {
        let (x, y) = (good as f64, (n - good) as f64);
        sum.add(probability * f(x, y));
        probability *= y / (x + 1.0) * p / (1.0 - p);
    }
    sum.value()
}

/// `ĝ/F̂` with rewards 1 and 0, from the counts.
fn step_of_counts(x: f64, y: f64) -> f64 {
    let p = 0.8;
    x * (1.0 - p) / (x * (1.0 - p) * (1.0 - p) + y * p * p)
}

/// `E[ĝ/F̂]` by the binomial law of the good arm's count.
fn binomial_step(n: usize) -> f64 {
    binomial(n, step_of_counts)
}

/// The inverse of the batch's own Fisher matrix, a number here.
fn inverse_matrix(world: &World, batch: &Batch) -> Vec<f64> {
    vec![1.0 / sampled_fisher(&world.policy, batch)[(0, 0)]]
}

/// The natural gradient as training code has it: the batch's own Fisher matrix.
fn same_batch(world: &World, batch: &Batch) -> Vec<f64> {
    let gradient = TotalReturn { discount: 1.0, baseline: 0.0 };
    NaturalGradient { gradient, fisher: Fisher::SameBatch, damping: 0.0 }.gradient(&world.policy, batch)
}

fn exact_matrix(world: &World, batch: &Batch) -> Vec<f64> {
    scale(1.0 / (0.8 * 0.2), &v1(world, batch))
}

pub(in crate::claims) static SAMPLED_FISHER: Claim = Claim {
    id: "ch07-natural-sampled-fisher-biased",
    origin: Origin::Ours,
    quote: "(without adding bias) natural gradient with a Fisher estimated from the same batch",
    statement: "E[F̂⁻¹ĝ] ≠ F⁻¹∇J when both come from one batch; the bias is of order 1/N.",
    because: "E[1/F̂] > 1/F already (Jensen), and ĝ is correlated with F̂ besides.",
    lesson: "Far too long a step for small batches: four times with one sample, 2.4 times with four. A separate batch for the matrix \
             removes the smaller part (2.06 in place of 2.42 at N=4); use many samples, damping or a long running average.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "expected_step",
        what: "E[ĝ/F̂] for N=1, 2, 4, 16, 64, 256; the exact value is 1",
        value: Value::List(|| [1, 2, 4, 16, 64, 256].map(binomial_step).to_vec()),
    }],
    trials: &[
        Trial {
            name: "the mean step with the batch's own matrix",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.8, N=1, 2, 4: all batches enumerated, and the binomial law",
            subject: Subject::Exact(|| [1, 2, 4].map(|n| two_arm(0.8, 1.0, 0.0).batch_mean(n, same_batch)[0]).to_vec()),
            expected: || [1, 2, 4].map(binomial_step).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the exact matrix",
                subject: Subject::Exact(|| {
                    [1, 2, 4].map(|n| two_arm(0.8, 1.0, 0.0).batch_mean(n, exact_matrix)[0]).to_vec()
                }),
            }],
        },
        Trial {
            name: "it is not the natural gradient",
            role: Role::Contradicts,
            setting: "the same, N=16",
            subject: Subject::Exact(|| vec![binomial_step(16)]),
            expected: || natural_of(&two_arm(0.8, 1.0, 0.0)),
            judge: Judge::Different { at_least: 0.02, why: "less than the bias, and far above rounding" },
            counterfeits: &[Counterfeit {
                story: "with the exact matrix",
                subject: Subject::Exact(|| two_arm(0.8, 1.0, 0.0).batch_mean(2, exact_matrix)),
            }],
        },
        Trial {
            name: "the bias is of order 1/N",
            role: Role::Contradicts,
            setting: "the same: the bias at N=4096 over that at 1024",
            subject: Subject::Exact(|| vec![(binomial_step_far(4096) - 1.0) / (binomial_step_far(1024) - 1.0)]),
            expected: || vec![0.25],
            judge: Judge::Exact { tolerance: 2e-3, why: "the next order is of the size 1/N" },
            counterfeits: &[Counterfeit {
                story: "N=4 over N=1",
                subject: Subject::Exact(|| vec![(binomial_step(4) - 1.0) / (binomial_step(1) - 1.0)]),
            }],
        },
        Trial {
            name: "the mean step of four samples, drawn",
            role: Role::Contradicts,
            setting: "set-two-arm, p=.8, N=4",
            subject: Subject::Sampled(|| two_arm(0.8, 1.0, 0.0).sample(4, same_batch)),
            expected: || vec![binomial_step(4)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "with the exact matrix",
                subject: Subject::Sampled(|| two_arm(0.8, 1.0, 0.0).sample(4, exact_matrix)),
            }],
        },
        Trial {
            name: "with a second batch for the matrix it is still biased",
            role: Role::Contradicts,
            setting: "the same, N=1, 2, 4: the mean of 1/F̂ times the mean of ĝ, over all batches and by the binomial law",
            subject: Subject::Exact(|| {
                let world = two_arm(0.8, 1.0, 0.0);
                [1, 2, 4].map(|n| world.batch_mean(n, inverse_matrix)[0] * world.batch_mean(n, v1)[0]).to_vec()
            }),
            expected: || {
                let inverse = |x: f64, y: f64| (x + y) / (x * 0.2 * 0.2 + y * 0.8 * 0.8);
                [1, 2, 4].map(|n| binomial(n, inverse) * 0.8 * 0.2).to_vec()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the exact matrix",
                subject: Subject::Exact(|| {
                    [1, 2, 4].map(|n| two_arm(0.8, 1.0, 0.0).batch_mean(n, exact_matrix)[0]).to_vec()
                }),
            }],
        },
    ],
};

/// [`binomial_step`] for large N: the probabilities run outwards from the mode, where they do not underflow.
fn binomial_step_far(n: usize) -> f64 {
    let p: f64 = 0.8;
    let mode = (n as f64 * p) as usize;
    let value = |good: usize| step_of_counts(good as f64, (n - good) as f64);
    let up = |k: usize| (n - k) as f64 / (k as f64 + 1.0) * p / (1.0 - p);
    let (mut total, mut sum) = (numeric::Sum::new(), numeric::Sum::new());
    let mut weight = 1.0;
    for k in mode..=n {
        total.add(weight);
        sum.add(weight * value(k));
        weight *= up(k);
    }
    weight = 1.0;
    for k in (0..mode).rev() {
        weight /= up(k);
        total.add(weight);
        sum.add(weight * value(k));
    }
    sum.value() / total.value()
}

/// `∂J/∂μ` for the reward −k(a−c)² at distance d, as the mean of the score times the reward.
fn quadratic_gradient(k: f64, d: f64, sigma: f64) -> f64 {
    numeric::normal_expectation(16, |z| -k * z / sigma * (d + sigma * z) * (d + sigma * z))
}

/// What a step of .5 multiplies d=1 by, with k=3 and the gradient divided by `information`.
fn divided_factor(sigma: f64, information: f64) -> f64 {
    1.0 + 0.5 * quadratic_gradient(3.0, 1.0, sigma) / information
}

fn step_factor(sigma: f64, natural: bool) -> f64 {
    divided_factor(sigma, if natural { gaussian_information(sigma) } else { 1.0 })
}

pub(in crate::claims) static OSCILLATION: Claim = Claim {
    id: "ch07-avoids-oscillation",
    origin: Origin::Guide,
    quote: "avoiding oscillation in high-curvature directions",
    statement: "For the mean of a Gaussian and the reward −k(a−c)² the vanilla step multiplies the distance by 1−2kα, the \
                natural step by 1−2kασ²: F measures the policy's curvature 1/σ², not the reward's k.",
    because: "∂J/∂μ = −2kd, and F = 1/σ².",
    lesson: "With σ=.3 the natural step is smooth where the vanilla step diverges; with σ=2 it is the natural step that \
             explodes. It helps only where σ matches the curvature of J.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "vanilla_factor",
            what: "the factor of a vanilla step, any σ",
            value: Value::Number(|| step_factor(0.3, false)),
        },
        Quantity {
            key: "natural_factor_sigma_03",
            what: "of a natural step, σ=.3",
            value: Value::Number(|| step_factor(0.3, true)),
        },
        Quantity {
            key: "natural_factor_sigma_2",
            what: "of a natural step, σ=2",
            value: Value::Number(|| step_factor(2.0, true)),
        },
    ],
    trials: &[
        Trial {
            name: "the factors by quadrature and in closed form",
            role: Role::Confirms,
            setting: "set-gaussian with k=3, α=.5: vanilla, natural at σ=.3 and σ=2",
            subject: Subject::Exact(|| vec![step_factor(0.3, false), step_factor(0.3, true), step_factor(2.0, true)]),
            expected: || vec![1.0 - 3.0, 1.0 - 3.0 * 0.09, 1.0 - 3.0 * 4.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the information 1/σ in place of 1/σ²",
                subject: Subject::Exact(|| {
                    let root = |sigma: f64| divided_factor(sigma, gaussian_information(sigma).sqrt());
                    vec![step_factor(0.3, false), root(0.3), root(2.0)]
                }),
            }],
        },
        Trial {
            name: "a narrow Gaussian: the natural step shrinks the distance, the vanilla one does not",
            role: Role::Confirms,
            setting: "the same, σ=.3: the absolute factors",
            subject: Subject::Exact(|| vec![step_factor(0.3, true).abs(), 1.0]),
            expected: || vec![1.0, step_factor(0.3, false).abs()],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the vanilla step for the natural",
                subject: Subject::Exact(|| vec![step_factor(0.3, false).abs(), 1.0]),
            }],
        },
        Trial {
            name: "a wide Gaussian: the natural step is worse than the vanilla one",
            role: Role::Limits,
            setting: "the same, σ=2: the absolute factor, against the vanilla step's",
            subject: Subject::Exact(|| vec![step_factor(2.0, true).abs()]),
            expected: || vec![step_factor(2.0, false).abs()],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "σ=.3",
                subject: Subject::Exact(|| vec![step_factor(0.3, true).abs()]),
            }],
        },
    ],
};

pub(in crate::claims) static COMMON_PRINCIPLE: Claim = Claim {
    id: "ch07-common-principle",
    origin: Origin::Guide,
    quote: "All three ... remove noise without changing the expected signal.",
    statement: "True of causality and of baselines that do not depend on the sample; false of the natural gradient, whose mean is \
                F⁻¹∇J.",
    because: "Causality and baselines subtract terms of mean zero; F⁻¹ is a linear map of the mean.",
    lesson: "Two of the three share a principle. The third changes the metric: it neither keeps the signal nor removes noise in \
             general.",
    recorded: Finding::Fails,
    quantities: &[Quantity {
        key: "angle_natural_deg",
        what: "the angle between F⁺∇J and ∇J, degrees",
        value: Value::Number(|| angle(&natural_1296(), &mdp_1296().gradient())),
    }],
    trials: &[
        Trial {
            name: "causality and a baseline keep the mean",
            role: Role::Confirms,
            setting: "set-mdp-1296: V2 and V3(1.1), one after the other",
            subject: Subject::Exact(|| {
                let world = mdp_1296();
                [world.batch_mean(1, v2), world.batch_mean(1, |world, batch| v3(world, batch, 1.1))].concat()
            }),
            expected: || [mdp_1296().gradient(), mdp_1296().gradient()].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the batch's own mean as baseline, of two trajectories",
                subject: Subject::Exact(|| {
                    let form = Form::to_go(Baseline::InBatchMean { batch: 2 });
                    let mean = mdp_1296().oracle().moments(&form).expect("a form of the catalogue").mean;
                    [mdp_1296().gradient(), mean].concat()
                }),
            }],
        },
        Trial {
            name: "the natural gradient does not",
            role: Role::Contradicts,
            setting: MDP_1296,
            subject: Subject::Exact(natural_1296),
            expected: || mdp_1296().gradient(),
            judge: Judge::Different { at_least: 0.5, why: "half of their distance" },
            counterfeits: &[Counterfeit { story: "V2", subject: Subject::Exact(|| mdp_1296().batch_mean(1, v2)) }],
        },
        Trial {
            name: "the means with causality and a baseline, drawn",
            role: Role::Confirms,
            setting: "set-mdp-1296, V3(1.1)",
            subject: Subject::Sampled(|| mdp_1296().sample(1, |world, batch| v3(world, batch, 1.1))),
            expected: || mdp_1296().gradient(),
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "preconditioned with F⁺",
                subject: Subject::Sampled(|| mdp_1296().sample(1, preconditioned)),
            }],
        },
        Trial {
            name: "the mean of the natural gradient, drawn",
            role: Role::Contradicts,
            setting: "set-mdp-1296, F⁺V2 with the exact matrix",
            subject: Subject::Sampled(|| mdp_1296().sample(1, preconditioned)),
            expected: natural_1296,
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit { story: "V2", subject: Subject::Sampled(|| mdp_1296().sample(1, v2)) }],
        },
    ],
};
