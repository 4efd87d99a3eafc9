//! What customers owe, over HTTP: the entries of their ledger, payments, and payments undone.
//!
//! Sales on credit and returns come from orders. The ledger's writer decides and writes all of
//! them; here a request becomes a charge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom_domain::batch::Atomicity;
use stockroom_domain::credit::{Charge, EntryKind};
use stockroom_domain::permissions::Permission;
use stockroom_domain::{CustomerId, Money, StoreId};

use super::credit_sql::{self as sql, EntryRow};
use super::customer::Customer;
use crate::App;
use crate::auth::{Can, GrantCredit, Principal, ReadCustomers, Scope, Sell};
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::http::csv::or_empty;
use crate::http::once::stamped_again;
use crate::http::resource::Resource as _;
use crate::http::{
    Answer, Asked, Body, Created, List, ListAnswer, Note, Once, Page, PathId, Segments, Success,
    Text, Total, WireMoney, WireTime,
};
use crate::ledger::document::{ChargeDetails, Made, Method};
use crate::ledger::{self, Posting, Receipt};
use crate::stores;

/// One entry of what a customer owes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "CustomerEntry")]
pub struct EntryView {
    /// 1, 2, 3 … for each customer.
    version: i64,
    /// Whose.
    customer_id: i64,
    /// `credit_sale`, `payment`, `return` or `reversal`.
    kind: &'static str,
    /// Above zero where they owe more than before.
    amount: WireMoney,
    /// What they owed after it.
    balance: WireMoney,
    /// Where.
    store_id: i64,
    /// The order that was bought or brought back.
    order_id: Option<i64>,
    /// How it was paid: `cash`, `card` or `other`.
    method: Option<String>,
    /// A document's number.
    reference: Option<String>,
    /// Free text.
    note: Option<String>,
    /// The entry that this one undoes.
    reverses: Option<i64>,
    /// The entry that undid this one.
    reversed_by: Option<i64>,
    /// Who did it.
    actor: String,
    /// When it was written.
    recorded_at: WireTime,
}

impl EntryRow {
    fn view(self) -> EntryView {
        EntryView {
            version: self.version,
            customer_id: self.customer_id,
            kind: EntryKind::from_name(&self.kind).map_or("", EntryKind::name),
            amount: WireMoney(Money::from_cents(self.amount)),
            balance: WireMoney(Money::from_cents(self.balance)),
            store_id: self.store_id,
            order_id: self.order_id,
            method: self.method,
            reference: self.reference,
            note: self.note,
            reverses: self.reverses,
            reversed_by: self.reversed_by,
            actor: self.actor,
            recorded_at: WireTime(stockroom_domain::Timestamp(self.recorded_at)),
        }
    }
}

/// One entry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryAnswer {
    status: Success,
    entry: EntryView,
}

/// What a customer owes, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryList {
    status: Success,
    entries: Vec<EntryView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which entries.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EntryFilter {
    /// Only from these stores.
    store_id: Vec<i64>,
}

/// Money that a customer pays of what they owe, or in advance.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"store_id": 1, "method": "cash", "amount": "20.00"}))]
pub struct NewPayment {
    /// Where; may be left out by a caller who can see exactly one store.
    store_id: Option<i64>,
    /// How.
    method: DebtPaymentMethod,
    /// How much; more than zero.
    amount: WireMoney,
    /// A document's number.
    reference: Option<Text<200>>,
    /// Free text.
    note: Option<Note>,
}

/// How a customer pays what they owe.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DebtPaymentMethod {
    /// Coins and notes.
    Cash,
    /// A card.
    Card,
    /// Anything else: a voucher, a transfer.
    Other,
}

/// Why a payment is undone.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = serde_json::json!({"note": "typed twice"}))]
pub struct UndonePayment {
    /// Free text.
    note: Option<Note>,
}

/// An entry of a customer.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct EntryPlace {
    /// The customer.
    id: i64,
    /// The entry's version.
    version: i64,
}

/// `GET /api/customers/{id}/ledger`
pub async fn list(
    who: Can<ReadCustomers>,
    app: App,
    PathId(id): PathId,
    Asked(filter, request): Asked<EntryFilter>,
) -> ApiResult<ListAnswer<EntryList>> {
    require_customer(&app, id).await?;
    let scope = who.scope_within(Permission::ReadCustomers, &filter.store_id)?;
    let answer = |page: Page<EntryRow>| {
        let entries = page.entries.into_iter().map(EntryRow::view).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&EntryList { status: Success::Success, entries, next_cursor, total })
    };
    request.answer(&app, &who, Entries { customer: id, scope }, answer).await
}

async fn require_customer(app: &App, id: i64) -> ApiResult<()> {
    let mut reader = app.db.read().await?;
    let found = Customer::find(Conn::from(&mut reader), id).await?;
    found.map(drop).ok_or_else(|| ApiError::not_found("customer", id))
}

/// `POST /api/customers/{id}/payments`
pub async fn pay(
    who: Can<Sell>,
    app: App,
    PathId(id): PathId,
    once: Once,
    Body(new): Body<NewPayment>,
) -> ApiResult<Created<EntryAnswer>> {
    let store = stores::meant(&app, &who, Permission::Sell, new.store_id).await?;
    if let Some(made) = made_before(&app, &who, &once).await? {
        return Ok(made);
    }
    let mut faults = Faults::new();
    if new.amount.0 <= Money::ZERO {
        faults.add("amount", "A payment is more than zero.");
    }
    faults.into_result()?;
    if !stores::exists(&app, store).await? {
        return Err(ApiError::not_found("store", store.0));
    }
    let customer = CustomerId(id);
    let (kind, amount) = (EntryKind::Payment, new.amount.0);
    let charge = Charge { customer, kind, amount, reverses: None };
    let details = ChargeDetails {
        method: Some(match new.method {
            DebtPaymentMethod::Cash => Method::Cash,
            DebtPaymentMethod::Card => Method::Card,
            DebtPaymentMethod::Other => Method::Other,
        }),
        reference: new.reference.map(Text::into_string),
        note: new.note.map(Note::into_string),
    };
    post(&app, &who, &once, store, (charge, details)).await
}

/// `POST /api/customers/{id}/ledger/{version}/reverse`
pub async fn reverse(
    who: Can<GrantCredit>,
    app: App,
    Segments(place): Segments<EntryPlace>,
    once: Once,
    Body(request): Body<UndonePayment>,
) -> ApiResult<Created<EntryAnswer>> {
    let scope = who.scope(Permission::ReadCustomers);
    let undone = find(&app, &scope, place.id, place.version).await?;
    let undone = undone.ok_or_else(|| who.not_found("entry", place.version))?;
    let store = StoreId(undone.store_id);
    who.require_store(Permission::GrantCredit, store)?;
    if let Some(made) = made_before(&app, &who, &once).await? {
        return Ok(made);
    }
    if undone.kind != EntryKind::Payment.name() {
        let message = "Only payments are undone here: a sale is undone by cancelling or returning \
                       its order.";
        return Err(
            ApiError::conflict(ErrorCode::InvalidState, message).with_detail("kind", undone.kind)
        );
    }
    let charge = Charge {
        customer: CustomerId(place.id),
        kind: EntryKind::Reversal,
        amount: -Money::from_cents(undone.amount),
        reverses: Some(place.version),
    };
    let method = undone.method.as_deref().and_then(Method::from_name);
    let note = request.note.map(Note::into_string);
    let details = ChargeDetails { method, reference: undone.reference, note };
    post(&app, &who, &once, store, (charge, details)).await
}

/// The answer of a request that might be refused by now, if it took effect before.
async fn made_before(
    app: &App,
    who: &Principal,
    once: &Once,
) -> ApiResult<Option<Created<EntryAnswer>>> {
    let keys = (&*once.row_key(who), once.key());
    match ledger::repeated(&app.db, keys, once.fingerprint(), |_| false).await? {
        Some(receipt) => answer(app, once, &receipt).await.map(Some),
        None => Ok(None),
    }
}

async fn post(
    app: &App,
    who: &Principal,
    once: &Once,
    store: StoreId,
    (charge, details): (Charge, ChargeDetails),
) -> ApiResult<Created<EntryAnswer>> {
    let mut posting =
        Posting::new(once.row_key(who), Atomicity::Whole, Vec::new(), once.origin(who))
            .in_store(store)
            .with_charge(charge, details);
    posting.fingerprint = once.fingerprint();
    let receipt = app.ledger.post(posting).await;
    let receipt =
        receipt.map_err(|error| ApiError::from_post(error, once.key(), &[], |_| String::new()))?;
    answer(app, once, &receipt).await
}

async fn answer(app: &App, once: &Once, receipt: &Receipt) -> ApiResult<Created<EntryAnswer>> {
    let Some(Made::Entry { customer, version, .. }) = receipt.made else {
        return Err(ApiError::internal("a payment made no entry"));
    };
    let entry = find(app, &Scope::All, customer.0, version).await?;
    let entry = entry.ok_or_else(|| ApiError::internal("an entry that was made is not there"))?;
    // Undone later: when it was new, it was not.
    let entry = EntryView { reversed_by: None, ..entry.view() };
    let answer = Answer::new(&EntryAnswer { status: Success::Success, entry })?;
    let answer = stamped_again(answer, once.key(), receipt.event, receipt.replayed);
    Ok(answer.with_location(&format!("/api/customers/{customer}/ledger")))
}

async fn find(
    app: &App,
    scope: &Scope,
    customer: i64,
    version: i64,
) -> ApiResult<Option<EntryRow>> {
    let mut reader = app.db.read().await?;
    let rows =
        sql::page(Conn::from(&mut reader), customer, scope, version.checked_add(1), 1).await?;
    Ok(rows.into_iter().next().filter(|row| row.version == version))
}

/// The entries of one customer from the stores that a caller may see.
struct Entries {
    customer: i64,
    scope: Scope,
}

impl List for Entries {
    type Entry = EntryRow;
    type Position = i64;

    const NAME: &'static str = "customer_ledger";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<EntryRow>> {
        Ok(sql::page(db, self.customer, &self.scope, after, limit).await?)
    }

    fn position(&self, row: &EntryRow) -> i64 {
        row.version
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self.customer, &self.scope)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "version",
            "kind",
            "amount",
            "balance",
            "store_id",
            "order_id",
            "method",
            "reference",
            "note",
            "reverses",
            "reversed_by",
            "actor",
            "recorded_at",
        ]
    }

    fn cells(&self, row: EntryRow) -> Vec<String> {
        let entry = row.view();
        vec![
            entry.version.to_string(),
            entry.kind.to_owned(),
            entry.amount.0.to_string(),
            entry.balance.0.to_string(),
            entry.store_id.to_string(),
            or_empty(entry.order_id),
            or_empty(entry.method),
            or_empty(entry.reference),
            or_empty(entry.note),
            or_empty(entry.reverses),
            or_empty(entry.reversed_by),
            entry.actor,
            entry.recorded_at.to_string(),
        ]
    }
}
