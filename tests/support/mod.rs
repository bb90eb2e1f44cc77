//! What several test targets share: random worlds and a subject for each form of the oracle's catalogue.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use unbiased::environment::{TabularMdp, Transition};
use unbiased::estimator::{
    ActionDependentBaseline, GradientEstimator, InBatchMean, LeaveOneOut, PerParameterBaseline, Returns, RewardToGo,
    StateBaseline, TotalReturn,
};
use unbiased::exact::{self, Baseline, Form, Oracle};
use unbiased::policy::SoftmaxPolicy;

/// `cases` worlds from a fixed seed, so that a run can be repeated; `STRESS=factor` takes more, from another seed.
pub fn config(cases: u32) -> ProptestConfig {
    let stress: Option<u32> = std::env::var("STRESS").ok().and_then(|factor| factor.parse().ok());
    ProptestConfig {
        cases: cases * stress.unwrap_or(1),
        max_global_rejects: 1_000_000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(u64::from(stress.unwrap_or(0))),
        ..ProptestConfig::default()
    }
}

/// A random world with a random policy.
#[derive(Clone, Debug)]
pub struct Setting {
    pub mdp: TabularMdp,
    pub policy: SoftmaxPolicy,
}

impl Setting {
    pub fn oracle(&self) -> Oracle {
        Oracle::of_mdp(&self.mdp, &self.policy).unwrap()
    }
}

/// How a random policy depends on its parameters.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Tabular,
    TimeIndexed,
    Shared,
    Features,
}

/// Integer weights (some zero) to probabilities; `0, 0, …` becomes certainty of the first.
fn distribution(weights: &[u8]) -> Vec<f64> {
    let total: f64 = weights.iter().map(|w| f64::from(*w)).sum();
    if total == 0.0 {
        return (0..weights.len()).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect();
    }
    weights.iter().map(|w| f64::from(*w) / total).collect()
}

/// Random worlds: rewards are multiples of 1/8 plus `offset` (so that adding it is exact), discounts are dyadic.
pub fn settings(offset: f64, terminating: bool) -> impl Strategy<Value = Setting> {
    let discounts = prop_oneof![Just(1.0), Just(0.5), Just(0.875), Just(0.0), 0.0..1.0];
    let kinds = prop_oneof![
        3 => Just(Kind::Tabular),
        1 => Just(Kind::TimeIndexed),
        1 => Just(Kind::Shared),
        1 => Just(Kind::Features)
    ];
    (1_usize..=3, 1_usize..=3, 1_usize..=4, 1_usize..=3, discounts, kinds, any::<bool>())
        .prop_flat_map(move |(states, actions, horizon, branching, discount, kind, aliased)| {
            let outcome = (0..states, -16_i32..16, prop::bool::weighted(0.25));
            let row = (prop::collection::vec(outcome, branching), prop::collection::vec(0_u8..4, branching));
            let rows = prop::collection::vec(prop::collection::vec(row, actions), states);
            let initial = prop::collection::vec(0_u8..4, states);
            let numbers = prop::collection::vec(-1.5_f64..1.5, 3 * 3 * 4 + 9 * 3);
            (Just((states, actions, horizon, discount, kind, aliased)), rows, initial, numbers)
        })
        .prop_map(move |((states, actions, horizon, discount, kind, aliased), rows, initial, numbers)| {
            let table = rows
                .into_iter()
                .map(|state| {
                    state
                        .into_iter()
                        .map(|(outcomes, weights)| {
                            outcomes
                                .into_iter()
                                .zip(distribution(&weights))
                                .map(|((next, eighths, terminated), probability)| Transition {
                                    probability,
                                    next,
                                    reward: f64::from(eighths) / 8.0 + offset,
                                    terminated: terminated && terminating,
                                })
                                .collect()
                        })
                        .collect()
                })
                .collect();
            let mut mdp = TabularMdp::new(horizon, discount, distribution(&initial), table).unwrap();
            if aliased && states > 1 {
                mdp = mdp.with_observations((0..states).map(|s| s / 2).collect()).unwrap();
            }
            let (o, cells) = (mdp.observations(), mdp.observations() * actions);
            let policy = match kind {
                Kind::Tabular => SoftmaxPolicy::tabular(o, actions, numbers[..cells].to_vec()),
                Kind::TimeIndexed => SoftmaxPolicy::tabular(o, actions, vec![0.0; cells])
                    .and_then(|p| p.time_indexed(horizon, numbers[..cells * horizon].to_vec())),
                Kind::Shared => {
                    let entry = (0..cells).map(|i| (i * 2) % 3 % cells).collect::<Vec<_>>();
                    let count = entry.iter().max().unwrap() + 1;
                    SoftmaxPolicy::shared(o, actions, entry, numbers[..count].to_vec())
                }
                Kind::Features => {
                    SoftmaxPolicy::features(o, actions, numbers[5..5 + 3 * cells].to_vec(), numbers[..3].to_vec())
                        .and_then(|p| p.with_temperature(0.7))
                }
            };
            Setting { mdp, policy: policy.unwrap() }
        })
}

/// The subject that a form of the catalogue names, given as data what it needs to know.
pub fn subject(form: &Form, oracle: &Oracle, mdp: &TabularMdp) -> Box<dyn GradientEstimator> {
    let (discount, states) = (mdp.discount(), mdp.states());
    let returns = match form.returns {
        exact::Returns::Total => Returns::Total,
        exact::Returns::ToGo => Returns::ToGo,
    };
    let constant = |baseline: f64| -> Box<dyn GradientEstimator> {
        match returns {
            Returns::Total => Box::new(TotalReturn { discount, baseline }),
            Returns::ToGo => Box::new(RewardToGo { discount, baseline, discounted_steps: form.discounted_steps }),
        }
    };
    let table = |entry: &dyn Fn(usize, usize) -> f64| -> Box<dyn GradientEstimator> {
        let cells = (0..mdp.horizon() * states).map(|i| entry(i / states, i % states)).collect();
        Box::new(StateBaseline { discount, states, table: cells, discounted_steps: form.discounted_steps })
    };
    let by_action = |table: Vec<f64>, corrected: bool| -> Box<dyn GradientEstimator> {
        Box::new(ActionDependentBaseline { discount, states, table, corrected })
    };
    match &form.baseline {
        Baseline::None => constant(0.0),
        Baseline::Constant(b) => constant(*b),
        Baseline::OptimalConstant => constant(oracle.optimal_constants(form).unwrap()[0]),
        Baseline::PerParameter(b) => Box::new(PerParameterBaseline { discount, returns, constants: b.clone() }),
        Baseline::OptimalPerParameter => {
            let constants = oracle.optimal_constants(form).unwrap();
            Box::new(PerParameterBaseline { discount, returns, constants })
        }
        Baseline::InBatchMean { .. } => Box::new(InBatchMean { discount, returns }),
        Baseline::LeaveOneOut { .. } => Box::new(LeaveOneOut { discount, returns }),
        Baseline::StateValue => table(&|t, s| oracle.value(t, s)),
        Baseline::TimeAndState(cells) => table(&|t, s| cells[t * states + s]),
        Baseline::Optimal => table(&|t, s| oracle.floor().baseline[t][s].unwrap_or(0.0)),
        Baseline::ActionValue { corrected } => {
            let actions = mdp.actions();
            let cells = (0..mdp.horizon() * states * actions)
                .map(|i| oracle.action_value(i / actions / states, i / actions % states, i % actions))
                .collect();
            by_action(cells, *corrected)
        }
        Baseline::ActionDependent { table, corrected } => by_action(table.clone(), *corrected),
    }
}

/// Every form of the catalogue that concerns one trajectory, with tables filled by a formula.
pub fn single_forms(oracle: &Oracle, mdp: &TabularMdp) -> Vec<Form> {
    let cells = mdp.horizon() * mdp.states();
    let wave = |n: usize| (0..n).map(|i| ((i * 7 + 3) % 11) as f64 / 4.0 - 1.0).collect::<Vec<f64>>();
    let by_action = |corrected| Baseline::ActionDependent { table: wave(cells * mdp.actions()), corrected };
    vec![
        Form::total(Baseline::None),
        Form::total(Baseline::Constant(0.75)),
        Form::total(Baseline::PerParameter(wave(oracle.parameters()))),
        Form::total(Baseline::OptimalConstant),
        Form::total(Baseline::OptimalPerParameter),
        Form::to_go(Baseline::None),
        Form::to_go(Baseline::None).without_discounted_steps(),
        Form::to_go(Baseline::Constant(-0.5)),
        Form::to_go(Baseline::PerParameter(wave(oracle.parameters()))),
        Form::to_go(Baseline::OptimalConstant),
        Form::to_go(Baseline::OptimalPerParameter),
        Form::to_go(Baseline::StateValue),
        Form::to_go(Baseline::StateValue).without_discounted_steps(),
        Form::to_go(Baseline::OptimalConstant).without_discounted_steps(),
        Form::to_go(Baseline::TimeAndState(wave(cells))),
        Form::to_go(Baseline::Optimal),
        Form::to_go(Baseline::ActionValue { corrected: false }),
        Form::to_go(Baseline::ActionValue { corrected: true }),
        Form::to_go(by_action(false)),
        Form::to_go(by_action(true)),
    ]
}

/// Every form that couples a batch of `n`.
pub fn batch_forms(n: usize) -> Vec<Form> {
    [Form::total as fn(Baseline) -> Form, Form::to_go]
        .into_iter()
        .flat_map(|make| [make(Baseline::InBatchMean { batch: n }), make(Baseline::LeaveOneOut { batch: n })])
        .collect()
}
