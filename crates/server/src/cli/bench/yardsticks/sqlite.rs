//! One transaction per sale, B and point reads on SQLite, in a file of their own with the
//! settings of the shop's.
//!
//! Each sqlx connection has a thread, and every call to it costs a trip there and back. So
//! that the yardstick measures SQLite and not that trip, statements that need no answer in
//! between travel together.

use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Result, bail, ensure};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr, Sqlite};
use stockroom_domain::Timestamp;
use tokio::sync::Mutex;

use super::orders::SqliteJobs;
use super::sql::{PAYLOAD, sqlite as sql};
use super::{BATCH, Batched, Keys, TASKS, draw_batch};
use crate::cli::bench::Plan;
use crate::cli::bench::measure::{Measurement, Timing, Worker, closed_loop, fresh_key};
use crate::cli::bench::target::remove_sqlite;
use crate::clock::Clock;
use crate::db::{self, DatabaseUrl, Db, Lease, PoolSizes};

/// One sale, in thousandths.
const SOLD: i64 = 1_000;
/// Connections that read at once: as many as the server has.
const READERS: usize = 4;

type Writer = Rc<Mutex<Lease<Sqlite>>>;

/// The file.
#[derive(Debug)]
pub struct Yardsticks {
    path: PathBuf,
    db: Db,
    keys: Keys,
}

impl Yardsticks {
    /// Makes the file anew and fills the levels.
    ///
    /// # Errors
    /// The database's.
    pub async fn make(path: PathBuf, stores: i64, products: i64) -> Result<Self> {
        remove_sqlite(&path)?;
        // Opened as the shop's own file is: the same journal, flushes and cache.
        let url = DatabaseUrl::Sqlite(path.clone());
        let db = db::connect(&url, PoolSizes { requests: 1, ledger: 1 }).await?;
        let Db::Sqlite { writer, .. } = &db else { bail!("the yardsticks' file is no file") };
        let mut conn = writer.get().await?;
        sqlx::raw_sql(sql::CREATE).execute(&mut *conn).await?;
        sqlx::query(sql::FILL).bind(stores).bind(products).execute(&mut *conn).await?;
        sqlx::raw_sql(sql::SETTLE).execute(&mut *conn).await?;
        drop(conn);
        Ok(Self { path, db, keys: Keys::Random { stores, products } })
    }

    /// One transaction of five statements per sale: tasks take turns on the one connection.
    ///
    /// # Errors
    /// The database's.
    pub async fn five_statements(&self, keys: Keys, timing: Timing) -> Result<Measurement> {
        let conn = self.writer().await?;
        let worker = || FiveStatements { conn: Rc::clone(&conn), keys, now: Clock::System.now() };
        closed_loop((0..TASKS).map(|_| worker()).collect(), timing).await
    }

    /// Orders and their jobs.
    ///
    /// # Errors
    /// The database's.
    pub async fn jobs(&self, keys: Keys, timing: Timing) -> Result<Measurement> {
        let conn = self.writer().await?;
        let worker = || SqliteJobs { conn: Rc::clone(&conn), keys, now: Clock::System.now() };
        closed_loop((0..TASKS).map(|_| worker()).collect(), timing).await
    }

    /// B: briefly in each form, then in full in the faster one.
    ///
    /// # Errors
    /// The database's.
    pub async fn batches(&self, plan: &Plan) -> Result<Batched> {
        let brief = plan.brief();
        let mut best: Option<(&str, f64)> = None;
        for form in ["json_each", "VALUES"] {
            let rate = self.batches_as(form, brief).await?.per_second();
            if best.is_none_or(|(_, fastest)| rate > fastest) {
                best = Some((form, rate));
            }
        }
        let form = best.map_or("json_each", |(form, _)| form);
        let measured = self.batches_as(form, plan.timing).await?;
        Ok(Batched { form: format!("{form}, one connection"), measured })
    }

    async fn batches_as(&self, form: &str, timing: Timing) -> Result<Measurement> {
        let (levels, _) = draw_batch(self.keys, 1, 0);
        let values = AssertSqlSafe(sql::batch_values(levels.len().min(BATCH))).into_sql_str();
        let values = (form == "VALUES").then_some(values);
        let conn = self.writer().await?;
        let keys = self.keys;
        closed_loop(vec![Batches { conn, keys, values, now: Clock::System.now() }], timing).await
    }

    /// Levels by their key.
    ///
    /// # Errors
    /// The database's.
    pub async fn point_reads(&self, plan: &Plan) -> Result<Measurement> {
        let Db::Sqlite { readers, .. } = &self.db else { bail!("no SQLite") };
        let mut workers = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            workers.push(PointReads { conn: readers.get().await?, keys: self.keys });
        }
        closed_loop(workers, plan.timing).await
    }

    /// Proves that the yardsticks did their work, and removes their file.
    ///
    /// # Errors
    /// They did not, or the database's.
    pub async fn remove(self) -> Result<()> {
        let Db::Sqlite { writer, .. } = &self.db else { bail!("no SQLite") };
        let mut conn = writer.get().await?;
        let lost: i64 = sqlx::query_scalar(sql::CHECK).fetch_one(&mut *conn).await?;
        drop(conn);
        ensure!(lost == 0, "the yardsticks' own levels and movements differ by {lost}");
        self.db.close().await;
        remove_sqlite(&self.path)
    }

    async fn writer(&self) -> Result<Writer> {
        let Db::Sqlite { writer, .. } = &self.db else { bail!("no SQLite") };
        Ok(Rc::new(Mutex::new(writer.get().await?)))
    }
}

struct FiveStatements {
    conn: Writer,
    keys: Keys,
    now: Timestamp,
}

impl Worker for FiveStatements {
    async fn work(&mut self) -> Result<u64> {
        let (store, product) = self.keys.draw();
        let mut conn = self.conn.lock().await;
        let on_hand: i64 = sqlx::query_scalar(sql::LOOK)
            .bind(fresh_key())
            .bind(self.now.0)
            .bind(store)
            .bind(product)
            .fetch_one(&mut **conn)
            .await?;
        sqlx::query(sql::TAKE)
            .bind(store)
            .bind(product)
            .bind(-SOLD)
            .bind(on_hand - SOLD)
            .bind(self.now.0)
            .bind(PAYLOAD)
            .execute(&mut **conn)
            .await?;
        Ok(1)
    }
}

struct Batches {
    conn: Writer,
    keys: Keys,
    /// The text with a row for each movement, or `None` for `json_each`.
    values: Option<SqlStr>,
    now: Timestamp,
}

impl Worker for Batches {
    async fn work(&mut self) -> Result<u64> {
        let (stores, products) = draw_batch(self.keys, 1, 0);
        let mut conn = self.conn.lock().await;
        match &self.values {
            Some(text) => {
                let mut query =
                    sqlx::query(text.clone()).bind(fresh_key()).bind(self.now.0).bind(PAYLOAD);
                for (store, product) in stores.iter().zip(&products) {
                    query = query.bind(*store).bind(*product);
                }
                query.execute(&mut **conn).await?;
            }
            None => {
                let pairs: Vec<_> = stores.iter().zip(&products).collect();
                sqlx::query(sql::BATCH_JSON)
                    .bind(serde_json::to_string(&pairs)?)
                    .bind(fresh_key())
                    .bind(self.now.0)
                    .bind(PAYLOAD)
                    .execute(&mut **conn)
                    .await?;
            }
        }
        Ok(u64::try_from(stores.len())?)
    }
}

struct PointReads {
    conn: Lease<Sqlite>,
    keys: Keys,
}

impl Worker for PointReads {
    async fn work(&mut self) -> Result<u64> {
        let (store, product) = self.keys.draw();
        let (on_hand, _version): (i64, i64) =
            sqlx::query_as(sql::READ).bind(store).bind(product).fetch_one(&mut *self.conn).await?;
        Ok(u64::from(on_hand > 0))
    }
}
