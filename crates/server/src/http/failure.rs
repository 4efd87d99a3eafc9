//! From an [`ApiError`] to a response. The body is written by the edge, which knows the
//! request's id: here the failure only travels in the response's extensions.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as DocResponse};
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::{docs, once};
use crate::error::{ApiError, Early, ErrorCode, Failure};

/// What every failed request answers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorAnswer<'a> {
    /// Always `error`.
    #[schemars(with = "ErrorStatus")]
    pub status: &'static str,
    /// What went wrong.
    #[schemars(with = "Failure")]
    pub error: &'a Failure,
    /// Names this request in the log.
    pub request_id: &'a str,
}

/// The status of a failure.
#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a constant in the documentation")]
enum ErrorStatus {
    Error,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self.into_early() {
            Early::Failure(failure) => failed(failure),
            Early::Replay { key, status, answer } => once::replayed(&key, status, answer),
            Early::Answered { status, headers, answer } => answered(status, headers, answer),
        }
    }
}

fn answered(status: u16, headers: Vec<(String, String)>, answer: String) -> Response {
    let mut response = Response::new(axum::body::Body::from(answer));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn failed(failure: Failure) -> Response {
    let mut response = Response::default();
    *response.status_mut() =
        StatusCode::from_u16(failure.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = failure.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if failure.code == ErrorCode::Unauthenticated {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if failure.code == ErrorCode::UpgradeRequired {
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    response.extensions_mut().insert(failure);
    response
}

/// Writes the envelope into a response that carries a failure.
pub(super) fn write_envelope(response: &mut Response, failure: &Failure, request_id: &str) {
    let envelope = ErrorAnswer { status: "error", error: failure, request_id };
    // Strings, numbers and maps with string keys: this cannot fail.
    let body = serde_json::to_vec(&envelope).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = axum::body::Body::from(body);
}

impl OperationOutput for ApiError {
    type Inner = Failure;

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, DocResponse)> {
        docs::add_failures(ctx, operation, &[ErrorCode::Internal, ErrorCode::Unavailable]);
        Vec::new()
    }
}
