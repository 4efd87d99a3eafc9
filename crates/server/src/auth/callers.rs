//! Who is behind a verified token or a key right now.
//!
//! A token says who someone was when it was signed. Roles, the disabled flag, and the end of the
//! session or of the key are read from the database and believed for [`AGE_MAX_S`], so that a
//! change acts on every node within a few seconds, though the hot path reads nothing.

use std::sync::{Arc, Mutex, PoisonError};

use stockroom_domain::{Timestamp, UserId};

use super::principal::{Principal, Via};
use super::sql;
use super::tokens::Verified;
use crate::clock::Clock;
use crate::db::Db;
use crate::error::ApiResult;
use crate::recent::Recent;

/// For how long a caller is believed to be as last read.
pub const AGE_MAX_S: i64 = 2;
/// Callers remembered.
const CALLERS_LEN_MAX: usize = 4_096;

/// Someone as last read; `None` where they may not come in.
type Caller = Option<Arc<Principal>>;

/// What someone is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Proof {
    /// The sign-in that a token belongs to.
    Session(i64),
    /// The digest of a program's key.
    Key(Box<str>),
    /// A program's key, by its number: of one who came in with it before.
    KeyNumber(i64),
}

/// Callers by what they have proved themselves with. Cloned cheaply; all clones share what they
/// remember.
#[derive(Clone, Debug)]
pub struct Callers(Arc<Recent<Proof, Arc<Slot>>>);

#[derive(Debug, Default)]
struct Slot {
    known: Mutex<Option<(Timestamp, Caller)>>,
    /// Held while the caller is read, so that they are read once for all who wait.
    reading: tokio::sync::Mutex<()>,
}

impl Default for Callers {
    fn default() -> Self {
        Self(Arc::new(Recent::new(CALLERS_LEN_MAX)))
    }
}

impl Callers {
    /// The caller behind a token, or `None` where the session has ended, the user is disabled,
    /// or the two do not belong together.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_session(&self, db: &Db, clock: &Clock, token: Verified) -> ApiResult<Caller> {
        let slot = self.slot(Proof::Session(token.session_id));
        let read = async |now| sql::caller(&mut db.read().await?, token.session_id, now).await;
        let caller = slot.caller(clock, read).await?;
        Ok(caller.filter(|caller: &Arc<Principal>| caller.user_id == token.user_id))
    }

    /// The program behind a key of that digest, or `None` where there is none, or none any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_key(&self, db: &Db, clock: &Clock, digest: &str) -> ApiResult<Caller> {
        let proof = Proof::Key(digest.into());
        let read = async |now| sql::key_caller(&mut db.read().await?, digest, now).await;
        if let Some(slot) = self.0.get(&proof) {
            return Ok(slot.caller(clock, read).await?);
        }
        // A guess is not remembered: a flood of them would make us forget everyone else.
        if read(clock.now()).await?.is_none() {
            return Ok(None);
        }
        Ok(self.slot(proof).caller(clock, read).await?)
    }

    /// Someone who came in a while ago, as they are now, or `None` where they may not come in any
    /// more: for whoever stays, waiting or listening.
    ///
    /// # Errors
    /// The database's.
    pub async fn again(&self, db: &Db, clock: &Clock, who: &Principal) -> ApiResult<Caller> {
        let caller = match who.via {
            Via::Session(id) => {
                let read = async |now| sql::caller(&mut db.read().await?, id, now).await;
                self.slot(Proof::Session(id)).caller(clock, read).await?
            }
            Via::Key(id) => {
                let read = async |now| sql::key_caller_by_id(&mut db.read().await?, id, now).await;
                self.slot(Proof::KeyNumber(id)).caller(clock, read).await?
            }
            Via::Nothing => None,
        };
        Ok(caller.filter(|caller| caller.user_id == who.user_id))
    }

    /// Whether a key of that digest was seen before, good as it may be by now.
    pub fn knows_key(&self, digest: &str) -> bool {
        self.0.get(&Proof::Key(digest.into())).is_some()
    }

    /// Forgets a session that ended here, so that it ends at once on this node.
    pub fn forget(&self, session_id: i64) {
        self.0.remove(&Proof::Session(session_id));
    }

    /// Forgets a user who was changed here, with all their sign-ins.
    pub fn forget_user(&self, user: UserId) {
        self.0.retain(|slot| {
            let known = slot.known.lock().unwrap_or_else(PoisonError::into_inner);
            let caller = known.as_ref().and_then(|(_, caller)| caller.as_ref());
            caller.is_none_or(|caller| caller.user_id != user)
        });
    }

    fn slot(&self, proof: Proof) -> Arc<Slot> {
        self.0.get_or_insert_with(proof, Arc::default)
    }
}

impl Slot {
    /// The caller as remembered, or as `read` tells now.
    async fn caller(
        &self,
        clock: &Clock,
        read: impl AsyncFnOnce(Timestamp) -> sqlx::Result<Option<Principal>>,
    ) -> sqlx::Result<Caller> {
        if let Some(caller) = self.fresh(clock) {
            return Ok(caller);
        }
        let _reading = self.reading.lock().await;
        if let Some(caller) = self.fresh(clock) {
            return Ok(caller);
        }
        // The time before the read: what it finds is at least as new.
        let now = clock.now();
        let caller = read(now).await?.map(Arc::new);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, caller.clone()));
        Ok(caller)
    }

    fn fresh(&self, clock: &Clock) -> Option<Caller> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, caller) = known.as_ref()?;
        let age = clock.now().0 - read_at.0;
        (0..AGE_MAX_S * 1_000_000).contains(&age).then(|| caller.clone())
    }
}
