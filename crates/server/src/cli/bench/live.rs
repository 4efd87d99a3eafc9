//! Live: how soon what happens is heard by those who listen over a WebSocket, and that each hears
//! all of theirs, in order and nothing else.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use hdrhistogram::Histogram;
use hyper::header::HeaderValue;
use hyper::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use stockroom_domain::Timestamp;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::Scenario;
use super::catalogue::Catalogue;
use super::client::{self, Call, Connection, Draw};
use super::goals::{Figure, grouped};
use super::measure::{self, LATENCY_US_MAX, Measurement};
use super::run::{Run, Shop};
use super::scenarios;
use crate::clock::Clock;

/// Listeners limited to one store each; one more hears of all.
const LISTENERS: i64 = 200;
/// Sales a second, each of which is an event.
const EVENTS_PER_SECOND: u32 = 1_000;
/// The same where speed means nothing.
const EVENTS_PER_SECOND_QUICK: u32 = 100;
/// How long the last event may take to be heard.
const HEARD_WITHIN: Duration = Duration::from_secs(30);
/// How often it is looked whether all was heard.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What all listeners have heard.
struct Heard {
    /// Events, by listener: store by store, then the one of all.
    counts: Vec<u64>,
    /// From when the ledger stamped it to its arrival, in microseconds.
    latency: Histogram<u64>,
}

impl Run {
    /// Sales at a steady rate, and everyone who listens.
    pub(super) async fn live(&mut self, shop: &mut Shop) -> Result<()> {
        if !self.plan.wants(Scenario::Live) {
            return Ok(());
        }
        let authorization = shop.authorization().await?;
        let nodes = [shop.address()];
        let catalogue =
            Catalogue { stores: shop.catalogue.stores.min(LISTENERS), ..shop.catalogue };
        let timing = self.plan.timing;
        let keys = keys(nodes[0], &authorization, &catalogue).await?;
        let counts = vec![0; keys.len()];
        let latency = Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)?;
        let heard = Rc::new(RefCell::new(Heard { counts: counts.clone(), latency }));
        let from = Clock::System.now().0 + i64::try_from(timing.warm_up.as_micros())?;
        let mut listeners = JoinSet::new();
        for (index, key) in keys.iter().enumerate() {
            let socket = listen(nodes[0], key).await?;
            listeners.spawn_local(hear(socket, index, Timestamp(from), Rc::clone(&heard)));
        }
        let sold = Rc::new(RefCell::new(counts));
        let draw = sales(catalogue, Rc::clone(&sold))?;
        let workers = client::workers(&nodes, self.plan.connections, &authorization, &draw).await?;
        let rate = if self.plan.quick { EVENTS_PER_SECOND_QUICK } else { EVENTS_PER_SECOND };
        let ours = tokio::select! {
            ours = measure::open_loop(workers, timing, rate) => ours,
            ended = listeners.join_next() => Err(ended.map_or_else(
                || anyhow::anyhow!("nobody listens"),
                |ended| ended.unwrap_or_else(Into::into),
            )),
        };
        let ours = ours.with_context(|| shop.server.last_words())?;
        shop.movements += ours.total;
        let sold = sold.borrow().clone();
        all_heard(&heard, &sold).await?;
        let heard = heard.borrow();
        self.tell(&ours, &heard, rate);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss)]
    fn tell(&mut self, ours: &Measurement, heard: &Heard, rate: u32) {
        let total: u64 = heard.counts.iter().sum();
        let measured = Measurement {
            count: heard.latency.len(),
            seconds: ours.seconds,
            total,
            latency: heard.latency.clone(),
        };
        self.report.add("live: stamped by the ledger → heard", &measured);
        self.report.note(format!(
            "live: {} sales at {}/s; {} listeners of one store each and one of all heard {} \
             events, as many as were theirs, in order. Latencies are from when the ledger \
             stamped a sale, before its commit, to its arrival at the listener",
            grouped(ours.total as f64),
            grouped(f64::from(rate)),
            heard.counts.len() - 1,
            grouped(total as f64),
        ));
        self.report.figures.set(Figure::LiveP99, measured.percentile_ms(99.0));
    }
}

/// A key for each listener: of one store each, and of all.
async fn keys(
    node: SocketAddr,
    authorization: &HeaderValue,
    catalogue: &Catalogue,
) -> Result<Vec<String>> {
    let uri: Uri = "/api/api-keys".parse()?;
    let mut connection = Connection::open(node, Some(authorization.clone())).await?;
    let stores = (0..catalogue.stores).map(|index| Some(catalogue.first.store + index));
    let mut keys = Vec::new();
    for store in stores.chain([None]) {
        let mut body = json!({"name": "Listener", "role": "auditor"});
        if let Some(store) = store {
            body["store_ids"] = json!([store]);
        }
        let call = Call::post(uri.clone(), body.to_string(), StatusCode::CREATED, 1);
        let (status, answer) = connection.ask(&call).await?;
        let text = String::from_utf8_lossy(&answer);
        ensure!(status == StatusCode::CREATED, "POST {uri} answered {status}: {text}");
        let answer: Value = serde_json::from_str(&text)?;
        keys.push(answer["key"].as_str().context("the answer has no key")?.to_owned());
    }
    Ok(keys)
}

/// Sales of any level, counted by the listeners that are to hear of them.
fn sales(catalogue: Catalogue, sold: Rc<RefCell<Vec<u64>>>) -> Result<Draw> {
    let uri: Uri = "/api/stock/sale".parse()?;
    Ok(Rc::new(move || {
        let (store, product) = catalogue.random();
        let mut sold = sold.borrow_mut();
        let all = sold.len() - 1;
        sold[usize::try_from(store - catalogue.first.store)?] += 1;
        sold[all] += 1;
        Ok(scenarios::sale(&uri, store, product))
    }))
}

type Socket = WebSocketStream<TcpStream>;

/// What is read of a message.
#[derive(Debug, Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    cursor: i64,
    event: Option<Happened>,
}

#[derive(Debug, Deserialize)]
struct Happened {
    occurred_at: String,
}

/// Opens a socket and waits until it listens.
async fn listen(node: SocketAddr, key: &str) -> Result<Socket> {
    let stream = TcpStream::connect(node).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(format!("ws://{node}/api/ws"), stream).await?;
    let auth = json!({"type": "auth", "token": key, "topics": ["stock"]});
    socket.send(Message::text(auth.to_string())).await?;
    let ready = next(&mut socket).await?;
    ensure!(ready.kind == "ready", "{ready:?} in place of ready");
    Ok(socket)
}

async fn next(socket: &mut Socket) -> Result<Told> {
    loop {
        match socket.next().await.context("the server closed a socket")?? {
            Message::Text(text) => return Ok(serde_json::from_str(text.as_str())?),
            Message::Close(frame) => bail!("the server closed a socket: {frame:?}"),
            _ => {}
        }
    }
}

/// Hears everything; why it ended.
async fn hear(
    mut socket: Socket,
    index: usize,
    from: Timestamp,
    heard: Rc<RefCell<Heard>>,
) -> anyhow::Error {
    let mut last = 0;
    loop {
        let told = match next(&mut socket).await {
            Ok(told) => told,
            Err(error) => return error,
        };
        let now = Clock::System.now();
        let Some(event) = told.event.filter(|_| told.kind == "event") else { continue };
        if told.cursor <= last {
            return anyhow::anyhow!("event {} came after {last}", told.cursor);
        }
        last = told.cursor;
        let mut heard = heard.borrow_mut();
        heard.counts[index] += 1;
        let happened = match event.occurred_at.parse::<jiff::Timestamp>() {
            Ok(happened) => happened.as_microsecond(),
            Err(error) => return error.into(),
        };
        if happened >= from.0 {
            heard.latency.saturating_record(u64::try_from(now.0 - happened).unwrap_or(0));
        }
    }
}

/// Waits until as many events were heard as were to be, by each listener; more are a fault too.
async fn all_heard(heard: &RefCell<Heard>, sold: &[u64]) -> Result<()> {
    let begun = Instant::now();
    while heard.borrow().counts.iter().zip(sold).any(|(heard, sold)| heard < sold) {
        ensure!(begun.elapsed() < HEARD_WITHIN, "events are missing: {:?}", heard.borrow().counts);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    // What came too often, or to someone else, has had the time to come.
    tokio::time::sleep(LOOK_EVERY * 10).await;
    let heard = heard.borrow();
    ensure!(heard.counts == sold, "heard {:?} in place of {sold:?}", heard.counts);
    Ok(())
}
