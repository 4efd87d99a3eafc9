//! What everyone decides about themselves: name, password, sign-ins, preferences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use stockroom_domain::{Timestamp, UserId};

use super::{own_sql as sql, users_sql};
use crate::App;
use crate::audit::abridged;
use crate::auth::http::{Profile, UserView};
use crate::auth::users::check_password;
use crate::auth::{Device, Person};
use crate::config::Secret;
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::events::{Event, Fact};
use crate::http::csv::or_empty;
use crate::http::{
    Answer, Asked, Body, Done, ETag, IfMatch, List, ListAnswer, Name, NoFilter, Once, Page, PathId,
    Sent, Success, Total, WireTime, begin_write, refuse_known,
};

/// The most bytes of someone's preferences.
const PREFERENCES_BYTES_MAX: usize = 16 * 1024;

/// What someone changes about themselves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({ "name": "Ada Lovelace" }))]
pub struct ProfilePatch {
    /// Their name, for people.
    name: Sent<Name>,
}

/// A new password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({
    "current_password": "violet kettle under rain",
    "new_password": "seven quiet otters swim",
}))]
pub struct NewPassword {
    /// The one until now.
    #[schemars(with = "String")]
    current_password: Secret,
    /// At least 12 characters, and none of the common ones.
    #[schemars(with = "String")]
    new_password: Secret,
}

/// A sign-in on a device.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub struct SessionView {
    /// The sign-in.
    id: i64,
    /// The client, in its own words.
    user_agent: Option<String>,
    /// From where it came.
    address: Option<String>,
    /// Whether this request came by it.
    is_current: bool,
    /// When it began.
    created_at: WireTime,
    /// When its tokens were renewed last.
    last_used_at: WireTime,
    /// When it ends unless it is used.
    expires_at: WireTime,
}

/// A sign-in as it is stored.
pub(super) struct Session {
    pub(super) id: i64,
    pub(super) user_agent: Option<String>,
    pub(super) address: Option<String>,
    pub(super) created_at: i64,
    pub(super) last_used_at: i64,
    pub(super) expires_at: i64,
}
crate::from_row!(Session { id, user_agent, address, created_at, last_used_at, expires_at });

/// One page of the caller's own sign-ins, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionList {
    status: Success,
    sessions: Vec<SessionView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// How someone likes the screens.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "preferences": { "theme": "dark", "density": "compact" } }))]
pub struct Preferences {
    /// Any JSON object of at most 16 KiB: it belongs to the web interface.
    preferences: Map<String, Value>,
}

/// How someone likes the screens.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreferencesAnswer {
    status: Success,
    /// As they were set; `{}` before that.
    #[schemars(with = "Map<String, Value>")]
    preferences: Box<RawValue>,
    /// Rises by one with each change; 0 before the first.
    version: i64,
}

/// `PATCH /api/auth/profile`
pub async fn patch_profile(
    who: Person,
    app: App,
    once: Once,
    if_match: IfMatch,
    Body(patch): Body<ProfilePatch>,
) -> ApiResult<Answer<Profile>> {
    let mut write = begin_write(&app, &who, &once).await?;
    // What is remembered of the caller may be seconds old.
    let Some(stored) = users_sql::lock(&mut write.tx, who.user_id).await? else {
        return Err(ApiError::unauthenticated("Your account is gone."));
    };
    if_match.check(stored.version)?;
    let mut faults = Faults::new();
    let name = patch.name.or(Sent::of(&stored.name)?).required("name", &mut faults);
    faults.into_result()?;
    let name = name.map(Name::into_string).unwrap_or_default();
    let is_same = name == stored.name;
    let fact = (!is_same).then(|| {
        let event =
            Event::new("user.updated", "user", who.user_id.0, &json!({ "by": who.user_id }));
        Fact::new(event).before(&json!({ "name": stored.name })).after(&json!({ "name": name }))
    });
    if !is_same {
        sql::set_name(&mut write.tx, who.user_id, &name, write.now).await?;
    }
    let version = stored.version + i64::from(!is_same);
    let view = UserView::from(&*who).with_name(&name, version);
    let answer = write.commit(&Profile::of(&who, view), fact).await?;
    app.auth.callers.forget_user(who.user_id);
    Ok(answer.with_etag(ETag(version)))
}

/// `PUT /api/auth/password`: ends all other sign-ins.
pub async fn set_password(
    who: Person,
    app: App,
    device: Device,
    once: Once,
    Body(new): Body<NewPassword>,
) -> ApiResult<Done> {
    let mut faults = Faults::new();
    let password = new.new_password.expose();
    check_password(password, &[&who.username, &who.name], "new_password", &mut faults);
    if password == new.current_password.expose() {
        faults.add("new_password", "This is the password that you have already.");
    }
    faults.into_result()?;
    // A repetition must not be judged by the password that it has set itself.
    refuse_known(&app, &who, &once).await?;
    let current = new.current_password.expose();
    let Some(verified) = app.auth.verified_password(&who, current, &device).await? else {
        let code = ErrorCode::InvalidRequest;
        let message = "This is not the password that you have now.";
        return Err(ApiError::field(code, "invalid", "current_password", message));
    };
    let hash = app.auth.passwords.hash(password).await?;
    let mut write = begin_write(&app, &who, &once).await?;
    let is_still_theirs = users_sql::lock(&mut write.tx, who.user_id).await?.is_some()
        && sql::is_open(&mut write.tx, who.session_id()).await?
        && sql::has_password(&mut write.tx, who.user_id, &verified).await?;
    if !is_still_theirs {
        return Err(ApiError::unauthenticated(
            "Meanwhile someone else has changed this account. Sign in again.",
        ));
    }
    users_sql::set_password(&mut write.tx, who.user_id, &hash).await?;
    let others = Some(who.session_id());
    let ended = users_sql::end_sessions(&mut write.tx, who.user_id, others, write.now).await?;
    let event = Event::new("user.password_changed", "user", who.user_id.0, &json!({}));
    let fact = Fact::new(event).after(&json!({ "sessions_ended": ended }));
    let done = write.commit(&(), [fact]).await?;
    app.auth.callers.forget_user(who.user_id);
    Ok(done)
}

/// `GET /api/auth/sessions`
pub async fn sessions(
    who: Person,
    app: App,
    Asked(NoFilter {}, request): Asked<NoFilter>,
) -> ApiResult<ListAnswer<SessionList>> {
    let own = OwnSessions { user: who.user_id, current: who.session_id(), now: app.clock.now() };
    let answer = |Page { entries: sessions, next_cursor, total }| {
        Answer::new(&SessionList { status: Success::Success, sessions, next_cursor, total })
    };
    request.answer(&app, &who, own, answer).await
}

/// Someone's own sign-ins.
struct OwnSessions {
    user: UserId,
    current: i64,
    now: Timestamp,
}

impl List for OwnSessions {
    type Entry = SessionView;
    type Position = i64;

    const NAME: &'static str = "sessions";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<SessionView>> {
        let rows = sql::sessions(db, self.user, self.now, after, limit).await?;
        let view = |session: Session| SessionView {
            id: session.id,
            user_agent: session.user_agent,
            address: session.address,
            is_current: session.id == self.current,
            created_at: WireTime(Timestamp(session.created_at)),
            last_used_at: WireTime(Timestamp(session.last_used_at)),
            expires_at: WireTime(Timestamp(session.expires_at)),
        };
        Ok(rows.into_iter().map(view).collect())
    }

    fn position(&self, session: &SessionView) -> i64 {
        session.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all_sessions(self.user, self.now)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "user_agent",
            "address",
            "is_current",
            "created_at",
            "last_used_at",
            "expires_at",
        ]
    }

    fn cells(&self, session: SessionView) -> Vec<String> {
        vec![
            session.id.to_string(),
            or_empty(session.user_agent),
            or_empty(session.address),
            session.is_current.to_string(),
            session.created_at.to_string(),
            session.last_used_at.to_string(),
            session.expires_at.to_string(),
        ]
    }
}

/// `DELETE /api/auth/sessions/{id}`: ends one of the caller's own sign-ins, be it this one.
pub async fn end_session(who: Person, app: App, PathId(id): PathId, once: Once) -> ApiResult<Done> {
    let mut write = begin_write(&app, &who, &once).await?;
    let Some(was_open) = sql::end_session(&mut write.tx, who.user_id, id, write.now).await? else {
        return Err(ApiError::not_found("session", id));
    };
    let fact = was_open.then(|| {
        let event = Event::new("session.ended", "session", id, &json!({}));
        Fact::new(event).after(&json!({ "user_id": who.user_id }))
    });
    let done = write.commit(&(), fact).await?;
    app.auth.callers.forget(id);
    Ok(done)
}

/// `GET /api/auth/preferences`
pub async fn preferences(who: Person, app: App) -> ApiResult<Answer<PreferencesAnswer>> {
    let mut reader = app.db.read().await?;
    let (text, version) = sql::preferences(Conn::from(&mut reader), who.user_id).await?;
    shown(text, version).map(|(answer, tag)| answer.with_etag(tag))
}

fn shown(text: String, version: i64) -> ApiResult<(Answer<PreferencesAnswer>, ETag)> {
    let preferences = RawValue::from_string(text).map_err(ApiError::internal)?;
    let answer = PreferencesAnswer { status: Success::Success, preferences, version };
    Ok((Answer::new(&answer)?, ETag(version)))
}

/// `PUT /api/auth/preferences`
pub async fn set_preferences(
    who: Person,
    app: App,
    once: Once,
    if_match: IfMatch,
    Body(new): Body<Preferences>,
) -> ApiResult<Answer<PreferencesAnswer>> {
    let text = Value::Object(new.preferences).to_string();
    if text.len() > PREFERENCES_BYTES_MAX {
        let kib = PREFERENCES_BYTES_MAX / 1024;
        let message = format!("Preferences may have at most {kib} KiB.");
        return Err(ApiError::invalid("preferences", message));
    }
    let mut write = begin_write(&app, &who, &once).await?;
    users_sql::lock(&mut write.tx, who.user_id).await?;
    let (before, version) = sql::preferences(Conn::from(&mut write.tx), who.user_id).await?;
    if_match.check(version)?;
    let raw = |text: &str| RawValue::from_string(text.to_owned()).map_err(ApiError::internal);
    if before == text {
        let preferences = raw(&text)?;
        let answer = PreferencesAnswer { status: Success::Success, preferences, version };
        return Ok(write.commit(&answer, []).await?.with_etag(ETag(version)));
    }
    sql::set_preferences(&mut write.tx, who.user_id, &text, write.now).await?;
    let (_, version) = sql::preferences(Conn::from(&mut write.tx), who.user_id).await?;
    let event = Event::new("user.preferences_set", "user", who.user_id.0, &json!({}));
    let fact = Fact::new(event).before(&abridged(&before)).after(&abridged(&text));
    let answer = PreferencesAnswer { status: Success::Success, preferences: raw(&text)?, version };
    Ok(write.commit(&answer, [fact]).await?.with_etag(ETag(version)))
}
