//! Doing what was taken on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::json;
use stockroom_domain::{Timestamp, UserId};

use super::FINISHED;
use super::sql::{self, QueuedRow};
use crate::App;
use crate::auth::Via;
use crate::db::{Conn, Tx};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{self, Event};
use crate::http::{Again, ErrorAnswer};

/// Characters of their bodies that are done at once: tills wait for the same ledger.
const BYTES_AT_ONCE_MAX: i64 = 256 * 1024;

/// Why a request was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunError {
    /// It cannot be done now.
    #[error("{0}")]
    NotNow(String),
    /// Something failed over it.
    #[error("{0}")]
    Failed(String),
}

/// What came of a request.
struct Finished {
    id: i64,
    state: &'static str,
    status: u16,
    answer: String,
}

/// Does some of them, several at once so that they share commits, those that were taken on first
/// first; what became of each, in their order. Those that are done already are left as they are.
pub async fn run_all(app: &App, ids: &[i64]) -> Vec<Result<(), RunError>> {
    // A message may be there twice.
    let once: BTreeSet<i64> = ids.iter().copied().collect();
    let mut failed = HashMap::new();
    match lengths(app, &once).await {
        Ok(lengths) => {
            for ids in portions(&lengths) {
                failed.extend(run_some(app, &ids).await);
            }
        }
        Err(error) => failed.extend(once.into_iter().map(|id| (id, not_now(&error)))),
    }
    ids.iter().map(|id| failed.get(id).cloned().map_or(Ok(()), Err)).collect()
}

/// How long the bodies are of those that are to be done.
async fn lengths(app: &App, ids: &BTreeSet<i64>) -> ApiResult<Vec<(i64, i64)>> {
    Ok(sql::lengths(Conn::from(&mut app.db.read().await?), ids).await?)
}

/// Those that are done at once: as many as are not too long together, and one at least.
fn portions(lengths: &[(i64, i64)]) -> Vec<Vec<i64>> {
    let mut portions: Vec<Vec<i64>> = Vec::new();
    let mut room = 0;
    for (id, length) in lengths {
        room -= length;
        match portions.last_mut().filter(|_| room >= 0) {
            Some(portion) => portion.push(*id),
            None => {
                portions.push(vec![*id]);
                room = BYTES_AT_ONCE_MAX - length;
            }
        }
    }
    portions
}

/// Does some at once; which of them were not done.
async fn run_some(app: &App, ids: &[i64]) -> Vec<(i64, RunError)> {
    let queued = match load(app, ids).await {
        Ok(queued) => queued,
        Err(error) => return ids.iter().map(|id| (*id, not_now(&error))).collect(),
    };
    let ran = futures_util::future::join_all(queued.values().map(|row| run(app, row))).await;
    let (mut finished, mut failed) = (Vec::new(), Vec::new());
    for (id, ran) in queued.keys().zip(ran) {
        match ran {
            Ok(done) => finished.push(done),
            Err(error) => failed.push((*id, error)),
        }
    }
    if let Err(error) = finish(app, &finished).await {
        failed.extend(finished.iter().map(|done| (done.id, not_now(&error))));
    }
    failed
}

async fn load(app: &App, ids: &[i64]) -> ApiResult<BTreeMap<i64, QueuedRow>> {
    let rows = sql::queued(Conn::from(&mut app.db.read().await?), ids).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Notes down what came of some, and tells of it.
async fn finish(app: &App, finished: &[Finished]) -> ApiResult<()> {
    if finished.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let mut told = Vec::with_capacity(finished.len());
    for done in finished {
        let Finished { id, state, status, answer } = done;
        if sql::finish(&mut tx, *id, state, (*status, answer), now).await? {
            told.push(finished_event(*id, state));
        }
    }
    events::append(tx, now, &told, &[]).await?;
    Ok(())
}

/// Gives one up that was tried too often; what is told of it, unless it is done meanwhile.
///
/// # Errors
/// The database's.
pub async fn give_up(tx: &mut Tx, id: i64, now: Timestamp) -> sqlx::Result<Option<Event>> {
    let answer = envelope(&ApiError::internal("given up"), "");
    let (state, status) = ("failed", ErrorCode::Internal.status());
    let is_given_up = sql::finish(tx, id, state, (status, &answer), now).await?;
    Ok(is_given_up.then(|| finished_event(id, state)))
}

fn finished_event(id: i64, state: &str) -> Event {
    Event::new(FINISHED, "operation", id, &json!({ "state": state }))
}

fn not_now(error: &ApiError) -> RunError {
    RunError::NotNow(error.to_string())
}

async fn run(app: &App, row: &QueuedRow) -> Result<Finished, RunError> {
    let via = if row.via == "key" { Via::Key(row.via_id) } else { Via::Session(row.via_id) };
    let who = app.auth.on_behalf(UserId(row.user_id), via).await.map_err(|e| not_now(&e))?;
    let (status, answer) = match who {
        None => refused(row),
        Some(who) => {
            let again = Again {
                who,
                method: &row.method,
                target: &row.target,
                key: &row.key,
                body: row.body.clone(),
                address: row.address.as_deref().and_then(|address| address.parse().ok()),
                request_id: row.request_id.as_deref(),
            };
            let done = app.deferred.run(app, again).await;
            done.map_err(|error| RunError::Failed(error.to_string()))?
        }
    };
    let state = match status {
        200..300 => "done",
        409 if code(&answer).as_deref() == Some(ErrorCode::RequestInProgress.name()) => {
            return Err(RunError::NotNow(answer));
        }
        503 => return Err(RunError::NotNow(answer)),
        500.. => return Err(RunError::Failed(answer)),
        _ => "failed",
    };
    Ok(Finished { id: row.id, state, status, answer })
}

/// What someone is answered who may do nothing any more.
fn refused(row: &QueuedRow) -> (u16, String) {
    let error = ApiError::unauthenticated("Whoever asked for this may not do it any more.");
    let answer = envelope(&error, row.request_id.as_deref().unwrap_or_default());
    (ErrorCode::Unauthenticated.status(), answer)
}

/// An error as it is answered.
fn envelope(error: &ApiError, request_id: &str) -> String {
    let answer = error.failure().and_then(|error| {
        serde_json::to_string(&ErrorAnswer { status: "error", error, request_id }).ok()
    });
    answer.unwrap_or_else(|| "{}".to_owned())
}

/// The code of a failure.
fn code(answer: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Envelope {
        error: Code,
    }
    #[derive(Deserialize)]
    struct Code {
        code: String,
    }
    serde_json::from_str::<Envelope>(answer).ok().map(|envelope| envelope.error.code)
}
