//! The event log: what was committed, gapless and in the order of the commits.
//!
//! Ids come from one head row that every writing transaction updates as its last act, so an
//! id is only ever visible together with all lower ones, and no reader can skip an event.
//! Because the head row is held from that update to the commit, and every store waits for
//! it, [`append`] takes the transaction itself: by type, nothing can run after it. The ledger
//! alone writes its events by itself, in the one statement that writes a batch.

mod sql;

use serde::Serialize;
use stockroom_domain::{EventId, StoreId, Timestamp};

use crate::db::Tx;

pub use sql::{LOG, ensure_partitions, head};

/// Something that has happened, as followers learn of it.
#[derive(Clone, Debug)]
pub struct Event {
    /// What: `product.created`, `stock.moved` …
    pub kind: &'static str,
    /// In which store, if in one.
    pub store: Option<StoreId>,
    /// What kind of thing it happened to.
    pub subject_kind: &'static str,
    /// Which one.
    pub subject_id: i64,
    /// JSON, at most 8 KiB. Never a cost, never another store's balance.
    pub data: String,
}

impl Event {
    /// An event that concerns the whole shop.
    pub fn new(
        kind: &'static str,
        subject_kind: &'static str,
        subject_id: i64,
        data: &impl Serialize,
    ) -> Self {
        let data = serde_json::to_string(data).unwrap_or_else(|_| "{}".to_owned());
        Self { kind, store: None, subject_kind, subject_id, data }
    }

    /// The same, in one store.
    #[must_use]
    pub fn in_store(mut self, store: StoreId) -> Self {
        self.store = Some(store);
        self
    }
}

/// Appends `events` and commits. Returns the last one's id, the log's head if there is none.
///
/// # Errors
/// Where the connection is lost during the commit, whether it took place is unknown.
pub async fn append(mut tx: Tx, now: Timestamp, events: &[Event]) -> sqlx::Result<EventId> {
    let last = sql::insert(&mut tx, now, events).await?;
    tx.commit().await?;
    Ok(last)
}
