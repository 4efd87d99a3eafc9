//! `GET /api/inventory/alerts`: what people should look after.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom_domain::permissions::Permission;
use stockroom_domain::{Quantity, StoreId, Timestamp};

use super::judge::Kind;
use super::sql::{self, AlertRow};
use crate::App;
use crate::auth::{Can, MoveStock, ReadStock, Scope};
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{Event, Fact};
use crate::http::csv::or_empty;
use crate::http::{
    Answer, Asked, Body, ETag, IfMatch, List, ListAnswer, Note, Once, Page, PathId, Success, Total,
    WireTime, begin_write,
};

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nobody has seen to it yet.
    Open,
    /// Someone has.
    Acknowledged,
    /// It is not so any more.
    Cleared,
}

/// The lot that an alert is about.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertLot {
    /// The lot's code, as printed on the goods.
    code: String,
    /// Its last day.
    expires_on: Option<String>,
}

/// Who has seen to an alert.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Acknowledgement {
    /// When.
    at: WireTime,
    /// Who.
    user_id: i64,
    /// Their name.
    username: String,
    /// What they noted.
    note: Option<String>,
}

/// Something that people should know of a product's stock in a store.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Alert")]
pub struct AlertView {
    /// Which.
    id: i64,
    /// What it says: `low_stock`, `out_of_stock` or `expiring`.
    kind: String,
    /// Where it stands.
    state: AlertState,
    /// Where.
    store_id: i64,
    /// Of what.
    product_id: i64,
    /// The product's SKU.
    sku: String,
    /// The product's name.
    name: String,
    /// What quantities of it count: `each`, `kg`, `l` or `m`.
    unit: String,
    /// Of which lot, where it is about one.
    lot: Option<AlertLot>,
    /// What is on hand now, of the lot where it is about one.
    #[schemars(with = "f64")]
    on_hand: Quantity,
    /// The product's reorder point in the store now.
    #[schemars(with = "Option<f64>")]
    reorder_point: Option<Quantity>,
    /// Since when it is so.
    raised_at: WireTime,
    /// Until when it was so.
    cleared_at: Option<WireTime>,
    /// Who has seen to it.
    acknowledged: Option<Acknowledgement>,
    /// Rises by one with each change.
    version: i64,
}

/// One alert.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertAnswer {
    status: Success,
    alert: AlertView,
}

/// Alerts, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertList {
    status: Success,
    alerts: Vec<AlertView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which alerts.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertFilter {
    /// Only in these stores.
    store_id: Vec<i64>,
    /// Only of these products.
    pub(super) product_id: Vec<i64>,
    /// Only of these kinds.
    pub(super) kind: Vec<Kind>,
    /// Only where they stand so; unless stated, all that are not cleared.
    pub(super) state: Option<AlertState>,
}

/// What whoever sees to an alert has to say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({ "note": "ordered by telephone" }))]
pub struct AcknowledgeRequest {
    /// Free text.
    note: Option<Note>,
}

impl AlertRow {
    fn view(self) -> AlertView {
        let time = |at: i64| WireTime(Timestamp(at));
        let state = match (self.cleared_at, self.acknowledged_at) {
            (Some(_), _) => AlertState::Cleared,
            (None, Some(_)) => AlertState::Acknowledged,
            (None, None) => AlertState::Open,
        };
        let acknowledged = self.acknowledged_at.zip(self.acknowledged_by);
        AlertView {
            id: self.id,
            kind: self.kind,
            state,
            store_id: self.store_id,
            product_id: self.product_id,
            sku: self.sku,
            name: self.name,
            unit: self.unit,
            lot: self.lot_code.map(|code| AlertLot { code, expires_on: self.expires_on }),
            on_hand: Quantity::from_thousandths(self.on_hand),
            reorder_point: self.reorder_point.map(Quantity::from_thousandths),
            raised_at: time(self.raised_at),
            cleared_at: self.cleared_at.map(time),
            acknowledged: acknowledged.map(|(at, user_id)| Acknowledgement {
                at: time(at),
                user_id,
                username: self.acknowledger.unwrap_or_default(),
                note: self.note,
            }),
            version: self.version,
        }
    }
}

/// `GET /api/inventory/alerts`
pub async fn list(
    who: Can<ReadStock>,
    app: App,
    Asked(filter, request): Asked<AlertFilter>,
) -> ApiResult<ListAnswer<AlertList>> {
    let scope = who.scope_within(Permission::ReadStock, &filter.store_id)?;
    let answer = |page: Page<AlertRow>| {
        let Page { entries, next_cursor, total } = page;
        let alerts = entries.into_iter().map(AlertRow::view).collect();
        Answer::new(&AlertList { status: Success::Success, alerts, next_cursor, total })
    };
    request.answer(&app, &who, Alerts { scope, filter }, answer).await
}

/// `GET /api/inventory/alerts/{id}`
pub async fn get(
    who: Can<ReadStock>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<AlertAnswer>> {
    let scope = who.scope(Permission::ReadStock);
    let found = sql::find(Conn::from(&mut app.db.read().await?), &scope, id).await?;
    let alert = found.ok_or_else(|| who.not_found("alert", id))?;
    let tag = ETag(alert.version);
    let answer = AlertAnswer { status: Success::Success, alert: alert.view() };
    Ok(Answer::new(&answer)?.with_etag(tag))
}

/// `POST /api/inventory/alerts/{id}/acknowledge`
pub async fn acknowledge(
    who: Can<MoveStock>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(request): Body<AcknowledgeRequest>,
) -> ApiResult<Answer<AlertAnswer>> {
    let scope = who.scope(Permission::ReadStock);
    let mut write = begin_write(&app, &who, &once).await?;
    let before = sql::find(Conn::from(&mut write.tx), &scope, id).await?;
    let before = before.ok_or_else(|| who.not_found("alert", id))?;
    let store = StoreId(before.store_id);
    who.require_store(Permission::MoveStock, store)?;
    if_match.check(before.version)?;
    let note = request.note.map(Note::into_string);
    let by = (who.user_id, note.as_deref());
    let is_first = sql::acknowledge(&mut write.tx, id, by, write.now).await?;
    let after = sql::find(Conn::from(&mut write.tx), &scope, id).await?;
    let after = after.ok_or_else(|| who.not_found("alert", id))?;
    if after.cleared_at.is_some() {
        let message = "This alert is cleared: there is nothing left to see to.";
        return Err(
            ApiError::conflict(ErrorCode::InvalidState, message).with_detail("state", "cleared")
        );
    }
    let data = json!({ "kind": after.kind, "product_id": after.product_id });
    let tag = ETag(after.version);
    let alert = after.view();
    let fact = is_first.then(|| {
        let event = Event::new("alert.acknowledged", "alert", id, &data).in_store(store);
        Fact::new(event).before(&before.view()).after(&alert)
    });
    let answer = AlertAnswer { status: Success::Success, alert };
    Ok(write.commit(&answer, fact).await?.with_etag(tag))
}

/// The alerts that a caller asks for and may see.
struct Alerts {
    scope: Scope,
    filter: AlertFilter,
}

impl List for Alerts {
    type Entry = AlertRow;
    type Position = i64;

    const NAME: &'static str = "alerts";

    async fn entries(
        &self,
        db: Conn<'_>,
        before: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<AlertRow>> {
        Ok(sql::page(db, &self.scope, &self.filter, before, limit).await?)
    }

    fn position(&self, row: &AlertRow) -> i64 {
        row.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(&self.scope, &self.filter)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "kind",
            "store_id",
            "product_id",
            "sku",
            "name",
            "lot",
            "expires_on",
            "on_hand",
            "reorder_point",
            "raised_at",
            "cleared_at",
            "acknowledged_at",
            "acknowledged_by",
            "note",
        ]
    }

    fn cells(&self, row: AlertRow) -> Vec<String> {
        let alert = row.view();
        let lot = alert.lot.as_ref();
        let acknowledged = alert.acknowledged.as_ref();
        vec![
            alert.id.to_string(),
            alert.kind,
            alert.store_id.to_string(),
            alert.product_id.to_string(),
            alert.sku,
            alert.name,
            or_empty(lot.map(|lot| &lot.code)),
            or_empty(lot.and_then(|lot| lot.expires_on.as_ref())),
            alert.on_hand.to_string(),
            or_empty(alert.reorder_point),
            alert.raised_at.to_string(),
            or_empty(alert.cleared_at),
            or_empty(acknowledged.map(|by| by.at)),
            or_empty(acknowledged.map(|by| &by.username)),
            or_empty(acknowledged.and_then(|by| by.note.as_ref())),
        ]
    }
}
