//! A Transformer block (Vaswani et al. 2017; normalisation before each part, Xiong et al. 2020).

use super::{Network, attend, column, dot, plus, times};
use crate::autodiff::Scalar;

/// One causal block over the observations and actions so far: `x_i = E[:, o_i] + p i + q a_{i−1}`; at the last place
/// `y = x + Σ_i weight_i V norm(x_i)` with weights `∝ exp(norm(x_i)ᵀ Kᵀ Q norm(x) / √W)`, `z = y + M₂ tanh(M₁ norm(y))`,
/// logits `U z`.
///
/// The parameters are `E` (`[W][O]`), `p` and `q` (`[W]`), `Q`, `K`, `V`, `M₁`, `M₂` (`[W][W]`) and `U` (`[A][W]`), row by
/// row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transformer {
    /// The number of observations, `O`.
    pub observations: usize,
    /// The width, `W`; with fewer than 3 the normalisation leaves signs alone.
    pub width: usize,
    /// The number of actions.
    pub actions: usize,
}

/// `(x − mean) / √(variance + 1e-5)`.
fn norm<S: Scalar>(x: &[S]) -> Vec<S> {
    let n = S::from(x.len() as f64);
    let mean = x.iter().fold(S::from(0.0), |sum, x| sum + *x) / n;
    let centred: Vec<S> = x.iter().map(|x| *x - mean).collect();
    let variance = dot(&centred, &centred) / n + S::from(1e-5);
    let deviation = (S::from(0.5) * variance.ln()).exp();
    centred.into_iter().map(|x| x / deviation).collect()
}

impl Network for Transformer {
    fn parameters(&self) -> usize {
        self.width * (self.observations + 2 + 5 * self.width + self.actions)
    }

    fn actions(&self) -> usize {
        self.actions
    }

    fn logits<S: Scalar>(&self, theta: &[S], history: &[usize]) -> Vec<S> {
        let (e, rest) = theta.split_at(self.width * self.observations);
        let (place, rest) = rest.split_at(self.width);
        let (action, rest) = rest.split_at(self.width);
        let square = |k: usize| &rest[k * self.width * self.width..(k + 1) * self.width * self.width];
        let (query, key, value, first, second) = (square(0), square(1), square(2), square(3), square(4));
        let input = |i: usize| {
            let before = if i > 0 { history[2 * i - 1] as f64 } else { 0.0 };
            let added: Vec<S> =
                place.iter().zip(action).map(|(p, q)| *p * S::from(i as f64) + *q * S::from(before)).collect();
            plus(&column(e, self.observations, history[2 * i]), &added)
        };
        let inputs: Vec<Vec<S>> = (0..=history.len() / 2).map(input).collect();
        let normed: Vec<Vec<S>> = inputs.iter().map(|x| norm(x)).collect();
        let last = inputs.len() - 1;
        let asked = times(query, &normed[last]);
        let scale = S::from(1.0 / (self.width as f64).sqrt());
        let scores: Vec<S> = normed.iter().map(|x| dot(&times(key, x), &asked) * scale).collect();
        let values: Vec<Vec<S>> = normed.iter().map(|x| times(value, x)).collect();
        let y = plus(&inputs[last], &attend(&scores, &values));
        let hidden: Vec<S> = times(first, &norm(&y)).into_iter().map(Scalar::tanh).collect();
        times(&rest[5 * self.width * self.width..], &plus(&y, &times(second, &hidden)))
    }
}
