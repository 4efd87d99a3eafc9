//! Limits on how often a caller may ask, and the address that counts.

use serde_json::json;
use stockroom::config::{self, Config};
use stockroom::router;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Engine, PASSWORD, RequestBuilder, TestApp};

async fn start(settings: &[(&'static str, &str)]) -> TestApp {
    let flags: Vec<(&'static str, String)> =
        settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let config: Config = config::load(None, |_| None, &flags).expect("settings");
    TestApp::start_with(Engine::Sqlite, config, router::router).await
}

#[tokio::test]
async fn a_caller_who_hammers_is_told_when_to_come_back() {
    let app = start(&[("rate_limit_read", "5")]).await;
    let admin = app.with_admin().await;
    let get = || app.get_as(&admin, "/api/products");
    for left in (0..5).rev() {
        let reply = get().await.expect(200);
        assert_eq!(reply.header("ratelimit-policy"), "\"read\";q=5;w=60");
        assert_eq!(reply.header("ratelimit"), format!("\"read\";r={left};t=60"));
    }
    let refused = get().await.expect(429);
    let error = refused.error("rate_limited");
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    assert_eq!(
        (&error["details"]["class"], &error["details"]["wait_s"]),
        (&json!("read"), &json!(wait))
    );
    assert_eq!(refused.header("ratelimit"), format!("\"read\";r=0;t={wait}"));
    app.clock.advance(wait - 1);
    get().await.expect(429);
    app.clock.advance(1);
    get().await.expect(200);
}

#[tokio::test]
async fn users_programs_and_classes_have_limits_of_their_own() {
    let app = start(&[("rate_limit_read", "2"), ("rate_limit_write", "3")]).await;
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    for person in [&admin, &staff] {
        for status in [200, 200, 429] {
            app.get_as(person, "/api/products").await.expect(status);
        }
    }
    let body = json!({"name": "Web", "role": "staff", "store_ids": [admin.store.0]});
    let made = as_(app.post("/api/api-keys"), &admin).json(&body).await.expect(201);
    assert_eq!(made.header("ratelimit-policy"), "\"write\";q=3;w=60");
    let key = made.json()["key"].as_str().expect("a key").to_owned();
    for n in 0..11 {
        let reply = app.get("/api/products").token(&key).await;
        assert_eq!(reply.status, if n < 10 { 200 } else { 429 }, "{n}");
    }
}

#[tokio::test]
async fn lists_that_are_taken_out_as_files_have_a_limit_of_their_own() {
    let app = start(&[("rate_limit_export", "2")]).await;
    let admin = app.with_admin().await;
    for status in [200, 200, 429] {
        app.get_as(&admin, "/api/products?format=csv").await.expect(status);
    }
    let refused = app.get_as(&admin, "/api/audit-logs?format=csv").await.expect(429);
    assert_eq!(refused.header("ratelimit-policy"), "\"export\";q=2;w=60");
    app.get_as(&admin, "/api/products").await.expect(200);
}

#[tokio::test]
async fn whoever_has_no_good_token_is_counted_by_address() {
    let app = start(&[("rate_limit_read", "4"), ("trusted_proxies", "127.0.0.1")]).await;
    let admin = app.with_admin().await;
    let from = |request: RequestBuilder, address: &str| request.header("x-forwarded-for", address);
    let guess = |address: &str| from(app.get("/api/products").token("guess"), address);
    for status in [401, 401, 401, 401, 429] {
        guess("203.0.113.1").await.expect(status);
    }
    from(app.get("/nowhere"), "203.0.113.1").await.expect(429);
    guess("203.0.113.2").await.expect(401);
    // A till behind the same address goes on.
    from(app.get_as(&admin, "/api/products"), "203.0.113.1").await.expect(200);
    // A network of IPv6 is one address.
    for (n, status) in [401, 401, 401, 401, 429].into_iter().enumerate() {
        guess(&format!("2001:db8::{n}")).await.expect(status);
    }
}

#[tokio::test]
async fn what_others_make_up_keeps_nobody_from_renewing() {
    let app = start(&[("rate_limit_login", "3")]).await;
    let admin = app.with_admin().await;
    let login = json!({"username": admin.username, "password": PASSWORD});
    let mut pair = app.post("/api/login").json(&login).await.expect(200).json();
    let renew = |token: &serde_json::Value| {
        app.post("/api/auth/refresh").json(&json!({"refresh_token": token}))
    };
    for _ in 0..10 {
        renew(&json!("made up")).await.expect(401);
        let key = "srk_0123456789012345678901234567890123456789012";
        app.get("/api/products").token(key).await.expect(401);
    }
    for _ in 0..3 {
        pair = renew(&pair["refresh_token"]).await.expect(200).json();
    }
    // One's own renewals are counted all the same.
    let refused = renew(&pair["refresh_token"]).await.expect(429);
    assert_eq!(refused.error("rate_limited")["details"]["class"], "login");
}

#[tokio::test]
async fn an_address_that_nobody_trusted_wrote_does_not_count() {
    let app = start(&[("rate_limit_read", "3")]).await;
    for (n, status) in [401, 401, 401, 429].into_iter().enumerate() {
        let request = app.get("/api/products").header("x-forwarded-for", &format!("192.0.2.{n}"));
        request.await.expect(status);
    }
}

#[tokio::test]
async fn health_is_never_limited_and_off_is_off() {
    let app = start(&[("rate_limit_read", "1")]).await;
    for _ in 0..5 {
        let reply = app.get("/health/live").await.expect(200);
        assert_eq!(reply.header("ratelimit"), "");
    }
    let app = start(&[("rate_limit_read", "1"), ("rate_limit", "off")]).await;
    let admin = app.with_admin().await;
    for _ in 0..5 {
        let reply = app.get_as(&admin, "/api/products").await.expect(200);
        assert_eq!(reply.header("ratelimit-policy"), "");
    }
}

#[tokio::test]
async fn browsers_that_come_by_tls_are_told_to_come_by_nothing_else() {
    let app = start(&[("trusted_proxies", "127.0.0.1")]).await;
    let secure = app.get("/api/version").header("x-forwarded-proto", "https").await.expect(200);
    assert_eq!(secure.header("strict-transport-security"), "max-age=15552000");
    let plain = app.get("/api/version").await.expect(200);
    assert_eq!(plain.header("strict-transport-security"), "");
    let app = start(&[]).await;
    let claimed = app.get("/api/version").header("x-forwarded-proto", "https").await.expect(200);
    assert_eq!(claimed.header("strict-transport-security"), "");
}

#[tokio::test]
async fn settings_that_are_no_networks_are_refused() {
    let flags = [("trusted_proxies", "10.0.0.0/8, proxy.example".to_owned())];
    let error = config::load(None, |_| None, &flags).expect_err("no address").to_string();
    assert!(error.contains("\"proxy.example\" is no address or network"), "{error}");
}
