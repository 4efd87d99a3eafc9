//! SQL of what people decide about themselves.

use stockroom_domain::{Timestamp, UserId};

use super::own::Session;
use crate::db::{Conn, Select, Tx};
use crate::http::text;

/// Sets someone's name.
pub(super) async fn set_name(
    tx: &mut Tx,
    user: UserId,
    name: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE users
        SET name = $1, name_key = $2, updated_at = $3, version = version + 1
        WHERE id = $4";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(name)
        .bind(text::key(name))
        .bind(now.0)
        .bind(user.0)
        .execute(conn)
        .await
        .map(drop))
}

/// Someone's sign-ins that have not ended, newest first, before one. Leans on
/// `sessions_of_user`.
pub(super) async fn sessions(
    db: Conn<'_>,
    user: UserId,
    now: Timestamp,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Session>> {
    let mut select = Select::new(
        "SELECT id, user_agent, address, created_at, last_used_at, expires_at
         FROM sessions",
    );
    push_open(&mut select, user, now);
    if let Some(before) = before {
        select.push(" AND id < ").bind(before);
    }
    select.push(" ORDER BY id DESC").limit(limit);
    select.fetch_all(db).await
}

/// All of them, to be counted.
pub(super) fn all_sessions(user: UserId, now: Timestamp) -> Select {
    let mut select = Select::new("SELECT 1 FROM sessions");
    push_open(&mut select, user, now);
    select
}

fn push_open(select: &mut Select, user: UserId, now: Timestamp) {
    select.push(" WHERE user_id = ").bind(user.0).push(" AND ended_at IS NULL");
    select.push(" AND expires_at > ").bind(now.0);
}

/// Ends one of someone's own sign-ins; whether it was open. `None` where there is none of theirs.
pub(super) async fn end_session(
    tx: &mut Tx,
    user: UserId,
    id: i64,
    now: Timestamp,
) -> sqlx::Result<Option<bool>> {
    const FIND: &str = "SELECT id FROM sessions WHERE id = $1 AND user_id = $2";
    const END: &str = "UPDATE sessions
        SET ended_at = $1, end_reason = 'revoked'
        WHERE id = $2 AND ended_at IS NULL";
    on_db!(Conn::from(tx), conn => {
        let own: Option<i64> =
            sqlx::query_scalar(FIND).bind(id).bind(user.0).fetch_optional(&mut *conn).await?;
        if own.is_none() {
            return Ok(None);
        }
        let done = sqlx::query(END).bind(now.0).bind(id).execute(conn).await?;
        Ok(Some(done.rows_affected() == 1))
    })
}

/// Whether a sign-in has not ended.
pub(super) async fn is_open(tx: &mut Tx, session: i64) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM sessions WHERE id = $1 AND ended_at IS NULL";
    let found: Option<i64> = on_db!(Conn::from(tx), conn =>
        sqlx::query_scalar(SQL).bind(session).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

/// Whether someone still has the password of this hash.
pub(super) async fn has_password(tx: &mut Tx, user: UserId, hash: &str) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM users WHERE id = $1 AND password_hash = $2";
    let found: Option<i64> = on_db!(Conn::from(tx), conn =>
        sqlx::query_scalar(SQL).bind(user.0).bind(hash).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

/// Someone's preferences and their version; `{}` and 0 before they were set.
pub(super) async fn preferences(db: Conn<'_>, user: UserId) -> sqlx::Result<(String, i64)> {
    const SQL: &str = "SELECT value, version FROM user_preferences WHERE user_id = $1";
    let row: Option<(String, i64)> = on_db!(db, conn =>
        sqlx::query_as(SQL).bind(user.0).fetch_optional(conn).await)?;
    Ok(row.unwrap_or_else(|| ("{}".to_owned(), 0)))
}

/// Sets someone's preferences.
pub(super) async fn set_preferences(
    tx: &mut Tx,
    user: UserId,
    value: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO user_preferences (user_id, value, version, updated_at)
        VALUES ($1, $2, 1, $3)
        ON CONFLICT (user_id) DO UPDATE
        SET value = excluded.value, version = user_preferences.version + 1,
            updated_at = excluded.updated_at";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(user.0).bind(value).bind(now.0).execute(conn).await.map(drop))
}
