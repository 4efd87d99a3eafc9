//! A server of someone else's, to which webhooks lead: it notes what comes, and answers as it is
//! told to.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use stockroom::App;
use stockroom::config::{Config, Networks};
use stockroom::events::tail::Heard;
use stockroom::webhooks::{fanout, sender};
use stockroom_domain::EventId;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;

use super::{Person, RequestBuilder, TestApp, unlimited};

/// What was sent to a receiver.
#[derive(Clone, Debug)]
pub struct Received {
    pub target: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    /// These bytes, and then the end.
    Bytes(Vec<u8>),
    /// These bytes, and the last of them again and again.
    Endless(Vec<u8>),
    /// Nothing, for as long as the other side waits.
    Silence,
    /// This status, once it is told to.
    Held(Arc<Notify>, u16),
}

/// A server; it ends with the test.
pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<State>,
    count: watch::Receiver<usize>,
}

struct State {
    received: Mutex<Vec<Received>>,
    /// The answers to come; the last one stays.
    answers: Mutex<VecDeque<Answer>>,
    told: watch::Sender<usize>,
}

impl Receiver {
    /// One that answers 204.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that speaks TLS, or does not.
    pub async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (told, count) = watch::channel(0);
        let answers = Mutex::new(VecDeque::from([Answer::Status(204)]));
        let state = Arc::new(State { received: Mutex::default(), answers, told });
        let served = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (state, tls) = (Arc::clone(&served), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => state.serve(socket).await,
                        Some(tls) => match tls.accept(socket).await {
                            Ok(stream) => state.serve(stream).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, state, count }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?key=1", self.address)
    }

    /// Answers so from now on, one after another; the last one stays.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        *self.state.answers.lock().expect("a lock") = answers.into_iter().collect();
    }

    pub fn status(&self, status: u16) {
        self.answer([Answer::Status(status)]);
    }

    /// All that has come so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().expect("a lock").clone()
    }

    /// Waits until so many have come in all.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut seen = self.count.clone();
        seen.wait_for(|seen| *seen >= count).await.expect("a receiver");
        self.received()
    }
}

impl State {
    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let received = read(&mut stream).await?;
        let answer = {
            let mut answers = self.answers.lock().expect("a lock");
            if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
        };
        self.received.lock().expect("a lock").push(received);
        self.told.send_modify(|count| *count += 1);
        let status = |status: u16| match status {
            204 => "HTTP/1.1 204 X\r\n\r\n".to_owned(),
            status => format!("HTTP/1.1 {status} X\r\ncontent-length: 4\r\n\r\nnote"),
        };
        match answer? {
            Answer::Status(number) => stream.write_all(status(number).as_bytes()).await.ok()?,
            Answer::Held(until, number) => {
                until.notified().await;
                stream.write_all(status(number).as_bytes()).await.ok()?;
            }
            Answer::Bytes(bytes) => stream.write_all(&bytes).await.ok()?,
            Answer::Endless(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                let last = vec![*bytes.last()?; 4_096];
                while stream.write_all(&last).await.is_ok() {}
            }
            // Until the other side has had enough.
            Answer::Silence => drop(stream.read(&mut [0; 64]).await),
        }
        stream.shutdown().await.ok()
    }
}

/// A request, read as far as its `content-length` says.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head");
    let mut lines = head.lines();
    let first = lines.next().expect("a line").to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().expect("a length");
    while bytes.len() < end + 4 + length {
        stream.read_buf(&mut bytes).await.ok().filter(|read| *read > 0)?;
    }
    let body = String::from_utf8(bytes[end + 4..].to_vec()).expect("text");
    Some(Received { target: first, headers, body })
}

/// Settings with which webhooks may lead to this machine.
pub fn reaching() -> Config {
    let networks: Networks = serde_json::from_str("\"127.0.0.0/8, ::1\"").expect("networks");
    Config { webhook_networks: networks, ..unlimited() }
}

/// Writes down a delivery for each event of the log once more, past everything that knows how far
/// it was read.
pub async fn fan_out(app: &App) {
    let mut reader = app.db.read().await.expect("a reader");
    let events = stockroom::events::read(&mut reader, EventId(0), 10_000).await.expect("events");
    drop(reader);
    let events: Vec<_> = events.into_iter().map(|event| Arc::new(Heard::from(event))).collect();
    for new in fanout::look(app, &events).await.expect("a plan") {
        let mut tx = app.db.begin().await.expect("begun");
        fanout::act(app, &mut tx, &new).await.expect("written");
        tx.commit().await.expect("committed");
    }
}

impl TestApp {
    /// Sends all that is due of all that has happened.
    pub async fn send_webhooks(&self) {
        self.catch_up().await;
        sender::send_due(&self.app).await.expect("sent");
    }

    /// A webhook, sent by `.await`.
    pub fn webhook(&self, who: &Person, body: &Value) -> RequestBuilder {
        self.post("/api/webhooks").token(&who.token).json(body)
    }

    /// The number and the secret of a webhook that leads to a receiver.
    pub async fn webhook_to(&self, who: &Person, to: &Receiver, more: Value) -> (i64, String) {
        let mut body = serde_json::json!({"name": "Hook", "url": to.url()});
        let more = more.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(more);
        let made = self.webhook(who, &body).await.expect(201).json();
        let secret = made["secret"].as_str().expect("a secret").to_owned();
        (made["webhook"]["id"].as_i64().expect("an id"), secret)
    }

    /// A webhook as it is shown.
    pub async fn read_webhook(&self, who: &Person, id: i64) -> Value {
        let path = format!("/api/webhooks/{id}");
        self.get_as(who, &path).await.expect(200).json()["webhook"].clone()
    }

    /// The deliveries of a webhook, the newest first.
    pub async fn deliveries(&self, who: &Person, id: i64) -> Vec<Value> {
        let path = format!("/api/webhooks/{id}/deliveries?limit=500");
        let list = self.get_as(who, &path).await.expect(200).json();
        list["deliveries"].as_array().expect("a list").clone()
    }
}
