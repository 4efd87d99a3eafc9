//! Webhooks as they are made, changed and deleted; where they may lead; their secrets.

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use stockroom::config::Config;
use stockroom::db::Conn;
use stockroom::{jobs, on_db, router};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::receiver::{Receiver, reaching};
use crate::support::{Engine, Person, TestApp, on_both_engines, with};

on_both_engines!(
    a_webhook_is_made_changed_and_deleted,
    what_is_wrong_is_named_field_by_field,
    what_is_not_public_is_refused,
    there_are_a_hundred_at_most,
    a_repetition_does_not_show_the_secret_again,
    secrets_are_nowhere_but_in_their_table,
    what_was_sent_long_ago_is_forgotten,
);

/// An address that is public, and that nothing is sent to here.
const PUBLIC: &str = "https://1.1.1.1/hook";

fn hook() -> Value {
    json!({"name": "Web shop", "url": PUBLIC})
}

async fn a_webhook_is_made_changed_and_deleted(app: TestApp) {
    let admin = app.with_admin().await;
    let asked = json!({
        "event_types": ["stock.moved", "order.*", "order.*"], "store_ids": [admin.store],
    });
    let made = app.webhook(&admin, &with(&hook(), &asked)).await.expect(201);
    assert_eq!(made.header("location"), "/api/webhooks/1");
    assert_eq!(made.header("cache-control"), "no-store");
    let body = made.json();
    let secret = body["secret"].as_str().expect("a secret");
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let expected = json!({
        "id": 1, "name": "Web shop", "url": PUBLIC, "event_types": ["order.*", "stock.moved"],
        "store_ids": [admin.store], "is_active": true, "pause_reason": null,
        "failing_since": null, "is_deleted": false, "version": 1,
    });
    for (field, value) in expected.as_object().expect("an object") {
        assert_eq!(&body["webhook"][field], value, "{field}");
    }
    let path = "/api/webhooks/1";
    let shown = app.get_as(&admin, path).await.expect(200);
    assert_eq!(shown.json()["webhook"], body["webhook"]);
    assert!(!shown.text().contains("whsec_") && !shown.text().contains("secret"));
    assert_eq!(shown.header("etag"), made.header("etag"));

    let change = json!({"event_types": [], "is_active": false});
    let patch = || as_(app.patch(path), &admin).json(&change);
    patch().header("if-match", "\"9\"").await.expect(412);
    let changed = patch().header("if-match", shown.header("etag")).await.expect(200).json();
    let changed = &changed["webhook"];
    assert_eq!((&changed["event_types"], &changed["version"]), (&json!([]), &json!(2)));
    assert_eq!(
        (&changed["is_active"], &changed["pause_reason"]),
        (&json!(false), &json!("by_hand"))
    );
    assert_eq!(patch().await.expect(200).json()["webhook"]["version"], 2, "nothing has changed");
    as_(app.post("/api/webhooks/1/test"), &admin).await.expect(409).error("invalid_state");

    as_(app.delete(path), &admin).await.expect(204);
    as_(app.delete(path), &admin).await.expect(204);
    assert_eq!(app.read_webhook(&admin, 1).await["is_deleted"], true);
    let list = app.get_as(&admin, "/api/webhooks").await.expect(200).json();
    assert_eq!(list["webhooks"], json!([]));
    let all = app.get_as(&admin, "/api/webhooks?include_deleted=true").await.expect(200).json();
    assert_eq!(all["webhooks"][0]["id"], 1);
    let said = patch().await.expect(409).error("invalid_state");
    assert!(said["message"].as_str().is_some_and(|said| said.contains("make a new one")), "{said}");
    for gone in ["rotate", "test"] {
        as_(app.post(&format!("{path}/{gone}")), &admin).await.expect(409).error("invalid_state");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM webhook_secrets").await, 0);
    let actions = app.get_as(&admin, "/api/audit-logs?subject_kind=webhook").await.expect(200);
    let actions = actions.json();
    let actions = actions["audit_logs"].as_array().expect("entries");
    let actions: Vec<_> = actions.iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["webhook.deleted", "webhook.updated", "webhook.created"]);
    app.check_audit().await;
}

async fn what_is_wrong_is_named_field_by_field(app: TestApp) {
    let admin = app.with_admin().await;
    let check = async |body: Value, fields: &[&str]| {
        let reply = app.webhook(&admin, &body).await.expect(400);
        let errors = reply.error("invalid_request")["errors"].clone();
        let named: Vec<_> = errors.as_array().expect("errors").iter().collect();
        let named: Vec<_> = named.iter().map(|e| e["field"].as_str().unwrap_or("?")).collect();
        assert_eq!(named, fields, "{body}: {errors}");
    };
    check(json!({}), &["name", "url"]).await;
    check(with(&hook(), &json!({"secret": "mine"})), &["secret"]).await;
    check(json!({"name": "", "url": 7, "store_ids": "x"}), &["name", "url", "store_ids"]).await;
    let all_wrong = json!({
        "name": "x".repeat(101), "url": "ftp://a",
        "event_types": ["order", "order.*", "order.confirmd"], "store_ids": [1], "is_active": "yes",
    });
    check(all_wrong, &["name", "url", "event_types[0]", "event_types[2]", "is_active"]).await;
    check(with(&hook(), &json!({"store_ids": [admin.store, 999]})), &["store_ids[1]"]).await;
    let many = ["order.*"; 51].as_slice();
    check(with(&hook(), &json!({"event_types": many})), &["event_types"]).await;
    let many: Vec<i64> = (1..=501).collect();
    check(with(&hook(), &json!({"store_ids": many})), &["store_ids"]).await;
    let with_user = with(&hook(), &json!({"url": "https://me:pass@1.1.1.1/"}));
    check(with_user, &["url"]).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM webhooks").await, 0);
    for path in ["/api/webhooks/9", "/api/webhooks/9/deliveries", "/api/webhooks/9/deliveries/1"] {
        app.get_as(&admin, path).await.expect(404).error("not_found");
    }
    app.webhook(&admin, &hook()).await.expect(201);
    app.webhook(&admin, &hook()).await.expect(201);
    as_(app.post("/api/webhooks/1/test"), &admin).await.expect(201);
    for (method, path) in [
        ("GET", "/api/webhooks/2/deliveries/1"),
        ("POST", "/api/webhooks/2/deliveries/1/replay"),
        ("POST", "/api/webhooks/1/deliveries/9/replay"),
        ("POST", "/api/webhooks/9/test"),
        ("POST", "/api/webhooks/9/rotate"),
        ("PATCH", "/api/webhooks/9"),
    ] {
        let request = as_(app.request(method, path), &admin);
        let request = if method == "PATCH" { request.json(&json!({})) } else { request };
        request.await.expect(404).error("not_found");
    }
}

async fn what_is_not_public_is_refused(app: TestApp) {
    let admin = app.with_admin().await;
    app.webhook(&admin, &hook()).await.expect(201);
    for url in [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://localhost:8443/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/latest",
        "https://2130706433/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://[64:ff9b::a00:1]/",
        "http://1.1.1.1/",
        "http://localhost:8080/",
    ] {
        let asked = json!({"name": "x", "url": url});
        let refusals = [
            app.webhook(&admin, &asked).await,
            as_(app.patch("/api/webhooks/1"), &admin).json(&json!({"url": url})).await,
        ];
        for reply in refusals {
            let error = reply.expect(400).error("invalid_request");
            assert_eq!(error["field"], "url", "{url}");
            let said = error["message"].as_str().expect("text");
            assert!(said.contains("webhook_networks"), "{url}: {said}");
        }
    }
    assert_eq!(app.read_webhook(&admin, 1).await["url"], PUBLIC);
    // A name that is not known now is looked up for each delivery.
    let unknown = json!({"name": "x", "url": "https://nowhere.invalid/"});
    app.webhook(&admin, &unknown).await.expect(201);
}

async fn there_are_a_hundred_at_most(app: TestApp) {
    let admin = app.with_admin().await;
    let many = "INSERT INTO webhooks (name, url, event_types, store_ids, after_event_id,
            is_deleted, version, created_at, updated_at)
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 99)
        SELECT 'x', 'https://1.1.1.1/', '[]', '[]', 0, FALSE, 1, 0, 0 FROM n";
    app.tamper(many).await.expect("inserted");
    app.webhook(&admin, &hook()).await.expect(201);
    let refused = app.webhook(&admin, &hook()).await.expect(409).error("invalid_state");
    assert_eq!(refused["details"]["webhooks_max"], 100);
    as_(app.delete("/api/webhooks/5"), &admin).await.expect(204);
    app.webhook(&admin, &hook()).await.expect(201);
}

async fn a_repetition_does_not_show_the_secret_again(app: TestApp) {
    let admin = app.with_admin().await;
    for (path, body) in [("/api/webhooks", hook()), ("/api/webhooks/1/rotate", Value::Null)] {
        let send = || {
            let request = as_(app.post(path), &admin).key("once");
            if body.is_null() { request } else { request.json(&body) }
        };
        let first = send().await;
        assert!(first.json()["secret"].is_string(), "{}", first.text());
        assert_eq!(first.header("cache-control"), "no-store");
        let again = send().await.expect(first.status);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.json()["secret"], Value::Null);
        assert_eq!(app.number("SELECT COUNT(*) FROM webhooks").await, 1);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM webhook_secrets").await, 2);
}

/// All texts of a table, as one.
async fn texts(app: &TestApp, table: &str) -> String {
    let all = match app.engine {
        Engine::Postgres => format!("SELECT CAST(t AS TEXT) FROM {table} t"),
        Engine::Sqlite => {
            // As literals: not all that is stored is text.
            let columns = format!(
                "SELECT group_concat('quote(' || name || ')', ' || ')
                 FROM pragma_table_info('{table}')"
            );
            let columns = strings(app, &columns).await.concat();
            format!("SELECT CAST({columns} AS TEXT) FROM {table}")
        }
    };
    strings(app, &all).await.join("\n")
}

async fn strings(app: &TestApp, sql: &str) -> Vec<String> {
    let statement = AssertSqlSafe(sql.to_owned());
    let mut reader = app.app.db.read().await.expect("a reader");
    on_db!(Conn::from(&mut reader), conn => sqlx::query_scalar(statement).fetch_all(conn).await)
        .unwrap_or_else(|error| panic!("{error}: {sql}"))
}

/// The tables there are, but for the partitions of others.
async fn tables(app: &TestApp) -> Vec<String> {
    let sql = match app.engine {
        Engine::Postgres => {
            "SELECT CAST(c.relname AS TEXT) FROM pg_class c
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        }
        Engine::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table'",
    };
    strings(app, sql).await
}

async fn secrets_are_nowhere_but_in_their_table(bare: TestApp) {
    let key = "q2kPz0yX8o3mJ5bVtRw1nLs7HcDfGaEu".to_owned();
    let config = Config { key: Some(key.into()), ..reaching() };
    let wrapped = TestApp::start_with(bare.engine, config, router::router).await;
    for (app, is_wrapped) in [(&bare, false), (&wrapped, true)] {
        let admin = app.with_admin().await;
        let hook = with(&hook(), &json!({"name": "Canary"}));
        let made = app.webhook(&admin, &hook).key("make").await.expect(201).json();
        let rotated = as_(app.post("/api/webhooks/1/rotate"), &admin).key("rotate");
        let rotated = rotated.await.expect(200).json();
        as_(app.post("/api/webhooks/1/test"), &admin).await.expect(201);
        as_(app.patch("/api/webhooks/1"), &admin).json(&json!({"name": "B"})).await.expect(200);
        let secrets = [&made, &rotated].map(|made| {
            made["secret"].as_str().expect("a secret").trim_start_matches("whsec_").to_owned()
        });
        let mut seen = 0;
        for table in tables(app).await {
            let text = texts(app, &table).await;
            seen += usize::from(text.contains("Canary"));
            for secret in &secrets {
                let may_be = table == "webhook_secrets" && !is_wrapped;
                assert_eq!(text.contains(&**secret), may_be, "{table}: {text}");
            }
        }
        // The test would see them: it sees the name in the audit log and under its key.
        assert!(seen >= 2, "{seen}");
        let said = app.get_as(&admin, "/api/audit-logs").await.expect(200).text();
        assert!(!said.contains("whsec_"), "{said}");
    }
}

async fn what_was_sent_long_ago_is_forgotten(app: TestApp) {
    const A_DAY_S: i64 = 24 * 3_600;
    let admin = app.with_admin().await;
    app.webhook(&admin, &hook()).await.expect(201);
    as_(app.post("/api/webhooks/1/rotate"), &admin).await.expect(200);
    as_(app.post("/api/webhooks/1/test"), &admin).await.expect(201);
    let left = async || {
        let deliveries = app.number("SELECT COUNT(*) FROM webhook_deliveries").await;
        (deliveries, app.number("SELECT COUNT(*) FROM webhook_secrets").await)
    };
    app.clock.advance(A_DAY_S - 1);
    jobs::run_all(&app.app).await;
    assert_eq!(left().await, (1, 2));
    app.clock.advance(29 * A_DAY_S);
    jobs::run_all(&app.app).await;
    assert_eq!(left().await, (1, 1));
    app.clock.advance(A_DAY_S);
    jobs::run_all(&app.app).await;
    assert_eq!(left().await, (0, 1));
}

/// The least that a file of settings has to be told of.
#[tokio::test]
async fn a_file_of_authorities_that_cannot_be_used_is_told_in_a_line() {
    let app = TestApp::start(Engine::Sqlite).await;
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text, words) in [
        ("missing.pem", None, "cannot be read"),
        ("empty.pem", Some(""), "holds no certificate"),
        ("broken.pem", Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), "PEM"),
    ] {
        let path = folder.path().join(name);
        if let Some(text) = text {
            std::fs::write(&path, text).expect("written");
        }
        let config = Config { webhook_ca: Some(path), ..reaching() };
        let started = stockroom::App::start(config, app.app.db.clone(), app.clock.clone()).await;
        let said = format!("{:#}", started.map(drop).expect_err(name));
        assert!(said.contains("webhook_ca") && said.contains(words), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
}

/// Only those who run the system see what is sent, however they ask.
#[tokio::test]
async fn nobody_else_sees_webhooks() {
    let app = TestApp::start_with(Engine::Sqlite, reaching(), router::router).await;
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    app.webhook_to(&admin, &receiver, json!({})).await;
    let others: Vec<Person> = vec![
        app.user(Role::Manager, &[admin.store]).await,
        app.user(Role::Auditor, &[admin.store]).await,
    ];
    for who in others {
        app.get_as(&who, "/api/webhooks").await.expect(403).error("forbidden");
        let events = app.get_as(&who, "/api/inventory/events").await.expect(200).text();
        assert!(!events.contains("webhook."), "{events}");
    }
    let events = app.get_as(&admin, "/api/inventory/events").await.expect(200).text();
    assert!(events.contains("webhook.created"), "{events}");
}
