//! Suppliers over HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::Timestamp;

use super::supplier_sql as sql;
use crate::App;
use crate::auth::{Can, EditCatalog, ReadCatalog};
use crate::db::{Conn, Select, Tx};
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::facts;
use crate::http::csv::or_empty;
use crate::http::resource::{self, Facts, Resource};
use crate::http::sort::{Order, Position, SortValue};
use crate::http::{
    Answer, Asked, Body, Created, Done, IfMatch, List, ListAnswer, Name, Note, Once, Page, Patch,
    Patched, PathId, Sent, Success, Text, Total, WireTime, Write,
};

/// The most products that one supplier may be said to deliver.
const PRODUCTS_MAX: usize = 10_000;
/// The longest time that a delivery may be said to take.
const LEAD_TIME_DAYS_MAX: i64 = 3_650;
/// How many products a refusal names.
const NAMED_MAX: usize = 20;

/// A supplier as they are stored.
#[derive(Clone, Debug)]
pub struct Supplier {
    pub(super) id: i64,
    pub(super) details: Details,
    pub(super) is_deleted: bool,
    pub(super) version: i64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// What people decide about a supplier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    pub(super) name: String,
    /// The name regardless of case.
    pub(super) name_key: String,
    pub(super) contact_info: Option<String>,
    pub(super) lead_time_days: Option<i64>,
    /// What they deliver: rising, each once.
    pub(super) product_ids: Vec<i64>,
}

/// A supplier, as a caller sees them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Supplier")]
pub struct SupplierView {
    /// Who.
    id: i64,
    /// What they are called.
    name: String,
    /// How to reach them.
    contact_info: Option<String>,
    /// How many days pass from an order to its delivery.
    lead_time_days: Option<i64>,
    /// What they deliver. A product names one of its suppliers as the usual one.
    product_ids: Vec<i64>,
    /// Hidden, and closed to new products.
    is_deleted: bool,
    /// Rises by one with each change.
    version: i64,
    /// When they were added.
    created_at: WireTime,
    /// When they were changed last.
    updated_at: WireTime,
}

/// One supplier.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SupplierAnswer {
    status: Success,
    supplier: SupplierView,
}

/// One page of suppliers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SupplierList {
    status: Success,
    suppliers: Vec<SupplierView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which suppliers, in which order.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SupplierFilter {
    /// Words that occur in the name, in any case.
    pub q: Option<Text<200>>,
    /// Who deliver this product.
    pub product_id: Option<i64>,
    /// Deleted ones too.
    pub include_deleted: bool,
    /// The order; a `-` in front turns it round.
    pub sort: SupplierSort,
}

/// An order of suppliers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum SupplierSort {
    /// By name.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// By name, backwards.
    #[serde(rename = "-name")]
    NameDescending,
}

/// A supplier, to be made or to replace another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]), example = example())]
pub struct SupplierInput {
    /// What they are called.
    name: Sent<Name>,
    /// How to reach them.
    #[schemars(with = "Option<Note>")]
    contact_info: Sent<Note>,
    /// How many days pass from an order to its delivery.
    #[schemars(with = "Option<u16>")]
    lead_time_days: Sent<i64>,
    /// What they deliver, at most 10,000 products.
    #[schemars(with = "Option<Vec<i64>>")]
    product_ids: Sent<Vec<i64>>,
}

fn example() -> Value {
    json!({
        "name": "Northern Pet Wholesale",
        "contact_info": "orders@example.com, +44 20 7946 0999",
        "lead_time_days": 3,
        "product_ids": [1],
    })
}

impl Patched for SupplierInput {
    const SCHEMA: &'static str = "SupplierPatch";

    fn example() -> Value {
        json!({ "lead_time_days": 5 })
    }
}

impl SupplierInput {
    fn over(self, stored: &Details) -> ApiResult<Self> {
        Ok(Self {
            name: self.name.or(Sent::of(&stored.name)?),
            contact_info: self.contact_info.or(Sent::of(&stored.contact_info)?),
            lead_time_days: self.lead_time_days.or(Sent::of(&stored.lead_time_days)?),
            product_ids: self.product_ids.or(Sent::of(&stored.product_ids)?),
        })
    }

    fn check(&self) -> ApiResult<Details> {
        let mut faults = Faults::new();
        let name = self.name.required("name", &mut faults);
        let contact_info = self.contact_info.optional("contact_info", &mut faults);
        let lead_time_days = self.lead_time_days.optional("lead_time_days", &mut faults);
        if lead_time_days.is_some_and(|days| !(0..=LEAD_TIME_DAYS_MAX).contains(&days)) {
            let message = format!("A delivery takes from 0 to {LEAD_TIME_DAYS_MAX} days.");
            faults.add("lead_time_days", message);
        }
        let product_ids = self.product_ids.optional("product_ids", &mut faults);
        let mut product_ids = product_ids.unwrap_or_default();
        if product_ids.len() > PRODUCTS_MAX {
            faults.add("product_ids", format!("At most {PRODUCTS_MAX} products are allowed."));
        }
        product_ids.sort_unstable();
        product_ids.dedup();
        faults.into_result()?;
        let name = name.ok_or_else(|| ApiError::internal("a missing name was not noticed"))?;
        Ok(Details {
            name_key: name.key(),
            name: name.into_string(),
            contact_info: contact_info.map(Note::into_string).filter(|text| !text.is_empty()),
            lead_time_days,
            product_ids,
        })
    }
}

impl Resource for Supplier {
    type Details = Details;
    type View = SupplierView;
    type Answer = SupplierAnswer;

    const KIND: &'static str = "supplier";
    const FACTS: Facts = facts!("supplier");
    const PATH: &'static str = "/api/suppliers";

    fn id(&self) -> i64 {
        self.id
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

    fn view(self) -> SupplierView {
        let details = self.details;
        SupplierView {
            id: self.id,
            name: details.name,
            contact_info: details.contact_info,
            lead_time_days: details.lead_time_days,
            product_ids: details.product_ids,
            is_deleted: self.is_deleted,
            version: self.version,
            created_at: WireTime(self.created_at),
            updated_at: WireTime(self.updated_at),
        }
    }

    fn answer(supplier: SupplierView) -> SupplierAnswer {
        SupplierAnswer { status: Success::Success, supplier }
    }

    async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Self>> {
        sql::find(db, id).await
    }

    async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Self>> {
        sql::lock(tx, id).await
    }

    async fn insert(write: &mut Write, details: &Details) -> ApiResult<i64> {
        check_products(&mut write.tx, &details.product_ids).await?;
        let id = sql::insert(&mut write.tx, details, write.now).await?;
        sql::add_products(&mut write.tx, id, &details.product_ids).await?;
        Ok(id)
    }

    async fn update(write: &mut Write, stored: &Self, details: &Details) -> ApiResult<()> {
        let is_in = |ids: &[i64], id: &i64| ids.binary_search(id).is_ok();
        let (before, after) = (&stored.details.product_ids, &details.product_ids);
        let added: Vec<i64> = after.iter().filter(|id| !is_in(before, id)).copied().collect();
        let gone: Vec<i64> = before.iter().filter(|id| !is_in(after, id)).copied().collect();
        check_products(&mut write.tx, &added).await?;
        let usual = sql::usual_for(&mut write.tx, stored.id).await?;
        let still: Vec<i64> = gone.iter().filter(|id| usual.contains(id)).copied().collect();
        if !still.is_empty() {
            return Err(is_usual(stored.id, &still));
        }
        sql::update(&mut write.tx, stored.id, details, write.now).await?;
        sql::remove_products(&mut write.tx, stored.id, &gone).await?;
        Ok(sql::add_products(&mut write.tx, stored.id, &added).await?)
    }

    async fn set_deleted(write: &mut Write, stored: &Self, is_deleted: bool) -> ApiResult<()> {
        let usual = sql::usual_for(&mut write.tx, stored.id).await?;
        if is_deleted && !usual.is_empty() {
            return Err(is_usual(stored.id, &usual));
        }
        Ok(sql::set_deleted(&mut write.tx, stored.id, is_deleted, write.now).await?)
    }
}

/// 409: products name this supplier as their usual one.
fn is_usual(supplier: i64, products: &[i64]) -> ApiError {
    let count = products.len();
    let message = format!(
        "Supplier {supplier} is the usual one of {count} products: give those another first."
    );
    ApiError::conflict(ErrorCode::InvalidState, message)
        .with_detail("supplier_id", supplier)
        .with_detail("product_count", count)
        .with_detail("product_ids", &products[..count.min(NAMED_MAX)])
}

/// Refuses products that are not there.
async fn check_products(tx: &mut Tx, ids: &[i64]) -> ApiResult<()> {
    let known = sql::existing_products(tx, ids).await?;
    let unknown: Vec<i64> = ids.iter().filter(|id| !known.contains(id)).copied().collect();
    let Some(first) = unknown.first() else { return Ok(()) };
    let message = format!("There is no product {first}.");
    Err(ApiError::invalid("product_ids", message)
        .with_detail("product_ids", &unknown[..unknown.len().min(NAMED_MAX)]))
}

/// `GET /api/suppliers`
pub async fn list(
    who: Can<ReadCatalog>,
    app: App,
    Asked(filter, request): Asked<SupplierFilter>,
) -> ApiResult<ListAnswer<SupplierList>> {
    let answer = |page: Page<Supplier>| {
        let suppliers = page.entries.into_iter().map(Supplier::view).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&SupplierList { status: Success::Success, suppliers, next_cursor, total })
    };
    request.answer(&app, &who, filter, answer).await
}

/// `POST /api/suppliers`
pub async fn create(
    who: Can<EditCatalog>,
    app: App,
    once: Once,
    Body(input): Body<SupplierInput>,
) -> ApiResult<Created<SupplierAnswer>> {
    resource::create::<Supplier>(&app, &who, &once, &input.check()?).await
}

/// `GET /api/suppliers/{id}`
pub async fn get(
    who: Can<ReadCatalog>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<SupplierAnswer>> {
    resource::show::<Supplier>(&app, &who, id).await
}

/// `PUT /api/suppliers/{id}`
pub async fn replace(
    who: Can<EditCatalog>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(input): Body<SupplierInput>,
) -> ApiResult<Answer<SupplierAnswer>> {
    let details = input.check()?;
    let decide = |_: &Supplier| Ok(details);
    resource::change(&app, &who, id, (&once, &if_match), decide).await
}

/// `PATCH /api/suppliers/{id}`
pub async fn patch(
    who: Can<EditCatalog>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(Patch(input)): Body<Patch<SupplierInput>>,
) -> ApiResult<Answer<SupplierAnswer>> {
    let decide = |stored: &Supplier| input.over(&stored.details)?.check();
    resource::change(&app, &who, id, (&once, &if_match), decide).await
}

/// `DELETE /api/suppliers/{id}`
pub async fn delete(
    who: Can<EditCatalog>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    resource::delete::<Supplier>(&app, &who, id, (&once, &if_match)).await
}

/// `POST /api/suppliers/{id}/restore`
pub async fn restore(
    who: Can<EditCatalog>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Answer<SupplierAnswer>> {
    resource::restore::<Supplier>(&app, &who, id, (&once, &if_match)).await
}

impl SupplierSort {
    /// The order in SQL. Leans on `suppliers_by_name`.
    pub(super) const fn order(self) -> Order {
        match self {
            Self::Name => Order::text("s.name_key", "s.id"),
            Self::NameDescending => Self::Name.order().descending(),
        }
    }
}

impl List for SupplierFilter {
    type Entry = Supplier;
    type Position = Position;

    const NAME: &'static str = "suppliers";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<Position>,
        limit: i64,
    ) -> ApiResult<Vec<Supplier>> {
        Ok(sql::page(db, self, after.as_ref(), limit).await?)
    }

    fn position(&self, supplier: &Supplier) -> Position {
        Position { value: SortValue::Text(supplier.details.name_key.clone()), id: supplier.id }
    }

    fn has_position(&self, position: &Position) -> bool {
        self.sort.order().has(position)
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "name",
            "contact_info",
            "lead_time_days",
            "product_ids",
            "is_deleted",
            "version",
            "created_at",
            "updated_at",
        ]
    }

    fn cells(&self, supplier: Supplier) -> Vec<String> {
        let supplier = supplier.view();
        let products: Vec<String> = supplier.product_ids.iter().map(i64::to_string).collect();
        vec![
            supplier.id.to_string(),
            supplier.name,
            or_empty(supplier.contact_info),
            or_empty(supplier.lead_time_days),
            products.join("|"),
            supplier.is_deleted.to_string(),
            supplier.version.to_string(),
            supplier.created_at.to_string(),
            supplier.updated_at.to_string(),
        ]
    }
}
