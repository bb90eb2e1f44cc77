//! Walker's alias method in integers: one 32-bit word decides among `m` outcomes.
//!
//! The word `u` falls into bucket `⌊u m / 2³²⌋`; below the bucket's threshold, an absolute word, it means the
//! bucket's own outcome, otherwise its alias (Walker 1977; Vose 1991). Weights are integers that sum to 2³², so the
//! table is exact for them; rounding the probabilities to multiples of 2⁻³² is the only error, at most `m·2⁻³³` in
//! total variation.

/// The number of words.
const WORDS: u64 = 1 << 32;

/// The most outcomes of a table: an entry keeps two of them in 16 bits each.
pub(super) const MOST_OUTCOMES: usize = 1 << 16;

/// Threshold (upper 32 bits), own and alias outcome (16 bits each).
pub(super) type Entry = u64;

/// The entries for `probabilities`, spread over `buckets ≥ probabilities.len()` buckets; `Err(i)` if outcome `i` has
/// a positive probability that would round to zero.
///
/// # Panics
/// If there are more than [`MOST_OUTCOMES`] buckets or fewer than outcomes.
pub(super) fn table(probabilities: &[f64], buckets: usize) -> Result<Vec<Entry>, usize> {
    assert!(probabilities.len() <= buckets && buckets <= MOST_OUTCOMES, "an entry names outcomes in 16 bits");
    let mut weights = integer_weights(probabilities)?;
    weights.resize(buckets, 0);
    // Bucket j holds the words from start(j) up to start(j + 1); their numbers differ by at most one.
    let start = |j: usize| (j as u64 * WORDS).div_ceil(buckets as u64);
    let room = |j: usize| start(j + 1) - start(j);
    let entry = |threshold: u64, own: usize, alias: usize| {
        // A threshold of 2³² cannot be written; the full bucket then names its outcome twice.
        (threshold.min(WORDS - 1) << 32) | ((own as u64) << 16) | alias as u64
    };
    let mut entries: Vec<Entry> = (0..buckets).map(|j| entry(start(j + 1), j, j)).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..buckets).partition(|&j| weights[j] < room(j));
    while let (Some(poor), Some(&rich)) = (small.pop(), large.last()) {
        entries[poor] = entry(start(poor) + weights[poor], poor, rich);
        weights[rich] -= room(poor) - weights[poor];
        if weights[rich] < room(rich) {
            small.extend(large.pop());
        }
    }
    Ok(entries)
}

/// Probabilities as integers that sum to 2³², by largest remainders.
fn integer_weights(probabilities: &[f64]) -> Result<Vec<u64>, usize> {
    let scaled: Vec<f64> = probabilities.iter().map(|p| p * WORDS as f64).collect();
    let mut weights: Vec<u64> = scaled.iter().map(|x| x.floor() as u64).collect();
    let mut order: Vec<usize> = (0..weights.len()).filter(|&i| probabilities[i] > 0.0).collect();
    order.sort_by(|&i, &j| scaled[j].fract().total_cmp(&scaled[i].fract()).then(i.cmp(&j)));
    let mut total: u64 = weights.iter().sum();
    let mut turn = order.iter().cycle();
    while total < WORDS {
        let Some(&i) = turn.next() else { break };
        weights[i] += 1;
        total += 1;
    }
    while total > WORDS {
        // Rounding of the probabilities themselves; the largest outcome can spare it.
        let Some(i) = (0..weights.len()).max_by_key(|&i| weights[i]) else { break };
        weights[i] -= 1;
        total -= 1;
    }
    match (0..weights.len()).find(|&i| probabilities[i] > 0.0 && weights[i] == 0) {
        Some(vanishing) => Err(vanishing),
        None => Ok(weights),
    }
}

/// The outcome that `word` means in `entries`.
#[inline(always)]
pub(super) fn outcome(entries: &[Entry], word: u32) -> u32 {
    let bucket = (u64::from(word) * entries.len() as u64) >> 32;
    chosen(entries[bucket as usize], word)
}

/// The outcome that `word` means in the entry of its bucket.
#[inline(always)]
pub(super) fn chosen(entry: Entry, word: u32) -> u32 {
    let pair = entry as u32;
    if word < (entry >> 32) as u32 { pair >> 16 } else { pair & 0xFFFF }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many words mean each outcome, counted bucket by bucket from the entries.
    fn counts(entries: &[Entry]) -> Vec<u64> {
        let m = entries.len() as u64;
        let mut counts = vec![0; entries.len()];
        for (j, entry) in entries.iter().enumerate() {
            let (first, end) = ((j as u64 * WORDS).div_ceil(m), ((j as u64 + 1) * WORDS).div_ceil(m));
            let threshold = (entry >> 32).clamp(first, end);
            counts[(*entry as u32 >> 16) as usize] += threshold - first;
            counts[(entry & 0xFFFF) as usize] += end - threshold;
        }
        counts
    }

    #[test]
    fn every_outcome_has_its_share_of_the_words() {
        for probabilities in [
            vec![1.0],
            vec![0.0, 1.0, 0.0],
            vec![0.5, 0.25, 0.25],
            vec![1.0 / 3.0; 3],
            vec![0.7, 1e-9, 0.3 - 1e-9],
            (0..40).map(|i| f64::from(i) / 780.0).collect(),
        ] {
            for extra in [0, 1, 7] {
                let entries = table(&probabilities, probabilities.len() + extra).unwrap();
                let counts = counts(&entries);
                assert_eq!(counts.iter().sum::<u64>(), WORDS);
                for (i, &count) in counts.iter().enumerate() {
                    let expected = probabilities.get(i).copied().unwrap_or(0.0) * WORDS as f64;
                    assert!((count as f64 - expected).abs() <= 1.0, "{probabilities:?}: outcome {i} has {count}");
                    assert_eq!(count == 0, expected == 0.0);
                }
                for word in [0, 1, u32::MAX / 3, u32::MAX / 2, u32::MAX] {
                    assert!(counts[outcome(&entries, word) as usize] > 0);
                }
            }
        }
    }

    #[test]
    fn a_probability_that_would_vanish_is_refused() {
        assert_eq!(table(&[1.0 - 1e-12, 1e-12], 2), Err(1));
    }
}
