//! Signing in, staying signed in, and leaving.
//!
//! A session is one sign-in on one device and one family of refresh tokens. A refresh token is
//! 32 random bytes, kept as a hash, and good once: using it gives the next. Browser tabs that
//! wake up together may all bring the same one, so for [`GRACE_S`] it gives a fresh pair each
//! time; after that it was copied, and the whole family ends. Every decision is taken under the
//! lock of the session's row, so that no interleaving of nodes can use a token twice.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use stockroom_domain::{Timestamp, UserId};

use super::principal::{Principal, Via};
use super::tokens::{TOKEN_TTL_S, random};
use super::{Auth, sql, users};
use crate::audit::{Actor, Entry, Origin};
use crate::db::Tx;
use crate::error::{ApiError, ApiResult};
use crate::events;

/// For how long a refresh token that was used still gives a fresh pair.
pub const GRACE_S: i64 = 10;
/// A session ends when it was not used for so long.
pub const SESSION_TTL_S: i64 = 30 * 24 * 3_600;
/// Of what a client says about itself, so much is kept.
const USER_AGENT_CHARACTERS_MAX: usize = 200;

/// Where a sign-in comes from.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client, in its own words.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: Option<Arc<str>>,
}

impl Device {
    /// What the audit log says of someone who comes from there.
    pub(super) fn origin(&self, actor: Actor) -> Origin {
        Origin { actor, address: self.address, request_id: self.request_id.clone() }
    }
}

/// A pair of tokens and whose they are.
pub struct TokenPair {
    /// The access token.
    pub token: String,
    /// For how many seconds it is good.
    pub expires_in: i64,
    /// Good once, for the next pair.
    pub refresh_token: String,
    /// Who.
    pub caller: Principal,
}

impl std::fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenPair").field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// A refresh token that there is, good as it may be by now.
#[derive(Clone, Debug)]
pub struct Renewal {
    hash: String,
    session_id: i64,
    /// Whose it is.
    pub user_id: UserId,
}

/// What a refresh came to, decided under the session's lock.
enum Rotation {
    Fresh(String, Principal),
    Refused,
    Reused,
}

impl Auth {
    /// Signs in with name and password.
    ///
    /// # Errors
    /// 401 with one message for whatever was wrong; 429 `too_many_attempts`; 503.
    pub async fn sign_in(
        &self,
        username: &str,
        password: &str,
        device: &Device,
    ) -> ApiResult<TokenPair> {
        let key = users::key(username);
        let now = || self.clock.now();
        let attempt = self.throttle.attempt(&key, device.address, now).await?;
        let known = sql::credentials(&mut self.db.read().await?, &key).await?;
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let is_right = self.passwords.verify(password, hash).await?;
        let Some(known) = known.clone().filter(|known| is_right && !known.is_disabled) else {
            attempt.failed(self.clock.now());
            let user_id = known.map(|known| known.user_id.0);
            // A name that nobody has may be a password, typed into the wrong field.
            let name = if user_id.is_some() { &key } else { "an unknown name" };
            let origin = device.origin(Actor::nobody(name));
            let entry = Entry::new(origin, "user.sign_in_failed", "user", user_id);
            events::note(&self.db, self.clock.now(), entry).await?;
            return Err(ApiError::unauthenticated("The username or the password is wrong."));
        };
        attempt.succeeded();
        let signer = self.tokens.signer(&self.db, &self.clock).await?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        // While it was verified, the password may have been changed, or its owner disabled.
        if sql::lock_password(&mut tx, known.user_id).await? != Some(known.password_hash) {
            tx.rollback().await?;
            return Err(ended());
        }
        let (session_id, refresh_token) = start(&mut tx, known.user_id, device, now).await?;
        let Some(caller) = sql::caller(&mut tx, session_id, now).await? else {
            tx.rollback().await?;
            return Err(ended());
        };
        events::append(tx, now, &[], &[signed_in(&caller, device)]).await?;
        let token = signer.sign(caller.user_id, session_id, now)?;
        Ok(TokenPair { token, expires_in: TOKEN_TTL_S, refresh_token, caller })
    }

    /// The hash of the caller's password, if it is this one. Guessing is slowed down as at the
    /// sign-in, and counts together with it.
    ///
    /// # Errors
    /// 429 `too_many_attempts`; 503.
    pub async fn verified_password(
        &self,
        who: &Principal,
        password: &str,
        device: &Device,
    ) -> ApiResult<Option<String>> {
        let key = users::key(&who.username);
        let now = || self.clock.now();
        let attempt = self.throttle.attempt(&key, device.address, now).await?;
        let known = sql::credentials(&mut self.db.read().await?, &key).await?;
        let hash = known.map(|known| known.password_hash);
        if self.passwords.verify(password, hash.clone()).await? {
            attempt.succeeded();
            return Ok(hash);
        }
        attempt.failed(self.clock.now());
        let origin = device.origin(who.actor());
        let entry = Entry::new(origin, "user.password_wrong", "user", who.user_id.0);
        events::note(&self.db, self.clock.now(), entry).await?;
        Ok(None)
    }

    /// Looks up what a refresh token belongs to; to be counted before it is exchanged.
    ///
    /// # Errors
    /// 401 where the token is unknown.
    pub async fn find_renewal(&self, refresh_token: &str) -> ApiResult<Renewal> {
        let hash = digest(refresh_token);
        let found = sql::refresh_token_owner(&mut self.db.read().await?, &hash).await?;
        let (session_id, user_id) = found.ok_or_else(ended)?;
        Ok(Renewal { hash, session_id, user_id })
    }

    /// Gives the next pair for a refresh token.
    ///
    /// # Errors
    /// 401 where its session has ended or its user is disabled; also where it was used before the
    /// grace, which ends the session.
    pub async fn refresh(&self, renewal: &Renewal, device: &Device) -> ApiResult<TokenPair> {
        let Renewal { hash, session_id, .. } = renewal;
        let session_id = *session_id;
        let signer = self.tokens.signer(&self.db, &self.clock).await?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        match rotate(&mut tx, hash, session_id, now).await? {
            Rotation::Fresh(refresh_token, caller) => {
                tx.commit().await?;
                let token = signer.sign(caller.user_id, session_id, now)?;
                Ok(TokenPair { token, expires_in: TOKEN_TTL_S, refresh_token, caller })
            }
            Rotation::Refused => {
                tx.rollback().await?;
                Err(ended())
            }
            Rotation::Reused => {
                let origin = device.origin(Actor::nobody("a used refresh token"));
                let entry = Entry::new(origin, "session.token_reused", "session", session_id);
                events::append(tx, now, &[], &[entry]).await?;
                self.callers.forget(session_id);
                tracing::warn!(
                    session_id,
                    "a refresh token came again after it was used: the session was ended"
                );
                Err(ended())
            }
        }
    }

    /// Ends the caller's session: here at once, on other nodes within seconds.
    ///
    /// # Errors
    /// The database's.
    pub async fn sign_out(&self, who: &Principal, origin: Origin) -> ApiResult<()> {
        let Via::Session(session_id) = who.via else { return Ok(()) };
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        sql::end_session(&mut tx, session_id, "logout", now).await?;
        let entry = Entry::new(origin, "session.ended", "session", session_id);
        events::append(tx, now, &[], &[entry]).await?;
        self.callers.forget(session_id);
        Ok(())
    }
}

/// Decides about one refresh token. The first statement locks the session, so what is read
/// after it holds until the commit.
async fn rotate(
    tx: &mut Tx,
    hash: &str,
    session_id: i64,
    now: Timestamp,
) -> sqlx::Result<Rotation> {
    if !sql::touch_session(tx, session_id, now, now.plus_seconds(SESSION_TTL_S)).await? {
        return Ok(Rotation::Refused);
    }
    let Some(used_at) = sql::refresh_token_use(tx, hash).await? else {
        return Ok(Rotation::Refused);
    };
    match used_at {
        None => {
            sql::use_refresh_token(tx, hash, now).await?;
            sql::forget_used_tokens(tx, session_id, now.plus_seconds(-SESSION_TTL_S)).await?;
        }
        Some(used_at) if now <= used_at.plus_seconds(GRACE_S) => {}
        Some(_) => {
            sql::end_session(tx, session_id, "token_reused", now).await?;
            return Ok(Rotation::Reused);
        }
    }
    // None where the user is disabled.
    let Some(caller) = sql::caller(&mut *tx, session_id, now).await? else {
        return Ok(Rotation::Refused);
    };
    Ok(Rotation::Fresh(add_refresh_token(tx, session_id, now).await?, caller))
}

/// What the audit log says of a sign-in.
pub(super) fn signed_in(caller: &Principal, device: &Device) -> Entry {
    let origin = device.origin(caller.actor());
    let session_id = match caller.via {
        Via::Session(id) => Some(id),
        Via::Key(_) | Via::Nothing => None,
    };
    Entry::new(origin, "user.signed_in", "user", caller.user_id.0)
        .after(&json!({ "session_id": session_id }))
}

/// Begins a session and gives its id and its first refresh token.
pub(super) async fn start(
    tx: &mut Tx,
    user_id: UserId,
    device: &Device,
    now: Timestamp,
) -> sqlx::Result<(i64, String)> {
    let user_agent = device.user_agent.as_ref().map(|agent| -> String {
        agent.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARACTERS_MAX).collect()
    });
    let address = device.address.map(|address| address.to_canonical().to_string());
    let session = sql::SessionRow {
        user_id,
        user_agent: user_agent.as_deref(),
        address: address.as_deref(),
        expires_at: now.plus_seconds(SESSION_TTL_S),
    };
    sql::note_sign_in(tx, user_id, now).await?;
    let session_id = sql::insert_session(tx, session, now).await?;
    let refresh_token = add_refresh_token(tx, session_id, now).await?;
    Ok((session_id, refresh_token))
}

async fn add_refresh_token(tx: &mut Tx, session_id: i64, now: Timestamp) -> sqlx::Result<String> {
    let token = BASE64_URL_SAFE_NO_PAD.encode(random::<32>());
    sql::insert_refresh_token(tx, &digest(&token), session_id, now).await?;
    Ok(token)
}

/// SHA-256 in base64url: enough for what is random, and what lies in the database opens nothing.
pub(super) fn digest(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

/// 401: sign in again.
fn ended() -> ApiError {
    ApiError::unauthenticated("This sign-in has ended. Sign in again.")
}

/// Forgets at most so many refresh tokens of sessions that have been over for as long as they
/// could last; how many.
///
/// # Errors
/// The database's.
pub async fn forget_old_tokens(tx: &mut Tx, now: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    sql::forget_tokens(tx, now.plus_seconds(-SESSION_TTL_S), rows_max).await
}

/// Forgets at most so many of those sessions themselves, once their tokens are gone; how many.
///
/// # Errors
/// The database's.
pub async fn forget_old(tx: &mut Tx, now: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    sql::forget_sessions(tx, now.plus_seconds(-SESSION_TTL_S), rows_max).await
}
