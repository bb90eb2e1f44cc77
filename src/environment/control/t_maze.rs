//! A corridor with a choice at its end that only memory can make.

use thiserror::Error;

use super::{Actions, Known, Step, Task};
use crate::rng::Stream;

/// The reward of the goal.
const RIGHT_GOAL: f64 = 4.0;
/// The reward of the other side of the junction.
const WRONG_GOAL: f64 = -0.1;
/// The reward of a step into a wall.
const STANDING_STILL: f64 = -0.1;

/// The T-maze of Bakker (2002), "Reinforcement learning with long short-term memory": a sign at the start of a corridor says
/// on which side of the junction at its end the goal is. Nothing that is seen later says so.
///
/// Actions: north (0), east (1), south (2), west (3). The agent starts at position 0; the junction is at position `length`.
/// It sees `(0, 1, 1)` at the start if the goal is north and `(1, 1, 0)` if it is south, `(1, 0, 1)` in the corridor, and
/// `(0, 1, 0)` at the junction. North or south at the junction ends the world, with the reward 4 on the goal's side and −0.1
/// on the other; a step into a wall leaves the agent where it is and costs 0.1; other steps are free. Sides are drawn evenly.
///
/// The sign belongs to the starting position: an agent that walks back sees it again. Rewards are Bakker's, and left
/// undiscounted (he learns with γ = 0.98). The clock is ours: it cuts after `10 (length + 1)` steps.
///
/// A state is the position and the goal's side, 0 for north and 1 for south.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TMaze {
    length: usize,
}

/// A corridor without a step.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the corridor has length 0; it takes at least 1 step from the sign to the junction")]
pub struct NoCorridor;

impl TMaze {
    /// The return of the best policy, which remembers the sign.
    pub const BEST_RETURN: f64 = RIGHT_GOAL;

    /// A maze whose junction is `length` steps from the start.
    ///
    /// # Errors
    /// [`NoCorridor`] if the length is zero.
    pub fn new(length: usize) -> Result<Self, NoCorridor> {
        if length == 0 { Err(NoCorridor) } else { Ok(Self { length }) }
    }

    /// The steps from the sign to the junction.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The largest expected return of a policy whose action depends on nothing but what is seen now: `(4 − 0.1)/2 = 1.95`, at
    /// every length.
    ///
    /// Such a policy goes north at the junction with one probability `q` for both signs, and walks the corridor alike. Let `p`
    /// and `p'` be the probabilities that it ends the world under either sign; then the return is at most
    /// `½ p (4 q − 0.1 (1 − q)) + ½ p' (4 (1 − q) − 0.1 q)`, less 0.1 for each step into a wall. If it goes east at the start
    /// under both signs then `p = p'` and the return is at most `1.95 p`. Otherwise it pays 0.1 under one sign, which is as
    /// much as the wrong side would have cost it, and the return is at most `½·4 − ½·0.1` again.
    #[must_use]
    pub fn best_memoryless_return(&self) -> f64 {
        0.5 * (RIGHT_GOAL + WRONG_GOAL)
    }
}

impl Task for TMaze {
    fn name(&self) -> String {
        format!("t-maze-{}", self.length)
    }

    fn state_size(&self) -> usize {
        2
    }

    fn observation_size(&self) -> usize {
        3
    }

    fn actions(&self) -> Actions {
        Actions::Choices(4)
    }

    fn time_limit(&self) -> Option<usize> {
        Some(10 * (self.length + 1))
    }

    fn known(&self) -> Known<'_> {
        Known::Best { most: Self::BEST_RETURN, without: Some(self.best_memoryless_return()) }
    }

    fn start(&self, state: &mut [f64], stream: &mut Stream) {
        state[0] = 0.0;
        state[1] = f64::from(stream.below(2));
    }

    fn observe(&self, state: &[f64], observation: &mut [f64]) {
        observation.copy_from_slice(&match (state[0] as usize, state[1] as usize) {
            (0, 0) => [0.0, 1.0, 1.0],
            (0, _) => [1.0, 1.0, 0.0],
            (position, _) if position == self.length => [0.0, 1.0, 0.0],
            _ => [1.0, 0.0, 1.0],
        });
    }

    fn step(&self, state: &mut [f64], action: &[f64], _: &mut Stream) -> Step {
        let (action, at_junction) = (action[0] as usize, state[0] as usize == self.length);
        let (reward, terminated) = match action {
            0 | 2 if at_junction => {
                let right = (action == 0) == (state[1] == 0.0);
                (if right { RIGHT_GOAL } else { WRONG_GOAL }, true)
            }
            1 if !at_junction => {
                state[0] += 1.0;
                (0.0, false)
            }
            3 if state[0] > 0.0 => {
                state[0] -= 1.0;
                (0.0, false)
            }
            _ => (STANDING_STILL, false),
        };
        Step { reward, terminated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is seen, as a number: sign north, sign south, corridor, junction.
    fn seen(maze: TMaze, state: [f64; 2]) -> usize {
        let mut observation = [0.0; 3];
        maze.observe(&state, &mut observation);
        [[0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
            .iter()
            .position(|o| *o == observation)
            .unwrap()
    }

    /// The exact expected return of the probabilities of actions by what is seen.
    fn memoryless_return(maze: TMaze, policy: &[[f64; 4]; 4]) -> f64 {
        let mut stream = Stream::of(0, "unused", 0, 0);
        let place = |state: [f64; 2]| state[0] as usize * 2 + state[1] as usize;
        let states = 2 * (maze.length() + 1);
        let mut mass = vec![0.0; states];
        (mass[0], mass[1]) = (0.5, 0.5);
        let mut total = 0.0;
        for _ in 0..maze.time_limit().unwrap() {
            let mut next_mass = vec![0.0; states];
            for s in 0..states {
                let state = [(s / 2) as f64, (s % 2) as f64];
                for action in 0..4 {
                    let weight = mass[s] * policy[seen(maze, state)][action];
                    let mut next = state;
                    let step = maze.step(&mut next, &[action as f64], &mut stream);
                    total += weight * step.reward;
                    next_mass[place(next)] += if step.terminated { 0.0 } else { weight };
                }
            }
            mass = next_mass;
        }
        total
    }

    fn certain(action: usize) -> [f64; 4] {
        std::array::from_fn(|a| f64::from(u8::from(a == action)))
    }

    #[test]
    fn no_memoryless_policy_does_better_than_half_of_both_sides() {
        for length in [1, 2, 5] {
            let maze = TMaze::new(length).unwrap();
            let actions = |code: usize| [code % 4, code / 4 % 4, code / 16 % 4, code / 64];
            let returns = (0..256).map(|code| memoryless_return(maze, &actions(code).map(certain)));
            let best = returns.fold(f64::NEG_INFINITY, f64::max);
            assert!((best - maze.best_memoryless_return()).abs() < 1e-12, "{length}: {best}");
        }
    }

    #[test]
    fn chance_does_not_help_a_memoryless_policy() {
        let maze = TMaze::new(3).unwrap();
        let mut stream = Stream::of(0, "memoryless policies", 0, 0);
        for _ in 0..500 {
            let policy: [[f64; 4]; 4] = std::array::from_fn(|_| {
                let weights: [f64; 4] = std::array::from_fn(|_| stream.exponential());
                // Cubes put most policies near the corners.
                let total: f64 = weights.iter().map(|w| w * w * w).sum();
                weights.map(|w| w * w * w / total)
            });
            assert!(memoryless_return(maze, &policy) <= maze.best_memoryless_return());
        }
    }

    #[test]
    fn the_sign_tells_the_goal() {
        let maze = TMaze::new(4).unwrap();
        let mut stream = Stream::of(0, "t-maze", 0, 0);
        let mut sides = [0; 2];
        for _ in 0..100 {
            let mut state = [0.0; 2];
            maze.start(&mut state, &mut stream);
            let side = seen(maze, state);
            sides[side] += 1;
            for _ in 0..4 {
                assert_eq!(maze.step(&mut state, &[1.0], &mut stream), Step { reward: 0.0, terminated: false });
            }
            let end = maze.step(&mut state, &[2.0 * side as f64], &mut stream);
            assert_eq!(end, Step { reward: TMaze::BEST_RETURN, terminated: true });
        }
        assert!(sides[0] > 20 && sides[1] > 20, "{sides:?}");
        assert_eq!(TMaze::new(0), Err(NoCorridor));
    }
}
