//! What a mean is beside the truth.

use crate::audit::check::Evidence;
use crate::audit::examination::Moments;
use crate::numeric;

/// Equalities hold to a billionth of what was added up.
const TOLERANCE: f64 = 1e-9;

/// How a mean stands to the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::audit) struct Standing {
    /// What it is.
    pub(in crate::audit) word: Word,
    /// The multiple of the truth closest to it.
    pub(in crate::audit) scale: f64,
    /// The angle between the two, in degrees.
    pub(in crate::audit) angle: f64,
    /// The distance over the length of the truth.
    pub(in crate::audit) bias: f64,
}

/// The audit's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audit) enum Word {
    Unbiased,
    Rescaled,
    Reversed,
    Turned,
    Driftless,
    Dead,
}

fn length(x: &[f64]) -> f64 {
    numeric::sum(x.iter().map(|x| x * x)).sqrt()
}

impl Standing {
    /// Compares the moments with a truth that is not zero.
    pub(in crate::audit) fn of(moments: &Moments, truth: &[f64]) -> Self {
        let (own, right) = (length(&moments.mean), length(truth));
        let scale = numeric::dot(&moments.mean, truth) / (right * right);
        let off = |c: f64| length(&moments.mean.iter().zip(truth).map(|(m, g)| m - c * g).collect::<Vec<f64>>());
        // A mean of large estimates is exact to rounding of them.
        let rounding = TOLERANCE * right.max(own) + 1e-12 * moments.largest;
        let word = if off(1.0) <= rounding {
            Word::Unbiased
        } else if moments.largest == 0.0 {
            Word::Dead
        } else if own <= rounding {
            Word::Driftless
        } else if off(scale) > rounding {
            Word::Turned
        } else if scale > 0.0 {
            Word::Rescaled
        } else {
            Word::Reversed
        };
        let cosine = if own > 0.0 { (scale * right / own).clamp(-1.0, 1.0) } else { 0.0 };
        let angle = match word {
            Word::Unbiased | Word::Rescaled => 0.0,
            Word::Reversed => 180.0,
            _ => libm::acos(cosine).to_degrees(),
        };
        Self { word, scale, angle, bias: off(1.0) / right }
    }

    /// Whether the direction is right.
    pub(in crate::audit) fn is_parallel(&self) -> bool {
        matches!(self.word, Word::Unbiased | Word::Rescaled)
    }

    /// In words and numbers.
    pub(in crate::audit) fn evidence(&self) -> Evidence {
        let verdict = match self.word {
            Word::Unbiased => "unbiased".to_owned(),
            Word::Rescaled => format!("rescaled by {}", shown(self.scale)),
            Word::Reversed => format!("reversed, {} times the gradient", shown(self.scale)),
            Word::Turned => {
                format!("turned by {}°, off by {} % of the gradient", shown(self.angle), shown(100.0 * self.bias))
            }
            Word::Driftless => "driftless: the mean is zero".to_owned(),
            Word::Dead => "dead: identically zero".to_owned(),
        };
        let evidence = Evidence::of(verdict).with("bias", self.bias);
        match self.word {
            Word::Driftless | Word::Dead => evidence,
            _ => evidence.with("scale", self.scale).with("angle", self.angle),
        }
    }
}

/// Three or four digits, as people read them.
pub(in crate::audit) fn shown(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let magnitude = libm::floor(libm::log10(x.abs())) as i32;
    if !(-3..=6).contains(&magnitude) {
        return format!("{x:.2e}");
    }
    let digits = usize::try_from(3 - magnitude).unwrap_or(0);
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
