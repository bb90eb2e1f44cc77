//! What was rejected counts for nothing.

use super::KINDS;
use super::answers::verdict;
use super::invariance::differ;
use super::judge::shown;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::situation::Laid;
use crate::numeric;

pub(super) static CHECKS: [Check; 1] = [Check {
    id: "rejection/as-if-absent",
    statement: "a batch with a rejected answer gives what the batch without it gives",
    because: "a mask that is applied after the group's mean or deviation, or a mean that counts what was rejected",
    kinds: &KINDS,
    run: as_if_absent,
}];

/// Why a subject is not asked about rejected answers.
pub(super) const UNPROMISED: &str = "it promises nothing for answers that were rejected";

/// The batch with one answer rejected, and the batch without it.
fn rejecting(laid: &Laid, number: usize) -> [Laid; 2] {
    let mut marked = laid.clone();
    marked.batch.rejected[number] = true;
    marked.batch.whole = marked.batch.size();
    let mut absent = laid.select(&(0..laid.batch.len()).filter(|i| *i != number).collect::<Vec<usize>>());
    absent.batch.whole = absent.batch.size();
    [marked, absent]
}

fn as_if_absent(examination: &Examination) -> Finding {
    if !examination.promises().rejections {
        return Finding::skipped(UNPROMISED);
    }
    let mut situations = vec!["partial", "ragged"];
    if examination.promises().penalty.is_some() {
        situations.push("penalty-ragged");
    }
    let wrong = |laid: &Laid| {
        let number = laid.batch.len() / 2;
        let [marked, absent] = rejecting(laid, number);
        let (is, should) = (examination.estimate(&marked)?, examination.estimate(&absent)?);
        if differ(&is, &should).is_none() {
            return Ok(None);
        }
        describe(examination, laid, &marked, [&is, &should]).map(Some)
    };
    verdict(examination.smallest(&situations, wrong), "nothing changes")
}

/// What a rejected answer does, as far as it can be seen.
fn describe(examination: &Examination, laid: &Laid, marked: &Laid, [is, should]: [&[f64]; 2]) -> Result<String, Fault> {
    let number = marked.batch.rejected.iter().position(|rejected| *rejected).unwrap_or_default();
    if differ(is, &examination.estimate(laid)?).is_none() {
        return Ok(format!("answer {number} counts as if it had not been rejected"));
    }
    let mut other = marked.clone();
    let last = other.batch.row(number).end - 1;
    other.batch.rewards[last] += 2.0;
    if let Some(off) = differ(is, &examination.estimate(&other)?) {
        let off = shown(100.0 * off);
        return Ok(format!("2 more reward for answer {number}, which was rejected, change the estimate by {off} %"));
    }
    let scale = numeric::dot(is, should) / numeric::dot(should, should);
    let scaled: Vec<f64> = should.iter().map(|x| scale * x).collect();
    Ok(if scale.is_finite() && differ(is, &scaled).is_none() {
        format!(
            "the estimate is {} times the one without answer {number}, which was rejected: it counts in a mean",
            shown(scale)
        )
    } else {
        format!("the estimate is not that without answer {number}, which was rejected")
    })
}
