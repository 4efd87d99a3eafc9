//! The shop's first minutes: one link, one administrator, one store.
//!
//! Whoever has the setup token may make the first administrator, once. It is printed at start
//! while there is no user, and kept as a hash in the settings, so that any node takes it;
//! printing a new one ends the one before. `STOCKROOM_SETUP_TOKEN` sets it instead.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use anyhow::bail;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;
use serde_json::json;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;
use unicode_normalization::UnicodeNormalization;

use super::principal::{Grant, Place, Principal};
use super::sessions::{Device, TokenPair, digest, signed_in, start};
use super::tokens::{TOKEN_TTL_S, random};
use super::users_sql::{self, NewUserRow};
use super::{Auth, passwords, sql, users};
use crate::audit::{Actor, Entry, Origin};
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::events::{self, Event, Fact};

/// The fewest characters of a token that was set by hand.
pub const SETUP_TOKEN_CHARACTERS_MIN: usize = 16;
/// How many of them have to differ.
const SETUP_TOKEN_DIFFERENT_MIN: usize = 8;
/// The setting that holds the hash of the token.
const TOKEN_SETTING: &str = "setup_token_hash";
/// The setting that exactly one setup writes.
const DONE_SETTING: &str = "set_up_at";
/// Failed tokens are counted under a name that no user can have.
const ACCOUNT: &str = "setup token";

/// What the first administrator tells about the shop.
#[derive(Debug)]
pub struct NewShop<'a> {
    /// Proves that one may.
    pub setup_token: &'a str,
    /// What the administrator signs in with.
    pub username: &'a str,
    /// In clear; checked against the rules.
    pub password: &'a str,
    /// The first store's name, "Main store" where left out.
    pub store_name: Option<&'a str>,
    /// The first store's time zone (IANA), "UTC" where left out.
    pub time_zone: Option<&'a str>,
    /// The shop's currency (ISO 4217), "USD" where left out.
    pub currency: Option<&'a str>,
}

/// The same, checked and in the form in which it is kept.
struct Checked {
    username: String,
    store_name: String,
    time_zone: String,
    currency: String,
}

fn could_be_guessed(token: &str) -> bool {
    let different: BTreeSet<char> = token.chars().collect();
    token.chars().count() < SETUP_TOKEN_CHARACTERS_MIN
        || different.len() < SETUP_TOKEN_DIFFERENT_MIN
}

impl Auth {
    /// Whether somebody has set up the shop.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_set_up(&self) -> ApiResult<bool> {
        // Once it is, it stays so: anyone may ask, and need not have the database asked.
        if !self.is_known_set_up.load(Ordering::Relaxed) {
            let is_set_up = users_sql::has_users(&mut self.db.read().await?).await?;
            self.is_known_set_up.store(is_set_up, Ordering::Relaxed);
        }
        Ok(self.is_known_set_up.load(Ordering::Relaxed))
    }

    /// The token for the link that is printed at start, `None` once there is a user.
    /// `configured` is `STOCKROOM_SETUP_TOKEN`.
    ///
    /// # Errors
    /// The configured token is too short to be safe, or the database does not answer.
    pub async fn setup_token(&self, configured: Option<&str>) -> anyhow::Result<Option<String>> {
        if self.is_set_up().await? {
            return Ok(None);
        }
        let token = match configured {
            Some(token) if could_be_guessed(token) => bail!(
                "STOCKROOM_SETUP_TOKEN could be guessed: it needs {SETUP_TOKEN_CHARACTERS_MIN} \
                 characters, {SETUP_TOKEN_DIFFERENT_MIN} of them different; or leave it out to \
                 get a random one"
            ),
            Some(token) => token.to_owned(),
            None => BASE64_URL_SAFE_NO_PAD.encode(random::<32>()),
        };
        let mut tx = self.db.begin().await?;
        sql::set_setting(&mut tx, TOKEN_SETTING, &digest(&token)).await?;
        let origin = Origin::system("stockroom");
        let entry = Entry::new(origin, "setup.token_made", "shop", None);
        events::append(tx, self.clock.now(), &[], &[entry]).await?;
        Ok(Some(token))
    }

    /// Makes the first administrator and the first store, and signs the administrator in.
    ///
    /// # Errors
    /// 409 `already_set_up`; 401 where the token is wrong; 400 with all faults; 429; 503.
    pub async fn set_up(&self, new: &NewShop<'_>, device: &Device) -> ApiResult<TokenPair> {
        if self.is_set_up().await? {
            return Err(already_set_up());
        }
        self.check_token(new.setup_token, device).await?;
        let shop = check(new)?;
        let password_hash = self.passwords.hash(new.password).await?;
        let signer = self.tokens.signer(&self.db, &self.clock).await?;
        let now = self.clock.now();
        let user = NewUserRow {
            username: &shop.username,
            name: &shop.username,
            password_hash: &password_hash,
            is_disabled: false,
            is_program: false,
        };

        let mut tx = self.db.begin().await?;
        // Of two at once, the second waits here for the first; whoever wins has the token.
        let is_first = sql::claim_setting(&mut tx, DONE_SETTING, &now.0.to_string()).await?;
        if !is_first || users_sql::has_users(&mut tx).await? {
            tx.rollback().await?;
            return Err(already_set_up());
        }
        let Some(user_id) = users_sql::insert_user(&mut tx, &user, now).await? else {
            tx.rollback().await?;
            return Err(already_set_up());
        };
        let grant = Grant { place: Place::AllStores, role: Role::Admin };
        users_sql::insert_grants(&mut tx, user_id, &[grant]).await?;
        let store =
            sql::insert_first_store(&mut tx, &shop.store_name, &shop.time_zone, now).await?;
        sql::set_setting(&mut tx, "currency", &shop.currency).await?;
        sql::remove_setting(&mut tx, TOKEN_SETTING).await?;
        let (session_id, refresh_token) = start(&mut tx, user_id, device, now).await?;
        let caller = sql::caller(&mut tx, session_id, now).await?;
        let caller = caller.ok_or_else(|| ApiError::internal("the administrator is not there"))?;
        let (events, mut entries) = made(&caller, device, &shop, store);
        entries.push(signed_in(&caller, device));
        events::append(tx, now, &events, &entries).await?;

        tracing::info!(user_id = user_id.0, "the shop is set up");
        let token = signer.sign(user_id, session_id, now)?;
        Ok(TokenPair { token, expires_in: TOKEN_TTL_S, refresh_token, caller })
    }

    /// Compares digests in a time that does not depend on them.
    async fn check_token(&self, token: &str, device: &Device) -> ApiResult<()> {
        let now = || self.clock.now();
        let attempt = self.throttle.attempt(ACCOUNT, device.address, now).await?;
        let expected = sql::setting(&mut self.db.read().await?, TOKEN_SETTING).await?;
        let given = digest(token);
        if expected.is_some_and(|expected| is_same(expected.as_bytes(), given.as_bytes())) {
            attempt.succeeded();
            return Ok(());
        }
        attempt.failed(self.clock.now());
        let origin = device.origin(Actor::nobody("someone who sets up the shop"));
        let entry = Entry::new(origin, "setup.refused", "shop", None);
        events::note(&self.db, self.clock.now(), entry).await?;
        Err(ApiError::unauthenticated(
            "The setup token is not valid. Use the link that the server printed last.",
        ))
    }
}

/// What was made, told and recorded as the new administrator's own doing.
fn made(
    admin: &Principal,
    device: &Device,
    shop: &Checked,
    store: StoreId,
) -> (Vec<Event>, Vec<Entry>) {
    let event = Event::new("store.created", "store", store.0, &json!({"code": "MAIN"}));
    let store = Fact::new(event.in_store(store)).after(&json!({
        "id": store.0,
        "code": "MAIN",
        "name": shop.store_name,
        "time_zone": shop.time_zone,
        "currency": shop.currency,
    }));
    let user = users::added(admin.user_id, &shop.username, &shop.username, &admin.grants);
    let origin = || device.origin(admin.actor());
    [store, user].map(|fact| fact.told_and_recorded(origin())).into_iter().unzip()
}

fn is_same(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

fn check(new: &NewShop<'_>) -> ApiResult<Checked> {
    let mut faults = Faults::new();
    let mut note = |field: &str, fault: &str| {
        faults.add(field, fault);
        String::new()
    };
    let username = users::check_username(new.username);
    let username = username.unwrap_or_else(|fault| note("username", fault));
    let store_name: String = new.store_name.unwrap_or("Main store").trim().nfc().collect();
    if let Err(weakness) = passwords::check(new.password, &[&username, &store_name]) {
        note("password", weakness.message());
    }
    if store_name.is_empty()
        || store_name.chars().count() > 200
        || store_name.chars().any(char::is_control)
    {
        note("store.name", "A store's name has 1 to 200 characters, and no control characters.");
    }
    let zone = TimeZone::get(new.time_zone.unwrap_or("UTC"));
    let time_zone = match zone.as_ref().ok().and_then(TimeZone::iana_name) {
        Some(name) => name.to_owned(),
        None => note(
            "store.time_zone",
            "A time zone has a name of the IANA database, such as Europe/Paris or UTC.",
        ),
    };
    let currency = new.currency.unwrap_or("USD").to_owned();
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        note("store.currency", "A currency has three capital letters of ISO 4217, such as EUR.");
    }
    faults.into_result()?;
    Ok(Checked { username, store_name, time_zone, currency })
}

fn already_set_up() -> ApiError {
    ApiError::conflict(
        ErrorCode::AlreadySetUp,
        "The shop is set up already. Sign in, or ask an administrator for an account.",
    )
}
