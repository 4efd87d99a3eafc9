//! `stockroom dead-letters list`, `replay` and `drop`

use std::io::Write as _;

use clap::{Args, Subcommand};

use super::Common;
use crate::clock::Clock;
use crate::workers::dead_letters::{self, DeadLetterView, State};

/// Messages that were tried too often.
#[derive(Debug, Args)]
pub struct DeadLetters {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print those that wait for someone
    List(List),
    /// Have some of them tried again
    Replay(Chosen),
    /// Decide that some of them need not be dealt with
    Drop(Chosen),
}

/// Prints the messages that wait for someone: number, queue, state, event, tries, when, and what
/// went wrong.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockroom dead-letters list")]
struct List {
    #[command(flatten)]
    common: Common,
}

/// Chooses dead letters by their numbers. A running server notices within a second.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stockroom dead-letters replay 3 4\n  \
    stockroom dead-letters replay --all")]
struct Chosen {
    #[command(flatten)]
    common: Common,
    /// Their numbers
    #[arg(required_unless_present = "all")]
    id: Vec<i64>,
    /// All that are parked
    #[arg(long, conflicts_with = "id")]
    all: bool,
}

impl DeadLetters {
    /// Runs the command.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::List(list) => list.run().await,
            Command::Replay(chosen) => chosen.mark(State::Replaying, "to be tried again").await,
            Command::Drop(chosen) => chosen.mark(State::Dropped, "dropped").await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let config = self.common.load(Vec::new())?;
        let db = super::open_ready(&config).await?;
        let parked = dead_letters::parked(&db).await?;
        db.close().await;
        let mut out = std::io::stdout().lock();
        if parked.is_empty() {
            writeln!(out, "There are no dead letters.")?;
        }
        for letter in parked {
            writeln!(out, "{}", letter.line())?;
        }
        Ok(())
    }
}

impl Chosen {
    async fn mark(self, state: State, done: &str) -> anyhow::Result<()> {
        let config = self.common.load(Vec::new())?;
        let db = super::open_ready(&config).await?;
        let ids = match self.all {
            true => {
                let waiting = dead_letters::parked(&db).await?;
                waiting.iter().filter(|l| l.is_parked()).map(DeadLetterView::id).collect()
            }
            false => self.id,
        };
        let marked = dead_letters::mark(&db, Clock::System.now(), &ids, state).await?;
        db.close().await;
        writeln!(std::io::stdout(), "{marked} of {} dead letters are {done}.", ids.len())?;
        let missed = ids.len() - marked;
        anyhow::ensure!(missed == 0, "{missed} were not parked, or are not there");
        Ok(())
    }
}
