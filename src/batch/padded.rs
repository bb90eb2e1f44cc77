//! A batch as training code holds it: matrices `[N, T]` with padding, masks and groups.

/// `N` sequences of at most `T` steps, row by row. A sequence is a trajectory or the answer of a language model, a group the
/// samples of one prompt. What stands in the padding means nothing and may be anything.
#[derive(Clone, Debug, PartialEq)]
pub struct PaddedBatch {
    /// The length of a row, `T`.
    pub steps: usize,
    /// The real steps of each sequence, `[N]`; they come first in its row.
    pub lengths: Vec<usize>,
    /// The group of each sequence, `[N]`.
    pub groups: Vec<usize>,
    /// Whether the world, and not the clock, ended each sequence, `[N]`.
    pub terminated: Vec<bool>,
    /// Whether each sequence was thrown away, `[N]`, by a filter or because something broke. It stands here still, rewards and
    /// all, and is to count for nothing: no weight, and no part in a baseline, a deviation or a mean.
    pub rejected: Vec<bool>,
    /// Rewards, `[N, T]`.
    pub rewards: Vec<f64>,
    /// `log π(a_t | s_t)` of the policy whose gradient is wanted, `[N, T]`.
    pub log_probs: Vec<f64>,
    /// `log μ(a_t | s_t)` of the policy that acted, `[N, T]`.
    pub behaviour_log_probs: Vec<f64>,
    /// `log π_ref(a_t | s_t)` of the reference policy of a KL penalty, `[N, T]`.
    pub reference_log_probs: Vec<f64>,
    /// A critic's values of the states visited, `[N, T]`.
    pub values: Vec<f64>,
    /// The critic's value of the state after the last step, `[N]`; 0 where the world ended.
    pub last_values: Vec<f64>,
    /// The return of the greedy answer to the same prompt, `[N]`.
    pub greedy_returns: Vec<f64>,
    /// The numbers that training code is configured with.
    pub settings: Settings,
    /// The batch that this is a part of.
    pub whole: Whole,
}

/// Hyperparameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The discount `γ`.
    pub discount: f64,
    /// The blend `λ` of generalised advantages.
    pub lambda: f64,
    /// How far below 1 a ratio may fall, `ε`.
    pub clip_below: f64,
    /// How far above 1 a ratio may rise, `ε`; larger than the other under *clip higher*.
    pub clip_above: f64,
    /// The bound `c` of a dual clip, and of truncated importance weights.
    pub largest_ratio: f64,
    /// The factor `β` of the KL penalty.
    pub penalty: f64,
}

/// The size of the whole batch, of which micro-batches are parts. Their estimates are averaged with their sequences as weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// Its sequences, rejected ones too.
    pub sequences: usize,
    /// Its sequences that were not rejected.
    pub accepted: usize,
    /// The real steps of those.
    pub steps: usize,
}

impl PaddedBatch {
    /// The number of sequences, `N`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is no sequence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Where the real steps of sequence `i` stand in a matrix.
    #[must_use]
    pub fn row(&self, i: usize) -> std::ops::Range<usize> {
        i * self.steps..i * self.steps + self.lengths[i]
    }

    /// Whether each entry of a matrix is a real step, `[N, T]`.
    #[must_use]
    pub fn mask(&self) -> Vec<bool> {
        (0..self.len()).flat_map(|i| (0..self.steps).map(move |t| (i, t))).map(|(i, t)| t < self.lengths[i]).collect()
    }

    /// The number of real steps.
    #[must_use]
    pub fn real_steps(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// The members of the group of sequence `i`, itself included, in order.
    pub fn group_of(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(move |j| self.groups[*j] == self.groups[i])
    }

    /// The sequences `order`, in that order; they may stand twice or be left out. The whole stays.
    #[must_use]
    pub fn select(&self, order: &[usize]) -> Self {
        let rows = |matrix: &[f64]| -> Vec<f64> {
            order.iter().flat_map(|i| &matrix[i * self.steps..(i + 1) * self.steps]).copied().collect()
        };
        let pick = |list: &[f64]| order.iter().map(|i| list[*i]).collect::<Vec<f64>>();
        Self {
            steps: self.steps,
            lengths: order.iter().map(|i| self.lengths[*i]).collect(),
            groups: order.iter().map(|i| self.groups[*i]).collect(),
            terminated: order.iter().map(|i| self.terminated[*i]).collect(),
            rejected: order.iter().map(|i| self.rejected[*i]).collect(),
            rewards: rows(&self.rewards),
            log_probs: rows(&self.log_probs),
            behaviour_log_probs: rows(&self.behaviour_log_probs),
            reference_log_probs: rows(&self.reference_log_probs),
            values: rows(&self.values),
            last_values: pick(&self.last_values),
            greedy_returns: pick(&self.greedy_returns),
            settings: self.settings,
            whole: self.whole,
        }
    }

    /// The sequences that were not rejected, in order.
    pub fn accepted(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|i| !self.rejected[*i])
    }

    /// The size of this batch, where it is no part of another.
    #[must_use]
    pub fn size(&self) -> Whole {
        let steps = self.accepted().map(|i| self.lengths[i]).sum();
        Whole { sequences: self.len(), accepted: self.accepted().count(), steps }
    }

    /// The batch as if the rejected sequences had never been drawn, of a whole without them.
    #[must_use]
    pub fn without_rejected(&self) -> Self {
        let mut rest = self.select(&self.accepted().collect::<Vec<usize>>());
        rest.whole.sequences = self.whole.accepted;
        rest
    }

    /// The matrices, each with its name.
    pub fn matrices_mut(&mut self) -> [(&'static str, &mut Vec<f64>); 5] {
        [
            ("rewards", &mut self.rewards),
            ("log_probs", &mut self.log_probs),
            ("behaviour_log_probs", &mut self.behaviour_log_probs),
            ("reference_log_probs", &mut self.reference_log_probs),
            ("values", &mut self.values),
        ]
    }
}
