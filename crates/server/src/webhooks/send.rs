//! One attempt: a connection of its own to a vetted address, one request, one answer.
//!
//! Nothing is followed: no redirect, no proxy of the environment, no second look at the name. All
//! of it has a limit in time and size, whatever the other side does. What went wrong is told
//! without the URL, in which there may be a secret.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use stockroom_domain::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::target::{NoAddress, Target};
use super::verdict::Attempt;
use super::{Webhooks, signature};
use crate::clock;
use crate::http::WireTime;

/// The longest that an attempt takes, from the look-up of the name to the end of the answer.
pub(super) const TIME_MAX: Duration = Duration::from_secs(15);
/// The longest that one address may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How much of an answer is kept.
const RESPONSE_BYTES_MAX: usize = 4_096;
/// The longest head of an answer that is read.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
/// The longest account of what went wrong.
const ERROR_CHARS_MAX: usize = 300;

/// A message to be sent.
#[derive(Clone, Debug)]
pub(super) struct Message<'a> {
    pub(super) url: &'a str,
    pub(super) id: &'a str,
    pub(super) payload: &'a str,
    pub(super) secrets: &'a [Vec<u8>],
}

/// What is known of the answer so far.
#[derive(Default)]
struct Answered {
    status: Option<u16>,
    body: Vec<u8>,
}

/// Sends a message once, and tells how that went and what was answered.
pub(super) async fn send(
    webhooks: &Webhooks,
    message: &Message<'_>,
    now: Timestamp,
) -> (Attempt, Option<String>) {
    let began = clock::monotonic();
    let mut answered = Answered::default();
    let exchange = exchange(webhooks, message, now, &mut answered);
    let ended = tokio::time::timeout(TIME_MAX, exchange).await;
    let latency_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let error = match (answered.status, ended) {
        (Some(200..=299), _) => None,
        (Some(status @ 300..=399), _) => {
            Some(format!("answered {status}: redirects are not followed"))
        }
        (Some(status), _) => Some(format!("answered {status}")),
        (None, Ok(Err(error))) => Some(kept(error.as_bytes(), ERROR_CHARS_MAX)),
        (None, _) => Some(format!("no answer within {} s", TIME_MAX.as_secs())),
    };
    let response = answered.status.map(|_| kept(&answered.body, RESPONSE_BYTES_MAX));
    let attempt = Attempt { at: WireTime(now), http_status: answered.status, latency_ms, error };
    (attempt, response)
}

/// A text that others have sent, as it can be stored and shown.
fn kept(bytes: &[u8], chars_max: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let shown = |c: char| if c.is_control() && !"\n\t".contains(c) { '\u{fffd}' } else { c };
    text.chars().map(shown).take(chars_max).collect()
}

async fn exchange(
    webhooks: &Webhooks,
    message: &Message<'_>,
    now: Timestamp,
    answered: &mut Answered,
) -> Result<(), String> {
    let target = Target::parse(message.url)?;
    let addresses = target.resolve(&webhooks.networks).await.map_err(|error| match error {
        NoAddress::Unknown(why) | NoAddress::Refused(why) => why,
    })?;
    let socket = connect(&addresses).await?;
    let stream = wrap(webhooks, &target, socket).await?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // Ends with this function, whether or not the other side does.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let timestamp_s = now.0.div_euclid(1_000_000);
    let signed = signature::header(message.secrets, message.id, timestamp_s, message.payload);
    let request = Request::builder()
        .method("POST")
        .uri(&target.path)
        .header("host", &target.authority)
        .header("user-agent", concat!("Stockroom/", env!("CARGO_PKG_VERSION")))
        .header("content-type", "application/json")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", timestamp_s)
        .header("webhook-signature", signed)
        .header("connection", "close")
        .body(Full::<bytes::Bytes>::from(message.payload.to_owned()))
        .map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    answered.status = Some(response.status().as_u16());
    read_some(response, &mut answered.body).await;
    Ok(())
}

/// Reads the beginning of an answer. What breaks off is as good: the status has come.
async fn read_some(response: Response<Incoming>, into: &mut Vec<u8>) {
    let mut body = response.into_body();
    while into.len() < RESPONSE_BYTES_MAX {
        let Some(Ok(frame)) = body.frame().await else { return };
        if let Ok(data) = frame.into_data() {
            let room = RESPONSE_BYTES_MAX - into.len();
            into.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
}

/// Connects to the first of the addresses that answers.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut why = String::new();
    for address in addresses {
        let connected = tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await;
        match connected {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => why = format!("{address} cannot be connected to: {error}"),
            Err(_) => why = format!("{address} does not answer"),
        }
    }
    Err(why)
}

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Speaks TLS where the URL says so, with whoever has a certificate for its name.
async fn wrap(
    webhooks: &Webhooks,
    target: &Target,
    socket: TcpStream,
) -> Result<Box<dyn Stream>, String> {
    if !target.has_tls {
        return Ok(Box::new(socket));
    }
    let name = ServerName::try_from(target.server_name())
        .map_err(|_| "no certificate can be for such a name".to_owned())?;
    let connector = TlsConnector::from(Arc::clone(&webhooks.tls));
    let stream = connector.connect(name, socket).await;
    Ok(Box::new(stream.map_err(|error| format!("TLS: {error}"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_send_is_kept_as_text() {
        assert_eq!(kept(b"a\0b\x1b[31m\n\xff\xfe", 99), "a\u{fffd}b\u{fffd}[31m\n\u{fffd}\u{fffd}");
        assert_eq!(kept("äöü".as_bytes(), 2), "äö");
    }
}
