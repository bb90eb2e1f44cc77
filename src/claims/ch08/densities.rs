//! Log-probabilities that surrogates are made of.

use crate::autodiff::Tape;
use crate::claims::prelude::*;
use crate::numeric::Matrix;
use crate::policy::{GaussianPolicy, Spread};

const LOGITS: [f64; 3] = [0.2, -0.3, 0.8];
const LABEL: usize = 1;

/// The derivative, by the tape, of `factor` times the cross-entropy of the logits with the label.
fn cross_entropy_gradient(factor: f64) -> Vec<f64> {
    let tape = Tape::new();
    let logits = tape.parameter(Matrix::of(1, 3, LOGITS.to_vec()));
    let loss = logits.log_softmax().gather(&[LABEL]).sum().scale(-factor);
    loss.backward().of(logits).entries().to_vec()
}

/// `π − onehot`.
fn residual() -> Vec<f64> {
    softmax(&LOGITS).iter().enumerate().map(|(a, p)| p - f64::from(u8::from(a == LABEL))).collect()
}

pub(in crate::claims) static CROSS_ENTROPY: Claim = Claim {
    id: "ch08-discrete-cross-entropy",
    origin: Origin::Guide,
    quote: "Discrete actions: cross-entropy loss (actions as labels)",
    statement: "−w CE(logits, a) = w log π(a), and dCE/dlogits = π − onehot(a).",
    because: "The cross-entropy with a one-hot label is −log softmax(logits)[a].",
    lesson: "A classifier's loss with the actions as labels and the advantages as weights is the surrogate, up to its sign.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "ce_gradient",
        what: "dCE/dlogits at logits (.2, −.3, .8), label 1",
        value: Value::List(|| cross_entropy_gradient(1.0)),
    }],
    trials: &[
        Trial {
            name: "the tape's derivative is π − onehot",
            role: Role::Confirms,
            setting: "logits (.2, −.3, .8), label 1",
            subject: Subject::Exact(|| cross_entropy_gradient(1.0)),
            expected: residual,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "onehot − π: the score itself",
                subject: Subject::Exact(|| scale(-1.0, &residual())),
            }],
        },
        Trial {
            name: "minus the weighted cross-entropy has the weighted score as its derivative",
            role: Role::Confirms,
            setting: "the same, w=2.5; the score along dual numbers",
            subject: Subject::Exact(|| cross_entropy_gradient(-2.5)),
            expected: || {
                let policy = tabular(1, 3, &LOGITS);
                let score = crate::autodiff::gradient(&LOGITS, |theta| probability(&policy, theta, 0, 0, LABEL).ln());
                scale(2.5, &score)
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "plus the weighted cross-entropy",
                subject: Subject::Exact(|| cross_entropy_gradient(2.5)),
            }],
        },
    ],
};

const ACTION: f64 = 0.7;
const MEAN: f64 = -0.2;
const DEVIATION: f64 = 0.6;

/// The guide's formula, over any scalar.
fn formula<S: Scalar>(a: f64, mean: S, deviation: S) -> S {
    let gap = S::from(a) - mean;
    let constant = S::from(numeric::ln((2.0 * std::f64::consts::PI).sqrt()));
    S::from(0.0) - gap * gap / (S::from(2.0) * deviation * deviation) - deviation.ln() - constant
}

/// The policy N(−.2, .6²) of a state that is always 1.
fn normal() -> GaussianPolicy {
    GaussianPolicy::diagonal(1, &[MEAN], &[DEVIATION]).expect("a mean and a deviation")
}

pub(in crate::claims) static GAUSSIAN: Claim = Claim {
    id: "ch08-gaussian-logprob",
    origin: Origin::Guide,
    quote: "log pi = -(a-mu)^2/(2 sigma^2) - log(sigma sqrt(2 pi))",
    statement: "The formula is the log-density of N(μ, σ²); of a diagonal Gaussian the dimensions' sum.",
    because: "It is the definition; the joint density of independent dimensions is their product.",
    lesson: "Right in one dimension; with several, sum over dimensions (ch08-log-prob-shape).",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "log_prob",
            what: "log N(a; μ, σ²) at a=.7, μ=−.2, σ=.6",
            value: Value::Number(|| formula(ACTION, MEAN, DEVIATION)),
        },
        Quantity {
            key: "score_mu",
            what: "d log π/dμ there",
            value: Value::Number(|| normal().score(&[1.0], &[ACTION])[0]),
        },
    ],
    trials: &[
        Trial {
            name: "the formula, and the policy's density by triangular solution",
            role: Role::Confirms,
            setting: "a=.7, μ=−.2, σ=.6",
            subject: Subject::Exact(|| vec![formula(ACTION, MEAN, DEVIATION)]),
            expected: || vec![normal().log_prob(&[1.0], &[ACTION])],
            judge: ROUNDING,
            counterfeits: &[
                Counterfeit {
                    story: "without σ in the constant",
                    subject: Subject::Exact(|| vec![formula(ACTION, MEAN, DEVIATION) + numeric::ln(DEVIATION)]),
                },
                Counterfeit {
                    story: "the variance passed as the deviation",
                    subject: Subject::Exact(|| vec![formula(ACTION, MEAN, DEVIATION * DEVIATION)]),
                },
            ],
        },
        Trial {
            name: "it is normalised, with the mean and the variance that it names",
            role: Role::Confirms,
            setting: "integrals of 1, a and (a − μ)² by the trapezoid rule",
            subject: Subject::Exact(|| {
                let integral = |f: fn(f64) -> f64| {
                    numeric::trapezoid(-9.0, 9.0, 400, |a| f(a) * numeric::exp(formula(a, MEAN, DEVIATION)))
                };
                vec![integral(|_| 1.0), integral(|a| a), integral(|a| (a - MEAN) * (a - MEAN))]
            }),
            expected: || vec![1.0, MEAN, DEVIATION * DEVIATION],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the constant",
                subject: Subject::Exact(|| {
                    let mass = DEVIATION * (2.0 * std::f64::consts::PI).sqrt();
                    vec![mass, mass * MEAN, mass * DEVIATION * DEVIATION]
                }),
            }],
        },
        Trial {
            name: "the scores of mean and log σ, along dual numbers and in closed form",
            role: Role::Confirms,
            setting: "a=.7, μ=−.2, σ=.6: (a−μ)/σ² and ((a−μ)/σ)² − 1",
            subject: Subject::Exact(|| {
                crate::autodiff::gradient(&[MEAN, numeric::ln(DEVIATION)], |x| formula(ACTION, x[0], x[1].exp()))
            }),
            expected: || normal().score(&[1.0], &[ACTION]),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the score of σ in place of log σ",
                subject: Subject::Exact(|| {
                    crate::autodiff::gradient(&[MEAN, DEVIATION], |x| formula(ACTION, x[0], x[1]))
                }),
            }],
        },
        Trial {
            name: "of a diagonal Gaussian, the dimensions' sum is the joint density",
            role: Role::Confirms,
            setting: "two dimensions; a full covariance whose correlation is zero",
            subject: Subject::Exact(|| vec![formula(0.7, -0.2, 0.6) + formula(-1.1, 0.3, 1.4)]),
            expected: || {
                let theta = vec![-0.2, 0.3, numeric::ln(0.6), 0.0, numeric::ln(1.4)];
                let policy = GaussianPolicy::new(1, 2, Spread::Full, theta).expect("a full covariance");
                vec![policy.log_prob(&[1.0], &[0.7, -1.1])]
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the mean over dimensions",
                subject: Subject::Exact(|| vec![0.5 * (formula(0.7, -0.2, 0.6) + formula(-1.1, 0.3, 1.4))]),
            }],
        },
    ],
};
