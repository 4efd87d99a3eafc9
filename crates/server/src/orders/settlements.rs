//! Those who wait for an order to be confirmed or turned down: they hear of it from the event log,
//! whichever process has done it.

use std::time::Duration;

use stockroom_domain::OrderId;

use super::sql;
use crate::App;
use crate::db::Conn;
use crate::error::ApiResult;
use crate::events::{self, Logged};
use crate::ledger::document::Channel;

/// Waits until an order is not pending any more, at most so long; whether it is not.
///
/// # Errors
/// The database's.
pub async fn wait(app: &App, id: OrderId, max: Duration) -> ApiResult<bool> {
    let mut reader = app.db.read().await?;
    // In this order: whatever settles it after it was looked at is behind the head.
    let (head, _) = events::head(&mut reader).await?;
    let found = sql::heads(Conn::from(&mut reader), &[id]).await?;
    drop(reader);
    if found.iter().any(|order| order.status != Channel::Order.first_status().name()) {
        return Ok(true);
    }
    let is_it = |event: &Logged| event.subject_kind == "order" && event.subject_id == id.0;
    let mut follower = app.tail.follow();
    match tokio::time::timeout(max, follower.until(head, is_it)).await {
        Ok(settled) => Ok(settled.map(|()| true)?),
        Err(_) => Ok(false),
    }
}
