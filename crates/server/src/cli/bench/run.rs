//! A whole run, in order: an empty shop is filled and measured, each yardstick right beside
//! what is held against it; then, where a past is wanted, the same shop again on top of it.
//!
//! Between the parts the ledger is proved: every acknowledged movement is in it, none besides,
//! and `stockroom verify` passes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hyper::header::HeaderValue;
use uuid::Uuid;

use super::catalogue::{self, Catalogue};
use super::client::{self, Connection, Draw, SignedIn};
use super::goals::{Figure, grouped};
use super::history::{self, Span};
use super::machine::Machine;
use super::measure::{self, Measurement, Timing};
use super::report::{self, Report};
use super::server::{Launch, Server};
use super::target::Target;
use super::yardsticks::{Keys, Yardsticks, pgbench, postgres, sqlite};
use super::{Args, Engine, Plan, Scenario, scenarios, sql};
use crate::clock::Clock;
use crate::db::DatabaseUrl;

/// The past that the goals speak of.
const PAST: i64 = 10_000_000;
/// Connections that post 1,000 lines at once: what is under way fits the server's queue.
const BULK_CONNECTIONS: usize = 8;
/// Pairs of one node and two.
const PAIRS: usize = 5;
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
    server: Server,
    signed_in: SignedIn,
    /// Movements that must be in the ledger.
    movements: u64,
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

struct Run {
    plan: Plan,
    target: Target,
    launch: Launch,
    report: Report,
    yardstick_is_slow: bool,
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
        yardsticks.remove().await?;
        self.two_nodes(&mut shop).await?;
        if self.plan.movements > 0 && self.plan.wants(Scenario::Posting) {
            let rate = self.posting(&mut shop, "posting at no past (median of 3)").await?;
            self.report.figures.set(Figure::PostingAtNone, rate);
        }
        self.report.figures.miss(Figure::CachedReads, "there is no cache yet");
        self.report.figures.miss(Figure::Orders, "there are no orders yet");
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
                Yardsticks::Postgres(postgres::Yardsticks::make(options, stores, products).await?)
            }
            DatabaseUrl::Sqlite(_) => Yardsticks::Sqlite(
                sqlite::Yardsticks::make(self.target.yardstick_file()?, stores, products).await?,
            ),
        })
    }

    async fn random(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
        if !self.plan.wants(Scenario::Random) {
            return Ok(());
        }
        let keys = Keys::Random { stores: self.plan.stores, products: self.plan.products };
        let t5 = yardsticks.five_statements(keys, &self.plan).await?;
        self.report.add("T5: random keys, five statements a sale", &t5);
        self.report.figures.set(Figure::RandomT5, t5.per_second());
        if self.target.engine == Engine::Postgres {
            self.check_yardstick(keys, t5.per_second()).await?;
        }
        if let Some(t1) = yardsticks.one_statement(keys, &self.plan).await? {
            self.report.add("T1: random keys, one statement a sale", &t1);
            self.report.figures.set(Figure::RandomT1, t1.per_second());
        }
        let draw = scenarios::random_sales(shop.catalogue)?;
        let ours = self.post(shop, self.plan.connections, self.plan.timing, &draw).await?;
        self.report.add("one sale a request, random keys", &ours);
        self.report.figures.set(Figure::RandomSales, ours.per_second());
        self.open_loop(shop).await
    }

    /// The same at a fixed rate.
    async fn open_loop(&mut self, shop: &mut Shop) -> Result<()> {
        let Some(rate) = self.plan.open_loop else { return Ok(()) };
        let draw = scenarios::random_sales(shop.catalogue)?;
        let authorization = shop.authorization().await?;
        let nodes = [shop.address()];
        let count = self.plan.connections;
        let workers = client::workers(&nodes, count, &authorization, &draw).await?;
        let ours = measure::open_loop(workers, self.plan.timing, rate).await?;
        shop.movements += ours.total;
        let name = format!("open loop, {} sales/s due", grouped(f64::from(rate)));
        self.report.add(&name, &ours);
        Ok(())
    }

    async fn hot(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
        if !self.plan.wants(Scenario::Hot) {
            return Ok(());
        }
        let t5 = yardsticks.five_statements(Keys::Hot, &self.plan).await?;
        self.report.add("T5: one hot product", &t5);
        self.report.figures.set(Figure::HotT5, t5.per_second());
        self.report.figures.set(Figure::HotT5P99, t5.percentile_ms(99.0));
        if let Some(t1) = yardsticks.one_statement(Keys::Hot, &self.plan).await? {
            self.report.add("T1: one hot product", &t1);
            self.report.figures.set(Figure::HotT1, t1.per_second());
        }
        let draw = scenarios::hot_sales(shop.catalogue)?;
        let ours = self.post(shop, self.plan.connections, self.plan.timing, &draw).await?;
        self.report.add("one sale a request, one hot product", &ours);
        self.report.figures.set(Figure::HotSales, ours.per_second());
        self.report.figures.set(Figure::HotP99, ours.percentile_ms(99.0));
        Ok(())
    }

    async fn bulk(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
        if !self.plan.wants(Scenario::Bulk) {
            return Ok(());
        }
        let raw = yardsticks.batches(&self.plan).await?;
        self.report.add(&format!("B: raw batches of 1,000 ({})", raw.form), &raw.measured);
        self.report.figures.set(Figure::RawBatches, raw.measured.per_second());
        let draw = scenarios::bulk_sales(shop.catalogue)?;
        let connections = BULK_CONNECTIONS.min(self.plan.connections);
        let ours = self.post(shop, connections, self.plan.timing, &draw).await?;
        self.report.add(&format!("1,000 sales a request, {connections} connections"), &ours);
        self.report.figures.set(Figure::BulkMovements, ours.per_second());
        Ok(())
    }

    async fn reads(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
        if !self.plan.wants(Scenario::LevelRead) {
            return Ok(());
        }
        let raw = yardsticks.point_reads(&self.plan).await?;
        self.report.add("raw point read", &raw);
        self.report.figures.set(Figure::PointReads, raw.per_second());
        if self.target.engine == Engine::Postgres {
            let keys = Keys::Random { stores: self.plan.stores, products: self.plan.products };
            let rate = self.pgbench(pgbench::Script::PointRead, keys).await?;
            self.report.note(format!("pgbench reads {}/s with the same statement", grouped(rate)));
        }
        let draw = scenarios::level_reads(shop.catalogue);
        let ours = self.read(shop, "level read", &draw).await?;
        self.report.figures.set(Figure::LevelReads, ours.per_second());
        Ok(())
    }

    /// One node against two, in turns, for the machine's mood changes within a run.
    async fn two_nodes(&mut self, shop: &mut Shop) -> Result<()> {
        if self.target.engine != Engine::Postgres || !self.plan.wants(Scenario::TwoNodes) {
            return Ok(());
        }
        let other = self.launch.start().await?;
        let draw = scenarios::random_sales(shop.catalogue)?;
        let timing = self.plan.brief();
        let one = [shop.address()];
        let two = [shop.address(), other.address];
        let mut ratios = Vec::with_capacity(PAIRS);
        for pair in 0..PAIRS {
            // Neither is always the first.
            let (first, second) =
                if pair % 2 == 0 { (&one[..], &two[..]) } else { (&two[..], &one[..]) };
            let before = self.post_to(shop, first, timing, &draw).await?.per_second();
            let after = self.post_to(shop, second, timing, &draw).await?.per_second();
            ratios.push(if pair % 2 == 0 { after / before } else { before / after });
        }
        other.stop().await?;
        if let Some(ratio) = measure::median(&ratios) {
            self.report.figures.set(Figure::TwoNodes, ratio);
        }
        let shown: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        self.report.note(format!("two nodes ÷ one, pair by pair: {}", shown.join(", ")));
        Ok(())
    }

    /// Sales on random keys, the median of three brief runs.
    async fn posting(&mut self, shop: &mut Shop, name: &str) -> Result<f64> {
        let draw = scenarios::random_sales(shop.catalogue)?;
        let timing = self.plan.brief();
        let mut rates = Vec::with_capacity(3);
        for _ in 0..3 {
            let ours = self.post(shop, self.plan.connections, timing, &draw).await?;
            rates.push(ours.per_second());
        }
        let rate = measure::median(&rates).context("nothing was posted")?;
        self.report.note(format!("{name}: {} sales/s", grouped(rate)));
        Ok(rate)
    }

    async fn post(
        &self,
        shop: &mut Shop,
        connections: usize,
        timing: Timing,
        draw: &Draw,
    ) -> Result<Measurement> {
        let authorization = shop.authorization().await?;
        let nodes = [shop.address()];
        let workers = client::workers(&nodes, connections, &authorization, draw).await?;
        let measured = measure::closed_loop(workers, timing).await;
        let measured = measured.with_context(|| shop.server.last_words())?;
        shop.movements += measured.total;
        Ok(measured)
    }

    async fn post_to(
        &self,
        shop: &mut Shop,
        nodes: &[SocketAddr],
        timing: Timing,
        draw: &Draw,
    ) -> Result<Measurement> {
        let authorization = shop.authorization().await?;
        let count = self.plan.connections;
        let workers = client::workers(nodes, count, &authorization, draw).await?;
        let measured = measure::closed_loop(workers, timing).await?;
        shop.movements += measured.total;
        Ok(measured)
    }

    async fn read(&mut self, shop: &mut Shop, name: &str, draw: &Draw) -> Result<Measurement> {
        let authorization = shop.authorization().await?;
        let nodes = [shop.address()];
        let mut connection = Connection::open(nodes[0], Some(authorization.clone())).await?;
        scenarios::probe(&mut connection, draw).await?;
        let count = self.plan.connections;
        let workers = client::workers(&nodes, count, &authorization, draw).await?;
        let measured = measure::closed_loop(workers, self.plan.timing).await?;
        self.report.add(name, &measured);
        Ok(measured)
    }

    /// Holds T5 against `pgbench` with the same statements.
    async fn check_yardstick(&mut self, keys: Keys, t5: f64) -> Result<()> {
        let rate = self.pgbench(pgbench::Script::FiveStatements, keys).await?;
        let share = t5 / rate;
        let is_slow = share < pgbench::SHARE_MIN;
        let verdict = match (is_slow, self.plan.quick) {
            (false, _) => "it is a fair yardstick",
            (true, true) => "a quick run is too short to judge",
            (true, false) => "IT IS TOO SLOW, and every ratio to it is worthless",
        };
        self.yardstick_is_slow |= is_slow && !self.plan.quick;
        self.report.note(format!(
            "pgbench does T5 at {}/s; T5 here reaches {share:.2} of it (at least {}): {verdict}",
            grouped(rate),
            pgbench::SHARE_MIN
        ));
        Ok(())
    }

    async fn pgbench(&self, script: pgbench::Script, keys: Keys) -> Result<f64> {
        let (url, folder) = (self.target.url.clone(), self.launch.folder.clone());
        let seconds = self.plan.seconds();
        let run = move || pgbench::run(&url, &folder, script, keys, seconds);
        tokio::task::spawn_blocking(run).await?
    }
}

#[expect(clippy::cast_precision_loss)]
fn grouped_count(count: i64) -> String {
    grouped(count as f64)
}

/// Removed with all it holds, whatever happens.
struct TemporaryFolder {
    path: PathBuf,
}

impl TemporaryFolder {
    fn make() -> Result<Self> {
        let name = format!("stockroom-bench-{}", Uuid::from_u128(rand::random()).simple());
        let path = std::env::temp_dir().join(name);
        make_private(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // It lies where the system cleans up by itself.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}
