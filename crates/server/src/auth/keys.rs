//! Keys of programs: `srk_` and 32 random bytes. Shown once; what is kept is a digest.
//!
//! A key has a user's row of its own, which holds its roles, so that whatever a program does
//! bears the key's name. It has no password and cannot sign in.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use stockroom_domain::Timestamp;

use super::principal::{Principal, Via};
use super::sessions::digest;
use super::throttle::network;
use super::tokens::random;
use super::{Auth, sql};
use crate::audit::Entry;
use crate::error::ApiResult;
use crate::events;
use crate::http::RequestContext;
use crate::recent::Recent;

/// What every key begins with, for people and for scanners that look for leaked ones.
const PREFIX: &str = "srk_";
/// 32 bytes in base64url.
const SECRET_CHARACTERS: usize = 43;
/// How much of a key is kept to tell it from others.
const HINT_CHARACTERS: usize = 12;

/// A key that was just made.
pub struct NewKey {
    /// The key itself, to be shown once.
    pub key: String,
    /// Its beginning.
    pub hint: String,
    /// What is kept of it.
    pub digest: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("hint", &self.hint).finish_non_exhaustive()
    }
}

impl NewKey {
    /// A new one.
    pub fn random() -> Self {
        let key = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random::<32>()));
        Self { hint: key.chars().take(HINT_CHARACTERS).collect(), digest: digest(&key), key }
    }
}

/// What is kept of the key that a bearer token is, or would be if it were ours.
pub(super) fn digest_of(token: &str) -> Option<String> {
    let secret = token.strip_prefix(PREFIX)?;
    let is_well_formed = secret.len() == SECRET_CHARACTERS
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_well_formed.then(|| digest(token))
}

/// Whether a bearer token says that it is a key.
pub(super) fn is_key(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl Auth {
    /// Writes down that a key was used: when and from where, once a minute; on record, once a day
    /// and network. To be asked after the request was counted, for it writes.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_use(&self, program: &Principal, context: &RequestContext) -> ApiResult<()> {
        let Via::Key(id) = program.via else { return Ok(()) };
        let (now, from) = (self.clock.now(), context.address());
        let Some(due) = self.key_uses.due(id, from.map(network), now) else { return Ok(()) };
        let address = from.map(|address| address.to_string());
        let entry = due.is_first_of_day.then(|| {
            Entry::new(context.origin(program), "api_key.used", "api_key", id)
                .after(&json!({ "address": address }))
        });
        let noted = async {
            let mut tx = self.db.begin().await?;
            sql::note_key_use(&mut tx, id, address.as_deref(), now).await?;
            events::append(tx, now, &[], entry.as_slice()).await
        };
        if let Err(error) = noted.await {
            self.key_uses.forget(id);
            return Err(error.into());
        }
        Ok(())
    }
}

/// Which uses of keys were written down by this node. Cloned cheaply; all clones know the same.
#[derive(Clone, Debug)]
pub struct KeyUses(Arc<Recent<i64, Arc<Mutex<Uses>>>>);

/// Networks remembered of one key and day; from more than these its use goes unrecorded, or a
/// program whose address changes all the time would write with each request.
const NETWORKS_LEN_MAX: usize = 32;
const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;

#[derive(Debug, Default)]
struct Uses {
    at: Option<Timestamp>,
    day: i64,
    networks: Vec<Option<IpAddr>>,
}

/// A use that is to be written down.
#[derive(Clone, Copy, Debug)]
struct Due {
    is_first_of_day: bool,
}

impl Default for KeyUses {
    fn default() -> Self {
        Self(Arc::new(Recent::new(4_096)))
    }
}

impl KeyUses {
    /// Whether a use is to be written down, which is then taken for done: of many requests at
    /// once, one writes.
    fn due(&self, key: i64, network: Option<IpAddr>, now: Timestamp) -> Option<Due> {
        let uses = self.0.get_or_insert_with(key, Arc::default);
        let mut uses = uses.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.0.div_euclid(DAY);
        if uses.day != day {
            *uses = Uses { day, ..Uses::default() };
        }
        let is_known = uses.networks.contains(&network) || uses.networks.len() >= NETWORKS_LEN_MAX;
        let is_first_of_day = uses.at.is_none() || !is_known;
        let is_recent = uses.at.is_some_and(|at| (0..MINUTE).contains(&(now.0 - at.0)));
        if !is_first_of_day && is_recent {
            return None;
        }
        uses.at = Some(now);
        if !is_known {
            uses.networks.push(network);
        }
        Some(Due { is_first_of_day })
    }

    /// It could not be written down.
    fn forget(&self, key: i64) {
        self.0.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_beginning_and_kept_as_a_digest() {
        let (one, other) = (NewKey::random(), NewKey::random());
        assert_eq!(digest_of(&one.key).as_ref(), Some(&one.digest));
        assert!(is_key(&one.key) && one.key.starts_with(&one.hint));
        for forged in ["srk_", "srk_short", &one.key[..46], &one.key.replace("srk_", "srk_A")] {
            assert_eq!(digest_of(forged), None, "{forged}");
        }
        assert_ne!(one.key, other.key);
        assert_eq!((one.key.len(), one.digest.len()), (47, 43));
        assert_eq!(one.digest, digest(&one.key));
        assert!(!format!("{one:?}").contains(&one.key));
    }
}
