//! A world with a policy, and expectations over its trajectories.

use std::sync::OnceLock;

use super::measure::{centred_square, dot, policy_factor, probability};
use crate::autodiff::{Dual, Scalar, gradient};
use crate::batch::{Batch, Trajectory};
use crate::environment::{TabularMdp, Transition};
use crate::estimator::{GradientEstimator, ImportanceWeighted, ImportanceWeights};
use crate::exact::{Enumeration, Form, OffPolicy, Oracle, SubjectMoments};
use crate::numeric::Sum;
use crate::policy::{Policy, SoftmaxPolicy};
use crate::verify::{Batches, Sample};

/// A world small enough to be enumerated, with a policy.
#[derive(Clone, Debug)]
pub(super) struct World<P = SoftmaxPolicy> {
    pub(super) mdp: TabularMdp,
    pub(super) policy: P,
    paths: OnceLock<Vec<(f64, Trajectory)>>,
}

impl<P: Policy> World<P> {
    pub(super) fn new(mdp: TabularMdp, policy: P) -> Self {
        Self { mdp, policy, paths: OnceLock::new() }
    }

    pub(super) fn oracle(&self) -> Oracle {
        Oracle::of_mdp(&self.mdp, &self.policy).expect("the policy fits the world")
    }

    /// `J`, by dynamic programming.
    pub(super) fn objective(&self) -> f64 {
        self.oracle().objective()
    }

    /// `J` at parameters of any scalar, by the backward recursion `V_t(s) = Σ_a π(a|s) Σ P (r + γ V_{t+1})`.
    pub(super) fn objective_at<S: Scalar>(&self, theta: &[S]) -> S {
        let mdp = &self.mdp;
        let (zero, sum) = (S::from(0.0), |sum: S, x: S| sum + x);
        let mut values = vec![zero; mdp.states()];
        for t in (0..mdp.horizon()).rev() {
            let action = |s: usize, a: usize| {
                let outcome = |next: &Transition| {
                    let ahead = if next.terminated { zero } else { values[next.next] };
                    S::from(next.probability) * (S::from(next.reward) + S::from(mdp.discount()) * ahead)
                };
                let ahead = mdp.transitions(s, a).iter().map(outcome).fold(zero, sum);
                probability(&self.policy, theta, t, mdp.observation(s), a) * ahead
            };
            let value = |s: usize| (0..mdp.actions()).fold(zero, |sum, a| sum + action(s, a));
            values = (0..mdp.states()).map(value).collect();
        }
        mdp.initial().iter().zip(&values).map(|(p, value)| S::from(*p) * *value).fold(zero, sum)
    }

    /// `∇J`, by differentiating that recursion along dual numbers: no score is asked, and the policy-gradient theorem is
    /// not used.
    pub(super) fn gradient(&self) -> Vec<f64> {
        gradient(self.policy.parameters(), |theta| self.objective_at(theta))
    }

    /// Every trajectory `(s_1, a_1, …, s_T, a_T)` of positive probability, with it.
    pub(super) fn paths(&self) -> &[(f64, Trajectory)] {
        self.paths.get_or_init(|| {
            let mut paths: Vec<(f64, Trajectory)> = Vec::new();
            for (p, path) in self.enumeration().iter() {
                match paths.last_mut() {
                    // They differ in the state after the last step alone.
                    Some((sum, last)) if last == path => *sum += p,
                    _ => paths.push((p, path.clone())),
                }
            }
            paths
        })
    }

    fn enumeration(&self) -> Enumeration {
        Enumeration::of(&self.oracle()).expect("the world is small")
    }

    /// `E f(τ)`.
    pub(super) fn expect(&self, f: impl Fn(&Trajectory) -> Vec<f64>) -> Vec<f64> {
        self.expectation(&f)
    }

    /// Compiled once, not for each of hundreds of functions.
    fn expectation(&self, f: &dyn Fn(&Trajectory) -> Vec<f64>) -> Vec<f64> {
        let mut sums: Vec<Sum> = Vec::new();
        for (p, path) in self.paths() {
            let value = f(path);
            sums.resize(value.len(), Sum::new());
            sums.iter_mut().zip(value).for_each(|(sum, x)| sum.add(p * x));
        }
        sums.into_iter().map(Sum::value).collect()
    }

    /// `E f(τ)` of a number.
    pub(super) fn mean(&self, f: impl Fn(&Trajectory) -> f64) -> f64 {
        self.expect(|path| vec![f(path)])[0]
    }

    /// The total variance of `f(τ)`.
    pub(super) fn trace(&self, f: impl Fn(&Trajectory) -> Vec<f64>) -> f64 {
        let mean = self.expect(&f);
        self.mean(|path| {
            let gap: Vec<f64> = f(path).iter().zip(&mean).map(|(x, m)| x - m).collect();
            dot(&gap, &gap)
        })
    }

    /// The score of each step, `g_t = ∇ log π(a_t | s_t)`.
    pub(super) fn scores(&self, path: &Trajectory) -> Vec<Vec<f64>> {
        let score = |t: usize| {
            let mut out = vec![0.0; self.policy.parameters().len()];
            self.policy.add_score(t, path.observations[t] as usize, path.actions[t] as usize, 1.0, &mut out);
            out
        };
        (0..path.len()).map(score).collect()
    }

    /// `Σ_t g_t = ∇ log p(τ)`.
    pub(super) fn sum_of_scores(&self, path: &Trajectory) -> Vec<f64> {
        self.weighted(path, |_| 1.0)
    }

    /// `Σ_t weight_t g_t`.
    pub(super) fn weighted(&self, path: &Trajectory, weight: impl Fn(usize) -> f64) -> Vec<f64> {
        self.weighted_scores(path, &weight)
    }

    fn weighted_scores(&self, path: &Trajectory, weight: &dyn Fn(usize) -> f64) -> Vec<f64> {
        let mut out = vec![0.0; self.policy.parameters().len()];
        for t in 0..path.len() {
            self.policy.add_score(t, path.observations[t] as usize, path.actions[t] as usize, weight(t), &mut out);
        }
        out
    }

    /// Exact moments of a subject over all ordered batches of `n`.
    pub(super) fn batches(&self, n: usize, subject: fn(&Self, &Batch) -> Vec<f64>) -> SubjectMoments {
        self.enumeration().moments(n, |batch| subject(self, batch)).expect("the batches are few")
    }

    /// The mean of a subject over all ordered batches of `n`.
    pub(super) fn batch_mean(&self, n: usize, subject: fn(&Self, &Batch) -> Vec<f64>) -> Vec<f64> {
        self.batches(n, subject).mean
    }

    /// The total variance of a subject over all ordered batches of `n`.
    pub(super) fn batch_trace(&self, n: usize, subject: fn(&Self, &Batch) -> Vec<f64>) -> f64 {
        self.batches(n, subject).covariance.trace()
    }

    /// Draws of a subject on batches of `n`.
    pub(super) fn sample(&self, n: usize, subject: impl Fn(&Self, &Batch) -> Vec<f64>) -> Sample {
        self.source(n, &|batch| subject(self, batch))
    }

    fn source(&self, n: usize, subject: &dyn Fn(&Batch) -> Vec<f64>) -> Sample {
        let source = Batches::new(&self.mdp, &self.policy, n, subject);
        Box::new(source.expect("the world can be drawn and its batches are few"))
    }

    /// Draws of the squared error of a subject on batches of `n`, `‖ĝ − ∇J‖²`: its mean is the total variance of an
    /// unbiased subject.
    pub(super) fn sample_errors(&self, n: usize, subject: impl Fn(&Self, &Batch) -> Vec<f64>) -> Sample {
        let gradient = self.gradient();
        self.sample(n, |world, batch| centred_square(&subject(world, batch), &gradient))
    }

    /// The total variance of a form of the oracle's catalogue, by the conditional-moment recursion.
    pub(super) fn recursion_trace(&self, form: &Form) -> f64 {
        self.oracle().moments(form).expect("a form of the catalogue").trace()
    }

    /// Draws of a function of one trajectory.
    pub(super) fn sample_paths(&self, f: impl Fn(&Trajectory) -> Vec<f64>) -> Sample {
        self.sample(1, |_, batch| f(&batch.trajectory(0)))
    }

    /// `p(s_1) Π_{t<T} P(s_{t+1} | s_t, a_t)`, from the tables alone.
    pub(super) fn environment_factor(&self, path: &Trajectory) -> f64 {
        let step = |t: usize| self.transition(path.states[t], path.actions[t], path.states[t + 1]);
        self.mdp.initial()[path.states[0] as usize] * (0..path.len() - 1).map(step).product::<f64>()
    }

    /// `P(next | state, action)`.
    pub(super) fn transition(&self, state: u32, action: u32, next: u32) -> f64 {
        let row = self.mdp.transitions(state as usize, action as usize).iter();
        row.filter(|t| t.next == next as usize).map(|t| t.probability).sum()
    }

    /// `∇ Σ_τ p_θ(τ) f_θ(τ)` at the policy's parameters, by differentiating the probabilities and `f` along dual numbers.
    pub(super) fn derivative(&self, f: impl Fn(&[Dual<16>], &Trajectory) -> Dual<16>) -> Vec<f64> {
        let theta = Dual::point(self.policy.parameters());
        let mut sums = vec![Sum::new(); theta.len()];
        for (_, path) in self.paths() {
            let term =
                policy_factor(&self.policy, &theta, path) * Dual::from(self.environment_factor(path)) * f(&theta, path);
            sums.iter_mut().zip(term.tangents).for_each(|(sum, x)| sum.add(x));
        }
        sums.into_iter().map(Sum::value).collect()
    }
}

impl World {
    /// The same world and policy with other rewards.
    pub(super) fn with_rewards(&self, reward: impl Fn(&Transition) -> f64) -> Self {
        let row = |s: usize, a: usize| {
            let paid = |t: &Transition| Transition { reward: reward(t), ..*t };
            self.mdp.transitions(s, a).iter().map(paid).collect()
        };
        let table = (0..self.mdp.states()).map(|s| (0..self.mdp.actions()).map(|a| row(s, a)).collect()).collect();
        let (horizon, discount, initial) = (self.mdp.horizon(), self.mdp.discount(), self.mdp.initial().to_vec());
        Self::new(TabularMdp::new(horizon, discount, initial, table).expect("the same world"), self.policy.clone())
    }

    /// The oracle of data from this world's policy for the gradient of another's.
    pub(super) fn off_policy(&self, target: &Self) -> OffPolicy {
        OffPolicy::new(&self.mdp, &self.policy, &target.policy).expect("softmax policies have support everywhere")
    }

    /// `ρ_t = π'(a_t|s_t)/π(a_t|s_t)` of the target's policy along a trajectory of this one, from the probabilities alone.
    pub(super) fn ratios(&self, target: &Self, path: &Trajectory) -> Vec<f64> {
        let of = |world: &Self, t: usize| {
            let (o, a) = (path.observations[t] as usize, path.actions[t] as usize);
            probability(&world.policy, world.policy.parameters(), t, o, a)
        };
        (0..path.len()).map(|t| of(target, t) / of(self, t)).collect()
    }

    /// `Π_t ρ_t`.
    pub(super) fn weight(&self, target: &Self, path: &Trajectory) -> f64 {
        self.ratios(target, path).iter().product()
    }

    /// The batch with the log-probabilities of this world's policy.
    pub(super) fn recorded(&self, batch: &Batch) -> Batch {
        batch.clone().acted_by(&self.policy)
    }

    /// The estimate of the target's gradient from a batch of this world's policy.
    pub(super) fn weighted_estimate(&self, target: &Self, weights: &ImportanceWeights, batch: &Batch) -> Vec<f64> {
        ImportanceWeighted::to_go(weights.clone()).gradient(&target.policy, &self.recorded(batch))
    }

    /// Its mean over all trajectories.
    pub(super) fn weighted_mean(&self, target: &Self, weights: &ImportanceWeights) -> Vec<f64> {
        self.expect(|path| self.weighted_estimate(target, weights, &Batch::of(path.len(), [path])))
    }

    /// Draws of it, on single trajectories.
    pub(super) fn sample_weighted(&self, target: &Self, weights: &ImportanceWeights) -> Sample {
        self.sample(1, |_, batch| self.weighted_estimate(target, weights, batch))
    }

    /// Draws of its squared error around its own mean, so that the mean of what is drawn is the total variance.
    pub(super) fn sample_weighted_errors(&self, target: &Self, weights: &ImportanceWeights) -> Sample {
        let mean = self.weighted_mean(target, weights);
        self.sample(1, |_, batch| centred_square(&self.weighted_estimate(target, weights, batch), &mean))
    }

    /// The same world at other parameters.
    pub(super) fn with_parameters(&self, theta: Vec<f64>) -> Self {
        Self::new(self.mdp.clone(), self.policy.clone().with_parameters(theta).expect("as many parameters"))
    }

    /// The same world after a step of the parameters, `θ + length · direction`.
    pub(super) fn stepped(&self, length: f64, direction: &[f64]) -> Self {
        self.with_parameters(self.policy.parameters().iter().zip(direction).map(|(x, d)| x + length * d).collect())
    }

    /// `∇ log p(τ)` of every trajectory, from the probabilities that the world has at `θ ± h` (central differences,
    /// extrapolated once): the environment's factors are inside.
    pub(super) fn log_probability_slopes(&self, of: fn(f64) -> f64) -> Vec<f64> {
        let theta = self.policy.parameters();
        let at = |k: usize, step: f64| {
            let mut moved = theta.to_vec();
            moved[k] += step;
            self.with_parameters(moved).paths().iter().map(|(p, _)| of(*p)).collect()
        };
        let slopes = |k: usize, h: f64| -> Vec<f64> {
            let (up, down): (Vec<f64>, Vec<f64>) = (at(k, h), at(k, -h));
            up.iter().zip(down).map(|(up, down)| (up - down) / (2.0 * h)).collect()
        };
        let columns = (0..theta.len()).map(|k| (slopes(k, 2e-3), slopes(k, 1e-3)));
        let columns: Vec<Vec<f64>> =
            columns.map(|(wide, close)| wide.iter().zip(close).map(|(w, c)| (4.0 * c - w) / 3.0).collect()).collect();
        (0..self.paths().len()).flat_map(|i| columns.iter().map(move |column| column[i])).collect()
    }
}

/// Rewards after each action, whatever comes next.
pub(super) fn mdp(horizon: usize, initial: &[f64], transitions: &[&[&[f64]]], rewards: &[&[f64]]) -> TabularMdp {
    TabularMdp::of_rows(horizon, initial, transitions, rewards).expect("the tables of a setting are a world")
}

/// A tabular softmax with row-major logits.
pub(super) fn tabular(observations: usize, actions: usize, theta: &[f64]) -> SoftmaxPolicy {
    SoftmaxPolicy::tabular(observations, actions, theta.to_vec()).expect("the logits of a setting make a policy")
}

/// One choice among outcomes with deterministic rewards.
pub(super) fn bandit(rewards: &[f64]) -> TabularMdp {
    let certain: &[f64] = &[1.0];
    mdp(1, &[1.0], &[&vec![certain; rewards.len()]], &[rewards])
}

/// `r(τ)`.
pub(super) fn total(path: &Trajectory) -> f64 {
    path.rewards.iter().sum()
}

/// `G_t`.
pub(super) fn to_go(path: &Trajectory, t: usize) -> f64 {
    path.rewards[t..].iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::settings::{aliased, mdp_16, mdp_1296, mlp_16, random_worlds};

    fn assert_routes_agree<P: Policy>(world: &World<P>) {
        let (recursion, theorem) = (world.gradient(), world.oracle());
        let score = world.expect(|path| world.weighted(path, |_| path.rewards.iter().sum()));
        for ((dual, oracle), score) in recursion.iter().zip(theorem.gradient()).zip(score) {
            assert!((dual - oracle).abs() < 1e-13 && (dual - score).abs() < 1e-13, "{dual}, {oracle}, {score}");
        }
    }

    #[test]
    fn three_routes_to_the_gradient_agree() {
        assert_routes_agree(mdp_16());
        assert_routes_agree(mdp_1296());
        assert_routes_agree(aliased());
        assert_routes_agree(mlp_16());
        random_worlds("three routes", 20, true, crate::rng::Stream::normal).iter().for_each(assert_routes_agree);
        // Termination and a discount: the oracle and the recursion know them, the undiscounted sum does not.
        let row = |p: f64, reward: f64| {
            vec![
                Transition { probability: p, next: 0, reward, terminated: true },
                Transition { probability: 1.0 - p, next: 0, reward: -reward, terminated: false },
            ]
        };
        let ending = TabularMdp::new(4, 0.9, vec![1.0], vec![vec![row(0.3, 2.0), row(0.6, -1.0)]]).expect("a world");
        let world = World::new(ending, tabular(1, 2, &[0.3, -0.2]));
        for (dual, oracle) in world.gradient().iter().zip(world.oracle().gradient()) {
            assert!((dual - oracle).abs() < 1e-14, "{dual} and {oracle}");
        }
    }
}
