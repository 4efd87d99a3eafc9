//! A small HTTP client: one connection a request, and no surprises.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::documented;

/// A request on its way; `.await` sends it.
#[derive(Clone)]
#[must_use]
pub struct RequestBuilder {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    is_of_the_api: bool,
}

impl RequestBuilder {
    /// A request without a body.
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        let is_of_the_api = true;
        Self { address, method, path, headers: Vec::new(), body: Bytes::new(), is_of_the_api }
    }

    /// To a server with other routes than the API's, whose answers its document does not tell of.
    pub fn undocumented(mut self) -> Self {
        self.is_of_the_api = false;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header that was added before.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// With a bearer token.
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With an idempotency key.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    /// With a body that claims to be JSON.
    pub fn text(mut self, body: &str) -> Self {
        self.body = Bytes::copy_from_slice(body.as_bytes());
        self.header("content-type", "application/json")
    }

    /// The same request to another server.
    pub fn to(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    async fn send(self) -> Reply {
        let label = format!("{} {}", self.method, self.path);
        self.attempt().await.unwrap_or_else(|error| panic!("{label}: {error}"))
    }

    /// Sends it to a server that may be gone. Without an answer it may have had its effect.
    pub async fn attempt(self) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
        let label = format!("{} {}", self.method, self.path);
        let socket = TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.path)
            .header("host", self.address.to_string());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).expect("a request");
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        if self.is_of_the_api {
            documented::check(&self.method, &self.path, head.status.as_u16(), &body);
        }
        Ok(Reply { label, status: head.status.as_u16(), headers: head.headers, body })
    }
}

impl IntoFuture for RequestBuilder {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What the server answered.
#[derive(Debug)]
pub struct Reply {
    label: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// Fails the test, with the body, unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.label, self.text());
        self
    }

    /// Fails the test unless this is an envelope with that code; gives its `error`.
    #[track_caller]
    pub fn error(&self, code: &str) -> Value {
        let body = self.json();
        assert_eq!(body["error"]["code"], code, "{}: {body}", self.label);
        assert_eq!(body["status"], "error", "{body}");
        assert_eq!(body["request_id"], self.header("x-request-id"), "{body}");
        body["error"].clone()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{}: {error} in {:?}", self.label, self.text());
        })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, `""` if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
