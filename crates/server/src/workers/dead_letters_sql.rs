//! SQL of dead letters.

use stockroom_domain::Timestamp;

use super::Notice;
use super::dead_letters::{DeadLetterFilter, State};
use crate::db::{Conn, Select, Tx};
use crate::http::Text;

/// How long one is kept after it was done or dropped.
const KEPT_S: i64 = 90 * 86_400;

/// A dead letter as it is stored.
#[derive(Clone, Debug)]
pub struct DeadLetterRow {
    pub(super) id: i64,
    pub(super) queue: String,
    pub(super) event_id: i64,
    pub(super) event_type: String,
    pub(super) store_id: Option<i64>,
    pub(super) subject_kind: String,
    pub(super) subject_id: i64,
    pub(super) attempts: i64,
    pub(super) error: String,
    pub(super) state: String,
    pub(super) parked_at: i64,
    pub(super) updated_at: i64,
    pub(super) version: i64,
}
crate::from_row!(DeadLetterRow {
    id,
    queue,
    event_id,
    event_type,
    store_id,
    subject_kind,
    subject_id,
    attempts,
    error,
    state,
    parked_at,
    updated_at,
    version,
});

/// What a [`DeadLetterRow`] is read from.
macro_rules! select_letters {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.queue, d.event_id, d.event_type, d.store_id, d.subject_kind,
                    d.subject_id, d.attempts, d.error, d.state, d.parked_at, d.updated_at,
                    d.version
             FROM dead_letters d ",
            $rest
        )
    };
}

/// One of them. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<DeadLetterRow>> {
    const SQL: &str = select_letters!("WHERE d.id = $1");
    on_db!(db, conn => sqlx::query_as(SQL).bind(id).fetch_optional(conn).await)
}

/// As [`find`], and keeps other changes of it waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<DeadLetterRow>> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = select_letters!("WHERE d.id = $1 FOR NO KEY UPDATE");
            sqlx::query_as(SQL).bind(id).fetch_optional(&mut **tx).await
        }
        Tx::Sqlite(_) => find(Conn::from(tx), id).await,
    }
}

/// Those that are to be tried again. Leans on `dead_letters_replaying`.
pub(super) async fn replaying(db: Conn<'_>) -> sqlx::Result<Vec<DeadLetterRow>> {
    const SQL: &str =
        select_letters!("WHERE d.state = 'replaying' ORDER BY d.queue, d.id LIMIT 1000");
    on_db!(db, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// Moves one to another state, and gives it as it is then.
pub(super) async fn set_state(
    tx: &mut Tx,
    id: i64,
    state: &str,
    now: Timestamp,
) -> sqlx::Result<DeadLetterRow> {
    const SQL: &str = "UPDATE dead_letters
        SET state = $1, updated_at = $2, version = version + 1
        WHERE id = $3
        RETURNING id, queue, event_id, event_type, store_id, subject_kind, subject_id, attempts,
                  error, state, parked_at, updated_at, version";
    on_db!(Conn::from(tx), conn => sqlx::query_as(SQL)
        .bind(state)
        .bind(now.0)
        .bind(id)
        .fetch_one(conn)
        .await)
}

/// Notes that one has gone well which is being tried again, unless it was changed meanwhile.
pub(super) async fn set_done(
    tx: &mut Tx,
    (id, version): (i64, i64),
    now: Timestamp,
) -> sqlx::Result<Option<DeadLetterRow>> {
    const SQL: &str = "UPDATE dead_letters
        SET state = 'done', updated_at = $1, version = version + 1
        WHERE id = $2 AND version = $3 AND state = 'replaying'
        RETURNING id, queue, event_id, event_type, store_id, subject_kind, subject_id, attempts,
                  error, state, parked_at, updated_at, version";
    on_db!(Conn::from(tx), conn => sqlx::query_as(SQL)
        .bind(now.0)
        .bind(id)
        .bind(version)
        .fetch_optional(conn)
        .await)
}

/// Parks a message, or parks it again, unless someone has dropped it.
pub(super) async fn park(
    tx: &mut Tx,
    queue: &str,
    notice: &Notice,
    (attempts, error): (i64, &str),
    now: Timestamp,
) -> sqlx::Result<DeadLetterRow> {
    const SQL: &str = "INSERT INTO dead_letters
            (queue, event_id, event_type, store_id, subject_kind, subject_id, attempts, error,
             parked_at, updated_at, state, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'parked', 1)
        ON CONFLICT (queue, event_id) DO UPDATE
        SET attempts = dead_letters.attempts + excluded.attempts, error = excluded.error,
            state = CASE WHEN dead_letters.state = 'dropped' THEN 'dropped' ELSE 'parked' END,
            updated_at = excluded.updated_at,
            version = dead_letters.version + 1
        RETURNING id, queue, event_id, event_type, store_id, subject_kind, subject_id, attempts,
                  error, state, parked_at, updated_at, version";
    on_db!(Conn::from(tx), conn => sqlx::query_as(SQL)
        .bind(queue)
        .bind(notice.event_id)
        .bind(&notice.kind)
        .bind(notice.store_id)
        .bind(&notice.subject_kind)
        .bind(notice.subject_id)
        .bind(attempts)
        .bind(error)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// One page of them, newest first. Leans on the primary key.
pub(super) async fn page(
    db: Conn<'_>,
    filter: &DeadLetterFilter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<DeadLetterRow>> {
    let mut select = Select::new(select_letters!("WHERE TRUE"));
    narrow(&mut select, filter);
    if let Some(before) = before {
        select.push(" AND d.id < ").bind(before);
    }
    select.push(" ORDER BY d.id DESC");
    select.limit(limit);
    select.fetch_all(db).await
}

/// All that are asked for, to be counted.
pub(super) fn all(filter: &DeadLetterFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM dead_letters d WHERE TRUE");
    narrow(&mut select, filter);
    select
}

fn narrow(select: &mut Select, filter: &DeadLetterFilter) {
    select.any_of(" AND d.state", filter.states().into_iter().map(State::name));
    select.any_of(" AND d.queue", filter.queue.iter().map(Text::as_str));
}

/// Forgets at most so many that were done or dropped long ago; how many.
///
/// # Errors
/// The database did not answer.
pub async fn forget_old(tx: &mut Tx, now: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    const SQL: &str = "DELETE FROM dead_letters
        WHERE id IN (
            SELECT id FROM dead_letters
            WHERE state IN ('done', 'dropped') AND updated_at <= $1
            ORDER BY updated_at, id
            LIMIT CAST($2 AS BIGINT))";
    on_db!(Conn::from(tx), conn => {
        let before = now.plus_seconds(-KEPT_S).0;
        let done = sqlx::query(SQL).bind(before).bind(rows_max).execute(conn).await?;
        Ok(done.rows_affected())
    })
}
