//! A transaction on a leased connection.

use std::ops::{Deref, DerefMut};

use sqlx::{Connection, Database, Executor, Postgres, SqlSafeStr, Sqlite};

use super::lease::Lease;

/// How an engine begins and ends a write.
pub trait Begin: Database {
    /// Begins an ordinary write, which may touch any table.
    const ORDINARY: Bounds;
    /// Begins a batch of the ledger. Where it touches tables that are watched for changes from
    /// outside, it says so itself.
    const LEDGER: Bounds;
}

/// The first and the last statement of a transaction.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    begin: &'static str,
    commit: &'static str,
}

impl Begin for Sqlite {
    /// Taking the one right to write at once: taken later it could be refused. The flag tells the
    /// triggers of the migration `audit` that it is Stockroom that writes. Nobody sees it raised,
    /// for it is lowered in the same transaction.
    const ORDINARY: Bounds = Bounds {
        begin: "BEGIN IMMEDIATE; UPDATE inside SET is_inside = 1",
        commit: "UPDATE inside SET is_inside = 0; COMMIT",
    };
    const LEDGER: Bounds = Bounds { begin: "BEGIN IMMEDIATE", commit: "COMMIT" };
}

impl Begin for Postgres {
    /// Connections to PostgreSQL say when they open that they are Stockroom's.
    const ORDINARY: Bounds = Bounds { begin: "BEGIN", commit: "COMMIT" };
    const LEDGER: Bounds = Self::ORDINARY;
}

/// An open transaction. Dropped, it is rolled back by a task of its own, and the connection
/// goes back after that.
#[derive(Debug)]
pub struct Open<DB: Begin>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    lease: Option<Lease<DB>>,
    commit: &'static str,
}

async fn run<DB: Begin>(lease: &mut Lease<DB>, statement: &'static str) -> sqlx::Result<()>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let connection: &mut DB::Connection = lease;
    connection.execute(sqlx::raw_sql(statement.into_sql_str())).await.map(drop)
}

impl<DB: Begin> Open<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// Begins an ordinary write.
    pub(super) async fn begin(lease: Lease<DB>) -> sqlx::Result<Self> {
        Self::begin_as(lease, DB::ORDINARY).await
    }

    /// Begins a batch of the ledger.
    pub(super) async fn begin_ledger(lease: Lease<DB>) -> sqlx::Result<Self> {
        Self::begin_as(lease, DB::LEDGER).await
    }

    async fn begin_as(mut lease: Lease<DB>, bounds: Bounds) -> sqlx::Result<Self> {
        match run(&mut lease, bounds.begin).await {
            Ok(()) => Ok(Self { lease: Some(lease), commit: bounds.commit }),
            Err(error) => {
                lease.discard();
                Err(error)
            }
        }
    }

    /// Commits. If that fails, what is still open is rolled back before the connection goes on.
    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        let Some(mut lease) = self.lease.take() else { return Ok(()) };
        let outcome = run(&mut lease, self.commit).await;
        if outcome.is_err() {
            end(lease).await;
        }
        outcome
    }

    /// Rolls back.
    pub(super) async fn rollback(mut self) -> sqlx::Result<()> {
        match self.lease.take() {
            Some(lease) => {
                end(lease).await;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Ends what is open on the connection, and the connection too if it cannot be.
async fn end<DB: Begin>(mut lease: Lease<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let rolled_back = run(&mut lease, "ROLLBACK").await;
    // SQLite ends a transaction by itself after some failures, and then says that there is
    // none: the connection is as good as new, which a ping tells.
    if rolled_back.is_err() && lease.ping().await.is_err() {
        lease.discard();
    }
}

impl<DB: Begin> Drop for Open<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(end(lease))),
            Err(_) => lease.discard(),
        }
    }
}

impl<DB: Begin> Deref for Open<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    type Target = DB::Connection;

    #[expect(clippy::expect_used, reason = "taken only by what consumes the transaction")]
    fn deref(&self) -> &DB::Connection {
        self.lease.as_ref().expect("an open transaction has its connection")
    }
}

impl<DB: Begin> DerefMut for Open<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    #[expect(clippy::expect_used, reason = "taken only by what consumes the transaction")]
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.lease.as_mut().expect("an open transaction has its connection")
    }
}
