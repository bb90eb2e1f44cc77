//! Eighth floor: the commands, thin: arguments and files in, records through the library, text out. They must not know
//! any mathematics.

pub(crate) mod audit;
pub(crate) mod compare;
pub(crate) mod exact;
pub(crate) mod ledger;
pub(crate) mod output;
pub(crate) mod report;
pub(crate) mod train;
