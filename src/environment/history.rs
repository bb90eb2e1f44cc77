//! Worlds whose observation is everything seen and done so far, for policies with a memory.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{TabularMdp, Transition};

/// A history `o_1, a_1, o_2, …, a_{t−1}, o_t`: observations at even places, actions between them.
pub type History = Vec<usize>;

/// A world with more histories than can be listed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the world has more than {most} histories; shorten the horizon")]
pub struct TooManyHistories {
    /// The most that are listed.
    pub most: usize,
}

/// The most pairs of state and history.
const MOST: usize = 1 << 16;

impl TabularMdp {
    /// The same world with a state for each pair of state and history that can occur, and the history as the observation;
    /// with it the histories, by observation.
    ///
    /// A policy of this world's observations is a policy with a memory in the first one, and every oracle and sampler that
    /// knows tables knows it.
    ///
    /// # Errors
    /// [`TooManyHistories`] past 65,536 pairs: their number grows with `(O·A)^T`.
    ///
    /// # Panics
    /// Never: the rows are those of this world.
    pub fn with_histories(&self) -> Result<(Self, Vec<History>), TooManyHistories> {
        let mut place: BTreeMap<(usize, History), usize> = BTreeMap::new();
        let mut pairs: Vec<(usize, History)> = Vec::new();
        let mut enter = |pairs: &mut Vec<(usize, History)>, state: usize, history: History| {
            let key = (state, history);
            *place.entry(key.clone()).or_insert_with(|| {
                pairs.push(key);
                pairs.len() - 1
            })
        };
        let mut initial = Vec::new();
        for (s, p) in self.initial().iter().enumerate().filter(|(_, p)| **p > 0.0) {
            enter(&mut pairs, s, vec![self.observation(s)]);
            initial.push(*p);
        }
        let mut table = Vec::new();
        let mut i = 0;
        while i < pairs.len() {
            let (state, history) = pairs[i].clone();
            let last = history.len() / 2 + 1 == self.horizon();
            let mut rows = Vec::new();
            for a in 0..self.actions() {
                let outcome = |t: &Transition| {
                    // After the last step or the end there is no history to look at.
                    let next = if last || t.terminated {
                        i
                    } else {
                        let longer = history.iter().copied().chain([a, self.observation(t.next)]).collect();
                        enter(&mut pairs, t.next, longer)
                    };
                    Transition { next, ..*t }
                };
                rows.push(self.transitions(state, a).iter().map(outcome).collect());
            }
            table.push(rows);
            if pairs.len() > MOST {
                return Err(TooManyHistories { most: MOST });
            }
            i += 1;
        }
        initial.resize(pairs.len(), 0.0);
        let mut histories: Vec<History> = pairs.iter().map(|(_, history)| history.clone()).collect();
        histories.sort_by(|x, y| x.len().cmp(&y.len()).then_with(|| x.cmp(y)));
        histories.dedup();
        let number: BTreeMap<&History, usize> = histories.iter().enumerate().map(|(i, history)| (history, i)).collect();
        let observations = pairs.iter().map(|(_, history)| number[history]).collect();
        let unrolled = Self::new(self.horizon(), self.discount(), initial, table)
            .and_then(|mdp| mdp.with_observations(observations))
            .expect("the rows are those of a world");
        Ok((unrolled, histories))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(horizon: usize) -> TabularMdp {
        let to = |p: f64, next: usize, terminated: bool| Transition { probability: p, next, reward: 1.0, terminated };
        let rows = |p: f64| vec![vec![to(p, 0, false), to(1.0 - p, 1, false)], vec![to(1.0, 0, true)]];
        TabularMdp::new(horizon, 0.9, vec![0.5, 0.5], vec![rows(0.3), rows(0.6)]).expect("a world")
    }

    #[test]
    fn every_history_that_can_occur_is_there_once() {
        let (unrolled, histories) = world(3).with_histories().expect("few");
        // Only action 0 goes on: two histories of one observation, four of two, eight of three.
        assert_eq!((unrolled.states(), histories.len()), (14, 14));
        assert_eq!(histories[..3], [vec![0], vec![1], vec![0, 0, 0]]);
        assert_eq!(histories[13], [1, 0, 1, 0, 1]);
    }

    #[test]
    fn states_that_look_alike_share_a_history() {
        let (unrolled, histories) =
            world(2).with_observations(vec![0, 0]).expect("one observation a state").with_histories().expect("few");
        assert_eq!((unrolled.states(), histories.len()), (4, 2));
    }

    #[test]
    fn too_many_are_refused() {
        let error = world(20).with_histories().expect_err("two to the twentieth");
        assert_eq!(error.to_string(), "the world has more than 65536 histories; shorten the horizon");
    }
}
