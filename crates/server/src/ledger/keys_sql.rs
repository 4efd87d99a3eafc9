//! Reading idempotency keys. They are written with their effects, in [`super::write_sql`].

use std::collections::HashMap;

use super::sql::to_json;
use crate::db::Conn;

/// A committed effect: the fingerprint of its request, and what was recorded of its answer.
#[derive(Clone, Debug)]
pub(super) struct StoredEffect {
    pub(super) fingerprint: i64,
    pub(super) answer: String,
}

/// The committed effects among `keys`.
pub(super) async fn known_keys(
    db: Conn<'_>,
    keys: &[&str],
) -> sqlx::Result<HashMap<String, StoredEffect>> {
    let rows: Vec<(String, i64, String)> = match db {
        Conn::Postgres(conn) => {
            const SQL: &str = "
                SELECT key, fingerprint, answer FROM idempotency_keys WHERE key = ANY($1)";
            sqlx::query_as(SQL).bind(keys).fetch_all(conn).await?
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "
                SELECT key, fingerprint, answer FROM idempotency_keys
                WHERE key IN (SELECT value FROM jsonb_each($1))";
            sqlx::query_as(SQL).bind(to_json(&keys)).fetch_all(conn).await?
        }
    };
    let known = rows
        .into_iter()
        .map(|(key, fingerprint, answer)| (key, StoredEffect { fingerprint, answer }));
    Ok(known.collect())
}
