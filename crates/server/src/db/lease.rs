//! Connections that go from one user to the next without asking the database in between.
//!
//! sqlx's own pool pings a connection whenever it comes back: a second round trip for every
//! read, a quarter of what one costs. Here it goes onto a stack and is used again at once. It
//! is tested only if some connection of this process was lost since it was last in use, so a
//! database that went away costs each stale connection one test and no caller an error.
//!
//! Turns are first come, first served. sqlx's pool below still opens and closes connections.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long one waits for a turn.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// How often a connection of this process was found to be lost.
static LOSSES: AtomicU64 = AtomicU64::new(0);

/// Notes that a connection is lost: all that are idle are tested before they are used again.
pub(super) fn note_loss() {
    LOSSES.fetch_add(1, Ordering::Release);
}

/// Connections to one database, in turns.
#[derive(Debug)]
pub struct Leases<DB: Database>(Arc<Inner<DB>>);

#[derive(Debug)]
struct Inner<DB: Database> {
    pool: Pool<DB>,
    idle: Mutex<Vec<Idle<DB>>>,
    turns: Arc<Semaphore>,
}

#[derive(Debug)]
struct Idle<DB: Database> {
    connection: PoolConnection<DB>,
    /// The count of losses when it was last known to work.
    losses: u64,
}

/// A connection in use. Goes back when it is dropped.
#[derive(Debug)]
pub struct Lease<DB: Database> {
    connection: Option<PoolConnection<DB>>,
    losses: u64,
    from: Arc<Inner<DB>>,
    // After `drop` has put the connection back: whoever is next finds it.
    _turn: OwnedSemaphorePermit,
}

impl<DB: Database> Clone for Leases<DB> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<DB: Database> Leases<DB> {
    /// As many turns as `pool` may have connections.
    pub(super) fn new(pool: Pool<DB>) -> Self {
        let max = usize::try_from(pool.options().get_max_connections()).unwrap_or(1);
        Self(Arc::new(Inner { pool, idle: Mutex::default(), turns: Arc::new(Semaphore::new(max)) }))
    }

    /// A connection, after everyone who asked before.
    ///
    /// # Errors
    /// None became free in time, or the database cannot be reached.
    pub async fn get(&self) -> sqlx::Result<Lease<DB>> {
        let turn = Arc::clone(&self.0.turns).acquire_owned();
        let turn = tokio::time::timeout(WAIT_MAX, turn)
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        let now = LOSSES.load(Ordering::Acquire);
        let connection = loop {
            let idle = self.0.idle().pop();
            match idle {
                None => break self.0.pool.acquire().await?,
                Some(idle) if idle.losses == now => break idle.connection,
                Some(mut idle) => match idle.connection.ping().await {
                    Ok(()) => break idle.connection,
                    Err(_) => idle.connection.close_on_drop(),
                },
            }
        };
        Ok(Lease {
            connection: Some(connection),
            losses: now,
            from: Arc::clone(&self.0),
            _turn: turn,
        })
    }

    /// Closes all connections, once they have come back.
    pub async fn close(&self) {
        self.0.turns.close();
        let idle = std::mem::take(&mut *self.0.idle());
        drop(idle);
        self.0.pool.close().await;
    }
}

impl<DB: Database> Inner<DB> {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle<DB>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Database> Lease<DB> {
    /// Closes the connection instead of putting it back.
    pub fn discard(mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.close_on_drop();
        }
    }
}

impl<DB: Database> Drop for Lease<DB> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !self.from.turns.is_closed() {
            self.from.idle().push(Idle { connection, losses: self.losses });
        }
    }
}

impl<DB: Database> Deref for Lease<DB> {
    type Target = DB::Connection;

    #[expect(clippy::expect_used, reason = "taken only by what consumes the lease")]
    fn deref(&self) -> &DB::Connection {
        self.connection.as_ref().expect("a lease in use has its connection")
    }
}

impl<DB: Database> DerefMut for Lease<DB> {
    #[expect(clippy::expect_used, reason = "taken only by what consumes the lease")]
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.connection.as_mut().expect("a lease in use has its connection")
    }
}
