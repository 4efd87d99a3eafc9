//! A whole run, in order: an empty shop is filled and measured, each yardstick right beside
//! what is held against it; then, where a past is wanted, the same shop again on top of it.
//!
//! Between the parts the ledger is proved: every acknowledged movement is in it, none besides,
//! and `stockroom verify` passes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use hyper::header::HeaderValue;
use uuid::Uuid;

use super::catalogue::{self, Catalogue};
use super::client::SignedIn;
use super::folder::TemporaryFolder;
use super::goals::{Figure, grouped};
use super::history::{self, Span};
use super::machine::Machine;
use super::report::{self, Report};
use super::server::{Launch, Server};
use super::target::Target;
use super::yardsticks::{Yardsticks, postgres, sqlite};
use super::{Args, Engine, Plan, Scenario, scenarios, sql};
use crate::clock::Clock;
use crate::db::DatabaseUrl;

/// The past that the goals speak of.
const PAST: i64 = 10_000_000;
/// How long a server is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(1);

/// Runs everything that is wanted.
///
/// # Errors
/// The first thing that went wrong; servers are stopped and temporary files removed. Or, after
/// everything was measured and told: the yardstick is too slow.
pub async fn run(args: &Args) -> Result<()> {
    let plan = Plan::of(args);
    let folder = TemporaryFolder::make()?;
    let target = Target::open(args.database.as_deref(), &folder.path).await?;
    let launch = Launch {
        executable: std::env::current_exe()?,
        database: target.url.clone(),
        setup_token: Uuid::from_u128(rand::random()).to_string(),
        folder: folder.path.clone(),
    };
    let db = target.connect().await?;
    let version = sql::version(&db).await?;
    db.close().await;
    let report = Report::begin(target.engine, Machine::look(&folder.path, version)?);
    let mut run = Run { plan, target, launch, report, yardstick_is_slow: false };
    run.without_past().await?;
    run.with_past().await?;
    let section = run.report.finish();
    if let Some(path) = &args.results {
        report::save(path, run.target.engine, &section)?;
    }
    ensure!(
        !run.yardstick_is_slow,
        "T5 is slower than pgbench with the same statements: no ratio to it means anything"
    );
    Ok(())
}

/// A shop under test: a filled database, a server on it, and an administrator.
#[derive(Debug)]
pub struct Shop {
    /// What it sells.
    pub catalogue: Catalogue,
    pub(super) server: Server,
    signed_in: SignedIn,
    /// Movements that must be in the ledger.
    pub(super) movements: u64,
}

impl Shop {
    /// Where its server listens.
    pub const fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// A token that outlives the next scenario.
    ///
    /// # Errors
    /// The server refuses to renew it.
    pub async fn authorization(&mut self) -> Result<HeaderValue> {
        self.signed_in.authorization(self.server.address).await
    }
}

/// What a run needs all along.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) target: Target,
    pub(super) launch: Launch,
    pub(super) report: Report,
    pub(super) yardstick_is_slow: bool,
}

impl Run {
    /// Everything but what needs a past.
    async fn without_past(&mut self) -> Result<()> {
        let mut shop = self.open(None).await?;
        let yardsticks = self.make_yardsticks().await?;
        self.random(&mut shop, &yardsticks).await?;
        self.hot(&mut shop, &yardsticks).await?;
        self.bulk(&mut shop, &yardsticks).await?;
        self.reads(&mut shop, &yardsticks).await?;
        self.orders(&mut shop, &yardsticks).await?;
        self.live(&mut shop).await?;
        yardsticks.remove().await?;
        self.two_nodes(&mut shop).await?;
        if self.plan.movements > 0 && self.plan.wants(Scenario::Posting) {
            let rate = self.posting(&mut shop, "posting at no past (median of 3)").await?;
            self.report.figures.set(Figure::PostingAtNone, rate);
        }
        self.report.figures.miss(Figure::CachedReads, "there is no cache yet");
        if let Some(memory) = shop.server.memory_peak_mb() {
            self.report.figures.set(Figure::MemoryLoad, memory);
        }
        self.close(shop).await
    }

    /// What the past costs: reads of it, and posting on top of it.
    async fn with_past(&mut self) -> Result<()> {
        let movements = self.plan.movements;
        let wants_reads = self.plan.wants(Scenario::AsOfRead);
        let wants_posting = self.plan.wants(Scenario::Posting);
        if movements == 0 || !(wants_reads || wants_posting) {
            let reason = format!("needs --movements {PAST}");
            self.report.figures.miss(Figure::AsOfReads, reason.clone());
            self.report.figures.miss(Figure::PostingAtHistory, reason);
            return Ok(());
        }
        let span = history::span(Clock::System.now());
        let mut shop = self.open(Some(span)).await?;
        let named = |what: &str| format!("{what} at {} movements", grouped_count(movements));
        if wants_posting {
            let rate = self.posting(&mut shop, &named("posting")).await?;
            self.past_figure(Figure::PostingAtHistory, rate);
        }
        if wants_reads {
            let current = scenarios::level_reads(shop.catalogue);
            let current = self.read(&mut shop, &named("current level read"), &current).await?;
            self.past_figure(Figure::CurrentReads, current.per_second());
            let past = scenarios::as_of_reads(shop.catalogue, span);
            let past = self.read(&mut shop, &named("as_of level read"), &past).await?;
            self.past_figure(Figure::AsOfReads, past.per_second());
        }
        self.close(shop).await
    }

    /// A figure that the goals want at ten million movements, and at no fewer.
    fn past_figure(&mut self, figure: Figure, rate: f64) {
        if self.plan.movements >= PAST {
            self.report.figures.set(figure, rate);
        } else {
            let rate = grouped(rate);
            let at = grouped_count(self.plan.movements);
            self.report.figures.miss(figure, format!("{rate}/s, but at {at} movements only"));
        }
    }

    /// Fills an empty database, with a past if one is given, and starts a server on it.
    async fn open(&mut self, past: Option<Span>) -> Result<Shop> {
        let db = self.target.reset().await?;
        let catalogue = Catalogue::make(&db, self.plan.stores, self.plan.products).await?;
        if let Some(span) = past {
            history::make(&db, &catalogue, self.plan.movements, span).await?;
        }
        sql::settle(&db).await?;
        let before = sql::movement_count(&db).await?;
        db.close().await;
        let server = self.launch.start().await?;
        tokio::time::sleep(IDLE).await;
        if let Some(memory) = server.memory_mb() {
            self.report.figures.set(Figure::MemoryIdle, memory);
        }
        let password = Uuid::from_u128(rand::random()).to_string();
        SignedIn::set_up(server.address, &self.launch.setup_token, &password).await?;
        let signed_in = SignedIn::sign_in(server.address, &password).await?;
        let mut shop = Shop { catalogue, server, signed_in, movements: before.try_into()? };
        catalogue::bring_stock_in(&mut shop).await?;
        shop.movements += u64::try_from(catalogue.levels())?;
        if self.target.engine == Engine::Postgres {
            let db = self.target.connect().await?;
            sql::settle(&db).await?;
            db.close().await;
        }
        Ok(shop)
    }

    /// Stops the server and proves the ledger. Then times how fast a server is back on it.
    async fn close(&mut self, shop: Shop) -> Result<()> {
        shop.server.stop().await?;
        let db = self.target.connect().await?;
        let found = u64::try_from(sql::movement_count(&db).await?)?;
        db.close().await;
        let expected = shop.movements;
        ensure!(
            found == expected,
            "the ledger has {found} movements where {expected} were acknowledged"
        );
        self.verify().await?;
        let at = grouped_count(i64::try_from(found)?);
        self.report.note(format!("ledger proved: {at} movements, all acknowledged; verify passes"));
        let server = self.launch.start().await?;
        self.report.figures.set(Figure::FirstAnswer, server.first_answer.as_secs_f64());
        server.stop().await
    }

    async fn verify(&self) -> Result<()> {
        let mut command = self.launch.command();
        command.arg("verify");
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        ensure!(
            output.status.success(),
            "stockroom verify found fault:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    async fn make_yardsticks(&self) -> Result<Yardsticks> {
        let Plan { stores, products, .. } = self.plan;
        Ok(match &self.target.parsed {
            DatabaseUrl::Postgres(options) => {
                let made = postgres::Yardsticks::make(options, stores, products).await?;
                Yardsticks::Postgres(Box::new(made))
            }
            DatabaseUrl::Sqlite(_) => {
                let path = self.target.yardstick_file()?;
                Yardsticks::Sqlite(sqlite::Yardsticks::make(path, stores, products).await?)
            }
        })
    }
}

#[expect(clippy::cast_precision_loss)]
fn grouped_count(count: i64) -> String {
    grouped(count as f64)
}
