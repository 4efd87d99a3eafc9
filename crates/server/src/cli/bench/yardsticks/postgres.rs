//! T5, T1, B and point reads on PostgreSQL.

use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use stockroom_domain::Timestamp;

use super::orders::PostgresJobs;
use super::sql::{PAYLOAD, postgres as sql};
use super::{Batched, Keys, TASKS, draw_batch};
use crate::cli::bench::Plan;
use crate::cli::bench::measure::{Measurement, Timing, Worker, closed_loop, fresh_key};
use crate::clock::Clock;

/// One sale, in thousandths.
const SOLD: i64 = 1_000;
/// On how many connections batches are tried.
const WRITERS: [i64; 3] = [1, 2, 4];

/// The tables, and how to reach them.
#[derive(Debug)]
pub struct Yardsticks {
    options: PgConnectOptions,
    keys: Keys,
}

impl Yardsticks {
    /// Makes the tables anew and fills the levels.
    ///
    /// # Errors
    /// The database's.
    pub async fn make(options: &PgConnectOptions, stores: i64, products: i64) -> Result<Self> {
        let options = options.clone().application_name("bench").disable_statement_logging();
        let mut conn = PgConnection::connect_with(&options).await?;
        sqlx::raw_sql(sql::CREATE).execute(&mut conn).await?;
        sqlx::query(sql::FILL).bind(stores).bind(products).execute(&mut conn).await?;
        sqlx::raw_sql(sql::SETTLE).execute(&mut conn).await?;
        conn.close().await?;
        Ok(Self { options, keys: Keys::Random { stores, products } })
    }

    /// T5.
    ///
    /// # Errors
    /// The database's.
    pub async fn five_statements(&self, keys: Keys, timing: Timing) -> Result<Measurement> {
        let mut workers = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            workers.push(FiveStatements { conn: self.connect().await?, keys, now: now() });
        }
        closed_loop(workers, timing).await
    }

    /// T1.
    ///
    /// # Errors
    /// The database's.
    pub async fn one_statement(&self, keys: Keys, timing: Timing) -> Result<Measurement> {
        let mut workers = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            workers.push(OneStatement { conn: self.connect().await?, keys, now: now() });
        }
        closed_loop(workers, timing).await
    }

    /// Orders and their jobs.
    ///
    /// # Errors
    /// The database's.
    pub async fn jobs(&self, keys: Keys, timing: Timing) -> Result<Measurement> {
        let mut workers = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            workers.push(PostgresJobs { conn: self.connect().await?, keys, now: now() });
        }
        closed_loop(workers, timing).await
    }

    /// B: briefly on each number of connections, then in full on the fastest.
    ///
    /// # Errors
    /// The database's.
    pub async fn batches(&self, plan: &Plan) -> Result<Batched> {
        let brief = plan.brief();
        let mut best = (1, 0.0);
        // Each needs a store of its own at least.
        for writers in WRITERS.into_iter().filter(|writers| *writers <= plan.stores) {
            let rate = self.batches_on(writers, brief).await?.per_second();
            if rate > best.1 {
                best = (writers, rate);
            }
        }
        let measured = self.batches_on(best.0, plan.timing).await?;
        Ok(Batched { form: format!("UNNEST, {} connection(s)", best.0), measured })
    }

    async fn batches_on(&self, writers: i64, timing: Timing) -> Result<Measurement> {
        let mut workers = Vec::new();
        for remainder in 0..writers {
            workers.push(Batches {
                conn: self.connect().await?,
                keys: self.keys,
                writers,
                remainder,
                now: now(),
            });
        }
        closed_loop(workers, timing).await
    }

    /// Levels by their key.
    ///
    /// # Errors
    /// The database's.
    pub async fn point_reads(&self, plan: &Plan) -> Result<Measurement> {
        let mut workers = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            workers.push(PointReads { conn: self.connect().await?, keys: self.keys });
        }
        closed_loop(workers, plan.timing).await
    }

    /// Proves that the yardsticks did their work, and removes their tables.
    ///
    /// # Errors
    /// They did not, or the database's.
    pub async fn remove(self) -> Result<()> {
        let mut conn = self.connect().await?;
        let lost: i64 = sqlx::query_scalar(sql::CHECK).fetch_one(&mut conn).await?;
        ensure!(lost == 0, "the yardsticks' own levels and movements differ by {lost}");
        sqlx::raw_sql(sql::DROP).execute(&mut conn).await?;
        Ok(conn.close().await?)
    }

    async fn connect(&self) -> Result<PgConnection> {
        let connecting = PgConnection::connect_with(&self.options);
        Ok(tokio::time::timeout(Duration::from_secs(10), connecting).await??)
    }
}

fn now() -> Timestamp {
    Clock::System.now()
}

struct FiveStatements {
    conn: PgConnection,
    keys: Keys,
    now: Timestamp,
}

impl Worker for FiveStatements {
    async fn work(&mut self) -> Result<u64> {
        let (store, product) = self.keys.draw();
        let now = self.now.0;
        let mut tx = self.conn.begin().await?;
        sqlx::query(sql::CLAIM).bind(fresh_key()).bind(now).execute(&mut *tx).await?;
        let on_hand: i64 =
            sqlx::query_scalar(sql::LOCK).bind(store).bind(product).fetch_one(&mut *tx).await?;
        let balance = on_hand - SOLD;
        sqlx::query(sql::TAKE).bind(store).bind(product).bind(balance).execute(&mut *tx).await?;
        sqlx::query(sql::MOVE)
            .bind(store)
            .bind(product)
            .bind(-SOLD)
            .bind(balance)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        sqlx::query(sql::ANNOUNCE).bind(PAYLOAD).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(1)
    }
}

struct OneStatement {
    conn: PgConnection,
    keys: Keys,
    now: Timestamp,
}

impl Worker for OneStatement {
    async fn work(&mut self) -> Result<u64> {
        let (store, product) = self.keys.draw();
        let done = sqlx::query(sql::ONE)
            .bind(fresh_key())
            .bind(self.now.0)
            .bind(store)
            .bind(product)
            .bind(SOLD)
            .bind(PAYLOAD)
            .execute(&mut self.conn)
            .await?;
        Ok(done.rows_affected())
    }
}

struct Batches {
    conn: PgConnection,
    keys: Keys,
    writers: i64,
    remainder: i64,
    now: Timestamp,
}

impl Worker for Batches {
    async fn work(&mut self) -> Result<u64> {
        let (stores, products) = draw_batch(self.keys, self.writers, self.remainder);
        let done = sqlx::query(sql::BATCH)
            .bind(fresh_key())
            .bind(self.now.0)
            .bind(&stores)
            .bind(&products)
            .bind(PAYLOAD)
            .execute(&mut self.conn)
            .await?;
        let count = u64::try_from(stores.len())?;
        ensure!(done.rows_affected() == count, "a batch of the yardstick was not whole");
        Ok(count)
    }
}

struct PointReads {
    conn: PgConnection,
    keys: Keys,
}

impl Worker for PointReads {
    async fn work(&mut self) -> Result<u64> {
        let (store, product) = self.keys.draw();
        let (on_hand, _version): (i64, i64) =
            sqlx::query_as(sql::READ).bind(store).bind(product).fetch_one(&mut self.conn).await?;
        Ok(u64::from(on_hand > 0))
    }
}
