//! Linear-Gaussian systems as tasks.

use super::{Actions, Known, Step, Task};
use crate::environment::{LinearGaussian, LinearGaussianTables};
use crate::numeric::{Matrix, dot};
use crate::rng::Stream;

/// A [`LinearGaussian`] system to train on: the whole state is seen, and the reward `−(s, a)ᵀ C (s, a)` is that of the state and
/// action before the step.
///
/// The objective is the return of the first `T` steps, so that the world ends there; the discount stays with the system and is
/// the learner's to apply. A state is the system's state and the time.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearQuadraticTask {
    name: String,
    system: LinearGaussian,
    /// `L` with `L Lᵀ = W`.
    noise: Matrix,
    /// `L` with `L Lᵀ = Σ`.
    start: Matrix,
}

impl LinearQuadraticTask {
    /// The system under a name.
    #[must_use]
    pub fn new(name: impl Into<String>, system: LinearGaussian) -> Self {
        let n = system.states();
        let root = |matrix: &Matrix| matrix.cholesky().unwrap_or_else(|| Matrix::zeros(n, n)); // checked by the system
        let (noise, start) = (root(system.noise()), root(system.start_covariance()));
        Self { name: name.into(), system, noise, start }
    }

    /// The system.
    #[must_use]
    pub fn system(&self) -> &LinearGaussian {
        &self.system
    }
}

/// A mass on a line with position `x` and velocity `v` that a force pushes to the origin, in 50 steps of 0.1:
/// `x' = x + 0.1 v + 0.01 z`, `v' = v + 0.1 a + 0.05 z'`, the reward `−(x² + 0.1 v² + 0.1 a²)`, and a start that is normal around
/// `(1, 0)` with deviation 0.2.
///
/// # Panics
/// Never: the tables are a system.
#[must_use]
pub fn double_integrator() -> LinearGaussian {
    let tables = LinearGaussianTables {
        horizon: 50,
        discount: 1.0,
        dynamics: Matrix::of(2, 2, vec![1.0, 0.1, 0.0, 1.0]),
        input: Matrix::of(2, 1, vec![0.0, 0.1]),
        noise: Matrix::diagonal(&[1e-4, 2.5e-3]),
        cost: Matrix::diagonal(&[1.0, 0.1, 0.1]),
        start_mean: vec![1.0, 0.0],
        start_covariance: Matrix::diagonal(&[0.04, 0.04]),
    };
    LinearGaussian::new(tables).expect("the tables are a system")
}

/// Adds `L z` with fresh standard normal `z`, drawn in order.
fn disturb(state: &mut [f64], factor: &Matrix, stream: &mut Stream) {
    let normals: Vec<f64> = state.iter().map(|_| stream.normal()).collect();
    for (i, x) in state.iter_mut().enumerate() {
        *x += dot(&factor.row(i)[..=i], &normals[..=i]);
    }
}

impl Task for LinearQuadraticTask {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn state_size(&self) -> usize {
        self.system.states() + 1
    }

    fn observation_size(&self) -> usize {
        self.system.states()
    }

    fn actions(&self) -> Actions {
        Actions::Reals(self.system.actions())
    }

    fn time_limit(&self) -> Option<usize> {
        None
    }

    fn known(&self) -> Known<'_> {
        Known::LinearGaussian(Box::new(self.system.clone()))
    }

    fn start(&self, state: &mut [f64], stream: &mut Stream) {
        let (own, time) = state.split_at_mut(self.system.states());
        own.copy_from_slice(self.system.start_mean());
        disturb(own, &self.start, stream);
        time[0] = 0.0;
    }

    fn observe(&self, state: &[f64], observation: &mut [f64]) {
        observation.copy_from_slice(&state[..self.system.states()]);
    }

    fn step(&self, state: &mut [f64], action: &[f64], stream: &mut Stream) -> Step {
        let (own, time) = state.split_at_mut(self.system.states());
        let reward = self.system.reward(own, action);
        let kept = self.system.dynamics().times(own);
        let moved = self.system.input().times(action);
        own.iter_mut().zip(kept.iter().zip(&moved)).for_each(|(x, (kept, moved))| *x = kept + moved);
        disturb(own, &self.noise, stream);
        time[0] += 1.0;
        Step { reward, terminated: time[0] >= self.system.horizon() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::workload;

    #[test]
    fn a_step_is_that_of_the_system_with_the_streams_noise() {
        let task = LinearQuadraticTask::new("workload", workload::linear_gaussian());
        let mut stream = Stream::of(0, "linear-quadratic", 0, 0);
        let mut state = vec![0.0; 9];
        task.start(&mut state, &mut stream);
        let before = state.clone();
        let action = [0.3, -0.2, 0.1, 0.5];
        let mut copy = stream.clone();
        let step = task.step(&mut state, &action, &mut stream);
        let noise: Vec<f64> = (0..8).map(|_| 0.1 * copy.normal()).collect();
        let expected = task.system().next_state(&before[..8], &action, &noise);
        assert!(state[..8].iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-14));
        assert_eq!((step.reward, state[8]), (task.system().reward(&before[..8], &action), 1.0));
    }

    #[test]
    fn the_horizon_ends_the_world_and_starts_are_spread_as_they_should_be() {
        let task = LinearQuadraticTask::new("double-integrator", double_integrator());
        let mut stream = Stream::of(0, "double integrator", 0, 0);
        let (mut state, mut sums) = ([0.0; 3], [0.0; 2]);
        let n = 4000;
        for _ in 0..n {
            task.start(&mut state, &mut stream);
            sums[0] += state[0] / f64::from(n);
            sums[1] += (state[0] - 1.0) * (state[0] - 1.0) / f64::from(n);
        }
        // Five standard errors.
        assert!((sums[0] - 1.0).abs() < 5.0 * 0.2 / f64::from(n).sqrt(), "{sums:?}");
        assert!((sums[1] - 0.04).abs() < 5.0 * 0.04 * (2.0 / f64::from(n)).sqrt(), "{sums:?}");
        let ends: Vec<bool> = (0..50).map(|_| task.step(&mut state, &[0.0], &mut stream).terminated).collect();
        assert_eq!(ends.iter().position(|end| *end), Some(49));
    }
}
