//! Seventh floor: records to text. It must not know how anything was computed.

mod exact;
pub mod ledger;
mod number;

pub use exact::terminal;
pub use number::significant;

/// A record as JSON, in full precision, with a line break at the end. A number that is not finite becomes null.
///
/// # Errors
/// Never for the records of this crate, whose keys are texts.
pub fn json(record: &impl serde::Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_string(record)? + "\n")
}
