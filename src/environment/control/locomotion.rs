//! Running at a speed with twenty joints and a thousand sensors, small enough inside to know the best return.

use super::{Actions, Known, Step, Task};
use crate::environment::{LinearGaussian, LinearGaussianTables};
use crate::numeric::{Matrix, cos, sin};
use crate::rng::Stream;

/// Joints, and actions: a torque each.
const JOINTS: usize = 20;
/// Numbers of a state: speed, angles, angular velocities, and the constant 1.
const STATE: usize = 2 + 2 * JOINTS;
/// The place of the first angle in a state.
const ANGLES: usize = 1;
/// The place of the first angular velocity in a state.
const SPINS: usize = 1 + JOINTS;
/// The place of the constant 1 in a state.
const CONSTANT: usize = STATE - 1;
/// Numbers of an observation.
const OBSERVATION: usize = 1000;
/// State entries that a sensor combines.
const WIRES: usize = 3;
/// Steps of an episode.
const HORIZON: usize = 1000;
/// The length of a step, in s.
const STEP: f64 = 0.05;
/// The speed to run at, in m/s.
const TARGET: f64 = 1.5;
/// The rate at which the body slows down, in 1/s.
const DRAG: f64 = 0.5;
/// The rate at which joints slow down, in 1/s.
const DAMPING: f64 = 1.5;
/// How strongly a torque turns a joint, in radians/s² a unit.
const TORQUE_GAIN: f64 = 4.0;
/// The deviation of the noise of the speed, in m/s a step.
const GUST: f64 = 0.02;
/// The deviation of the noise of each angular velocity, in radians/s a step.
const TREMOR: f64 = 0.02;
/// The cost of a squared torque.
const TORQUE_COST: f64 = 0.005;
/// The cost of a squared angular velocity.
const SPIN_COST: f64 = 0.005;

/// A body whose speed twenty joints drive, seen through a thousand sensors, for a thousand steps.
///
/// Joint `i` is a damped spring with stiffness `k_i = 2 + sin(1 + i)` that the torque `a_i` turns, and its angle drives the
/// body with strength `h_i = 0.5 cos(2 i)`, some forward and some backward. With steps of `δ` = 0.05 s, angles `q`,
/// angular velocities `w`, speed `v`, and independent standard normals `z`:
///
/// - `v' = v + δ (−0.5 v + Σ_i h_i q_i) + 0.02 z`,
/// - `q_i' = q_i + δ w_i`,
/// - `w_i' = w_i + δ (−k_i q_i − 1.5 w_i + 4 a_i) + 0.02 z_i`.
///
/// The reward is `−(v − 1.5)² − 0.005 Σ a_i² − 0.005 Σ w_i²`, of the state and action before the step. All starts at rest, and the
/// world never ends; the clock cuts after 1000 steps, whose expected return is the objective. Since all is linear, with quadratic
/// costs and normal noise, the best expected return is known: [`Locomotion::as_linear_gaussian`] is the same system
/// in small. It is −28.10; that of doing nothing is −2263.9, and that of standard normal torques −2959.1.
///
/// A state is `(v, q, w, 1)`: 42 numbers. The observation is the state followed by 958 sensors: sensor `j` combines the entries
/// `3 j`, `5 j + 1` and `7 j + 2` of the state (modulo 42) with the weights `cos(j)`, `0.7 cos(2 j + 1)` and
/// `0.5 cos(3 j + 2)`. A step costs as much as an observation: a thousand sums of three products.
#[derive(Clone, Debug, PartialEq)]
pub struct Locomotion {
    stiffness: [f64; JOINTS],
    drive: [f64; JOINTS],
    /// The entries and weights of each sensor.
    sensors: Vec<[(usize, f64); WIRES]>,
}

impl Default for Locomotion {
    fn default() -> Self {
        Self::new()
    }
}

impl Locomotion {
    /// The body.
    #[must_use]
    pub fn new() -> Self {
        let sensor = |j: usize| {
            let x = j as f64;
            [
                (3 * j % STATE, cos(x)),
                ((5 * j + 1) % STATE, 0.7 * cos(2.0 * x + 1.0)),
                ((7 * j + 2) % STATE, 0.5 * cos(3.0 * x + 2.0)),
            ]
        };
        Self {
            stiffness: std::array::from_fn(|i| 2.0 + sin(1.0 + i as f64)),
            drive: std::array::from_fn(|i| 0.5 * cos(2.0 * i as f64)),
            sensors: (0..OBSERVATION - STATE).map(sensor).collect(),
        }
    }

    /// The same plant, start, noise and reward as a dense system of 42 state variables, the last of which is the constant 1, over
    /// 1000 steps without a discount.
    ///
    /// # Panics
    /// Never: the tables are a system.
    #[must_use]
    pub fn as_linear_gaussian(&self) -> LinearGaussian {
        let (mut dynamics, mut input) = (Matrix::identity(STATE), Matrix::zeros(STATE, JOINTS));
        let (mut noise, mut cost) = (Matrix::zeros(STATE, STATE), Matrix::zeros(STATE + JOINTS, STATE + JOINTS));
        dynamics[(0, 0)] = 1.0 - STEP * DRAG;
        noise[(0, 0)] = GUST * GUST;
        cost[(0, 0)] = 1.0;
        (cost[(0, CONSTANT)], cost[(CONSTANT, 0)]) = (-TARGET, -TARGET);
        cost[(CONSTANT, CONSTANT)] = TARGET * TARGET;
        for i in 0..JOINTS {
            let (angle, spin) = (ANGLES + i, SPINS + i);
            dynamics[(0, angle)] = STEP * self.drive[i];
            dynamics[(angle, spin)] = STEP;
            dynamics[(spin, angle)] = -STEP * self.stiffness[i];
            dynamics[(spin, spin)] = 1.0 - STEP * DAMPING;
            input[(spin, i)] = STEP * TORQUE_GAIN;
            noise[(spin, spin)] = TREMOR * TREMOR;
            cost[(spin, spin)] = SPIN_COST;
            cost[(STATE + i, STATE + i)] = TORQUE_COST;
        }
        let mut start_mean = vec![0.0; STATE];
        start_mean[CONSTANT] = 1.0;
        let tables = LinearGaussianTables {
            horizon: HORIZON,
            discount: 1.0,
            dynamics,
            input,
            noise,
            cost,
            start_mean,
            start_covariance: Matrix::zeros(STATE, STATE),
        };
        LinearGaussian::new(tables).expect("the tables are a system")
    }

    /// Moves a state on by an action, without noise, and gives the reward.
    fn advance(&self, state: &mut [f64], action: &[f64]) -> f64 {
        let (mut pull, mut effort, mut motion) = (0.0, 0.0, 0.0);
        for i in 0..JOINTS {
            let (angle, spin) = (state[ANGLES + i], state[SPINS + i]);
            pull += self.drive[i] * angle;
            effort += action[i] * action[i];
            motion += spin * spin;
            state[ANGLES + i] = angle + STEP * spin;
            state[SPINS + i] = spin + STEP * (TORQUE_GAIN * action[i] - self.stiffness[i] * angle - DAMPING * spin);
        }
        let speed = state[0];
        state[0] = speed + STEP * (pull - DRAG * speed);
        -(speed - TARGET) * (speed - TARGET) - TORQUE_COST * effort - SPIN_COST * motion
    }
}

impl Task for Locomotion {
    fn name(&self) -> String {
        "locomotion".to_owned()
    }

    fn state_size(&self) -> usize {
        STATE
    }

    fn observation_size(&self) -> usize {
        OBSERVATION
    }

    fn actions(&self) -> Actions {
        Actions::Reals(JOINTS)
    }

    fn time_limit(&self) -> Option<usize> {
        Some(HORIZON)
    }

    fn known(&self) -> Known<'_> {
        Known::LinearGaussian(Box::new(self.as_linear_gaussian()))
    }

    fn start(&self, state: &mut [f64], _: &mut Stream) {
        state.fill(0.0);
        state[CONSTANT] = 1.0;
    }

    fn observe(&self, state: &[f64], observation: &mut [f64]) {
        let (own, sensed) = observation.split_at_mut(STATE);
        own.copy_from_slice(state);
        for (x, [(a, u), (b, v), (c, w)]) in sensed.iter_mut().zip(&self.sensors) {
            *x = u * state[*a] + v * state[*b] + w * state[*c];
        }
    }

    fn step(&self, state: &mut [f64], action: &[f64], stream: &mut Stream) -> Step {
        let reward = self.advance(state, action);
        state[0] += GUST * stream.normal();
        for spin in &mut state[SPINS..SPINS + JOINTS] {
            *spin += TREMOR * stream.normal();
        }
        Step { reward, terminated: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_without_noise_is_that_of_the_small_system() {
        let body = Locomotion::new();
        let system = body.as_linear_gaussian();
        let mut stream = Stream::of(0, "locomotion", 0, 0);
        for _ in 0..20 {
            let mut state: Vec<f64> = (0..STATE).map(|_| stream.normal()).collect();
            state[CONSTANT] = 1.0;
            let action: Vec<f64> = (0..JOINTS).map(|_| stream.normal()).collect();
            let (next, reward) = (system.next_state(&state, &action, &[0.0; STATE]), system.reward(&state, &action));
            assert!((body.advance(&mut state, &action) - reward).abs() < 1e-12);
            assert!(state.iter().zip(next).all(|(x, y)| (x - y).abs() < 1e-14));
        }
    }

    #[test]
    fn the_noise_has_the_covariance_of_the_small_system() {
        let body = Locomotion::new();
        let system = body.as_linear_gaussian();
        let mut stream = Stream::of(0, "locomotion noise", 0, 0);
        let n = 4000;
        let mut squares = [0.0; STATE];
        for _ in 0..n {
            let mut state = vec![0.0; STATE];
            body.start(&mut state, &mut stream);
            body.step(&mut state, &[0.0; JOINTS], &mut stream);
            squares.iter_mut().zip(&state).for_each(|(sum, x)| *sum += x * x / f64::from(n));
        }
        for (i, square) in squares.iter().enumerate().take(CONSTANT) {
            let variance = system.noise()[(i, i)];
            assert!((square - variance).abs() <= 5.0 * variance * (2.0 / f64::from(n)).sqrt(), "{i}: {square}");
        }
    }

    #[test]
    fn every_state_entry_is_seen_by_sensors_too() {
        let body = Locomotion::new();
        let mut rest = vec![0.0; OBSERVATION];
        body.observe(&[0.0; STATE], &mut rest);
        assert!(rest.iter().all(|x| *x == 0.0));
        for entry in 0..STATE {
            let mut state = [0.0; STATE];
            state[entry] = 1.0;
            let mut seen = vec![0.0; OBSERVATION];
            body.observe(&state, &mut seen);
            assert!(seen[STATE..].iter().filter(|x| **x != 0.0).count() > 20, "{entry}");
            assert_eq!(seen[entry], 1.0);
        }
    }
}
