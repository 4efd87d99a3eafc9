//! A WebSocket with its limits on: how it is opened, what comes in, and that what goes out is
//! taken in time. What is said over it is its user's affair.

use std::future::Future;
use std::time::Duration;

use aide::generate::GenContext;
use aide::openapi::{Operation, Response as DocResponse};
use aide::{OperationInput, OperationOutput};
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::SinkExt as _;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use super::{decode, docs};
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// The most bytes of a message that comes in.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// How long a caller may leave untaken what they are sent.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long they may take to close it from their side, too.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes that are read and written at once, of each socket.
const BUFFER_BYTES: usize = 4 * 1024;
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// A request to go on as a WebSocket; the last of a handler's arguments. 426 for any other.
#[derive(Debug)]
pub struct Upgrade {
    upgrade: WebSocketUpgrade,
    is_from_here: bool,
}

impl FromRequestParts<App> for Upgrade {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let is_from_here = is_from_here(&parts.headers, app.config.public_url.as_deref());
        let upgrade = WebSocketUpgrade::from_request_parts(parts, app).await.map_err(|cause| {
            let message =
                "This path speaks WebSocket, version 13: open it with a WebSocket client.";
            ApiError::new(ErrorCode::UpgradeRequired, message).with_cause(cause)
        })?;
        Ok(Self { upgrade, is_from_here })
    }
}

impl OperationInput for Upgrade {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        docs::add_failures(ctx, operation, &[ErrorCode::UpgradeRequired]);
    }
}

impl Upgrade {
    /// Whether it comes from a page of this shop, or from no page at all.
    pub const fn is_from_here(&self) -> bool {
        self.is_from_here
    }

    /// Goes over to WebSocket and leaves it to `talk`, in a task of its own.
    pub fn open<F>(self, talk: impl FnOnce(Socket) -> F + Send + 'static) -> Switched
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let upgrade = self
            .upgrade
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_message_size(MESSAGE_BYTES_MAX)
            .max_frame_size(MESSAGE_BYTES_MAX);
        Switched(upgrade.on_upgrade(|inner| talk(Socket(inner))))
    }
}

/// 101: it goes on as a WebSocket.
#[derive(Debug)]
pub struct Switched(Response);

impl IntoResponse for Switched {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for Switched {
    type Inner = Self;

    fn inferred_responses(
        _: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, DocResponse)> {
        let description = "It goes on as a WebSocket.".to_owned();
        vec![(Some(101), DocResponse { description, ..DocResponse::default() })]
    }
}

/// A browser says of which page a request comes. Programs say nothing.
fn is_from_here(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let Some(origin) = origin.to_str().ok().filter(|_| origins.next().is_none()) else {
        return false;
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    is_same_origin(origin, host, public_url)
}

/// Whether a page's origin names the host that was asked, or the one that browsers use.
fn is_same_origin(origin: &str, host: Option<&str>, public_url: Option<&str>) -> bool {
    let Some((scheme, authority)) = split(origin) else { return false };
    let is_host = |host| bare(&scheme, host) == authority;
    host.is_some_and(is_host) || public_url.and_then(split) == Some((scheme, authority))
}

/// Scheme and authority of a URL. An origin may be `null`, which is none.
fn split(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let authority = bare(&scheme, rest.split('/').next().unwrap_or(rest));
    Some((scheme, authority))
}

/// Host and port in small letters, without the port that the scheme has anyway.
fn bare(scheme: &str, authority: &str) -> String {
    let authority = authority.to_ascii_lowercase();
    let usual = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(usual).unwrap_or(&authority).to_owned()
}

/// What comes in.
#[derive(Debug)]
pub enum Incoming {
    /// A message.
    Text(String),
    /// An answer to a ping, or a ping, which was answered.
    SignOfLife,
    /// What is none of the messages that are taken: the code to close with, and what is wrong.
    Bad(u16, ApiError),
    /// It was closed from the other side, or is gone.
    End,
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// The caller has not taken it in time.
    TooSlow,
    /// The caller is gone.
    Gone,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket(WebSocket);

impl Socket {
    /// What comes next. May be dropped while it waits: nothing is lost.
    pub async fn receive(&mut self) -> Incoming {
        match self.0.recv().await {
            Some(Ok(Message::Text(text))) => Incoming::Text(text.as_str().to_owned()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Incoming::SignOfLife,
            Some(Ok(Message::Binary(_))) => {
                let message = "Messages are text, each a JSON object.";
                Incoming::Bad(1003, ApiError::invalid("", message))
            }
            Some(Ok(Message::Close(_))) | None => Incoming::End,
            Some(Err(error)) => broken(error),
        }
    }

    /// Sends messages, each of them JSON, in one go.
    ///
    /// # Errors
    /// [`Unsent`]; some of them may have come.
    pub async fn send(&mut self, texts: Vec<Bytes>) -> Result<(), Unsent> {
        let sending = async {
            for text in texts {
                // What serde wrote is UTF-8.
                let text = Utf8Bytes::try_from(text).unwrap_or_default();
                self.0.feed(Message::Text(text)).await?;
            }
            self.0.flush().await
        };
        in_time(sending).await
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// [`Unsent`]
    pub async fn ping(&mut self) -> Result<(), Unsent> {
        in_time(self.0.send(Message::Ping(Bytes::new()))).await
    }

    /// Closes it: says why, and lets the other side close it, too.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        let closing = async {
            if self.0.send(Message::Close(Some(frame))).await.is_ok() {
                self.drain().await;
            }
        };
        // Whoever does not close it in time loses it.
        let _ = timeout(CLOSE_TIMEOUT, closing).await;
    }

    /// Answers the other side, which has closed it.
    pub async fn end(mut self) {
        let _ = timeout(CLOSE_TIMEOUT, self.drain()).await;
    }

    /// Reads to the end: what is left unread would break the connection off before its last
    /// words have come.
    async fn drain(&mut self) {
        while let Some(Ok(_)) = self.0.recv().await {}
    }
}

async fn in_time(sending: impl Future<Output = Result<(), axum::Error>>) -> Result<(), Unsent> {
    match timeout(SEND_TIMEOUT, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Unsent::Gone),
        Err(_) => Err(Unsent::TooSlow),
    }
}

/// What it means that nothing more can be read.
fn broken(error: axum::Error) -> Incoming {
    let cause = error.into_inner();
    match cause.downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(_)) => {
            let kib = MESSAGE_BYTES_MAX / 1024;
            let message = format!("A message may have at most {kib} KiB.");
            let error = ApiError::new(ErrorCode::PayloadTooLarge, message);
            Incoming::Bad(1009, error.with_detail("bytes_max", MESSAGE_BYTES_MAX))
        }
        Some(tungstenite::Error::Utf8(_)) => {
            Incoming::Bad(1007, ApiError::invalid("", "Messages are text in UTF-8."))
        }
        // The connection broke off without a word.
        Some(tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        )) => Incoming::End,
        Some(tungstenite::Error::Protocol(_)) => {
            Incoming::Bad(1002, ApiError::invalid("", "This is no WebSocket frame."))
        }
        _ => Incoming::End,
    }
}

/// Reads the JSON of a message, as strictly as a body.
///
/// # Errors
/// 400 `invalid_request`, naming what is wrong.
pub fn read<T: DeserializeOwned>(text: &str) -> ApiResult<T> {
    decode::json(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::is_same_origin;

    #[test]
    fn a_page_of_this_shop_has_its_host() {
        let check = |origin: &str, host: &str, public_url: Option<&str>, expect: bool| {
            let is_same = is_same_origin(origin, Some(host), public_url);
            assert_eq!(is_same, expect, "{origin} {host} {public_url:?}");
        };
        check("http://127.0.0.1:8080", "127.0.0.1:8080", None, true);
        check("https://Shop.example", "shop.example", None, true);
        check("https://shop.example", "shop.example:443", None, true);
        check("http://shop.example:80", "shop.example", None, true);
        check("https://shop.example:8443", "shop.example", None, false);
        check(
            "https://shop.example:8443",
            "shop.example",
            Some("https://shop.example:8443/"),
            true,
        );
        check("https://shop.example", "10.0.0.7:8080", Some("https://shop.example"), true);
        check("http://shop.example", "10.0.0.7:8080", Some("https://shop.example"), false);
        check("https://shop.example.evil.example", "shop.example", None, false);
        check("https://evil.example", "shop.example", Some("https://shop.example"), false);
        check("https://evil.example/shop.example", "shop.example", None, false);
        check("null", "null", None, false);
        check("", "", None, false);
        assert!(!is_same_origin("http://a", None, None));
    }
}
