//! SQL of programs' keys. Their roles lie with the users.

use stockroom_domain::{Timestamp, UserId};

use super::keys::KeyFilter;
use crate::auth::keys::NewKey;
use crate::db::{Conn, Select, Tx};
use crate::http::text;

/// A key as it is stored, without its digest.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) name: String,
    pub(super) hint: String,
    pub(super) created_by: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) revoked_at: Option<i64>,
    pub(super) last_used_at: Option<i64>,
    pub(super) last_used_address: Option<String>,
    pub(super) version: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}
crate::from_row!(Key {
    id,
    user_id,
    name,
    hint,
    created_by,
    expires_at,
    revoked_at,
    last_used_at,
    last_used_address,
    version,
    created_at,
    updated_at,
});

macro_rules! select_keys {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, name, hint, created_by, expires_at, revoked_at, last_used_at,
                    last_used_address, version, created_at, updated_at
             FROM api_keys ",
            $rest
        )
    };
}

/// A key to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewKeyRow<'a> {
    pub(super) user_id: UserId,
    pub(super) name: &'a str,
    pub(super) key: &'a NewKey,
    pub(super) created_by: UserId,
    pub(super) expires_at: Option<Timestamp>,
}

/// One key. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Key>> {
    const SQL: &str = select_keys!("WHERE id = $1");
    on_db!(db, conn => sqlx::query_as(SQL).bind(id).fetch_optional(conn).await)
}

/// As [`find`], and keeps other changes of it waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Key>> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = select_keys!("WHERE id = $1 FOR NO KEY UPDATE");
            sqlx::query_as(SQL).bind(id).fetch_optional(&mut **tx).await
        }
        Tx::Sqlite(_) => find(Conn::from(tx), id).await,
    }
}

/// One page of keys, newest first, before one.
pub(super) async fn page(
    db: Conn<'_>,
    filter: &KeyFilter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Key>> {
    let mut select = Select::new(select_keys!("WHERE TRUE"));
    push_filter(&mut select, filter);
    if let Some(before) = before {
        select.push(" AND id < ").bind(before);
    }
    select.push(" ORDER BY id DESC").limit(limit);
    select.fetch_all(db).await
}

/// All keys that are asked for, to be counted.
pub(super) fn all(filter: &KeyFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM api_keys WHERE TRUE");
    push_filter(&mut select, filter);
    select
}

fn push_filter(select: &mut Select, filter: &KeyFilter) {
    if !filter.include_revoked {
        select.push(" AND revoked_at IS NULL");
    }
}

/// Writes a key; its id.
pub(super) async fn insert(tx: &mut Tx, new: &NewKeyRow<'_>, now: Timestamp) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO api_keys
            (user_id, name, hint, secret_hash, created_by, expires_at, version, created_at,
             updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(new.user_id.0)
        .bind(new.name)
        .bind(&new.key.hint)
        .bind(&new.key.digest)
        .bind(new.created_by.0)
        .bind(new.expires_at.map(|at| at.0))
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// Changes what a key is called, for its user as well, and when it ends.
pub(super) async fn update(
    tx: &mut Tx,
    key: &Key,
    name: &str,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> sqlx::Result<()> {
    const KEY: &str = "UPDATE api_keys
        SET name = $1, expires_at = $2, updated_at = $3, version = version + 1
        WHERE id = $4";
    const USER: &str = "UPDATE users
        SET name = $1, name_key = $2, updated_at = $3, version = version + 1
        WHERE id = $4";
    on_db!(Conn::from(tx), conn => {
        let update = sqlx::query(KEY).bind(name).bind(expires_at.map(|at| at.0)).bind(now.0);
        update.bind(key.id).execute(&mut *conn).await?;
        let update = sqlx::query(USER).bind(name).bind(text::key(name)).bind(now.0);
        update.bind(key.user_id).execute(conn).await.map(drop)
    })
}

/// Ends a key.
pub(super) async fn revoke(tx: &mut Tx, id: i64, now: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE api_keys
        SET revoked_at = $1, updated_at = $2, version = version + 1
        WHERE id = $3";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(now.0).bind(now.0).bind(id).execute(conn).await.map(drop))
}
