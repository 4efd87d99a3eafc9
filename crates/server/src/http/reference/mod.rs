//! The OpenAPI document and the page that shows it. The page is three small files of our own,
//! inside the binary: nothing is loaded from another host.

use std::sync::Arc;

use aide::openapi::OpenApi;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// The document as it is sent.
#[derive(Clone, Debug)]
pub struct Document(Arc<Asset>);

#[derive(Debug)]
struct Asset {
    text: Bytes,
    tag: String,
}

impl Asset {
    fn new(text: Bytes) -> Self {
        let digest = Sha256::digest(&text);
        let tag = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { text, tag: format!("\"{tag}\"") }
    }

    fn answer(&self, content_type: &'static str) -> Response {
        let mut response = Response::new(Body::from(self.text.clone()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.insert(ETAG, tag);
        }
        response
    }
}

impl Document {
    /// Writes the document once.
    pub fn new(document: &OpenApi) -> Self {
        let text = serde_json::to_vec(document).unwrap_or_default();
        Self(Arc::new(Asset::new(text.into())))
    }

    /// Sends it.
    pub fn answer(&self) -> Response {
        self.0.answer("application/json")
    }
}

/// The documentation is the home of a server without a user interface.
pub async fn home() -> Redirect {
    Redirect::to("/api/docs")
}

fn embedded(text: &'static str, content_type: &'static str) -> Response {
    Asset::new(Bytes::from_static(text.as_bytes())).answer(content_type)
}

/// The page.
pub async fn page() -> impl IntoResponse {
    embedded(include_str!("index.html"), "text/html; charset=utf-8")
}

/// Its looks.
pub async fn style() -> impl IntoResponse {
    embedded(include_str!("docs.css"), "text/css; charset=utf-8")
}

/// Its script.
pub async fn script() -> impl IntoResponse {
    embedded(include_str!("docs.js"), "text/javascript; charset=utf-8")
}
