//! The clipped loss of a value function: its value and its derivative.

use super::comparison::{Comparison, settle};
use super::numbers::number;
use super::part::Part;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Observable, Reference};
use crate::audit::situation::Edition;
use crate::audit::subject::{Kind, Subject};

const KIND: &[Kind] = &[Kind::ValueLoss];

/// Clipped losses of a value.
pub(super) static PART: Part =
    Part { kinds: KIND, checks: CHECKS, references: REFERENCES, mutants: MUTANTS, held_out: HELD_OUT, fingerprint };

impl<'a> Subject<'a> {
    /// The clipped loss of one value, `max((v − y)², (v_old + clip(v − v_old, ±ε) − y)²)` up to a constant factor: from
    /// the value `v`, the value `v_old` when the data were collected, the target `y`, and `ε`, the loss and its
    /// derivative in `v`.
    pub fn value_loss(
        name: impl Into<String>,
        loss: impl Fn(f64, f64, f64, f64) -> (f64, f64) + Send + Sync + 'a,
    ) -> Self {
        Self::numbers(Kind::ValueLoss, name, move |x| {
            let [value, old, target, epsilon] = x else { return Vec::new() };
            let (loss, slope) = loss(*value, *old, *target, *epsilon);
            vec![loss, slope]
        })
    }
}

/// Squares of numbers of size 1 are exact to far less than this.
const ROUNDING: f64 = 1e-9;
/// Half a millionth each way of a parabola is exact but for rounding, 1e−16 over 1e−6.
const DIFFERENCE: f64 = 1e-8;

/// What is true of a clipped loss of a value.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "value-loss/inside",
        statement: "within ε of the old value the loss is a constant times the square of the error",
        because: "nothing is clipped there; a difference is a clip around something else than the old value, or of the \
                  loss itself",
        kinds: KIND,
        run: |examination| settle(inside(examination)),
    },
    Check {
        id: "value-loss/clip-table",
        statement: "the derivative is zero where the value has moved by more than ε to nearer its target, and there \
                    alone",
        because: "the loss is the larger of the two (baselines, ppo2); a difference is the smaller of the two, a clip \
                  around zero, or an old value that is the new one, so that nothing is ever clipped",
        kinds: KIND,
        run: |examination| settle(clip_table(examination)),
    },
    Check {
        id: "value-loss/slope",
        statement: "the derivative is that of the loss",
        because: "autograd follows the larger one; a difference is a branch that is detached or taken from the other \
                  one",
        kinds: KIND,
        run: |examination| settle(slope(examination)),
    },
    Check {
        id: "value-loss/shift",
        statement: "value, old value and target may be shifted together",
        because: "only differences count; a difference is a clip of the value itself",
        kinds: KIND,
        run: |examination| settle(shift(examination)),
    },
];

/// Where a value has gone, in units of `ε` from the old one, with its target, and whether the derivative is zero there.
const TABLE: [(&str, f64, f64, bool); 8] = [
    ("inside, target above", 0.5, 3.0, false),
    ("inside, target below", 0.5, -3.0, false),
    ("above, still short of its target", 2.0, 5.0, true),
    ("above, away from its target", 2.0, -1.0, false),
    ("above, past its target to nearer than the edge is", 2.0, 1.8, true),
    ("above, past its target to farther than the edge is", 2.0, 0.9, false),
    ("below, still short of its target", -2.0, -5.0, true),
    ("below, away from its target", -2.0, 1.0, false),
];

/// The old value, and `ε`.
fn origin(edition: Edition) -> (f64, f64) {
    match edition {
        Edition::First => (1.3, 0.2),
        Edition::Second => (-0.9, 0.3),
    }
}

fn ask(examination: &Examination, old: f64, away: f64, target: f64) -> Result<(f64, f64), Fault> {
    let (_, epsilon) = origin(examination.edition);
    let answer = examination.numbers(&[old + epsilon * away, old, old + epsilon * target, epsilon], 2)?;
    Ok((answer[0], answer[1]))
}

/// What the derivative is for an error of 1 where nothing is clipped: 1 or 2, or any factor that is used throughout.
fn factor(examination: &Examination) -> Result<f64, Fault> {
    let (old, epsilon) = origin(examination.edition);
    Ok(ask(examination, old, 0.5, 3.0)?.1 / (epsilon * (0.5 - 3.0)))
}

fn inside(examination: &Examination) -> Result<Finding, Fault> {
    let (old, epsilon) = origin(examination.edition);
    let factor = factor(examination)?;
    let mut comparison = Comparison::new();
    comparison.add(f64::from(u8::from(factor > 0.0)), 1.0, || format!("the factor {factor} is positive"));
    for away in [-0.9, -0.3, 0.0, 0.4, 0.9] {
        for target in [-20.0, -2.0, 0.1, 0.6, 4.0, 30.0] {
            let error = epsilon * (away - target);
            let (loss, slope) = ask(examination, old, away, target)?;
            let case = || format!("the value moved by {away} ε, its target is at {target} ε");
            comparison.add(loss, 0.5 * factor * error * error, case);
            comparison.add(slope, factor * error, case);
        }
    }
    Ok(comparison.finding(ROUNDING))
}

fn clip_table(examination: &Examination) -> Result<Finding, Fault> {
    let (old, epsilon) = origin(examination.edition);
    let factor = factor(examination)?;
    let mut comparison = Comparison::new();
    for (what, away, target, is_zero) in TABLE {
        let expected = if is_zero { 0.0 } else { factor * epsilon * (away - target) };
        comparison.add(ask(examination, old, away, target)?.1, expected, || what.to_owned());
    }
    Ok(comparison.finding(ROUNDING))
}

fn slope(examination: &Examination) -> Result<Finding, Fault> {
    let (old, epsilon) = origin(examination.edition);
    let mut comparison = Comparison::new();
    let h = 5e-7;
    for (what, away, target, _) in TABLE {
        let loss = |by: f64| Ok::<f64, Fault>(ask(examination, old, away + by / epsilon, target)?.0);
        let difference = (loss(h)? - loss(-h)?) / (2.0 * h);
        comparison.add(ask(examination, old, away, target)?.1, difference, || what.to_owned());
    }
    Ok(comparison.finding(DIFFERENCE))
}

fn shift(examination: &Examination) -> Result<Finding, Fault> {
    let (old, _) = origin(examination.edition);
    let mut comparison = Comparison::new();
    for (what, away, target, _) in TABLE {
        let here = ask(examination, old, away, target)?;
        let there = ask(examination, old + 5.0, away, target)?;
        comparison.add(there.0, here.0, || format!("the loss {what}"));
        comparison.add(there.1, here.1, || format!("the derivative {what}"));
    }
    Ok(comparison.finding(ROUNDING))
}

/// The half square of an error, and its derivative.
fn square(error: f64) -> (f64, f64) {
    (0.5 * error * error, error)
}

/// The loss of a value held within `ε` of `centre`.
fn held(value: f64, centre: f64, target: f64, epsilon: f64) -> (f64, f64) {
    let kept = (value - centre).clamp(-epsilon, epsilon);
    let (loss, slope) = square(centre + kept - target);
    (loss, if kept == value - centre { slope } else { 0.0 })
}

fn exact(value: f64, old: f64, target: f64, epsilon: f64) -> (f64, f64) {
    let (plain, clipped) = (square(value - target), held(value, old, target, epsilon));
    if clipped.0 > plain.0 { clipped } else { plain }
}

const EXACT: &str = "clipped value loss";

fn mutant(loss: fn(f64, f64, f64, f64) -> (f64, f64)) -> Subject<'static> {
    Subject::value_loss("a mutant of a clipped value loss", loss)
}

/// Correct losses.
pub(super) static REFERENCES: &[Reference] = &[
    Reference {
        name: EXACT,
        source: "Schulman et al. 2017, as OpenAI baselines, ppo2, has it; Engstrom et al. 2020, §3",
        subject: || Subject::value_loss(EXACT, exact),
        expected: &[],
    },
    Reference {
        name: "clipped value loss without its half",
        source: "leggedrobotics/rsl_rl, ppo.py: a factor of 2 belongs to the coefficient",
        subject: || {
            Subject::value_loss("clipped value loss without its half", |v, old, y, epsilon| {
                let (loss, slope) = exact(v, old, y, epsilon);
                (2.0 * loss, 2.0 * slope)
            })
        },
        expected: &[],
    },
];

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "G11",
        title: "the old value is the new one, so that nothing is ever clipped",
        evidence: "tensorflow/agents#352",
        wrong: "old_values = value_network(observations)  # of now",
        observable: Observable::Value,
        active: "a value that has moved",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|v, _, y, epsilon| exact(v, v, y, epsilon)),
    },
    Mutant {
        id: "G11b",
        title: "the smaller of the two losses",
        evidence: "rsl_rl#152",
        wrong: "torch.min(loss, loss_clipped)",
        observable: Observable::Value,
        active: "a value that has moved away from its target",
        equivalent: None,
        of: EXACT,
        subject: || {
            mutant(|v, old, y, epsilon| {
                let (plain, clipped) = (square(v - y), held(v, old, y, epsilon));
                if clipped.0 < plain.0 { clipped } else { plain }
            })
        },
    },
    Mutant {
        id: "G11c",
        title: "the loss itself is clipped",
        evidence: "ray-project/ray#19291",
        wrong: "loss = clamp((value - target) ** 2, 0, epsilon)",
        observable: Observable::Value,
        active: "an error that is large",
        equivalent: None,
        of: EXACT,
        subject: || {
            mutant(|v, _, y, epsilon| {
                let (loss, slope) = square(v - y);
                if loss > epsilon { (epsilon, 0.0) } else { (loss, slope) }
            })
        },
    },
    Mutant {
        id: "G11d",
        title: "the value is clipped around zero",
        evidence: "ray-project/ray#19291",
        wrong: "clipped = clamp(value, -epsilon, epsilon)",
        observable: Observable::Value,
        active: "an old value beyond ε",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|v, _, y, epsilon| exact(v, 0.0, y, epsilon)),
    },
    Mutant {
        id: "G11e",
        title: "the derivative goes through the clip",
        evidence: "ray-project/ray#19291, as its cure would be taken too far",
        wrong: "clipped = value + (clamped - value).detach()",
        observable: Observable::Value,
        active: "a value that has moved beyond ε",
        equivalent: None,
        of: EXACT,
        subject: || mutant(|v, old, y, epsilon| (exact(v, old, y, epsilon).0, v - y)),
    },
];

/// Bugs on which the checks were not built.
pub(super) static HELD_OUT: &[Mutant] = &[
    Mutant {
        id: "G11b+G11d",
        title: "the smaller loss, of a value clipped around zero",
        evidence: "rsl_rl#152; ray-project/ray#19291",
        wrong: "torch.min(loss, (clamp(value, -epsilon, epsilon) - target) ** 2)",
        observable: Observable::Value,
        active: "an old value beyond ε",
        equivalent: None,
        of: EXACT,
        subject: || {
            mutant(|v, _, y, epsilon| {
                let (plain, clipped) = (square(v - y), held(v, 0.0, y, epsilon));
                if clipped.0 < plain.0 { clipped } else { plain }
            })
        },
    },
    Mutant {
        id: "clipped alone",
        title: "the clipped loss alone",
        evidence: "openai/baselines#445, as it was proposed there",
        wrong: "loss = (clipped - target) ** 2",
        observable: Observable::Dead,
        active: "a value that has moved away from its target",
        equivalent: None,
        of: EXACT,
        subject: || mutant(held),
    },
];

/// Losses and derivatives over the table, and at a few other places.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let (old, _) = origin(examination.edition);
    let places = TABLE.iter().map(|(_, away, target, _)| (*away, *target));
    let others =
        (0..4).map(|k| (3.0 * number(examination.edition, 970 + k), 4.0 * number(examination.edition, 980 + k)));
    let mut out = Vec::new();
    for (away, target) in places.chain(others) {
        let (loss, slope) = ask(examination, old, away, target)?;
        out.extend([loss, slope]);
    }
    Ok(out)
}
