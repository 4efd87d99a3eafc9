//! The command line.

mod audit;
mod bench;
mod dead_letters;
pub mod demo;
mod keys;
mod migrate;
mod openapi;
mod serve;
mod user;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, ConfigError};
use crate::db::{self, DatabaseUrl, Db, PoolSizes};
use crate::events;

/// The arguments of the process.
#[derive(Debug, Parser)]
#[command(
    name = "stockroom",
    version,
    about = "Stock and orders for shops, from one counter to thousands of stores",
    after_help = "Examples:\n  \
        stockroom serve                      one shop, on the file data/stockroom.db\n  \
        stockroom serve --listen 0.0.0.0:80  reachable from other machines\n  \
        stockroom serve --database postgres://stockroom@db/stockroom\n  \
        stockroom migrate --database postgres://stockroom@db/stockroom\n\n\
        Settings come from stockroom.toml, then STOCKROOM_* variables, then flags. Each variable\n\
        also exists as STOCKROOM_X_FILE, which names a file that holds the value.",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(Box<serve::Serve>),
    /// Bring the database's schema up to date and stop. `serve` does it by itself.
    Migrate(migrate::Migrate),
    /// Add someone who can sign in.
    User(user::User),
    /// The keys that sign access tokens.
    Keys(keys::Keys),
    /// Messages that were tried too often: look at them, have them tried again.
    DeadLetters(dead_letters::DeadLetters),
    /// Recompute every level from the ledger and name each difference.
    Verify(verify::Verify),
    /// Check that nothing in the audit log was altered, removed or moved.
    Audit(audit::Audit),
    /// Measure sales a second and latencies, and hold them against the goals.
    Bench(bench::Args),
    /// Fill an empty database with a demo shop: an invented chain of pet shops.
    Demo(demo::Demo),
    /// Print the OpenAPI document of the HTTP API.
    Openapi(openapi::Openapi),
}

/// What every subcommand takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The database: sqlite://path/to/file.db or postgres://user:password@host/name
    /// [default: sqlite://data/stockroom.db]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// The configuration file [default: stockroom.toml, if it is there]
    #[arg(long, value_name = "PATH", env = "STOCKROOM_CONFIG")]
    pub config: Option<PathBuf>,
}

impl Common {
    /// The settings, with these flags and `more` on top.
    ///
    /// # Errors
    /// [`ConfigError`]
    pub fn load(&self, mut more: Vec<(&'static str, String)>) -> Result<Config, ConfigError> {
        more.extend(self.database.clone().map(|url| ("database", url)));
        config::load(self.config.as_deref(), |name| std::env::var(name).ok(), &more)
    }
}

/// Opens the database that the settings name. Its schema may be of another version.
///
/// # Errors
/// One line that says what to do.
pub async fn open(config: &Config) -> anyhow::Result<Db> {
    let url: DatabaseUrl = config.database.expose().parse()?;
    // A writer for quick postings and one for bulk, as often as the settings say.
    let ledger = 2 * config.ledger_writers;
    let sizes = PoolSizes { requests: config.postgres_connections, ledger };
    Ok(db::connect(&url, sizes).await?)
}

/// As [`open`], where an empty database would only be a misspelt name: the file must exist.
///
/// # Errors
/// One line that says what to do.
pub async fn open_existing(config: &Config) -> anyhow::Result<Db> {
    if let DatabaseUrl::Sqlite(path) = config.database.expose().parse()? {
        anyhow::ensure!(path.exists(), "there is no database file {}", path.display());
    }
    open(config).await
}

/// As [`open_existing`], of which the schema is up to date and the logs have room.
///
/// # Errors
/// One line that says what to do.
pub async fn open_ready(config: &Config) -> anyhow::Result<Db> {
    let db = open_existing(config).await?;
    let steps = db::pending(&db).await?;
    anyhow::ensure!(steps == 0, "the schema is not up to date: run 'stockroom migrate' first");
    events::ensure_partitions(&db).await?;
    Ok(db)
}

/// Runs the command.
///
/// # Errors
/// One line that says what to do.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(command) => command.run().await,
        Command::Migrate(command) => command.run().await,
        Command::User(command) => command.run().await,
        Command::Keys(command) => command.run().await,
        Command::DeadLetters(command) => command.run().await,
        Command::Verify(command) => command.run().await,
        Command::Audit(command) => command.run().await,
        Command::Bench(args) => bench::run(args).await,
        Command::Demo(command) => command.run().await,
        Command::Openapi(command) => command.run(),
    }
}
