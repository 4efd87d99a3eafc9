//! Keys of programs: `srk_` and 32 random bytes. Shown once; what is kept is a digest.
//!
//! A key has a user's row of its own, which holds its roles, so that whatever a program does
//! bears the key's name. It has no password and cannot sign in.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use super::principal::{Principal, Via};
use super::sessions::digest;
use super::tokens::random;
use super::{Auth, sql};
use crate::audit::Entry;
use crate::error::ApiResult;
use crate::events;
use crate::http::RequestContext;

/// What every key begins with, for people and for scanners that look for leaked ones.
const PREFIX: &str = "srk_";
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

/// Whether a bearer token is a key, or would be one.
pub(super) fn is_key(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl Auth {
    /// The program behind a key. That it was used is written down now and then; on record, once a
    /// day and address.
    pub(super) async fn program(
        &self,
        key: &str,
        context: &RequestContext,
    ) -> ApiResult<Option<Arc<Principal>>> {
        let digest = digest(key);
        let Some(program) = self.callers.of_key(&self.db, &self.clock, &digest).await? else {
            return Ok(None);
        };
        let (now, from) = (self.clock.now(), context.address());
        if self.callers.is_use_to_be_noted(&digest, from, now) {
            self.note_use(&program, context, from).await?;
        }
        Ok(Some(program))
    }

    async fn note_use(
        &self,
        program: &Principal,
        context: &RequestContext,
        from: Option<IpAddr>,
    ) -> ApiResult<()> {
        let Via::Key(id) = program.via else { return Ok(()) };
        let now = self.clock.now();
        let address = from.map(|address| address.to_string());
        let mut tx = self.db.begin().await?;
        let before = sql::key_use(&mut tx, id).await?;
        sql::note_key_use(&mut tx, id, address.as_deref(), now).await?;
        let is_new = before.is_none_or(|(at, known)| {
            const DAY: i64 = 86_400_000_000;
            at.0.div_euclid(DAY) != now.0.div_euclid(DAY) || known != address
        });
        if !is_new {
            return Ok(tx.commit().await?);
        }
        let entry = Entry::new(context.origin(program), "api_key.used", "api_key", id)
            .after(&json!({ "address": address }));
        events::append(tx, now, &[], &[entry]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_beginning_and_kept_as_a_digest() {
        let (one, other) = (NewKey::random(), NewKey::random());
        assert!(is_key(&one.key) && one.key.starts_with(&one.hint));
        assert_ne!(one.key, other.key);
        assert_eq!((one.key.len(), one.digest.len()), (47, 43));
        assert_eq!(one.digest, digest(&one.key));
        assert!(!format!("{one:?}").contains(&one.key));
    }
}
