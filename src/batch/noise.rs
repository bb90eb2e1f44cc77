//! The noise of one measure-valued estimate under a normal law.

/// What a measure-valued estimate of `[d/dμ, d/dσ]` draws, in units of the deviation: the positive and the negative
/// part of each derivative's law.
///
/// `∂N(x | μ, σ²)/∂μ` is the difference of the laws of `μ + σR` and `μ − σR` with Rayleigh's `R` (density `r e^{−r²/2}`;
/// Weibull's with shape 2 and scale √2), over `σ√(2π)`. `∂N/∂σ` is the difference of those of `μ + σM` and `μ + σZ`, over
/// `σ`, with the double-sided Maxwell variable `M` (density `m² φ(m)`) and a standard normal `Z` (Mohamed et al. 2020,
/// table 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasureValuedNoise {
    /// Rayleigh's draws of the positive and of the negative part of `d/dμ`, neither negative.
    pub rayleigh: [f64; 2],
    /// The double-sided Maxwell draw, the positive part of `d/dσ`.
    pub maxwell: f64,
    /// The normal draw, its negative part.
    pub normal: f64,
}

impl MeasureValuedNoise {
    /// Parts that share their draws: one Rayleigh variable for both sides of `d/dμ`, and for `d/dσ` the normal `M·U`,
    /// the Maxwell draw times a `uniform` one of the unit interval (Mohamed et al. 2020, on coupling).
    ///
    /// `M·U` is standard normal: given `M = m` it is uniform between 0 and `m`, so its density at `z` is
    /// `∫_{|z|}^∞ m² φ(m)/m dm = φ(z)`.
    #[must_use]
    pub fn coupled(rayleigh: f64, maxwell: f64, uniform: f64) -> Self {
        Self { rayleigh: [rayleigh; 2], maxwell, normal: maxwell * uniform }
    }
}
