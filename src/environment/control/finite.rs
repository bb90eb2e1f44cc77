//! Finite Markov decision processes as tasks.

use super::{Actions, Known, Step, Task};
use crate::environment::TabularMdp;
use crate::rng::Stream;

/// What is seen of a finite process, as a row with a single 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// A number for each observation of the process.
    #[default]
    Observation,
    /// A number for each pair of time and observation, time by time: what a policy needs to be the best over a horizon.
    TimeAndObservation,
}

/// A [`TabularMdp`] to train on.
///
/// The objective of such a process is the return of its first `T` steps, so that nothing follows the last one: the world ends
/// there, and the task has no clock. (A critic that bootstrapped past it would learn another objective.) Rewards are those of the
/// transitions; the discount `γ` stays with the process and is the learner's to apply.
///
/// A state is the process's state and the time. The next state is drawn by inverting the cumulative distribution at one
/// uniform number.
#[derive(Clone, Debug, PartialEq)]
pub struct Finite {
    name: String,
    mdp: TabularMdp,
    view: View,
}

impl Finite {
    /// The process `mdp` under a name, with what is seen of it.
    #[must_use]
    pub fn new(name: impl Into<String>, mdp: TabularMdp, view: View) -> Self {
        Self { name: name.into(), mdp, view }
    }

    /// The process.
    #[must_use]
    pub fn mdp(&self) -> &TabularMdp {
        &self.mdp
    }

    /// The place of the 1 in what is seen of a state.
    fn place(&self, state: &[f64]) -> usize {
        let observation = self.mdp.observation(state[0] as usize);
        match self.view {
            View::Observation => observation,
            // After the last step nothing is looked at; it shows the last time.
            View::TimeAndObservation => {
                (state[1] as usize).min(self.mdp.horizon() - 1) * self.mdp.observations() + observation
            }
        }
    }
}

/// The first place at which the running sum of `probabilities` exceeds `u`, from `[0, 1)`; the last one if rounding leaves the sum
/// below `u`.
fn inverted(probabilities: impl Iterator<Item = f64>, u: f64) -> usize {
    let (mut below, mut last) = (0.0, 0);
    for (i, p) in probabilities.enumerate() {
        if p > 0.0 {
            below += p;
            last = i;
            if u < below {
                break;
            }
        }
    }
    last
}

impl Task for Finite {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn state_size(&self) -> usize {
        2
    }

    fn observation_size(&self) -> usize {
        match self.view {
            View::Observation => self.mdp.observations(),
            View::TimeAndObservation => self.mdp.horizon() * self.mdp.observations(),
        }
    }

    fn actions(&self) -> Actions {
        Actions::Choices(self.mdp.actions())
    }

    fn time_limit(&self) -> Option<usize> {
        None
    }

    fn known(&self) -> Known<'_> {
        Known::Finite(&self.mdp, self.view)
    }

    fn start(&self, state: &mut [f64], stream: &mut Stream) {
        state[0] = inverted(self.mdp.initial().iter().copied(), stream.uniform()) as f64;
        state[1] = 0.0;
    }

    fn observe(&self, state: &[f64], observation: &mut [f64]) {
        observation.fill(0.0);
        observation[self.place(state)] = 1.0;
    }

    fn step(&self, state: &mut [f64], action: &[f64], stream: &mut Stream) -> Step {
        let outcomes = self.mdp.transitions(state[0] as usize, action[0] as usize);
        let outcome = outcomes[inverted(outcomes.iter().map(|t| t.probability), stream.uniform())];
        state[0] = outcome.next as f64;
        state[1] += 1.0;
        Step { reward: outcome.reward, terminated: outcome.terminated || state[1] >= self.mdp.horizon() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::NamedProblem;

    fn named(name: &str, view: View) -> Finite {
        Finite::new(name, NamedProblem::find(name).unwrap().mdp(), view)
    }

    #[test]
    fn inversion_takes_each_share_of_the_unit_interval() {
        let probabilities = [0.25, 0.0, 0.5, 0.25];
        for (u, place) in [(0.0, 0), (0.249, 0), (0.25, 2), (0.749, 2), (0.75, 3), (0.999, 3)] {
            assert_eq!(inverted(probabilities.into_iter(), u), place, "{u}");
        }
        // Rounding below 1 does not fall off the end, nor onto an outcome that cannot happen.
        assert_eq!(inverted([0.5, 0.5 - 1e-12, 0.0].into_iter(), 1.0 - 1e-16), 1);
    }

    #[test]
    fn the_horizon_ends_the_world() {
        let task = named("mdp-1296", View::Observation);
        let mut stream = Stream::of(0, "finite", 0, 0);
        let mut state = [0.0; 2];
        task.start(&mut state, &mut stream);
        let ends: Vec<bool> = (0..4).map(|_| task.step(&mut state, &[1.0], &mut stream).terminated).collect();
        assert_eq!((ends, task.time_limit()), (vec![false, false, false, true], None));
    }

    #[test]
    fn a_cliff_ends_the_walk_at_the_goal_alone() {
        let task = named("cliff-walking", View::Observation);
        let mut stream = Stream::of(0, "cliff", 0, 0);
        let mut state = [0.0; 2];
        task.start(&mut state, &mut stream);
        // Up, eleven times right, down: thirteen steps of reward −1.
        let path = [0.0].into_iter().chain([1.0; 11]).chain([2.0]);
        let steps: Vec<Step> = path.map(|action| task.step(&mut state, &[action], &mut stream)).collect();
        assert!(steps.iter().all(|step| step.reward == -1.0));
        assert_eq!(steps.iter().position(|step| step.terminated), Some(12));
    }

    #[test]
    fn observations_have_a_single_one_with_or_without_the_time() {
        for (view, size) in [(View::Observation, 3), (View::TimeAndObservation, 12)] {
            let task = named("mdp-1296", view);
            assert_eq!(task.observation_size(), size);
            let mut places = Vec::new();
            for (time, state) in (0..5).flat_map(|time| (0..3).map(move |state| (time, state))) {
                let mut observation = vec![7.0; size];
                task.observe(&[f64::from(state), f64::from(time)], &mut observation);
                assert_eq!(observation.iter().sum::<f64>(), 1.0);
                places.push(observation.iter().position(|x| *x == 1.0).unwrap());
            }
            places.dedup();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), size);
        }
    }

    #[test]
    fn sampled_outcomes_have_their_probabilities() {
        let task = named("mdp-16", View::Observation);
        let mut stream = Stream::of(0, "outcomes", 0, 0);
        let n = 20_000;
        let moved = (0..n).filter(|_| {
            let mut state = [0.0, 0.0];
            task.step(&mut state, &[0.0], &mut stream);
            state[0] == 1.0
        });
        // P = 0.3; the bound is five standard errors.
        let share = moved.count() as f64 / f64::from(n);
        assert!((share - 0.3).abs() < 5.0 * (0.21 / f64::from(n)).sqrt(), "{share}");
    }
}
