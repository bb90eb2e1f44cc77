//! The natural gradient: what is invariant, and what it solves.

use crate::claims::ch04::direction::inverse_fisher;
use crate::claims::prelude::*;
use crate::estimator::{damped_solve, scaled_to_radius};
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
pub(super) fn natural_of(world: &World) -> Vec<f64> {
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
