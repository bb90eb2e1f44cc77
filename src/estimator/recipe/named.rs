//! The stages by name: one explicit list each, from which files and help come.

use super::{Column, Stage};

/// A stage with the name that files give it.
#[derive(Clone, Copy, Debug)]
pub struct Named<S> {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// The stage.
    pub stage: S,
}

const fn named<S>(name: &'static str, meaning: &'static str, stage: S) -> Named<S> {
    Named { name, meaning, stage }
}

/// What each step is paid.
pub static CREDITS: [Named<Column>; 5] = [
    named("total", "the discounted return of the whole episode", super::total),
    named("to-go", "G, the discounted return from the step on", super::to_go),
    named("discounted-to-go", "γ^t G", super::discounted_to_go),
    named("to-go-less-value", "γ^t (G − V) of the critic", super::to_go_less_value),
    named("advantages", "generalised advantages of the critic", super::advantages),
];

/// What is subtracted from it, and what the rest is divided by.
pub static ADVANTAGES: [Named<Stage>; 5] = [
    named("as-it-is", "nothing", super::as_it_is),
    named(
        "centred",
        "less the mean over episodes, the own one included: (N−1)/N of the gradient",
        super::group_centred,
    ),
    named("leave-one-out", "less the mean of the other episodes", super::leave_one_out),
    named("standardised", "less the mean over episodes, over their deviation", super::standardised),
    named("batch-standardised", "less the mean of all steps, over their deviation", super::batch_standardised),
];

/// The derivative of the surrogate in each `log π`.
pub static SLOPES: [Named<Stage>; 6] = [
    named("unweighted", "A: for data of the policy itself", super::unweighted),
    named("single-ratio", "ρ A", super::single_ratio),
    named("sequence-ratio", "the product of all ratios of an episode, times A", super::sequence_ratio),
    named("truncated-ratio", "min(ρ, 1 + ε) A", super::truncated_ratio),
    named("clipped", "ρ A where the clip of PPO lets through", super::clipped),
    named("dual-clipped", "the same, and nothing for bad actions of a large ratio", super::dual_clipped),
];

/// How steps and episodes are averaged.
pub static AGGREGATIONS: [Named<Stage>; 3] = [
    named("sequence-sum", "the sum over steps, the mean over episodes", super::sequence_sum),
    named("token-mean", "the mean over all steps", super::token_mean),
    named("sequence-mean", "the mean over the steps of an episode, then over episodes", super::sequence_mean),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once() {
        let mut names: Vec<&str> = CREDITS.iter().map(|s| s.name).chain(ADVANTAGES.iter().map(|s| s.name)).collect();
        names.extend(SLOPES.iter().map(|s| s.name).chain(AGGREGATIONS.iter().map(|s| s.name)));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
