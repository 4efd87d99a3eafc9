//! `stockroom migrate`

use std::io::Write as _;

use clap::Args;

use super::Common;
use crate::db::{self, DatabaseUrl};

/// Brings the schema up to date.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stockroom migrate\n  \
    stockroom migrate --check            only say whether something is to be done")]
pub struct Migrate {
    #[command(flatten)]
    common: Common,
    /// Change nothing; fail if the schema is not up to date
    #[arg(long)]
    check: bool,
}

impl Migrate {
    /// Runs the command.
    ///
    /// # Errors
    /// The database cannot be used, or is newer than this binary.
    pub async fn run(self) -> anyhow::Result<()> {
        let config = self.common.load(Vec::new())?;
        let url: DatabaseUrl = config.database.expose().parse()?;
        let _lock = if self.check { None } else { url.lock()? };
        let db = super::open(&config).await?;
        let pending = db::pending(&db).await?;
        if self.check && pending > 0 {
            anyhow::bail!("{pending} steps of the schema are missing: run 'stockroom migrate'");
        }
        if pending > 0 {
            db::migrate(&db).await?;
        }
        db.close().await;
        let said = match pending {
            0 => "The schema is up to date.".to_owned(),
            1 => "The schema was brought up to date, by 1 step.".to_owned(),
            steps => format!("The schema was brought up to date, by {steps} steps."),
        };
        Ok(writeln!(std::io::stdout(), "{said}")?)
    }
}
