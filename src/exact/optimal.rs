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
    numeric::dot(mdp.initial(), &backward(mdp, |_| {}))
}

/// The best action of each state at each time, `[T][S]`, the first of several.
#[must_use]
pub fn optimal_actions(mdp: &TabularMdp) -> Vec<Vec<usize>> {
    let mut actions = Vec::with_capacity(mdp.horizon());
    backward(mdp, |best| actions.push(best));
    actions.reverse();
    actions
}

/// `V*_0`; `note` is given the best actions of each time, from the last to the first.
fn backward(mdp: &TabularMdp, mut note: impl FnMut(Vec<usize>)) -> Vec<f64> {
    let mut values = vec![0.0; mdp.states()];
    for _ in 0..mdp.horizon() {
        let action = |s: usize, a: usize| {
            let ahead = |next: usize, terminated: bool| if terminated { 0.0 } else { mdp.discount() * values[next] };
            let outcomes = mdp.transitions(s, a).iter();
            numeric::sum(outcomes.map(|t| t.probability * (t.reward + ahead(t.next, t.terminated))))
        };
        let best = |s: usize| {
            (1..mdp.actions()).fold((0, action(s, 0)), |best, a| {
                let value = action(s, a);
                if value > best.1 { (a, value) } else { best }
            })
        };
        let (actions, best): (Vec<usize>, Vec<f64>) = (0..mdp.states()).map(best).unzip();
        note(actions);
        values = best;
    }
    values
}
