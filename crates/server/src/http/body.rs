//! JSON bodies: bounded in size, depth and time, and strict.

use std::time::Duration;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, RequestBody, SchemaObject};
use aide::operation::set_body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};

use super::once::PendingFingerprint;
use super::{decode, deferral, docs};
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// The most bytes of an ordinary body.
pub const BYTES_MAX: usize = 64 * 1024;
/// The most bytes of a body with many lines: stock movements.
pub const BYTES_MAX_BULK: usize = 4 * 1024 * 1024;
/// How long a body may stall.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// How long it may take in all: below the edge's own limit, so that the answer is 408.
const TOTAL_MAX: Duration = Duration::from_secs(14);

/// A JSON body of at most `MAX` bytes, read strictly: `Body(new): Body<NewProduct>`. The last
/// of a handler's arguments.
#[derive(Debug)]
pub struct Body<T, const MAX: usize = BYTES_MAX>(pub T);

impl<T, const MAX: usize> FromRequest<App> for Body<T, MAX>
where
    T: DeserializeOwned + Send,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> ApiResult<Self> {
        let (parts, body) = request.into_parts();
        check_type(&parts.headers)?;
        let bytes = read(&parts.headers, body, MAX).await?;
        if let Some(pending) = parts.extensions.get::<PendingFingerprint>() {
            pending.cover(&bytes);
        }
        let read = decode::json(&bytes).map(Self)?;
        deferral::take_on(app, &parts, &bytes).await?;
        Ok(read)
    }
}

/// `application/json`, or a type derived from it such as `application/merge-patch+json`.
fn check_type(headers: &HeaderMap) -> ApiResult<()> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let encoding = headers.get(CONTENT_ENCODING);
    if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
        let message = "Send the body as it is, without a Content-Encoding.";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message)
            .with_detail("content_encoding", String::from_utf8_lossy(encoding.as_bytes())));
    }
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::UnsupportedMediaType,
        "Send the body as JSON, with the header Content-Type: application/json.",
    )
    .with_detail("content_type", sent))
}

async fn read(headers: &HeaderMap, mut body: axum::body::Body, max: usize) -> ApiResult<Vec<u8>> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok())
        .unwrap_or(0);
    if announced > max {
        return Err(too_large(max));
    }
    let deadline = Instant::now() + TOTAL_MAX;
    let mut bytes = Vec::with_capacity(announced);
    loop {
        let frame = timeout_at(deadline, timeout(IDLE_MAX, body.frame()));
        let frame = match frame.await {
            Ok(Ok(None)) => return Ok(bytes),
            Ok(Ok(Some(frame))) => frame
                .map_err(|error| ApiError::invalid("", "The body broke off.").with_cause(error))?,
            Ok(Err(_)) | Err(_) => {
                return Err(ApiError::new(
                    ErrorCode::RequestTimeout,
                    "The request's body did not arrive in time.",
                ));
            }
        };
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > max {
                return Err(too_large(max));
            }
            bytes.extend_from_slice(data);
        }
    }
}

fn too_large(max: usize) -> ApiError {
    let kib = max / 1024;
    ApiError::new(ErrorCode::PayloadTooLarge, format!("The body may have at most {kib} KiB here."))
        .with_detail("bytes_max", max)
}

impl<T: JsonSchema, const MAX: usize> OperationInput for Body<T, MAX> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let json_schema = docs::request_schema::<T>(ctx);
        let example = docs::example(ctx, &json_schema);
        let schema = SchemaObject { json_schema, external_docs: None, example: None };
        let media = MediaType { schema: Some(schema), example, ..MediaType::default() };
        let body = RequestBody {
            content: [("application/json".to_owned(), media)].into_iter().collect(),
            required: true,
            ..RequestBody::default()
        };
        set_body(ctx, operation, body);
        docs::add_failures(
            ctx,
            operation,
            &[
                ErrorCode::InvalidRequest,
                ErrorCode::RequestTimeout,
                ErrorCode::PayloadTooLarge,
                ErrorCode::UnsupportedMediaType,
            ],
        );
    }
}
