//! What is known of a request before its handler runs, and what its guard finds out: shared by
//! the edge, which begins and ends every request, and the extractors in between.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::App;
use crate::audit::Origin;
use crate::auth::Principal;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::http::client::Client;
use crate::rate_limit::{Caller, Class, Quota, Taken};

/// A request's id, where it comes from, and who is behind it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct RequestContext(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    id: Option<Arc<str>>,
    address: Option<IpAddr>,
    is_secure: bool,
    caller: OnceLock<Arc<Principal>>,
    taken: Mutex<Option<Taken>>,
}

impl RequestContext {
    /// A request that has just come in.
    pub fn new(id: Arc<str>, client: Client) -> Self {
        let Client { address, is_secure } = client;
        Self(Arc::new(Known { id: Some(id), address, is_secure, ..Known::default() }))
    }

    /// A request that came in before and is done now.
    pub fn again(id: Arc<str>, address: Option<IpAddr>) -> Self {
        Self(Arc::new(Known { id: Some(id), address, ..Known::default() }))
    }

    /// Whether the client speaks TLS, with us or with a proxy that is trusted.
    pub fn is_secure(&self) -> bool {
        self.0.is_secure
    }

    /// Counts the request against its caller's limit.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub async fn count(&self, app: &App, caller: Caller, class: Class) -> ApiResult<()> {
        let Some(taken) = app.limits.take(caller, class, app.clock.now()).await else {
            return Ok(());
        };
        // A list that is taken out as a file counts twice; headers tell of what was refused, or of
        // the first.
        if !taken.is_allowed || self.taken().is_none() {
            *self.lock_taken() = Some(taken);
        }
        if taken.is_allowed {
            return Ok(());
        }
        let Taken { quota: Quota { class, limit }, wait_s, .. } = taken;
        let message = format!(
            "At most {limit} requests of the class {} a minute are allowed. Ask again in {wait_s} \
             seconds.",
            class.name()
        );
        Err(ApiError::new(ErrorCode::RateLimited, message)
            .with_detail("class", class.name())
            .with_detail("limit", limit)
            .with_detail("wait_s", wait_s)
            .with_retry_after_s(wait_s))
    }

    /// What came of counting it, if it was counted.
    pub fn taken(&self) -> Option<Taken> {
        *self.lock_taken()
    }

    fn lock_taken(&self) -> MutexGuard<'_, Option<Taken>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id under which it is logged; `None` outside of the edge.
    pub fn id(&self) -> Option<Arc<str>> {
        self.0.id.clone()
    }

    /// Where the client is.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// Notes who is behind it.
    pub fn set_caller(&self, caller: Arc<Principal>) {
        // There is one guard; a second would find the same.
        let _ = self.0.caller.set(caller);
    }

    /// Who is behind it, as far as a guard has found out.
    pub fn caller(&self) -> Option<&Arc<Principal>> {
        self.0.caller.get()
    }

    /// What the audit log says of whoever does something by this request.
    pub fn origin(&self, who: &Principal) -> Origin {
        Origin { actor: who.actor(), address: self.address(), request_id: self.id() }
    }

    /// The context of a request, an empty one outside of the edge.
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get::<Self>().cloned().unwrap_or_default()
    }
}

impl FromRequestParts<App> for RequestContext {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

impl aide::OperationInput for RequestContext {}
