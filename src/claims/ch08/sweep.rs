//! The cost of a backward sweep, counted.

use crate::autodiff::Tape;
use crate::claims::prelude::*;
use crate::numeric::Matrix;

/// A network 4-64-64-2 with tanh units.
const LAYERS: [usize; 4] = [4, 64, 64, 2];

/// What one sweep over a batch costs and gives.
struct Swept {
    forward: u64,
    backward: u64,
    kept: usize,
    first_layer: Vec<f64>,
}

/// `Σ_i w_i log π(a_i|s_i)` of samples `range` through the network, and its backward sweep.
fn sweep(range: std::ops::Range<usize>) -> Swept {
    let tape = Tape::new();
    let weight = |layer: usize| {
        let (rows, columns) = (LAYERS[layer], LAYERS[layer + 1]);
        let entry = |i: usize, j: usize| 0.2 * numeric::cos(1.7 * (i * columns + j) as f64 + layer as f64);
        tape.parameter(Matrix::from_fn(rows, columns, entry))
    };
    let weights = [0, 1, 2].map(weight);
    let (n, first) = (range.len(), range.start);
    let states = tape.constant(Matrix::from_fn(n, LAYERS[0], |i, j| numeric::sin((7 * (first + i) + j) as f64)));
    let hidden = states.product(weights[0]).tanh().product(weights[1]).tanh();
    let log_probs = hidden.product(weights[2]).log_softmax();
    let chosen = log_probs.gather(&range.clone().map(|i| i % 2).collect::<Vec<usize>>());
    let scale = tape.constant(Matrix::from_fn(n, 1, |i, _| 1.0 + 0.1 * (first + i) as f64));
    let gradients = (chosen * scale).sum().backward();
    Swept {
        forward: tape.multiply_adds(),
        backward: gradients.multiply_adds(),
        kept: tape.numbers_kept(),
        first_layer: gradients.of(weights[0]).entries().to_vec(),
    }
}

/// Multiply-adds by hand: forward one a weight and sample; backward the weights' gradients, as many, and those of the
/// inputs of the layers behind the first.
fn by_hand(samples: u64) -> [u64; 2] {
    let product = |layer: usize| (LAYERS[layer] * LAYERS[layer + 1]) as u64;
    let forward = product(0) + product(1) + product(2);
    [samples * forward, samples * (forward + product(1) + product(2))]
}

pub(in crate::claims) static ONE_SWEEP: Claim = Claim {
    id: "ch08-backward-is-one-sweep",
    origin: Origin::Guide,
    quote: "It doesn't matter if the scalar came from summing 3 things or 3 million - backward is one sweep; the expensive part \
            happens exactly once",
    statement: "One sweep: yes. Its cost is linear in the number of terms: the multiply-adds of the batched sweep are the sum of \
                the single ones, and the memory grows with the terms.",
    because: "Reverse mode visits every recorded operation once; a sum of B terms records B times as many.",
    lesson: "Batching saves call overhead and vectorises; the arithmetic is the same and the activations of all N·T steps are in \
             memory at once. `cargo bench --bench backward` times both.",
    recorded: Finding::Conditional,
    quantities: &[
        Quantity {
            key: "backward_macs_per_sample",
            what: "backward multiply-adds for one sample through a network 4-64-64-2, counted on the tape",
            value: Value::Number(|| sweep(0..1).backward as f64),
        },
        Quantity {
            key: "backward_macs_batch",
            what: "backward multiply-adds of 20,000 samples in one sweep, by the formula that counts confirm at 1, 7 and 60",
            value: Value::Number(|| by_hand(20_000)[1] as f64),
        },
        Quantity {
            key: "backward_macs_singles",
            what: "the total of 20,000 sweeps of one sample each",
            value: Value::Number(|| 20_000.0 * sweep(0..1).backward as f64),
        },
    ],
    trials: &[
        Trial {
            name: "one sweep over the sum gives what the single sweeps add up to",
            role: Role::Confirms,
            setting: "the network 4-64-64-2, seven samples: the gradient of the first layer",
            subject: Subject::Exact(|| sweep(0..7).first_layer),
            expected: || {
                let mut sum = vec![0.0; LAYERS[0] * LAYERS[1]];
                for i in 0..7 {
                    sum.iter_mut().zip(sweep(i..i + 1).first_layer).for_each(|(sum, x)| *sum += x);
                }
                sum
            },
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the last sample's sweep alone",
                subject: Subject::Exact(|| sweep(6..7).first_layer),
            }],
        },
        Trial {
            name: "counted multiply-adds, forward and backward, grow with the samples",
            role: Role::Limits,
            setting: "1, 7 and 60 samples in one sweep, counted on the tape; by hand 4,480 and 8,704 a sample",
            subject: Subject::Exact(|| {
                [1, 7, 60].iter().map(|n| sweep(0..*n)).flat_map(|s| [s.forward as f64, s.backward as f64]).collect()
            }),
            expected: || [1, 7, 60].iter().flat_map(|n| by_hand(*n)).map(|x| x as f64).collect(),
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "the expensive part once, whatever the number of terms",
                subject: Subject::Exact(|| [1, 1, 1].iter().flat_map(|n| by_hand(*n)).map(|x| x as f64).collect()),
            }],
        },
        Trial {
            name: "so does what is kept for the sweep",
            role: Role::Limits,
            setting: "the numbers on the tape at 40 less those at 20 samples, and at 20 less those at 10: twice as many",
            subject: Subject::Exact(|| vec![kept_between(20, 40)]),
            expected: || vec![2.0 * kept_between(10, 20)],
            judge: ROUNDING,
            counterfeits: &[Counterfeit {
                story: "no more than for ten",
                subject: Subject::Exact(|| vec![kept_between(10, 20)]),
            }],
        },
    ],
};

fn kept_between(few: usize, many: usize) -> f64 {
    (sweep(0..many).kept - sweep(0..few).kept) as f64
}
