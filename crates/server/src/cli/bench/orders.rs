//! Orders: how many are accepted a second, and how long it takes until the last is confirmed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hyper::StatusCode;
use serde_json::Value;

use super::client::{self, Call, Connection};
use super::goals::{Figure, grouped};
use super::measure;
use super::run::{Run, Shop};
use super::yardsticks::{Keys, Yardsticks};
use super::{Scenario, scenarios};

/// How often the last order is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long the last order may take.
const DRAIN_MAX: Duration = Duration::from_secs(120);

impl Run {
    /// Orders of two products, accepted and confirmed, beside one transaction per job.
    pub(super) async fn orders(&mut self, shop: &mut Shop, yardsticks: &Yardsticks) -> Result<()> {
        if !self.plan.wants(Scenario::Orders) {
            return Ok(());
        }
        let random = Keys::Random { stores: self.plan.stores, products: self.plan.products };
        for (name, keys, is_hot) in
            [("random keys", random, false), ("two hot products", Keys::Hot, true)]
        {
            let jobs = yardsticks.jobs(keys, &self.plan).await?;
            self.report.add(&format!("orders, {name}: one transaction per job"), &jobs);
            let rate = self.drained(shop, name, is_hot).await?;
            if is_hot {
                let ratio = rate / jobs.per_second();
                self.report
                    .note(format!("orders, {name}: ours ÷ one transaction per job {ratio:.2}"));
            } else {
                self.report.figures.set(Figure::OrdersOneByOne, jobs.per_second());
                self.report.figures.set(Figure::Orders, rate);
            }
        }
        Ok(())
    }

    /// Places orders and waits for the last to be confirmed; orders a second from the first
    /// request to that.
    #[expect(clippy::cast_precision_loss)]
    async fn drained(&mut self, shop: &mut Shop, name: &str, is_hot: bool) -> Result<f64> {
        let authorization = shop.authorization().await?;
        let nodes = [shop.address()];
        let draw = scenarios::orders(shop.catalogue, is_hot)?;
        let count = self.plan.connections;
        let workers = client::workers(&nodes, count, &authorization, &draw).await?;
        let begun = Instant::now();
        let ours = measure::closed_loop(workers, self.plan.timing).await;
        let ours = ours.with_context(|| shop.server.last_words())?;
        let accepted = begun.elapsed();
        let mut connection = Connection::open(nodes[0], Some(authorization)).await?;
        until_none_is_pending(&mut connection).await?;
        let whole = begun.elapsed();
        // Each takes its two products.
        shop.movements += 2 * ours.total;
        self.report.add(&format!("orders accepted, {name}"), &ours);
        let rate = ours.total as f64 / whole.as_secs_f64();
        self.report.note(format!(
            "orders, {name}: {} accepted in {:.2} s, the last confirmed {:.2} s later: {}/s \
             accepted and confirmed",
            grouped(ours.total as f64),
            accepted.as_secs_f64(),
            (whole - accepted).as_secs_f64(),
            grouped(rate)
        ));
        Ok(rate)
    }
}

async fn until_none_is_pending(connection: &mut Connection) -> Result<()> {
    let begun = Instant::now();
    let newest = ask(connection, "/api/orders?limit=1").await?;
    let id = newest["orders"][0]["id"].as_i64().context("no order was placed")?;
    let path = format!("/api/orders/{id}");
    while ask(connection, &path).await?["order"]["status"] == "pending" {
        ensure!(begun.elapsed() < DRAIN_MAX, "the order {id} is not confirmed");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    // Others may have been overtaken.
    while has_any(connection, "pending").await? {
        ensure!(begun.elapsed() < DRAIN_MAX, "an order is not confirmed");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    ensure!(!has_any(connection, "rejected").await?, "an order was turned down");
    Ok(())
}

async fn has_any(connection: &mut Connection, status: &str) -> Result<bool> {
    let answer = ask(connection, &format!("/api/orders?limit=1&status={status}")).await?;
    Ok(answer["orders"].as_array().is_some_and(|orders| !orders.is_empty()))
}

async fn ask(connection: &mut Connection, path: &str) -> Result<Value> {
    let (status, body) = connection.ask(&Call::get(path)?).await?;
    let text = String::from_utf8_lossy(&body);
    ensure!(status == StatusCode::OK, "GET {path} answered {status}: {text}");
    Ok(serde_json::from_str(&text)?)
}
