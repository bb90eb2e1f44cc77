//! Where a claim of ours belongs: the sentence of the guide that it bears on, and how.

use super::LEDGER;
use crate::verify::Claim;

/// A claim of ours beside a sentence of the guide.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    /// The name of our claim.
    pub ours: &'static str,
    /// What our claim is to the sentence: it stands between "our addition" and the sentence.
    pub how: &'static str,
    /// The name of the guide's claim.
    pub guide: &'static str,
}

const fn beside(ours: &'static str, how: &'static str, guide: &'static str) -> Beside {
    Beside { ours, how, guide }
}

/// Every claim of ours, in the ledger's order.
pub static BESIDE: &[Beside] = &[
    beside("ch03-bc-matches-data-average", "the true core of", "ch03-bc-never-outperforms"),
    beside("ch03-bc-time-free-mixture", "a second counter-example to", "ch03-bc-never-outperforms"),
    beside("ch05-stale-baseline-not-neutral", "on old data, where this proof does not hold", "ch07-baseline-unbiased"),
    beside("ch06-acausal-reward", "a condition on", "ch06-past-term-zero"),
    beside("ch06-counterexample-constant-return", "a counter-example to", "ch06-reduces-variance"),
    beside("ch06-counterexample-nonnegative", "a second counter-example to", "ch06-reduces-variance"),
    beside("ch06-sufficient-condition", "a condition that suffices for", "ch06-reduces-variance"),
    beside("ch06-undiscounted-late-blame", "a consequence of", "ch06-plus10-minus10"),
    beside("ch07-inbatch-mean-of-all-rtg", "a common variant of", "ch07-inbatch-mean-reward-to-go"),
    beside("ch07-leave-one-out", "a repair of", "ch07-inbatch-mean-trajectory"),
    beside("ch07-state-baseline-fitted-in-batch", "a condition on", "ch07-state-baseline-unbiased"),
    beside("ch07-action-baseline-factorised", "an exception to", "ch07-action-baselines-fail"),
    beside("ch07-natural-sampled-fisher-biased", "a counter-example to", "ch07-common-principle"),
    beside(
        "ch07-baseline-optimal-gaussian",
        "the optimum in closed form, in place of",
        "ch07-average-is-best-baseline",
    ),
    beside("ch08-mean-variable-length", "on episodes of different lengths in", "ch08-mean-over-NT"),
    beside("ch08-detach-is-ratio", "on an importance ratio in place of w in", "ch08-detach"),
    beside("ch09-trajectory-is-unbiased", "on what corrects the mismatch in", "ch09-reuse-biased"),
    beside("ch09-per-decision-is", "an exact alternative to", "ch09-per-timestep-formula-biased"),
    beside("ch09-bandit-exact", "on a single step, where there is no bias, in", "ch09-per-timestep-formula-biased"),
    beside("ch09-effective-sample-size", "what can be measured of", "ch09-all-ratios-1.1"),
    beside("ch09-self-normalised", "the usual remedy for", "ch09-all-ratios-1.1"),
    beside("ch10-trajectory-weights-in-region", "a counter-example, over many steps, to", "ch10-weights-close-to-1"),
    beside("ch11-tanh-squash", "an example, squashed Gaussians, of", "ch11-only-one-requirement"),
    beside(
        "ch12-bl-alpha-0.5-linear-gaussian",
        "on where there is oscillation or divergence, beside",
        "ch12-bl-alpha-0.5-oscillates",
    ),
    beside(
        "ch12-bl-baseline-late-training",
        "on the effect along training of the baseline in",
        "ch12-bl-no-baseline-10-100x",
    ),
    beside("ch12-pr-exact-v-unbiased", "on a perfect critic in", "ch12-pr-gae-blend"),
    beside("ch12-pr-lambda-variance", "on the variance, beside", "ch12-pr-lambda-knob-bias"),
    beside(
        "ch12-adv-two-arm-exact",
        "on a return that depends on the action, in",
        "ch12-adv-b0-same-expected-gradient",
    ),
];

/// What the claim of ours with this name is to which sentence of the guide.
#[must_use]
pub fn neighbour(ours: &str) -> Option<(&'static str, &'static Claim)> {
    let beside = BESIDE.iter().find(|beside| beside.ours == ours)?;
    LEDGER.iter().find(|claim| claim.id == beside.guide).map(|claim| (beside.how, *claim))
}
