//! `stockroom bench`: measures this machine, this database and this Stockroom, and holds the
//! result against the goals.
//!
//! It fills a database of its own, starts the server as a child process of the same
//! executable, drives it over real HTTP, and runs the conventional way of doing the same work
//! ([`yardsticks`]) straight on the same database in between. Read [`run`] for the order of
//! things, [`compare`] for what stands beside what, [`scenarios`] for what is asked, [`goals`]
//! for what is to be reached.
//!
//! It deliberately runs on one thread: generator, server and database share the machine, and
//! what the generator takes is missing elsewhere.

mod catalogue;
mod client;
mod compare;
mod folder;
mod goals;
mod history;
mod live;
mod machine;
mod measure;
mod orders;
mod progress;
mod report;
mod run;
mod scenarios;
mod server;
mod sql;
mod target;
#[cfg(test)]
mod tests;
mod yardsticks;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use goals::Figures;
use measure::Timing;

/// Who posts all those sales.
const USERNAME: &str = "bench";
/// How much of a measured time goes before it uncounted.
const WARM_UP_SHARE: u32 = 4;
/// No run takes longer than this.
const RUN_TIMEOUT: Duration = Duration::from_secs(3 * 3_600);

/// Measure sales per second and latencies against the goals, on a database of the bench's own
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A database to fill, empty and measure (sqlite://… or postgres://…); one that holds a
    /// shop is refused. Without it, a temporary SQLite file
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Stores in the catalogue
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    stores: i64,
    /// Products in the catalogue
    #[arg(
        long,
        default_value_t = 1_000,
        value_parser = clap::value_parser!(i64).range(1..=100_000)
    )]
    products: i64,
    /// Keep-alive connections
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    connections: u16,
    /// Seconds to measure each scenario
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=300))]
    seconds: u16,
    /// Movements of an invented past, for `as_of` reads and for posting on top of it
    #[arg(
        long,
        default_value_t = 0,
        value_parser = clap::value_parser!(i64).range(0..=1_000_000_000)
    )]
    movements: i64,
    /// Only these scenarios
    #[arg(long, value_enum, value_delimiter = ',', num_args = 1..)]
    scenario: Vec<Scenario>,
    /// Also sell at this fixed rate per second, with latencies from when each sale was due
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    open_loop: Option<u32>,
    /// Write the results into this Markdown file, in place of the same engine's last ones
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// A tiny catalogue and a second per scenario: shows that the bench works, no more
    #[arg(long)]
    quick: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// One sale a request, on random keys, and T5 and T1
    Random,
    /// One sale a request, all of one product in one store
    Hot,
    /// 1,000 movements a request, and B
    Bulk,
    /// One level by its key, and point reads
    LevelRead,
    /// One level as of a past instant
    AsOfRead,
    /// Posting before and after the history is made
    Posting,
    /// Orders of two products, accepted and confirmed, and one transaction per job
    Orders,
    /// Sales at a steady rate, heard over WebSockets
    Live,
    /// Two servers on one PostgreSQL
    TwoNodes,
}

/// Which database is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// What is to be measured, and for how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Stores in the catalogue.
    pub stores: i64,
    /// Products in the catalogue.
    pub products: i64,
    /// Keep-alive connections.
    pub connections: usize,
    /// Of each scenario.
    pub timing: Timing,
    /// Of the invented past.
    pub movements: i64,
    /// Sales a second of the open loop.
    pub open_loop: Option<u32>,
    /// Whether speed means nothing here.
    pub quick: bool,
    only: Vec<Scenario>,
}

impl Plan {
    fn of(args: &Args) -> Self {
        let seconds = if args.quick { 1 } else { args.seconds };
        let measured = Duration::from_secs(seconds.into());
        let at_most = |wanted: i64, most: i64| if args.quick { wanted.min(most) } else { wanted };
        Self {
            stores: at_most(args.stores, 20),
            products: at_most(args.products, 100),
            connections: args.connections.into(),
            timing: Timing { warm_up: measured / WARM_UP_SHARE, measured },
            movements: at_most(args.movements, 20_000),
            open_loop: args.open_loop,
            quick: args.quick,
            only: args.scenario.clone(),
        }
    }

    /// Whether a scenario is wanted.
    pub fn wants(&self, scenario: Scenario) -> bool {
        self.only.is_empty() || self.only.contains(&scenario)
    }

    /// Where several runs are compared with each other, each is this long.
    pub fn brief(&self) -> Timing {
        Timing { warm_up: self.timing.warm_up / 2, measured: self.timing.measured / 4 }
    }

    /// How long one scenario takes in all, in whole seconds.
    pub fn seconds(&self) -> u64 {
        self.timing.measured.as_secs()
    }
}

/// Runs the bench on a thread of its own.
///
/// # Errors
/// Why nothing was measured, or that the yardstick is too slow to measure by.
pub async fn run(args: Args) -> Result<()> {
    let bench = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let tasks = tokio::task::LocalSet::new();
        // Whatever ends the run drops it, and with it the servers that it started.
        tasks.block_on(&runtime, async {
            tokio::select! {
                done = tokio::time::timeout(RUN_TIMEOUT, run::run(&args)) => {
                    done.context("the run took over three hours")?
                }
                signal = stopped() => bail!("stopped by {}", signal?),
            }
        })
    });
    bench.await?
}

#[cfg(unix)]
async fn stopped() -> Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| "SIGINT").map_err(Into::into),
        _ = terminated.recv() => Ok("SIGTERM"),
        _ = hung_up.recv() => Ok("SIGHUP"),
    }
}

#[cfg(not(unix))]
async fn stopped() -> Result<&'static str> {
    tokio::signal::ctrl_c().await?;
    Ok("Ctrl-C")
}
