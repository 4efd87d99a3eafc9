//! Customers over HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::permissions::Permission;
use stockroom_domain::{Money, Timestamp};

use super::{PersonSort, customer_sql as sql};
use crate::App;
use crate::auth::{Can, EditCustomers, Principal, ReadCustomers};
use crate::db::{Conn, Select, Tx};
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::facts;
use crate::http::csv::or_empty;
use crate::http::resource::{self, Facts, Resource};
use crate::http::sort::{Order, Position};
use crate::http::text;
use crate::http::{
    Answer, Asked, Body, Created, Done, Email, IfMatch, List, ListAnswer, Name, Note, Once, Page,
    Patch, Patched, PathId, Phone, Sent, Success, Text, Total, WireMoney, WireTime, Write,
};

/// A customer as they are stored.
#[derive(Clone, Debug)]
pub struct Customer {
    pub(super) id: i64,
    pub(super) details: Details,
    pub(super) balance: Money,
    pub(super) is_deleted: bool,
    pub(super) version: i64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// What people decide about a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    pub(super) name: String,
    /// The name regardless of case.
    pub(super) name_key: String,
    pub(super) phone_number: Option<String>,
    pub(super) email: Option<String>,
    pub(super) address: Option<String>,
    /// How much they may owe; without it, nothing.
    pub(super) credit_limit: Option<Money>,
}

/// A customer, as a caller sees them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Customer")]
pub struct CustomerView {
    /// Who.
    id: i64,
    /// What they are called.
    name: String,
    /// How to call them.
    phone_number: Option<String>,
    /// Where to write to.
    email: Option<String>,
    /// Where they live.
    address: Option<String>,
    /// How much they may owe; `null` where they pay at once.
    credit_limit: Option<WireMoney>,
    /// What they owe; below zero where they have paid in advance.
    balance: WireMoney,
    /// Hidden, and closed to new orders.
    is_deleted: bool,
    /// Rises by one with each change.
    version: i64,
    /// When they became one.
    created_at: WireTime,
    /// When they were changed last.
    updated_at: WireTime,
}

/// One customer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CustomerAnswer {
    status: Success,
    customer: CustomerView,
}

/// One page of customers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CustomerList {
    status: Success,
    customers: Vec<CustomerView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which customers, in which order.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CustomerFilter {
    /// Words that occur in the name, the address for mail or the digits of the telephone number.
    pub q: Option<Text<200>>,
    /// Deleted ones too.
    pub include_deleted: bool,
    /// The order; a `-` in front turns it round.
    pub sort: PersonSort,
}

/// A customer, to be made or to replace another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]), example = example())]
pub struct CustomerInput {
    /// What they are called.
    name: Sent<Name>,
    /// How to call them.
    #[schemars(with = "Option<Phone>")]
    phone_number: Sent<Phone>,
    /// Where to write to.
    #[schemars(with = "Option<Email>")]
    email: Sent<Email>,
    /// Where they live.
    #[schemars(with = "Option<Note>")]
    address: Sent<Note>,
    /// How much they may owe. Needs the permission `grant_credit`.
    #[schemars(with = "Option<WireMoney>")]
    credit_limit: Sent<WireMoney>,
}

fn example() -> Value {
    json!({
        "name": "Mia Keller",
        "phone_number": "+44 20 7946 0123",
        "email": "mia@example.com",
        "address": "3 Mill Lane",
        "credit_limit": "100.00",
    })
}

impl Patched for CustomerInput {
    const SCHEMA: &'static str = "CustomerPatch";

    fn example() -> Value {
        json!({ "phone_number": "+44 20 7946 0456" })
    }
}

impl CustomerInput {
    fn over(self, stored: &Details) -> ApiResult<Self> {
        Ok(Self {
            name: self.name.or(Sent::of(&stored.name)?),
            phone_number: self.phone_number.or(Sent::of(&stored.phone_number)?),
            email: self.email.or(Sent::of(&stored.email)?),
            address: self.address.or(Sent::of(&stored.address)?),
            credit_limit: self.credit_limit.or(Sent::of(&stored.credit_limit.map(WireMoney))?),
        })
    }

    fn check(&self) -> ApiResult<Details> {
        let mut faults = Faults::new();
        let name = self.name.required("name", &mut faults);
        let phone_number = self.phone_number.optional("phone_number", &mut faults);
        let email = self.email.optional("email", &mut faults);
        let address = self.address.optional("address", &mut faults);
        let credit_limit = self.credit_limit.optional("credit_limit", &mut faults);
        if credit_limit.is_some_and(|limit| limit.0 < Money::ZERO) {
            faults.add("credit_limit", "A credit limit is zero or more.");
        }
        faults.into_result()?;
        let name = name.ok_or_else(|| ApiError::internal("a missing name was not noticed"))?;
        Ok(Details {
            name_key: name.key(),
            name: name.into_string(),
            phone_number: phone_number.map(Phone::into_string),
            email: email.map(Email::into_string),
            address: address.map(Note::into_string).filter(|text| !text.is_empty()),
            credit_limit: credit_limit.map(|limit| limit.0),
        })
    }
}

impl Details {
    /// What a search looks at: name, mail and the digits of the telephone number.
    pub(super) fn search_key(&self) -> String {
        let phone = self.phone_number.as_deref().map(digits).unwrap_or_default();
        let email = self.email.as_deref().map(text::key).unwrap_or_default();
        format!("{} {email} {phone}", self.name_key)
    }
}

/// A telephone number as it is compared.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

impl Resource for Customer {
    type Details = Details;
    type View = CustomerView;
    type Answer = CustomerAnswer;

    const KIND: &'static str = "customer";
    const FACTS: Facts = facts!("customer");
    const PATH: &'static str = "/api/customers";

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

    fn view(self) -> CustomerView {
        let details = self.details;
        CustomerView {
            id: self.id,
            name: details.name,
            phone_number: details.phone_number,
            email: details.email,
            address: details.address,
            credit_limit: details.credit_limit.map(WireMoney),
            balance: WireMoney(self.balance),
            is_deleted: self.is_deleted,
            version: self.version,
            created_at: WireTime(self.created_at),
            updated_at: WireTime(self.updated_at),
        }
    }

    fn answer(customer: CustomerView) -> CustomerAnswer {
        CustomerAnswer { status: Success::Success, customer }
    }

    async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Self>> {
        sql::find(db, id).await
    }

    async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Self>> {
        sql::lock(tx, id).await
    }

    async fn insert(write: &mut Write, details: &Details) -> ApiResult<i64> {
        Ok(sql::insert(&mut write.tx, details, write.now).await?)
    }

    async fn update(write: &mut Write, stored: &Self, details: &Details) -> ApiResult<()> {
        Ok(sql::update(&mut write.tx, stored.id, details, write.now).await?)
    }

    async fn set_deleted(write: &mut Write, stored: &Self, is_deleted: bool) -> ApiResult<()> {
        if is_deleted {
            let balance = sql::lock_balance(&mut write.tx, stored.id).await?;
            if balance != Money::ZERO {
                let message = format!("{} stands open on this customer's account.", balance);
                return Err(ApiError::conflict(ErrorCode::InvalidState, message)
                    .with_detail("balance", balance.to_string()));
            }
        }
        Ok(sql::set_deleted(&mut write.tx, stored.id, is_deleted, write.now).await?)
    }
}

/// Refuses another credit limit from someone who may not grant one.
fn check_credit(who: &Principal, before: Option<Money>, after: Option<Money>) -> ApiResult<()> {
    if before == after || who.may_anywhere(Permission::GrantCredit) {
        return Ok(());
    }
    let permission = Permission::GrantCredit.name();
    let message = format!("Your role does not include the permission {permission}.");
    let code = ErrorCode::Forbidden;
    Err(ApiError::field(code, code.name(), "credit_limit", message)
        .with_detail("permission", permission))
}

/// `GET /api/customers`
pub async fn list(
    who: Can<ReadCustomers>,
    app: App,
    Asked(filter, request): Asked<CustomerFilter>,
) -> ApiResult<ListAnswer<CustomerList>> {
    let answer = |page: Page<Customer>| {
        let customers = page.entries.into_iter().map(Customer::view).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&CustomerList { status: Success::Success, customers, next_cursor, total })
    };
    request.answer(&app, &who, filter, answer).await
}

/// `POST /api/customers`
pub async fn create(
    who: Can<EditCustomers>,
    app: App,
    once: Once,
    Body(input): Body<CustomerInput>,
) -> ApiResult<Created<CustomerAnswer>> {
    let details = input.check()?;
    check_credit(&who, None, details.credit_limit)?;
    resource::create::<Customer>(&app, &who, &once, &details).await
}

/// `GET /api/customers/{id}`
pub async fn get(
    who: Can<ReadCustomers>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<CustomerAnswer>> {
    resource::show::<Customer>(&app, &who, id).await
}

/// `PUT /api/customers/{id}`
pub async fn replace(
    who: Can<EditCustomers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(input): Body<CustomerInput>,
) -> ApiResult<Answer<CustomerAnswer>> {
    let details = input.check()?;
    let decide = |stored: &Customer| {
        check_credit(&who, stored.details.credit_limit, details.credit_limit)?;
        Ok(details)
    };
    resource::change(&app, &who, id, (&once, &if_match), decide).await
}

/// `PATCH /api/customers/{id}`
pub async fn patch(
    who: Can<EditCustomers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(Patch(input)): Body<Patch<CustomerInput>>,
) -> ApiResult<Answer<CustomerAnswer>> {
    let decide = |stored: &Customer| {
        let details = input.over(&stored.details)?.check()?;
        check_credit(&who, stored.details.credit_limit, details.credit_limit)?;
        Ok(details)
    };
    resource::change(&app, &who, id, (&once, &if_match), decide).await
}

/// `DELETE /api/customers/{id}`
pub async fn delete(
    who: Can<EditCustomers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    resource::delete::<Customer>(&app, &who, id, (&once, &if_match)).await
}

/// `POST /api/customers/{id}/restore`
pub async fn restore(
    who: Can<EditCustomers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Answer<CustomerAnswer>> {
    resource::restore::<Customer>(&app, &who, id, (&once, &if_match)).await
}

impl CustomerFilter {
    /// Leans on `customers_by_name` and `customers_by_age`.
    pub(super) const fn order(&self) -> Order {
        self.sort.order("c.name_key", "c.created_at", "c.id")
    }
}

impl List for CustomerFilter {
    type Entry = Customer;
    type Position = Position;

    const NAME: &'static str = "customers";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<Position>,
        limit: i64,
    ) -> ApiResult<Vec<Customer>> {
        Ok(sql::page(db, self, after.as_ref(), limit).await?)
    }

    fn position(&self, customer: &Customer) -> Position {
        let Details { name_key, .. } = &customer.details;
        self.sort.position(name_key, customer.created_at, customer.id)
    }

    fn has_position(&self, position: &Position) -> bool {
        self.order().has(position)
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "name",
            "phone_number",
            "email",
            "address",
            "credit_limit",
            "balance",
            "is_deleted",
            "version",
            "created_at",
            "updated_at",
        ]
    }

    fn cells(&self, customer: Customer) -> Vec<String> {
        let customer = customer.view();
        vec![
            customer.id.to_string(),
            customer.name,
            or_empty(customer.phone_number),
            or_empty(customer.email),
            or_empty(customer.address),
            or_empty(customer.credit_limit.map(|limit| limit.0)),
            customer.balance.0.to_string(),
            customer.is_deleted.to_string(),
            customer.version.to_string(),
            customer.created_at.to_string(),
            customer.updated_at.to_string(),
        ]
    }
}
