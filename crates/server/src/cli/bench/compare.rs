//! Each scenario right beside its yardstick.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use super::client::{self, Connection, Draw};
use super::goals::{Figure, grouped};
use super::measure::{self, Measurement, Timing};
use super::run::{Run, Shop};
use super::yardsticks::{Keys, Yardsticks, pgbench};
use super::{Engine, Scenario, scenarios};

/// Connections that post 1,000 lines at once: what is under way fits the server's queue.
const BULK_CONNECTIONS: usize = 8;
/// Pairs of one node and two.
const PAIRS: usize = 5;

impl Run {
    /// One sale a request on random keys, beside T5 and T1.
    pub(super) async fn random(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
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
        let ours = self.post_alone(shop, self.plan.connections, self.plan.timing, &draw).await?;
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

    /// One sale a request of one product, beside T5 and T1.
    pub(super) async fn hot(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
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
        let ours = self.post_alone(shop, self.plan.connections, self.plan.timing, &draw).await?;
        self.report.add("one sale a request, one hot product", &ours);
        self.report.figures.set(Figure::HotSales, ours.per_second());
        self.report.figures.set(Figure::HotP99, ours.percentile_ms(99.0));
        Ok(())
    }

    /// A thousand sales a request, beside B.
    pub(super) async fn bulk(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
        if !self.plan.wants(Scenario::Bulk) {
            return Ok(());
        }
        let raw = yardsticks.batches(&self.plan).await?;
        self.report.add(&format!("B: raw batches of 1,000 ({})", raw.form), &raw.measured);
        self.report.figures.set(Figure::RawBatches, raw.measured.per_second());
        let draw = scenarios::bulk_sales(shop.catalogue)?;
        let connections = BULK_CONNECTIONS.min(self.plan.connections);
        let ours = self.post_alone(shop, connections, self.plan.timing, &draw).await?;
        self.report.add(&format!("1,000 sales a request, {connections} connections"), &ours);
        self.report.figures.set(Figure::BulkMovements, ours.per_second());
        let draw = scenarios::scattered_sales(shop.catalogue)?;
        let scattered = self.post_alone(shop, connections, self.plan.timing, &draw).await?;
        self.report.add("the same, each line of any store", &scattered);
        Ok(())
    }

    /// Levels by their key, beside raw point reads.
    pub(super) async fn reads(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
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
    pub(super) async fn two_nodes(&mut self, shop: &mut Shop) -> Result<()> {
        if self.target.engine != Engine::Postgres || !self.plan.wants(Scenario::TwoNodes) {
            return Ok(());
        }
        let other = self.launch.start().await?;
        let draw = scenarios::random_sales(shop.catalogue)?;
        let (timing, count) = (self.plan.brief(), self.plan.connections);
        let one = [shop.address()];
        let two = [shop.address(), other.address];
        let mut ratios = Vec::with_capacity(PAIRS);
        for pair in 0..PAIRS {
            // Neither is always the first.
            let (first, second) =
                if pair % 2 == 0 { (&one[..], &two[..]) } else { (&two[..], &one[..]) };
            let before = self.post(shop, first, count, timing, &draw).await?.per_second();
            let after = self.post(shop, second, count, timing, &draw).await?.per_second();
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
    pub(super) async fn posting(&mut self, shop: &mut Shop, name: &str) -> Result<f64> {
        let draw = scenarios::random_sales(shop.catalogue)?;
        let timing = self.plan.brief();
        let mut rates = Vec::with_capacity(3);
        for _ in 0..3 {
            let ours = self.post_alone(shop, self.plan.connections, timing, &draw).await?;
            rates.push(ours.per_second());
        }
        let rate = measure::median(&rates).context("nothing was posted")?;
        self.report.note(format!("{name}: {} sales/s", grouped(rate)));
        Ok(rate)
    }

    /// Posts to the shop's one server.
    async fn post_alone(
        &self,
        shop: &mut Shop,
        connections: usize,
        timing: Timing,
        draw: &Draw,
    ) -> Result<Measurement> {
        let nodes = [shop.address()];
        self.post(shop, &nodes, connections, timing, draw).await
    }

    /// Posts what is drawn, dealt out over the nodes, and counts it.
    async fn post(
        &self,
        shop: &mut Shop,
        nodes: &[SocketAddr],
        connections: usize,
        timing: Timing,
        draw: &Draw,
    ) -> Result<Measurement> {
        let authorization = shop.authorization().await?;
        let workers = client::workers(nodes, connections, &authorization, draw).await?;
        let measured = measure::closed_loop(workers, timing).await;
        let measured = measured.with_context(|| shop.server.last_words())?;
        shop.movements += measured.total;
        Ok(measured)
    }

    /// Reads, and adds them to the report under this name.
    pub(super) async fn read(
        &mut self,
        shop: &mut Shop,
        name: &str,
        draw: &Draw,
    ) -> Result<Measurement> {
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
