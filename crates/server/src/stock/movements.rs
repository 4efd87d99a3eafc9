//! Reading the ledger: movements, newest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Permission;

use super::requests::Kind;
use super::sql::{self, MovementFilter};
use super::visible;
use crate::App;
use crate::auth::{Can, Principal, ReadStock};
use crate::error::{ApiError, ApiResult};
use crate::http::{Answer, Cursor, Limit, Paging, Params, PathId, Success, Text, WireTime};
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
    /// At most so many.
    #[serde(skip_serializing)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing)]
    cursor: Option<Cursor>,
}

/// Movements, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Movements<'a> {
    status: Success,
    movements: Vec<MovementView<'a>>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
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
    Params(params): Params<MovementParams>,
) -> ApiResult<Answer<Movements<'static>>> {
    let scope = visible(&who, Permission::ReadStock, &params.store_id)?;
    let paging: Paging<i64> =
        Paging::new(who.user_id, "movements", &params, params.limit, params.cursor.as_ref())?;
    let filter = MovementFilter {
        id: None,
        product_ids: params.product_id,
        kinds: params.kind.iter().map(|kind| kind.0.name()).collect(),
        from: params.from.map(|from| from.0),
        to: params.to.map(|to| to.0),
        reference: params.reference.map(Text::into_string),
        actor_ids: params.actor_id,
    };
    let mut reader = app.db.read().await?;
    let rows =
        sql::movements((&mut reader).into(), &scope, &filter, paging.after, paging.limit.fetch())
            .await?;
    drop(reader);
    let (rows, next_cursor) = paging.finish(rows, |row| row.id)?;
    let movements = rows.iter().map(|row| row.view(shows_cost(&who, row))).collect();
    Answer::of(&Movements { status: Success::default(), movements, next_cursor })
}

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
    rows.into_iter().next().ok_or_else(|| ApiError::not_found("movement", id))
}

fn shows_cost(who: &Principal, row: &MovementRow) -> bool {
    who.may(Permission::SeeCost, StoreId(row.store_id))
}
