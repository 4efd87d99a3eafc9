//! Employees over HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::permissions::Permission;
use stockroom_domain::{StoreId, Timestamp};

use super::{PersonSort, employee_sql as sql};
use crate::App;
use crate::auth::{Can, EditEmployees, Principal, ReadEmployees, Scope};
use crate::db::{Conn, Select, Tx};
use crate::error::{ApiError, ApiResult, Faults};
use crate::facts;
use crate::http::csv::or_empty;
use crate::http::resource::{self, Facts, Resource};
use crate::http::sort::{Order, Position};
use crate::http::{
    Answer, Asked, Body, Created, Day, Done, IfMatch, List, ListAnswer, Name, Note, Once, Page,
    Patch, Patched, PathId, Sent, Success, Text, Total, WireTime, Write,
};

/// An employee as they are stored.
#[derive(Clone, Debug)]
pub struct Employee {
    pub(super) id: i64,
    pub(super) details: Details,
    pub(super) is_deleted: bool,
    pub(super) version: i64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// What people decide about an employee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    pub(super) name: String,
    /// The name regardless of case.
    pub(super) name_key: String,
    pub(super) position: String,
    /// A day, `YYYY-MM-DD`.
    pub(super) hire_date: String,
    pub(super) contact_info: Option<String>,
    /// Where they work; without it, for the whole shop.
    pub(super) store: Option<StoreId>,
}

/// An employee, as a caller sees them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Employee")]
pub struct EmployeeView {
    /// Who.
    id: i64,
    /// What they are called.
    name: String,
    /// What they do.
    position: String,
    /// Since when.
    hire_date: String,
    /// How to reach them.
    contact_info: Option<String>,
    /// Where they work; `null` for the whole shop.
    store_id: Option<i64>,
    /// Hidden: they have left.
    is_deleted: bool,
    /// Rises by one with each change.
    version: i64,
    /// When they were added.
    created_at: WireTime,
    /// When they were changed last.
    updated_at: WireTime,
}

/// One employee.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EmployeeAnswer {
    status: Success,
    employee: EmployeeView,
}

/// One page of employees.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EmployeeList {
    status: Success,
    employees: Vec<EmployeeView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which employees, in which order.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmployeeFilter {
    /// Words that occur in the name or the position, in any case.
    pub q: Option<Text<200>>,
    /// Only in these stores.
    pub store_id: Vec<i64>,
    /// Deleted ones too.
    pub include_deleted: bool,
    /// The order; a `-` in front turns it round.
    pub sort: PersonSort,
}

/// An employee, to be made or to replace another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "position", "hire_date"]), example = example())]
pub struct EmployeeInput {
    /// What they are called.
    name: Sent<Name>,
    /// What they do.
    position: Sent<Name>,
    /// Since when.
    hire_date: Sent<Day>,
    /// How to reach them.
    #[schemars(with = "Option<Note>")]
    contact_info: Sent<Note>,
    /// Where they work. Without it for the whole shop, which needs a role in all stores.
    #[schemars(with = "Option<i64>")]
    store_id: Sent<i64>,
}

fn example() -> Value {
    json!({
        "name": "Ben Carter",
        "position": "Cashier",
        "hire_date": "2026-01-31",
        "contact_info": "+44 20 7946 0777",
        "store_id": 1,
    })
}

impl Patched for EmployeeInput {
    const SCHEMA: &'static str = "EmployeePatch";

    fn example() -> Value {
        json!({ "position": "Shift lead" })
    }
}

impl EmployeeInput {
    fn over(self, stored: &Details) -> ApiResult<Self> {
        Ok(Self {
            name: self.name.or(Sent::of(&stored.name)?),
            position: self.position.or(Sent::of(&stored.position)?),
            hire_date: self.hire_date.or(Sent::of(&stored.hire_date)?),
            contact_info: self.contact_info.or(Sent::of(&stored.contact_info)?),
            store_id: self.store_id.or(Sent::of(&stored.store)?),
        })
    }

    fn check(&self) -> ApiResult<Details> {
        let mut faults = Faults::new();
        let name = self.name.required("name", &mut faults);
        let position = self.position.required("position", &mut faults);
        let hire_date = self.hire_date.required("hire_date", &mut faults);
        let contact_info = self.contact_info.optional("contact_info", &mut faults);
        let store = self.store_id.optional("store_id", &mut faults).map(StoreId);
        faults.into_result()?;
        let (Some(name), Some(position), Some(hire_date)) = (name, position, hire_date) else {
            return Err(ApiError::internal("a required field was not noticed as missing"));
        };
        Ok(Details {
            name_key: name.key(),
            name: name.into_string(),
            position: position.into_string(),
            hire_date: hire_date.0.to_string(),
            contact_info: contact_info.map(Note::into_string).filter(|text| !text.is_empty()),
            store,
        })
    }
}

/// Refuses someone who may not decide who works in a store, or for the whole shop.
fn check_place(who: &Principal, store: Option<StoreId>) -> ApiResult<()> {
    let permission = Permission::EditEmployees;
    match store {
        Some(store) => who.require_store(permission, store),
        None if who.scope(permission) == Scope::All => Ok(()),
        None => Err(ApiError::forbidden(permission.name())),
    }
}

/// Refuses a store that is not there.
async fn check_store(tx: &mut Tx, store: Option<StoreId>) -> ApiResult<()> {
    match store {
        Some(store) if !sql::store_exists(tx, store).await? => {
            Err(ApiError::not_found("store", store.0))
        }
        _ => Ok(()),
    }
}

impl Resource for Employee {
    type Details = Details;
    type View = EmployeeView;
    type Answer = EmployeeAnswer;

    const KIND: &'static str = "employee";
    const FACTS: Facts = facts!("employee");
    const PATH: &'static str = "/api/employees";
    const IS_OF_STORE: bool = true;

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

    fn store(&self) -> Option<StoreId> {
        self.details.store
    }

    fn is_seen_by(&self, who: &Principal) -> bool {
        match (who.scope(Permission::ReadEmployees), self.details.store) {
            (Scope::All, _) => true,
            (scope, Some(store)) => scope.has(store),
            (Scope::Stores(_), None) => false,
        }
    }

    fn check_change(&self, who: &Principal) -> ApiResult<()> {
        check_place(who, self.details.store)
    }

    fn view(self) -> EmployeeView {
        let details = self.details;
        EmployeeView {
            id: self.id,
            name: details.name,
            position: details.position,
            hire_date: details.hire_date,
            contact_info: details.contact_info,
            store_id: details.store.map(|store| store.0),
            is_deleted: self.is_deleted,
            version: self.version,
            created_at: WireTime(self.created_at),
            updated_at: WireTime(self.updated_at),
        }
    }

    fn answer(employee: EmployeeView) -> EmployeeAnswer {
        EmployeeAnswer { status: Success::Success, employee }
    }

    async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Self>> {
        sql::find(db, id).await
    }

    async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Self>> {
        sql::lock(tx, id).await
    }

    async fn insert(write: &mut Write, details: &Details) -> ApiResult<i64> {
        check_store(&mut write.tx, details.store).await?;
        Ok(sql::insert(&mut write.tx, details, write.now).await?)
    }

    async fn update(write: &mut Write, stored: &Self, details: &Details) -> ApiResult<()> {
        if details.store != stored.details.store {
            check_store(&mut write.tx, details.store).await?;
        }
        Ok(sql::update(&mut write.tx, stored.id, details, write.now).await?)
    }

    async fn set_deleted(write: &mut Write, stored: &Self, is_deleted: bool) -> ApiResult<()> {
        Ok(sql::set_deleted(&mut write.tx, stored.id, is_deleted, write.now).await?)
    }
}

/// `GET /api/employees`
pub async fn list(
    who: Can<ReadEmployees>,
    app: App,
    Asked(filter, request): Asked<EmployeeFilter>,
) -> ApiResult<ListAnswer<EmployeeList>> {
    let answer = |page: Page<Employee>| {
        let employees = page.entries.into_iter().map(Employee::view).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&EmployeeList { status: Success::Success, employees, next_cursor, total })
    };
    let scope = who.scope_within(Permission::ReadEmployees, &filter.store_id)?;
    request.answer(&app, &who, Employees { scope, filter }, answer).await
}

/// `POST /api/employees`
pub async fn create(
    who: Can<EditEmployees>,
    app: App,
    once: Once,
    Body(input): Body<EmployeeInput>,
) -> ApiResult<Created<EmployeeAnswer>> {
    let details = input.check()?;
    check_place(&who, details.store)?;
    resource::create::<Employee>(&app, &who, &once, &details).await
}

/// `GET /api/employees/{id}`
pub async fn get(
    who: Can<ReadEmployees>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<EmployeeAnswer>> {
    resource::show::<Employee>(&app, &who, id).await
}

/// `PUT /api/employees/{id}`
pub async fn replace(
    who: Can<EditEmployees>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(input): Body<EmployeeInput>,
) -> ApiResult<Answer<EmployeeAnswer>> {
    let details = input.check()?;
    check_place(&who, details.store)?;
    let decide = |_: &Employee| Ok(details);
    resource::change(&app, &who, id, (&once, &if_match), decide).await
}

/// `PATCH /api/employees/{id}`
pub async fn patch(
    who: Can<EditEmployees>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(Patch(input)): Body<Patch<EmployeeInput>>,
) -> ApiResult<Answer<EmployeeAnswer>> {
    let decide = |stored: &Employee| {
        let details = input.over(&stored.details)?.check()?;
        check_place(&who, details.store)?;
        Ok(details)
    };
    resource::change(&app, &who, id, (&once, &if_match), decide).await
}

/// `DELETE /api/employees/{id}`
pub async fn delete(
    who: Can<EditEmployees>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    resource::delete::<Employee>(&app, &who, id, (&once, &if_match)).await
}

/// `POST /api/employees/{id}/restore`
pub async fn restore(
    who: Can<EditEmployees>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Answer<EmployeeAnswer>> {
    resource::restore::<Employee>(&app, &who, id, (&once, &if_match)).await
}

impl EmployeeFilter {
    /// Leans on `employees_by_name` and `employees_by_age`.
    pub(super) const fn order(&self) -> Order {
        self.sort.order("e.name_key", "e.created_at", "e.id")
    }
}

/// The employees that a caller asks for and may see.
pub(super) struct Employees {
    pub(super) scope: Scope,
    pub(super) filter: EmployeeFilter,
}

impl List for Employees {
    type Entry = Employee;
    type Position = Position;

    const NAME: &'static str = "employees";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<Position>,
        limit: i64,
    ) -> ApiResult<Vec<Employee>> {
        Ok(sql::page(db, self, after.as_ref(), limit).await?)
    }

    fn position(&self, employee: &Employee) -> Position {
        let Details { name_key, .. } = &employee.details;
        self.filter.sort.position(name_key, employee.created_at, employee.id)
    }

    fn has_position(&self, position: &Position) -> bool {
        self.filter.order().has(position)
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "name",
            "position",
            "hire_date",
            "contact_info",
            "store_id",
            "is_deleted",
            "version",
            "created_at",
            "updated_at",
        ]
    }

    fn cells(&self, employee: Employee) -> Vec<String> {
        let employee = employee.view();
        vec![
            employee.id.to_string(),
            employee.name,
            employee.position,
            employee.hire_date,
            or_empty(employee.contact_info),
            or_empty(employee.store_id),
            employee.is_deleted.to_string(),
            employee.version.to_string(),
            employee.created_at.to_string(),
            employee.updated_at.to_string(),
        ]
    }
}
