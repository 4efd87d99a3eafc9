//! SQL of users: reading, adding and changing them, and their roles.

use std::collections::{HashMap, HashSet};

use stockroom_domain::permissions::Role;
use stockroom_domain::{Timestamp, UserId};

use super::user::User;
use super::users::UserFilter;
use crate::auth::http::RoleName;
use crate::auth::users_sql::insert_grants;
use crate::auth::{Grant, Place, users};
use crate::db::{Conn, Select, Tx};
use crate::http::text;

struct UserRow {
    id: i64,
    username: String,
    username_key: String,
    name: String,
    employee_id: Option<i64>,
    is_disabled: bool,
    is_deleted: bool,
    last_sign_in_at: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}
crate::from_row!(UserRow {
    id,
    username,
    username_key,
    name,
    employee_id,
    is_disabled,
    is_deleted,
    last_sign_in_at,
    version,
    created_at,
    updated_at,
});

/// What a [`UserRow`] is read from. Programs are no users here.
macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.username, u.username_key, u.name, u.employee_id, u.is_disabled,
                    u.is_deleted, u.last_sign_in_at, u.version, u.created_at, u.updated_at
             FROM users u
             WHERE NOT u.is_program ",
            $rest
        )
    };
}

impl UserRow {
    fn with(self, grants: Vec<Grant>) -> User {
        User {
            id: UserId(self.id),
            username: self.username,
            username_key: self.username_key,
            name: self.name,
            is_disabled: self.is_disabled,
            is_deleted: self.is_deleted,
            employee_id: self.employee_id,
            grants,
            last_sign_in_at: self.last_sign_in_at.map(Timestamp),
            version: self.version,
            created_at: Timestamp(self.created_at),
            updated_at: Timestamp(self.updated_at),
        }
    }
}

/// One user. Leans on the primary key.
pub(super) async fn find(mut db: Conn<'_>, id: UserId) -> sqlx::Result<Option<User>> {
    const SQL: &str = select_users!("AND u.id = $1");
    let row: Option<UserRow> = on_db!(db.reborrow(), conn => {
        sqlx::query_as(SQL).bind(id.0).fetch_optional(conn).await
    })?;
    Ok(with_grants(db, row.into_iter().collect()).await?.pop())
}

/// As [`find`], and keeps other changes of the user waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: UserId) -> sqlx::Result<Option<User>> {
    if let Tx::Postgres(tx) = tx {
        const SQL: &str = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE";
        sqlx::query(SQL).bind(id.0).fetch_optional(&mut **tx).await?;
    }
    find(Conn::from(tx), id).await
}

/// Keeps everyone else from changing who is an administrator until the transaction ends: two who
/// take each other's role away at once would leave none.
pub(super) async fn lock_administrators(tx: &mut Tx) -> sqlx::Result<()> {
    if let Tx::Postgres(tx) = tx {
        const SQL: &str = "SELECT user_id FROM user_roles WHERE role = 'admin'
            ORDER BY user_id FOR UPDATE";
        sqlx::query(SQL).fetch_all(&mut **tx).await?;
    }
    Ok(())
}

/// Whether there is an administrator who can sign in.
pub(super) async fn has_administrator(tx: &mut Tx) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT u.id
        FROM users u
        JOIN user_roles r ON r.user_id = u.id
        WHERE r.role = 'admin' AND r.store_id = 0
          AND NOT u.is_disabled AND NOT u.is_deleted AND NOT u.is_program
        LIMIT 1";
    let found: Option<i64> = on_db!(Conn::from(tx), conn =>
        sqlx::query_scalar(SQL).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

async fn with_grants(db: Conn<'_>, rows: Vec<UserRow>) -> sqlx::Result<Vec<User>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut grants = grants_of(db, &ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = grants.remove(&row.id).unwrap_or_default();
            row.with(own)
        })
        .collect())
}

/// The roles of users, each one's by store. Leans on the primary key.
pub(super) async fn grants_of(
    db: Conn<'_>,
    users: &[i64],
) -> sqlx::Result<HashMap<i64, Vec<Grant>>> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select = Select::new("SELECT user_id, store_id, role FROM user_roles WHERE TRUE");
    select.any_of(" AND user_id", users.iter().copied());
    select.push(" ORDER BY user_id, store_id");
    let rows: Vec<(i64, i64, String)> = select.fetch_all(db).await?;
    let mut grants: HashMap<i64, Vec<Grant>> = HashMap::new();
    for (user, store_id, role) in rows {
        if let Some(role) = Role::from_name(&role) {
            let grant = Grant { place: Place::from_store_id(store_id), role };
            grants.entry(user).or_default().push(grant);
        }
    }
    Ok(grants)
}

/// One page of users by username. Leans on the unique index of `username_key`.
pub(super) async fn page(
    mut db: Conn<'_>,
    filter: &UserFilter,
    after: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<User>> {
    let mut select = Select::new(select_users!(""));
    push_filter(&mut select, filter);
    if let Some(after) = after {
        select.push(" AND u.username_key > ").bind(after);
    }
    select.push(" ORDER BY u.username_key").limit(limit);
    let rows: Vec<UserRow> = select.fetch_all(db.reborrow()).await?;
    with_grants(db, rows).await
}

/// All users who are asked for, to be counted.
pub(super) fn all(filter: &UserFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM users u WHERE NOT u.is_program");
    push_filter(&mut select, filter);
    select
}

fn push_filter(select: &mut Select, filter: &UserFilter) {
    if !filter.include_deleted {
        select.push(" AND NOT u.is_deleted");
    }
    if let Some(is_disabled) = filter.is_disabled {
        select.push(if is_disabled { " AND u.is_disabled" } else { " AND NOT u.is_disabled" });
    }
    if let Some(role) = filter.role {
        select.push(" AND EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = u.id AND r.role = ");
        select.bind(RoleName::name(role)).push(")");
    }
    if let Some(store) = filter.store_id {
        select.push(" AND EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = u.id");
        select.push(" AND r.store_id IN (0, ").bind(store).push("))");
    }
    if let Some(q) = &filter.q {
        for word in q.key().split_whitespace() {
            select.contains(&["u.name_key", "u.username_key"], word);
        }
    }
}

/// Changes what a user is called, and whether they may sign in. The name's unique index may
/// refuse it.
pub(super) async fn update(
    tx: &mut Tx,
    id: UserId,
    (username, name, is_disabled): (&str, &str, bool),
    employee_id: Option<i64>,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE users
        SET username = $1, username_key = $2, name = $3, name_key = $4, is_disabled = $5,
            employee_id = $6, updated_at = $7, version = version + 1
        WHERE id = $8";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(username)
        .bind(users::key(username))
        .bind(name)
        .bind(text::key(name))
        .bind(is_disabled)
        .bind(employee_id)
        .bind(now.0)
        .bind(id.0)
        .execute(conn)
        .await
        .map(drop))
}

/// Notes which of those who work here a new user is.
pub(super) async fn set_employee(tx: &mut Tx, id: UserId, employee: i64) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE users SET employee_id = $1 WHERE id = $2";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(employee).bind(id.0).execute(conn).await.map(drop))
}

/// Whether there is such an employee, not deleted. Leans on the primary key.
pub(super) async fn has_employee(tx: &mut Tx, id: i64) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM employees WHERE id = $1 AND NOT is_deleted";
    let found: Option<i64> = on_db!(Conn::from(tx), conn => {
        sqlx::query_scalar(SQL).bind(id).fetch_optional(conn).await
    })?;
    Ok(found.is_some())
}

/// Gives a user these roles and no other.
pub(super) async fn set_grants(tx: &mut Tx, id: UserId, grants: &[Grant]) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM user_roles WHERE user_id = $1";
    on_db!(Conn::from(&mut *tx), conn => {
        sqlx::query(SQL).bind(id.0).execute(conn).await.map(drop)
    })?;
    insert_grants(tx, id, grants).await
}

/// Sets another password.
pub(super) async fn set_password(tx: &mut Tx, id: UserId, hash: &str) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE users SET password_hash = $1 WHERE id = $2";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(hash).bind(id.0).execute(conn).await.map(drop))
}

/// Marks a user as one who has left, and lets go of the username's key, which no name can have.
pub(super) async fn delete(tx: &mut Tx, id: UserId, now: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE users
        SET is_deleted = $1, is_disabled = $2, username_key = $3, updated_at = $4,
            version = version + 1
        WHERE id = $5";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(true)
        .bind(true)
        .bind(format!("deleted:{id}"))
        .bind(now.0)
        .bind(id.0)
        .execute(conn)
        .await
        .map(drop))
}

/// Ends all sign-ins of a user but one; how many. Leans on `sessions_of_user`.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    id: UserId,
    but: Option<i64>,
    now: Timestamp,
) -> sqlx::Result<u64> {
    const SQL: &str = "UPDATE sessions
        SET ended_at = $1, end_reason = 'revoked'
        WHERE user_id = $2 AND ended_at IS NULL AND id <> $3";
    on_db!(Conn::from(tx), conn => {
        let update = sqlx::query(SQL).bind(now.0).bind(id.0).bind(but.unwrap_or(0));
        update.execute(conn).await.map(|done| done.rows_affected())
    })
}

/// Which of these stores exist and are not deleted.
pub(super) async fn existing_stores(db: Conn<'_>, ids: &[i64]) -> sqlx::Result<HashSet<i64>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let mut select = Select::new("SELECT id FROM stores WHERE NOT is_deleted");
    select.any_of(" AND id", ids.iter().copied());
    let rows: Vec<(i64,)> = select.fetch_all(db).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
