//! What holds for the whole shop.

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{PASSWORD, TestApp, on_both_engines};

on_both_engines!(
    settings_are_read_by_all_and_changed_by_administrators,
    the_currency_is_fixed_once_goods_have_moved,
    all_faults_of_settings_are_told_at_once,
    setting_up_the_shop_sets_its_currency,
);

async fn settings_are_read_by_all_and_changed_by_administrators(app: TestApp) {
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    let before = app.get_as(&staff, "/api/settings").await.expect(200).json();
    let expect = json!({
        "shop_name": null, "currency": "USD", "prices_include_tax": true, "tax_rates": [],
        "default_tax_rate": "0.00", "receipt_header": null, "receipt_footer": null,
        "registration": "closed", "expiring_days": 14, "version": 1,
    });
    assert_eq!(before["settings"], expect);
    let body = json!({
        "shop_name": "Paws & Co.", "currency": "EUR", "prices_include_tax": false,
        "tax_rates": [{"name": "Full", "rate": "19.00"}, {"name": "Reduced", "rate": 7}],
        "default_tax_rate": "19", "receipt_header": "Paws\nMain Street 1",
    });
    let patch = |body: &Value| as_(app.patch("/api/settings"), &admin).json(body);
    let changed = patch(&body).await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    let settings = changed.json()["settings"].clone();
    assert_eq!(settings["tax_rates"][1], json!({"name": "Reduced", "rate": "7.00"}));
    assert_eq!(
        (&settings["currency"], &settings["default_tax_rate"]),
        (&json!("EUR"), &json!("19.00"))
    );
    assert_eq!(app.get_as(&staff, "/api/settings").await.expect(200).json()["settings"], settings);
    let again = patch(&body).await.expect(200);
    assert_eq!(again.header("etag"), "\"2\"");
    let removed = patch(&json!({"shop_name": null, "receipt_header": ""})).await.expect(200).json();
    assert_eq!(
        (&removed["settings"]["shop_name"], &removed["settings"]["receipt_header"]),
        (&Value::Null, &Value::Null)
    );
    patch(&body).header("if-match", "\"1\"").await.expect(412);
    as_(app.patch("/api/settings"), &staff).json(&body).await.expect(403);
    app.get("/api/settings").await.expect(401);
    let log =
        app.get_as(&admin, "/api/audit-logs?action=settings.updated").await.expect(200).json();
    assert_eq!(log["audit_logs"][1]["before"]["currency"], "USD");
    app.check_audit().await;
}

async fn the_currency_is_fixed_once_goods_have_moved(app: TestApp) {
    let shop = app.shop(1).await;
    let patch = |currency: &str| {
        as_(app.patch("/api/settings"), &shop.admin).json(&json!({"currency": currency}))
    };
    assert_eq!(patch("EUR").await.expect(409).error("invalid_state")["field"], "currency");
    patch("USD").await.expect(200);
}

async fn all_faults_of_settings_are_told_at_once(app: TestApp) {
    let admin = app.with_admin().await;
    let body = json!({
        "shop_name": 7, "currency": "euro", "prices_include_tax": "yes",
        "tax_rates": [{"name": "", "rate": "19.00"}], "default_tax_rate": "101",
        "receipt_footer": "a\u{0}", "registration": "maybe",
    });
    let reply = as_(app.patch("/api/settings"), &admin).json(&body).await.expect(400);
    let error = reply.error("invalid_request");
    let errors = error["errors"].as_array().expect("errors").iter();
    let found: Vec<_> = errors.map(|e| e["field"].as_str().unwrap_or("?")).collect();
    let all = [
        "shop_name",
        "currency",
        "prices_include_tax",
        "tax_rates[0].name",
        "default_tax_rate",
        "receipt_footer",
        "registration",
    ];
    assert_eq!(found, all);
    as_(app.patch("/api/settings"), &admin).json(&json!({"language": "de"})).await.expect(400);
}

async fn setting_up_the_shop_sets_its_currency(app: TestApp) {
    let token = stockroom::auth::setup_token(&app.app).await.expect("read").expect("a token");
    let body = json!({
        "setup_token": token, "username": "ada", "password": PASSWORD,
        "store": {"name": "Main", "time_zone": "Europe/Paris", "currency": "EUR"},
    });
    let signed_in = app.post("/api/setup").json(&body).await.expect(201).json();
    let token = signed_in["token"].as_str().expect("a token");
    let settings = app.get("/api/settings").token(token).await.expect(200).json();
    assert_eq!(settings["settings"]["currency"], "EUR");
    app.check_audit().await;
}
