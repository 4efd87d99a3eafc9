//! SQL of the event log.

use stockroom_domain::{EventId, Timestamp};

use super::Event;
use crate::db::{Conn, Db, Tx};

/// The one log there is for now; the column leaves room for logs by group of stores.
pub const LOG: i64 = 1;
/// Ids in one partition (PostgreSQL).
const PARTITION_IDS: i64 = 10_000_000;

/// Raises the head by the number of `events` and inserts them; the last one's id. Leans on
/// the head row's lock, which ends with the commit.
#[allow(clippy::too_many_lines, reason = "one act on two engines")]
pub(super) async fn insert(tx: &mut Tx, now: Timestamp, events: &[Event]) -> sqlx::Result<EventId> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "
                WITH head AS (
                    UPDATE event_head SET last_id = last_id + $1
                    WHERE log_id = $2
                    RETURNING last_id
                ), appended AS (
                    INSERT INTO events
                        (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
                    SELECT $2, head.last_id - $1 + e.position, e.type, e.store_id,
                           e.subject_kind, e.subject_id, $3, e.data
                    FROM head, UNNEST($4::TEXT[], $5::BIGINT[], $6::TEXT[], $7::BIGINT[],
                                      $8::TEXT[])
                         WITH ORDINALITY AS e(type, store_id, subject_kind, subject_id, data,
                                              position)
                )
                SELECT last_id FROM head";
            let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
            let kinds: Vec<&str> = events.iter().map(|e| e.kind).collect();
            let stores: Vec<Option<i64>> = events.iter().map(|e| e.store.map(|s| s.0)).collect();
            let subject_kinds: Vec<&str> = events.iter().map(|e| e.subject_kind).collect();
            let subjects: Vec<i64> = events.iter().map(|e| e.subject_id).collect();
            let data: Vec<&str> = events.iter().map(|e| e.data.as_str()).collect();
            sqlx::query_scalar(SQL)
                .bind(count)
                .bind(LOG)
                .bind(now.0)
                .bind(kinds)
                .bind(stores)
                .bind(subject_kinds)
                .bind(subjects)
                .bind(data)
                .fetch_one(&mut **tx)
                .await
                .map(EventId)
        }
        Tx::Sqlite(tx) => {
            const HEAD: &str = "
                UPDATE event_head SET last_id = last_id + $1
                WHERE log_id = $2
                RETURNING last_id";
            const INSERT: &str = "
                INSERT INTO events
                    (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
                SELECT $1, $2 + e.key, e.value ->> 0, e.value ->> 1, e.value ->> 2,
                       e.value ->> 3, $3, e.value ->> 4
                FROM json_each($4) AS e";
            let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
            let last: i64 =
                sqlx::query_scalar(HEAD).bind(count).bind(LOG).fetch_one(&mut **tx).await?;
            let rows: Vec<_> = events
                .iter()
                .map(|e| (e.kind, e.store.map(|s| s.0), e.subject_kind, e.subject_id, &e.data))
                .collect();
            sqlx::query(INSERT)
                .bind(LOG)
                .bind(last - count + 1)
                .bind(now.0)
                .bind(serde_json::to_string(&rows).unwrap_or_default())
                .execute(&mut **tx)
                .await?;
            Ok(EventId(last))
        }
    }
}

/// The last event's id and the fence.
///
/// # Errors
/// The database did not answer.
pub async fn head(db: impl Into<Conn<'_>>) -> sqlx::Result<(EventId, Timestamp)> {
    const SQL: &str = "SELECT last_id, fence FROM event_head WHERE log_id = $1";
    on_db!(db.into(), conn => {
        let (last, fence): (i64, i64) = sqlx::query_as(SQL).bind(LOG).fetch_one(conn).await?;
        Ok((EventId(last), Timestamp(fence)))
    })
}

/// Makes sure that the log has room for at least another partition's worth of events. Returns
/// the last id for which there is room; on SQLite, which has no partitions, there is no end.
/// Called at start, and by the ledger's writers on the way there.
///
/// # Errors
/// The database did not answer.
pub async fn ensure_partitions(db: &Db) -> sqlx::Result<EventId> {
    let Db::Postgres { pool, .. } = db else { return Ok(EventId(i64::MAX)) };
    let mut reader = db.read().await?;
    let (last, _) = head(&mut reader).await?;
    drop(reader);
    let current = last.0 / PARTITION_IDS;
    for index in current..=current + 1 {
        let (from, to) = (index * PARTITION_IDS, (index + 1) * PARTITION_IDS);
        crate::db::attach_partition(pool, "events", &format!("events_{index}"), "id", from, to)
            .await?;
    }
    Ok(EventId((current + 2) * PARTITION_IDS - 1))
}
