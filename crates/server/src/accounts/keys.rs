//! API keys over HTTP: for administrators, who give them to programs.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::{Timestamp, UserId};

use super::keys_sql::{self as sql, Key};
use super::roles::{GrantInput, SentRoles, check_stores};
use super::users_sql::{self, NewUser};
use crate::App;
use crate::auth::http::{GrantView, RoleName};
use crate::auth::keys::NewKey;
use crate::auth::{Can, Grant, ManageUsers, Principal};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::events::{Event, Fact};
use crate::http::{
    Answer, Body, Created, Cursor, Done, ETag, IfMatch, Limit, Once, Paging, Params, PathId, Sent,
    Success, Text, WireTime, Write, begin_write,
};

/// What a key is called.
type KeyName = Text<100>;
/// No password fits it: it is no PHC string.
const NO_PASSWORD: &str = "!";

/// A key, to be made or to replace what another was.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]), example = example())]
pub struct KeyInput {
    /// Which program it is for: whatever the program does bears this name.
    pub name: Sent<KeyName>,
    /// What the program may do, in each of `store_ids`.
    #[schemars(with = "Option<RoleName>")]
    pub role: Sent<RoleName>,
    /// Its stores; `null` for all, those to come included.
    #[schemars(with = "Option<Vec<i64>>")]
    pub store_ids: Sent<Vec<i64>>,
    /// In place of `role` and `store_ids`: a role for each store.
    #[schemars(with = "Option<Vec<GrantInput>>")]
    pub grants: Sent<Vec<GrantInput>>,
    /// When it ends; never unless stated.
    #[schemars(with = "Option<WireTime>")]
    pub expires_at: Sent<WireTime>,
}

fn example() -> Value {
    json!({
        "name": "Web shop",
        "role": "staff",
        "store_ids": [1],
        "expires_at": "2027-12-31T00:00:00Z",
    })
}

/// The fields of a key that change (RFC 7396): what is not named stays.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct KeyPatch(pub KeyInput);

impl JsonSchema for KeyPatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ApiKeyPatch".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = KeyInput::json_schema(generator);
        schema.remove("required");
        schema.insert("examples".to_owned(), json!([{ "name": "Web shop, new" }]));
        schema
    }
}

/// A key, without itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKey")]
pub struct KeyView {
    /// Which.
    id: i64,
    /// The user under whose number it acts.
    user_id: i64,
    /// Which program it is for.
    name: String,
    /// How the key begins, to tell it from others.
    hint: String,
    /// The highest of its roles.
    role: RoleName,
    /// Its stores; `null` for all, those to come included.
    store_ids: Option<Vec<i64>>,
    /// All its roles, by store.
    grants: Vec<GrantView>,
    /// Who made it.
    created_by: i64,
    /// When it ends by itself.
    expires_at: Option<WireTime>,
    /// When it was ended.
    revoked_at: Option<WireTime>,
    /// When it was used last, to the minute.
    last_used_at: Option<WireTime>,
    /// From where.
    last_used_address: Option<String>,
    /// Rises by one with each change.
    version: i64,
    /// When it was made.
    created_at: WireTime,
    /// When it was changed last.
    updated_at: WireTime,
}

/// One key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeyAnswer {
    status: Success,
    api_key: KeyView,
}

/// A key that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
}

/// Which keys.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyFilter {
    /// Those that were ended, too.
    pub include_revoked: bool,
    /// How many at once.
    #[serde(skip_serializing)]
    pub limit: Limit,
    /// Where to go on: the `next_cursor` of the page before.
    #[serde(skip_serializing)]
    pub cursor: Option<Cursor>,
}

impl KeyView {
    /// Its tag. It names the last use too, which changes without a new version.
    fn tag(&self) -> String {
        ETag(self.version).with_state(self.last_used_at.map_or(0, |at| at.0.0))
    }

    fn of(key: Key, grants: &[Grant]) -> Self {
        let grants: Vec<GrantView> = grants.iter().map(GrantView::from).collect();
        let time = |micros: Option<i64>| micros.map(|micros| WireTime(Timestamp(micros)));
        Self {
            id: key.id,
            user_id: key.user_id,
            name: key.name,
            hint: key.hint,
            role: grants.iter().map(GrantView::role).min().unwrap_or(RoleName::Staff),
            store_ids: grants.iter().map(GrantView::store_id).collect(),
            grants,
            created_by: key.created_by,
            expires_at: time(key.expires_at),
            revoked_at: time(key.revoked_at),
            last_used_at: time(key.last_used_at),
            last_used_address: key.last_used_address,
            version: key.version,
            created_at: WireTime(Timestamp(key.created_at)),
            updated_at: WireTime(Timestamp(key.updated_at)),
        }
    }
}

/// What an administrator decides about a key.
struct Decided {
    name: String,
    grants: Vec<Grant>,
    expires_at: Option<Timestamp>,
}

impl KeyInput {
    /// Checks everything that can be known without the database. Roles need not be sent where
    /// there are some `before` that may stay.
    fn check(&self, before: Option<&[Grant]>) -> ApiResult<Decided> {
        let mut faults = Faults::new();
        let name = self.name.required("name", &mut faults);
        let roles =
            SentRoles { role: &self.role, store_ids: &self.store_ids, grants: &self.grants };
        if before.is_none() && !roles.is_given() {
            faults.add_required("role", "role is required: admin, manager, staff or auditor.");
        }
        let known = faults.len();
        let grants = roles.read(before.unwrap_or_default(), &mut faults);
        if roles.is_given() && grants.is_empty() && faults.len() == known {
            faults.add("store_ids", "A key without a store could do nothing.");
        }
        let expires_at = self.expires_at.optional("expires_at", &mut faults).map(|at| at.0);
        faults.into_result()?;
        let name = name.map(Text::into_string).unwrap_or_default();
        Ok(Decided { name, grants, expires_at })
    }
}

/// `GET /api/api-keys`
pub async fn list(
    who: Can<ManageUsers>,
    app: App,
    Params(filter): Params<KeyFilter>,
) -> ApiResult<Answer<KeyList>> {
    let paging: Paging<i64> =
        Paging::new(who.user_id, "api-keys", &filter, filter.limit, filter.cursor.as_ref())?;
    let mut reader = app.db.read().await?;
    let mut db = Conn::from(&mut reader);
    let fetch = paging.limit.fetch();
    let rows = sql::page(db.reborrow(), filter.include_revoked, paging.after, fetch).await?;
    let (rows, next_cursor) = paging.finish(rows, |key| key.id)?;
    let users: Vec<i64> = rows.iter().map(|key| key.user_id).collect();
    let grants = users_sql::grants_of(db, &users).await?;
    let of = |user| grants.get(&user).map_or(&[][..], Vec::as_slice);
    let api_keys = rows.into_iter().map(|key| KeyView::of(key.clone(), of(key.user_id))).collect();
    Answer::new(&KeyList { status: Success::Success, api_keys, next_cursor })
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
    if decided.expires_at.is_some_and(|at| at <= app.clock.now()) {
        return Err(ApiError::invalid("expires_at", "This lies in the past."));
    }
    let mut write = begin_write(&app, &who, &once).await?;
    check_stores(&mut write.tx, &decided.grants).await?;
    let key = NewKey::random();
    // A colon is in no name that people sign in with.
    let username = format!("key:{}", key.hint);
    let user = NewUser {
        username: &username,
        name: &decided.name,
        password_hash: NO_PASSWORD,
        is_disabled: false,
        is_program: true,
    };
    let Some(user) = users_sql::insert(&mut write.tx, &user, write.now).await? else {
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
    let event = Event::new("api_key.created", "api_key", id, &json!({ "grants": api_key.grants }));
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
    Body(KeyPatch(input)): Body<KeyPatch>,
) -> ApiResult<Answer<KeyAnswer>> {
    let decide = |stored: &Key, grants: &[Grant]| {
        let expires_at = stored.expires_at.map(|at| WireTime(Timestamp(at)));
        let merged = KeyInput {
            name: input.name.or(Sent::of(&stored.name)?),
            expires_at: input.expires_at.or(Sent::of(&expires_at)?),
            ..input
        };
        merged.check(Some(grants))
    };
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
    let fact = (!is_same).then(|| {
        let grants = json!({ "grants": api_key.grants });
        let event = Event::new("api_key.updated", "api_key", id, &grants);
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
    let event = Event::new("api_key.revoked", "api_key", id, &json!({}));
    let fact = Fact::new(event).before(&KeyView::of(stored, &grants));
    let done = write.commit(&(), [fact]).await?;
    app.auth.callers.forget_user(user);
    Ok(done)
}

async fn locked(write: &mut Write, id: i64) -> ApiResult<Key> {
    sql::lock(&mut write.tx, id).await?.ok_or_else(|| ApiError::not_found("api_key", id))
}
