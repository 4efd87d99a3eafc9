//! Requests, answers and handlers of identity.

use std::collections::BTreeMap;

use aide::OperationInput;
use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom_domain::permissions::{Permission, Role};

use super::principal::{Grant, Place, Principal};
use super::sessions::{Device, TokenPair};
use super::setup::NewShop;
use super::tokens::TOKEN_TTL_S;
use super::{Anyone, Renewing, Scope, Who};
use crate::App;
use crate::config::Secret;
use crate::error::ApiResult;
use crate::http::{Answer, Body, Created, ETag, RequestContext, Success};
use crate::rate_limit::{Caller, Class};

/// Name and password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "username": "ada", "password": "violet kettle under rain",
}))]
pub struct Login {
    /// In any case: `Ada` and `ada` are the same.
    username: String,
    /// The password.
    #[schemars(with = "String")]
    password: Secret,
}

/// A refresh token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "refresh_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
}))]
pub struct Refresh {
    /// The last one that was given.
    #[schemars(with = "String")]
    refresh_token: Secret,
}

/// The first administrator and the first store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "setup_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
    "username": "ada",
    "password": "violet kettle under rain",
    "store": {"name": "Main street", "time_zone": "Europe/Paris", "currency": "EUR"},
}))]
pub struct Setup {
    /// Printed when the server starts.
    #[schemars(with = "String")]
    setup_token: Secret,
    /// 1 to 64 letters, digits and `. _ - @ +`.
    username: String,
    /// At least 12 characters, and none of the common ones.
    #[schemars(with = "String")]
    password: Secret,
    /// The first store.
    #[serde(default)]
    store: SetupStore,
}

/// The first store.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupStore {
    /// "Main store" if it is left out.
    name: Option<String>,
    /// Of the IANA database; `UTC` if it is left out.
    time_zone: Option<String>,
    /// The whole shop's currency, ISO 4217; `USD` if it is left out.
    currency: Option<String>,
}

/// What someone is, somewhere.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Role")]
pub enum RoleName {
    /// Everything, everywhere.
    Admin,
    /// Everything in the assigned stores; reads the catalogue.
    Manager,
    /// Sells, receives and corrects in the assigned stores; sees no cost prices.
    Staff,
    /// Reads everything, changes nothing.
    Auditor,
}

/// A role and where it is held.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Grant")]
pub struct GrantView {
    /// The store; `null` for all stores, those to come included.
    store_id: Option<i64>,
    /// The role there.
    role: RoleName,
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserView {
    /// Who.
    id: i64,
    /// What they sign in with.
    username: String,
    /// Their name.
    name: String,
    /// The highest of their roles; `staff` without any.
    role: RoleName,
    /// Their stores; `null` for all, those to come included.
    store_ids: Option<Vec<i64>>,
    /// All their roles, by store.
    grants: Vec<GrantView>,
    /// Rises by one with each change.
    version: i64,
}

/// A pair of tokens and whose they are.
#[derive(Serialize, JsonSchema)]
#[schemars(example = SignedInAnswer::example())]
pub struct SignedInAnswer {
    status: Success,
    /// For the header `Authorization: Bearer …`.
    token: String,
    /// For how many seconds the token is good.
    expires_in: i64,
    /// Good once, for the next pair.
    refresh_token: String,
    /// Who.
    user: UserView,
}

impl GrantView {
    /// The store; `None` for all.
    pub const fn store_id(&self) -> Option<i64> {
        self.store_id
    }

    /// The role there.
    pub const fn role(&self) -> RoleName {
        self.role
    }
}

impl From<&Grant> for GrantView {
    fn from(grant: &Grant) -> Self {
        let store_id = match grant.place {
            Place::AllStores => None,
            Place::Store(store) => Some(store.0),
        };
        Self { store_id, role: grant.role.into() }
    }
}

/// Who is asking.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(example = Profile::example())]
pub struct Profile {
    status: Success,
    /// Who.
    user: UserView,
    /// What they may do: permissions, each with the stores in which they hold it; `null` stands for
    /// all stores. What is not named they do not hold anywhere.
    permissions: BTreeMap<&'static str, Option<Vec<i64>>>,
}

/// The session has ended.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(example = SignedOut::default())]
pub struct SignedOut {
    status: Success,
}

/// Signs in with name and password.
pub async fn login(
    _: Anyone,
    app: App,
    device: Device,
    Body(login): Body<Login>,
) -> ApiResult<Answer<SignedInAnswer>> {
    let signed_in = app.auth.sign_in(&login.username, login.password.expose(), &device).await?;
    answer(signed_in)
}

/// Gives the next pair of tokens.
pub async fn refresh(
    _: Renewing,
    app: App,
    context: RequestContext,
    device: Device,
    Body(refresh): Body<Refresh>,
) -> ApiResult<Answer<SignedInAnswer>> {
    let renewal = app.auth.find_renewal(refresh.refresh_token.expose()).await?;
    context.count(&app, Caller::User(renewal.user_id), Class::Login).await?;
    answer(app.auth.refresh(&renewal, &device).await?)
}

/// Ends the session.
pub async fn logout(who: Who, app: App, context: RequestContext) -> ApiResult<Answer<SignedOut>> {
    app.auth.sign_out(&who, context.origin(&who)).await?;
    Answer::new(&SignedOut::default())
}

/// Tells who is asking.
pub async fn profile(who: Who) -> ApiResult<Answer<Profile>> {
    let answer = Answer::new(&Profile::of(&who, UserView::from(&*who)))?;
    Ok(answer.with_etag(ETag(who.version)))
}

/// Makes the first administrator and the first store.
pub async fn setup(
    _: Anyone,
    app: App,
    device: Device,
    Body(setup): Body<Setup>,
) -> ApiResult<Created<SignedInAnswer>> {
    let new = NewShop {
        setup_token: setup.setup_token.expose(),
        username: &setup.username,
        password: setup.password.expose(),
        store_name: setup.store.name.as_deref(),
        time_zone: setup.store.time_zone.as_deref(),
        currency: setup.store.currency.as_deref(),
    };
    let signed_in = app.auth.set_up(&new, &device).await?;
    Ok(answer(signed_in)?.with_location("/api/auth/profile"))
}

/// Tokens must not stay in any cache.
fn answer<const STATUS: u16>(signed_in: TokenPair) -> ApiResult<Answer<SignedInAnswer, STATUS>> {
    let answer = Answer::new(&SignedInAnswer {
        status: Success::Success,
        token: signed_in.token,
        expires_in: signed_in.expires_in,
        refresh_token: signed_in.refresh_token,
        user: UserView::from(&signed_in.caller),
    })?;
    Ok(answer.never_stored())
}

impl RoleName {
    /// As it is stored.
    pub fn name(self) -> &'static str {
        Role::from(self).name()
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Admin => Self::Admin,
            RoleName::Manager => Self::Manager,
            RoleName::Staff => Self::Staff,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Manager => Self::Manager,
            Role::Staff => Self::Staff,
            Role::Auditor => Self::Auditor,
        }
    }
}

impl From<&Principal> for UserView {
    fn from(who: &Principal) -> Self {
        let grants: Vec<GrantView> = who.grants.iter().map(GrantView::from).collect();
        Self {
            id: who.user_id.0,
            username: who.username.to_string(),
            name: who.name.clone(),
            role: grants.iter().map(GrantView::role).min().unwrap_or(RoleName::Staff),
            store_ids: grants.iter().map(GrantView::store_id).collect(),
            grants,
            version: who.version,
        }
    }
}

impl Profile {
    /// Of whoever is asking, as they are now.
    pub fn of(who: &Principal, user: UserView) -> Self {
        let held = |permission: Permission| {
            let stores = match who.scope(permission) {
                Scope::All => None,
                Scope::Stores(stores) if stores.is_empty() => return None,
                Scope::Stores(stores) => Some(stores.iter().map(|store| store.0).collect()),
            };
            Some((permission.name(), stores))
        };
        let permissions = Permission::ALL.into_iter().filter_map(held).collect();
        Self { status: Success::Success, user, permissions }
    }

    fn example() -> Self {
        let permissions = BTreeMap::from([("read_stock", None), ("sell", Some(vec![1, 2]))]);
        Self { status: Success::Success, user: UserView::example(), permissions }
    }
}

impl UserView {
    /// The same under another name.
    #[must_use]
    pub fn with_name(self, name: &str, version: i64) -> Self {
        Self { name: name.to_owned(), version, ..self }
    }

    fn example() -> Self {
        Self {
            id: 1,
            username: "ada".to_owned(),
            name: "Ada".to_owned(),
            role: RoleName::Admin,
            store_ids: None,
            grants: vec![GrantView { store_id: None, role: RoleName::Admin }],
            version: 1,
        }
    }
}

impl SignedInAnswer {
    fn example() -> Self {
        Self {
            status: Success::Success,
            token: "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIs…".to_owned(),
            expires_in: TOKEN_TTL_S,
            refresh_token: "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE".to_owned(),
            user: UserView::example(),
        }
    }
}

impl FromRequestParts<App> for Device {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        let context = RequestContext::of(parts);
        let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            address: context.address(),
            user_agent: agent.map(str::to_owned),
            request_id: context.id(),
        })
    }
}

impl OperationInput for Device {}
