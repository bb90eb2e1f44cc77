//! Balancing a pole on a cart, as CartPole-v1 of Gymnasium defines it.

use super::{Actions, Known, Step, Task};
use crate::numeric::{cos, sin};
use crate::rng::Stream;

/// Gravity, in m/s².
const GRAVITY: f64 = 9.8;
/// The mass of the pole, in kg.
const POLE_MASS: f64 = 0.1;
/// The mass of the cart and the pole, in kg.
const TOTAL_MASS: f64 = POLE_MASS + 1.0;
/// Half the length of the pole, in m.
const HALF_LENGTH: f64 = 0.5;
/// Mass of the pole times half its length, in kg·m.
const POLE_MOMENT: f64 = POLE_MASS * HALF_LENGTH;
/// The force of a push, in N.
const FORCE: f64 = 10.0;
/// The length of a step, in s.
const STEP: f64 = 0.02;
/// The angle at which the pole has fallen: 12 degrees, in radians.
const ANGLE_LIMIT: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;
/// The position at which the cart has left the track, in m.
const POSITION_LIMIT: f64 = 2.4;

/// A cart that is pushed left (action 0) or right (action 1) so that the pole on it stays up (Barto, Sutton & Anderson
/// 1983), with the constants, the Euler steps and the order of operations of CartPole-v1 of Gymnasium.
///
/// A state, which is also the observation: position of the cart (m), its velocity (m/s), angle of the pole from the
/// vertical (radians), its angular velocity (radians/s). The reward is 1 a step, the last one included; the world ends when
/// the angle leaves ±12° or the position ±2.4 m, and the clock cuts after 500 steps, so that the largest return is 500.
/// Gymnasium rounds observations to single precision; these are the doubles of its state.
///
/// ```
/// use unbiased::environment::control::{CartPole, Task};
/// use unbiased::rng::Stream;
/// let mut stream = Stream::of(1, "example", 0, 0);
/// let mut state = [0.0; 4];
/// CartPole.start(&mut state, &mut stream);
/// let step = CartPole.step(&mut state, &[1.0], &mut stream);
/// assert_eq!((step.reward, step.terminated), (1.0, false));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CartPole;

impl Task for CartPole {
    fn name(&self) -> String {
        "cart-pole".to_owned()
    }

    fn state_size(&self) -> usize {
        4
    }

    fn observation_size(&self) -> usize {
        4
    }

    fn actions(&self) -> Actions {
        Actions::Choices(2)
    }

    fn time_limit(&self) -> Option<usize> {
        Some(500)
    }

    fn known(&self) -> Known<'_> {
        Known::Best { most: 500.0, without: None }
    }

    fn start(&self, state: &mut [f64], stream: &mut Stream) {
        for x in state {
            *x = -0.05 + 0.1 * stream.uniform();
        }
    }

    fn observe(&self, state: &[f64], observation: &mut [f64]) {
        observation.copy_from_slice(state);
    }

    fn step(&self, state: &mut [f64], action: &[f64], _: &mut Stream) -> Step {
        let (position, velocity, angle, spin) = (state[0], state[1], state[2], state[3]);
        let force = if action[0] == 1.0 { FORCE } else { -FORCE };
        let (cosine, sine) = (cos(angle), sin(angle));
        // Florian (2007), "Correct equations for the dynamics of the cart-pole system", without friction.
        let push = (force + POLE_MOMENT * (spin * spin) * sine) / TOTAL_MASS;
        let spin_rate =
            (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cosine * cosine) / TOTAL_MASS));
        let acceleration = push - POLE_MOMENT * spin_rate * cosine / TOTAL_MASS;
        state[0] = position + STEP * velocity;
        state[1] = velocity + STEP * acceleration;
        state[2] = angle + STEP * spin;
        state[3] = spin + STEP * spin_rate;
        let terminated = state[0].abs() > POSITION_LIMIT || state[2].abs() > ANGLE_LIMIT;
        Step { reward: 1.0, terminated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_near_the_middle_and_differ() {
        let mut stream = Stream::of(0, "cart-pole starts", 0, 0);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for _ in 0..1000 {
            let mut state = [0.0; 4];
            CartPole.start(&mut state, &mut stream);
            (low, high) = state.iter().fold((low, high), |(low, high), x| (low.min(*x), high.max(*x)));
        }
        assert!((-0.05..-0.0499).contains(&low) && (0.0499..0.05).contains(&high), "{low} {high}");
    }

    #[test]
    fn mirrored_states_and_actions_move_as_mirror_images() {
        let mut stream = Stream::of(0, "unused", 0, 0);
        let mut left = [0.3, -0.2, 0.1, 0.7];
        let mut right = left.map(|x: f64| -x);
        CartPole.step(&mut left, &[0.0], &mut stream);
        CartPole.step(&mut right, &[1.0], &mut stream);
        assert_eq!(left, right.map(|x| -x));
    }

    #[test]
    fn the_world_ends_past_twelve_degrees_and_past_the_end_of_the_track() {
        let mut stream = Stream::of(0, "unused", 0, 0);
        for (state, terminated) in [
            ([2.4, 0.0, 0.0, 0.0], false),
            ([2.4, 0.1, 0.0, 0.0], true),
            ([-2.4, -0.1, 0.0, 0.0], true),
            ([0.0, 0.0, ANGLE_LIMIT, 0.0], false),
            ([0.0, 0.0, ANGLE_LIMIT, 0.1], true),
            ([0.0, 0.0, -ANGLE_LIMIT, -0.1], true),
        ] {
            let mut next = state;
            assert_eq!(CartPole.step(&mut next, &[1.0], &mut stream), Step { reward: 1.0, terminated }, "{state:?}");
        }
    }
}
