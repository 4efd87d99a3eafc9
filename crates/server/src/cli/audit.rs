//! `stockroom audit verify`

use std::io::Write as _;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::Common;
use crate::audit::verify::{Anchor, Findings, verify};
use crate::clock::Clock;
use crate::events;

/// The audit log: who changed what, when, from where.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compute every link of the chain anew and name each row that is not as it was written
    Verify(Verify),
}

/// Computes every link of the chain anew and names each row that is not as it was written.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stockroom audit verify\n  \
    stockroom audit verify --database postgres://stockroom@db/stockroom\n  \
    stockroom audit verify --anchor 41207:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b…\n\n\
    It prints the last row with its link. Written down where nobody with access to the database\n\
    can change it, and given as --anchor later, it proves that not even the whole log was\n\
    replaced. May run beside a shop that sells.\n\
    Exit code 0: the log is whole. 1: it is not; each fault is a line.")]
struct Verify {
    #[command(flatten)]
    common: Common,
    /// A row and its link that were noted earlier
    #[arg(long, value_name = "ROW:LINK", value_parser = parse_anchor)]
    anchor: Option<Anchor>,
}

fn parse_anchor(text: &str) -> Result<Anchor, String> {
    let parts = text.split_once(':').and_then(|(id, link)| Some((id.parse().ok()?, link)));
    match parts {
        Some((id, link)) if link.len() == 64 => Ok(Anchor { id, link: link.to_lowercase() }),
        _ => Err("an anchor is a row and its link, as 'audit verify' prints it".to_owned()),
    }
}

impl Audit {
    /// Runs the command.
    ///
    /// # Errors
    /// The log is not whole, or the database cannot be used.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Verify(verify) => verify.run().await,
        }
    }
}

impl Verify {
    async fn run(self) -> anyhow::Result<()> {
        let config = self.common.load(Vec::new())?;
        let db = super::open_ready(&config).await?;
        events::record_outside(&db, Clock::System.now()).await?;
        let bar = ProgressBar::no_length()
            .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left")?);
        let findings = verify(&db, self.anchor.as_ref(), |done, all| {
            bar.set_length(all);
            bar.set_position(done);
        })
        .await?;
        bar.finish_and_clear();
        db.close().await;
        report(&findings)
    }
}

fn report(findings: &Findings) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for fault in &findings.faults {
        writeln!(out, "{fault}")?;
    }
    let rows = findings.rows;
    match findings.fault_count {
        0 => writeln!(out, "The audit log is whole: {rows} rows were checked.")?,
        1 => anyhow::bail!("the audit log has 1 fault; {rows} rows were checked"),
        count => anyhow::bail!("the audit log has {count} faults; {rows} rows were checked"),
    }
    if let Some(last) = &findings.last {
        writeln!(out, "Its last row and link, to be noted elsewhere: {}:{}", last.id, last.link)?;
    }
    Ok(())
}
