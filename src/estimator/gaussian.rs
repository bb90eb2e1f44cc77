//! Gradients of `E f(x)`, `x ~ N(μ, σ²)`, from one sample: score function, pathwise, and measure-valued.
//!
//! Each is a function of its noise and gives unbiased estimates of `[d/dμ, d/dσ]` (Mohamed et al. 2020, §4 to 6).

use crate::batch::MeasureValuedNoise;
use crate::environment::ScalarCost;

/// `(f(x) − b_k) ∂ log N(x | μ, σ²)/∂θ_k` at `x = μ + σε`: the scores are `ε/σ` and `(ε² − 1)/σ`.
///
/// `baseline` is a constant for each of the two parameters, `[0, 0]` for none; `epsilon` is standard normal.
#[must_use]
pub fn score_function(cost: ScalarCost, mean: f64, deviation: f64, baseline: [f64; 2], epsilon: f64) -> [f64; 2] {
    let value = cost.value(mean + deviation * epsilon);
    let scores = [epsilon / deviation, (epsilon * epsilon - 1.0) / deviation];
    [(value - baseline[0]) * scores[0], (value - baseline[1]) * scores[1]]
}

/// `f'(x) ∂x/∂θ_k` at `x = μ + σε`: `f'(x)` and `f'(x) ε`, with a standard normal `epsilon`.
#[must_use]
pub fn pathwise(cost: ScalarCost, mean: f64, deviation: f64, epsilon: f64) -> [f64; 2] {
    let slope = cost.derivative(mean + deviation * epsilon);
    [slope, slope * epsilon]
}

/// `(f(μ + σR) − f(μ − σR'))/(σ√(2π))` and `(f(μ + σM) − f(μ + σZ))/σ`, four evaluations of the cost.
///
/// The draws `R`, `R'`, `M` and `Z` may be independent or coupled; the estimates are unbiased either way.
#[must_use]
pub fn measure_valued(cost: ScalarCost, mean: f64, deviation: f64, noise: &MeasureValuedNoise) -> [f64; 2] {
    let at = |z: f64| cost.value(mean + deviation * z);
    let [positive, negative] = noise.rayleigh;
    let scale = deviation * (2.0 * std::f64::consts::PI).sqrt();
    [(at(positive) - at(-negative)) / scale, (at(noise.maxwell) - at(noise.normal)) / deviation]
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: ScalarCost = ScalarCost::Quadratic { centre: 1.0 };

    #[test]
    fn estimates_are_those_by_hand() {
        // x = 2 + ½·3 = 3.5, f = 6.25, f' = 5.
        assert_eq!(score_function(COST, 2.0, 0.5, [0.25, 2.25], 3.0), [6.0 * 6.0, 4.0 * 16.0]);
        assert_eq!(pathwise(COST, 2.0, 0.5, 3.0), [5.0, 15.0]);
        // 2 + ½·2 = 3, 2 − ½·4 = 0, 2 − ½·2 = 1, 2 + ½·6 = 5.
        let noise = MeasureValuedNoise { rayleigh: [2.0, 4.0], maxwell: -2.0, normal: 6.0 };
        let [by_mean, by_deviation] = measure_valued(COST, 2.0, 0.5, &noise);
        assert!((by_mean - 3.0 / (0.5 * 2.506_628_274_631_000_7)).abs() < 1e-15);
        assert_eq!(by_deviation, -32.0);
    }

    #[test]
    fn coupled_parts_share_their_draws() {
        let noise = MeasureValuedNoise::coupled(1.5, -2.0, 0.25);
        assert_eq!(noise, MeasureValuedNoise { rayleigh: [1.5; 2], maxwell: -2.0, normal: -0.5 });
    }
}
