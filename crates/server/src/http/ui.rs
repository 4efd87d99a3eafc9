//! The interface in the browser: what `web/` was built to, inside the binary.
//!
//! Node builds it (`script/ui`), Rust does not: a binary that was built before is whole but for its
//! interface, and answers as the API alone. A debug build reads the files when it is asked.
//!
//! Everything under `/assets/` has its content's hash in its name and is kept for ever; whatever
//! else is asked for by a browser is `index.html`, whose script finds its page by the path.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rust_embed::Embed;

use crate::App;
use crate::error::{ApiError, ErrorCode};

/// What stands in `index.html` for the number that is used once.
const NONCE: &str = "__NONCE__";
/// A year, the most that caches keep.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// Paths of which nothing is a page.
const NO_PAGES: [&str; 4] = ["/api", "/assets", "/health", "/metrics"];

#[derive(Embed)]
#[folder = "../../web/dist/app"]
#[allow_missing = true]
struct Files;

/// The interface of this binary.
#[derive(Clone, Debug)]
pub struct Ui {
    /// `index.html`.
    index: String,
}

impl Ui {
    /// The interface, unless it was left out when the binary was built.
    pub fn embedded() -> Option<Self> {
        let index = Files::get("index.html")?;
        Some(Self::of(&String::from_utf8_lossy(&index.data)))
    }

    /// One whose page is this.
    pub fn of(index: &str) -> Self {
        Self { index: index.to_owned() }
    }

    /// Its files.
    pub fn routes() -> Router<App> {
        let files = Files::iter().filter(|name| !name.contains('/') && !is_compressed(name));
        let files = files.filter(|name| name != "index.html");
        files.fold(Router::new().route("/assets/{*name}", get(asset)), |router, name| {
            let path = format!("/{name}");
            router.route(&path, get(move |headers| async move { file(&name, &headers, NO_CACHE) }))
        })
    }

    /// Its page, where a request may be for one.
    pub fn page(&self, request: &Request) -> Option<Response> {
        let path = request.uri().path();
        let is_under = |root: &str| {
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let accepted = request.headers().get(ACCEPT).and_then(|accepted| accepted.to_str().ok());
        let is_browser = accepted.is_some_and(|accepted| accepted.contains("text/html"));
        let is_page = is_read && is_browser && !NO_PAGES.iter().any(|root| is_under(root));
        is_page.then(|| self.index())
    }

    /// `index.html`, with a number that is used once: by it the page's own styles are known.
    fn index(&self) -> Response {
        let nonce = STANDARD_NO_PAD.encode(rand::random::<[u8; 16]>());
        let policy = format!(
            "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
             img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'"
        );
        let mut response = Response::new(Body::from(self.index.replace(NONCE, &nonce)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        // Another one each time.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// `GET /assets/{name}`
async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("assets/{name}"), &headers, FOR_EVER)
}

/// A file, in the best form that the browser takes.
fn file(name: &str, headers: &HeaderMap, kept: HeaderValue) -> Response {
    let unknown = || {
        let error = ApiError::new(ErrorCode::NotFound, "The interface has no such file.");
        error.into_response()
    };
    if is_compressed(name) {
        return unknown();
    }
    let forms = [("br", ".br"), ("gzip", ".gz")];
    let mut found = None;
    for (encoding, suffix) in forms.iter().filter(|(encoding, _)| accepts(headers, encoding)) {
        found = Files::get(&format!("{name}{suffix}")).map(|file| (file, Some(*encoding)));
        if found.is_some() {
            break;
        }
    }
    let found = found.or_else(|| Files::get(name).map(|file| (file, None)));
    let Some((file, encoding)) = found else { return unknown() };
    let mut response = Response::new(Body::from(Bytes::from(file.data.into_owned())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(CACHE_CONTROL, kept);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn is_compressed(name: &str) -> bool {
    name.ends_with(".br") || name.ends_with(".gz")
}

/// Whether an encoding is taken: named, and not with a weight of nothing.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let Some(accepted) = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case(encoding) && weight.parse::<f32>() != Ok(0.0)
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("json" | "webmanifest" | "map") => "application/json",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_where_it_is_named_and_not_ruled_out() {
        let accepts = |header: &'static str, encoding| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
            super::accepts(&headers, encoding)
        };
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("gzip, br; q=0.0", "br"));
        assert!(!accepts("brotli", "br"));
        assert!(!super::accepts(&HeaderMap::new(), "br"));
    }
}
