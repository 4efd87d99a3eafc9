//! `GET /api/inventory/events`: the event log from a place on.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stockroom_domain::permissions::Permission;
use stockroom_domain::{EventId, Timestamp};

use super::visibility::is_visible;
use crate::App;
use crate::auth::{Can, Principal, ReadStock};
use crate::clock;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::tail::Follower;
use crate::events::{self, Logged};
use crate::http::{Answer, Params, Success, WireTime};

/// For the documentation.
pub const ABOUT: &str = "Go on behind `next_after`. `wait=30` holds the request until there is an \
    event. Of the whole log a caller sees what they may read.";

/// Events on one page, unless another number is asked for.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 500;
/// Events looked at for one page: a caller who sees few of them comes again.
const SCANNED_MAX: i64 = 10_000;
/// Events read at once.
const READ_MAX: usize = 1_000;
/// The longest that a request is held.
const WAIT_MAX_S: u64 = 30;
/// How often it is asked whether whoever waits still may.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// From where on, how many, and how long to wait.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventParams {
    /// The place to go on behind: the `next_after` of the answer before; 0 for the beginning.
    after: i64,
    /// At most so many events; 50 unless stated, 500 at most.
    limit: Option<usize>,
    /// Holds the request until there is an event, at most so many seconds; 30 at most.
    wait: Option<u64>,
}

/// Something that has happened.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub struct EventView {
    /// Its place in the log. Places rise; a caller who does not see all events sees gaps.
    pub id: i64,
    /// What, as in `stock.moved`.
    #[serde(rename = "type")]
    pub kind: String,
    /// In which store, if in one.
    pub store_id: Option<i64>,
    /// What it happened to.
    pub subject: EventSubject,
    /// When.
    pub occurred_at: WireTime,
    /// What else is to be known of it.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub data: Box<RawValue>,
}

/// What an event happened to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventSubject {
    /// What kind of thing, as in `order`.
    pub kind: String,
    /// Which one.
    pub id: i64,
}

/// Events in the order in which they were committed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventsAnswer {
    status: Success,
    events: Vec<EventView>,
    /// Where to go on: everything up to here is told, or not for this caller.
    next_after: i64,
}

impl From<&Logged> for EventView {
    fn from(event: &Logged) -> Self {
        Self {
            id: event.id,
            kind: event.kind.clone(),
            store_id: event.store_id,
            subject: EventSubject { kind: event.subject_kind.clone(), id: event.subject_id },
            occurred_at: WireTime(Timestamp(event.occurred_at)),
            data: RawValue::from_string(event.data.clone()).unwrap_or_default(),
        }
    }
}

/// `GET /api/inventory/events`
pub async fn list(
    who: Can<ReadStock>,
    app: App,
    Params(params): Params<EventParams>,
) -> ApiResult<Answer<EventsAnswer>> {
    let limit = params.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("A limit is 1 to {LIMIT_MAX}.")));
    }
    let wait = params.wait.unwrap_or(0);
    if wait > WAIT_MAX_S {
        let message = format!("A request is held for {WAIT_MAX_S} seconds at most.");
        return Err(ApiError::invalid("wait", message));
    }
    let mut place = check_place(&app, params.after).await?;
    let mut who = who.principal();
    let mut follower = app.tail.follow();
    let until = clock::monotonic() + Duration::from_secs(wait);
    loop {
        let (events, reached) = page(&who, &follower, place, limit).await?;
        // Asked after it was read: what they had lost by then is not told.
        let now = again(&app, &who).await?;
        if now.grants != who.grants {
            who = now;
            continue;
        }
        place = reached;
        let left = until.saturating_duration_since(clock::monotonic());
        if !events.is_empty() || left.is_zero() || app.is_draining() {
            let status = Success::default();
            return Answer::new(&EventsAnswer { status, events, next_after: place.0 });
        }
        // A time-out: the caller is told that there was nothing.
        let _ = tokio::time::timeout(left.min(LOOK_EVERY), follower.wait_beyond(place)).await;
    }
}

/// Whoever waits, as they are now: what they have lost meanwhile they are not told of.
async fn again(app: &App, who: &Principal) -> ApiResult<Arc<Principal>> {
    let Some(again) = app.auth.again(who).await? else {
        return Err(ApiError::unauthenticated("Your sign-in ended while you waited."));
    };
    if again.may_anywhere(Permission::ReadStock) {
        return Ok(again);
    }
    Err(ApiError::forbidden(Permission::ReadStock.name()))
}

/// Refuses a place behind which not everything is kept, or that the log has not reached: one that
/// it had, before it was set back to a backup.
async fn check_place(app: &App, after: i64) -> ApiResult<EventId> {
    if after < 0 {
        return Err(ApiError::invalid("after", "A place in the log is a number from 0 on."));
    }
    let mut reader = app.db.read().await?;
    let (head, _) = events::head(&mut reader).await?;
    let oldest = events::oldest(&mut reader).await?.map_or(head.0 + 1, |oldest| oldest.0);
    let message = if after > head.0 {
        format!(
            "The log ends at {head}: it was set back to a backup, if it ever was at {after}. Read \
             what is there anew, and go on behind {head}."
        )
    } else if after + 1 < oldest {
        format!(
            "Events before {oldest} are not kept any more: read what is there anew, and go on \
             behind {}.",
            oldest - 1
        )
    } else {
        return Ok(EventId(after));
    };
    let code = ErrorCode::CursorExpired;
    Err(ApiError::field(code, code.name(), "after", message)
        .with_detail("oldest", oldest)
        .with_detail("head", head.0))
}

/// Some of the events behind a place that a caller may see, and how far was looked.
async fn page(
    who: &Principal,
    follower: &Follower,
    after: EventId,
    limit: usize,
) -> ApiResult<(Vec<EventView>, EventId)> {
    let mut found = Vec::new();
    let mut place = after;
    while place.0 - after.0 < SCANNED_MAX {
        let read = follower.behind(place, READ_MAX).await?;
        if read.is_empty() {
            break;
        }
        for event in read {
            place = EventId(event.id);
            if is_visible(who, &event) {
                found.push(EventView::from(&**event));
                if found.len() == limit {
                    return Ok((found, place));
                }
            }
        }
    }
    Ok((found, place))
}
