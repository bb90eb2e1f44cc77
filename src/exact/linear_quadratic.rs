//! Closed forms for a Gaussian policy in a linear-Gaussian system: the objective and its gradient by propagating second
//! moments forward and costs backward, the variance of reward-to-go by Isserlis, and the optimum by Riccati.

use rayon::prelude::*;
use thiserror::Error;

use super::form::EstimatorMoments;
use super::isserlis::{End, Factor, Term, terms};
use crate::environment::LinearGaussian;
use crate::numeric::{Eigen, Matrix, dot, power, sum};
use crate::policy::GaussianPolicy;

/// Why there is no closed form.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LinearQuadraticError {
    /// The policy does not fit the system.
    #[error(
        "the policy has {states} state variables and {actions} actions, the system {system_states} and {system_actions}"
    )]
    Shape {
        /// State variables of the policy.
        states: usize,
        /// Actions of the policy.
        actions: usize,
        /// State variables of the system.
        system_states: usize,
        /// Actions of the system.
        system_actions: usize,
    },
    /// A squashed policy, under which states are not Gaussian.
    #[error(
        "actions squashed by tanh leave the Gaussian family: there is no closed form; sample, or integrate one step"
    )]
    Squashed,
    /// Unstable dynamics.
    #[error(
        "the second moments of the state overflow at time {time}: the closed loop A + BK is unstable; shorten the horizon or change the gain"
    )]
    Overflow {
        /// The time, from 0.
        time: usize,
    },
}

/// Exact answers about one Gaussian policy in one linear-Gaussian system.
#[derive(Clone, Debug)]
pub struct LinearQuadratic {
    system: LinearGaussian,
    policy: GaussianPolicy,
    /// `K`.
    gain: Matrix,
    /// `L`, with the actions' covariance `S = L Lᵀ`.
    factor: Matrix,
    /// `E[s_t s_tᵀ]`.
    moments: Vec<Matrix>,
    /// `H_t = C + γ (A B)ᵀ P_{t+1} (A B)`, the cost of a state and action from `t` on.
    costs: Vec<Matrix>,
    /// `V_0(s) = −sᵀ P_0 s − p_0`.
    first_cost: (Matrix, f64),
}

/// The best time-indexed linear controls, and what they reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// `K*_t`, `[m × n]` for each step: the action is `K*_t s_t`, without noise.
    pub gains: Vec<Matrix>,
    /// `M_t`, `[m × m]` for each step: an action that is off by `d` costs `dᵀ M_t d` of the return from there on, so that the return
    /// of any policy falls short by the mean of `Σ_t γ^t d_tᵀ M_t d_t` (Kakade & Langford 2002, lemma 6.1).
    pub curvatures: Vec<Matrix>,
    /// The largest expected return of any policy.
    pub objective: f64,
}

fn stacked(upper: &Matrix, lower: &Matrix) -> Matrix {
    let n = upper.rows();
    Matrix::from_fn(n + lower.rows(), upper.columns(), |i, j| if i < n { upper[(i, j)] } else { lower[(i - n, j)] })
}

fn beside(left: &Matrix, right: &Matrix) -> Matrix {
    let n = left.columns();
    Matrix::from_fn(left.rows(), n + right.columns(), |i, j| if j < n { left[(i, j)] } else { right[(i, j - n)] })
}

fn block(matrix: &Matrix, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Matrix {
    Matrix::from_fn(rows.len(), columns.len(), |i, j| matrix[(rows.start + i, columns.start + j)])
}

/// `tr(A B)` of symmetric matrices.
fn trace_of_product(a: &Matrix, b: &Matrix) -> f64 {
    sum((0..a.rows()).flat_map(|i| a.row(i).iter().zip(b.row(i)).map(|(x, y)| x * y)))
}

/// `C + γ (A B)ᵀ P (A B)`.
fn joint_cost(system: &LinearGaussian, next: &Matrix) -> Matrix {
    let step = beside(system.dynamics(), system.input());
    system.cost().plus(system.discount(), &step.transpose().product(&next.product(&step)))
}

/// `E[s_0 s_0ᵀ]`.
fn first_moment(system: &LinearGaussian) -> Matrix {
    let mean = system.start_mean();
    Matrix::from_fn(mean.len(), mean.len(), |i, j| system.start_covariance()[(i, j)] + mean[i] * mean[j])
}

impl LinearQuadratic {
    /// The closed forms of `policy` in `system`.
    ///
    /// # Errors
    /// [`LinearQuadraticError`] if the policy does not fit, is squashed, or the states overflow.
    pub fn new(system: &LinearGaussian, policy: &GaussianPolicy) -> Result<Self, LinearQuadraticError> {
        let (n, m) = (system.states(), system.actions());
        if (policy.states(), policy.actions()) != (n, m) {
            return Err(LinearQuadraticError::Shape {
                states: policy.states(),
                actions: policy.actions(),
                system_states: n,
                system_actions: m,
            });
        }
        if policy.is_squashed() {
            return Err(LinearQuadraticError::Squashed);
        }
        let gain = Matrix::from_fn(m, n, |i, j| policy.parameters()[i * n + j]);
        let entries = policy.factor();
        let factor = Matrix::from_fn(m, m, |i, j| entries[i * m + j]);
        let spread = factor.product(&factor.transpose());
        let closed = stacked(&Matrix::identity(n), &gain);
        let step = beside(system.dynamics(), system.input());
        let mut moments = vec![first_moment(system)];
        for time in 1..system.horizon() {
            let joint = joint_moment(&closed, &moments[time - 1], &spread);
            let next = step.product(&joint.product(&step.transpose())).plus(1.0, system.noise());
            if !next.is_finite() {
                return Err(LinearQuadraticError::Overflow { time });
            }
            moments.push(next);
        }
        let mut costs = Vec::with_capacity(system.horizon());
        let (mut next, mut constant) = (Matrix::zeros(n, n), 0.0);
        for time in (0..system.horizon()).rev() {
            let cost = joint_cost(system, &next);
            let action = block(&cost, n..n + m, n..n + m);
            constant = trace_of_product(&action, &spread)
                + system.discount() * (trace_of_product(&next, system.noise()) + constant);
            next = closed.transpose().product(&cost.product(&closed));
            if !next.is_finite() || !constant.is_finite() {
                return Err(LinearQuadraticError::Overflow { time });
            }
            costs.push(cost);
        }
        costs.reverse();
        let (system, policy) = (system.clone(), policy.clone());
        Ok(Self { system, policy, gain, factor, moments, costs, first_cost: (next, constant) })
    }

    /// `J`, by propagating second moments forward: `−Σ_t γ^t tr(C E[x_t x_tᵀ])` with `x = (s, a)`.
    pub fn objective(&self) -> f64 {
        let closed = stacked(&Matrix::identity(self.system.states()), &self.gain);
        let spread = self.factor.product(&self.factor.transpose());
        let step = |(t, moment): (usize, &Matrix)| {
            let joint = joint_moment(&closed, moment, &spread);
            -power(self.system.discount(), t) * trace_of_product(self.system.cost(), &joint)
        };
        sum(self.moments.iter().enumerate().map(step))
    }

    /// `V_0(s)`, the expected return from a first state, by propagating costs backward.
    pub fn value(&self, state: &[f64]) -> f64 {
        -dot(&self.first_cost.0.times(state), state) - self.first_cost.1
    }

    /// `∇J` in the order of the policy's parameters: `−2 Σ_t γ^t (H_aa K + H_as) E[s_t s_tᵀ]` for the gain and
    /// `−2 Σ_t γ^t H_aa L` for the factor, whose diagonal is parametrised by its logarithm (Fazel et al. 2018, lemma 1, here
    /// with a finite horizon and noise).
    pub fn gradient(&self) -> Vec<f64> {
        let (n, m) = (self.system.states(), self.system.actions());
        let mut gradient = vec![0.0; self.policy.parameters().len()];
        for (t, (cost, moment)) in self.costs.iter().zip(&self.moments).enumerate() {
            let weight = -2.0 * power(self.system.discount(), t);
            let action = block(cost, n..n + m, n..n + m);
            let by_gain = action.product(&self.gain).plus(1.0, &block(cost, n..n + m, 0..n)).product(moment);
            let by_factor = action.product(&self.factor);
            for i in 0..m {
                for j in 0..n {
                    gradient[i * n + j] += weight * by_gain[(i, j)];
                }
                for j in 0..=i {
                    if let Some(k) = self.policy.factor_parameter(i, j) {
                        let chain = if i == j { self.factor[(i, i)] } else { 1.0 };
                        gradient[k] += weight * by_factor[(i, j)] * chain;
                    }
                }
            }
        }
        gradient
    }

    /// The best controls and what they reach: Riccati's recursion backward from the last step. Where several actions
    /// cost nothing the one of least length is taken.
    pub fn optimum(system: &LinearGaussian) -> Optimum {
        let (n, m) = (system.states(), system.actions());
        let (mut next, mut constant) = (Matrix::zeros(n, n), 0.0);
        let mut gains = Vec::with_capacity(system.horizon());
        let mut curvatures = Vec::with_capacity(system.horizon());
        for _ in 0..system.horizon() {
            let cost = joint_cost(system, &next);
            let cross = block(&cost, n..n + m, 0..n);
            let inverse = Eigen::of(&block(&cost, n..n + m, n..n + m));
            let columns: Vec<Vec<f64>> =
                (0..n).map(|j| inverse.pseudo_solve(&(0..m).map(|i| -cross[(i, j)]).collect::<Vec<f64>>())).collect();
            let gain = Matrix::from_fn(m, n, |i, j| columns[j][i]);
            constant = system.discount() * (trace_of_product(&next, system.noise()) + constant);
            next = block(&cost, 0..n, 0..n).plus(1.0, &cross.transpose().product(&gain));
            next = Matrix::from_fn(n, n, |i, j| 0.5 * (next[(i, j)] + next[(j, i)]));
            gains.push(gain);
            curvatures.push(block(&cost, n..n + m, n..n + m));
        }
        gains.reverse();
        curvatures.reverse();
        Optimum { gains, curvatures, objective: -trace_of_product(&next, &first_moment(system)) - constant }
    }

    /// Exact mean and variance of `Σ_t γ^t ψ_t (G_t − b)` with a constant baseline `b`, for one trajectory.
    ///
    /// Scores are products of two linear forms of the noise, less a constant, and returns are quadratic forms: so moments
    /// are sums over pairings ([Isserlis](https://en.wikipedia.org/wiki/Isserlis%27_theorem)), with products of the returns'
    /// matrices by passes over time. `O(T³ (n+m)² d)` operations at worst; no sample.
    pub fn reward_to_go(&self, baseline: f64) -> EstimatorMoments {
        Moments::of(self, baseline).all()
    }
}

/// `E[x xᵀ]` of `x = (s, K s + L ε)`.
fn joint_moment(closed: &Matrix, moment: &Matrix, spread: &Matrix) -> Matrix {
    let n = moment.rows();
    let joint = closed.product(&moment.product(&closed.transpose()));
    Matrix::from_fn(joint.rows(), joint.rows(), |i, j| {
        joint[(i, j)] + if i >= n && j >= n { spread[(i - n, j - n)] } else { 0.0 }
    })
}

/// A linear form of `(z, 1)`: its coefficients on the standard normals, and the constant.
#[derive(Clone, Debug)]
struct Linear {
    normals: Vec<f64>,
    constant: f64,
}

/// A component of the score at a time: `scale` times the product of two linear forms less a number.
#[derive(Clone, Copy, Debug)]
struct Product {
    u: usize,
    v: usize,
    less: f64,
    scale: f64,
}

/// The moments of one estimator. The standard normals are those of the first state, then of the action and the noise of
/// each step.
struct Moments<'a> {
    of: &'a LinearQuadratic,
    baseline: f64,
    start: Matrix,
    noise: Matrix,
    /// `(A B)ᵀ`, `Kᵀ`, `Lᵀ`, for passes backward.
    back: (Matrix, Matrix, Matrix),
    /// The linear forms at each time: rows of `L⁻ᵀ ε`, then `ε`, then `s`.
    forms: Vec<Vec<Linear>>,
    products: Vec<Product>,
    /// `tr(M_t)` and `tr(M_t M_u)`.
    traces: Vec<f64>,
    pair_traces: Vec<Vec<f64>>,
    /// The terms for zero, two or four linear forms with zero, one or two quadratic ones.
    terms: [[Vec<Term>; 3]; 3],
}

impl<'a> Moments<'a> {
    fn of(of: &'a LinearQuadratic, baseline: f64) -> Self {
        let (system, policy) = (&of.system, &of.policy);
        let (n, m) = (system.states(), system.actions());
        let root = |matrix: &Matrix| matrix.cholesky().unwrap_or_else(|| Matrix::zeros(n, n)); // checked by the system
        let with_mean = system.start_mean().iter().any(|x| *x != 0.0);
        let inverse = policy.inverse_transposed();
        let gains = (0..m * n).map(|k| Product { u: k / n, v: 2 * m + k % n, less: 0.0, scale: 1.0 });
        let mut products: Vec<Product> = gains.collect();
        products.resize(policy.parameters().len(), Product { u: 0, v: 0, less: 0.0, scale: 1.0 });
        for i in 0..m {
            for j in 0..=i {
                if let Some(k) = policy.factor_parameter(i, j) {
                    // The diagonal is parametrised by its logarithm.
                    let scale = if i == j { of.factor[(i, i)] } else { 1.0 };
                    products[k] = Product { u: i, v: m + j, less: inverse[i * m + j], scale };
                }
            }
        }
        let step = beside(system.dynamics(), system.input());
        let mut moments = Self {
            of,
            baseline,
            start: root(system.start_covariance()),
            noise: root(system.noise()),
            back: (step.transpose(), of.gain.transpose(), of.factor.transpose()),
            forms: Vec::new(),
            products,
            traces: Vec::new(),
            pair_traces: Vec::new(),
            terms: [0, 2, 4].map(|vectors| [0, 1, 2].map(|matrices| terms(vectors, matrices, with_mean))),
        };
        moments.forms = (0..system.horizon()).map(|t| moments.forms_at(t, &inverse)).collect();
        moments.trace();
        moments
    }

    fn normals(&self) -> usize {
        let (n, m) = (self.of.system.states(), self.of.system.actions());
        n + self.of.system.horizon() * (n + m)
    }

    /// The place of the action's normals at time `t`; those of the noise follow.
    fn place(&self, t: usize) -> usize {
        let (n, m) = (self.of.system.states(), self.of.system.actions());
        n + t * (n + m)
    }

    fn forms_at(&self, t: usize, inverse: &[f64]) -> Vec<Linear> {
        let (n, m) = (self.of.system.states(), self.of.system.actions());
        let at_action = |weights: &dyn Fn(usize) -> f64| {
            let mut normals = vec![0.0; self.normals()];
            (0..m).for_each(|k| normals[self.place(t) + k] = weights(k));
            Linear { normals, constant: 0.0 }
        };
        let pulls = (0..m).map(|i| at_action(&|k| inverse[i * m + k]));
        let own = (0..m).map(|j| at_action(&|k| f64::from(u8::from(k == j))));
        let states = (0..n).map(|j| {
            let unit: Vec<f64> = (0..n).map(|k| f64::from(u8::from(k == j))).collect();
            self.backward(t, &unit, |_| None)
        });
        pulls.chain(own).chain(states).collect()
    }

    /// The linear form `Σ_k λ_k s_{t,k} + Σ_{τ<t} y_τ·x_τ`, with `x = (s, a)`, by a pass backward.
    fn backward(&self, t: usize, unit: &[f64], mut y: impl FnMut(usize) -> Option<Vec<f64>>) -> Linear {
        let (n, m) = (self.of.system.states(), self.of.system.actions());
        let (step, gain, factor) = &self.back;
        let mut normals = vec![0.0; self.normals()];
        let mut costate = unit.to_vec();
        for tau in (0..t).rev() {
            let place = self.place(tau);
            let noise = self.noise.transpose_times(&costate);
            normals[place + m..place + m + n].copy_from_slice(&noise);
            let mut joint = step.times(&costate);
            if let Some(y) = y(tau) {
                joint.iter_mut().zip(y).for_each(|(x, y)| *x += y);
            }
            normals[place..place + m].copy_from_slice(&factor.times(&joint[n..]));
            let through = gain.times(&joint[n..]);
            costate = joint[..n].iter().zip(through).map(|(x, y)| x + y).collect();
        }
        normals[..n].copy_from_slice(&self.start.transpose_times(&costate));
        Linear { normals, constant: dot(self.of.system.start_mean(), &costate) }
    }

    /// `x_τ = (s_τ, a_τ)` along the path that a vector `(z, c)` makes.
    fn forward(&self, normals: &[f64], constant: f64) -> Vec<Vec<f64>> {
        let system = &self.of.system;
        let (n, m) = (system.states(), system.actions());
        let mut state = self.start.times(&normals[..n]);
        state.iter_mut().zip(system.start_mean()).for_each(|(s, mean)| *s += constant * mean);
        let mut path = Vec::with_capacity(system.horizon());
        for t in 0..system.horizon() {
            let place = self.place(t);
            let mut action = self.of.gain.times(&state);
            let own = self.of.factor.times(&normals[place..place + m]);
            action.iter_mut().zip(own).for_each(|(a, x)| *a += x);
            let noise = self.noise.times(&normals[place + m..place + m + n]);
            let next = system.next_state(&state, &action, &noise);
            path.push(state.iter().chain(&action).copied().collect());
            state = next;
        }
        path
    }

    /// `M_t (z, c)` for the matrix of the return `γ^t G_t = (z, 1)ᵀ M_t (z, 1)`.
    fn apply(&self, t: usize, normals: &[f64], constant: f64) -> Linear {
        let system = &self.of.system;
        let path = self.forward(normals, constant);
        let zero = vec![0.0; system.states()];
        self.backward(system.horizon(), &zero, |tau| {
            (tau >= t).then(|| {
                let weight = -power(system.discount(), tau);
                system.cost().times(&path[tau]).iter().map(|x| weight * x).collect()
            })
        })
    }

    /// Fills the traces from the covariances of `x_τ` and `x_u`.
    fn trace(&mut self) {
        let system = &self.of.system;
        let (n, horizon) = (system.states(), system.horizon());
        let spread = self.of.factor.product(&self.of.factor.transpose());
        let closed = stacked(&Matrix::identity(n), &self.of.gain);
        let step = beside(system.dynamics(), system.input());
        let loop_step = step.product(&closed);
        let mut covariance = system.start_covariance().clone();
        let mut single = vec![0.0; horizon];
        let mut pairs = vec![vec![0.0; horizon]; horizon];
        for t in 0..horizon {
            let joint = joint_moment(&closed, &covariance, &spread);
            single[t] = -power(system.discount(), t) * trace_of_product(system.cost(), &joint);
            // Cov(s_u, x_t) for u > t, then Cov(x_u, x_t).
            let mut ahead = step.product(&joint);
            for u in t..horizon {
                let cross = if u == t { joint.clone() } else { closed.product(&ahead) };
                if u > t {
                    ahead = loop_step.product(&ahead);
                }
                // tr(C X C Xᵀ).
                let image = system.cost().product(&cross).product(system.cost());
                let both = power(system.discount(), t) * power(system.discount(), u);
                pairs[t][u] = both * trace_of_product(&image, &cross);
                pairs[u][t] = pairs[t][u];
            }
            covariance = step.product(&joint.product(&step.transpose())).plus(1.0, system.noise());
        }
        for t in (0..horizon.saturating_sub(1)).rev() {
            single[t] += single[t + 1];
            for u in 0..horizon {
                pairs[t][u] += pairs[t + 1][u];
            }
        }
        for row in &mut pairs {
            for u in (0..horizon.saturating_sub(1)).rev() {
                row[u] += row[u + 1];
            }
        }
        (self.traces, self.pair_traces) = (single, pairs);
    }

    fn all(&self) -> EstimatorMoments {
        let horizon = self.of.system.horizon();
        let pairs: Vec<(usize, usize)> = (0..horizon).flat_map(|t| (t..horizon).map(move |u| (t, u))).collect();
        let parts: Vec<(Vec<f64>, Vec<f64>)> = pairs.par_iter().map(|&(t, u)| self.pair(t, u)).collect();
        let d = self.products.len();
        let (mut mean, mut square) = (vec![0.0; d], vec![0.0; d]);
        for (&(t, u), (first, second)) in pairs.iter().zip(&parts) {
            for k in 0..d {
                if t == u {
                    mean[k] += first[k];
                }
                square[k] += if t == u { second[k] } else { 2.0 * second[k] };
            }
        }
        let variance = square.iter().zip(&mean).map(|(s, m)| (s - m * m).max(0.0)).collect();
        EstimatorMoments { mean, variance, batch: 1 }
    }

    /// The mean of the term at `t`, and the mean of the product of those at `t` and `u`, for each parameter.
    fn pair(&self, t: usize, u: usize) -> (Vec<f64>, Vec<f64>) {
        let table = Table::of(self, t, u);
        let width = self.forms[t].len();
        let gamma = self.of.system.discount();
        let baselines = [power(gamma, t) * self.baseline, power(gamma, u) * self.baseline];
        let component = |product: &Product| {
            let (x, y) = ([product.u, product.v], [width + product.u, width + product.v]);
            // Expands (uv − c)(Q − b)… over which factors are kept.
            let moment = |vectors: &[usize], matrices: &[usize]| table.moment(self, vectors, matrices);
            let mean =
                moment(&x, &[0]) - baselines[0] * moment(&x, &[]) - product.less * (moment(&[], &[0]) - baselines[0]);
            let mut square = 0.0;
            for kept in 0..16 {
                let has = |bit: usize| kept >> bit & 1 == 1;
                let mut weight = 1.0;
                let (mut vectors, mut matrices) = (Vec::with_capacity(4), Vec::with_capacity(2));
                for (bit, pair) in [x, y].iter().enumerate() {
                    if has(bit) { vectors.extend(pair) } else { weight *= -product.less }
                }
                for (bit, baseline) in baselines.iter().enumerate() {
                    if has(2 + bit) { matrices.push(bit) } else { weight *= -baseline }
                }
                if weight != 0.0 {
                    square += weight * moment(&vectors, &matrices);
                }
            }
            (product.scale * mean, product.scale * product.scale * square)
        };
        self.products.iter().map(component).unzip()
    }
}

/// Every chain and loop that the terms for times `t` and `u` need.
struct Table {
    size: usize,
    /// `xᵀ y` and, in the last column, the constant of `x`.
    plain: Vec<f64>,
    /// `xᵀ M_a y` with the mean as last row and column, for both matrices.
    one: [Vec<f64>; 2],
    /// `(M_0 x)ᵀ (M_1 y)`.
    two: Vec<f64>,
    traces: [f64; 2],
    pair_trace: f64,
}

impl Table {
    fn of(moments: &Moments, t: usize, u: usize) -> Self {
        let forms: Vec<&Linear> = moments.forms[t].iter().chain(&moments.forms[u]).collect();
        let size = forms.len() + 1;
        let nothing = vec![0.0; moments.normals()];
        let images = |time: usize| -> Vec<Linear> {
            let own = forms.iter().map(|form| moments.apply(time, &form.normals, 0.0));
            own.chain(std::iter::once_with(|| moments.apply(time, &nothing, 1.0))).collect()
        };
        let images = [images(t), images(u)];
        let (mut plain, mut two) = (vec![0.0; size * size], vec![0.0; size * size]);
        let mut one = [vec![0.0; size * size], vec![0.0; size * size]];
        for i in 0..size {
            for j in 0..size {
                let k = i * size + j;
                if let Some(x) = forms.get(i) {
                    plain[k] = forms.get(j).map_or(x.constant, |y| dot(&x.normals, &y.normals));
                }
                for a in 0..2 {
                    let image = &images[a][j];
                    one[a][k] = forms.get(i).map_or(image.constant, |x| dot(&x.normals, &image.normals));
                }
                two[k] = dot(&images[0][i].normals, &images[1][j].normals);
            }
        }
        let traces = [moments.traces[t], moments.traces[u]];
        Self { size, plain, one, two, traces, pair_trace: moments.pair_traces[t][u] }
    }

    /// The moment of the linear forms and quadratic forms with the given places.
    fn moment(&self, moments: &Moments, vectors: &[usize], matrices: &[usize]) -> f64 {
        let place = |end: &End| match end {
            End::Vector(v) => vectors[*v],
            End::Mean => self.size - 1,
        };
        let value = |factor: &Factor| match factor {
            Factor::Chain(x, via, y) => {
                let (x, y) = (place(x), place(y));
                match via[..] {
                    [] => self.plain[x * self.size + y],
                    [a] => self.one[matrices[a]][x * self.size + y],
                    // The chain begins with the matrix next to x.
                    [a, _] if matrices[a] == 0 => self.two[x * self.size + y],
                    _ => self.two[y * self.size + x],
                }
            }
            Factor::Loop(via) => match via[..] {
                [a] => self.traces[matrices[a]],
                _ => self.pair_trace,
            },
        };
        let terms = &moments.terms[vectors.len() / 2][matrices.len()];
        terms.iter().map(|term| term.count * term.factors.iter().map(value).product::<f64>()).sum()
    }
}
