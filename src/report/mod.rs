//! Seventh floor: records to text. It must not know how anything was computed.

pub mod audit;
pub mod change;
pub mod comparison;
mod exact;
pub mod integration;
pub mod ledger;
mod number;
mod page;
mod prose;
mod site;
mod table;
pub mod training;

pub use exact::terminal;
pub use number::significant;
pub use site::{Contents, Figures, site};

/// A record as JSON, in full precision, with a line break at the end. A number that is not finite becomes null.
///
/// # Errors
/// Never for the records of this crate, whose keys are texts.
pub fn json(record: &impl serde::Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_string(record)? + "\n")
}
