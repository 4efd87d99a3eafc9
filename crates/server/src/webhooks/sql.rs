//! SQL of webhooks and their secrets.

use std::collections::HashSet;

use stockroom_domain::Timestamp;

use super::webhook::{Details, PauseReason, Webhook, WebhookFilter};
use crate::db::{Conn, Select, Tx};
use crate::events;

struct WebhookRow {
    id: i64,
    name: String,
    url: String,
    event_types: String,
    store_ids: String,
    pause_reason: Option<String>,
    after_event_id: i64,
    failing_since: Option<i64>,
    is_deleted: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}
crate::from_row!(WebhookRow {
    id,
    name,
    url,
    event_types,
    store_ids,
    pause_reason,
    after_event_id,
    failing_since,
    is_deleted,
    version,
    created_at,
    updated_at,
});

/// What a [`WebhookRow`] is read from.
macro_rules! select_webhooks {
    ($rest:literal) => {
        concat!(
            "SELECT w.id, w.name, w.url, w.event_types, w.store_ids, w.pause_reason,
                    w.after_event_id, w.failing_since, w.is_deleted, w.version, w.created_at,
                    w.updated_at
             FROM webhooks w ",
            $rest
        )
    };
}

impl From<WebhookRow> for Webhook {
    fn from(row: WebhookRow) -> Self {
        Self {
            id: row.id,
            details: Details {
                name: row.name,
                url: row.url,
                event_types: serde_json::from_str(&row.event_types).unwrap_or_default(),
                store_ids: serde_json::from_str(&row.store_ids).unwrap_or_default(),
                is_active: row.pause_reason.is_none(),
            },
            pause_reason: row.pause_reason.as_deref().and_then(PauseReason::from_name),
            after_event_id: row.after_event_id,
            failing_since: row.failing_since,
            is_deleted: row.is_deleted,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// One webhook. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Webhook>> {
    const SQL: &str = select_webhooks!("WHERE w.id = $1");
    let row: Option<WebhookRow> = on_db!(db, conn => {
        sqlx::query_as(SQL).bind(id).fetch_optional(conn).await
    })?;
    Ok(row.map(Webhook::from))
}

/// As [`find`], and keeps other changes of it waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Webhook>> {
    let row: Option<WebhookRow> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = select_webhooks!("WHERE w.id = $1 FOR NO KEY UPDATE");
            sqlx::query_as(SQL).bind(id).fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(_) => return find(Conn::from(tx), id).await,
    };
    Ok(row.map(Webhook::from))
}

/// Those that are told of events now. There are few.
pub(super) async fn active(db: Conn<'_>) -> sqlx::Result<Vec<Webhook>> {
    const SQL: &str =
        select_webhooks!("WHERE NOT w.is_deleted AND w.pause_reason IS NULL ORDER BY w.id");
    let rows: Vec<WebhookRow> = on_db!(db, conn => sqlx::query_as(SQL).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(Webhook::from).collect())
}

/// How many there are, counted no further than `max`.
pub(super) async fn count(tx: &mut Tx, max: i64) -> sqlx::Result<i64> {
    let all = Select::new("SELECT 1 FROM webhooks w WHERE NOT w.is_deleted");
    all.count(Conn::from(tx), max).await
}

/// Which of these stores there are.
pub(super) async fn existing_stores(db: Conn<'_>, ids: &[i64]) -> sqlx::Result<HashSet<i64>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let mut select = Select::new("SELECT id FROM stores WHERE NOT is_deleted");
    select.any_of(" AND id", ids.iter().copied());
    let rows: Vec<(i64,)> = select.fetch_all(db).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Writes a new webhook, which is told of what comes from now on; its number.
pub(super) async fn insert(tx: &mut Tx, details: &Details, now: Timestamp) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO webhooks
            (name, url, event_types, store_ids, pause_reason, after_event_id, created_at,
             updated_at, is_deleted, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE, 1)
        RETURNING id";
    let (head, _) = events::head(&mut *tx).await?;
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(&details.name)
        .bind(&details.url)
        .bind(json(&details.event_types))
        .bind(json(&details.store_ids))
        .bind(by_hand(details))
        .bind(head.0)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// Replaces what people decide about a webhook. One that is taken up again, or leads elsewhere,
/// has not failed yet; and what happened meanwhile is not told.
pub(super) async fn update(
    tx: &mut Tx,
    stored: &Webhook,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE webhooks
        SET name = $1, url = $2, event_types = $3, store_ids = $4, pause_reason = $5,
            after_event_id = $6, failing_since = $7, updated_at = $8, version = version + 1
        WHERE id = $9";
    let was = &stored.details;
    let is_taken_up = details.is_active && !was.is_active;
    let after = match is_taken_up {
        true => events::head(&mut *tx).await?.0.0,
        false => stored.after_event_id,
    };
    let is_new = is_taken_up || details.url != was.url;
    let reason = match details.is_active == was.is_active {
        true => stored.pause_reason.map(PauseReason::name),
        false => by_hand(details),
    };
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(&details.name)
        .bind(&details.url)
        .bind(json(&details.event_types))
        .bind(json(&details.store_ids))
        .bind(reason)
        .bind(after)
        .bind(stored.failing_since.filter(|_| !is_new))
        .bind(now.0)
        .bind(stored.id)
        .execute(conn)
        .await
        .map(drop))
}

fn json<T: serde::Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).unwrap_or_else(|_| "[]".to_owned())
}

fn by_hand(details: &Details) -> Option<&'static str> {
    (!details.is_active).then(|| PauseReason::ByHand.name())
}

/// Pauses a webhook.
pub(super) async fn pause(
    tx: &mut Tx,
    id: i64,
    reason: PauseReason,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE webhooks
        SET pause_reason = $1, updated_at = $2, version = version + 1
        WHERE id = $3";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(reason.name())
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await
        .map(drop))
}

/// Notes since when everything has failed.
pub(super) async fn set_failing(tx: &mut Tx, id: i64, since: i64) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE webhooks SET failing_since = $1 WHERE id = $2";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(since)
        .bind(id)
        .execute(conn)
        .await
        .map(drop))
}

/// Notes that an attempt went well, where that is news and it still leads there.
pub(super) async fn clear_failing(tx: &mut Tx, id: i64, url: &str) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE webhooks SET failing_since = NULL
        WHERE id = $1 AND url = $2 AND failing_since IS NOT NULL";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(id).bind(url).execute(conn).await.map(drop)
    })
}

/// Hides a webhook, and removes what it signs with.
pub(super) async fn delete(tx: &mut Tx, id: i64, now: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE webhooks
        SET is_deleted = TRUE, updated_at = $1, version = version + 1
        WHERE id = $2";
    const SECRETS: &str = "DELETE FROM webhook_secrets WHERE webhook_id = $1";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(now.0).bind(id).execute(&mut *conn).await?;
        sqlx::query(SECRETS).bind(id).execute(conn).await.map(drop)
    })
}

/// One page of webhooks, newest first, before one.
pub(super) async fn page(
    db: Conn<'_>,
    filter: &WebhookFilter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Webhook>> {
    let mut select = Select::new(select_webhooks!("WHERE TRUE"));
    push_filter(&mut select, filter);
    if let Some(before) = before {
        select.push(" AND w.id < ").bind(before);
    }
    select.push(" ORDER BY w.id DESC").limit(limit);
    let rows: Vec<WebhookRow> = select.fetch_all(db).await?;
    Ok(rows.into_iter().map(Webhook::from).collect())
}

/// All webhooks that are asked for, to be counted.
pub(super) fn all(filter: &WebhookFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM webhooks w WHERE TRUE");
    push_filter(&mut select, filter);
    select
}

fn push_filter(select: &mut Select, filter: &WebhookFilter) {
    if !filter.include_deleted {
        select.push(" AND NOT w.is_deleted");
    }
}

/// Makes a secret the one to sign with. The one before signs until then as well, and any from
/// before that no more.
pub(super) async fn set_secret(
    tx: &mut Tx,
    webhook: i64,
    sealed: &str,
    (now, old_until): (Timestamp, Timestamp),
) -> sqlx::Result<()> {
    const END: &str =
        "DELETE FROM webhook_secrets WHERE webhook_id = $1 AND signs_until IS NOT NULL";
    const RETIRE: &str = "UPDATE webhook_secrets SET signs_until = $1 WHERE webhook_id = $2";
    const INSERT: &str = "INSERT INTO webhook_secrets (webhook_id, secret, signs_until, created_at)
        VALUES ($1, $2, NULL, $3)";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(END).bind(webhook).execute(&mut *conn).await?;
        sqlx::query(RETIRE).bind(old_until.0).bind(webhook).execute(&mut *conn).await?;
        let insert = sqlx::query(INSERT).bind(webhook).bind(sealed).bind(now.0);
        insert.execute(conn).await.map(drop)
    })
}

/// What a webhook signs with now, the newest first, as it is stored. Leans on
/// `webhook_secrets_of_webhook`.
pub(super) async fn secrets(
    db: Conn<'_>,
    webhook: i64,
    now: Timestamp,
) -> sqlx::Result<Vec<String>> {
    const SQL: &str = "SELECT secret FROM webhook_secrets
        WHERE webhook_id = $1 AND (signs_until IS NULL OR signs_until > $2)
        ORDER BY id DESC";
    on_db!(db, conn => {
        sqlx::query_scalar(SQL).bind(webhook).bind(now.0).fetch_all(conn).await
    })
}
