//! Gradient ascent: how far a step may go, and where it may begin.

use crate::autodiff::Jet;
use crate::claims::prelude::*;

/// `(J(θ + αg) − J(θ)) / (α‖g‖²)` with `g = ∇J`.
fn gain_ratio(world: &World, alpha: f64) -> f64 {
    let g = world.gradient();
    (world.stepped(alpha, &g).objective() - world.objective()) / (alpha * dot(&g, &g))
}

/// Its expansion `1 + α gᵀHg / 2‖g‖²`, from second derivatives of J along g.
fn expansion(world: &World, alpha: f64) -> f64 {
    let g = world.gradient();
    let curvature = world.objective_at(&Jet::along(world.policy.parameters(), &g)).curvature;
    1.0 + alpha * curvature / (2.0 * dot(&g, &g))
}

/// The largest `|J''|` of the shared parameter over its logit.
fn lipschitz() -> f64 {
    let curvature = |i: i32| {
        let world = shared_steps(0.5);
        world.objective_at(&[Jet::variable(f64::from(i) / 100.0)]).curvature.abs()
    };
    (-800..=800).map(curvature).fold(0.0, f64::max)
}

/// The smallest [`gain_ratio`] of a step over starts p=.01, .02, … .99, but for the optimum p=¼, where there is no gradient.
fn worst_gain(alpha: f64) -> f64 {
    let starts = (1..100).filter(|i| *i != 25).map(|i| f64::from(i) / 100.0);
    starts.map(|p| gain_ratio(&shared_steps(p), alpha)).fold(f64::INFINITY, f64::min)
}

/// Whether one step from a single trajectory lowers J.
fn single_step_lowers(world: &World, batch: &Batch) -> Vec<f64> {
    let lower = world.stepped(0.1, &v2(world, batch)).objective() < world.objective();
    vec![f64::from(u8::from(lower))]
}

pub(in crate::claims) static IMPROVES: Claim = Claim {
    id: "ch05-ascent-improves",
    origin: Origin::Guide,
    quote: "theta <- theta + alpha grad J (gradient ascent - maximizing)",
    statement: "J(θ+αg) − J(θ) = α‖g‖² + O(α²): certain to improve only for α < 2/L and an exact gradient.",
    because: "Taylor's theorem; with an L-Lipschitz gradient the gain is at least α(1 − αL/2)‖g‖² (Nesterov 2004, §1.2.3).",
    lesson: "The ratio of the gain to α‖g‖² tends to 1 with α. A long step can end below the start, and a step from a \
             single trajectory lowers J quite often.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "ratios",
            what: "(J(θ+αg)−J)/(α‖g‖²) for α=.1, .01, .001",
            value: Value::List(|| [0.1, 0.01, 0.001].map(|alpha| gain_ratio(mdp_1296(), alpha)).to_vec()),
        },
        Quantity {
            key: "gradient_norm_squared",
            what: "‖g‖²",
            value: Value::Number(|| numeric::power(norm(&mdp_1296().gradient()), 2)),
        },
    ],
    trials: &[
        Trial {
            name: "the gain is α‖g‖² to first order, with the curvature as correction",
            role: Role::Confirms,
            setting: "set-mdp-1296, α=.001; second derivatives along g",
            subject: Subject::Exact(|| vec![gain_ratio(mdp_1296(), 0.001)]),
            expected: || vec![expansion(mdp_1296(), 0.001)],
            judge: Judge::Exact { tolerance: 1e-6, why: "the third order of the expansion is of the size α²" },
            counterfeits: &[Counterfeit {
                story: "a step ten times as long",
                subject: Subject::Exact(|| vec![gain_ratio(mdp_1296(), 0.01)]),
            }],
        },
        Trial {
            name: "a short step improves",
            role: Role::Confirms,
            setting: "set-mdp-1296, α=.001, .01, .1",
            subject: Subject::Exact(|| [0.001, 0.01, 0.1].map(|alpha| gain_ratio(mdp_1296(), alpha)).to_vec()),
            expected: || vec![0.0; 3],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "descent",
                subject: Subject::Exact(|| [0.001, 0.01, 0.1].map(|alpha| -gain_ratio(mdp_1296(), -alpha)).to_vec()),
            }],
        },
        Trial {
            name: "a long step ends below the start",
            role: Role::Limits,
            setting: "two steps with one shared parameter, J(p)=2p−4p², p=.1, α=50",
            subject: Subject::Exact(|| vec![gain_ratio(&shared_steps(0.1), 50.0)]),
            expected: || vec![0.0],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a step of α=1",
                subject: Subject::Exact(|| vec![gain_ratio(&shared_steps(0.1), 1.0)]),
            }],
        },
        Trial {
            name: "steps from single trajectories that lower J, drawn",
            role: Role::Limits,
            setting: "set-mdp-1296, V2, α=.1; the expected share is enumerated",
            subject: Subject::Sampled(|| mdp_1296().sample(1, single_step_lowers)),
            expected: || {
                let world = mdp_1296();
                world.expect(|path| single_step_lowers(world, &Batch::of(4, [path])))
            },
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "steps along the exact gradient",
                subject: Subject::Sampled(|| {
                    let g = mdp_1296().gradient();
                    mdp_1296().sample(1, |world, _| {
                        vec![f64::from(u8::from(world.stepped(0.1, &g).objective() < world.objective()))]
                    })
                }),
            }],
        },
        Trial {
            name: "a step just below 2/L improves from every start",
            role: Role::Confirms,
            setting: "two steps with one shared parameter, p=.01 to .99; L the largest second derivative of J on a fine grid",
            subject: Subject::Exact(|| vec![worst_gain(0.99 * 2.0 / lipschitz())]),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit { story: "α=50", subject: Subject::Exact(|| vec![worst_gain(50.0)]) }],
        },
    ],
};

/// The time that `dp/dt = p²(1−p)²` takes from `p0` to .9, by its antiderivative `2θ + e^θ − e^{−θ}` in the logit.
fn flow_time(p0: f64) -> f64 {
    let antiderivative = |p: f64| 2.0 * numeric::ln(p / (1.0 - p)) + p / (1.0 - p) - (1.0 - p) / p;
    antiderivative(0.9) - antiderivative(p0)
}

/// The same by following the exact gradient of the bandit: `dt = dθ / (dJ/dθ)`, integrated over the logit.
fn followed_time(p0: f64) -> f64 {
    let slowness = |theta: f64| 1.0 / two_arm(sigmoid(theta), 1.0, 0.0).gradient()[0];
    let (a, b) = (numeric::ln(p0 / (1.0 - p0)), numeric::ln(9.0));
    // The trapezoidal rule, extrapolated once.
    let (coarse, fine) = (numeric::trapezoid(a, b, 2000, slowness), numeric::trapezoid(a, b, 4000, slowness));
    (4.0 * fine - coarse) / 3.0
}

pub(in crate::claims) static INITIALISATION: Claim = Claim {
    id: "ch05-any-initialisation",
    origin: Origin::Guide,
    quote: "Initialize theta (randomly, from imitation, or heuristics)",
    statement: "From an initialisation that takes the good action with probability p0 the time to learn grows like 1/p0, \
                exponentially in the gap of the logits; from a deterministic wrong start it never learns.",
    because: "For two arms dp/dt = p²(1−p)², so the time is ∫ dp / p²(1−p)² ≈ 1/p0 (sensitivity to the start for softmax in general: Mei \
              et al. 2020, Escaping the gravitational pull of softmax).",
    lesson: "The initialisation must keep support on good actions: an imitation policy that is nearly deterministic can \
             cost orders of magnitude.",
    recorded: Finding::Conditional,
    quantities: &[Quantity {
        key: "flow_times",
        what: "flow time from p0=.5, .1, .01, .0001 to p=.9",
        value: Value::List(|| [0.5, 0.1, 0.01, 0.0001].map(flow_time).to_vec()),
    }],
    trials: &[
        Trial {
            name: "the flow reaches .9 from any interior start, in the time of the closed form",
            role: Role::Confirms,
            setting: "set-two-arm, rewards 1 and 0, from p0=.5, .1, .01; the gradient of J integrated over the logit",
            subject: Subject::Exact(|| [0.5, 0.1, 0.01].map(followed_time).to_vec()),
            expected: || [0.5, 0.1, 0.01].map(flow_time).to_vec(),
            judge: Judge::Exact { tolerance: 1e-9, why: "the error of the extrapolated trapezoidal rule" },
            counterfeits: &[Counterfeit {
                story: "a flow at constant speed",
                subject: Subject::Exact(|| [0.5, 0.1, 0.01].map(|p| (0.9 - p) / 0.25).to_vec()),
            }],
        },
        Trial {
            name: "a tenth of the probability costs ten times the time",
            role: Role::Limits,
            setting: "the same from p0=10⁻⁴, 10⁻⁵, 10⁻⁶: each time over the one before",
            subject: Subject::Exact(|| [1e-5, 1e-6].map(|p| followed_time(p) / followed_time(10.0 * p)).to_vec()),
            expected: || vec![10.0; 2],
            judge: Judge::Exact { tolerance: 0.02, why: "1/p0 is the leading term; the next is logarithmic" },
            counterfeits: &[Counterfeit {
                story: "from p0=.5 and .05",
                subject: Subject::Exact(|| vec![followed_time(0.05) / followed_time(0.5); 2]),
            }],
        },
        Trial {
            name: "a deterministic start on the wrong action never moves",
            role: Role::Limits,
            setting: "two logits 800 apart: the probability of the good arm underflows to zero",
            subject: Subject::Exact(|| World::new(bandit(&[1.0, 0.0]), tabular(1, 2, &[0.0, 800.0])).gradient()),
            expected: || vec![0.0; 2],
            judge: Judge::Exact { tolerance: 1e-300, why: "the gradient is p(1−p), and p is zero" },
            counterfeits: &[Counterfeit {
                story: "logits 30 apart",
                subject: Subject::Exact(|| World::new(bandit(&[1.0, 0.0]), tabular(1, 2, &[0.0, 30.0])).gradient()),
            }],
        },
    ],
};
