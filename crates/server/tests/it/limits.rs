//! Bad input, long waits, panics: always a documented answer, and no transaction cut short.

use std::future::IntoFuture as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body as RawBody;
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom::App;
use stockroom::auth::{Place, Principal, Who};
use stockroom::error::ApiResult;
use stockroom::http::{
    Answer, Asked, Body, ListAnswer, Name, NoFilter, Page, PathId, Success, WireQuantity,
};
use stockroom::router::with_edge;
use stockroom_domain::permissions::Role;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tower::ServiceExt as _;

use crate::support::lists::Endless;
use crate::support::{Engine, TestApp, unlimited};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Echo {
    name: Name,
    items: Vec<Item>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Item {
    #[expect(dead_code, reason = "only read")]
    quantity: WireQuantity,
}

#[derive(Serialize, JsonSchema)]
struct Echoed {
    status: Success,
    name: String,
    items: usize,
}

async fn echo(Body(echo): Body<Echo>) -> ApiResult<Answer<Echoed>> {
    let (name, items) = (echo.name.into_string(), echo.items.len());
    Answer::new(&Echoed { status: Success::Success, name, items })
}

async fn list(app: App, asked: Asked<NoFilter>) -> ApiResult<ListAnswer<Echoed>> {
    listed(&app, &Principal::newcomer("anyone"), asked).await
}

async fn list_for(
    Who(who): Who,
    app: App,
    asked: Asked<NoFilter>,
) -> ApiResult<ListAnswer<Echoed>> {
    listed(&app, &who, asked).await
}

async fn listed(
    app: &App,
    who: &Principal,
    Asked(NoFilter {}, request): Asked<NoFilter>,
) -> ApiResult<ListAnswer<Echoed>> {
    let answer = |page: Page<()>| {
        let items = page.entries.len();
        Answer::new(&Echoed { status: Success::Success, name: String::new(), items })
    };
    request.answer(app, who, Endless, answer).await
}

async fn one(PathId(id): PathId) -> ApiResult<Answer<Echoed>> {
    Answer::new(&Echoed { status: Success::Success, name: id.to_string(), items: 0 })
}

async fn defect() -> ApiResult<Answer<Echoed>> {
    panic!("hunter2")
}

async fn endless() -> ApiResult<Answer<Echoed>> {
    std::future::pending().await
}

fn probes(app: App) -> Router {
    let routes = Router::new()
        .route("/echo", post(echo))
        .route("/list", get(list))
        .route("/list-for", get(list_for))
        .route("/things/{id}", get(one))
        .route("/defect", get(defect))
        .route("/endless", get(endless).post(endless));
    with_edge(routes, app)
}

async fn start() -> TestApp {
    TestApp::start_with(Engine::Sqlite, unlimited(), probes).await
}

#[tokio::test]
async fn a_refused_body_names_the_field() {
    let app = start().await;
    let good = app.post("/echo").text(r#"{"name":" Ä ","items":[{"quantity":1.5}]}"#).await;
    assert_eq!(good.expect(200).json()["name"], "Ä");
    for (body, field) in [
        (r#"{"name":"a","items":[{"quantity":1},{"quantity":1.0001}]}"#, "items[1].quantity"),
        (r#"{"name":"a","items":[{"quantity":1,"colour":2}]}"#, "items[0].colour"),
        (r#"{"name":"a"}"#, "items"),
        (r#"{"name":"a\u0000b","items":[]}"#, "name"),
        (r#"{"name":"","items":[]}"#, "name"),
        (r#"{"name":7,"items":[]}"#, "name"),
        (r#"{"name":"a","name":"b","items":[]}"#, "name"),
    ] {
        let error = app.post("/echo").text(body).await.expect(400).error("invalid_request");
        assert_eq!(error["field"], field, "{body}: {error}");
        assert_eq!(error["errors"][0]["field"], field, "{body}");
    }
    for body in ["", "{", "nul", "{\"name\":\"a\",\"items\":[]}}", "\u{feff}{}", "[[[["] {
        app.post("/echo").text(body).await.expect(400).error("invalid_request");
    }
    let deep = format!("{{\"name\":{}", "[".repeat(60_000));
    app.post("/echo").text(&deep).await.expect(400).error("invalid_request");
}

#[tokio::test]
async fn a_query_string_and_a_path_are_as_strict() {
    let app = start().await;
    assert_eq!(app.get("/list").await.expect(200).json()["items"], 50);
    assert_eq!(app.get("/list?limit=500").await.expect(200).json()["items"], 500);
    for (query, field) in [
        ("limit=501", "limit"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limt=1", "limt"),
        ("limit=", "limit"),
        ("limit", "limit"),
        ("limit=5&limit=", "limit"),
        ("limit=5&limit=6", "limit"),
        ("include_total=maybe", "include_total"),
        ("format=xml", "format"),
        ("cursor=x", "cursor"),
    ] {
        let error = app.get(&format!("/list?{query}")).await.expect(400).error("invalid_request");
        assert_eq!(error["field"], field, "{query}");
    }
    assert_eq!(app.get("/things/7").await.expect(200).json()["name"], "7");
    for id in ["seven", "9223372036854775808", "1.5", "%ff"] {
        let error = app.get(&format!("/things/{id}")).await.expect(400).error("invalid_request");
        assert_eq!(error["field"], "id", "{id}");
    }
}

#[tokio::test]
async fn only_json_of_bounded_size_is_read() {
    let app = start().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let request = app.post("/echo").header("content-type", content_type);
        request.await.expect(415).error("unsupported_media_type");
    }
    app.post("/echo").await.expect(415).error("unsupported_media_type");
    let bomb = app.post("/echo").text("{}").header("content-encoding", "gzip");
    bomb.await.expect(415).error("unsupported_media_type");
    let large = format!(r#"{{"name":"{}","items":[]}}"#, "x".repeat(64 * 1024));
    let error = app.post("/echo").text(&large).await.expect(413).error("payload_too_large");
    assert_eq!(error["details"]["bytes_max"], 65_536);
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000)).repeat(20);
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let answer = app.raw(format!("{head}{chunk}0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_file_is_broken_off_when_its_taker_is_dismissed() {
    let app = start().await;
    let admin = app.person(Role::Admin, &[Place::AllStores]).await;
    let head = "GET /list-for?format=csv HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
    let mut socket = TcpStream::connect(app.address).await.expect("connected");
    let request = format!("{head}authorization: Bearer {}\r\n\r\n", admin.token);
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut buffer = vec![0; 1 << 20];
    let (mut last, mut bytes) = (Vec::new(), 0);
    while let Ok(count @ 1..) = socket.read(&mut buffer).await {
        if bytes == 0 {
            app.tamper("UPDATE users SET is_disabled = TRUE").await.expect("dismissed");
        }
        bytes += count;
        last = buffer[..count].to_vec();
        assert!(bytes < 64 << 20, "it goes on");
    }
    assert!(bytes > 1_000_000 && !last.ends_with(b"0\r\n\r\n"), "the file looks whole");
}

#[tokio::test]
async fn pages_of_other_sites_are_told_nothing() {
    let app = TestApp::start(Engine::Sqlite).await;
    for method in ["GET", "POST", "OPTIONS"] {
        let request = app
            .request(method, "/api/products")
            .header("origin", "https://elsewhere.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization");
        let reply = request.await;
        let is_cors = |name: &str| name.starts_with("access-control-");
        assert!(!reply.headers.keys().any(|name| is_cors(name.as_str())), "{method}");
    }
}

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing() {
    let app = start().await;
    let reply = app.get("/defect").await.expect(500);
    reply.error("internal");
    assert!(!reply.text().contains("hunter2"));
    app.get("/list").await.expect(200);
}

#[tokio::test]
async fn a_head_that_is_too_large_or_no_http_is_refused() {
    let app = start().await;
    let huge = format!("GET /list HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(20_000));
    let answer = app.raw(huge.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = app.raw(b"\x16\x03\x01 hello\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn a_long_wait_is_answered_503_and_a_write_says_that_its_outcome_is_open() {
    let app = start().await;
    tokio::time::pause();
    let reply = app.get("/endless").await.expect(503);
    reply.error("unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    app.post("/endless").await.expect(503).error("outcome_unknown");
    assert_eq!(app.app.metrics.in_flight.count(), 2, "the work itself goes on");
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_stop_the_work() {
    let (begun, go_on, done) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go_on, done) = (begun.clone(), go_on.clone(), done.clone());
        move || async move {
            begun.notify_one();
            go_on.notified().await;
            done.notify_one();
        }
    };
    let router = |app: App| with_edge(Router::new().route("/work", post(handler)), app);
    let app = TestApp::start_with(Engine::Sqlite, unlimited(), router).await;
    let caller = tokio::spawn(app.post("/work").into_future());
    begun.notified().await;
    caller.abort();
    assert!(caller.await.is_err());
    go_on.notify_one();
    done.notified().await;
    app.app.metrics.in_flight.wait_until_none().await;
}

#[tokio::test]
async fn what_has_begun_is_finished_when_the_server_stops() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        move || async move {
            begun.notify_one();
            go_on.notified().await;
            "done"
        }
    };
    let router = |app: App| with_edge(Router::new().route("/work", get(handler)), app);
    let app = TestApp::start_with(Engine::Sqlite, unlimited(), router).await;
    let caller = tokio::spawn(app.get("/work").into_future());
    begun.notified().await;
    app.stop();
    go_on.notify_one();
    assert_eq!(caller.await.expect("a reply").expect(200).text(), "done");
    app.app.close().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_crash() {
    let app = start().await;
    let stream = RawBody::new(http_body_util::Full::new(bytes::Bytes::from_static(b"{\"name\"")));
    let request = axum::http::Request::post("/echo")
        .header("content-type", "application/json")
        .body(stream)
        .expect("a request");
    let response = probes(app.app.clone()).oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), 400);
}
