//! Returns of a trajectory.

use crate::numeric::power;

/// Which return multiplies a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// The whole trajectory's, `R = Σ_t γ^t r_t`.
    Total,
    /// What came afterwards, `γ^t G_t` with `G_t = Σ_{t'≥t} γ^{t'−t} r_{t'}`.
    ToGo,
}

/// `R = Σ_t γ^t r_t`.
#[must_use]
pub fn total_return(rewards: &[f64], discount: f64) -> f64 {
    rewards.iter().rev().fold(0.0, |after, reward| reward + discount * after)
}

/// `G_t = Σ_{t'≥t} γ^{t'−t} r_{t'}` for each step.
#[must_use]
pub fn reward_to_go(rewards: &[f64], discount: f64) -> Vec<f64> {
    let mut returns = rewards.to_vec();
    for t in (0..rewards.len().saturating_sub(1)).rev() {
        returns[t] += discount * returns[t + 1];
    }
    returns
}

impl Returns {
    /// The weight of each step with the constant `baseline`: `R − b`, or `γ^t (G_t − b)`.
    pub(super) fn weights(self, rewards: &[f64], discount: f64, baseline: f64, out: &mut [f64]) {
        match self {
            Self::Total => out[..rewards.len()].fill(total_return(rewards, discount) - baseline),
            Self::ToGo => {
                for (t, (out, g)) in out.iter_mut().zip(reward_to_go(rewards, discount)).enumerate() {
                    *out = power(discount, t) * (g - baseline);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_discount_what_comes_later() {
        assert_eq!(reward_to_go(&[1.0, 2.0, 4.0], 0.5), [3.0, 4.0, 4.0]);
        assert_eq!(total_return(&[1.0, 2.0, 4.0], 0.5), 3.0);
        assert_eq!(total_return(&[], 0.5), 0.0);
    }
}
