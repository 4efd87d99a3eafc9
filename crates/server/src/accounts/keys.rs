//! API keys over HTTP: for administrators, who give them to programs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom_domain::UserId;

use super::key::{Decided, KeyInput, KeyView};
use super::keys_sql::{self as sql, Key};
use super::roles::{check_stores, grants_cell};
use super::users_sql;
use crate::App;
use crate::auth::keys::NewKey;
use crate::auth::users_sql::{NewUserRow, insert_user};
use crate::auth::{Can, Grant, ManageUsers, Principal};
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{Event, Fact};
use crate::http::csv::or_empty;
use crate::http::{
    Answer, Asked, Body, Created, Done, IfMatch, List, ListAnswer, Once, Page, Patch, PathId,
    Success, Total, Write, begin_write,
};

/// No password fits it: it is no PHC string.
const NO_PASSWORD: &str = "!";

/// One key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeyAnswer {
    status: Success,
    api_key: KeyView,
}

/// A key that was made.
#[derive(Clone, Serialize, JsonSchema)]
pub struct NewKeyAnswer {
    status: Success,
    api_key: KeyView,
    /// The key itself, for the header `Authorization: Bearer srk_…`. This is the only time that
    /// it is shown: a repetition of the request has `null` here.
    key: Option<String>,
}

/// One page of keys, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeyList {
    status: Success,
    api_keys: Vec<KeyView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// Which keys.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyFilter {
    /// Those that were ended, too.
    pub include_revoked: bool,
}

/// `GET /api/api-keys`
pub async fn list(
    who: Can<ManageUsers>,
    app: App,
    Asked(filter, request): Asked<KeyFilter>,
) -> ApiResult<ListAnswer<KeyList>> {
    let answer = |Page { entries: api_keys, next_cursor, total }| {
        Answer::new(&KeyList { status: Success::Success, api_keys, next_cursor, total })
    };
    request.answer(&app, &who, filter, answer).await
}

impl List for KeyFilter {
    type Entry = KeyView;
    type Position = i64;

    const NAME: &'static str = "api-keys";

    async fn entries(
        &self,
        mut db: Conn<'_>,
        after: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<KeyView>> {
        let keys = sql::page(db.reborrow(), self, after, limit).await?;
        let users: Vec<i64> = keys.iter().map(|key| key.user_id).collect();
        let grants = users_sql::grants_of(db, &users).await?;
        let of = |user| grants.get(&user).map_or(&[][..], Vec::as_slice);
        Ok(keys.into_iter().map(|key| KeyView::of(key.clone(), of(key.user_id))).collect())
    }

    fn position(&self, key: &KeyView) -> i64 {
        key.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "user_id",
            "name",
            "hint",
            "grants",
            "created_by",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "last_used_address",
            "version",
            "created_at",
            "updated_at",
        ]
    }

    fn cells(&self, key: KeyView) -> Vec<String> {
        vec![
            key.id.to_string(),
            key.user_id.to_string(),
            key.name,
            key.hint,
            grants_cell(&key.grants),
            key.created_by.to_string(),
            or_empty(key.expires_at),
            or_empty(key.revoked_at),
            or_empty(key.last_used_at),
            or_empty(key.last_used_address),
            key.version.to_string(),
            key.created_at.to_string(),
            key.updated_at.to_string(),
        ]
    }
}

/// `GET /api/api-keys/{id}`
pub async fn get(
    _: Can<ManageUsers>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<KeyAnswer>> {
    let mut reader = app.db.read().await?;
    let api_key = shown(Conn::from(&mut reader), id).await?;
    let tag = api_key.tag();
    Ok(Answer::new(&KeyAnswer { status: Success::Success, api_key })?.with_tag(&tag))
}

async fn shown(mut db: Conn<'_>, id: i64) -> ApiResult<KeyView> {
    let key = sql::find(db.reborrow(), id).await?;
    let key = key.ok_or_else(|| ApiError::not_found("api_key", id))?;
    let grants = grants_of(db, &key).await?;
    Ok(KeyView::of(key, &grants))
}

async fn grants_of(db: Conn<'_>, key: &Key) -> ApiResult<Vec<Grant>> {
    let mut grants = users_sql::grants_of(db, &[key.user_id]).await?;
    Ok(grants.remove(&key.user_id).unwrap_or_default())
}

/// `POST /api/api-keys`
pub async fn create(
    who: Can<ManageUsers>,
    app: App,
    once: Once,
    Body(input): Body<KeyInput>,
) -> ApiResult<Created<NewKeyAnswer>> {
    let decided = input.check(None)?;
    decided.check_end(None, app.clock.now())?;
    let mut write = begin_write(&app, &who, &once).await?;
    check_stores(&mut write.tx, &decided.grants).await?;
    let key = NewKey::random();
    // A colon is in no name that people sign in with.
    let username = format!("key:{}", key.hint);
    let user = NewUserRow {
        username: &username,
        name: &decided.name,
        password_hash: NO_PASSWORD,
        is_disabled: false,
        is_program: true,
    };
    let Some(user) = insert_user(&mut write.tx, &user, write.now).await? else {
        return Err(ApiError::internal("two keys of random bytes begin alike"));
    };
    users_sql::set_grants(&mut write.tx, user, &decided.grants).await?;
    let new = sql::NewKeyRow {
        user_id: user,
        name: &decided.name,
        key: &key,
        created_by: who.user_id,
        expires_at: decided.expires_at,
    };
    let id = sql::insert(&mut write.tx, &new, write.now).await?;
    let api_key = shown(Conn::from(&mut write.tx), id).await?;
    let data = json!({ "version": api_key.version, "by": write.by() });
    let event = Event::new("api_key.created", "api_key", id, &data);
    let fact = Fact::new(event).after(&api_key);
    let tag = api_key.tag();
    let repeated = NewKeyAnswer { status: Success::Success, api_key, key: None };
    let answer = NewKeyAnswer { key: Some(key.key), ..repeated.clone() };
    let answer = write.commit_once(&answer, &repeated, [fact]).await?;
    Ok(answer.with_tag(&tag).with_location(&format!("/api/api-keys/{id}")).never_stored())
}

/// `PUT /api/api-keys/{id}`: the key itself stays.
pub async fn replace(
    who: Can<ManageUsers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(input): Body<KeyInput>,
) -> ApiResult<Answer<KeyAnswer>> {
    change(&who, &app, id, &once, &if_match, |_, _| input.check(None)).await
}

/// `PATCH /api/api-keys/{id}`
pub async fn patch(
    who: Can<ManageUsers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(Patch(input)): Body<Patch<KeyInput>>,
) -> ApiResult<Answer<KeyAnswer>> {
    let decide = |stored: &Key, grants: &[Grant]| input.over(stored)?.check(Some(grants));
    change(&who, &app, id, &once, &if_match, decide).await
}

async fn change(
    who: &Principal,
    app: &App,
    id: i64,
    once: &Once,
    if_match: &IfMatch,
    decide: impl FnOnce(&Key, &[Grant]) -> ApiResult<Decided>,
) -> ApiResult<Answer<KeyAnswer>> {
    let mut write = begin_write(app, who, once).await?;
    let stored = locked(&mut write, id).await?;
    if_match.check(stored.version)?;
    if stored.revoked_at.is_some() {
        let message = "This key was ended: make a new one.";
        return Err(
            ApiError::conflict(ErrorCode::InvalidState, message).with_detail("api_key_id", id)
        );
    }
    let grants = grants_of(Conn::from(&mut write.tx), &stored).await?;
    let decided = decide(&stored, &grants)?;
    decided.check_end(stored.expires_at, write.now)?;
    let user = UserId(stored.user_id);
    if decided.grants != grants {
        check_stores(&mut write.tx, &decided.grants).await?;
        users_sql::set_grants(&mut write.tx, user, &decided.grants).await?;
    }
    let is_same = decided.grants == grants
        && decided.name == stored.name
        && decided.expires_at.map(|at| at.0) == stored.expires_at;
    if !is_same {
        sql::update(&mut write.tx, &stored, &decided.name, decided.expires_at, write.now).await?;
    }
    let before = KeyView::of(stored, &grants);
    let api_key = shown(Conn::from(&mut write.tx), id).await?;
    let by = write.by();
    let fact = (!is_same).then(|| {
        let data = json!({ "version": api_key.version, "by": by });
        let event = Event::new("api_key.updated", "api_key", id, &data);
        Fact::new(event).before(&before).after(&api_key)
    });
    let tag = api_key.tag();
    let answer = KeyAnswer { status: Success::Success, api_key };
    let answer = write.commit(&answer, fact).await?.with_tag(&tag);
    app.auth.callers.forget_user(user);
    Ok(answer)
}

/// `DELETE /api/api-keys/{id}`: the key is good for nothing from now on.
pub async fn delete(
    who: Can<ManageUsers>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    let mut write = begin_write(&app, &who, &once).await?;
    let stored = locked(&mut write, id).await?;
    if stored.revoked_at.is_some() {
        return write.commit(&(), []).await;
    }
    if_match.check(stored.version)?;
    sql::revoke(&mut write.tx, id, write.now).await?;
    let user = UserId(stored.user_id);
    let grants = grants_of(Conn::from(&mut write.tx), &stored).await?;
    let event = Event::new("api_key.revoked", "api_key", id, &json!({ "by": write.by() }));
    let fact = Fact::new(event).before(&KeyView::of(stored, &grants));
    let done = write.commit(&(), [fact]).await?;
    app.auth.callers.forget_user(user);
    Ok(done)
}

async fn locked(write: &mut Write, id: i64) -> ApiResult<Key> {
    sql::lock(&mut write.tx, id).await?.ok_or_else(|| ApiError::not_found("api_key", id))
}
