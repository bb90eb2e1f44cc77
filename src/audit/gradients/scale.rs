//! The length of the expected gradient does not depend on what it should not depend on.

use super::KINDS;
use super::direction::standing;
use super::judge::{Standing, shown};
use crate::audit::check::{Check, Evidence, Finding};
use crate::audit::examination::Examination;
use crate::audit::subject::Normalisation;
use crate::numeric;

pub(super) static CHECKS: [Check; 6] = [
    Check {
        id: "scale/absolute",
        statement: "the expected gradient has the promised length, groups grown large",
        because: "a factor that is always there: 2, the number of sequences, a missing division; learning rates hide it",
        kinds: &KINDS,
        run: absolute,
    },
    Check {
        id: "scale/group-mean",
        statement: "the length of the expected gradient does not depend on the size of the groups",
        because: "a group's mean that holds the own sample shrinks the gradient by (G−1)/G",
        kinds: &KINDS,
        run: |examination| same(examination, "pair", "bandit"),
    },
    Check {
        id: "scale/batch",
        statement: "the length of the expected gradient does not depend on the number of groups in a batch",
        because: "a sum over the batch where a mean belongs, a mean taken twice, or a baseline over the whole batch",
        kinds: &KINDS,
        run: |examination| same(examination, "pair", "prompts"),
    },
    Check {
        id: "scale/length",
        statement: "the length of the expected gradient does not depend on the length of the answers",
        because: "a mean over steps divides by a length",
        kinds: &KINDS,
        run: |examination| same(examination, "prompts", "ragged"),
    },
    Check {
        id: "scale/partial",
        statement: "the length of the expected gradient does not depend on whether all groups are full",
        because: "a divisor for full groups",
        kinds: &KINDS,
        run: |examination| same(examination, "singles", "partial"),
    },
    Check {
        id: "scale/reward",
        statement: "three times the rewards give three times the expected gradient, or the same if it promises to normalise",
        because: "a deviation that should or should not be divided by, or an ε that drowns it",
        kinds: &KINDS,
        run: reward,
    },
];

fn both(examination: &Examination, first: &'static str, second: &'static str) -> Result<[Standing; 2], Finding> {
    let mut found = [standing(examination, first)?, standing(examination, second)?];
    for (standing, id) in found.iter_mut().zip([first, second]) {
        if !standing.is_parallel() {
            return Err(Finding::skipped(format!(
                "in \"{id}\" it is not parallel to the gradient, so it has no scale"
            )));
        }
    }
    Ok(found)
}

fn same(examination: &Examination, first: &'static str, second: &'static str) -> Finding {
    let [a, b] = match both(examination, first, second) {
        Ok(found) => found,
        Err(finding) => return finding,
    };
    let size = |id: &str| examination.situation(id).len() as f64;
    let verdict = format!("{} in \"{first}\", {} in \"{second}\"", shown(a.scale), shown(b.scale));
    let name = origin(a.scale, b.scale, size(first), size(second), second);
    let evidence = Evidence::of(match name {
        Some(name) => format!("{verdict}: {name}"),
        None => verdict,
    });
    let equal = (a.scale - b.scale).abs() <= 1e-9 * a.scale.abs().max(b.scale.abs());
    Finding::of(equal, evidence.with("first scale", a.scale).with("second scale", b.scale))
}

/// Where two scales come from, if that is a known place.
fn origin(a: f64, b: f64, n: f64, m: f64, second: &str) -> Option<String> {
    let close = |x: f64, y: f64| (x - y).abs() <= 1e-9 * y.abs();
    let known: [(&str, f64); 5] = [
        ("(N−1)/N, the mean holds the own sample", (1.0 - 1.0 / m) / (1.0 - 1.0 / n)),
        ("the number of sequences: a sum where a mean belongs", m / n),
        ("one over the number of sequences: a mean taken twice", n / m),
        ("N/(N−1), corrected twice", (1.0 - 1.0 / n) / (1.0 - 1.0 / m)),
        ("1/T, the longest length", if second == "ragged" { 1.0 / 3.0 } else { f64::NAN }),
    ];
    let found = known.iter().find(|(_, ratio)| *ratio != 1.0 && close(b / a, *ratio))?;
    Some(found.0.to_owned())
}

fn absolute(examination: &Examination) -> Finding {
    let [pair, four] = match both(examination, "pair", "bandit") {
        Ok(found) => found,
        Err(finding) => return finding,
    };
    // (G−1)/G is judged by a check of its own.
    let shrunk = (four.scale / pair.scale - 1.5).abs() < 1e-9;
    let scale = if shrunk { four.scale / 0.75 } else { four.scale };
    let evidence = Evidence::of(format!("{} times the gradient", shown(scale))).with("scale", scale);
    Finding::of((scale - 1.0).abs() <= 1e-9, evidence)
}

fn reward(examination: &Examination) -> Finding {
    let situation = examination.situation("prompts");
    let means = examination
        .moments("prompts")
        .and_then(|plain| Ok((plain, examination.moments_in(&situation.with_reward(3.0, 0.0))?)));
    let (plain, tripled) = match means {
        Ok(means) => means,
        Err(fault) => return fault.into(),
    };
    let normalises = examination.promises().normalisation != Normalisation::None;
    let (factor, tolerance) = if normalises { (1.0, 2e-3) } else { (3.0, 1e-9) };
    let length = |x: &[f64]| numeric::sum(x.iter().map(|x| x * x)).sqrt();
    if plain.largest == 0.0 {
        return Finding::skipped("there is no gradient to scale");
    }
    let off: Vec<f64> = tripled.mean.iter().zip(&plain.mean).map(|(t, p)| t - factor * p).collect();
    let off = length(&off) / (factor * length(&plain.mean));
    let evidence = Evidence::of(format!("{} % off {factor} times the gradient", shown(100.0 * off))).with("off", off);
    Finding::of(off <= tolerance, evidence)
}
