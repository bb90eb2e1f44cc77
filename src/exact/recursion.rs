//! The conditional-moment recursion: means and variances of linear-return estimators, exactly, at any horizon.
//!
//! For one parameter `k`, with `ψ = ∂ log π_t(a_t|s_t)/∂θ_k` and `δ` the temporal-difference error, a trajectory obeys
//! the backward linear recursion
//!
//! | variable | meaning | recursion | mean given s |
//! |---|---|---|---|
//! | `G` | centred return, `G_t − V_t(s_t)` | `δ + γ G'` | 0 |
//! | `Z` | sum of scores, `Σ_t η^t ψ_t` | `ψ + η Z'` | 0 |
//! | `H` | `Z G` | `ψδ + γψG' + ηδZ' + ηγH'` | `h` |
//! | `X` | reward-to-go estimator, `Σ_t κ^t (ψ_t (G_t − b_t) + c_t)` | `ψ(δ + a + γG') + c + κX'` | `x` |
//!
//! where a prime means the next step, `a = V_t(s) − b_t(s, a)` is the value's excess over the baseline and `c` a
//! correction. So `E[· | s]` and `Cov[· | s]` at time `t` follow from those at `t + 1` by the laws of total
//! expectation and covariance. Returns are centred by the value, so that a constant in the rewards costs no digit;
//! covariances are propagated, never raw second moments.
//!
//! Where `ψ = 0`, which in a table is everywhere but at a state's own few parameters, a row of all parameters is a
//! weighted sum of rows of the next step: one weight a successor, whatever the actions. The cost is
//! `O(T · successors · parameters)`.

use rayon::prelude::*;

use super::component::{Component, Components};
use super::model::Model;
use super::policy_table::PolicyTable;
use super::values::Values;
use crate::numeric::simd::Level;

/// What of the joint law is wanted, and the numbers in the table above.
pub(super) struct Request<'a> {
    /// `η`: 1 for the total return's sum of scores, `γ` for the one that goes with `γ^t ψ_t`.
    pub(super) score_discount: f64,
    /// Whether `Z` and `H` are wanted.
    pub(super) product: bool,
    /// The reward-to-go estimator, if wanted.
    pub(super) to_go: Option<ToGo<'a>>,
}

/// A reward-to-go estimator `Σ_t κ^t (ψ_t (G_t − b_t(s, a)) + c_t(s))`.
pub(super) struct ToGo<'a> {
    /// `κ`: `γ` for the gradient of the discounted objective, 1 where `γ^t` is left out.
    pub(super) step_discount: f64,
    /// `V_t(s) − b_t(s, a)`.
    pub(super) excess: &'a (dyn Fn(usize, usize, usize) -> f64 + Sync),
    /// Whether `c_t(s) = Σ_a ∇π(a|s) b_t(s, a)` is added, which makes an action-dependent baseline unbiased.
    pub(super) corrected: bool,
}

/// Joint moments of a whole trajectory, per parameter; `R = G_0` is the total return, `J` its mean.
#[derive(Clone, Debug)]
pub(super) struct TrajectoryMoments {
    /// Var R.
    pub(super) return_variance: f64,
    /// Var Z (Z has mean 0).
    pub(super) score_variance: Vec<f64>,
    /// E[Z (R − J)] = Cov(Z, R).
    pub(super) product_mean: Vec<f64>,
    /// Var[Z (R − J)].
    pub(super) product_variance: Vec<f64>,
    /// Cov(Z, Z (R − J)).
    pub(super) score_product: Vec<f64>,
    /// E X.
    pub(super) to_go_mean: Vec<f64>,
    /// Var X.
    pub(super) to_go_variance: Vec<f64>,
    /// Cov(Z, X).
    pub(super) score_to_go: Vec<f64>,
    /// Cov(Z (R − J), X).
    pub(super) product_to_go: Vec<f64>,
}

// Rows of a state: first those of the product, then those of the reward-to-go estimator, then their cross terms.
const PRODUCT_ROWS: usize = 5; // h, Var Z, Cov(G, H), Cov(Z, H), Var H
const TO_GO_ROWS: usize = 3; // x, Cov(G, X), Var X
const CROSS_ROWS: usize = 2; // Cov(Z, X), Cov(H, X)

/// Layers with fewer numbers are computed by one thread: handing them out would take longer.
const PARALLEL: usize = 1 << 13;

/// Conditional moments of every state of a component at one time.
struct Layer {
    /// Var[G | s].
    return_variance: Vec<f64>,
    /// The rows of each state, `[states][rows][parameters]`.
    rows: Vec<f64>,
}

/// Runs the recursion over every component and mixes over the first state. `tick` is called once a step.
pub(super) fn run(
    model: &Model,
    policy: &PolicyTable,
    values: &Values,
    components: &Components,
    request: &Request,
    tick: &(dyn Fn() + Sync),
) -> TrajectoryMoments {
    let d = policy.parameters();
    let mut result = TrajectoryMoments {
        return_variance: 0.0,
        score_variance: vec![0.0; d],
        product_mean: vec![0.0; d],
        product_variance: vec![0.0; d],
        score_product: vec![0.0; d],
        to_go_mean: vec![0.0; d],
        to_go_variance: vec![0.0; d],
        score_to_go: vec![0.0; d],
        product_to_go: vec![0.0; d],
    };
    for component in &components.all {
        let recursion = Recursion { model, policy, values, components, component, request };
        let layer = match (request.product, request.to_go.is_some()) {
            (true, false) => recursion.backward::<true, false>(tick),
            (false, true) => recursion.backward::<false, true>(tick),
            (true, true) => recursion.backward::<true, true>(tick),
            (false, false) => unreachable!("a request names an estimator"),
        };
        recursion.mix(&layer, &mut result);
    }
    result
}

struct Recursion<'a> {
    model: &'a Model,
    policy: &'a PolicyTable,
    values: &'a Values,
    components: &'a Components,
    component: &'a Component,
    request: &'a Request<'a>,
}

/// A successor with the weights that a row without scores needs, summed over the outcomes that lead there.
#[derive(Clone, Copy, Default)]
struct Successor {
    place: usize,
    /// Σ p.
    weight: f64,
    /// Σ p δ.
    error: f64,
    /// Σ p (δ² + Var r).
    square: f64,
}

const fn row_count(product: bool, to_go: bool) -> usize {
    let own = if product { PRODUCT_ROWS } else { 0 } + if to_go { TO_GO_ROWS } else { 0 };
    own + if product && to_go { CROSS_ROWS } else { 0 }
}

impl Recursion<'_> {
    fn backward<const PRODUCT: bool, const TO_GO: bool>(&self, tick: &(dyn Fn() + Sync)) -> Layer {
        let (states, width) = (self.component.states.len(), self.component.parameters.len());
        let row = row_count(PRODUCT, TO_GO) * width;
        let blank = || Layer { return_variance: vec![0.0; states], rows: vec![0.0; states * row] };
        let (mut now, mut next) = (blank(), blank());
        let level = Level::best();
        for t in (0..self.model.horizon).rev() {
            std::mem::swap(&mut now, &mut next);
            let Layer { return_variance, rows } = &mut now;
            let last = t + 1 == self.model.horizon;
            if states * row < PARALLEL {
                for (place, variance) in return_variance.iter_mut().enumerate() {
                    let rows = &mut rows[place * row..(place + 1) * row];
                    *variance = self.state::<PRODUCT, TO_GO>(t, place, last, &next, rows, level);
                }
            } else {
                let chunks = rows.par_chunks_mut(row).zip(return_variance.par_iter_mut());
                chunks.enumerate().for_each(|(place, (rows, variance))| {
                    *variance = self.state::<PRODUCT, TO_GO>(t, place, last, &next, rows, level);
                });
            }
            tick();
        }
        now
    }

    /// Fills the rows of one state at time `t` and returns Var[G | s].
    fn state<const PRODUCT: bool, const TO_GO: bool>(
        &self,
        t: usize,
        place: usize,
        last: bool,
        next: &Layer,
        rows: &mut [f64],
        level: Level,
    ) -> f64 {
        let s = self.component.states[place];
        let gamma = self.model.discount;
        let probabilities = self.policy.probabilities(t, self.model.observation[s]);
        let mut successors: Vec<Successor> = Vec::new();
        let mut variance = 0.0;
        let mut stopped = 0.0;
        for o in self.model.outcomes(s) {
            let p = probabilities[o.action as usize] * o.probability;
            let delta = self.values.td_error(t, s, o);
            let square = delta * delta + o.reward_variance;
            variance += p * square;
            if last || o.terminated {
                stopped += p;
                continue;
            }
            let place = self.components.state_place[o.next as usize];
            variance += p * (gamma * gamma * next.return_variance[place]);
            let known = successors.iter_mut().find(|known| known.place == place);
            let entry = match known {
                Some(entry) => entry,
                None => successors.push_mut(Successor { place, ..Successor::default() }),
            };
            entry.weight += p;
            entry.error += p * delta;
            entry.square += p * square;
        }
        let support = self.policy.support(t, self.model.observation[s]);
        let width = self.component.parameters.len();
        if support.len() < width {
            let discounts = Discounts::of(gamma, self.request);
            level.run(
                #[inline(always)]
                || unscored_rows::<PRODUCT, TO_GO>(&successors, stopped, &next.rows, width, discounts, rows),
            );
        }
        self.scored_rows::<PRODUCT, TO_GO>(t, s, last, next, rows);
        variance
    }

    /// Overwrites the entries of the parameters that have a score in state `s`.
    fn scored_rows<const PRODUCT: bool, const TO_GO: bool>(
        &self,
        t: usize,
        s: usize,
        last: bool,
        next: &Layer,
        rows: &mut [f64],
    ) {
        let observation = self.model.observation[s];
        let probabilities = self.policy.probabilities(t, observation);
        let support = self.policy.support(t, observation);
        let width = self.component.parameters.len();
        let stride = row_count(PRODUCT, TO_GO) * width;
        let discounts = Discounts::of(self.model.discount, self.request);
        let places: Vec<usize> = support.iter().map(|&k| self.components.parameter_place[k as usize]).collect();
        let excesses: Vec<f64> = (0..self.model.actions)
            .map(|a| self.request.to_go.as_ref().map_or(0.0, |to_go| (to_go.excess)(t, s, a)))
            .collect();
        let corrected = self.request.to_go.as_ref().is_some_and(|to_go| to_go.corrected);
        for (j, &k) in places.iter().enumerate() {
            let derivative = |a: usize| self.policy.derivatives(t, observation, a)[j];
            // Σ_a ∂π b = −Σ_a ∂π (V − b), because Σ_a ∂π = 0.
            let correction =
                if corrected { -(0..excesses.len()).map(|a| derivative(a) * excesses[a]).sum::<f64>() } else { 0.0 };
            let outcomes = self.model.outcomes(s).iter().filter_map(|o| {
                let a = o.action as usize;
                let weight = probabilities[a] * o.probability;
                (weight > 0.0).then(|| {
                    let after = if last || o.terminated {
                        Law::default()
                    } else {
                        let place = self.components.state_place[o.next as usize];
                        Law::read::<PRODUCT, TO_GO>(
                            next.return_variance[place],
                            &next.rows[place * stride..(place + 1) * stride],
                            width,
                            k,
                        )
                    };
                    Scored {
                        weight,
                        score: derivative(a) / probabilities[a],
                        delta: self.values.td_error(t, s, o),
                        noise: o.reward_variance,
                        excess: excesses[a],
                        correction,
                        after,
                    }
                })
            });
            let scored: Vec<Scored> = outcomes.collect();
            Law::of(&scored, discounts).write::<PRODUCT, TO_GO>(rows, width, k);
        }
    }

    /// Adds the component's share of the moments over the first state to `result`.
    fn mix(&self, layer: &Layer, result: &mut TrajectoryMoments) {
        let (product, to_go) = (self.request.product, self.request.to_go.is_some());
        let width = self.component.parameters.len();
        let stride = row_count(product, to_go) * width;
        let initial = |place: usize| self.model.initial[self.component.states[place]];
        let started: Vec<usize> = (0..self.component.states.len()).filter(|&place| initial(place) > 0.0).collect();
        let elsewhere = 1.0 - started.iter().map(|&place| initial(place)).sum::<f64>();
        for &place in &started {
            let excess = self.values.initial_excess(self.component.states[place]);
            result.return_variance += initial(place) * (layer.return_variance[place] + excess * excess);
        }
        for (k, &parameter) in self.component.parameters.iter().enumerate() {
            let laws: Vec<(f64, f64, Law)> = started
                .iter()
                .map(|&place| {
                    let rows = &layer.rows[place * stride..(place + 1) * stride];
                    let variance = layer.return_variance[place];
                    let law = match (product, to_go) {
                        (true, true) => Law::read::<true, true>(variance, rows, width, k),
                        (true, false) => Law::read::<true, false>(variance, rows, width, k),
                        _ => Law::read::<false, true>(variance, rows, width, k),
                    };
                    (initial(place), self.values.initial_excess(self.component.states[place]), law)
                })
                .collect();
            let mean = |of: fn(&Law) -> f64| laws.iter().map(|(p, _, law)| p * of(law)).sum::<f64>();
            let (h, x) = (mean(|law| law.h), mean(|law| law.x));
            // The other components contribute the value 0 with the rest of the probability.
            let (mut hh, mut xx, mut hx) = (elsewhere * h * h, elsewhere * x * x, elsewhere * h * x);
            let (mut zz, mut zh, mut zx) = (0.0, 0.0, 0.0);
            for (p, excess, law) in &laws {
                // Z (R − J) = H + Z (V_0(s_0) − J).
                zz += p * law.zz;
                zh += p * (law.zh + excess * law.zz);
                zx += p * law.zx;
                hh += p * (law.hh + 2.0 * excess * law.zh + excess * excess * law.zz + (law.h - h) * (law.h - h));
                xx += p * (law.xx + (law.x - x) * (law.x - x));
                hx += p * (law.hx + excess * law.zx + (law.h - h) * (law.x - x));
            }
            result.score_variance[parameter] = zz;
            result.product_mean[parameter] = h;
            // Where terms cancel, rounding must not leave a negative variance.
            result.product_variance[parameter] = not_negative(hh);
            result.score_product[parameter] = zh;
            result.to_go_mean[parameter] = x;
            result.to_go_variance[parameter] = not_negative(xx);
            result.score_to_go[parameter] = zx;
            result.product_to_go[parameter] = hx;
        }
    }
}

/// `x`, or zero where rounding made it negative; an undefined number stays one.
pub(super) fn not_negative(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

/// `γ`, `η` and `κ`.
#[derive(Clone, Copy)]
struct Discounts {
    gamma: f64,
    eta: f64,
    kappa: f64,
}

impl Discounts {
    fn of(gamma: f64, request: &Request) -> Self {
        let kappa = request.to_go.as_ref().map_or(0.0, |to_go| to_go.step_discount);
        Self { gamma, eta: request.score_discount, kappa }
    }
}

/// The conditional joint law, to second order, of `(G, Z, H, X)` for one parameter. `Cov(G, Z) = h`.
#[derive(Clone, Copy, Default)]
struct Law {
    gg: f64,
    h: f64,
    zz: f64,
    gh: f64,
    zh: f64,
    hh: f64,
    x: f64,
    gx: f64,
    xx: f64,
    zx: f64,
    hx: f64,
}

/// One outcome with what follows it, for one parameter that has a score here.
struct Scored {
    weight: f64,
    score: f64,
    delta: f64,
    noise: f64,
    excess: f64,
    correction: f64,
    after: Law,
}

impl Scored {
    fn product_mean(&self, d: Discounts) -> f64 {
        self.score * self.delta + d.eta * d.gamma * self.after.h
    }

    fn to_go_mean(&self, d: Discounts) -> f64 {
        self.score * (self.delta + self.excess) + self.correction + d.kappa * self.after.x
    }
}

impl Law {
    fn read<const PRODUCT: bool, const TO_GO: bool>(gg: f64, rows: &[f64], width: usize, k: usize) -> Self {
        let at = |row: usize| rows[row * width + k];
        let mut law = Self { gg, ..Self::default() };
        if PRODUCT {
            (law.h, law.zz, law.gh, law.zh, law.hh) = (at(0), at(1), at(2), at(3), at(4));
        }
        if TO_GO {
            let base = if PRODUCT { PRODUCT_ROWS } else { 0 };
            (law.x, law.gx, law.xx) = (at(base), at(base + 1), at(base + 2));
        }
        if PRODUCT && TO_GO {
            (law.zx, law.hx) = (at(PRODUCT_ROWS + TO_GO_ROWS), at(PRODUCT_ROWS + TO_GO_ROWS + 1));
        }
        law
    }

    fn write<const PRODUCT: bool, const TO_GO: bool>(self, rows: &mut [f64], width: usize, k: usize) {
        let mut put = |row: usize, value: f64| rows[row * width + k] = value;
        if PRODUCT {
            [self.h, self.zz, self.gh, self.zh, self.hh].into_iter().enumerate().for_each(|(row, v)| put(row, v));
        }
        if TO_GO {
            let base = if PRODUCT { PRODUCT_ROWS } else { 0 };
            [self.x, self.gx, self.xx].into_iter().enumerate().for_each(|(row, v)| put(base + row, v));
        }
        if PRODUCT && TO_GO {
            put(PRODUCT_ROWS + TO_GO_ROWS, self.zx);
            put(PRODUCT_ROWS + TO_GO_ROWS + 1, self.hx);
        }
    }

    /// The law at a state from its outcomes: conditional covariances of the table's recursions plus the covariance of
    /// the conditional means. `gg` is left at zero: it does not depend on the parameter.
    fn of(outcomes: &[Scored], d: Discounts) -> Self {
        let Discounts { gamma, eta, kappa } = d;
        let h = outcomes.iter().map(|o| o.weight * o.product_mean(d)).sum::<f64>();
        let x = outcomes.iter().map(|o| o.weight * o.to_go_mean(d)).sum::<f64>();
        let mut law = Self { h, x, ..Self::default() };
        for o in outcomes {
            let (psi, delta, noise, after) = (o.score, o.delta, o.noise, &o.after);
            let (off_h, off_x) = (o.product_mean(d) - h, o.to_go_mean(d) - x);
            // Covariances of the next step's variables with ψG' (in H and X), given the outcome.
            let (psi_gg, psi_h) = (gamma * psi * after.gg, gamma * psi * after.h);
            law.zz += o.weight * (eta * eta * after.zz + psi * psi);
            law.gh += o.weight
                * (gamma * (psi_gg + eta * delta * after.h + eta * gamma * after.gh) + noise * psi + delta * off_h);
            law.zh += o.weight * (eta * (psi_h + eta * delta * after.zz + eta * gamma * after.zh) + psi * off_h);
            law.hh += o.weight
                * (gamma * psi * psi_gg
                    + eta * eta * ((delta * delta + noise) * after.zz + gamma * gamma * after.hh)
                    + 2.0 * eta * (delta * psi_h + gamma * (gamma * psi * after.gh + eta * delta * after.zh))
                    + noise * psi * psi
                    + off_h * off_h);
            law.gx += o.weight * (gamma * (psi_gg + kappa * after.gx) + noise * psi + delta * off_x);
            law.xx += o.weight
                * (psi * (gamma * psi_gg + 2.0 * gamma * kappa * after.gx)
                    + kappa * kappa * after.xx
                    + noise * psi * psi
                    + off_x * off_x);
            law.zx += o.weight * (eta * (psi_h + kappa * after.zx) + psi * off_x);
            law.hx += o.weight
                * (gamma * psi * (psi_gg + kappa * after.gx)
                    + eta * delta * (psi_h + kappa * after.zx)
                    + eta * gamma * (gamma * psi * after.gh + kappa * after.hx)
                    + noise * psi * psi
                    + off_h * off_x);
        }
        law
    }
}

/// The rows of all parameters without a score here: [`Law::of`] at `ψ = 0`, for whole rows at once.
#[inline(always)]
fn unscored_rows<const PRODUCT: bool, const TO_GO: bool>(
    successors: &[Successor],
    stopped: f64,
    next: &[f64],
    width: usize,
    discounts: Discounts,
    rows: &mut [f64],
) {
    let Discounts { gamma, eta, kappa } = discounts;
    let stride = row_count(PRODUCT, TO_GO) * width;
    let x_row = if PRODUCT { PRODUCT_ROWS } else { 0 };
    rows.fill(0.0);
    for successor in successors {
        let after = &next[successor.place * stride..(successor.place + 1) * stride];
        if PRODUCT {
            add_scaled(&mut rows[..width], &after[..width], successor.weight * eta * gamma);
        }
        if TO_GO {
            let range = x_row * width..(x_row + 1) * width;
            add_scaled(&mut rows[range.clone()], &after[range], successor.weight * kappa);
        }
    }
    for successor in successors {
        let after = &next[successor.place * stride..(successor.place + 1) * stride];
        if PRODUCT {
            product_rows(
                &mut rows[..PRODUCT_ROWS * width],
                &after[..PRODUCT_ROWS * width],
                width,
                successor,
                gamma,
                eta,
            );
        }
        if TO_GO {
            let range = x_row * width..(x_row + TO_GO_ROWS) * width;
            to_go_rows(&mut rows[range.clone()], &after[range], width, successor, gamma, kappa);
        }
        if PRODUCT && TO_GO {
            cross_rows(rows, after, width, successor, discounts);
        }
    }
    // Outcomes without a next step have conditional mean 0 for these parameters.
    if stopped > 0.0 {
        for k in 0..width {
            if PRODUCT {
                let h = rows[k];
                rows[4 * width + k] += stopped * h * h;
            }
            if TO_GO {
                let x = rows[x_row * width + k];
                rows[(x_row + 2) * width + k] += stopped * x * x;
            }
            if PRODUCT && TO_GO {
                let (h, x) = (rows[k], rows[x_row * width + k]);
                rows[(x_row + TO_GO_ROWS + 1) * width + k] += stopped * h * x;
            }
        }
    }
}

#[inline(always)]
fn add_scaled(out: &mut [f64], row: &[f64], factor: f64) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += factor * value;
    }
}

#[inline(always)]
fn split<const N: usize>(rows: &[f64], width: usize) -> [&[f64]; N] {
    std::array::from_fn(|i| &rows[i * width..(i + 1) * width])
}

#[inline(always)]
fn product_rows(out: &mut [f64], after: &[f64], width: usize, successor: &Successor, gamma: f64, eta: f64) {
    let &Successor { weight, error, square, .. } = successor;
    let [h_after, zz_after, gh_after, zh_after, hh_after] = split::<5>(after, width);
    let (h, out) = out.split_at_mut(width);
    let (zz, out) = out.split_at_mut(width);
    let (gh, out) = out.split_at_mut(width);
    let (zh, hh) = out.split_at_mut(width);
    let hh = &mut hh[..width];
    for k in 0..width {
        let (h_next, zz_next, gh_next, zh_next) = (h_after[k], zz_after[k], gh_after[k], zh_after[k]);
        let off = eta * gamma * h_next - h[k];
        zz[k] += eta * eta * weight * zz_next;
        gh[k] += eta * gamma * (2.0 * error * h_next + gamma * weight * gh_next);
        zh[k] += eta * eta * (error * zz_next + gamma * weight * zh_next);
        hh[k] += eta * eta * (square * zz_next + gamma * (gamma * weight * hh_after[k] + 2.0 * error * zh_next))
            + weight * off * off;
    }
}

#[inline(always)]
fn to_go_rows(out: &mut [f64], after: &[f64], width: usize, successor: &Successor, gamma: f64, kappa: f64) {
    let &Successor { weight, error, .. } = successor;
    let [x_after, gx_after, xx_after] = split::<3>(after, width);
    let (x, out) = out.split_at_mut(width);
    let (gx, xx) = out.split_at_mut(width);
    let xx = &mut xx[..width];
    for k in 0..width {
        let x_next = x_after[k];
        let off = kappa * x_next - x[k];
        gx[k] += kappa * (gamma * weight * gx_after[k] + error * x_next);
        xx[k] += weight * (kappa * kappa * xx_after[k] + off * off);
    }
}

#[inline(always)]
fn cross_rows(rows: &mut [f64], after: &[f64], width: usize, successor: &Successor, discounts: Discounts) {
    let &Successor { weight, error, .. } = successor;
    let Discounts { gamma, eta, kappa } = discounts;
    let first = (PRODUCT_ROWS + TO_GO_ROWS) * width;
    let (own, cross) = rows.split_at_mut(first);
    let (zx, hx) = cross.split_at_mut(width);
    let (h, x) = (&own[..width], &own[PRODUCT_ROWS * width..(PRODUCT_ROWS + 1) * width]);
    let (h_after, x_after) = (&after[..width], &after[PRODUCT_ROWS * width..(PRODUCT_ROWS + 1) * width]);
    let [zx_after, hx_after] = split::<2>(&after[first..], width);
    for k in 0..width {
        zx[k] += eta * kappa * weight * zx_after[k];
        hx[k] += eta * kappa * (error * zx_after[k] + gamma * weight * hx_after[k])
            + weight * (eta * gamma * h_after[k] - h[k]) * (kappa * x_after[k] - x[k]);
    }
}
