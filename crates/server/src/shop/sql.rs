//! SQL of the shop's settings.

use std::collections::HashMap;

use crate::db::{Conn, Tx};

/// All settings by their names.
pub(super) async fn all(db: Conn<'_>) -> sqlx::Result<HashMap<String, String>> {
    const SQL: &str = "SELECT name, value FROM settings";
    let rows: Vec<(String, String)> =
        on_db!(db, conn => sqlx::query_as(SQL).fetch_all(conn).await)?;
    Ok(rows.into_iter().collect())
}

/// Keeps other changes of the settings waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx) -> sqlx::Result<()> {
    if let Tx::Postgres(tx) = tx {
        const SQL: &str = "SELECT pg_advisory_xact_lock(hashtext('stockroom settings'))";
        sqlx::query(SQL).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Writes settings, whatever they were.
pub(super) async fn set(tx: &mut Tx, rows: &[(&'static str, String)]) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    on_db!(Conn::from(tx), conn => {
        for (name, value) in rows {
            sqlx::query(SQL).bind(*name).bind(value).execute(&mut *conn).await?;
        }
    });
    Ok(())
}

/// Whether any goods have ever moved.
pub(super) async fn has_movements(tx: &mut Tx) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT store_id FROM stock_levels WHERE version > 0 LIMIT 1";
    let found: Option<i64> =
        on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL).fetch_optional(conn).await)?;
    Ok(found.is_some())
}
