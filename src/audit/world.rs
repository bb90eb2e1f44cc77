//! Worlds small enough to list everything that can happen in them, and what is true there.

use crate::environment::TabularMdp;
use crate::exact::Oracle;
use crate::numeric::{self, ln, power};
use crate::policy::{Policy, SoftmaxPolicy};

use super::subject::{Discounting, Objective, Promises, Ratio};

/// One way that a sequence can go.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// Its probability under the policy that acted, given the prompt.
    pub(super) probability: f64,
    pub(super) states: Vec<usize>,
    pub(super) actions: Vec<usize>,
    pub(super) rewards: Vec<f64>,
    pub(super) terminated: bool,
    /// The state after the last step.
    pub(super) next: usize,
}

/// A prompt: a state to begin in.
#[derive(Debug)]
pub(super) struct Prompt {
    first: usize,
    pub(super) paths: Vec<Path>,
    /// The world that begins there, under the policy whose gradient is wanted and under the one that acted; both to the
    /// horizon, and without discount.
    oracles: Vec<(Variation, Oracle)>,
}

/// Which policy, which horizon and which discount an oracle has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Variation {
    behaviour: bool,
    whole_horizon: bool,
    discounted: bool,
}

/// A world, the policy whose gradient is wanted, the one that acted, and a reference.
#[derive(Debug)]
pub(super) struct World {
    pub(super) target: SoftmaxPolicy,
    pub(super) behaviour: SoftmaxPolicy,
    pub(super) reference: SoftmaxPolicy,
    pub(super) discount: f64,
    /// The steps after which sequences are cut.
    pub(super) steps: usize,
    pub(super) prompts: Vec<Prompt>,
    states: usize,
    actions: usize,
}

impl World {
    /// The world `mdp`, cut after `steps` steps, whose prompts are the states `starts`.
    pub(super) fn new(mdp: &TabularMdp, starts: &[usize], steps: usize, policies: [SoftmaxPolicy; 3]) -> Self {
        let [target, behaviour, reference] = policies;
        let (states, actions) = (mdp.states(), mdp.actions());
        let of = |first: &usize| {
            let rows = (0..states).map(|s| (0..actions).map(|a| mdp.transitions(s, a).to_vec()).collect()).collect();
            let start = (0..states).map(|s| f64::from(u8::from(s == *first))).collect();
            let begun = TabularMdp::new(mdp.horizon(), mdp.discount(), start, rows).expect("rows of a valid process");
            let mut paths = Vec::new();
            extend(&begun, &behaviour, steps, 1.0, &mut Vec::new(), *first, &mut paths);
            let mut oracles = Vec::new();
            for behaves in [false, true] {
                for whole_horizon in [false, true] {
                    for discounted in [false, true] {
                        let policy = if behaves { &behaviour } else { &target };
                        let cut = if whole_horizon { mdp.horizon() } else { steps };
                        let discount = if discounted { mdp.discount() } else { 1.0 };
                        let world = begun.clone().with_horizon(cut).and_then(|world| world.with_discount(discount));
                        let oracle =
                            Oracle::of_mdp(&world.expect("a valid process"), policy).expect("a policy that fits");
                        oracles.push((Variation { behaviour: behaves, whole_horizon, discounted }, oracle));
                    }
                }
            }
            Prompt { first: *first, paths, oracles }
        };
        let prompts = starts.iter().map(of).collect();
        let discount = mdp.discount();
        Self { target, behaviour, reference, discount, steps, prompts, states, actions }
    }

    /// The number of parameters, `d`.
    pub(super) fn parameters(&self) -> usize {
        self.target.parameters().len()
    }

    fn oracle(&self, prompt: usize, wanted: Variation) -> &Oracle {
        let found = self.prompts[prompt].oracles.iter().find(|(variation, _)| *variation == wanted);
        &found.expect("every variation is there").1
    }

    /// The critic's value of state `s` at time `t`: exact, of the policy that acted, with the horizon that is left.
    pub(super) fn value(&self, prompt: usize, t: usize, s: usize, discounting: Discounting) -> f64 {
        let discounted = discounting != Discounting::None;
        let oracle = self.oracle(prompt, Variation { behaviour: true, whole_horizon: true, discounted });
        if t < oracle.horizon() { oracle.value(t, s) } else { 0.0 }
    }

    /// The return of the most likely path of a prompt.
    pub(super) fn greedy_return(&self, prompt: usize) -> f64 {
        let likely = self.prompts[prompt].paths.iter().max_by(|a, b| a.probability.total_cmp(&b.probability));
        likely.map_or(0.0, |path| path.rewards.iter().sum())
    }

    /// What a subject that keeps its promises estimates from sequences of `prompt`, and what that is called.
    ///
    /// `Σ_t κ^t Σ_s d_t(s) Σ_a ∇π(a|s) Q_t(s, a)`, where `κ` is `γ` or 1, the return behind `Q` is discounted or not and goes
    /// on after the cut or not, and `d` and `Q` belong to the policy that acted if each step has its ratio alone.
    pub(super) fn truth(&self, prompt: usize, promises: &Promises) -> Vec<f64> {
        if promises.objective == Objective::BetterOfTwo {
            return self.better_of_two(prompt);
        }
        let local = promises.ratio == Ratio::Step;
        let discounted = promises.discounting != Discounting::None;
        let oracle =
            self.oracle(prompt, Variation { behaviour: local, whole_horizon: promises.bootstraps, discounted });
        let kappa = if promises.discounting == Discounting::Full { self.discount } else { 1.0 };
        let occupancy = oracle.occupancy();
        let mut gradient = vec![0.0; self.parameters()];
        let mut probabilities = vec![0.0; self.actions];
        for t in 0..self.steps {
            for s in 0..self.states {
                let reached = occupancy[t * self.states + s];
                if reached == 0.0 {
                    continue;
                }
                self.target.probabilities(t, s, &mut probabilities);
                for (a, p) in probabilities.iter().enumerate() {
                    let q = power(kappa, t) * reached * oracle.action_value(t, s, a);
                    // ∂π(a)/∂θ_b = π(a) (1{a=b} − π(b)), at temperature 1.
                    for (b, other) in probabilities.iter().enumerate() {
                        let same = f64::from(u8::from(a == b));
                        gradient[s * self.actions + b] += q * p * (same - other);
                    }
                }
            }
        }
        gradient
    }

    /// `∇ Σ_ij p_i p_j max(R_i, R_j)` over pairs of paths, `2 Σ_ij ∇p_i p_j max(R_i, R_j)`.
    fn better_of_two(&self, prompt: usize) -> Vec<f64> {
        let mut gradient = vec![0.0; self.parameters()];
        let mut probabilities = vec![0.0; self.actions];
        let paths = &self.prompts[prompt].paths;
        let total = |path: &Path| path.rewards.iter().sum::<f64>();
        for path in paths {
            let better = numeric::sum(paths.iter().map(|other| other.probability * total(path).max(total(other))));
            for (t, (s, a)) in path.states.iter().zip(&path.actions).enumerate() {
                self.target.probabilities(t, *s, &mut probabilities);
                for (b, p) in probabilities.iter().enumerate() {
                    let slope = f64::from(u8::from(*a == b)) - p;
                    gradient[s * self.actions + b] += 2.0 * path.probability * better * slope;
                }
            }
        }
        gradient
    }

    /// The least variance that a time-and-state baseline gives reward-to-go on fresh sequences of `prompt`.
    pub(super) fn floor(&self, prompt: usize) -> f64 {
        self.oracle(prompt, Variation { behaviour: false, whole_horizon: false, discounted: true }).floor().trace
    }

    /// The probabilities of the first choice at a prompt.
    fn choice(&self, policy: &SoftmaxPolicy, prompt: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.actions];
        policy.probabilities(0, self.prompts[prompt].first, &mut out);
        out
    }

    /// `KL(π ‖ μ)` of the choice at a prompt, from the policy that acted.
    pub(super) fn divergence_of_data(&self, prompt: usize) -> f64 {
        let (p, q) = (self.choice(&self.target, prompt), self.choice(&self.behaviour, prompt));
        numeric::sum(p.iter().zip(&q).map(|(p, q)| p * ln(p / q)))
    }

    /// `∇ KL` between the target's choice at a prompt and the reference's: reverse is `KL(π ‖ π_ref)`.
    pub(super) fn divergence_gradient(&self, prompt: usize, reverse: bool) -> Vec<f64> {
        let (p, q) = (self.choice(&self.target, prompt), self.choice(&self.reference, prompt));
        let divergence = numeric::sum(p.iter().zip(&q).map(|(p, q)| p * ln(p / q)));
        let mut gradient = vec![0.0; self.parameters()];
        for b in 0..self.actions {
            // ∂/∂θ_b Σ π ln(π/q) = π_b (ln(π_b/q_b) − KL), and ∂/∂θ_b Σ q ln(q/π) = π_b − q_b.
            let slope = if reverse { p[b] * (ln(p[b] / q[b]) - divergence) } else { p[b] - q[b] };
            gradient[self.prompts[prompt].first * self.actions + b] = slope;
        }
        gradient
    }
}

/// Adds every path that goes on from `state` after `path`.
fn extend(
    mdp: &TabularMdp,
    policy: &SoftmaxPolicy,
    steps: usize,
    probability: f64,
    path: &mut Vec<(usize, usize, f64)>,
    state: usize,
    out: &mut Vec<Path>,
) {
    let mut choice = vec![0.0; mdp.actions()];
    policy.probabilities(path.len(), state, &mut choice);
    for (action, chosen) in choice.iter().enumerate() {
        for transition in mdp.transitions(state, action) {
            path.push((state, action, transition.reward));
            let reached = probability * chosen * transition.probability;
            if transition.terminated || path.len() == steps {
                out.push(Path {
                    probability: reached,
                    states: path.iter().map(|step| step.0).collect(),
                    actions: path.iter().map(|step| step.1).collect(),
                    rewards: path.iter().map(|step| step.2).collect(),
                    terminated: transition.terminated,
                    next: transition.next,
                });
            } else {
                extend(mdp, policy, steps, reached, path, transition.next, out);
            }
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::situation::{Edition, SITUATIONS};

    #[test]
    fn the_truth_of_every_world_is_that_of_the_oracle_and_of_its_paths() {
        for edition in [Edition::First, Edition::Second] {
            for plan in &SITUATIONS {
                let situation = plan.situation(edition);
                let world = &situation.world;
                for prompt in 0..world.prompts.len() {
                    let paths = &world.prompts[prompt].paths;
                    let total: f64 = paths.iter().map(|path| path.probability).sum();
                    assert!((total - 1.0).abs() < 1e-12, "{}: {total}", plan.id);
                    // REINFORCE, path by path, with the ratio of the whole path where the data are old.
                    let mut sum = vec![0.0; world.parameters()];
                    for path in paths {
                        let mut score = vec![0.0; world.parameters()];
                        let (mut ratio, mut ret) = (1.0, 0.0);
                        for (t, (s, a)) in path.states.iter().zip(&path.actions).enumerate() {
                            world.target.add_score(t, *s, *a, 1.0, &mut score);
                            let old = world.behaviour.log_prob(t, *s, *a);
                            ratio *= numeric::exp(world.target.log_prob(t, *s, *a) - old);
                            ret += power(world.discount, t) * path.rewards[t];
                        }
                        sum.iter_mut().zip(&score).for_each(|(sum, psi)| *sum += path.probability * ratio * ret * psi);
                    }
                    let truth = world.truth(prompt, &Promises { ratio: Ratio::Sequence, ..Promises::default() });
                    let oracle =
                        world.oracle(prompt, Variation { behaviour: false, whole_horizon: false, discounted: true });
                    for ((a, b), c) in truth.iter().zip(&sum).zip(oracle.gradient()) {
                        assert!((a - b).abs() < 1e-12 && (a - c).abs() < 1e-12, "{}: {a} {b} {c}", plan.id);
                    }
                }
            }
        }
    }

    #[test]
    fn the_gradient_of_a_divergence_is_the_slope_of_its_value() {
        let situation = crate::audit::situation::named("penalty").situation(Edition::First);
        let world = &situation.world;
        let divergence = |theta: &[f64], reverse: bool| {
            let policy = world.target.clone().with_parameters(theta.to_vec()).unwrap();
            let (mut p, mut q) = (vec![0.0; world.actions], vec![0.0; world.actions]);
            policy.probabilities(0, 1, &mut p);
            world.reference.probabilities(0, 1, &mut q);
            let (p, q) = if reverse { (p, q) } else { (q, p) };
            p.iter().zip(&q).map(|(p, q)| p * ln(p / q)).sum::<f64>()
        };
        for reverse in [true, false] {
            let gradient = world.divergence_gradient(1, reverse);
            for (k, slope) in gradient.iter().enumerate() {
                let at = |h: f64| {
                    let mut theta = world.target.parameters().to_vec();
                    theta[k] += h;
                    divergence(&theta, reverse)
                };
                assert!(((at(1e-5) - at(-1e-5)) / 2e-5 - slope).abs() < 1e-9);
            }
        }
    }
}
