//! The event log: what happened, in commit order, without gaps.
//!
//! [`append`] takes the transaction and commits it, so that nothing can run after the head
//! row is held: whoever holds it keeps every other writer waiting.

mod sql;

use serde_json::Value;
use stockroom_domain::{EventId, StoreId, Timestamp};

use crate::db::Tx;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// What, as in `product.created`.
    pub kind: &'static str,
    /// Where, if it concerns one store.
    pub store: Option<StoreId>,
    /// To what kind of thing, as in `product`.
    pub subject_kind: &'static str,
    /// To which.
    pub subject_id: i64,
    /// What a follower needs to know.
    pub data: Value,
}

/// Appends the events, commits, and returns the id of the last event of the log.
///
/// # Errors
/// The database's; where the connection is lost at the commit, whether it took place is unknown.
pub async fn append(mut tx: Tx, now: Timestamp, events: &[Event]) -> sqlx::Result<EventId> {
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let last = sql::advance_head(&mut tx, count).await?;
    for (id, event) in (last - count + 1..).zip(events) {
        sql::insert(&mut tx, id, event, now).await?;
    }
    tx.commit().await?;
    Ok(EventId(last))
}
