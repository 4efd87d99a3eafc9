//! Those who wait for an order to be confirmed or turned down.
//!
//! The worker of this process wakes them. A worker of another one cannot, so they also look
//! again now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stockroom_domain::OrderId;
use tokio::sync::Notify;

use super::sql;
use crate::App;
use crate::clock;
use crate::db::Conn;
use crate::error::ApiResult;
use crate::ledger::document::Channel;

/// How often they look again.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Who waits for which order.
#[derive(Debug, Default)]
pub struct Settlements(Mutex<HashMap<OrderId, Arc<Notify>>>);

impl Settlements {
    /// Waits until an order is not pending any more, at most so long; whether it is not.
    ///
    /// # Errors
    /// The database's.
    pub async fn wait(&self, app: &App, id: OrderId, max: Duration) -> ApiResult<bool> {
        let begun = clock::monotonic();
        let notify = Arc::clone(self.waiting().entry(id).or_default());
        let outcome = loop {
            // Registered before the order is looked at: whoever settles it from here on is heard.
            let woken = notify.notified();
            match is_settled(app, id).await {
                Ok(false) => {}
                outcome => break outcome,
            }
            let Some(left) = max.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) else {
                break Ok(false);
            };
            // A time-out: they look all the same.
            let _ = tokio::time::timeout(left.min(LOOK_EVERY), woken).await;
        };
        drop(notify);
        let mut waiting = self.waiting();
        if waiting.get(&id).is_some_and(|notify| Arc::strong_count(notify) == 1) {
            waiting.remove(&id);
        }
        outcome
    }

    /// An order was settled.
    pub fn settled(&self, id: OrderId) {
        if let Some(notify) = self.waiting().get(&id) {
            notify.notify_waiters();
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<OrderId, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn is_settled(app: &App, id: OrderId) -> ApiResult<bool> {
    let heads = sql::heads(Conn::from(&mut app.db.read().await?), &[id]).await?;
    Ok(heads.iter().any(|head| head.status != Channel::Order.first_status().name()))
}
