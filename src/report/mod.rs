//! Seventh floor: records to text. It must not know how anything was computed.

mod exact;
mod number;

pub use exact::{json, terminal};
pub use number::significant;
