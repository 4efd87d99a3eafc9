//! All SQL of the event log.

use stockroom_domain::Timestamp;

use super::Event;
use crate::db::{Conn, Tx};

/// Moves the head by `count` and returns where it stands.
pub async fn advance_head(tx: &mut Tx, count: i64) -> sqlx::Result<i64> {
    const SQL: &str = "UPDATE event_head
        SET last_id = last_id + $1
        WHERE log_id = 1
        RETURNING last_id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL).bind(count).fetch_one(conn).await)
}

/// Writes one event at its place.
pub async fn insert(tx: &mut Tx, id: i64, event: &Event, now: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO events
        (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
        VALUES (1, $1, $2, $3, $4, $5, $6, $7)";
    let data = event.data.to_string();
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(id)
        .bind(event.kind)
        .bind(event.store.map(|store| store.0))
        .bind(event.subject_kind)
        .bind(event.subject_id)
        .bind(now.0)
        .bind(data)
        .execute(conn)
        .await
        .map(|_| ()))
}
