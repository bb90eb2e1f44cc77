//! Swinging a pendulum up, as Pendulum-v1 of Gymnasium defines it.

use std::f64::consts::PI;

use super::{Actions, Step, Task};
use crate::numeric::{cos, sin};
use crate::rng::Stream;

/// The largest torque, in N·m.
const TORQUE_LIMIT: f64 = 2.0;
/// The largest angular velocity, in radians/s.
const SPEED_LIMIT: f64 = 8.0;
/// The length of a step, in s.
const STEP: f64 = 0.05;
/// `3 g / (2 l)` with `g` = 10 m/s² and `l` = 1 m.
const WEIGHT: f64 = 15.0;
/// `3 / (m l²)` with a mass of 1 kg.
const LEVER: f64 = 3.0;

/// A pendulum to swing up and hold, with the constants and the order of operations of Pendulum-v1 of Gymnasium.
///
/// A state is the angle from the upright position (radians, not reduced) and the angular velocity (radians/s); seen are the
/// cosine and sine of the angle and the velocity. The action is a torque, clipped to ±2 N·m; the reward is
/// `−(θ² + 0.1 θ'² + 0.001 u²)` with the angle reduced to `[−π, π)`, before the step. The world never ends; the clock cuts
/// after 200 steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pendulum;

/// The angle less the multiple of 2π that brings it into `[−π, π)`.
fn reduced(angle: f64) -> f64 {
    (angle + PI).rem_euclid(2.0 * PI) - PI
}

impl Task for Pendulum {
    fn name(&self) -> String {
        "pendulum".to_owned()
    }

    fn state_size(&self) -> usize {
        2
    }

    fn observation_size(&self) -> usize {
        3
    }

    fn actions(&self) -> Actions {
        Actions::Reals(1)
    }

    fn time_limit(&self) -> Option<usize> {
        Some(200)
    }

    fn start(&self, state: &mut [f64], stream: &mut Stream) {
        state[0] = -PI + 2.0 * PI * stream.uniform();
        state[1] = -1.0 + 2.0 * stream.uniform();
    }

    fn observe(&self, state: &[f64], observation: &mut [f64]) {
        observation[0] = cos(state[0]);
        observation[1] = sin(state[0]);
        observation[2] = state[1];
    }

    fn step(&self, state: &mut [f64], action: &[f64], _: &mut Stream) -> Step {
        let (angle, speed) = (state[0], state[1]);
        let torque = action[0].clamp(-TORQUE_LIMIT, TORQUE_LIMIT);
        let deviation = reduced(angle);
        let cost = deviation * deviation + 0.1 * (speed * speed) + 0.001 * (torque * torque);
        let speed = speed + (WEIGHT * sin(angle) + LEVER * torque) * STEP;
        state[1] = speed.clamp(-SPEED_LIMIT, SPEED_LIMIT);
        state[0] = angle + state[1] * STEP;
        Step { reward: -cost, terminated: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_reduced_to_one_turn() {
        for (angle, expected) in [(0.0, 0.0), (PI, -PI), (-PI, -PI), (1.0, 1.0), (-1.0, -1.0)] {
            for turns in [-3.0, 0.0, 2.0] {
                assert!((reduced(angle + 2.0 * PI * turns + 1e-9) - expected - 1e-9).abs() < 1e-12, "{angle} {turns}");
            }
        }
    }

    #[test]
    fn torques_and_speeds_are_clipped() {
        let mut stream = Stream::of(0, "unused", 0, 0);
        let (mut strong, mut limited) = ([0.5, 0.2], [0.5, 0.2]);
        let steps =
            (Pendulum.step(&mut strong, &[50.0], &mut stream), Pendulum.step(&mut limited, &[2.0], &mut stream));
        assert_eq!((steps.0, strong), (steps.1, limited));
        let mut fast = [0.5 * PI, 7.9];
        Pendulum.step(&mut fast, &[2.0], &mut stream);
        assert_eq!(fast[1], 8.0);
    }

    #[test]
    fn standing_upright_at_rest_costs_nothing_and_lasts() {
        let mut stream = Stream::of(0, "unused", 0, 0);
        let mut state = [0.0, 0.0];
        assert_eq!(Pendulum.step(&mut state, &[0.0], &mut stream).reward, 0.0);
        assert_eq!(state, [0.0, 0.0]);
    }
}
