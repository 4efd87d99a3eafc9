//! SQL of the idempotency keys, whose rows are written with their effects.

use std::collections::{HashMap, HashSet};

use stockroom_domain::Timestamp;

use super::sql::to_json;
use crate::db::{Conn, Tx};

/// An effect under its key, with what its caller is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewKey<'a> {
    pub(super) key: &'a str,
    pub(super) fingerprint: i64,
    pub(super) answer: &'a str,
}

/// Claims the keys, given sorted. Returns those that were free: a key that does not come
/// back belongs to an effect that is committed.
pub(super) async fn claim_keys(
    tx: &mut Tx,
    keys: &[NewKey<'_>],
    status: i64,
    now: Timestamp,
) -> sqlx::Result<HashSet<String>> {
    let claimed: Vec<String> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "
                INSERT INTO idempotency_keys (key, fingerprint, answer, status, created_at)
                SELECT k.*, $4, $5 FROM UNNEST($1::TEXT[], $2::BIGINT[], $3::TEXT[]) AS k
                ON CONFLICT DO NOTHING
                RETURNING key";
            sqlx::query_scalar(SQL)
                .bind(keys.iter().map(|k| k.key).collect::<Vec<_>>())
                .bind(keys.iter().map(|k| k.fingerprint).collect::<Vec<_>>())
                .bind(keys.iter().map(|k| k.answer).collect::<Vec<_>>())
                .bind(status)
                .bind(now.0)
                .fetch_all(&mut **tx)
                .await?
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "
                INSERT INTO idempotency_keys (key, fingerprint, answer, status, created_at)
                SELECT value ->> 0, value ->> 1, value ->> 2, $2, $3 FROM json_each($1)
                WHERE TRUE
                ON CONFLICT DO NOTHING
                RETURNING key";
            let rows: Vec<_> = keys.iter().map(|k| (k.key, k.fingerprint, k.answer)).collect();
            sqlx::query_scalar(SQL)
                .bind(to_json(&rows))
                .bind(status)
                .bind(now.0)
                .fetch_all(&mut **tx)
                .await?
        }
    };
    Ok(claimed.into_iter().collect())
}

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
                WHERE key IN (SELECT value FROM json_each($1))";
            sqlx::query_as(SQL).bind(to_json(&keys)).fetch_all(conn).await?
        }
    };
    let known = rows
        .into_iter()
        .map(|(key, fingerprint, answer)| (key, StoredEffect { fingerprint, answer }));
    Ok(known.collect())
}
