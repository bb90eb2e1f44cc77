//! The best that any policy of the state can do.

use crate::environment::TabularMdp;
use crate::numeric;

/// `J*`, the largest expected discounted return of any policy that sees the state and the time, by backward induction
/// (Bellman 1957): `V*_t(s) = max_a Σ P (r + γ V*_{t+1})`.
///
/// ```
/// use unbiased::environment::NamedProblem;
/// use unbiased::exact::optimal_objective;
/// let arms = NamedProblem::find("four-arms").unwrap();
/// assert_eq!(optimal_objective(&arms.mdp()), 12.0);
/// ```
#[must_use]
pub fn optimal_objective(mdp: &TabularMdp) -> f64 {
    let mut values = vec![0.0; mdp.states()];
    for _ in 0..mdp.horizon() {
        let action = |s: usize, a: usize| {
            let ahead = |next: usize, terminated: bool| if terminated { 0.0 } else { mdp.discount() * values[next] };
            let outcomes = mdp.transitions(s, a).iter();
            numeric::sum(outcomes.map(|t| t.probability * (t.reward + ahead(t.next, t.terminated))))
        };
        let best = |s: usize| (0..mdp.actions()).map(|a| action(s, a)).fold(f64::NEG_INFINITY, f64::max);
        values = (0..mdp.states()).map(best).collect();
    }
    numeric::dot(mdp.initial(), &values)
}
