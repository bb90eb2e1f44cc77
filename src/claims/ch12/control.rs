//! The design challenge: the policy's spread, the entropy bonus and the critic.

use crate::autodiff::gradient;
use crate::claims::prelude::*;
use crate::environment::{LinearGaussian, LinearGaussianTables};
use crate::estimator::{GeneralisedAdvantage, generalised_advantage};
use crate::exact::{AdvantageForm, LinearQuadratic};
use crate::numeric::Matrix;
use crate::policy::{GaussianPolicy, Spread};

const TORQUES: usize = 20;

/// `H_ij = ρ^|i−j|`: how much a pair of torques costs together.
fn coupling(rho: f64) -> Matrix {
    Matrix::from_fn(TORQUES, TORQUES, |i, j| numeric::power(rho, i.abs_diff(j)))
}

/// The best torques, `c_i = (i−10)/10`.
fn best_torques() -> Vec<f64> {
    (0..TORQUES).map(|i| (i as f64 - 10.0) / 10.0).collect()
}

/// One step in state 1 with reward `−(a−c)ᵀ H (a−c)`.
fn torques(rho: f64) -> LinearGaussian {
    let (h, c) = (coupling(rho), best_torques());
    let pull = h.times(&c);
    let cost = |i: usize, j: usize| match (i, j) {
        (0, 0) => dot(&c, &pull),
        (0, k) | (k, 0) => -pull[k - 1],
        _ => h[(i - 1, j - 1)],
    };
    let tables = LinearGaussianTables {
        horizon: 1,
        discount: 1.0,
        dynamics: Matrix::identity(1),
        input: Matrix::zeros(1, TORQUES),
        noise: Matrix::zeros(1, 1),
        cost: Matrix::from_fn(TORQUES + 1, TORQUES + 1, cost),
        start_mean: vec![1.0],
        start_covariance: Matrix::zeros(1, 1),
    };
    LinearGaussian::new(tables).expect("a system")
}

/// Independent torques with one deviation, around `mean`.
fn diagonal(mean: &[f64], sigma: f64) -> GaussianPolicy {
    GaussianPolicy::diagonal(1, mean, &[sigma; TORQUES]).expect("a mean and deviations")
}

/// A full covariance `σ² (det H)^{1/20} H⁻¹`: the entropy of `σ² I`, shaped to cost the least.
fn shaped(mean: &[f64], sigma: f64, rho: f64) -> GaussianPolicy {
    let h = coupling(rho);
    // det H = (1 − ρ²)^19 for this H.
    let size = numeric::exp(19.0 / 20.0 * numeric::ln(1.0 - rho * rho));
    let unit = |j: usize| (0..TORQUES).map(|i| f64::from(u8::from(i == j))).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = (0..TORQUES).map(|j| h.solve(&unit(j)).expect("H is positive")).collect();
    let entry = |i: usize, j: usize| sigma * sigma * size * 0.5 * (columns[i][j] + columns[j][i]);
    let factor = Matrix::from_fn(TORQUES, TORQUES, entry).cholesky().expect("a covariance");
    let spread = (0..TORQUES)
        .flat_map(|i| (0..=i).map(move |j| (i, j)))
        .map(|(i, j)| if i == j { numeric::ln(factor[(i, i)]) } else { factor[(i, j)] });
    let theta = mean.iter().copied().chain(spread).collect();
    GaussianPolicy::new(1, TORQUES, Spread::Full, theta).expect("a mean and a factor")
}

fn reached(policy: &GaussianPolicy, rho: f64) -> LinearQuadratic {
    LinearQuadratic::new(&torques(rho), policy).expect("the policy fits the system")
}

/// How many parameters the spread of a policy over twenty torques has.
fn spread_parameters(policy: &GaussianPolicy) -> f64 {
    (policy.parameters().len() - TORQUES) as f64
}

/// `log det L` of a policy: its entropy but for a constant.
fn log_size(policy: &GaussianPolicy) -> f64 {
    let factor = policy.factor();
    (0..TORQUES).map(|i| numeric::ln(factor[i * TORQUES + i])).sum()
}

/// What exploration costs with one deviation over what it costs at the same entropy with the best shape, and the
/// difference of the entropies.
fn price(rho: f64) -> Vec<f64> {
    let c = best_torques();
    let (plain, best) = (diagonal(&c, 0.1), shaped(&c, 0.1, rho));
    vec![reached(&plain, rho).objective() / reached(&best, rho).objective(), log_size(&plain) - log_size(&best)]
}

/// A mean off the best torques.
fn off_centre() -> Vec<f64> {
    best_torques().iter().enumerate().map(|(i, c)| c + 0.1 * i as f64 - 0.7).collect()
}

/// The slopes of J in the means, for independent torques and for shaped ones.
fn mean_slopes(mean: &[f64], rho: f64) -> Vec<f64> {
    [diagonal(mean, 0.3), shaped(mean, 0.3, rho)]
        .iter()
        .flat_map(|policy| reached(policy, 0.8).gradient()[..TORQUES].to_vec())
        .collect()
}

/// Draws of the reward at the best mean, for independent torques and for those of a shape made for `rho`.
fn exploration_draws(rho: f64) -> Sample {
    let c = best_torques();
    let (h, policies) = (coupling(0.8), [diagonal(&c, 0.3), shaped(&c, 0.3, rho)]);
    let moments = policies.iter().map(|policy| {
        let factor = Matrix::of(TORQUES, TORQUES, policy.factor());
        let form = factor.transpose().product(&h.product(&factor));
        (-form.trace(), 2.0 * form.product(&form).trace())
    });
    let (mean, variance) = moments.unzip();
    Box::new(Draws::new(mean, variance, move |stream, out| {
        let z: Vec<f64> = (0..TORQUES).map(|_| stream.normal()).collect();
        for (out, policy) in out.iter_mut().zip(&policies) {
            let gap = difference(&policy.act(&[1.0], &z), &c);
            *out = -dot(&gap, &h.times(&gap));
        }
    }))
}

pub(in crate::claims) static DIAGONAL: Claim = Claim {
    id: "ch12-dc-diagonal-sufficient",
    origin: Origin::Guide,
    quote: "Diagonal sufficient because joint torques are approximately independent given the observation; full covariance adds \
            parameters without proportional gain",
    statement: "With J = −(μ−c)ᵀH(μ−c) − tr(HΣ) the best mean is c for every covariance, and J → 0 as Σ → 0: a diagonal \
                Gaussian reaches \
                the optimum whatever H couples. The shape of Σ changes what exploration costs.",
    because: "The mean's slope −2H(μ−c) does not contain Σ. At a fixed entropy tr(HΣ) is least for Σ ∝ H⁻¹, by the inequality of \
              arithmetic and geometric means; that is diagonal only if H is.",
    lesson: "Sufficient for the optimum mean with 20 parameters in place of 210, correlated or not: independence is not the \
             reason. What a \
             full covariance buys is cheaper exploration: 2.6 times cheaper at the same entropy where neighbours are coupled by .8, \
             nothing where torques are independent.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "diagonal_parameters",
            what: "parameters of a diagonal covariance, 20 actions",
            value: Value::Number(|| spread_parameters(&diagonal(&[0.0; TORQUES], 1.0))),
        },
        Quantity {
            key: "full_parameters",
            what: "parameters of a full covariance, 20 actions",
            value: Value::Number(|| spread_parameters(&shaped(&[0.0; TORQUES], 1.0, 0.8))),
        },
    ],
    trials: &[
        Trial {
            name: "the parameters of the policies, and n and n(n+1)/2",
            role: Role::Confirms,
            setting: "20 action dimensions",
            subject: Subject::Exact(|| {
                vec![
                    spread_parameters(&diagonal(&[0.0; TORQUES], 1.0)),
                    spread_parameters(&shaped(&[0.0; TORQUES], 1.0, 0.8)),
                ]
            }),
            expected: || vec![20.0, 20.0 * 21.0 / 2.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "both triangles of a symmetric matrix",
                subject: Subject::Exact(|| vec![20.0, 20.0 * 20.0]),
            }],
        },
        Trial {
            name: "the slope of the mean does not depend on the covariance",
            role: Role::Confirms,
            setting: "20 torques coupled by H_ij = .8^|i−j|, off the optimum and at it, diagonal and full: the oracle against \
                      −2H(μ−c)",
            subject: Subject::Exact(|| [mean_slopes(&off_centre(), 0.8), mean_slopes(&best_torques(), 0.8)].concat()),
            expected: || {
                let slope = scale(-2.0, &coupling(0.8).times(&difference(&off_centre(), &best_torques())));
                [slope.repeat(2), vec![0.0; 2 * TORQUES]].concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the couplings of H left out",
                subject: Subject::Exact(|| {
                    let slope = scale(-2.0, &difference(&off_centre(), &best_torques()));
                    [slope.repeat(2), vec![0.0; 2 * TORQUES]].concat()
                }),
            }],
        },
        Trial {
            name: "both reach the optimum as σ → 0",
            role: Role::Confirms,
            setting: "the same, σ=10⁻⁴ at μ=c: J by moments, against the optimum by Riccati's recursion",
            subject: Subject::Exact(|| {
                let c = best_torques();
                [diagonal(&c, 1e-4), shaped(&c, 1e-4, 0.8)].map(|policy| reached(&policy, 0.8).objective()).to_vec()
            }),
            expected: || vec![LinearQuadratic::optimum(&torques(0.8)).objective; 2],
            judge: Judge::Exact { tolerance: 1e-6, why: "what is missing is 20σ², 2·10⁻⁷" },
            counterfeits: &[Counterfeit {
                story: "σ=.01",
                subject: Subject::Exact(|| {
                    let c = best_torques();
                    [diagonal(&c, 0.01), shaped(&c, 0.01, 0.8)].map(|policy| reached(&policy, 0.8).objective()).to_vec()
                }),
            }],
        },
        Trial {
            name: "for independent torques the best covariance is diagonal",
            role: Role::Confirms,
            setting: "H = I: the cost of exploration over that of the best shape at the same entropy, and the difference of the \
                      entropies",
            subject: Subject::Exact(|| price(0.0)),
            expected: || vec![1.0, 0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "coupled by .8", subject: Subject::Exact(|| price(0.8)) }],
        },
        Trial {
            name: "for coupled torques exploration is cheaper with a full one",
            role: Role::Limits,
            setting: "H_ij = .8^|i−j|: the same, against 1/(det H)^{1/20} with det H = (1−.8²)^19",
            subject: Subject::Exact(|| price(0.8)),
            expected: || vec![numeric::exp(-19.0 / 20.0 * numeric::ln(0.36)), 0.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "no gain, as if they were independent",
                subject: Subject::Exact(|| price(0.0)),
            }],
        },
        Trial {
            name: "the reward of exploring around the best mean, drawn",
            role: Role::Limits,
            setting: "the same, σ=.3, diagonal and shaped: against −20σ² and −20σ² (det H)^{1/20}",
            subject: Subject::Sampled(|| exploration_draws(0.8)),
            expected: || vec![-20.0 * 0.09, -20.0 * 0.09 * numeric::exp(19.0 / 20.0 * numeric::ln(0.36))],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "a shape made for independent torques",
                subject: Subject::Sampled(|| exploration_draws(0.0)),
            }],
        },
    ],
};

pub(in crate::claims) static SHARED_FEATURES: Claim = Claim {
    id: "ch12-dc-shared-features-hurt",
    origin: Origin::Guide,
    quote: "shared features hurt optimization - conflicting gradients",
    statement: "An empirical statement about networks of one class; the cosine of the policy's and the value's gradients on shared \
                parameters can have either sign.",
    because: "No program here can measure what training of other people's networks does.",
    lesson: "Outside what can be checked here: only an ablation on the system in question can tell. Measure the cosine of the two \
             gradients on the shared parameters.",
    recorded: Finding::Outside,
    quantities: &[],
    trials: &[],
};

const LAMBDA: f64 = 0.95;

/// The critic after sweeps of `W_t(s) ← E[A_t + W_t(s) | s_t = s]` from zero, by enumeration with the subject's advantages.
fn swept(lambda: f64, sweeps: usize) -> Vec<f64> {
    let world = mdp_1296();
    let mut critic = vec![0.0; 12];
    for _ in 0..sweeps {
        let sums = world.expect(|path| {
            let values: Vec<f64> = (0..4).map(|t| critic[3 * t + path.states[t] as usize]).collect();
            let advantages = generalised_advantage(&path.rewards, &values, 0.0, 1.0, lambda);
            let mut out = vec![0.0; 24];
            for t in 0..4 {
                let place = 3 * t + path.states[t] as usize;
                out[place] = 1.0;
                out[12 + place] = advantages[t] + values[t];
            }
            out
        });
        critic = (0..12).map(|i| sums[12 + i] / sums[i]).collect();
    }
    critic
}

/// The same by a backward recursion over the tables: `G_t(s) = E[r + (1−λ) W_{t+1}(s') + λ G_{t+1}(s')]`.
fn swept_by_recursion(lambda: f64, sweeps: usize) -> Vec<f64> {
    let world = mdp_1296();
    let mut critic = vec![0.0; 12];
    for _ in 0..sweeps {
        let mut targets = vec![0.0; 12];
        for t in (0..4).rev() {
            for s in 0..3 {
                let mut sum = numeric::Sum::new();
                for a in 0..2 {
                    let pi = probability(&world.policy, world.policy.parameters(), t, s, a);
                    for step in world.mdp.transitions(s, a) {
                        let next = 3 * (t + 1) + step.next;
                        let ahead = if t == 3 { 0.0 } else { (1.0 - lambda) * critic[next] + lambda * targets[next] };
                        sum.add(pi * step.probability * (step.reward + ahead));
                    }
                }
                targets[3 * t + s] = sum.value();
            }
        }
        critic = targets;
    }
    critic
}

/// `V_t(s)` of the policy, by dynamic programming.
fn true_values() -> Vec<f64> {
    let oracle = mdp_1296().oracle();
    (0..12).map(|i| oracle.value(i / 3, i % 3)).collect()
}

fn blended(critic: Vec<f64>) -> GeneralisedAdvantage {
    GeneralisedAdvantage { discount: 1.0, lambda: LAMBDA, states: 3, critic, discounted_steps: true }
}

/// The mean of generalised advantage estimation with a critic, and its total variance, over all trajectories.
fn enumerated_moments(critic: Vec<f64>) -> (Vec<f64>, f64) {
    let (world, subject) = (mdp_1296(), blended(critic));
    let estimate = |path: &Trajectory| subject.gradient(&world.policy, &Batch::of(4, [path]));
    (world.expect(estimate), world.trace(estimate))
}

/// The same by the recursion in `(A, X)`.
fn recursion_moments(critic: Vec<f64>) -> (Vec<f64>, f64) {
    let form = AdvantageForm { lambda: LAMBDA, critic, discounted_steps: true };
    let moments = mdp_1296().oracle().advantage_moments(&form).expect("a critic's table");
    let trace = moments.trace();
    (moments.mean, trace)
}

/// The length of the bias and the total variance after 0 to 6 sweeps.
fn bias_and_variance(moments: fn(Vec<f64>) -> (Vec<f64>, f64), sweeps: impl Iterator<Item = usize>) -> Vec<f64> {
    let gradient = mdp_1296().gradient();
    let of = |sweeps: usize| {
        let (mean, trace) = moments(swept(LAMBDA, sweeps));
        [distance(&mean, &gradient), trace]
    };
    sweeps.flat_map(of).collect()
}

/// Draws of `1{s_1 = s}(A_1 + W_1(s))` with the critic after three sweeps; or of the advantage alone.
fn target_draws(added: bool) -> Sample {
    let critic = swept(LAMBDA, 3);
    mdp_1296().sample_paths(move |path| {
        let values: Vec<f64> = (0..4).map(|t| critic[3 * t + path.states[t] as usize]).collect();
        let advantage = generalised_advantage(&path.rewards, &values, 0.0, 1.0, LAMBDA)[0];
        let target = advantage + if added { values[0] } else { 0.0 };
        (0..3).map(|s| if path.states[0] == s { target } else { 0.0 }).collect()
    })
}

pub(in crate::claims) static GAE_RETURNS: Claim = Claim {
    id: "ch12-dc-value-mse-gae-returns",
    origin: Origin::Guide,
    quote: "V trained with MSE against GAE returns",
    statement: "The fixed point of the regression on A^GAE + V is V^π for every λ: its error at t depends on later errors \
                alone, each times \
                1−λ. For λ<1 the target depends on V itself.",
    because: "E[A_t + W_t | s] = E[r + (1−λ) W_{t+1} + λ G_{t+1}], and W_5 = 0: one more step is exact after each sweep.",
    lesson: "Four sweeps are exact with four steps and any λ, one is with λ=1. The bias of the policy gradient goes with the \
             critic's \
             error: after four sweeps the gradient is unbiased at λ=.95.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "v_first_step",
            what: "the fixed point at t=1 for s=0, 1, 2",
            value: Value::List(|| swept(LAMBDA, 6)[..3].to_vec()),
        },
        Quantity {
            key: "max_abs_error",
            what: "the largest |W − V| after 6 sweeps",
            value: Value::Number(|| largest(&difference(&swept(LAMBDA, 6), &true_values()))),
        },
    ],
    trials: &[
        Trial {
            name: "six sweeps reach the values of dynamic programming",
            role: Role::Confirms,
            setting: "set-mdp-1296, a table a step, λ=.95, from W=0: by enumeration of the subject's advantages",
            subject: Subject::Exact(|| swept(LAMBDA, 6)),
            expected: true_values,
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "three sweeps: the first step is not yet there",
                subject: Subject::Exact(|| swept(LAMBDA, 3)),
            }],
        },
        Trial {
            name: "one sweep with whole returns, four with one-step targets",
            role: Role::Confirms,
            setting: "the same with λ=1 and λ=0",
            subject: Subject::Exact(|| [swept(1.0, 1), swept(0.0, 4)].concat()),
            expected: || true_values().repeat(2),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "one sweep of a target that depends on the critic, λ=.95 and 0",
                subject: Subject::Exact(|| [swept(LAMBDA, 1), swept(0.0, 1)].concat()),
            }],
        },
        Trial {
            name: "the way there, by enumeration and by a recursion over the tables",
            role: Role::Confirms,
            setting: "the same, λ=.95: the critic after 1, 2 and 3 sweeps",
            subject: Subject::Exact(|| (1..=3).flat_map(|sweeps| swept(LAMBDA, sweeps)).collect()),
            expected: || (1..=3).flat_map(|sweeps| swept_by_recursion(LAMBDA, sweeps)).collect(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "λ=.9",
                subject: Subject::Exact(|| (1..=3).flat_map(|sweeps| swept(0.9, sweeps)).collect()),
            }],
        },
        Trial {
            name: "bias and variance of the policy gradient on the way, by enumeration and by recursion",
            role: Role::Confirms,
            setting: "the same: |E ĝ − ∇J| and the total variance with the critic after 0, 1, … 6 sweeps",
            subject: Subject::Exact(|| bias_and_variance(enumerated_moments, 0..=6)),
            expected: || bias_and_variance(recursion_moments, 0..=6),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a critic that never learns",
                subject: Subject::Exact(|| bias_and_variance(enumerated_moments, [0; 7].into_iter())),
            }],
        },
        Trial {
            name: "they end at no bias and at the exact critic's variance",
            role: Role::Confirms,
            setting: "the same: the mean and the variance after four sweeps, enumerated, against ∇J and the recursion with V",
            subject: Subject::Exact(|| {
                let (mut mean, trace) = enumerated_moments(swept(LAMBDA, 4));
                mean.push(trace);
                mean
            }),
            expected: || [mdp_1296().gradient(), vec![recursion_moments(true_values()).1]].concat(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "after one sweep",
                subject: Subject::Exact(|| {
                    let (mut mean, trace) = enumerated_moments(swept(LAMBDA, 1));
                    mean.push(trace);
                    mean
                }),
            }],
        },
        Trial {
            name: "the target at the first step, drawn",
            role: Role::Confirms,
            setting: "the same, λ=.95, the critic after three sweeps: E[1{s_1=s}(A_1 + W_1)] against P(s_1=s) V_1(s)",
            subject: Subject::Sampled(|| target_draws(true)),
            expected: || {
                let values = true_values();
                mdp_1296().mdp.initial().iter().zip(&values).map(|(p, v)| p * v).collect()
            },
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the advantage alone, without the critic's value",
                subject: Subject::Sampled(|| target_draws(false)),
            }],
        },
    ],
};

const PAY: [f64; 4] = [3.0 / 12.0, 5.0 / 12.0, 8.0 / 12.0, 1.0];
const COEFFICIENTS: [f64; 3] = [0.01, 0.1, 1.0];

/// `π ∝ e^{r/α}`.
fn boltzmann(alpha: f64) -> Vec<f64> {
    softmax(&PAY.map(|r| r / alpha))
}

/// `1 − J`, as a sum of what is lost.
fn lost(pi: &[f64]) -> f64 {
    numeric::sum(pi.iter().zip(PAY).map(|(p, r)| p * (1.0 - r)))
}

/// `J + αH` of logits.
fn regularised<S: Scalar>(theta: &[S], alpha: f64) -> S {
    let policy = tabular(1, 4, &[0.0; 4]);
    let term = |a: usize| {
        let p = probability(&policy, theta, 0, 0, a);
        p * (S::from(PAY[a]) - S::from(alpha) * p.ln())
    };
    (0..4).map(term).fold(S::from(0.0), |sum, x| sum + x)
}

/// The slopes of `J + αH` at the logits `r/(factor α)`, for the two larger coefficients.
fn slopes_at(factor: f64) -> Vec<f64> {
    COEFFICIENTS[1..]
        .iter()
        .flat_map(|alpha| gradient(&PAY.map(|r| r / (factor * alpha)), |theta| regularised(theta, *alpha)))
        .collect()
}

/// π after exact ascent on `J + αH` from a policy that takes the worst arm with probability .997.
fn climbed_from_worst(alpha: f64, steps: usize) -> Vec<f64> {
    let mut theta = vec![7.0, 0.0, 0.0, 0.0];
    for _ in 0..steps {
        let slope = gradient(&theta, |theta| regularised(theta, alpha));
        theta.iter_mut().zip(slope).for_each(|(x, slope)| *x += slope);
    }
    softmax(&theta)
}

/// What is lost after natural-gradient steps, `θ ← θ + r − α_k log π`, with a schedule of the coefficient.
fn lost_after(steps: usize, coefficient: fn(usize) -> f64) -> f64 {
    let mut theta = vec![0.0; 4];
    for k in 0..steps {
        let pi = softmax(&theta);
        for (x, (r, p)) in theta.iter_mut().zip(PAY.iter().zip(pi)) {
            *x += r - coefficient(k) * numeric::ln(p);
        }
    }
    lost(&softmax(&theta))
}

fn decaying(k: usize) -> f64 {
    0.1 / (1.0 + k as f64 / 10.0)
}

/// Draws of `1 − r` of the policy `∝ e^{r/α}`.
fn loss_draws(alpha: f64) -> Sample {
    let world = World::new(bandit(&PAY), tabular(1, 4, &PAY.map(|r| r / alpha)));
    world.sample_paths(|path| vec![1.0 - path.rewards[0]])
}

pub(in crate::claims) static ENTROPY_BONUS: Claim = Claim {
    id: "ch12-dc-entropy-bonus",
    origin: Origin::Guide,
    quote: "Entropy coefficient .01 prevents premature convergence to a deterministic policy",
    statement: "The optimum of E r + αH is π ∝ e^{r/α}: stochastic for every α>0, and within e^{−gap/α} of deterministic where \
                the gap of \
                the rewards is far above α. A constant α costs reward in the limit; one that decays to zero does not.",
    because: "Σ π (r − α log π) has slope zero where r − α log π is the same for every arm (Ziebart 2010; Haarnoja et al. 2017).",
    lesson: "What counts is α over the scale of the advantages: .01 with unit rewards leaves 3·10⁻¹⁵ to the other arms, no \
             exploration at \
             all. Larger coefficients explore, and cost reward for good unless they decay.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "p_best",
            what: "π(best) for α=.01, .1, 1",
            value: Value::List(|| COEFFICIENTS.map(|alpha| boltzmann(alpha)[3]).to_vec()),
        },
        Quantity {
            key: "j_loss",
            what: "1−J for α=.01, .1, 1",
            value: Value::List(|| COEFFICIENTS.map(|alpha| lost(&boltzmann(alpha))).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "the slope of J + αH is zero at logits r/α",
            role: Role::Confirms,
            setting: "four arms, rewards (3, 5, 8, 12)/12, α=.1, 1; along dual numbers",
            subject: Subject::Exact(|| slopes_at(1.0)),
            expected: || vec![0.0; 8],
            judge: ROUNDING,
            counterfeits: &[Counterfeit { story: "logits r/(2α)", subject: Subject::Exact(|| slopes_at(2.0)) }],
        },
        Trial {
            name: "its value there is α log Σ e^{r/α}",
            role: Role::Confirms,
            setting: "the same, α=.01, .1, 1",
            subject: Subject::Exact(|| COEFFICIENTS.map(|alpha| regularised(&PAY.map(|r| r / alpha), alpha)).to_vec()),
            expected: || {
                COEFFICIENTS
                    .map(|alpha| alpha * numeric::ln(numeric::sum(PAY.iter().map(|r| numeric::exp(r / alpha)))))
                    .to_vec()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "J alone",
                subject: Subject::Exact(|| COEFFICIENTS.map(|alpha| 1.0 - lost(&boltzmann(alpha))).to_vec()),
            }],
        },
        Trial {
            name: "ascent from a nearly deterministic policy on the worst arm ends there",
            role: Role::Confirms,
            setting: "the same, α=1: 1000 exact steps of 1 from π=(.997, .001, .001, .001), against the closed form",
            subject: Subject::Exact(|| climbed_from_worst(1.0, 1000)),
            expected: || boltzmann(1.0),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "without the bonus",
                subject: Subject::Exact(|| climbed_from_worst(0.0, 1000)),
            }],
        },
        Trial {
            name: "α=.1 and 1 keep the policy stochastic",
            role: Role::Confirms,
            setting: "the same: the probability of the three other arms against .03",
            subject: Subject::Exact(|| [0.1, 1.0].map(|alpha| boltzmann(alpha)[..3].iter().sum()).to_vec()),
            expected: || vec![0.03; 2],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "α=.01",
                subject: Subject::Exact(|| vec![boltzmann(0.01)[..3].iter().sum(); 2]),
            }],
        },
        Trial {
            name: "α=.01 does not",
            role: Role::Limits,
            setting: "the same: the probability of the three other arms against 10⁻¹⁴",
            subject: Subject::Exact(|| vec![boltzmann(0.01)[..3].iter().sum()]),
            expected: || vec![1e-14],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "α=.1",
                subject: Subject::Exact(|| vec![boltzmann(0.1)[..3].iter().sum()]),
            }],
        },
        Trial {
            name: "with exact gradients none is needed",
            role: Role::Limits,
            setting: "the same without a bonus: π(best) after 1000 exact steps from π=(.997, .001, .001, .001), against .99",
            subject: Subject::Exact(|| vec![climbed_from_worst(0.0, 1000)[3]]),
            expected: || vec![0.99],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "with α=.3",
                subject: Subject::Exact(|| vec![climbed_from_worst(0.3, 1000)[3]]),
            }],
        },
        Trial {
            name: "a constant coefficient keeps its loss",
            role: Role::Limits,
            setting: "the same, α=.1: 1−J after 500 natural-gradient steps, against the closed form",
            subject: Subject::Exact(|| vec![lost_after(500, |_| 0.1)]),
            expected: || vec![lost(&boltzmann(0.1))],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "no loss",
                subject: Subject::Exact(|| vec![lost_after(500, |_| 0.0)]),
            }],
        },
        Trial {
            name: "one that decays to zero loses nothing in the limit",
            role: Role::Limits,
            setting: "the same, α_k = .1/(1+k/10): 1−J after 500 steps against a millionth of the constant's",
            subject: Subject::Exact(|| vec![lost_after(500, decaying)]),
            expected: || vec![1e-6 * lost(&boltzmann(0.1))],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "the constant",
                subject: Subject::Exact(|| vec![lost_after(500, |_| 0.1)]),
            }],
        },
        Trial {
            name: "what the bonus costs, drawn",
            role: Role::Limits,
            setting: "the same, α=.1: 1−r of the policy ∝ e^{r/α}",
            subject: Subject::Sampled(|| loss_draws(0.1)),
            expected: || vec![lost(&boltzmann(0.1))],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit { story: "α=.12", subject: Subject::Sampled(|| loss_draws(0.12)) }],
        },
    ],
};

const OFFSET: f64 = 1.5;
const SIGMA: f64 = 0.4;

/// `E[(z²−1) r(d+σz)]`, exact for polynomials.
fn log_sigma_slope(d: f64, sigma: f64, reward: fn(f64) -> f64) -> f64 {
    numeric::normal_expectation(24, |z| (z * z - 1.0) * reward(d + sigma * z))
}

fn square(x: f64) -> f64 {
    -x * x
}

/// Draws of `(z² − centre) r`.
fn log_sigma_draws(centre: f64) -> Sample {
    let term = move |z: f64| (z * z - centre) * square(OFFSET + SIGMA * z);
    let mean = numeric::normal_expectation(24, term);
    let second = numeric::normal_expectation(24, |z| term(z) * term(z));
    Box::new(Draws::new(vec![mean], vec![second - mean * mean], move |stream, out| out[0] = term(stream.normal())))
}

/// Distances and deviations.
const GRID: [(f64, f64); 6] = [(0.0, 0.1), (0.0, 2.0), (1.5, 0.4), (-3.0, 0.05), (0.3, 1.0), (10.0, 0.5)];

/// The σ² at which `slope(σ) = 0`.
fn stationary(slope: impl Fn(f64) -> f64) -> f64 {
    let sigma = numeric::root(1e-4, 2.0, slope).expect("a slope that changes its sign");
    sigma * sigma
}

pub(in crate::claims) static LOG_SIGMA: Claim = Claim {
    id: "ch12-dc-log-sigma-collapse",
    origin: Origin::Guide,
    quote: "log sigma is a learnable parameter vector (state-independent)",
    statement: "The score of log σ is z²−1, and dJ/d log σ = σ² E r'' < 0 for a concave reward, −2σ² for a quadratic one: \
                learning shrinks \
                the exploration at every mean. With an entropy coefficient α the spread stops at σ² = α/2.",
    because: "E[(z²−1) f(σz)] = σ² E f''(σz) by parts (Stein); the entropy is log σ and a constant.",
    lesson: "σ falls however far the mean is from the best action, and to zero: exploration ends when it may still be needed. A \
             bonus keeps \
             it at √(α/2k) for curvature k; a floor on σ does it more directly.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "dj_dlogsigma",
            what: "dJ/d log σ",
            value: Value::Number(|| one_step_gaussian(OFFSET, SIGMA).gradient()[1]),
        },
        Quantity {
            key: "sigma_star_squared",
            what: "the stationary σ² with α=.01",
            value: Value::Number(|| stationary(|sigma| log_sigma_slope(OFFSET, sigma, square) + 0.01)),
        },
    ],
    trials: &[
        Trial {
            name: "the score of log σ is z²−1",
            role: Role::Confirms,
            setting: "a Gaussian policy with mean 1.5 and σ=.4, actions at z=−1.2, 0, .3, 2",
            subject: Subject::Exact(|| {
                let policy = GaussianPolicy::diagonal(1, &[OFFSET], &[SIGMA]).expect("a mean and a deviation");
                [-1.2, 0.0, 0.3, 2.0].map(|z| policy.score(&[1.0], &policy.act(&[1.0], &[z]))[1]).to_vec()
            }),
            expected: || [-1.2, 0.0, 0.3, 2.0].map(|z: f64| z * z - 1.0).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the score of σ",
                subject: Subject::Exact(|| [-1.2, 0.0, 0.3, 2.0].map(|z: f64| (z * z - 1.0) / SIGMA).to_vec()),
            }],
        },
        Trial {
            name: "dJ/d log σ by scores, by quadrature, and by propagated moments",
            role: Role::Confirms,
            setting: "set-gaussian at six distances and deviations",
            subject: Subject::Exact(|| GRID.map(|(d, sigma)| log_sigma_slope(d, sigma, square)).to_vec()),
            expected: || GRID.map(|(d, sigma)| one_step_gaussian(d, sigma).gradient()[1]).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "z² in place of z²−1",
                subject: Subject::Exact(|| {
                    GRID.map(|(d, sigma)| numeric::normal_expectation(24, |z| z * z * square(d + sigma * z))).to_vec()
                }),
            }],
        },
        Trial {
            name: "which is −2σ², whatever the mean",
            role: Role::Confirms,
            setting: "the same, by propagated moments",
            subject: Subject::Exact(|| GRID.map(|(d, sigma)| one_step_gaussian(d, sigma).gradient()[1]).to_vec()),
            expected: || GRID.map(|(_, sigma)| -2.0 * sigma * sigma).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "dJ/dσ",
                subject: Subject::Exact(|| GRID.map(|(_, sigma)| -2.0 * sigma).to_vec()),
            }],
        },
        Trial {
            name: "negative for another concave reward too",
            role: Role::Confirms,
            setting: "reward −a⁴ at the same distances and deviations, by quadrature, against zero",
            subject: Subject::Exact(|| {
                GRID.map(|(d, sigma)| log_sigma_slope(d, sigma, |a| -square(a) * square(a))).to_vec()
            }),
            expected: || vec![0.0; GRID.len()],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "a convex reward, a⁴",
                subject: Subject::Exact(|| {
                    GRID.map(|(d, sigma)| log_sigma_slope(d, sigma, |a| square(a) * square(a))).to_vec()
                }),
            }],
        },
        Trial {
            name: "with a bonus it stops at σ² = α/2",
            role: Role::Confirms,
            setting: "set-gaussian, d=1.5, α=.01 and .3: the root of the slope by quadrature plus α",
            subject: Subject::Exact(|| {
                [0.01, 0.3].map(|alpha| stationary(|sigma| log_sigma_slope(OFFSET, sigma, square) + alpha)).to_vec()
            }),
            expected: || vec![0.01 / 2.0, 0.3 / 2.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the bonus on σ in place of log σ",
                subject: Subject::Exact(|| {
                    [0.01, 0.3]
                        .map(|alpha| stationary(|sigma| log_sigma_slope(OFFSET, sigma, square) + alpha * sigma))
                        .to_vec()
                }),
            }],
        },
        Trial {
            name: "(z²−1) r, drawn",
            role: Role::Confirms,
            setting: "set-gaussian, d=1.5, σ=.4",
            subject: Subject::Sampled(|| log_sigma_draws(1.0)),
            expected: || vec![-2.0 * SIGMA * SIGMA],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "z² in place of z²−1",
                subject: Subject::Sampled(|| log_sigma_draws(0.0)),
            }],
        },
    ],
};
