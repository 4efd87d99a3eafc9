//! Staying signed in, and being thrown out: on every node, within seconds.

use std::future::IntoFuture as _;
use std::net::{SocketAddr, TcpListener};

use axum_server::Handle;
use serde_json::{Value, json};
use stockroom::db::Conn;
use stockroom::http::server;
use stockroom::{App, on_db, router};
use stockroom_domain::permissions::Role;

use crate::support::{Engine, PASSWORD, RequestBuilder, TestApp, on_both_engines, unlimited};

on_both_engines!(
    a_token_of_one_node_is_good_on_the_other,
    a_caller_who_was_just_seen_costs_no_read,
    sign_ins_of_one_person_on_two_nodes_at_once_all_succeed,
    a_refresh_token_is_good_once,
    tabs_that_wake_up_together_stay_signed_in,
    a_stolen_refresh_token_ends_the_session,
    a_thief_and_the_owner_at_once_are_both_out,
    a_session_ends_after_thirty_days_without_use,
    a_disabled_user_is_out_within_five_seconds,
    a_new_role_acts_within_five_seconds,
    signing_out_ends_the_session,
);

pub(crate) fn login(app: &TestApp, username: &str, password: &str) -> RequestBuilder {
    app.post("/api/login").json(&json!({"username": username, "password": password}))
}

pub(crate) fn refresh(app: &TestApp, token: &str) -> RequestBuilder {
    app.post("/api/auth/refresh").json(&json!({"refresh_token": token}))
}

pub(crate) fn text(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("{name} in {json}")).to_owned()
}

async fn execute(app: &TestApp, sql: &'static str) {
    let mut tx = app.app.db.begin().await.expect("begun");
    on_db!(Conn::from(&mut tx), conn => sqlx::query(sql).execute(conn).await.map(drop))
        .expect("executed");
    tx.commit().await.expect("committed");
}

/// Another node on the same database.
pub(crate) async fn second_node(app: &TestApp) -> SocketAddr {
    let node = App::start(unlimited(), app.app.db.clone(), app.clock.clone()).await;
    let node = node.expect("a node");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (router, connections) = (router::router(node.clone()), node.connections.clone());
    tokio::spawn(server::serve(listener, router, Handle::new(), None, connections));
    address
}

async fn a_token_of_one_node_is_good_on_the_other(app: TestApp) {
    let node = second_node(&app).await;
    let admin = app.with_admin().await;
    let profile =
        |address| RequestBuilder::new(address, "GET", "/api/auth/profile").token(&admin.token);
    let here = profile(app.address).await.expect(200).json();
    assert_eq!(profile(node).await.expect(200).json(), here);
    app.clock.advance(599);
    profile(node).await.expect(200);
    app.clock.advance(1);
    for address in [node, app.address] {
        profile(address).await.expect(401).error("unauthenticated");
    }
}

async fn a_caller_who_was_just_seen_costs_no_read(app: TestApp) {
    let admin = app.with_admin().await;
    app.get_as(&admin, "/api/auth/profile").await.expect(200);
    // With the database gone, only a read would fail.
    app.app.db.close().await;
    app.clock.advance(1);
    for _ in 0..3 {
        app.get_as(&admin, "/api/auth/profile").await.expect(200);
    }
    app.clock.advance(1);
    app.get_as(&admin, "/api/auth/profile").await.expect(503).error("unavailable");
}

/// Both wait for the person's row, and then neither for the other.
async fn sign_ins_of_one_person_on_two_nodes_at_once_all_succeed(app: TestApp) {
    app.with_admin().await;
    let node = second_node(&app).await;
    let before = app.app.auth.passwords.computed();
    let mut change = app.app.db.begin().await.expect("begun");
    on_db!(Conn::from(&mut change), conn => {
        sqlx::query("UPDATE users SET name = 'Ada'").execute(conn).await.expect("changed");
    });
    let body = json!({"username": "admin0", "password": PASSWORD});
    let tills = [app.address, node].map(|address| {
        tokio::spawn(RequestBuilder::new(address, "POST", "/api/login").json(&body).into_future())
    });
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while match app.engine {
        Engine::Postgres => app.number(waiting).await < 2,
        Engine::Sqlite => app.app.auth.passwords.computed() == before,
    } {
        tokio::task::yield_now().await;
    }
    change.commit().await.expect("committed");
    for till in tills {
        till.await.expect("a reply").expect(200);
    }
    app.check_audit().await;
}

async fn a_refresh_token_is_good_once(app: TestApp) {
    app.with_admin().await;
    let signed_in = login(&app, "admin0", PASSWORD).await.expect(200);
    assert_eq!(signed_in.header("cache-control"), "no-store");
    let first = text(&signed_in.json(), "refresh_token");
    let stored = "SELECT COUNT(*) FROM refresh_tokens WHERE length(token_hash) = 43";
    assert_eq!(app.number(stored).await, 1);
    let mut token = first.clone();
    for _ in 0..5 {
        app.clock.advance(500);
        let pair = refresh(&app, &token).await.expect(200).json();
        app.get("/api/auth/profile").token(&text(&pair, "token")).await.expect(200);
        assert_ne!(text(&pair, "refresh_token"), token);
        token = text(&pair, "refresh_token");
    }
    refresh(&app, &first).await.expect(401).error("unauthenticated");
    refresh(&app, &token).await.expect(401);
    refresh(&app, "never given").await.expect(401);
}

async fn tabs_that_wake_up_together_stay_signed_in(app: TestApp) {
    app.with_admin().await;
    let node = second_node(&app).await;
    let signed_in = login(&app, "admin0", PASSWORD).await.expect(200).json();
    let shared = text(&signed_in, "refresh_token");
    let body = json!({"refresh_token": shared});
    let tabs = (0..8).map(|n| {
        let address = if n % 2 == 0 { app.address } else { node };
        let request = RequestBuilder::new(address, "POST", "/api/auth/refresh").json(&body);
        tokio::spawn(request.into_future())
    });
    let mut next = Vec::new();
    for tab in tabs.collect::<Vec<_>>() {
        let pair = tab.await.expect("a reply").expect(200).json();
        next.push(text(&pair, "refresh_token"));
    }
    next.sort();
    next.dedup();
    assert_eq!(next.len(), 8);
    app.clock.advance(10);
    refresh(&app, &shared).await.expect(200);
    for token in &next {
        refresh(&app, token).await.expect(200);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NOT NULL").await, 0);
}

async fn a_stolen_refresh_token_ends_the_session(app: TestApp) {
    app.with_admin().await;
    let signed_in = login(&app, "admin0", PASSWORD).await.expect(200).json();
    let other_device = login(&app, "admin0", PASSWORD).await.expect(200).json();
    let stolen = text(&signed_in, "refresh_token");
    let pair = refresh(&app, &stolen).await.expect(200).json();
    app.clock.advance(11);
    app.get("/api/auth/profile").token(&text(&pair, "token")).await.expect(200);
    refresh(&app, &stolen).await.expect(401).error("unauthenticated");
    // At once on this node, for both kinds of token, and on that device alone.
    app.get("/api/auth/profile").token(&text(&pair, "token")).await.expect(401);
    refresh(&app, &text(&pair, "refresh_token")).await.expect(401);
    refresh(&app, &text(&other_device, "refresh_token")).await.expect(200);
    let reused = "SELECT COUNT(*) FROM sessions WHERE end_reason = 'token_reused'";
    assert_eq!(app.number(reused).await, 1);
}

async fn a_thief_and_the_owner_at_once_are_both_out(app: TestApp) {
    app.with_admin().await;
    let node = second_node(&app).await;
    let signed_in = login(&app, "admin0", PASSWORD).await.expect(200).json();
    let stolen = text(&signed_in, "refresh_token");
    let owned = text(&refresh(&app, &stolen).await.expect(200).json(), "refresh_token");
    app.clock.advance(11);
    let tabs = (0..8).map(|n| {
        let address = if n % 4 < 2 { app.address } else { node };
        let token = if n % 2 == 0 { &stolen } else { &owned };
        let body = json!({"refresh_token": token});
        let request = RequestBuilder::new(address, "POST", "/api/auth/refresh").json(&body);
        (token == &stolen, tokio::spawn(request.into_future()))
    });
    let mut given = Vec::new();
    for (is_stolen, tab) in tabs.collect::<Vec<_>>() {
        let reply = tab.await.expect("a reply");
        if is_stolen || reply.status != 200 {
            reply.expect(401);
        } else {
            given.push(text(&reply.json(), "refresh_token"));
        }
    }
    // Whoever was faster: what the owner was still given is worth nothing.
    for token in given.iter().chain([&owned]) {
        refresh(&app, token).await.expect(401);
    }
    let reused = "SELECT COUNT(*) FROM audit_logs WHERE action = 'session.token_reused'";
    assert_eq!(app.number(reused).await, 1);
}

async fn a_session_ends_after_thirty_days_without_use(app: TestApp) {
    const DAY: i64 = 86_400;
    app.with_admin().await;
    let signed_in = login(&app, "admin0", PASSWORD).await.expect(200).json();
    let mut token = text(&signed_in, "refresh_token");
    for _ in 0..3 {
        app.clock.advance(29 * DAY);
        token = text(&refresh(&app, &token).await.expect(200).json(), "refresh_token");
    }
    app.clock.advance(30 * DAY);
    refresh(&app, &token).await.expect(401);
}

async fn a_disabled_user_is_out_within_five_seconds(app: TestApp) {
    let node = second_node(&app).await;
    let admin = app.with_admin().await;
    let signed_in = login(&app, "admin0", PASSWORD).await.expect(200).json();
    let profile =
        |address| RequestBuilder::new(address, "GET", "/api/auth/profile").token(&admin.token);
    for address in [app.address, node] {
        profile(address).await.expect(200);
    }
    execute(&app, "UPDATE users SET is_disabled = NOT is_disabled").await;
    app.clock.advance(4);
    for address in [app.address, node] {
        profile(address).await.expect(401).error("unauthenticated");
    }
    refresh(&app, &text(&signed_in, "refresh_token")).await.expect(401);
    let disabled = login(&app, "admin0", PASSWORD).await.expect(401);
    let unknown = login(&app, "nobody", PASSWORD).await.expect(401);
    let said = |reply: Value| reply["message"].clone();
    assert_eq!(said(disabled.error("unauthenticated")), said(unknown.error("unauthenticated")));
}

async fn a_new_role_acts_within_five_seconds(app: TestApp) {
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    app.get_as(&admin, "/metrics").await.expect(200);
    let error = app.get_as(&staff, "/metrics").await.expect(403).error("forbidden");
    assert_eq!(error["details"]["permission"], "operate");
    let user = app.get_as(&staff, "/api/auth/profile").await.expect(200).json()["user"].clone();
    assert_eq!(user["store_ids"], json!([admin.store.0]));
    assert_eq!(user["grants"], json!([{"store_id": admin.store.0, "role": "staff"}]));
    execute(&app, "UPDATE user_roles SET role = 'admin', store_id = 0").await;
    app.get_as(&staff, "/metrics").await.expect(403);
    app.clock.advance(4);
    app.get_as(&staff, "/metrics").await.expect(200);
    execute(&app, "DELETE FROM user_roles").await;
    app.clock.advance(4);
    app.get_as(&staff, "/metrics").await.expect(403);
    app.get_as(&staff, "/api/auth/profile").await.expect(200);
}

async fn signing_out_ends_the_session(app: TestApp) {
    let node = second_node(&app).await;
    app.with_admin().await;
    let signed_in = login(&app, "admin0", PASSWORD).await.expect(200).json();
    let token = text(&signed_in, "token");
    let there = || RequestBuilder::new(node, "GET", "/api/auth/profile").token(&token);
    there().await.expect(200);
    app.post("/api/auth/logout").token(&token).await.expect(200);
    app.get("/api/auth/profile").token(&token).await.expect(401);
    app.clock.advance(4);
    there().await.expect(401);
    refresh(&app, &text(&signed_in, "refresh_token")).await.expect(401);
    app.post("/api/auth/logout").await.expect(401);
}
