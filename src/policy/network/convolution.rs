//! A convolutional network over a strip of pixels (LeCun et al. 1989).

use super::{Network, times};
use crate::autodiff::Scalar;

/// The last observation as an image, one pixel lit; `channels` kernels slide over it, `tanh(Σ_k W[c, k] image[i + k] +
/// b_c)`; logits `U` times all of that, channel by channel. Past observations are not seen.
///
/// The parameters are `W` (`[C][K]`), `b` (`[C]`) and `U` (`[A][C·(P−K+1)]`), row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// The pixels, `P`: as many as observations.
    pub pixels: usize,
    /// The width of a kernel, `K ≤ P`.
    pub kernel: usize,
    /// The kernels, `C`.
    pub channels: usize,
    /// The number of actions.
    pub actions: usize,
}

impl Convolution {
    fn windows(self) -> usize {
        self.pixels + 1 - self.kernel
    }
}

impl Network for Convolution {
    fn parameters(&self) -> usize {
        self.channels * (self.kernel + 1 + self.actions * self.windows())
    }

    fn actions(&self) -> usize {
        self.actions
    }

    fn logits<S: Scalar>(&self, theta: &[S], history: &[usize]) -> Vec<S> {
        let (w, rest) = theta.split_at(self.channels * self.kernel);
        let (bias, u) = rest.split_at(self.channels);
        let lit = history[history.len() - 1];
        let unit = |c: usize, i: usize| {
            // Of the window's pixels one at most is lit.
            let seen = lit.checked_sub(i).filter(|k| *k < self.kernel).map(|k| w[c * self.kernel + k]);
            seen.map_or(bias[c], |weight| weight + bias[c]).tanh()
        };
        let hidden: Vec<S> =
            (0..self.channels * self.windows()).map(|k| unit(k / self.windows(), k % self.windows())).collect();
        times(u, &hidden)
    }
}
