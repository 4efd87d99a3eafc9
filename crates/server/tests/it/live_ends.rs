//! The WebSocket: who is not let in, and how it ends.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stockroom::auth::Place;
use stockroom::auth::callers::AGE_MAX_S;
use stockroom::config::Config;
use stockroom::router;
use stockroom_domain::permissions::Role;
use tokio_tungstenite::tungstenite::Message;

use crate::products::as_;
use crate::support::{
    Engine, Person, RequestBuilder, Socket, TestApp, auth, on_both_engines, unlimited,
};

on_both_engines!(
    whoever_brings_no_good_token_is_closed_out,
    what_is_no_message_is_refused_and_ends_it,
    whoever_loses_the_right_is_closed_out,
    a_token_is_renewed_before_it_ends_and_ends_it_otherwise,
    whoever_takes_nothing_is_cut_off,
    pages_of_others_are_closed_out,
    a_server_that_stops_closes_in_good_order,
);

/// A request to go on as a WebSocket, of whoever wants to see how it is refused.
fn upgrade(app: &TestApp) -> RequestBuilder {
    app.get("/api/ws")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

async fn whoever_brings_no_good_token_is_closed_out(app: TestApp) {
    let shop = app.shop(0).await;
    let old = app.user(Role::Staff, &[shop.store]).await;
    app.clock.advance(601);
    for bad in ["", "nobody", &old.token, "srk_000000000000000000000000000000000000000000a"] {
        app.told(&auth(bad)).await.expect(4401, "unauthenticated");
    }
    let nobody = app.user(Role::Staff, &[]).await;
    let error = app.told(&auth(&nobody.token)).await.expect(4403, "forbidden");
    assert_eq!(error["details"]["permission"], "read_stock");
    let denied = "SELECT COUNT(*) FROM audit_logs WHERE action = 'request.denied'";
    assert_eq!(app.number(denied).await, 1, "an attempt that was denied is on record");
}

async fn what_is_no_message_is_refused_and_ends_it(app: TestApp) {
    let shop = app.shop(9).await;
    let token = &shop.admin.token;
    for (message, field) in [
        (json!("hello"), ""),
        (json!({}), "type"),
        (json!({"type": "subscribe", "token": token}), "type"),
        (json!({"type": "auth"}), "token"),
        (json!({"type": "auth", "token": token, "store_id": 1}), "store_id"),
        (json!({"type": "auth", "token": token, "topics": ["stock", "weather"]}), "topics[1]"),
        (json!({"type": "auth", "token": token, "topics": []}), "topics"),
        (json!({"type": "auth", "token": token, "since": -1}), "since"),
        (json!({"type": "auth", "token": token, "since": "yesterday"}), "since"),
    ] {
        let closed = app.told(&message).await;
        let error = closed.expect(1008, "invalid_request");
        assert_eq!(error["errors"][0]["field"], field, "{message}: {error}");
    }
    let unknown = json!({"type": "auth", "token": token, "topics": ["weather"]});
    let error = app.told(&unknown).await.expect(1008, "invalid_request");
    let said = error["message"].as_str().expect("a message");
    assert!(said.contains("\"weather\"") && said.contains("notifications"), "{said}");
    for (message, code, error) in [
        (Message::text("{"), 1008, "invalid_request"),
        (Message::text("[".repeat(9_000)), 1008, "invalid_request"),
        (Message::binary(token.clone()), 1003, "invalid_request"),
        (Message::text(" ".repeat(16_385)), 1009, "payload_too_large"),
    ] {
        // The first word, and one in between.
        let mut first = app.socket().await;
        first.send(message.clone()).await;
        first.closed().await.expect(code, error);
        let (mut later, _) = app.listen(&shop.admin, None).await;
        later.send(message).await;
        later.closed().await.expect(code, error);
    }
    // Who sends sign after sign of life is no listener.
    let (mut socket, _) = app.listen(&shop.admin, None).await;
    for _ in 0..200 {
        socket.send(Message::Ping(vec![7; 100].into())).await;
    }
    socket.closed().await.expect(1013, "rate_limited");
    app.get("/api/ws").await.expect(426).error("upgrade_required");
    assert_eq!(app.get("/api/ws").await.header("upgrade"), "websocket");
}

async fn whoever_loses_the_right_is_closed_out(app: TestApp) {
    let shop = app.shop(9).await;
    let node = app.another_node().await;
    let staff = async || app.user(Role::Staff, &[shop.store]).await;
    let change = async |person: &Person, body: Value| {
        let path = format!("/api/users/{}", person.user_id);
        as_(app.patch(&path), &shop.admin).json(&body).await.expect(200);
    };
    let (out, disabled, without) = (staff().await, staff().await, staff().await);
    let body = json!({"name": "Screen", "role": "auditor"});
    let made = as_(app.post("/api/api-keys"), &shop.admin).json(&body).await.expect(201).json();
    let key = Person { token: made["key"].as_str().expect("a key").to_owned(), ..out.clone() };
    let people = [&out, &disabled, &without, &key];
    let mut sockets = Vec::new();
    for person in people {
        // On the node that is told of it, and on one that has to find out.
        sockets.push(app.listen(person, None).await.0);
        sockets.push(node.listen(person, None).await.0);
    }
    let (mut stays, _) = node.listen(&shop.admin, None).await;
    app.post("/api/auth/logout").token(&out.token).await.expect(200);
    change(&disabled, json!({"is_disabled": true})).await;
    change(&without, json!({"role": "staff", "store_ids": []})).await;
    let path = format!("/api/api-keys/{}", made["api_key"]["id"]);
    as_(app.delete(&path), &shop.admin).await.expect(204);
    // What a node remembers of a caller is believed for so long.
    app.clock.advance(AGE_MAX_S);
    for socket in sockets {
        assert_eq!(socket.closed().await.code, 4403);
    }
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    while stays.event().await["type"] != "stock.moved" {}
}

async fn a_token_is_renewed_before_it_ends_and_ends_it_otherwise(app: TestApp) {
    let shop = app.shop(9).await;
    let (mut renewed, place) = app.listen(&shop.admin, None).await;
    let (forgotten, _) = app.listen(&shop.admin, None).await;
    app.clock.advance(500);
    let again = app.signed_in_again(&shop.admin).await;
    // What stands in it beside the token is not looked at: it goes on where it is.
    renewed.say(&json!({"type": "auth", "token": again.token, "since": 0})).await;
    let ready = renewed.expect("ready").await;
    assert_eq!(ready["cursor"], place);
    assert_eq!(ready["expires_at"], "2026-03-02T09:18:20.000000Z");
    app.clock.advance(100);
    let closed = forgotten.closed().await;
    assert_eq!((closed.code, closed.before.len()), (4401, 0), "its token has ended");
    app.sale(&again, shop.store, shop.product, 1).await.expect(201);
    assert_eq!(renewed.event().await["id"], place + 1, "the other one goes on");
    app.clock.advance(500);
    assert_eq!(renewed.closed().await.code, 4401);
    // Somebody else's token, and none.
    let admin = app.signed_in_again(&again).await;
    let other = app.person(Role::Admin, &[Place::AllStores]).await;
    for (token, code, error) in
        [(&other.token, 4403, "forbidden"), (&shop.admin.token, 4401, "unauthenticated")]
    {
        let (mut socket, _) = app.listen(&admin, None).await;
        socket.say(&auth(token)).await;
        socket.closed().await.expect(code, error);
    }
}

async fn whoever_takes_nothing_is_cut_off(app: TestApp) {
    let shop = app.shop(9).await;
    let place = app.number("SELECT last_id FROM event_head").await;
    // More than the two kernels and we keep of it.
    app.invent_events(shop.store, 3_000, &"x".repeat(7_000)).await;
    let mut slow = Socket::narrow(app.address).await;
    let message = json!({"type": "auth", "token": shop.admin.token, "since": place});
    slow.say(&message).await;
    let begun = Instant::now();
    while !app.has_closed(4408) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(begun.elapsed().as_secs() < 60, "it is still open");
    }
    // Whoever reads has heard some of it, in order, and comes back for the rest.
    let closed = slow.closed().await;
    assert_eq!(closed.code, 4408);
    let heard: Vec<_> = closed.before[1..].iter().map(|m| m["cursor"].as_i64()).collect();
    let last = place + i64::try_from(heard.len()).expect("few");
    assert_eq!(heard, (place + 1..=last).map(Some).collect::<Vec<_>>());
    assert!(heard.len() < 3_000);
    let (mut again, _) = app.listen(&shop.admin, Some(last)).await;
    let rest = again.events(3_000 - heard.len()).await;
    assert_eq!(rest[0]["id"], last + 1);
}

/// As a browser sends them.
fn headers(origin: &str) -> [(&'static str, &str); 2] {
    [("origin", origin), ("accept-encoding", "gzip, deflate, br")]
}

async fn pages_of_others_are_closed_out(app: TestApp) {
    let shop = app.shop(9).await;
    let own = format!("http://{}", app.address);
    for (origin, is_let_in) in
        [(&*own, true), ("http://evil.example", false), ("null", false), ("", false)]
    {
        let mut socket = Socket::open(app.address, &headers(origin)).await;
        socket.say(&auth(&shop.admin.token)).await;
        if is_let_in {
            socket.ready().await;
        } else {
            let closed = socket.closed().await;
            assert_eq!((closed.code, closed.before.len()), (4409, 0), "{origin}");
        }
    }
}

async fn a_server_that_stops_closes_in_good_order(app: TestApp) {
    let shop = app.shop(9).await;
    let (mut listener, place) = app.listen(&shop.admin, None).await;
    let silent = app.socket().await;
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    assert_eq!(listener.event().await["id"], place + 1);
    app.app.drain();
    assert_eq!(listener.closed().await.code, 1001);
    assert_eq!(silent.closed().await.code, 1001);
    upgrade(&app).await.expect(503).error("unavailable");
    // Nobody holds up the end.
    app.app.live.wait_until_none().await;
    app.restarted().await;
}

#[tokio::test]
async fn sockets_are_bounded_for_all_and_for_each() {
    let config = Config { sockets_max: 34, ..unlimited() };
    let app = TestApp::start_with(Engine::Sqlite, config, router::router).await;
    let shop = app.shop(0).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(app.listen(&staff, None).await.0);
    }
    let error = app.told(&auth(&staff.token)).await.expect(1013, "rate_limited");
    assert_eq!(error["details"]["sockets_max"], 32);
    // Somebody else is let in, until there is no place at all.
    let (admin, _) = app.listen(&shop.admin, None).await;
    let text = app.app.metrics.to_text().expect("metrics");
    assert!(text.contains("stockroom_live_sockets 33\n"), "{text}");
    let silent = app.socket().await;
    let refused = upgrade(&app).await.expect(503);
    refused.error("overloaded");
    assert_eq!(refused.header("retry-after"), "10");
    drop((open, admin, silent));
    app.app.live.wait_until_none().await;
    app.listen(&staff, None).await;
}

/// The clock of time-outs stands still and jumps on whenever everything waits.
async fn with_a_clock_that_jumps() -> (TestApp, Person) {
    let app = TestApp::start(Engine::Sqlite).await;
    let shop = app.shop(9).await;
    (app, shop.admin)
}

#[tokio::test]
async fn whoever_says_nothing_is_closed_out() {
    let (app, _) = with_a_clock_that_jumps().await;
    let socket = app.socket().await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    assert_eq!(socket.closed().await.code, 4401);
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn whoever_hears_of_little_is_told_the_cursor_and_asked_for_a_sign_of_life() {
    let (app, admin) = with_a_clock_that_jumps().await;
    let mut socket = app.socket().await;
    let message = json!({"type": "auth", "token": admin.token, "topics": ["orders"]});
    socket.say(&message).await;
    let place = socket.ready().await;
    let (mut silent, _) = app.listen(&admin, None).await;
    app.stock_in(&admin, admin.store, 1, 5).await;
    assert_eq!(silent.event().await["id"], place + 1, "it happened");
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    assert_eq!(socket.expect("cursor").await["cursor"], place + 1);
    assert!((20..=25).contains(&begun.elapsed().as_secs()));
    // Who answers is let be, who does not is cut off with the next one.
    let socket = tokio::spawn(socket.closed());
    while !app.has_closed(4408) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(begun.elapsed().as_secs() < 60, "still open");
    }
    assert!((45..=51).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    tokio::time::resume();
    app.app.drain();
    assert_eq!(socket.await.expect("joined").code, 1001);
}
