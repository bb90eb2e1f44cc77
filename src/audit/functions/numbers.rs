//! Numbers without a pattern that a mistake could share, for inputs.

use crate::audit::situation::Edition;
use crate::numeric::softmax;
use crate::rng::Stream;

/// A number between −1 and 1 for each `index` and edition.
pub(super) fn number(edition: Edition, index: usize) -> f64 {
    let seed = match edition {
        Edition::First => 1,
        Edition::Second => 2,
    };
    2.0 * Stream::of(seed, "inputs of audited functions", index as u64, 0).uniform() - 1.0
}

/// `count` of them, from `start` on.
pub(super) fn row(edition: Edition, start: usize, count: usize) -> Vec<f64> {
    (start..start + count).map(|index| number(edition, index)).collect()
}

/// The probabilities that belong to `logits`.
pub(super) fn probabilities(logits: &[f64]) -> Vec<f64> {
    let mut out = logits.to_vec();
    softmax(&mut out);
    out
}

/// Every way to choose one of `choices` at each of `steps` steps.
pub(super) fn sequences(choices: usize, steps: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..steps {
        all = all.iter().flat_map(|path| (0..choices).map(|a| [path.as_slice(), &[a]].concat())).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_and_indices_have_different_numbers() {
        let mut all: Vec<f64> = [Edition::First, Edition::Second].iter().flat_map(|e| row(*e, 0, 40)).collect();
        all.sort_by(f64::total_cmp);
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] > 1e-6));
        assert_eq!(sequences(3, 2).len(), 9);
    }
}
