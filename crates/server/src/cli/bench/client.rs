//! The bench as a client: keep-alive HTTP/1.1 connections, a bearer token, and a fresh
//! idempotency key with every write, as a till would send them.
//!
//! Every answer is read to its end and its status checked: a bench that counts refusals as
//! work measures nothing.

use std::io::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf as _, Bytes, BytesMut};
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::measure::{Worker, fresh_key};

/// Access tokens live ten minutes; no scenario may outlive one.
const TOKEN_AGE_MAX: Duration = Duration::from_secs(120);
/// How long any single answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// One request, but for what every request carries.
#[derive(Clone, Debug)]
pub struct Call {
    /// GET or POST.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// JSON, or nothing.
    pub body: Bytes,
    /// The only status that counts as done.
    pub expected: StatusCode,
    /// How many movements or reads it is worth.
    pub worth: u64,
}

impl Call {
    /// A read that answers 200.
    ///
    /// # Errors
    /// The path is none.
    pub fn get(path: &str) -> Result<Self> {
        Ok(Self {
            method: Method::GET,
            uri: path.parse().with_context(|| format!("{path} is no path"))?,
            body: Bytes::new(),
            expected: StatusCode::OK,
            worth: 1,
        })
    }

    /// A write that answers with `expected`.
    pub fn post(uri: Uri, body: impl Into<Bytes>, expected: StatusCode, worth: u64) -> Self {
        Self { method: Method::POST, uri, body: body.into(), expected, worth }
    }
}

/// One keep-alive connection, without a task or a channel of its own: the load shares its two
/// cores with what it measures.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    host: String,
    authorization: Option<HeaderValue>,
    sent: Vec<u8>,
    received: BytesMut,
}

impl Connection {
    /// Connects to a server.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr, authorization: Option<HeaderValue>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            host: address.to_string(),
            authorization,
            sent: Vec::with_capacity(1_024),
            received: BytesMut::with_capacity(4_096),
        })
    }

    /// Sends a request, reads the answer to its end and returns both its parts.
    ///
    /// # Errors
    /// The connection is lost, or the answer takes too long.
    pub async fn ask(&mut self, call: &Call) -> Result<(StatusCode, Bytes)> {
        tokio::time::timeout(ANSWER_TIMEOUT, self.exchange(call))
            .await
            .with_context(|| format!("no answer to {} {} in time", call.method, call.uri))?
            .with_context(|| format!("{} {} failed", call.method, call.uri))
    }

    /// Sends a request and reads the answer to its end, keeping nothing of it.
    ///
    /// # Errors
    /// Any status but the expected one, with what the server said.
    pub async fn run(&mut self, call: &Call) -> Result<()> {
        let (status, body) = self.exchange(call).await?;
        if status != call.expected {
            bail!(
                "{} {} answered {status} where {} was expected: {}",
                call.method,
                call.uri,
                call.expected,
                String::from_utf8_lossy(&body).chars().take(500).collect::<String>()
            );
        }
        Ok(())
    }

    async fn exchange(&mut self, call: &Call) -> Result<(StatusCode, Bytes)> {
        self.write_request(call)?;
        self.stream.write_all(&self.sent).await?;
        let (status, head_len, body_len) = loop {
            if let Some(head) = parse_head(&self.received)? {
                break head;
            }
            self.read_more().await?;
        };
        while self.received.len() < head_len + body_len {
            self.read_more().await?;
        }
        self.received.advance(head_len);
        Ok((status, self.received.split_to(body_len).freeze()))
    }

    async fn read_more(&mut self) -> Result<()> {
        let count = self.stream.read_buf(&mut self.received).await?;
        ensure!(count > 0, "the server closed the connection");
        Ok(())
    }

    fn write_request(&mut self, call: &Call) -> Result<()> {
        let out = &mut self.sent;
        out.clear();
        write!(out, "{} {} HTTP/1.1\r\nhost: {}\r\n", call.method, call.uri, self.host)?;
        if let Some(authorization) = &self.authorization {
            out.extend_from_slice(b"authorization: ");
            out.extend_from_slice(authorization.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if call.method == Method::POST {
            let (key, length) = (fresh_key(), call.body.len());
            write!(
                out,
                "content-type: application/json\r\nidempotency-key: {key}\r\n\
                 content-length: {length}\r\n"
            )?;
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&call.body);
        Ok(())
    }
}

/// Status, length of the head and length of the body, once the head is there as a whole.
fn parse_head(received: &[u8]) -> Result<Option<(StatusCode, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_len) = response.parse(received)? else { return Ok(None) };
    let status = StatusCode::from_u16(response.code.unwrap_or_default())?;
    let length = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"));
    let body_len = match length {
        Some(length) => std::str::from_utf8(length.value)?.trim().parse()?,
        None => 0,
    };
    Ok(Some((status, head_len, body_len)))
}

/// One connection that sends whatever its scenario draws next.
pub struct HttpWorker {
    connection: Connection,
    draw: Draw,
}

/// Makes the next request of a scenario.
pub type Draw = Rc<dyn Fn() -> Result<Call>>;

impl Worker for HttpWorker {
    async fn work(&mut self) -> Result<u64> {
        let call = (self.draw)()?;
        self.connection.run(&call).await?;
        Ok(call.worth)
    }
}

/// Connections for one scenario, dealt out over the nodes in turn.
///
/// # Errors
/// A node cannot be reached.
pub async fn workers(
    nodes: &[SocketAddr],
    count: usize,
    authorization: &HeaderValue,
    draw: &Draw,
) -> Result<Vec<HttpWorker>> {
    ensure!(!nodes.is_empty(), "there is no server to ask");
    let mut workers = Vec::with_capacity(count);
    for node in nodes.iter().cycle().take(count) {
        let connection = Connection::open(*node, Some(authorization.clone())).await?;
        workers.push(HttpWorker { connection, draw: Rc::clone(draw) });
    }
    Ok(workers)
}

/// A signed-in administrator.
#[derive(Debug)]
pub struct SignedIn {
    authorization: HeaderValue,
    refresh_token: String,
    since: Instant,
}

impl SignedIn {
    /// Makes the first administrator of an empty shop.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn set_up(node: SocketAddr, setup_token: &str, password: &str) -> Result<()> {
        let body = json!({
            "setup_token": setup_token,
            "username": super::USERNAME,
            "password": password,
            "store": { "name": "Bench", "time_zone": "UTC", "currency": "EUR" },
        });
        post(node, "/api/setup", &body).await.map(drop)
    }

    /// Signs in.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn sign_in(node: SocketAddr, password: &str) -> Result<Self> {
        let body = json!({ "username": super::USERNAME, "password": password });
        Self::from_answer(&post(node, "/api/login", &body).await?)
    }

    /// A token that outlives any scenario which begins now.
    ///
    /// # Errors
    /// The server refuses to renew it.
    pub async fn authorization(&mut self, node: SocketAddr) -> Result<HeaderValue> {
        if self.since.elapsed() > TOKEN_AGE_MAX {
            let body = json!({ "refresh_token": self.refresh_token });
            *self = Self::from_answer(&post(node, "/api/auth/refresh", &body).await?)?;
        }
        Ok(self.authorization.clone())
    }

    fn from_answer(answer: &Value) -> Result<Self> {
        let text = |name: &str| {
            let value = answer.get(name).and_then(Value::as_str);
            value.with_context(|| format!("the server's answer has no {name}"))
        };
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", text("token")?))?;
        authorization.set_sensitive(true);
        Ok(Self {
            authorization,
            refresh_token: text("refresh_token")?.to_owned(),
            since: Instant::now(),
        })
    }
}

/// One POST on a connection of its own; the answer must be a success.
async fn post(node: SocketAddr, path: &str, body: &Value) -> Result<Value> {
    let mut connection = Connection::open(node, None).await?;
    let call = Call::post(path.parse()?, body.to_string(), StatusCode::OK, 1);
    let (status, answer) = connection.ask(&call).await?;
    let text = String::from_utf8_lossy(&answer);
    ensure!(status.is_success(), "POST {path} answered {status}: {text}");
    serde_json::from_str(&text).with_context(|| format!("POST {path} answered no JSON"))
}

/// Whether the server says that it is ready.
pub async fn is_ready(node: SocketAddr) -> bool {
    let ask = async {
        let mut connection = Connection::open(node, None).await?;
        connection.ask(&Call::get("/health/ready")?).await
    };
    matches!(ask.await, Ok((StatusCode::OK, _)))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::cli::bench::measure::block_on;

    /// Answers the requests of one connection in turn and returns their heads.
    fn canned(
        answers: &'static [&'static str],
    ) -> (SocketAddr, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let served = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            let mut writer = stream;
            let mut heads = Vec::new();
            for answer in answers {
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    reader.read_line(&mut head).expect("a line");
                }
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().expect("a length"));
                reader.read_exact(&mut vec![0; length]).expect("the body");
                writer.write_all(answer.as_bytes()).expect("it is sent");
                heads.push(head);
            }
            heads
        });
        (address, served)
    }

    #[test]
    fn a_write_carries_a_token_and_a_key_of_its_own() {
        const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
        let (address, served) = canned(&[CREATED, CREATED]);
        block_on(async {
            let token = HeaderValue::from_static("Bearer abc");
            let mut connection = Connection::open(address, Some(token)).await.expect("it opens");
            let sale = "/api/stock/sale".parse().expect("a path");
            let call = Call::post(sale, "{}", StatusCode::CREATED, 1);
            connection.run(&call).await.expect("the first is done");
            connection.run(&call).await.expect("the second too, on the same connection");
        });
        let heads = served.join().expect("it served");
        let key = |head: &str| {
            let line = head.lines().find(|line| line.starts_with("idempotency-key: "));
            line.expect("a key").to_owned()
        };
        assert!(heads[0].starts_with("POST /api/stock/sale HTTP/1.1\r\n"), "{}", heads[0]);
        assert!(heads[0].contains("authorization: Bearer abc\r\n"));
        assert_ne!(key(&heads[0]), key(&heads[1]));
    }

    #[test]
    fn a_refusal_ends_the_run_with_what_the_server_said() {
        const REFUSED: &str =
            "HTTP/1.1 409 Conflict\r\ncontent-length: 18\r\n\r\ninsufficient_stock";
        let (address, _served) = canned(&[REFUSED]);
        let error = block_on(async {
            let mut connection = Connection::open(address, None).await.expect("it opens");
            let sale = "/api/stock/sale".parse().expect("a path");
            let call = Call::post(sale, "{}", StatusCode::CREATED, 1);
            connection.run(&call).await.expect_err("it is refused")
        });
        assert!(error.to_string().ends_with("insufficient_stock"), "{error}");
    }
}
