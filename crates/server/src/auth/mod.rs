//! Who is asking, and what they may do.
//!
//! [`Auth`] holds what identity needs at run time. A request's bearer token becomes a
//! [`Principal`] in two steps, both free of I/O on the hot path: [`tokens`] says that the token
//! is genuine, [`callers`] who is behind it now. Handlers ask for [`Can`] with a [`Right`], so
//! that a permission stands in their signature. [`passwords`] and [`throttle`] guard the
//! sign-in, [`sessions`] keeps it, [`setup`] makes the first one.
//!
//! Nothing here knows of products or stock; what a role may do stands in
//! `stockroom_domain::permissions`.

pub mod callers;
mod extract;
pub mod http;
pub mod keyring;
pub mod keys;
pub mod page;
pub mod passwords;
pub mod principal;
mod scope;
pub mod sessions;
pub mod setup;
mod sql;
pub mod throttle;
pub mod tokens;
pub mod users;
pub mod users_sql;
pub mod wrap;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use callers::Callers;
pub use extract::{
    Access, Anyone, Can, EditCatalog, EditCustomers, EditEmployees, EditSettings, EditStores,
    GrantCredit, Guard, GuardedBy, ManageUsers, MoveStock, OnBehalf, OnesOwn, Operate, Person,
    ReadAudit, ReadCatalog, ReadCustomers, ReadEmployees, ReadOrders, ReadStock, Registrar,
    Renewing, Right, Sell, SignedIn, SuperviseSales, Who,
};
use keys::KeyUses;
pub use passwords::Passwords;
pub use principal::{Grant, Place, Principal, Via};
pub use scope::Scope;
pub use sessions::{Device, TokenPair};
pub use throttle::Throttle;
pub use tokens::Tokens;
use wrap::Wrapper;

use stockroom_domain::{Timestamp, UserId};

use crate::App;
use crate::clock::Clock;
use crate::config::{Config, Secret};
use crate::db::{Db, Reader};
use crate::error::ApiResult;

/// The setting that says who may make an account, and its value where everyone may: JSON.
pub const REGISTRATION: &str = "registration";
const REGISTRATION_OPEN: &str = "\"open\"";

/// Everything that identity keeps in memory, and the database behind it. Cloned cheaply.
#[derive(Clone, Debug)]
pub struct Auth {
    db: Db,
    clock: Clock,
    /// Signs and verifies access tokens.
    pub tokens: Tokens,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Who is behind which session.
    pub callers: Callers,
    /// Which uses of keys were written down.
    key_uses: KeyUses,
    /// Slows down guessing.
    pub throttle: Throttle,
    is_known_set_up: Arc<AtomicBool>,
}

impl Auth {
    /// Remembers nothing yet. Keys that sign tokens are wrapped as the settings say.
    ///
    /// # Errors
    /// The wrapping key could be guessed.
    pub fn new(config: &Config, db: Db, clock: Clock) -> anyhow::Result<Self> {
        let wrapper = Wrapper::new(config.key.as_ref().map(Secret::expose))?;
        Ok(Self { tokens: Tokens::new(wrapper), ..Self::that_signs_nothing(db, clock) })
    }

    /// For work that has nothing to do with tokens, such as adding users.
    pub fn that_signs_nothing(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            tokens: Tokens::default(),
            passwords: Passwords::default(),
            callers: Callers::default(),
            key_uses: KeyUses::default(),
            throttle: Throttle::default(),
            is_known_set_up: Arc::default(),
        }
    }

    /// Whoever brings this access token or key, or `None` where it is not good, or not any more.
    ///
    /// # Errors
    /// The database's, where something had to be read.
    pub async fn caller(&self, token: &str) -> ApiResult<Option<Arc<Principal>>> {
        if keys::is_key(token) {
            let Some(digest) = keys::digest_of(token) else { return Ok(None) };
            return self.callers.of_key(&self.db, &self.clock, &digest).await;
        }
        match self.tokens.verify(&self.db, &self.clock, token).await? {
            Some(verified) => self.callers.of_session(&self.db, &self.clock, verified).await,
            None => Ok(None),
        }
    }

    /// When an access token ends that is good now; `None` for a key, whose end is asked for by
    /// [`Auth::again`].
    ///
    /// # Errors
    /// The database's, where the keys that sign had to be read.
    pub async fn token_end(&self, token: &str) -> ApiResult<Option<Timestamp>> {
        if keys::is_key(token) {
            return Ok(None);
        }
        let verified = self.tokens.verify(&self.db, &self.clock, token).await?;
        // One that ended this very moment has ended.
        Ok(Some(verified.map_or(Timestamp(0), |verified| verified.expires_at())))
    }
}

impl Auth {
    /// Whether someone may still do what they might a while ago: they are not gone, and hold the
    /// same roles.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_unchanged(&self, reader: &mut Reader, who: &Principal) -> ApiResult<bool> {
        let now = self.clock.now();
        let again = match who.via {
            Via::Session(id) => sql::caller(reader, id, now).await?,
            Via::Key(id) => sql::key_caller_by_id(reader, id, now).await?,
            Via::Nothing => None,
        };
        Ok(again.is_some_and(|again| again.grants == who.grants))
    }

    /// Someone who came in a while ago, as they are now (or were [`callers::AGE_MAX_S`] ago);
    /// `None` where they may not come in any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn again(&self, who: &Principal) -> ApiResult<Option<Arc<Principal>>> {
        self.callers.again(&self.db, &self.clock, who).await
    }

    /// Someone who has asked for something that is done now: as they are now, though they may have
    /// signed out since. `None` where they may do nothing any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn on_behalf(&self, user: UserId, via: Via) -> ApiResult<Option<Arc<Principal>>> {
        let mut reader = self.db.read().await?;
        let now = self.clock.now();
        let caller = match via {
            Via::Session(id) => sql::user_caller(&mut reader, user, id).await?,
            Via::Key(id) => sql::key_caller_by_id(&mut reader, id, now).await?,
            Via::Nothing => None,
        };
        Ok(caller.filter(|caller| caller.user_id == user).map(Arc::new))
    }

    /// Someone who is not asking for anything, as they are now; `None` where they may do nothing
    /// any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn absent(&self, user: UserId) -> ApiResult<Option<Principal>> {
        let found = sql::user_caller(&mut self.db.read().await?, user, 0).await?;
        Ok(found.map(|found| Principal { via: Via::Nothing, ..found }))
    }

    /// Whether the shop's settings let people make accounts for themselves.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_registration_open(&self) -> ApiResult<bool> {
        let setting = sql::setting(&mut self.db.read().await?, REGISTRATION).await?;
        Ok(setting.as_deref() == Some(REGISTRATION_OPEN))
    }
}

/// The token for the link that lets the first administrator in, `None` once there is a user.
///
/// # Errors
/// `STOCKROOM_SETUP_TOKEN` is too short to be safe, or the database does not answer.
pub async fn setup_token(app: &App) -> anyhow::Result<Option<String>> {
    app.auth.setup_token(app.config.setup_token.as_ref().map(Secret::expose)).await
}
