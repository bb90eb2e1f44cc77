//! A world of the user's own, from a transition table, small enough to list everything that can happen in it.

use thiserror::Error;

use super::situation::{Situation, assemble, default_logits};
use super::subject::Promises;
use super::world::World;
use crate::environment::TabularMdp;
use crate::numeric::power;
use crate::policy::{InvalidPolicy, SoftmaxPolicy};

/// The batches that are listed at most.
pub(super) const MOST: f64 = 1e6;

/// Why a world cannot be audited in.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum UnusableWorld {
    /// More can happen in it than can be listed.
    #[error(
        "{paths:.0} different trajectories of at most {horizon} steps begin in state {start}, and so more than a million batches; \
         shorten the horizon, or audit in a smaller world of the same kind"
    )]
    TooLarge {
        /// The trajectories.
        paths: f64,
        /// The horizon.
        horizon: usize,
        /// Where they begin.
        start: usize,
    },
    /// Its observations hide the state.
    #[error("its {observations} observations hide its {states} states; the audit's policies see the state")]
    Hidden {
        /// The observations.
        observations: usize,
        /// The states.
        states: usize,
    },
    /// Nothing that the policy does changes the expected return.
    #[error(
        "the gradient of the expected return is zero here, so right and wrong estimators agree; give other logits or rewards"
    )]
    Flat,
    /// Logits that are no policy of this world.
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
}

/// The number of trajectories from each state with `horizon` steps left.
fn paths(mdp: &TabularMdp) -> Vec<f64> {
    let mut left = vec![1.0; mdp.states()];
    for step in 0..mdp.horizon() {
        let of = |s: usize| -> f64 {
            let all = (0..mdp.actions()).flat_map(|a| mdp.transitions(s, a));
            all.map(|next| if next.terminated || step == 0 { 1.0 } else { left[next.next] }).sum()
        };
        left = (0..mdp.states()).map(of).collect();
    }
    left
}

impl Situation {
    /// Sequences from the likeliest one or two first states of `mdp`, two each if all their batches can be listed, under the
    /// softmax policy with logits `theta`, `[S, A]`; a fixed set of unequal ones if nothing is given. A subject that compares
    /// nobody gets one sequence if two are too many.
    pub(super) fn in_theirs(
        mdp: &TabularMdp,
        theta: Option<Vec<f64>>,
        promises: &Promises,
    ) -> Result<Self, UnusableWorld> {
        let (states, observations, horizon) = (mdp.states(), mdp.observations(), mdp.horizon());
        if states != observations {
            return Err(UnusableWorld::Hidden { observations, states });
        }
        let mut starts: Vec<usize> = (0..states).filter(|s| mdp.initial()[*s] > 0.0).collect();
        starts.sort_by(|a, b| mdp.initial()[*b].total_cmp(&mdp.initial()[*a]).then(a.cmp(b)));
        starts.truncate(2);
        let paths = paths(mdp);
        let fits =
            |starts: &[usize], each: usize| starts.iter().map(|s| power(paths[*s], each)).product::<f64>() <= MOST;
        let alone = &starts[..1];
        let (starts, each) = if fits(&starts, 2) {
            (&starts[..], 2)
        } else if fits(alone, 2) {
            (alone, 2)
        } else if fits(alone, 1) && !promises.groups {
            (alone, 1)
        } else {
            return Err(UnusableWorld::TooLarge { paths: paths[starts[0]], horizon, start: starts[0] });
        };
        let theta = theta.unwrap_or_else(|| default_logits(states, mdp.actions()));
        let policy = SoftmaxPolicy::tabular(states, mdp.actions(), theta)?;
        let world = World::new(mdp, starts, horizon, [policy.clone(), policy.clone(), policy]);
        let members: Vec<(usize, usize)> = (0..starts.len()).flat_map(|p| vec![(p, p); each]).collect();
        let situation = assemble(world, &members);
        if situation.truth(promises).iter().all(|g| g.abs() < 1e-12) {
            return Err(UnusableWorld::Flat);
        }
        Ok(situation)
    }
}
