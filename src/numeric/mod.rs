//! Ground floor: arithmetic with the same bits on every platform. It must not know of reinforcement learning.
//!
//! Everything here is built from IEEE additions, multiplications, divisions, square roots and fused multiply-adds (or
//! from `libm`, which is), in a fixed order, so that a result does not depend on the platform's C library, on the instruction set or on
//! the number of threads.

mod dense;
mod difference;
mod elementary;
pub mod kernel;
pub(crate) mod matrix_product;
pub(crate) mod product;
mod quadrature;
mod root;
pub mod simd;
mod sum;
mod symmetric;

pub use dense::{Matrix, SingularMatrix};
pub use difference::central_gradient;
pub use elementary::{arccos, cos, exp, ln, log_softmax, normal_distribution, power, sin, softmax, tanh};
pub use quadrature::{composite, gauss_hermite, gauss_legendre, normal_density, normal_expectation, trapezoid};
pub use root::root;
pub use sum::{Sum, dot, sum};
pub use symmetric::{ConjugateGradients, Eigen, conjugate_gradients};
