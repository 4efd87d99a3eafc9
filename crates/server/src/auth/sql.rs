//! SQL of signing in: credentials, sessions, refresh tokens and signing keys, and the rows that
//! setting up a shop writes. Users and their roles are written by [`super::users_sql`].

use stockroom_domain::permissions::Role;
use stockroom_domain::{StoreId, Timestamp, UserId};

use super::keyring::KeyRow;
use super::principal::{Grant, Place, Principal, Via};
use crate::db::{Conn, Reader, Tx};

/// What a sign-in is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who.
    pub user_id: UserId,
    /// A PHC string.
    pub password_hash: String,
    /// Disabled users cannot sign in.
    pub is_disabled: bool,
}

/// A sign-in to be written.
#[derive(Clone, Copy, Debug)]
pub struct SessionRow<'a> {
    /// Whose.
    pub user_id: UserId,
    /// The client, in its own words.
    pub user_agent: Option<&'a str>,
    /// Where it came from.
    pub address: Option<&'a str>,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
}

/// The keys that sign, and those that did after `retired_after`; those that sign first, the
/// oldest of them first.
pub async fn signing_keys(
    reader: &mut Reader,
    retired_after: Timestamp,
) -> sqlx::Result<Vec<KeyRow>> {
    const SQL: &str = "SELECT kid, secret, retired_at
        FROM signing_keys
        WHERE retired_at IS NULL OR retired_at > $1
        ORDER BY created_at, kid";
    let rows: Vec<(String, String, Option<i64>)> = on_db!(Conn::from(reader), conn =>
        sqlx::query_as(SQL).bind(retired_after.0).fetch_all(conn).await)?;
    Ok(rows
        .into_iter()
        .map(|(kid, secret, retired)| KeyRow { kid, secret, retired_at: retired.map(Timestamp) })
        .collect())
}

/// Writes a new signing key.
pub async fn insert_signing_key(
    tx: &mut Tx,
    kid: &str,
    secret: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO signing_keys (kid, secret, created_at) VALUES ($1, $2, $3)";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(kid).bind(secret).bind(now.0).execute(conn).await.map(drop))
}

/// Has the keys that were made before an instant sign no more; how many.
pub async fn retire_signing_keys(
    tx: &mut Tx,
    made_before: Timestamp,
    now: Timestamp,
) -> sqlx::Result<u64> {
    const SQL: &str = "UPDATE signing_keys
        SET retired_at = $1
        WHERE retired_at IS NULL AND created_at < $2";
    on_db!(Conn::from(tx), conn => {
        let done = sqlx::query(SQL).bind(now.0).bind(made_before.0).execute(conn).await?;
        Ok(done.rows_affected())
    })
}

/// Whether any key signs.
pub async fn has_signing_key(tx: &mut Tx) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT kid FROM signing_keys WHERE retired_at IS NULL LIMIT 1";
    let found: Option<String> =
        on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

/// Someone who may come in, and one of their roles.
struct CallerRow {
    via_id: i64,
    id: i64,
    username: String,
    name: String,
    employee_id: Option<i64>,
    version: i64,
    store_id: Option<i64>,
    role: Option<String>,
}
crate::from_row!(CallerRow { via_id, id, username, name, employee_id, version, store_id, role });

/// Whoever may come in with that session at `now`. Leans on the primary keys.
pub async fn caller(
    conn: impl Into<Conn<'_>>,
    session_id: i64,
    now: Timestamp,
) -> sqlx::Result<Option<Principal>> {
    const SQL: &str =
        "SELECT s.id AS via_id, u.id, u.username, u.name, u.employee_id, u.version, r.store_id,
                r.role
        FROM sessions s
        JOIN users u ON u.id = s.user_id
        LEFT JOIN user_roles r ON r.user_id = u.id
        WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND NOT u.is_disabled
          AND NOT u.is_deleted
        ORDER BY r.store_id";
    let rows: Vec<CallerRow> = on_db!(conn.into(), conn =>
        sqlx::query_as(SQL).bind(session_id).bind(now.0).fetch_all(conn).await)?;
    Ok(principal(rows, Via::Session))
}

/// Someone who came in by a session once, as they are now, be it over or not.
pub async fn user_caller(
    conn: impl Into<Conn<'_>>,
    user: UserId,
    session_id: i64,
) -> sqlx::Result<Option<Principal>> {
    const SQL: &str =
        "SELECT CAST($1 AS BIGINT) AS via_id, u.id, u.username, u.name, u.employee_id, u.version,
                r.store_id, r.role
        FROM users u
        LEFT JOIN user_roles r ON r.user_id = u.id
        WHERE u.id = $2 AND NOT u.is_disabled AND NOT u.is_deleted AND NOT u.is_program
        ORDER BY r.store_id";
    let rows: Vec<CallerRow> = on_db!(conn.into(), conn =>
        sqlx::query_as(SQL).bind(session_id).bind(user.0).fetch_all(conn).await)?;
    Ok(principal(rows, Via::Session))
}

/// A program that may come in at `$2`, with its roles.
macro_rules! select_program {
    ($condition:literal) => {
        concat!(
            "SELECT k.id AS via_id, u.id, u.username, u.name, u.employee_id, u.version,
                    r.store_id, r.role
             FROM api_keys k
             JOIN users u ON u.id = k.user_id
             LEFT JOIN user_roles r ON r.user_id = u.id
             WHERE ",
            $condition,
            " AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)
              AND NOT u.is_disabled AND NOT u.is_deleted
             ORDER BY r.store_id"
        )
    };
}

/// The program whose key has that digest, at `now`. Leans on the unique index of the digests.
pub async fn key_caller(
    conn: impl Into<Conn<'_>>,
    digest: &str,
    now: Timestamp,
) -> sqlx::Result<Option<Principal>> {
    const SQL: &str = select_program!("k.secret_hash = $1");
    let rows: Vec<CallerRow> = on_db!(conn.into(), conn =>
        sqlx::query_as(SQL).bind(digest).bind(now.0).fetch_all(conn).await)?;
    Ok(principal(rows, Via::Key))
}

/// As [`key_caller`], by the key's number. Leans on the primary key.
pub async fn key_caller_by_id(
    conn: impl Into<Conn<'_>>,
    id: i64,
    now: Timestamp,
) -> sqlx::Result<Option<Principal>> {
    const SQL: &str = select_program!("k.id = $1");
    let rows: Vec<CallerRow> = on_db!(conn.into(), conn =>
        sqlx::query_as(SQL).bind(id).bind(now.0).fetch_all(conn).await)?;
    Ok(principal(rows, Via::Key))
}

/// Notes that a key is used.
pub async fn note_key_use(
    tx: &mut Tx,
    key_id: i64,
    address: Option<&str>,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE api_keys SET last_used_at = $1, last_used_address = $2 WHERE id = $3";
    on_db!(Conn::from(tx), conn => {
        let update = sqlx::query(SQL).bind(now.0).bind(address).bind(key_id);
        update.execute(conn).await.map(drop)
    })
}

/// One principal out of one row for each of their roles.
fn principal(rows: Vec<CallerRow>, via: fn(i64) -> Via) -> Option<Principal> {
    let mut caller: Option<Principal> = None;
    for row in rows {
        let caller = caller.get_or_insert_with(|| Principal {
            user_id: UserId(row.id),
            username: row.username.into(),
            name: row.name,
            employee_id: row.employee_id,
            via: via(row.via_id),
            grants: Vec::new(),
            version: row.version,
        });
        let role = row.role.as_deref().and_then(Role::from_name);
        if let (Some(store_id), Some(role)) = (row.store_id, role) {
            caller.grants.push(Grant { place: Place::from_store_id(store_id), role });
        }
    }
    caller
}

/// What the user of that name signs in with. Leans on the unique index of `username_key`.
pub async fn credentials(
    reader: &mut Reader,
    username_key: &str,
) -> sqlx::Result<Option<Credentials>> {
    const SQL: &str = "SELECT id, password_hash, is_disabled
        FROM users
        WHERE username_key = $1 AND NOT is_deleted AND NOT is_program";
    let row: Option<(i64, String, bool)> = on_db!(Conn::from(reader), conn =>
        sqlx::query_as(SQL).bind(username_key).fetch_optional(conn).await)?;
    Ok(row.map(|(user_id, password_hash, is_disabled)| Credentials {
        user_id: UserId(user_id),
        password_hash,
        is_disabled,
    }))
}

/// The hash of a user's password, if they may sign in, kept as it is until the transaction ends: a
/// password that was just verified may be another's by now, or no longer good for anything.
pub async fn lock_password(tx: &mut Tx, user: UserId) -> sqlx::Result<Option<String>> {
    if let Tx::Postgres(tx) = &mut *tx {
        // Not FOR SHARE: two sign-ins of one user would hold it, and each wait for the other's
        // end to note that they have signed in.
        const LOCK: &str = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE";
        sqlx::query(LOCK).bind(user.0).fetch_optional(&mut **tx).await?;
    }
    const SQL: &str = "SELECT password_hash
        FROM users
        WHERE id = $1 AND NOT is_disabled AND NOT is_deleted AND NOT is_program";
    on_db!(Conn::from(tx), conn => {
        sqlx::query_scalar(SQL).bind(user.0).fetch_optional(conn).await
    })
}

/// Notes that someone has signed in.
pub async fn note_sign_in(tx: &mut Tx, user: UserId, now: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE users SET last_sign_in_at = $1 WHERE id = $2";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(now.0).bind(user.0).execute(conn).await.map(drop))
}

/// Writes a sign-in and returns its id.
pub async fn insert_session(
    tx: &mut Tx,
    session: SessionRow<'_>,
    now: Timestamp,
) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO sessions
        (user_id, user_agent, address, created_at, last_used_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(session.user_id.0)
        .bind(session.user_agent)
        .bind(session.address)
        .bind(now.0)
        .bind(now.0)
        .bind(session.expires_at.0)
        .fetch_one(conn)
        .await)
}

/// Locks a session that has not ended, notes that it is used and moves its end. False where it
/// has ended.
pub async fn touch_session(
    tx: &mut Tx,
    session_id: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE sessions
        SET last_used_at = $1, expires_at = $2
        WHERE id = $3 AND ended_at IS NULL AND expires_at > $4";
    let rows = on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(now.0)
        .bind(expires_at.0)
        .bind(session_id)
        .bind(now.0)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Ends a session, once; its first reason stays.
pub async fn end_session(
    tx: &mut Tx,
    session_id: i64,
    reason: &'static str,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE sessions
        SET ended_at = $1, end_reason = $2
        WHERE id = $3 AND ended_at IS NULL";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(now.0)
        .bind(reason)
        .bind(session_id)
        .execute(conn)
        .await
        .map(drop))
}

/// When a refresh token was used, if it was; `None` where there is no such token.
pub async fn refresh_token_use(
    tx: &mut Tx,
    token_hash: &str,
) -> sqlx::Result<Option<Option<Timestamp>>> {
    const SQL: &str = "SELECT used_at FROM refresh_tokens WHERE token_hash = $1";
    let row: Option<Option<i64>> = on_db!(Conn::from(tx), conn =>
        sqlx::query_scalar(SQL).bind(token_hash).fetch_optional(conn).await)?;
    Ok(row.map(|used_at| used_at.map(Timestamp)))
}

/// The session of a refresh token and whose it is. Leans on the primary key.
pub async fn refresh_token_owner(
    reader: &mut Reader,
    token_hash: &str,
) -> sqlx::Result<Option<(i64, UserId)>> {
    const SQL: &str = "SELECT s.id, s.user_id
        FROM refresh_tokens t
        JOIN sessions s ON s.id = t.session_id
        WHERE t.token_hash = $1";
    let row: Option<(i64, i64)> = on_db!(Conn::from(reader), conn =>
        sqlx::query_as(SQL).bind(token_hash).fetch_optional(conn).await)?;
    Ok(row.map(|(session_id, user_id)| (session_id, UserId(user_id))))
}

/// Adds a refresh token to a session.
pub async fn insert_refresh_token(
    tx: &mut Tx,
    token_hash: &str,
    session_id: i64,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str =
        "INSERT INTO refresh_tokens (token_hash, session_id, issued_at) VALUES ($1, $2, $3)";
    on_db!(Conn::from(tx), conn => {
        let insert = sqlx::query(SQL).bind(token_hash).bind(session_id).bind(now.0);
        insert.execute(conn).await.map(drop)
    })
}

/// Notes that a refresh token was used.
pub async fn use_refresh_token(tx: &mut Tx, token_hash: &str, now: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE refresh_tokens SET used_at = $1 WHERE token_hash = $2";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(now.0).bind(token_hash).execute(conn).await.map(drop))
}

/// Forgets the refresh tokens of a session that were used before an instant.
pub async fn forget_used_tokens(
    tx: &mut Tx,
    session_id: i64,
    before: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM refresh_tokens WHERE session_id = $1 AND used_at < $2";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(session_id).bind(before.0).execute(conn).await.map(drop))
}

/// Forgets at most so many refresh tokens of sessions that were over before an instant; how many.
pub async fn forget_tokens(tx: &mut Tx, before: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    const SQL: &str = "DELETE FROM refresh_tokens
        WHERE token_hash IN (
            SELECT t.token_hash
            FROM sessions s
            JOIN refresh_tokens t ON t.session_id = s.id
            WHERE s.expires_at < $1 OR s.ended_at < $1
            ORDER BY t.token_hash
            LIMIT CAST($2 AS BIGINT))";
    on_db!(Conn::from(tx), conn => {
        let done = sqlx::query(SQL).bind(before.0).bind(rows_max).execute(conn).await?;
        Ok(done.rows_affected())
    })
}

/// Forgets at most so many sessions that were over before an instant and have no token left;
/// how many.
pub async fn forget_sessions(tx: &mut Tx, before: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    const SQL: &str = "DELETE FROM sessions
        WHERE id IN (
            SELECT s.id FROM sessions s
            WHERE (s.expires_at < $1 OR s.ended_at < $1)
              AND NOT EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.session_id = s.id)
            ORDER BY s.id
            LIMIT CAST($2 AS BIGINT))";
    on_db!(Conn::from(tx), conn => {
        let done = sqlx::query(SQL).bind(before.0).bind(rows_max).execute(conn).await?;
        Ok(done.rows_affected())
    })
}

/// A setting's value.
pub async fn setting(conn: impl Into<Conn<'_>>, name: &str) -> sqlx::Result<Option<String>> {
    const SQL: &str = "SELECT value FROM settings WHERE name = $1";
    on_db!(conn.into(), conn => sqlx::query_scalar(SQL).bind(name).fetch_optional(conn).await)
}

/// Writes a setting that is not there yet; false where it is. A second transaction waits here
/// until the first has ended.
pub async fn claim_setting(tx: &mut Tx, name: &str, value: &str) -> sqlx::Result<bool> {
    const SQL: &str =
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    let rows = on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(name)
        .bind(value)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Writes a setting, whatever it was.
pub async fn set_setting(tx: &mut Tx, name: &str, value: &str) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(name).bind(value).execute(conn).await.map(drop))
}

/// Removes a setting.
pub async fn remove_setting(tx: &mut Tx, name: &str) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM settings WHERE name = $1";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL).bind(name).execute(conn).await.map(drop))
}

/// Writes the shop's first store and returns its id.
pub async fn insert_first_store(
    tx: &mut Tx,
    name: &str,
    time_zone: &str,
    now: Timestamp,
) -> sqlx::Result<StoreId> {
    const SQL: &str = "INSERT INTO stores
        (code, code_key, name, time_zone, day_cut_hour, is_deleted, version, created_at, updated_at)
        VALUES ('MAIN', 'main', $1, $2, 0, $3, 1, $4, $5)
        RETURNING id";
    let id: i64 = on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(name)
        .bind(time_zone)
        .bind(false)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)?;
    Ok(StoreId(id))
}

/// The store of that code, compared in lower case. Leans on the index `stores_code`.
pub async fn store_by_code(tx: &mut Tx, code: &str) -> sqlx::Result<Option<StoreId>> {
    const SQL: &str = "SELECT id FROM stores WHERE code_key = $1 AND NOT is_deleted";
    let id: Option<i64> = on_db!(Conn::from(tx), conn =>
        sqlx::query_scalar(SQL).bind(code.to_lowercase()).fetch_optional(conn).await)?;
    Ok(id.map(StoreId))
}
