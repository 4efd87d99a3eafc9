//! How far one who follows the event log has come, and which process follows for it.
//!
//! One process at a time holds a follower's place, as long as it renews its lease. Time is the
//! application's clock.

use std::sync::Arc;

use stockroom_domain::EventId;

use super::place_sql as sql;
use crate::App;
use crate::db::Tx;

/// How long others leave a follower to the process that holds its place.
const LEASE_S: i64 = 10;

/// A follower's place, as this process knows of it. Cloned cheaply.
#[derive(Clone)]
pub(super) struct Place {
    app: App,
    /// What the follower is called.
    name: &'static str,
    /// Tells this process from others.
    owner: Arc<str>,
}

impl Place {
    pub(super) fn new(app: &App, name: &'static str) -> Self {
        let owner = format!("{}-{}", std::process::id(), rand::random::<u64>());
        Self { app: app.clone(), name, owner: owner.into() }
    }

    /// Takes or renews the lease, notes down how far the follower has come where that is known,
    /// and returns what is noted down. Nothing where another process holds the lease.
    pub(super) async fn hold(&self, settled: Option<EventId>) -> sqlx::Result<Option<EventId>> {
        let now = self.app.clock.now();
        let term = (now, now.plus_seconds(LEASE_S));
        sql::hold(&self.app.db, self.name, &self.owner, settled, term).await
    }

    /// Notes down how far the follower has come, and leaves it to other processes.
    pub(super) async fn give_up(&self, settled: EventId) -> sqlx::Result<()> {
        let now = self.app.clock.now();
        sql::hold(&self.app.db, self.name, &self.owner, Some(settled), (now, now)).await?;
        Ok(())
    }

    /// Moves the follower on that is where it was left, by whoever holds its lease; whether it was
    /// there. Nobody else moves it until the transaction ends.
    pub(super) async fn move_on(
        &self,
        tx: &mut Tx,
        from: EventId,
        to: EventId,
    ) -> sqlx::Result<bool> {
        sql::move_on(tx, self.name, &self.owner, from, to).await
    }
}
