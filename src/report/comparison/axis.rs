//! The axis of a figure: its range, its ticks and what they are called. It must not know what is drawn along it.

/// A number `mantissa · 10^exponent`, as ticks have it: no tick is ever 0.30000000000000004.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    mantissa: i64,
    exponent: i32,
}

impl Decimal {
    /// Without trailing zeros.
    fn new(mut mantissa: i64, mut exponent: i32) -> Self {
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        if mantissa == 0 { Self { mantissa, exponent: 0 } } else { Self { mantissa, exponent } }
    }

    /// The shortest decimal number that is read as `x`; `None` if `x` is not finite.
    fn shortest(x: f64) -> Option<Self> {
        let text = format!("{x:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let exponent: i32 = exponent.parse().ok()?;
        Some(Self::new(mantissa.replace('.', "").parse().ok()?, exponent - i32::try_from(decimals).ok()?))
    }

    /// Correctly rounded: 0 or infinite beyond what doubles hold.
    fn value(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// The number over `10^decades`, digit for digit.
    fn over(self, decades: i32) -> Self {
        Self { exponent: self.exponent - decades, ..self }
    }

    /// The exponent of its first digit.
    fn magnitude(self) -> i32 {
        self.mantissa.unsigned_abs().checked_ilog10().map_or(0, u32::cast_signed) + self.exponent
    }

    /// As people write it: with `powers`, large and small ones as `3·10⁵`.
    fn label(self, powers: bool) -> String {
        let sign = if self.mantissa < 0 { "−" } else { "" };
        let digits = self.mantissa.unsigned_abs().to_string();
        let magnitude = self.magnitude();
        if powers && self.mantissa != 0 && !(-2..=2).contains(&magnitude) {
            let power = format!("10{}", superscript(magnitude));
            return match digits.split_at(1) {
                ("1", "") => format!("{sign}{power}"),
                (first, "") => format!("{sign}{first}·{power}"),
                (first, others) => format!("{sign}{first}.{others}·{power}"),
            };
        }
        if self.exponent >= 0 {
            let whole = digits + &"0".repeat(self.exponent as usize);
            let thousands = if whole.len() > 4 { grouped(&whole) } else { whole };
            return format!("{sign}{thousands}");
        }
        let decimals = self.exponent.unsigned_abs() as usize;
        let padded = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, decimals) = padded.split_at(padded.len() - decimals);
        format!("{sign}{whole}.{decimals}")
    }
}

fn grouped(whole: &str) -> String {
    whole.parse().map_or_else(|_| whole.to_owned(), crate::report::prose::count)
}

fn superscript(exponent: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => other.to_digit(10).and_then(|digit| char::from_u32(0x2070 + digit)).unwrap_or(other),
    };
    exponent.to_string().chars().map(raised).collect()
}

/// A tick: where it is, as a share of the axis, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) position: f64,
    pub(super) label: String,
}

/// Numbers that differ by less than this share of the larger are drawn as one: labels of more digits say nothing.
const LEVEL: f64 = 1e-12;

/// An axis from the least to the greatest of what it has to show.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    logarithmic: bool,
    /// What numbers are divided by, as a power of ten: no difference of two overflows or vanishes then. 0 if the axis is
    /// logarithmic, which needs none.
    decade: i32,
    /// The ends, over that power; decimal logarithms if it is logarithmic.
    low: f64,
    high: f64,
    ticks: Vec<Decimal>,
}

impl Axis {
    /// An axis that shows `values` with at most `most` ticks. Values that it cannot show are left out: what is not
    /// finite, and what is not positive if it is logarithmic. `None` if nothing remains.
    pub(super) fn new(values: impl IntoIterator<Item = f64>, logarithmic: bool, most: usize) -> Option<Self> {
        let shown = |x: &f64| x.is_finite() && (!logarithmic || *x > 0.0);
        let values: Vec<f64> = values.into_iter().filter(shown).collect();
        let least = values.iter().copied().reduce(f64::min)?;
        let greatest = values.iter().copied().reduce(f64::max)?;
        let mut axis = Self { logarithmic, decade: 0, low: 0.0, high: 0.0, ticks: Vec::new() };
        if !logarithmic {
            axis.decade = Decimal::shortest(least.abs().max(greatest.abs()))?.magnitude();
        }
        let (low, high) = (axis.coordinate(least)?, axis.coordinate(greatest)?);
        (axis.low, axis.high) = if logarithmic {
            // A level line stands in the middle of a factor of four.
            if high - low < 0.01 { (low - 0.3, high + 0.3) } else { (low, high) }
        } else if high - low > LEVEL * low.abs().max(high.abs()) {
            (low, high)
        } else {
            let half = if low == 0.0 { 1.0 } else { 0.5 * low.abs() };
            (low - half, high + half)
        };
        let margin = 0.05 * (axis.high - axis.low);
        axis.low -= margin;
        axis.high += margin;
        axis.ticks = if logarithmic { axis.logarithmic_ticks(most) } else { axis.linear_ticks(most) };
        Some(axis)
    }

    /// The same axis with ticks at these values, if it has them all.
    pub(super) fn with_ticks_at(&self, values: &[f64]) -> Option<Self> {
        let ticks: Option<Vec<Decimal>> = values.iter().map(|x| Decimal::shortest(*x)).collect();
        let ticks = ticks.filter(|ticks| !ticks.is_empty() && ticks.iter().all(|tick| self.holds(*tick)))?;
        Some(Self { ticks, ..self.clone() })
    }

    /// Where `x` is, as a share of the axis: outside 0 to 1 if it is beyond its ends. `None` if it has no place at all.
    pub(super) fn position(&self, x: f64) -> Option<f64> {
        Some(self.share(self.coordinate(x)?))
    }

    /// `x` in the terms of `low` and `high`.
    fn coordinate(&self, x: f64) -> Option<f64> {
        if self.logarithmic {
            return (x.is_finite() && x > 0.0).then(|| libm::log10(x));
        }
        Some(Decimal::shortest(x)?.over(self.decade).value())
    }

    /// Where a tick is, which need not be a number that a double holds.
    fn tick_position(&self, tick: Decimal) -> f64 {
        self.share(if self.logarithmic {
            libm::log10(tick.mantissa as f64) + f64::from(tick.exponent)
        } else {
            tick.over(self.decade).value()
        })
    }

    /// How far from the lower end to the upper one.
    fn share(&self, coordinate: f64) -> f64 {
        (coordinate - self.low) / (self.high - self.low)
    }

    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// Its ticks, ascending.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        // Plain numbers as long as all of them are short.
        let plain = if self.logarithmic { -3..=3 } else { -3..=5 };
        let powers = self.ticks.iter().any(|tick| !plain.contains(&tick.magnitude()));
        let tick = |tick: &Decimal| Tick { position: self.tick_position(*tick), label: tick.label(powers) };
        self.ticks.iter().map(tick).collect()
    }

    /// Where 1, 2, …, 9 times every power of ten are on a logarithmic axis of few decades; none on others.
    pub(super) fn minor(&self) -> Vec<f64> {
        if !self.logarithmic || self.high - self.low > 4.0 {
            return Vec::new();
        }
        let all = self.multiples(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        all.into_iter().map(|tick| self.tick_position(tick)).collect()
    }

    fn holds(&self, tick: Decimal) -> bool {
        (0.0..=1.0).contains(&self.tick_position(tick))
    }

    /// The multiples of powers of ten on the axis, ascending.
    fn multiples(&self, mantissas: &[i64]) -> Vec<Decimal> {
        let decades = self.low.floor() as i32..=self.high.ceil() as i32;
        let all = decades.flat_map(|decade| mantissas.iter().map(move |mantissa| Decimal::new(*mantissa, decade)));
        all.filter(|tick| self.holds(*tick)).collect()
    }

    /// Powers of ten, or 1 and 3 times them, and so on to finer ones: the first that are three or more, but not too many.
    fn logarithmic_ticks(&self, most: usize) -> Vec<Decimal> {
        let powers = self.multiples(&[1]);
        let every = |stride: u32| -> Vec<Decimal> {
            let on = |tick: &&Decimal| tick.magnitude().unsigned_abs().is_multiple_of(stride);
            powers.iter().filter(on).copied().collect()
        };
        if powers.len() > 2 {
            let stride = (1..=powers.len() as u32).find(|stride| every(*stride).len() <= most.max(2)).unwrap_or(1);
            return every(stride);
        }
        let finer: [(&[i64], usize); 3] = [(&[1, 3], 3), (&[1, 2, 5], 3), (&[1, 2, 3, 5, 7], 4)];
        let fitting = finer.iter().find_map(|(mantissas, least)| {
            let ticks = self.multiples(mantissas);
            (*least..=most).contains(&ticks.len()).then_some(ticks)
        });
        fitting.unwrap_or_else(|| self.linear_ticks(most))
    }

    /// Multiples of 1, 2 or 5 times a power of ten: the narrowest that are not too many.
    fn linear_ticks(&self, most: usize) -> Vec<Decimal> {
        // Of a logarithmic axis, the numbers over the power of ten at its lower end.
        let decade = if self.logarithmic { self.low.floor() as i32 } else { self.decade };
        let end = |x: f64| if self.logarithmic { libm::exp10(x - f64::from(decade)) } else { x };
        let (low, high) = (end(self.low), end(self.high));
        let smallest = libm::log10((high - low) / most.max(1) as f64).floor() as i32;
        for exponent in smallest..smallest + 3 {
            for mantissa in [1, 2, 5] {
                let step = Decimal { mantissa, exponent }.value();
                let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
                if first <= last && ((last - first) as usize) < most.max(1) {
                    return (first..=last).map(|i| Decimal::new(i * mantissa, exponent + decade)).collect();
                }
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], logarithmic: bool) -> Vec<String> {
        let axis = Axis::new(values.iter().copied(), logarithmic, 6).unwrap();
        axis.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_written_as_people_write_them() {
        assert_eq!(labels(&[1.0, 1e6], true), ["1", "100", "10⁴", "10⁶"]);
        assert_eq!(labels(&[1.0, 1e5], true), ["1", "10", "100", "10³", "10⁴", "10⁵"]);
        assert_eq!(labels(&[0.01, 3.0], true), ["0.01", "0.1", "1"]);
        assert_eq!(labels(&[0.0, 1.0], false), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&[-30.0, 2.0], false), ["−30", "−20", "−10", "0"]);
        assert_eq!(labels(&[1e-7, 1e-5], true), ["10⁻⁷", "10⁻⁶", "10⁻⁵"]);
        assert_eq!(labels(&[2e-5, 2.4e-5], true), ["2·10⁻⁵", "2.1·10⁻⁵", "2.2·10⁻⁵", "2.3·10⁻⁵", "2.4·10⁻⁵"]);
        assert_eq!(labels(&[0.0, 20_000.0], false), ["0", "5000", "10,000", "15,000", "20,000"]);
    }

    #[test]
    fn a_narrow_logarithmic_axis_has_ticks_between_powers_of_ten() {
        assert_eq!(labels(&[1.94, 3.02], true), ["2", "2.2", "2.4", "2.6", "2.8", "3"]);
        assert_eq!(labels(&[0.0019, 0.0075], true), ["0.002", "0.003", "0.005", "0.007"]);
        assert_eq!(labels(&[1400.0, 72_298.0], true), ["3·10³", "10⁴", "3·10⁴"]);
    }

    #[test]
    fn every_axis_has_ticks_inside_and_not_too_many() {
        for logarithmic in [false, true] {
            for spread in [0.0, 1e-9, 1e-3, 0.1, 0.7, 3.0, 40.0, 1e5, 1e12] {
                for base in [3e-9, 0.02, 1.0, 77.0, 6.5e8] {
                    let axis = Axis::new([base, base * (1.0 + spread)], logarithmic, 6).unwrap();
                    let ticks = axis.ticks();
                    assert!((1..=6).contains(&ticks.len()), "{base} {spread}: {ticks:?}");
                    assert!(
                        ticks
                            .windows(2)
                            .all(|pair| pair[0].position < pair[1].position && pair[0].label != pair[1].label)
                    );
                    assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.position)));
                }
            }
        }
    }

    #[test]
    fn an_axis_of_the_largest_and_of_the_smallest_numbers_has_ticks() {
        assert_eq!(labels(&[-1.7e308, 1.7e308], false), ["−10³⁰⁸", "0", "10³⁰⁸"]);
        assert_eq!(labels(&[0.0, 5e-324], false), ["0", "10⁻³²⁴", "2·10⁻³²⁴", "3·10⁻³²⁴", "4·10⁻³²⁴", "5·10⁻³²⁴"]);
        assert_eq!(labels(&[5e-324, f64::MAX], true), ["10⁻³⁴²", "10⁻²²⁸", "10⁻¹¹⁴", "1", "10¹¹⁴", "10²²⁸"]);
    }

    #[test]
    fn numbers_that_only_their_last_bits_tell_apart_are_a_level_line() {
        for base in [1.0, 7e-310, 1e300] {
            let next = f64::from_bits(f64::to_bits(base) + 1);
            for logarithmic in [false, true] {
                let axis = Axis::new([base, next], logarithmic, 6).unwrap();
                let [first, second] = [base, next].map(|x| axis.position(x).unwrap());
                assert!((first - 0.5).abs() < 1e-3 && (second - 0.5).abs() < 1e-3, "{base}: {first} {second}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn every_axis_of_finite_numbers_shows_them_and_has_ticks(
            mut values in proptest::collection::vec(anywhere(), 1..6), logarithmic: bool, most in 4..9_usize
        ) {
            values.sort_by(f64::total_cmp);
            let Some(axis) = Axis::new(values.iter().copied(), logarithmic, most) else {
                assert!(logarithmic && values.iter().all(|x| *x <= 0.0));
                return Ok(());
            };
            let positions: Vec<f64> = values.iter().filter_map(|x| axis.position(*x)).collect();
            assert!(positions.iter().all(|position| (0.0..=1.0).contains(position)), "{positions:?}");
            assert!(positions.is_sorted(), "{positions:?}");
            let ticks = axis.ticks();
            assert!((1..=most).contains(&ticks.len()), "{ticks:?}");
            assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.position)), "{ticks:?}");
            for pair in ticks.windows(2) {
                assert!(pair[0].position < pair[1].position && pair[0].label != pair[1].label, "{ticks:?}");
            }
            assert!(axis.minor().iter().all(|position| (0.0..=1.0).contains(position)));
            let shown = values.iter().copied().filter(|x| axis.position(*x).is_some()).collect::<Vec<f64>>();
            let swept = axis.with_ticks_at(&shown);
            assert!(swept.is_some_and(|axis| axis.ticks().len() == shown.len()));
        }
    }

    /// Finite numbers of every size, many of them close together.
    fn anywhere() -> impl proptest::strategy::Strategy<Value = f64> {
        use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        use proptest::strategy::Strategy;
        let near = (-3..4_i64).prop_map(|steps| f64::from_bits(1.0_f64.to_bits().wrapping_add_signed(steps)));
        let round = proptest::sample::select(vec![f64::MAX, -f64::MAX, 5e-324, -5e-324, 1e-300, 0.0, 1.0, 1e15]);
        proptest::prop_oneof![POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO, near, round, -10.0..10.0]
    }

    #[test]
    fn a_logarithmic_axis_drops_zeros_and_what_is_negative() {
        let axis = Axis::new([0.0, -1.0, f64::NAN, 1.0, 100.0], true, 6).unwrap();
        assert_eq!((axis.position(0.0), axis.position(-1.0)), (None, None));
        assert!((axis.position(10.0).unwrap() - 0.5).abs() < 1e-12);
        assert!(Axis::new([0.0, -3.0], true, 6).is_none());
        assert!(Axis::new([0.0, -3.0], false, 6).is_some());
    }

    #[test]
    fn ticks_stand_at_swept_values_if_asked() {
        let axis = Axis::new([2.0, 128.0], true, 6).unwrap().with_ticks_at(&[2.0, 4.0, 128.0]).unwrap();
        let labels: Vec<String> = axis.ticks().into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["2", "4", "128"]);
        assert!(axis.with_ticks_at(&[1e9]).is_none());
    }
}
