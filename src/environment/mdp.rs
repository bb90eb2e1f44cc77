//! Finite Markov decision processes.

use thiserror::Error;

/// How far the probabilities of a row may sum from 1; a row within it is divided by its sum.
pub const SUM_TOLERANCE: f64 = 1e-9;

/// One outcome of an action: with `probability` the world moves to `next` and pays `reward`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// P(s', terminated | s, a), in `[0, 1]`.
    pub probability: f64,
    /// The next state s'.
    pub next: usize,
    /// r(s, a, s').
    pub reward: f64,
    /// Whether the world ends here: no reward follows, whatever the state. (The end of the horizon *truncates*; it
    /// does not terminate.)
    pub terminated: bool,
}

/// A finite Markov decision process with a horizon: `S` states, `A` actions, `T` steps, discount `γ`.
///
/// The agent sees `observation(s)`, by default the state itself; several states may share one observation.
#[derive(Clone, Debug, PartialEq)]
pub struct TabularMdp {
    horizon: usize,
    discount: f64,
    initial: Vec<f64>,
    observation: Vec<usize>,
    observations: usize,
    actions: usize,
    first: Vec<usize>,
    transitions: Vec<Transition>,
}

/// Why a table is not a Markov decision process. Each message says what, where and the mend.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InvalidMdp {
    /// The horizon is zero.
    #[error("the horizon is 0; it is the number of steps of an episode, at least 1")]
    Horizon,
    /// The discount is outside `[0, 1]` or not a number.
    #[error("the discount is {0}; it must lie between 0 and 1")]
    Discount(f64),
    /// There is no state.
    #[error("the transition table is empty; it needs at least one state")]
    NoStates,
    /// A state without actions.
    #[error("state {state} has no actions; every state needs the same actions, at least one")]
    NoActions {
        /// The state.
        state: usize,
    },
    /// A state has fewer or more actions than the first one.
    #[error(
        "the number of actions of state {state} is {found}, that of state 0 is {expected}; every state needs the same actions"
    )]
    ActionCount {
        /// The state.
        state: usize,
        /// Its number of actions.
        found: usize,
        /// The number of actions of state 0.
        expected: usize,
    },
    /// An action without outcomes.
    #[error("state {state}, action {action} has no transitions; give at least one, with probabilities that sum to 1")]
    NoTransitions {
        /// The state.
        state: usize,
        /// The action.
        action: usize,
    },
    /// A negative, infinite or undefined probability.
    #[error("state {state}, action {action}: the probability {probability} is not a number between 0 and 1")]
    Probability {
        /// The state.
        state: usize,
        /// The action.
        action: usize,
        /// The offending number.
        probability: f64,
    },
    /// A row whose probabilities do not sum to 1.
    #[error(
        "state {state}, action {action}: the probabilities sum to {sum}, not 1; \
         mend them or divide each by the sum"
    )]
    RowSum {
        /// The state.
        state: usize,
        /// The action.
        action: usize,
        /// The sum found.
        sum: f64,
    },
    /// A next state that does not exist.
    #[error("state {state}, action {action}: next state {next} does not exist; states are 0 to {}", states - 1)]
    NextState {
        /// The state.
        state: usize,
        /// The action.
        action: usize,
        /// The state named as the next one.
        next: usize,
        /// The number of states.
        states: usize,
    },
    /// A reward that is infinite or not a number.
    #[error("state {state}, action {action}: the reward {reward} is not a finite number")]
    Reward {
        /// The state.
        state: usize,
        /// The action.
        action: usize,
        /// The offending number.
        reward: f64,
    },
    /// The initial distribution has the wrong length.
    #[error(
        "the initial distribution has length {found}, the number of states is {states}; it needs one entry a state"
    )]
    InitialLength {
        /// Its length.
        found: usize,
        /// The number of states.
        states: usize,
    },
    /// A negative, infinite or undefined initial probability.
    #[error("the initial probability {probability} of state {state} is not a number between 0 and 1")]
    InitialProbability {
        /// The state.
        state: usize,
        /// The offending number.
        probability: f64,
    },
    /// The initial distribution does not sum to 1.
    #[error("the initial probabilities sum to {sum}, not 1; mend them or divide each by the sum")]
    InitialSum {
        /// The sum found.
        sum: f64,
    },
    /// The list of observations has the wrong length.
    #[error(
        "the list of observations has length {found}, the number of states is {states}; it needs one entry a state"
    )]
    ObservationLength {
        /// Its length.
        found: usize,
        /// The number of states.
        states: usize,
    },
    /// An observation number is left out.
    #[error("observation {missing} belongs to no state; number the observations from 0 without gaps")]
    ObservationGap {
        /// The number without a state.
        missing: usize,
    },
}

impl TabularMdp {
    /// A process from its table: `transitions[s][a]` lists the outcomes of action `a` in state `s`.
    ///
    /// Outcomes of probability zero are dropped; rows whose sum is within [`SUM_TOLERANCE`] of 1 are divided by it.
    ///
    /// # Errors
    /// [`InvalidMdp`] names the first entry that is not what it must be.
    pub fn new(
        horizon: usize,
        discount: f64,
        initial: Vec<f64>,
        transitions: Vec<Vec<Vec<Transition>>>,
    ) -> Result<Self, InvalidMdp> {
        check_horizon(horizon)?;
        check_discount(discount)?;
        let states = transitions.len();
        if states == 0 {
            return Err(InvalidMdp::NoStates);
        }
        let initial = check_initial(initial, states)?;
        let actions = transitions[0].len();
        let mut first = Vec::with_capacity(states * actions + 1);
        let mut flat = Vec::new();
        for (state, rows) in transitions.into_iter().enumerate() {
            check_action_count(state, rows.len(), actions)?;
            for (action, row) in rows.into_iter().enumerate() {
                let sum = check_row(state, action, &row, states)?;
                first.push(flat.len());
                flat.extend(
                    row.into_iter()
                        .filter(|t| t.probability > 0.0)
                        .map(|t| Transition { probability: t.probability / sum, ..t }),
                );
            }
        }
        first.push(flat.len());
        let observation = (0..states).collect();
        Ok(Self { horizon, discount, initial, observation, observations: states, actions, first, transitions: flat })
    }

    /// The same process seen through `observation`: the agent sees `observation[s]` instead of `s`.
    ///
    /// # Errors
    /// [`InvalidMdp`] if the list has another length than the states or leaves a number out.
    pub fn with_observations(mut self, observation: Vec<usize>) -> Result<Self, InvalidMdp> {
        let observations = check_observations(&observation, self.states())?;
        self.observation = observation;
        self.observations = observations;
        Ok(self)
    }

    /// The same process with another horizon.
    ///
    /// # Errors
    /// [`InvalidMdp::Horizon`] if it is zero.
    pub fn with_horizon(mut self, horizon: usize) -> Result<Self, InvalidMdp> {
        check_horizon(horizon)?;
        self.horizon = horizon;
        Ok(self)
    }

    /// The same process with another discount.
    ///
    /// # Errors
    /// [`InvalidMdp::Discount`] if it lies outside `[0, 1]`.
    pub fn with_discount(mut self, discount: f64) -> Result<Self, InvalidMdp> {
        check_discount(discount)?;
        self.discount = discount;
        Ok(self)
    }

    /// The same process with other rewards: `reward(s, a, transition)` in place of each transition's own.
    ///
    /// # Errors
    /// [`InvalidMdp`] if one is not finite.
    pub fn with_rewards(mut self, reward: impl Fn(usize, usize, &Transition) -> f64) -> Result<Self, InvalidMdp> {
        for state in 0..self.states() {
            for action in 0..self.actions {
                let row = state * self.actions + action;
                let row = &mut self.transitions[self.first[row]..self.first[row + 1]];
                for t in row.iter_mut() {
                    t.reward = reward(state, action, t);
                }
                check_row(state, action, row, self.initial.len())?;
            }
        }
        Ok(self)
    }

    /// The number of states, `S`.
    pub fn states(&self) -> usize {
        self.initial.len()
    }

    /// The number of actions, `A`, the same in every state.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// The number of observations, `O`; equal to `S` where the agent sees the state.
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// What the agent sees in `state`.
    pub fn observation(&self, state: usize) -> usize {
        self.observation[state]
    }

    /// The number of steps of an episode that does not terminate, `T`.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// The discount `γ`.
    pub fn discount(&self) -> f64 {
        self.discount
    }

    /// The distribution of the first state.
    pub fn initial(&self) -> &[f64] {
        &self.initial
    }

    /// The outcomes of `action` in `state`, those of probability zero left out.
    pub fn transitions(&self, state: usize, action: usize) -> &[Transition] {
        let row = state * self.actions + action;
        &self.transitions[self.first[row]..self.first[row + 1]]
    }

    /// The number of transitions of positive probability.
    pub fn transition_count(&self) -> usize {
        self.transitions.len()
    }
}

pub(super) fn check_horizon(horizon: usize) -> Result<(), InvalidMdp> {
    if horizon == 0 { Err(InvalidMdp::Horizon) } else { Ok(()) }
}

pub(super) fn check_discount(discount: f64) -> Result<(), InvalidMdp> {
    if (0.0..=1.0).contains(&discount) { Ok(()) } else { Err(InvalidMdp::Discount(discount)) }
}

pub(super) fn check_action_count(state: usize, found: usize, expected: usize) -> Result<(), InvalidMdp> {
    if found == 0 {
        Err(InvalidMdp::NoActions { state })
    } else if found == expected {
        Ok(())
    } else {
        Err(InvalidMdp::ActionCount { state, found, expected })
    }
}

/// Checks one row and returns the sum of its probabilities.
pub(super) fn check_row(state: usize, action: usize, row: &[Transition], states: usize) -> Result<f64, InvalidMdp> {
    if row.is_empty() {
        return Err(InvalidMdp::NoTransitions { state, action });
    }
    for &Transition { probability, next, reward, .. } in row {
        if !(0.0..=1.0 + SUM_TOLERANCE).contains(&probability) {
            return Err(InvalidMdp::Probability { state, action, probability });
        }
        if next >= states {
            return Err(InvalidMdp::NextState { state, action, next, states });
        }
        if !reward.is_finite() {
            return Err(InvalidMdp::Reward { state, action, reward });
        }
    }
    let sum = row.iter().map(|t| t.probability).sum::<f64>();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(InvalidMdp::RowSum { state, action, sum });
    }
    Ok(sum)
}

/// Checks the initial distribution and returns it divided by its sum.
pub(super) fn check_initial(initial: Vec<f64>, states: usize) -> Result<Vec<f64>, InvalidMdp> {
    if initial.len() != states {
        return Err(InvalidMdp::InitialLength { found: initial.len(), states });
    }
    for (state, &probability) in initial.iter().enumerate() {
        if !(0.0..=1.0 + SUM_TOLERANCE).contains(&probability) {
            return Err(InvalidMdp::InitialProbability { state, probability });
        }
    }
    let sum = initial.iter().sum::<f64>();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(InvalidMdp::InitialSum { sum });
    }
    Ok(initial.into_iter().map(|p| p / sum).collect())
}

/// Checks the list of observations and returns their number.
pub(super) fn check_observations(observation: &[usize], states: usize) -> Result<usize, InvalidMdp> {
    if observation.len() != states {
        return Err(InvalidMdp::ObservationLength { found: observation.len(), states });
    }
    let count = observation.iter().max().map_or(0, |largest| largest.saturating_add(1));
    let mut sorted = observation.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    match sorted.iter().enumerate().find(|(expected, found)| expected != *found) {
        Some((missing, _)) => Err(InvalidMdp::ObservationGap { missing }),
        None => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(probability: f64) -> Vec<Transition> {
        vec![
            Transition { probability, next: 0, reward: 1.0, terminated: false },
            Transition { probability: 1.0 - probability, next: 0, reward: 0.0, terminated: true },
        ]
    }

    #[test]
    fn outcomes_of_probability_zero_are_dropped() {
        let mdp = TabularMdp::new(3, 1.0, vec![1.0], vec![vec![row(1.0), row(0.25)]]).unwrap();
        assert_eq!((mdp.transitions(0, 0).len(), mdp.transitions(0, 1).len(), mdp.transition_count()), (1, 2, 3));
    }

    #[test]
    fn what_is_not_a_process_is_refused_with_the_place() {
        let new = |horizon, discount, initial, rows| TabularMdp::new(horizon, discount, initial, rows);
        let good = || vec![vec![row(0.5)]];
        assert_eq!(new(0, 1.0, vec![1.0], good()), Err(InvalidMdp::Horizon));
        assert_eq!(new(1, 2.0, vec![1.0], good()), Err(InvalidMdp::Discount(2.0)));
        assert!(matches!(new(1, f64::NAN, vec![1.0], good()), Err(InvalidMdp::Discount(_))));
        assert_eq!(new(1, 1.0, vec![], vec![]), Err(InvalidMdp::NoStates));
        assert_eq!(new(1, 1.0, vec![1.0], vec![vec![]]), Err(InvalidMdp::NoActions { state: 0 }));
        let ragged = vec![vec![row(0.5)], vec![row(0.5), row(0.5)]];
        assert_eq!(new(1, 1.0, vec![0.5; 2], ragged), Err(InvalidMdp::ActionCount { state: 1, found: 2, expected: 1 }));
        assert_eq!(new(1, 1.0, vec![0.9], good()), Err(InvalidMdp::InitialSum { sum: 0.9 }));
        assert!(matches!(
            new(1, 1.0, vec![1.0], vec![vec![row(f64::NAN)]]),
            Err(InvalidMdp::Probability { state: 0, action: 0, .. })
        ));
        let observed = new(1, 1.0, vec![0.5; 2], vec![vec![row(0.5)], vec![row(0.5)]]).unwrap();
        assert_eq!(observed.with_observations(vec![0, 2]), Err(InvalidMdp::ObservationGap { missing: 1 }));
    }
}
