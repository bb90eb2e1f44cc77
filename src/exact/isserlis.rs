//! Moments of products of linear and quadratic forms of a Gaussian vector (Isserlis 1918), with a mean.
//!
//! `E[Π_i (x_i·g) Π_a gᵀM_a g]` for `g ~ N(μ, Σ)` is a sum over all ways to pair the slots of the product, each `x_i` having
//! one and each `M_a` two, or to leave a slot to the mean. A way is a set of chains `x_iᵀ Σ M_a Σ … x_j`, whose ends are
//! vectors or the mean, and of loops `tr(M_a Σ …)`.

/// The end of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Vector(usize),
    Mean,
}

/// A factor of a term; matrices are named by their place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Factor {
    Chain(End, Vec<usize>, End),
    Loop(Vec<usize>),
}

/// A product of factors, and how often it occurs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) count: f64,
    pub(super) factors: Vec<Factor>,
}

/// The terms of the moment of `vectors` linear forms and `matrices` (at most two) quadratic forms; without those in
/// which the mean occurs, if it is zero.
pub(super) fn terms(vectors: usize, matrices: usize, with_mean: bool) -> Vec<Term> {
    let mut found: Vec<Term> = Vec::new();
    let mut partner = vec![usize::MAX; vectors + 2 * matrices];
    pair(&mut partner, with_mean, &mut |partner| {
        let factors = factors(partner, vectors);
        match found.iter_mut().find(|term| term.factors == factors) {
            Some(term) => term.count += 1.0,
            None => found.push(Term { count: 1.0, factors }),
        }
    });
    found
}

/// Calls `visit` with each assignment of partners; a slot that is its own partner is left to the mean.
fn pair(partner: &mut Vec<usize>, with_mean: bool, visit: &mut impl FnMut(&[usize])) {
    let Some(first) = partner.iter().position(|p| *p == usize::MAX) else {
        visit(partner);
        return;
    };
    let least = if with_mean { first } else { first + 1 };
    for other in least..partner.len() {
        if partner[other] == usize::MAX {
            (partner[first], partner[other]) = (other, first);
            pair(partner, with_mean, visit);
            (partner[first], partner[other]) = (usize::MAX, usize::MAX);
        }
    }
}

/// The chains and loops of an assignment, in a canonical order.
fn factors(partner: &[usize], vectors: usize) -> Vec<Factor> {
    let matrix = |slot: usize| (slot - vectors) / 2;
    let across = |slot: usize| vectors + ((slot - vectors) ^ 1);
    let mut used = vec![false; partner.len()];
    let mut all = Vec::new();
    // Follows a chain from a slot that its start is joined to.
    let walk = |mut slot: usize, used: &mut Vec<bool>| {
        let mut via = Vec::new();
        loop {
            used[slot] = true;
            if slot < vectors {
                return (via, End::Vector(slot));
            }
            via.push(matrix(slot));
            let exit = across(slot);
            used[exit] = true;
            if partner[exit] == exit {
                return (via, End::Mean);
            }
            slot = partner[exit];
        }
    };
    let chain = |x: End, via: Vec<usize>, y: End| {
        if (x, &via) <= (y, &via.iter().rev().copied().collect()) {
            Factor::Chain(x, via, y)
        } else {
            Factor::Chain(y, via.into_iter().rev().collect(), x)
        }
    };
    for v in 0..vectors {
        if used[v] {
            continue;
        }
        used[v] = true;
        let (via, end) = if partner[v] == v { (Vec::new(), End::Mean) } else { walk(partner[v], &mut used) };
        all.push(chain(End::Vector(v), via, end));
    }
    for slot in vectors..partner.len() {
        if !used[slot] && partner[slot] == slot {
            let (via, end) = walk(slot, &mut used);
            all.push(chain(End::Mean, via, end));
        }
    }
    for slot in vectors..partner.len() {
        if used[slot] {
            continue;
        }
        let (mut via, mut at) = (Vec::new(), slot);
        while !used[at] {
            (used[at], used[across(at)]) = (true, true);
            via.push(matrix(at));
            at = partner[across(at)];
        }
        via.sort_unstable();
        all.push(Factor::Loop(via));
    }
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{normal_expectation, power};

    /// The moment in one dimension, `g = μ + σz`.
    fn scalar(vectors: &[f64], matrices: &[f64], mean: f64, variance: f64) -> f64 {
        let end = |end: &End| match end {
            End::Vector(v) => variance * vectors[*v],
            End::Mean => mean,
        };
        let value = |factor: &Factor| match factor {
            Factor::Chain(x, via, y) => {
                // Σ stands at every joint but those to the mean.
                let joints = via.len() as f64;
                let middle: f64 = via.iter().map(|a| matrices[*a]).product();
                let inner = power(variance, (joints - 1.0).max(0.0) as usize);
                if via.is_empty() { end(x) * end(y) / variance } else { end(x) * middle * inner * end(y) }
            }
            Factor::Loop(via) => via.iter().map(|a| matrices[*a] * variance).product(),
        };
        terms(vectors.len(), matrices.len(), mean != 0.0)
            .iter()
            .map(|term| term.count * term.factors.iter().map(value).product::<f64>())
            .sum()
    }

    #[test]
    fn moments_in_one_dimension_are_those_of_quadrature() {
        for mean in [0.0, 0.7] {
            for (vectors, matrices) in
                [(vec![1.3, -0.4, 0.8, 1.1], vec![0.9, -0.6]), (vec![2.0, -0.3], vec![0.5]), (vec![], vec![0.7, 1.2])]
            {
                let sigma = 0.6;
                let expected = normal_expectation(24, |z| {
                    let g = mean + sigma * z;
                    vectors.iter().map(|x| x * g).product::<f64>() * matrices.iter().map(|m| m * g * g).product::<f64>()
                });
                let got = scalar(&vectors, &matrices, mean, sigma * sigma);
                assert!((got - expected).abs() < 1e-12, "{vectors:?} {matrices:?} at {mean}: {got} and {expected}");
            }
        }
    }

    #[test]
    fn counts_are_those_of_all_pairings() {
        let total = |vectors, matrices, mean| terms(vectors, matrices, mean).iter().map(|term| term.count).sum::<f64>();
        assert_eq!(total(4, 2, false), 105.0);
        assert_eq!(total(4, 2, true), 764.0);
        assert_eq!(total(2, 1, false), 3.0);
    }
}
