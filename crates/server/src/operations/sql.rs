//! SQL of requests that were taken on.

use std::collections::BTreeSet;

use stockroom_domain::{Timestamp, UserId};

use super::http::{OperationFilter, OperationState};
use crate::auth::Via;
use crate::db::{Conn, Select, Tx};
use crate::http::{Deferred, Text};

/// How long one is kept after it was done.
const KEPT_S: i64 = 7 * 86_400;

/// One as it is shown.
pub struct OperationRow {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) status: Option<i64>,
    pub(super) result: Option<String>,
    pub(super) created_at: i64,
    pub(super) finished_at: Option<i64>,
}
crate::from_row!(OperationRow { id, kind, state, status, result, created_at, finished_at });

/// One that is to be done.
#[derive(Clone)]
pub(super) struct QueuedRow {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) via: String,
    pub(super) via_id: i64,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) key: String,
    pub(super) body: String,
    pub(super) address: Option<String>,
    pub(super) request_id: Option<String>,
}
crate::from_row!(QueuedRow {
    id,
    user_id,
    via,
    via_id,
    method,
    target,
    key,
    body,
    address,
    request_id,
});

/// Writes a request down and returns its number.
pub(super) async fn insert(tx: &mut Tx, new: &Deferred, now: Timestamp) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO operations
            (kind, user_id, via, via_id, method, target, key, body, address, request_id,
             created_at, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'queued')
        RETURNING id";
    let (via, via_id) = match new.who.via {
        Via::Key(id) => ("key", id),
        Via::Session(id) => ("session", id),
        Via::Nothing => ("session", 0),
    };
    let id = new.context.id();
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(new.kind)
        .bind(new.who.user_id.0)
        .bind(via)
        .bind(via_id)
        .bind(&new.method)
        .bind(&new.target)
        .bind(new.once.key())
        .bind(&new.body)
        .bind(new.context.address().map(|address| address.to_string()))
        .bind(id.as_deref())
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// How many characters the bodies have of those of some that are to be done, by their numbers.
/// Leans on the primary key.
pub(super) async fn lengths(db: Conn<'_>, ids: &BTreeSet<i64>) -> sqlx::Result<Vec<(i64, i64)>> {
    let mut select = Select::new(
        "SELECT id, CAST(length(body) AS BIGINT) FROM operations WHERE state = 'queued'",
    );
    select.any_of(" AND id", ids.iter().copied());
    select.push(" ORDER BY id");
    select.fetch_all(db).await
}

/// Those of some that are to be done. Leans on the primary key.
pub(super) async fn queued(db: Conn<'_>, ids: &[i64]) -> sqlx::Result<Vec<QueuedRow>> {
    let mut select = Select::new(
        "SELECT id, user_id, via, via_id, method, target, key, body, address, request_id
         FROM operations
         WHERE state = 'queued'",
    );
    select.any_of(" AND id", ids.iter().copied());
    select.fetch_all(db).await
}

/// Notes what came of one, and forgets the request. Of two who have
/// done it, the first notes; whether this is it.
pub(super) async fn finish(
    tx: &mut Tx,
    id: i64,
    state: &str,
    (status, result): (u16, &str),
    now: Timestamp,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE operations
        SET state = $1, status = $2, result = $3, finished_at = $4, body = ''
        WHERE id = $5 AND state = 'queued'";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(state)
        .bind(i64::from(status))
        .bind(result)
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// One of someone's. Leans on the primary key.
pub(super) async fn find(
    db: Conn<'_>,
    user: UserId,
    id: i64,
) -> sqlx::Result<Option<OperationRow>> {
    const SQL: &str = "SELECT id, kind, state, status, result, created_at, finished_at
        FROM operations
        WHERE id = $1 AND user_id = $2";
    on_db!(db, conn => sqlx::query_as(SQL).bind(id).bind(user.0).fetch_optional(conn).await)
}

/// One page of someone's, newest first, without their results. Leans on `operations_of_user`.
pub(super) async fn page(
    db: Conn<'_>,
    user: UserId,
    filter: &OperationFilter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<OperationRow>> {
    let mut select = Select::new(
        "SELECT id, kind, state, status, CAST(NULL AS TEXT) AS result, created_at, finished_at
         FROM operations",
    );
    narrow(&mut select, user, filter);
    if let Some(before) = before {
        select.push(" AND id < ").bind(before);
    }
    select.push(" ORDER BY id DESC").limit(limit);
    select.fetch_all(db).await
}

/// All of someone's, to be counted.
pub(super) fn all(user: UserId, filter: &OperationFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM operations");
    narrow(&mut select, user, filter);
    select
}

fn narrow(select: &mut Select, user: UserId, filter: &OperationFilter) {
    select.push(" WHERE user_id = ").bind(user.0);
    select.any_of(" AND state", filter.state.iter().copied().map(OperationState::name));
    select.any_of(" AND kind", filter.kind.iter().map(Text::as_str));
}

/// Forgets at most so many that were done long ago; how many. Leans on `operations_finished`.
///
/// # Errors
/// The database did not answer.
pub async fn forget_old(tx: &mut Tx, now: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    const SQL: &str = "DELETE FROM operations
        WHERE id IN (
            SELECT id FROM operations
            WHERE finished_at <= $1
            ORDER BY finished_at, id
            LIMIT CAST($2 AS BIGINT))";
    on_db!(Conn::from(tx), conn => {
        let before = now.plus_seconds(-KEPT_S).0;
        let done = sqlx::query(SQL).bind(before).bind(rows_max).execute(conn).await?;
        Ok(done.rows_affected())
    })
}
