//! The keys that sign access tokens, as the table `signing_keys` holds them.
//!
//! They lie in the database, so a token of one node is good on all, and rotation copies nothing:
//! every 30 days a new key signs, and the old one only verifies until its last token has ended.
//! The first node that needs a key makes one; should two do so at once, both sign with the oldest
//! and accept either. How a key is written down stands in [`super::wrap`].

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::json;
use stockroom_domain::Timestamp;

use super::sql;
use super::tokens::{NOT_BEFORE_LEEWAY_S, TOKEN_TTL_S, random};
use super::wrap::Wrapper;
use crate::audit::{Entry, Origin};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::ApiResult;
use crate::events;

/// For how long a key signs.
const KEY_TTL_S: i64 = 30 * 24 * 3_600;
/// Keys are read again after this time, so that a retired one stops signing.
pub(super) const KEYS_AGE_MAX_S: i64 = 60;
/// An unknown key id makes us read the keys again, but not more often than this.
pub(super) const KEYS_AGE_MIN_S: i64 = 1;

/// A row of `signing_keys`.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// The key's id, in the header of each token that it signed.
    pub kid: String,
    /// 32 random bytes, as [`super::wrap`] writes them.
    pub secret: String,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
}

pub(super) struct Key {
    pub(super) kid: String,
    pub(super) signs: EncodingKey,
    pub(super) verifies: DecodingKey,
    pub(super) is_retired: bool,
}

/// The keys as they were read at one moment.
#[derive(Clone)]
struct AsRead {
    keys: Arc<Vec<Key>>,
    /// There are keys that sign, and this node can read none of them.
    is_locked_out: bool,
    read_at: Timestamp,
}

/// The keys of a node: what it has read of the database.
#[derive(Default)]
pub struct Keyring {
    wrapper: Wrapper,
    known: Mutex<Option<AsRead>>,
    /// Held while the keys are read, so that they are read once for all who wait.
    reading: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("wrapper", &self.wrapper).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Knows no key yet.
    pub fn new(wrapper: Wrapper) -> Self {
        Self { wrapper, ..Self::default() }
    }

    /// What wraps the keys, and whatever else is to be wrapped as they are.
    pub fn wrapper(&self) -> &Wrapper {
        &self.wrapper
    }

    /// Retires the keys that were made before an instant, and makes a new one if none is left
    /// that signs; how many keys were retired or made. Of several nodes that do so at once, one
    /// makes the key. Tokens of retired keys are good for as long as they would have been.
    ///
    /// # Errors
    /// The database's.
    async fn rotate(&self, db: &Db, clock: &Clock, made_before: Timestamp) -> ApiResult<u64> {
        let now = clock.now();
        let mut tx = db.begin().await?;
        let retired = sql::retire_signing_keys(&mut tx, made_before, now).await?;
        let is_needed = !sql::has_signing_key(&mut tx).await?;
        if retired == 0 && !is_needed {
            tx.rollback().await?;
            return Ok(0);
        }
        let mut kid = None;
        if is_needed {
            let id = BASE64_URL_SAFE_NO_PAD.encode(random::<12>());
            let secret = self.wrapper.seal(&id, &random::<32>())?;
            sql::insert_signing_key(&mut tx, &id, &secret, now).await?;
            kid = Some(id);
        }
        let entry = Entry::new(Origin::system("stockroom"), "signing_keys.rotated", "keys", None)
            .after(&json!({ "kid": kid, "retired": retired }));
        events::append(tx, now, &[], &[entry]).await?;
        // Another node's tokens are read again soon; ours are signed with the new key at once.
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(retired + u64::from(is_needed))
    }

    /// Retires all keys and makes a new one.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate_all(&self, db: &Db, clock: &Clock) -> ApiResult<()> {
        self.rotate(db, clock, Timestamp(i64::MAX)).await.map(drop)
    }

    /// Retires the keys that are old, and makes a new one in their place; how many rows changed.
    /// A node that can read none of them leaves that to the others: they could not read its own.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate_old(&self, db: &Db, clock: &Clock) -> ApiResult<u64> {
        if self.as_read(db, clock, 0).await?.is_locked_out {
            return Ok(0);
        }
        self.rotate(db, clock, clock.now().plus_seconds(-KEY_TTL_S)).await
    }

    /// Makes sure that this node can read every key which signs. Keys that are not wrapped are
    /// retired where wrapping begins: clients renew their tokens by themselves.
    ///
    /// # Errors
    /// A line that says what to do; the database's.
    pub async fn prepare_keys(&self, db: &Db, clock: &Clock) -> anyhow::Result<()> {
        let rows = sql::signing_keys(&mut db.read().await?, clock.now()).await?;
        let rows: Vec<KeyRow> = rows.into_iter().filter(|row| row.retired_at.is_none()).collect();
        let is_foreign = |row: &KeyRow| {
            // One that was never wrapped is left behind when wrapping begins.
            row.secret.contains('.') && self.wrapper.open(&row.kid, &row.secret).is_none()
        };
        anyhow::ensure!(
            !rows.iter().any(is_foreign),
            "the keys in the database that sign tokens are wrapped with another key than this \
             node's: give STOCKROOM_KEY_FILE the key of the other nodes, or, if it is lost, run \
             'stockroom keys rotate', which makes a new one"
        );
        if rows.iter().any(|row| self.wrapper.open(&row.kid, &row.secret).is_none()) {
            self.rotate_all(db, clock).await?;
        }
        Ok(())
    }

    /// The keys, at most `age_max_s` old; 0 reads them in any case.
    pub(super) async fn keys(
        &self,
        db: &Db,
        clock: &Clock,
        age_max_s: i64,
    ) -> ApiResult<Arc<Vec<Key>>> {
        self.as_read(db, clock, age_max_s).await.map(|read| read.keys)
    }

    /// Whether there are keys that sign, and this node can read none of them: it was started
    /// before the other nodes were given the key that wraps them.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_locked_out(&self, db: &Db, clock: &Clock) -> ApiResult<bool> {
        self.as_read(db, clock, KEYS_AGE_MAX_S).await.map(|read| read.is_locked_out)
    }

    async fn as_read(&self, db: &Db, clock: &Clock, age_max_s: i64) -> ApiResult<AsRead> {
        let fresh = |keyring: &Self| {
            let known = keyring.known.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
            let age = clock.now().0 - known.read_at.0;
            (0..age_max_s * 1_000_000).contains(&age).then_some(known)
        };
        if let Some(read) = fresh(self) {
            return Ok(read);
        }
        let _reading = self.reading.lock().await;
        if let Some(read) = fresh(self) {
            return Ok(read);
        }
        let now = clock.now();
        let rows = sql::signing_keys(&mut db.read().await?, retired_last(now)).await?;
        let has_signing = rows.iter().any(|row| row.retired_at.is_none());
        let keys: Vec<Key> = rows.into_iter().filter_map(|row| key(&self.wrapper, row)).collect();
        let is_locked_out = has_signing && keys.iter().all(|key| key.is_retired);
        let read = AsRead { keys: Arc::new(keys), is_locked_out, read_at: now };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(read.clone());
        Ok(read)
    }
}

/// Keys that were retired before this sign nothing any more that is still in its time: another
/// node may have learned of it late, and its clock may differ.
fn retired_last(now: Timestamp) -> Timestamp {
    now.plus_seconds(-TOKEN_TTL_S - KEYS_AGE_MAX_S - NOT_BEFORE_LEEWAY_S)
}

/// A key that cannot be read is left out: its tokens are refused, nothing else fails.
fn key(wrapper: &Wrapper, row: KeyRow) -> Option<Key> {
    let secret = wrapper.open(&row.kid, &row.secret).filter(|secret| secret.len() >= 32);
    let Some(secret) = secret else {
        tracing::warn!(kid = row.kid, "the signing key cannot be read; its tokens are refused");
        return None;
    };
    Some(Key {
        signs: EncodingKey::from_secret(&secret),
        verifies: DecodingKey::from_secret(&secret),
        is_retired: row.retired_at.is_some(),
        kid: row.kid,
    })
}
