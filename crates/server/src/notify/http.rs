//! `GET /api/notifications`: everyone's own inbox.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use stockroom_domain::Timestamp;

use super::rules::Topic;
use super::sql::{self, Mine, NotificationRow};
use super::text;
use crate::App;
use crate::auth::Person;
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult};
use crate::http::csv::or_empty;
use crate::http::{
    Answer, Asked, Body, List, ListAnswer, Once, Page, PathId, Success, Total, WireTime,
    begin_write,
};

/// What a notification is about.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotificationSubject {
    /// What kind of thing: `order`, `alert` …
    kind: String,
    /// Which one.
    id: i64,
}

/// Something that one is told of.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Notification")]
pub struct NotificationView {
    /// Which.
    id: i64,
    /// `orders`, `alerts`, `accounts`, `prices`, `overrides` or `system`.
    topic: String,
    /// What has happened, as events name it.
    #[serde(rename = "type")]
    kind: String,
    /// The same in a line.
    title: String,
    /// In which store, if in one.
    store_id: Option<i64>,
    /// To what.
    subject: NotificationSubject,
    /// What is noted down of it.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    data: Box<RawValue>,
    /// The event.
    event_id: i64,
    /// When it happened.
    created_at: WireTime,
    /// When one has read it.
    read_at: Option<WireTime>,
}

/// One notification.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotificationAnswer {
    status: Success,
    notification: NotificationView,
}

/// Notifications, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotificationList {
    status: Success,
    notifications: Vec<NotificationView>,
    /// How many one has not read, of all topics.
    unread: Total,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which notifications.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NotificationFilter {
    /// Only of these topics.
    topic: Vec<Topic>,
    /// Only those that one has not read.
    unread: bool,
}

/// What one has read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({ "up_to": 1 }))]
pub struct ReadAllRequest {
    /// The last one that was seen: those that came later stay unread. All, unless stated.
    up_to: Option<i64>,
}

/// What was not read before.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReadAllAnswer {
    status: Success,
    /// How many.
    read: u64,
}

impl NotificationRow {
    fn view(self) -> NotificationView {
        let data = serde_json::from_str(&self.data).unwrap_or_default();
        NotificationView {
            id: self.id,
            topic: self.topic,
            title: text::title(&self.kind, &data),
            kind: self.kind,
            store_id: self.store_id,
            subject: NotificationSubject { kind: self.subject_kind, id: self.subject_id },
            data: RawValue::from_string(self.data).unwrap_or_default(),
            event_id: self.event_id,
            created_at: WireTime(Timestamp(self.created_at)),
            read_at: self.read_at.map(|at| WireTime(Timestamp(at))),
        }
    }
}

/// `GET /api/notifications`
pub async fn list(
    who: Person,
    app: App,
    Asked(filter, request): Asked<NotificationFilter>,
) -> ApiResult<ListAnswer<NotificationList>> {
    let of_all = Mine::of(&who);
    let unread = Mine { is_unread: true, ..of_all.clone() };
    let unread = Total::of(sql::all(&unread), Conn::from(&mut app.db.read().await?)).await?;
    let mine = Mine { topics: filter.topic, is_unread: filter.unread, ..of_all };
    let answer = |page: Page<NotificationRow>| {
        let Page { entries, next_cursor, total } = page;
        let notifications = entries.into_iter().map(NotificationRow::view).collect();
        let status = Success::Success;
        Answer::new(&NotificationList { status, notifications, unread, next_cursor, total })
    };
    request.answer(&app, &who, mine, answer).await
}

/// `POST /api/notifications/{id}/read`
pub async fn read(
    who: Person,
    app: App,
    PathId(id): PathId,
    once: Once,
) -> ApiResult<Answer<NotificationAnswer>> {
    let mine = Mine::of(&who);
    let mut write = begin_write(&app, &who, &once).await?;
    sql::mark_read(&mut write.tx, who.user_id, (id, id), write.now).await?;
    let found = sql::find(Conn::from(&mut write.tx), &mine, id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("notification", id))?;
    let answer = NotificationAnswer { status: Success::Success, notification: found.view() };
    write.commit(&answer, []).await
}

/// `POST /api/notifications/read-all`
pub async fn read_all(
    who: Person,
    app: App,
    once: Once,
    Body(request): Body<ReadAllRequest>,
) -> ApiResult<Answer<ReadAllAnswer>> {
    let last = request.up_to.unwrap_or(i64::MAX);
    let mut write = begin_write(&app, &who, &once).await?;
    let read = sql::mark_read(&mut write.tx, who.user_id, (0, last), write.now).await?;
    write.commit(&ReadAllAnswer { status: Success::Success, read }, []).await
}

impl List for Mine {
    type Entry = NotificationRow;
    type Position = i64;

    const NAME: &'static str = "notifications";

    async fn entries(
        &self,
        db: Conn<'_>,
        before: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<NotificationRow>> {
        Ok(sql::page(db, self, before, limit).await?)
    }

    fn position(&self, row: &NotificationRow) -> i64 {
        row.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "topic",
            "type",
            "title",
            "store_id",
            "subject_kind",
            "subject_id",
            "event_id",
            "created_at",
            "read_at",
        ]
    }

    fn cells(&self, row: NotificationRow) -> Vec<String> {
        let view = row.view();
        vec![
            view.id.to_string(),
            view.topic,
            view.kind,
            view.title,
            or_empty(view.store_id),
            view.subject.kind,
            view.subject.id.to_string(),
            view.event_id.to_string(),
            view.created_at.to_string(),
            or_empty(view.read_at),
        ]
    }
}
