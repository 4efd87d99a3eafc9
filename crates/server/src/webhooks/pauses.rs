//! When a webhook is told nothing any more: its receiver is gone, nothing arrives for days, or more
//! waits for it than is kept. That it is paused is an event, and on record.

use serde_json::json;
use stockroom_domain::Timestamp;

use super::verdict::{self, Attempt};
use super::webhook::{PauseReason, Webhook};
use super::{deliveries_sql, sql};
use crate::App;
use crate::audit::Origin;
use crate::db::{Conn, Tx};
use crate::error::{ApiError, ApiResult};
use crate::events::{self, Event, Fact};
use crate::http::resource::Resource as _;

/// Deliveries that may wait for one webhook.
pub const WAITING_MAX: i64 = 100_000;
/// How long one that was taken up again has to catch up.
const CATCH_UP_S: i64 = 3_600;

/// Notes that nothing arrives for a webhook, and pauses it if that is so for long. What was
/// answered where it led before says nothing of where it leads now.
pub(super) async fn note_failure(
    mut tx: Tx,
    (webhook, url): (i64, &str),
    attempt: &Attempt,
    now: Timestamp,
) -> ApiResult<()> {
    let before = sql::lock(&mut tx, webhook).await?;
    let Some(before) = before.filter(|before| before.details.url == url) else {
        return Ok(tx.commit().await?);
    };
    let since = before.failing_since.unwrap_or(now.0);
    if before.failing_since.is_none() {
        sql::set_failing(&mut tx, webhook, since).await?;
    }
    match verdict::pause(attempt, since, now) {
        Some(reason) => pause(tx, before, reason, now).await,
        None => Ok(tx.commit().await?),
    }
}

/// Pauses the webhooks for which more than [`WAITING_MAX`] deliveries wait.
///
/// # Errors
/// The database's.
pub async fn pause_those_behind(app: &App) -> ApiResult<()> {
    let now = app.clock.now();
    let since = now.plus_seconds(-CATCH_UP_S);
    let mut reader = app.db.read().await?;
    let max = WAITING_MAX;
    let behind = deliveries_sql::webhooks_behind(Conn::from(&mut reader), since, max).await?;
    drop(reader);
    for webhook in behind {
        let mut tx = app.db.begin().await?;
        match sql::lock(&mut tx, webhook).await? {
            Some(before) => pause(tx, before, PauseReason::Behind, now).await?,
            None => tx.rollback().await?,
        }
    }
    Ok(())
}

/// Pauses a webhook, if it is not by now, and commits.
async fn pause(mut tx: Tx, before: Webhook, reason: PauseReason, now: Timestamp) -> ApiResult<()> {
    if before.is_deleted || before.pause_reason.is_some() {
        return Ok(tx.commit().await?);
    }
    let webhook = before.id;
    sql::pause(&mut tx, webhook, reason, now).await?;
    let after = Webhook::find(Conn::from(&mut tx), webhook).await?;
    let after = after.ok_or_else(|| ApiError::not_found("webhook", webhook))?;
    tracing::warn!(webhook, reason = reason.name(), "a webhook is paused");
    let data = json!({ "version": after.version, "reason": reason.name() });
    let fact = Fact::new(Event::new("webhook.paused", "webhook", webhook, &data));
    let fact = fact.before(&before.view()).after(&after.view());
    let (event, entry) = fact.told_and_recorded(Origin::system("webhooks"));
    events::append(tx, now, &[event], &[entry]).await?;
    Ok(())
}
