//! Orders that wait for longer than they should, whatever has become of their events: found without
//! any message, and parked as a message is when they fail again and again.

use stockroom_domain::OrderId;

use super::{Notice, dead_letters};
use crate::App;
use crate::error::ApiResult;
use crate::orders::worker::{self, Stuck, TakeError};

/// The queue whose work it is.
const QUEUE: &str = "orders";

/// Takes the goods of orders that are stuck; of how many. Those among the dead letters wait for
/// people.
///
/// # Errors
/// The database's.
pub async fn take_stuck(app: &App) -> ApiResult<u64> {
    let stuck = worker::stuck(app).await?;
    let ids: Vec<OrderId> = stuck.iter().map(|stuck| stuck.order).collect();
    let mut taken = 0;
    for (stuck, outcome) in stuck.iter().zip(worker::take_all(app, &ids).await) {
        match outcome {
            Ok(()) => taken += 1,
            Err(error) => {
                tracing::warn!(%error, order = stuck.order.0, "an order is stuck");
                if !matches!(error, TakeError::NotNow(_)) {
                    failed(app, *stuck, &error).await?;
                }
            }
        }
    }
    Ok(taken)
}

/// Counts a failure, and parks the order after the last.
async fn failed(app: &App, stuck: Stuck, error: &TakeError) -> ApiResult<()> {
    let Some(tries) = worker::tried(app, stuck.order).await? else { return Ok(()) };
    let tries = u32::try_from(tries).unwrap_or(u32::MAX);
    if tries < app.config.worker_tries_max {
        return Ok(());
    }
    app.workers.handled(QUEUE, "parked");
    dead_letters::park(app, QUEUE, &notice(stuck), tries, &error.to_string()).await
}

/// What stands for the event that was lost: the order's number, below zero.
fn notice(stuck: Stuck) -> Notice {
    Notice {
        event_id: -stuck.order.0,
        kind: "order.stuck".to_owned(),
        store_id: stuck.store.map(|store| store.0),
        subject_kind: "order".to_owned(),
        subject_id: stuck.order.0,
    }
}
