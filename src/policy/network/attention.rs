//! One head of attention over the observations so far (Vaswani et al. 2017, §3.2, without scaling).

use super::{Network, attend, column, dot, times};
use crate::autodiff::Scalar;

/// `e_i = E[:, o_i] (1 + .3 (i−1))`, weights `∝ exp(e_i · Q E[:, o_t])`, logits `U Σ_i weight_i e_i`: past actions are not
/// seen, and the factor of `e_i` tells positions apart.
///
/// The parameters are `E` (`[W][O]`), `Q` (`[W][W]`) and `U` (`[A][W]`), row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// The number of observations, `O`.
    pub observations: usize,
    /// The width of an embedding, `W`.
    pub width: usize,
    /// The number of actions.
    pub actions: usize,
}

impl Network for Attention {
    fn parameters(&self) -> usize {
        self.width * (self.observations + self.width + self.actions)
    }

    fn actions(&self) -> usize {
        self.actions
    }

    fn logits<S: Scalar>(&self, theta: &[S], history: &[usize]) -> Vec<S> {
        let (e, rest) = theta.split_at(self.width * self.observations);
        let (q, u) = rest.split_at(self.width * self.width);
        let embed = |observation: usize| column(e, self.observations, observation);
        let query = times(q, &embed(history[history.len() - 1]));
        let place = |i: usize| S::from(1.0 + 0.3 * i as f64);
        let seen = (0..=history.len() / 2).map(|i| embed(history[2 * i]).iter().map(|e| *e * place(i)).collect());
        let seen: Vec<Vec<S>> = seen.collect();
        let scores: Vec<S> = seen.iter().map(|e| dot(e, &query)).collect();
        times(u, &attend(&scores, &seen))
    }
}
