//! Divergences: what they are, and what parameters have to do with them.

use crate::claims::prelude::*;
use crate::rng::StreamKey;
use crate::verify::DEFAULT_SEED;

/// A thousand pairs of distributions on four points, each uniform on the simplex. They do not depend on a run's seed.
fn pairs() -> Vec<[Vec<f64>; 2]> {
    let mut stream = StreamKey::of(DEFAULT_SEED, "ch10-kl-nonnegative", 0).stream(0);
    let mut distribution = || {
        let e: Vec<f64> = (0..4).map(|_| stream.exponential()).collect();
        let sum: f64 = e.iter().sum();
        scale(1.0 / sum, &e)
    };
    (0..1000).map(|_| [distribution(), distribution()]).collect()
}

/// `Σ p log(p/q)`, term by term as the definition has it.
fn by_definition(p: &[f64], q: &[f64]) -> f64 {
    numeric::sum(p.iter().zip(q).map(|(p, q)| p * (numeric::ln(*p) - numeric::ln(*q))))
}

pub(in crate::claims) static NONNEGATIVE: Claim = Claim {
    id: "ch10-kl-nonnegative",
    origin: Origin::Guide,
    quote: "D_KL>=0, equality iff p=q",
    statement: "KL(p‖q) ≥ 0, and zero exactly for p = q.",
    because: "Gibbs' inequality: −log is convex, so Σ p (−log q/p) ≥ −log Σ q = 0.",
    lesson: "A negative KL in a training log is an estimate (log p − log q of few samples), not the divergence.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "negative_count",
            what: "how many of 1000 random pairs have KL ≤ 0",
            value: Value::Number(|| pairs().iter().filter(|[p, q]| by_definition(p, q) <= 0.0).count() as f64),
        },
        Quantity {
            key: "kl_equal",
            what: "KL for p = q = (.3, .7)",
            value: Value::Number(|| Divergence::of(&[0.3, 0.7], &[0.3, 0.7]).forward),
        },
    ],
    trials: &[
        Trial {
            name: "positive for a thousand random pairs",
            role: Role::Confirms,
            setting: "pairs uniform on the simplex of four points: the smallest",
            subject: Subject::Exact(|| {
                vec![pairs().iter().map(|[p, q]| by_definition(p, q)).fold(f64::INFINITY, f64::min)]
            }),
            expected: || vec![0.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "log p − log q of a single sample, the third point",
                subject: Subject::Exact(|| {
                    let single = |[p, q]: &[Vec<f64>; 2]| numeric::ln(p[2] / q[2]);
                    vec![pairs().iter().map(single).fold(f64::INFINITY, f64::min)]
                }),
            }],
        },
        Trial {
            name: "by the definition and by terms that are never negative",
            role: Role::Confirms,
            setting: "the same: Σ p log(p/q) against Σ p log(p/q) − p + q",
            subject: Subject::Exact(|| pairs().iter().map(|[p, q]| by_definition(p, q)).collect()),
            expected: || pairs().iter().map(|[p, q]| Divergence::of(p, q).forward).collect(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the other direction",
                subject: Subject::Exact(|| pairs().iter().map(|[p, q]| by_definition(q, p)).collect()),
            }],
        },
        Trial {
            name: "zero for equal distributions, and for no others nearby",
            role: Role::Confirms,
            setting: "p=(.3, .7) against q=(.3, .7), (.3+10⁻³, .7−10⁻³): the second in units of 10⁻⁶/(2·.3·.7)",
            subject: Subject::Exact(|| {
                let near = Divergence::of(&[0.3, 0.7], &[0.301, 0.699]).forward;
                vec![Divergence::of(&[0.3, 0.7], &[0.3, 0.7]).forward, near * 2.0 * 0.21 / 1e-6]
            }),
            expected: || vec![0.0, 1.0],
            judge: Judge::Exact { tolerance: 5e-3, why: "the third order of the expansion" },
            counterfeits: &[Counterfeit {
                story: "the total variation",
                subject: Subject::Exact(|| vec![0.0, 1e-3 * 2.0 * 0.21 / 1e-6]),
            }],
        },
        Trial {
            name: "log p − log q under p, drawn",
            role: Role::Confirms,
            setting: "p=(.9, .1), q=(.5, .5)",
            subject: Subject::Sampled(|| log_ratio_draws(0.9)),
            expected: || vec![Divergence::of(&[0.9, 0.1], &[0.5, 0.5]).forward],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "under q", subject: Subject::Sampled(|| log_ratio_draws(0.5)) }],
        },
    ],
};

/// Draws of `log p − log q` for p=(.9, .1), q=(.5, .5) where the first point has probability `first`.
fn log_ratio_draws(first: f64) -> Sample {
    let values = [numeric::ln(1.8), numeric::ln(0.2)];
    let mean = first * values[0] + (1.0 - first) * values[1];
    let variance = first * (1.0 - first) * numeric::power(values[0] - values[1], 2);
    Box::new(Draws::new(vec![mean], vec![variance], move |stream, out| {
        out[0] = values[usize::from(stream.uniform() >= first)];
    }))
}

pub(in crate::claims) static ASYMMETRIC: Claim = Claim {
    id: "ch10-kl-asymmetric",
    origin: Origin::Guide,
    quote: "Not symmetric",
    statement: "KL(p‖q) ≠ KL(q‖p) in general.",
    because: "The mean is under the first distribution.",
    lesson: "Say which direction a threshold is in: for these two coins they differ by 39 %.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "kl_pq",
            what: "KL(p‖q) for p=(.9, .1), q=(.5, .5)",
            value: Value::Number(|| by_definition(&[0.9, 0.1], &[0.5, 0.5])),
        },
        Quantity { key: "kl_qp", what: "KL(q‖p)", value: Value::Number(|| by_definition(&[0.5, 0.5], &[0.9, 0.1])) },
    ],
    trials: &[
        Trial {
            name: "the two directions differ",
            role: Role::Confirms,
            setting: "p=(.9, .1), q=(.5, .5)",
            subject: Subject::Exact(|| vec![Divergence::of(&[0.9, 0.1], &[0.5, 0.5]).forward]),
            expected: || vec![Divergence::of(&[0.9, 0.1], &[0.5, 0.5]).reverse],
            judge: Judge::Different { at_least: 0.07, why: "half of the difference" },
            counterfeits: &[Counterfeit {
                story: "the mirror image, (.9, .1) against (.1, .9)",
                subject: Subject::Exact(|| {
                    let mirror = Divergence::of(&[0.9, 0.1], &[0.1, 0.9]);
                    let pair = Divergence::of(&[0.9, 0.1], &[0.5, 0.5]);
                    vec![pair.reverse + mirror.forward - mirror.reverse]
                }),
            }],
        },
        Trial {
            name: "both in closed form",
            role: Role::Confirms,
            setting: "the same: log 2 less the entropy, and ½ log of 1/(4·.9·.1)",
            subject: Subject::Exact(|| {
                let pair = Divergence::of(&[0.9, 0.1], &[0.5, 0.5]);
                vec![pair.forward, pair.reverse]
            }),
            expected: || {
                let entropy = -(0.9 * numeric::ln(0.9) + 0.1 * numeric::ln(0.1));
                vec![std::f64::consts::LN_2 - entropy, 0.5 * numeric::ln(1.0 / 0.36)]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "exchanged",
                subject: Subject::Exact(|| {
                    let pair = Divergence::of(&[0.9, 0.1], &[0.5, 0.5]);
                    vec![pair.reverse, pair.forward]
                }),
            }],
        },
    ],
};

const P: [f64; 3] = [0.5, 0.25, 0.25];
const Q: [f64; 3] = [0.25, 0.25, 0.5];

/// The mean length under p of a code with lengths (2, 2, 1), less the entropy of p, in bits.
fn extra_length() -> f64 {
    dot(&P, &[2.0, 2.0, 1.0]) - dot(&P, &[1.0, 2.0, 2.0])
}

pub(in crate::claims) static EXTRA_BITS: Claim = Claim {
    id: "ch10-extra-bits",
    origin: Origin::Guide,
    quote: "expected number of 'extra bits' to encode samples from p using a code optimized for q",
    statement: "Bits with log2 only; the natural logarithm gives nats, bits × ln 2. Exact for ideal code lengths −log2 q.",
    because: "The code's mean length is −Σ p log2 q, the shortest possible −Σ p log2 p (Shannon 1948).",
    lesson: "A KL threshold of .01 means nats in the usual implementations: .0144 bits.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity { key: "nats", what: "KL(p‖q) in nats", value: Value::Number(|| Divergence::of(&P, &Q).forward) },
        Quantity {
            key: "bits",
            what: "KL(p‖q) in bits",
            value: Value::Number(|| Divergence::of(&P, &Q).forward / std::f64::consts::LN_2),
        },
        Quantity { key: "extra_length", what: "mean length − entropy, bits", value: Value::Number(extra_length) },
    ],
    trials: &[
        Trial {
            name: "the extra length of a code is the divergence in bits",
            role: Role::Confirms,
            setting: "p=(.5, .25, .25), q=(.25, .25, .5), a code with lengths (2, 2, 1)",
            subject: Subject::Arithmetic(|| vec![extra_length()]),
            expected: || vec![Divergence::of(&P, &Q).forward / std::f64::consts::LN_2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "nats",
                subject: Subject::Arithmetic(|| vec![Divergence::of(&P, &Q).forward]),
            }],
        },
        Trial {
            name: "natural logarithms give ln 2 times as much",
            role: Role::Limits,
            setting: "the same: Σ p log(p/q)",
            subject: Subject::Exact(|| vec![by_definition(&P, &Q)]),
            expected: || vec![extra_length() * std::f64::consts::LN_2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "bits",
                subject: Subject::Exact(|| vec![by_definition(&P, &Q) / std::f64::consts::LN_2]),
            }],
        },
    ],
};

/// `KL(σ(x) ‖ σ(x+h))` of two coins by their logits, as Taylor's remainder `h² ∫ (1−s) σ'(x+sh) ds`: no digit is lost for
/// a small `h`. Reversed, `KL(σ(x+h) ‖ σ(x))`, the weight is `s`.
fn coin_divergence(x: f64, h: f64, reversed: bool) -> f64 {
    let slope = |s: f64| {
        let p: f64 = sigmoid(x + s * h);
        let q: f64 = sigmoid(-x - s * h);
        p * q * if reversed { s } else { 1.0 - s }
    };
    // Simpson's rule, as an extrapolated trapezoidal one.
    let (coarse, fine) = (numeric::trapezoid(0.0, 1.0, 500, slope), numeric::trapezoid(0.0, 1.0, 1000, slope));
    h * h * (4.0 * fine - coarse) / 3.0
}

/// The change of the logit gap when the temperature goes from 1 to 1.001, gap 2.
fn cooler() -> f64 {
    2.0 * (1.0 / 1.001 - 1.0)
}

pub(in crate::claims) static TEMPERATURE: Claim = Claim {
    id: "ch10-temperature-0.001",
    origin: Origin::Guide,
    quote: "Delta theta=0.001 in a softmax temperature might completely flip the action distribution",
    statement: "A change dβ of the inverse temperature changes each gap of logits by dβ times it, and the divergence by at most \
                (dβ·gap)²/8; the order of actions never changes for positive temperatures. A flip needs a change of sign of β and \
                a very large gap.",
    because: "KL = ½ h² p(1−p) + …, and p(1−p) ≤ ¼; softmax is monotone in the logits.",
    lesson: "At ordinary scale the divergence of such a change is at most 2.2·10⁻⁷. A flip takes a gap of 10,000 in β and a negative \
             temperature.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "kl_gap10",
            what: "KL for β 1 → 1.001, gap 10",
            value: Value::Number(|| coin_divergence(10.0, 10.0 * 1e-3, false)),
        },
        Quantity {
            key: "kl_gap2",
            what: "KL for temperature 1 → 1.001, gap 2",
            value: Value::Number(|| coin_divergence(2.0, cooler(), false)),
        },
        Quantity {
            key: "p_sign_change",
            what: "p before and after β −.0005 → .0005, gap 10,000",
            value: Value::List(|| vec![sigmoid(-0.0005 * 10_000.0), sigmoid(0.0005 * 10_000.0)]),
        },
        Quantity {
            key: "p_small_tau",
            what: "p before and after temperature .0005 → .0015, gap .001",
            value: Value::List(|| vec![sigmoid(0.001 / 0.0005), sigmoid(0.001 / 0.0015)]),
        },
    ],
    trials: &[
        Trial {
            name: "with a change of sign and a huge gap it flips",
            role: Role::Confirms,
            setting: "β −.0005 → .0005, gap 10,000: the action that is better afterwards, before and after: p, and 1−p",
            subject: Subject::Exact(|| vec![sigmoid(-5.0), 1.0 - sigmoid(5.0)]),
            expected: || vec![0.01; 2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "gap 1000",
                subject: Subject::Exact(|| vec![sigmoid(-0.5), 1.0 - sigmoid(0.5)]),
            }],
        },
        Trial {
            name: "at ordinary scale it is negligible",
            role: Role::Limits,
            setting: "β 1 → 1.001 at gap 10; temperature 1 → 1.001 at gap 2: the divergence, against 10⁻⁶",
            subject: Subject::Exact(|| vec![coin_divergence(10.0, 0.01, false), coin_divergence(2.0, cooler(), false)]),
            expected: || vec![1e-6; 2],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a change of .1",
                subject: Subject::Exact(|| vec![coin_divergence(2.0, 0.2, false); 2]),
            }],
        },
        Trial {
            name: "and below (dβ·gap)²/8",
            role: Role::Limits,
            setting: "dβ=.001 at gaps .1, 1, 2, 10, 100",
            subject: Subject::Exact(|| {
                [0.1, 1.0, 2.0, 10.0, 100.0].map(|gap| coin_divergence(gap, 1e-3 * gap, false)).to_vec()
            }),
            expected: || [0.1, 1.0, 2.0, 10.0, 100.0].map(|gap| numeric::power(1e-3 * gap, 2) / 8.0).to_vec(),
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "twice the change",
                subject: Subject::Exact(|| {
                    [0.1, 1.0, 2.0, 10.0, 100.0].map(|gap| coin_divergence(0.0, 2e-3 * gap, false)).to_vec()
                }),
            }],
        },
        Trial {
            name: "a positive temperature keeps the order of actions",
            role: Role::Limits,
            setting: "temperature .0005 → .0015 at gap .001, and 10⁻³ → 10³ at gap 1: the better action, against ½",
            subject: Subject::Exact(|| vec![sigmoid(2.0), sigmoid(0.001 / 0.0015), sigmoid(1e3), sigmoid(1e-3)]),
            expected: || vec![0.5; 4],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "a negative temperature",
                subject: Subject::Exact(|| vec![sigmoid(2.0), sigmoid(-2.0), sigmoid(1e3), sigmoid(1e-3)]),
            }],
        },
        Trial {
            name: "the divergence as a remainder and by its definition",
            role: Role::Limits,
            setting: "logits 2 → 2.5 and 1 → 3",
            subject: Subject::Exact(|| vec![coin_divergence(2.0, 0.5, false), coin_divergence(1.0, 2.0, true)]),
            expected: || {
                let coin = |x: f64| [sigmoid(x), 1.0 - sigmoid(x)];
                vec![by_definition(&coin(2.0), &coin(2.5)), by_definition(&coin(3.0), &coin(1.0))]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "½h²p(1−p) alone",
                subject: Subject::Exact(|| {
                    let p: f64 = sigmoid(2.0);
                    let q: f64 = sigmoid(1.0);
                    vec![0.125 * p * (1.0 - p), 2.0 * q * (1.0 - q)]
                }),
            }],
        },
        Trial {
            name: "and at a tiny temperature it is visible",
            role: Role::Confirms,
            setting: "temperature .0005 → .0015 at gap .001: p before and after, apart",
            subject: Subject::Exact(|| vec![sigmoid(2.0)]),
            expected: || vec![sigmoid(0.001 / 0.0015)],
            judge: Judge::Different { at_least: 0.2, why: "a fifth of the probability" },
            counterfeits: &[Counterfeit {
                story: "temperature 1 → 1.001 at gap 2",
                subject: Subject::Exact(|| {
                    let before: f64 = sigmoid(2.0);
                    let after: f64 = sigmoid(2.0 / 1.001);
                    vec![sigmoid(0.001 / 0.0015) + (before - after)]
                }),
            }],
        },
    ],
};

const LOGITS: [f64; 3] = [0.2, -0.3, 0.8];

/// The divergence of the 3-arm softmax from the one with other logits.
fn moved_logits(step: [f64; 3]) -> f64 {
    let moved: Vec<f64> = LOGITS.iter().zip(step).map(|(x, d)| x + d).collect();
    Divergence::of(&softmax(&LOGITS), &softmax(&moved)).forward
}

pub(in crate::claims) static DEAD: Claim = Claim {
    id: "ch10-dead-parameter",
    origin: Origin::Guide,
    quote: "Delta theta=100 in a dead parameter changes nothing",
    statement: "KL = 0 exactly for a move along a direction that changes no probability, such as the common shift of a softmax.",
    because: "The Fisher matrix has a null direction there, at every θ along it.",
    lesson: "Parameter distance 173, divergence zero.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "kl",
        what: "KL of logits (.2, −.3, .8) from the same + 100",
        value: Value::Number(|| moved_logits([100.0; 3])),
    }],
    trials: &[
        Trial {
            name: "a common shift of 100 changes nothing",
            role: Role::Confirms,
            setting: "3-arm softmax, logits (.2, −.3, .8)",
            subject: Subject::Exact(|| vec![moved_logits([100.0; 3])]),
            expected: || vec![0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one logit alone",
                subject: Subject::Exact(|| vec![moved_logits([100.0, 0.0, 0.0])]),
            }],
        },
        Trial {
            name: "the trajectory's Fisher matrix is blind to one shift a state",
            role: Role::Confirms,
            setting: "set-mdp-1296: F times the three common shifts",
            subject: Subject::Exact(|| {
                let fisher = mdp_1296().oracle().fisher();
                let shift = |s: usize| (0..6).map(|i| f64::from(u8::from(i / 2 == s))).collect::<Vec<f64>>();
                (0..3).flat_map(|s| fisher.times(&shift(s))).collect()
            }),
            expected: || vec![0.0; 18],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "moves of single logits",
                subject: Subject::Exact(|| {
                    let fisher = mdp_1296().oracle().fisher();
                    let single = |k: usize| (0..6).map(|i| f64::from(u8::from(i == k))).collect::<Vec<f64>>();
                    (0..3).flat_map(|k| fisher.times(&single(2 * k))).collect()
                }),
            }],
        },
    ],
};

fn eigen() -> numeric::Eigen {
    numeric::Eigen::of(&mdp_1296().oracle().fisher())
}

/// Twice the divergence of set-mdp-1296 after a step along a vector, over the square of its length.
fn divergence_rate(vector: &[f64], length: f64) -> f64 {
    let new = mdp_1296().stepped(length, vector);
    2.0 * mdp_1296().off_policy(&new).divergence() / (length * length)
}

pub(in crate::claims) static PARAMETER_DISTANCE: Claim = Claim {
    id: "ch10-parameter-distance-bad",
    origin: Origin::Guide,
    quote: "Raw parameter distance doesn't work: small change can cause a large change (or vice versa)",
    statement: "The divergence per squared parameter distance is half an eigenvalue of F, anything from 0 to the largest.",
    because: "KL ≈ ½dᵀFd, and F's eigenvalues differ.",
    lesson: "On set-mdp-1296 three directions of six cost nothing, and the other three differ by 39 %.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "eigenvalues",
        what: "the six eigenvalues of F, ascending",
        value: Value::List(|| eigen().values),
    }],
    trials: &[
        Trial {
            name: "the divergence along each eigenvector",
            role: Role::Confirms,
            setting: "set-mdp-1296: 2 KL/‖d‖² for steps of 10⁻³",
            subject: Subject::Exact(|| eigen().vectors.iter().map(|v| divergence_rate(v, 1e-3)).collect()),
            expected: || eigen().values,
            judge: Judge::Exact { tolerance: 1e-3, why: "the third order is a part of the step" },
            counterfeits: &[Counterfeit {
                story: "the mean eigenvalue everywhere",
                subject: Subject::Exact(|| vec![mdp_1296().oracle().fisher().trace() / 6.0; 6]),
            }],
        },
        Trial {
            name: "a long step can cost nothing and a short one much",
            role: Role::Confirms,
            setting: "set-mdp-1296: KL of a step of length 100 along the first eigenvector against one of .1 along the last",
            subject: Subject::Exact(|| vec![divergence_rate(&eigen().vectors[0], 100.0) * 100.0 * 100.0]),
            expected: || vec![divergence_rate(&eigen().vectors[5], 0.1) * 0.1 * 0.1],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a step of length 1 along the last",
                subject: Subject::Exact(|| vec![divergence_rate(&eigen().vectors[5], 1.0)]),
            }],
        },
        Trial {
            name: "the eigenvalues add up to the trace, their squares to that of F²",
            role: Role::Confirms,
            setting: "set-mdp-1296",
            subject: Subject::Exact(|| {
                let values = eigen().values;
                vec![values.iter().sum(), dot(&values, &values)]
            }),
            expected: || {
                let fisher = mdp_1296().oracle().fisher();
                vec![fisher.trace(), fisher.product(&fisher).trace()]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the diagonal entries, as if F were diagonal",
                subject: Subject::Exact(|| {
                    let fisher = mdp_1296().oracle().fisher();
                    let diagonal: Vec<f64> = (0..6).map(|i| fisher[(i, i)]).collect();
                    vec![fisher.trace(), dot(&diagonal, &diagonal)]
                }),
            }],
        },
    ],
};

/// KL(new‖old) − KL(old‖new) for a coin whose logit goes from 1 to 1+d.
fn direction_difference(d: f64) -> f64 {
    coin_divergence(1.0, d, true) - coin_divergence(1.0, d, false)
}

/// `A'''(1)/6` with `A''' = p(1−p)(1−2p)`.
fn cubic_coefficient() -> f64 {
    let p: f64 = sigmoid(1.0);
    p * (1.0 - p) * (1.0 - 2.0 * p) / 6.0
}

const STEPS: [f64; 3] = [0.2, 0.1, 0.05];

/// A mixture-like target with two modes, and two narrow policies: on one mode, and over both.
const MODES: [f64; 3] = [0.495, 0.01, 0.495];
const ON_ONE: [f64; 3] = [0.97, 0.02, 0.01];
const OVER_BOTH: [f64; 3] = [0.3, 0.4, 0.3];

pub(in crate::claims) static DIRECTION: Claim = Claim {
    id: "ch10-kl-direction",
    origin: Origin::Guide,
    quote: "constraint D_KL(pi_theta'||pi_theta) (new||old)",
    statement: "TRPO and PPO use old‖new. The two have the same Hessian and differ at third order, by A'''(θ)d³/6 with \
                A''' = p(1−p)(1−2p) for a coin; a mean under the new policy cannot be taken from old data without a ratio.",
    because: "For an exponential family KL(θ‖θ') is a Bregman divergence of A; exchanging the arguments changes its third order.",
    lesson: "The same trust region locally. Globally new‖old is mode-seeking and old‖new mass-covering: they rank policies \
             differently.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "differences",
            what: "KL(new‖old) − KL(old‖new) for d=.2, .1, .05",
            value: Value::List(|| STEPS.map(direction_difference).to_vec()),
        },
        Quantity { key: "cubic_coefficient", what: "A'''(1)/6", value: Value::Number(cubic_coefficient) },
    ],
    trials: &[
        Trial {
            name: "equal to second order",
            role: Role::Confirms,
            setting: "a coin with logit 1, d=10⁻³: KL/d² in both directions",
            subject: Subject::Exact(|| {
                [true, false].map(|reversed| coin_divergence(1.0, 1e-3, reversed) * 1e6).to_vec()
            }),
            expected: || {
                let p: f64 = sigmoid(1.0);
                vec![0.5 * p * (1.0 - p); 2]
            },
            judge: Judge::Exact { tolerance: 1e-4, why: "the third order is a part of d" },
            counterfeits: &[Counterfeit {
                story: "d=1",
                subject: Subject::Exact(|| [true, false].map(|reversed| coin_divergence(1.0, 1.0, reversed)).to_vec()),
            }],
        },
        Trial {
            name: "they differ at third order by A'''/6",
            role: Role::Limits,
            setting: "the same, d=10⁻³: the difference over d³",
            subject: Subject::Exact(|| vec![direction_difference(1e-3) * 1e9]),
            expected: || vec![cubic_coefficient()],
            judge: Judge::Exact { tolerance: 1e-4, why: "the fourth order is a part of d" },
            counterfeits: &[Counterfeit {
                story: "at logit 0, where A''' vanishes",
                subject: Subject::Exact(|| {
                    vec![(coin_divergence(0.0, 1e-3, true) - coin_divergence(0.0, 1e-3, false)) * 1e9]
                }),
            }],
        },
        Trial {
            name: "globally they prefer different policies",
            role: Role::Limits,
            setting: "old policy (.495, .01, .495): candidates (.97, .02, .01) and (.3, .4, .3); the second's excess each way",
            subject: Subject::Exact(|| {
                let (one, both) = (Divergence::of(&MODES, &ON_ONE), Divergence::of(&MODES, &OVER_BOTH));
                vec![(both.forward - one.forward).signum(), (both.reverse - one.reverse).signum()]
            }),
            expected: || vec![-1.0, 1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the same direction twice",
                subject: Subject::Exact(|| {
                    let (one, both) = (Divergence::of(&MODES, &ON_ONE), Divergence::of(&MODES, &OVER_BOTH));
                    vec![(both.forward - one.forward).signum(); 2]
                }),
            }],
        },
        Trial {
            name: "new‖old from old data needs the ratio, drawn",
            role: Role::Limits,
            setting: "set-mdp-shifted: w log w on trajectories of the old policy",
            subject: Subject::Sampled(|| log_weights(true)),
            expected: || vec![mdp_1296().off_policy(&shifted(1.0)).reverse_divergence()],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "log w without it",
                subject: Subject::Sampled(|| log_weights(false)),
            }],
        },
    ],
};

/// Draws of `w log w`, or of `log w` alone, under the old policy.
fn log_weights(weighted: bool) -> Sample {
    let (old, new) = (mdp_1296(), shifted(1.0));
    old.sample_paths(|path| {
        let w = old.weight(&new, path);
        vec![if weighted { w } else { 1.0 } * numeric::ln(w)]
    })
}
