//! One effect per key: idempotency of ordinary writes (the ledger has its own).
//!
//! [`Once`] reads the key or makes one. [`begin_write`] claims it in the transaction of the
//! effect, so that both are committed or neither; a request whose key was used ends there,
//! through `?`, with the first answer. Only success is stored: a refusal leaves no trace.
//!
//! A twin that is still running holds the key's row: the second waits for its end, at most as
//! long as the database lets it, and is told `request_in_progress` then.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use aide::operation::add_parameters;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stockroom_domain::{EventId, Timestamp};

use super::{Answer, RequestContext, consistency_token, docs, etag, sql, uuid_v7};
use crate::App;
use crate::audit::{Entry, Origin};
use crate::auth::{OnBehalf, Principal, Via};
use crate::db::{Fault, Tx, fault};
use crate::error::{ApiError, ApiResult, Early, ErrorCode};
use crate::events::{self, Event, Fact};

/// The request and answer header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Set to `true` on an answer that was given before.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Names the state that a write has led to.
pub const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");

/// The idempotency key of a write, and what tells its request from any other.
#[derive(Clone, Debug)]
pub struct Once {
    key: String,
    route: String,
    fingerprint: PendingFingerprint,
    context: RequestContext,
    is_done_later: bool,
}

/// A fingerprint that covers the body once [`super::Body`] has read it.
#[derive(Clone, Debug)]
pub(super) struct PendingFingerprint(Arc<Pending>);

#[derive(Debug)]
struct Pending {
    head: String,
    value: OnceLock<i64>,
}

impl PendingFingerprint {
    /// Takes the body in, but for passwords: the digest is a fast one, and would help whoever has
    /// the database to guess them.
    pub(super) fn cover(&self, body: &[u8]) {
        let body = without_passwords(body);
        self.0.value.get_or_init(|| fingerprint(&self.0.head, &body));
    }
}

/// A body in which every field whose name ends in `password` is emptied.
fn without_passwords(body: &[u8]) -> Cow<'_, [u8]> {
    const NAME: &[u8] = b"password\"";
    fn empty(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if name.ends_with("password") { *value = Value::Null } else { empty(value) }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(empty),
            _ => {}
        }
    }
    if !body.windows(NAME.len()).any(|window| window == NAME) {
        return Cow::Borrowed(body);
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return Cow::Borrowed(&[]) };
    empty(&mut value);
    Cow::Owned(value.to_string().into_bytes())
}

/// The first 8 bytes of SHA-256 over method, path, query and body.
fn fingerprint(head: &str, body: &[u8]) -> i64 {
    let digest = Sha256::new().chain_update(head).chain_update([0]).chain_update(body).finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

impl Once {
    /// The caller's key, or the one that was made for the request.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The same for taking the request on, which is another effect than its own.
    #[must_use]
    pub fn for_taking_on(&self) -> Self {
        Self { route: format!("later:{}", self.route), ..self.clone() }
    }

    /// Whether it was taken on before, and is done again until nothing stands in its way.
    pub fn is_done_later(&self) -> bool {
        self.is_done_later
    }

    /// Method and route: `POST /api/products/{id}/restore`.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// What tells this request from any other under the same key. To be asked after the body
    /// was read, which is so in every handler.
    pub fn fingerprint(&self) -> i64 {
        *self.fingerprint.0.value.get_or_init(|| fingerprint(&self.fingerprint.0.head, &[]))
    }

    /// What the audit log says of whoever does something by this request.
    pub fn origin(&self, who: &Principal) -> Origin {
        self.context.origin(who)
    }

    /// The row's key: bound to the caller and the route.
    pub fn row_key(&self, who: &Principal) -> String {
        match who.via {
            // Strangers share no number: their name stands for it.
            Via::Nothing => format!("new:{}:{}:{}", who.username, self.route, self.key),
            _ => format!("{}:{}:{}", who.user_id, self.route, self.key),
        }
    }
}

impl FromRequestParts<App> for Once {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let key = match parts.headers.get(IDEMPOTENCY_KEY) {
            None => uuid_v7(app.clock.now()).to_string(),
            Some(sent) => given_key(sent)?,
        };
        let path =
            parts.extensions.get::<MatchedPath>().map_or(parts.uri.path(), MatchedPath::as_str);
        let route = format!("{} {path}", parts.method);
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let head = format!("{} {target}", parts.method);
        let fingerprint = PendingFingerprint(Arc::new(Pending { head, value: OnceLock::new() }));
        parts.extensions.insert(fingerprint.clone());
        let is_done_later = parts.extensions.get::<OnBehalf>().is_some();
        let context = RequestContext::of(parts);
        let once = Self { key, route, fingerprint, context, is_done_later };
        // For what takes the request on, if it is to be done later.
        parts.extensions.insert(once.clone());
        Ok(once)
    }
}

fn given_key(sent: &HeaderValue) -> ApiResult<String> {
    let key = sent.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > 255 {
        return Err(ApiError::invalid(
            "Idempotency-Key",
            "An Idempotency-Key has 1 to 255 printable ASCII characters.",
        ));
    }
    Ok(key.to_owned())
}

impl OperationInput for Once {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let about = "The same key again gives the first answer again and has no second effect. \
                     Without one the server makes one and returns it.";
        let parameter = etag::header_parameter(ctx, "Idempotency-Key", about);
        add_parameters(ctx, operation, [parameter]);
        docs::add_failures(
            ctx,
            operation,
            &[
                ErrorCode::InvalidRequest,
                ErrorCode::RequestInProgress,
                ErrorCode::IdempotencyKeyReused,
            ],
        );
    }
}

/// An ordinary write on its way: a transaction that holds its idempotency key. Dropped without
/// [`Write::commit`], it has no effect.
#[derive(Debug)]
pub struct Write {
    /// The transaction.
    pub tx: Tx,
    /// When it began: the time of everything that it writes.
    pub now: Timestamp,
    origin: Origin,
    key: String,
    row_key: String,
}

impl Write {
    /// The number of whoever asks, for events that are told to others.
    pub const fn by(&self) -> Option<i64> {
        self.origin.actor.id
    }
}

/// Begins a write under its key.
///
/// # Errors
/// The first answer, where the key was used for the same request; 422 `idempotency_key_reused`
/// where for another; 409 `request_in_progress`; 503 without the database.
pub async fn begin_write(app: &App, who: &Principal, once: &Once) -> ApiResult<Write> {
    let (row_key, fingerprint) = (once.row_key(who), once.fingerprint());
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let is_new = match sql::claim(&mut tx, &row_key, fingerprint, now).await {
        Ok(is_new) => is_new,
        Err(error) if fault(&error) == Fault::Conflict => return Err(in_progress(&once.key)),
        Err(error) => return Err(error.into()),
    };
    if is_new {
        let origin = once.origin(who);
        return Ok(Write { tx, now, origin, key: once.key.clone(), row_key });
    }
    let stored = sql::stored(&mut tx, &row_key).await?;
    tx.rollback().await?;
    Err(match stored {
        // Removed for its age between the two statements.
        None => in_progress(&once.key),
        Some(stored) => known(once, stored),
    })
}

/// Refuses a request whose key was used, where it is to be judged before its write begins.
///
/// # Errors
/// As [`begin_write`].
pub async fn refuse_known(app: &App, who: &Principal, once: &Once) -> ApiResult<()> {
    let row_key = once.row_key(who);
    let stored = sql::stored(&mut app.db.read().await?, &row_key).await?;
    match stored {
        None => Ok(()),
        Some(stored) => Err(known(once, stored)),
    }
}

/// What ends a request whose key was used.
fn known(once: &Once, stored: sql::Stored) -> ApiError {
    if stored.fingerprint != once.fingerprint() {
        return key_reused(&once.key);
    }
    Early::Replay {
        key: once.key.clone(),
        status: u16::try_from(stored.status).unwrap_or(200),
        answer: stored.answer,
    }
    .into()
}

/// 422: the key belongs to another request.
pub fn key_reused(key: &str) -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyKeyReused,
        "This idempotency key was used for another request. Use a new key for each request.",
    )
    .with_detail("idempotency_key", key)
}

/// 409: the first request with this key has not ended.
pub fn in_progress(key: &str) -> ApiError {
    ApiError::conflict(
        ErrorCode::RequestInProgress,
        "The first request with this idempotency key is still running. Ask again shortly.",
    )
    .with_detail("idempotency_key", key)
    .with_retry_after_s(1)
}

impl Write {
    /// Stores the answer under the key, tells of the changes, puts them on record and commits.
    ///
    /// # Errors
    /// Nothing took effect; or, where the connection was lost at the commit, that is unknown.
    pub async fn commit<T: Serialize, const STATUS: u16>(
        self,
        answer: &T,
        facts: impl IntoIterator<Item = Fact>,
    ) -> ApiResult<Answer<T, STATUS>> {
        self.commit_all((answer, answer), facts, None).await
    }

    /// The same, where something else is told of that is on record by these facts.
    ///
    /// # Errors
    /// As [`Write::commit`].
    pub async fn commit_telling<T: Serialize, const STATUS: u16>(
        self,
        answer: &T,
        facts: impl IntoIterator<Item = Fact>,
        also: Option<Event>,
    ) -> ApiResult<Answer<T, STATUS>> {
        self.commit_all((answer, answer), facts, also).await
    }

    /// The same with an answer that is given once: a repetition of the request gets `repeated`,
    /// which is all that is stored.
    ///
    /// # Errors
    /// As [`Write::commit`].
    pub async fn commit_once<T: Serialize, const STATUS: u16>(
        self,
        answer: &T,
        repeated: &T,
        facts: impl IntoIterator<Item = Fact>,
    ) -> ApiResult<Answer<T, STATUS>> {
        self.commit_all((answer, repeated), facts, None).await
    }

    async fn commit_all<T: Serialize, const STATUS: u16>(
        mut self,
        (answer, repeated): (&T, &T),
        facts: impl IntoIterator<Item = Fact>,
        also: Option<Event>,
    ) -> ApiResult<Answer<T, STATUS>> {
        let answer = Answer::<T, STATUS>::new(answer)?;
        let repeated = Answer::<T, STATUS>::new(repeated)?;
        sql::store(&mut self.tx, &self.row_key, STATUS, repeated.text()).await?;
        let facts = facts.into_iter();
        let (mut events, entries): (Vec<Event>, Vec<Entry>) =
            facts.map(|fact| fact.told_and_recorded(self.origin.clone())).unzip();
        events.extend(also);
        let last = events::append(self.tx, self.now, &events, &entries).await?;
        Ok(stamped(answer, &self.key, last))
    }
}

/// Adds the headers that every answer to a write has.
pub fn stamped<T, const STATUS: u16>(
    answer: Answer<T, STATUS>,
    key: &str,
    last: EventId,
) -> Answer<T, STATUS> {
    answer
        .with_header(IDEMPOTENCY_KEY, key)
        .with_header(CONSISTENCY_TOKEN, &consistency_token(last))
}

/// The same for an answer that may have been given before.
pub fn stamped_again<T, const STATUS: u16>(
    answer: Answer<T, STATUS>,
    key: &str,
    last: EventId,
    is_replayed: bool,
) -> Answer<T, STATUS> {
    let answer = stamped(answer, key, last);
    if is_replayed { answer.with_header(IDEMPOTENCY_REPLAYED, "true") } else { answer }
}

/// The answer of an earlier, equal request.
pub(super) fn replayed(key: &str, status: u16, answer: String) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    if !answer.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert(IDEMPOTENCY_KEY, key);
    }
    *response.body_mut() = axum::body::Body::from(answer);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_no_part_of_a_fingerprint() {
        let check = |body: &str, expect: &str| {
            assert_eq!(String::from_utf8_lossy(&without_passwords(body.as_bytes())), expect);
        };
        check(r#"{"name":"a"}"#, r#"{"name":"a"}"#);
        check(r#"{"b":1, "password":"s"}"#, r#"{"b":1,"password":null}"#);
        check(r#"{"x":[{"new_password":"s"}]}"#, r#"{"x":[{"new_password":null}]}"#);
        check(r#"{"pass\u0077ord":"s","a":"password"}"#, r#"{"a":"password","password":null}"#);
        check(r#"{"password":"cut o"#, "");
    }
}
