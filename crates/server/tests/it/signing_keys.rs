//! The keys that sign access tokens: rotated by themselves, shared by nodes, wrapped on request.

use serde_json::json;
use stockroom::auth::users::NewUser;
use stockroom::clock::Clock;
use stockroom::config::Config;
use stockroom::{App, jobs};
use stockroom_domain::permissions::Role;

use crate::support::process::stockroom;
use crate::support::{Engine, PASSWORD, TestApp, on_both_engines, unlimited};

on_both_engines!(
    a_new_key_signs_every_thirty_days_and_nobody_is_signed_out,
    a_wrapped_key_is_good_on_every_node_that_has_the_wrapping_key,
    keys_that_were_bare_sign_no_more_once_wrapping_begins,
    a_node_without_the_wrapping_key_does_not_start,
    a_node_that_was_not_given_the_key_says_so_and_leaves_the_keys_alone,
);

const KEY: &str = "q2kPz0yX8o3mJ5bVtRw1nLs7HcDfGaEu";

fn with_key(key: &str) -> Config {
    Config { key: Some(key.to_owned().into()), ..unlimited() }
}

async fn node(app: &TestApp, config: Config) -> anyhow::Result<App> {
    let clock = app.clock.clone();
    App::start(config, app.app.db.clone(), clock).await
}

async fn is_good(node: &App, token: &str) -> bool {
    node.auth.caller(token).await.expect("asked").is_some()
}

async fn signed_in(node: &App) -> (String, String) {
    let pair = node.auth.sign_in("admin0", PASSWORD, &Default::default()).await;
    let pair = pair.expect("signed in");
    (pair.token, pair.refresh_token)
}

async fn keys(app: &TestApp, which: &str) -> i64 {
    app.number(&format!("SELECT COUNT(*) FROM signing_keys WHERE {which}")).await
}

async fn a_new_key_signs_every_thirty_days_and_nobody_is_signed_out(app: TestApp) {
    app.with_admin().await;
    let other = app.another_node().await;
    let login = || {
        let body = json!({"username": "admin0", "password": PASSWORD});
        app.post("/api/login").json(&body)
    };
    login().await.expect(200);
    app.clock.advance(30 * 86_400 - 60);
    let old = login().await.expect(200).json()["token"].as_str().expect("a token").to_owned();
    jobs::run_all(&app.app).await;
    assert_eq!(keys(&app, "retired_at IS NULL").await, 1);
    app.clock.advance(120);
    jobs::run_all(&app.app).await;
    assert_eq!((keys(&app, "retired_at IS NULL").await, keys(&app, "TRUE").await), (1, 2));
    // The old token is good until its time is over, on every node; so is the new one at once.
    let new = login().await.expect(200).json()["token"].as_str().expect("a token").to_owned();
    for server in [&app, &other] {
        for token in [&old, &new] {
            app.get("/api/users").token(token).to(server.address).await.expect(200);
        }
    }
    app.clock.advance(500);
    app.get("/api/users").token(&old).await.expect(401);
    app.get("/api/users").token(&new).await.expect(200);
    // Every node may rotate: one key comes of it.
    app.clock.advance(31 * 86_400);
    let (a, b) = (app.app.clone(), other.app.clone());
    tokio::join!(jobs::run_all(&a), jobs::run_all(&b));
    assert_eq!(keys(&app, "retired_at IS NULL").await, 1);
    app.check_audit().await;
}

async fn a_wrapped_key_is_good_on_every_node_that_has_the_wrapping_key(app: TestApp) {
    let (a, b) = (node(&app, with_key(KEY)).await, node(&app, with_key(KEY)).await);
    let (a, b) = (a.expect("started"), b.expect("started"));
    let new = NewUser {
        username: "admin0",
        name: "",
        password: PASSWORD,
        role: Role::Admin,
        stores: None,
    };
    a.auth.add_user(&new).await.expect("added");
    let (token, _) = signed_in(&a).await;
    assert!(is_good(&a, &token).await && is_good(&b, &token).await);
    assert_eq!(keys(&app, "secret LIKE 'v1.%'").await, keys(&app, "retired_at IS NULL").await);
    // Rotation copies nothing: the next key is in the database, too.
    a.auth.tokens.keyring().rotate_all(&app.app.db, &app.clock).await.expect("rotated");
    let (next, _) = signed_in(&a).await;
    app.clock.advance(1);
    assert!(is_good(&b, &next).await && is_good(&b, &token).await);
}

async fn keys_that_were_bare_sign_no_more_once_wrapping_begins(app: TestApp) {
    app.with_admin().await;
    let before = node(&app, unlimited()).await.expect("started");
    let (token, refresh) = signed_in(&before).await;
    let after = node(&app, with_key(KEY)).await.expect("started");
    assert_eq!(keys(&app, "retired_at IS NULL AND secret NOT LIKE 'v1.%'").await, 0);
    // Clients renew by themselves, and go on.
    assert!(!is_good(&after, &token).await);
    let renewal = after.auth.find_renewal(&refresh).await.expect("known");
    let renewed = after.auth.refresh(&renewal, &Default::default()).await.expect("renewed");
    assert!(is_good(&after, &renewed.token).await);
    // Whoever can write to the database cannot add a key of their own.
    let bare = "INSERT INTO signing_keys (kid, secret, created_at)
        VALUES ('mine', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 0)";
    app.tamper(bare).await.expect("written");
    let header = jsonwebtoken::Header {
        kid: Some("mine".to_owned()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
    };
    let now = app.clock.now().0 / 1_000_000;
    let claims = json!({
        "iss": "stockroom", "aud": "stockroom-api", "sub": renewed.caller.user_id.0.to_string(),
        "sid": 1, "iat": now, "nbf": now, "exp": now + 600,
    });
    let secret = jsonwebtoken::EncodingKey::from_secret(&[0; 32]);
    let forged = jsonwebtoken::encode(&header, &claims, &secret).expect("signed");
    app.clock.advance(61);
    assert!(!is_good(&after, &forged).await);
}

async fn a_node_without_the_wrapping_key_does_not_start(app: TestApp) {
    node(&app, with_key(KEY))
        .await
        .expect("started")
        .auth
        .tokens
        .keyring()
        .rotate_all(&app.app.db, &app.clock)
        .await
        .expect("rotated");
    for config in [unlimited(), with_key("another key of thirty-two characters")] {
        let error = node(&app, config).await.map(|_| ()).expect_err("refused").to_string();
        assert!(error.contains("STOCKROOM_KEY_FILE"), "{error}");
    }
    let error = node(&app, with_key("short")).await.map(|_| ()).expect_err("refused").to_string();
    assert!(error.contains("could be guessed"), "{error}");
    // Where the key is lost, a new one is made.
    let lost = with_key("a new key of more than thirty-two characters");
    let auth = stockroom::auth::Auth::new(&lost, app.app.db.clone(), app.clock.clone());
    let auth = auth.expect("a key");
    auth.tokens.keyring().rotate_all(&app.app.db, &app.clock).await.expect("rotated");
    node(&app, lost).await.expect("started");
}

async fn a_node_that_was_not_given_the_key_says_so_and_leaves_the_keys_alone(app: TestApp) {
    app.with_admin().await;
    app.get("/health/ready").await.expect(200);
    let other = node(&app, with_key(KEY)).await.expect("started");
    app.clock.advance(61);
    let error = app.get("/health/ready").await.expect(503).error("unavailable");
    assert!(error["message"].as_str().expect("text").contains("STOCKROOM_KEY_FILE"), "{error}");
    let body = json!({"username": "admin0", "password": PASSWORD});
    app.post("/api/login").json(&body).await.expect(503).error("unavailable");
    app.clock.advance(31 * 86_400);
    jobs::run_all(&app.app).await;
    assert_eq!(keys(&app, "secret NOT LIKE 'v1.%' AND retired_at IS NULL").await, 0);
    jobs::run_all(&other).await;
    let (token, _) = signed_in(&other).await;
    assert!(is_good(&other, &token).await);
}

#[tokio::test]
async fn the_command_line_rotates() {
    let app = TestApp::start(Engine::Postgres).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    std::fs::write(&path, KEY).expect("written");
    let mut command = stockroom(&["keys", "rotate", "--database", app.database_url()]);
    let output = command.env("STOCKROOM_KEY_FILE", &path).output().expect("run");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(keys(&app, "secret LIKE 'v1.%'").await, 1);
    let auth = stockroom::auth::Auth::new(&with_key(KEY), app.app.db.clone(), Clock::System);
    let auth = auth.expect("a key");
    auth.tokens.keyring().prepare_keys(&app.app.db, &Clock::System).await.expect("readable");
}
