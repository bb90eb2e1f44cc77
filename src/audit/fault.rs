//! What can go wrong with a subject before its answer is judged.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why there is no answer to judge.
#[derive(Clone, Debug, Error, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    /// It panicked.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// It gave another number of entries than asked for.
    #[error("it gave {found} numbers; {expected} are needed, {what}")]
    Length {
        /// How many it gave.
        found: usize,
        /// How many are needed.
        expected: usize,
        /// What they are.
        what: String,
    },
    /// It gave something that is no finite number.
    #[error("entry {index} is {value}")]
    NotFinite {
        /// Its place.
        index: usize,
        /// The entry, as text.
        value: String,
    },
    /// It gave two answers to one question.
    #[error(
        "the same input gave {first} and then {second} in entry {index}; an estimator takes its randomness from its data"
    )]
    NotDeterministic {
        /// The entry.
        index: usize,
        /// The first answer.
        first: f64,
        /// The second.
        second: f64,
    },
    /// It is another program, which did not answer as it should.
    #[error("{0}")]
    Program(String),
}
