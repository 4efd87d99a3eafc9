//! Reading levels: what is on hand, now or at any past instant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom_domain::permissions::Permission;
use stockroom_domain::{Quantity, StoreId};

use super::sql::{self, LevelFilter, LevelPosition, LevelRow};
use crate::App;
use crate::auth::{Can, Principal, ReadStock, Scope};
use crate::clock::Rfc3339;
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult};
use crate::http::csv::or_empty;
use crate::http::list::ListRequest;
use crate::http::{
    Answer, Asked, Day, List, ListAnswer, Page, PathId, Sku, Success, Text, Total, WireTime,
};
use crate::ledger::LotView;

/// Which levels.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LevelParams {
    /// Only in these stores.
    store_id: Vec<i64>,
    /// Only of these products.
    product_id: Vec<i64>,
    /// Only of the products with these SKUs.
    sku: Vec<Sku>,
    /// Only of products in these categories.
    category: Vec<Text<100>>,
    /// Words in the product's name or SKU.
    q: Option<Text<200>>,
    /// Only products whose stock in the store is below their reorder point; not with `as_of`.
    below_reorder_point: bool,
    /// Only lots on hand that expire before this day.
    expiring_before: Option<Day>,
    /// At this instant instead of now, inclusive. Asking again gives the same answer. An
    /// instant within the last 2 s is waited for; the future is refused.
    as_of: Option<WireTime>,
}

/// Which levels of one store.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InventoryParams {
    /// Only of these products.
    product_id: Vec<i64>,
    /// Only of the products with these SKUs.
    sku: Vec<Sku>,
    /// Only of products in these categories.
    category: Vec<Text<100>>,
    /// Words in the product's name or SKU.
    q: Option<Text<200>>,
    /// Only products whose stock is below their reorder point; not with `as_of`.
    below_reorder_point: bool,
    /// Only lots on hand that expire before this day.
    expiring_before: Option<Day>,
    /// At this instant instead of now, inclusive.
    as_of: Option<WireTime>,
}

/// What is on hand of one product (and lot) in one store.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Level")]
pub struct LevelView<'a> {
    /// Where.
    store_id: i64,
    /// What.
    product_id: i64,
    /// The product's SKU.
    sku: &'a str,
    /// The product's name.
    name: &'a str,
    /// What quantities of it count: `each`, `kg`, `l` or `m`.
    unit: &'a str,
    /// Which lot, if the product's lots are tracked.
    lot: Option<LotView<'a>>,
    /// In the product's unit.
    #[schemars(with = "f64")]
    on_hand: Quantity,
    /// Below it, the product is to be ordered: the store's own, or the product's.
    #[schemars(with = "Option<f64>")]
    reorder_point: Option<Quantity>,
    /// How many movements made this level; for `If-Match`.
    version: i64,
    /// When it last changed. Left out as of a past instant after which it has changed again.
    updated_at: Option<Rfc3339>,
}

/// Levels.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Levels<'a> {
    status: Success,
    levels: Vec<LevelView<'a>>,
    /// The instant that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Rfc3339>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// `GET /api/stock/current`
pub async fn current(
    who: Can<ReadStock>,
    app: App,
    Asked(params, request): Asked<LevelParams>,
) -> ApiResult<ListAnswer<Levels<'static>>> {
    let scope = who.scope_within(Permission::ReadStock, &params.store_id)?;
    let filter = at(&app, params.filter(), params.as_of.as_ref()).await?;
    list(&app, &who, OnHand { scope, filter }, request).await
}

/// `GET /api/stores/{id}/inventory`
pub async fn inventory(
    who: Can<ReadStock>,
    app: App,
    PathId(store): PathId,
    Asked(params, request): Asked<InventoryParams>,
) -> ApiResult<ListAnswer<Levels<'static>>> {
    let store = StoreId(store);
    require_existing(&app, &who, store).await?;
    let scope = Scope::Stores(vec![store]);
    let filter = at(&app, params.filter(), params.as_of.as_ref()).await?;
    list(&app, &who, OnHand { scope, filter }, request).await
}

async fn require_existing(app: &App, who: &Principal, store: StoreId) -> ApiResult<()> {
    who.require_store(Permission::ReadStock, store)?;
    if crate::stores::exists(app, store).await? {
        Ok(())
    } else {
        Err(ApiError::not_found("store", store.0))
    }
}

/// The filter as of an instant, which has to be over: what is asked again is answered the same.
async fn at(
    app: &App,
    mut filter: LevelFilter,
    as_of: Option<&WireTime>,
) -> ApiResult<LevelFilter> {
    let Some(WireTime(instant)) = as_of else { return Ok(filter) };
    let settled = app.fence.settle(&app.db, &app.clock, *instant).await?;
    settled.map_err(|_| {
        ApiError::invalid("as_of", "This lies in the future, of which nothing is known yet.")
    })?;
    filter.as_of = Some(*instant);
    if filter.below_reorder_point {
        return Err(ApiError::invalid(
            "below_reorder_point",
            "Reorder points are those of now: leave out this filter, or as_of.",
        ));
    }
    Ok(filter)
}

async fn list(
    app: &App,
    who: &Principal,
    on_hand: OnHand,
    request: ListRequest,
) -> ApiResult<ListAnswer<Levels<'static>>> {
    let as_of = on_hand.filter.as_of.map(Rfc3339);
    let answer = |page: Page<LevelRow>| {
        let levels = page.entries.iter().map(view).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::of(&Levels { status: Success::default(), levels, as_of, next_cursor, total })
    };
    request.answer(app, who, on_hand, answer).await
}

/// The levels that a caller asks for and may see.
struct OnHand {
    scope: Scope,
    filter: LevelFilter,
}

impl List for OnHand {
    type Entry = LevelRow;
    type Position = LevelPosition;

    const NAME: &'static str = "levels";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<LevelPosition>,
        limit: i64,
    ) -> ApiResult<Vec<LevelRow>> {
        Ok(sql::levels(db, &self.scope, &self.filter, after, limit).await?)
    }

    fn position(&self, row: &LevelRow) -> LevelPosition {
        row.position()
    }

    fn all(&self, db: &Conn<'_>) -> Select {
        sql::all_levels(db, &self.scope, &self.filter)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "store_id",
            "product_id",
            "sku",
            "name",
            "unit",
            "lot",
            "expires_on",
            "on_hand",
            "reorder_point",
            "version",
            "updated_at",
        ]
    }

    fn cells(&self, row: LevelRow) -> Vec<String> {
        let level = view(&row);
        vec![
            level.store_id.to_string(),
            level.product_id.to_string(),
            level.sku.to_owned(),
            level.name.to_owned(),
            level.unit.to_owned(),
            or_empty(level.lot.map(|lot| lot.code)),
            or_empty(level.lot.and_then(|lot| lot.expires_on)),
            level.on_hand.to_string(),
            or_empty(level.reorder_point),
            level.version.to_string(),
            or_empty(level.updated_at),
        ]
    }
}

/// A level as the API shows it.
fn view(row: &LevelRow) -> LevelView<'_> {
    LevelView {
        store_id: row.store_id,
        product_id: row.product_id,
        sku: &row.sku,
        name: &row.name,
        unit: &row.unit,
        lot: row
            .lot_code
            .as_deref()
            .map(|code| LotView { code, expires_on: row.expires_on.as_deref() }),
        on_hand: Quantity::from_thousandths(row.on_hand),
        reorder_point: row.reorder_point.map(Quantity::from_thousandths),
        version: row.version,
        updated_at: row.updated_at(),
    }
}

macro_rules! filter {
    ($params:ty) => {
        impl $params {
            fn filter(&self) -> LevelFilter {
                LevelFilter {
                    product_ids: self.product_id.clone(),
                    sku_keys: self.sku.iter().map(Text::key).collect(),
                    categories: self.category.iter().map(ToString::to_string).collect(),
                    words: self.q.as_ref().map(Text::key),
                    below_reorder_point: self.below_reorder_point,
                    expiring_before: self.expiring_before.map(|day| day.0.to_string()),
                    as_of: None,
                }
            }
        }
    };
}
filter!(LevelParams);
filter!(InventoryParams);
