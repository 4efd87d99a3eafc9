//! Stores over HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Permission;

use super::store::{Details, Store, StoreAnswer, StoreCode, StoreInput, StorePatch, StoreView};
use super::{sql, visible};
use crate::App;
use crate::auth::{Can, EditStores, Principal, ReadCatalog};
use crate::db::{Conn, Fault, Tx, fault};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{Event, Fact};
use crate::http::{
    Answer, Body, Created, Cursor, Done, ETag, IfMatch, Limit, Once, Paging, Params, PathId,
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
    /// How many at once.
    #[serde(default, skip_serializing)]
    pub limit: Limit,
    /// Where to go on: the `next_cursor` of the page before.
    #[serde(default, skip_serializing)]
    pub cursor: Option<Cursor>,
    /// Count them as well.
    #[serde(default, skip_serializing)]
    pub include_total: bool,
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

/// Where a store stands in an order: its value there, then its id.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Position {
    pub(super) value: SortValue,
    pub(super) id: i64,
}

/// What stores are sorted by.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) enum SortValue {
    Text(String),
    Time(i64),
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
    fn is_by_time(self) -> bool {
        matches!(self, Self::CreatedAt | Self::CreatedAtDescending)
    }

    fn position(self, store: &Store) -> Position {
        let value = match self.is_by_time() {
            true => SortValue::Time(store.created_at.0),
            false => SortValue::Text(store.details.code_key.clone()),
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
    Params(filter): Params<StoreFilter>,
) -> ApiResult<Answer<StoreList>> {
    let cursor = filter.cursor.as_ref();
    let paging: Paging<Position> =
        Paging::new(who.user_id, "stores", &filter, filter.limit, cursor)?;
    let after = paging.after.as_ref();
    let fits = |position: &Position| {
        matches!(position.value, SortValue::Time(_)) == filter.sort.is_by_time()
    };
    if after.is_some_and(|position| !fits(position)) {
        return Err(ApiError::invalid("cursor", "This cursor belongs to another order."));
    }
    let scope = visible(&who);
    let mut reader = app.db.read().await?;
    let fetch = paging.limit.fetch();
    let rows = sql::page(Conn::from(&mut reader), &scope, &filter, after, fetch).await?;
    let (rows, next_cursor) = paging.finish(rows, |store| filter.sort.position(store))?;
    let db = Conn::from(&mut reader);
    let total = Total::counted(filter.include_total, db, || sql::all(&scope, &filter)).await?;
    let stores = rows.into_iter().map(StoreView::from).collect();
    Answer::new(&StoreList { status: Success::Success, stores, next_cursor, total })
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
