//! Doing what was taken on.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;
use stockroom_domain::UserId;

use super::FINISHED;
use super::sql::{self, QueuedRow};
use crate::App;
use crate::auth::Via;
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{self, Event};
use crate::http::{Again, ErrorAnswer};

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

/// Does some of them, many at once so that they share commits; what became of each, in their
/// order. Those that are done already are left as they are.
pub async fn run_all(app: &App, ids: &[i64]) -> Vec<Result<(), RunError>> {
    let queued = match load(app, ids).await {
        Ok(queued) => queued,
        Err(error) => return ids.iter().map(|_| Err(not_now(&error))).collect(),
    };
    // A message may be there twice.
    let queued: HashMap<i64, QueuedRow> = queued.into_iter().map(|row| (row.id, row)).collect();
    let ran = futures_util::future::join_all(queued.values().map(|row| run(app, row))).await;
    let mut finished = Vec::new();
    let mut outcomes: HashMap<i64, RunError> = HashMap::new();
    for (id, ran) in queued.keys().zip(ran) {
        match ran {
            Ok(done) => finished.push(done),
            Err(error) => drop(outcomes.insert(*id, error)),
        }
    }
    if let Err(error) = finish(app, &finished).await {
        outcomes.extend(finished.iter().map(|done| (done.id, not_now(&error))));
    }
    ids.iter().map(|id| outcomes.get(id).cloned().map_or(Ok(()), Err)).collect()
}

async fn load(app: &App, ids: &[i64]) -> ApiResult<Vec<QueuedRow>> {
    Ok(sql::queued(Conn::from(&mut app.db.read().await?), ids).await?)
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
            told.push(Event::new(FINISHED, "operation", *id, &json!({ "state": state })));
        }
    }
    events::append(tx, now, &told, &[]).await?;
    Ok(())
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
    let request_id = row.request_id.as_deref().unwrap_or_default();
    let answer = error.failure().and_then(|error| {
        serde_json::to_string(&ErrorAnswer { status: "error", error, request_id }).ok()
    });
    (ErrorCode::Unauthenticated.status(), answer.unwrap_or_else(|| "{}".to_owned()))
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
