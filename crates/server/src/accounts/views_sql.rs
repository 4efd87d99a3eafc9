//! SQL of saved views.

use stockroom_domain::{Timestamp, UserId};

use crate::db::{Conn, Select, Tx};

/// What people decide about a view: checked, and ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) list: String,
    pub(super) name: String,
    pub(super) name_key: String,
    pub(super) is_shared: bool,
    /// A JSON object.
    pub(super) definition: String,
}

/// A view as it is stored.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) id: i64,
    pub(super) owner_id: i64,
    pub(super) list: String,
    pub(super) name: String,
    pub(super) name_key: String,
    pub(super) is_shared: bool,
    pub(super) definition: String,
    pub(super) version: i64,
    pub(super) is_deleted: bool,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}
crate::from_row!(View {
    id,
    owner_id,
    list,
    name,
    name_key,
    is_shared,
    definition,
    version,
    is_deleted,
    created_at,
    updated_at,
});

impl View {
    pub(super) fn is_same(&self, details: &Details) -> bool {
        self.list == details.list
            && self.name == details.name
            && self.is_shared == details.is_shared
            && self.definition == details.definition
    }
}

/// Which views someone sees.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) by: UserId,
    /// Also those of others that are shared.
    pub(super) has_shared: bool,
    pub(super) list: Option<String>,
}

macro_rules! select_views {
    ($rest:literal) => {
        concat!(
            "SELECT id, owner_id, list, name, name_key, is_shared, definition, version,
                    is_deleted, created_at, updated_at
             FROM saved_views ",
            $rest
        )
    };
}

/// One view. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<View>> {
    const SQL: &str = select_views!("WHERE id = $1");
    on_db!(db, conn => sqlx::query_as(SQL).bind(id).fetch_optional(conn).await)
}

/// As [`find`], and keeps other changes of it waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<View>> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = select_views!("WHERE id = $1 FOR NO KEY UPDATE");
            sqlx::query_as(SQL).bind(id).fetch_optional(&mut **tx).await
        }
        Tx::Sqlite(_) => find(Conn::from(tx), id).await,
    }
}

/// One page of someone's own views and those that are shared, by name. Leans on
/// `saved_views_names` and `saved_views_shared`.
pub(super) async fn page(
    db: Conn<'_>,
    seen: &Seen,
    after: Option<&(String, i64)>,
    limit: i64,
) -> sqlx::Result<Vec<View>> {
    let mut select = Select::new(select_views!(""));
    push_seen(&mut select, seen);
    if let Some((name_key, id)) = after {
        select.push(" AND (name_key, id) > (").bind(name_key.as_str());
        select.push(", ").bind(*id).push(")");
    }
    select.push(" ORDER BY name_key, id").limit(limit);
    select.fetch_all(db).await
}

/// All of them, to be counted.
pub(super) fn all(seen: &Seen) -> Select {
    let mut select = Select::new("SELECT 1 FROM saved_views ");
    push_seen(&mut select, seen);
    select
}

fn push_seen(select: &mut Select, seen: &Seen) {
    select.push("WHERE NOT is_deleted AND (owner_id = ").bind(seen.by.0);
    select.push(if seen.has_shared { " OR is_shared)" } else { ")" });
    if let Some(list) = &seen.list {
        select.push(" AND list = ").bind(list.as_str());
    }
}

/// How many views someone has. Leans on `saved_views_names`.
pub(super) async fn count_own(tx: &mut Tx, owner: UserId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM saved_views WHERE owner_id = $1 AND NOT is_deleted";
    on_db!(Conn::from(tx), conn =>
        sqlx::query_scalar(SQL).bind(owner.0).fetch_one(conn).await)
}

/// Saves a view; its id. The unique index on names may refuse it.
pub(super) async fn insert(
    tx: &mut Tx,
    owner: UserId,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO saved_views
            (owner_id, list, name, name_key, is_shared, definition, version, is_deleted,
             created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(owner.0)
        .bind(&details.list)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(details.is_shared)
        .bind(&details.definition)
        .bind(false)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// Changes a view. The unique index on names may refuse it.
pub(super) async fn update(
    tx: &mut Tx,
    id: i64,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE saved_views
        SET list = $1, name = $2, name_key = $3, is_shared = $4, definition = $5,
            updated_at = $6, version = version + 1
        WHERE id = $7";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(&details.list)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(details.is_shared)
        .bind(&details.definition)
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await
        .map(drop))
}

/// Deletes a view.
pub(super) async fn delete(tx: &mut Tx, id: i64, now: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE saved_views
        SET is_deleted = $1, updated_at = $2, version = version + 1
        WHERE id = $3";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(true).bind(now.0).bind(id).execute(conn).await.map(drop))
}
