//! A long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al. 2000 for the forget gate).

use super::{Network, column, plus, sigmoid, times};
use crate::autodiff::Scalar;

/// Gates `i, f, o = σ(W h_{t−1} + B[:, o_t] + b + c a_{t−1})` and `g = tanh(…)` of the same kind; the cell
/// `C_t = f C_{t−1} + i g`, the output `h_t = o tanh C_t`, logits `U h_t`; no `c` term at the first step.
///
/// The parameters are, for each of `i`, `f`, `g`, `o` in turn, `W` (`[H][H]`), `B` (`[H][O]`), `b` and `c` (`[H]`); then `U`
/// (`[A][H]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lstm {
    /// The number of observations, `O`.
    pub observations: usize,
    /// The cells, `H`.
    pub hidden: usize,
    /// The number of actions.
    pub actions: usize,
}

impl Lstm {
    fn gate(self) -> usize {
        self.hidden * (self.hidden + self.observations + 2)
    }

    fn input<S: Scalar>(self, gate: &[S], h: &[S], observation: usize, action: Option<usize>) -> Vec<S> {
        let (w, rest) = gate.split_at(self.hidden * self.hidden);
        let (b, rest) = rest.split_at(self.hidden * self.observations);
        let (bias, c) = rest.split_at(self.hidden);
        let input = plus(&plus(&times(w, h), &column(b, self.observations, observation)), bias);
        match action {
            Some(action) => plus(&input, &c.iter().map(|c| *c * S::from(action as f64)).collect::<Vec<S>>()),
            None => input,
        }
    }
}

impl Network for Lstm {
    fn parameters(&self) -> usize {
        4 * self.gate() + self.actions * self.hidden
    }

    fn actions(&self) -> usize {
        self.actions
    }

    fn logits<S: Scalar>(&self, theta: &[S], history: &[usize]) -> Vec<S> {
        let mut h = vec![S::from(0.0); self.hidden];
        let mut cell = h.clone();
        for t in 0..=history.len() / 2 {
            let action = (t > 0).then(|| history[2 * t - 1]);
            let input =
                |k: usize| self.input(&theta[k * self.gate()..(k + 1) * self.gate()], &h, history[2 * t], action);
            let (i, f, g, o) = (input(0), input(1), input(2), input(3));
            for k in 0..self.hidden {
                cell[k] = sigmoid(f[k]) * cell[k] + sigmoid(i[k]) * g[k].tanh();
            }
            h = o.iter().zip(&cell).map(|(o, cell)| sigmoid(*o) * cell.tanh()).collect();
        }
        times(&theta[4 * self.gate()..], &h)
    }
}
