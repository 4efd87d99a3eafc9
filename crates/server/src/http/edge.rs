//! What surrounds every request: one service, since each layer costs time on each request.
//!
//! A request's id is kept or made; its handler runs in a task of its own, so that a caller who
//! hangs up never cancels a transaction; a panic there is a 500 and a long wait a 503, while
//! the work goes on. Answers get their envelope, `304`, compression where it was asked for,
//! and the headers that browsers need. Then the request is counted and, if it failed or was
//! slow, logged: the one place where a failure's cause is written.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use stockroom_domain::Timestamp;
use tower::{Layer, Service};
use tower_http::CompressionLevel;
use tower_http::compression::Compression;
use tower_http::compression::predicate::SizeAbove;

use super::client::Client;
use super::denied::{self, Asked};
use super::{RequestContext, etag, failure, uuid_v7};
use crate::App;
use crate::clock;
use crate::config::LogRequests;
use crate::error::{ApiError, ErrorCode, Failure};
use crate::metrics;
use crate::rate_limit::{Quota, Taken, WINDOW_S};

/// How long an answer may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// How long one may take that waits for something to happen.
const LONG_POLL_TIMEOUT: Duration = Duration::from_secs(35);
/// The routes of those.
const LONG_POLLS: [&str; 1] = ["/api/inventory/events"];
/// What is logged as slow.
const SLOW: Duration = Duration::from_secs(1);
/// Answers up to this size are not worth compressing.
const COMPRESS_ABOVE_BYTES: u64 = 1_024;
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Half a year: browsers that came by TLS once come by nothing else.
const HSTS: &str = "max-age=15552000";
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The request's id, in the request and in the answer.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts the edge round a router.
#[derive(Clone, Debug)]
pub struct EdgeLayer(pub App);

/// See the module.
#[derive(Clone, Debug)]
pub struct Edge {
    app: App,
    inner: Route,
}

impl Layer<Route> for EdgeLayer {
    type Service = Edge;

    fn layer(&self, inner: Route) -> Edge {
        Edge { app: self.0.clone(), inner }
    }
}

impl Service<Request> for Edge {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routes are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let observed = Observed::new(&self.app, &request);
        request.extensions_mut().insert(observed.context.clone());
        let if_none_match = request.headers().get(IF_NONE_MATCH).cloned();
        let work = detached(&self.app, self.inner.clone(), request);
        Box::pin(async move { Ok(finish(work.await, observed, if_none_match)) })
    }
}

/// Runs the handler in a task of its own and waits for it, within limits.
fn detached(
    app: &App,
    mut inner: Route,
    request: Request,
) -> impl Future<Output = Response> + use<> {
    let working = app.metrics.in_flight.begin();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let asked = Asked::of(&request);
    let route = request.extensions().get::<MatchedPath>();
    let waits = route.is_some_and(|route| LONG_POLLS.contains(&route.as_str()));
    let time_max = if waits { LONG_POLL_TIMEOUT } else { REQUEST_TIMEOUT };
    let app = app.clone();
    let task = tokio::spawn(async move {
        let _working = working;
        let response = if accepts_gzip(request.headers()) {
            compressed(inner, request).await
        } else {
            inner.call(request).await.into_response()
        };
        denied::recorded(&app, asked, response).await
    });
    async move {
        match tokio::time::timeout(time_max, task).await {
            Ok(Ok(response)) => response,
            Ok(Err(panicked)) => ApiError::internal(panicked).into_response(),
            Err(_) if is_read => {
                ApiError::unavailable("The answer took too long. Try again.").into_response()
            }
            Err(_) => ApiError::new(
                ErrorCode::OutcomeUnknown,
                "The answer took too long, and the work goes on. \
                 Ask again with the same Idempotency-Key to learn how it ended.",
            )
            .into_response(),
        }
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(ACCEPT_ENCODING) else { return false };
    value.to_str().is_ok_and(|codings| codings.contains("gzip"))
}

async fn compressed(inner: Route, request: Request) -> Response {
    let mut service = Compression::new(inner)
        .gzip(true)
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESS_ABOVE_BYTES));
    service.call(request).await.into_response()
}

/// Completes the answer.
fn finish(
    mut response: Response,
    mut observed: Observed,
    if_none_match: Option<HeaderValue>,
) -> Response {
    let mut failure = response.extensions_mut().remove::<Failure>();
    if failure.is_none() && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        failure = Some(method_not_allowed(observed.method));
    }
    if let Some(failure) = &failure {
        failure::write_envelope(&mut response, failure, &observed.request_id);
    }
    if let Some(tags) = if_none_match {
        not_modified(&mut response, &tags);
    }
    add_headers(response.headers_mut(), &observed);
    observed.status = response.status().as_u16();
    observed.failure = failure;
    response
}

fn method_not_allowed(method: &str) -> Failure {
    let said = format!("This path does not take {method}; the header Allow names what it takes.");
    Failure::new(ErrorCode::MethodNotAllowed, said)
}

/// Answers 304 in place of what the caller has already.
fn not_modified(response: &mut Response, tags: &HeaderValue) {
    if response.status() != StatusCode::OK {
        return;
    }
    let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
    let is_current = match (tags.to_str(), tag) {
        (Ok(tags), Some(tag)) => etag::list_has(tags, tag),
        _ => false,
    };
    if is_current {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
    }
}

fn add_headers(headers: &mut HeaderMap, observed: &Observed) {
    headers.reserve(8);
    if let Some(taken) = observed.context.taken() {
        add_limits(headers, taken);
    }
    if observed.context.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    if let Ok(id) = HeaderValue::from_str(&observed.request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = headers.entry(CONTENT_SECURITY_POLICY);
    policy.or_insert_with(|| HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert_with(|| HeaderValue::from_static("private, no-cache"));
}

/// The IETF's fields (draft-ietf-httpapi-ratelimit-headers): what is allowed, what is left.
fn add_limits(headers: &mut HeaderMap, taken: Taken) {
    let Taken { quota: Quota { class, limit }, left, wait_s, .. } = taken;
    let class = class.name();
    let policy = format!("\"{class}\";q={limit};w={WINDOW_S}");
    let state = format!("\"{class}\";r={left};t={wait_s}");
    for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// What is counted and logged of a request, once it is over: also when its caller has gone.
struct Observed {
    app: App,
    request_id: Arc<str>,
    context: RequestContext,
    method: &'static str,
    route: Option<MatchedPath>,
    started: Instant,
    status: u16,
    failure: Option<Failure>,
}

/// The status under which a request is counted whose caller went away (nginx's number).
const CALLER_GONE: u16 = 499;

impl Observed {
    fn new(app: &App, request: &Request) -> Self {
        let request_id: Arc<str> = request_id(request.headers(), app.clock.now()).into();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|peer| peer.0.ip());
        let is_tls = app.config.tls_certificate.is_some();
        let client = Client::of(peer, is_tls, request.headers(), &app.config.trusted_proxies);
        Self {
            app: app.clone(),
            context: RequestContext::new(Arc::clone(&request_id), client),
            request_id,
            method: method_name(request.method()),
            route: request.extensions().get::<MatchedPath>().cloned(),
            started: clock::monotonic(),
            status: CALLER_GONE,
            failure: None,
        }
    }

    fn log(&self, route: &str, took: Duration) {
        let (id, method, status) = (&*self.request_id, self.method, self.status);
        let ms = took.as_micros() as f64 / 1_000.0;
        let code = self.failure.as_ref().map(|failure| failure.code.name());
        let cause = self.failure.as_ref().and_then(|failure| failure.cause.as_deref());
        if status >= 500 {
            tracing::error!(
                request_id = id,
                method,
                route,
                status,
                ms,
                code,
                cause,
                "request failed"
            );
        } else if took >= SLOW {
            tracing::warn!(request_id = id, method, route, status, ms, code, cause, "slow request");
        } else if status >= 400 {
            tracing::info!(request_id = id, method, route, status, ms, code, cause, "refused");
        } else if self.app.config.log_requests == LogRequests::All {
            tracing::info!(request_id = id, method, route, status, ms, "answered");
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let route = self.route.as_ref().map_or("none", MatchedPath::as_str);
        let (method, status) = (self.method, self.status);
        let metrics = &self.app.metrics;
        let labels = metrics::Route { route: Arc::from(route), method };
        metrics.durations.get_or_create(&labels).observe(took.as_secs_f64());
        let labels = metrics::Request { route: labels.route, method, status };
        metrics.requests.get_or_create(&labels).inc();
        self.log(route, took);
    }
}

/// The caller's own id if it is well formed, else a new one.
fn request_id(headers: &HeaderMap, now: Timestamp) -> String {
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_good = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    match given.filter(is_good) {
        Some(id) => id.to_owned(),
        None => uuid_v7(now).to_string(),
    }
}

/// A label must be one of few values.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
