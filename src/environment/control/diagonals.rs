//! Catching some things and letting others go: a task whose pixels have to be seen together.

use super::{Actions, Known, Step, Task};
use crate::rng::Stream;

/// Rows and columns of the board.
const SIDE: usize = 10;
/// The steps of an episode: then what began in the first two rows is in the last two.
const STEPS: usize = SIDE - 2;

/// Two pixels that touch at a corner fall one row a step: a backslash or a slash, with probability 1/2 each, in one of the
/// nine pairs of neighbouring columns, drawn evenly. The paddle on the bottom row begins in the sixth column and moves left
/// (action 0), stays (1) or moves right (2), and not beyond the edges. After eight steps the world ends with a reward: 1 if the
/// paddle is in one of the two columns of a backslash or in neither of a slash, and −1 if not. Before that rewards are 0.
///
/// A state is the kind (1 for a slash), the left column, the upper row and the paddle's column; seen is the board of 10 rows
/// and 10 columns, row by row, 1 where one of the two pixels or the paddle is and 0 elsewhere. The best return is 1: the paddle
/// has time for every column. A policy that sees the columns and not the kind gets 0 whatever it does, since what is right for
/// one kind is wrong for the other; and no pixel alone tells the kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Diagonals;

impl Diagonals {
    /// The expected return of every policy that does not tell the kinds apart.
    pub const BLIND_RETURN: f64 = 0.0;
}

impl Task for Diagonals {
    fn name(&self) -> String {
        "diagonals".to_owned()
    }

    fn state_size(&self) -> usize {
        4
    }

    fn observation_size(&self) -> usize {
        SIDE * SIDE
    }

    fn actions(&self) -> Actions {
        Actions::Choices(3)
    }

    fn time_limit(&self) -> Option<usize> {
        None
    }

    fn known(&self) -> Known<'_> {
        Known::Best { most: 1.0, without: Some(Self::BLIND_RETURN) }
    }

    fn start(&self, state: &mut [f64], stream: &mut Stream) {
        state[0] = f64::from(stream.below(2));
        state[1] = f64::from(stream.below(SIDE as u32 - 1));
        state[2] = 0.0;
        state[3] = (SIDE / 2) as f64;
    }

    fn observe(&self, state: &[f64], observation: &mut [f64]) {
        let [kind, column, row, paddle] = [0, 1, 2, 3].map(|k| state[k] as usize);
        let corner = row * SIDE + column;
        observation.fill(0.0);
        observation[corner + kind] = 1.0;
        observation[corner + SIDE + 1 - kind] = 1.0;
        observation[(SIDE - 1) * SIDE + paddle] = 1.0;
    }

    fn step(&self, state: &mut [f64], action: &[f64], _: &mut Stream) -> Step {
        state[3] = (state[3] + action[0] - 1.0).clamp(0.0, (SIDE - 1) as f64);
        state[2] += 1.0;
        let (slash, below) = (state[0] == 1.0, state[3] == state[1] || state[3] == state[1] + 1.0);
        let terminated = state[2] == STEPS as f64;
        let reward = match (terminated, below == slash) {
            (false, _) => 0.0,
            (true, true) => -1.0,
            (true, false) => 1.0,
        };
        Step { reward, terminated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::control::value;

    #[test]
    fn the_best_return_is_one_from_every_start_and_without_the_kind_it_is_zero_from_each() {
        for column in 0..9 {
            let of = |kind: f64, combine: fn([f64; 3]) -> f64| {
                value(&Diagonals, &[kind, f64::from(column), 0.0, 5.0], combine)
            };
            for kind in [0.0, 1.0] {
                assert_eq!(of(kind, |returns| returns.into_iter().fold(f64::MIN, f64::max)), 1.0);
                assert_eq!(of(kind, |returns| returns.into_iter().fold(f64::MAX, f64::min)), -1.0);
            }
            // Of a policy that does not see the kind; the same for each of its actions, so for every law of them.
            let combine = |returns: [f64; 3]| returns.into_iter().sum::<f64>() / 3.0;
            assert_eq!(of(0.0, combine) + of(1.0, combine), 0.0, "column {column}");
            for paddle in 0..10 {
                let last = |kind: f64| {
                    value(&Diagonals, &[kind, f64::from(column), 7.0, f64::from(paddle)], |returns| returns[1])
                };
                assert_eq!(last(0.0) + last(1.0), 0.0, "column {column}, paddle {paddle}");
            }
        }
    }

    #[test]
    fn the_kinds_have_the_same_columns_and_differ_in_their_corners() {
        let mut boards = [[9.0; 100]; 2];
        for (kind, board) in boards.iter_mut().enumerate() {
            Diagonals.observe(&[kind as f64, 3.0, 4.0, 5.0], board);
            for column in 0..10 {
                let pixels: f64 = (0..10).map(|row| board[10 * row + column]).sum();
                assert_eq!(pixels, f64::from(u8::from([3, 4, 5].contains(&column))), "column {column}");
            }
        }
        let [backslash, slash] = boards;
        assert_eq!((backslash[43], backslash[54], slash[44], slash[53]), (1.0, 1.0, 1.0, 1.0));
    }
}
