//! From the event log to deliveries: for each event one for each webhook that asks for it.

use std::sync::Arc;

use serde::Serialize;
use stockroom_domain::{StoreId, Timestamp};

use super::webhook::Webhook;
use super::{deliveries_sql, sql};
use crate::App;
use crate::clock::Rfc3339;
use crate::db::{Conn, Tx};
use crate::error::{ApiError, ApiResult};
use crate::event_log::http::EventView;
use crate::event_log::visibility::{is_personal, store_of};
use crate::events::Logged;
use crate::events::tail::Heard;

/// The type of an event that was made up to try a webhook.
pub(super) const TEST: &str = "webhook.test";

/// Deliveries that are written in one transaction.
const DELIVERIES_MAX: usize = 500;

/// A delivery to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    pub(super) webhook_id: i64,
    pub(super) event_id: Option<i64>,
    pub(super) event_type: String,
    pub(super) message_id: String,
    pub(super) payload: Arc<str>,
}

/// The body of a delivery.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: Rfc3339,
    data: EventView,
}

/// The body that tells of an event.
pub(super) fn payload(event: &Logged) -> ApiResult<String> {
    let timestamp = Rfc3339(Timestamp(event.occurred_at));
    let payload = Payload { kind: &event.kind, timestamp, data: EventView::from(event) };
    serde_json::to_string(&payload).map_err(ApiError::internal)
}

/// What an event is called for a webhook, in each attempt. With its time, for a shop that was set
/// back to a backup gives the same numbers to other events.
fn message_id(webhook: i64, event: &Logged) -> String {
    format!("msg_{webhook}_{}_{:x}", event.id, event.occurred_at)
}

impl Webhook {
    /// Whether it is told of an event.
    fn asks_for(&self, event: &Logged) -> bool {
        let stores = &self.details.store_ids;
        let is_its_store = stores.is_empty()
            || store_of(event).is_some_and(|StoreId(store)| stores.contains(&store));
        event.id > self.after_event_id
            && !is_personal(event)
            && is_its_store
            && self.asks_for_type(&event.kind)
    }
}

/// Which deliveries events come to.
fn plan(webhooks: &[Webhook], events: &[Arc<Heard>]) -> ApiResult<Vec<NewDelivery>> {
    let mut new = Vec::new();
    for event in events {
        let mut asking = webhooks.iter().filter(|webhook| webhook.asks_for(event)).peekable();
        if asking.peek().is_none() {
            continue;
        }
        let payload: Arc<str> = payload(event)?.into();
        new.extend(asking.map(|webhook| NewDelivery {
            webhook_id: webhook.id,
            event_id: Some(event.id),
            event_type: event.kind.clone(),
            message_id: message_id(webhook.id, event),
            payload: Arc::clone(&payload),
        }));
    }
    Ok(new)
}

/// The deliveries that events come to, in pieces that are written in a transaction each.
///
/// # Errors
/// The database's.
pub async fn look(app: &App, events: &[Arc<Heard>]) -> ApiResult<Vec<Vec<NewDelivery>>> {
    let webhooks = sql::active(Conn::from(&mut app.db.read().await?)).await?;
    let new = plan(&webhooks, events)?;
    Ok(new.chunks(DELIVERIES_MAX).map(<[_]>::to_vec).collect())
}

/// Writes them down, but those that there are already.
///
/// # Errors
/// The database's.
pub async fn act(app: &App, tx: &mut Tx, new: &[NewDelivery]) -> ApiResult<()> {
    Ok(deliveries_sql::insert_many(tx, new, app.clock.now()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::webhook::Details;

    #[test]
    fn what_is_in_an_inbox_is_told_to_no_webhook() {
        let details = Details {
            name: String::new(),
            url: String::new(),
            event_types: Vec::new(),
            store_ids: Vec::new(),
            is_active: true,
        };
        let webhook = Webhook {
            id: 1,
            details,
            pause_reason: None,
            after_event_id: 0,
            failing_since: None,
            is_deleted: false,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let told = |kind: &str| {
            let event = Logged {
                id: 1,
                kind: kind.to_owned(),
                store_id: None,
                subject_kind: "user".to_owned(),
                subject_id: 7,
                occurred_at: 0,
                data: "{}".to_owned(),
            };
            let events = [Arc::new(Heard::from(event))];
            plan(std::slice::from_ref(&webhook), &events).expect("a plan").len()
        };
        assert_eq!((told("user.updated"), told("notification.created")), (1, 0));
    }
}
