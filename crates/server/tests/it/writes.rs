//! Idempotency of ordinary writes, on a probe that writes one setting.

use std::future::IntoFuture as _;

use axum::Router;
use axum::routing::post;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom::App;
use stockroom::auth::{Principal, Via};
use stockroom::db::Conn;
use stockroom::error::{ApiError, ApiResult};
use stockroom::http::{Body, Created, Once, Success, begin_write};
use stockroom::on_db;
use stockroom::router::with_edge;
use stockroom_domain::UserId;

use crate::support::{Engine, TestApp, on_both_engines, unlimited};

on_both_engines!(with start:
    the_same_key_gives_the_same_answer,
    without_a_key_the_server_makes_one,
    a_refusal_leaves_no_trace,
    twins_at_once_have_one_effect,
);

/// On PostgreSQL a twin waits for the first one's transaction, for as long as the database lets it
/// (`lock_timeout`); SQLite has one writer, whom everyone waits for.
#[tokio::test]
async fn a_twin_that_waits_too_long_is_told_that_the_first_still_runs() {
    let app = start(Engine::Postgres).await;
    let mut first = app.app.db.begin().await.expect("begun");
    let sql = "INSERT INTO idempotency_keys
            (key, fingerprint, status, answer, created_at, expires_at)
        VALUES ('1:POST /notes:k', 0, 0, '', 0, NULL)";
    on_db!(Conn::from(&mut first), conn => sqlx::query(sql).execute(conn).await.map(drop))
        .expect("claimed");
    let second = || app.post("/notes").key("k").json(&json!({"text": "a"}));
    let reply = second().await.expect(409);
    reply.error("request_in_progress");
    assert_eq!(reply.header("retry-after"), "1");
    first.rollback().await.expect("rolled back");
    second().await.expect(201);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Note {
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct Noted {
    status: Success,
    text: String,
    at: i64,
}

async fn note(app: App, once: Once, Body(note): Body<Note>) -> ApiResult<Created<Noted>> {
    let who = Principal {
        user_id: UserId(1),
        username: "ada".into(),
        name: "Ada".to_owned(),
        employee_id: None,
        via: Via::Session(1),
        grants: Vec::new(),
        version: 1,
    };
    let write = begin_write(&app, &who, &once).await?;
    if note.text == "refuse" {
        return Err(ApiError::invalid("text", "Not that."));
    }
    let answer = Noted { status: Success::Success, text: note.text, at: write.now.0 };
    write.commit(&answer, []).await
}

fn probe(app: App) -> Router {
    with_edge(Router::new().route("/notes", post(note)), app)
}

async fn start(engine: Engine) -> TestApp {
    TestApp::start_with(engine, unlimited(), probe).await
}

async fn the_same_key_gives_the_same_answer(app: TestApp) {
    let first = app.post("/notes").key("k1").json(&json!({"text": "a"})).await.expect(201);
    assert_eq!(first.header("idempotency-key"), "k1");
    assert_eq!(first.header("consistency-token"), "1.0");
    assert_eq!(first.header("idempotency-replayed"), "");
    app.clock.advance(60);
    let again = app.post("/notes").key("k1").json(&json!({"text": "a"})).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body, first.body);
    let other = app.post("/notes").key("k1").json(&json!({"text": "b"})).await.expect(422);
    other.error("idempotency_key_reused");
}

async fn without_a_key_the_server_makes_one(app: TestApp) {
    let first = app.post("/notes").json(&json!({"text": "a"})).await.expect(201);
    let key = first.header("idempotency-key");
    assert_eq!(key.len(), 36);
    let again = app.post("/notes").key(key).json(&json!({"text": "a"})).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    for malformed in ["", &"k".repeat(256)] {
        let reply = app.post("/notes").key(malformed).json(&json!({"text": "a"})).await;
        assert_eq!(reply.expect(400).error("invalid_request")["field"], "Idempotency-Key");
    }
}

async fn a_refusal_leaves_no_trace(app: TestApp) {
    app.post("/notes").key("k").json(&json!({"text": "refuse"})).await.expect(400);
    app.post("/notes").key("k").json(&json!({"text": "b"})).await.expect(201);
}

async fn twins_at_once_have_one_effect(app: TestApp) {
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let request = app.post("/notes").key("twin").json(&json!({"text": "a"}));
            tokio::spawn(request.into_future())
        })
        .collect();
    let mut effects = 0;
    for call in calls {
        let reply = call.await.expect("a reply").expect(201);
        effects += u32::from(reply.header("idempotency-replayed").is_empty());
    }
    assert_eq!(effects, 1);
}
