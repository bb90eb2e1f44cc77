//! Reference subjects: the algorithms as their papers have them, as recipes.

use crate::audit::subject::{
    Aggregation, Clip, Discounting, Normalisation, Objective, Penalty, Promises, Ratio, Subject,
};
use crate::estimator::recipe::{
    Recipe, advantages, as_it_is, batch_standardised, best_of_two, clipped, clipped_geometric_mean, constant_length,
    discounted_to_go, dual_clipped, greedy, group_centred, group_then_batch, k2_loss, k3_loss, leave_one_out, left_out,
    length_weighted, none, penalised_total, scaled_by_signal, sequence_mean, sequence_ratio, sequence_sum,
    standardised, to_go, to_go_less_value, token_mean, total, truncated_ratio, unweighted,
};

/// A reference subject that is a recipe.
#[derive(Clone, Copy, Debug)]
pub(in crate::audit) struct Algorithm {
    pub(in crate::audit) name: &'static str,
    pub(in crate::audit) source: &'static str,
    pub(in crate::audit) recipe: Recipe,
    pub(in crate::audit) promises: Promises,
    /// The checks that it fails as it should, each with the reason.
    pub(in crate::audit) expected: &'static [(&'static str, &'static str)],
}

impl Algorithm {
    /// The algorithm as a subject, perhaps with another recipe.
    pub(in crate::audit) fn subject(&self, name: impl Into<String>, recipe: Recipe) -> Subject<'static> {
        Subject::weights(name, move |batch| recipe.weights(batch)).promising(self.promises)
    }
}

const PLAIN: Recipe = Recipe {
    credit: total,
    advantage: as_it_is,
    slope: unweighted,
    penalty: none,
    aggregation: sequence_sum,
    rejection: left_out,
};

const PROMISES: Promises = Promises { rejections: true, ..Promises::PLAIN };

const OWN_SAMPLE: &str = "the group's mean holds the own sample: (G−1)/G";
const OWN_LENGTHS: &str = "the own sample is in the mean, with its length as weight";
const LONE: &str = "a group of one has nothing to compare with and gets no gradient";
const UNEVEN: &str = "(G−1)/G differs between groups that differ in size";
const SIGNAL: &str = "α depends on how many groups of the batch agree, and so on the own sample";
const DEVIATION: &str = "dividing by the deviation weighs samples and prompts anew (Liu et al. 2025)";
const LENGTHS_AND_DEVIATION: &str = "averages over steps and the deviation weigh samples anew (Liu et al. 2025)";
const LONGEST: &str = "the sum over steps is divided by the longest length";
const GEOMETRIC: &str = "the geometric mean of ratios is no importance weight (and the deviation weighs anew)";
const SAME_RETURN: &str = "all steps of a sequence have the same return, which is the mean of a sequence alone";
const ALL_STEPS: &str = "mean and deviation are those of all steps, so long answers move them more";

/// The algorithms.
pub(in crate::audit) static ALGORITHMS: [Algorithm; 25] = [
    Algorithm { name: "reinforce", source: "Williams 1992", recipe: PLAIN, promises: PROMISES, expected: &[] },
    Algorithm {
        name: "reward-to-go",
        source: "Sutton et al. 2000",
        recipe: Recipe { credit: discounted_to_go, ..PLAIN },
        promises: PROMISES,
        expected: &[],
    },
    Algorithm {
        name: "value-baseline",
        source: "Williams 1992; Sutton & Barto, §13.4",
        recipe: Recipe { credit: to_go_less_value, ..PLAIN },
        promises: Promises { critic: true, ..PROMISES },
        expected: &[],
    },
    Algorithm {
        name: "actor-critic",
        source: "Schulman et al. 2016: generalised advantages, fresh data",
        recipe: Recipe { credit: advantages, ..PLAIN },
        promises: Promises { critic: true, bootstraps: true, discounting: Discounting::ReturnsAlone, ..PROMISES },
        expected: &[],
    },
    Algorithm {
        name: "rloo",
        source: "Kool et al. 2019; Ahmadian et al. 2024",
        recipe: Recipe { advantage: leave_one_out, ..PLAIN },
        promises: Promises { groups: true, ..PROMISES },
        expected: &[],
    },
    Algorithm {
        name: "remax",
        source: "Li et al. 2023",
        recipe: Recipe { advantage: greedy, ..PLAIN },
        promises: PROMISES,
        expected: &[],
    },
    Algorithm {
        name: "opo",
        source: "Hao et al. 2025",
        recipe: Recipe { advantage: length_weighted, ..PLAIN },
        promises: Promises { groups: true, ..PROMISES },
        expected: &[
            ("direction/singles", LONE),
            ("direction/partial", OWN_LENGTHS),
            ("direction/ragged", OWN_LENGTHS),
            ("direction/steps", OWN_LENGTHS),
            ("direction/discounted", OWN_LENGTHS),
            ("scale/group-mean", OWN_SAMPLE),
            ("aggregation/table", OWN_LENGTHS),
        ],
    },
    Algorithm {
        name: "group-mean",
        source: "the mean of the group as baseline, as in Dr. GRPO (Liu et al. 2025), and nothing else",
        recipe: Recipe { advantage: group_centred, ..PLAIN },
        promises: Promises { groups: true, ..PROMISES },
        expected: &[("direction/singles", LONE), ("direction/partial", UNEVEN), ("scale/group-mean", OWN_SAMPLE)],
    },
    Algorithm {
        name: "gpg",
        source: "Chu et al. 2025",
        recipe: Recipe { advantage: scaled_by_signal, ..PLAIN },
        promises: Promises { groups: true, ..PROMISES },
        expected: &[
            ("direction/singles", LONE),
            ("direction/prompts", SIGNAL),
            ("direction/interleaved", SIGNAL),
            ("direction/partial", SIGNAL),
            ("direction/rejected", SIGNAL),
            ("direction/ragged", SIGNAL),
            ("scale/group-mean", OWN_SAMPLE),
            ("invariance/micro-batches", SIGNAL),
            ("invariance/other-groups", SIGNAL),
        ],
    },
    Algorithm {
        name: "dr-grpo",
        source: "Liu et al. 2025",
        recipe: Recipe { advantage: group_centred, slope: clipped, aggregation: constant_length, ..PLAIN },
        promises: Promises {
            groups: true,
            ratio: Ratio::Step,
            clip: Clip::Pessimistic,
            aggregation: Aggregation::ConstantLength,
            ..PROMISES
        },
        expected: &[
            ("direction/singles", LONE),
            ("direction/partial", UNEVEN),
            ("scale/group-mean", OWN_SAMPLE),
            ("scale/length", LONGEST),
        ],
    },
    Algorithm {
        name: "grpo",
        source: "Shao et al. 2024",
        recipe: Recipe { advantage: standardised, slope: clipped, aggregation: sequence_mean, ..PLAIN },
        promises: Promises {
            groups: true,
            ratio: Ratio::Step,
            clip: Clip::Pessimistic,
            normalisation: Normalisation::Group,
            aggregation: Aggregation::SequenceMean,
            ..PROMISES
        },
        expected: &[
            ("direction/singles", LONE),
            ("direction/bandit", DEVIATION),
            ("direction/pair", DEVIATION),
            ("direction/prompts", DEVIATION),
            ("direction/interleaved", DEVIATION),
            ("direction/partial", DEVIATION),
            ("direction/rejected", DEVIATION),
            ("direction/ragged", LENGTHS_AND_DEVIATION),
            ("direction/steps", LENGTHS_AND_DEVIATION),
            ("direction/discounted", LENGTHS_AND_DEVIATION),
            ("direction/fragment", LENGTHS_AND_DEVIATION),
            ("direction/stale", DEVIATION),
            ("direction/stale-ragged", LENGTHS_AND_DEVIATION),
            ("direction/stale-steps", LENGTHS_AND_DEVIATION),
        ],
    },
    Algorithm {
        name: "dapo",
        source: "Yu et al. 2025",
        recipe: Recipe { advantage: standardised, slope: clipped, aggregation: token_mean, ..PLAIN },
        promises: Promises {
            groups: true,
            ratio: Ratio::Step,
            clip: Clip::Pessimistic,
            normalisation: Normalisation::Group,
            aggregation: Aggregation::TokenMean,
            ..PROMISES
        },
        expected: &[
            ("direction/singles", LONE),
            ("direction/bandit", DEVIATION),
            ("direction/pair", DEVIATION),
            ("direction/prompts", DEVIATION),
            ("direction/interleaved", DEVIATION),
            ("direction/partial", DEVIATION),
            ("direction/rejected", DEVIATION),
            ("direction/ragged", LENGTHS_AND_DEVIATION),
            ("direction/steps", LENGTHS_AND_DEVIATION),
            ("direction/discounted", LENGTHS_AND_DEVIATION),
            ("direction/fragment", LENGTHS_AND_DEVIATION),
            ("direction/stale", DEVIATION),
            ("direction/stale-ragged", LENGTHS_AND_DEVIATION),
            ("direction/stale-steps", LENGTHS_AND_DEVIATION),
        ],
    },
    Algorithm {
        name: "gspo",
        source: "Zheng et al. 2025",
        recipe: Recipe { advantage: standardised, slope: clipped_geometric_mean, ..PLAIN },
        promises: Promises {
            groups: true,
            ratio: Ratio::GeometricMean,
            clip: Clip::Pessimistic,
            normalisation: Normalisation::Group,
            aggregation: Aggregation::SequenceMean,
            ..PROMISES
        },
        expected: &[
            ("direction/singles", LONE),
            ("direction/bandit", DEVIATION),
            ("direction/pair", DEVIATION),
            ("direction/prompts", DEVIATION),
            ("direction/interleaved", DEVIATION),
            ("direction/partial", DEVIATION),
            ("direction/rejected", DEVIATION),
            ("direction/ragged", LENGTHS_AND_DEVIATION),
            ("direction/steps", LENGTHS_AND_DEVIATION),
            ("direction/discounted", LENGTHS_AND_DEVIATION),
            ("direction/fragment", LENGTHS_AND_DEVIATION),
            ("direction/stale", DEVIATION),
            ("direction/stale-ragged", GEOMETRIC),
            ("direction/stale-steps", GEOMETRIC),
        ],
    },
    Algorithm {
        name: "cispo",
        source: "MiniMax 2025",
        recipe: Recipe { advantage: standardised, slope: truncated_ratio, aggregation: token_mean, ..PLAIN },
        promises: Promises {
            groups: true,
            ratio: Ratio::Step,
            clip: Clip::Truncated,
            normalisation: Normalisation::Group,
            aggregation: Aggregation::TokenMean,
            ..PROMISES
        },
        expected: &[
            ("direction/singles", LONE),
            ("direction/bandit", DEVIATION),
            ("direction/pair", DEVIATION),
            ("direction/prompts", DEVIATION),
            ("direction/interleaved", DEVIATION),
            ("direction/partial", DEVIATION),
            ("direction/rejected", DEVIATION),
            ("direction/ragged", LENGTHS_AND_DEVIATION),
            ("direction/steps", LENGTHS_AND_DEVIATION),
            ("direction/discounted", LENGTHS_AND_DEVIATION),
            ("direction/fragment", LENGTHS_AND_DEVIATION),
            ("direction/stale", DEVIATION),
            ("direction/stale-ragged", LENGTHS_AND_DEVIATION),
            ("direction/stale-steps", LENGTHS_AND_DEVIATION),
        ],
    },
    Algorithm {
        name: "whitened-returns",
        source: "PyTorch's example of REINFORCE: returns less their mean, over their deviation",
        recipe: Recipe { credit: to_go, advantage: batch_standardised, ..PLAIN },
        promises: Promises { discounting: Discounting::ReturnsAlone, normalisation: Normalisation::Batch, ..PROMISES },
        expected: &[
            ("direction/singles", DEVIATION),
            ("direction/bandit", DEVIATION),
            ("direction/pair", DEVIATION),
            ("direction/prompts", DEVIATION),
            ("direction/interleaved", DEVIATION),
            ("direction/partial", DEVIATION),
            ("direction/rejected", DEVIATION),
            ("direction/ragged", DEVIATION),
            ("direction/steps", DEVIATION),
            ("direction/discounted", DEVIATION),
            ("direction/fragment", DEVIATION),
            ("aggregation/table", ALL_STEPS),
        ],
    },
    Algorithm {
        name: "reinforce++",
        source: "Hu et al. 2025",
        recipe: Recipe { advantage: batch_standardised, slope: clipped, aggregation: token_mean, ..PLAIN },
        promises: Promises {
            ratio: Ratio::Step,
            clip: Clip::Pessimistic,
            normalisation: Normalisation::Batch,
            aggregation: Aggregation::TokenMean,
            ..PROMISES
        },
        expected: &[
            ("direction/singles", DEVIATION),
            ("direction/bandit", DEVIATION),
            ("direction/pair", DEVIATION),
            ("direction/prompts", DEVIATION),
            ("direction/interleaved", DEVIATION),
            ("direction/partial", DEVIATION),
            ("direction/rejected", DEVIATION),
            ("direction/ragged", LENGTHS_AND_DEVIATION),
            ("direction/steps", LENGTHS_AND_DEVIATION),
            ("direction/discounted", LENGTHS_AND_DEVIATION),
            ("direction/fragment", LENGTHS_AND_DEVIATION),
            ("direction/stale", DEVIATION),
            ("direction/stale-ragged", LENGTHS_AND_DEVIATION),
            ("direction/stale-steps", LENGTHS_AND_DEVIATION),
            ("answers/alone", SAME_RETURN),
            ("aggregation/table", ALL_STEPS),
        ],
    },
    Algorithm {
        name: "reinforce++-baseline",
        source: "Hu et al. 2025",
        recipe: Recipe { advantage: group_then_batch, slope: clipped, aggregation: token_mean, ..PLAIN },
        promises: Promises {
            groups: true,
            ratio: Ratio::Step,
            clip: Clip::Pessimistic,
            normalisation: Normalisation::Batch,
            aggregation: Aggregation::TokenMean,
            ..PROMISES
        },
        expected: &[
            ("direction/singles", LONE),
            ("direction/bandit", DEVIATION),
            ("direction/pair", DEVIATION),
            ("direction/prompts", DEVIATION),
            ("direction/interleaved", DEVIATION),
            ("direction/partial", DEVIATION),
            ("direction/rejected", DEVIATION),
            ("direction/ragged", LENGTHS_AND_DEVIATION),
            ("direction/steps", LENGTHS_AND_DEVIATION),
            ("direction/discounted", LENGTHS_AND_DEVIATION),
            ("direction/fragment", LENGTHS_AND_DEVIATION),
            ("direction/stale", DEVIATION),
            ("direction/stale-ragged", LENGTHS_AND_DEVIATION),
            ("direction/stale-steps", LENGTHS_AND_DEVIATION),
            ("aggregation/table", ALL_STEPS),
        ],
    },
    Algorithm {
        name: "ppo",
        source: "Schulman et al. 2017",
        recipe: Recipe { credit: advantages, slope: clipped, ..PLAIN },
        promises: Promises {
            critic: true,
            bootstraps: true,
            discounting: Discounting::ReturnsAlone,
            ratio: Ratio::Step,
            clip: Clip::Pessimistic,
            ..PROMISES
        },
        expected: &[],
    },
    Algorithm {
        name: "ppo-dual-clip",
        source: "Ye et al. 2020",
        recipe: Recipe { credit: advantages, slope: dual_clipped, ..PLAIN },
        promises: Promises {
            critic: true,
            bootstraps: true,
            discounting: Discounting::ReturnsAlone,
            ratio: Ratio::Step,
            clip: Clip::Dual,
            ..PROMISES
        },
        expected: &[],
    },
    Algorithm {
        name: "truncated-importance-sampling",
        source: "Ionides 2008, a ratio a step; leave-one-out baseline",
        recipe: Recipe { advantage: leave_one_out, slope: truncated_ratio, ..PLAIN },
        promises: Promises { groups: true, ratio: Ratio::Step, clip: Clip::Truncated, ..PROMISES },
        expected: &[],
    },
    Algorithm {
        name: "importance-sampling",
        source: "Kloek & van Dijk 1978, whole sequences",
        recipe: Recipe { slope: sequence_ratio, ..PLAIN },
        promises: Promises { ratio: Ratio::Sequence, ..PROMISES },
        expected: &[],
    },
    Algorithm {
        name: "best-of-two",
        source: "Walder & Karkhanis 2025, with k = 2",
        recipe: Recipe { advantage: best_of_two, ..PLAIN },
        promises: Promises {
            objective: Objective::BetterOfTwo,
            groups: true,
            discounting: Discounting::None,
            ..PROMISES
        },
        expected: &[("direction/singles", LONE)],
    },
    Algorithm {
        name: "penalty-in-reward",
        source: "Ouyang et al. 2022: k1 in the reward; leave-one-out baseline",
        recipe: Recipe { credit: penalised_total, advantage: leave_one_out, ..PLAIN },
        promises: Promises {
            groups: true,
            discounting: Discounting::None,
            penalty: Some(Penalty::Reverse),
            ..PROMISES
        },
        expected: &[],
    },
    Algorithm {
        name: "penalty-k2",
        source: "Schulman 2020: k2 as a term of the loss; leave-one-out baseline",
        recipe: Recipe { advantage: leave_one_out, penalty: k2_loss, ..PLAIN },
        promises: Promises { groups: true, penalty: Some(Penalty::Reverse), ..PROMISES },
        expected: &[],
    },
    Algorithm {
        name: "penalty-k3",
        source: "Shao et al. 2024: k3 as a term of the loss; leave-one-out baseline",
        recipe: Recipe { advantage: leave_one_out, penalty: k3_loss, ..PLAIN },
        promises: Promises { groups: true, penalty: Some(Penalty::Forward), ..PROMISES },
        expected: &[],
    },
];
