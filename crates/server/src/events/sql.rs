//! SQL of the event log.

use sqlx::{PgConnection, Postgres, SqliteConnection};
use stockroom_domain::{EventId, Timestamp};

use super::Event;
use crate::audit::{self, Columns, Entry, chain};
use crate::db::{Conn, Db, Leases, Tx, attach_partition};

/// The one log there is for now; the column leaves room for logs by group of stores.
pub const LOG: i64 = 1;
/// Ids in one partition (PostgreSQL).
const PARTITION_IDS: i64 = 10_000_000;

/// Raises the head by the number of `events` and of `entries` of the audit log, and inserts both;
/// the last event's id. Leans on the head row's lock, which ends with the commit.
pub(super) async fn insert(
    tx: &mut Tx,
    now: Timestamp,
    events: &[Event],
    entries: &[Entry],
) -> sqlx::Result<EventId> {
    match tx {
        Tx::Postgres(tx) => insert_postgres(tx, now, events, entries).await,
        Tx::Sqlite(tx) => insert_sqlite(tx, now, events, entries).await,
    }
}

async fn insert_postgres(
    conn: &mut PgConnection,
    now: Timestamp,
    events: &[Event],
    entries: &[Entry],
) -> sqlx::Result<EventId> {
    const POSTGRES: &str = "
        WITH head AS (
            UPDATE event_head
            SET last_id = last_id + cardinality($3::TEXT[]),
                audit_id = audit_id + cardinality($8::TEXT[]),
                audit_link = CASE WHEN cardinality($8::TEXT[]) = 0 THEN audit_link
                                  ELSE sha256(audit_link || $19) END
            WHERE log_id = $1
            RETURNING last_id, audit_id, audit_link
        ), announced AS (
            INSERT INTO events
                (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
            SELECT $1, head.last_id - cardinality($3::TEXT[]) + e.position, e.type, e.store_id,
                   e.subject_kind, e.subject_id, $2, e.data
            FROM head, UNNEST($3::TEXT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[], $7::TEXT[])
                 WITH ORDINALITY AS e(type, store_id, subject_kind, subject_id, data, position)
        ), recorded AS (
            INSERT INTO audit_logs
                (id, at, actor_kind, actor_id, actor, address, request_id, action,
                 subject_kind, subject_id, store_id, before, after, link)
            SELECT head.audit_id - cardinality($8::TEXT[]) + a.position, $2, a.actor_kind,
                   a.actor_id, a.actor, a.address, a.request_id, a.action, a.subject_kind,
                   a.subject_id, a.store_id, a.before, a.after,
                   CASE WHEN a.position = cardinality($8::TEXT[]) THEN head.audit_link END
            FROM head, UNNEST($8::TEXT[], $9::BIGINT[], $10::TEXT[], $11::TEXT[], $12::TEXT[],
                              $13::TEXT[], $14::TEXT[], $15::BIGINT[], $16::BIGINT[],
                              $17::TEXT[], $18::TEXT[])
                 WITH ORDINALITY AS a(actor_kind, actor_id, actor, address, request_id, action,
                                      subject_kind, subject_id, store_id, before, after,
                                      position)
        )
        SELECT last_id FROM head";
    let audit = Columns::of(entries);
    sqlx::query_scalar(POSTGRES)
        .bind(LOG)
        .bind(now.0)
        .bind(events.iter().map(|e| e.kind).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.store.map(|s| s.0)).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.subject_kind).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.subject_id).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.data.as_str()).collect::<Vec<_>>())
        .bind(audit.actor_kinds)
        .bind(audit.actor_ids)
        .bind(audit.actors)
        .bind(audit.addresses)
        .bind(audit.request_ids)
        .bind(audit.actions)
        .bind(audit.subject_kinds)
        .bind(audit.subject_ids)
        .bind(audit.store_ids)
        .bind(audit.before)
        .bind(audit.after)
        .bind(chain::digest(entries, now).to_vec())
        .fetch_one(conn)
        .await
        .map(EventId)
}

async fn insert_sqlite(
    conn: &mut SqliteConnection,
    now: Timestamp,
    events: &[Event],
    entries: &[Entry],
) -> sqlx::Result<EventId> {
    // Nobody else writes until this transaction ends, so the link may be computed in between.
    const SQLITE_LINK: &str = "SELECT audit_link FROM event_head WHERE log_id = $1";
    const SQLITE_HEAD: &str = "
        UPDATE event_head
        SET last_id = last_id + $1, audit_id = audit_id + $2, audit_link = $3
        WHERE log_id = $4
        RETURNING last_id, audit_id";
    const SQLITE_EVENTS: &str = "
        INSERT INTO events
            (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
        SELECT $1, $2 + e.key, e.value ->> 0, e.value ->> 1, e.value ->> 2,
               e.value ->> 3, $3, e.value ->> 4
        FROM json_each($4) AS e";
    const SQLITE_AUDIT: &str = "
        INSERT INTO audit_logs
            (id, at, actor_kind, actor_id, actor, address, request_id, action, subject_kind,
             subject_id, store_id, before, after, link)
        SELECT $1 + a.key, $2, a.value ->> '$[0][0]', a.value ->> '$[0][1]',
               a.value ->> '$[0][2]', a.value ->> '$[0][3]', a.value ->> '$[1][0]',
               a.value ->> '$[1][1]', a.value ->> '$[2][0]', a.value ->> '$[2][1]',
               a.value ->> '$[2][2]', a.value ->> '$[3]', a.value ->> '$[4]',
               CASE WHEN $1 + a.key = $3 THEN $4 END
        FROM json_each($5) AS a";
    let mut link: Vec<u8> = sqlx::query_scalar(SQLITE_LINK).bind(LOG).fetch_one(&mut *conn).await?;
    if !entries.is_empty() {
        link = chain::link(&link, &chain::digest(entries, now)).to_vec();
    }
    let (told, recorded) = (len(events), len(entries));
    let (last, audit_last): (i64, i64) = sqlx::query_as(SQLITE_HEAD)
        .bind(told)
        .bind(recorded)
        .bind(&link)
        .bind(LOG)
        .fetch_one(&mut *conn)
        .await?;
    let rows: Vec<_> = events
        .iter()
        .map(|e| (e.kind, e.store.map(|s| s.0), e.subject_kind, e.subject_id, &e.data))
        .collect();
    sqlx::query(SQLITE_EVENTS)
        .bind(LOG)
        .bind(last - told + 1)
        .bind(now.0)
        .bind(serde_json::to_string(&rows).unwrap_or_default())
        .execute(&mut *conn)
        .await?;
    sqlx::query(SQLITE_AUDIT)
        .bind(audit_last - recorded + 1)
        .bind(now.0)
        .bind(audit_last)
        .bind(&link)
        .bind(audit::rows_json(entries))
        .execute(conn)
        .await?;
    Ok(EventId(last))
}

fn len<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
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

/// An event as it stands in the log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its place.
    pub id: i64,
    /// What has happened.
    pub kind: String,
    /// In which store, if in one.
    pub store_id: Option<i64>,
    /// What kind of thing it happened to.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: i64,
    /// When, in microseconds.
    pub occurred_at: i64,
    /// JSON.
    pub data: String,
}

impl Logged {
    /// Events as they stand in the log, the last of them at `last`.
    pub fn all(last: EventId, now: Timestamp, events: Vec<Event>) -> Vec<Self> {
        let first = last.0 - len(&events) + 1;
        let logged = |(id, event): (i64, Event)| Self {
            id,
            kind: event.kind.to_owned(),
            store_id: event.store.map(|store| store.0),
            subject_kind: event.subject_kind.to_owned(),
            subject_id: event.subject_id,
            occurred_at: now.0,
            data: event.data,
        };
        (first..).zip(events).map(logged).collect()
    }
}

crate::from_row!(Logged { id, kind, store_id, subject_kind, subject_id, occurred_at, data });

/// The events behind a place in the log, in order. Leans on the primary key.
///
/// # Errors
/// The database did not answer.
pub async fn read(
    db: impl Into<Conn<'_>>,
    after: EventId,
    limit: i64,
) -> sqlx::Result<Vec<Logged>> {
    const SQL: &str = "
        SELECT id, type AS kind, store_id, subject_kind, subject_id, occurred_at, data
        FROM events
        WHERE log_id = $1 AND id > $2
        ORDER BY id
        LIMIT CAST($3 AS BIGINT)";
    on_db!(db.into(), conn => {
        sqlx::query_as(SQL).bind(LOG).bind(after.0).bind(limit).fetch_all(conn).await
    })
}

/// The first event that is kept, if there is one.
///
/// # Errors
/// The database did not answer.
pub async fn oldest(db: impl Into<Conn<'_>>) -> sqlx::Result<Option<EventId>> {
    const SQL: &str = "SELECT id FROM events WHERE log_id = $1 ORDER BY id LIMIT 1";
    let id: Option<i64> = on_db!(db.into(), conn => {
        sqlx::query_scalar(SQL).bind(LOG).fetch_optional(conn).await
    })?;
    Ok(id.map(EventId))
}

/// Makes sure that the events and the audit log have room for at least another partition's worth
/// of rows each. Returns the last event's id up to which both have; on SQLite, which has no
/// partitions, there is no end. Called at start, now and then, and by the ledger's writers on the
/// way there, of whose commits none adds more to the audit log than events.
///
/// # Errors
/// The database did not answer.
pub async fn ensure_partitions(db: &Db) -> sqlx::Result<EventId> {
    const LAST: &str = "SELECT last_id, audit_id FROM event_head WHERE log_id = $1";
    let Db::Postgres { pool, .. } = db else { return Ok(EventId(i64::MAX)) };
    let (last, audit_last): (i64, i64) =
        sqlx::query_as(LAST).bind(LOG).fetch_one(&mut *pool.get().await?).await?;
    let room = attach(pool, "events", last).await?;
    let audit_room = attach(pool, "audit_logs", audit_last).await?;
    Ok(EventId((last + audit_room - audit_last).min(room)))
}

/// Makes the partition of an id and the one after it; the last id for which there is room.
async fn attach(pool: &Leases<Postgres>, table: &str, last: i64) -> sqlx::Result<i64> {
    let current = last / PARTITION_IDS;
    for index in current..=current + 1 {
        let (from, to) = (index * PARTITION_IDS, (index + 1) * PARTITION_IDS);
        attach_partition(pool, table, &format!("{table}_{index}"), "id", from, to).await?;
    }
    Ok((current + 2) * PARTITION_IDS - 1)
}
