//! Reading the ledger: movements, newest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Permission;

use super::requests::Kind;
use super::sql::{self, MovementFilter};
use crate::App;
use crate::auth::{Can, Principal, ReadStock, Scope};
use crate::db::{Conn, Select};
use crate::error::ApiResult;
use crate::http::csv::or_empty;
use crate::http::{Answer, Asked, List, ListAnswer, Page, PathId, Success, Text, Total, WireTime};
use crate::ledger::{MovementRow, MovementView};

/// Which movements.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MovementParams {
    /// Only in these stores.
    store_id: Vec<i64>,
    /// Only of these products.
    product_id: Vec<i64>,
    /// Only of these types.
    #[serde(rename = "type")]
    kind: Vec<Kind>,
    /// Recorded at this instant or later.
    from: Option<WireTime>,
    /// Recorded before this instant.
    to: Option<WireTime>,
    /// Only with this document's number.
    reference: Option<Text<200>>,
    /// Only by these users.
    actor_id: Vec<i64>,
    /// Only for these orders.
    order_id: Vec<i64>,
}

/// Movements, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Movements<'a> {
    status: Success,
    movements: Vec<MovementView<'a>>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// One movement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MovementAnswer<'a> {
    status: Success,
    movement: MovementView<'a>,
}

/// `GET /api/stock/movements`
pub async fn list(
    who: Can<ReadStock>,
    app: App,
    Asked(params, request): Asked<MovementParams>,
) -> ApiResult<ListAnswer<Movements<'static>>> {
    let scope = who.scope_within(Permission::ReadStock, &params.store_id)?;
    let costs = who.scope(Permission::SeeCost);
    let filter = MovementFilter {
        id: None,
        product_ids: params.product_id,
        kinds: params.kind.iter().map(|kind| kind.0.name()).collect(),
        from: params.from.map(|from| from.0),
        to: params.to.map(|to| to.0),
        reference: params.reference.map(Text::into_string),
        actor_ids: params.actor_id,
        order_ids: params.order_id,
    };
    let ledger = Ledger { scope, filter, costs: costs.clone() };
    let answer = |page: Page<MovementRow>| {
        let shows_cost = |row: &MovementRow| costs.has(StoreId(row.store_id));
        let movements = page.entries.iter().map(|row| row.view(shows_cost(row))).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::of(&Movements { status: Success::default(), movements, next_cursor, total })
    };
    request.answer(&app, &who, ledger, answer).await
}

/// The movements that a caller asks for and may see.
struct Ledger {
    scope: Scope,
    filter: MovementFilter,
    /// Where the caller sees costs.
    costs: Scope,
}

impl List for Ledger {
    type Entry = MovementRow;
    type Position = i64;

    const NAME: &'static str = "movements";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<MovementRow>> {
        Ok(sql::movements(db, &self.scope, &self.filter, after, limit).await?)
    }

    fn position(&self, row: &MovementRow) -> i64 {
        row.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all_movements(&self.scope, &self.filter)
    }

    fn columns(&self) -> Vec<&'static str> {
        let columns = CSV_COLUMNS.into_iter();
        columns.filter(|column| !self.costs.is_empty() || *column != "unit_cost").collect()
    }

    fn cells(&self, row: MovementRow) -> Vec<String> {
        let movement = row.view(self.costs.has(StoreId(row.store_id)));
        let lot = movement.lot;
        let mut cells = vec![
            movement.id.to_string(),
            movement.kind.to_owned(),
            movement.store_id.to_string(),
            movement.product_id.to_string(),
            movement.sku.to_owned(),
            or_empty(lot.map(|lot| lot.code)),
            or_empty(lot.and_then(|lot| lot.expires_on)),
            movement.quantity.to_string(),
            movement.balance.to_string(),
            movement.version.to_string(),
            or_empty(movement.reason),
            or_empty(movement.note),
            or_empty(movement.reference),
        ];
        if !self.costs.is_empty() {
            cells.push(or_empty(movement.unit_cost));
        }
        cells.extend([
            or_empty(movement.order_id),
            or_empty(movement.reverses),
            or_empty(movement.reversed_by),
            movement.actor.id.to_string(),
            movement.actor.username.to_owned(),
            movement.effective_at.to_string(),
            movement.recorded_at.to_string(),
        ]);
        cells
    }
}

const CSV_COLUMNS: [&str; 21] = [
    "id",
    "type",
    "store_id",
    "product_id",
    "sku",
    "lot",
    "expires_on",
    "quantity",
    "balance",
    "version",
    "reason",
    "note",
    "reference",
    "unit_cost",
    "order_id",
    "reverses",
    "reversed_by",
    "actor_id",
    "actor",
    "effective_at",
    "recorded_at",
];

/// `GET /api/stock/movements/{id}`
pub async fn get(
    who: Can<ReadStock>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<MovementAnswer<'static>>> {
    let row = find(&app, &who, id).await?;
    let movement = row.view(shows_cost(&who, &row));
    Answer::of(&MovementAnswer { status: Success::default(), movement })
}

/// The movement of that id, in a store whose stock the caller may read.
pub(super) async fn find(app: &App, who: &Principal, id: i64) -> ApiResult<MovementRow> {
    let scope = who.scope(Permission::ReadStock);
    let filter = MovementFilter { id: Some(id), ..MovementFilter::default() };
    let mut reader = app.db.read().await?;
    let rows = sql::movements((&mut reader).into(), &scope, &filter, None, 1).await?;
    rows.into_iter().next().ok_or_else(|| who.not_found("movement", id))
}

fn shows_cost(who: &Principal, row: &MovementRow) -> bool {
    who.may(Permission::SeeCost, StoreId(row.store_id))
}
