//! A WebSocket client.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use stockroom_domain::StoreId;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Person, TestApp};

/// Longer than anything takes: a test that waits for nothing fails.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// An open WebSocket. Dropped, it is cut off without a word.
pub struct Socket(WebSocketStream<TcpStream>);

/// How one has ended: the code, and what was said before.
#[derive(Debug)]
pub struct Closed {
    /// 1006 where the connection broke off without a word.
    pub code: u16,
    pub before: Vec<Value>,
}

/// An opening message.
pub fn auth(token: &str) -> Value {
    json!({"type": "auth", "token": token})
}

impl TestApp {
    /// A socket on which nothing was said yet.
    pub async fn socket(&self) -> Socket {
        Socket::open(self.address, &[]).await
    }

    /// A socket of someone who hears everything behind a place that is for them; without one,
    /// everything from now on. Its place as well.
    pub async fn listen(&self, who: &Person, since: Option<i64>) -> (Socket, i64) {
        let mut socket = self.socket().await;
        socket.say(&json!({"type": "auth", "token": who.token, "since": since})).await;
        let ready = socket.ready().await;
        (socket, ready)
    }
}

impl TestApp {
    /// How it ends for someone who says this.
    pub async fn told(&self, message: &Value) -> Closed {
        let mut socket = self.socket().await;
        socket.say(message).await;
        socket.closed().await
    }

    /// Whether one socket was closed with this code.
    pub fn has_closed(&self, code: u16) -> bool {
        let line = format!("stockroom_live_closed_total{{code=\"{code}\"}} 1\n");
        self.app.metrics.to_text().expect("metrics").contains(&line)
    }

    /// Writes events as if they had happened in a store, with a word in each.
    pub async fn invent_events(&self, store: StoreId, count: i64, word: &str) {
        let store_id = store.0;
        let sql = format!(
            "INSERT INTO events
                (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
             WITH RECURSIVE numbers (n, head) AS (
                SELECT CAST(1 AS BIGINT), last_id FROM event_head
                UNION ALL SELECT n + 1, head FROM numbers WHERE n < {count}
             )
             SELECT 1, head + n, 'stock.moved', {store_id}, 'product', 1, 0,
                    '{{\"word\":\"{word}\"}}'
             FROM numbers ORDER BY n"
        );
        self.tamper(&sql).await.expect("written");
        self.tamper(&format!("UPDATE event_head SET last_id = last_id + {count}"))
            .await
            .expect("done");
    }
}

impl Socket {
    /// Opens one, with these headers.
    pub async fn open(address: SocketAddr, headers: &[(&'static str, &str)]) -> Self {
        let stream = TcpStream::connect(address).await.expect("connected");
        Self::over(stream, address, headers).await
    }

    /// Opens one at a server that may be gone.
    pub async fn attempt(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        let request = format!("ws://{address}/api/ws").into_client_request().expect("a request");
        client_async(request, stream).await.ok().map(|(socket, _)| Self(socket))
    }

    /// Opens one that takes little before it is read.
    pub async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("set");
        let stream = socket.connect(address).await.expect("connected");
        Self::over(stream, address, &[]).await
    }

    async fn over(
        stream: TcpStream,
        address: SocketAddr,
        headers: &[(&'static str, &str)],
    ) -> Self {
        let mut request =
            format!("ws://{address}/api/ws").into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        let (socket, _) = client_async(request, stream).await.expect("opened");
        Self(socket)
    }

    /// Says something.
    pub async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// Sends a message of any kind. Whether the other side has closed shows when it is read.
    pub async fn send(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    /// The next message, or the code of the end.
    pub async fn next(&mut self) -> Result<Value, u16> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Ok(serde_json::from_str(text.as_str()).expect("JSON"));
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map_or(1005, |frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(Error::Protocol(_) | Error::Io(_))) | None => return Err(1006),
                    Some(Err(error)) => panic!("{error}"),
                }
            }
        };
        tokio::time::timeout(WAIT_MAX, next).await.expect("a message or an end in time")
    }

    /// The next message, of this type.
    #[track_caller]
    pub fn expect(&mut self, kind: &str) -> impl Future<Output = Value> {
        let at = std::panic::Location::caller();
        async move {
            let next = self.next().await.unwrap_or_else(|code| panic!("{at}: closed {code}"));
            assert_eq!(next["type"], kind, "{at}: {next}");
            next
        }
    }

    /// The cursor of `ready`, which has to come next.
    pub async fn ready(&mut self) -> i64 {
        self.expect("ready").await["cursor"].as_i64().expect("a cursor")
    }

    /// The next event, which bears its cursor.
    pub async fn event(&mut self) -> Value {
        let told = self.expect("event").await;
        assert_eq!(told["cursor"], told["event"]["id"], "{told}");
        told["event"].clone()
    }

    /// So many events.
    pub async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.event().await);
        }
        events
    }

    /// How the other side ends it.
    pub async fn closed(mut self) -> Closed {
        let mut before = Vec::new();
        loop {
            match self.next().await {
                Ok(message) => before.push(message),
                Err(code) => return Closed { code, before },
            }
        }
    }
}

impl Closed {
    /// Fails the test unless it was closed with this code, after an error of that one; gives it.
    #[track_caller]
    pub fn expect(&self, code: u16, error: &str) -> Value {
        assert_eq!(self.code, code, "{:?}", self.before);
        let last = self.before.last().unwrap_or(&Value::Null);
        assert_eq!((&last["type"], &last["error"]["code"]), (&json!("error"), &json!(error)));
        last["error"].clone()
    }
}
