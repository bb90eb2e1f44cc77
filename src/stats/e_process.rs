//! Sequential tests of a mean that may be looked at after every observation.
//!
//! An *e-process* for a hypothesis is a non-negative process whose expectation stays at or below 1 while the
//! hypothesis is true, whenever one stops. By Ville's inequality it ever passes `1/α` with probability at most `α`, so
//! passing it rejects the hypothesis for good. A [`MeanTest`] runs three of them against one expected value `m` and a
//! margin `δ`:
//!
//! - one against *mean ≥ m + δ* and one against *mean ≤ m − δ*: the answer [`Decision::Holds`] needs both rejected;
//! - a two-sided mixture against *mean = m*: the answer [`Decision::Violated`] needs it rejected.
//!
//! A [`SideTest`] asks on which side of a bound `c` the mean lies, and runs one against *mean ≤ c* and one against
//! *mean ≥ c*: whichever is rejected first is the answer, and no margin is needed.
//!
//! With rates `α` and `β` it follows, at every sample size at once: if the mean is `m`, the answer is *violated* with
//! probability at most `α`; if the mean is off by `δ` or more, the answer is *holds* with probability at most `β`. In
//! between nothing is promised.

use crate::numeric::{exp, ln};

/// Probabilities of the two wrong answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of *violated* although the expected value is right.
    pub false_alarm: f64,
    /// Of *holds* although the expected value is wrong by the margin or more.
    pub false_holds: f64,
}

impl Rates {
    /// The rates of each of `shares` tests that keep these together (Bonferroni).
    #[must_use]
    pub fn divided(self, shares: usize) -> Self {
        let n = shares.max(1) as f64;
        Self { false_alarm: self.false_alarm / n, false_holds: self.false_holds / n }
    }
}

/// What is known of an observation beforehand, beside its independence of the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known {
    /// Its variance is at most this.
    Variance(f64),
    /// It lies between these.
    Range {
        /// The least value.
        low: f64,
        /// The largest value.
        high: f64,
    },
}

/// An answer that stands for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Every mean that is off by the margin or more has been rejected.
    Holds,
    /// The expected mean has been rejected.
    Violated,
}

/// A sequential test of one mean.
#[derive(Clone, Debug)]
pub struct MeanTest {
    expected: f64,
    margin: f64,
    process: Process,
    /// The largest logarithm so far of the evidence against *mean ≥ m + δ*.
    against_above: f64,
    /// The same against *mean ≤ m − δ*.
    against_below: f64,
    /// The same against *mean = m*.
    against_expected: f64,
    /// Whether an observation was no number.
    broken: bool,
}

#[derive(Clone, Debug)]
enum Process {
    Catoni(Box<Catoni>),
    Betting(Betting),
}

impl Process {
    fn new(margin: f64, known: Known) -> Self {
        match known {
            Known::Variance(variance) => {
                assert!(variance >= 0.0 && variance.is_finite(), "a variance is a number that is not negative");
                Self::Catoni(Box::new(Catoni::new(margin, variance)))
            }
            Known::Range { low, high } => {
                assert!(low < high && (high - low).is_finite(), "a range has a lower and an upper end");
                Self::Betting(Betting::new(low, high))
            }
        }
    }
}

impl MeanTest {
    /// A test of *mean = `expected`* against *off by `margin` or more*.
    ///
    /// # Panics
    /// Unless the margin is positive and the numbers are finite, the variance not negative, the range not empty.
    #[must_use]
    pub fn new(expected: f64, margin: f64, known: Known) -> Self {
        assert!(margin > 0.0 && margin.is_finite() && expected.is_finite(), "a margin is positive, numbers are finite");
        let process = Process::new(margin, known);
        let none = f64::NEG_INFINITY;
        Self {
            expected,
            margin,
            process,
            against_above: none,
            against_below: none,
            against_expected: none,
            broken: false,
        }
    }

    /// Adds an observation. One that is not a finite number, or outside the known range, rejects the expected value: what
    /// was said to be known of it is false.
    pub fn observe(&mut self, x: f64) {
        self.broken |= !x.is_finite();
        if self.broken {
            return;
        }
        let (above, below) = (self.expected + self.margin, self.expected - self.margin);
        let [up, down, centre] = match &mut self.process {
            Process::Catoni(catoni) => catoni.observe(x, self.expected, self.margin),
            Process::Betting(betting) => betting.observe(x, self.expected, above, below),
        };
        self.against_above = self.against_above.max(up);
        self.against_below = self.against_below.max(down);
        self.against_expected = self.against_expected.max(centre);
    }

    /// Whether every mean that is off by the margin or more has been rejected at rate `false_holds`.
    #[must_use]
    pub fn holds(&self, false_holds: f64) -> bool {
        !self.broken && self.against_above.min(self.against_below) >= -ln(false_holds)
    }

    /// Whether the expected mean has been rejected at rate `false_alarm`.
    #[must_use]
    pub fn violated(&self, false_alarm: f64) -> bool {
        self.broken || self.against_expected >= -ln(false_alarm)
    }
}

/// A test of each component of a mean vector.
///
/// *Holds* needs every component inside its margin: at a vector that is off by the margin in some component, that
/// component alone has to be passed wrongly, so nothing is divided. *Violated* needs one component outside, each at its
/// share of the rate.
#[derive(Clone, Debug)]
pub struct VectorTest {
    components: Vec<MeanTest>,
    rates: Rates,
}

impl VectorTest {
    /// A test of `expected[k]` with `known[k]`, one margin for all.
    ///
    /// # Panics
    /// If there is no component, the lengths differ or a component cannot be tested ([`MeanTest::new`]).
    #[must_use]
    pub fn new(expected: &[f64], margin: f64, known: &[Known], rates: Rates) -> Self {
        assert!(!expected.is_empty(), "a mean has at least one component");
        assert_eq!(expected.len(), known.len(), "something is known of each component");
        let components = expected.iter().zip(known).map(|(m, known)| MeanTest::new(*m, margin, *known)).collect();
        Self { components, rates }
    }

    /// Adds an observation and returns the answer, once there is one.
    ///
    /// # Panics
    /// If `x` has another length.
    pub fn observe(&mut self, x: &[f64]) -> Option<Decision> {
        assert_eq!(x.len(), self.components.len(), "an observation has one entry a component");
        self.components.iter_mut().zip(x).for_each(|(test, x)| test.observe(*x));
        let share = self.rates.false_alarm / self.components.len() as f64;
        if self.components.iter().any(|test| test.violated(share)) {
            Some(Decision::Violated)
        } else if self.components.iter().all(|test| test.holds(self.rates.false_holds)) {
            Some(Decision::Holds)
        } else {
            None
        }
    }
}

/// A test of the side of a bound on which each component of a mean lies.
///
/// At rates `α` and `β`: means that all lie on the side that was asked for are called *violated* with probability at most
/// `α`; a mean with a component on the bound or beyond it is called *holds* with probability at most `β`. The nearer to
/// the bound, the longer it takes.
#[derive(Clone, Debug)]
pub struct SideTest {
    components: Vec<Side>,
    above: bool,
    rates: Rates,
}

#[derive(Clone, Debug)]
struct Side {
    bound: f64,
    process: Process,
    /// The largest logarithm so far of the evidence against *mean ≤ bound* and against *mean ≥ bound*.
    against: [f64; 2],
    broken: bool,
}

impl SideTest {
    /// A test of `mean[k] > bounds[k]` for all `k` (`above`), or of `<`, with `known[k]`.
    ///
    /// # Panics
    /// If there is no component, the lengths differ, a bound is not finite, a variance negative or a range empty.
    #[must_use]
    pub fn new(bounds: &[f64], above: bool, known: &[Known], rates: Rates) -> Self {
        assert!(!bounds.is_empty(), "a mean has at least one component");
        assert_eq!(bounds.len(), known.len(), "something is known of each component");
        let side = |(bound, known): (&f64, &Known)| {
            assert!(bound.is_finite(), "a bound is a number");
            Side {
                bound: *bound,
                // The margin sets the floor of the deviation, far below the bound's own rounding.
                process: Process::new(1e-9 * bound.abs().max(1e-100), *known),
                against: [f64::NEG_INFINITY; 2],
                broken: false,
            }
        };
        Self { components: bounds.iter().zip(known).map(side).collect(), above, rates }
    }

    /// Adds an observation and returns the answer, once there is one.
    ///
    /// # Panics
    /// If `x` has another length.
    pub fn observe(&mut self, x: &[f64]) -> Option<Decision> {
        assert_eq!(x.len(), self.components.len(), "an observation has one entry a component");
        for (side, x) in self.components.iter_mut().zip(x) {
            side.observe(*x);
        }
        let share = self.rates.false_alarm / self.components.len() as f64;
        let (wanted, other) = if self.above { (0, 1) } else { (1, 0) };
        if self.components.iter().any(|side| side.broken || side.against[other] >= -ln(share)) {
            Some(Decision::Violated)
        } else if self.components.iter().all(|side| side.against[wanted] >= -ln(self.rates.false_holds)) {
            Some(Decision::Holds)
        } else {
            None
        }
    }
}

impl Side {
    fn observe(&mut self, x: f64) {
        self.broken |= !x.is_finite();
        if self.broken {
            return;
        }
        let sides = match &mut self.process {
            Process::Catoni(catoni) => catoni.sides(x, self.bound),
            // A mean of numbers below the bound is below it, without a bet.
            Process::Betting(Betting { low, high, .. }) if !(*low..=*high).contains(&self.bound) => {
                self.broken |= !(*low..=*high).contains(&x);
                if self.bound > *high { [f64::NEG_INFINITY, f64::INFINITY] } else { [f64::INFINITY, f64::NEG_INFINITY] }
            }
            Process::Betting(betting) => {
                let [below, above, outside] = betting.observe(x, self.bound, self.bound, self.bound);
                self.broken |= outside == f64::INFINITY;
                [above, below]
            }
        };
        for (most, now) in self.against.iter_mut().zip(sides) {
            *most = most.max(now);
        }
    }
}

/// Catoni's influence function, `sign(x) ln(1 + |x| + x²/2)`: it lies between `−ln(1 − x + x²/2)` and
/// `ln(1 + x + x²/2)` (Catoni 2012, eq. 2.1).
fn influence(x: f64) -> f64 {
    let size = x.abs();
    let value = ln(1.0 + size + 0.5 * size * size);
    if x < 0.0 { -value } else { value }
}

/// How many bets the mixture spreads over: `λσ = 1, 1/2, 1/4, …`.
const BETS: usize = 16;

/// Known variance `σ²`. `Σ φ(λ(X_i − μ)) − nλ²σ²/2` is the logarithm of a supermartingale when the mean is `μ`, and
/// because `φ` increases, also of one against every larger (with `−φ`: smaller) mean. No other moment is needed.
#[derive(Clone, Debug)]
struct Catoni {
    deviation: f64,
    /// For the margins: `δ/σ²`, at most `1/σ`.
    bet: f64,
    above: f64,
    below: f64,
    /// For the expected value: upwards and downwards at each bet.
    mixture: [[f64; 2]; BETS],
}

impl Catoni {
    fn new(margin: f64, variance: f64) -> Self {
        // A larger variance than the true one is allowed. This floor keeps the rounding of a sum that never varies, and a
        // mean that is right but for rounding, far from a rejection, at the price of one or two observations.
        let deviation = variance.sqrt().max(1e-3 * margin);
        let bet = (margin / (deviation * deviation)).min(1.0 / deviation);
        Self { deviation, bet, above: 0.0, below: 0.0, mixture: [[0.0; 2]; BETS] }
    }

    fn observe(&mut self, x: f64, expected: f64, margin: f64) -> [f64; 3] {
        let price = |bet: f64| 0.5 * (bet * self.deviation) * (bet * self.deviation);
        self.above += influence(self.bet * (expected + margin - x)) - price(self.bet);
        self.below += influence(self.bet * (x - (expected - margin))) - price(self.bet);
        self.mix(x, expected);
        [self.above, self.below, log_mean(self.mixture.as_flattened())]
    }

    /// Evidence against a mean at or below `bound`, and at or above it.
    fn sides(&mut self, x: f64, bound: f64) -> [f64; 2] {
        self.mix(x, bound);
        [0, 1].map(|side| log_mean(&self.mixture.map(|sides| sides[side])))
    }

    fn mix(&mut self, x: f64, expected: f64) {
        let mut scale = 1.0 / self.deviation;
        for sides in &mut self.mixture {
            let step = influence(scale * (x - expected));
            let price = 0.5 * (scale * self.deviation) * (scale * self.deviation);
            sides[0] += step - price;
            sides[1] -= step + price;
            scale *= 0.5;
        }
    }
}

/// `ln (1/n) Σ exp(x_i)`.
fn log_mean(logarithms: &[f64]) -> f64 {
    let largest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    let sum: f64 = logarithms.iter().map(|x| exp(x - largest)).sum();
    largest + ln(sum / logarithms.len() as f64)
}

/// The largest share of a capital that one bet may lose.
const STAKE: f64 = 0.75;

/// Known range: the capital `Π (1 + λ_i (X_i − m))` of a gambler whose stakes `λ_i` come from the past alone, large
/// where mean and variance so far promise growth (Waudby-Smith & Ramdas 2024, §4).
#[derive(Clone, Debug)]
struct Betting {
    low: f64,
    high: f64,
    count: f64,
    mean: f64,
    squares: f64,
    above: f64,
    below: f64,
    centre: [f64; 2],
}

impl Betting {
    fn new(low: f64, high: f64) -> Self {
        Self { low, high, count: 0.0, mean: 0.0, squares: 0.0, above: 0.0, below: 0.0, centre: [0.0; 2] }
    }

    /// The stake on the mean lying on one side of `m` (`up`: above), given the past.
    fn stake(&self, m: f64, up: bool) -> f64 {
        let half = 0.5 * (self.high - self.low);
        // One observation's worth of ignorance: the mean at m, the variance at its largest.
        let weight = self.count + 1.0;
        let mean = (self.count * self.mean + m) / weight;
        let variance = (self.squares + half * half) / weight;
        let gap = if up { mean - m } else { m - mean };
        let room = if up { m - self.low } else { self.high - m };
        let most = if room > 0.0 { STAKE / room } else { f64::INFINITY };
        (gap / (variance + gap * gap)).clamp(0.0, most)
    }

    fn observe(&mut self, x: f64, expected: f64, above: f64, below: f64) -> [f64; 3] {
        // Means outside the range cannot be, and neither can observations.
        if !(self.low..=self.high).contains(&x) || !(self.low..=self.high).contains(&expected) {
            return [f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY];
        }
        let gain = |stake: f64, gap: f64| ln(1.0 + stake * gap);
        if above > self.high {
            self.above = f64::INFINITY;
        } else {
            self.above += gain(self.stake(above, false), above - x);
        }
        if below < self.low {
            self.below = f64::INFINITY;
        } else {
            self.below += gain(self.stake(below, true), x - below);
        }
        self.centre[0] += gain(self.stake(expected, true), x - expected);
        self.centre[1] += gain(self.stake(expected, false), expected - x);
        self.count += 1.0;
        let before = x - self.mean;
        self.mean += before / self.count;
        self.squares += before * (x - self.mean);
        [self.above, self.below, log_mean(&self.centre)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    const RATES: Rates = Rates { false_alarm: 1e-4, false_holds: 1e-4 };

    fn decide(mean: f64, known: Known, draw: impl Fn(&mut Stream) -> f64) -> (Option<Decision>, usize) {
        let mut stream = Stream::of(0, "decide", 0, 0);
        let mut test = VectorTest::new(&[mean], 0.1, &[known], RATES);
        for n in 1..200_000 {
            if let Some(decision) = test.observe(&[draw(&mut stream)]) {
                return (Some(decision), n);
            }
        }
        (None, 200_000)
    }

    #[test]
    fn the_right_mean_holds_and_a_wrong_one_is_violated() {
        let normal = |stream: &mut Stream| 2.0 + stream.normal();
        let known = Known::Variance(1.0);
        let (decision, n) = decide(2.0, known, normal);
        assert_eq!(decision, Some(Decision::Holds));
        // 2 σ² ln(1/α) / δ² = 1,842 for a known alternative.
        assert!((1_842..4_500).contains(&n), "{n} observations");
        assert_eq!(decide(1.8, known, normal).0, Some(Decision::Violated));
        assert_eq!(decide(2.4, known, normal).0, Some(Decision::Violated));
    }

    #[test]
    fn the_side_of_a_bound_needs_no_margin() {
        let side = |bound: f64, above: bool, known: Known, draw: fn(&mut Stream) -> f64| {
            let mut stream = Stream::of(0, "side", 0, 0);
            let mut test = SideTest::new(&[bound], above, &[known], RATES);
            (0..20_000).find_map(|_| test.observe(&[draw(&mut stream)]))
        };
        let coin = |stream: &mut Stream| if stream.uniform() < 0.3 { 1.0 } else { 0.0 };
        let normal = |stream: &mut Stream| 0.3 + stream.normal();
        for (known, draw) in [
            (Known::Range { low: 0.0, high: 1.0 }, coin as fn(&mut Stream) -> f64),
            (Known::Variance(1.0), normal as fn(&mut Stream) -> f64),
        ] {
            assert_eq!(side(0.2, true, known, draw), Some(Decision::Holds));
            assert_eq!(side(0.4, true, known, draw), Some(Decision::Violated));
            assert_eq!(side(0.4, false, known, draw), Some(Decision::Holds));
            assert_eq!(side(0.2, false, known, draw), Some(Decision::Violated));
            assert_eq!(side(0.3, false, known, draw), None, "on the bound there is no answer");
            assert_eq!(side(0.2, true, known, |_| f64::NAN), Some(Decision::Violated));
        }
        let range = Known::Range { low: 0.0, high: 1.0 };
        assert_eq!(side(0.5, true, range, |_| 7.0), Some(Decision::Violated), "what was known of it is false");
        assert_eq!(side(1.2, false, range, coin), Some(Decision::Holds), "no mean is above the range");
        assert_eq!(side(1.2, true, range, coin), Some(Decision::Violated));
        assert_eq!(side(-0.1, true, range, coin), Some(Decision::Holds));
        let small = Known::Variance(1e-14);
        assert_eq!(side(2e-7, true, small, |stream| 3e-7 + 1e-7 * stream.normal()), Some(Decision::Holds));
    }

    #[test]
    fn bets_on_a_range_decide_too() {
        let coin = |stream: &mut Stream| if stream.uniform() < 0.3 { 1.0 } else { 0.0 };
        let known = Known::Range { low: 0.0, high: 1.0 };
        let (decision, n) = decide(0.3, known, coin);
        assert_eq!(decision, Some(Decision::Holds));
        assert!(n < 2_500, "{n} observations");
        assert_eq!(decide(0.5, known, coin).0, Some(Decision::Violated));
        assert_eq!(decide(0.05, known, coin).0, Some(Decision::Violated));
        assert_eq!(decide(1.5, known, coin).0, Some(Decision::Violated), "a mean outside the range cannot be");
    }

    #[test]
    fn what_is_never_random_is_decided_at_once_and_keeps_its_rounding() {
        let mut test = VectorTest::new(&[0.1], 0.02, &[Known::Variance(0.0)], RATES);
        assert!((0..100_000).all(|_| test.observe(&[0.1 + 1e-13]) != Some(Decision::Violated)));
        assert_eq!(decide(3.0, Known::Variance(0.0), |_| 3.0 + 1e-15), (Some(Decision::Holds), 1));
        assert_eq!(decide(3.0, Known::Variance(0.0), |_| 3.2), (Some(Decision::Violated), 1));
    }

    #[test]
    fn numbers_that_cannot_be_are_violations() {
        for never in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for known in [Known::Variance(1.0), Known::Range { low: -1.0, high: 1.0 }] {
                assert_eq!(decide(0.0, known, |_| never), (Some(Decision::Violated), 1));
            }
        }
        assert_eq!(decide(0.5, Known::Range { low: 0.0, high: 1.0 }, |_| 7.0).0, Some(Decision::Violated));
    }

    #[test]
    fn influence_stays_between_its_bounds() {
        for i in -400..=400 {
            let x = f64::from(i) / 20.0;
            let (lower, upper) = (-ln(1.0 - x + x * x / 2.0), ln(1.0 + x + x * x / 2.0));
            assert!(influence(x) >= lower - 1e-15 && influence(x) <= upper + 1e-15, "{x}");
        }
    }

    #[test]
    fn one_component_outside_violates_and_all_must_be_inside_to_hold() {
        let mut stream = Stream::of(0, "components", 0, 0);
        let known = [Known::Variance(1.0); 2];
        let mut test = VectorTest::new(&[0.0, 0.0], 0.1, &known, RATES);
        let decision = (0..100_000).find_map(|_| test.observe(&[stream.normal(), 0.5 + stream.normal()]));
        assert_eq!(decision, Some(Decision::Violated));
    }
}
