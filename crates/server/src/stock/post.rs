//! Recording movements: from a request to lines, through the ledger, to an answer.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use stockroom_domain::batch::Atomicity;
use stockroom_domain::permissions::Permission;
use stockroom_domain::stock::{Change, LevelKey, Line, MovementKind, Valuation};
use stockroom_domain::{LotId, Money, MovementId, ProductId, Quantity, StoreId};

use super::movements::{self, MovementAnswer};
use super::requests::{
    Checked, LotRef, NewMovement, Removal, Reverse, SetQuantity, SetReorderPoint, TypedMovement,
};
use super::sql;
use crate::App;
use crate::audit::Origin;
use crate::auth::{Can, MoveStock, Principal};
use crate::catalog;
use crate::error::{ApiError, ApiResult, Faults};
use crate::events::{Event, Fact};
use crate::http::once::stamped_again;
use crate::http::{
    Answer, Body, Created, IfMatch, Note, Once, PathId, Segments, Success, begin_write,
};
use crate::ledger::{self, Details, PostError, Posting, Receipt};
use crate::stores;

/// `POST /api/stock/add`
pub async fn add(
    who: Can<MoveStock>,
    app: App,
    once: Once,
    Body(new): Body<NewMovement>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    one(&app, &who, &once, new.typed(MovementKind::StockIn)).await
}

/// `POST /api/stock/sale`
pub async fn sale(
    who: Can<MoveStock>,
    app: App,
    once: Once,
    Body(new): Body<NewMovement>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    one(&app, &who, &once, new.typed(MovementKind::Sale)).await
}

/// `POST /api/stock/remove`
pub async fn remove(
    who: Can<MoveStock>,
    app: App,
    once: Once,
    Body(Removal(new)): Body<Removal>,
) -> ApiResult<Created<MovementAnswer<'static>>> {
    one(&app, &who, &once, new.typed(MovementKind::ManualRemove)).await
}

/// `POST /api/stock`
pub async fn typed(
    who: Can<MoveStock>,
    app: App,
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
    let store = stores::meant(app, who, Permission::MoveStock, new.store_id).await?;
    match line(app, who, once, store, new).await {
        Ok((line, details)) => post_one(app, who, once, line, details).await,
        Err(refusal) => repeated(app, who, once).await?.ok_or(refusal),
    }
}

/// The answer of a request that would be refused by now, if it took effect before.
async fn repeated(
    app: &App,
    who: &Principal,
    once: &Once,
) -> ApiResult<Option<Created<MovementAnswer<'static>>>> {
    let shows_cost = |store| who.may(Permission::SeeCost, store);
    let keys = (&*once.row_key(who), once.key());
    let receipt = ledger::repeated(&app.db, keys, once.fingerprint(), shows_cost).await?;
    Ok(receipt.map(|receipt| one_movement(once, &receipt)))
}

/// A failure that is of no line in particular.
pub(super) fn from_post(error: PostError, once: &Once) -> ApiError {
    ApiError::from_post(error, once.key(), &[], |_| String::new())
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
    Ok(one_movement(once, &receipt))
}

fn one_movement(once: &Once, receipt: &Receipt) -> Created<MovementAnswer<'static>> {
    let movement = receipt.answer.trim_start_matches('[').trim_end_matches(']');
    let text = format!(r#"{{"status":"success","movement":{movement}}}"#);
    let id = serde_json::from_str::<OnlyId>(movement).map_or(0, |movement| movement.id);
    let location = format!("/api/stock/movements/{id}");
    replayable(Answer::from_text(text), once, receipt).with_location(&location)
}

#[derive(serde::Deserialize)]
struct OnlyId {
    id: i64,
}

/// Adds the headers that tell of the key, the commit and a repetition.
pub(super) fn replayable<T, const STATUS: u16>(
    answer: Answer<T, STATUS>,
    once: &Once,
    receipt: &Receipt,
) -> Answer<T, STATUS> {
    stamped_again(answer, once.key(), receipt.event, receipt.replayed)
}

pub(super) fn posting(
    who: &Principal,
    key: String,
    once: &Once,
    atomicity: Atomicity,
    lines: Vec<(Line, Details)>,
    shows_cost: bool,
) -> Posting {
    let (lines, details): (Vec<Line>, Vec<Details>) = lines.into_iter().unzip();
    let mut posting = Posting::new(key, atomicity, lines, once.origin(who));
    posting.details = details;
    posting.fingerprint = once.fingerprint();
    posting.shows_cost = shows_cost;
    posting
}

/// Checks a movement and finds its product and its lot.
async fn line(
    app: &App,
    who: &Principal,
    once: &Once,
    store: StoreId,
    new: TypedMovement,
) -> ApiResult<(Line, Details)> {
    let mut faults = Faults::new();
    let checked = new.check(who, store, app.clock.now(), "", &mut faults);
    faults.into_result()?;
    let Some(checked) = checked else {
        return Err(ApiError::internal("a movement without faults was refused"));
    };
    let product = catalog::resolve(&app.db, &checked.product).await?.product_id;
    let lot = lot(app, &once.origin(who), product, checked.lot.as_ref(), checked.kind).await?;
    Ok(joined(LevelKey { store, product, lot }, checked))
}

pub(super) fn joined(key: LevelKey, checked: Checked) -> (Line, Details) {
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
pub(super) async fn lot(
    app: &App,
    origin: &Origin,
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
            let new = (code, expires_on.as_deref());
            let now = app.clock.now();
            catalog::lots::find_or_create(&app.db, now, origin.clone(), product, new).await
        }
    }
}

/// `PUT /api/stores/{id}/inventory/{product_id}`
pub async fn set_quantity(
    who: Can<MoveStock>,
    app: App,
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
    let lot = lot(&app, &once.origin(&who), product, new.lot.as_ref(), kind).await?;
    let line = Line {
        key: LevelKey { store, product, lot },
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
    who: Can<MoveStock>,
    app: App,
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
    if !stores::exists(&app, store).await? {
        return Err(ApiError::not_found("store", store.0));
    }
    catalog::require_product(&app.db, product).await?;
    let mut write = begin_write(&app, &who, &once).await?;
    let before = sql::set_reorder_point(&mut write.tx, store, product, reorder_point).await?;
    let answer = ReorderPointAnswer {
        status: Success::default(),
        store_id: store.0,
        product_id: product.0,
        reorder_point,
    };
    let event =
        Event::new("stock.reorder_point_set", "product", product.0, &answer).in_store(store);
    let fact = Fact::new(event).before(&json!({ "reorder_point": before })).after(&answer);
    write.commit(&answer, (before != reorder_point).then_some(fact)).await
}

/// `POST /api/stock/movements/{id}/reverse`
pub async fn reverse(
    who: Can<MoveStock>,
    app: App,
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
    if let Some(order) = undone.order_id {
        let message = format!(
            "This movement belongs to the order {order}: cancel the order, or take its goods back."
        );
        return Err(ApiError::conflict(crate::error::ErrorCode::InvalidState, message)
            .with_detail("order_id", order));
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
