//! Users over HTTP: for administrators.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom_domain::UserId;

use super::roles::{check_stores, grants_cell};
use super::user::{AccountView, Decided, User, UserInput};
use super::users_sql as sql;
use crate::App;
use crate::auth::http::RoleName;
use crate::auth::users_sql::{NewUserRow, insert_user};
use crate::auth::{Anyone, Can, ManageUsers, Principal, Registrar, users};
use crate::config::Secret;
use crate::db::{Conn, Fault, Select, fault};
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::events::{Event, Fact};
use crate::http::csv::or_empty;
use crate::http::{
    Answer, Asked, Body, Created, Done, IfMatch, List, ListAnswer, Once, Page, Patch, PathId,
    Success, Text, Total, Write, begin_write,
};

/// One user.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountAnswer {
    status: Success,
    user: AccountView,
}

/// One page of users.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountList {
    status: Success,
    users: Vec<AccountView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which users, by username.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserFilter {
    /// Words that occur in the name or the username, in any case.
    pub q: Option<Text<200>>,
    /// Who hold this role somewhere.
    pub role: Option<RoleName>,
    /// Who hold a role in this store.
    pub store_id: Option<i64>,
    /// Only those who may not sign in, or only those who may.
    pub is_disabled: Option<bool>,
    /// Those who have left, too.
    pub include_deleted: bool,
}

/// `GET /api/users`
pub async fn list(
    who: Can<ManageUsers>,
    app: App,
    Asked(filter, request): Asked<UserFilter>,
) -> ApiResult<ListAnswer<AccountList>> {
    let answer = |page: Page<User>| {
        let users = page.entries.into_iter().map(AccountView::from).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&AccountList { status: Success::Success, users, next_cursor, total })
    };
    request.answer(&app, &who, filter, answer).await
}

impl List for UserFilter {
    type Entry = User;
    type Position = String;

    const NAME: &'static str = "users";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<String>,
        limit: i64,
    ) -> ApiResult<Vec<User>> {
        Ok(sql::page(db, self, after.as_deref(), limit).await?)
    }

    fn position(&self, user: &User) -> String {
        user.username_key.clone()
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "username",
            "name",
            "grants",
            "employee_id",
            "is_disabled",
            "is_deleted",
            "last_sign_in_at",
            "version",
            "created_at",
            "updated_at",
        ]
    }

    fn cells(&self, user: User) -> Vec<String> {
        let user = AccountView::from(user);
        vec![
            user.id.to_string(),
            user.username,
            user.name,
            grants_cell(&user.grants),
            or_empty(user.employee_id),
            user.is_disabled.to_string(),
            user.is_deleted.to_string(),
            or_empty(user.last_sign_in_at),
            user.version.to_string(),
            user.created_at.to_string(),
            user.updated_at.to_string(),
        ]
    }
}

/// `GET /api/users/{id}`
pub async fn get(
    _: Can<ManageUsers>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<AccountAnswer>> {
    let mut reader = app.db.read().await?;
    let user = sql::find(Conn::from(&mut reader), UserId(id)).await?;
    let user = AccountView::from(user.ok_or_else(|| ApiError::not_found("user", id))?);
    let tag = user.tag();
    Ok(Answer::new(&AccountAnswer { status: Success::Success, user })?.with_tag(&tag))
}

/// `POST /api/users`
pub async fn create(
    who: Can<ManageUsers>,
    app: App,
    once: Once,
    Body(input): Body<UserInput>,
) -> ApiResult<Created<AccountAnswer>> {
    add(&app, &who, &once, &input).await
}

/// `POST /api/auth/register`: by an administrator as [`create`]; by anyone, where the shop's
/// settings let them, without a role in any store.
pub async fn register(
    _: Anyone,
    registrar: Registrar,
    app: App,
    once: Once,
    Body(input): Body<UserInput>,
) -> ApiResult<Created<AccountAnswer>> {
    if let Registrar::Administrator(who) = registrar {
        return add(&app, &who, &once, &input).await;
    }
    let mut faults = Faults::new();
    for (field, is_given) in [
        ("role", input.role.is_given()),
        ("store_ids", input.store_ids.is_given()),
        ("grants", input.grants.is_given()),
        ("employee_id", input.employee_id.is_given()),
        ("is_disabled", input.is_disabled.is_given()),
    ] {
        if is_given {
            faults.add(field, format!("Only an administrator sets {field}."));
        }
    }
    faults.into_result()?;
    let nobody = input.role_of_newcomer()?;
    let name = nobody.username.optional("username", &mut Faults::new()).unwrap_or_default();
    add(&app, &Principal::newcomer(&users::key(&name)), &once, &nobody).await
}

async fn add(
    app: &App,
    who: &Principal,
    once: &Once,
    input: &UserInput,
) -> ApiResult<Created<AccountAnswer>> {
    let decided = input.check(None, None)?;
    let Some(password) = &decided.password else {
        return Err(ApiError::internal("a new user without a password was let through"));
    };
    // Before the transaction: it takes tens of milliseconds, and on SQLite everyone would wait.
    let password_hash = app.auth.passwords.hash(password.expose()).await?;
    let mut write = begin_write(app, who, once).await?;
    check_stores(&mut write.tx, &decided.grants).await?;
    check_employee(&mut write, decided.employee_id).await?;
    let new = NewUserRow {
        username: &decided.username,
        name: &decided.name,
        password_hash: &password_hash,
        is_disabled: decided.is_disabled,
        is_program: false,
    };
    let Some(id) = insert_user(&mut write.tx, &new, write.now).await? else {
        return Err(username_taken(&decided.username));
    };
    sql::set_grants(&mut write.tx, id, &decided.grants).await?;
    if let Some(employee) = decided.employee_id {
        sql::set_employee(&mut write.tx, id, employee).await?;
    }
    let answer = finish(write, id, Some(("user.created", None))).await?;
    Ok(answer.with_location(&format!("/api/users/{id}")))
}

fn username_taken(username: &str) -> ApiError {
    let code = ErrorCode::DuplicateUsername;
    let message = format!("There is a user {username} already.");
    ApiError::field(code, code.name(), "username", message).with_detail("username", username)
}

/// `PUT /api/users/{id}`
pub async fn replace(
    who: Can<ManageUsers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(input): Body<UserInput>,
) -> ApiResult<Answer<AccountAnswer>> {
    let decide = |input: UserInput, stored: &User| input.check(Some(stored), None);
    change(&who, &app, id, &once, &if_match, input, decide).await
}

/// `PATCH /api/users/{id}`
pub async fn patch(
    who: Can<ManageUsers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(Patch(input)): Body<Patch<UserInput>>,
) -> ApiResult<Answer<AccountAnswer>> {
    let decide = |input: UserInput, stored: &User| {
        input.over(stored)?.check(Some(stored), Some(&stored.grants))
    };
    change(&who, &app, id, &once, &if_match, input, decide).await
}

async fn change(
    who: &Principal,
    app: &App,
    id: i64,
    once: &Once,
    if_match: &IfMatch,
    input: UserInput,
    decide: impl FnOnce(UserInput, &User) -> ApiResult<Decided>,
) -> ApiResult<Answer<AccountAnswer>> {
    let hash = match input.password.optional("password", &mut Faults::new()) {
        Some(password) => Some(app.auth.passwords.hash(Secret::expose(&password)).await?),
        None => None,
    };
    let mut write = begin_write(app, who, once).await?;
    let stored = locked(&mut write, id).await?;
    if_match.check(stored.version)?;
    if stored.is_deleted {
        let message = "This user has left; what they did is kept under their name.";
        return Err(ApiError::conflict(ErrorCode::InvalidState, message).with_detail("user_id", id));
    }
    let decided = decide(input, &stored)?;
    let is_same = decided.username == stored.username
        && decided.name == stored.name
        && decided.grants == stored.grants
        && decided.employee_id == stored.employee_id
        && decided.is_disabled == stored.is_disabled;
    if is_same && hash.is_none() {
        return finish(write, stored.id, None).await;
    }
    if decided.grants != stored.grants {
        check_stores(&mut write.tx, &decided.grants).await?;
    }
    if decided.employee_id != stored.employee_id {
        check_employee(&mut write, decided.employee_id).await?;
    }
    let updated = sql::update(
        &mut write.tx,
        stored.id,
        (&decided.username, &decided.name, decided.is_disabled),
        decided.employee_id,
        write.now,
    );
    match updated.await {
        Ok(()) => {}
        Err(error) if fault(&error) == Fault::Duplicate => {
            write.tx.rollback().await?;
            return Err(username_taken(&decided.username));
        }
        Err(error) => return Err(error.into()),
    }
    sql::set_grants(&mut write.tx, stored.id, &decided.grants).await?;
    if let Some(hash) = &hash {
        sql::set_password(&mut write.tx, stored.id, hash).await?;
    }
    if hash.is_some() || decided.is_disabled {
        sql::end_sessions(&mut write.tx, stored.id, None, write.now).await?;
    }
    require_an_administrator(&mut write).await?;
    let (id, before) = (stored.id, Some((stored, hash.is_some())));
    let answer = finish(write, id, Some(("user.updated", before))).await?;
    app.auth.callers.forget_user(id);
    Ok(answer)
}

/// `DELETE /api/users/{id}`: the user is kept, and cannot come in any more. The username is free
/// for someone else.
pub async fn delete(
    who: Can<ManageUsers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    let mut write = begin_write(&app, &who, &once).await?;
    let stored = locked(&mut write, id).await?;
    if stored.is_deleted {
        return write.commit(&(), []).await;
    }
    if_match.check(stored.version)?;
    sql::delete(&mut write.tx, stored.id, write.now).await?;
    sql::end_sessions(&mut write.tx, stored.id, None, write.now).await?;
    require_an_administrator(&mut write).await?;
    let event = Event::new("user.deleted", "user", id, &json!({ "by": write.by() }));
    let fact = Fact::new(event).before(&AccountView::from(stored));
    let done = write.commit(&(), [fact]).await?;
    app.auth.callers.forget_user(UserId(id));
    Ok(done)
}

/// The user, who cannot change meanwhile; nor can it change who is an administrator.
async fn locked(write: &mut Write, id: i64) -> ApiResult<User> {
    sql::lock_administrators(&mut write.tx).await?;
    let user = sql::lock(&mut write.tx, UserId(id)).await?;
    user.ok_or_else(|| ApiError::not_found("user", id))
}

/// Refuses an employee who is not there.
async fn check_employee(write: &mut Write, employee: Option<i64>) -> ApiResult<()> {
    let Some(id) = employee else { return Ok(()) };
    if sql::has_employee(&mut write.tx, id).await? {
        return Ok(());
    }
    let code = ErrorCode::NotFound;
    let message = format!("There is no employee {id}.");
    Err(ApiError::field(code, code.name(), "employee_id", message)
        .with_detail("kind", "employee")
        .with_detail("employee_id", id))
}

/// A shop without an administrator could never be changed again.
async fn require_an_administrator(write: &mut Write) -> ApiResult<()> {
    if sql::has_administrator(&mut write.tx).await? {
        return Ok(());
    }
    let message = "This is the last administrator who can sign in: make someone else one first.";
    Err(ApiError::conflict(ErrorCode::InvalidState, message))
}

/// Shows the user as the write leaves them, and commits. A change has a name and, unless the user
/// is new, what was before and whether the password is another.
async fn finish<const STATUS: u16>(
    mut write: Write,
    id: UserId,
    change: Option<(&'static str, Option<(User, bool)>)>,
) -> ApiResult<Answer<AccountAnswer, STATUS>> {
    let user = sql::find(Conn::from(&mut write.tx), id).await?;
    let user = AccountView::from(user.ok_or_else(|| ApiError::not_found("user", id.0))?);
    let by = write.by();
    let fact = change.map(|(kind, before)| {
        // Followers learn neither names nor roles: they are of any role, in any store.
        let event = Event::new(kind, "user", id.0, &json!({ "version": user.version, "by": by }));
        let Some((before, has_new_password)) = before else {
            return Fact::new(event).after(&user);
        };
        let mut after = serde_json::to_value(&user).unwrap_or_default();
        if has_new_password {
            after["password"] = json!("changed");
        }
        Fact::new(event).before(&AccountView::from(before)).after(&after)
    });
    let tag = user.tag();
    let answer = AccountAnswer { status: Success::Success, user };
    Ok(write.commit(&answer, fact).await?.with_tag(&tag))
}
