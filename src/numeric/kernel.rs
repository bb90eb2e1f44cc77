//! Branch-free elementary functions for loops over lanes: additions, multiplications, divisions and square roots
//! only, so that the compiler widens the loop and the bits stay.

use rayon::prelude::*;

use super::simd::Level;

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

/// Adding and subtracting it rounds a number below 2⁵¹ in size to the nearest integer, which the low bits then hold.
const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5·2⁵²

/// ln 2 in two parts: the first times an exponent is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN_2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);

/// The numbers between half of ln 2, or a little more, and this are not reduced: `libm` compares high words.
const ABOVE_HALF_LN_2: f64 = f64::from_bits(0x3FD6_2E43_0000_0000);

/// `2^n` for an integer `n` from −1022 to 1023.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    f64::from_bits((n + (ROUND + 1023.0)).to_bits() << 52)
}

/// `x` without its fraction, for `|x| < 2⁵¹`.
#[inline(always)]
fn whole(x: f64) -> f64 {
    let size = x.abs();
    let nearest = (size + ROUND) - ROUND;
    (nearest - if nearest > size { 1.0 } else { 0.0 }).copysign(x)
}

/// `e^x` with the bits of `libm`, and so of [`super::exp`]: below one unit in the last place off.
///
/// `x = k ln 2 + r`, `|r| ≤ ½ ln 2`, and `e^r = 1 + r + r c/(2 − c)` with `c` a polynomial of `r` (Sun's `e_exp.c`).
#[inline(always)]
#[must_use]
pub fn exp(x: f64) -> f64 {
    const LARGEST: f64 = 709.782_712_893_384;
    const SMALLEST: f64 = -745.133_219_101_941_1;
    const SERIES: [f64; 5] = [
        4.138_136_797_057_238_4e-8,
        -1.653_390_220_546_525_2e-6,
        6.613_756_321_437_934e-5,
        -2.777_777_777_701_559_3e-3,
        1.666_666_666_666_660_2e-1,
    ];
    let k = whole(x * std::f64::consts::LOG2_E + 0.5_f64.copysign(x));
    let k = if x.abs() >= ABOVE_HALF_LN_2 { k } else { 0.0 };
    let (high, low) = (x - k * LN_2_HIGH, k * LN_2_LOW);
    let rest = high - low;
    let square = rest * rest;
    let [first, others @ ..] = SERIES;
    let series = others.iter().fold(first, |sum, term| term + square * sum);
    let c = rest - square * series;
    let correction = rest * c / (2.0 - c) - low;
    let negligible = x.abs() < f64::from_bits(0x3E30_0001_0000_0000); // 2⁻²⁸
    let value = 1.0 + (if negligible { 0.0 } else { correction } + high);
    // In two steps, so that the largest and the subnormal powers of two are rounded once.
    let half = (k * 0.5 + ROUND) - ROUND;
    let scaled = value * power_of_two(half) * power_of_two(k - half);
    let scaled = if x > LARGEST { f64::INFINITY } else { scaled };
    if x < SMALLEST { 0.0 } else { scaled }
}

/// `tanh x` with the bits of `libm`, and so of [`super::tanh`]: at most 2 units in the last place off.
///
/// `1 − 2/(e^{2|x|} + 1)` for large `|x|` and `(e^{2|x|} − 1)/(e^{2|x|} + 1)` for small, from `e^z − 1` by Sun's
/// `s_expm1.c`, whose cases are one formula here: `z = 2|x|` is at most 40, and `−2|x|` at least −0.511.
#[inline(always)]
#[must_use]
pub fn tanh(x: f64) -> f64 {
    const HALF_LN_3: f64 = f64::from_bits(0x3FE1_93EB_0000_0000);
    const HALF_LN_5_OVER_3: f64 = f64::from_bits(0x3FD0_58AF_0000_0000);
    let size = x.abs();
    let bounded = if size > 20.0 { 20.0 } else { size };
    let (middle, large) = (size >= HALF_LN_5_OVER_3, size >= HALF_LN_3);
    let sign = if middle { 1.0 } else { -1.0 };
    let less_one = exp_less_one(2.0 * sign * bounded);
    let above = if large { 2.0 } else { less_one };
    let quotient = sign * above / (less_one + 2.0);
    let complement = 1.0 - quotient;
    let value = if large { complement } else { quotient };
    let value = if size < f64::MIN_POSITIVE { size } else { value };
    f64::from_bits(value.to_bits() ^ (x.to_bits() & (1 << 63)))
}

/// `e^z − 1` with the bits of `libm`, for `z` from −0.511 to 0 and from 0.51 to 40.
#[inline(always)]
fn exp_less_one(z: f64) -> f64 {
    const SERIES: [f64; 5] = [
        -2.010_992_181_836_243_7e-7,
        4.008_217_827_329_362e-6,
        -7.936_507_578_674_88e-5,
        1.587_301_587_254_814_6e-3,
        -3.333_333_333_333_313e-2,
    ];
    let k = whole(z * std::f64::consts::LOG2_E + 0.5_f64.copysign(z));
    let k = if z.abs() >= ABOVE_HALF_LN_2 { k } else { 0.0 };
    let (high, low) = (z - k * LN_2_HIGH, k * LN_2_LOW);
    let rest = high - low;
    let lost = (high - rest) - low;
    let half = 0.5 * rest;
    let square = rest * half;
    let [first, others @ ..] = SERIES;
    let series = others.iter().fold(first, |sum, term| term + square * sum);
    let r = 1.0 + square * series;
    let t = 3.0 - r * half;
    let e = square * ((r - t) / (6.0 - rest * t));
    let e = (rest * (e - lost) - lost) - square;
    let inverse = power_of_two(-k);
    let small = rest - e + (1.0 - inverse);
    let large = rest - (e + inverse) + 1.0;
    power_of_two(k) * if k < 20.0 { small } else { large }
}

/// Numbers are shared out among threads in blocks of this many, where there are several blocks.
const BLOCK: usize = 1 << 13;

/// Calls `block` on numbers block by block, on several threads where there are many.
fn in_blocks(numbers: &mut [f64], block: impl Fn(&mut [f64]) + Send + Sync) {
    if numbers.len() < 4 * BLOCK {
        block(numbers);
    } else {
        numbers.par_chunks_mut(BLOCK).for_each(block);
    }
}

/// Replaces each number by its exponential; the bits are those of [`super::exp`].
pub fn exp_all(numbers: &mut [f64]) {
    in_blocks(numbers, |block| exp_at(Level::best(), block));
}

/// Replaces each number by its hyperbolic tangent; the bits are those of [`super::tanh`].
pub fn tanh_all(numbers: &mut [f64]) {
    in_blocks(numbers, |block| tanh_at(Level::best(), block));
}

fn exp_at(level: Level, numbers: &mut [f64]) {
    level.run(
        #[inline(always)]
        || {
            for x in numbers {
                *x = exp(*x);
            }
        },
    );
}

fn tanh_at(level: Level, numbers: &mut [f64]) {
    level.run(
        #[inline(always)]
        || {
            for x in numbers {
                *x = tanh(*x);
            }
        },
    );
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

    /// Numbers of every size, both signs, around each case of the functions, and the extremes.
    fn everywhere() -> Vec<f64> {
        let mut points = vec![0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::INFINITY, 709.782_712_893_384];
        let edges = [0x3FD6_2E43_u64, 0x3FE1_93EB, 0x3FD0_58AF, 0x3E30_0001, 0x3FF0_A2B2, 0x4034_0001, 0x3FC6_2E43];
        points.extend(edges.iter().flat_map(|high| (0..9).map(move |k| f64::from_bits((high << 32) + k - 4))));
        points.extend((0..300_000).map(|i| f64::from(i) * 0.002_5 + 1e-7));
        points.extend((0..300_000).map(|i| f64::from(i) * 0.000_1 + 3e-8));
        points.extend((0..300_000).map(|i| f64::from_bits(((i * 0x6_D3A5_7C91_u64) << 13) & !(3 << 62))));
        points.extend((0..4096).map(|i| 708.0 + f64::from(i) * 0.01));
        points.extend((1..4096).map(|i| f64::from(2 * i + 1) * 0.5_f64 * f64::EPSILON));
        let negative: Vec<f64> = points.iter().map(|x| -x).collect();
        [points, negative].concat()
    }

    #[test]
    fn the_exponential_and_the_hyperbolic_tangent_have_the_bits_of_libm() {
        for x in everywhere() {
            assert_eq!(exp(x).to_bits(), libm::exp(x).to_bits(), "exp {x:e}: {} and {}", exp(x), libm::exp(x));
            assert_eq!(tanh(x).to_bits(), libm::tanh(x).to_bits(), "tanh {x:e}: {} and {}", tanh(x), libm::tanh(x));
        }
        assert!(exp(f64::NAN).is_nan() && tanh(f64::NAN).is_nan() && tanh(-f64::NAN).is_nan());
    }

    #[test]
    fn every_level_and_every_block_has_the_bits_of_a_single_number() {
        let points = everywhere();
        let bits = |of: &dyn Fn(&mut [f64])| {
            let mut numbers = points.clone();
            of(&mut numbers);
            numbers.iter().map(|x| x.to_bits()).collect::<Vec<u64>>()
        };
        let single = |f: fn(f64) -> f64| points.iter().map(|x| f(*x).to_bits()).collect::<Vec<u64>>();
        for &level in Level::available() {
            assert!(bits(&|x| exp_at(level, x)) == single(exp), "{level:?}");
            assert!(bits(&|x| tanh_at(level, x)) == single(tanh), "{level:?}");
        }
        assert!(bits(&exp_all) == single(exp));
        assert!(bits(&tanh_all) == single(tanh));
    }
}
