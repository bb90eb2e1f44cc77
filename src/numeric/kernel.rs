//! Branch-free elementary functions for loops over lanes: additions, multiplications, divisions and square roots
//! only, so that the compiler widens the loop and the bits stay.

/// A double in `[0, 1)` with 52 random bits, from the high bits of `word`.
#[inline(always)]
#[must_use]
pub fn unit_from_bits(word: u64) -> f64 {
    f64::from_bits(0x3FF0_0000_0000_0000 | (word >> 12)) - 1.0
}

/// An integer below 2⁵² as a double, without a conversion instruction (AVX2 has none for 64-bit lanes).
#[inline(always)]
fn small_integer(n: u64) -> f64 {
    f64::from_bits(0x4330_0000_0000_0000 | n) - 4_503_599_627_370_496.0
}

/// The natural logarithm of a normal number `x > 0`, to 2 units in the last place.
///
/// `x = m·2^e` with `m` in `[√½, √2)`; `ln m = 2 artanh(s)`, `s = (m − 1)/(m + 1)`, `|s| < 0.1716`, by the Taylor
/// series to `s²¹` (the next term is below 1e-18 of the first).
#[inline(always)]
#[must_use]
pub fn ln_of_positive(x: f64) -> f64 {
    const HALF_ROOT_BITS: u64 = 0x3FE6_A09E_667F_3BCD; // √½
    // ln 2 in two parts: the first times an exponent is exact.
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let shifted = x.to_bits().wrapping_sub(HALF_ROOT_BITS);
    // The arithmetic shift gives the exponent; the bias of 1024 keeps it positive for the conversion.
    let exponent = ((shifted.wrapping_add(1024 << 52)) >> 52) & 0xFFF;
    let mantissa = f64::from_bits(x.to_bits().wrapping_sub(exponent.wrapping_sub(1024) << 52));
    let e = small_integer(exponent) - 1024.0;
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let mut series = 1.0 / 21.0;
    for odd in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * z + 1.0 / odd;
    }
    e * LN_2_HIGH + (2.0 * s + (2.0 * s * z * series + e * LN_2_LOW))
}

/// `(cos 2πu, sin 2πu)` for `u` in `[0, 1)`, absolute error below 3e-16.
///
/// `u` is reduced to a quarter turn and a rest of at most an eighth turn either way, where Taylor polynomials of
/// degree 15 and 16 are exact to the last place.
#[inline(always)]
#[must_use]
pub fn cos_sin_of_turns(u: f64) -> (f64, f64) {
    const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5·2⁵²: adding it rounds to the nearest integer
    let shifted = u * 4.0 + ROUND;
    let quarter = shifted.to_bits();
    let rest = (u * 4.0 - (shifted - ROUND)) * std::f64::consts::FRAC_PI_2;
    let z = rest * rest;
    let mut sine = -1.0 / 1_307_674_368_000.0;
    sine = sine * z + 1.0 / 6_227_020_800.0;
    sine = sine * z - 1.0 / 39_916_800.0;
    sine = sine * z + 1.0 / 362_880.0;
    sine = sine * z - 1.0 / 5040.0;
    sine = sine * z + 1.0 / 120.0;
    sine = sine * z - 1.0 / 6.0;
    let sine = rest + rest * z * sine;
    let mut cosine = 1.0 / 20_922_789_888_000.0;
    cosine = cosine * z - 1.0 / 87_178_291_200.0;
    cosine = cosine * z + 1.0 / 479_001_600.0;
    cosine = cosine * z - 1.0 / 3_628_800.0;
    cosine = cosine * z + 1.0 / 40_320.0;
    cosine = cosine * z - 1.0 / 720.0;
    cosine = cosine * z + 1.0 / 24.0;
    cosine = cosine * z - 0.5;
    let cosine = 1.0 + z * cosine;
    // Quarter turns: 0 → (c, s), 1 → (−s, c), 2 → (−c, −s), 3 → (s, −c).
    let swap = quarter & 1 == 1;
    let (c, s) = if swap { (sine, cosine) } else { (cosine, sine) };
    let negative_cosine = ((quarter >> 1) ^ quarter) & 1;
    let negative_sine = (quarter >> 1) & 1;
    (f64::from_bits(c.to_bits() ^ (negative_cosine << 63)), f64::from_bits(s.to_bits() ^ (negative_sine << 63)))
}

/// Two independent standard normals from a radius word of 52 bits and an angle word of 32 (Box and Muller 1958).
///
/// The radius is `√(−2 ln u)` with `u` in `(0, 1]` a multiple of 2⁻⁵²: the largest normal is 8.49.
#[inline(always)]
#[must_use]
pub fn normal_pair(radius_word: u64, angle_word: u32) -> (f64, f64) {
    let u = 1.0 - unit_from_bits(radius_word);
    let radius = (-2.0 * ln_of_positive(u)).sqrt();
    let turns = small_integer(u64::from(angle_word)) * (1.0 / 4_294_967_296.0);
    let (c, s) = cos_sin_of_turns(turns);
    (radius * c, radius * s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_agrees_with_libm_to_two_units_in_the_last_place() {
        let mut x = 2.3e-16;
        while x < 4.0 {
            let (got, expected) = (ln_of_positive(x), libm::log(x));
            assert!((got - expected).abs() <= 2.0 * f64::EPSILON * expected.abs(), "ln {x}: {got} and {expected}");
            x *= 1.000_37;
        }
        assert_eq!(ln_of_positive(1.0), 0.0);
    }

    #[test]
    fn sine_and_cosine_agree_with_libm() {
        for i in 0..100_000 {
            let u = f64::from(i) / 100_000.0;
            let (c, s) = cos_sin_of_turns(u);
            let angle = 2.0 * std::f64::consts::PI * u;
            assert!((c - libm::cos(angle)).abs() < 1.2e-15, "cos of {u} turns");
            assert!((s - libm::sin(angle)).abs() < 1.2e-15, "sin of {u} turns");
            assert!((c * c + s * s - 1.0).abs() < 1e-15);
        }
        assert_eq!(cos_sin_of_turns(0.25), (0.0, 1.0));
        assert_eq!(cos_sin_of_turns(0.5), (-1.0, 0.0));
    }

    #[test]
    fn the_largest_normal_is_finite() {
        let (x, y) = normal_pair(u64::MAX, 0);
        assert!((x - 8.49).abs() < 0.01 && y == 0.0, "{x} {y}");
        assert_eq!(normal_pair(0, 12345), (0.0, 0.0));
    }
}
