//! The event log: what was committed, gapless and in the order of the commits.
//!
//! Ids come from one head row that every writing transaction updates as its last act, so an
//! id is only ever visible together with all lower ones, and no reader can skip an event.
//! Because the head row is held from that update to the commit, and every store waits for
//! it, [`append`] takes the transaction itself: by type, nothing can run after it. The ledger
//! alone writes its events by itself, in the one statement that writes a batch.
//!
//! The audit log has its head in the same row, and is therefore appended to here as well.

pub mod kinds;
mod sql;
pub mod tail;

use serde::Serialize;
use stockroom_domain::{EventId, StoreId, Timestamp};

use crate::audit::{self, Entry, Origin};
use crate::db::{Db, Tx};

pub use sql::{LOG, Logged, ensure_partitions, head, oldest, read};

/// Something that has happened, as followers learn of it.
#[derive(Clone, Debug)]
pub struct Event {
    /// What: `product.created`, `stock.moved` …; one of [`kinds::KINDS`].
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
        debug_assert!(kinds::has(kind), "{kind} is missing in events/kinds.rs");
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

/// A change of state: what followers learn of it, and what is put on record.
#[derive(Clone, Debug)]
pub struct Fact {
    event: Event,
    before: Option<String>,
    after: Option<String>,
}

impl Fact {
    /// A fact that followers learn of by `event`, whose names are those of the record.
    pub fn new(event: Event) -> Self {
        Self { event, before: None, after: None }
    }

    /// What was before. Here, unlike in the event, costs belong.
    #[must_use]
    pub fn before(mut self, value: &impl Serialize) -> Self {
        self.before = serde_json::to_string(value).ok();
        self
    }

    /// What is now.
    #[must_use]
    pub fn after(mut self, value: &impl Serialize) -> Self {
        self.after = serde_json::to_string(value).ok();
        self
    }

    /// The two, for [`append`].
    pub fn told_and_recorded(self, origin: Origin) -> (Event, Entry) {
        let event = self.event;
        let mut entry = Entry::new(origin, event.kind, event.subject_kind, event.subject_id);
        entry.store = event.store;
        entry.before = self.before;
        entry.after = self.after;
        (event, entry)
    }
}

/// Appends `events`, and `entries` to the audit log, and commits. Returns the last event's id,
/// the log's head if there is none.
///
/// # Errors
/// Where the connection is lost during the commit, whether it took place is unknown.
pub async fn append(
    mut tx: Tx,
    now: Timestamp,
    events: &[Event],
    entries: &[Entry],
) -> sqlx::Result<EventId> {
    let last = sql::insert(&mut tx, now, events, entries).await?;
    tx.commit().await?;
    Ok(last)
}

/// Puts on record what has changed nothing: a failed sign-in, a denied attempt, an export.
///
/// # Errors
/// The database did not answer.
pub async fn note(db: &Db, now: Timestamp, entry: Entry) -> sqlx::Result<()> {
    append(db.begin().await?, now, &[], &[entry]).await.map(drop)
}

/// Moves what other programs have changed into the audit log, all of it; how many rows.
///
/// # Errors
/// The database did not answer.
pub async fn record_outside(db: &Db, now: Timestamp) -> sqlx::Result<u64> {
    let mut rows = 0;
    loop {
        match record_some_outside(db, now).await? {
            0 => return Ok(rows),
            some => rows += some,
        }
    }
}

/// As [`record_outside`], in one transaction of bounded size: for whoever waits for an answer.
///
/// # Errors
/// The database did not answer.
pub async fn record_some_outside(db: &Db, now: Timestamp) -> sqlx::Result<u64> {
    if !audit::outside::is_waiting(db).await? {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    let entries = audit::outside::take(&mut tx).await?;
    append(tx, now, &[], &entries).await?;
    Ok(entries.len() as u64)
}
