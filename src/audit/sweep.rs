//! What the algorithms estimate, exactly, as groups grow, prompts get harder, answers longer and data older; and whether what
//! they follow is the gradient of anything.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::examination::Examination;
use super::gradients::direction::over_floor;
use super::gradients::judge;
use super::gradients::reference::{ALGORITHMS, Algorithm};
use super::matrix::Standing;
use super::situation::{Edition, Situation, arms, assemble, end, policies, three_answers, with_clip};
use super::subject::Promises;
use super::world::World;
use crate::environment::{TabularMdp, Transition};
use crate::numeric::{self, cos, ln};
use crate::policy::{Policy, SoftmaxPolicy};

/// Every algorithm beside `∇J` while one thing changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Its name.
    pub id: String,
    /// What is there, and what changes.
    pub description: String,
    /// The points, in order.
    pub points: Vec<Point>,
}

/// Every algorithm in one setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The setting, as a column is headed.
    pub label: String,
    /// The expected gradient beside `∇J`, by the algorithm's name.
    pub subjects: BTreeMap<String, Standing>,
}

/// Whether the expected gradient of an algorithm is the gradient of anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Followed {
    /// The algorithm.
    pub subject: String,
    /// Answers of one step: two prompts, three answers each, groups of three.
    pub one_step: Objective,
    /// Answers of one to three steps: two prompts, groups of two.
    pub ragged: Objective,
}

/// What an expected gradient, as a field over the parameters, is the gradient of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Which.
    pub is: Follows,
    /// The antisymmetric part of the field's derivative over the symmetric one, `‖D − Dᵀ‖ / ‖D + Dᵀ‖`; 0 for a gradient.
    pub asymmetry: f64,
}

/// What an expected gradient is the gradient of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Follows {
    /// The expected return, perhaps times a constant.
    ExpectedReturn,
    /// Another function of the parameters.
    AnotherObjective,
    /// Of nothing: its derivative is not symmetric, so following it can lead in circles.
    NoObjective,
}

/// One thing that changes.
struct Sweep {
    id: &'static str,
    description: &'static str,
    points: fn() -> Vec<(String, Situation)>,
}

const SWEEPS: [Sweep; 6] = [
    Sweep {
        id: "group size",
        description: "one prompt, three answers of one step; one group, and so many samples in it",
        points: || of([1, 2, 3, 4, 6, 8], |samples| (samples.to_string(), groups(1, samples))),
    },
    Sweep {
        id: "group size, two prompts",
        description: "two prompts of different difficulty, three answers of one step each; so many samples in each group",
        points: || of([1, 2, 3, 4], |samples| (samples.to_string(), groups(2, samples))),
    },
    Sweep {
        id: "difficulty",
        description: "one prompt, one group of four, rewards 1 and 0; the probability of success",
        points: || of([0.05, 0.25, 0.5, 0.75, 0.95], |p| (p.to_string(), assemble(coin(p), &[(0, 0); 4]))),
    },
    Sweep {
        id: "length",
        description: "two prompts, groups of two, a reward at the end; the longest answer, in steps",
        points: || of([1, 2, 3, 4, 5], |longest| (longest.to_string(), two_by_two(answers(longest, None)))),
    },
    Sweep {
        id: "staleness",
        description: "two prompts, groups of two, three answers of one step each; KL(π ‖ μ) from the policy that acted, \
                      without a clip",
        points: || of(STALENESS, |age| stale(age, false)),
    },
    Sweep {
        id: "staleness with a clip",
        description: "the same with a clip at 0.8 and 1.3, and a largest ratio of 1.6",
        points: || of(STALENESS, |age| stale(age, true)),
    },
];

/// How far the logits of the policy that acted are from the target's, along one direction.
const STALENESS: [f64; 5] = [0.0, 0.25, 0.5, 1.0, 2.0];

fn of<X: Copy, const N: usize>(values: [X; N], point: impl Fn(X) -> (String, Situation)) -> Vec<(String, Situation)> {
    values.into_iter().map(point).collect()
}

fn groups(prompts: usize, samples: usize) -> Situation {
    let members: Vec<(usize, usize)> = (0..prompts).flat_map(|prompt| vec![(prompt, prompt); samples]).collect();
    assemble(arms(Edition::First, prompts, 0.0), &members)
}

fn two_by_two(world: World) -> Situation {
    assemble(world, &[(0, 0), (0, 0), (1, 1), (1, 1)])
}

fn stale(age: f64, clipped: bool) -> (String, Situation) {
    let situation = two_by_two(arms(Edition::First, 2, age));
    let divergence = situation.mean_over_sequences(|prompt| vec![situation.world.divergence_of_data(prompt)])[0];
    let label = if divergence == 0.0 { "0".to_owned() } else { judge::shown(divergence) };
    (label, if clipped { with_clip(&situation) } else { situation })
}

/// One prompt, and a right and a wrong answer of one step.
fn coin(success: f64) -> World {
    let mdp = TabularMdp::new(1, 1.0, vec![1.0], vec![vec![end(1.0), end(0.0)]]).expect("a valid process");
    let policy = SoftmaxPolicy::tabular(1, 2, vec![ln(success / (1.0 - success)), 0.0]).expect("finite logits");
    World::new(&mdp, &[0], 1, [policy.clone(), policy.clone(), policy])
}

/// Answers of at most `longest` steps to two prompts, *end* or *go on*; state `2·(length so far) + prompt`.
fn answers(longest: usize, theta: Option<&[f64]>) -> World {
    let reward = |prompt: usize, length: usize| {
        let easy = if prompt == 0 { 1.0 } else { -0.5 };
        easy + 0.8 * cos(2.0 * prompt as f64 + 1.3 * length as f64)
    };
    let state = |s: usize| {
        let (prompt, written) = (s % 2, s / 2);
        let more = written + 1 < longest;
        let onwards = Transition {
            probability: 1.0,
            next: if more { s + 2 } else { s },
            reward: if more { 0.0 } else { reward(prompt, longest) },
            terminated: !more,
        };
        vec![end(reward(prompt, written)), vec![onwards]]
    };
    let states = 2 * longest;
    let mut start = vec![0.0; states];
    start[0] = 1.0;
    let mdp = TabularMdp::new(longest, 1.0, start, (0..states).map(state).collect()).expect("a valid process");
    World::new(&mdp, &[0, 1], longest, fresh(states, 2, theta))
}

fn fresh(states: usize, actions: usize, theta: Option<&[f64]>) -> [SoftmaxPolicy; 3] {
    let plain = policies(Edition::First, states, actions, 0.0);
    match theta {
        None => plain,
        Some(theta) => plain.map(|policy| policy.with_parameters(theta.to_vec()).expect("finite logits")),
    }
}

/// Every series.
pub(super) fn sweeps() -> Vec<Series> {
    let of = |sweep: &Sweep| Series {
        id: sweep.id.to_owned(),
        description: sweep.description.to_owned(),
        points: (sweep.points)().into_iter().map(|(label, situation)| point(label, &situation)).collect(),
    };
    SWEEPS.par_iter().map(of).collect()
}

fn point(label: String, situation: &Situation) -> Point {
    let truth = situation.truth(&Promises::default());
    let standing = |algorithm: &Algorithm| {
        let subject = algorithm.subject(algorithm.name, algorithm.recipe);
        let moments = Examination::new(&subject, Edition::First).moments_in(situation).ok()?;
        let standing = judge::Standing::of(&moments, &truth);
        let mut evidence = standing.evidence();
        if let Some(ratio) = over_floor(&Promises::default(), situation, &standing, &moments) {
            evidence = evidence.with("over floor", ratio);
        }
        let numbers = evidence.numbers.into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
        Some((algorithm.name.to_owned(), Standing { verdict: evidence.verdict, numbers }))
    };
    Point { label, subjects: ALGORITHMS.par_iter().filter_map(standing).collect() }
}

/// What each algorithm follows on fresh data.
pub(super) fn followed() -> Vec<Followed> {
    ALGORITHMS.par_iter().map(followed_by).collect()
}

fn followed_by(algorithm: &Algorithm) -> Followed {
    Followed {
        subject: algorithm.name.to_owned(),
        one_step: objective(algorithm, 6, |theta| {
            let world = World::new(&three_answers(Edition::First), &[0, 1], 1, fresh(2, 3, theta));
            assemble(world, &[(0, 0), (0, 0), (0, 0), (1, 1), (1, 1), (1, 1)])
        }),
        ragged: objective(algorithm, 12, |theta| two_by_two(answers(3, theta))),
    }
}

/// The step of the central differences, which are extrapolated once: the error is of order `h⁴`.
const STEP: f64 = 1e-2;

/// Up to this asymmetry a field is a gradient: differences are good to 1e-8.
const SYMMETRIC: f64 = 1e-6;

/// Looks at the expected gradient as a field over `d` parameters.
fn objective(algorithm: &Algorithm, d: usize, situation: impl Fn(Option<&[f64]>) -> Situation) -> Objective {
    let subject = algorithm.subject(algorithm.name, algorithm.recipe);
    let examination = Examination::new(&subject, Edition::First);
    let mean =
        |situation: &Situation| examination.moments_in(situation).map(|moments| moments.mean).unwrap_or_default();
    let at = |theta: &[f64]| mean(&situation(Some(theta)));
    let base = situation(None).world.target.parameters().to_vec();
    let mut derivative = vec![0.0; d * d];
    for k in 0..d {
        let slope = |h: f64| {
            let moved =
                |h: f64| base.iter().enumerate().map(|(j, x)| if j == k { x + h } else { *x }).collect::<Vec<f64>>();
            let (above, below) = (at(&moved(h)), at(&moved(-h)));
            above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * h)).collect::<Vec<f64>>()
        };
        for (j, (fine, coarse)) in slope(STEP / 2.0).iter().zip(slope(STEP)).enumerate() {
            derivative[k * d + j] = (4.0 * fine - coarse) / 3.0;
        }
    }
    let norm = |sign: f64| {
        let entry = |k: usize| derivative[k] + sign * derivative[k % d * d + k / d];
        numeric::sum((0..d * d).map(|k| entry(k) * entry(k))).sqrt()
    };
    let asymmetry = norm(-1.0) / norm(1.0);
    // The same multiple of ∇J here and elsewhere.
    let elsewhere: Vec<f64> = base.iter().enumerate().map(|(k, x)| x + 0.5 * cos(1.0 + 2.0 * k as f64)).collect();
    let scale = |theta: &[f64]| {
        let situation = situation(Some(theta));
        let moments = examination.moments_in(&situation).ok()?;
        let standing = judge::Standing::of(&moments, &situation.truth(&Promises::default()));
        standing.is_parallel().then_some(standing.scale)
    };
    let follows_return = match (scale(&base), scale(&elsewhere)) {
        (Some(here), Some(there)) => (here - there).abs() < 1e-9 * here.abs(),
        _ => false,
    };
    let is = match follows_return {
        true => Follows::ExpectedReturn,
        false if asymmetry < SYMMETRIC => Follows::AnotherObjective,
        false => Follows::NoObjective,
    };
    Objective { is, asymmetry: if asymmetry < SYMMETRIC { 0.0 } else { asymmetry } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str) -> Followed {
        followed_by(ALGORITHMS.iter().find(|algorithm| algorithm.name == name).expect("an algorithm of that name"))
    }

    fn scale(series: &[Series], id: &str, point: usize, subject: &str) -> f64 {
        let series = series.iter().find(|series| series.id == id).expect("a series of that name");
        series.points[point].subjects[subject].numbers["scale"]
    }

    #[test]
    fn unbiased_algorithms_follow_the_return_and_the_better_of_two_is_another_objective() {
        for name in ["reinforce", "reward-to-go", "value-baseline", "actor-critic", "rloo", "remax", "ppo"] {
            let followed = found(name);
            assert_eq!((followed.one_step.is, followed.ragged.is), (Follows::ExpectedReturn, Follows::ExpectedReturn));
            assert_eq!((followed.one_step.asymmetry, followed.ragged.asymmetry), (0.0, 0.0), "a Hessian is symmetric");
        }
        let better = found("best-of-two");
        assert_eq!((better.one_step.is, better.ragged.is), (Follows::AnotherObjective, Follows::AnotherObjective));
        assert_eq!(found("dr-grpo").one_step.is, Follows::ExpectedReturn, "(G−1)/G is a constant");
    }

    /// With rewards 0 and 1 the expected gradient is a multiple of `∇p`, and the multiple is a sum over how many of the others
    /// succeed.
    #[test]
    fn deviations_weigh_prompts_by_their_difficulty_as_the_binomial_distribution_says() {
        let factor = |p: f64, others: u32, epsilon: f64| {
            let size = f64::from(others + 1);
            let advantage = |own: f64, right: f64| {
                let (mean, total) = ((right + own) / size, right + own);
                let square = total * (1.0 - mean) * (1.0 - mean) + (size - total) * mean * mean;
                (own - mean) / ((square / (size - 1.0)).sqrt() + epsilon)
            };
            // P(k) of the others succeed, and E[A | own = 1] − E[A | own = 0].
            let mut probability = numeric::exp(f64::from(others) * ln(1.0 - p));
            let mut sum = 0.0;
            for k in 0..=others {
                sum += probability * (advantage(1.0, f64::from(k)) - advantage(0.0, f64::from(k)));
                probability *= f64::from(others - k) / f64::from(k + 1) * p / (1.0 - p);
            }
            sum
        };
        let series = sweeps();
        for (point, p) in [0.05, 0.25, 0.5, 0.75, 0.95].into_iter().enumerate() {
            let grpo = scale(&series, "difficulty", point, "grpo");
            assert!((grpo - factor(p, 3, 1e-4)).abs() < 1e-9, "{p}: {grpo} {}", factor(p, 3, 1e-4));
            assert!((scale(&series, "difficulty", point, "rloo") - 1.0).abs() < 1e-9);
            // pass@2 = 1 − (1 − p)².
            assert!((scale(&series, "difficulty", point, "best-of-two") - 2.0 * (1.0 - p)).abs() < 1e-9);
        }
        // Large groups: the slope of 2 arcsin √p.
        assert!((factor(0.25, 2000, 1e-12) * (0.25_f64 * 0.75).sqrt() - 1.0).abs() < 1e-2);
    }

    #[test]
    fn scales_and_variances_move_with_the_size_of_the_group_as_theory_says() {
        let series = sweeps();
        for (point, samples) in [1.0, 2.0, 3.0, 4.0, 6.0, 8.0].into_iter().enumerate() {
            assert!((scale(&series, "group size", point, "rloo") - 1.0).abs() < 1e-9);
            if samples > 1.0 {
                let own = scale(&series, "group size", point, "group-mean");
                assert!((own - (samples - 1.0) / samples).abs() < 1e-9);
            }
        }
        let stale = series.iter().find(|series| series.id == "staleness").expect("a series of that name");
        for point in &stale.points {
            assert!((point.subjects["importance-sampling"].numbers["scale"] - 1.0).abs() < 1e-9);
        }
        assert!(stale.points[4].subjects["rloo"].numbers["angle"] > 1.0, "without ratios old data turn it");
    }
}
