//! Deliveries over HTTP: what was sent to a webhook, how that went, and once more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use stockroom_domain::Timestamp;

use super::deliveries_sql::{self as sql, DeliveryRow};
use super::fanout::{self, NewDelivery, TEST};
use super::verdict::Attempt;
use super::webhook::Webhook;
use crate::App;
use crate::auth::{Can, Operate};
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult};
use crate::events::{Event, Fact, Logged};
use crate::http::csv::or_empty;
use crate::http::resource::Resource as _;
use crate::http::{
    Answer, Asked, Created, List, ListAnswer, Once, Page, PathId, Segments, Success, Total,
    WireTime, Write, begin_write, uuid_v7,
};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "WebhookDeliveryState")]
pub enum DeliveryState {
    /// It is to be sent, or sent again.
    Pending,
    /// It has arrived.
    Delivered,
    /// It was tried often enough, or is not wanted.
    Failed,
}

impl DeliveryState {
    /// As it is stored and answered.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// An event that is, was or will be sent to a webhook.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WebhookDelivery")]
pub struct DeliveryView {
    /// Which.
    id: i64,
    /// To which webhook.
    webhook_id: i64,
    /// The event's place in the log; `null` for a test.
    event_id: Option<i64>,
    /// What has happened, as in `order.placed`.
    event_type: String,
    /// The header `webhook-id`: the same in each attempt, and when it is sent once more.
    message_id: String,
    /// `pending`, `delivered` or `failed`.
    state: String,
    /// The delivery that this one repeats.
    replay_of: Option<i64>,
    /// How often it was tried.
    attempt_count: usize,
    /// How each attempt went, the first one first.
    attempts: Vec<Attempt>,
    /// When it is tried next, if it is.
    next_attempt_at: Option<WireTime>,
    /// What the last attempt was answered.
    http_status: Option<u16>,
    /// How long the last attempt took, in milliseconds.
    latency_ms: Option<i64>,
    /// What was wrong with the last attempt.
    error: Option<String>,
    /// The beginning of what it was answered, 4 KiB at most.
    response: Option<String>,
    /// What is sent.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    payload: Box<RawValue>,
    /// When it was written down.
    created_at: WireTime,
    /// When it arrived or was given up.
    finished_at: Option<WireTime>,
}

impl DeliveryRow {
    fn view(self) -> ApiResult<DeliveryView> {
        let attempts: Vec<Attempt> =
            serde_json::from_str(&self.attempts).map_err(ApiError::internal)?;
        let last = attempts.last();
        let next = self.finished_at.is_none().then_some(WireTime(Timestamp(self.next_attempt_at)));
        Ok(DeliveryView {
            id: self.id,
            webhook_id: self.webhook_id,
            event_id: self.event_id,
            event_type: self.event_type,
            message_id: self.message_id,
            state: self.state,
            replay_of: self.replay_of,
            attempt_count: attempts.len(),
            next_attempt_at: next,
            http_status: last.and_then(|last| last.http_status),
            latency_ms: last.map(|last| last.latency_ms),
            error: last.and_then(|last| last.error.clone()),
            attempts,
            response: self.response,
            payload: RawValue::from_string(self.payload).map_err(ApiError::internal)?,
            created_at: WireTime(Timestamp(self.created_at)),
            finished_at: self.finished_at.map(|at| WireTime(Timestamp(at))),
        })
    }
}

/// One delivery.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeliveryAnswer {
    status: Success,
    delivery: DeliveryView,
}

/// One page of deliveries, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeliveryList {
    status: Success,
    deliveries: Vec<DeliveryView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which deliveries.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryFilter {
    /// Only where they stand so.
    pub(super) state: Vec<DeliveryState>,
}

/// The path of one delivery.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct DeliveryPath {
    /// The webhook.
    id: i64,
    /// The delivery.
    delivery_id: i64,
}

/// `GET /api/webhooks/{id}/deliveries`
pub async fn list(
    who: Can<Operate>,
    app: App,
    PathId(webhook): PathId,
    Asked(filter, request): Asked<DeliveryFilter>,
) -> ApiResult<ListAnswer<DeliveryList>> {
    let found = Webhook::find(Conn::from(&mut app.db.read().await?), webhook).await?;
    found.ok_or_else(|| ApiError::not_found("webhook", webhook))?;
    let answer = |page: Page<DeliveryRow>| {
        let deliveries = page.entries.into_iter().map(DeliveryRow::view);
        let deliveries = deliveries.collect::<ApiResult<_>>()?;
        let Page { next_cursor, total, .. } = page;
        Answer::new(&DeliveryList { status: Success::Success, deliveries, next_cursor, total })
    };
    request.answer(&app, &who, Deliveries { webhook, filter }, answer).await
}

/// `GET /api/webhooks/{id}/deliveries/{delivery_id}`
pub async fn get(
    _: Can<Operate>,
    app: App,
    Segments(path): Segments<DeliveryPath>,
) -> ApiResult<Answer<DeliveryAnswer>> {
    let delivery = shown(Conn::from(&mut app.db.read().await?), path).await?;
    Answer::new(&DeliveryAnswer { status: Success::Success, delivery })
}

async fn shown(db: Conn<'_>, path: DeliveryPath) -> ApiResult<DeliveryView> {
    let found = sql::find(db, path.id, path.delivery_id).await?;
    found.ok_or_else(|| ApiError::not_found("delivery", path.delivery_id))?.view()
}

/// `POST /api/webhooks/{id}/test`
pub async fn test(
    who: Can<Operate>,
    app: App,
    PathId(webhook): PathId,
    once: Once,
) -> ApiResult<Created<DeliveryAnswer>> {
    let mut write = begin_write(&app, &who, &once).await?;
    locked(&mut write, webhook).await?;
    let event = Logged {
        id: 0,
        kind: TEST.to_owned(),
        store_id: None,
        subject_kind: "webhook".to_owned(),
        subject_id: webhook,
        occurred_at: write.now.0,
        data: "{}".to_owned(),
    };
    let new = NewDelivery {
        webhook_id: webhook,
        event_id: None,
        event_type: event.kind.clone(),
        message_id: format!("msg_{webhook}_test_{}", uuid_v7(write.now).simple()),
        payload: fanout::payload(&event)?.into(),
    };
    let id = sql::insert_test(&mut write.tx, &new, write.now).await?;
    let data = json!({ "delivery_id": id });
    finish(&app, write, ("webhook.tested", &data), DeliveryPath { id: webhook, delivery_id: id })
        .await
}

/// `POST /api/webhooks/{id}/deliveries/{delivery_id}/replay`
pub async fn replay(
    who: Can<Operate>,
    app: App,
    Segments(path): Segments<DeliveryPath>,
    once: Once,
) -> ApiResult<Created<DeliveryAnswer>> {
    let mut write = begin_write(&app, &who, &once).await?;
    locked(&mut write, path.id).await?;
    shown(Conn::from(&mut write.tx), path).await?;
    let id = sql::insert_again(&mut write.tx, path.delivery_id, write.now).await?;
    let data = json!({ "delivery_id": id, "replay_of": path.delivery_id });
    finish(&app, write, ("webhook.replayed", &data), DeliveryPath { delivery_id: id, ..path }).await
}

/// A webhook for which a delivery is made by hand.
async fn locked(write: &mut Write, webhook: i64) -> ApiResult<()> {
    let found = Webhook::lock(&mut write.tx, webhook).await?;
    found.ok_or_else(|| ApiError::not_found("webhook", webhook))?.require_active()
}

/// Answers with the new delivery, which is sent at once.
async fn finish(
    app: &App,
    mut write: Write,
    (kind, data): (&'static str, &serde_json::Value),
    path: DeliveryPath,
) -> ApiResult<Created<DeliveryAnswer>> {
    let delivery = shown(Conn::from(&mut write.tx), path).await?;
    let answer = DeliveryAnswer { status: Success::Success, delivery };
    let fact = Fact::new(Event::new(kind, "webhook", path.id, data)).after(data);
    let answer = write.commit(&answer, [fact]).await?;
    app.webhooks.tell();
    let DeliveryPath { id, delivery_id } = path;
    Ok(answer.with_location(&format!("/api/webhooks/{id}/deliveries/{delivery_id}")))
}

/// The deliveries of a webhook.
struct Deliveries {
    webhook: i64,
    filter: DeliveryFilter,
}

impl List for Deliveries {
    type Entry = DeliveryRow;
    type Position = i64;

    const NAME: &'static str = "webhook_deliveries";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<DeliveryRow>> {
        Ok(sql::page(db, self.webhook, &self.filter, after, limit).await?)
    }

    fn position(&self, row: &DeliveryRow) -> i64 {
        row.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self.webhook, &self.filter)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "event_id",
            "event_type",
            "message_id",
            "state",
            "replay_of",
            "attempt_count",
            "next_attempt_at",
            "http_status",
            "latency_ms",
            "error",
            "payload",
            "created_at",
            "finished_at",
        ]
    }

    fn cells(&self, row: DeliveryRow) -> Vec<String> {
        let id = row.id;
        // What was stored can be read; else the row still tells which one it is.
        let Ok(view) = row.view() else {
            let mut cells = vec![String::new(); self.columns().len()];
            cells[0] = id.to_string();
            return cells;
        };
        vec![
            view.id.to_string(),
            or_empty(view.event_id),
            view.event_type,
            view.message_id,
            view.state,
            or_empty(view.replay_of),
            view.attempt_count.to_string(),
            or_empty(view.next_attempt_at),
            or_empty(view.http_status),
            or_empty(view.latency_ms),
            or_empty(view.error),
            view.payload.get().to_owned(),
            view.created_at.to_string(),
            or_empty(view.finished_at),
        ]
    }
}
