//! Messages that were tried too often: parked, looked at, brought back or dropped by people.
//!
//! They are rows of the database, so that no broker can lose them. One that is to be tried again
//! is marked so, wherever that is asked for; the process that relays puts it back into its queue,
//! and when it has gone well it is done.

use std::collections::HashMap;
use std::iter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom_domain::{StoreId, Timestamp};
use stockroom_queue::{Message, Queue as Broker};

use super::dead_letters_sql::{self as sql, DeadLetterRow};
use super::{Notice, Queue};
use crate::App;
use crate::audit::Origin;
use crate::auth::{Can, Operate};
use crate::db::{Conn, Db, Select, Tx};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{self, Event, Fact};
use crate::http::csv::or_empty;
use crate::http::{
    Answer, Asked, Done, ETag, List, ListAnswer, Once, Page, PathId, Success, Text, Total,
    WireTime, begin_write,
};
use crate::operations;

pub use sql::forget_old;

/// The longest account of what went wrong.
const ERROR_CHARS_MAX: usize = 2_000;

/// Where a dead letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeadLetterState")]
pub enum State {
    /// Tried too often; waits for someone to look at it.
    Parked,
    /// Is being tried again.
    Replaying,
    /// It went well at last.
    Done,
    /// Someone has decided that it needs not be done.
    Dropped,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Replaying => "replaying",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }
}

/// A message that was tried too often.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeadLetter")]
pub struct DeadLetterView {
    /// Which.
    id: i64,
    /// From which queue.
    queue: String,
    /// The event that it is about; of an order that was found to be stuck, its number below zero.
    event_id: i64,
    /// What had happened, as in `order.placed`.
    event_type: String,
    /// In which store, if in one.
    store_id: Option<i64>,
    /// What kind of thing it had happened to.
    subject_kind: String,
    /// Which one.
    subject_id: i64,
    /// How often it was tried.
    attempts: i64,
    /// What went wrong the last time.
    error: String,
    /// `parked`, `replaying`, `done` or `dropped`.
    state: String,
    /// When it was parked.
    parked_at: WireTime,
    /// When it was changed last.
    updated_at: WireTime,
    /// Rises by one with each change.
    version: i64,
}

impl DeadLetterRow {
    fn view(&self) -> DeadLetterView {
        DeadLetterView {
            id: self.id,
            queue: self.queue.clone(),
            event_id: self.event_id,
            event_type: self.event_type.clone(),
            store_id: self.store_id,
            subject_kind: self.subject_kind.clone(),
            subject_id: self.subject_id,
            attempts: self.attempts,
            error: self.error.clone(),
            state: self.state.clone(),
            parked_at: WireTime(Timestamp(self.parked_at)),
            updated_at: WireTime(Timestamp(self.updated_at)),
            version: self.version,
        }
    }

    fn fact(&self, kind: &'static str, before: Option<&Self>) -> Fact {
        let data = json!({ "queue": self.queue, "event_id": self.event_id, "error": self.error });
        let fact = Fact::new(Event::new(kind, "dead_letter", self.id, &data)).after(&self.view());
        match before {
            Some(before) => fact.before(&before.view()),
            None => fact,
        }
    }
}

/// One dead letter.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadLetterAnswer {
    status: Success,
    dead_letter: DeadLetterView,
}

/// Dead letters, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadLetterList {
    status: Success,
    dead_letters: Vec<DeadLetterView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which dead letters.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeadLetterFilter {
    /// Only where they stand so; `parked` and `replaying` unless stated.
    pub(super) state: Vec<State>,
    /// Only from these queues.
    pub(super) queue: Vec<Text<64>>,
}

impl DeadLetterFilter {
    pub(super) fn states(&self) -> Vec<State> {
        match self.state.is_empty() {
            true => vec![State::Parked, State::Replaying],
            false => self.state.clone(),
        }
    }
}

/// `GET /api/dead-letters`
pub async fn list(
    who: Can<Operate>,
    app: App,
    Asked(filter, request): Asked<DeadLetterFilter>,
) -> ApiResult<ListAnswer<DeadLetterList>> {
    let answer = |page: Page<DeadLetterRow>| {
        let dead_letters = page.entries.iter().map(DeadLetterRow::view).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&DeadLetterList { status: Success::Success, dead_letters, next_cursor, total })
    };
    request.answer(&app, &who, filter, answer).await
}

/// `GET /api/dead-letters/{id}`
pub async fn get(
    _who: Can<Operate>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<DeadLetterAnswer>> {
    let found = sql::find(Conn::from(&mut app.db.read().await?), id).await?;
    shown(&found.ok_or_else(|| ApiError::not_found("dead letter", id))?)
}

fn shown(row: &DeadLetterRow) -> ApiResult<Answer<DeadLetterAnswer>> {
    let answer = DeadLetterAnswer { status: Success::Success, dead_letter: row.view() };
    Ok(Answer::new(&answer)?.with_etag(ETag(row.version)))
}

/// `POST /api/dead-letters/{id}/replay`
pub async fn replay(
    who: Can<Operate>,
    app: App,
    PathId(id): PathId,
    once: Once,
) -> ApiResult<Answer<DeadLetterAnswer>> {
    let mut write = begin_write(&app, &who, &once).await?;
    let before = sql::lock(&mut write.tx, id).await?;
    let before = before.ok_or_else(|| ApiError::not_found("dead letter", id))?;
    require_parked(&before)?;
    let state = State::Replaying.name();
    let after = sql::set_state(&mut write.tx, id, state, write.now).await?;
    let answer = DeadLetterAnswer { status: Success::Success, dead_letter: after.view() };
    let fact = after.fact("dead_letter.replayed", Some(&before));
    Ok(write.commit(&answer, [fact]).await?.with_etag(ETag(after.version)))
}

/// `DELETE /api/dead-letters/{id}`
pub async fn drop_one(
    who: Can<Operate>,
    app: App,
    PathId(id): PathId,
    once: Once,
) -> ApiResult<Done> {
    let mut write = begin_write(&app, &who, &once).await?;
    let before = sql::lock(&mut write.tx, id).await?;
    let before = before.ok_or_else(|| ApiError::not_found("dead letter", id))?;
    if before.state == State::Dropped.name() {
        return write.commit(&(), []).await;
    }
    if before.state != State::Replaying.name() {
        require_parked(&before)?;
    }
    let after = sql::set_state(&mut write.tx, id, State::Dropped.name(), write.now).await?;
    let also = give_up(&mut write.tx, &after, write.now).await?;
    write.commit_telling(&(), [after.fact("dead_letter.dropped", Some(&before))], also).await
}

/// Tells whoever waits for what a dead letter was about that it will not be done.
async fn give_up(tx: &mut Tx, row: &DeadLetterRow, now: Timestamp) -> sqlx::Result<Option<Event>> {
    match row.queue == operations::QUEUE {
        true => operations::give_up(tx, row.subject_id, now).await,
        false => Ok(None),
    }
}

fn require_parked(row: &DeadLetterRow) -> ApiResult<()> {
    if row.state == State::Parked.name() {
        return Ok(());
    }
    let message = format!("This dead letter is {}, not parked.", row.state);
    Err(ApiError::conflict(ErrorCode::InvalidState, message)
        .with_detail("state", row.state.clone()))
}

/// All that wait for someone, for the command line.
///
/// # Errors
/// The database's.
pub async fn parked(db: &Db) -> sqlx::Result<Vec<DeadLetterView>> {
    let filter = DeadLetterFilter::default();
    let rows = sql::page(Conn::from(&mut db.read().await?), &filter, None, 10_000).await?;
    Ok(rows.iter().map(DeadLetterRow::view).collect())
}

impl DeadLetterView {
    /// Which.
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// Whether it waits for someone.
    pub fn is_parked(&self) -> bool {
        self.state == State::Parked.name()
    }

    /// As one line of text.
    pub fn line(&self) -> String {
        let Self { id, queue, event_type, subject_kind, subject_id, attempts, state, .. } = self;
        format!(
            "{id}  {queue}  {state}  {event_type} ({subject_kind} {subject_id})  {attempts} tries  \
             {}  {}",
            self.parked_at, self.error
        )
    }
}

/// Marks dead letters as to be tried again or as dropped, from the command line; how many.
///
/// # Errors
/// The database's.
pub async fn mark(db: &Db, now: Timestamp, ids: &[i64], state: State) -> ApiResult<usize> {
    let origin = Origin::system("command line");
    let kind = match state {
        State::Replaying => "dead_letter.replayed",
        _ => "dead_letter.dropped",
    };
    let mut marked = 0;
    for id in ids {
        let mut tx = db.begin().await?;
        let before = sql::lock(&mut tx, *id).await?;
        let Some(before) = before.filter(|row| row.state == State::Parked.name()) else {
            tx.rollback().await?;
            continue;
        };
        let after = sql::set_state(&mut tx, *id, state.name(), now).await?;
        let (event, entry) = after.fact(kind, Some(&before)).told_and_recorded(origin.clone());
        let also = match state {
            State::Dropped => give_up(&mut tx, &after, now).await?,
            _ => None,
        };
        let told: Vec<Event> = iter::once(event).chain(also).collect();
        events::append(tx, now, &told, &[entry]).await?;
        marked += 1;
    }
    Ok(marked)
}

/// Parks a message.
pub(super) async fn park(
    app: &App,
    queue: &str,
    notice: &Notice,
    attempts: u32,
    error: &str,
) -> ApiResult<()> {
    let now = app.clock.now();
    let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
    let mut tx = app.db.begin().await?;
    let row = sql::park(&mut tx, queue, notice, (i64::from(attempts), &error), now).await?;
    let origin = Origin::system("workers");
    let (mut event, entry) = row.fact("dead_letter.parked", None).told_and_recorded(origin);
    event.store = notice.store_id.map(StoreId);
    events::append(tx, now, &[event], &[entry]).await?;
    Ok(())
}

/// Puts those of a queue's dead letters back into it that are to be tried again, each once a wish.
pub(super) async fn bring_back(
    app: &App,
    queue: &Queue,
    broker: &dyn Broker,
    injected: &mut HashMap<i64, i64>,
) -> ApiResult<()> {
    let waiting = sql::replaying(Conn::from(&mut app.db.read().await?)).await?;
    injected.retain(|id, _| waiting.iter().any(|row| row.id == *id));
    for row in waiting.into_iter().filter(|row| row.queue == queue.name) {
        if injected.get(&row.id) == Some(&row.version) {
            continue;
        }
        let payload = serde_json::to_string(&row.notice()).map_err(ApiError::internal)?;
        let message = Message { id: row.event_id.unsigned_abs(), payload: payload.into() };
        let brought = broker.inject(queue.group(), message).await;
        brought.map_err(|error| ApiError::unavailable(error.to_string()))?;
        injected.insert(row.id, row.version);
    }
    Ok(())
}

/// Those of a queue that are to be tried again.
pub(super) async fn to_bring_back(app: &App, queue: &str) -> ApiResult<Vec<Notice>> {
    let waiting = sql::replaying(Conn::from(&mut app.db.read().await?)).await?;
    Ok(waiting.iter().filter(|row| row.queue == queue).map(DeadLetterRow::notice).collect())
}

impl DeadLetterRow {
    fn notice(&self) -> Notice {
        Notice {
            event_id: self.event_id,
            kind: self.event_type.clone(),
            store_id: self.store_id,
            subject_kind: self.subject_kind.clone(),
            subject_id: self.subject_id,
        }
    }
}

/// Notes down that messages went well, for those of them that had been parked and are being tried
/// again. What someone has decided about one meanwhile stands.
///
/// # Errors
/// The database's: the messages are to be dealt with again, which has no second effect.
pub(super) async fn went_well(app: &App, queue: &str, events: &[i64]) -> ApiResult<()> {
    let waiting = sql::replaying(Conn::from(&mut app.db.read().await?)).await?;
    let now = app.clock.now();
    let well = waiting.iter().filter(|row| row.queue == queue && events.contains(&row.event_id));
    for before in well {
        let mut tx = app.db.begin().await?;
        let Some(after) = sql::set_done(&mut tx, (before.id, before.version), now).await? else {
            tx.rollback().await?;
            continue;
        };
        let fact = after.fact("dead_letter.done", Some(before));
        let (event, entry) = fact.told_and_recorded(Origin::system("workers"));
        events::append(tx, now, &[event], &[entry]).await?;
    }
    Ok(())
}

impl List for DeadLetterFilter {
    type Entry = DeadLetterRow;
    type Position = i64;

    const NAME: &'static str = "dead_letters";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<DeadLetterRow>> {
        Ok(sql::page(db, self, after, limit).await?)
    }

    fn position(&self, row: &DeadLetterRow) -> i64 {
        row.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "queue",
            "event_id",
            "event_type",
            "store_id",
            "subject_kind",
            "subject_id",
            "attempts",
            "error",
            "state",
            "parked_at",
            "updated_at",
            "version",
        ]
    }

    fn cells(&self, row: DeadLetterRow) -> Vec<String> {
        let view = row.view();
        vec![
            view.id.to_string(),
            view.queue,
            view.event_id.to_string(),
            view.event_type,
            or_empty(view.store_id),
            view.subject_kind,
            view.subject_id.to_string(),
            view.attempts.to_string(),
            view.error,
            view.state,
            view.parked_at.to_string(),
            view.updated_at.to_string(),
            view.version.to_string(),
        ]
    }
}
