//! The estimators by name: one explicit list from which help, parsing and documentation come.

use thiserror::Error;

use super::form::{Baseline, Form};

/// One estimator of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name on the command line and in records.
    pub name: &'static str,
    /// What follows the name after a colon, if anything.
    pub argument: Option<Argument>,
    /// The estimator of one trajectory (or of trajectory `i` of a batch of `N`).
    pub formula: &'static str,
    /// What a reader should know of it, in one sentence.
    pub remark: &'static str,
    make: fn(Value) -> Form,
}

/// What an estimator's name takes after the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A constant `B`.
    Constant,
    /// A batch size `N`.
    Batch,
}

/// A parsed argument.
#[derive(Clone, Copy)]
enum Value {
    None,
    Constant(f64),
    Batch(usize),
}

/// The estimators that `exact` compares unless told otherwise.
pub const DEFAULT: [&str; 3] = ["reinforce", "reward-to-go", "value-baseline"];

/// The name under which a baseline from a file is reported.
pub const GIVEN: &str = "given-baseline";

/// The whole catalogue, in the order of the help text.
pub static CATALOGUE: [Entry; 18] = [
    Entry {
        name: "reinforce",
        argument: None,
        formula: "Σ ψ_t R",
        remark: "the total return (Williams 1992)",
        make: |_| Form::total(Baseline::None),
    },
    Entry {
        name: "reinforce-constant",
        argument: Some(Argument::Constant),
        formula: "Σ ψ_t (R − B)",
        remark: "with a constant baseline",
        make: |value| Form::total(constant(value)),
    },
    Entry {
        name: "reinforce-optimal-constant",
        argument: None,
        formula: "Σ ψ_t (R − b*)",
        remark: "the constant of least total variance",
        make: |_| Form::total(Baseline::OptimalConstant),
    },
    Entry {
        name: "reinforce-per-parameter",
        argument: None,
        formula: "Σ ψ_tk (R − b*_k)",
        remark: "a constant of least variance for each parameter",
        make: |_| Form::total(Baseline::OptimalPerParameter),
    },
    Entry {
        name: "reinforce-in-batch-mean",
        argument: Some(Argument::Batch),
        formula: "Σ ψ_t (R_i − mean_j R_j)",
        remark: "the batch's mean, own return included: shrunk by 1 − 1/N",
        make: |value| Form::total(in_batch_mean(value)),
    },
    Entry {
        name: "reinforce-leave-one-out",
        argument: Some(Argument::Batch),
        formula: "Σ ψ_t (R_i − mean_{j≠i} R_j)",
        remark: "the mean of the others (RLOO)",
        make: |value| Form::total(leave_one_out(value)),
    },
    Entry {
        name: "reward-to-go",
        argument: None,
        formula: "Σ γ^t ψ_t G_t",
        remark: "only what came afterwards",
        make: |_| Form::to_go(Baseline::None),
    },
    Entry {
        name: "reward-to-go-no-gamma-t",
        argument: None,
        formula: "Σ ψ_t G_t",
        remark: "γ^t left out, as most training code does",
        make: |_| Form::to_go(Baseline::None).without_discounted_steps(),
    },
    Entry {
        name: "constant-baseline",
        argument: Some(Argument::Constant),
        formula: "Σ γ^t ψ_t (G_t − B)",
        remark: "with a constant baseline",
        make: |value| Form::to_go(constant(value)),
    },
    Entry {
        name: "optimal-constant",
        argument: None,
        formula: "Σ γ^t ψ_t (G_t − b*)",
        remark: "the constant of least total variance",
        make: |_| Form::to_go(Baseline::OptimalConstant),
    },
    Entry {
        name: "per-parameter-baseline",
        argument: None,
        formula: "Σ γ^t ψ_tk (G_t − b*_k)",
        remark: "a constant of least variance for each parameter",
        make: |_| Form::to_go(Baseline::OptimalPerParameter),
    },
    Entry {
        name: "in-batch-mean",
        argument: Some(Argument::Batch),
        formula: "Σ γ^t ψ_t (G_t − mean_j R_j)",
        remark: "the batch's mean, own return included: biased",
        make: |value| Form::to_go(in_batch_mean(value)),
    },
    Entry {
        name: "leave-one-out",
        argument: Some(Argument::Batch),
        formula: "Σ γ^t ψ_t (G_t − mean_{j≠i} R_j)",
        remark: "the mean of the others",
        make: |value| Form::to_go(leave_one_out(value)),
    },
    Entry {
        name: "value-baseline",
        argument: None,
        formula: "Σ γ^t ψ_t (G_t − V_t(s_t))",
        remark: "the policy's own value",
        make: |_| Form::to_go(Baseline::StateValue),
    },
    Entry {
        name: "value-baseline-no-gamma-t",
        argument: None,
        formula: "Σ ψ_t (G_t − V_t(s_t))",
        remark: "γ^t left out, as most training code does",
        make: |_| Form::to_go(Baseline::StateValue).without_discounted_steps(),
    },
    Entry {
        name: "optimal-baseline",
        argument: None,
        formula: "Σ γ^t ψ_t (G_t − b*_t(s_t))",
        remark: "reaches the floor",
        make: |_| Form::to_go(Baseline::Optimal),
    },
    Entry {
        name: "q-baseline",
        argument: None,
        formula: "Σ γ^t ψ_t (G_t − Q_t(s_t, a_t))",
        remark: "depends on the action and lacks its correction: mean zero",
        make: |_| Form::to_go(Baseline::ActionValue { corrected: false }),
    },
    Entry {
        name: "q-baseline-corrected",
        argument: None,
        formula: "the same + Σ γ^t Σ_a ∇π(a|s_t) Q_t(s_t, a)",
        remark: "with its correction; outside the floor's class",
        make: |_| Form::to_go(Baseline::ActionValue { corrected: true }),
    },
];

fn constant(value: Value) -> Baseline {
    Baseline::Constant(if let Value::Constant(b) = value { b } else { 0.0 })
}

fn batch(value: Value) -> usize {
    if let Value::Batch(n) = value { n } else { 0 }
}

fn in_batch_mean(value: Value) -> Baseline {
    Baseline::InBatchMean { batch: batch(value) }
}

fn leave_one_out(value: Value) -> Baseline {
    Baseline::LeaveOneOut { batch: batch(value) }
}

/// A name that is not in the catalogue, or an argument that does not fit it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UnknownEstimator {
    /// No such name.
    #[error("there is no estimator \"{name}\"; did you mean \"{nearest}\"?")]
    Name {
        /// The name given.
        name: String,
        /// The nearest name of the catalogue.
        nearest: &'static str,
    },
    /// An argument is missing, superfluous or of the wrong kind.
    #[error("\"{given}\" is not written as it should be; write {usage}")]
    Argument {
        /// What was given.
        given: String,
        /// How it is written.
        usage: String,
    },
}

impl Entry {
    /// How the name is written, with its argument: `leave-one-out:N`.
    pub fn usage(&self) -> String {
        match self.argument {
            None => self.name.to_owned(),
            Some(Argument::Constant) => format!("{}:B", self.name),
            Some(Argument::Batch) => format!("{}:N", self.name),
        }
    }
}

impl Form {
    /// The form that a name of the catalogue stands for, such as `reward-to-go` or `leave-one-out:8`.
    ///
    /// # Errors
    /// [`UnknownEstimator`] with the nearest name, or with how the name is written.
    ///
    /// ```
    /// use unbiased::exact::{Baseline, Form};
    /// assert_eq!(Form::named("leave-one-out:8")?, Form::to_go(Baseline::LeaveOneOut { batch: 8 }));
    /// let error = Form::named("leave-one-ot:8").unwrap_err();
    /// assert_eq!(error.to_string(), "there is no estimator \"leave-one-ot\"; did you mean \"leave-one-out\"?");
    /// # Ok::<(), unbiased::exact::UnknownEstimator>(())
    /// ```
    pub fn named(text: &str) -> Result<Self, UnknownEstimator> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
        let Some(entry) = CATALOGUE.iter().find(|entry| entry.name == name) else {
            let distance = |entry: &&Entry| strsim::damerau_levenshtein(entry.name, name);
            let nearest = CATALOGUE.iter().min_by_key(distance).map_or("", |entry| entry.name);
            return Err(UnknownEstimator::Name { name: name.to_owned(), nearest });
        };
        let value = match (entry.argument, argument) {
            (None, None) => Some(Value::None),
            (Some(Argument::Constant), Some(b)) => b.parse().ok().filter(|b: &f64| b.is_finite()).map(Value::Constant),
            (Some(Argument::Batch), Some(n)) => n.parse().ok().map(Value::Batch),
            _ => None,
        };
        let usage = || match entry.argument {
            None => entry.usage(),
            Some(Argument::Constant) => format!("{} with a number B", entry.usage()),
            Some(Argument::Batch) => format!("{} with a whole number N of trajectories", entry.usage()),
        };
        let value = value.ok_or_else(|| UnknownEstimator::Argument { given: text.to_owned(), usage: usage() })?;
        Ok((entry.make)(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_unique_documented_and_parses() {
        for (i, entry) in CATALOGUE.iter().enumerate() {
            assert!(CATALOGUE[..i].iter().all(|other| other.name != entry.name), "{} stands twice", entry.name);
            assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", entry.name);
            assert!(!entry.formula.is_empty() && !entry.remark.is_empty() && !entry.remark.ends_with('.'));
            let text = entry.usage().replace(":B", ":1.5").replace(":N", ":4");
            assert!(Form::named(&text).is_ok(), "{text}");
            let bare = Form::named(entry.name);
            assert_eq!(bare.is_ok(), entry.argument.is_none(), "{}", entry.name);
        }
        for name in DEFAULT {
            assert!(Form::named(name).is_ok());
        }
        assert!(Form::named("constant-baseline:NaN").is_err());
        assert!(Form::named("reinforce:3").is_err());
    }
}
