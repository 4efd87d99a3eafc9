//! Who is behind a verified token right now.
//!
//! A token says who someone was when it was signed. Roles, the disabled flag and the end of the
//! session are read from the database and believed for [`AGE_MAX_S`], so that a change acts on
//! every node within a few seconds, though the hot path reads nothing.

use std::sync::{Arc, Mutex, PoisonError};

use stockroom_domain::Timestamp;

use super::principal::Principal;
use super::recent::Recent;
use super::sql;
use super::tokens::Verified;
use crate::clock::Clock;
use crate::db::Db;
use crate::error::ApiResult;

/// For how long a caller is believed to be as last read.
pub const AGE_MAX_S: i64 = 2;
/// Callers remembered.
const CALLERS_LEN_MAX: usize = 4_096;

/// Someone as last read; `None` where they may not come in.
type Caller = Option<Arc<Principal>>;

/// Callers by session. Cloned cheaply; all clones share what they remember.
#[derive(Clone, Debug)]
pub struct Callers(Arc<Recent<i64, Arc<Slot>>>);

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
    pub async fn find(&self, db: &Db, clock: &Clock, token: Verified) -> ApiResult<Caller> {
        let slot = self.0.get_or_insert_with(token.session_id, Arc::default);
        if let Some(caller) = slot.fresh(clock) {
            return Ok(of_token(caller, token));
        }
        let _reading = slot.reading.lock().await;
        if let Some(caller) = slot.fresh(clock) {
            return Ok(of_token(caller, token));
        }
        // The time before the read: what it finds is at least as new.
        let now = clock.now();
        let caller = sql::caller(&mut db.read().await?, token.session_id, now).await?;
        let caller = caller.map(Arc::new);
        *slot.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, caller.clone()));
        Ok(of_token(caller, token))
    }

    /// Forgets a session that ended here, so that it ends at once on this node.
    pub fn forget(&self, session_id: i64) {
        self.0.remove(&session_id);
    }
}

impl Slot {
    fn fresh(&self, clock: &Clock) -> Option<Caller> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, caller) = known.as_ref()?;
        let age = clock.now().0 - read_at.0;
        (0..AGE_MAX_S * 1_000_000).contains(&age).then(|| caller.clone())
    }
}

fn of_token(caller: Caller, token: Verified) -> Caller {
    caller.filter(|caller| caller.user_id == token.user_id)
}
