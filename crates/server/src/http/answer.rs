//! What handlers answer when all went well.

use std::fmt;
use std::marker::PhantomData;

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as DocResponse, SchemaObject};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use stockroom_domain::EventId;

use super::{ETag, docs};
use crate::error::{ApiError, ApiResult, Early};

/// The `"status": "success"` of an answer: the first field of every answer's type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum Success {
    /// It worked.
    #[default]
    #[serde(rename = "success")]
    Success,
}

/// A JSON answer of type `T` with a fixed status.
pub struct Answer<T, const STATUS: u16 = 200> {
    text: String,
    headers: HeaderMap,
    of: PhantomData<fn() -> T>,
}

/// 201: something new; name its place with [`Answer::with_location`].
pub type Created<T> = Answer<T, 201>;
/// 204: done, and there is nothing to say.
pub type Done = Answer<(), 204>;

impl<T, const STATUS: u16> fmt::Debug for Answer<T, STATUS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the text, in which there may be a token.
        write!(f, "{STATUS}, {} bytes", self.text.len())
    }
}

impl<T: Serialize, const STATUS: u16> Answer<T, STATUS> {
    /// Writes the answer as JSON. A 204 has no body.
    ///
    /// # Errors
    /// The value is none that JSON can hold: a defect, answered 500.
    pub fn new(value: &T) -> ApiResult<Self> {
        if STATUS == 204 {
            return Ok(Self::from_text(String::new()));
        }
        serde_json::to_string(value).map(Self::from_text).map_err(ApiError::internal)
    }
}

impl<T, const STATUS: u16> Answer<T, STATUS> {
    /// Writes a value that borrows: it is a `T` but for its lifetime.
    ///
    /// # Errors
    /// The value is none that JSON can hold: a defect, answered 500.
    pub fn of(value: &impl Serialize) -> ApiResult<Self> {
        serde_json::to_string(value).map(Self::from_text).map_err(ApiError::internal)
    }

    /// An answer whose JSON is written already.
    pub fn from_text(text: String) -> Self {
        Self { text, headers: HeaderMap::new(), of: PhantomData }
    }

    /// The answer of a request that ends here, before its handler.
    pub(super) fn into_early(self) -> ApiError {
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = self.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
        let headers = headers.collect();
        Early::Answered { status: STATUS, headers, answer: self.text }.into()
    }

    /// The JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds the version's tag, so that the caller can ask `If-None-Match` and `If-Match`.
    #[must_use]
    pub fn with_etag(self, tag: ETag) -> Self {
        self.with_header(ETAG, &tag.to_string())
    }

    /// Adds a tag that names more than the version ([`ETag::with_state`]).
    #[must_use]
    pub fn with_tag(self, tag: &str) -> Self {
        self.with_header(ETAG, tag)
    }

    /// Adds where the new thing is found.
    #[must_use]
    pub fn with_location(self, path: &str) -> Self {
        self.with_header(LOCATION, path)
    }

    /// Keeps it out of every cache: it holds a secret.
    #[must_use]
    pub fn never_stored(self) -> Self {
        self.with_header(CACHE_CONTROL, "no-store")
    }

    /// Adds a header. One that is no header value is left out: all of ours are.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// The `Consistency-Token` of a write: opaque to clients. Its first number names the log.
pub fn consistency_token(event: EventId) -> String {
    format!("1.{}", event.0)
}

impl<T, const STATUS: u16> IntoResponse for Answer<T, STATUS> {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.text));
        *response.status_mut() = StatusCode::from_u16(STATUS).unwrap_or(StatusCode::OK);
        *response.headers_mut() = self.headers;
        if STATUS != 204 {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        response
    }
}

impl<T: JsonSchema, const STATUS: u16> OperationOutput for Answer<T, STATUS> {
    type Inner = T;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<DocResponse> {
        let description = match STATUS {
            201 => "It was made.",
            202 => "It was accepted and will be done.",
            204 => "Done.",
            _ => "Success.",
        };
        let mut response =
            DocResponse { description: description.to_owned(), ..DocResponse::default() };
        if STATUS != 204 {
            let json_schema = docs::answer_schema::<T>(ctx);
            let example = docs::example(ctx, &json_schema);
            let schema = SchemaObject { json_schema, external_docs: None, example: None };
            let media = MediaType { schema: Some(schema), example, ..MediaType::default() };
            response.content.insert("application/json".to_owned(), media);
        }
        Some(response)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, DocResponse)> {
        Self::operation_response(ctx, operation)
            .map(|response| (Some(STATUS), response))
            .into_iter()
            .collect()
    }
}
