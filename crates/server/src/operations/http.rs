//! `GET /api/operations`: what became of requests that were taken on. Everyone sees their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use stockroom_domain::permissions::Permission;
use stockroom_domain::{EventId, StoreId, Timestamp, UserId};

use super::FINISHED;
use super::sql::{self, OperationRow};
use crate::App;
use crate::auth::{Principal, Who};
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult};
use crate::events::{self, Logged};
use crate::http::csv::or_empty;
use crate::http::{
    Answer, Asked, List, ListAnswer, PREFERENCE_APPLIED, Page, PathId, PreferWait, Success, Text,
    Total, WireTime,
};

/// Where a request that was taken on stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// It will be done.
    Queued,
    /// It is done.
    Done,
    /// It was refused.
    Failed,
}

impl OperationState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "done" => Self::Done,
            "failed" => Self::Failed,
            _ => Self::Queued,
        }
    }
}

/// What came of a request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OperationResult {
    /// The HTTP status that the call would have had.
    pub status: i64,
    /// What it would have answered.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub answer: Box<RawValue>,
}

/// A request that was taken on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Operation")]
pub struct OperationView {
    /// Which.
    pub id: i64,
    /// What is done: the operation's id in this document, as in `addStock`.
    pub kind: String,
    /// Where it stands.
    pub state: OperationState,
    /// When it was taken on.
    pub created_at: WireTime,
    /// When it was done or refused.
    pub finished_at: Option<WireTime>,
    /// What came of it. Lists leave it out, and it is withheld from whoever has lost a right that
    /// it takes to see it.
    pub result: Option<OperationResult>,
}

/// One request that was taken on.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OperationAnswer {
    status: Success,
    operation: OperationView,
}

/// Requests that were taken on, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OperationList {
    status: Success,
    operations: Vec<OperationView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OperationFilter {
    /// Only where they stand so.
    pub(super) state: Vec<OperationState>,
    /// Only of these kinds.
    pub(super) kind: Vec<Text<64>>,
}

impl OperationAnswer {
    /// One that was taken on just now.
    pub(super) fn of_new(id: i64, kind: &str, now: Timestamp) -> Self {
        let operation = OperationView {
            id,
            kind: kind.to_owned(),
            state: OperationState::Queued,
            created_at: WireTime(now),
            finished_at: None,
            result: None,
        };
        Self { status: Success::Success, operation }
    }
}

impl OperationRow {
    fn view(self, who: &Principal) -> OperationView {
        let result = self.status.zip(self.result).filter(|(_, answer)| may_see(who, answer));
        let result = result.map(|(status, answer)| OperationResult {
            status,
            answer: RawValue::from_string(answer).unwrap_or_default(),
        });
        OperationView {
            id: self.id,
            kind: self.kind,
            state: OperationState::of(&self.state),
            created_at: WireTime(Timestamp(self.created_at)),
            finished_at: self.finished_at.map(|at| WireTime(Timestamp(at))),
            result,
        }
    }
}

/// Whether someone may still see all that an answer says: their rights may have changed since.
fn may_see(who: &Principal, answer: &str) -> bool {
    fn is_seen(who: &Principal, value: &Value) -> bool {
        match value {
            Value::Array(values) => values.iter().all(|value| is_seen(who, value)),
            Value::Object(fields) => {
                let may = |permission| {
                    let store = fields.get("store_id").and_then(Value::as_i64);
                    store.is_none_or(|store| who.may(permission, StoreId(store)))
                };
                let has_cost = fields.get("unit_cost").is_some_and(|cost| !cost.is_null());
                may(Permission::ReadStock)
                    && (!has_cost || may(Permission::SeeCost))
                    && fields.values().all(|value| is_seen(who, value))
            }
            _ => true,
        }
    }
    serde_json::from_str(answer).is_ok_and(|answer| is_seen(who, &answer))
}

/// `GET /api/operations`
pub async fn list(
    who: Who,
    app: App,
    Asked(filter, request): Asked<OperationFilter>,
) -> ApiResult<ListAnswer<OperationList>> {
    let list = Operations { user: who.user_id, filter };
    let answer = |page: Page<OperationRow>| {
        let Page { entries, next_cursor, total } = page;
        let operations = entries.into_iter().map(|row| row.view(&who)).collect();
        Answer::new(&OperationList { status: Success::Success, operations, next_cursor, total })
    };
    request.answer(&app, &who, list, answer).await
}

/// `GET /api/operations/{id}`
pub async fn get(
    who: Who,
    app: App,
    PathId(id): PathId,
    wait: PreferWait,
) -> ApiResult<Answer<OperationAnswer>> {
    let (head, mut found) = find(&app, &who, id).await?;
    let is_queued = found.state == OperationState::Queued.name();
    let mut waited = None;
    if let Some(max) = wait.duration().filter(|_| is_queued) {
        let mut follower = app.tail.follow();
        let is_it = |event: &Logged| event.kind == FINISHED && event.subject_id == id;
        if let Ok(finished) = tokio::time::timeout(max, follower.until(head, is_it)).await {
            finished?;
            (_, found) = find(&app, &who, id).await?;
            waited = Some(max);
        }
    }
    let answer =
        Answer::new(&OperationAnswer { status: Success::Success, operation: found.view(&who) })?;
    Ok(match waited {
        None => answer,
        Some(max) => answer.with_header(PREFERENCE_APPLIED, &format!("wait={}", max.as_secs())),
    })
}

/// One of the caller's, and the head of the log as it was then or before.
async fn find(app: &App, who: &Principal, id: i64) -> ApiResult<(EventId, OperationRow)> {
    let mut reader = app.db.read().await?;
    let (head, _) = events::head(&mut reader).await?;
    let found = sql::find(Conn::from(&mut reader), who.user_id, id).await?;
    Ok((head, found.ok_or_else(|| ApiError::not_found("operation", id))?))
}

/// Someone's requests.
struct Operations {
    user: UserId,
    filter: OperationFilter,
}

impl List for Operations {
    type Entry = OperationRow;
    type Position = i64;

    const NAME: &'static str = "operations";

    async fn entries(
        &self,
        db: Conn<'_>,
        before: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<OperationRow>> {
        Ok(sql::page(db, self.user, &self.filter, before, limit).await?)
    }

    fn position(&self, entry: &OperationRow) -> i64 {
        entry.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self.user, &self.filter)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec!["id", "kind", "state", "created_at", "finished_at", "status"]
    }

    fn cells(&self, entry: OperationRow) -> Vec<String> {
        vec![
            entry.id.to_string(),
            entry.kind,
            entry.state,
            WireTime(Timestamp(entry.created_at)).to_string(),
            or_empty(entry.finished_at.map(|at| WireTime(Timestamp(at)))),
            or_empty(entry.status),
        ]
    }
}
