//! Parts of a problem that never meet: states and parameters of one part share no trajectory with another.
//!
//! Taxi's destination never changes, so its 500 states and 3,000 parameters are four problems of a quarter the size,
//! and the recursion, whose cost is states times parameters, becomes four times cheaper.

use super::model::Model;
use super::policy_table::{PolicyTable, Unanswerable};

/// States that can meet, with the parameters that their policies depend on.
#[derive(Clone, Debug)]
pub(super) struct Component {
    /// The states, ascending.
    pub(super) states: Vec<usize>,
    /// The parameters, ascending.
    pub(super) parameters: Vec<usize>,
}

/// The components, with each state's and parameter's place inside its own.
#[derive(Clone, Debug)]
pub(super) struct Components {
    pub(super) all: Vec<Component>,
    pub(super) state_place: Vec<usize>,
    pub(super) parameter_place: Vec<usize>,
}

impl Components {
    /// Refuses problems whose recursion would take more than four gibibytes: two layers of up to five rows of all
    /// parameters for each state.
    pub(super) fn check_size(&self) -> Result<(), Unanswerable> {
        const MOST: usize = 1 << 32;
        let bytes = |c: &Component| c.states.len().saturating_mul(c.parameters.len()).saturating_mul(2 * 5 * 8);
        match self.all.iter().max_by_key(|c| bytes(c)) {
            Some(largest) if bytes(largest) > MOST => Err(Unanswerable::TooWide {
                states: largest.states.len(),
                parameters: largest.parameters.len(),
                gibibytes: bytes(largest) >> 30,
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn of(model: &Model, policy: &PolicyTable) -> Self {
        let (states, parameters) = (model.states(), policy.parameters());
        let mut parent: Vec<usize> = (0..states + parameters).collect();
        for s in 0..states {
            for o in model.outcomes(s).iter().filter(|o| !o.terminated) {
                join(&mut parent, s, o.next as usize);
            }
            for t in 0..policy.copies() {
                for &k in policy.support(t, model.observation[s]) {
                    join(&mut parent, s, states + k as usize);
                }
            }
        }
        let mut number = vec![usize::MAX; states + parameters];
        let mut result = Self { all: Vec::new(), state_place: vec![0; states], parameter_place: vec![0; parameters] };
        for s in 0..states {
            let root = find(&mut parent, s);
            if number[root] == usize::MAX {
                number[root] = result.all.len();
                result.all.push(Component { states: Vec::new(), parameters: Vec::new() });
            }
            let component = &mut result.all[number[root]];
            result.state_place[s] = component.states.len();
            component.states.push(s);
        }
        for k in 0..parameters {
            // A parameter that no state uses belongs nowhere: its estimate is identically zero.
            let root = find(&mut parent, states + k);
            if let Some(component) = result.all.get_mut(number[root]) {
                result.parameter_place[k] = component.parameters.len();
                component.parameters.push(k);
            }
        }
        result
    }
}

fn find(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

fn join(parent: &mut [usize], i: usize, j: usize) {
    let (i, j) = (find(parent, i), find(parent, j));
    // The smaller index is the root, so that components are numbered by their first state.
    parent[i.max(j)] = i.min(j);
}
