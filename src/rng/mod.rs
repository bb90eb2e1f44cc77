//! Ground floor: named, counter-based random streams. It must not know of reinforcement learning.
//!
//! A stream is keyed by *names*, never by a position in a list: adding a claim or an estimator moves no other
//! stream. Golden vectors in the tests pin the bits; a change of them is recorded as *value-breaking*.

mod stream;
mod word_major;

pub use stream::{Stream, StreamKey};
pub use word_major::{LANES, LaneWords, WORDS};
