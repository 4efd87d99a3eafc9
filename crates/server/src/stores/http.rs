//! Stores over HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Permission;

use super::store::{Details, Store, StoreAnswer, StoreCode, StoreInput, StorePatch, StoreView};
use super::{sql, visible};
use crate::App;
use crate::auth::{Can, EditStores, Principal, ReadCatalog, Scope};
use crate::db::{Conn, Fault, Select, Tx, fault};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{Event, Fact};
use crate::http::csv::or_empty;
use crate::http::sort::{Order, Position, SortValue};
use crate::http::{
    Answer, Asked, Body, Created, Done, ETag, IfMatch, List, ListAnswer, Once, Page, PathId,
    Success, Text, Total, Write, begin_write,
};

/// How many products a refusal names.
const PRODUCTS_NAMED_MAX: i64 = 20;

/// Which stores, in which order.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreFilter {
    /// Words that occur in the name or the code, in any case.
    pub q: Option<Text<200>>,
    /// With one of these codes, in any case.
    #[serde(default)]
    pub code: Vec<StoreCode>,
    /// Deleted ones too.
    #[serde(default)]
    pub include_deleted: bool,
    /// The order; a `-` in front turns it round.
    #[serde(default)]
    pub sort: StoreSort,
}

/// An order of stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum StoreSort {
    /// By code.
    #[default]
    #[serde(rename = "code")]
    Code,
    /// By code, backwards.
    #[serde(rename = "-code")]
    CodeDescending,
    /// Oldest first.
    #[serde(rename = "created_at")]
    CreatedAt,
    /// Newest first.
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
}

/// One page of stores.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreList {
    /// It worked.
    pub status: Success,
    /// The stores.
    pub stores: Vec<StoreView>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
}

impl StoreSort {
    /// The order in SQL. Leans on `stores_code`, or sorts: a chain has hundreds, not millions.
    pub(super) const fn order(self) -> Order {
        match self {
            Self::Code => Order::text("s.code_key", "s.id"),
            Self::CodeDescending => Self::Code.order().descending(),
            Self::CreatedAt => Order::number("s.created_at", "s.id"),
            Self::CreatedAtDescending => Self::CreatedAt.order().descending(),
        }
    }

    fn position(self, store: &Store) -> Position {
        let value = match self {
            Self::Code | Self::CodeDescending => SortValue::Text(store.details.code_key.clone()),
            Self::CreatedAt | Self::CreatedAtDescending => SortValue::Number(store.created_at.0),
        };
        Position { value, id: store.id.0 }
    }
}

/// Lists the stores that the caller can see.
///
/// # Errors
/// 400 for filters and cursors that are none.
pub async fn list(
    who: Can<ReadCatalog>,
    app: App,
    Asked(filter, request): Asked<StoreFilter>,
) -> ApiResult<ListAnswer<StoreList>> {
    let list = Stores { scope: visible(&who), filter };
    let answer = |page: Page<Store>| {
        let stores = page.entries.into_iter().map(StoreView::from).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&StoreList { status: Success::Success, stores, next_cursor, total })
    };
    request.answer(&app, &who, list, answer).await
}

/// The stores that a caller asks for and can see.
pub(super) struct Stores {
    pub(super) scope: Scope,
    pub(super) filter: StoreFilter,
}

impl List for Stores {
    type Entry = Store;
    type Position = Position;

    const NAME: &'static str = "stores";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<Position>,
        limit: i64,
    ) -> ApiResult<Vec<Store>> {
        Ok(sql::page(db, self, after.as_ref(), limit).await?)
    }

    fn position(&self, store: &Store) -> Position {
        self.filter.sort.position(store)
    }

    fn has_position(&self, position: &Position) -> bool {
        self.filter.sort.order().has(position)
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "code",
            "name",
            "address",
            "phone",
            "time_zone",
            "day_cut_hour",
            "is_deleted",
            "version",
            "created_at",
            "updated_at",
        ]
    }

    fn cells(&self, store: Store) -> Vec<String> {
        let store = StoreView::from(store);
        vec![
            store.id.to_string(),
            store.code,
            store.name,
            or_empty(store.address),
            or_empty(store.phone),
            store.time_zone,
            store.day_cut_hour.to_string(),
            store.is_deleted.to_string(),
            store.version.to_string(),
            store.created_at.to_string(),
            store.updated_at.to_string(),
        ]
    }
}

/// Shows a store that the caller can see, deleted or not.
///
/// # Errors
/// 404.
pub async fn get(
    who: Can<ReadCatalog>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<StoreAnswer>> {
    who.require_store(Permission::ReadCatalog, StoreId(id))?;
    let mut reader = app.db.read().await?;
    let store = sql::find(Conn::from(&mut reader), StoreId(id)).await?;
    let store = StoreView::from(store.ok_or_else(|| ApiError::not_found("store", id))?);
    let tag = ETag(store.version);
    Ok(Answer::new(&StoreAnswer { status: Success::Success, store })?.with_etag(tag))
}

/// Makes a store. Nobody is assigned to it: those see it whose role holds in all stores.
///
/// # Errors
/// 400 with all faults, 409 `duplicate_code`.
pub async fn create(
    who: Can<EditStores>,
    app: App,
    once: Once,
    Body(input): Body<StoreInput>,
) -> ApiResult<Created<StoreAnswer>> {
    let details = input.check()?;
    let mut write = begin_write(&app, &who, &once).await?;
    let inserted = sql::insert(&mut write.tx, &details, write.now).await;
    let (write, id) = unless_code_taken(&app, write, &details, inserted).await?;
    let answer = finish(write, id, Some(("store.created", None))).await?;
    Ok(answer.with_location(&format!("/api/stores/{id}")))
}

/// Replaces a store: what is not sent gets its default.
///
/// # Errors
/// As [`create`]; 404; 412; 409 `invalid_state` for a deleted one.
pub async fn replace(
    who: Can<EditStores>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(input): Body<StoreInput>,
) -> ApiResult<Answer<StoreAnswer>> {
    let details = input.check()?;
    change(&who, &app, id, &once, &if_match, |_| Ok(details)).await
}

/// Changes the fields of a store that are named (RFC 7396).
///
/// # Errors
/// As [`replace`].
pub async fn patch(
    who: Can<EditStores>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(StorePatch(input)): Body<StorePatch>,
) -> ApiResult<Answer<StoreAnswer>> {
    let merged = |stored: &Details| input.over(stored)?.check();
    change(&who, &app, id, &once, &if_match, merged).await
}

async fn change(
    who: &Principal,
    app: &App,
    id: i64,
    once: &Once,
    if_match: &IfMatch,
    decide: impl FnOnce(&Details) -> ApiResult<Details>,
) -> ApiResult<Answer<StoreAnswer>> {
    let mut write = begin_write(app, who, once).await?;
    let stored = lock(&mut write.tx, id).await?;
    if_match.check(stored.version)?;
    if stored.is_deleted {
        let message = "This store is deleted: restore it to change it.";
        return Err(
            ApiError::conflict(ErrorCode::InvalidState, message).with_detail("store_id", id)
        );
    }
    let details = decide(&stored.details)?;
    if details == stored.details {
        return finish(write, stored.id, None).await;
    }
    let updated = sql::update(&mut write.tx, stored.id, &details, write.now).await;
    let (write, ()) = unless_code_taken(app, write, &details, updated).await?;
    let id = stored.id;
    finish(write, id, Some(("store.updated", Some(stored)))).await
}

/// Deletes a store in which nothing is on hand; it is kept, hidden. Again is as good.
///
/// The mark is set before the stock is looked at, for the reason and with the one gap that
/// are told where products are deleted (`catalog`).
///
/// # Errors
/// 404; 412; 409 `invalid_state` while something is on hand there.
pub async fn delete(
    who: Can<EditStores>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    let mut write = begin_write(&app, &who, &once).await?;
    let stored = lock(&mut write.tx, id).await?;
    if stored.is_deleted {
        return write.commit(&(), []).await;
    }
    if_match.check(stored.version)?;
    sql::set_deleted(&mut write.tx, stored.id, true, write.now).await?;
    let (count, first) =
        sql::stock(Conn::from(&mut write.tx), stored.id, PRODUCTS_NAMED_MAX).await?;
    if count > 0 {
        let message =
            format!("{count} products are still on hand in store {id}. Remove or move them first.");
        let products: Vec<Value> = first
            .iter()
            .map(|(product, on_hand)| json!({ "product_id": product, "on_hand": on_hand }))
            .collect();
        return Err(ApiError::conflict(ErrorCode::InvalidState, message)
            .with_detail("store_id", id)
            .with_detail("product_count", count)
            .with_detail("products", products));
    }
    let event = event("store.deleted", stored.id, &stored.details.code, stored.version + 1);
    let fact = Fact::new(event).before(&StoreView::from(stored));
    write.commit(&(), [fact]).await
}

/// Brings a deleted store back. One that is not deleted stays as it is.
///
/// # Errors
/// 404; 412; 409 `duplicate_code` where another store has its code by now.
pub async fn restore(
    who: Can<EditStores>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Answer<StoreAnswer>> {
    let mut write = begin_write(&app, &who, &once).await?;
    let stored = lock(&mut write.tx, id).await?;
    if !stored.is_deleted {
        return finish(write, stored.id, None).await;
    }
    if_match.check(stored.version)?;
    let restored = sql::set_deleted(&mut write.tx, stored.id, false, write.now).await;
    let (write, ()) = unless_code_taken(&app, write, &stored.details, restored).await?;
    let id = stored.id;
    finish(write, id, Some(("store.restored", Some(stored)))).await
}

async fn lock(tx: &mut Tx, id: i64) -> ApiResult<Store> {
    sql::lock(tx, StoreId(id)).await?.ok_or_else(|| ApiError::not_found("store", id))
}

/// Goes on, unless the index on codes refused, which ends the transaction on PostgreSQL.
async fn unless_code_taken<T>(
    app: &App,
    write: Write,
    details: &Details,
    result: sqlx::Result<T>,
) -> ApiResult<(Write, T)> {
    match result {
        Ok(value) => return Ok((write, value)),
        Err(error) if fault(&error) != Fault::Duplicate => return Err(error.into()),
        Err(_) => write.tx.rollback().await?,
    }
    let mut reader = app.db.read().await?;
    let owner = sql::code_owner(Conn::from(&mut reader), &details.code_key).await?;
    let message = match owner {
        Some(id) => format!("Store {id} has the code {}.", details.code),
        None => format!("Another store had the code {} just now. Try again.", details.code),
    };
    let code = ErrorCode::DuplicateCode;
    Err(ApiError::field(code, code.name(), "code", message)
        .with_detail("code", details.code.as_str())
        .with_detail("store_id", owner))
}

/// Shows the store as the write leaves it, and commits. A change has a name and, unless the store
/// is new, what was before.
async fn finish<const STATUS: u16>(
    mut write: Write,
    id: StoreId,
    fact: Option<(&'static str, Option<Store>)>,
) -> ApiResult<Answer<StoreAnswer, STATUS>> {
    let store = sql::find(Conn::from(&mut write.tx), id).await?;
    let store = StoreView::from(store.ok_or_else(|| ApiError::not_found("store", id.0))?);
    let fact = fact.map(|(kind, before)| {
        let fact = Fact::new(event(kind, id, &store.code, store.version)).after(&store);
        match before {
            Some(before) => fact.before(&StoreView::from(before)),
            None => fact,
        }
    });
    let tag = ETag(store.version);
    let answer = StoreAnswer { status: Success::Success, store };
    Ok(write.commit(&answer, fact).await?.with_etag(tag))
}

/// In the store itself, so that only those who see it learn of it.
fn event(kind: &'static str, id: StoreId, code: &str, version: i64) -> Event {
    let data = json!({ "id": id, "code": code, "version": version });
    Event::new(kind, "store", id.0, &data).in_store(id)
}
