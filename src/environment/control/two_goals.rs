//! Two goals, one expert that goes to either: what a policy with a single mode cannot imitate.

use super::{Actions, Known, Step, Task};
use crate::numeric::{ln, normal_distribution};
use crate::rng::Stream;

/// How far from the middle a goal lies, on either side.
const GOAL: f64 = 1.0;
/// How close to a goal is close enough.
const RADIUS: f64 = 0.2;
/// The deviation of the expert from where it aims.
const CARELESSNESS: f64 = 0.05;

/// A point in the middle of a line that is to jump to one of two goals: −1 on the left or 1 on the right.
///
/// A state is where the point stands, 0 before the jump; the observation is the constant 1, so that nothing that is seen can
/// stand in for the coin, and a linear policy's gain is the mean of its jump. The action is the jump. The reward is 1 within 0.2
/// of either goal and 0 elsewhere, and the world ends after the one jump: the return is the probability of success.
///
/// The expert ([`TwoGoals::demonstrations`]) picks a side by a fair coin. A Gaussian policy that is fitted to it aims between
/// the goals, where nothing is ([`TwoGoals::fitted_gaussian`]). A single mode can still succeed always by forgetting one of the
/// goals, so that a policy that imitates the expert is to be measured by how often it reaches the goal that it reaches less
/// often: twice that is [`TwoGoals::expert_success`] for the expert, and at most that of [`TwoGoals::best_gaussian`] for any
/// Gaussian. That is the number for a policy of several modes to beat.
///
/// ```
/// use unbiased::environment::control::TwoGoals;
/// let (expert, fitted) = (TwoGoals.expert_success(), TwoGoals.fitted_gaussian());
/// assert!(expert > 0.999 && fitted.balanced < 0.2);
/// assert!(TwoGoals.best_gaussian().balanced < 0.2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TwoGoals;

/// What the expert saw and did.
#[derive(Clone, Debug, PartialEq)]
pub struct Demonstration {
    /// What it saw, as [`Task::observe`] writes it.
    pub observation: Vec<f64>,
    /// What it did, as [`Task::step`] takes it.
    pub action: Vec<f64>,
}

/// How well a policy does whose jump is normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianSuccess {
    /// The mean of the jump.
    pub mean: f64,
    /// The standard deviation of the jump.
    pub deviation: f64,
    /// The probability of the left goal.
    pub left: f64,
    /// The probability of the right goal.
    pub right: f64,
    /// Twice the smaller of the two.
    pub balanced: f64,
}

impl TwoGoals {
    /// What the expert does, `count` times: it picks a goal by a fair coin and jumps there with a normal error of deviation
    /// 0.05.
    #[must_use]
    pub fn demonstrations(&self, count: usize, stream: &mut Stream) -> Vec<Demonstration> {
        let one = |_| {
            let goal = if stream.below(2) == 0 { -GOAL } else { GOAL };
            Demonstration { observation: vec![1.0], action: vec![goal + CARELESSNESS * stream.normal()] }
        };
        (0..count).map(one).collect()
    }

    /// The expert's probability of success, `P(|z| ≤ 0.2/0.05)`.
    #[must_use]
    pub fn expert_success(&self) -> f64 {
        1.0 - 2.0 * normal_distribution(-RADIUS / CARELESSNESS)
    }

    /// The policy whose jump is `N(mean, deviation²)`: `left = Φ((−0.8 − m)/s) − Φ((−1.2 − m)/s)`, and
    /// `right` its mirror.
    #[must_use]
    pub fn gaussian(&self, mean: f64, deviation: f64) -> GaussianSuccess {
        let near = |goal: f64| {
            let below = |x: f64| normal_distribution((x - mean) / deviation);
            below(goal + RADIUS) - below(goal - RADIUS)
        };
        let (left, right) = (near(-GOAL), near(GOAL));
        GaussianSuccess { mean, deviation, left, right, balanced: 2.0 * left.min(right) }
    }

    /// The Gaussian policy of maximum likelihood: the expert's jump has mean 0 and variance `1 + 0.05²`. It succeeds with
    /// probability 0.1936.
    #[must_use]
    pub fn fitted_gaussian(&self) -> GaussianSuccess {
        self.gaussian(0.0, (GOAL * GOAL + CARELESSNESS * CARELESSNESS).sqrt())
    }

    /// The Gaussian policy with the largest balanced success, among all means and deviations.
    ///
    /// Left and right are mirror images, and for a mean `m ≥ 0` the left goal is reached less often the farther away `m` is: so
    /// `m = 0` for every deviation. With `a = 0.8` and `b = 1.2` the derivative of `Φ(b/s) − Φ(a/s)` in `s` is zero where
    /// `b φ(b/s) = a φ(a/s)`, at `s² = (b² − a²)/(2 ln(b/a))`.
    #[must_use]
    pub fn best_gaussian(&self) -> GaussianSuccess {
        let (a, b) = (GOAL - RADIUS, GOAL + RADIUS);
        self.gaussian(0.0, ((b * b - a * a) / (2.0 * ln(b / a))).sqrt())
    }
}

impl Task for TwoGoals {
    fn name(&self) -> String {
        "two-goals".to_owned()
    }

    fn state_size(&self) -> usize {
        1
    }

    fn observation_size(&self) -> usize {
        1
    }

    fn actions(&self) -> Actions {
        Actions::Reals(1)
    }

    fn time_limit(&self) -> Option<usize> {
        None
    }

    fn known(&self) -> Known<'_> {
        Known::TwoSides { most: self.expert_success(), without: self.best_gaussian().balanced }
    }

    fn start(&self, state: &mut [f64], _: &mut Stream) {
        state[0] = 0.0;
    }

    fn observe(&self, _: &[f64], observation: &mut [f64]) {
        observation[0] = 1.0;
    }

    fn step(&self, state: &mut [f64], action: &[f64], _: &mut Stream) -> Step {
        state[0] += action[0];
        let reached = (state[0].abs() - GOAL).abs() <= RADIUS;
        Step { reward: f64::from(u8::from(reached)), terminated: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reward(jump: f64) -> f64 {
        let step = TwoGoals.step(&mut [0.0], &[jump], &mut Stream::of(0, "unused", 0, 0));
        assert!(step.terminated);
        step.reward
    }

    #[test]
    fn either_goal_is_a_success_and_the_middle_is_none() {
        assert_eq!([-1.19, -0.81, 0.81, 1.19].map(reward), [1.0; 4]);
        assert_eq!([-1.21, -0.79, 0.0, 0.79, 1.21].map(reward), [0.0; 5]);
    }

    #[test]
    fn the_expert_goes_to_both_and_its_gaussian_to_neither() {
        let mut stream = Stream::of(0, "demonstrations", 0, 0);
        let n = 20_000;
        let jumps: Vec<f64> = TwoGoals.demonstrations(n, &mut stream).iter().map(|d| d.action[0]).collect();
        let share = |count: usize| count as f64 / n as f64;
        let fitted = TwoGoals.fitted_gaussian();
        let mean = jumps.iter().sum::<f64>() / n as f64;
        let variance = jumps.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64;
        // Five standard errors; the variance of the squared jump is small.
        assert!((mean - fitted.mean).abs() < 5.0 / (n as f64).sqrt(), "{mean}");
        assert!((variance - fitted.deviation * fitted.deviation).abs() < 5.0 * 0.11 / (n as f64).sqrt(), "{variance}");
        assert!((share(jumps.iter().filter(|x| **x < 0.0).count()) - 0.5).abs() < 5.0 * 0.5 / (n as f64).sqrt());
        assert!((share(jumps.iter().filter(|x| reward(**x) == 1.0).count()) - TwoGoals.expert_success()).abs() < 3e-4);
        let draws = (0..n).filter(|_| reward(fitted.mean + fitted.deviation * stream.normal()) == 1.0);
        let expected = fitted.left + fitted.right;
        assert!((share(draws.count()) - expected).abs() < 5.0 * (expected * (1.0 - expected) / n as f64).sqrt());
        assert!((fitted.balanced - 0.1936).abs() < 5e-5, "{}", fitted.balanced);
    }

    #[test]
    fn no_mean_or_deviation_is_better_balanced() {
        let best = TwoGoals.best_gaussian();
        for (i, j) in (-60..=60).flat_map(|i| (1..=200).map(move |j| (i, j))) {
            let other = TwoGoals.gaussian(0.025 * f64::from(i), 0.02 * f64::from(j));
            assert!(other.balanced <= best.balanced + 1e-15, "{other:?}");
        }
        assert!(best.balanced > TwoGoals.fitted_gaussian().balanced);
        // One goal alone is no art.
        assert!(TwoGoals.gaussian(1.0, 0.01).right > 1.0 - 1e-12);
    }
}
