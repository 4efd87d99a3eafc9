//! One database behind two engines: SQLite for one shop, PostgreSQL for a chain.
//!
//! Every statement is one constant text that both engines accept, run through [`on_db!`].
//! Where the engines must differ (batches, row locks, partitions), a function matches on
//! [`Conn`] itself; such an arm may hold SQL and binds, never a decision.
//!
//! [`Tx`] writes and [`Reader`] reads; both lend themselves as a [`Conn`], which is what the
//! functions in every `sql.rs` take. There is deliberately no trait per table, and nothing
//! here knows what the tables mean.

/// Runs one call on whichever engine `$db` is: `on_db!(db, conn => query.fetch_one(conn).await)`.
#[macro_export]
macro_rules! on_db {
    ($db:expr, $conn:ident => $call:expr) => {
        match $db {
            $crate::db::Conn::Sqlite($conn) => $call,
            $crate::db::Conn::Postgres($conn) => $call,
        }
    };
}

mod connect;
mod fault;
mod lease;
mod migrate;
mod open;
mod partitions;
mod select;

use sqlx::{Connection as _, PgConnection, Postgres, Sqlite, SqliteConnection};

pub use connect::{ConnectError, DatabaseUrl, PoolSizes, connect};
pub use fault::{Fault, fault};
pub use lease::{Lease, Leases};
pub use migrate::{MigrateError, migrate, pending};
pub use open::Open;
pub use partitions::attach_partition;
pub use select::{Select, Value};

/// Reads a struct from a row of either engine, each field from the column of its name:
/// `from_row!(Store { id, code, name });`. The derive would build both drivers twice.
#[macro_export]
macro_rules! from_row {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        $crate::from_row!(@engine sqlx::sqlite::SqliteRow, $name { $($field),+ });
        $crate::from_row!(@engine sqlx::postgres::PgRow, $name { $($field),+ });
    };
    (@engine $row:ty, $name:ident { $($field:ident),+ }) => {
        impl sqlx::FromRow<'_, $row> for $name {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok(Self { $($field: row.try_get(stringify!($field))?),+ })
            }
        }
    };
}

/// An open database.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file of our own: one connection writes, several read.
    Sqlite {
        /// The only connection that writes; waiting for it is first come, first served.
        writer: Leases<Sqlite>,
        /// Read-only connections, each on a snapshot of its own.
        readers: Leases<Sqlite>,
    },
    /// A server, shared with other nodes.
    Postgres {
        /// For requests.
        pool: Leases<Postgres>,
        /// For the ledger's writers alone, so that no request can keep one waiting.
        ledger: Leases<Postgres>,
    },
}

/// A write transaction. Dropped without a commit, it is rolled back.
///
/// Every write runs in a task that is never cancelled (`http::detached`): a future dropped
/// in mid-transaction could hand its connection back in an unknown state.
#[derive(Debug)]
pub enum Tx {
    /// Holds the one writing connection, from `BEGIN IMMEDIATE` on.
    Sqlite(Open<Sqlite>),
    /// READ COMMITTED.
    Postgres(Open<Postgres>),
}

/// A connection for reading.
#[derive(Debug)]
pub enum Reader {
    /// Read-only.
    Sqlite(Lease<Sqlite>),
    /// From the pool for requests.
    Postgres(Lease<Postgres>),
}

/// A borrowed connection: what SQL functions take, from a [`Tx`] or a [`Reader`].
#[derive(Debug)]
pub enum Conn<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'c mut PgConnection),
}

impl Conn<'_> {
    /// The same connection, lent on for a shorter while.
    pub fn reborrow(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

impl<'c> From<&'c mut Tx> for Conn<'c> {
    fn from(tx: &'c mut Tx) -> Self {
        match tx {
            Tx::Sqlite(tx) => Self::Sqlite(tx),
            Tx::Postgres(tx) => Self::Postgres(tx),
        }
    }
}

impl<'c> From<&'c mut Reader> for Conn<'c> {
    fn from(reader: &'c mut Reader) -> Self {
        match reader {
            Reader::Sqlite(conn) => Self::Sqlite(conn),
            Reader::Postgres(conn) => Self::Postgres(conn),
        }
    }
}

/// What a reader sees of one instant, for as long as it takes. Ends when it is dropped.
#[derive(Debug)]
pub enum Snapshot<'r> {
    /// SQLite.
    Sqlite(sqlx::Transaction<'r, Sqlite>),
    /// PostgreSQL, without a limit on the time of a statement.
    Postgres(sqlx::Transaction<'r, Postgres>),
}

impl Snapshot<'_> {
    /// The connection.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(tx) => Conn::Sqlite(tx),
            Self::Postgres(tx) => Conn::Postgres(tx),
        }
    }
}

impl Reader {
    /// Sees one instant from now on: for checks that read everything.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn snapshot(&mut self) -> sqlx::Result<Snapshot<'_>> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        match self {
            Self::Sqlite(conn) => conn.begin().await.map(Snapshot::Sqlite),
            Self::Postgres(conn) => {
                let mut tx = conn.begin_with(BEGIN).await?;
                sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
                Ok(Snapshot::Postgres(tx))
            }
        }
    }
}

impl Db {
    /// Whether no other process can have it: a file of our own, which is locked.
    pub const fn is_own_file(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// Begins an ordinary write.
    ///
    /// # Errors
    /// The database is gone, or no connection was free in time.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        match self {
            Self::Sqlite { writer, .. } => Open::begin(writer.get().await?).await.map(Tx::Sqlite),
            Self::Postgres { pool, .. } => Open::begin(pool.get().await?).await.map(Tx::Postgres),
        }
    }

    /// Begins a batch of the ledger, on a connection that only the ledger uses.
    ///
    /// # Errors
    /// The database is gone, or no connection was free in time.
    pub async fn begin_ledger(&self) -> sqlx::Result<Tx> {
        match self {
            Self::Sqlite { writer, .. } => {
                Open::begin_ledger(writer.get().await?).await.map(Tx::Sqlite)
            }
            Self::Postgres { ledger, .. } => {
                Open::begin_ledger(ledger.get().await?).await.map(Tx::Postgres)
            }
        }
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// The database is gone, or no connection was free in time.
    pub async fn read(&self) -> sqlx::Result<Reader> {
        match self {
            Self::Sqlite { readers, .. } => readers.get().await.map(Reader::Sqlite),
            Self::Postgres { pool, .. } => pool.get().await.map(Reader::Postgres),
        }
    }

    /// `sqlite` or `postgres`, for people and metrics.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres { .. } => "postgres",
        }
    }

    /// Closes all connections; on SQLite the write-ahead log is folded into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { pool, ledger } => {
                pool.close().await;
                ledger.close().await;
            }
        }
    }
}

impl Tx {
    /// Ends the transaction; its effects are durable when this returns.
    ///
    /// # Errors
    /// Where the connection is lost here, whether it took place is unknown.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }

    /// Ends the transaction without effect.
    ///
    /// # Errors
    /// The connection is lost, which has the same effect.
    pub async fn rollback(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.rollback().await,
        }
    }
}
