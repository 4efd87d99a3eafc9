//! What recurring jobs forget, and what they must never forget.

use serde_json::json;
use stockroom::jobs;

use crate::support::{PASSWORD, Person, Shop, TestApp, on_both_engines};

on_both_engines!(
    keys_are_forgotten_after_two_days_but_never_those_of_sales,
    a_long_request_with_a_sale_in_it_never_takes_effect_again,
    many_expired_keys_are_forgotten_in_one_run,
    sessions_are_forgotten_long_after_their_end,
    tokens_used_long_ago_are_forgotten_while_their_session_lasts,
);

const REPLAYED: &str = "idempotency-replayed";
const AN_HOUR_S: i64 = 3_600;
const A_DAY_S: i64 = 24 * AN_HOUR_S;

/// Sends a new store, a delivery and a sale, each under its key; which of them were answers
/// given before.
async fn send_all(app: &TestApp, shop: &Shop, who: &Person) -> [bool; 3] {
    let store = json!({ "code": "NEW", "name": "New", "time_zone": "UTC" });
    let delivery = json!({ "store_id": shop.store, "product_id": shop.product, "quantity": 3 });
    let store = app.post("/api/stores").token(&who.token).key("store").json(&store).await;
    let added = app.post("/api/stock/add").token(&who.token).key("add").json(&delivery).await;
    let sold = app.sale(who, shop.store, shop.product, 1).key("sale").await;
    [store, added, sold].map(|reply| reply.header(REPLAYED) == "true")
}

async fn keys_are_forgotten_after_two_days_but_never_those_of_sales(app: TestApp) {
    let shop = app.shop(5).await;
    assert_eq!(send_all(&app, &shop, &shop.admin).await, [false; 3]);
    app.clock.advance(47 * AN_HOUR_S);
    jobs::run_all(&app.app).await;
    let admin = app.signed_in_again(&shop.admin).await;
    assert_eq!(send_all(&app, &shop, &admin).await, [true; 3]);
    app.clock.advance(2 * AN_HOUR_S);
    jobs::run_all(&app.app).await;
    let admin = app.signed_in_again(&shop.admin).await;
    assert_eq!(send_all(&app, &shop, &admin).await, [false, false, true]);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5 + 3 - 1 + 3);
    app.clock.advance(400 * A_DAY_S);
    jobs::run_all(&app.app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM idempotency_keys").await, 1, "the sale's");
    app.check_books().await;
}

async fn a_long_request_with_a_sale_in_it_never_takes_effect_again(app: TestApp) {
    let shop = app.shop(1_000).await;
    let line = |kind: &str| {
        json!({
            "type": kind, "store_id": shop.store, "product_id": shop.product, "quantity": 1,
        })
    };
    // In parts of 256: the last has no sale.
    let lines: Vec<_> = (0..400).map(|n| line(if n < 256 { "sale" } else { "found" })).collect();
    let send = |who: &Person| app.parcel(who, false, &lines).key("long");
    send(&shop.admin).await.expect(200);
    app.clock.advance(49 * AN_HOUR_S);
    jobs::run_all(&app.app).await;
    let again = send(&app.signed_in_again(&shop.admin).await).await.expect(200);
    assert_eq!(again.header(REPLAYED), "true");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 1_000 - 256 + 144);
    app.check_books().await;
}

async fn many_expired_keys_are_forgotten_in_one_run(app: TestApp) {
    let shop = app.shop(0).await;
    let kept = app.number("SELECT COUNT(*) FROM idempotency_keys").await;
    let many = "INSERT INTO idempotency_keys
            (key, fingerprint, status, answer, created_at, expires_at)
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1234)
        SELECT 'old ' || CAST(n AS TEXT), 0, 201, '[]', 1, n FROM n";
    app.tamper(many).await.expect("inserted");
    jobs::run_all(&app.app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM idempotency_keys").await, kept);
    let metrics = app.get("/metrics").token(&shop.admin.token).await.expect(200).text();
    let rows = r#"stockroom_job_rows_total{job="forget_idempotency_keys"} 1234"#;
    assert!(metrics.contains(rows), "{metrics}");
}

async fn sessions_are_forgotten_long_after_their_end(app: TestApp) {
    let admin = app.with_admin().await;
    let sessions = || app.number("SELECT COUNT(*) FROM sessions");
    let tokens = || app.number("SELECT COUNT(*) FROM refresh_tokens");
    let sign_in = json!({ "username": admin.username, "password": PASSWORD });
    let pair = app.post("/api/login").json(&sign_in).await.expect(200).json();
    let many = "INSERT INTO refresh_tokens (token_hash, session_id, issued_at, used_at)
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1200)
        SELECT 'old ' || CAST(n AS TEXT), (SELECT MAX(id) FROM sessions), 1, 1 FROM n";
    app.tamper(many).await.expect("inserted");
    let before = (sessions().await, tokens().await);
    app.post("/api/auth/logout").token(pair["token"].as_str().expect("a token")).await.expect(200);
    app.clock.advance(29 * A_DAY_S);
    jobs::run_all(&app.app).await;
    assert_eq!((sessions().await, tokens().await), before, "its tokens may yet be brought back");
    app.clock.advance(2 * A_DAY_S);
    jobs::run_all(&app.app).await;
    assert_eq!((sessions().await, tokens().await), (before.0 - 1, before.1 - 1_201));
    app.clock.advance(60 * A_DAY_S);
    jobs::run_all(&app.app).await;
    assert_eq!((sessions().await, tokens().await), (0, 0));
}

async fn tokens_used_long_ago_are_forgotten_while_their_session_lasts(app: TestApp) {
    let admin = app.with_admin().await;
    let sign_in = json!({ "username": admin.username, "password": PASSWORD });
    let mut pair = app.post("/api/login").json(&sign_in).await.expect(200).json();
    for expected in [2, 3, 3, 3] {
        app.clock.advance(20 * A_DAY_S);
        let body = json!({ "refresh_token": pair["refresh_token"] });
        pair = app.post("/api/auth/refresh").json(&body).await.expect(200).json();
        assert_eq!(app.number("SELECT COUNT(*) FROM refresh_tokens").await, expected);
    }
}
