//! Recording movements: from a request to lines, through the ledger, to an answer.

use std::collections::HashMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use stockroom_domain::batch::Atomicity;
use stockroom_domain::permissions::Permission;
use stockroom_domain::stock::{Change, LevelKey, Line, MovementKind, Valuation};
use stockroom_domain::{LotId, Money, MovementId, ProductId, Quantity, StoreId};

use super::movements::{self, MovementAnswer};
use super::requests::{
    Checked, LotRef, ManyMovements, NewMovement, Reverse, SetQuantity, SetReorderPoint,
    TypedMovement,
};
use super::{sql, store_meant};
use crate::App;
use crate::auth::{Can, MoveStock, Principal};
use crate::catalog::{self, ProductRef};
use crate::error::{ApiError, ApiResult, Faults};
use crate::events::Event;
use crate::http::body::BYTES_MAX_BULK;
use crate::http::once::{IDEMPOTENCY_REPLAYED, stamped};
use crate::http::{
    Answer, Body, Created, IfMatch, Note, Once, PathId, Segments, Success, begin_write,
};
use crate::ledger::{Details, PostError, Posting, Receipt};

/// Movements in one request.
const MOVEMENTS_MAX: usize = 10_000;
/// Movements in one request that stand or fall together.
const ATOMIC_MOVEMENTS_MAX: usize = 2_000;
/// Lines of a request that are posted together where each stands for itself.
const CHUNK_LINES: usize = 256;

/// `POST /api/stock/add`
pub async fn add(
    app: App,
    who: Can<MoveStock>,
    once: Once,
    Body(new): Body<NewMovement>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    one(&app, &who, &once, new.typed(MovementKind::StockIn)).await
}

/// `POST /api/stock/sale`
pub async fn sale(
    app: App,
    who: Can<MoveStock>,
    once: Once,
    Body(new): Body<NewMovement>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    one(&app, &who, &once, new.typed(MovementKind::Sale)).await
}

/// `POST /api/stock/remove`
pub async fn remove(
    app: App,
    who: Can<MoveStock>,
    once: Once,
    Body(new): Body<NewMovement>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    one(&app, &who, &once, new.typed(MovementKind::ManualRemove)).await
}

/// `POST /api/stock`
pub async fn typed(
    app: App,
    who: Can<MoveStock>,
    once: Once,
    Body(new): Body<TypedMovement>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    one(&app, &who, &once, new).await
}

/// Posts one movement.
async fn one(
    app: &App,
    who: &Principal,
    once: &Once,
    new: TypedMovement,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    let store = store_meant(app, who, Permission::MoveStock, new.store_id).await?;
    let mut faults = Faults::new();
    let checked = new.check(who, store, app.clock.now(), "", &mut faults);
    faults.into_result()?;
    let Some(checked) = checked else {
        return Err(ApiError::internal("a movement without faults was refused"));
    };
    let (line, details) = line(app, store, checked).await?;
    post_one(app, who, once, line, details).await
}

/// Posts a line and answers with its movement.
async fn post_one(
    app: &App,
    who: &Principal,
    once: &Once,
    line: Line,
    details: Details,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    let shows_cost = who.may(Permission::SeeCost, line.key.store);
    let posting =
        posting(who, once.row_key(who), once, Atomicity::Whole, vec![(line, details)], shows_cost);
    let receipt = app
        .ledger
        .post(posting)
        .await
        .map_err(|error| ApiError::from_post(error, once.key(), &[line], |_| String::new()))?;
    let movement = receipt.answer.trim_start_matches('[').trim_end_matches(']');
    let text = format!(r#"{{"status":"success","movement":{movement}}}"#);
    let id = serde_json::from_str::<OnlyId>(movement).map_or(0, |movement| movement.id);
    let location = format!("/api/stock/movements/{id}");
    Ok(replayable(Answer::from_text(text), once, &receipt).with_location(&location))
}

#[derive(serde::Deserialize)]
struct OnlyId {
    id: i64,
}

/// Adds the headers that tell of the key, the commit and a repetition.
fn replayable<T, const STATUS: u16>(
    answer: Answer<T, STATUS>,
    once: &Once,
    receipt: &Receipt,
) -> Answer<T, STATUS> {
    let answer = stamped(answer, once.key(), receipt.event);
    if receipt.replayed { answer.with_header(IDEMPOTENCY_REPLAYED, "true") } else { answer }
}

fn posting(
    who: &Principal,
    key: String,
    once: &Once,
    atomicity: Atomicity,
    lines: Vec<(Line, Details)>,
    shows_cost: bool,
) -> Posting {
    let (lines, details): (Vec<Line>, Vec<Details>) = lines.into_iter().unzip();
    let actor = (who.user_id, Arc::from(who.username.as_str()));
    let mut posting = Posting::new(key, atomicity, lines, actor);
    posting.details = details;
    posting.fingerprint = once.fingerprint();
    posting.shows_cost = shows_cost;
    posting
}

/// Finds the product and the lot of a checked movement.
async fn line(app: &App, store: StoreId, checked: Checked) -> ApiResult<(Line, Details)> {
    let product = catalog::resolve(&app.db, &checked.product).await?.product_id;
    let lot = lot(app, product, checked.lot.as_ref(), checked.kind).await?;
    Ok(joined(LevelKey { store, product, lot }, checked))
}

fn joined(key: LevelKey, checked: Checked) -> (Line, Details) {
    let line = Line {
        key,
        kind: checked.kind,
        change: checked.change,
        valuation: checked.valuation,
        expected_version: None,
        reverses: None,
    };
    (line, checked.details)
}

/// The lot that is meant. Goods that come in may bring a new one.
async fn lot(
    app: &App,
    product: ProductId,
    lot: Option<&LotRef>,
    kind: MovementKind,
) -> ApiResult<LotId> {
    let Some(lot) = lot else { return Ok(LotId::NONE) };
    let expires_on = lot.expires_on.map(|day| day.0.to_string());
    let code = lot.code.as_str();
    match kind {
        MovementKind::Sale | MovementKind::ManualRemove => {
            catalog::lots::find(&app.db, product, code, expires_on.as_deref()).await
        }
        _ => {
            catalog::lots::find_or_create(&app.db, app.clock.now(), product, code, expires_on).await
        }
    }
}

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

/// `PUT /api/stores/{id}/inventory/{product_id}`
pub async fn set_quantity(
    app: App,
    who: Can<MoveStock>,
    Segments(place): Segments<StockPlace>,
    once: Once,
    if_match: IfMatch,
    Body(new): Body<SetQuantity>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    let store = StoreId(place.id);
    who.require_store(Permission::MoveStock, store)?;
    if new.quantity.0.is_negative() {
        return Err(ApiError::invalid("quantity", "A quantity on hand is not below zero."));
    }
    let product = ProductId(place.product_id);
    let kind = MovementKind::CountAdjustment;
    let line = Line {
        key: LevelKey { store, product, lot: lot(&app, product, new.lot.as_ref(), kind).await? },
        kind,
        change: Change::To(new.quantity.0),
        valuation: Valuation::Usual,
        expected_version: if_match.version()?,
        reverses: None,
    };
    let details = Details {
        reason: Some(new.reason.name().to_owned()),
        note: new.note.map(Note::into_string),
        ..Details::default()
    };
    post_one(&app, &who, &once, line, details).await
}

/// A product in a store.
#[derive(Debug, serde::Deserialize, JsonSchema)]
pub struct StockPlace {
    /// The store.
    id: i64,
    /// The product.
    product_id: i64,
}

/// A reorder point as it was set.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReorderPointAnswer {
    status: Success,
    /// The store.
    store_id: i64,
    /// The product.
    product_id: i64,
    /// The store's own; null where the product's holds.
    #[schemars(with = "Option<f64>")]
    reorder_point: Option<Quantity>,
}

/// `PUT /api/stores/{id}/inventory/{product_id}/reorder-point`
pub async fn set_reorder_point(
    app: App,
    who: Can<MoveStock>,
    Segments(place): Segments<StockPlace>,
    once: Once,
    Body(new): Body<SetReorderPoint>,
) -> ApiResult<Answer<ReorderPointAnswer>> {
    let (store, product) = (StoreId(place.id), ProductId(place.product_id));
    who.require_store(Permission::MoveStock, store)?;
    let reorder_point = new.reorder_point.map(|point| point.0);
    if reorder_point.is_some_and(Quantity::is_negative) {
        return Err(ApiError::invalid("reorder_point", "A reorder point is not below zero."));
    }
    if !crate::stores::exists(&app, store).await? {
        return Err(ApiError::not_found("store", store.0));
    }
    catalog::require_product(&app.db, product).await?;
    let mut write = begin_write(&app, &who, &once).await?;
    sql::set_reorder_point(&mut write.tx, store, product, reorder_point).await?;
    let answer = ReorderPointAnswer {
        status: Success::default(),
        store_id: store.0,
        product_id: product.0,
        reorder_point,
    };
    let event =
        Event::new("stock.reorder_point_set", "product", product.0, &answer).in_store(store);
    write.commit(&answer, &[event]).await
}

/// `POST /api/stock/movements/{id}/reverse`
pub async fn reverse(
    app: App,
    who: Can<MoveStock>,
    PathId(id): PathId,
    once: Once,
    Body(request): Body<Reverse>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    let undone = movements::find(&app, &who, id).await?;
    let store = StoreId(undone.store_id);
    who.require_store(Permission::MoveStock, store)?;
    if undone.kind == MovementKind::Reversal.name() {
        return Err(ApiError::conflict(
            crate::error::ErrorCode::InvalidState,
            "A reversal cannot be reversed: record the movement anew.",
        ));
    }
    let quantity = -Quantity::from_thousandths(undone.quantity);
    let valuation = if quantity.is_positive() {
        Valuation::Total(Money::from_cents(-undone.value))
    } else {
        Valuation::Usual
    };
    let line = Line {
        key: LevelKey { store, product: ProductId(undone.product_id), lot: LotId(undone.lot_id) },
        kind: MovementKind::Reversal,
        change: Change::By(quantity),
        valuation,
        expected_version: None,
        reverses: Some(MovementId(undone.id)),
    };
    let details = Details {
        note: request.note.map(Note::into_string),
        reference: undone.reference,
        ..Details::default()
    };
    post_one(&app, &who, &once, line, details).await
}
