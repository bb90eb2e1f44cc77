//! `J` and `∇J` at many parameters of one world, fast: for training on exact gradients and for finite differences.
//!
//! For a stationary policy the transition matrix of the policy, `P_π`, is the same at every step, so
//!
//! - one backward pass gives `V_t = r_π + γ P_π V_{t+1}`, one forward pass `γ^t d_t`, both in one sweep over the matrix;
//! - `∂J/∂π(a|s) = r(s,a) D(s) + γ Σ_{s'} P(s'|s,a) M(s,s')` with `D(s) = Σ_t γ^t d_t(s)` and
//!   `M(s,s') = Σ_t γ^t d_t(s) V_{t+1}(s')`: the actions enter only after the sum over time.
//!
//! The cost is `O(T · pairs + transitions)`, where a pair is a state with a successor, instead of `O(T · transitions)`.

use super::model::Model;
use super::policy_table::{PolicyTable, Unanswerable};
use crate::environment::TabularMdp;
use crate::numeric::dot;
use crate::numeric::product::{Aligned, BothProducts, FourRows, PADDING, RowDots, RowProduct, zeros};
use crate::numeric::simd::Level;
use crate::policy::Policy;

/// More than this share of pairs, and the matrix of the policy is kept dense.
const DENSE_SHARE: f64 = 0.25;

/// A world prepared for evaluation at many policies.
#[derive(Clone, Debug)]
pub struct Evaluator {
    model: Model,
    /// `r(s, a)`, less the centre of the rewards where nothing terminates.
    rewards: Vec<f64>,
    /// What was subtracted from each reward.
    centre: f64,
    /// By `s·A + a`: the transitions that continue.
    layout: Layout,
    level: Level,
}

/// The objective and its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// `J`.
    pub objective: f64,
    /// `∇J`.
    pub gradient: Vec<f64>,
}

/// Continuing transitions: all pairs of states, or only those that occur.
#[derive(Clone, Debug)]
enum Layout {
    /// `P(s'|s,a)`, `[S·A][width]`.
    Dense { width: usize, probabilities: Aligned },
    /// The successors of each state, and for each continuing transition its action, its pair and its probability.
    Sparse { first: Vec<usize>, successors: Vec<u32>, transitions: Vec<Vec<(u32, u32, f64)>> },
}

impl Evaluator {
    /// Prepares `mdp`.
    pub fn new(mdp: &TabularMdp) -> Self {
        Self::of(Model::of_mdp(mdp))
    }

    fn of(model: Model) -> Self {
        let (states, actions) = (model.states(), model.actions);
        let outcomes = model.all_outcomes();
        let ends = outcomes.iter().any(|o| o.terminated);
        let centre = if ends { 0.0 } else { model.reward_centre() };
        let mut rewards = vec![0.0; states * actions];
        let (mut first, mut successors, mut transitions) = (vec![0], Vec::new(), Vec::new());
        for s in 0..states {
            let start = successors.len();
            let continuing = model.outcomes(s).iter().filter(|o| !o.terminated);
            successors.extend(continuing.clone().map(|o| o.next));
            let own = &mut successors[start..];
            own.sort_unstable();
            let mut unique = own.to_vec();
            unique.dedup();
            successors.truncate(start);
            successors.extend(&unique);
            let pair = |next: u32| (start + unique.partition_point(|other| *other < next)) as u32;
            transitions.push(continuing.map(|o| (o.action, pair(o.next), o.probability)).collect::<Vec<_>>());
            first.push(successors.len());
            for o in model.outcomes(s) {
                rewards[s * actions + o.action as usize] += o.probability * (o.reward - centre);
            }
        }
        let dense = successors.len() as f64 > DENSE_SHARE * (states * states) as f64;
        let layout = if dense {
            let width = states.next_multiple_of(PADDING);
            let mut probabilities = zeros(states * actions * width);
            for s in 0..states {
                for &(action, pair, p) in &transitions[s] {
                    let row = s * actions + action as usize;
                    probabilities[row * width + successors[pair as usize] as usize] += p;
                }
            }
            Layout::Dense { width, probabilities }
        } else {
            Layout::Sparse { first, successors, transitions }
        };
        Self { model, rewards, centre, layout, level: Level::best() }
    }

    /// `J` and `∇J` at `policy`, which must not be time-indexed.
    ///
    /// # Errors
    /// [`Unanswerable`] if the policy has other observations or actions, or parameters for each step.
    pub fn evaluate<P: Policy>(&self, policy: &P) -> Result<Evaluation, Unanswerable> {
        let table = PolicyTable::of(policy);
        let model = &self.model;
        table.check(model.observations, model.actions, model.horizon)?;
        model.check_size()?;
        if table.copies() > 1 {
            return Err(Unanswerable::TimeIndexed { steps: table.copies() });
        }
        let level = self.level;
        let (objective, slopes) = level.run(
            #[inline(always)]
            || match &self.layout {
                Layout::Dense { width, probabilities } => self.dense(&table, *width, probabilities),
                Layout::Sparse { first, successors, transitions } => {
                    self.sparse(&table, first, successors, transitions)
                }
            },
        );
        let mut gradient = vec![0.0; table.parameters()];
        for s in 0..model.states() {
            let observation = model.observation[s];
            let support = table.support(0, observation);
            for a in 0..model.actions {
                let slope = slopes[s * model.actions + a];
                for (&k, derivative) in support.iter().zip(table.derivatives(0, observation, a)) {
                    gradient[k as usize] += slope * derivative;
                }
            }
        }
        let mut span = 0.0;
        for _ in 0..model.horizon {
            span = 1.0 + model.discount * span;
        }
        Ok(Evaluation { objective: objective + self.centre * span, gradient })
    }

    /// `π(· | s)` and `r_π(s)`.
    fn policy_rewards<'a>(&'a self, table: &'a PolicyTable) -> (impl Fn(usize) -> &'a [f64], Vec<f64>) {
        let pi = move |s: usize| table.probabilities(0, self.model.observation[s]);
        let rewards = self.rewards.chunks(self.model.actions).enumerate();
        let rewards = rewards.map(|(s, row)| row.iter().zip(pi(s)).map(|(r, p)| r * p).sum()).collect();
        (pi, rewards)
    }

    #[inline(always)]
    fn dense(&self, table: &PolicyTable, width: usize, probabilities: &[f64]) -> (f64, Vec<f64>) {
        let (states, actions, horizon) = (self.model.states(), self.model.actions, self.model.horizon);
        let gamma = self.model.discount;
        let (pi, mut reward) = self.policy_rewards(table);
        reward.resize(width, 0.0);
        // γ P_π.
        let mut matrix = zeros(states * width);
        let mut weights = vec![0.0; actions];
        for (s, row) in matrix.chunks_exact_mut(width).enumerate() {
            weights.iter_mut().zip(pi(s)).for_each(|(weight, p)| *weight = gamma * p);
            let matrix = &probabilities[s * actions * width..(s + 1) * actions * width];
            RowProduct { x: &weights, matrix, out: row }.run(self.level);
        }
        // Both passes at once, the values from the end and the occupancy from the start: the matrix is read once a step.
        let mut values = zeros((horizon + 1) * width);
        let mut occupancy = zeros((horizon + 1) * width);
        occupancy[..states].copy_from_slice(&self.model.initial);
        let mut visits = vec![0.0; width];
        let mut chains = zeros(PADDING * states);
        for step in 0..horizon {
            let t = horizon - 1 - step;
            let (now, next) = values.split_at_mut((t + 1) * width);
            let now = &mut now[t * width..];
            now.copy_from_slice(&reward);
            let (before, after) = occupancy.split_at_mut((step + 1) * width);
            let before = &before[step * width..];
            visits.iter_mut().zip(before).for_each(|(sum, x)| *sum += x);
            let (after, next) = (&mut after[..width], &next[..width]);
            BothProducts { matrix: &matrix, before, after, next, now, chains: &mut chains }.run(self.level);
        }
        let occupancy = &occupancy[..horizon * width];
        let objective = dot(&self.model.initial, &values[..states]);
        let mut slopes = vec![0.0; states * actions];
        // M(s, ·), four states at a time, and from it ∂J/∂π.
        let mut products = zeros(4 * width);
        for (block, slopes) in slopes.chunks_mut(4 * actions).enumerate() {
            let block_first = 4 * block;
            FourRows { left: occupancy, right: &values[width..], first: block_first, products: &mut products }
                .run(self.level);
            for (i, slopes) in slopes.chunks_mut(actions).enumerate() {
                let s = block_first + i;
                let pairs = s * actions..(s + 1) * actions;
                let matrix = &probabilities[s * actions * width..(s + 1) * actions * width];
                RowDots { matrix, x: &products[i * width..][..width], out: &mut *slopes }.run(self.level);
                for (slope, reward) in slopes.iter_mut().zip(&self.rewards[pairs]) {
                    *slope = reward * visits[s] + gamma * *slope;
                }
            }
        }
        (objective, slopes)
    }

    #[inline(always)]
    fn sparse(
        &self,
        table: &PolicyTable,
        first: &[usize],
        successors: &[u32],
        transitions: &[Vec<(u32, u32, f64)>],
    ) -> (f64, Vec<f64>) {
        let (states, actions, horizon) = (self.model.states(), self.model.actions, self.model.horizon);
        let gamma = self.model.discount;
        let (pi, reward) = self.policy_rewards(table);
        let mut weights = vec![0.0; successors.len()];
        for s in 0..states {
            for &(action, pair, p) in &transitions[s] {
                weights[pair as usize] += gamma * pi(s)[action as usize] * p;
            }
        }
        let row = |s: usize| first[s]..first[s + 1];
        let mut values = vec![0.0; (horizon + 1) * states];
        for t in (0..horizon).rev() {
            let (now, next) = values.split_at_mut((t + 1) * states);
            for (s, value) in now[t * states..].iter_mut().enumerate() {
                let ahead = successors[row(s)].iter().zip(&weights[row(s)]);
                *value = reward[s] + ahead.map(|(&s, w)| w * next[s as usize]).sum::<f64>();
            }
        }
        let mut occupancy = self.model.initial.clone();
        let mut visits = vec![0.0; states];
        let mut products = vec![0.0; successors.len()];
        for t in 0..horizon {
            let mut next = vec![0.0; states];
            let values = &values[(t + 1) * states..][..states];
            for s in (0..states).filter(|&s| occupancy[s] > 0.0) {
                visits[s] += occupancy[s];
                for pair in row(s) {
                    let successor = successors[pair] as usize;
                    products[pair] += occupancy[s] * values[successor];
                    next[successor] += occupancy[s] * weights[pair];
                }
            }
            occupancy = next;
        }
        let mut slopes: Vec<f64> = (0..states * actions).map(|i| self.rewards[i] * visits[i / actions]).collect();
        for (s, transitions) in transitions.iter().enumerate() {
            for &(action, pair, p) in transitions {
                slopes[s * actions + action as usize] += gamma * p * products[pair as usize];
            }
        }
        (dot(&self.model.initial, &values[..states]), slopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Problem, workload};
    use crate::exact::Oracle;
    use crate::policy::SoftmaxPolicy;

    fn assert_agrees(mdp: &TabularMdp, policy: &SoftmaxPolicy) {
        let oracle = Oracle::of_mdp(mdp, policy).unwrap();
        let evaluation = Evaluator::new(mdp).evaluate(policy).unwrap();
        let scale = oracle.gradient().iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        assert!((evaluation.objective - oracle.objective()).abs() < 1e-12 * (1.0 + oracle.objective().abs()));
        for (fast, slow) in evaluation.gradient.iter().zip(oracle.gradient()) {
            assert!((fast - slow).abs() < 1e-12 * scale.max(1.0), "{fast} and {slow}");
        }
    }

    #[test]
    fn dense_and_sparse_worlds_agree_with_the_oracle() {
        for (states, actions) in [(1, 2), (7, 3), (45, 2)] {
            let policy = SoftmaxPolicy::tabular(states, actions, workload::tabular_logits(states, actions)).unwrap();
            assert_agrees(&workload::tabular(states, actions, 12), &policy);
            assert_agrees(&workload::tabular(states, actions, 12).with_discount(0.8).unwrap(), &policy);
        }
        let lake = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/problems/frozen-lake-8x8.json"));
        let lake = Problem::read(lake).unwrap().mdp.with_discount(0.97).unwrap();
        assert_agrees(&lake, &SoftmaxPolicy::tabular(64, 4, workload::tabular_logits(64, 4)).unwrap());
    }

    #[test]
    fn the_bits_do_not_depend_on_the_instruction_set() {
        let mdp = workload::tabular(37, 3, 9);
        let policy = SoftmaxPolicy::tabular(37, 3, workload::tabular_logits(37, 3)).unwrap();
        let mut evaluator = Evaluator::new(&mdp);
        let best = evaluator.evaluate(&policy).unwrap();
        evaluator.level = Level::Plain;
        assert_eq!(evaluator.evaluate(&policy).unwrap(), best);
    }
}
