//! Which known bug a failure looks like: expected gradients are compared with those of every known bug in the same worlds.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::catalogue::{self, Specimen};
use super::examination::Examination;
use super::gradients::judge::shown;
use super::runner::{AuditRecord, Outcome, audit};
use super::situation::{Edition, REJECTED};
use super::subject::Subject;
use crate::numeric;

/// How like a known bug a subject is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Likeness {
    /// The bug.
    pub mutant: String,
    /// What is wrong.
    pub title: String,
    /// The algorithm that it was seen in.
    pub of: String,
    /// The angle between both expected gradients over all settings, in degrees.
    pub angle: f64,
    /// Their distance over the length of the longer.
    pub distance: f64,
    /// The checks that fail for one of the two alone.
    pub checks_apart: usize,
}

/// The known bugs that a subject looks like, the likest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnosis {
    /// The three likest.
    pub likest: Vec<Likeness>,
}

/// Up to this distance two expected gradients are the same.
const SAME: f64 = 1e-9;

impl Diagnosis {
    /// Whether the likest is the same in every setting.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.likest.first().is_some_and(|first| first.distance <= SAME)
    }

    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Some(first) = self.likest.first() else {
            return "it looks like no known bug".to_owned();
        };
        let name = |like: &Likeness| format!("{} \"{}\" in {}", like.mutant, like.title, like.of);
        let next = self.likest.get(1).map_or_else(String::new, |next| {
            if next.distance <= SAME {
                let checks = match next.checks_apart {
                    1 => "1 check tells".to_owned(),
                    n => format!("{n} checks tell"),
                };
                format!("; {} has the same mean, and {checks} it apart", name(next))
            } else {
                format!("; next best, {}° off: {}", shown(next.angle), name(next))
            }
        });
        if self.matches() {
            format!("it matches {} to {SAME:.0e} in every setting{next}", name(first))
        } else {
            format!("it matches no known bug; the nearest, {}° off, is {}{next}", shown(first.angle), name(first))
        }
    }
}

type Fingerprint = BTreeMap<&'static str, Vec<f64>>;

/// Angle in degrees and relative distance over the settings that both have an answer in.
fn apart(a: &Fingerprint, b: &Fingerprint) -> (f64, f64) {
    let both = |f: &Fingerprint, g: &Fingerprint| -> Vec<f64> {
        f.iter().filter(|(id, _)| g.contains_key(*id)).flat_map(|(_, mean)| mean.clone()).collect()
    };
    let (x, y) = (both(a, b), both(b, a));
    let length = |x: &[f64]| numeric::sum(x.iter().map(|x| x * x)).sqrt();
    let off: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x - y).collect();
    let (p, q) = (length(&x), length(&y));
    // A setting that only one of them could not answer in sets them apart; what one of them promises nothing for does not.
    let only =
        |f: &Fingerprint, g: &Fingerprint| f.keys().filter(|id| !g.contains_key(*id) && **id != REJECTED).count();
    let missing = (only(a, b) + only(b, a)) as f64;
    if p == 0.0 && q == 0.0 {
        return (0.0, missing);
    }
    let cosine = if p > 0.0 && q > 0.0 { (numeric::dot(&x, &y) / (p * q)).clamp(-1.0, 1.0) } else { 0.0 };
    (libm::acos(cosine).to_degrees(), length(&off) / p.max(q) + missing)
}

/// The checks that are not as they should be for a correct subject.
fn failing(record: &AuditRecord) -> Vec<String> {
    let bad = |outcome: Outcome| matches!(outcome, Outcome::Failed | Outcome::FailedAsExpected | Outcome::Broken);
    record.rows.iter().filter(|row| bad(row.outcome)).map(|row| row.check.clone()).collect()
}

/// A known bug with its expected gradients and the checks that it fails.
struct Known {
    specimen: Specimen,
    fingerprint: Fingerprint,
    failing: Vec<String>,
}

/// Every known bug, examined once.
fn known(edition: Edition) -> &'static [Known] {
    static BOTH: [OnceLock<Vec<Known>>; 2] = [OnceLock::new(), OnceLock::new()];
    BOTH[usize::from(edition == Edition::Second)].get_or_init(|| {
        let mut specimens = catalogue::specimens();
        // Threads of its own: a thread of a pool that waits here would wait for itself.
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = specimens.len().div_ceil(threads);
        std::thread::scope(|scope| {
            let mut running = Vec::new();
            while !specimens.is_empty() {
                let part: Vec<Specimen> = specimens.drain(..share.min(specimens.len())).collect();
                running
                    .push(scope.spawn(move || part.into_iter().map(|specimen| examine(specimen, edition)).collect()));
            }
            let parts = running.into_iter().map(|thread| thread.join().unwrap_or_default());
            parts.collect::<Vec<Vec<Known>>>().into_iter().flatten().collect()
        })
    })
}

/// Examines every known bug, so that later questions are quick.
pub(super) fn prepare(edition: Edition) {
    known(edition);
}

fn examine(specimen: Specimen, edition: Edition) -> Known {
    let fingerprint = Examination::new(&specimen.subject, edition).fingerprint();
    let failing = failing(&audit(&specimen.subject).in_edition(edition).check());
    Known { specimen, fingerprint, failing }
}

/// Whether two subjects answer the same questions: functions are compared with those that promise the same.
fn comparable(a: &Subject, b: &Subject) -> bool {
    match (a.kind(), b.kind()) {
        (a, b) if a.estimates_the_gradient() => b.estimates_the_gradient(),
        (kind, other) => kind == other && a.promises == b.promises,
    }
}

/// Compares a subject that failed with every known bug of its kind.
pub(super) fn diagnose(subject: &Subject, edition: Edition, record: &AuditRecord) -> Diagnosis {
    let own = Examination::new(subject, edition).fingerprint();
    let bad = failing(record);
    let only = |a: &[String], b: &[String]| a.iter().filter(|check| !b.contains(check)).count();
    let like = |known: &Known| {
        let (angle, distance) = apart(&own, &known.fingerprint);
        Likeness {
            mutant: known.specimen.id.clone(),
            title: known.specimen.title.clone(),
            of: known.specimen.of.to_owned(),
            angle,
            distance: if distance <= SAME { 0.0 } else { distance },
            checks_apart: only(&bad, &known.failing) + only(&known.failing, &bad),
        }
    };
    let mut likest: Vec<Likeness> =
        known(edition).iter().filter(|known| comparable(subject, &known.specimen.subject)).map(like).collect();
    // Among the same means the pattern of failing checks decides.
    likest.sort_by(|a, b| {
        let by_checks = a.checks_apart.cmp(&b.checks_apart);
        a.distance.total_cmp(&b.distance).then(by_checks).then_with(|| a.mutant.cmp(&b.mutant))
    });
    likest.truncate(3);
    Diagnosis { likest }
}
