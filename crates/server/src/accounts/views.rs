//! Saved views: a list with its filters, sorting and columns under a name.
//!
//! A view is its owner's. Shared, everyone sees it, from every store; so only someone whose role
//! holds in all stores may share one: what it names could belong to a store that others must not
//! know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use stockroom_domain::Timestamp;
use stockroom_domain::permissions::Permission;

use super::views_sql::{self as sql, Details, Seen, View};
use crate::App;
use crate::audit::abridged;
use crate::auth::{Person, Principal};
use crate::db::{Conn, Fault, Select, fault};
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::events::{Event, Fact};
use crate::http::{
    Answer, Asked, Body, Created, Done, ETag, IfMatch, List, ListAnswer, Once, Page, Patch,
    Patched, PathId, Sent, Success, Text, Total, WireTime, Write, begin_write,
};

/// The most views of one user.
const VIEWS_MAX: i64 = 200;
/// The most bytes of a definition.
const DEFINITION_BYTES_MAX: usize = 16 * 1024;
/// The name of a list, as in `products`.
type ListName = Text<64>;
/// What a view is called.
type ViewName = Text<100>;

/// A view, to be saved or to replace another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["list", "name", "definition"]), example = example())]
pub struct ViewInput {
    /// Which list it shows: `products`, `orders` …
    pub list: Sent<ListName>,
    /// What it is called; unique among one's own views of the list, in any case.
    pub name: Sent<ViewName>,
    /// Filters, sorting, columns: any JSON object of at most 16 KiB.
    pub definition: Sent<Map<String, Value>>,
    /// Whether everyone sees it; needs a role in all stores.
    #[schemars(with = "Option<bool>")]
    pub is_shared: Sent<bool>,
}

fn example() -> Value {
    json!({
        "list": "products",
        "name": "Dog food by price",
        "definition": { "category": ["Dogs"], "sort": "-price" },
        "is_shared": false,
    })
}

impl Patched for ViewInput {
    const SCHEMA: &'static str = "SavedViewPatch";

    fn example() -> Value {
        json!({ "name": "Dog food" })
    }
}

/// A view, as a caller sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SavedView")]
pub struct ViewView {
    /// Which.
    id: i64,
    /// Whose it is.
    owner_id: i64,
    /// Which list it shows.
    list: String,
    /// What it is called.
    name: String,
    /// Filters, sorting, columns.
    #[schemars(with = "Map<String, Value>")]
    definition: Box<RawValue>,
    /// Whether everyone sees it.
    is_shared: bool,
    /// Rises by one with each change.
    version: i64,
    /// When it was saved.
    created_at: WireTime,
    /// When it was changed last.
    updated_at: WireTime,
}

/// One view.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ViewAnswer {
    status: Success,
    view: ViewView,
}

/// One page of views.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ViewList {
    status: Success,
    views: Vec<ViewView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which views: one's own and those that are shared.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ViewFilter {
    /// Only of this list.
    pub list: Option<ListName>,
}

impl TryFrom<View> for ViewView {
    type Error = ApiError;

    fn try_from(view: View) -> ApiResult<Self> {
        Ok(Self {
            id: view.id,
            owner_id: view.owner_id,
            list: view.list,
            name: view.name,
            definition: RawValue::from_string(view.definition).map_err(ApiError::internal)?,
            is_shared: view.is_shared,
            version: view.version,
            created_at: WireTime(Timestamp(view.created_at)),
            updated_at: WireTime(Timestamp(view.updated_at)),
        })
    }
}

impl ViewInput {
    fn check(&self) -> ApiResult<Details> {
        let mut faults = Faults::new();
        let list = self.list.required("list", &mut faults);
        let name = self.name.required("name", &mut faults);
        let definition = self.definition.required("definition", &mut faults);
        let definition = Value::Object(definition.unwrap_or_default()).to_string();
        if definition.len() > DEFINITION_BYTES_MAX {
            let kib = DEFINITION_BYTES_MAX / 1024;
            faults.add("definition", format!("A definition may have at most {kib} KiB."));
        }
        let is_shared = self.is_shared.optional("is_shared", &mut faults).unwrap_or(false);
        faults.into_result()?;
        let (Some(list), Some(name)) = (list, name) else {
            return Err(ApiError::internal("a required field was not noticed as missing"));
        };
        Ok(Details {
            list: list.into_string(),
            name_key: name.key(),
            name: name.into_string(),
            is_shared,
            definition,
        })
    }

    fn over(self, stored: &View) -> ApiResult<Self> {
        let definition = RawValue::from_string(stored.definition.clone());
        Ok(Self {
            list: self.list.or(Sent::of(&stored.list)?),
            name: self.name.or(Sent::of(&stored.name)?),
            definition: self.definition.or(Sent::of(&definition.map_err(ApiError::internal)?)?),
            is_shared: self.is_shared.or(Sent::of(&stored.is_shared)?),
        })
    }
}

/// `GET /api/views`
pub async fn list(
    who: Person,
    app: App,
    Asked(ViewFilter { list }, request): Asked<ViewFilter>,
) -> ApiResult<ListAnswer<ViewList>> {
    let has_shared = may_see_shared(&who);
    let seen = Seen { by: who.user_id, has_shared, list: list.map(Text::into_string) };
    let answer = |Page { entries, next_cursor, total }| {
        let views = entries.into_iter().map(ViewView::try_from).collect::<ApiResult<_>>()?;
        Answer::new(&ViewList { status: Success::Success, views, next_cursor, total })
    };
    request.answer(&app, &who, seen, answer).await
}

impl List for Seen {
    type Entry = View;
    type Position = (String, i64);

    const NAME: &'static str = "views";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<(String, i64)>,
        limit: i64,
    ) -> ApiResult<Vec<View>> {
        Ok(sql::page(db, self, after.as_ref(), limit).await?)
    }

    fn position(&self, view: &View) -> (String, i64) {
        (view.name_key.clone(), view.id)
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "owner_id",
            "list",
            "name",
            "definition",
            "is_shared",
            "version",
            "created_at",
            "updated_at",
        ]
    }

    fn cells(&self, view: View) -> Vec<String> {
        vec![
            view.id.to_string(),
            view.owner_id.to_string(),
            view.list,
            view.name,
            view.definition,
            view.is_shared.to_string(),
            view.version.to_string(),
            WireTime(Timestamp(view.created_at)).to_string(),
            WireTime(Timestamp(view.updated_at)).to_string(),
        ]
    }
}

/// `GET /api/views/{id}`
pub async fn get(who: Person, app: App, PathId(id): PathId) -> ApiResult<Answer<ViewAnswer>> {
    let mut reader = app.db.read().await?;
    let view = sql::find(Conn::from(&mut reader), id).await?;
    let view = seen(&who, view).ok_or_else(|| ApiError::not_found("view", id))?;
    let tag = ETag(view.version);
    let view = ViewView::try_from(view)?;
    Ok(Answer::new(&ViewAnswer { status: Success::Success, view })?.with_etag(tag))
}

/// Whoever has no role yet, as one who has just registered, sees their own alone.
fn may_see_shared(who: &Principal) -> bool {
    !who.grants.is_empty()
}

/// A view that the caller may know of.
fn seen(who: &Principal, view: Option<View>) -> Option<View> {
    view.filter(|view| {
        let is_own = view.owner_id == who.user_id.0;
        is_own || view.is_shared && !view.is_deleted && may_see_shared(who)
    })
}

fn check_sharing(who: &Principal, details: &Details) -> ApiResult<()> {
    if !details.is_shared || who.is_of_all_stores() {
        return Ok(());
    }
    let message = "A shared view is seen from every store: only someone whose role holds in all \
                   of them may share one.";
    Err(ApiError::field(ErrorCode::Forbidden, "forbidden", "is_shared", message))
}

/// `POST /api/views`
pub async fn create(
    who: Person,
    app: App,
    once: Once,
    Body(input): Body<ViewInput>,
) -> ApiResult<Created<ViewAnswer>> {
    let details = input.check()?;
    check_sharing(&who, &details)?;
    let mut write = begin_write(&app, &who, &once).await?;
    if sql::count_own(&mut write.tx, who.user_id).await? >= VIEWS_MAX {
        let message = format!("You have {VIEWS_MAX} views already: delete one first.");
        return Err(ApiError::conflict(ErrorCode::InvalidState, message));
    }
    let inserted = sql::insert(&mut write.tx, who.user_id, &details, write.now).await;
    let (write, id) = unless_name_taken(write, &details, inserted).await?;
    let answer = finish(write, id, Some(("view.created", None))).await?;
    Ok(answer.with_location(&format!("/api/views/{id}")))
}

/// `PUT /api/views/{id}`
pub async fn replace(
    who: Person,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(input): Body<ViewInput>,
) -> ApiResult<Answer<ViewAnswer>> {
    change(&who, &app, id, &once, &if_match, |_| Ok(input)).await
}

/// `PATCH /api/views/{id}`
pub async fn patch(
    who: Person,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(Patch(input)): Body<Patch<ViewInput>>,
) -> ApiResult<Answer<ViewAnswer>> {
    change(&who, &app, id, &once, &if_match, |stored| input.over(stored)).await
}

async fn change(
    who: &Principal,
    app: &App,
    id: i64,
    once: &Once,
    if_match: &IfMatch,
    merge: impl FnOnce(&View) -> ApiResult<ViewInput>,
) -> ApiResult<Answer<ViewAnswer>> {
    let mut write = begin_write(app, who, once).await?;
    let (stored, Whose::Own) = locked(who, &mut write, id).await? else {
        return Err(is_someone_elses(id));
    };
    if_match.check(stored.version)?;
    if stored.is_deleted {
        let message = "This view is deleted: save it anew.";
        return Err(ApiError::conflict(ErrorCode::InvalidState, message).with_detail("view_id", id));
    }
    let details = merge(&stored)?.check()?;
    check_sharing(who, &details)?;
    if stored.is_same(&details) {
        return finish(write, id, None).await;
    }
    let updated = sql::update(&mut write.tx, id, &details, write.now).await;
    let (write, ()) = unless_name_taken(write, &details, updated).await?;
    finish(write, id, Some(("view.updated", Some(stored)))).await
}

/// `DELETE /api/views/{id}`: one's own, or, for administrators, one that is shared. Again is as
/// good.
pub async fn delete(
    who: Person,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    let mut write = begin_write(&app, &who, &once).await?;
    let stored = match locked(&who, &mut write, id).await? {
        (stored, Whose::Own) => stored,
        // Its owner may have left.
        (stored, Whose::Shared) if who.may_anywhere(Permission::ManageUsers) => stored,
        (_, Whose::Shared) => return Err(is_someone_elses(id)),
    };
    if stored.is_deleted {
        return write.commit(&(), []).await;
    }
    if_match.check(stored.version)?;
    sql::delete(&mut write.tx, id, write.now).await?;
    let event = event("view.deleted", id, &stored.list);
    let fact = Fact::new(event).before(&record(stored)?);
    write.commit(&(), [fact]).await
}

enum Whose {
    Own,
    Shared,
}

/// A view that the caller sees, locked for a change.
async fn locked(who: &Principal, write: &mut Write, id: i64) -> ApiResult<(View, Whose)> {
    let view = seen(who, sql::lock(&mut write.tx, id).await?);
    let view = view.ok_or_else(|| ApiError::not_found("view", id))?;
    let whose = if view.owner_id == who.user_id.0 { Whose::Own } else { Whose::Shared };
    Ok((view, whose))
}

fn is_someone_elses(id: i64) -> ApiError {
    let message = "This view is someone else's: save a copy of it under your own name.";
    ApiError::new(ErrorCode::Forbidden, message).with_detail("view_id", id)
}

/// Goes on, unless the index on names refused, which ends the transaction on PostgreSQL.
async fn unless_name_taken<T>(
    write: Write,
    details: &Details,
    result: sqlx::Result<T>,
) -> ApiResult<(Write, T)> {
    match result {
        Ok(value) => Ok((write, value)),
        Err(error) if fault(&error) == Fault::Duplicate => {
            write.tx.rollback().await?;
            let message = format!("You have a view {} of this list already.", details.name);
            let code = ErrorCode::DuplicateName;
            Err(ApiError::field(code, code.name(), "name", message)
                .with_detail("name", details.name.as_str()))
        }
        Err(error) => Err(error.into()),
    }
}

/// A view as the audit log shows it.
fn record(view: View) -> ApiResult<ViewView> {
    let definition = abridged(&view.definition);
    Ok(ViewView { definition, ..ViewView::try_from(view)? })
}

/// Shows the view as the write leaves it, and commits. A change has a name and, unless the view is
/// new, what was before.
async fn finish<const STATUS: u16>(
    mut write: Write,
    id: i64,
    change: Option<(&'static str, Option<View>)>,
) -> ApiResult<Answer<ViewAnswer, STATUS>> {
    let view = sql::find(Conn::from(&mut write.tx), id).await?;
    let view = view.ok_or_else(|| ApiError::not_found("view", id))?;
    let fact = match change {
        None => None,
        Some((kind, before)) => {
            let fact = Fact::new(event(kind, id, &view.list)).after(&record(view.clone())?);
            Some(match before {
                Some(before) => fact.before(&record(before)?),
                None => fact,
            })
        }
    };
    let view = ViewView::try_from(view)?;
    let tag = ETag(view.version);
    let answer = ViewAnswer { status: Success::Success, view };
    Ok(write.commit(&answer, fact).await?.with_etag(tag))
}

fn event(kind: &'static str, id: i64, list: &str) -> Event {
    Event::new(kind, "view", id, &json!({ "list": list }))
}
