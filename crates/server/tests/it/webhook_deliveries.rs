//! What webhooks are told, how it is signed, and what follows where it does not arrive.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stockroom::workers::Workers;
use stockroom::{router, webhooks};

use crate::products::as_;
use crate::support::receiver::{Answer, Received, Receiver, fan_out, reaching};
use crate::support::{Engine, Person, TestApp, on_both_engines};

on_both_engines!(with start_reaching:
    an_event_is_told_once_as_the_log_shows_it_and_signed,
    what_is_asked_for_is_told_and_nothing_else,
    what_fails_is_tried_again_later_and_given_up_at_last,
    a_receiver_that_is_gone_is_told_nothing_more,
    a_receiver_that_fails_for_days_is_paused,
    what_happens_during_a_pause_is_never_told,
    a_delivery_is_sent_once_more_under_the_same_id,
    two_secrets_sign_for_a_day_after_a_rotation,
    a_webhook_for_which_too_much_waits_is_paused,
    what_has_arrived_is_kept_for_a_week_and_all_else_for_a_month,
    a_delivery_that_cannot_be_read_is_named_in_a_file_and_no_more,
);

async fn start_reaching(engine: Engine) -> TestApp {
    TestApp::start_with(engine, reaching(), router::router).await
}

const A_DAY_S: i64 = 24 * 3_600;

/// HMAC-SHA256 as RFC 2104 has it, by itself.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// The signature that a message has to bear under a secret.
fn signature(secret: &str, message: &Received) -> String {
    let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
    let (id, at) = (message.header("webhook-id"), message.header("webhook-timestamp"));
    let signed = hmac(&key, format!("{id}.{at}.{}", message.body).as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(signed))
}

/// Everything that an administrator sees in the event log.
async fn log(app: &TestApp, admin: &Person) -> Vec<Value> {
    let path = "/api/inventory/events?limit=500";
    let page = app.get_as(admin, path).await.expect(200).json();
    page["events"].as_array().expect("events").clone()
}

fn types(received: &[Received]) -> Vec<String> {
    received.iter().map(|one| one.json()["type"].as_str().unwrap_or("?").to_owned()).collect()
}

async fn an_event_is_told_once_as_the_log_shows_it_and_signed(app: TestApp) {
    let shop = app.shop(3).await;
    let receiver = Receiver::start().await;
    let (id, secret) = app.webhook_to(&shop.admin, &receiver, json!({})).await;
    app.clock.advance(10);
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    app.clock.advance(7);
    // However often the log is read.
    for _ in 0..3 {
        app.send_webhooks().await;
        fan_out(&app.app).await;
    }
    let mut received = receiver.received();
    // In which order they arrive is not promised.
    received.sort_by_key(|one| one.json()["data"]["id"].as_i64());
    // Nothing of what was before it; it hears of itself first.
    assert_eq!(types(&received), ["webhook.created", "stock.moved"]);
    let told = &received[1];
    let event = log(&app, &shop.admin).await.pop().expect("an event");
    let body = told.json();
    let expected = json!({
        "type": "stock.moved", "timestamp": event["occurred_at"], "data": event,
    });
    assert_eq!(body, expected);
    assert_eq!(told.target, "POST /hook?key=1 HTTP/1.1");
    assert_eq!(told.header("host"), receiver.address.to_string());
    assert_eq!(told.header("content-type"), "application/json");
    assert!(told.header("user-agent").starts_with("Stockroom/"));
    let now = app.clock.now().0 / 1_000_000;
    assert_eq!(told.header("webhook-timestamp"), now.to_string());
    assert_eq!(told.header("webhook-signature"), signature(&secret, told));
    assert_ne!(told.header("webhook-id"), received[0].header("webhook-id"));

    let deliveries = app.deliveries(&shop.admin, id).await;
    assert_eq!(deliveries.len(), 2);
    let delivery = &deliveries[0];
    assert_eq!(delivery["event_id"], event["id"]);
    assert_eq!(delivery["message_id"], told.header("webhook-id"));
    assert_eq!((&delivery["state"], &delivery["http_status"]), (&json!("delivered"), &json!(204)));
    assert_eq!((&delivery["attempt_count"], &delivery["error"]), (&json!(1), &Value::Null));
    assert_eq!((&delivery["payload"], &delivery["next_attempt_at"]), (&body, &Value::Null));
    assert!(delivery["latency_ms"].is_u64());
    let path = format!("/api/webhooks/{id}/deliveries/{}", delivery["id"]);
    let one = app.get_as(&shop.admin, &path).await.expect(200).json();
    assert_eq!(&one["delivery"], delivery);
    let metrics = app.get("/metrics").token(&shop.admin.token).await.expect(200).text();
    let line = "stockroom_webhook_attempts_total{outcome=\"delivered\"} 2";
    assert!(metrics.contains(line), "{metrics}");
    app.check_books().await;
}

async fn what_is_asked_for_is_told_and_nothing_else(app: TestApp) {
    let shop = app.shop(3).await;
    let far = app.store("FAR").await;
    let admin = &shop.admin;
    let asked = [
        json!({"event_types": ["stock.moved"]}),
        json!({"event_types": ["order.*", "product.updated"]}),
        json!({"store_ids": [far]}),
        json!({"store_ids": [far, shop.store], "event_types": ["stock.*"]}),
        json!({"is_active": false}),
    ];
    let mut receivers = Vec::new();
    for asked in asked {
        let receiver = Receiver::start().await;
        app.webhook_to(admin, &receiver, asked).await;
        receivers.push(receiver);
    }
    app.sale(admin, shop.store, shop.product, 1).await.expect(201);
    app.stock_in(admin, far, shop.product, 5).await;
    app.placed(admin, far, shop.product, 1).await;
    let change = json!({"price": "9.99"});
    let path = format!("/api/products/{}", shop.product);
    as_(app.patch(&path), admin).json(&change).await.expect(200);
    let rename = json!({"name": "Far away"});
    as_(app.patch(&format!("/api/stores/{far}")), admin).json(&rename).await.expect(200);
    app.send_webhooks().await;
    let told = |index: usize| {
        let received: &Receiver = &receivers[index];
        let mut told = types(&received.received());
        told.sort();
        told
    };
    assert_eq!(told(0), ["stock.moved", "stock.moved"]);
    assert_eq!(told(1), ["order.placed", "product.updated"]);
    // One about the store itself is of it as well.
    assert_eq!(told(2), ["order.placed", "stock.moved", "store.updated"]);
    for one in receivers[2].received().iter().filter(|one| one.body.contains("stock.moved")) {
        assert_eq!(one.json()["data"]["store_id"], json!(far));
    }
    assert_eq!(told(3), ["stock.moved", "stock.moved"]);
    assert_eq!(told(4), Vec::<String>::new());
}

/// The seconds from now until a delivery is tried again.
fn pause_s(app: &TestApp, delivery: &Value) -> i64 {
    let at: jiff::Timestamp =
        delivery["next_attempt_at"].as_str().expect("a time").parse().expect("a time");
    (at.as_microsecond() - app.clock.now().0) / 1_000_000
}

async fn what_fails_is_tried_again_later_and_given_up_at_last(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    receiver.status(500);
    let asked = json!({"event_types": ["webhook.created"]});
    let (id, secret) = app.webhook_to(&admin, &receiver, asked).await;
    let pauses = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (index, pause) in pauses.into_iter().enumerate() {
        app.send_webhooks().await;
        let admin = app.signed_in_again(&admin).await;
        let [delivery] = &app.deliveries(&admin, id).await[..] else { panic!("one delivery") };
        assert_eq!(
            (&delivery["state"], &delivery["attempt_count"]),
            (&json!("pending"), &json!(index + 1))
        );
        let waits = pause_s(&app, delivery);
        assert!((pause * 9 / 10 - 1..=pause * 11 / 10).contains(&waits), "{pause}: {waits}");
        // Not a moment before.
        app.clock.advance(waits - 1);
        app.send_webhooks().await;
        assert_eq!(receiver.received().len(), index + 1);
        app.clock.advance(2);
    }
    app.send_webhooks().await;
    let admin = app.signed_in_again(&admin).await;
    let [delivery] = &app.deliveries(&admin, id).await[..] else { panic!("one delivery") };
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("failed"), &json!(10)));
    assert_eq!(
        (&delivery["error"], &delivery["response"]),
        (&json!("answered 500"), &json!("note"))
    );
    assert_eq!(delivery["attempts"].as_array().map(Vec::len), Some(10));
    app.clock.advance(9 * A_DAY_S);
    app.send_webhooks().await;
    let received = receiver.received();
    assert_eq!(received.len(), 10, "it was given up");
    for one in &received {
        assert_eq!(one.body, received[0].body);
        assert_eq!(one.header("webhook-id"), received[0].header("webhook-id"));
        assert_eq!(one.header("webhook-signature"), signature(&secret, one));
    }
    let times: std::collections::BTreeSet<_> =
        received.iter().map(|one| one.header("webhook-timestamp")).collect();
    assert_eq!(times.len(), 10, "each attempt has its own time");
    // The failures are shown until something arrives.
    let admin = app.signed_in_again(&admin).await;
    assert!(app.read_webhook(&admin, id).await["failing_since"].is_string());
    receiver.status(200);
    as_(app.post(&format!("/api/webhooks/{id}/test")), &admin).await.expect(201);
    app.send_webhooks().await;
    assert_eq!(app.read_webhook(&admin, id).await["failing_since"], Value::Null);
}

async fn a_receiver_that_is_gone_is_told_nothing_more(app: TestApp) {
    let shop = app.shop(9).await;
    let admin = &shop.admin;
    let receiver = Receiver::start().await;
    let asked = json!({"event_types": ["stock.moved"]});
    let (id, _) = app.webhook_to(admin, &receiver, asked).await;
    receiver.status(410);
    app.sale(admin, shop.store, shop.product, 1).await.expect(201);
    app.send_webhooks().await;
    let webhook = app.read_webhook(admin, id).await;
    assert_eq!((&webhook["is_active"], &webhook["pause_reason"]), (&json!(false), &json!("gone")));
    assert_eq!(app.deliveries(admin, id).await[0]["state"], "failed");
    receiver.status(200);
    app.sale(admin, shop.store, shop.product, 1).await.expect(201);
    app.clock.advance(60);
    app.send_webhooks().await;
    assert_eq!(receiver.received().len(), 1);
    // It is in the log, for whoever follows it, and on record.
    let paused = log(&app, admin).await;
    let paused = paused.iter().find(|event| event["type"] == "webhook.paused").expect("told");
    assert_eq!(paused["data"], json!({"version": 2, "reason": "gone"}));
    let path = "/api/audit-logs?action=webhook.paused";
    let entry = &app.get_as(admin, path).await.expect(200).json()["audit_logs"][0];
    assert_eq!(entry["actor"]["kind"], "system");
    assert_eq!(entry["after"]["pause_reason"], "gone");
    app.check_audit().await;
}

async fn a_receiver_that_fails_for_days_is_paused(app: TestApp) {
    let shop = app.shop(99).await;
    let receiver = Receiver::start().await;
    receiver.status(503);
    let asked = json!({"event_types": ["stock.moved"]});
    let (id, _) = app.webhook_to(&shop.admin, &receiver, asked).await;
    let sell = async || {
        let admin = app.signed_in_again(&shop.admin).await;
        app.sale(&admin, shop.store, shop.product, 1).await.expect(201);
        app.send_webhooks().await;
        app.read_webhook(&admin, id).await
    };
    for _ in 0..5 {
        assert_eq!(sell().await["is_active"], true);
        app.clock.advance(A_DAY_S);
    }
    let webhook = sell().await;
    let state = (&webhook["is_active"], &webhook["pause_reason"]);
    assert_eq!(state, (&json!(false), &json!("failing")));
    let came = receiver.received().len();
    app.clock.advance(A_DAY_S);
    receiver.status(200);
    sell().await;
    assert_eq!(receiver.received().len(), came);
    // Taken up again, it begins anew: one more failure is none of days.
    let admin = app.signed_in_again(&shop.admin).await;
    let path = format!("/api/webhooks/{id}");
    as_(app.patch(&path), &admin).json(&json!({"is_active": true})).await.expect(200);
    receiver.status(503);
    let webhook = sell().await;
    assert_eq!((&webhook["is_active"], &webhook["pause_reason"]), (&json!(true), &Value::Null));
    assert!(receiver.received().len() > came);
    app.check_books().await;
}

async fn what_happens_during_a_pause_is_never_told(app: TestApp) {
    let shop = app.shop(99).await;
    let admin = &shop.admin;
    let receiver = Receiver::start().await;
    let asked = json!({"event_types": ["stock.moved"]});
    let (id, _) = app.webhook_to(admin, &receiver, asked).await;
    let sell = async |units: i64| {
        app.sale(admin, shop.store, shop.product, units).await.expect(201);
    };
    let set_active = async |is_active: bool| {
        let path = format!("/api/webhooks/{id}");
        as_(app.patch(&path), admin).json(&json!({"is_active": is_active})).await.expect(200);
    };
    receiver.status(500);
    sell(1).await;
    app.send_webhooks().await;
    set_active(false).await;
    receiver.status(200);
    app.clock.advance(60);
    sell(2).await;
    app.send_webhooks().await;
    assert_eq!(receiver.received().len(), 1, "what was begun waits as well");
    // Taken up again before the log was read so far.
    sell(3).await;
    set_active(true).await;
    sell(4).await;
    app.send_webhooks().await;
    let received = receiver.received();
    let sold = |one: &Received| one.json()["data"]["data"]["lines"][0]["quantity"].clone();
    let mut sold: Vec<String> = received[1..].iter().map(|one| sold(one).to_string()).collect();
    sold.sort();
    assert_eq!(sold, ["-1", "-4"]);
}

async fn a_delivery_is_sent_once_more_under_the_same_id(app: TestApp) {
    let shop = app.shop(9).await;
    let admin = &shop.admin;
    let receiver = Receiver::start().await;
    let asked = json!({"event_types": ["stock.moved"]});
    let (id, secret) = app.webhook_to(admin, &receiver, asked).await;
    app.sale(admin, shop.store, shop.product, 1).await.expect(201);
    app.send_webhooks().await;
    let first = app.deliveries(admin, id).await.remove(0);
    let path = format!("/api/webhooks/{id}/deliveries/{}/replay", first["id"]);
    app.clock.advance(60);
    let again = as_(app.post(&path), admin).key("again").await.expect(201);
    let place = again.header("location").to_owned();
    let new = again.json()["delivery"].clone();
    assert_eq!(as_(app.post(&path), admin).key("again").await.expect(201).json()["delivery"], new);
    for field in ["event_id", "message_id", "payload", "event_type"] {
        assert_eq!(new[field], first[field], "{field}");
    }
    assert_eq!((&new["replay_of"], &new["state"]), (&first["id"], &json!("pending")));
    app.send_webhooks().await;
    let received = receiver.received();
    let [one, other] = &received[..] else { panic!("{} came", received.len()) };
    assert_eq!(one.body, other.body);
    assert_eq!(one.header("webhook-id"), other.header("webhook-id"));
    assert_ne!(one.header("webhook-timestamp"), other.header("webhook-timestamp"));
    assert_eq!(other.header("webhook-signature"), signature(&secret, other));
    assert_eq!(app.deliveries(admin, id).await.len(), 2);
    let shown = app.get_as(admin, &place).await.expect(200).json();
    assert_eq!(shown["delivery"]["state"], "delivered");
    // A test has no event, and can be sent once more too.
    let test = as_(app.post(&format!("/api/webhooks/{id}/test")), admin).await.expect(201).json();
    let path = format!("/api/webhooks/{id}/deliveries/{}/replay", test["delivery"]["id"]);
    as_(app.post(&path), admin).await.expect(201);
    app.send_webhooks().await;
    let received = receiver.received();
    assert_eq!(types(&received)[2..], ["webhook.test", "webhook.test"]);
    assert_eq!(received[2].header("webhook-id"), received[3].header("webhook-id"));
    assert_eq!(received[2].json()["data"]["subject"], json!({"kind": "webhook", "id": id}));
    app.check_audit().await;
}

async fn two_secrets_sign_for_a_day_after_a_rotation(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    let asked = json!({"event_types": ["supplier.restored"]});
    let (id, first) = app.webhook_to(&admin, &receiver, asked).await;
    let rotate = async || {
        let admin = app.signed_in_again(&admin).await;
        let path = format!("/api/webhooks/{id}/rotate");
        let rotated = as_(app.post(&path), &admin).await.expect(200).json();
        rotated["secret"].as_str().expect("a secret").to_owned()
    };
    let signed = async || {
        let admin = app.signed_in_again(&admin).await;
        as_(app.post(&format!("/api/webhooks/{id}/test")), &admin).await.expect(201);
        app.send_webhooks().await;
        receiver.received().pop().expect("a message")
    };
    let check = |message: &Received, secrets: &[&String]| {
        let all: Vec<String> = secrets.iter().map(|secret| signature(secret, message)).collect();
        assert_eq!(message.header("webhook-signature"), all.join(" "));
    };
    check(&signed().await, &[&first]);
    let second = rotate().await;
    check(&signed().await, &[&second, &first]);
    app.clock.advance(A_DAY_S - 1);
    check(&signed().await, &[&second, &first]);
    app.clock.advance(1);
    check(&signed().await, &[&second]);
    // Two in a row put an end to one that has leaked.
    let third = rotate().await;
    let fourth = rotate().await;
    check(&signed().await, &[&fourth, &third]);
    receiver.answer([Answer::Status(200)]);
    app.check_audit().await;
}

/// Writes down so many deliveries that wait for a webhook until tomorrow.
async fn let_wait(app: &TestApp, webhook: i64, count: i64) {
    let at = app.clock.now().0;
    let later = at + A_DAY_S * 1_000_000;
    let sql = format!(
        "INSERT INTO webhook_deliveries
            (webhook_id, event_type, message_id, payload, state, attempts, next_attempt_at,
             lease_until, created_at)
         WITH RECURSIVE numbers (n) AS (
            SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}
         )
         SELECT {webhook}, 'stock.moved', 'm', '{{}}', 'pending', '[]', {later}, 0, {at}
         FROM numbers"
    );
    app.tamper(&sql).await.expect("written");
}

async fn a_webhook_for_which_too_much_waits_is_paused(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    let asked = json!({"event_types": ["supplier.restored"]});
    let (full, _) = app.webhook_to(&admin, &receiver, asked.clone()).await;
    let (behind, _) = app.webhook_to(&admin, &receiver, asked).await;
    let_wait(&app, full, webhooks::WAITING_MAX).await;
    let_wait(&app, behind, webhooks::WAITING_MAX + 1).await;
    let is_active = async |webhook: i64, who: &Person| {
        app.read_webhook(who, webhook).await["is_active"].clone()
    };
    app.clock.advance(3_599);
    webhooks::pause_those_behind(&app.app).await.expect("the database answers");
    let admin = app.signed_in_again(&admin).await;
    assert_eq!(is_active(behind, &admin).await, true, "it has an hour to catch up");
    app.clock.advance(1);
    // Those who send do so by themselves.
    let place = app.number("SELECT last_id FROM event_head").await;
    let workers = Workers::start(&app.app).await.expect("workers");
    let path = format!("/api/inventory/events?after={place}&wait=30");
    let heard = app.get_as(&admin, &path).await.expect(200).json();
    workers.end().await;
    let event = &heard["events"][0];
    assert_eq!(
        (&event["type"], &event["subject"]["id"]),
        (&json!("webhook.paused"), &json!(behind))
    );
    assert_eq!(event["data"], json!({"version": 2, "reason": "behind"}));
    assert_eq!(app.read_webhook(&admin, behind).await["pause_reason"], "behind");
    assert_eq!(is_active(full, &admin).await, true, "as many as may wait");
    // Taken up again, it has another hour.
    let path = format!("/api/webhooks/{behind}");
    as_(app.patch(&path), &admin).json(&json!({"is_active": true})).await.expect(200);
    webhooks::pause_those_behind(&app.app).await.expect("the database answers");
    assert_eq!(is_active(behind, &admin).await, true);
    app.check_audit().await;
}

async fn what_has_arrived_is_kept_for_a_week_and_all_else_for_a_month(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Status(200), Answer::Status(410)]);
    let asked = json!({"event_types": ["webhook.*"]});
    let (id, _) = app.webhook_to(&admin, &receiver, asked).await;
    app.send_webhooks().await;
    as_(app.post(&format!("/api/webhooks/{id}/test")), &admin).await.expect(201);
    app.send_webhooks().await;
    // How many are left after so many days: those that have arrived, and the others.
    let left = async |days: i64| {
        app.clock.advance(days * A_DAY_S);
        stockroom::jobs::run_all(&app.app).await;
        let count = "SELECT COUNT(*) FROM webhook_deliveries WHERE state";
        let delivered = app.number(&format!("{count} = 'delivered'")).await;
        (delivered, app.number(&format!("{count} <> 'delivered'")).await)
    };
    let (delivered, others) = left(6).await;
    assert!(delivered > 0 && others > 0, "{delivered} {others}");
    assert_eq!(left(1).await, (0, others));
    assert_eq!(left(22).await, (0, others));
    assert_eq!(left(1).await, (0, 0));
}

async fn a_delivery_that_cannot_be_read_is_named_in_a_file_and_no_more(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    let asked = json!({"event_types": ["webhook.created"]});
    let (id, _) = app.webhook_to(&admin, &receiver, asked).await;
    app.send_webhooks().await;
    let spoil = "UPDATE webhook_deliveries SET attempts = 'nonsense'";
    app.tamper(spoil).await.expect("done");
    let path = format!("/api/webhooks/{id}/deliveries");
    let file = app.get_as(&admin, &path).header("accept", "text/csv").await.expect(200).text();
    let row = file.lines().nth(1).expect("a row");
    let cells: Vec<&str> = row.split(',').collect();
    assert_eq!((cells.len(), cells[0]), (14, "1"), "{row}");
    assert!(cells[1..].iter().all(|cell| cell.is_empty()), "{row}");
}
