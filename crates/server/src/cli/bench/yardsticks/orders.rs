//! Orders the conventional way: one transaction places one, and one transaction is its job. Each
//! order is of one unit of two products of one store.
//!
//! What they leave behind is what Stockroom promises of an order: its idempotency key, order and
//! items, a job, movements, and of each of the two transactions an audit entry and an event. It
//! is less than Stockroom writes, which also keeps each order's history and chains its audit log.

use std::rc::Rc;

use anyhow::{Result, ensure};
use sqlx::{Connection, PgConnection, Sqlite};
use stockroom_domain::Timestamp;
use tokio::sync::Mutex;

use super::sql::{PAYLOAD, postgres, sqlite};
use super::{Keys, draw_distinct};
use crate::cli::bench::measure::{Worker, fresh_key};
use crate::db::Lease;

/// One unit, in thousandths.
const SOLD: i64 = 1_000;

/// A store and two of its products.
fn draw(keys: Keys) -> (i64, [i64; 2]) {
    match keys {
        Keys::Hot => (1, [1, 2]),
        Keys::Random { stores, products } => {
            let drawn = draw_distinct(products, 2);
            let product = |at: usize| drawn.get(at).map_or(1, |number| number + 1);
            (rand::random_range(1..=stores), [product(0), product(1)])
        }
    }
}

/// Places one order, then does the next job that is due.
pub struct PostgresJobs {
    pub(super) conn: PgConnection,
    pub(super) keys: Keys,
    pub(super) now: Timestamp,
}

impl Worker for PostgresJobs {
    async fn work(&mut self) -> Result<u64> {
        self.place().await?;
        self.job().await
    }
}

impl PostgresJobs {
    async fn place(&mut self) -> Result<()> {
        use postgres as sql;
        let (store, [first, second]) = draw(self.keys);
        let now = self.now.0;
        let mut tx = self.conn.begin().await?;
        sqlx::query(sql::CLAIM).bind(fresh_key()).bind(now).execute(&mut *tx).await?;
        let known: Vec<i64> = sqlx::query_scalar(sql::KNOWN)
            .bind(store)
            .bind(first)
            .bind(second)
            .fetch_all(&mut *tx)
            .await?;
        ensure!(!known.is_empty(), "a product of the yardstick is not there");
        let order: i64 =
            sqlx::query_scalar(sql::PLACE).bind(store).bind(now).fetch_one(&mut *tx).await?;
        sqlx::query(sql::LIST)
            .bind(order)
            .bind(first)
            .bind(second)
            .bind(SOLD)
            .execute(&mut *tx)
            .await?;
        sqlx::query(sql::ENQUEUE).bind(order).execute(&mut *tx).await?;
        record(&mut tx, now, "placed", order).await?;
        sqlx::query(sql::ANNOUNCE).bind(PAYLOAD).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn job(&mut self) -> Result<u64> {
        use postgres as sql;
        let mut tx = self.conn.begin().await?;
        let order: Option<i64> = sqlx::query_scalar(sql::DEQUEUE).fetch_optional(&mut *tx).await?;
        let Some(order) = order else { return Ok(0) };
        let wanted: Vec<(i64, i64)> =
            sqlx::query_as(sql::WANTED).bind(order).fetch_all(&mut *tx).await?;
        ensure!(!wanted.is_empty(), "an order of the yardstick has no items");
        for (store, product) in wanted {
            let on_hand: i64 =
                sqlx::query_scalar(sql::LOCK).bind(store).bind(product).fetch_one(&mut *tx).await?;
            let balance = on_hand - SOLD;
            sqlx::query(sql::TAKE)
                .bind(store)
                .bind(product)
                .bind(balance)
                .execute(&mut *tx)
                .await?;
            sqlx::query(sql::MOVE)
                .bind(store)
                .bind(product)
                .bind(-SOLD)
                .bind(balance)
                .bind(self.now.0)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(sql::CONFIRM).bind(order).execute(&mut *tx).await?;
        record(&mut tx, self.now.0, "confirmed", order).await?;
        sqlx::query(sql::ANNOUNCE).bind(PAYLOAD).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(1)
    }
}

async fn record(conn: &mut PgConnection, at: i64, action: &str, order: i64) -> Result<()> {
    let record = sqlx::query(postgres::RECORD).bind(at).bind(action).bind(order).bind(PAYLOAD);
    record.execute(conn).await?;
    Ok(())
}

/// The same on SQLite: tasks take turns on the one connection.
pub struct SqliteJobs {
    pub(super) conn: Rc<Mutex<Lease<Sqlite>>>,
    pub(super) keys: Keys,
    pub(super) now: Timestamp,
}

impl Worker for SqliteJobs {
    async fn work(&mut self) -> Result<u64> {
        use sqlite as sql;
        let (store, [first, second]) = draw(self.keys);
        let mut conn = self.conn.lock().await;
        sqlx::query(sql::PLACE)
            .bind(store)
            .bind(self.now.0)
            .bind(first)
            .bind(second)
            .bind(SOLD)
            .bind(fresh_key())
            .bind(PAYLOAD)
            .fetch_all(&mut **conn)
            .await?;
        drop(conn);
        let mut conn = self.conn.lock().await;
        let wanted: Vec<(i64, i64, i64, i64)> =
            sqlx::query_as(sql::DEQUEUE).fetch_all(&mut **conn).await?;
        let order = wanted.first().map(|(order, ..)| *order);
        for (_, store, product, on_hand) in wanted {
            sqlx::query(sql::TAKE_LINE)
                .bind(store)
                .bind(product)
                .bind(-SOLD)
                .bind(on_hand - SOLD)
                .bind(self.now.0)
                .execute(&mut **conn)
                .await?;
        }
        sqlx::query(sql::CONFIRM)
            .bind(order)
            .bind(PAYLOAD)
            .bind(self.now.0)
            .execute(&mut **conn)
            .await?;
        Ok(u64::from(order.is_some()))
    }
}
