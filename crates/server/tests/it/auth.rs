//! Setting up, signing in, and being kept out.

use std::future::IntoFuture as _;
use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockroom::auth;
use stockroom::auth::users::NewUser;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use crate::sessions::{login, refresh, second_node, text};
use crate::support::{Engine, PASSWORD, RequestBuilder, TestApp, on_both_engines};

on_both_engines!(
    of_eight_setups_at_once_one_wins,
    a_setup_needs_the_last_token_and_tells_all_faults,
    a_user_of_the_command_line_ends_the_setup,
    wrong_passwords_lock_the_account_whatever_its_case,
    an_unknown_user_costs_the_same_work,
    what_is_no_access_token_is_refused,
    users_are_added_with_rules,
    the_page_of_the_setup_knows_when_it_is_over,
);

async fn setup_token(app: &TestApp) -> String {
    auth::setup_token(&app.app).await.expect("asked").expect("no user yet")
}

fn setup_body(token: &str, username: &str) -> Value {
    json!({
        "setup_token": token,
        "username": username,
        "password": PASSWORD,
        "store": {"name": "Corner", "time_zone": "europe/paris", "currency": "EUR"},
    })
}

async fn of_eight_setups_at_once_one_wins(app: TestApp) {
    let token = setup_token(&app).await;
    let node = second_node(&app).await;
    let calls = (0..8).map(|n| {
        let address = if n % 2 == 0 { app.address } else { node };
        let request = RequestBuilder::new(address, "POST", "/api/setup");
        tokio::spawn(request.json(&setup_body(&token, &format!("ada{n}"))).into_future())
    });
    let mut winners = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        let reply = call.await.expect("a reply");
        if reply.status == 201 {
            winners.push(reply.json());
        } else {
            reply.expect(409).error("already_set_up");
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let winner = &winners[0];
    assert_eq!(winner["user"]["role"], "admin");
    assert_eq!(winner["user"]["store_ids"], Value::Null);
    assert_eq!(winner["expires_in"], 600);
    for (sql, rows) in [
        ("SELECT COUNT(*) FROM users", 1),
        ("SELECT COUNT(*) FROM user_roles WHERE store_id = 0 AND role = 'admin'", 1),
        ("SELECT COUNT(*) FROM stores WHERE code = 'MAIN' AND time_zone = 'Europe/Paris'", 1),
        ("SELECT COUNT(*) FROM settings WHERE name = 'currency' AND value = 'EUR'", 1),
        ("SELECT COUNT(*) FROM settings WHERE name = 'setup_token_hash'", 0),
        ("SELECT COUNT(*) FROM events WHERE type IN ('store.created', 'user.created')", 2),
    ] {
        assert_eq!(app.number(sql).await, rows, "{sql}");
    }
    let profile = app.get("/api/auth/profile").token(&text(winner, "token")).await.expect(200);
    assert_eq!(profile.json()["user"], winner["user"]);
    let username = text(&winner["user"], "username").to_uppercase();
    login(&app, &username, PASSWORD).await.expect(200);
    assert_eq!(auth::setup_token(&app.app).await.expect("asked"), None);
}

async fn a_setup_needs_the_last_token_and_tells_all_faults(app: TestApp) {
    let first = setup_token(&app).await;
    let last = setup_token(&app).await;
    assert!(first != last && last.len() == 43);
    for wrong in [first.as_str(), "", "x"] {
        let reply = app.post("/api/setup").json(&setup_body(wrong, "")).await.expect(401);
        reply.error("unauthenticated");
    }
    let mut body = setup_body(&last, "a b");
    body["password"] = json!("corner");
    body["store"] = json!({"name": "", "time_zone": "Mars/Base", "currency": "eur"});
    let error = app.post("/api/setup").json(&body).await.expect(400).error("invalid_request");
    let errors = error["errors"].as_array().expect("errors").iter();
    let fields: Vec<_> = errors.map(|error| error["field"].as_str().unwrap_or_default()).collect();
    let all = ["username", "password", "store.name", "store.time_zone", "store.currency"];
    assert_eq!(fields, all);
    body = json!({"setup_token": last, "username": "ada", "password": PASSWORD});
    app.post("/api/setup").json(&body).await.expect(201);
    let defaults = "SELECT COUNT(*) FROM stores WHERE name = 'Main store' AND time_zone = 'UTC'";
    assert_eq!(app.number(defaults).await, 1);
    app.post("/api/setup").json(&body).await.expect(409).error("already_set_up");
}

async fn a_user_of_the_command_line_ends_the_setup(app: TestApp) {
    let token = setup_token(&app).await;
    let short = app.app.auth.setup_token(Some("fifteen letters")).await;
    assert!(short.expect_err("too short").to_string().contains("16 characters"));
    let set = app.app.auth.setup_token(Some("sixteen letters!")).await.expect("long enough");
    assert_eq!(set.as_deref(), Some("sixteen letters!"));
    let stale = app.post("/api/setup").json(&setup_body(&token, "ada"));
    stale.await.expect(401);
    let new =
        NewUser { username: "Root", name: "", password: PASSWORD, role: Role::Admin, stores: None };
    app.app.auth.add_user(&new).await.expect("added");
    let late = app.post("/api/setup").json(&setup_body("sixteen letters!", "ada"));
    late.await.expect(409).error("already_set_up");
    login(&app, "root", PASSWORD).await.expect(200);
}

async fn wrong_passwords_lock_the_account_whatever_its_case(app: TestApp) {
    app.with_admin().await;
    for username in ["admin0", "ADMIN0", " Admin0", "ａｄｍｉｎ０", "aDMIN0 "] {
        login(&app, username, "wrong").await.expect(401).error("unauthenticated");
    }
    let computed = app.app.auth.passwords.computed();
    let locked = login(&app, "Admin0", PASSWORD).await.expect(429);
    assert_eq!(locked.error("too_many_attempts")["details"]["wait_s"], 5);
    assert_eq!(locked.header("retry-after"), "5");
    assert_eq!(app.app.auth.passwords.computed(), computed, "nothing is tried while locked");
    app.clock.advance(5);
    login(&app, "admin0", "wrong").await.expect(401);
    assert_eq!(login(&app, "admin0", PASSWORD).await.expect(429).header("retry-after"), "10");
    app.clock.advance(10);
    login(&app, "admin0", PASSWORD).await.expect(200);
    login(&app, "admin0", "wrong").await.expect(401);
    login(&app, "admin0", PASSWORD).await.expect(200);
}

async fn an_unknown_user_costs_the_same_work(app: TestApp) {
    app.with_admin().await;
    let cost = async |username: &str| {
        let before = app.app.auth.passwords.computed();
        let reply = login(&app, username, "not the password").await.expect(401);
        let message = reply.error("unauthenticated")["message"].clone();
        (app.app.auth.passwords.computed() - before, message)
    };
    let known = cost("admin0").await;
    assert_eq!(known.0, 1);
    assert_eq!(cost("nobody").await, known);
    assert_eq!(cost("no\0body").await, known);
}

async fn what_is_no_access_token_is_refused(app: TestApp) {
    app.with_admin().await;
    let signed_in = login(&app, "admin0", PASSWORD).await.expect(200).json();
    let token = text(&signed_in, "token");
    let without_signature = &token[..=token.rfind('.').expect("a JWT")];
    let refresh_token = text(&signed_in, "refresh_token");
    for authorization in [
        format!("Bearer {refresh_token}"),
        format!("Bearer {without_signature}"),
        format!("Bearer {token}x"),
        format!("Basic {token}"),
        token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
    ] {
        let request = app.get("/api/auth/profile").header("authorization", &authorization);
        let reply = request.await.expect(401);
        reply.error("unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    let other_case = format!("bearer {token}");
    app.get("/api/auth/profile").header("authorization", &other_case).await.expect(200);
    refresh(&app, &token).await.expect(401);
}

async fn users_are_added_with_rules(app: TestApp) {
    app.store("MAIN").await;
    let north = app.store("NORTH").await;
    let codes = ["north".to_owned(), "MAIN".to_owned(), "Main".to_owned()];
    let good = || NewUser {
        username: "Bob",
        name: "Bob Green",
        password: PASSWORD,
        role: Role::Staff,
        stores: Some(&codes),
    };
    let unknown = ["WEST".to_owned()];
    for (bad, words) in [
        (NewUser { username: "b b", ..good() }, "letters"),
        (NewUser { password: "bob", ..good() }, "12 characters"),
        (NewUser { password: "bob-green1234", ..good() }, "name of the user"),
        (NewUser { role: Role::Admin, ..good() }, "all stores"),
        (NewUser { stores: Some(&unknown), ..good() }, "WEST"),
    ] {
        let said = app.app.auth.add_user(&bad).await.expect_err(words).to_string();
        assert!(said.contains(words), "{said}");
    }
    app.app.auth.add_user(&good()).await.expect("added");
    let twice = NewUser { username: "BOB", ..good() };
    assert!(app.app.auth.add_user(&twice).await.is_err());
    let user = login(&app, "bob", PASSWORD).await.expect(200).json()["user"].clone();
    assert_eq!(user["name"], "Bob Green");
    assert_eq!(user["store_ids"], json!([StoreId(north.0 - 1).0, north.0]));
}

async fn the_page_of_the_setup_knows_when_it_is_over(app: TestApp) {
    let page = app.get("/setup").await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-store");
    let html = page.text();
    assert!(html.contains("<form") && !html.contains("<style") && !html.contains(" style="));
    for (file, content_type) in [("setup.css", "text/css"), ("setup.js", "text/javascript")] {
        assert!(html.contains(&format!("/setup/{file}")), "{file}");
        let reply = app.get(&format!("/setup/{file}")).await.expect(200);
        assert!(reply.header("content-type").starts_with(content_type), "{file}");
    }
    app.with_admin().await;
    let html = app.get("/setup").await.expect(200).text();
    assert!(html.contains("set up already") && !html.contains("<form"), "{html}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_gets_into_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let app = TestApp::start(Engine::Sqlite).await;
    let token = setup_token(&app).await;
    let signed_in = app.post("/api/setup").json(&setup_body(&token, "ada")).await.expect(201);
    let signed_in = signed_in.json();
    login(&app, "ada", "a wrong one, mistyped").await.expect(401);
    let pair = refresh(&app, &text(&signed_in, "refresh_token")).await.expect(200).json();
    app.clock.advance(60);
    refresh(&app, &text(&signed_in, "refresh_token")).await.expect(401);
    app.get("/api/auth/profile").token(&text(&pair, "token")).await.expect(401);
    app.post("/api/login").text("{\"password\":\"half of a request\"").await.expect(400);
    let said = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
    assert!(said.contains("the shop is set up") && said.contains("came again"), "{said}");
    let secrets = [
        token,
        PASSWORD.to_owned(),
        "a wrong one, mistyped".to_owned(),
        "half of a request".to_owned(),
        text(&signed_in, "token"),
        text(&signed_in, "refresh_token"),
        text(&pair, "token"),
        text(&pair, "refresh_token"),
    ];
    for secret in secrets {
        // Neither as text nor as the bytes of a buffer.
        let bytes = format!("{:?}", secret.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(!said.contains(&secret) && !said.contains(bytes), "{secret} in {said}");
    }
}
