//! The ledger as tests: one a claim, named by its id. `cargo test --test ledger ch07` runs a chapter.
#![allow(missing_docs)]

use libtest_mimic::{Arguments, Failed, Trial};
use unbiased::claims::LEDGER;
use unbiased::report::ledger::explain;
use unbiased::verify::{self, Budget, Claim, DEFAULT_SEED, Finding};

fn main() {
    let arguments = Arguments::from_args();
    let tests = LEDGER.iter().map(|claim| test(claim)).collect();
    libtest_mimic::run(&arguments, tests).exit();
}

/// A claim as a test; one that no program can check is not counted as checked.
fn test(claim: &'static Claim) -> Trial {
    let outside = claim.recorded == Finding::Outside;
    Trial::test(claim.id, || check(claim)).with_ignored_flag(outside)
}

/// The finding is the recorded one; a failure shows the whole page.
fn check(claim: &Claim) -> Result<(), Failed> {
    let ledger = verify::run(&[claim], DEFAULT_SEED, Budget::of(LEDGER), || ());
    if ledger.as_recorded() { Ok(()) } else { Err(explain(&ledger.claims[0], false).into()) }
}
