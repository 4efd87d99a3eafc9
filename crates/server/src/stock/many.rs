//! Many movements in one request: all or none, or each for itself ([`super::bulk`]).

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use stockroom_domain::StoreId;
use stockroom_domain::batch::Atomicity;
use stockroom_domain::permissions::Permission;
use stockroom_domain::stock::{LevelKey, Line};

use super::bulk;
use super::post::{from_post, joined, lot, posting, replayable};
use super::requests::{ManyMovements, TypedMovement};
use crate::App;
use crate::auth::{Can, MoveStock, Principal};
use crate::catalog::{self, ProductRef};
use crate::error::{ApiError, ApiResult, Faults};
use crate::http::body::BYTES_MAX_BULK;
use crate::http::{Answer, Body, Created, Once, Success};
use crate::ledger::{Details, Effects, KeyLife, Receipt};
use crate::stores;

/// Movements in one request.
const MOVEMENTS_MAX: usize = 10_000;
/// Movements in one request that stand or fall together.
const ATOMIC_MOVEMENTS_MAX: usize = 2_000;
/// Lines of a request that are posted together where each stands for itself.
pub(super) const CHUNK_LINES: usize = 256;

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
    pub(super) index: usize,
    /// `success` or `error`.
    pub(super) status: &'static str,
    /// What was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::ledger::MovementView<'a>>")]
    pub(super) movement: Option<&'a RawValue>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::error::Failure>")]
    pub(super) error: Option<Box<RawValue>>,
}

/// `POST /api/stock/movements`
pub async fn many(
    who: Can<MoveStock>,
    app: App,
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
    // One for all, and one for each chunk that there could be.
    let key = once.row_key(&who);
    let chunk_keys = (0..MOVEMENTS_MAX.div_ceil(CHUNK_LINES)).map(|chunk| chunk_key(&key, chunk));
    let keys: Vec<String> = std::iter::once(key.clone()).chain(chunk_keys).collect();
    let effects = Effects::find(&app.db, &keys, once.fingerprint()).await?;
    effects.refuse_reuse().map_err(|error| from_post(error, &once))?;
    let shows_cost = |store| who.may(Permission::SeeCost, store);
    if request.atomic {
        if let Some(receipt) = effects.of(&key, shows_cost) {
            return Ok(ManyReply::All(all_movements(&once, &receipt)));
        }
        let lines = check_many(&app, &who, &once, request.movements).await?;
        all_or_none(&app, &who, &once, lines).await.map(ManyReply::All)
    } else {
        let chunks = keys[1..].iter().take(count.div_ceil(CHUNK_LINES));
        if let Some(receipts) =
            chunks.map(|key| effects.of(key, shows_cost)).collect::<Option<Vec<_>>>()
        {
            return bulk::repeated(&once, &receipts).map(ManyReply::Each);
        }
        let lines = check_many(&app, &who, &once, request.movements).await?;
        bulk::each_for_itself(&app, &who, &once, lines).await.map(ManyReply::Each)
    }
}

/// The key of a part of a long request.
pub(super) fn chunk_key(key: &str, chunk: usize) -> String {
    format!("{key}#{chunk}")
}

/// A line, or why there is none.
pub(super) type Resolved = ApiResult<(Line, Details)>;

/// Checks all movements and finds what they point to. Malformed ones refuse the request;
/// ones that point to nothing are for the caller to judge.
async fn check_many(
    app: &App,
    who: &Principal,
    once: &Once,
    movements: Vec<TypedMovement>,
) -> ApiResult<Vec<Resolved>> {
    let origin = once.origin(who);
    let now = app.clock.now();
    let mut faults = Faults::new();
    let mut checked = Vec::with_capacity(movements.len());
    let mut stores: HashMap<Option<i64>, StoreId> = HashMap::new();
    for (index, movement) in movements.into_iter().enumerate() {
        let store = match stores.get(&movement.store_id) {
            Some(store) => *store,
            None => {
                let named = movement.store_id;
                let meant = stores::meant(app, who, Permission::MoveStock, named).await;
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
                let lot = lot(app, &origin, product, checked.lot.as_ref(), checked.kind).await;
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
    let mut posting = posting(who, once.row_key(who), once, Atomicity::Whole, resolved, shows_cost);
    posting.key_life = KeyLife::Ever;
    let receipt = app.ledger.post(posting).await.map_err(|error| {
        ApiError::from_post(error, once.key(), &lines, |index| format!("movements[{index}]"))
    })?;
    Ok(all_movements(once, &receipt))
}

fn all_movements(once: &Once, receipt: &Receipt) -> Created<ManyAnswer<'static>> {
    let text = format!(r#"{{"status":"success","movements":{}}}"#, receipt.answer);
    replayable(Answer::from_text(text), once, receipt)
}

pub(super) fn sees_all_costs(who: &Principal, lines: &[(Line, Details)]) -> bool {
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
