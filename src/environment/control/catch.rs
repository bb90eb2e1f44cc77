//! Catching a falling ball: the smallest task that is seen as pixels.

use super::{Actions, Known, Step, Task};
use crate::rng::Stream;

/// Rows of the board.
const ROWS: usize = 10;
/// Columns of the board.
const COLUMNS: usize = 5;

/// Catch of bsuite (Osband et al. 2020; Mnih et al. 2014): a ball falls one row a step from a column drawn evenly, and the
/// paddle on the bottom row, which starts in the middle, moves left (action 0), stays (1) or moves right (2), and not beyond
/// the edges. After nine steps the world ends with the reward 1 if the paddle is where the ball is and −1 if not; before
/// that rewards are 0.
///
/// A state is the ball's column, the ball's row (0 at the top) and the paddle's column; seen is the board of 10 rows and 5
/// columns, row by row, 1 where the ball or the paddle is and 0 elsewhere. The best return is 1: the paddle has time for
/// every column. A policy that does not look at the ball catches it with probability 1/5, since the column is even and
/// independent of where the paddle goes: its return is −3/5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Catch;

impl Catch {
    /// The expected return of every policy that does not look at the ball, the uniform one among them.
    pub const UNIFORM_RETURN: f64 = -0.6;
}

impl Task for Catch {
    fn name(&self) -> String {
        "catch".to_owned()
    }

    fn state_size(&self) -> usize {
        3
    }

    fn observation_size(&self) -> usize {
        ROWS * COLUMNS
    }

    fn actions(&self) -> Actions {
        Actions::Choices(3)
    }

    fn time_limit(&self) -> Option<usize> {
        None
    }

    fn known(&self) -> Known<'_> {
        Known::Best { most: 1.0, without: Some(Self::UNIFORM_RETURN) }
    }

    fn start(&self, state: &mut [f64], stream: &mut Stream) {
        state[0] = f64::from(stream.below(COLUMNS as u32));
        state[1] = 0.0;
        state[2] = (COLUMNS / 2) as f64;
    }

    fn observe(&self, state: &[f64], observation: &mut [f64]) {
        observation.fill(0.0);
        observation[state[1] as usize * COLUMNS + state[0] as usize] = 1.0;
        observation[(ROWS - 1) * COLUMNS + state[2] as usize] = 1.0;
    }

    fn step(&self, state: &mut [f64], action: &[f64], _: &mut Stream) -> Step {
        state[2] = (state[2] + action[0] - 1.0).clamp(0.0, (COLUMNS - 1) as f64);
        state[1] += 1.0;
        let terminated = state[1] == (ROWS - 1) as f64;
        let reward = match (terminated, state[0] == state[2]) {
            (false, _) => 0.0,
            (true, true) => 1.0,
            (true, false) => -1.0,
        };
        Step { reward, terminated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::control::value;

    /// The mean over starts of the value after backing up by `combine` over the actions' returns.
    fn by_backward_induction(combine: fn([f64; 3]) -> f64) -> f64 {
        (0..5).map(|column| value(&Catch, &[f64::from(column), 0.0, 2.0], combine)).sum::<f64>() / 5.0
    }

    #[test]
    fn the_best_return_is_one_and_that_of_chance_is_minus_three_fifths() {
        assert_eq!(by_backward_induction(|returns| returns.into_iter().fold(f64::MIN, f64::max)), 1.0);
        let chance = by_backward_induction(|returns| returns.iter().sum::<f64>() / 3.0);
        assert!((chance - Catch::UNIFORM_RETURN).abs() < 1e-12, "{chance}");
        assert_eq!(by_backward_induction(|returns| returns.into_iter().fold(f64::MAX, f64::min)), -1.0);
    }

    #[test]
    fn the_board_shows_ball_and_paddle_for_nine_steps() {
        let mut stream = Stream::of(0, "catch", 0, 0);
        let (mut state, mut board) = ([0.0; 3], [9.0; 50]);
        let mut columns = [false; 5];
        for _ in 0..100 {
            Catch.start(&mut state, &mut stream);
            columns[state[0] as usize] = true;
            for t in 0..9 {
                Catch.observe(&state, &mut board);
                assert_eq!((board.iter().sum::<f64>(), board[t * 5 + state[0] as usize], board[47]), (2.0, 1.0, 1.0));
                assert_eq!(Catch.step(&mut state, &[1.0], &mut stream).terminated, t == 8);
            }
        }
        assert_eq!(columns, [true; 5]);
    }
}
