//! Requests that are taken on now and done later: `Prefer: respond-async`.
//!
//! The routes' page says which may be, and by what they are taken on
//! ([`super::endpoint::Endpoint::deferrable`]). When [`super::Body`] has read such a request, its
//! caller, key and body are judged; there it ends early, with 202. Later [`DeferredRoutes::run`]
//! has the same handler do it, on behalf of whoever sent it.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use aide::generate::GenContext;
use aide::openapi::Operation;
use aide::operation::add_parameters;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::once::IDEMPOTENCY_KEY;
use super::{Answer, Once, RequestContext, etag, failure, prefer};
use crate::App;
use crate::auth::{OnBehalf, Principal};
use crate::error::{ApiError, ApiResult, Failure};

/// A request whose caller, key and body are in order.
#[derive(Debug)]
pub struct Deferred {
    /// Who sent it.
    pub who: Arc<Principal>,
    /// The operation's id in the API's document.
    pub kind: &'static str,
    /// `POST` …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Its key.
    pub once: Once,
    /// From where it came, and under which id it is logged.
    pub context: RequestContext,
    /// As it was sent.
    pub body: String,
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// What takes a request on, and answers so.
pub type Accept<T> = fn(App, Deferred) -> Boxed<ApiResult<Answer<T, 202>>>;

/// How a route's requests are taken on; in the extensions of each of them.
#[derive(Clone)]
pub(super) struct Deferral {
    pub(super) kind: &'static str,
    pub(super) accept: Arc<dyn Fn(App, Deferred) -> Boxed<ApiError> + Send + Sync>,
}

impl Deferral {
    pub(super) fn by<T: 'static>(accept: Accept<T>) -> Self {
        let accept = move |app, request| -> Boxed<ApiError> {
            Box::pin(async move {
                match accept(app, request).await {
                    Ok(answer) => answer.into_early(),
                    Err(error) => error,
                }
            })
        };
        Self { kind: "", accept: Arc::new(accept) }
    }
}

/// Takes a request on whose body was read, if that is wished for and can be.
///
/// # Errors
/// The answer of a request that was taken on.
pub(super) async fn take_on(app: &App, parts: &Parts, body: &[u8]) -> ApiResult<()> {
    let Some(deferral) = parts.extensions.get::<Deferral>() else { return Ok(()) };
    if !prefer::is_async(&parts.headers) {
        return Ok(());
    }
    let context = RequestContext::of(parts);
    let (Some(who), Some(once)) = (context.caller().cloned(), parts.extensions.get::<Once>())
    else {
        return Ok(());
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let request = Deferred {
        who,
        kind: deferral.kind,
        method: parts.method.to_string(),
        target: target.to_owned(),
        once: once.clone(),
        context,
        // It was read as JSON.
        body: String::from_utf8_lossy(body).into_owned(),
    };
    Err((deferral.accept)(app.clone(), request).await)
}

/// What the document says of a route whose requests can be done later.
pub(super) fn document(ctx: &mut GenContext, operation: &mut Operation) {
    let about = "`respond-async` answers 202 as soon as the request is written down, and names \
                 the operation by which it is done.";
    let parameter = etag::header_parameter(ctx, "Prefer", about);
    add_parameters(ctx, operation, [parameter]);
}

/// A request that was taken on before.
#[derive(Debug)]
pub struct Again<'a> {
    /// Who sent it, as they are now.
    pub who: Arc<Principal>,
    /// `POST` …
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Its idempotency key.
    pub key: &'a str,
    /// As it was sent.
    pub body: String,
    /// From where it came.
    pub address: Option<IpAddr>,
    /// Under which id it was logged.
    pub request_id: Option<&'a str>,
}

/// The routes whose requests can be done later.
#[derive(Clone, Debug)]
pub struct DeferredRoutes(Router<App>);

impl DeferredRoutes {
    /// Out of the routes' page.
    pub fn new(routes: Router<App>) -> Self {
        Self(routes)
    }

    /// Has a request done as if it had come in now; status and body of what it is answered.
    ///
    /// # Errors
    /// What was written down is no request, or the answer broke off.
    pub async fn run(&self, app: &App, again: Again<'_>) -> anyhow::Result<(u16, String)> {
        let id: Arc<str> = again.request_id.unwrap_or_default().into();
        let context = RequestContext::again(Arc::clone(&id), again.address);
        let request = Request::builder()
            .method(again.method)
            .uri(again.target)
            .header(CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, again.key)
            .extension(context)
            .extension(OnBehalf(again.who))
            .body(axum::body::Body::from(again.body))?;
        let routes: Router = self.0.clone().with_state(app.clone());
        let mut response = match routes.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if let Some(failed) = response.extensions_mut().remove::<Failure>() {
            if failed.code.status() == StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
                tracing::error!(cause = ?failed.cause, request_id = %id, "a deferred request");
            }
            failure::write_envelope(&mut response, &failed, &id);
        }
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}
