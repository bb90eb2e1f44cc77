//! The curse of horizon: products of ratios.

use super::weights::{recursive_weight_variance, weight_variance};
use crate::claims::prelude::*;

pub(in crate::claims) static POWER_UP: Claim = Claim {
    id: "ch09-1.1-pow-100",
    origin: Origin::Guide,
    quote: "1.1^100 ~ 13,780",
    statement: "1.1¹⁰⁰ = 13,780.6.",
    because: "Arithmetic.",
    lesson: "The guide's figure is right. What it is a figure of is another matter: see ch09-all-ratios-1.1.",
    recorded: Finding::Holds,
    quantities: &[Quantity { key: "value", what: "1.1¹⁰⁰", value: Value::Number(|| numeric::power(1.1, 100)) }],
    trials: &[Trial {
        name: "the guide's figure",
        role: Role::Confirms,
        setting: "arithmetic, to the four digits that the guide gives",
        subject: Subject::Arithmetic(|| vec![numeric::power(1.1, 100)]),
        expected: || vec![13_780.0],
        judge: Judge::Exact { tolerance: 1e-4, why: "the guide gives four digits" },
        counterfeits: &[Counterfeit {
            story: "one factor too many",
            subject: Subject::Arithmetic(|| vec![numeric::power(1.1, 101)]),
        }],
    }],
};

pub(in crate::claims) static POWER_DOWN: Claim = Claim {
    id: "ch09-0.9-pow-100",
    origin: Origin::Guide,
    quote: "0.9^100 ~ 0.00003",
    statement: "0.9¹⁰⁰ = 2.656·10⁻⁵.",
    because: "Arithmetic.",
    lesson: "The guide's figure is right to the digit given.",
    recorded: Finding::Holds,
    quantities: &[Quantity { key: "value", what: "0.9¹⁰⁰", value: Value::Number(|| numeric::power(0.9, 100)) }],
    trials: &[Trial {
        name: "the guide's figure",
        role: Role::Confirms,
        setting: "arithmetic in units of 10⁻⁵, to the one digit that the guide gives",
        subject: Subject::Arithmetic(|| vec![numeric::power(0.9, 100) * 1e5]),
        expected: || vec![3.0],
        judge: Judge::Exact { tolerance: 0.5 / 3.0, why: "the guide gives one digit" },
        counterfeits: &[Counterfeit {
            story: "ten factors too few",
            subject: Subject::Arithmetic(|| vec![numeric::power(0.9, 90) * 1e5]),
        }],
    }],
};

/// Independent binary steps: P(a=1) under the old policy and the new.
#[derive(Clone, Copy)]
struct Coins {
    old: f64,
    new: f64,
}

const CASE_A: Coins = Coins { old: 0.5, new: 0.55 };
const CASE_B: Coins = Coins { old: 0.9, new: 0.99 };

impl Coins {
    /// With a one-step χ² of `chi`.
    fn with_chi_square(chi: f64) -> Self {
        Self { old: 0.5, new: 0.5 + 0.5 * chi.sqrt() }
    }

    fn chi_square(self) -> f64 {
        Divergence::of(&[self.old, 1.0 - self.old], &[self.new, 1.0 - self.new]).chi_square
    }

    /// `Var w = (1+χ²)^T − 1`.
    fn variance(self, steps: usize) -> f64 {
        numeric::power(1.0 + self.chi_square(), steps) - 1.0
    }

    /// `(probability, weight)` for each number of ones among `steps`, under the old policy.
    fn binomial(self, steps: usize) -> Vec<(f64, f64)> {
        let (up, down) = (self.new / self.old, (1.0 - self.new) / (1.0 - self.old));
        let mut probability = numeric::power(1.0 - self.old, steps);
        let mut law = Vec::with_capacity(steps + 1);
        for ones in 0..=steps {
            law.push((probability, numeric::power(up, ones) * numeric::power(down, steps - ones)));
            probability *= (steps - ones) as f64 / (ones as f64 + 1.0) * self.old / (1.0 - self.old);
        }
        law
    }

    /// `E f(w)` under the old policy, by the binomial law.
    fn mean(self, steps: usize, f: impl Fn(f64) -> f64) -> f64 {
        numeric::sum(self.binomial(steps).iter().map(|(p, w)| p * f(*w)))
    }

    /// The smallest weight with `P(W ≤ w) ≥ ½`.
    fn median(self, steps: usize) -> f64 {
        let mut law = self.binomial(steps);
        law.sort_by(|x, y| x.1.total_cmp(&y.1));
        let mut below = 0.0;
        for (p, w) in law {
            below += p;
            if below >= 0.5 {
                return w;
            }
        }
        f64::NAN
    }

    /// Draws of `w²` of `steps` steps.
    fn squares(self, steps: usize) -> Sample {
        let (up, down) = (self.new / self.old, (1.0 - self.new) / (1.0 - self.old));
        let moment = |power: usize| {
            let one = self.old * numeric::power(up, power) + (1.0 - self.old) * numeric::power(down, power);
            numeric::power(one, steps)
        };
        let (second, fourth) = (moment(2), moment(4));
        Box::new(Draws::new(vec![second], vec![fourth - second * second], move |stream, out| {
            let ones = (0..steps).filter(|_| stream.uniform() < self.old).count();
            let w = numeric::power(up, ones) * numeric::power(down, steps - ones);
            out[0] = w * w;
        }))
    }
}

pub(in crate::claims) static ALL_RATIOS: Claim = Claim {
    id: "ch09-all-ratios-1.1",
    origin: Origin::Guide,
    quote: "Suppose each ratio is 1.1 ... Either way the gradient is dominated by a handful of extreme weights - the variance is \
            astronomical",
    statement: "Ratios average to one under the old policy, so \"each 1.1\" is one path of probability p^T, not the typical \
                trajectory. Var w = (1+χ²)^T − 1 with the one-step χ².",
    because: "E_old[ρ] = 1 and E_old[ρ²] = 1 + χ²; independent steps multiply.",
    lesson: "With ratios of 1.1 and .9 at p=.5 (case A), ρ=1.1 at every step has probability .5¹⁰⁰, and a hundred \
             steps leave 37 % of the samples effective: not astronomical. With ratios of 1.1 and .1 at p=.9 (case B) \
             the variance is 5528 and 2·10⁻⁴ of the samples are effective, as the guide says. The objection is to \
             \"each ratio is 1.1\" as the reason: what counts is χ², not the largest product.",
    recorded: Finding::Fails,
    quantities: &[
        Quantity { key: "var_w_case_a", what: "Var w, case A", value: Value::Number(|| CASE_A.variance(100)) },
        Quantity {
            key: "ess_fraction_case_a",
            what: "1/(1+Var w), case A",
            value: Value::Number(|| 1.0 / (1.0 + CASE_A.variance(100))),
        },
        Quantity {
            key: "median_w_case_a",
            what: "the smallest weight w with P(W ≤ w) ≥ ½, case A",
            value: Value::Number(|| CASE_A.median(100)),
        },
        Quantity {
            key: "share_of_weight_above_10",
            what: "E[w 1{w ≥ 10}], case A",
            value: Value::Number(|| CASE_A.mean(100, |w| if w >= 10.0 { w } else { 0.0 })),
        },
        Quantity {
            key: "p_w_above_10",
            what: "P(w ≥ 10), case A",
            value: Value::Number(|| CASE_A.mean(100, |w| f64::from(u8::from(w >= 10.0)))),
        },
        Quantity { key: "var_w_case_b", what: "Var w, case B", value: Value::Number(|| CASE_B.variance(100)) },
    ],
    trials: &[
        Trial {
            name: "the variance in closed form and by the binomial law",
            role: Role::Contradicts,
            setting: "case A, ratios 1.1 and .9: old probability .5, new .55, T=100: Var w",
            subject: Subject::Exact(|| vec![CASE_A.variance(100)]),
            expected: || vec![CASE_A.mean(100, |w| w * w) - 1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "1.1²⁰⁰, the square of the guide's path",
                subject: Subject::Exact(|| vec![numeric::power(1.1, 200)]),
            }],
        },
        Trial {
            name: "a third of the samples stays effective",
            role: Role::Contradicts,
            setting: "case A: ESS/N",
            subject: Subject::Exact(|| vec![1.0 / (1.0 + CASE_A.variance(100))]),
            expected: || vec![1.0 / 3.0],
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "case B: old p=.9, new .99",
                subject: Subject::Exact(|| vec![1.0 / (1.0 + CASE_B.variance(100))]),
            }],
        },
        Trial {
            name: "extreme weights carry a small part of the total",
            role: Role::Contradicts,
            setting: "case A: E[w 1{w ≥ 10}], of a total of one",
            subject: Subject::Exact(|| vec![CASE_A.mean(100, |w| if w >= 10.0 { w } else { 0.0 })]),
            expected: || vec![0.1],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "weights of at least 1",
                subject: Subject::Exact(|| vec![CASE_A.mean(100, |w| if w >= 1.0 { w } else { 0.0 })]),
            }],
        },
        Trial {
            name: "the same 1.1 with a larger χ² is astronomical",
            role: Role::Confirms,
            setting: "case B: old p=.9, new .99 (ratios 1.1 and .1): Var w",
            subject: Subject::Exact(|| vec![CASE_B.variance(100)]),
            expected: || vec![1000.0],
            judge: MORE,
            counterfeits: &[Counterfeit { story: "case A", subject: Subject::Exact(|| vec![CASE_A.variance(100)]) }],
        },
        Trial {
            name: "the squared weight of case A, drawn",
            role: Role::Contradicts,
            setting: "case A, T=100",
            subject: Subject::Sampled(|| CASE_A.squares(100)),
            expected: || vec![1.0 + CASE_A.variance(100)],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit {
                story: "half as many steps",
                subject: Subject::Sampled(|| CASE_A.squares(50)),
            }],
        },
    ],
};

const HORIZONS: [usize; 3] = [10, 100, 1000];

/// χ² of .01, .1 and about 3.
const STEPS_OF_CHI: [Coins; 3] =
    [Coins { old: 0.5, new: 0.55 }, Coins { old: 0.5, new: 0.658_113_883_008_418_9 }, Coins { old: 0.2, new: 0.89282 }];

/// A chain of one state with the two coins as policies: the oracle's own recursion over any horizon.
fn coin_world(coins: Coins, steps: usize) -> [World; 2] {
    let certain: &[f64] = &[1.0];
    let world = mdp(steps, certain, &[&[certain, certain]], &[&[1.0, 0.0]]);
    [coins.old, coins.new].map(|p| World::new(world.clone(), tabular(1, 2, &[numeric::ln(p), numeric::ln(1.0 - p)])))
}

/// `ln E[w²]` at each horizon, by the oracle.
fn log_squares(coins: Coins) -> Vec<f64> {
    let [old, new] = coin_world(coins, 1000);
    let returns = old.off_policy(&new).weighted_returns();
    HORIZONS.map(|steps| returns[steps - 1].log_square).to_vec()
}

/// The spectral radius of the matrix `Σ_a π'(a|s)²/π(a|s) P(s'|s, a)` of set-mdp-1296, by the power method.
fn tilted_radius(new: &World) -> f64 {
    let old = mdp_1296();
    let weight = |s: u32, a: u32| {
        let of = |world: &World| probability(&world.policy, world.policy.parameters(), 0, s as usize, a as usize);
        of(new) * of(new) / of(old)
    };
    let entry = |s: u32, next: u32| (0..2).map(|a| weight(s, a) * old.transition(s, a, next)).sum::<f64>();
    let mut vector = [1.0; 3];
    let mut radius = 0.0;
    for _ in 0..500 {
        let image: [f64; 3] = std::array::from_fn(|s| (0..3).map(|k| entry(s as u32, k as u32) * vector[k]).sum());
        radius = image.iter().sum::<f64>() / vector.iter().sum::<f64>();
        vector = image.map(|x| x / radius);
    }
    radius
}

pub(in crate::claims) static CURSE: Claim = Claim {
    id: "ch09-curse-of-horizon",
    origin: Origin::Guide,
    quote: "The IS weight is a product of T ratios ... curse of horizon",
    statement: "For independent steps Var w = (1+χ²)^T − 1 and ESS = N(1+χ²)^−T: exponential in T with rate log(1+χ²).",
    because: "Second moments of independent factors multiply.",
    lesson: "At χ²=.1 a thousand steps need 10⁴¹ trajectories for one effective sample. Past the horizon where E[w⁴]/E[w²]² \
             exceeds the sample size the sampled variance itself cannot be trusted: it looks small (reports/OFF_POLICY.md).",
    recorded: Finding::Holds,
    quantities: &[
        Quantity {
            key: "var_chi2_001",
            what: "Var w for χ²=.01, T=10, 100, 1000",
            value: Value::List(|| HORIZONS.map(|steps| Coins::with_chi_square(0.01).variance(steps)).to_vec()),
        },
        Quantity {
            key: "var_chi2_01",
            what: "Var w for χ²=.1, T=10, 100, 1000",
            value: Value::List(|| HORIZONS.map(|steps| Coins::with_chi_square(0.1).variance(steps)).to_vec()),
        },
    ],
    trials: &[
        Trial {
            name: "the closed form by the binomial law",
            role: Role::Confirms,
            setting: "χ²=.1, T=10: old p=.5, new .5+.5√.1",
            subject: Subject::Exact(|| vec![Coins::with_chi_square(0.1).variance(10)]),
            expected: || vec![Coins::with_chi_square(0.1).mean(10, |w| w * w) - 1.0],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "T χ², as if variances added up",
                subject: Subject::Exact(|| vec![10.0 * 0.1]),
            }],
        },
        Trial {
            name: "log E[w²] is T log(1+χ²) at a thousand steps, by the oracle's recursion",
            role: Role::Confirms,
            setting: "χ²=.01, .1 and 3, T=10, 100, 1000: E[w²] is 4¹⁰⁰⁰ in the last, beyond a double",
            subject: Subject::Exact(|| STEPS_OF_CHI.map(log_squares).concat()),
            expected: || {
                let rate = |coins: Coins| numeric::ln(1.0 + coins.chi_square());
                let each = |coins: Coins| HORIZONS.map(|steps| steps as f64 * rate(coins)).to_vec();
                STEPS_OF_CHI.map(each).concat()
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "with the divergence in place of log(1+χ²)",
                subject: Subject::Exact(|| {
                    let rate = |c: Coins| Divergence::of(&[c.old, 1.0 - c.old], &[c.new, 1.0 - c.new]).reverse;
                    let each = |coins: Coins| HORIZONS.map(|steps| steps as f64 * rate(coins)).to_vec();
                    STEPS_OF_CHI.map(each).concat()
                }),
            }],
        },
        Trial {
            name: "on a world with states the growth is exponential too",
            role: Role::Confirms,
            setting: "set-mdp-shifted at horizons up to 60: the growth over steps 40-60, against the spectral radius of Σ_a π'²/π P",
            subject: Subject::Exact(|| {
                let long = |world: &World| {
                    World::new(world.mdp.clone().with_horizon(60).expect("a horizon"), world.policy.clone())
                };
                let returns = long(mdp_1296()).off_policy(&long(&shifted(1.0))).weighted_returns();
                vec![returns[59].log_square - returns[39].log_square]
            }),
            expected: || vec![20.0 * numeric::ln(tilted_radius(&shifted(1.0)))],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the same policy",
                subject: Subject::Exact(|| vec![20.0 * numeric::ln(tilted_radius(mdp_1296()))]),
            }],
        },
        Trial {
            name: "the squared weight of ten steps, drawn",
            role: Role::Confirms,
            setting: "χ²=.1, T=10",
            subject: Subject::Sampled(|| Coins::with_chi_square(0.1).squares(10)),
            expected: || vec![numeric::power(1.1, 10)],
            judge: TWO_PERCENT,
            counterfeits: &[Counterfeit {
                story: "nine steps",
                subject: Subject::Sampled(|| Coins::with_chi_square(0.1).squares(9)),
            }],
        },
    ],
};

pub(in crate::claims) static DRIFT: Claim = Claim {
    id: "ch09-variance-grows-with-drift",
    origin: Origin::Guide,
    quote: "as theta' drifts further, the IS weights become more extreme",
    statement: "Var w increases with the step along a ray.",
    because: "For one step log E[ρ²] = A(θ+2eδ) + A(θ) − 2A(θ+eδ), whose slope 2δ·(∇A(θ+2eδ) − ∇A(θ+eδ)) is not negative for e > 0, \
              because A is convex; for four steps it is measured.",
    lesson: "Twice the step is nearly four times the variance on set-mdp-shifted: it begins like the square, and saturates as the new \
             policy becomes deterministic.",
    recorded: Finding::Holds,
    quantities: &[Quantity {
        key: "var_weight",
        what: "Var w for e=0, .5, 1, 2, 3, 4",
        value: Value::List(|| [0.0, 0.5, 1.0, 2.0, 3.0, 4.0].map(weight_variance).to_vec()),
    }],
    trials: &[
        Trial {
            name: "the variance increases along the ray",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=.5, 1, 2, 3, 4 against e=0, .5, 1, 2, 3",
            subject: Subject::Exact(|| [0.5, 1.0, 2.0, 3.0, 4.0].map(weight_variance).to_vec()),
            expected: || [0.0, 0.5, 1.0, 2.0, 3.0].map(weight_variance).to_vec(),
            judge: MORE,
            counterfeits: &[Counterfeit {
                story: "backwards",
                subject: Subject::Exact(|| [4.0, 3.0, 2.0, 1.0, 0.5].map(weight_variance).to_vec()),
            }],
        },
        Trial {
            name: "by enumeration and by recursion",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=0, .5, 1, 2, 3, 4",
            subject: Subject::Exact(|| [0.0, 0.5, 1.0, 2.0, 3.0, 4.0].map(weight_variance).to_vec()),
            expected: || [0.0, 0.5, 1.0, 2.0, 3.0, 4.0].map(recursive_weight_variance).to_vec(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "steps a tenth longer",
                subject: Subject::Exact(|| [0.0, 0.55, 1.1, 2.2, 3.3, 4.4].map(weight_variance).to_vec()),
            }],
        },
        Trial {
            name: "the squared weight at e=2, drawn",
            role: Role::Confirms,
            setting: "set-mdp-shifted, e=2",
            subject: Subject::Sampled(|| squared_weights(2.0)),
            expected: || vec![1.0 + recursive_weight_variance(2.0)],
            judge: FIVE_PERCENT,
            counterfeits: &[Counterfeit { story: "at e=1", subject: Subject::Sampled(|| squared_weights(1.0)) }],
        },
        Trial {
            name: "and it saturates",
            role: Role::Confirms,
            setting: "set-mdp-shifted: the variance at e=40 over that at e=20, against 1.02",
            subject: Subject::Exact(|| vec![recursive_weight_variance(40.0) / recursive_weight_variance(20.0)]),
            expected: || vec![1.02],
            judge: LESS,
            counterfeits: &[Counterfeit {
                story: "e=2 over e=1",
                subject: Subject::Exact(|| vec![recursive_weight_variance(2.0) / recursive_weight_variance(1.0)]),
            }],
        },
    ],
};

fn squared_weights(e: f64) -> Sample {
    let new = shifted(e);
    mdp_1296().sample_paths(|path| vec![numeric::power(mdp_1296().weight(&new, path), 2)])
}
