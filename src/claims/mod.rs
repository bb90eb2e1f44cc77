//! Sixth floor: the ledger. A folder a chapter, a file a topic, a `static` a claim. It must not know how a claim is
//! reported.
//!
//! To add a claim: write its `static` in the file of its topic, and add a line to [`LEDGER`]. Tests over the ledger see
//! that it is there, in order, well named, with a counterfeit for each trial and every margin small enough.

mod ch01;
mod ch02;
mod ch03;
mod ch04;
mod ch05;
mod ch06;
mod ch07;
mod measure;
mod prelude;
mod settings;
mod subjects;
mod world;

use crate::verify::Claim;

/// Every claim, in the guide's order.
pub static LEDGER: &[&Claim] = &[
    &ch01::trajectory::MARKOV_STATE,
    &ch01::trajectory::TRAJECTORY_PROB,
    &ch01::trajectory::ONLY_POLICY,
    &ch01::policies::POLICY_HEADS,
    &ch01::policies::TABLE_PPO,
    &ch02::objective::OBJECTIVE,
    &ch02::objective::CANNOT_COMPUTE,
    &ch02::objective::WILD_OUTCOMES,
    &ch02::objective::AVERAGE_NOT_LUCK,
    &ch02::objective::SAMPLE_ESTIMATE,
    &ch02::optimum::MAX_THETA,
    &ch03::bridge::GRADIENT_FORM,
    &ch03::clone::NEVER_OUTPERFORMS,
    &ch03::clone::MATCHES_AVERAGE,
    &ch03::bridge::NO_IMPROVEMENT,
    &ch03::bridge::BRIDGE,
    &ch03::bridge::HIGH_UP,
    &ch03::clone::TIME_FREE,
    &ch04::conditions::REWARD_NO_THETA,
    &ch04::conditions::LEIBNIZ,
    &ch04::theorem::LOG_DERIVATIVE,
    &ch04::theorem::THEOREM,
    &ch04::theorem::LINEAR_GAUSSIAN,
    &ch04::theorem::NETWORK,
    &ch04::theorem::DYNAMICS,
    &ch04::noise::MC_UNBIASED,
    &ch04::noise::MORE_N,
    &ch04::direction::SCORE_DIRECTION,
    &ch04::direction::INCREASE_GOOD,
    &ch04::theorem::ZERO_MEAN,
    &ch04::theorem::WHY_TRICK,
    &ch04::elsewhere::ELBO,
    &ch04::elsewhere::BLACKBOX,
    &ch04::elsewhere::DIFFUSION,
    &ch04::likelihood::WEIGHTED_MLE,
    &ch04::likelihood::BC_WEIGHT_ONE,
    &ch04::likelihood::REWARD_WEIGHTED,
    &ch04::likelihood::NEGATIVE_WEIGHTS,
    &ch04::likelihood::UPWEIGHT,
    &ch04::likelihood::CAN_OUTPERFORM,
    &ch05::ascent::IMPROVES,
    &ch05::ascent::INITIALISATION,
    &ch05::stale::OLD_DATA,
    &ch05::stale::STALE_BASELINE,
    &ch05::humanoid::BATCH,
    &ch05::humanoid::FALLS_FORWARD,
    &ch05::humanoid::ROBOT_TIME,
    &ch05::humanoid::OFF_POLICY_FIXES,
    &ch05::humanoid::VERY_NOISY,
    &ch06::independence::CANNOT_AFFECT,
    &ch06::independence::PAST_ZERO,
    &ch06::independence::ACAUSAL,
    &ch06::independence::PAST_INDEPENDENT,
    &ch06::variance::STILL_UNBIASED,
    &ch06::variance::REDUCES,
    &ch06::variance::CONSTANT_RETURN,
    &ch06::variance::NONNEGATIVE,
    &ch06::variance::SUFFICIENT,
    &ch06::credit::PLUS_MINUS,
    &ch06::credit::TOTAL_ZERO,
    &ch06::credit::FUTURE_ONLY,
    &ch06::credit::LATE_BLAME,
    &ch07::constant::ALL_POSITIVE,
    &ch07::constant::WASTE,
    &ch07::constant::BASELINE_UNBIASED,
    &ch07::constant::SIGN_CLEAR,
    &ch07::optimal::AVERAGE_BEST,
    &ch07::optimal::AVERAGE_INCREASES,
    &ch07::optimal::PARABOLA,
    &ch07::batch::IN_BATCH_TOTAL,
    &ch07::batch::IN_BATCH_TO_GO,
    &ch07::batch::IN_BATCH_ALL,
    &ch07::batch::LEAVE_ONE_OUT,
    &ch07::levers::JACKET_ARITHMETIC,
    &ch07::levers::JACKET_SIGNAL,
    &ch07::levers::DENSE,
    &ch07::levers::LARGE_BATCHES,
    &ch07::levers::EXPONENTIAL,
    &ch07::constant::LATE_STEPS,
    &ch07::state::STATE_UNBIASED,
    &ch07::batch::FITTED,
    &ch07::action::Q_BIASED,
    &ch07::action::ACTION_FAIL,
    &ch07::action::FACTORISED,
    &ch07::action::PRODUCT_RULE,
    &ch07::action::MASS,
    &ch07::state::ORDERING,
    &ch07::optimal::OPTIMAL_GAUSSIAN,
];
