//! The settings that several claims share, as the ledger defines them.

use std::sync::LazyLock;

pub(super) use super::world::{bandit, mdp, tabular, to_go, total};

use super::world::World;
use crate::environment::{LinearGaussian, LinearGaussianTables, NamedProblem};
use crate::exact::LinearQuadratic;
use crate::numeric::{Matrix, cos};
use crate::policy::{GaussianPolicy, MlpPolicy, SoftmaxPolicy};
use crate::rng::StreamKey;
use crate::verify::DEFAULT_SEED;

pub(super) const MDP_16: &str = "set-mdp-16: 2 states, 2 actions, 2 steps, tabular softmax; 16 trajectories";
pub(super) const MDP_1296: &str = "set-mdp-1296: 3 states, 2 actions, 4 steps, tabular softmax; 1296 trajectories";
pub(super) const SHIFTED: &str =
    "set-mdp-shifted: data of θ in set-mdp-1296, new parameters θ' = θ + e δ; e=1 unless stated";
pub(super) const HUMANOID_SETTING: &str = "set-humanoid: five outcomes with returns (−2, 2, 0, 1, −3)";
pub(super) const ALIASED: &str = "set-mdp-1296 seen as o=0 in state 0 and o=1 in states 1 and 2; softmax of o";
pub(super) const FOUR_ARM: &str = "set-four-arm: rewards (2, 5, 8, 12), one logit each, uniform policy";

/// set-mdp-16.
pub(super) fn mdp_16() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| named("mdp-16"));
    &WORLD
}

fn named(name: &str) -> World {
    let problem = NamedProblem::find(name).expect("the setting is a named problem");
    let mdp = problem.mdp();
    let policy = tabular(mdp.observations(), mdp.actions(), &problem.logits());
    World::new(mdp, policy)
}

/// set-mdp-16 with every row of P uniform.
pub(super) fn mdp_16_uniform() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| {
        let half: &[f64] = &[0.5, 0.5];
        let even: &[&[f64]] = &[half, half];
        World::new(mdp(2, &[0.6, 0.4], &[even; 2], &[&[1.0, 0.0], &[2.0, -1.0]]), mdp_16().policy.clone())
    });
    &WORLD
}

/// set-mdp-1296.
pub(super) fn mdp_1296() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| named("mdp-1296"));
    &WORLD
}

/// set-mdp-1296 with other rewards.
pub(super) fn with_rewards_1296(rewards: &[&[f64]; 3]) -> World {
    let mdp = mdp_1296().mdp.clone().with_rewards(|s, a, _| rewards[s][a]).expect("finite rewards");
    World::new(mdp, mdp_1296().policy.clone())
}

/// The direction of set-mdp-shifted.
pub(super) const DELTA: [f64; 6] = [0.3, -0.2, -0.25, 0.4, 0.15, -0.35];

/// set-mdp-1296 at the new parameters `θ + e δ` of set-mdp-shifted.
pub(super) fn shifted(e: f64) -> World {
    mdp_1296().stepped(e, &DELTA)
}

/// set-mdp-1296 seen through observations: 0 in state 0, 1 in states 1 and 2.
pub(super) fn aliased() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| {
        let mdp = mdp_1296().mdp.clone().with_observations(vec![0, 1, 1]).expect("one observation a state");
        World::new(mdp, tabular(2, 2, &[0.2, -0.3, 0.1, 0.3]))
    });
    &WORLD
}

/// set-four-arm with given rewards.
pub(super) fn four_arm(rewards: [f64; 4]) -> World {
    World::new(bandit(&rewards), tabular(1, 4, &[0.0; 4]))
}

/// The rewards of the worked example on four arms.
pub(super) const EXAMPLE: [f64; 4] = [2.0, 5.0, 8.0, 12.0];

/// set-two-arm: arm 1 with probability `p = sigmoid(θ)`; one parameter, the logit of arm 1.
pub(super) fn two_arm(p: f64, r1: f64, r0: f64) -> World {
    let theta = crate::numeric::ln(p / (1.0 - p));
    let policy = SoftmaxPolicy::features(1, 2, vec![0.0, 1.0], vec![theta]).expect("one logit against zero");
    World::new(bandit(&[r0, r1]), policy)
}

/// set-humanoid: five outcomes of one choice, one logit each, uniform.
pub(super) fn humanoid() -> World {
    World::new(bandit(&HUMANOID), tabular(1, 5, &[0.0; 5]))
}

/// The returns of the guide's five trajectories.
pub(super) const HUMANOID: [f64; 5] = [-2.0, 2.0, 0.0, 1.0, -3.0];

/// Two steps that share one parameter, `p = P(a=1) = sigmoid(θ)`: the first pays 1 for `a=1`, the second 1 after `a_1=0`
/// and −3 after `a_1=1`, so that `J(p) = 2p − 4p²`.
pub(super) fn shared_steps(p: f64) -> World {
    let (zero, one): (&[f64], &[f64]) = (&[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]);
    let rows: [&[&[f64]]; 3] = [&[zero, one], &[zero, zero], &[one, one]];
    let rewards: [&[f64]; 3] = [&[0.0, 1.0], &[0.0, 1.0], &[0.0, -3.0]];
    let theta = vec![crate::numeric::ln(p / (1.0 - p))];
    let policy = SoftmaxPolicy::features(3, 2, [0.0, 1.0].repeat(3), theta).expect("one logit for all states");
    World::new(mdp(2, &[1.0, 0.0, 0.0], &rows, &rewards), policy)
}

/// set-linear-gaussian with its policy, gain −.7 and σ=.4, as the oracle knows it.
pub(super) fn linear_gaussian() -> LinearQuadratic {
    let tables = LinearGaussianTables {
        horizon: 2,
        discount: 1.0,
        dynamics: Matrix::diagonal(&[0.9]),
        input: Matrix::diagonal(&[0.5]),
        noise: Matrix::diagonal(&[0.09]),
        cost: Matrix::diagonal(&[1.0, 0.1]),
        start_mean: vec![1.0],
        start_covariance: Matrix::zeros(1, 1),
    };
    let system = LinearGaussian::new(tables).expect("the tables are a system");
    let policy = GaussianPolicy::diagonal(1, &[-0.7], &[0.4]).expect("a gain and a deviation");
    LinearQuadratic::new(&system, &policy).expect("the policy fits the system")
}

/// set-gaussian at distance `d` from the best action, as the oracle knows it.
pub(super) fn one_step_gaussian(d: f64, sigma: f64) -> LinearQuadratic {
    let system = LinearGaussian::one_step(0.0).expect("a finite centre");
    let policy = GaussianPolicy::diagonal(1, &[d], &[sigma]).expect("a mean and a deviation");
    LinearQuadratic::new(&system, &policy).expect("the policy fits the system")
}

/// set-net-mlp in set-mdp-16.
pub(super) fn mlp_16() -> &'static World<MlpPolicy> {
    static WORLD: LazyLock<World<MlpPolicy>> = LazyLock::new(|| {
        let theta = (1..=15).map(|i| 0.7 * cos(1.7 * f64::from(i) + 0.3)).collect();
        World::new(mdp_16().mdp.clone(), MlpPolicy::new(2, 3, 2, theta))
    });
    &WORLD
}

/// Random worlds of 2 states, 2 actions and 3 steps: initial and transition distributions uniform on the simplex,
/// rewards from `reward`, logits standard normal, one set a step if `time_indexed`. They do not depend on a run's seed.
pub(super) fn random_worlds(
    name: &str,
    count: u64,
    time_indexed: bool,
    reward: fn(&mut crate::rng::Stream) -> f64,
) -> Vec<World> {
    let world = |i: u64| {
        let mut stream = StreamKey::of(DEFAULT_SEED, name, i).stream(0);
        let mut simplex = || {
            let u = stream.uniform();
            [u, 1.0 - u]
        };
        let (initial, rows) = (simplex(), [simplex(), simplex(), simplex(), simplex()]);
        let rewards: [f64; 4] = std::array::from_fn(|_| reward(&mut stream));
        let theta: Vec<f64> = (0..if time_indexed { 12 } else { 4 }).map(|_| stream.normal()).collect();
        let policy = if time_indexed {
            tabular(2, 2, &[0.0; 4]).time_indexed(3, theta).expect("four logits a step")
        } else {
            tabular(2, 2, &theta)
        };
        let transitions: [&[&[f64]]; 2] = [&[&rows[0], &rows[1]], &[&rows[2], &rows[3]]];
        World::new(mdp(3, &initial, &transitions, &[&rewards[..2], &rewards[2..]]), policy)
    };
    (0..count).map(world).collect()
}
