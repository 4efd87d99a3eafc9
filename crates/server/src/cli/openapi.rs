//! `stockroom openapi`

use std::io::Write as _;

use clap::Args;

use super::Common;
use crate::router;

/// Prints the OpenAPI document.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockroom openapi > openapi.json")]
pub struct Openapi {
    #[command(flatten)]
    _common: Common,
}

impl Openapi {
    /// Runs the command.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn run(self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&router::document())?;
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }
}
