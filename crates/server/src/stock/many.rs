//! Recording many movements in one request: all or none, or each for itself.
//!
//! What is posted together is one parcel of the ledger. Where each movement stands for itself,
//! a long request becomes several parcels, each under a key of its own.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use stockroom_domain::StoreId;
use stockroom_domain::batch::Atomicity;
use stockroom_domain::permissions::Permission;
use stockroom_domain::stock::{LevelKey, Line};

use super::post::{joined, lot, posting, replayable};
use super::requests::{ManyMovements, TypedMovement};
use super::store_meant;
use crate::App;
use crate::auth::{Can, MoveStock, Principal};
use crate::catalog::{self, ProductRef};
use crate::error::{ApiError, ApiResult, Faults};
use crate::http::body::BYTES_MAX_BULK;
use crate::http::{Answer, Body, Created, Once, Success};
use crate::ledger::{Details, PostError, Receipt};

/// Movements in one request.
const MOVEMENTS_MAX: usize = 10_000;
/// Movements in one request that stand or fall together.
const ATOMIC_MOVEMENTS_MAX: usize = 2_000;
/// Lines of a request that are posted together where each stands for itself.
const CHUNK_LINES: usize = 256;
/// What many movements are answered with.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ManyAnswer<'a> {
    /// `atomic: true`: all of them.
    All {
        /// `success`.
        status: Success,
        /// In the order of the request.
        movements: Vec<crate::ledger::MovementView<'a>>,
    },
    /// `atomic: false`: what became of each.
    Each {
        /// `success`.
        status: Success,
        /// In the order of the request.
        results: Vec<ResultOfOne<'a>>,
        /// How many were recorded.
        succeeded: usize,
        /// How many were refused.
        failed: usize,
    },
}

/// What became of one movement among many.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResultOfOne<'a> {
    /// Its place in the request, from 0.
    index: usize,
    /// `success` or `error`.
    status: &'static str,
    /// What was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::ledger::MovementView<'a>>")]
    movement: Option<&'a RawValue>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::error::Failure>")]
    error: Option<Box<RawValue>>,
}

/// `POST /api/stock/movements`
pub async fn many(
    app: App,
    who: Can<MoveStock>,
    once: Once,
    Body(request): Body<ManyMovements, BYTES_MAX_BULK>,
) -> ApiResult<ManyReply> {
    let count = request.movements.len();
    let max = if request.atomic { ATOMIC_MOVEMENTS_MAX } else { MOVEMENTS_MAX };
    if count == 0 || count > max {
        let message = format!("1 to {max} movements can be recorded at once here.");
        return Err(ApiError::invalid("movements", message)
            .with_detail("count", count)
            .with_detail("count_max", max));
    }
    let lines = check_many(&app, &who, request.movements).await?;
    if request.atomic {
        all_or_none(&app, &who, &once, lines).await.map(ManyReply::All)
    } else {
        each_for_itself(&app, &who, &once, lines).await.map(ManyReply::Each)
    }
}

/// A line, or why there is none.
type Resolved = ApiResult<(Line, Details)>;

/// Checks all movements and finds what they point to. Malformed ones refuse the request;
/// ones that point to nothing are for the caller to judge.
async fn check_many(
    app: &App,
    who: &Principal,
    movements: Vec<TypedMovement>,
) -> ApiResult<Vec<Resolved>> {
    let now = app.clock.now();
    let mut faults = Faults::new();
    let mut checked = Vec::with_capacity(movements.len());
    let mut stores: HashMap<Option<i64>, StoreId> = HashMap::new();
    for (index, movement) in movements.into_iter().enumerate() {
        let store = match stores.get(&movement.store_id) {
            Some(store) => *store,
            None => {
                let named = movement.store_id;
                let meant = store_meant(app, who, Permission::MoveStock, named).await;
                let store = meant.map_err(|error| error.within(&format!("movements[{index}]")))?;
                stores.insert(named, store);
                store
            }
        };
        let place = format!("movements[{index}].");
        let movement = movement.check(who, store, now, &place, &mut faults);
        checked.extend(movement.map(|movement| (store, movement)));
    }
    faults.into_result()?;
    let references: Vec<&ProductRef> = checked.iter().map(|(_, c)| &c.product).collect();
    let products = catalog::resolve_all(&app.db, &references).await?;
    let mut lines = Vec::with_capacity(checked.len());
    for ((store, checked), product) in checked.into_iter().zip(products) {
        let line = match product {
            Ok(resolved) => {
                let product = resolved.product_id;
                let lot = lot(app, product, checked.lot.as_ref(), checked.kind).await;
                lot.map(|lot| joined(LevelKey { store, product, lot }, checked))
            }
            Err(error) => Err(error),
        };
        lines.push(line);
    }
    Ok(lines)
}

/// 201 for all, or nothing done.
async fn all_or_none(
    app: &App,
    who: &Principal,
    once: &Once,
    lines: Vec<Resolved>,
) -> ApiResult<Created<ManyAnswer<'static>>> {
    let mut resolved = Vec::with_capacity(lines.len());
    for (index, line) in lines.into_iter().enumerate() {
        resolved.push(line.map_err(|error| error.within(&format!("movements[{index}]")))?);
    }
    let shows_cost = sees_all_costs(who, &resolved);
    let lines: Vec<Line> = resolved.iter().map(|(line, _)| *line).collect();
    let posting = posting(who, once.row_key(who), once, Atomicity::Whole, resolved, shows_cost);
    let receipt = app.ledger.post(posting).await.map_err(|error| {
        ApiError::from_post(error, once.key(), &lines, |index| format!("movements[{index}]"))
    })?;
    let text = format!(r#"{{"status":"success","movements":{}}}"#, receipt.answer);
    Ok(replayable(Answer::from_text(text), once, &receipt))
}

/// 200 with what became of each. Long requests are posted in chunks under keys of their own,
/// so that a retry after a fault repeats what stands and does what is missing.
async fn each_for_itself(
    app: &App,
    who: &Principal,
    once: &Once,
    lines: Vec<Resolved>,
) -> ApiResult<Answer<ManyAnswer<'static>>> {
    let mut outcomes: Vec<Option<Box<RawValue>>> = Vec::with_capacity(lines.len());
    let mut places = Vec::with_capacity(lines.len());
    let mut good = Vec::with_capacity(lines.len());
    for (index, line) in lines.into_iter().enumerate() {
        match line {
            Ok(line) => {
                places.push(index);
                good.push(line);
                outcomes.push(None);
            }
            Err(error) => outcomes.push(Some(raw(&LineError::new(&error)))),
        }
    }
    let shows_cost = sees_all_costs(who, &good);
    let mut receipts = Vec::new();
    let mut good = good.into_iter().peekable();
    while good.peek().is_some() {
        let chunk: Vec<_> = good.by_ref().take(CHUNK_LINES).collect();
        let lines: Vec<Line> = chunk.iter().map(|(line, _)| *line).collect();
        let key = format!("{}#{}", once.row_key(who), receipts.len());
        let posting = posting(who, key, once, Atomicity::EachLine, chunk, shows_cost);
        let ledger = app.ledger.clone();
        let receipt = tokio::spawn(async move { ledger.post(posting).await });
        receipts.push((lines, receipt));
    }
    let mut places = places.into_iter();
    let mut last: Option<Receipt> = None;
    for (lines, receipt) in receipts {
        let outcome = receipt.await.unwrap_or(Err(PostError::Internal));
        for told in outcomes_of(&outcome, &lines, once)? {
            if let Some(place) = places.next() {
                outcomes[place] = Some(told);
            }
        }
        if let Ok(receipt) = outcome {
            let event = last.as_ref().map_or(receipt.event, |last| last.event.max(receipt.event));
            last = Some(Receipt { event, ..receipt });
        }
    }
    results(&outcomes.into_iter().flatten().collect::<Vec<_>>(), once, last.as_ref())
}

/// What a chunk's lines are told: one JSON each, a movement or `{"error":…}`.
fn outcomes_of(
    outcome: &Result<Receipt, PostError>,
    lines: &[Line],
    once: &Once,
) -> ApiResult<Vec<Box<RawValue>>> {
    match outcome {
        Ok(receipt) => serde_json::from_str(&receipt.answer).map_err(ApiError::internal),
        Err(PostError::KeyReused) => {
            Err(ApiError::from_post(PostError::KeyReused, once.key(), lines, |_| String::new()))
        }
        Err(PostError::Refused(refusals)) => Ok(refusals
            .iter()
            .filter_map(|(index, refusal)| {
                let error = crate::error::refused_line(lines.get(*index)?, refusal);
                Some(raw(&serde_json::json!({ "error": error })))
            })
            .collect()),
        Err(error) => {
            let error = ApiError::from_post(error.clone(), once.key(), lines, |_| String::new());
            Ok(lines.iter().map(|_| raw(&LineError::new(&error))).collect())
        }
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
fn results(
    outcomes: &[Box<RawValue>],
    once: &Once,
    last: Option<&Receipt>,
) -> ApiResult<Answer<ManyAnswer<'static>>> {
    #[derive(serde::Deserialize)]
    struct Told {
        error: Option<Box<RawValue>>,
    }
    let mut results = Vec::with_capacity(outcomes.len());
    for (index, outcome) in outcomes.iter().enumerate() {
        let told: Told = serde_json::from_str(outcome.get()).map_err(ApiError::internal)?;
        results.push(match told.error {
            Some(error) => {
                ResultOfOne { index, status: "error", movement: None, error: Some(error) }
            }
            None => ResultOfOne { index, status: "success", movement: Some(outcome), error: None },
        });
    }
    let succeeded = results.iter().filter(|result| result.error.is_none()).count();
    let failed = results.len() - succeeded;
    let answer = ManyAnswer::Each { status: Success::default(), results, succeeded, failed };
    let answer = Answer::of(&answer)?;
    Ok(match last {
        Some(receipt) => replayable(answer, once, receipt),
        None => answer.with_header(crate::http::once::IDEMPOTENCY_KEY, once.key()),
    })
}

fn sees_all_costs(who: &Principal, lines: &[(Line, Details)]) -> bool {
    lines.iter().all(|(line, _)| who.may(Permission::SeeCost, line.key.store))
}

/// 201 where all were to be recorded together, 200 where each for itself.
#[derive(Debug)]
pub enum ManyReply {
    /// All.
    All(Created<ManyAnswer<'static>>),
    /// Each.
    Each(Answer<ManyAnswer<'static>>),
}

impl axum::response::IntoResponse for ManyReply {
    fn into_response(self) -> axum::response::Response {
        match self {
            Self::All(answer) => answer.into_response(),
            Self::Each(answer) => answer.into_response(),
        }
    }
}

impl aide::OperationOutput for ManyReply {
    type Inner = ManyAnswer<'static>;

    fn operation_response(
        ctx: &mut aide::generate::GenContext,
        operation: &mut aide::openapi::Operation,
    ) -> Option<aide::openapi::Response> {
        Answer::<ManyAnswer<'static>, 200>::operation_response(ctx, operation)
    }

    fn inferred_responses(
        ctx: &mut aide::generate::GenContext,
        operation: &mut aide::openapi::Operation,
    ) -> Vec<(Option<u16>, aide::openapi::Response)> {
        let mut responses = Answer::<ManyAnswer<'static>, 200>::inferred_responses(ctx, operation);
        responses.extend(Created::<ManyAnswer<'static>>::inferred_responses(ctx, operation));
        responses
    }
}
