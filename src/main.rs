//! The command line.

mod command;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use command::audit::AuditArguments;
use command::compare::CompareArguments;
use command::exact::ExactArguments;
use command::ledger::{ExplainArguments, ListArguments, VerifyArguments};
use command::output::Unusable;
use command::report::ReportArguments;
use command::train::TrainArguments;

/// A correctness oracle for policy-gradient code.
#[derive(Parser)]
#[command(name = "unbiased", version, max_term_width = 80, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the claims of a guide to policy gradients
    Verify(VerifyArguments),
    /// List the claims with what was found last time
    List(ListArguments),
    /// One claim: the sentence, why, where it was measured, what would refute it
    Explain(ExplainArguments),
    /// Exact J, ∇J, and mean and variance of estimators, on a problem from a file
    Exact(ExactArguments),
    /// Compare estimators as an experiment file says: a record, exact and sampled
    Compare(CompareArguments),
    /// Train policies as an experiment file says: learning curves of several seeds, and what they reach
    Train(TrainArguments),
    /// Somebody's estimator against everything that is true of a correct one, and the known bug it looks like
    Audit(AuditArguments),
    /// Records into pages, figures, tables and a site, and what changed since older records
    Report(ReportArguments),
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::Verify(arguments) => command::ledger::verify(&arguments),
        Command::List(arguments) => command::ledger::list(&arguments),
        Command::Explain(arguments) => command::ledger::explain(&arguments),
        Command::Exact(arguments) => command::exact::exact(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Compare(arguments) => command::compare::compare(&arguments),
        Command::Train(arguments) => command::train::train(&arguments),
        Command::Audit(arguments) => command::audit::run(&arguments),
        Command::Report(arguments) => command::report::report(&arguments),
    };
    result.unwrap_or_else(|Unusable(sentence)| {
        // Nothing is left to do if even the error stream is closed.
        let _ = writeln!(std::io::stderr(), "error: {sentence}");
        ExitCode::from(2)
    })
}
