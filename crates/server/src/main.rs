//! The `stockroom` binary.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use stockroom::cli::{self, Cli};

/// A request allocates and frees a few dozen times, on whichever thread it is at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the cause's text looks like.
            let said = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            // If standard error is gone too, there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "stockroom: {said}");
            ExitCode::FAILURE
        }
    }
}
