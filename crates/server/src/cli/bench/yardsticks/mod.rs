//! The yardsticks: the same work without Stockroom, straight on the same database.
//!
//! Lean tables of their own (level, movement, idempotency key, outbox), no HTTP, no checks,
//! prepared statements on connections that are never given back: as fast as the conventional
//! way goes. A yardstick made slow is worthless, so PostgreSQL's is held against `pgbench`
//! with the same statements in the same run.
//!
//! - **T5**: one transaction of five statements per sale. On SQLite the same, on its one
//!   writing connection.
//! - **T1**: the same as one statement (PostgreSQL).
//! - **B**: the rows of T1, a thousand movements of one store in one transaction, under one key.
//! - orders: one transaction places one, another is its job.
//! - point reads: one level by its key.

mod orders;
pub mod pgbench;
pub mod postgres;
mod sql;
pub mod sqlite;

use anyhow::Result;

use super::Plan;
use super::measure::Measurement;

/// Movements of one batch.
pub const BATCH: usize = 1_000;
/// Tasks that sell at once.
pub const TASKS: usize = 32;

/// Which levels a yardstick sells from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Any of `stores` × `products`.
    Random {
        /// Numbered from 1.
        stores: i64,
        /// Numbered from 1.
        products: i64,
    },
    /// Always the same.
    Hot,
}

impl Keys {
    /// Draws a store and a product.
    fn draw(self) -> (i64, i64) {
        match self {
            Self::Random { stores, products } => {
                (rand::random_range(1..=stores), rand::random_range(1..=products))
            }
            Self::Hot => (1, 1),
        }
    }
}

/// The yardsticks of one engine, ready to run.
#[derive(Debug)]
pub enum Yardsticks {
    /// In the schema `bench_yardstick`.
    Postgres(Box<postgres::Yardsticks>),
    /// In a file beside the database.
    Sqlite(sqlite::Yardsticks),
}

/// How fast a batched yardstick was, and in which form.
#[derive(Debug)]
pub struct Batched {
    /// The fastest form.
    pub form: String,
    /// Its measurement.
    pub measured: Measurement,
}

impl Yardsticks {
    /// T5: one transaction of five statements per sale.
    ///
    /// # Errors
    /// The database's.
    pub async fn five_statements(&self, keys: Keys, plan: &Plan) -> Result<Measurement> {
        match self {
            Self::Postgres(postgres) => postgres.five_statements(keys, plan.timing).await,
            Self::Sqlite(sqlite) => sqlite.five_statements(keys, plan.timing).await,
        }
    }

    /// T1, where there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn one_statement(&self, keys: Keys, plan: &Plan) -> Result<Option<Measurement>> {
        match self {
            Self::Postgres(postgres) => postgres.one_statement(keys, plan.timing).await.map(Some),
            Self::Sqlite(_) => Ok(None),
        }
    }

    /// Orders placed and their jobs done, one transaction each.
    ///
    /// # Errors
    /// The database's.
    pub async fn jobs(&self, keys: Keys, plan: &Plan) -> Result<Measurement> {
        match self {
            Self::Postgres(postgres) => postgres.jobs(keys, plan.timing).await,
            Self::Sqlite(sqlite) => sqlite.jobs(keys, plan.timing).await,
        }
    }

    /// B, in its fastest form.
    ///
    /// # Errors
    /// The database's.
    pub async fn batches(&self, plan: &Plan) -> Result<Batched> {
        match self {
            Self::Postgres(postgres) => postgres.batches(plan).await,
            Self::Sqlite(sqlite) => sqlite.batches(plan).await,
        }
    }

    /// Levels read by their key.
    ///
    /// # Errors
    /// The database's.
    pub async fn point_reads(&self, plan: &Plan) -> Result<Measurement> {
        match self {
            Self::Postgres(postgres) => postgres.point_reads(plan).await,
            Self::Sqlite(sqlite) => sqlite.point_reads(plan).await,
        }
    }

    /// Removes their tables.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove(self) -> Result<()> {
        match self {
            Self::Postgres(postgres) => postgres.remove().await,
            Self::Sqlite(sqlite) => sqlite.remove().await,
        }
    }
}

/// A thousand different levels of one store, in order: as a delivery's lines are, or a till's.
/// The store is one whose number leaves `remainder` when divided by `divisor`, so that two
/// connections never want the same row.
fn draw_batch(keys: Keys, divisor: i64, remainder: i64) -> (Vec<i64>, Vec<i64>) {
    let Keys::Random { stores, products } = keys else { return (vec![1], vec![1]) };
    let share = (stores - remainder + divisor - 1) / divisor;
    let store = 1 + remainder + divisor * rand::random_range(0..share);
    let products = draw_distinct(products, BATCH);
    (vec![store; products.len()], products.into_iter().map(|product| product + 1).collect())
}

/// At most so many different numbers from 0 to before `end`, in order.
pub fn draw_distinct(end: i64, count: usize) -> Vec<i64> {
    let end = usize::try_from(end).unwrap_or(0);
    let mut drawn = rand::seq::index::sample(&mut rand::rng(), end, count.min(end)).into_vec();
    drawn.sort_unstable();
    drawn.into_iter().filter_map(|number| i64::try_from(number).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_two_connections_share_no_level() {
        let keys = Keys::Random { stores: 5, products: 2_000 };
        let (even, products) = draw_batch(keys, 2, 0);
        let (odd, _) = draw_batch(keys, 2, 1);
        assert_eq!((even.len(), products.len(), odd.len()), (BATCH, BATCH, BATCH));
        assert!([1, 3, 5].contains(&even[0]) && even.iter().all(|store| *store == even[0]));
        assert!([2, 4].contains(&odd[0]) && odd.iter().all(|store| *store == odd[0]));
        assert!(products.windows(2).all(|pair| pair[0] < pair[1]), "in order, each once");
        assert!(products[0] >= 1 && products[BATCH - 1] <= 2_000);
    }

    #[test]
    fn a_batch_of_a_tiny_catalogue_holds_each_level_once() {
        let (stores, products) = draw_batch(Keys::Random { stores: 1, products: 3 }, 1, 0);
        assert_eq!(stores, [1, 1, 1]);
        assert_eq!(products, [1, 2, 3]);
    }
}
