//! Callers who are slow, silent or wrong on the wire: each loses its place in time, and whoever
//! else calls meanwhile is served.
//!
//! The clock of time-outs stands still and jumps on whenever everything waits, so these tests
//! tell seconds exactly and take none.

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::Deserialize;
use stockroom::App;
use stockroom::config::Config;
use stockroom::error::ApiResult;
use stockroom::http::csv::{Csv, RowsFuture};
use stockroom::http::{Body, ListAnswer, Name};
use stockroom::router::with_edge;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::{Engine, TestApp, unlimited};

const PLACES: u32 = 16;
/// The head of a request, but for its length and its end.
const POST: &str = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";

async fn ping() -> &'static str {
    "pong"
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Word {
    word: Name,
}

async fn echo(Body(sent): Body<Word>) -> String {
    sent.word.into_string()
}

/// A file without an end.
async fn endless() -> ApiResult<ListAnswer<()>> {
    let page = |_| -> RowsFuture<()> {
        Box::pin(async { Ok((vec![vec!["x".repeat(1_000)]; 1_000], Some(()))) })
    };
    Csv::pages("endless", vec!["x"], None, page).await.map(ListAnswer::Csv)
}

async fn start() -> TestApp {
    let probes = |app: App| {
        let routes = Router::new()
            .route("/ping", get(ping))
            .route("/echo", post(echo))
            .route("/endless", get(endless));
        with_edge(routes, app)
    };
    let config = Config { connections_max: PLACES, ..unlimited() };
    let app = TestApp::start_with(Engine::Sqlite, config, probes).await;
    tokio::time::pause();
    app
}

/// Opens a connection and sends the beginning of something.
async fn open(app: &TestApp, bytes: &str) -> TcpStream {
    let mut socket = TcpStream::connect(app.address).await.expect("connected");
    socket.write_all(bytes.as_bytes()).await.expect("sent");
    socket
}

/// What comes until the server closes the connection, in good order or not.
async fn rest(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits until that many connections are open, as the server counts them.
async fn until_open(app: &TestApp, count: u32) {
    let line = format!("http_connections {count}\n");
    while !app.app.metrics.to_text().expect("metrics").contains(&line) {
        tokio::task::yield_now().await;
    }
}

fn refused(app: &TestApp) -> u64 {
    let text = app.app.metrics.to_text().expect("metrics");
    let line = text.lines().find_map(|line| line.strip_prefix("http_connections_refused_total "));
    line.and_then(|count| count.parse().ok()).expect("a count")
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off() {
    let app = start().await;
    let began = Instant::now();
    let answer = app.raw(b"GET /ping HTTP/1.1\r\nhost: a\r\nx-slow: ").await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(began.elapsed() >= Duration::from_secs(10));
    assert!(began.elapsed() < Duration::from_secs(11));
}

#[tokio::test]
async fn whoever_says_nothing_or_the_beginning_of_http_2_is_cut_off() {
    let app = start().await;
    for said in ["", "P", "PRI * HTTP/2.0\r\n"] {
        let began = Instant::now();
        let rest = tokio::time::timeout(Duration::from_secs(60), rest(open(&app, said).await));
        assert_eq!(rest.await.as_deref(), Ok(""), "{said:?}");
        assert_eq!(began.elapsed().as_secs(), 10, "{said:?}");
    }
    let began = Instant::now();
    assert_eq!(rest(open(&app, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await).await, "");
    assert_eq!(began.elapsed().as_secs(), 0, "HTTP/2 is not spoken");
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_cut_off_all_the_same() {
    let app = start().await;
    let began = Instant::now();
    let mut socket = open(&app, "GET /ping HTTP/1.1\r\nhost: a\r\nx-slow: ").await;
    while socket.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(began.elapsed() < Duration::from_secs(15), "still open");
    }
    assert!(began.elapsed() >= Duration::from_secs(10));
}

#[tokio::test]
async fn a_body_that_stalls_is_answered_408() {
    let app = start().await;
    let began = Instant::now();
    let stalled = format!("{POST}content-length: 50\r\n\r\n{{\"word\":");
    let answer = rest(open(&app, &stalled).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""code":"request_timeout""#), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(12));
    assert!(began.elapsed() >= Duration::from_secs(10));
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_answered_408_and_closed() {
    let app = start().await;
    let began = Instant::now();
    let mut socket = open(&app, &format!("{POST}content-length: 5000\r\n\r\n")).await;
    while socket.write_all(b" ").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(began.elapsed() < Duration::from_secs(30), "still open");
    }
    assert!(began.elapsed() >= Duration::from_secs(14));
    let answer = rest(socket).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_body_that_no_route_reads_keeps_no_place() {
    let app = start().await;
    let began = Instant::now();
    let asked = "GET /ping HTTP/1.1\r\nhost: a\r\ncontent-length: 5000\r\n\r\n";
    let mut socket = open(&app, asked).await;
    while socket.write_all(b" ").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(began.elapsed() < Duration::from_secs(30), "still open");
    }
}

#[tokio::test]
async fn a_connection_that_is_kept_open_for_nothing_is_closed() {
    let app = start().await;
    let began = Instant::now();
    let answer = rest(open(&app, "GET /ping HTTP/1.1\r\nhost: a\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("pong"), "{answer}");
    assert!(began.elapsed() >= Duration::from_secs(10));
}

#[tokio::test]
async fn a_caller_who_reads_nothing_loses_the_connection() {
    let app = start().await;
    let began = Instant::now();
    let socket = open(&app, "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
    until_open(&app, 1).await;
    while app.app.metrics.to_text().expect("metrics").contains("http_connections 1\n") {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(began.elapsed() < Duration::from_secs(40), "still open");
    }
    assert!(began.elapsed() >= Duration::from_secs(30));
    let answer = rest(socket).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn a_file_that_takes_too_long_is_broken_off_and_not_ended() {
    let app = start().await;
    let began = Instant::now();
    let mut socket = open(&app, "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut buffer = vec![0; 8 << 20];
    let mut last = Vec::new();
    // An ordinary reader, with a pause now and then.
    while let Ok(count @ 1..) = socket.read(&mut buffer).await {
        last = buffer[..count].to_vec();
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(began.elapsed() < Duration::from_secs(700), "still open");
    }
    assert!(began.elapsed() >= Duration::from_secs(600));
    assert!(!last.ends_with(b"0\r\n\r\n"), "the file looks whole");
}

#[tokio::test]
async fn whoever_is_slow_holds_up_nobody_and_frees_the_place_in_time() {
    let app = start().await;
    let began = Instant::now();
    let head = "GET /ping HTTP/1.1\r\nhost: a\r\nx-slow: ";
    let body = &format!("{POST}content-length: 50\r\n\r\n{{");
    let mut slow = Vec::new();
    for beginning in [head, body].into_iter().cycle().take(PLACES as usize - 1) {
        slow.push(open(&app, beginning).await);
    }
    until_open(&app, PLACES - 1).await;
    // One place is left, and whoever comes is served at once.
    for _ in 0..3 {
        let served = app.raw(b"GET /ping HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(served.ends_with("pong"), "{served}");
        until_open(&app, PLACES - 1).await;
    }
    assert!(began.elapsed() < Duration::from_secs(5), "served while others are slow");
    // No place is left: whoever comes now is turned away at once, and nobody waits.
    slow.push(open(&app, head).await);
    until_open(&app, PLACES).await;
    assert_eq!(rest(TcpStream::connect(app.address).await.expect("connected")).await, "");
    assert_eq!(refused(&app), 1);
    assert!(began.elapsed() < Duration::from_secs(5), "turned away at once");
    // All of them are told, and their places are free again.
    for socket in slow {
        rest(socket).await;
    }
    until_open(&app, 0).await;
    assert!(began.elapsed() < Duration::from_secs(25));
    assert_eq!(app.get("/ping").await.expect(200).text(), "pong");
}

#[tokio::test]
async fn a_length_that_is_wrong_is_refused_and_never_read_as_another_request() {
    let app = start().await;
    let send = async |lengths: &str, body: &str| {
        app.raw(format!("{POST}{lengths}\r\n\r\n{body}").as_bytes()).await
    };
    let body = r#"{"word":"four"}"#;
    for length in ["-1", "1e1", "+4", "", "99999999999999999999", "4, 5"] {
        let answer = send(&format!("content-length: {length}"), body).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{length}: {answer}");
        assert!(!answer.contains("HTTP/1.1 200"), "{length}: {answer}");
    }
    // Two lengths that differ, or a length beside chunks: whoever stands in front may believe
    // the other one.
    for lengths in [
        "content-length: 4\r\ncontent-length: 5",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: chunked\r\ncontent-length: 4",
        "content-length: 4\r\ntransfer-encoding: chunked",
    ] {
        let smuggled = "0\r\n\r\nGET /ping HTTP/1.1\r\nhost: a\r\n\r\n";
        let answer = send(lengths, smuggled).await;
        assert!(!answer.contains("pong"), "{lengths}: {answer}");
    }
    // Fewer bytes than were sent: what is left over is no request.
    let answer = send(&format!("content-length: {}", body.len()), &format!("{body}{body}")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("HTTP/1.1 400"), "{answer}");
    // More than will come, from a caller who hangs up: no answer is owed, and nothing breaks.
    let mut socket = TcpStream::connect(app.address).await.expect("connected");
    let longer = format!("{POST}content-length: 50\r\n\r\n{body}");
    socket.write_all(longer.as_bytes()).await.expect("sent");
    socket.shutdown().await.expect("shut down");
    let answer = rest(socket).await;
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    assert_eq!(app.get("/ping").await.expect(200).text(), "pong");
}
