//! Symmetric matrices: eigenvalues, the pseudo-inverse and conjugate gradients.

use super::{Matrix, dot};

/// `A = Σ_i value_i · vector_i vector_iᵀ` for a symmetric `A`.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigen {
    /// The eigenvalues, ascending.
    pub values: Vec<f64>,
    /// The eigenvectors, of length one, each a row in the order of the values.
    pub vectors: Vec<Vec<f64>>,
}

impl Eigen {
    /// The decomposition of a symmetric matrix, by Jacobi's rotations in a fixed order (Golub & Van Loan 2013, §8.5):
    /// small eigenvalues keep an absolute accuracy of a few units in the last place of the largest.
    ///
    /// # Panics
    /// If the matrix is not square or has an entry that is not finite.
    #[must_use]
    pub fn of(matrix: &Matrix) -> Self {
        let n = matrix.rows();
        assert_eq!(n, matrix.columns(), "only a square matrix has eigenvalues");
        assert!((0..n).all(|i| matrix.row(i).iter().all(|x| x.is_finite())), "the entries must be finite");
        let (mut a, mut vectors) = (matrix.clone(), Matrix::identity(n));
        let size = (0..n).map(|i| dot(a.row(i), a.row(i))).sum::<f64>();
        for _ in 0..64 {
            let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|ij| a[ij] * a[ij]).sum();
            if off <= 1e-40 * size {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate(&mut a, &mut vectors, p, q);
                }
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| a[(i, i)].total_cmp(&a[(j, j)]));
        let values = order.iter().map(|&i| a[(i, i)]).collect();
        let vectors = order.iter().map(|&i| vectors.row(i).to_vec()).collect();
        Self { values, vectors }
    }

    /// The number of eigenvalues above `1e-12` of the largest in absolute value.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.values.iter().filter(|value| value.abs() > self.smallest_kept()).count()
    }

    /// `A⁺ x`, with the Moore-Penrose pseudo-inverse: directions whose eigenvalue is below `1e-12` of the largest count
    /// as the null space and are left out.
    ///
    /// # Panics
    /// If `x` has another length.
    #[must_use]
    pub fn pseudo_solve(&self, x: &[f64]) -> Vec<f64> {
        self.spectral(x, |value| 1.0 / value)
    }

    /// `Σ f(value_i) vector_i (vector_i·x)` over the eigenvalues that are not zero.
    fn spectral(&self, x: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut out = vec![0.0; x.len()];
        for (value, vector) in self.values.iter().zip(&self.vectors) {
            if value.abs() > self.smallest_kept() {
                let weight = f(*value) * dot(vector, x);
                out.iter_mut().zip(vector).for_each(|(y, v)| *y += weight * v);
            }
        }
        out
    }

    fn smallest_kept(&self) -> f64 {
        1e-12 * self.values.iter().fold(0.0_f64, |m, value| m.max(value.abs()))
    }
}

/// Makes `a[p, q]` zero.
fn rotate(a: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    if a[(p, q)] == 0.0 {
        return;
    }
    let theta = (a[(q, q)] - a[(p, p)]) / (2.0 * a[(p, q)]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (t * t + 1.0).sqrt();
    let sine = t * cosine;
    for k in 0..a.rows() {
        let (x, y) = (a[(k, p)], a[(k, q)]);
        a[(k, p)] = cosine * x - sine * y;
        a[(k, q)] = sine * x + cosine * y;
    }
    for k in 0..a.rows() {
        let (x, y) = (a[(p, k)], a[(q, k)]);
        a[(p, k)] = cosine * x - sine * y;
        a[(q, k)] = sine * x + cosine * y;
        let (x, y) = (vectors[(p, k)], vectors[(q, k)]);
        vectors[(p, k)] = cosine * x - sine * y;
        vectors[(q, k)] = sine * x + cosine * y;
    }
    (a[(p, q)], a[(q, p)]) = (0.0, 0.0);
}

/// What conjugate gradients reached.
#[derive(Clone, Debug, PartialEq)]
pub struct ConjugateGradients {
    /// The solution so far.
    pub solution: Vec<f64>,
    /// `‖b − A x‖`, as the recursion has it.
    pub residual: f64,
    /// The number of products with `A`.
    pub iterations: usize,
    /// Whether the residual fell below the tolerance.
    pub converged: bool,
}

/// Solves `A x = b` for a symmetric positive semi-definite `A`, given only products with it, from `x = 0` (Hestenes &
/// Stiefel 1952). For a singular `A` it converges if `b` lies in its range, to the solution of least norm; a direction
/// without curvature ends it.
pub fn conjugate_gradients(
    product: impl Fn(&[f64]) -> Vec<f64>,
    b: &[f64],
    tolerance: f64,
    most: usize,
) -> ConjugateGradients {
    let mut solution = vec![0.0; b.len()];
    let (mut rest, mut direction) = (b.to_vec(), b.to_vec());
    let mut square = dot(&rest, &rest);
    let mut iterations = 0;
    while square.sqrt() > tolerance && iterations < most {
        let image = product(&direction);
        iterations += 1;
        let curvature = dot(&direction, &image);
        let usable = curvature > 0.0; // false for NaN
        if !usable {
            break;
        }
        let step = square / curvature;
        for k in 0..b.len() {
            solution[k] += step * direction[k];
            rest[k] -= step * image[k];
        }
        let next = dot(&rest, &rest);
        let turn = next / square;
        for k in 0..b.len() {
            direction[k] = rest[k] + turn * direction[k];
        }
        square = next;
    }
    let residual = square.sqrt();
    ConjugateGradients { solution, residual, iterations, converged: residual <= tolerance }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `diag(2, 3, 0)` turned by an orthogonal matrix.
    fn singular() -> Matrix {
        let (u, v) = ([2.0 / 3.0, 2.0 / 3.0, 1.0 / 3.0], [-2.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0]);
        let mut matrix = Matrix::zeros(3, 3);
        for i in 0..3 {
            for j in 0..3 {
                matrix[(i, j)] = 2.0 * u[i] * u[j] + 3.0 * v[i] * v[j];
            }
        }
        matrix
    }

    #[test]
    fn eigenvalues_and_the_pseudo_inverse_of_a_singular_matrix() {
        let eigen = Eigen::of(&singular());
        for (value, expected) in eigen.values.iter().zip([0.0, 2.0, 3.0]) {
            assert!((value - expected).abs() < 1e-14, "{eigen:?}");
        }
        assert_eq!(eigen.rank(), 2);
        // The solution of least norm of A x = A y is y without its part in the null space (1, −2, 2)/3.
        let y = [1.0, 0.5, -2.0];
        let along = (y[0] - 2.0 * y[1] + 2.0 * y[2]) / 9.0;
        let expected = [y[0] - along, y[1] + 2.0 * along, y[2] - 2.0 * along];
        let image = singular().times(&y);
        let iterated = conjugate_gradients(|x| singular().times(x), &image, 1e-12, 10);
        assert!(iterated.converged && iterated.iterations == 2, "{iterated:?}");
        for (k, expected) in expected.iter().enumerate() {
            assert!((eigen.pseudo_solve(&image)[k] - expected).abs() < 1e-14);
            assert!((iterated.solution[k] - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn conjugate_gradients_stop_where_there_is_no_curvature() {
        let stuck = conjugate_gradients(|_| vec![0.0, 0.0], &[1.0, 0.0], 1e-12, 10);
        assert!(!stuck.converged && stuck.iterations == 1 && stuck.solution == [0.0, 0.0]);
        let nothing = conjugate_gradients(|_| vec![f64::NAN; 2], &[1.0, 0.0], 1e-12, 10);
        assert!(!nothing.converged && nothing.solution == [0.0, 0.0]);
    }
}
