//! Solvers of linear equations from products with their matrix, such as conjugate gradients.

use super::comparison::{Comparison, settle};
use super::numbers::{number, row};
use super::part::Part;
use crate::audit::check::{Check, Finding};
use crate::audit::examination::Examination;
use crate::audit::fault::Fault;
use crate::audit::mutant::{Mutant, Observable, Reference};
use crate::audit::subject::{Kind, Subject};
use crate::numeric::{conjugate_gradients, dot};

const KIND: &[Kind] = &[Kind::Solve];

/// Solvers.
pub(super) static PART: Part =
    Part { kinds: KIND, checks: CHECKS, references: REFERENCES, mutants: MUTANTS, held_out: HELD_OUT, fingerprint };

/// Products with a matrix.
type Product<'p> = dyn Fn(&[f64]) -> Vec<f64> + 'p;

impl<'a> Subject<'a> {
    /// A solver of `A x = b` with a symmetric positive definite `A` of a few rows: from products with `A`, and `b`, the
    /// solution, as far as ten products go.
    pub fn solver(
        name: impl Into<String>,
        solver: impl Fn(&dyn Fn(&[f64]) -> Vec<f64>, &[f64]) -> Vec<f64> + Send + Sync + 'a,
    ) -> Self {
        Self::numbers(Kind::Solve, name, move |x| {
            let Some((size, rest)) = x.split_first() else { return Vec::new() };
            let size = *size as usize;
            let (matrix, b) = rest.split_at(size * size);
            solver(&|v: &[f64]| matrix.chunks(size).map(|row| dot(row, v)).collect(), b)
        })
    }
}

/// Ten products solve six equations of condition 10 to 1e−12; training code stops at a squared residual of 1e−10.
const RESIDUAL: f64 = 1e-4;

/// What is true of solvers.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "solve/residual",
        statement: "the matrix times the solution is the right-hand side",
        because: "that is what it solves; a difference is a residual or a direction that is not brought up to date",
        kinds: KIND,
        run: |examination| settle(residual(examination)),
    },
    Check {
        id: "solve/objective",
        statement: "½ x · A x − b · x is at its least, −½ b · x, and below zero",
        because: "conjugate gradients go down this slope; one that goes up has a direction with the wrong sign or \
                  length",
        kinds: KIND,
        run: |examination| settle(objective(examination)),
    },
];

const SIZE: usize = 6;

/// `I + ½ Σ_k u_k u_kᵀ`, symmetric and positive definite, with its condition below 10.
fn matrix(examination: &Examination) -> Vec<f64> {
    let factors: Vec<Vec<f64>> = (0..3).map(|k| row(examination.edition, 900 + 10 * k, SIZE)).collect();
    let entry = |i: usize, j: usize| {
        let sum: f64 = factors.iter().map(|u| u[i] * u[j]).sum();
        f64::from(u8::from(i == j)) + 0.5 * sum
    };
    (0..SIZE * SIZE).map(|k| entry(k / SIZE, k % SIZE)).collect()
}

fn solve(examination: &Examination, b: &[f64]) -> Result<Vec<f64>, Fault> {
    examination.numbers(&[&[SIZE as f64], matrix(examination).as_slice(), b].concat(), SIZE)
}

fn sides(examination: &Examination) -> Vec<Vec<f64>> {
    (0..2).map(|k| (0..SIZE).map(|i| number(examination.edition, 950 + 10 * k + i)).collect()).collect()
}

fn residual(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for b in sides(examination) {
        let x = solve(examination, &b)?;
        let image: Vec<f64> = matrix(examination).chunks(SIZE).map(|row| dot(row, &x)).collect();
        comparison.add_all(&image, &b, |i| format!("equation {i}"));
    }
    Ok(comparison.finding(RESIDUAL))
}

fn objective(examination: &Examination) -> Result<Finding, Fault> {
    let mut comparison = Comparison::new();
    for b in sides(examination) {
        let x = solve(examination, &b)?;
        let image: Vec<f64> = matrix(examination).chunks(SIZE).map(|row| dot(row, &x)).collect();
        let value = 0.5 * dot(&x, &image) - dot(&b, &x);
        comparison.add(value, -0.5 * dot(&b, &x), || "the objective".to_owned());
        comparison.add(value.max(0.0), 0.0, || "an objective above that of zero".to_owned());
    }
    Ok(comparison.finding(RESIDUAL))
}

/// Ten steps of conjugate gradients; `step` gives the step from the square of the residual and the curvature, `next`
/// the share of the old direction in the new one from the old and the new square.
fn descend(product: &Product, b: &[f64], step: impl Fn(f64, f64) -> f64, next: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut x = vec![0.0; b.len()];
    let (mut rest, mut direction) = (b.to_vec(), b.to_vec());
    let mut square = dot(&rest, &rest);
    for _ in 0..10 {
        if square < 1e-20 {
            break;
        }
        let image = product(&direction);
        let alpha = step(square, dot(&direction, &image));
        for k in 0..b.len() {
            x[k] += alpha * direction[k];
            rest[k] -= alpha * image[k];
        }
        let new = dot(&rest, &rest);
        let beta = next(square, new);
        for k in 0..b.len() {
            direction[k] = rest[k] + beta * direction[k];
        }
        square = new;
    }
    x
}

const EXACT: &str = "conjugate gradients";

/// Correct solvers.
pub(super) static REFERENCES: &[Reference] = &[Reference {
    name: EXACT,
    source: "Hestenes & Stiefel 1952",
    subject: || Subject::solver(EXACT, |product, b| conjugate_gradients(product, b, 1e-10, 10).solution),
    expected: &[],
}];

/// Known bugs.
pub(super) static MUTANTS: &[Mutant] = &[
    Mutant {
        id: "G12d",
        title: "the share of the old direction is upside down",
        evidence: "MushroomRL/mushroom-rl#79",
        wrong: "beta = rdotr / new_rdotr",
        observable: Observable::Fisher,
        active: "several equations",
        equivalent: None,
        of: EXACT,
        subject: || {
            Subject::solver("a mutant of conjugate gradients", |product, b| {
                descend(product, b, |square, curvature| square / curvature, |old, new| old / new)
            })
        },
    },
    Mutant {
        id: "G12e",
        title: "the product has the wrong sign",
        evidence: "MushroomRL/mushroom-rl#79; rllab#24",
        wrong: "alpha = rdotr / -p.dot(Ap)",
        observable: Observable::Fisher,
        active: "any equations",
        equivalent: None,
        of: EXACT,
        subject: || {
            Subject::solver("a mutant of conjugate gradients", |product, b| {
                conjugate_gradients(product, b, 1e-10, 10).solution.iter().map(|x| -x).collect()
            })
        },
    },
];

/// Bugs on which the checks were not built.
pub(super) static HELD_OUT: &[Mutant] = &[Mutant {
    id: "G12 in the step",
    title: "the step has the length of the residual, not its square",
    evidence: "MushroomRL/mushroom-rl#79",
    wrong: "alpha = r.norm() / p.dot(Ap)",
    observable: Observable::Fisher,
    active: "any equations",
    equivalent: None,
    of: EXACT,
    subject: || {
        Subject::solver("a mutant of conjugate gradients", |product, b| {
            descend(product, b, |square, curvature| square.sqrt() / curvature, |old, new| new / old)
        })
    },
}];

/// Two solutions.
fn fingerprint(examination: &Examination) -> Result<Vec<f64>, Fault> {
    let solutions: Result<Vec<_>, _> = sides(examination).iter().map(|b| solve(examination, b)).collect();
    Ok(solutions?.concat())
}
