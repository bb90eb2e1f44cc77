//! Estimators as somebody's training code has them: rewards, lengths and groups in, a weight a sequence out.

/// The return of each answer less the mean of the others in its group.
pub fn leave_one_out(returns: &[f64], groups: &[usize]) -> Vec<f64> {
    let baseline = |i: usize| {
        let others: Vec<f64> =
            (0..returns.len()).filter(|j| *j != i && groups[*j] == groups[i]).map(|j| returns[j]).collect();
        if others.is_empty() { 0.0 } else { others.iter().sum::<f64>() / others.len() as f64 }
    };
    (0..returns.len()).map(|i| returns[i] - baseline(i)).collect()
}

/// The same, by somebody who thought that all answers of a batch belong to one prompt, and forgot to leave the own one out.
pub fn less_the_mean(returns: &[f64]) -> Vec<f64> {
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    returns.iter().map(|r| r - mean).collect()
}
