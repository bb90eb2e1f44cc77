//! Linear dynamics with Gaussian noise and quadratic costs: continuous control whose answers are closed forms.

use thiserror::Error;

use crate::numeric::Matrix;

/// `s' = A s + B a + w`, `w ~ N(0, W)`, `r = −(s, a)ᵀ C (s, a)`, `s_0 ~ N(m, Σ)`, over `T` steps with discount `γ`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearGaussian {
    horizon: usize,
    discount: f64,
    dynamics: Matrix,
    input: Matrix,
    noise: Matrix,
    cost: Matrix,
    start_mean: Vec<f64>,
    start_covariance: Matrix,
}

/// The tables of a [`LinearGaussian`] system of `n` state variables and `m` actions.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearGaussianTables {
    /// The number of steps, `T`.
    pub horizon: usize,
    /// The discount `γ`, from 0 to 1.
    pub discount: f64,
    /// `A`, `n × n`.
    pub dynamics: Matrix,
    /// `B`, `n × m`.
    pub input: Matrix,
    /// `W`, the covariance of the noise, `n × n`.
    pub noise: Matrix,
    /// `C`, the cost of states and actions together, `(n+m) × (n+m)`, symmetric and positive semi-definite.
    pub cost: Matrix,
    /// `m`, the mean of the first state.
    pub start_mean: Vec<f64>,
    /// `Σ`, its covariance, `n × n`.
    pub start_covariance: Matrix,
}

/// Why tables do not make a linear-Gaussian system.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InvalidLinearGaussian {
    /// No step, no state variable or no action.
    #[error("a linear-Gaussian system needs at least one step, one state variable and one action")]
    Empty,
    /// A table of the wrong size.
    #[error("{what} is {rows} × {columns}; {expected_rows} × {expected_columns} is needed")]
    Shape {
        /// The table.
        what: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// The rows needed.
        expected_rows: usize,
        /// The columns needed.
        expected_columns: usize,
    },
    /// An entry is infinite or not a number.
    #[error("{0} has an entry that is not a finite number")]
    NotFinite(&'static str),
    /// A discount outside [0, 1].
    #[error("the discount is {0}; it must be between 0 and 1")]
    Discount(f64),
    /// A matrix that must have no negative direction has one, or is not symmetric.
    #[error("{0} must be symmetric and positive semi-definite; it is not, so that it is no covariance and no cost")]
    Indefinite(&'static str),
}

impl LinearGaussian {
    /// A system with the given tables.
    ///
    /// # Errors
    /// [`InvalidLinearGaussian`] if a size does not fit, an entry is not finite, the discount is not between 0 and 1, or a
    /// cost or covariance is indefinite.
    pub fn new(tables: LinearGaussianTables) -> Result<Self, InvalidLinearGaussian> {
        let LinearGaussianTables { horizon, discount, dynamics, input, noise, cost, start_mean, start_covariance } =
            tables;
        let (n, m) = (dynamics.rows(), input.columns());
        if horizon == 0 || n == 0 || m == 0 {
            return Err(InvalidLinearGaussian::Empty);
        }
        let unit = 0.0..=1.0;
        if !unit.contains(&discount) {
            return Err(InvalidLinearGaussian::Discount(discount));
        }
        for (what, table, expected_rows, expected_columns) in [
            ("A, the dynamics,", &dynamics, n, n),
            ("B, the input,", &input, n, m),
            ("W, the covariance of the noise,", &noise, n, n),
            ("C, the cost,", &cost, n + m, n + m),
            ("Σ, the covariance of the first state,", &start_covariance, n, n),
        ] {
            let (rows, columns) = (table.rows(), table.columns());
            if (rows, columns) != (expected_rows, expected_columns) {
                return Err(InvalidLinearGaussian::Shape { what, rows, columns, expected_rows, expected_columns });
            }
            if !table.is_finite() {
                return Err(InvalidLinearGaussian::NotFinite(what));
            }
        }
        if start_mean.len() != n {
            let (what, rows) = ("m, the mean of the first state,", start_mean.len());
            return Err(InvalidLinearGaussian::Shape { what, rows, columns: 1, expected_rows: n, expected_columns: 1 });
        }
        if start_mean.iter().any(|x| !x.is_finite()) {
            return Err(InvalidLinearGaussian::NotFinite("m, the mean of the first state,"));
        }
        for (what, table) in [
            ("the covariance of the noise, W,", &noise),
            ("the cost, C,", &cost),
            ("the covariance of the first state, Σ,", &start_covariance),
        ] {
            if table.cholesky().is_none() {
                return Err(InvalidLinearGaussian::Indefinite(what));
            }
        }
        Ok(Self { horizon, discount, dynamics, input, noise, cost, start_mean, start_covariance })
    }

    /// One step, one action, and the reward `−(a − c)²`: the state is the constant 1, so that a linear policy's gain is
    /// the mean of its action.
    ///
    /// # Errors
    /// [`InvalidLinearGaussian`] if `c` is not finite.
    pub fn one_step(c: f64) -> Result<Self, InvalidLinearGaussian> {
        let cost = Matrix::from_fn(2, 2, |i, j| if i == j { if i == 0 { c * c } else { 1.0 } } else { -c });
        Self::new(LinearGaussianTables {
            horizon: 1,
            discount: 1.0,
            dynamics: Matrix::identity(1),
            input: Matrix::zeros(1, 1),
            noise: Matrix::zeros(1, 1),
            cost,
            start_mean: vec![1.0],
            start_covariance: Matrix::zeros(1, 1),
        })
    }

    /// The number of steps, `T`.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// The discount `γ`.
    pub fn discount(&self) -> f64 {
        self.discount
    }

    /// The number of state variables, `n`.
    pub fn states(&self) -> usize {
        self.dynamics.rows()
    }

    /// The number of actions, `m`.
    pub fn actions(&self) -> usize {
        self.input.columns()
    }

    /// `A`.
    pub fn dynamics(&self) -> &Matrix {
        &self.dynamics
    }

    /// `B`.
    pub fn input(&self) -> &Matrix {
        &self.input
    }

    /// `W`.
    pub fn noise(&self) -> &Matrix {
        &self.noise
    }

    /// `C`.
    pub fn cost(&self) -> &Matrix {
        &self.cost
    }

    /// The mean of the first state.
    pub fn start_mean(&self) -> &[f64] {
        &self.start_mean
    }

    /// The covariance of the first state.
    pub fn start_covariance(&self) -> &Matrix {
        &self.start_covariance
    }

    /// `−(s, a)ᵀ C (s, a)`.
    pub fn reward(&self, state: &[f64], action: &[f64]) -> f64 {
        let joint: Vec<f64> = state.iter().chain(action).copied().collect();
        -self.cost.times(&joint).iter().zip(&joint).map(|(x, y)| x * y).sum::<f64>()
    }

    /// `A s + B a + w`.
    pub fn next_state(&self, state: &[f64], action: &[f64], noise: &[f64]) -> Vec<f64> {
        let (kept, moved) = (self.dynamics.times(state), self.input.times(action));
        kept.iter().zip(moved).zip(noise).map(|((x, y), w)| x + y + w).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> LinearGaussianTables {
        LinearGaussianTables {
            horizon: 3,
            discount: 0.9,
            dynamics: Matrix::identity(2),
            input: Matrix::from_fn(2, 1, |i, _| i as f64),
            noise: Matrix::identity(2),
            cost: Matrix::identity(3),
            start_mean: vec![0.0; 2],
            start_covariance: Matrix::identity(2),
        }
    }

    #[test]
    fn tables_that_make_no_system_are_refused() {
        assert!(LinearGaussian::new(tables()).is_ok());
        let mut indefinite = tables();
        indefinite.cost[(2, 2)] = -1.0;
        assert_eq!(
            LinearGaussian::new(indefinite).unwrap_err().to_string(),
            "the cost, C, must be symmetric and positive semi-definite; it is not, so that it is no covariance and no cost"
        );
        let lopsided = LinearGaussianTables { noise: Matrix::zeros(2, 3), ..tables() };
        assert_eq!(
            LinearGaussian::new(lopsided).unwrap_err().to_string(),
            "W, the covariance of the noise, is 2 × 3; 2 × 2 is needed"
        );
        let undefined = LinearGaussianTables { start_mean: vec![f64::NAN, 0.0], ..tables() };
        assert!(matches!(LinearGaussian::new(undefined), Err(InvalidLinearGaussian::NotFinite(_))));
        assert!(matches!(
            LinearGaussian::new(LinearGaussianTables { discount: 1.5, ..tables() }),
            Err(InvalidLinearGaussian::Discount(_))
        ));
    }

    #[test]
    fn the_one_step_reward_is_the_squared_distance() {
        let system = LinearGaussian::one_step(1.5).unwrap();
        assert!((system.reward(&[1.0], &[0.25]) + 1.25 * 1.25).abs() < 1e-15);
    }
}
