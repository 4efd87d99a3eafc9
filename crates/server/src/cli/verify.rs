//! `stockroom verify`

use std::io::Write as _;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Common;
use crate::db;
use crate::ledger::verify::{Findings, verify};

/// Recomputes every level, version and balance from the ledger and names each difference.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stockroom verify\n  \
    stockroom verify --database postgres://stockroom@db/stockroom\n\n\
    May run beside a shop that sells: it reads one snapshot and changes nothing.\n\
    Exit code 0: the books agree. 1: they differ; each difference is a line.")]
pub struct Verify {
    #[command(flatten)]
    common: Common,
}

impl Verify {
    /// Runs the command.
    ///
    /// # Errors
    /// The books differ, or the database cannot be used.
    pub async fn run(self) -> anyhow::Result<()> {
        let config = self.common.load(Vec::new())?;
        let db = super::open_existing(&config).await?;
        let steps = db::pending(&db).await?;
        anyhow::ensure!(steps == 0, "the schema is not up to date: run 'stockroom migrate' first");
        let bar = ProgressBar::no_length()
            .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} stores, {eta} left")?);
        let findings = verify(&db, |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        })
        .await?;
        bar.finish_and_clear();
        db.close().await;
        let mut out = std::io::stdout().lock();
        for difference in &findings.differences {
            writeln!(out, "{difference}")?;
        }
        let Findings { levels, movements, events, orders, .. } = findings;
        let seen =
            format!("{levels} levels, {movements} movements, {orders} orders and {events} events");
        match findings.difference_count {
            0 => Ok(writeln!(out, "The books agree: {seen} were checked.")?),
            1 => anyhow::bail!("the books differ in 1 place; {seen} were checked"),
            count => anyhow::bail!("the books differ in {count} places; {seen} were checked"),
        }
    }
}
