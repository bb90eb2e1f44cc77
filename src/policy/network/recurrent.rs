//! A recurrent network (Elman 1990).

use super::{Network, column, plus, times};
use crate::autodiff::Scalar;

/// `h_t = tanh(A h_{t−1} + B[:, o_t] + c a_{t−1})`, logits `U h_t`; `h_0 = 0`, and no `c` term at the first step.
///
/// The parameters are `A` (`[H][H]`), `B` (`[H][O]`), `c` (`[H]`) and `U` (`[A][H]`), row by row. An action enters as its
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrent {
    /// The number of observations, `O`.
    pub observations: usize,
    /// The units, `H`.
    pub hidden: usize,
    /// The number of actions.
    pub actions: usize,
}

impl Network for Recurrent {
    fn parameters(&self) -> usize {
        self.hidden * (self.hidden + self.observations + 1 + self.actions)
    }

    fn actions(&self) -> usize {
        self.actions
    }

    fn logits<S: Scalar>(&self, theta: &[S], history: &[usize]) -> Vec<S> {
        let (a, rest) = theta.split_at(self.hidden * self.hidden);
        let (b, rest) = rest.split_at(self.hidden * self.observations);
        let (c, u) = rest.split_at(self.hidden);
        let mut h = vec![S::from(0.0); self.hidden];
        for t in 0..=history.len() / 2 {
            let mut input = plus(&times(a, &h), &column(b, self.observations, history[2 * t]));
            if t > 0 {
                let action = S::from(history[2 * t - 1] as f64);
                input = plus(&input, &c.iter().map(|c| *c * action).collect::<Vec<S>>());
            }
            h = input.into_iter().map(Scalar::tanh).collect();
        }
        times(u, &h)
    }
}
