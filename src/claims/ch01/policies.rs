//! Policy heads, and what counts as off-policy.

use crate::claims::prelude::*;

const LOGITS: [f64; 4] = [5.0, -3.0, 2.0, 100.0];

fn softmax_sum() -> f64 {
    softmax(&LOGITS).iter().sum()
}

/// The integral of `∂N/∂μ` and `∂N/∂σ`, the normaliser's derivative counted `normaliser` times.
fn gaussian_mass_gradient(normaliser: f64) -> [f64; 2] {
    let integral = |slope: &dyn Fn(f64) -> f64| {
        numeric::trapezoid(-20.0, 20.0, 2000, |x| slope((x - 0.3) / 0.7) * numeric::normal_density(x, 0.3, 0.7))
    };
    [integral(&|z| z / 0.7), integral(&|z| (z * z - normaliser) / 0.7)]
}

fn gaussian_integral() -> f64 {
    numeric::trapezoid(-20.0, 20.0, 2000, |x| numeric::normal_density(x, 0.3, 0.7))
}

pub(in crate::claims) static POLICY_HEADS: Claim = Claim {
    id: "ch01-policy-heads",
    origin: Origin::Guide,
    quote: "Discrete: softmax over logits. Continuous: outputs mean (and variance) of a Gaussian.",
    statement: "Both are normalised densities for every θ, with a support that does not depend on θ.",
    because: "A softmax is divided by its sum; a Gaussian by its integral.",
    lesson: "Both heads satisfy what the score identity needs.",
    recorded: Finding::Holds,
    quantities: &[
        Quantity { key: "softmax_sum", what: "the sum of softmax(5, −3, 2, 100)", value: Value::Number(softmax_sum) },
        Quantity {
            key: "gaussian_integral",
            what: "∫ N(x; .3, .7²) dx over [−20, 20]",
            value: Value::Number(gaussian_integral),
        },
    ],
    trials: &[
        Trial {
            name: "softmax and Gaussian sum to one",
            role: Role::Confirms,
            setting: "logits (5, −3, 2, 100); mean .3, standard deviation .7",
            subject: Subject::Exact(|| vec![softmax_sum(), gaussian_integral()]),
            expected: || vec![1.0; 2],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "a Gaussian without the standard deviation in its normaliser",
                subject: Subject::Exact(|| vec![softmax_sum(), 0.7 * gaussian_integral()]),
            }],
        },
        Trial {
            name: "normalised for every θ: the mass has no gradient",
            role: Role::Confirms,
            setting: "along each of the four logits, and along mean and standard deviation",
            subject: Subject::Exact(|| {
                let mut pi = vec![Dual::<4>::from(0.0); 4];
                tabular(1, 4, &LOGITS).probabilities_over(0, 0, &Dual::point(&LOGITS), &mut pi);
                let softmax = pi.iter().fold(Dual::from(0.0), |sum: Dual<4>, p| sum + *p);
                [&softmax.tangents[..], &gaussian_mass_gradient(1.0)].concat()
            }),
            expected: || vec![0.0; 6],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "exponentials that are not divided by their sum",
                subject: Subject::Exact(|| {
                    let logits = Dual::<4>::point(&LOGITS);
                    let mass = logits.iter().fold(Dual::from(0.0), |sum: Dual<4>, x| sum + x.exp());
                    [&mass.tangents[..], &gaussian_mass_gradient(0.0)].concat()
                }),
            }],
        },
    ],
};

/// `Σ_t weight(ρ_t) g'_t G_t` of a trajectory of the old policy, with the scores of the new.
fn surrogate_term(new: &World, path: &Trajectory, weight: fn(f64) -> f64) -> Vec<f64> {
    let old = mdp_1296();
    let probability = |world: &World, t: usize| {
        let mut row = [0.0; 2];
        world.policy.probabilities(t, path.observations[t] as usize, &mut row);
        row[path.actions[t] as usize]
    };
    new.weighted(path, |t| weight(probability(new, t) / probability(old, t)) * to_go(path, t))
}

/// `∇ L(θ')` at `θ' = θ + e δ` of the surrogate `L(θ') = E_θ[Σ_t ρ_t G_t]`, ratios of single steps, unclipped.
fn surrogate_gradient(e: f64) -> Vec<f64> {
    let new = shifted(e);
    mdp_1296().expect(|path| surrogate_term(&new, path, |ratio| ratio))
}

pub(in crate::claims) static TABLE_PPO: Claim = Claim {
    id: "ch01-table-ppo-off-policy",
    origin: Origin::Guide,
    quote: "Off-policy: can reuse data from past policies - IS-weighted PG, PPO",
    statement: "PPO uses data of the preceding policy alone, with single-step ratios: a correction that is biased away \
                from the policy that gathered the data.",
    because: "A ratio of one step corrects the action, not the states that led there nor the return that follows \
              (Schulman et al. 2017, §3).",
    lesson: "PPO is normally called on-policy: it reuses one batch for a few epochs near θ_old. At θ_old the surrogate's \
             gradient is ∇J; away from it, it is not, even unclipped.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "surrogate_bias_norm",
            what: "|∇L(θ') − ∇J(θ')| at θ' = θ+δ",
            value: Value::Number(|| distance(&surrogate_gradient(1.0), &shifted(1.0).gradient())),
        },
        Quantity {
            key: "grad_j_norm_new",
            what: "|∇J(θ')| at θ' = θ+δ",
            value: Value::Number(|| norm(&shifted(1.0).gradient())),
        },
    ],
    trials: &[
        Trial {
            name: "at the policy that gathered the data",
            role: Role::Confirms,
            setting: "set-mdp-1296, θ' = θ",
            subject: Subject::Exact(|| surrogate_gradient(0.0)),
            expected: || mdp_1296().gradient(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "each score weighted by its own reward alone",
                subject: Subject::Exact(|| mdp_1296().batch_mean(1, myopic)),
            }],
        },
        Trial {
            name: "away from it the surrogate's gradient is biased",
            role: Role::Limits,
            setting: "set-mdp-shifted, θ' = θ+δ",
            subject: Subject::Exact(|| surrogate_gradient(1.0)),
            expected: || shifted(1.0).gradient(),
            judge: Judge::Different { at_least: 0.05, why: "a bias of several per cent of |∇J| changes the step" },
            counterfeits: &[Counterfeit {
                story: "fresh data of the new policy",
                subject: Subject::Exact(|| shifted(1.0).batch_mean(1, v2)),
            }],
        },
        Trial {
            name: "the biased mean, drawn from the old policy",
            role: Role::Limits,
            setting: "set-mdp-shifted, θ' = θ+δ",
            subject: Subject::Sampled(|| {
                let new = shifted(1.0);
                mdp_1296().sample_paths(move |path| surrogate_term(&new, path, |ratio| ratio))
            }),
            expected: || surrogate_gradient(1.0),
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "the ratios forgotten",
                subject: Subject::Sampled(|| {
                    let new = shifted(1.0);
                    mdp_1296().sample_paths(move |path| surrogate_term(&new, path, |_| 1.0))
                }),
            }],
        },
    ],
};
