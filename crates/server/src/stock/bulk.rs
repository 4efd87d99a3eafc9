//! Many movements, each for itself: posted in chunks under keys of their own, so that a retry
//! after a fault repeats what stands and does what is missing.
//!
//! A chunk is a fixed range of the request's lines, and its stored answer has an element for
//! each of them, also for those that never reached the ledger: what is sent again gets the
//! same answer in the same places, whatever was made or removed meanwhile.

use serde::Serialize;
use serde_json::value::RawValue;
use stockroom_domain::batch::{Atomicity, Refused};
use stockroom_domain::stock::Line;

use super::many::{CHUNK_LINES, ManyAnswer, Resolved, ResultOfOne, chunk_key, sees_all_costs};
use super::post::{from_post, posting, replayable};
use crate::App;
use crate::auth::Principal;
use crate::error::{ApiError, ApiResult};
use crate::http::{Answer, Once, Success};
use crate::ledger::{KeyLife, PostError, Receipt};

/// Some lines of the request that are posted together.
struct Chunk {
    /// Those that the ledger is to judge.
    lines: Vec<Line>,
    /// Where these stand in the chunk.
    places: Vec<usize>,
    /// What each line is told: at first only those that have fallen already.
    told: Vec<Option<Box<RawValue>>>,
    /// What the ledger said; `None` where there was nothing for it to judge.
    outcome: Option<Result<Receipt, PostError>>,
}

/// 200 with what became of each.
pub(super) async fn each_for_itself(
    app: &App,
    who: &Principal,
    once: &Once,
    lines: Vec<Resolved>,
) -> ApiResult<Answer<ManyAnswer<'static>>> {
    let mut lines = lines.into_iter().peekable();
    let mut running = Vec::new();
    while lines.peek().is_some() {
        let lines: Vec<Resolved> = lines.by_ref().take(CHUNK_LINES).collect();
        running.push(post_chunk(app, who, once, running.len(), lines));
    }
    let mut outcomes = Vec::new();
    let mut receipts = Vec::new();
    for chunk in running {
        let chunk = chunk.await.map_err(ApiError::internal)?;
        if let Some(Ok(receipt)) = &chunk.outcome {
            receipts.push(receipt.clone());
        }
        outcomes.extend(chunk.told(once)?);
    }
    answer(&outcomes, once, &receipts)
}

/// The answer of a request all of whose chunks took effect before.
pub(super) fn repeated(
    once: &Once,
    receipts: &[Receipt],
) -> ApiResult<Answer<ManyAnswer<'static>>> {
    let mut outcomes: Vec<Box<RawValue>> = Vec::new();
    for receipt in receipts {
        let told: Vec<_> = serde_json::from_str(&receipt.answer).map_err(ApiError::internal)?;
        outcomes.extend(told);
    }
    answer(&outcomes, once, receipts)
}

/// Sets a chunk going.
fn post_chunk(
    app: &App,
    who: &Principal,
    once: &Once,
    number: usize,
    lines: Vec<Resolved>,
) -> tokio::task::JoinHandle<Chunk> {
    let (mut good, mut places, mut fallen) = (Vec::new(), Vec::new(), Vec::new());
    let mut told = vec![None; lines.len()];
    for (place, line) in lines.into_iter().enumerate() {
        match line {
            Ok(line) => {
                places.push(place);
                good.push(line);
            }
            Err(error) => {
                let error = raw(&LineError::new(&error));
                told[place] = Some(error.clone());
                fallen.push((place, error));
            }
        }
    }
    let shows_cost = sees_all_costs(who, &good);
    let lines = good.iter().map(|(line, _)| *line).collect();
    let key = chunk_key(&once.row_key(who), number);
    let mut posting = posting(who, key, once, Atomicity::EachLine, good, shows_cost);
    posting.fallen = fallen;
    posting.key_life = KeyLife::Ever;
    let mut chunk = Chunk { lines, places, told, outcome: None };
    let ledger = app.ledger.clone();
    tokio::spawn(async move {
        if !chunk.lines.is_empty() {
            chunk.outcome = Some(ledger.post(posting).await);
        }
        chunk
    })
}

impl Chunk {
    /// What its lines are told: one JSON each, a movement or `{"error":…}`.
    fn told(mut self, once: &Once) -> ApiResult<Vec<Box<RawValue>>> {
        match self.outcome {
            None => {}
            Some(Ok(receipt)) => {
                return serde_json::from_str(&receipt.answer).map_err(ApiError::internal);
            }
            Some(Err(PostError::KeyReused)) => return Err(from_post(PostError::KeyReused, once)),
            Some(Err(PostError::Refused(Refused::Lines(refusals)))) => {
                for (index, refusal) in refusals {
                    let error = crate::error::refused_line(&self.lines[index], &refusal);
                    let error = serde_json::json!({ "error": error });
                    self.told[self.places[index]] = Some(raw(&error));
                }
            }
            // It was promised: what cannot be done now is done when it is run again.
            Some(Err(
                error
                @ (PostError::Overloaded | PostError::Unavailable | PostError::OutcomeUnknown),
            )) if once.is_done_later() => return Err(from_post(error, once)),
            Some(Err(error)) => {
                let error = raw(&LineError::new(&from_post(error, once)));
                self.places.iter().for_each(|place| self.told[*place] = Some(error.clone()));
            }
        }
        Ok(self.told.into_iter().flatten().collect())
    }
}

#[derive(Serialize)]
struct LineError<'a> {
    error: Option<&'a crate::error::Failure>,
}

impl<'a> LineError<'a> {
    fn new(error: &'a ApiError) -> Self {
        Self { error: error.failure() }
    }
}

fn raw(value: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_default()
}

/// Joins what the lines were told to one answer.
fn answer(
    outcomes: &[Box<RawValue>],
    once: &Once,
    receipts: &[Receipt],
) -> ApiResult<Answer<ManyAnswer<'static>>> {
    #[derive(serde::Deserialize)]
    struct Told {
        error: Option<Box<RawValue>>,
    }
    let mut results = Vec::with_capacity(outcomes.len());
    for (index, outcome) in outcomes.iter().enumerate() {
        let told: Told = serde_json::from_str(outcome.get()).map_err(ApiError::internal)?;
        let status = if told.error.is_some() { "error" } else { "success" };
        let movement = told.error.is_none().then_some(&**outcome);
        results.push(ResultOfOne { index, status, movement, error: told.error });
    }
    let succeeded = results.iter().filter(|result| result.error.is_none()).count();
    let failed = results.len() - succeeded;
    let answer = ManyAnswer::Each { status: Success::default(), results, succeeded, failed };
    let answer = Answer::of(&answer)?;
    let Some(event) = receipts.iter().map(|receipt| receipt.event).max() else {
        return Ok(answer.with_header(crate::http::once::IDEMPOTENCY_KEY, once.key()));
    };
    let replayed = receipts.iter().all(|receipt| receipt.replayed);
    Ok(replayable(answer, once, &Receipt { answer: String::new(), made: None, event, replayed }))
}
