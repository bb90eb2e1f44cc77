//! What programs are asked and how they answer, a line of JSON each; docs/audit.schema.json describes it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::subject::{Fragment, Kind, Scores};
use crate::batch::{PaddedBatch, Settings, Whole};

/// A batch as it is sent.
#[derive(Serialize)]
pub(super) struct Question<'a> {
    id: u64,
    sequences: usize,
    steps: usize,
    lengths: &'a [usize],
    mask: Vec<Vec<u8>>,
    groups: &'a [usize],
    terminated: &'a [bool],
    rejected: &'a [bool],
    rewards: Vec<&'a [f64]>,
    log_probs: Vec<&'a [f64]>,
    behaviour_log_probs: Vec<&'a [f64]>,
    reference_log_probs: Vec<&'a [f64]>,
    values: Vec<&'a [f64]>,
    last_values: &'a [f64],
    greedy_returns: &'a [f64],
    settings: Hyperparameters,
    whole: Size,
    parameters: usize,
    scores: Vec<Vec<&'a [f64]>>,
}

#[derive(Serialize)]
struct Hyperparameters {
    discount: f64,
    lambda: f64,
    clip_below: f64,
    clip_above: f64,
    largest_ratio: f64,
    penalty: f64,
}

impl From<Settings> for Hyperparameters {
    fn from(s: Settings) -> Self {
        Self {
            discount: s.discount,
            lambda: s.lambda,
            clip_below: s.clip_below,
            clip_above: s.clip_above,
            largest_ratio: s.largest_ratio,
            penalty: s.penalty,
        }
    }
}

#[derive(Serialize)]
struct Size {
    sequences: usize,
    accepted: usize,
    steps: usize,
}

impl From<Whole> for Size {
    fn from(whole: Whole) -> Self {
        Self { sequences: whole.sequences, accepted: whole.accepted, steps: whole.steps }
    }
}

impl<'a> Question<'a> {
    pub(super) fn new(id: u64, batch: &'a PaddedBatch, scores: &'a Scores) -> Self {
        let rows = |matrix: &'a [f64]| matrix.chunks(batch.steps).collect::<Vec<&[f64]>>();
        let mask: Vec<u8> = batch.mask().iter().map(|real| u8::from(*real)).collect();
        let per_step: Vec<&[f64]> = scores.entries.chunks(scores.parameters.max(1)).collect();
        Self {
            id,
            sequences: batch.len(),
            steps: batch.steps,
            lengths: &batch.lengths,
            mask: mask.chunks(batch.steps).map(<[u8]>::to_vec).collect(),
            groups: &batch.groups,
            terminated: &batch.terminated,
            rejected: &batch.rejected,
            rewards: rows(&batch.rewards),
            log_probs: rows(&batch.log_probs),
            behaviour_log_probs: rows(&batch.behaviour_log_probs),
            reference_log_probs: rows(&batch.reference_log_probs),
            values: rows(&batch.values),
            last_values: &batch.last_values,
            greedy_returns: &batch.greedy_returns,
            settings: batch.settings.into(),
            whole: batch.whole.into(),
            parameters: scores.parameters,
            scores: per_step.chunks(batch.steps).map(<[&[f64]]>::to_vec).collect(),
        }
    }
}

/// An answer: one of the four.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    id: Option<u64>,
    weights: Option<Vec<Vec<f64>>>,
    loss_gradient: Option<Vec<Vec<f64>>>,
    gradient: Option<Vec<f64>>,
    answer: Option<Vec<f64>>,
}

/// What a program answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Weights,
    LossGradient,
    Gradient,
    Answer,
}

impl Reply {
    pub(super) fn numbers(self, id: u64) -> Result<(Shape, Vec<f64>), Fault> {
        if self.id.is_some_and(|own| own != id) {
            let own = self.id.unwrap_or_default();
            return Err(Fault::Program(format!("it answered question {own} when it was asked question {id}")));
        }
        match (self.weights, self.loss_gradient, self.gradient, self.answer) {
            (Some(rows), None, None, None) => Ok((Shape::Weights, rows.concat())),
            (None, Some(rows), None, None) => Ok((Shape::LossGradient, rows.concat())),
            (None, None, Some(gradient), None) => Ok((Shape::Gradient, gradient)),
            (None, None, None, Some(answer)) => Ok((Shape::Answer, answer)),
            _ => Err(Fault::Program(
                "its answer has not exactly one of \"weights\", \"loss_gradient\", \"gradient\" and, for functions, \"answer\""
                    .to_owned(),
            )),
        }
    }
}

/// A question to a function, as a line.
pub(super) fn function_question(id: u64, kind: Kind, arguments: Map<String, Value>) -> String {
    let mut question = Map::from_iter([("id".to_owned(), json!(id)), ("kind".to_owned(), json!(kind.word()))]);
    question.extend(arguments);
    Value::Object(question).to_string()
}

/// What an estimator of advantages is given.
pub(super) fn fragment(fragment: &Fragment) -> Map<String, Value> {
    let arguments = [
        ("rewards", json!(fragment.rewards)),
        ("values", json!(fragment.values)),
        ("next_values", json!(fragment.next_values)),
        ("terminated", json!(fragment.terminated)),
        ("truncated", json!(fragment.truncated)),
        ("acted", json!(fragment.acted)),
        ("ratios", json!(fragment.ratios)),
        ("discount", json!(fragment.discount)),
        ("lambda", json!(fragment.lambda)),
    ];
    named(arguments)
}

/// What a function of numbers is given, by name; the row is the one that checks use.
pub(super) fn arguments(kind: Kind, x: &[f64]) -> Map<String, Value> {
    let at = |index: usize| x.get(index).copied().unwrap_or_default();
    let whole = |index: usize| json!(at(index) as u64);
    let part = |from: usize, to: usize| json!(x.get(from..to).unwrap_or_default());
    // Three rows of one length behind `skipped` numbers.
    let third = |skipped: usize, index: usize| {
        let length = x.len().saturating_sub(skipped) / 3;
        part(skipped + index * length, skipped + (index + 1) * length)
    };
    match kind {
        Kind::Divergence => named([
            ("log_probs", third(0, 0)),
            ("reference_log_probs", third(0, 1)),
            ("behaviour_log_probs", third(0, 2)),
        ]),
        Kind::Entropy | Kind::EntropyBonus => named([("logits", json!(x))]),
        Kind::EntropyEstimate => named([("log_prob", json!(at(0)))]),
        Kind::GaussianEntropy => named([("log_deviations", json!(x))]),
        Kind::Density => named([("means", third(0, 0)), ("log_deviations", third(0, 1)), ("actions", third(0, 2))]),
        Kind::SquashedDensity => named([
            ("limit", json!(at(0))),
            ("means", third(1, 0)),
            ("log_deviations", third(1, 1)),
            ("actions", third(1, 2)),
        ]),
        Kind::Sampling => named([
            ("temperature", json!(at(0))),
            ("kept", whole(1)),
            ("action", whole(2)),
            ("logits", part(3, x.len())),
        ]),
        Kind::PassAtK => named([("samples", whole(0)), ("right", whole(1)), ("k", whole(2))]),
        Kind::Fisher => {
            let states = at(0) as usize;
            let entries = x.len().saturating_sub(1 + states) / 2;
            named([
                ("visits", part(1, 1 + states)),
                ("logits", rows(part(1 + states, 1 + states + entries), states)),
                ("vector", rows(part(1 + states + entries, x.len()), states)),
            ])
        }
        Kind::Solve => {
            let size = at(0) as usize;
            let end = 1 + size * size;
            named([("matrix", rows(part(1, end), size)), ("right_hand_side", part(end, x.len()))])
        }
        Kind::ValueLoss => named([
            ("value", json!(at(0))),
            ("old_value", json!(at(1))),
            ("target", json!(at(2))),
            ("clip", json!(at(3))),
        ]),
        Kind::Draws => named([("seed", whole(0)), ("worker", whole(1)), ("count", whole(2))]),
        Kind::Weights | Kind::Loss | Kind::Gradient | Kind::Advantages => Map::new(),
    }
}

fn named<const N: usize>(arguments: [(&str, Value); N]) -> Map<String, Value> {
    arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A list as so many rows.
fn rows(list: Value, count: usize) -> Value {
    let Value::Array(list) = list else { return list };
    json!(list.chunks((list.len() / count.max(1)).max(1)).collect::<Vec<&[Value]>>())
}
