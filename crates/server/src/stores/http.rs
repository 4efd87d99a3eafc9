//! Stores over HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::StoreId;

use super::store::{Details, Store, StoreAnswer, StoreCode, StoreInput, StoreView};
use super::{sql, visible};
use crate::App;
use crate::auth::{Can, EditStores, Principal, ReadCatalog, Scope};
use crate::db::{Conn, Fault, Select, Tx, fault};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::facts;
use crate::http::csv::or_empty;
use crate::http::resource::{self, Facts, Resource};
use crate::http::sort::{Order, Position, SortValue};
use crate::http::{
    Answer, Asked, Body, Created, Done, IfMatch, List, ListAnswer, Once, Page, Patch, PathId,
    Success, Text, Total, Write,
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
    resource::show::<Store>(&app, &who, id).await
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
    resource::create::<Store>(&app, &who, &once, &input.check()?).await
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
    let decide = |_: &Store| Ok(details);
    resource::change(&app, &who, id, (&once, &if_match), decide).await
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
    Body(Patch(input)): Body<Patch<StoreInput>>,
) -> ApiResult<Answer<StoreAnswer>> {
    let decide = |stored: &Store| input.over(&stored.details)?.check();
    resource::change(&app, &who, id, (&once, &if_match), decide).await
}

/// Deletes a store in which nothing is on hand; it is kept, hidden. Again is as good.
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
    resource::delete::<Store>(&app, &who, id, (&once, &if_match)).await
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
    resource::restore::<Store>(&app, &who, id, (&once, &if_match)).await
}

impl Resource for Store {
    type Details = Details;
    type View = StoreView;
    type Answer = StoreAnswer;

    const KIND: &'static str = "store";
    const FACTS: Facts = facts!("store");
    const PATH: &'static str = "/api/stores";
    const IS_OF_STORE: bool = true;

    fn id(&self) -> i64 {
        self.id.0
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    fn details(&self) -> &Details {
        &self.details
    }

    /// Itself, so that only those who see it learn of it.
    fn store(&self) -> Option<StoreId> {
        Some(self.id)
    }

    fn is_seen_by(&self, who: &Principal) -> bool {
        visible(who).has(self.id)
    }

    fn view(self) -> StoreView {
        StoreView::from(self)
    }

    fn answer(store: StoreView) -> StoreAnswer {
        StoreAnswer { status: Success::Success, store }
    }

    async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Self>> {
        sql::find(db, StoreId(id)).await
    }

    async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Self>> {
        sql::lock(tx, StoreId(id)).await
    }

    async fn insert(write: &mut Write, details: &Details) -> ApiResult<i64> {
        check_code(write, None, details).await?;
        let id = sql::insert(&mut write.tx, details, write.now).await;
        id.map(|id| id.0).map_err(|error| unless_taken_meanwhile(error, details))
    }

    async fn update(write: &mut Write, stored: &Self, details: &Details) -> ApiResult<()> {
        check_code(write, Some(stored.id), details).await?;
        let updated = sql::update(&mut write.tx, stored.id, details, write.now).await;
        updated.map_err(|error| unless_taken_meanwhile(error, details))
    }

    /// The mark is set before the stock is looked at, for the reason and with the one gap that
    /// are told where products are deleted (`catalog`).
    async fn set_deleted(write: &mut Write, stored: &Self, is_deleted: bool) -> ApiResult<()> {
        if !is_deleted {
            check_code(write, Some(stored.id), &stored.details).await?;
        }
        let set = sql::set_deleted(&mut write.tx, stored.id, is_deleted, write.now).await;
        set.map_err(|error| unless_taken_meanwhile(error, &stored.details))?;
        if is_deleted { check_empty(write, stored.id).await } else { Ok(()) }
    }
}

/// Refuses the deletion of a store in which something is on hand.
async fn check_empty(write: &mut Write, id: StoreId) -> ApiResult<()> {
    let (count, first) = sql::stock(Conn::from(&mut write.tx), id, PRODUCTS_NAMED_MAX).await?;
    if count == 0 {
        return Ok(());
    }
    let message =
        format!("{count} products are still on hand in store {id}. Remove or move them first.");
    let products: Vec<Value> = first
        .iter()
        .map(|(product, on_hand)| json!({ "product_id": product, "on_hand": on_hand }))
        .collect();
    Err(ApiError::conflict(ErrorCode::InvalidState, message)
        .with_detail("store_id", id.0)
        .with_detail("product_count", count)
        .with_detail("products", products))
}

/// Refuses a code that another store has.
async fn check_code(write: &mut Write, own: Option<StoreId>, details: &Details) -> ApiResult<()> {
    let owner = sql::code_owner(Conn::from(&mut write.tx), &details.code_key).await?;
    match owner {
        Some(id) if own != Some(StoreId(id)) => Err(code_taken(details, Some(id))),
        _ => Ok(()),
    }
}

/// The index on codes knows best: another store may have taken it since.
fn unless_taken_meanwhile(error: sqlx::Error, details: &Details) -> ApiError {
    if fault(&error) == Fault::Duplicate { code_taken(details, None) } else { error.into() }
}

fn code_taken(details: &Details, owner: Option<i64>) -> ApiError {
    let message = match owner {
        Some(id) => format!("Store {id} has the code {}.", details.code),
        None => format!("Another store had the code {} just now. Try again.", details.code),
    };
    let code = ErrorCode::DuplicateCode;
    ApiError::field(code, code.name(), "code", message)
        .with_detail("code", details.code.as_str())
        .with_detail("store_id", owner)
}
