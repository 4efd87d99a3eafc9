//! SQL of users: adding them, and their roles.

use stockroom_domain::{Timestamp, UserId};

use super::principal::Grant;
use super::users::key;
use crate::db::{Conn, Tx};
use crate::http::text;

/// A user to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewUserRow<'a> {
    /// As it is shown; unique in the form in which it is compared.
    pub username: &'a str,
    /// For people.
    pub name: &'a str,
    /// A PHC string; a program has none that any password fits.
    pub password_hash: &'a str,
    /// Disabled users cannot sign in.
    pub is_disabled: bool,
    /// It is no person.
    pub is_program: bool,
}

/// Whether anyone can sign in at all.
pub async fn has_users(conn: impl Into<Conn<'_>>) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM users LIMIT 1";
    let user: Option<i64> =
        on_db!(conn.into(), conn => sqlx::query_scalar(SQL).fetch_optional(conn).await)?;
    Ok(user.is_some())
}

/// Writes a user, or gives `None` where the name is taken.
pub async fn insert_user(
    tx: &mut Tx,
    new: &NewUserRow<'_>,
    now: Timestamp,
) -> sqlx::Result<Option<UserId>> {
    const SQL: &str = "INSERT INTO users
            (username, username_key, name, name_key, password_hash, is_disabled, is_program,
             version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9)
        ON CONFLICT (username_key) DO NOTHING
        RETURNING id";
    let id: Option<i64> = on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(new.username)
        .bind(key(new.username))
        .bind(new.name)
        .bind(text::key(new.name))
        .bind(new.password_hash)
        .bind(new.is_disabled)
        .bind(new.is_program)
        .bind(now.0)
        .bind(now.0)
        .fetch_optional(conn)
        .await)?;
    Ok(id.map(UserId))
}

/// Gives a user these roles beside those that they have.
pub async fn insert_grants(tx: &mut Tx, user: UserId, grants: &[Grant]) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO user_roles (user_id, store_id, role) VALUES ($1, $2, $3)";
    on_db!(Conn::from(tx), conn => {
        for grant in grants {
            let insert = sqlx::query(SQL).bind(user.0).bind(grant.place.store_id());
            insert.bind(grant.role.name()).execute(&mut *conn).await?;
        }
    });
    Ok(())
}
