//! `stockroom keys rotate`

use std::io::Write as _;

use clap::{Args, Subcommand};

use super::Common;
use crate::auth::Auth;
use crate::clock::Clock;

/// The keys that sign access tokens.
#[derive(Debug, Args)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Have a new key sign from now on
    Rotate(Rotate),
}

/// Has a new key sign from now on. Servers do so by themselves every 30 days.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stockroom keys rotate\n  \
    STOCKROOM_KEY_FILE=/run/secrets/key stockroom keys rotate --database postgres://…\n\n\
    Tokens of the old key stay good for their ten minutes, and every node learns of the new one\n\
    within a minute. With STOCKROOM_KEY_FILE the new key is wrapped with that file's.")]
struct Rotate {
    #[command(flatten)]
    common: Common,
}

impl Keys {
    /// Runs the command.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Rotate(rotate) => rotate.run().await,
        }
    }
}

impl Rotate {
    async fn run(self) -> anyhow::Result<()> {
        let config = self.common.load(Vec::new())?;
        let db = super::open_ready(&config).await?;
        let auth = Auth::new(&config, db.clone(), Clock::System)?;
        auth.tokens.keyring().rotate_all(&db, &Clock::System).await?;
        db.close().await;
        Ok(writeln!(std::io::stdout(), "A new key signs from now on.")?)
    }
}
