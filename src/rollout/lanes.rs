//! Sixty-four trajectories side by side.

use super::LANES;
use super::alias::{self, Entry};
use super::sampler::Sampler;
use crate::rng::LaneWords;

/// The outcomes of [`LANES`] trajectories, step by step.
pub(super) struct LaneBatch {
    outcomes: Vec<[u32; LANES]>,
    length: usize,
}

impl LaneBatch {
    pub(super) fn new(horizon: usize) -> Self {
        Self { outcomes: vec![[0; LANES]; horizon], length: 0 }
    }

    /// The outcomes of each step, as indices into the sampler's; after its end a lane stays at the end. Steps at
    /// which every lane has ended are left out.
    pub(super) fn steps(&self) -> &[[u32; LANES]] {
        &self.outcomes[..self.length]
    }

    /// Draws a batch: one row of words for the first states and one for each step, until every lane has ended.
    pub(super) fn simulate(&mut self, sampler: &Sampler, words: &mut LaneWords) {
        let width = sampler.width as u32;
        let end = sampler.states as u32 * width;
        let mut tables = [0; LANES];
        for (table, word) in tables.iter_mut().zip(words.next_row()) {
            *table = alias::outcome(sampler.start(), *word) * width;
        }
        self.length = 0;
        for t in 0..sampler.horizon {
            step(sampler.entries_at(t), &sampler.next, width, words.next_row(), &mut tables, &mut self.outcomes[t]);
            self.length = t + 1;
            if sampler.terminates && tables.iter().all(|table| *table == end) {
                break;
            }
        }
    }
}

/// One step of every lane.
#[inline(always)]
fn step(
    entries: &[Entry],
    next: &[u32],
    width: u32,
    words: &[u32; LANES],
    tables: &mut [u32; LANES],
    outcomes: &mut [u32; LANES],
) {
    for ((word, table), outcome) in words.iter().zip(tables).zip(outcomes) {
        let bucket = ((u64::from(*word) * u64::from(width)) >> 32) as u32;
        *outcome = *table + alias::chosen(entries[(*table + bucket) as usize], *word);
        *table = next[*outcome as usize];
    }
}
